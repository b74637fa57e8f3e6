"""Lit ground with a known sun, for the direction of shadows: relief, towns, woods, plains."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import rasterio

from imgcheck import scene
from imgcheck.scene import light

DATA = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")) / "terrain"


def ground(half: str) -> tuple[np.ndarray, np.ndarray]:
    """Give surface and height above ground of one half, on a 1 m grid."""
    cut = slice(0, 141) if half == "tune" else slice(142, 283)
    layers = []
    for name in ("dsm", "hag"):
        with rasterio.open(DATA / f"{name}.tif") as source:
            layers.append(source.read(1)[:, cut].astype(np.float32))
    return tuple(cv2.resize(x, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for x in layers)


def expose(
    surface: np.ndarray, albedo: np.ndarray, rng: np.random.Generator, *, lit: bool
) -> tuple[np.ndarray, float]:
    """Photograph a height field: sun or none, sky (less in narrow places), blur, noise."""
    sun = {"elevation_deg": float(rng.uniform(15, 60)), "azimuth_deg": float(rng.uniform(0, 360))}
    around = cv2.GaussianBlur(surface, (0, 0), 5)
    sky = np.exp(-rng.uniform(0, 0.25) * np.maximum(around - surface, 0))
    share = float(rng.uniform(0.12, 0.4)) if lit else 1.0
    lightness = share * sky
    if lit:
        shade = light.cast_shadows(surface, step_m=1.0, **sun)
        direct = light.slope_light(surface, np.zeros_like(surface), step_m=1.0, **sun)
        lightness = lightness + (1 - share) * np.minimum(direct, 3) * (1 - shade)
    seen = cv2.GaussianBlur(albedo * lightness, (0, 0), float(rng.uniform(0.5, 1.1)))
    seen = seen / np.percentile(seen, 95) * rng.uniform(0.6, 1.0)
    seen = seen + rng.normal(0, rng.uniform(0.002, 0.01), albedo.shape)
    gray = (np.clip(seen, 0, 1) ** (1 / 2.2)).astype(np.float32)
    return gray, (sun["azimuth_deg"] + 180) % 360


def relief(half: str, seed: int, *, lit: bool = True) -> tuple[np.ndarray, float]:
    """Give a picture of the surface model, turned and mirrored; unlit: as overcast."""
    rng = np.random.default_rng([seed, half == "tune"])
    surface, height = (np.rot90(x, k) for k in [int(rng.integers(4))] for x in ground(half))
    if rng.random() < 0.5:
        surface, height = surface[:, ::-1], height[:, ::-1]
    surface = np.ascontiguousarray(surface)
    patches = cv2.GaussianBlur(rng.normal(size=surface.shape), (0, 0), 4) * 8
    albedo = 0.3 * np.exp(0.25 * patches + 0.08 * rng.normal(size=surface.shape))
    albedo *= rng.uniform(0.6, 1.5, 40)[np.clip(height // 4, 0, 39).astype(int)]
    return expose(surface, albedo, rng, lit=lit)


def _stamp(
    surface: np.ndarray, albedo: np.ndarray, place: tuple[float, ...], rng: np.random.Generator
) -> None:
    """Put one house on the ground: x, y, length, width, height, heading; flat or pitched."""
    x, y, length, width, high, heading = place
    rows, cols = np.mgrid[: surface.shape[0], : surface.shape[1]].astype(np.float32)
    sine, cosine = np.sin(np.radians(heading)), np.cos(np.radians(heading))
    along = (cols - x) * sine - (rows - y) * cosine
    side = (cols - x) * cosine + (rows - y) * sine
    inside = (np.abs(along) < length / 2) & (np.abs(side) < width / 2)
    top = high + (rng.random() < 0.5) * 0.5 * (width / 2 - np.abs(side))
    surface[inside] = np.maximum(surface, top)[inside]
    albedo[inside] = rng.uniform(0.1, 0.6)


def town(half: str, seed: int, *, grid: bool, lit: bool = True) -> tuple[np.ndarray, float]:
    """Give houses, trees and streets; ``grid``: all houses and streets along two directions."""
    rng = np.random.default_rng([seed, 11 + grid, half == "tune"])
    side = 300
    rough = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), 25).astype(np.float32)
    surface = rough * rng.uniform(0, 60)
    patches = cv2.GaussianBlur(rng.normal(size=surface.shape), (0, 0), 4) * 8
    albedo = 0.3 * np.exp(rng.uniform(0.05, 0.4) * patches + 0.06 * rng.normal(size=surface.shape))
    main = float(rng.uniform(0, 180))
    for _ in range(int(rng.integers(2, 7))):
        turn = np.radians(main + 90 * rng.integers(2) if grid else rng.uniform(0, 180))
        x, y = rng.uniform(0, side, 2)
        ends = [(int(x + s * 500 * np.sin(turn)), int(y - s * 500 * np.cos(turn))) for s in (-1, 1)]
        cv2.line(albedo, *ends, float(rng.uniform(0.08, 0.5)), int(rng.integers(3, 10)))
    for _ in range(int(rng.integers(12, 70))):
        heading = main + 90 * rng.integers(2) if grid else rng.uniform(0, 180)
        place = (*rng.uniform(0, side, 2), rng.uniform(8, 30), rng.uniform(6, 16))
        _stamp(surface, albedo, (*place, rng.uniform(3, 14), heading), rng)
    trees(surface, albedo, int(rng.integers(0, 120)), rng)
    return expose(surface, albedo, rng, lit=lit)


def trees(surface: np.ndarray, albedo: np.ndarray, count: int, rng: np.random.Generator) -> None:
    """Plant round crowns."""
    rows, cols = np.mgrid[: surface.shape[0], : surface.shape[1]].astype(np.float32)
    for _ in range(count):
        x, y = rng.uniform(0, surface.shape[1]), rng.uniform(0, surface.shape[0])
        wide, high = rng.uniform(2, 6), rng.uniform(3, 12)
        top, left = max(0, int(y - wide - 1)), max(0, int(x - wide - 1))
        box = (slice(top, int(y + wide + 2)), slice(left, int(x + wide + 2)))
        part = 1 - ((cols[box] - x) ** 2 + (rows[box] - y) ** 2) / wide**2
        crown = high * np.sqrt(np.maximum(0, part))
        surface[box] = np.maximum(surface[box], crown)
        albedo[box] = np.where(part > 0, rng.uniform(0.06, 0.2), albedo[box])


def wood(half: str, seed: int, *, lit: bool = True) -> tuple[np.ndarray, float]:
    """Give a wood or a parkland of round crowns."""
    rng = np.random.default_rng([seed, 17, half == "tune"])
    surface = np.zeros((280, 280), np.float32)
    patches = cv2.GaussianBlur(rng.normal(size=surface.shape), (0, 0), 4) * 8
    albedo = 0.25 * np.exp(0.25 * patches + 0.08 * rng.normal(size=surface.shape))
    trees(surface, albedo, int(rng.integers(150, 900)), rng)
    return expose(surface, albedo, rng, lit=lit)


def plain(
    half: str, seed: int, *, houses: int, grid: bool = False, overcast: bool = False
) -> tuple[np.ndarray, float]:
    """Give a rendered plain with blocks on it."""
    rng = np.random.default_rng([seed, 7 + 100 * grid, half == "tune"])
    plan = scene.arid_plain(seed=seed + 1000 * (half == "tune"), width_m=200, height_m=160)
    main = float(rng.uniform(0, 180))
    blocks = tuple(
        scene.Building(
            x_m=float(rng.uniform(10, 190)), y_m=float(rng.uniform(10, 100)),
            length_m=float(rng.uniform(8, 25)), width_m=float(rng.uniform(6, 14)),
            height_m=float(rng.uniform(3, 12)),
            heading_deg=main if grid else float(rng.uniform(0, 180)),
        )
        for _ in range(houses)
    )  # fmt: skip
    high, turn = float(rng.uniform(15, 60)), float(rng.uniform(0, 360))
    shown = scene.render(
        replace(plan, buildings=blocks), gsd=0.5, sun_elevation_deg=high, sun_azimuth_deg=turn,
        seed=seed, oversample=1 if overcast else 2, sky_share=1.0 if overcast else 0.25,
    )  # fmt: skip
    return shown.rgb.mean(axis=-1).astype(np.float32) / 255, (turn + 180) % 360


def enlarged(gray: np.ndarray, seed: int) -> np.ndarray:
    """Give a part of a picture as from lower down: two to three times larger, with fine grain."""
    rng = np.random.default_rng([seed, 29])
    side = 220
    top, left = (int(rng.integers(0, size - side + 1)) for size in gray.shape)
    part = gray[top : top + side, left : left + side]
    size = round(side * rng.uniform(1.6, 2.6))
    wide = cv2.resize(part, (size, size), interpolation=cv2.INTER_CUBIC)
    grain = sum(cv2.GaussianBlur(rng.normal(size=wide.shape), (0, 0), s) * s for s in (0.6, 1.5, 4))
    wide = wide * (1 + rng.uniform(0.02, 0.15) * grain)
    return np.clip(wide, 0, 1).astype(np.float32)


def texture(half: str, seed: int) -> tuple[np.ndarray, float]:
    """Give noise, blobs, clouds, patches or stripes: nothing that throws a shadow."""
    rng = np.random.default_rng([seed, 23, half == "tune"])
    noise = rng.normal(size=(280, 320))
    kind = seed % 5
    if kind == 1:
        noise = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(1, 6)))
    if kind >= 2:
        noise = sum(cv2.GaussianBlur(rng.normal(size=noise.shape), (0, 0), s) * s**1.2
                    for s in (0.7, 1.5, 3, 6, 12))  # fmt: skip
    if kind == 3:
        noise = np.floor(noise / noise.std() * 1.5)
    if kind == 4:
        rows, cols = np.mgrid[:280, :320]
        turn, wide = rng.uniform(0, np.pi), rng.uniform(4, 14)
        across = (cols * np.sin(turn) + rows * np.cos(turn)) / wide
        noise = 0.4 * noise / noise.std() + np.sin(2 * np.pi * across)
    noise = (noise - noise.min()) / np.ptp(noise) + 0.02 * rng.normal(size=noise.shape)
    return np.clip(noise, 0, 1).astype(np.float32), 0.0


def posted(gray: np.ndarray, seed: int) -> np.ndarray:
    """Give the picture after JPEG at quality 75 and some blur."""
    soft = cv2.GaussianBlur(gray, (0, 0), 0.8)
    data = cv2.imencode(".jpg", (soft * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def dull(reel: str) -> list[np.ndarray]:
    """Give the real pictures of ``overhead/niza`` whose names hold ``reel``: no sunshine."""
    paths = sorted((DATA.parent / "overhead" / "niza").glob(f"*{reel}*.jpg"))
    found = [cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) for path in paths]
    return [gray.astype(np.float32) / 255 for gray in found]
