"""Does each rule fire on what it is about, and keep quiet where the fields agree?"""

import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imgcheck.forensics import encoding
from imgcheck.imaging.containers import structure
from imgcheck.provenance import consistency, decode_fbmd, metadata
from imgcheck.provenance.rules import RULES, RuleResult
from tests.benchmarks.provenance import mutate
from tests.provenance import build

SHOT, DIGITISED, SAVED, OFFSET = 0x9003, 0x9004, 0x0132, 0x9011
NAMESPACES = (
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    'xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#" '
    'xmlns:x2="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:sky="https://www.skydio.com/drone-skydio/1.0/" '
)


def packet(attributes: str = "", inner: str = "") -> bytes:
    body = build.xmp(inner, NAMESPACES + attributes)
    return build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + body)


def history(*steps: dict[str, str]) -> str:
    rows = "".join(
        f"<rdf:li {' '.join(f'stEvt:{key}={value!r}' for key, value in step.items())}/>"
        for step in steps
    )
    return f"<xmpMM:History><rdf:Seq>{rows}</rdf:Seq></xmpMM:History>"


def stamp(day: str, clock: tuple[float, int, int] | None = None) -> list[build.Field]:
    fields = [build.ascii_(29, day)]
    if clock is not None:
        fields.append(build.rational(7, *((int(part), 1) for part in clock)))
    return fields


def place(lat: tuple[int, int, int], lon: tuple[int, int, int]) -> list[build.Field]:
    """Degrees, minutes, hundredths of a second; north and east."""
    return [
        build.ascii_(1, "N"), build.rational(2, (lat[0], 1), (lat[1], 1), (lat[2], 100)),
        build.ascii_(3, "E"), build.rational(4, (lon[0], 1), (lon[1], 1), (lon[2], 100)),
    ]  # fmt: skip


def camera(
    *segments: bytes, shot: str | None = "2017:09:10 12:00:00", saved: str | None = None,
    exif: list[build.Field] = (), gps: list[build.Field] = (), ifd0: list[build.Field] = (),
    thumbnail: bytes = b"", data: bytes | None = None, **options: object,
) -> bytes:  # fmt: skip
    """Make a JPEG of 48 x 32 that names a camera."""
    first = [build.ascii_(0x010F, "Maker"), build.ascii_(0x0110, "Model 1"), *ifd0]
    if saved is not None:
        first.append(build.ascii_(SAVED, saved))
    inner = list(exif)
    if shot is not None:
        inner.append(build.ascii_(SHOT, shot))
    block = build.tiff(first, exif=inner, gps=gps, thumbnail=thumbnail)
    plain = data or build.jpeg(build.picture(), **options)
    return build.jpeg_with_exif(block, build.with_segments(plain, *segments))


def ask(data: bytes, form: str = "jpeg", **options: object) -> dict[str, RuleResult]:
    tree = structure(data, format=form)
    tags = metadata(data, format=form, structure=tree)
    fbmd = None if tags.fbmd is None else decode_fbmd(tags.fbmd, structure=tree)
    results = consistency(
        data, structure=tree, metadata=tags, fbmd=fbmd,
        encoding=encoding(data, structure=tree), **options,
    )  # fmt: skip
    return {one.id: one for one in results}


def mpf(offset: int, size: int) -> bytes:
    """Make an index of two pictures, the second at ``offset`` from the byte-order mark."""
    head = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0xB002, 7, 32, 26)
    entries = struct.pack("<IIIHH", 0x20030000, 1, 0, 0, 0)
    entries += struct.pack("<IIIHH", 0, size, offset, 0, 0)
    return build.segment(0xE2, b"MPF\0" + head + struct.pack("<I", 0) + entries)


def two_pictures(shift: int = 0) -> bytes:
    second = build.jpeg(build.picture(16, 12))
    first = build.with_segments(build.jpeg(), mpf(0, len(second)))
    base = next(n for n in structure(first, format="jpeg").nodes if n.note == "MPF").offset + 8
    right = build.with_segments(build.jpeg(), mpf(len(first) - base + shift, len(second)))
    return right + second


SMALL = build.jpeg(build.picture(160, 120))
WIDE = build.jpeg(build.picture(160, 107))
DOC = 'xmpMM:InstanceID="xmp.iid:2" xmpMM:DocumentID="xmp.did:1" '
TWO_STEPS = history({"when": "2017-09-10T12:00:00Z", "instanceID": "xmp.iid:1"},
                    {"when": "2017-09-11T12:00:00Z", "instanceID": "xmp.iid:2"})  # fmt: skip

