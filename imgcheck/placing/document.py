"""The answer as one JSON object, with the fields that scripts rely on."""

from typing import Any

from imgcheck.imaging.text import printable
from imgcheck.placing.located import Attempt, Located
from imgcheck.placing.measures import CORNERS, Measures
from imgcheck.placing.rings import polygon
from imgcheck.quantity import distance

_UNKNOWN = (
    "nfa", "transform", "crs", "footprint", "gsd_m", "north_deg", "ellipse_m", "path", "model",
    "mirrored", "tilt_deg", "centre", "corners", "area_m2", "edges_m", "false_match_probability",
    "reference", "relation", "relation_reason", "inliers", "rms_px", "tie_points",
)  # fmt: skip
LIMITS = (
    "The ground is taken as flat; hills and tall buildings shift what lies off the fitted plane.",
    "The error ellipse is relative to the reference, whose own error of position is not known and "
    "not included.",
    "Where a picture was taken says nothing of when.",
)


def document(found: Located) -> dict[str, Any]:
    """Give the JSON object of ``imgcheck locate``; unknown fields are ``None``.

    ``nfa`` is the number of false alarms of the placing, which underflows to 0 below 1e-308;
    ``log10_nfa`` does not. ``ellipse_m`` is semi-major axis, semi-minor axis (metres, 95 %), and
    the direction of the major axis in degrees clockwise from north.
    """
    said: dict[str, Any] = {
        "schema": "imgcheck-locate/1",
        "placed": found.placed,
        "reason": found.reason,
        "input": {"name": found.image.name, "sha256": found.image.sha256,
                  "width": found.image.width, "height": found.image.height},
        "log10_nfa": None,
        **dict.fromkeys(_UNKNOWN),
    }  # fmt: skip
    if found.placed:
        said |= _place(found)
    return said | {
        "prior": {"gsd_m": _listed(found.search.gsd_m), "near": _near(found.search.near)},
        "notes": list(notes(found)),
        "limits": list(LIMITS),
        "tried": [_attempt(one) for one in found.tried],
    }


def notes(found: Located) -> list[str]:
    """Give what a reader of the numbers must know of this placing."""
    said: list[str] = []
    placement = found.placement
    if placement is None:
        return said
    wanted, gsd = found.search.gsd_m, placement.gsd_m
    if wanted is not None and gsd is not None and not wanted[0] <= gsd <= wanted[1]:
        said.append(
            f"its pixels are {distance(gsd)}, outside the {wanted[0]:g} to {wanted[1]:g} m given"
        )
    if placement.mirrored:
        said.append("the picture is mirrored; footprint and transform undo that")
    if Measures(placement=placement).north_deg is None:
        said.append("its centre lies at a pole, where north has no direction")
    return said


def _place(found: Located) -> dict[str, Any]:
    placement, reference = found.placement, found.reference
    assert placement is not None and reference is not None
    measures = Measures(placement=placement)
    log10 = placement.log10_nfa
    assert placement.footprint_lonlat is not None and placement.centre_lonlat is not None
    lon, lat = placement.centre_lonlat
    told = found.relation
    return {
        "nfa": None if log10 is None else 10.0**log10,
        "log10_nfa": log10,
        "transform": measures.matrix.tolist(),
        "crs": placement.crs,
        "footprint": polygon(placement.footprint_lonlat),
        "gsd_m": placement.gsd_m,
        "north_deg": measures.north_deg,
        "ellipse_m": _listed(placement.ellipse_m),
        "path": placement.path,
        "model": placement.model,
        "mirrored": placement.mirrored,
        "tilt_deg": placement.tilt_deg,
        "centre": {"lon": (lon + 180) % 360 - 180, "lat": lat},
        "corners": {
            name: {"lon": float(x), "lat": float(y)}
            for name, (x, y) in zip(CORNERS, measures.corners_lonlat, strict=True)
        },
        "area_m2": measures.area_m2,
        "edges_m": measures.edges_m,
        "false_match_probability": found.false_match_probability,
        "reference": _reference(reference),
        "relation": "undetermined" if told is None else told.kind,
        "relation_reason": None if told is None else told.reason,
        "inliers": placement.inliers,
        "rms_px": placement.rms_px,
        "tie_points": [
            {
                "picture": [round(v, 4) for v in point.picture],
                "reference": list(point.reference),
                "lonlat": [round(v, 9) for v in point.lonlat],
                "residual_px": round(point.residual_px, 5),
                "residual_m": round(point.residual_m, 6),
            }
            for point in measures.tie_points
        ],
    }


def _reference(reference: Any) -> dict[str, Any]:
    image, date = reference.image, reference.date
    return {
        "id": reference.id,
        "path": None if image.path is None else printable(str(image.path)),
        "sha256": image.sha256,
        "date": None if date is None else date.text,
        "date_source": reference.date_source,
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    found = one.placement
    return {
        "reference": _reference(one.reference),
        "placed": found is not None and found.placed,
        "reason": one.reason,
        "path": None if found is None else found.path,
        "log10_nfa": None if found is None else found.log10_nfa,
        "false_match_probability": None if found is None else found.false_match_probability,
    }


def _listed(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)


def _near(near: tuple[float, float, float] | None) -> dict[str, float] | None:
    return None if near is None else dict(zip(("lon", "lat", "radius_km"), near, strict=True))
