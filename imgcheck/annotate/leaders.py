"""Place labels at the two sides of a picture so that no two leader lines cross."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment


def assign(points: NDArray[np.float64], ports: NDArray[np.float64]) -> NDArray[np.intp]:
    """Assign a port to each point so that straight lines between them do not cross.

    Parameters
    ----------
    points : (N, 2) float
        Where the lines begin.
    ports : (M, 2) float, M >= N
        Where labels may stand.

    Returns
    -------
    (N,) int
        The port of each point.

    Notes
    -----
    The assignment of least total length is free of crossings: two crossing lines could be exchanged
    for two that do not cross and are shorter together (triangle inequality).

    References
    ----------
    .. [1] M. A. Bekos et al., "Boundary labeling: models and efficient algorithms for rectangular
       maps", Computational Geometry 36, 2007.
    """
    lengths = np.hypot(*(points[:, None] - ports[None]).transpose(2, 0, 1))
    _, chosen = linear_sum_assignment(lengths)
    return np.asarray(chosen, np.intp)
