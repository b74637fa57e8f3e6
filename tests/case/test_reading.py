import json
import struct

from imgcheck import provenance
from imgcheck.case import inspect
from imgcheck.imaging import Image
from tests.provenance import build


def tiff_with_nan() -> bytes:
    """Build a 1 x 1 TIFF whose tag 33550 (pixel scale) holds three NaNs."""
    entries = [
        (256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 1),
    ]  # fmt: skip
    at = 10
    ifd_end = at + 2 + 12 * (len(entries) + 1) + 4
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    body += struct.pack("<HHII", 33550, 12, 3, ifd_end)
    head = b"II*\0" + struct.pack("<I", at) + b"\x7f\0"
    directory = struct.pack("<H", len(entries) + 1) + body + struct.pack("<I", 0)
    return head + directory + struct.pack("<3d", *[float("nan")] * 3)


def test_an_inspection_is_strict_json_even_where_a_tag_is_no_number() -> None:
    found = inspect(Image.from_bytes(tiff_with_nan(), name="nan.tif"))
    text = json.dumps(found.to_json(), allow_nan=False)
    assert "nan" in text


class Stranger:
    """Stands for a second reader that reads one field otherwise."""

    def read(self, data: bytes, *, format: str) -> provenance.SecondReading:
        assert format == "jpeg"
        entry = provenance.SecondEntry(group="IFD0", name="Make", value="Faker", tag=0x010F)
        return provenance.SecondReading(version="12.57", entries=(entry,))


def test_a_second_reader_is_asked_only_when_given_and_both_readings_are_kept() -> None:
    block = build.tiff([build.ascii_(0x010F, "Maker")])
    picture = Image.from_bytes(build.jpeg_with_exif(block), name="a.jpg")
    assert inspect(picture).to_json()["second_reader"] is None
    found = inspect(picture, second_reader=Stranger())  # type: ignore[arg-type]
    assert found.metadata.tags["IFD0:Make"] == "Maker"
    (differs,) = found.to_json()["second_reader"]["disagreements"]
    assert (differs["ours"], differs["theirs"]) == ("Maker", "Faker")
    assert differs["their_reader"] == "exiftool 12.57"
