"""Two dated images on one grid, and what changed between them: `imgcheck.compare`."""

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgcheck.case.opening import open_dated, sidecar
from imgcheck.case.pair import Pair, side_of
from imgcheck.case.pair import Window as PixelWindow
from imgcheck.case.placing import NotLocated
from imgcheck.case.workbench import Reference
from imgcheck.change.sampling import ArraySource
from imgcheck.change.tiling import Runner, TiledChanges, detect_tiles
from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging import Image, grid
from imgcheck.imaging.georeference import Georeference
from imgcheck.imaging.grid import Grid
from imgcheck.imaging.intake import FilePath, path_of
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.windows import WHOLE_PIXELS
from imgcheck.model import Window

# Two pictures without a place and a stated pixel size are compared as fine ones.
_UNKNOWN_GSD = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToRun:
    """How the tiles of a large pair are scored; the result does not depend on it.

    Attributes
    ----------
    jobs : int
        Threads of this process.
    dask : str or None
        Address of the scheduler of a Dask cluster, whose workers score the tiles instead.
    folder : path or None
        Where scored tiles are kept, so that a killed run goes on there; else in a temporary folder.
    progress : callable or None
        Called after each tile with the tiles that are done, how many there are, and how many an
        earlier run had done.
    """

    jobs: int = 1
    dask: str | None = None
    folder: Path | None = None
    progress: Callable[[int, int, int], None] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two images that were compared.

    Attributes
    ----------
    before, after : Reference
        The images with their dates, where these are known.
    grid : Grid or None
        The grid of the comparison; None for two pictures without a place, which are compared
        pixel by pixel.
    gsd_m : float or None
        Metres per pixel of the comparison, where known.
    result : change.TiledChanges
    read : callable
        Returns a window (top, left, bottom, right) of the grid of both images, (M, N, bands) in
        [0, 1], NaN where they show nothing.
    placed : str
        How ``before`` and ``after`` came to one grid: ``"georeference"``, ``"located"``,
        ``"as given"``.
    notes : tuple of str
        What had to be done to compare them, and what was not known.
    """

    before: Reference
    after: Reference
    grid: Grid | None
    gsd_m: float | None
    result: TiledChanges
    read: Callable[[PixelWindow], tuple[Float32, Float32]]
    placed: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class NotCompared:
    """Two images that could not be brought on one grid; no evidence that anything changed."""

    before: Reference
    after: Reference
    reason: str
    notes: tuple[str, ...]


def compare(
    before: FilePath,
    after: FilePath,
    *,
    gsd_m: float | None = None,
    before_date: str | None = None,
    after_date: str | None = None,
    how: HowToRun = HowToRun(),
) -> Compared | NotCompared:
    """Find what changed between two images of one place, of any size.

    Two georeferenced rasters are brought on the grid of ``before``, or of ``after`` where its
    pixels are larger, whatever their CRS and depth. A picture without a place is located on the
    other image first. Two such pictures are compared pixel by pixel.

    Parameters
    ----------
    before, after : path
    gsd_m : float, optional
        Metres per pixel of two pictures without a place.
    before_date, after_date : str, optional
        ISO 8601 dates or intervals; by default from ``items.json`` beside the image or its TIFF
        date tag.
    how : HowToRun, optional
        Threads or a cluster, and where the tiles of a large pair are kept.

    Raises
    ------
    GridMismatchError
        If the rasters do not overlap, show nothing on their common ground, or two pictures without
        a place have different sizes.
    UsageError
        If ``gsd_m`` is not above 0, a date cannot be read, or ``after`` is the earlier image.
    UnreadableError, RefusedError
        If a file cannot be read.
    """
    if gsd_m is not None and not (np.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError(f"the pixel size must be metres above 0, not {gsd_m}")
    if how.jobs < 1:
        raise UsageError(f"the number of jobs must be 1 or more, not {how.jobs}")
    one = _opened(before, before_date, "before")
    two = _opened(after, after_date, "after")
    notes = _dates(one, two)
    places = [_affine(one.image), _affine(two.image)]
    if places[0] is not None and places[1] is not None:
        return _rasters(one, two, places[0], places[1], notes, how)
    if places[0] is None and places[1] is None:
        return _pictures(one, two, gsd_m, notes, how)
    return _located(one, two, notes, first=places[0] is not None)


def _opened(given: FilePath, date: str | None, role: str) -> Reference:
    """Open an image with its date."""
    path = path_of(given, role)
    try:
        stated = None if date is None else Window.parse(date)
    except ValueError as error:
        raise UsageError(f"--{role}-date: {error}") from error
    return open_dated(path, stated, sidecar(path.parent))


def _dates(one: Reference, two: Reference) -> list[str]:
    """Refuse reversed dates; return what else is to be stated of them."""
    notes = []
    for role, other in (("before", one), ("after", two)):
        if other.date is None:
            notes.append(f"The date of {role}, {other.image.name}, is not known.")
    if one.date is None or two.date is None:
        return notes
    if two.date.before(one.date):
        words = (
            f"{one.image.name} is dated {one.date.text} ({_SOURCES[one.date_source or '']}) and "
            f"{two.image.name} {two.date.text} ({_SOURCES[two.date_source or '']})"
        )
        if "tag" not in (one.date_source, two.date_source):
            raise UsageError(
                f"{words}: the first image must be the earlier one; exchange them, or correct the "
                "dates with --before-date and --after-date"
            )
        notes.append(f"{words}; a tag may state when the file was made. The order was kept.")
    elif one.date == two.date:
        notes.append(f"Both images have one date, {one.date.text}.")
    return notes


_SOURCES = {"option": "as stated", "sidecar": "in items.json", "tag": "in its TIFF tags"}


def _affine(image: Image) -> Georeference | None:
    place = image.georeference
    return None if place is None or place.transform is None else place


def _corners(image: Image, place: Georeference, there: Georeference) -> Float64:
    """Return the border of an image in the CRS of another georeference."""
    steps = np.linspace(0, 1, 9)
    x = np.concatenate([steps, np.ones(9), steps, np.zeros(9)]) * image.width
    y = np.concatenate([np.zeros(9), steps, np.ones(9), steps]) * image.height
    return np.column_stack(there.to_crs(*there.from_lonlat(*place.to_lonlat(x, y))))


def _rasters(
    one: Reference,
    two: Reference,
    first: Georeference,
    second: Georeference,
    notes: list[str],
    how: HowToRun,
) -> Compared:
    images = (one.image, two.image)
    sizes = tuple(image.gsd_m or 0.0 for image in images)
    base, other = images if sizes[0] >= sizes[1] else images[::-1]
    there, its = (first, second) if base is images[0] else (second, first)
    on = grid.over(base, _corners(other, its, there), gsd_m=max(sizes), largest_side=None)
    if on is None:
        raise GridMismatchError(
            f"{images[0].name} and {images[1].name} do not overlap: {images[0].name} covers "
            f"{_box(images[0], first)} and {images[1].name} {_box(images[1], second)}; both must "
            "show common ground"
        )
    if min(on.shape) < _SMALLEST_SIDE:
        raise GridMismatchError(
            f"{images[0].name} and {images[1].name} share only {on.width} x {on.height} pixels; at "
            f"least {_SMALLEST_SIDE} x {_SMALLEST_SIDE} are needed"
        )
    every_band = _takes_every_band(*images)
    pair = Pair(
        before=side_of(images[0], every_band=every_band),
        after=side_of(images[1], every_band=every_band),
        grid=on,
        height=on.height,
        width=on.width,
    )
    if there.crs != its.crs:
        notes.append(f"{other.name} was transformed from {_crs(its)} to {_crs(there)}.")
    notes += _depths(*images)
    return _compared(one, two, pair, on.gsd_m, "georeference", notes, how)


# Fewer pixels a side are too few to measure unchanged ground.
_SMALLEST_SIDE = 24


def _crs(place: Georeference) -> str:
    return place.crs if len(place.crs) < 20 else "another CRS"


def _depths(one: Image, two: Image) -> list[str]:
    """Return what is to be stated of different bands and depths."""
    notes = []
    bands = [image.header.bands for image in (one, two)]
    if bands[0] != bands[1]:
        notes.append(
            f"{one.name} has {bands[0]} band(s) and {two.name} {bands[1]}: the first three were "
            "compared, or brightness alone."
        )
    bits = [image.header.bits for image in (one, two)]
    if bits[0] != bits[1]:
        notes.append(
            f"{one.name} has {bits[0]} bits and {two.name} {bits[1]}: each was scaled to its own "
            "white, then matched."
        )
    return notes


def layers(one: Image, two: Image, on: Grid) -> tuple[Float32, Float32]:
    """Return two georeferenced images on a grid, (M, N, bands) in [0, 1], NaN where unknown."""
    every_band = _takes_every_band(one, two)
    sides = [side_of(image, every_band=every_band) for image in (one, two)]
    pair = Pair(before=sides[0], after=sides[1], grid=on, height=on.height, width=on.width)
    opened = pair.open((one, two))
    try:
        return opened.read((0, 0, on.height, on.width))
    finally:
        opened.close()


def _takes_every_band(one: Image, two: Image) -> bool:
    """Return whether the samples themselves are compared, and not the colours that are shown.

    Colours of deep samples are clipped at two percentiles, and what is clipped in one image only
    looks like a change.
    """
    if one.header.bands != two.header.bands or "palette" in (one.mode, two.mode):
        return False
    return one.header.bands > 3 or max(one.header.bits, two.header.bits) > 8


def _box(image: Image, place: Georeference) -> str:
    lon, lat = place.to_lonlat([0, image.width, image.width, 0], [0, 0, image.height, image.height])
    return (
        f"longitudes {lon.min():.3f} to {lon.max():.3f} and latitudes "
        f"{lat.min():.3f} to {lat.max():.3f}"
    )


def _pictures(
    one: Reference, two: Reference, gsd_m: float | None, notes: list[str], how: HowToRun
) -> Compared:
    from imgcheck.case.opening import load_case

    images = (one.image, two.image)
    sizes = [(image.width, image.height) for image in images]
    if sizes[0] != sizes[1]:
        raise GridMismatchError(
            f"{images[0].name} is {images[0].width} x {images[0].height} pixels and "
            f"{images[1].name} {images[1].width} x {images[1].height}; without a georeference both "
            "must have one size, or one of them must be a georeferenced raster"
        )
    every_band = _takes_every_band(*images) and max(i.header.bits for i in images) > 8
    sides = []
    for image in images:
        small = image.width * image.height <= WHOLE_PIXELS
        clean = load_case(image.path).clean if small and image.path is not None else None
        sides.append(side_of(image, every_band=every_band, clean=clean))
    pair = Pair(
        before=sides[0],
        after=sides[1],
        grid=None,
        height=images[0].height,
        width=images[0].width,
    )
    return _compared(one, two, pair, gsd_m, "as given", notes + _depths(*images), how)


def _located(
    one: Reference, two: Reference, notes: list[str], *, first: bool
) -> Compared | NotCompared:
    """Locate the picture on the raster, and compare on the grid of the raster."""
    from imgcheck.case.opening import load_case

    picture, raster = (two, one) if first else (one, two)
    assert picture.image.path is not None and raster.image.path is not None
    case = load_case(picture.image.path, references=raster.image.path)
    found, ground = case.placing, case.ground
    layer = None if isinstance(found, NotLocated) else case.layer(found.reference)
    if isinstance(found, NotLocated) or ground is None or layer is None:
        reason = found.reason if isinstance(found, NotLocated) else "they share no ground"
        name, on = picture.image.name, raster.image.name
        return NotCompared(
            before=one,
            after=two,
            reason=f"{name} could not be placed on {on}: {reason}",
            notes=tuple(notes),
        )
    drawn, usable = layer
    valid: Mask = usable & ground.valid
    layers = [
        np.where(valid[..., None], part, np.float32("nan"))
        for part in ((drawn, ground.picture) if first else (ground.picture, drawn))
    ]
    source = ArraySource(before=layers[0], after=layers[1])
    return Compared(
        before=one,
        after=two,
        grid=ground.grid,
        gsd_m=ground.grid.gsd_m,
        result=detect_tiles(source, gsd=ground.grid.gsd_m),
        read=source.read,
        placed="located",
        notes=tuple(notes),
    )


def _compared(
    one: Reference,
    two: Reference,
    pair: Pair,
    gsd_m: float | None,
    placed: str,
    notes: list[str],
    how: HowToRun,
) -> Compared:
    from imgcheck.case import running

    images = (one.image, two.image)
    source = pair.open(images)
    run: Runner | None = None
    if how.dask is not None:
        run = running.by_dask(pair, how.dask)
    elif how.jobs > 1:
        run = running.by_threads(pair, images, how.jobs)
    place = None if pair.grid is None else (pair.grid.crs, pair.grid.transform.tolist())
    folder = how.folder or Path(tempfile.mkdtemp(prefix="imgcheck-change-"))
    try:
        result = detect_tiles(
            source,
            gsd=gsd_m or _UNKNOWN_GSD,
            run=run,
            folder=folder,
            identity=repr([*(image.sha256 for image in images), place, pair.height, pair.width]),
            progress=how.progress,
        )
    except BaseException:
        if how.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    if how.folder is None:
        weakref.finalize(result, shutil.rmtree, folder, ignore_errors=True)
    if result.incomparable and not result.valid_share:
        _refuse_empty(images, result)
    notes += [f"{image.name}: {damage.message}" for image in images for damage in image.damage]
    return Compared(
        before=one,
        after=two,
        grid=pair.grid,
        gsd_m=gsd_m,
        result=result,
        read=source.read,
        placed=placed,
        notes=tuple(notes),
    )


def _refuse_empty(images: tuple[Image, Image], result: TiledChanges) -> None:
    """Name the image that shows nothing on the common ground."""
    for image, view in zip(images, result.views(), strict=True):
        if not np.isfinite(view).any():
            raise GridMismatchError(
                f"{image.name}: shows nothing on the ground that both images cover; all of it is "
                "nodata there"
            )
