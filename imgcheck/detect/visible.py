"""The smallest crater that a picture could show, from its scale, blur, noise and contrast."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import inputs

# A bowl is distinguished from a spot only if its two walls and the ground beyond are resolved:
# three changes of tone over 1.6 diameters, each at least one resolution element wide.
_ELEMENTS = 4.0
# The smallest crater that the network was trained on (benchmarks: detect, craters).
FEWEST_PX = 6.0
# A. Rose, "The sensitivity performance of the human eye on an absolute scale", JOSA 38, 1948:
# a spot is seen reliably when its contrast times the root of its pixels is 5 times the noise.
_ROSE = 5.0
# Difference in coded tone between the walls of a fresh simple crater (depth 0.2 D) and level
# ground at sun elevations from 25 to 60 degrees, as a share of the ground's tone: 0.12 to 0.5.
_SHADING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """The smallest crater this picture could show.

    ``reason`` names the limiting factor: ``resolution`` (ground sample distance and blur),
    ``contrast`` (noise and texture hide the shading), or ``nothing`` where the picture is empty
    or has no contrast, and ``diameter_m`` is infinite.
    """

    diameter_m: float
    reason: Literal["resolution", "contrast", "nothing"]
    blur_px: float | None
    noise: float
    contrast: float
    resolution_m: float
    contrast_m: float


def smallest_visible(gray: ArrayLike, *, gsd: float, valid: ArrayLike | None = None) -> SizeLimit:
    """Estimate from scale, blur and contrast how small a crater this picture could show.

    A necessary condition, not a sufficient one: ``power`` measures what would be found. Arguments
    are those of `imgcheck.detect.craters`.
    """
    metres = inputs.scale(gsd)
    picture, usable = inputs.gray_image(gray, valid=valid)
    sharp = measure_sharpness(picture, usable)
    tone = float(np.median(picture[usable])) if usable.any() else 0.0
    blur = sharp.blur_px if sharp.blur_px is not None else 0.5
    # Full width at half maximum of the point spread, and the pixel itself.
    element = math.hypot(2.355 * blur, 1.0)
    resolved = max(_ELEMENTS * element / 1.6, FEWEST_PX) * metres
    signal = _SHADING * tone
    # Half the disc is brighter, half darker: pi/4 d^2 pixels carry the signal.
    seen = math.inf
    if signal >= 1.5 / 255:
        seen = _ROSE * sharp.noise / signal / math.sqrt(math.pi / 4) * metres
    limit: Literal["resolution", "contrast"] = "resolution" if resolved >= seen else "contrast"
    return SizeLimit(
        diameter_m=max(resolved, seen),
        reason="nothing" if math.isinf(seen) else limit,
        blur_px=sharp.blur_px,
        noise=sharp.noise,
        contrast=signal,
        resolution_m=resolved,
        contrast_m=seen,
    )


_REBLUR = 1.0  # pixels
_FEWEST = 50  # edges for an estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpness:
    """``blur_px``: standard deviation of the point spread (None: no edges to measure).

    ``noise``: standard deviation of the noise in the smoothest tenth of the picture, [0, 1];
    ``texture``: the same at the median of the picture.
    """

    blur_px: float | None
    noise: float
    texture: float


def measure_sharpness(gray: NDArray[np.float32], valid: NDArray[np.bool_]) -> Sharpness:
    """Estimate blur and noise.

    Blur follows from the loss of gradient at the strongest edges when the picture is blurred once
    more: an edge of spread s loses the factor sqrt((s^2 + r^2) / s^2). On pictures of six places
    blurred by a known amount (0.7 to 3 pixels) the result is 0.6 to 1.1 of the truth, mostly
    0.85. Sharpened pictures give too small a blur.

    References
    ----------
    .. [1] S. Zhuo and T. Sim, "Defocus map estimation from a single image", Pattern
       Recognition 44, 2011.
    .. [2] J. Immerkaer, "Fast noise variance estimation", CVIU 64, 1996.
    """
    inner = cv2.erode(valid.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0) > 0
    noise, texture = _noise(gray, inner)
    return Sharpness(blur_px=_blur(gray, inner, noise), noise=noise, texture=texture)


def _gradient(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    gx = cv2.Scharr(gray, cv2.CV_32F, 1, 0) / 32
    gy = cv2.Scharr(gray, cv2.CV_32F, 0, 1) / 32
    return np.hypot(gx, gy)


def _blur(gray: NDArray[np.float32], inner: NDArray[np.bool_], noise: float) -> float | None:
    first = _gradient(gray)
    second = _gradient(np.asarray(cv2.GaussianBlur(gray, (0, 0), _REBLUR), np.float32))
    ridge = (first >= cv2.dilate(first, np.ones((3, 3), np.uint8))) & inner
    strong = ridge & (first > max(3 * noise, 4 / 255))
    if strong.sum() < _FEWEST:
        return None
    strong &= first >= np.quantile(first[strong], 0.7)
    ratio = first[strong] / np.maximum(second[strong], 1e-6)
    spread = _REBLUR / np.sqrt(np.maximum(ratio**2 - 1, 1e-3))
    # The derivative and the pixel have a spread of 0.5 pixel together: that of a step without blur.
    measured = float(np.median(spread))
    return float(np.sqrt(max(measured**2 - 0.5**2, 0.3**2)))


def _noise(gray: NDArray[np.float32], inner: NDArray[np.bool_]) -> tuple[float, float]:
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    residue = cv2.filter2D(gray, -1, kernel)
    local = np.sqrt(np.maximum(cv2.boxFilter(residue * residue, -1, (9, 9)), 0))
    wide = cv2.boxFilter(gray * gray, -1, (17, 17)) - cv2.boxFilter(gray, -1, (17, 17)) ** 2
    if not inner.any():
        return 1 / 255, 1 / 255
    noise = max(float(np.quantile(local[inner], 0.1)), 0.3 / 255)
    texture = float(np.sqrt(max(float(np.median(wide[inner])), 0)))
    return noise, max(texture, noise)
