"""Measure whether the 95 % error ellipse of the fast path holds the true place.

Run: ``python -m tests.benchmarks.ellipse KIND... [--count N] [--seed S] --log F``, with the folder
of real imagery in `IMGCHECK_DATA`, then ``... --summary F``. Pictures whose truth is exact:

- ``rendered``: ground rendered twice, on two days at two hours, with other sensors and pixel sizes;
- ``light``: the same with the sun at one place in both;
- ``cut``: a posted cut of a real picture, placed on that picture;
- ``finer``: a posted cut of a real picture, placed on that picture reduced 1.5 to 3 times;
- ``view``: as ``rendered``, in another season, and seen from up to 25 degrees beside the vertical.

Of other dates, with the truth of `grounds`: ``naip``, ``pucallpa``, ``landsat``, ``beijing``,
``joplin``, posted cuts of one date, placed on another.

The floor (`registration.SAME_SIGMA_PX`) was set on rendered pictures of seeds below 200.
"""

import argparse
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene, sun
from imgcheck.geo import settling
from imgcheck.imaging import registration, transforms, warp
from imgcheck.imaging.registration import NotRegistered, Registered, Registration
from imgcheck.quantity import LonLat
from tests.benchmarks.geo_place import Scene, jpeg, read, table
from tests.benchmarks.grounds import grounds
from tests.benchmarks.hard_looks import referenced
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.runs import CHI2_95, Row, command, errors, held, note

_LATITUDE, _LONGITUDE = 35.0, 40.0
# Grain of the heights on which a picture from beside the vertical was rectified, metres.
_HEIGHTS_M = 15.0

Pixels = NDArray[np.uint8]
Made = tuple[Pixels, Scene, NDArray[np.float64]]


def _light(rng: np.random.Generator) -> tuple[float, float]:
    """Draw the sun at a pass: any day, 8:30 to 15:00 by the sun, at least 20 degrees high."""
    while True:
        day = dt.datetime(2017, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=int(rng.integers(365)))
        hour = float(rng.uniform(8.5, 15.0)) - _LONGITUDE / 15
        at = sun.position(day + dt.timedelta(hours=hour), LonLat(lon=_LONGITUDE, lat=_LATITUDE))
        if at.elevation_deg > 20:
            return float(at.elevation_deg), float(at.azimuth_deg)


def _plan(rng: np.random.Generator) -> scene.Scene:
    """Draw a plan: plain by a river or open ground, with more or less relief, texture and roofs."""
    plan = scene.arid_plain(seed=int(rng.integers(1 << 30)), width_m=330.0, height_m=270.0)
    terrain = replace(
        plan.terrain,
        relief_m=float(rng.uniform(0.3, 3.0)),
        microrelief_m=float(rng.uniform(0.02, 0.1)),
        texture=float(rng.uniform(0.5, 1.3)),
        wadi_m=float(rng.uniform(0, 1.2)),
        shrubs_per_ha=float(rng.uniform(0, 200)),
    )
    houses = tuple(
        scene.Building(
            x_m=float(rng.uniform(20, 310)),
            y_m=float(rng.uniform(20, 190)),
            length_m=float(rng.uniform(8, 24)),
            width_m=float(rng.uniform(6, 12)),
            height_m=float(rng.uniform(3, 6)),
            heading_deg=float(rng.uniform(0, 180)),
        )
        for _ in range(int(rng.integers(0, 12)))
    )
    if rng.random() < 0.5:
        plan = replace(plan, rivers=(), fields=())
    return replace(plan, terrain=terrain, buildings=houses)


