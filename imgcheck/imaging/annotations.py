"""What somebody drew over a picture: saturated strokes and boxes, caption bars at the edges.

These pixels are not ground. Matching and change detection leave them out.
"""

import cv2
import numpy as np

from imgcheck.imaging import marks
from imgcheck.imaging.pixels import Float32, Mask, Uint8

# Drawn colours are vivid; vegetation, water and soil of true-colour imagery are not.
_SATURATION, _VALUE = 0.6, 0.45
# A drawn stroke has one colour: its pixels differ by no more than JPEG makes them.
_FLAT = 22.0
# A colour with fewer pixels than this share of the picture is a roof or a car, not a drawing.
_SMALLEST_SHARE = 2e-4
# Vivid over more than this is false colour, not annotation: masking it would eat the picture.
_LARGEST_SHARE = 0.25
# A mask over more than this leaves too little to work with, and is mostly night, snow or water.
_MOST_MASKED = 0.5
# A caption bar reaches from an edge, is one colour but for its text, and is this thick at least.
_BAR_SHARE, _BAR_FLAT, _BAR_THICKNESS = 0.5, 5, 0.025
_BAR_LARGEST = 0.3
# A panel over this share of the width or the height is a bar.
_SPANS = 0.98
# It ends in a step along the whole edge, which haze, fields and shadows do not.
_BAR_STEP = 15
# A label is a filled rectangle of black or white with letters of the other.
_LABEL_FLAT, _LABEL_LEAST = 14, (12, 24)
_LABEL_FILL, _LABEL_WITH_LETTERS = 0.5, 0.9
# No label takes more of a picture; night, snow and water do (benchmarks: masks hard, tune).
_LABEL_LARGEST = 0.15
# In strong compression a label's black and white are this far off, and fewer of its pixels either.
_ROUGH_FLAT, _ROUGH_WITH_LETTERS = 45, 0.75
# Colour differences (Cb, Cr) of this much, and of so many robust spreads of the picture's own, are
# seldom ground.
_ODD_CHROMA, _ODD_SPREADS = 28.0, 6.0
_ODD_MARGIN_PX = 4
# JPEG smears colour over two chroma samples around a stroke.
_MARGIN_PX = 3


def find(rgb: Uint8) -> Mask:
    """Mark strokes, boxes, labels and caption bars in a picture, (M, N, 3) uint8.

    White or gray text written straight on the ground is left to `suspect`; translucent overlays are
    not found.
    In a picture that is vivid all over (false colour) strokes cannot be distinguished from ground,
    and only bars and labels are marked. Measured shares on pictures without any drawing are in
    docs/checks/geo.place.md. A mask that would take more than half of the picture is dropped.
    """
    mask = _certain(rgb)
    return np.zeros_like(mask) if mask.mean() > _MOST_MASKED else mask


def suspect(rgb: Uint8) -> Mask:
    """Mark what may be drawn over, for work that can spare some ground, as matching can.

    That is what `find` finds, what strong compression hides from it (colours far from those of the
    picture, labels with soft edges), lines of white or black letters, and patches of one tone.
    """
    return _suspected(rgb)[0]


def dropped(rgb: Uint8) -> float:
    """Return the share that all masks would take, if over half and so some were dropped; else 0."""
    share = _suspected(rgb)[1]
    return share if share > _MOST_MASKED else 0.0


def _certain(rgb: Uint8) -> Mask:
    bars = _bars(rgb) | _labels(rgb)
    vivid = _vivid(rgb) & ~bars
    if vivid.mean() > _LARGEST_SHARE:
        return bars
    strokes = _one_colour(rgb, vivid)
    return bars | _dilated(strokes, _MARGIN_PX) if strokes.any() else bars


def _suspected(rgb: Uint8) -> tuple[Mask, float]:
    """Return what may be drawn, and the share of all that looks so; what is surest goes first."""
    odd = _odd_colour(rgb)
    kept, everything = np.zeros(rgb.shape[:2], bool), np.zeros(rgb.shape[:2], bool)
    for more in (
        _certain(rgb),
        _labels(rgb, flat=_ROUGH_FLAT, with_letters=_ROUGH_WITH_LETTERS),
        marks.writing(rgb) | marks.redactions(rgb),
        np.zeros_like(odd) if odd.mean() > _LARGEST_SHARE else _dilated(odd, _ODD_MARGIN_PX),
    ):
        everything |= more
        if (kept | more).mean() <= _MOST_MASKED:
            kept |= more
    return kept, float(everything.mean())


def _dilated(mask: Mask, reach: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _odd_colour(rgb: Uint8) -> Mask:
    """Find pixels whose colour lies far from that of most of the picture."""
    chroma = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2YCrCb)[..., 1:].astype(
        np.float32
    )
    away = np.abs(chroma - np.median(chroma.reshape(-1, 2), axis=0))
    spread = 1.4826 * np.median(away.reshape(-1, 2), axis=0)
    bound = np.maximum(_ODD_CHROMA, _ODD_SPREADS * spread)
    return np.asarray((away > bound).any(axis=-1))


def _vivid(rgb: Uint8) -> Mask:
    high = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    low = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    # low < (1 - saturation) * high, by a table of whole numbers: a picture may be large.
    tone = np.arange(256, dtype=np.float32)
    bound = np.ceil(tone * np.float32(1 - _SATURATION)).astype(np.uint8)
    return np.asarray((low < bound[high]) & (high > 255 * _VALUE))


