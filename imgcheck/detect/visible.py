"""The size below which a picture could not show a crater, whatever is on the ground."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from imgcheck.detect import inputs, sharpness

# A bowl is told from a spot only when its two walls and the ground beyond are seen apart: three
# changes of tone over 1.6 diameters, each at least one resolution element wide.
_ELEMENTS = 4.0
# The smallest template that was calibrated (benchmarks: detect, craters).
FEWEST_PX = 8.0
# A. Rose, "The sensitivity performance of the human eye on an absolute scale", JOSA 38, 1948:
# a spot is seen reliably when its contrast times the root of its pixels is 5 times the noise.
_ROSE = 5.0
# Difference in coded tone between the walls of a fresh simple crater (depth 0.2 D) and level
# ground at sun elevations from 25 to 60 degrees, as a share of the ground's tone: 0.12 to 0.5.
_SHADING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """The smallest crater this picture could show; smaller ones may be there unseen.

    ``reason`` names what sets the limit: ``resolution`` (ground sample distance and blur),
    ``contrast`` (noise and texture hide the shading), or ``nothing`` where the picture is empty
    or without tone, and ``diameter_m`` is infinite.
    """

    diameter_m: float
    reason: Literal["resolution", "contrast", "nothing"]
    blur_px: float | None
    noise: float
    contrast: float
    resolution_m: float
    contrast_m: float


def smallest_visible(gray: ArrayLike, *, gsd: float, valid: ArrayLike | None = None) -> SizeLimit:
    """Say from scale, blur and contrast alone how small a crater this picture could show.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float in [0, 1] or uint8
    gsd : float
        Metres per pixel. A picture that was enlarged shows up as blur.
    valid : ndarray of shape (M, N), bool, optional

    Returns
    -------
    SizeLimit
        A necessary condition, not a sufficient one: use ``power`` for what would be found.
    """
    metres = inputs.scale(gsd)
    picture, usable = inputs.gray_image(gray, valid=valid)
    sharp = sharpness.measure(picture, usable)
    tone = float(np.median(picture[usable])) if usable.any() else 0.0
    blur = sharp.blur_px if sharp.blur_px is not None else 0.5
    # Full width at half maximum of the point spread, and the pixel itself.
    element = math.hypot(2.355 * blur, 1.0)
    resolved = max(_ELEMENTS * element / 1.6, FEWEST_PX) * metres
    signal = _SHADING * tone
    if signal < 1.5 / 255:
        return SizeLimit(
            diameter_m=math.inf,
            reason="nothing",
            blur_px=sharp.blur_px,
            noise=sharp.noise,
            contrast=signal,
            resolution_m=resolved,
            contrast_m=math.inf,
        )
    # Half the disc is brighter, half darker: pi/4 d^2 pixels carry the signal.
    seen = _ROSE * sharp.noise / signal / math.sqrt(math.pi / 4) * metres
    return SizeLimit(
        diameter_m=max(resolved, seen),
        reason="resolution" if resolved >= seen else "contrast",
        blur_px=sharp.blur_px,
        noise=sharp.noise,
        contrast=signal,
        resolution_m=resolved,
        contrast_m=seen,
    )
