"""Exports read back by other readers lead to the ground that the transform leads to."""

import io
import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from pyproj import Geod
from rasterio.io import MemoryFile
from rasterio.warp import transform as project

import imgcheck
from imgcheck.geo import Measures, Prior
from imgcheck.imaging import transforms
from imgcheck.model import Window
from imgcheck.report.locate_exports import exports, on_map_of
from imgcheck.report.location import document
from tests.locate import build

pytestmark = pytest.mark.slow

_KML = "{http://www.opengis.net/kml/2.2}"
_GX = "{http://www.google.com/kml/ext/2.2}"
_TIME = Window.parse("2017-09-10T08:00:00Z")


def placed(folder, *, mirrored: bool = False, transform=build.UTM, crs="EPSG:32637", **how):
    gray = build.reference(folder / "reference.tif", transform=transform, crs=crs)
    truth, size = build.cut(folder / "post.png", gray, transform=transform, **how)
    if mirrored:
        import cv2

        picture = cv2.imread(str(folder / "post.png"))
        cv2.imwrite(str(folder / "post.png"), np.ascontiguousarray(picture[:, ::-1]))
        truth = truth @ np.array([[-1, 0, size], [0, 1, 0], [0, 0, 1.0]])
    case = imgcheck.load_case(folder / "post.png", references=[folder / "reference.tif"])
    found = imgcheck.locate(case, prior=Prior(mirrored=mirrored))
    assert isinstance(found, imgcheck.Located), found
    return found, truth


@pytest.fixture(scope="module", params=["plain", "tilted", "mirrored", "degrees"])
def case(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    how = {
        "plain": {},
        "tilted": {"tilt": (0.25, -0.2)},
        "mirrored": {"mirrored": True},
        "degrees": {"transform": (2e-5, 0, 40.1, 0, -1.6e-5, 35.4), "crs": "EPSG:4326"},
    }[request.param]
    found, truth = placed(folder, **how)
    files = {one.name: one for one in exports(found, time=_TIME)}
    return found, Measures(placement=found.placement), files, truth, request.param


def spots(shape):
    rows, cols = shape
    ring = transforms.corners(shape)
    return np.vstack([ring, [[cols / 2, rows / 2], [cols / 3, rows / 5]]])


def test_the_picture_was_placed_where_it_was_cut(case) -> None:
    found, measures, _, truth, _ = case
    gap = transforms.apply(measures.matrix, spots(measures.shape)) - transforms.apply(
        truth, spots(measures.shape)
    )
    unit = 1e-5 if found.placement.crs == "EPSG:4326" else 1.0
    assert np.hypot(*gap.T).max() < 1.2 * unit


def test_control_points_lie_on_the_transform(case) -> None:
    _, measures, files, _, _ = case
    with MemoryFile(files["picture-with-gcps.tif"].data) as memory, memory.open() as raster:
        points, crs = raster.gcps
        assert crs == measures.system
        assert raster.shape == measures.shape and raster.count == 3
    spots = np.array([[p.col, p.row] for p in points])
    back = transforms.apply(np.linalg.inv(measures.matrix), [[p.x, p.y] for p in points])
    assert np.abs(back - spots).max() < 1e-3
    assert spots.min(axis=0).tolist() == [0, 0]
    assert spots.max(axis=0).tolist() == list(measures.shape[::-1])


def test_the_map_holds_the_picture_at_its_place_to_a_hundredth_pixel(case) -> None:
    _found, measures, _, _, _ = case
    # A picture of four soft spots, whose centres of mass are measured on the map.
    rows, cols = measures.shape
    y, x = np.mgrid[0:rows, 0:cols] + 0.5
    for spot in [(60.3, 70.8), (200.1, 61.9), (130.0, 199.2)]:
        glow = 250 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 6.0**2))
        rgb = np.repeat(np.round(glow).astype(np.uint8)[..., None], 3, axis=2)
        made = on_map_of(measures, rgb, usable=np.ones((rows, cols), bool))
        with MemoryFile(made.data) as memory, memory.open() as raster:
            assert raster.crs == measures.system
            mass = raster.read(1).astype(float)
            down, right = np.mgrid[0 : raster.height, 0 : raster.width] + 0.5
            at = (mass * right).sum() / mass.sum(), (mass * down).sum() / mass.sum()
            to_grid = np.linalg.inv(np.reshape(raster.transform, (3, 3))) @ measures.matrix
            wanted = transforms.apply(to_grid, [spot])[0]
        # Tilt pulls the centre of mass a little to the nearer side.
        limit = 0.3 if case[4] == "tilted" else 0.01
        assert np.hypot(at[0] - wanted[0], at[1] - wanted[1]) < limit


