"""Is one EXIF block read the same wherever a container keeps it?"""

import re
import struct

import pytest

from imgcheck.provenance import metadata
from tests.benchmarks.tag_agreement import rewrapped
from tests.provenance import build

BLOCK = build.tiff(
    [build.ascii_(0x010F, "Maker"), build.rational(0x011A, (72, 1)), build.short(0x0112, 6),
     build.ascii_(0x8298, "photographer\0editor")],
    exif=[
        build.ascii_(0x9003, "2017:09:08 10:03:11"), build.rational(0x829A, (1, 160)),
        (0x9286, 7, b"UNICODE\0" + "Grüße".encode("utf-16-le")), (0xA302, 7, bytes(
            (2, 0, 2, 0, 0, 1, 1, 2))), (0x9000, 7, b"0232"),
    ],
    gps=[build.ascii_(1, "N"), build.rational(2, (35, 1), (20, 1), (613, 100)),
         build.ascii_(3, "E"), build.rational(4, (37, 1), (0, 1), (0, 0)),
         (5, 1, b"\1"), build.rational(6, (617, 10))],
    thumbnail=build.jpeg(build.picture(16, 12)),
)  # fmt: skip
WANTED = {
    "IFD0:Make": "Maker", "IFD0:XResolution": 72, "IFD0:Orientation": 6,
    "IFD0:Copyright": "photographer; editor",
    "ExifIFD:DateTimeOriginal": "2017:09:08 10:03:11", "ExifIFD:ExposureTime": 1 / 160,
    "ExifIFD:UserComment": "Grüße", "ExifIFD:CFAPattern": [2, 2, 0, 1, 1, 2],
    "ExifIFD:ExifVersion": "0232", "GPS:GPSLatitude": [35, 20, 6.13],
    "GPS:GPSLongitude": [37, 0, "0/0"], "GPS:GPSAltitudeRef": 1, "GPS:GPSAltitude": 61.7,
}  # fmt: skip
FORMATS = {"png eXIf": "png", "png raw profile": "png", "webp": "webp", "avif": "avif",
           "avif by Pillow": "avif", "heif": "heif"}  # fmt: skip


def check(data: bytes, form: str) -> None:
    found = metadata(data, format=form)
    for name, value in WANTED.items():
        assert found.tags.get(name) == value, name
    assert found.thumbnail is not None
    assert found.gps is not None
    assert found.gps.lat == pytest.approx(35 + 20 / 60 + 6.13 / 3600)
    assert found.gps.altitude_m == pytest.approx(-61.7)


def test_a_jpeg_and_a_bare_tiff_give_the_values() -> None:
    check(build.jpeg_with_exif(BLOCK), "jpeg")
    check(BLOCK, "tiff")


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"avif by Pillow"}))
def test_every_container_gives_the_same_values(kind: str) -> None:
    check(rewrapped(BLOCK, kind), FORMATS[kind])


def test_values_in_an_unpacked_block_have_their_place_in_the_file() -> None:
    data = rewrapped(BLOCK, "webp")
    entry = next(e for e in metadata(data, format="webp").entries if e.name == "Make")
    assert entry.offset is not None
    assert data[entry.offset : entry.offset + 5] == b"Maker"


def test_a_packed_block_gives_values_without_a_place() -> None:
    data = rewrapped(BLOCK, "png raw profile")
    entry = next(e for e in metadata(data, format="png").entries if e.name == "Make")
    assert (entry.value, entry.offset, entry.length) == ("Maker", None, None)


@pytest.mark.parametrize("kind", [1, 2, 7])
def test_a_user_comment_is_text_whatever_type_it_was_copied_as(kind: int) -> None:
    raw = b"ASCII\0\0\0a comment"
    block = build.tiff([build.ascii_(0x010F, "M")], exif=[(0x9286, kind, raw)])
    assert metadata(build.jpeg_with_exif(block), format="jpeg").tags["ExifIFD:UserComment"] == (
        "a comment"
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (struct.pack("<HH", 2, 2) + bytes((2, 1, 1, 0)), [2, 2, 2, 1, 1, 0]),
        (struct.pack(">HH", 2, 2) + bytes((2, 1, 1, 0)), [2, 2, 2, 1, 1, 0]),
        (b"\xff\xff\xff\xff\1\2", [255, 255, 255, 255, 1, 2]),
    ],
)
def test_a_colour_pattern_is_read_in_either_byte_order(raw: bytes, value: list[int]) -> None:
    block = build.tiff([], exif=[(0xA302, 7, raw)])
    assert metadata(build.jpeg_with_exif(block), format="jpeg").tags["ExifIFD:CFAPattern"] == value


def test_pillow_moves_a_block_into_avif_with_types_of_its_own() -> None:
    """What Pillow writes anew keeps its values; a BYTE comment is the case that was missed."""
    pytest.importorskip("PIL._avif")
    data = rewrapped(BLOCK, "avif by Pillow")
    assert re.search(rb"ftypavi[fs]", data)
    tags = metadata(data, format="avif").tags
    for name in ("IFD0:Make", "ExifIFD:UserComment", "ExifIFD:DateTimeOriginal"):
        assert tags[name] == WANTED[name]
