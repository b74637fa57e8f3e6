"""What does the file state about itself, and does the claim agree with it?"""

from collections.abc import Iterable, Iterator

from imgcheck import provenance
from imgcheck.case import Case
from imgcheck.checks import _places
from imgcheck.checks.check import MISSING, WRITABLE, check
from imgcheck.model import ByteRange, Evidence, Finding, Measure, Outcome, Place
from imgcheck.quantity import distance

_BASIS = "file metadata"


@check(
    "provenance.file",
    question="What does the file state about itself, and does the claim agree?",
    asks="manipulated",
    analysis="source",
    stage="bytes",
    answers=("place", "unaltered"),
)
def provenance_file(case: Case) -> Iterable[Finding]:
    """Report the file as it is; compare its position with the claim."""
    found = case.file
    yield _file(case)
    for place in case.claim.of_type(Place):
        yield _position(place, found.metadata)
    for statement in case.claim.of_kind("unaltered"):
        yield _passed_through(case, statement.id)


def _file(case: Case) -> Finding:
    found = case.file
    image, tags = case.image, found.metadata
    parts = [f"The file is {_article(image.format.upper())} of {image.width} x {image.height} px"]
    camera = " ".join(word for word in (tags.make, tags.model) if word)
    if camera:
        parts.append(f"it names the camera {camera}")
    if tags.software:
        parts.append(f"it names the software {', '.join(tags.software[:3])}")
    if not tags.times and not camera and tags.gps is None:
        parts.append("it carries no camera metadata")
    parts += [trace.wording for trace in found.traces[:2]]
    if found.credentials.present:
        parts.append("it carries content credentials (C2PA; see provenance.credentials)")
    observations = (*found.structure.observations, *tags.observations)
    if image.damage:
        parts.append(f"it is damaged ({image.damage[0].message})")
    return provenance_file.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary="; ".join(parts) + ".",
        basis=_BASIS,
        measures=tuple(_measures(case)),
        evidence=Evidence(
            bytes=tuple(
                ByteRange(offset=o.offset, length=o.length or 0, label=o.message)
                for o in observations[:20]
                if o.offset is not None
            )
        ),
        limits=(*WRITABLE, *MISSING),
    )


def _article(word: str) -> str:
    return f"a {word}" if word[0] not in "AEFHILMNORSX" else f"an {word}"


def _measures(case: Case) -> Iterator[Measure]:
    found = case.file
    for time in found.metadata.times[:12]:
        zone = "" if time.zone else " (no time zone)"
        yield Measure(name=f"{time.role}, {time.tag}", value=f"{time.value}{zone}")
    gps = found.metadata.gps
    if gps is not None and gps.lat is not None and gps.lon is not None and not gps.zero:
        yield Measure(name="recorded position (lat, lon)", value=f"{gps.lat:.6f}, {gps.lon:.6f}")
    if found.fbmd is not None:
        yield Measure(name="FBMD field", value=found.fbmd.state)
    agreement = found.thumbnail
    if agreement is not None:
        yield Measure(name="embedded thumbnail", value=agreement.kind)


_OTHER_KM = 0.1  # two fields of one file that differ by less were only rounded


def _position(statement: Place, metadata: provenance.Metadata) -> Finding:
    gps = metadata.gps
    measures: tuple[Measure, ...] = ()
    limits: tuple[str, ...] = WRITABLE
    outcome = Outcome.NOT_APPLICABLE
    unread = provenance.unreadable(metadata, "position")
    if gps is not None and gps.zero:
        words = (
            "The file records the position 0, 0, which programs write when they have no position"
            ": this is not evidence for or against the place."
        )
    elif gps is not None and gps.lat is not None and gps.lon is not None:
        outcome = Outcome.INCONCLUSIVE
        away = _distance_km(statement, gps)
        words = f"{_said(gps, away)}. "
        if _places.exchanged(statement, _places.around(gps.lon, gps.lat)):
            words += f"{_places.EXCHANGED} "
        words += "Anyone can set such a record, so it does not decide."
        others = [one for one in metadata.positions if one.whole and not one.zero]
        apart = [one for one in others if abs(_distance_km(statement, one) - away) > _OTHER_KM]
        if apart:
            words += f" {_said(apart[0], _distance_km(statement, apart[0]))}."
        measures = (Measure(name="distance to the claimed place", value=away, unit="km"),)
        limits = (
            *WRITABLE,
            "The position is that of the camera, not of the ground it looked at.",
        )
    elif unread is not None:
        words = f"The file records a position that cannot be used: {unread}."
    else:
        words = "The file records no position, which is not evidence for or against the place."
        limits = MISSING
    return provenance_file.finding(
        statement=statement.id,
        outcome=outcome,
        summary=words,
        basis=_BASIS,
        measures=measures,
        limits=limits,
    )


def _distance_km(statement: Place, gps: provenance.Gps) -> float:
    return _places.distance_km(statement, lon=gps.lon or 0.0, lat=gps.lat or 0.0)


def _said(gps: provenance.Gps, away: float) -> str:
    where = {"EXIF": "", "drone": " in the drone's own fields"}.get(gps.source, f" in {gps.source}")
    inside = "inside the claimed place" if away == 0 else f"{distance(1000 * away)} from it"
    return f"The file records{where} the position {gps.lat:.5f}, {gps.lon:.5f}, {inside}"


def _passed_through(case: Case, statement: str) -> Finding:
    found = case.file
    software = ", ".join(found.metadata.software[:3])
    agreement = found.thumbnail
    parts = []
    if software:
        parts.append(
            f"The file was saved by {software}, which is not by itself a sign of alteration"
        )
    if agreement is not None and agreement.kind == "different":
        parts.append("its embedded thumbnail shows something other than the picture")
    observed = bool(parts)
    if not observed:
        parts.append("The file names no editing software; many edited files name none")
    words = "; ".join(parts)
    return provenance_file.finding(
        statement=statement,
        outcome=Outcome.INCONCLUSIVE if observed else Outcome.NOT_APPLICABLE,
        summary=f"{words[0].upper()}{words[1:]}.",
        basis=_BASIS,
        innocent=("cropping, rotating and resizing leave an old thumbnail behind",),
        limits=WRITABLE,
        would_change=("an earlier copy of the picture in an index of known pictures (--index DB)",),
    )
