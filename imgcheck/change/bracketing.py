"""Between which dated pictures of a place another picture of it fits.

The deciding places are those where the ground changed once and for good; a picture that shows the
later state there was taken after the change, one that shows the earlier state before it. Overall
brightness, season and light never decide: they are taken out first, and what they leave is
measured by divisions of the references that do not follow time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.agreement import Vote, vote
from imgcheck.change.grid import Mask, Pixels
from imgcheck.change.lasting import chance_weights, lasting_patches
from imgcheck.change.references import Dated, in_order, moment, prepared
from imgcheck.errors import UsageError

# A patch decides when less than this share of such patches is chance.
MOST_CHANCE = 0.2

# Share of wrong votes at true patches that is allowed for in the weights.
# benchmarks: change, "bracket", tuning half.
WRONG_VOTES = 0.15

# The same where two references cannot tell a lasting change from a passing one; and the weight that
# a patch must have there, against the heaviest one.
WRONG_UNVERIFIED = 0.3
LEAST_UNVERIFIED = 0.1

# Votes of neighbouring patches repeat each other: the picture is cut in this many parts each way,
# and the patches of one change in one part speak once.
_PARTS = 6

# References that the method needs to be tried on themselves: three must be left.
FEWEST_FOR_SELF_CHECK = 4

# The picture must show one of the two states on this share of the ground that changed.
LEAST_CLEAR = 0.5

# Above this share of that ground against the best answer there is no answer.
MOST_CONTRADICTION = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Between which references a picture fits.

    Attributes
    ----------
    placed_after, placed_before : date or None
        Dates of the references between which the picture fits at ``level``; ``None`` for an open
        side, and for both when ``abstained``.
    abstained : bool
    reason : str
        Why there is no answer; empty when there is one.
    level : float
        Probability that the answer claims to hold the truth with.
    deciding : tuple of Vote
        What the picture shows at each deciding patch, heaviest first.
    votes : int
        Patches that show one of the two states.
    contradicting : int
        Those among them that speak against the answer, or against the best one.
    log_likelihood : tuple of float
        One for each hypothesis: before the first reference, between the first and the second, ...,
        after the last; the highest is 0.
    dates : tuple of date
        Dates of the references in order.
    lasting_verified : bool
        False with two references: a passing difference looks like a lasting one then.
    self_check : (right, wrong) or None
        Answers when each reference is placed among the others; ``None`` when this was not tried
        (fewer than four references, or no answer to test).
    """

    placed_after: date | None
    placed_before: date | None
    abstained: bool
    reason: str
    level: float
    deciding: tuple[Vote, ...]
    votes: int
    contradicting: int
    log_likelihood: tuple[float, ...]
    dates: tuple[date, ...]
    lasting_verified: bool
    self_check: tuple[int, int] | None


def _evidence(votes: list[Vote], shape: tuple[float, float], splits: int) -> NDArray[np.float64]:
    """Log-likelihood ratio "later" against "earlier" of every change, shape (splits, parts).

    The patches of one change within one part of the picture speak once, with their mean.
    """
    total = np.zeros((splits, _PARTS * _PARTS))
    heard = np.zeros_like(total)
    for each in votes:
        if each.state == "neither":
            continue
        wrong = WRONG_VOTES + (0.5 - WRONG_VOTES) * min(each.chance / MOST_CHANCE, 1.0)
        if splits == 1:
            wrong = WRONG_UNVERIFIED
        worth = math.log((1 - wrong) / wrong)
        column = min(int(each.centre[0] / shape[1] * _PARTS), _PARTS - 1)
        row = min(int(each.centre[1] / shape[0] * _PARTS), _PARTS - 1)
        part = row * _PARTS + column
        total[each.split, part] += math.copysign(worth * each.area_px, each.leaning)
        heard[each.split, part] += each.area_px
    return np.divide(total, heard, out=np.zeros_like(total), where=heard > 0)


