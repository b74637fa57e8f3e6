"""Date a picture by the dated pictures of its place between which it fits.

Ground that changed for good decides: a picture that shows the later state was taken after the
change, one that shows the earlier state before it. All places of one gap between two references may
be reversed together (a lake that filled and dried), so no gap alone excludes a time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change import lasting
from imgcheck.change.grid import Mask, Pixels
from imgcheck.change.references import Dated, in_order, moment, prepared
from imgcheck.errors import UsageError

# Pixels that are compared: every second one after smoothing, fewer in large pictures.
_MOST_PIXELS = 16_000
_LEAST_STEP = 2

# The picture is divided in this many cells each way; a cell of one gap counts at most as one vote
# with this share of wrong votes.
_CELLS = 12
_WRONG_VOTES = 0.15

# Pixels of the working grid in one independent observation. benchmarks: dating, tuning half.
_UNIT_PX = 100.0

# Evidence of a gap below this ratio is not used for the self-check.
_LEAST_RATIO = math.log(9)

# A place whose pixels have a smaller ratio in the mean shows neither state.
_LEAST_MEAN = 1.0

# Shares of a gap that may have changed when the picture was taken between its two references.
_PROGRESS = tuple(k / 8 for k in range(9))

# Gaps found reversed in the self-check of the references, and gaps tested, that count as seen
# before: within the stack; and beyond its first or last reference, where no later picture confirms.
# benchmarks: dating, tuning half.
_INNER = (1.0, 10.0)
_OUTER = (1.5, 7.5)
# The gaps of one reference are not independent.
_WORTH = 0.5
# More for a change that a single reference confirms, and for one that lies in a single basin.
_ALONE = 0.1
_BASIN = 0.15

# Probability that the picture shows a state of its own (flood, snow) that says nothing about time.
_ODD = 0.02

# Powers of the likelihood that are tried until the references are dated rightly.
_SHARPNESS = (1.0, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)

# Where water or crops change all of the ground at once, the references contradict each other. One
# of them may be of an odd season. benchmarks: dating, tuning half, where one was dated wrongly 1 of
# 30 answers was wrong.
_MOST_WRONG = 1
_WRONGLY = (
    "changes of this ground do not last: of the references, {} would be dated wrongly by the others"
)

# A set of more than this share of the hypotheses is no answer.
_MOST_SHARE = 0.67

# Fewer places are not enough permanent change.
_FEWEST_VOTES = 3
_LEAST_CLEAR = 0.5

# Pixels of the comparison in the smallest place.
_FEWEST_PIXELS = 2

# With two references nothing shows what lasts; to date each by the others, three must be left.
_FEWEST_REFERENCES = 3
_FEWEST_FOR_SELF_CHECK = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The state that a picture shows at one place that changed for good."""

    #: The change came between reference `split` and `split + 1` (from 0, in order of time).
    split: int
    #: `"earlier"`, `"later"` or `"neither"`.
    state: str
    #: Log-likelihood ratio of the later state against the earlier one.
    ratio: float
    #: Middle of the place in pixels of the grid, x and y.
    centre: tuple[float, float]
    area_px: float
    #: Bounding box in pixels: left, top, right, bottom.
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A time after one reference and before another; `None` for an open side."""

    after: date | None
    before: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Between which references a picture fits."""

    #: Times that together hold the picture at `level`, in order; empty when `abstained`.
    sets: tuple[Between, ...]
    abstained: bool
    #: Why there is no answer; empty when there is one.
    reason: str
    #: Nominal probability that the answer is right.
    level: float
    #: What the picture shows at each place, heaviest first.
    deciding: tuple[Vote, ...]
    #: Probability of each hypothesis with equal prior: before the first reference, between the
    #: first and the second, ..., after the last.
    probability: tuple[float, ...]
    #: Dates of the references in order.
    dates: tuple[date, ...]
    #: References whose date lay in their set, and out of it, when dated by the others; there is no
    #: answer if more than one was out, and `probability` was widened until none was. `None` with
    #: fewer than four references.
    self_check: tuple[int, int] | None

    @property
    def votes(self) -> int:
        """Number of places that show one of the two states."""
        return sum(vote.state != "neither" for vote in self.deciding)

    @property
    def placed_after(self) -> date | None:
        """Date of the reference after which the picture was taken; None if that is open."""
        return self.sets[0].after if self.sets else None

    @property
    def placed_before(self) -> date | None:
        """Date of the reference before which the picture was taken; None if that is open."""
        return self.sets[-1].before if self.sets else None

    def hypotheses(self) -> tuple[Between, ...]:
        """Return the times that `probability` belongs to."""
        edges = (None, *self.dates, None)
        return tuple(Between(after=edges[k], before=edges[k + 1]) for k in range(len(edges) - 1))

    def likelihood_ratio(self, start: date, end: date) -> float | None:
        """Return the likelihood of a window of time against that of all other times.

        Within a gap between references every time is equally likely; an open side counts as long
        as a mean gap. None where the window covers everything or nothing.
        """
        inside = np.array([_overlap(one, start, end, self.dates) for one in self.hypotheses()])
        likelihood = np.array(self.probability)
        if not 0 < inside.sum() < inside.size:
            return None
        one, rest = likelihood @ inside / inside.sum(), likelihood @ (1 - inside)
        return float(one / max(rest / (1 - inside).sum(), 1e-12))


