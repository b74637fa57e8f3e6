"""How many vehicles could the picture show, and what would have been missed?"""

from collections.abc import Iterable

from imgcheck import detect
from imgcheck.checks import _placed, _proposals, needs
from imgcheck.checks.check import check
from imgcheck.model import Case, DetectionPower, Finding

_CLASSES = ("vehicle", "car", "truck", "lorry", "tank", "bus")


@check(
    "detect.vehicles",
    question="How many vehicles could the picture show, and what would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    answers=("count", "absence"),
    concerns=_proposals.named(*_CLASSES),
    needs=(needs.pixels,),
)
def detect_vehicles(case: Case) -> Iterable[Finding]:
    """Propose vehicle-sized oriented boxes and bound the true number."""
    gsd, missing = _proposals.searchable(detect_vehicles, case)
    if gsd is None:
        yield from missing
        return
    found = detect.vehicles(case.image.rgb(), gsd=gsd[0], valid=_placed.clean(case))
    yield from _proposals.answer(
        detect_vehicles, case, found, noun="vehicle", gsd=gsd, power=_power(found)
    )


def _power(found: detect.Detections) -> DetectionPower:
    if found.searched_m is None:
        return DetectionPower(sentence="No vehicle of any usual size could be found on it.")
    low, high = found.searched_m
    return DetectionPower(
        sentence=f"Vehicles of {low:.1f} to {high:.1f} m were looked for; shorter ones, those "
        "under trees, roofs, nets or drawings, and those of the colour of the ground would have "
        "been missed."
    )
