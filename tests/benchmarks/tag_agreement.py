"""Values of standard EXIF tags against other readers: dumps beside the pictures, and ExifTool.

Used by ``python -m tests.benchmarks.provenance --only agreement,containers``. A value counts as
equal only where the value itself is: numbers to the digits the other reader prints, text to the
character, bytes by number. What another reader prints in words is put against our numbers by a
rule of its own: over all files one number must go with one word and one word with one number.
"""

import io
import json
import math
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from imgcheck import provenance
from imgcheck.errors import RefusedError
from imgcheck.imaging.containers import structure as walk_structure
from imgcheck.imaging.intake import sniff as sniffed
from imgcheck.provenance.fields.exiftool import same_value, tiff_start
from imgcheck.quantity import binomial_interval
from tests.provenance import build

GROUPS = {"IFD0": "IFD0", "IFD1": "IFD1", "ExifIFD": "ExifIFD", "GPS": "GPS",
          "InteropIFD": "Interop"}  # fmt: skip
CORE = {
    ("IFD0", 0x010F), ("IFD0", 0x0110), ("IFD0", 0x0112), ("IFD0", 0x011A), ("IFD0", 0x011B),
    ("IFD0", 0x0128), ("IFD0", 0x0131), ("IFD0", 0x0132), ("ExifIFD", 0x829A),
    ("ExifIFD", 0x829D), ("ExifIFD", 0x8822), ("ExifIFD", 0x8827), ("ExifIFD", 0x9003),
    ("ExifIFD", 0x9004), ("ExifIFD", 0x9209), ("ExifIFD", 0x920A), ("ExifIFD", 0xA002),
    ("ExifIFD", 0xA003), ("GPS", 1), ("GPS", 2), ("GPS", 3), ("GPS", 4),
}  # fmt: skip
Key = tuple[str, int]


@dataclass(slots=True)
class Score:
    """Counts of one comparison, and every difference in words."""

    found: int = 0
    equal: int = 0
    total: int = 0
    core_equal: int = 0
    core_total: int = 0
    different: list[str] = field(default_factory=list)

    def count(self, key: Key, *, found: bool, equal: bool, note: str) -> None:
        """Count one tag of the other reader."""
        self.total += 1
        self.found += found
        self.equal += equal
        if key in CORE:
            self.core_total += 1
            self.core_equal += equal
        if not equal:
            self.different.append(("core: " if key in CORE else "") + note)

    def rows(self, name: str) -> Iterator[tuple[str, str]]:
        """Give the rows of a table."""
        yield f"{name}: found", share(self.found, self.total)
        yield f"{name}: found and value equal", share(self.equal, self.total)
        yield f"{name}: 22 core tags equal", share(self.core_equal, self.core_total)


def sniff(head: bytes) -> str:
    """Name the format, or nothing."""
    try:
        return sniffed(head)
    except RefusedError:
        return ""


def share(good: int, total: int) -> str:
    """Write a share with its 95 % interval."""
    if not total:
        return "0/0"
    interval = binomial_interval(good, total)
    return f"{good}/{total} = {good / total:.5f} [{interval.low:.5f}, {interval.high:.5f}]"


def ours(data: bytes) -> dict[Key, provenance.TagEntry]:
    """Read a file's standard tags by number; the first of a kind counts."""
    entries = provenance.metadata(data, format=sniff(data[:4096])).entries
    return {
        (entry.group, entry.tag): entry
        for entry in reversed(entries)
        if entry.reader == "exif" and entry.tag is not None
    }


