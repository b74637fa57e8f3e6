"""What a comparison with dated imagery says, and what it does not: frozen results, no pixels."""

from dataclasses import replace

import numpy as np
import pytest

from imgcheck import change
from imgcheck.case import Case, Reference
from imgcheck.change import Region, Suppressed, causes
from imgcheck.change.limit import NOTHING
from imgcheck.checks import change_since_reference
from imgcheck.model import Changed, Outcome, Picture, Unchanged, Window
from imgcheck.model.claimfile import loads


def result(**fields) -> change.ChangeResult:
    kept = {
        "regions": (),
        "mask": np.zeros((4, 4), bool),
        "score": np.zeros((4, 4), np.float32),
        "smallest_m": 3.0,
        "power": NOTHING,
        "suppressed": (),
        "incomparable": "",
        "detector": "tone",
        "registered": True,
        "widespread": False,
        "error_px": np.zeros((4, 4), np.float32),
        "shift_px": (0.0, 0.0),
        "shift_sigma_px": 0.1,
        "spread_px": 0.1,
        "blur_px": 0.0,
        "sigma": 0.02,
        "agreement": 0.9,
        "valid_share": 1.0,
    }
    return change.ChangeResult(**(kept | fields))


def region(**fields) -> Region:
    kept = {
        "kind": "brighter",
        "polygon": np.zeros((4, 2)),
        "area_m2": 40.0,
        "area_error_m2": 5.0,
        "p_value": 0.001,
        "q_value": 0.01,
        "before": 0.2,
        "after": 0.5,
        "contrast": 0.3,
        "peak_z": 9.0,
    }
    return Region(**(kept | fields))


FAINT = Suppressed(reason="fainter than 4 % of full scale", count=5, share=0.01)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            result(incomparable="most of the ground differs", smallest_m=None),
            "The picture and 2014 could not be compared: most of the ground differs",
        ),
        (
            result(incomparable="no change would have stood out", suppressed=(FAINT,)),
            "The picture and 2014 could not be compared: no change would have stood out",
        ),
        (
            result(),
            "No difference was found between 2014 and the picture; a square of 3 m with a "
            "contrast of 0.15 would have been found 9 times in 10",
        ),
        (
            result(suppressed=(FAINT,)),
            "No difference was found between 2014 and the picture; a square of 3 m with a "
            "contrast of 0.15 would have been found 9 times in 10. Excluded: 5 places fainter than "
            "4 % of full scale",
        ),
        (result(regions=(region(),)), "Between 2014 and the picture 1 place differs, 40 m² in all"),
        (
            result(regions=(region(), region()), suppressed=(FAINT,), smallest_m=None),
            "Between 2014 and the picture 2 places differ, 80 m² in all; no other change would "
            "be found reliably. Excluded: 5 places fainter than 4 % of full scale",
        ),
    ],
)
def test_the_sentence_says_what_was_compared(found, words) -> None:
    assert change_since_reference._words("2014", found) == words


def test_the_answer_to_a_statement_says_what_places_that_differ_leave_open() -> None:
    said = change_since_reference._words("2014", result(regions=(region(),)), answers=True)
    assert said.endswith("1 place differs, 40 m² in all; what made them differ was not tested")
    assert "was not tested" not in change_since_reference._words("2014", result(), answers=True)


@pytest.mark.parametrize("found", [result(), result(incomparable="too different")])
def test_no_area_and_no_bound_is_given_where_nothing_stands_out(found) -> None:
    ground = type("G", (), {"grid": type("R", (), {"gsd_m": 0.5}), "valid": np.ones((4, 4), bool)})
    measures = {m.name: m for m in change_since_reference._measures(found, ground)}
    assert measures["total area of the places that differ"].value is None
    assert measures["total area of the places that differ"].interval is None
    assert measures["share of the compared ground that differs"].value is None
    assert (measures["places that differ"].value is None) == bool(found.incomparable)


TEN_DAYS = "2017-01-01T00:00:00Z/2017-01-11T00:00:00Z"


