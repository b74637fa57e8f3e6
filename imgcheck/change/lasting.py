"""Patches of ground that changed once and for good, found in dated pictures of one place.

At such a patch every earlier picture differs from every later one, and by more than the earlier
ones, or the later ones, differ among themselves. In ground that merely varies (fields, water
levels, light) the same happens by chance for *any* division of the pictures into two groups; the
divisions that do not follow time show how often, and how strongly.
"""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels, robust_sigma

# Least gap between the two groups in units of the usual difference of two pictures.
LEAST_GAP = 2.0

# The gap between the nearest members must be this share of the gap between the means.
LEAST_SEPARATION = 0.5

SMALLEST_PATCH_PX = 6

# Pixels of a patch with less than this share of its largest gap are not asked.
CORE = 0.4

# How many times heavier than those of chance a patch must be that sets the first or the last
# picture apart from all others. Some picture is the oddest of all, and often it is one of these.
# benchmarks: change, "farmland".
ODD_ONE_OUT = 2.0

# Divisions drawn to learn what chance does; all of them when there are fewer.
_MOST_DIVISIONS = 12
_SEED = 20170924


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One patch of lasting change.

    Attributes
    ----------
    split : int
        The change came after reference ``split`` and before reference ``split + 1`` (from 0).
    rows, columns : ndarray of int
        The pixels of its core.
    weight : float
        Summed gap, in units of the usual difference.
    chance : float
        Expected share of chance among patches that weigh as much; 1 when that cannot be known.
    band, sign : ndarray
        For each pixel the band that shows the change, and +1 where the later state is higher.
    """

    split: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    weight: float
    chance: float
    band: NDArray[np.intp]
    sign: NDArray[np.float32]


def usual_difference(states: list[Pixels], known: Mask) -> Pixels:
    """Robust deviation of one picture from another, band by band, shape (C,)."""
    bands = states[0].shape[2]
    samples = [state[known][:: max(1, int(known.sum()) // 20_000)] for state in states]
    spreads = [
        [robust_sigma((one - two)[:, band]) / np.sqrt(2) for band in range(bands)]
        for one, two in combinations(samples, 2)
    ]
    # Never below one step of a uint8 picture.
    return np.maximum(np.median(np.array(spreads), axis=0), 1 / 255).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lowest, highest and mean value of some pictures at each pixel, shape (M, N, C)."""

    low: Pixels
    high: Pixels
    mean: Pixels


def _group(states: list[Pixels]) -> Group:
    return Group(
        low=np.minimum.reduce(states),
        high=np.maximum.reduce(states),
        mean=np.add.reduce(states) / np.float32(len(states)),
    )


def gap(earlier: Group, later: Group, noise: Pixels) -> tuple[Pixels, NDArray[np.intp], Pixels]:
    """How far two groups of pictures stand apart at each pixel.

    Returns
    -------
    size : ndarray of shape (M, N)
        Gap between the nearest members in units of ``noise``; 0 where the groups mix.
    band : ndarray of shape (M, N)
        Band that shows it best.
    sign : ndarray of shape (M, N)
        +1 where the later group is higher.
    """
    up, down = later.low - earlier.high, earlier.low - later.high
    nearest = np.maximum(up, down)
    clear = nearest >= LEAST_SEPARATION * np.abs(later.mean - earlier.mean)
    size = np.where(clear, nearest / noise, np.float32(0))
    band = size.argmax(axis=2)
    pick = band[..., None]
    rises = np.take_along_axis(up > down, pick, axis=2)[..., 0]
    best = np.take_along_axis(size, pick, axis=2)[..., 0]
    return best, band, np.where(rises, np.float32(1), np.float32(-1))


