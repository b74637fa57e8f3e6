"""Measure the provenance engine: agreement with other readers, robustness, speed, thumbnails.

    python -m tests.benchmarks.provenance --mutations 5000

Prints markdown tables. The real files are those of IMGCHECK_DATA (default ../shared/data); the
mutations and the generated files are seeded.
"""

import argparse
import io
import os
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from imgcheck import forensics, provenance
from imgcheck.imaging import containers
from imgcheck.quantity import binomial_interval
from tests.benchmarks import tag_agreement, tag_others, tag_speed

DATA = Path(
    os.environ.get("IMGCHECK_DATA", Path(__file__).resolve().parents[2] / ".." / "shared" / "data")
)
_MAGICS = (
    (b"\xff\xd8", 0, "jpeg"), (b"\x89PNG\r\n\x1a\n", 0, "png"), (b"II*\0", 0, "tiff"),
    (b"MM\0*", 0, "tiff"), (b"RIFF", 0, "webp"), (b"GIF8", 0, "gif"), (b"BM", 0, "bmp"),
    (b"ftyp", 4, "heif"), (b"jP  ", 4, "jp2"),
)  # fmt: skip
_CORE = {
    "IFD0": (0x010F, 0x0110, 0x0112, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132),
    "ExifIFD": (0x829A, 0x829D, 0x8822, 0x8827, 0x9003, 0x9004, 0x9209, 0x920A, 0xA002, 0xA003),
    "GPS": (1, 2, 3, 4),
}


def sniff(data: bytes) -> str | None:
    """Name the format of a file by its first bytes."""
    for magic, place, name in _MAGICS:
        if data[place : place + len(magic)] == magic:
            return name
    return None


