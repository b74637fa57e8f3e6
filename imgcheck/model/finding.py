"""What one check observed, what that says about one statement, and how far it can be trusted."""

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Any

from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.quantity import Interval, LikelihoodRatio


class Outcome(enum.StrEnum):
    """What a finding says about its statement."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A named number or word, with unit and interval. Unknown is ``None`` with a ``reason``."""

    name: str
    value: float | int | str | bool | None
    unit: str = ""
    interval: Interval | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and not self.reason:
            raise ValueError(f"measure {self.name!r} is unknown and says no reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarm:
    """How often a test speaks against an innocent picture, as measured."""

    rate: float
    interval: Interval | None
    calibration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A polygon in the posted picture or in a reference, pixel corners at integers."""

    image: str
    polygon: tuple[tuple[float, float], ...]
    label: str
    layer: str = "regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """A stretch of the posted file."""

    offset: int
    length: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A reference picture or a known picture that a finding leans on."""

    input: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Ground that a picture shows: a closed ring of (longitude, latitude), WGS 84."""

    label: str
    ring: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image made as evidence. Its bytes go to a file of its own, their hash to the report."""

    name: str
    label: str
    role: str = "overlay"
    media_type: str = "image/jpeg"
    sha256: str = ""
    data: bytes = field(default=b"", repr=False, compare=False, metadata={"json": False})

    def __post_init__(self) -> None:
        if self.data and not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a reader can look at to see the finding with her own eyes."""

    regions: tuple[Region, ...] = ()
    bytes: tuple[ByteRange, ...] = ()
    citations: tuple[Citation, ...] = ()
    footprints: tuple[Footprint, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionPower:
    """What would have been found on this picture, and what would have been missed."""

    sentence: str
    sizes_m: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observation and its bearing on one statement.

    Attributes
    ----------
    check, check_version : str
        Who says it.
    statement : str or None
        Id of the statement it bears on; ``None`` for an observation on its own.
    outcome : Outcome
    summary : str
        One sentence: the observation first, then what it means for the statement.
    basis : str
        Findings of one basis, such as "file metadata", lean on the same evidence and are
        not counted twice.
    weight : LikelihoodRatio or None
        Only with the calibration it comes from.
    false_alarm : FalseAlarm or None
        Required for ``contradicts``: a test whose false-alarm rate nobody has measured
        cannot contradict anybody.
    innocent, limits : tuple of str
        Innocent explanations; what the finding does not prove.
    power : DetectionPower or None
        What this check would have missed on this picture.
    """

    check: str
    check_version: str
    statement: str | None
    outcome: Outcome
    summary: str
    basis: str
    measures: tuple[Measure, ...] = ()
    weight: LikelihoodRatio | None = None
    false_alarm: FalseAlarm | None = None
    evidence: Evidence = field(default_factory=Evidence)
    innocent: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    power: DetectionPower | None = None
    would_change: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.summary:
            raise ValueError(f"{self.check}: a finding says what was observed")
        if self.outcome is Outcome.CONTRADICTS and self.false_alarm is None:
            raise ValueError(
                f"{self.check}: contradicts only with a measured false-alarm rate beside it"
            )

    def to_json(self) -> dict[str, Any]:
        """Give the finding as JSON-ready values."""
        return encode_fields(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Finding":
        """Rebuild a finding from `to_json` (pictures come back without their bytes)."""
        finding: Finding = decode_fields(cls, value)
        return finding
