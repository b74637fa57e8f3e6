"""What a header says that decoding will cost, and where the limits lie."""

import dataclasses
import struct

import pytest

from imgcheck.errors import RefusedError, UsageError
from imgcheck.imaging import Header, Image, Limits
from imgcheck.imaging.limits import (
    REFERENCE_LIMITS,
    check_decode,
    check_header,
    check_window,
    default_limits,
    estimate,
    limits_for,
    mosaic_limits,
    pixel_bytes,
    reference_limits,
)
from tests.imaging.files import encode, scene

ONE = Header(format="jpeg", width=1000, height=1000)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (ONE, 11),
        (dataclasses.replace(ONE, mode="gray", bands=1), 9),
        (dataclasses.replace(ONE, mode="cmyk", bands=4), 19),
        (dataclasses.replace(ONE, format="png", mode="rgba", bands=4), 14),
        (dataclasses.replace(ONE, format="png", mode="palette", bands=1), 15),
        (dataclasses.replace(ONE, format="png", bits=16), 27),
        (dataclasses.replace(ONE, format="webp"), 19),
        (dataclasses.replace(ONE, format="avif"), 15),
        (dataclasses.replace(ONE, format="avif", bits=10), 30),
        (dataclasses.replace(ONE, format="tiff"), 12),
        (dataclasses.replace(ONE, format="tiff", bits=16, bands=4), 33),
        (dataclasses.replace(ONE, format="jp2", bits=9), 27),
        (dataclasses.replace(ONE, format="jp2", bits=8), 12),
    ],
)
def test_memory_of_a_pixel_depends_on_the_decoder_and_the_mode(
    header: Header, expected: int
) -> None:
    assert pixel_bytes(header) == expected


@pytest.mark.parametrize(
    ("header", "size_bytes", "seconds"),
    [
        (ONE, 0, 0.010),
        (ONE, 1_000_000, 0.050),
        (dataclasses.replace(ONE, scans=1), 0, 0.010),
        (dataclasses.replace(ONE, scans=10), 0, 0.020),
        (dataclasses.replace(ONE, format="png"), 0, 0.045),
        (dataclasses.replace(ONE, format="png", bits=16), 0, 0.090),
        (dataclasses.replace(ONE, format="bmp", packing=""), 0, 0.015),
        (dataclasses.replace(ONE, format="bmp", packing="rle"), 0, 0.150),
        (dataclasses.replace(ONE, format="webp"), 0, 0.040),
        (dataclasses.replace(ONE, format="jp2", decoder_seconds=7.0), 0, 7.040),
    ],
)
def test_time_grows_with_pixels_samples_scans_and_bytes(
    header: Header, size_bytes: int, seconds: float
) -> None:
    assert estimate(header, size_bytes).seconds == pytest.approx(seconds)


def test_memory_counts_the_file_twice_the_decoders_own_lists_and_the_mending() -> None:
    assert estimate(ONE, 0).memory == 11_000_000
    assert estimate(ONE, 500_000).memory == 12_000_000
    assert estimate(dataclasses.replace(ONE, decoder_bytes=7), 0).memory == 11_000_007
    mended = estimate(ONE, 0, mending=True)
    assert mended.memory == 11_000_000 + 4 * 3_000_000
    assert mended.seconds == pytest.approx(3 * estimate(ONE, 0).seconds)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(pixels=1_000_000), None),
        (Limits(pixels=999_999), "limit: pixels"),
        (Limits(memory=11_000_000), None),
        (Limits(memory=10_999_999), "limit: memory"),
        (Limits(seconds=0.0101), None),
        (Limits(seconds=0.0099), "limit: seconds"),
    ],
)
def test_a_picture_is_refused_just_above_each_limit(limits: Limits, word: str | None) -> None:
    if word is None:
        check_decode(ONE, 0, limits)
        return
    with pytest.raises(RefusedError, match=word):
        check_decode(ONE, 0, limits)


def test_the_budget_that_a_refusal_names_is_enough() -> None:
    for header in (
        dataclasses.replace(ONE, width=20_000, height=10_000),
        dataclasses.replace(ONE, width=9_000, height=9_000, format="webp"),
        dataclasses.replace(ONE, format="jp2", decoder_bytes=5_000_000_000, decoder_seconds=1.0),
        dataclasses.replace(ONE, format="jp2", decoder_seconds=80.0),
    ):
        with pytest.raises(RefusedError) as caught:
            check_decode(header, 10_000_000, Limits())
        named = float(caught.value.message.rpartition("=")[2].rstrip(")"))
        check_decode(header, 10_000_000, limits_for(named))
        with pytest.raises(RefusedError):
            check_decode(header, 10_000_000, limits_for(named - 2))


def test_false_claims_are_refused_only_where_they_would_cost_something() -> None:
    large = dataclasses.replace(ONE, width=8_192, height=2_731)  # 64 MiB unpacked and a little
    with pytest.raises(RefusedError, match="cannot hold them"):
        check_decode(large, 61_000, Limits())
    check_decode(large, 61_020, Limits())
    check_decode(dataclasses.replace(large, height=2_730), 1, Limits())


