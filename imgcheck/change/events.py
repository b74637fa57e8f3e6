"""Date what appeared, vanished or came and went in a long dated stack, pixel by pixel.

Each pixel is a series with seasons and one event: from a date on, or between two dates, its value
differs. Every interval of dates is tried; the price of that search is measured on the residuals of
the stack itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.references import moment
from imgcheck.errors import GridMismatchError, UsageError

# Clear observations that an event, and the time before or after it, must have: a single one is a
# cloud as often as an event.
_LEAST_CLEAR = 3

# Clear observations needed beyond the parameters of the seasons.
_LEAST_SPARE = 10

# Residuals beyond this many deviations are clipped: unmasked clouds.
_CLIP = 5.0

# Part of an interval's length that the seasons may explain; beyond, the two are confounded.
_LEAST_FREE = 0.3

# Series that measure the price of the search, and the length of the blocks of one sign in them.
_NULL_SERIES = 400
_NULL_BLOCK = 6

# Pixels that show what all the ground has in common at a date.
_COMMON_PIXELS = 2000

# Pixels computed at once: memory stays near 100 MB for 150 dates.
_PIXELS_AT_ONCE = 1024
_SEED = 20170924
_YEAR_S = 365.25 * 86400

Array = NDArray[np.float32]
Index = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """The strongest event of each pixel.

    Indexes are positions in ``dates``; -1 where a pixel was not judged.

    Attributes
    ----------
    dates : tuple of date
        Dates of the stack, in order.
    p_value : (M, N) float32
        Probability that a pixel without an event has one as strong at any dates; NaN where a pixel
        has too few clear observations.
    height : (M, N) float32
        Value during the event minus the value expected without it.
    began_after, began_before : (M, N) int32
        The last clear observation before the event began and the first one after, at `level`.
    ended_after, ended_before : (M, N) int32
        The last clear observation before it ended and the first one after; -1 for the second where
        the event may last to the end of the stack.
    level : float
        Nominal probability that such an interval holds the true date.
    """

    dates: tuple[date, ...]
    p_value: Array
    height: Array
    began_after: Index
    began_before: Index
    ended_after: Index
    ended_before: Index
    level: float


def events(
    stack: NDArray[Any],
    dates: Sequence[date],
    *,
    valid: NDArray[np.bool_] | None = None,
    harmonics: int = 2,
    level: float = 0.95,
) -> Events:
    """Find the strongest event of each pixel: a step, or an interval that came and went.

    Parameters
    ----------
    stack : ndarray of shape (T, M, N), float
        One band or index (such as NDVI) at each date. NaN is nodata.
    dates : sequence of date
        T different dates, in any order.
    valid : ndarray of shape (T, M, N), bool, optional
        False under clouds.
    harmonics : int, default 2
        Harmonics of the year in the seasonal model; 0 for a stack of one season.
    level : float, default 0.95
        Nominal probability that the interval of a date holds the true date.

    Raises
    ------
    GridMismatchError
        If the shapes differ.
    UsageError
        If a date is missing or repeated, or there are too few of them.

    Notes
    -----
    The statistic is a generalised likelihood ratio over all pairs (begin, end), with the seasons
    fitted at the same time. Its significance comes from residuals of the stack with signs that
    change at random in blocks, searched in the same way, and a Gumbel tail [1]_. The interval of a
    date holds the changepoints whose likelihood ratio is within the quantile of [2]_. A second
    event of a pixel is not reported, nor are seasons that vary from year to year modelled.

    References
    ----------
    .. [1] D. Siegmund and E. S. Venkatraman, "Using the generalized likelihood ratio statistic for
       sequential detection of a change-point", Annals of Statistics 23, 1995.
    .. [2] D. Siegmund, "Confidence sets in change-point problems", International Statistical
       Review 56, 1988.
    """
    values = np.asarray(stack, dtype=np.float32)
    if values.ndim != 3 or values.shape[0] != len(dates):
        raise GridMismatchError(
            f"the stack has the shape {values.shape} and there are {len(dates)} dates; "
            "it must be (dates, rows, columns)"
        )
    clear = np.isfinite(values)
    if valid is not None:
        if np.shape(valid) != values.shape:
            raise GridMismatchError(
                f"valid has the shape {np.shape(valid)} and the stack {values.shape}; "
                "they must be equal"
            )
        clear &= np.asarray(valid, dtype=bool)
    order, years = _in_order(dates)
    season = _seasons(years, harmonics)
    least = season.shape[1] + 2 * _LEAST_CLEAR + _LEAST_SPARE
    if len(order) < least:
        raise UsageError(f"{len(order)} dates given; events need at least {least}")
    if not 0.5 <= level < 1:
        raise UsageError(f"level must be between 0.5 and 1, not {level}")
    shape = values.shape[1:]
    flat = values[order].reshape(len(order), -1)
    seen = clear[order].reshape(len(order), -1)
    judged = np.flatnonzero(seen.sum(axis=0) >= least)
    common, weight = _common(flat[:, judged], seen[:, judged], season)
    parts = [
        _search(flat[:, part] - common, seen[:, part], season, weight, level)
        for part in np.array_split(judged, max(1, math.ceil(judged.size / _PIXELS_AT_ONCE)))
        if part.size
    ]
    found = {
        name: np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0)
        for name in ("strength", "height", "dated")
    }
    p_values = np.zeros(0)
    if parts:
        null = _null(parts, season, weight, level)
        p_values = _tail(np.sqrt(found["strength"]), np.sqrt(null))

    def image(of: NDArray[Any], empty: float, kind: type) -> NDArray[Any]:
        full = np.full(shape[0] * shape[1], empty, kind)
        full[judged] = of
        return full.reshape(shape)

    dated = found["dated"].reshape(-1, 4)
    return Events(
        dates=tuple(dates[i] for i in order),
        p_value=image(p_values, np.nan, np.float32),
        height=image(found["height"], np.nan, np.float32),
        began_after=image(dated[:, 0], -1, np.int32),
        began_before=image(dated[:, 1], -1, np.int32),
        ended_after=image(dated[:, 2], -1, np.int32),
        ended_before=image(dated[:, 3], -1, np.int32),
        level=level,
    )


def _in_order(dates: Sequence[date]) -> tuple[list[int], NDArray[np.float64]]:
    """Return the order of time and the times in years."""
    for when in dates:
        if not isinstance(when, date):
            raise UsageError(f"the date of a picture must be a date or datetime, not {when!r}")
    order = sorted(range(len(dates)), key=lambda i: moment(dates[i]))
    years = np.array([moment(dates[i]).timestamp() / _YEAR_S for i in order])
    for i in np.flatnonzero(np.diff(years) == 0)[:1]:
        raise UsageError(f"two pictures are dated {dates[order[i]].isoformat()}; keep one of them")
    return order, years


def _seasons(years: NDArray[np.float64], harmonics: int) -> NDArray[np.float64]:
    """Return the regressors of the seasons, shape (T, 1 + 2 harmonics)."""
    turns = [2 * np.pi * k * years for k in range(1, harmonics + 1)]
    return np.column_stack([np.ones_like(years), *(f(t) for t in turns for f in (np.cos, np.sin))])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Strength, height and dates of the best interval of each pixel, and what is left then."""

    strength: Array
    height: Array
    dated: Index
    residual: Array
    clear: NDArray[np.bool_]


