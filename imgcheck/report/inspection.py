"""An inspection in chapters, and as terminal text.

Texts are as they came from the file: the terminal and the page make them safe.
"""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imgcheck import provenance
from imgcheck.case import Inspection
from imgcheck.imaging import containers
from imgcheck.report.formatting import line, size

# Without --all, tags beyond these stay in the JSON.
CORE_TAGS = (
    "IFD0:Make", "IFD0:Model", "IFD0:Software", "ExifIFD:LensModel", "ExifIFD:FNumber",
    "ExifIFD:ExposureTime", "ExifIFD:ISOSpeedRatings", "ExifIFD:PhotographicSensitivity",
    "ExifIFD:FocalLength", "IFD0:ImageDescription", "IFD0:Artist", "IFD0:Copyright",
    "XMP:xmp:CreatorTool", "XMP:Iptc4xmpExt:DigitalSourceType", "XMP:dc:description",
    "IPTC:Caption/Abstract", "IPTC:Credit", "IPTC:By-line", "IPTC:Source",
)  # fmt: skip
_LONGEST = 240  # characters of a text from the file; --all shows more
_LONGEST_OF_ALL = 1_000
_WIDEST_LABEL = 38
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a chapter.

    ``note`` is a few words beside the text, ``detail`` an explanation that is folded away,
    ``places`` are offsets and lengths in the file, and an ``odd`` row deserves a look.
    """

    text: str
    label: str = ""
    note: str = ""
    detail: str = ""
    places: tuple[Place, ...] = ()
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A title and its rows; ``remark`` is one sentence on how reliable the chapter is."""

    key: str
    title: str
    rows: tuple[Row, ...]
    remark: str = ""


def chapters(found: Inspection, *, everything: bool = False) -> tuple[Chapter, ...]:
    """Arrange an inspection in the order an analyst asks; chapters without a row are left out.

    With ``everything``, every tag and the rules that find nothing are included.
    """
    made = (
        Chapter(key="what", title="What it is", rows=tuple(_what(found))),
        Chapter(key="route", title="Route", rows=tuple(_route(found)),
                remark="The program that last saved the file wrote these names. Use of a "
                "program is not a sign of alteration."),
        Chapter(key="times", title="Times", rows=tuple(_times(found)),
                remark="Any of these times can be set freely, unless a signature covers it."),
        Chapter(key="place", title="Place", rows=tuple(_position(found))),
        Chapter(key="credentials", title="Credentials", rows=tuple(_credentials(found))),
        Chapter(key="embedded", title="Embedded pictures", rows=tuple(_embedded(found)),
                remark="An outdated thumbnail often remains after cropping, rotating or resizing."),
        Chapter(key="rules", title="Consistency of the fields",
                rows=tuple(_rules(found, everything)),
                remark="Rates were measured on camera files that were not certified as unaltered. "
                "No rule shows by itself that a picture was altered."),
        Chapter(key="odd", title="Observations", rows=tuple(_observations(found)),
                remark="An observation is something to look at, not a sign of manipulation."),
        Chapter(key="tags", title="Tags", rows=tuple(_tags(found, everything))),
    )  # fmt: skip
    return tuple(chapter for chapter in made if chapter.rows)


def _what(found: Inspection) -> Iterator[Row]:
    image = found.image
    yield Row(
        label="format",
        text=f"{image.format.upper()}, {image.width} x {image.height} px, {size(image.size_bytes)}",
    )
    yield Row(label="SHA-256", text=image.sha256)
    if not image.pixels_readable:
        reason = image.unreadable_reason or "no reason known"
        yield Row(label="pixels", text=f"cannot be read: {reason}", odd=True)
    for damage in image.damage:
        place = _place(damage.offset, damage.length)
        yield Row(label="damaged", text=damage.message, places=place, odd=True)


def _route(found: Inspection) -> Iterator[Row]:
    for step in found.route:
        yield Row(label=step.kind, text=step.words, places=_places(step.evidence))
    if not found.route:
        yield Row(
            text="no camera, program or platform is named; this is usual after an upload to a "
            "platform"
        )
    if not found.traces:
        yield Row(
            label="platform", text="unknown: no known platform mark was found; this is not evidence"
        )
    yield from _declared(found)
    if found.fbmd is not None:
        first, *rest = provenance.fbmd_words(found.fbmd)
        place = () if found.fbmd.place is None else (found.fbmd.place,)
        yield Row(label="FBMD", text=first.removeprefix("FBMD: "), detail=" ".join(rest),
                  places=place, odd=found.fbmd.state in ("changed", "re-encoded"))  # fmt: skip