@pytest.mark.parametrize(
    ("window", "dates", "claimed", "chosen"),
    [
        ("2012/2016", ["2014-07-20"], None, []),
        ("2012/2016", ["2014-07-20"], "2016-08", []),
        ("2012/2016", ["2014-07-20"], "2012-08", []),
        ("2012/2016", ["2012-07-31", "2014-07-20"], "2016-08", [0]),
        ("2012/2016", ["2014-07-20", "2016-08-16"], "2012-08", [1]),
        ("2012/2016", ["2012-07-31", "2014-07-20"], None, []),
        ("2012/2016", ["2012-07-31", "2014-07-20"], "2014-08", []),
        ("2012/2016", ["2012-07-31", "2014-07-20", "2016-08-16"], None, [0, 2]),
        ("2012/2016", ["2012-07-31", "2014-07-20", "2016-08-16"], "2014-09", [0, 2]),
        ("2012/2016", ["2010-07-31", "2016-08-16"], "2016-09", []),  # two years too early
        ("2012/2016", ["2012-07-31", "2016-08-16"], "2019", [0, 1]),
        ("2012/2016", ["2012-07-31"], "2019", []),
        ("2012/2016", ["2012-07-31"], "2017-11", [0]),
        ("2012/2016", ["2012-07-31"], "2018-02", []),
        ("2017-08-28/2017-09-12", ["2017-08-28T08:17Z", "2018"], "2017-09-09/2017-09-11", [0]),
        ("2017-08-28/2017-09-12", ["2017-08-23"], "2017-09-12", []),
        ("2017-09-10", ["2017-09-10"], "2017-09-10", []),  # which of them is older is not known
        ("2017-09-10", ["2017-09-08"], "2017-09-10T08:00Z", [0]),
        ("2017-09-10", [], "2017-09-10", []),
        # Three days from either end, to the second.
        (TEN_DAYS, ["2016-12-29T00:00:00Z"], "2017-01-14T00:00:00Z", [0]),
        (TEN_DAYS, ["2016-12-28T23:59:58Z"], "2017-01-14T00:00:00Z", []),
        (TEN_DAYS, ["2016-12-29T00:00:00Z"], "2017-01-14T00:00:02Z", []),
        (TEN_DAYS, ["2017-01-14T00:00:00Z"], "2016-12-29T00:00:00Z", [0]),
        (TEN_DAYS, ["2017-01-14T00:00:02Z"], "2016-12-29T00:00:00Z", []),
        (TEN_DAYS, ["2017-01-14T00:00:00Z"], "2016-12-28T23:59:58Z", []),
        (TEN_DAYS, ["2016-12-29T00:00:00Z", "2017-01-14T00:00:00Z"], None, [0, 1]),
        # In another zone, to the second too.
        (TEN_DAYS, ["2017-01-14T03:00:00+03:00"], "2016-12-29T00:00:00Z", [0]),
        (TEN_DAYS, ["2016-12-28T21:00:00-03:00"], "2017-01-14T00:00:00Z", [0]),
        # The picture itself represents an end, although two references would do without it.
        ("2012/2016", ["2012-07-31", "2016-08-16"], "2016-09", [0]),
        ("2012/2016", ["2012-07-31", "2016-08-16"], "2012-02", [1]),
        ("2017-09-10", ["2017-09-08", "2017-09-12"], "2017-09-10T08:00Z", [0]),
        ("2017-09-10", ["2017-09-12"], "2017-09-10T08:00Z", [0]),
        ("2012/2016", ["2012-01-05", "2012-07-31"], "2016-09", [0, 1]),
        ("2012/2016", ["2012-01-05", "2014-07-31"], "2012-02", []),
    ],
)  # fmt: skip
def test_images_stand_for_both_ends_of_a_claimed_interval(window, dates, claimed, chosen) -> None:
    found, missing = change_since_reference.bear(
        Window.parse(window),
        [Window.parse(text) for text in dates],
        None if claimed is None else Window.parse(claimed),
    )
    assert found == chosen
    assert bool(missing) == (not chosen)


