"""What ``imgcheck date`` says of a frozen answer."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from imgcheck import change
from imgcheck.case import Reference
from imgcheck.case.dating import Dated, NotDated
from imgcheck.change import Between, Vote
from imgcheck.model import Window
from imgcheck.model.documents import DateDocument
from imgcheck.report import dating

YEARS = (2012, 2014, 2016)
MOMENTS = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in YEARS)


def of_one(number: int, chance: float, origin: str) -> SimpleNamespace:
    """A picture that agrees with one reference as with no other."""
    own = references()
    chances = tuple((one, chance if k == number else 0.015) for k, one in enumerate(own))
    return SimpleNamespace(reference=own[number], origin=origin, likelihoods=chances)


def case(acquisition: Any = None) -> SimpleNamespace:
    image = SimpleNamespace(name="post.jpg", sha256="0" * 64, width=300, height=200)
    ground = SimpleNamespace(to_picture=lambda corners: tuple(map(tuple, corners.tolist())))
    return SimpleNamespace(
        image=image,
        ground=ground,
        references=references(),
        acquisition=acquisition or of_one(0, 0.97, "none"),
    )


def references() -> tuple[Reference, ...]:
    return tuple(
        Reference(
            id=f"r{year}",
            image=SimpleNamespace(path=None, sha256="1" * 64, georeference=object()),  # type: ignore[arg-type]
            date=Window.parse(f"{year}-01-01T00:00:00Z/{year}-12-31T23:59:59Z"),
            date_source="sidecar",
        )
        for year in YEARS
    )


def vote(split: int, state: str, ratio: float) -> Vote:
    return Vote(split=split, state=state, ratio=ratio, centre=(5, 5), area_px=9, box=(2, 2, 8, 10))


def found(*sets: Between, reason: str = "") -> Dated:
    votes = (vote(0, "later", 4.0), vote(1, "earlier", -3.0), vote(1, "neither", 0.5))
    return Dated(
        references=references(),
        bracket=change.Bracket(
            sets=sets, abstained=not sets, reason=reason, level=0.95, deciding=votes * 8,
            probability=(0.01, 0.95, 0.02, 0.02), dates=MOMENTS, self_check=None,
        ),
    )  # fmt: skip


def test_the_document_states_times_that_do_not_depend_on_the_day_of_a_reference() -> None:
    between = Between(after=MOMENTS[0], before=MOMENTS[1])
    said = dating.document(case(), found(between), window=Window.parse("2013-01-01/2013-06-01"))
    # The reference of a year may be of its first or its last day.
    assert said.sets[0].after == "2012-01-01T00:00:00+00:00"
    assert said.sets[0].before == "2014-12-31T23:59:59+00:00"
    assert [one.probability for one in said.hypotheses] == [0.01, 0.95, 0.02, 0.02]
    assert said.hypotheses[0].after is None and said.hypotheses[-1].before is None
    assert said.likelihood_ratio is not None and said.likelihood_ratio > 1.5
    assert said.made_from is None
    assert len(said.deciding) == 24
    assert said.deciding[0].changed_after == "r2012" and said.deciding[0].changed_before == "r2014"
    assert said.deciding[0].region == ((2, 2), (8, 2), (8, 10), (2, 10))
    assert DateDocument.from_json(said.to_json()) == said


def test_the_text_gives_the_answer_and_the_places_that_decide_on_one_screen() -> None:
    between = Between(after=MOMENTS[0], before=MOMENTS[1])
    said = dating.document(case(), found(between), window=Window.parse("2013-01-01/2013-06-01"))
    text = dating.terminal(said.to_json())
    assert "post.jpg was taken after 2012-01-01 and before 2014-12-31" in text
    assert "at 5, 6 px it shows the later state of a change between r2012 and r2014" in text
    assert "times more likely for the claimed" in text
    assert len(text.splitlines()) <= 25


@pytest.mark.parametrize(
    ("origin", "made", "hours", "words"),
    [
        ("copy", "r2014", None, "post.jpg was made from the reference r2014, dated 2014-01-01"),
        ("altered copy", "r2014", None, "2014-12-31T23:59:59Z, and was altered in a part"),
        ("same capture", None, "r2014", "It was taken within hours of the reference r2014"),
        ("none", None, None, "As a whole it was made from none of the 3 references compared"),
        ("pane", None, None, "As a whole it was made from none of the 3 references compared"),
    ],
)
def test_the_reference_of_one_acquisition_is_named(origin, made, hours, words) -> None:
    between = Between(after=MOMENTS[0], before=MOMENTS[1])
    for given in (found(between), NotDated(reason="too little ground", placed=True)):
        said = dating.document(case(of_one(1, 0.97, origin)), given)
        assert (said.made_from.reference if said.made_from else None) == made
        assert said.made_from is None or said.made_from.likelihood == 0.97
        assert said.made_from is None or said.made_from.altered == (origin == "altered copy")
        assert said.within_hours_of == hours
        assert [one.likelihood for one in said.likelihoods] == [0.015, 0.97, 0.015]
        text = " ".join(dating.terminal(said.to_json()).split())
        assert words in text


@pytest.mark.parametrize(
    ("claimed", "words"),
    [("2012", "is outside"), ("2014-05", "agrees with"), ("2016", "is outside")],
)
def test_the_date_of_the_source_is_compared_with_the_claimed_time(claimed, words) -> None:
    said = dating.document(
        case(of_one(1, 0.97, "copy")), found(reason="too little"), window=Window.parse(claimed)
    )
    text = " ".join(dating.terminal(said.to_json()).split())
    assert f"That date {words} the claimed time ({claimed}" in text
    assert "Changes of the ground give no date: too little." in text
    assert "not evidence" not in text and "Places that decide" not in text


def test_open_sides_and_parts_are_named() -> None:
    sets = (Between(after=None, before=MOMENTS[0]), Between(after=MOMENTS[2], before=None))
    text = dating.terminal(dating.document(case(), found(*sets)).to_json())
    assert "was taken before 2012-12-31, or after 2016-01-01" in " ".join(text.split())


@pytest.mark.parametrize(
    "given",
    [found(reason="too little changed"), NotDated(reason="too little changed", placed=True)],
)
def test_without_an_answer_the_reason_stands_and_nothing_is_held_against_a_claim(given) -> None:
    said = dating.document(case(), given, window=Window.parse("2013"))
    assert said.abstained and said.sets == () and said.likelihood_ratio is None
    text = dating.terminal(said.to_json())
    assert "could not be dated: too little changed." in text
    assert "not evidence for or against a claimed date" in text


def test_references_that_say_nothing_about_time_are_named() -> None:
    posted = case()
    first = posted.references[0]
    posted.references = (
        *posted.references,
        Reference(id="again", image=first.image, date=first.date),
        Reference(id="scan", image=first.image, date_reason="no date in items.json"),
    )
    limits = dating.document(posted, NotDated(reason="too little", placed=True)).limits
    assert (
        limits[0]
        == "References without a date say nothing about time: scan (no date in items.json)."
    )
    assert limits[1] == "Of references whose dates overlap only one is used, and not again."
