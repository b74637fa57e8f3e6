"""Is a recorded position read wherever and however it is written, and never guessed?"""

import pytest

from imgcheck.imaging.containers import structure
from imgcheck.provenance import Metadata, consistency, metadata
from tests.provenance import build

LAT, LON = -36.80403833, 174.72648333
NAMESPACES = (
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:sky="https://www.skydio.com/drone-skydio/1.0/" '
)


def packet(inner: str = "", attributes: str = "") -> bytes:
    return build.xmp(inner, NAMESPACES + attributes)


def jpeg(xmp: bytes | None = None, gps: list[build.Field] = ()) -> Metadata:
    data = build.jpeg()
    if gps:
        data = build.jpeg_with_exif(build.tiff([], gps=gps), data)
    if xmp is not None:
        mark = b"http://ns.adobe.com/xap/1.0/\0"
        data = build.with_segments(data, build.segment(0xE1, mark + xmp))
    return metadata(data, format="jpeg")


def stated(lat: str, lon: str, more: str = "") -> Metadata:
    return jpeg(packet("", f'exif:GPSLatitude="{lat}" exif:GPSLongitude="{lon}" {more}'))


def kinds(found: Metadata) -> set[str]:
    return {one.kind for one in found.observations}


@pytest.mark.parametrize(
    ("lat", "lon", "more"),
    [
        ("36,48.2423S", "174,43.589E", ""),
        ("36,48,14.538S", "174,43,35.34E", ""),
        ("36,48,14.538s", "174,43,35.34e", ""),
        ("36, 48.2423 S", "174, 43.589 E", ""),
        ("36.80403833S", "174.72648333E", ""),
        ("S 36.80403833", "E 174.72648333", ""),
        ("36\u00b048'14.538&quot;S", "174\u00b043'35.34&quot;E", ""),
        ("36 deg 48' 14.538&quot; S", "174 deg 43' 35.34&quot; E", ""),
        ("36/1 48/1 14538/1000 S", "174/1 43/1 35340/1000 E", ""),
        ("-36.80403833", "174.72648333", ""),
        ("-36.80403833", "+174.72648333", ""),
        ("-36,48.2423S", "174,43.589E", ""),
        ("36.80403833", "174.72648333", 'exif:GPSLatitudeRef="S" exif:GPSLongitudeRef="E"'),
        ("36,48.2423", "174,43.589", 'exif:GPSLatitudeRef="South" exif:GPSLongitudeRef="East"'),
    ],
)
def test_a_position_in_xmp_is_read_in_every_spelling(lat: str, lon: str, more: str) -> None:
    gps = stated(lat, lon, more).gps
    assert gps is not None
    assert (gps.lat, gps.lon) == (pytest.approx(LAT, abs=1e-6), pytest.approx(LON, abs=1e-6))
    assert gps.source == "XMP"
    assert gps.tags[0] == "XMP:exif:GPSLatitude"


@pytest.mark.parametrize(
    ("lat", "lon", "more"),
    [
        ("-36,48.2423N", "174,43.589E", ""),  # sign and letter contradict each other
        ("36.80403833", "174.72648333", ""),  # no sign, no letter
        ("96,48.2423S", "174,43.589E", ""),
        ("36,x,14S", "174,43.589E", ""),
        ("here", "174,43.589E", ""),
        ("36,48,14,12S", "174,43.589E", ""),
        ("36.80403833", "174,43.589E", 'exif:GPSLatitudeRef="W"'),
        ("36,48.2423E", "174,43.589E", ""),
    ],
)
def test_what_cannot_be_decided_is_observed_and_not_guessed(lat, lon, more) -> None:
    found = stated(lat, lon, more)
    assert found.gps is None or found.gps.lat is None
    assert "unreadable-position" in kinds(found)


