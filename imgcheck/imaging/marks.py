"""Writing and redactions, from the picture alone: lines of letters, patches of one tone.

For work that can spare some ground. A blurred patch looks like water or haze and a pixelated one
like roofs and streets; without a known copy of the picture they are not certain.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging.pixels import Mask, Uint8

# Letters: near white or black, standing out from what is broader, in gray levels.
_WHITE, _BLACK, _STANDS_OUT = 190, 60, 50
# Height in pixels; width as a share of it; what is filled of the box.
_HEIGHT, _WIDTH, _FILLED = (6, 64), (0.1, 2.0), (0.1, 0.9)
# A line: letters on one base line, no farther apart than this, of not too different heights; of
# heights all. Marks on roads and cars in a row are all alike; of letters the width by the height
# and the filled share of the box vary by this much together.
_BASE, _APART, _TALLER, _LEAST_LETTERS, _VARIETY = 0.2, 1.3, 1.5, 6, 0.12
# Letters that were lost at the ends of a line, as a share of their height.
_RIM = 0.15
# In a maze of bright details every row would be a line; of a picture no more is written over.
_MOST_MARKS, _MOST_WRITTEN = 1500, 0.1
# Patches: this even, in gray levels over 5 x 5 pixels; rectangles by this share; of the picture.
_EVEN, _RECTANGLE, _LEAST_SIDE, _LARGEST = 7, 0.8, 16, 0.15
# The ground beyond their edge differs by this many levels along this share of it.
_STEP, _STEPPED = 14, 0.6


def writing(rgb: Uint8) -> Mask:
    """Mark lines of white or black letters."""
    low, high = rgb.min(axis=2), rgb.max(axis=2)
    found = np.zeros(low.shape, bool)
    window = np.ones((13, 13), np.uint8)
    for ink in (
        (low >= _WHITE) & (cv2.morphologyEx(low, cv2.MORPH_TOPHAT, window) >= _STANDS_OUT),
        (high <= _BLACK) & (cv2.morphologyEx(high, cv2.MORPH_BLACKHAT, window) >= _STANDS_OUT),
    ):
        for left, top, right, bottom in _lines(np.asarray(ink)):
            found[top:bottom, left:right] = True
    return found if found.mean() <= _MOST_WRITTEN else np.zeros_like(found)


def _lines(ink: Mask) -> list[tuple[int, int, int, int]]:
    """Return the boxes of lines of letters: left, top, right, bottom."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    if count < _LEAST_LETTERS:
        return []
    left, top, wide, high, area = boxes[1:].T.astype(float)
    share = area / (wide * high)
    letter = (high >= _HEIGHT[0]) & (high <= _HEIGHT[1]) & (share >= _FILLED[0])
    letter &= (wide >= _WIDTH[0] * high) & (wide <= _WIDTH[1] * high)
    # An upright stroke fills its box.
    letter &= (share <= _FILLED[1]) | (wide < 0.4 * high)
    marks = np.stack([left, top, left + wide, top + high], axis=1)[letter]
    shapes = np.stack([wide / high, share], axis=1)[letter]
    if not _LEAST_LETTERS <= len(marks) <= _MOST_MARKS:
        return []
    tall = marks[:, 3] - marks[:, 1]
    larger = np.maximum(tall[:, None], tall)
    near = np.abs(marks[:, None, 3] - marks[:, 3]) <= _BASE * larger
    near &= larger <= _TALLER * np.minimum(tall[:, None], tall)
    gap = np.maximum(marks[:, None, 0], marks[:, 0]) - np.minimum(marks[:, None, 2], marks[:, 2])
    near &= gap <= _APART * larger
    found = []
    for members in _groups(near):
        line = marks[members]
        variety = float(shapes[members].std(axis=0).sum())
        if len(line) >= _LEAST_LETTERS and variety >= _VARIETY:
            rim = 3 + round(_RIM * float(np.median(line[:, 3] - line[:, 1])))
            low, high_ = line.min(axis=0).astype(int) - rim, line.max(axis=0).astype(int) + rim
            found.append((max(0, low[0]), max(0, low[1]), int(high_[2]), int(high_[3])))
    return found


def _groups(near: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the members of each group of neighbours of neighbours."""
    left, found = np.ones(len(near), bool), []
    while left.any():
        members = np.zeros(len(near), bool)
        members[np.argmax(left)] = True
        while True:
            more = near[members].any(axis=0) | members
            if (more == members).all():
                break
            members = more
        left &= ~members
        found.append(np.flatnonzero(members))
    return found


def redactions(rgb: Uint8) -> Mask:
    """Mark upright rectangles of one tone with sharp edges."""
    gray = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    window = np.ones((5, 5), np.uint8)
    even = (cv2.dilate(gray, window) - cv2.erode(gray, window) <= _EVEN).astype(np.uint8)
    found = np.zeros(gray.shape, bool)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(even, connectivity=4)
    _, _, wide, high, area = boxes[1:].T
    filled = area / (wide * high)
    large = (np.minimum(wide, high) >= _LEAST_SIDE) & (filled >= _RECTANGLE)
    large &= wide * high <= _LARGEST * gray.size
    for box in boxes[1:][large]:
        part = _edged(gray, *(int(v) for v in box[:4]))
        if part is not None:
            found[part] = True
    return found


def _edged(gray: Uint8, left: int, top: int, wide: int, high: int) -> tuple[slice, slice] | None:
    """Return the whole of an even rectangle if the ground differs all around it."""
    # The window that measures evenness takes 2 pixels off each side.
    tone = int(np.median(gray[top : top + high, left : left + wide]))
    y0, y1, x0, x1 = top - 2, top + high + 2, left - 2, left + wide + 2
    beyond = [
        line.astype(int)
        for line in (
            gray[max(0, y0 - 4) : max(0, y0 - 2), x0:x1],
            gray[y1 + 2 : y1 + 4, x0:x1],
            gray[y0:y1, max(0, x0 - 4) : max(0, x0 - 2)],
            gray[y0:y1, x1 + 2 : x1 + 4],
        )
        if line.size
    ]
    if len(beyond) < 3 or any(np.mean(np.abs(b - tone) > _STEP) < _STEPPED for b in beyond):
        return None
    return slice(max(0, y0 - 1), y1 + 1), slice(max(0, x0 - 1), x1 + 1)
