"""What drones, generators, XMP histories and GeoTIFF keys declare: read, normalised, placed."""

import struct
import time
from pathlib import Path

import pytest

from imgcheck.provenance import metadata
from tests.provenance import build

DJI = 'xmlns:d="http://www.dji.com/drone-dji/1.0/" '


def packet(attributes: str, inner: str = "") -> bytes:
    body = build.xmp(inner, attributes)
    return build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + body)
    )


def read_xmp(attributes: str, inner: str = "", make: str = "") -> object:
    data = packet(attributes, inner)
    if make:
        data = build.jpeg_with_exif(build.tiff([build.ascii_(0x010F, make)]), data)
    return metadata(data, format="jpeg")


def test_dji_fields_become_a_pose_with_their_places() -> None:
    found = read_xmp(
        DJI + 'd:GpsLatitude="-20.44058452" d:GpsLongtitude="+57.31885385" '
        'd:AbsoluteAltitude="+117.10" d:RelativeAltitude="+120.99" d:GimbalYawDegree="-48.60" '
        'd:GimbalPitchDegree="-89.90" d:GimbalRollDegree="+0.00" d:FlightYawDegree="311.80" '
        'd:FlightXSpeed="+3.0" d:FlightYSpeed="-4.0" d:FlightZSpeed="0" d:RtkFlag="50" '
        'd:UTCAtExposure="2025-08-25T10:14:57.431152"'
    )
    pose = found.pose  # type: ignore[attr-defined]
    assert (pose.maker, pose.lat, pose.lon) == ("DJI", -20.44058452, 57.31885385)
    assert (pose.absolute_altitude_m, pose.relative_altitude_m) == (117.10, 120.99)
    assert (pose.gimbal_yaw_deg, pose.gimbal_pitch_deg) == (-48.60, -89.90)
    assert pose.flight_yaw_deg == pytest.approx(-48.2)
    assert (pose.speed_mps, pose.rtk) == (5.0, "fixed")
    assert pose.capture_time_utc == "2025-08-25T10:14:57.431152Z"
    lat = next(field for field in pose.raw if field.attribute == "lat")
    assert (lat.tag, lat.written) == ("XMP:drone-dji:GpsLatitude", "-20.44058452")
    assert lat.offset is not None


def test_skydio_structures_and_its_clock_are_read() -> None:
    uri = "https://www.skydio.com/drone-skydio/1.0/"
    found = read_xmp(
        f'xmlns:s="{uri}" s:Latitude="37.5" s:Longitude="-122.3" s:AbsoluteAltitude="50" '
        's:TakeoffUclock="1702757900000000" s:CaptureUtime="185370000" s:TakeoffUtime="100000000"',
        '<s:CameraOrientationNED s:Roll="0.2" s:Pitch="-84" s:Yaw="0.10035"/>',
    )
    pose = found.pose  # type: ignore[attr-defined]
    assert (pose.maker, pose.lat, pose.gimbal_pitch_deg) == ("Skydio", 37.5, -84)
    assert pose.gimbal_yaw_deg == pytest.approx(0.10035)
    assert pose.capture_time_utc == "2023-12-16T20:19:45.370000Z"


@pytest.mark.parametrize(
    ("make", "attributes", "maker", "pitch"),
    [
        ("Parrot", 'xmlns:p="http://www.parrot.com/drone-parrot/1.0/" '
         'p:CameraPitchDegree="-78.362686" p:DroneYawDegree="3"', "Parrot", -78.362686),
        ("Autel Robotics", 'xmlns:drone="http://ns.example.org/drone/1.0/" '
         'drone:GimbalPitchDegree="-45"', "Autel", -45),
        ("Teledyne FLIR", 'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
         'exif:CameraPitch="-86831/1600"', "Teal", -86831 / 1600),
        ("PARROT", 'xmlns:C="http://pix4d.com/camera/1.0" C:Pitch="7.5"', "Parrot", -82.5),
    ],
)  # fmt: skip
def test_other_makers_speak_the_same_names(
    make: str, attributes: str, maker: str, pitch: float
) -> None:
    pose = read_xmp(attributes, make=make).pose  # type: ignore[attr-defined]
    assert (pose.maker, pose.gimbal_pitch_deg) == (maker, pytest.approx(pitch))


def test_common_fields_without_a_known_maker_are_called_by_their_vocabulary() -> None:
    pose = read_xmp('xmlns:C="http://pix4d.com/camera/1.0" C:Yaw="-170" C:Pitch="0"').pose  # type: ignore[attr-defined]
    assert (pose.maker, pose.gimbal_yaw_deg, pose.gimbal_pitch_deg) == ("Pix4D", -170, -90)


def test_panorama_fields_are_read_under_their_usual_prefix() -> None:
    found = read_xmp(
        'xmlns:p="http://ns.google.com/photos/1.0/panorama/" p:ProjectionType="equirectangular" '
        'p:PoseHeadingDegrees="351.5"'
    )
    assert found.xmp["GPano:ProjectionType"] == "equirectangular"  # type: ignore[attr-defined]
    assert found.xmp["GPano:PoseHeadingDegrees"] == "351.5"  # type: ignore[attr-defined]


