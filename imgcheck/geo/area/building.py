"""Build the index of an area from its references, tile by tile; resume where it stopped."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from imgcheck.errors import ImgcheckError, IndexFileError, UnreadableError, UsageError
from imgcheck.geo.area.store import LEVELS, TILE, Source, Store
from imgcheck.imaging import REFERENCE_LIMITS, Image
from imgcheck.imaging.pixels import Float32, Mask, Uint8
from imgcheck.imaging.text import printable
from imgcheck.imaging.windows import read_gray, stretch_of

Progress = Callable[[str, int, int], None]
# Endings of the files of a folder that are references.
_ENDINGS = (".tif", ".tiff", ".jp2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What an index holds: ``made`` tiles in this run, ``skipped`` files with their reasons."""

    sources: int
    tiles: int
    made: int
    size_bytes: int
    seconds: float
    skipped: tuple[tuple[Path, str], ...] = ()


def build(
    references: Sequence[Path | str | Image],
    index_path: Path | str,
    *,
    progress: Progress | None = None,
) -> Built:
    """Build an index of an area, or extend one.

    Parameters
    ----------
    references : sequence of path or Image
        Georeferenced rasters of any size, and folders of them. What is in the index and has not
        changed is not read again; what is in the index and not named here remains.
    index_path : path
    progress : callable (step, position, total), optional
        Called before each tile.

    Returns
    -------
    Built

    Raises
    ------
    UsageError
        If no reference is given or a folder holds none.
    UnreadableError, RefusedError
        If a reference that was named cannot be read or has no georeference.
    IndexFileError
        If the index is foreign or damaged.

    Notes
    -----
    Each tile is written whole or not at all, so a killed build loses one tile. At a time one tile
    of the reference is in memory (and its file, if that is not above 512 MB). The index holds the
    reference in gray, reduced 2 to 32 times.
    """
    start = time.monotonic()
    path = Path(index_path)
    skipped: list[tuple[Path, str]] = []
    paths = _listed(references)
    made = 0
    with Store.create_or_open(path) as store:
        for reference, named in paths:
            try:
                image, source = described(reference)
            except ImgcheckError as error:
                if isinstance(reference, Image) or named:
                    raise
                skipped.append((reference, error.message))
                continue
            made += _add(store, image, source, progress)
        sources = store.sources()
        if not sources:
            raise UsageError(
                "none of the given files is a georeferenced raster, so there is nothing to index"
            )
        tiles = sum(len(store.finished(source)) for source in sources)
    return Built(
        sources=len(sources),
        tiles=tiles,
        made=made,
        size_bytes=path.stat().st_size,
        seconds=time.monotonic() - start,
        skipped=tuple(skipped),
    )


def _listed(references: Sequence[Path | str | Image]) -> list[tuple[Path | Image, bool]]:
    """Return the files and images, and whether each was named itself."""
    if isinstance(references, (str, Path)):
        references = [references]
    found: list[tuple[Path | Image, bool]] = []
    for reference in references:
        if isinstance(reference, Image):
            found.append((reference, True))
        elif Path(reference).is_dir():
            inside = sorted(Path(reference).iterdir())
            found += [(path, False) for path in inside if path.suffix.lower() in _ENDINGS]
        else:
            found.append((Path(reference), True))
    if not found:
        raise UsageError("no reference given: name GeoTIFF files, or folders that hold some")
    return found


def _add(store: Store, image: Image, source: Source, progress: Progress | None) -> int:
    """Make the missing tiles of one reference."""
    known = next((s for s in store.sources() if s.path == source.path), None)
    if known is None or known.sha256 != source.sha256:
        known = store.add(source)
    there = store.finished(known)
    rows, cols = known.grid
    missing = [(r, c) for r in range(rows) for c in range(cols) if (r, c) not in there]
    for row, col in missing:
        if progress:
            progress(
                f"indexing {printable(known.path.name)}", rows * cols - len(missing), rows * cols
            )
        window = (
            col * TILE,
            row * TILE,
            min(TILE, known.width - col * TILE),
            min(TILE, known.height - row * TILE),
        )
        gray, valid = read_gray(image, window, stretch=known.stretch)
        store.put(known, row, col, reduced(gray, valid))
    return len(missing)


def reduced(gray: Float32, valid: Mask) -> list[Uint8]:
    """Halve a tile repeatedly: 1 to 255, and 0 where less than half is known."""
    coarsest = 1 << LEVELS[-1]
    pad = [(0, -n % coarsest) for n in gray.shape]
    part = np.pad(valid.astype(np.float32), pad)
    total = np.pad(np.where(valid, gray, 0).astype(np.float32), pad)
    made = []
    for level in LEVELS:
        size = (total.shape[1] // 2, total.shape[0] // 2)
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
        total = np.asarray(cv2.resize(total, size, interpolation=cv2.INTER_AREA), np.float32)
        mean = total / np.maximum(part, np.float32(1e-6))
        rows, cols = (-(-n // (1 << level)) for n in gray.shape)
        known = np.where(part > 0.5, np.clip(np.rint(1 + mean * 254), 1, 255), 0)
        made.append(np.ascontiguousarray(known[:rows, :cols].astype(np.uint8)))
    return made


def described(reference: Path | Image) -> tuple[Image, Source]:
    """Describe a reference, after opening it where needed.

    Raises
    ------
    UnreadableError, RefusedError
        If it cannot be read, or has no affine map to the ground.
    """
    image = reference
    if not isinstance(image, Image):
        image = Image.open(image, limits=REFERENCE_LIMITS)
    path = image.path or Path(image.name)
    place = image.georeference
    if place is None or place.transform is None:
        raise UnreadableError(
            f"{printable(str(path))} has no georeference with an affine map; give a GeoTIFF that "
            "has one",
            file=image.name,
        )
    size = place.pixel_size_m(image.width / 2, image.height / 2)
    return image, Source(
        id=0,
        path=path.absolute(),
        size=image.size_bytes,
        sha256=image.sha256,
        width=image.width,
        height=image.height,
        crs=place.crs,
        transform=place.transform,
        gsd_m=float(size),
        stretch=stretch_of(image),
    )


def reopened(source: Source, index: Path) -> Image:
    """Open a reference of an index at its old place or beside the index, if it is the same file.

    Raises
    ------
    IndexFileError
        If it is gone or has changed.
    """
    path = located(source, index)
    try:
        image = Image.open(path, limits=REFERENCE_LIMITS)
    except ImgcheckError as error:
        raise IndexFileError(
            f"the reference {printable(str(path))} of the index cannot be opened: {error.message}"
        ) from None
    place = image.georeference
    if image.sha256 != source.sha256 or place is None or place.transform != source.transform:
        raise changed(path)
    return image


def located(source: Source, index: Path) -> Path:
    """Find the file of a reference; its size must be unchanged."""
    for path in (source.path, index.absolute().parent / source.path.name):
        if path.is_file():
            if path.stat().st_size != source.size:
                raise changed(path)
            return path
    raise IndexFileError(
        f"the reference {printable(str(source.path))} of the index is gone; put it back, or beside "
        "the index, or build the index anew"
    )


def changed(path: Path) -> IndexFileError:
    return IndexFileError(
        f"the reference {printable(str(path))} has changed since the index was built, or this "
        "version reads it in another way; build the index again"
    )
