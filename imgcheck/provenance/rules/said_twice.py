"""EXIF, XMP and IPTC say some things twice or three times: do they agree?

The pairs are those of the Metadata Working Group, *Guidelines for Handling Image Metadata* 2.0,
chapter 5.
"""

import re
import unicodedata
from itertools import combinations

from imgcheck.provenance.clocks.between import local
from imgcheck.provenance.clocks.times import Time, looks_unset
from imgcheck.provenance.fields.charset import readings
from imgcheck.provenance.rules.facts import Facts, shown
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_CAPTURE = ("ExifIFD:DateTimeOriginal", "XMP:exif:DateTimeOriginal", "XMP:photoshop:DateCreated",
            "IPTC:DateCreated")  # fmt: skip
_DIGITISED = ("ExifIFD:DateTimeDigitized", "XMP:exif:DateTimeDigitized", "XMP:xmp:CreateDate",
              "IPTC:DigitalCreationDate")  # fmt: skip
_SAVED = ("IFD0:DateTime", "XMP:tiff:DateTime", "XMP:xmp:ModifyDate")
_ZONES_S = 26 * 3600.0  # between UTC-12 and UTC+14
_SAME_S = 2.0  # file systems round to two seconds


def _apart(first: Time, second: Time) -> float:
    """Seconds between the digits as written, less what the coarser of the two leaves open."""
    low, high = sorted((local(first.value), local(second.value)))
    earlier = first if local(first.value) == low else second
    return max(0.0, (high - low).total_seconds() - earlier.uncertainty_s)


def _dates(facts: Facts, tags: tuple[str, ...]) -> Answer:
    found = [time for tag in tags if (time := facts.time(tag)) is not None]
    if len(found) < 2:
        return absent("the date is not there twice")
    fields = [facts.field(time.tag) for time in found]
    worst = max(
        ((_apart(a, b), a, b) for i, a in enumerate(found) for b in found[i + 1 :]),
        key=lambda one: one[0],
    )
    seconds, first, second = worst
    if seconds <= _SAME_S:
        return answer("consistent", f"{len(found)} fields state the same date", *fields)
    words = f"{first.tag} {first.value} and {second.tag} {second.value} differ as written"
    if looks_unset(first) or looks_unset(second):
        return answer("explained", f"{words}: one is where unset clocks stand", *fields)
    digits = abs((local(second.value) - local(first.value)).total_seconds())
    coarse = max(first.uncertainty_s, second.uncertainty_s)
    quarter = coarse >= 900 or abs(digits - 900 * round(digits / 900)) <= coarse + _SAME_S
    if seconds <= _ZONES_S and quarter:
        return answer("explained", f"{words} by {seconds / 3600:.2f} h, as two zones do", *fields)
    return answer("anomalous", f"{words} by {seconds / 3600:.2f} h", *fields)


_PROVES = "A program that knew only one of the fields wrote the date, or one was typed in."
_NOT = "Which of the dates is right."
_INNOCENT = (
    "an editor that keeps one block up to date and not the other",
    "an agency dates the story and not the picture",
)


@rule("twice.capture-date", proves=_PROVES, does_not_prove=_NOT, innocent=_INNOCENT)
def capture_date(facts: Facts) -> Answer:
    """Ask: is the date of capture the same everywhere?"""
    return _dates(facts, _CAPTURE)


@rule("twice.digitised-date", proves=_PROVES, does_not_prove=_NOT, innocent=_INNOCENT)
def digitised_date(facts: Facts) -> Answer:
    """Ask: is the date of digitising the same everywhere?"""
    return _dates(facts, _DIGITISED)


@rule("twice.saved-date", proves=_PROVES, does_not_prove=_NOT, innocent=_INNOCENT)
def saved_date(facts: Facts) -> Answer:
    """Ask: is the date of saving the same everywhere?"""
    return _dates(facts, _SAVED)


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()


_CAPTIONS = ("IFD0:ImageDescription", "IPTC:Caption/Abstract", "XMP:dc:description")


