"""The result of ``imgcheck locate`` as a document of `imgcheck.model.documents`."""

from typing import Any

from imgcheck import geo
from imgcheck.case import Located, NotLocated, Reference
from imgcheck.case.placing import Attempt
from imgcheck.geo.measures import CORNERS, Measures
from imgcheck.imaging.text import printable
from imgcheck.model.documents import (
    Area,
    LocateDocument,
    LocatedReference,
    PictureInput,
    Prior,
    Tie,
    Tried,
)
from imgcheck.quantity import LonLat, distance
from imgcheck.report.locate_geojson import polygon

LIMITS = (
    "The ground is taken as flat; hills and tall buildings shift what lies off the fitted plane.",
    "The error ellipse is relative to the reference, whose own error of position is not known and "
    "not included.",
    "The place of a picture does not show when it was taken.",
)


def document(found: Located | NotLocated) -> LocateDocument:
    """Return the document of ``imgcheck locate``; unknown fields are ``None``."""
    image, prior = found.case.image, found.prior
    near = prior.near
    return LocateDocument(
        placed=isinstance(found, Located),
        reason=found.reason if isinstance(found, NotLocated) else None,
        input=PictureInput(
            name=image.name, sha256=image.sha256, width=image.width, height=image.height
        ),
        prior=Prior(
            gsd_m=prior.gsd_m,
            near=None if near is None else Area(lon=near[0], lat=near[1], radius_km=near[2]),
        ),
        notes=tuple(notes(found)) if isinstance(found, Located) else (),
        limits=LIMITS,
        tried=tuple(_tried(one) for one in found.tried),
        **(_place(found) if isinstance(found, Located) else {}),
    )


def notes(found: Located) -> list[str]:
    """Return what qualifies the numbers of this match."""
    words: list[str] = []
    placed, wanted = found.placement, found.prior.gsd_m
    if wanted is not None and not wanted[0] <= placed.gsd_m <= wanted[1]:
        words.append(
            f"its pixels are {distance(placed.gsd_m)}, outside the {wanted[0]:g} to "
            f"{wanted[1]:g} m given"
        )
    if placed.mirrored:
        words.append("the picture is mirrored; footprint and transform undo that")
    if Measures(placement=placed).north_deg is None:
        words.append("its centre lies at a pole, where north has no direction")
    if not found.tried:
        words.append(
            "in an indexed area the probability of a false match is estimated from the other "
            "places of the area; its error rate has not been measured"
        )
    return words


def _place(found: Located) -> dict[str, Any]:
    placed, registration = found.placement, found.placement.registration
    measures = Measures(placement=placed)
    lon, lat = placed.centre_lonlat
    return {
        "nfa": 10.0**placed.log10_nfa,
        "log10_nfa": placed.log10_nfa,
        "transform": tuple(tuple(row) for row in measures.matrix.tolist()),
        "crs": placed.crs,
        "footprint": polygon(placed.footprint_lonlat),
        "gsd_m": placed.gsd_m,
        "north_deg": measures.north_deg,
        "ellipse_m": placed.ellipse_m,
        "path": placed.path,
        "model": registration.model,
        "mirrored": placed.mirrored,
        "tilt_deg": placed.tilt_deg,
        "centre": LonLat(lon=(lon + 180) % 360 - 180, lat=lat),
        "corners": {
            name: LonLat(lon=float(x), lat=float(y))
            for name, (x, y) in zip(CORNERS, measures.corners_lonlat, strict=True)
        },
        "area_m2": measures.area_m2,
        "edges_m": measures.edges_m,
        "false_match_probability": placed.false_match_probability,
        "reference": _reference(found.reference),
        "relation": found.relation.kind,
        "relation_reason": found.relation.reason,
        "inliers": registration.inliers,
        "rms_px": registration.rms_px,
        "tie_points": tuple(
            Tie(
                picture=(round(point.picture[0], 4), round(point.picture[1], 4)),
                reference=point.reference,
                lonlat=LonLat(lon=round(point.lonlat[0], 9), lat=round(point.lonlat[1], 9)),
                residual_px=round(point.residual_px, 5),
                residual_m=round(point.residual_m, 6),
            )
            for point in measures.tie_points
        ),
    }


def _reference(reference: Reference) -> LocatedReference:
    image, date = reference.image, reference.date
    return LocatedReference(
        id=reference.id,
        path=None if image.path is None else printable(str(image.path)),
        sha256=image.sha256,
        date=None if date is None else date.text,
        date_source=reference.date_source,
    )


def _tried(one: Attempt) -> Tried:
    found = one.found
    return Tried(
        reference=_reference(one.reference),
        placed=isinstance(found, geo.Placed),
        reason=found.reason if isinstance(found, geo.NotPlaced) else None,
        path=found.path,
        log10_nfa=found.log10_nfa,
        false_match_probability=found.false_match_probability,
    )
