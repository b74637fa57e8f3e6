"""Damaged files are decoded as far as they go, and said to be damaged."""

import io
import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.errors import ImgcheckError, RefusedError, UnreadableError
from imgcheck.imaging import Image
from imgcheck.imaging.containers.gif import GifHeader, sub_block_bytes
from imgcheck.imaging.containers.header import zero_run
from imgcheck.imaging.containers.tree import Walk
from imgcheck.imaging.decoding.damaged import unpack_codes
from tests.imaging.files import encode, exif, geotiff, png_chunk, png_claiming, scene

SHARES = (0.3, 0.5, 0.9)


def cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def check_cut_picture(data: bytes, share: float, *, tolerance: float = 0) -> Image:
    """Check that rows called valid are those of the whole, and that some are lost."""
    whole = Image.from_bytes(data).rgb()
    image = Image.from_bytes(cut(data, share))
    rgb, valid = image.rgb(), image.valid()
    assert image.damage
    assert "truncated" in {one.kind for one in image.damage}
    assert 0 < valid.mean() < 1
    difference = np.abs(rgb.astype(int) - whole)[valid]
    assert difference.max() <= tolerance
    return image


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("subsampling", [0, 2])
def test_cut_jpeg_keeps_only_rows_that_rest_on_its_data(share: float, subsampling: int) -> None:
    data = encode(scene(320, 240), "JPEG", quality=90, subsampling=subsampling)
    image = check_cut_picture(data, share)
    lost = ~image.valid().all(axis=1)
    assert lost.mean() == pytest.approx(1 - share, abs=0.2)
    assert lost[np.argmax(lost) :].all()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_cut_gray_and_cmyk_jpeg_keep_sound_rows(mode: str) -> None:
    picture = Pillow.fromarray(scene(320, 240)).convert(mode)
    check_cut_picture(encode(picture, "JPEG", quality=90), 0.6)


def test_rows_lost_from_a_turned_jpeg_are_columns_of_the_view() -> None:
    data = encode(scene(320, 240), "JPEG", quality=90, exif=exif(6))
    valid = check_cut_picture(data, 0.6).valid()
    assert valid.shape == (320, 240)
    assert valid.all(axis=0).any()
    assert not valid.all(axis=1).any()


def test_jpeg_cut_and_closed_with_an_end_marker_is_still_noticed() -> None:
    data = encode(scene(320, 240), "JPEG", quality=90)
    image = Image.from_bytes(cut(data, 0.5) + b"\xff\xd9")
    assert image.valid().mean() < 0.8
    assert "truncated" in {one.kind for one in image.damage}


def test_gray_bottom_of_a_whole_jpeg_is_no_damage() -> None:
    picture = scene(64, 64)
    picture[32:] = 128
    image = Image.from_bytes(encode(picture, "JPEG", quality=90))
    assert image.valid().all()
    assert image.damage == ()


def test_progressive_jpeg_cut_in_a_later_scan_is_whole_but_said_to_be_coarse() -> None:
    data = encode(scene(320, 240), "JPEG", quality=90, progressive=True)
    image = Image.from_bytes(cut(data, 0.8))
    assert image.rgb().shape == (240, 320, 3)
    assert any("detail or colour is missing" in one.message for one in image.damage)


def test_progressive_jpeg_cut_in_its_first_scan_loses_rows() -> None:
    data = encode(scene(320, 240), "JPEG", quality=90, progressive=True)
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    check_share = (scans[0] + (scans[1] - scans[0]) * 0.5) / len(data)
    image = Image.from_bytes(cut(data, check_share))
    image.rgb()
    assert 0 < image.valid().mean() < 1


def test_jpeg_with_a_foreign_marker_in_its_data_keeps_what_lies_before() -> None:
    data = bytearray(encode(scene(320, 240), "JPEG", quality=90))
    at = data.index(b"\xff\xda") + (len(data) - data.index(b"\xff\xda")) // 2
    data[at : at + 6] = b"\xff\xdb\0\x04\x77\x77"
    image = Image.from_bytes(bytes(data))
    image.rgb()
    assert 0 < image.valid().mean() < 0.9
    assert {"corrupt", "truncated"} <= {one.kind for one in image.damage}