def _overlap(between: Between, start: date, end: date, dates: tuple[date, ...]) -> float:
    """Return the share of a time between references that lies in a window."""
    mean = (moment(dates[-1]) - moment(dates[0])) / max(len(dates) - 1, 1)
    low = moment(dates[0]) - mean if between.after is None else moment(between.after)
    high = moment(dates[-1]) + mean if between.before is None else moment(between.before)
    inside = min(high, moment(end)) - max(low, moment(start))
    return float(np.clip(inside / (high - low), 0, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """How often the places of a gap are reversed together, by the references themselves."""

    #: Between the first and the last reference, and beyond them.
    inner: float
    outer: float


def _cells(known: Mask) -> NDArray[np.intp]:
    """Return the cell of each known pixel."""
    rows, columns = np.nonzero(known)
    down, right = rows * _CELLS // known.shape[0], columns * _CELLS // known.shape[1]
    return np.asarray(down * _CELLS + right)


def _evidence(ratio: Pixels, cells: NDArray[np.intp], unit: float) -> NDArray[np.float64]:
    """Return the log-likelihood ratio "later" against "earlier" of each gap and cell."""
    sums = [np.bincount(cells, gap, _CELLS * _CELLS) / unit for gap in ratio]
    most = math.log((1 - _WRONG_VOTES) / _WRONG_VOTES)
    return np.clip(np.array(sums), -most, most)


def _gaps(evidence: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the log-likelihood of each gap: all earlier, all later, changed in part.

    When the picture was taken in the same gap, what changed may be all past or all to come (what is
    built together changes together), or past in part.
    """
    earlier = -np.logaddexp(0, evidence).sum(axis=1)
    later = -np.logaddexp(0, -evidence).sum(axis=1)
    new = np.array(_PROGRESS)[:, None, None]
    odds = 1 / (1 + np.exp(-evidence))
    parts = np.log(new * odds + (1 - new) * (1 - odds)).sum(axis=2)
    within = np.logaddexp.reduce(parts, axis=0) - math.log(len(_PROGRESS))
    return earlier, later, within


def posterior(
    evidence: NDArray[np.float64],
    reversed: Reversed,
    basin: NDArray[np.float64],
    *,
    sharpness: float = 1.0,
) -> NDArray[np.float64]:
    """Return the probability of each hypothesis with equal prior.

    Parameters
    ----------
    evidence : (J, cells) float
        Log-likelihood ratio "later" against "earlier" of each gap and cell.
    reversed : Reversed
        How often all places of one gap are reversed together.
    basin : (J,) float
        Share of each gap that is one connected place.
    sharpness : float, default 1
        Power of the likelihood: below 1 where seasons of a whole date look like changes.

    Notes
    -----
    Hypothesis h: after h references and before the others. The change of gap j (between references
    j and j + 1, from 1) is past when h > j and to come when h < j; for h = j the picture was taken
    in the gap. With the probability of a reversal a gap says as little as its own gap does.
    """
    earlier, later, within = _gaps(evidence)
    count = len(earlier) + 1
    result = np.zeros(count + 1)
    for h in range(count + 1):
        for gap in range(1, count):
            if gap == h:
                result[h] += within[gap - 1]
                continue
            wrong = reversed.outer if h in (0, count) else reversed.inner
            alone = _ALONE if min(gap, count - gap) == 1 else 0.0
            wrong = 1 - (1 - wrong) * (1 - alone) * (1 - _BASIN * basin[gap - 1])
            state = later[gap - 1] if gap < h else earlier[gap - 1]
            result[h] += np.logaddexp(
                math.log(1 - wrong) + state, math.log(wrong) + within[gap - 1]
            )
    share = np.exp(sharpness * (result - result.max()))
    share /= share.sum()
    return np.asarray((1 - _ODD) * share + _ODD / (count + 1))


def credible(probability: NDArray[np.float64], level: float) -> list[int]:
    """Return the fewest hypotheses that together have at least ``level``, in order."""
    order = np.argsort(-probability, kind="stable")
    needed = int((np.cumsum(probability[order]) < level - 1e-12).sum()) + 1
    return sorted(int(h) for h in order[:needed])


def reversals(tested: Sequence[NDArray[np.float64] | None]) -> Reversed:
    """Estimate how often a gap is reversed, from every reference compared with the others.

    ``tested`` holds the evidence of each reference in order of time; what it should show is known.
    """
    wrong, total = [0.0, 0.0], [0.0, 0.0]
    for place, evidence in enumerate(tested):
        if evidence is None:
            continue
        beyond = int(place in (0, len(tested) - 1))
        earlier, later, _ = _gaps(evidence)
        for gap, more in enumerate(later - earlier, start=1):
            if gap == place or abs(more) < _LEAST_RATIO:
                continue
            total[beyond] += _WORTH
            wrong[beyond] += _WORTH * ((more > 0) != (gap < place))
    inner = (_INNER[0] + wrong[0]) / (_INNER[1] + total[0])
    outer = (_OUTER[0] + sum(wrong)) / (_OUTER[1] + sum(total))
    return Reversed(inner=inner, outer=max(inner, outer))


def bracket(
    picture: NDArray[Any],
    references: Sequence[Dated],
    *,
    valid: Mask | None = None,
    level: float = 0.97,
) -> Bracket:
    """Find between which dated references a picture fits, or abstain.

    Parameters
    ----------
    picture : ndarray of shape (M, N) or (M, N, C)
        On the grid of the references; uint8, or float in [0, 1].
    references : sequence of (ndarray, date)
        At least two pictures of the same ground on the same grid, of different dates; two never
        give an answer, since they do not show what lasts.
    valid : ndarray of shape (M, N), bool, optional
        True where the picture shows ground: no captions, arrows, borders.
    level : float, default 0.97
        Nominal probability that the answer is right.

    Raises
    ------
    GridMismatchError
        If the sizes differ.
    UsageError
        If there are fewer than two references, or a date is missing or repeated.

    Notes
    -----
    Hypotheses: before the first reference, between two neighbours, after the last. The picture is
    not of this place, or covered, where it shows neither state of most places. There is no answer
    where too little changed for good, or where more than one of the references would be dated
    wrongly by the others.

    What is compared are the directions of edges, not tones: a season changes the tone of most of
    the ground and moves few edges. The likelihood of a state is that of a series of unknown noise
    with one step; chance divisions of the references measure how often such a step is none
    (`imgcheck.change.lasting`).
    """
    if not 0.5 <= level < 1:
        raise UsageError(f"level must be between 0.5 and 1, not {level}")
    ordered = in_order(references)
    dates = tuple(when for _, when in ordered)
    pictures, known, scale = prepared(picture, ordered, valid)
    step = max(_LEAST_STEP, math.ceil(math.sqrt(np.count_nonzero(known) / _MOST_PIXELS)))
    sample = np.zeros_like(known)
    sample[::step, ::step] = known[::step, ::step]
    if len(dates) < _FEWEST_REFERENCES:
        return _without("two references do not show which changes last", dates, level)
    states = np.stack([each[sample] for each in pictures])
    cells, unit = _cells(sample), _UNIT_PX / step**2
    noise = lasting.usual_noise(states[:-1])
    fitted = lasting.fit(states[:-1] / noise)
    ratio = lasting.ratio(states[-1] / noise, fitted)
    votes = _votes(fitted.lasting, ratio, sample[::step, ::step], unit, step * scale)
    evidence = _evidence(ratio, cells, unit)
    tested: list[NDArray[np.float64] | None] = [None] * len(dates)
    if len(dates) >= _FEWEST_FOR_SELF_CHECK:
        tested = [_one_by_others(states[:-1], k, cells, unit) for k in range(len(dates))]
    evidence, tested = trusted(evidence, tested)
    reversed = reversals(tested)
    counts, sharpness = _self_check(tested, reversed, level)
    basin = _basins(votes, len(dates) - 1)
    probability = posterior(evidence, reversed, basin, sharpness=sharpness)
    answer = _answer(probability, votes, dates, level)
    if counts is not None and counts[1] > _MOST_WRONG and not answer.abstained:
        answer = replace(answer, sets=(), abstained=True, reason=_WRONGLY.format(counts[1]))
    return replace(answer, self_check=counts)


def _one_by_others(
    states: Pixels, place: int, cells: NDArray[np.intp], unit: float
) -> NDArray[np.float64]:
    """Return what one reference shows of the changes between the others."""
    others = np.delete(states, place, axis=0)
    noise = lasting.usual_noise(others)
    ratio = lasting.ratio(states[place] / noise, lasting.fit(others / noise))
    return _evidence(ratio, cells, unit)


def trusted(
    evidence: NDArray[np.float64], tested: Sequence[NDArray[np.float64] | None]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64] | None]]:
    """Weaken the cells whose ground contradicts the dates of the references.

    A shore that rises and falls is wrong about one of the references, a new street about none.
    ``evidence`` of the picture is weighed by exp(-sum of the evidence of all references against
    their own dates), cell by cell; that of a reference by the others alone.
    """
    against = [
        np.zeros(evidence.shape[1]) if one is None else _against(one, place)
        for place, one in enumerate(tested)
    ]
    total = np.sum(against, axis=0)
    weighed = [
        None if one is None else one * np.exp(own - total)
        for one, own in zip(tested, against, strict=True)
    ]
    return evidence * np.exp(-total), weighed


def _against(evidence: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """Return how much each cell speaks against the date of the reference at ``place``."""
    expected = np.sign(place - np.arange(1, len(evidence) + 1))[:, None]
    return np.asarray(np.maximum(-expected * evidence, 0).sum(axis=0))


def _self_check(
    tested: Sequence[NDArray[np.float64] | None], reversed: Reversed, level: float
) -> tuple[tuple[int, int] | None, float]:
    """Count right and wrong answers for the references, and return the sharpness that fits them.

    The likelihood is blunted until the set of every reference, dated by the others, holds its date.
    """
    wrong = []
    for sharpness in _SHARPNESS:
        missed = 0
        for place, evidence in enumerate(tested):
            if evidence is not None:
                even = np.zeros(len(evidence))
                probability = posterior(evidence, reversed, even, sharpness=sharpness)
                missed += place not in credible(probability, level)
        wrong.append(missed)
        if not missed:
            break
    count = sum(evidence is not None for evidence in tested)
    return (count - wrong[0], wrong[0]) if count else None, _SHARPNESS[len(wrong) - 1]


def _votes(
    changed: Pixels, ratio: Pixels, lattice: Mask, unit: float, scale: float
) -> tuple[Vote, ...]:
    """Return what the picture shows at each place that changed for good, heaviest first.

    ``lattice`` is True at the compared pixels, ``scale`` converts its steps to pixels of the grid.
    """
    votes = []
    for split, (share, evidence) in enumerate(zip(changed, ratio, strict=True)):
        part = np.zeros(lattice.shape, np.uint8)
        part[lattice] = share > 0.5
        count, labels, stats, centres = cv2.connectedComponentsWithStats(part, connectivity=8)
        sums = np.bincount(labels[lattice], evidence, count) / unit
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if area < _FEWEST_PIXELS:
                continue
            more = float(sums[label])
            clear = abs(more) * unit >= _LEAST_MEAN * area
            votes.append(
                Vote(
                    split=split,
                    state=("later" if more > 0 else "earlier") if clear else "neither",
                    ratio=more,
                    centre=(
                        float(centres[label][0] + 0.5) * scale,
                        float(centres[label][1] + 0.5) * scale,
                    ),
                    area_px=area * scale**2,
                    box=(
                        left * scale,
                        top * scale,
                        (left + width) * scale,
                        (top + height) * scale,
                    ),
                )
            )
    return tuple(sorted(votes, key=lambda vote: (-abs(vote.ratio), vote.split, vote.box)))


def _basins(votes: Sequence[Vote], gaps: int) -> NDArray[np.float64]:
    """Return the share of each gap that lies in its largest place."""
    result = np.zeros(gaps)
    for gap in range(gaps):
        areas = [vote.area_px for vote in votes if vote.split == gap]
        result[gap] = max(areas) / sum(areas) if areas else 0.0
    return result


def _answer(
    probability: NDArray[np.float64], votes: tuple[Vote, ...], dates: tuple[date, ...], level: float
) -> Bracket:
    """Choose the credible set, or say why there is none."""
    chosen = credible(probability, level)
    clear = [vote for vote in votes if vote.state != "neither"]
    reason = ""
    if not votes:
        reason = "no lasting change was found between the references"
    elif sum(v.area_px for v in clear) < _LEAST_CLEAR * sum(v.area_px for v in votes):
        reason = (
            "the picture shows neither state on most of the changed ground: it is not this place, "
            "or covered"
        )
    elif len(clear) < _FEWEST_VOTES or len(chosen) > _MOST_SHARE * len(probability):
        reason = "too little changed for good: the places that changed fit most dates"
    edges = (None, *dates, None)
    first = [h for h in chosen if h - 1 not in chosen]
    last = [h for h in chosen if h + 1 not in chosen]
    runs = zip(first, last, strict=True)
    sets = tuple(Between(after=edges[a], before=edges[b + 1]) for a, b in runs)
    return Bracket(
        sets=() if reason else sets,
        abstained=bool(reason),
        reason=reason,
        level=level,
        deciding=votes,
        probability=tuple(float(value) for value in probability),
        dates=dates,
        self_check=None,
    )


def _without(reason: str, dates: tuple[date, ...], level: float) -> Bracket:
    """Return an answer that abstains before anything was compared."""
    even = np.full(len(dates) + 1, 1 / (len(dates) + 1))
    return replace(_answer(even, (), dates, level), reason=reason)
