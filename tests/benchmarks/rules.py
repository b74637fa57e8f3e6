"""Measure how often each consistency rule fires on files of cameras, and the marks of platforms.

    python -m tests.benchmarks.rules rates models platforms times
    python -m tests.benchmarks.rules --write

Prints markdown tables with exact intervals; ``--write`` writes the counts that ship with the
package (rates.json, models.json, platforms/rates.json). The files are those of IMGCHECK_DATA
(default ../shared/data). Nobody has certified them untouched: a fire rate is not a false-alarm
rate.
"""

import argparse
import hashlib
import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from imgcheck import forensics, provenance
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image, containers
from imgcheck.provenance.platforms.data import platform_data
from imgcheck.provenance.platforms.traces import matches, ratio
from imgcheck.provenance.rules import RULES, RuleResult
from imgcheck.provenance.rules.coding import LEAST_FILES, digest, model_tables
from imgcheck.quantity import binomial_interval

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("IMGCHECK_DATA", ROOT / ".." / "shared" / "data"))
PACKAGE = ROOT / "imgcheck" / "provenance"
WHAT = {"metadata-extractor": "camera files", "exif-samples": "camera files",
        "overhead": "drone frames"}  # fmt: skip
OVERHEAD = ("seneca", "niza", "brighton")
# Lossless cut-outs: their size fields, thumbnails, markers and offsets are those of the cutting.
NOT_OF_CUTOUTS = {
    "size.exif", "size.xmp", "thumbnail.aspect", "thumbnail.picture",
    "encoding.model-tables", "offset.mpf", "structure.trailer", "exif.damage", "offset.maker-note",
}  # fmt: skip
# The rule's table was made of these very files.
_PLATFORM_OF = {"facebook": "Facebook", "wechat": "WeChat", "weibo": "Weibo"}


@dataclass(frozen=True)
class Read:
    """One JPEG as the readers gave it."""

    path: Path
    data: bytes
    structure: containers.Structure
    encoding: forensics.Encoding | None
    metadata: provenance.Metadata


