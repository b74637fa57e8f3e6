"""Is the picture of one acquisition with a dated reference, and does that date fit the claim?"""

from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta

import numpy as np

from imgcheck.case import Case, NotLocated
from imgcheck.case.acquisition import Acquisition
from imgcheck.checks import _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.imaging import warp
from imgcheck.imaging.reduced import jpeg
from imgcheck.model import (
    Acquired,
    Citation,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Picture,
    Window,
)

_BASIS = "made from the reference imagery"
# From this share on, the whole picture counts as made from the reference: a frame, a caption or a
# trimmed edge may not be. One pane of a collage does not date the others.
_WHOLE = 0.85
# Where several references show the ground, it must agree with those of one date as with no other.
ALONE = 0.8
_SHOWN_SIDE = 1024
# Civil time anywhere on land differs by less than this from the mean solar time of its meridian
# (3.2 h in the west of China is the most).
_CIVIL = timedelta(hours=4)

_LIMITS = (
    "The date of the reference is taken as stated; it must be that of its acquisition, not of its "
    "publication.",
    "The same imagery may also have been published with another date.",
)
_INNOCENT = (
    "the date of the reference may be wrong",
    "frames of one flight or pass, seconds apart, can look like copies",
)


@check(
    "change.same-acquisition",
    question="Is it of one acquisition with a dated reference image?",
    asks="misdated",
    answers=("acquired", "original"),
    needs=(needs.pixels, needs.dated_reference),
)
def change_same_acquisition(case: Case) -> Iterable[Finding]:
    """Compare the date of the reference that the picture is a copy of with the claim."""
    found = case.acquisition
    reason = "the picture was not placed on the reference imagery"
    if isinstance(found, NotLocated) or (reason := _unfit(found)):
        yield from change_same_acquisition.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    for statement in case.claim.of_type(Acquired):
        yield _acquired(case, statement, found)
    for original in case.claim.of_kind("original"):
        yield _original(case, original.id, found)


def _unfit(found: Acquisition) -> str:
    """Return why the picture is not dated by the reference it agrees with best, or ""."""
    name = _places.name(found.reference)
    if found.origin == "same capture":
        return (
            f"the picture was taken within hours of {name}, from another point of the same flight "
            "or pass; it is not a copy"
        )
    if found.origin == "pane":
        return (
            f"more than a fifth of the picture, in one piece, is not from {name}, from which the "
            "rest was made; that piece may be of another date"
        )
    if found.origin == "none":
        others = len(found.likelihoods) - 1
        beside = f" or of any of {others} other references" if others else ""
        return f"the picture is not a copy of {name}{beside}"
    if found.reference.date is None:
        return f"the picture was made from {name}, whose date is not stated"
    likelihood = _likelihood(found)
    if likelihood is not None and likelihood < ALONE:
        return f"the picture agrees with another reference as well as with {name}"
    if found.overlap < _WHOLE:
        return (
            f"only {found.overlap:.0%} of the picture lies on {name}; the rest may be of another "
            "date"
        )
    return ""


def _likelihood(found: Acquisition) -> float | None:
    """Return how probable the reference is among those of other dates; None if there is none."""
    date = found.reference.date
    rest = [
        chance
        for one, chance in found.likelihoods
        if one is not found.reference and (one.date is None or one.date != date)
    ]
    own = [chance for one, chance in found.likelihoods if one is found.reference]
    return own[0] / (own[0] + sum(rest)) if own and rest else None


def _acquired(case: Case, statement: Acquired, source: Acquisition) -> Finding:
    claimed, date = statement.window, _date(source)
    wishes: tuple[str, ...] = ()
    outcome = Outcome.INCONCLUSIVE
    if _after_post(case, date):
        words, wishes = _IMPOSSIBLE, _DATE
    elif date.before(claimed):
        outcome, words = Outcome.CONTRADICTS, f"so it was taken before the claimed {claimed.words}"
    elif claimed.before(date):
        outcome, words = Outcome.CONTRADICTS, f"so it was taken after the claimed {claimed.words}"
    elif _inside(date, claimed, source.lon):
        outcome, words = Outcome.SUPPORTS, f"which lies within the claimed {claimed.words}"
    else:
        words, wishes = (
            f"which neither supports nor contradicts the claimed {claimed.words}",
            _EXACT,
        )
    return _finding(case, statement.id, outcome, source, words, wishes)


