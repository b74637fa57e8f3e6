"""Was the picture seen before, as a whole?"""

from collections.abc import Iterable

from imgcheck.case import Case
from imgcheck.checks import _known, needs
from imgcheck.checks.check import check
from imgcheck.model import Finding, Outcome


@check(
    "hashing.seen-before",
    question="Was the picture seen before?",
    asks="recycled",
    analysis="source",
    version="2",
    answers=("original", "acquired"),
    needs=(needs.pixels, needs.index),
)
def hashing_seen_before(case: Case) -> Iterable[Finding]:
    """Search the index for the whole picture, also re-encoded, rotated, mirrored or framed."""
    result = case.known
    if not result.rows:
        yield from _known.empty(hashing_seen_before, case)
        return
    found, copies = _known.copies_first([m for m in result.matches if _known.whole(m)])
    shown = found[: _known.MOST_SHOWN]
    none = _known.nothing(result, f"The picture is not among the {result.rows} known pictures")
    words = "The picture " + "; it ".join(map(_known.likeness, shown)) if shown else none
    yield hashing_seen_before.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{words}.",
        basis=_known.BASIS,
        measures=(*_known.search_measures(result), *_known.match_measures(shown)),
        evidence=_known.evidence(case, shown),
        limits=_known.LIMITS,
    )
    yield from _known.answers(hashing_seen_before, case, found[:copies], none)
