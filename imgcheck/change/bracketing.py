"""Date a picture by the dated pictures of its place between which it fits.

Patches of lasting change decide: a picture that shows the later state was taken after the change,
one that shows the earlier state before it. Brightness, season and light are removed first, and what
remains of them is measured by divisions of the references that do not follow time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels
from imgcheck.change.references import (
    Dated,
    Patch,
    chance_weights,
    in_order,
    lasting_patches,
    moment,
    prepared,
)
from imgcheck.errors import UsageError

# A patch decides when less than this share of such patches is false.
_MOST_CHANCE = 0.2

# Assumed share of wrong votes at true patches. benchmarks: change, "bracket", tuning half.
_WRONG_VOTES = 0.15

# The same for two references, which cannot distinguish lasting from passing changes; and the least
# weight of a patch then, relative to the heaviest one.
_WRONG_UNVERIFIED = 0.3
_LEAST_UNVERIFIED = 0.1

# Votes of neighbouring patches are not independent: the picture is divided in this many parts each
# way, and the patches of one change in one part count once.
_PARTS = 6

# References needed to test the method on each of them: three must be left.
_FEWEST_FOR_SELF_CHECK = 4

# The picture must show one of the two states on this share of the changed area.
_LEAST_CLEAR = 0.5

# With more than this share of that area against the best answer there is no answer.
_MOST_CONTRADICTION = 0.25


# A picture nearer to the middle of the two states than this shows neither.
# benchmarks: change, "bracket", tuning half.
_LEAST_LEANING = 0.35

# One farther beyond a state than this shows something else.
_MOST_LEANING = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """The state that a picture shows at one patch of lasting change."""

    #: The change came between reference `split` and `split + 1` (from 0, in order of time).
    split: int
    #: `"earlier"`, `"later"` or `"neither"`.
    state: str
    #: -1 exactly as the earlier references, +1 exactly as the later ones.
    leaning: float
    #: Expected share of false patches among those that weigh as much.
    chance: float
    #: Middle of the patch in pixels of the grid, x and y.
    centre: tuple[float, float]
    area_px: float
    #: Bounding box of the patch in pixels: left, top, right, bottom.
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Between which references a picture fits."""

    #: Dates of the references between which the picture fits at `level`; `None` for an open side,
    #: and for both when `abstained`.
    placed_after: date | None
    placed_before: date | None
    abstained: bool
    #: Why there is no answer; empty when there is one.
    reason: str
    #: Nominal probability that the answer is right.
    level: float
    #: What the picture shows at each deciding patch, heaviest first.
    deciding: tuple[Vote, ...]
    #: Patches that show one of the two states.
    votes: int
    #: Those among them that contradict the answer, or the best one.
    contradicting: int
    #: One for each hypothesis: before the first reference, between the first and the second, ...,
    #: after the last; the highest is 0.
    log_likelihood: tuple[float, ...]
    #: Dates of the references in order.
    dates: tuple[date, ...]
    #: False with two references: a passing difference cannot be excluded.
    lasting_verified: bool
    #: Answers when each reference is dated by the others; `None` when not tested (fewer than four
    #: references, or no answer to test).
    self_check: tuple[int, int] | None