@pytest.mark.parametrize(
    ("dates", "claimed", "needed"),
    [
        (["2014-07-20"], None, "within 365 days of 2012-01-01 and one of 2016-12-31"),
        (["2014-07-20"], "2016-08", "within 365 days of 2012-01-01"),
        (["2014-07-20"], "2012-08", "within 365 days of 2016-12-31"),
        (["2012-07-20"], None, "within 365 days of 2016-12-31"),
        (["2016-07-20"], None, "within 365 days of 2012-01-01"),
        (["2012-07-20"], "2012-08", "within 365 days of 2016-12-31"),
        (["2016-07-20"], "2016-08", "within 365 days of 2012-01-01"),
    ],
)
def test_the_dates_that_are_needed_are_named(dates, claimed, needed) -> None:
    _, missing = change_since_reference.bear(
        Window.parse("2012/2016"),
        [Window.parse(text) for text in dates],
        None if claimed is None else Window.parse(claimed),
    )
    assert missing.endswith(needed)


def test_a_reference_of_the_time_of_the_picture_is_not_enough() -> None:
    day = Window.parse("2017-09-10")
    _, missing = change_since_reference.bear(day, [day], day)
    assert missing.endswith("days of 2017-09-10, other than the picture itself")


def test_forty_regions_are_shown_the_largest_first() -> None:
    corners = lambda polygon: tuple(map(tuple, polygon))  # noqa: E731
    on = type("G", (), {"grid": type("R", (), {"gsd_m": 0.5}), "valid": np.ones((4, 4), bool),
                        "to_picture": staticmethod(corners)})  # fmt: skip
    found = result(regions=tuple(replace(region(), area_m2=float(a)) for a in range(1, 42)))
    (reference,) = case("original", "2012").references
    own = change_since_reference._observation(on, reference, found, ())  # type: ignore[arg-type]
    labels = [one.label for one in own.evidence.regions]
    assert len(labels) == 40
    assert "41 ±" in labels[0] and "2 ±" in labels[-1]


@pytest.mark.parametrize(
    ("found", "claimed", "outcome", "words"),
    [
        (result(), "2016-08", Outcome.INCONCLUSIVE, "No difference was found"),
        (result(regions=(region(),)), "2016-08", Outcome.INCONCLUSIVE, "does not decide"),
        (result(incomparable="too far apart"), "2016-08", Outcome.INCONCLUSIVE, "not be compared"),
        (result(), "2014-08", Outcome.NOT_APPLICABLE, "no dated images are close to both ends"),
    ],
)
def test_a_comparison_never_decides_about_change(found, claimed, outcome, words) -> None:
    image = type("I", (), {"name": "ref.tif"})
    reference = Reference(id="ref", image=image, date=Window.parse("2012-07-31"))  # type: ignore[arg-type]
    statement = Changed(id="c", window=Window.parse("2012/2016"))
    chip = Picture(name="chips-1.jpg", label="x", role="chips", data=b"x")
    finding = change_since_reference._answer(
        statement, [(reference, found)], Window.parse(claimed), [(chip,)]
    )
    assert finding.outcome is outcome
    assert finding.evidence.pictures == (() if outcome is Outcome.NOT_APPLICABLE else (chip,))
    assert words in finding.summary
    needed = "a reference from within 365 days of 2016-12-31"
    assert (needed in finding.would_change) == (outcome is Outcome.NOT_APPLICABLE)
    if found.incomparable:
        assert "No difference was found" not in finding.summary and "0 m²" not in finding.summary


def case(statements: str, *dates: str | None) -> Case:
    image = type("I", (), {"name": "ref.tif", "georeference": "a map"})
    references = tuple(
        Reference(id=f"r{n}", image=image, date=None if d is None else Window.parse(d))  # type: ignore[arg-type]
        for n, d in enumerate(dates)
    )
    return Case(image=None, claim=loads(f"statements: [{statements}]"), references=references)  # type: ignore[arg-type]


YEARS = [f"{year}-07-01" for year in range(2010, 2020)]


