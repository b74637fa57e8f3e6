"""Change on large rasters: memory, cost per pixel, killed runs, workers.

``cost SIDE...`` compares pairs of SIDE x SIDE pixels and prints processor time and peak memory.
``resume SIDE`` kills a run by signal 9 and goes on; ``workers SIDE`` compares the files of one
thread, two threads, a killed run and a Dask cluster; ``found SIDE`` counts the planted squares. The
pair is a real picture, repeated and mirrored, with slow light, fresh noise, a shift, and squares
that came; above 4,096 pixels it repeats every 1,360 rows.
"""

import argparse
import hashlib
import os
import resource
import shutil
import signal
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


def period(side: int) -> int:
    """Return after how many rows a pair repeats: above 4,096 pixels after those of the picture."""
    return side if side <= 4096 else 1360


def squares(side: int) -> list[tuple[int, int, int, int]]:
    """Return top, left, side and sign of the squares that come, in pixels of the earlier image."""
    rng = np.random.default_rng(20261130)
    rows, found = period(side), []
    for _ in range(max(4, rows * side // 400_000)):
        y, x = (int(rng.integers(60, length - 60)) for length in (rows, side))
        size, sign = int(rng.integers(4, 40)), int(rng.choice([-1, 1]))
        found += [(top, x, size, sign) for top in range(y, side - 60, rows)]
    return found


def make(side: int, folder: Path, data: Path, *, gsd: float = GSD) -> tuple[Path, Path]:
    """Write the pair; the later picture is moved by `SHIFT` pixels and holds 4-40 px squares."""
    paths = (folder / f"before-{side}.tif", folder / f"after-{side}.tif")
    if all(path.is_file() for path in paths):
        return paths
    with rasterio.open(sorted((data / "stacks/naip").glob("*.tif"))[0]) as source:
        tile = np.moveaxis(source.read([1, 2, 3]), 0, -1)[20:700, 20:920]
    tile = np.concatenate([tile, tile[::-1]])
    tile = np.concatenate([tile, tile[:, ::-1]], axis=1)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8",
        "crs": "EPSG:32614", "transform": from_origin(500_000, 5_200_000, gsd, gsd),
        "tiled": True, "blockxsize": 512, "blockysize": 512, "bigtiff": "IF_SAFER",
    }  # fmt: skip
    planted = squares(side)
    for k, path in enumerate(paths):
        dx, dy = SHIFT if k else (0, 0)
        with rasterio.open(path, "w", **profile) as target:
            for top in range(0, period(side), 512):
                rows = np.arange(top, min(top + 512, period(side)))
                columns = np.arange(side)
                block = tile[np.ix_((rows - dy) % tile.shape[0], (columns - dx) % tile.shape[1])]
                turn = 2 * np.pi * rows[:, None] / period(side)
                light = 1 + 0.1 * np.sin(turn + k) * np.cos(columns / side * 2)
                block = block * light[..., None].astype(np.float32)
                if k:
                    for y, x, size, sign in planted:
                        y, x = y + dy, x + dx
                        low, high = max(y - top, 0), min(y + size - top, len(rows))
                        if low < high and x + size > 0:
                            block[low:high, max(x, 0) : x + size] += 70 * sign
                noise = np.random.default_rng((k, top)).integers(-4, 5, block.shape, np.int8)
                block = np.clip(block + noise, 0, 255).astype(np.uint8)
                for y in range(top, side, period(side)):
                    part = np.moveaxis(block[: side - y], -1, 0)
                    target.write(part, window=Window(0, y, side, part.shape[1]))
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


def _report(side: int, words: str, cpu: float, wall: float, peak: float) -> None:
    print(
        f"| {side} | {words} | {cpu:.0f} s | {cpu / side**2 * 1e6:.2f} s | {wall:.0f} s | "
        f"{peak:.0f} MB |",
        flush=True,
    )


def cost(sides: list[int], folder: Path, data: Path) -> None:
    """Print processor time, time by the clock and peak memory of each size."""
    for side in sides:
        out = folder / f"cost-{side}"
        shutil.rmtree(out, ignore_errors=True)
        _report(side, "one thread", *run(make(side, folder, data), out))


def resume(side: int, folder: Path, data: Path, share: float) -> Path:
    """Kill a run by signal 9 when a share of the tiles is done, and go on."""
    paths, out = make(side, folder, data), folder / f"resumed-{side}"
    shutil.rmtree(out, ignore_errors=True)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", _MAIN, "change", *map(str, paths), "-o", str(out)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    tiles = (-(-side // 640)) ** 2
    while process.poll() is None:
        done = len(list(out.glob(".imgcheck-change-tiles/tile-*.npz")))
        if done >= share * tiles:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.2)
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _report(side, f"killed after {done} of {tiles} tiles", cpu, time.monotonic() - begun, 0)
    _report(side, "the rest", *run(paths, out))
    return out


def workers(side: int, folder: Path, data: Path) -> None:
    """Compare the files of one thread, two threads, a killed run and a Dask cluster."""
    from distributed import LocalCluster

    paths = make(side, folder, data)
    found = {"killed": digest(resume(side, folder, data, 0.4))}
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        for name, more in (("one thread", ()), ("two threads", ("--jobs", "2")),
                           ("Dask, two workers", ("--dask", address))):  # fmt: skip
            out = folder / f"workers-{side}"
            shutil.rmtree(out, ignore_errors=True)
            _report(side, name, *run(paths, out, *more))
            found[name] = digest(out)
    for name, files in found.items():
        same = files == found["one thread"]
        print(f"{name}: {len(files)} files, {'the same bytes' if same else 'OTHER BYTES'}")


def found(side: int, out: Path) -> None:
    """Print how many of the planted squares the objects of a result hold."""
    import json

    said = json.loads((out / "change.geojson").read_text())
    boxes = [np.array(one["properties"]["pixels"]) for one in said["features"]]
    hits = [0, 0]
    for y, x, size, _ in squares(side):
        centre = np.array([x + size / 2, y + size / 2])
        inside = any((b.min(axis=0) <= centre).all() and (centre <= b.max(axis=0)).all()
                     for b in boxes)  # fmt: skip
        hits[0] += inside
        hits[1] += 1
    print(f"{hits[0]} of {hits[1]} squares, {len(boxes)} objects; {said['registration']}")


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["cost", "resume", "workers", "found"])
    parser.add_argument("sides", nargs="+", type=int)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("IMGCHECK_DATA", ".")))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.what == "cost":
        cost(given.sides, given.folder, given.data)
    for side in given.sides:
        if given.what == "resume":
            found(side, resume(side, given.folder, given.data, 0.4))
        elif given.what == "workers":
            workers(side, given.folder, given.data)
        elif given.what == "found":
            found(side, given.folder / f"cost-{side}")


if __name__ == "__main__":
    main()
