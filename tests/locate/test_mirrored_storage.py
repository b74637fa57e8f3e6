"""A reference may be stored mirrored or turned: what is said of the ground is the same."""

import json

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

from imgcheck.case import load_case
from imgcheck.cli import run
from imgcheck.imaging import Image, grid
from imgcheck.imaging.pixels import turn
from tests.imaging.ground import ground, view
from tests.locate import build

# The eight ways to store one grid, named as the EXIF orientation that undoes them.
_STORED = {
    1: lambda a: a,
    2: lambda a: a[..., :, ::-1],
    3: lambda a: a[..., ::-1, ::-1],
    4: lambda a: a[..., ::-1, :],
    5: lambda a: np.swapaxes(a, -1, -2),
    6: lambda a: np.swapaxes(a[..., :, ::-1], -1, -2),
    7: lambda a: np.swapaxes(a[..., ::-1, ::-1], -1, -2),
    8: lambda a: np.swapaxes(a[..., ::-1, :], -1, -2),
}
_MIRRORED = (2, 4, 5, 7)
# 2 m pixels, columns 25 degrees south of east.
_TURNED = (1.8126156, -0.8452365, 600_000.0, -0.8452365, -1.8126156, 3_918_000.0)
_SHAPE = (360, 420)


def stored(gray, transform, way):
    """Give the samples and the affine map of a grid that is stored in one of the eight ways."""
    rows, cols = gray.shape
    x, y = np.meshgrid(np.arange(cols) + 0.5, np.arange(rows) + 0.5)
    a, b, c, d, e, f = transform
    here = {name: _STORED[way](values) for name, values in (
        ("gray", gray), ("x", a * x + b * y + c), ("y", d * x + e * y + f)
    )}  # fmt: skip
    # The affine map of the stored grid, from the places of its pixels.
    across, down = here["x"][0, 1] - here["x"][0, 0], here["x"][1, 0] - here["x"][0, 0]
    along, under = here["y"][0, 1] - here["y"][0, 0], here["y"][1, 0] - here["y"][0, 0]
    left = here["x"][0, 0] - (across + down) / 2
    top = here["y"][0, 0] - (along + under) / 2
    return np.ascontiguousarray(here["gray"]), Affine(across, down, left, along, under, top)


def written(path, gray, transform, way, *, points=False, crs="EPSG:32637"):
    data, affine = stored(gray, transform, way)
    rows, cols = data.shape
    place = {"transform": affine}
    if points:
        spots = [(0, 0), (0, cols), (rows, cols), (rows, 0), (rows / 2, cols / 3)]
        place = {
            "gcps": [
                GroundControlPoint(row=r, col=c, x=affine.a * c + affine.b * r + affine.c,
                                   y=affine.d * c + affine.e * r + affine.f)
                for r, c in spots
            ]
        }  # fmt: skip
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=3, dtype="uint8",
        photometric="RGB", crs=crs, **place,
    ) as target:  # fmt: skip
        target.write(np.stack([np.round(data * 255).astype(np.uint8)] * 3))
    return path


@pytest.fixture(scope="module")
def shown():
    return ground(_SHAPE, seed=53, blocks=200)


