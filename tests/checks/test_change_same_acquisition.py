"""The date of the reference that a picture is of one acquisition with, against the claim."""

from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck.case import Case, NotLocated, Reference, acquisition
from imgcheck.case.acquisition import Acquisition
from imgcheck.checks import change_same_acquisition as module
from imgcheck.checks.change_same_acquisition import change_same_acquisition
from imgcheck.geo import Prior
from imgcheck.imaging.relation import Relation
from imgcheck.model import ErrorRate, Finding, Outcome, Window
from imgcheck.model.claimfile import loads
from tests.checks.test_geo_place import case, georeferenced
from tests.imaging.ground import ground, view

SUPPORTS, CONTRADICTS = Outcome.SUPPORTS, Outcome.CONTRADICTS
OPEN, NONE = Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
SURE = ErrorRate(errors=0, trials=330, what="pictures", calibration="docs/benchmarks/relation.md")
POSTED = "2017-09-24"


@pytest.fixture(autouse=True)
def a_sure_rate(monkeypatch):
    monkeypatch.setattr(module, "error_rate", lambda check, name: SURE)


def asked(
    monkeypatch,
    date: str | None,
    *,
    origin: str = "copy",
    taken: str | None = "2017-09-08/2017-09-12",
    posted: str | None = POSTED,
    share: float = 1.0,
    lon: float = 40.1,
    placed: bool = True,
    rivals: tuple[tuple[str | None, float], ...] = (),
) -> dict[str, Finding]:
    """Ask of a picture that was placed on one reference of that date."""
    source = f"source: {{posted: {posted}}}\n" if posted else ""
    acquired = f"  - acquired: {taken}\n" if taken else ""
    claim = loads(f"{source}statements:\n{acquired}  - original\n")
    window = None if date is None else Window.parse(date)
    reference = Reference(id="sheet", image=SimpleNamespace(), date=window)
    image = SimpleNamespace(gray=lambda: np.full((4, 6), 0.5, np.float32))
    case = Case(image=image, claim=claim, references=(reference,))
    others = [
        (Reference(id="other", image=SimpleNamespace(), date=when and Window.parse(when)), p)
        for when, p in rivals
    ]
    found = Acquisition(
        origin=origin,
        reference=reference,
        overlap=share,
        likelihoods=((reference, 1 - sum(chance for _, chance in rivals)), *others),
        relation=Relation(kind="derived", reason=""),
        drawn=np.full((4, 6), 0.5, np.float32),
        lon=lon,
    )
    if not placed:
        found = NotLocated(case=case, prior=Prior(), tried=(), reason="no match")
    monkeypatch.setattr(Case, "acquisition", found)
    kinds = {s.id: s.kind for s in claim.statements}
    return {kinds[f.statement]: f for f in change_same_acquisition.run(case)}


@pytest.mark.parametrize(
    ("date", "taken", "posted", "acquired", "original"),
    [
        # Older imagery: neither taken then nor new.
        ("2016-09-10", "2017-09-08/2017-09-12", POSTED, CONTRADICTS, CONTRADICTS),
        ("2016", "2017-09-08/2017-09-12", POSTED, CONTRADICTS, CONTRADICTS),
        ("2016-09-10T08:12Z", "2017-09-10", None, CONTRADICTS, CONTRADICTS),
        # Imagery of the claimed days: it says nothing of who published it first.
        ("2017-09-10", "2017-09-08/2017-09-12", POSTED, SUPPORTS, OPEN),
        ("2017-09-10", "2017-09-10", POSTED, SUPPORTS, OPEN),
        ("2017-09-10T08:12Z", "2017-09-10", POSTED, SUPPORTS, OPEN),
        ("2017-09-10", "2017-09-09T00:00Z/2017-09-12T00:00Z", POSTED, SUPPORTS, OPEN),
        ("2017", "2017", POSTED, SUPPORTS, OPEN),
        # Between the claimed time and the post: taken later than claimed, but not older.
        ("2017-09-20", "2017-09-08/2017-09-12", POSTED, CONTRADICTS, OPEN),
        # A date that overlaps the claim, or may, decides nothing.
        ("2017", "2017-09-08/2017-09-12", POSTED, OPEN, OPEN),
        ("2017-09-07/2017-09-09", "2017-09-08/2017-09-12", POSTED, OPEN, OPEN),
        ("2017-09-12/2017-09-14", "2017-09-08/2017-09-12", POSTED, OPEN, OPEN),
        ("2017-09-07T20:00Z", "2017-09-08", POSTED, OPEN, OPEN),
        ("2017-09-08T22:00Z", "2017-09-08", POSTED, OPEN, OPEN),
        ("2017-09-08T00:30Z", "2017-09-08", POSTED, OPEN, OPEN),
        # The place is 2.7 hours ahead by its sun, and up to four more either way by its clock.
        ("2017-09-08T01:30Z", "2017-09-08", POSTED, SUPPORTS, OPEN),
        ("2017-09-08T17:10Z", "2017-09-08", POSTED, SUPPORTS, OPEN),
        ("2017-09-08T17:30Z", "2017-09-08", POSTED, OPEN, OPEN),
        ("2017-09-08", "2017-09-07T17:19Z/2017-09-09T01:20Z", POSTED, SUPPORTS, OPEN),
        ("2017-09-08", "2017-09-07T17:40Z/2017-09-09T01:20Z", POSTED, OPEN, OPEN),
        ("2017-09-08", "2017-09-07T17:19Z/2017-09-09T01:00Z", POSTED, OPEN, OPEN),
        # No picture is made of imagery that is taken after it is posted.
        ("2018-03-01", "2017-09-08/2017-09-12", POSTED, OPEN, OPEN),
        ("2018-03-01", "2017-09-08/2017-09-12", None, CONTRADICTS, OPEN),
        # Without a claimed time the post is what imagery is older than.
        ("2016-09-10", None, POSTED, None, CONTRADICTS),
        ("2017-09-24", None, POSTED, None, OPEN),
        ("2016-09-10", None, None, None, OPEN),
        ("2018-03-01", None, POSTED, None, OPEN),
    ],
)
def test_the_date_of_the_source_answers(monkeypatch, date, taken, posted, acquired, original):
    found = asked(monkeypatch, date, taken=taken, posted=posted)
    assert ("acquired" in found) == (acquired is not None)
    if acquired is not None:
        assert found["acquired"].outcome is acquired, found["acquired"].summary
    assert found["original"].outcome is original, found["original"].summary
    assert "made from the reference sheet, dated" in found["original"].summary