def _likelihoods(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of each place in the order of the references, the best one 0.

    Hypothesis h: after h references and before the others. The change between references j and
    j + 1 (from 0) is past when h > j + 1, to come when h < j + 1. When h = j + 1 it falls into the
    same gap as the picture: all of it past, all of it to come (what is built together changes
    together), or each patch for itself, with equal weights.
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
    """Shortest run of neighbouring hypotheses that holds at least ``level``."""
    share = np.exp(likelihoods) / np.exp(likelihoods).sum()
    best = (0, share.size - 1)
    for first in range(share.size):
        for last in range(first, share.size):
            inside = share[first : last + 1].sum()
            if inside >= level and last - first < best[1] - best[0]:
                best = (first, last)
    return best


def _against(votes: list[Vote], first: int, last: int) -> list[Vote]:
    """Votes that contradict a picture between reference ``first`` and ``last + 1``."""
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
    """Say between which dated references a picture fits, or that nothing decides.

    Parameters
    ----------
    picture : ndarray of shape (M, N) or (M, N, C)
        Warped on the grid of the references; uint8, or float in [0, 1].
    references : sequence of (ndarray, date)
        At least two pictures of the same ground on the same grid, of different dates.
    gsd : float
        Ground sample distance, metres per pixel.
    valid : ndarray of shape (M, N), bool, optional
        True where the picture shows ground: no captions, arrows, borders.
    level : float, default 0.95
        Probability that the answer shall hold the truth with.

    Returns
    -------
    Bracket

    Raises
    ------
    GridMismatchError
        If the sizes differ.
    UsageError
        If there are fewer than two references, a date is missing or stands twice.

    Notes
    -----
    Only lasting change decides. Ground that changed and changed back within the gaps of the
    references, and a change that began before one reference and ended after it, can mislead. With
    three references one of the two changes rests on a single picture on either side.
    """
    if not (math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd is metres per pixel, above 0, not {gsd}")
    if not 0.5 <= level < 1:
        raise UsageError(f"level lies between 0.5 and 1, not {level}")
    ordered = in_order(references)
    dates = [when for _, when in ordered]
    (*states, shown), known, scale = prepared(picture, ordered, valid)
    chance = chance_weights(states, known)
    votes = _votes(shown, states, known, chance, scale)
    shape = (known.shape[0] * scale, known.shape[1] * scale)
    found = _answer(votes, dates, shape, level)
    if found.abstained or len(states) < FEWEST_FOR_SELF_CHECK:
        return found
    right, wrong = _self_check(states, known, chance, dates, level)
    if wrong > (1 - level) * (right + wrong):
        return replace(
            found,
            placed_after=None,
            placed_before=None,
            abstained=True,
            reason=f"the ground changes back: tried on the references themselves, {wrong} of "
            f"{right + wrong} answers were wrong (water, season)",
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
    """Ask the picture at every patch that changed lastingly, heaviest first."""
    patches = lasting_patches(states, known, chance=chance)
    patches.sort(key=lambda patch: -patch.weight)
    if len(states) > 2:
        patches = [patch for patch in patches if patch.chance <= MOST_CHANCE]
    elif patches:
        heaviest = patches[0].weight
        patches = [patch for patch in patches if patch.weight >= LEAST_UNVERIFIED * heaviest]
    return [vote(shown, states, patch, scale=scale) for patch in patches]


def _self_check(
    states: list[Pixels],
    known: Mask,
    chance: dict[int, list[NDArray[np.float64]]],
    dates: list[date],
    level: float,
) -> tuple[int, int]:
    """Place every reference among the others; count right and wrong answers."""
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
    """Weigh the votes."""
    likelihoods = _likelihoods(_evidence(votes, shape, len(dates) - 1))
    first, last = _credible(likelihoods, level)
    clear = [each for each in votes if each.state != "neither"]
    against = _against(votes, first, last)
    reason = ""
    if not votes:
        reason = "no patch of ground changed lastingly between the references"
    elif _area(clear) < LEAST_CLEAR * _area(votes):
        reason = "the picture shows neither state at most of the ground that changed"
    elif _area(against) > MOST_CONTRADICTION * _area(clear):
        reason = f"{len(against)} of {len(clear)} patches contradict the best answer"
    elif (first, last) == (0, len(dates)):
        reason = "the patches that changed do not decide"
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
