"""``imgcheck locate`` keeps to the machine contract, and says in words what it found."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import imgcheck
from imgcheck.case import Case, NotLocated
from imgcheck.case.placing import Candidate
from imgcheck.cli import run
from imgcheck.geo import Prior
from imgcheck.imaging import annotations
from imgcheck.publication import publish_located
from imgcheck.report import location
from tests.locate import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locate")
    gray = build.reference(folder / "<b>&before.tif")
    np.save(folder / "truth.npy", build.cut(folder / "post.png", gray)[0])
    return folder


@pytest.fixture(scope="module")
def written(folder):
    place = folder / "out"
    words = ["locate", str(folder / "post.png"), "--reference",
             str(folder / "<b>&before.tif") + "@2017-09-01", "-o", str(place),
             "--time", "2017-09-10"]  # fmt: skip
    assert run(words) == 0
    return place


@pytest.mark.slow
def test_fields_of_the_contract(folder, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["locate", str(folder / "post.png"), "--reference", str(folder), "--json"]
    assert run(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["placed"] is True and said["reason"] is None
    assert said["path"] == "fast" and said["crs"] == "EPSG:32637"
    assert said["nfa"] < 1e-10 and said["log10_nfa"] < -10
    truth = np.load(folder / "truth.npy")
    spot = np.array([130.0, 130.0, 1.0])
    at = np.array(said["transform"]) @ spot
    assert np.hypot(*(at[:2] / at[2] - (truth @ spot)[:2])) < 0.5
    assert said["footprint"]["type"] == "Polygon"
    assert said["gsd_m"] == pytest.approx(2.5, rel=2e-3)
    assert said["north_deg"] == pytest.approx(330.0 - 0.65, abs=0.2)
    major, minor, angle = said["ellipse_m"]
    assert 0 < minor <= major < 3 and 0 <= angle < 180
    assert said["relation"] in ("same", "derived")
    assert said["tried"][0]["placed"] and said["input"]["width"] == 260


@pytest.mark.slow
def test_the_library_function_behind_it(folder) -> None:
    case = imgcheck.load_case(folder / "post.png", references=[folder / "<b>&before.tif"])
    found = imgcheck.locate(case)
    assert isinstance(found, imgcheck.Located)
    assert found.placement.gsd_m == pytest.approx(2.5, rel=2e-3)
    assert found.reference is case.references[0]


@pytest.mark.slow
def test_words_can_be_read_aloud(folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["locate", str(folder / "post.png"), "--reference", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "post.png was registered to" in text and "North is 329." in text
    assert "copy of the reference" in text and "suncalc.org" in text
    assert re.search(r"\d(e[+-]\d)", text) is None


def test_what_is_not_placed_is_said_to_prove_nothing(folder, capsys) -> None:
    words = ["locate", str(folder / "post.png"), "--reference", str(folder), "--near", "1,2,3"]
    assert run(words) == 0
    text = capsys.readouterr().out
    assert "could not be placed: " in text and "No match is not evidence for or against" in text


@pytest.mark.slow
def test_a_size_beyond_the_prior_is_noted(folder, capsys) -> None:
    words = ["locate", str(folder / "post.png"), "--reference", str(folder), "--gsd", "0.5"]
    assert run([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["placed"] and "outside the given range of 0.4 to 0.6 m" in said["notes"][0]


def test_a_reference_is_needed(folder, capsys) -> None:
    assert run(["locate", str(folder / "post.png")]) == 2
    assert "--reference" in capsys.readouterr().err


def test_every_export_stands_in_the_folder(written) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "locate.html", "locate.json", "picture-on-map.tif", "picture-with-gcps.tif", "picture.pgw",
        "picture.png", "picture.png.points", "place.geojson", "place.kmz", "stac-item.json",
    ]  # fmt: skip


def test_the_page_escapes_names_and_loads_nothing(written) -> None:
    page = (written / "locate.html").read_text(encoding="utf-8")
    assert "<b>&before" not in page and "&lt;b&gt;&amp;before" in page
    assert "default-src &#39;none&#39;" in page
    for address in re.findall(r'(?:src|href)="([^"]{0,30})', page):
        assert address.startswith(("data:image/jpeg", "#"))
    assert page.count("<img") == 4
    assert "nan" not in re.sub(r'src="[^"]+"|<style>.*?</style>', "", page, flags=re.DOTALL).lower()


def test_the_page_says_what_it_does_not_know(written) -> None:
    page = (written / "locate.html").read_text(encoding="utf-8")
    for words in ("Which date?", "reference, whose own error", "assumed to be flat", "another day"):
        assert words in page


@pytest.mark.parametrize(("share", "said"), [(0.0, False), (0.83, True)])
def test_a_mask_that_was_dropped_is_noted_though_nothing_matched(monkeypatch, share, said) -> None:
    monkeypatch.setattr(annotations, "dropped", lambda rgb: share)
    image = SimpleNamespace(
        name="post.png", sha256="00", width=9, height=9, rgb=lambda: np.zeros((9, 9, 3), np.uint8)
    )
    found = NotLocated(case=Case(image=image), prior=Prior(), tried=(), reason="no match")
    text = location.terminal(location.document(found).to_json())
    assert ("Note: 83% of the picture looks drawn over" in text) == said


@pytest.fixture(scope="module")
def candidate(folder):
    """The right place of the picture, refused for its chance."""
    case = imgcheck.load_case(folder / "post.png", references=[folder / "<b>&before.tif"])
    found = imgcheck.locate(case)
    placement = replace(found.placement, false_match_probability=0.0123)
    seen = Candidate(case=case, reference=case.references[0], placement=placement)
    return NotLocated(
        case=case, prior=Prior(), tried=found.tried, reason="by chance", candidate=seen
    )


@pytest.mark.slow
def test_a_candidate_is_a_field_of_its_own_and_nothing_is_placed(candidate, folder) -> None:
    said = location.document(candidate).to_json()
    assert not said["placed"] and said["transform"] is None and said["footprint"] is None
    found = said["candidate"]
    truth = np.load(folder / "truth.npy")
    spot = np.array([130.0, 130.0, 1.0])
    at = np.array(found["transform"]) @ spot
    assert np.hypot(*(at[:2] / at[2] - (truth @ spot)[:2])) < 0.5
    assert found["chance"] == 0.0123 and found["crs"] == "EPSG:32637"
    text = " ".join(location.terminal(said).split())
    assert "could not be placed: by chance" in text
    assert "Candidate, for the eye only: 35.3" in text and "probability of 1 %" in text


@pytest.mark.slow
def test_a_candidate_is_drawn_on_a_page_that_says_what_it_is(candidate, tmp_path) -> None:
    assert publish_located(candidate, tmp_path / "out") == ()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "locate.html", "locate.json",
    ]  # fmt: skip
    page = (tmp_path / "out" / "locate.html").read_text(encoding="utf-8")
    assert "Not placed: by chance" in page and "A candidate only." in page
    assert "Registered to" not in page and "Numbers" not in page
    assert page.count("<img") == 4
