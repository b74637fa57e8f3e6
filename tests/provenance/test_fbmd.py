"""Does the FBMD field tell an intact file from one that was edited, cut or encoded again?"""

import struct

import numpy as np
import pytest

from imgcheck.imaging.containers import structure
from imgcheck.provenance import Fbmd, fbmd_words, metadata, read_fbmd, read_gain_map
from tests.provenance import build, build_fbmd
from tests.provenance.build_fbmd import EDITS, Layout

LAYOUTS = (
    Layout(), Layout(profile=True, merged=False), Layout(profile=True, field_first=False),
    Layout(gain_map=True), Layout(gain_map=True, gain_scan=True, profile=True), Layout(kind="23"),
)  # fmt: skip


def read(data: bytes) -> Fbmd | None:
    tree = structure(data, format="jpeg")
    gain = read_gain_map(data, structure=tree, xmp=metadata(data, format="jpeg").xmp)
    length = gain.stated_length if gain else None
    return read_fbmd(data, structure=tree, gain_map_length=length)


def delivered(layout: Layout, seed: int = 5) -> bytes:
    return build_fbmd.delivered(build_fbmd.texture(160, 112, seed), layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_delivered_file_is_intact(layout: Layout) -> None:
    data = delivered(layout)
    found = read(data)
    assert found is not None
    assert (found.state, found.cause, found.surplus) == ("intact", "", 0)
    assert len(found.offsets) == 10 + layout.gain_scan
    assert all(data[place : place + 2] == b"\xff\xda" for place in found.offsets)
    assert found.place == build_fbmd.field_of(data)
    assert len(found.caveats) == 2


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_gets_its_class(layout: Layout, edit: str) -> None:
    change, state = EDITS[edit]
    if edit == "gain map cut off" and not layout.gain_map:
        layout = Layout(gain_map=True)
    for seed in range(3):
        found = read(change(delivered(layout, seed), np.random.default_rng(seed)))
        assert found is not None
        assert found.state == state
        assert found.caveats


def test_the_cause_of_a_change_is_named_with_its_bytes() -> None:
    data = delivered(Layout(gain_map=True))
    rng = np.random.default_rng(0)
    tagged = build_fbmd.tag_added(data, rng)
    added = len(tagged) - len(data)
    found = read(tagged)
    assert found is not None
    assert (found.cause, found.shift, found.surplus) == ("header longer", added, added)
    found = read(data + b"seven b")
    assert found is not None
    assert (found.cause, found.shift, found.surplus) == ("bytes appended", 0, 7)
    for cut in (build_fbmd.gain_map_cut(data, np.random.default_rng(s)) for s in range(4)):
        found = read(cut)
        assert found is not None
        assert found.cause == "gain map removed"
    found = read(data[:-300])
    assert found is not None
    assert found.cause == "bytes after the picture removed"
    found = read(delivered(Layout())[:-300])
    assert found is not None
    assert found.cause == "cut off"


def test_a_tag_added_and_a_gain_map_removed_are_both_said() -> None:
    data = delivered(Layout(gain_map=True, gain_scan=True))
    rng = np.random.default_rng(0)
    found = read(build_fbmd.tag_added(build_fbmd.gain_map_cut(data, rng), rng))
    assert found is not None
    assert (found.state, found.cause) == ("changed", "header longer, gain map removed")


def test_the_field_of_another_file_does_not_fit() -> None:
    one, other = delivered(Layout(), 1), delivered(Layout(), 2)
    found = read(build_fbmd.copied(one, build_fbmd.parts(other)[0][0] + other[2:]))
    assert found is not None
    head, body = build_fbmd.parts(other)
    mixed = [build_fbmd.parts(one)[0][2] if part[1] == 0xED else part for part in head]
    found = read(b"".join(mixed) + body)
    assert found is not None
    assert found.state == "re-encoded"


def test_the_same_coefficients_in_other_huffman_codes_are_encoded_again() -> None:
    picture = build_fbmd.texture(160, 112, 3)
    data = build_fbmd.delivered(picture, Layout(quality=80))
    for options in ({"optimize": True}, {}, {"progressive": True, "restart_marker_rows": 1}):
        again = build_fbmd.encode(picture, quality=80, subsampling=2, **options)
        assert build_fbmd.pixels(again).tobytes() == build_fbmd.pixels(data).tobytes()
        found = read(build_fbmd.copied(data, again))
        assert found is not None
        assert found.state == "re-encoded"


def test_one_scan_alone_is_no_proof() -> None:
    sets = build.dataset(2, 40, b"FBMD010001" + b"0" * 16)
    draft = build.jpeg_with_iptc(sets)
    place = next(n.offset for n in structure(draft, format="jpeg").nodes if n.kind == "SOS")
    digits = struct.pack("<II", place, len(draft)).hex().encode()
    data = build.jpeg_with_iptc(build.dataset(2, 40, b"FBMD010001" + digits))
    other = build.jpeg(build.picture(64, 48, 9), quality=60)
    states = [read(one) for one in (data, data + b"more", build_fbmd.copied(data, other))]
    assert [found.state for found in states if found] == ["intact", "changed", "re-encoded"]


@pytest.mark.parametrize(
    "text", [b"FBMD", b"FBMD01", b"FBMD0100zz", b"FBMD01000a1234", b"FBMD010000", b"FBMD0100011",
             b"FBMD01ffff" + b"0a" * 80, b"FBMD0100020a0000000b0000000c000000ff"],
)  # fmt: skip
def test_a_malformed_field_is_unreadable(text: bytes) -> None:
    found = read(build.jpeg_with_iptc(build.dataset(2, 40, text)))
    assert found is not None
    assert found.state == "unreadable"
    assert fbmd_words(found)


def test_other_instructions_are_no_field() -> None:
    for text in (b"Please credit", bytes(30), b"0" * 12, b"No use before 2017"):
        assert read(build.jpeg_with_iptc(build.dataset(2, 40, text))) is None
    assert read(build.jpeg()) is None


def test_words_name_state_cause_and_both_caveats() -> None:
    found = read(delivered(Layout()) + b"more")
    assert found is not None
    words = " ".join(fbmd_words(found))
    assert "4 bytes longer" in words
    assert "not the pixels" in words
    assert "Instagram" in words
