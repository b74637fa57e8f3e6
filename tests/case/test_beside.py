"""References placed by files beside them: the same place as by their own tags, or a sentence."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import load_case
from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging.georeference import Georeference
from imgcheck.quantity import LonLat

# 200 x 100 pixels of 2 m, UTM 37 north.
WEST, NORTH, SIDE = 600_000.0, 3_910_000.0, 2.0
KML = """<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
<GroundOverlay><Icon><href>files/map.png</href></Icon>{}</GroundOverlay></kml>"""
BOX = (
    "<LatLonBox><north>35.2</north><south>35.1</south><east>40.4</east><west>40.1</west>"
    "</LatLonBox>"
)
QUAD = (
    "<gx:LatLonQuad><coordinates>40.1,35.1 40.4,35.11 40.4,35.21 40.1,35.2</coordinates>"
    "</gx:LatLonQuad>"
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(1).integers(0, 255, (100, 200, 3), dtype=np.uint8)
    path = tmp_path / "map.png"
    Pillow.fromarray(pixels).save(path)
    return path


def place_of(reference: Path, picture: Path) -> Georeference:
    (found,) = load_case(picture, references=[str(reference)]).references
    place = found.image.georeference
    assert place is not None
    return place


def world(picture: Path, text: str = "2\n0\n0\n-2\n600001\n3909999\n") -> None:
    picture.with_suffix(".pgw").write_text(text, encoding="utf-8")
    picture.with_suffix(".prj").write_text("EPSG:32637", encoding="utf-8")


def points(picture: Path, rows: list[tuple[float, float, float, float]], crs: str) -> Path:
    head = f"#CRS: {crs}\nmapX,mapY,sourceX,sourceY,enable,dX,dY,residual\n"
    path = picture.with_name("map.png.points")
    body = "".join(f"{x},{y},{u},{-v},1,0,0,0\n" for x, y, u, v in rows)
    path.write_text(head + body, encoding="utf-8")
    return path


def corners(shift: float = 0.0) -> list[tuple[float, float, float, float]]:
    found = [
        (WEST + SIDE * u, NORTH - SIDE * v, u, v)
        for u, v in ((0, 0), (200, 0), (200, 100), (0, 100))
    ]
    x, y, u, v = found[0]
    return [(x + shift, y, u, v), *found[1:]]


def test_a_world_file_with_its_crs_places_pixel_corners(picture: Path) -> None:
    world(picture)
    place = place_of(picture, picture)
    assert place.crs == "EPSG:32637"
    assert place.transform == pytest.approx((SIDE, 0, WEST, 0, -SIDE, NORTH))


def test_control_points_of_qgis_place_it(picture: Path) -> None:
    points(picture, corners(), "EPSG:32637")
    expected = pytest.approx((SIDE, 0, WEST, 0, -SIDE, NORTH), abs=1e-6)
    assert place_of(picture, picture).transform == expected


def test_an_overlay_of_google_earth_places_it_beside_and_packed(picture: Path) -> None:
    picture.with_suffix(".kml").write_text(KML.format(BOX), encoding="utf-8")
    expected = pytest.approx((0.3 / 200, 0, 40.1, 0, -0.1 / 100, 35.2))
    assert place_of(picture, picture).transform == expected
    packed = picture.parent / "screen.kmz"
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("doc.kml", KML.format(BOX))
        made.write(picture, "files/map.png")
    assert place_of(packed, picture).transform == expected


def test_a_sheared_quadrilateral_places_its_corners(picture: Path) -> None:
    picture.with_suffix(".kml").write_text(KML.format(QUAD), encoding="utf-8")
    lon, lat = place_of(picture, picture).to_lonlat([0, 200, 200, 0], [100, 100, 0, 0])
    assert lon == pytest.approx([40.1, 40.4, 40.4, 40.1])
    assert lat == pytest.approx([35.1, 35.11, 35.21, 35.2])


def test_a_folder_takes_pictures_that_files_place_and_no_others(picture: Path) -> None:
    world(picture)
    Pillow.new("RGB", (50, 50)).save(picture.with_name("photo.jpg"))
    found = load_case(picture, references=[str(picture.parent)]).references
    assert [one.id for one in found] == ["map"]


def test_the_picture_under_test_is_never_placed_by_a_file_beside_it(picture: Path) -> None:
    world(picture)
    assert load_case(picture).image.georeference is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: world(p, "2\n0\n0\n"), "six numbers are needed"),
        (lambda p: p.with_suffix(".pgw").write_text("2 0 0 -2 0 0"), "states no CRS; write"),
        (lambda p: points(p, corners(), "no such thing"), "coordinate reference system"),
        (lambda p: points(p, corners()[:3], "EPSG:32637"), "3 control points; 4 are needed"),
        (lambda p: points(p, corners(60.0), "EPSG:32637"), "miss an affine map by up to 8 px"),
        (lambda p: points(p, [(WEST + i, NORTH, i, 0) for i in range(5)], "EPSG:32637"),
         "lie on one line"),
        (lambda p: p.with_suffix(".kml").write_text("<kml/>"), "holds no GroundOverlay"),
        (lambda p: p.with_suffix(".kml").write_text("<!DOCTYPE x><kml/>"), "document type"),
        (lambda p: p.with_suffix(".kml").write_text(KML.format("")), "states no usable box"),
        (lambda p: p.with_suffix(".kml").write_text(
            KML.format(BOX.replace("</north>", "</north><rotation>5</rotation>"))),
         "its overlay is turned"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_place_it_is_named(picture: Path, make, said: str) -> None:  # type: ignore[no-untyped-def]
    make(picture)
    with pytest.raises(UnreadableError, match=r"^map\.") as error:
        load_case(picture, references=[str(picture)])
    assert said in str(error.value)


def test_a_kmz_file_that_is_none_or_lacks_its_picture_is_named(picture: Path) -> None:
    broken, empty = picture.with_name("a.kmz"), picture.with_name("b.kmz")
    broken.write_bytes(b"PK\x03\x04nonsense")
    with zipfile.ZipFile(empty, "w") as made:
        made.writestr("doc.kml", KML.format(BOX))
    for path, said in ((broken, "is not a KMZ file"), (empty, "is not in the file")):
        with pytest.raises(UnreadableError, match=said):
            load_case(picture, references=[str(path)])


def test_corners_of_its_user_place_a_reference_as_its_control_points_do(picture: Path) -> None:
    place = Georeference(crs="EPSG:32637", transform=(SIDE, 0.0, WEST, 0.0, -SIDE, NORTH))
    lon, lat = place.to_lonlat(np.array([0.0, 200, 200, 0]), np.array([0.0, 0, 100, 100]))
    given = [LonLat(lon=float(x), lat=float(y)) for x, y in zip(lon, lat, strict=True)]
    (found,) = load_case(picture, references=f"{picture}@2017-09-01", corners=given).references
    assert found.image.georeference is not None
    x, y = found.image.georeference.to_lonlat(150.0, 40.0)
    true_x, true_y = place.to_lonlat(150.0, 40.0)
    assert np.allclose((x, y), (true_x, true_y), atol=2e-6)
    assert found.date is not None and found.notes == (
        "placed by the four corners that its user gave",
    )
    for wrong in (given[::-1], given[1:] + given[:1], [given[i] for i in (1, 0, 3, 2)]):
        with pytest.raises(UnreadableError, match="clockwise, from top left"):
            load_case(picture, references=picture, corners=wrong)
    with pytest.raises(UsageError, match="one reference that is a picture"):
        load_case(picture, references=(picture, picture), corners=given)
    with pytest.raises(UsageError, match="one reference that is a picture"):
        load_case(picture, references=picture.parent, corners=given)


def test_a_web_address_as_reference_is_refused_with_the_way_out(picture: Path) -> None:
    with pytest.raises(UnreadableError, match="download the file first"):
        load_case(picture, references="https://example.org/map.tif")
