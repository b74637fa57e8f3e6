"""What known pictures mean for a claim, decided on made-up matches: no pixels are compared."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck import forensics, hashing
from imgcheck.case import Case
from imgcheck.checks import _known
from imgcheck.checks import hashing_altered_since as altered
from imgcheck.checks.hashing_altered_since import hashing_altered_since
from imgcheck.checks.hashing_part_of import hashing_part_of
from imgcheck.checks.hashing_seen_before import hashing_seen_before
from imgcheck.model import ErrorRate, Evidence, Finding, Outcome
from imgcheck.model.claimfile import loads

PART = ((0.0, 0.0), (50.0, 0.0), (50.0, 100.0), (0.0, 100.0))
SURE = ErrorRate(errors=0, trials=400, what="pictures", calibration="docs/benchmarks/relation.md")
POSTED = "2017-09-11"
TAKEN = "2017-09-10"


@pytest.fixture(autouse=True)
def nothing_is_opened(monkeypatch):
    """Evidence is drawn from the index's previews, and rates are those of a sure test."""
    monkeypatch.setattr(_known, "evidence", lambda case, matches: Evidence())
    monkeypatch.setattr(_known, "COPY_ERROR", SURE)
    monkeypatch.setattr(altered, "_evidence", lambda case, compared: Evidence())
    monkeypatch.setattr(altered, "error_rate", lambda check, name: SURE)


def match(relation: str, date: str | None = "2015-06-14", **more) -> hashing.Match:
    number = more.pop("id", 1)
    known = hashing.KnownPicture(
        id=number, sha256="", path=f"{number}.jpg", width=100, height=100, date=date,
        listed=more.pop("listed", None),
    )  # fmt: skip
    values = {"stage": "part", "log10_nfa": -40.0, **more}
    return hashing.Match(known=known, relation=relation, **values)


def half(relation: str, date: str | None = "2015-06-14", **more) -> hashing.Match:
    """Give a match of half of the picture with half of the known one."""
    identity = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return match(
        relation, date, overlap_share=0.5, transform=identity, region=PART, known_region=PART,
        **more,
    )  # fmt: skip


def case_of(*matches: hashing.Match, posted: str | None = POSTED, taken: str = TAKEN) -> Case:
    source = f"source: {{posted: {posted}}}\n" if posted else ""
    claim = loads(f"{source}statements:\n  - acquired: {taken}\n  - original\n  - unaltered\n")
    case = Case(image=SimpleNamespace(), claim=claim, index="known.db")
    result = hashing.SearchResult(
        exact=True, rows=7, snapshot="s", matches=matches, parts="every", hashable=True, features=9
    )
    vars(case)["known"] = result
    return case


def answers(check, case: Case) -> dict[str, Finding]:
    kinds = {s.id: s.kind for s in case.claim.statements}
    return {kinds[f.statement]: f for f in check.run(case) if f.statement is not None}


CONTRADICTS, OPEN = Outcome.CONTRADICTS, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("check", "make"), [(hashing_seen_before, match), (hashing_part_of, half)])
@pytest.mark.parametrize(
    ("relation", "date", "posted", "original", "acquired"),
    [
        ("same", "2015-06-14", POSTED, CONTRADICTS, CONTRADICTS),
        ("derived", "2015-06-14", POSTED, CONTRADICTS, CONTRADICTS),
        # Only a copy says anything.
        ("same-capture", "2015-06-14", POSTED, OPEN, OPEN),
        ("same-place", "2015-06-14", POSTED, OPEN, OPEN),
        ("undetermined", "2015-06-14", POSTED, OPEN, OPEN),
        # Dates that do not decide: none, after the post, on the day, in another zone, no date.
        ("derived", None, POSTED, OPEN, OPEN),
        ("derived", "2018-01-01", POSTED, OPEN, OPEN),
        ("derived", "2017-09-11", POSTED, OPEN, OPEN),
        ("derived", "2017-09-10", POSTED, OPEN, OPEN),
        ("derived", "2017", POSTED, OPEN, OPEN),
        ("derived", "sometime in 2015", POSTED, OPEN, OPEN),
        ("derived", "2017-09-10", "2017-09-11T10:00Z", OPEN, OPEN),
        ("derived", "2017-09-07", "2017-09-11T10:00Z", CONTRADICTS, CONTRADICTS),
        # Without a date of the post nothing is earlier than it.
        ("derived", "2015-06-14", None, OPEN, CONTRADICTS),
    ],
)
def test_only_a_copy_with_an_earlier_date_contradicts(
    check, make, relation, date, posted, original, acquired
):
    found = answers(check, case_of(make(relation, date), posted=posted))
    assert (found["original"].outcome, found["acquired"].outcome) == (original, acquired)


