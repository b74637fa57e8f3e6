"""Run a centre-point network over a picture of any size, and read the objects off its maps."""

import math
from dataclasses import dataclass
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

STRIDE = 2  # picture pixels per cell of the maps
# Receptive field: 119 pixels, and windows start on multiples of the coarsest level. Between 64
# pixels of context and the whole picture no difference is left.
HALO_PX = 64
_COARSEST = 16
# With its halo a window covers 1.13 times its own area; the largest layer then takes 76 MB.
WINDOW_PX = 2048
# Views whose maps are averaged: quarter turns clockwise, after mirroring left and right or not.
VIEWS = ((0, False), (2, False), (0, True), (2, True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """Peaks of the heat map, best first; pixels of the picture that was searched.

    ``heat`` is the logit of the peak; ``values`` are those of the maps after the third there.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heat: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Vehicles, best first; pixels of the picture that was searched.

    ``heat`` is the logit of the peak; ``length`` and ``width`` are metres.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    length: NDArray[np.float64]
    width: NDArray[np.float64]
    heading: NDArray[np.float64]
    heat: NDArray[np.float64]


def read(name: str) -> cv2.dnn.Net:
    """Read a network of the package. It is not shared: a network of OpenCV serves one thread."""
    return load(content(name))


def content(name: str) -> bytes:
    """Read the bytes of a network of the package."""
    return (resources.files("imgcheck.detect") / "models" / name).read_bytes()


def load(onnx: bytes) -> cv2.dnn.Net:
    """Load a network from the bytes of an ONNX file."""
    return cv2.dnn.readNetFromONNX(np.frombuffer(onnx, np.uint8))


def run(net: cv2.dnn.Net, picture: NDArray[np.float32], *, window: int = WINDOW_PX) -> Maps:
    """Return the maps (K, rows, columns) of a picture (M, N, planes).

    The picture is cut into windows with a halo of the receptive field, so that the maps do not
    depend on the cut. Each is searched in several views, and their maps are averaged.
    """
    rows, columns = picture.shape[:2]
    padded = cv2.copyMakeBorder(
        picture, 0, -rows % _COARSEST, 0, -columns % _COARSEST, cv2.BORDER_REPLICATE
    )
    high, wide = padded.shape[:2]
    step = max(_COARSEST, window // _COARSEST * _COARSEST)
    out = np.empty((0, 0, 0), np.float32)
    for top in range(0, high, step):
        for left in range(0, wide, step):
            bottom, right = min(high, top + step), min(wide, left + step)
            above, before = max(0, top - HALO_PX), max(0, left - HALO_PX)
            part = np.asarray(
                padded[above : bottom + HALO_PX, before : right + HALO_PX], np.float32
            )
            maps = _seen(net, part, *VIEWS[0])
            for view in VIEWS[1:]:
                maps += _seen(net, part, *view)
            maps /= len(VIEWS)
            if not out.size:
                out = np.empty((len(maps), high // STRIDE, wide // STRIDE), np.float32)
            row, column = (top - above) // STRIDE, (left - before) // STRIDE
            size = (bottom - top) // STRIDE, (right - left) // STRIDE
            out[:, top // STRIDE : bottom // STRIDE, left // STRIDE : right // STRIDE] = maps[
                :, row : row + size[0], column : column + size[1]
            ]
    return out[:, : -(-rows // STRIDE), : -(-columns // STRIDE)]


def _seen(net: cv2.dnn.Net, part: NDArray[np.float32], quarters: int, mirrored: bool) -> Maps:
    """Return the maps of a window that the network sees turned or mirrored, turned back.

    Maps 1 and 2 are a shift right and down; 5 and 6, where there are such, the sine and cosine of
    twice a heading.
    """
    view = np.rot90(part[:, ::-1] if mirrored else part, -quarters)
    net.setInput(np.ascontiguousarray(view.transpose(2, 0, 1))[None])
    maps = np.array(np.rot90(net.forward()[0], quarters, axes=(1, 2)))
    for _ in range(quarters):
        maps[1], maps[2] = maps[2], -maps[1]
        maps[5:] *= -1  # twice the heading: a half turn
    if mirrored:
        maps = maps[:, :, ::-1]
        maps[1::4] *= -1
    return maps


def peaks(maps: Maps, *, floor: float) -> Peaks:
    """Return the local maxima of the heat, a logit, of at least ``floor``."""
    heat = maps[0]
    peak = (heat >= floor) & (heat >= cv2.dilate(heat, np.ones((3, 3), np.uint8)))
    row, column = np.nonzero(peak)
    order = np.lexsort((column, row, -heat[row, column]))
    row, column = row[order], column[order]
    dx, dy, *values = maps[1:, row, column].astype(np.float64)
    return Peaks(
        x=(column + 0.5 + np.clip(dx, -4, 4)) * STRIDE,
        y=(row + 0.5 + np.clip(dy, -4, 4)) * STRIDE,
        heat=heat[row, column].astype(np.float64),
        values=np.array(values).reshape(len(values), len(row)),
    )


def boxes(maps: Maps, *, floor: float) -> Boxes:
    """Return the vehicles at the peaks of the maps."""
    found = peaks(maps, floor=floor)
    length, width, sine, cosine = found.values
    return Boxes(
        x=found.x,
        y=found.y,
        length=np.exp(np.clip(length, math.log(1.0), math.log(30.0))),
        width=np.exp(np.clip(width, math.log(0.5), math.log(10.0))),
        heading=np.degrees(np.arctan2(sine, cosine)) / 2 % 180,
        heat=found.heat,
    )


def best_boxes(found: Boxes, *, gsd: float) -> NDArray[np.intp]:
    """Return the indices of the objects to keep, best first.

    One is dropped when its centre lies in the middle of a better one: within 0.5 of its length
    and 0.6 of its width, so that vehicles parked side by side or in a row are kept.
    """
    kept: list[int] = []
    left = np.argsort(-found.heat, kind="stable")
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        turn = math.radians(found.heading[best])
        dx, dy = (found.x[rest] - found.x[best]) * gsd, (found.y[rest] - found.y[best]) * gsd
        along = np.abs(dx * math.sin(turn) - dy * math.cos(turn))
        across = np.abs(dx * math.cos(turn) + dy * math.sin(turn))
        long = np.maximum(found.length[rest], found.length[best])
        wide = np.maximum(found.width[rest], found.width[best])
        left = rest[(along > 0.5 * long) | (across > 0.6 * wide)]
    return np.array(kept, np.intp)
