"""Was the picture seen before, as a whole?"""

from collections.abc import Iterable

from imgcheck import hashing
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
    """Search the index for the picture as a whole, however it was saved, turned or framed."""
    result = case.known
    if not result.rows:
        yield from _known.empty(hashing_seen_before, case)
        return
    found = [m for m in result.matches if _known.whole(m)]
    copies = [m for m in found if m.relation in _known.COPIES]
    others = [m for m in found if m.relation not in _known.COPIES]
    none = _known.nothing(result, f"The picture is not among the {result.rows} known pictures")
    yield _told(case, result, [*copies, *others][: _known.MOST_SHOWN], none)
    yield from _known.answers(hashing_seen_before, case, result, copies, none=none)


def _told(
    case: Case, result: hashing.SearchResult, matches: list[hashing.Match], none: str
) -> Finding:
    words = "The picture " + "; it ".join(_known.likeness(m) for m in matches) if matches else none
    return hashing_seen_before.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{words}.",
        basis=_known.BASIS,
        measures=(*_known.search_measures(result), *_known.match_measures(matches)),
        evidence=_known.evidence(case, matches),
        limits=_known.LIMITS,
    )