def _components(size: Pixels, known: Mask) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Label patches, and weigh them; those too small get no weight."""
    flagged = ((size > LEAST_GAP) & known).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(flagged, connectivity=8)
    weights = np.bincount(labels.reshape(-1), weights=size.reshape(-1), minlength=count)
    weights[stats[:, cv2.CC_STAT_AREA] < SMALLEST_PATCH_PX] = 0
    weights[0] = 0
    return np.asarray(labels, dtype=np.int32), weights.astype(np.float64)


def _divisions(count: int, size: int) -> list[tuple[int, ...]]:
    """Groups of ``size`` of ``count`` pictures that are not the first or the last ones."""
    in_time = {tuple(range(size)), tuple(range(count - size, count))}
    every = [group for group in combinations(range(count), size) if group not in in_time]
    if 2 * size == count:
        every = [group for group in every if 0 in group]
    if len(every) <= _MOST_DIVISIONS:
        return every
    rng = np.random.default_rng(_SEED)
    chosen = rng.choice(len(every), size=_MOST_DIVISIONS, replace=False)
    return [every[k] for k in np.sort(chosen)]


def chance_weights(states: list[Pixels], known: Mask) -> dict[int, list[NDArray[np.float64]]]:
    """Weights of the patches of divisions that do not follow time, by size of the smaller group."""
    noise = usual_difference(states, known)
    result: dict[int, list[NDArray[np.float64]]] = {}
    for size in range(1, len(states) // 2 + 1):
        result[size] = []
        for group in _divisions(len(states), size):
            inside = _group([states[k] for k in group])
            outside = _group([state for k, state in enumerate(states) if k not in group])
            found = _components(gap(inside, outside, noise)[0], known)[1]
            result[size].append(np.sort(found[found > 0]))
    return result


def lasting_patches(
    states: list[Pixels], known: Mask, *, chance: dict[int, list[NDArray[np.float64]]]
) -> list[Patch]:
    """Find the patches of lasting change between each reference and the next.

    Parameters
    ----------
    states : list of ndarray of shape (M, N, C)
        The references in order of time, comparable in radiometry.
    known : ndarray of shape (M, N), bool
    chance : dict
        What :func:`chance_weights` gives for these or more references of the place.

    Returns
    -------
    list of Patch
        With two references every patch has ``chance`` 1: nothing tells lasting from passing.
    """
    noise = usual_difference(states, known)
    patches: list[Patch] = []
    for split in range(len(states) - 1):
        size, band, sign = gap(_group(states[: split + 1]), _group(states[split + 1 :]), noise)
        smaller = min(split + 1, len(states) - split - 1)
        labels, weights = _components(size, known)
        nulls = chance.get(smaller, [])
        patches += _patches(split, labels, weights, size, band, sign, nulls, alone=smaller == 1)
    return patches


def _patches(
    split: int,
    labels: NDArray[np.int32],
    weights: NDArray[np.float64],
    size: Pixels,
    band: NDArray[np.intp],
    sign: Pixels,
    nulls: list[NDArray[np.float64]],
    *,
    alone: bool,
) -> list[Patch]:
    """Give every patch of one split its expected share of chance."""
    ordered = np.sort(weights[weights > 0])
    order = np.argsort(labels, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(labels.reshape(-1), minlength=weights.size))
    result = []
    for label in np.flatnonzero(weights):
        weight = float(weights[label])
        as_heavy = ordered.size - np.searchsorted(ordered, weight, side="left")
        # The worst division stands for chance: one picture of an odd season among the references
        # makes heavy patches wherever it is set apart, and the first or last may be the odd one.
        near = weight / ODD_ONE_OUT if alone else weight
        by_chance = max((int((null >= near).sum()) for null in nulls), default=as_heavy)
        # Half of one more than was seen: none seen in few divisions is no proof of none.
        chance = (by_chance + 0.5 / len(nulls)) / as_heavy if nulls else 1.0
        inside = order[ends[label - 1] : ends[label]]
        heights = size.reshape(-1)[inside]
        # Taking the surroundings off puts a faint rim around every change: keep its core.
        inside = inside[heights >= CORE * heights.max()]
        rows, columns = np.unravel_index(inside, labels.shape)
        result.append(
            Patch(
                split=split,
                rows=rows,
                columns=columns,
                weight=weight,
                chance=float(min(chance, 1.0)),
                band=band[rows, columns],
                sign=sign[rows, columns],
            )
        )
    return result