def _within(rgb: Uint8, colour: Float32, reach: float) -> Mask:
    """Mark where every band lies within ``reach`` of a colour, both ends included."""
    low, high = np.ceil(colour - reach), np.floor(colour + reach)
    low, high = np.clip(low, 0, 256), np.clip(high, -1, 255)
    picture = np.ascontiguousarray(rgb)
    return np.asarray(cv2.inRange(picture, low.astype(float), high.astype(float)) > 0)


def _one_colour(rgb: Uint8, vivid: Mask) -> Mask:
    """Keep vivid pixels of the few colours that many flat pixels share."""
    found = np.zeros_like(vivid)
    if not vivid.any():
        return found
    smooth = cv2.medianBlur(np.ascontiguousarray(rgb), 3)
    colours = (smooth // 32).astype(np.int32)
    codes = (colours[..., 0] * 64 + colours[..., 1] * 8 + colours[..., 2])[vivid]
    names, counts = np.unique(codes, return_counts=True)
    least = max(30, int(_SMALLEST_SHARE * vivid.size))
    for name in names[np.argsort(-counts)][:6]:
        members = vivid.copy()
        members[vivid] = codes == name
        if np.count_nonzero(members) < least:
            break
        colour = np.median(rgb[members].astype(np.float32), axis=0)
        # Colours are whole or half numbers: within 43.75 is below 44.
        same = vivid & _within(rgb, colour, 2 * _FLAT - 0.25)
        near = same & _within(rgb, colour, _FLAT - 0.25)
        # Ground of that colour spreads around its middle; a drawing piles up on it.
        if near.sum() > 0.6 * same.sum() and _has_edges(rgb, same):
            found |= same
    return found


def _has_edges(rgb: Uint8, members: Mask) -> bool:
    """Return whether a region ends in a step: drawings do, natural colours fade."""
    inner = members.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    ring = (cv2.dilate(inner, kernel, iterations=4) > 0) & ~(
        cv2.dilate(inner, kernel, iterations=2) > 0
    )
    if not ring.any():
        return False
    step = np.abs(
        np.median(rgb[members].astype(np.float32), axis=0)
        - np.median(rgb[ring].astype(np.float32), axis=0)
    ).max()
    return bool(step > 3 * _FLAT)


def _labels(
    rgb: Uint8, *, flat: int = _LABEL_FLAT, with_letters: float = _LABEL_WITH_LETTERS
) -> Mask:
    """Find filled rectangles of black or white that hold letters of the other."""
    light = 255 - 3 * _LABEL_FLAT - (flat - _LABEL_FLAT)
    black = np.asarray(cv2.inRange(rgb, (0, 0, 0), (flat, flat, flat)) > 0)
    white = np.asarray(cv2.inRange(rgb, (light, light, light), (255, 255, 255)) > 0)
    mask = np.zeros_like(black)
    for panel, letters in ((black, white), (white, black)):
        _, _, boxes, _ = cv2.connectedComponentsWithStats(panel.astype(np.uint8), connectivity=4)
        for left, top, width, height, area in boxes[1:]:
            if height < _LABEL_LEAST[0] or width < _LABEL_LEAST[1]:
                continue
            spans = width >= _SPANS * panel.shape[1] or height >= _SPANS * panel.shape[0]
            if width * height > (_BAR_LARGEST if spans else _LABEL_LARGEST) * panel.size:
                continue
            window = np.s_[top : top + height, left : left + width]
            if area < _LABEL_FILL * width * height or not letters[window].any():
                continue
            # The soft rim between letter and panel is neither.
            known = cv2.dilate((letters[window]).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
            if np.mean(known | panel[window]) >= with_letters:
                rows = slice(max(0, top - _MARGIN_PX), top + height + _MARGIN_PX)
                mask[rows, max(0, left - _MARGIN_PX) : left + width + _MARGIN_PX] = True
    return mask


def _bars(rgb: Uint8) -> Mask:
    """Find bars of one colour along the four edges."""
    mask = np.zeros(rgb.shape[:2], bool)
    for turns in range(4):
        turned = np.rot90(rgb, turns)
        thick = _bar_thickness(turned)
        if thick:
            np.rot90(mask, turns)[: thick + _MARGIN_PX] = True
    return mask


def _bar_thickness(rgb: Uint8) -> int:
    """Return how many rows from the top belong to one bar, or 0."""
    rows, cols = rgb.shape[:2]
    least = max(4, int(_BAR_THICKNESS * rows))
    if rows < 4 * least or cols < 32:
        return 0
    colour = np.median(rgb[:least].reshape(-1, 3), axis=0)
    # Sky, water or a dark frame that fills the picture is no caption bar.
    most = int(_BAR_LARGEST * rows)
    near = _within(rgb[: most + 7], colour, _BAR_FLAT).mean(axis=1)
    ends = np.flatnonzero(near < _BAR_SHARE)
    thick = int(ends[0]) if ends.size else rows
    if thick < least or thick > most:
        return 0
    beyond = rgb[thick + 2 : thick + 6].astype(np.float32)
    steps = np.abs(beyond - colour).max(axis=-1) > _BAR_STEP
    return thick if steps.mean() > 0.8 and np.mean(near[thick + 2 : thick + 6]) < 0.1 else 0
