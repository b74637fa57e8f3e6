"""The sample cases hold what their truth says."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile
from rasterio.warp import transform

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CASES = ("deir-ez-zor-2017", "recycled-crop", "wrong-date", "honest-post")


def truth_of(case: str) -> dict:
    """Read the truth of one case."""
    return json.loads((SAMPLES / case / "truth.json").read_text(encoding="utf-8"))


def test_all_samples_together_stay_below_six_megabytes():
    files = [path for case in CASES for path in (SAMPLES / case).rglob("*") if path.is_file()]
    assert files
    assert sum(path.stat().st_size for path in files) < 6e6


@pytest.mark.parametrize("case", CASES)
def test_the_post_has_the_size_and_the_scale_of_its_truth(case):
    post = truth_of(case)["post"]
    with Image.open(SAMPLES / case / "post.jpg") as image:
        assert image.size == (post["width"], post["height"])
    matrix = np.array(post["transform_px_to_crs"])
    assert abs(np.linalg.det(matrix[:2, :2])) ** 0.5 == pytest.approx(post["gsd_m"], rel=1e-4)
    centre = matrix @ [post["width"] / 2, post["height"] / 2, 1]
    lon, lat = transform(f"EPSG:{post['epsg']}", "EPSG:4326", [centre[0]], [centre[1]])
    assert [lon[0], lat[0]] == pytest.approx(post["centre_lonlat"], abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_sidecar_agrees_with_the_references_it_dates(case):
    folder = SAMPLES / case / "reference"
    items = json.loads((folder / "items.json").read_text(encoding="utf-8"))
    assert {item["asset"] for item in items} == {path.name for path in folder.glob("*.tif")}
    for item in items:
        data = (folder / item["asset"]).read_bytes()
        with MemoryFile(data) as memory, memory.open(driver="GTiff") as source:
            assert source.res == (item["gsd"], item["gsd"])
            assert source.crs.to_epsg() == item["epsg"]
            stamp = source.tags()["TIFFTAG_DATETIME"]
        assert stamp.replace(":", "-", 2).replace(" ", "T") + "Z" == item["datetime"]


@pytest.mark.parametrize("case", ["deir-ez-zor-2017", "wrong-date", "honest-post"])
def test_the_footprint_lies_on_every_reference(case):
    post = truth_of(case)["post"]
    for item in json.loads((SAMPLES / case / "reference" / "items.json").read_text()):
        west, south, east, north = item["bbox"]
        for lon, lat in post["footprint_lonlat"]:
            assert west <= lon <= east
            assert south <= lat <= north


def test_the_model_case_has_fourteen_vehicles_and_no_crater():
    counts = truth_of("deir-ez-zor-2017")["post"]["counts"]
    assert counts["vehicle"] == 14
    assert counts["crater"] == 0


def test_the_recycled_post_shows_the_pixels_of_the_older_picture():
    truth = truth_of("recycled-crop")
    known = next(item for item in truth["known"] if item["relation"] == "derived")
    matrix = np.array(known["transform_post_px_to_known_px"])
    folder = SAMPLES / "recycled-crop"
    with Image.open(folder / "post.jpg") as image:
        post = np.asarray(image.convert("L"), np.float32)
    with Image.open(folder / known["file"]) as image:
        older = np.asarray(image.convert("L"), np.float32)
    rows, cols = np.mgrid[20 : post.shape[0] - 60 : 3, 20 : post.shape[1] - 20 : 3]
    points = matrix @ np.stack([cols.ravel() + 0.5, rows.ravel() + 0.5, np.ones(cols.size)])
    there = older[points[1].astype(int), points[0].astype(int)]
    assert np.corrcoef(post[rows.ravel(), cols.ravel()], there)[0, 1] > 0.9


def test_the_compound_of_the_wrong_date_appears_once_and_stays():
    truth = truth_of("wrong-date")
    buildings = {item["datetime"][:10]: item["counts"]["building"] for item in truth["references"]}
    assert buildings == {"2017-05-20": 1, "2017-07-05": 1, "2017-08-15": 5, "2017-10-02": 5}
    assert truth["post"]["counts"]["building"] == 1


def test_the_honest_post_carries_time_zone_and_place():
    data = (SAMPLES / "honest-post" / "post.jpg").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        exif = image.getexif()
    detail, fix = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
    assert detail[0x9003] == "2017:09:10 11:04:12"
    assert detail[0x9011] == "+03:00"
    lat = sum(float(part) / 60**k for k, part in enumerate(fix[2]))
    lon = sum(float(part) / 60**k for k, part in enumerate(fix[4]))
    assert [lon, lat] == pytest.approx(truth_of("honest-post")["post"]["centre_lonlat"], abs=1e-6)


@pytest.mark.parametrize("case", ["deir-ez-zor-2017", "recycled-crop", "wrong-date"])
def test_the_other_posts_carry_no_metadata(case):
    with Image.open(SAMPLES / case / "post.jpg") as image:
        assert len(image.getexif()) == 0
