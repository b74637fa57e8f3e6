"""What would be found: objects of known size and contrast, put into this very pair."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels, blurred

# Sides tried, pixels, and contrasts, share of full scale.
SIDES = (3, 4, 6, 8, 11, 16, 24, 40)
CONTRASTS = (0.08, 0.15, 0.3)
LOOKS = ("block", "pit")

# Contrast for which one size is stated.
STATED = 0.15

# Distance of the objects, pixels: their scores do not touch.
_APART = 76
_ROUNDS = 3

# Share of an object that must be flagged for it to count as found.
_SHARE = 0.3

# Sides of a cell of the map, and deviation of the window over which texture is measured, pixels.
CELL = 32
_TEXTURE = 10.0

# Ridge of the logistic fit: the weight of its prior, with the slopes below, in objects.
_PRIOR = 1.0
_SLOPES = (3.0, 3.0, -1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Objects of one look, size and contrast: how many were put in, and how many were found."""

    look: str
    side_px: float
    contrast: float
    tried: int
    found: int
    #: Share that is expected to be found, from all sizes and contrasts together.
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Power:
    """What would be found of objects of each look.

    ``block`` is a square that is brighter or darker than its ground, ``pit`` a disc with a lit and
    a shaded half.
    """

    tried: tuple[Tried, ...]
    #: Side in pixels of the smallest block of contrast 0.15 that is found at 9 of 10 places; `None`
    #: where the largest is not.
    side_px: float | None
    #: Of blocks: the constant of the logistic law, and its slopes by the logarithms of size,
    #: contrast over 0.15, and texture.
    law: tuple[float, float, float, float]

    def sides(self, after: Pixels, known: Mask) -> Pixels:
        """Return that side for cells of 32 px by their texture; NaN where none is found."""
        ground = texture(after)
        cells = (max(1, round(known.shape[1] / CELL)), max(1, round(known.shape[0] / CELL)))
        around = cv2.resize(ground, cells, interpolation=cv2.INTER_AREA)
        there = cv2.resize(known.astype(np.float32), cells, interpolation=cv2.INTER_AREA)
        law = np.array(self.law)
        sides = np.array([_side(law, float(each)) for each in around.ravel()], np.float32)
        return np.where(there < 0.5, np.float32(np.nan), sides.reshape(around.shape))


#: Of a pair that cannot be compared.
NOTHING = Power(tried=(), side_px=None, law=(-np.inf, *_SLOPES))


def texture(picture: Pixels) -> Pixels:
    """Return the deviation of brightness around each pixel."""
    layer = np.ascontiguousarray(picture.mean(axis=2))
    fine = layer - blurred(layer, 2.0)
    return np.sqrt(np.maximum(blurred(fine**2, _TEXTURE), np.float32(1e-8)))


def measure(
    rescore: Callable[[Pixels], Pixels],
    after: Pixels,
    z: Pixels,
    known: Mask,
    threshold: float,
    *,
    least_weight: Callable[[float], float],
    nominal: float,
    least_contrast: float = 0.0,
) -> Power:
    """Put objects into ``after`` where nothing is flagged, score the pair again, and count.

    An object is found where it has ``least_contrast``, 0.3 of it is over ``threshold``, and its
    excess over ``nominal`` weighs what ``least_weight`` states for the contrast. The shares are
    smoothed by a logistic law in the logarithms of size, contrast and texture (D. R. Cox, "The
    regression analysis of binary sequences", J. R. Statistical Soc. B 20, 1958), whose last term
    gives the map.
    """
    ground = texture(after)
    least = {contrast: least_weight(contrast) for contrast in CONTRASTS}
    rows = []
    for turn in range(_ROUNDS):
        picture, placed = _with_objects(after, z, known, threshold, turn)
        if not placed:
            break
        scored = rescore(picture)
        for look, contrast, part in placed:
            inside = scored[part]
            over = inside > threshold
            weight = float(np.where(over, inside - nominal, 0).sum())
            hit = over.mean() >= _SHARE and weight >= least[contrast] and contrast >= least_contrast
            rows.append((look, inside.shape[0], contrast, float(ground[part].mean()), hit))
    laws = [_law([row for row in rows if row[0] == look]) for look in range(len(LOOKS))]
    usual = float(np.median(ground[known])) if known.any() else 1.0
    tried = []
    for look, name in enumerate(LOOKS):
        for side in SIDES:
            for contrast in CONTRASTS:
                hits = [row[4] for row in rows if row[:3] == (look, side, contrast)]
                own = [row[3] for row in rows if row[:3] == (look, side, contrast)] or [usual]
                expected = _shares(laws[look], side, contrast, np.array(own)).mean()
                tried.append(
                    Tried(
                        look=name,
                        side_px=float(side),
                        contrast=contrast,
                        tried=len(hits),
                        found=int(sum(hits)),
                        expected=float(expected),
                    )
                )
    middle = np.sort(ground[known].ravel())[:: max(1, int(known.sum()) // 500)]
    return Power(
        tried=tuple(tried),
        side_px=_found_everywhere(laws[0], middle),
        law=(float(laws[0][0]), float(laws[0][1]), float(laws[0][2]), float(laws[0][3])),
    )


def _terms(
    side: NDArray[np.floating], contrast: NDArray[np.floating], ground: NDArray[np.floating]
) -> NDArray[np.float64]:
    one = np.ones(np.broadcast(side, contrast, ground).shape)
    return np.stack(
        [one, np.log(side) * one, np.log(contrast / STATED) * one, np.log(ground) * one], axis=-1
    )


def _law(rows: list[tuple[int, int, float, float, bool]]) -> NDArray[np.float64]:
    """Fit the logistic law by Newton's method, its slopes drawn to usual ones."""
    if not rows:
        return np.array([-np.inf, *_SLOPES])
    _, side, contrast, ground, hit = (np.array(column, float) for column in zip(*rows, strict=True))
    terms = _terms(side, contrast, ground)
    prior = np.array([0.0, *_SLOPES])
    weight = np.diag([1e-3, *[_PRIOR] * 3])

    def badness(law: NDArray[np.float64]) -> float:
        value = terms @ law
        away = law - prior
        return float(np.sum(np.logaddexp(0, value) - hit * value) + away @ weight @ away / 2)

    law = prior.copy()
    law[0] = -float(np.median(terms @ prior))
    for _ in range(60):
        share = 1 / (1 + np.exp(-np.clip(terms @ law, -30, 30)))
        slope = terms.T @ (hit - share) - weight @ (law - prior)
        bend = (terms.T * (share * (1 - share))) @ terms + weight
        step = np.linalg.solve(bend, slope)
        step *= min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-9))
        while badness(law + step) > badness(law) and np.abs(step).max() > 1e-7:
            step /= 2
        law += step
        if np.abs(step).max() < 1e-6:
            break
    return law


