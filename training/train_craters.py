"""Train the centre-point network that finds craters, and write it as ONNX.

    python -m training.train_craters --work WORK --steps 9000
    python -m training.train_craters --work WORK --export imgcheck/detect/models/craters.onnx

The first command trains (about 0.15 CPU seconds a step) and leaves WORK/checkpoint.pt; broken off
and repeated, it goes on from there. Tiles come from `training.crater_scenes`; tiles without
craters on which the network errs are kept and shown again. The planes of the input are those of
`imgcheck.detect.crater_network`. torch is needed here only; it is no dependency of the package.
"""

import argparse
import math

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from imgcheck.detect import crater_network
from training.centre_network import STRIDE, Course, Network, export, focal, parser
from training.crater_scenes import TILE, Tiles

CHANNELS = (16, 32, 64, 96)
BATCH = 16
HEADS = 4  # heat, dx, dy (cells), log diameter (log pixels)
_MOST_HARD = 600
_SUN_ERROR_DEG = 8.0


def network() -> Network:
    """Return the network before training."""
    net = Network(planes=4, channels=CHANNELS, heads=HEADS)
    torch.nn.init.constant_(net.heads.bias[3], math.log(12.0))
    return net


def targets(craters: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return heat, values (3 channels), where values count, and where the heat counts."""
    side = TILE // STRIDE
    heat = np.zeros((side, side), np.float32)
    values = np.zeros((3, side, side), np.float32)
    here = np.zeros((side, side), np.float32)
    counts = np.ones((side, side), np.float32)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    for cx, cy, diameter, visible in craters:
        # Positions are those of OpenCV: the centre of the first pixel is 0.
        u, v = (cx + 0.5) / STRIDE - 0.5, (cy + 0.5) / STRIDE - 0.5
        dx, dy = x - u, y - v
        inside = np.hypot(dx, dy) < diameter / STRIDE * 0.5
        whole = min(u, v, side - 1 - u, side - 1 - v) > 0.2 * diameter / STRIDE
        if not visible or not whole:
            counts[inside] = 0
            continue
        bump = np.exp(-0.5 * (np.hypot(dx, dy) / max(0.1 * diameter / STRIDE, 0.7)) ** 2)
        heat = np.maximum(heat, bump)
        row, column = round(float(v)), round(float(u))
        heat[row, column] = 1.0
        near = bump > 0.4
        near[row, column] = True
        values[0][near], values[1][near] = -dx[near], -dy[near]
        values[2][near] = math.log(diameter)
        here[near] = 1.0
    return heat, values, here, np.where(heat > 0.3, 1, counts).astype(np.float32)


def loss_of(
    out: torch.Tensor,
    heat: torch.Tensor,
    values: torch.Tensor,
    here: torch.Tensor,
    counts: torch.Tensor,
) -> torch.Tensor:
    """Focal loss on the heat, L1 on the rest."""
    gap = (out[:, 1:] - values).abs() * here[:, None]
    rest = (gap[:, :2].sum() + 2 * gap[:, 2].sum()) / here.sum().clamp(min=8)
    return focal(out[:, 0], heat, counts) + rest


def train(options: argparse.Namespace) -> None:
    """Train to a step, from the last checkpoint if there is one."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    course = Course(network(), options.work, rate=options.rate, total=options.total)
    tiles = Tiles(options.seed)
    while course.step < (options.steps or options.total):
        rng = np.random.default_rng([options.seed, course.step])
        drawn = [tiles.draw(rng) for _ in range(BATCH)]
        inputs = []
        for tile, _, azimuth, _ in drawn:
            told = azimuth + rng.normal(0, _SUN_ERROR_DEG) if rng.random() < 0.5 else None
            inputs.append(crater_network.planes(tile, azimuth_deg=told))
        truth = zip(*(targets(craters) for _, craters, _, _ in drawn), strict=True)
        out = course.see(torch.from_numpy(np.stack(inputs)).permute(0, 3, 1, 2))
        course.learn(loss_of(out, *(torch.from_numpy(np.stack(part)) for part in truth)))
        worst = out[:, 0].detach().amax(dim=(1, 2)).tolist()
        for (tile, _, _, empty), heat in zip(drawn, worst, strict=True):
            if empty and heat > -1.5:
                tiles.hard.append((heat, tile))
        if len(tiles.hard) > _MOST_HARD:
            # The hardest half stays, the rest makes room.
            tiles.hard = sorted(tiles.hard, key=lambda one: -one[0])[: _MOST_HARD // 2]
    course.save()


def main() -> None:
    """Train or export."""
    options = parser(__doc__.split("\n")[0], total=9000).parse_args()
    if options.export:
        export(network(), [options.work, *options.mean], options.export)
    else:
        train(options)


if __name__ == "__main__":
    main()
