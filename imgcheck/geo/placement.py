"""Place a picture on georeferenced imagery: footprint, scale, north, and how sure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform as project

from imgcheck.errors import UsageError
from imgcheck.geo.search import find
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.decoding.raster import GDAL_ERRORS
from imgcheck.imaging.features import Features
from imgcheck.imaging.georeference import east_north
from imgcheck.imaging.pixels import as_gray, as_mask
from imgcheck.imaging.registration import Registration
from imgcheck.quantity import binomial_interval

# benchmarks: geo_place (1,500) and fast_path, negatives (2,200): unrelated pairs that were placed,
# and how many were tried.
FALSE_PLACINGS, UNRELATED_PAIRS = 0, 3700
# 95 % of a two-dimensional normal lie within this many sigmas (chi-square, 2 degrees).
_ELLIPSE_95 = math.sqrt(5.991464547)
_POINTS_PER_EDGE = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placement:
    """Where on the ground a picture lies, or why that is not known.

    Attributes
    ----------
    placed : bool
    reason : str or None
        Why not; None if placed.
    path : str
        ``fast``: by local features. ``structural``: by the directions of edges, see
        `imgcheck.geo.structural`. The last one tried if not placed.
    matrix : (3, 3) float64 or None
        Picture pixels (corner convention) to CRS coordinates.
    crs : str
        As WKT or authority code, of the reference.
    footprint_lonlat : tuple of (lon, lat) or None
        Closed ring, counter-clockwise, WGS 84 degrees, eight points an edge.
    gsd_m : float or None
        Ground metres per picture pixel at the picture's centre.
    north_deg : float or None
        Direction of true north in the picture, degrees clockwise from up.
    ellipse_m : (semi-major, semi-minor, angle) or None
        95 % error ellipse of the picture's centre against the reference, metres; angle of the
        major axis, degrees clockwise from north. The reference's own error is not in it.
    centre_lonlat : (lon, lat) or None
    tilt_deg : float or None
        From the ratio of the two scales at the centre, as if the ground were flat; 0 for a
        similarity.
    log10_nfa : float or None
        See `imgcheck.imaging.registration.Registration`.
    false_match_probability : float or None
        Fast path: upper 95 % limit of the share of unrelated pictures that would be placed,
        measured. Structural path: see `imgcheck.geo.structural.Structural`.
    mirrored : bool
    model, inliers, rms_px
        Of the registration; ``rms_px`` in reference pixels.
    registration : Registration
        Picture pixels to pixels of the reference as given.
    """

    placed: bool
    reason: str | None
    path: str = "fast"
    crs: str
    matrix: NDArray[np.float64] | None = None
    footprint_lonlat: tuple[tuple[float, float], ...] | None = None
    gsd_m: float | None = None
    north_deg: float | None = None
    ellipse_m: tuple[float, float, float] | None = None
    centre_lonlat: tuple[float, float] | None = None
    tilt_deg: float | None = None
    log10_nfa: float | None = None
    false_match_probability: float | None = None
    mirrored: bool = False
    model: str | None = None
    inliers: int = 0
    rms_px: float | None = None
    registration: Registration


def place(
    picture_gray: NDArray[np.float32],
    reference_gray: NDArray[np.float32],
    *,
    transform: Sequence[float],
    crs: object,
    picture_mask: NDArray[np.bool_] | None = None,
    reference_mask: NDArray[np.bool_] | None = None,
    try_mirrored: bool = False,
    seed: int = 20170924,
    query: Features | None = None,
) -> Placement:
    """Place a picture on a georeferenced reference.

    Parameters
    ----------
    picture_gray, reference_gray : (M, N)
        Floats in [0, 1], NaN where there is no data, or bytes (uint8).
    transform : (a, b, c, d, e, f)
        Affine of the reference, pixel corner to CRS: x = a col + b row + c, y = d col + e row + f.
    crs : rasterio CRS, EPSG code, or text
        Of the reference.
    picture_mask, reference_mask : bool, optional
        True = usable.
    try_mirrored : bool, default False
        Also place the mirrored picture.
    seed : int
        Accepted for callers that pass one; nothing here is random.
    query : Features, optional
        Of the picture, from `imgcheck.geo.search.query_of`; saves finding them again.

    Returns
    -------
    Placement
        ``placed`` False is a result, no error, and says nothing against a claimed place.

    Raises
    ------
    UsageError
        If the transform or the CRS cannot be understood, or a picture has another type or range.
    GridMismatchError
        If a picture is not gray, or a mask has another shape.

    Notes
    -----
    Ground is taken as flat within the picture. A reference taken at another date seldom shows
    the same details; `imgcheck.geo.locate` goes on with the directions of edges. References over
    4,000 pixels a side are searched reduced first, then at full size in tiles; see
    `imgcheck.geo.search`.
    """
    affine = affine_of(transform)
    system = system_of(crs)
    picture = as_gray(picture_gray, name="picture")
    reference = as_gray(reference_gray, name="reference")
    found = find(
        picture,
        reference,
        picture_mask=as_mask(picture_mask, picture, name="picture"),
        reference_mask=as_mask(reference_mask, reference, name="reference"),
        try_mirrored=try_mirrored,
        seed=seed,
        query=query,
    )
    limit = binomial_interval(FALSE_PLACINGS, UNRELATED_PAIRS).high
    return describe(found, affine, system, path="fast", false_match_probability=limit)


def describe(
    found: Registration,
    affine: NDArray[np.float64],
    system: CRS,
    *,
    path: str,
    false_match_probability: float | None,
) -> Placement:
    """Say what a registration on a georeferenced picture means on the ground."""
    name = system.to_string()
    nothing = Placement(
        placed=False,
        reason=found.reason,
        path=path,
        crs=name,
        log10_nfa=found.log10_nfa,
        registration=found,
    )
    if found.matrix is None:
        return nothing
    matrix = affine @ found.matrix
    shape = found.picture_shape
    ring = _footprint(matrix, shape, system)
    middle = np.array([[shape[1] / 2, shape[0] / 2]])
    centre = to_lonlat(system, transforms.apply(matrix, middle))[0]
    if not (np.isfinite(ring).all() and np.isfinite(centre).all()):
        return replace(
            nothing,
            reason="the place found has no longitude and latitude in the reference's CRS",
        )
    ground = ground_slope(matrix, middle, system)
    north = np.linalg.solve(ground, [0.0, 1.0])
    scales = np.linalg.svd(ground, compute_uv=False)
    similar = found.model == "similarity"
    return Placement(
        placed=True,
        reason=None,
        path=path,
        crs=name,
        matrix=matrix,
        footprint_lonlat=tuple((float(x), float(y)) for x, y in ring),
        gsd_m=math.sqrt(abs(float(np.linalg.det(ground)))),
        north_deg=math.degrees(math.atan2(north[0], -north[1])) % 360.0,
        ellipse_m=_ellipse(found, middle, affine, system),
        centre_lonlat=(float(centre[0]), float(centre[1])),
        tilt_deg=0.0 if similar else math.degrees(math.acos(float(scales[1] / scales[0]))),
        log10_nfa=found.log10_nfa,
        false_match_probability=false_match_probability,
        mirrored=found.mirrored,
        model=found.model,
        inliers=found.inliers,
        rms_px=found.rms_px,
        registration=found,
    )


def ellipse(placement: Placement, point: tuple[float, float]) -> tuple[float, float, float]:
    """Give the 95 % error ellipse of one spot of a placed picture on the ground.

    Parameters
    ----------
    placement : Placement
    point : (x, y)
        Picture pixels, corner convention.

    Returns
    -------
    (semi-major, semi-minor, angle)
        Metres; degrees of the major axis clockwise from north.

    Raises
    ------
    UsageError
        If the picture was not placed.
    """
    if placement.matrix is None or placement.registration.matrix is None:
        raise UsageError(f"the picture was not placed: {placement.reason}")
    affine = placement.matrix @ np.linalg.inv(placement.registration.matrix)
    at = np.array([point], np.float64)
    return _ellipse(placement.registration, at, affine, system_of(placement.crs))


def border_error_m(placement: Placement) -> float:
    """Give how far off the border of a placed picture may be: the worst corner's 95 % ellipse."""
    rows, cols = placement.registration.picture_shape
    ring = ((0.0, 0.0), (cols, 0.0), (cols, rows), (0.0, rows))
    return max(ellipse(placement, corner)[0] for corner in ring)


