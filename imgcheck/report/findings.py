"""One finding as a card: what was observed, how strongly it speaks, and what it rests on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from imgcheck.model import ByteRange, Citation, Evidence, Finding, Measure, Picture
from imgcheck.report import images, numbers, words
from imgcheck.report.arrange import Item
from imgcheck.report.marks import Mark
from imgcheck.report.marks import numbers as mark_numbers
from imgcheck.report.markup import Markup, join, tag
from imgcheck.report.plain import line, sentence
from imgcheck.report.powercurve import chart

_STEM = re.compile(r"[-_. ]?(before|after)$", re.IGNORECASE)
# Rows shown of one table; a count of 4,000 rows is data, and data stands in report.json.
_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What cards draw on besides the finding itself.

    Attributes
    ----------
    pictures : mapping of str to bytes
        Evidence pictures by name.
    marks : dict of str to tuple of Mark
        Marks by the input they lie on.
    anchors : dict of str to str
        Where on the page an input is described.
    posted : str or None
        Id of the input that is the posted picture.
    """

    pictures: Mapping[str, bytes] = field(default_factory=dict)
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    anchors: Mapping[str, str] = field(default_factory=dict)
    posted: str | None = None


def card(item: Item, material: Material, *, observation: bool = False) -> Markup:
    """Make the card of a finding; an observation claims no strength where it has none."""
    finding = item.finding
    said = words.strength(finding)
    if observation and said == (words.UNCALIBRATED,):
        said = ()
    found = tag(
        "div",
        tag("p", line(finding.summary), class_="summary"),
        _strength(said),
        _measures(finding.measures),
        chart(finding.power) if finding.power is not None else None,
        _evidence(item, material),
    )
    beside = join(
        sentences("Innocent explanations", finding.innocent),
        sentences("What this does not prove", finding.limits),
    )
    return tag(
        "article",
        found,
        tag("div", beside, class_="beside") if beside else None,
        _origin(finding),
        class_="finding" if observation else f"finding o-{finding.outcome.value}",
        id=f"f{item.position}",
    )


def _origin(finding: Finding) -> Markup:
    version = line(finding.check_version, limit=40)
    check = tag("code", line(finding.check, limit=80))
    basis = line(finding.basis, limit=120)
    return tag("p", "Check ", check, f", version {version}. Basis: {basis}.", class_="origin")


def sentences(heading: str, found: Iterable[str], *, level: str = "h5") -> Markup | None:
    """Make a headed list of sentences, or nothing of none."""
    rows = [tag("li", sentence(text)) for text in found]
    if not rows:
        return None
    return tag("div", tag(level, heading), tag("ul", rows), class_="sentences")


def _strength(said: tuple[str, ...]) -> Markup | None:
    if not said:
        return None
    return tag("p", tag("strong", "How strongly: "), f"{'; '.join(said)}.", class_="strength")


def _measures(found: tuple[Measure, ...]) -> Markup | None:
    if not found:
        return None
    # A column that would be empty is left out.
    intervals = any(m.interval is not None for m in found)
    names = ("Measured", "Value", "Interval")[: 3 if intervals else 2]
    head = tag("tr", (tag("th", name, scope="col") for name in names))
    rows = [
        tag(
            "tr",
            tag("th", line(m.name, limit=120), scope="row"),
            tag("td", numbers.value(m)),
            tag("td", _interval(m)) if intervals else None,
        )
        for m in map(numbers.scaled, found[:_ROWS])
    ]
    table = tag("table", tag("thead", head), tag("tbody", rows), class_="measures")
    return tag("div", table, _more(len(found)), class_="scroll")


def _interval(item: Measure) -> str:
    if item.interval is None:
        return "not known" if isinstance(item.value, float) else ""
    sure = numbers.level(item.interval).replace(" ", "\N{NO-BREAK SPACE}")
    return f"{numbers.ends(item.interval, unit=item.unit)} ({sure})"


def _more(many: int) -> Markup | None:
    if many <= _ROWS:
        return None
    return tag("p", f"{many - _ROWS:,} more rows stand in report.json.")


def _evidence(item: Item, material: Material) -> Markup | None:
    evidence: Evidence = item.finding.evidence
    parts = [
        _regions(item, material),
        *_pictures(evidence.pictures, material),
        _bytes(evidence.bytes),
        _citations(evidence.citations, material),
    ]
    shown = [part for part in parts if part]
    return tag("div", shown, class_="evidence") if shown else None


def _regions(item: Item, material: Material) -> Markup | None:
    places = []
    for image, marks in material.marks.items():
        own = mark_numbers(marks, item.position)
        if own:
            target = material.anchors.get(f"view {image}", "#picture")
            name = "the posted picture" if image == material.posted else line(image, limit=120)
            places.append(tag("li", tag("a", f"Marked {own}", href=target), f" in {name}"))
    return tag("ul", places, class_="where") if places else None


def _pictures(found: tuple[Picture, ...], material: Material) -> Iterable[Markup]:
    """Give the pairs of before and after first, then the other pictures."""
    left = list(found)
    for before, after in _pairs(found):
        left = [picture for picture in left if picture not in (before, after)]
        yield _pair(before, after, material)
    for picture in left:
        yield _figure(picture, material)


def _pairs(found: tuple[Picture, ...]) -> list[tuple[Picture, Picture]]:
    after = {_stem(p): p for p in found if p.role == "after"}
    paired = [(p, after[_stem(p)]) for p in found if p.role == "before" and _stem(p) in after]
    return paired


def _stem(picture: Picture) -> str:
    return _STEM.sub("", picture.name.rpartition(".")[0] or picture.name)


def _pair(before: Picture, after: Picture, material: Material) -> Markup:
    """Put two pictures side by side; the script lays them over one another with a slider."""
    return tag(
        "div",
        _figure(before, material, word="Before"),
        _figure(after, material, word="After"),
        class_="pair",
    )


def _figure(picture: Picture, material: Material, *, word: str = "") -> Markup:
    found = images.of_evidence(picture, material.pictures)
    label = line(picture.label, limit=300)
    caption = tag("figcaption", tag("b", f"{word}. ") if word else None, label)
    if not isinstance(found, Markup):
        missing = f"{line(picture.name, limit=120)} is not shown: {found}."
        return tag("figure", tag("p", missing, class_="missing"), caption)
    alt = f"{word}: {label}" if word else label
    return tag("figure", tag("img", src=found, alt=alt, loading="lazy"), caption)


def _bytes(found: tuple[ByteRange, ...]) -> Markup | None:
    if not found:
        return None
    names = ("Bytes of the file", "Length", "What stands there")
    rows = [
        tag(
            "tr",
            tag("th", f"from {b.offset:,} (0x{b.offset:x})", scope="row"),
            tag("td", f"{b.length:,}"),
            tag("td", line(b.label, limit=300)),
        )
        for b in found[:_ROWS]
    ]
    head = tag("thead", tag("tr", (tag("th", name, scope="col") for name in names)))
    return tag("div", tag("table", head, tag("tbody", rows), class_="bytes"), _more(len(found)),
               class_="scroll")  # fmt: skip


def _citations(found: tuple[Citation, ...], material: Material) -> Markup | None:
    if not found:
        return None
    rows = []
    for citation in found[:_ROWS]:
        name = line(citation.input, limit=120)
        anchor = material.anchors.get(citation.input)
        linked = tag("a", name, href=anchor) if anchor else name
        rows.append(tag("li", "Leans on ", linked, f": {line(citation.label, limit=300)}"))
    return tag("ul", rows, class_="cited")