def _shares(
    law: NDArray[np.float64], side: float, contrast: float, ground: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the share of objects that the law expects to be found on each ground."""
    value = _terms(np.array(side), np.array(contrast), ground) @ law
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def _side(law: NDArray[np.float64], ground: float) -> float:
    """Return the smallest side of the stated contrast found 9 times in 10; NaN for none."""
    rest = law[0] + law[3] * np.log(ground)
    if law[1] <= 0 or not np.isfinite(rest):
        return np.nan
    side = float(np.exp((np.log(9) - rest) / law[1]))
    return max(side, float(SIDES[0])) if side <= SIDES[-1] else np.nan


def _found_everywhere(law: NDArray[np.float64], grounds: NDArray[np.floating]) -> float | None:
    """Return the smallest side that is found at 9 of 10 places, over all grounds."""
    for side in np.geomspace(SIDES[0], SIDES[-1], 60):
        if grounds.size and _shares(law, float(side), STATED, grounds).mean() >= 0.9:
            return float(side)
    return None


def _with_objects(
    after: Pixels, z: Pixels, known: Mask, threshold: float, turn: int
) -> tuple[Pixels, list[tuple[int, float, tuple[slice, slice]]]]:
    """Return the picture with objects, and the look, contrast and place of each."""
    result = after.copy()
    rows, columns = known.shape
    every = [(look, side, contrast) for contrast in CONTRASTS for side in SIDES
             for look in range(len(LOOKS))]  # fmt: skip
    placed = []
    number = turn
    for top in range(8, rows - SIDES[-1] - 8, _APART):
        for left in range(8, columns - SIDES[-1] - 8, _APART):
            # A step without a common divisor visits all of them in turn.
            look, side, contrast = every[(number * 19) % len(every)]
            number += 1
            part = np.s_[top : top + side, left : left + side]
            if not known[part].all() or (z[part] > threshold).any():
                continue
            result[part] = _object(result[part], look, contrast, turn + number)
            placed.append((look, contrast, part))
    return result, placed


def _object(ground: Pixels, look: int, contrast: float, number: int) -> Pixels:
    """Return ground with an object: a square, or a disc with a lit and a shaded half."""
    level = np.median(ground, axis=(0, 1))
    if look == 0:
        step = contrast if float(level.mean()) < 0.5 else -contrast
        return np.clip(level + step + 0.3 * (ground - level), 0, 1).astype(np.float32)
    side = ground.shape[0]
    y, x = (np.indices((side, side)) + 0.5) / side * 2 - 1
    turned = x * np.cos(number * 2.4) + y * np.sin(number * 2.4)
    inside = np.hypot(x, y) <= 1
    halves = np.where(inside, contrast * np.sign(turned), 0)[..., None]
    return np.clip(ground + halves, 0, 1).astype(np.float32)
