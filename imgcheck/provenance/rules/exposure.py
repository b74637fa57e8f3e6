"""The exposure stands in EXIF twice, and once more in XMP: do the numbers agree?"""

import math

from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

# A third of a stop is the step in which cameras write. Set after seeing 218 pairs: 178 lie below a
# tenth of a stop, 40 above nine tenths, and none between (benchmarks: rules light).
_STOP = 1 / 3
_RELATIVE = 0.01  # rationals of different writers round to two or three digits
_PAIRS = (
    ("ExifIFD:ExposureTime", "XMP:exif:ExposureTime"), ("ExifIFD:FNumber", "XMP:exif:FNumber"),
    ("ExifIFD:FocalLength", "XMP:exif:FocalLength"),
    ("ExifIFD:PhotographicSensitivity", "XMP:exif:ISOSpeedRatings"),
)  # fmt: skip
_SERIALS = ("ExifIFD:BodySerialNumber", "IFD0:CameraSerialNumber", "XMP:aux:SerialNumber",
            "XMP:exifEX:BodySerialNumber")  # fmt: skip


@rule(
    "exposure.apex",
    proves="Time or aperture and their logarithmic twin (APEX) differ: one field was written by "
    "somebody who did not know of the other, or by a faulty writer.",
    does_not_prove="Editing: whole models write a wrong twin into every frame.",
    innocent=("a faulty firmware or converter",),
)
def apex(facts: Facts) -> Answer:
    """Ask: is ShutterSpeedValue the logarithm of ExposureTime, ApertureValue that of FNumber?"""
    found = []
    for plain, twin, factor in (("ExposureTime", "ShutterSpeedValue", -1),
                                ("FNumber", "ApertureValue", 2)):  # fmt: skip
        value = facts.number(f"ExifIFD:{plain}")
        other = facts.number(f"ExifIFD:{twin}")
        if value is not None and other is not None and value > 0:
            found.append((abs(factor * math.log2(value) - other), plain, value, twin, other))
    if not found:
        return absent("neither time nor aperture is written twice")
    read = [facts.field(f"ExifIFD:{name}") for one in found for name in (one[1], one[3])]
    apart, plain, value, twin, other = max(found)
    words = f"{plain} {value:.6g} and {twin} {other:.6g} lie {apart:.2f} stops apart"
    return answer("consistent" if apart <= _STOP else "anomalous", words, *read)


@rule(
    "twice.exposure",
    proves="EXIF and XMP state different exposures: one block comes from another picture, or one "
    "was edited.",
    does_not_prove="Which of the two belongs to the picture.",
    innocent=("a converter that rounds or leaves a default",),
)
def exposure(facts: Facts) -> Answer:
    """Ask: are time, aperture, focal length and sensitivity the same in EXIF and XMP?"""
    found = []
    for exif, xmp in _PAIRS:
        one, two = facts.number(exif), facts.number(xmp)
        if one is not None and two is not None and one > 0 and two > 0:
            found.append((abs(one / two - 1), exif, one, xmp, two))
    if not found:
        return absent("the exposure is not there in both EXIF and XMP")
    read = [facts.field(tag) for one in found for tag in (one[1], one[3])]
    apart, exif, value, xmp, other = max(found)
    words = f"of {len(found)} values the most different are {exif} {value:.6g} and {other:.6g}"
    return answer("consistent" if apart <= _RELATIVE else "anomalous", words, *read)


@rule(
    "twice.serial",
    proves="Two serial numbers of the camera differ: a block comes from another file.",
    does_not_prove="Which camera took the picture.",
    innocent=("a maker that writes two kinds of number",),
)
def serial(facts: Facts) -> Answer:
    """Ask: is the camera's serial number the same everywhere?"""
    found = {tag: text for tag in _SERIALS if (text := _serial(facts, tag))}
    if len(found) < 2:
        return absent("the serial number is not there twice")
    read = [facts.field(tag) for tag in found]
    if len(set(found.values())) == 1:
        return answer("consistent", f"{len(found)} fields state one serial number", *read)
    return answer("anomalous", "the fields state different serial numbers", *read)


def _serial(facts: Facts, tag: str) -> str | None:
    value = facts.value(tag)
    text = str(value).strip().lstrip("0") if isinstance(value, str | int) else ""
    return text.casefold() or None


RULES = (apex, exposure, serial)
