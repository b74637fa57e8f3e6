"""Are marks of platforms read for what they are, and no more?"""

import io
import math
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from imgcheck.forensics import encoding
from imgcheck.imaging.containers import structure
from imgcheck.provenance import c2pa_presence, decode_fbmd, metadata, platform_traces, route
from imgcheck.provenance.platforms.data import parse, platform_data
from imgcheck.provenance.platforms.traces import ratio
from tests.provenance import build


def traces(data: bytes, name: str | None = None):
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)
    save = encoding(data, structure=tree)
    return platform_traces(tree, save, tags, name)


def state(data: bytes) -> str:
    tree = structure(data, format="jpeg")
    text = metadata(data, format="jpeg", structure=tree).fbmd
    assert text is not None
    return decode_fbmd(text, structure=tree).state


POSTED = build.with_fbmd(build.jpeg(build.picture(200, 150, 4), progressive=True))


def again(data: bytes, **options: object) -> bytes:
    """Save the pixels anew and carry the IPTC block along."""
    tree = structure(data, format="jpeg")
    block = next(node for node in tree.nodes if node.note == "Photoshop")
    fresh = build.jpeg(Image.open(io.BytesIO(data)), **options)
    return build.with_segments(fresh, data[block.offset : block.offset + block.length])


def test_an_untouched_file_is_intact() -> None:
    assert state(POSTED) == "intact"
    assert "intact" in traces(POSTED)[0].mark


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda data: build.with_segments(data, build.segment(0xFE, b"a note")), "changed"),
        (lambda data: data + bytes(16), "changed"),
        (lambda data: again(data, quality=70), "re-encoded"),
        (lambda data: again(data, quality=70, progressive=True), "re-encoded"),
        (lambda data: again(data, quality=95, progressive=True), "re-encoded"),
    ],
)
def test_edits_after_delivery_are_told_apart(edit, expected: str) -> None:
    assert state(edit(POSTED)) == expected


def test_a_flipped_bit_inside_a_scan_is_not_covered() -> None:
    scan = next(n for n in structure(POSTED, format="jpeg").nodes if n.kind == "scan")
    broken = bytearray(POSTED)
    broken[scan.offset + 3] ^= 0x04
    assert state(bytes(broken)) == "intact"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("FBMD01" + "0" * 44, "zeroed"), ("FBMD", "unreadable"), ("FBMD01ffff00000000", "unreadable"),
     ("FBMDzz", "unreadable")],
)  # fmt: skip
def test_odd_fields_have_a_state_of_their_own(text: str, expected: str) -> None:
    tree = structure(POSTED, format="jpeg")
    assert decode_fbmd(text, structure=tree).state == expected


def test_every_trace_is_only_consistent_with() -> None:
    found = traces(POSTED, "12345678_1234567890_123456789_n.jpg")
    lows = [trace.ratio.interval.low for trace in found if trace.ratio]
    assert len(lows) == 2
    assert lows == sorted(lows, reverse=True)
    assert len(found) == 3
    assert all(trace.wording.startswith("consistent with") for trace in found)


@pytest.mark.parametrize(
    ("name", "platform", "date"),
    [("IMG-20170912-WA0003.jpg", "WhatsApp (Android)", "2017-09-12"),
     ("photo_2017-09-24_10-11-12.jpg", "Telegram", "2017-09-24"),
     ("holiday.jpg", None, None), ("\x1b[2J\n.jpg", None, None)],
)  # fmt: skip
def test_names_are_weak_marks_with_a_date(
    name: str, platform: str | None, date: str | None
) -> None:
    found = traces(build.jpeg(), name)
    assert [(trace.platform, trace.date) for trace in found] == (
        [(platform, date)] if platform else []
    )


def test_a_plain_file_has_no_traces() -> None:
    assert traces(build.jpeg()) == ()


def test_a_manifest_is_found_in_every_container_and_never_called_valid() -> None:
    jumbf = b"JP\0\1\0\0\0\1\0\0\0\x20jumb\0\0\0\x18jumdc2pa"
    c2pa_uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    cases = {
        "jpeg": build.with_segments(build.jpeg(), build.segment(0xEB, jumbf)),
        "png": build.png(build.chunk(b"caBX", b"store")),
        "heif": build.heif(b"II*\0") + build.box(b"uuid", c2pa_uuid + b"rest"),
        "tiff": build.tiff([(0xCD41, 7, b"a manifest store")]),
    }
    for form, data in cases.items():
        found = c2pa_presence(structure(data, format=form))
        assert found.present, form
    assert not c2pa_presence(structure(build.jpeg(), format="jpeg")).present


