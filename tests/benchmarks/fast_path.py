"""Measure placing on the same acquisition by local features, as posted: speed, error, chance.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.fast_path PART... [--count N] [--seed S]``.
Prints Markdown. Truth comes from the geotransforms. The error ellipse was tuned on pictures of the
western 47 % of the NAIP frame (part ``west``); reported are its east, and places on which nothing
was tuned.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.imaging import annotations, features, registration, transforms
from imgcheck.imaging.features import Features
from imgcheck.imaging.registration import NotRegistered, Registered, Registration
from tests.benchmarks.geo_place import Scene, corner_error, rate, read, stack, table
from tests.benchmarks.peer import sift_seconds
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.runs import CHI2_95
from tests.benchmarks.structural import rms_error

_ROOT = Path(__file__).resolve().parents[2]
_WEST, _EAST = (0.0, 0.47), (0.47, 1.0)
_NEAR_PX, _WRONG_PX = 3.0, 10.0
# Strange references that a picture is tried on.
_REFERENCES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What came of one picture; errors in reference pixels, empty without a place."""

    found: bool
    rms: float = float("nan")
    corner: float = float("nan")
    squares: tuple[float, ...] = ()
    model: str = ""
    distinct: int = 0


def _described(scenes: list[Scene]) -> list[Features]:
    return [
        features.detect(s.gray, limit=registration.reference_limit(s.rgb.shape)) for s in scenes
    ]


def _lay(rgb: NDArray[np.uint8], scene: Scene, known: Features) -> Registration:
    """Do what the check does: leave out what was drawn, then lay by local features."""
    query = features.detect(gray(rgb), mask=~annotations.find(rgb), limit=2500)
    return registration.align(
        query, known, query_shape=rgb.shape[:2], known_shape=scene.rgb.shape[:2]
    )


