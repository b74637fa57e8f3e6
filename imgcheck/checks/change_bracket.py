"""Which dated state of the ground does the picture show?"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from imgcheck import change
from imgcheck.checks import _placed, needs
from imgcheck.checks._placed import Ground
from imgcheck.checks.calibration import error_rate
from imgcheck.checks.check import check
from imgcheck.model import (
    Acquired,
    Case,
    Citation,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Reference,
    Region,
    Window,
)

_BASIS = "state of the ground against dated imagery"

# More dates than this would take minutes and memory; they are thinned evenly.
_MOST_REFERENCES = 12
# A vote at a lone patch may be a parked lorry; see docs/checks/change.bracket.md.
_LEAST_VOTES = 3
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
    ground = _placed.ground(case)
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
    dated = [r for r in case.references if r.date is not None]
    if len(dated) > _MOST_REFERENCES:
        kept = np.linspace(0, len(dated) - 1, _MOST_REFERENCES).round().astype(int)
        dated = [dated[i] for i in kept]
    layers: dict[datetime, _Layer] = {}
    for reference in dated:
        assert reference.date is not None
        layer = _placed.layer(case, reference)
        if layer is not None:
            layers.setdefault(reference.date.earliest, (reference, *layer))
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
    return f"In the picture {' and '.join(sides)} ({found.votes} places decide)"


def _name(when: object, references: dict[datetime, Reference]) -> str:
    assert isinstance(when, datetime)
    return _placed.name(references[when])


def _measures(found: change.Bracket) -> Iterator[Measure]:
    yield Measure(name="places that decide", value=found.votes)
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
    window = statement.window
    words = _words(found, references)
    early, late = _date(found.placed_after, references), _date(found.placed_before, references)
    outcome = Outcome.INCONCLUSIVE
    wishes: tuple[str, ...] = ()
    too_late = late is not None and late.before(window)
    too_early = early is not None and window.before(early)
    if found.abstained:
        wishes = ("dated references between which the ground changed for good",)
    elif (too_late or too_early) and not found.lasting_verified:
        words += "; with two references it is not known that the change lasted"
        wishes = ("a third dated reference",)
    elif (too_late or too_early) and found.votes < _LEAST_VOTES:
        words += f"; fewer than {_LEAST_VOTES} places are not enough to contradict"
        wishes = ("more dated references",)
    elif too_late or too_early:
        outcome = Outcome.CONTRADICTS
        words += f", so it was taken {'before' if too_late else 'after'} the claimed {window.text}"
    elif _within(window, early, late):
        outcome = Outcome.SUPPORTS
        words += f", which leaves only the claimed {window.text}"
    else:
        words += f", which agrees with the claimed {window.text} and with other times"
        wishes = ("references of dates nearer to the claimed time",)
    return change_bracket.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"{words}.",
        basis=_BASIS,
        measures=tuple(_measures(found)),
        error_rate=error_rate("change.bracket", "answered wrongly"),
        innocent=(
            "a reference carries a wrong date",
            "what was there had been removed for a while",
        ),
        limits=_LIMITS,
        would_change=wishes,
    )


def _date(when: object, references: dict[datetime, Reference]) -> Window | None:
    return references[when].date if isinstance(when, datetime) else None


def _within(window: Window, early: Window | None, late: Window | None) -> bool:
    """Tell whether the two dates lie inside the claimed window."""
    return (
        early is not None
        and late is not None
        and window.earliest <= early.earliest
        and late.latest <= window.latest
    )