@cache
def jpegs(folder: str) -> tuple[Read, ...]:
    """Read every JPEG of a folder once; files with the same bytes count once."""
    found, seen = [], set()
    for path in sorted((DATA / folder).rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        key = hashlib.sha256(data).digest()
        if data[:2] != b"\xff\xd8" or key in seen:
            continue
        seen.add(key)
        tree = containers.structure(data, format="jpeg")
        found.append(
            Read(path=path, data=data, structure=tree,
                 encoding=forensics.encoding(data, structure=tree),
                 metadata=provenance.metadata(data, format="jpeg", structure=tree))
        )  # fmt: skip
    return tuple(found)


def sets() -> dict[str, list[Read]]:
    """Give the sets of files that name a camera; the second set without files of the first."""
    first = [one for one in jpegs("metadata/metadata-extractor") if one.metadata.make]
    known = {hashlib.sha256(one.data).digest() for one in first}
    second = [
        one for one in jpegs("metadata/exif-samples")
        if one.metadata.make and hashlib.sha256(one.data).digest() not in known
    ]  # fmt: skip
    drones = [one for place in OVERHEAD for one in jpegs(f"overhead/{place}")]
    return {"metadata-extractor": first, "exif-samples": second, "overhead": drones}


def thumbnail_kind(one: Read) -> str | None:
    """Compare the embedded thumbnail with the picture."""
    small = one.metadata.thumbnail
    if small is None:
        return None
    try:
        thumb = Image.from_bytes(small.data, name="thumbnail").gray()
        return provenance.thumbnail_agreement(
            thumb, Image.from_bytes(one.data, name="picture").gray()
        ).kind
    except ImgcheckError:
        return None


def ask(one: Read, *, thumbnail: str | None = None) -> tuple[RuleResult, ...]:
    """Ask every rule of one file."""
    field = one.metadata.fbmd
    fbmd = None if field is None else provenance.decode_fbmd(field, structure=one.structure)
    return provenance.consistency(
        one.data, structure=one.structure, encoding=one.encoding, metadata=one.metadata,
        name=one.path.name, thumbnail=thumbnail, fbmd=fbmd,
    )  # fmt: skip


def count_rates(*, pixels: bool = True) -> dict[str, dict[str, dict[str, int]]]:
    """Count, for each rule and each set, the files it applies to and fires on."""
    counts: dict[str, dict[str, dict[str, int]]] = {rule.id: {} for rule in RULES}
    for name, files in sets().items():
        for one in files:
            kind = thumbnail_kind(one) if pixels and name != "overhead" else None
            for result in ask(one, thumbnail=kind):
                if result.state == "not applicable":
                    continue
                if name == "overhead" and result.id in NOT_OF_CUTOUTS:
                    continue
                row = counts[result.id].setdefault(name, {"fired": 0, "applicable": 0})
                row["applicable"] += 1
                row["fired"] += result.fires
    return {id: rows for id, rows in counts.items() if rows}


def count_models() -> list[dict[str, Any]]:
    """Count the table sets of every camera model with enough files of it."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for one in sets()["overhead"]:
        key = (one.metadata.make or "", one.metadata.model or "")
        if all(key) and one.encoding is not None and one.encoding.tables:
            found.setdefault(key, Counter())[digest(one.encoding)] += 1
    return [
        {"make": make, "model": model, "files": seen.total(), "flights": 1,
         "source": "lossless cut-outs of the frames of one flight, as published",
         "sets": dict(sorted(seen.items())),
         "held_out": _held_out(make, model)}
        for (make, model), seen in sorted(found.items()) if seen.total() >= LEAST_FILES
    ]  # fmt: skip


def count_background() -> dict[str, dict[str, int]]:
    """Count the files of other origin that have the marks of each platform row."""
    others = [one for files in (jpegs("metadata"), *(jpegs(f"overhead/{p}") for p in OVERHEAD))
              for one in files]  # fmt: skip
    social = jpegs("social")
    rows = {}
    for row in platform_data().rows:
        foreign = [one for one in social if not _own(row.platform, one.path.stem)]
        files = [*others, *foreign]
        hits = sum(matches(row, one.structure, one.encoding, one.metadata) for one in files)
        rows[row.id] = {"matched": hits, "files": len(files)}
    return rows


def _own(platform: str, stem: str) -> bool:
    service = _PLATFORM_OF.get(stem.rsplit("_", 1)[-1], "")
    return bool(service) and (service in platform or platform.startswith("a "))


def share(good: int, total: int) -> str:
    """Write a share with its exact 95 % interval."""
    interval = binomial_interval(good, total)
    return f"{good} of {total} ({interval.low:.3f}-{interval.high:.3f})"


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Print a markdown table."""
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_rates() -> None:
    """Fire rate of each rule on each set."""
    names = tuple(sets())
    counts = count_rates()
    sizes = ", ".join(f"{name} {len(files)}" for name, files in sets().items())
    print(f"Files that name a camera: {sizes}.\n")
    table(("rule", *names), (
        (rule.id, *(_cell(counts.get(rule.id, {}).get(name)) for name in names)) for rule in RULES
    ))  # fmt: skip


def _cell(row: dict[str, int] | None) -> str:
    return "-" if row is None else share(row["fired"], row["applicable"])


def print_models() -> None:
    """Table sets of the models that were measured, and how a split of the files fares."""
    rows = []
    for one in count_models():
        held = _held_out(one["make"], one["model"])
        rows.append((f"{one['make']} {one['model']}", str(one["files"]), str(len(one["sets"])),
                     share(*held)))  # fmt: skip
    table(("model", "files", "table sets", "unknown in the second half of the flight"), iter(rows))


def _held_out(make: str, model: str) -> tuple[int, int]:
    """Learn the sets on the first half of the files by name, count the unknown in the second."""
    drones = sets()["overhead"]
    named = [one for one in drones if (one.metadata.make, one.metadata.model) == (make, model)]
    files = [digest(one.encoding) for one in named if one.encoding is not None]
    half = len(files) // 2
    known = set(files[:half])
    return sum(one not in known for one in files[half:]), len(files) - half


def print_platforms() -> None:
    """Background of each platform row, and the likelihood ratio that follows."""
    counts = count_background()
    rows = []
    for row in platform_data().rows:
        found = ratio(row)
        words = "-" if found is None else (
            f"{found.value:.1f} ({found.interval.low:.2f}-{found.interval.high:.3g})"
        )  # fmt: skip
        back = counts[row.id]
        rows.append((row.id, row.platform, f"{row.matching} of {row.files}",
                     share(back["matched"], back["files"]), words))  # fmt: skip
    table(("row", "platform", "files with the marks", "background", "likelihood ratio"),
          iter(rows))  # fmt: skip


def print_fired() -> None:
    """List what fired as anomalous or contradictory, file by file."""
    for name, files in sets().items():
        for one in files:
            kind = thumbnail_kind(one) if name != "overhead" else None
            for result in ask(one, thumbnail=kind):
                if result.state in ("anomalous", "contradictory"):
                    print(f"{name} | {one.path.name} | {result.id} | {result.sentence}")


def print_light() -> None:
    """Exposure value at ISO 100, and how far the logarithmic twins of time and aperture lie."""
    rows = []
    for name, files in sets().items():
        values = [provenance.exposure_value(one.metadata) for one in files]
        known = sorted(value for value in values if value is not None)
        apart = sorted(gap for one in files for gap in _twins(one))
        middle = sum(0.1 < gap < 0.9 for gap in apart)
        rows.append((
            name, str(len(known)), f"{known[0]:.1f} to {known[-1]:.1f}", str(len(apart)),
            str(sum(gap <= 0.1 for gap in apart)), str(middle),
        ))  # fmt: skip
    table(("set", "files with an exposure", "EV at ISO 100", "pairs", "within 0.1 stops",
           "0.1 to 0.9 stops"), iter(rows))  # fmt: skip


def _twins(one: Read) -> Iterator[float]:
    tags = one.metadata.tags
    for plain, twin, factor in (("ExposureTime", "ShutterSpeedValue", -1),
                                ("FNumber", "ApertureValue", 2)):  # fmt: skip
        value, other = tags.get(f"ExifIFD:{plain}"), tags.get(f"ExifIFD:{twin}")
        if isinstance(value, int | float) and isinstance(other, int | float) and value > 0:
            yield abs(factor * math.log2(value) - other)


def print_cost() -> None:
    """Mean CPU a file: the rules, platforms and route, against walking and reading the file."""
    files = [one for some in sets().values() for one in some]
    start = time.process_time()
    for one in files:
        tree = containers.structure(one.data, format="jpeg")
        forensics.encoding(one.data, structure=tree)
        provenance.metadata(one.data, format="jpeg", structure=tree)
    read = time.process_time()
    for one in files:
        ask(one)
    asked = time.process_time()
    for one in files:
        traces = provenance.platform_traces(
            one.structure, one.encoding, one.metadata, one.path.name
        )
        provenance.route(one.structure, one.encoding, one.metadata, traces)
    routed = time.process_time()
    milli = 1e3 / len(files)
    table(("files", "read, ms", "rules, ms", "platforms and route, ms"), iter([(
        str(len(files)), f"{(read - start) * milli:.2f}", f"{(asked - read) * milli:.2f}",
        f"{(routed - asked) * milli:.2f}",
    )]))  # fmt: skip


def write() -> None:
    """Write the counts that ship with the package; the models first, a rule reads them."""
    _dump("rules/models.json", {"models": count_models()})
    model_tables.cache_clear()
    sizes = {name: {"files": len(files), "what": WHAT[name]} for name, files in sets().items()}
    _dump("rules/rates.json", {"sets": sizes, "rules": count_rates()})
    _dump("platforms/rates.json", {"rows": count_background()})


def _dump(path: str, value: dict[str, Any]) -> None:
    text = json.dumps({"format": 1, "version": "2026-11", **value}, indent=1)
    (PACKAGE / path).write_text(text + "\n", encoding="utf-8")


PARTS = {"rates": print_rates, "models": print_models, "platforms": print_platforms,
         "light": print_light, "cost": print_cost, "fired": print_fired}  # fmt: skip


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--write", action="store_true", help="write the counts into the package")
    chosen = parser.parse_args()
    if chosen.write:
        write()
        return
    for part in chosen.parts or [name for name in PARTS if name != "fired"]:
        PARTS[part]()


if __name__ == "__main__":
    main()
