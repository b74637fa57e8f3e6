"""``imgcheck frames``, and what is said of inputs that are not a picture."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from imgcheck.cli import run


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Make six seconds: dark, then bright from the third."""
    path = tmp_path / "clip.mp4"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (160, 120))
    for n in range(60):
        video.write(np.full((120, 160, 3), 40 if n < 30 else 200, np.uint8))
    video.release()
    return path


def test_each_scene_gives_a_frame_with_its_time(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["frames", str(clip), "-o", str(tmp_path / "out"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "frames.json").read_text(encoding="utf-8"))
    assert printed["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    dark, bright = printed["frames"]
    assert (dark["seconds"], bright["seconds"]) == (0.0, 3.0)
    for frame, grey in ((dark, 40), (bright, 200)):
        path = tmp_path / "out" / frame["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == frame["sha256"]
        with Image.open(path) as opened:
            assert opened.size == (frame["width"], frame["height"]) == (160, 120)
            assert abs(float(np.asarray(opened).mean()) - grey) < 6


def test_more_frames_of_a_long_scene_and_none_is_overwritten(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(["frames", str(clip), "-o", str(out), "--every", "1"]) == 0
    assert len(list(out.glob("*.png"))) == 6
    assert run(["frames", str(clip), "-o", str(out), "--every", "1"]) == 2
    assert run(["frames", str(clip), "-o", str(out), "--every", "1", "--force"]) == 0


def test_what_is_no_video_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    assert run(["frames", str(tmp_path / "a.txt"), "-o", str(tmp_path / "out")]) == 2
    assert "is no video" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_video_a_folder_and_an_address_are_refused_with_the_way_out(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(clip)]) == 4
    assert "imgcheck frames takes pictures" in capsys.readouterr().err
    assert run(["verify", str(tmp_path)]) == 2
    assert f"use imgcheck batch {tmp_path} -o DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    ["verify @", "verify x.png --reference @@2017-01-01", "verify x.png --claim @", "locate @",
     "inspect @", "index add k.db @", "batch @ -o o", "frames @ -o f", "case add c @",
     "annotate draw x.png @ -o y.png"],
)  # fmt: skip
def test_an_address_is_refused_everywhere_as_it_was_written(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    address = "https://example.org/a.jpg"
    assert run(words.replace("@", address, 1).split()) == 4
    said = capsys.readouterr().err
    assert f"{address}: is a web address; download the file first" in said
