"""Does the picture show the claimed place?"""

from collections.abc import Iterable, Iterator, Sequence

from imgcheck import geo
from imgcheck.checks import _claimed, _placed, needs
from imgcheck.checks.check import check
from imgcheck.geo import structural
from imgcheck.geo.placement import FALSE_PLACINGS, UNRELATED_PAIRS
from imgcheck.model import (
    Case,
    Citation,
    Evidence,
    FalseAlarm,
    Finding,
    Footprint,
    Measure,
    Outcome,
    Place,
    Reference,
)
from imgcheck.quantity import binomial_interval

_BASIS = "placement on reference imagery"

_FALSE_PLACING = {
    "fast": FalseAlarm(
        rate=FALSE_PLACINGS / UNRELATED_PAIRS,
        interval=binomial_interval(FALSE_PLACINGS, UNRELATED_PAIRS),
        calibration="docs/benchmarks.md, geo.place: unrelated pairs that were placed",
    ),
    "structural": FalseAlarm(
        rate=structural.FALSE_PLACINGS / structural.UNRELATED_PAIRS,
        interval=binomial_interval(structural.FALSE_PLACINGS, structural.UNRELATED_PAIRS),
        calibration="docs/benchmarks.md, structural: pictures of what the reference does not show",
    ),
}

_WAYS = {
    "fast": "by details that both show",
    "structural": "by the lie of its edges, as another date of the same ground",
}

_LIMITS = (
    "The place is only as right as the georeference of the reference imagery.",
    "A placed picture shows this ground; when it was taken is another question.",
)


@check(
    "geo.place",
    question="Does the picture show the claimed place?",
    asks="mislocated",
    answers=("place",),
    needs=(needs.pixels, needs.reference),
)
def geo_place(case: Case) -> Iterable[Finding]:
    """Lay the picture on each reference; compare the best footprint with the claim."""
    found = _placed.best(case)
    claimed = [s for s in case.claim.of_kind("place") if isinstance(s, Place)]
    if found is None:
        yield from _not_placed(case, claimed)
        return
    reference, placement = found
    assert placement.footprint_lonlat is not None
    yield geo_place.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_where(reference, placement),
        basis=_BASIS,
        measures=tuple(_measures(placement)),
        evidence=Evidence(
            citations=(_citation(reference),),
            footprints=(
                Footprint(label="footprint of the picture", ring=placement.footprint_lonlat),
            ),
        ),
        limits=_LIMITS,
    )
    for statement in claimed:
        yield _answer(statement, reference, placement)


def _not_placed(case: Case, claimed: list[Place]) -> Iterator[Finding]:
    tried = [found for r in case.references if (found := _placed.placement(case, r)) is not None]
    reasons = sorted({found.reason for found in tried if found.reason})
    words = (
        f"The picture could not be placed on the reference imagery ({'; '.join(reasons)}); "
        "that says nothing for or against the claimed place."
    )
    concerned: Sequence[str | None] = [s.id for s in claimed] or [None]
    for statement in concerned:
        yield geo_place.finding(
            statement=statement,
            outcome=Outcome.INCONCLUSIVE,
            summary=words,
            basis=_BASIS,
            limits=(
                "Pictures of another season or sensor than the reference are often not placed.",
            ),
            would_change=("reference imagery of a nearer date, season or resolution",),
        )


def _where(reference: Reference, placement: geo.Placement) -> str:
    assert placement.centre_lonlat is not None
    lon, lat = placement.centre_lonlat
    return (
        f"The picture was placed on {_placed.name(reference)} {_WAYS[placement.path]}: "
        f"its centre is {lat:.5f}, {lon:.5f} "
        f"(latitude, longitude), its pixels are {placement.gsd_m:.3g} m, north is "
        f"{placement.north_deg:.1f} degrees clockwise from up."
    )


def _measures(placement: geo.Placement) -> Iterator[Measure]:
    yield Measure(name="ground sample distance", value=placement.gsd_m, unit="m")
    yield Measure(name="direction of north", value=placement.north_deg, unit="deg")
    yield Measure(name="agreeing points", value=placement.inliers)
    yield Measure(name="misfit", value=placement.rms_px, unit="reference px")
    yield Measure(name="log10 number of false alarms", value=placement.log10_nfa)
    if placement.ellipse_m is not None:
        major, minor, angle = placement.ellipse_m
        yield Measure(name="95 % error ellipse, long half-axis", value=major, unit="m")
        yield Measure(name="95 % error ellipse, short half-axis", value=minor, unit="m")
        yield Measure(name="95 % error ellipse, direction", value=angle, unit="deg")


def _citation(reference: Reference) -> Citation:
    return Citation(input=reference.id, label=_placed.name(reference))


def _answer(statement: Place, reference: Reference, placement: geo.Placement) -> Finding:
    assert placement.footprint_lonlat is not None
    compared = _claimed.compare(statement, placement.footprint_lonlat)
    open_point = statement.lon is not None and statement.radius_km is None
    agrees = compared.inside if statement.relation == "inside" else compared.overlap_share > 0
    wishes: tuple[str, ...] = ()
    if agrees:
        outcome = Outcome.SUPPORTS
        words = f"{compared.overlap_share:.0%} of the ground it shows lies in the claimed place"
        if open_point:
            words = "the ground it shows holds the claimed point"
    elif compared.overlap_share > 0:
        outcome = Outcome.INCONCLUSIVE
        words = f"only {compared.overlap_share:.0%} of the ground it shows lies inside the place"
    elif open_point:
        outcome = Outcome.INCONCLUSIVE
        words = (
            f"the claimed point lies {compared.distance_km:.2g} km away, and the claim does not "
            "say how near is near"
        )
        wishes = ("a radius_km for the claimed point",)
    else:
        outcome = Outcome.CONTRADICTS
        words = f"the ground it shows lies {compared.distance_km:.2g} km outside the claimed place"
    return geo_place.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"Placed on {_placed.name(reference)}, {words}.",
        basis=_BASIS,
        measures=(
            Measure(name="share inside the claimed place", value=compared.overlap_share),
            Measure(name="distance to the claimed place", value=compared.distance_km, unit="km"),
            Measure(name="log10 number of false alarms", value=placement.log10_nfa),
        ),
        false_alarm=_FALSE_PLACING[placement.path],
        evidence=Evidence(citations=(_citation(reference),)),
        innocent=("the claim may name the nearest town rather than the spot shown",),
        limits=_LIMITS,
        would_change=wishes,
    )
