"""Benchmarks of imgcheck.detect on real pictures and rendered ground; prints markdown tables.

python -m tests.benchmarks.detect vehicles
python -m tests.benchmarks.detect craters
python -m tests.benchmarks.detect power
python -m tests.benchmarks.detect speed
"""

import argparse
import time
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import detect, scene
from imgcheck.quantity import binomial_interval, poisson_interval
from training import pictures as data
from training.fit_craters import plant_many


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    head = list(head)
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def _share(hits: int, trials: int) -> str:
    if not trials:
        return "-"
    span = binomial_interval(hits, trials)
    return f"{hits / trials:.2f} [{span.low:.2f}, {span.high:.2f}] ({hits}/{trials})"


def _boxes(found: detect.Detections) -> list[tuple[float, ...]]:
    return [(p.cx, p.cy, p.length, p.width, p.heading) for p in found.proposals]


def vehicles(every: int) -> None:
    """Precision, recall, reliability of p, and counts, on scenes that the fit never saw."""
    rows, reliability, ratios = [], [], []
    for name in (*data.TUNED_ON, *data.REPORTED_ON):
        for gsd in (0.3, 0.5):
            real = false = truth = covered = frames = 0
            errors, widths = [], []
            for picture, boxes in data.vehicle_frames(name, gsd=gsd, every=every):
                found = detect.vehicles(picture, gsd=gsd)
                labels, partners = data.match(_boxes(found), boxes)
                counted = int(np.isin(boxes[:, 0], data.COUNTED).sum())
                number = detect.count(found)
                # A bus that is proposed counts, as it stands on the ground.
                real += labels.count(1)
                false += labels.count(0)
                truth += counted
                frames += 1
                if number.median is not None and number.high is not None:
                    covered += number.low <= counted <= number.high
                    errors.append(number.median - counted)
                    widths.append((number.high - number.low) / max(counted, 1))
                for item, label, row in zip(found.proposals, labels, partners, strict=True):
                    if label >= 0 and name in data.REPORTED_ON:
                        reliability.append((item.p, label))
                    if label == 1:
                        sides = sorted(boxes[row, 3:5])
                        if sides[1] > 1.8 * sides[0]:
                            ratios.append(
                                (name, sides[1] / item.length, sides[0] / item.width, item.heading)
                            )
            rows.append(
                (
                    name + (" (tuned on)" if name in data.TUNED_ON else ""),
                    gsd,
                    frames,
                    _share(real, real + false),
                    _share(real, truth),
                    f"{np.mean(errors):+.1f} ± {np.std(errors):.1f} of {truth / frames:.1f}",
                    f"{covered}/{frames}",
                    f"{np.median(widths):.1f}",
                )
            )
    _table(
        ("scene", "gsd m", "frames", "precision [95 %]", "recall [95 %]", "count error a frame",
         "truth in 95 % interval", "interval width / truth"),
        rows,
    )  # fmt: skip
    print("Frames of one scene show the same parked cars: the intervals are too narrow.\n")
    pairs = np.array(reliability, float).reshape(-1, 2)
    bins = ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01))
    lines = []
    for low, high in bins:
        mine = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < high)]
        if len(mine):
            lines.append(
                (f"{low:g}-{min(high, 1):g}", f"{mine[:, 0].mean():.2f}",
                 _share(int(mine[:, 1].sum()), len(mine)))
            )  # fmt: skip
    _table(("p", "mean p", "share real on reported scenes [95 %]"), lines)
    for name in (*data.TUNED_ON, *data.REPORTED_ON):
        mine = np.array([row[1:3] for row in ratios if row[0] == name])
        if len(mine):
            q = np.quantile(mine, [0.025, 0.5, 0.975], axis=0).round(2)
            print(f"{name}: true over proposed length {q[:, 0]}, width {q[:, 1]} (2.5, 50, 97.5 %)")
    print()
    _empty_ground()


