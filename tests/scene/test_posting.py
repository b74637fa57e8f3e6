"""The posted file is as stated and its map is true; a written reference can be read back."""

import datetime as dt
import io

import cv2
import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile

from imgcheck import scene
from imgcheck.errors import UsageError

PICTURE = np.random.default_rng(1).integers(0, 255, (120, 150, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Return a smooth, textured picture, 400 x 300."""
    rng = np.random.default_rng(1)
    small = rng.uniform(60, 190, (30, 40, 3)).astype(np.float32)
    return np.clip(cv2.resize(small, (400, 300), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )


def decoded(data: bytes) -> np.ndarray:
    """Decode a posted file."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize(
    "chain",
    [
        {},
        {"scale": 0.7},
        {"rotate_deg": 12, "crop": (60, 50, 260, 190)},
        {"rotate_deg": -9, "crop": (80, 60, 220, 170), "scale": 0.8, "mirror": True},
        {"crop": (41, 27, 300, 240), "scale": 1.4},
        {"history": (scene.Save(quality=95), scene.Save(quality=92, cut_px=(3, 5)))},
    ],
)
def test_the_matrix_maps_a_planted_point_within_half_a_pixel(picture, chain):
    planted = (215.5, 148.5)
    marked = picture.copy()
    # A soft white spot on black: its centre of mass is measurable below a pixel.
    yy, xx = np.mgrid[0:300, 0:400]
    around = np.hypot(xx + 0.5 - planted[0], yy + 0.5 - planted[1])
    marked[around < 30] = 0
    spot = 250 * np.exp(-((around / 4) ** 2))
    marked = np.maximum(marked, np.where(around < 30, spot, 0)[..., None]).astype(np.uint8)
    posted = scene.post(marked, **{"history": (scene.Save(quality=95),), **chain})
    x, y, _ = posted.matrix @ [*planted, 1]
    grey = decoded(posted.data).astype(float).mean(axis=2)
    rows, cols = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]]
    weight = np.where(np.hypot(cols + 0.5 - x, rows + 0.5 - y) < 11, grey, 0)
    assert (weight * (cols + 0.5)).sum() / weight.sum() == pytest.approx(x, abs=0.5)
    assert (weight * (rows + 0.5)).sum() / weight.sum() == pytest.approx(y, abs=0.5)


def test_each_save_of_the_history_has_the_tables_of_its_quality(picture):
    # IJG: table = floor((base * (200 - 2 q) + 50) / 100) for q >= 50; base[0] = 16 (T.81, K.1).
    for quality in (60, 75, 90):
        data = scene.post(picture, history=(scene.Save(quality=quality),)).data
        table = Image.open(io.BytesIO(data)).quantization[0]
        assert table[0] == (16 * (200 - 2 * quality) + 50) // 100


def test_an_earlier_coarser_save_leaves_its_steps_in_the_final_coefficients(picture):
    def spread(history: tuple[scene.Save, ...]) -> float:
        """Measure how far luma DCT coefficients lie from the grid of quality 50."""
        data = scene.post(picture, history=history).data
        luma = np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float32) - 128
        # Coefficient (0, 2) has step 10 at quality 50 (T.81, K.1).
        values = [
            cv2.dct(luma[r : r + 8, c : c + 8])[0, 2]
            for r in range(0, 288, 8)
            for c in range(0, 392, 8)
        ]
        values = np.asarray(values)[np.abs(values) > 5]
        return float(np.abs(values / 10 - np.round(values / 10)).mean())

    twice = spread((scene.Save(quality=50), scene.Save(quality=97)))
    once = spread((scene.Save(quality=97),))
    shifted = spread((scene.Save(quality=50), scene.Save(quality=97, cut_px=(3, 5))))
    assert twice < 0.12
    assert once > 0.18
    assert shifted > 0.18


def test_colour_is_subsampled_as_stated(picture):
    for name, layers in (("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))):
        data = scene.post(picture, history=(scene.Save(subsampling=name),)).data
        with Image.open(io.BytesIO(data)) as image:
            assert image.layer[0][1:3] == layers


def test_exif_of_the_caller_is_in_the_last_save_and_only_then(picture):
    exif = Image.Exif()
    exif[306] = "2017:09:10 11:02:33"
    with_it = scene.post(picture, exif=exif.tobytes(), history=(scene.Save(), scene.Save())).data
    assert Image.open(io.BytesIO(with_it)).getexif()[306] == "2017:09:10 11:02:33"
    assert len(Image.open(io.BytesIO(scene.post(picture).data)).getexif()) == 0


def test_the_mask_covers_all_that_was_drawn_and_nothing_else(picture):
    marks = (
        scene.Arrow(x=200, y=150),
        scene.Frame(x0=50, y0=60, x1=120, y1=110),
        scene.Caption(text="12.09.2017", place="top", bar_px=30),
        scene.Caption(text="area", place="free", x=250, y=200, bar_px=24),
    )
    history = (scene.Save(quality=100, subsampling="4:4:4"),)
    plain = decoded(scene.post(picture, history=history).data).astype(int)
    posted = scene.post(picture, annotations=marks, history=history)
    drawn = decoded(posted.data).astype(int)
    changed = np.abs(plain - drawn).max(axis=2) > 16
    near = cv2.dilate(posted.annotation_mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert not (changed & ~near).any()
    assert (changed & posted.annotation_mask).sum() > 0.9 * posted.annotation_mask.sum()
    assert posted.annotation_mask[:30].all()


def test_an_arrow_points_at_its_target(picture):
    posted = scene.post(picture, scale=0.5, annotations=(scene.Arrow(x=200, y=150, gap_px=6),))
    rows, cols = np.nonzero(posted.annotation_mask)
    nearest = np.hypot(cols + 0.5 - 100, rows + 0.5 - 75).min()
    assert nearest == pytest.approx(6, abs=1.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"history": ()},
        {"history": (scene.Save(quality=0),)},
        {"history": (scene.Save(subsampling="4:1:1"),)},
        {"crop": (0, 0, 0, 10)},
    ],
)
def test_chains_without_meaning_are_refused(picture, wrong):
    with pytest.raises(UsageError):
        scene.post(picture, **wrong)


def test_place_scale_date_and_pixels_come_back():
    data = scene.geotiff(
        PICTURE,
        origin=(604000.0, 3918500.0),
        gsd=0.5,
        epsg=32637,
        datetime=dt.datetime(2017, 9, 20, 8, 5, 0),
    )
    with MemoryFile(data) as memory, memory.open(driver="GTiff") as source:
        assert source.crs.to_epsg() == 32637
        assert source.transform @ (0, 0) == (604000.0, 3918500.0)
        assert source.transform @ (150, 120) == (604075.0, 3918440.0)
        assert source.tags()["TIFFTAG_DATETIME"] == "2017:09:20 08:05:00"
        assert np.array_equal(np.moveaxis(source.read(), 0, 2), PICTURE)


def test_no_date_is_written_unless_given():
    data = scene.geotiff(PICTURE, origin=(600000, 3900000), gsd=1, epsg=32637, jpeg_quality=90)
    with MemoryFile(data) as memory, memory.open(driver="GTiff") as source:
        assert "TIFFTAG_DATETIME" not in source.tags()
        assert source.profile["compress"] == "jpeg"


def test_a_grey_array_is_refused():
    with pytest.raises(UsageError, match="uint8"):
        scene.geotiff(PICTURE[..., 0], origin=(0, 0), gsd=1, epsg=32637)
