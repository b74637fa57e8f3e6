"""Measure the inverted lists of the part search: recall among real tiles, cost among 100,000.

    python -m tests.benchmarks.part_index recall --tiles 4000
    python -m tests.benchmarks.part_index scale --pictures 100000

Prints markdown tables. The pictures that are asked for are those of `overhead/seneca` (ploughed
fields), `brighton` and `neon`, which the codebook has not seen; the others in the lists are tiles
of `vehicles`, `stacks` and `change`. Seeded. `--cache FOLDER` keeps described pictures between
runs.
"""

import argparse
import pickle
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.hashing import candidates, codebook, votes
from imgcheck.hashing import part_lists as lists
from imgcheck.hashing.codebook import shipped
from imgcheck.hashing.records import describe, to_gray
from imgcheck.imaging import features
from imgcheck.imaging.features import Features
from tests.benchmarks.hashing import cut, data_dir, jpeg, load, resized, share

SEED = 20170924
TILE = 384
_KNOWN = ("seneca", "brighton", "neon")
_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".bmp")
Pixels = NDArray[np.uint8]
Described = tuple[str, Features, tuple[int, int]]
Query = tuple[int, str, Features, tuple[int, int]]


def _paths(pattern: str) -> list[Path]:
    found = [p for p in sorted(data_dir().glob(pattern)) if p.suffix.lower() in _PICTURES]
    return [p for p in found if "_gt" not in p.stem and "change" not in p.stem]


def strangers(count: int) -> list[Described]:
    """Tiles of other places, turned and scaled at random."""
    paths = [p for g in ("vehicles/*/*", "stacks/*/*", "change/*/*") for p in _paths(g)]
    rng, made = np.random.default_rng(SEED), []
    half = TILE / 2
    for number, path in enumerate(paths):
        gray = to_gray(load(path))
        rows, cols = gray.shape
        least = 0.9 * TILE / min(rows, cols)
        for _ in range(count * (number + 1) // len(paths) - count * number // len(paths)):
            factor = max(least, float(np.exp2(rng.uniform(-0.7, 0.5))))
            margin = 0.9 * half / factor
            x = float(rng.uniform(min(margin, cols / 2), max(cols - margin, cols / 2)))
            y = float(rng.uniform(min(margin, rows / 2), max(rows - margin, rows / 2)))
            matrix = cv2.getRotationMatrix2D((x, y), float(rng.uniform(-180, 180)), factor)
            matrix[:, 2] += np.array([half - x, half - y])
            soft = cv2.GaussianBlur(gray, (0, 0), 0.45 / factor) if factor < 0.8 else gray
            tile = cv2.warpAffine(soft, matrix, (TILE, TILE), borderMode=cv2.BORDER_REFLECT)
            found = features.detect(np.clip(tile, 0, 1), limit=lists.FEATURES)
            made.append((path.parent.name, found, (TILE, TILE)))
    return made


def copies(pixels: Pixels, rng: np.random.Generator) -> Iterator[tuple[str, Pixels]]:
    """What is posted of a picture."""
    rows, cols = pixels.shape[:2]
    for part in (0.5, 0.33, 0.25, 0.15):
        yield f"crop to {part:.0%} of the side, JPEG 60", jpeg(cut(pixels, part, rng)[0], 60).rgb()
    yield "x0.25, JPEG 50", jpeg(resized(pixels, 0.25), 50).rgb()
    yield "mirror + crop 50 %, JPEG 60", jpeg(cut(pixels, 0.5, rng)[0][:, ::-1], 60).rgb()
    yield "inverted, JPEG 70", jpeg(255 - pixels, 70).rgb()
    own = resized(pixels, 0.5)
    panes = [_plain(int(rng.integers(1000, 1006)), own.shape) for _ in range(3)]
    collage = np.vstack([np.hstack([panes[0], own]), np.hstack(panes[1:])])
    yield "pane of a 2 x 2 collage, JPEG 75", jpeg(collage, 75).rgb()
    drawn = [
        scene.Arrow(
            x=float(rng.uniform(0.2, 0.8) * cols),
            y=float(rng.uniform(0.2, 0.8) * rows),
            from_deg=float(rng.uniform(0, 360)),
        )
        for _ in range(3)
    ]
    caption = scene.Caption(text="COALITION FORCES 12.09.2017")
    posted = scene.annotate(pixels, [*drawn, caption], matrix=np.eye(3))[0]
    yield "arrows + caption, JPEG 40", jpeg(posted, 40).rgb()
    small = cut(pixels, 0.6, rng)[0]
    turn = cv2.getRotationMatrix2D((small.shape[1] / 2, small.shape[0] / 2), 12, 1.0)
    turned = cv2.warpAffine(small, turn, (small.shape[1], small.shape[0]))
    one = np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), np.uint8)
    gray = np.repeat(one[..., None], 3, axis=2)
    arrow = scene.Arrow(x=small.shape[1] / 2, y=small.shape[0] / 2)
    posted = scene.annotate(gray, [arrow], matrix=np.eye(3))[0]
    yield "crop 60 % + 12 deg + grey + arrow, JPEG 40", jpeg(posted, 40).rgb()


