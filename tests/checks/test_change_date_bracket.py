"""When dated ground decides about a claimed time: frozen answers, no pixels."""

from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck import change
from imgcheck.case import Case, Reference, dating
from imgcheck.change import Between, Vote
from imgcheck.checks import _places, change_date_bracket, needs
from imgcheck.imaging.grid import Grid
from imgcheck.model import Acquired, Claim, ErrorRate, Outcome, Window

YEARS = (2012, 2014, 2016, 2018, 2020)


def vote(gap: int, state: str, *, weak: bool = False) -> Vote:
    return Vote(
        split=gap,
        state=state,
        ratio={"earlier": -1.0, "later": 1.0, "neither": 0.0}[state] * (2.1 if weak else 2.3),
        centre=(5.0, 5.0),
        area_px=9.0,
        box=(2.0, 2.0, 8.0, 8.0),
    )


def answer(
    votes: str, after: int | None, before: int | None, years: tuple[int, ...] = YEARS
) -> change.Bracket:
    """Build an answer; "E2" is a place that shows the earlier state of the third gap, "e2" weakly.

    A weak place has a ratio just below 9 to 1.
    """
    states = {"E": "earlier", "L": "later", "N": "neither"}
    cast = tuple(
        vote(int(name[1]), states[name[0].upper()], weak=name[0].islower())
        for name in votes.split()
    )
    sides = [None if year is None else date(year, 1, 1) for year in (after, before)]
    abstained = sides == [None, None]
    return change.Bracket(
        sets=() if abstained else (Between(after=sides[0], before=sides[1]),),
        abstained=abstained,
        reason="",
        level=0.95,
        deciding=cast,
        probability=(1 / (len(years) + 1),) * (len(years) + 1),
        dates=tuple(date(year, 1, 1) for year in years),
        self_check=None,
    )


def decided(claimed: str, found: change.Bracket) -> Outcome:
    dates = [Window.parse(day.isoformat()) for day in found.dates]
    return change_date_bracket.decide(Window.parse(claimed), found, dates)[0]


C, S, OPEN = Outcome.CONTRADICTS, Outcome.SUPPORTS, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("votes", "after", "before", "claimed", "outcome"),
    [
        # The picture lacks what stood before the claimed time.
        ("E1 E1 E2", 2012, 2016, "2019", C),
        ("E1 E2 E2 N2", None, 2016, "2019", C),
        ("E1 E2 N1 N2 N2", 2012, 2016, "2019", OPEN),  # two places
        ("E1 E1 E1 E1", 2012, 2016, "2019", OPEN),  # one gap
        ("E1 E1 E3 E3", 2012, 2016, "2019", OPEN),  # the last gap ends after the claimed time
        ("E1 E1 E2 L2", 2012, 2016, "2019", OPEN),  # the places of one gap disagree
        ("E1 E1 E2 E2 L2", 2012, 2016, "2019", C),
        ("E1 E1 e2", 2012, 2016, "2019", OPEN),  # a place below 9 to 1
        ("E1 E1 E2 l2 l2", 2012, 2016, "2019", C),
        ("L0 L0 L1 L1", 2012, 2016, "2019", OPEN),  # places that show the later state
        ("N1 N1 N2 N2", 2012, 2016, "2019", OPEN),
        ("", 2012, 2016, "2019", OPEN),  # no places at all
        ("E0 E1 E2", None, 2014, "2019", C),
        ("E1 E1 E2", 2012, 2016, "2015/2019", OPEN),  # a part of the claimed time is left
        ("E1 E1 E2", 2012, 2016, "2016", OPEN),  # it begins on the day of the reference
        ("E1 E2 E2", 2012, 2016, "2018-02", C),  # gap 2 ends before the claimed month
        ("E1 E2 E2", 2012, 2016, "2017-12", OPEN),  # and not before this one
        # The picture shows what came after the claimed time.
        ("L2 L2 L1", 2016, 2018, "2013-06", C),
        ("L2 L1", 2016, 2018, "2013-06", OPEN),
        ("L2 L2 L2", 2016, 2018, "2013-06", OPEN),
        ("L2 L2 L0", 2016, 2018, "2013-06", OPEN),  # the first gap began before the claimed time
        ("L1 L1 L2 E2", 2016, 2018, "2013-06", OPEN),
        ("E1 E1 E2", 2016, 2018, "2013-06", OPEN),
        ("", 2016, None, "2013-06", OPEN),
        ("L1 L2 L3", 2018, None, "2013-06", C),
        ("L2 L2 L1", 2016, 2018, "2015/2017", OPEN),
        # The picture fits between two references that both lie in the claimed time.
        ("L0 L0 L1 E2 E2 E3", 2014, 2018, "2011/2021", S),
        ("L0 L0 L1", 2014, 2018, "2011/2021", OPEN),
        ("E2 E2 E3", 2014, 2018, "2011/2021", OPEN),
        ("L0 L0 L0 E2 E2 E3", 2014, 2018, "2011/2021", OPEN),
        ("L0 L1 E2 E3", 2014, 2018, "2011/2021", OPEN),
        ("", 2014, 2018, "2011/2021", OPEN),
        ("L0 L0 L1 E2 E2 E3", 2014, 2018, "2013/2021", OPEN),  # gap 0 began before that
        ("L0 L0 L1 E2 E2 E3", 2014, 2018, "2011/2019", OPEN),  # gap 3 ended after that
        ("L0 L0 L1 E2 E2 E3", 2014, 2018, "2015", OPEN),
        ("L0 L0 L1 E2 E2 E3", 2014, None, "2011/2021", OPEN),
        ("L0 L0 L1 E2 E2 E3", None, 2018, "2011/2021", OPEN),
        ("L2 L2 L3 E0 E1 E1", 2014, 2018, "2015/2021", OPEN),  # it may be older than 2015
        ("L2 L2 L3 E0 E1 E1", 2014, 2018, "2011/2017", OPEN),  # or younger than 2017
        # A claimed time that begins or ends with the day of a reference.
        ("L0 L0 L1 E2 E2 E3", 2012, 2018, "2012-01-01/2021", S),
        ("L0 L0 L3 E1 E2 E2", 2014, 2018, "2011/2018-01-01", S),
        # No answer.
        ("E1 E1 E2 L1 L1 L2", None, None, "2019", OPEN),
    ],
)  # fmt: skip
def test_three_places_in_two_gaps_decide(votes, after, before, claimed, outcome) -> None:
    assert decided(claimed, answer(votes, after, before)) is outcome


