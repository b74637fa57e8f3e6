"""Measure the hashing engine: PDQ and the index of known pictures.

    python -m tests.benchmarks.hashing vectors speed
    python -m tests.benchmarks.hashing copies --queries 60
    python -m tests.benchmarks.hashing strangers same-place

Prints markdown tables. Pictures come from the folder in IMGCHECK_DATA (default ../shared/data);
every random choice is seeded.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.hashing import HashIndex, PdqHash, distance, pdq, pdq_dihedral
from imgcheck.hashing import votes as voting
from imgcheck.hashing.records import describe
from imgcheck.imaging import Image
from imgcheck.quantity import binomial_interval, poisson_interval

SEED = 20170924
Pixels = NDArray[np.uint8]


def data_dir() -> Path:
    folder = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        sys.exit("real imagery absent: set IMGCHECK_DATA to its folder")
    return folder


def load(path: Path) -> Pixels:
    return Image.open(path).rgb()


def jpeg(pixels: Pixels, quality: int) -> Image:
    buffer = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=quality)
    return Image.from_bytes(buffer.getvalue(), name="query")


def resized(pixels: Pixels, factor: float) -> Pixels:
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return np.asarray(
        PillowImage.fromarray(np.ascontiguousarray(pixels)).resize(
            size, PillowImage.Resampling.LANCZOS
        )
    )


def cut(pixels: Pixels, share: float, rng: np.random.Generator) -> tuple[Pixels, int, int]:
    rows, cols = (round(s * share) for s in pixels.shape[:2])
    y = int(rng.integers(0, pixels.shape[0] - rows + 1))
    x = int(rng.integers(0, pixels.shape[1] - cols + 1))
    return pixels[y : y + rows, x : x + cols], x, y


def share(hits: int, total: int) -> str:
    inside = binomial_interval(hits, total)
    return f"{hits}/{total} = {hits / max(1, total):.3f} [{inside.low:.3f}, {inside.high:.3f}]"


def vectors() -> None:
    """Bits off the published hashes."""
    folder = data_dir() / "pdq"
    expected = json.loads((folder / "expected.json").read_text())["hashes"]
    print(
        "\n### PDQ against the published hashes\n\n| picture | quality | bits off |\n|---|---|---|"
    )
    for name, text in expected.items():
        found = pdq(load(folder / name))
        print(f"| {name} | {found.quality} | {distance(found, PdqHash.from_hex(text))} |")


def _milliseconds(act: Callable[[], object], rounds: int = 200) -> float:
    """Time by the best of many rounds: others on the machine only ever add."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        took.append(time.perf_counter() - start)
    return min(took) * 1e3


def speed() -> None:
    """Time of one hash, against the package pdqhash, in one run on the same pixels."""
    import pdqhash

    picture = load(data_dir() / "pdq" / "reg-test-input" / "pen-and-coaster.png")
    pixels = np.asarray(PillowImage.fromarray(picture).resize((512, 512)))
    theirs = _milliseconds(lambda: pdqhash.compute(pixels))
    print(
        "\n### PDQ, ms (best of 200) on the same 512 x 512 pixels\n\n"
        "| what | ms | ratio |\n|---|---|---|"
    )
    print(f"| pdqhash {getattr(pdqhash, '__version__', '')} | {theirs:.2f} | 1 |")
    for name, act in (
        ("imgcheck pdq", lambda: pdq(pixels)),
        ("imgcheck pdq_dihedral", lambda: pdq_dihedral(pixels)),
        ("pdqhash dihedral", lambda: pdqhash.compute_dihedral(pixels)),
    ):
        took = _milliseconds(act)
        print(f"| {name} | {took:.2f} | {took / theirs:.2f} |")


def overhead() -> list[Path]:
    root = data_dir() / "overhead"
    return sorted([*root.glob("*/*.jpg"), *root.glob("*/*.png")])


def build(paths: list[Path], file: Path) -> float:
    start = time.perf_counter()
    with HashIndex.create(file) as index:
        for path in paths:
            index.add_image(Image.open(path), path_text=f"{path.parent.name}/{path.name}")
    return time.perf_counter() - start


Made = tuple[Image, tuple[float, float, float, float] | None]


