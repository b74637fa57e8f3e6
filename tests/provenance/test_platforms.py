"""Are marks of platforms read for what they are, and no more?"""

import io

import pytest
from PIL import Image

from imgcheck.provenance import (
    c2pa_presence,
    decode_fbmd,
    encoding,
    metadata,
    platform_traces,
    structure,
)
from tests.provenance import build


def traces(data: bytes, name: str | None = None):
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)
    save = encoding(data, format="jpeg", structure=tree)
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
        assert not found.validated
    assert not c2pa_presence(structure(build.jpeg(), format="jpeg")).present
