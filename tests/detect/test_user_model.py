"""A user's model: what it gives is read as stated, joined over windows, and tested first."""

import dataclasses
import itertools
import math

import cv2
import numpy as np
import pytest

from imgcheck import detect, scene
from imgcheck.annotation import Box, Obb
from imgcheck.detect import centres, shipped, user_model
from imgcheck.detect.user_model import Angle, Manifest, UserModel, onnx_file, self_test
from imgcheck.detect.user_model.outputs import decode
from imgcheck.detect.user_model.process import NetworkProcess
from imgcheck.detect.user_model.windows import join, run_windows
from imgcheck.errors import RefusedError, UsageError

from . import onnx_files

GSD, SIDE = 0.25, 320
USUAL = Angle(unit="radians", direction="clockwise", zero="right")
OBB = Manifest(
    output="yolo-obb",
    classes=(("car", "vehicle.light"), ("plane", None)),
    gsd_m=GSD,
    side=SIDE,
    threshold=0.5,
    angle=USUAL,
)
YOLO = dataclasses.replace(OBB, output="yolo", angle=None)
ANGLES = [
    Angle(unit=unit, direction=direction, zero=zero)
    for unit in ("radians", "degrees")
    for direction in ("clockwise", "counterclockwise")
    for zero in ("right", "up")
]
# One car, 20 x 8 pixels, at (50, 30): heading 60 degrees.
CAR = {"x": 50.0, "y": 30.0, "length": 20.0, "width": 8.0, "heading": 60.0}


def stated(heading: float, angle: Angle) -> float:
    """Return the number by which a model states a heading."""
    turn = heading - (90 if angle.zero == "right" else 0)
    turn = turn if angle.direction == "clockwise" else -turn
    return math.radians(turn) if angle.unit == "radians" else turn


def rendered(angle: Angle | None, *, swapped: bool = False) -> np.ndarray:
    """Return rows of centre, sides, score and turn: the vehicles of the self-test picture."""
    rows = []
    for one in self_test.picture(GSD).truth.of("vehicle"):
        if angle is None:
            xs, ys = zip(*one.corners, strict=True)
            sides, turn = (max(xs) - min(xs), max(ys) - min(ys)), 0.0
        else:
            sides = (one.length_m / GSD, one.width_m / GSD)
            turn = stated(one.heading_deg, angle)
        rows.append((one.x_px, one.y_px, *(sides[::-1] if swapped else sides), 0.9, turn))
    return np.array(rows)


