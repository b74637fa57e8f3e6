"""On which reference does the picture lie, and by which path: made once a case, used by all.

By local features on every reference; where none has the same details, by the directions of
edges, which other dates share.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.case import Case, Reference
from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.geo import earth
from imgcheck.geo.placement import affine_of
from imgcheck.imaging import annotations, relation
from imgcheck.imaging.georeference import Georeference
from imgcheck.imaging.relation import Relation
from imgcheck.imaging.text import printable

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
        Also try the mirrored picture.
    first : (lon, lat) points
        Of the claimed place: references that cover one are searched first, none is left out.
    """

    gsd_m: tuple[float, float] | None = None
    near: tuple[float, float, float] | None = None
    mirrored: bool = True
    first: tuple[tuple[float, float], ...] = ()

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
    return case.clean


def choice(
    case: Case,
    search: Search = _ANYWHERE,
    *,
    progress: Callable[[str], None] = lambda words: None,
) -> tuple[tuple[Reference, ...], geo.Choice]:
    """Place the picture on the references that can be searched."""
    sheets = [
        (reference, _sheet(reference, search))
        for reference in case.references
        if unusable(reference, search) is None
    ]
    if not sheets:
        # Without a reference there is nothing to look for details for.
        return (), geo.Choice(best=None, placements=(), reasons=())
    found = geo.choose(
        case.image.gray(),
        [sheet for _, sheet in sheets],
        picture_mask=clean(case),
        structural_mask=case.image.valid() & ~annotations.suspect(case.image.rgb()),
        prior=None if search.gsd_m is None else geo.Prior(gsd_m=search.gsd_m),
        near=search.first,
        try_mirrored=search.mirrored,
        progress=progress,
    )
    return tuple(reference for reference, _ in sheets), found


def related(case: Case, reference: Reference, found: geo.Placement) -> Relation | None:
    """Ask whether it is the reference's own acquisition or the place at another time."""
    georeference = reference.image.georeference
    if georeference is None or georeference.transform is None or found.matrix is None:
        return None
    to_reference = np.linalg.inv(affine_of(georeference.transform)) @ found.matrix
    return relation.classify(
        case.image.gray(),
        reference.image.gray(),
        to_reference / to_reference[2, 2],
        picture_mask=clean(case),
        known_mask=reference.image.valid(),
    )


def unusable(reference: Reference, search: Search = _ANYWHERE) -> str | None:
    """Say why nothing can be placed on a reference, or ``None``."""
    try:
        georeference = reference.image.georeference
        if georeference is None:
            place = [d.message for d in reference.image.damage if d.kind == "georeference"]
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


def _sheet(reference: Reference, search: Search) -> geo.Sheet:
    """Give the part of a reference that is searched."""
    image, georeference = reference.image, reference.image.georeference
    assert georeference is not None and georeference.transform is not None
    window = _window(reference, georeference, search)
    assert window is not None
    rows, cols = window
    a, b, c, d, e, f = georeference.transform
    x, y = cols.start, rows.start
    return geo.Sheet(
        name=name(reference),
        shape=(rows.stop - rows.start, cols.stop - cols.start),
        transform=(a, b, a * x + b * y + c, d, e, d * x + e * y + f),
        crs=georeference.crs,
        gray=lambda: image.gray()[window],
        mask=lambda: image.valid()[window],
    )


def name(reference: Reference) -> str:
    """Name a reference by its id and, where that does not say it, its date."""
    day = _day(reference)
    if day is None:
        return f"{reference.id} (date not stated)"
    return reference.id if reference.id == day else f"{reference.id} ({day})"


def file_and_date(reference: Reference) -> str:
    """Name a reference in a sentence: its file, and its date even where the file is named so."""
    day = _day(reference)
    dated = "date not stated" if day is None else f"dated {day}"
    return f"the reference {reference.image.name} ({dated})"


def _day(reference: Reference) -> str | None:
    date = reference.date
    if date is None:
        return None
    day = date.start.date().isoformat()
    return day if date.end.date() == date.start.date() else date.text


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
