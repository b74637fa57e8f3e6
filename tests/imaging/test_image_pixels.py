"""The pixel model: every kind of picture has one documented meaning."""

import io
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import Image
from imgcheck.imaging.pixels import turn
from tests.imaging.files import encode, exif, geotiff, scene

LOSSLESS = ("PNG", "TIFF", "BMP")
LOSSY = ("JPEG", "WEBP", "AVIF", "JPEG2000")


@pytest.mark.parametrize("form", LOSSLESS)
def test_lossless_formats_give_the_same_pixels(form: str) -> None:
    picture = scene()
    image = Image.from_bytes(encode(picture, form))
    assert np.array_equal(image.rgb(), picture)
    assert image.valid().all()
    assert image.damage == ()


@pytest.mark.parametrize("form", LOSSY)
def test_lossy_formats_give_nearly_the_same_pixels(form: str) -> None:
    picture = scene()
    image = Image.from_bytes(
        encode(picture, form, quality=95) if form != "JPEG2000" else encode(picture, form)
    )
    assert image.rgb().shape == picture.shape
    assert np.abs(image.rgb().astype(int) - picture).mean() < 5


@pytest.mark.parametrize(
    ("form", "name"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("TIFF", "tiff"), ("WEBP", "webp"), ("GIF", "gif"),
     ("BMP", "bmp"), ("JPEG2000", "jp2"), ("AVIF", "avif")],
)  # fmt: skip
def test_format_and_size_are_known_without_decoding(form: str, name: str) -> None:
    image = Image.from_bytes(encode(scene(50, 30), form))
    assert (image.format, image.width, image.height) == (name, 50, 30)
    assert not image.has_decoded


