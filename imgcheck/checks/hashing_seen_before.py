"""Was the picture, or a part of it, seen before?"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from imgcheck import hashing
from imgcheck.checks import needs
from imgcheck.checks._known import searched
from imgcheck.checks._pictures import jpeg
from imgcheck.checks.check import check
from imgcheck.imaging.text import printable
from imgcheck.model import (
    Acquired,
    Case,
    Evidence,
    FalseAlarm,
    Finding,
    Measure,
    Outcome,
    Picture,
    Region,
    Window,
)
from imgcheck.quantity import binomial_interval

_BASIS = "index of known pictures"

_COPIES = ("same", "derived")
_MOST_SHOWN = 5

_LIMITS = (
    "Only the pictures of this index were compared; the picture may have been seen elsewhere.",
    "The date of a known picture is what was written into the index when it was added.",
)

# benchmarks: hashing, ordered pairs of NAIP dates of one place that were called a copy: the
# hardest innocent case. Strangers: 0 of 6,150 pairs.
_CALLED_COPY, _PAIRS = 0, 90
FALSE_MATCH = FalseAlarm(
    rate=_CALLED_COPY / _PAIRS,
    interval=binomial_interval(_CALLED_COPY, _PAIRS),
    calibration="docs/benchmarks.md, hashing: other dates of one place called a copy",
)


@check(
    "hashing.seen-before",
    question="Was the picture, or a part of it, seen before?",
    asks="recycled",
    analysis="source",
    answers=("original", "acquired"),
    needs=(needs.pixels, needs.index),
)
def hashing_seen_before(case: Case) -> Iterable[Finding]:
    """Search the index for the picture and for parts of known pictures in it."""
    assert case.index is not None
    result = searched(case)
    with hashing.HashIndex.open(case.index) as index:
        shown = {m.id: index.preview(m.id) for m in result.matches[:_MOST_SHOWN]}
    copies = [m for m in result.matches if m.relation in _COPIES]
    others = [m for m in result.matches if m.relation not in _COPIES]
    yield _search(result, copies, others, shown)
    for statement in case.claim.of_kind("original"):
        yield _original(case, statement.id, result, copies)
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        yield _acquired(statement, result, copies)


def _name(match: hashing.Match) -> str:
    return printable(match.path).rsplit("/", 1)[-1]


def _relation(match: hashing.Match) -> str:
    handling = [
        word for word, on in (("mirrored", match.mirrored), ("inverted", match.inverted)) if on
    ]
    turned = f" ({' and '.join(handling)})" if handling else ""
    kinds = {
        "same": "is the same picture as",
        "derived": "is a copy, whole or cut, or a neighbouring frame, of",
        "same-capture": "overlaps, from the same capture, with",
        "same-place": "shows the same place, at another time, as",
        "undetermined": "resembles, without being surely a copy of,",
    }
    return f"{kinds[match.relation]}{turned} {_name(match)}"


def _search(
    result: hashing.SearchResult,
    copies: list[hashing.Match],
    others: list[hashing.Match],
    shown: dict[int, NDArray[np.uint8]],
) -> Finding:
    matches = [*copies, *others][:_MOST_SHOWN]
    if matches:
        words = "The picture " + "; it ".join(_relation(m) for m in matches) + "."
    else:
        words = f"The picture is not among the {result.rows} known pictures, nor is a part of it."
    return hashing_seen_before.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        measures=tuple(_measures(result, matches)),
        evidence=Evidence(
            regions=tuple(
                Region(
                    image="picture",
                    polygon=m.region,
                    label=f"shared with {_name(m)}",
                    layer="seen before",
                )
                for m in matches
                if m.region
            ),
            pictures=tuple(
                Picture(
                    name=f"known-{m.id}.jpg",
                    label=f"known picture: {_name(m)}",
                    role="known",
                    data=jpeg(shown[m.id]),
                )
                for m in matches
                if m.id in shown
            ),
        ),
        limits=_LIMITS,
    )


def _measures(result: hashing.SearchResult, matches: list[hashing.Match]) -> Iterator[Measure]:
    yield Measure(name="known pictures compared", value=result.rows)
    yield Measure(name="every one compared", value=result.exact)
    yield Measure(name="state of the index", value=result.snapshot)
    yield Measure(name="details searched for", value=result.features)
    for match in matches:
        chance = _chance(match)
        share = "" if match.overlap_share is None else f", {match.overlap_share:.0%} of the picture"
        when = match.known.date or "date not stated"
        yield Measure(
            name=_name(match),
            value=f"{match.relation} ({when}; found by {match.stage}{share}; {chance})",
        )


def _chance(match: hashing.Match) -> str:
    if match.stage in ("file", "pixels"):
        return f"the same {match.stage}"
    if match.log10_nfa < -9:
        return "fewer than one in a billion expected by chance"
    return f"{match.nfa:.2g} expected by chance"


def _date(match: hashing.Match) -> Window | None:
    try:
        return None if match.known.date is None else Window.parse(match.known.date)
    except ValueError:
        return None


def _original(
    case: Case, statement: str, result: hashing.SearchResult, copies: list[hashing.Match]
) -> Finding:
    posted = case.claim.source.posted
    dated = [(m, when) for m in copies if (when := _date(m)) is not None]
    earlier = [(m, when) for m, when in dated if posted is not None and when.before(posted)]
    wishes: tuple[str, ...] = ("a larger index of known pictures",)
    outcome = Outcome.INCONCLUSIVE
    if earlier:
        match, when = earlier[0]
        outcome = Outcome.CONTRADICTS
        words = f"The picture {_relation(match)}, which is dated {when.text}, before the post."
        wishes = ()
    elif copies:
        words = (
            f"The picture {_relation(copies[0])}, but which of the two came first is not known: "
            f"{'the post' if dated else 'the known picture'} has no date that decides."
        )
        wishes = ("the date of the post (source: posted) and of the known picture",)
    else:
        words = (
            f"The picture is not among the {result.rows} known pictures; that does not show that "
            "it is new."
        )
    return hashing_seen_before.finding(
        statement=statement,
        outcome=outcome,
        summary=words,
        basis=_BASIS,
        false_alarm=FALSE_MATCH if earlier else None,
        innocent=("the publisher may have posted the earlier copy too",),
        limits=_LIMITS,
        would_change=wishes,
    )


def _acquired(
    statement: Acquired, result: hashing.SearchResult, copies: list[hashing.Match]
) -> Finding:
    earlier = [
        (m, when)
        for m in copies
        if (when := _date(m)) is not None and when.before(statement.window)
    ]
    if earlier:
        match, when = earlier[0]
        return hashing_seen_before.finding(
            statement=statement.id,
            outcome=Outcome.CONTRADICTS,
            summary=f"The picture {_relation(match)}, which is dated {when.text}, before the "
            f"claimed {statement.window.text}.",
            basis=_BASIS,
            false_alarm=FALSE_MATCH,
            innocent=("the date written into the index may be wrong",),
            limits=_LIMITS,
        )
    words = (
        "No known picture that it is a copy of is dated before the claimed time."
        if copies
        else f"It is a copy of none of the {result.rows} known pictures."
    )
    return hashing_seen_before.finding(
        statement=statement.id,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        limits=_LIMITS,
    )
