"""What people draw on a posted picture: arrows, boxes, caption bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Color = tuple[int, int, int]
RED: Color = (220, 20, 20)
YELLOW: Color = (250, 220, 40)
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """An arrow with its tip at a point of the source picture, coming from ``from_deg``.

    ``from_deg`` is the direction of the tail as seen from the tip, clockwise from up; lengths
    are pixels of the posted picture.
    """

    x: float
    y: float
    from_deg: float = 45.0
    length_px: float = 60.0
    thickness_px: int = 4
    gap_px: float = 12.0
    color: Color = RED


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A drawn rectangle; corners are points of the source picture, sides upright in the posted."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness_px: int = 3
    color: Color = YELLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """An opaque bar with text over the ``top`` or ``bottom`` of the posted picture.

    ``place`` may also be "free": then the bar is only as wide as its text and stands with its
    top left corner at (``x``, ``y``) of the source picture. Latin letters only.
    """

    text: str
    place: str = "bottom"
    bar_px: int = 44
    x: float = 0.0
    y: float = 0.0
    ink: Color = WHITE
    bar: Color = BLACK


Annotation = Arrow | Frame | Caption


def _moved(matrix: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    """Map a source point to the posted picture (corner convention)."""
    point = matrix @ np.array([x, y, 1.0])
    return np.asarray(point[:2] / point[2])


def _fixed(point: NDArray[np.float64]) -> tuple[int, int]:
    """Return a point in OpenCV's sixteenths of a pixel, centre = 0."""
    x, y = np.round((point - 0.5) * 16).astype(int)
    return int(x), int(y)


def _draw_arrow(canvas: NDArray[np.uint8], item: Arrow, matrix: NDArray[np.float64]) -> None:
    angle = np.deg2rad(item.from_deg)
    back = np.array([np.sin(angle), -np.cos(angle)])
    tip = _moved(matrix, item.x, item.y) + back * item.gap_px
    tail = tip + back * item.length_px
    side = np.array([-back[1], back[0]])
    head = 3.2 * item.thickness_px
    neck = tip + back * head
    cv2.line(canvas, _fixed(tail), _fixed(neck), item.color, item.thickness_px, cv2.LINE_AA, 4)
    corners = [tip, neck + side * head * 0.55, neck - side * head * 0.55]
    polygon = np.array([_fixed(corner) for corner in corners], np.int32)
    cv2.fillPoly(canvas, [polygon], item.color, cv2.LINE_AA, 4)


def _draw_frame(canvas: NDArray[np.uint8], item: Frame, matrix: NDArray[np.float64]) -> None:
    corners = np.array(
        [_moved(matrix, x, y) for x in (item.x0, item.x1) for y in (item.y0, item.y1)]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    cv2.rectangle(canvas, _fixed(low), _fixed(high), item.color, item.thickness_px, cv2.LINE_AA, 4)


def _draw_caption(canvas: NDArray[np.uint8], item: Caption, matrix: NDArray[np.float64]) -> None:
    rows, cols = canvas.shape[:2]
    face, thickness = cv2.FONT_HERSHEY_DUPLEX, 1
    scale = item.bar_px / 50.0
    (width, height), _ = cv2.getTextSize(item.text, face, scale, thickness)
    if item.place != "free" and width > cols - 16:
        scale *= (cols - 16) / width
        (width, height), _ = cv2.getTextSize(item.text, face, scale, thickness)
    if item.place == "free":
        left, top = (int(v) for v in np.round(_moved(matrix, item.x, item.y)))
        right = left + width + 16
    else:
        left, right = 0, cols
        top = 0 if item.place == "top" else rows - item.bar_px
    cv2.rectangle(canvas, (left, top), (right - 1, top + item.bar_px - 1), item.bar, cv2.FILLED)
    origin = (left + max(8, (right - left - width) // 2), top + (item.bar_px + height) // 2)
    cv2.putText(canvas, item.text, origin, face, scale, item.ink, thickness, cv2.LINE_AA)


def annotate(
    rgb: NDArray[np.uint8], annotations: Sequence[Annotation], *, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw annotations on a copy; return it with the mask of the pixels they touch.

    Their points are those of the source picture; ``matrix`` (3, 3) maps them to ``rgb``.
    """
    drawn = rgb.copy()
    # The same strokes on black and on white: a pixel that keeps both was not touched. This
    # finds strokes of any colour, also one that happens to equal the picture.
    dark, bright = np.zeros_like(rgb), np.full_like(rgb, 255)
    for item in annotations:
        for canvas in (drawn, dark, bright):
            if isinstance(item, Arrow):
                _draw_arrow(canvas, item, matrix)
            elif isinstance(item, Frame):
                _draw_frame(canvas, item, matrix)
            else:
                _draw_caption(canvas, item, matrix)
    mask = (dark != 0).any(axis=2) | (bright != 255).any(axis=2)
    return drawn, np.asarray(mask, np.bool_)
