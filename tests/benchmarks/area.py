"""Measure the search of a picture in a big area: placed, wrong, time, memory.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.area PART... [--count N] [--seed S]``.
Prints Markdown. An area of 54 x 54 km at 5 m is put together from look-alike ground: NAIP frames of
all dates, mirrored and turned; the half of the frame that no picture is cut from, turned; Pucallpa
and overhead pictures resampled. One NAIP frame lies in it as it is; the pictures are cuts of that
ground on another date. Tuned on pictures of the west of the frame, reported on its east.
Building and searching run in a process of their own, whose peak memory is what the system says.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from imgcheck.geo import Placed, Prior, area
from imgcheck.imaging import transforms
from tests.benchmarks.geo_place import Scene, corner_error, rate, stack, table
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.structural import _others, rms_error

_ROOT = Path(__file__).resolve().parents[2]
_SPLIT = 0.47
_NEAR_PX, _WRONG_PX = 3.0, 10.0
_OFF, _BELIEVED = 1.1, 1.2
_PIXEL_M = 5.0
_ORIGIN = (440_000.0, 5_260_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One picture to search: its file, what is known of it, and where it is."""

    picture: str
    gsd_m: float
    truth: tuple[tuple[float, ...], ...] | None
    prior: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one picture."""

    placed: bool
    rms: float
    corner: float
    probability: float
    surprise: float
    rival: float
    tail: float
    wall: float
    cpu: float
    reason: str


def mosaic(
    data: Path, rng: np.random.Generator, side: int, *, date: int | None, east: bool
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Give an area (side, side, 3) and the top left (x, y) of the frame that lies in it."""
    naip, river = stack(data, "naip"), stack(data, "pucallpa")
    others = _others(data)
    split = int(naip[0].rgb.shape[1] * _SPLIT)
    out = np.zeros((side, side, 3), np.uint8)
    y = 0
    while y < side:
        x = 0
        while x < side:
            patch = _patch(naip, river, others, rng, split, east)
            part = out[y : y + 700, x : x + patch.shape[1]]
            part[:] = patch[: part.shape[0], : part.shape[1]]
            x += patch.shape[1]
        y += 700
    if date is None:
        return out, (0, 0)
    frame = naip[date].rgb
    x, y = (int(rng.integers(0, side - n)) for n in (frame.shape[1], frame.shape[0]))
    there = out[y : y + frame.shape[0], x : x + frame.shape[1]]
    there[:] = np.where(frame.max(axis=-1, keepdims=True) > 0, frame, there)
    return out, (x, y)


def _patch(
    naip: list[Scene],
    river: list[Scene],
    others: list[Scene],
    rng: np.random.Generator,
    split: int,
    east: bool,
) -> NDArray[np.uint8]:
    """Give ground that is not the frame's: at least 700 rows."""
    kind = rng.random()
    if kind < 0.45:
        rgb = naip[int(rng.integers(len(naip)))].rgb[:, ::-1]
    elif kind < 0.7:
        rgb = naip[int(rng.integers(len(naip)))].rgb
        rgb = rgb[:, :split] if east else rgb[:, split:]
    elif kind < 0.9:
        rgb = river[int(rng.integers(len(river)))].rgb
        rgb = rgb[:, ::-1] if rng.random() < 0.5 else rgb
    else:
        rgb = others[int(rng.integers(len(others)))].rgb
    rgb = np.rot90(rgb, int(rng.integers(4)))
    grow = float(rng.uniform(0.8, 1.3))
    grow = max(grow, 701 / rgb.shape[0], 200 / rgb.shape[1])
    size = (round(rgb.shape[1] * grow), round(rgb.shape[0] * grow))
    how = cv2.INTER_AREA if grow < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(rgb), size, interpolation=how))


def write(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Save an area as a tiled GeoTIFF without compression."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=rgb.shape[1],
        height=rgb.shape[0],
        count=3,
        dtype="uint8",
        crs="EPSG:26914",
        transform=Affine(_PIXEL_M, 0, _ORIGIN[0], 0, -_PIXEL_M, _ORIGIN[1]),
        tiled=True,
        nodata=0,
        BIGTIFF="IF_SAFER",
    ) as target:
        for top in range(0, rgb.shape[0], 1024):
            part = rgb[top : top + 1024]
            window = ((top, top + len(part)), (0, rgb.shape[1]))
            target.write(np.moveaxis(part, -1, 0), window=window)


def child_build(index: Path, references: list[str]) -> None:
    """Build in this process and say what it took."""
    built = area.build([Path(p) for p in references], index)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall": built.seconds,
                "cpu": used.ru_utime + used.ru_stime,
                "rss_mb": used.ru_maxrss / 1024,
                "index_mb": built.size_bytes / 1e6,
                "tiles": built.tiles,
            }
        )
    )


