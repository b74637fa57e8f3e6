"""Which programs the file names, what it declares, and whether their years can be."""

import re

from imgcheck.provenance.clocks.between import local
from imgcheck.provenance.clocks.times import Time
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.rules.facts import Facts, shown
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

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
# Products named after a year come out in the autumn before it.
_EARLY_YEARS = 1
_SAVED = ("IFD0:DateTime", "XMP:xmp:ModifyDate", "XMP:xmp:MetadataDate")


@rule(
    "program.editor",
    proves="The file passed through that program, if the tag is right.",
    does_not_prove="Alteration. Programs of this kind import, rotate, rate and convert as well.",
    innocent=("developing, cropping, archiving, captioning: what every newsroom does",),
)
def editor(facts: Facts) -> Answer:
    """Ask: does the file name an editor?"""
    if not facts.described:
        return absent("the file has no metadata")
    for text in facts.metadata.software:
        if _EDITORS.search(text):
            tag = next((k for k, v in facts.metadata.tags.items() if str(v).strip() == text), "")
            return answer("explained", f"passed through {shown(text)}", facts.field(tag))
    return answer("consistent", "no widely used editor is named; it need not be")


@rule(
    "program.photoshop-block",
    proves="A program that writes Adobe's blocks saved the file or its tags.",
    does_not_prove="Alteration; phones and agencies write them too.",
    innocent=("captioning by an agency", "a phone that writes XMP media management"),
)
def photoshop_block(facts: Facts) -> Answer:
    """Ask: is there a Photoshop block or XMP media management?"""
    if facts.encoding is None or facts.camera is None:
        return absent("no camera maker is named, or the file is no JPEG")
    block = facts.node("APP13", "Photoshop")
    chain = facts.value("XMP:xmpMM:DocumentID")
    if block is None and chain is None:
        return answer("consistent", "no block of Adobe's")
    read = [] if chain is None else [facts.field("XMP:xmpMM:DocumentID")]
    if block is not None:
        read.append(facts.field("Photoshop:IPTCDigest"))
    return answer("explained", "a Photoshop block or XMP media management is there", *read)


def _saved(facts: Facts) -> list[tuple[str, str, Time]]:
    """List (tag of the program, its name, time of the save that it made)."""
    found = []
    for tag, value in facts.metadata.tags.items():
        if tag.endswith("/stEvt:softwareAgent") and isinstance(value, str):
            time = facts.time(tag.replace("softwareAgent", "when"))
            if time is not None:
                found.append((tag, value, time))
    last = next((time for tag in _SAVED if (time := facts.time(tag)) is not None), None)
    for tag in ("IFD0:Software", "XMP:xmp:CreatorTool"):
        name = facts.text(tag)
        if name is not None and last is not None:
            found.append((tag, name, last))
    return found


def named_years(metadata: Metadata) -> tuple[tuple[str, int], ...]:
    """List programs that carry a year in their name, and the first year they can have saved in.

    The file at hand was saved then or later, if the names are right.
    """
    return tuple(
        (shown(name), int(match[1]) - _EARLY_YEARS)
        for name in metadata.software
        if (match := _YEAR.search(name[:200]))
    )


@rule(
    "program.year",
    proves="A program says it saved the file before it existed: a clock was wrong, or a date or a "
    "name was edited.",
    does_not_prove="When the picture was taken: only dates of saving are compared.",
    innocent=("a computer with a wrong clock", "a program that keeps the file's old date"),
)
def year(facts: Facts) -> Answer:
    """Ask: was it saved before the year in the program's name?"""
    named = [(tag, name, match, time) for tag, name, time in _saved(facts)
             if (match := _YEAR.search(name[:200]))]  # fmt: skip
    if not named:
        return absent("no program with a year in its name states when it saved")
    for tag, name, match, time in named:
        if local(time.value).year < int(match[1]) - _EARLY_YEARS:
            return answer("anomalous", f"{shown(name)} is said to have saved on {time.value[:10]}",
                          facts.field(tag), facts.field(time.tag))  # fmt: skip
    tag, _, _, time = named[0]
    return answer("consistent", "no program saved before the year of its name",
                  facts.field(tag), facts.field(time.tag))  # fmt: skip


_SOURCES = ("XMP:Iptc4xmpExt:DigitalSourceType", "XMP:Iptc4xmpExt:DigitalSourcefileType")
_GENERATORS = ("PNG:parameters", "PNG:prompt", "PNG:workflow", "PNG:sd-metadata",
               "PNG:invokeai_metadata", "PNG:Dream", "PNG:sui_image_params")  # fmt: skip
_CAPTURED = ("digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print")


@rule(
    "declared.source",
    proves="Somebody or some program declares how the picture came about.",
    does_not_prove="That the declaration is true: it is set and removed with one command; and its "
    "absence says nothing.",
    innocent=("a computed map or a diagram is honestly declared as such",),
)
def source(facts: Facts) -> Answer:
    """Ask: does the file declare another origin than a capture?"""
    tags = [tag for tag in (*_SOURCES, *_GENERATORS) if facts.value(tag) is not None]
    if not tags:
        return absent("the file declares no source")
    read = [facts.field(tag) for tag in tags[:4]]
    stated = facts.text(tags[0]) or ""
    kind = stated.rstrip("/").rsplit("/", 1)[-1]
    if tags[0] in _GENERATORS:
        return answer("explained", f"declares settings of a picture generator in {tags[0]}", *read)
    if kind in _CAPTURED:
        return answer("consistent", f"declares the source type {shown(kind)}", *read)
    return answer("explained", f"declares the source type {shown(kind)}", *read)


@rule(
    "program.icc-date",
    proves="The colour profile is newer than the picture: a later program added it.",
    does_not_prove="Anything about the picture.",
    innocent=("conversion to a profile of today",),
)
def icc_date(facts: Facts) -> Answer:
    """Ask: is the profile older than the picture?"""
    stated, shot = facts.text("ICC:ProfileDateTime"), facts.time("ExifIFD:DateTimeOriginal")
    if stated is None or shot is None or not re.fullmatch(r"(19|20)\d\d-[01]\d-[0-3]\d.*", stated):
        return absent("the date of a profile or of the capture is missing")
    newer = stated[:10] > shot.value[:10]
    words = f"the profile is dated {stated[:10]}, the picture {shot.value[:10]}"
    return answer("explained" if newer else "consistent", words, facts.field(
        "ICC:ProfileDateTime"), facts.field(shot.tag))  # fmt: skip


RULES = (editor, photoshop_block, year, source, icc_date)
