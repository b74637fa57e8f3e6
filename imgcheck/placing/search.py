"""On which reference does the picture lie, and by which path: made once a case, used by all.

By local features on every reference; where none has the same details, by the directions of
edges, which other dates share.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.errors import ImgcheckError, RefusedError, UsageError
from imgcheck.geo import earth
from imgcheck.geo.structural import Pyramid
from imgcheck.geo.structural.engine import LARGEST_SCALE, SMALLEST_SCALE
from imgcheck.imaging import annotations
from imgcheck.imaging.georeference import Georeference
from imgcheck.imaging.text import printable
from imgcheck.model import Case, Reference

# By its edges a picture is not laid on less than this many reference pixels a side: on fewer, 10 of
# 40 pictures of other rendered ground found a place, with the bound 0 of 42 (benchmarks: locate).
LEAST_FOOTPRINT = 100.0
NO_PLACE = (
    "the reference has no georeference; use a GeoTIFF or another raster with a CRS and a transform"
)
NO_AFFINE = (
    "the reference has control points or RPCs only; rectify it first, for example with gdalwarp"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is known before; a wrong prior hides the right place.

    Attributes
    ----------
    gsd_m : (least, most) or None
        Ground metres per picture pixel; used by the structural path.
    near : (lon, lat, radius_km) or None
        Only this circle's bounding box on each reference is searched.
    mirrored : bool
        Also try the mirrored picture, in the fast path.
    """

    gsd_m: tuple[float, float] | None = None
    near: tuple[float, float, float] | None = None
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.gsd_m is not None and not 0 < self.gsd_m[0] <= self.gsd_m[1] < float("inf"):
            raise UsageError(
                f"{self.gsd_m[0]:g} to {self.gsd_m[1]:g} m a pixel is no size; give 0 < least <= "
                "most"
            )
        if self.near is not None:
            lon, lat, radius = self.near
            if not (abs(lat) <= 90 and abs(lon) <= 180 and 0 < radius < 20_000):
                raise UsageError(
                    f"near {lat:g}, {lon:g} within {radius:g} km is no place; give latitude, "
                    "longitude in degrees and a radius in km"
                )


_ANYWHERE = Search()


def clean(case: Case) -> NDArray[np.bool_]:
    """Give the pixels of the picture that are neither nodata nor drawn over."""
    mask: NDArray[np.bool_] = case.once(
        "clean", lambda: case.image.valid() & ~annotations.find(case.image.rgb()).mask
    )
    return mask


def placement(case: Case, reference: Reference, search: Search = _ANYWHERE) -> geo.Placement | None:
    """Place the picture on one reference; ``None`` where the reference has no affine place."""
    found = fast(case, reference, search)
    if found is None or any(f.placed for r in case.references if (f := fast(case, r, search))):
        return found
    return structural(case, reference, search)


def best(case: Case, search: Search = _ANYWHERE) -> tuple[Reference, geo.Placement] | None:
    """Give the reference on which the picture was placed most surely."""
    tried = ((reference, placement(case, reference, search)) for reference in case.references)
    placed = [(reference, found) for reference, found in tried if found and found.placed]
    return min(placed, key=lambda pair: pair[1].log10_nfa or 0.0, default=None)


def fast(case: Case, reference: Reference, search: Search = _ANYWHERE) -> geo.Placement | None:
    """Place the picture by its details; ``None`` where there is nothing to search."""

    def make() -> geo.Placement | None:
        ground = _ground(reference, search)
        if ground is None:
            return None
        return geo.place(
            case.image.gray(),
            ground.gray,
            transform=ground.transform,
            crs=ground.crs,
            picture_mask=clean(case),
            reference_mask=ground.valid,
            try_mirrored=search.mirrored,
        )

    return case.once(f"fast placement {reference.id} {search}", make)


def structural(
    case: Case, reference: Reference, search: Search = _ANYWHERE
) -> geo.Placement | None:
    """Place the picture by the directions of its edges; ``None`` as in `fast`."""

    def make() -> geo.Placement | None:
        ground = _ground(reference, search)
        if ground is None:
            return None
        return geo.locate_structurally(
            case.image.gray(),
            Pyramid(ground.gray, ground.valid),
            transform=ground.transform,
            crs=ground.crs,
            picture_mask=case.image.valid() & ~annotations.suspect(case.image.rgb()),
            prior=geo.Prior(gsd_m=_sizes(case, reference, search)),
        )

    return case.once(f"placement {reference.id} {search}", make)


def unusable(reference: Reference, search: Search = _ANYWHERE) -> str | None:
    """Say why nothing can be placed on a reference, or ``None``."""
    try:
        georeference = reference.image.georeference
        if georeference is None:
            place = [d.detail for d in reference.image.damage if d.kind == "georeference"]
            if not place:
                return NO_PLACE
            return (
                f"the georeference of the reference is not usable: {printable(place[0], limit=200)}"
            )
        if georeference.transform is None:
            return NO_AFFINE
        if _window(reference, georeference, search) is None:
            return "the reference shows nothing of the place that was named as near"
    except ImgcheckError as error:
        return error.message
    return None


def _sizes(case: Case, reference: Reference, search: Search) -> tuple[float, float]:
    """Give the pixel sizes to search, which lay the picture on enough of the reference."""
    known = reference.image.gsd_m or 1.0
    side = math.sqrt(case.image.width * case.image.height)
    least = known * max(SMALLEST_SCALE, LEAST_FOOTPRINT / side)
    low, high = search.gsd_m or (least, known * LARGEST_SCALE)
    if max(low, least) > high:
        raise RefusedError(
            f"the picture is too small for the directions of edges: it must cover "
            f"{LEAST_FOOTPRINT:g} pixels a side of the reference"
        )
    return max(low, least), high


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    gray: NDArray[np.float32]
    valid: NDArray[np.bool_]
    transform: tuple[float, ...]
    crs: str


def _ground(reference: Reference, search: Search) -> _Ground | None:
    georeference = reference.image.georeference
    if georeference is None or georeference.transform is None:
        return None
    window = _window(reference, georeference, search)
    if window is None:
        return None
    rows, cols = window
    a, b, c, d, e, f = georeference.transform
    x, y = cols.start, rows.start
    return _Ground(
        gray=reference.image.gray()[window],
        valid=reference.image.valid()[window],
        transform=(a, b, a * x + b * y + c, d, e, d * x + e * y + f),
        crs=georeference.crs,
    )


def _window(
    reference: Reference, georeference: Georeference, search: Search
) -> tuple[slice, slice] | None:
    """Give the rows and columns to search; ``None`` where the circle is elsewhere."""
    width, height = reference.image.width, reference.image.height
    if search.near is None:
        return slice(0, height), slice(0, width)
    ring = earth.circle(*search.near)
    # A grid in degrees may count its longitudes on either side of the antimeridian.
    for turn in (0.0, 360.0, -360.0):
        x, y = georeference.from_lonlat(ring[:, 0] + turn, ring[:, 1])
        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            continue
        left, right = np.clip([np.floor(x[known].min()), np.ceil(x[known].max())], 0, width)
        top, bottom = np.clip([np.floor(y[known].min()), np.ceil(y[known].max())], 0, height)
        if right > left and bottom > top:
            return slice(int(top), int(bottom)), slice(int(left), int(right))
    return None
