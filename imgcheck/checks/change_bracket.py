"""Which dated state of the ground does the picture show?"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from imgcheck import change
from imgcheck.case import Case, Reference
from imgcheck.case.ground import Ground
from imgcheck.checks import _placed, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.model import Acquired, Citation, Evidence, Finding, Measure, Outcome, Region, Window

_BASIS = "state of the ground against dated imagery"

# More dates than this would take minutes and memory; they are thinned evenly.
_MOST_REFERENCES = 12
# A vote at a lone patch may be a parked lorry, and one gap between two references may hold nothing
# but a season. What came of weaker rules is in docs/benchmarks.md, section change.
_LEAST_VOTES = 3
_LEAST_GAPS = 2
_MOST_SHOWN = 40

_WISH = "dated references that show the ground of the picture (--reference PATH@DATE)"

_LIMITS = (
    "Only changes that last in all later references decide; the dates of the references are as "
    "stated, not tested.",
    "Something built and removed, or a change that took longer than the gap between two "
    "references, can mislead.",
)


@check(
    "change.bracket",
    question="Which dated state of the ground does the picture show?",
    asks="misdated",
    analysis="content",
    stage="models",
    answers=("acquired",),
    needs=(needs.pixels, needs.two_dated_references),
)
def change_bracket(case: Case) -> Iterable[Finding]:
    """Test at every patch that changed for good which state the picture shows."""
    ground = case.ground
    dated = {} if ground is None else _layers(case)
    if ground is None:
        yield from _placed.unplaced(change_bracket, case)
        return
    if len(dated) < 2:
        reason = "fewer than two dated references show the ground of the picture"
        yield from change_bracket.without(
            case, Outcome.NOT_APPLICABLE, reason, would_change=(_WISH,)
        )
        return
    valid = ground.valid.copy()
    for _, _, shown in dated.values():
        valid &= shown
    if np.count_nonzero(valid) < 1000:
        reason = "picture and references have almost no ground in common"
        yield from change_bracket.without(
            case, Outcome.NOT_APPLICABLE, reason, would_change=(_WISH,)
        )
        return
    found = change.bracket(
        ground.picture,
        [(rgb, when) for when, (_, rgb, _) in dated.items()],
        gsd=ground.grid.gsd_m,
        valid=valid,
    )
    references = {when: reference for when, (reference, _, _) in dated.items()}
    yield _observation(found, references, ground)
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        yield _answer(statement, found, references)


_Layer = tuple[Reference, NDArray[np.float32], NDArray[np.bool_]]


def _layers(case: Case) -> dict[datetime, _Layer]:
    """Give the dated references on the picture's ground, one a date, in order of time."""
    dated = needs.in_sequence(case.references)
    if len(dated) > _MOST_REFERENCES:
        kept = np.linspace(0, len(dated) - 1, _MOST_REFERENCES).round().astype(int)
        dated = [dated[i] for i in kept]
    layers: dict[datetime, _Layer] = {}
    for reference in dated:
        assert reference.date is not None
        layer = case.layer(reference)
        if layer is not None:
            layers[reference.date.earliest] = (reference, *layer)
    return layers


def _observation(
    found: change.Bracket, references: dict[datetime, Reference], ground: Ground
) -> Finding:
    return change_bracket.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_words(found, references) + ".",
        basis=_BASIS,
        measures=tuple(_measures(found)),
        evidence=Evidence(
            regions=tuple(_regions(found, references, ground)),
            citations=tuple(
                Citation(input=r.id, label=_placed.name(r)) for r in references.values()
            ),
        ),
        limits=_LIMITS,
    )


def _words(found: change.Bracket, references: dict[datetime, Reference]) -> str:
    if found.abstained:
        return f"The ground does not date the picture: {found.reason}"
    sides = []
    if found.placed_after is not None:
        sides.append(f"what had come by {_name(found.placed_after, references)} is there")
    if found.placed_before is not None:
        sides.append(f"what stood by {_name(found.placed_before, references)} is not there yet")
    return f"In the picture {' and '.join(sides)} ({found.votes} places compared)"


def _name(when: object, references: dict[datetime, Reference]) -> str:
    assert isinstance(when, datetime)
    return _placed.name(references[when])


def _measures(found: change.Bracket) -> Iterator[Measure]:
    yield Measure(name="places compared", value=found.votes)
    yield Measure(name="places against the answer", value=found.contradicting)
    yield Measure(name="change verified as lasting", value=found.lasting_verified)
    for name, when in (("taken after", found.placed_after), ("taken before", found.placed_before)):
        shown = None if when is None else when.isoformat()
        yield Measure(name=name, value=shown, reason=found.reason or "open on this side")


