"""What differs between the picture and dated reference imagery?"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from imgcheck import change
from imgcheck.case import Case, Reference, comparison
from imgcheck.case.ground import Ground
from imgcheck.change import causes
from imgcheck.checks import _chips, _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.imaging import warp
from imgcheck.imaging.reduced import jpeg
from imgcheck.model import (
    Acquired,
    Changed,
    Citation,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Picture,
    Region,
    Unchanged,
    Window,
)
from imgcheck.model.finding import DECISIVE
from imgcheck.quantity import Interval, distance

_BASIS = "comparison with reference imagery"

# Kind of comparison, and pixels in metres, for which false objects were counted on unchanged
# ground: one light and season, single buildings. Of larger pixels one place alone was left.
_MEASURED, _LARGEST_PIXEL_M = "tone", 5.0

# What an object must show to decide. docs/benchmarks/change.md, verdicts.
_LARGEST_P, _LARGEST_Q, _LEAST_CONTRAST = 0.001, 0.01, 0.1
# Reasons for which a change may be left out that a person would see.
_HIDING = (causes.CLOUD, causes.SHADOW, causes.SEASON, causes.CHANCE)

# Larger than any vehicle: what comes and goes by itself decides nothing.
_VEHICLE_M2 = 60.0
_LASTING = ("brighter", "darker", "recoloured", "appeared", "vanished")

# The size that is named, over the one found 9 times in 10; the least share of the ground that must
# have been compared; and the largest share of it that may have been left out for such a reason.
_MARGIN, _LEAST_SEEN, _MOST_LEFT_OUT = 1.5, 0.5, 0.002

# More would take minutes; those nearest to the claimed times are compared.
_MOST_REFERENCES = 4

# An image represents an end of a claimed interval if it is not farther from it than this share of
# the interval, or than three days. A convention: between image and end nothing is tested.
_NEAR_SHARE, _NEAR = 0.2, timedelta(days=3)
_MOST_SHOWN = 40
_VIEW_PX = 1200

_LIMITS = (
    "Shadows at another hour, seasons, ploughing and water also cause differences; a person must "
    "judge what each region is.",
    "Ground under arrows, boxes and captions was not compared.",
    "A difference from a reference does not show who or what changed the ground.",
)


@check(
    "change.since-reference",
    question="What differs between the picture and dated reference imagery?",
    asks="misrepresented",
    analysis="content",
    stage="models",
    version="4",
    answers=("unchanged", "changed"),
    needs=(needs.pixels, needs.dated_reference),
)
def change_since_reference(case: Case) -> Iterable[Finding]:
    """Compare the picture with each dated reference on their common ground."""
    ground = case.ground
    if ground is None:
        yield from _places.unplaced(change_since_reference, case)
        return
    found: list[tuple[Reference, change.ChangeResult]] = []
    chips: list[tuple[Picture, ...]] = []
    statements: tuple[Unchanged | Changed, ...] = case.claim.of_type(Unchanged, Changed)
    for position, reference in enumerate(_nearest(case)):
        layer = case.layer(reference)
        if layer is None:
            continue
        rgb, valid = layer
        result = change.detect(
            rgb, ground.picture, gsd=ground.grid.gsd_m, valid=valid & ground.valid
        )
        found.append((reference, result))
        slider, parts = _shown(case, ground, reference, rgb, result, position)
        chips.append(parts)
        shown = slider if statements else (*slider, *parts)
        yield _observation(ground, reference, result, shown)
    for statement in statements:
        ends = both_ends(statement.window, [reference.date for reference, _ in found])
        if ends is None:
            yield _answer(statement, found, _claimed(case), chips)
            chips = []  # shown once
        else:
            one, two = (found[k][0] for k in ends)
            result = _between(case, ground, one, two)
            yield _decided(statement, one, two, result, ground.grid.gsd_m)


def _between(case: Case, ground: Ground, one: Reference, two: Reference) -> change.ChangeResult:
    """Compare two references on the ground that the picture shows."""
    layers = comparison.layers(one.image, two.image, ground.grid)
    shown = warp.coverage((case.image.height, case.image.width), ground.to_grid, ground.grid.shape)
    return change.detect(*layers, gsd=ground.grid.gsd_m, valid=shown)


def _nearest(case: Case) -> list[Reference]:
    """Return the dated references nearest to the claimed times, in the order of their dates."""
    dated = {r.id: r.date for r in case.references if r.date is not None}
    times = []
    statements: tuple[Acquired | Changed | Unchanged, ...]
    statements = case.claim.of_type(Acquired, Changed, Unchanged)
    for statement in statements:
        window = statement.window
        times += (
            [_middle(window)] if isinstance(statement, Acquired) else [window.start, window.end]
        )
    away = [{one: abs(_middle(date) - _utc(t)) for one, date in dated.items()} for t in times]
    ranks = [sorted(each, key=each.__getitem__) for each in away]
    order = [one for rank in zip(*ranks, strict=True) for one in rank] or list(dated)
    kept = list(dict.fromkeys(order))[:_MOST_REFERENCES]
    return [r for r in case.references if r.id in kept]


def _utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is compared by the calendar."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _middle(window: Window) -> datetime:
    return _utc(window.start + (window.end - window.start) / 2)


def _claimed(case: Case) -> Window | None:
    return next((statement.window for statement in case.claim.of_type(Acquired)), None)


def _observation(
    ground: Ground,
    reference: Reference,
    result: change.ChangeResult,
    pictures: tuple[Picture, ...],
) -> Finding:
    shown = _largest(result)
    return change_since_reference.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{_words(_places.name(reference), result)}.",
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
            citations=(Citation(input=reference.id, label=_places.name(reference)),),
            pictures=pictures,
        ),
        limits=_LIMITS,
        power=_power(result),
    )


def _words(name: str, result: change.ChangeResult, *, answers: bool = False) -> str:
    """State what differs; as the answer to a statement, also what that leaves open."""
    if result.incomparable:
        return f"The picture and {name} could not be compared: {result.incomparable}"
    # A sentence of its own: the first one carries the answer.
    left = "; ".join(
        f"{one.count} {'place' if one.count == 1 else 'places'} {one.reason}"
        for one in result.suppressed
    )
    left = left and f". Excluded: {left}"
    if not result.regions:
        return f"No difference was found between {name} and the picture{_limit(result)}{left}"
    total = sum(region.area_m2 for region in result.regions)
    places = "place differs" if len(result.regions) == 1 else "places differ"
    blind = "" if result.smallest_m is not None else "; no other change would be found reliably"
    if answers:
        blind += "; what made them differ was not tested"
    return (
        f"Between {name} and the picture {len(result.regions)} {places}, {total:,.0f} m² in all"
        f"{blind}{left}"
    )


def _limit(result: change.ChangeResult) -> str:
    """Name the change that would have been found; a pair without any is not comparable."""
    return (
        f"; a square of {result.smallest_m:.2g} m with a contrast of 0.15 would have been found 9 "
        "times in 10"
    )


def _label(region: change.Region) -> str:
    return (
        f"{region.kind}, {region.area_m2:.0f} ± {region.area_error_m2:.0f} m², "
        f"q = {max(region.q_value, 1e-4):.2g}"
    )


def _measures(result: change.ChangeResult, ground: Ground) -> Iterator[Measure]:
    gsd = ground.grid.gsd_m
    compared = not result.incomparable
    why = (
        result.incomparable or "no difference was found; smaller or fainter changes would be missed"
    )
    yield Measure(
        name="places that differ", value=len(result.regions) if compared else None, reason=why
    )
    error = float(np.sqrt(sum(r.area_error_m2**2 for r in result.regions)))
    area = sum(r.area_m2 for r in result.regions)
    yield Measure(
        name="total area of the places that differ",
        value=round(area, 2) if result.regions else None,
        unit="m²",
        interval=Interval(low=max(0.0, area - 1.96 * error), high=area + 1.96 * error)
        if result.regions
        else None,
        reason=why,
    )
    share = float(result.mask[ground.valid].mean()) if ground.valid.any() else 0.0
    yield Measure(
        name="share of the compared ground that differs",
        value=round(share, 5) if result.regions else None,
        reason=why,
    )
    yield Measure(name="correlation of the unchanged ground", value=round(result.agreement, 4))
    dx, dy = result.shift_px
    yield Measure(name="shift moved back", value=round(float(np.hypot(dx, dy)) * gsd, 3), unit="m")
    yield Measure(
        name="smallest object found 9 times in 10",
        value=None if result.smallest_m is None else round(result.smallest_m, 2),
        unit="m",
        reason="on this pair of images, no size would be found 9 times in 10",
    )
    for suppressed in result.suppressed:
        yield Measure(name="left out", value=f"{suppressed.count}: {suppressed.reason}")


def _power(result: change.ChangeResult) -> DetectionPower:
    words = "On this pair of images, no object of any size would be found 9 times in 10."
    if result.smallest_m is not None:
        words = (
            f"A square of {distance(result.smallest_m, 2)} with a contrast of 0.15 would be found "
            "9 times in 10; smaller or fainter changes would be missed."
        )
    return DetectionPower(sentence=words)


def _largest(result: change.ChangeResult) -> list[change.Region]:
    return sorted(result.regions, key=lambda r: -r.area_m2)[:_MOST_SHOWN]


def _shown(
    case: Case,
    ground: Ground,
    reference: Reference,
    rgb: NDArray[np.float32],
    result: change.ChangeResult,
    position: int,
) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """Resample the reference to the picture, for a slider; and parts of both that differ most."""
    picture = case.image.rgb()
    factor = min(1.0, _VIEW_PX / max(picture.shape[:2]))
    size = (max(1, round(picture.shape[0] * factor)), max(1, round(picture.shape[1] * factor)))
    to_view = np.diag([size[1] / picture.shape[1], size[0] / picture.shape[0], 1.0])
    drawn = np.nan_to_num(warp.warp(rgb, to_view @ np.linalg.inv(ground.to_grid), size))
    shown = warp.resize(picture.astype(np.float32) / 255.0, size)
    claimed = _claimed(case)
    later = claimed is not None and reference.date is not None and claimed.before(reference.date)
    roles = ("after", "before") if later else ("before", "after")
    labels = (f"reference {_places.name(reference)}", "the posted picture")
    pairs = zip(roles, labels, (drawn, shown), strict=True)
    slider = tuple(
        Picture(name=f"change-{position + 1}-{r}.jpg", label=label, role=r, data=jpeg(pixels))
        for r, label, pixels in pairs
    )
    outlines = [
        np.asarray(ground.to_picture(one.polygon), float) * np.diag(to_view)[:2]
        for one in _largest(result)
    ]
    if not outlines:
        return slider, ()
    above, below = (shown, drawn) if later else (drawn, shown)
    words = f"the largest places that differ: {labels[later]} above, {labels[not later]} below"
    parts = _chips.sheet(above, below, outlines)
    return slider, (
        Picture(name=f"chips-{position + 1}.jpg", label=words, role="chips", data=parts),
    )


def _answer(
    statement: Unchanged | Changed,
    found: Sequence[tuple[Reference, change.ChangeResult]],
    claimed: Window | None,
    chips: Sequence[tuple[Picture, ...]] = (),
) -> Finding:
    outcome, words, power = Outcome.NOT_APPLICABLE, "", None
    pictures: tuple[Picture, ...] = ()
    dates = [reference.date for reference, _ in found if reference.date is not None]
    bearing, needed = bear(statement.window, dates, claimed)
    if not found:
        words = "no dated reference shows the ground of the picture"
    elif needed:
        words = (
            f"the statement is about {statement.window.words}, and no dated images are close to "
            "both ends of that interval"
        )
    else:
        outcome = Outcome.INCONCLUSIVE
        compared = [(_places.name(found[i][0]), found[i][1]) for i in bearing]
        power = _power(compared[0][1])
        pictures = chips[bearing[0]] if chips else ()
        words = ". ".join(_words(name, result, answers=True) for name, result in compared)
        if not all(result.incomparable for _, result in compared):
            words += (
                ". This comparison does not decide whether this is the claimed change, or "
                "whether the picture was taken at the claimed time"
            )
        words += "."
    return change_since_reference.finding(
        statement=statement.id,
        outcome=outcome,
        summary=words,
        basis=_BASIS,
        evidence=Evidence(pictures=pictures),
        limits=_LIMITS,
        power=power,
        would_change=(
            needed or "dated reference imagery from just before and just after the window",
        ),
    )


def both_ends(window: Window, dates: Sequence[Window | None]) -> tuple[int, int] | None:
    """Return the positions of the two images nearest to the ends of an interval, if both are near.

    The image at the start must be the older one.
    """
    near = max(_NEAR_SHARE * (window.end - window.start), _NEAR)
    chosen = []
    for end in (_utc(window.start), _utc(window.end)):
        away = [(abs(_middle(date) - end), k) for k, date in enumerate(dates) if date is not None]
        least = min(away, default=None)
        if least is None or least[0] > near:
            return None
        chosen.append(least[1])
    one, two = dates[chosen[0]], dates[chosen[1]]
    assert one is not None and two is not None
    return (chosen[0], chosen[1]) if one.before(two) else None


def decide(
    statement: Unchanged | Changed, result: change.ChangeResult, gsd_m: float
) -> tuple[Outcome, str]:
    """Decide by two images of both ends of an interval; also return why.

    "Nothing changed" is contradicted, and "something changed" supported, by an object that noise,
    registration and light cause too rarely. "Nothing changed" is supported, down to a size, where
    none is found, nothing was left out, and the power is known. "Something changed" is never
    contradicted: it has no size.
    """
    if result.incomparable:
        return Outcome.INCONCLUSIVE, f"they could not be compared: {result.incomparable}"
    if not result.registered:
        return Outcome.INCONCLUSIVE, "their alignment could not be verified on the images"
    if result.detector != _MEASURED:
        return (
            Outcome.INCONCLUSIVE,
            f"{len(result.regions)} places differ; they were taken in another light or season, "
            "which causes differences as well",
        )
    if gsd_m >= _LARGEST_PIXEL_M:
        return (
            Outcome.INCONCLUSIVE,
            f"{len(result.regions)} places differ; false ones were counted for pixels below "
            f"{_LARGEST_PIXEL_M:.0f} m only, and these have {distance(gsd_m, 2)}",
        )
    sure = [region for region in result.regions if _is_sure(region)]
    if sure:
        total = sum(region.area_m2 for region in sure)
        places = "place differs" if len(sure) == 1 else "places differ"
        words = f"{len(sure)} {places} beyond noise and registration, {total:,.0f} m² in all"
        contradicts = isinstance(statement, Unchanged)
        return (Outcome.CONTRADICTS if contradicts else Outcome.SUPPORTS), words
    if result.regions:
        return (
            Outcome.INCONCLUSIVE,
            f"{len(result.regions)} places differ, but none is clear, larger than a vehicle, "
            "and other than vegetation or water",
        )
    if result.smallest_m is None:
        return Outcome.INCONCLUSIVE, "no place differs, but no change would be found reliably"
    size = distance(_MARGIN * result.smallest_m, 2)
    words = f"no place of {size} or more with a contrast of 0.15 differs"
    if isinstance(statement, Changed):
        return Outcome.INCONCLUSIVE, f"{words}; a smaller or fainter change is possible"
    if result.widespread:
        return (
            Outcome.INCONCLUSIVE,
            f"{words}, but differences are so widespread that a change of a twentieth of the "
            "ground or more may have been taken as usual",
        )
    hidden = [one for one in result.suppressed if one.reason in _HIDING]
    if sum(one.share for one in hidden) > _MOST_LEFT_OUT:
        return Outcome.INCONCLUSIVE, f"{words}, but {_left_out(hidden)}"
    if result.valid_share < _LEAST_SEEN:
        return (
            Outcome.INCONCLUSIVE,
            f"{words}, but only {result.valid_share:.0%} of the ground could be compared",
        )
    return Outcome.SUPPORTS, words


def _is_sure(region: change.Region) -> bool:
    """Return whether an object is no chance, no vehicle, and no vegetation or water."""
    return (
        region.p_value <= _LARGEST_P
        and region.q_value <= _LARGEST_Q
        and abs(region.contrast) >= _LEAST_CONTRAST
        and region.kind in _LASTING
        and region.area_m2 >= _VEHICLE_M2
    )


def _left_out(hidden: Sequence[change.Suppressed]) -> str:
    return "; ".join(f"{one.count} were left out ({one.reason})" for one in hidden)


def _decided(
    statement: Unchanged | Changed,
    one: Reference,
    two: Reference,
    result: change.ChangeResult,
    gsd_m: float,
) -> Finding:
    outcome, words = decide(statement, result, gsd_m)
    names = f"{_places.name(one)} and {_places.name(two)}"
    rate = None
    if outcome in DECISIVE:
        found = bool(result.regions)
        rate = error_rate("change.since-reference", "changed" if found else "unchanged")
    return change_since_reference.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"Between {names}: {words}.",
        basis=_BASIS,
        evidence=Evidence(
            citations=tuple(
                Citation(input=each.id, label=_places.name(each)) for each in (one, two)
            )
        ),
        limits=_LIMITS,
        power=_power(result),
        error_rate=rate,
    )


def bear(window: Window, dates: Sequence[Window], claimed: Window | None) -> tuple[list[int], str]:
    """Choose the references whose comparison with the picture bears on an interval.

    Parameters
    ----------
    window : Window
        The interval over which something changed, or did not.
    dates : sequence of Window
        Dates of the references that were compared with the picture.
    claimed : Window or None
        Claimed time of the picture.

    Returns
    -------
    chosen : list of int
        Positions in ``dates``.
    needed : str
        What to give if the images do not represent both ends of the interval.
    """
    near = max(_NEAR_SHARE * (window.end - window.start), _NEAR)
    first, last = _utc(window.start), _utc(window.end)
    at_start = [i for i, date in enumerate(dates) if abs(_middle(date) - first) <= near]
    at_end = [i for i, date in enumerate(dates) if abs(_middle(date) - last) <= near]
    own = () if claimed is None else (claimed,)
    started = [one for one in own if abs(_middle(one) - first) <= near]
    ended = [one for one in own if abs(_middle(one) - last) <= near]
    chosen = [i for i in at_start for one in ended if dates[i].before(one)]
    if not chosen:
        chosen = [i for i in at_end for one in started if one.before(dates[i])]
    if not chosen and any(dates[i].before(dates[j]) for i in at_start for j in at_end):
        chosen = sorted({*at_start, *at_end})
    if chosen:
        return chosen, ""
    ends = [(first, at_start or started), (last, at_end or ended)]
    dates_needed = [f"{end.date()}" for end, there in ends if not there] or [
        f"{first.date()}, other than the picture itself"
    ]
    return [], f"a reference from within {near.days} days of {' and one of '.join(dates_needed)}"
