"""Measure placing on other dates by directions of edges.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.structural PART... [--count N] [--seed S]``.
Prints Markdown. Truth comes from the geotransforms. Everything was tuned on pictures of the western
47 % of the NAIP frame; reported are pictures of the eastern 53 %, and Pucallpa, which nothing was
tuned on. Every picture is of one date and its reference of another. The size of the picture's
pixels is known within 20 % except in the parts named "open". ``--log FILE`` keeps a line for each
picture; ``summary --log FILE`` prints the tables of everything that is in it, so that runs with
several seeds are put together.
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.geo import structural
from imgcheck.geo.structural.judging import Evidence
from imgcheck.imaging import annotations, features, registration, transforms
from tests.benchmarks.geo_place import Scene, corner_error, rate, stack, table
from tests.benchmarks.peer import sift_seconds
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.runs import CHI2_95, samples

_ROOT = Path(__file__).resolve().parents[2]
_EAST = (0.47, 1.0)
_NEAR_PX, _WRONG_PX = 3.0, 10.0
# The stated size of pixels is off by up to this factor, and is believed within this one.
_OFF, _BELIEVED = 1.1, 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The result of one picture; errors in reference pixels, NaN where it was not placed."""

    found: bool
    rms: float
    corner: float
    inside: tuple[bool, ...]
    probability: float
    tail: float
    seconds: float
    evidence: dict[str, Any] | None


def rms_error(
    matrix: NDArray[np.float64], truth: NDArray[np.float64], shape: tuple[int, ...]
) -> float:
    """Give the root mean square distance over a grid of points of the picture."""
    x, y = np.meshgrid(np.linspace(0, shape[1], 9), np.linspace(0, shape[0], 9))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    gap = transforms.apply(matrix, points) - transforms.apply(truth, points)
    return float(np.sqrt((gap**2).sum(axis=1).mean()))


def known(scenes: list[Scene]) -> list[structural.Pyramid]:
    """Make the references."""
    return [structural.Pyramid(s.gray, s.rgb.max(axis=-1) > 0) for s in scenes]


def place(
    rgb: NDArray[np.uint8],
    reference: structural.Pyramid,
    truth: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    open_scale: bool = False,
    drawn: bool = False,
) -> Placed:
    """Place one picture and compare with the truth."""
    shape = rgb.shape[:2]
    stated = transforms.scale(truth, shape) * float(rng.uniform(1 / _OFF, _OFF))
    start = time.process_time()
    mask = ~annotations.suspect(rgb) if drawn else None
    found = structural.find(
        gray(rgb),
        reference,
        picture_mask=mask,
        scale=None if open_scale else (stated / _BELIEVED, stated * _BELIEVED),
    )
    took = time.process_time() - start
    laid = found.registration
    rms = corner = float("nan")
    inside: tuple[bool, ...] = ()
    if isinstance(laid, registration.Registered):
        rms = rms_error(laid.fit.matrix, truth, shape)
        corner = corner_error(laid.fit.matrix, truth, shape)
        inside = ellipses(laid, truth, shape)
    return Placed(
        found=isinstance(laid, registration.Registered),
        rms=rms,
        corner=corner,
        inside=inside,
        probability=1.0 if found.false_match_probability is None else found.false_match_probability,
        tail=laid.log10_nfa or 0.0,
        seconds=took,
        evidence=None if found.evidence is None else asdict(found.evidence),
    )


