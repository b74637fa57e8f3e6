"""How many vehicles and craters could the picture show, and what would have been missed?"""

import math
from collections.abc import Iterable

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks import _objects, needs
from imgcheck.checks.check import check
from imgcheck.model import Absence, DetectionPower, Finding, Measure

Looked = tuple[detect.Detections, DetectionPower, list[Measure]]


@check(
    "detect.vehicle-count",
    question="How many vehicles could the picture show, and what would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="3",
    answers=("count", "absence"),
    # Statements on classes that no detector proposes are answered here too.
    concerns=lambda statement: _objects.counted_class(statement) != "crater",
    needs=(needs.pixels,),
)
def detect_vehicle_count(case: Case) -> Iterable[Finding]:
    """Propose vehicle-sized oriented boxes, and compare a person's count with the claim."""

    def look(gsd: tuple[float, str]) -> Looked:
        found = detect.vehicles(case.image.rgb(), gsd=gsd[0], valid=case.clean)
        if found.searched_m is None:
            words = "In this picture, vehicles of usual size could not be detected."
            return found, DetectionPower(sentence=words), []
        low, high = found.searched_m
        power = DetectionPower(
            sentence=f"Vehicles of {low:.1f} to {high:.1f} m were searched for; shorter ones, "
            "those under trees, roofs, nets or drawings, and those with the colour of the ground "
            "are missed."
        )
        return found, power, []

    yield from _objects.answer(detect_vehicle_count, case, "vehicle", look)


@check(
    "detect.craters",
    question="How many craters could the picture show, and which size would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="2",
    answers=("count", "absence"),
    concerns=lambda statement: _objects.counted_class(statement) == "crater",
    needs=(needs.pixels,),
)
def detect_craters(case: Case) -> Iterable[Finding]:
    """Propose craters by their shading, and measure with planted ones which would be found."""

    def look(gsd: tuple[float, str]) -> Looked:
        gray, valid, sun = case.image.gray(), case.clean, case.sun_in_picture
        found = detect.craters(gray, gsd=gsd[0], sun_azimuth_deg=sun, valid=valid)
        planted = detect.power(gray, gsd=gsd[0], kind="crater", valid=valid, sun_azimuth_deg=sun)
        extra = [
            _size("crater size found half the time", planted.d50_m),
            _size("crater size found 9 times in 10", planted.d90_m),
            _size("smallest crater at this resolution", found.limit_m),
        ]
        return found, _power(planted, _claimed_size(case)), extra

    yield from _objects.answer(detect_craters, case, "crater", look)


def _size(name: str, size_m: float | None) -> Measure:
    known = size_m is not None and math.isfinite(size_m)
    value = round(size_m, 2) if known and size_m is not None else None
    return Measure(
        name=name,
        value=value,
        unit="m",
        reason="no size reaches this detection rate in this picture",
    )


def _claimed_size(case: Case) -> float | None:
    mine = {s.id for s in detect_craters.statements(case.claim)}
    sizes = (s.min_size_m for s in case.claim.of_type(Absence) if s.id in mine)
    return next((size for size in sizes if size is not None), None)


def _best_found(planted: detect.Power) -> str:
    if not planted.recall or max(planted.recall) == 0:
        return "No crater inserted into the picture was detected: craters of any size are missed."
    best = max(range(len(planted.recall)), key=lambda i: planted.recall[i])
    half = "" if planted.d50_m is None else f", half of those of {planted.d50_m:.1f} m"
    return (
        f"Of the craters inserted into the picture, at most {planted.recall[best]:.0%} were "
        f"detected (those of {planted.sizes_m[best]:.1f} m{half}): craters of any size may have "
        "been missed."
    )


def _power(planted: detect.Power, claimed_m: float | None) -> DetectionPower:
    if planted.d90_m is None:
        words = _best_found(planted)
    else:
        words = (
            f"Inserted craters of {planted.d90_m:.1f} m were detected with 90 % probability; "
            "smaller ones are missed more often."
        )
        if claimed_m is not None and claimed_m < planted.d90_m:
            words += f" The claimed size of {claimed_m:g} m is below this size."
    return DetectionPower(
        sentence=words,
        sizes_m=tuple(round(float(v), 3) for v in planted.sizes_m),
        recall=tuple(round(float(v), 4) for v in planted.recall),
        low=tuple(round(float(v), 4) for v in planted.low),
        high=tuple(round(float(v), 4) for v in planted.high),
    )
