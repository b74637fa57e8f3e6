"""Measure the sun engine: position against ephem, and how claimed times fare against shadows.

    python -m tests.benchmarks.sun position --places 1000
    python -m tests.benchmarks.sun claims --truths 2000
    python -m tests.benchmarks.sun dates --truths 300

Prints markdown tables. Everything is computed from seeded random places and dates. Shadows are
built in space: a leaning post on a tilted plane under the sun of a random daylight moment, its
foot and tip put on picture pixels with noise, and measured back.
"""

import argparse
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image as Pillow

from imgcheck import sun
from imgcheck.case import Case
from imgcheck.checks.sun_claimed_time import claimed_time
from imgcheck.errors import UsageError
from imgcheck.imaging import Image
from imgcheck.model import Acquired, Claim, Measurement, Outcome, Place, Source, Window
from imgcheck.quantity import LonLat, binomial_interval

# Noise of the simulated measurement: end points, north, height; and metres a pixel.
END_POINT_PX, NORTH_DEG, HEIGHT_SHARE, GSD_M = 0.7, 0.5, 0.03, 0.3

# Shadows are built of a sun at least so high: lower ones are seldom in pictures from above.
LOWEST_DEG = 8.0

CONTRADICTION = 0.001


def against_ephem(places: int, seed: int) -> list[tuple[str, str]]:
    """Largest and median difference to ephem, 1950-2050, the whole globe, no refraction."""
    import ephem

    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, places)))
    lon = rng.uniform(-180, 180, places)
    seconds = rng.integers(0, 100 * 365 * 86_400, places)
    times = np.datetime64("1950-01-01T00:00:00", "us") + seconds.astype("timedelta64[s]")
    found = [
        sun.position(when, LonLat(lon=float(x), lat=float(y)))
        for when, y, x in zip(times, lat, lon, strict=True)
    ]
    elevation = np.array([float(each.elevation_deg) for each in found])
    azimuth = np.array([float(each.azimuth_deg) for each in found])
    observer = ephem.Observer()
    observer.elevation, observer.pressure = 0, 0
    truth = np.empty((places, 2))
    for row in range(places):
        observer.lat, observer.lon = math.radians(lat[row]), math.radians(lon[row])
        observer.date = times[row].item()
        body = ephem.Sun(observer)
        truth[row] = math.degrees(body.alt), math.degrees(body.az)
    rise = np.abs(elevation - truth[:, 0])
    turn = np.abs(np.mod(azimuth - truth[:, 1] + 180, 360) - 180)
    across = turn * np.cos(np.radians(elevation))
    return [
        ("elevation", f"{np.median(rise):.6f} | {rise.max():.6f}"),
        ("azimuth, as distance on the sky", f"{np.median(across):.6f} | {across.max():.6f}"),
        ("azimuth", f"{np.median(turn):.6f} | {turn.max():.6f}"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A shadow as measured, and when and where it fell."""

    when: datetime
    place: LonLat
    azimuth: tuple[float, float]
    ratio: tuple[float, float] | None


def true_shadow(
    rng: np.random.Generator,
    *,
    with_ratio: bool,
    slope: float = sun.USUAL_SLOPE_DEG,
    lean: float = sun.USUAL_LEAN_DEG,
) -> Truth:
    """Build a shadow in space and measure it; slope and lean are standard deviations."""
    while True:
        lat, lon = float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180))
        place = LonLat(lon=lon, lat=lat)
        # Claims are stated to the minute.
        when = datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=int(rng.integers(7_800_000)))
        here = sun.position(when, place)
        high, turn = (
            math.radians(float(a)) for a in (here.apparent_elevation_deg, here.azimuth_deg)
        )
        if high < math.radians(LOWEST_DEG):
            continue
        away = np.array([-math.sin(turn), -math.cos(turn)])
        rise = rng.normal(0, math.tan(math.radians(slope)), 2)
        height = float(rng.uniform(4, 25))
        head = rng.normal(0, math.tan(math.radians(lean)), 2) * height
        fall = math.tan(high) + float(away @ rise)
        if fall <= 0.01:
            continue
        tip = head + away * (height - float(rise @ head)) / fall
        noise = rng.normal(0, END_POINT_PX, (2, 2))
        try:
            found = sun.from_points(
                tuple(noise[0]),
                tuple(np.array([tip[0], -tip[1]]) / GSD_M + noise[1]),
                north=(float(rng.normal(0, NORTH_DEG)), NORTH_DEG),
                gsd_m=GSD_M,
                height_m=(height * float(1 + rng.normal(0, HEIGHT_SHARE)), height * HEIGHT_SHARE),
            )
        except UsageError:
            continue
        return Truth(
            when=when,
            place=place,
            azimuth=found.sun_azimuth,
            ratio=found.ratio if with_ratio else None,
        )


def p_value(truth: Truth, claimed: datetime) -> float:
    """Test a claimed minute as the check does, with its usual slope and lean; 0 at night."""
    found = sun.constrain(
        truth.place,
        azimuth=truth.azimuth,
        ratio=truth.ratio,
        slope_sigma_deg=sun.USUAL_SLOPE_DEG,
        lean_sigma_deg=sun.USUAL_LEAN_DEG,
        window=(claimed, claimed + timedelta(seconds=59)),
    )
    return 0.0 if found.best is None else found.best.p_value


def _row(name: str, count: int, total: int) -> None:
    share = binomial_interval(count, total)
    print(
        f"| {name} | {count} of {total} | {count / total:.4f} | {share.low:.4f}-{share.high:.4f} |",
        flush=True,
    )


def claims(truths: int, seed: int) -> None:
    """Print how often true claims are contradicted, and false ones."""
    print("| shadow | claim | contradicted | share | 95 % interval |\n|---|---|---|---|---|")
    shifts = [
        ("true", timedelta(0)),
        ("1 hour off", timedelta(hours=1)),
        ("2 hours off", timedelta(hours=2)),
        ("2 weeks off, same hour", timedelta(days=14)),
        ("2 months off, same hour", timedelta(days=61)),
    ]
    for with_ratio in (False, True):
        kind = "azimuth and length" if with_ratio else "azimuth alone"
        rng = np.random.default_rng(seed + with_ratio)
        shadows = [true_shadow(rng, with_ratio=with_ratio) for _ in range(truths)]
        for name, shift in shifts:
            wrong = sum(
                p_value(truth, truth.when + (shift if i % 2 else -shift)) < CONTRADICTION
                for i, truth in enumerate(shadows)
            )
            _row(f"{kind} | {name}", wrong, truths)
        # The usual slope and lean are an assumption: what if the ground is worse?
        for slope, lean in ((4.0, 1.5), (2.0, 3.0), (8.0, 3.0)):
            rng = np.random.default_rng(seed + 10 + with_ratio)
            shadows = [
                true_shadow(rng, with_ratio=with_ratio, slope=slope, lean=lean)
                for _ in range(truths)
            ]
            wrong = sum(p_value(truth, truth.when) < CONTRADICTION for truth in shadows)
            _row(f"{kind} | true, but slope {slope:g} and lean {lean:g} degrees", wrong, truths)


def dates(truths: int, seed: int) -> None:
    """Ask the check about shadows of the true hour on true and on false dates."""
    print("| shadow | claim | supported | contradicted | the hour fits |\n|---|---|---|---|---|")
    day = timedelta(days=1)
    shifts = [
        ("true date", [timedelta(0)]),
        ("1 to 6 days off", [n * day for n in range(1, 7)]),
        ("1 to 8 weeks off", [7 * n * day for n in range(1, 9)]),
        ("3 to 9 months off", [round(30.44 * n) * day for n in range(3, 10)]),
        ("1 to 5 years off", [round(365.25 * n) * day for n in range(1, 6)]),
    ]
    for with_ratio in (False, True):
        kind = "azimuth and length" if with_ratio else "azimuth alone"
        for name, steps in shifts:
            rng = np.random.default_rng(seed + with_ratio)
            counts = dict.fromkeys(Outcome, 0)
            for number in range(truths):
                truth = true_shadow(rng, with_ratio=with_ratio)
                shift = steps[number % len(steps)] * (-1 if number // len(steps) % 2 else 1)
                counts[_asked(truth, truth.when + shift)] += 1
            print(
                f"| {kind} | {name} | {share(counts[Outcome.SUPPORTS], truths)} "
                f"| {share(counts[Outcome.CONTRADICTS], truths)} "
                f"| {share(counts[Outcome.INCONCLUSIVE], truths)} |",
                flush=True,
            )


def _asked(truth: Truth, claimed: datetime) -> Outcome:
    """Give the outcome of the check for a claim stated to the minute."""
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    direction = (truth.azimuth[0] + 180) % 360
    measured = [Measurement(quantity="shadow_azimuth", value=direction, sigma=truth.azimuth[1])]
    if truth.ratio is not None:
        value, sigma = truth.ratio
        measured.append(Measurement(quantity="shadow_ratio", value=value, sigma=sigma))
    later = claimed + timedelta(days=1)
    claim = Claim(
        source=Source(posted=Window(start=later, end=later)),
        statements=(
            Acquired(id="when", window=Window(start=claimed, end=claimed + timedelta(seconds=59))),
            Place(id="where", lat=truth.place.lat, lon=truth.place.lon),
        ),
        measurements=tuple(measured),
    )
    image = Image.from_bytes(stream.getvalue(), name="dot.png")
    (finding,) = claimed_time.run(Case(image=image, claim=claim))
    return finding.outcome


def share(count: int, total: int) -> str:
    """Write a share with its exact interval."""
    inside = binomial_interval(count, total)
    return f"{count} of {total} ({inside.low:.3f}-{inside.high:.3f})"


def main() -> None:
    """Parse the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="+", choices=["position", "claims", "dates"])
    parser.add_argument("--places", type=int, default=1000)
    parser.add_argument("--truths", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if "position" in options.parts:
        print(f"Difference to ephem, {options.places} places and dates 1950-2050, degrees\n")
        print("| quantity | median | largest |\n|---|---|---|")
        for name, numbers in against_ephem(options.places, options.seed):
            print(f"| {name} | {numbers} |")
    if "claims" in options.parts:
        claims(options.truths, options.seed + 1)
    if "dates" in options.parts:
        dates(options.truths, options.seed + 100)


if __name__ == "__main__":
    main()
