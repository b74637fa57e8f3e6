"""Do the camera's three EXIF times stand in the order in which they come about?"""

from itertools import pairwise

from imgcheck.provenance.clocks.between import gap
from imgcheck.provenance.clocks.times import Time, looks_unset
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_EXIF = ("ExifIFD:DateTimeOriginal", "ExifIFD:DateTimeDigitized", "IFD0:DateTime")
# Programs that copy a time through another clock or file system keep two seconds (FAT).
_SLACK_S = 2.0


def exif_times(facts: Facts) -> list[Time]:
    """Give the EXIF times that are there: original, digitised, saved."""
    found = []
    for tag in _EXIF:
        time = facts.time(tag) or facts.time(tag.replace("IFD0", "ExifIFD"))
        if time is not None:
            found.append(time)
    return found


@rule(
    "time.order",
    proves="The clocks or zones behind the two times disagree, or one of the tags was written "
    "by hand or by a program.",
    does_not_prove="That the picture was altered, or which of the two times is wrong.",
    innocent=(
        "one time is in UTC and the other in local time, and no zone is written",
        "the clock was set between two steps",
    ),
)
def order(facts: Facts) -> Answer:
    """Ask: original before or with digitised, digitised before or with saved?"""
    found = exif_times(facts)
    if len(found) < 2:
        return absent("fewer than two of the three EXIF times are there")
    fields = [facts.field(time.tag) for time in found]
    for first, second in pairwise(found):
        between = gap(first, second, slack_s=_SLACK_S)
        if between.order == "after":
            hours = abs(between.written_s) / 3600
            return answer(
                "anomalous",
                f"{second.tag} {second.value} lies before {first.tag} {first.value} "
                f"({hours:.2f} h by the digits; {between.words})",
                *fields,
            )
        if between.order == "undecidable" and between.written_s < 0:
            return answer(
                "explained",
                f"{second.tag} {second.value} reads earlier than {first.tag} {first.value}, but "
                f"only one of them has a zone, and some zone puts them in order",
                *fields,
            )
    return answer("consistent", "the EXIF times follow each other in the usual order", *fields)


@rule(
    "time.saved-later",
    proves="A program that sets the date of saving wrote this file, or its tags, after capture.",
    does_not_prove="What it changed. Rotating, rating or importing is enough.",
    innocent=("import, rotation, a viewer that saves, conversion for the web",),
)
def saved_later(facts: Facts) -> Answer:
    """Ask: was it saved later than it was taken?"""
    found = {time.role: time for time in exif_times(facts)}
    shot, saved = found.get("capture"), found.get("written")
    if shot is None or saved is None:
        return absent("the EXIF time of capture or of saving is missing")
    fields = (facts.field(shot.tag), facts.field(saved.tag))
    between = gap(shot, saved, slack_s=_SLACK_S)
    if between.order == "before":
        return answer(
            "explained", f"saved {between.written_s / 3600:.2f} h after capture ({between.words})",
            *fields,
        )  # fmt: skip
    return answer("consistent", f"saving does not lie after capture ({between.words})", *fields)


@rule(
    "time.unset-clock",
    proves="The clock was probably never set: the time says nothing about the day.",
    does_not_prove="That the date was falsified.",
    innocent=(
        "the camera lost its battery, or its owner never set the clock",
        "a picture taken in the first hour of a year",
    ),
)
def unset_clock(facts: Facts) -> Answer:
    """Ask: does a time stand where unset clocks stand?"""
    stated = (facts.time(tag) for tag in ("XMP:xmp:CreateDate", "XMP:xmp:ModifyDate"))
    found = [*exif_times(facts), *(time for time in stated if time is not None)]
    if not found and not facts.observed("clock", "unreadable-time"):
        return absent("the file states no time of a camera")
    for time in found:
        if looks_unset(time):
            return answer(
                "explained", f"{time.tag} {time.value} is where unset clocks stand",
                facts.field(time.tag),
            )  # fmt: skip
    if not found:
        return answer("explained", "a date field is there and is unset or no date")
    return answer("consistent", "no time stands where unset clocks stand",
                  *(facts.field(time.tag) for time in found))  # fmt: skip


RULES = (order, saved_later, unset_clock)
