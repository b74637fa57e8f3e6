"""What one check observed, what that means for one statement, and how reliable it is."""

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Any

from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.quantity import Interval, LikelihoodRatio, binomial_interval


class Outcome(enum.StrEnum):
    """What a finding means for its statement."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    FAILED = "failed"


DECISIVE = (Outcome.SUPPORTS, Outcome.CONTRADICTS)


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
            raise ValueError(f"measure {self.name!r} is unknown and has no reason")


#: A test decides a statement only if the upper end of the two-sided 95 % interval of its error
#: rate is at most this: one error in twenty is the limit for a published verdict. The upper
#: end and not the rate, because 0 errors in 10 trials is still compatible with 31 %; two-sided,
#: because that is the interval printed. It takes 72 trials without an error to pass.
LARGEST_ERROR_RATE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """How often a test decides wrongly, as counted on pictures with known truth.

    Attributes
    ----------
    errors, trials : int
        Wrong decisions, and the cases in which the decision would have been wrong.
    what : str
        What was counted, to follow the numbers: "images of other locations were matched".
    calibration : str
        The page of the docs with the benchmark.
    """

    errors: int
    trials: int
    what: str
    calibration: str

    @property
    def rate(self) -> float:
        """Share of wrong decisions; 1 where nothing was tried."""
        return self.errors / self.trials if self.trials else 1.0

    @property
    def interval(self) -> Interval:
        """Exact two-sided 95 % interval of the rate."""
        return binomial_interval(self.errors, self.trials)

    @property
    def decides(self) -> bool:
        """Whether the upper limit is low enough to support or to contradict."""
        return self.interval.high <= LARGEST_ERROR_RATE


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
    """A reference picture or a known picture that a finding rests on."""

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
    """What a reader can look at to verify the finding."""

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
        The check, and its version.
    statement : str or None
        Id of the statement it bears on; ``None`` for an observation on its own.
    outcome : Outcome
    summary : str
        One sentence: the observation first, then what it means for the statement.
    basis : str
        Findings of one basis, such as "file metadata", rest on the same evidence and are
        not counted twice.
    weight : LikelihoodRatio or None
        Only with the calibration it comes from.
    error_rate : ErrorRate or None
        How often this outcome is given wrongly. Required for ``contradicts`` and ``supports``,
        with an upper limit of at most `LARGEST_ERROR_RATE`, unless ``stated_by`` is given.
    stated_by : str
        Where the outcome rests on what a person stated and on no test: what, who and when, such as
        "counted by A. Analyst on 2017-09-20". No error rate is known for a person.
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
    error_rate: ErrorRate | None = None
    stated_by: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    innocent: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    power: DetectionPower | None = None
    would_change: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.summary:
            raise ValueError(f"{self.check}: a finding needs a summary")
        measured = self.error_rate is not None and self.error_rate.decides
        if self.outcome in DECISIVE and not (measured or self.stated_by):
            raise ValueError(
                f"{self.check}: {self.outcome} needs a measured error rate whose upper limit is at "
                f"most {LARGEST_ERROR_RATE:.0%}, not {self.error_rate}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-ready values."""
        return encode_fields(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Finding":
        """Rebuild a finding from `to_json` (pictures come back without their bytes)."""
        finding: Finding = decode_fields(cls, value)
        return finding
