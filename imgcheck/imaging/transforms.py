"""Plane transforms: apply them, fit them to pairs of points, estimate the covariance of each place.

One family for similarity (4 parameters), affine (6) and homography (8): a start matrix times a
small change, the change written in as many of eight directions as the model has.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imgcheck.imaging.pixels import Float64

FREEDOM = {"similarity": 4, "affine": 6, "homography": 8}
_STEPS = 12
# Positions of SIFT keypoints are not better than this, however small the residuals of few
# points happen to be.
SMALLEST_SIGMA = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A transform fitted to pairs of points.

    ``matrix`` leads from source to target on column vectors (x, y, 1); ``residuals`` (N,) are
    distances in the target; ``sigma`` is the standard deviation of one coordinate of one pair,
    target pixels; ``covariance`` is that of the model's parameters in the frame (x - centre) /
    radius.
    """

    model: str
    matrix: Float64
    residuals: Float64
    sigma: float
    covariance: Float64
    centre: tuple[float, float]
    radius: float


def apply(matrix: ArrayLike, points: ArrayLike) -> Float64:
    """Send points (N, 2) through a 3 x 3 matrix on column vectors (x, y, 1).

    NaN for points at or beyond the horizon of a homography (last coordinate not positive).
    """
    h = np.asarray(matrix, np.float64)
    p = np.asarray(points, np.float64).reshape(-1, 2)
    sent = p @ h[:, :2].T + h[:, 2]
    depth = np.where(sent[:, 2] > 1e-12, sent[:, 2], np.nan)
    return np.asarray(sent[:, :2] / depth[:, None])


def jacobian(matrix: ArrayLike, points: ArrayLike) -> Float64:
    """Return d(target)/d(source) at each point, (N, 2, 2)."""
    h = np.asarray(matrix, np.float64)
    p = np.asarray(points, np.float64).reshape(-1, 2)
    depth = p @ h[2, :2] + h[2, 2]
    sent = (p @ h[:2, :2].T + h[:2, 2]) / depth[:, None]
    return np.asarray((h[None, :2, :2] - sent[:, :, None] * h[None, 2:, :2]) / depth[:, None, None])


def scale(matrix: ArrayLike, shape: tuple[int, ...]) -> float:
    """Return target pixels per source pixel at the centre of a source of (rows, cols)."""
    slope = jacobian(matrix, [[shape[1] / 2, shape[0] / 2]])[0]
    return math.sqrt(abs(float(np.linalg.det(slope))))


def corners(shape: tuple[int, ...]) -> Float64:
    """Return the four corners (x, y) of a picture of (rows, cols), clockwise from the top left."""
    rows, cols = shape[:2]
    return np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], np.float64)


def _frame(points: Float64) -> tuple[tuple[float, float], float]:
    centre = points.mean(axis=0)
    radius = max(float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean())), 1e-6)
    return (float(centre[0]), float(centre[1])), radius


def _directions(points: Float64, count: int) -> Float64:
    """Return how each point moves under each small change, (N, 2, count), normalised frame.

    Shift right, shift down, turn, grow, stretch, shear, tilt about y, tilt about x.
    """
    x, y = points[:, 0], points[:, 1]
    zero, one = np.zeros_like(x), np.ones_like(x)
    along = [one, zero, -y, x, x, y, x * x, x * y]
    down = [zero, one, x, y, -y, x, x * y, y * y]
    return np.stack([np.stack(along[:count], -1), np.stack(down[:count], -1)], axis=1)


def _change(parameters: Float64) -> Float64:
    """Make the 3 x 3 matrix of a small change; a similarity stays exactly a similarity."""
    p = np.zeros(8)
    p[: len(parameters)] = parameters
    return np.array(
        [
            [1 + p[3] + p[4], -p[2] + p[5], p[0]],
            [p[2] + p[5], 1 + p[3] - p[4], p[1]],
            [-p[6], -p[7], 1.0],
        ]
    )


def _similarity(source: Float64, target: Float64, weights: Float64) -> Float64:
    """Fit the weighted least-squares similarity in closed form, as complex numbers."""
    z = source[:, 0] + 1j * source[:, 1]
    w = target[:, 0] + 1j * target[:, 1]
    total = weights.sum()
    z0, w0 = (weights * z).sum() / total, (weights * w).sum() / total
    spread = (weights * np.abs(z - z0) ** 2).sum()
    a = (weights * np.conj(z - z0) * (w - w0)).sum() / max(spread, 1e-12)
    b = w0 - a * z0
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0.0, 0.0, 1.0]])