@pytest.mark.parametrize(
    ("statements", "dates", "chosen"),
    [
        # Nearest to the claimed time, in the order given; without a claimed time the first.
        ("{acquired: 2018-07}", YEARS, [6, 7, 8, 9]),
        ("{acquired: 2012-01/2013-01}", YEARS, [1, 2, 3, 4]),
        ("{unchanged: 2010-07/2019-07}", YEARS, [0, 1, 8, 9]),
        ("{changed: 2010-07/2019-07}", YEARS, [0, 1, 8, 9]),
        ("{acquired: 2015-07}, {changed: 2010-07/2019-07}", YEARS, [0, 5, 6, 9]),
        ("original", YEARS, [0, 1, 2, 3]),
        ("{acquired: 2018-07}", ["2011", None, "2012"], [0, 2]),
        ("{acquired: 2018-07}", YEARS[:3], [0, 1, 2]),
    ],
)
def test_the_references_nearest_to_the_claimed_times_are_compared(
    statements, dates, chosen
) -> None:
    found = change_since_reference._nearest(case(statements, *dates))
    assert [one.id for one in found] == [f"r{n}" for n in chosen]


def test_a_picture_that_is_not_placed_is_not_compared(monkeypatch) -> None:
    monkeypatch.setattr(Case, "ground", None)
    (finding,) = change_since_reference.change_since_reference.run(
        case("{changed: 2012/2016}", "2012")
    )
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "could not be placed" in finding.summary


def test_only_references_that_show_the_ground_are_compared(monkeypatch) -> None:
    on = type("G", (), {"grid": type("R", (), {"gsd_m": 0.5}), "valid": np.ones((4, 4), bool),
                        "picture": np.zeros((4, 4, 3))})  # fmt: skip
    monkeypatch.setattr(Case, "ground", on)
    monkeypatch.setattr(
        Case, "layer",
        lambda case, one: (None, np.ones((4, 4), bool)) if one.id == "r1" else None,
    )  # fmt: skip
    monkeypatch.setattr(change, "detect", lambda *a, **k: result())
    monkeypatch.setattr(change_since_reference, "_shown", lambda *a: ((), ()))
    own, answer = change_since_reference.change_since_reference.run(
        case("{changed: 2012/2016}, {acquired: 2016-08}", "2016", "2012-02")
    )
    assert (own.statement, own.outcome) == (None, Outcome.INCONCLUSIVE)
    assert [c.input for c in own.evidence.citations] == ["r1"]
    assert answer.outcome is Outcome.INCONCLUSIVE
    monkeypatch.setattr(Case, "layer", lambda case, one: None)
    (answer,) = change_since_reference.change_since_reference.run(
        case("{changed: 2012/2016}", "2012-02")
    )
    assert answer.outcome is Outcome.NOT_APPLICABLE
    assert "no dated reference shows the ground" in answer.summary


@pytest.mark.parametrize(("good", "says"), [(0, False), (1, True), (2, True)])
def test_what_a_comparison_leaves_open_is_said_where_one_succeeded(good: int, says: bool) -> None:
    image = type("I", (), {"name": "ref.tif"})
    found = [
        (Reference(id=f"r{n}", image=image, date=Window.parse(day)),  # type: ignore[arg-type]
         result() if n < good else result(incomparable="too far apart"))
        for n, day in enumerate(("2012-02-01", "2012-05-01"))
    ]  # fmt: skip
    statement = Changed(id="c", window=Window.parse("2012/2016"))
    finding = change_since_reference._answer(statement, found, Window.parse("2016-08"))
    assert ("does not decide" in finding.summary) == says


NOW = Window.parse("2012/2016")
SURE = region(area_m2=60.0)
MANY = Suppressed(reason="vegetation of another green: season", count=3, share=0.0021)
FEW = Suppressed(reason="vegetation of another green: season", count=1, share=0.0019)