def _declared(found: Inspection) -> Iterator[Row]:
    metadata = found.metadata
    for generator in metadata.generators:
        yield Row(label="declared", text=generator.statement, note=generator.tag,
                  places=_place(generator.offset, generator.length), odd=True)  # fmt: skip
    if metadata.digital_source is not None:
        source = metadata.digital_source
        yield Row(label="declared", text=f"source type {source.term}: {source.words}",
                  note=f"{source.tag}; a declaration, not a proof")  # fmt: skip
    if metadata.lineage is not None and metadata.lineage.derived_from:
        yield Row(
            label="lineage", text=f"derived from {', '.join(metadata.lineage.derived_from[:3])}"
        )
    note = metadata.maker_note
    if note is not None:
        stand = "" if note.offsets in ("unknown", "none") else f", its offsets {note.offsets}"
        yield Row(label="maker note", text=f"of {note.maker or 'an unknown maker'}{stand}",
                  note=note.form, places=_place(note.offset, note.length))  # fmt: skip


def _times(found: Inspection) -> Iterator[Row]:
    for time in found.times:
        note = f"{time.source}, {time.tag}" + ("" if time.zone else "; time zone unknown")
        if time.zone is None and time.local_offset_s is not None:
            note = (
                f"{note}, UTC{time.local_offset_s / 3600:+.4g} h according to another time in "
                "the file"
            )
        if time.doubt:
            note = f"{note}; probably wrong: {time.doubt}"
        yield Row(label=time.role, text=time.value, note=note,
                  places=_place(time.offset, time.length))  # fmt: skip
    unread = provenance.unreadable(found.metadata, "time")
    if unread is not None:
        yield Row(text=f"a time cannot be read: {unread}")
    elif not found.times:
        yield Row(text="no time is recorded; platforms remove it, so this is not evidence")


def _place(offset: int | None, length: int | None = None) -> tuple[Place, ...]:
    return () if offset is None else ((offset, length or 0),)


def _places(fields: Iterable[provenance.FieldRead]) -> tuple[Place, ...]:
    return tuple((f.offset, f.length or 0) for f in fields if f.offset is not None)


def _position(found: Inspection) -> Iterator[Row]:
    gps, pose = found.metadata.gps, found.metadata.pose
    if gps is not None and gps.lat is not None and gps.lon is not None:
        height = "" if gps.altitude_m is None else f", altitude {gps.altitude_m:.1f} m"
        yield Row(
            label="position",
            text=f"{gps.lat:.6f}, {gps.lon:.6f} (latitude, longitude){height}",
            note=f"{gps.source}; position of the camera, not of the ground in view",
            places=_first_place(found, gps.tags[0]),
        )
    elif (unread := provenance.unreadable(found.metadata, "position")) is not None:
        yield Row(text=f"a position is recorded that cannot be used: {unread}")
    elif found.metadata.georeference is None and pose is None:
        yield Row(text="no position is recorded; platforms remove it, so this is not evidence")
    if pose is not None:
        yield Row(label="drone", text=_pose(pose), note=f"written by the {pose.maker} drone")
    georeference = found.metadata.georeference
    if georeference is not None:
        crs = georeference.crs or georeference.citation or "an unnamed coordinate system"
        yield Row(label="georeference", text=f"GeoTIFF, {crs}")


def _pose(pose: provenance.DronePose) -> str:
    known = (
        ("position", None if pose.lat is None else f"{pose.lat:.6f}, {pose.lon or 0.0:.6f}"),
        ("above take-off", _unit(pose.relative_altitude_m, "m")),
        ("camera yaw", _unit(pose.gimbal_yaw_deg, "deg")),
        ("pitch", _unit(pose.gimbal_pitch_deg, "deg")),
        ("speed", _unit(pose.speed_mps, "m/s")),
        ("time", pose.capture_time_utc),
    )
    return ", ".join(f"{name} {value}" for name, value in known if value)


def _unit(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:.1f} {unit}"


def _credentials(found: Inspection) -> Iterator[Row]:
    odd = found.credentials.integrity in ("broken", "disputed", "unreadable") or bool(
        found.credentials.broken_ingredients
    )
    for number, sentence in enumerate(provenance.credentials_words(found.credentials)):
        yield Row(text=sentence, odd=odd and not number)


def _embedded(found: Inspection) -> Iterator[Row]:
    for one in found.embedded:
        picture, result = one.picture, one.result
        shape = f"{picture['width']} x {picture['height']} px, " if picture["width"] else ""
        words, *meaning = (
            [f"not compared: {result.reason}"]
            if isinstance(result, provenance.NotCompared)
            else provenance.agreement_words(result, picture["role"])
        )
        yield Row(
            label=f"{picture['source']} {picture['role']}",
            text=f"{shape}{size(picture['length'])}: {words}",
            detail=" ".join(meaning),
            places=_place(picture["offset"], picture["length"]),
            odd=isinstance(result, provenance.Agreement) and _odd(result),
        )
    if found.multi_picture is not None:
        yield from (Row(label="MPF", text=w) for w in containers.mpf_words(found.multi_picture))
    if found.gain_map is not None:
        yield from (
            Row(label="gain map", text=w) for w in provenance.gain_map_words(found.gain_map)
        )


def _odd(agreement: provenance.Agreement) -> bool:
    return agreement.kind == "different" or agreement.local_difference is not None


