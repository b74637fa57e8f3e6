"""What known pictures mean for original, acquired and unaltered, on frozen results of a search."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imgcheck import forensics
from imgcheck.case import Case
from imgcheck.checks import _known, hashing_altered_since
from imgcheck.checks.hashing_part_of import hashing_part_of
from imgcheck.checks.hashing_seen_before import hashing_seen_before
from imgcheck.hashing.answer import KnownPicture, Match, SearchResult
from imgcheck.model import Evidence, Finding, Outcome
from imgcheck.model.claimfile import loads

ALTERED = hashing_altered_since.hashing_altered_since
POSTED = "2022-03-10"


def match(relation: str = "derived", date: str | None = "2022-03-01", *, covered: float = 1.0,
          shown: float = 1.0, stage: str = "hash", id: int = 1, **more: Any) -> Match:  # fmt: skip
    """Make a match that covers a share of the picture and shows a share of the known one."""
    return Match(
        known=KnownPicture(
            id=id, sha256="", path=f"k{id}.jpg", width=100, height=100, date=date,
            listed=more.pop("listed", None),
        ),
        stage=stage, relation=relation, log10_nfa=-20.0, overlap_share=covered,
        transform=((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        known_region=((0, 0), (100, 0), (100, 100 * shown), (0, 100 * shown)), **more,
    )  # fmt: skip


def run(check: Any, *matches: Match, claim: str, posted: str | None = POSTED,
        rows: int = 3, parts: str = "every") -> list[Finding]:  # fmt: skip
    source = "" if posted is None else f"source: {{posted: '{posted}'}}\n"
    rgb = np.zeros((9, 9, 3), np.uint8)
    image: Any = SimpleNamespace(rgb=lambda: rgb, valid=lambda: np.ones((9, 9), bool))
    case = Case(
        image=image, index=Path("known.db"), claim=loads(f"{source}statements:\n  - {claim}\n")
    )
    result = SearchResult(exact=True, rows=rows, snapshot="s", matches=matches, parts=parts,
                          hashable=True, features=900)  # fmt: skip
    vars(case)["known"] = result
    return list(check.run(case))


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_known, "evidence", lambda case, matches: Evidence())
    monkeypatch.setattr(hashing_altered_since, "_evidence", lambda case, compared: Evidence())


def decided(*matches: Match, claim: str, **more: Any) -> Finding:
    """Give what the search for the whole picture says of the one statement."""
    own, finding = run(hashing_seen_before, *matches, claim=claim, **more)
    assert (own.statement, own.outcome) == (None, Outcome.INCONCLUSIVE)
    assert finding.statement is not None
    return finding


@pytest.mark.parametrize(
    ("matches", "posted", "outcome"),
    [
        ([match()], POSTED, "contradicts"),
        ([match("same")], POSTED, "contradicts"),
        # What is no copy is no earlier copy.
        ([match("undetermined")], POSTED, "inconclusive"),
        ([match("same-capture")], POSTED, "inconclusive"),
        ([match("same-place")], POSTED, "inconclusive"),
        ([], POSTED, "inconclusive"),
        # Earlier than the post for sure, in every time zone.
        ([match(date="2022-03-12")], POSTED, "inconclusive"),
        ([match(date="2022-03-10")], POSTED, "inconclusive"),
        ([match(date="2022-03-09")], POSTED, "inconclusive"),
        ([match(date="2022-03-08T00:00Z")], "2022-03-08T00:00Z", "inconclusive"),
        ([match(date="2022-03-08T00:00Z")], "2022-03-08T00:01Z", "contradicts"),
        # Without one of the two dates nothing is earlier.
        ([match(date=None)], POSTED, "inconclusive"),
        ([match(date="spring 2022")], POSTED, "inconclusive"),
        ([match()], None, "inconclusive"),
        # One earlier copy is enough, wherever it stands.
        ([match(date=None), match(id=2)], POSTED, "contradicts"),
        ([match(date="2022-04-01"), match(id=2)], POSTED, "contradicts"),
    ],
)
def test_only_a_copy_dated_before_the_post_contradicts_original(
    matches: list[Match], posted: str | None, outcome: str
) -> None:
    finding = decided(*matches, claim="original: true", posted=posted)
    assert finding.outcome == outcome
    if outcome == "contradicts":
        assert finding.error_rate is not None
        assert not finding.would_change
        assert "which is dated 2022-03" in finding.summary


@pytest.mark.parametrize(
    ("matches", "posted", "words", "wish"),
    [
        ([], POSTED, "does not show that it is new", "a larger index"),
        ([match(date=None)], POSTED, "give the date of the known picture", "index add --date"),
        ([match()], None, "give the date of the post", "source.posted"),
        ([match(date="2022-03-12")], POSTED, "2022-03-12 is not surely before the post", ""),
    ],
)
def test_what_would_show_which_of_two_copies_came_first_is_said(
    matches: list[Match], posted: str | None, words: str, wish: str
) -> None:
    finding = decided(*matches, claim="original: true", posted=posted)
    assert words in finding.summary
    assert wish in " ".join(finding.would_change)
    assert bool(finding.innocent) == bool(matches)


@pytest.mark.parametrize(
    ("matches", "outcome"),
    [
        ([match()], "contradicts"),
        ([match("same")], "contradicts"),
        ([match("undetermined")], "inconclusive"),
        ([match("same-place")], "inconclusive"),
        ([], "inconclusive"),
        ([match(date="2022-03-05")], "inconclusive"),
        ([match(date="2022-03-04")], "inconclusive"),
        ([match(date="2022-03-09")], "inconclusive"),
        ([match(date=None)], "inconclusive"),
        ([match(date=None), match(id=2)], "contradicts"),
    ],
)
def test_only_a_copy_dated_before_the_claimed_time_contradicts_it(
    matches: list[Match], outcome: str
) -> None:
    finding = decided(*matches, claim="acquired: 2022-03-05", posted=None)
    assert finding.outcome == outcome
    known = [m for m in matches if m.relation in ("same", "derived")]
    if outcome == "inconclusive":
        assert ("that it is a copy of" in finding.summary) == bool(known)


@pytest.mark.parametrize(
    ("covered", "shown", "whole"),
    [(1.0, 1.0, True), (0.85, 0.85, True), (0.84, 1.0, False), (1.0, 0.84, False),
     (0.5, 0.5, False)],
)  # fmt: skip
def test_the_whole_picture_and_its_parts_are_told_by_one_check_each(
    covered: float, shown: float, whole: bool
) -> None:
    one = match(covered=covered, shown=shown)
    for check, own in ((hashing_seen_before, whole), (hashing_part_of, not whole)):
        (_, finding) = run(check, one, claim="original: true")
        assert finding.outcome == ("contradicts" if own else "inconclusive")
        assert bool(finding.innocent) == own


def test_a_match_by_file_has_no_shares_and_is_the_whole() -> None:
    one = replace(match("same", stage="file"), transform=None, overlap_share=None)
    (_, finding) = run(hashing_seen_before, one, claim="original: true")
    assert finding.outcome == "contradicts"


@pytest.mark.parametrize("check", [hashing_seen_before, hashing_part_of])
def test_an_empty_index_tests_nothing_and_asks_for_one(check: Any) -> None:
    (finding,) = run(check, claim="original: true", rows=0)
    assert finding.outcome == "not_applicable"
    assert "--index" in finding.would_change[0]


@pytest.mark.parametrize("check", [hashing_seen_before, hashing_part_of])
def test_copies_are_told_before_what_only_resembles(check: Any) -> None:
    shares = {} if check is hashing_seen_before else {"covered": 0.5}
    others = [match("same-place", id=n, **shares) for n in range(1, 7)]
    (own, _) = run(check, *others, match(id=9, **shares), claim="original: true")
    told = [m.name for m in own.measures if m.name.endswith(".jpg")]
    assert told == ["k9.jpg", "k1.jpg", "k2.jpg", "k3.jpg", "k4.jpg"]
    (own, _) = run(check, others[0], match(id=9, **shares), claim="original: true")
    assert [m.name for m in own.measures if m.name.endswith(".jpg")] == ["k9.jpg", "k1.jpg"]
    assert "k9.jpg" in own.summary
    (own, _) = run(check, claim="original: true")
    assert "is among the 3" in own.summary or "is not among the 3" in own.summary


def test_a_search_of_the_likeliest_pictures_does_not_speak_for_the_others() -> None:
    for parts, words in (("every", "is among the 3 known"), ("likely", "in the likeliest of 3")):
        (own, finding) = run(hashing_part_of, claim="original: true", parts=parts)
        assert words in own.summary
        assert words in finding.summary


DIFFERENT = forensics.Difference(kind="content", polygon=(), box=(0, 0, 9, 9), size_px=9.0,
                               score=9.0, log10_nfa=-9.0, contrast=50.0)  # fmt: skip
DRAWN = replace(DIFFERENT, kind="overlay")


def altered(monkeypatch: pytest.MonkeyPatch, *found: tuple[Match, tuple[forensics.Difference, ...]],
            compared: bool = True, posted: str | None = POSTED) -> list[Finding]:  # fmt: skip
    """Give what the comparison says where known pictures differ so from the post."""
    by = {m.id: regions for m, regions in found}

    def comparisons(case: Case, copies: list[Match]) -> Any:
        for one in copies:
            residual = forensics.Residual(
                compared=compared, reason=None if compared else "too little in common",
                relation=one.relation, regions=by[one.id], threshold=5.0, compared_share=0.9,
                score_map=np.zeros((9, 9), np.float32), smallest_px=20.0,
            )  # fmt: skip
            yield hashing_altered_since._Compared(
                match=one, earlier=np.zeros((9, 9, 3), np.uint8), found=residual
            )

    monkeypatch.setattr(hashing_altered_since, "_comparisons", comparisons)
    return run(ALTERED, *(m for m, _ in found), claim="unaltered: true", posted=posted)


@pytest.mark.parametrize(
    ("one", "regions", "posted", "outcome", "words"),
    [
        (match(), (DIFFERENT,), POSTED, "contradicts", "the ground differs in one place"),
        (match("same"), (DIFFERENT,), POSTED, "contradicts", "the ground differs"),
        (match(), (DRAWN, DIFFERENT), POSTED, "contradicts", "is drawn over it in one place"),
        # A drawing is no change of what is shown.
        (match(), (DRAWN,), POSTED, "inconclusive", "is an annotation"),
        (match(), (), POSTED, "inconclusive", "nothing differs"),
        # Without both dates, or not surely earlier.
        (match(date=None), (DIFFERENT,), POSTED, "inconclusive", "came first is not known"),
        (match(), (DIFFERENT,), None, "inconclusive", "came first is not known"),
        (match(date="2022-03-09"), (DIFFERENT,), POSTED, "inconclusive", "came first is not"),
        (match(date="2022-03-20"), (DIFFERENT,), POSTED, "inconclusive", "came first is not"),
    ],
)
def test_only_other_ground_than_in_an_earlier_copy_contradicts_unaltered(
    monkeypatch: pytest.MonkeyPatch, one: Match, regions: Any, posted: Any, outcome: str,
    words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(
        hashing_altered_since, "error_rate",
        lambda *_: SimpleNamespace(decides=True, errors=0, trials=500),
    )  # fmt: skip
    own, finding = altered(monkeypatch, (one, regions), posted=posted)
    assert (own.statement, own.outcome) == (None, "inconclusive")
    assert finding.outcome == outcome
    assert words in finding.summary
    content = DIFFERENT in regions
    assert bool(finding.innocent) == content
    asked = not content or (outcome != "contradicts" and None in (one.known.date, posted))
    assert bool(finding.would_change) == asked


@pytest.mark.parametrize("relation", ["same-place", "same-capture"])
def test_what_is_no_copy_is_not_compared(monkeypatch: pytest.MonkeyPatch, relation: str) -> None:
    (finding,) = altered(monkeypatch, (match(relation), (DIFFERENT,)))
    assert finding.outcome == "not_applicable"
    assert "no copy of the picture" in finding.summary


def test_a_listed_hash_has_no_pixels_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = altered(monkeypatch, (match(listed="a list"), (DIFFERENT,)))
    assert finding.outcome == "not_applicable"


def test_where_no_comparison_succeeds_nothing_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = altered(monkeypatch, (match(), (DIFFERENT,)), compared=False)
    assert finding.outcome == "not_applicable"
    assert "k1.jpg: too little in common" in finding.summary


@pytest.mark.parametrize("stage", ["file", "pixels"])
def test_the_same_pixels_differ_in_nothing(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    own, finding = altered(
        monkeypatch, (match(id=2), (DIFFERENT,)), (match("same", stage=stage), (DIFFERENT,))
    )
    assert "to the pixel, the known picture k1.jpg" in own.summary
    assert finding.outcome == "inconclusive"
    assert "what was done before the known picture was made" in finding.summary


def test_three_copies_are_compared_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(match(date=None, id=n), ()) for n in (1, 2, 3)]
    own, _ = altered(monkeypatch, *found, (match(date=None, id=4), (DIFFERENT,)))
    assert "nothing differs" in own.summary
    own, _ = altered(monkeypatch, *found[:2], (match(date=None, id=3), (DIFFERENT,)))
    assert "the ground differs" in own.summary
