"""What is known about the place of a picture before the search."""

import math
from dataclasses import dataclass

import numpy as np

from imgcheck.errors import UsageError
from imgcheck.geo import earth
from imgcheck.geo.reference import ReferenceImage
from imgcheck.imaging import transforms


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Limits of the search; a wrong one hides the right place.

    Attributes
    ----------
    gsd_m : (least, most) or None
        Ground metres per picture pixel; used by the structural path.
    near : (lon, lat, radius_km) or None
        Only the bounding box of this circle is searched on each reference; in an index, only
        places whose centre lies within the circle.
    mirrored : bool, default False
        Also search for the mirrored picture.
    first : (lon, lat) points
        Of the claimed place: references that contain one are searched first; none is left out.

    Raises
    ------
    UsageError
        If a number is out of range.
    """

    gsd_m: tuple[float, float] | None = None
    near: tuple[float, float, float] | None = None
    mirrored: bool = False
    first: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.gsd_m is not None and not 0 < self.gsd_m[0] <= self.gsd_m[1] < math.inf:
            raise UsageError(
                f"{self.gsd_m[0]:g} to {self.gsd_m[1]:g} m is no range of pixel sizes; give "
                "0 < least <= most"
            )
        if self.near is not None:
            lon, lat, radius = self.near
            if not (abs(lat) <= 90 and abs(lon) <= 180 and 0 < radius < 20_000):
                raise UsageError(
                    f"near {lat:g}, {lon:g} within {radius:g} km is no place; give latitude and "
                    "longitude in degrees and a radius in km"
                )

    def scales(self, reference: ReferenceImage) -> tuple[float, float] | None:
        """Return the range of reference pixels per picture pixel, None where it is open."""
        if self.gsd_m is None:
            return None
        affine, crs = earth.affine_of(reference.transform), earth.system_of(reference.crs)
        middle = np.array([[reference.shape[1] / 2, reference.shape[0] / 2]])
        size = float(np.sqrt(abs(np.linalg.det(earth.ground_slope(affine, middle, crs)))))
        if not size > 0:
            raise UsageError("the reference's pixels have no size on the ground")
        return self.gsd_m[0] / size, self.gsd_m[1] / size

    def circle(self, transform: tuple[float, ...], crs: str) -> tuple[float, float, float] | None:
        """Return ``near`` in pixels of a reference: x, y, radius; None outside of its CRS."""
        if self.near is None:
            return None
        lon, lat, radius_km = self.near
        affine, system = earth.affine_of(transform), earth.system_of(crs)
        at = transforms.apply(np.linalg.inv(affine), earth.from_lonlat(system, [(lon, lat)]))
        if not np.isfinite(at).all():
            return None
        size = math.sqrt(abs(float(np.linalg.det(earth.ground_slope(affine, at, system)))))
        if not 0 < size < math.inf:
            return None
        return float(at[0, 0]), float(at[0, 1]), radius_km * 1000.0 / size