def test_arrays_are_read_only_and_made_once() -> None:
    image = Image.from_bytes(encode(scene(), "PNG"))
    assert image.rgb() is image.rgb()
    for array in (image.rgb(), image.gray(), image.valid(), image.bands_array()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_gray_is_the_luma_of_bt601() -> None:
    picture = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    gray = Image.from_bytes(encode(picture, "PNG")).gray()
    assert gray.dtype == np.float32
    assert gray[0] == pytest.approx([0.299, 0.587, 0.114, 1.0], abs=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_all_orientations_give_the_same_view(orientation: int, form: str) -> None:
    upright = Pillow.fromarray(scene(48, 32))
    turns = {
        1: None, 2: Pillow.Transpose.FLIP_LEFT_RIGHT, 3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM, 5: Pillow.Transpose.TRANSPOSE,
        6: Pillow.Transpose.ROTATE_90, 7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_270,
    }  # fmt: skip
    turn = turns[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    block = exif(orientation)
    if form == "TIFF":
        data = encode(stored, form, tiffinfo={0x0112: orientation})
    else:
        data = encode(stored, form, exif=block, quality=100, subsampling=0, lossless=True)
    image = Image.from_bytes(data)
    assert image.header.orientation == orientation
    assert (image.width, image.height) == (48, 32)
    assert (image.header.width, image.header.height) == stored.size
    assert image.rgb().shape == (32, 48, 3)
    assert np.abs(image.rgb().astype(int) - np.asarray(upright)).mean() < 2
    assert image.bands_array().shape == (3, 32, 48)


def test_impossible_orientation_counts_as_none() -> None:
    assert Image.from_bytes(encode(scene(), "JPEG", exif=exif(77))).header.orientation == 1


def test_one_pixel_picture_is_read() -> None:
    image = Image.from_bytes(encode(np.full((1, 1, 3), 9, np.uint8), "PNG"))
    assert image.rgb().tolist() == [[[9, 9, 9]]]
    assert image.gray().shape == image.valid().shape == (1, 1)


def test_palette_becomes_colours_and_its_transparent_entry_invalid() -> None:
    picture = Pillow.new("P", (4, 2))
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putpixel((3, 1), 1)
    image = Image.from_bytes(encode(picture, "PNG", transparency=0))
    assert image.mode == "palette"
    assert image.rgb()[1, 3].tolist() == [200, 100, 50]
    assert image.valid().sum() == 1
    assert image.bands_array().shape == (1, 2, 4)


def test_palette_tiff_becomes_colours() -> None:
    picture = Pillow.new("P", (4, 2), 1)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    image = Image.from_bytes(encode(picture, "TIFF"))
    assert image.rgb()[0, 0].tolist() == [200, 100, 50]


def test_cmyk_becomes_rgb() -> None:
    picture = Pillow.new("CMYK", (16, 16), (0, 255, 255, 0))
    jpeg = Image.from_bytes(encode(picture, "JPEG", quality=95))
    assert (jpeg.mode, jpeg.header.bands) == ("cmyk", 4)
    assert np.abs(jpeg.rgb()[8, 8].astype(int) - [255, 0, 0]).max() < 8
    tiff = Image.from_bytes(encode(picture, "TIFF"))
    assert np.abs(tiff.rgb()[8, 8].astype(int) - [255, 0, 0]).max() < 8


def test_one_bit_is_spread_over_the_whole_scale() -> None:
    picture = Pillow.new("1", (9, 3))
    picture.putpixel((8, 2), 1)
    for form in ("PNG", "TIFF", "BMP"):
        rgb = Image.from_bytes(encode(picture, form)).rgb()
        assert (rgb[2, 8, 0], rgb[0, 0, 0]) == (255, 0), form


def test_four_bit_gray_is_spread_over_the_whole_scale() -> None:
    array = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    image = Image.from_bytes(geotiff(array, nbits=4))
    assert image.rgb()[..., 0].ravel().tolist() == [17 * value for value in range(16)]


@pytest.mark.parametrize("colour", ["gray", "rgb"])
def test_deep_png_keeps_its_samples_and_is_stretched_for_the_view(colour: str) -> None:
    import cv2

    ramp = np.linspace(1000, 3000, 5000).astype(np.uint16).reshape(50, 100)
    array = ramp if colour == "gray" else np.dstack([ramp, ramp // 2, ramp // 4])
    image = Image.from_bytes(cv2.imencode(".png", array)[1].tobytes())
    assert image.header.dtype == "uint16"
    assert image.bands_array().dtype == np.uint16
    assert image.bands_array()[-1, 0, 0] == 1000
    if colour == "gray":
        rgb = image.rgb()[..., 0]
        assert (rgb == 0).mean() == pytest.approx(0.02, abs=0.005)
        assert (rgb == 255).mean() == pytest.approx(0.02, abs=0.005)


def test_float_raster_with_nan_is_stretched_over_its_valid_pixels() -> None:
    array = np.linspace(-5, 5, 10_000, dtype=np.float32).reshape(1, 100, 100)
    array[0, :10] = np.nan
    array[0, 99, 99] = np.inf
    image = Image.from_bytes(geotiff(array))
    assert image.header.dtype == "float32"
    assert not image.valid()[:10].any()
    assert not image.valid()[99, 99]
    assert image.valid().sum() == 8999
    assert image.rgb()[10, 0, 0] == 0
    assert (image.rgb()[:10] == 0).all()
    assert image.rgb()[54, 0, 0] == pytest.approx(128, abs=3)


def test_extreme_floats_do_not_overflow_the_stretch() -> None:
    array = np.array([[[-1.7e308, 0.0, 1.7e308]]])
    rgb = Image.from_bytes(geotiff(array)).rgb()
    assert rgb[0, :, 0].tolist() == [0, 128, 255]


def test_constant_deep_picture_is_mid_gray() -> None:
    image = Image.from_bytes(geotiff(np.full((1, 5, 5), 700, np.uint16)))
    assert (image.rgb() == 128).all()


def test_pixel_is_nodata_only_if_all_its_bands_are() -> None:
    array = np.full((4, 2, 3), 50, np.uint8)
    array[0, 0, 0] = 0
    array[:, 1, 2] = 0
    image = Image.from_bytes(geotiff(array, nodata=0))
    assert image.valid()[0, 0]
    assert not image.valid()[1, 2]
    assert image.valid().sum() == 5


def test_float_nodata_is_invalid_even_if_it_is_no_float32() -> None:
    array = np.ones((1, 2, 2), np.float32)
    array[0, 0, 0] = -9999.9
    image = Image.from_bytes(geotiff(array, nodata=-9999.9))
    assert image.valid().ravel().tolist() == [False, True, True, True]


def test_alpha_makes_pixels_invalid_and_changes_no_colour() -> None:
    picture = np.dstack([scene(8, 6), np.full((6, 8), 255, np.uint8)])
    picture[2, 3, 3] = 0
    picture[2, 4, 3] = 1
    for form in ("PNG", "TIFF", "WEBP"):
        image = Image.from_bytes(encode(picture, form, lossless=True, exact=True))
        assert image.mode == "rgba"
        assert np.array_equal(image.rgb(), picture[..., :3]), form
        assert np.argwhere(~image.valid()).tolist() == [[2, 3]], form


def test_gray_with_alpha_is_shown_gray() -> None:
    picture = Pillow.new("LA", (3, 2), (90, 255))
    picture.putpixel((0, 0), (90, 0))
    for form in ("PNG", "TIFF"):
        image = Image.from_bytes(encode(picture, form))
        assert (image.rgb() == 90).all()
        assert image.valid().sum() == 5


def test_five_bands_show_the_first_three() -> None:
    array = np.stack([np.full((4, 6), 10 * band, np.uint8) for band in range(1, 6)])
    image = Image.from_bytes(geotiff(array))
    assert (image.header.bands, image.mode) == (5, "multiband")
    assert image.rgb()[0, 0].tolist() == [10, 20, 30]
    assert image.bands_array().shape == (5, 4, 6)


def test_two_bands_without_alpha_show_the_first() -> None:
    array = np.stack([np.full((4, 6), 40, np.uint8), np.zeros((4, 6), np.uint8)])
    image = Image.from_bytes(geotiff(array))
    assert (image.rgb() == 40).all()
    assert image.valid().all()


def test_white_is_zero_is_turned_round() -> None:
    array = np.array([[[0, 100, 255]]], np.uint8)
    image = Image.from_bytes(geotiff(array, photometric="MINISWHITE"))
    assert image.rgb()[0, :, 0].tolist() == [255, 155, 0]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_counts(form: str) -> None:
    red, blue = Pillow.new("RGB", (20, 10), (255, 0, 0)), Pillow.new("RGB", (20, 10), (0, 0, 255))
    stream = io.BytesIO()
    red.save(stream, form, save_all=True, append_images=[blue], lossless=True)
    image = Image.from_bytes(stream.getvalue())
    assert image.header.frames == 2
    assert image.rgb()[5, 5].tolist() == [255, 0, 0]


def test_screen_outside_the_first_gif_frame_is_invalid() -> None:
    data = bytearray(encode(Pillow.new("P", (10, 6), 1), "GIF"))
    data[6:10] = (20).to_bytes(2, "little") + (12).to_bytes(2, "little")
    image = Image.from_bytes(bytes(data))
    assert (image.width, image.height) == (20, 12)
    assert image.valid().sum() == 60


def test_second_tiff_page_is_counted_and_not_shown() -> None:
    first, second = Pillow.fromarray(scene(seed=1)), Pillow.fromarray(scene(seed=2))
    stream = io.BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=[second])
    image = Image.from_bytes(stream.getvalue())
    assert image.header.frames == 2
    assert np.array_equal(image.rgb(), np.asarray(first))


def test_heif_opens_and_says_how_its_pixels_could_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = encode(scene(20, 10), "AVIF")
    # The same container with the brands of HEIF; nothing decodes the pixels.
    data = data.replace(b"avif", b"heic")
    image = Image.from_bytes(data, name="phone.heic")
    assert (image.format, image.width, image.height) == ("heif", 20, 10)
    assert not image.pixels_readable
    with pytest.raises(UnreadableError, match=r"no decoder for HEIF.*imgcheck\[heif\]"):
        image.rgb()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heif_is_decoded_and_turned_as_a_phone_shows_it(orientation: int) -> None:
    heif = pytest.importorskip("pillow_heif")
    shown = np.zeros((48, 80, 3), np.uint8)
    shown[:24, :40], shown[24:, :40], shown[:24, 40:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    tags = Pillow.Exif()
    tags[0x0112] = orientation  # the encoder writes it as properties of the item
    stream = io.BytesIO()
    heif.from_pillow(Pillow.fromarray(shown)).save(stream, quality=95, exif=tags.tobytes())
    image = Image.from_bytes(stream.getvalue(), name="phone.heic")
    expected = turn(np.moveaxis(shown, -1, 0), orientation)
    assert image.format == "heif"
    assert (image.height, image.width) == expected.shape[1:]
    off = np.abs(image.rgb().astype(int) - np.moveaxis(expected, 0, -1))
    assert np.mean(off) < 6


def test_a_heif_that_is_cut_off_is_refused_in_one_sentence() -> None:
    heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    heif.from_pillow(Pillow.fromarray(scene(80, 64))).save(stream, quality=95)
    data = stream.getvalue()
    with pytest.raises(UnreadableError, match="HEIF"):
        Image.from_bytes(data[: len(data) - 400], name="cut.heic").rgb()


def test_jpeg_that_states_its_height_after_the_scan_is_read() -> None:
    picture = scene(40, 24)
    data = encode(picture, "JPEG", quality=95)
    at = data.index(b"\xff\xc0") + 5
    height = data[at : at + 2]
    late = data[:at] + b"\0\0" + data[at + 2 : -2] + b"\xff\xdc\0\x04" + height + b"\xff\xd9"
    image = Image.from_bytes(late)
    assert image.height == 24
    assert np.array_equal(image.rgb(), Image.from_bytes(data).rgb())


def test_windows_read_what_the_whole_shows() -> None:
    array = np.arange(3 * 40 * 60, dtype=np.uint16).reshape(3, 40, 60)
    for data in (geotiff(array, tiled=True, blockxsize=16, blockysize=16), geotiff(array)):
        image = Image.from_bytes(data)
        part = image.read((10, 5, 20, 8), bands=[3, 1])
        assert np.array_equal(part, array[[2, 0], 5:13, 10:30])
        assert not image.has_decoded
    half = image.read(out_shape=(20, 30), bands=[1])
    assert half.shape == (1, 20, 30)
    assert half[0, 0, 0] == pytest.approx(array[0, :2, :2].mean(), abs=1)


def test_windows_of_pictures_are_those_of_the_view() -> None:
    image = Image.from_bytes(encode(scene(48, 32), "JPEG", exif=exif(6)))
    assert np.array_equal(np.moveaxis(image.read((3, 4, 10, 8)), 0, -1), image.rgb()[4:12, 3:13])
    assert image.read((0, 0, 32, 48), out_shape=(24, 16)).shape == (3, 24, 16)


@pytest.mark.parametrize("window", [(-1, 0, 5, 5), (0, 0, 0, 5), (90, 0, 10, 5), (0, 60, 5, 5)])
def test_window_outside_the_picture_is_an_error(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="does not lie in the picture of 96 x 64"):
        Image.from_bytes(encode(scene(), "PNG")).read(window)


def test_bands_that_do_not_exist_are_an_error() -> None:
    with pytest.raises(UsageError, match="has 1 to 3"):
        Image.from_bytes(encode(scene(), "PNG")).read(bands=[0])


def test_valid_window_equals_the_part_of_the_whole_mask() -> None:
    array = np.random.default_rng(3).integers(0, 2, (2, 30, 40), dtype=np.uint8)
    image = Image.from_bytes(geotiff(array, nodata=0))
    part = image.read_valid((5, 6, 20, 10))
    assert not part.all()
    assert np.array_equal(part, image.valid()[6:16, 5:25])


def test_closed_picture_says_so() -> None:
    with Image.from_bytes(encode(scene(), "PNG"), name="a.png") as image:
        pass
    with pytest.raises(UnreadableError, match=r"a\.png: has been closed"):
        image.rgb()
