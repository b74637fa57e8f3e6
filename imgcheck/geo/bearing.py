"""The compass direction and length on the ground of a line drawn in a placed picture."""

import math
from dataclasses import dataclass

import numpy as np

from imgcheck.errors import UsageError
from imgcheck.geo.placement import Placement, ground_slope, system_of
from imgcheck.imaging import transforms

PointPx = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """A line between two picture points, on the ground.

    Attributes
    ----------
    azimuth_deg : float
        From the first point to the second, degrees clockwise from true north.
    azimuth_sigma_deg : float
        What the error of the placing adds, one standard error. The errors of the two points and
        of the reference itself are not in it.
    length_m : float
    length_sigma_m : float
        Of the placing, as above.
    gsd_m : float
        Metres per picture pixel at the line, the larger of the two scales.
    """

    azimuth_deg: float
    azimuth_sigma_deg: float
    length_m: float
    length_sigma_m: float
    gsd_m: float


def bearing(placement: Placement, start: PointPx, end: PointPx) -> Bearing:
    """Measure a short line of a placed picture on the ground.

    Parameters
    ----------
    placement : Placement
    start, end : (x, y)
        Picture pixels, corner convention.

    Returns
    -------
    Bearing

    Raises
    ------
    UsageError
        If the picture was not placed, or the points coincide or have no place on the ground.

    Notes
    -----
    The line is taken through the local 2 x 2 matrix from picture to ground, so a slanting view
    that a homography describes is undone for what lies on flat ground. The covariance of the
    difference of the two points is propagated, not that of each: a shift of the whole picture
    leaves a direction alone.
    """
    found = placement.registration
    if placement.matrix is None or found.matrix is None or found.fit is None:
        raise UsageError(f"the picture was not placed: {placement.reason}")
    points = np.array([start, end], np.float64)
    middle = points.mean(axis=0, keepdims=True)
    system = system_of(placement.crs)
    affine = placement.matrix @ np.linalg.inv(found.matrix)
    in_reference = transforms.apply(found.matrix, np.concatenate([points, middle]))
    to_ground = ground_slope(affine, in_reference[2:], system)
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
    local = ground_slope(placement.matrix, middle, system)
    return Bearing(
        azimuth_deg=math.degrees(math.atan2(line[0], line[1])) % 360,
        azimuth_sigma_deg=math.degrees(math.sqrt(max(across @ on_ground @ across, 0.0)) / length),
        length_m=length,
        length_sigma_m=math.sqrt(max(along @ on_ground @ along, 0.0)),
        gsd_m=float(np.linalg.svd(local, compute_uv=False)[0]),
    )
