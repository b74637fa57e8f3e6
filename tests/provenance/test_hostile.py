"""Does nothing that a file can hold raise, hang or fill the memory?"""

import io
import json
import time

import numpy as np
import pytest

from imgcheck.forensics import encoding
from imgcheck.imaging.containers import structure
from imgcheck.provenance import c2pa_presence, metadata, platform_traces
from tests.benchmarks.provenance import mutate
from tests.provenance import build, test_declared, test_maker_notes

FORMATS = ("jpeg", "png", "tiff", "webp", "gif", "bmp", "jp2", "heif", "avif")


def read(data: bytes, form: str) -> None:
    tree = structure(data, format=form)
    save = encoding(data, structure=tree)
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
    drone = build.xmp(
        "<xmpMM:History><rdf:Seq><rdf:li stEvt:action='saved'/></rdf:Seq></xmpMM:History>",
        'dd:GpsLatitude="1e999999999" dd:GimbalYawDegree="-48.60" dd:RtkFlag="50"',
    )
    canon = test_maker_notes.with_note(
        "Canon", lambda at: test_maker_notes.directory(test_maker_notes.CANON, at, shift=40)
    )
    keys = [1, 1, 0, 3, 1024, 0, 1, 1, 1026, 34737, 21, 0, 3072, 0, 1, 26914]
    clock = b"bplist00" + bytes(range(60))
    apple = b"Apple iOS\0\0\x01MM" + test_maker_notes.directory([(3, 7, clock)], 14, ">")
    return [
        ("jpeg", canon), ("tiff", test_declared.geotiff(keys)),
        ("jpeg", test_maker_notes.with_note("Apple", lambda at: apple)),
        ("jpeg", build.with_segments(
            build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + drone))),
        ("png", test_declared.text("parameters", test_declared.A1111)),
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


@pytest.mark.slow
def test_every_prefix_of_a_rich_jpeg_can_be_read() -> None:
    form, data = seeds()[5]
    for cut in range(0, len(data), 7):
        read(data[:cut], form)


def test_texts_made_to_waste_time_are_read_at_once() -> None:
    texts = ('"app_version"' * 300, "Negative prompt: " * 240, '"model" : {' * 400,
             "Steps: " + "1" * 4000, " " * 4000 + "Model: ")  # fmt: skip
    chunks = [build.chunk(b"tEXt", f"k{i}\0{texts[i % 5]}".encode()) for i in range(400)]
    start = time.process_time()
    read(build.png(*chunks), "png")
    assert time.process_time() - start < 2  # a bound on hanging, not a measure of speed


def test_numbers_with_huge_exponents_are_no_numbers() -> None:
    for written in ("1e999999999", "9" * 59, "1/0", "1e5/" + "0" * 20, "0x10", "1_000", "-"):
        data = build.with_segments(
            build.jpeg(),
            build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0"
                          + build.xmp("", f'dd:GpsLatitude="{written}" dd:RtkFlag="{written}"')),
        )  # fmt: skip
        assert metadata(data, format="jpeg").pose is None


@pytest.mark.slow
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
