"""Benchmark: are craters found, and is their power honest? On looks that nothing was tuned to.

    python -m tests.benchmarks.crater_power curve --log curve.jsonl
    python -m tests.benchmarks.crater_power curves --log curve.jsonl
    python -m tests.benchmarks.crater_power hidden --scenes 100 --first 0 --log hidden.jsonl
    python -m tests.benchmarks.crater_power table --log hidden.jsonl

*Traced* craters are those of `tests.benchmarks.traced_craters`. *Scene* craters are those of the
scene renderer (ragged bowl of another profile, clods, rays, soil over plants, real height in the
light), drawn on the picture as ground. Neither training nor `detect.power` uses one of them.
"""

import argparse
import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import detect, scene
from imgcheck.detect import planting, recall, visible
from imgcheck.quantity import binomial_interval
from tests.benchmarks import calibrate, traced_craters
from training import pictures as data
from training.calibrate_craters import CROWNS
from training.jpeg import saved

GSD = 0.3
QUALITY = 85
SIZES_PX = (7.0, 10.0, 14.0, 20.0, 28.0, 40.0)
# Not trained on, and not calibrated on, but for `CROWNS` where the sun is not known: that place is
# reported with a known sun only.
CLUTTERED = ("kit_munichstreet02", "dji_minsk_0005", "dsifn", "beijing")
OPEN = ("egy", "plain")
PLACES = (*CLUTTERED, *OPEN)
LOOKS = ("traced", "scene")
_EMPTY = 8  # pictures a place that false proposals are counted on


def pictures(name: str, *, most: int) -> list[NDArray[np.uint8]]:
    """Return pictures of one place of the report, at most 1.2 megapixels each.

    ``plain`` is open ground of the scene renderer: the soil is of the kind that was trained on.
    """
    if name == "plain":
        return [_plain(1000 + k, side=700) for k in range(most)]
    found = []
    for picture in data.crater_free(name, most=most):
        shrink = max(1.0, np.sqrt(picture.shape[0] * picture.shape[1] / 1.2e6))
        size = (round(picture.shape[1] / shrink), round(picture.shape[0] / shrink))
        found.append(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))
    return found


