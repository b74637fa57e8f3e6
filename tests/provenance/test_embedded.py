"""Are the pictures inside a file, and what its indexes say of them, found to the byte?"""

import io
import json
import struct
import zlib
from dataclasses import asdict

import numpy as np
import pytest

from imgcheck.imaging import Image
from imgcheck.imaging.containers import mpf_words, read_mpf, structure
from imgcheck.provenance import (
    Agreement,
    EmbeddedPicture,
    GainMap,
    NotCompared,
    compare_embedded,
    embedded_pictures,
    gain_map_words,
    metadata,
    read_gain_map,
)
from tests.provenance import build, build_fbmd

SMALL = build.jpeg(build.picture(40, 30, 2))
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def kinds(data: bytes, form: str = "jpeg") -> set[str]:
    return {seen.kind for seen in structure(data, format=form).observations}


def listed(data: bytes, form: str = "jpeg") -> tuple[EmbeddedPicture, ...]:
    found = embedded_pictures(data, format=form)
    for one in found:
        if one.offset is not None:
            assert data[one.offset : one.offset + one.length] == one.content
    return found


def with_index(
    *pictures: bytes, code: int = 0x010001, shift: int = 0, grow: int = 0, mark: str = "<"
) -> bytes:
    """Put pictures behind a JPEG, and an MPF index that lists them before it."""
    entries = bytes(16 * (len(pictures) + 1))
    for _ in range(2):  # the second time the places are known
        block = build.tiff(
            [(0xB000, 7, b"0100"), build.long(0xB001, len(pictures) + 1, mark=mark),
             (0xB002, 7, entries)], mark=mark,
        )  # fmt: skip
        primary = build.with_segments(build.jpeg(), build.segment(0xE2, b"MPF\0" + block))
        base = primary.index(b"MPF\0") + 4
        rows = [struct.pack(f"{mark}IIIHH", 0x20030000, len(primary), 0, 0, 0)]
        place = len(primary)
        for picture in pictures:
            rows.append(struct.pack(f"{mark}IIIHH", 0x40000000 | code, len(picture) + grow,
                                    place - base + shift, 0, 0))  # fmt: skip
            place += len(picture)
        entries = b"".join(rows)
    return primary + b"".join(pictures)


@pytest.mark.parametrize("mark", "<>")
def test_the_pictures_of_an_index_are_found_where_it_says(mark: str) -> None:
    other = build.jpeg(build.picture(64, 48, 3))
    data = with_index(SMALL, other, mark=mark)
    index = read_mpf(data, structure=structure(data, format="jpeg"))
    assert index is not None
    assert [entry.state for entry in index.entries] == ["primary", "found", "found"]
    assert index.stated == 3
    assert data[index.entries[2].offset :] == other
    assert "offset-failed" not in kinds(data)
    assert [one.content for one in listed(data)] == [SMALL, other]
    assert {one.source for one in listed(data)} == {"MPF"}
    node = next(n for n in structure(data, format="jpeg").nodes if n.note == "MPF")
    assert [child.kind for child in node.children] == ["MP header"] + 3 * ["MP entry"]


@pytest.mark.parametrize(("options", "state"), [
    ({"shift": -7}, "no picture"), ({"grow": 5_000}, "outside"), ({"shift": 1 << 30}, "outside"),
])  # fmt: skip
def test_an_index_whose_offsets_fail_is_observed(options: dict[str, int], state: str) -> None:
    data = with_index(SMALL, **options)
    index = read_mpf(data, structure=structure(data, format="jpeg"))
    assert index is not None
    assert index.entries[1].state == state
    assert index.failed == 1
    seen = [o for o in structure(data, format="jpeg").observations if o.kind == "offset-failed"]
    assert [o.offset for o in seen] == [index.entries[1].place]
    assert len(mpf_words(index)) >= 3


def test_a_picture_cut_after_its_index_was_written_fails_its_length() -> None:
    data = with_index(SMALL)
    tagged = data[:2] + build.segment(0xE1, b"Exif\0\0more") + data[2:]
    index = read_mpf(tagged, structure=structure(tagged, format="jpeg"))
    assert index is not None
    assert index.entries[0].state == "primary length differs"
    # Places are counted from the header of the index, which moved with them.
    assert index.entries[1].state == "found"


