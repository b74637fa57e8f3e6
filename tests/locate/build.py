"""Georeferenced ground and pictures cut from it, as files."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from tests.imaging.ground import ground, view

# UTM 37N, 2 m pixels, near Deir ez-Zor.
UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)


def reference(
    path: Path, *, transform=UTM, crs: object = "EPSG:32637", seed: int = 31, shape=(520, 600)
) -> NDArray[np.float32]:
    """Write ground as a GeoTIFF; gives its gray values."""
    gray = ground(shape, seed=seed, blocks=220)
    write(path, gray, transform=transform, crs=crs)
    return gray


def write(path: Path, gray: NDArray[np.float32], *, transform=None, crs=None, **more) -> None:
    """Write gray values as a three-band GeoTIFF."""
    data = np.round(gray * 255).astype(np.uint8)
    place = {} if transform is None else {"transform": Affine(*transform)}
    with rasterio.open(
        path, "w", driver="GTiff", width=gray.shape[1], height=gray.shape[0], count=3,
        dtype="uint8", crs=crs, photometric="RGB", **place, **more,
    ) as target:  # fmt: skip
        target.write(np.stack([data] * 3))


def cut(
    path: Path, gray: NDArray[np.float32], *, transform=UTM, **how
) -> tuple[NDArray[np.float64], int]:
    """Write a picture cut from ground; gives picture px -> CRS, and its side."""
    how = {"size": 260, "angle": 30.0, "scale": 0.8} | how
    picture, matrix = view(gray, **how)
    cv2.imwrite(str(path), np.round(picture * 255).astype(np.uint8))
    affine = np.array([transform[:3], transform[3:], (0, 0, 1)])
    return affine @ matrix, how["size"]