def test_rows_after_a_reserved_marker_in_a_scan_are_not_trusted() -> None:
    data = bytearray(encode(_noisy(), "JPEG", quality=90))
    whole = Image.from_bytes(bytes(data)).rgb()
    at = data.index(b"\xff\xda") + (len(data) - data.index(b"\xff\xda")) // 2
    data[at : at + 2] = b"\xff\x05"
    image = Image.from_bytes(bytes(data))
    valid = image.valid()
    assert 0.2 < valid.mean() < 0.8
    assert np.array_equal(image.rgb()[valid], whole[valid])
    assert [one.kind for one in image.header.damage] == ["structure"]


def test_restart_markers_out_of_order_are_damage() -> None:
    data = bytearray(encode(scene(320, 240), "JPEG", quality=90, restart_marker_rows=1))
    at = data.index(b"\xff\xd3")
    data[at + 1] = 0xD6
    image = Image.from_bytes(bytes(data))
    assert [one.kind for one in image.damage] == ["corrupt"]
    assert image.damage[0].offset == at


def test_jpeg_without_any_scan_is_unreadable() -> None:
    data = encode(scene(), "JPEG")
    with pytest.raises(UnreadableError, match="before its first scan"):
        Image.from_bytes(data[: data.index(b"\xff\xda")], name="head.jpg")


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("mode", ["RGB", "P", "L", "1", "LA", "RGBA"])
def test_cut_png_keeps_the_rows_it_has(share: float, mode: str) -> None:
    picture = Pillow.fromarray(np.random.default_rng(2).integers(0, 255, (90, 70, 3), np.uint8))
    data = encode(picture.convert(mode), "PNG")
    image = check_cut_picture(data, share)
    assert image.valid().mean() == pytest.approx(share, abs=0.25)


def test_cut_deep_png_keeps_the_rows_it_has() -> None:
    import cv2

    array = np.random.default_rng(2).integers(0, 65535, (90, 70, 3), np.uint16)
    data = cv2.imencode(".png", array)[1].tobytes()
    image = Image.from_bytes(cut(data, 0.5))
    rows = image.valid().all(axis=1)
    assert 0.3 < rows.mean() < 0.6
    assert np.array_equal(image.bands_array()[::-1, rows], np.moveaxis(array, -1, 0)[:, rows])


def test_cut_interlaced_png_marks_the_pixels_of_the_passes_it_has() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 255, (32, 32), np.uint8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2)]  # fmt: skip
    raw = b"".join(
        b"\0" + row.tobytes() for x, y, dx, dy in passes for row in picture[y::dy, x::dx]
    )
    head = struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 1)
    start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head)
    packed = zlib.compress(raw, 0)
    whole = Image.from_bytes(start + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b""))
    assert np.array_equal(whole.rgb()[..., 0], picture)
    image = Image.from_bytes((start + png_chunk(b"IDAT", packed))[:-300])
    valid = image.valid()
    assert np.array_equal(image.rgb()[..., 0][valid], picture[valid])
    assert valid[::2].mean() > valid[1::2].mean() > 0


def test_changed_byte_in_a_png_leaves_the_rows_before_it_valid() -> None:
    picture = np.random.default_rng(2).integers(0, 255, (90, 70, 3), np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    packed = zlib.compress(rows, 1)
    parts = [packed[at : at + 2000] for at in range(0, len(packed), 2000)]
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 70, 90, 8, 2, 0, 0, 0))
    data = bytearray(
        b"\x89PNG\r\n\x1a\n"
        + head
        + b"".join(png_chunk(b"IDAT", part) for part in parts)
        + png_chunk(b"IEND", b"")
    )
    data[len(data) // 2] ^= 0x55
    image = Image.from_bytes(bytes(data))
    valid = image.valid()
    assert "checksum" in {one.kind for one in image.damage}
    assert 0.3 < valid.mean() < 0.55
    assert np.array_equal(image.rgb()[valid], picture[valid])


def test_wrong_sum_of_a_png_chunk_with_whole_pixels_is_said_and_costs_no_pixel() -> None:
    data = bytearray(encode(scene(), "PNG"))
    at = data.rindex(b"IEND") - 8
    data[at] ^= 1
    image = Image.from_bytes(bytes(data))
    assert np.array_equal(image.rgb(), scene())
    assert image.valid().all()
    assert [one.kind for one in image.damage] == ["checksum"]


def test_png_whose_packed_data_end_early_inside_sound_chunks_is_noticed() -> None:
    rows = b"".join(b"\0" + bytes([row] * 30) for row in range(5))
    image = Image.from_bytes(png_claiming(10, 20, zlib.compress(rows)))
    assert image.rgb()[4, 0].tolist() == [4, 4, 4]
    assert np.array_equal(image.valid().all(axis=1), np.arange(20) < 5)
    assert image.damage


def test_png_without_any_data_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="broken from the first row"):
        Image.from_bytes(png_claiming(100, 100, zlib.compress(b""))).rgb()