def share(good: int, total: int) -> str:
    """Write a share with its 95 % interval."""
    interval = binomial_interval(good, total)
    return f"{good}/{total} = {good / total:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def metadata_files() -> Iterator[tuple[Path, bytes, str]]:
    """Give every picture of the metadata set."""
    for path in sorted((DATA / "metadata").rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        form = sniff(data)
        if form:
            yield path, data, form


def core_values() -> list[tuple[str, str]]:
    """The values of 22 core tags against Pillow, on what Pillow opens."""
    equal = total = 0
    different: list[str] = []
    for path, data, form in metadata_files():
        try:
            exif = Image.open(io.BytesIO(data)).getexif()
        except Exception as error:
            different.append(f"{path.name}: Pillow cannot read it ({type(error).__name__})")
            continue
        found = {
            (entry.group, entry.tag): entry.value
            for entry in reversed(provenance.metadata(data, format=form).entries)
            if entry.reader == "exif"
        }
        for group, numbers in _CORE.items():
            theirs = exif if group == "IFD0" else exif.get_ifd(
                ExifTags.IFD.Exif if group == "ExifIFD" else ExifTags.IFD.GPSInfo
            )  # fmt: skip
            for number in numbers:
                if number not in theirs:
                    continue
                total += 1
                same = _equal(found.get((group, number)), theirs[number])
                equal += same
                if not same:
                    mine = found.get((group, number))
                    different.append(
                        f"{path.name} {group} {number:#x}: {mine!r}, {theirs[number]!r}"
                    )
    return [("22 core tags against Pillow: values equal", share(equal, total)),
            *[("different", line[:110]) for line in different]]  # fmt: skip


def _equal(mine: object, theirs: object) -> bool:
    if isinstance(theirs, tuple):
        return (
            isinstance(mine, list) and len(mine) == len(theirs) and all(map(_equal, mine, theirs))
        )
    if isinstance(theirs, str):
        return str(mine).rstrip("\0 ") == theirs.rstrip("\0 ")
    if isinstance(mine, str) and mine.endswith("/0"):
        return theirs != theirs or not theirs  # not-a-number, or Pillow's 0 for n/0
    return isinstance(mine, int | float) and abs(float(mine) - float(theirs)) < 1e-6


def read_all(data: bytes, form: str) -> float:
    """Run every reader over one file; return the seconds of CPU."""
    start = time.process_time()
    tree = containers.structure(data, format=form)
    save = forensics.encoding(data, structure=tree)
    tags = provenance.metadata(data, format=form, structure=tree)
    provenance.platform_traces(tree, save, tags, "IMG_0001.JPG")
    provenance.c2pa_presence(tree)
    return time.process_time() - start


def _size(nodes: tuple[containers.Node, ...]) -> int:
    """Count the nodes of a tree."""
    return sum(1 + _size(node.children) for node in nodes)


def robustness() -> list[tuple[str, str]]:
    """Every hostile and metadata file; one whose format is not known goes through all readers."""
    spent: list[tuple[float, str]] = []
    failed: list[str] = []
    largest = 0
    forms = ("jpeg", "png", "tiff", "webp", "gif", "bmp", "heif", "jp2")
    for folder in ("hostile", "metadata"):
        for path in sorted(p for p in (DATA / folder).rglob("*") if p.is_file()):
            data = path.read_bytes()
            known = sniff(data)
            for form in (known,) if known else forms:
                try:
                    spent.append((read_all(data, form), path.name))
                    largest = max(largest, _size(containers.structure(data, format=form).nodes))
                except Exception as error:
                    failed.append(f"{path.name}: {type(error).__name__}")
    slowest = max(spent)
    return [
        ("hostile + metadata: readings", str(len(spent))),
        ("exceptions", str(len(failed))),
        ("slowest", f"{1000 * slowest[0]:.1f} ms ({slowest[1][:40]})"),
        ("memory of the process", f"{_megabytes():.0f} MB"),
        ("most nodes in a tree", str(largest)),
        *[("failed", line) for line in failed[:10]],
    ]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _places(nodes: tuple[containers.Node, ...]) -> list[int]:
    """Give where parts begin, their children included: that is where lengths and types stand."""
    return [place for node in nodes for place in (node.offset, *_places(node.children))]


def mutate(data: bytes, places: list[int], rng: np.random.Generator) -> bytes:
    """Break a file in one to four places, half of them at the head of a part."""
    body = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        place = int(rng.choice(places)) if places and rng.random() < 0.5 else 0
        place = (place or int(rng.integers(len(body)))) + int(rng.integers(0, 12))
        kind = rng.integers(6)
        if kind == 0:
            body[place : place + 1] = rng.bytes(1)
        elif kind == 1:
            body[place : place + 4] = b"\xff\xff\xff\xff"
        elif kind == 2:
            body[place : place + 4] = b"\0\0\0\0"
        elif kind == 3:
            body[place : place + 4] = int(rng.integers(len(body) + 64)).to_bytes(4, "little")
        elif kind == 4:
            body[place : place + int(rng.integers(1, 64))] = b""
        else:
            body[place:place] = bytes(body[place : place + int(rng.integers(1, 256))])
        body = body or bytearray(1)
    return bytes(body[: int(rng.integers(1, len(body) + 1))] if rng.random() < 0.1 else body)


def mutations(count: int, seed: int) -> list[tuple[str, str]]:
    """Mutations of real files of every format at hand; nothing may be raised."""
    seeds = [(data, form) for _, data, form in metadata_files()]
    for path in sorted((DATA / "hostile" / "go-fuzz").rglob("*"))[::9]:
        data = path.read_bytes() if path.is_file() else b""
        if sniff(data):
            seeds.append((data, sniff(data) or ""))
    trees = [_places(containers.structure(data, format=form).nodes) for data, form in seeds]
    rng = np.random.default_rng(seed)
    spent: list[float] = []
    failed: list[str] = []
    for number in range(count):
        choice = int(rng.integers(len(seeds)))
        broken = mutate(seeds[choice][0], trees[choice], rng)
        try:
            spent.append(read_all(broken, seeds[choice][1]))
        except Exception as error:
            failed.append(f"{number}: {type(error).__name__} {error}")
    return [
        ("mutations", f"{count} of {len(seeds)} files, seed {seed}"),
        ("exceptions", str(len(failed))),
        (
            "slowest, median",
            f"{1000 * max(spent):.1f} ms, {1000 * statistics.median(spent):.2f} ms",
        ),
        ("memory of the process", f"{_megabytes():.0f} MB"),
        *[("failed", line) for line in failed[:10]],
    ]


def qualities() -> list[tuple[str, str]]:
    """Quality recovered from files saved at 1..100, in colour, gray and each subsampling."""
    rng = np.random.default_rng(1)
    pixels = Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8))
    good = total = 0
    for quality in range(1, 101):
        for mode, sampling in (("RGB", 0), ("RGB", 1), ("RGB", 2), ("L", 0)):
            buffer = io.BytesIO()
            pixels.convert(mode).save(buffer, "JPEG", quality=quality, subsampling=sampling)
            found = _encoding(buffer.getvalue())
            total += 1
            good += found is not None and found.ijg_quality == quality
    wrong = sum(
        found.ijg_quality is not None
        for _ in range(200)
        if (found := _encoding(_custom(pixels, rng))) is not None
    )
    standard = 0
    cameras = [data for _, data, form in metadata_files() if form == "jpeg"]
    for data in cameras:
        save = _encoding(data)
        standard += save is not None and save.ijg_quality is not None
    return [
        ("IJG quality 1..100 recovered", share(good, total)),
        ("random tables called IJG", share(wrong, 200)),
        ("JPEGs of metadata with IJG tables", share(standard, len(cameras))),
    ]


