"""Fields that declare a picture made by a generative program.

A1111 and its relatives write one text ``parameters``; ComfyUI two JSON texts ``prompt`` and
``workflow``; NovelAI, InvokeAI, SwarmUI and Fooocus fields of their own; in JPEG and WebP the
same texts stand in UserComment, in a comment, or in fields meant for something else. Anyone can
write, copy or remove them: a declaration, never a proof, and its absence says nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from imgcheck.provenance.fields.value import TagEntry

_MAX_FOUND = 16
_MAX_LOOKED_AT = 100  # fields of one file; a PNG may hold thousands of texts
# Fields whose text is looked at; others hold such words only by accident.
_FIELDS = re.compile(
    r"PNG:.*|COM:Comment|ExifIFD:UserComment"
    r"|IFD0:(?:ImageDescription|Make|Model|Software|DocumentName|XPComment|XPTitle|XPKeywords)"
    r"|XMP:(?:dc:description|dc:title|dc:creator|exif:UserComment|xmp:CreatorTool"
    r"|photoshop:Credit|tiff:Software|tiff:ImageDescription)"
    r"|IPTC:(?:Credit|Caption/Abstract|Source|SpecialInstructions|OriginatingProgram)"
)


_A1111 = "Stable Diffusion web UI (A1111, Forge)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One field that declares a generative program.

    Attributes
    ----------
    name : str
        The program, as its way of writing is known.
    statement : str
        One sentence for a report: "declares...", with what it does not prove.
    tag : str
        The field, ``group:name``.
    model, seed : str or None
        As written in it, where they stand in the part of the text that is kept.
    offset, length : int or None
        Place of the field.
    """

    name: str
    statement: str
    tag: str
    model: str | None
    seed: str | None
    offset: int | None
    length: int | None


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
# Names of PNG fields that alone say whose they are.
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


def find_generators(entries: Iterable[TagEntry]) -> tuple[Generator, ...]:
    """List the fields that declare a generative program, in the order they stand."""
    found: list[Generator] = []
    looked_at = 0
    for entry in entries:
        tag = f"{entry.group}:{entry.name}"
        if _FIELDS.fullmatch(tag) is None:
            continue
        looked_at += 1
        if len(found) >= _MAX_FOUND or looked_at > _MAX_LOOKED_AT:
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
