"""What cannot be placed is said not to be, in one sentence; nothing is guessed or half written."""

import json

import cv2
import numpy as np
import pytest

from imgcheck.cli import run
from tests.locate import build

_PACIFIC_X = 30 * 111_319.49079327358


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    gray = build.reference(folder / "reference.tif")
    build.cut(folder / "post.png", gray)
    part = np.ascontiguousarray(gray[:260, :280])
    build.write(folder / "part.tif", part, transform=build.UTM, crs="EPSG:32637")
    return folder


@pytest.fixture
def locate(folder, capsys):
    """Run the command on files of the folder; gives exit code and JSON object."""

    def act(picture="post.png", reference="reference.tif", *more: object):
        words = ["locate", str(folder / picture), "--reference", str(folder / reference)]
        code = run([*words, *map(str, more), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return act


def not_placed(answer, *words: str) -> None:
    code, said = answer
    assert code == 0
    assert said["placed"] is False
    for word in words:
        assert word in said["reason"]
    assert "\n" not in said["reason"]
    for field in ("nfa", "transform", "crs", "footprint", "gsd_m", "north_deg", "ellipse_m",
                  "path", "reference", "relation"):  # fmt: skip
        assert said[field] is None


def copied(folder, name, **place):
    gray = cv2.imread(str(folder / "reference.tif"), cv2.IMREAD_GRAYSCALE) / np.float32(255)
    build.write(folder / name, gray, **place)
    return gray


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({}, "no georeference"),
        ({"transform": build.UTM}, "names no coordinate reference system"),
        ({"transform": build.UTM, "crs": "EPSG:4326"}, "does not lie on the Earth"),
        ({"transform": (2, 4, 6e5, 1, 2, 3.9e6), "crs": "EPSG:32637"}, "no area"),
        ({"transform": build.UTM, "crs": 'LOCAL_CS["x",UNIT["metre",1]]'}, "on the Earth"),
    ],
)
def test_a_reference_without_a_usable_place_is_named(folder, locate, place, words) -> None:
    copied(folder, "placeless.tif", **place)
    not_placed(locate("post.png", "placeless.tif"), "reference", words)


@pytest.mark.slow
def test_a_turned_reference_grid_is_understood(folder, locate) -> None:
    copied(folder, "turned.tif", transform=(1.6, 1.2, 6e5, 1.2, -1.6, 3.918e6), crs="EPSG:32637")
    code, said = locate("post.png", "turned.tif")
    assert code == 0 and said["placed"]
    # The grid's columns point to 36.87 degrees right of north, the cut is turned by 30.
    assert said["gsd_m"] == pytest.approx(2.5, rel=2e-3)
    assert said["north_deg"] == pytest.approx(6.87 - 0.65, abs=0.2)


@pytest.mark.slow
def test_a_footprint_across_the_antimeridian_is_cut_there(folder, locate) -> None:
    transform = (2, 0, _PACIFIC_X - 600, 0, -2, 1_000_000)
    copied(folder, "pacific.tif", transform=transform, crs="EPSG:3832")
    code, said = locate("post.png", "pacific.tif", "-o", folder / "pacific")
    assert code == 0 and said["footprint"]["type"] == "MultiPolygon"
    assert said["gsd_m"] == pytest.approx(2.5 * np.cos(np.radians(9)), rel=5e-3)
    assert said["north_deg"] == pytest.approx(330.0, abs=0.2)
    assert said["area_m2"] == pytest.approx((260 * said["gsd_m"]) ** 2, rel=1e-3)
    assert max(said["edges_m"].values()) < 700
    assert (folder / "pacific" / "locate.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("crs", "latitude"), [("EPSG:3413", 90), ("EPSG:3031", -90)])
def test_a_footprint_around_a_pole_holds_it(folder, locate, crs, latitude) -> None:
    copied(folder, "pole.tif", transform=(2, 0, -600, 0, -2, 520), crs=crs)
    code, said = locate("post.png", "pole.tif", "-o", folder / "pole")
    assert code == 0 and said["placed"]
    assert [180, latitude] in [[abs(x), y] for x, y in said["footprint"]["coordinates"][0]]
    assert said["north_deg"] is None and "pole" in said["notes"][0]
    assert said["area_m2"] == pytest.approx((260 * said["gsd_m"]) ** 2, rel=1e-3)


def caption(picture) -> None:
    for top in range(0, picture.shape[0], 20):
        colour = (0, 0, 0) if top % 40 else (0, 0, 255)
        cv2.rectangle(picture, (0, top), (picture.shape[1], top + 19), colour, -1)
        cv2.putText(picture, "CAPTION", (5, top + 15), 0, 0.5, (255, 255, 255), 1)


def flat(rng):
    return np.clip(180 + rng.normal(0, 1, (200, 200)), 0, 255)


def cloud(rng):
    soft = cv2.GaussianBlur(rng.normal(size=(200, 200)), (0, 0), 25)
    return 150 + 100 * (soft - soft.min()) / np.ptp(soft)


def drawn_over(rng):
    picture = np.zeros((200, 200, 3), np.uint8)
    caption(picture)
    return picture


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [drawn_over, flat, cloud, lambda rng: np.zeros((200, 200, 3)), lambda rng: np.full((1, 1), 9)],
    ids=["annotation", "desert", "cloud", "blank", "one pixel"],
)
def test_a_picture_without_ground_is_not_placed(folder, locate, make) -> None:
    picture = make(np.random.default_rng(4)).astype(np.uint8)
    cv2.imwrite(str(folder / "empty.png"), picture)
    not_placed(locate("empty.png", "part.tif", "--gsd", "1.5,4"))