def test_an_answer_that_abstains_says_nothing_about_the_claim() -> None:
    found = replace(answer("E1 E1 E2", 2012, 2016), abstained=True)
    dates = [Window.parse(day.isoformat()) for day in found.dates]
    outcome, said, wish = change_date_bracket.decide(Window.parse("2019"), found, dates)
    assert (outcome, said) == (OPEN, "")
    assert "changed permanently" in wish


def reference(text: str | None, name: str, *, georeferenced: bool = True) -> Reference:
    image = SimpleNamespace(georeference=object() if georeferenced else None, name=name)
    when = None if text is None else Window.parse(text)
    return Reference(id=name, image=image, date=when)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dates", "kept"),
    [
        (["2017-08-28", "2017-08-28"], 1),
        (["2017-08-28T08:00Z", "2017-08-28T08:05Z"], 1),
        (["2017-08-28", "2017-08-28T08:05Z"], 1),
        (["2017-08", "2017-08-28"], 1),
        (["2017", "2017-03", "2017-08"], 2),
        (["2017-08-28", "2017-09-12"], 2),
        (["2017-09-12", "2017-08-28", None, "2017-09-12"], 2),
        ([None, "2017"], 1),
    ],
)
def test_references_of_one_date_do_not_pass_as_two(dates, kept) -> None:
    references = tuple(reference(text, f"r{n}") for n, text in enumerate(dates))
    found = dating.in_sequence(references)
    assert len(found) == kept
    assert all(a.date.before(b.date) for a, b in pairwise(found))
    case = Case(image=SimpleNamespace(), claim=Claim(), references=references)  # type: ignore[arg-type]
    assert (needs.two_dated_references(case) is None) == (kept > 1)


def test_a_reference_that_lies_nowhere_does_not_stand_in_the_sequence() -> None:
    one, two = reference("2015", "a", georeferenced=False), reference("2014/2016", "b")
    assert dating.in_sequence([one, two]) == [two]


def finding(
    monkeypatch, votes: str, rate: ErrorRate, years: tuple[int, ...] = YEARS, gsd_m: float = 5.0
):
    """Run the whole check on frozen layers and a frozen answer."""
    side = 40
    valid = np.ones((side, side), bool)
    flat = np.zeros((side, side, 3), np.float32)
    on = SimpleNamespace(
        valid=valid,
        picture=flat,
        grid=SimpleNamespace(gsd_m=gsd_m, spec=Grid),
        to_picture=lambda corners: tuple((float(x), float(y)) for x, y in corners),
    )
    monkeypatch.setattr(Case, "ground", on)
    monkeypatch.setattr(Case, "layer", lambda case, one: (flat, valid))
    monkeypatch.setattr(_places, "name", lambda one: one.id)
    rates = {("change.date-bracket", "answered wrongly, pixels of 4 to 30 m"): rate}
    monkeypatch.setattr(change_date_bracket, "error_rate", lambda *key: rates[key])

    def frozen(picture, dated, **options) -> change.Bracket:
        assert all(isinstance(when, datetime) for _, when in dated)
        found = answer(votes, 2012, 2016, years)
        moments = tuple(when for _, when in dated)
        between = Between(after=moments[0], before=moments[2])
        return replace(found, dates=moments, sets=(between,))

    monkeypatch.setattr(change, "bracket", frozen)
    case = Case(
        image=SimpleNamespace(),  # type: ignore[arg-type]
        claim=Claim(statements=(Acquired(id="when", window=Window.parse("2019")),)),
        references=tuple(reference(f"{year}-01-01", f"r{year}") for year in years),
    )
    _, found = change_date_bracket.change_date_bracket.run(case)
    return found


