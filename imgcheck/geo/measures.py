"""Measure a placed picture on the ellipsoid: area, edges, tie points, error ellipses, bearings."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from pyproj import Geod
from rasterio.crs import CRS

from imgcheck.errors import UsageError
from imgcheck.geo import earth
from imgcheck.geo.placement import Placed, affine_of, ellipse
from imgcheck.imaging import transforms
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.text import printable

PointPx = tuple[float, float]

_EARTH = Geod(ellps="WGS84")
_ELLIPSE_POINTS = 72
_EDGES = ("top", "right", "bottom", "left")
CORNERS = ("top left", "top right", "bottom right", "bottom left")
# North has no direction within this of a pole.
_POLE_DEG = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class TiePoint:
    """An agreeing pair: picture pixels, reference point in the CRS, and its (lon, lat).

    The residuals are the distance between the transformed picture point and the reference point in
    picture pixels and in metres; ``offset`` is the same in CRS units, reference minus picture.
    """

    picture: tuple[float, float]
    reference: tuple[float, float]
    lonlat: tuple[float, float]
    residual_px: float
    residual_m: float
    offset: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """Measures of one placed picture; see the properties."""

    placement: Placed

    @property
    def matrix(self) -> Float64:
        """Picture pixels to CRS, last entry 1."""
        return self.placement.matrix / self.placement.matrix[2, 2]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return self.placement.registration.picture_shape

    @cached_property
    def system(self) -> CRS:
        """The reference's CRS."""
        return earth.system_of(self.placement.crs)

    @property
    def crs_name(self) -> str:
        """Authority code of the CRS, or its own name."""
        code = self.placement.crs
        if len(code) < 40:
            return code
        name = self.system.to_dict(projjson=True).get("name")
        return printable(str(name or "the CRS of the reference"), limit=80)

    def to_lonlat(self, points: ArrayLike) -> Float64:
        """Map picture pixels (N, 2) to longitude and latitude."""
        lonlat = earth.to_lonlat(self.system, transforms.apply(self.matrix, points))
        lonlat[:, 0] = (lonlat[:, 0] + 180) % 360 - 180
        return lonlat

    @property
    def corners_lonlat(self) -> Float64:
        """The corners in the order of `CORNERS`, (4, 2)."""
        return self.to_lonlat(transforms.corners(self.shape))

    @cached_property
    def area_m2(self) -> float:
        """Area of the footprint on the ellipsoid."""
        ring = np.asarray(self.placement.footprint_lonlat)[:-1]
        area, _ = _EARTH.polygon_area_perimeter(ring[:, 0], ring[:, 1])
        return abs(float(area))

    @cached_property
    def edges_m(self) -> dict[str, float]:
        """Length of each edge of the picture along the ground, straight in the CRS."""
        ring = transforms.corners(self.shape)
        steps = np.linspace(0, 1, 17)[:, None]
        lengths = {}
        for name, start, end in zip(_EDGES, ring, np.roll(ring, -1, axis=0), strict=True):
            lonlat = self.to_lonlat(start + (end - start) * steps)
            lengths[name] = float(_EARTH.line_length(lonlat[:, 0], lonlat[:, 1]))
        return lengths

    @cached_property
    def tie_points(self) -> tuple[TiePoint, ...]:
        """The pairs that determine the placement, the best first."""
        found = self.placement.registration
        if not len(found.picture_points):
            return ()
        to_crs = self.matrix @ np.linalg.inv(found.matrix)
        known = transforms.apply(to_crs / to_crs[2, 2], found.reference_points)
        sent = transforms.apply(self.matrix, found.picture_points)
        lonlat, sent_lonlat = (earth.to_lonlat(self.system, points) for points in (known, sent))
        _, _, metres = _EARTH.inv(lonlat[:, 0], lonlat[:, 1], sent_lonlat[:, 0], sent_lonlat[:, 1])
        gsd = self.placement.gsd_m
        points = [
            TiePoint(
                picture=_pair(spot),
                reference=_pair(place),
                lonlat=((float(where[0]) + 180) % 360 - 180, float(where[1])),
                residual_px=float(gap) / gsd,
                residual_m=float(gap),
                offset=_pair(place - away),
            )
            for spot, place, where, gap, away in zip(
                found.picture_points, known, lonlat, metres, sent, strict=True
            )
        ]
        return tuple(sorted(points, key=lambda point: point.residual_m))

    @property
    def north_deg(self) -> float | None:
        """Direction of north in the picture; None at a pole."""
        if abs(self.placement.centre_lonlat[1]) > 90 - _POLE_DEG:
            return None
        return self.placement.north_deg

    def slope(self, point: tuple[float, float]) -> Float64:
        """Return metres east and north per picture pixel right and down, (2, 2)."""
        return earth.ground_slope(self.matrix, np.array([point], np.float64), self.system)

    def ellipse_ring(self, point: tuple[float, float]) -> Float64:
        """Return the outline of the 95 % error ellipse of a picture point, (N, 2) lon/lat."""
        major, minor, angle = ellipse(self.placement, point)
        turns = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)
        along, across = major * np.cos(turns), minor * np.sin(turns)
        bearings = angle + np.degrees(np.arctan2(across, along))
        lon, lat = self.to_lonlat([point])[0]
        many = np.full(len(turns), 1.0)
        x, y, _ = _EARTH.fwd(lon * many, lat * many, bearings, np.hypot(along, across))
        return np.column_stack([x, y])


