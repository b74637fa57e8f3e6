"""Programs and history that a file names: their order, their years, and the declared source."""

import re
from itertools import pairwise

from imgcheck.provenance.clocks.comparison import gap, local
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.fields.origin import HistoryStep
from imgcheck.provenance.fields.values import shown
from imgcheck.provenance.rules.rule import Answer, Facts, absent, answer, rule
from imgcheck.provenance.rules.times import SLACK_S

# Names of widely used editors and converters. A list of words, not of suspicions.
_EDITORS = re.compile(
    r"photoshop|lightroom|gimp|paint\.net|affinity|capture one|darktable|snapseed|picasa|photoscape"
    r"|acdsee|acd systems|irfanview|imagemagick|fireworks|illustrator|corel|paintshop|pixelmator"
    r"|canva|picsart|luminar|photo gallery|idimager|aperture|bridge|paint shop|xnview|faststone",
    re.IGNORECASE,
)
# Only products that put a year of release into their name.
_YEAR = re.compile(
    r"(?:photoshop|lightroom|illustrator|bridge|indesign|elements|paintshop|photodirector|acdsee)"
    r"[^0-9]{0,24}((?:19|20)\d\d)\b", re.IGNORECASE | re.ASCII,
)  # fmt: skip
_EARLY_YEARS = 1  # products named after a year come out in the autumn before it
_SAVED = ("IFD0:DateTime", "XMP:xmp:ModifyDate", "XMP:xmp:MetadataDate")
_SOURCES = ("XMP:Iptc4xmpExt:DigitalSourceType", "XMP:Iptc4xmpExt:DigitalSourcefileType")
_GENERATORS = ("PNG:parameters", "PNG:prompt", "PNG:workflow", "PNG:sd-metadata",
               "PNG:invokeai_metadata", "PNG:Dream", "PNG:sui_image_params")  # fmt: skip
_CAPTURED = ("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print")


def _steps(facts: Facts) -> tuple[HistoryStep, ...]:
    return () if facts.metadata.lineage is None else facts.metadata.lineage.history


@rule(
    "history.order",
    proves="The recorded steps are not in chronological order, or a save is missing.",
    does_not_prove="That the picture was altered: histories are written by clocks of several "
    "computers and can be copied from a template.",
    innocent=("computers with different clocks", "a template whose history was copied"),
)
def _order(facts: Facts) -> Answer:
    times = [time for one in _steps(facts) if (time := facts.time(one.tag("when"))) is not None]
    last = facts.time("XMP:xmp:MetadataDate") or facts.time("XMP:xmp:ModifyDate")
    if not times or (len(times) < 2 and last is None):
        return absent("the history has no two times to compare")
    read = [facts.field(time.tag) for time in times[:8]]
    for first, second in pairwise(times):
        if gap(first, second, slack_s=SLACK_S).order == "after":
            return answer("anomalous", f"a step of {second.value} follows one of {first.value}",
                          *read)  # fmt: skip
    if last is not None and gap(times[-1], last, slack_s=SLACK_S).order == "after":
        return answer("anomalous", f"the last step {times[-1].value} lies after {last.tag} "
                      f"{last.value}", *read, facts.field(last.tag))  # fmt: skip
    return answer("consistent", f"{len(times)} steps in chronological order", *read)


@rule(
    "history.dates",
    proves="XMP states that the document was changed before it was created: a wrong clock, or a "
    "program that keeps old dates.",
    does_not_prove="Which date is right.",
    innocent=("a template or a converter that sets only one of the dates", "an unset clock"),
)
def _dates(facts: Facts) -> Answer:
    tags = ("XMP:xmp:CreateDate", "XMP:xmp:ModifyDate", "XMP:xmp:MetadataDate")
    found = [time for tag in tags if (time := facts.time(tag)) is not None]
    if len(found) < 2:
        return absent("XMP has fewer than two of its three dates")
    read = [facts.field(time.tag) for time in found]
    for first, second in pairwise(found):
        if gap(first, second, slack_s=SLACK_S).order == "after":
            return answer("anomalous", f"{second.tag} {second.value} lies before {first.tag} "
                          f"{first.value}", *read)  # fmt: skip
    return answer("consistent", "the XMP dates are in the expected order", *read)