def _compared(found: Registration, truth: NDArray[np.float64], shape: tuple[int, ...]) -> Laid:
    if isinstance(found, NotRegistered):
        return Laid(found=False)
    ring = transforms.corners(shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    gap = transforms.apply(found.matrix, spots) - transforms.apply(truth, spots)
    spread = registration.place_covariance(found, spots)
    return Laid(
        found=True,
        rms=rms_error(found.matrix, truth, shape),
        corner=corner_error(found.matrix, truth, shape),
        squares=tuple(float(g @ np.linalg.solve(c, g)) for g, c in zip(gap, spread, strict=True)),
        model=str(found.model),
        distinct=found.distinct,
    )


def _cuts(scenes: list[Scene], rng: np.random.Generator, count: int, how: Handling) -> list[Laid]:
    known = _described(scenes)
    results = []
    for number in range(count):
        at = number % len(scenes)
        rgb, truth = post(scenes[at], rng, how)
        results.append(_compared(_lay(rgb, scenes[at], known[at]), truth, rgb.shape[:2]))
    return results


def _overhead(data: Path) -> list[Scene]:
    scenes = []
    for name in ("seneca", "niza", "brighton", "neon"):
        folder = data / "overhead" / name
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg"))
        scenes += [read(path) for path in paths[:: max(1, len(paths) // 4)][:4]]
    return scenes


def _row(label: str, results: list[Laid]) -> list[str]:
    placed = [r for r in results if r.found]
    inside = np.array([r.squares for r in placed]).reshape(-1, 5) < CHI2_95
    return [
        label,
        rate(sum(r.rms < _NEAR_PX for r in placed), len(results)),
        rate(sum(not r.corner <= _WRONG_PX for r in placed), len(results)),
        f"{np.median([r.rms for r in placed]):.2f}" if placed else "-",
        rate(int(inside[:, 0].sum()), len(placed)) if placed else "-",
        f"{inside[:, 1:].mean():.3f} of {4 * len(placed)}" if placed else "-",
        f"{np.mean([r.model != 'similarity' for r in placed]):.2f}" if placed else "-",
    ]


_HEAD = [
    "pictures",
    "placed within 3 px (rms)",
    "placed, a corner wrong by > 10 px",
    "median rms px",
    "centre in 95 % ellipse",
    "corners in theirs",
    "share with a wider model",
]


def posted(data: Path, rng: np.random.Generator, count: int, columns: tuple[float, float]) -> None:
    """Place posted cuts of the NAIP frame on the image that they were cut from."""
    scenes = stack(data, "naip")
    rows = []
    for label, how in (
        ("naip, 300 px", Handling(columns=columns)),
        ("naip, 150 px", Handling(extent=150, columns=columns)),
        ("naip, 300 px, tilt 15 %", Handling(columns=columns, tilt=0.15)),
        ("naip, 300 px, tilt 30 %", Handling(columns=columns, tilt=0.3)),
        (
            "naip, 300 px, drawn, JPEG 20-40",
            Handling(columns=columns, drawn=True, quality=(20, 40)),
        ),
    ):
        rows.append(_row(label, _cuts(scenes, rng, count, how)))
    table(_HEAD, rows)


def elsewhere(data: Path, rng: np.random.Generator, count: int) -> None:
    """The same on places on which nothing was tuned."""
    rows = []
    for label, scenes, extent in (
        ("pucallpa, 250 px", stack(data, "pucallpa"), 250),
        ("overhead, 300 px", _overhead(data), 300),
    ):
        rows.append(_row(label, _cuts(scenes, rng, count, Handling(extent=extent))))
        drawn = Handling(extent=extent, drawn=True, quality=(20, 40))
        rows.append(_row(f"{label}, drawn, JPEG 20-40", _cuts(scenes, rng, count, drawn)))
    table(_HEAD, rows)


def negatives(data: Path, rng: np.random.Generator, count: int) -> None:
    """Try to place pictures of what the reference does not show."""
    naip, river, others = stack(data, "naip"), stack(data, "pucallpa"), _overhead(data)
    middle = int(naip[0].rgb.shape[1] * _EAST[0])
    west = [
        Scene(name=s.name, rgb=np.ascontiguousarray(s.rgb[:, :middle]), affine=s.affine)
        for s in naip
    ]
    known = {
        id(s): k for g in (naip, river, west, others) for s, k in zip(g, _described(g), strict=True)
    }
    kinds: dict[str, list[Registration]] = {}
    for number in range(count):
        label, rgb, strangers, both = _stranger(number, rng, naip, river, west, others)
        query = features.detect(gray(rgb), mask=~annotations.find(rgb), limit=2500)
        for k in rng.choice(len(strangers), _REFERENCES, replace=False):
            found = registration.align(
                query,
                known[id(strangers[k])],
                query_shape=rgb.shape[:2],
                known_shape=strangers[k].rgb.shape[:2],
                try_mirrored=both,
            )
            kinds.setdefault(label, []).append(found)
    kinds["all"] = [found for group in list(kinds.values()) for found in group]
    rows = []
    for label, group in kinds.items():
        scores = np.array([np.inf if f.log10_nfa is None else f.log10_nfa for f in group])
        rows.append(
            [
                label,
                rate(sum(isinstance(f, Registered) for f in group), len(group)),
                *(rate(int((scores <= bound).sum()), len(group)) for bound in (-2, -4, -8)),
                f"{scores.min():.1f}",
            ]
        )
    print("### Pictures of what the reference does not show, by local features\n")
    bounds = [f"log10 NFA <= {bound}" for bound in (-2, -4, -8)]
    table(["pictures", "placed", *bounds, "least log10 NFA"], rows)


def _stranger(
    number: int,
    rng: np.random.Generator,
    naip: list[Scene],
    river: list[Scene],
    west: list[Scene],
    others: list[Scene],
) -> tuple[str, NDArray[np.uint8], list[Scene], bool]:
    """Give a picture, scenes that do not show it, and whether its mirror image is tried too."""
    i = int(rng.integers(8))
    drawn = bool(rng.random() < 0.3)
    if number % 4 == 0:
        rgb, _ = post(naip[i], rng, Handling(drawn=drawn))
        return "mirrored, naip, same and other dates", _flip(rgb), naip, False
    if number % 4 == 1:
        rgb, _ = post(naip[i], rng, Handling(columns=_EAST, drawn=drawn))
        return "look-alike: east of naip on its west", rgb, west, True
    if number % 4 == 2:
        rgb, _ = post(river[i], rng, Handling(extent=250, drawn=drawn))
        return "mirrored, pucallpa, same and other dates", _flip(rgb), river, False
    k = int(rng.integers(len(others)))
    extent = min(300, min(others[k].rgb.shape[:2]) * 7 // 10)
    rgb, _ = post(others[k], rng, Handling(extent=extent, drawn=drawn))
    # Four scenes of a place follow each other.
    elsewhere = [scene for m, scene in enumerate(others) if m // 4 != k // 4]
    return "other places on each other, naip and pucallpa", rgb, elsewhere + naip + river, True


def _flip(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(rgb[:, ::-1])


def speed(data: Path, rng: np.random.Generator, count: int) -> None:
    """Compare the CPU time with OpenCV's SIFT, matching and RANSAC on the same pairs."""
    scenes = stack(data, "naip")
    ratios: dict[str, list[float]] = {"same date: fast path": [], "other date: fast + edges": []}
    ways: dict[str, list[str]] = {name: [] for name in ratios}
    for i, j in _pairs(scenes, rng, count):
        rgb, _ = post(scenes[i], rng, Handling(extent=400))
        picture = gray(cv2.resize(rgb, (640, 640), interpolation=cv2.INTER_CUBIC))
        reference = cv2.resize(scenes[j].gray, (1000, 774), interpolation=cv2.INTER_CUBIC)
        size = np.diag([scenes[j].rgb.shape[1] / 1000, scenes[j].rgb.shape[0] / 774, 1.0])
        affine = scenes[j].affine @ size
        peer = sift_seconds(picture, reference)
        start = time.process_time()
        known = geo.of_arrays(reference, transform=tuple(affine.ravel()[:6]), crs=scenes[j].crs)
        found = geo.locate(picture, [known])
        name = list(ratios)[i != j]
        ratios[name].append((time.process_time() - start) / peer)
        ways[name].append(found.path if isinstance(found, geo.Placed) else "not placed")
    print("### CPU time against SIFT + ratio test + RANSAC (640 px on 1000 x 774 px)\n")
    table(
        ["pairs of", "pairs", "median ratio", "largest", "came out as"],
        [
            [
                name,
                str(len(v)),
                f"{np.median(v):.2f}",
                f"{max(v):.2f}",
                ", ".join(f"{way} {ways[name].count(way)}" for way in sorted(set(ways[name]))),
            ]
            for name, v in ratios.items()
        ],
    )


def _pairs(scenes: list[Scene], rng: np.random.Generator, count: int) -> Iterator[tuple[int, int]]:
    for number in range(count):
        i = int(rng.integers(len(scenes)))
        yield i, i
        if number % 4 == 0:  # edges cost seconds
            yield i, int((i + rng.integers(1, len(scenes))) % len(scenes))


def main() -> None:
    """Run the parts asked for."""
    runs: dict[str, Callable[[Path, np.random.Generator, int], None]] = {
        "west": lambda d, r, n: posted(d, r, n, _WEST),
        "east": lambda d, r, n: posted(d, r, n, _EAST),
        "elsewhere": elsewhere,
        "negatives": negatives,
        "speed": speed,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=tuple(runs))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20171001)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    for part in chosen.parts:
        runs[part](data, np.random.default_rng(chosen.seed), chosen.count)


if __name__ == "__main__":
    main()
