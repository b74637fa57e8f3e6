"""Measure placing: error on the same image and on other dates, false placings, copy or place.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.geo_place [--part same|dates|false|relation]``.
Prints Markdown. Every cut is seeded; truth comes from the geotransforms. Thresholds were set with
seeds 20170924 to 20170926; the default seeds are others.
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
from imgcheck.imaging import features, registration, relation, transforms
from imgcheck.imaging.registration import Registered
from imgcheck.quantity import binomial_interval

_ROOT = Path(__file__).resolve().parents[2]
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_WRONG_PX = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One picture with its place: ``affine`` (3, 3) pixel corner to CRS, or the identity."""

    name: str
    rgb: NDArray[np.uint8]
    affine: NDArray[np.float64]
    crs: object = None

    @property
    def gray(self) -> NDArray[np.float32]:
        return (self.rgb.astype(np.float32) @ _WEIGHTS / np.float32(255)).astype(np.float32)


def read(path: Path) -> Scene:
    """Read the first three bands of a picture that is 8 bits deep."""
    with rasterio.open(path) as dataset:
        bands = dataset.read()[:3]
        affine = np.array(dataset.transform, np.float64).reshape(3, 3)
        crs = dataset.crs
    bands = bands if len(bands) == 3 else np.repeat(bands[:1], 3, axis=0)
    rgb = np.ascontiguousarray(bands.transpose(1, 2, 0).astype(np.uint8))
    return Scene(name=path.stem, rgb=rgb, affine=affine, crs=crs)