def _original(case: Case, statement: str, source: Acquisition) -> Finding:
    """Judge by the claimed time, and by the post where none is claimed.

    A new picture from a satellite is a copy of the operator's own image of that day: imagery from
    within the claimed time says nothing against it.
    """
    windows = [s.window for s in case.claim.of_type(Acquired)]
    posted = case.claim.source.posted
    bounds = windows or ([posted] if posted is not None else [])
    wishes: tuple[str, ...] = ()
    outcome = Outcome.INCONCLUSIVE
    if _after_post(case, _date(source)):
        words, wishes = _IMPOSSIBLE, _DATE
    elif not bounds:
        words = "but when the picture was taken or posted is not stated"
        wishes = ("the date of the post (source.posted in the claim) or the claimed time",)
    elif all(_date(source).before(bound) for bound in bounds):
        outcome, words = Outcome.CONTRADICTS, "so it is older imagery, not a new picture"
    else:
        words = "which does not show that it was published before"
        wishes = ("a copy that was published earlier",)
    return _finding(case, statement, outcome, source, words, wishes)


def _date(source: Acquisition) -> Window:
    assert source.reference.date is not None  # otherwise `_unfit`
    return source.reference.date


def _measures(source: Acquisition) -> Iterator[Measure]:
    yield Measure(name="date of the reference", value=_date(source).text)
    yield Measure(name="references compared", value=len(source.likelihoods))
    likelihood = _likelihood(source)
    if likelihood is not None:
        name = "probability of this reference among those compared"
        yield Measure(name=name, value=round(likelihood, 3))


_IMPOSSIBLE = "which is later than the post, so that date cannot be right"
_DATE = ("the date on which the reference was acquired",)
_EXACT = ("the day on which the reference was acquired", "a narrower claimed time")


def _after_post(case: Case, date: Window) -> bool:
    posted = case.claim.source.posted
    return posted is not None and posted.before(date)


def _inside(date: Window, claimed: Window, lon: float) -> bool:
    """Return whether a date lies within a claimed window, each read as a local clock.

    Where only one of the two has a time zone, the other is taken for a civil time of the place
    that is shown, whichever may be in use there.
    """
    start, end = date.start, date.end
    if date.zone_known != claimed.zone_known:
        offset = timedelta(hours=lon / 15.0)
        if date.zone_known:
            start = start.astimezone(UTC).replace(tzinfo=None) + offset
            end = end.astimezone(UTC).replace(tzinfo=None) + offset
        else:
            start, end = (t.replace(tzinfo=UTC) - offset for t in (start, end))
        start, end = start - _CIVIL, end + _CIVIL
    return claimed.start <= start and end <= claimed.end


def _finding(
    case: Case,
    statement: str,
    outcome: Outcome,
    source: Acquisition,
    words: str,
    wishes: tuple[str, ...],
) -> Finding:
    reference, date = source.reference, _date(source)
    altered = source.origin == "altered copy"
    but = ", and then altered in a part" if altered else ""
    return change_same_acquisition.finding(
        statement=statement,
        outcome=outcome,
        summary=f"The picture was made from the reference {reference.id}, dated {date.words}{but}, "
        f"{words}.",
        basis=_BASIS,
        measures=tuple(_measures(source)),
        error_rate=error_rate("change.same-acquisition", "called a copy"),
        evidence=Evidence(
            citations=(Citation(input=reference.id, label=_places.name(reference)),),
            pictures=tuple(_side_by_side(case, source)),
        ),
        innocent=_INNOCENT if outcome is Outcome.CONTRADICTS else (),
        limits=_LIMITS,
        would_change=wishes,
    )


def _side_by_side(case: Case, source: Acquisition) -> Iterator[Picture]:
    """Yield the reference on the grid of the picture, and the picture."""
    reference, post = source.drawn, case.image.gray()
    shrink = min(1.0, _SHOWN_SIDE / max(post.shape))
    size = (max(1, round(post.shape[0] * shrink)), max(1, round(post.shape[1] * shrink)))
    label = f"reference {_places.name(source.reference)}"
    for role, words, gray in (
        ("before", label, reference),
        ("after", "the posted picture", post),
    ):
        pixels = np.nan_to_num(warp.resize(gray, size))
        yield Picture(name=f"source-{role}.jpg", label=words, role=role, data=jpeg(pixels))
