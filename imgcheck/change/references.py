"""Dated pictures of one place: preparation for comparison, and patches of lasting change.

At a patch of lasting change every earlier picture differs from every later one, and by more than
the earlier ones, or the later ones, differ among themselves. On ground that merely varies (fields,
water levels, light) the same happens by chance for *any* division of the pictures into two groups;
the divisions that do not follow time show how often, and how strongly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import (
    Frame,
    Mask,
    Pixels,
    as_bands,
    filled,
    grey,
    in_grey,
    medians,
    opponent,
    robust_sigma,
    same_grid,
    smooth,
    usable,
)
from imgcheck.change.radiometry import fit_radiometry, match_radiometry
from imgcheck.change.shift import move_back, residual_shift
from imgcheck.errors import UsageError

# Larger pictures are reduced to this number of pixels.
_WORKING_PIXELS = 250_000

# Band of detail that is kept: smoothing at the fine end, subtraction of the mean at the coarse end.
_FINE_PX, _COARSE_PX = 1.2, 12.0

Dated = tuple[NDArray[Any], date]


def moment(value: date) -> datetime:
    """Return a date or time for ordering; one without a zone counts as UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def in_order(references: Sequence[Dated]) -> list[Dated]:
    """Sort references by date; refuse fewer than two, and equal dates."""
    if len(references) < 2:
        raise UsageError(
            f"{len(references)} dated reference given; at least two are needed to date a picture"
        )
    for _, when in references:
        if not isinstance(when, date):
            raise UsageError(f"the date of a reference must be a date or datetime, not {when!r}")
    ordered = sorted(references, key=lambda item: moment(item[1]))
    for (_, one), (_, two) in pairwise(ordered):
        if moment(one) == moment(two):
            raise UsageError(f"two references are dated {one.isoformat()}; keep one of them")
    return ordered


def _smaller(bands: Pixels, known: Mask) -> tuple[Pixels, Mask, float]:
    """Reduce a picture to the working size; the factor converts back."""
    rows, columns = known.shape
    factor = math.sqrt(rows * columns / _WORKING_PIXELS)
    if factor <= 1:
        return bands, known, 1.0
    size = (max(round(columns / factor), 24), max(round(rows / factor), 24))
    layers = [
        cv2.resize(bands[..., k], size, interpolation=cv2.INTER_AREA) for k in range(bands.shape[2])
    ]
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.dstack(layers).astype(np.float32), share > 0.99, columns / size[0]


def prepared(
    picture: NDArray[Any], references: list[Dated], valid: Mask | None
) -> tuple[list[Pixels], Mask, float]:
    """Bring picture and references to one radiometry, sub-pixel position and band of detail.

    The picture comes last. All are matched to the reference in the middle of time.
    """
    names = [f"reference {k + 1}" for k in range(len(references))]
    named = {n: as_bands(n, array) for n, (array, _) in zip(names, references, strict=True)}
    named["picture"] = as_bands("picture", picture)
    same_grid(named)
    known = usable(named["picture"], valid)
    for bands in named.values():
        known = known & usable(bands, None)
    layers = [filled(bands, known, medians(bands, known)) for bands in named.values()]
    if in_grey(layers):
        layers = [grey(bands) for bands in layers]
    reduced = [_smaller(bands, known) for bands in layers]
    known, scale = reduced[0][1], reduced[0][2]
    layers = [bands for bands, _, _ in reduced]
    middle = (len(layers) - 1) // 2
    placed = []
    for k, bands in enumerate(layers):
        if k != middle and known.any():
            shift = residual_shift(layers[middle], bands, known)
            bands, still = move_back(bands, known, shift)
            known = known & still
        placed.append(bands)
    if known.sum() < 400:
        raise UsageError("picture and references have almost no area in common")
    states, at = [], Frame.whole(known.shape)
    for k, bands in enumerate(placed):
        fit = () if k == middle else fit_radiometry(placed[middle], bands, known, at)
        even = match_radiometry(bands, fit, at)
        even = opponent(even)
        states.append(smooth(even, known, _FINE_PX) - smooth(even, known, _COARSE_PX))
    return states, known, scale


# Least gap between the two groups in units of the usual difference of two pictures.
_LEAST_GAP = 2.0

# The gap between the nearest members must be this share of the gap between the means.
_LEAST_SEPARATION = 0.5

_SMALLEST_PATCH_PX = 6

# Pixels of a patch with less than this share of its largest gap are not used.
_CORE = 0.4

# How many times heavier than chance a patch must be that separates the first or the last picture
# from all others: often one of these is the most unusual. benchmarks: change, "farmland".
_ODD_ONE_OUT = 2.0

