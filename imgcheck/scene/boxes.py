"""Vehicles and buildings, drawn from above out of blocks of their true size."""

import math

import cv2
import numpy as np

from imgcheck.scene.bodies import BODIES
from imgcheck.scene.grid import Array, Canvas
from imgcheck.scene.ground import place_seed
from imgcheck.scene.objects import Building, Vehicle


def _local(
    canvas: Canvas, item: Vehicle | Building, *, margin_m: float
) -> tuple[tuple[slice, slice], Array, Array] | None:
    """Return a window round a box and its coordinates: metres forwards and to the right."""
    reach = math.hypot(item.length_m, item.width_m) / 2 + margin_m
    box = canvas.grid.around(item.x_m - reach, item.y_m - reach, item.x_m + reach, item.y_m + reach)
    if box is None:
        return None
    dx = canvas.grid.x(box[1]) - np.float32(item.x_m)
    dy = canvas.grid.y(box[0]) - np.float32(item.y_m)
    angle = math.radians(item.heading_deg)
    s, c = np.float32(math.sin(angle)), np.float32(math.cos(angle))
    return box, dx * s - dy * c, dx * c + dy * s


def _rectangle(
    u: Array, v: Array, *, u0: float, u1: float, half: float, step_m: float, corner_m: float = 0.0
) -> Array:
    """Return the covered share of each pixel for u0 <= u <= u1, abs(v) <= half."""
    qu = np.abs(u - (u0 + u1) / 2) - ((u1 - u0) / 2 - corner_m)
    qv = np.abs(v) - (half - corner_m)
    outside = np.hypot(np.maximum(qu, 0), np.maximum(qv, 0)) + np.minimum(np.maximum(qu, qv), 0)
    return np.asarray(np.clip(0.5 - (outside - corner_m) / step_m, 0, 1), np.float32)


def _put(
    canvas: Canvas,
    box: tuple[slice, slice],
    cover: Array,
    *,
    color: tuple[float, float, float],
    top_m: float,
) -> None:
    """Set one level top of ``top_m`` above the ground."""
    canvas.paint(color, cover, box)
    canvas.level[box] = np.maximum(canvas.level[box], cover)
    # Heights are hard: a half-covered pixel is wall or ground, never half as high.
    canvas.above[box] = np.where(cover > 0.5, np.float32(top_m), canvas.above[box])


def _level_ground(canvas: Canvas, box: tuple[slice, slice], cover: Array) -> None:
    """Level the ground under a box, so that its roof is level and its height is as stated."""
    inside = cover > 0.5
    if inside.any():
        ground = canvas.ground[box]
        ground[inside] = ground[inside].mean()


def _contact(canvas: Canvas, box: tuple[slice, slice], cover: Array, height_m: float) -> None:
    """Darken the ground at the foot of walls, where half of the sky is hidden."""
    sigma = max(0.5, 0.25 * height_m / canvas.grid.step_m)
    hidden = cv2.GaussianBlur(cover, (0, 0), sigma) * (1 - cover)
    canvas.scale(np.asarray(1 - 0.35 * hidden, np.float32), box)


def _dimmed(color: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    red, green, blue = (min(0.95, channel * factor) for channel in color)
    return red, green, blue


_PAINTS = {"glass": (0.045, 0.05, 0.06), "dark": (0.035, 0.034, 0.032)}
_ROUNDING_M = 0.22


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, *, seed: int) -> None:
    """Draw a vehicle from the parts of its body; without one, a plain box."""
    found = _local(canvas, vehicle, margin_m=vehicle.height_m + 1)
    if found is None:
        return
    box, u, v = found
    step = canvas.grid.step_m
    length, half = vehicle.length_m, vehicle.width_m / 2
    whole = _rectangle(u, v, u0=-length / 2, u1=length / 2, half=half, step_m=step, corner_m=0.18)
    _level_ground(canvas, box, whole)
    _contact(canvas, box, whole, vehicle.height_m)
    if vehicle.body is None:
        _put(canvas, box, whole, color=vehicle.color, top_m=vehicle.height_m)
        return
    rng = np.random.default_rng(place_seed(seed, vehicle.x_m, vehicle.y_m))
    turn = math.radians(vehicle.turret_deg)
    s, c = np.float32(math.sin(turn)), np.float32(math.cos(turn))
    turned = (u * c + v * s, v * c - u * s)
    for part in BODIES[vehicle.body].parts:
        along, across = turned if part.turret else (u, v)
        wide = part.half * half
        cover = _rectangle(
            along,
            across - np.float32(part.side * half),
            u0=part.rear * length,
            u1=part.front * length,
            half=wide,
            step_m=step,
            corner_m=min(part.corner, 0.5 * wide, 0.5 * (part.front - part.rear) * length),
        )
        base = vehicle.color
        if part.paint == "tarp":
            base = vehicle.load_color
        elif part.paint != "body":
            base = _PAINTS[part.paint]
        # Glass reflects the sky more or less, paint is dusty or worn.
        tone = part.tone * float(rng.lognormal(0, 0.5 if part.paint == "glass" else 0.07))
        _put(canvas, box, cover, color=_dimmed(base, tone), top_m=part.top * vehicle.height_m)
    _round_off(canvas, box, whole)


def _round_off(canvas: Canvas, box: tuple[slice, slice], cover: Array) -> None:
    """Tilt the rim of a body outwards, so that its sunward edge is bright and the other dark."""
    sigma = max(0.6, _ROUNDING_M / canvas.grid.step_m)
    dome = cv2.GaussianBlur(cover, (0, 0), sigma) * cover
    # The height of the whole stays as drawn: only its slope is new.
    canvas.ground[box] += np.float32(0.35) * dome
    canvas.above[box] -= np.float32(0.35) * dome
    canvas.level[box] = np.where(cover > 0.5, np.float32(0.45), canvas.level[box])


def draw_building(canvas: Canvas, building: Building, *, seed: int) -> None:
    """Draw a flat-roofed building with a parapet and some clutter on the roof."""
    found = _local(canvas, building, margin_m=building.height_m + 2)
    if found is None:
        return
    box, u, v = found
    step = canvas.grid.step_m
    front, half = building.length_m / 2, building.width_m / 2
    whole = _rectangle(u, v, u0=-front, u1=front, half=half, step_m=step)
    _level_ground(canvas, box, whole)
    _contact(canvas, box, whole, building.height_m)
    _put(canvas, box, whole, color=_dimmed(building.albedo, 1.12), top_m=building.height_m + 0.4)
    roof = _rectangle(u, v, u0=-front + 0.35, u1=front - 0.35, half=half - 0.35, step_m=step)
    _put(canvas, box, roof, color=building.albedo, top_m=building.height_m)
    rng = np.random.default_rng(place_seed(seed, building.x_m, building.y_m))
    for _ in range(int(rng.integers(1, 4))):
        u0 = float(rng.uniform(-front + 0.8, max(-front + 0.9, front - 2.2)))
        side = float(rng.uniform(-1, 1)) * max(0.0, half - 1.4)
        size = float(rng.uniform(0.5, 0.8))
        tone = float(rng.uniform(0.45, 1.5))
        item = roof * _rectangle(u, v - side, u0=u0, u1=u0 + 1.3, half=size, step_m=step)
        color = _dimmed(building.albedo, tone)
        _put(canvas, box, item, color=color, top_m=building.height_m + 0.9)