def test_a_pose_that_cannot_be_is_observed_and_left_out() -> None:
    found = read_xmp(DJI + 'd:GpsLatitude="95.5" d:GimbalYawDegree="nan" d:FlightYawDegree="3"')
    assert found.pose.lat is None  # type: ignore[attr-defined]
    kinds = [o.kind for o in found.observations]  # type: ignore[attr-defined]
    assert (kinds.count("unreadable-position"), kinds.count("drone")) == (1, 1)


def test_a_picture_without_drone_fields_has_no_pose() -> None:
    assert metadata(packet('xmp:CreatorTool="X"'), format="jpeg").pose is None


def test_history_and_identifiers_are_collected() -> None:
    steps = "".join(
        f'<rdf:li stEvt:action="{action}" stEvt:when="2024-01-0{day}" '
        f'stEvt:softwareAgent="Program {day}" stEvt:changed="/"/>'
        for day, action in ((1, "created"), (2, "saved"))
    )
    found = read_xmp(
        'xmpMM:DocumentID="xmp.did:1" xmpMM:InstanceID="xmp.iid:2" xmp:CreatorTool="Program 1" '
        'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:RawFileName="A.NEF"',
        f"<xmpMM:History><rdf:Seq>{steps}</rdf:Seq></xmpMM:History>",
    )
    lineage = found.lineage  # type: ignore[attr-defined]
    assert (lineage.document_id, lineage.instance_id) == ("xmp.did:1", "xmp.iid:2")
    assert [(s.number, s.action, s.software) for s in lineage.history] == [
        (1, "created", "Program 1"), (2, "saved", "Program 2"),
    ]  # fmt: skip
    assert (lineage.raw_file, lineage.raw_settings) == ("A.NEF", 1)


def test_a_value_of_xmp_stands_where_its_entry_says() -> None:
    data = packet(
        DJI + "d:GimbalYawDegree = '-48.60' d:Note=\"a > b GpsLatitude='7'\" d:GpsLatitude='35.5'",
        "<xmp:CreatorTool>Gr\u00fc\u00dfe</xmp:CreatorTool>",
    )
    entries = {entry.name: entry for entry in metadata(data, format="jpeg").entries}
    for name, raw in (("drone-dji:GimbalYawDegree", b"-48.60"), ("drone-dji:GpsLatitude", b"35.5"),
                      ("xmp:CreatorTool", "Gr\u00fc\u00dfe".encode())):  # fmt: skip
        entry = entries[name]
        assert entry.offset is not None
        assert entry.length is not None
        assert data[entry.offset : entry.offset + entry.length] == raw, name


def test_a_start_tag_of_many_attributes_costs_time_in_line_with_its_size() -> None:
    many = " ".join(f'd:a{i}="{i}"' for i in range(4000))
    data = packet(DJI + many[:60000])
    start = time.process_time()
    metadata(data, format="jpeg")
    assert time.process_time() - start < 1  # a bound on hanging, not a measure of speed


@pytest.mark.parametrize(
    ("written", "term", "words"),
    [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
         "trainedAlgorithmicMedia", "made by a trained generative model"),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", "digitalCapture",
         "captured with a digital camera"),
        ("compositewithtrainedalgorithmicmedia", "compositeWithTrainedAlgorithmicMedia",
         "changed in parts by a trained generative model"),
        ("http://example.org/mine", "mine", "a type that is not on the list of the IPTC"),
    ],
)  # fmt: skip
def test_the_digital_source_type_is_given_as_written_and_in_words(
    written: str, term: str, words: str
) -> None:
    found = read_xmp(
        f'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="{written}"'
    ).digital_source  # type: ignore[attr-defined]
    assert (found.written, found.term, found.words) == (written, term, words)


A1111 = (
    "a castle, oil\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
    "Seed: 12345, Size: 512x512, Model: dream_v1"
)


def text(keyword: str, value: str) -> bytes:
    return build.png(build.chunk(b"tEXt", keyword.encode() + b"\0" + value.encode()))


@pytest.mark.parametrize(
    ("keyword", "value", "name"),
    [
        ("parameters", A1111, "Stable Diffusion web UI (A1111, Forge)"),
        ("parameters", '{"sui_image_params": {"prompt": "x", "seed": 5}}', "SwarmUI"),
        ("prompt", '{"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}', "ComfyUI"),
        ("workflow", '{"last_node_id": 9, "nodes": []}', "ComfyUI"),
        ("Comment", '{"uc": "bad", "steps": 28, "seed": 5}', "NovelAI"),
        ("Software", "NovelAI", "NovelAI"), ("invokeai_metadata", "{}", "InvokeAI"),
        ("sd-metadata", "{}", "InvokeAI"), ("Software", "DALL-E 3", "DALL-E 3"),
        ("Description", "a cat --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef", "Midjourney"),
    ],
)  # fmt: skip
def test_generators_declare_themselves_in_png_texts(keyword: str, value: str, name: str) -> None:
    (found,) = metadata(text(keyword, value), format="png").generators
    assert (found.name, found.tag) == (name, f"PNG:{keyword}")
    assert "declares" in found.statement
    assert "anyone" in found.statement