@pytest.fixture(scope="module")
def folder(shown, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    picture, _ = view(shown, size=210, angle=20.0, scale=0.9, centre=(200.0, 170.0))
    bright = np.round(picture * 255).astype(np.uint8)
    cv2.imwrite(str(folder / "post.png"), bright)
    cv2.imwrite(str(folder / "flipped.png"), bright[:, ::-1])
    return folder


@pytest.fixture
def locate(folder, capsys):
    def act(*words):
        capsys.readouterr()
        assert run(["locate", *map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return act


@pytest.mark.parametrize("transform", [build.UTM, _TURNED], ids=["north up", "turned grid"])
@pytest.mark.parametrize("way", _STORED)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_an_image_is_shown_unmirrored_whatever_way_its_grid_is_stored(
    shown, tmp_path, way, transform
) -> None:
    image = Image.open(written(tmp_path / "a.tif", shown, transform, way))
    a, b, _, d, e, _ = image.georeference.transform
    assert a * e - b * d < 0
    # Every pixel keeps its place on the ground.
    east, north = image.georeference.to_crs(
        np.arange(image.width)[None, :] + 0.5, np.arange(image.height)[:, None] + 0.5
    )
    back = np.linalg.inv(np.array([transform[:3], transform[3:], (0, 0, 1)]))
    x, y = np.tensordot(back, np.stack([east, north, np.ones_like(east)]), 1)[:2]
    expected = np.round(shown * 255).astype(np.uint8)[y.astype(int), x.astype(int)]
    assert np.array_equal(image.rgb()[..., 0], expected)
    assert image.gray().shape == image.valid().shape == (image.height, image.width)


@pytest.mark.parametrize("way", _MIRRORED)
def test_a_mirrored_north_up_grid_is_shown_north_up(shown, tmp_path, way) -> None:
    image = Image.open(written(tmp_path / "a.tif", shown, build.UTM, way))
    assert image.georeference.transform == pytest.approx(build.UTM)


@pytest.mark.parametrize("way", _STORED)
def test_a_part_of_a_mirrored_grid_is_the_part_of_the_whole(shown, tmp_path, way) -> None:
    path = written(tmp_path / "a.tif", shown, build.UTM, way)
    whole = Image.open(path)
    window = (30, 50, 120, 80)
    rows, cols = slice(50, 130), slice(30, 150)
    expected = whole.bands_array()[:, rows, cols]
    part = Image.open(path)
    assert np.array_equal(part.read(window), expected)
    assert not part.has_decoded
    assert np.array_equal(part.read_valid(window), whole.valid()[rows, cols])
    reduced = part.read(window, out_shape=(40, 60), bands=[1])[0]
    mean = expected[0].reshape(40, 2, 60, 2).mean(axis=(1, 3))
    assert np.abs(reduced - mean).max() <= 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("points", [False, True], ids=["affine map", "control points"])
@pytest.mark.parametrize("way", _STORED)
def test_a_post_is_placed_alike_on_every_storage_of_one_reference(
    shown, folder, locate, way, points
) -> None:
    plain = locate(folder / "post.png", "--reference",
                   written(folder / "plain.tif", shown, build.UTM, 1))  # fmt: skip
    other = written(folder / f"way{way}{points}.tif", shown, build.UTM, way, points=points)
    said = locate(folder / "post.png", "--reference", other)
    assert said["placed"], said["reason"]
    assert said["mirrored"] is False
    assert said["centre"]["lon"] == pytest.approx(plain["centre"]["lon"], abs=2e-6)
    assert said["centre"]["lat"] == pytest.approx(plain["centre"]["lat"], abs=2e-6)
    assert said["north_deg"] == pytest.approx(plain["north_deg"], abs=0.1)
    assert said["gsd_m"] == pytest.approx(plain["gsd_m"], rel=1e-3)
    assert said["relation"] == plain["relation"]
    assert np.linalg.det(np.array(said["transform"])[:2, :2]) < 0


@pytest.mark.slow
@pytest.mark.parametrize("way", _STORED)
def test_a_flipped_post_is_called_mirrored_on_every_storage(shown, folder, locate, way) -> None:
    path = written(folder / f"flip{way}.tif", shown, build.UTM, way)
    said = locate(folder / "flipped.png", "--reference", path)
    assert said["placed"] and said["mirrored"] is True
    assert any("mirrored" in note for note in said["notes"])
    assert not locate(folder / "flipped.png", "--reference", path, "--not-mirrored")["placed"]


@pytest.mark.slow
@pytest.mark.parametrize("way", _MIRRORED)
def test_the_sun_in_the_picture_does_not_depend_on_the_storage(shown, folder, way) -> None:
    claim = folder / "claim.yml"
    claim.write_text("measurements:\n  - shadow_azimuth: {value: 300, sigma: 2}\n")
    seen = {}
    for stored_as in (1, way):
        path = written(folder / f"sun{stored_as}.tif", shown, build.UTM, stored_as)
        for name in ("post.png", "flipped.png"):
            case = load_case(folder / name, claim=claim, references=[str(path)])
            seen[stored_as, name] = case.sun_in_picture
    for name in ("post.png", "flipped.png"):
        assert seen[way, name] == pytest.approx(seen[1, name], abs=0.1)
    # Light from the north-east of the ground comes from the north-west of the mirrored picture.
    assert seen[1, "flipped.png"] == pytest.approx(360 - seen[1, "post.png"], abs=0.1)


@pytest.mark.parametrize("way", _STORED)
def test_a_change_grid_over_a_mirrored_reference_is_unmirrored(shown, tmp_path, way) -> None:
    image = Image.open(written(tmp_path / "a.tif", shown, build.UTM, way))
    corners = np.array([(600_100, 3_917_800), (600_500, 3_917_800), (600_500, 3_917_500),
                        (600_100, 3_917_500.0)])  # fmt: skip
    made = grid.over(image, corners, gsd_m=2.0)
    assert np.linalg.det(made.transform[:2, :2]) < 0
    drawn, valid = grid.sample(image, made)
    assert valid.all()
    inverse = np.linalg.inv(np.array([build.UTM[:3], build.UTM[3:], (0, 0, 1)]))
    x, y = (inverse @ made.transform @ [10.5, 20.5, 1])[:2]
    assert drawn[20, 10, 0] == pytest.approx(shown[int(y), int(x)], abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("way", [1, 4, 5])
def test_an_area_index_of_a_mirrored_reference_places_a_post(shown, folder, locate, way) -> None:
    path = written(folder / f"area{way}.tif", shown, build.UTM, way)
    index = folder / f"area{way}.index"
    assert run(["locate", "--reference", str(path), "--build-index", str(index)]) == 0
    found = locate(folder / "post.png", "--index", index, "--gsd", "2.2")
    plain = locate(folder / "post.png", "--reference", path)
    assert found["placed"], found["reason"]
    assert found["centre"]["lon"] == pytest.approx(plain["centre"]["lon"], abs=3e-5)
    assert found["north_deg"] == pytest.approx(plain["north_deg"], abs=1.0)


def test_control_points_on_a_bent_sheet_are_refused_with_the_way_out(shown, folder, locate) -> None:
    data = np.stack([np.round(shown * 255).astype(np.uint8)] * 3)
    rows, cols = _SHAPE
    bent = [(0, 0, 0), (0, cols, 0), (rows, cols, 0), (rows, 0, 0), (rows / 2, cols / 2, 40)]
    with rasterio.open(
        folder / "bent.tif", "w", driver="GTiff", width=cols, height=rows, count=3, dtype="uint8",
        crs="EPSG:32637",
        gcps=[GroundControlPoint(row=r, col=c, x=6e5 + 2 * c + off, y=3.9e6 - 2 * r)
              for r, c, off in bent],
    ) as target:  # fmt: skip
        target.write(data)
    said = locate(folder / "post.png", "--reference", folder / "bent.tif")
    assert not said["placed"]
    assert "control points" in said["reason"] and "gdalwarp" in said["reason"]


def test_the_eight_storages_undo_the_eight_orientations() -> None:
    values = np.arange(12).reshape(3, 4)
    for way, store in _STORED.items():
        assert np.array_equal(turn(store(values), way), values)