def exiftool(paths: list[Path], *options: str) -> dict[Path, dict[str, dict[str, str]]]:
    """Read files by ExifTool in one batch; numbers stay the text they were printed as."""
    with tempfile.NamedTemporaryFile("w", suffix=".args") as names:
        names.write("\n".join(str(path.resolve()) for path in paths))
        names.flush()
        done = subprocess.run(
            ["exiftool", "-j", "-G1", "-n", "-H", "-a", "-u", *options, "-@", names.name],
            capture_output=True, check=False, timeout=300,
        )  # fmt: skip
    text = done.stdout.decode("utf-8", "surrogateescape")
    rows = json.loads(text, parse_float=str, parse_int=str)
    return {Path(row.pop("SourceFile")): row for row in rows}


def standard(row: dict[str, dict[str, str]]) -> dict[Key, str]:
    """Keep ExifTool's values of numbered tags in the standard directories."""
    kept: dict[Key, str] = {}
    for name, value in row.items():
        group = GROUPS.get(name.split(":", 1)[0])
        if group and isinstance(value, dict) and str(value["id"]).startswith("0x"):
            kept.setdefault((group, int(value["id"], 16)), _flat(value["val"]))
    return kept


def _flat(value: object) -> str:
    return " ".join(map(_flat, value)) if isinstance(value, list) else str(value)


def against_exiftool(paths: Iterable[Path], score: Score, only: set[Key] | None = None) -> None:
    """Compare every standard tag that ExifTool reads."""
    listed = list(paths)
    theirs = exiftool(listed)
    for path in listed:
        data = path.read_bytes()
        mine, base = ours(data), tiff_start(data, format=sniff(data[:4096]))
        for key, written in standard(theirs.get(path.resolve(), {})).items():
            if only is not None and key not in only:
                continue
            entry = mine.get(key)
            equal = entry is not None and (
                same_value(entry, written, start=base) or raw_equal(data, entry, written)
            )
            score.count(key, found=entry is not None, equal=equal,
                        note=f"{path.name} {key[0]} {key[1]:#06x}: {_short(entry)} | "
                             f"{written[:60]!r}")  # fmt: skip


def _short(entry: provenance.TagEntry | None) -> str:
    return "not found" if entry is None else f"{entry.name} {entry.value!r}"[:90]


def raw_equal(data: bytes, entry: provenance.TagEntry, written: str) -> bool:
    """Compare the bytes behind a value that is only counted here and printed as text there."""
    if entry.offset is None or entry.length is None or "bytes)" not in str(entry.value):
        return False
    raw = data[entry.offset : entry.offset + entry.length]
    return "".join(chr(b) if b < 128 else "?" for b in raw if b) == written.replace("\0", "")


def _float(value: object) -> float:
    try:
        return float(Fraction(str(value)))
    except (ValueError, ZeroDivisionError):
        return math.nan


# ---- dumps beside the pictures ---------------------------------------------------------------

# One word of the readers stands for several numbers: bits of the flash, 0 and 0/0.
_COARSE = {0x9209, 0xA404}
_GOLDEN_GROUPS = {"Exif IFD0": "IFD0", "Exif SubIFD": "ExifIFD", "GPS": "GPS",
                  "Exif Thumbnail": "IFD1", "Interoperability": "Interop"}  # fmt: skip