def test_thumbnails_of_exif_jfif_jfxx_and_photoshop_are_listed() -> None:
    raw = build.tiff([build.short(0x0112, 1)], thumbnail=SMALL)
    pixels = bytes(range(27)) * 4
    jfif = build.segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1" + bytes((6, 6)) + pixels)
    jfxx = build.segment(0xE0, b"JFXX\0\x10" + SMALL)
    header = struct.pack(">IIIIIIHH", 1, 40, 30, 120, 3600, len(SMALL), 24, 1)
    photoshop = build.segment(0xED, b"Photoshop 3.0\0" + build.resource(0x040C, header + SMALL))
    exif = build.segment(0xE1, b"Exif\0\0" + raw)
    data = build.with_segments(build.jpeg(), jfif, jfxx, exif, photoshop)
    found = listed(data)
    assert [one.source for one in found] == ["JFIF", "JFXX", "IFD1", "Photoshop"]
    assert [(one.width, one.height) for one in found] == [(6, 6), (40, 30), (40, 30), (40, 30)]
    assert found[0].content == pixels
    assert all(one.content == SMALL for one in found[1:])
    assert "content" not in found[0].described()


def test_a_thumbnail_in_a_compressed_block_has_no_place_in_the_file() -> None:
    raw = build.tiff([build.short(0x0112, 1)], thumbnail=SMALL)
    png = build.png(build.chunk(b"eXIf", raw))
    assert listed(png, "png")[0].content == SMALL
    text = f"\nexif\n{len(raw)}\n{raw.hex()}\n".encode()
    packed = build.chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    found = listed(build.png(packed), "png")
    assert [(one.offset, one.content) for one in found] == [(None, SMALL)]


def test_an_uncompressed_thumbnail_and_a_reduced_page_are_listed() -> None:
    pixels = bytes(range(192))
    ifd1 = [build.short(0x0100, 8), build.short(0x0101, 8), build.short(0x0103, 1),
            build.short(0x0106, 2), build.long(0x0111, 300), build.long(0x0117, 192)]  # fmt: skip
    block = build.tiff([build.short(0x0112, 1)], ifd1=ifd1).ljust(300, b"\0") + pixels
    found = listed(build.jpeg_with_exif(block))
    assert [(one.encoding, one.width, one.content) for one in found] == [("rgb", 8, pixels)]


def test_a_pointer_past_the_end_gives_a_short_picture_or_none() -> None:
    raw = build.tiff([build.short(0x0112, 1)], thumbnail=SMALL)
    cut = build.jpeg_with_exif(raw[:-50])
    assert listed(cut)[0].length == len(SMALL) - 50
    assert listed(cut)[0].stated_length == len(SMALL)
    assert listed(build.jpeg_with_exif(raw[: -len(SMALL)])) == ()


def gain_map(data: bytes) -> GainMap | None:
    tree = structure(data, format="jpeg")
    xmp = metadata(data, format="jpeg", structure=tree).xmp
    return read_gain_map(data, structure=tree, xmp=xmp)


def gained(stated: int | None = None, kind: bytes = b"") -> bytes:
    inner = build.with_segments(SMALL, *([build.segment(0xE2, kind)] if kind else []))
    length = len(inner) if stated is None else stated
    return build.with_segments(build.jpeg(), build_fbmd.directory_xmp(length)) + inner


def test_a_gain_map_is_found_by_its_place_in_xmp() -> None:
    data = gained()
    found = gain_map(data)
    assert found is not None
    assert (found.state, found.kinds) == ("present", ("Ultra HDR",))
    assert found.place == (len(data) - len(SMALL), len(SMALL))
    assert found.stated_length == len(SMALL)