@pytest.mark.parametrize(
    ("found", "unchanged", "changed"),
    [
        (result(regions=(SURE,)), "contradicts", "supports"),
        (result(regions=(replace(SURE, p_value=0.0011),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, q_value=0.0101),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, contrast=0.099),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, contrast=-0.1),)), "contradicts", "supports"),
        (result(regions=(replace(SURE, area_m2=59.9),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, kind="vegetation"),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, kind="water"),)), "inconclusive", "inconclusive"),
        (result(regions=(replace(SURE, kind="recoloured"),)), "contradicts", "supports"),
        (result(regions=(replace(SURE, kind="water"), SURE)), "contradicts", "supports"),
        (result(regions=(SURE,), suppressed=(MANY,)), "contradicts", "supports"),
        (result(regions=(SURE,), registered=False), "inconclusive", "inconclusive"),
        (result(regions=(SURE,), detector="structure"), "inconclusive", "inconclusive"),
        (result(regions=(SURE,), detector="spectrum"), "inconclusive", "inconclusive"),
        (result(incomparable="too far apart"), "inconclusive", "inconclusive"),
        (result(), "supports", "inconclusive"),
        (result(registered=False), "inconclusive", "inconclusive"),
        (result(detector="spectrum"), "inconclusive", "inconclusive"),
        (result(smallest_m=None), "inconclusive", "inconclusive"),
        (result(suppressed=(MANY,)), "inconclusive", "inconclusive"),
        (result(suppressed=(FEW,)), "supports", "inconclusive"),
        (result(suppressed=(FEW, FEW)), "inconclusive", "inconclusive"),
        (result(suppressed=(replace(MANY, reason=causes.CHANCE),)), "inconclusive", "inconclusive"),
        (result(suppressed=(replace(MANY, reason=causes.SHADOW),)), "inconclusive", "inconclusive"),
        (result(suppressed=(replace(MANY, reason=causes.CLOUD),)), "inconclusive", "inconclusive"),
        (result(suppressed=(replace(MANY, reason=causes.MOVED),)), "supports", "inconclusive"),
        (result(suppressed=(replace(MANY, reason=causes.EDGE),)), "supports", "inconclusive"),
        (result(suppressed=(FAINT,)), "supports", "inconclusive"),
        (result(widespread=True), "inconclusive", "inconclusive"),
        (result(widespread=True, regions=(SURE,)), "contradicts", "supports"),
        (result(valid_share=0.49), "inconclusive", "inconclusive"),
        (result(valid_share=0.5), "supports", "inconclusive"),
    ],
)
def test_two_images_of_both_ends_decide_only_in_one_light(found, unchanged, changed) -> None:
    for kind, expected in ((Unchanged, unchanged), (Changed, changed)):
        outcome, words = change_since_reference.decide(kind(id="s", window=NOW), found, 4.9)
        assert outcome == Outcome(expected), (kind, words)
        assert words


def test_pixels_for_which_no_false_objects_were_counted_decide_nothing() -> None:
    for found in (result(), result(regions=(SURE,))):
        outcome, words = change_since_reference.decide(Unchanged(id="s", window=NOW), found, 5.0)
        assert outcome is Outcome.INCONCLUSIVE
        assert "for pixels below 5 m only" in words


def test_the_size_down_to_which_nothing_changed_has_a_margin() -> None:
    _, words = change_since_reference.decide(Unchanged(id="s", window=NOW), result(), 0.5)
    assert words.startswith("no place of 4.5 m or more")


@pytest.mark.parametrize(
    ("window", "dates", "ends"),
    [
        ("2012/2016", ["2012-07-31", "2014-07-20", "2016-08-16"], (0, 2)),
        ("2012/2016", ["2016-08-16", "2012-07-31"], (1, 0)),
        ("2012/2016", ["2012-07-31", None, "2012-01-05", "2016-08-16"], (2, 3)),
        ("2012/2016", ["2012-07-31", "2014-07-20"], None),
        ("2012/2016", ["2012-07-31"], None),
        ("2012/2016", [], None),
        # One image near both ends is no pair.
        ("2017-09-10", ["2017-09-10"], None),
        (TEN_DAYS, ["2016-12-29T00:00:00Z", "2017-01-14T00:00:00Z"], (0, 1)),
        (TEN_DAYS, ["2016-12-28T23:59:58Z", "2017-01-14T00:00:00Z"], None),
        (TEN_DAYS, ["2016-12-29T00:00:00Z", "2017-01-14T00:00:02Z"], None),
        # Which of them is older is not known.
        ("2017-09-10/2017-09-11", ["2017-09-10/2017-09-11", "2017-09-11"], None),
    ],
)
def test_two_references_stand_for_both_ends(window, dates, ends) -> None:
    given = [None if date is None else Window.parse(date) for date in dates]
    assert change_since_reference.both_ends(Window.parse(window), given) == ends
