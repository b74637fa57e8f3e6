"""Rendered vehicles put into a real picture."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imgcheck import scene

#: Looks that power is measured with; the last has the colour of the ground.
LOOKS = ("civilian", "military", "colour of the ground")
# Room for the shadow of the highest vehicle.
_AROUND_M = 7.0
# Vehicles are drawn as they are made: a size is that of a kind within this factor.
_STRETCH = 1.15


def draw(
    rgb: NDArray[np.uint8],
    *,
    x: int,
    y: int,
    length_m: float,
    look: str,
    gsd: float,
    sun_azimuth_deg: float,
    blur_px: float,
    rng: np.random.Generator,
) -> None:
    """Draw one vehicle around a pixel, in place, with its shadow.

    What the picture shows is kept: the difference between two renderings of the ground, with and
    without the vehicle, is added to it.
    """
    reach = math.ceil((length_m / 2 + _AROUND_M) / gsd)
    top, left = max(0, y - reach), max(0, x - reach)
    part = rgb[top : y + reach + 1, left : x + reach + 1]
    width, height = part.shape[1] * gsd, part.shape[0] * gsd
    ground = scene.Backdrop(rgb=np.ascontiguousarray(part), gsd=gsd)
    empty = scene.Scene(width_m=width, height_m=height, terrain=ground)
    one = _vehicle(length_m, look, rng)
    if look == LOOKS[2]:
        red, green, blue = (float(v) for v in (part.reshape(-1, 3).mean(axis=0) / 255) ** 2.2)
        shade = float(rng.lognormal(0.1, 0.2))
        color = (min(red * shade, 0.9), min(green * shade, 0.9), min(blue * shade, 0.9))
        one = replace(one, color=color, load_color=color)
    one = replace(one, x_m=(x + 0.5 - left) * gsd, y_m=(y + 0.5 - top) * gsd)
    elevation = float(rng.uniform(28, 65))

    def seen(plan: scene.Scene) -> NDArray[np.float32]:
        shown = scene.render(
            plan, gsd=gsd, sun_elevation_deg=elevation, sun_azimuth_deg=sun_azimuth_deg, seed=1,
            blur_px=max(blur_px, 0.3), noise=0.0, haze=0.0,
        )  # fmt: skip
        return shown.rgb.astype(np.float32)

    changed = seen(replace(empty, vehicles=(one,))) - seen(empty)
    part[:] = np.clip(np.rint(part + changed), 0, 255).astype(np.uint8)


def _vehicle(length_m: float, look: str, rng: np.random.Generator) -> scene.Vehicle:
    """Return a vehicle of a kind that occurs in this length, else of the nearest kind."""
    kinds = scene.BODIES
    if look != LOOKS[2]:
        kinds = {n: b for n, b in kinds.items() if b.military == (look == LOOKS[1])}

    def gap(name: str) -> float:
        low, high = kinds[name].length_m
        return max(low / length_m, length_m / high, _STRETCH)

    nearest = min(gap(name) for name in kinds)
    fitting = [name for name in kinds if gap(name) <= nearest]
    body = fitting[int(rng.integers(len(fitting)))]
    heading = float(rng.uniform(0, 360))
    one = scene.random_vehicle(rng, body=body, x_m=0, y_m=0, heading_deg=heading)
    return replace(one, length_m=length_m)
