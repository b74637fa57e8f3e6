"""Was the picture made from a dated reference, and does that date fit the claim?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta

from imgcheck.case import Case, Located, NotLocated, Reference
from imgcheck.checks import _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.model import Acquired, Citation, Evidence, Finding, Measure, Outcome, Window

_BASIS = "made from the reference imagery"
_COPIES = ("same", "derived")
# From this share on, the whole picture counts as made from the reference: a frame, a caption or a
# trimmed edge may not be. One pane of a collage does not date the others.
_WHOLE = 0.85
# Where the picture was placed on several references, it must agree with one as with no other.
_ALONE = 0.95
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The reference that the picture is a copy of, its date, and the longitude shown.

    ``likelihood`` is that of the reference among all on which the picture was placed.
    """

    reference: Reference
    date: Window
    lon: float
    likelihood: float | None


@check(
    "geo.made-from",
    question="Was it made from a dated reference image?",
    asks="misdated",
    answers=("acquired", "original"),
    needs=(needs.pixels, needs.dated_reference),
)
def geo_made_from(case: Case) -> Iterable[Finding]:
    """Compare the date of the reference that the picture is a copy of with the claim."""
    source = _source(case)
    if isinstance(source, str):
        yield from geo_made_from.without(case, Outcome.NOT_APPLICABLE, source)
        return
    for statement in case.claim.of_type(Acquired):
        yield _acquired(case, statement, source)
    for original in case.claim.of_kind("original"):
        yield _original(case, original.id, source)


def _source(case: Case) -> _Source | str:
    """Return the dated reference that the whole picture was made from, or why there is none."""
    found = case.placing
    if isinstance(found, NotLocated):
        return "the picture was not placed on the reference imagery"
    reference = found.reference
    name = _places.name(reference)
    if found.relation.kind not in _COPIES:
        return f"the picture is not a copy of {name}, on which it was placed"
    if reference.date is None:
        return f"the picture was made from {name}, whose date is not stated"
    likelihood = _likelihood(found)
    if likelihood is not None and likelihood < _ALONE:
        return f"the picture agrees with another reference as well as with {name}"
    share = found.overlap
    if share < _WHOLE:
        return f"only {share:.0%} of the picture lies on {name}; the rest may be of another date"
    lon = found.placement.centre_lonlat[0]
    return _Source(reference=reference, date=reference.date, lon=lon, likelihood=likelihood)


def _likelihood(found: Located) -> float | None:
    """Return how probable the reference is among those of other dates; None if there is none."""
    date = found.reference.date
    rest = [
        chance
        for one, chance in found.likelihoods
        if one is not found.reference and (one.date is None or one.date != date)
    ]
    own = [chance for one, chance in found.likelihoods if one is found.reference]
    return own[0] / (own[0] + sum(rest)) if own and rest else None


def _acquired(case: Case, statement: Acquired, source: _Source) -> Finding:
    claimed, date = statement.window, source.date
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
    return _finding(statement.id, outcome, source, words, wishes)


def _original(case: Case, statement: str, source: _Source) -> Finding:
    """Judge by the claimed time, and by the post where none is claimed.

    A new picture from a satellite is a copy of the operator's own image of that day: imagery from
    within the claimed time says nothing against it.
    """
    windows = [s.window for s in case.claim.of_type(Acquired)]
    posted = case.claim.source.posted
    bounds = windows or ([posted] if posted is not None else [])
    wishes: tuple[str, ...] = ()
    outcome = Outcome.INCONCLUSIVE
    if _after_post(case, source.date):
        words, wishes = _IMPOSSIBLE, _DATE
    elif not bounds:
        words = "but when the picture was taken or posted is not stated"
        wishes = ("the date of the post (source.posted in the claim) or the claimed time",)
    elif all(source.date.before(bound) for bound in bounds):
        outcome, words = Outcome.CONTRADICTS, "so it is older imagery, not a new picture"
    else:
        words = "which does not show that it was published before"
        wishes = ("a copy that was published earlier",)
    return _finding(statement, outcome, source, words, wishes)


def _contest(source: _Source) -> Iterator[Measure]:
    if source.likelihood is not None:
        name = "probability of this reference among those on which the picture was placed"
        yield Measure(name=name, value=round(source.likelihood, 3))


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
    statement: str, outcome: Outcome, source: _Source, words: str, wishes: tuple[str, ...]
) -> Finding:
    reference, date = source.reference, source.date
    return geo_made_from.finding(
        statement=statement,
        outcome=outcome,
        summary=f"The picture was made from the reference {reference.id}, dated {date.words}, "
        f"{words}.",
        basis=_BASIS,
        measures=(Measure(name="date of the reference", value=date.text), *_contest(source)),
        error_rate=error_rate("geo.made-from", "called a copy"),
        evidence=Evidence(citations=(Citation(input=reference.id, label=_places.name(reference)),)),
        innocent=_INNOCENT if outcome is Outcome.CONTRADICTS else (),
        limits=_LIMITS,
        would_change=wishes,
    )
