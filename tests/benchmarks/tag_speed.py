"""Time of reading a file: in this process, and by ExifTool in three ways, on the same files.

Used by ``python -m tests.benchmarks.provenance --only speed``. CPU seconds of this process and of
its children, so that a busy machine does not change the ratios; the files are read once before.
"""

import io
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from imgcheck import forensics, provenance
from imgcheck.imaging import containers
from tests.benchmarks.tag_agreement import pictures, sniff


def read(data: bytes) -> None:
    """Do what the goal names: structure, encoding, metadata."""
    tree = containers.structure(data, format="jpeg")
    forensics.encoding(data, structure=tree)
    provenance.metadata(data, format="jpeg", structure=tree)


def large(folder: Path, sources: list[Path]) -> list[Path]:
    """Put the metadata segments of real JPEGs before the scan of a made picture of about 3 MB."""
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 255, (1640, 2460, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    picture = buffer.getvalue()
    made = []
    for number, source in enumerate(sources):
        data = source.read_bytes()
        nodes = containers.structure(data, format="jpeg").nodes
        segments = b"".join(
            data[node.offset : node.offset + node.length]
            for node in nodes
            if node.kind.startswith("APP") and node.kind != "APP0"
        )
        path = folder / f"{number:03}.jpg"
        path.write_bytes(picture[:2] + segments + picture[2:])
        made.append(path)
    return made


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spent(run: Callable[[], object], files: int) -> float:
    start = _children()
    run()
    return (_children() - start) / files


def _batch(paths: list[Path], *options: str) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".args") as names:
        names.write("\n".join(str(path) for path in paths))
        names.flush()
        command = ["exiftool", "-j", "-G1", "-n", *options, "-@", names.name]
        return _spent(lambda: subprocess.run(command, capture_output=True, check=False), len(paths))


def _spawned(paths: list[Path]) -> float:
    def run() -> None:
        for path in paths:
            subprocess.run(
                ["exiftool", "-j", "-G1", "-n", str(path)], capture_output=True, check=False
            )

    return _spent(run, len(paths))


def table(title: str, paths: list[Path]) -> list[tuple[str, str]]:
    """Give the rows for one set of files."""
    contents = [path.read_bytes() for path in paths]
    spent = []
    for data in contents:
        start = time.process_time()
        read(data)
        spent.append(time.process_time() - start)
    mean = statistics.mean(spent)
    size = sum(map(len, contents)) / len(contents) / 1e6
    rows = [(
        f"{title}: {len(paths)} files of {size:.2f} MB, here",
        f"median {1000 * statistics.median(spent):.2f} ms, mean {1000 * mean:.2f} ms, slowest "
        f"{1000 * max(spent):.1f} ms",
    )]  # fmt: skip
    if shutil.which("exiftool") is None:
        return [*rows, ("exiftool", "not on this machine")]
    for name, seconds in (
        ("exiftool -fast2, one batch", _batch(paths, "-fast2")),
        ("exiftool, one batch", _batch(paths)),
        ("exiftool, a process a file", _spawned(paths)),
    ):
        rows.append((f"{title}: {name}", f"{1000 * seconds:.1f} ms, {seconds / mean:.1f} x"))
    return rows


def speed(data: Path) -> list[tuple[str, str]]:
    """Real camera JPEGs as they are, and their metadata in pictures of 3 MB."""
    real = [p for p in pictures(data / "metadata") if sniff(p.read_bytes()[:16]) == "jpeg"]
    with tempfile.TemporaryDirectory() as folder:
        made = large(Path(folder), real[::3])
        os.sync()
        return [*table("JPEGs of metadata", real), *table("3 MB, real metadata", made)]
