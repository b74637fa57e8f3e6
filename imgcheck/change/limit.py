"""The smallest object that would be found, by putting squares into this very pair."""

from collections.abc import Callable

import numpy as np

from imgcheck.change.grid import Mask, Pixels

# Sides tried, pixels, and the least number of squares of each.
_SIDES = (6, 10, 16, 24, 40)
_FEWEST = 10
_MOST_ROUNDS = 2

# Distance of the squares, pixels: their scores do not touch.
_APART = 64

# Share of a square that must be flagged for it to count as found.
_SHARE = 0.3


def smallest_injected(
    rescore: Callable[[Pixels], Pixels],
    after: Pixels,
    z: Pixels,
    known: Mask,
    threshold: float,
    *,
    contrast: float,
    least_weight: float,
) -> int | None:
    """Return the side in pixels of the smallest square that is found at 9 of 10 places.

    Squares of all sizes are put into ``after`` at once, where nothing is flagged, and the pair is
    scored again. A size counts only if all larger ones are found as well; None where no size is, or
    where the pair has no room for ten squares of each size.
    """
    found = {side: [0, 0] for side in _SIDES}
    for turn in range(_MOST_ROUNDS):
        if all(total >= _FEWEST for _, total in found.values()):
            break
        picture, places = _with_squares(after, z, known, threshold, contrast, turn)
        scored = rescore(picture)
        for top, left, side in places:
            part = scored[top : top + side, left : left + side]
            weight = float(np.maximum(part - threshold, 0).sum())
            hit = (part > threshold).mean() >= _SHARE and weight >= least_weight
            found[side][0] += int(hit)
            found[side][1] += 1
    smallest = None
    for side in reversed(_SIDES):
        hits, total = found[side]
        if total < _FEWEST or hits < 0.9 * total:
            break
        smallest = side
    return smallest


def _with_squares(
    after: Pixels, z: Pixels, known: Mask, threshold: float, contrast: float, turn: int
) -> tuple[Pixels, list[tuple[int, int, int]]]:
    """Return the picture with squares, and their places: top, left, side."""
    result = after.copy()
    rows, columns = known.shape
    places = []
    number = turn * 2
    for top in range(8, rows - 48, _APART - 16 * (min(rows, columns) < 512)):
        for left in range(8, columns - 48, _APART - 16 * (min(rows, columns) < 512)):
            side = _SIDES[number % len(_SIDES)]
            number += 1
            part = np.s_[top : top + side, left : left + side]
            if not known[part].all() or (z[part] > threshold).any():
                continue
            level = np.median(result[part], axis=(0, 1))
            step = contrast if float(level.mean()) < 0.5 else -contrast
            result[part] = np.clip(level + step + 0.3 * (result[part] - level), 0, 1)
            places.append((top, left, side))
    return result, places