FORMS = {
    "attributes": packet("", 'exif:GPSLatitude="36,48.2423S" exif:GPSLongitude="174,43.589E"'),
    "elements": packet("<exif:GPSLatitude>36,48.2423S</exif:GPSLatitude>"
                       "<exif:GPSLongitude>174,43.589E</exif:GPSLongitude>"),
    "other prefix": packet("", 'xmlns:e="http://ns.adobe.com/exif/1.0/" '
                           'e:GPSLatitude="36,48.2423S" e:GPSLongitude="174,43.589E"'),
    "place of the camera": packet(
        "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType='Resource'>"
        "<exif:GPSLatitude>36,48.2423S</exif:GPSLatitude>"
        "<exif:GPSLongitude>174,43.589E</exif:GPSLongitude>"
        "</rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>"),
}  # fmt: skip


def webp(xmp: bytes) -> bytes:
    """Put an XMP chunk behind a WebP of Pillow."""
    import io

    buffer = io.BytesIO()
    build.picture().save(buffer, "WEBP", xmp=xmp)
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("container", ["jpeg", "png", "webp", "tiff", "heif"])
def test_xmp_alone_places_the_camera_in_every_container(form: str, container: str) -> None:
    xmp = FORMS[form]
    mark = b"http://ns.adobe.com/xap/1.0/\0"
    data = {
        "jpeg": lambda: build.with_segments(build.jpeg(), build.segment(0xE1, mark + xmp)),
        "png": lambda: build.png(build.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)),
        "webp": lambda: webp(xmp),
        "tiff": lambda: build.tiff([(700, 1, xmp)]),
        "heif": lambda: build.heif(build.tiff([build.ascii_(271, "A")]), xmp),
    }[container]()
    gps = metadata(data, format=container).gps
    assert gps is not None
    assert (gps.lat, gps.lon) == (pytest.approx(LAT, abs=1e-6), pytest.approx(LON, abs=1e-6))


def test_texts_of_a_png_repeat_the_directory() -> None:
    texts = (b"exif:GPSLatitude\x0036/1, 48/1, 14538/1000", b"exif:GPSLatitudeRef\0S",
             b"exif:GPSLongitude\x00174/1, 43/1, 35340/1000",
             b"exif:GPSLongitudeRef\0E")  # fmt: skip
    found = metadata(build.png(*(build.chunk(b"tEXt", one) for one in texts)), format="png")
    assert found.gps is not None
    assert (found.gps.source, found.gps.lat) == ("PNG", pytest.approx(LAT, abs=1e-6))


@pytest.mark.parametrize(
    ("attributes", "tag"),
    [
        ('dd:GpsLatitude="-36.80403833" dd:GpsLongitude="+174.72648333"', "GpsLongitude"),
        ('dd:GpsLatitude="-36.80403833" dd:GpsLongtitude="174.72648333"', "GpsLongtitude"),
        ('dd:GPSLatitude="-36.80403833" dd:GPSLongitude="174.72648333"', "GPSLongitude"),
        ('sky:Latitude="-36.80403833" sky:Longitude="174.72648333"', "Longitude"),
    ],
)
def test_a_drones_own_fields_place_the_camera(attributes: str, tag: str) -> None:
    gps = jpeg(packet("", attributes)).gps
    assert gps is not None
    assert (gps.lat, gps.lon, gps.source) == (-36.80403833, 174.72648333, "drone")
    assert gps.tags[1].endswith(tag)


def test_a_drones_field_that_is_no_angle_is_observed() -> None:
    found = jpeg(packet("", 'dd:GpsLatitude="north" dd:GpsLongitude="174.7"'))
    assert found.gps is None
    assert "unreadable-position" in kinds(found)


def degrees(
    lat: tuple[tuple[int, int], ...], ref: str = "S", kind: int = 5, lon: int = 174
) -> list[build.Field]:
    _, _, raw = build.rational(2, *((a & 0xFFFFFFFF, b) for a, b in lat))
    refs = [build.ascii_(1, ref)] if ref else []
    return [*refs, (2, kind, raw), build.ascii_(3, "E"), build.rational(4, (lon, 1))]


