"""Change on large rasters: memory, cost per pixel, killed runs, workers.

``make SIDE FOLDER`` makes a pair of SIDE x SIDE pixels from two real pictures: repeated and
mirrored, with slow light, fresh noise, a shift, and squares that came. ``cost SIDE... --folder F``
compares pairs and prints the processor time and peak memory of each. ``resume SIDE`` kills a run
and goes on; ``workers SIDE`` compares one thread, two threads and a Dask cluster byte by byte.
"""

import hashlib
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

SHIFT = (37, -22)
GSD = 5.0
_MAIN = "import sys; from imgcheck.cli import main; sys.exit(main())"


def make(side: int, folder: Path, data: Path, *, gsd: float = GSD) -> tuple[Path, Path]:
    """Write the pair; the later picture is moved by `SHIFT` pixels and holds 4-40 px squares."""
    paths = (folder / f"before-{side}.tif", folder / f"after-{side}.tif")
    if all(path.is_file() for path in paths):
        return paths
    with rasterio.open(sorted((data / "stacks/naip").glob("*.tif"))[0]) as source:
        tile = np.moveaxis(source.read([1, 2, 3]), 0, -1)[20:700, 20:920]
    tile = np.concatenate([tile, tile[::-1]])
    tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
    rng = np.random.default_rng(20261130)
    squares = [
        (*rng.integers(0, side - 60, 2), int(rng.integers(4, 40)), rng.choice([-1, 1]))
        for _ in range(max(4, side * side // 400_000))
    ]
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8",
        "crs": "EPSG:32614", "transform": from_origin(500_000, 5_200_000, gsd, gsd),
        "tiled": True, "blockxsize": 512, "blockysize": 512, "bigtiff": "IF_SAFER",
    }  # fmt: skip
    for k, path in enumerate(paths):
        dx, dy = SHIFT if k else (0, 0)
        with rasterio.open(path, "w", **profile) as target:
            for top in range(0, side, 512):
                rows = np.arange(top, min(top + 512, side))
                columns = np.arange(side)
                block = tile[np.ix_((rows - dy) % tile.shape[0], (columns - dx) % tile.shape[1])]
                light = 1 + 0.1 * np.sin(rows[:, None] / side * 3 + k) * np.cos(columns / side * 2)
                block = block * light[..., None].astype(np.float32)
                if k:
                    for y, x, size, sign in squares:
                        y, x = y + dy, x + dx
                        low, high = max(y - top, 0), min(y + size - top, len(rows))
                        if low < high and x + size > 0:
                            block[low:high, max(x, 0) : x + size] += 70 * sign
                noise = np.random.default_rng((k, top)).integers(-4, 5, block.shape, np.int8)
                block = np.clip(block + noise, 0, 255).astype(np.uint8)
                target.write(np.moveaxis(block, -1, 0), window=Window(0, top, side, len(rows)))
    return paths


def run(paths: tuple[Path, Path], out: Path, *more: str) -> tuple[float, float, float]:
    """Compare a pair in a process of its own; return CPU and wall seconds, and peak MB."""
    words = [sys.executable, "-c", _MAIN, "change", *map(str, paths), "-o", str(out), *more]
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, float(status.split("VmHWM:")[1].split()[0]) / 1000)
        except (OSError, IndexError):
            pass
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{words} left with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - begun, peak


def digest(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a result."""
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}
