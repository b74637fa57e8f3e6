"""Vehicles as they stand: of any kind, in rows, side by side, in columns or scattered."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imgcheck.scene.bodies import BODIES
from imgcheck.scene.objects import PointM, Rgb, Vehicle

_MILITARY: tuple[Rgb, ...] = (
    (0.33, 0.29, 0.20), (0.20, 0.20, 0.13), (0.40, 0.35, 0.26), (0.11, 0.13, 0.085),
    (0.15, 0.14, 0.10), (0.45, 0.39, 0.29),
)  # fmt: skip
# White, silver, grey, black, blue, red, and others: the colours of cars on the road.
_CIVILIAN: tuple[tuple[float, Rgb], ...] = (
    (0.25, (0.80, 0.80, 0.78)), (0.18, (0.45, 0.46, 0.47)), (0.16, (0.18, 0.18, 0.19)),
    (0.17, (0.025, 0.025, 0.028)), (0.09, (0.04, 0.07, 0.20)), (0.07, (0.42, 0.03, 0.025)),
    (0.03, (0.55, 0.42, 0.05)), (0.03, (0.06, 0.16, 0.09)), (0.02, (0.30, 0.20, 0.11)),
)  # fmt: skip


def random_vehicle(
    rng: np.random.Generator,
    *,
    body: str,
    x_m: float,
    y_m: float,
    heading_deg: float,
    color: Rgb | None = None,
) -> Vehicle:
    """Return a vehicle of one kind, with a size and a colour that occur."""
    kind = BODIES[body]
    at = float(rng.uniform())  # long makes of a kind are also wide and high
    spread = np.clip(at + rng.normal(0, 0.15, 3), 0, 1)
    length, width, height = (
        float(low + share * (high - low))
        for share, (low, high) in zip(
            spread, (kind.length_m, kind.width_m, kind.height_m), strict=True
        )
    )
    tarp = _MILITARY[int(rng.integers(len(_MILITARY)))]
    if not kind.military and rng.random() < 0.6:
        tarp = _civilian(rng)
    return Vehicle(
        x_m=x_m,
        y_m=y_m,
        length_m=length,
        width_m=width,
        height_m=height,
        heading_deg=heading_deg % 360,
        color=color or paint(rng, military=kind.military),
        load_color=tarp,
        body=body,
        turret_deg=float(rng.normal(0, 25) if rng.random() < 0.7 else rng.uniform(-180, 180)),
    )


def paint(rng: np.random.Generator, *, military: bool) -> Rgb:
    """Return a colour of paint."""
    if not military:
        return _civilian(rng)
    red, green, blue = _MILITARY[int(rng.integers(len(_MILITARY)))]
    tone = float(rng.lognormal(0, 0.2))
    return min(red * tone, 0.9), min(green * tone, 0.9), min(blue * tone, 0.9)


def _civilian(rng: np.random.Generator) -> Rgb:
    shares = np.array([share for share, _ in _CIVILIAN])
    red, green, blue = _CIVILIAN[int(rng.choice(len(shares), p=shares / shares.sum()))][1]
    tone = float(rng.lognormal(0, 0.15))
    return min(red * tone, 0.9), min(green * tone, 0.9), min(blue * tone, 0.9)


def formation(
    rng: np.random.Generator,
    *,
    bodies: Sequence[str],
    at: PointM,
    count: int,
    heading_deg: float,
    side_by_side: bool,
    gap_m: float = 0.8,
) -> tuple[Vehicle, ...]:
    """Return vehicles side by side, or one behind the other, with about ``gap_m`` between them.

    With one body all are of one colour, as in a motor pool.
    """
    like = len(bodies) == 1
    color = paint(rng, military=BODIES[bodies[0]].military) if like and rng.random() < 0.7 else None
    turn = math.radians(heading_deg + (90 if side_by_side else 0))
    along, vehicles = 0.0, []
    for _ in range(count):
        body = bodies[int(rng.integers(len(bodies)))]
        flip = 180.0 if rng.random() < 0.2 else 0.0
        one = random_vehicle(
            rng, body=body, x_m=0, y_m=0, color=color,
            heading_deg=heading_deg + flip + float(rng.normal(0, 2)),
        )  # fmt: skip
        size = one.width_m if side_by_side else one.length_m
        along += size / 2
        off = float(rng.normal(0, 0.25))
        x = at[0] + along * math.sin(turn) + off * math.cos(turn)
        y = at[1] - along * math.cos(turn) + off * math.sin(turn)
        vehicles.append(replace(one, x_m=x, y_m=y))
        along += size / 2 + gap_m * float(rng.uniform(0.6, 1.5))
    return tuple(vehicles)


def parked(
    points: list[PointM] | tuple[PointM, ...], *, seed: int, heading_deg: float | None = None
) -> tuple[Vehicle, ...]:
    """Park one vehicle at each point: light four-wheel vehicles and some lorries, mixed."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 5])
    vehicles = []
    for x, y in points:
        body = "lorry 4x4" if rng.random() < 0.2 else "humvee-like"
        heading = float(rng.uniform(0, 360)) if heading_deg is None else heading_deg
        heading += float(rng.normal(0, 4))
        vehicles.append(random_vehicle(rng, body=body, x_m=x, y_m=y, heading_deg=heading))
    return tuple(vehicles)
