"""What dated pictures of one place show of every pixel: did it change for good, and when?

Each pixel of the references is explained by one value, or by two values and a division of the
pictures in those that show the one and those that show the other. Divisions that follow time are
changes that last. Ground that merely varies (fields, water levels, light) is divided by chance in
any way; the divisions that do not follow time show how often.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Pixels, robust_sigma

# The noise of each pixel is that of its own series, with this many observations of usual noise.
_PRIOR_OBSERVATIONS = 4.0

# Variance of the values of the ground, in units of the usual noise.
_GROUND_VARIANCE = 9.0

# A single pixel is never more certain than this: about 9 nats.
_MOST_CERTAIN = 0.9999

# Share of pixels of a picture that show something else: cars, clouds, drawings.
_ANYTHING = 0.05
_ANYTHING_VARIANCE = 60.0

# Assumed shares of divided pixels before the references are seen, and the rounds that refine them.
_DIVIDED = 0.3
_ROUNDS = 8

# Divisions of each size that do not follow time; all of them where there are fewer.
_MOST_DIVISIONS = 12
_SEED = 20170924

# Part of the pixels divided as time does that is never counted as chance.
_LEAST_LASTING = 0.02


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lasting:
    """What the references show of every pixel; arrays are (gaps, pixels, ...).

    Attributes
    ----------
    count : int
        Number of references.
    earlier, later : (J, N, C) float32
        Mean of the references before and after each gap.
    spread : (J, N) float32
        Variance of one picture around these means.
    mean : (N, C) float32
    mean_spread : (N,) float32
        The same for a pixel that is not divided.
    lasting, passing : (J, N) float32
        Probability that the pixel changed for good in this gap; that it is divided there by chance.
    share : (J,) float
        Share of the pixels that changed for good in each gap.
    """

    count: int
    earlier: Pixels
    later: Pixels
    spread: Pixels
    mean: Pixels
    mean_spread: Pixels
    lasting: Pixels
    passing: Pixels
    share: NDArray[np.float64]


def usual_noise(states: Pixels) -> Pixels:
    """Return the robust deviation of one picture from another by band; ``states`` is (K, N, C)."""
    few = states[:, :: max(1, states.shape[1] // 20_000)]
    spreads = [
        [robust_sigma((few[i] - few[j])[:, band]) / np.sqrt(2) for band in range(few.shape[2])]
        for i, j in combinations(range(len(few)), 2)
    ]
    # Never below one step of a uint8 picture.
    return np.maximum(np.median(np.array(spreads), axis=0), 1 / 255).astype(np.float32)


def fit(states: Pixels) -> Lasting:
    """Explain every pixel of the references.

    Parameters
    ----------
    states : (K, N, C) float32
        References in order of time, in units of `usual_noise`.
    """
    count, _, bands = states.shape
    total, squares = states.sum(axis=0), (states**2).sum(axis=0)
    by_time = [tuple(range(size)) for size in range(1, count)]
    misfit, chances = _divided(states, total, squares, by_time)
    undivided = _misfit((squares - total**2 / count).sum(axis=1), bands)
    still = _marginal(undivided, count, bands) - 0.5 * bands * np.log1p(count * _GROUND_VARIANCE)
    others = {
        size: _divided(states, total, squares, groups)[1]
        for size, groups in _not_by_time(count).items()
        if groups
    }
    top = np.maximum.reduce([still, chances.max(axis=0), *(g.max(axis=0) for g in others.values())])
    share, passing, explained = _shares(
        np.exp(still - top),
        np.exp(chances - top),
        {size: np.exp(group - top) for size, group in others.items()},
        count,
    )
    sums = np.cumsum(states[:-1], axis=0)
    sizes = np.arange(1, count, dtype=np.float32)[:, None, None]
    degrees = bands * (count + _PRIOR_OBSERVATIONS)
    return Lasting(
        count=count,
        earlier=sums / sizes,
        later=(total - sums) / (count - sizes),
        spread=misfit / np.float32(degrees),
        mean=total / np.float32(count),
        mean_spread=undivided / np.float32(degrees),
        lasting=(share[:, None] * explained).astype(np.float32),
        passing=(passing[:, None] * explained).astype(np.float32),
        share=share,
    )


def _misfit(squares: Pixels, bands: int) -> Pixels:
    return np.asarray(np.maximum(squares, 0) + _PRIOR_OBSERVATIONS * bands, dtype=np.float32)


def _marginal(misfit: Pixels, count: int, bands: int) -> Pixels:
    """Return the log-likelihood of a series of unknown noise, but for the price of its means."""
    return np.asarray(-0.5 * bands * (count + _PRIOR_OBSERVATIONS) * np.log(misfit))


def _divided(
    states: Pixels, total: Pixels, squares: Pixels, groups: list[tuple[int, ...]]
) -> tuple[Pixels, Pixels]:
    """Return misfit and log-likelihood of each division of the pictures, (divisions, N)."""
    count, pixels, bands = states.shape
    member = np.zeros((len(groups), count), np.float32)
    for row, group in zip(member, groups, strict=True):
        row[list(group)] = 1
    size = member.sum(axis=1)
    inside = (member @ states.reshape(count, -1)).reshape(-1, pixels, bands)
    explained = inside**2 / size[:, None, None]
    explained += (total - inside) ** 2 / (count - size)[:, None, None]
    misfit = _misfit((squares - explained).sum(axis=2), bands)
    price = np.log1p(size * _GROUND_VARIANCE) + np.log1p((count - size) * _GROUND_VARIANCE)
    chance = _marginal(misfit, count, bands) - 0.5 * bands * price[:, None]
    return misfit, chance.astype(np.float32)


def _not_by_time(count: int) -> dict[int, list[tuple[int, ...]]]:
    """Return divisions that are not the first or last pictures, by size of the smaller group."""
    rng = np.random.default_rng(_SEED)
    result = {}
    for size in range(1, count // 2 + 1):
        in_time = {tuple(range(size)), tuple(range(count - size, count))}
        every = [group for group in combinations(range(count), size) if group not in in_time]
        if 2 * size == count:
            every = [group for group in every if 0 in group]
        if len(every) > _MOST_DIVISIONS:
            chosen = np.sort(rng.choice(len(every), _MOST_DIVISIONS, replace=False))
            every = [every[k] for k in chosen]
        result[size] = every
    return result


def _shares(
    undivided: Pixels, by_time: Pixels, others: dict[int, Pixels], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.floating]]:
    """Estimate how many pixels each division explains (expectation maximisation).

    Returns the share of the pixels that changed for good in each gap, the share divided there by
    chance, and the likelihood of a change in each gap over that of all explanations, (J, N).
    The worst division that does not follow time is what chance does in a gap: one picture of an
    unusual season has many pixels in every division that separates it, and it may be the first one.
    """
    smaller = [min(size, count - size) for size in range(1, count)]
    number = {
        size: comb(count, size) // (2 if 2 * size == count else 1) - smaller.count(size)
        for size in others
    }
    still = 1 - _DIVIDED
    timed = np.full(count - 1, _DIVIDED / 2 / (count - 1))
    each = {size: _DIVIDED / 2 / max(sum(number.values()), 1) for size in others}
    usual = {size: group.mean(axis=0) for size, group in others.items()}
    for left in reversed(range(_ROUNDS)):
        every = still * undivided + np.tensordot(timed, by_time, 1)
        for size in others:
            every = every + each[size] * number[size] * usual[size]
        if left:  # the shares of the last round are those that ``every`` was made with
            still *= float((undivided / every).mean())
            timed = timed * (by_time / every).mean(axis=1)
            each = {size: each[size] * float((usual[size] / every).mean()) for size in others}
    worst = {
        size: each[size] * float((group / every).mean(axis=1).max())
        for size, group in others.items()
    }
    chance = np.array([worst.get(size, 0.0) for size in smaller])
    share = np.maximum(timed - chance, _LEAST_LASTING * timed)
    return share, timed - share, by_time / every


def ratio(picture: Pixels, fitted: Lasting) -> Pixels:
    """Return the log-likelihood ratio "later" against "earlier" of every gap and pixel, (J, N).

    ``picture`` is (N, C), in the units of the references. A ratio near 0 is a pixel that did not
    change in that gap, or that shows neither state.
    """
    count, bands = fitted.count, picture.shape[1]
    sizes = np.arange(1, count, dtype=np.float32)[:, None]
    old_spread = (fitted.spread * (1 + 1 / sizes)).astype(np.float32)
    new_spread = (fitted.spread * (1 + 1 / (count - sizes))).astype(np.float32)
    old = _density(picture, fitted.earlier, old_spread, count)
    new = _density(picture, fitted.later, new_spread, count)
    plain = _density(picture, fitted.mean, fitted.mean_spread * (1 + 1 / count), count)
    top = np.maximum(np.maximum(old.max(axis=0), new.max(axis=0)), plain)
    old, new, plain = np.exp(old - top), np.exp(new - top), np.exp(plain - top)
    middle = (old + new) / 2
    divided = np.minimum((fitted.lasting + fitted.passing).sum(axis=0), 1)
    anything = np.exp(np.maximum(-0.5 * bands * np.log(_ANYTHING_VARIANCE) - top, -50))
    every = (1 - divided) * plain + _ANYTHING * anything
    every = every + ((fitted.lasting + fitted.passing) * middle).sum(axis=0)
    step = np.clip(fitted.lasting * (new - old) / 2 / every, -_MOST_CERTAIN, _MOST_CERTAIN)
    return np.asarray(np.log1p(step) - np.log1p(-step), dtype=np.float32)


def _density(picture: Pixels, mean: Pixels, variance: Pixels, count: int) -> Pixels:
    """Return the log-density of a picture (Student's t), up to a constant."""
    bands = picture.shape[1]
    degrees = bands * (count + _PRIOR_OBSERVATIONS)
    distance = ((picture - mean) ** 2).sum(axis=-1) / variance
    tail = -0.5 * (degrees + bands) * np.log1p(distance / degrees)
    return np.asarray(tail - 0.5 * bands * np.log(variance), dtype=np.float32)