@pytest.mark.parametrize("share", SHARES)
def test_cut_bmp_keeps_its_rows_from_the_bottom_up(share: float) -> None:
    image = check_cut_picture(encode(scene(), "BMP"), share)
    assert image.valid()[-1].all()
    assert not image.valid()[0].any()


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("interlace", [0, 1])
def test_cut_gif_keeps_the_pixels_its_codes_give(share: float, interlace: int) -> None:
    data = encode(scene(120, 90), "GIF", interlace=interlace)
    check_cut_picture(data, share)


def test_own_unpacking_of_gif_codes_equals_the_decoder_s() -> None:
    rng = np.random.default_rng(9)
    for colours in (2, 7, 256):
        picture = rng.integers(0, colours, (60, 83), np.uint8)
        picture[20:40] = 1
        image = Pillow.fromarray(picture).convert("P")
        image.putpalette(bytes(np.repeat(np.arange(256, dtype=np.uint8), 3)))
        stream = io.BytesIO()
        image.save(stream, "GIF", optimize=False, interlace=0)
        decoded = np.asarray(Pillow.open(io.BytesIO(stream.getvalue())).convert("L"))
        data = stream.getvalue()
        header = Image.from_bytes(data).header
        assert isinstance(header, GifHeader)
        frame = header.frame
        packed = sub_block_bytes(data, frame.code_at + 1, len(data), len(data))
        codes = unpack_codes(packed, data[frame.code_at], 60 * 83)
        table = np.frombuffer(frame.palette, np.uint8).reshape(-1, 3)[:, 0]
        assert np.array_equal(table[np.frombuffer(codes, np.uint8)].reshape(60, 83), decoded)


@pytest.mark.parametrize("lossless", [False, True])
def test_cut_webp_is_partly_read_or_refused_but_never_silently_wrong(lossless: bool) -> None:
    data = encode(scene(320, 240), "WEBP", quality=90, lossless=lossless)
    whole = Image.from_bytes(data).rgb()
    for share in SHARES:
        image = Image.from_bytes(cut(data, share))
        assert [one.kind for one in image.damage] == ["truncated"]
        try:
            rgb, valid = image.rgb(), image.valid()
        except UnreadableError as error:
            assert "cut" in error.message
            continue
        assert not valid.all()
        assert np.array_equal(rgb[valid], whole[valid])


@pytest.mark.parametrize(
    "layout", [{"blockysize": 16}, {"tiled": True, "blockxsize": 32, "blockysize": 32}]
)
def test_tiff_with_broken_blocks_keeps_the_others(layout: dict[str, object]) -> None:
    array = np.random.default_rng(3).integers(1, 255, (3, 96, 96), dtype=np.uint8)
    data = bytearray(geotiff(array, compress="deflate", interleave="pixel", **layout))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    image = Image.from_bytes(bytes(data))
    native, valid = image.bands_array(), image.valid()
    assert 0.5 < valid.mean() < 1
    assert np.array_equal(native[:, valid], array[:, valid])
    assert any("strips or tiles could be decoded" in one.message for one in image.damage)
    assert image.georeference is not None


def test_cut_jpeg2000_of_one_tile_is_shown_coarse_and_said_to_be() -> None:
    data = encode(scene(256, 256), "JPEG2000")
    whole = Image.from_bytes(data).rgb().astype(int)
    image = Image.from_bytes(cut(data, 0.5))
    assert np.abs(image.rgb() - whole).mean() < 2
    assert any("detail is missing" in one.message for one in image.damage)


