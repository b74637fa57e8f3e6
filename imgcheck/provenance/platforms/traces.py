"""Marks of platforms and messengers, ranked and counted, and the route that a file records.

A mark is never a proof of a platform.
"""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from imgcheck.imaging.containers.tree import Structure
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.fields.values import FieldRead, field_read, part, shown
from imgcheck.provenance.platforms.data import (
    LEAST_FILES,
    PlatformRow,
    Traits,
    name_times,
    named_by,
    platform_data,
)
from imgcheck.provenance.platforms.fbmd import decode_fbmd
from imgcheck.quantity import Interval, binomial_interval

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding, QuantTable

# A ratio from fewer files than these would be that of the added counts, not of the files.
_LEAST_MATCHING = 5
# Parts before the first scan that are looked at; real files have some twenty.
_MOST_KINDS = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRatio:
    """How much more often the mark occurs in files of the platform than in other files at hand.

    ``value`` from counts with one added to each side (Laplace); ``interval`` from the exact
    95 % limits of both shares. The files are not a sample of what the platform delivers today.
    """

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One mark and the platform that it fits.

    ``files`` of the platform were measured, ``matching`` of them have the mark; they are from
    ``first_seen`` to ``last_seen``, and fingerprints change with time. ``date`` is a date that the
    mark states. ``ratio`` is None where the background was not measured, and for file names.
    """

    platform: str
    mark: str
    wording: str
    date: str | None = None
    row: str | None = None
    files: int | None = None
    matching: int | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    source: str = ""
    ratio: TraceRatio | None = None
    evidence: tuple[FieldRead, ...] = ()


def _order(structure: Structure) -> str:
    kinds = [node.kind for node in structure.nodes[:_MOST_KINDS]]
    return " ".join([*(kinds[: kinds.index("SOS")] if "SOS" in kinds else kinds), ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    structure: Structure
    encoding: "Encoding | None"
    metadata: Metadata
    order: str

    @property
    def token(self) -> bool:
        value = self.metadata.iptc.get("OriginalTransmissionReference")
        return isinstance(value, str) and _TOKEN.fullmatch(value) is not None

    def has(self, wanted: Traits) -> bool:
        save, tags = self.encoding, self.metadata
        present: dict[str, Any] = {
            "order": wanted.order is None or re.match(wanted.order, self.order) is not None,
            "fbmd": tags.fbmd is not None, "token": self.token, "icc": tags.icc,
            "camera": bool(tags.make or tags.model),
        }  # fmt: skip
        if save is not None:
            present |= {
                "progressive": save.progressive, "scans": save.scans,
                "sampling": save.subsampling, "components": tuple(c.id for c in save.components),
            }  # fmt: skip
        elif any(one is not None for one in (wanted.order, wanted.longest_side, wanted.quality,
                                             wanted.luma_first)):  # fmt: skip
            return False
        same = (
            getattr(wanted, name) is None or present.get(name) == getattr(wanted, name)
            for name in ("fbmd", "token", "icc", "camera", "progressive", "scans", "sampling",
                         "components")
        )  # fmt: skip
        return all(same) and bool(present["order"]) and (save is None or _fits(save, wanted))


def _fits(save: "Encoding", wanted: Traits) -> bool:
    return (
        (wanted.quality is None or save.ijg_quality in wanted.quality)
        and (wanted.longest_side is None or max(save.width, save.height) <= wanted.longest_side)
        and (wanted.luma_first is None or _begins(save.tables[:1], wanted.luma_first))
        and (wanted.chroma_first is None or _begins(save.tables[1:2], wanted.chroma_first))
    )


def _begins(tables: "tuple[QuantTable, ...]", first: tuple[int, ...]) -> bool:
    return any(
        table.values[: len(first)] == first or table.zigzag[: len(first)] == first
        for table in tables
    )


def platform_traces(
    structure: Structure, encoding: "Encoding | None", metadata: Metadata, name: str | None
) -> tuple[Trace, ...]:
    """List the marks of platforms in a file and in its name, the most specific first.

    Parameters
    ----------
    structure, encoding, metadata
        As the functions of those names give them; ``encoding`` is None except for a JPEG.
    name : str or None
        The file's name, without folders; None where it is not known or not to be used.

    Returns
    -------
    tuple of Trace
        Ranked by the lower limit of the ratio; names last. Empty is usual and means "unknown",
        never "not from a platform".

    Notes
    -----
    The rows rest on 1 to 18 files a platform. None is a signature.
    """
    seen = _Seen(structure=structure, encoding=encoding, metadata=metadata, order=_order(structure))
    rows = [row for row in platform_data().rows if seen.has(row.traits)]
    found = [_trace(row, seen) for row in rows]
    found.sort(key=lambda trace: (-_rank(trace), trace.row or ""))
    return (*found, *_name_traces(name or ""))


def matches(row: PlatformRow, structure: Structure, encoding: "Encoding | None",
            metadata: Metadata) -> bool:  # fmt: skip
    """Return whether a file has every trait of a row; the background is counted with it."""
    return _Seen(
        structure=structure, encoding=encoding, metadata=metadata, order=_order(structure)
    ).has(row.traits)


def _rank(trace: Trace) -> float:
    return trace.ratio.interval.low if trace.ratio is not None else 0.0


def ratio(row: PlatformRow) -> TraceRatio | None:
    """Compute the likelihood ratio of a row's marks.

    None where no background was measured, or where fewer than five files have the marks.
    """
    if row.background is None or not row.background[1] or row.matching < _LEAST_MATCHING:
        return None
    hits, others = row.background
    with_mark = (row.matching + 1) / (row.files + 2)
    without = (hits + 1) / (others + 2)
    platform, rest = binomial_interval(row.matching, row.files), binomial_interval(hits, others)
    high = platform.high / rest.low if rest.low > 0 else math.inf
    return TraceRatio(value=with_mark / without,
                      interval=Interval(low=platform.low / rest.high, high=high))  # fmt: skip


def _trace(row: PlatformRow, seen: _Seen) -> Trace:
    mark, evidence = row.mark, _evidence(row.traits, seen)
    if row.traits.fbmd and seen.metadata.fbmd is not None:
        state = decode_fbmd(seen.metadata.fbmd, structure=seen.structure).state
        mark = f"{mark}, {state}"
    measured = ratio(row)
    relation = "consistent with" if row.files < LEAST_FILES else "like most files of"
    if row.platform.startswith("a "):
        relation = "consistent with"
    return Trace(
        platform=row.platform, mark=mark, row=row.id, files=row.files, matching=row.matching,
        wording=f"{relation} {row.platform}: {mark} (in {row.matching} of {row.files} such files)",
        first_seen=row.first_seen, last_seen=row.last_seen, source=row.source, ratio=measured,
        evidence=evidence,
    )  # fmt: skip


def _evidence(traits: Traits, seen: _Seen) -> tuple[FieldRead, ...]:
    entries = seen.metadata.entries
    found = []
    if traits.fbmd:
        found.append(field_read(entries, "IPTC:SpecialInstructions"))
    if traits.token:
        found.append(field_read(entries, "IPTC:OriginalTransmissionReference"))
    kinds = ("SOF", "DQT") if not (traits.fbmd or traits.token) else ()
    for node in seen.structure.nodes:
        if node.kind.startswith(kinds) and len(found) < 4:
            found.append(part(node, node.kind))
    return tuple(found)


def _name_traces(name: str) -> tuple[Trace, ...]:
    found = named_by(name)
    if found is None:
        return ()
    row, parts = found
    times = name_times(name) if {"y", "m", "d"} <= parts.keys() else ()
    mark = "the file name, which anyone can type"
    return (
        Trace(
            platform=row.platform, mark=mark, wording=f"consistent with {row.platform}: {mark}",
            date=times[0].value[:10] if times else None, files=row.files, source=row.source,
            evidence=(FieldRead(name="file name", value=shown(name)),),
        ),
    )  # fmt: skip


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
    """Return the route that a file records: capture, software, platform, last save.

    Software is in the order of its dates in the history, then the rest. A step without a trace is
    absent, which is not evidence.
    """
    return (*_capture(metadata), *_software(metadata), *_platform(traces),
            *_last_save(structure, encoding))  # fmt: skip


def _capture(metadata: Metadata) -> tuple[Step, ...]:
    camera = " ".join(word for word in (metadata.make, metadata.model) if word)
    if not camera:
        return ()
    tags = ["IFD0:Make", "IFD0:Model"]
    time = next((one for one in metadata.times if one.role == "capture"), None)
    words = f"the file names the camera {shown(camera)}"
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
        else "custom quantisation tables"
    )
    chroma = "" if encoding.subsampling is None else f", chroma {encoding.subsampling}"
    words = f"last saved as {encoding.process} JPEG, {tables}{chroma}"
    parts = [part(n, n.kind) for n in structure.nodes if n.kind == "DQT" or n.kind[:3] == "SOF"]
    return (Step(kind="last save", words=words, evidence=tuple(parts[:3])),)
