"""What small hostile files, a large photo and a search of the index cost.

    python -m tests.benchmarks.cost [--only WORDS] [--command verify]
    python -m tests.benchmarks.cost --only index

Processor time and memory of a whole run. The index is measured inside a process, beside the time
of OpenCV's SIFT on the same picture in the same process. Every file of `tests.imaging.bombs` is
given to ``imgcheck`` in a process of its own, which ends after 30 s or above 6 GB. A bomb passes
where it is refused in one sentence, or finished within 10 s and 1.5 GB.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from imgcheck.hashing import HashIndex
from imgcheck.imaging import Image
from tests.benchmarks.hashing import jpeg, resized
from tests.imaging.bombs import BOMBS

SECONDS, MEGABYTES = 10.0, 1500.0
_HARD_SECONDS, _HARD_BYTES = 30, 6 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the command: exit code, last line, processor seconds, peak megabytes."""

    code: int
    last: str
    seconds: float
    megabytes: float

    @property
    def passed(self) -> bool:
        """Refused in a sentence, or finished, within the budget."""
        return self.code in (0, 3, 4) and self.seconds <= SECONDS and self.megabytes <= MEGABYTES


def run(*arguments: str) -> Run:
    """Run ``imgcheck`` in a child with limits, and measure it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (_HARD_SECONDS, _HARD_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_HARD_BYTES, _HARD_BYTES))

    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-c", "from imgcheck.cli import main; main()", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=limit,
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return Run(
        code=child.returncode,
        last=lines[-1] if lines else "",
        seconds=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss / 1024 * 1.024,
    )


def photo(path: Path, width: int, height: int) -> None:
    """Make a photo of any size from camera originals laid beside each other."""
    files = _pictures("overhead/brighton")
    canvas = Pillow.new("RGB", (width, height))
    left = top = number = 0
    while top < height:
        with Pillow.open(files[number % len(files)]) as tile:
            canvas.paste(tile, (left, top))
            left += tile.width
            tall = tile.height
        number += 1
        if left >= width:
            left, top = 0, top + tall
    canvas.save(path, quality=90)


def _pictures(place: str) -> list[Path]:
    data = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")).resolve()
    files = sorted((data / place).glob("*.jpg"))
    if not files:
        sys.exit("real imagery absent: set IMGCHECK_DATA to its folder")
    return files


def _seconds(act: Callable[[], object], rounds: int = 1) -> float:
    """Return the least processor time of some rounds: other work on the machine only adds."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        took.append(time.process_time() - start)
    return min(took)


def index() -> None:
    """Print what it costs to add a frame, and to search for one among 16 of the same ground."""
    cv2.setNumThreads(1)
    frames = [Image.open(path) for path in _pictures("vehicles/dji_minsk_0005")]
    pixels = [frame.rgb() for frame in frames]
    gray = cv2.cvtColor(pixels[5], cv2.COLOR_RGB2GRAY)
    frame, stranger = pixels[5], _mosaic(pixels[5].shape[:2])
    queries = {
        "the frame, JPEG 85": jpeg(frame, 85),
        "x0.5, JPEG 60": jpeg(resized(frame, 0.5), 60),
        "a crop of 1300 x 800, JPEG 80": jpeg(frame[100:900, 200:1500], 80),
        "turned by 180 degrees, mirrored": jpeg(frame[::-1], 80),
        "a mosaic of other ground": jpeg(stranger, 85),
    }
    for query in queries.values():
        query.rgb()
    print("| step | CPU s | of SIFT | matches | compared | first |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known.imgcheck"
        with HashIndex.create(path) as known:
            added, beside = [], []
            for number, image in enumerate(frames):
                beside.append(_sift(gray))
                added.append(_seconds(partial(known.add_image, image, path_text=str(number))))
            cost, sift = float(np.median(added)), float(np.median(beside))
            print(f"| add a frame | {cost:.2f} | {cost / sift:.2f} | | | |", flush=True)
        with HashIndex.open(path) as known:
            for name, query in queries.items():
                sift, cost = _sift(gray), _seconds(partial(known.search, query), 3)
                sift = min(sift, _sift(gray))
                matches = known.search(query).matches
                compared = sum(match.transform is not None for match in matches)
                first = f"{matches[0].path}, {matches[0].relation}" if matches else "-"
                print(
                    f"| search: {name} | {cost:.2f} | {cost / sift:.2f} | {len(matches)} | "
                    f"{compared} | {first} |",
                    flush=True,
                )


def _mosaic(shape: tuple[int, int]) -> np.ndarray:
    """Return a picture of other ground of (rows, cols)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stranger.jpg"
        photo(path, shape[1], shape[0])
        return Image.open(path).rgb()


def _sift(gray: np.ndarray) -> float:
    return _seconds(lambda: cv2.SIFT.create().detectAndCompute(gray, None), 3)


def main() -> None:
    """Print a table of the bombs and one of the photo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="bombs whose name holds these words")
    parser.add_argument("--command", default="verify", choices=("verify", "inspect"))
    wanted = parser.parse_args()
    if wanted.only == "index":
        index()
        return
    print("| file | kB | exit | CPU s | MB | within |\n|---|---|---|---|---|---|")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in BOMBS.items():
            if wanted.only.lower() not in name.lower():
                continue
            data = make()
            path = Path(folder) / "bomb"
            path.write_bytes(data)
            done = run(wanted.command, str(path))
            failed += not done.passed
            print(
                f"| {name} | {len(data) / 1000:.0f} | {done.code} | {done.seconds:.1f} | "
                f"{done.megabytes:.0f} | {'yes' if done.passed else '**no**'} |",
                flush=True,
            )
        if not wanted.only or wanted.only == "photo":
            claim = Path(folder) / "claim.yml"
            claim.write_text(
                "statements:\n  - absence: {class: crater, min_size_m: 3}\n"
                "  - count: {class: vehicle, min: 10}\nmeasurements:\n  - gsd_m: 0.05\n"
            )
            for width, height in ((4032, 3024), (12_000, 9_000)):
                path = Path(folder) / "photo.jpg"
                photo(path, width, height)
                for more in ([], ["--claim", str(claim)]):
                    done = run("verify", str(path), *more)
                    words = "with gsd_m: 0.05" if more else "alone"
                    print(
                        f"| photo {width} x {height} {words} | {path.stat().st_size / 1000:.0f} | "
                        f"{done.code} | {done.seconds:.1f} | {done.megabytes:.0f} | |",
                        flush=True,
                    )
    print(f"\n{failed} over the budget")


if __name__ == "__main__":
    main()
