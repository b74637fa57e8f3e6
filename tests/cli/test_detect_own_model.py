"""``imgcheck detect --model`` with small ONNX files made in the test."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcheck.cli import run
from imgcheck.model.documents import DetectDocument
from tests.detect import onnx_files
from tests.detect.test_user_model import OBB, SIDE, USUAL, YOLO, answer, rendered

MANIFEST = """\
output: yolo-obb
classes:
  car: vehicle.light
  plane: ignore
gsd_m: 0.25
side: 320
threshold: 0.5
angle: radians clockwise from right
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a picture, a model of an empty file and a manifest."""
    grain = np.random.default_rng(1).integers(90, 140, (288, 288, 3)).astype(np.uint8)
    Image.fromarray(grain).save(tmp_path / "post.png")
    (tmp_path / "mine.onnx").write_bytes(b"")
    (tmp_path / "mine.yml").write_text(MANIFEST, "utf-8")
    return tmp_path


def words(folder: Path, *more: str) -> list[str]:
    model = str(folder / "mine.onnx")
    return ["detect", str(folder / "post.png"), "--gsd", "0.25", "--model", model, *more]


@pytest.mark.slow
@pytest.mark.parametrize("output", ["yolo", "yolo-obb", "rt-detr", "nms", "nms with angle"])
def test_each_layout_gives_proposals_without_probability(folder: Path, output, capsys) -> None:
    turned = output in ("yolo-obb", "nms with angle")
    layout = output.split()[0]
    manifest = MANIFEST.replace("output: yolo-obb", f"output: {layout}")
    if not turned:
        manifest = manifest[: manifest.index("angle:")]
    (folder / "mine.yml").write_text(manifest, "utf-8")
    plan = OBB if turned else YOLO
    plan = type(plan)(**{n: getattr(plan, n) for n in plan.__slots__} | {"output": layout})
    made = answer(plan, rendered(USUAL if turned else None))
    (folder / "mine.onnx").write_bytes(onnx_files.fixed(*made, side=SIDE))
    assert run(words(folder, "--class", "vehicle", "--json", "-o", str(folder / "out"))) == 0
    said = json.loads(capsys.readouterr().out)
    assert DetectDocument.from_json(said).to_json() == said
    number = said["counts"]["vehicle"]
    assert number["proposed"] == len(said["annotations"]) == 16
    assert number["low"] is number["median"] is number["high"] is number["calibration"] is None
    assert number["reason"] == "this model's errors are not known"
    assert "finds 16 of 16 rendered vehicles" in said["limits"][0]
    for one in said["annotations"]:
        assert (one["class"], one["label"], one["p"]) == ("vehicle.light", "car", None)
        assert one["geometry"]["type"] == ("obb" if turned else "box")
        assert set(one["measures"]) == ({"length", "width"} if turned else set())
        assert one["provenance"]["name"] == "mine.onnx"
        assert len(one["provenance"]["details"]["model_sha256"]) == 64
        assert one["provenance"]["details"]["manifest"] == "mine.yml"
    assert (folder / "out" / "detect.png").exists()


@pytest.mark.slow
def test_the_terminal_says_that_the_number_is_not_bounded(folder: Path, capsys) -> None:
    made = answer(OBB, rendered(USUAL))
    (folder / "mine.onnx").write_bytes(onnx_files.fixed(*made, side=SIDE))
    assert run(words(folder)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "16 vehicles proposed; their true number is not bounded: this model's errors are not known."
        in said
    )
    assert "vehicle-1 ; car; x " in said and "p unknown" in said
    assert "crater" in said  # by the shipped detector


@pytest.mark.slow
def test_a_wrong_angle_is_named_with_the_one_that_fits(folder: Path, capsys) -> None:
    made = answer(OBB, rendered(USUAL))
    (folder / "mine.onnx").write_bytes(onnx_files.fixed(*made, side=SIDE))
    (folder / "mine.yml").write_text(MANIFEST.replace("from right", "from up"), "utf-8")
    assert run(words(folder, "--json")) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["file"] == "mine.yml" and "off by 90 degrees" in error["message"]
    assert "set `angle: radians clockwise from right`" in error["message"]


@pytest.mark.slow
def test_a_model_that_lies_about_its_output_is_refused(folder: Path, capsys) -> None:
    (folder / "mine.onnx").write_bytes(onnx_files.fixed(np.zeros((1, 84, 10)), side=SIDE))
    assert run(words(folder)) == 4
    assert "mine.onnx: gives (1, 84, 10), and the manifest states" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("output: yolo-obb", "output: ssd", 'mine.yml:1: output: "ssd" is none of yolo, yolo-obb'),
        ("side: 320\n", "", 'mine.yml:1: "side" is missing; a manifest needs output, classes'),
        ("side: 320", "side: 9", "mine.yml:6: side: 9 is outside 64 to 2048 pixels"),
        ("gsd_m: 0.25", "gsd_m: 25 cm", 'mine.yml:5: gsd_m: "25 cm" is not a number'),
        ("threshold: 0.5", "threshold: 1", "mine.yml:7: threshold: 1 is outside 0.01 to 0.99"),
        ("vehicle.light", "car", 'mine.yml:3: class "car": "car" is none of vehicle, vehicle.'),
        ("vehicle.light", "ignore", "mine.yml:3: no class is a vehicle"),
        ("radians clockwise", "rad", 'mine.yml:8: angle: "rad from right" is not "UNIT DIRECTION'),
        ("angle: radians clockwise from right\n", "", 'mine.yml:1: "angle" is missing, for exam'),
        ("output: yolo-obb", "output: yolo", 'mine.yml:8: "yolo" has no angle; leave "angle" out'),
        ("output: yolo-obb", "output: centre", 'mine.yml:8: "centre" has no angle'),
        ("threshold", "treshold", 'mine.yml:7: a manifest has no "treshold"; accepted: angle, '),
        ("angle", "colours: cmyk\nangle", 'mine.yml:8: colours: "cmyk" is none of rgb, bgr'),
        (MANIFEST, "", "mine.yml:1: is empty; it needs output"),
        (MANIFEST, "[", "mine.yml:1: is not YAML"),
        ("classes:\n  car: vehicle.light\n  plane: ignore\n", "classes: [car]\n",
         'mine.yml:2: "classes" lists all classes'),
    ],
)  # fmt: skip
def test_an_error_in_a_manifest_names_line_and_accepted_forms(
    folder: Path, old: str, new: str, says: str, capsys
) -> None:
    (folder / "mine.yml").write_text(MANIFEST.replace(old, new), "utf-8")
    assert run(words(folder)) == 2
    assert says in capsys.readouterr().err


def test_files_that_run_programs_are_never_opened(folder: Path, capsys) -> None:
    for name, content in (("best.pt", b"PK\x03\x04"), ("mine.onnx", b"\x80\x02.")):
        (folder / name).write_bytes(content)
        given = [*words(folder)[:-1], str(folder / name)]
        assert run(given) == 4
        assert "export the model to ONNX" in capsys.readouterr().err


def test_what_is_missing_is_named(folder: Path, capsys) -> None:
    (folder / "mine.yml").unlink()
    assert run(words(folder)) == 4
    assert "mine.yml: is missing; it states how the output" in capsys.readouterr().err
    assert run(words(folder, "--class", "crater")) == 2
    (folder / "mine.onnx").unlink()
    assert run(words(folder)) == 4
    assert "does not exist" in capsys.readouterr().err
