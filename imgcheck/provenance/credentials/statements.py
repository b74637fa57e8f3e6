"""Signed times and positions beside those of the file's own tags, which anyone can edit."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from imgcheck.provenance.clocks.times import Time
from imgcheck.provenance.credentials.manifests import Manifest, items, mapping, text
from imgcheck.provenance.credentials.result import Action, SignedStatement
from imgcheck.provenance.fields.position import Gps

_METADATA = ("stds.exif", "c2pa.metadata", "cawg.metadata", "stds.iptc")
_MOST = 100

# Positions written twice differ by rounding: 0.0001 minutes of arc are 0.0000017 degrees, EXIF
# thirds of seconds 0.00028. A receiver's own scatter is larger. 0.0005 degrees are 56 m.
_SAME_DEG = 0.0005
# Cameras and their signing programs read the clock one after the other: the three camera files of
# benchmarks: credentials differ by 0.0, 2.4 and 2.4 s between tag and assertion.
_SAME_S = 5.0

_ARC = re.compile(
    r"\s*(\d{1,3})[,\s](\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])\s*"
)
_CAPTURE = ("DateTimeOriginal", "DateCreated")
_FIX = "GPSTimeStamp"


def actions(manifest: Manifest) -> tuple[Action, ...]:
    """Give the steps that the signer says were taken."""
    return tuple(_actions(manifest))[:_MOST]


def _actions(manifest: Manifest) -> Iterator[Action]:
    for _, content in manifest.labelled("c2pa.actions"):
        for item in items(mapping(content).get("actions")):
            block = mapping(item)
            agent = block.get("softwareAgent")
            yield Action(
                action=text(block.get("action")) or "unnamed",
                when=text(block.get("when")),
                software=text(mapping(agent).get("name")) or text(agent),
                source_type=_last_word(text(block.get("digitalSourceType"))),
                description=text(block.get("description"))
                or text(mapping(block.get("parameters")).get("description")),
            )


def source_types(manifest: Manifest, steps: Iterable[Action]) -> tuple[str, ...]:
    """Give the declared kinds of source: ``digitalCapture``, ``trainedAlgorithmicMedia``…"""
    found = [step.source_type for step in steps]
    for name, value in _fields(manifest):
        if name.lower() == "digitalsourcetype":
            found.append(_last_word(text(value)))
    for prefix in ("stds.schema-org.CreativeWork",):
        for _, content in manifest.labelled(prefix):
            found.append(_last_word(text(mapping(content).get("digitalSourceType"))))
    return tuple(dict.fromkeys(word for word in found if word))


def _last_word(address: str | None) -> str | None:
    return None if address is None else address.rstrip("/").rsplit("/", 1)[-1] or None


def compare(
    manifest: Manifest, *, gps: Gps | None, times: Iterable[Time]
) -> tuple[SignedStatement, ...]:
    """Compare signed positions and times with the file's tags.

    Notes
    -----
    A difference proves an edit of the tags after signing only if the signer wrote both from one
    reading; two clocks of one camera differ honestly. A time without a zone is compared with a
    time that has one by whether any whole quarter of an hour of offset brings them together.
    """
    found: list[SignedStatement] = []
    signed = list(_fields(manifest))
    found += _positions(signed, gps)
    found += _times(signed, tuple(times))
    for step in actions(manifest):
        if step.when and step.action in ("c2pa.created", "c2pa.captured"):
            found += _timed(f"action {step.action}", step.when, tuple(times), ("capture",))
    return tuple(found)[:_MOST]


def _fields(manifest: Manifest) -> Iterator[tuple[str, object]]:
    """Give the fields of the metadata assertions without their name spaces."""
    for prefix in _METADATA:
        for _, content in manifest.labelled(prefix):
            for name, value in mapping(content).items():
                yield str(name).rsplit(":", 1)[-1], value


def degrees(value: object) -> float | None:
    """Read an angle as XMP writes it: ``40,44.1861N``, or degrees with a sign."""
    words = text(value)
    if words is None:
        return None
    match = _ARC.fullmatch(words)
    if match is None:
        try:
            plain = float(words)
        except ValueError:
            return None
        return plain if abs(plain) <= 180 else None
    whole = float(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return -whole if match[4] in "SW" else whole


def _positions(signed: list[tuple[str, object]], gps: Gps | None) -> Iterator[SignedStatement]:
    lat = next((a for n, v in signed if n == "GPSLatitude" and (a := degrees(v)) is not None), None)
    lon = next(
        (a for n, v in signed if n == "GPSLongitude" and (a := degrees(v)) is not None), None
    )
    own = None if gps is None or gps.lat is None or gps.lon is None else (gps.lat, gps.lon)
    if lat is None or lon is None:
        if own is not None:
            words = f"{own[0]:.6f}, {own[1]:.6f}"
            yield SignedStatement(
                what="position", source="EXIF", signed=None, unsigned=words,
                agreement="unsigned only",
            )  # fmt: skip
        return
    words = f"{lat:.6f}, {lon:.6f}"
    if own is None:
        yield SignedStatement(
            what="position", source="metadata assertion", signed=words, unsigned=None,
            agreement="signed only",
        )  # fmt: skip
        return
    around = abs((lon - own[1] + 180) % 360 - 180)
    apart = max(abs(lat - own[0]), around)
    yield SignedStatement(
        what="position",
        source="metadata assertion",
        signed=words,
        unsigned=f"{own[0]:.6f}, {own[1]:.6f}",
        agreement="agrees" if apart <= _SAME_DEG else "differs",
        difference=round(apart, 7),
    )


def _times(signed: list[tuple[str, object]], times: tuple[Time, ...]) -> Iterator[SignedStatement]:
    for name, value in signed:
        words = text(value)
        if words is None or name not in (*_CAPTURE, _FIX):
            continue
        yield from _timed(name, words, times, ("position",) if name == _FIX else ("capture",))


def _timed(
    source: str, words: str, times: tuple[Time, ...], roles: tuple[str, ...]
) -> Iterator[SignedStatement]:
    own = next((t for t in times if t.role in roles), None)
    if own is None:
        yield SignedStatement(
            what="time", source=source, signed=words, unsigned=None, agreement="signed only"
        )
        return
    agreement, apart = agreement_of_times(words, own.value)
    yield SignedStatement(
        what="time", source=source, signed=words, unsigned=own.value, agreement=agreement,
        difference=apart,
    )  # fmt: skip


def agreement_of_times(signed: str, unsigned: str) -> tuple[str, float | None]:
    """Compare two ISO times; seconds apart where both, or neither, have a zone.

    Where only one has a zone, times a whole quarter of an hour apart, up to 14 h, agree in all
    that can be compared.
    """
    first, second = _moment(signed), _moment(unsigned)
    if first is None or second is None:
        return "not comparable", None
    if (first.tzinfo is None) == (second.tzinfo is None):
        apart = abs((first - second).total_seconds())
        return ("agrees" if apart <= _SAME_S else "differs"), apart
    bare, zoned = (first, second) if first.tzinfo is None else (second, first)
    local = abs((bare - zoned.replace(tzinfo=None)).total_seconds())
    universal = (bare - zoned.astimezone(UTC).replace(tzinfo=None)).total_seconds()
    off = abs(universal - 900 * round(universal / 900))
    if local <= _SAME_S or (off <= _SAME_S and abs(universal) <= 14 * 3600 + _SAME_S):
        return "agrees", min(local, off)
    if abs(universal) > 14 * 3600 + _SAME_S:
        return "differs", None
    return "not comparable", None


def _moment(words: str) -> datetime | None:
    # Nikon writes hundredths after a comma: 2022-10-25T11:27:32,78-05:00.
    tidy = re.sub(r",(\d{1,6})\d*", r".\1", words.strip().replace(" ", "T"))
    tidy = re.sub(r"^(\d{4}):(\d{2}):(\d{2})", r"\1-\2-\3", tidy)
    try:
        return datetime.fromisoformat(tidy)
    except ValueError:
        return None
