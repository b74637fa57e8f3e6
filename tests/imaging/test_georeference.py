"""Pixels to ground: against the formulas of the projections and against rasterio."""

import numpy as np
import pytest
from rasterio.control import GroundControlPoint
from rasterio.io import MemoryFile
from rasterio.rpc import RPC

from imgcheck.errors import UnreadableError
from imgcheck.imaging import Georeference, Image
from tests.imaging.files import encode, geotiff, scene

ONE = np.ones((1, 40, 60), np.uint8)


def test_corner_of_the_first_pixel_is_the_origin_of_the_map() -> None:
    place = Image.from_bytes(geotiff(ONE, transform=(2, 0, 500_000, 0, -2, 4_000_000))).georeference
    assert place is not None
    assert place.crs == "EPSG:32637"
    easting, northing = place.to_crs([0, 1.5], [0, 10])
    assert easting.tolist() == [500_000, 500_003]
    assert northing.tolist() == [4_000_000, 3_999_980]
    lon, lat = place.to_lonlat(0, 0)
    # 500 km is the central meridian of zone 37; 4,000 km north of the equator along it.
    assert float(lon) == pytest.approx(39, abs=1e-9)
    assert float(lat) == pytest.approx(36.14478, abs=1e-4)


def test_lonlat_and_back_is_the_same_pixel() -> None:
    turned = (1.2, 0.5, 640_000, 0.4, -1.1, 5_300_000)
    place = Georeference(crs="EPSG:26914", transform=turned)
    x, y = np.meshgrid(np.linspace(0, 500, 5), np.linspace(0, 300, 4))
    back = place.from_lonlat(*place.to_lonlat(x, y))
    assert np.allclose(back, (x, y), atol=1e-4)
    assert back[0].shape == (4, 5)


@pytest.mark.parametrize(
    ("crs", "transform", "metres"),
    [
        ("EPSG:32637", (0.5, 0, 500_000, 0, -0.5, 3_900_000), 0.5 / 0.9996),
        ("EPSG:3857", (10, 0, 0, 0, -10, 8_399_737.889), 10 * np.cos(np.radians(60)) * 1.0025),
        ("EPSG:4326", (1e-4, 0, 10, 0, -1e-4, 0.0), 1e-4 * np.sqrt(110_574.3 * 111_319.5)),
        ("EPSG:2263", (1, 0, 980_000, 0, -1, 200_000), 0.3048),
    ],
)
def test_ground_sample_distance_is_in_metres_on_the_ground(
    crs: str, transform: tuple[float, ...], metres: float
) -> None:
    image = Image.from_bytes(geotiff(ONE, crs=crs, transform=transform))
    assert image.gsd_m == pytest.approx(metres, rel=1e-3)


def test_pixels_across_the_date_line_have_their_size() -> None:
    image = Image.from_bytes(geotiff(ONE, crs="EPSG:4326", transform=(1, 0, 150, 0, -1, 20)))
    place = image.georeference
    assert place is not None
    assert place.pixel_size_m(30, 20) == pytest.approx(110_946, rel=2e-3)


def with_points(*bend: float) -> Image:
    """Give an image with control points in its corners, moved east by so many metres."""
    points = [
        GroundControlPoint(row=r, col=c, x=500_000 + 2 * c + off, y=4_000_000 - 2 * r, z=0)
        for (r, c), off in zip([(0, 0), (0, 60), (40, 0), (40, 60)], bend, strict=True)
    ]
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=60,
            height=40,
            count=1,
            dtype="uint8",
            gcps=points,
            crs="EPSG:32637",
        ) as target:
            target.write(ONE)
        return Image.from_bytes(memory.read())


def test_control_points_of_an_affine_map_are_that_map() -> None:
    place = with_points(0, 0, 0, 0).georeference
    assert place is not None
    assert place.transform == pytest.approx((2, 0, 500_000, 0, -2, 4_000_000), abs=1e-6)
    assert place.gcps is None
    # 0.1 m off is 0.05 pixels: the precision of written coordinates.
    place = with_points(0.1, 0, 0, 0).georeference
    assert place is not None and place.transform is not None


def test_other_control_points_place_a_raster() -> None:
    image = with_points(8, -8, -8, 8)
    place = image.georeference
    assert place is not None
    assert place.transform is None
    assert len(place.gcps or ()) == 4
    easting, northing = place.to_crs(30, 20)
    assert (float(easting), float(northing)) == pytest.approx((500_060, 3_999_960), abs=0.01)
    assert image.gsd_m == pytest.approx(2 / 0.9996, rel=1e-4)
    with pytest.raises(UnreadableError, match="affine map"):
        place.from_lonlat(39, 36)


