"""What the benchmarks of placing share: their commands, logs of a line a picture, ellipses."""

import argparse
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.imaging import registration, transforms
from imgcheck.imaging.registration import Registered
from tests.benchmarks.geo_place import Scene, rate, read

_ROOT = Path(__file__).resolve().parents[2]
CHI2_95 = 5.991464547
Row = dict[str, Any]


def command(
    parser: argparse.ArgumentParser,
    count: int,
    run: Callable[[Path, range, argparse.Namespace], None],
    summary: Callable[[list[Row], argparse.Namespace], None],
) -> None:
    """Run what is asked for: numbered pictures into a log, or the tables of a log."""
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0, help="number of the first picture")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--summary", type=Path)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    if chosen.summary is not None:
        summary([json.loads(line) for line in chosen.summary.read_text().splitlines()], chosen)
    elif chosen.log is None:
        parser.error("give --log FILE, or --summary FILE")
    else:
        run(data, range(chosen.seed, chosen.seed + chosen.count), chosen)


def note(log: Path, row: Row) -> None:
    """Add a line to a log."""
    with log.open("a") as out:
        out.write(json.dumps(row) + "\n")


def samples(folder: Path, count: int) -> list[Scene]:
    """Read pictures spread evenly over a folder."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg"))
    return [read(path) for path in paths[:: max(1, len(paths) // count)][:count]]


def errors(found: Registered, truth: NDArray[np.float64]) -> Row:
    """Give the errors of the centre and the four corners, and their stated covariances."""
    ring = transforms.corners(found.picture_shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    gaps = transforms.apply(found.matrix, spots) - transforms.apply(truth, spots)
    spread = registration.place_covariance(found, spots)
    return {"gaps": gaps.tolist(), "spread": spread.tolist()}


def inside(row: Row) -> list[bool]:
    """Say of the centre and the four corners whether the truth lies in their ellipses."""
    pairs = zip(np.array(row["gaps"]), np.array(row["spread"]), strict=True)
    return [bool(gap @ np.linalg.solve(spread, gap) < CHI2_95) for gap, spread in pairs]


def held(placed: list[Row]) -> list[str]:
    """Count the ellipses that hold the truth: of the centres, of the corners."""
    if not placed:
        return ["-", "-"]
    found = np.array([inside(row) for row in placed])
    corners = found[:, 1:]
    share = f"{int(corners.sum())}/{corners.size} = {corners.mean():.3f}"
    return [rate(int(found[:, 0].sum()), len(placed)), share]
