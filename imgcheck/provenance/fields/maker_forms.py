"""How makers begin their notes, and which few fields of them are read.

Header bytes, start of the directory and base of its offsets are facts seen in files and
documented by ExifTool and Exiv2; the fields are those that identify a device or state a time, a
movement or a capture. Nothing else of a maker note is read.
"""

from dataclasses import dataclass
from typing import Literal

# tiff: from the TIFF header of the file; note: from the first byte of the note; own: from a TIFF
# header inside the note.
Base = Literal["tiff", "note", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way a note begins.

    ``start`` is where the directory begins in the note (None: no directory that is known);
    ``order`` is fixed for some makers, ``order_at`` says where the note states it.
    """

    maker: str
    name: str
    magic: bytes = b""
    start: int | None = None
    base: Base = "tiff"
    order: Literal["big", "little"] | None = None
    order_at: int | None = None


# Longer marks first where one is the beginning of another.
HEADED = (
    Form(maker="Nikon", name="Nikon 3: a TIFF header of its own", magic=b"Nikon\0\x02", start=18,
         base="own", order_at=10),
    Form(maker="Nikon", name="Nikon 1: header, then a directory", magic=b"Nikon\0\x01\0", start=8),
    Form(maker="Olympus", name="OM System", magic=b"OM SYSTEM\0\0\0", start=16, base="note",
         order_at=12),
    Form(maker="Olympus", name="Olympus 2", magic=b"OLYMPUS\0", start=12, base="note",
         order_at=8),
    Form(maker="Olympus", name="Olympus 1", magic=b"OLYMP\0", start=8),
    Form(maker="Panasonic", name="Panasonic", magic=b"Panasonic\0\0\0", start=12),
    Form(maker="Fujifilm", name="Fujifilm", magic=b"FUJIFILM", start=12, base="note",
         order="little"),
    Form(maker="General Imaging", name="GE", magic=b"GENERALE", start=12, base="note",
         order="little"),
    Form(maker="Pentax", name="Pentax 2", magic=b"PENTAX \0", start=10, base="note",
         order_at=8),
    Form(maker="Pentax", name="Pentax 1", magic=b"AOC\0", start=6, order_at=4),
    Form(maker="Casio", name="Casio 2", magic=b"QVC\0\0\0", start=6, order="big"),
    Form(maker="Sony", name="Sony DSC", magic=b"SONY DSC \0\0\0", start=12),
    Form(maker="Sony", name="Sony CAM", magic=b"SONY CAM \0\0\0", start=12),
    Form(maker="Sony", name="Sony Mobile", magic=b"SONY MOBILE", start=12),
    Form(maker="Sony", name="Sony PIC", magic=b"\0\0SONY PIC\0", start=12),
    Form(maker="Apple", name="Apple iOS", magic=b"Apple iOS\0", start=14, base="note",
         order_at=12),
    Form(maker="Sigma", name="Sigma", magic=b"SIGMA\0\0\0", start=10),
    Form(maker="Sigma", name="Foveon", magic=b"FOVEON\0\0", start=10),
    Form(maker="Leica", name="Leica 1", magic=b"LEICA\0\0\0", start=8),
    Form(maker="Leica", name="Leica", magic=b"LEICA\0", start=8, base="note"),
    Form(maker="Ricoh", name="Ricoh, directory", magic=b"RICOH\0II", start=10, base="note",
         order_at=6),
    Form(maker="Ricoh", name="Ricoh, directory", magic=b"Ricoh\0\0\0", start=8),
    Form(maker="Ricoh", name="Ricoh, directory", magic=b"RICOH\0\0\0", start=8),
    Form(maker="Ricoh", name="Ricoh, text", magic=b"Rv"),
    Form(maker="Ricoh", name="Ricoh, text", magic=b"Rev"),
    Form(maker="Sanyo", name="Sanyo", magic=b"SANYO\0", start=8),
    Form(maker="Epson", name="Epson", magic=b"EPSON\0", start=8),
    Form(maker="Motorola", name="Motorola", magic=b"MOT\0", start=8, base="note"),
    Form(maker="Samsung", name="Samsung, text", magic=b"STMN"),
    Form(maker="Kodak", name="Kodak, fixed fields", magic=b"KDK"),
    Form(maker="Konica", name="Konica, fixed fields", magic=b"KC"),
    Form(maker="JVC", name="JVC, text", magic=b"VER:"),
    Form(maker="Reconyx", name="Reconyx, fixed fields", magic=b"RECONYX"),
    Form(maker="DJI", name="DJI, debugging text", magic=b"[ae_dbg_info:"),
    Form(maker="Google", name="Google HDR+", magic=b"HDRP"),
    Form(maker="Hewlett-Packard", name="Hewlett-Packard", magic=b"Hewlett-Packard"),
)  # fmt: skip

# Notes that are a directory from their first byte are known by the Make field only.
BARE = (
    ("canon", Form(maker="Canon", name="a directory without header", start=0)),
    ("nikon", Form(maker="Nikon", name="Nikon 2: a directory without header", start=0)),
    ("casio", Form(maker="Casio", name="Casio 1: a directory without header", start=0)),
    ("minolta", Form(maker="Minolta", name="a directory without header", start=0)),
    ("sony", Form(maker="Sony", name="a directory without header", start=0)),
    ("dji", Form(maker="DJI", name="a directory without header", start=0)),
    ("hasselblad", Form(maker="Hasselblad", name="a directory without header", start=0)),
    ("samsung", Form(maker="Samsung", name="a directory without header", start=0, base="note")),
    ("flir", Form(maker="FLIR", name="a directory without header", start=0)),
    ("eastman kodak", Form(maker="Kodak", name="fixed fields")),
    ("hewlett-packard", Form(maker="Hewlett-Packard", name="fixed fields")),
    ("leica", Form(maker="Leica", name="a directory without header", start=0)),
    ("pentax", Form(maker="Pentax", name="a directory without header", start=0)),
    ("asahi", Form(maker="Pentax", name="a directory without header", start=0)),
)  # fmt: skip

# Fields that are read: tag to name, by maker.
FIELDS: dict[str, dict[int, str]] = {
    "Canon": {0x0006: "ImageType", 0x0007: "FirmwareVersion", 0x0009: "OwnerName",
              0x000C: "SerialNumber", 0x0010: "ModelID", 0x0096: "InternalSerialNumber"},
    "Nikon": {0x0001: "MakerNoteVersion", 0x001D: "SerialNumber", 0x00A0: "SerialNumber2",
              0x00A7: "ShutterCount"},
    "Olympus": {0x0207: "CameraType", 0x0404: "SerialNumber", 0x101A: "SerialNumber2"},
    "Panasonic": {0x0002: "FirmwareVersion", 0x0025: "InternalSerialNumber",
                  0x0026: "MakerNoteVersion", 0x0029: "TimeSincePowerOn"},
    "Fujifilm": {0x0000: "Version", 0x0010: "InternalSerialNumber"},
    "Pentax": {0x0005: "ModelID", 0x0006: "Date", 0x0007: "Time", 0x0229: "SerialNumber"},
    "Casio": {0x0015: "FirmwareDate", 0x2001: "FirmwareDate2"},
    "Apple": {0x0001: "MakerNoteVersion", 0x0003: "RunTime", 0x0008: "AccelerationVector",
              0x000B: "BurstUUID", 0x0011: "ContentIdentifier", 0x0014: "ImageCaptureType",
              0x0015: "ImageUniqueID", 0x002B: "PhotoIdentifier"},
    "DJI": {0x0001: "Make", 0x0003: "SpeedX", 0x0004: "SpeedY", 0x0005: "SpeedZ",
            0x0006: "Pitch", 0x0007: "Yaw", 0x0008: "Roll", 0x0009: "CameraPitch",
            0x000A: "CameraYaw", 0x000B: "CameraRoll"},
    "Samsung": {0x0003: "ModelID", 0xA001: "FirmwareName", 0xA002: "SerialNumber"},
    "Sigma": {0x0002: "SerialNumber", 0x0017: "FirmwareVersion"},
    "Ricoh": {0x0002: "FirmwareVersion"},
    "Minolta": {0x0000: "MakerNoteVersion"},
    "Sony": {0xB001: "ModelID"},
}  # fmt: skip


# The same for a directory below the main one, by maker and the tag that points to it.
FIELDS_BELOW: dict[tuple[str, int], dict[int, str]] = {
    ("Olympus", 0x2010): {0x0101: "SerialNumber", 0x0102: "InternalSerialNumber",
                          0x0104: "BodyFirmwareVersion"},
}  # fmt: skip


def form_of(head: bytes, make: str | None) -> Form | None:
    """Recognise a note by its first bytes, or else by the Make field of the picture."""
    for form in HEADED:
        if head.startswith(form.magic):
            return form
    word = (make or "").strip().lower()
    return next((form for start, form in BARE if start in word), None)
