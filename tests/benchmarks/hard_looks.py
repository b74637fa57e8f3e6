"""Measure placing of pictures that look other than their reference: night, inverted, haze, radar.

Run: ``python -m tests.benchmarks.hard_looks LOOK... [--count N] [--seed S] --log F``, with the
folder of real imagery in `IMGCHECK_DATA`, then ``... --summary F``. Every picture is a posted cut
(see `posting`) to which one look is added, placed by `geo.locate` on the whole frame, on the image
that it was cut from and on one of another date. Its pixel size is stated within 10 % and searched
within 20 %, or unknown.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.imaging import transforms, warp
from tests.benchmarks import relation
from tests.benchmarks.geo_place import Scene, corner_error, jpeg, rate, table
from tests.benchmarks.grounds import KINDS, Ground, grounds
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.runs import Row, command, errors, held, note, samples
from tests.benchmarks.structural import rms_error

_WRONG_PX = 10.0
# Within this many reference pixels (root mean square) a picture is placed rightly.
_NEAR_PX = {"joplin": 5.0, "beijing": 5.0, "dsifn": 5.0, "egy": 5.0, "close": 5.0, "yard": 5.0}
_OFF, _SEARCHED = 1.1, 1.2
# A cut in which more than this share is black shows no ground.
_EMPTY, _MOST_EMPTY = 6, 0.3
# Where no place is known: half-metre pixels somewhere.
_AFFINE = np.array([[0.5, 0, 600_000.0], [0, -0.5, 3_918_000.0], [0, 0, 1.0]])
_EXTENT = {"pucallpa": 250, "dsifn": 165, "egy": 165, "landsat": 250}

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Rng = np.random.Generator


def _noise(rgb: Pixels, rng: Rng, sigma: float) -> NDArray[np.float32]:
    return np.asarray(rgb + rng.normal(0, sigma, rgb.shape), np.float32)


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return np.ascontiguousarray(np.clip(np.round(np.nan_to_num(values)), 0, 255).astype(np.uint8))


def _inverted(rgb: Pixels, rng: Rng) -> Pixels:
    return 255 - rgb


def _night(rgb: Pixels, rng: Rng) -> Pixels:
    """Take a sixth to a twelfth of the light, with the noise of a small sensor."""
    dark = rgb * float(rng.uniform(0.08, 0.17))
    return _bytes(_noise(_bytes(dark), rng, float(rng.uniform(2.0, 4.0))))


def _exposed(rgb: Pixels, rng: Rng) -> Pixels:
    """Burn out the brightest half."""
    return _bytes(rgb * (255.0 / max(1.0, np.percentile(rgb, float(rng.uniform(40, 60))))))


def _false_colour(rgb: Pixels, rng: Rng) -> Pixels:
    """Show plants bright, as near infrared does, in place of red."""
    red, green, blue = (rgb[..., k].astype(np.float32) for k in range(3))
    infrared = 90 + 3.0 * (green - (red + blue) / 2) + 0.3 * (128 - red)
    return _bytes(np.stack([infrared, red, green], axis=-1))


def _haze(rgb: Pixels, rng: Rng) -> Pixels:
    """Lay a veil of uneven density, 55 to 85 % of the light, over it."""
    rows, cols = rgb.shape[:2]
    coarse = rng.uniform(0.55, 0.85, (4, 4)).astype(np.float32)
    veil = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_CUBIC)[..., None]
    return _bytes(_noise(_bytes(rgb * (1 - veil) + 225 * veil), rng, 1.5))


def _radar(rgb: Pixels, rng: Rng) -> Pixels:
    """Give the texture of radar: speckle of four looks on a tone that follows light not at all."""
    tone = gray(rgb)
    curve = np.interp(tone, np.linspace(0, 1, 6), rng.uniform(0.15, 0.9, 6))
    speckle = rng.gamma(4.0, 0.25, tone.shape)
    return _bytes(np.repeat((255 * np.sqrt(curve**2 * speckle))[..., None], 3, axis=2))


_BYTES_LOOKS: dict[str, Callable[[Pixels, Rng], Pixels]] = {
    "as posted": lambda rgb, rng: rgb,
    "inverted": _inverted,
    "night": _night,
    "over-exposed": _exposed,
    "false colour": _false_colour,
    "haze": _haze,
    "radar-like": _radar,
}


def _warped(rgb: Pixels, matrix: Matrix, ring: Matrix) -> tuple[Pixels, Matrix]:
    """Send the corners of a picture to ``ring``; the frame keeps its size."""
    rows, cols = rgb.shape[:2]
    corners = transforms.corners((rows, cols)).astype(np.float32)
    there = cv2.getPerspectiveTransform(corners, ring.astype(np.float32))
    return _bytes(warp.warp(rgb, there, (rows, cols))), matrix @ np.linalg.inv(there)


def _screen(rgb: Pixels, matrix: Matrix, rng: Rng) -> tuple[Pixels, Matrix]:
    """Photograph a screen: the stripes of its pixels, tilt, colour cast, blur."""
    rows, cols = rgb.shape[:2]
    jitter = rng.uniform(-0.06, 0.06, (4, 2)) * (cols, rows)
    shot, matrix = _warped(rgb, matrix, transforms.corners((rows, cols)) + jitter)
    y, x = np.mgrid[:rows, :cols]
    stripes = np.zeros((rows, cols))
    for _ in range(2):
        turn, period = rng.uniform(0, np.pi), rng.uniform(3.5, 14.0)
        stripes += np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period)
    cast = rng.uniform(0.8, 1.15, 3)
    shot = cv2.GaussianBlur(shot, (0, 0), 0.8) * cast * (1 + 0.08 * stripes[..., None])
    return jpeg(_bytes(shot), int(rng.integers(50, 80))), matrix


def _oblique(rgb: Pixels, matrix: Matrix, rng: Rng) -> tuple[Pixels, Matrix]:
    """Look at flat ground from 45 to 60 degrees off the vertical, 40 degrees wide."""
    off = np.radians(rng.uniform(45, 60))
    rows, cols = rgb.shape[:2]
    # Ground points about the middle, in picture sides, seen from a distance of 1.4 sides.
    ring = (transforms.corners((rows, cols)) - (cols / 2, rows / 2)) / max(rows, cols)
    depth = 1.4 - ring[:, 1] * np.sin(off)
    seen = np.stack([ring[:, 0], ring[:, 1] * np.cos(off)], axis=-1) / depth[:, None]
    size = 1.0 / np.ptp(seen[:, 0])
    seen = seen * size * max(rows, cols) + (cols / 2, rows / 2)
    shot, matrix = _warped(rgb, matrix, seen)
    top, bottom = int(np.ceil(seen[:, 1].min())), int(np.floor(seen[:, 1].max()))
    # Only what the ground fills, as a photograph would show.
    low = np.sort(seen[:, 0])
    left, right = int(np.ceil(low[1])), int(np.floor(low[2]))
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]])
    return np.ascontiguousarray(shot[top:bottom, left:right]), matrix @ shift


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A picture, the image to place it on, and the truth between them."""

    rgb: Pixels
    reference: Scene
    truth: Matrix


