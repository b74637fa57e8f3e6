"""Is every tag read with its value, its place and its doubts?"""

import hashlib
import io
import json
import struct
import zlib

import pytest
from PIL import Image

from imgcheck.errors import ImgcheckError
from imgcheck.provenance import Metadata, embedded_pictures, metadata
from tests.provenance import build

WHEN = "2017:09:08 10:03:11"


def exif_of(block: bytes) -> Metadata:
    return metadata(build.jpeg_with_exif(block), format="jpeg")


def seen(found: Metadata) -> set[str]:
    return {observation.kind for observation in found.observations}


def gps(lat: tuple, lon: tuple, *more: build.Field, refs: tuple[str, str] = ("N", "E")) -> bytes:
    return build.tiff(
        [build.ascii_(0x010F, "Maker")],
        gps=[build.ascii_(1, refs[0]), build.rational(2, *lat), build.ascii_(3, refs[1]),
             build.rational(4, *lon), *more],
    )  # fmt: skip


def block(mark: str = "<") -> bytes:
    return build.tiff(
        [build.ascii_(0x010F, "Maker  "), build.ascii_(0x0110, "Model 1"),
         build.short(0x0112, 6, mark=mark), build.ascii_(0x0131, "Editor 9")],
        exif=[build.ascii_(0x9003, WHEN), build.rational(0x829A, (1, 160), mark=mark),
              build.rational(0x829D, (56, 8), mark=mark), (0x9000, 7, b"0232"),
              build.rational(0x920A, (3, 0), mark=mark), (0xA300, 7, b"\3")],
        mark=mark,
    )  # fmt: skip


@pytest.mark.parametrize("mark", ["<", ">"])
def test_values_follow_the_stated_rules_in_both_byte_orders(mark: str) -> None:
    tags = exif_of(block(mark)).tags
    assert tags["IFD0:Make"] == "Maker"
    assert tags["IFD0:Orientation"] == 6
    assert tags["ExifIFD:ExposureTime"] == 1 / 160
    assert tags["ExifIFD:FNumber"] == 7
    assert tags["ExifIFD:ExifVersion"] == "0232"
    assert tags["ExifIFD:FocalLength"] == "3/0"
    assert tags["ExifIFD:FileSource"] == 3
    json.dumps(tags, allow_nan=False)


def test_every_value_knows_where_its_bytes_are() -> None:
    data = build.jpeg_with_exif(block())
    for entry in metadata(data, format="jpeg").entries:
        if entry.name == "Model":
            assert data[entry.offset : entry.offset + entry.length] == b"Model 1\0"
            break
    else:
        pytest.fail("Model was not read")


def _png(raw: bytes) -> bytes:
    return build.png(build.chunk(b"eXIf", raw))


def _imagemagick(raw: bytes) -> bytes:
    body = b"Exif\0\0" + raw
    text = b"Raw profile type exif\0\0" + zlib.compress(
        f"\nexif\n{len(body):8}\n{body.hex()}\n".encode()
    )
    return build.png(build.chunk(b"zTXt", text))


def _webp(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    build.picture().save(buffer, "WEBP", exif=raw)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "form"),
    [(build.jpeg_with_exif, "jpeg"), (_png, "png"), (_imagemagick, "png"), (_webp, "webp"),
     (build.heif, "heif"), (build.heif, "avif"), (bytes, "tiff")],
)  # fmt: skip
def test_the_same_exif_is_read_from_every_container(make, form: str) -> None:
    found = metadata(make(block()), format=form)
    assert found.make == "Maker"
    assert found.model == "Model 1"
    assert found.software == ("Editor 9",)
    assert [(time.value, time.zone) for time in found.times] == [("2017-09-08T10:03:11", None)]