def test_the_map_is_north_up_with_alpha_only_on_the_picture(case) -> None:
    _found, measures, files, _, _name = case
    with MemoryFile(files["picture-on-map.tif"].data) as memory, memory.open() as raster:
        assert raster.count == 4
        assert raster.colorinterp[3] == rasterio.enums.ColorInterp.alpha
        assert raster.profile["tiled"] and raster.profile["compress"] == "deflate"
        assert raster.transform.b == 0 and raster.transform.d == 0 and raster.transform.e < 0
        alpha = raster.read(4)
        down, right = np.nonzero(alpha)
        to_crs = np.reshape(raster.transform, (3, 3))
        ground = transforms.apply(to_crs, np.column_stack([right, down]) + 0.5)
        area = abs(raster.transform.a * raster.transform.e) * len(ground)
    back = transforms.apply(np.linalg.inv(measures.matrix), ground)
    assert back.min() >= -0.01 and (back <= np.array(measures.shape[::-1]) + 0.01).all()
    ring = transforms.apply(measures.matrix, transforms.corners(measures.shape))
    x, y = (ring - ring[0]).T
    whole = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert area == pytest.approx(whole, rel=0.01)


def test_points_of_qgis_say_what_the_tie_points_say(case) -> None:
    _, measures, files, _, _ = case
    head, names, *rows = files["picture.png.points"].data.splitlines()
    assert head.startswith("#CRS: ")
    assert rasterio.crs.CRS.from_wkt(head.removeprefix("#CRS: ")) == measures.system
    assert names == "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"
    values = np.array([[float(v) for v in row.split(",")] for row in rows])
    assert len(values) >= 20 and np.isfinite(values).all() and (values[:, 4] == 1).all()
    seen = transforms.apply(np.linalg.inv(measures.matrix), values[:, :2])
    gap = seen - values[:, 2:4] * [1, -1]
    assert np.abs(gap - values[:, 5:7] * [1, -1]).max() < 2e-3
    assert np.abs(np.hypot(*gap.T) - values[:, 7]).max() < 2e-3


def test_a_world_file_counts_from_the_centre_of_the_first_pixel(case) -> None:
    _, measures, files, _, name = case
    a, d, b, e, c, f = (float(line) for line in files["picture.pgw"].data.split())
    at = spots(measures.shape) - 0.5
    world = np.column_stack([a * at[:, 0] + b * at[:, 1] + c, d * at[:, 0] + e * at[:, 1] + f])
    back = transforms.apply(np.linalg.inv(measures.matrix), world) - spots(measures.shape)
    off = float(np.hypot(*back.T).max())
    if name == "tilted":
        assert off > 1 and "affine" in files["picture.pgw"].note
    else:
        assert off < 1e-3 and files["picture.pgw"].note is None


def test_google_earth_gets_the_corners_counter_clockwise_from_the_lower_left(case) -> None:
    _found, measures, files, _, name = case
    archive = zipfile.ZipFile(io.BytesIO(files["place.kmz"].data))
    assert archive.namelist()[0] == "doc.kml"
    kml = ElementTree.fromstring(archive.read("doc.kml"))
    overlay = kml.find(f".//{_KML}GroundOverlay")
    icon = overlay.find(f"{_KML}Icon/{_KML}href").text
    assert archive.read(icon).startswith(b"\x89PNG")
    text = overlay.find(f"{_GX}LatLonQuad/{_KML}coordinates").text
    quad = np.array([[float(v) for v in part.split(",")[:2]] for part in text.split()])
    x, y = (quad - quad[0]).T
    assert x @ np.roll(y, -1) - y @ np.roll(x, -1) > 0
    rows, cols = measures.shape
    first = [[cols if name == "mirrored" else 0, rows]]
    expected = transforms.apply(measures.matrix, first)
    lon, lat = project(measures.system, "EPSG:4326", *expected.T.tolist())
    assert quad[0] == pytest.approx([lon[0], lat[0]], abs=1e-7)