def _empty_ground() -> None:
    rows = []
    for name, gsd in (("neon", 0.1), ("seneca", 0.1)):
        number, hectares = 0, 0.0
        for picture in data.place(name, most=12):
            number += len(detect.vehicles(picture, gsd=gsd).proposals)
            hectares += picture.shape[0] * picture.shape[1] * gsd**2 / 1e4
        span = poisson_interval(number)
        rows.append(
            (name, gsd, f"{hectares:.1f}", number,
             f"{number / hectares:.1f} [{span.low / hectares:.1f}, {span.high / hectares:.1f}]")
        )  # fmt: skip
    for gsd in (0.3, 0.5):
        number = real = truth = 0
        hectares = 0.0
        covered = 0
        for seed in range(6):
            picture, boxes = desert(seed, gsd)
            found = detect.vehicles(picture, gsd=gsd)
            labels, _ = data.match(_boxes(found), boxes)
            real += labels.count(1)
            number += labels.count(0)
            truth += len(boxes)
            span2 = detect.count(found)
            covered += span2.high is not None and span2.low <= len(boxes) <= span2.high
            hectares += 240 * 180 / 1e4
        span = poisson_interval(number)
        rows.append(
            (f"rendered plain, {truth} vehicles: recall {_share(real, truth)}, "
             f"count covered {covered}/6", gsd, f"{hectares:.1f}", number,
             f"{number / hectares:.1f} [{span.low / hectares:.1f}, {span.high / hectares:.1f}]")
        )  # fmt: skip
    _table(("ground", "gsd m (real: assumed)", "hectares", "false", "false a hectare"), rows)


