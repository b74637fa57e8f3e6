"""Is a maker note named, read where it is a directory, and are moved offsets measured?"""

import plistlib
import struct
from pathlib import Path

import pytest

from imgcheck.provenance import metadata
from tests.provenance import build


def directory(fields: list[build.Field], start: int, mark: str = "<", shift: int = 0) -> bytes:
    """Make a bare directory whose values follow it; offsets count from ``-start``."""
    head = bytearray(struct.pack(f"{mark}H", len(fields)))
    values = bytearray()
    first = start + 2 + 12 * len(fields) + 4
    for tag, kind, raw in sorted(fields):
        count = len(raw) // build.SIZES[kind]
        if len(raw) > 4:
            value = struct.pack(f"{mark}I", first + len(values) + shift)
            values += raw + bytes(len(raw) % 2)
        else:
            value = raw.ljust(4, b"\0")
        head += struct.pack(f"{mark}HHI", tag, kind, count) + value
    return bytes(head + bytes(4) + values)


CANON = [build.ascii_(0x0006, "IMG:EOS JPEG"), build.ascii_(0x0007, "Firmware Version 1.0"),
         build.long(0x000C, 5266), build.ascii_(0x0009, "The owner")]  # fmt: skip


def with_note(make: str, note_at: object, mark: str = "<") -> bytes:
    """Put a note into a JPEG; ``note_at`` makes its bytes for the place it will have."""
    assert callable(note_at)

    def block(note: bytes) -> bytes:
        return build.tiff([build.ascii_(0x010F, make)], exif=[(0x927C, 7, note)], mark=mark)

    size = len(note_at(500))
    place = block(b"\xaa" * size).index(b"\xaa" * size)
    return build.jpeg_with_exif(block(note_at(place)))


def test_a_canon_note_is_named_and_its_offsets_stand() -> None:
    found = metadata(with_note("Canon", lambda at: directory(CANON, at)), format="jpeg")
    note = found.maker_note
    assert note is not None
    assert (note.maker, note.readable, note.fields, note.offsets) == ("Canon", True, 4, "stand")
    assert found.tags["MakerNote:SerialNumber"] == 5266
    assert found.tags["MakerNote:FirmwareVersion"] == "Firmware Version 1.0"


@pytest.mark.parametrize("moved", [-221, -54, 30, 60])
def test_moved_offsets_are_measured_and_the_fields_still_read(moved: int) -> None:
    data = with_note("Canon", lambda at: directory(CANON, at, shift=-moved))
    found = metadata(data, format="jpeg")
    assert found.maker_note is not None
    assert (found.maker_note.offsets, found.maker_note.shift_bytes) == ("shifted", moved)
    assert found.tags["MakerNote:OwnerName"] == "The owner"
    seen = [o for o in found.observations if o.kind == "maker-note"]
    assert len(seen) == 1
    assert "some cameras write such offsets" in seen[0].message


def test_the_footer_of_a_canon_note_tells_where_it_was_written() -> None:
    def note(at: int) -> bytes:
        body = directory([*CANON, build.long(0x0096, 7)], at, shift=-10)
        return body + b"II*\0" + struct.pack("<I", at - 10)

    found = metadata(with_note("Canon", note), format="jpeg").maker_note
    assert found is not None
    assert (found.offsets, found.shift_bytes) == ("shifted", 10)


def test_a_nikon_note_has_its_own_header_and_byte_order() -> None:
    fields = [build.ascii_(0x001D, "NO= 30079"), (0x00A7, 4, struct.pack(">I", 48857))]
    body = b"MM\0*" + struct.pack(">I", 8) + directory(fields, 8, ">")
    data = with_note("NIKON CORPORATION", lambda at: b"Nikon\0\x02\x10\0\0" + body)
    found = metadata(data, format="jpeg")
    assert found.maker_note is not None
    assert (found.maker_note.maker, found.maker_note.byte_order) == ("Nikon", "big")
    assert found.maker_note.form.startswith("Nikon 3")
    assert found.maker_note.offsets == "stand"
    assert found.tags["MakerNote:SerialNumber"] == "NO= 30079"
    assert found.tags["MakerNote:ShutterCount"] == 48857


