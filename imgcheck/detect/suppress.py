"""Of proposals for one object, keep the best."""

import numpy as np
from numpy.typing import NDArray


def discs(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: NDArray[np.float64],
    score: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Indices of discs to keep, best first: none within 0.8 of the larger radius of a better."""
    left = np.argsort(-score, kind="stable")
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(best)
        gap = np.hypot(x[rest] - x[best], y[rest] - y[best])
        left = rest[gap > 0.8 * np.maximum(radius[rest], radius[best])]
    return np.array(kept, np.intp)


def boxes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    heading_deg: NDArray[np.float64],
    length: NDArray[np.float64],
    width: NDArray[np.float64],
    score: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Indices of boxes to keep, best first.

    A box goes when its centre lies in the middle of a better one: within 0.65 of its length and
    0.8 of its width, so that vehicles parked side by side or in a row stay apart.
    """
    left = np.argsort(-score, kind="stable")
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(best)
        turn = np.radians(heading_deg[best])
        dx, dy = x[rest] - x[best], y[rest] - y[best]
        along = np.abs(dx * np.sin(turn) - dy * np.cos(turn))
        across = np.abs(dx * np.cos(turn) + dy * np.sin(turn))
        long = np.maximum(length[rest], length[best])
        wide = np.maximum(width[rest], width[best])
        left = rest[(along > 0.65 * long) | (across > 0.8 * wide)]
    return np.array(kept, np.intp)
