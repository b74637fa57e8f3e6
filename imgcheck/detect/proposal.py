"""Result of a detector: proposals for a person to review, and their reliability."""

from dataclasses import dataclass, field
from typing import Literal

from imgcheck.quantity import Estimate

Kind = Literal["crater", "vehicle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A place that looks like one object of a kind; it is not confirmed to be one."""

    #: `vehicle` or `crater`: the shape that was searched for.
    kind: Kind
    #: Centre in pixels, (0, 0) at the corner of the top-left pixel.
    cx: float
    cy: float
    #: Sides of the oriented box in pixels; for a crater both are the rim diameter.
    length: float
    width: float
    #: Direction of the long side, degrees clockwise from up, in [0, 180): front and back are not
    #: distinguished. 0 for a crater.
    heading: float
    #: Similarity to the shape; comparable within one kind only.
    score: float
    #: Probability that the object is real, by the named `calibration`; None where no calibration
    #: applies (see `Detections.reason`).
    p: float | None = None
    calibration: str | None = None
    state: Literal["proposed"] = "proposed"
    #: Sizes in metres with intervals, and the strength of the evidence.
    measures: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """All proposals of one kind in one picture, and the limits of the search."""

    kind: Kind
    #: Best score first.
    proposals: tuple[Proposal, ...] = ()
    #: Ground sample distance, metres per pixel.
    gsd: float
    #: Sizes that were searched for; None when this picture cannot show the kind at all.
    searched_m: tuple[float, float] | None = None
    #: Smallest size that this picture could show, given resolution and contrast.
    limit_m: float
    #: Ground on which an object could be detected, and its share of the picture.
    searched_area_m2: float = 0.0
    share_searched: float = 0.0
    threshold: float
    #: Expected number of false proposals in a picture of this size, as measured on pictures of
    #: other places without the object.
    expected_false: Estimate | None = None
    #: Assumed azimuth; None when all azimuths were searched (or none matters).
    sun_azimuth_deg: float | None = None
    #: The benchmark that thresholds and `p` come from; None when none applies.
    calibration: str | None = None
    #: Why something is missing (no search, no `p`), or "".
    reason: str = ""
    #: Ground sample distance that the sharpness of the picture amounts to; None where it was not
    #: estimated.
    effective_gsd: float | None = None
    #: Ground sample distance at which the picture was searched, if coarser than its own: large
    #: pictures are reduced first. Positions and sizes in pixels are those of the input.
    working_gsd: float | None = None
