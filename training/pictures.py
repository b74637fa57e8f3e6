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
STREETS = ("kit_mos155_179", "kit_munichstreet02")
REPORTED_ON = ("kit_munichstreet02", "kit_mos155_179", "dji_minsk_0005")
CRATER_FREE = ("seneca", "niza", "naip", "kit_mos155_179")


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


# Cut-outs of `overhead` in which a vehicle, or something that could be one, is seen: found by eye,
# numbered in the order of the file names.
_NOT_EMPTY = {
    "niza": {0, 8, 10, 14, 15, 17, 22, 23, 26, 28, 29, 30, 31, 32, 34, 35, 36, 39, 42, 43},
    "brighton": {18, 26, 31},
    "seneca": set[int](),
    "neon": set[int](),
}


def empty_ground(name: str, *, part: int) -> list[NDArray[np.uint8]]:
    """Pictures of a place without vehicles; part 0 is for training, part 1 for reporting.

    `brighton` and `neon` are for reporting only. Neighbouring frames of a flight overlap, so the
    parts of one place are its first and its second half.
    """
    files = _files(folder() / "overhead" / name, ".png", ".jpg")
    empty = [path for k, path in enumerate(files) if k not in _NOT_EMPTY[name]]
    half = len(empty) // 2 if name in ("seneca", "niza") else 0
    chosen = empty[:half] if part == 0 else empty[half:]
    return [np.asarray(Image.open(path).convert("RGB")) for path in chosen]


# What the files of `change` are: other dates of places without craters.
_CHANGE = {
    "dsifn": ("dsifn", ("*_A.png", "*_B.png")),
    "egy": ("egy", ("*_A.png", "*_B.png")),
    "joplin": ("joplin", ("*.tif",)),
    "beijing": ("beijing", ("*.bmp", "*.jpg")),
}


def crater_free(name: str, *, most: int) -> list[NDArray[np.uint8]]:
    """Pictures of a place without craters: of `place`, or of the pairs in `change`."""
    if name not in _CHANGE:
        return place(name, most=most)
    group, patterns = _CHANGE[name]
    where = folder() / "change" / group
    files = sorted(path for pattern in patterns for path in where.rglob(pattern))
    found = []
    for path in files:
        if "gt" in path.stem.lower() or "mask" in path.stem.lower() or "label" in path.stem:
            continue
        found.append(np.asarray(Image.open(path).convert("RGB")))
    if not found:
        raise SystemExit(f"{where}: no pictures; set IMGCHECK_DATA to the folder of real imagery")
    return found[:: max(1, len(found) // most)][:most]


def gray(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma in [0, 1]."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
