"""Open every file of a folder under limits of time and memory, and report the outcomes.

    python tests/benchmarks/hostile_open.py ../shared/data/hostile

Each file is opened, decoded to RGB and masked in a child forked from a warm parent, so
that a crash, a hang or a flood of memory of one file is seen and stops nothing. A file
fails if the child dies, prints anything, raises what is no ImgcheckError, takes more
than 10 s, or needs more than 1 GB.
"""

import argparse
import collections
import importlib
import os
import resource
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image

SECONDS, MEGABYTES = 10, 1000
# The formats' decoders, loaded before forking.
WARM = ("rasterio", "cv2", *(f"PIL.{n}ImagePlugin" for n in ("Jpeg", "Png", "Gif", "Bmp", "WebP")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file."""

    path: Path
    word: str
    detail: str
    seconds: float
    megabytes: float
    printed: str


def open_fully(path: Path) -> tuple[str, str]:
    """Open and decode one file; give the outcome in a word, and the sentence if it failed."""
    try:
        image = Image.open(path)
        image.rgb()
        valid = image.valid()
        _ = image.georeference
        kinds = sorted({one.kind for one in image.damage})
    except ImgcheckError as error:
        return error.code, error.message
    except BaseException as error:
        return "ESCAPED", f"{type(error).__name__}: {error}"
    word = f"read {image.format}" + (", damaged" if kinds else "")
    return word, f"{','.join(kinds)} {valid.mean():.3f}"


def in_child(path: Path) -> Outcome:
    """Open one file in a forked child with limits."""
    reader, writer = os.pipe()
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            word, detail = open_fully(path)
            os.write(writer, f"{word}\t{detail}"[:3000].encode("utf-8", "backslashreplace"))
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            word, _, detail = stream.read().decode().partition("\t")
        _, status, usage = os.wait4(child, 0)
        output.seek(0)
        printed = output.read(500).decode("utf-8", "backslashreplace")
    seconds = time.perf_counter() - start
    if os.WIFSIGNALED(status):
        word, detail = "DIED", signal.Signals(os.WTERMSIG(status)).name
    return Outcome(
        path=path,
        word=word,
        detail=detail,
        seconds=seconds,
        megabytes=usage.ru_maxrss / 1024,
        printed=printed,
    )


def main() -> int:
    """Run over a folder, print the table, and fail if any file broke the rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", metavar="WORD", help="also list the files of this outcome")
    options = parser.parse_args()
    for module in WARM:
        importlib.import_module(module)
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    outcomes = [in_child(path) for path in files]
    counts = collections.Counter(one.word for one in outcomes)
    print(f"{len(outcomes)} files")
    for word, count in sorted(counts.items()):
        print(f"{count:6d}  {word}")
    slowest = max(outcomes, key=lambda one: one.seconds)
    largest = max(outcomes, key=lambda one: one.megabytes)
    print(f"slowest {slowest.seconds:.2f} s: {slowest.path.name}")
    print(f"largest {largest.megabytes:.0f} MB: {largest.path.name}")
    for one in outcomes:
        if options.list and options.list in one.word:
            print(f"  {one.word}: {one.path.name}: {one.detail}")
    bad = [
        one
        for one in outcomes
        if one.word in ("ESCAPED", "DIED", "")
        or one.printed
        or one.seconds > SECONDS
        or one.megabytes > MEGABYTES
    ]
    for one in bad:
        print(f"BROKE THE RULES: {one.path}: {one.word} {one.detail} {one.printed!r}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
