"""How many craters could the picture show, and which size would have been missed?"""

import math
from collections.abc import Iterable

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks import _proposals, needs
from imgcheck.checks.check import check
from imgcheck.model import Absence, DetectionPower, Finding, Measure


@check(
    "detect.craters",
    question="How many craters could the picture show, and which size would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="2",
    answers=("count", "absence"),
    concerns=lambda statement: _proposals.looked_for(statement) == "crater",
    needs=(needs.pixels,),
)
def detect_craters(case: Case) -> Iterable[Finding]:
    """Propose craters by their shading, and measure by planting which ones would be found."""

    def look(gsd: tuple[float, str]) -> tuple[detect.Detections, DetectionPower, list[Measure]]:
        gray, valid = case.image.gray(), case.clean
        sun = case.sun_in_picture
        found = detect.craters(gray, gsd=gsd[0], sun_azimuth_deg=sun, valid=valid)
        planted = detect.power(gray, gsd=gsd[0], kind="crater", valid=valid, sun_azimuth_deg=sun)
        extra = [
            _size("crater found half the time", planted.d50_m),
            _size("crater found 9 times in 10", planted.d90_m),
            _size("resolution allows craters from", found.limit_m),
        ]
        return found, _power(planted, _asked(case)), extra

    yield from _proposals.answer(detect_craters, case, "crater", look)


def _size(name: str, size_m: float | None) -> Measure:
    known = size_m is not None and math.isfinite(size_m)
    value = round(size_m, 2) if known and size_m is not None else None
    return Measure(name=name, value=value, unit="m", reason="no size reaches that on this picture")


def _asked(case: Case) -> float | None:
    for statement in detect_craters.statements(case.claim):
        if isinstance(statement, Absence) and statement.min_size_m is not None:
            return statement.min_size_m
    return None


def _best_found(planted: detect.Power) -> str:
    if not planted.recall or max(planted.recall) == 0:
        return "No planted crater of any size was found: this picture says nothing about craters."
    best = max(range(len(planted.recall)), key=lambda i: planted.recall[i])
    half = "" if planted.d50_m is None else f", half of those of {planted.d50_m:.1f} m"
    return (
        f"Of the craters planted in this picture, at best {planted.recall[best]:.0%} were found "
        f"(those of {planted.sizes_m[best]:.1f} m{half}): one of any size may have been missed."
    )


def _power(planted: detect.Power, asked_m: float | None) -> DetectionPower:
    if planted.d90_m is None:
        words = _best_found(planted)
    else:
        words = (
            f"Planted craters of {planted.d90_m:.1f} m were found 9 times in 10; smaller ones "
            "would have been missed more often, and this picture says little about them."
        )
        if asked_m is not None and asked_m < planted.d90_m:
            words += f" The claim speaks of {asked_m:g} m, which is below that."
    return DetectionPower(
        sentence=words,
        sizes_m=tuple(round(float(v), 3) for v in planted.sizes_m),
        recall=tuple(round(float(v), 4) for v in planted.recall),
        low=tuple(round(float(v), 4) for v in planted.low),
        high=tuple(round(float(v), 4) for v in planted.high),
    )
