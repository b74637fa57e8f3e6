"""Result of a detector: proposals for a person to review, and their reliability."""

from dataclasses import dataclass, field
from typing import Literal

from imgcheck.quantity import Estimate

Kind = Literal["crater", "vehicle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A place that looks like one object of a kind; it is not confirmed to be one.

    Attributes
    ----------
    kind : str
        ``vehicle`` or ``crater``: the shape that was searched for.
    cx, cy : float
        Centre in pixels, (0, 0) at the corner of the top-left pixel.
    length, width : float
        Sides of the oriented box in pixels; for a crater both are the rim diameter.
    heading : float
        Direction of the long side, degrees clockwise from up, in [0, 180): front and back are
        not distinguished. 0 for a crater.
    score : float
        Similarity to the shape; comparable within one kind only.
    p : float or None
        Probability that the object is real, by the named ``calibration``; None where no
        calibration applies (see ``Detections.reason``).
    measures : dict of str to Estimate
        Sizes in metres with intervals, and the strength of the evidence.
    """

    kind: Kind
    cx: float
    cy: float
    length: float
    width: float
    heading: float
    score: float
    p: float | None = None
    calibration: str | None = None
    state: Literal["proposed"] = "proposed"
    measures: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """All proposals of one kind in one picture, and the limits of the search.

    Attributes
    ----------
    proposals : tuple of Proposal
        Best score first.
    gsd : float
        Ground sample distance, metres per pixel.
    working_gsd : float or None
        Ground sample distance at which the picture was searched, if coarser than its own: large
        pictures are reduced first. Positions and sizes in pixels are those of the input.
    searched_m : (float, float) or None
        Sizes that were searched for; None when this picture cannot show the kind at all.
    limit_m : float
        Smallest size that this picture could show, given resolution and contrast.
    searched_area_m2, share_searched : float
        Ground on which an object could be detected, and its share of the picture.
    expected_false : Estimate or None
        Expected number of false proposals in a picture of this size, as measured on pictures of
        other places without the object.
    sun_azimuth_deg : float or None
        Assumed azimuth; None when all azimuths were searched (or none matters).
    calibration : str or None
        The benchmark that thresholds and ``p`` come from; None when none applies.
    reason : str
        Why something is missing (no search, no ``p``), or "".
    """

    kind: Kind
    proposals: tuple[Proposal, ...] = ()
    gsd: float
    searched_m: tuple[float, float] | None = None
    limit_m: float
    searched_area_m2: float = 0.0
    share_searched: float = 0.0
    threshold: float
    expected_false: Estimate | None = None
    sun_azimuth_deg: float | None = None
    calibration: str | None = None
    reason: str = ""
    working_gsd: float | None = None
