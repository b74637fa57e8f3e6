"""The result of ``imgcheck date`` as a document and as terminal text."""

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from imgcheck.case import Case, NotLocated
from imgcheck.case.dating import Dated, NotDated, in_sequence
from imgcheck.model import Window
from imgcheck.model.documents import (
    DateDocument,
    DatedPlace,
    DateHypothesis,
    MadeFrom,
    PictureInput,
    ReferenceLikelihood,
    SelfCheck,
    TimeSet,
)
from imgcheck.report.formatting import line
from imgcheck.report.location import located_reference

LIMITS = (
    "Only ground that changed for good decides; the dates of the references are not tested.",
    "Something built and removed again, or a change that took longer than the gap between two "
    "references, can lead to a wrong date.",
)

# Places in the JSON document, and in the text.
_MOST_PLACES, _MOST_SHOWN = 40, 8


def document(case: Case, found: Dated | NotDated, *, window: Window | None = None) -> DateDocument:
    """Return the document of ``imgcheck date``; ``window`` is the claimed time."""
    image = case.image
    picture = PictureInput(
        name=image.name, sha256=image.sha256, width=image.width, height=image.height
    )
    claimed = None if window is None else TimeSet(after=_utc(window.start), before=_utc(window.end))
    if isinstance(found, NotDated):
        placing = None if found.placed else case.placing
        why = f": {placing.reason}" if isinstance(placing, NotLocated) else ""
        return DateDocument(
            input=picture,
            abstained=True,
            reason=found.reason + why,
            claim_window=claimed,
            references=tuple(located_reference(one) for one in case.references),
            limits=_limits(case),
            **_source(case),
        )
    bracket = found.bracket
    edges = _edges(found)
    ratio = None
    if window is not None and not bracket.abstained:
        ratio = bracket.likelihood_ratio(window.earliest, window.latest)
    return DateDocument(
        input=picture,
        abstained=bracket.abstained,
        reason=bracket.reason or None,
        level=bracket.level,
        sets=tuple(
            TimeSet(after=_after(edges, one.after), before=_before(edges, one.before))
            for one in bracket.sets
        ),
        hypotheses=tuple(
            DateHypothesis(
                after=_after(edges, one.after),
                before=_before(edges, one.before),
                probability=round(share, 4),
            )
            for one, share in zip(bracket.hypotheses(), bracket.probability, strict=True)
        ),
        deciding=tuple(_places(case, found)),
        **_source(case),
        claim_window=claimed,
        likelihood_ratio=ratio,
        self_check=None
        if bracket.self_check is None
        else SelfCheck(right=bracket.self_check[0], wrong=bracket.self_check[1]),
        references=tuple(located_reference(one) for one in found.references),
        limits=_limits(case),
    )


def _limits(case: Case) -> tuple[str, ...]:
    """Return the limits of the answer; first, which references say nothing about time, and why."""
    kept = in_sequence(case.references)
    undated = [f"{one.id} ({one.date_reason})" for one in case.references if one.date is None]
    twice = [
        one.id
        for one in case.references
        if one.date is not None and one.image.georeference is not None and one not in kept
    ]
    unused = []
    if undated:
        unused.append(f"References without a date say nothing about time: {', '.join(undated)}.")
    if twice:
        names = ", ".join(twice)
        unused.append(f"Of references whose dates overlap only one is used, and not {names}.")
    return (*unused, *LIMITS)


def _source(case: Case) -> dict[str, Any]:
    """Return the fields on the reference that the picture is of one acquisition with."""
    found = case.acquisition
    if isinstance(found, NotLocated):
        return {}
    own = found.reference.id
    chances = {one.id: round(chance, 4) for one, chance in found.likelihoods}
    made = None
    if found.origin in ("copy", "altered copy"):
        altered = found.origin == "altered copy"
        made = MadeFrom(reference=own, likelihood=chances[own], altered=altered)
    return {
        "made_from": made,
        "within_hours_of": own if found.origin == "same capture" else None,
        "likelihoods": tuple(
            ReferenceLikelihood(reference=one, likelihood=chance) for one, chance in chances.items()
        ),
    }


def _edges(found: Dated) -> dict[Any, Window]:
    """Return the stated date of each reference by the moment that stands for it."""
    dates = [one.date for one in found.references if one.date is not None]
    return dict(zip(found.bracket.dates, dates, strict=True))


def _after(edges: dict[Any, Window], when: Any) -> str | None:
    return None if when is None else _utc(edges[when].start)


def _before(edges: dict[Any, Window], when: Any) -> str | None:
    return None if when is None else _utc(edges[when].end)


def _utc(moment: datetime) -> str:
    """Return a moment in UTC; one without a zone stays without."""
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()


