"""When a known copy contradicts "unaltered": frozen comparisons, and an altered picture."""

import contextlib
import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import forensics
from imgcheck.case import Case
from imgcheck.checks import _known
from imgcheck.checks import hashing_altered_since as module
from imgcheck.checks.hashing_altered_since import hashing_altered_since
from imgcheck.hashing import HashIndex, Match
from imgcheck.imaging import Image
from imgcheck.model import Evidence, Finding, Outcome
from imgcheck.model.claimfile import loads
from tests.hashing.pictures import ground

from .frozen import indexed, match

CONTRADICTS, OPEN, SILENT = Outcome.CONTRADICTS, Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
POSTED = "2017-09-11"
DIFFERENT = forensics.Difference(kind="content", polygon=(), box=(0, 0, 9, 9), size_px=9.0,
                                 score=9.0, log10_nfa=-9.0, contrast=50.0)  # fmt: skip
DRAWN = replace(DIFFERENT, kind="overlay")
Regions = tuple[forensics.Difference, ...]


@pytest.fixture
def altered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the check where known pictures differ in stated regions from the post."""
    monkeypatch.setattr(module, "_evidence", lambda case, compared: Evidence())
    rate = SimpleNamespace(decides=True, errors=0, trials=500)
    monkeypatch.setattr(module, "error_rate", lambda *_: rate)

    def act(*found: tuple[Match, Regions | None], compared: bool = True,
            posted: str | None = POSTED, certain: bool = False, moved: bool = False
            ) -> list[Finding]:  # fmt: skip
        by = {m.id: regions for m, regions in found}

        def comparisons(case: Case, copies: list[Match]) -> Any:
            for one in copies:
                regions = by[one.id]
                if not compared or regions is None:
                    yield f"{one.path}: too little in common"
                    continue
                residual = forensics.Residual(
                    relation="derived", regions=regions, threshold=5.0, compared_share=0.9,
                    score_map=np.zeros((9, 9), np.float32), powers=((20.0, 40, 40),),
                    matrix=np.eye(3), certain=certain, moved=moved,
                )  # fmt: skip
                earlier = np.zeros((9, 9, 3), np.uint8)
                yield module._Compared(
                    match=one, earlier=earlier, of_file=one.id != 1, found=residual
                )

        monkeypatch.setattr(module, "_comparisons", comparisons)
        case = indexed(*(m for m, _ in found), claim="unaltered: true", posted=posted)
        return list(hashing_altered_since.run(case))

    return act


@pytest.mark.parametrize(
    ("one", "regions", "posted", "outcome", "words"),
    [
        (match(), (DIFFERENT,), POSTED, CONTRADICTS, "the ground differs in one place"),
        (match("same"), (DIFFERENT,), POSTED, CONTRADICTS, "the ground differs"),
        (match(), (DRAWN, DIFFERENT), POSTED, CONTRADICTS, "is drawn over it in one place"),
        # A drawing or a redaction does not alter what is shown.
        (match(), (DRAWN,), POSTED, OPEN, "is an annotation"),
        (match(), (DRAWN, DRAWN), POSTED, OPEN, "is drawn over it in 2 places"),
        (match(), (), POSTED, OPEN, "nothing differs"),
        # Without both dates, or not certainly earlier, either of the two may be the altered one.
        (match(date=None), (DIFFERENT,), POSTED, OPEN, "came first is not known"),
        (match(), (DIFFERENT,), None, OPEN, "came first is not known"),
        (match(date="long ago"), (DIFFERENT,), POSTED, OPEN, "came first is not known"),
        (match(date="2017-09-10"), (DIFFERENT,), POSTED, OPEN, "came first is not"),
        (match(date="2018-01-01"), (DIFFERENT,), POSTED, OPEN, "came first is not"),
        # A picture that may be another one does not decide.
        (match("undetermined"), (DIFFERENT,), POSTED, OPEN, "not confirmed"),
    ],
)
def test_only_other_ground_than_in_an_earlier_copy_contradicts_unaltered(
    altered: Any, one: Match, regions: Regions, posted: str | None, outcome: Outcome, words: str
) -> None:
    own, finding = altered((one, regions), posted=posted)
    assert (own.statement, own.outcome) == (None, OPEN)
    assert finding.outcome is outcome
    assert words in finding.summary
    assert bool(finding.innocent) == (DIFFERENT in regions)
    if "came first" in words:
        assert bool(finding.would_change) == (one.known.date in (None, "long ago") or not posted)
    else:
        assert bool(finding.would_change) == (outcome is OPEN)


@pytest.mark.parametrize("relation", ["derived", "undetermined"])
@pytest.mark.parametrize(
    ("regions", "certain", "moved", "outcome", "words"),
    [
        ((DIFFERENT,), True, False, CONTRADICTS, "the ground differs"),
        ((DIFFERENT,), False, True, OPEN, "frames of one camera between which it moved"),
        # An annotated copy, or one that differs nowhere, is not doubted for what moved.
        ((DRAWN,), False, True, OPEN, "is drawn over it"),
        ((), True, False, OPEN, "nothing differs"),
    ],
)
def test_a_copy_apart_from_a_few_places_decides_unless_something_moved(
    altered: Any, relation: str, regions: Regions, certain: bool, moved: bool, outcome: Outcome,
    words: str,
) -> None:  # fmt: skip
    _, finding = altered((match(relation), regions), certain=certain, moved=moved)
    assert finding.outcome is outcome
    assert words in finding.summary
    assert ("not confirmed" in finding.summary) == (
        relation == "undetermined" and regions != (DIFFERENT,)
    )


@pytest.mark.parametrize("one", [match("same-place"), match("same-capture"), match(listed="a")])
def test_another_take_or_a_listed_hash_is_not_compared(altered: Any, one: Match) -> None:
    (finding,) = altered((one, (DIFFERENT,)))
    assert finding.outcome is SILENT
    assert "no copy of the picture" in finding.summary


def test_a_comparison_that_fails_gives_its_reason(altered: Any) -> None:
    (finding,) = altered((match(), (DIFFERENT,)), compared=False)
    assert finding.outcome is SILENT
    assert "k1.jpg: too little in common" in finding.summary


@pytest.mark.parametrize("stage", ["file", "pixels"])
def test_the_same_pixels_differ_in_nothing(altered: Any, stage: str) -> None:
    other, same = match(id=2), match("same", stage=stage)
    own, finding = altered((other, (DIFFERENT,)), (same, (DIFFERENT,)))
    assert "identical to the known picture k1.jpg in every pixel" in own.summary
    assert finding.outcome is OPEN
    assert "what was done before the known picture was made" in finding.summary


def test_three_copies_are_compared_at_most(altered: Any) -> None:
    found = [(match(date=None, id=n), ()) for n in (1, 2, 3)]
    own, _ = altered(*found, (match(date=None, id=4), (DIFFERENT,)))
    assert "nothing differs" in own.summary
    own, _ = altered(*found[:2], (match(date=None, id=3), (DIFFERENT,)))
    assert "the ground differs" in own.summary


EDITED = match("derived", "2016-01-01", id=2)
FIRST = match("derived", "2014-01-01", id=1)
LATER = match("derived", "2018-01-01", id=3)
UNDATED = tuple(match("derived", None, id=n) for n in range(4, 8))
PIXELS = match("same", "2016-01-01", id=8, stage="pixels")


@pytest.mark.parametrize(
    ("found", "chosen", "outcome"),
    [
        # A reposted original agrees with the earliest copy and differs from an edit of it.
        ([(FIRST, ()), (EDITED, (DIFFERENT,))], "k1", OPEN),
        # A later copy like the altered post is no excuse.
        ([(FIRST, (DIFFERENT,)), (LATER, ())], "k1", CONTRADICTS),
        # Equal pixels in a later copy do not hide that an earlier one differs.
        ([(PIXELS, ()), (FIRST, (DIFFERENT,))], "k1", CONTRADICTS),
        # The earliest copy is compared first, wherever it stands among many.
        ([*((one, ()) for one in UNDATED), (FIRST, (DIFFERENT,))], "k1", CONTRADICTS),
        # If it cannot be compared, copies that are not of equal pixels are.
        ([(FIRST, None), (EDITED, ()), (PIXELS, ())], "k2", OPEN),
        ([(FIRST, None), (EDITED, (DIFFERENT,))], "k2", CONTRADICTS),
        # Without an earlier one, the copy with most differences is reported.
        ([(UNDATED[0], ()), (UNDATED[1], (DIFFERENT,))], "k5", OPEN),
        ([(UNDATED[0], (DRAWN, DRAWN)), (UNDATED[1], (DIFFERENT,))], "k5", OPEN),
        ([(UNDATED[0], (DIFFERENT,)), (UNDATED[1], (DIFFERENT, DRAWN))], "k5", OPEN),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_earliest_copy_decides(
    altered: Any, found: Any, chosen: str, outcome: Outcome, turned: bool
) -> None:
    own, finding = altered(*(found[::-1] if turned else found))
    assert chosen in own.summary
    assert finding.outcome is outcome


def test_an_exact_copy_of_the_earliest_date_is_preferred(altered: Any) -> None:
    same_day = replace(PIXELS, known=replace(PIXELS.known, date="2014-01-01"))
    own, _ = altered((FIRST, (DIFFERENT,)), (same_day, ()))
    assert "identical to the known picture k8.jpg" in own.summary


TURNED = ((0.0, -1.0, 200.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("transform", [None, TURNED])
def test_a_known_picture_is_compared_as_it_was_matched(
    monkeypatch: pytest.MonkeyPatch, inverted: bool, transform: Any
) -> None:
    preview = np.full((50, 50, 3), 200, np.uint8)
    index = SimpleNamespace(preview=lambda number: preview)
    monkeypatch.setattr(Case, "open_index", lambda case: contextlib.nullcontext(index))
    seen = []

    def residual(picture: Any, earlier: Any, *, matrix: Any, picture_mask: Any) -> Any:
        seen.append((int(earlier[0, 0, 0]), None if matrix is None else matrix.tolist()))
        return forensics.NotCompared(reason="planted")

    monkeypatch.setattr(forensics, "residual", residual)
    one = match(inverted=inverted, transform=transform)
    case = indexed(one, claim="unaltered: true")
    assert list(module._comparisons(case, [one])) == ["k1.jpg: planted"]
    # The known picture has 100 pixels a side, its preview 50.
    expected = None if transform is None else [[0, -0.5, 100], [0.5, 0, 0], [0, 0, 1]]
    assert seen == [(55 if inverted else 200, expected)]


@pytest.mark.parametrize(("number", "said"), [(1, True), (2, False)])
def test_a_comparison_with_the_preview_states_its_limit(
    altered: Any, number: int, said: bool
) -> None:
    own, finding = altered((match(id=number), (DIFFERENT,)))
    assert (module._OF_PREVIEW in own.limits) == (module._OF_PREVIEW in finding.limits) == said


@pytest.mark.parametrize(
    ("path", "used"),
    [
        ("beside.jpg", True),
        ("missing.jpg", False),
        ("changed.jpg", False),
        ("broken.jpg", False),
        ("folder", False),
        ("beside.jpg#0,0,64,64", False),  # a tile of a larger picture
    ],
)
def test_a_known_picture_is_read_from_its_file_if_the_bytes_are_the_same(
    tmp_path: Path, path: str, used: bool
) -> None:
    stream = io.BytesIO()
    Pillow.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(stream, "JPEG")
    data = stream.getvalue()
    (tmp_path / "folder").mkdir()
    for name, held in (("beside", data), ("changed", data + b"1"), ("broken", data[:40])):
        (tmp_path / f"{name}.jpg").write_bytes(held)
    known = match().known
    one = replace(match(), known=replace(known, path=path, sha256=sha256(data).hexdigest()))
    case = replace(indexed(one, claim="unaltered: true"), index=tmp_path / "known.db")
    found = _known.from_file(case, one)
    assert (found is not None and found.shape == (64, 64, 3)) == used


def encoded(pixels: np.ndarray, quality: int) -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return Image.from_bytes(stream.getvalue(), name="post.jpg")


@pytest.mark.slow
@pytest.mark.parametrize("changed", [False, True])
def test_replaced_ground_in_a_posted_copy_is_found(tmp_path: Any, changed: bool) -> None:
    original, path = ground(201), tmp_path / "known.db"
    with HashIndex.create(path) as index:
        index.add_image(encoded(original, 92), path_text="201.jpg", date="2015-06-14")
    post = original.copy()
    if changed:
        post[90:130, 120:160] = ground(202)[90:130, 120:160]
    claim = loads(f"source: {{posted: {POSTED}}}\nstatements: [unaltered]")
    own, finding = hashing_altered_since.run(Case(image=encoded(post, 80), claim=claim, index=path))
    assert ("the ground differs" in own.summary) == changed
    assert finding.outcome is (CONTRADICTS if changed else OPEN)
    assert [p.role for p in own.evidence.pictures] == ["before", "after", "overlay"]