@dataclass(slots=True)
class Pairs:
    """Values printed in words: (our value, their words) per tag, over all files."""

    seen: dict[Key, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    places: dict[tuple[Key, str, str], str] = field(default_factory=dict)

    def add(self, key: Key, value: object, words: str, place: str) -> None:
        """Remember one pair."""
        self.seen[key][(repr(value), words)] += 1
        self.places.setdefault((key, repr(value), words), place)

    def judge(self, score: Score) -> int:
        """Count pairs that stay one to one as equal; return how many stand alone."""
        alone = 0
        for key, pairs in self.seen.items():
            best_word: dict[str, str] = {}
            best_value: dict[str, str] = {}
            for (value, word), _ in pairs.most_common():
                best_word.setdefault(value, word)
                best_value.setdefault(word, value)
            for (value, word), count in pairs.items():
                fits = best_word[value] == word and (key[1] in _COARSE or best_value[word] == value)
                if fits and len(pairs) == 1:
                    alone += count
                for _ in range(count):
                    score.count(key, found=True, equal=fits,
                                note=f"{self.places[(key, value, word)]} {key[0]} "
                                     f"{key[1]:#06x}: {value} | {word!r}")  # fmt: skip
        return alone


def goldens(folder: Path, reader: str, score: Score) -> tuple[int, int]:
    """Compare with the dumps of one reader; give how many values were in words, and alone."""
    pairs = Pairs()
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        mine = ours(path.read_bytes())
        text = (folder / f"golden-{reader}" / f"{path.name}.txt").read_text("utf-8", "replace")
        # A value may hold line breaks: it goes on up to the next tag or the blank line.
        found = re.findall(r"^\[(.+?) - 0x([0-9a-f]{4})\] (.+?) = (.*?)(?=\n\[|\n\n|\Z)", text,
                           re.MULTILINE | re.DOTALL)  # fmt: skip
        seen: set[Key] = set()
        for group, number, _, words in found:
            key = (_GOLDEN_GROUPS.get(group, ""), int(number, 16))
            if not key[0] or key in seen:
                continue
            seen.add(key)
            entry = mine.get(key)
            if entry is None:
                score.count(key, found=False, equal=False, note=f"{path.name} {key}: not found")
                continue
            verdict = printed(key, entry, words)
            if verdict is None:
                pairs.add(key, entry.value, words, path.name)
            else:
                score.count(key, found=True, equal=verdict,
                            note=f"{path.name} {key[0]} {key[1]:#06x}: {_short(entry)} | "
                                 f"{words[:60]!r}")  # fmt: skip
    words_total = sum(sum(counter.values()) for counter in pairs.seen.values())
    return words_total, pairs.judge(score)


_DUMP_GROUPS = {"Image": "IFD0", "EXIF": "ExifIFD", "GPS": "GPS", "Thumbnail": "IFD1",
                "Interoperability": "Interop"}  # fmt: skip
# That reader's names where they are not the standard's.
_DUMP_NAMES = {
    "ExifImageWidth": "PixelXDimension", "ExifImageLength": "PixelYDimension",
    "ISOSpeedRatings": "PhotographicSensitivity", "GPSDate": "GPSDateStamp",
    "ExifOffset": "ExifIFDPointer", "GPSInfo": "GPSInfoIFDPointer",
    "InteroperabilityOffset": "InteroperabilityIFDPointer", "FlashPixVersion": "FlashpixVersion",
    "PrintIM": "PrintImageMatching", "CVAPattern": "CFAPattern", "Tag 0x1001": "RelatedImageWidth",
    "Tag 0x1002": "RelatedImageLength",
}  # fmt: skip


def dump(folder: Path, score: Score) -> tuple[int, int]:
    """Compare with the dump of the third reader, which names types and prints fractions."""
    pairs = Pairs()
    place, names = "", {}
    for line in (folder / "dump.txt").read_text("utf-8", "replace").splitlines():
        if line.startswith("Opening: "):
            place = line[9:]
            names = {(k[0], e.name): e for k, e in ours((folder / place).read_bytes()).items()}
            continue
        row = re.match(r"(\w+) (\S+(?: 0x\S+)?) \(([^)]*)\): ?(.*)", line)
        if row is None or row[1] not in _DUMP_GROUPS:
            continue
        entry = names.get((_DUMP_GROUPS[row[1]], _DUMP_NAMES.get(row[2], row[2])))
        key = (_DUMP_GROUPS[row[1]], entry.tag if entry and entry.tag else -1)
        verdict = entry is not None and _dumped(entry, row[4].strip(), row[3])
        if verdict is None and entry is not None:
            pairs.add(key, entry.value, row[4].strip(), Path(place).name)
            continue
        score.count(key, found=entry is not None, equal=bool(verdict),
                    note=f"{Path(place).name} {row[1]} {row[2]}: {_short(entry)} | "
                         f"{row[4][:60]!r}")  # fmt: skip
    return sum(sum(counter.values()) for counter in pairs.seen.values()), pairs.judge(score)


def _dumped(entry: provenance.TagEntry, written: str, kind: str) -> bool | None:
    value = entry.value
    if kind == "ASCII":
        return str(value).strip() == written
    if isinstance(value, str) and not value.endswith("/0"):
        return True if value.strip() == written else None
    mine = value if isinstance(value, list) else [value]
    wanted = [part.strip() for part in written.strip("[]").split(",")]
    if len(mine) == len(wanted):
        exact = [a == b if str(a).endswith("/0") else math.isclose(_float(a), _float(b))
                 for a, b in zip(mine, wanted, strict=True)]  # fmt: skip
        if all(exact) or "Ratio" in kind:
            return all(exact)
    return None


def _replaced(text: str) -> str:
    """Write a Latin-1 text as a reader does that takes it for UTF-8."""
    return "".join(c if c < "\x80" else "\ufffd" for c in text)


_NUMBER = r"-?\d+(?:[.,]\d+)?(?:E-?\d+)?"


def printed(key: Key, entry: provenance.TagEntry, words: str) -> bool | None:
    """Compare a description with our value; None where it is words for a number."""
    value, words = entry.value, words.strip()
    if isinstance(value, str) and not value.endswith("/0"):
        if value.strip() == words.strip() or _replaced(value) == words:
            return True
        if key[1] in (0x9000, 0xA000) or key == ("Interop", 2):
            return re.sub(r"\D", "", value).strip("0") == re.sub(r"\D", "", words).strip("0")
        size = re.fullmatch(r"\((\d+) (?:bytes|values)\)", value)
        return None if size or key == ("Interop", 1) or len(value) < 2 else False
    if key[0] == "GPS" and key[1] in (2, 4) and isinstance(value, list):
        return _degrees(value, words)
    if key == ("GPS", 7) and isinstance(value, list):
        return all(abs(_float(a) - _float(b)) < 6e-4 for a, b in
                   zip(value, re.findall(_NUMBER, words), strict=False))  # fmt: skip
    if isinstance(value, (list, str)):
        return True if " ".join(map(str, value)) == words else None
    return _described(key[1], float(value), words)


def _degrees(value: Sequence[object], words: str) -> bool:
    # Seconds of 0/0 after decimal minutes are no seconds.
    mine = sum(_float(part) / 60**i for i, part in enumerate(value) if part != "0/0")
    parts = [abs(float(part.replace(",", "."))) for part in re.findall(_NUMBER, words)]
    return abs(mine - sum(part / 60**i for i, part in enumerate(parts))) < 2e-6 * 10


def _described(tag: int, value: float, words: str) -> bool | None:
    if tag in (0x9201, 0x9202, 0x9205):  # APEX, printed as time or as f-number
        value = 2**-value if tag == 0x9201 else 2 ** (value / 2)
    match = re.fullmatch(rf"(?:f/)?({_NUMBER})(?:/(\d+))?( (?:sec|mm|EV|pixels|bytes|metres|"
                         rf"dots? per (?:inch|cm)|dots? per .*|bits.*|strips.*|rows.*|"
                         rf"samples.*|m))?", words)  # fmt: skip
    if match is None:
        return None
    text = match[1].replace(",", ".")
    wanted = float(text)
    if match[2]:
        wanted /= int(match[2])
        if tag == 0x9201 and wanted:  # printed as one part of a second, without decimals
            return abs(1 / value - 1 / wanted) < 1
        return abs(value - wanted) <= 0.02 * max(abs(wanted), 1e-12)
    digits = len(text.split(".")[1]) if "." in text and "E" not in text else 0
    # A whole number is printed with a unit or without; a fraction to some decimals.
    slack = 0.5001 * 10.0**-digits if "." in text else 1e-9
    return abs(value - wanted) <= slack or None


# ---- EXIF of real JPEGs in other containers --------------------------------------------------


def blocks(paths: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Give the EXIF block (TIFF header on) of each real JPEG that has one and is whole."""
    for path in paths:
        data = path.read_bytes()
        if sniff(data[:4096]) != "jpeg":
            continue
        tree = walk_structure(data, format="jpeg")
        for node in tree.nodes:
            if node.kind == "APP1" and node.note == "Exif":
                yield path, data[node.offset + 10 : node.offset + node.length]
                break


def rewrapped(block: bytes, kind: str) -> bytes:
    """Put an EXIF block into another container."""
    picture = build.picture()
    if kind == "png eXIf":
        return build.png(build.chunk(b"eXIf", block))
    if kind == "png raw profile":
        body = b"Exif\0\0" + block
        digits = b"\n".join(re.findall(rb".{1,72}", body.hex().encode()))
        text = b"\nexif\n%8d\n%s\n" % (len(body), digits)
        return build.png(build.chunk(b"tEXt", b"Raw profile type exif\0" + text))
    if kind == "webp":
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", exif=block)
        return buffer.getvalue()
    if kind == "avif by Pillow":  # it writes the fields anew, some in other types
        buffer = io.BytesIO()
        picture.save(buffer, "AVIF", exif=block)
        return buffer.getvalue()
    made = build.heif(block)
    return made if kind == "heif" else made.replace(b"ftypheic", b"ftypavif")


def containers(paths: Iterable[Path]) -> dict[str, Score]:
    """Read the blocks back from each container, by us and by ExifTool, and compare."""
    made = list(blocks(paths))
    scores: dict[str, Score] = {}
    endings = {"png eXIf": "png", "png raw profile": "png", "webp": "webp",
               "avif by Pillow": "avif", "avif": "avif", "heif": "heic"}  # fmt: skip
    for kind, ending in endings.items():
        scores[kind] = Score()
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, (path, block) in enumerate(made):
                file = Path(folder) / f"{number:03}-{path.stem}.{ending}"
                try:
                    file.write_bytes(rewrapped(block, kind))
                except (OSError, ValueError, SyntaxError, TypeError):
                    continue  # Pillow refuses a few broken blocks
                files.append(file)
            against_exiftool(files, scores[kind])
    return scores


def pictures(folder: Path) -> list[Path]:
    """List the files of a folder whose content is a picture we read."""
    listed = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            if sniff(file.read(4096)) in ("jpeg", "png", "tiff", "webp", "heif", "avif"):
                listed.append(path)
    return listed


def agreement(data: Path) -> list[tuple[str, str]]:
    """Every comparison of the real files, with every difference."""
    rows: list[tuple[str, str]] = []
    folder = data / "metadata"
    for name in ("java", "dotnet", "dump"):
        score = Score()
        if name == "dump":
            words, alone = dump(folder / "exif-samples", score)
        else:
            words, alone = goldens(folder / "metadata-extractor", name, score)
        rows.extend(score.rows(f"golden {name}"))
        rows.append((f"golden {name}: values in words; of them words seen only once",
                     f"{words}; {alone}"))  # fmt: skip
        rows.extend(("different", line) for line in score.different)
    for name in ("metadata", "overhead", "c2pa", "social", "pdq"):
        score = Score()
        against_exiftool(pictures(data / name), score)
        rows.extend(score.rows(f"ExifTool, {name}"))
        rows.extend(("different", line) for line in score.different)
    return rows


def rewrapped_rows(data: Path) -> list[tuple[str, str]]:
    """EXIF blocks of the real JPEGs, put into other containers, by ExifTool and by us."""
    rows: list[tuple[str, str]] = []
    for kind, score in containers(pictures(data / "metadata")).items():
        rows.extend(score.rows(f"made {kind}"))
        rows.extend(("different", line) for line in score.different[:6])
    return rows
