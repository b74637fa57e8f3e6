"""Does the walk name every part of a file, and what is odd in it?"""

import io
import struct

import pytest
from PIL import Image

from imgcheck.imaging import Image as CheckedImage
from imgcheck.imaging.containers import Structure, structure
from imgcheck.imaging.containers.tree import MAX_NODES
from tests.provenance import build


def kinds(tree: Structure) -> list[str]:
    return [node.kind for node in tree.nodes]


def seen(tree: Structure) -> set[str]:
    return {observation.kind for observation in tree.observations}


def test_a_baseline_jpeg_is_walked_from_soi_to_eoi_without_a_gap() -> None:
    data = build.jpeg(quality=80)
    tree = structure(data, format="jpeg")
    assert kinds(tree)[:2] == ["SOI", "APP0"]
    assert kinds(tree)[-3:] == ["SOS", "scan", "EOI"]
    assert not tree.observations
    position = 0
    for node in tree.nodes:
        assert node.offset == position
        position += node.length
    assert position == len(data)


def test_a_progressive_jpeg_shows_every_scan() -> None:
    tree = structure(build.jpeg(progressive=True), format="jpeg")
    assert "SOF2" in kinds(tree)
    assert kinds(tree).count("SOS") == kinds(tree).count("scan") == 10


def test_restart_markers_and_stuffed_bytes_do_not_end_a_scan() -> None:
    data = build.jpeg(build.picture(256, 256, 3), quality=98, restart_marker_rows=1)
    tree = structure(data, format="jpeg")
    assert "DRI" in kinds(tree)
    assert kinds(tree).count("scan") == 1


def test_fill_bytes_before_a_marker_are_no_garbage() -> None:
    data = build.jpeg()
    tree = structure(data[:2] + b"\xff\xff\xff" + data[2:], format="jpeg")
    assert not tree.observations
    assert tree.nodes[1].offset == 5


def test_every_application_segment_is_named_by_its_identifier() -> None:
    data = build.with_segments(
        build.jpeg(),
        build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
        build.segment(0xE2, b"MPF\0II*\0"),
        build.segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb\0\0\0\x18jumdc2pa"),
        build.segment(0xE5, b"Odd\x1b[31m\0rest"),
    )
    notes = [node.note for node in structure(data, format="jpeg").nodes[1:5]]
    assert notes == ["XMP", "MPF", "JUMBF c2pa", "Odd.[31m"]


def test_a_trailer_with_a_second_jpeg_is_placed_to_the_byte() -> None:
    data = build.jpeg()
    tree = structure(data + b"pad." + build.jpeg(), format="jpeg")
    trailer = next(o for o in tree.observations if o.kind == "trailer")
    second = next(o for o in tree.observations if o.kind == "second-image")
    assert trailer.offset == len(data)
    assert second.offset == len(data) + 4


def test_padding_after_the_end_is_called_padding() -> None:
    tree = structure(build.jpeg() + bytes(64), format="jpeg")
    assert tree.nodes[-1].note == "padding"
    assert seen(tree) == {"trailer"}


@pytest.mark.parametrize("cut", [3, 10, 200, -1])
def test_a_cut_jpeg_is_truncated_and_the_rest_is_there(cut: int) -> None:
    tree = structure(build.jpeg()[:cut], format="jpeg")
    assert "truncated" in seen(tree)
    assert kinds(tree)[0] == "SOI"


def test_a_driver_description_in_a_comment_is_pointed_out() -> None:
    text = b"<VRTDataset rasterXSize='1'>"
    data = build.with_segments(build.jpeg(), build.segment(0xFE, text))
    found = structure(data, format="jpeg").observations
    assert [o.kind for o in found] == ["script-text"]
    assert found[0].offset == 6


def test_png_chunks_are_named_and_a_wrong_crc_is_placed() -> None:
    data = build.png(build.chunk(b"tEXt", b"Comment\0hello"))
    tree = structure(data, format="png")
    assert kinds(tree) == ["signature", "IHDR", "tEXt", "IDAT", "IEND"]
    assert not tree.observations
    broken = bytearray(data)
    broken[33 + 12] ^= 1
    tree = structure(bytes(broken), format="png")
    assert [(o.kind, o.offset) for o in tree.observations] == [("checksum", 33)]