def test_values_equal_what_pillow_wrote_into_an_avif_file() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Maker", WHEN
    exif.get_ifd(0x8769)[0x9003] = WHEN
    buffer = io.BytesIO()
    try:
        build.picture().save(buffer, "AVIF", exif=exif)
    except (KeyError, OSError):
        pytest.skip("this Pillow cannot write AVIF")
    tags = metadata(buffer.getvalue(), format="avif").tags
    assert tags["IFD0:Make"] == "Maker"
    assert tags["IFD0:DateTime"] == tags["ExifIFD:DateTimeOriginal"] == WHEN


def test_an_offset_tag_gives_the_zone_and_subseconds_the_fraction() -> None:
    found = exif_of(build.tiff(
        [build.ascii_(0x0132, WHEN)],
        exif=[build.ascii_(0x9003, WHEN), build.ascii_(0x9011, "+03:00"),
              build.ascii_(0x9291, "25 ")],
    ))  # fmt: skip
    shot, saved = found.times
    assert (shot.value, shot.zone, shot.role) == (
        "2017-09-08T10:03:11.25+03:00",
        "+03:00",
        "capture",
    )
    assert shot.uncertainty_s == pytest.approx(0.01)
    assert (saved.value, saved.zone, saved.role) == ("2017-09-08T10:03:11", None, "written")


def test_gps_time_is_utc_and_needs_a_date() -> None:
    stamp = build.rational(7, (7, 1), (30, 1), (1450, 100))
    position = ((35, 1), (20, 1), (0, 1)), ((40, 1), (0, 1), (0, 1))
    times = exif_of(gps(*position, stamp, build.ascii_(29, "2017:09:08"))).times
    assert (times[0].value, times[0].zone) == ("2017-09-08T07:30:14.500Z", "UTC")
    assert exif_of(gps(*position, stamp)).times == ()


def test_an_unset_clock_is_an_observation_and_no_time() -> None:
    found = exif_of(build.tiff([build.ascii_(0x0132, "0000:00:00 00:00:00")]))
    assert found.times == ()
    assert seen(found) == {"clock"}


def test_gps_degrees_are_signed_by_their_references() -> None:
    found = exif_of(gps(
        ((20, 1), (26, 1), (261, 10)), ((57, 1), (1913, 100), (0, 1)),
        (5, 1, b"\1"), build.rational(6, (125, 10)), build.ascii_(16, "M"),
        build.rational(17, (3405, 10)), build.ascii_(18, "WGS-84"), refs=("S", "E"),
    )).gps  # fmt: skip
    assert found is not None
    assert found.lat == pytest.approx(-(20 + 26 / 60 + 26.1 / 3600))
    assert found.lon == pytest.approx(57 + 19.13 / 60)
    assert found.altitude_m == -12.5
    assert (found.direction_deg, found.direction_ref) == (340.5, "magnetic")
    assert found.datum == "WGS-84"


NINETY = ((95, 1), (0, 1), (0, 1))
PLAIN = ((10, 1), (0, 1), (0, 1))
EMPTY = ((0, 0), (0, 0), (0, 0))


@pytest.mark.parametrize(
    ("lat", "refs"),
    [(EMPTY, ("N", "E")), (NINETY, ("N", "E")), (PLAIN, ("", "E")), (PLAIN, ("X", "E"))],
)
def test_a_position_that_cannot_be_is_none_with_an_observation(lat, refs) -> None:
    found = exif_of(gps(lat, PLAIN, refs=refs))
    assert found.gps is not None
    assert found.gps.lat is None
    assert found.gps.lon == 10
    assert seen(found) == {"gps" if lat is EMPTY else "unreadable-position"}


def test_without_position_height_and_direction_there_is_no_gps() -> None:
    assert exif_of(gps(EMPTY, EMPTY)).gps is None
    assert exif_of(block()).gps is None


def test_zero_zero_is_kept_and_doubted() -> None:
    zero = ((0, 1), (0, 1), (0, 1))
    found = exif_of(gps(zero, zero))
    assert found.gps is not None
    assert (found.gps.lat, found.gps.lon) == (0, 0)
    assert "gps" in seen(found)