def affine_of(transform: Sequence[float]) -> NDArray[np.float64]:
    """Give the affine of six numbers as a matrix."""
    values = [float(v) for v in tuple(transform)[:6]]
    if len(values) != 6 or not all(map(math.isfinite, values)):
        raise UsageError("the reference's transform needs six finite numbers a, b, c, d, e, f")
    affine = np.array([values[:3], values[3:], [0.0, 0.0, 1.0]])
    if abs(np.linalg.det(affine)) == 0:
        raise UsageError("the reference's transform is singular: its pixels have no area")
    return affine


def system_of(crs: object) -> CRS:
    """Read a CRS that has a place on the Earth."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise UsageError(
            f"the reference's CRS {crs!r} is not understood; give an EPSG code or WKT"
        ) from error
    if not (system.is_geographic or system.is_projected):
        raise UsageError(f"the reference's CRS {system.to_string()!r} has no place on the Earth")
    return system


def to_lonlat(crs: CRS, points: ArrayLike) -> NDArray[np.float64]:
    """Bring CRS coordinates (N, 2) to WGS 84 (lon, lat) degrees, -180 to 180; NaN where none."""
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    try:
        there = project(crs, CRS.from_epsg(4326), x.tolist(), y.tolist())
    except GDAL_ERRORS:  # far outside the area of the projection
        return np.full((len(x), 2), np.nan)
    lonlat = np.array(there[:2], np.float64).T
    lonlat[~np.isfinite(lonlat).all(axis=1)] = np.nan
    beyond = np.abs(lonlat[:, 0]) > 180.0
    lonlat[beyond, 0] = (lonlat[beyond, 0] + 180.0) % 360.0 - 180.0
    return lonlat


def _footprint(
    matrix: NDArray[np.float64], shape: tuple[int, ...], crs: CRS
) -> NDArray[np.float64]:
    corners = transforms.corners(shape)
    steps = np.arange(_POINTS_PER_EDGE)[:, None] / _POINTS_PER_EDGE
    edges = [
        start + (end - start) * steps
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    ring = to_lonlat(crs, transforms.apply(matrix, np.concatenate(edges)))
    # Neighbours more than half the globe apart mean a step over the date line.
    x, y = np.degrees(np.unwrap(np.radians(ring), axis=0)).T
    if x @ np.roll(y, -1) - y @ np.roll(x, -1) < 0:
        ring = ring[::-1]
    return np.concatenate([ring, ring[:1]])


def ground_slope(
    matrix: NDArray[np.float64], point: NDArray[np.float64], crs: CRS
) -> NDArray[np.float64]:
    """Give metres east and north per pixel right and down at a point, (2, 2)."""
    step = 0.5
    around = point + np.array([[step, 0], [-step, 0], [0, step], [0, -step]])
    lonlat = to_lonlat(crs, transforms.apply(matrix, np.concatenate([around, point])))
    centre = (float(lonlat[4, 0]), float(lonlat[4, 1]))
    metres = east_north(lonlat, centre=centre) / (2 * step)
    return np.stack([metres[0] - metres[1], metres[2] - metres[3]], axis=-1)


def _ellipse(
    found: Registration, middle: NDArray[np.float64], affine: NDArray[np.float64], crs: CRS
) -> tuple[float, float, float]:
    in_reference = transforms.apply(np.asarray(found.matrix), middle)
    spread = registration.place_covariance(found, middle)[0]
    slope = ground_slope(affine, in_reference, crs)
    values, axes = np.linalg.eigh(slope @ spread @ slope.T)
    major = axes[:, 1]
    angle = math.degrees(math.atan2(major[0], major[1])) % 180.0
    low, high = np.sqrt(np.maximum(values, 0.0)) * _ELLIPSE_95
    return float(high), float(low), angle
