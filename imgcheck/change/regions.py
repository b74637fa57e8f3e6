"""Combine pixel scores into changed regions, each with its p-value."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from skimage.measure import find_contours

from imgcheck.change.causes import GREEN, greenness
from imgcheck.change.grid import Mask, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One connected patch of changed ground."""

    #: From before to after: `"appeared"` or `"vanished"` (edges), `"brighter"`, `"darker"`,
    #: `"vegetation"` (greener or less green), `"water"` (came or went) or `"recoloured"`.
    kind: str
    #: Outline in pixels, x right, y down, (0, 0) the corner of the first pixel.
    polygon: NDArray[np.float64]
    #: Area on the ground, and its standard error from the uncertain edge.
    area_m2: float
    area_error_m2: float
    #: Share of the clusters of unchanged twins that weigh as much.
    p_value: float
    #: Benjamini-Hochberg: expected share of false ones among regions with a p-value this small.
    q_value: float
    #: Mean brightness in [0, 1], `after` matched to the radiometry of `before`.
    before: float
    after: float
    #: `after - before`.
    contrast: float
    #: Highest score in the region.
    peak_z: float


def correlation_length(z: Pixels, valid: Mask) -> float:
    """Return the Gaussian smoothing that gives noise the smoothness of ``z``.

    Estimated from the correlation of neighbours, exp(-1 / (4 s^2)) for white noise smoothed by s.
    """
    ordinary = valid & (np.abs(z) < 2)
    products, squares = [], []
    for axis in (0, 1):
        pair = ordinary & np.roll(ordinary, 1, axis=axis)
        a, b = z[pair], np.roll(z, 1, axis=axis)[pair]
        if a.size > 50:
            products.append(float(np.mean((a - a.mean()) * (b - b.mean()))))
            squares.append(float(a.std() * b.std()))
    ratio = np.sum(products) / max(np.sum(squares), 1e-9) if products else 0.5
    ratio = float(np.clip(ratio, 0.05, 0.995))
    return float(np.sqrt(-1 / (4 * np.log(ratio))))


def q_values(p: NDArray[np.float64], tested: float) -> NDArray[np.float64]:
    """Return adjusted p-values of the hypotheses that may be rejected, among all that were tested.

    Y. Benjamini, Y. Hochberg, J. R. Statistical Soc. B 57, 1995. Objects with an innocent cause
    are tested too, but count as no discovery.
    """
    if not p.size:
        return p
    order = np.argsort(p)
    scaled = p[order] * tested / np.arange(1, p.size + 1)
    result = np.empty_like(p)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result


def outline(part: NDArray[np.uint8], left: int, top: int) -> tuple[NDArray[np.float64], float]:
    """Return the outer border of a mask in pixel coordinates, simplified, and its length."""
    line = find_contours(np.kron(np.pad(part, 1), np.ones((2, 2))), 0.5)
    longest = max(line, key=lambda each: cv2.contourArea(each.astype(np.float32)))
    # From (row, column) of centres of the doubled, padded mask to (x, y) of corners.
    border = ((longest[:-1, ::-1] + 0.5) / 2 - 1).astype(np.float32)[:, None]
    simple = cv2.approxPolyDP(border, 0.6, True)[:, 0, :].astype(np.float64)
    return simple + np.array([left, top]), float(cv2.arcLength(border, True))


def tightened(
    labels: NDArray[np.int32], heights: NDArray[np.float64], size: Pixels, reach: int
) -> Mask:
    """Return the pixels of clusters 1 to N where the change has at least half its full height.

    Coarse smoothing extends clusters beyond the object; half the height is the border of a blurred
    object. The tolerated misplacement of ``reach`` pixels is added again; pixels of other labels
    are not entered.
    """
    brush = np.ones((2 * reach + 3, 2 * reach + 3), np.uint8)
    seam = np.ones((3, 3), np.uint8)
    result = np.zeros(labels.shape, dtype=bool)
    # SciPy takes a largest label of 0 for no limit.
    boxes = find_objects(labels, max_label=len(heights)) if len(heights) else []
    for k, box in enumerate(boxes):
        if box is None:
            continue
        window = tuple(slice(max(one.start - reach - 3, 0), one.stop + reach + 3) for one in box)
        around = labels[window]
        part = around == k + 1
        near = cv2.dilate(part.astype(np.uint8), brush).astype(bool)
        tight = near & (size[window] >= 0.5 * heights[k]) & ((around == 0) | part)
        # Close gaps of a pixel or two where the object has the colour of the ground.
        whole = cv2.morphologyEx(tight.astype(np.uint8), cv2.MORPH_CLOSE, seam).astype(bool)
        result[window] |= whole & near
    return result


def strength(change: NDArray[np.floating]) -> float:
    """Return the size of a mean difference in opponent colours, share of full scale.

    Differences of colour have twice the range of brightness. Other bands than red, green, blue are
    no opponent colours; the largest counts.
    """
    if change.size != 3:
        return float(np.abs(change).max())
    return max(abs(float(change[0])), float(np.abs(change[1:]).max()) / 2)


# Water is dark, and less red than green or blue by this share of its brightness.
_DARK, _BLUE = 0.3, 0.25


def _is_water(colour: NDArray[np.floating]) -> bool:
    middle = float(colour.mean())
    return middle < _DARK and float(max(colour[1:]) - colour[0]) > _BLUE * middle


def _kind_of(
    before: NDArray[np.floating], after: NDArray[np.floating], change: NDArray[np.floating]
) -> str:
    """Return the kind of change of tone from mean colours, and their change in opponent colours."""
    if change.size != 3:
        return "brighter" if float(change.mean()) > 0 else "darker"
    green = [greenness(colour) for colour in (before, after)]
    if max(green) > GREEN and abs(green[1] - green[0]) > GREEN:
        return "vegetation"
    if _is_water(before) != _is_water(after):
        return "water"
    if abs(float(change[0])) < 0.5 * strength(change):
        return "recoloured"
    return "brighter" if float(change[0]) > 0 else "darker"


def measure(
    polygon: NDArray[np.float64],
    length: float,
    *,
    pixels: int,
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    change: NDArray[np.floating],
    gain: float,
    peak_z: float,
    gsd: float,
    edge_px: float,
    p: float,
    q: float,
) -> Region:
    """Describe a region by its outline, the length of its border, and means over its pixels.

    ``gain`` is positive where edges came, negative where they went, 0 where that is not known.
    Its border is uncertain by ``edge_px`` in the same direction everywhere, so the error of the
    area is that times the length of the border.
    """
    one, two = float(before.mean()), float(after.mean())
    came = "appeared" if gain > 0 else "vanished"
    return Region(
        kind=came if gain else _kind_of(before, after, change),
        polygon=polygon,
        area_m2=pixels * gsd**2,
        area_error_m2=length * edge_px * gsd**2,
        p_value=p,
        q_value=q,
        before=one,
        after=two,
        contrast=two - one,
        peak_z=peak_z,
    )
