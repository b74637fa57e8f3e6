"""Fields that state one thing twice, in EXIF, XMP, IPTC, maker note or a drone's own fields.

The pairs of EXIF, XMP and IPTC are those of the Metadata Working Group, *Guidelines for Handling
Image Metadata* 2.0, chapter 5; those of drones were found in files of DJI, senseFly, Skydio and
Parrot.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import combinations

from imgcheck.provenance.clocks.comparison import local
from imgcheck.provenance.clocks.stated import Time, looks_unset
from imgcheck.provenance.fields.position import Source
from imgcheck.provenance.fields.values import readings, shown
from imgcheck.provenance.rules.rule import Answer, Facts, Rule, State, absent, answer, rule
from imgcheck.provenance.rules.times import SLACK_S, ZONES_S

_WHICH = "Which of the two values is right."
_DRONE = (
    "a mapping program corrected one of the fields",
    "the two fields come from different instruments or moments",
)

# A third of a stop is the step in which cameras write. Set after seeing 218 pairs: 178 lie below a
# tenth of a stop, 40 above nine tenths, and none between (benchmarks: rules light).
_STOP = 1 / 3
_RELATIVE = 1.0  # percent: rationals of different writers round to two or three digits
# XMP of one model writes tenths of a degree, its maker note the same as a float: 32 of 32 frames
# agree to 0.01 degrees.
_POSE_DEG = 0.06
# Far above what rounding does: of three flights, 88 positions and 120 heights agree to 0.01 m
# (benchmarks: rules).
_DRONE_M, _ALTITUDE_M = 2.0, 1.0
_NEAR_M = 20.0  # hundredths of a minute, the coarsest that writers round to, are 18.5 m
_DEGREE_M = 111_320.0  # of latitude
_HEIGHTS = (
    "XMP:drone-dji:AbsoluteAltitude", "XMP:sensefly:AltitudeAMSL", "XMP:sensefly:AltitudeWGS84",
    "XMP:drone-skydio:AbsoluteAltitude", "XMP:Camera:GPSAltitude",
)  # fmt: skip


_Apart = Callable[[float, float], float]


def _numbers(
    facts: Facts, pairs: Iterable[tuple[str, str, _Apart]], *, missing: str, limit: float,
    unit: str = "", otherwise: State = "anomalous",
) -> Answer:  # fmt: skip
    """Compare pairs of numeric fields by the largest of their differences."""
    found = []
    for first, second, apart in pairs:
        one, two = facts.number(first), facts.number(second)
        if one is not None and two is not None and not math.isnan(far := apart(one, two)):
            found.append((far, first, one, second, two))
    if not found:
        return absent(f"no {missing} is present twice")
    read = [facts.field(tag) for pair in found for tag in (pair[1], pair[3])]
    far, first, one, second, two = max(found)
    words = f"{first} is {one:.6g}, {second} {two:.6g}: {far:.2f}{unit} apart"
    words += f", the largest of {len(found)} differences" if len(found) > 1 else ""
    return answer("consistent" if far <= limit else otherwise, words, *read)


def _relative(one: float, two: float) -> float:
    return 100 * abs(one / two - 1) if one > 0 and two > 0 else math.nan


def _around(one: float, two: float) -> float:
    return abs((one - two + 180) % 360 - 180)


def _stops(factor: int) -> _Apart:
    return lambda value, apex: abs(factor * math.log2(value) - apex) if value > 0 else math.nan


@rule(
    "exposure.apex",
    proves="Exposure time or aperture differs from its logarithmic (APEX) field: a program set "
    "only one of the two, or is faulty.",
    does_not_prove="Editing: some camera models write a wrong APEX value into every frame.",
    innocent=("a faulty firmware or converter",),
)
def _apex(facts: Facts) -> Answer:
    pairs = (("ExifIFD:ExposureTime", "ExifIFD:ShutterSpeedValue", _stops(-1)),
             ("ExifIFD:FNumber", "ExifIFD:ApertureValue", _stops(2)))  # fmt: skip
    return _numbers(facts, pairs, missing="time or aperture", limit=_STOP, unit=" stops")


@rule(
    "twice.exposure",
    proves="EXIF and XMP state different exposures: one block comes from another picture, or one "
    "was edited.",
    does_not_prove="Which of the two belongs to the picture.",
    innocent=("a converter that rounds or leaves a default",),
)
def _exposure(facts: Facts) -> Answer:
    names = (("ExposureTime",) * 2, ("FNumber",) * 2, ("FocalLength",) * 2,
             ("PhotographicSensitivity", "ISOSpeedRatings"))  # fmt: skip
    pairs = ((f"ExifIFD:{exif}", f"XMP:exif:{xmp}", _relative) for exif, xmp in names)
    return _numbers(facts, pairs, missing="exposure", limit=_RELATIVE, unit=" %")


@rule(
    "twice.orientation",
    proves="A program rotated the picture or changed its orientation tag, and updated only one "
    "field.",
    does_not_prove="That anything but the orientation was changed.",
    innocent=("rotation in a viewer",),
)
def _orientation(facts: Facts) -> Answer:
    pairs = (("IFD0:Orientation", "XMP:tiff:Orientation", lambda one, two: abs(one - two)),)
    return _numbers(facts, pairs, missing="orientation", limit=0, otherwise="explained")


@rule(
    "drone.pose",
    proves="The pose in XMP and the one in the maker note differ: one was edited.",
    does_not_prove=_WHICH,
    innocent=_DRONE,
)
def _pose(facts: Facts) -> Answer:
    names = (("Flight", ""), ("Gimbal", "Camera"))
    pairs = (
        (f"XMP:drone-dji:{xmp}{angle}Degree", f"MakerNote:{note}{angle}", _around)
        for xmp, note in names for angle in ("Yaw", "Pitch", "Roll")
    )  # fmt: skip
    return _numbers(facts, pairs, missing="pose", limit=_POSE_DEG, unit=" degrees")


@rule(
    "drone.altitude",
    proves="The drone's own height and the one in EXIF differ: one was corrected or edited.",
    does_not_prove=_WHICH,
    innocent=(*_DRONE, "one height is above the ellipsoid and the other above the sea"),
)
def _altitude(facts: Facts) -> Answer:
    gps = next((one for one in facts.metadata.positions if one.source == "EXIF"), None)
    stated = [(tag, height) for tag in _HEIGHTS if (height := facts.number(tag)) is not None]
    exif = None if gps is None else gps.altitude_m
    if not stated or exif is None:
        return absent("the height is not present twice")
    apart, tag, height = min((abs(height - exif), tag, height) for tag, height in stated)
    return answer("consistent" if apart <= _ALTITUDE_M else "anomalous",
                  f"{tag} is {height:.2f} m, EXIF {exif:.2f} m", facts.field(tag),
                  facts.field("GPS:GPSAltitude"))  # fmt: skip


def _positions(facts: Facts, first: Source, second: Source, limit: float) -> Answer:
    one, two = facts.position(first), facts.position(second)
    here, there = (None if gps is None else gps.point for gps in (one, two))
    if one is None or two is None or here is None or there is None:
        return absent(f"a position is not present in both {first} and {second} fields")
    east = ((there.lon - here.lon + 180) % 360 - 180) * math.cos(math.radians(here.lat))
    metres = _DEGREE_M * math.hypot(there.lat - here.lat, east)  # on a sphere, short distances
    return answer("consistent" if metres <= limit else "anomalous",
                  f"the two positions lie {metres:.1f} m apart",
                  *map(facts.field, (*one.tags, *two.tags)))  # fmt: skip


@rule(
    "twice.position",
    proves="EXIF and XMP state different places: a program changed one and not the other.",
    does_not_prove=_WHICH,
    innocent=("a position set or corrected in a photo manager",),
)
def _position(facts: Facts) -> Answer:
    return _positions(facts, "EXIF", "XMP", _NEAR_M)


@rule(
    "drone.position",
    proves="The drone's own position and the one in EXIF differ: one was corrected or edited.",
    does_not_prove=_WHICH,
    innocent=_DRONE,
)
def _drone_position(facts: Facts) -> Answer:
    return _positions(facts, "drone", "EXIF", _DRONE_M)


def _apart_s(first: Time, second: Time) -> float:
    low, high = sorted((local(first.value), local(second.value)))
    earlier = first if local(first.value) == low else second
    return max(0.0, (high - low).total_seconds() - earlier.uncertainty_s)


def _dates(*tags: str) -> Callable[[Facts], Answer]:
    def ask(facts: Facts) -> Answer:
        found = [time for tag in tags if (time := facts.time(tag)) is not None]
        if len(found) < 2:
            return absent("the date is not present twice")
        fields = [facts.field(time.tag) for time in found]
        seconds, first, second = max(
            ((_apart_s(a, b), a, b) for a, b in combinations(found, 2)), key=lambda one: one[0]
        )
        if seconds <= SLACK_S:
            return answer("consistent", f"{len(found)} fields state the same date", *fields)
        words = f"{first.tag} {first.value} and {second.tag} {second.value} are written differently"
        if looks_unset(first) or looks_unset(second):
            return answer(
                "explained",
                (f"{words}: one is the default value of a clock that was never set"),
                *fields,
            )
        digits = abs((local(second.value) - local(first.value)).total_seconds())
        coarse = max(first.uncertainty_s, second.uncertainty_s)
        quarter = coarse >= 900 or abs(digits - 900 * round(digits / 900)) <= coarse + SLACK_S
        words = f"{words} by {seconds / 3600:.2f} h"
        if seconds <= ZONES_S and quarter:
            return answer("explained", f"{words}, as if written in two time zones", *fields)
        return answer("anomalous", words, *fields)

    return ask


def _date_rule(id: str, *tags: str) -> Rule:
    return rule(
        id,
        proves=
            "The date was written by a program that updated only one of the fields, or one "
            "date was typed in.",
        does_not_prove="Which of the dates is right.",
        innocent=("an editor that updates one block and not the other",
                  "an agency dates the story and not the picture"),
    )(_dates(*tags))  # fmt: skip


_capture_date = _date_rule(
    "twice.capture-date", "ExifIFD:DateTimeOriginal", "XMP:exif:DateTimeOriginal",
    "XMP:photoshop:DateCreated", "IPTC:DateCreated",
)  # fmt: skip
_digitised_date = _date_rule(
    "twice.digitised-date", "ExifIFD:DateTimeDigitized", "XMP:exif:DateTimeDigitized",
    "XMP:xmp:CreateDate", "IPTC:DigitalCreationDate",
)  # fmt: skip
_saved_date = _date_rule(
    "twice.saved-date", "IFD0:DateTime", "XMP:tiff:DateTime", "XMP:xmp:ModifyDate"
)


def _normal(text: str) -> str:
    return re.sub(r"\W+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()


def _begins(one: set[str], two: set[str]) -> bool:
    return any(b.startswith(a) or a.startswith(b) for a in one for b in two if a and b)


def _lost(one: list[str], two: list[str]) -> bool:
    """Return whether one text has question marks where the other has letters."""
    for a, b in ((a, b) for a in one for b in two if len(a) == len(b)):
        pairs = [pair for pair in zip(a, b, strict=True) if pair[0] != pair[1]]
        if any(all(pair[side] == "?" for pair in pairs) for side in (0, 1)):
            return True
    return False


@rule(
    "twice.caption",
    proves="A caption was written by a program that updated only one of the fields.",
    does_not_prove="Which caption belongs to the picture.",
    innocent=("a camera writes its own name as description", "an old field was cut to its length"),
)
def _caption(facts: Facts) -> Answer:
    tags = ("IFD0:ImageDescription", "IPTC:Caption/Abstract", "XMP:dc:description")
    found = {tag: texts for tag in tags if (texts := facts.texts(tag))}
    if len(found) < 2:
        return absent("the file has fewer than two captions")
    fields = [facts.field(tag) for tag in found]
    forms = [({_normal(form) for text in texts for form in readings(text, facts.raw(tag))}, texts)
             for tag, texts in found.items()]  # fmt: skip
    pairs = list(combinations(forms, 2))
    if all(one[0] & two[0] for one, two in pairs):
        return answer("consistent", f"{len(found)} captions are the same", *fields)
    if all(one[0] & two[0] or _begins(one[0], two[0]) for one, two in pairs):
        return answer("explained", "one caption is the beginning of the other", *fields)
    if all(one[0] & two[0] or _lost(one[1], two[1]) for one, two in pairs):
        return answer("explained", "one caption has question marks where the other has letters: a "
                      "program wrote it that does not support them", *fields)  # fmt: skip
    return answer("anomalous", "the captions differ: "
                  + " / ".join(shown(texts[0]) for texts in found.values()), *fields)  # fmt: skip


@rule(
    "twice.camera",
    proves="EXIF and XMP name different cameras: a block comes from another file or was edited.",
    does_not_prove="Which camera took the picture.",
    innocent=("a converter spells the maker another way",),
)
def _camera(facts: Facts) -> Answer:
    pairs = [(exif, xmp, one, two) for exif, xmp in (("IFD0:Make", "XMP:tiff:Make"),
                                                     ("IFD0:Model", "XMP:tiff:Model"))
             if (one := facts.text(exif)) and (two := facts.text(xmp))]  # fmt: skip
    if not pairs:
        return absent("EXIF and XMP do not both name a camera")
    fields = [facts.field(tag) for pair in pairs for tag in pair[:2]]
    for exif, xmp, one, two in pairs:
        if _normal(one) != _normal(two):
            words = f"{exif} {shown(one)} and {xmp} {shown(two)} differ"
            return answer("anomalous", words, *fields)
    return answer("consistent", "EXIF and XMP name the same camera", *fields)


@rule(
    "twice.serial",
    proves="Two serial numbers of the camera differ: a block comes from another file.",
    does_not_prove="Which camera took the picture.",
    innocent=("a maker that writes two kinds of serial number",),
)
def _serial(facts: Facts) -> Answer:
    found = {}
    for tag in ("ExifIFD:BodySerialNumber", "IFD0:CameraSerialNumber", "XMP:aux:SerialNumber",
                "XMP:exifEX:BodySerialNumber"):  # fmt: skip
        value = facts.value(tag)
        text = str(value).strip().lstrip("0") if isinstance(value, str | int) else ""
        if text:
            found[tag] = text.casefold()
    if len(found) < 2:
        return absent("the serial number is not present twice")
    read = [facts.field(tag) for tag in found]
    if len(set(found.values())) == 1:
        return answer("consistent", f"{len(found)} fields state one serial number", *read)
    return answer("anomalous", "the fields state different serial numbers", *read)


RULES = (_capture_date, _digitised_date, _saved_date, _caption, _camera, _serial, _exposure, _apex,
         _orientation, _position, _drone_position, _altitude, _pose)  # fmt: skip