def _pair(point: Float64) -> tuple[float, float]:
    return float(point[0]), float(point[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """A line between two picture points, on the ground.

    Attributes
    ----------
    azimuth_deg : float
        From the first point to the second, degrees clockwise from true north.
    azimuth_sigma_deg : float
        One standard error from the placement, without the errors of the two points and of the
        reference itself.
    length_m : float
    length_sigma_m : float
        From the placement, as above.
    gsd_m : float
        Metres per picture pixel at the line, the larger of the two scales.
    """

    azimuth_deg: float
    azimuth_sigma_deg: float
    length_m: float
    length_sigma_m: float
    gsd_m: float


def bearing(placed: Placed, start: PointPx, end: PointPx) -> Bearing:
    """Measure a short line of a placed picture on the ground.

    Parameters
    ----------
    placed : Placed
    start, end : (x, y)
        Picture pixels, corner convention.

    Returns
    -------
    Bearing

    Raises
    ------
    UsageError
        If the points coincide or have no place on the ground.

    Notes
    -----
    The local 2 x 2 matrix from picture to ground corrects an oblique view for objects on flat
    ground. The covariance of the difference of the two points is propagated, not that of each: a
    shift of the whole picture does not change a direction.
    """
    found = placed.registration
    points = np.array([start, end], np.float64)
    middle = points.mean(axis=0, keepdims=True)
    system = earth.system_of(placed.crs)
    in_reference = transforms.apply(found.matrix, np.concatenate([points, middle]))
    to_ground = earth.ground_slope(affine_of(placed), in_reference[2:], system)
    line = to_ground @ (in_reference[1] - in_reference[0])
    length = float(np.hypot(*line))
    if not (math.isfinite(length) and length > 0):
        raise UsageError("a line needs two different points that have a place on the ground")
    fitted = points.copy()
    if found.mirrored:
        fitted[:, 0] = found.picture_shape[1] - fitted[:, 0]
    spread = transforms.difference_covariance(found.fit, fitted[0], fitted[1])
    on_ground = to_ground @ spread @ to_ground.T
    along = line / length
    across = np.array([-along[1], along[0]])
    local = earth.ground_slope(placed.matrix, middle, system)
    return Bearing(
        azimuth_deg=math.degrees(math.atan2(line[0], line[1])) % 360,
        azimuth_sigma_deg=math.degrees(math.sqrt(max(across @ on_ground @ across, 0.0)) / length),
        length_m=length,
        length_sigma_m=math.sqrt(max(along @ on_ground @ along, 0.0)),
        gsd_m=float(np.linalg.svd(local, compute_uv=False)[0]),
    )
