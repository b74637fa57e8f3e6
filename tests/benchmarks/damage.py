"""How often damage is said, by kind of damage, and how often it is said of undamaged files.

    python -m tests.benchmarks.damage

Pictures of ``overhead/`` (camera originals of three places) are saved anew in each format and
damaged at a random place. Undamaged are the same files before, and every file of the other
folders of real pictures.
"""

import collections
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.quantity import binomial_interval
from tests.imaging.files import encode, geotiff

SEED = 20170924
PLACES = ("seneca", "niza", "brighton")
REAL = ("overhead", "metadata", "pdq", "social", "vehicles", "c2pa", "change", "stacks")
Damager = Callable[[Pillow.Image, random.Random], bytes | None]


def said(data: bytes) -> tuple[str, ...]:
    """Give the kinds of damage that are said of a file; refused files count as said."""
    try:
        return tuple(one.kind for one in Image.from_bytes(data).examine())
    except ImgcheckError as error:
        return (error.code,)


def zeroed(data: bytes, share: float, rng: random.Random, *, start: int = 300) -> bytes:
    """Zero a run of a share of the file, anywhere behind its first bytes."""
    length = int(share * len(data))
    at = rng.randrange(start, max(start + 1, len(data) - length))
    return data[:at] + bytes(length) + data[at + length :]


def cut_out(data: bytes, length: int, rng: random.Random) -> bytes:
    """Take bytes out of the scan of a JPEG."""
    start = data.rindex(b"\xff\xda") + 20
    at = rng.randrange(start, len(data) - 2 - length)
    return data[:at] + data[at + length :]


