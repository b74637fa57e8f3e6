"""Which dated state of the ground does the picture show?"""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from imgcheck import change
from imgcheck.case import Case
from imgcheck.case.dating import Dated, NotDated
from imgcheck.case.ground import Ground
from imgcheck.checks import _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.model import Acquired, Citation, Evidence, Finding, Measure, Outcome, Region, Window

_BASIS = "state of the ground against dated imagery"

# A single place may be a parked lorry, and one gap between two references may be only a season. The
# results of weaker rules are in docs/benchmarks.md, section change.
_LEAST_VOTES = 3
_LEAST_GAPS = 2

# Places below this log-likelihood ratio are shown and not counted: noise has many of them.
_LEAST_RATIO = math.log(9)
_MOST_SHOWN = 40

# Pixels on the ground, in metres, of the stacks on which wrong answers were counted, with at least
# four references. benchmarks: dating.
_MEASURED = ((4.0, 30.0, "pixels of 4 to 30 m"), (30.0, 100.0, "pixels of 30 to 100 m"))
_FEWEST_MEASURED = 4

_WISH = "dated references that show the ground of the picture (--reference PATH@DATE)"

_LIMITS = (
    "Only changes that last in all later references decide; the dates of the references are not "
    "tested.",
    "Something that was built and removed again, or a change that took longer than the gap "
    "between two references, can lead to a wrong date.",
)


@check(
    "change.date-bracket",
    question="Which dated state of the ground does the picture show?",
    asks="misdated",
    analysis="content",
    stage="models",
    answers=("acquired",),
    needs=(needs.pixels, needs.two_dated_references),
)
def change_date_bracket(case: Case) -> Iterable[Finding]:
    """Compare each place that changed permanently with the picture: which state does it show?"""
    found = case.dating
    if isinstance(found, NotDated) and not found.placed:
        yield from _places.unplaced(change_date_bracket, case)
    elif isinstance(found, NotDated):
        yield from change_date_bracket.without(
            case, Outcome.NOT_APPLICABLE, found.reason, would_change=(_WISH,)
        )
    elif case.ground is not None:
        yield _observation(found, case.ground)
        for statement in case.claim.of_type(Acquired):
            yield _answer(statement, found, case.ground)


def _observation(dated: Dated, ground: Ground) -> Finding:
    return change_date_bracket.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_words(dated) + ".",
        basis=_BASIS,
        measures=tuple(_measures(dated.bracket)),
        evidence=Evidence(
            regions=tuple(_regions(dated, ground)),
            citations=tuple(Citation(input=r.id, label=_places.name(r)) for r in dated.references),
        ),
        limits=_LIMITS,
    )


def _words(dated: Dated) -> str:
    found = dated.bracket
    if found.abstained:
        return f"The picture could not be dated by changes on the ground: {found.reason}"
    named = dict(zip(found.dates, map(_places.name, dated.references), strict=True))
    times = [
        " and ".join(
            f"{word} {named[when]}"
            for word, when in (("after", one.after), ("before", one.before))
            if when is not None
        )
        for one in found.sets
    ]
    return (
        f"By what changed for good, the picture was taken {', or '.join(times)} "
        f"({found.votes} places compared, nominal probability {found.level:.0%})"
    )


def _measures(found: change.Bracket) -> Iterator[Measure]:
    yield Measure(name="places compared", value=found.votes)
    for name, when in (("taken after", found.placed_after), ("taken before", found.placed_before)):
        shown = None if when is None else when.isoformat()
        yield Measure(name=name, value=shown, reason=found.reason or "no limit on this side")
    if found.self_check is not None:
        right, wrong = found.self_check
        yield Measure(name="references dated rightly by the others", value=right)
        yield Measure(name="references dated wrongly by the others", value=wrong)


def _regions(dated: Dated, ground: Ground) -> Iterator[Region]:
    names = [_places.name(r) for r in dated.references]
    for vote in dated.bracket.deciding[:_MOST_SHOWN]:
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


def kind_of(gsd_m: float, references: int) -> str | None:
    """Return the kind of stack whose rate of wrong answers holds; None where it is not measured."""
    if references < _FEWEST_MEASURED:
        return None
    return next((name for low, high, name in _MEASURED if low <= gsd_m < high), None)


def _answer(statement: Acquired, dated: Dated, ground: Ground) -> Finding:
    found = dated.bracket
    dates = [r.date for r in dated.references if r.date is not None]
    outcome, said, wish = decide(statement.window, found, dates)
    kind = kind_of(ground.grid.gsd_m, len(dates))
    if kind is None and outcome is not Outcome.INCONCLUSIVE:
        outcome = Outcome.INCONCLUSIVE
        said += (
            ". How often such an answer is wrong was not measured for "
            f"{len(dates)} references with pixels of {ground.grid.gsd_m:.2g} m"
        )
    return change_date_bracket.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"{_words(dated)}{said}.",
        basis=_BASIS,
        measures=tuple(_measures(found)),
        error_rate=None
        if kind is None
        else error_rate("change.date-bracket", f"answered wrongly, {kind}"),
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

    Places below a ratio of 9 to 1 do not count. A gap in which as many show the other state is left
    out.
    """
    clear = [vote for vote in found.deciding if abs(vote.ratio) >= _LEAST_RATIO]
    shown = [vote.split for vote in clear if vote.state == state]
    other = [vote.split for vote in clear if vote.state not in (state, "neither")]
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
