"""The picture on the ground: its registration to references, and both on one map grid."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.imaging import grid, transforms, warp
from imgcheck.imaging.grid import Grid
from imgcheck.model import Place
from imgcheck.quantity import LonLat

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case, Reference

Layer = tuple[NDArray[np.float32], NDArray[np.bool_]]
#: A point and where it comes from.
Spot = tuple[LonLat, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The picture on the map grid of the reference it is registered to.

    Attributes
    ----------
    grid : Grid
    to_grid : (3, 3) float64
        Picture pixel to grid pixel.
    picture : (M, N, 3) float32 in [0, 1]
    valid : (M, N) bool
        Where the picture is usable and nothing was drawn over it.
    """

    grid: Grid
    to_grid: NDArray[np.float64]
    picture: NDArray[np.float32]
    valid: NDArray[np.bool_]

    def to_picture(self, polygon: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
        """Return a polygon on the grid as picture pixels, rounded to a tenth."""
        points = transforms.apply(np.linalg.inv(self.to_grid), polygon)
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)


def claimed_spot(place: Place) -> Spot | None:
    """Return the claimed point, or the middle of the claimed box; None for a polygon."""
    if place.lat is not None and place.lon is not None:
        return LonLat(lon=place.lon, lat=place.lat), "the claimed place"
    if place.bbox is None:
        return None
    west, south, east, north = place.bbox
    middle = LonLat(lon=west + (east - west) % 360.0 / 2, lat=(south + north) / 2)
    return middle, "the middle of the claimed box"


def spot(case: "Case") -> Spot | None:
    """Return the place of the picture: where it was registered, else the first claimed place.

    The claimed place is used although it is a claim: the question is then whether the statements of
    the post agree with each other.
    """
    found = case.placed
    if found is not None:
        lon, lat = found[1].centre_lonlat
        return LonLat(lon=lon, lat=lat), f"the place found on {found[0].id}"
    return next((one for p in case.claim.of_type(Place) if (one := claimed_spot(p))), None)


def on_grid(case: "Case", reference: "Reference", on: geo.Placed) -> Ground | None:
    """Resample the picture to the grid of a reference; None if they share no area."""
    picture = case.image
    corners = np.array(
        [[0, 0], [picture.width, 0], [picture.width, picture.height], [0, picture.height]],
        np.float64,
    )
    cut = grid.over(reference.image, transforms.apply(on.matrix, corners), gsd_m=on.gsd_m)
    if cut is None:
        return None
    to_grid = np.linalg.inv(cut.transform) @ on.matrix
    shown = warp.warp(picture.rgb().astype(np.float32) / 255.0, to_grid, cut.shape)
    mask = case.clean
    covered = warp.coverage(mask.shape, to_grid, cut.shape, mask=mask)
    valid = covered & np.isfinite(shown).all(axis=-1)
    return Ground(grid=cut, to_grid=to_grid, picture=shown, valid=valid) if valid.any() else None


def layer(case: "Case", reference: "Reference") -> Layer | None:
    """Resample a reference to the grid of the picture; None if they share no area.

    References of one place are aligned with each other by their georeference, so one good match
    serves them all; change detection measures and corrects the misfit that remains.
    """
    on, georeference = case.ground, reference.image.georeference
    if on is None or georeference is None or georeference.transform is None:
        return None
    rgb, valid = grid.sample(reference.image, on.grid)
    return (rgb, valid) if valid.any() else None


def stated_gsd(case: "Case") -> tuple[float, str] | None:
    """Return the ground sample distance that the picture or the claim states, and which of them."""
    if case.image.gsd_m is not None and case.image.gsd_m > 0:
        return case.image.gsd_m, "the picture's own georeference"
    stated = case.claim.measured("gsd_m")
    return (stated.value, "the claim") if stated is not None and stated.value > 0 else None


def gsd(case: "Case") -> tuple[float, str] | None:
    """Return the ground sample distance of the picture and its source: registered, else stated."""
    found = case.placed
    if found is not None:
        return found[1].gsd_m, f"placed on {found[0].id}"
    known = case.stated_gsd
    if known is None:
        return None
    return known[0], known[1] if known[1] != "the claim" else "stated in the claim file"


def sun_in_picture(case: "Case") -> float | None:
    """Return the sun's azimuth clockwise from up, from a measured shadow and north."""
    shadow, found = case.claim.measured("shadow_azimuth"), case.placed
    if shadow is None:
        return None
    north = found[1].north_deg if found is not None else None
    if north is not None and found is not None and found[1].mirrored:
        return (north - shadow.value - 180.0) % 360.0
    stated = case.claim.measured("north_deg")
    if north is None and stated is not None:
        north = stated.value
    return None if north is None else (shadow.value + 180.0 + north) % 360.0
