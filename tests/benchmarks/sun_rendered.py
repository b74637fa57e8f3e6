"""Count how often the sets hold the truth for shadows measured in rendered pictures.

    python -m tests.benchmarks.sun_rendered --truths 350

A leaning wall stands on a sloping plane. Its shadow under the sun's disc and its own body are drawn
ray-exactly (the outline of a plane thing on a plane is a polygon), as a slanting camera sees them
once the picture has been rectified as if the ground were level; with noise, blur and JPEG. Foot
and tip of one upright edge are found in the picture from a click a pixel off, and the hand of a
person is added. No window of the picture but those about foot and tip is drawn.
"""

import argparse
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat, binomial_interval

SLOPE, LEAN, NORTH, GSD, HAND = 2.0, 1.5, 0.5, 0.3, 0.7
# Error of an end, hand and finder together, as measured on seeds that are not reported.
END_PX = 0.95
_HALF, _FINE = 14, 4  # half a window in pixels; parts of a pixel
_DISC = (-0.233, -0.1, 0.0, 0.1, 0.233)  # heights over the sun's disc, degrees


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where the sun and the camera stand, and how the ground falls; x east, y north, metres."""

    elevation: float
    azimuth: float
    ground: np.ndarray
    view: np.ndarray  # shift in plan per metre of height
    north: float

    def throw(self, point: np.ndarray, lift: float = 0.0) -> np.ndarray:
        """Put the shadow of a point (x, y, z) on the plane."""
        turn = math.radians(self.azimuth)
        away = np.array([-math.sin(turn), -math.cos(turn)])
        fall = math.tan(math.radians(self.elevation + lift)) + float(away @ self.ground)
        length = (point[2] - float(self.ground @ point[:2])) / max(fall, 1e-3)
        plan = point[:2] + away * length
        return np.array([*plan, float(self.ground @ plan)])

    def pixel(self, point: np.ndarray) -> np.ndarray:
        """Give picture coordinates (x right, y down) of a point in space."""
        plan = (point[:2] + self.view * point[2]) / GSD
        turn = math.radians(self.north)
        turned = np.array([[math.cos(turn), math.sin(turn)], [math.sin(turn), -math.cos(turn)]])
        return turned @ plan


def _window(middle: np.ndarray, outlines: list, rng: np.random.Generator) -> np.ndarray:
    """Draw outlines (points, share of light) into a window about a pixel; JPEG it."""
    size = 2 * _HALF * _FINE
    light = np.full((size, size), 150.0, np.float32)
    light += cv2.GaussianBlur(rng.normal(0, 40, light.shape).astype(np.float32), (0, 0), 6)
    for points, factor, value in outlines:
        mask = np.zeros((size, size), np.uint8)
        # fillConvexPoly counts from the middle of the first fine pixel.
        corners = (np.array(points) - middle + _HALF) * _FINE - 0.5
        around = cv2.convexHull(np.clip(corners, -2e5, 2e5).astype(np.float32))
        cv2.fillConvexPoly(mask, np.round(around * 16).astype(np.int32), 255, shift=4)
        inside = mask > 0
        light[inside] = light[inside] * factor + value
    small = cv2.resize(light, (2 * _HALF, 2 * _HALF), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.6) + rng.normal(0, 3, small.shape)
    coded = cv2.imencode(
        ".jpg", np.clip(small, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def _found(scene_point: np.ndarray, outlines: list, rng: np.random.Generator) -> np.ndarray:
    """Find a corner in a rendered window from a click a pixel off, and add a person's hand."""
    click = scene_point + rng.normal(0, 1.0, 2)
    middle = np.floor(click) + 0.5
    picture = _window(middle, outlines, rng)
    start = (click - middle + _HALF - 0.5).astype(np.float32).reshape(1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)
    place = cv2.cornerSubPix(picture, start.copy(), (4, 4), (-1, -1), stop).reshape(2)
    # A corner that ran away is one that a person would have put back.
    if np.hypot(*(place - start.reshape(2))) > 3:
        place = start.reshape(2)
    return place.astype(np.float64) + 0.5 - _HALF + middle + rng.normal(0, HAND, 2)