def _regions(
    found: change.Bracket, references: dict[datetime, Reference], ground: Ground
) -> Iterator[Region]:
    names = [_placed.name(r) for r in references.values()]
    for vote in found.deciding[:_MOST_SHOWN]:
        if vote.state == "neither":
            continue
        left, top, right, bottom = vote.box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
        side = (
            f"as by {names[vote.split]}"
            if vote.state == "earlier"
            else (f"as by {names[vote.split + 1]}")
        )
        yield Region(
            image="picture",
            polygon=ground.to_picture(corners),
            label=f"the picture shows it {side}",
            layer="dated ground",
        )


def _answer(
    statement: Acquired, found: change.Bracket, references: dict[datetime, Reference]
) -> Finding:
    dates = [r.date for r in references.values() if r.date is not None]
    outcome, said, wish = decide(statement.window, found, dates)
    return change_bracket.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"{_words(found, references)}{said}.",
        basis=_BASIS,
        measures=tuple(_measures(found)),
        error_rate=error_rate("change.bracket", "answered wrongly"),
        innocent=(
            "a reference carries a wrong date",
            "what was there had been removed for a while",
        ),
        limits=_LIMITS,
        would_change=(wish,) if wish else (),
    )


def decide(
    window: Window, found: change.Bracket, dates: Sequence[Window]
) -> tuple[Outcome, str, str]:
    """Compare a claimed window with the dates between which the picture fits.

    Parameters
    ----------
    window : Window
        The claimed time.
    found : change.Bracket
    dates : sequence of Window
        Dates of the references, in the order of ``found.dates``.

    Returns
    -------
    outcome : Outcome
    said : str
        How the sentence ends that begins with what the picture shows.
    wish : str
        What would give a better answer, or empty.

    Notes
    -----
    The window is excluded only by places that exclude it by themselves: the picture shows there
    what came after the window, or lacks what stood before it. It takes three such places, in two
    gaps between references. A window is left as the only one when the time before it and the time
    after it are both excluded in this way.
    """
    if found.abstained:
        return (
            Outcome.INCONCLUSIVE,
            "",
            "dated references between which the ground changed for good",
        )
    early = None if found.placed_after is None else dates[found.dates.index(found.placed_after)]
    late = None if found.placed_before is None else dates[found.dates.index(found.placed_before)]
    gaps = range(len(dates) - 1)
    if late is not None and late.before(window):
        side, wanted = (
            "before",
            [_votes(found, "earlier", [dates[g + 1].before(window) for g in gaps])],
        )
    elif early is not None and window.before(early):
        side, wanted = "after", [_votes(found, "later", [window.before(dates[g]) for g in gaps])]
    elif _within(window, early, late):
        side, wanted = (
            "",
            [
                _votes(found, "later", [window.earliest <= dates[g].earliest for g in gaps]),
                _votes(found, "earlier", [dates[g + 1].latest <= window.latest for g in gaps]),
            ],
        )
    else:
        return (
            Outcome.INCONCLUSIVE,
            f", which agrees with the claimed {window.text} and with other times",
            "references of dates nearer to the claimed time",
        )
    if not found.lasting_verified:
        return (
            Outcome.INCONCLUSIVE,
            "; with two references it is not known that the change lasted",
            "a third dated reference",
        )
    few = [votes for votes in wanted if not _enough(votes)]
    if few:
        return (
            Outcome.INCONCLUSIVE,
            f"; that is not enough to decide about the claimed {window.text}: it takes "
            f"{_LEAST_VOTES} places in {_LEAST_GAPS} gaps between references that bear on it "
            f"directly, and there are {len(few[0])} in {len(set(few[0]))}",
            "more dated references",
        )
    if side:
        said = f", so it was taken {side} the claimed {window.text}"
        return Outcome.CONTRADICTS, said, ""
    return Outcome.SUPPORTS, f", which leaves only the claimed {window.text}", ""


def _votes(found: change.Bracket, state: str, bearing: Sequence[bool]) -> list[int]:
    """Give the gap of every place that shows ``state``, in gaps that bear on the question.

    A gap in which as many places show the other state is left out.
    """
    shown = [vote.split for vote in found.deciding if vote.state == state]
    other = [vote.split for vote in found.deciding if vote.state not in (state, "neither")]
    return [gap for gap in shown if bearing[gap] and shown.count(gap) > other.count(gap)]


def _enough(votes: list[int]) -> bool:
    return len(votes) >= _LEAST_VOTES and len(set(votes)) >= _LEAST_GAPS


def _within(window: Window, early: Window | None, late: Window | None) -> bool:
    """Tell whether the two dates lie inside the claimed window."""
    return (
        early is not None
        and late is not None
        and window.earliest <= early.earliest
        and late.latest <= window.latest
    )
