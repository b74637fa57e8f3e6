"""Measure the store of hashes: scans, bulk and single adds, kills, merging, and other engines.

    python -m tests.benchmarks.store scan --rows 1000000
    python -m tests.benchmarks.store bulk single merge
    python -m tests.benchmarks.store kill --times 200
    python -m tests.benchmarks.store engines

Prints markdown tables. Hashes are random bits, seeded; no pictures are needed. Ratios are of CPU
time within one run, so that a busy machine does not decide.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import ORIENTATIONS, HashIndex, HashTable, PdqHash, columns
from imgcheck.hashing.probability import reach
from imgcheck.hashing.store import arguments
from imgcheck.quantity import binomial_interval

SEED = 20170924
_BATCH = 1_000_000
Words = NDArray[np.uint64]


def random_words(rng: np.random.Generator, count: int) -> Words:
    return rng.integers(0, 2**64, (count, 4), dtype=np.uint64)


def query(rng: np.random.Generator) -> dict[str, PdqHash]:
    texts = arguments.digits(random_words(rng, 8))
    return {name: PdqHash.from_hex(text) for name, text in zip(ORIENTATIONS, texts, strict=True)}


def filled(path: Path, rows: int) -> list[tuple[int, float, float]]:
    """Make an index of random hashes; give rows, CPU and wall seconds of each batch."""
    rng = np.random.default_rng(SEED)
    took = []
    with HashIndex.create(path) as index:
        for start in range(0, rows, _BATCH):
            words = random_words(rng, min(_BATCH, rows - start))
            labels = [f"picture-{start + number}.jpg" for number in range(len(words))]
            cpu, wall = time.process_time(), time.perf_counter()
            index.add_hashes(words, labels=labels, list_name="random")
            took.append((len(words), time.process_time() - cpu, time.perf_counter() - wall))
    return took


def best(act: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Give the least CPU and wall seconds of some rounds."""
    took = []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        act()
        took.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(t[0] for t in took), min(t[1] for t in took)


def bare(words: Words, laid: Words) -> None:
    """Scan columns in memory, 16 variants one after the other, in the plainest numpy."""
    for polarity in (np.uint64(0), ~np.uint64(0)):
        for one in laid ^ polarity:
            total = np.bitwise_count(words[0] ^ one[0])
            for column, word in zip(words[1:], one[1:], strict=True):
                total += np.bitwise_count(column ^ word)


def planted(index: HashIndex, words: Words, hashes: dict[str, PdqHash], rows: int) -> int:
    """Give how many rows of a brute-force scan lie in the radius and are not answered."""
    laid = columns.variants(hashes)
    distance = np.min(
        [np.minimum(d := columns.distances(words, one), 256 - d) for one in laid], axis=0
    )
    widest = reach(rows=rows, variants=columns.VARIANTS)
    inside = int(np.sum(distance <= widest))
    return inside - len(index.hits(hashes))


