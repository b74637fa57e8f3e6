"""Train the centre-point network that finds vehicles, and write it as ONNX.

    python -m training.train_vehicles --scenes FOLDER --work WORK --streets kit_mos155_179
    python -m training.train_vehicles --work WORK --export imgcheck/detect/models/vehicles.onnx

The first command trains (0.1 CPU seconds a step) and leaves WORK/checkpoint.pt; broken off and
repeated, it goes on from there. Half of the tiles are rendered (`training.vehicle_scenes`), the
rest are the KIT streets named with `--streets`, real vehicles pasted onto other ground, and real
ground without vehicles. With `--steps` it stops early. torch is needed here only; it is no
dependency of the package.
"""

import argparse
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from training import pictures as data
from training import real_vehicles
from training import vehicle_scenes as scenes
from training.centre_network import STRIDE, Course, Network, export, focal, parser
from training.jpeg import saved

Boxes = NDArray[np.float32]
TILE = 128
CHANNELS = (16, 32, 64, 128)
BATCH = 12
TOTAL = 12000  # steps of a training; the rate falls until then
# Heads: heat, dx, dy (cells), log length, log width (log metres), sin and cos of twice the heading.
HEADS = 7


def network() -> Network:
    """Return the network before training."""
    return Network(planes=3, channels=CHANNELS, heads=HEADS)