def test_a_run_of_idat_chunks_is_one_node() -> None:
    data = build.png(*[build.chunk(b"IDAT", b"")] * 40_000)
    tree = structure(data, format="png")
    assert kinds(tree) == ["signature", "IHDR", "IDAT", "IEND"]
    assert tree.nodes[2].note == "40001 chunks"


def test_a_png_cut_in_a_chunk_and_one_with_a_zip_behind_it() -> None:
    data = build.png()
    assert "truncated" in seen(structure(data[:-20], format="png"))
    assert {"trailer", "second-file"} <= seen(structure(data + b"PK\x03\x04zip", format="png"))


def test_webp_chunks_are_children_of_the_riff_chunk() -> None:
    buffer = io.BytesIO()
    build.picture().save(buffer, "WEBP", exif=build.tiff([build.ascii_(0x010F, "Maker")]))
    data = buffer.getvalue()
    tree = structure(data, format="webp")
    assert tree.nodes[0].children[0].kind == "VP8X"
    assert "EXIF" in [node.kind for node in tree.nodes[0].children]
    assert not tree.observations
    assert "truncated" in seen(structure(data[:-9], format="webp"))


def test_gif_blocks_with_comment_and_trailer() -> None:
    buffer = io.BytesIO()
    frames = [build.picture(seed=seed, mode="P") for seed in range(3)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], comment=b"hello")
    tree = structure(buffer.getvalue(), format="gif")
    assert kinds(tree).count("image") == 3
    assert "comment" in kinds(tree)
    assert kinds(tree)[-1] == "end"
    assert not tree.observations
    assert "truncated" in seen(structure(buffer.getvalue()[:-30], format="gif"))


def test_boxes_nest_and_a_box_larger_than_its_parent_is_observed() -> None:
    data = build.heif(build.tiff([build.ascii_(0x010F, "Maker")]))
    tree = structure(data, format="heif")
    assert kinds(tree) == ["ftyp", "meta", "mdat"]
    assert [node.kind for node in tree.nodes[1].children] == ["iinf", "iloc"]
    assert [node.note for node in tree.nodes[1].children[0].children] == ["Exif", "mime"]
    assert not tree.observations
    assert "truncated" in seen(structure(data[:-5], format="heif"))


def test_boxes_nested_a_thousand_deep_are_walked_to_a_limit() -> None:
    data = b""
    for _ in range(1_000):
        data = build.box(b"moov", data)
    tree = structure(build.box(b"ftyp", b"heic") + data, format="heif")
    depth, node = 0, tree.nodes[1]
    while node.children:
        depth, node = depth + 1, node.children[0]
    assert 3 < depth < 50


def test_jpeg_2000_boxes_and_a_bare_codestream() -> None:
    buffer = io.BytesIO()
    build.picture().save(buffer, "JPEG2000")
    tree = structure(buffer.getvalue(), format="jp2")
    assert "jp2c" in kinds(tree)
    assert not tree.observations
    bare = structure(b"\xff\x4f\xff\x51" + bytes(20), format="jp2")
    assert kinds(bare) == ["codestream"]


def test_bmp_headers_and_bytes_after_the_declared_size() -> None:
    buffer = io.BytesIO()
    build.picture().save(buffer, "BMP")
    assert not structure(buffer.getvalue(), format="bmp").observations
    assert "trailer" in seen(structure(buffer.getvalue() + b"more", format="bmp"))


def test_tiff_directories_hold_their_fields() -> None:
    data = build.tiff(
        [build.short(0x0100, 5), build.ascii_(0x010F, "Maker")],
        exif=[build.ascii_(0x9003, "2017:09:08 10:00:00")],
    )
    tree = structure(data, format="tiff")
    assert kinds(tree) == ["header", "IFD0", "ExifIFD"]
    assert tree.nodes[1].children[0].kind == "0x0100"
    assert not tree.observations


