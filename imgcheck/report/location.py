"""The result of ``imgcheck locate`` as a document, in words, and as terminal text."""

import textwrap
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from imgcheck import geo
from imgcheck.case import Located, NotLocated, Reference
from imgcheck.case.placing import Attempt, Candidate
from imgcheck.geo.measures import CORNERS, Measures
from imgcheck.imaging import annotations
from imgcheck.imaging.text import printable
from imgcheck.model import Window
from imgcheck.model.documents import (
    Area,
    LocateCandidate,
    LocateDocument,
    LocatedReference,
    Matrix,
    PictureInput,
    Prior,
    Tie,
    Tried,
)
from imgcheck.quantity import LonLat, distance, significant
from imgcheck.report.formatting import line
from imgcheck.report.locate_geojson import polygon

WAYS = {
    "fast": "by matching local features",
    "structural": "by matching edge directions",
}
RELATIONS = {
    "same": "It has the same pixels as the reference.",
    "derived": "It is a copy of the reference that was cropped, rotated, scaled or drawn on.",
    "same-capture": "It appears to be from the same flight or pass as the reference: what can move "
    "agrees, and the ground is seen from another position.",
    "same-place": "It shows the same place as the reference at another time.",
    "undetermined": "Whether it is from the same acquisition as the reference or from another date "
    "could not be determined.",
}
COMPASS = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip
LIMITS = (
    "The ground is assumed to be flat; hills and tall buildings are displaced.",
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
        notes=tuple(notes(found)),
        limits=LIMITS,
        tried=tuple(_tried(one) for one in found.tried),
        candidate=_candidate(found.candidate) if isinstance(found, NotLocated) else None,
        **(_place(found) if isinstance(found, Located) else {}),
    )


def _candidate(found: Candidate | None) -> LocateCandidate | None:
    if found is None:
        return None
    placed = found.placement
    lon, lat = placed.centre_lonlat
    return LocateCandidate(
        transform=_rows(Measures(placement=placed)),
        crs=placed.crs,
        chance=placed.false_match_probability,
        reference=None if found.reference is None else located_reference(found.reference),
        centre=LonLat(lon=(lon + 180) % 360 - 180, lat=lat),
    )


def _rows(measures: Measures) -> Matrix:
    return tuple(tuple(row) for row in measures.matrix.tolist())


def notes(found: Located | NotLocated) -> list[str]:
    """Return what qualifies this answer."""
    words: list[str] = []
    unmasked = annotations.dropped(found.case.image.rgb())
    if unmasked:
        words.append(
            f"{unmasked:.0%} of the picture looks drawn over, which is too much to leave out: it "
            "was used as ground"
        )
    if isinstance(found, NotLocated):
        return words
    placed, wanted = found.placement, found.prior.gsd_m
    if wanted is not None and not wanted[0] <= placed.gsd_m <= wanted[1]:
        words.append(
            f"its pixel size, {distance(placed.gsd_m)}, is outside the given range of "
            f"{wanted[0]:g} to {wanted[1]:g} m"
        )
    if placed.mirrored:
        words.append(
            "the picture is mirrored; the footprint and the transform take this into account"
        )
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
        "transform": _rows(measures),
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
        "reference": located_reference(found.reference),
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


def located_reference(reference: Reference) -> LocatedReference:
    """Return a reference as documents name it."""
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
        reference=located_reference(one.reference),
        placed=isinstance(found, geo.Placed),
        reason=found.reason if isinstance(found, geo.NotPlaced) else None,
        path=found.path,
        log10_nfa=found.log10_nfa,
        false_match_probability=found.false_match_probability,
    )


def terminal(said: dict[str, Any], *, width: int = 100) -> str:
    """Return the document of `imgcheck.report.location` as terminal text."""
    sentences = list(_placed(said) if said["placed"] else _not_placed(said))
    lines = []
    for sentence in sentences:
        lines += textwrap.wrap(sentence, width) if not sentence.startswith("  ") else [sentence]
    return "\n".join(lines) + "\n"