def test_cut_jpeg2000_of_many_tiles_keeps_the_whole_ones() -> None:
    data = encode(scene(256, 256), "JPEG2000", tile_size=(64, 64))
    whole = Image.from_bytes(data).rgb()
    image = Image.from_bytes(cut(data, 0.5))
    rgb, valid = image.rgb(), image.valid()
    assert 0.2 < valid.mean() < 0.7
    assert np.array_equal(rgb[valid], whole[valid])


def test_cut_avif_is_unreadable_and_says_what_is_cut() -> None:
    image = Image.from_bytes(cut(encode(scene(), "AVIF"), 0.7))
    assert "truncated" in {one.kind for one in image.damage}
    with pytest.raises(UnreadableError, match="cannot be decoded as AVIF"):
        image.rgb()
    assert not image.pixels_readable


def test_failed_decoding_gives_the_same_error_again() -> None:
    image = Image.from_bytes(png_claiming(100, 100, zlib.compress(b"")), name="x.png")
    assert image.pixels_readable
    for _ in range(2):
        with pytest.raises(UnreadableError, match=r"^x\.png: the compressed data"):
            image.gray()
    assert "broken" in (image.unreadable_reason or "")


# Damage that leaves the structure whole


def _zeroed(data: bytes, at: int, length: int) -> bytes:
    return data[:at] + bytes(length) + data[at + length :]


def _kinds(data: bytes) -> list[str]:
    return [one.kind for one in Image.from_bytes(data).examine()]


def _noisy(width: int = 320, height: int = 240) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.clip(scene(width, height) + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(
        np.uint8
    )


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("WEBP", {"quality": 80}), ("WEBP", {"lossless": True}), ("AVIF", {"quality": 80}),
        ("JPEG2000", {"quality_mode": "rates", "quality_layers": [8]}), ("JPEG", {"quality": 85}),
        ("JPEG", {"quality": 85, "progressive": True}), ("PNG", {}),
    ],
)  # fmt: skip
def test_part_of_the_compressed_data_read_as_zeros_is_said(
    form: str, options: dict[str, object]
) -> None:
    data = encode(_noisy(), form, **options)
    assert _kinds(data) == []
    for share in (0.35, 0.5):
        assert _kinds(_zeroed(data, int(share * len(data)), int(0.4 * len(data))))


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("WEBP", {"quality": 30}), ("WEBP", {"lossless": True}), ("AVIF", {"quality": 60}),
        ("JPEG", {"quality": 85}), ("JPEG", {"quality": 85, "optimize": True}),
        ("JPEG", {"quality": 85, "progressive": True}),
        ("JPEG2000", {"quality_mode": "rates", "quality_layers": [30]}),
    ],
)  # fmt: skip
def test_flat_ground_is_no_damage(form: str, options: dict[str, object]) -> None:
    for level in (0, 128, 255):
        picture = _noisy(640, 480)
        picture[:300] = level
        assert _kinds(encode(picture, form, **options)) == []
        assert _kinds(encode(np.full((480, 640, 3), level, np.uint8), form, **options)) == []


def test_runs_of_zeros_are_measured_to_the_byte() -> None:
    body = b"\xaa" * 100
    assert zero_run(Walk(data=body + bytes(63) + body), 0, 263) is None
    run = zero_run(Walk(data=body + bytes(64) + body), 0, 264)
    assert run is not None
    assert (run.kind, run.offset) == ("corrupt", 100)
    assert run.message.startswith("64 bytes")
    # A run counts only as far as it lies between the two offsets.
    assert zero_run(Walk(data=body + bytes(64) + body), 101, 264) is None
    assert zero_run(Walk(data=body + bytes(64) + body), 0, 163) is None


