"""The result of ``imgcheck detect``: as a document, as terminal text, and as files."""

import html
import textwrap
from collections.abc import Iterator

from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Ellipse,
    Measured,
    Obb,
    Provenance,
    centre,
)
from imgcheck.case import Searched
from imgcheck.detect import Detections, Proposal, user_model
from imgcheck.detect.counting import CountEstimate
from imgcheck.model.documents import DetectDocument, ObjectNumber, ObjectScale, PictureInput
from imgcheck.quantity import distance
from imgcheck.report.formatting import line

LIMITS = (
    "Objects are proposed by their look alone; a person must check each of them.",
    "The type of a vehicle is not determined, and a type does not prove its operator.",
    "Objects under trees, nets, roofs and drawings are not counted.",
)
_MOST_LISTED = 12


def document(found: Searched) -> DetectDocument:
    """Return the document of ``imgcheck detect``."""
    image = found.image
    return DetectDocument(
        picture=PictureInput(
            name=image.name, sha256=image.sha256, width=image.width, height=image.height
        ),
        scale=ObjectScale(
            gsd_m=found.gsd_m,
            source=found.source,
            effective_gsd_m=next(
                (round(one.effective_gsd, 3) for one in found.found if one.effective_gsd), None
            ),
        ),
        north=None,
        annotations=annotations(found),
        counts=({} if found.own is None else {"vehicle": _by_own_model(found.own)})
        | {
            one.kind: _number(one, count)
            for one, count in zip(found.found, found.counts, strict=True)
        },
        limits=LIMITS if found.own is None else (*found.own.remarks, *LIMITS),
    )


def annotated(found: Searched) -> AnnotatedPicture:
    """Return the picture with its proposals, for a drawing or a file."""
    image = found.image
    return AnnotatedPicture(
        name=image.name,
        width=image.width,
        height=image.height,
        sha256=image.sha256,
        gsd_m=found.gsd_m,
        annotations=annotations(found),
    )


def annotations(found: Searched) -> tuple[Annotation, ...]:
    """Return every proposal as an annotation."""
    own = () if found.own is None else found.own.annotations
    return own + tuple(
        _annotation(item, one, number)
        for one in found.found
        for number, item in enumerate(one.proposals, start=1)
    )


def _annotation(item: Proposal, one: Detections, number: int) -> Annotation:
    shape = Ellipse if item.kind == "crater" else Obb
    return Annotation(
        cls=item.kind,
        geometry=shape(
            cx=round(item.cx, 2),
            cy=round(item.cy, 2),
            length=round(item.length, 2),
            width=round(item.width, 2),
            heading=round(item.heading, 1),
        ),
        id=f"{item.kind}-{number}",
        score=round(item.score, 4),
        p=None if item.p is None else round(item.p, 3),
        calibration=item.calibration or "",
        measures={
            name.removesuffix("_m"): Measured(
                value=value.value, unit=value.unit, interval=value.interval
            )
            for name, value in item.measures.items()
            if value.unit == "m"
        },
        provenance=Provenance(
            source="detector",
            name=f"imgcheck.detect {item.kind}s",
            details={"threshold": f"{one.threshold:g}"},
        ),
    )


def _number(one: Detections, count: CountEstimate) -> ObjectNumber:
    searched = one.searched_m is not None
    return ObjectNumber(
        proposed=len(one.proposals),
        median=count.median,
        low=count.low if searched and count.calibration is not None else None,
        high=count.high,
        level=count.level,
        reason=count.reason or one.reason,
        searched_m=one.searched_m,
        searched_share=round(one.share_searched, 4),
        calibration=count.calibration,
    )


def _by_own_model(found: user_model.Found) -> ObjectNumber:
    return ObjectNumber(
        proposed=len(found.annotations),
        median=None,
        low=None,
        high=None,
        level=0.9,
        reason=found.reason,
        searched_m=None,
        searched_share=round(found.share_searched, 4),
        calibration=None,
    )


def terminal(said: DetectDocument, *, width: int = 100) -> str:
    """Return the document as terminal text."""
    lines = []
    for sentence in _sentences(said):
        lines += textwrap.wrap(sentence, width) if not sentence.startswith("  ") else [sentence]
    return "\n".join(lines) + "\n"


def page(said: DetectDocument) -> str:
    """Return the document as a page that shows ``detect.png`` beside it."""
    name, words = html.escape(line(said.picture.name)), html.escape(terminal(said))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{name}</title>\n'
        f"<h1>Objects proposed in {name}</h1>\n<pre>{words}</pre>\n"
        '<img src="detect.png" alt="the picture with every proposal" style="max-width:100%">\n'
        "</html>\n"
    )


def _sentences(said: DetectDocument) -> Iterator[str]:
    scale = said.scale
    sharp = scale.effective_gsd_m
    blurred = (
        f", with the sharpness of one of {distance(sharp, 2)}"
        if sharp is not None and sharp > 1.3 * scale.gsd_m
        else ""
    )
    yield (
        f"{line(said.picture.name)}: {distance(scale.gsd_m)} per pixel ({scale.source}){blurred}."
    )
    for kind, number in said.counts.items():
        yield counted(kind, number)
        mine = [one for one in said.annotations if one.cls.partition(".")[0] == kind]
        yield from (_row(one) for one in mine[:_MOST_LISTED])
        if len(mine) > _MOST_LISTED:
            yield f"  and {len(mine) - _MOST_LISTED} more, with lower scores"
    yield from said.limits


def counted(kind: str, number: ObjectNumber) -> str:
    """Return what is known about the number of objects, in one sentence."""
    if number.searched_m is None and not number.searched_share:
        return f"No {kind}s were searched for: {number.reason}."
    start = f"{number.proposed} {kind}{'' if number.proposed == 1 else 's'} proposed"
    if number.median is None or number.high is None or number.low is None:
        return f"{start}; their true number is not bounded: {number.reason}."
    return (
        f"{start}; {number.low:.0f} to {number.high:.0f} are there with {number.level:.0%} "
        f"probability, most likely {number.median:.0f}."
    )


def _row(one: Annotation) -> str:
    x, y = centre(one.geometry)
    sizes = [f"{one.measures[k].value:.1f}" for k in ("length", "width") if k in one.measures]
    sizes = sizes or [f"{one.measures[k].value:.1f}" for k in ("diameter",) if k in one.measures]
    size = f"{' x '.join(sizes)} m" if sizes else ""
    chance = "p unknown" if one.p is None else f"p {one.p:.2f}"
    turned = f"heading {one.geometry.heading:.0f}" if isinstance(one.geometry, Obb) else ""
    words = (f"{one.id:<12}", one.label, f"x {x:.0f}, y {y:.0f}", size, turned, chance)
    return "  " + "; ".join(word for word in words if word)
