"""Is the picture cut from a known picture, or put together from some?"""

from collections.abc import Iterable, Iterator

from imgcheck import hashing
from imgcheck.case import Case
from imgcheck.checks import _known, needs
from imgcheck.checks.check import check
from imgcheck.model import Finding, Measure, Outcome

_MEANS = (
    "A cut, a collage or a screenshot is common and says nothing against the picture by itself; "
    "what was left out may matter.",
)


@check(
    "hashing.part-of",
    question="Is it cut from a known picture, or put together from some?",
    asks="recycled",
    analysis="source",
    answers=("original", "acquired"),
    needs=(needs.pixels, needs.index),
)
def hashing_part_of(case: Case) -> Iterable[Finding]:
    """Search the index for parts that the picture shares with known pictures."""
    result = case.known
    if not result.rows:
        yield from _known.empty(hashing_part_of, case)
        return
    found = [m for m in result.matches if not _known.whole(m)]
    copies = [m for m in found if m.relation in _known.COPIES]
    others = [m for m in found if m.relation not in _known.COPIES]
    none = f"No part of the picture is among the {result.rows} known pictures"
    if result.parts == "likely":
        none = f"No part of the picture was found in the likeliest of {result.rows} known pictures"
    none = _known.nothing(result, none)
    yield _told(case, result, [*copies, *others][: _known.MOST_SHOWN], none)
    yield from _known.answers(hashing_part_of, case, result, copies, none=none)


def _told(
    case: Case, result: hashing.SearchResult, matches: list[hashing.Match], none: str
) -> Finding:
    return hashing_part_of.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{_words(matches) if matches else none}.",
        basis=_known.BASIS,
        measures=(
            *_known.search_measures(result),
            *_known.match_measures(matches),
            *_shares(matches),
        ),
        evidence=_known.evidence(case, matches),
        limits=(*_known.LIMITS, *_MEANS),
    )


def _words(matches: list[hashing.Match]) -> str:
    copies = [m for m in matches if m.relation in _known.COPIES]
    panes = [m for m in copies if (m.overlap_share or 1.0) < 0.6]
    if len(panes) > 1:
        names = ", ".join(_known.name(m) for m in panes)
        return f"The picture is put together from parts of {len(panes)} known pictures: {names}"
    return "; ".join(_one(m) for m in matches)


def _one(match: hashing.Match) -> str:
    inside, of_known = match.overlap_share or 0.0, match.known_share or 0.0
    if match.relation in _known.COPIES:
        handling = [
            w for w, on in (("mirrored", match.mirrored), ("inverted", match.inverted)) if on
        ]
        turned = f", {' and '.join(handling)}" if handling else ""
        if inside >= 0.85:
            return (
                f"The picture is cut from {_known.name(match)}{turned}: it shows {of_known:.0%} "
                f"of it and leaves out {1 - of_known:.0%}"
            )
        return (
            f"A part of the picture ({inside:.0%}) is {'all' if of_known >= 0.85 else 'a part'} "
            f"of {_known.name(match)}{turned}"
        )
    return f"A part of the picture ({inside:.0%}) {_known.likeness(match)}"


def _shares(matches: list[hashing.Match]) -> Iterator[Measure]:
    for match in matches:
        if match.known_share is not None:
            yield Measure(
                name=f"share of {_known.name(match)} that the picture shows",
                value=round(match.known_share, 3),
            )
