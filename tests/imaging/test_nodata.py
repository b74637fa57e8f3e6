"""Fill values that a raster does not declare are no ground; dark and bright ground is."""

import numpy as np
import pytest
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from imgcheck.imaging import Image
from tests.imaging.ground import ground

_SHAPE = (160, 200)
_WEDGE = np.tri(*_SHAPE, k=-60, dtype=bool)


def raster(samples, *, place=True, nodata=None) -> bytes:
    samples = samples if samples.ndim == 3 else samples[None]
    where = {"crs": "EPSG:32637", "transform": Affine(2, 0, 6e5, 0, -2, 3.9e6)} if place else {}
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=samples.shape[2], height=samples.shape[1], count=len(samples),
            dtype=samples.dtype, nodata=nodata, **where,
        ) as target:  # fmt: skip
            target.write(samples)
        return bytes(memory.read())


def filled(dtype, fill, *, low, high, bands=1):
    gray = ground(_SHAPE, seed=3)
    samples = np.repeat((low + gray * (high - low)).astype(dtype)[None], bands, axis=0)
    samples[:, _WEDGE] = fill
    return samples


@pytest.mark.parametrize(
    ("dtype", "fill", "low", "high"),
    [
        ("int16", -9999, 5, 255),
        ("int16", -32768, -500, 3000),
        ("int32", -99999, 5, 5000),
        ("float32", -9999.0, 0.01, 0.4),
        ("float32", np.finfo(np.float32).min, 0.01, 0.4),
        ("float32", 1e20, 0.01, 0.4),
        ("float32", np.nan, 0.01, 0.4),
        ("float64", -3.4e38, 0.01, 0.4),
        ("uint16", 0, 2000, 3000),
        ("uint16", 0, 50, 3000),
        ("uint16", 65535, 200, 3000),
        ("uint8", 0, 20, 230),
        ("uint8", 255, 20, 230),
    ],
)
@pytest.mark.parametrize("bands", [1, 3])
def test_an_undeclared_fill_value_is_no_ground(dtype, fill, low, high, bands) -> None:
    samples = filled(dtype, fill, low=low, high=high, bands=bands)
    image = Image.from_bytes(raster(samples))
    assert np.array_equal(image.valid(), ~_WEDGE)
    part = Image.from_bytes(raster(samples))
    assert np.array_equal(part.read_valid((0, 60, 150, 100)), ~_WEDGE[60:, :150])
    # The ground is stretched as if the value had been declared.
    declared = Image.from_bytes(raster(samples, nodata=None if np.isnan(fill) else fill))
    assert np.array_equal(image.rgb()[~_WEDGE], declared.rgb()[~_WEDGE])


def test_dark_and_bright_ground_inside_a_raster_is_ground() -> None:
    samples = filled("uint8", 100, low=20, high=230, bands=3)
    samples[:, 40:80, 60:120] = 0
    samples[:, 100:130, 60:120] = 255
    samples[:, :3, :3] = 0
    samples[1:, :, 150:] = 0
    assert Image.from_bytes(raster(samples)).valid().all()


def test_extreme_samples_that_continue_the_others_are_ground() -> None:
    samples = filled("int16", 120, low=-300, high=4000)
    samples[0, 20:60, 20:60] = -320
    samples[0, 100:150, 120:180] = 4200
    assert Image.from_bytes(raster(samples)).valid().all()


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_picture_without_a_place_keeps_its_black_border() -> None:
    samples = filled("uint8", 0, low=20, high=230, bands=3)
    assert Image.from_bytes(raster(samples, place=False)).valid().all()
