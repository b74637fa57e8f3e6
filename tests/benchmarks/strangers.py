"""Count pictures of other ground that `geo.locate` places; compare the stated probabilities.

Run: ``python -m tests.benchmarks.strangers [--count N] [--seed S] --log F``, with the folder of
real imagery in `IMGCHECK_DATA`, then ``... --summary F``. A picture of one place, posted (see
`posting`), is placed on an image of another, its pixel size unknown, its mirror image searched too.
Pairs run over all kinds of ground in turn: two different kinds, or two places of one kind, or the
two halves of one frame (look-alikes).
"""

import argparse
import time
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from tests.benchmarks.ellipse import _light, _plan, _shot
from tests.benchmarks.geo_place import Scene, rate, table
from tests.benchmarks.grounds import grounds
from tests.benchmarks.hard_looks import referenced
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.runs import Row, command, note, samples

# Sides of references, and of a cut, pixels: edges are searched at all sizes, which takes time.
_REFERENCES, _CUT = (180.0, 360.0), 150
# A part in which more than this share is black shows no ground.
_EMPTY, _MOST_EMPTY = 6, 0.2
_RENDERED = 4
_FOLDERS = {
    "kit": ("vehicles/kit_mos155_179", "vehicles/kit_munichstreet02"),
    "minsk": ("vehicles/dji_minsk_0005",),
    "seneca": ("overhead/seneca",),
    "niza": ("overhead/niza",),
    "brighton": ("overhead/brighton",),
    "neon": ("overhead/neon",),
}
_DATED = ("naip", "pucallpa", "joplin", "beijing", "dsifn", "egy", "landsat")
KINDS = (*_DATED, *_FOLDERS, "rendered")


@cache
def scenes(data: Path, kind: str) -> list[tuple[str, Scene]]:
    """Give scenes of a kind of ground, each with the name of its place."""
    if kind == "rendered":
        return [(f"rendered {k}", _rendered(k)) for k in range(_RENDERED)]
    if kind in _DATED:
        return [(g.name, scene) for g in grounds(data, kind) for scene in g.scenes]
    return [(name, scene) for name in _FOLDERS[kind] for scene in samples(data / name, 6)]


def _rendered(number: int) -> Scene:
    rng = np.random.default_rng([number, 99])
    return Scene(name="", rgb=_shot(_plan(rng), rng, _light(rng), 0.6), affine=np.eye(3))


def _part(scene: Scene, rng: np.random.Generator, side: int, *, half: int | None) -> Scene:
    """Cut a part with ground in it; from the left or the right half of the frame, or anywhere."""
    rows, cols = scene.rgb.shape[:2]
    low, high = (0, cols) if half is None else (half * cols // 2, (half + 1) * cols // 2)
    wide, tall = min(side, high - low), min(side, rows)
    for _ in range(20):
        x, y = int(rng.integers(low, high - wide + 1)), int(rng.integers(0, rows - tall + 1))
        rgb = np.ascontiguousarray(scene.rgb[y : y + tall, x : x + wide])
        if (rgb.max(axis=-1) < _EMPTY).mean() < _MOST_EMPTY:
            break
    shift = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    return Scene(name=scene.name, rgb=rgb, affine=scene.affine @ shift, crs=scene.crs)


def pair(
    data: Path, rng: np.random.Generator, number: int
) -> tuple[str, str, NDArray[np.uint8], Scene]:
    """Give the kinds of both, a picture, and an image of other ground."""
    kind = KINDS[number % len(KINDS)]
    here = scenes(data, kind)
    place, source = here[int(rng.integers(len(here)))]
    known = KINDS[int(rng.integers(len(KINDS)))]
    # A third on the same kind of ground: another place of it, or the other half of the frame.
    if rng.random() < 1 / 3:
        known = kind
    there = [(name, s) for name, s in scenes(data, known) if known != kind or name != place]
    halves: tuple[int | None, int | None] = (None, None)
    if not there:
        there = [(name, s) for name, s in here if name == place]
        half = int(rng.integers(2))
        halves = (half, 1 - half)
    side = round(float(np.exp(rng.uniform(*np.log(_REFERENCES)))))
    target = _part(there[int(rng.integers(len(there)))][1], rng, side, half=halves[1])
    cut = _part(source, rng, int(1.5 * _CUT), half=halves[0])
    extent = min(_CUT, int(0.68 * min(cut.rgb.shape[:2])))
    rgb, _ = post(cut, rng, Handling(extent=extent, drawn=bool(rng.random() < 0.2)))
    return kind, known, rgb, target


def measure(data: Path, numbers: range, chosen: argparse.Namespace) -> None:
    """Place strangers, one line of the log each."""
    for number in numbers:
        rng = np.random.default_rng([number, 20171300])
        kind, known, rgb, target = pair(data, rng, number)
        start = time.process_time()
        found = geo.locate(gray(rgb), [referenced(target)], prior=geo.Prior(mirrored=True))
        one = found.tried[0]
        row = {
            "number": number,
            "kind": kind,
            "reference": known,
            "placed": isinstance(found, geo.Placed),
            "path": one.path,
            "nfa": one.log10_nfa,
            "probability": one.false_match_probability,
            "reason": getattr(one, "reason", None),
            "seconds": time.process_time() - start,
        }
        note(chosen.log, row)


def _line(label: str, rows: list[Row]) -> list[str]:
    stated = np.array([1.0 if r["probability"] is None else r["probability"] for r in rows])
    cells = []
    for bound in (0.1, 0.01, 0.001):
        count = int((stated < bound).sum())
        cells.append(f"{rate(count, len(rows))}: {count / (bound * len(rows)):.2f} times")
    return [label, rate(sum(r["placed"] for r in rows), len(rows)), *cells, f"{stated.min():.2g}"]


def summary(logged: list[Row], chosen: argparse.Namespace) -> None:
    """Print the table by the kind of the reference; a pair that was run twice counts once."""
    rows = list({row["number"]: row for row in logged}.values())
    lines = [
        _line(kind, group)
        for kind in KINDS
        if (group := [r for r in rows if r["reference"] == kind])
    ]
    alike = [r for r in rows if r["kind"] == r["reference"]]
    lines += [_line("of one kind with the picture", alike)] if alike else []
    table(
        ["reference", "placed", "stated < 0.1", "stated < 0.01", "stated < 0.001", "smallest"],
        [*lines, _line("all", rows)],
    )
    print(f"median CPU s: {np.median([r['seconds'] for r in rows]):.1f}")


if __name__ == "__main__":
    command(argparse.ArgumentParser(description=__doc__), 100, measure, summary)