def fit(
    source: ArrayLike,
    target: ArrayLike,
    *,
    model: str = "similarity",
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
    stiffness: float = 0.0,
) -> Fit | None:
    """Fit a transform by least squares that is robust against the odd wrong pair.

    Parameters
    ----------
    source, target : (N, 2)
        Pairs of points; most of them right.
    model : {"similarity", "affine", "homography"}
    weights : (N,), optional
        Relative trust, > 0 (inverse variance).
    start : (3, 3), optional
        Where to start; by default the similarity.
    stiffness : float
        Holds stretch, shear and tilt at the start: variance of one pair of mean weight over the
        prior variance of these parameters, target pixels squared.

    Returns
    -------
    Fit or None
        None if the pairs do not determine the model.

    Notes
    -----
    Gauss-Newton on distances in the target, with Huber weights at 2 robust sigmas.
    """
    src = np.asarray(source, np.float64).reshape(-1, 2)
    dst = np.asarray(target, np.float64).reshape(-1, 2)
    count = FREEDOM[model]
    trust = np.ones(len(src)) if weights is None else np.asarray(weights, np.float64)
    if len(src) * 2 < count or len(src) < 2:
        return None
    centre, radius = _frame(src)
    flat = (src - centre) / radius
    back = np.array([[radius, 0, centre[0]], [0, radius, centre[1]], [0, 0, 1.0]])
    matrix = _similarity(src, dst, trust) if start is None else np.asarray(start, np.float64)
    local = matrix @ back
    moves = _directions(flat, count)
    normal = np.eye(count)
    hold = stiffness * float(trust.mean()) * (np.arange(count) >= FREEDOM["similarity"])
    total = np.zeros(count)
    for _ in range(_STEPS):
        gap = dst - apply(local, flat)
        if not np.isfinite(gap).all():
            return None
        pull = trust * _huber(np.hypot(*gap.T))
        slope = jacobian(local, flat) @ moves
        normal = np.einsum("n,nik,nil->kl", pull, slope, slope) + np.diag(hold)
        side = np.einsum("n,nik,ni->k", pull, slope, gap) - hold * total
        if not np.isfinite(normal).all() or np.linalg.cond(normal) > 1e14:
            return None
        step = np.linalg.solve(normal, side)
        total += step
        local = local @ _change(step)
        if abs(local[2, 2]) < 1e-9:
            return None
        local = local / local[2, 2]
        if np.abs(step).max() < 1e-9:
            break
    matrix = local @ np.linalg.inv(back)
    if abs(matrix[2, 2]) < 1e-12:
        return None
    matrix = matrix / matrix[2, 2]
    residuals = np.hypot(*(dst - apply(matrix, src)).T)
    if not np.isfinite(residuals).all():
        return None
    freedom = max(1, 2 * len(src) - count)
    variance = float((trust * residuals**2).sum()) / freedom * len(src) / float(trust.sum())
    sigma = max(SMALLEST_SIGMA, math.sqrt(variance))
    return Fit(
        model=model,
        matrix=matrix,
        residuals=residuals,
        sigma=sigma,
        covariance=np.asarray(np.linalg.inv(normal) * (sigma**2 * float(trust.mean()))),
        centre=centre,
        radius=radius,
    )


def _huber(distances: Float64) -> Float64:
    bound = max(2.0 * 1.4826 * float(np.median(distances)), 1e-6)
    return np.asarray(np.minimum(1.0, bound / np.maximum(distances, 1e-12)))


def place_covariance(fitted: Fit, points: ArrayLike) -> Float64:
    """Return the covariance (N, 2, 2), target pixels squared, of where each source point falls.

    Only the error of the fit: what a wrong model adds is not in it.
    """
    p = np.asarray(points, np.float64).reshape(-1, 2)
    moves = _directions((p - fitted.centre) / fitted.radius, FREEDOM[fitted.model])
    slope = jacobian(fitted.matrix, p) * fitted.radius @ moves
    return np.asarray(slope @ fitted.covariance @ slope.transpose(0, 2, 1))


def difference_covariance(fitted: Fit, first: ArrayLike, second: ArrayLike) -> Float64:
    """Return the (2, 2) covariance of the vector between where two source points fall.

    As `place_covariance`, with the error that both points share taken off.
    """
    p = np.array([first, second], np.float64).reshape(2, 2)
    moves = _directions((p - fitted.centre) / fitted.radius, FREEDOM[fitted.model])
    slope = jacobian(fitted.matrix, p) * fitted.radius @ moves
    apart = slope[1] - slope[0]
    return np.asarray(apart @ fitted.covariance @ apart.T)
