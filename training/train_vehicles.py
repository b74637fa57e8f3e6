"""Train the centre-point network that finds vehicles, and write it as ONNX.

    python -m training.train_vehicles --scenes FOLDER --work WORK --steps 8000
    python -m training.train_vehicles --work WORK --export imgcheck/detect/models/vehicles.onnx

The first command trains to that step (0.08 CPU seconds each) and leaves WORK/checkpoint.pt; broken
off and repeated, it goes on from there. Most tiles are rendered (`training.vehicle_scenes`), the
rest are the KIT street with its boxes and real ground without vehicles. torch is needed here only;
it is no dependency of the package.

X. Zhou, D. Wang and P. Kraehenbuehl, "Objects as Points", arXiv:1904.07850, 2019: centres as peaks
of a heat map, focal loss. O. Ronneberger et al., "U-Net", MICCAI 2015: the shape of the network.
"""

import argparse
import json
import math
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from training import pictures as data
from training import vehicle_scenes as scenes
from training.jpeg import saved

Boxes = NDArray[np.float32]
TILE = 128
STRIDE = 2
CHANNELS = (16, 32, 64, 96)
BATCH = 12
# Heads: heat, dx, dy (cells), log length, log width (log metres), sin and cos of twice the heading.
HEADS = 7


def _block(into: int, out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


class Network(nn.Module):
    """U-Net with nearest-neighbour enlargement; output stride 2, receptive field 119 pixels."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = CHANNELS
        self.down1 = nn.Sequential(_block(3, a, 2), _block(a, a))
        self.down2 = nn.Sequential(_block(a, b, 2), _block(b, b))
        self.down3 = nn.Sequential(_block(b, c, 2), _block(c, c))
        self.down4 = nn.Sequential(_block(c, d, 2), _block(d, d))
        self.side3, self.up3 = nn.Conv2d(d, c, 1), _block(c, c)
        self.side2, self.up2 = nn.Conv2d(c, b, 1), _block(b, b)
        self.side1, self.up1 = nn.Conv2d(b, a, 1), _block(a, 32)
        self.heads = nn.Conv2d(32, HEADS, 1)
        nn.init.constant_(self.heads.bias[0], -4.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.down1(x)
        two = self.down2(one)
        three = self.down3(two)
        four = self.down4(three)
        up = self.up3(functional.interpolate(self.side3(four), scale_factor=2.0) + three)
        up = self.up2(functional.interpolate(self.side2(up), scale_factor=2.0) + two)
        up = self.up1(functional.interpolate(self.side1(up), scale_factor=2.0) + one)
        return self.heads(up)


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


def degrade(tile: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make a tile look like another camera, scale, season and post."""
    picture = tile.astype(np.float32)
    if rng.random() < 0.35:
        picture = _shaded(picture, rng)
    if rng.random() < 0.8:
        picture *= rng.uniform(0.6, 1.4) * rng.normal(1, 0.06, 3).astype(np.float32)
        picture += rng.uniform(-20, 25)
    if rng.random() < 0.3:
        middle = picture.mean()
        picture = middle + (picture - middle) * rng.uniform(0.45, 1.5)
    grey = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    kind = rng.random()
    if kind < 0.4:
        picture = np.repeat(grey[..., None], 3, axis=2)
    elif kind < 0.6:
        picture = grey[..., None] + (picture - grey[..., None]) * rng.uniform(0.2, 1.5)
    picture = np.clip(picture, 0, 255)
    shrink = float(np.exp(rng.uniform(0, math.log(4.0)))) if rng.random() < 0.7 else 1.0
    blur = rng.uniform(0, 0.8) if rng.random() < 0.5 else 0.0
    blur = math.hypot(blur, rng.uniform(0.25, 0.5) * (shrink - 1))
    if blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    size = max(24, round(tile.shape[0] / shrink))
    if size != tile.shape[0]:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.25:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.5))
        picture = picture + rng.uniform(0.3, 1.2) * (picture - soft)
    if rng.random() < 0.6:
        picture = picture + rng.normal(0, rng.uniform(1, 7), (*picture.shape[:2], 1))
    coded = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        coded = saved(coded, int(rng.integers(35, 96)))
    if size != tile.shape[0]:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC)[int(rng.integers(3))]
        coded = cv2.resize(coded, tile.shape[:2], interpolation=how)
    if rng.random() < 0.3:
        coded = saved(coded, int(rng.integers(40, 96)))
    return np.asarray(coded, np.uint8)


def _middle(rng: np.random.Generator, boxes: Boxes, wide: int, high: int) -> NDArray[np.float64]:
    """Return the middle of a tile: near a vehicle for seven of ten, else anywhere."""
    if len(boxes) and rng.random() < 0.7:
        near = boxes[int(rng.integers(len(boxes))), :2] + rng.uniform(-40, 40, 2)
        return np.clip(near, 0, [wide, high])
    return rng.uniform(0, 1, 2) * [wide, high]


