"""Measure the sets of dates and times that shadows allow: coverage, width, time.

    python -m tests.benchmarks.sun_constrain --truths 2000

Every shadow is built in space: a leaning post on a tilted plane under the sun of a random daylight
moment of a random window, its foot and tip put on picture pixels with noise, and measured back.
"""

import argparse
import math
import time
from datetime import UTC, datetime, timedelta

import numpy as np

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat, binomial_interval

SLOPE, LEAN, GSD, NORTH = 2.0, 1.5, 0.3, 0.5


def one(rng: np.random.Generator, *, with_ratio: bool, days: int, lowest: float):
    """Give truth, place, window and the measured shadow; None where none can be measured."""
    lat, lon = float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180))
    place = LonLat(lon=lon, lat=lat)
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=int(rng.integers(3000)))
    for _ in range(300):
        truth = start + timedelta(seconds=float(rng.uniform(0, days * 86400)))
        here = sun.position(truth, place)
        if float(here.apparent_elevation_deg) > lowest:
            break
    else:
        return None  # winter: the sun never rises so high there
    e, a = math.radians(float(here.apparent_elevation_deg)), math.radians(float(here.azimuth_deg))
    away = np.array([-math.sin(a), -math.cos(a)])
    rise = rng.normal(0, math.tan(math.radians(SLOPE)), 2)
    height = float(rng.uniform(4, 25))
    lean = rng.normal(0, math.tan(math.radians(LEAN)), 2) * height
    # The head of the post at lean, height; the light falls tan(e) a metre until it meets the plane.
    fall = math.tan(e) + float(away @ rise)
    length = (height - float(rise @ lean)) / fall
    if fall <= 0.01 or length > 400:
        return None
    tip = lean + away * length
    pixels = np.array([tip[0], -tip[1]]) / GSD
    noisy = [rng.normal(0, sun_noise, 2) for sun_noise in (0.7, 0.7)]
    north = float(rng.normal(0, NORTH))
    try:
        found = sun.from_points(
            tuple(noisy[0]),
            tuple(pixels + noisy[1]),
            north=(north, NORTH),
            gsd_m=GSD,
            height_m=(height * float(1 + rng.normal(0, 0.03)), height * 0.03),
        )
    except UsageError:
        return None
    window = (start, start + timedelta(days=days))
    return truth, place, window, found.sun_azimuth, found.ratio if with_ratio else None


def coverage(truths: int, seed: int, **kind) -> dict[str, float]:
    """Count how often the sets hold the truth, and how much of the daylight they are."""
    rng = np.random.default_rng(seed)
    held = tried = empty = 0
    shares, cost = [], 0.0
    while tried < truths:
        case = one(rng, **kind)
        if case is None:
            continue
        truth, place, window, azimuth, ratio = case
        begin = time.process_time()
        found = sun.constrain(
            place,
            azimuth=azimuth,
            ratio=ratio,
            slope_sigma_deg=SLOPE,
            lean_sigma_deg=LEAN,
            window=window,
        )
        cost += time.process_time() - begin
        tried += 1
        held += any(span.start <= truth <= span.end for span in found.sets)
        empty += not found.fits
        shares.append(found.share)
    return {"held": held, "empty": empty, "share": float(np.median(shares)), "s": cost / tried}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truths", type=int, default=500)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    print(
        "| measured | window | sun above | sets hold the truth | 95 % interval | nothing fits |"
        " median share of daylight | CPU s a call |\n|---|---|---|---|---|---|---|---|"
    )
    kinds = [(r, d, low) for r in (False, True) for d in (1, 20) for low in (10.0, 3.0)]
    for with_ratio, days, lowest in kinds:
        got = coverage(
            options.truths, options.seed, with_ratio=with_ratio, days=days, lowest=lowest
        )
        share = binomial_interval(int(got["held"]), options.truths)
        print(
            f"| {'azimuth and ratio' if with_ratio else 'azimuth'} | {days} d | {lowest:g} deg | "
            f"{int(got['held'])} of {options.truths} = {got['held'] / options.truths:.3f} | "
            f"{share.low:.3f}-{share.high:.3f} | {int(got['empty'])} | {got['share']:.3f} | "
            f"{got['s']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