CASES: list[tuple[str, str, bytes]] = [
    ("time.order", "consistent", camera(saved="2017:09:10 12:00:01")),
    ("time.order", "anomalous", camera(saved="2017:09:09 12:00:01")),
    ("time.order", "not applicable", camera()),
    ("time.order", "explained", camera(saved="2017:09:10 09:00:00",
                                       exif=[build.ascii_(OFFSET, "+03:00")])),
    ("time.saved-later", "explained", camera(saved="2017:09:12 08:00:00")),
    ("time.saved-later", "consistent", camera(saved="2017:09:10 12:00:02")),
    ("time.unset-clock", "explained", camera(shot="1980:01:01 04:11:00")),
    ("time.unset-clock", "explained", camera(shot="2012:01:01 00:03:00")),
    ("time.unset-clock", "consistent", camera()),
    ("gps-time.zone", "consistent", camera(gps=stamp("2017:09:10", (9, 1, 30)))),
    ("gps-time.zone", "anomalous", camera(gps=stamp("2017:09:10", (9, 5, 0)))),
    ("gps-time.zone", "not applicable", camera(gps=stamp("2017:09:10"))),
    ("gps-time.day", "consistent", camera(gps=stamp("2017:09:09", (22, 0, 0)))),
    ("gps-time.day", "anomalous", camera(gps=stamp("2017:09:11", (9, 0, 0)))),
    ("gps-time.offset-tag", "consistent", camera(
        exif=[build.ascii_(OFFSET, "+03:00")], gps=stamp("2017:09:10", (9, 0, 20)))),
    ("gps-time.offset-tag", "anomalous", camera(
        exif=[build.ascii_(OFFSET, "-05:00")], gps=stamp("2017:09:10", (9, 0, 20)))),
    ("twice.capture-date", "consistent",
     camera(packet('exif:DateTimeOriginal="2017-09-10T12:00:00+02:00"'))),
    ("twice.capture-date", "explained", camera(packet('exif:DateTimeOriginal="2017-09-10T10:00"'))),
    ("twice.capture-date", "anomalous", camera(packet('photoshop:DateCreated="2017-09-12"'))),
    ("twice.capture-date", "consistent", camera(packet('photoshop:DateCreated="2017-09-10"'))),
    ("twice.digitised-date", "explained", camera(packet(
        'xmp:CreateDate="1970-01-01"'), exif=[build.ascii_(DIGITISED, "2017:09:10 12:00:00")])),
    ("twice.saved-date", "anomalous", camera(
        packet('xmp:ModifyDate="2017-09-11T07:17:09Z"'), saved="2017:09:10 12:00:00")),
    ("twice.caption", "consistent", camera(packet('dc:description="A  farm."'),
                                           ifd0=[build.ascii_(0x010E, "a farm")])),
    ("twice.caption", "anomalous", camera(packet('dc:description="a convoy"'),
                                          ifd0=[build.ascii_(0x010E, "a farm")])),
    ("twice.caption", "explained", camera(packet('dc:description="a farm by the river"'),
                                          ifd0=[build.ascii_(0x010E, "a farm")])),
    ("twice.camera", "anomalous", camera(packet('tiff:Model="Test"'))),
    ("twice.camera", "consistent", camera(packet('tiff:Model="model-1"'))),
    ("twice.orientation", "explained", camera(packet('tiff:Orientation="6"'),
                                              ifd0=[build.short(0x0112, 1)])),
    ("size.exif", "consistent", camera(exif=[build.short(0xA002, 48), build.short(0xA003, 32)])),
    ("size.exif", "explained", camera(exif=[build.short(0xA002, 32), build.short(0xA003, 48)])),
    ("size.exif", "explained", camera(exif=[build.short(0xA002, 4800), build.short(0xA003, 3201)])),
    ("size.exif", "anomalous", camera(exif=[build.short(0xA002, 64), build.short(0xA003, 32)])),
    ("size.xmp", "anomalous", camera(packet('tiff:ImageWidth="400" tiff:ImageLength="100"'))),
    ("thumbnail.aspect", "explained", camera(thumbnail=SMALL)),
    ("thumbnail.aspect", "consistent", camera(thumbnail=WIDE)),
    ("thumbnail.aspect", "anomalous", camera(thumbnail=build.jpeg(build.picture(160, 40)))),
    ("encoding.progressive", "anomalous", camera(progressive=True)),
    ("encoding.progressive", "consistent", camera()),
    ("encoding.progressive", "not applicable", build.jpeg(progressive=True)),
    ("encoding.model-tables", "not applicable", camera()),
    ("structure.trailer", "explained", camera() + b"some bytes behind the end"),
    ("structure.trailer", "consistent", camera()),
    ("offset.mpf", "consistent", two_pictures()),
    ("offset.mpf", "contradictory", two_pictures(shift=7)),
    ("offset.mpf", "not applicable", camera()),
    ("offset.fbmd", "consistent", build.with_fbmd(build.jpeg(progressive=True))),
    ("offset.fbmd", "contradictory", build.with_fbmd(build.jpeg(progressive=True)) + bytes(16)),
    ("digest.iptc", "anomalous", build.jpeg_with_iptc(build.dataset(2, 5, b"x"), digest=b"1" * 16)),
    ("history.order", "consistent", camera(packet('xmp:MetadataDate="2017-09-11T13:00:00Z"',
                                                  TWO_STEPS))),
    ("history.order", "anomalous", camera(packet('xmp:MetadataDate="2016-09-11T13:00:00Z"',
                                                 TWO_STEPS))),
    ("history.dates", "anomalous", camera(packet(
        'xmp:CreateDate="2017-09-11T13:00:00Z" xmp:ModifyDate="2016-09-11T13:00:00Z"'))),
    ("history.dates", "consistent", camera(packet(  # may be the same moment in two zones
        'xmp:CreateDate="2017-09-11T13:00:00Z" xmp:ModifyDate="2017-09-11T06:00:00"'))),
    ("history.identity", "consistent", camera(packet(DOC, TWO_STEPS))),
    ("history.identity", "anomalous", camera(packet('xmpMM:InstanceID="xmp.iid:9"', TWO_STEPS))),
    ("history.software", "consistent", camera(
        packet('xmp:CreatorTool="Adobe Photoshop CS6 (Windows)"'),
        ifd0=[build.ascii_(0x0131, "Adobe Photoshop CS6 (Macintosh)")])),
    ("history.software", "anomalous", camera(
        packet('xmp:CreatorTool="Adobe Photoshop CS6"'), ifd0=[build.ascii_(0x0131, "GIMP 2.8")])),
    ("history.software", "explained", camera(
        packet('xmp:CreatorTool="Adobe Photoshop CS6"'), ifd0=[build.ascii_(0x0131, "Ver.1.00")])),
    ("program.editor", "explained", camera(ifd0=[build.ascii_(0x0131, "GIMP 2.8")])),
    ("program.editor", "consistent", camera(ifd0=[build.ascii_(0x0131, "Ver.1.00")])),
    ("program.photoshop-block", "explained", camera(packet(DOC))),
    ("program.year", "anomalous", camera(
        saved="2017:09:10 12:00:00", ifd0=[build.ascii_(0x0131, "Adobe Photoshop CC 2019")])),
    ("program.year", "consistent", camera(  # named after a year, sold in the autumn before it
        saved="2018:11:10 12:00:00", ifd0=[build.ascii_(0x0131, "Adobe Photoshop CC 2019")])),
    ("declared.source", "explained", camera(packet(
        'x2:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"'))),
    ("declared.source", "consistent", camera(packet(
        'x2:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"'))),
    ("gps.range", "contradictory", camera(gps=place((95, 0, 0), (40, 9, 1234)))),
    ("gps.range", "consistent", camera(gps=place((35, 24, 1234), (40, 9, 1234)))),
    ("gps.zero", "explained", camera(gps=place((0, 0, 0), (0, 0, 0)))),
    ("gps.round", "explained", camera(gps=place((35, 24, 0), (40, 9, 0)))),
    ("gps.round", "consistent", camera(gps=place((35, 24, 1234), (40, 9, 0)))),
    ("gps.altitude", "anomalous", camera(gps=[build.rational(6, (90_000, 1))])),
    ("gps.time-without-date", "explained", camera(gps=[build.rational(7, (9, 1), (0, 1), (0, 1))])),
    ("drone.position", "consistent", camera(
        packet('dd:GpsLatitude="+35.4000100" dd:GpsLongitude="+40.1500000"'),
        gps=place((35, 24, 0), (40, 9, 0)))),
    ("drone.position", "anomalous", camera(
        packet('dd:GpsLatitude="+35.4010000" dd:GpsLongtitude="+40.1500000"'),
        gps=place((35, 24, 0), (40, 9, 0)))),
    ("drone.altitude", "consistent", camera(packet('dd:AbsoluteAltitude="+117.10"'),
                                            gps=[build.rational(6, (117_096, 1000))])),
    ("drone.altitude", "anomalous", camera(packet('dd:AbsoluteAltitude="+217.10"'),
                                           gps=[build.rational(6, (117_096, 1000))])),
    ("exposure.apex", "consistent", camera(exif=[
        build.rational(0x829D, (56, 10)), build.rational(0x9202, (497, 100))])),
    ("exposure.apex", "anomalous", camera(exif=[
        build.rational(0x829D, (56, 10)), build.rational(0x9202, (2, 1))])),
    ("twice.exposure", "consistent", camera(packet('exif:FNumber="56/10"'),
                                            exif=[build.rational(0x829D, (5600, 1000))])),
    ("twice.exposure", "anomalous", camera(packet('exif:FNumber="8/1"'),
                                           exif=[build.rational(0x829D, (56, 10))])),
    ("twice.serial", "anomalous", camera(
        packet('xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:SerialNumber="77"'),
        exif=[build.ascii_(0xA431, "78")])),
    ("twice.serial", "consistent", camera(
        packet('xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:SerialNumber="77"'),
        exif=[build.ascii_(0xA431, "0077")])),
    ("twice.position", "consistent", camera(
        packet('exif:GPSLatitude="35,24.0N" exif:GPSLongitude="40,9,0E"'),
        gps=place((35, 24, 0), (40, 9, 0)))),
    ("twice.position", "anomalous", camera(
        packet('exif:GPSLatitude="35,24.0S" exif:GPSLongitude="40,9,0E"'),
        gps=place((35, 24, 0), (40, 9, 0)))),
    # Twenty seconds beside UTC+8, as in a published record of a DJI frame.
    ("drone.clock", "consistent", camera(packet('dd:UTCAtExposure="2025:05:20 02:12:54.019996"'),
                                         shot="2025:05:20 10:12:34")),
    ("drone.clock", "consistent", camera(
        packet('sky:TakeoffUclock="1702757000000000" sky:CaptureUtime="985373000" '
               'sky:TakeoffUtime="200000000"'), shot="2023:12:16 20:16:25")),
    ("drone.clock", "anomalous", camera(
        packet('sky:TakeoffUclock="1702757000000000" sky:CaptureUtime="985373000" '
               'sky:TakeoffUtime="200000000"'), shot="2023:12:16 20:25:25")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "state", "data"), CASES, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_rule_answers_what_the_file_was_made_for(rule: str, state: str, data: bytes) -> None:
    assert ask(data)[rule].state == state, ask(data)[rule].sentence


@pytest.mark.parametrize(
    ("name", "state"),
    [("IMG_20170910_120000.jpg", "consistent"), ("IMG_20170910_090000.jpg", "explained"),
     ("IMG_20150910_120000.jpg", "anomalous"), ("IMG-20170911-WA0003.jpg", "consistent"),
     ("IMG-20170801-WA0003.jpg", "anomalous"), ("PXL_20170910_090000123.jpg", "explained"),
     ("holiday.jpg", "not applicable"), ("IMG_20179999_120000.jpg", "not applicable")],
)  # fmt: skip
def test_the_name_is_compared_as_cameras_and_messengers_mean_it(name: str, state: str) -> None:
    assert ask(camera(), name=name)["name.date"].state == state


@pytest.mark.parametrize(
    ("kind", "state"),
    [("same", "consistent"), ("rotated", "explained"), ("letterboxed", "explained"),
     ("cropped", "anomalous"), ("different", "anomalous"), ("undecided", "not applicable"),
     (None, "not applicable")],
)  # fmt: skip
def test_what_the_thumbnail_shows_is_taken_over(kind: str | None, state: str) -> None:
    assert ask(camera(thumbnail=SMALL), thumbnail=kind)["thumbnail.picture"].state == state


def test_places_of_what_was_read_hold_the_bytes_that_were_read() -> None:
    data = camera(saved="2017:09:09 12:00:01")
    found = {one.name: one for one in ask(data)["time.order"].read}
    saved = found["IFD0:DateTime"]
    assert saved.offset is not None and saved.length is not None
    assert data[saved.offset : saved.offset + saved.length] == b"2017:09:09 12:00:01\0"


def test_every_rule_answers_once_and_says_all_of_it() -> None:
    results = ask(camera())
    assert list(results) == [rule.id for rule in RULES]
    assert len({rule.id for rule in RULES}) == len(RULES)
    for one in results.values():
        assert one.sentence and one.proves and one.does_not_prove and one.innocent


def test_only_offsets_and_the_impossible_are_contradictory() -> None:
    allowed = {"offset.mpf", "offset.fbmd", "gps.range"}
    assert {rule for rule, state, _ in CASES if state == "contradictory"} <= allowed


def test_no_rule_says_altered_or_fake() -> None:
    for _, _, data in CASES:
        for one in ask(data).values():
            words = f"{one.sentence} {one.proves}".casefold()
            assert not any(word in words for word in ("fake", "forg", "manipulat", "tamper"))


def test_hostile_text_never_reaches_a_sentence() -> None:
    data = camera(ifd0=[build.ascii_(0x0131, "GIMP \x1b[2J\u202e" + "A" * 5000)])
    for one in ask(data, name="IMG-20170801-WA0003\n.jpg").values():
        assert len(one.sentence) <= 400
        assert one.sentence.isprintable()
        assert all(read.value.isprintable() and len(read.value) <= 60 for read in one.read)


def test_a_shipped_rate_stands_beside_the_rule() -> None:
    rates = ask(camera())["structure.trailer"].rates
    assert {rate.data for rate in rates} == {"metadata-extractor", "exif-samples"}
    for rate in rates:
        assert rate.fired / rate.applicable in rate.interval
        assert f"fires on {rate.fired} of {rate.applicable}" in rate.words


def test_the_tables_of_a_model_are_compared_with_that_model_only() -> None:
    block = build.tiff([build.ascii_(0x010F, "DJI"), build.ascii_(0x0110, "FC3170")])
    foreign = build.jpeg_with_exif(block, build.jpeg(quality=71))
    assert ask(foreign)["encoding.model-tables"].state == "anomalous"
    block = build.tiff([build.ascii_(0x010F, "DJI"), build.ascii_(0x0110, "FC300S")])
    other = ask(build.jpeg_with_exif(block, build.jpeg(quality=71)))["encoding.model-tables"]
    assert other.state == "explained"  # this model changes its tables from frame to frame
    block = build.tiff([build.ascii_(0x010F, "Canon"), build.ascii_(0x0110, "FC3170")])
    odd = ask(build.jpeg_with_exif(block, build.jpeg(quality=71)))["encoding.model-tables"]
    assert odd.state == "not applicable"


def test_the_pose_is_compared_with_the_maker_note_once_it_is_read() -> None:
    data = camera(packet('dd:GimbalYawDegree="+179.95"'))
    tree = structure(data, format="jpeg")
    tags = metadata(data, format="jpeg", structure=tree)

    def state(**note: float) -> str:
        more = {f"MakerNote:{name}": value for name, value in note.items()}
        results = consistency(
            data, structure=tree, encoding=None, metadata=replace(tags, tags={**tags.tags, **more})
        )
        return next(one.state for one in results if one.id == "drone.pose")

    assert state() == "not applicable"
    assert state(CameraYaw=-180.0) == "consistent"
    assert state(CameraYaw=90.0) == "anomalous"


@pytest.mark.slow
def test_mutated_files_raise_nothing() -> None:
    rng = np.random.default_rng(7)
    seeds = [data for _, _, data in CASES]
    for number in range(600):
        seed = seeds[number % len(seeds)]
        data = mutate(seed, [n.offset for n in structure(seed, format="jpeg").nodes], rng)
        for one in ask(data, name="IMG_20170910_120000.jpg").values():
            assert one.sentence


@pytest.mark.parametrize("form", ["png", "tiff", "webp"])
def test_other_formats_can_be_asked(form: str) -> None:
    import io

    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(buffer, form)
    states = {one.state for one in ask(buffer.getvalue(), form).values()}
    assert states <= {"not applicable", "consistent"}