def test_model_and_seed_stand_beside_the_declaration() -> None:
    (found,) = metadata(text("parameters", A1111), format="png").generators
    assert (found.model, found.seed) == ("dream_v1", "12345")


def test_a_copy_in_user_comment_or_comment_counts_too() -> None:
    raw = b"UNICODE\0" + A1111.encode("utf-16-be")
    exif = build.jpeg_with_exif(build.tiff([], exif=[(0x9286, 7, raw)], mark=">"))
    comment = build.with_segments(build.jpeg(), build.segment(0xFE, A1111.encode()))
    assert metadata(exif, format="jpeg").generators[0].tag == "ExifIFD:UserComment"
    assert metadata(comment, format="jpeg").generators[0].tag == "COM:Comment"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Software", "Adobe Photoshop 25.0"), ("Comment", "Ten steps: 20, up the hill"),
        ("Description", "Imagen de la ciudad"), ("Software", "GIMP"), ("Title", "Flux"),
        ("prompt", "What do you see?"),
    ],
)  # fmt: skip
def test_ordinary_words_are_no_declaration(keyword: str, value: str) -> None:
    assert metadata(text(keyword, value), format="png").generators == ()


def geotiff(keys: list[int], texts: bytes = b"NAD83 / UTM zone 14N|\0") -> bytes:
    doubles = struct.pack("<3d", 5, 5, 0)
    point = struct.pack("<6d", 0, 0, 0, 485900, 5209247, 0)
    return build.tiff(
        [build.short(0x0100, 1), (0x830E, 12, doubles), (0x8482, 12, point),
         build.short(0x87AF, *keys), (0x87B1, 2, texts)]
    )  # fmt: skip


def test_geotiff_keys_give_system_scale_and_tie_point() -> None:
    keys = [1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 1026, 34737, 21, 0, 3072, 0, 1, 26914]
    found = metadata(geotiff(keys), format="tiff")
    reference = found.georeference
    assert reference is not None
    assert (reference.crs, reference.model, reference.raster) == ("EPSG:26914", "projected", "area")
    assert reference.citation == "NAD83 / UTM zone 14N"
    assert reference.pixel_scale == (5, 5, 0)
    assert reference.tie_points == ((0, 0, 0, 485900, 5209247, 0),)
    assert found.tags["GeoTIFF:ProjectedCRS"] == 26914


@pytest.mark.parametrize(
    "keys",
    [
        [1, 1, 0, 65535, 1024, 0, 1, 1],
        [1, 1, 0, 1, 1026, 34737, 500, 0],
        [1, 1, 0, 1, 1026, 34736, 9, 9],
        [1, 1, 0, 1, 1026, 7, 1, 0],
        [1, 1, 0, 2, 3072, 0, 1, 1, 3072, 0, 1, 2],
    ],
)
def test_geotiff_keys_that_lie_are_observed(keys: list[int]) -> None:
    found = metadata(geotiff(keys), format="tiff")
    assert any(seen.kind == "geotiff" for seen in found.observations)


def test_both_digests_of_an_iptc_block_are_shown() -> None:
    data = build.jpeg_with_iptc(build.dataset(2, 5, b"title"), digest=b"\1" * 16)
    tags = metadata(data, format="jpeg").tags
    assert tags["Photoshop:IPTCDigest"] == "01" * 16
    assert tags["Photoshop:PresentIPTCDigest"] != tags["Photoshop:IPTCDigest"]


def test_a_fixed_width_iptc_field_ends_at_its_first_zero_and_the_rest_is_observed() -> None:
    data = build.jpeg_with_iptc(
        build.dataset(1, 22, b"\0\2"), build.dataset(2, 90, b"Oslo".ljust(32, b"\0")),
        build.dataset(2, 80, b"Agency\0\0\3\0\xf7"), build.dataset(3, 20, b"x"),
    )  # fmt: skip
    found = metadata(data, format="jpeg")
    assert found.tags["IPTC:FileVersion"] == 2
    assert (found.tags["IPTC:City"], found.tags["IPTC:By-line"]) == ("Oslo", "Agency")
    assert found.tags["IPTC:3:20"] == "x"
    assert [seen.kind for seen in found.observations] == ["hidden-text"]


@pytest.mark.data
def test_drone_fields_of_real_files_agree_with_their_gps_directory(data_dir: Path) -> None:
    checked = 0
    for path in sorted((data_dir / "overhead").rglob("*.jpg"))[::4]:
        pose = metadata(path.read_bytes(), format="jpeg").pose
        assert pose is not None, path.name
        for attribute, limit in (("lat", 1e-6), ("lon", 1e-6)):
            values = [field.value for field in pose.raw if field.attribute == attribute]
            assert max(values) - min(values) < limit, path.name
            checked += len(values)
    assert checked > 40
