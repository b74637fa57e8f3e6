"""Filling an index of known pictures from files and folders."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from imgcheck.case.opening import SIDECAR, date_of_item, sidecar
from imgcheck.errors import ImgcheckError, IndexFileError, UsageError
from imgcheck.hashing import HashIndex
from imgcheck.hashing.answer import Merged
from imgcheck.hashing.store import kinds, lists
from imgcheck.imaging import Image, Limits, frames, tiles
from imgcheck.imaging.limits import mosaic_limits
from imgcheck.verification import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that did not enter the index, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an ``index add`` did: pictures added and known, files refused; rows in all."""

    added: int
    known: int
    refused: tuple[Refused, ...]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an ``index import`` did: hashes added and known before; listed hashes in all."""

    added: int
    known: int
    list: str
    kind: str
    listed: int


def add_to_index(
    database: Path,
    paths: Sequence[Path],
    *,
    date: str | None = None,
    note: str | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Added:
    """Add pictures to an index, making it when it does not exist.

    Parameters
    ----------
    paths : sequence of path
        Files, and folders that are walked through. A TIFF or JPEG 2000 above 4096 pixels a side
        is added as overlapping tiles (label ``path#x,y,width,height``), a video as a frame of
        each scene (``path#t=12.3s``). A file that is neither is refused and named; the others
        are added all the same.
    date : str, optional
        When the pictures were published or taken, ISO 8601; stored beside each. Without it, an
        ``items.json`` in a picture's folder may state its date.

    Raises
    ------
    UsageError
        If a path does not exist.
    IndexFileError
        If the index is damaged, foreign, locked or of another version.
    """
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"{missing[0]}: there is no such file or folder")
    files = [file for path in paths for file in _files(path, database)]
    dates = _stated_dates(files)
    count = {"added": 0, "known": 0}
    refused: list[Refused] = []
    with _opened(database) as index:
        for position, file in enumerate(files):
            if progress is not None:
                progress(_text(file.name), position, len(files))
            try:
                for outcome in _added(index, file, date or dates.get(file), note, limits):
                    count[outcome] += 1
            except IndexFileError:
                raise  # the index itself: going on would lose more
            except ImgcheckError as error:
                refused.append(Refused(path=_text(file), reason=str(error)))
        rows = index.stats().rows
    return Added(**count, refused=tuple(refused), rows=rows)


def _added(
    index: HashIndex, file: Path, date: str | None, note: str | None, limits: Limits | None
) -> Iterator[str]:
    """Add what a file holds: one picture, the tiles of a mosaic, or the scenes of a video."""
    label = _text(file)
    if frames.is_video(file):
        digest = frames.digest(file)
        for frame in frames.sample(file, limits=limits):
            part = f"t={frame.seconds:.1f}s"
            yield index.add_pixels(
                frame.rgb,
                sha256=_part(digest, part),
                path_text=f"{label}#{part}",
                date=date,
                note=note,
            )
        return
    # A mosaic is read tile by tile, so it may be larger than what is decoded at once.
    with Image.open(file, limits=limits or mosaic_limits()) as image:
        if not tiles.is_mosaic(image):
            yield index.add_image(image, path_text=label, date=date, note=note)
            return
        for tile in tiles.cut(image):
            part = f"{tile.x},{tile.y},{tile.width},{tile.height}"
            yield index.add_pixels(
                tile.rgb,
                sha256=_part(image.sha256, part),
                path_text=f"{label}#{part}",
                valid=tile.valid,
                date=date,
                note=note,
            )


def _part(sha256: str, part: str) -> str:
    """Name a part of a file, so that the same part of the same bytes is one row."""
    return hashlib.sha256(f"{sha256}#{part}".encode()).hexdigest()


def import_list(
    database: Path,
    file: Path,
    *,
    format: str = "auto",
    list_name: str | None = None,
    date: str | None = None,
) -> Imported:
    """Add a list of hashes to an index, making it when it does not exist.

    Parameters
    ----------
    file : Path
    format : str, default "auto"
        One of `imgcheck.hashing.store.lists.FORMATS`.
    list_name : str, optional
        By default the name of the file.
    date : str, optional
        By when the listed pictures existed, for entries without a date of their own.

    Raises
    ------
    RefusedError, UnreadableError
        If a line, or the file, cannot be read; nothing is added then.
    IndexFileError
        If the index cannot be used.
    """
    found = lists.read(file, format=format, date=date)
    words = kinds.words(found.digits, kind=found.kind)
    name = list_name or _text(file.name)
    with _opened(database) as index:
        before = index.stats().listed
        index.add_hashes(
            words,
            quality=np.array(found.quality, np.uint8),
            labels=found.labels,
            list_name=name,
            date=found.dates,
            kind=found.kind,
        )
        after = index.stats()
    added = after.listed - before
    return Imported(
        added=added, known=len(found) - added, list=name, kind=found.kind, listed=after.listed
    )


def merge_indexes(database: Path, others: Sequence[Path]) -> Merged:
    """Merge indexes into one, making it when it does not exist; give what came new.

    Raises
    ------
    UsageError
        If one is the index itself.
    IndexFileError
        If one cannot be used; those before it are merged.
    """
    for other in others:  # an index that cannot be used is told before anything is made
        HashIndex.open(other).close()
    total = Merged()
    with _opened(database) as index:
        for other in others:
            found = asdict(index.merge(other))
            total = Merged(**{name: getattr(total, name) + found[name] for name in found})
    return total


def _opened(database: Path) -> HashIndex:
    if database.exists():
        return HashIndex.open(database, writable=True)
    return HashIndex.create(database)


def _text(path: Path | str) -> str:
    """Give a path as text that can be stored and shown, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def _stated_dates(files: Sequence[Path]) -> dict[Path, str]:
    """Read the dates that items.json files state for the pictures beside them."""
    items = {folder: sidecar(folder) for folder in {file.parent for file in files}}
    dates = {}
    for file in files:
        item = items[file.parent].get(file.name)
        when = None if item is None else date_of_item(item)[0]
        if when is not None:
            dates[file] = when.text
    return dates


def _files(path: Path, database: Path) -> Iterator[Path]:
    """Give the regular files of a folder in a fixed order, without hidden ones and the index."""
    if not path.is_dir():
        yield path
        return
    own = {database.name + ending for ending in ("", "-wal", "-shm", "-journal")}
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if name.startswith(".") or name == SIDECAR:
                continue
            if name in own and file.parent == database.parent:
                continue
            if file.is_file():
                yield file