def _made(look: str, ground: Ground, kind: str, i: int, j: int, rng: Rng) -> Case:
    source, target = ground.scenes[i], ground.scenes[j]
    extent = _EXTENT.get(kind, 300)
    extent = min(extent, int(0.68 * min(source.rgb.shape[:2])))
    how = Handling(extent=extent)
    if look == "coarser":
        wide = min(600, int(0.68 * min(source.rgb.shape[:2])))
        how = Handling(extent=wide, scale=(0.25, 0.5))
    elif look == "finer":
        shrink = min(float(rng.uniform(2, 4)), min(target.rgb.shape[:2]) / 200)
        rows, cols = target.rgb.shape[:2]
        shape = (round(rows / shrink), round(cols / shrink))
        small = _bytes(warp.resize(target.rgb, shape))
        grow = np.diag([cols / shape[1], rows / shape[0], 1.0])
        target = Scene(name=target.name, rgb=small, affine=target.affine @ grow, crs=target.crs)
        how = Handling(extent=max(extent, int(0.55 * min(rows, cols))), scale=(0.9, 1.1))
    elif look == "oblique":
        how = Handling(extent=int(0.68 * min(source.rgb.shape[:2])), scale=(0.9, 1.4))
    rgb, cut = post(source, rng, how)
    while (rgb.max(axis=-1) < _EMPTY).mean() > _MOST_EMPTY:
        rgb, cut = post(source, rng, how)
    if look in _BYTES_LOOKS:
        rgb = jpeg(_BYTES_LOOKS[look](rgb, rng), int(rng.integers(50, 90)))
    elif look == "screen":
        rgb, cut = _screen(rgb, cut, rng)
    elif look == "oblique":
        rgb, cut = _oblique(rgb, cut, rng)
    truth = np.linalg.inv(target.affine) @ source.affine @ cut
    return Case(rgb=rgb, reference=target, truth=truth / truth[2, 2])


LOOKS = (*_BYTES_LOOKS, "screen", "oblique", "coarser", "finer")


@cache
def _close(data: Path) -> list[Ground]:
    """Give pictures from low above, each of one date only."""
    folders = [data / "vehicles" / n for n in ("kit_mos155_179", "kit_munichstreet02")]
    folders += [data / "overhead" / n for n in ("niza", "brighton")]
    return [
        Ground(name=folder.name, scenes=(scene,))
        for folder in folders
        for scene in samples(folder, 3)
    ]