def test_the_rate_of_wrong_answers_must_allow_the_contradiction(monkeypatch) -> None:
    small = ErrorRate(errors=0, trials=200, what="pictures", calibration="docs")
    large = ErrorRate(errors=3, trials=20, what="pictures", calibration="docs")
    decisive = finding(monkeypatch, "E1 E1 E2", small)
    assert decisive.outcome is C and decisive.error_rate == small
    assert "so it was taken before the claimed 2019" in decisive.summary
    undecided = finding(monkeypatch, "E1 E1 E2", large)
    assert undecided.outcome is OPEN
    assert any("3 of 20" in limit for limit in undecided.limits)
    unmeasured = finding(monkeypatch, "E1 E1 E2", small, gsd_m=0.5)
    assert unmeasured.outcome is OPEN
    assert "was not measured for 5 references with pixels of 0.5 m" in unmeasured.summary
    few = finding(monkeypatch, "E1 E2", small)
    assert few.outcome is OPEN and "there are 2 in 2" in few.summary


@pytest.mark.parametrize(
    ("years", "layers", "common", "words"),
    [
        ((2012, 2014), 1, 1600, "fewer than two dated references"),
        ((2012, 2014), 2, 999, "almost no ground in common"),
        ((2012, 2014), 2, 1000, None),
    ],
)
def test_two_references_and_common_ground_are_needed(
    monkeypatch, years, layers, common, words
) -> None:
    valid = np.zeros(1600, bool)
    valid[:common] = True
    flat, given = np.zeros((40, 40, 3), np.float32), iter(range(9))
    on = SimpleNamespace(valid=np.ones((40, 40), bool), picture=flat,
                         grid=SimpleNamespace(gsd_m=0.5))  # fmt: skip

    def layer(case, one):
        return (flat, valid.reshape(40, 40)) if next(given) < layers else None

    monkeypatch.setattr(Case, "ground", on)
    monkeypatch.setattr(Case, "layer", layer)
    asked = []

    def bracket(picture, dated, **options):
        asked.append(options["valid"].sum())
        return answer("", None, None, years)

    monkeypatch.setattr(change, "bracket", bracket)
    case = Case(
        image=SimpleNamespace(),  # type: ignore[arg-type]
        claim=Claim(statements=(Acquired(id="when", window=Window.parse("2019")),)),
        references=tuple(reference(f"{year}-01-01", f"r{year}") for year in years),
    )
    found = list(change_date_bracket.change_date_bracket.run(case))
    if words is None:
        assert asked == [common]
        assert [f.outcome for f in found] == [OPEN, OPEN]
    else:
        assert not asked
        assert [f.outcome for f in found] == [Outcome.NOT_APPLICABLE]
        assert words in found[0].summary and found[0].would_change


def test_a_picture_that_is_not_placed_is_not_dated(monkeypatch) -> None:
    monkeypatch.setattr(Case, "ground", None)
    case = Case(
        image=SimpleNamespace(),  # type: ignore[arg-type]
        claim=Claim(statements=(Acquired(id="when", window=Window.parse("2019")),)),
        references=(reference("2012", "a"), reference("2014", "b")),
    )
    (found,) = change_date_bracket.change_date_bracket.run(case)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "could not be placed" in found.summary


@pytest.mark.parametrize("count", [1, 2, dating.MOST_REFERENCES])
def test_the_first_and_the_last_reference_are_always_used(count) -> None:
    for more in (0, 1, 5):
        given = [reference(f"{2000 + n}-06-01", f"r{2000 + n}") for n in range(count + more)]
        kept = [one.id for one in dating._evenly(given)]
        assert len(kept) == min(len(given), dating.MOST_REFERENCES)
        assert kept[0] == "r2000" and kept[-1] == given[-1].id


@pytest.mark.parametrize(
    ("gsd_m", "references", "kind"),
    [
        (0.5, 9, None),
        (3.9, 9, None),
        (4.0, 4, "pixels of 4 to 30 m"),
        (29.9, 4, "pixels of 4 to 30 m"),
        (30.0, 4, "pixels of 30 to 100 m"),
        (99.0, 9, "pixels of 30 to 100 m"),
        (100.0, 9, None),
        (10.0, 3, None),
    ],
)
def test_a_rate_is_printed_only_for_the_kind_it_was_measured_on(gsd_m, references, kind) -> None:
    assert change_date_bracket.kind_of(gsd_m, references) == kind