def test_a_directory_chain_that_bites_its_tail_ends() -> None:
    data = bytearray(build.tiff([build.short(0x0100, 5)]))
    struct.pack_into("<I", data, 8 + 2 + 12, 8)
    tree = structure(bytes(data), format="tiff")
    assert seen(tree) == {"loop"}
    assert kinds(tree) == ["header", "IFD0"]


def test_big_tiff_is_read() -> None:
    entry = struct.pack("<HHQ", 0x0100, 3, 1) + struct.pack("<H6x", 77)
    data = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<Q", 1) + entry + bytes(8)
    tree = structure(data, format="tiff")
    assert tree.nodes[0].note.startswith("BigTIFF")
    assert tree.nodes[1].children[0].kind == "0x0100"


def test_strips_that_lie_past_the_end_are_counted() -> None:
    data = build.tiff([build.long(0x0111, 8, 9_000), build.long(0x0117, 4, 50)])
    message = structure(data, format="tiff").observations[0].message
    assert "1 of 2 strips" in message


def test_a_real_tiff_of_three_pages_has_three_directories() -> None:
    buffer = io.BytesIO()
    pages = [Image.new("L", (9, 9), shade) for shade in (0, 90, 200)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    tree = structure(buffer.getvalue(), format="tiff")
    assert [kind for kind in kinds(tree) if kind.startswith("IFD")] == ["IFD0", "IFD1", "IFD2"]
    assert not tree.observations


def test_a_flood_of_segments_stops_at_the_node_limit() -> None:
    tree = structure(b"\xff\xd8" + b"\xff\xe5\x00\x02" * 60_000, format="jpeg")
    assert len(tree.nodes) == MAX_NODES
    assert "limit" in seen(tree)


def test_an_unknown_format_gives_an_empty_tree_and_says_so() -> None:
    tree = structure(b"abc", format="svg")
    assert tree.nodes == ()
    assert seen(tree) == {"invalid"}


def test_an_image_holds_the_tree_of_its_file_and_its_damage_is_observed() -> None:
    data = build.jpeg(build.picture(256, 256))[:-400]
    image = CheckedImage.from_bytes(data)
    assert image.structure == structure(data, format="jpeg")
    assert image.damage
    assert set(image.header.damage) <= set(image.structure.observations)


def test_a_reserved_marker_inside_a_scan_hides_nothing_behind_it() -> None:
    data = bytearray(build.jpeg(build.picture(256, 256), progressive=True))
    whole = structure(bytes(data), format="jpeg")
    first = next(node for node in whole.nodes if node.kind == "scan")
    place = first.offset + first.length // 2
    data[place : place + 4] = b"\xff\x05\x20\x20"
    tree = structure(bytes(data), format="jpeg")
    assert kinds(tree) == kinds(whole)
    assert [(o.kind, o.offset) for o in tree.observations] == [("structure", place)]


def test_a_png_chunk_with_a_broken_name_hides_nothing_behind_it() -> None:
    data = bytearray(build.png(build.chunk(b"tEXt", b"Comment\0hello")))
    data[33 + 4] = 0x07
    tree = structure(bytes(data), format="png")
    assert kinds(tree) == ["signature", "IHDR", ".EXt", "IDAT", "IEND"]
    assert seen(tree) == {"invalid", "checksum"}


def test_pages_of_a_tiff_are_counted_beyond_those_that_are_listed() -> None:
    pages = [build.tiff([build.long(0x0100, 5), build.long(0x0101, 5)])[8:] for _ in range(600)]
    size = len(pages[0])
    body = bytearray(struct.pack("<2sHI", b"II", 42, 8) + b"".join(pages))
    for number in range(599):
        struct.pack_into("<I", body, 8 + (number + 1) * size - 4, 8 + (number + 1) * size)
    image = CheckedImage.from_bytes(bytes(body))
    assert image.header.frames == 600
    assert len([node for node in image.structure.nodes if node.kind.startswith("IFD")]) == 512
    assert {one.kind for one in image.structure.observations} == {"limit"}