def transformations(pixels: Pixels, rng: np.random.Generator) -> Iterator[tuple[str, Made]]:
    """Copies of a picture; with a cut, its box in the known picture."""
    yield "JPEG 20", (jpeg(pixels, 20), None)
    yield "x0.25, JPEG 50", (jpeg(resized(pixels, 0.25), 50), None)
    yield "mirror, JPEG 70", (jpeg(pixels[:, ::-1], 70), None)
    yield "quarter turn, JPEG 70", (jpeg(np.rot90(pixels), 70), None)
    yield "inverted, JPEG 70", (jpeg(255 - pixels, 70), None)
    for part in (0.5, 0.33, 0.25):
        piece, x, y = cut(pixels, part, rng)
        box = (x, y, x + piece.shape[1], y + piece.shape[0])
        yield f"crop {part:.0%} of the side, JPEG 60", (jpeg(piece, 60), box)
    piece, _, _ = cut(pixels, 0.5, rng)
    yield "mirror + crop 50 %, JPEG 60", (jpeg(piece[:, ::-1], 60), None)


def copies(queries: int) -> None:
    """Recall of copies of overhead pictures that are in the index, by class and texture."""
    paths, rng = overhead(), np.random.default_rng(SEED)
    chosen = [paths[i] for i in sorted(rng.permutation(len(paths))[:queries])]
    rows: dict[tuple[str, bool], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known.imgcheck"
        took = build(paths, file)
        searched, wrong = [], []
        with HashIndex.open(file) as index:
            size = file.stat().st_size / len(paths) / 1e3
            print(
                f"\n### Copies: index of {len(paths)} pictures, {took / len(paths) * 1e3:.0f} ms "
                f"and {size:.0f} kB a picture\n"
            )
            for path in chosen:
                label = f"{path.parent.name}/{path.name}"
                for name, (image, box) in transformations(load(path), rng):
                    start = time.perf_counter()
                    result = index.search(image)
                    searched.append(time.perf_counter() - start)
                    right = [m for m in result.matches if m.path == label]
                    others = [m for m in result.matches if m.path != label]
                    wrong += [(label, name, m) for m in others]
                    entry = {"found": float(bool(right)), "error": np.nan, "derived": 0.0}
                    entry["flags"] = 0.0
                    if right:
                        entry["derived"] = float(right[0].relation == "derived")
                        entry["flags"] = float(
                            right[0].mirrored == ("mirror" in name)
                            and right[0].inverted == ("inverted" in name)
                        )
                    if right and box and right[0].transform:
                        entry["error"] = _box_error(np.array(right[0].transform), image, box)
                    rows.setdefault((name, path.parent.name == "seneca"), []).append(entry)
    print(
        "| class | ground | found | called derived | flags right | corner error px: median (worst) "
        "|"
    )
    print("|---|---|---|---|---|---|")
    for (name, low), entries in rows.items():
        n = len(entries)
        found = int(sum(e["found"] for e in entries))
        errors = np.array([e["error"] for e in entries])
        errors = errors[np.isfinite(errors)]
        shown = f"{np.median(errors):.2f} ({errors.max():.2f})" if len(errors) else "-"
        derived, flags = (int(sum(e[k] for e in entries)) for k in ("derived", "flags"))
        print(
            f"| {name} | {'fields' if low else 'textured'} | {share(found, n)} | "
            f"{derived}/{found} | {flags}/{found} | {shown} |"
        )
    print(
        f"\nSearch: median {np.median(searched) * 1e3:.0f} ms for {len(paths)} rows, "
        f"{np.median(searched) * 1e3 / len(paths):.1f} ms a row (wall clock, all stages)."
    )
    print(f"Matches with other rows: {len(wrong)}")
    for label, name, match in wrong[:40]:
        print(
            f"- {label}, {name}: {match.path} {match.stage} {match.relation} {match.log10_nfa:.0f}"
        )


def _box_error(matrix: NDArray[np.float64], image: Image, box: tuple[float, ...]) -> float:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float) * [image.width, image.height]
    sent = np.c_[corners, np.ones(4)] @ matrix.T
    truth = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])
    return float(np.hypot(*(sent[:, :2] / sent[:, 2:] - truth).T).max())


