"""Real vehicles cut out of their pictures, to be pasted onto other ground.

Vehicles of the KIT streets are cut by their upright boxes where those are elongated, so that the
heading is known. Those of `overhead/niza` were marked by hand in `niza_vehicles.csv`: the middle
of one end and of the other, and the width, in pixels of the cut-out.
"""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training import pictures as data

# From the lengths of the cars, about 4.3 m, in the pictures of niza.
NIZA_GSD = 0.0226
_GSD = 0.1  # of the cut-outs
_ROOM = 1.35  # cut-out, in lengths and widths of the vehicle
_MARKS = Path(__file__).with_name("niza_vehicles.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle that points up: pixels of 0.1 m, opacity (M, N) in [0, 1], size in metres."""

    rgb: NDArray[np.float32]
    opacity: NDArray[np.float32]
    length_m: float
    width_m: float


def cut_out(
    picture: NDArray[np.uint8],
    middle: tuple[float, float],
    length: float,
    width: float,
    heading_deg: float,
    *,
    gsd: float,
) -> Vehicle:
    """Cut a vehicle (pixels, degrees clockwise from up) out of a picture and turn it up."""
    high, wide = (math.ceil(size * gsd * _ROOM / _GSD) for size in (length, width))
    turn, scale = math.radians(heading_deg), gsd / _GSD
    matrix = scale * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    off = np.array([wide / 2 - 0.5, high / 2 - 0.5]) - matrix @ (np.array(middle) - 0.5)
    soft = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale) if scale < 0.8 else picture
    rgb = cv2.warpAffine(soft, np.c_[matrix, off], (wide, high), borderMode=cv2.BORDER_REFLECT_101)
    opacity = np.zeros((high, wide), np.float32)
    half = np.array([width, length]) * scale / 2 * 1.04
    low, top = (round(v) for v in np.array([wide, high]) / 2 - half)
    cv2.rectangle(opacity, (low, top), (wide - 1 - low, high - 1 - top), 1.0, -1)
    # Corners of cars are round, and upright boxes are a little too large.
    opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), 2.5), np.float32)
    return Vehicle(rgb=rgb.astype(np.float32), opacity=opacity, length_m=length * gsd,
                   width_m=width * gsd)  # fmt: skip


def from_street(scene: str) -> list[Vehicle]:
    """Return the vehicles of a KIT street whose boxes are elongated and inside the picture."""
    gsd = 0.125
    out = []
    for picture, boxes in data.vehicle_frames(scene, gsd=gsd):
        high, wide = picture.shape[:2]
        for kind, x, y, w, h in boxes:
            inside = w / 2 < x < wide - w / 2 and h / 2 < y < high - h / 2
            if kind == 4 or not inside or max(w, h) <= 1.75 * min(w, h):
                continue
            heading = 90.0 if w > h else 0.0
            out.append(cut_out(picture, (x, y), max(w, h), min(w, h), heading, gsd=gsd))
    return out


def from_niza() -> list[Vehicle]:
    """Return the vehicles of `niza` that were marked by hand."""
    out = []
    with _MARKS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            path = data.folder() / "overhead" / "niza" / row["file"]
            x1, y1, x2, y2, width = (float(row[key]) for key in ("x1", "y1", "x2", "y2", "width"))
            out.append(
                cut_out(
                    np.asarray(Image.open(path).convert("RGB")),
                    ((x1 + x2) / 2, (y1 + y2) / 2),
                    math.hypot(x2 - x1, y2 - y1),
                    width,
                    math.degrees(math.atan2(x2 - x1, y1 - y2)),
                    gsd=NIZA_GSD,
                )
            )
    return out


def paste(
    tile: NDArray[np.float32],
    vehicle: Vehicle,
    *,
    at: tuple[float, float],
    heading_deg: float,
    scale: float,
    gsd: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return a tile with a vehicle at a point (pixels), with a gain and a shadow of its own."""
    factor, turn = _GSD / gsd * scale, math.radians(heading_deg)
    matrix = factor * np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    high, wide = vehicle.opacity.shape
    off = np.array(at) - 0.5 - matrix @ [wide / 2 - 0.5, high / 2 - 0.5]
    whole, size = np.c_[matrix, off], tile.shape[1::-1]
    sigma = 0.4 / factor
    rgb = cv2.warpAffine(cv2.GaussianBlur(vehicle.rgb, (0, 0), sigma), whole, size,
                         borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    mask = cv2.warpAffine(cv2.GaussianBlur(vehicle.opacity, (0, 0), sigma), whole, size)[..., None]
    direction, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0, 2.0) / gsd
    shift = np.array([[1, 0, reach * math.cos(direction)], [0, 1, reach * math.sin(direction)]])
    shade = cv2.warpAffine(mask[..., 0], shift, size)[..., None] * rng.uniform(0.2, 0.65)
    gain = rng.uniform(0.7, 1.3) * rng.normal(1, 0.05, 3)
    out = tile * (1 - shade)
    return np.asarray(out * (1 - mask) + rgb * gain * mask, np.float32)
