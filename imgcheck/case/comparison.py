"""Two dated images on one grid, and what changed between them: `imgcheck.compare`."""

from dataclasses import dataclass

import numpy as np

from imgcheck import change
from imgcheck.case.placing import NotLocated
from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging import REFERENCE_LIMITS, Image, grid
from imgcheck.imaging.georeference import Georeference
from imgcheck.imaging.grid import Grid
from imgcheck.imaging.intake import FilePath
from imgcheck.imaging.pixels import Float32, Float64, Mask

# Two pictures without a place and a stated pixel size are compared as fine ones.
_UNKNOWN_GSD = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Two images that were compared.

    Attributes
    ----------
    before, after : Image
    grid : Grid or None
        The grid of the comparison; None for two pictures without a place, which are compared
        pixel by pixel.
    gsd_m : float or None
        Metres per pixel of the comparison, where known.
    layers : tuple of two ndarray of shape (M, N, C)
        Both on the grid, in [0, 1], NaN where they show nothing.
    result : change.ChangeResult
    placed : str
        How ``before`` and ``after`` came to one grid: ``"georeference"``, ``"located"``,
        ``"as given"``.
    """

    before: Image
    after: Image
    grid: Grid | None
    gsd_m: float | None
    layers: tuple[Float32, Float32]
    result: change.ChangeResult
    placed: str


@dataclass(frozen=True, kw_only=True, eq=False)
class NotCompared:
    """Two images that could not be brought on one grid; no evidence that anything changed."""

    before: Image
    after: Image
    reason: str


def compare(
    before: FilePath, after: FilePath, *, gsd_m: float | None = None
) -> Compared | NotCompared:
    """Find what changed between two images of one place.

    Two georeferenced rasters are brought on the grid of ``before``, or of ``after`` where its
    pixels are larger, whatever their CRS and depth. A picture without a place is located on the
    other image first. Two such pictures are compared pixel by pixel.

    Parameters
    ----------
    before, after : path
    gsd_m : float, optional
        Metres per pixel of two pictures without a place.

    Raises
    ------
    GridMismatchError
        If the rasters do not overlap, show nothing on their common ground, or two pictures without
        a place have different sizes.
    UsageError
        If ``gsd_m`` is not above 0.
    UnreadableError, RefusedError
        If a file cannot be read.
    """
    if gsd_m is not None and not (np.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError(f"the pixel size must be metres above 0, not {gsd_m}")
    one = Image.open(before, limits=REFERENCE_LIMITS)
    two = Image.open(after, limits=REFERENCE_LIMITS)
    places = [_affine(one), _affine(two)]
    if places[0] is not None and places[1] is not None:
        return _rasters(one, two, places[0], places[1])
    if places[0] is None and places[1] is None:
        return _pictures(one, two, gsd_m)
    return _located(one, two, before, after, first=places[0] is not None)


def _affine(image: Image) -> Georeference | None:
    place = image.georeference
    return None if place is None or place.transform is None else place


def _corners(image: Image, place: Georeference, there: Georeference) -> Float64:
    """Return the border of an image in the CRS of another georeference."""
    steps = np.linspace(0, 1, 9)
    x = np.concatenate([steps, np.ones(9), steps, np.zeros(9)]) * image.width
    y = np.concatenate([np.zeros(9), steps, np.ones(9), steps]) * image.height
    return np.column_stack(there.to_crs(*there.from_lonlat(*place.to_lonlat(x, y))))


def _rasters(one: Image, two: Image, first: Georeference, second: Georeference) -> Compared:
    sizes = (one.gsd_m or 0.0, two.gsd_m or 0.0)
    base, other = (one, two) if sizes[0] >= sizes[1] else (two, one)
    there, its = (first, second) if base is one else (second, first)
    on = grid.over(base, _corners(other, its, there), gsd_m=max(sizes))
    if on is None:
        raise GridMismatchError(
            f"{one.name} and {two.name} do not overlap: {one.name} covers {_box(one, first)} and "
            f"{two.name} {_box(two, second)}"
        )
    every_band = _takes_every_band(one, two)
    layers, valid = [], np.ones(on.shape, bool)
    for image in (one, two):
        layer, usable = grid.sample(image, on, every_band=every_band)
        if not usable.any():
            raise GridMismatchError(
                f"{image.name}: shows nothing on the ground that both images cover; all of it is "
                "nodata there"
            )
        layers.append(layer)
        valid &= usable
    return _compared(one, two, on, on.gsd_m, (layers[0], layers[1]), valid, "georeference")


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


def _pictures(one: Image, two: Image, gsd_m: float | None) -> Compared:
    from imgcheck.case.opening import load_case

    if (one.width, one.height) != (two.width, two.height):
        raise GridMismatchError(
            f"{one.name} is {one.width} x {one.height} pixels and {two.name} {two.width} x "
            f"{two.height}; without a georeference both must have one size, or one of them must be "
            "a georeferenced raster"
        )
    layers, valid = [], np.ones((one.height, one.width), bool)
    for image in (one, two):
        layers.append(np.asarray(image.rgb(), dtype=np.float32) / np.float32(255))
        valid &= load_case(image.path).clean if image.path is not None else image.valid()
    return _compared(one, two, None, gsd_m, (layers[0], layers[1]), valid, "as given")


def _located(
    one: Image, two: Image, before: FilePath, after: FilePath, *, first: bool
) -> Compared | NotCompared:
    """Locate the picture on the raster, and compare on the grid of the raster."""
    from imgcheck.case.opening import load_case

    picture, raster = (after, before) if first else (before, after)
    case = load_case(picture, references=raster)
    found, ground = case.placing, case.ground
    layer = None if isinstance(found, NotLocated) else case.layer(found.reference)
    if isinstance(found, NotLocated) or ground is None or layer is None:
        reason = found.reason if isinstance(found, NotLocated) else "they share no ground"
        name, on = (two.name, one.name) if first else (one.name, two.name)
        return NotCompared(
            before=one, after=two, reason=f"{name} could not be placed on {on}: {reason}"
        )
    drawn, usable = layer
    pair = (drawn, ground.picture) if first else (ground.picture, drawn)
    gsd = ground.grid.gsd_m
    return _compared(one, two, ground.grid, gsd, pair, usable & ground.valid, "located")


def _compared(
    one: Image,
    two: Image,
    on: Grid | None,
    gsd_m: float | None,
    layers: tuple[Float32, Float32],
    valid: Mask,
    placed: str,
) -> Compared:
    result = change.detect(*layers, gsd=gsd_m or _UNKNOWN_GSD, valid=valid)
    return Compared(
        before=one, after=two, grid=on, gsd_m=gsd_m, layers=layers, result=result, placed=placed
    )
