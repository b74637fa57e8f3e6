"""The report of ``imgcheck verify`` as one self-contained HTML file."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from imgcheck.model import Claim, DetectionPower, Finding, Input, Picture, Report
from imgcheck.report import formatting, page, wording
from imgcheck.report.arrange import Arrangement, Section, arrange, tally, wanted
from imgcheck.report.formatting import first_sentence, line, number
from imgcheck.report.marks import Mark, Viewer, ground_of, marks_on, numbers

# Rows shown of one table; a count of 4,000 rows is data, and data is in report.json.
_ROWS = 200
_STEM = re.compile(r"[-_. ]?(before|after)$", re.IGNORECASE)
#: The role of the picture that goes beside the answers, and the check with the sun's path.
_MAP, _SUN = "map", "sun.claimed-time"
_QUANTITIES = {
    "shadow_azimuth": ("shadow direction, clockwise from north", "deg"),
    "shadow_ratio": ("shadow length divided by object height", ""),
    "gsd_m": ("ground sample distance", "m per pixel"),
    "north_deg": ("direction of north in the picture, clockwise from up", "deg"),
    "slope_deg": ("slope of the ground, or its error where no direction is given", "deg"),
    "slope_aspect_deg": ("downhill direction", "deg"),
    "lean_deg": ("tilt of the object, standard deviation", "deg"),
    "view_deg": ("off-nadir angle of the view", "deg"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One evidence picture, or the reason why it is ``missing`` from the page."""

    label: str
    word: str = ""
    address: Markup | None = None
    missing: str = ""

    @property
    def alt(self) -> str:
        return f"{self.word}: {self.label}" if self.word else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Recall by size, with the coordinates of its chart."""

    sentence: str
    rows: tuple[tuple[float, float, float, float], ...]
    points: tuple[tuple[str, str], ...] = ()
    band: str = ""
    curve: str = ""
    levels: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding with what the page shows beside its sentences."""

    position: int
    finding: Finding
    measures: tuple[tuple[str, str, str], ...]
    intervals: bool
    power: Power | None
    diagram: Markup | None
    marked: tuple[tuple[str, str, str], ...]
    pairs: tuple[tuple[Figure, Figure], ...]
    figures: tuple[Figure, ...]
    cited: tuple[tuple[str, str | None, str], ...]

    @property
    def calibrated(self) -> bool:
        return wording.strength(self.finding) != (wording.UNCALIBRATED,)

    @property
    def bytes(self) -> tuple[object, ...]:
        return self.finding.evidence.bytes[:_ROWS]

    @property
    def has_evidence(self) -> bool:
        return bool(self.marked or self.pairs or self.figures or self.bytes or self.cited)


def html(
    report: Report,
    *,
    pictures: Mapping[str, bytes] | None = None,
    picture_view: bytes | None = None,
    beside: Sequence[str] = (),
    diagrams: Mapping[str, str] | None = None,
) -> str:
    """Return the report as one self-contained HTML file.

    Parameters
    ----------
    report : Report
    pictures : mapping of str to bytes, optional
        Evidence pictures by their name; one whose SHA-256 differs from the report is not shown.
    picture_view : bytes, optional
        JPEG, PNG, GIF or WebP of the posted picture; without it marks are on an empty frame.
    beside : sequence of str, optional
        Names of the files in the folder of the page, which it links to.
    diagrams : mapping of str to str, optional
        SVG of the sun's path (`imgcheck.report.sun_diagram`) by the id of the statement whose
        claimed time was tested.
    """
    arrangement = arrange(report)
    posted = arrangement.picture
    marks = {item.id: marks_on(report, item.id) for item in report.inputs}
    viewers = _viewers(report, arrangement, marks, picture_view)
    first = None if posted is None else viewers.get(posted.id)
    others = [viewer for viewer in viewers.values() if viewer is not first]
    texts = [_as_text(section) for section in arrangement.sections]
    claim = report.claim
    tool = report.tool
    parameters = {k: json.dumps(v, sort_keys=True) for k, v in report.parameters.items()}
    return page.render(
        "verify.html",
        rules="".join(one.rules for one in viewers.values()),
        title=f"{line(posted.name, limit=120) if posted else 'no picture'}: verification report",
        generator=f"{tool.name} {tool.version}",
        report=report,
        arrangement=arrangement,
        posted=posted,
        tally=tally(report),
        source_words=wording.posted(claim.source),
        chapters=_chapters(arrangement, claim, others),
        first=first,
        where=_map(report, pictures or {}),
        viewers=others,
        texts=[_lines(text) for text in texts],
        wanted=wanted(arrangement.sections),
        whole=_lines("\n\n".join([*texts, _origin(report, posted)])),
        cards=_cards(report, marks, viewers, pictures or {}, posted, diagrams or {}),
        claim=claim,
        beside=beside,
        quantities=_QUANTITIES,
        made_with=(("Checks", tool.checks), ("Libraries", tool.libraries),
                   ("Parameters", parameters)),
    )  # fmt: skip


