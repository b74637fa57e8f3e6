"""Named attacks on the only door for files. Each must be refused, or change nothing."""

import os
import stat
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from imgcheck.errors import ImgcheckError, RefusedError, UnreadableError
from imgcheck.imaging import REFERENCE_LIMITS, Header, Image, Limits
from imgcheck.imaging.decoding import decode
from tests.imaging.files import encode, geotiff, png_chunk, png_claiming, scene, tiff

SECRET = np.full((1, 8, 8), 77, np.uint8)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Put a raster where an attack would like to read it."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.tif").write_bytes(geotiff(SECRET))
    return folder / "secret.tif"


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Path]:
    """Give a folder, and check that reading wrote nothing into it."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    yield folder
    names = {path for path in folder.iterdir() if not path.name.startswith("made-")}
    assert names == set(), "reading left files beside the evidence"


def vrt(source: Path) -> bytes:
    return (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource><SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    ).encode()


def open_fully(path: Path) -> Image:
    image = Image.open(path)
    image.rgb()
    image.valid()
    _ = image.georeference
    return image


@pytest.mark.parametrize("name", ["made-map.tif", "made-post.jpg", "made-x.png", "made-y.vrt"])
def test_vrt_text_is_refused_by_name_whatever_it_is_called(
    evidence: Path, secret: Path, name: str
) -> None:
    (evidence / name).write_bytes(vrt(secret))
    with pytest.raises(RefusedError, match=r"GDAL VRT text.*accepted are JPEG, PNG"):
        Image.open(evidence / name)


def test_web_service_text_is_refused_by_name(evidence: Path) -> None:
    path = evidence / "made-map.tif"
    path.write_bytes(b"<GDAL_WMS><Service name='WMS'></Service></GDAL_WMS>")
    with pytest.raises(RefusedError, match="GDAL web service text"):
        Image.open(path)


def test_jpeg_with_a_vrt_in_its_comment_shows_its_own_pixels(evidence: Path, secret: Path) -> None:
    picture = scene(32, 32)
    path = evidence / "made-post.jpg"
    path.write_bytes(encode(picture, "JPEG", comment=vrt(secret), quality=95))
    assert np.abs(open_fully(path).rgb().astype(int) - picture).mean() < 8


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_forged_files_beside_a_raster_change_nothing(evidence: Path, secret: Path) -> None:
    array = np.random.default_rng(1).integers(0, 255, (1, 64, 64), dtype=np.uint8)
    path = evidence / "made-map.tif"
    path.write_bytes(geotiff(array, crs=None, transform=(1, 0, 0, 0, 1, 0)))
    (evidence / "made-map.tfw").write_text("1\n0\n0\n-1\n500000\n4000000\n")
    (evidence / "made-map.tif.ovr").write_bytes(vrt(secret))
    (evidence / "made-map.tif.msk").write_bytes(geotiff(np.zeros((1, 64, 64), np.uint8)))
    (evidence / "made-map.tif.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32637</SRS>"
        "<GeoTransform>500000,1,0,4000000,0,-1</GeoTransform></PAMDataset>"
    )
    image = open_fully(path)
    assert np.array_equal(image.rgb()[..., 0], array[0])
    assert image.valid().all()
    assert image.georeference is None
    assert image.gsd_m is None
    fresh = Image.open(path)
    assert fresh.read(out_shape=(8, 8))[0, 0, 0] == pytest.approx(array[0, :8, :8].mean(), abs=1)


@pytest.mark.parametrize("size", [8, 32])
def test_metadata_tag_that_names_an_overview_file_is_not_followed(
    evidence: Path, secret: Path, size: int
) -> None:
    from affine import Affine
    from rasterio.io import MemoryFile

    array = np.full((64, 64), 200, np.uint8)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=64,
            height=64,
            count=1,
            dtype="uint8",
            transform=Affine(2, 0, 0, 0, -2, 0),
        ) as target:
            target.write(array, 1)
            target.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(secret))
            target.update_tags(ns="ProxyOverviewRequest", FILENAME=str(secret))
        data = bytes(memory.read())
    assert str(secret).encode() in data
    path = evidence / "made-map.tif"
    path.write_bytes(data)
    assert (Image.open(path).read(out_shape=(size, size)) == 200).all()


def test_crs_that_names_a_grid_file_is_not_used(evidence: Path) -> None:
    wkt = (
        'PROJCS["x",GEOGCS["y",DATUM["z",SPHEROID["s",6378137,298.25]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Mercator_1SP"],PARAMETER["central_meridian"'
        ',0],PARAMETER["scale_factor",1],UNIT["metre",1],EXTENSION["PROJ4","+proj=merc '
        '+nadgrids=/etc/passwd +no_defs"]]'
    )
    image = Image.from_bytes(geotiff(SECRET, crs=wkt))
    place = image.georeference
    assert place is None or "nadgrids" not in place.crs


def test_pipe_is_refused_and_not_waited_for(evidence: Path) -> None:
    os.mkfifo(evidence / "made-post.jpg")
    with pytest.raises(UnreadableError, match="is a named pipe; a regular file is needed"):
        Image.open(evidence / "made-post.jpg")


@pytest.mark.parametrize(
    ("path", "words"),
    [("/", "is a directory"), ("/dev/zero", "is a character device"), ("", "does not exist")],
)
def test_what_is_no_regular_file_is_refused(path: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        Image.open(path or "no-such-file.jpg")


def test_name_with_a_zero_byte_is_an_error_of_ours() -> None:
    with pytest.raises(UnreadableError, match="is not a valid file name"):
        Image.open("a\0b.jpg")


def test_link_to_a_picture_is_followed_and_a_circle_is_not(evidence: Path) -> None:
    (evidence / "made-a.png").write_bytes(encode(scene(), "PNG"))
    (evidence / "made-link.png").symlink_to("made-a.png")
    assert Image.open(evidence / "made-link.png").width == 96
    (evidence / "made-loop.png").symlink_to("made-loop.png")
    with pytest.raises(UnreadableError, match="leads back to itself"):
        Image.open(evidence / "made-loop.png")


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes UTF-8 names only")
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_name_that_is_no_utf8_works_and_is_shown_escaped(evidence: Path, form: str) -> None:
    raw = os.fsencode(evidence) + b"/made-\xff\xfe\x1b[2J.x"
    with open(raw, "wb") as stream:  # noqa: PTH123 - the name is bytes
        stream.write(encode(scene(), form))
    for path in (raw, Path(os.fsdecode(raw))):
        image = open_fully(path)
        assert image.rgb().shape == (64, 96, 3)
        assert image.name == r"made-\xff\xfe\x1b[2J.x"
        image.name.encode()


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7 x", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript or EPS"),
        (b"<?xml version='1.0'?><svg xmlns='x'>", "an SVG drawing"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "an HTML page"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42", "video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video"),
        (b"RIFF\x10\0\0\0AVI LIST", "video AVI"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a Canon camera raw"),
        (b"just words\n", "text"),
        (b'{"a": 1}', "JSON text"),
        (b"P6 2 2 255 ", "a portable anymap"),
        (b"\0" * 50, "nothing but zero bytes"),
        (b"\x89PNG\n\x1a\n", "a damaged signature"),
        (b"\x07\x91\x13\x02", "of no known kind"),
    ],
)
def test_foreign_content_is_refused_by_name(head: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        Image.from_bytes(head, name="post.jpg")
    assert caught.value.exit_code == 4
    assert caught.value.file == "post.jpg"


# Bombs


def test_png_of_65_bytes_that_claims_900_megapixels_is_refused() -> None:
    data = png_claiming(30_000, 30_000, zlib.compress(b""), colour=6)
    with pytest.raises(RefusedError, match=r"= 900 megapixels; the limit is 100 "):
        Image.from_bytes(data)


def test_png_of_few_bytes_that_claims_90_megapixels_is_refused() -> None:
    data = png_claiming(10_000, 9_000, zlib.compress(b""), colour=2)
    with pytest.raises(RefusedError, match="cannot hold them"):
        Image.from_bytes(data)


def test_blank_one_bit_png_that_unpacks_8000_fold_is_refused() -> None:
    data = png_claiming(9_216, 9_216, zlib.compress(bytes(1153 * 9_216), 9), bits=1, colour=0)
    with pytest.raises(RefusedError, match="cannot hold them"):
        Image.from_bytes(data)


def test_sparse_tiff_of_ten_gigapixels_is_refused_and_readable_in_windows() -> None:
    data = tiff(
        {
            256: (4, [100_000]), 257: (4, [100_000]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]),
            277: (3, [1]), 322: (3, [16_384]), 323: (3, [16_384]),
            324: (4, [0] * 49), 325: (4, [0] * 49),
        }
    )  # fmt: skip
    with pytest.raises(RefusedError, match=r"= 10,000 megapixels.*limit: pixels"):
        Image.from_bytes(data)
    image = Image.from_bytes(data, limits=REFERENCE_LIMITS)
    assert image.read((99_990, 99_990, 10, 10)).sum() == 0
    with pytest.raises(RefusedError, match=r"megapixels; the limit is 400 "):
        image.rgb()
    with pytest.raises(RefusedError, match="a window of"):
        image.read((0, 0, 50_000, 50_000))
    with pytest.raises(RefusedError, match="takes too long to read"):
        image.read(out_shape=(10, 10))


def test_tiff_with_one_huge_tile_is_refused() -> None:
    data = tiff(
        {
            256: (4, [100]), 257: (4, [100]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]),
            277: (3, [1]), 322: (4, [1 << 20]), 323: (4, [1 << 20]), 324: (4, [8]), 325: (4, [8]),
        }
    )  # fmt: skip
    with pytest.raises(RefusedError, match="one tile or strip"):
        Image.from_bytes(data)


def test_jpeg_of_1500_scans_is_refused_at_once() -> None:
    data = encode(scene(640, 640), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    data = data[:-2] + data[last:-2] * 1500 + data[-2:]
    with pytest.raises(RefusedError, match="more than 50 JPEG scans"):
        Image.from_bytes(data)


def test_scans_times_pixels_are_limited() -> None:
    data = encode(scene(640, 640), "JPEG", progressive=True)
    with pytest.raises(RefusedError, match="limit: seconds"):
        Image.from_bytes(data, limits=Limits(seconds=0.004))
    assert Image.from_bytes(data, limits=Limits(seconds=0.03)).header.scans > 1


def test_file_over_the_size_limit_is_refused_unread(evidence: Path) -> None:
    path = evidence / "made-big.jpg"
    with path.open("wb") as stream:
        stream.write(b"\xff\xd8\xff\xe0")
        stream.truncate(1 << 40)
    with pytest.raises(RefusedError, match=r"1,099,511,627,776 bytes; the limit is 2,147,483,648"):
        Image.open(path)


def test_tiff_directory_chain_that_loops_ends(evidence: Path) -> None:
    tags = {
        256: (4, [4]), 257: (4, [2]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]),
        273: (4, [200]), 277: (3, [1]), 278: (4, [2]), 279: (4, [8]),
    }  # fmt: skip
    data = tiff(tags, following=8).ljust(200, b"\0") + bytes(range(8))
    image = Image.from_bytes(data)
    assert [one.kind for one in image.damage] == ["structure"]
    assert "forms a loop" in image.damage[0].message
    assert image.rgb()[..., 0].ravel().tolist() == list(range(8))


def test_tiff_directories_that_lie_over_one_another_are_not_all_walked() -> None:
    # Each directory of 5,000 tags begins two bytes after the one before.
    body = b"\x88\x13" * 60_000
    data = tiff({256: (4, [4]), 257: (4, [2])}, following=200).ljust(200, b"\0") + body
    with_links = bytearray(data)
    for at in range(200, 200 + 2 * 2000, 2):
        link = at + 2 + 12 * 5000
        with_links[link : link + 4] = struct.pack("<I", at + 2 * 0x1388)
    image = Image.from_bytes(bytes(with_links))
    assert [one.kind for one in image.damage] == ["structure"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xd8\xff" + b"\xd0\xff" * 300_000, "JPEG segments"),
        (png_claiming(2, 2, b"")[:33] + (bytes(4) + b"abcd" + bytes(4)) * 250_001, "PNG chunks"),
        (b"RIFF" + struct.pack("<I", 9 << 20) + b"WEBP" + (b"abcd" + bytes(4)) * 250_001, "WebP"),
        (b"GIF89a" + bytes(7) + b"!\xfe" + b"\x01a" * 4_000_002, "GIF blocks"),
    ],
)
def test_file_chopped_into_millions_of_parts_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        Image.from_bytes(data)


def test_tiff_that_claims_four_billion_tags_is_unreadable() -> None:
    data = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) + struct.pack("<Q", 1 << 60)
    with pytest.raises(UnreadableError, match="which the file cannot hold"):
        Image.from_bytes(data)


def test_jpeg2000_that_claims_millions_of_tiles_is_unreadable() -> None:
    data = bytearray(encode(scene(), "JPEG2000"))
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at + 16 : at + 24] = struct.pack(">II", 1, 1)
    image_width = struct.pack(">II", 10_000, 10_000)
    data[at : at + 8] = image_width
    with pytest.raises(UnreadableError, match="tiles; 65,535 can exist"):
        Image.from_bytes(bytes(data))


def test_second_png_header_is_ignored_and_said() -> None:
    # A decoder may take the last header, a check of the cost the first.
    picture = scene(10, 10)
    data = encode(picture, "PNG")
    other = png_claiming(19_000, 19_000, b"")[8:33]
    image = Image.from_bytes(data[:33] + other + data[33:])
    assert np.array_equal(image.rgb(), picture)
    assert [one.kind for one in image.damage] == ["structure"]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_decoder_that_sees_another_size_than_was_checked_is_stopped(form: str) -> None:
    checked = Header(format=form.lower(), width=5, height=5)
    with pytest.raises(UnreadableError, match="5 x 5 in its header, 96 x 64 in the decoder"):
        decode(encode(scene(), form), checked, limits=Limits(), descriptor=None)


def test_huge_packed_text_in_a_png_costs_nothing() -> None:
    picture = scene(10, 10)
    data = encode(picture, "PNG")
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100 << 20), 9))
    assert np.array_equal(Image.from_bytes(data[:33] + text + data[33:]).rgb(), picture)


def test_deep_directories_of_boxes_do_not_recurse() -> None:
    nested = b""
    for _ in range(5000):
        nested = struct.pack(">I4s", 8 + len(nested), b"meta") + nested
    data = b"\0\0\0\x14ftypavif\0\0\0\0avif" + nested
    with pytest.raises(ImgcheckError):
        Image.from_bytes(data)


def test_random_changes_never_escape_as_foreign_errors() -> None:
    rng = np.random.default_rng(20170924)
    seeds = [encode(scene(40, 30), form) for form in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")]
    seeds += [encode(scene(40, 30), "AVIF"), encode(scene(40, 30), "JPEG2000")]
    seeds += [encode(scene(40, 30), "JPEG", progressive=True), geotiff(SECRET, compress="lzw")]
    for data in seeds:
        for _ in range(25):
            broken = bytearray(data)
            for at in rng.integers(4, len(data), rng.integers(1, 6)):
                broken[at] = rng.integers(256)
            broken = broken[: rng.integers(12, len(data) + 1)] if rng.random() < 0.3 else broken
            try:
                image = Image.from_bytes(bytes(broken))
                assert image.rgb().shape == (*image.valid().shape, 3)
                _ = image.georeference
            except ImgcheckError:
                pass


@pytest.mark.data
def test_hostile_files_are_read_or_refused_with_an_error_of_ours(data_dir: Path) -> None:
    files = sorted(path for path in (data_dir / "hostile").rglob("*") if path.is_file())[::30]
    assert len(files) > 50
    for path in files:
        try:
            image = open_fully(path)
        except ImgcheckError as error:
            assert error.file
            assert "\n" not in error.message
            continue
        assert image.rgb().shape == (image.height, image.width, 3)


def test_nothing_is_written_beside_a_raster_in_a_read_only_or_open_folder(evidence: Path) -> None:
    data = geotiff(np.arange(64, dtype=np.float32).reshape(1, 8, 8), nodata=0)
    (evidence / "made-a.tif").write_bytes(data)
    (evidence / "made-b.jp2").write_bytes(encode(scene(), "JPEG2000"))
    before = sorted(evidence.iterdir())
    for path in before:
        open_fully(path).read(out_shape=(4, 4))
    assert sorted(evidence.iterdir()) == before
    assert (evidence / "made-a.tif").read_bytes() == data


def test_opening_a_picture_loads_no_decoder() -> None:
    code = (
        "import sys; from imgcheck.imaging import Image; Image.from_bytes(sys.stdin.buffer.read());"
        "print([m for m in ('PIL', 'cv2', 'rasterio') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        input=encode(scene(), "PNG"),
        capture_output=True,
        check=True,
    )
    assert found.stdout.strip() == b"[]"


def test_large_raster_is_read_through_its_descriptor_without_filling_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imgcheck.imaging import intake

    monkeypatch.setattr(intake, "READ_WHOLE_BYTES", 1000)
    array = np.random.default_rng(5).integers(1, 255, (3, 100, 120), dtype=np.uint8)
    raw = os.fsencode(tmp_path) + b"/map\xff.tif"
    with open(raw, "wb") as stream:  # noqa: PTH123 - the name is bytes
        stream.write(geotiff(array))
    with Image.open(raw) as image:
        assert image.descriptor is not None
        assert np.array_equal(image.read((5, 6, 20, 10)), array[:, 6:16, 5:25])
        assert image.georeference is not None
        assert np.array_equal(np.moveaxis(image.rgb(), -1, 0), array)
        descriptor = image.descriptor
    with pytest.raises(OSError):
        os.fstat(descriptor)
    assert stat.S_ISREG(os.stat(raw).st_mode)  # noqa: PTH116
