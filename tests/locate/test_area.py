"""A picture is placed through an index, and what comes after works on the part around it."""

import json

import numpy as np
import pytest

import imgcheck
from imgcheck.cli import run
from imgcheck.geo import Prior
from imgcheck.imaging import Image, windows
from imgcheck.report.locate_views import views
from tests.locate import build

pytestmark = pytest.mark.slow


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
    return imgcheck.locate(case, index=index, prior=Prior(gsd_m=(2.4, 2.6)))


def test_the_transform_leads_to_the_true_ground(folder, found):
    assert isinstance(found, imgcheck.Located), found
    spot = np.array([130.0, 130.0, 1.0])
    at, truth = (m @ spot for m in (found.placement.matrix, np.load(folder / "truth.npy")))
    assert np.hypot(*(at[:2] / at[2] - truth[:2] / truth[2])) < 3.0
    assert found.placement.false_match_probability < 1e-3


def test_its_reference_is_the_file_of_the_mosaic(found):
    part = found.reference.image
    assert part.georeference.crs == "EPSG:32637"
    place = part.georeference.transform
    on_file = found.placement.registration.matrix @ [130.0, 130.0, 1.0]
    a, b, c, d, e, f = place
    x, y = on_file[:2] / on_file[2]
    ground = found.placement.matrix @ [130.0, 130.0, 1.0]
    assert np.allclose([a * x + b * y + c, d * x + e * y + f], ground[:2] / ground[2], atol=1e-6)
    assert found.relation is not None
    assert views(found, found.reference.image).reference.jpeg[:2] == b"\xff\xd8"


def test_the_command_line_searches_an_index(folder, index, capsys):
    words = ["locate", str(folder / "post.png"), "--index", str(index), "--gsd", "2.5", "--json"]
    assert run(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["placed"] and said["path"] == "structural"


def test_a_large_reference_is_searched_without_being_decoded_whole(folder, monkeypatch, capsys):
    words = ["locate", str(folder / "post.png"), "--reference",
             str(folder / "mosaic.tif") + "@2017-09-01", "--json"]  # fmt: skip
    assert run(words) == 0
    whole = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(windows, "WHOLE_PIXELS", 10_000)
    opened = Image.rgb

    def rgb(self):
        assert self.name != "mosaic.tif", "decoded whole"
        return opened(self)

    monkeypatch.setattr(Image, "rgb", rgb)
    assert run(words) == 0
    by_windows = json.loads(capsys.readouterr().out)
    for field in ("placed", "path", "relation", "transform", "reference", "ellipse_m"):
        assert by_windows[field] == whole[field]


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