def _chapters(
    arrangement: Arrangement, claim: Claim, references: list[Viewer]
) -> list[tuple[str, str]]:
    """Return id and title of every chapter that has content."""
    given = any((claim.measurements, claim.counts, claim.sizes, claim.shadows, claim.rivals))
    every: tuple[tuple[str, str, object], ...] = (
        ("references", "Marked references", references),
        ("given", "Given with the claim", given),
        ("observations", "Other observations", arrangement.observations),
        ("failed", "Checks that failed", arrangement.failed),
        ("skipped", "Checks that did not apply", arrangement.skipped),
        ("reading", "How to read this report", True),
        ("inputs", "Inputs", True),
        ("versions", "Versions and parameters", True),
    )
    return [(id, title) for id, title, content in every if content]


def _as_text(section: Section) -> str:
    """Return the lines of a statement that an editor can paste."""
    word = wording.VERDICTS[section.verdict.verdict].word
    said = f"“{line(section.words, limit=600)}”\n" if section.words else ""
    heard = section.contradicting + section.supporting
    strength = f" ({wording.short_strength(heard[0].finding)})" if heard else ""
    because = first_sentence(line(section.why, limit=400))
    step = line(section.next_step, limit=200)
    answer = f"{word.capitalize()}: {because}{strength}"
    return f"{said}Read as: {line(section.read)}\n{answer}\nNext: {step}"


def _lines(text: str) -> Markup:
    """Return a text of several lines for an attribute, where a line end is no hostile character."""
    return Markup("&#10;").join(formatting.safe(row) for row in text.split("\n"))


def _origin(report: Report, posted: Input | None) -> str:
    """Return the line that says which tool and which file a copied text is about."""
    tool = line(f"{report.tool.name} {report.tool.version}", limit=80)
    if posted is None:
        return tool
    return f"{tool}, {line(posted.name, limit=160)}, SHA-256 {wording.digest(posted)}"


def _viewers(
    report: Report,
    arrangement: Arrangement,
    marks: Mapping[str, tuple[Mark, ...]],
    picture_view: bytes | None,
) -> dict[str, Viewer]:
    """Return a figure of the posted picture, and of every reference that is marked."""
    made: dict[str, Viewer] = {}
    for i, item in enumerate(report.inputs):
        posted = item is arrangement.picture
        address = page.address(picture_view) if posted and picture_view else None
        frame = (item.width or 0, item.height or 0)
        if (address is None and not marks[item.id]) or not all(frame):
            continue
        what = "The posted picture" if posted else f"Reference {line(item.id, limit=120)}"
        made[item.id] = Viewer(
            key=f"v{i}",
            marks=marks[item.id],
            ground=ground_of(report) if posted else None,
            address=address,
            size=frame,
            alt=f"{what}, {line(item.name, limit=120)}",
            caption=what if item.date is None else f"{what}, {item.date.words}",
        )
    return made


def _cards(
    report: Report,
    marks: Mapping[str, tuple[Mark, ...]],
    viewers: Mapping[str, Viewer],
    pictures: Mapping[str, bytes],
    posted: Input | None,
    diagrams: Mapping[str, str],
) -> list[Card]:
    anchors = {item.id: f"i{i}" for i, item in enumerate(report.inputs)}
    return [
        _card(position, finding, pictures, anchors,
              tuple(_marked(position, marks, viewers, posted)), diagrams)
        for position, finding in enumerate(report.findings)
    ]  # fmt: skip


def _marked(
    position: int,
    marks: Mapping[str, tuple[Mark, ...]],
    viewers: Mapping[str, Viewer],
    posted: Input | None,
) -> Iterator[tuple[str, str, str]]:
    for image, found in marks.items():
        own = numbers(found, position)
        if own:
            key = viewers[image].key if image in viewers else "inputs"
            name = line(image, limit=120)
            yield own, key, "the posted picture" if posted and image == posted.id else name


def _card(
    position: int,
    finding: Finding,
    pictures: Mapping[str, bytes],
    anchors: Mapping[str, str],
    marked: tuple[tuple[str, str, str], ...],
    diagrams: Mapping[str, str],
) -> Card:
    evidence = finding.evidence
    pairs = _pairs(evidence.pictures)
    shown = [picture for pair in pairs for picture in pair]
    shown += [
        picture for picture in evidence.pictures if picture.role == _MAP
    ]  # beside the answers
    drawn = diagrams.get(finding.statement or "") if finding.check == _SUN else None
    return Card(
        position=position,
        finding=finding,
        measures=tuple(_measures(finding)),
        intervals=any(m.interval is not None for m in finding.measures),
        power=None if finding.power is None else _power(finding.power),
        diagram=None if drawn is None else Markup(drawn),
        marked=marked,
        pairs=tuple(
            (_figure(before, pictures, "Before"), _figure(after, pictures, "After"))
            for before, after in pairs
        ),
        figures=tuple(_figure(p, pictures) for p in evidence.pictures if p not in shown),
        cited=tuple(
            (line(c.input, limit=120), anchors.get(c.input), line(c.label, limit=300))
            for c in evidence.citations[:_ROWS]
        ),
    )


