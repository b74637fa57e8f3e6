"""The functions of ``import imgcheck`` take paths, and say what else they were given."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import imgcheck
from imgcheck.quantity import LonLat

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
    with pytest.raises(imgcheck.ImgcheckError, match="pass them to load_case"):
        imgcheck.verify(opened, claim=claim)


@pytest.mark.slow
def test_locate_takes_a_path_and_one_reference_or_several(tmp_path: Path) -> None:
    shutil.copy(HONEST / "post.jpg", tmp_path / "post.jpg")
    reference = next((HONEST / "reference").glob("*.tif"))
    found = imgcheck.locate(str(tmp_path / "post.jpg"), references=str(reference))
    assert isinstance(found, imgcheck.Located)
    again = imgcheck.locate(tmp_path / "post.jpg", references=[reference])
    assert isinstance(again, imgcheck.Located)
    with pytest.raises(ValueError, match="no reference"):
        imgcheck.locate(tmp_path / "post.jpg")


def test_inspect_takes_a_path_a_text_or_a_case(case: Path) -> None:
    post = case / "post.png"
    by_path = imgcheck.inspect(post).to_json()
    assert by_path["format"] == "png"
    assert imgcheck.inspect(str(post)).to_json() == by_path
    assert imgcheck.inspect(imgcheck.load_case(post)).to_json() == by_path


def test_an_index_is_filled_and_searched_by_path_text_or_case(case: Path, tmp_path: Path) -> None:
    index, post = tmp_path / "known.db", case / "post.png"
    assert imgcheck.add_to_index(str(index), str(post)).added == 1
    assert imgcheck.add_to_index(index, [case]).known == 1
    opened = imgcheck.load_case(post, index=index)
    for given in ((post, index), (str(post), str(index)), (opened,), (opened, index)):
        assert [m.stage for m in imgcheck.search(*given).matches] == ["file"]
    with pytest.raises(imgcheck.ImgcheckError, match="give the index"):
        imgcheck.search(post)


def test_publish_takes_a_path_a_text_or_a_case(case: Path, tmp_path: Path) -> None:
    report = imgcheck.verify(case / "post.png", claim=case / "claim.yml")
    for number, picture in enumerate(
        (case / "post.png", str(case / "post.png"), imgcheck.load_case(case / "post.png"))
    ):
        page = imgcheck.publish(report, picture, str(tmp_path / f"report{number}"))
        assert page.is_file()


def test_the_sun_is_computed_through_the_window() -> None:
    noon = imgcheck.sun.position(datetime(2022, 3, 20, 12, tzinfo=UTC), LonLat(lon=0.0, lat=0.0))
    assert noon.elevation_deg == pytest.approx(88, abs=2)
    found = imgcheck.sun_times(
        LonLat(lon=30.2302, lat=50.5418), time="2022-03-19T09:08:31Z", azimuth=(161.0, 1.5)
    )
    assert found.azimuth_deg == pytest.approx(160, abs=2)
    assert found.sets
    with pytest.raises(imgcheck.ImgcheckError, match="no time zone"):
        imgcheck.sun_times(LonLat(lon=30.2302, lat=50.5418), time="2022-03-19T09:08:31")


def test_regress_takes_a_path_or_a_text(case: Path) -> None:
    assert [one.passed for one in imgcheck.regress(str(case.parent))] == [True]
    assert [one.passed for one in imgcheck.regress(case)] == [True]


@pytest.mark.parametrize("given", [None, 7, 1.5, ["post.jpg"], np.zeros((4, 4, 3), np.uint8)])
@pytest.mark.parametrize("call", ["verify", "locate", "regress", "load_case", "inspect", "search"])
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
