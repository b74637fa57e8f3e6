"""What files of other tools mean, what an edit in another tool does, and hostile files."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import scene
from imgcheck.annotate import exchange
from imgcheck.annotate.exchange import FORMATS, AnnotationFile
from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Geometry,
    MapGeometry,
    Measured,
    Obb,
    Polygon,
)
from imgcheck.errors import ImgcheckError, UnreadableError, UsageError
from imgcheck.imaging import Image

#: Length 40 along heading 30, width 20, about (100, 60).
TURNED = Obb(cx=100, cy=60, length=40, width=20, heading=30)
CORNERS = [[round(v, 4) for v in p] for p in TURNED.points]


def read(folder: Path, name: str, text: str | bytes, **how) -> Annotation:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (picture,) = exchange.read(path, **how).pictures
    return picture.annotations[0]


def coco(annotation: dict) -> str:
    return json.dumps(
        {
            "images": [{"id": 5, "file_name": "a.png", "width": 200, "height": 100}],
            "categories": [{"id": 3, "name": "truck"}],
            "annotations": [{"id": 1, "image_id": 5, "category_id": 3, **annotation}],
        }
    )


def labelme(shape: dict) -> str:
    whole = {"shapes": [{"label": "truck", **shape}], "imagePath": "a.png"}
    return json.dumps({**whole, "imageWidth": 200, "imageHeight": 100})


def cvat(shape: str) -> str:
    return (
        '<annotations><version>1.1</version><image id="0" name="a.png" width="200" height="100">'
        f"{shape}</image></annotations>"
    )


def via(shape: dict) -> str:
    region = {"shape_attributes": shape, "region_attributes": {"class": "truck"}}
    return json.dumps({"a.png-1": {"filename": "a.png", "regions": [region]}})


def flat(points: list) -> list:
    return [v for p in points for v in p]


@pytest.mark.parametrize(
    ("name", "text", "geometry"),
    [
        ("coco.json", coco({"bbox": [1, 2, 30, 40]}), Box(x=1, y=2, width=30, height=40)),
        # CVAT exports a turned box to COCO as the box before it is turned.
        ("coco.json", coco({"bbox": [90, 40, 20, 40], "attributes": {"rotation": 30.0}}), TURNED),
        (
            "coco.json",
            coco({"segmentation": [flat(CORNERS)], "attributes": {"rotation": 30.0}}),
            TURNED,
        ),
        (
            "coco.json",
            coco({"segmentation": [[0, 0, 9, 0, 0, 9]]}),
            Polygon(points=((0, 0), (9, 0), (0, 9))),
        ),
        (
            "cvat.xml",
            cvat('<box label="truck" xtl="90" ytl="40" xbr="110" ybr="80" rotation="30"/>'),
            TURNED,
        ),
        (
            "cvat.xml",
            cvat('<ellipse label="truck" cx="9" cy="8" rx="3" ry="5" rotation="350"/>'),
            Ellipse(cx=9, cy=8, length=10, width=6, heading=350),
        ),
        ("cvat.xml", cvat('<points label="truck" points="9.5,8"/>'), Dot(x=9.5, y=8)),
        (
            "labelme.json",
            labelme({"shape_type": "rectangle", "points": [[31, 42], [1, 2]]}),
            Box(x=1, y=2, width=30, height=40),
        ),
        (
            "labelme.json",
            labelme({"shape_type": "circle", "points": [[9, 8], [12, 12]]}),
            Ellipse(cx=9, cy=8, length=10, width=10),
        ),
        (  # The first edge of LabelMe runs along the heading,
            "labelme.json",
            labelme(
                {"shape_type": "oriented_rectangle", "points": [CORNERS[3], *CORNERS[:3]]}
            ),
            TURNED,
        ),
        (  # that of X-AnyLabeling along the front.
            "x.json",
            labelme({"shape_type": "rotation", "points": CORNERS, "direction": math.pi / 6}),
            TURNED,
        ),
        (
            "via.json",
            via({"name": "ellipse", "cx": 9, "cy": 8, "rx": 5, "ry": 3, "theta": math.pi / 2}),
            Ellipse(cx=9, cy=8, length=6, width=10, heading=90),
        ),
        (
            "via.json",
            via({"name": "rect", "x": 1, "y": 2, "width": 30, "height": 40}),
            Box(x=1, y=2, width=30, height=40),
        ),
        (
            "dota.txt",
            "imagesource:GoogleEarth\ngsd:0.15\n" + " ".join(map(str, flat(CORNERS))) + " truck 0",
            TURNED,
        ),
        ("t.csv", "filename,class,xmin,ymin,xmax,ymax\na.png,truck,1,2,31,42\n",
         Box(x=1, y=2, width=30, height=40)),
    ],
)  # fmt: skip
def test_a_file_of_another_tool(name, text, geometry: Geometry, tmp_path: Path) -> None:
    found = read(tmp_path, name, text)
    assert (found.label, found.cls, found.state) == ("truck", "vehicle.heavy", "proposed")
    assert found.geometry.type == geometry.type
    expected = np.array(geometry.points)
    if isinstance(geometry, Ellipse):  # the same ring may begin elsewhere
        assert (found.geometry.length, found.geometry.width) == (geometry.length, geometry.width)
        assert found.geometry.heading == pytest.approx(geometry.heading)
    else:
        assert np.abs(np.array(found.geometry.points) - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("line", "geometry", "score"),
    [
        ("1 0.08 0.22 0.15 0.4", Box(x=1, y=2, width=30, height=40), None),
        ("1 0.08 0.22 0.15 0.4 0.75", Box(x=1, y=2, width=30, height=40), 0.75),
        ("1 0 0 .1 0 0 .1", Polygon(points=((0, 0), (20, 0), (0, 10))), None),
        ("1 .1 .1 .2 .1 .2 .3 .1 .3", Obb(cx=30, cy=20, length=20, width=20, heading=0), None),
    ],
)
def test_lines_of_yolo_are_shares_of_the_picture_beside_them(
    line: str, geometry: Geometry, score: float | None, tmp_path: Path
) -> None:
    Pillow.new("RGB", (200, 100)).save(tmp_path / "a.png")
    (tmp_path / "classes.txt").write_text("car\ntruck\n")
    found = read(tmp_path, "a.txt", line)
    assert (found.label, found.score) == ("truck", score)
    assert np.abs(np.subtract(found.geometry.points, geometry.points)).max() < 1e-9


def test_yolo_without_the_size_of_its_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"size is not known; give the picture"):
        read(tmp_path, "a.txt", "0 .5 .5 .1 .1")


def test_the_ground_sample_distance_of_dota_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("imagesource:GoogleEarth\ngsd:0.146\n0 0 9 0 9 9 0 9 plane 1\n")
    (picture,) = exchange.read(path).pictures
    assert picture.gsd_m == 0.146
    assert picture.extra == {"imagesource": "GoogleEarth"}
    assert picture.annotations[0].extra == {"difficult": 1}


# An edit in another tool.

WHOLE = Annotation(
    cls="vehicle.heavy",
    label="truck",
    geometry=TURNED,
    score=0.5,
    measures={"length": Measured(value=9.0, sigma=0.4)},
    extra={"seen": {"by": "two"}},
)


def written(form: str, folder: Path, *more: Annotation) -> Path:
    picture = AnnotatedPicture(
        name="a.png", width=200, height=100, annotations=(WHOLE, *more), gsd_m=0.3
    )
    name = f"a{FORMATS[form].suffix}"
    made = exchange.write(AnnotationFile(pictures=(picture,)), form, name=name)
    for one, data in made.files.items():
        (folder / one).write_bytes(data)
    return folder / name


def test_a_shape_moved_in_another_tool_is_moved_and_loses_its_measures(tmp_path: Path) -> None:
    path = written("cvat", tmp_path)
    path.write_text(path.read_text().replace('xtl="90.0"', 'xtl="88.0"'))
    found = exchange.read(path).pictures[0].annotations[0]
    assert isinstance(found.geometry, Obb)
    assert (found.geometry.cx, found.geometry.width) == (99.0, 22.0)
    assert (found.measures, found.score, found.extra) == ({}, 0.5, WHOLE.extra)


def test_coordinates_rounded_by_another_tool_are_not_an_edit(tmp_path: Path) -> None:
    path = written("coco", tmp_path)
    value = json.loads(path.read_text())
    outline = value["annotations"][0]["segmentation"][0]
    value["annotations"][0]["segmentation"] = [[round(v, 2) for v in outline]]
    path.write_text(json.dumps(value))
    assert exchange.read(path).pictures[0].annotations == (WHOLE,)


def test_a_renamed_class_and_a_review_in_another_tool_are_taken(tmp_path: Path) -> None:
    path = written("geojson", tmp_path)
    value = json.loads(path.read_text())
    value["features"][0]["properties"].update(label="bus", state="rejected", reviewed_by="B")
    path.write_text(json.dumps(value))
    found = exchange.read(path).pictures[0].annotations[0]
    assert (found.label, found.state, found.reviewed_by) == ("bus", "rejected", "B")
    assert (found.cls, found.measures) == ("vehicle.heavy", WHOLE.measures)


def test_deleted_and_added_lines_do_not_mix_up_the_sidecar(tmp_path: Path) -> None:
    other = replace(WHOLE, geometry=replace(TURNED, cx=50), score=0.9, label="car",
                    cls="vehicle.light")  # fmt: skip
    path = written("yolo-obb", tmp_path, other)
    lines = path.read_text().splitlines()
    path.write_text(lines[1] + "\n0 .1 .1 .2 .1 .2 .3 .1 .3\n")
    found = exchange.read(path, form="yolo-obb").pictures[0].annotations
    assert found[0] == other
    assert (found[1].label, found[1].score, found[1].extra) == ("truck", None, {})


def test_a_polygon_drawn_on_the_map_comes_into_the_picture(tmp_path: Path) -> None:
    data = scene.geotiff(
        np.zeros((50, 80, 3), np.uint8), origin=(600_000, 3_918_000), gsd=2.0, epsg=32637
    )
    image = Image.from_bytes(data, name="a.tif")
    shape = Polygon(points=((10, 5), (20, 5), (20, 15)))
    picture = AnnotatedPicture(
        name="a.tif", annotations=(Annotation(cls="crater", geometry=shape),)
    )
    made = exchange.write(AnnotationFile(pictures=(picture,)), "geojson", name="a", picture=image)
    value = json.loads(made.files["a"])
    ring = value["features"][0]["geometry"]["coordinates"][0]
    assert len(ring) == 4 and abs(ring[0][0] - 40.1) < 0.01 and abs(ring[0][1] - 35.4) < 0.01
    assert not made.notes
    del value["features"][0]["properties"]["pixel"]
    found = read(tmp_path, "a.geojson", json.dumps(value), picture=image)
    assert {(round(x, 3), round(y, 3)) for x, y in found.geometry.points} == set(shape.points)
    with pytest.raises(UnreadableError, match="give the georeferenced picture"):
        read(tmp_path, "a.geojson", json.dumps(value))


def test_an_object_in_metres_is_written_in_degrees_and_kept_in_metres(tmp_path: Path) -> None:
    place = MapGeometry(crs="EPSG:32637", type="Point", coordinates=[600_000.5, 3_918_000.0])
    one = replace(WHOLE, ground=place)
    file = AnnotationFile(pictures=(AnnotatedPicture(annotations=(one,)),))
    made = exchange.write(file, "kml", name="a.kml").files["a.kml"]
    assert b"<coordinates>40.1" in made
    assert read(tmp_path, "a.kml", made) == one


# What other programs will not see is stated.


@pytest.mark.parametrize(
    ("form", "geometry", "words"),
    [
        ("yolo", TURNED, ["YOLO has no obb: 1 shapes are written as the nearest one"]),
        ("yolo-obb", TURNED, []),
        ("dota", Ellipse(cx=1, cy=1, length=2, width=2), ["DOTA has no ellipse"]),
        ("coco", TURNED, []),
        ("via", TURNED, ["VIA has no obb"]),
        ("geojson", TURNED, ["1 objects have no place on the map"]),
    ],
)
def test_a_conversion_states_what_it_would_lose(form, geometry, words) -> None:
    one = Annotation(cls="crater", geometry=geometry)
    picture = AnnotatedPicture(name="a", width=9, height=9, annotations=(one,))
    made = exchange.write(AnnotationFile(pictures=(picture,)), form, name="a")
    assert len(made.notes) == len(words)
    for note, start in zip(made.notes, words, strict=True):
        assert note.startswith(start)
    more = replace(one, state="accepted", reviewed_by="A")
    made = exchange.write(
        AnnotationFile(pictures=(replace(picture, annotations=(more,)),)), form, name="a"
    )
    assert any("keep the file" in note for note in made.notes) == FORMATS[form].beside


# Hostile files: one clear sentence each.

BOMB = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><annotations>&c;</annotations>'


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.xml", BOMB, "document type"),
        ("a.xml", BOMB.encode("utf-16"), "no known format|document type|not well-formed"),
        (
            "a.kml",
            '<!DOCTYPE kml SYSTEM "file:///etc/passwd"><kml></kml>',
            "document type",
        ),
        ("a.xml", "<annotations>" + "<a>" * 5000, "nests them too deeply"),
        ("a.xml", "<annotations><image>", "not well-formed"),
        ("a.xml", "<html></html>", 'root element "html"'),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"shapes": [{"points": [[NaN, 1]]}]}', "NaN is not a number"),
        ("a.json", coco({"bbox": [1, 2, "x", 4]}), "annotation 1: bbox is 'x'"),
        ("a.json", coco({"bbox": [1, 2, 1e400, 4]}).replace("Infinity", "1e400"), "not a number"),
        ("a.json", coco({"bbox": [1, 2, 3, 4], "image_id": 8}), "not listed"),
        ("a.json", '{"images": 1, "annotations": []}', '"images" must be a list'),
        ("a.json", labelme({"shape_type": "polygon", "points": [[1, 2]]}), "has 1 points"),
        ("a.json", labelme({"shape_type": "polygon", "points": "abc"}), "not a list"),
        ("a.json", '{"type": "FeatureCollection", "features": [3]}', "feature 1 is not an object"),
        ("a.json", '{"what": 1}', "no known format"),
        ("a.json", '{"schema": "imgcheck-annotations/1", "pictures": [{"annotations": 3}]}',
         "must be a list"),
        ("a.json", '{"schema": "imgcheck-annotations/1", "pictures": [{"annotations": [{"class":'
         '"crater", "geometry": {"type": "point", "x": "1", "y": 2}}]}]}', "annotation 1"),
        (
            "a.json",
            '{"type": "FeatureCollection", "features": [{"geometry": {"type": "Point", '
            '"coordinates": [1, [2]]}, "properties": {"pixel": {"type": "point", "x": 1, "y": 1}}'
            "}]}",
            "feature 1: coordinates on the ground",
        ),
        ("a.xml", '<?xml version="1.0" encoding="utf-5"?><annotations/>', "not well-formed"),
        ("a.txt", "hello world", "no known format"),
        ("a.txt", "1 2 3 4 5 6 7 8 plane 0\nx", "line 2: has 1 words"),
        ("a.csv", "class,type,cx\ncar,obb,1\n", "line 2"),
        ("a.csv", "class,score\ncar,1\n", "^$|line 2|"),
        ("a.csv", b"class,type\n\xff\xfe,obb\n", "line 2"),
        ("a.txt", b"\x00\x01\x02", "no known format"),
    ],
)  # fmt: skip
def test_a_hostile_file_costs_one_sentence(name, data, words, tmp_path: Path) -> None:
    if words.startswith("^$"):  # a table in which nothing is marked
        (tmp_path / name).write_text(data)
        assert exchange.count(exchange.read(tmp_path / name).pictures) == 0
        return
    with pytest.raises(ImgcheckError, match=words) as error:
        read(tmp_path, name, data)
    assert name in str(error.value)
    assert len(str(error.value)) < 420


def test_cells_are_no_formulas(tmp_path: Path) -> None:
    one = replace(WHOLE, label="=cmd|' /C calc'!A0", extra={"note": "@SUM(1)"})
    picture = AnnotatedPicture(name="-a.png", annotations=(one,))
    data = exchange.write(AnnotationFile(pictures=(picture,)), "csv", name="a").files["a"]
    cells = data.decode().replace("\r\n", ",").split(",")
    assert not [cell for cell in cells if cell.strip('"').startswith(("=", "@", "-a"))]
    assert "'=cmd|' /C calc'!A0" in cells
    assert read(tmp_path, "a.csv", data) == one


def test_unknown_formats_are_named() -> None:
    with pytest.raises(UsageError, match="known: imgcheck, geojson"):
        exchange.read("x", form="pascal")
    with pytest.raises(UsageError, match="known: imgcheck, geojson"):
        exchange.write(AnnotationFile(pictures=()), "pascal", name="x")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_entity_is_defined_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(BOMB.encode(encoding))
    with pytest.raises(UnreadableError, match="document type"):
        exchange.read(tmp_path / "a.xml", form="cvat")


def test_fields_of_a_tool_stay_where_that_tool_has_them(tmp_path: Path) -> None:
    attributes = {"occluded": False, "note": "by the wall"}
    given = {"bbox": [1, 2, 3, 4], "attributes": attributes, "iscrowd": 1, "custom": [7]}
    found = exchange.read(written_as(tmp_path / "a.json", coco(given)))
    made = exchange.write(found, "coco", name="b.json").files["b.json"]
    (one,) = json.loads(made)["annotations"]
    assert (one["attributes"], one["iscrowd"], one["custom"]) == (attributes, 1, [7])
    shape = {"shape_type": "rectangle", "points": [[1, 2], [4, 6]], "group_id": 4}
    found = exchange.read(written_as(tmp_path / "l.json", labelme({**shape, "flags": {"a": True}})))
    made = exchange.write(found, "labelme", name="m.json").files["m.json"]
    (again,) = json.loads(made)["shapes"]
    assert (again["group_id"], again["flags"]) == (4, {"a": True})
    made = exchange.write(found, "cvat", name="m.xml").files["m.xml"]
    assert read(tmp_path, "m.xml", made) == found.pictures[0].annotations[0]


def written_as(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("pictures", "files"),
    [
        (("a.png", "b.png"), ["a.txt", "b.txt"]),
        (("../../etc/passwd", "C:\\x\\y.jpg"), ["passwd.txt", "y.txt"]),
        (("", "b.png"), ["b.txt", "picture-1.txt"]),
    ],
)
def test_files_of_pictures_stay_in_their_folder(pictures: tuple[str, str], files: list) -> None:
    both = tuple(AnnotatedPicture(name=name, width=9, height=9) for name in pictures)
    made = exchange.write(AnnotationFile(pictures=both), "dota", name="x")
    assert sorted(name for name in made.files if name.endswith(".txt")) == files


def test_two_pictures_of_one_name_do_not_overwrite_each_other() -> None:
    both = (AnnotatedPicture(name="a.png"), AnnotatedPicture(name="a.jpg"))
    with pytest.raises(UsageError, match='two pictures are called "a"'):
        exchange.write(AnnotationFile(pictures=both), "labelme", name="x")


def test_what_detect_prints_is_read_as_annotations_of_its_picture(tmp_path: Path) -> None:
    box = {"type": "obb", "cx": 9.0, "cy": 8.0, "length": 5.0, "width": 2.0, "heading": 40.0}
    printed = {
        "schema": "imgcheck-detect/1",
        "picture": {"name": "a.png", "sha256": "0f" * 32, "width": 90, "height": 80},
        "scale": {"gsd_m": 0.3, "source": "the claim", "effective_gsd_m": 0.5},
        "north": 12.5,
        "annotations": [{"class": "vehicle", "geometry": box, "p": 0.7}],
        "counts": {"vehicle": {"median": 1}},
    }
    (tmp_path / "d.json").write_text(json.dumps(printed))
    (picture,) = exchange.read(tmp_path / "d.json").pictures
    assert (picture.name, picture.width, picture.gsd_m, picture.north_deg) == (
        "a.png", 90, 0.3, 12.5,
    )  # fmt: skip
    assert (picture.sha256, picture.extra) == ("0f" * 32, {})
    assert picture.annotations[0].p == 0.7
