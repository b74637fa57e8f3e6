"""Copy, frame of the same capture, or the same place at another time? On real pictures.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.relation [report] [calibration] [fit]``.
``calibration`` and ``report`` print Markdown for their places; ``fit`` prints the constants of
`imgcheck.imaging.likelihood` from the calibration places. No drawing is masked.
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.imaging import features, registration, relation
from imgcheck.imaging.relation import Relation
from imgcheck.quantity import binomial_interval
from tests.benchmarks import parts
from tests.benchmarks.geo_place import Scene, cut, jpeg, read

_ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_LARGEST = 1024
KINDS = ("same", "derived", "same-capture", "same-place", "undetermined")
COPIES = ("copy", "drawn on: post", "drawn on: hard", "spliced")
# place: folder, which of its pictures, whether two of them are frames or other times.
CALIBRATION = {
    "kit_mos155_179": ("vehicles/kit_mos155_179", slice(None), "frame, moving camera"),
    "naip, even dates": ("stacks/naip", slice(0, None, 2), "another time"),
    "brighton": ("overhead/brighton", slice(None), None),
    "seneca, even": ("overhead/seneca", slice(0, None, 2), None),
    "beijing A": ("change/beijing", slice(0, 2), "another time"),
}
REPORTED = {
    "kit_munichstreet02": ("vehicles/kit_munichstreet02", slice(None), "frame, moving camera"),
    "dji_minsk_0005": ("vehicles/dji_minsk_0005", slice(None), "frame, hovering camera"),
    "naip, odd dates": ("stacks/naip", slice(1, None, 2), "another time"),
    "pucallpa": ("stacks/pucallpa", slice(None), "another time"),
    "niza": ("overhead/niza", slice(None), None),
    "seneca, odd": ("overhead/seneca", slice(1, None, 2), None),
    "beijing B": ("change/beijing", slice(3, 5), "another time"),
}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    truth: str
    place: str
    relation: Relation
    seconds: float


@cache
def scene(path: Path) -> Scene:
    """Read a picture once."""
    return read(path)


def gray(rgb: Pixels) -> NDArray[np.float32]:
    """Give gray in [0, 1]."""
    return (rgb.astype(np.float32) @ _WEIGHTS / np.float32(255)).astype(np.float32)


def reduced(rgb: Pixels) -> tuple[Pixels, NDArray[np.float64]]:
    """Bring a picture to 1024 px, as it is kept; gives it and its pixels to those before."""
    rows, cols = rgb.shape[:2]
    share = min(1.0, _LARGEST / max(rows, cols))
    size = round(cols * share), round(rows * share)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if share < 1 else rgb
    return np.asarray(small, np.uint8), np.diag([cols / size[0], rows / size[1], 1.0])


def handled(
    rgb: Pixels, affine: Scene, rng: np.random.Generator
) -> tuple[Pixels, NDArray[np.float64]]:
    """Cut, turn, scale (0.4 to 1), change the tone of some, and save at quality 40 to 92."""
    side = min(rgb.shape[:2])
    scale = 1.0 if rng.random() < 0.3 else float(rng.uniform(0.4, 1))
    size = max(130, int(side * scale * rng.uniform(0.5, 0.85)))
    source = Scene(name="", rgb=rgb, affine=affine.affine)
    # Saved once for all below: the cut itself is not compressed a second time.
    picture, matrix = cut(source, rng, size=size, scale=scale, quality=100)
    if rng.random() < 0.3:
        picture = picture ** float(rng.uniform(0.6, 1.7))
    if rng.random() < 0.2:
        picture = np.asarray(
            cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 1.2))), np.float32
        )
    data = np.repeat(np.round(255 * np.clip(picture, 0, 1))[..., None], 3, 2).astype(np.uint8)
    return jpeg(data, int(rng.integers(40, 93))), matrix


def spliced(rgb: Pixels, other: Pixels, rng: np.random.Generator) -> Pixels:
    """Paste one or two pieces of 32 to 64 px, or erase as much."""
    out = rgb.copy()
    for _ in range(int(rng.integers(1, 3))):
        side = int(min(rng.integers(32, 65), min(rgb.shape[:2]) // 4, min(other.shape[:2]) // 4))
        x, y = (int(rng.integers(0, n - side)) for n in (rgb.shape[1], rgb.shape[0]))
        if rng.random() < 0.5:
            hole = np.zeros(rgb.shape[:2], np.uint8)
            hole[y + 4 : y + side - 4, x + 4 : x + side - 4] = 255
            out = np.asarray(cv2.inpaint(out, hole, 4, cv2.INPAINT_TELEA), np.uint8)
        else:
            u, v = (int(rng.integers(0, n - side)) for n in (other.shape[1], other.shape[0]))
            out[y : y + side, x : x + side] = other[v : v + side, u : u + side]
    return out


def tell(
    picture: Pixels, known: Pixels, matrix: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Relation, float]:
    """Bring both to the size that is kept, shake the matrix by 0.25 px, and ask."""
    small, back = reduced(picture)
    kept, known_back = reduced(known)
    if rng.random() < 0.5:
        kept = jpeg(np.ascontiguousarray(kept), 92)
    shake = np.array([[1, 0, rng.normal(0, 0.25)], [0, 1, rng.normal(0, 0.25)], [0, 0, 1]])
    lay = np.linalg.inv(known_back) @ matrix @ back @ shake
    started = time.process_time()
    told = relation.classify(gray(small), gray(kept), lay, picture_mask=small.max(2) > 4)
    return told, time.process_time() - started


def copies(place: str, paths: list[Path], seed: int, count: int) -> Iterator[Told]:
    """Yield copies of every class, ``count`` of each."""
    for kind in COPIES:
        for number in range(count):
            rng = np.random.default_rng([seed, number, *kind.encode(), *place.encode()])
            source = scene(paths[int(rng.integers(len(paths)))])
            rgb = source.rgb
            if kind.startswith("drawn"):
                rgb = np.ascontiguousarray(rgb[:1000, :1000])
                post = (parts._post if "post" in kind else parts._hard)(rgb, [], rng)
                picture, matrix = post.image.rgb(), post.truth[0]
            else:
                start = rgb
                if kind == "spliced":
                    start = spliced(rgb, scene(paths[int(rng.integers(len(paths)))]).rgb, rng)
                picture, matrix = handled(start, source, rng)
            told, seconds = tell(picture, rgb, matrix, rng)
            yield Told(truth=kind, place=place, relation=told, seconds=seconds)


def exposures(place: str, paths: list[Path], truth: str, seed: int, count: int) -> Iterator[Told]:
    """Yield pictures laid on another exposure of the same ground."""
    rng = np.random.default_rng([seed, *place.encode()])
    laid = _frames(paths, rng) if truth.startswith("frame") else None
    for _ in range(count):
        if laid is None:
            first, second = (scene(paths[k]) for k in rng.permutation(len(paths))[:2])
            between = np.linalg.inv(second.affine) @ first.affine
        else:
            one, two, between = laid[int(rng.integers(len(laid)))]
            first, second = scene(one), scene(two)
        picture, matrix = handled(first.rgb, first, rng)
        told, seconds = tell(picture, second.rgb, between @ matrix, rng)
        yield Told(truth=truth, place=place, relation=told, seconds=seconds)


def _frames(
    paths: list[Path], rng: np.random.Generator
) -> list[tuple[Path, Path, NDArray[np.float64]]]:
    """Lay about thirty pairs of frames on each other by their features."""
    found = {path: features.detect(scene(path).gray, limit=3000) for path in paths}
    out = []
    for _ in range(30):
        one, two = (paths[k] for k in rng.permutation(len(paths))[:2])
        laid = registration.align(
            found[one],
            found[two],
            query_shape=scene(one).rgb.shape,
            known_shape=scene(two).rgb.shape,
        )
        if isinstance(laid, registration.Registered):
            out.append((one, two, laid.matrix))
    return out


def run(places: dict[str, tuple[str, slice, str | None]], seed: int, count: int) -> list[Told]:
    """Ask for every place."""
    told: list[Told] = []
    for place, (folder, part, truth) in places.items():
        names = sorted(p for p in (DATA / folder).iterdir() if p.suffix in (".jpg", ".png", ".tif"))
        told += copies(place, names[part], seed, count)
        if truth:
            told += exposures(place, names[part], truth, seed, 6 * count)
    return told


def scores(told: list[Told]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give the copy scores, and which are copies; without a score a pair counts as most unlike."""
    values = [-9.0 if t.relation.copy_score is None else t.relation.copy_score for t in told]
    return np.array(values), np.array([t.truth in COPIES for t in told])


