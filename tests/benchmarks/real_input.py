"""Run the command line on real and on hostile files, each in a process of its own.

    python tests/benchmarks/real_input.py pictures
    python tests/benchmarks/real_input.py hostile
    python tests/benchmarks/real_input.py cuts

``IMGCHECK_DATA`` names the folder of real imagery (default: ../shared/data).
"""

import argparse
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from imgcheck.cli import run
from imgcheck.imaging import Image, transforms, warp

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("IMGCHECK_DATA", ROOT / ".." / "shared" / "data")).resolve()
SEED = 20170924
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".heic")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run ended: exit code (or minus the signal), seconds, peak MB, traceback seen."""

    code: int
    seconds: float
    peak_mb: float
    traceback: bool


def measure(arguments: list[str], *, limit_s: float = 60.0, fresh: bool = False) -> Outcome:
    """Run the command line in a child and measure it: forked warm, or ``fresh`` from the start."""
    began = time.monotonic()
    out = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
    child = os.fork()
    if child == 0:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        signal.alarm(int(limit_s) + 1)
        if fresh:
            program = "from imgcheck.cli import main; main()"
            os.execv(sys.executable, [sys.executable, "-c", program, *arguments])
        code = 99
        try:
            code = run(arguments)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    out.seek(0)
    said = out.read()
    return Outcome(
        code=code,
        seconds=time.monotonic() - began,
        peak_mb=usage.ru_maxrss / 1024,
        traceback=b"Traceback" in said or b"stopped with an error on this input" in said,
    )


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)


def summarise(name: str, outcomes: list[tuple[str, Outcome]]) -> None:
    seconds = sorted(o.seconds for _, o in outcomes)
    peak = max(outcomes, key=lambda pair: pair[1].peak_mb)
    slow = max(outcomes, key=lambda pair: pair[1].seconds)
    codes = ", ".join(f"{c}: {n}" for c, n in sorted(Counter(o.code for _, o in outcomes).items()))
    bad = [n for n, o in outcomes if o.traceback or o.code not in (0, 1, 3, 4)]
    median = seconds[len(seconds) // 2]
    print(
        f"| {name} | {len(outcomes)} | {codes} | {len(bad)} | {median:.2f} | {slow[1].seconds:.2f} "
        f"| {peak[1].peak_mb:.0f} |",
        flush=True,
    )
    for one in bad[:10]:
        print(f"  bad: {one}", file=sys.stderr)
    print(f"  slowest {slow[0]}, largest {peak[0]}", file=sys.stderr)


HEAD = (
    "| what | files | exit codes | tracebacks or other codes | median s | slowest s | peak MB |\n"
    "|---|---|---|---|---|---|---|"
)


def pictures() -> None:
    """Verify 20 pictures of vehicles, 20 of metadata and 10 of overhead."""
    print(HEAD)
    for folder, number in (("vehicles", 20), ("metadata", 20), ("overhead", 10)):
        chosen = random.Random(SEED).sample(files(DATA / folder), number)
        outcomes = [(p.name, measure(["verify", str(p)], fresh=True)) for p in sorted(chosen)]
        summarise(f"`imgcheck verify`, {folder}", outcomes)


def hostile() -> None:
    """Send every hostile file through inspect and verify."""
    print(HEAD)
    found = sorted(p for p in (DATA / "hostile").rglob("*") if p.is_file())
    for command in ("inspect", "verify"):
        outcomes = [(str(p), measure([command, str(p)], limit_s=20)) for p in found]
        summarise(f"`imgcheck {command}`, hostile", outcomes)


def cut(rgb: np.ndarray, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """Cut a turned picture of 300 px and more, save it at quality 60; give its matrix too."""
    side = int(rng.integers(300, 421))
    angle = float(rng.uniform(0, 360))
    reach = side * 0.7072
    x = float(rng.uniform(reach, rgb.shape[1] - reach))
    y = float(rng.uniform(reach, rgb.shape[0] - reach))
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[c, -s, x - c * side / 2 + s * side / 2],
                       [s, c, y - s * side / 2 - c * side / 2], [0, 0, 1]])  # fmt: skip
    shown = warp.warp(rgb.astype(np.float32), matrix, (side, side), inverse=True)
    stream = io.BytesIO()
    pixels = np.clip(np.nan_to_num(shown) + 0.5, 0, 255).astype(np.uint8)
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=60)
    return stream.getvalue(), matrix


def cuts() -> None:
    """Place cuts of one date on that date and on the others, through ``imgcheck verify``."""
    folder = DATA / "stacks" / "naip"
    images = [Image.open(p) for p in sorted(folder.glob("*.tif"))]
    rng = np.random.default_rng(SEED)
    for name, pairs in (("same date", _same(20)), ("other dates", _other(len(images)))):
        tried = right = placed = wrong = 0
        worst = 0.0
        for source, target in pairs(rng):
            data, matrix = cut(images[source].rgb(), rng)
            error = corner_error(data, matrix, images[source], images[target])
            tried += 1
            placed += error is not None
            if error is not None:
                right += error < 2
                wrong += error > 10
                worst = max(worst, error)
        print(f"| {name} | {tried} | {placed} | {right} | {wrong} | {worst:.2f} |", flush=True)


def _same(number: int):
    def pairs(rng: np.random.Generator) -> Iterator[tuple[int, int]]:
        for position in range(number):
            yield position % 10, position % 10

    return pairs


def _other(dates: int):
    def pairs(rng: np.random.Generator) -> Iterator[tuple[int, int]]:
        for source in range(dates):
            for target in range(dates):
                if source != target:
                    yield source, target

    return pairs


def corner_error(data: bytes, matrix: np.ndarray, source: Image, target: Image) -> float | None:
    """Verify a cut against a reference; give its largest corner error in reference pixels."""
    with tempfile.TemporaryDirectory() as scratch:
        post = Path(scratch) / "post.jpg"
        post.write_bytes(data)
        output = Path(scratch) / "out"
        measure(["verify", str(post), "--reference", str(target.path), "-o", str(output)])
        footprint = output / "footprint.geojson"
        if not footprint.exists():
            return None
        ring = json.loads(footprint.read_text())["features"][0]["geometry"]["coordinates"][0]
    side = Pillow.open(io.BytesIO(data)).size[0]
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float64)
    on_source = transforms.apply(matrix, corners)
    truth = source.georeference.to_lonlat(on_source[:, 0], on_source[:, 1])
    metres = np.array([111_320 * np.cos(np.radians(47.02)), 111_132])
    found = np.array(ring) * metres
    errors = [
        np.min(np.linalg.norm(found - np.array([lon, lat]) * metres, axis=1))
        for lon, lat in zip(*truth, strict=True)
    ]
    return float(max(errors)) / 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("pictures", "hostile", "cuts"))
    part = parser.parse_args().part
    cv2.setNumThreads(2)
    import imgcheck.checks.catalogue
    import imgcheck.publication

    imgcheck.checks.catalogue.catalogue()
    if part == "cuts":
        print("| reference | cuts | placed | within 2 px | wrong by over 10 px | worst px |")
        print("|---|---|---|---|---|---|")
    {"pictures": pictures, "hostile": hostile, "cuts": cuts}[part]()


if __name__ == "__main__":
    main()