def test_a_copy_between_the_claimed_time_and_the_post_contradicts_only_that_it_is_new():
    case = case_of(match("derived", "2017-06-14"), taken="2016")
    found = answers(hashing_seen_before, case)
    assert found["original"].outcome is CONTRADICTS
    assert found["acquired"].outcome is OPEN


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_earlier_copy_counts_beside_a_later_one(order):
    two = (match("derived", "2018-01-01", id=1), match("derived", "2015-06-14", id=2))
    found = answers(hashing_seen_before, case_of(*(two[k] for k in order)))
    assert found["original"].outcome is CONTRADICTS
    assert "2.jpg" in found["original"].summary


def test_a_rate_that_is_not_sure_decides_nothing(monkeypatch):
    unsure = ErrorRate(errors=0, trials=60, what="pictures", calibration="")
    monkeypatch.setattr(_known, "COPY_ERROR", unsure)
    found = answers(hashing_seen_before, case_of(match("derived")))
    assert found["original"].outcome is OPEN


SAID_NOT_KNOWN = ("is not among", "No part of the picture", "no known picture is surely a copy")
SAID_COPY = ("is a copy of", "is the same picture", "holds a copy", "is a cut of", "is cut from")


@pytest.mark.parametrize("relation", ["same", "derived", "same-place", "undetermined", None])
@pytest.mark.parametrize("make", [match, half])
def test_the_three_checks_never_say_known_and_unknown_in_one_report(make, relation, monkeypatch):
    monkeypatch.setattr(altered, "_comparisons", lambda case, copies: iter(map(compared, copies)))
    case = case_of(*([make(relation)] if relation else []))
    said = [
        f.summary
        for check in (hashing_seen_before, hashing_part_of, hashing_altered_since)
        for f in check.run(case)
    ]
    copies = [s for s in said if any(words in s for words in SAID_COPY)]
    unknown = [s for s in said if any(words in s for words in SAID_NOT_KNOWN)]
    assert not (copies and unknown)
    assert bool(copies) == (relation in ("same", "derived"))
    assert not any("match it as a whole" in s for s in said)
    # What resembles is named, and is not passed over as if nothing were known.
    assert any("not among" in s for s in said) == (relation is None)
    for one, other in combinations(said, 2):
        assert not ("earlier copy" in one and "not among" in other)


def region(kind: str) -> forensics.Difference:
    return forensics.Difference(
        kind=kind, polygon=((0, 0), (40, 0), (40, 40)), box=(0, 0, 40, 40), size_px=40.0,
        score=30.0, log10_nfa=-8.0, contrast=25.0,
    )  # fmt: skip


def compared(one: hashing.Match, *kinds: str) -> altered._Compared:
    found = forensics.Residual(
        compared=True, relation="derived", regions=tuple(map(region, kinds)),
        score_map=np.zeros((4, 4), np.float32), threshold=12.0, matrix=np.eye(3),
        compared_share=0.9, smallest_px=12.0,
    )  # fmt: skip
    return altered._Compared(match=one, earlier=np.zeros((4, 4, 3), np.uint8), found=found)