def auc(values: NDArray[np.float64], copy: NDArray[np.bool_]) -> float:
    """Give the share of pairs of copy and other in the right order."""
    gap = values[copy][:, None] - values[~copy][None]
    return float(((gap > 0) + 0.5 * (gap == 0)).mean())


def right(values: NDArray[np.float64], copy: NDArray[np.bool_]) -> float:
    """Give the share of copies above all but 1 % of the others."""
    return float((values[copy] > np.quantile(values[~copy], 0.99)).mean())


def table(told: list[Told], title: str) -> None:
    """Print what was called what, and how well the score orders."""
    print(f"### {title}\n\n| truth | place | {' | '.join(KINDS)} |\n|---|---|{'---|' * len(KINDS)}")
    groups = [(t, "all") for t in COPIES]
    groups += sorted({(t.truth, t.place) for t in told if t.truth not in COPIES})
    for truth, place in groups:
        mine: list[str] = [
            t.relation.kind for t in told if t.truth == truth and place in (t.place, "all")
        ]
        cells = []
        for kind in KINDS:
            span = binomial_interval(mine.count(kind), len(mine))
            cells.append(f"{mine.count(kind)}/{len(mine)} [{span.low:.2f}, {span.high:.2f}]")
        print(f"| {truth} | {place} | {' | '.join(cells)} |")
    others = [t for t in told if t.truth not in COPIES]
    wrong = sum(t.relation.kind in ("same", "derived") for t in others)
    span = binomial_interval(wrong, len(others))
    print(f"\nothers called a copy: {wrong}/{len(others)} [{span.low:.4f}, {span.high:.4f}]")
    values, copy = scores(told)
    rng = np.random.default_rng(20170924)
    names = sorted({t.place for t in told})
    of = np.array([names.index(t.place) for t in told])
    drawn: list[tuple[float, float]] = []
    while len(drawn) < 1000:
        pick = np.concatenate(
            [np.flatnonzero(of == k) for k in rng.integers(0, len(names), len(names))]
        )
        if copy[pick].any() and not copy[pick].all():
            drawn.append((auc(values[pick], copy[pick]), right(values[pick], copy[pick])))
    spans = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    print(f"AUC {auc(values, copy):.4f} [{spans[0, 0]:.4f}, {spans[1, 0]:.4f}] over places")
    print(f"right at 1 % error {right(values, copy):.3f} [{spans[0, 1]:.3f}, {spans[1, 1]:.3f}]")
    hover = np.array([t.truth == "frame, hovering camera" for t in told])
    if hover.any():
        print(f"AUC without the hovering camera {auc(values[~hover], copy[~hover]):.4f}")
    seconds = np.array([t.seconds for t in told])
    print(f"CPU s: median {np.median(seconds):.2f}, largest {seconds.max():.2f}\n")


