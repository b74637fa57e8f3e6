"""Which part of a file is the picture: not a reduced copy, and not what stands before it."""

import struct
from itertools import pairwise

import numpy as np
import pytest

from imgcheck.errors import RefusedError
from imgcheck.imaging import Image
from imgcheck.imaging.intake import sniff
from imgcheck.provenance import metadata
from tests.imaging.files import encode, geotiff, scene

SMALL, LARGE = scene(40, 30), scene(160, 120, seed=3)
Tag = tuple[int, int, list[int]]  # tag, type (3 or 4), values


def reduced(value: int = 1) -> list[Tag]:
    return [(254, 4, [value])]


def tiff(pages: list[tuple[np.ndarray, list[Tag], str]], *, below: int | None = None) -> bytes:
    """Write uncompressed pages with these tags and a date; ``below`` hangs that page under 330."""
    body = bytearray(b"II*\0\0\0\0\0")
    starts: list[int] = []
    links: list[int] = []
    sub = 0
    for number, (array, more, date) in enumerate(pages):
        pixels = len(body)
        body += array.tobytes()
        stamp = len(body)
        body += date.encode() + b"\0"
        body += b"\0" * (len(body) % 2)
        wide = len(body)
        body += struct.pack("<3H", 8, 8, 8)
        tags = [(256, 3, 1, array.shape[1]), (257, 3, 1, array.shape[0]), (258, 3, 3, wide),
                (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, pixels), (277, 3, 1, 3),
                (278, 3, 1, array.shape[0]), (279, 4, 1, array.nbytes),
                (306, 2, len(date) + 1, stamp)]  # fmt: skip
        tags += [(tag, kind, 1, values[0]) for tag, kind, values in more]
        if below is not None and number == 0:
            tags.append((330, 4, 1, 0))
        starts.append(len(body))
        body += struct.pack("<H", len(tags))
        for tag, kind, count, value in sorted(tags):
            if tag == 330:
                sub = len(body) + 8
            body += struct.pack("<HHII", tag, kind, count, value)
        links.append(len(body))
        body += b"\0\0\0\0"
    struct.pack_into("<I", body, 4, starts[0])
    chain = [n for n in range(len(pages)) if n != below]
    for here, following in pairwise(chain):
        struct.pack_into("<I", body, links[here], starts[following])
    if below is not None:
        struct.pack_into("<I", body, sub, starts[below])
    return bytes(body)


OLD, NEW = "2001:01:01 00:00:01", "2017:09:10 12:00:00"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("flagged", tiff([(SMALL, reduced(), OLD), (LARGE, reduced(0), NEW)])),
        ("no flag on the second", tiff([(SMALL, reduced(), OLD), (LARGE, [], NEW)])),
        ("a mask", tiff([(SMALL, reduced(4), OLD), (LARGE, [], NEW)])),
        ("two copies", tiff([(SMALL, reduced(), OLD), (SMALL, reduced(), OLD), (LARGE, [], NEW)])),
        ("the old tag", tiff([(SMALL, [(255, 3, [2])], OLD), (LARGE, [(255, 3, [1])], NEW)])),
        ("below", tiff([(SMALL, reduced(), OLD), (LARGE, [], NEW)], below=1)),
    ],
)
def test_the_picture_is_the_directory_that_is_no_reduced_copy(name: str, data: bytes) -> None:
    image = Image.from_bytes(data, name="a.tif")
    assert (image.width, image.height, image.header.frames) == (160, 120, 1)
    assert np.array_equal(image.rgb(), LARGE)
    assert np.array_equal(image.read((10, 20, 30, 40))[:, 0, 0], LARGE[20, 10])
    assert image.damage == ()
    found = metadata(data, format="tiff")
    assert any("reduced copy" in one.message for one in found.observations)