def _common(
    values: Array, clear: NDArray[np.bool_], season: NDArray[np.float64]
) -> tuple[Array, Array]:
    """Return what all the ground has in common at each date (T, 1), and the weights of the dates.

    Haze, and a spring that comes early, are on every pixel of a date; a hazy date weighs less.
    """
    if not values.size:
        return np.zeros((len(values), 1), np.float32), np.ones((len(values), 1), np.float32)
    some = slice(None, None, max(1, values.shape[1] // _COMMON_PIXELS))
    rest = _residual(values[:, some], clear[:, some], _orthonormal(clear[:, some], season))
    known = np.where(clear[:, some], rest, np.nan)
    dated = np.isfinite(known).any(axis=1)
    shift, spread = np.zeros(len(known)), np.full(len(known), np.nan)
    shift[dated] = np.nanmedian(known[dated], axis=1)
    spread[dated] = np.nanmedian(np.abs(known[dated] - shift[dated, None]), axis=1)
    usual = float(np.nanmedian(spread))
    weight = usual / np.clip(np.where(dated, spread, usual), 0.5 * usual, None)
    return shift.astype(np.float32)[:, None], weight.astype(np.float32)[:, None]


def _residual(values: Array, clear: NDArray[np.bool_], basis: Array) -> Array:
    """Return what the seasons do not explain; 0 under clouds."""
    known = np.where(clear, values, 0)
    return np.where(clear, known - np.einsum("tpk,pk->tp", basis, _project(basis, known)), 0)


def _search(
    values: Array,
    clear: NDArray[np.bool_],
    season: NDArray[np.float64],
    weight: Array,
    level: float,
) -> _Found:
    """Try every interval at every pixel; arrays are (T, P), ``weight`` is (T, 1)."""
    basis = _orthonormal(clear, season * weight)
    rest = _residual(values * weight, clear, basis)
    sigma = _deviation(rest, clear)
    rest = _residual(np.clip(rest, -_CLIP * sigma, _CLIP * sigma) / sigma, clear, basis)
    scan = _Scan(rest, clear, basis, weight)
    # The residuals of an event would pass for noise: measure the noise again without it.
    gain, begin, end = scan.best()
    left = rest - scan.event(begin, end)
    scale = _deviation(np.where(clear, left, 0), clear) * math.sqrt(_persistence(left, clear))
    strength = gain / scale**2
    height = scan.height(begin, end) * sigma
    slack = -2 * math.log(1 - math.sqrt(level)) * scale**2
    dated = _dated(scan.began >= gain - slack, scan.ended >= gain - slack, begin, end, clear)
    return _Found(
        strength=strength.astype(np.float32),
        height=height.astype(np.float32),
        dated=dated,
        residual=(left / scale).astype(np.float32),
        clear=clear,
    )


def _orthonormal(clear: NDArray[np.bool_], season: NDArray[np.float64]) -> Array:
    """Return an orthonormal basis of the seasons on the clear dates of each pixel, (T, P, K)."""
    terms = season.shape[1]
    products = (season[:, :, None] * season[:, None, :]).reshape(len(season), -1)
    gram = (clear.T.astype(np.float64) @ products).reshape(-1, terms, terms)
    gram += 1e-6 * np.eye(terms) * gram[:, :1, :1]
    inverse = np.linalg.inv(np.linalg.cholesky(gram))
    basis = np.einsum("tk,pjk->tpj", season, inverse) * clear[:, :, None]
    return np.asarray(basis, dtype=np.float32)


def _project(basis: Array, values: Array) -> Array:
    return np.einsum("tpk,tp->pk", basis, values)


def _deviation(rest: Array, clear: NDArray[np.bool_]) -> Array:
    """Return the robust deviation of each pixel over its clear dates."""
    known = np.where(clear, np.abs(rest), np.nan)
    return np.maximum(1.4826 * np.nanmedian(known, axis=0), 1e-6).astype(np.float32)


def _persistence(rest: Array, clear: NDArray[np.bool_]) -> float:
    """Return by how much sums of neighbouring residuals vary more than independent ones."""
    both = clear[1:] & clear[:-1]
    product = (rest[1:] * rest[:-1])[both].sum()
    power = 0.5 * ((rest[1:] ** 2)[both].sum() + (rest[:-1] ** 2)[both].sum())
    rho = float(np.clip(product / max(float(power), 1e-12), 0.0, 0.8))
    return (1 + rho) / (1 - rho)


class _Scan:
    """Sums over every interval from running sums; the gain in likelihood of each."""

    def __init__(self, rest: Array, clear: NDArray[np.bool_], basis: Array, weight: Array) -> None:
        self.basis = basis
        self.shape = clear * weight
        self.sums = _running(rest * weight)
        self.counts = _running(clear.astype(np.float32))
        self.power = _running(self.shape**2)
        self.shared = _running(basis * weight[:, :, None])
        self.began = np.full(rest.shape, -np.inf, np.float32)
        self.ended = np.full((rest.shape[0] + 1, rest.shape[1]), -np.inf, np.float32)

    def best(self) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
        """Return gain, begin and end (exclusive) of the best interval of each pixel."""
        dates, pixels = len(self.began), self.sums.shape[1]
        gain = np.full(pixels, -np.inf, np.float32)
        begin, end = np.zeros(pixels, np.intp), np.full(pixels, dates, np.intp)
        for first in range(1, dates):
            gains = self._gains(first)
            np.maximum(self.ended[first + 1 :], gains, out=self.ended[first + 1 :])
            last = gains.argmax(axis=0)
            best = np.take_along_axis(gains, last[None], axis=0)[0]
            self.began[first] = best
            better = best > gain
            gain[better], begin[better], end[better] = (
                best[better],
                first,
                (last + first + 1)[better],
            )
        return np.maximum(gain, 0), begin, end

    def _gains(self, first: int) -> Array:
        """Return the gain of every interval that begins at ``first``, shape (ends, P)."""
        inside = self.counts[first + 1 :] - self.counts[first]
        power = self.power[first + 1 :] - self.power[first]
        total = self.counts[-1]
        free = power - ((self.shared[first + 1 :] - self.shared[first]) ** 2).sum(axis=2)
        gains = (self.sums[first + 1 :] - self.sums[first]) ** 2 / np.maximum(free, 1e-3)
        before, after = self.counts[first], total - self.counts[first + 1 :]
        enough = (inside >= _LEAST_CLEAR) & (before >= _LEAST_CLEAR)
        enough &= (after >= _LEAST_CLEAR) | (after == 0)
        enough &= free >= _LEAST_FREE * np.minimum(power, self.power[-1] - power)
        return np.where(enough, gains, -np.inf).astype(np.float32)

    def height(self, begin: NDArray[np.intp], end: NDArray[np.intp]) -> Array:
        """Return the value during an interval minus that without the event."""
        pixels = np.arange(begin.size)
        shared = self.shared[end, pixels] - self.shared[begin, pixels]
        power = self.power[end, pixels] - self.power[begin, pixels]
        free = np.maximum(power - (shared**2).sum(axis=1), 1e-3)
        return np.asarray((self.sums[end, pixels] - self.sums[begin, pixels]) / free)

    def event(self, begin: NDArray[np.intp], end: NDArray[np.intp]) -> Array:
        """Return what the event adds to the residuals at each date."""
        step = np.arange(len(self.began))[:, None]
        shape = np.where((step >= begin) & (step < end), self.shape, np.float32(0))
        shape -= np.einsum("tpk,pk->tp", self.basis, _project(self.basis, shape))
        return np.asarray(shape * self.height(begin, end))


def _running(values: Array) -> Array:
    """Return running sums along the first axis, beginning with 0."""
    total = np.cumsum(values, axis=0, dtype=np.float64)
    return np.concatenate([np.zeros_like(total[:1]), total]).astype(np.float32)


def _dated(
    began: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    begin: NDArray[np.intp],
    end: NDArray[np.intp],
    clear: NDArray[np.bool_],
) -> Index:
    """Return the clear dates around begin and end, shape (P, 4); -1 for an end that may not be."""
    dates = len(clear)
    result = np.full((begin.size, 4), -1, np.int32)
    result[:, :2] = _around(began, begin, clear)
    result[:, 2:] = _around(ended, end, np.concatenate([clear, np.zeros_like(clear[:1])]))
    lasts = ended[dates] | (end == dates)
    result[lasts, 3] = -1
    return result


def _around(
    likely: NDArray[np.bool_], best: NDArray[np.intp], clear: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the last clear date before the first likely change and the one after the last."""
    step = np.arange(len(clear))[:, None]
    likely = likely | (step == best)
    first = likely.argmax(axis=0)
    last = len(clear) - 1 - likely[::-1].argmax(axis=0)
    before = np.where(clear & (step < first), step, -1).max(axis=0)
    after = np.where(clear & (step >= last), step, len(clear)).min(axis=0)
    return np.column_stack([before, np.minimum(after, len(clear) - 1)]).astype(np.int32)


def _null(parts: list[_Found], season: NDArray[np.float64], weight: Array, level: float) -> Array:
    """Return the strengths found in residuals whose signs change at random in blocks."""
    rng = np.random.default_rng(_SEED)
    residual = np.concatenate([part.residual for part in parts], axis=1)
    clear = np.concatenate([part.clear for part in parts], axis=1)
    chosen = rng.integers(0, residual.shape[1], _NULL_SERIES)
    seen = clear[:, chosen]
    block = np.cumsum(seen, axis=0) // _NULL_BLOCK
    signs = rng.choice(np.array([-1, 1], np.float32), size=(block.max() + 1, _NULL_SERIES))
    series = residual[:, chosen] * np.take_along_axis(signs, block, axis=0)
    return _search(series / weight, seen, season, weight, level).strength


def _tail(found: NDArray[Any], null: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share of the null beyond each value, from a Gumbel fit by moments."""
    spread = max(float(null.std()) * math.sqrt(6) / math.pi, 1e-6)
    centre = float(null.mean()) - np.euler_gamma * spread
    return np.asarray(-np.expm1(-np.exp(-(found - centre) / spread)), dtype=np.float64)
