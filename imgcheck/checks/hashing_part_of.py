"""Is the picture a crop of a known picture, or combined from several?"""

from collections.abc import Iterable, Iterator, Sequence

from imgcheck import hashing
from imgcheck.case import Case
from imgcheck.checks import _known, needs
from imgcheck.checks.check import check
from imgcheck.model import Finding, Measure, Outcome

_MEANS = (
    "Crops, collages and screenshots are common and not evidence against the picture, but the "
    "part that was left out may matter.",
)
# A copy that covers less of the picture than this is one pane of a collage.
_PANE = 0.6


@check(
    "hashing.part-of",
    question="Is it a crop of a known picture, or combined from several?",
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
    found, copies = _known.copies_first([m for m in result.matches if not _known.whole(m)])
    shown = found[: _known.MOST_SHOWN]
    none = f"No part of the picture is among the {result.rows} known pictures"
    if result.parts == "likely":
        none = (
            f"No part of the picture was found in the most similar of {result.rows} known pictures"
        )
    none = _known.nothing(result, none)
    yield hashing_part_of.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{_words(shown) if shown else none}.",
        basis=_known.BASIS,
        measures=(
            *_known.search_measures(result),
            *_known.match_measures(shown),
            *_shares(shown),
        ),
        evidence=_known.evidence(case, shown),
        limits=(*_known.LIMITS, *_MEANS),
    )
    yield from _known.answers(hashing_part_of, case, found[:copies], none)


def _words(matches: Sequence[hashing.Match]) -> str:
    copies = [m for m in matches if m.relation in _known.COPIES]
    panes = [m for m in copies if (m.overlap_share or 1.0) < _PANE]
    if len(panes) > 1:
        names = ", ".join(_known.name(m) for m in panes)
        return f"The picture is combined from parts of {len(panes)} known pictures: {names}"
    return "; ".join(_one(m) for m in matches)


def _one(match: hashing.Match) -> str:
    inside, of_known = match.overlap_share or 0.0, match.known_share or 0.0
    if match.relation not in _known.COPIES:
        return f"A part of the picture ({inside:.0%}) {_known.likeness(match)}"
    how = _known.variant(match)
    name = f"{_known.name(match)}{f', {how}' if how else ''}"
    if inside >= _known.WHOLE:
        return f"The picture is a crop of {name}: it shows {of_known:.0%} of that picture"
    extent = "all" if of_known >= _known.WHOLE else "a part"
    return f"A part of the picture ({inside:.0%}) is {extent} of {name}"


def _shares(matches: Sequence[hashing.Match]) -> Iterator[Measure]:
    for match in matches:
        if match.known_share is not None:
            yield Measure(
                name=f"share of {_known.name(match)} that the picture shows",
                value=round(match.known_share, 3),
            )