def test_an_apple_note_gives_its_identifier_and_the_run_time() -> None:
    clock = plistlib.dumps(
        {"flags": 1, "value": 79656660836500, "timescale": 1000000000, "epoch": 0},
        fmt=plistlib.FMT_BINARY,
    )
    fields = [(0x0003, 7, clock), build.ascii_(0x0011, "570F1469-09C7")]
    note = b"Apple iOS\0\0\x01MM" + directory(fields, 14, ">")
    found = metadata(with_note("Apple", lambda at: note), format="jpeg")
    assert found.tags["MakerNote:RunTime"] == pytest.approx(79656.6608365)
    assert found.tags["MakerNote:ContentIdentifier"] == "570F1469-09C7"


@pytest.mark.parametrize("tail", [b"\xff" * 32, bytes(8) + b"\xff" * 24])
def test_a_property_list_that_lies_is_no_run_time(tail: bytes) -> None:
    clock = b"bplist00" + bytes(40) + tail
    note = b"Apple iOS\0\0\x01MM" + directory([(0x0003, 7, clock)], 14, ">")
    assert (
        "MakerNote:RunTime" not in metadata(with_note("Apple", lambda at: note), format="jpeg").tags
    )


def test_a_dji_note_gives_speed_and_attitude() -> None:
    fields = [(0x0003 + i, 11, struct.pack("<f", value)) for i, value in enumerate((8.9, -1, 0))]
    note = lambda at: directory([build.ascii_(1, "DJI"), *fields], at)  # noqa: E731
    found = metadata(with_note("DJI", note), format="jpeg")
    assert found.tags["MakerNote:SpeedX"] == pytest.approx(8.9, abs=1e-6)
    assert found.pose is not None
    assert found.pose.speed_mps == pytest.approx(8.956, abs=1e-3)


@pytest.mark.parametrize(
    ("make", "head", "maker"),
    [
        ("x", b"FUJIFILM\x0c\0\0\0", "Fujifilm"), ("x", b"OLYMPUS\0II\3\0", "Olympus"),
        ("x", b"OLYMP\0\1\0", "Olympus"), ("x", b"Panasonic\0\0\0", "Panasonic"),
        ("x", b"SONY DSC \0\0\0", "Sony"), ("x", b"PENTAX \0II", "Pentax"),
        ("x", b"AOC\0II", "Pentax"), ("x", b"QVC\0\0\0", "Casio"), ("x", b"SIGMA\0\0\0", "Sigma"),
        ("x", b"LEICA\0\0\0", "Leica"), ("x", b"Rv0207;", "Ricoh"), ("x", b"KDK INFO", "Kodak"),
        ("SAMSUNG", b"\0\0\0\0\0", "Samsung"), ("FLIR Systems", b"\0\0\0\0\0", "FLIR"),
        ("Minolta Co.", b"\0\0\0\0\0", "Minolta"), ("Unheard", b"\1\2\3\4\5", None),
    ],
)  # fmt: skip
def test_makers_are_known_by_header_or_by_make(make: str, head: bytes, maker: str | None) -> None:
    found = metadata(with_note(make, lambda at: head.ljust(40, b"\0")), format="jpeg").maker_note
    assert found is not None
    assert found.maker == maker


def test_a_note_of_garbage_is_not_called_readable() -> None:
    found = metadata(with_note("Canon", lambda at: b"\xfe" * 300), format="jpeg").maker_note
    assert found is not None
    assert (found.readable, found.offsets, found.shift_bytes) == (False, "unknown", None)


@pytest.mark.data
def test_real_files_with_moved_notes_are_the_ones_another_reader_warns_of(data_dir: Path) -> None:
    folder = data_dir / "metadata"
    shifts = {}
    for path in sorted(folder.rglob("*.jpg")):
        note = metadata(path.read_bytes(), format="jpeg").maker_note
        if note is not None and note.offsets == "shifted":
            shifts[path.name] = note.shift_bytes
    # The first six as ExifTool 12.57 says; of the last it warns without a number.
    assert shifts == {
        "Konica_Minolta_DiMAGE_Z3.jpg": -76, "Panasonic_DMC-FZ30.jpg": 2, "11-tests.jpg": -54,
        "Canon EOS REBEL T3i.jpg": -164, "Canon PowerShot S330.jpg": -278,
        "Canon IXUS 400.jpg": -221, "Issue 508.jpg": 84,
    }  # fmt: skip
