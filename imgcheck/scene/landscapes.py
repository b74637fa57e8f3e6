"""Ready-made ground for tests and samples."""

import math

import numpy as np

from imgcheck.scene.objects import Field, PointM, River, Road, Scene, Terrain


def wander(
    start: PointM, end: PointM, *, seed: int, sway_m: float, points: int = 24
) -> tuple[PointM, ...]:
    """Draw a smooth line from start to end that sways by about ``sway_m``."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 3])
    t = np.linspace(0, 1, points)
    side = np.zeros_like(t)
    for order in range(1, 6):
        side += rng.normal() / order * np.sin(math.pi * order * t)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    xs = start[0] + t * dx - sway_m * side * dy / length
    ys = start[1] + t * dy + sway_m * side * dx / length
    return tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True))


def _field_strip(rng: np.random.Generator, *, width_m: float, top_m: float) -> tuple[Field, ...]:
    """Generate a row of irregular plots from west to east, open at the sides."""
    fields = []
    x = -20.0
    while x < width_m:
        breadth = float(rng.uniform(45, 95))
        depth = float(rng.uniform(55, 90))
        skew = float(rng.uniform(-8, 8))
        top = top_m + float(rng.uniform(-6, 6))
        plot = (
            (x, top),
            (x + breadth - 4, top + float(rng.uniform(-4, 4))),
            (x + breadth - 4 + skew, top + depth),
            (x + skew, top + depth + float(rng.uniform(-4, 4))),
        )
        green = (0.09, 0.14, 0.05) if rng.random() < 0.6 else (0.30, 0.25, 0.12)
        fields.append(
            Field(
                points=plot,
                crop=float(rng.uniform(0.05, 1.0)),
                color=green,
                row_spacing_m=float(rng.uniform(1.2, 2.6)),
                row_heading_deg=float(rng.choice([2.0, 91.0]) + rng.uniform(-4, 4)),
            )
        )
        x += breadth
    return tuple(fields)


def arid_plain(*, seed: int, width_m: float = 500.0, height_m: float = 400.0) -> Scene:
    """Generate a dry plain on the north bank of a river: tracks, stream beds, shrubs, plots.

    The river runs along the south edge; the northern two thirds are open ground.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 1])
    river_y = height_m * 0.98
    river = River(
        points=wander(
            (-60, river_y), (width_m + 60, river_y - 0.05 * height_m), seed=seed, sway_m=18
        ),
        width_m=0.16 * height_m,
    )
    road_y = height_m * float(rng.uniform(0.52, 0.58))
    roads = [
        Road(
            points=wander((-20, road_y), (width_m + 20, road_y - 25), seed=seed + 1, sway_m=9),
            width_m=5.0,
        )
    ]
    for k in range(6):
        across = float(rng.uniform(0.05, 0.95)) * width_m
        away = float(rng.uniform(-0.3, 0.3)) * width_m
        roads.append(
            Road(
                points=wander((across, road_y), (across + away, -20), seed=seed + 2 + k, sway_m=22),
                width_m=1.8,
                ruts=True,
                opacity=float(rng.uniform(0.35, 0.75)),
            )
        )
    return Scene(
        width_m=width_m,
        height_m=height_m,
        terrain=Terrain(seed=seed),
        rivers=(river,),
        fields=_field_strip(rng, width_m=width_m, top_m=height_m * 0.63),
        roads=tuple(roads),
    )
