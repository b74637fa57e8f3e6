"""Does nothing that a file can hold raise, hang or fill the memory?"""

import io
import json

import numpy as np
import pytest

from imgcheck.provenance import c2pa_presence, encoding, metadata, platform_traces, structure
from tests.benchmarks.provenance import mutate
from tests.provenance import build

FORMATS = ("jpeg", "png", "tiff", "webp", "gif", "bmp", "jp2", "heif", "avif")


def read(data: bytes, form: str) -> None:
    tree = structure(data, format=form)
    save = encoding(data, format=form, structure=tree)
    tags = metadata(data, format=form, structure=tree)
    json.dumps(tags.tags, allow_nan=False).encode("utf-8")
    platform_traces(tree, save, tags, "name.jpg")
    c2pa_presence(tree)


def saved(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    build.picture().save(buffer, form, **options)
    return buffer.getvalue()


def seeds() -> list[tuple[str, bytes]]:
    small = build.jpeg(build.picture(16, 12))
    raw = build.tiff(
        [build.ascii_(0x010F, "Maker"), build.short(0x0112, 1)],
        exif=[build.ascii_(0x9003, "2017:09:08 10:03:11"), (0x9286, 7, b"ASCII\0\0\0hello")],
        gps=[build.ascii_(1, "N"), build.rational(2, (35, 1), (20, 1), (0, 1))],
        thumbnail=small,
    )
    packet = build.xmp("", 'xmp:CreateDate="2017-09-08"')
    marker = build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    rich = build.with_segments(build.with_fbmd(build.jpeg(progressive=True)), marker)
    return [
        ("jpeg", build.jpeg_with_exif(raw, rich)),
        ("png", build.png(build.chunk(b"eXIf", raw), build.chunk(b"tEXt", b"Software\0X"))),
        ("tiff", raw), ("tiff", saved("TIFF")), ("heif", build.heif(raw, packet)),
        ("webp", saved("WEBP", exif=raw, xmp=packet)), ("jp2", saved("JPEG2000")),
        ("gif", saved("GIF", comment=b"hello")), ("bmp", saved("BMP")),
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_random_bytes_and_prefixes_raise_nothing(form: str) -> None:
    rng = np.random.default_rng(11)
    heads = [data[:16] for name, data in seeds() if name == form] or [b""]
    for size in (0, 1, 2, 3, 7, 8, 13, 64, 700):
        for head in (*heads, b""):
            read(head + rng.bytes(size), form)


def test_every_prefix_of_a_rich_jpeg_can_be_read() -> None:
    form, data = seeds()[0]
    for cut in range(0, len(data), 7):
        read(data[:cut], form)


def test_a_thousand_mutations_raise_nothing() -> None:
    rng = np.random.default_rng(12)
    files = seeds()
    for _ in range(1_000):
        form, data = files[int(rng.integers(len(files)))]
        places = [node.offset for node in structure(data, format=form).nodes]
        read(mutate(data, places, rng), form)


def test_counts_of_four_billion_are_observed_and_cost_nothing() -> None:
    data = bytearray(build.tiff([build.ascii_(0x010F, "A long enough maker")]))
    data[8 + 2 + 4 : 8 + 2 + 8] = b"\xff\xff\xff\xff"
    found = metadata(bytes(data), format="tiff")
    assert "IFD0:Make" not in found.tags
    assert {o.kind for o in found.observations} == {"outside"}
