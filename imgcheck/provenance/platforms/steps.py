"""The way a file says it came: capture, software, platform, last save."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from imgcheck.imaging.containers.tree import Structure
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.fields.values import FieldRead, field_read, part, shown
from imgcheck.provenance.platforms.traces import Trace

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the route, in words, with the bytes it rests on.

    ``kind``: ``capture`` (a camera is named), ``software`` (passed through: never "altered"),
    ``platform`` (consistent with), ``last save`` (how the bytes at hand were coded).
    """

    kind: Literal["capture", "software", "platform", "last save"]
    words: str
    evidence: tuple[FieldRead, ...] = ()


def route(
    structure: Structure,
    encoding: "Encoding | None",
    metadata: Metadata,
    traces: tuple[Trace, ...],
) -> tuple[Step, ...]:
    """Put together what the file says of its way.

    Parameters
    ----------
    structure, encoding, metadata, traces
        As `structure`, `encoding`, `metadata` and `platform_traces` give them.

    Returns
    -------
    tuple of Step
        In the order capture, software (as the history dates it, then the rest), platform, last
        save. A step that left no trace is not there, and that says nothing.
    """
    return (*_capture(metadata), *_software(metadata), *_platform(traces),
            *_last_save(structure, encoding))  # fmt: skip


def _capture(metadata: Metadata) -> tuple[Step, ...]:
    camera = " ".join(word for word in (metadata.make, metadata.model) if word)
    if not camera:
        return ()
    tags = ["IFD0:Make", "IFD0:Model"]
    time = next((one for one in metadata.times if one.role == "capture"), None)
    words = f"a file of a camera that is named {shown(camera)}"
    if time is not None:
        words += f", clock {time.value}" + ("" if time.zone else " (zone unknown)")
        tags.append(time.tag)
    return (Step(kind="capture", words=words, evidence=tuple(
        field_read(metadata.entries, tag) for tag in tags)),)  # fmt: skip


def _software(metadata: Metadata) -> tuple[Step, ...]:
    texts = {str(value).strip()[:200]: tag for tag, value in reversed(metadata.tags.items())}
    dated = []
    for name in metadata.software:
        tag = texts.get(name, "")
        when = metadata.tags.get(tag.replace("softwareAgent", "when")) if "stEvt" in tag else None
        words = f"passed through {shown(name)}" + (f" on {shown(when)}" if when else "")
        step = Step(
            kind="software", words=words, evidence=(field_read(metadata.entries, tag, name),)
        )
        dated.append((str(when or "~"), step))  # "~" sorts after every digit: undated steps last
    return tuple(step for _, step in sorted(dated, key=lambda one: one[0]))


def _platform(traces: tuple[Trace, ...]) -> tuple[Step, ...]:
    return tuple(
        Step(kind="platform", words=trace.wording, evidence=trace.evidence) for trace in traces
    )


def _last_save(structure: Structure, encoding: "Encoding | None") -> tuple[Step, ...]:
    if encoding is None:
        return ()
    tables = (
        f"standard tables of quality {encoding.ijg_quality}"
        if encoding.ijg_quality is not None
        else "tables of the encoder's own"
    )
    chroma = "" if encoding.subsampling is None else f", chroma {encoding.subsampling}"
    words = f"last saved as {encoding.process} JPEG, {tables}{chroma}"
    parts = [part(n, n.kind) for n in structure.nodes if n.kind == "DQT" or n.kind[:3] == "SOF"]
    return (Step(kind="last save", words=words, evidence=tuple(parts[:3])),)