def _same(one: set[str], two: set[str]) -> bool:
    return not one.isdisjoint(two)


def _begins(one: set[str], two: set[str]) -> bool:
    return any(b.startswith(a) or a.startswith(b) for a in one for b in two if a and b)


def _lost(one: list[str], two: list[str]) -> bool:
    """Tell whether one text has question marks where the other has letters."""
    for a, b in ((a, b) for a in one for b in two if len(a) == len(b)):
        pairs = [pair for pair in zip(a, b, strict=True) if pair[0] != pair[1]]
        if any(all(pair[side] == "?" for pair in pairs) for side in (0, 1)):
            return True
    return False


@rule(
    "twice.caption",
    proves="A caption was written by a program that knew only one of the fields.",
    does_not_prove="Which caption belongs to the picture.",
    innocent=("a camera writes its own name as description", "an old field was cut to its length"),
)
def caption(facts: Facts) -> Answer:
    """Ask: is the caption the same in EXIF, IPTC and XMP, whatever its character set?"""
    found = {tag: texts for tag in _CAPTIONS if (texts := facts.texts(tag))}
    if len(found) < 2:
        return absent("there are not two captions")
    fields = [facts.field(tag) for tag in found]
    stated = list(found.values())
    words = [{_words(form) for text in found[tag] for form in readings(text, facts.raw(tag))}
             for tag in found]  # fmt: skip
    pairs = list(combinations(range(len(found)), 2))
    if all(_same(words[i], words[j]) for i, j in pairs):
        return answer("consistent", f"{len(found)} captions are the same", *fields)
    if all(_same(words[i], words[j]) or _begins(words[i], words[j]) for i, j in pairs):
        return answer("explained", "one caption is the beginning of the other", *fields)
    if all(_same(words[i], words[j]) or _lost(stated[i], stated[j]) for i, j in pairs):
        return answer("explained", "one caption has question marks where the other has letters, as "
                      "a program writes that does not know them", *fields)  # fmt: skip
    return answer("anomalous", "the captions differ: "
                  + " / ".join(shown(texts[0]) for texts in found.values()), *fields)  # fmt: skip


@rule(
    "twice.camera",
    proves="EXIF and XMP name different cameras: a block comes from another file or was edited.",
    does_not_prove="Which camera took the picture.",
    innocent=("a converter spells the maker another way",),
)
def camera(facts: Facts) -> Answer:
    """Ask: do EXIF and XMP name one camera?"""
    pairs = [
        (exif, xmp) for exif, xmp in (("IFD0:Make", "XMP:tiff:Make"), ("IFD0:Model",
        "XMP:tiff:Model")) if facts.text(exif) and facts.text(xmp)
    ]  # fmt: skip
    if not pairs:
        return absent("the camera is not named in both EXIF and XMP")
    fields = [facts.field(tag) for pair in pairs for tag in pair]
    for exif, xmp in pairs:
        if _words(facts.text(exif) or "") != _words(facts.text(xmp) or ""):
            return answer("anomalous", f"{exif} {shown(facts.text(exif))} and {xmp} "
                          f"{shown(facts.text(xmp))} differ", *fields)  # fmt: skip
    return answer("consistent", "EXIF and XMP name the same camera", *fields)


@rule(
    "twice.orientation",
    proves="A program turned the picture, or its tag, and kept only one field up to date.",
    does_not_prove="That anything but the orientation was changed.",
    innocent=("rotation in a viewer",),
)
def orientation(facts: Facts) -> Answer:
    """Ask: is the orientation the same in EXIF and XMP?"""
    exif, xmp = facts.number("IFD0:Orientation"), facts.number("XMP:tiff:Orientation")
    if exif is None or xmp is None:
        return absent("the orientation is not there in both EXIF and XMP")
    words = f"EXIF says orientation {exif:g}, XMP {xmp:g}"
    return answer("consistent" if exif == xmp else "explained", words,
                  facts.field("IFD0:Orientation"), facts.field("XMP:tiff:Orientation"))  # fmt: skip


RULES = (capture_date, digitised_date, saved_date, caption, camera, orientation)
