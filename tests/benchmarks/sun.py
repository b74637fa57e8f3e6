"""Measure the sun engine: position against ephem, and how honest the p-values of shadows are.

    python -m tests.benchmarks.sun --places 1000 --truths 2000

Prints markdown tables. Everything is computed from seeded random places and dates.
"""

import argparse
import math
from datetime import UTC, datetime, timedelta

import numpy as np

from imgcheck import sun
from imgcheck.quantity import binomial_interval


def against_ephem(places: int, seed: int) -> list[tuple[str, str]]:
    """Largest and median difference to ephem, 1950-2050, the whole globe, no refraction."""
    import ephem

    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, places)))
    lon = rng.uniform(-180, 180, places)
    seconds = rng.integers(0, 100 * 365 * 86_400, places)
    times = np.datetime64("1950-01-01T00:00:00", "us") + seconds.astype("timedelta64[s]")
    found = sun.position(times, lat, lon)
    observer = ephem.Observer()
    observer.elevation, observer.pressure = 0, 0
    truth = np.empty((places, 2))
    for row in range(places):
        observer.lat, observer.lon = math.radians(lat[row]), math.radians(lon[row])
        observer.date = times[row].item()
        body = ephem.Sun(observer)
        truth[row] = math.degrees(body.alt), math.degrees(body.az)
    rise = np.abs(found.elevation_deg - truth[:, 0])
    turn = np.abs(np.mod(found.azimuth_deg - truth[:, 1] + 180, 360) - 180)
    across = turn * np.cos(np.radians(found.elevation_deg))
    return [
        ("elevation", f"{np.median(rise):.6f} | {rise.max():.6f}"),
        ("azimuth, as distance on the sky", f"{np.median(across):.6f} | {across.max():.6f}"),
        ("azimuth", f"{np.median(turn):.6f} | {turn.max():.6f}"),
    ]


def simulate(truths: int, seed: int, half_window_min: float) -> dict[str, int]:
    """True claims with Gaussian noise on azimuth and ratio: how often they look wrong."""
    rng = np.random.default_rng(seed)
    counts = {"p < 0.05": 0, "p < 0.01": 0, "p < 0.001": 0, "truth outside 95 % times": 0}
    half = timedelta(minutes=half_window_min)
    for _ in range(truths):
        lat, lon = rng.uniform(-60, 60), rng.uniform(-180, 180)
        elevation = -90.0
        while elevation < 5:
            when = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(7e8)))
            truth = sun.position(when, lat, lon)
            elevation = float(truth.apparent_elevation_deg)
        s_azimuth, slope = rng.uniform(0.2, 5), rng.uniform(0, 3)
        rise = math.tan(math.radians(rng.uniform(-slope, slope)))
        ratio = 1 / (math.tan(math.radians(elevation)) + rise)
        s_ratio = ratio * rng.uniform(0.01, 0.1)
        found = sun.compare(
            (when - half, when + half) if half_window_min else when,
            lat,
            lon,
            shadow_azimuth=(float(truth.azimuth_deg) + 180 + rng.normal(0, s_azimuth), s_azimuth),
            ratio=(max(ratio + rng.normal(0, s_ratio), 1e-3), s_ratio),
            slope_deg=slope,
        )
        p = found.p_value if found.p_value is not None else 0.0
        for level in (0.05, 0.01, 0.001):
            counts[f"p < {level:g}"] += p < level
        inside = any(span.start <= when <= span.end for span in found.allowed)
        counts["truth outside 95 % times"] += not inside
    return counts


def main() -> None:
    """Parse the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--truths", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"Difference to ephem, {options.places} places and dates 1950-2050, degrees\n")
    print("| quantity | median | largest |\n|---|---|---|")
    for name, numbers in against_ephem(options.places, options.seed):
        print(f"| {name} | {numbers} |")
    for window in (0.0, 30.0):
        print(f"\nTrue claims, window +-{window:g} min, {options.truths} simulated\n")
        print("| event | count | share, 95 % interval |\n|---|---|---|")
        for name, count in simulate(options.truths, options.seed + 1, window).items():
            share = binomial_interval(count, options.truths)
            print(f"| {name} | {count} | {share.low:.4f}-{share.high:.4f} |")


if __name__ == "__main__":
    main()
