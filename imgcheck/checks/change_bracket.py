"""Which dated state of the ground does the picture show?"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from imgcheck import change
from imgcheck.case import Case, Reference
from imgcheck.case.ground import Ground
from imgcheck.checks import _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.model import Acquired, Citation, Evidence, Finding, Measure, Outcome, Region, Window

_BASIS = "state of the ground against dated imagery"

# More dates would take minutes and memory; they are thinned evenly.
_MOST_REFERENCES = 12
# A single place may be a parked lorry, and one gap between two references may be only a season. The
# results of weaker rules are in docs/benchmarks.md, section change.
_LEAST_VOTES = 3
_LEAST_GAPS = 2
_MOST_SHOWN = 40

_WISH = "dated references that show the ground of the picture (--reference PATH@DATE)"

_LIMITS = (
    "Only changes that last in all later references decide; the dates of the references are not "
    "tested.",
    "Something that was built and removed again, or a change that took longer than the gap "
    "between two references, can lead to a wrong date.",
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
    """Compare each place that changed permanently with the picture: which state does it show?"""
    ground = case.ground
    dated = {} if ground is None else _layers(case)
    if ground is None:
        yield from _places.unplaced(change_bracket, case)
        return
    valid = ground.valid.copy()
    for _, _, shown in dated.values():
        valid &= shown
    reason = ""
    if len(dated) < 2:
        reason = "fewer than two dated references show the ground of the picture"
    elif np.count_nonzero(valid) < 1000:
        reason = "picture and references have almost no ground in common"
    if reason:
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
    for statement in case.claim.of_type(Acquired):
        yield _answer(statement, found, references)


_Layer = tuple[Reference, NDArray[np.float32], NDArray[np.bool_]]


def _layers(case: Case) -> dict[date, _Layer]:
    """Return the references on the ground of the picture by date, in order of time."""
    dated = needs.in_sequence(case.references)
    if len(dated) > _MOST_REFERENCES:
        kept = np.linspace(0, len(dated) - 1, _MOST_REFERENCES).round().astype(int)
        dated = [dated[i] for i in kept]
    layers: dict[date, _Layer] = {}
    for reference in dated:
        layer = case.layer(reference)
        if layer is not None and reference.date is not None:
            layers[reference.date.earliest] = (reference, *layer)
    return layers


def _observation(
    found: change.Bracket, references: dict[date, Reference], ground: Ground
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
                Citation(input=r.id, label=_places.name(r)) for r in references.values()
            ),
        ),
        limits=_LIMITS,
    )


def _words(found: change.Bracket, references: dict[date, Reference]) -> str:
    if found.abstained:
        return f"The picture could not be dated by changes on the ground: {found.reason}"
    sides = []
    if found.placed_after is not None:
        sides.append(
            f"what had appeared by {_places.name(references[found.placed_after])} is present"
        )
    if found.placed_before is not None:
        sides.append(
            f"what had appeared by {_places.name(references[found.placed_before])} is absent"
        )
    return f"In the picture {' and '.join(sides)} ({found.votes} places compared)"


def _measures(found: change.Bracket) -> Iterator[Measure]:
    yield Measure(name="places compared", value=found.votes)
    yield Measure(name="places that contradict this result", value=found.contradicting)
    yield Measure(name="change verified as lasting", value=found.lasting_verified)
    for name, when in (("taken after", found.placed_after), ("taken before", found.placed_before)):
        shown = None if when is None else when.isoformat()
        yield Measure(name=name, value=shown, reason=found.reason or "no limit on this side")


def _regions(
    found: change.Bracket, references: dict[date, Reference], ground: Ground
) -> Iterator[Region]:
    names = [_places.name(r) for r in references.values()]
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
    statement: Acquired, found: change.Bracket, references: dict[date, Reference]
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
            "the date of a reference is wrong",
            "something was removed for a while and came back",
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
        End of the sentence that begins with what the picture shows.
    wish : str
        What would give a better answer, or empty.

    Notes
    -----
    The window is excluded by places where the picture shows what is newer than the window, or lacks
    what is older. Three such places are needed, in two gaps between references. The window is
    supported if the time before it and the time after it are both excluded in this way.
    """
    if found.abstained:
        return (
            Outcome.INCONCLUSIVE,
            "",
            "dated references between which the ground changed permanently",
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
            f", which agrees with the claimed {window.words} and with other times",
            "references of dates nearer to the claimed time",
        )
    if not found.lasting_verified:
        return (
            Outcome.INCONCLUSIVE,
            "; with two references it is not known whether the change lasted",
            "a third dated reference",
        )
    few = [votes for votes in wanted if not _enough(votes)]
    if few:
        return (
            Outcome.INCONCLUSIVE,
            f"; that is not enough to decide about the claimed {window.words}: {_LEAST_VOTES} "
            f"places in {_LEAST_GAPS} gaps between references must exclude other times, and there "
            f"are {len(few[0])} in {len(set(few[0]))}",
            "more dated references",
        )
    if side:
        said = f", so it was taken {side} the claimed {window.words}"
        return Outcome.CONTRADICTS, said, ""
    return Outcome.SUPPORTS, f", which leaves only the claimed {window.words}", ""


def _votes(found: change.Bracket, state: str, bearing: Sequence[bool]) -> list[int]:
    """Return the gap of each place that shows ``state``, in gaps that bear on the question.

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
