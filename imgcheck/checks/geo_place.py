"""Does the picture show the claimed place?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from imgcheck import geo
from imgcheck.case import Case, NotLocated, Reference, overview
from imgcheck.checks import _places, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.imaging.reduced import jpeg
from imgcheck.imaging.relation import Relation
from imgcheck.model import (
    Citation,
    ErrorRate,
    Evidence,
    Finding,
    Footprint,
    Measure,
    Outcome,
    Picture,
    Place,
)
from imgcheck.quantity import distance, significant

_BASIS = "placement on reference imagery"

_WAYS = {
    "fast": "by matching local features",
    "structural": "by matching the directions of edges, which also works between different dates",
}

_KINDS = {
    "same": "It has the same pixels as that image",
    "derived": "It was made from that image",
    "same-capture": "It appears to be from the same pass as that image",
    "same-place": "It was taken at another time than that image",
    "undetermined": "Whether it was made from that image or taken at another time could not be "
    "determined",
}

_MIRRORED = " The picture is a mirror image of the place: left and right are exchanged."

# Tilts below this are within the error of the fit on flat ground.
_TILT_DEG = 5.0

_LIMITS = (
    "The place is relative to the reference. The error of the reference's own georeference is not "
    "known and not included.",
    "The place of a picture does not show when it was taken.",
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
    """Place the picture on the references; compare the footprint with the claim."""
    found = case.placing
    claimed = [s for s in case.claim.of_kind("place") if isinstance(s, Place)]
    if isinstance(found, NotLocated):
        yield from _not_placed(case, found, claimed)
        return
    reference, placed = found.reference, found.placement
    yield geo_place.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_where(reference, placed, found.relation),
        basis=_BASIS,
        measures=(*_measures(placed), *_kind_measures(found.relation)),
        evidence=Evidence(
            citations=(_citation(reference),),
            footprints=(Footprint(label="footprint of the picture", ring=placed.footprint_lonlat),),
            pictures=(_map(case, reference, placed),),
        ),
        limits=_LIMITS,
    )
    for statement in claimed:
        yield _answer(statement, reference, placed)


def _map(case: Case, reference: Reference, placed: geo.Placed) -> Picture:
    """Draw the outline of the picture on the reference around it."""
    shape = (case.image.height, case.image.width)
    drawn, scale = overview.outlined(reference.image, placed.registration.matrix, shape)
    wide = distance(drawn.shape[1] * placed.gsd_m / scale, 2)
    return Picture(
        name="place-map.jpg",
        label=f"Where the picture lies on the reference {_places.name(reference)}; the map is "
        f"{wide} wide",
        role="map",
        data=jpeg(drawn),
    )


def _not_placed(case: Case, found: NotLocated, claimed: list[Place]) -> Iterator[Finding]:
    words = (
        f"The picture could not be placed on {_places.tried(case)} ({found.reason}). No match is "
        "not evidence for or against the claimed place."
    )
    limits = ["Pictures of another season or sensor than the reference often do not match."]
    wishes = [_places.NEARER]
    stated, sizes = case.stated_gsd, found.prior.gsd_m
    if stated is not None and sizes is not None:
        limits.append(
            f"Edges were compared only for pixels of {distance(sizes[0], 2)} to "
            f"{distance(sizes[1], 2)}, according to {stated[1]}."
        )
        wishes.append("the correct pixel size of the picture")
    concerned: Sequence[str | None] = [s.id for s in claimed] or [None]
    for statement in concerned:
        yield geo_place.finding(
            statement=statement,
            outcome=Outcome.INCONCLUSIVE,
            summary=words,
            basis=_BASIS,
            evidence=_places.tried_evidence(case),
            limits=tuple(limits),
            would_change=tuple(wishes),
        )


def _where(reference: Reference, placed: geo.Placed, agreement: Relation) -> str:
    lon, lat = placed.centre_lonlat
    return (
        f"The picture was placed on {_places.file_and_date(reference)} {_WAYS[placed.path]}. "
        f"Its centre is {lat:.5f}, {lon:.5f} (latitude, longitude), to within "
        f"{_within(placed)} (95 %) relative to the reference, whose own error is "
        f"not known. A pixel is {distance(placed.gsd_m)} on the ground. North is "
        f"{placed.north_deg:.1f} degrees clockwise from up{_tilt(placed)}."
        f"{_MIRRORED if placed.mirrored else ''} "
        f"{_KINDS[agreement.kind]} ({agreement.reason}). {_false_match(placed)}"
    )


def _within(placed: geo.Placed) -> str:
    """Return the error of the centre, no finer than a pixel on the ground."""
    if placed.ellipse_m[0] < placed.gsd_m:
        return f"one pixel, {distance(placed.gsd_m, 2)}"
    return distance(placed.ellipse_m[0], 2)


def _tilt(placed: geo.Placed) -> str:
    if placed.tilt_deg < _TILT_DEG:
        return ""
    return f", and the view is tilted by about {placed.tilt_deg:.0f} degrees"


def _misplaced(placed: geo.Placed) -> ErrorRate:
    """Return the measured rate for as many references as were searched."""
    one = error_rate("geo.place", f"placed elsewhere, {placed.path} path")
    count = placed.searched
    if count == 1:
        return one
    words = f"{one.what}, counted in groups of {count} because {count} references were searched"
    return replace(one, trials=one.trials // count, what=words)


def _false_match(placed: geo.Placed) -> str:
    one = error_rate("geo.place", f"placed elsewhere, {placed.path} path")
    searched = f" for {placed.searched} references searched" if placed.searched > 1 else ""
    return (
        f"In testing, {one.errors or 'none'} of {one.trials:,} pictures of other places matched a "
        f"reference this well, so the probability of a false match is at most "
        f"{significant(100 * placed.false_match_probability, 1)} %{searched}."
    )


def _measures(placed: geo.Placed) -> Iterator[Measure]:
    major, minor, angle = placed.ellipse_m
    yield Measure(name="path", value=placed.path)
    yield Measure(name="ground sample distance", value=placed.gsd_m, unit="m")
    yield Measure(name="direction of north", value=placed.north_deg, unit="deg")
    yield Measure(name="tilt of the view", value=placed.tilt_deg, unit="deg")
    yield Measure(name="agreeing points", value=placed.registration.inliers)
    yield Measure(name="misfit", value=placed.registration.rms_px, unit="reference px")
    yield Measure(name="log10 of the number of false alarms (NFA)", value=placed.log10_nfa)
    yield Measure(name="probability of a false match", value=placed.false_match_probability)
    yield Measure(name="95 % error ellipse, long half-axis", value=major, unit="m")
    yield Measure(name="95 % error ellipse, short half-axis", value=minor, unit="m")
    yield Measure(name="95 % error ellipse, direction", value=angle, unit="deg")


def _kind_measures(relation: Relation) -> Iterator[Measure]:
    yield Measure(name="kind of agreement", value=relation.kind)
    yield Measure(name="blocks compared with the reference", value=relation.blocks)
    if relation.agreement is not None:
        fine = relation.agreement.fine
        yield Measure(name="median agreement of the blocks", value=round(fine.typical, 3))
        yield Measure(name="agreement that 90 % of the blocks reach", value=round(fine.low, 3))


def _citation(reference: Reference) -> Citation:
    return Citation(input=reference.id, label=_places.name(reference))


def _answer(statement: Place, reference: Reference, placed: geo.Placed) -> Finding:
    ring = placed.footprint_lonlat
    compared = _places.compare(statement, ring)
    error_km = geo.border_error_m(placed) / 1000.0
    open_point = statement.lon is not None and statement.radius_km is None
    away, error = distance(1000 * compared.distance_km, 2), distance(1000 * error_km, 2)
    wishes: tuple[str, ...] = ()
    if _holds(statement, ring, error_km):
        outcome = Outcome.SUPPORTS
        words = f"{compared.overlap_share:.0%} of its footprint lies in the claimed place"
        if open_point:
            words = "its footprint contains the claimed point"
    elif compared.overlap_share > 0:
        outcome = Outcome.INCONCLUSIVE
        words = (
            "the distance from its footprint's border to the claimed place is smaller than the "
            f"error of the match ({error})"
        )
        if statement.relation == "inside" and not compared.inside:
            words = f"only {compared.overlap_share:.0%} of its footprint lies inside the place"
    elif _places.exchanged(statement, ring):
        outcome = Outcome.INCONCLUSIVE
        words = f"its footprint lies {away} from the claimed place. {_places.EXCHANGED}"
        wishes = ("the claimed place with latitude and longitude in the right order",)
    elif open_point:
        outcome = Outcome.INCONCLUSIVE
        words = f"the claimed point lies {away} away, and the claim states no radius"
        wishes = ("a radius_km for the claimed point",)
    elif compared.distance_km <= error_km:
        outcome = Outcome.INCONCLUSIVE
        words = (
            f"its footprint ends {away} from the claimed place, less than the error of the match "
            f"({error})"
        )
    else:
        outcome = Outcome.CONTRADICTS
        words = f"its footprint lies {away} outside the claimed place"
    return geo_place.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"The picture was placed on {_places.file_and_date(reference)}: "
        f"{words.rstrip('.')}.{_MIRRORED if placed.mirrored else ''}",
        basis=_BASIS,
        measures=(
            Measure(name="share inside the claimed place", value=compared.overlap_share),
            Measure(name="distance to the claimed place", value=compared.distance_km, unit="km"),
            Measure(name="95 % error of the picture's border", value=error_km, unit="km"),
            Measure(name="log10 of the number of false alarms (NFA)", value=placed.log10_nfa),
        ),
        error_rate=_misplaced(placed),
        evidence=Evidence(citations=(_citation(reference),)),
        innocent=("the claim may name the nearest town rather than the spot shown",),
        limits=_LIMITS,
        would_change=wishes,
    )


def _holds(statement: Place, ring: _places.Ring, error_km: float) -> bool:
    """Return whether the claim holds for every border within the error of the match."""
    if statement.relation == "inside":
        return _places.compare(statement, ring, margin_km=error_km).inside
    return _places.compare(statement, ring, margin_km=-error_km).overlap_share > 0