def test_the_thumbnail_is_given_with_its_place() -> None:
    small = build.jpeg(build.picture(16, 12))
    data = build.jpeg_with_exif(
        build.tiff([build.ascii_(0x010F, "M")], ifd1=[build.short(0x0103, 6)], thumbnail=small)
    )
    thumbnail = metadata(data, format="jpeg").thumbnail
    assert thumbnail is not None
    assert thumbnail.data == small
    assert data[thumbnail.offset :].startswith(small)
    assert thumbnail.source == "IFD1"


def test_a_thumbnail_that_reaches_out_is_cut_and_observed() -> None:
    small = build.jpeg(build.picture(16, 12))
    raw = build.tiff([build.ascii_(0x010F, "M")], ifd1=[build.short(0x0103, 6)], thumbnail=small)
    found = exif_of(raw[:-40])
    assert found.thumbnail is not None
    assert found.thumbnail.data == small[:-40]
    assert "outside" in seen(found)


def test_xmp_is_read_with_usual_prefixes_lists_and_history() -> None:
    packet = build.xmp(
        "<dc:creator><rdf:Seq><rdf:li>A</rdf:li><rdf:li>B</rdf:li></rdf:Seq></dc:creator>"
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">T</rdf:li></rdf:Alt></dc:title>'
        '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="saved" stEvt:when="2018-01-02T03:04:05Z" '
        'stEvt:softwareAgent="Editor 5"/><rdf:li rdf:parseType="Resource">'
        "<stEvt:action>derived</stEvt:action></rdf:li></rdf:Seq></xmpMM:History>",
        'xmp:CreateDate="2017-09-08T10:03:11+03:00" dd:GimbalYawDegree="-48.60"',
    )
    data = build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    )
    found = metadata(data, format="jpeg")
    assert found.xmp["dc:creator"] == ["A", "B"]
    assert found.xmp["dc:title"] == "T"
    assert found.xmp["drone-dji:GimbalYawDegree"] == "-48.60"
    assert found.xmp["xmpMM:History[2]/stEvt:action"] == "derived"
    assert found.tags["XMP:xmp:CreateDate"] == "2017-09-08T10:03:11+03:00"
    assert found.software == ("Editor 5",)
    assert [(time.zone, time.role) for time in found.times] == [
        ("+03:00", "digitised"), ("UTC", "written"),
    ]  # fmt: skip
    assert not found.observations
    again = metadata(build.heif(block(), packet), format="heif")
    assert again.xmp == found.xmp


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>',
        "<!doctype x SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY a 'b'>",
    ],
)
def test_xmp_with_a_document_type_is_refused(prologue: str) -> None:
    packet = prologue.encode() + build.xmp("", 'xmp:CreatorTool="&a;"')
    data = build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    )
    found = metadata(data, format="jpeg")
    assert found.xmp == {}
    assert "refused" in seen(found)


def test_xmp_in_utf_16_cannot_smuggle_a_document_type() -> None:
    text = "<!DOCTYPE x [<!ENTITY a 'b'>]>" + build.xmp("").decode()
    data = build.png(build.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode("utf-16")))
    assert "refused" in seen(metadata(data, format="png"))


def test_xmp_a_thousand_elements_deep_is_refused() -> None:
    packet = build.xmp("<dc:a>" * 1000 + "</dc:a>" * 1000)
    data = build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    )
    assert "refused" in seen(metadata(data, format="jpeg"))


def test_a_foreign_namespace_cannot_use_a_well_known_prefix() -> None:
    packet = build.xmp("", 'xmlns:tiff="http://evil.example/" tiff:Make="X"')
    data = build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    )
    assert metadata(data, format="jpeg").xmp == {"tiff?:Make": "X"}