def test_webp_may_have_a_zero_byte_for_each_macroblock_and_no_more() -> None:
    data = encode(_noisy(640, 640), "WEBP", quality=95)  # 1,600 macroblocks
    assert _kinds(_zeroed(data, len(data) // 2, 1500)) == []
    assert "corrupt" in _kinds(_zeroed(data, len(data) // 2, 1700))


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}])
@pytest.mark.parametrize("size", [(320, 240), (321, 243), (17, 9)])
@pytest.mark.parametrize("progressive", [False, True])
def test_restart_intervals_are_counted_against_the_frame(
    options: dict[str, int], size: tuple[int, int], progressive: bool
) -> None:
    picture = _noisy(*size)
    data = encode(picture, "JPEG", restart_marker_blocks=3, progressive=progressive, **options)
    assert _kinds(data) == []
    gray = encode(picture[..., 0], "JPEG", restart_marker_blocks=3, progressive=progressive)
    assert _kinds(gray) == []


def test_dropped_restart_intervals_are_said_with_their_number() -> None:
    data = encode(_noisy(), "JPEG", restart_marker_blocks=4)
    marks = [m.start() for m in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    damaged = data[: marks[10]] + data[marks[18] :]
    damage = Image.from_bytes(damaged).damage
    assert [one.kind for one in damage] == ["corrupt"]
    # 320 x 240 at 4:2:0 is 20 x 15 units, 75 intervals of 4.
    assert damage[0].message.startswith("8 of 75 restart intervals")


@pytest.mark.parametrize("optimize", [False, True])
def test_bytes_taken_out_of_a_jpeg_leave_its_last_block_without_data(optimize: bool) -> None:
    data = encode(_noisy(), "JPEG", quality=85, optimize=optimize)
    start = data.rindex(b"\xff\xda") + 20
    for share in (0.1, 0.5, 0.9):
        at = start + int(share * (len(data) - start - 600))
        image = Image.from_bytes(data[:at] + data[at + 512 :])
        assert image.damage == ()
        damage = image.examine()
        assert [one.kind for one in damage] == ["truncated"]
        assert "although the end marker is there" in damage[0].message
        assert not image.valid()[-1].any()


def _rows_of_noise() -> bytes:
    rows = np.concatenate([np.zeros((64, 1), np.uint8), _noisy(64, 64).reshape(64, -1)], axis=1)
    return rows.tobytes()


def test_png_whose_packed_data_break_off_in_sound_chunks_keeps_what_came_before() -> None:
    packer = zlib.compressobj()
    first = packer.compress(_rows_of_noise()[: 32 * 193]) + packer.flush(zlib.Z_FULL_FLUSH)
    broken = first + b"\xff" * 3000  # no block has the type 3
    image = Image.from_bytes(png_claiming(64, 64, broken))
    assert [one.kind for one in image.examine()] == ["truncated"]
    assert 0.2 < image.valid().mean() <= 0.5


@pytest.mark.parametrize("bits", [8, 16])
def test_png_with_any_byte_of_its_stream_changed_is_read_or_refused(bits: int) -> None:
    rows = zlib.compress(bytes((1 + 32 * bits // 8) * 32))
    for at in range(len(rows)):
        packed = rows[:at] + bytes([rows[at] ^ 0x5A]) + rows[at + 1 :]
        image = Image.from_bytes(png_claiming(32, 32, packed, bits=bits, colour=0))
        try:
            assert image.rgb().shape == (32, 32, 3)
        except ImgcheckError as error:
            assert error.exit_code == 4


def test_whatever_a_decoder_raises_becomes_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Odd(Exception):
        pass

    for raised in (Odd("odd"), RecursionError(), OverflowError("x"), KeyError("k"), zlib.error()):
        image = Image.from_bytes(encode(scene(), "JPEG"))
        monkeypatch.setattr("imgcheck.imaging.decoding.decode", _raiser(raised))
        with pytest.raises(UnreadableError, match="cannot be decoded as JPEG"):
            image.rgb()
        assert image.examine() == ()
        assert image.unreadable_reason is not None
    image = Image.from_bytes(encode(scene(), "JPEG"))
    monkeypatch.setattr("imgcheck.imaging.decoding.decode", _raiser(MemoryError()))
    with pytest.raises(RefusedError, match="not enough memory"):
        image.gray()


def _raiser(error: Exception) -> Callable[..., None]:
    def decode(*arguments: object, **options: object) -> None:
        raise error

    return decode


def test_webp_over_the_limit_of_its_decoder_is_read_where_the_user_allows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from PIL import Image as PillowImage

    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 1000)
    assert Image.from_bytes(encode(scene(200, 100), "WEBP")).rgb().shape == (100, 200, 3)
    assert PillowImage.MAX_IMAGE_PIXELS == 1000