def test_geojson_holds_footprint_ellipses_and_tie_points(case) -> None:
    found, measures, files, _, _ = case
    collection = json.loads(files["place.geojson"].data)
    kinds = [feature["properties"]["kind"] for feature in collection["features"]]
    assert kinds.count("footprint") == 1 and kinds.count("error-ellipse") == 5
    assert kinds.count("tie-point") == len(measures.tie_points)
    geod = Geod(ellps="WGS84")
    centre = collection["features"][1]["geometry"]["coordinates"]
    ring = np.array(collection["features"][2]["geometry"]["coordinates"][0])
    away = geod.inv(*np.tile(centre, (len(ring), 1)).T, *ring.T)[2]
    major, minor, _ = found.placement.ellipse_m
    assert away.max() == pytest.approx(major, rel=0.02)
    assert away.min() == pytest.approx(minor, rel=0.02)


def test_the_stac_item_has_every_required_field(case) -> None:
    found, _measures, files, _, _ = case
    item = json.loads(files["stac-item.json"].data)
    assert item["type"] == "Feature" and item["stac_version"] == "1.1.0"
    assert {"id", "geometry", "bbox", "properties", "links", "assets"} <= set(item)
    assert item["properties"]["datetime"] == "2017-09-10T08:00:00Z"
    asset = item["assets"]["map"]
    assert asset["proj:code"] == found.placement.crs
    with MemoryFile(files["picture-on-map.tif"].data) as memory, memory.open() as raster:
        assert asset["proj:shape"] == list(raster.shape)
        assert asset["proj:transform"] == list(raster.transform)[:6]
        assert asset["proj:bbox"] == pytest.approx(list(raster.bounds), rel=1e-12)
    west, south, east, north = item["bbox"]
    for x, y in item["geometry"]["coordinates"][0]:
        assert west <= x <= east and south <= y <= north


def test_geodesic_measures_are_those_of_the_cut(case) -> None:
    _found, measures, _, _, name = case
    if name not in ("plain", "mirrored"):
        return
    side = 260 * 2.0 / 0.8
    # UTM's scale near its central meridian is 0.9996.
    assert measures.area_m2 == pytest.approx(side**2 / 0.9996**2, rel=2e-3)
    assert all(v == pytest.approx(side / 0.9996, rel=2e-3) for v in measures.edges_m.values())


def test_without_a_time_there_is_no_stac_item_and_the_reason_is_said(case) -> None:
    if case[4] != "plain":
        return
    left = {one.name: one for one in exports(case[0])}["stac-item.json"]
    assert left.data is None and "--time" in left.note


def test_a_time_span_becomes_start_and_end(case) -> None:
    if case[4] != "plain":
        return
    span = {one.name: one for one in exports(case[0], time=Window.parse("2017-09-08/2017-09-12"))}
    said = json.loads(span["stac-item.json"].data)["properties"]
    # No zone: the day began and ended somewhere on Earth.
    assert said["datetime"] is None
    assert said["start_datetime"] == "2017-09-07T10:00:00Z"
    assert said["end_datetime"].startswith("2017-09-13T11:59:59")


def test_the_same_placing_gives_the_same_bytes(case) -> None:
    if case[4] != "plain":
        return
    again = {one.name: one.data for one in exports(case[0], time=_TIME)}
    assert again == {name: one.data for name, one in case[2].items()}


def test_residuals_are_those_between_transform_and_reference(case) -> None:
    found, measures, _, _, _ = case
    said = document(found).to_json()
    residuals = [point["residual_m"] for point in said["tie_points"]]
    assert residuals == sorted(residuals) and max(residuals) < 12
    rms = np.sqrt(np.mean(np.square([point.residual_px for point in measures.tie_points])))
    assert rms < 2
