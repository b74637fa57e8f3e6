"""Maker notes, IPTC and XMP against ExifTool; drone poses, GeoTIFF and generators counted.

Used by ``python -m tests.benchmarks.provenance --only others,second``.
"""

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imgcheck import provenance
from imgcheck.provenance.fields.exiftool import same_value
from tests.benchmarks.tag_agreement import GROUPS, exiftool, pictures, share, sniff

# Our name of a maker, where ExifTool's group is another.
_GROUPS = {"Fujifilm": "FujiFilm"}
_MAKERS = {"Canon", "Nikon", "Olympus", "Panasonic", "FujiFilm", "Casio", "Apple", "DJI",
           "Minolta", "Pentax", "Samsung", "Sigma", "Ricoh", "Sony", "Sanyo", "Kodak", "Reconyx",
           "JVC"}  # fmt: skip
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T?")
Row = Mapping[str, Any]


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _plain(text: str) -> object:
    """Bring a value to a form in which both readers' ways of writing it are equal."""
    text = _DATE.sub(r"\1:\2:\3 ", text.strip()).strip()
    words = {"True": "1", "False": "0", "true": "1", "false": "0"}
    try:
        parts = [float(part) for part in text.split("/")]
        return round(parts[0] / parts[1] if len(parts) == 2 else float(text), 6)
    except (ValueError, ZeroDivisionError, IndexError):
        return words.get(text, re.sub(r"\s+", " ", text))


