"""``imgcheck change`` on rasters and pictures made here."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from imgcheck.cli import run
from tests.change.ground import ground, seen, with_square

EAST, NORTH = 500_000.0, 4_000_000.0


def raster(path: Path, picture: np.ndarray, *, crs: str = "EPSG:32637", left: float = EAST,
           size: float = 0.5, nodata: float | None = None) -> Path:  # fmt: skip
    """Write (M, N, bands) as a GeoTIFF."""
    values = picture if picture.dtype != np.float32 else (picture * 255).round().astype(np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1],
        count=values.shape[2], dtype=values.dtype, crs=crs, nodata=nodata,
        transform=from_origin(left, NORTH, size, size),
    ) as target:  # fmt: skip
        target.write(np.moveaxis(values, -1, 0))
    return path


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    before = ground(1)
    after = with_square(seen(before, 2), 100, 60, 20, 0.2)
    return raster(folder / "2016.tif", seen(before, 3)), raster(folder / "2019.tif", after)


def test_a_new_square_is_a_polygon_with_its_area_on_the_ellipsoid(pair, tmp_path, capsys) -> None:
    score = tmp_path / "score.tif"
    words = ["change", *map(str, pair), "--json", "--score-map", str(score)]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["type"] == "FeatureCollection"
    (feature,) = said["features"]
    it = feature["properties"]
    # UTM at its central meridian shows the ground 0.08 % too small.
    assert it["area_m2"] == pytest.approx(100.08, abs=2 * it["area_error_m2"])
    assert it["kind"] == "brighter" and it["q_value"] <= 0.05 and it["after"] > it["before"]
    lon, lat = np.array(feature["geometry"]["coordinates"][0]).T
    assert lon.min() > 38.9 and lon.max() < 39.1 and 36.0 < lat.min() < lat.max() < 36.2
    assert said["registration"]["verified"] and said["registration"]["shift_m"] is not None
    assert said["detection_limit"]["side_m"] > 0
    with rasterio.open(score) as opened:
        z = opened.read(1)
        assert opened.crs.to_epsg() == 32637 and opened.transform.c == EAST
    assert z[62:78, 102:118].min() > np.nanquantile(z, 0.95)
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"change.html", "change.geojson", "change.gpkg", "change-score.tif"} <= made
    assert "object-001-before.jpg" in made
    with sqlite3.connect(tmp_path / "out" / "change.gpkg") as base:
        assert base.execute("SELECT kind, area_m2 FROM changes").fetchall() == [
            ("brighter", it["area_m2"])
        ]
    with rasterio.open(tmp_path / "out" / "change-score.tif") as opened:
        assert opened.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


@pytest.mark.slow
def test_the_same_bytes_come_again(pair, tmp_path) -> None:
    for name in "ab":
        assert run(["change", *map(str, pair), "-o", str(tmp_path / name)]) == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.slow
def test_other_crs_other_depth_and_larger_pixels_come_on_one_grid(pair, tmp_path, capsys) -> None:
    from rasterio.warp import calculate_default_transform, reproject

    with rasterio.open(pair[1]) as source:
        there, width, height = calculate_default_transform(
            source.crs, "EPSG:3857", source.width, source.height, *source.bounds
        )
        drawn = np.zeros((3, height, width), np.uint8)
        reproject(source.read(), drawn, src_transform=source.transform, src_crs=source.crs,
                  dst_transform=there, dst_crs="EPSG:3857")  # fmt: skip
    other = tmp_path / "other.tif"
    with rasterio.open(
        other, "w", driver="GTiff", height=height, width=width, count=3, dtype="uint16",
        crs="EPSG:3857", transform=there, nodata=0,
    ) as target:  # fmt: skip
        target.write(drawn.astype(np.uint16) * 40)
    assert run(["change", str(pair[0]), str(other), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["compared"]
    # A Mercator metre at 36 degrees north is 0.81 m.
    (feature,) = said["features"]
    assert feature["properties"]["area_m2"] == pytest.approx(100, rel=0.1)


def test_two_pictures_are_compared_pixel_by_pixel(tmp_path, capsys) -> None:
    before = ground(4)
    names = []
    for name, picture in (("a.png", before), ("b.png", with_square(before, 60, 80, 24, 0.25))):
        Image.fromarray((picture * 255).astype(np.uint8)).save(tmp_path / name)
        names.append(str(tmp_path / name))
    assert run(["change", *names, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["gsd_m"] is None and said["registration"]["shift_m"] is None
    (feature,) = said["features"]
    assert feature["geometry"] is None and feature["properties"]["area_m2"] is None
    x, y = np.array(feature["properties"]["pixels"]).mean(axis=0)
    assert (x, y) == pytest.approx((72, 92), abs=2)


def test_bad_pairs_are_named_in_one_sentence(pair, tmp_path, capsys) -> None:
    far = raster(tmp_path / "far.tif", ground(5), left=EAST + 10_000)
    empty = raster(tmp_path / "empty.tif", np.zeros((240, 240, 3), np.uint8), nodata=0)
    small = tmp_path / "small.png"
    Image.fromarray(np.zeros((100, 120, 3), np.uint8)).save(small)
    large = tmp_path / "large.png"
    Image.fromarray(np.zeros((100, 140, 3), np.uint8)).save(large)
    for words, sentence in (
        ([pair[0], far], "2016.tif and far.tif do not overlap: 2016.tif covers longitudes"),
        ([pair[0], empty], "empty.tif: shows nothing on the ground that both images cover"),
        ([small, large], "small.png is 120 x 100 pixels and large.png 140 x 100"),
        ([small, small, "--gsd", "0"], "the pixel size must be metres above 0, not 0.0"),
        ([pair[0], tmp_path / "none.tif"], "none.tif"),
    ):
        assert run(["change", *map(str, words), "--json"]) in (2, 3, 4)
        told = json.loads(capsys.readouterr().out)["error"]["message"]
        assert sentence in told and "\n" not in told


@pytest.mark.slow
def test_a_cut_tiff_is_compared_as_far_as_it_goes_and_one_without_a_header_is_named(
    pair, tmp_path, capsys
) -> None:
    cut = tmp_path / "cut.tif"
    with rasterio.open(pair[1]) as source:
        profile, values = source.profile, source.read()
    with rasterio.open(tmp_path / "whole.tif", "w", **profile) as target:
        target.write(values)
    data = (tmp_path / "whole.tif").read_bytes()
    cut.write_bytes(data[: len(data) * 3 // 4])
    assert run(["change", str(pair[0]), str(cut), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["compared"] and said["compared_share"] < 0.9
    assert any("cut.tif" in note and "decoded" in note for note in said["notes"])
    cut.write_bytes(data[:6])
    assert run(["change", str(pair[0]), str(cut), "--json"]) == 4
    assert "cut.tif" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_reversed_dates_are_refused_before_anything_is_compared(pair, capsys) -> None:
    words = ["change", *map(str, pair), "--before-date", "2019", "--after-date", "2016", "--json"]
    assert run(words) == 2
    told = json.loads(capsys.readouterr().out)["error"]["message"]
    assert "2016.tif is dated 2019" in told and "must be the earlier one" in told
