"""The reference writer: place, scale and date can be read back."""

import datetime as dt

import numpy as np
import pytest
from rasterio.io import MemoryFile

from imgcheck import scene
from imgcheck.errors import UsageError

PICTURE = np.random.default_rng(1).integers(0, 255, (120, 150, 3), dtype=np.uint8)


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