def _measures(finding: Finding) -> Iterator[tuple[str, str, str]]:
    for m in map(formatting.scaled, finding.measures[:_ROWS]):
        interval = "not known" if isinstance(m.value, float) else ""
        if m.interval is not None:
            level = formatting.level(m.interval).replace(" ", "\N{NO-BREAK SPACE}")
            interval = f"{formatting.ends(m.interval, unit=m.unit)} ({level})"
        yield m.name, formatting.value(m), interval


def _pairs(found: tuple[Picture, ...]) -> list[tuple[Picture, Picture]]:
    after = {_stem(p): p for p in found if p.role == "after"}
    return [(p, after[_stem(p)]) for p in found if p.role == "before" and _stem(p) in after]


def _stem(picture: Picture) -> str:
    return _STEM.sub("", picture.name.rpartition(".")[0] or picture.name)


def _map(report: Report, pictures: Mapping[str, bytes]) -> Figure | None:
    """Return the map that shows where the picture lies, if it was placed."""
    found = next((p for p in report.pictures() if p.role == _MAP), None)
    return None if found is None else _figure(found, pictures)


def _figure(picture: Picture, given: Mapping[str, bytes], word: str = "") -> Figure:
    data = given.get(picture.name) or picture.data
    address, reason = None, "it is not a JPEG, PNG, GIF or WebP"
    if not data:
        reason = "its file was not given"
    elif picture.sha256 and hashlib.sha256(data).hexdigest() != picture.sha256:
        reason = "the file given is not the one of the report: its SHA-256 differs"
    else:
        address = page.address(data)
    return Figure(
        label=line(picture.label, limit=300),
        word=word,
        address=address,
        missing=f"{line(picture.name, limit=120)} is not shown: {reason}.",
    )


# The chart of detection power, in its own units, as finding.html draws it.
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 410.0, 12.0, 168.0
_LOG_FROM = 8.0  # sizes that span more than this factor are drawn on a logarithmic scale
_APART = 40.0  # between two ticks, so that their words do not touch


def _power(power: DetectionPower) -> Power:
    rows = _recalls(power)
    if len(rows) < 2:
        return Power(sentence=power.sentence, rows=rows)
    x = _scale(rows)
    curve = [(x(row[0]), _y(row[1])) for row in rows]
    upper = [(x(row[0]), _y(row[3])) for row in rows]
    lower = [(x(row[0]), _y(row[2])) for row in reversed(rows)]
    ticks: list[float] = []
    for row in reversed(rows):
        if not ticks or x(ticks[-1]) - x(row[0]) >= _APART:
            ticks.append(row[0])
    return Power(
        sentence=power.sentence,
        rows=rows,
        points=tuple((f"{a:.1f}", f"{b:.1f}") for a, b in curve),
        band=_joined([*upper, *lower]),
        curve=_joined(curve),
        levels=tuple((formatting.share(r), f"{_y(r):.1f}") for r in (0.0, 0.5, 0.9, 1.0)),
        ticks=tuple((number(size), f"{x(size):.1f}") for size in reversed(ticks)),
    )


def _recalls(power: DetectionPower) -> tuple[tuple[float, float, float, float], ...]:
    """Pair sizes with recalls; where there is no interval the band has no width."""
    many = min(len(power.sizes_m), len(power.recall))
    banded = len(power.low) >= many and len(power.high) >= many
    low, high = (power.low, power.high) if banded else (power.recall, power.recall)
    rows = zip(power.sizes_m[:many], power.recall, low, high, strict=False)
    return tuple(sorted(row for row in rows if all(map(math.isfinite, row))))


def _scale(rows: tuple[tuple[float, float, float, float], ...]) -> Callable[[float], float]:
    """Return the function from a size on the ground to a place along the chart."""
    first, last = rows[0][0], rows[-1][0]
    logarithmic = first > 0 and last / first > _LOG_FROM

    def x(size: float) -> float:
        if logarithmic:
            place = math.log(size / first) / math.log(last / first)
        else:
            place = (size - first) / ((last - first) or 1.0)
        return _LEFT + place * (_RIGHT - _LEFT)

    return x


def _y(recall: float) -> float:
    return _BOTTOM - min(1.0, max(0.0, recall)) * (_BOTTOM - _TOP)


def _joined(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