def _encoding(data: bytes) -> forensics.Encoding | None:
    return forensics.encoding(data, structure=containers.structure(data, format="jpeg"))


def _custom(pixels: Image.Image, rng: np.random.Generator) -> bytes:
    tables = [[int(v) for v in rng.integers(1, 100, 64)] for _ in range(2)]
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", qtables=tables)
    return buffer.getvalue()


def _gray(data: bytes) -> np.ndarray | None:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert("L"), np.float32) / 255
    except Exception:
        return None


def thumbnails() -> list[tuple[str, str]]:
    """Thumbnails against their own picture and against another file's, a row a set."""
    rows = []
    for name in ("exif-samples", "metadata-extractor"):
        pairs = []
        for path, data, form in metadata_files():
            thumb = provenance.metadata(data, format=form).thumbnail
            if name in str(path) and thumb is not None:
                small, main = _gray(thumb.data), _gray(data)
                if small is not None and main is not None:
                    pairs.append((path.name, small, main))
        own = [provenance.thumbnail_agreement(small, main) for _, small, main in pairs]
        turned = pairs[1:] + pairs[:1]
        cross = [
            provenance.thumbnail_agreement(a[1], b[2]) for a, b in zip(pairs, turned, strict=True)
        ]
        for title, found in (("own picture", own), ("another picture", cross)):
            counts = {kind: sum(one.kind == kind for one in found)
                      for kind in ("same", "letterboxed", "undecided", "different")}  # fmt: skip
            rows.append((f"{name}: {title}", str(counts)))
        rows.extend(
            (f"{name}: own, not the same",
             f"{pair[0][:34]} {one.kind} {one.ncc} {one.rotation_deg} {pair[1].shape} "
             f"{pair[2].shape}")
            for pair, one in zip(pairs, own, strict=True) if one.kind not in ("same", "letterboxed")
        )  # fmt: skip
        rows.append((f"{name}: highest of another", str(sorted(c.ncc or 0 for c in cross)[-6:])))
    return rows


def table(title: str, rows: list[tuple[str, str]]) -> None:
    """Print one markdown table."""
    print(f"\n| {title} | |\n|---|---|")
    for left, right in rows:
        print(f"| {left} | {right} |")


def main() -> None:
    """Run every measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=20170924)
    parser.add_argument("--only", default="", help="a comma-separated choice of the tables")
    options = parser.parse_args()
    tables = {
        "agreement": lambda: tag_agreement.agreement(DATA),
        "containers": lambda: tag_agreement.rewrapped_rows(DATA),
        "core": core_values,
        "others": lambda: tag_others.others(DATA),
        "second": lambda: tag_others.second(DATA),
        "robustness": robustness,
        "mutations": lambda: mutations(options.mutations, options.seed),
        "qualities": qualities,
        "speed": lambda: tag_speed.speed(DATA),
        "thumbnails": thumbnails,
    }
    for name in options.only.split(",") if options.only else tables:
        table(name, tables[name]())


if __name__ == "__main__":
    main()