def _not_placed(said: dict[str, Any]) -> Iterator[str]:
    yield f"{line(said['input']['name'])} could not be placed: {line(said['reason'])}."
    for note in said["notes"]:
        yield f"Note: {note}."
    if said["candidate"] is not None:
        yield candidate_words(said)
    yield "No match is not evidence for or against a claimed place."
    if len(said["tried"]) > 1:
        yield "Tried:"
        for one in said["tried"][:20]:
            yield f"  {line(one['reference']['id'], limit=60)}: {line(one['reason'], limit=300)}"


def candidate_words(said: dict[str, Any]) -> str:
    """Return where the candidate of a picture that was not placed lies, and its chance."""
    found = said["candidate"]
    lat, lon = found["centre"]["lat"], found["centre"]["lon"]
    on = "" if found["reference"] is None else f" on {reference_name(found)}"
    return (
        f"Candidate, for the eye only: {lat:.6f}, {lon:.6f} (latitude, longitude){on}. A picture "
        f"of another place would fit as well with a probability of "
        f"{significant(100 * found['chance'], 1)} %. It supports and contradicts nothing."
    )


def _placed(said: dict[str, Any]) -> Iterator[str]:
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    yield (
        f"{line(said['input']['name'])} was registered to the reference {reference_name(said)} "
        f"{WAYS[said['path']]}."
    )
    yield f"Its centre is at {lat:.6f}, {lon:.6f} (latitude, longitude), {accuracy(said)}."
    north = said["north_deg"]
    turned = "" if north is None else f" North is {north:.1f} degrees clockwise from up."
    yield f"A pixel is {distance(said['gsd_m'])} on the ground.{turned}"
    yield f"The picture covers {area(said['area_m2'])}; its edges are {_edges(said)}."
    yield RELATIONS[said["relation"]]
    probability = said["false_match_probability"]
    if probability is not None:
        yield f"The probability of a false match is {likelihood(probability)}."
    for note in said["notes"]:
        yield f"Note: {note}."
    yield "The ground is assumed to be flat."
    yield "Links for further checks (none was opened):"
    for name, address in links(said):
        yield f"  {name}: {address}"


def accuracy(said: dict[str, Any]) -> str:
    """Return the error of the centre, no finer than a pixel on the ground."""
    major, minor, angle = said["ellipse_m"]
    pixel = said["gsd_m"]
    if major < pixel:
        within = f"one pixel ({distance(pixel, 2)})"
    elif major > 1.2 * max(minor, pixel):
        within = f"{distance(major, 2)} {way(angle)} and {distance(minor, 2)} across"
    else:
        within = distance(major, 2)
    return (
        f"accurate to {within} at 95 % confidence relative to the reference, whose own error is "
        "not known"
    )


def reference_name(said: dict[str, Any]) -> str:
    """Return the file name of the reference and its date."""
    reference = said["reference"]
    path, date = reference["path"] or reference["id"], reference["date"]
    dated = "date not stated" if date is None else f"dated {Window.parse(date).words}"
    return f"{line(PurePath(path).name, limit=120)} ({dated})"


def _edges(said: dict[str, Any]) -> str:
    return ", ".join(f"{distance(length)} ({name})" for name, length in said["edges_m"].items())


def area(value: float) -> str:
    """Return an area with three digits."""
    return f"{significant(value / 1e6)} km²" if value >= 1e5 else f"{significant(value)} m²"


def likelihood(probability: float) -> str:
    """Return a probability in words; far below anything that was measured it is not spelt out."""
    if probability < 1e-6:
        return "less than one in a million (computed, not measured)"
    return f"at most {significant(100 * probability, 1)} %"


def way(angle: float) -> str:
    """Return both ends of a direction: "north-east to south-west"."""
    index = round((angle % 180) / 45) % 4
    return f"{COMPASS[index]} to {COMPASS[(index + 4) % 8]}"


def links(said: dict[str, Any]) -> list[tuple[str, str]]:
    """Return addresses that show the place elsewhere; they are made of numbers alone."""
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    at = f"{lat:.6f},{lon:.6f}"
    return [
        ("OpenStreetMap", f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=16/"
         f"{lat:.6f}/{lon:.6f}"),
        ("Copernicus Browser", f"https://browser.dataspace.copernicus.eu/?zoom=15&lat={lat:.6f}"
         f"&lng={lon:.6f}"),
        ("SunCalc", f"https://www.suncalc.org/#/{at},16"),
    ]  # fmt: skip
