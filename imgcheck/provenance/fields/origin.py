"""Declared origin of a picture: earlier versions, kind of source, generative programs.

xmpMM (ISO 16684-1 and XMP part 2), Camera Raw settings, the digital source types of the IPTC
(NewsCodes "digitalsourcetype"), and the fields of generative programs. A1111 and its relatives
write one text ``parameters``; ComfyUI two JSON texts ``prompt`` and ``workflow``; NovelAI,
InvokeAI, SwarmUI and Fooocus fields of their own; in JPEG and WebP the same texts stand in
UserComment, in a comment, or in fields meant for something else. Anyone can write, copy or remove
all of these: they are declarations, never proof, and their absence is not evidence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imgcheck.provenance.fields.values import TagEntry, Value

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
    "algorithmicMedia": "made by an algorithm without training data",
    "softwareImage": "made by software",
}

_MAX_GENERATORS = 16
_MAX_SEARCHED = 100  # fields of one file; a PNG may hold thousands of texts
# Fields whose text is searched; others hold such words only by accident.
_FIELDS = re.compile(
    r"PNG:.*|COM:Comment|ExifIFD:UserComment"
    r"|IFD0:(?:ImageDescription|Make|Model|Software|DocumentName|XPComment|XPTitle|XPKeywords)"
    r"|XMP:(?:dc:description|dc:title|dc:creator|exif:UserComment|xmp:CreatorTool"
    r"|photoshop:Credit|tiff:Software|tiff:ImageDescription)"
    r"|IPTC:(?:Credit|Caption/Abstract|Source|SpecialInstructions|OriginatingProgram)"
)
_A1111 = "Stable Diffusion web UI (A1111, Forge)"
# Program, and the marks that its text holds, all of them; the first that fits counts. Each mark
# costs time linear in the text.
_MARKS: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    ("SwarmUI", (re.compile(r'"sui_image_params"'),)),
    ("Fooocus", (re.compile(r'"(?:fooocus_scheme|metadata_scheme)"|Fooocus v\d'),)),
    ("InvokeAI", (re.compile(r'"app_version"'), re.compile(r'"generation_mode"'))),
    ("ComfyUI", (re.compile(r'"class_type"|"last_node_id"'),)),
    ("NovelAI", (re.compile(r'"(?:uc|v4_prompt)"'), re.compile(r'"(?:steps|sampler)"'))),
    (_A1111, (re.compile(r"\bSteps: \d+, (?:Sampler|Size|Seed|CFG)"),)),
    (_A1111, (re.compile(r"^Negative prompt: ", re.MULTILINE), re.compile(r"\bSteps: \d"))),
    ("Midjourney", (re.compile(r"Job ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-"),)),
)
# Names of PNG fields that alone identify the program.
_KEYWORDS = {
    "invokeai_metadata": "InvokeAI", "sd-metadata": "InvokeAI", "Dream": "InvokeAI",
    "invokeai_graph": "InvokeAI", "fooocus_scheme": "Fooocus", "sui_image_params": "SwarmUI",
}  # fmt: skip
_NAMES = re.compile(
    r"\b(Midjourney|NovelAI|DALL[-·]?E ?\d?|Stable Diffusion|Adobe Firefly|InvokeAI|ComfyUI|"
    r"Made with Google AI|Edited with Google AI|Made with AI|ChatGPT|Imagen \d|Ideogram|"
    r"Leonardo\.Ai|DreamStudio|Bing Image Creator|Meta AI|Grok|FLUX\.\d)\b"
)
_NAMED_IN = ("Software", "CreatorTool", "Credit", "Source", "OriginatingProgram", "Title",
             "Author", "creator", "Make", "Model")  # fmt: skip
_MODEL = re.compile(r'(?:\bModel: |"(?:model|ckpt_name|model_name|base_model)"\s*:\s*"|'
                    r'"model"\s*:\s*\{[^{}]{0,200}?"(?:name|model_name)"\s*:\s*")'
                    r'([^",\n]{1,120})')  # fmt: skip
_SEED = re.compile(r'(?:\bSeed: |"(?:seed|noise_seed)"\s*:\s*"?)(-?\d{1,20})')


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStep:
    """One entry of the history: the action, when, with which program, and what changed."""

    number: int
    action: str | None = None
    when: str | None = None
    software: str | None = None
    changed: str | None = None
    instance_id: str | None = None

    def tag(self, field: str) -> str:
        """Return the "group:name" of one field of the step."""
        return f"XMP:xmpMM:History[{self.number}]/stEvt:{field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Identifiers and history as programs wrote them; unknown is None.

    Pictures with one ``document_id`` declare themselves versions of one document; an instance is
    one save of it. ``derived_from`` are identifiers of its sources. ``creator_tool`` first made
    the file and is kept through later saves. The history has at most 256 steps.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One field that declares a generative program.

    ``statement`` is one sentence for a report; ``model`` and ``seed`` are as written, where they
    stand in the part of the text that is kept.
    """

    name: str
    statement: str
    tag: str
    model: str | None
    seed: str | None
    offset: int | None
    length: int | None


