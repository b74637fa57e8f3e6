"""Find out whether things moved between two pictures of one ground, where these differ.

In a picture that was altered something was taken away or put in. Between two frames of one camera
a vehicle stands in one place in the first and in another place in the second: what is new in one of
the differing places agrees, displaced, with what is gone from one of them.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from imgcheck.imaging.pixels import Float32, Mask

# Benchmarks: relation. Vehicles that were moved agree displaced by .89 to .99; what was pasted,
# cloned or inpainted by .85 at most, or hardly better than where it lies (edges).
_AGREES, _BETTER = 0.88, 0.25
_LEAST_MOVE_PX = 2.0
# A thing stands out from the ground around its place by so many gray levels more than the other
# picture does there.
_STANDS_OUT, _AROUND_PX, _RIM_PX = 8.0, 12, 3
_LEAST_PX, _LEAST_SIDE, _LEAST_SPREAD = 40, 5, 10.0
# Time grows with the square of the places; the largest are looked at.
_MOST_PLACES = 20

Box = tuple[int, int, int, int]  # left, top, right, bottom


def anything(picture: Float32, known: Float32, boxes: Sequence[Box]) -> bool:
    """Return whether a thing in one of the differing places lies elsewhere among them in the other.

    ``picture`` and ``known`` (M, N) are in gray levels of 255 on one grid, in the same tones;
    ``boxes`` hold where they differ.
    """
    places = sorted(boxes, key=lambda box: -(box[2] - box[0]) * (box[3] - box[1]))[:_MOST_PLACES]
    return any(
        _lies_in(one, other, part, place)
        for box in places
        for one, other in ((picture, known), (known, picture))
        for part in _things(one, other, box)
        for place in places
    )


def _things(one: Float32, other: Float32, box: Box) -> Iterator[tuple[slice, slice]]:
    """Yield the parts of a place in which a picture stands out and the other does not."""
    left, top, right, bottom = box
    around = np.s_[
        max(0, top - _AROUND_PX) : bottom + _AROUND_PX,
        max(0, left - _AROUND_PX) : right + _AROUND_PX,
    ]
    y0, x0 = around[0].start, around[1].start
    inside: Mask = np.zeros(one[around].shape, bool)
    inside[
        max(0, top - _RIM_PX - y0) : bottom + _RIM_PX - y0,
        max(0, left - _RIM_PX - x0) : right + _RIM_PX - x0,
    ] = True
    if inside.all():
        return
    here, there = (_out(gray[around], inside) for gray in (one, other))
    new = ((here > there + _STANDS_OUT) & inside).astype(np.uint8)
    new = np.asarray(cv2.morphologyEx(new, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    _, _, found, _ = cv2.connectedComponentsWithStats(new)
    rows, cols = one.shape
    for x, y, wide, high, area in found[1:]:
        if area >= _LEAST_PX and min(wide, high) >= _LEAST_SIDE:
            yield (
                slice(max(0, y0 + y - 2), min(rows, y0 + y + high + 2)),
                slice(max(0, x0 + x - 2), min(cols, x0 + x + wide + 2)),
            )


def _out(gray: Float32, inside: Mask) -> Float32:
    soft = np.asarray(cv2.GaussianBlur(gray, (0, 0), 1.0), np.float32)
    return np.abs(soft - np.median(soft[~inside])).astype(np.float32)


def _lies_in(one: Float32, other: Float32, part: tuple[slice, slice], place: Box) -> bool:
    """Return whether what is in a part of one picture lies in a place of the other."""
    thing = one[part].copy()
    if thing.std() < _LEAST_SPREAD:
        return False
    (high, wide), (rows, cols) = thing.shape, other.shape
    top, left = part[0].start, part[1].start
    # Its middle must lie in the place.
    y0 = max(0, place[1] - _RIM_PX - high // 2)
    x0 = max(0, place[0] - _RIM_PX - wide // 2)
    y1 = min(rows, place[3] + _RIM_PX + high - high // 2)
    x1 = min(cols, place[2] + _RIM_PX + wide - wide // 2)
    if y1 - y0 < high or x1 - x0 < wide:
        return False
    found = cv2.matchTemplate(other[y0:y1, x0:x1].copy(), thing, cv2.TM_CCOEFF_NORMED)
    y, x = np.ogrid[y0 : y0 + found.shape[0], x0 : x0 + found.shape[1]]
    found[(y - top) ** 2 + (x - left) ** 2 < _LEAST_MOVE_PX**2] = -1
    row, col = divmod(int(found.argmax()), found.shape[1])
    best = float(found[row, col])
    there = np.s_[y0 + row : y0 + row + high, x0 + col : x0 + col + wide]
    # Neither here nor there do the two pictures agree.
    return best >= _AGREES and all(
        best >= _BETTER + alike(one[at], other[at]) for at in (part, there)
    )


def alike(one: Float32, other: Float32) -> float:
    """Return the correlation; even ground, where there is but rounding, agrees with nothing."""
    a, b = one - one.mean(), other - other.mean()
    return float(np.mean(a * b) / np.sqrt((np.mean(a * a) + 1) * (np.mean(b * b) + 1)))