def _shaded(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Cast the shadow of a house or a cloud over a part of a tile, with straight edges."""
    side = picture.shape[0]
    mask = np.zeros((side, side), np.float32)
    middle, turn = rng.uniform(0, side, 2), rng.uniform(0, 360)
    size = (float(rng.uniform(0.5, 3) * side), float(rng.uniform(0.15, 1.2) * side))
    corners = cv2.boxPoints(((float(middle[0]), float(middle[1])), size, float(turn)))
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1.0)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.6, 2.5))), np.float32)
    # Skylight alone is bluish; the picture is coded, so a fifth of the light is half the value.
    dim = rng.uniform(0.3, 0.65) * np.array([0.94, 1.0, rng.uniform(1.0, 1.15)], np.float32)
    return picture * (1 - mask[..., None] * (1 - dim.astype(np.float32)))


def _coloured(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Change light, contrast, haze and colours, to gray in two of five tiles."""
    if rng.random() < 0.8:
        picture = picture * (rng.uniform(0.55, 1.45) * rng.normal(1, 0.06, 3).astype(np.float32))
        picture = picture + rng.uniform(-20, 25)
    if rng.random() < 0.3:
        middle = picture.mean()
        picture = middle + (picture - middle) * rng.uniform(0.45, 1.5)
    if rng.random() < 0.25:
        thick = rng.uniform(0.1, 0.5)
        picture = picture * (1 - thick) + rng.uniform(110, 210) * thick
    gray = (picture @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    kind = rng.random()
    if kind < 0.4:
        return np.repeat(gray, 3, axis=2)
    colour = picture - gray
    if kind < 0.55:  # as sharpened with a finer panchromatic band
        colour = cv2.GaussianBlur(colour, (0, 0), float(rng.uniform(1, 3)))
    elif kind < 0.75:
        colour = colour * rng.uniform(0.2, 1.5)
    return np.asarray(gray + colour, np.float32)


def degrade(tile: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make a tile look like another camera, scale, season and post."""
    picture = tile.astype(np.float32)
    if rng.random() < 0.35:
        picture = _shaded(picture, rng)
    picture = np.clip(_coloured(picture, rng), 0, 255)
    shrink = float(np.exp(rng.uniform(0, math.log(4.0)))) if rng.random() < 0.7 else 1.0
    blur = rng.uniform(0, 0.8) if rng.random() < 0.5 else 0.0
    blur = math.hypot(blur, rng.uniform(0.25, 0.5) * (shrink - 1))
    if blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    size = max(24, round(tile.shape[0] / shrink))
    if size != tile.shape[0]:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.35:  # halos
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.5))
        picture = picture + rng.uniform(0.3, 1.5) * (picture - soft)
    if rng.random() < 0.6:
        picture = picture + rng.normal(0, rng.uniform(1, 7), (*picture.shape[:2], 1))
    coded = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        coded = saved(coded, int(rng.integers(30, 96)))
    if size != tile.shape[0]:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC)[int(rng.integers(3))]
        coded = cv2.resize(coded, tile.shape[:2], interpolation=how)
    if rng.random() < 0.4:
        coded = saved(coded, int(rng.integers(35, 96)))
    return np.asarray(coded, np.uint8)


def _middle(rng: np.random.Generator, boxes: Boxes, wide: int, high: int) -> NDArray[np.float64]:
    """Return the middle of a tile: near a vehicle for seven of ten, else anywhere."""
    if len(boxes) and rng.random() < 0.7:
        near = boxes[int(rng.integers(len(boxes))), :2] + rng.uniform(-40, 40, 2)
        return np.clip(near, 0, [wide, high])
    return rng.uniform(0, 1, 2) * [wide, high]


class Tiles:
    """Draws tiles from rendered scenes, the KIT streets, pasted real vehicles and empty ground.

    ``streets`` are the names of the KIT streets that may be seen; without the one that the scenes
    were rendered on, those scenes are left out too.
    """

    def __init__(self, folder: Path, streets: tuple[str, ...]) -> None:
        self.rgb: list[NDArray[np.uint8]] = []
        self.boxes: list[Boxes] = []
        for path in sorted(folder.glob("scenes-*.npz")):
            part = np.load(path)
            edges = part["first"]
            for k, rgb in enumerate(part["rgb"]):
                if scenes.STREET in streets or not part["street"][k]:
                    self.rgb.append(rgb)
                    self.boxes.append(part["boxes"][edges[k] : edges[k + 1]])
        self.streets = [list(data.vehicle_frames(name, gsd=0.2)) for name in streets]
        self.vehicles = [real_vehicles.from_niza()]
        self.vehicles += [real_vehicles.from_street(name) for name in streets]
        self.empty = [p for name in ("seneca", "niza") for p in data.empty_ground(name, part=0)]

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Boxes]:
        """Return one tile and its boxes (pixels)."""
        kind = rng.random()
        if kind < 0.1:
            rgb, boxes = self._empty(rng), np.zeros((0, 5), np.float32)
        elif kind < 0.2:
            rgb, boxes = self._pasted(self._empty(rng), np.zeros((0, 5), np.float32), rng)
        elif kind < 0.55 and self.streets:
            rgb, boxes = self._street(rng)
            if rng.random() < 0.2:
                rgb, boxes = self._pasted(rgb, boxes, rng)
        else:
            rgb, boxes = self._rendered(rng)
            if rng.random() < 0.25:
                rgb, boxes = self._pasted(rgb, boxes, rng)
        if rng.random() < 0.2:
            rgb = self._patched(rgb, boxes, rng)
        return degrade(rgb, rng), boxes

    def _empty(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        picture = self.empty[int(rng.integers(len(self.empty)))]
        scale = float(np.exp(rng.uniform(math.log(0.3), math.log(1.5))))
        return scenes._turned(picture, rng, scale=scale, size=TILE)[0]

    def _pasted(
        self, rgb: NDArray[np.uint8], boxes: Boxes, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], Boxes]:
        """Paste real vehicles, alone or in rows, where no other one stands."""
        tile, placed = rgb.astype(np.float32), list(boxes)
        pool = self.vehicles[int(rng.integers(len(self.vehicles)))]
        heading, row = float(rng.uniform(0, 360)), rng.random() < 0.5
        at = rng.uniform(10, TILE - 10, 2)
        gap = float(rng.uniform(0.2, 1.5))
        for _ in range(int(rng.integers(1, 8))):
            one = pool[int(rng.integers(len(pool)))]
            scale = float(np.exp(rng.uniform(-0.15, 0.15)))
            size = np.array([one.length_m, one.width_m]) * scale / scenes.GSD
            if row:
                across = math.radians(heading)
                at = at + (size[1] + gap / scenes.GSD) * np.array(
                    [math.cos(across), math.sin(across)]
                )
            else:
                at, heading = rng.uniform(0, TILE, 2), float(rng.uniform(0, 360))
            turn = heading + float(rng.normal(0, 2)) + 180 * float(rng.random() < 0.3)
            box = np.array([*at, *size, turn], np.float32)
            if not (abs(at - TILE / 2) < TILE / 2 + 8).all() or _covers(box, placed):
                continue
            tile = real_vehicles.paste(tile, one, at=(float(at[0]), float(at[1])), scale=scale,
                                       heading_deg=turn, gsd=scenes.GSD, rng=rng)  # fmt: skip
            placed.append(box)
        return (np.clip(tile, 0, 255).astype(np.uint8),
                np.array(placed, np.float32).reshape(-1, 5))  # fmt: skip

    def _patched(
        self, rgb: NDArray[np.uint8], boxes: Boxes, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Lay blobs of other ground over a tile, as crowns, stones and patches of roof do.

        They have the size of vehicles and a shadow, and leave two thirds of each vehicle free.
        """
        tile, other = rgb.astype(np.float32), self._empty(rng).astype(np.float32)
        other = other * rng.uniform(0.5, 1.6)
        for _ in range(int(rng.integers(1, 6))):
            x, y = rng.uniform(0, TILE, 2)
            radius = float(np.exp(rng.uniform(math.log(4), math.log(14))))
            angles = np.arange(0, 2 * math.pi, 2 * math.pi / int(rng.choice([4, 12])))
            reach = radius * (1 + rng.uniform(0, 0.35) * rng.normal(0, 1, len(angles)))
            turn, flat = rng.uniform(0, 2 * math.pi), rng.uniform(0.45, 1)
            u, v = reach * np.cos(angles), reach * np.sin(angles) * flat
            outline = np.c_[x + u * math.cos(turn) - v * math.sin(turn),
                            y + u * math.sin(turn) + v * math.cos(turn)]  # fmt: skip
            mask = np.zeros((TILE, TILE), np.float32)
            cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0)
            if any(_hidden(mask, box) > 0.33 for box in boxes):
                continue
            mask = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
            shift = np.array([[1, 0, rng.uniform(-6, 6)], [0, 1, rng.uniform(-6, 6)]])
            shade = cv2.warpAffine(mask[..., 0], shift, (TILE, TILE))[..., None]
            tile = tile * (1 - shade * rng.uniform(0, 0.6))
            tile = tile * (1 - mask) + other * mask
        return np.clip(tile, 0, 255).astype(np.uint8)

    def _rendered(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Boxes]:
        k = int(rng.integers(len(self.rgb)))
        rgb, boxes = self.rgb[k], self.boxes[k].copy()
        side = scenes.SIDE
        if rng.random() < 0.4:
            scale, turn = float(rng.uniform(0.8, 1.2)), float(rng.uniform(0, 360))
            middle = _middle(rng, boxes, side, side)
            matrix = scenes.turn_about(middle, turn, scale=scale, size=TILE)
            out = scenes.warped(rgb, matrix, scale=scale, size=TILE, border=cv2.BORDER_CONSTANT)
            boxes[:, :2] = boxes[:, :2] @ matrix[:, :2].T + matrix[:, 2]
            boxes[:, 2:4] *= scale
            boxes[:, 4] += turn
        else:
            middle = _middle(rng, boxes, side, side)
            x, y = (int(v) for v in np.clip(middle - TILE / 2, 0, side - TILE))
            out = rgb[y : y + TILE, x : x + TILE]
            boxes[:, :2] -= (x, y)
            if rng.random() < 0.5:
                out = out[:, ::-1]
                boxes[:, 0], boxes[:, 4] = TILE - boxes[:, 0], -boxes[:, 4]
            for _ in range(int(rng.integers(4))):  # a quarter turn clockwise each
                out = np.rot90(out, -1)
                boxes[:, 0], boxes[:, 1] = TILE - boxes[:, 1], boxes[:, 0].copy()
                boxes[:, 4] += 90
        return np.ascontiguousarray(out), boxes

    def _street(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Boxes]:
        frames = self.streets[int(rng.integers(len(self.streets)))]
        picture, boxes = frames[int(rng.integers(len(frames)))]
        scale = 0.8 * float(np.exp(rng.uniform(-0.3, 0.3)))
        turn = float(rng.uniform(0, 360))
        middle = _middle(rng, boxes[:, 1:3], *picture.shape[1::-1])
        matrix = scenes.turn_about(middle, turn, scale=scale, size=TILE)
        out = scenes.warped(picture, matrix, scale=scale, size=TILE, border=cv2.BORDER_CONSTANT)
        placed = scenes.turned_boxes(boxes, matrix, turn, scale=scale)
        if rng.random() < 0.5:
            out = np.ascontiguousarray(out[:, ::-1])
            placed[:, 0], placed[:, 4] = TILE - placed[:, 0], -placed[:, 4]
        return out, placed


def _covers(box: Boxes, others: list[Boxes]) -> bool:
    """Return whether a box overlaps another; boxes of unknown size count as 5 x 5 m."""
    mine = ((float(box[0]), float(box[1])), (float(box[3]), float(box[2])), float(box[4]))
    for x, y, length, width, heading in others:
        other = ((float(x), float(y)), (20.0, 20.0), 0.0)
        if length == length:
            other = ((float(x), float(y)), (float(width), float(length)), float(heading))
        if cv2.rotatedRectangleIntersection(mine, other)[0]:
            return True
    return False


def _hidden(mask: NDArray[np.float32], box: Boxes) -> float:
    """Return the share of a box (5 m where its size is unknown) under a mask."""
    length, width = (box[2], box[3]) if box[2] == box[2] else (12.0, 12.0)
    turn = float(box[4]) if box[2] == box[2] else 0.0
    corners = cv2.boxPoints(((float(box[0]), float(box[1])), (float(width), float(length)), turn))
    inside = np.zeros_like(mask)
    cv2.fillPoly(inside, [np.round(corners).astype(np.int32)], 1.0)
    return float((mask * inside).sum() / max(inside.sum(), 1))


def targets(boxes: Boxes) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return heat, values (6 channels) and their weights (6 channels) on the output grid.

    The heat is an oriented Gaussian, an eighth of the length and a fifth of the width in spread.
    """
    side = TILE // STRIDE
    heat = np.zeros((side, side), np.float32)
    values = np.zeros((6, side, side), np.float32)
    weights = np.zeros((6, side, side), np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    for cx, cy, length, width, heading in boxes:
        known = bool(np.isfinite(length))
        u, v = cx / STRIDE - 0.5, cy / STRIDE - 0.5  # cell whose centre is the box's
        if not (-4 < u < side + 4 and -4 < v < side + 4):
            continue
        turn = math.radians(heading) if known else 0.0
        dx, dy = x - u, y - v
        along = dx * math.sin(turn) - dy * math.cos(turn)
        across = dx * math.cos(turn) + dy * math.sin(turn)
        s_along = max(length / STRIDE / 8, 0.7) if known else 1.0
        s_across = max(width / STRIDE / 5, 0.7) if known else 1.0
        bump = np.exp(-0.5 * ((along / s_along) ** 2 + (across / s_across) ** 2))
        heat = np.maximum(heat, bump)
        column, row = round(float(u)), round(float(v))
        if not (0 <= column < side and 0 <= row < side):
            continue
        heat[row, column] = 1.0
        near = bump > 0.4
        near[row, column] = True
        values[0][near], values[1][near] = -dx[near], -dy[near]
        weights[:2, near] = 1.0
        if known:
            for k, value in enumerate(
                (math.log(length * scenes.GSD), math.log(width * scenes.GSD),
                 math.sin(2 * turn), math.cos(2 * turn))
            ):  # fmt: skip
                values[2 + k][near] = value
                weights[2 + k][near] = 1.0
    return heat, values, weights


def loss_of(
    out: torch.Tensor, heat: torch.Tensor, values: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Focal loss on the heat, L1 on the rest."""
    gap = (out[:, 1:] - values).abs() * weights
    spread = weights[:, :1].sum().clamp(min=8)
    rest = gap[:, :2].sum() + gap[:, 2:4].sum() * 2 + gap[:, 4:].sum() * 1.5
    return focal(out[:, 0], heat) + rest / spread


def train(options: argparse.Namespace) -> None:
    """Train to a step, from the last checkpoint if there is one."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    course = Course(network(), options.work, rate=options.rate, total=options.total)
    tiles = Tiles(options.scenes, tuple(options.streets))
    while course.step < (options.steps or options.total):
        rng = np.random.default_rng([options.seed, course.step])
        drawn = [tiles.draw(rng) for _ in range(BATCH)]
        heat, values, weights = (
            torch.from_numpy(np.stack(part))
            for part in zip(*(targets(boxes) for _, boxes in drawn), strict=True)
        )
        rgb = torch.from_numpy(np.stack([tile for tile, _ in drawn])).permute(0, 3, 1, 2)
        course.learn(loss_of(course.see(rgb.float() / 255), heat, values, weights))
    course.save()


def main() -> None:
    """Train or export."""
    given = parser(__doc__.split("\n")[0], total=TOTAL)
    given.add_argument("--scenes", type=Path)
    given.add_argument("--streets", nargs="*", default=[], choices=data.STREETS)
    options = given.parse_args()
    if options.export:
        export(network(), [options.work, *options.mean], options.export)
    else:
        train(options)


if __name__ == "__main__":
    main()