def draw(
    rgb: NDArray[np.uint8],
    spots: list[planting.Spot],
    *,
    look: str,
    azimuth: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Draw craters of one of the looks into a picture, and save it as JPEG."""
    shown = (_traced if look == "traced" else _scene_craters)(rgb, spots, azimuth, rng)
    return saved(shown, QUALITY)


def _traced(
    rgb: NDArray[np.uint8], spots: list[planting.Spot], azimuth: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    sharp = visible.measure_sharpness(data.gray(rgb), _all(rgb)).blur_px
    at = [(s.x + 0.5, s.y + 0.5, s.what.size_px) for s in spots]
    blur = 0.7 if sharp is None else sharp
    return traced_craters.draw(rgb, at, azimuth_deg=azimuth, blur_px=blur, rng=rng)


def _scene_craters(
    rgb: NDArray[np.uint8], spots: list[planting.Spot], azimuth: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Add the light that craters of the scene renderer change to the picture."""
    craters = []
    for spot in spots:
        diameter = spot.what.size_px * GSD
        depth = diameter * float(rng.uniform(0.1, 0.25))
        craters.append(
            scene.Crater(
                x_m=(spot.x + 0.5) * GSD,
                y_m=(spot.y + 0.5) * GSD,
                radius_m=diameter / 2,
                depth_m=depth,
                rim_m=float(rng.uniform(0.08, 0.25)) * depth,
                ejecta=float(rng.uniform(-0.2, 0.3)),
            )
        )
    ground = scene.Scene(
        width_m=rgb.shape[1] * GSD,
        height_m=rgb.shape[0] * GSD,
        terrain=scene.Backdrop(rgb=rgb, gsd=GSD),
    )
    elevation = float(rng.uniform(25, 60))

    def seen(*holes: scene.Crater) -> NDArray[np.float32]:
        plan = scene.Scene(width_m=ground.width_m, height_m=ground.height_m,
                           terrain=ground.terrain, craters=holes)  # fmt: skip
        shown = scene.render(plan, gsd=GSD, sun_elevation_deg=elevation, sun_azimuth_deg=azimuth,
                             seed=1, noise=0.0, haze=0.0)  # fmt: skip
        return shown.rgb.astype(np.float32)

    changed = rgb + seen(*craters) - seen()
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def proposals(rgb: NDArray[np.uint8], sun: float | None) -> NDArray[np.float64]:
    """Return centres and diameters of the proposals."""
    found = detect.craters(data.gray(rgb), gsd=GSD, sun_azimuth_deg=sun, valid=_all(rgb))
    return np.array([(p.cx, p.cy, p.length) for p in found.proposals], float).reshape(-1, 3)


def _all(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.ones(rgb.shape[:2], bool)


def _hit(found: NDArray[np.float64], spot: planting.Spot) -> bool:
    near = recall._NEAR * spot.what.size_px
    return recall._hits(found, spot, factor=recall._FACTOR, near=near)


def realised(
    rgb: NDArray[np.uint8], *, look: str, trials: int, seed: int, azimuth: float | None
) -> NDArray[np.int_]:
    """Return how many craters of a look were found, by size, and how many were drawn."""
    gray = data.gray(rgb)
    where = planting.grounds(gray, _all(rgb))
    objects = planting.wanted(list(SIZES_PX), looks=1, trials=trials)
    rng = np.random.default_rng(seed)
    hits, tried = np.zeros(len(SIZES_PX), int), np.zeros(len(SIZES_PX), int)
    for spots in planting.passes(where, objects, rng=rng, most=8):
        light = float(rng.uniform(0, 360)) if azimuth is None else azimuth
        found = proposals(draw(rgb, spots, look=look, azimuth=light, rng=rng), azimuth)
        for spot in spots:
            tried[spot.what.size] += 1
            hits[spot.what.size] += _hit(found, spot)
    return np.stack([hits, tried])


def curve(places: tuple[str, ...], *, most: int, trials: int, sun: bool, log: Path) -> None:
    """Append recall that power states and recall of both looks, one line a place."""
    for name in places:
        if name in CROWNS and not sun:
            continue
        sums = {row: np.zeros((2, len(SIZES_PX)), int) for row in ("predicted", *LOOKS)}
        false, megapixels = 0, 0.0
        for k, whole in enumerate(pictures(name, most=most)):
            rgb = np.ascontiguousarray(whole[:700, :900])
            # The direction of a sun that shines on planted craters only.
            azimuth = float(np.random.default_rng([7, k]).uniform(0, 360)) if sun else None
            said = detect.power(
                data.gray(rgb), gsd=GSD, valid=_all(rgb), jpeg_quality=QUALITY, trials=trials,
                sun_azimuth_deg=azimuth, sizes_m=tuple(s * GSD for s in SIZES_PX), seed=k,
            )  # fmt: skip
            for size, share, number in zip(said.sizes_m, said.recall, said.trials, strict=True):
                at = min(range(len(SIZES_PX)), key=lambda i: abs(SIZES_PX[i] - size / GSD))
                sums["predicted"][:, at] += (round(share * number), number)
            for look in LOOKS:
                sums[look] += realised(rgb, look=look, trials=trials, seed=100 + k, azimuth=azimuth)
        for k, rgb in enumerate(pictures(name, most=_EMPTY)):
            azimuth = float(np.random.default_rng([8, k]).uniform(0, 360)) if sun else None
            false += len(proposals(saved(rgb, QUALITY), azimuth))
            megapixels += rgb.shape[0] * rgb.shape[1] / 1e6
        row = {"place": name, "sun": sun, "false": false, "megapixels": round(megapixels, 3)}
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row | {k: v.tolist() for k, v in sums.items()}) + "\n")


