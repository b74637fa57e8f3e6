"""Tiles to train the crater network on: rendered craters and look-alikes on varied ground.

Craters and look-alikes are rendered once, lit from above, and planted into ground of any place,
scale and tone; then the tile is turned, so that the sun comes from anywhere. Craters are far more
varied than those that power is measured with (`imgcheck.detect.injection.random_look`): worn,
filled with water, with rays, bent, of any profile. Look-alikes are mounds, bushes, boulders, tree
crowns, discs, stains, rings, shadows, roof vents and ripples.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.detect import injection
from training import pictures as data
from training import vehicle_scenes
from training.jpeg import saved

Array = NDArray[np.float32]
TILE = 128
_CANVAS = 184  # a tile turned by any angle fits in
SMALLEST_PX, LARGEST_PX = 5.5, 40.0
_CRATERS, _OTHERS = 2600, 2600
_GROUNDS, _CLUTTER, _PATTERNS = 40, 70, 80
_SHARES = (0.13, 0.22, 0.1, 0.17)  # of data.CRATER_FREE
# Craters whose light is weaker than this share of the contrast of their ground are not counted
# for or against the network.
_INVISIBLE = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What an object of a diameter in pixels does to the picture around it."""

    change: injection.Change
    diameter: float


def _wide_look(rng: np.random.Generator, diameter: float) -> injection.Look:
    """Return a crater from a wider range than any that power is measured with."""
    bare = _bare(rng)
    if rng.random() < 0.5:
        wet = rng.random() < 0.12
        return injection.Bowl(
            diameter_px=diameter,
            depth=float(rng.uniform(0.08, 0.3)),
            rim=float(rng.uniform(0.0, 0.3)),
            steepness=float(rng.uniform(1.3, 4.0)),
            flattening=float(rng.uniform(0.75, 1.0)),
            turn_deg=float(rng.uniform(0, 180)),
            ejecta=float(rng.uniform(-0.35, 0.5)),
            sun_azimuth_deg=0.0,
            sun_elevation_deg=float(rng.uniform(18, 65)),
            worn=float(rng.uniform(0.05, 0.25)) if rng.random() < 0.4 else 0.0,
            water=float(rng.uniform(0.2, 0.6)) if wet else 0.0,
            water_tone=float(rng.choice([0.3, 0.6, 1.6])),
            bare=bare,
        )
    return injection.Crescents(
        diameter_px=diameter,
        shade=float(rng.uniform(0.4, 0.88)),
        light=float(rng.uniform(1.0, 1.45)),
        floor=float(rng.uniform(0.7, 1.15)),
        width=float(rng.uniform(0.2, 1.0)),
        soft=float(rng.uniform(0.05, 0.4)),
        ragged=float(rng.uniform(0.0, 0.12)),
        ejecta=float(rng.uniform(-0.25, 0.35)),
        speckle=float(rng.uniform(0.0, 0.2)),
        sun_azimuth_deg=0.0,
        bare=bare,
    )


def _bare(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.1, 1.0)) if rng.random() < 0.65 else 0.0


