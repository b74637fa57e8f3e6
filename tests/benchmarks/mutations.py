"""Break every length, offset, count and type of sound files, one after another and in pairs.

    python -m tests.benchmarks.mutations --count 100000

The fields are found by a scanner of its own (tests/fuzz/fields.py). Each broken file goes through
every parser and through ``inspect`` up to its text, every fiftieth up to its page. It fails if
anything is raised, if it takes over 2 s of CPU, or if memory grows by more than 500 MB (a limit on
the address space).
"""

import argparse
import contextlib
import io
import itertools
import os
import resource
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from imgcheck.quantity import binomial_interval
from tests.benchmarks.provenance import sniff
from tests.fuzz.everything import inspected, parse
from tests.fuzz.fields import Field, fields
from tests.provenance import build

DATA = Path(
    os.environ.get("IMGCHECK_DATA", Path(__file__).resolve().parents[2] / ".." / "shared" / "data")
)
SECONDS, MEGABYTES = 2.0, 500
_LARGEST_SEED = 400_000  # bytes; larger files only cost time, their structure is no richer


def seeds() -> list[tuple[str, bytes, str]]:
    """Give name, bytes and format of sound files: real ones, and one of every format made here."""
    found = [(f"made {n}", data, form) for n, (form, data) in enumerate(_made())]
    for folder in ("metadata", "c2pa", "social"):
        for path in sorted(p for p in (DATA / folder).rglob("*") if p.is_file()):
            data = path.read_bytes()
            form = sniff(data)
            if form in ("jpeg", "tiff", "png", "webp", "heif") and len(data) <= _LARGEST_SEED:
                found.append((path.name, data, form))
    return found


def _made() -> Iterator[tuple[str, bytes]]:
    small = build.jpeg(build.picture(16, 12))
    raw = build.tiff(
        [build.ascii_(0x010F, "Maker"), build.short(0x0112, 1)],
        exif=[build.ascii_(0x9003, "2017:09:08 10:03:11"), (0x9286, 7, b"ASCII\0\0\0hello")],
        gps=[build.ascii_(1, "N"), build.rational(2, (35, 1), (20, 1), (0, 1))],
        thumbnail=small,
    )
    packet = build.xmp("", 'xmp:CreateDate="2017-09-08"')
    marker = build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    rich = build.with_segments(build.with_fbmd(build.jpeg(progressive=True)), marker)
    yield "jpeg", build.jpeg_with_exif(raw, rich)
    yield "png", build.png(build.chunk(b"eXIf", raw), build.chunk(b"tEXt", b"Software\0X"))
    yield "tiff", raw
    yield "heif", build.heif(raw, packet)
    for form, kind, options in (
        ("TIFF", "tiff", {}), ("WEBP", "webp", {"exif": raw, "xmp": packet}),
        ("JPEG2000", "jp2", {}), ("GIF", "gif", {"comment": b"hello"}), ("BMP", "bmp", {}),
        ("PNG", "png", {"exif": raw}),
    ):  # fmt: skip
        buffer = io.BytesIO()
        build.picture().save(buffer, form, **options)
        yield kind, buffer.getvalue()
    with contextlib.suppress(OSError, KeyError):  # a Pillow without AVIF
        buffer = io.BytesIO()
        Image.new("RGB", (48, 32), (80, 120, 60)).save(buffer, "AVIF", exif=raw)
        yield "avif", buffer.getvalue()


def values(data: bytes, field: Field, rng: np.random.Generator) -> list[int]:
    """Give the wrong values tried in a field: the ends, its neighbours, the file's end, itself."""
    top = (1 << 8 * field.size) - 1
    now = int.from_bytes(data[field.offset : field.offset + field.size], field.order)
    tried = (
        0, 1, 2, top, top - 1, top >> 1, (top >> 1) + 1, now - 1, now + 1, 2 * now, now // 2,
        len(data), len(data) - 1, len(data) - field.offset, field.offset, max(0, field.offset - 8),
        int(rng.integers(0, min(top, 1 << 62) + 1)), int(rng.integers(0, len(data))),
    )  # fmt: skip
    return sorted({value for value in tried if 0 <= value <= top and value != now})


def _shuffled(numbers: list[int], rng: np.random.Generator) -> list[int]:
    return [numbers[int(index)] for index in rng.permutation(len(numbers))]


