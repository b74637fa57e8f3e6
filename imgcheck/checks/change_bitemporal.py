"""What differs between the picture and dated reference imagery?"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from imgcheck import change
from imgcheck.checks import _placed, needs
from imgcheck.checks._pictures import jpeg
from imgcheck.checks._placed import Ground
from imgcheck.checks.check import check
from imgcheck.imaging import warp
from imgcheck.model import (
    Acquired,
    Case,
    Changed,
    Citation,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Picture,
    Reference,
    Region,
    Unchanged,
    Window,
)
from imgcheck.quantity import Interval, distance

_BASIS = "comparison with reference imagery"

# More dates than this would take minutes; those nearest to the claimed time are taken.
_MOST_REFERENCES = 4
_MOST_SHOWN = 40
_VIEW_PX = 1200

_LIMITS = (
    "Shadows of another hour, season, ploughing and water are differences too; what a region is, "
    "an eye must say.",
    "Ground under arrows, boxes and captions was not compared.",
    "That the picture differs from a reference says nothing about who or what changed the ground.",
)


@check(
    "change.bitemporal",
    question="What differs between the picture and dated reference imagery?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    answers=("unchanged", "changed"),
    needs=(needs.pixels, needs.dated_reference),
)
def change_bitemporal(case: Case) -> Iterable[Finding]:
    """Compare the picture with each dated reference on their common ground."""
    ground = _placed.ground(case)
    if ground is None:
        yield from _placed.unplaced(change_bitemporal, case)
        return
    found: list[tuple[Reference, change.ChangeResult]] = []
    for position, reference in enumerate(_nearest(case)):
        layer = _placed.layer(case, reference)
        if layer is None:
            continue
        rgb, valid = layer
        result = change.detect(
            rgb, ground.picture, gsd=ground.grid.gsd_m, valid=valid & ground.valid
        )
        found.append((reference, result))
        yield _observation(case, ground, reference, rgb, result, position)
    for statement in case.claim.of_kind("unchanged", "changed"):
        assert isinstance(statement, Unchanged | Changed)
        yield _answer(statement, found)


def _nearest(case: Case) -> list[Reference]:
    """Give the dated references nearest to the claimed time, in the order of their dates."""
    dated = [r for r in case.references if r.date is not None]
    claimed = _claimed(case)
    if claimed is not None and len(dated) > _MOST_REFERENCES:
        middle = claimed.earliest + (claimed.latest - claimed.earliest) / 2
        dated.sort(key=lambda r: abs((_middle(r) - middle).total_seconds()))  # type: ignore[operator]
    kept = {r.id for r in dated[:_MOST_REFERENCES]}
    return [r for r in case.references if r.id in kept]


def _middle(reference: Reference) -> object:
    assert reference.date is not None
    return reference.date.earliest + (reference.date.latest - reference.date.earliest) / 2


def _claimed(case: Case) -> Window | None:
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        return statement.window
    return None


def _observation(
    case: Case,
    ground: Ground,
    reference: Reference,
    rgb: NDArray[np.float32],
    result: change.ChangeResult,
    position: int,
) -> Finding:
    shown = sorted(result.regions, key=lambda r: -r.area_m2)[:_MOST_SHOWN]
    return change_bitemporal.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"Against {_placed.name(reference)}: {_words(result)}.",
        basis=_BASIS,
        measures=tuple(_measures(result, ground)),
        evidence=Evidence(
            regions=tuple(
                Region(
                    image="picture",
                    polygon=ground.to_picture(region.polygon),
                    label=_label(region),
                    layer=f"differs from {reference.id}",
                )
                for region in shown
            ),
            citations=(Citation(input=reference.id, label=_placed.name(reference)),),
            pictures=_slider(case, ground, reference, rgb, position),
        ),
        limits=_LIMITS,
        power=_power(result),
    )


def _words(result: change.ChangeResult) -> str:
    if result.suppressed and not result.regions:
        return result.suppressed[0].reason
    if not result.regions:
        return "nothing stands out from the unchanged ground"
    total = sum(region.area_m2 for region in result.regions)
    places = "place differs" if len(result.regions) == 1 else "places differ"
    return f"{len(result.regions)} {places}, {total:,.0f} m² in all"


def _label(region: change.Region) -> str:
    return (
        f"{region.kind}, {region.area_m2:.0f} ± {region.area_error_m2:.0f} m², "
        f"q = {max(region.q_value, 1e-4):.2g}"
    )


def _measures(result: change.ChangeResult, ground: Ground) -> Iterator[Measure]:
    gsd = ground.grid.gsd_m
    yield Measure(name="places that differ", value=len(result.regions))
    error = float(np.sqrt(sum(r.area_error_m2**2 for r in result.regions)))
    area = sum(r.area_m2 for r in result.regions)
    yield Measure(
        name="area that differs",
        value=round(area, 2),
        unit="m²",
        interval=Interval(low=max(0.0, area - 1.96 * error), high=area + 1.96 * error),
    )
    share = float(result.mask[ground.valid].mean()) if ground.valid.any() else 0.0
    yield Measure(name="share of the compared ground", value=round(share, 5))
    yield Measure(name="agreement of the rest", value=round(result.agreement, 4))
    dx, dy = result.shift_px
    yield Measure(name="shift moved back", value=round(float(np.hypot(dx, dy)) * gsd, 3), unit="m")
    yield Measure(
        name="smallest object found 9 times in 10",
        value=None if result.smallest_m is None else round(result.smallest_m, 2),
        unit="m",
        reason="no size would be found 9 times in 10 on this pair",
    )
    for suppressed in result.suppressed:
        yield Measure(name="left out", value=f"{suppressed.count}: {suppressed.reason}")


def _power(result: change.ChangeResult) -> DetectionPower:
    if result.smallest_m is None:
        words = "On this pair no object of any size would be found 9 times in 10."
    else:
        words = (
            f"A square of {distance(result.smallest_m, 2)} with a contrast of 0.15 would be found "
            "9 times in 10; smaller or fainter changes would have been missed."
        )
    return DetectionPower(sentence=words)


def _slider(
    case: Case, ground: Ground, reference: Reference, rgb: NDArray[np.float32], position: int
) -> tuple[Picture, Picture]:
    """Draw the reference the way the picture lies, for a before and after slider."""
    picture = case.image.rgb()
    factor = min(1.0, _VIEW_PX / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor)))
    to_view = np.diag([size[1] / picture.shape[1], size[0] / picture.shape[0], 1.0])
    drawn = warp.warp(rgb, to_view @ np.linalg.inv(ground.to_grid), size, fill=0.0)
    shown = warp.resize(picture.astype(np.float32) / 255.0, size)
    claimed = _claimed(case)
    later = claimed is not None and reference.date is not None and claimed.before(reference.date)
    roles = ("after", "before") if later else ("before", "after")
    return (
        Picture(
            name=f"change-{position + 1}-{roles[0]}.jpg",
            label=f"reference {_placed.name(reference)}",
            role=roles[0],
            data=jpeg(drawn),
        ),
        Picture(
            name=f"change-{position + 1}-{roles[1]}.jpg",
            label="the posted picture",
            role=roles[1],
            data=jpeg(shown),
        ),
    )


def _answer(
    statement: Unchanged | Changed, found: list[tuple[Reference, change.ChangeResult]]
) -> Finding:
    if not found:
        words = "No dated reference shows the ground of the picture."
    else:
        start = statement.window.earliest
        reference, result = min(
            found,
            key=lambda pair: abs((pair[0].date.earliest - start).total_seconds()),  # type: ignore[union-attr]
        )
        words = (
            f"Between {_placed.name(reference)} and the picture, {_words(result)}. "
            "Whether that is the change the statement means, and whether the picture is of the "
            "claimed time, this comparison does not decide."
        )
    return change_bitemporal.finding(
        statement=statement.id,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        limits=_LIMITS,
        power=_power(found[0][1]) if found else None,
        would_change=("dated reference imagery from just before and just after the window",),
    )