class Tally:
    """What is counted over all files."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.different: list[str] = []

    def maker(self, path: Path, found: provenance.Metadata, row: Row) -> None:
        """Compare the maker, and the few fields that are read."""
        note = found.maker_note
        theirs = {name.split(":")[0] for name in row} & _MAKERS
        group = _GROUPS.get(note.maker or "", note.maker) if note else None
        if theirs:
            self.counts["makers"] += 1
            self.counts["makers equal"] += group in theirs
            if group not in theirs:
                self.different.append(f"{path.name}: maker {group} | {theirs}")
        if note is not None:
            self.counts["notes"] += 1
            self.counts[f"offsets {note.offsets}"] += 1
        for entry in (e for e in found.entries if e.group == "MakerNote"):
            written = [
                " ".join(_texts(value["val"]))
                for name, value in row.items()
                if name.startswith(f"{group}:") and value["id"] == f"0x{entry.tag:04x}"
            ]
            if not written:
                continue
            equal = any(same_value(entry, w) or str(entry.value) == w.strip() for w in written)
            self.counts["fields"] += 1
            self.counts["fields equal"] += equal
            if not equal:
                self.different.append(f"{path.name}: {entry.name} {entry.value!r} | {written}")

    def iptc(self, path: Path, found: provenance.Metadata, row: Row) -> None:
        """Compare the data sets of record 2, by number."""
        mine: dict[int, list[str]] = defaultdict(list)
        for entry in found.entries:
            if entry.group == "IPTC" and not re.match(r"[3-9]:|CodedCh", entry.name):
                mine[entry.tag or 0].append(re.sub(r"\W", "", str(entry.value)))
        theirs: dict[int, list[str]] = defaultdict(list)
        for name, value in row.items():  # a second block is another group there
            if re.match(r"IPTC\d?:", name) and not name.endswith("CodedCharacterSet"):
                texts = [re.sub(r"\W", "", text) for text in _texts(value["val"])]
                theirs[int(str(value["id"]), 16)] += texts
        for tag, wanted in theirs.items():
            equal = sorted(mine[tag]) == sorted(wanted)
            self.counts["iptc"] += 1
            self.counts["iptc equal"] += equal
            if not equal:
                self.different.append(f"{path.name}: IPTC {tag} {mine[tag][:3]} | {wanted[:3]}")

    def xmp(self, path: Path, found: provenance.Metadata, row: Row) -> None:
        """Compare the properties that are no structures, by local name."""
        mine: dict[str, list[object]] = defaultdict(list)
        for key, ours in found.xmp.items():
            if "/" not in key:
                mine[key.split(":")[-1].lower()].append([_plain(t) for t in _texts(ours)])
        for name, value in row.items():
            local = str(value["id"]).lower() if isinstance(value, dict) else ""
            if not name.startswith("XMP-") or local not in mine:
                continue
            equal = [_plain(text) for text in _texts(value["val"])] in mine[local]
            self.counts["xmp"] += 1
            self.counts["xmp equal"] += equal
            if not equal:
                self.different.append(f"{path.name}: {name} {mine[local]} | {value['val']}")

    def places(self, raw: bytes, found: provenance.Metadata) -> None:
        """Count how tightly the place of a text of XMP fits it."""
        for entry in found.entries:
            if entry.group == "XMP" and isinstance(entry.value, str) and entry.offset is not None:
                there = raw[entry.offset : entry.offset + (entry.length or 0)]
                text = entry.value.encode()
                near = text[:20] in there and len(there) < len(text) + 600
                kind = "exact" if there == text else "near" if near else "far"
                self.counts[f"place {kind}"] += 1


def others(data: Path) -> list[tuple[str, str]]:
    """Measure on every camera file at hand."""
    tally = Tally()
    paths = [path for name in ("metadata", "c2pa", "pdq", "social", "overhead")
             for path in pictures(data / name)]  # fmt: skip
    theirs = exiftool(paths)
    poses = agree = generators = 0
    for path in paths:
        raw = path.read_bytes()
        found = provenance.metadata(raw, format=sniff(raw[:4096]))
        row = theirs.get(path.resolve(), {})
        tally.maker(path, found, row)
        tally.iptc(path, found, row)
        tally.xmp(path, found, row)
        tally.places(raw, found)
        generators += bool(found.generators)
        if found.pose is not None:
            poses += 1
            lats = [field.value for field in found.pose.raw if field.attribute == "lat"]
            agree += len(lats) > 1 and max(lats) - min(lats) < 1e-6
    scenes = [path for name in ("stacks", "terrain", "change/s2a")
              for path in sorted((data / name).rglob("*.[tj][ip][f2]"))]  # fmt: skip
    placed = sum(
        (reference := provenance.metadata(
            raw := path.read_bytes(), format=sniff(raw[:4096])).georeference) is not None
        and reference.crs is not None for path in scenes
    )  # fmt: skip
    counts = tally.counts
    return [
        ("files", str(len(paths))),
        ("maker of the note as ExifTool", share(counts["makers equal"], counts["makers"])),
        ("maker notes; offsets stand / shifted / outside / none / no directory",
         f"{counts['notes']}; " + " / ".join(str(counts[f"offsets {kind}"]) for kind in (
             "stand", "shifted", "outside", "none", "unknown"))),
        ("fields of maker notes equal", share(counts["fields equal"], counts["fields"])),
        ("IPTC data sets equal", share(counts["iptc equal"], counts["iptc"])),
        ("XMP properties equal", share(counts["xmp equal"], counts["xmp"])),
        ("texts of XMP: their very bytes / around them / farther",
         " / ".join(str(counts[f"place {kind}"]) for kind in ("exact", "near", "far"))),
        ("files with a drone pose; with two equal latitudes", f"{poses}; {agree}"),
        ("GeoTIFF and GeoJP2 with an EPSG code", share(placed, len(scenes))),
        ("camera files that declare a generator", str(generators)),
        *[("different", line[:150]) for line in tally.different],
    ]  # fmt: skip


def second(data: Path) -> list[tuple[str, str]]:
    """Ask the second reader about every real and every hostile picture, and count what differs."""
    executable = shutil.which("exiftool")
    if executable is None:
        return [("exiftool", "not on this machine")]
    rows = []
    for folder in ("metadata", "hostile"):
        counts: Counter[str] = Counter()
        different = []
        reader = provenance.ExifTool(executable)
        for path in pictures(data / folder):
            raw = path.read_bytes()
            form = sniff(raw[:4096])
            found, theirs = provenance.metadata(raw, format=form), reader.read(raw, format=form)
            counts["files"] += 1
            if isinstance(theirs, provenance.NoSecondReading):
                counts["problems"] += 1
                continue
            counts["tags"] += sum(
                entry.tag is not None and entry.group in GROUPS for entry in theirs.entries
            )
            found_different = provenance.disagreements(raw, found.entries, theirs, format=form)
            different += [f"{path.name[:40]}: {one.tag} {one.ours!r} | {one.theirs[:40]!r}"
                          for one in found_different]  # fmt: skip
        rows += [
            (f"{folder}: files, no answer, standard tags, disagreements",
             f"{counts['files']}, {counts['problems']}, {counts['tags']}, {len(different)}"),
            *[("different", line) for line in different],
        ]  # fmt: skip
    return rows