def _places(case: Case, found: Dated) -> Iterator[DatedPlace]:
    """Yield what the picture shows at the places that decide, in picture pixels."""
    if case.ground is None:
        return
    names = [one.id for one in found.references]
    for vote in found.bracket.deciding[:_MOST_PLACES]:
        left, top, right, bottom = vote.box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
        yield DatedPlace(
            shows=vote.state,
            changed_after=names[vote.split],
            changed_before=names[vote.split + 1],
            log_likelihood_ratio=round(vote.ratio, 2),
            region=case.ground.to_picture(corners),
        )


def terminal(said: dict[str, Any], *, width: int = 100) -> str:
    """Return a document of `imgcheck.report.dating` as terminal text."""
    lines = []
    for sentence in _sentences(said):
        indent = "    " if sentence.startswith("  ") else ""
        lines += textwrap.wrap(sentence, width, subsequent_indent=indent)
    return "\n".join(lines) + "\n"


def _sentences(said: dict[str, Any]) -> Iterator[str]:
    name = line(said["input"]["name"], limit=120)
    made = said["made_from"]
    if made is not None:
        yield from _made(said, name)
    if said["abstained"]:
        what = "Changes of the ground give no date" if made else f"{name} could not be dated"
        yield f"{what}: {line(said['reason'])}."
        if not made:
            yield "That is not evidence for or against a claimed date."
    else:
        times = ", or ".join(_time(one) for one in said["sets"])
        yield f"By what changed for good on the ground, {name} was taken {times}."
        yield f"The nominal probability of this answer is {said['level']:.0%}."
    if said["within_hours_of"] is not None:
        yield (
            f"It was taken within hours of {_dated(said, said['within_hours_of'])}: vehicles and "
            "shadows agree, and the ground was seen from another point."
        )
    elif made is None and said["likelihoods"]:
        count = len(said["likelihoods"])
        yield f"As a whole it was made from none of the {count} references compared."
    if said["claim_window"] is not None and not (said["abstained"] and made):
        yield from _claimed(said)
    check = said["self_check"]
    if check is not None:
        yield (
            f"Self-check: each of {check['right'] + check['wrong']} references dated by the others "
            f"gave {check['right']} right and {check['wrong']} wrong answers."
        )
    places = [one for one in said["deciding"] if one["shows"] != "neither"]
    if places and not said["abstained"]:
        yield f"Places that decide ({min(len(places), _MOST_SHOWN)} of {len(places)} shown):"
        for one in places[:_MOST_SHOWN]:
            axes = zip(*one["region"], strict=True)
            x, y = (round(sum(axis) / len(one["region"])) for axis in axes)
            yield (
                f"  at {x}, {y} px it shows the {one['shows']} state of a change between "
                f"{line(one['changed_after'], limit=60)} and "
                f"{line(one['changed_before'], limit=60)}"
            )
    yield from said["limits"]


def _made(said: dict[str, Any], name: str) -> Iterator[str]:
    """Name the reference that the picture was made from, and compare its date with the claim."""
    made, count = said["made_from"], len(said["likelihoods"])
    altered = ", and was altered in a part" if made["altered"] else ""
    among = "the only reference compared"
    if count > 1:
        among = f"probability {made['likelihood']:.0%} among the {count} references compared"
    yield f"{name} was made from {_dated(said, made['reference'])}{altered} ({among})."
    date = next((r["date"] for r in said["references"] if r["id"] == made["reference"]), None)
    claimed = said["claim_window"]
    if date is None or claimed is None:
        return
    own, window = Window.parse(date), Window.parse(f"{claimed['after']}/{claimed['before']}")
    where = "agrees with" if not (own.before(window) or window.before(own)) else "is outside"
    span = f"{_day(claimed['after'])} to {_day(claimed['before'])}"
    yield f"That date {where} the claimed time ({span})."


def _claimed(said: dict[str, Any]) -> Iterator[str]:
    ratio, window = said["likelihood_ratio"], said["claim_window"]
    span = f"{_day(window['after'])} to {_day(window['before'])}"
    if ratio is None:
        yield f"The claimed time ({span}) could not be compared with other times."
    else:
        more, words = (ratio, "more") if ratio >= 1 else (1 / ratio, "less")
        yield (
            f"What the picture shows is {min(more, 1000):.1f} times {words} likely for the claimed "
            f"time ({span}) than for other times."
        )


def _dated(said: dict[str, Any], reference: str) -> str:
    dates = {one["id"]: one["date"] for one in said["references"]}
    date = dates.get(reference)
    return f"the reference {line(reference, limit=60)}" + (f", dated {line(date)}" if date else "")


def _time(one: dict[str, Any]) -> str:
    parts = (("after", one["after"]), ("before", one["before"]))
    return " and ".join(f"{word} {_day(when)}" for word, when in parts if when is not None)


def _day(moment: str) -> str:
    return moment[:10]