@rule(
    "history.identity",
    proves="The last recorded step does not have the InstanceID of this file, or the file names "
    "itself as its source.",
    does_not_prove="That the picture was altered: the file was saved or copied once more.",
    innocent=("a program that writes a new identity and no history",),
)
def _identity(facts: Facts) -> Answer:
    instance = facts.text("XMP:xmpMM:InstanceID")
    if instance is None:
        return absent("XMP gives the file no InstanceID")
    named = [step for step in _steps(facts) if step.instance_id]
    source = facts.text("XMP:xmpMM:DerivedFrom/stRef:instanceID")
    if not named and source is None:
        return absent("the file has neither a history with InstanceIDs nor a source document")
    read = [facts.field("XMP:xmpMM:InstanceID")]
    if named:
        read.append(facts.field(named[-1].tag("instanceID")))
        if (named[-1].instance_id or "").strip() != instance[:200]:
            return answer("anomalous", "the last step of the history names another instance than "
                          "the file", *read)  # fmt: skip
    if source is not None:
        read.append(facts.field("XMP:xmpMM:DerivedFrom/stRef:instanceID"))
        if source == instance:
            return answer("anomalous", "the file states that it was derived from itself", *read)
    return answer("consistent", "the InstanceIDs and the history are consistent", *read)


def _program(text: str) -> str:
    """Return the name of a program without version, platform and year."""
    text = re.sub(r"\(.*?\)|\b(windows|macintosh|version|ver)\b|[\d.]+", " ", text.casefold())
    return " ".join(text.split())


@rule(
    "history.software",
    proves="EXIF and XMP name different programs as the last: the file passed through both, or "
    "one field was left behind.",
    does_not_prove="Alteration: a program's name means that the file passed through it.",
    innocent=("a second program that rewrites only EXIF or only XMP",
              "EXIF still names the firmware of the camera"),
)  # fmt: skip
def _software(facts: Facts) -> Answer:
    exif = facts.text("IFD0:Software")
    agents = [step for step in _steps(facts) if step.software]
    tag = agents[-1].tag("softwareAgent") if agents else "XMP:xmp:CreatorTool"
    xmp = facts.text(tag)
    if exif is None or xmp is None:
        return absent("EXIF and XMP do not both name a program")
    read = (facts.field("IFD0:Software"), facts.field(tag))
    one, two = _program(exif), _program(xmp)
    if one == two or (one and two and (one in two or two in one)):
        return answer("consistent", "EXIF and XMP name the same program", *read)
    if not re.search(r"[a-z]{4}", one):
        return answer("explained", f"EXIF names {shown(exif)}, which reads like firmware", *read)
    return answer("anomalous", f"EXIF names {shown(exif)}, XMP {shown(xmp)}", *read)


@rule(
    "program.editor",
    proves="The file passed through that program, if the tag is right.",
    does_not_prove="Alteration. Programs of this kind import, rotate, rate and convert as well.",
    innocent=("routine newsroom work such as developing, cropping, archiving and captioning",),
)
def _editor(facts: Facts) -> Answer:
    if not facts.described:
        return absent("the file has no metadata")
    for text in facts.metadata.software:
        if _EDITORS.search(text):
            tag = next((k for k, v in facts.metadata.tags.items() if str(v).strip() == text), "")
            return answer("explained", f"passed through {shown(text)}", facts.field(tag))
    return answer(
        "consistent", ("no widely used editor is named, but editors do not always leave their name")
    )


@rule(
    "program.photoshop-block",
    proves="A program that writes Adobe's blocks saved the file or its tags.",
    does_not_prove="Alteration; phones and agencies write them too.",
    innocent=("captioning by an agency", "a phone that writes XMP media management"),
)
def _photoshop_block(facts: Facts) -> Answer:
    if facts.encoding is None or facts.camera is None:
        return absent("no camera maker is named, or the file is not a JPEG")
    block = facts.node("APP13", "Photoshop")
    chain = facts.value("XMP:xmpMM:DocumentID")
    if block is None and chain is None:
        return answer("consistent", "the file has no block written by Adobe software")
    read = [] if chain is None else [facts.field("XMP:xmpMM:DocumentID")]
    read += [] if block is None else [facts.field("Photoshop:IPTCDigest")]
    return answer("explained", "a Photoshop block or XMP media management is present", *read)