@pytest.mark.parametrize(("data", "state"), [
    (gained()[: -len(SMALL)], "removed"),
    (gained()[: -len(SMALL)] + b"\xff\xd9", "removed"),
    (gained(stated=len(SMALL) - 9), "length differs"),
    (build.jpeg() + build.with_segments(
        SMALL, build.segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")), "not announced"),
])  # fmt: skip
def test_a_gain_map_that_does_not_fit_is_reported(data: bytes, state: str) -> None:
    found = gain_map(data)
    assert found is not None
    assert found.state == state
    assert gain_map_words(found)


def test_apples_gain_map_is_known_by_the_xmp_of_the_second_picture() -> None:
    packet = build.xmp("<x:AuxiliaryImageType xmlns:x='u'>urn:com:apple:photo:2020:aux:hdrgainmap"
                       "</x:AuxiliaryImageType>")  # fmt: skip
    data = build.jpeg() + build.with_segments(SMALL, build.segment(0xE1, XMP_HEAD + packet))
    found = gain_map(data)
    assert found is not None
    assert found.kinds == ("Apple",)


def film(size: int = 64) -> bytes:
    return build.box(b"ftyp", b"mp42\0\0\0\0isom") + build.box(b"mdat", bytes(range(size)))


def test_the_film_of_a_motion_photo_is_found_behind_the_picture() -> None:
    last = structure(build.jpeg() + film(), format="jpeg").nodes[-1]
    assert [(part.kind, part.length) for part in last.children] == [("MP4", len(film()))]


def test_a_trailer_is_taken_apart_without_a_gap() -> None:
    png = io.BytesIO()
    build.picture().save(png, "PNG")
    tails = [bytes(300), SMALL, b"\xff\xd9", png.getvalue(), bytes(40), film(),
             b"a plain text " * 9, SMALL, b"PK\x03\x04 and so on"]  # fmt: skip
    data = build.jpeg() + b"".join(tails)
    last = structure(data, format="jpeg").nodes[-1]
    assert [part.kind for part in last.children] == [
        "padding", "JPEG", "EOI", "PNG", "padding", "MP4", "text", "JPEG", "ZIP"]  # fmt: skip
    assert [part.length for part in last.children] == [len(tail) for tail in tails]
    assert last.children[0].offset == len(build.jpeg())


def test_samsungs_block_is_read_from_its_end() -> None:
    entry = struct.pack("<HHI", 0, 0x0A01, 14) + b"Image_UTC_Data" + b"1504864991000"
    head = struct.pack("<4sIIHHII", b"SEFH", 106, 1, 0, 0x0A01, len(entry), len(entry))
    block = entry + head + struct.pack("<I4s", len(head), b"SEFT")
    data = build.jpeg() + SMALL + block
    last = structure(data, format="jpeg").nodes[-1]
    assert [part.kind for part in last.children] == ["JPEG", "Samsung trailer"]
    assert [part.note for part in last.children[1].children] == ["Image_UTC_Data"]
    assert "offset-failed" not in kinds(data)
    broken = data[:-8] + struct.pack("<I4s", 9_999, b"SEFT")
    assert "offset-failed" in kinds(broken)


def test_a_flipped_bit_inside_a_scan_does_not_hide_the_rest() -> None:
    data = bytearray(build.jpeg(build.picture(200, 160, 4), quality=95, progressive=True))
    tree = structure(bytes(data), format="jpeg")
    scan = next(node for node in tree.nodes if node.kind == "scan")
    data[scan.offset + 20 : scan.offset + 22] = b"\xff\x41"
    changed = structure(bytes(data), format="jpeg")
    assert [node.offset for node in changed.nodes] == [node.offset for node in tree.nodes]
    assert [o.offset for o in changed.observations] == [scan.offset + 20]


@pytest.mark.parametrize("inner", [
    "<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>&lt;VRTDataset&gt;</rdf:li></rdf:Bag>"
    "</dc:subject>",
    "<broken <VRTDataset>",
])  # fmt: skip
def test_script_like_text_in_xmp_is_observed_even_in_a_broken_packet(inner: str) -> None:
    packet = build.xmp("INNER").replace(b"INNER", inner.encode())
    data = build.with_segments(build.jpeg(), build.segment(0xE1, XMP_HEAD + packet))
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)
    assert "script-text" in {o.kind for o in (*tree.observations, *tags.observations)}


@pytest.mark.slow
def test_garbage_gives_lists_and_no_exception() -> None:
    rng = np.random.default_rng(8)
    rich = with_index(SMALL, SMALL) + bytes(9) + film() + gained()
    for _ in range(400):
        data = bytearray(rich)
        for place in rng.integers(0, len(data), 6):
            data[place] = rng.integers(256)
        data = data[: int(rng.integers(2, len(data)))]
        tree = structure(bytes(data), format="jpeg")
        listed(bytes(data))
        read_mpf(bytes(data), structure=tree)
        gain_map(bytes(data))


def heif_with_thumbnail(content: bytes) -> bytes:
    """Make a HEIF skeleton: item 1 is the picture, 2 its thumbnail, 3 an auxiliary picture."""
    heads = (struct.pack(">IHH4s", 0x02000000, n, 0, b"hvc1") for n in (1, 2, 3))
    names = b"".join(build.box(b"infe", head + b"\0") for head in heads)
    refs = build.box(b"thmb", struct.pack(">HHH", 2, 1, 1))
    refs += build.box(b"auxl", struct.pack(">HHH", 3, 1, 1))
    sizes = b"".join(
        build.box(b"ispe", struct.pack(">III", 0, *size)) for size in ((640, 480), (160, 120))
    )
    kind = build.box(b"auxC", b"\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0")
    owners = b"".join(struct.pack(">HBB", n, 1, p) for n, p in ((1, 1), (2, 2), (3, 3)))
    ipma = build.box(b"ipma", struct.pack(">II", 0, 3) + owners)
    iprp = build.box(b"iprp", build.box(b"ipco", sizes + kind) + ipma)

    def whole(start: int) -> bytes:
        places = [(1, start, 10), (2, start + 10, len(content)), (3, start + 10 + len(content), 4)]
        rows = b"".join(struct.pack(">HHHII", n, 0, 1, o, size) for n, o, size in places)
        iinf = build.box(b"iinf", struct.pack(">IH", 0, 3) + names)
        iloc = build.box(b"iloc", struct.pack(">IHH", 0, 0x4400, 3) + rows)
        iref = build.box(b"iref", b"\0\0\0\0" + refs)
        return build.box(b"ftyp", b"heic\0\0\0\0mif1") + build.box(
            b"meta", b"\0\0\0\0" + iinf + iref + iprp + iloc
        )

    return whole(len(whole(0)) + 8) + build.box(b"mdat", bytes(10) + content + b"gain")


def test_the_thumbnail_and_the_auxiliary_picture_of_a_heif_are_listed_with_their_sizes() -> None:
    found = listed(heif_with_thumbnail(b"thumbnail bytes"), "heif")
    assert [(one.source, one.content) for one in found] == [
        ("HEIF thumbnail", b"thumbnail bytes"), ("HEIF auxiliary", b"gain")]  # fmt: skip
    assert (found[0].width, found[0].height, found[0].encoding) == (160, 120, "hevc")
    assert found[1].role.endswith("hdrgainmap")


def test_the_reduced_page_of_a_tiff_is_listed() -> None:
    pixels = bytes(range(48))
    page = [build.long(0x00FE, 1), build.short(0x0100, 4), build.short(0x0101, 4),
            build.short(0x0103, 1), build.short(0x0106, 2), build.long(0x0111, 400),
            build.long(0x0117, 48)]  # fmt: skip
    data = build.tiff([build.short(0x0100, 8)], ifd1=page).ljust(400, b"\0") + pixels
    found = listed(data, "tiff")
    assert [(one.source, one.role, one.content) for one in found] == [("IFD1", "thumbnail", pixels)]


def test_every_embedded_picture_is_compared_with_the_main_one() -> None:
    whole = build_fbmd.texture(800, 600, 5)
    tiny = whole.resize((160, 120))
    block = build.tiff([build.short(0x0112, 6)], thumbnail=build.jpeg(tiny))
    raw = whole.resize((60, 45)).tobytes()
    jfxx = build.segment(0xE0, b"JFXX\0\x13" + bytes((60, 45)) + raw)
    exif = build.segment(0xE1, b"Exif\0\0" + block)
    cut = whole.crop((100, 80, 600, 480))
    for main, kind in ((whole, "same"), (cut, "cropped"), (whole.rotate(180), "rotated")):
        image = Image.from_bytes(build.with_segments(build.jpeg(main), jfxx, exif))
        # The orientation tag turns the view, not what is stored: thumbnails stay the same.
        assert image.header.orientation == 6
        tree = structure(image.data, format="jpeg")
        found = compare_embedded(image, structure=tree)
        assert [one.result.kind for one in found if isinstance(one.result, Agreement)] == [
            kind,
            kind,
        ]
        json.dumps([asdict(one) for one in found], allow_nan=False)


def test_what_cannot_be_decoded_or_is_no_copy_is_said_to_be_so() -> None:
    image = Image.from_bytes(with_index(build.jpeg(), code=0x020002))
    found = compare_embedded(image, structure=structure(image.data, format="jpeg"))
    assert [one.result for one in found] == [
        NotCompared("it is not meant as a copy of the picture")
    ]
    broken = build.tiff([build.short(0x0112, 1)], thumbnail=SMALL[:40] + bytes(40))
    image = Image.from_bytes(build.jpeg_with_exif(broken))
    found = compare_embedded(image, structure=structure(image.data, format="jpeg"))
    assert [one.result for one in found] == [NotCompared("it cannot be decoded")]