def test_rational_polynomials_place_a_raster() -> None:
    def polynomial(**terms: float) -> list[float]:
        names = ["one", "lon", "lat"]
        return [terms.get(name, 0.0) for name in names] + [0.0] * 17

    model = RPC(
        height_off=100, height_scale=500, lat_off=36, lat_scale=0.01, line_off=20, line_scale=20,
        long_off=39, long_scale=0.015, samp_off=30, samp_scale=30,
        line_num_coeff=polynomial(lat=-1), line_den_coeff=polynomial(one=1),
        samp_num_coeff=polynomial(lon=1), samp_den_coeff=polynomial(one=1),
    )  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=60, height=40, count=1, dtype="uint8", rpcs=model
        ) as target:
            target.write(ONE)
        image = Image.from_bytes(memory.read())
    place = image.georeference
    assert place is not None
    assert place.rpc is not None
    lon, lat = place.to_lonlat([30, 60], [20, 0])
    # Half a pixel of doubt: RPCs count pixel centres, GDAL corners.
    assert lon.tolist() == pytest.approx([39, 39.015], abs=0.0003)
    assert lat.tolist() == pytest.approx([36, 36.01], abs=0.0003)


def test_picture_without_tags_of_place_has_none_and_loads_no_gdal() -> None:
    for form in ("JPEG", "PNG", "TIFF"):
        image = Image.from_bytes(encode(scene(), form))
        assert image.georeference is None
        assert image.gsd_m is None
        assert image.damage == ()


@pytest.mark.parametrize(
    ("crs", "transform", "words"),
    [
        (None, (2, 0, 5, 0, -2, 7), "names no coordinate reference system"),
        ("EPSG:32637", (1e-9, 0, 1e9, 0, -1e-9, 1e9), "Earth|placed"),
        ("EPSG:4326", (1, 0, 0, 0, -1, 300), "Earth|placed"),
    ],
)
def test_place_that_makes_no_sense_is_damage_and_not_used(
    crs: str | None, transform: tuple[float, ...], words: str
) -> None:
    import re

    image = Image.from_bytes(geotiff(ONE, crs=crs, transform=transform))
    assert image.georeference is None
    assert [one.kind for one in image.damage] == ["georeference"]
    assert re.search(words, image.damage[0].message)
    assert image.rgb().shape == (40, 60, 3)


def test_unknown_number_of_a_crs_is_no_crash() -> None:
    data = geotiff(ONE, crs="EPSG:32637")
    bogus = data.replace((32637).to_bytes(2, "little"), (29999).to_bytes(2, "little"))
    assert bogus != data
    image = Image.from_bytes(bogus)
    assert image.georeference is None
    assert image.rgb().shape == (40, 60, 3)


def test_orientation_of_a_placed_raster_is_recorded_and_not_applied() -> None:
    data = geotiff(ONE)
    # The planar configuration tag, of no meaning with one band, becomes an orientation.
    bogus = data.replace(
        (284).to_bytes(2, "little") + b"\x03\0\x01\0\0\0\x01",
        (274).to_bytes(2, "little") + b"\x03\0\x01\0\0\0\x06",
    )
    assert bogus != data
    image = Image.from_bytes(bogus)
    assert image.header.orientation == 6
    assert (image.width, image.height) == (60, 40)
    assert image.rgb().shape == (40, 60, 3)
    assert image.georeference is not None


@pytest.mark.data
def test_real_rasters_lie_where_their_catalogue_says(data_dir: object) -> None:
    import json
    from pathlib import Path

    folder = Path(str(data_dir)) / "stacks" / "naip"
    for item in json.loads((folder / "items.json").read_text())[:3]:
        image = Image.open(folder / item["asset"])
        place = image.georeference
        assert place is not None
        assert place.crs == f"EPSG:{item['epsg']}"
        assert np.allclose(place.transform, item["transform"][:6])
        assert image.gsd_m == pytest.approx(item["gsd"], rel=1e-3)
        lon, lat = place.to_lonlat([0, image.width], [image.height, 0])
        west, south, east, north = item["bbox"]
        assert lon.tolist() == pytest.approx([west, east], abs=2e-3)
        assert lat.tolist() == pytest.approx([south, north], abs=2e-3)