# Divisions drawn to measure chance; all of them when there are fewer.
_MOST_DIVISIONS = 12
_SEED = 20170924


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One patch of lasting change."""

    #: The change came after reference `split` and before reference `split + 1` (from 0).
    split: int
    #: The pixels of its core.
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    #: Summed gap, in units of the usual difference.
    weight: float
    #: Expected share of false patches among those that weigh as much; 1 when it is not known.
    chance: float
    #: For each pixel the band that shows the change, and +1 where the later state is higher.
    band: NDArray[np.intp]
    sign: NDArray[np.float32]


def _usual_difference(states: list[Pixels], known: Mask) -> Pixels:
    """Return the robust deviation of one picture from another, by band, shape (C,)."""
    bands = states[0].shape[2]
    samples = [state[known][:: max(1, int(known.sum()) // 20_000)] for state in states]
    spreads = [
        [robust_sigma((one - two)[:, band]) / np.sqrt(2) for band in range(bands)]
        for one, two in combinations(samples, 2)
    ]
    # Never below one step of a uint8 picture.
    return np.maximum(np.median(np.array(spreads), axis=0), 1 / 255).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Lowest, highest and mean value of some pictures at each pixel, shape (M, N, C)."""

    low: Pixels
    high: Pixels
    mean: Pixels


def _group(states: list[Pixels]) -> _Group:
    return _Group(
        low=np.minimum.reduce(states),
        high=np.maximum.reduce(states),
        mean=np.add.reduce(states) / np.float32(len(states)),
    )


def _gap(earlier: _Group, later: _Group, noise: Pixels) -> tuple[Pixels, NDArray[np.intp], Pixels]:
    """Return the gap (M, N) between two groups of pictures, its best band, and its sign.

    The gap is that of the nearest members in units of ``noise``, 0 where the groups overlap; the
    sign is +1 where the later group is higher.
    """
    up, down = later.low - earlier.high, earlier.low - later.high
    nearest = np.maximum(up, down)
    clear = nearest >= _LEAST_SEPARATION * np.abs(later.mean - earlier.mean)
    size = np.where(clear, nearest / noise, np.float32(0))
    band = size.argmax(axis=2)
    pick = band[..., None]
    rises = np.take_along_axis(up > down, pick, axis=2)[..., 0]
    best = np.take_along_axis(size, pick, axis=2)[..., 0]
    return best, band, np.where(rises, np.float32(1), np.float32(-1))


def _components(size: Pixels, known: Mask) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Label patches, and compute their weights; those too small have weight 0."""
    flagged = ((size > _LEAST_GAP) & known).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(flagged, connectivity=8)
    weights = np.bincount(labels.reshape(-1), weights=size.reshape(-1), minlength=count)
    weights[stats[:, cv2.CC_STAT_AREA] < _SMALLEST_PATCH_PX] = 0
    weights[0] = 0
    return np.asarray(labels, dtype=np.int32), weights.astype(np.float64)


def _divisions(count: int, size: int) -> list[tuple[int, ...]]:
    """Return groups of ``size`` of ``count`` pictures that are not the first or the last ones."""
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
    """Return patch weights of divisions that do not follow time, by size of the smaller group."""
    noise = _usual_difference(states, known)
    result: dict[int, list[NDArray[np.float64]]] = {}
    for size in range(1, len(states) // 2 + 1):
        result[size] = []
        for group in _divisions(len(states), size):
            inside = _group([states[k] for k in group])
            outside = _group([state for k, state in enumerate(states) if k not in group])
            found = _components(_gap(inside, outside, noise)[0], known)[1]
            result[size].append(np.sort(found[found > 0]))
    return result


def lasting_patches(
    states: list[Pixels], known: Mask, *, chance: dict[int, list[NDArray[np.float64]]]
) -> list[Patch]:
    """Find the patches of lasting change between each reference and the next.

    ``states`` are in order of time and comparable in radiometry; ``chance`` is the result of
    `chance_weights` for these or more references of the place. With two references every patch has
    ``chance`` 1: lasting and passing changes cannot be distinguished.
    """
    noise = _usual_difference(states, known)
    patches: list[Patch] = []
    for split in range(len(states) - 1):
        size, band, sign = _gap(_group(states[: split + 1]), _group(states[split + 1 :]), noise)
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
    """Return the patches of one split with their expected share of false ones."""
    ordered = np.sort(weights[weights > 0])
    order = np.argsort(labels, axis=None, kind="stable")
    ends = np.cumsum(np.bincount(labels.reshape(-1), minlength=weights.size))
    result = []
    for label in np.flatnonzero(weights):
        weight = float(weights[label])
        as_heavy = ordered.size - np.searchsorted(ordered, weight, side="left")
        # The worst division is used: one picture of an unusual season among the references has
        # heavy patches in every division that separates it, and it may be the first or last one.
        near = weight / _ODD_ONE_OUT if alone else weight
        by_chance = max((int((null >= near).sum()) for null in nulls), default=as_heavy)
        # Plus a half: none in few divisions does not prove that there are none.
        chance = (by_chance + 0.5 / len(nulls)) / as_heavy if nulls else 1.0
        inside = order[ends[label - 1] : ends[label]]
        heights = size.reshape(-1)[inside]
        # Subtracting the surroundings adds a faint rim around every change: keep the core.
        inside = inside[heights >= _CORE * heights.max()]
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
