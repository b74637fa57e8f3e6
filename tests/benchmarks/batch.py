"""Overhead, speed-up and losses of a batch: ``python -m tests.benchmarks.batch --count 1000``.

Small rendered pictures, inspected. Overhead: wall time a picture with one process at a time, less
that of the same work in one process. Losses: workers killed at random, and files that end theirs.
"""

import argparse
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from imgcheck.batch import Settings, read_source, run, running, write_results
from imgcheck.batch.jobs import Job


def main() -> None:
    """Make the pictures, run every way, and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--dask", action="store_true", help="also on a local cluster of two")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp())
    try:
        _measure(root, options)
    finally:
        shutil.rmtree(root)


def _measure(root: Path, options: argparse.Namespace) -> None:
    _pictures(root / "p", options.count)
    sources = read_source(root / "p")
    running.load_everything()
    alone = _settings(root, "alone")
    began = time.perf_counter()
    for source in sources:
        running.work(Job(path=source.path, name=source.name, claim=None, attempts=0), alone)
    one = time.perf_counter() - began
    print(f"in one process: {1000 * one / len(sources):.1f} ms a picture")
    walls, made = {}, {}
    for name, jobs in (("one", 1), ("two", 2)):
        walls[name], made[name] = _timed(sources, _settings(root, name), jobs=jobs)
    print(f"overhead, one at a time: {1000 * (walls['one'] - one) / len(sources):.1f} ms a picture")
    print(f"two at a time: {walls['one'] / walls['two']:.2f} times as fast")
    stop = threading.Event()
    killer = threading.Thread(target=_kill, args=(options.kills, stop))
    killer.start()
    _, made["killed"] = _timed(sources, _settings(root, "killed"), jobs=2)
    stop.set()
    killer.join()
    if options.dask:
        from dask.distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            wall, made["dask"] = _timed(
                sources, _settings(root, "dask"), dask=cluster.scheduler_address
            )
            print(f"Dask, two workers: {walls['one'] / wall:.2f} times as fast as one process")
    same = [name for name, files in made.items() if files == made["one"]]
    print(f"same bytes as one at a time: {', '.join(same)} of {', '.join(made)}")


def _settings(root: Path, name: str) -> Settings:
    return Settings(
        inspect=True, claim=None, references=(), index=None, output=str(root / f"out-{name}")
    )


def _timed(sources, settings: Settings, **how) -> tuple[float, dict[str, bytes]]:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    results = run(sources, settings, **how)
    wall = time.perf_counter() - began
    states = [result["state"] for result in results]
    counts = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    print(f"  {Path(settings.output).name}: {counts}; {wall:.1f} s")
    return wall, {p.name: p.read_bytes() for p in write_results(results, Path(settings.output))}


def _pictures(folder: Path, count: int) -> None:
    """Make pictures, and ten files that are none."""
    folder.mkdir()
    for n in range(count - 10):
        grain = np.random.default_rng(n).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(grain).resize((640, 480)).save(folder / f"{n:05d}.jpg", quality=80)
    for n in range(10):
        (folder / f"poison{n}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(4000))


def _kill(many: int, stop: threading.Event) -> None:
    """Kill random processes of the run."""
    own = Path(f"/proc/{os.getpid()}/task")
    chance = random.Random(20170924)
    killed = 0
    while killed < many and not stop.wait(0.3):
        servers = _children(own)
        workers = [w for server in servers for w in _children(Path(f"/proc/{server}/task"))]
        if workers:
            with_luck = chance.choice(workers)
            try:
                os.kill(with_luck, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                continue
    print(f"  killed {killed} workers")


def _children(tasks: Path) -> list[int]:
    found = []
    for task in tasks.glob("*"):
        try:
            found += [int(n) for n in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
