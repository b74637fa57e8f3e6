"""What a comparison would have missed: ground moved within this very picture, and looked for."""

import numpy as np
from numpy.typing import NDArray

from imgcheck.forensics import noise
from imgcheck.forensics.noise import Expectation
from imgcheck.forensics.prediction import Prediction

Powers = tuple[tuple[float, int, int], ...]

#: Sides that are tried, grid pixels.
SIZES = (12, 16, 20, 24, 32, 48, 64, 96)
_TRIED = 40
_WANTED = 0.9
# A move that changes less than this, mean absolute gray levels, cannot be seen by anybody.
_VISIBLE = 2.0
_LEAST_TRIED = 10
_SEED = 20170924
_GAP = 40


def powers(
    found: Prediction,
    difference: NDArray[np.float32],
    usable: NDArray[np.bool_],
    null: Expectation,
    threshold: float,
) -> Powers:
    """Move patches of the picture elsewhere in it, and count how many are found.

    Parameters
    ----------
    found : Prediction
    difference : (m, n) float32
        Picture less prediction.
    usable : (m, n) bool
    null : Expectation
    threshold : float

    Returns
    -------
    tuple of (size in picture pixels, found, tried)
        Moves that change less than two gray levels in the mean are not counted.
    """
    answer = []
    rng = np.random.default_rng(_SEED)
    scale = float(np.sqrt(np.prod(found.to_picture)))
    for size in SIZES:
        changed, places = _moved(found, difference, usable, size, rng)
        if len(places) < _LEAST_TRIED:
            break
        score = noise.scores(noise.energies(changed, usable.astype(np.float32)), null)
        hits = 0
        for y, x in places:
            window = np.s_[
                y // noise.CELL : (y + size) // noise.CELL + 1,
                x // noise.CELL : (x + size) // noise.CELL + 1,
            ]
            hits += bool(np.nan_to_num(score[window], nan=-np.inf).max() >= threshold)
        answer.append((size * scale, hits, len(places)))
        if hits == len(places):
            break
    return tuple(answer)


def _moved(
    found: Prediction,
    difference: NDArray[np.float32],
    usable: NDArray[np.bool_],
    size: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """Give the difference with patches moved, and where they went."""
    rows, cols = usable.shape
    changed = difference.copy()
    taken = np.zeros(usable.shape, bool)
    places: list[tuple[int, int]] = []
    for _ in range(12 * _TRIED):
        if len(places) >= _TRIED or min(rows, cols) <= size + 2:
            break
        y, x, v, u = (int(rng.integers(0, n - size)) for n in (rows, cols, rows, cols))
        here, there = np.s_[y : y + size, x : x + size], np.s_[v : v + size, u : u + size]
        near = np.s_[max(0, y - _GAP) : y + size + _GAP, max(0, x - _GAP) : x + size + _GAP]
        if max(abs(y - v), abs(x - u)) < size or taken[near].any():
            continue
        if not (usable[here].all() and usable[there].all()):
            continue
        moved = found.picture[there] - found.predicted[here]
        if np.abs(found.picture[there] - found.picture[here]).mean() < _VISIBLE:
            continue
        changed[here] = moved
        taken[here] = True
        places.append((y, x))
    return changed, places


def smallest(found: Powers) -> float | None:
    """Give the smallest size from which on at least nine in ten are found."""
    answer = None
    for size, hits, tried in reversed(found):
        if hits < _WANTED * tried:
            break
        answer = size
    return answer


def reason(found: Powers) -> str:
    """Say why no size is found nine times in ten."""
    if not found:
        return "moving ground within the picture changes too little to be seen"
    size, hits, tried = found[-1]
    return f"of squares of {size:.0f} px moved within the picture {hits} of {tried} were found"