def _rules(found: Inspection, everything: bool) -> Iterator[Row]:
    applied = [rule for rule in found.rules if rule.state != "not applicable"]
    for rule in applied:
        if not (rule.fires or everything):
            continue
        rate = rule.largest_rate if rule.fires else None
        often = (
            "" if rate is None else f"; on {rate.fired} of {rate.applicable} files ({rate.data})"
        )
        yield Row(
            label=rule.state,
            text=rule.sentence,
            note=f"{rule.id}{often}",
            detail=_meaning(rule) if rule.fires else "",
            places=_places(rule.read),
            odd=rule.state in ("anomalous", "contradictory"),
        )
    fired = sum(rule.fires for rule in applied)
    if applied and not everything:
        passed = f"{len(applied) - fired} of {len(applied)}"
        yield Row(
            label="consistent",
            text=f"{passed} applicable rules found nothing unusual; --all lists them",
        )


def _meaning(rule: provenance.RuleResult) -> str:
    rates = " ".join(f"The rule {rate.words}." for rate in rule.rates)
    innocent = f" Innocent causes: {'; '.join(rule.innocent)}." if rule.innocent else ""
    return f"Proves: {rule.proves} Does not prove: {rule.does_not_prove}{innocent} {rates}".strip()


def _observations(found: Inspection) -> Iterator[Row]:
    damage = found.image.damage  # shown with the file's dimensions
    for seen in (*found.structure.observations, *found.metadata.observations):
        if seen in damage:
            continue
        yield Row(label=seen.kind, text=seen.message, places=_place(seen.offset, seen.length))
    if found.second is not None:
        reader = f"{found.second.reader} {found.second.version or ''}".strip()
        if isinstance(found.second, provenance.NoSecondReading):
            yield Row(label="second reader", text=f"{reader}: {found.second.problem}", odd=True)
        else:
            yield Row(
                label="second reader",
                text=f"{reader} reads {len(found.disagreements)} fields differently",
            )
    for one in found.disagreements:
        yield Row(label="two readings", text=f"{one.tag}: {one.ours} or {one.theirs}",
                  note=f"{one.our_reader}; {one.their_reader}",
                  places=_place(one.offset, one.length), odd=True)  # fmt: skip


def _tags(found: Inspection, everything: bool) -> Iterator[Row]:
    tags = found.metadata.tags
    for name, value in tags.items():
        if everything or name in CORE_TAGS:
            yield Row(label=name, text=str(value), places=_first_place(found, name))
    if not everything and tags:
        yield Row(text=f"({len(tags)} tags in total; --all lists them)")


def _first_place(found: Inspection, name: str) -> tuple[Place, ...]:
    group, _, rest = name.partition(":")
    entries: Iterable[tuple[int | None, int | None]] = (
        (entry.offset, entry.length)
        for entry in found.metadata.entries
        if entry.group == group and entry.name == rest
    )
    offset, length = next(iter(entries), (None, None))
    return _place(offset, length)


def terminal(found: Inspection, *, everything: bool = False, width: int = 100) -> str:
    """Return an inspection as terminal text without colours, wrapped at ``width`` columns.

    With ``everything``, every tag, the meaning of every rule and the structure are included.
    """
    rows = [line(found.image.name, limit=200)]
    for chapter in chapters(found, everything=everything):
        rows += _chapter_lines(chapter, everything, max(40, width))
    if everything:
        rows += ["", "Structure", "      offset     length  part"]
        rows += _structure_lines(found.structure.nodes, 0)
    return "\n".join(rows) + "\n\n"


def _chapter_lines(chapter: Chapter, everything: bool, width: int) -> Iterator[str]:
    yield ""
    yield chapter.title
    longest = max((len(line(row.label, limit=60)) for row in chapter.rows), default=0)
    column = min(_WIDEST_LABEL, longest)
    for row in chapter.rows:
        yield from _row_lines(row, column, everything, width)


def _row_lines(row: Row, column: int, everything: bool, width: int) -> Iterator[str]:
    limit = _LONGEST_OF_ALL if everything else _LONGEST
    note = f" ({line(row.note, limit=160, tell=False)})" if row.note else ""
    where = f" [byte {row.places[0][0]}]" if row.odd and row.places else ""
    text = f"{line(row.text, limit=limit, tell=False)}{note}{where}"
    label = f"{line(row.label, limit=60):{column}}  " if column else ""
    indent = " " * (2 + (column + 2 if column else 0))
    yield from _wrapped(text, f"  {label}", indent, width)
    if everything and row.detail:
        yield from _wrapped(line(row.detail, limit=_LONGEST_OF_ALL), indent, indent, width)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    broken = textwrap.wrap(
        text,
        max(width, len(rest) + 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return broken or [first.rstrip()]


def _structure_lines(nodes: Iterable[containers.Node], depth: int) -> Iterator[str]:
    for node in nodes:
        indent = "  " * depth
        note = line(node.note, limit=80)
        yield f"  {node.offset:10} {node.length:10}  {indent}{node.kind}  {note}".rstrip()
        yield from _structure_lines(node.children, depth + 1)