ROW = {
    "id": "x", "platform": "A service", "mark": "m", "traits": {"scans": 3}, "files": 25,
    "matching": 24, "first_seen": "2020", "last_seen": None, "source": "here", "note": "",
}  # fmt: skip


def rows(**changes: object):
    return parse({"format": 1, "version": "t", "rows": [{**ROW, **changes}]}, {}).rows


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"files": 0}, "matching"), ({"matching": 26}, "matching"), ({"traits": {}}, "no trait"),
     ({"traits": {"colour": 1}}, "colour"), ({"first_seen": "last year"}, "not a date"),
     ({"extra": 1}, "extra")],
)  # fmt: skip
def test_a_row_that_breaks_the_schema_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rows(**changes)


def test_a_name_pattern_without_a_limit_is_refused() -> None:
    name = {"platform": "p", "pattern": "a.*", "role": None, "zone": None, "files": 1, "source": ""}
    with pytest.raises(ValueError, match="upper limit"):
        parse({"format": 1, "rows": [], "names": [name]}, {})


def test_every_shipped_row_has_its_background_and_a_source() -> None:
    for row in platform_data().rows:
        assert row.source
        assert row.background is not None, f"measure the background of {row.id}"
        found = ratio(row)
        assert (found is None) == (row.matching < 5)
        assert found is None or found.interval.low <= found.value <= found.interval.high


def test_a_ratio_has_exact_limits_and_needs_files_and_a_background() -> None:
    row = replace(rows(files=18, matching=13)[0], background=(0, 231))
    found = ratio(row)
    assert found is not None
    # Clopper-Pearson: 13 of 18 is at least 0.465, 0 of 231 at most 0.0158.
    assert found.interval.low == pytest.approx(0.465 / 0.0158, rel=0.01)
    assert found.interval.high == math.inf
    assert found.value == pytest.approx((14 / 20) / (1 / 233))
    assert ratio(replace(row, files=1, matching=1)) is None
    assert ratio(replace(row, background=None)) is None


def order_of_phones() -> bytes:
    """Make a JPEG whose frame comes before its Huffman tables and those before its DQT."""
    plain = build.jpeg(build.picture(64, 48), quality=100, subsampling=0, restart_marker_blocks=4)
    tree = structure(plain, format="jpeg")
    by_kind: dict[str, list[bytes]] = {}
    for node in tree.nodes:
        piece = plain[node.offset : node.offset + node.length]
        by_kind.setdefault(node.kind, []).append(piece)
    kinds = ("SOI", "APP0", "SOF0", "DHT", "DQT", "DRI", "SOS", "scan", "EOI")
    moved = b"".join(piece for kind in kinds for piece in by_kind[kind])
    head = 2 + len(by_kind["APP0"][0])
    return moved[:head] + build.segment(0xE1, b"Exif\0\0" + build.tiff([])) + moved[head:]


def test_one_mark_of_two_services_names_both_and_decides_nothing() -> None:
    found = traces(order_of_phones())
    assert {trace.platform for trace in found} == {"WeChat", "WhatsApp"}
    assert all(trace.ratio is None for trace in found)  # one file each
    assert all(one.offset is not None for trace in found for one in trace.evidence)


def test_the_route_goes_from_capture_to_software_to_platform_to_the_last_save() -> None:
    block = build.tiff([build.ascii_(0x010F, "Maker"), build.ascii_(0x0131, "GIMP 2.8")],
                       exif=[build.ascii_(0x9003, "2017:09:10 12:00:00")])  # fmt: skip
    data = build.jpeg_with_exif(block, POSTED)
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)
    save = encoding(data, structure=tree)
    steps = route(tree, save, tags, platform_traces(tree, save, tags, None))
    assert [step.kind for step in steps] == ["capture", "software", "platform", "last save"]
    assert "zone unknown" in steps[0].words
    assert steps[1].words == "passed through GIMP 2.8"
    place = steps[1].evidence[0]
    assert data[place.offset : place.offset + place.length] == b"GIMP 2.8\0"
    assert steps[2].words.startswith("consistent with")


def test_a_file_that_says_nothing_has_only_its_last_save() -> None:
    data = build.jpeg()
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)
    save = encoding(data, structure=tree)
    assert [step.kind for step in route(tree, save, tags, ())] == ["last save"]


@pytest.mark.data
def test_files_of_three_services_go_with_their_service(data_dir: Path) -> None:
    for name in ("facebook", "wechat", "weibo"):
        path = data_dir / "social" / f"test_01_{name}.jpg"
        found = traces(path.read_bytes())
        assert name in {trace.platform.casefold() for trace in found}, found
        assert all(trace.wording.startswith("consistent with") for trace in found)