def changed(data: bytes, edits: list[tuple[Field, int]]) -> bytes:
    """Write values into fields."""
    body = bytearray(data)
    for field, value in edits:
        body[field.offset : field.offset + field.size] = value.to_bytes(field.size, field.order)
    return bytes(body)


def single(files: list[tuple[str, bytes, str]], seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Every field of every file once with a wrong value, then with the next, the files in turn."""
    rng = np.random.default_rng(seed)

    def of(name: str, data: bytes, form: str) -> Iterator[tuple[str, bytes, str]]:
        order = fields(data, form)
        left = [(field, _shuffled(values(data, field, rng), rng)) for field in order]
        while left:
            for index in rng.permutation(len(left)):
                field, tried = left[int(index)]
                value = int(tried.pop())
                yield f"{name} @{field.offset}={value}", changed(data, [(field, value)]), form
            left = [one for one in left if one[1]]

    for row in itertools.zip_longest(*(of(*file) for file in files)):
        yield from (one for one in row if one is not None)


def several(files: list[tuple[str, bytes, str]], seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Two to five fields at once, parts cut out or doubled, the end cut off."""
    rng = np.random.default_rng(seed)
    known = [fields(data, form) for _, data, form in files]
    while True:
        choice = int(rng.integers(len(files)))
        name, data, form = files[choice]
        picked = rng.integers(0, len(known[choice]), int(rng.integers(2, 6)))
        edits = [
            (field, int(rng.choice(np.array(values(data, field, rng), dtype=object))))
            for field in (known[choice][int(i)] for i in picked)
        ]
        broken = changed(data, edits)
        a, b = sorted(known[choice][int(i)].offset for i in rng.integers(0, len(known[choice]), 2))
        shape = rng.integers(4)
        if shape == 0:
            broken = broken[:a] + broken[b:]
        elif shape == 1:
            broken = broken[:b] + broken[a:b][:65536] + broken[b:]
        elif shape == 2:
            broken = broken[: int(rng.integers(1, len(broken)))]
        yield f"{name} x{len(edits)} shape {shape}", broken, form


class _TooLong(BaseException):
    """The limit of time is over; no handler of the package may catch it."""


def _stop(number: int, frame: object) -> None:
    raise _TooLong


def run(count: int, seed: int) -> list[tuple[str, str]]:
    """Break ``count`` files, four fifths of them in one field."""
    files = seeds()
    total_fields = sum(len(fields(data, form)) for _, data, form in files)
    inspected(files[0][1])  # load what is loaded late, before memory is limited
    signal.signal(signal.SIGVTALRM, _stop)
    _limit_memory()
    one, many = single(files, seed), several(files, seed + 1)
    spent: list[float] = []
    failed: list[str] = []
    refused = singles = 0
    for number in range(count):
        broken = None if number % 5 == 4 else next(one, None)
        singles += broken is not None
        name, data, form = broken or next(many)
        start = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 * SECONDS)
        try:
            parse(data, form)
            refused += not inspected(data, page=number % 50 == 0)
        except (Exception, _TooLong) as error:
            failed.append(f"{name}: {type(error).__name__} {error}")
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        spent.append(time.process_time() - start)
        if spent[-1] > SECONDS:
            failed.append(f"{name}: {spent[-1]:.1f} s")
    limit = binomial_interval(len(failed), count)
    return [
        ("files, fields", f"{len(files)}, {total_fields:,}"),
        ("mutations; of one field", f"{count:,}; {singles:,}"),
        ("refused by the door", f"{refused:,}"),
        ("failed", f"{len(failed)} of {count:,} [{limit.low:.6f}, {limit.high:.6f}]"),
        ("slowest, median",
         f"{1000 * max(spent):.0f} ms, {1000 * statistics.median(spent):.2f} ms"),
        ("memory of the process", f"{_megabytes():.0f} MB"),
        *[("failed", line[:160]) for line in failed[:20]],
    ]  # fmt: skip


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + (MEGABYTES << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20170924)
    options = parser.parse_args()
    print("| mutations of structure | |\n|---|---|")
    for left, right in run(options.count, options.seed):
        print(f"| {left} | {right} |")


if __name__ == "__main__":
    main()
