"""Measure the direction of shadows that is read from the picture alone.

    python -m tests.benchmarks.sun_direction tune|report --pictures 120

Shadows are rendered on the surface model of ``terrain`` (IMGCHECK_DATA): `tune` uses its western
half, `report` its eastern half with other suns; both with random albedo, turned and mirrored.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import rasterio

from imgcheck import scene
from imgcheck.quantity import binomial_interval
from imgcheck.scene import light
from imgcheck.sun.direction import shadow_direction

DATA = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")) / "terrain"


def ground(half: str) -> tuple[np.ndarray, np.ndarray]:
    """Give surface and height above ground of one half, on a 1 m grid."""
    cut = slice(0, 141) if half == "tune" else slice(142, 283)
    layers = []
    for name in ("dsm", "hag"):
        with rasterio.open(DATA / f"{name}.tif") as source:
            layers.append(source.read(1)[:, cut].astype(np.float32))
    return tuple(cv2.resize(x, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) for x in layers)


def relief(half: str, seed: int, *, lit: bool = True) -> tuple[np.ndarray, float]:
    """Give a picture and the true direction of its shadows; unlit: albedo only, as overcast."""
    rng = np.random.default_rng([seed, half == "tune"])
    surface, height = (np.rot90(x, k) for k in [int(rng.integers(4))] for x in ground(half))
    if rng.random() < 0.5:
        surface, height = surface[:, ::-1], height[:, ::-1]
    surface = np.ascontiguousarray(surface)
    patches = cv2.GaussianBlur(rng.normal(size=surface.shape), (0, 0), 4) * 8
    albedo = 0.3 * np.exp(0.25 * patches + 0.08 * rng.normal(size=surface.shape))
    albedo *= rng.uniform(0.6, 1.5, 40)[np.clip(height // 4, 0, 39).astype(int)]
    sun = {"elevation_deg": float(rng.uniform(15, 60)), "azimuth_deg": float(rng.uniform(0, 360))}
    lightness = np.ones_like(albedo)
    if lit:
        shade = light.cast_shadows(surface, step_m=1.0, **sun)
        direct = light.slope_light(surface, np.zeros_like(surface), step_m=1.0, **sun)
        sky = light.irradiance(np.minimum(direct, 3), shade, sky_share=0.25)
        lightness = sky.mean(axis=-1)
    seen = cv2.GaussianBlur(albedo * lightness, (0, 0), 0.7) + rng.normal(0, 0.008, albedo.shape)
    gray = (np.clip(seen * 1.2, 0, 1) ** (1 / 2.2)).astype(np.float32)
    return gray, (sun["azimuth_deg"] + 180) % 360


def plain(half: str, seed: int, *, houses: int) -> tuple[np.ndarray, float]:
    """Give a rendered plain with blocks on it."""
    rng = np.random.default_rng([seed, 7, half == "tune"])
    plan = scene.arid_plain(seed=seed + 1000 * (half == "tune"), width_m=200, height_m=160)
    blocks = tuple(
        scene.Building(
            x_m=float(rng.uniform(10, 190)), y_m=float(rng.uniform(10, 100)),
            length_m=float(rng.uniform(8, 25)), width_m=float(rng.uniform(6, 14)),
            height_m=float(rng.uniform(3, 12)), heading_deg=float(rng.uniform(0, 180)),
        )
        for _ in range(houses)
    )  # fmt: skip
    high, turn = float(rng.uniform(15, 60)), float(rng.uniform(0, 360))
    shown = scene.render(
        replace(plan, buildings=blocks), gsd=0.5, sun_elevation_deg=high, sun_azimuth_deg=turn,
        seed=seed,
    )  # fmt: skip
    return shown.rgb.mean(axis=-1).astype(np.float32) / 255, (turn + 180) % 360


KINDS = {
    "lit relief": lambda half, seed: relief(half, seed),
    "the same, no sun (overcast)": lambda half, seed: relief(half, seed, lit=False),
    "plain with 12 blocks": lambda half, seed: plain(half, seed, houses=12),
    "plain, nothing on it": lambda half, seed: plain(half, seed, houses=0),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("half", choices=("tune", "report"))
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| pictures | answered | 95 % interval | median error | 90 % within | axis only: median |"
          " turned round | error / sigma, rms |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name, make in KINDS.items():
        errors, sigmas = [], []
        for seed in range(options.seed, options.seed + options.pictures):
            gray, truth = make(options.half, seed)
            found = shadow_direction(gray)
            if found.shadow_deg is not None:
                errors.append((found.shadow_deg - truth + 180) % 360 - 180)
                sigmas.append(found.sigma_deg)
        share = binomial_interval(len(errors), options.pictures)
        row = f"| {name} | {len(errors)} of {options.pictures} | {share.low:.2f}-{share.high:.2f} |"
        if errors:
            off = np.abs(errors)
            axis = np.minimum(off, 180 - off)
            spread = float(np.sqrt(np.mean((axis / sigmas) ** 2)))
            row += f" {np.median(off):.1f} | {np.quantile(off, 0.9):.1f} | {np.median(axis):.1f} |"
            row += f" {int((off > 90).sum())} | {spread:.2f} |"
        else:
            row += " - | - | - | - | - |"
        print(row, flush=True)


if __name__ == "__main__":
    main()
