"""How many vehicles could the picture show, and what would have been missed?"""

from collections.abc import Iterable

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks import _proposals, needs
from imgcheck.checks.check import check
from imgcheck.model import DetectionPower, Finding, Measure


@check(
    "detect.vehicles",
    question="How many vehicles could the picture show, and what would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="2",
    answers=("count", "absence"),
    # Classes that no detector knows are named here too.
    concerns=lambda statement: _proposals.looked_for(statement) != "crater",
    needs=(needs.pixels,),
)
def detect_vehicles(case: Case) -> Iterable[Finding]:
    """Propose vehicle-sized oriented boxes, and compare what a person counted with the claim."""

    def look(gsd: tuple[float, str]) -> tuple[detect.Detections, DetectionPower, list[Measure]]:
        found = detect.vehicles(case.image.rgb(), gsd=gsd[0], valid=case.clean)
        return found, _power(found), []

    yield from _proposals.answer(detect_vehicles, case, "vehicle", look)


def _power(found: detect.Detections) -> DetectionPower:
    if found.searched_m is None:
        return DetectionPower(sentence="No vehicle of any usual size could be found on it.")
    low, high = found.searched_m
    return DetectionPower(
        sentence=f"Vehicles of {low:.1f} to {high:.1f} m were looked for; shorter ones, those "
        "under trees, roofs, nets or drawings, and those of the colour of the ground would have "
        "been missed."
    )
