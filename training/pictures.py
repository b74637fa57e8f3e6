"""Real scenes and places for the benchmarks of imgcheck.detect, and how proposals are matched."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]

# Metres per pixel are not given by the source: the median length of the cars that stand along
# an image axis (35.4, 37.5 and 82 px) over 4.4 m.
NATIVE_GSD = {"kit_mos155_179": 0.125, "kit_munichstreet02": 0.118, "dji_minsk_0005": 0.054}
TUNED_ON = ("kit_mos155_179",)
REPORTED_ON = ("kit_munichstreet02", "dji_minsk_0005")
# Classes of aerial.names: car, truck, bus, minibus, cyclist. Buses are longer than what is looked
# for and cyclists shorter: a proposal there counts neither for nor against.
COUNTED = (0, 1, 3)

NULL_TUNED = ("niza", "naip", "kit_mos155_179")
NULL_REPORTED = ("seneca", "brighton", "neon", "kit_munichstreet02", "dji_minsk_0005")


def folder() -> Path:
    """Folder of real imagery (IMGCHECK_DATA)."""
    return Path(os.environ.get("IMGCHECK_DATA", ROOT / ".." / "shared" / "data")).resolve()


def _files(where: Path, *suffixes: str) -> list[Path]:
    found = sorted(path for path in where.iterdir() if path.suffix.lower() in suffixes)
    if not found:
        raise SystemExit(f"{where}: no pictures; set IMGCHECK_DATA to the folder of real imagery")
    return found


def vehicle_frames(
    scene: str, *, gsd: float, every: int = 1
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """Pictures of one scene shrunk to a scale, with boxes (class, x, y, width, height) in px."""
    for path in _files(folder() / "vehicles" / scene, ".png", ".jpg")[::every]:
        picture = np.asarray(Image.open(path).convert("RGB"))
        factor = NATIVE_GSD[scene] / gsd
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        lines = path.with_suffix(".txt").read_text("ascii").split("\n")
        boxes = np.array([[float(v) for v in line.split()] for line in lines if line.strip()])
        boxes[:, [1, 3]] *= small.shape[1]
        boxes[:, [2, 4]] *= small.shape[0]
        yield small, boxes


def place(name: str, *, most: int) -> list[NDArray[np.uint8]]:
    """Pictures of one place, at their own scale."""
    if name == "naip":
        import rasterio

        pictures = []
        for path in _files(folder() / "stacks" / "naip", ".tif")[:: max(1, 10 // most)][:most]:
            with rasterio.open(path) as source:
                pictures.append(np.ascontiguousarray(source.read([1, 2, 3]).transpose(1, 2, 0)))
        return pictures
    group = "overhead" if (folder() / "overhead" / name).is_dir() else "vehicles"
    files = _files(folder() / group / name, ".png", ".jpg")
    chosen = files[:: max(1, len(files) // most)][:most]
    return [np.asarray(Image.open(path).convert("RGB")) for path in chosen]


def gray(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma in [0, 1]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255


def _upright(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    x, y, length, width, heading = box
    turn = np.radians(heading)
    wide = abs(length * np.sin(turn)) + abs(width * np.cos(turn))
    high = abs(length * np.cos(turn)) + abs(width * np.sin(turn))
    return x, y, float(wide), float(high)


def _overlap(a: tuple[float, ...], b: NDArray[np.float64]) -> float:
    wide = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    high = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (a[2] * a[3] + b[2] * b[3] - wide * high)


def match(
    proposed: list[tuple[float, ...]], truth: NDArray[np.float64]
) -> tuple[list[int], list[int]]:
    """Match proposals (x, y, length, width, heading; best first) with upright boxes, one to one.

    A pair matches when the overlap over union of the upright boxes is 0.2 or more, or the
    proposal's centre lies in the box.

    Returns
    -------
    labels, partners
        For every proposal 1 (real), 0 (false) or -1 (on a bus or a cyclist: left out), and the
        row of its box or -1.
    """
    labels, partners, used = [], [], set()
    for box in proposed:
        upright, best = _upright(box), (0.0, -1)
        for row, other in enumerate(truth):
            if row in used:
                continue
            inside = (
                abs(upright[0] - other[1]) < other[3] / 2
                and abs(upright[1] - other[2]) < other[4] / 2
            )
            value = max(_overlap(upright, other[1:]), 0.2 if inside else 0)
            if value >= 0.2 and value > best[0]:
                best = (value, row)
        partners.append(best[1])
        if best[1] < 0:
            labels.append(0)
        elif truth[best[1], 0] in COUNTED:
            labels.append(1)
            used.add(best[1])
        else:
            labels.append(-1)
    return labels, partners