def _dug(rng: np.random.Generator, diameter: float) -> injection.Change:
    """Return a hole of a random profile and outline, with its spoil, in the light."""
    light = injection.Bowl(
        diameter_px=diameter, depth=0.2, rim=0.1, steepness=2.0, flattening=1.0, turn_deg=0.0,
        ejecta=0.0, sun_azimuth_deg=0.0, sun_elevation_deg=float(rng.uniform(20, 62)),
    )  # fmt: skip
    fine = max(1, math.ceil(20 / diameter))
    reach = math.ceil(1.5 * diameter) + 1
    side = (2 * reach + 1) * fine
    axis = ((np.arange(side) + 0.5) / fine - side / (2 * fine)) / (diameter / 2)
    x, y = np.meshgrid(axis, axis)
    angle = np.arctan2(y, x)
    edge = np.ones_like(angle)
    for k in (1, 2, 3, 4, 6):
        edge += rng.uniform(0, 0.09) * np.cos(k * angle + rng.uniform(0, 2 * math.pi))
    radius = np.hypot(x, y) / edge
    depth = 2 * float(rng.uniform(0.08, 0.3))
    rim = depth * float(rng.uniform(0, 0.35))
    falls = np.sort(rng.uniform(0, 1, 4)) if rng.random() < 0.7 else np.array([0, 0.0, 0.1, 0.4])
    knots = np.array([0, 0.3, 0.55, 0.8, 1.0])
    inside = np.interp(radius, knots, np.append((falls - 1) * depth, rim))
    thrown = rim * np.maximum(radius, 1) ** -rng.uniform(2, 6)
    lumps = cv2.GaussianBlur(rng.standard_normal(x.shape), (0, 0), max(diameter * fine / 14, 0.8))
    lumps *= rng.uniform(0, 0.12) * depth / max(float(lumps.std()), 1e-9)
    relief = np.where(radius < 1, inside, thrown) + lumps * np.clip((2.2 - radius), 0, 1)
    soft = max(rng.uniform(0.02, 0.2) * diameter / 2 * fine, 0.5)
    relief = np.asarray(cv2.GaussianBlur(relief, (0, 0), soft), float)
    ratio = injection.shade(relief, step=2 / diameter / fine, bowl=light)
    tone = rng.uniform(0.65, 1.5)
    out = rng.uniform(1.0, 2.8)
    ratio = ratio * (1 + (tone - 1) * _step(out - np.hypot(x, y), rng.uniform(0.05, 0.4)))
    ratio = 1 + np.clip((3 - np.hypot(x, y)) / 0.3, 0, 1) * (ratio ** (1 / 2.2) - 1)
    blur = float(rng.uniform(0.4, 1.0))
    ratio = np.asarray(cv2.GaussianBlur(ratio, (0, 0), blur * fine), float)
    bare = _bare(rng) * _step(rng.uniform(1.0, 2.6) - np.hypot(x, y), 0.15)
    size = (2 * reach + 1, 2 * reach + 1)
    return injection.Change(
        ratio=cv2.resize(ratio, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        bare=cv2.resize(bare, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        smooth_px=_soil(rng, diameter),
    )


def _soil(rng: np.random.Generator, diameter: float) -> float:
    """Return over how many pixels thrown soil evens out the ground; at last it is of one tone."""
    return max(diameter * float(np.exp(rng.uniform(math.log(0.15), math.log(1.2)))), 1.0)


def _strewn(change: injection.Change, diameter: float, rng: np.random.Generator) -> Array:
    """Return the light from an object with clods and narrow rays of another tone strewn over it."""
    side = change.ratio.shape[0]
    axis = (np.arange(side) - side // 2) / (diameter / 2)
    x, y = np.meshgrid(axis, axis)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    clods = cv2.GaussianBlur(rng.standard_normal(x.shape), (0, 0), rng.uniform(0.4, 1.4))
    clods *= rng.uniform(0, 0.12) / max(float(clods.std()), 1e-9)
    out = 1 + clods * _step(rng.uniform(1, 2.2) - radius, 0.3)
    if rng.random() < 0.4:
        ray = np.zeros_like(x)
        for _ in range(int(rng.integers(3, 14))):
            gap = np.angle(np.exp(1j * (angle - rng.uniform(0, 2 * math.pi))))
            reach = rng.uniform(1.2, 2.7)
            ray += np.exp(-((gap / rng.uniform(0.04, 0.2)) ** 2)) * _step(reach - radius, 0.2)
        out *= 1 + rng.uniform(-0.2, 0.35) * np.minimum(ray, 1) * _step(radius - 0.9, 0.1)
    return (change.ratio * out).astype(np.float32)


def _bent(change: injection.Change, diameter: float, rng: np.random.Generator) -> injection.Change:
    """Bend an object smoothly, by up to a fifth of its radius."""
    shape = change.ratio.shape
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    maps = []
    for axis in (columns, rows):
        wave = cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), max(diameter / 4, 1.0))
        wave *= rng.uniform(0, 0.1) * diameter / 2 / max(float(np.abs(wave).std()), 1e-9)
        maps.append(axis + wave.astype(np.float32))
    ratio, bare = (
        np.asarray(cv2.remap(one, maps[0], maps[1], cv2.INTER_LINEAR,
                             borderMode=cv2.BORDER_REPLICATE), np.float32)
        for one in (change.ratio, change.bare)
    )  # fmt: skip
    return injection.Change(ratio=ratio, bare=bare, smooth_px=change.smooth_px)


def _axes(diameter: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates in radii on a square that reaches 3 of them, y down, sun above."""
    reach = math.ceil(1.5 * diameter) + 1
    axis = np.arange(-reach, reach + 1) / (diameter / 2)
    return np.meshgrid(axis, axis)


def _step(value: NDArray[np.float64], soft: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(value / soft, -30, 30))))


def _mound(rng: np.random.Generator, diameter: float) -> Array:
    """Return a heap, boulder, bush or crown: a dome, dark or bright, with its shadow."""
    dome = injection.Bowl(
        diameter_px=diameter,
        depth=-float(rng.uniform(0.08, 0.6)),
        rim=0.0,
        steepness=float(rng.uniform(1.5, 4.0)),
        flattening=float(rng.uniform(0.6, 1.0)),
        turn_deg=float(rng.uniform(0, 180)),
        ejecta=0.0,
        sun_azimuth_deg=0.0,
        sun_elevation_deg=float(rng.uniform(20, 60)),
    )
    ratio = injection.render(dome, rng=rng, blur_px=0.7).ratio
    x, y = _axes(diameter)
    if rng.random() < 0.6:
        inside = _step(1 - np.hypot(x, y), 0.1)
        leaves = cv2.GaussianBlur(rng.standard_normal(x.shape), (0, 0), 0.8)
        tone = rng.uniform(0.4, 1.2) * (1 + rng.uniform(0, 0.5) * leaves)
        ratio = ratio * (1 + inside * (tone - 1)).astype(np.float32)
    return ratio


def _disc(rng: np.random.Generator, diameter: float) -> Array:
    """Return a disc, stain or ring of another tone."""
    x, y = _axes(diameter)
    angle = np.arctan2(y, x)
    edge = 1 + rng.uniform(0, 0.25) * np.cos(int(rng.integers(2, 6)) * angle + rng.uniform(0, 6))
    flat = rng.uniform(0.6, 1.0)
    inside = _step(edge - np.hypot(x, y / flat), rng.uniform(0.03, 0.35))
    if rng.random() < 0.3:
        inside = inside - _step(edge * rng.uniform(0.5, 0.85) - np.hypot(x, y / flat), 0.08)
    return (1 + (rng.uniform(0.45, 1.5) - 1) * inside).astype(np.float32)


def _shadow(rng: np.random.Generator, diameter: float) -> Array:
    """Return a shadow without an object beside it, or the edge between two tones."""
    x, y = _axes(diameter)
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * math.pi)
        away = x * math.cos(turn) + y * math.sin(turn)
        inside = _step(away, 0.08) * _step(2.2 - np.hypot(x, y), 0.25)
    else:
        shift = rng.uniform(0.3, 1.2)
        inside = _step(1 - np.hypot(x, y), 0.1) * (1 - _step(1 - np.hypot(x, y + shift), 0.1))
    return (1 + (rng.uniform(0.4, 0.8) - 1) * inside).astype(np.float32)


def _box(rng: np.random.Generator, diameter: float) -> Array:
    """Return a vent, a chimney or a crate with its shadow away from the sun."""
    x, y = _axes(diameter)
    turn = rng.uniform(0, math.pi)
    half = rng.uniform(0.35, 0.9), rng.uniform(0.35, 0.9)

    def square(shift: float) -> NDArray[np.float64]:
        u = x * math.cos(turn) + (y - shift) * math.sin(turn)
        v = (y - shift) * math.cos(turn) - x * math.sin(turn)
        return _step(half[0] - np.abs(u), 0.06) * _step(half[1] - np.abs(v), 0.06)

    body = square(0.0)
    shade = np.max([square(s) for s in np.linspace(0.1, rng.uniform(0.3, 1.5), 6)], axis=0)
    ratio = 1 + (rng.uniform(0.35, 0.7) - 1) * shade * (1 - body)
    return (ratio * (1 + (rng.uniform(0.6, 1.6) - 1) * body)).astype(np.float32)


def _ripples(rng: np.random.Generator, diameter: float) -> Array:
    """Return a few ripples or furrows that fade out."""
    x, y = _axes(diameter)
    turn = rng.normal(0, 0.6)
    along = y * math.cos(turn) + x * math.sin(turn) + 0.2 * np.sin(2 * x + rng.uniform(0, 6))
    wave = np.cos(along * rng.uniform(2, 6) + rng.uniform(0, 6)) * np.exp(-(x**2 + y**2) / 1.5)
    return (1 + rng.uniform(0.08, 0.3) * wave).astype(np.float32)


_OTHER: tuple[tuple[Callable[[np.random.Generator, float], Array], float], ...] = (
    (_mound, 0.4), (_disc, 0.18), (_shadow, 0.14), (_box, 0.18), (_ripples, 0.1),
)  # fmt: skip


def _size(rng: np.random.Generator) -> float:
    # More small ones: they are harder, and cheaper.
    return float(SMALLEST_PX * (LARGEST_PX / SMALLEST_PX) ** (rng.random() ** 1.3))


def bank(seed: int) -> tuple[list[Patch], list[Patch]]:
    """Render craters and look-alikes, lit from above."""
    rng = np.random.default_rng([seed, 5])
    real = []
    for _ in range(_CRATERS):
        diameter = _size(rng)
        if rng.random() < 0.3:
            change = _dug(rng, diameter)
        else:
            look = _wide_look(rng, diameter)
            change = injection.render(look, rng=rng, blur_px=float(rng.uniform(0.4, 1.0)))
            change = replace(change, smooth_px=_soil(rng, diameter))
        if rng.random() < 0.5:
            change = _bent(change, diameter, rng)
        if rng.random() < 0.5:
            change = replace(change, ratio=_strewn(change, diameter, rng))
        real.append(Patch(change=change, diameter=diameter))
    others = []
    makers, shares = zip(*_OTHER, strict=True)
    for kind in rng.choice(len(makers), _OTHERS, p=shares):
        diameter = float(rng.uniform(0.6, 1.3)) * _size(rng)
        ratio = makers[kind](rng, diameter)
        # Half of them lie on soil that hides the ground, as craters do.
        bare = np.full_like(ratio, float(rng.choice([0.0, 0.9]))) * (np.abs(ratio - 1) > 0.02)
        change = injection.Change(ratio=ratio, bare=bare, smooth_px=_soil(rng, diameter))
        if rng.random() < 0.3:
            change = replace(change, ratio=_strewn(change, diameter, rng))
        others.append(Patch(change=change, diameter=diameter))
    return real, others


def _rendered_ground(seed: int) -> list[Array]:
    rng = np.random.default_rng([seed, 6])
    out = []
    for _ in range(_GROUNDS):
        light = np.clip(rng.uniform(0.12, 0.5) * rng.lognormal(0, 0.1, 3), 0.02, 0.9)
        terrain = scene.Terrain(
            seed=int(rng.integers(1 << 30)),
            relief_m=0.5,
            microrelief_m=float(rng.uniform(0, 0.12)),
            texture=float(rng.uniform(0.1, 1.3)),
            wadi_m=0.0,
            shrubs_per_ha=float(rng.choice([0, 60, 250, 900])),
            light_soil=tuple(light),
            dark_soil=tuple(light * rng.uniform(0.5, 0.85)),
        )
        place = scene.Scene(width_m=96, height_m=96, terrain=terrain)
        picture = scene.render(
            place,
            gsd=0.3,
            sun_elevation_deg=float(rng.uniform(25, 60)),
            sun_azimuth_deg=0.0,
            seed=1,
            oversample=1,
        )
        out.append(data.gray(picture.rgb))
    return out


def _rendered_clutter(seed: int) -> list[Array]:
    """Return rendered streets and yards: vehicles, sheds, roofs, painted lines."""
    grounds = vehicle_scenes.Grounds()
    out = []
    for k in range(_CLUTTER):
        rng = np.random.default_rng([seed, 7, k])
        rgb = vehicle_scenes.picture(rng, grounds, kinds=(0.7, 0.3, 0.0), roofs=0.3, yards=0.2)[0]
        out.append(data.gray(rgb))
    return out


def _patterns(seed: int) -> list[Array]:
    """Return noise of many spectra with patches, blocks, gravel and stripes in it."""
    out = []
    side = 256
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    for k in range(_PATTERNS):
        rng = np.random.default_rng([seed, 8, k])
        picture = np.full((side, side), rng.uniform(0.2, 0.75), np.float32)
        for _ in range(int(rng.integers(0, 40))):  # fields, roofs, walls and their shadows
            box = ((float(rng.uniform(0, side)), float(rng.uniform(0, side))),
                   (float(rng.uniform(3, 70)), float(rng.uniform(3, 40))),
                   float(rng.choice([20, 110]) + rng.normal(0, 8)))  # fmt: skip
            corners = np.round(cv2.boxPoints(box)).astype(np.int32)
            if rng.random() < 0.5:
                shift = np.round(rng.normal(0, 4, 2)).astype(np.int32)
                cv2.fillPoly(picture, [corners + shift], float(rng.uniform(0.03, 0.25)))
            cv2.fillPoly(picture, [corners], float(rng.uniform(0.1, 0.9)))
        for _ in range(int(rng.choice([0, 20, 400]))):  # gravel, crowns, clods
            at = tuple(int(v) for v in rng.integers(0, side, 2))
            size = tuple(int(v) for v in 1 + rng.gamma(1.5, 2.5, 2))
            tone, turn = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0, 180))
            cv2.ellipse(picture, at, size, turn, 0, 360, tone * 0.4, -1)
            at = (at[0] - max(1, size[0] // 3), at[1] - max(1, size[1] // 3))
            cv2.ellipse(picture, at, size, turn, 0, 360, tone, -1)
        if rng.random() < 0.3:  # furrows and waves
            turn, long = rng.uniform(0, math.pi), rng.uniform(3, 25)
            bend = 4 * np.sin(rows / rng.uniform(15, 60))
            wave = np.sin((columns * math.cos(turn) + rows * math.sin(turn) + bend) / long * 6.3)
            picture = picture * (1 + rng.uniform(0.02, 0.3) * wave)
        for _ in range(2):  # soil
            frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
            frequency[0, 0] = 1
            spectrum = np.fft.fft2(rng.standard_normal((side, side)))
            noise = np.real(np.fft.ifft2(spectrum * frequency ** -rng.uniform(0.3, 2.0)))
            if rng.random() < 0.25:
                noise = np.abs(noise)
            noise /= max(float(noise.std()), 1e-9)
            picture = picture * (1 + rng.uniform(0.01, 0.2) * noise)
        soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.4, 1.2))
        out.append(np.clip(soft, 0.02, 0.98).astype(np.float32))
    return out


class Tiles:
    """Draws tiles; `hard` is filled with tiles without craters on which the network errs."""

    def __init__(self, seed: int) -> None:
        self.real, self.others = bank(seed)
        self.places = [_rendered_ground(seed), _rendered_clutter(seed), _patterns(seed)]
        self.places += [[data.gray(picture) for picture in data.place(name, most=44)]
                        for name in data.CRATER_FREE]  # fmt: skip
        self.shares = (0.12, 0.14, 0.12, *_SHARES)
        self.hard: list[tuple[float, Array]] = []

    def draw(self, rng: np.random.Generator) -> tuple[Array, Array, float, bool]:
        """Return a tile, its craters (x, y, diameter, visible), the sun, and whether to judge it.

        The azimuth of the sun is in degrees clockwise from up.
        """
        if self.hard and rng.random() < 0.2:
            tile = self.hard[int(rng.integers(len(self.hard)))][1]
            tile = np.rot90(tile, int(rng.integers(4)))[:, :: int(rng.choice([-1, 1]))]
            none = np.zeros((0, 4), np.float32)
            return _degraded(np.ascontiguousarray(tile), rng, 9), none, rng.uniform(0, 360), False
        canvas = self._ground(rng)
        craters = self._planted(canvas, rng)
        turn = float(rng.integers(4) * 90 if rng.random() < 0.3 else rng.uniform(0, 360))
        middle = (_CANVAS - 1) / 2
        matrix = cv2.getRotationMatrix2D((middle, middle), -turn, 1.0)
        matrix[:, 2] += (TILE - 1) / 2 - middle
        tile = np.asarray(cv2.warpAffine(canvas, matrix, (TILE, TILE)), np.float32)
        if len(craters):
            craters[:, :2] = craters[:, :2] @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2]
        least = float(craters[:, 2].min()) if len(craters) else 9.0
        return _degraded(tile, rng, least), craters, turn, len(craters) == 0

    def _ground(self, rng: np.random.Generator) -> Array:
        pool = self.places[int(rng.choice(len(self.places), p=self.shares))]
        picture = pool[int(rng.integers(len(pool)))]
        scale = float(np.exp(rng.uniform(math.log(0.4), math.log(1.8))))
        side = min(int(_CANVAS / scale), *picture.shape)
        y = int(rng.integers(picture.shape[0] - side + 1))
        x = int(rng.integers(picture.shape[1] - side + 1))
        part = picture[y : y + side, x : x + side]
        part = np.rot90(part, int(rng.integers(4)))[:, :: int(rng.choice([-1, 1]))]
        how = cv2.INTER_AREA if side > _CANVAS else cv2.INTER_CUBIC
        out = cv2.resize(np.ascontiguousarray(part), (_CANVAS, _CANVAS), interpolation=how)
        out = np.clip(out * rng.uniform(0.7, 1.4) + rng.uniform(-0.08, 0.12), 0.02, 0.98)
        return np.asarray(out, np.float32)

    def _planted(self, canvas: Array, rng: np.random.Generator) -> Array:
        taken: list[tuple[float, float, float]] = []
        out = []
        count = 0 if rng.random() < 0.25 else int(rng.integers(1, 6))
        for kind in rng.permutation([True] * count + [False] * int(rng.integers(0, 7))):
            pool = self.real if kind else self.others
            patch = pool[int(rng.integers(len(pool)))]
            for _ in range(6):
                x, y = (int(v) for v in rng.integers(16, _CANVAS - 16, 2))
                if all(math.hypot(x - a, y - b) > 0.55 * (patch.diameter + d) for a, b, d in taken):
                    break
            else:
                continue
            taken.append((x, y, patch.diameter))
            if not kind:
                injection.plant(canvas, patch.change, x, y)
                continue
            r = math.ceil(0.75 * patch.diameter)
            around = np.s_[max(0, y - r) : y + r + 1, max(0, x - r) : x + r + 1]
            before = canvas[around].copy()
            injection.plant(canvas, patch.change, x, y)
            light = float((canvas[around] - before).std())
            seen = light > _INVISIBLE * math.hypot(float(before.std()), 0.02)
            out.append((x, y, patch.diameter, float(seen)))
        return np.array(out, np.float32).reshape(-1, 4)


def _degraded(tile: Array, rng: np.random.Generator, least: float) -> Array:
    """Make a tile look like another camera and post; craters keep five pixels where they can."""
    shrink = min(float(np.exp(rng.uniform(0, math.log(2.5)))), max(1.0, least / 5.5))
    picture = tile
    blur = math.hypot(rng.uniform(0, 0.7), 0.4 * (shrink - 1))
    if blur > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    side = max(32, round(TILE / shrink)) if rng.random() < 0.5 else TILE
    if side != TILE:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.25:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.5))
        picture = picture + rng.uniform(0.3, 1.2) * (picture - soft)
    picture = picture + rng.normal(0, rng.uniform(0.002, 0.025), picture.shape)
    coded = np.clip(picture * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        coded = saved(np.repeat(coded[..., None], 3, axis=2), int(rng.integers(40, 96)))[..., 0]
    if side != TILE:
        coded = cv2.resize(coded, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(coded, np.float32) / 255