def test_a_flat_reference_places_nothing(folder, locate) -> None:
    gray = np.full((300, 300), 0.6, np.float32)
    build.write(folder / "flat.tif", gray, transform=build.UTM, crs="EPSG:32637")
    not_placed(locate("post.png", "flat.tif", "--gsd", "2.5"))


def test_a_reference_much_smaller_than_the_picture_places_nothing(folder, locate) -> None:
    gray = copied(folder, "whole.tif", transform=build.UTM, crs="EPSG:32637")
    part = np.ascontiguousarray(gray[200:260, 200:270])
    build.write(folder / "small.tif", part, transform=build.UTM, crs="EPSG:32637")
    not_placed(locate("post.png", "small.tif"), "small")


def test_a_place_that_no_reference_shows_is_not_searched(locate) -> None:
    answer = locate("post.png", "reference.tif", "--near", "10,10,5")
    not_placed(answer, "does not show the area")


@pytest.mark.slow
def test_a_named_place_narrows_the_search_to_it(locate) -> None:
    code, whole = locate()
    centre = whole["centre"]
    code, said = locate("post.png", "reference.tif", "--near",
                        f"{centre['lat']},{centre['lon']},0.45")  # fmt: skip
    assert code == 0 and said["placed"]
    moved = np.array(said["transform"]) - np.array(whole["transform"])
    assert np.abs(moved[:2, 2]).max() < 1.0


def test_hostile_files_are_refused_with_exit_code_four(folder, locate) -> None:
    (folder / "hostile.jpg").write_bytes(b"\xff\xd8\xff\xe0garbage" * 20)
    code, said = locate("hostile.jpg")
    assert code == 4 and said["error"]["code"] == "unreadable"
    (folder / "pointer.tif").write_text("<VRTDataset rasterXSize='5' rasterYSize='5'/>")
    code, said = locate("post.png", "pointer.tif")
    assert code == 4 and said["error"]["code"] == "refused"


@pytest.mark.slow
def test_a_reference_whose_pixels_break_off_does_not_cost_the_others(folder, locate) -> None:
    whole = (folder / "reference.tif").read_bytes()
    (folder / "two").mkdir()
    (folder / "two" / "a.tif").write_bytes(whole[:5000])
    (folder / "two" / "b.tif").write_bytes(whole)
    code, said = locate("post.png", "two")
    assert code == 0 and said["placed"] and said["reference"]["id"] == "b"
    broken = next(one for one in said["tried"] if one["reference"]["id"] == "a")
    assert not broken["placed"] and broken["reason"]


@pytest.mark.parametrize(
    "words",
    [["--gsd", "a"], ["--gsd=-1"], ["--gsd", "2,1"], ["--gsd", "nan"], ["--near", "95,10,5"],
     ["--near", "1,2"], ["--time", "yesterday"]],
)  # fmt: skip
def test_options_without_meaning_are_usage_errors(locate, words) -> None:
    code, said = locate("post.png", "reference.tif", *words)
    assert code == 2 and said["error"]["code"] == "usage"


@pytest.mark.slow
def test_nothing_is_half_written_where_a_file_cannot_be(folder, locate) -> None:
    place = folder / "taken"
    (place / "place.kmz").mkdir(parents=True)
    code, said = locate("post.png", "reference.tif", "-o", place)
    assert code == 2 and "place.kmz" in said["error"]["message"]
    assert not list(place.glob(".*"))


def test_of_what_is_not_placed_only_the_reason_is_written(folder, locate) -> None:
    cv2.imwrite(str(folder / "black.png"), np.zeros((20, 20, 3), np.uint8))
    locate("black.png", "part.tif", "-o", folder / "black")
    assert [path.name for path in (folder / "black").iterdir()] == ["locate.json"]