@pytest.mark.parametrize("origin", ["copy", "altered copy"])
def test_a_copy_answers_whatever_was_done_to_it(monkeypatch, origin):
    found = asked(monkeypatch, "2016-09-10", origin=origin)["acquired"]
    assert found.outcome is CONTRADICTS
    assert ("altered in a part" in found.summary) == (origin == "altered copy")
    assert [one.role for one in found.evidence.pictures] == ["before", "after"]


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("same capture", "was taken within hours of sheet"),
        ("none", "is not a copy of sheet"),
        ("pane", "more than a fifth of the picture, in one piece, is not from sheet"),
    ],
)
def test_another_take_of_the_ground_answers_nothing(monkeypatch, origin, words):
    found = asked(monkeypatch, "2016-09-10", origin=origin)
    assert {f.outcome for f in found.values()} == {NONE}
    assert words in found["acquired"].summary


@pytest.mark.parametrize(
    ("kind", "copy", "origin"),
    [
        ("same", None, "copy"),
        ("derived", False, "copy"),
        ("same-capture", True, "same capture"),
        ("undetermined", True, "altered copy"),
        ("undetermined", False, "none"),
        ("undetermined", None, "none"),
        # Most of it is covered or altered.
        ("same-place", True, "altered copy"),
        ("same-place", False, "none"),
    ],
)
def test_a_copy_as_a_whole_or_in_the_part_that_was_not_altered(kind, copy, origin):
    part = None if copy is None else SimpleNamespace(is_copy=copy, is_pane=False)
    assert acquisition.origin(Relation(kind=kind, reason=""), part) == origin


@pytest.mark.parametrize(
    ("kind", "copy", "origin"),
    [
        ("undetermined", True, "pane"),
        ("undetermined", False, "none"),
        # Where the pane was taken for something drawn over the copy.
        ("derived", False, "pane"),
        ("same", True, "pane"),
        ("same-capture", True, "same capture"),
    ],
)
def test_a_pane_that_is_a_copy_does_not_date_the_collage(kind, copy, origin):
    pane = SimpleNamespace(is_copy=copy, is_pane=True)
    assert acquisition.origin(Relation(kind=kind, reason=""), pane) == origin


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"date": None}, "whose date is not stated"),
        ({"date": "2016-09-10", "placed": False}, "was not placed"),
        ({"date": "2016-09-10", "share": 0.5}, "only 50% of the picture"),
        ({"date": "2016-09-10", "share": 0.84}, "only 84% of the picture"),
    ],
)
def test_without_a_dated_source_of_the_whole_picture_it_is_silent(monkeypatch, options, words):
    found = asked(monkeypatch, **options)
    assert {f.outcome for f in found.values()} == {NONE}
    assert words in found["original"].summary


def test_a_frame_or_a_trimmed_edge_does_not_silence_it(monkeypatch):
    found = asked(monkeypatch, "2016-09-10", share=0.85)
    assert found["acquired"].outcome is CONTRADICTS


