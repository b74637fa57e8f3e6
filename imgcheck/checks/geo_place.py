"""Does the picture show the claimed place?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from imgcheck import geo
from imgcheck.case import Case, Reference
from imgcheck.checks import _claimed, _placed, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.imaging.relation import Relation
from imgcheck.model import (
    Citation,
    ErrorRate,
    Evidence,
    Finding,
    Footprint,
    Measure,
    Outcome,
    Place,
)
from imgcheck.quantity import distance, significant

_BASIS = "placement on reference imagery"

_MOST_REASONS = 4

_WAYS = {
    "fast": "by matching local features",
    "structural": "by matching the directions of edges, which also agree between dates",
}

_KINDS = {
    "same": "It is that image itself, at most saved again",
    "derived": "It was made from that very image",
    "same-capture": "It looks like a picture of the same pass as that image",
    "same-place": "It was taken at another time than that image",
    "undetermined": "Whether it was made from that image or taken at another time is not decided",
}

_MIRRORED = " The picture is a mirror image of that ground: left and right are exchanged."

# Tilts below this are within the error of the fit on flat ground.
_TILT_DEG = 5.0

_LIMITS = (
    "The place is relative to the reference. The error of the reference's own georeference is not "
    "known and not included.",
    "A placed picture shows this ground; when it was taken is another question.",
)


@check(
    "geo.place",
    question="Does the picture show the claimed place?",
    asks="mislocated",
    version="2",
    answers=("place",),
    needs=(needs.pixels, needs.reference),
)
def geo_place(case: Case) -> Iterable[Finding]:
    """Lay the picture on each reference; compare the best footprint with the claim."""
    found = case.placed
    claimed = [s for s in case.claim.of_kind("place") if isinstance(s, Place)]
    if found is None:
        yield from _not_placed(case, claimed)
        return
    reference, placement = found
    _, choice = case.placing
    assert placement.footprint_lonlat is not None
    yield geo_place.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_where(reference, placement, choice, case.relation),
        basis=_BASIS,
        measures=(*_measures(placement, choice), *_kind_measures(case.relation)),
        evidence=Evidence(
            citations=(_citation(reference),),
            footprints=(
                Footprint(label="footprint of the picture", ring=placement.footprint_lonlat),
            ),
        ),
        limits=_LIMITS,
    )
    for statement in claimed:
        yield _answer(statement, reference, placement, choice)


def _not_placed(case: Case, claimed: list[Place]) -> Iterator[Finding]:
    references, choice = case.placing
    words = (
        f"The picture could not be placed on {_placed.tried(case)} "
        f"({_why_not(references, choice)}). No match is not evidence for or against the claimed "
        "place."
    )
    limits = ["Pictures of another season or sensor than the reference are often not placed."]
    wishes = [_placed.NEARER]
    stated = case.stated_gsd
    if stated is not None:
        least, most = (stated[0] / _placed.GSD_BELIEVED, stated[0] * _placed.GSD_BELIEVED)
        limits.append(
            f"Edges were compared for pixels of {distance(least, 2)} to {distance(most, 2)} only, "
            f"as {stated[1]} says."
        )
        wishes.append("a right size of the picture's pixels")
    concerned: Sequence[str | None] = [s.id for s in claimed] or [None]
    for statement in concerned:
        yield geo_place.finding(
            statement=statement,
            outcome=Outcome.INCONCLUSIVE,
            summary=words,
            basis=_BASIS,
            evidence=_placed.tried_evidence(case),
            limits=tuple(limits),
            would_change=tuple(wishes),
        )


def _why_not(references: Sequence[Reference], choice: geo.Choice) -> str:
    if choice.best is not None and choice.disagreeing:
        names = " and ".join(
            _placed.file_and_date(references[i]) for i in (choice.best, choice.disagreeing[0])
        )
        return f"{names} place it on different ground: at least one of them is wrong"
    reasons = sorted({reason for reason in choice.reasons if reason})
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    return "; ".join(reasons[:_MOST_REASONS]) + more or "no reference has a place of its own"


def _where(
    reference: Reference,
    placement: geo.Placement,
    choice: geo.Choice,
    agreement: Relation | None,
) -> str:
    assert placement.centre_lonlat is not None
    lon, lat = placement.centre_lonlat
    within = ""
    if placement.ellipse_m is not None:
        within = (
            f", to within {distance(placement.ellipse_m[0], 2)} (95 %) relative to the reference, "
            "whose own error is not known"
        )
    seen = f"{_KINDS[agreement.kind]} ({agreement.reason}). " if agreement is not None else ""
    return (
        f"The picture was placed on {_placed.file_and_date(reference)} {_WAYS[placement.path]}. "
        f"Its centre is {lat:.5f}, {lon:.5f} (latitude, longitude){within}. "
        f"A pixel is {distance(placement.gsd_m or 0.0)} on the ground. North is "
        f"{placement.north_deg:.1f} degrees clockwise from up{_tilt(placement)}."
        f"{_MIRRORED if placement.mirrored else ''} "
        f"{seen}{_chance(placement, choice)}"
    )


def _tilt(placement: geo.Placement) -> str:
    if placement.tilt_deg is None or placement.tilt_deg < _TILT_DEG:
        return ""
    return f", and the view is tilted by about {placement.tilt_deg:.0f} degrees"


def _misplaced(placement: geo.Placement, choice: geo.Choice) -> ErrorRate:
    """Give the measured rate for as many references as were searched."""
    one = error_rate("geo.place", f"placed elsewhere, {placement.path} path")
    if choice.searched == 1:
        return one
    words = f"{one.what}, counted in groups of {choice.searched} as {choice.searched} references"
    return replace(one, trials=one.trials // choice.searched, what=f"{words} were searched")


def _chance(placement: geo.Placement, choice: geo.Choice) -> str:
    one = error_rate("geo.place", f"placed elsewhere, {placement.path} path")
    searched = f" for {choice.searched} references searched" if choice.searched > 1 else ""
    return (
        f"In testing, {one.errors or 'none'} of {one.trials:,} pictures of other places matched a "
        f"reference this well, so the probability of a false match is at most "
        f"{significant(100 * (choice.false_match_probability or 0.0), 1)} %{searched}."
    )


def _measures(placement: geo.Placement, choice: geo.Choice) -> Iterator[Measure]:
    yield Measure(name="path", value=placement.path)
    yield Measure(name="ground sample distance", value=placement.gsd_m, unit="m")
    yield Measure(name="direction of north", value=placement.north_deg, unit="deg")
    yield Measure(name="tilt of the view", value=placement.tilt_deg, unit="deg")
    yield Measure(name="agreeing points", value=placement.inliers)
    yield Measure(name="misfit", value=placement.rms_px, unit="reference px")
    yield Measure(name="log10 number of false alarms", value=placement.log10_nfa)
    yield Measure(name="probability of a false match", value=choice.false_match_probability)
    if placement.ellipse_m is not None:
        major, minor, angle = placement.ellipse_m
        yield Measure(name="95 % error ellipse, long half-axis", value=major, unit="m")
        yield Measure(name="95 % error ellipse, short half-axis", value=minor, unit="m")
        yield Measure(name="95 % error ellipse, direction", value=angle, unit="deg")


def _kind_measures(agreement: Relation | None) -> Iterator[Measure]:
    if agreement is None:
        return
    yield Measure(name="kind of agreement", value=agreement.kind)
    yield Measure(name="blocks compared with the reference", value=agreement.blocks)
    if agreement.median is not None:
        yield Measure(name="median agreement of the blocks", value=round(agreement.median, 3))


def _citation(reference: Reference) -> Citation:
    return Citation(input=reference.id, label=_placed.name(reference))


def _answer(
    statement: Place, reference: Reference, placement: geo.Placement, choice: geo.Choice
) -> Finding:
    ring = placement.footprint_lonlat
    assert ring is not None
    compared = _claimed.compare(statement, ring)
    error_km = geo.border_error_m(placement) / 1000.0
    open_point = statement.lon is not None and statement.radius_km is None
    away, error = distance(1000 * compared.distance_km, 2), distance(1000 * error_km, 2)
    wishes: tuple[str, ...] = ()
    if _holds(statement, ring, error_km):
        outcome = Outcome.SUPPORTS
        words = f"{compared.overlap_share:.0%} of the ground it shows lies in the claimed place"
        if open_point:
            words = "the ground it shows holds the claimed point"
    elif compared.overlap_share > 0:
        outcome = Outcome.INCONCLUSIVE
        words = (
            "the border of the ground it shows is nearer to the claimed place than the error of "
            f"the placing ({error})"
        )
        if statement.relation == "inside" and not compared.inside:
            words = (
                f"only {compared.overlap_share:.0%} of the ground it shows lies inside the place"
            )
    elif _claimed.exchanged(statement, ring):
        outcome = Outcome.INCONCLUSIVE
        words = f"the ground it shows lies {away} from the claimed place. {_claimed.EXCHANGED}"
        wishes = ("the claimed place with latitude and longitude in the right order",)
    elif open_point:
        outcome = Outcome.INCONCLUSIVE
        words = f"the claimed point lies {away} away, and the claim does not say how near is near"
        wishes = ("a radius_km for the claimed point",)
    elif compared.distance_km <= error_km:
        outcome = Outcome.INCONCLUSIVE
        words = (
            f"the ground it shows ends {away} from the claimed place, less than the error of the "
            f"placing ({error})"
        )
    else:
        outcome = Outcome.CONTRADICTS
        words = f"the ground it shows lies {away} outside the claimed place"
    return geo_place.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"The picture was placed on {_placed.file_and_date(reference)}: "
        f"{words.rstrip('.')}.{_MIRRORED if placement.mirrored else ''}",
        basis=_BASIS,
        measures=(
            Measure(name="share inside the claimed place", value=compared.overlap_share),
            Measure(name="distance to the claimed place", value=compared.distance_km, unit="km"),
            Measure(name="95 % error of the picture's border", value=error_km, unit="km"),
            Measure(name="log10 number of false alarms", value=placement.log10_nfa),
        ),
        error_rate=_misplaced(placement, choice),
        evidence=Evidence(citations=(_citation(reference),)),
        innocent=("the claim may name the nearest town rather than the spot shown",),
        limits=_LIMITS,
        would_change=wishes,
    )


def _holds(statement: Place, ring: _claimed.Ring, error_km: float) -> bool:
    """Say whether the claim holds wherever the border lies within the error of the placing."""
    if statement.relation == "inside":
        return _claimed.compare(statement, ring, margin_km=error_km).inside
    return _claimed.compare(statement, ring, margin_km=-error_km).overlap_share > 0