def shadow(scene: Scene, rng: np.random.Generator, auto: list[float]):
    """Render one wall and measure it; None where its shadow does not end or is too short."""
    height = float(rng.uniform(4, 25))
    lean = rng.normal(0, math.tan(math.radians(LEAN)), 2) * height
    wide = float(rng.uniform(6, 15))
    # Across the sun within 50 degrees: a wall along the light throws no corner.
    facing = math.radians(scene.azimuth + 90 + float(rng.uniform(-50, 50)))
    along = np.array([math.sin(facing), math.cos(facing)]) * wide
    feet = [np.array([*p, float(scene.ground @ p)]) for p in (np.zeros(2), along)]
    heads = [np.array([*(foot[:2] + lean), height]) for foot in feet]
    turn = math.radians(scene.azimuth)
    if (
        math.tan(math.radians(scene.elevation))
        - float(np.array([math.sin(turn), math.cos(turn)]) @ scene.ground)
        <= 0.01
    ):
        return None
    tip = scene.throw(heads[0])
    outlines = []
    for lift in _DISC:
        corners = [*feet, *(scene.throw(head, lift) for head in heads)]
        outlines.append(([scene.pixel(p) for p in corners], 0.35 ** (1 / len(_DISC)), 0.0))
    outlines.append(([scene.pixel(p) for p in (*feet, *heads)], 0.0, 215.0))
    base = _found(scene.pixel(feet[0]), outlines, rng)
    end = _found(scene.pixel(tip), outlines, rng)
    auto.append(float(np.hypot(*(end - scene.pixel(tip)))))
    known = height * float(1 + rng.normal(0, 0.03))
    try:
        return sun.from_points(
            tuple(base),
            tuple(end),
            north=(0.0, 0.0),
            gsd_m=GSD,
            height_m=(known, known * 0.03),
            end_point_px=END_PX,
        )
    except UsageError:
        return None


def one(rng: np.random.Generator, auto: list[float], *, days: int, lowest: float, shadows: int):
    """Give truth, place, window, and what was measured of one scene."""
    lat, lon = float(rng.uniform(-60, 60)), float(rng.uniform(-180, 180))
    place = LonLat(lon=lon, lat=lat)
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=int(rng.integers(3000)))
    truth = start + timedelta(seconds=float(rng.uniform(0, days * 86400)))
    here = sun.position(truth, place)
    elevation = float(here.apparent_elevation_deg)
    if elevation <= lowest:
        return None
    tilt, way = math.tan(math.radians(float(rng.uniform(0, 25)))), float(rng.uniform(0, 2 * np.pi))
    scene = Scene(
        elevation=elevation,
        azimuth=float(here.azimuth_deg),
        ground=rng.normal(0, math.tan(math.radians(SLOPE)), 2),
        view=tilt * np.array([math.sin(way), math.cos(way)]),
        north=float(rng.normal(0, NORTH)),
    )
    found = [shadow(scene, rng, auto) for _ in range(shadows)]
    if any(each is None for each in found):
        return None
    view = math.degrees(math.atan(tilt))
    azimuth = sun.pool([each.sun_azimuth for each in found], shared=NORTH)
    ratio = sun.pool([each.ratio for each in found], circular=False)
    window = (start, start + timedelta(days=days))
    return truth, place, window, (azimuth.value, azimuth.sigma), (
        ratio.value, ratio.sigma), view  # fmt: skip


def coverage(truths: int, seed: int, *, with_ratio: bool, **kind) -> dict[str, float]:
    """Count how often the sets hold the truth."""
    rng = np.random.default_rng(seed)
    held = tried = empty = 0
    shares: list[float] = []
    auto: list[float] = []
    begin = time.process_time()
    while tried < truths:
        case = one(rng, auto, **kind)
        if case is None:
            continue
        truth, place, window, azimuth, ratio, view = case
        found = sun.constrain(
            place,
            azimuth=azimuth,
            ratio=ratio if with_ratio else None,
            slope_sigma_deg=SLOPE,
            # Every wall leans its own way, so the mean of n leans less; the slope they share.
            lean_sigma_deg=LEAN / math.sqrt(kind["shadows"]),
            view_deg=view,
            window=window,
        )
        tried += 1
        held += any(span.start <= truth <= span.end for span in found.sets)
        empty += not found.fits
        shares.append(found.share)
    return {
        "held": held,
        "empty": empty,
        "share": float(np.median(shares)),
        "px": float(np.sqrt(np.mean(np.square(auto)) / 2)),
        "s": (time.process_time() - begin) / tried,
    }


KINDS = (
    (False, 1, 10.0, 1, 1.0),
    (True, 1, 10.0, 1, 1.0),
    (False, 1, 3.0, 1, 1.0),
    (True, 1, 3.0, 1, 1.0),
    (True, 1, 10.0, 5, 1.0),
    (False, 20, 3.0, 1, 1.0),
    (True, 20, 10.0, 1, 1.0),
    (True, 365, 10.0, 1, 0.25),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truths", type=int, default=350)
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    print(
        "| measured | shadows | window | sun above | sets hold the truth | 95 % interval |"
        " nothing fits | median share of daylight | tip off, px an axis | CPU s a case |\n"
        "|---|---|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    for number, (with_ratio, days, lowest, shadows, part) in enumerate(KINDS):
        truths = max(1, round(options.truths * part))
        got = coverage(
            truths,
            options.seed + number,
            with_ratio=with_ratio,
            days=days,
            lowest=lowest,
            shadows=shadows,
        )
        held = int(got["held"])
        share = binomial_interval(held, truths)
        print(
            f"| {'azimuth and ratio' if with_ratio else 'azimuth'} | {shadows} | {days} d | "
            f"{lowest:g} deg | {held} of {truths} = {held / truths:.3f} | "
            f"{share.low:.3f}-{share.high:.3f} | {int(got['empty'])} | {got['share']:.3f} | "
            f"{got['px']:.2f} | {got['s']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