def curves(log: Path) -> None:
    """Print what `curve` has measured: what power predicts, then each look."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    print("| ground | sun | false | craters | " + " | ".join(f"{s:g} px" for s in SIZES_PX) + " |")
    groups = [(name, (name,)) for name in PLACES]
    groups += [("cluttered", CLUTTERED), ("open", OPEN), ("all", PLACES)]
    for group, names in groups:
        for sun in (False, True):
            mine = [r for r in rows if r["sun"] is sun and r["place"] in names]
            if not mine:
                continue
            false, area = sum(r["false"] for r in mine), sum(r["megapixels"] for r in mine)
            for look in ("predicted", *LOOKS):
                hits, tried = np.sum([r[look] for r in mine], axis=0)
                spans = [
                    binomial_interval(int(h), int(n)) for h, n in zip(hits, tried, strict=True)
                ]
                cells = [f"{h / n:.2f} [{s.low:.2f}, {s.high:.2f}]"
                         for h, n, s in zip(hits, tried, spans, strict=True)]  # fmt: skip
                print(f"| {group} | {'known' if sun else 'unknown'} | {false} in {area:.1f} Mpx | "
                      f"{look} | " + " | ".join(cells) + " |")  # fmt: skip


_SIDE = 360
# Craters of up to 50 pixels fit in by the dozen.
_HIDDEN_PX = (6.5, 9.0, 13.0, 18.0, 25.0, 35.0, 50.0)


@cache
def _pool(name: str) -> list[NDArray[np.uint8]]:
    return pictures(name, most=12)


def _cut(name: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    pool = _pool(name)
    rgb = pool[int(rng.integers(len(pool)))]
    side = (min(_SIDE, rgb.shape[1]), min(_SIDE, rgb.shape[0]))
    x, y = (int(rng.integers(n - s + 1)) for n, s in zip(rgb.shape[1::-1], side, strict=True))
    return np.ascontiguousarray(rgb[y : y + side[1], x : x + side[0]])


def _plain(number: int, *, side: int = _SIDE) -> NDArray[np.uint8]:
    """Render open ground: soil with few or many shrubs."""
    rng = np.random.default_rng([32, number])
    terrain = scene.Terrain(seed=number, texture=float(rng.uniform(0.1, 0.8)),
                            shrubs_per_ha=float(rng.choice([0, 30, 200])))  # fmt: skip
    plan = scene.Scene(width_m=side * GSD, height_m=side * GSD, terrain=terrain)
    return scene.render(plan, gsd=GSD, sun_elevation_deg=float(rng.uniform(25, 60)),
                        sun_azimuth_deg=float(rng.uniform(0, 360)), seed=number).rgb  # fmt: skip


def _scene(number: int, places: tuple[str, ...], *, known: bool) -> dict[str, object]:
    """Hide 0 to 5 craters of one look in a picture, and say what the answer was worth."""
    rng = np.random.default_rng([31, number])
    places = (*places, "plain")
    name = places[number // 4 % len(places)]
    rgb = _plain(number) if name == "plain" else _cut(name, rng)
    where = planting.grounds(data.gray(rgb), _all(rgb))
    hidden = int(rng.integers(6))
    sizes = np.exp(rng.uniform(np.log(8), np.log(50), hidden))
    wanted = [planting.Wanted(size=k, size_px=float(s), look=0, ground=int(rng.integers(3)))
              for k, s in enumerate(sizes)]  # fmt: skip
    spots = next(planting.passes(where, wanted, rng=rng, most=1), [])
    light = float(rng.uniform(0, 360))
    sun = light if known or number % 2 or name in CROWNS else None
    look = LOOKS[number // 2 % 2]
    shown = draw(rgb, spots, look=look, azimuth=light, rng=rng)
    said = detect.power(data.gray(shown), gsd=GSD, valid=_all(shown), jpeg_quality=QUALITY,
                        sun_azimuth_deg=sun, trials=24, seed=number,
                        sizes_m=tuple(s * GSD for s in _HIDDEN_PX))  # fmt: skip
    found = proposals(shown, sun)
    limit = said.d90_m if said.d90_m is not None else said.d50_m
    # Craters on ground that the answer is about, of the sizes that it is about, that were missed.
    names = [planting.GROUNDS[s.what.ground] for s in spots]
    counted = [s for s, ground in zip(spots, names, strict=True)
               if limit is not None and s.what.size_px * GSD >= limit
               and s.what.size_px * GSD <= said.sizes_m[-1] and ground in said.within]  # fmt: skip
    hits = sum(_hit(found, s) for s in counted)
    from imgcheck.checks import detect_objects
    from imgcheck.model import Absence

    claim = Absence(id="none", object_class="crater", min_size_m=limit)
    return {
        "place": name, "look": look, "hidden": len(spots), "concerned": len(counted), "found": hits,
        "missed_upper": said.missed_upper, "d90": said.d90_m, "share": said.share_of_picture,
        "proposed": len(found),
        "supported": detect_objects.decide(claim, said) is not None,
    }  # fmt: skip


def hidden(
    places: tuple[str, ...], scenes: int, first: int, *, every: int, known: bool, log: Path
) -> None:
    """Append one line a scene to the log; the sun is known in all or in every other one."""
    for number in range(first, first + scenes, every):
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"scene": number, **_scene(number, places, known=known)}) + "\n")


def table(log: Path) -> None:
    """Summarise a log, and write how often an absence was supported against the truth."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    bounded = [r for r in rows if r["missed_upper"] is not None]
    held = sum(r["concerned"] - r["found"] <= r["missed_upper"] for r in bounded)
    _say("the bound on missed craters holds, of scenes with one", held, len(bounded))
    quiet = [r for r in bounded if r["found"] == 0]
    held = sum(r["concerned"] <= r["missed_upper"] for r in quiet)
    _say("of these, none of the hidden craters was found", held, len(quiet))
    real = [r for r in rows if r["concerned"]]
    wrong = sum(r["supported"] for r in real)
    _say("absence supported although there were craters of the size", wrong, len(real))
    _say(
        "absence supported where there were none",
        sum(r["supported"] for r in rows if not r["hidden"]),
        sum(not r["hidden"] for r in rows),
    )
    _say("90 % reached on some ground", sum(r["d90"] is not None for r in rows), len(rows))
    calibrate.write(
        "detect.crater-absence", "crater missed", errors=wrong, trials=len(real),
        what="scenes with hidden craters of the size that is stated were called free of them",
        calibration="docs/benchmarks/detect.md, craters and power",
    )  # fmt: skip


def _say(words: str, hits: int, trials: int) -> None:
    span = binomial_interval(hits, trials) if trials else None
    limits = "" if span is None else f" [{span.low:.3f}, {span.high:.3f}]"
    print(f"{words}: {hits} of {trials}{limits}")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("curve", "curves", "hidden", "table"))
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--places", nargs="*", default=PLACES)
    parser.add_argument("--sun", action="store_true", help="the azimuth is known")
    parser.add_argument("--most", type=int, default=1, help="pictures a place")
    parser.add_argument("--trials", type=int, default=24, help="craters a size")
    parser.add_argument("--scenes", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, help="scenes: only every n-th")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.what == "curve":
        curve(tuple(options.places), most=options.most, trials=options.trials, sun=options.sun,
              log=options.log)  # fmt: skip
    elif options.what == "curves":
        curves(options.log)
    elif options.what == "hidden":
        hidden(tuple(options.places), options.scenes, options.first, every=options.every,
               known=options.sun, log=options.log)  # fmt: skip
    else:
        table(options.log)


if __name__ == "__main__":
    main()