def fit(told: list[Told]) -> None:
    """Print the constants of both logistic models, log10; the second has no shift."""
    known = [t for t in told if t.relation.median is not None]
    others = [t for t in known if t.truth not in COPIES]
    for name, rows, positive in (
        ("copy", known, [t.truth in COPIES for t in known]),
        ("capture", others, [t.truth.startswith("frame") for t in others]),
    ):
        design = np.array([_measures(t.relation) for t in rows])
        if name == "capture":
            design = design[:, :2]
        print(name, np.round(_logistic(design, np.array(positive)) / np.log(10), 3))


def _measures(told: Relation) -> tuple[float, float, float]:
    shift = 3.0 if told.shift_px is None else max(told.shift_px, 0.02)
    assert told.median is not None
    return 1.0, float(np.arctanh(np.clip(told.median, -0.5, 0.995))), float(np.log(shift))


def _logistic(design: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    weight = np.where(positive, 0.5 / positive.mean(), 0.5 / (~positive).mean())
    ridge = np.diag([1e-6, *[0.3] * (design.shape[1] - 1)])
    q = np.zeros(design.shape[1])
    for _ in range(200):
        chance = 1 / (1 + np.exp(-design @ q))
        slope = design.T @ (weight * (chance - positive)) + ridge @ q
        bend = (design.T * (weight * chance * (1 - chance))) @ design + ridge
        q -= 0.7 * np.linalg.solve(bend, slope)
    return q


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", default=["report"])
    parser.add_argument("--seed", type=int, default=20171114)
    parser.add_argument("--count", type=int, default=8, help="copies of each class and place")
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    if {"calibration", "fit"} & set(chosen.part):
        told = run(CALIBRATION, chosen.seed + 1, chosen.count)
        if "calibration" in chosen.part:
            table(told, "Calibration places")
        if "fit" in chosen.part:
            fit(told)
    if "report" in chosen.part:
        table(run(REPORTED, chosen.seed, chosen.count), "Reported places")


if __name__ == "__main__":
    main()