@pytest.mark.parametrize(
    ("lat", "ref", "kind", "expected"),
    [
        (((36, 1), (48, 1), (0, 1)), "S", 5, -36.8),
        (((36, 1), (47, 1), (60, 1)), "S", 5, -36.8),
        (((-36, 1), (-48, 1), (0, 1)), "S", 10, -36.8),
        (((-36, 1), (48, 1), (0, 1)), "", 10, -36.8),
        (((-36, 1), (-48, 1), (0, 1)), "N", 10, None),
        (((36, 1), (-48, 1), (0, 1)), "N", 10, None),
        (((36, 1), (48, 1), (0, 1)), "", 5, None),
        (((-36, 1), (48, 1), (0, 1)), "N", 5, None),  # 4,294,967,260 degrees
    ],
)
def test_sign_and_reference_decide_together_or_not_at_all(lat, ref, kind, expected) -> None:
    found = jpeg(gps=degrees(lat, ref, kind))
    assert found.gps is not None
    assert found.gps.lat == (None if expected is None else pytest.approx(expected))
    assert found.gps.lon == 174
    assert kinds(found) == ({"unreadable-position"} if expected is None else set())


def test_a_text_in_the_directory_is_read_too() -> None:
    fields = [build.ascii_(1, "S"), build.ascii_(2, "36.8"), build.ascii_(3, "E"),
              build.ascii_(4, "174,43.5")]  # fmt: skip
    gps = jpeg(gps=fields).gps
    assert gps is not None
    assert (gps.lat, gps.lon) == (-36.8, pytest.approx(174.725))


def test_the_directory_leads_and_the_others_are_kept() -> None:
    xmp = packet("", 'exif:GPSLatitude="35,0S" exif:GPSLongitude="170,0E" '
                 'dd:GpsLatitude="-34" dd:GpsLongitude="169"')  # fmt: skip
    found = jpeg(xmp, degrees(((36, 1), (48, 1), (0, 1))))
    assert [one.source for one in found.positions] == ["EXIF", "XMP", "drone"]
    assert found.gps == found.positions[0]


@pytest.mark.parametrize("ref", ["N", "zero"])
def test_a_directory_that_does_not_decide_leaves_it_to_xmp(ref: str) -> None:
    fields = degrees(((-36, 1), (48, 1), (0, 1)), ref, 10)
    if ref == "zero":
        fields = degrees(((0, 1), (0, 1), (0, 1)), "N", lon=0)
    found = jpeg(packet("", 'exif:GPSLatitude="35,0S" exif:GPSLongitude="170,0E"'), fields)
    assert found.gps is not None
    assert (found.gps.source, found.gps.lat) == ("XMP", -35)


@pytest.mark.parametrize(
    ("lat", "state"),
    [("36,48.0S", "consistent"), ("36,48.1S", "anomalous"), ("36.8", "consistent")],
)
def test_the_two_positions_are_compared_with_their_references(lat: str, state: str) -> None:
    xmp = packet("", f'exif:GPSLatitude="{lat}" exif:GPSLatitudeRef="S" '
                 'exif:GPSLongitude="174" exif:GPSLongitudeRef="E"')  # fmt: skip
    found = jpeg(xmp, degrees(((36, 1), (48, 1), (0, 1))))
    tree = structure(build.jpeg(), format="jpeg")
    rules = consistency(build.jpeg(), structure=tree, encoding=None, metadata=found)
    assert {one.id: one.state for one in rules}["twice.position"] == state


@pytest.mark.parametrize(
    ("above", "below", "wrapped"),
    [(-1000, 1, "-1000 m"), (-10_000, 10, "-1000 m"), (-123_456, 1000, "-123.456 m"),
     (3_000_000_000, 7, None), (200_000, 1, None)],
)  # fmt: skip
def test_a_height_that_cannot_be_is_none_and_its_signed_reading_is_named(above, below, wrapped):
    field = build.rational(6, (above & 0xFFFFFFFF, below))
    found = jpeg(gps=[*degrees(((36, 1), (48, 1), (0, 1))), field])
    assert found.gps is not None
    assert found.gps.altitude_m is None
    (seen,) = [one for one in found.observations if one.kind == "height"]
    assert ("signed" in seen.message) == (wrapped is not None and above < 0)
    assert wrapped is None or wrapped in seen.message


def test_heights_in_xmp_are_read_with_their_reference() -> None:
    found = stated("36,48.2423S", "174,43.589E",
                   'exif:GPSAltitude="10050/100" exif:GPSAltitudeRef="1"')  # fmt: skip
    assert found.gps is not None
    assert found.gps.altitude_m == -100.5
