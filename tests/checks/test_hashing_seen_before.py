"""When a known picture contradicts "original" and "acquired": as a whole, and in parts."""

import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case
from imgcheck.checks import _known
from imgcheck.checks.check import Check
from imgcheck.checks.hashing_altered_since import hashing_altered_since
from imgcheck.checks.hashing_part_of import hashing_part_of
from imgcheck.checks.hashing_seen_before import hashing_seen_before
from imgcheck.hashing import HashIndex, Match
from imgcheck.imaging import Image
from imgcheck.model import ErrorRate, Evidence, Finding, Outcome
from imgcheck.model.claimfile import loads
from tests.hashing.pictures import ground

from .frozen import indexed, match

SURE = ErrorRate(errors=0, trials=400, what="pictures", calibration="docs/benchmarks/relation.md")
CONTRADICTS, OPEN = Outcome.CONTRADICTS, Outcome.INCONCLUSIVE
POSTED = "2017-09-11"
#: Each check with a match of its kind: the whole picture, or half of it.
KINDS = ((hashing_seen_before, 1.0), (hashing_part_of, 0.5))


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no evidence, and take the error rate as small."""
    monkeypatch.setattr(_known, "evidence", lambda case, matches: Evidence())
    monkeypatch.setattr(_known, "COPY_ERROR", SURE)


def answer(check: Check, *matches: Match, claim: str = "original: true", **more: Any) -> Finding:
    own, finding = check.run(indexed(*matches, claim=claim, **more))
    assert (own.statement, own.outcome) == (None, OPEN)
    assert finding.statement is not None
    return finding


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(("check", "covered"), KINDS)
@pytest.mark.parametrize(
    ("relation", "date", "posted", "original", "acquired"),
    [
        ("same", "2015-06-14", POSTED, CONTRADICTS, CONTRADICTS),
        ("derived", "2015-06-14", POSTED, CONTRADICTS, CONTRADICTS),
        # Only a copy is evidence.
        ("same-capture", "2015-06-14", POSTED, OPEN, OPEN),
        ("same-place", "2015-06-14", POSTED, OPEN, OPEN),
        ("undetermined", "2015-06-14", POSTED, OPEN, OPEN),
        # Dates that do not decide: none, unreadable, after, on the day, in another zone.
        ("derived", None, POSTED, OPEN, OPEN),
        ("derived", "sometime in 2015", POSTED, OPEN, OPEN),
        ("derived", "2018-01-01", POSTED, OPEN, OPEN),
        ("derived", "2017-09-11", POSTED, OPEN, OPEN),
        ("derived", "2017-09-10", POSTED, OPEN, OPEN),
        ("derived", "2017", POSTED, OPEN, OPEN),
        ("derived", "2017-09-10", "2017-09-11T10:00Z", OPEN, OPEN),
        ("derived", "2017-09-07", "2017-09-11T10:00Z", CONTRADICTS, CONTRADICTS),
        ("derived", "2017-09-07T00:00Z", "2017-09-07T00:00Z", OPEN, CONTRADICTS),
        ("derived", "2017-09-07T00:00Z", "2017-09-07T00:01Z", CONTRADICTS, CONTRADICTS),
        # Without a date of the post nothing is earlier than it.
        ("derived", "2015-06-14", None, OPEN, CONTRADICTS),
    ],
)
def test_only_a_copy_with_an_earlier_date_contradicts(
    check: Check, covered: float, relation: str, date: Any, posted: Any, original: Outcome,
    acquired: Outcome,
) -> None:  # fmt: skip
    one = match(relation, date, covered=covered, shown=covered)
    new = answer(check, one, posted=posted)
    when = answer(check, one, posted=posted, claim="acquired: 2017-09-10")
    assert (new.outcome, when.outcome) == (original, acquired)
    if original is CONTRADICTS:
        assert new.error_rate is not None and not new.would_change
        assert re.search(r"which is dated \d+ \w+ 201\d", new.summary)
    copied = relation in _known.COPIES
    assert bool(new.innocent) == copied
    assert ("known original of this picture" in when.summary) == (copied and acquired is OPEN)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("matches", "posted", "words", "wish"),
    [
        ([], POSTED, "does not show that the picture is new", "a larger index"),
        ([match(date=None)], POSTED, "give the date of the known picture", "index add --date"),
        ([match()], None, "give the date of the post", "source.posted"),
        (
            [match(date="2017-09-12")],
            POSTED,
            "12 September 2017 is not clearly before the date of the post",
            "",
        ),
    ],
)
def test_the_date_that_would_decide_is_named(
    matches: list[Match], posted: str | None, words: str, wish: str
) -> None:
    finding = answer(hashing_seen_before, *matches, posted=posted)
    assert words in finding.summary
    assert wish in " ".join(finding.would_change)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("other", [match(date="2018-01-01"), match(date=None)])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("claim", ["original: true", "acquired: 2017-09-10"])
def test_one_earlier_copy_is_enough(other: Match, first: bool, claim: str) -> None:
    earlier = match(id=2)
    pair = (earlier, other) if first else (other, earlier)
    finding = answer(hashing_seen_before, *pair, claim=claim)
    assert finding.outcome is CONTRADICTS
    assert "k2.jpg" in finding.summary


@pytest.mark.usefixtures("frozen")
def test_a_copy_between_the_claimed_time_and_the_post_contradicts_only_that_it_is_new() -> None:
    between = match(date="2017-06-14")
    assert answer(hashing_seen_before, between).outcome is CONTRADICTS
    when = answer(hashing_seen_before, between, claim="acquired: 2016")
    assert when.outcome is OPEN
    assert "original of this picture is dated before" in when.summary


def test_an_error_rate_that_may_be_too_high_does_not_decide(
    monkeypatch: pytest.MonkeyPatch, frozen: None
) -> None:
    few = ErrorRate(errors=0, trials=60, what="pictures", calibration="")
    monkeypatch.setattr(_known, "COPY_ERROR", few)
    assert answer(hashing_seen_before, match()).outcome is OPEN


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("covered", "shown", "whole"),
    [(1.0, 1.0, True), (0.85, 0.85, True), (0.84, 1.0, False), (1.0, 0.84, False),
     (0.5, 0.5, False)],
)  # fmt: skip
def test_the_whole_picture_and_its_parts_belong_to_one_check_each(
    covered: float, shown: float, whole: bool
) -> None:
    one = match(covered=covered, shown=shown)
    for check, own in ((hashing_seen_before, whole), (hashing_part_of, not whole)):
        finding = answer(check, one)
        assert finding.outcome is (CONTRADICTS if own else OPEN)
        assert bool(finding.innocent) == own


@pytest.mark.usefixtures("frozen")
def test_a_match_by_file_has_no_shares_and_is_the_whole() -> None:
    one = replace(match("same", stage="file"), transform=None, overlap_share=None)
    assert answer(hashing_seen_before, one).outcome is CONTRADICTS


@pytest.mark.parametrize("check", [hashing_seen_before, hashing_part_of])
def test_an_empty_index_tests_nothing_and_asks_for_one(check: Check) -> None:
    (finding,) = check.run(indexed(claim="original: true", rows=0))
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "--index" in finding.would_change[0]


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(("check", "covered"), KINDS)
def test_copies_are_reported_before_what_only_resembles(check: Check, covered: float) -> None:
    def shown(*matches: Match) -> list[str]:
        own, _ = check.run(indexed(*matches, claim="original: true"))
        if any(m.relation == "derived" for m in matches):
            assert "k9.jpg" in own.summary
        return [m.name for m in own.measures if m.name.endswith(".jpg")]

    others = [match("same-place", id=n, covered=covered) for n in range(1, 7)]
    copy = match(id=9, covered=covered)
    if check is hashing_seen_before:
        assert shown(*others, copy) == ["k9.jpg", "k1.jpg", "k2.jpg", "k3.jpg", "k4.jpg"]
    assert shown(others[0], copy) == ["k9.jpg", "k1.jpg"]
    assert shown() == []


UNKNOWN = ("is not among", "No part of the picture", "is confirmed as a copy of a known picture")
COPY = ("is a copy of", "is the same picture", "contains a copy", "is a crop of")


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("relation", ["same", "derived", "same-place", "undetermined", None])
@pytest.mark.parametrize("covered", [None, 0.5])
def test_the_checks_of_the_index_agree_in_one_report(
    relation: str | None, covered: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "imgcheck.checks.hashing_altered_since._comparisons", lambda case, copies: iter(())
    )
    found = [match(relation, covered=covered, shown=covered or 1.0)] if relation else []
    case = indexed(*found, claim="original: true")
    words = [
        f.summary
        for check in (hashing_seen_before, hashing_part_of, hashing_altered_since)
        for f in check.run(case)
    ]
    copies = [s for s in words if any(one in s for one in COPY)]
    unknown = [s for s in words if any(one in s for one in UNKNOWN)]
    assert not (copies and unknown)
    assert bool(copies) == (relation in ("same", "derived"))
    # What resembles is named, and is not passed over as if nothing were known.
    assert any("not among" in s for s in words) == (relation is None)


def encoded(pixels: np.ndarray, quality: int) -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return Image.from_bytes(stream.getvalue(), name="post.jpg")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "outcome", "words"),
    [(201, CONTRADICTS, "is a copy of 201.jpg"), (209, OPEN, "not among the 2 known")],
)
def test_a_mirrored_copy_in_an_index_is_found(tmp_path, seed, outcome, words) -> None:
    path = tmp_path / "known.db"
    with HashIndex.create(path) as index:
        for known in (201, 202):
            index.add_image(encoded(ground(known), 90), path_text=f"{known}.jpg", date="2015-06-14")
    claim = loads(f"source: {{posted: {POSTED}}}\nstatements: [original]")
    post = encoded(np.ascontiguousarray(ground(seed)[:, ::-1]), 70)
    own, finding = hashing_seen_before.run(Case(image=post, claim=claim, index=path))
    assert finding.outcome is outcome
    assert words.replace("is a copy of", "is a copy of (mirrored)") in own.summary
    assert bool(own.evidence.pictures) == (outcome is CONTRADICTS)