_plains: dict[int, Pixels] = {}


def _plain(seed: int, shape: tuple[int, ...]) -> Pixels:
    """Rendered ground that is in no list."""
    if seed not in _plains:
        _plains[seed] = scene.render(
            scene.arid_plain(seed=seed, width_m=320, height_m=240),
            gsd=0.5,
            sun_elevation_deg=40,
            sun_azimuth_deg=150,
            seed=seed,
        ).rgb
    return np.asarray(_plains[seed][: shape[0], : shape[1]])


def asked() -> tuple[list[Described], list[Query]]:
    """The known pictures, and the queries made of them."""
    known: list[Described] = []
    queries: list[Query] = []
    rng = np.random.default_rng(SEED)
    for place in _KNOWN:
        for path in _paths(f"overhead/{place}/*"):
            pixels = load(path)
            record = describe(pixels, sha256="00" * 32)
            for name, copy in copies(pixels, rng):
                made = describe(np.ascontiguousarray(copy), sha256="00" * 32)
                queries.append((len(known), name, made.features, made.shape))
            known.append((place, record.features, record.shape))
    return known, queries


def kept(folder: Path | None, name: str, make):  # type: ignore[no-untyped-def]
    """Read what an earlier run described, or describe it."""
    if folder is None:
        return make()
    file = folder / f"{name}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(make(), protocol=5))
    return pickle.loads(file.read_bytes())