def ellipses(
    laid: registration.Registered, truth: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[bool, ...]:
    """Say of the centre and the corners whether the stated 95 % ellipse holds the truth."""
    ring = transforms.corners(shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    gap = transforms.apply(laid.fit.matrix, spots) - transforms.apply(truth, spots)
    spread = registration.place_covariance(laid, spots)
    return tuple(
        bool(g @ np.linalg.solve(c, g) < CHI2_95) for g, c in zip(gap, spread, strict=True)
    )


class Log:
    """Lines of JSON, one for each picture; none where no file is asked for."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self._path, self._seed = path, seed

    def add(self, label: str, number: int, result: Placed, **more: object) -> None:
        if self._path is None:
            return
        line = {"label": label, "seed": self._seed, "number": number, **more, **asdict(result)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    @staticmethod
    def read(path: Path) -> dict[str, list[Placed]]:
        """Give the results by label; a picture that was run twice counts once."""
        seen: dict[tuple[str, int, int], Placed] = {}
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            fields = {name: line[name] for name in Placed.__slots__}
            fields["inside"] = tuple(fields["inside"])
            if fields["evidence"] is not None and fields["probability"] < 1:
                # By the law as it is now.
                fields["probability"] = Evidence(**fields["evidence"]).false_match_probability
            seen[line["label"], line["seed"], line["number"]] = Placed(**fields)
        found: dict[str, list[Placed]] = {}
        for (label, _, _), result in seen.items():
            found.setdefault(label, []).append(result)
        return found


def dates(
    data: Path,
    rng: np.random.Generator,
    count: int,
    part: str,
    log: Log,
) -> list[Placed]:
    """Place cuts of each date on the other dates, all ordered pairs in turn."""
    label, name, how, open_scale = _PARTS[part]
    scenes = stack(data, name)
    references = known(scenes)
    pairs = [(i, j) for i in range(len(scenes)) for j in range(len(scenes)) if i != j]
    order = rng.permutation(len(pairs))
    results = []
    for number in range(count):
        i, j = pairs[order[number % len(pairs)]]
        if part == "posted":
            how = replace(how, drawn=number % 2 == 1)
        rgb, cut = post(scenes[i], rng, how)
        truth = np.linalg.inv(scenes[j].affine) @ scenes[i].affine @ cut
        result = place(rgb, references[j], truth, rng, open_scale=open_scale, drawn=how.drawn)
        log.add(label, number, result, picture=int(i), reference=int(j))
        results.append(result)
    return results


def row(label: str, results: list[Placed]) -> list[str]:
    """Sum up."""
    count = len(results)
    placed = [r for r in results if r.found]
    near = sum(r.rms < _NEAR_PX for r in placed)
    wrong = sum(not r.corner <= _WRONG_PX for r in placed)
    centre = sum(r.inside[0] for r in placed)
    corners = sum(sum(r.inside[1:]) for r in placed)
    return [
        label,
        rate(near, count),
        rate(len(placed), count),
        rate(wrong, count),
        f"{np.median([r.rms for r in placed]):.2f}" if placed else "-",
        rate(centre, len(placed)) if placed else "-",
        f"{corners}/{4 * len(placed)}",
        f"{np.median([r.seconds for r in results]):.1f}",
    ]


# Marks negatives in the log.
_NEGATIVE = "negative: "

_HEAD = [
    "pictures",
    "placed within 3 px (rms)",
    "placed",
    "placed, a corner wrong by > 10 px",
    "median rms px",
    "centre in 95 % ellipse",
    "corners in theirs",
    "median CPU s",
]

_POSTED = Handling(extent=150, tilt=0.06, columns=_EAST)
_PARTS: dict[str, tuple[str, str, Handling, bool]] = {
    "other": ("naip, 300 px", "naip", Handling(columns=_EAST), False),
    "open": ("naip, 300 px, size unknown (0.25-4)", "naip", Handling(columns=_EAST), True),
    "small": ("naip, 150 px", "naip", Handling(extent=150, columns=_EAST), False),
    "river": ("pucallpa, 250 px", "pucallpa", Handling(extent=250), False),
    "drawn": (
        "naip, 300 px, drawn over, JPEG 20-40",
        "naip",
        Handling(columns=_EAST, drawn=True, quality=(20, 40)),
        False,
    ),
    "tilt": ("naip, 300 px, tilt 30 %", "naip", Handling(columns=_EAST, tilt=0.3), False),
    # Every other one drawn over.
    "posted": ("naip, 150 px, tilt 6 %, half drawn over", "naip", _POSTED, False),
    "tilt15": ("naip, 300 px, tilt 15 %", "naip", Handling(columns=_EAST, tilt=0.15), False),
}


def negatives(
    data: Path, rng: np.random.Generator, count: int, log: Log, *, open_scale: bool = False
) -> None:
    """Try to place what is not on the reference: mirrored, look-alike ground, other places."""
    naip, pucallpa = stack(data, "naip"), stack(data, "pucallpa")
    references = known(naip)
    middle = int(naip[0].rgb.shape[1] * _EAST[0])
    west = [structural.Pyramid(np.ascontiguousarray(s.gray[:, :middle])) for s in naip]
    river = known(pucallpa)
    others = _others(data)
    kinds: dict[str, list[Placed]] = {}
    for number in range(count):
        kind = number % 4
        i, j = rng.choice(8, 2, replace=False)
        if kind == 0:
            rgb, truth = post(naip[i], rng, Handling(columns=_EAST))
            rgb, reference, label = rgb[:, ::-1], references[j], "mirrored, naip"
        elif kind == 1:
            rgb, truth = post(naip[i], rng, Handling(columns=_EAST))
            reference, label = west[j], "look-alike: east of naip on its west"
        elif kind == 2:
            rgb, truth = post(pucallpa[i], rng, Handling(extent=250))
            rgb, reference, label = rgb[:, ::-1], river[j], "mirrored, pucallpa"
        else:
            scene = others[int(rng.integers(len(others)))]
            extent = min(300, int(0.7 * min(scene.rgb.shape[:2])))
            rgb, truth = post(scene, rng, Handling(extent=extent))
            reference = (references if rng.random() < 0.5 else river)[j]
            label = "other places on naip and pucallpa"
        label += ", size unknown (0.25-4)" * open_scale
        result = place(np.ascontiguousarray(rgb), reference, truth, rng, open_scale=open_scale)
        log.add(_NEGATIVE + label, number, result, picture=int(i), reference=int(j))
        kinds.setdefault(label, []).append(result)
    _negative_table(kinds)


def _negative_table(kinds: dict[str, list[Placed]]) -> None:
    print("### Pictures of what the reference does not show\n")
    rows = [_negative_row(label, results) for label, results in kinds.items()]
    rows.append(_negative_row("all", [r for results in kinds.values() for r in results]))
    table(
        [
            "pictures",
            "placed",
            "stated < 0.1",
            "stated < 0.01",
            "stated < 0.001",
            "smallest stated",
            "least tail (log10)",
        ],
        rows,
    )


def _negative_row(label: str, results: list[Placed]) -> list[str]:
    stated = np.array([r.probability for r in results])
    return [
        label,
        rate(sum(r.found for r in results), len(results)),
        *(_stated_below(stated, bound) for bound in (0.1, 0.01, 0.001)),
        f"{stated.min():.2g}",
        f"{min(r.tail for r in results):.1f}",
    ]


def _stated_below(stated: NDArray[np.float64], bound: float) -> str:
    """Count the probabilities stated below a bound; an honest one makes it 1 times the nominal."""
    count = int((stated < bound).sum())
    return f"{rate(count, len(stated))}; {count / (bound * len(stated)):.2f} times nominal"


def _others(data: Path) -> list[Scene]:
    folders = [data / "overhead" / n for n in ("seneca", "niza", "brighton", "neon")]
    folders += [
        data / "vehicles" / n for n in ("kit_mos155_179", "kit_munichstreet02", "dji_minsk_0005")
    ]
    return [scene for folder in folders for scene in samples(folder, 6)]


def speed(data: Path, rng: np.random.Generator, count: int, log: Log) -> None:
    """Compare the CPU time with SIFT, matching and RANSAC of OpenCV on the same pairs."""
    scenes = stack(data, "naip")
    ratios: dict[str, list[float]] = {"size known within 20 %": [], "size unknown (0.25-4)": []}
    for _ in range(count):
        i, j = rng.choice(len(scenes), 2, replace=False)
        rgb, cut = post(scenes[i], rng, Handling(extent=400))
        rgb = cv2.resize(rgb, (640, 640), interpolation=cv2.INTER_CUBIC)
        truth = np.linalg.inv(scenes[j].affine) @ scenes[i].affine @ cut
        picture = gray(rgb)
        scale = 400 / 640
        peer = sift_seconds(picture, scenes[j].gray)
        for name in ratios:
            start = time.process_time()
            limits = (scale / _BELIEVED, scale * _BELIEVED) if "within" in name else None
            structural.find(picture, known([scenes[j]])[0], scale=limits)
            ratios[name].append((time.process_time() - start) / peer)
        del truth
    print("### CPU time against SIFT + ratio test + RANSAC (640 px on 934 x 723 px)\n")
    table(
        ["structural path", "pairs", "median ratio", "largest"],
        [[name, str(len(v)), f"{np.median(v):.1f}", f"{max(v):.1f}"] for name, v in ratios.items()],
    )


def fast(data: Path, rng: np.random.Generator, count: int, log: Log) -> None:
    """Place the same kind of cuts by local features alone, for comparison."""
    scenes = stack(data, "naip")
    described = [
        features.detect(s.gray, limit=registration.reference_limit(s.rgb.shape)) for s in scenes
    ]
    hits = near = 0
    for _ in range(count):
        i, j = rng.choice(len(scenes), 2, replace=False)
        rgb, cut = post(scenes[i], rng, Handling(columns=_EAST))
        truth = np.linalg.inv(scenes[j].affine) @ scenes[i].affine @ cut
        found = registration.align(
            features.detect(gray(rgb), limit=2500),
            described[j],
            query_shape=rgb.shape[:2],
            known_shape=scenes[j].rgb.shape[:2],
        )
        if isinstance(found, registration.Registered):
            hits += 1
            near += rms_error(found.matrix, truth, rgb.shape) < _NEAR_PX
    print("### The same cuts by local features (fast path)\n")
    table(["placed", "placed within 3 px"], [[rate(hits, count), rate(near, count)]])


def summary(path: Path) -> None:
    """Print the tables of all that is in a log."""
    found = Log.read(path)
    table(_HEAD, [row(k, v) for k, v in found.items() if not k.startswith(_NEGATIVE)])
    others = {k[len(_NEGATIVE) :]: v for k, v in found.items() if k.startswith(_NEGATIVE)}
    if others:
        _negative_table(others)


def main() -> None:
    """Run the parts asked for."""
    runs: dict[str, Callable[[Path, np.random.Generator, int, Log], None]] = {
        "negatives": negatives,
        "negatives-open": partial(negatives, open_scale=True),
        "speed": speed,
        "fast": fast,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=(*_PARTS, *runs, "summary"))
    parser.add_argument("--count", type=int, default=90)
    parser.add_argument("--seed", type=int, default=20170930)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    log = Log(chosen.log, chosen.seed)
    for part in chosen.parts:
        rng = np.random.default_rng(chosen.seed)
        if part == "summary":
            if chosen.log is None:
                parser.error("summary needs --log FILE")
            summary(chosen.log)
        elif part in runs:
            runs[part](data, rng, chosen.count, log)
        else:
            results = dates(data, rng, chosen.count, part, log)
            table(_HEAD, [row(_PARTS[part][0], results)])


if __name__ == "__main__":
    main()