def test_bands_blocks_and_grids_are_limited_even_when_nothing_is_decoded() -> None:
    check_header(dataclasses.replace(ONE, bands=512), Limits())
    with pytest.raises(RefusedError, match="limit: bands"):
        check_header(dataclasses.replace(ONE, bands=513), Limits())
    check_header(dataclasses.replace(ONE, block_bytes=100), Limits(memory=100))
    with pytest.raises(RefusedError, match="one tile or strip"):
        check_header(dataclasses.replace(ONE, block_bytes=101), Limits(memory=100))
    raster = dataclasses.replace(ONE, format="tiff", width=100_000, height=100_000)
    check_header(raster, Limits(grid_pixels=10**10))
    with pytest.raises(RefusedError, match="limit: pixels"):
        check_header(raster, Limits(grid_pixels=10**10 - 1))
    with pytest.raises(RefusedError, match="limit: pixels"):
        check_header(dataclasses.replace(raster, format="jpeg"), Limits(grid_pixels=10**10))


def test_windows_are_limited_by_what_is_read_and_by_what_is_held() -> None:
    raster = dataclasses.replace(ONE, format="tiff")
    check_window(4_000_000_000, 1000, raster, Limits())
    with pytest.raises(RefusedError, match="too long to read"):
        check_window(4_000_000_001, 1000, raster, Limits())
    check_window(1000, 1000, raster, Limits(pixels=1000, memory=12_000))
    with pytest.raises(RefusedError, match="too large"):
        check_window(1000, 1000, raster, Limits(pixels=999))
    with pytest.raises(RefusedError, match="too large"):
        check_window(1000, 1000, raster, Limits(memory=11_999))


def test_default_budget_is_100_megapixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMGCHECK_MAX_MEGAPIXELS", raising=False)
    assert default_limits() == Limits() == limits_for(100)
    assert (Limits().pixels, Limits().memory, Limits().seconds) == (10**8, 1_300_000_000, 5.0)


def test_environment_scales_the_whole_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGCHECK_MAX_MEGAPIXELS", "250")
    assert default_limits() == limits_for(250)
    assert default_limits().memory == 3_250_000_000
    assert reference_limits().pixels == 400_000_000
    assert mosaic_limits().pixels == 250_000_000
    assert mosaic_limits().grid_pixels == REFERENCE_LIMITS.grid_pixels
    monkeypatch.setenv("IMGCHECK_MAX_MEGAPIXELS", "401")
    assert reference_limits().pixels == 401_000_000
    assert reference_limits().grid_pixels == REFERENCE_LIMITS.grid_pixels


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf", "100001"])
def test_environment_that_is_no_budget_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGCHECK_MAX_MEGAPIXELS", text)
    with pytest.raises(UsageError, match="give megapixels"):
        default_limits()


def test_fields_can_be_read_where_the_pixels_are_over_the_budget() -> None:
    data = encode(scene(200, 100), "JPEG")
    with pytest.raises(RefusedError, match="limit: pixels"):
        Image.from_bytes(data, limits=Limits(pixels=10_000))
    image = Image.from_bytes(data, limits=Limits(pixels=10_000, undecoded=True))
    assert (image.width, image.height) == (200, 100)
    with pytest.raises(RefusedError, match="limit: pixels"):
        image.rgb()


def j2k(
    side: int,
    *,
    precinct: int | None = None,
    block: int = 4,
    levels: int = 5,
    layers: int = 1,
    tile: int | None = None,
    in_tile_header: bool = False,
) -> bytes:
    """Make the headers of a gray JPEG 2000 with any coding style, and no data to speak of."""
    style = bytes([levels, block, block, 0, 1])
    style += bytes([precinct] * (levels + 1)) if precinct is not None else b""
    scod = b"\0" if precinct is None else b"\1"
    coding = _segment(0xFF52, scod + b"\0" + struct.pack(">H", layers) + b"\0" + style)
    plain = _segment(0xFF52, b"\0\0\0\1\0" + bytes([levels, 4, 4, 0, 1]))
    grid = struct.pack(">HIIIIIIII", 0, side, side, 0, 0, tile or side, tile or side, 0, 0)
    main = b"\xff\x4f" + _segment(0xFF51, grid + b"\0\1\7\1\1")
    main += plain if in_tile_header else coding
    main += _segment(0xFF5C, b"\x40" + b"\x40" * (3 * levels + 1))
    part = (coding if in_tile_header else b"") + b"\xff\x93" + bytes(1000)
    part = _segment(0xFF90, struct.pack(">HIBB", 0, len(part) + 12, 0, 1)) + part
    return main + part + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">HH", marker, len(body) + 2) + body


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (j2k(6000, precinct=0x11), "limit: memory"),
        (j2k(6000, precinct=0x11, in_tile_header=True), "limit: memory"),
        (j2k(6000, block=0), "limit: memory"),
        (j2k(6000, precinct=0x22, layers=65_535), "limit: memory"),
        (j2k(6000, precinct=0x11, tile=64), "limit: seconds"),
        (j2k(6000, precinct=0x88), None),
        (j2k(6000), None),
    ],
)
def test_jpeg2000_cut_into_millions_of_parts_is_refused(data: bytes, word: str | None) -> None:
    if word is None:
        assert Image.from_bytes(data).width == 6000
        return
    with pytest.raises(RefusedError, match=word):
        Image.from_bytes(data)


def test_lists_of_precincts_and_blocks_are_counted_exactly() -> None:
    header = Image.from_bytes(j2k(64, precinct=0x44, block=0, levels=1)).header
    # Coarse: 32 px in precincts of 16: 2 x 2, blocks of 4: 8 x 8. Fine: 4 x 4 precincts, and in
    # each of three bands of 32 px 8 x 8 blocks. Packets: 16 precincts at most, 2 resolutions.
    precincts, blocks, packets = 4 + 16, 64 + 3 * 64, 16 * 2
    assert header.decoder_bytes == precincts * 300 + blocks * 550 + 2 * packets
    assert header.decoder_seconds == pytest.approx((precincts + blocks) * 1e-6)
