"""A registered picture on the ground: footprint, scale, north and error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rasterio.crs import CRS

from imgcheck.geo import earth
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.registration import Registered

# 95 % of a two-dimensional normal distribution lie within this many sigmas (chi-square, 2 degrees).
_ELLIPSE_95 = math.sqrt(5.991464547)
_POINTS_PER_EDGE = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where on the ground a picture lies.

    Attributes
    ----------
    path : {"fast", "structural"}
        By local features, or by the directions of edges.
    crs : str
        Of the reference, as authority code or WKT.
    matrix : (3, 3) float64
        Picture pixels (corner convention) to CRS coordinates.
    footprint_lonlat : tuple of (lon, lat)
        Closed ring, counter-clockwise, WGS 84 degrees, eight points an edge.
    gsd_m : float
        Ground metres per picture pixel at the picture's centre.
    north_deg : float
        Direction of true north in the picture, degrees clockwise from up.
    ellipse_m : (semi-major, semi-minor, angle)
        95 % error ellipse of the picture's centre relative to the reference, metres; angle of the
        major axis, degrees clockwise from north. It excludes the reference's own error.
    centre_lonlat : (lon, lat)
    tilt_deg : float
        From the ratio of the two scales at the centre, for flat ground; 0 for a similarity.
    false_match_probability : float
        Probability that a picture of another place would be accepted. Fast path, and the result of
        `imgcheck.geo.locate`: upper 95 % limit of the rate measured on unrelated pictures.
        Structural path on one reference: estimated for this picture.
    registration : Registered
        Picture pixels to pixels of the reference.
    reference : int
        Number of the reference among those given.
    tried : tuple of Placed or NotPlaced
        Result of each reference, in the order given.
    """

    path: str
    crs: str
    matrix: Float64
    footprint_lonlat: tuple[tuple[float, float], ...]
    gsd_m: float
    north_deg: float
    ellipse_m: tuple[float, float, float]
    centre_lonlat: tuple[float, float]
    tilt_deg: float
    false_match_probability: float
    registration: Registered
    reference: int = 0
    tried: "tuple[Placed | NotPlaced, ...]" = ()

    @property
    def log10_nfa(self) -> float:
        """log10 of the number of false alarms (NFA)."""
        return self.registration.log10_nfa

    @property
    def mirrored(self) -> bool:
        """Whether the picture is a mirror image of the ground."""
        return self.registration.mirrored

    @property
    def searched(self) -> int:
        """Number of references that were searched."""
        return searched(self.tried)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotPlaced:
    """Why the place of a picture is not known; it is not evidence against a claimed place.

    Attributes
    ----------
    reason : str
    path : str or None
        The last path tried; None where the reference was not searched.
    log10_nfa : float or None
        Of the best transform that was not accepted.
    false_match_probability : float or None
        Of the best place by edges that was not accepted.
    candidate : Placed or None
        That place, where its probability allows to look at it. It shows neither that the picture
        lies there nor that it does not.
    tried : tuple of Placed or NotPlaced
        Result of each reference, in the order given.
    """

    reason: str
    path: str | None = None
    log10_nfa: float | None = None
    false_match_probability: float | None = None
    candidate: Placed | None = None
    tried: "tuple[Placed | NotPlaced, ...]" = ()


Placement = Placed | NotPlaced


def searched(tried: tuple[Placement, ...]) -> int:
    """Return the number of references that were searched."""
    return sum(found.path is not None for found in tried)


