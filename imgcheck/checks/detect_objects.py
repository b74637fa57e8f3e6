"""How many vehicles and craters could the picture show, and what would have been missed?"""

from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.case.detection_power import jpeg_quality, map_of, size_of_interest
from imgcheck.checks import _objects, _power, needs
from imgcheck.checks.check import check
from imgcheck.imaging.reduced import jpeg
from imgcheck.model import Absence, DetectionPower, Finding, Measure, Outcome, Picture

# An absence is supported only where craters are found 9 times in 10 on this share of the picture,
# and this share even of those with the look that is found least often.
_MOST_OF_THE_PICTURE = 0.9
_OF_THE_WORST_LOOK = 0.8
# Craters of a size, for the check: recall is then known to about 0.2.
_TRIALS = 24
_MAP_PX = 640


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

    def look(gsd: tuple[float, str]) -> _objects.Looked:
        found = detect.vehicles(case.image.rgb(), gsd=gsd[0], valid=case.clean)
        if found.searched_m is None:
            words = "In this picture, vehicles of usual size could not be detected."
            return _objects.Looked(found=found, power=DetectionPower(sentence=words))
        low, high = found.searched_m
        power = DetectionPower(
            sentence=f"Vehicles of {low:.1f} to {high:.1f} m were searched for; shorter ones, "
            "those under trees, roofs, nets or drawings, and those with the colour of the ground "
            "are missed."
        )
        decide = partial(_objects.decide_by_detector, found=found)
        return _objects.Looked(found=found, power=power, decide=decide, rate="wrong number")

    yield from _objects.answer(detect_vehicle_count, case, "vehicle", look)


@check(
    "detect.crater-absence",
    question="How many craters could the picture show, and which size would have been missed?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="3",
    answers=("count", "absence"),
    concerns=lambda statement: _objects.counted_class(statement) == "crater",
    needs=(needs.pixels,),
)
def detect_crater_absence(case: Case) -> Iterable[Finding]:
    """Propose craters by their shading, and measure with planted ones which would be found."""

    def look(gsd: tuple[float, str]) -> _objects.Looked:
        gray, valid, sun = case.image.gray(), case.clean, case.sun_in_picture
        found = detect.craters(gray, gsd=gsd[0], sun_azimuth_deg=sun, valid=valid)
        planted = detect.power(
            gray,
            gsd=gsd[0],
            kind="crater",
            valid=valid,
            sun_azimuth_deg=sun,
            jpeg_quality=jpeg_quality(case.image),
            trials=_TRIALS,
        )
        extra = (
            _size("crater size found half the time", planted.d50_m),
            _size("crater size found 9 times in 10", planted.d90_m),
            _size("smallest crater at this resolution", found.limit_m),
            Measure(
                name="share of the picture that these sizes hold for",
                value=round(planted.share_of_picture, 3) if planted.sizes_m else None,
                reason=planted.reason or "no crater could be planted",
            ),
        )
        return _objects.Looked(
            found=found,
            power=_detection_power(planted, _claimed_size(case)),
            extra=extra,
            decide=partial(decide, planted=planted),
            rate="crater missed",
            pictures=_map(gray, planted),
        )

    yield from _objects.answer(detect_crater_absence, case, "crater", look)


def decide(statement: _objects.Counted, planted: detect.Power) -> Outcome | None:
    """Support an absence where a crater of the claimed size would have been found; None: open.

    Nothing may be proposed, and recall must be 90 % on most of the picture, from the claimed size
    on, and not much lower for any look. A proposal contradicts nothing: a person accepts it first.
    """
    if not isinstance(statement, Absence) or planted.d90_m is None or planted.proposed:
        return None
    claimed = statement.min_size_m
    if claimed is not None and claimed < planted.d90_m:
        return None
    if planted.share_of_picture < _MOST_OF_THE_PICTURE:
        return None
    large = [k for k, size in enumerate(planted.sizes_m) if size >= planted.d90_m]
    found = []
    for look in planted.looks:
        known = [(look.recall[k], look.trials[k]) for k in large]
        trials = sum(n for _, n in known)
        found.append(sum((r or 0.0) * n for r, n in known) / trials if trials else 0.0)
    return Outcome.SUPPORTS if min(found, default=0.0) >= _OF_THE_WORST_LOOK else None


def _map(gray: NDArray[np.float32], planted: detect.Power) -> tuple[Picture, ...]:
    """Return the map of what would be found, if anything could be planted."""
    if not planted.sizes_m:
        return ()
    size = _power.size(planted, planted.sizes_m[size_of_interest(planted)])
    words = (
        f"where craters of {size} would be found: blue ground 9 times in 10, yellow half the time, "
        "orange less often; rings are planted craters, with a dot where one was missed"
    )
    drawn = jpeg(map_of(gray, planted, longest_px=_MAP_PX))
    return (Picture(name="crater-power.jpg", label=words, role="power", data=drawn),)


def _size(name: str, size_m: float | None) -> Measure:
    known = size_m is not None and size_m < float("inf")
    value = round(size_m, 2) if known and size_m is not None else None
    return Measure(
        name=name,
        value=value,
        unit="m",
        reason="no size reaches this detection rate in this picture",
    )


def _claimed_size(case: Case) -> float | None:
    mine = {s.id for s in detect_crater_absence.statements(case.claim)}
    sizes = (s.min_size_m for s in case.claim.of_type(Absence) if s.id in mine)
    return next((size for size in sizes if size is not None), None)


def _detection_power(planted: detect.Power, claimed_m: float | None) -> DetectionPower:
    words = _power.sentence(planted)
    if planted.d90_m is not None and claimed_m is not None and claimed_m < planted.d90_m:
        words += f" The claimed size of {claimed_m:g} m is below the size found 9 times in 10."
    return DetectionPower(
        sentence=words,
        sizes_m=tuple(round(float(v), 3) for v in planted.sizes_m),
        recall=tuple(round(float(v), 4) for v in planted.recall),
        low=tuple(round(float(v), 4) for v in planted.low),
        high=tuple(round(float(v), 4) for v in planted.high),
    )