def _shot(
    plan: scene.Scene,
    rng: np.random.Generator,
    light: tuple[float, float],
    gsd: float,
    window: scene.Window | None = None,
    lean: float = 0.0,
) -> Pixels:
    spots = [tuple(float(v) for v in rng.uniform((20, 20), (310, 200))) for _ in range(6)]
    cars = scene.parked([(x, y) for x, y in spots], seed=int(rng.integers(1 << 30)))
    shot = scene.render(
        replace(plan, vehicles=cars),
        gsd=gsd,
        sun_elevation_deg=light[0],
        sun_azimuth_deg=light[1],
        seed=int(rng.integers(1 << 30)),
        window=window,
        greenness=float(rng.uniform(0.1, 0.6)),
        haze=float(rng.uniform(0.01, 0.08)),
        noise=float(rng.uniform(0.008, 0.02)),
        blur_px=float(rng.uniform(0.4, 0.8)),
    )
    return shot.rgb if lean == 0 else _seen(shot, gsd, lean, float(rng.uniform(0, 2 * np.pi)))


def _seen(shot: scene.Rendering, gsd: float, off: float, azimuth: float) -> Pixels:
    """Show a plan view from ``off`` radians beside the vertical, rectified on coarse heights.

    What stands out from the ground around it, a roof or a bank, is displaced.
    """
    smooth = cv2.GaussianBlur(shot.height, (0, 0), _HEIGHTS_M / gsd)
    away = (shot.height - smooth) * np.float32(np.tan(off) / gsd)
    y, x = np.mgrid[: away.shape[0], : away.shape[1]].astype(np.float32)
    moved = x - away * np.float32(np.sin(azimuth)), y + away * np.float32(np.cos(azimuth))
    return np.asarray(cv2.remap(shot.rgb, *moved, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def rendered(
    data: Path, rng: np.random.Generator, *, one_light: bool = False, view: bool = False
) -> Made:
    """Render one ground twice; turn, cut and save one of the two."""
    plan, known = _plan(rng), float(rng.uniform(0.4, 0.8))
    before = _light(rng)
    reference = jpeg(_shot(plan, rng, before, known), int(rng.integers(80, 95)))
    gsd = known * float(np.exp(rng.uniform(np.log(0.5), np.log(1.4))))
    high = float(rng.uniform(80, 120))
    wide, around = 1.25 * high, 1.65 * high
    left, top = float(rng.uniform(0, 330 - around)), float(rng.uniform(0, 230 - around))
    window = scene.Window(left_m=left, top_m=top, width_m=around, height_m=around)
    lean = float(np.radians(rng.uniform(5, 25))) if view else 0.0
    picture = _shot(plan, rng, before if one_light else _light(rng), gsd, window, lean)
    posted = scene.post(
        picture,
        crop=((around - wide) / 2 / gsd, (around - high) / 2 / gsd, wide / gsd, high / gsd),
        rotate_deg=float(rng.uniform(0, 360)),
        scale=float(rng.uniform(0.75, 1.0)),
        gamma=float(rng.uniform(0.8, 1.25)),
        history=(scene.Save(quality=int(rng.integers(55, 92))),),
    )
    to_reference = np.array([[gsd, 0, left], [0, gsd, top], [0, 0, known]]) / known
    truth = to_reference @ np.linalg.inv(posted.matrix)
    return scene.decode(posted.data), _somewhere(reference), truth


def _somewhere(rgb: Pixels) -> Scene:
    return Scene(name="", rgb=rgb, affine=np.eye(3))


def _real(data: Path, rng: np.random.Generator) -> Scene:
    places = [
        sorted((data / "stacks/naip").glob("*.tif")),
        sorted((data / "stacks/pucallpa").glob("*.tif")),
        sorted((data / "vehicles/kit_mos155_179").glob("*.png")),
        sorted((data / "vehicles/kit_munichstreet02").glob("*.png")),
        sorted((data / "vehicles/dji_minsk_0005").glob("*.jpg")),
        *(sorted((data / "overhead" / name).glob("*.jpg")) for name in ("niza", "brighton")),
        sorted((data / "overhead/neon").glob("*.png")),
    ]
    paths = places[int(rng.integers(len(places)))]
    return read(paths[int(rng.integers(len(paths)))])


def cut(data: Path, rng: np.random.Generator) -> Made:
    """Post a cut of a picture; the reference is that picture."""
    known = _real(data, rng)
    extent = int(min(320, 0.6 * min(known.rgb.shape[:2])))
    picture, truth = post(known, rng, Handling(extent=extent))
    return picture, known, truth


def finer(data: Path, rng: np.random.Generator) -> Made:
    """Post a cut of a picture; the reference is that picture with larger pixels, saved anew."""
    original = _real(data, rng)
    rows, cols = original.rgb.shape[:2]
    shrink = min(float(rng.uniform(1.5, 3.0)), min(rows, cols) / 240)
    shape = (round(rows / shrink), round(cols / shrink))
    small = np.clip(np.round(warp.resize(original.rgb, shape)), 0, 255).astype(np.uint8)
    extent = int(0.6 * min(rows, cols))
    picture, truth = post(original, rng, Handling(extent=extent))
    truth = np.diag([shape[1] / cols, shape[0] / rows, 1.0]) @ truth
    return picture, _somewhere(jpeg(small, int(rng.integers(80, 95)))), truth


def dates(data: Path, rng: np.random.Generator, kind: str) -> Made:
    """Post a cut of one date; the reference is another date."""
    there = grounds(data, kind)
    ground = there[int(rng.integers(len(there)))]
    i, j = rng.choice(len(ground.scenes), 2, replace=False)
    extent = int(min(300, 0.65 * min(ground.scenes[i].rgb.shape[:2])))
    picture, cut = post(ground.scenes[i], rng, Handling(extent=extent))
    return picture, ground.scenes[j], ground.between(i, j) @ cut


KINDS: dict[str, Callable[[Path, np.random.Generator], Made]] = {
    "rendered": rendered,
    "light": lambda data, rng: rendered(data, rng, one_light=True),
    "cut": cut,
    "finer": finer,
    "view": lambda data, rng: rendered(data, rng, view=True),
    **{
        kind: partial(dates, kind=kind)
        for kind in ("naip", "pucallpa", "landsat", "beijing", "joplin")
    },
}


def _row(kind: str, seed: int, found: Registration, truth: NDArray[np.float64]) -> Row:
    if isinstance(found, NotRegistered):
        return {"kind": kind, "seed": seed, "placed": False, "reason": found.reason}
    return errors(found, truth) | {
        "kind": kind,
        "seed": seed,
        "placed": True,
        "share": found.inliers / found.matches,
        "inliers": found.inliers,
        "distinct": found.distinct,
        "rms": found.rms_px,
        "model": found.model,
        "scale": transforms.scale(found.matrix, found.picture_shape),
    }


def measure(data: Path, seeds: range, chosen: argparse.Namespace) -> None:
    """Place pictures, one line of the log each."""
    for seed in seeds:
        for kind in chosen.kinds:
            rng = np.random.default_rng([seed, list(KINDS).index(kind)])
            picture, reference, truth = KINDS[kind](data, rng)
            shades = gray(picture)
            found = registration.register(shades, reference.gray)
            if isinstance(found, Registered):
                found = settling.settle(found, shades, None, referenced(reference))
            note(chosen.log, _row(kind, seed, found, truth))


def summary(rows: list[Row], chosen: argparse.Namespace) -> None:
    """Print the table."""
    lines = []
    for name, first, last in (("below 200", 0, 200), ("from 200 on", 200, 10**9)):
        for kind in KINDS:
            group = [r for r in rows if r["kind"] == kind and first <= r["seed"] < last]
            placed = [r for r in group if r["placed"]]
            if not placed:
                continue
            away = np.hypot(*np.array([r["gaps"][0] for r in placed]).T)
            axes = [np.sqrt(CHI2_95 * np.linalg.eigvalsh(r["spread"][0])[-1]) for r in placed]
            lines.append(
                [
                    kind,
                    name,
                    f"{len(placed)}/{len(group)}",
                    *held(placed),
                    f"{np.median(away):.3f}, {np.percentile(away, 95):.3f}",
                    f"{np.median(axes):.2f}",
                ]
            )
    head = ["pictures", "seeds", "placed", "centre in its 95 % ellipse", "corners in theirs"]
    table([*head, "error of the centre, px: median, 95th", "long half-axis, median px"], lines)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    command(parser, 100, measure, summary)


if __name__ == "__main__":
    main()
