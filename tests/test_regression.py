"""What a case expects is read as text, and a hostile file costs one case, not the run."""

from pathlib import Path

import pytest
from PIL import Image as Pillow

from imgcheck import regression


def case(folder: Path, expected: str) -> Path:
    folder.mkdir()
    Pillow.new("RGB", (8, 8)).save(folder / "post.png")
    (folder / "claim.yml").write_text("statements: [{sensor: NO, id: 0777}]", encoding="utf-8")
    (folder / "expected.yml").write_text(expected, encoding="utf-8")
    return folder


def test_scalars_of_an_expectation_stay_text(tmp_path: Path) -> None:
    expected = (
        "verdicts: {0777: not_run}\nfindings:\n  - {check: provenance.file, statement: null}\n"
    )
    (found,) = regression.regress(case(tmp_path / "one", expected + "must_not_say: [2017]\n"))
    assert found.passed, found.differences


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5000, "nested over 12"),
        ('{"verdicts":' * 5000, "nested over 12"),
        ("a: &a [x]\nb: *a\n", "aliases"),
        ("verdicts: {a: *b}", "aliases"),
        ("verdicts: [a]", 'needs "verdicts"'),
        ("", 'needs "verdicts"'),
        ("verdicts: {}\nfindings: 3", '"findings" is a list of mappings'),
        ("verdicts: {}\nfindings: [a]", '"findings" is a list of mappings'),
        ("verdicts: {}\nspeaks: a", '"speaks" is a list of words'),
        ("verdicts: {}\nsilent: [[a]]", '"silent" is a list of words'),
        ("verdict: {}", 'needs "verdicts"'),
        ("verdicts: {}\nother: {}", "unknown key other"),
    ],
)
def test_a_broken_expectation_fails_its_case_alone(tmp_path: Path, text: str, says: str) -> None:
    case(tmp_path / "broken", text)
    case(tmp_path / "whole", "verdicts: {0777: not_run}")
    broken, whole = regression.regress(tmp_path)
    assert whole.passed, whole.differences
    assert says in broken.differences[0]
