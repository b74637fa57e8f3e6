"""Does the XMP history of a document hold together, with itself and with EXIF?"""

import re
from dataclasses import dataclass
from itertools import pairwise

from imgcheck.provenance.clocks.between import gap
from imgcheck.provenance.rules.facts import Facts, shown
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_STEP = re.compile(r"XMP:xmpMM:History\[(\d{1,4})\]/stEvt:(\w{1,30})", re.ASCII)
_SLACK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    number: int
    fields: dict[str, str]

    def tag(self, name: str) -> str:
        return f"XMP:xmpMM:History[{self.number}]/stEvt:{name}"


def _events(facts: Facts) -> list[_Event]:
    steps: dict[int, dict[str, str]] = {}
    for tag, value in facts.metadata.tags.items():
        match = _STEP.fullmatch(tag)
        if match and isinstance(value, str):
            steps.setdefault(int(match[1]), {})[match[2]] = value.strip()
    return [_Event(number=number, fields=steps[number]) for number in sorted(steps)]


@rule(
    "history.order",
    proves="The recorded steps are not in the order of their times, or a save is missing.",
    does_not_prove="That the picture was altered: histories are written by clocks of several "
    "computers and can be copied from a template.",
    innocent=("computers with different clocks", "a template whose history came along"),
)
def order(facts: Facts) -> Answer:
    """Ask: do the steps follow each other, and none the last change of the tags?"""
    events = [e for e in _events(facts) if facts.time(e.tag("when"))]
    last = facts.time("XMP:xmp:MetadataDate") or facts.time("XMP:xmp:ModifyDate")
    if not events or (len(events) < 2 and last is None):
        return absent("the history has no two times to compare")
    read = [facts.field(event.tag("when")) for event in events[:8]]
    times = [time for e in events if (time := facts.time(e.tag("when"))) is not None]
    for first, second in pairwise(times):
        if gap(first, second, slack_s=_SLACK_S).order == "after":
            return answer("anomalous", f"a step of {second.value} follows one of {first.value}",
                          *read)  # fmt: skip
    if last is not None and gap(times[-1], last, slack_s=_SLACK_S).order == "after":
        return answer("anomalous", f"the last step {times[-1].value} lies after {last.tag} "
                      f"{last.value}", *read, facts.field(last.tag))  # fmt: skip
    return answer("consistent", f"{len(times)} steps in the order of their times", *read)


@rule(
    "history.dates",
    proves="XMP says that the document was changed before it was made: a clock or a program that "
    "keeps old dates.",
    does_not_prove="Which date is right.",
    innocent=("a template or a converter that sets only one of the dates", "an unset clock"),
)
def dates(facts: Facts) -> Answer:
    """Ask: is it made before it was modified, and modified before the tags were?"""
    tags = ("XMP:xmp:CreateDate", "XMP:xmp:ModifyDate", "XMP:xmp:MetadataDate")
    found = [time for tag in tags if (time := facts.time(tag)) is not None]
    if len(found) < 2:
        return absent("XMP has fewer than two of its three dates")
    read = [facts.field(time.tag) for time in found]
    for first, second in pairwise(found):
        if gap(first, second, slack_s=_SLACK_S).order == "after":
            return answer("anomalous", f"{second.tag} {second.value} lies before {first.tag} "
                          f"{first.value}", *read)  # fmt: skip
    return answer("consistent", "the XMP dates are in their order", *read)


@rule(
    "history.identity",
    proves="The last recorded step is not the one that gave this file its identity, or the file "
    "says it was made from itself.",
    does_not_prove="That the picture was altered: the file was saved or copied once more.",
    innocent=("a program that writes a new identity and no history",),
)
def identity(facts: Facts) -> Answer:
    """Ask: do InstanceID, history and DerivedFrom fit together?"""
    instance = facts.text("XMP:xmpMM:InstanceID")
    if instance is None:
        return absent("XMP gives the file no InstanceID")
    named = [e for e in _events(facts) if e.fields.get("instanceID")]
    source = facts.text("XMP:xmpMM:DerivedFrom/stRef:instanceID")
    if not named and source is None:
        return absent("there is neither a history with identities nor a source document")
    read = [facts.field("XMP:xmpMM:InstanceID")]
    if named:
        read.append(facts.field(named[-1].tag("instanceID")))
        if named[-1].fields["instanceID"] != instance:
            return answer("anomalous", "the last step of the history names another instance than "
                          "the file", *read)  # fmt: skip
    if source is not None:
        read.append(facts.field("XMP:xmpMM:DerivedFrom/stRef:instanceID"))
        if source == instance:
            return answer("anomalous", "the file says it was derived from itself", *read)
    return answer("consistent", "identities and history fit together", *read)


def _program(text: str) -> str:
    """Give the name of a program without version, platform and year."""
    text = re.sub(r"\(.*?\)|\b(windows|macintosh|version|ver)\b|[\d.]+", " ", text.casefold())
    return " ".join(text.split())


@rule(
    "history.software",
    proves="EXIF and XMP name different programs as the last: the file passed through both, or "
    "one field was left behind.",
    does_not_prove="Alteration: a program's name means that the file passed through it.",
    innocent=("a second program that rewrites only EXIF or only XMP",
              "EXIF keeps the camera's firmware"),
)  # fmt: skip
def software(facts: Facts) -> Answer:
    """Ask: is the last program of XMP the one that EXIF names?"""
    exif = facts.text("IFD0:Software")
    agents = [e for e in _events(facts) if e.fields.get("softwareAgent")]
    tag = agents[-1].tag("softwareAgent") if agents else "XMP:xmp:CreatorTool"
    xmp = facts.text(tag)
    if exif is None or xmp is None:
        return absent("a program is not named in both EXIF and XMP")
    read = (facts.field("IFD0:Software"), facts.field(tag))
    one, two = _program(exif), _program(xmp)
    if one == two or (one and two and (one in two or two in one)):
        return answer("consistent", "EXIF and XMP name the same program", *read)
    if not re.search(r"[a-z]{4}", one):
        return answer("explained", f"EXIF names {shown(exif)}, which reads like firmware", *read)
    return answer("anomalous", f"EXIF names {shown(exif)}, XMP {shown(xmp)}", *read)


RULES = (order, dates, identity, software)
