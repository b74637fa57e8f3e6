"""Measure what the consistency rules notice of edits, and what they miss.

    python -m tests.benchmarks.rule_power

Files of cameras (IMGCHECK_DATA, default ../shared/data) are edited in one way each; an edit counts
as noticed where a rule answers anomalous or contradictory that did not before. The edits are
written byte for byte, so that nothing else changes. Prints a markdown table.
"""

import io
import struct
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from PIL import Image as Pillow

from imgcheck import forensics, provenance
from imgcheck.imaging import containers
from tests.benchmarks.rules import Read, ask, sets, share, table, thumbnail_kind

_EXIF_DATES = ("ExifIFD:DateTimeOriginal", "ExifIFD:DateTimeDigitized", "IFD0:DateTime")
Edit = Callable[[Read], bytes | None]


def entry(one: Read, tag: str) -> provenance.TagEntry | None:
    """Give the first entry of "group:name" whose bytes stand in the file."""
    for found in one.metadata.entries:
        if f"{found.group}:{found.name}" == tag and found.offset is not None:
            return found
    return None


def redated(one: Read, tags: tuple[str, ...], days: int) -> bytes | None:
    """Move the dates of some fields by whole days."""
    data, changed = bytearray(one.data), False
    for tag in tags:
        found = entry(one, tag)
        if found is None or found.offset is None:
            continue
        raw = bytes(data[found.offset : found.offset + 19])
        try:
            moment = datetime.strptime(raw.decode("ascii"), "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
        moved = (moment + timedelta(days=days)).strftime("%Y:%m:%d %H:%M:%S")
        data[found.offset : found.offset + 19] = moved.encode()
        changed = True
    return bytes(data) if changed else None


def moved_north(one: Read) -> bytes | None:
    """Add one to the degrees of the EXIF latitude."""
    found = entry(one, "GPS:GPSLatitude")
    if found is None or found.offset is None or found.length != 24:
        return None
    data = bytearray(one.data)
    for mark in "<>":
        top, bottom = struct.unpack_from(f"{mark}II", data, found.offset)
        if bottom and top % bottom == 0 and top // bottom < 90:
            struct.pack_into(f"{mark}I", data, found.offset, top + bottom)
            return bytes(data)
    return None


def other_model(one: Read) -> bytes | None:
    """Replace the last letter of the model's name."""
    found = entry(one, "IFD0:Model")
    if found is None or found.offset is None or not isinstance(found.value, str) or not found.value:
        return None
    data = bytearray(one.data)
    data[found.offset + len(found.value) - 1] = ord("~")
    return bytes(data)


def saved_again(one: Read, *, crop: float = 0.0, scale: float = 1.0) -> bytes | None:
    """Crop or reduce, and save with EXIF (and XMP) carried along, as a simple program would."""
    try:
        image = Pillow.open(io.BytesIO(one.data)).convert("RGB")
        source = Pillow.open(io.BytesIO(one.data))
        width, height = image.size
        if crop:
            image = image.crop((int(crop * width), 0, width, height))
        if scale != 1:
            image = image.resize((max(8, int(width * scale)), max(8, int(height * scale))))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85, exif=source.info.get("exif", b""))
    except (OSError, ValueError, SyntaxError):
        return None
    return buffer.getvalue()


EDITS: dict[str, Edit] = {
    "capture date only, 400 days later": lambda one: redated(one, _EXIF_DATES[:1], 400),
    "capture date only, 400 days earlier": lambda one: redated(one, _EXIF_DATES[:1], -400),
    "all three EXIF dates, 400 days earlier": lambda one: redated(one, _EXIF_DATES, -400),
    "EXIF latitude, one degree north": moved_north,
    "one letter of the model": other_model,
    "saved again, same size": saved_again,
    "saved again at half size": lambda one: saved_again(one, scale=0.5),
    "a tenth cut off on the left, saved again": lambda one: saved_again(one, crop=0.1),
}


def odd(one: Read, data: bytes) -> set[str]:
    """Name the rules that answer anomalous or contradictory."""
    tree = containers.structure(data, format="jpeg")
    changed = Read(
        path=one.path, data=data, structure=tree,
        encoding=forensics.encoding(data, structure=tree),
        metadata=provenance.metadata(data, format="jpeg", structure=tree),
    )  # fmt: skip
    # The thumbnails of the cut-outs show the whole frame already.
    kind = None if "overhead" in one.path.parts else thumbnail_kind(changed)
    results = ask(changed, thumbnail=kind)
    return {r.id for r in results if r.state in ("anomalous", "contradictory")}


@cache
def _before(path: Path) -> frozenset[str]:
    one = next(one for files in sets().values() for one in files if one.path == path)
    return frozenset(odd(one, one.data))


def before(one: Read) -> frozenset[str]:
    """Name the rules that are odd before any edit."""
    return _before(one.path)


def main() -> None:
    """Edit every file of the sets in every way and count what is noticed."""
    rows = []
    for name, edit in EDITS.items():
        cells = []
        rules: Counter[str] = Counter()
        for files in sets().values():
            noticed = total = 0
            for one in files:
                data = edit(one)
                if data is None:
                    continue
                new = odd(one, data) - before(one)
                total += 1
                noticed += bool(new)
                rules.update(new)
            cells.append(share(noticed, total) if total else "-")
        rows.append((name, *cells, ", ".join(rule for rule, _ in rules.most_common(3)) or "-"))
    table(("edit", *sets(), "noticed by"), iter(rows))


if __name__ == "__main__":
    main()