def answer(manifest: Manifest, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return rows of centre, sides, score and turn as a layout gives them; class 0 of 2."""
    box, score, none = rows[:, :4], rows[:, 4:5], np.zeros((len(rows), 1))
    corners = np.hstack([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2])
    if manifest.output == "yolo":
        return (np.hstack([box, score, none]).T[None],)
    if manifest.output == "yolo-obb":
        return (np.hstack([box, score, none, rows[:, 5:]]).T[None],)
    if manifest.output == "rt-detr":
        return (np.hstack([box / manifest.side, score, none])[None],)
    if manifest.angle is None:
        return (np.hstack([corners, score, none])[None],)
    return (np.hstack([box, score, none, rows[:, 5:]])[None],)


def row_of(heading: float | None, angle: Angle | None) -> np.ndarray:
    turn = 0.0 if heading is None or angle is None else stated(heading, angle)
    return np.array([[CAR["x"], CAR["y"], CAR["length"], CAR["width"], 0.9, turn]])


def single(manifest: Manifest, outputs: tuple[np.ndarray, ...]) -> user_model.search.Objects:
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    return join(run_windows(picture, manifest, lambda _: outputs), manifest)


@pytest.mark.parametrize("output", ["yolo", "rt-detr", "nms"])
def test_an_upright_box_is_read_in_each_layout(output: str) -> None:
    manifest = dataclasses.replace(YOLO, output=output)
    found = decode(answer(manifest, row_of(None, None)), manifest)
    assert (found.x, found.y) == (pytest.approx([50]), pytest.approx([30]))
    assert (found.w, found.h) == (pytest.approx([20]), pytest.approx([8]))
    assert found.turn is None and found.score == pytest.approx([0.9]) and found.kind == [0]


def test_scores_of_the_older_yolo_are_multiplied_by_its_objectness() -> None:
    table = np.array([[[50, 30, 20, 8, 0.8, 0.9, 0.1]]])
    assert decode((table,), YOLO).score == pytest.approx([0.72])


def test_logits_of_two_outputs_become_scores() -> None:
    manifest = dataclasses.replace(YOLO, output="rt-detr")
    box = np.array([[[50, 30, 20, 8]]]) / SIDE
    for outputs in ((box, np.array([[[2.0, -3.0]]])), (np.array([[[2.0, -3.0]]]), box)):
        found = decode(outputs, manifest)
        assert found.x == pytest.approx([50]) and found.score == pytest.approx([0.8808], abs=1e-4)


@pytest.mark.parametrize("output", ["yolo-obb", "nms"])
@pytest.mark.parametrize("angle", ANGLES, ids=str)
def test_a_heading_is_read_in_each_convention(output: str, angle: Angle) -> None:
    manifest = dataclasses.replace(OBB, output=output, angle=angle)
    for heading in (0.0, 90.0, 60.0, 177.0):
        found = single(manifest, answer(manifest, row_of(heading, angle)))
        assert found.heading is not None
        off = (found.heading[0] - heading + 90) % 180 - 90
        assert abs(off) < 1e-9 and (found.length, found.width) == ([20], [8])


def test_the_longer_side_is_the_length_whichever_comes_first() -> None:
    row = row_of(60.0, USUAL)
    turned = row.copy()
    turned[0, 2:4], turned[0, 5] = (8, 20), stated(150.0, USUAL)
    for one in (row, turned):
        found = single(OBB, answer(OBB, one))
        assert found.length == [20] and found.heading == pytest.approx([60.0])


def test_classes_that_are_left_out_and_low_scores_are_not_proposed() -> None:
    rows = np.repeat(row_of(None, None), 3, axis=0)
    rows[:, 0] = 50, 100, 150
    (table,) = answer(YOLO, rows)
    table[0, 4:, 1] = 0.1, 0.9  # a plane
    table[0, 4, 2] = 0.49
    assert decode((table,), YOLO).x == pytest.approx([50])


@pytest.mark.parametrize(
    ("manifest", "outputs", "says"),
    [
        (YOLO, (np.zeros((1, 84, 100)),), r"gives \(1, 84, 100\), .* which is \(1, 6, N\)"),
        (YOLO, (np.zeros((2, 6, 100)),), "correct `output`"),
        (YOLO, (np.zeros(6),), "correct `output`"),
        (YOLO, (), "gives nothing"),
        (YOLO, (np.full((1, 6, 9), np.nan),), "not finite"),
        (YOLO, (np.full((1, 6, 9), 5.0),), "scores from 5 to 5"),
        (YOLO, (np.full((1, 6, 9), -2.0),), "scores from -2 to -2"),
        (YOLO, (np.full((1, 6, 2001), 1.0),), "proposes 2,001 objects in one window"),
        (OBB, (np.zeros((1, 6, 100)),), r"which is \(1, 7, N\)"),
        (dataclasses.replace(YOLO, output="nms"), (np.full((1, 9, 7), 0.9),), r"\(1, N, 6\)"),
        (dataclasses.replace(YOLO, output="nms"),
         (np.array([[[1, 1, 5, 5, 0.9, 2]]]),), "class numbers up to 2"),
        (dataclasses.replace(YOLO, output="rt-detr"), (np.zeros((1, 3, 4)),) * 3, "`rt-detr`"),
        (dataclasses.replace(YOLO, output="centre"), (np.zeros((1, 7, 9, 9)),), "160, 160"),
    ],
)  # fmt: skip
def test_an_output_that_is_not_as_stated_is_refused(manifest, outputs, says) -> None:
    with pytest.raises(RefusedError, match=says):
        decode(outputs, manifest)


def drawn(shape: tuple[int, int], cars: list[tuple[float, float, float]]) -> np.ndarray:
    """Return black ground with white rectangles of 16 x 7 pixels: x, y, heading."""
    picture = np.zeros((*shape, 3), np.uint8)
    for x, y, heading in cars:
        corners = np.array(Obb(cx=x, cy=y, length=16, width=7, heading=heading).points)
        cv2.fillPoly(picture, [np.rint(corners * 16 - 8).astype(np.int32)], (255,) * 3, shift=4)
    return picture.astype(np.float32) / 255


def blobs(window: np.ndarray) -> tuple[np.ndarray, ...]:
    """Propose the smallest turned rectangle round each bright spot, as a YOLO would state it."""
    bright = (window[0, 0] > 0.5).astype(np.uint8)
    rows = []
    for outline in cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        (x, y), (w, h), turn = cv2.minAreaRect(outline)
        score = 0.6 + 0.3 * min(1.0, cv2.contourArea(outline) / 150)
        rows.append((x + 0.5, y + 0.5, w + 1, h + 1, score, math.radians(turn)))
    return answer(OBB, np.array(rows).reshape(-1, 6))


def test_no_object_is_lost_or_doubled_at_the_borders_of_windows() -> None:
    rng = np.random.default_rng(3)
    cars = [
        (20.0 + 21 * i, 20.0 + 21 * k, float(rng.uniform(0, 180)))
        for i, k in itertools.product(range(30), range(24))
    ]
    picture = drawn((540, 700), cars)
    found = join(run_windows(picture, OBB, blobs), OBB)
    assert len(found.x) == len(cars)
    for x, y, heading in cars:
        near = int(np.argmin(np.hypot(found.x - x, found.y - y)))
        assert math.hypot(found.x[near] - x, found.y[near] - y) < 1
        assert abs((found.heading[near] - heading + 90) % 180 - 90) < 12
    windows = list(run_windows(picture, OBB, blobs))
    assert len(windows) == 3 * 2  # 320 pixels, 80 of them shared with the next
    assert sum(len(decode(one.outputs, OBB).x) for one in windows) > 1.3 * len(cars)


def test_a_long_lorry_is_whole_in_the_window_that_proposes_it() -> None:
    for x in range(200, 640, 9):
        picture = np.zeros((SIDE, 900, 3), np.float32)
        picture[100:110, x - 30 : x + 30] = 1
        found = join(run_windows(picture, OBB, blobs), OBB)
        assert len(found.x) == 1 and found.length[0] == pytest.approx(60, abs=1)


@pytest.mark.parametrize(
    ("dx", "dy", "heading", "stay"),
    [
        (0.0, 0.0, 60.0, 1),  # the same once more
        (0.0, 9.0, 60.0, 2),  # the next in a row
        (5.2, -3.0, 60.0, 1),  # 6 of 20 further along: 0.54 of the union is shared
        (6.1, -3.5, 60.0, 2),  # 7 further: 0.48
        (2.0, 0.0, 150.0, 1),  # across the same place
        (3.0, 0.0, 150.0, 2),  # centres further apart than 0.3 of the width
    ],
)
def test_boxes_of_one_object_are_joined_and_neighbours_stay(dx, dy, heading, stay) -> None:
    rows = np.vstack([row_of(60.0, USUAL), row_of(heading, USUAL)])
    rows[1, :2] += dx, dy
    rows[1, 4] = 0.8
    found = single(OBB, answer(OBB, rows))
    assert len(found.x) == stay and found.score[0] == pytest.approx(0.9)


def test_vehicles_side_by_side_stay_though_they_are_turned() -> None:
    turn = math.radians(45)
    rows = np.vstack([row_of(45.0, USUAL)] * 6)
    rows[:, 0] += np.arange(6) * 9 * math.cos(turn)
    rows[:, 1] += np.arange(6) * 9 * math.sin(turn)
    assert len(single(OBB, answer(OBB, rows)).x) == 6


def model_of(manifest: Manifest, content: bytes = b"") -> UserModel:
    return UserModel(name="mine.onnx", content=content, manifest=manifest, manifest_name="mine.yml")


@pytest.mark.parametrize("true", ANGLES, ids=str)
def test_the_self_test_names_the_convention_that_fits(true: Angle) -> None:
    rows = rendered(true)
    for claimed in ANGLES:
        manifest = dataclasses.replace(OBB, angle=claimed)
        outputs = answer(manifest, rows)
        if claimed == true:
            said = self_test.check(model_of(manifest), lambda _, given=outputs: given)
            assert "finds 16 of 16" in said[0] and "within 0 degrees" in said[0]
            assert len(said) == 1
            continue
        with pytest.raises(UsageError, match=f"set `angle: {true}`, which is off by 0") as told:
            self_test.check(model_of(manifest), lambda _, given=outputs: given)
        assert told.value.file == "mine.yml" and told.value.exit_code == 2


def test_sides_in_the_wrong_order_read_as_headings_off_by_90_degrees() -> None:
    outputs = answer(OBB, rendered(USUAL, swapped=True))
    with pytest.raises(UsageError, match=r"off by 90 degrees.*radians clockwise from up"):
        self_test.check(model_of(OBB), lambda _: outputs)


def test_headings_that_no_convention_explains_are_stated() -> None:
    rows = rendered(USUAL)
    rows[:, 5] = np.random.default_rng(1).permutation(rows[:, 5])
    said = self_test.check(model_of(OBB), lambda _: answer(OBB, rows))
    assert "No convention of angles explains its headings" in said[1]


def test_a_few_wrong_headings_do_not_refuse_a_model() -> None:
    rows = rendered(USUAL)
    rows[:5, 5] += math.pi / 2
    assert len(self_test.check(model_of(OBB), lambda _: answer(OBB, rows))) == 1


def test_upright_boxes_with_swapped_sides_are_refused() -> None:
    right, wrong = rendered(None), rendered(None, swapped=True)
    assert "16 of 16" in self_test.check(model_of(YOLO), lambda _: answer(YOLO, right))[0]
    with pytest.raises(RefusedError, match=r"swapped \(6 of 6"):
        self_test.check(model_of(YOLO), lambda _: answer(YOLO, wrong))


@pytest.mark.parametrize(("colours", "values"), [("bgr", "0-1"), ("rgb", "0-255")])
def test_wrong_colours_or_values_are_named(colours: str, values: str) -> None:
    rows = rendered(USUAL)

    def sees_sand(window: np.ndarray) -> tuple[np.ndarray, ...]:
        red, blue = window[0, 0].mean(), window[0, 2].mean()
        return answer(OBB, rows if blue + 0.02 < red < 1 else rows[:3])

    manifest = dataclasses.replace(OBB, colours=colours, values=values)
    said = self_test.check(model_of(manifest), sees_sand)
    assert "finds 3 of 16" in said[0] and "too few to test its headings" in said[0]
    assert said[1] == "With `colours: rgb` and `values: 0-1` it finds 16: correct its manifest."


def test_values_that_make_a_model_fire_everywhere_are_not_recommended() -> None:
    rows = rendered(USUAL)
    grid = np.array(list(itertools.product(range(8, SIDE, 24), range(8, SIDE, 24))))
    sides = np.full((len(grid), 2), 20.0)
    clutter = np.hstack([grid, sides, np.full((len(grid), 1), 0.9), sides * 0])[:, :6]

    def overdriven(window: np.ndarray) -> tuple[np.ndarray, ...]:
        return answer(OBB, clutter if window.max() > 1 else rows[:11])

    said = self_test.check(model_of(OBB), overdriven)
    assert len(said) == 1 and "finds 11 of 16" in said[0]


def test_scores_beyond_one_with_other_values_are_no_answer() -> None:
    rows = rendered(USUAL)[:3]

    def overdriven(window: np.ndarray) -> tuple[np.ndarray, ...]:
        (table,) = answer(OBB, rows)
        return (table * np.where(np.arange(7) == 4, 9, 1)[:, None] if window.max() > 1 else table,)

    assert len(self_test.check(model_of(OBB), overdriven)) == 1


def test_a_picture_goes_in_as_stated() -> None:
    picture = np.zeros((2, 2, 3), np.float32)
    picture[..., 0] = 0.485
    picture[..., 2] = 1.0
    means = {
        ("rgb", "0-1"): (0.485, 0, 1),
        ("bgr", "0-255"): (255, 0, 0.485 * 255),
        ("bgr", "imagenet"): ((1 - 0.406) / 0.225, -0.456 / 0.224, 0),
    }
    for (colours, values), expected in means.items():
        given = dataclasses.replace(OBB, colours=colours, values=values).input_of(picture)
        assert given.shape == (1, 3, 2, 2) and given.dtype == np.float32
        assert given[0, :, 1, 1] == pytest.approx(expected, abs=1e-4)


def test_data_in_another_file_is_refused_before_the_model_is_loaded() -> None:
    entry = onnx_files.field(1, "location") + onnx_files.field(2, "../../etc/passwd")
    weights = onnx_files.tensor("w", np.ones(1, np.float32)) + onnx_files.field(13, entry)
    inside = onnx_files.node("Constant", [], ["c"], onnx_files.tensor_attribute("value", weights))
    for graph in (
        onnx_files.graph([], [weights], [], []),
        onnx_files.graph([inside], [], [], []),
        onnx_files.graph([], [weights[:7] + onnx_files.field(14, 1)], [], []),
    ):
        with pytest.raises(RefusedError, match="weights in another file"):
            onnx_file.check(onnx_files.model(graph))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no ONNX file"),
        (b"\x89PNG\r\n\x1a\n", "no ONNX file"),
        (b"PK\x03\x04data.pkl", "can run any program"),
        (b"\x80\x02}q\x00.", "can run any program"),
        (onnx_files.fixed(np.ones((1, 7, 4)), side=64)[:-9], "no ONNX file"),
        (onnx_files.field(7, 8), "no ONNX file"),
    ],
)
def test_what_is_no_onnx_is_refused_by_its_bytes(content: bytes, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        onnx_file.check(content)


def test_more_fields_than_a_network_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    onnx_file.check(onnx_files.fixed(np.ones((1, 7, 4)), side=64))
    monkeypatch.setattr(onnx_file, "_MOST_FIELDS", 30)
    with pytest.raises(RefusedError, match="no ONNX file"):
        onnx_file.check(onnx_files.fixed(np.ones((1, 7, 4)), side=64))


def test_deep_nesting_is_refused() -> None:
    inner = onnx_files.graph([], [], [], [])
    for _ in range(30):
        node = onnx_files.node("If", ["c"], ["o"], onnx_files.graph_attribute("then", inner))
        inner = onnx_files.graph([node], [], [], [])
    with pytest.raises(RefusedError, match="no ONNX file"):
        onnx_file.check(onnx_files.model(inner))


@pytest.mark.slow
def test_the_network_runs_in_a_process_of_its_own() -> None:
    values = np.arange(70.0).reshape(1, 7, 10), np.arange(6.0).reshape(1, 2, 3)
    content = onnx_files.fixed(*values, side=64)
    onnx_file.check(content)
    with NetworkProcess(content, side=64) as process:
        for _ in range(2):
            found = process.run(np.zeros((1, 3, 64, 64), np.float32))
            assert [one.tolist() for one in found] == [one.tolist() for one in values]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "seconds", "says"),
    [
        (onnx_files.filled(1, 3, 40_000, 40_000, side=64), 60, "memory"),
        (onnx_files.endless(64), 3, "no answer within 3 s"),
        (onnx_files.model(onnx_files.graph([], [], [], [])), 60, "could not be run"),
        (onnx_files.filled(1, 3, 2400, 2400, side=64), 60, "larger than 64 MB"),
    ],
    ids=["19 GB", "endless", "empty", "large answer"],
)  # fmt: skip
def test_a_hostile_model_ends_in_one_sentence(content: bytes, seconds: float, says: str) -> None:
    onnx_file.check(content)
    with (
        pytest.raises(RefusedError, match=says),
        NetworkProcess(content, side=64, seconds=seconds) as process,
    ):
        process.run(np.zeros((1, 3, 64, 64), np.float32))


@pytest.mark.slow
def test_a_network_of_the_own_recipe_proposes_what_the_shipped_one_does(monkeypatch) -> None:
    # A user's network sees one view.
    monkeypatch.setattr(centres, "VIEWS", ((0, False),))
    rng = np.random.default_rng(2)
    row = scene.formation(
        rng, bodies=["box lorry"], at=(35, 60), count=8, heading_deg=30, side_by_side=False, gap_m=4
    )
    plan = scene.Scene(
        width_m=130, height_m=100, vehicles=row,
        terrain=scene.Terrain(seed=2, texture=0.4, relief_m=0.3),
    )  # fmt: skip
    rgb = scene.render(plan, gsd=0.3, sun_elevation_deg=45, sun_azimuth_deg=140, seed=1).rgb
    shipped_ones = detect.vehicles(rgb, gsd=0.3).proposals
    content = centres.resources.files("imgcheck.detect").joinpath("models/vehicles.onnx")
    manifest = Manifest(
        output="centre", classes=(("vehicle", "vehicle"),), gsd_m=GSD, side=256,
        threshold=1 / (1 + math.exp(-shipped.vehicle_model().threshold)),
    )  # fmt: skip
    found = user_model.find(rgb, gsd=0.3, model=model_of(manifest, content.read_bytes()))
    assert len(shipped_ones) >= 6 and abs(len(found.annotations) - len(shipped_ones)) <= 1
    for one in found.annotations:
        assert isinstance(one.geometry, Obb) and one.p is None
        near = min(
            shipped_ones, key=lambda p: math.hypot(p.cx - one.geometry.cx, p.cy - one.geometry.cy)
        )
        assert math.hypot(near.cx - one.geometry.cx, near.cy - one.geometry.cy) < 2
    assert "rendered vehicles of the self-test picture, with headings" in found.remarks[0]


def test_a_picture_too_coarse_for_the_model_is_not_searched() -> None:
    found = user_model.find(np.zeros((40, 40, 3), np.uint8), gsd=0.8, model=model_of(OBB))
    assert found.share_searched == 0 and "0.75 m or finer is needed" in found.reason


def test_a_picture_far_too_large_at_the_scale_of_the_model_is_refused() -> None:
    manifest = dataclasses.replace(OBB, gsd_m=0.001)
    picture = np.broadcast_to(np.uint8(9), (8000, 8000, 3))
    with pytest.raises(RefusedError, match="576 megapixels"):
        user_model.find(picture, gsd=0.003, model=model_of(manifest))


def test_boxes_without_a_heading_have_no_sizes_in_metres() -> None:
    upright = single(YOLO, answer(YOLO, row_of(None, None)))
    made = user_model.search._annotations(
        upright, np.ones((SIDE, SIDE), bool), scale=(2.0, 2.0), gsd=0.5, model=model_of(YOLO)
    )
    assert made[0].geometry == Box(x=80.0, y=52.0, width=40.0, height=16.0)
    assert made[0].measures == {} and made[0].cls == "vehicle.light" and made[0].label == "car"