@pytest.mark.parametrize(
    ("relation", "date", "posted", "kinds", "outcome"),
    [
        ("derived", "2015-06-14", POSTED, ("content",), CONTRADICTS),
        ("same", "2015-06-14", POSTED, ("overlay", "content"), CONTRADICTS),
        # Without a date, or with a later one, either of the two may be the altered one.
        ("derived", None, POSTED, ("content",), OPEN),
        ("derived", "2015-06-14", None, ("content",), OPEN),
        ("derived", "2018-01-01", POSTED, ("content",), OPEN),
        ("derived", "2017-09-10", POSTED, ("content",), OPEN),
        ("derived", "long ago", POSTED, ("content",), OPEN),
        # Drawings and redactions are no altered content; nothing is no alteration.
        ("derived", "2015-06-14", POSTED, ("overlay", "overlay"), OPEN),
        ("derived", "2015-06-14", POSTED, (), OPEN),
        # What is not surely a copy decides nothing.
        ("undetermined", "2015-06-14", POSTED, ("content",), OPEN),
    ],
)
def test_only_changed_ground_since_an_earlier_copy_contradicts_unaltered(
    monkeypatch, relation, date, posted, kinds, outcome
):
    one = match(relation, date)
    monkeypatch.setattr(altered, "_comparisons", lambda case, copies: iter([compared(one, *kinds)]))
    found = answers(hashing_altered_since, case_of(one, posted=posted))["unaltered"]
    assert found.outcome is outcome
    assert ("not sure" in found.summary) == (relation == "undetermined")


@pytest.mark.parametrize("relation", ["same-place", "same-capture"])
def test_another_take_is_not_compared(relation):
    found = answers(hashing_altered_since, case_of(match(relation)))["unaltered"]
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_a_listed_hash_has_nothing_to_compare_with():
    listed = match("derived", listed="somebody's list")
    found = answers(hashing_altered_since, case_of(listed))["unaltered"]
    assert found.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("stage", ["file", "pixels"])
def test_the_same_pixels_differ_nowhere(stage):
    found = answers(hashing_altered_since, case_of(match("same", stage=stage)))["unaltered"]
    assert found.outcome is OPEN
    assert "nothing differs" in found.summary


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_earliest_copy_decides_not_a_later_altered_one(monkeypatch, order):
    """A reposted original agrees with the earliest copy and differs from an edit of it."""
    first, edited = match("derived", "2014-01-01", id=1), match("derived", "2016-01-01", id=2)
    pair = [compared(first), compared(edited, "content")]
    monkeypatch.setattr(
        altered, "_comparisons", lambda case, copies: iter([pair[k] for k in order])
    )
    found = answers(hashing_altered_since, case_of(first, edited))["unaltered"]
    assert found.outcome is OPEN
    assert "1.jpg" in found.summary


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_altered_repost_is_not_excused_by_a_later_copy_like_it(monkeypatch, order):
    first, later = match("derived", "2014-01-01", id=1), match("derived", "2018-01-01", id=2)
    pair = [compared(first, "content"), compared(later)]
    monkeypatch.setattr(
        altered, "_comparisons", lambda case, copies: iter([pair[k] for k in order])
    )
    found = answers(hashing_altered_since, case_of(first, later))["unaltered"]
    assert found.outcome is CONTRADICTS


def test_the_pixels_of_a_later_copy_do_not_hide_that_an_earlier_one_differs(monkeypatch):
    first = match("derived", "2014-01-01", id=1)
    repost = match("same", "2016-01-01", id=2, stage="pixels")
    monkeypatch.setattr(
        altered, "_comparisons", lambda case, copies: (compared(m, "content") for m in copies)
    )
    found = answers(hashing_altered_since, case_of(repost, first))["unaltered"]
    assert found.outcome is CONTRADICTS
    assert "1.jpg" in found.summary
