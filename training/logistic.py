"""Logistic regression by Newton's method, for the fits of the benchmarks."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fit(
    features: Array,
    label: Array,
    *,
    penalty: float,
    start: Array | None = None,
    weight: Array | None = None,
) -> Array:
    """Weights, then the bias, that make ``label`` (0 or 1) most probable; ridge penalty."""
    sample = np.ones(len(features)) if weight is None else weight
    x = np.c_[features, np.ones(len(features))]
    weights = np.zeros(x.shape[1]) if start is None else start.copy()
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 1e-2
    sign = np.where(label > 0, -1.0, 1.0)

    def loss(w: Array) -> float:
        return float((sample * np.logaddexp(0, sign * (x @ w))).sum() + 0.5 * (ridge * w * w).sum())

    value = loss(weights)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (sample * (label - p)) - ridge * weights
        curve = (x * (sample * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        share = 1.0
        while share > 1e-4 and loss(weights + share * step) > value:
            share /= 2
        weights = weights + share * step
        after = loss(weights)
        if value - after < 1e-3:
            break
        value = after
    return weights
