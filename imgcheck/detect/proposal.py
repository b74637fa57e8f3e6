"""What a detector hands back: proposals for a person to look at, and how far to trust them."""

from dataclasses import dataclass, field
from typing import Literal

from imgcheck.quantity import Estimate

Kind = Literal["crater", "vehicle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A place that looks like one object of a kind; never a statement that it is one.

    Attributes
    ----------
    kind : str
        ``vehicle`` or ``crater``: the shape that was looked for.
    cx, cy : float
        Centre in pixels, (0, 0) at the corner of the top-left pixel.
    length, width : float
        Sides of the oriented box in pixels; for a crater both are the rim diameter.
    heading : float
        Direction of the long side, degrees clockwise from up, in [0, 180): front and back are
        not told apart. 0 for a crater.
    score : float
        Larger is more like the shape. Comparable within one kind only.
    p : float or None
        Probability that the object is real, by the named ``calibration``; None where no
        calibration holds (``Detections.reason`` says why).
    measures : dict of str to Estimate
        Sizes in metres with intervals, and what supports the proposal.
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
    """All proposals of one kind in one picture, and what the search could reach.

    Attributes
    ----------
    proposals : tuple of Proposal
        Best score first.
    gsd : float
        Ground sample distance that the sizes rest on, metres per pixel.
    working_gsd : float or None
        Ground sample distance at which the picture was searched, where that is coarser than its
        own: large pictures are shrunk first. Positions and sizes in pixels are of the input.
    searched_m : (float, float) or None
        Sizes that were looked for; None when this picture cannot show the kind at all.
    limit_m : float
        Smallest size that this picture could show, by resolution and contrast.
    searched_area_m2, share_searched : float
        Ground that could hold a found object, and its share of the picture.
    expected_false : Estimate or None
        Number of false proposals to expect in a picture of this size, as measured on
        pictures of other places without the object.
    sun_azimuth_deg : float or None
        The azimuth the search assumed; None when all azimuths were searched (or none matters).
    calibration : str or None
        The benchmark that thresholds and ``p`` come from; None when none holds here.
    reason : str
        Why something is missing (no search, no ``p``), or "".
    """

    kind: Kind
    proposals: tuple[Proposal, ...]
    gsd: float
    searched_m: tuple[float, float] | None
    limit_m: float
    searched_area_m2: float
    share_searched: float
    threshold: float
    expected_false: Estimate | None = None
    sun_azimuth_deg: float | None = None
    calibration: str | None = None
    reason: str = ""
    working_gsd: float | None = None