@pytest.mark.parametrize(
    "data",
    [
        tiff([(LARGE, [], NEW), (SMALL, reduced(), OLD)]),
        tiff([(LARGE, reduced(), NEW), (SMALL, reduced(), OLD)]),  # none is said to be whole
        tiff([(LARGE, reduced(2), NEW), (SMALL, [], OLD)]),  # a page of several is no copy
    ],
)
def test_the_first_directory_is_the_picture_otherwise(data: bytes) -> None:
    image = Image.from_bytes(data, name="a.tif")
    assert (image.width, image.height) == (160, 120)
    assert np.array_equal(image.rgb(), LARGE)
    found = metadata(data, format="tiff")
    assert not any("reduced copy" in one.message for one in found.observations)


def test_the_tags_of_the_picture_fill_what_the_reduced_copy_lacks() -> None:
    data = tiff([(SMALL, reduced(), "    :  :     :  :  "), (LARGE, [(271, 2, [65])], NEW)])
    found = metadata(data, format="tiff")
    assert found.make == "A"
    assert found.tags["IFD0:ImageWidth"] == 40  # names stay those of the directories
    assert found.tags["IFD1:ImageWidth"] == 160


LEADS = {
    "newline": b"\r\n", "zeros": bytes(100), "byte order mark": b"\xef\xbb\xbf",
    "an HTTP header": b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n",
    "a page": b"<html>", "binary": bytes(range(1, 60)),
}  # fmt: skip


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("lead", LEADS.values(), ids=LEADS)
def test_bytes_before_a_picture_are_named_with_their_number(form: str, lead: bytes) -> None:
    words = {"jpeg": "a JPEG", "png": "a PNG", "webp": "a WebP", "gif": "a GIF"}[form]
    with pytest.raises(RefusedError, match=f"{words} begins at byte {len(lead)}; "):
        Image.from_bytes(lead + encode(LARGE, form), name="a")


def test_a_picture_inside_a_document_of_another_kind_is_not_offered() -> None:
    for magic in (b"PK\x03\x04", b"%PDF-1.4\n"):
        with pytest.raises(RefusedError) as caught:
            sniff(magic + encode(SMALL, "jpeg"))
        assert "begins at byte" not in str(caught.value)


def with_copy_in_front(data: bytes, small: np.ndarray) -> bytes:
    """Put a directory that is flagged as a reduced copy before the first one of a TIFF."""
    mark, big = "<", data[2] == 43
    (first,) = struct.unpack_from("<Q" if big else "<I", data, 8 if big else 4)
    body = bytearray(data + b"\0" * (len(data) % 2))
    pixels = len(body)
    body += small.tobytes()
    tags = [(254, 1), (256, small.shape[1]), (257, small.shape[0]), (258, 8), (259, 1), (262, 1),
            (273, pixels), (277, 1), (278, small.shape[0]), (279, small.nbytes)]  # fmt: skip
    start = len(body)
    body += struct.pack(f"{mark}{'Q' if big else 'H'}", len(tags))
    for tag, value in tags:
        body += struct.pack(f"{mark}HH{'QQ' if big else 'II'}", tag, 4, 1, value)
    body += struct.pack(f"{mark}{'Q' if big else 'I'}", first)
    struct.pack_into("<Q" if big else "<I", body, 8 if big else 4, start)
    return bytes(body)


@pytest.mark.parametrize("big", ["NO", "YES"])
def test_place_and_bands_are_those_of_the_full_picture(big: str) -> None:
    plain = geotiff(np.moveaxis(LARGE, -1, 0), BIGTIFF=big)
    expected = Image.from_bytes(plain, name="a.tif")
    image = Image.from_bytes(with_copy_in_front(plain, SMALL[..., 0]), name="a.tif")
    assert (image.width, image.height, image.header.bands) == (160, 120, 3)
    assert image.georeference == expected.georeference
    assert image.georeference is not None
    assert np.array_equal(image.rgb(), expected.rgb())
    assert image.damage == ()
    found = metadata(image.data, format="tiff")
    assert found.georeference is not None
    assert found.georeference.crs == "EPSG:32637"