def place(data: Path, kind: str, number: int) -> Ground:
    """Give a place of a kind of ground; "close" has one date only, a "yard" is rendered."""
    if kind == "yard":
        shots = relation.yard(5000 + number)[:2]  # the seeds that are reported on
        scenes = tuple(Scene(name="", rgb=rgb, affine=np.eye(3)) for rgb in shots)
        return Ground(name=f"yard {number}", scenes=scenes)
    there = _close(data) if kind == "close" else grounds(data, kind)
    return there[number % len(there)]


def referenced(scene: Scene) -> geo.ReferenceImage:
    """Make a reference of a scene; one without a place lies somewhere, with half-metre pixels."""
    placed = scene.crs is not None
    affine = scene.affine if placed else _AFFINE @ scene.affine
    return geo.of_arrays(
        scene.gray,
        scene.rgb.max(axis=-1) > 0,
        transform=tuple(affine.ravel()[:6]),
        crs=scene.crs if placed else "EPSG:32637",
    )


def measured(case: Case, rng: Rng, *, known: bool) -> Row:
    """Place one picture and compare it with the truth."""
    shape = case.rgb.shape[:2]
    reference = referenced(case.reference)
    prior = geo.Prior()
    if known:
        size = reference.pixel_m() * transforms.scale(case.truth, shape)
        size *= float(rng.uniform(1 / _OFF, _OFF))
        prior = geo.Prior(gsd_m=(size / _SEARCHED, size * _SEARCHED))
    start = time.process_time()
    found = geo.locate(gray(case.rgb), [reference], prior=prior)
    row: Row = {"seconds": time.process_time() - start, "placed": False}
    if isinstance(found, geo.NotPlaced):
        return row | {"reason": found.reason, "probability": found.false_match_probability}
    here = found.registration
    return row | {
        **errors(here, case.truth),
        "placed": True,
        "path": found.path,
        "rms": rms_error(here.matrix, case.truth, shape),
        "corner": corner_error(here.matrix, case.truth, shape),
        "model": here.model,
        "inliers": here.inliers,
        "matches": here.matches,
    }


def run(data: Path, seeds: range, chosen: argparse.Namespace) -> None:
    """Place pictures, one line of the log each."""
    sizes = {"known": (True,), "unknown": (False,)}.get(chosen.sizes, (True, False))
    for seed in seeds:
        for look in chosen.looks or LOOKS:
            for kind in chosen.kinds:
                for other in (False, True) if kind != "close" else (False,):
                    rng = np.random.default_rng(
                        [seed, LOOKS.index(look), (*KINDS, "close", "yard").index(kind), other]
                    )
                    ground = place(data, kind, seed)
                    count = len(ground.scenes)
                    i = int(rng.integers(count))
                    j = int((i + rng.integers(1, count)) % count) if other else i
                    case = _made(look, ground, kind, i, j, rng)
                    for known in sizes:
                        row = {
                            "look": look,
                            "kind": kind,
                            "place": ground.name,
                            "seed": seed,
                            "other": other,
                            "known": known,
                        }
                        note(chosen.log, row | measured(case, rng, known=known))


def _cells(group: list[Row]) -> list[str]:
    placed = [r for r in group if r["placed"]]
    near = sum(r["rms"] < _NEAR_PX.get(r["kind"], 3.0) for r in placed)
    wrong = sum(not r["corner"] <= _WRONG_PX for r in placed)
    return [
        rate(near, len(group)),
        rate(wrong, len(placed)) if placed else "-",
        str(len(group) - len(placed)),
        *held(placed),
        f"{np.median([r['seconds'] for r in group]):.1f}",
    ]


def summary(rows: list[Row], chosen: argparse.Namespace) -> None:
    """Print the table, a row for each different value of the fields named."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in chosen.by), []).append(row)
    table(
        [
            *chosen.by,
            "placed within 3 px (5 at sub-metre)",
            "wrong by > 10 px, of those placed",
            "refused",
            "centre in its 95 % ellipse",
            "corners in theirs",
            "median CPU s",
        ],
        [[*map(str, key), *_cells(group)] for key, group in groups.items()],
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("looks", nargs="*", help=", ".join(LOOKS))
    parser.add_argument("--kinds", nargs="+", default=["naip", "pucallpa", "beijing", "close"])
    parser.add_argument("--sizes", choices=("known", "unknown", "both"), default="known")
    parser.add_argument("--by", nargs="+", default=["look", "other", "known"])
    command(parser, 10, run, summary)


if __name__ == "__main__":
    main()