def named_years(metadata: Metadata) -> tuple[tuple[str, int], ...]:
    """List programs with a year in their name, and the first year they can have saved in.

    The file at hand was saved then or later, if the names are right.
    """
    return tuple(
        (shown(name), int(match[1]) - _EARLY_YEARS)
        for name in metadata.software
        if (match := _YEAR.search(name[:200]))
    )


@rule(
    "program.year",
    proves="According to the stated date, the file was saved by a program version that did not "
    "exist yet: a clock was wrong, or a date or a name was edited.",
    does_not_prove="When the picture was taken: only the dates of saves are compared.",
    innocent=("a computer with a wrong clock", "a program that keeps the file's old date"),
)
def _year(facts: Facts) -> Answer:
    last = next((time for tag in _SAVED if (time := facts.time(tag)) is not None), None)
    saves = [(step.tag("softwareAgent"), step.software, facts.time(step.tag("when")))
             for step in _steps(facts)]  # fmt: skip
    saves += [(tag, facts.text(tag), last) for tag in ("IFD0:Software", "XMP:xmp:CreatorTool")]
    named = [(tag, name, match, time) for tag, name, time in saves
             if name and time and (match := _YEAR.search(name[:200]))]  # fmt: skip
    if not named:
        return absent("no program with a year in its name states when it saved the file")
    for tag, name, match, time in named:
        if local(time.value).year < int(match[1]) - _EARLY_YEARS:
            return answer("anomalous", f"{shown(name)} saved on {time.value[:10]} according to "
                          "the stated date", facts.field(tag), facts.field(time.tag))  # fmt: skip
    return answer("consistent", "no program saved the file before the year in its name",
                  facts.field(named[0][0]), facts.field(named[0][3].tag))  # fmt: skip


@rule(
    "declared.source",
    proves="A person or a program declared how the picture was made.",
    does_not_prove="That the declaration is true: it is set and removed with one command; its "
    "absence is not evidence.",
    innocent=("a computed map or a diagram is honestly declared as such",),
)
def _source(facts: Facts) -> Answer:
    tags = [tag for tag in (*_SOURCES, *_GENERATORS) if facts.value(tag) is not None]
    if not tags:
        return absent("the file declares no source")
    read = [facts.field(tag) for tag in tags[:4]]
    kind = (facts.text(tags[0]) or "").rstrip("/").rsplit("/", 1)[-1]
    if tags[0] in _GENERATORS:
        return answer(
            "explained", (f"the file declares settings of a picture generator in {tags[0]}"), *read
        )
    return answer("consistent" if kind in _CAPTURED else "explained",
                  f"the file declares the source type {shown(kind)}", *read)  # fmt: skip


@rule(
    "program.icc-date",
    proves="The colour profile is newer than the picture: a later program added it.",
    does_not_prove="Anything about the picture.",
    innocent=("conversion to a current colour profile",),
)
def _icc_date(facts: Facts) -> Answer:
    stated, shot = facts.text("ICC:ProfileDateTime"), facts.time("ExifIFD:DateTimeOriginal")
    if stated is None or shot is None or not re.fullmatch(r"(19|20)\d\d-[01]\d-[0-3]\d.*", stated):
        return absent("the date of a profile or of the capture is missing")
    words = f"the profile is dated {stated[:10]}, the picture {shot.value[:10]}"
    return answer("explained" if stated[:10] > shot.value[:10] else "consistent", words,
                  facts.field("ICC:ProfileDateTime"), facts.field(shot.tag))  # fmt: skip


RULES = (_order, _dates, _identity, _software, _editor, _photoshop_block, _year, _source,
         _icc_date)  # fmt: skip