def test_extended_xmp_is_joined_and_its_digest_checked() -> None:
    whole = build.xmp("", 'photoshop:DateCreated="2017-09-08"')
    name = hashlib.md5(whole).hexdigest().upper().encode()
    head = b"http://ns.adobe.com/xmp/extension/\0"
    parts = [
        build.segment(0xE1, head + name + struct.pack(">II", len(whole), at) + whole[at : at + 400])
        for at in range(0, len(whole), 400)
    ]
    data = build.with_segments(build.jpeg(), *reversed(parts))
    assert metadata(data, format="jpeg").xmp["photoshop:DateCreated"] == "2017-09-08"
    broken = data.replace(b"DateCreated", b"DateCreatex")
    found = metadata(broken, format="jpeg")
    assert found.xmp == {}
    assert "digest" in seen(found)


def test_iptc_is_read_and_the_stored_digest_compared() -> None:
    sets = (build.dataset(1, 90, b"\x1b%G"), build.dataset(2, 25, "Éuphrate".encode()),
            build.dataset(2, 25, b"bridge"), build.dataset(2, 55, b"20170908"),
            build.dataset(2, 60, b"100311+0300"))  # fmt: skip
    right = hashlib.md5(b"".join(sets)).digest()
    found = metadata(build.jpeg_with_iptc(*sets, digest=right), format="jpeg")
    assert found.iptc["Keywords"] == ["Éuphrate", "bridge"]
    assert (found.times[0].value, found.times[0].source) == ("2017-09-08T10:03:11+03:00", "IPTC")
    assert "digest" not in seen(found)
    wrong = metadata(build.jpeg_with_iptc(*sets, digest=b"x" * 16), format="jpeg")
    assert "digest" in seen(wrong)


def test_a_raw_fbmd_is_handed_on_and_a_zeroed_field_is_observed() -> None:
    found = metadata(build.with_fbmd(build.jpeg(progressive=True)), format="jpeg")
    assert found.fbmd is not None
    assert found.fbmd.startswith("FBMD01000a")
    zeroed = metadata(build.jpeg_with_iptc(build.dataset(2, 40, bytes(40))), format="jpeg")
    assert zeroed.fbmd is None
    assert "zeroed" in seen(zeroed)


def test_png_texts_their_time_and_a_generators_parameters() -> None:
    data = build.png(
        build.chunk(b"tEXt", b"parameters\0a town, Steps: 20"),
        build.chunk(b"iTXt", b"Creation Time\0\0\0\0\x002017-09-08T10:00:00Z"),
        build.chunk(b"zTXt", b"Note\0\0" + zlib.compress(b"packed")),
        build.chunk(b"tIME", struct.pack(">HBBBBB", 2017, 9, 9, 1, 2, 3)),
    )
    found = metadata(data, format="png")
    assert found.tags["PNG:Note"] == "packed"
    assert found.software == ("a town, Steps: 20",)
    assert {(time.value, time.role) for time in found.times} == {
        ("2017-09-09T01:02:03Z", "written"), ("2017-09-08T10:00:00Z", "capture"),
    }  # fmt: skip


def test_a_compressed_bomb_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(64 << 20), 9)
    found = metadata(build.png(build.chunk(b"zTXt", b"Note\0\0" + bomb)), format="png")
    assert "PNG:Note" not in found.tags
    assert "limit" in seen(found)


def test_the_profile_is_named() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form, name in (("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff")):
        buffer = io.BytesIO()
        build.picture().save(buffer, form, icc_profile=profile)
        found = metadata(buffer.getvalue(), format=name)
        assert found.icc == "sRGB built-in"
        assert found.times == ()


def test_comments_are_kept_and_marked_where_they_steer_a_terminal() -> None:
    data = build.with_segments(build.jpeg(), build.segment(0xFE, b"ok\x1b[2Jgone"))
    found = metadata(data, format="jpeg")
    assert found.comments == ("ok\x1b[2Jgone",)
    assert found.hostile == ("COM:Comment",)
    assert metadata(build.jpeg_with_exif(block()), format="jpeg").hostile == ()