def strangers(queries: int) -> None:
    """False matches: pictures of other places against the index of overhead pictures."""
    root, paths = data_dir(), overhead()
    others = [
        *root.glob("vehicles/*/*.png"),
        *root.glob("vehicles/*/*.jpg"),
        *root.glob("stacks/*/*.tif"),
        *root.glob("change/*/*.jpg"),
        *root.glob("metadata/exif-samples/**/*.jpg"),
        *root.glob("pdq/reg-test-input/labelme-subset/*.jpg"),
    ]
    rng = np.random.default_rng(SEED)
    chosen = [sorted(others)[i] for i in rng.permutation(len(others))[:queries]]
    asked = found = 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known.imgcheck"
        build(paths, file)
        print("\n### Strangers against the index\n")
        with HashIndex.open(file) as index:
            for path in chosen:
                result = index.search(Image.open(path))
                asked += result.rows
                found += len(result.matches)
                for m in result.matches:
                    print(f"- {path.name}: {m.path} {m.stage} {m.relation} {m.log10_nfa:.1f}")
    inside = poisson_interval(found)
    print(
        f"{len(chosen)} queries, {asked:,} pairs in 4 handlings: {found} matches, "
        f"95 % interval of the rate a query {inside.low / len(chosen):.4f} to "
        f"{inside.high / len(chosen):.4f} (stated: 0.01 a stage)"
    )


def votes(queries: int) -> None:
    """How many pairs agree by chance, against the floor that rows must reach to be examined."""
    paths, rng = overhead(), np.random.default_rng(SEED)
    chosen = [paths[i] for i in rng.permutation(len(paths))[:queries]]
    described = [(path.parent.name, load(path)) for path in chosen]
    records = [(place, describe(pixels, sha256="00" * 32)) for place, pixels in described]
    strange: list[voting.Vote] = []
    for place, pixels in described:
        piece = jpeg(cut(pixels, 0.5, rng)[0], 60).rgb()
        query = voting.Query.of(
            describe(piece, sha256="00" * 32).features, shape=(piece.shape[0], piece.shape[1])
        )
        for other, record in records:
            if other != place:
                strange += voting.count(query, record.features, known_shape=record.shape)
    print(f"\n### Votes: {len(strange)} comparisons with pictures of other places\n")
    print("| pairs | comparisons | median | 95 % | 99 % | most | at or above the floor |")
    print("|---|---|---|---|---|---|---|")
    for low, high in ((0, 100), (100, 200), (200, 300), (300, 450), (450, 1001)):
        some = [v for v in strange if low <= v.pairs < high]
        if some:
            counts = np.array([v.count for v in some])
            middle, most, nearly = np.percentile(counts, [50, 95, 99])
            above = np.mean([v.excess >= 0 for v in some])
            print(
                f"| {low} to {high - 1} | {len(some)} | {middle:.0f} | {most:.0f} | {nearly:.0f} | "
                f"{counts.max()} | {above:.1%} |"
            )


def same_place() -> None:
    """Two dates of one place: what relation they are given, and that of true copies beside."""
    items = sorted((data_dir() / "stacks" / "naip").glob("*.tif"))
    given: dict[str, int] = {}
    copied: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "naip.imgcheck"
        build(items, file)
        with HashIndex.open(file) as index:
            for path in items:
                result = index.search(jpeg(load(path), 85))
                for m in result.matches:
                    into = copied if m.path.endswith(path.name) else given
                    into[m.relation] = into.get(m.relation, 0) + 1
    pairs = len(items) * (len(items) - 1)
    print(f"\n### One place, {len(items)} dates: {pairs} ordered pairs of different dates\n")
    print("| pair | relation | count |\n|---|---|---|")
    for label, counts in (("another date", given), ("the same picture, JPEG 85", copied)):
        for kind, count in sorted(counts.items()):
            print(f"| {label} | {kind} | {count} |")
    print(f"| another date | no match | {pairs - sum(given.values())} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = ["vectors", "speed", "votes", "copies", "strangers", "same-place"]
    parser.add_argument("what", nargs="+", choices=names)
    parser.add_argument("--queries", type=int, default=60)
    options = parser.parse_args()
    for name in options.what:
        sized = {"copies": copies, "strangers": strangers, "votes": votes}
        if name in sized:
            sized[name](options.queries)
        else:
            {"vectors": vectors, "speed": speed}.get(name, same_place)()


if __name__ == "__main__":
    main()