def _evidence(votes: list[Vote], shape: tuple[float, float], splits: int) -> NDArray[np.float64]:
    """Return the log-likelihood ratio "later" against "earlier" of every change (splits, parts).

    The patches of one change within one part of the picture count once, with their mean.
    """
    total = np.zeros((splits, _PARTS * _PARTS))
    weight = np.zeros_like(total)
    for each in votes:
        if each.state == "neither":
            continue
        wrong = _WRONG_VOTES + (0.5 - _WRONG_VOTES) * min(each.chance / _MOST_CHANCE, 1.0)
        if splits == 1:
            wrong = _WRONG_UNVERIFIED
        worth = math.log((1 - wrong) / wrong)
        column = min(int(each.centre[0] / shape[1] * _PARTS), _PARTS - 1)
        row = min(int(each.centre[1] / shape[0] * _PARTS), _PARTS - 1)
        part = row * _PARTS + column
        total[each.split, part] += math.copysign(worth * each.area_px, each.leaning)
        weight[each.split, part] += each.area_px
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def _likelihoods(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-likelihood of each position among the references, the best one 0.

    Hypothesis h: after h references and before the others. The change between references j and
    j + 1 (from 0) is past when h > j + 1, to come when h < j + 1. When h = j + 1 it falls into the
    same gap as the picture: all past, all to come (what is built together changes together), or
    each patch for itself, with equal weights.
    """
    splits = evidence.shape[0]
    result = np.zeros(splits + 2)
    for split in range(splits):
        ratio = evidence[split][evidence[split] != 0]
        past = float(-np.logaddexp(0, -ratio).sum())
        to_come = float(-np.logaddexp(0, ratio).sum())
        each = -math.log(2) * ratio.size
        result[split + 2 :] += past
        result[: split + 1] += to_come
        result[split + 1] += float(np.logaddexp.reduce([past, to_come, each])) - math.log(3)
    return np.asarray(result - result.max())


def _credible(likelihoods: NDArray[np.float64], level: float) -> tuple[int, int]:
    """Return the shortest run of neighbouring hypotheses with at least ``level``."""
    share = np.exp(likelihoods) / np.exp(likelihoods).sum()
    best = (0, share.size - 1)
    for first in range(share.size):
        for last in range(first, share.size):
            inside = share[first : last + 1].sum()
            if inside >= level and last - first < best[1] - best[0]:
                best = (first, last)
    return best


def _against(votes: list[Vote], first: int, last: int) -> list[Vote]:
    """Return the votes that contradict a picture between reference ``first`` and ``last + 1``."""
    return [
        each
        for each in votes
        if (each.state == "earlier" and each.split + 1 < first)
        or (each.state == "later" and each.split + 1 > last)
    ]


def _area(votes: list[Vote]) -> float:
    return sum(each.area_px for each in votes)


def bracket(
    picture: NDArray[Any],
    references: Sequence[Dated],
    *,
    gsd: float,
    valid: Mask | None = None,
    level: float = 0.95,
) -> Bracket:
    """Find between which dated references a picture fits, or abstain.

    Parameters
    ----------
    picture : ndarray of shape (M, N) or (M, N, C)
        On the grid of the references; uint8, or float in [0, 1].
    references : sequence of (ndarray, date)
        At least two pictures of the same ground on the same grid, of different dates.
    gsd : float
        Ground sample distance, metres per pixel.
    valid : ndarray of shape (M, N), bool, optional
        True where the picture shows ground: no captions, arrows, borders.
    level : float, default 0.95
        Nominal probability that the answer is right.

    Raises
    ------
    GridMismatchError
        If the sizes differ.
    UsageError
        If there are fewer than two references, or a date is missing or repeated.

    Notes
    -----
    Only lasting change decides. Ground that changed and changed back between references, and a
    change that spans a reference, can mislead. With three references each change rests on a single
    picture on one side.
    """
    if not (math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd must be metres per pixel, above 0, not {gsd}")
    if not 0.5 <= level < 1:
        raise UsageError(f"level must be between 0.5 and 1, not {level}")
    ordered = in_order(references)
    dates = [when for _, when in ordered]
    (*states, shown), known, scale = prepared(picture, ordered, valid)
    chance = chance_weights(states, known)
    votes = _votes(shown, states, known, chance, scale)
    shape = (known.shape[0] * scale, known.shape[1] * scale)
    found = _answer(votes, dates, shape, level)
    if found.abstained or len(states) < _FEWEST_FOR_SELF_CHECK:
        return found
    right, wrong = _self_check(states, known, chance, dates, level)
    if wrong > (1 - level) * (right + wrong):
        return replace(
            found,
            placed_after=None,
            placed_before=None,
            abstained=True,
            reason=f"the changes do not last (water, season): in a cross-check, {wrong} of "
            f"{right + wrong} references were dated wrongly",
            self_check=(right, wrong),
        )
    return replace(found, self_check=(right, wrong))


def _votes(
    shown: Pixels,
    states: list[Pixels],
    known: Mask,
    chance: dict[int, list[NDArray[np.float64]]],
    scale: float,
) -> list[Vote]:
    """Return the votes of the picture at every patch of lasting change, heaviest first."""
    patches = lasting_patches(states, known, chance=chance)
    patches.sort(key=lambda patch: -patch.weight)
    if len(states) > 2:
        patches = [patch for patch in patches if patch.chance <= _MOST_CHANCE]
    elif patches:
        heaviest = patches[0].weight
        patches = [patch for patch in patches if patch.weight >= _LEAST_UNVERIFIED * heaviest]
    return [_vote(shown, states, patch, scale=scale) for patch in patches]


def _leaning(picture: Pixels, states: list[Pixels], patch: Patch) -> float:
    """Return the position of a picture from the earlier (-1) to the later state (+1) of a patch."""
    place = (patch.rows, patch.columns, patch.band)
    values = np.stack([state[place] for state in states])
    earlier = values[: patch.split + 1].mean(axis=0)
    later = values[patch.split + 1 :].mean(axis=0)
    away: NDArray[np.float32] = (2 * picture[place] - earlier - later) * patch.sign
    return float(away.sum() / max(float(np.abs(later - earlier).sum()), 1e-9))


def _vote(picture: Pixels, states: list[Pixels], patch: Patch, *, scale: float) -> Vote:
    """Return the state of a picture at a patch; ``scale`` converts to the full grid."""
    lean = _leaning(picture, states, patch)
    state = "later" if lean > 0 else "earlier"
    if not _LEAST_LEANING <= abs(lean) <= _MOST_LEANING:
        state = "neither"
    rows, columns = patch.rows, patch.columns
    return Vote(
        split=patch.split,
        state=state,
        leaning=lean,
        chance=patch.chance,
        centre=(float(columns.mean() + 0.5) * scale, float(rows.mean() + 0.5) * scale),
        area_px=float(rows.size) * scale**2,
        box=(
            float(columns.min()) * scale,
            float(rows.min()) * scale,
            float(columns.max() + 1) * scale,
            float(rows.max() + 1) * scale,
        ),
    )


def _self_check(
    states: list[Pixels],
    known: Mask,
    chance: dict[int, list[NDArray[np.float64]]],
    dates: list[date],
    level: float,
) -> tuple[int, int]:
    """Date every reference by the others; count right and wrong answers."""
    right = wrong = 0
    for k, state in enumerate(states):
        others, left = states[:k] + states[k + 1 :], dates[:k] + dates[k + 1 :]
        votes = _votes(state, others, known, chance, 1.0)
        answer = _answer(votes, left, known.shape, level)
        if answer.abstained:
            continue
        after, before = answer.placed_after, answer.placed_before
        fits = (after is None or moment(after) < moment(dates[k])) and (
            before is None or moment(dates[k]) < moment(before)
        )
        right, wrong = right + fits, wrong + (not fits)
    return right, wrong


def _answer(
    votes: list[Vote],
    dates: list[date],
    shape: tuple[float, float],
    level: float,
) -> Bracket:
    """Combine the votes into an answer."""
    likelihoods = _likelihoods(_evidence(votes, shape, len(dates) - 1))
    first, last = _credible(likelihoods, level)
    clear = [each for each in votes if each.state != "neither"]
    against = _against(votes, first, last)
    reason = ""
    if not votes:
        reason = "no lasting change was found between the references"
    elif _area(clear) < _LEAST_CLEAR * _area(votes):
        reason = "the picture shows neither state on most of the changed area"
    elif _area(against) > _MOST_CONTRADICTION * _area(clear):
        reason = f"{len(against)} of {len(clear)} changed patches contradict the best date"
    elif (first, last) == (0, len(dates)):
        reason = "the changed patches fit several dates"
    abstained = bool(reason)
    return Bracket(
        placed_after=None if abstained or first == 0 else dates[first - 1],
        placed_before=None if abstained or last == len(dates) else dates[last],
        abstained=abstained,
        reason=reason,
        level=level,
        deciding=tuple(votes),
        votes=len(clear),
        contradicting=len(against),
        log_likelihood=tuple(float(value) for value in likelihoods),
        dates=tuple(dates),
        lasting_verified=len(dates) > 2,
        self_check=None,
    )