def scan(rows: int, rounds: int) -> None:
    """Search of the file against a bare scan of the same columns in memory."""
    rng = np.random.default_rng(SEED + 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.imgcheck"
        filled(path, rows)
        hashes = query(rng)
        # Known copies at every distance up to 80 bits: what the search must not lose.
        copies = np.array([hashes["rotate90"].bits] * 41)
        for number in range(len(copies)):
            for bit in rng.choice(256, 2 * number, replace=False):
                copies[number, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        with HashIndex.open(path, writable=True) as index:
            index.add_hashes(copies, labels=["copy"] * len(copies), list_name="copies")
            words = np.concatenate([w for _, w in index._segments.words("pdq")], axis=1)
            size = path.stat().st_size
        with HashIndex.open(path) as index:
            lost = planted(index, words, hashes, rows + len(copies))
            strangers = query(rng)
            laid = columns.variants(strangers)
            plain = best(lambda: bare(words, laid), rounds)
            kernel = best(lambda: columns.nearest(words, laid), rounds)
            ours = best(lambda: index.hits(strangers), rounds)
    print(
        f"\n### Exact scan of {rows:,} hashes, 16 variants (best of {rounds})\n\n"
        "| what | CPU s | wall s | ratio (CPU) |\n|---|---|---|---|\n"
        f"| bare numpy popcount, columns in memory | {plain[0]:.3f} | {plain[1]:.3f} | 1 |\n"
        f"| the scan of imgcheck, columns in memory | {kernel[0]:.3f} | {kernel[1]:.3f} "
        f"| {kernel[0] / plain[0]:.2f} |\n"
        f"| search of the file, read and checked | {ours[0]:.3f} | {ours[1]:.3f} "
        f"| {ours[0] / plain[0]:.2f} |\n\n"
        f"File: {size / 1e6:.0f} MB. Rows inside the radius that were not answered: {lost}."
    )


def bulk(rows: int) -> None:
    """Hashes a second added together."""
    with tempfile.TemporaryDirectory() as folder:
        took = filled(Path(folder) / "bulk.imgcheck", rows)
    print(
        f"\n### {rows:,} hashes with labels added in batches of {_BATCH:,}\n\n"
        "| of | hashes/s of CPU | hashes/s of wall time |\n|---|---|---|"
    )
    for name, part in (("all batches", took), ("the fastest", [min(took, key=lambda t: t[2])])):
        count, cpu, wall = (sum(column) for column in zip(*part, strict=True))
        print(f"| {name} | {count / cpu:,.0f} | {count / wall:,.0f} |")


def single(rows: int, adds: int = 200, rounds: int = 12) -> None:
    """Durable single adds a second, in turns with what the disk and bare SQLite can do."""
    rng = np.random.default_rng(SEED + 2)
    with tempfile.TemporaryDirectory() as folder:
        file = (Path(folder) / "raw").open("wb")
        plain = sqlite3.connect(Path(folder) / "plain", isolation_level=None)
        plain.execute("PRAGMA journal_mode=WAL")
        plain.execute("PRAGMA synchronous=FULL")
        plain.execute("CREATE TABLE hash (id INTEGER PRIMARY KEY, words BLOB)")
        paths = [Path(folder) / name for name in ("empty", "filled")]
        HashIndex.create(paths[0]).close()
        filled(paths[1], rows)

        def write(_: NDArray[np.uint64]) -> None:
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())

        with (
            HashIndex.open(paths[0], writable=True) as empty,
            HashIndex.open(paths[1], writable=True) as full,
        ):
            acts: dict[str, Callable[[NDArray[np.uint64]], object]] = {
                "4 KiB written and synchronised": write,
                "one row a transaction in bare SQLite": lambda w: plain.execute(
                    "INSERT INTO hash (words) VALUES (?)", (w.tobytes(),)
                ),
                "add_hash, empty index": lambda w: empty.add_hash(w, label="x", list_name="l"),
                f"add_hash, {rows:,} rows": lambda w: full.add_hash(w, label="x", list_name="l"),
            }
            took: dict[str, list[tuple[float, float]]] = {name: [] for name in acts}
            for _ in range(rounds):
                for name, act in acts.items():
                    words = random_words(rng, adds)
                    cpu, wall = time.process_time(), time.perf_counter()
                    for one in words:
                        act(one)
                    took[name].append((time.process_time() - cpu, time.perf_counter() - wall))
        plain.close()
        file.close()
    print(
        f"\n### Single durable adds, {rounds} rounds of {adds} in turns\n\n"
        "| what | a second of CPU | of wall time, median | of wall time, best round |\n"
        "|---|---|---|---|"
    )
    for name, each in took.items():
        cpus, walls = zip(*each, strict=True)
        print(
            f"| {name} | {adds / min(cpus):,.0f} | {adds / float(np.median(walls)):,.0f} "
            f"| {adds / min(walls):,.0f} |"
        )


def merge(rows: int) -> None:
    """Time and order-independence of merging two indexes that share half of their hashes."""
    rng = np.random.default_rng(SEED + 3)
    words = random_words(rng, rows * 3 // 2)
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, part, date in (
            ("a", slice(0, rows), "2016"),
            ("b", slice(rows // 2, None), "2015-03"),
        ):
            with HashIndex.create(Path(folder) / name) as index:
                index.add_hashes(
                    words[part],
                    labels=[f"{at}" for at in range(*part.indices(len(words)))],
                    list_name="shared",
                    date=date,
                )
        took = []
        for order in ("ab", "ba"):
            with HashIndex.create(Path(folder) / order) as index:
                cpu = time.process_time()
                for other in order:
                    index.merge(Path(folder) / other)
                took.append(time.process_time() - cpu)
                names.append(index.stats().snapshot)
    print(
        f"\n### Merging two indexes of {rows:,} hashes, half of them shared\n\n"
        "| order | CPU s | content |\n|---|---|---|\n"
        f"| a, b | {took[0]:.1f} | {names[0]} |\n| b, a | {took[1]:.1f} | {names[1]} |"
    )


def engines(rows: int, rounds: int) -> None:
    """The same question to the index file and to its export, in one run."""
    rng = np.random.default_rng(SEED + 5)
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "engines.imgcheck", Path(folder) / "hashes.parquet"
        filled(path, rows)
        hashes = query(rng)
        copies = np.array([hashes["mirror"].bits] * 31)
        for number in range(len(copies)):
            for bit in rng.choice(256, 2 * number, replace=False):
                copies[number, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        with HashIndex.open(path, writable=True) as index:
            index.add_hashes(copies, labels=["copy"] * len(copies), list_name="copies")
            cpu = time.process_time()
            index.export(out)
            cpu = time.process_time() - cpu
            expected = index.hits(hashes)
            found = [("index file", path, best(lambda: index.hits(hashes), rounds), expected)]
        with HashTable.open(out) as table:
            took = best(lambda: table.hits([hashes]), rounds)
            found.append(("Parquet, DuckDB", out, took, table.hits([hashes])))
        print(
            f"\n### The same search of {rows:,} hashes in each store (best of {rounds}; export "
            f"{cpu:.1f} s of CPU)\n\n| store | CPU s | wall s | MB | answers | the same |\n"
            "|---|---|---|---|---|---|"
        )
        for name, file, took, answers in found:
            same = "yes" if answers == expected else "NO"
            size = file.stat().st_size / 1e6
            print(
                f"| {name} | {took[0]:.3f} | {took[1]:.3f} | {size:.0f} | {len(answers)} | {same} |"
            )


# Adds hashes and small batches without end; prints each label once the index has acknowledged it.
ADDER = """
import sys
import numpy as np
from imgcheck.hashing import (HashIndex)
start = int(sys.argv[2])
rng = np.random.default_rng(start)
with HashIndex.open(sys.argv[1], writable=True) as index:
    print("open", flush=True)
    for number in range(start, start + 1_000_000, 1000):
        count = 1 if rng.random() < 0.7 else int(rng.integers(2, 900))
        words = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
        labels = [str(number + at) for at in range(count)]
        index.add_hashes(words, labels=labels, list_name="killed")
        print(number, count, flush=True)
"""


def kill(times: int) -> None:
    """Kill the writer at random moments and count what was acknowledged and is lost."""
    rng = np.random.default_rng(SEED + 4)
    acknowledged: set[str] = set()
    lost = twice = unopened = halves = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "killed.imgcheck"
        HashIndex.create(path).close()
        for number in range(times):
            acknowledged |= killed_writer(path, number * 1_000_000, float(rng.uniform(0, 0.25)))
            try:
                with HashIndex.open(path) as index:
                    rows = [
                        label for part in index._segments.standing("pdq") for label in part.labels
                    ]
            except OSError:
                unopened += 1
                continue
            lost += len(acknowledged - set(rows))
            twice += len(rows) - len(set(rows))
            halves += half_batches(set(rows))
        with HashIndex.open(path) as index:
            problems = len(index.verify().problems)
            segments = index.stats().segments
    inside = binomial_interval(unopened, times)
    print(
        f"\n### {times} kills at random moments of adding\n\n"
        "| acknowledged rows | lost | twice | half a batch | not opened | problems found by verify "
        "| segments |\n|---|---|---|---|---|---|---|\n"
        f"| {len(acknowledged):,} | {lost} | {twice} | {halves} | {unopened}/{times} "
        f"[{inside.low:.3f}, {inside.high:.3f}] | {problems} | {segments} |"
    )


def killed_writer(path: Path, start: int, after: float) -> set[str]:
    """Let a writer work for some seconds, kill it, and give the labels it was told are safe."""
    with subprocess.Popen(
        [sys.executable, "-c", ADDER, str(path), str(start)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        time.sleep(after)
        writer.kill()
        lines = writer.stdout.read().split("\n")[:-1]
    safe = set()
    for line in lines:
        first, count = map(int, line.split())
        safe |= {str(first + at) for at in range(count)}
    return safe


def half_batches(rows: set[str]) -> int:
    """Count batches with a gap: each begins at a whole thousand and has no holes."""
    sizes: dict[int, int] = {}
    last: dict[int, int] = {}
    for label in map(int, rows):
        sizes[label // 1000] = sizes.get(label // 1000, 0) + 1
        last[label // 1000] = max(last.get(label // 1000, 0), label % 1000)
    return sum(last[batch] + 1 != size for batch, size in sizes.items())


def main() -> None:
    names = ["scan", "bulk", "single", "merge", "kill", "engines"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="+", choices=names)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=200)
    given = parser.parse_args()
    acts: dict[str, Callable[[], None]] = {
        "scan": lambda: scan(given.rows, given.rounds),
        "bulk": lambda: bulk(given.rows),
        "single": lambda: single(given.rows),
        "merge": lambda: merge(given.rows),
        "kill": lambda: kill(given.times),
        "engines": lambda: engines(given.rows, given.rounds),
    }
    for part in given.parts:
        acts[part]()


if __name__ == "__main__":
    main()
