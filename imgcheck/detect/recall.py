"""Measure detection power: insert craters into the picture and search for them."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import crater_search, injection, inputs, shipped, visible
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval, poisson_upper

TRIALS = 24  # per size: recall is then known to about 0.2
_STEPS = 8
# An inserted crater counts as found when a proposal lies within a quarter diameter of it and its
# size agrees within a factor of 1.6.
_NEAR = 0.25
_FACTOR = 1.6
_TRIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Detection power: recall by size on one picture."""

    kind: Literal["crater"] = "crater"
    #: Diameters inserted, share found, and its exact interval at `level`.
    sizes_m: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    #: Craters inserted per size.
    trials: tuple[int, ...] = ()
    #: Smallest size found with 50 % or 90 % probability; None where that is never reached.
    d50_m: float | None = None
    d90_m: float | None = None
    #: Share of the picture with room for a crater of the middle size on usable ground.
    share_of_picture: float = 0.0
    #: Upper limit at `level` of the number of craters of d90 (else d50) and larger on the searched
    #: ground if none was proposed; None where neither size is reached.
    missed_upper: float | None = None
    level: float
    reason: str = ""


def power(
    gray: ArrayLike,
    *,
    gsd: float,
    kind: str = "crater",
    valid: ArrayLike | None = None,
    sun_azimuth_deg: float | None = None,
    sizes_m: tuple[float, ...] | None = None,
    seed: int = 0,
    trials: int = TRIALS,
    level: float = 0.95,
) -> Power:
    """Insert craters of several sizes at random places of a picture and count those found.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float in [0, 1] or uint8
    gsd : float
        Metres per pixel.
    kind : str, default "crater"
        Only craters can be inserted so far.
    valid : ndarray of shape (M, N), bool, optional
    sun_azimuth_deg : float, optional
        As for ``craters``; without it every inserted crater has an azimuth of its own.
    sizes_m : tuple of float, optional
        Diameters, metres; by default eight from half the smallest visible to 40 m.
    seed : int, default 0
    trials : int, default 24
        Craters per size.
    level : float, default 0.95

    Returns
    -------
    Power

    Notes
    -----
    The pixels are multiplied by the shading of bowls from 0.10 to 0.25 diameters deep, round to
    slightly oval, with darker, brighter or no ejecta, at sun elevations from 25 to 60 degrees,
    blurred like the picture. Real craters on soft or wet ground, under snow or overgrown are
    harder: the recall is an upper bound for them. The detector runs on the ground around each
    inserted crater with its normal threshold.
    """
    if kind != "crater":
        raise UsageError(f'kind is {kind!r}; detection power can be measured for "crater" only')
    if trials < 1 or not 0 < level < 1:
        raise UsageError(f"trials is {trials} and level {level}; give trials >= 1, 0 < level < 1")
    # At the working size of the search, so that recall is that of the search.
    work = inputs.working_size(*inputs.gray_image(gray, valid=valid), gsd=inputs.scale(gsd))
    picture, usable, metres = work.picture, work.usable, work.gsd
    limit = visible.smallest_visible(picture, gsd=metres, valid=usable)
    sizes = _sizes(sizes_m, limit, metres, picture.shape)
    if not sizes:
        return Power(level=level, reason="the picture is too small or has too little contrast")
    rng = np.random.default_rng(seed)
    bench = _Bench(
        picture=picture,
        usable=usable,
        gsd=metres,
        azimuth=sun_azimuth_deg,
        blur_px=limit.blur_px if limit.blur_px is not None else 0.7,
        limit_px=max(limit.diameter_m / metres, visible.FEWEST_PX),
    )
    found, planted = [], []
    for size in sizes:
        hits = [bench.trial(size / metres, rng) for _ in range(trials)]
        done = [hit for hit in hits if hit is not None]
        found.append(sum(done))
        planted.append(len(done))
    used = [k for k in range(len(sizes)) if planted[k]]
    if not used:
        return Power(level=level, reason="no usable area is wide enough to insert a crater")
    spans = [binomial_interval(found[k], planted[k], level=level) for k in used]
    recall = [found[k] / planted[k] for k in used]
    kept = tuple(sizes[k] for k in used)
    smooth = _rising(recall, [planted[k] for k in used])
    d50, d90 = _reach(kept, smooth, 0.5), _reach(kept, smooth, 0.9)
    middle = kept[len(kept) // 2]
    return Power(
        sizes_m=kept,
        recall=tuple(recall),
        low=tuple(span.low for span in spans),
        high=tuple(span.high for span in spans),
        trials=tuple(planted[k] for k in used),
        d50_m=d50,
        d90_m=d90,
        share_of_picture=bench.share(middle / metres),
        missed_upper=_missed(kept, found, planted, used, d90 or d50, level),
        level=level,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    picture: NDArray[np.float32]
    usable: NDArray[np.bool_]
    gsd: float
    azimuth: float | None
    blur_px: float
    limit_px: float

    def trial(self, diameter: float, rng: np.random.Generator) -> bool | None:
        """Insert one crater and search for it; None where there is no room."""
        spot = self._place(diameter, rng)
        if spot is None:
            return None
        bowl = injection.random_bowl(rng, diameter_px=diameter, sun_azimuth_deg=self.azimuth)
        ratio = injection.light_ratio(bowl, rng=rng, blur_px=self.blur_px)
        if diameter < self.limit_px / _FACTOR:
            return False
        # The crop starts at a multiple of the coarsest level, so that the pyramid is that of
        # the whole picture.
        coarsest = 2 ** max(0, math.ceil(math.log2(diameter * _FACTOR / 7)))
        # A proposal that hits or suppresses the inserted one lies within 0.9 diameters of the
        # largest size; template and rings reach another 0.9.
        reach = math.ceil(1.8 * diameter * _FACTOR) + 24
        top, left = (max(0, v - reach) // coarsest * coarsest for v in (spot[1], spot[0]))
        crop = self.picture[top : spot[1] + reach, left : spot[0] + reach].copy()
        injection.plant(crop, ratio, spot[0] - left, spot[1] - top)
        return self._seen(crop, spot[0] - left + 0.5, spot[1] - top + 0.5, diameter)

    def share(self, diameter: float) -> float:
        """Return the share of the picture where a crater of this size lies on usable ground."""
        edge = int(diameter / 2)
        inner = self.usable[edge : self.usable.shape[0] - edge, edge : self.usable.shape[1] - edge]
        return float(inner.sum() / self.usable.size)

    def _place(self, diameter: float, rng: np.random.Generator) -> tuple[int, int] | None:
        edge = math.ceil(diameter / 2) + 1
        rows, columns = self.usable.shape
        if 2 * edge >= min(rows, columns):
            return None
        for _ in range(_TRIES):
            x = int(rng.integers(edge, columns - edge))
            y = int(rng.integers(edge, rows - edge))
            around = self.usable[y - edge : y + edge + 1, x - edge : x + edge + 1]
            if around.mean() > 0.95:
                return x, y
        return None

    def _seen(self, crop: NDArray[np.float32], x: float, y: float, diameter: float) -> bool:
        """Run the detector around the inserted crater, as ``craters`` does over the picture."""
        model = shipped.crater_model(azimuth_known=self.azimuth is not None)
        smallest = max(self.limit_px, visible.FEWEST_PX)
        # The sizes of the whole search are a fixed series; keep those near the inserted size.
        rung = math.floor(4 * math.log2(max(diameter / _FACTOR / smallest, 1)))
        found = crater_search.candidates(
            crop,
            smallest_px=smallest * 2 ** (rung / 4),
            largest_px=diameter * _FACTOR,
            blur_px=self.blur_px,
            azimuth_deg=self.azimuth,
        )
        score = crater_search.rescore(found, model)
        threshold = -math.log10(crater_search.FALSE_PER_MEGAPIXEL / len(model.tails))
        keep = score >= threshold
        chosen = crater_search.best_discs(found, score, keep)
        gap = np.hypot(found.x[chosen] - x, found.y[chosen] - y)
        size = np.abs(np.log(found.diameter[chosen] / diameter))
        return bool(((gap < _NEAR * diameter) & (size < math.log(_FACTOR))).any())


def _sizes(
    wanted: tuple[float, ...] | None,
    limit: visible.SizeLimit,
    gsd: float,
    shape: tuple[int, ...],
) -> tuple[float, ...]:
    largest = min(shape) / 2 * gsd
    if wanted is not None:
        if not wanted or any(not (math.isfinite(v) and v > 0) for v in wanted):
            raise UsageError(f"sizes_m is {wanted}; give diameters in metres above 0")
        return tuple(sorted(float(v) for v in wanted if v <= largest))
    if not math.isfinite(limit.diameter_m):
        return ()
    first, last = 0.75 * limit.diameter_m, min(40.0, largest, 110 * gsd)
    if last <= first:
        return ()
    steps = np.geomspace(first, last, _STEPS)
    return tuple(float(round(v, 2)) for v in steps)


def _rising(share: list[float], weight: list[int]) -> list[float]:
    """Return the isotonic regression: neighbours pooled until recall never falls with size."""
    pools: list[list[float]] = []
    for value, trials in zip(share, weight, strict=True):
        pools.append([value, trials, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            value2, trials2, count2 = pools.pop()
            value1, trials1, count1 = pools[-1]
            total = trials1 + trials2
            pools[-1] = [(value1 * trials1 + value2 * trials2) / total, total, count1 + count2]
    return [value for value, _, count in pools for _ in range(int(count))]


def _reach(sizes: tuple[float, ...], share: list[float], level: float) -> float | None:
    """Return the smallest size at which the curve crosses a level, interpolated by logarithm."""
    for k, value in enumerate(share):
        if value >= level:
            if k == 0 or value == share[k - 1]:
                return sizes[k]
            part = (level - share[k - 1]) / (value - share[k - 1])
            return float(sizes[k - 1] * (sizes[k] / sizes[k - 1]) ** part)
    return None


def _missed(
    sizes: tuple[float, ...],
    found: list[int],
    planted: list[int],
    used: list[int],
    reach: float | None,
    level: float,
) -> float | None:
    if reach is None:
        return None
    large = [k for k, size in zip(used, sizes, strict=True) if size >= reach]
    hits, trials = sum(found[k] for k in large), sum(planted[k] for k in large)
    # Half of the allowed error for the recall, half for the count.
    half = (1 + level) / 2
    least = binomial_interval(hits, trials, level=2 * half - 1).low
    return poisson_upper(0, level=half) / least if least > 0 else None
