"""A picture is placed through an index, and what comes after works on the part around it."""

import json

import numpy as np
import pytest

import imgcheck
from imgcheck import placing
from imgcheck.cli import run
from imgcheck.placing import Search
from imgcheck.placing import area as placing_area
from imgcheck.placing.views import views
from tests.placing import build


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("area")
    gray = build.reference(folder / "mosaic.tif")
    np.save(folder / "truth.npy", build.cut(folder / "post.png", gray)[0])
    return folder


@pytest.fixture(scope="module")
def index(folder):
    path = folder / "area.index"
    assert (
        run(["locate", "--reference", str(folder / "mosaic.tif"), "--build-index", str(path)]) == 0
    )
    return path


@pytest.fixture(scope="module")
def found(folder, index):
    case = imgcheck.load_case(folder / "post.png")
    return placing.locate_in_area(case, index, search=Search(gsd_m=(2.4, 2.6)))


def test_the_transform_leads_to_the_true_ground(folder, found):
    assert found.placed, found.reason
    spot = np.array([130.0, 130.0, 1.0])
    at, truth = (m @ spot for m in (found.placement.matrix, np.load(folder / "truth.npy")))
    assert np.hypot(*(at[:2] / at[2] - truth[:2] / truth[2])) < 3.0
    assert found.false_match_probability < 1e-3


def test_its_reference_is_the_part_around_it_and_lies_where_the_mosaic_lay(found):
    part = found.reference.image
    assert part.georeference.crs == "EPSG:32637"
    place = part.georeference.transform
    on_part = found.placement.registration.matrix @ [130.0, 130.0, 1.0]
    a, b, c, d, e, f = place
    x, y = on_part[:2] / on_part[2]
    ground = found.placement.matrix @ [130.0, 130.0, 1.0]
    assert np.allclose([a * x + b * y + c, d * x + e * y + f], ground[:2] / ground[2], atol=1e-6)
    assert found.relation is not None
    assert views(found).reference.jpeg[:2] == b"\xff\xd8"


def test_the_command_line_searches_an_index(folder, index, capsys):
    words = ["locate", str(folder / "post.png"), "--index", str(index), "--gsd", "2.5", "--json"]
    assert run(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["placed"] and said["path"] == "structural"


def test_a_large_reference_is_searched_without_being_decoded_whole(folder, monkeypatch, capsys):
    monkeypatch.setattr(placing_area, "LARGEST_PIXELS", 10_000)
    monkeypatch.setattr(placing_area, "_LEAST_BYTES", 1)
    reference = str(folder / "mosaic.tif") + "@2017-09-01"
    words = ["locate", str(folder / "post.png"), "--reference", reference, "--gsd", "2.5", "--json"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "structural"


@pytest.mark.parametrize(
    "words",
    [
        ["locate", "post.png", "--build-index", "a.index"],
        ["locate", "--build-index", "a.index"],
        ["locate", "--index", "a.index"],
        ["locate", "post.png", "--index", "a.index", "--reference", "b.tif"],
    ],
)
def test_combinations_without_a_meaning_are_refused(words, capsys):
    assert run(words) == 2
    assert capsys.readouterr().err