def opened(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS picture (id INTEGER PRIMARY KEY)")
    for statement in lists.SCHEMA:
        connection.execute(statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
    return connection


def add(connection: sqlite3.Connection, described: list[Described], *, first: int) -> None:
    connection.execute("BEGIN")
    ids = range(first, first + len(described))
    connection.executemany("INSERT INTO picture VALUES (?)", [(n,) for n in ids])
    lists.append(connection, [(n, f, s) for n, (_, f, s) in zip(ids, described, strict=True)])
    connection.execute("COMMIT")


def ranks(connection: sqlite3.Connection, queries: list[Query]) -> tuple[list[int], list[float]]:
    """The place of the right picture for each query, and the CPU seconds."""
    found, took = [], []
    for right, _, own, shape in queries:
        start = time.process_time()
        answer = candidates.candidates(connection, own, shape)
        took.append(time.process_time() - start)
        places = [n for n, c in enumerate(answer) if c.picture == right + 1]
        found.append(places[0] if places else 10**6)
    return found, took


def table(known: list[Described], queries: list[Query], found: list[int]) -> None:
    print("| class | ground | among 30 | first |\n|---|---|---|---|")
    names = list(dict.fromkeys(name for _, name, _, _ in queries))
    for name in names:
        for low in (False, True):
            some = [
                r
                for r, (k, n, _, _) in zip(found, queries, strict=True)
                if n == name and (known[k][0] == "seneca") == low
            ]
            hits, first = sum(r < 30 for r in some), sum(r == 0 for r in some)
            ground = "fields" if low else "textured"
            print(f"| {name} | {ground} | {share(hits, len(some))} | {share(first, len(some))} |")


def exhaustive(known: list[Described], queries: list[Query], found: list[int]) -> None:
    """What the vote with every row says of the right picture, where the lists miss it or not."""
    counts = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for rank, (k, _, own, shape) in zip(found, queries, strict=True):
        query = votes.Query.of(own, shape=shape)
        _, f, s = known[k]
        above = max(v.excess for v in votes.count(query, f, known_shape=s)) >= 0
        counts[above, rank < 30] += 1
    both, only = counts[True, True], counts[True, False]
    print(
        f"\nOf {both + only} right pictures that the vote with every row proposes, the lists give "
        f"{share(both, both + only)}; of {counts[False, True] + counts[False, False]} that it does "
        f"not propose, {counts[False, True]}."
    )


def recall(tiles: int, cache: Path | None) -> None:
    """Recall of 30 candidates among real tiles, by class and ground."""
    known, queries = kept(cache, "asked", asked)
    others = kept(cache, f"strangers{tiles}", lambda: strangers(tiles))
    with tempfile.TemporaryDirectory() as folder:
        connection = opened(Path(folder) / "lists")
        add(connection, known + others, first=1)
        found, took = ranks(connection, queries)
        print(
            f"\n### Recall of 30 candidates among {len(known)} pictures and {len(others)} tiles\n"
        )
        table(known, queries, found)
        print(f"\nCPU s a query: median {np.median(took):.2f}, most {max(took):.2f}")
        exhaustive(known, queries, found)
        connection.close()


def generated(
    connection: sqlite3.Connection, base: list[Described], *, first: int, count: int
) -> None:
    """Add pictures made of the words of real tiles.

    Each word is that of a random feature of a random tile, in its nearest cell or one of the next
    three (as often as right pairs are), with about 6 of 64 bits changed, at a random place, size
    and direction.
    """
    rng = np.random.default_rng([SEED, first])
    descriptors = np.concatenate([f.descriptors for _, f, _ in base])
    cells, signatures = shipped().near_words(descriptors, count=4)
    odds = shipped().shares[:4] / shipped().shares[:4].sum()
    step, size = lists.SEALED_AT, lists.FEATURES
    for start in range(first, first + count, step):
        ids = np.arange(start, min(start + step, first + count), dtype=np.int64)
        number = len(ids) * size
        pick = rng.integers(0, len(descriptors), number)
        rank = np.searchsorted(np.cumsum(odds), rng.random(number)).clip(0, 3)
        made = np.empty(number, codebook.POSTING)
        made["picture"] = np.repeat(ids, size)
        made["place"] = rng.integers(0, 2**32, number, dtype=np.uint32)
        noise = np.zeros(number, np.uint64)
        for _ in range(6):
            noise |= np.uint64(1) << rng.integers(0, 64, number, dtype=np.uint64)
        made["signature"] = signatures[pick, rank] ^ noise
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO picture VALUES (?)", [(int(n),) for n in ids])
        lists.seal(connection, cells[pick, rank], made, pictures=len(ids))
        connection.execute("COMMIT")


def scale(pictures: int, tiles: int, cache: Path | None) -> None:
    """Cost and recall as the lists grow tenfold."""
    known, queries = kept(cache, "asked", asked)
    # A thousand tiles: a million features to draw from.
    base = kept(cache, f"strangers{tiles}", lambda: strangers(tiles))[:: max(1, tiles // 1000)]
    rng = np.random.default_rng(SEED)
    some = [queries[i] for i in sorted(rng.permutation(len(queries))[:60])]
    sizes = [pictures // 10, pictures * 3 // 10, pictures]
    print(
        "\n### Growth\n\n| pictures | bytes a picture | build, CPU s | CPU s a query: median "
        "(95 %, most) | among 30 |\n|---|---|---|---|---|"
    )
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lists"
        connection = opened(file)
        add(connection, known, first=1)
        done, build = len(known), 0.0
        for size in sizes:
            start = time.process_time()
            generated(connection, base, first=done + 1, count=size - done)
            build += time.process_time() - start
            done = size
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            pages = [
                connection.execute(f"PRAGMA {n}").fetchone()[0]
                for n in ("page_count", "freelist_count", "page_size")
            ]
            found, took = ranks(connection, some)
            costs.append(float(np.median(took)))
            middle, most, worst = np.percentile(took, [50, 95, 100])
            print(
                f"| {size:,} | {(pages[0] - pages[1]) * pages[2] / size:.0f} | {build:.0f} | "
                f"{middle:.2f} ({most:.2f}, {worst:.2f}) | "
                f"{share(sum(r < 30 for r in found), len(some))} |",
                flush=True,
            )
        connection.close()
        slope = np.polyfit(np.log(sizes), np.log(costs), 1)[0]
        print(f"\nTime of a query grows with the power {slope:.2f} of the number of pictures.")
        table(known, some, found)
        _memory(file, some[0])


def _memory(file: Path, query: Query) -> None:
    """Peak memory of a process that asks once."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        before, after = pool.apply(_peak, (str(file), query[2], query[3]))
    print(f"\nPeak memory of a fresh process: {before:.0f} MB before the query, {after:.0f} after")


def _peak(file: str, own: Features, shape: tuple[int, int]) -> tuple[float, float]:
    before = _high_water()
    connection = sqlite3.connect(file)
    candidates.candidates(connection, own, shape)
    return before, _high_water()


def _high_water() -> float:
    """Most memory of this process so far, MB; getrusage would give that of the parent too."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=["recall", "scale"])
    parser.add_argument("--tiles", type=int, default=4000)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if "recall" in options.what:
        recall(options.tiles, options.cache)
    if "scale" in options.what:
        scale(options.pictures, options.tiles, options.cache)


if __name__ == "__main__":
    main()
