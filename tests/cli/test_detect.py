"""``imgcheck detect`` on rendered vehicles."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from imgcheck import scene
from imgcheck.cli import run
from imgcheck.model.documents import DetectDocument

GSD = 0.25


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six lorries side by side on a plain, with the place of the picture in a GeoTIFF beside."""
    rng = np.random.default_rng(2)
    row = scene.formation(
        rng, bodies=["box lorry"], at=(20, 25), count=6, heading_deg=0, side_by_side=True, gap_m=2
    )
    plan = scene.Scene(
        width_m=70, height_m=50, terrain=scene.Terrain(seed=2, texture=0.4, relief_m=0.3),
        vehicles=row,
    )  # fmt: skip
    rgb = scene.render(plan, gsd=GSD, sun_elevation_deg=45, sun_azimuth_deg=140, seed=1).rgb
    path = tmp_path_factory.mktemp("yard") / "yard.png"
    Image.fromarray(rgb).save(path)
    with rasterio.open(
        path.with_suffix(".tif"), "w", driver="GTiff", height=rgb.shape[0], width=rgb.shape[1],
        count=3, dtype="uint8", crs="EPSG:32637", transform=from_origin(5e5, 4e6, GSD, GSD),
    ) as target:  # fmt: skip
        target.write(np.moveaxis(rgb, -1, 0))
    return path


def test_lorries_have_place_size_heading_and_number(yard, capsys) -> None:
    assert run(["detect", str(yard), "--gsd", str(GSD), "--class", "vehicle", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert DetectDocument.from_json(said).to_json() == said
    number = said["counts"]["vehicle"]
    assert number["level"] == 0.9 and number["low"] <= 6 <= number["high"]
    assert 5 <= len(said["annotations"]) <= 8
    for one in said["annotations"]:
        box = one["geometry"]
        assert (one["class"], one["state"], box["type"]) == ("vehicle", "proposed", "obb")
        assert min(box["heading"], 180 - box["heading"]) < 12
        assert one["measures"]["length"]["value"] == pytest.approx(box["length"] * GSD, abs=0.02)
        assert 0 < one["p"] < 1
    assert said["scale"]["gsd_m"] == GSD and said["north"] is None


def test_the_folder_holds_document_geojson_and_drawing(yard, tmp_path, capsys) -> None:
    tif = yard.with_suffix(".tif")
    folder = tmp_path / "out"
    assert run(["detect", str(tif), "--class", "vehicle", "-o", str(folder)]) == 0
    assert "vehicles proposed; " in capsys.readouterr().out
    features = json.loads((folder / "detect.geojson").read_text("utf-8"))["features"]
    said = json.loads((folder / "detect.json").read_text("utf-8"))
    assert said["scale"]["source"] == "georeference"
    assert len(features) == len(said["annotations"]) > 0
    lon, lat = features[0]["geometry"]["coordinates"][0][0]
    assert 38.9 < lon < 39.1 and 36.1 < lat < 36.2
    with Image.open(folder / "detect.png") as drawn:
        assert drawn.width > 280
    assert "vehicles proposed" in (folder / "detect.html").read_text("utf-8")
    # A second run replaces what the first has written.
    assert run(["detect", str(tif), "--class", "vehicle", "-o", str(folder)]) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "metres per pixel are not known"),
        (["--gsd", "0"], "metres above 0"),
        (["--gsd", "nan"], "metres above 0"),
    ],
)
def test_without_a_scale_there_are_no_metres(yard, words, says, capsys) -> None:
    assert run(["detect", str(yard), *words]) == 2
    assert says in capsys.readouterr().err


def test_a_scale_that_contradicts_the_picture_is_refused(yard, capsys) -> None:
    assert run(["detect", str(yard.with_suffix(".tif")), "--gsd", "0.5"]) == 2
    assert "the georeference of the picture gives 0.25 m" in capsys.readouterr().err


def test_pixels_too_coarse_are_answered_in_words(yard, capsys) -> None:
    assert run(["detect", str(yard), "--gsd", "3", "--class", "vehicle"]) == 0
    assert "No vehicles were searched for: at 3 m per pixel" in capsys.readouterr().out


@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_picture_has_no_vehicles(tmp_path, value, capsys) -> None:
    path = tmp_path / "even.png"
    Image.fromarray(np.full((120, 160, 3), value, np.uint8)).save(path)
    assert run(["detect", str(path), "--gsd", "0.3", "--class", "vehicle", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["annotations"] == []
