"""The functions of ``import imgcheck`` take paths, and say what else they were given."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import imgcheck

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
HONEST = SAMPLES / "honest-post"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Give a folder of one case with a tiny picture."""
    folder = tmp_path / "cases" / "dot"
    folder.mkdir(parents=True)
    Pillow.fromarray(np.zeros((20, 20, 3), np.uint8)).save(folder / "post.png")
    (folder / "claim.yml").write_text("statements:\n  - {id: who, attribution: x}\n")
    (folder / "expected.yml").write_text("verdicts: {who: not_testable}\n")
    return folder


def test_verify_takes_a_path_a_text_or_a_case(case: Path) -> None:
    post, claim = case / "post.png", case / "claim.yml"
    by_path = imgcheck.verify(post, claim=claim)
    assert by_path.answers() == {"who": imgcheck.Answer.NOT_TESTABLE}
    assert imgcheck.verify(str(post), claim=str(claim)).dumps() == by_path.dumps()
    opened = imgcheck.load_case(post, claim=claim)
    assert imgcheck.verify(opened).dumps() == by_path.dumps()
    with pytest.raises(imgcheck.ImgcheckError, match="give them to load_case"):
        imgcheck.verify(opened, claim=claim)


def test_locate_takes_a_path_and_one_reference_or_several(tmp_path: Path) -> None:
    shutil.copy(HONEST / "post.jpg", tmp_path / "post.jpg")
    reference = next((HONEST / "reference").glob("*.tif"))
    found = imgcheck.locate(str(tmp_path / "post.jpg"), references=str(reference))
    assert found.placed
    assert imgcheck.locate(tmp_path / "post.jpg", references=[reference]).placed
    with pytest.raises(ValueError, match="no reference"):
        imgcheck.locate(tmp_path / "post.jpg")


def test_regress_takes_a_path_or_a_text(case: Path) -> None:
    assert [one.passed for one in imgcheck.regress(str(case.parent))] == [True]
    assert [one.passed for one in imgcheck.regress(case)] == [True]


@pytest.mark.parametrize("given", [None, 7, 1.5, ["post.jpg"], np.zeros((4, 4, 3), np.uint8)])
@pytest.mark.parametrize("call", ["verify", "locate", "regress", "load_case"])
def test_what_is_no_path_is_named(call: str, given: object) -> None:
    with pytest.raises(imgcheck.ImgcheckError, match="path") as raised:
        getattr(imgcheck, call)(given)
    assert isinstance(raised.value, TypeError)


def test_other_arguments_that_are_no_path_are_named(case: Path) -> None:
    for name in ("claim", "index"):
        with pytest.raises(TypeError, match=f"the {name} is given as a path"):
            imgcheck.load_case(case / "post.png", **{name: 7})
    with pytest.raises(TypeError, match="a reference is given as a path"):
        imgcheck.load_case(case / "post.png", references=[7])


def test_the_functions_below_name_what_they_need(case: Path) -> None:
    from imgcheck import placing, verification

    for call in (verification.verify, placing.locate):
        with pytest.raises(TypeError, match="a Case is needed"):
            call("post.jpg")  # type: ignore[operator]
