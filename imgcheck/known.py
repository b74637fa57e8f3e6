"""The index of known pictures: filled from files and folders, and searched for a picture."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError, IndexFileError, UsageError, WrongTypeError
from imgcheck.hashing import HashIndex, HashTable
from imgcheck.hashing.answer import Merged, SearchResult
from imgcheck.hashing.store import arguments, lists
from imgcheck.imaging import Image, Limits, frames, windows
from imgcheck.imaging.intake import SIDECAR, FilePath, path_of, path_text, walk
from imgcheck.imaging.limits import mosaic_limits
from imgcheck.model.documents import IndexAddDocument, IndexImportDocument, Refused

if TYPE_CHECKING:
    # A case imports every engine: half a second, as long as a picture takes.
    from imgcheck.case import Case
    from imgcheck.verification import Progress


def search(
    picture: "Case | FilePath",
    index: FilePath | None = None,
    *,
    parts: Literal["auto", "every", "likely", "none"] = "auto",
) -> SearchResult:
    """Search the index of known pictures for a picture, as a whole and in parts.

    An index that was exported to Parquet is searched by its hashes alone.

    Parameters
    ----------
    picture : path or Case
    index : path, optional
        By default the index of the case.
    parts : str, default "auto"
        See `imgcheck.hashing.HashIndex.search`.

    Raises
    ------
    UsageError
        If there is no index.
    UnreadableError, RefusedError, IndexFileError
        If the picture or the index cannot be used.
    """
    if isinstance(picture, str | bytes | os.PathLike):
        image = Image.open(path_of(picture, "the picture"))
    else:
        from imgcheck.case import Case

        if not isinstance(picture, Case):
            raise WrongTypeError(f"the picture is given as a path or a Case, not {picture!r:.80}")
        image, index = picture.image, index or picture.index
    if index is None:
        raise UsageError("give the index of known pictures to search")
    path = path_of(index, "the index")
    with (HashTable if path.suffix.lower() == ".parquet" else HashIndex).open(path) as opened:
        return opened.search(image, parts=parts)


def add_to_index(
    database: FilePath,
    paths: FilePath | Sequence[FilePath],
    *,
    date: str | None = None,
    note: str | None = None,
    limits: Limits | None = None,
    progress: "Progress | None" = None,
) -> IndexAddDocument:
    """Add pictures to an index, which is created if it does not exist.

    Parameters
    ----------
    paths : path or sequence of path
        Files, and folders with all that is below them. A TIFF or JPEG 2000 above 4096 pixels a side
        is added as overlapping tiles (label ``path#x,y,width,height``), a video as a frame of
        each scene (``path#t=12.3s``). A file that cannot be read is listed under ``refused``.
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
    database = path_of(database, "the index")
    files = files_to_add(database, paths)
    count = {"added": 0, "known": 0}
    refused: list[Refused] = []
    with opened(database) as index:
        for position, (file, stated) in enumerate(files):
            if progress is not None:
                progress(path_text(file.name), position, len(files))
            try:
                for outcome in _added(index, file, date or stated, note, limits):
                    count[outcome] += 1
            except IndexFileError:
                raise  # the index itself is damaged: going on would lose more
            except ImgcheckError as error:
                refused.append(Refused(path=path_text(file), reason=str(error)))
        rows = index.stats().rows
    return IndexAddDocument(**count, refused=tuple(refused), rows=rows)


def files_to_add(
    database: Path, paths: FilePath | Sequence[FilePath]
) -> list[tuple[Path, str | None]]:
    """Return the files, in the order in which they are added, with the date stated beside each.

    Raises
    ------
    UsageError
        If a path does not exist.
    """
    if isinstance(paths, (str, bytes, os.PathLike)):
        paths = (paths,)
    given = [path_of(path, "a picture") for path in paths]
    missing = [path.name for path in given if not path.exists()]
    if missing:
        raise UsageError(f"{missing[0]}: no such file or folder")
    files = [file for path in given for file in _files(path, database)]
    dates = _stated_dates(files)
    return [(file, dates.get(file)) for file in files]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What becomes one row: a picture, a tile of a mosaic, or a frame of a video.

    ``pixels`` decodes it: RGB, and which pixels are usable if that is known.
    """

    label: str
    sha256: str
    pixels: Callable[[], tuple[NDArray[np.uint8], NDArray[np.bool_] | None]]


def pieces(file: Path, *, limits: Limits | None = None) -> Iterator[Piece]:
    """Yield the content of a file: one picture, the tiles of a mosaic, or the scenes of a video."""
    label = path_text(file)
    if frames.is_video(file):
        digest = frames.digest(file)
        for frame in frames.sample(file, limits=limits):
            part, rgb = f"t={frame.seconds:.1f}s", frame.rgb
            yield Piece(
                label=f"{label}#{part}",
                sha256=_part(digest, part),
                pixels=partial(_decoded, rgb, None),
            )
        return
    # A mosaic is read tile by tile, so it may be larger than what is decoded at once.
    with Image.open(file, limits=limits or mosaic_limits()) as image:
        if not windows.is_mosaic(image):
            yield Piece(
                label=label, sha256=image.sha256, pixels=lambda: (image.rgb(), image.valid())
            )
            return
        for tile in windows.cut(image):
            part = f"{tile.x},{tile.y},{tile.width},{tile.height}"
            yield Piece(
                label=f"{label}#{part}",
                sha256=_part(image.sha256, part),
                pixels=partial(_decoded, tile.rgb, tile.valid),
            )


def _decoded(
    rgb: NDArray[np.uint8], valid: NDArray[np.bool_] | None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    return rgb, valid


def _added(
    index: HashIndex, file: Path, date: str | None, note: str | None, limits: Limits | None
) -> Iterator[str]:
    """Add the pieces of a file; yield what became of each."""
    arguments.checked_date(date)
    for piece in pieces(file, limits=limits):
        if index.has(piece.sha256):
            yield "known"
            continue
        rgb, valid = piece.pixels()
        yield index.add_pixels(
            rgb, sha256=piece.sha256, path_text=piece.label, valid=valid, date=date, note=note
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
) -> IndexImportDocument:
    """Add a list of hashes to an index, which is created if it does not exist.

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
    words = arguments.words(found.digits, kind=found.kind)
    name = list_name or path_text(file.name)
    with opened(database) as index:
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
    return IndexImportDocument(
        added=added, known=len(found) - added, list=name, kind=found.kind, listed=after.listed
    )


def merge_indexes(database: Path, others: Sequence[Path]) -> Merged:
    """Merge indexes into one, which is created if it does not exist; return what was added.

    Raises
    ------
    UsageError
        If one is the index itself.
    IndexFileError
        If one cannot be used; those before it are merged.
    """
    for other in others:  # an index that cannot be used is reported before anything is written
        HashIndex.open(other).close()
    total = Merged()
    with opened(database) as index:
        for other in others:
            found = asdict(index.merge(other))
            total = Merged(**{name: getattr(total, name) + found[name] for name in found})
    return total


def opened(database: Path) -> HashIndex:
    """Open an index for writing, or create it."""
    if database.exists():
        return HashIndex.open(database, writable=True)
    return HashIndex.create(database)


def _stated_dates(files: Sequence[Path]) -> dict[Path, str]:
    """Read the dates that items.json files state for the pictures beside them."""
    folders = [f for f in {file.parent for file in files} if (f / SIDECAR).is_file()]
    if not folders:
        return {}
    from imgcheck.case.opening import date_of_item, sidecar

    items = {folder: sidecar(folder) for folder in folders}
    dates = {}
    for file in files:
        item = items.get(file.parent, {}).get(file.name)
        when = None if item is None else date_of_item(item)[0]
        if when is not None:
            dates[file] = when.text
    return dates


def _files(path: Path, database: Path) -> Iterator[Path]:
    """Return a file, or the files of a folder without the index."""
    if not path.is_dir():
        yield path
        return
    own = {database.name + ending for ending in ("", "-wal", "-shm", "-journal")}
    for file in walk(path):
        if not (file.name in own and file.parent == database.parent):
            yield file
