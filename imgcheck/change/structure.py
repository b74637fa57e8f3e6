"""Change of structure between two dates, where tone says little: edges that came or went.

Below about 5 m a pixel, another season, hour or sensor changes the tone of nearly everything. What
is built or torn down changes the edges: their strength and their directions around a place.
"""

import cv2
import numpy as np

from imgcheck.change.grid import Mask, Pixels, blurred

# Directions of a half turn, and the half side of the pooling and reach of the search, in pixels of
# the halved picture. docs/benchmarks/change.md, structure: pools of 6, 10, 14 px of the picture.
_BINS = 9
_POOL = 5
_REACH = 2

# Bright compact objects: side of the opening and half side of the pooling, halved pixels.
_OPENING = 11
_OPENING_POOL = 3

# Fading textures (fields, haze, blur) are losses of structure that no object causes, so a loss
# counts as half a gain. docs/benchmarks/change.md, structure.
_LOSS = 0.5

# Weight of bright objects beside edges.
OBJECTS = 0.7


def edges(before: Pixels, after: Pixels, valid: Mask) -> tuple[Pixels, Pixels]:
    """Return how much the edges around each pixel changed, and whether they came or went.

    Parameters
    ----------
    before, after : ndarray of shape (M, N, C)
        Registered within a few pixels, in [0, 1], each in its own radiometry; one value where not
        valid.
    valid : ndarray of shape (M, N), bool

    Returns
    -------
    distance : ndarray of shape (M, N), float32
        Hellinger distance of the pooled histograms of edge directions, not normalised, so that
        the strength of edges counts; the least over shifts of up to 4 px.
    gain : ndarray of shape (M, N), float32
        Positive where edges came.

    References
    ----------
    .. [1] N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
    """
    one, two = np.stack(_histograms(before, valid)), np.stack(_histograms(after, valid))
    rows, columns = one.shape[1:]
    padded = np.pad(two, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="edge")
    least = np.full((rows, columns), np.inf, np.float32)
    for y in range(2 * _REACH + 1):
        for x in range(2 * _REACH + 1):
            change = padded[:, y : y + rows, x : x + columns] - one
            np.maximum(change, -_LOSS * change, out=change)
            least = np.minimum(least, np.einsum("kij,kij->ij", change, change))
    gain = (two**2).sum(axis=0) - (one**2).sum(axis=0)
    return _whole(np.sqrt(least), valid), _whole(gain, valid)


def objects(before: Pixels, after: Pixels, valid: Mask) -> Pixels:
    """Return the change of the pooled white top-hat: bright compact objects came or went.

    Parameters and result are as in `edges`.

    References
    ----------
    .. [1] X. Huang, L. Zhang, "Morphological building/shadow index for building extraction from
       high-resolution imagery over urban areas", IEEE JSTARS 5, 2012.
    """
    difference = _objects(after, valid) - _objects(before, valid)
    reduced = np.where(difference > 0, difference, -_LOSS * difference)
    return np.asarray(reduced, dtype=np.float32)


def _half(layer: Pixels) -> Pixels:
    rows, columns = layer.shape
    even = cv2.copyMakeBorder(layer, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    size = (even.shape[1] // 2, even.shape[0] // 2)
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _whole(layer: Pixels, valid: Mask) -> Pixels:
    size = (2 * layer.shape[1], 2 * layer.shape[0])
    whole = cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[: valid.shape[0], : valid.shape[1]], dtype=np.float32)


def _mean(layer: Pixels, half: int) -> Pixels:
    side = (2 * half + 1, 2 * half + 1)
    return np.asarray(cv2.blur(layer, side, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _histograms(picture: Pixels, valid: Mask) -> list[Pixels]:
    """Return the square root of the pooled edge strength in each direction, at half size."""
    layer = blurred(np.ascontiguousarray(picture.mean(axis=2)), 0.8)
    gx = cv2.Sobel(layer, cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(layer, cv2.CV_32F, 0, 1, scale=0.125)
    strength, angle = cv2.cartToPolar(gx, gy)
    # The border of what is missing is no edge.
    inner = cv2.erode(valid.astype(np.uint8), np.ones((5, 5), np.uint8))
    strength *= inner
    place = np.mod(angle * np.float32(_BINS / np.pi), np.float32(_BINS))
    found = []
    for k in range(_BINS):
        away = np.abs(place - k)
        share = np.maximum(1 - np.minimum(away, _BINS - away), 0)
        # Running sums may end a little below zero.
        found.append(np.sqrt(np.maximum(_mean(_half(strength * share), _POOL), 0)))
    return found


def _objects(picture: Pixels, valid: Mask) -> Pixels:
    """Return the pooled white top-hat of the brightest band: compact objects on darker ground."""
    layer = _half(blurred(np.ascontiguousarray(picture.max(axis=2)), 0.8))
    brush = np.ones((_OPENING, _OPENING), np.uint8)
    hat = cv2.morphologyEx(layer, cv2.MORPH_TOPHAT, brush)
    return _whole(_mean(np.asarray(hat, dtype=np.float32), _OPENING_POOL), valid)
