"""What XMP tells of earlier versions of a picture, and how it says it came to be.

xmpMM (ISO 16684-1 and XMP part 2), Camera Raw settings, and the digital source types of the IPTC
(NewsCodes "digitalsourcetype"). All of it is written by programs that a user can choose or
imitate: it means "passed through" and "declares", never more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from imgcheck.provenance.fields.value import Value

_MAX_STEPS = 256
_STEP = re.compile(r"xmpMM:History\[(\d{1,3})\]/stEvt:(\w{1,40})")
# The last word of the URI, and what it declares.
_SOURCES = {
    "digitalCapture": "captured with a digital camera",
    "computationalCapture": "captured with a camera that combined several exposures or sensors",
    "multiFrameComputationalCapture": "captured as several frames and combined in the camera",
    "negativeFilm": "scanned from a negative",
    "positiveFilm": "scanned from a slide",
    "print": "scanned or photographed from a print",
    "minorHumanEdits": "edited by a person without changing the content",
    "humanEdits": "edited by a person",
    "compositeCapture": "composed of several captured pictures",
    "algorithmicallyEnhanced": "changed by an algorithm without generative training",
    "dataDrivenMedia": "drawn from data",
    "digitalCreation": "made by a person with digital tools",
    "digitalArt": "made by a person with digital tools",
    "virtualRecording": "recorded from a virtual scene",
    "screenCapture": "captured from a screen",
    "compositeSynthetic": "composed with parts that are synthetic",
    "composite": "composed of several parts",
    "trainedAlgorithmicMedia": "made by a trained generative model",
    "compositeWithTrainedAlgorithmicMedia": "changed in parts by a trained generative model",
    "algorithmicMedia": "made by an algorithm that was not trained",
    "softwareImage": "made by software",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStep:
    """One entry of the history: what was done, when, with which program, and what changed."""

    number: int
    action: str | None = None
    when: str | None = None
    software: str | None = None
    changed: str | None = None
    instance_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Identifiers and history as programs wrote them; unknown is None.

    Attributes
    ----------
    document_id, instance_id, original_document_id : str or None
        Pictures with one ``document_id`` say they are versions of one document; an instance is
        one save of it.
    derived_from : tuple of str
        Identifiers of what it was made from.
    ingredients : int
        Entries of ``xmpMM:Ingredients``.
    history : tuple of HistoryStep
        At most 256 steps, by number.
    creator_tool : str or None
        Program that first made the file; it is kept through later saves.
    raw_file : str or None
        Name of the raw file a converter says it read.
    raw_settings : int
        How many Camera Raw settings the packet holds.
    """

    document_id: str | None
    instance_id: str | None
    original_document_id: str | None
    derived_from: tuple[str, ...]
    ingredients: int
    history: tuple[HistoryStep, ...]
    creator_tool: str | None
    raw_file: str | None
    raw_settings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitalSource:
    """A declared digital source type: the URI or word as written, and what it declares."""

    written: str
    term: str
    words: str
    tag: str


def find_lineage(xmp: Mapping[str, Value]) -> Lineage | None:
    """Collect what a packet says of earlier versions; None where it says nothing."""
    steps = _history(xmp)
    raw_settings = sum(name.startswith("crs:") for name in xmp)
    derived = tuple(
        str(value)[:200]
        for name, value in xmp.items()
        if name.startswith("xmpMM:DerivedFrom/")
        and name.endswith(("documentID", "instanceID", "originalDocumentID"))
    )
    found = Lineage(
        document_id=_text(xmp, "xmpMM:DocumentID"), instance_id=_text(xmp, "xmpMM:InstanceID"),
        original_document_id=_text(xmp, "xmpMM:OriginalDocumentID"), derived_from=derived,
        ingredients=len({n.split("/")[0] for n in xmp if n.startswith("xmpMM:Ingredients[")}),
        history=steps, creator_tool=_text(xmp, "xmp:CreatorTool"),
        raw_file=_text(xmp, "crs:RawFileName"), raw_settings=raw_settings,
    )  # fmt: skip
    told = (found.document_id, found.instance_id, found.original_document_id, derived, steps,
            found.creator_tool, raw_settings)  # fmt: skip
    return found if any(told) else None


def find_digital_source(xmp: Mapping[str, Value]) -> DigitalSource | None:
    """Read the declared digital source type, in whichever field it stands."""
    for name, value in xmp.items():
        if name.rsplit("/", 1)[-1].split(":", 1)[-1].lower() != "digitalsourcetype":
            continue
        written = str(value[0] if isinstance(value, list) and value else value).strip()[:200]
        term = re.split(r"[/#:]", written.rstrip("/"))[-1]
        known = {key.lower(): key for key in _SOURCES}.get(term.lower())
        words = _SOURCES[known] if known else "a type that is not on the list known here"
        return DigitalSource(written=written, term=known or term, words=words, tag=f"XMP:{name}")
    return None


def _history(xmp: Mapping[str, Value]) -> tuple[HistoryStep, ...]:
    rows: dict[int, dict[str, str]] = {}
    for name, value in xmp.items():
        match = _STEP.fullmatch(name)
        if match is not None and int(match[1]) <= _MAX_STEPS:
            rows.setdefault(int(match[1]), {})[match[2]] = str(value)[:200]
    return tuple(
        HistoryStep(
            number=number, action=row.get("action"), when=row.get("when"),
            software=row.get("softwareAgent"), changed=row.get("changed"),
            instance_id=row.get("instanceID"),
        )
        for number, row in sorted(rows.items())
    )  # fmt: skip


def _text(xmp: Mapping[str, Value], name: str) -> str | None:
    value = xmp.get(name)
    return value.strip()[:200] or None if isinstance(value, str) else None