def desert(seed: int, gsd: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Render a dry plain with a few vehicles; seeds unlike those of the fit."""
    import dataclasses

    rng = np.random.default_rng(900 + seed)
    plain = scene.arid_plain(seed=900 + seed, width_m=240, height_m=180)
    placed = tuple(
        scene.Vehicle(
            x_m=float(rng.uniform(8, 232)),
            y_m=float(rng.uniform(8, 172)),
            heading_deg=float(rng.uniform(0, 360)),
        )
        for _ in range(10)
    )
    picture = scene.render(
        dataclasses.replace(plain, vehicles=placed),
        gsd=gsd,
        sun_elevation_deg=45,
        sun_azimuth_deg=150,
        seed=seed,
    )
    boxes = [
        [0, o.x_px, o.y_px, o.length_m / gsd, o.length_m / gsd] for o in picture.truth.of("vehicle")
    ]
    return picture.rgb, np.array(boxes).reshape(-1, 5)


def craters(most: int) -> None:
    """False proposals a megapixel on places without craters, and recall of planted ones."""
    rows = []
    for name in (*data.NULL_TUNED, *data.NULL_REPORTED):
        for known in (True, False):
            rng = np.random.default_rng(77)
            false, megapixels, hits, planted = 0, 0.0, np.zeros(4, int), np.zeros(4, int)
            for picture in data.place(name, most=most):
                gray = data.gray(picture)
                azimuth = float(rng.uniform(0, 360))
                options = {"sun_azimuth_deg": azimuth if known else None}
                false += len(detect.craters(gray, gsd=0.3, **options).proposals)
                megapixels += gray.size / 1e6
                truth = plant_many(gray, rng, count=15, azimuth=azimuth)
                found = detect.craters(gray, gsd=0.3, **options)
                for x, y, diameter in truth:
                    band = int(np.searchsorted([12, 20, 45], diameter, side="right"))
                    planted[band] += 1
                    hits[band] += any(
                        np.hypot(p.cx - x, p.cy - y) < 0.25 * diameter
                        and abs(np.log(p.length / diameter)) < np.log(1.6)
                        for p in found.proposals
                    )
            span = poisson_interval(false)
            rows.append(
                (
                    name + (" (tuned on)" if name in data.NULL_TUNED else ""),
                    "known" if known else "unknown",
                    f"{megapixels:.1f}",
                    f"{false / megapixels:.2f} "
                    f"[{span.low / megapixels:.2f}, {span.high / megapixels:.2f}]",
                    *(f"{h}/{n}" for h, n in zip(hits, planted, strict=True)),
                )
            )
    _table(
        ("place", "azimuth", "Mpx", "false a Mpx [95 %]", "found of planted 8-12 px",
         "12-20 px", "20-45 px", "45-90 px"),
        rows,
    )  # fmt: skip
    _rendered_craters()


def _rendered_craters() -> None:
    """Craters made by the scene renderer, which shares no code with the planting."""
    rows = []
    for texture in (0.3, 1.0):
        for known in (True, False):
            hits: dict[float, list[bool]] = {}
            false = 0
            for seed in range(4):
                picture = crater_field(seed, texture=texture)
                gray = data.gray(picture.rgb)
                sun = picture.truth.sun_azimuth_deg if known else None
                found = detect.craters(gray, gsd=0.3, sun_azimuth_deg=sun)
                matched = 0
                for item in picture.truth.of("crater"):
                    near = any(
                        np.hypot(p.cx - item.x_px, p.cy - item.y_px) * 0.3 < 0.3 * item.length_m
                        for p in found.proposals
                    )
                    matched += near
                    hits.setdefault(round(item.length_m), []).append(near)
                false += len(found.proposals) - matched
            shares = [f"{d} m: {sum(v)}/{len(v)}" for d, v in sorted(hits.items())]
            rows.append((texture, "known" if known else "unknown", ", ".join(shares), false))
    _table(("soil texture", "azimuth", "found of rendered", "false in 2.9 Mpx"), rows)


def crater_field(seed: int, *, texture: float) -> scene.Rendering:
    """Render bare ground with 16 craters of 3 to 16 m."""
    rng = np.random.default_rng(seed)
    holes = []
    for k in range(16):
        diameter = (3.0, 5.0, 9.0, 16.0)[k % 4]
        depth = diameter * float(rng.uniform(0.12, 0.24))
        holes.append(
            scene.Crater(
                x_m=30 + 62 * (k % 4),
                y_m=25 + 50 * (k // 4),
                radius_m=diameter / 2,
                depth_m=depth,
                rim_m=0.15 * depth,
                ejecta=float(rng.uniform(-0.1, 0.3)),
            )
        )
    ground = scene.Scene(
        width_m=280,
        height_m=230,
        terrain=scene.Terrain(seed=seed, texture=texture, shrubs_per_ha=30),
        craters=tuple(holes),
    )
    return scene.render(
        ground,
        gsd=0.3,
        sun_elevation_deg=float(rng.uniform(30, 55)),
        sun_azimuth_deg=float(rng.uniform(90, 270)),
        seed=seed,
    )


def power(trials: int) -> None:
    """Power by planting, on one picture a place, with the analytic limit beside it."""
    rows = []
    for name in data.NULL_REPORTED:
        gray = data.gray(data.place(name, most=1)[0])
        limit = detect.smallest_visible(gray, gsd=0.3)
        result = detect.power(gray, gsd=0.3, sun_azimuth_deg=140, trials=trials)
        curve = ", ".join(
            f"{s:.1f} m {r:.2f} [{a:.2f}, {b:.2f}]"
            for s, r, a, b in zip(result.sizes_m, result.recall, result.low, result.high,
                                  strict=True)
        )  # fmt: skip
        rows.append((name, f"{limit.diameter_m:.1f}", limit.blur_px, curve, result.d50_m,
                     result.d90_m, result.missed_upper))  # fmt: skip
    plain = data.gray(crater_field(50, texture=0.3).rgb)
    result = detect.power(plain, gsd=0.3, sun_azimuth_deg=140, trials=trials)
    rows.append(("rendered plain", "", "", dict(zip(result.sizes_m, result.recall, strict=True)),
                 result.d50_m, result.d90_m, result.missed_upper))  # fmt: skip
    _table(("picture", "smallest visible m", "blur px", "recall", "d50", "d90", "missed"), rows)


def speed() -> None:
    """Wall time and processor time, second call."""
    picture = data.place("dji_minsk_0005", most=1)[0]
    rgb = cv2.resize(picture, (1280, 960), interpolation=cv2.INTER_AREA)
    gray = cv2.resize(data.gray(picture), (1000, 800), interpolation=cv2.INTER_AREA)
    jobs: list[tuple[str, Callable[[], object]]] = [
        ("vehicles 1280 x 960, 0.3 m", lambda: detect.vehicles(rgb, gsd=0.3)),
        ("vehicles 1280 x 960, 0.5 m", lambda: detect.vehicles(rgb, gsd=0.5)),
        ("craters 1000 x 800", lambda: detect.craters(gray, gsd=0.3, sun_azimuth_deg=140)),
        ("craters 1000 x 800, no azimuth", lambda: detect.craters(gray, gsd=0.3)),
        ("power 1000 x 800", lambda: detect.power(gray, gsd=0.3, sun_azimuth_deg=140)),
    ]
    rows = []
    for name, job in jobs:
        job()
        wall, processor = time.perf_counter(), time.process_time()
        job()
        rows.append((name, f"{time.perf_counter() - wall:.2f}",
                     f"{time.process_time() - processor:.2f}"))  # fmt: skip
    _table(("job", "seconds", "processor seconds"), rows)


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("vehicles", "craters", "power", "speed"))
    parser.add_argument("--every", type=int, default=1, help="vehicles: every n-th frame")
    parser.add_argument("--most", type=int, default=8, help="craters: pictures a place")
    parser.add_argument("--trials", type=int, default=24, help="power: craters a size")
    options = parser.parse_args()
    if options.what == "vehicles":
        vehicles(options.every)
    elif options.what == "craters":
        craters(options.most)
    elif options.what == "power":
        power(options.trials)
    else:
        speed()


if __name__ == "__main__":
    main()