def test_a_comment_in_a_gif_is_read() -> None:
    buffer = io.BytesIO()
    build.picture(mode="P").save(buffer, "GIF", comment=b"from a GIF" * 40)
    assert metadata(buffer.getvalue(), format="gif").comments == ("from a GIF" * 40,)


def test_text_that_is_not_utf_8_is_read_as_latin_1() -> None:
    found = exif_of(build.tiff([(0x013B, 2, b"Andr\xe9\0")]))
    assert found.tags["IFD0:Artist"] == "André"


def test_bytes_hidden_behind_the_end_of_a_text_are_observed() -> None:
    found = exif_of(build.tiff([(0x010F, 2, b"Maker\0secret\0")]))
    assert found.tags["IFD0:Make"] == "Maker"
    assert "hidden-text" in seen(found)


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"ASCII\0\0\0hello\0\0", "hello"), (b"UNICODE\0" + "hé".encode("utf-16-le"), "hé"),
     (b"UNICODE\0" + "hé".encode("utf-16-be"), "hé"), (b"\0" * 8 + b"plain", "plain")],
)  # fmt: skip
def test_a_user_comment_is_decoded_by_its_code(raw: bytes, text: str) -> None:
    found = exif_of(build.tiff([build.ascii_(0x010F, "M")], exif=[(0x9286, 7, raw)]))
    assert found.tags["ExifIFD:UserComment"] == text


def test_a_repeated_field_keeps_the_first_value_and_both_entries() -> None:
    first = build.segment(0xE1, b"Exif\0\0" + build.tiff([build.ascii_(0x010F, "One")]))
    second = build.segment(0xE1, b"Exif\0\0" + build.tiff([build.ascii_(0x010F, "Two")]))
    found = metadata(build.with_segments(build.jpeg(), first, second), format="jpeg")
    assert found.make == "One"
    assert [entry.value for entry in found.entries if entry.name == "Make"] == ["One", "Two"]
    assert "duplicate" in seen(found)


def test_many_items_on_the_same_bytes_cost_no_more_than_a_few() -> None:
    raw = build.tiff([build.ascii_(0x010F, "Maker")])
    count = 2_000
    item = struct.pack(">I", 0) + raw
    names = b"".join(
        build.box(b"infe", struct.pack(">IHH4s", 0x02000000, n, 0, b"Exif") + b"\0")
        for n in range(1, count + 1)
    )
    mdat = build.box(b"ftyp", b"heic\0\0\0\0mif1") + build.box(b"mdat", item)
    rows = b"".join(
        struct.pack(">HHHII", n, 0, 1, len(mdat) - len(item), len(item))
        for n in range(1, count + 1)
    )
    iinf = build.box(b"iinf", struct.pack(">IH", 0, count) + names)
    iloc = build.box(b"iloc", struct.pack(">IHH", 0, 0x4400, count) + rows)
    meta = build.box(b"meta", bytes(4) + iinf + iloc)
    found = metadata(mdat + meta, format="heif")
    assert found.make == "Maker"
    assert len(found.entries) < 20
    assert "limit" in seen(found)


def test_a_file_without_metadata_gives_nothing_and_doubts_nothing() -> None:
    found = metadata(build.png(), format="png")
    assert (found.tags, found.times, found.gps, found.thumbnail) == ({}, (), None, None)
    assert found.observations == ()


def test_a_path_is_read_like_its_bytes(tmp_path) -> None:
    data = build.jpeg_with_exif(block())
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    expected = metadata(data, format="jpeg")
    assert expected.tags
    for given in (path, str(path)):
        assert metadata(given, format="jpeg") == expected
        assert embedded_pictures(given, format="jpeg") == embedded_pictures(data, format="jpeg")


def test_a_path_without_a_picture_is_an_error_and_no_empty_answer(tmp_path) -> None:
    with pytest.raises(ImgcheckError, match="does not exist"):
        metadata(tmp_path / "none.jpg", format="jpeg")