def jpeg(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Save and open again."""
    stream = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(stream, cv2.IMREAD_COLOR)[..., ::-1])


def cut(
    scene: Scene, rng: np.random.Generator, *, size: int, scale: float = 1.0, quality: int = 60
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Cut a square at any rotation; gives the gray picture and picture px -> scene px."""
    rows, cols = scene.rgb.shape[:2]
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(turn) / scale, np.sin(turn) / scale
    half = size / 2 * (abs(c) + abs(s))
    half = min(half, rows / 2 - 1, cols / 2 - 1)
    x, y = rng.uniform(half, cols - half), rng.uniform(half, rows - half)
    middle = size / 2
    matrix = np.array(
        [[c, -s, x - (c - s) * middle], [s, c, y - (s + c) * middle], [0.0, 0.0, 1.0]]
    )
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    soft = scene.rgb
    if scale < 1:
        soft = cv2.GaussianBlur(soft, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    picture = cv2.warpPerspective(
        soft, np.linalg.inv(shift) @ matrix @ shift, (size,) * 2, flags=flags
    )
    gray = jpeg(picture, quality).astype(np.float32) @ _WEIGHTS / np.float32(255)
    return gray.astype(np.float32), matrix


def corner_error(
    matrix: NDArray[np.float64], truth: NDArray[np.float64], shape: tuple[int, ...]
) -> float:
    """Give the largest distance of a corner from where it belongs."""
    ring = transforms.corners(shape)
    return float(
        np.hypot(*(transforms.apply(matrix, ring) - transforms.apply(truth, ring)).T).max()
    )


def rate(count: int, of: int) -> str:
    """Write a share with its exact 95 % interval."""
    interval = binomial_interval(count, of)
    return f"{count}/{of} ({interval.low:.4f}-{interval.high:.4f})"


def table(head: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def stack(data: Path, name: str) -> list[Scene]:
    """Read all dates of one stack."""
    return [read(path) for path in sorted((data / "stacks" / name).glob("*.tif"))]


def same(data: Path, seed: int) -> None:
    """Place 20 cuts on the uncut image itself."""
    scenes, rng = stack(data, "naip"), np.random.default_rng(seed)
    errors, times, hits = [], [], 0
    for number in range(20):
        scene = scenes[number % len(scenes)]
        picture, truth = cut(scene, rng, size=int(rng.integers(300, 421)))
        start = time.perf_counter()
        transform = tuple(scene.affine.ravel()[:6])
        reference = geo.of_arrays(scene.gray, transform=transform, crs=scene.crs)
        found = geo.locate(picture, [reference])
        times.append(time.perf_counter() - start)
        if isinstance(found, geo.Placed) and found.path == "fast":
            errors.append(corner_error(found.registration.matrix, truth, picture.shape))
            hits += errors[-1] < 2
    print("### Cuts (300-420 px, any rotation, JPEG 60) on the image they were cut from\n")
    table(
        ["placed", "corner error < 2 px", "median error px", "largest px", "median s"],
        [
            [
                rate(len(errors), 20),
                rate(hits, 20),
                f"{np.median(errors):.3f}",
                f"{max(errors):.3f}",
                f"{np.median(times):.1f}",
            ]
        ],
    )


def dates(data: Path, seed: int, rounds: int) -> None:
    """Place cuts of each date on each other date, as they are and mirrored."""
    scenes = stack(data, "naip")
    known = [_known(s) for s in scenes]
    rows = []
    for number in range(rounds):
        rng = np.random.default_rng(seed + number)
        placed, wrong, covered, mirrored, errors, tried = 0, 0, 0, 0, [], 0
        for i, source in enumerate(scenes):
            for j, target in enumerate(scenes):
                if i == j:
                    continue
                tried += 1
                picture, truth = cut(source, rng, size=int(rng.integers(300, 421)))
                truth = np.linalg.inv(target.affine) @ source.affine @ truth
                query = features.detect(picture, limit=2500)
                shapes = {"query_shape": picture.shape, "known_shape": target.rgb.shape[:2]}
                found = registration.align(query, known[j], **shapes)
                turned = features.flipped(query, width=picture.shape[1])
                other_hand = registration.align(turned, known[j], **shapes)
                mirrored += isinstance(other_hand, Registered)
                if not isinstance(found, Registered):
                    continue
                placed += 1
                errors.append(corner_error(found.matrix, truth, picture.shape))
                wrong += errors[-1] > _WRONG_PX
                middle = np.array([[picture.shape[1] / 2, picture.shape[0] / 2]])
                gap = transforms.apply(found.matrix, middle) - transforms.apply(truth, middle)
                spread = registration.place_covariance(found, middle)[0]
                covered += float(gap[0] @ np.linalg.solve(spread, gap[0])) < 5.99
        rows.append(
            [
                str(seed + number),
                rate(placed, tried),
                rate(wrong, tried),
                f"{np.median(errors):.2f}",
                f"{max(errors):.2f}",
                rate(covered, placed),
                rate(mirrored, tried),
            ]
        )
    print("### Cuts on each other date of the same place (all ordered pairs of dates)\n")
    head = ["seed", "placed", f"wrong by > {_WRONG_PX:g} px", "median error px", "largest px"]
    table([*head, "centre in 95 % ellipse", "mirrored cut placed"], rows)


def _known(scene: Scene) -> features.Features:
    limit = registration.reference_limit(scene.rgb.shape)
    return features.detect(scene.gray, limit=limit)


def _places(data: Path) -> Iterator[tuple[str, list[Path]]]:
    for name in ("naip", "pucallpa"):
        yield name, sorted((data / "stacks" / name).glob("*.tif"))
    for name in ("seneca", "niza", "brighton", "neon"):
        yield name, sorted(p for p in (data / "overhead" / name).iterdir() if p.suffix != ".json")
    for name in ("kit_mos155_179", "kit_munichstreet02", "dji_minsk_0005"):
        folder = data / "vehicles" / name
        yield name, sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg", ".JPG"))


def false_placings(data: Path, seed: int, pairs: int) -> None:
    """Try to place pictures on pictures of other places."""
    rng = np.random.default_rng(seed)
    queries, knowns = [], []
    for place, paths in _places(data):
        for index in rng.permutation(len(paths))[:8]:
            scene = read(paths[index])
            size = min(320, *scene.rgb.shape[:2])
            picture, _ = cut(scene, rng, size=size)
            queries.append((place, picture.shape, features.detect(picture, limit=2500)))
            knowns.append((place, scene.rgb.shape[:2], _known(scene)))
    unrelated = [(q, k) for q in queries for k in knowns if q[0] != k[0]]
    scores, hits = [], 0
    for index in rng.permutation(len(unrelated))[:pairs]:
        query, known = unrelated[index]
        found = registration.align(
            query[2], known[2], query_shape=query[1], known_shape=known[1], try_mirrored=True
        )
        hits += isinstance(found, Registered)
        scores.append(np.inf if found.log10_nfa is None else found.log10_nfa)
    print("### Pictures of other places, tried as they are and mirrored\n")
    table(
        ["pairs", "placed", "least log10 NFA", "bound for acceptance"],
        [
            [
                str(len(scores)),
                rate(hits, len(scores)),
                f"{min(scores):.1f}",
                f"{registration.ACCEPT_LOG10_NFA:g}",
            ]
        ],
    )


def _copies(
    scenes: list[Scene], rng: np.random.Generator, count: int
) -> Iterator[relation.Relation]:
    for _ in range(count):
        scene = scenes[int(rng.integers(len(scenes)))]
        picture, matrix, _ = _handled(scene, rng)
        jitter = np.array([[1, 0, rng.normal(0, 0.2)], [0, 1, rng.normal(0, 0.2)], [0, 0, 1]])
        yield relation.classify(picture, scene.gray, jitter @ matrix)


def _others(
    scenes: list[Scene], rng: np.random.Generator, count: int
) -> Iterator[relation.Relation]:
    for _ in range(count):
        i, j = rng.choice(len(scenes), 2, replace=False)
        picture, matrix, usable = _handled(scenes[i], rng)
        to_other = np.linalg.inv(scenes[j].affine) @ scenes[i].affine @ matrix
        yield relation.classify(picture, scenes[j].gray, to_other, picture_mask=usable)


def _handled(
    scene: Scene, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]]:
    scale = float(rng.uniform(0.4, 1))
    size = max(150, int(rng.uniform(300, 420) * scale))
    picture, matrix = cut(scene, rng, size=size, scale=scale, quality=int(rng.integers(40, 91)))
    return picture, matrix, picture > 4 / 255


def _frames(data: Path, folder: str, rng: np.random.Generator) -> Iterator[relation.Relation]:
    paths = dict(_places(data))[folder]
    for _ in range(10):
        i, j = rng.choice(len(paths), 2, replace=False)
        first, second = read(paths[i]), read(paths[j])
        crop = jpeg(np.ascontiguousarray(first.rgb[:500, :500]), int(rng.integers(50, 91)))
        picture = (crop.astype(np.float32) @ _WEIGHTS / np.float32(255)).astype(np.float32)
        found = registration.register(picture, second.gray)
        if isinstance(found, Registered):
            yield relation.classify(picture, second.gray, found.matrix)


def relations(data: Path, seed: int, count: int) -> None:
    """Tell copies from other dates; thresholds were set on the dates of even position."""
    rng = np.random.default_rng(seed)
    naip, pucallpa = stack(data, "naip"), stack(data, "pucallpa")
    kinds = ("same", "derived", "same-capture", "same-place", "undetermined")
    runs: list[tuple[str, Iterator[relation.Relation]]] = [
        ("copies, even dates (set)", _copies(naip[::2], rng, count)),
        ("copies, odd dates (reported)", _copies(naip[1::2], rng, count)),
        ("other date, even dates (set)", _others(naip[::2], rng, count)),
        ("other date, odd dates (reported)", _others(naip[1::2], rng, count)),
        ("other year, pucallpa (never used to set)", _others(pucallpa, rng, count // 4)),
        *(
            (f"frames seconds apart, {name}", _frames(data, name, rng))
            for name in ("kit_mos155_179", "kit_munichstreet02", "dji_minsk_0005")
        ),
    ]
    rows = []
    for name, told in runs:
        found = [r.kind for r in told]
        rows.append([name, *(rate(found.count(k), len(found)) if found else "-" for k in kinds)])
    print("### Copy, or the same place at another time (JPEG 40-90, scale 0.4-1, any rotation)\n")
    table(["truth", *kinds], rows)


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("same", "dates", "false", "relation"), action="append")
    parser.add_argument("--seed", type=int, default=20170930)
    parser.add_argument("--rounds", type=int, default=2, help="cuts for each ordered pair of dates")
    parser.add_argument("--pairs", type=int, default=1500, help="unrelated pairs")
    parser.add_argument("--count", type=int, default=500, help="pictures for each kind of relation")
    chosen = parser.parse_args()
    # Pictures without a place are meant to be there.
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    parts: dict[str, Callable[[], None]] = {
        "same": lambda: same(data, chosen.seed),
        "dates": lambda: dates(data, chosen.seed, chosen.rounds),
        "false": lambda: false_placings(data, chosen.seed, chosen.pairs),
        "relation": lambda: relations(data, chosen.seed, chosen.count),
    }
    for name in chosen.part or parts:
        parts[name]()


if __name__ == "__main__":
    main()