def find_lineage(xmp: Mapping[str, Value]) -> Lineage | None:
    """Collect identifiers and history of a packet; None where it has none."""
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
        history=_history(xmp), creator_tool=_text(xmp, "xmp:CreatorTool"),
        raw_file=_text(xmp, "crs:RawFileName"),
        raw_settings=sum(name.startswith("crs:") for name in xmp),
    )  # fmt: skip
    stated = (found.document_id, found.instance_id, found.original_document_id, derived,
              found.history, found.creator_tool, found.raw_settings)  # fmt: skip
    return found if any(stated) else None


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


def find_digital_source(xmp: Mapping[str, Value]) -> DigitalSource | None:
    """Read the declared digital source type, in whichever field it stands."""
    for name, value in xmp.items():
        if name.rsplit("/", 1)[-1].split(":", 1)[-1].lower() != "digitalsourcetype":
            continue
        written = str(value[0] if isinstance(value, list) and value else value).strip()[:200]
        term = re.split(r"[/#:]", written.rstrip("/"))[-1]
        known = {key.lower(): key for key in _SOURCES}.get(term.lower())
        words = _SOURCES[known] if known else "a type that is not on the list of the IPTC"
        return DigitalSource(written=written, term=known or term, words=words, tag=f"XMP:{name}")
    return None


def find_generators(entries: Iterable[TagEntry]) -> tuple[Generator, ...]:
    """List the fields that declare a generative program, in the order they stand."""
    found: list[Generator] = []
    searched = 0
    for entry in entries:
        tag = f"{entry.group}:{entry.name}"
        if _FIELDS.fullmatch(tag) is None:
            continue
        searched += 1
        if len(found) >= _MAX_GENERATORS or searched > _MAX_SEARCHED:
            break
        text = " ".join(map(str, entry.value)) if isinstance(entry.value, list) else entry.value
        name = _program(entry, text) if isinstance(text, str) else None
        if name is None or not isinstance(text, str):
            continue
        model, seed = _MODEL.search(text), _SEED.search(text)
        found.append(Generator(
            name=name, tag=tag, statement=f"{tag} declares a picture made or changed with {name}; "
            "such a field can be written, copied or removed by anyone",
            model=model[1].strip() if model else None, seed=seed[1] if seed else None,
            offset=entry.offset, length=entry.length,
        ))  # fmt: skip
    return tuple(found)


def _program(entry: TagEntry, text: str) -> str | None:
    if entry.group == "PNG" and entry.name in _KEYWORDS:
        return _KEYWORDS[entry.name]
    for name, marks in _MARKS:
        if all(mark.search(text) for mark in marks):
            return name
    if entry.group == "PNG" and entry.name == "prompt" and text.lstrip().startswith("{"):
        return "ComfyUI"
    if entry.name.rsplit(":", 1)[-1] in _NAMED_IN:
        named = _NAMES.search(text[:200])
        return named[1] if named else None
    return None