@pytest.mark.parametrize(("lon", "outcome"), [(40.1, SUPPORTS), (-150.0, OPEN), (150.0, OPEN)])
def test_a_day_without_zone_is_a_day_on_the_spot(monkeypatch, lon, outcome):
    """At 08:12 UTC it is about 11 h at 40 E, 22 h of the day before at 150 W, 18 h at 150 E."""
    date = "2017-09-10T06:00Z" if lon < 100 else "2017-09-10T12:30Z"
    found = asked(monkeypatch, date, taken="2017-09-10", lon=lon)
    assert found["acquired"].outcome is outcome


def test_a_rate_that_is_not_sure_decides_nothing(monkeypatch):
    unsure = ErrorRate(errors=0, trials=40, what="pictures", calibration="")
    monkeypatch.setattr(module, "error_rate", lambda check, name: unsure)
    found = asked(monkeypatch, "2016-09-10")
    assert {f.outcome for f in found.values()} == {OPEN}


def test_of_two_claimed_times_both_must_be_later(monkeypatch):
    found = asked(monkeypatch, "2016-09-10", taken="2016\n  - acquired: 2017-09-08")
    assert found["original"].outcome is OPEN


@pytest.fixture(scope="module")
def scenery():
    return ground((420, 480), seed=31, blocks=200)


@pytest.fixture(scope="module")
def sheet(scenery, tmp_path_factory):
    image = georeferenced(scenery, tmp_path_factory)
    return Reference(id="sheet", image=image, date=Window.parse("2016-09-10"))


CLAIM = f"source: {{posted: {POSTED}}}\nstatements:\n  - acquired: 2017-09-10\n  - original\n"


def outcomes(picture, sheet):
    return {f.outcome for f in change_same_acquisition.run(case(picture, sheet, claim=CLAIM))}


@pytest.mark.slow
def test_cuts_mirrored_and_redacted_ones_too_are_made_from_the_reference(scenery, sheet):
    cut = view(scenery, size=240, centre=(240.0, 210.0))[0]
    redacted = cut.copy()
    redacted[40:110, 60:150] = 0.0
    for picture in (cut, np.ascontiguousarray(cut[:, ::-1]), redacted):
        assert outcomes(picture, sheet) == {CONTRADICTS}


@pytest.mark.slow
def test_a_collage_with_a_pane_of_the_reference_is_not_made_from_it(scenery, sheet):
    pane = scenery[60:300, 20:250]
    other = ground((240, 230), seed=77, blocks=90)
    assert outcomes(np.concatenate([pane, other], axis=1), sheet) == {NONE}


@pytest.mark.slow
def test_another_date_of_the_ground_is_not_made_from_it(scenery, sheet):
    later = 0.55 * scenery + 0.45 * ground((420, 480), seed=78, blocks=200)
    cut = view(later.astype(np.float32), size=260, centre=(240.0, 210.0))[0]
    assert outcomes(cut, sheet) == {NONE}


@pytest.mark.parametrize(
    ("rivals", "outcome"),
    [
        ((("2016-05-01", 0.19),), SUPPORTS),
        ((("2016-05-01", 0.21),), NONE),
        (((None, 0.5),), NONE),
        ((("2016-05-01", 0.11), ("2015-05-01", 0.11)), NONE),
        # Two files of one date do not compete.
        ((("2017-09-10", 0.5),), SUPPORTS),
    ],
)
def test_the_picture_must_agree_with_one_date_as_with_no_other(monkeypatch, rivals, outcome):
    told = asked(monkeypatch, "2017-09-10", rivals=rivals)
    assert told["acquired"].outcome is outcome
    if outcome is NONE:
        assert "another reference as well" in told["acquired"].summary


@pytest.mark.slow
def test_of_two_dated_references_the_one_that_it_was_made_from_dates_the_picture(
    scenery, sheet, tmp_path_factory
):
    later = (0.7 * scenery + 0.3 * ground((420, 480), seed=79, blocks=200)).astype(np.float32)
    image = georeferenced(later, tmp_path_factory)
    other = Reference(id="later", image=image, date=Window.parse("2017-09-10"))
    cut = view(later, size=260, centre=(240.0, 210.0))[0]
    posted = case(cut, sheet, other, claim=CLAIM)
    chances = {one.id: chance for one, chance in posted.acquisition.likelihoods}
    assert chances["later"] > 0.99
    assert SUPPORTS in {f.outcome for f in change_same_acquisition.run(posted)}


@pytest.mark.slow
def test_the_same_image_under_two_dates_dates_nothing(scenery, sheet, tmp_path_factory):
    image = georeferenced(scenery, tmp_path_factory)
    again = Reference(id="again", image=image, date=Window.parse("2017-09-10"))
    cut = view(scenery, size=240, centre=(240.0, 210.0))[0]
    posted = case(cut, sheet, again, claim=CLAIM)
    assert {f.outcome for f in change_same_acquisition.run(posted)} == {NONE}