def drop_intervals(data: bytes, count: int, rng: random.Random) -> bytes | None:
    """Drop whole restart intervals, so that the order of the markers stays right."""
    marks = [m.start() for m in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    if len(marks) <= count + 2:
        return None
    first = rng.randrange(1, len(marks) - count)
    return data[: marks[first]] + data[marks[first + count] :]


def _array(picture: Pillow.Image) -> np.ndarray:
    return np.moveaxis(np.asarray(picture), -1, 0)


def _zero_bytes(data: bytes, length: int, rng: random.Random) -> bytes:
    at = rng.randrange(300, len(data) - length)
    return data[:at] + bytes(length) + data[at + length :]


DAMAGERS: dict[str, Damager] = {
    "WebP lossy, 40 % zeroed": lambda p, r: zeroed(encode(p, "WEBP", quality=80), 0.4, r),
    "WebP lossy, 5 % zeroed": lambda p, r: zeroed(encode(p, "WEBP", quality=80), 0.05, r),
    "WebP lossless, 40 % zeroed": lambda p, r: zeroed(encode(p, "WEBP", lossless=True), 0.4, r),
    "AVIF, 40 % zeroed": lambda p, r: zeroed(encode(p, "AVIF", quality=70, speed=9), 0.4, r),
    "AVIF, 5 % zeroed": lambda p, r: zeroed(encode(p, "AVIF", quality=70, speed=9), 0.05, r),
    "JPEG, 8 restart intervals dropped": lambda p, r: drop_intervals(
        encode(p, "JPEG", quality=85, restart_marker_blocks=8), 8, r
    ),
    "JPEG baseline, 512 bytes taken out": lambda p, r: cut_out(
        encode(p, "JPEG", quality=85), 512, r
    ),
    "JPEG baseline, optimised tables, 512 bytes taken out": lambda p, r: cut_out(
        encode(p, "JPEG", quality=85, optimize=True), 512, r
    ),
    "JPEG baseline, 4 kB zeroed": lambda p, r: _zero_bytes(encode(p, "JPEG", quality=85), 4096, r),
    "JPEG baseline, optimised tables, 4 kB zeroed": lambda p, r: _zero_bytes(
        encode(p, "JPEG", quality=85, optimize=True), 4096, r
    ),
    "JPEG progressive, 4 kB zeroed": lambda p, r: _zero_bytes(
        encode(p, "JPEG", quality=85, progressive=True), 4096, r
    ),
    "TIFF deflate, 4 kB zeroed": lambda p, r: _zero_bytes(
        geotiff(_array(p), compress="deflate"), 4096, r
    ),
    "TIFF LZW, 4 kB zeroed": lambda p, r: _zero_bytes(geotiff(_array(p), compress="lzw"), 4096, r),
    "TIFF JPEG, 4 kB zeroed": lambda p, r: _zero_bytes(
        geotiff(_array(p), compress="jpeg", photometric="ycbcr"), 4096, r
    ),
    "JPEG 2000, 4 kB zeroed": lambda p, r: _zero_bytes(
        encode(p, "JPEG2000", quality_mode="rates", quality_layers=[15]), 4096, r
    ),
    "PNG, 4 kB zeroed": lambda p, r: _zero_bytes(encode(p, "PNG"), 4096, r),
    "GIF, 4 kB zeroed": lambda p, r: _zero_bytes(encode(p.quantize(64), "GIF"), 4096, r),
}


def pictures(data: Path, count: int) -> Iterator[Pillow.Image]:
    """Give pictures of three places, in turn."""
    rows = [sorted((data / "overhead" / place).glob("*.jpg")) for place in PLACES]
    for files in list(zip(*rows, strict=False))[: -(-count // len(PLACES))]:
        for path in files:
            with Pillow.open(path) as opened:
                yield opened.convert("RGB")


def undamaged(data: Path) -> Iterator[tuple[str, bytes]]:
    """Give every real file, and flat, framed and noisy pictures in each format."""
    for folder in REAL:
        for path in sorted((data / folder).rglob("*")):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".jp2", ".bmp", ".webp"):
                yield path.suffix.lower().lstrip("."), path.read_bytes()
    for picture in pictures(data, 30):
        framed = picture.copy()
        framed.paste((0, 0, 0), (0, 0, picture.width, picture.height // 2))
        white = picture.copy()
        white.paste((255, 255, 255), (0, 0, picture.width // 2, picture.height))
        black = Pillow.new("RGB", picture.size)
        for one in (picture, framed, white, black, picture.resize((1600, 1200))):
            for name, options in (
                ("WEBP", {"quality": 30}), ("WEBP", {"quality": 85}), ("WEBP", {"lossless": True}),
                ("AVIF", {"quality": 60, "speed": 9}), ("JPEG", {"quality": 40}),
                ("JPEG", {"quality": 85, "optimize": True}),
                ("JPEG", {"quality": 85, "progressive": True}),
                ("JPEG", {"quality": 85, "restart_marker_blocks": 8}),
                ("JPEG", {"quality": 85, "subsampling": 1, "restart_marker_rows": 1}),
                ("JPEG2000", {"quality_mode": "rates", "quality_layers": [30]}),
            ):  # fmt: skip
                yield f"made {name.lower()}", encode(one, name, **options)


def main() -> None:
    """Print both tables."""
    data = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")).resolve()
    if not data.is_dir():
        sys.exit("real imagery absent: set IMGCHECK_DATA to its folder")
    print("| damage | said | files | share (95 %) |\n|---|---|---|---|")
    found: dict[str, list[bool]] = collections.defaultdict(list)
    for number, picture in enumerate(pictures(data, 54)):
        for name, damage in DAMAGERS.items():
            broken = damage(picture, random.Random(f"{SEED} {number} {name}"))
            if broken is not None:
                found[name].append(bool(said(broken)))
    for name, hits in found.items():
        span = binomial_interval(sum(hits), len(hits))
        share = f"{sum(hits) / len(hits):.0%} ({span.low:.0%} to {span.high:.0%})"
        print(f"| {name} | {sum(hits)} | {len(hits)} | {share} |")
    total: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    for kind, content in undamaged(data):
        total[kind] += 1
        kinds = [word for word in said(content) if word in ("truncated", "corrupt", "checksum")]
        wrong += [f"{kind}: {', '.join(kinds)}"] if kinds else []
    print(f"\nundamaged: {sum(total.values())} files, said to be damaged: {len(wrong)}")
    for line in wrong:
        print(" ", line)
    print(dict(total))


if __name__ == "__main__":
    main()