def child_query(index: Path, listed: Path) -> None:
    """Search some pictures in this process; a line each, then the peak memory."""
    for entry in json.loads(listed.read_text()):
        query = Query(**entry)
        rgb = np.load(query.picture)
        print(json.dumps(_answer(index, rgb, query)), flush=True)
    print(json.dumps({"rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _answer(index: Path, rgb: NDArray[np.uint8], query: Query) -> dict[str, object]:
    prior = None
    if query.prior == "size":
        prior = Prior(gsd_m=(query.gsd_m / _BELIEVED, query.gsd_m * _BELIEVED))
    wall, cpu = time.monotonic(), time.process_time()
    found = area.search(gray(rgb), index, prior=prior)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    placed = found.placed if isinstance(found, area.AreaMatch) else found
    rms = corner = float("nan")
    if isinstance(placed, Placed) and query.truth is not None:
        truth, fit = np.array(query.truth), placed.registration.fit
        rms = rms_error(fit.matrix, truth, rgb.shape[:2])
        corner = corner_error(fit.matrix, truth, rgb.shape[:2])
    probability = placed.false_match_probability
    return {
        "placed": isinstance(placed, Placed),
        "rms": rms,
        "corner": corner,
        "probability": 1.0 if probability is None else probability,
        "surprise": found.surprise if isinstance(found, area.AreaMatch) else 0.0,
        "rival": found.rival if isinstance(found, area.AreaMatch) else 0.0,
        "tail": placed.log10_nfa or 0.0,
        "wall": wall,
        "cpu": cpu,
        "reason": "" if isinstance(placed, Placed) else placed.reason,
    }


def _child(*arguments: object) -> list[dict[str, float]]:
    """Run a part in a process of its own; its lines are shown as they come."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.area", *map(str, arguments)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    lines = []
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, cwd=_ROOT, env={**os.environ, **threads}, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            lines.append(json.loads(line))
    if child.returncode:
        raise SystemExit(f"a part failed: {words}")
    return lines


def positives(
    data: Path,
    rng: np.random.Generator,
    folder: Path,
    *,
    count: int,
    each: int,
    side: int,
    east: bool,
    prior: str,
    negative: bool = False,
) -> tuple[list[Result], list[dict[str, float]], list[float]]:
    """Search cuts in areas, ``each`` in one; give results, what builds took, peaks of memory."""
    naip = stack(data, "naip")
    columns = (_SPLIT, 1.0) if east else (0.0, _SPLIT)
    results: list[Result] = []
    builds, peaks = [], []
    path, index = folder / "area.tif", folder / "area.index"
    while len(results) < count:
        date = int(rng.integers(len(naip)))
        rgb, corner = mosaic(data, rng, side, date=None if negative else date, east=east)
        write(path, rgb)
        del rgb
        index.unlink(missing_ok=True)
        builds += _child("--build", index, path)
        queries = []
        for number in range(min(each, count - len(results))):
            other = int(rng.choice([k for k in range(len(naip)) if k != date]))
            picture, cut = post(naip[other], rng, Handling(columns=columns))
            name = folder / f"{number}.npy"
            np.save(name, picture)
            truth = np.linalg.inv(naip[date].affine) @ naip[other].affine @ cut
            truth = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]]) @ truth
            size = transforms.scale(truth, picture.shape) * _PIXEL_M
            queries.append(
                {
                    "picture": str(name),
                    "gsd_m": size * float(rng.uniform(1 / _OFF, _OFF)),
                    "truth": None if negative else truth.tolist(),
                    "prior": prior,
                }
            )
        listed = folder / "queries.json"
        listed.write_text(json.dumps(queries))
        *answers, memory = _child("--query", index, listed)
        results += [Result(**answer) for answer in answers]  # type: ignore[arg-type]
        peaks.append(memory["rss_mb"])
    return results, builds, peaks


def row(label: str, results: list[Result], peaks: list[float]) -> list[str]:
    """Sum up."""
    count = len(results)
    placed = [r for r in results if r.placed]
    return [
        label,
        rate(sum(r.rms < _NEAR_PX for r in placed), count),
        rate(len(placed), count),
        rate(sum(not r.corner <= _WRONG_PX for r in placed), count),
        f"{np.median([r.wall for r in results]):.0f} (largest {max(r.wall for r in results):.0f})",
        f"{np.median([r.cpu for r in results]):.0f}",
        f"{max(peaks):.0f}",
    ]


_HEAD = [
    "pictures",
    "placed within 3 px (rms)",
    "placed",
    "placed, a corner wrong by > 10 px",
    "wall s, 2 threads",
    "median CPU s",
    "peak MB",
]

# Side of the area, east, prior, negative, pictures an area.
_PARTS: dict[str, tuple[str, int, bool, str, bool, int]] = {
    "tune": ("54 km, west, size within 20 %", 10_800, False, "size", False, 10),
    "tune-not": ("54 km, west, not in the area", 10_800, False, "size", True, 10),
    "area": ("54 km, size within 20 %", 10_800, True, "size", False, 10),
    "open": ("54 km, size unknown (0.25-4)", 10_800, True, "none", False, 6),
    "not": ("54 km, not in the area", 10_800, True, "size", True, 20),
    "large": ("100 km, size within 20 %", 20_000, True, "size", False, 6),
}


def main() -> None:
    """Run the parts asked for."""
    if sys.argv[1] == "--build":
        return child_build(Path(sys.argv[2]), sys.argv[3:])
    if sys.argv[1] == "--query":
        return child_query(Path(sys.argv[2]), Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=tuple(_PARTS))
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20170930)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    for part in chosen.parts:
        label, side, east, prior, negative, each = _PARTS[part]
        rng = np.random.default_rng(chosen.seed)
        with tempfile.TemporaryDirectory() as folder:
            results, builds, peaks = positives(
                data,
                rng,
                Path(folder),
                count=chosen.count,
                each=each,
                side=side,
                east=east,
                prior=prior,
                negative=negative,
            )
        table(_HEAD, [row(label, results, peaks)])
        table(
            ["build, tiles", "wall s", "CPU s", "peak MB", "index MB"],
            [
                [f"{b['tiles']}", *(f"{b[k]:.0f}" for k in ("wall", "cpu", "rss_mb", "index_mb"))]
                for b in builds[:1]
            ],
        )


if __name__ == "__main__":
    main()
