"""Overhead, speed-up and losses of a batch: ``python -m tests.benchmarks.batch --count 1000``.

Small rendered pictures, inspected, and ten broken files. Overhead: time a picture with one process
at a time, less that of the same work in one process, by the clock and in CPU time of all processes.
Losses: ten of the files end the process of whoever reads them, and workers are killed at random.
"""

import argparse
import importlib
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

from imgcheck.batch import Settings, add_in_processes, read_source, run, running, write_results
from imgcheck.batch.jobs import Job
from imgcheck.known import add_to_index


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
    every = read_source(root / "p")
    sound = tuple(one for one in every if "deadly" not in one.name)
    many = len(sound)
    running.load_everything()
    alone = _settings(root, "alone")
    began, spent = time.perf_counter(), time.process_time()
    for source in sound:
        _WORK(Job(path=source.path, name=source.name, claim=None, attempts=0), alone)
    one, spent = time.perf_counter() - began, time.process_time() - spent
    print(f"in one process: {1000 * one / many:.1f} ms a picture, CPU {1000 * spent / many:.1f}")
    running.work = work_or_die
    before = time.process_time()
    wall, first = _timed(sound, _settings(root, "one"), jobs=1)
    cpu = time.process_time() - before
    cpu += sum(float(noted.read_text()) for noted in (root / "out-one").glob("cpu-*"))
    print(
        f"overhead, one at a time: {1000 * (wall - one) / many:.1f} ms a picture by the clock, "
        f"CPU {1000 * (cpu - spent) / many:.1f}"
    )
    two, made = _timed(sound, _settings(root, "two"), jobs=2)
    print(f"two at a time: {wall / two:.2f} times as fast; same bytes: {made == first}")
    _, named = _timed(every, _settings(root, "deadly"), jobs=1)
    stop = threading.Event()
    killer = threading.Thread(target=_kill, args=(options.kills, stop))
    killer.start()
    _, made = _timed(every, _settings(root, "killed"), jobs=2)
    stop.set()
    killer.join()
    print(f"deadly files, workers killed: same bytes: {made == named}")
    _measure_index(root, [Path(one.path) for one in sound[:200]])
    if options.dask:
        _measure_dask(root, every, wall, first, named)


def _measure_index(root: Path, files: list[Path]) -> None:
    began = time.perf_counter()
    add_to_index(root / "one.db", files)
    one = time.perf_counter() - began
    add_in_processes(root / "start.db", files[:4], processes=2)  # everything is loaded once
    began = time.perf_counter()
    add_in_processes(root / "two.db", files, processes=2)
    two = time.perf_counter() - began
    same = (root / "one.db").read_bytes() == (root / "two.db").read_bytes()
    print(f"index add, two processes: {one / two:.2f} times as fast; same bytes: {same}")


def _measure_dask(root, every, wall, first, named) -> None:  # type: ignore[no-untyped-def]
    from dask.distributed import Client, LocalCluster

    sound = tuple(one for one in every if "deadly" not in one.name)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        at = cluster.scheduler_address
        with Client(cluster) as client:
            client.run(_deadly)
            _timed(sound[:20], _settings(root, "dask-start"), dask=at)
            shared, made = _timed(sound, _settings(root, "dask"), dask=at)
            print(f"Dask: {wall / shared:.2f} times as fast as one; same bytes: {made == first}")
            before = set(client.scheduler_info()["workers"])
            _, made = _timed(every, _settings(root, "dask-deadly"), dask=at)
            kept = before == set(client.scheduler_info()["workers"])
            print(f"Dask, deadly files: same bytes: {made == named}; workers kept: {kept}")


def _deadly() -> None:
    """Let a worker of Dask do what the processes here do; they import it by its name."""
    running.work = importlib.import_module("tests.benchmarks.batch").work_or_die


_WORK = running.work


def work_or_die(job: Job, settings: Settings) -> dict[str, object]:
    """Work on a picture, and note the CPU time of this process; end by signal at a deadly file."""
    if "deadly" in job.name:
        os.kill(os.getpid(), signal.SIGKILL)
    result = _WORK(job, settings)
    Path(settings.output, f"cpu-{os.getpid()}").write_text(str(time.process_time()))
    return result


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
    """Make pictures, ten files that are broken, and ten that are deadly."""
    folder.mkdir()
    for n in range(count - 20):
        grain = np.random.default_rng(n).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(grain).resize((640, 480)).save(folder / f"{n:05d}.jpg", quality=80)
    for n in range(10):
        (folder / f"broken{n}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(4000))
    for n in range(10):
        (folder / f"deadly{n}.jpg").write_bytes(b"\xff\xd8\xff\xe0")


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