def describe(
    found: Registered,
    *,
    transform: Sequence[float],
    crs: object,
    path: str,
    false_match_probability: float,
) -> Placed | NotPlaced:
    """Compute what a registration to a georeferenced image means on the ground."""
    affine, system = earth.affine_of(transform), earth.system_of(crs)
    matrix = affine @ found.matrix
    shape = found.picture_shape
    ring = _footprint(matrix, shape, system)
    middle = np.array([[shape[1] / 2, shape[0] / 2]])
    centre = earth.to_lonlat(system, transforms.apply(matrix, middle))[0]
    if not (np.isfinite(ring).all() and np.isfinite(centre).all()):
        return NotPlaced(
            reason="the place found has no longitude and latitude in the reference's CRS",
            path=path,
            log10_nfa=found.log10_nfa,
        )
    ground = earth.ground_slope(matrix, middle, system)
    north = np.linalg.solve(ground, [0.0, 1.0])
    scales = np.linalg.svd(ground, compute_uv=False)
    similar = found.model == "similarity"
    return Placed(
        path=path,
        crs=system.to_string(),
        matrix=matrix,
        footprint_lonlat=tuple((float(x), float(y)) for x, y in ring),
        gsd_m=math.sqrt(abs(float(np.linalg.det(ground)))),
        north_deg=math.degrees(math.atan2(north[0], -north[1])) % 360.0,
        ellipse_m=_ellipse(found, middle, affine, system),
        centre_lonlat=(float(centre[0]), float(centre[1])),
        tilt_deg=0.0 if similar else math.degrees(math.acos(float(scales[1] / scales[0]))),
        false_match_probability=false_match_probability,
        registration=found,
    )


def ellipse(placed: Placed, point: tuple[float, float]) -> tuple[float, float, float]:
    """Return the 95 % error ellipse of one spot of a placed picture on the ground.

    Parameters
    ----------
    placed : Placed
    point : (x, y)
        Picture pixels, corner convention.

    Returns
    -------
    (semi-major, semi-minor, angle)
        Metres; degrees of the major axis clockwise from north.
    """
    at = np.array([point], np.float64)
    return _ellipse(placed.registration, at, affine_of(placed), earth.system_of(placed.crs))


def affine_of(placed: Placed) -> Float64:
    """Return the affine of the reference, pixels to CRS, (3, 3)."""
    return np.asarray(placed.matrix @ np.linalg.inv(placed.registration.matrix))


def border_error_m(placed: Placed) -> float:
    """Return the error of the border of a placed picture: the worst corner's 95 % ellipse."""
    corners = transforms.corners(placed.registration.picture_shape)
    return max(ellipse(placed, (float(x), float(y)))[0] for x, y in corners)


def in_larger(found: Placement, to_larger: Float64) -> Placement:
    """Convert a result on a cut reference to the whole one; the ground stays the same."""
    if isinstance(found, Placed):
        return _in_larger(found, to_larger)
    if found.candidate is None:
        return found
    return replace(found, candidate=_in_larger(found.candidate, to_larger))


def _in_larger(placed: Placed, to_larger: Float64) -> Placed:
    return replace(placed, registration=registration.in_larger(placed.registration, to_larger))


def _footprint(matrix: Float64, shape: tuple[int, ...], crs: CRS) -> Float64:
    corners = transforms.corners(shape)
    steps = np.arange(_POINTS_PER_EDGE)[:, None] / _POINTS_PER_EDGE
    edges = [
        start + (end - start) * steps
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    ring = earth.to_lonlat(crs, transforms.apply(matrix, np.concatenate(edges)))
    # Neighbours more than half the globe apart mean a step over the date line.
    x, y = np.degrees(np.unwrap(np.radians(ring), axis=0)).T
    if x @ np.roll(y, -1) - y @ np.roll(x, -1) < 0:
        ring = ring[::-1]
    return np.concatenate([ring, ring[:1]])


def _ellipse(
    found: Registered, point: Float64, affine: Float64, crs: CRS
) -> tuple[float, float, float]:
    spread = registration.place_covariance(found, point)[0]
    slope = earth.ground_slope(affine, transforms.apply(found.matrix, point), crs)
    values, axes = np.linalg.eigh(slope @ spread @ slope.T)
    major = axes[:, 1]
    angle = math.degrees(math.atan2(major[0], major[1])) % 180.0
    low, high = np.sqrt(np.maximum(values, 0.0)) * _ELLIPSE_95
    return float(high), float(low), angle