class Tiles:
    """Draws tiles from rendered scenes, the KIT street and empty ground."""

    def __init__(self, folder: Path, *, real: bool = True) -> None:
        parts = [np.load(path) for path in sorted(folder.glob("scenes-*.npz"))]
        self.rgb = np.concatenate([part["rgb"] for part in parts])
        self.boxes = []
        for part in parts:
            edges = part["first"]
            self.boxes += [part["boxes"][a:b] for a, b in pairwise(edges)]
        self.streets = list(data.vehicle_frames("kit_mos155_179", gsd=0.2)) if real else []
        self.empty = [p for name in ("seneca", "niza") for p in data.empty_ground(name, part=0)]

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Boxes]:
        """Return one tile and its boxes (pixels)."""
        kind = rng.random()
        if kind < 0.6 or not self.streets:
            rgb, boxes = self._rendered(rng)
        elif kind < 0.92:
            rgb, boxes = self._street(rng)
        else:
            picture = self.empty[int(rng.integers(len(self.empty)))]
            scale = float(np.exp(rng.uniform(math.log(0.3), math.log(1.5))))
            rgb = scenes._turned(picture, rng, scale=scale, size=TILE)[0]
            boxes = np.zeros((0, 5), np.float32)
        return degrade(rgb, rng), boxes

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
        picture, boxes = self.streets[int(rng.integers(len(self.streets)))]
        scale = 0.8 * float(np.exp(rng.uniform(-0.25, 0.25)))
        turn = float(rng.uniform(0, 360))
        middle = _middle(rng, boxes[:, 1:3], *picture.shape[1::-1])
        matrix = scenes.turn_about(middle, turn, scale=scale, size=TILE)
        out = scenes.warped(picture, matrix, scale=scale, size=TILE, border=cv2.BORDER_CONSTANT)
        placed = scenes.turned_boxes(boxes, matrix, turn, scale=scale)
        if rng.random() < 0.5:
            out = np.ascontiguousarray(out[:, ::-1])
            placed[:, 0], placed[:, 4] = TILE - placed[:, 0], -placed[:, 4]
        return out, placed


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
    logit = out[:, 0]
    p = torch.sigmoid(logit).clamp(1e-4, 1 - 1e-4)
    peak = heat > 0.999
    good = -((1 - p) ** 2) * torch.log(p)
    bad = -((1 - heat) ** 4) * p**2 * torch.log(1 - p)
    count = peak.sum().clamp(min=8)
    focal = torch.where(peak, good, bad).sum() / count
    gap = (out[:, 1:] - values).abs() * weights
    spread = weights[:, :1].sum().clamp(min=8)
    return focal + (gap[:, :2].sum() + gap[:, 2:4].sum() * 2 + gap[:, 4:].sum() * 1.5) / spread


def train(options: argparse.Namespace) -> None:
    """Train to a step, from the last checkpoint if there is one."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / "checkpoint.pt"
    torch.manual_seed(options.seed)
    network = Network().to(memory_format=torch.channels_last)
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-4)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    step = 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        average, step = saved["average"], saved["step"]
    tiles = Tiles(options.scenes)
    start, losses = time.process_time(), []
    while step < options.steps:
        rng = np.random.default_rng([options.seed, step])
        # Rises over the first 100 steps, falls by a cosine to a twentieth.
        rate = options.rate * min(1.0, (step + 1) / 100)
        rate *= 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / options.steps))
        for group in optimiser.param_groups:
            group["lr"] = rate
        drawn = [tiles.draw(rng) for _ in range(BATCH)]
        heat, values, weights = (
            torch.from_numpy(np.stack(part))
            for part in zip(*(targets(boxes) for _, boxes in drawn), strict=True)
        )
        rgb = torch.from_numpy(np.stack([tile for tile, _ in drawn])).permute(0, 3, 1, 2)
        # Half precision and this layout halve the time where the processor has bfloat16.
        rgb = (rgb.float() / 255).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = network(rgb)
        loss = loss_of(out.float(), heat, values, weights)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        step += 1
        keep = min(0.995, 1 - 1 / (step / 5 + 1))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                average[name].mul_(keep).add_(value, alpha=1 - keep)
            else:
                average[name].copy_(value)
        losses.append(float(loss.detach()))
        if step % 50 == 0:
            with (options.work / "log.txt").open("a") as log:
                spent = time.process_time() - start
                log.write(f"step {step} cpu {spent:.0f} s loss {np.mean(losses[-50:]):.4f}\n")
        if step % 250 == 0:
            _save(path, network, optimiser, average, step)
    _save(path, network, optimiser, average, step)


def _save(
    path: Path,
    network: Network,
    optimiser: torch.optim.Optimizer,
    average: dict[str, torch.Tensor],
    step: int,
) -> None:
    parts = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save({**parts, "average": average, "step": step}, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def export(work: Path, target: Path) -> None:
    """Write the averaged network as ONNX: ``picture`` (1, 3, H, W) in [0, 1] -> ``maps``."""
    network = Network()
    saved = torch.load(work / "checkpoint.pt", weights_only=True)
    network.load_state_dict(saved["average"])
    network.eval()
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 256, 320),),
        str(target),
        input_names=["picture"],
        output_names=["maps"],
        dynamic_axes={"picture": {2: "h", 3: "w"}, "maps": {2: "h", 3: "w"}},
        opset_version=17,
        dynamo=False,
    )
    count = sum(p.numel() for p in network.parameters())
    print(json.dumps({"steps": saved["step"], "weights": count, "bytes": target.stat().st_size}))


def main() -> None:
    """Train or export."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=20170924)
    parser.add_argument("--export", type=Path)
    options = parser.parse_args()
    if options.export:
        export(options.work, options.export)
    else:
        train(options)


if __name__ == "__main__":
    main()
