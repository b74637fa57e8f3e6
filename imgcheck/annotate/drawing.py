"""Draw annotations on a copy of a picture: outlines, labels, scale, north, and what is confirmed.

The same input gives the same bytes with the same version of Pillow.
"""

import io
import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imgcheck.annotate import leaders
from imgcheck.annotation import AnnotatedPicture, Annotation, Dot, Point2, centre
from imgcheck.imaging.text import printable
from imgcheck.quantity import significant

Rgb = NDArray[np.uint8]
Color = tuple[int, int, int]

# Okabe and Ito's colours, which the colour-blind can distinguish.
COLORS: dict[str, Color] = {
    "vehicle": (230, 159, 0),
    "crater": (86, 180, 233),
    "scorch": (204, 121, 167),
    "earthwork": (0, 158, 115),
    "structure": (240, 228, 66),
    "other": (213, 94, 0),
}
INK, PAPER, _FAINT = (20, 20, 20), (250, 250, 248), (120, 120, 120)
_STATES = {
    "accepted": "accepted by a person",
    "proposed": "proposal, not confirmed",
    "rejected": "rejected by a person",
}
# A small picture is enlarged by whole pixels to about this width, so that labels do not hide it.
_WIDE_ENOUGH, _MOST_ENLARGED = 800, 4
_LABEL_CHARACTERS = 44


@dataclass(frozen=True, slots=True)
class _Style:
    """Sizes that follow from the size of the drawing."""

    zoom: int
    text: int
    line: int
    margin: int
    #: Farther from the corner nothing is drawn.
    reach: float

    @property
    def row(self) -> int:
        return round(1.45 * self.text)

    def ring(self, one: Annotation) -> list[Point2]:
        """Return an outline in pixels of the drawing; what lies far outside is moved nearer."""
        return [self.place(*point) for point in one.geometry.points]

    def place(self, x: float, y: float) -> Point2:
        """Return a point of the picture in pixels of the drawing."""
        x, y = (min(max(v * self.zoom, -self.reach), self.reach) for v in (x, y))
        return self.margin + x, y


def draw(rgb: Rgb, picture: AnnotatedPicture, *, caption: str = "") -> Rgb:
    """Draw the annotations of a picture on a copy of it, with labels in margins.

    Parameters
    ----------
    rgb : (M, N, 3) uint8
    picture : AnnotatedPicture
        Its annotations, scale and north; what is unknown is stated as unknown.
    caption : str, optional
        One line under the picture, such as the model and its threshold.

    Returns
    -------
    (M', N', 3) uint8
        Larger than the picture: margins with labels left and right, a strip with scale, north and
        legend below. Pictures narrower than 800 pixels are enlarged by whole pixels.

    Notes
    -----
    Outlines are solid where a person accepted the object, dashed for a proposal, and crossed where
    rejected. Where there are more objects than rows for labels, the most certain have one.
    """
    rows, columns = rgb.shape[:2]
    kept = picture.annotations
    style = _style(columns, rows)
    shown = Image.fromarray(rgb).resize(
        (columns * style.zoom, rows * style.zoom), Image.Resampling.NEAREST
    )
    labelled = _labelled(kept, max(2, 2 * ((shown.height - style.row) // style.row)))
    widest = max((font(style.text).getlength(_words(*one)) for one in labelled), default=0)
    style = replace(style, margin=math.ceil(widest) + style.text if labelled else 0)
    wide = max(shown.width + 2 * style.margin, 40 * style.text)
    strip = _strip(picture, wide, style, caption, len(labelled))
    canvas = Image.new("RGB", (wide, shown.height + strip.height), PAPER)
    canvas.paste(shown, (style.margin, 0))
    canvas.paste(strip, (0, shown.height))
    pen = ImageDraw.Draw(canvas)
    for one in kept:
        _outline(pen, one, style)
    _labels(pen, labelled, style, shown.size)
    return np.asarray(canvas, np.uint8)


def png(rgb: Rgb) -> bytes:
    """Return a drawing as PNG."""
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _style(columns: int, rows: int) -> _Style:
    zoom = max(1, min(_MOST_ENLARGED, _WIDE_ENOUGH // max(columns, 1)))
    size = max(1.0, max(columns, rows) * zoom / 1600)
    text = round(14 * size)
    return _Style(
        zoom=zoom,
        text=text,
        line=max(1, round(1.6 * size)),
        margin=0,
        reach=4.0 * max(columns, rows) * zoom,
    )


@cache
def font(size: int) -> Any:
    """Return the font that Pillow brings along, in pixels."""
    return ImageFont.load_default(size)


def _color(one: Annotation) -> Color:
    if one.state == "rejected":
        return _FAINT
    return COLORS[one.cls.partition(".")[0]]


def _outline(pen: ImageDraw.ImageDraw, one: Annotation, style: _Style) -> None:
    """Draw one outline in its colour on a dark rim, so that it is visible on any ground."""
    ring = style.ring(one)
    color, wide = _color(one), style.line
    if isinstance(one.geometry, Dot):
        (x, y), reach = ring[0], 4 * wide
        ring = [(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)]
    closed = [*ring, ring[0]]
    pen.line(closed, INK, wide + 2)
    if one.state == "proposed":
        for dash in _dashes(closed, 5.0 * wide + 2):
            pen.line(dash, color, wide)
    else:
        pen.line(closed, color, wide)
    if one.state == "rejected":
        pen.line([ring[0], ring[len(ring) // 2]], color, wide)
        quarter = len(ring) // 4
        pen.line([ring[quarter], ring[quarter + len(ring) // 2]], color, wide)


def _dashes(ring: list[Point2], step: float) -> list[list[Point2]]:
    """Cut a closed line into dashes of a length, with gaps of the same length."""
    found, on, left = [], True, step
    for (x0, y0), (x1, y1) in pairwise(ring):
        length, done = math.hypot(x1 - x0, y1 - y0), 0.0
        while done < length:
            end = min(length, done + left)
            if on:
                a, b = done / length, end / length
                found.append(
                    [
                        (x0 + a * (x1 - x0), y0 + a * (y1 - y0)),
                        (x0 + b * (x1 - x0), y0 + b * (y1 - y0)),
                    ]
                )
            left -= end - done
            done = end
            # Rounding can leave a rest too short to move on.
            if left <= 1e-6:
                on, left = not on, step
    return found


def _labelled(kept: tuple[Annotation, ...], most: int) -> list[tuple[int, Annotation]]:
    """Return the annotations that have a label, numbered from 1 in the order of the file."""
    numbered = list(enumerate(kept, 1))
    order = {"accepted": 0, "proposed": 1, "rejected": 2}
    best = sorted(numbered, key=lambda n: (order[n[1].state], -_certainty(n[1]), n[0]))
    return sorted(best[:most], key=lambda n: n[0])


def _certainty(one: Annotation) -> float:
    return one.p if one.p is not None else one.score if one.score is not None else 0.0


def _words(number: int, one: Annotation) -> str:
    """Return the label of one annotation."""
    parts = [f"{number}: {one.name}"]
    if one.p is not None:
        parts.append(f"p {one.p:.2f}")
    sides = [one.measures[k] for k in ("length", "width") if k in one.measures]
    sides = sides or [one.measures[k] for k in ("diameter",) if k in one.measures]
    if sides:
        size = " x ".join(f"{m.value:.1f}" for m in sides)
        errors = [m.sigma for m in sides if m.sigma is not None]
        error = f" ± {max(errors):.1f}" if errors else ""
        parts.append(f"{size}{error} {sides[0].unit}")
    return printable(", ".join(parts), limit=_LABEL_CHARACTERS)


def _labels(
    pen: ImageDraw.ImageDraw,
    labelled: list[tuple[int, Annotation]],
    style: _Style,
    size: tuple[int, int],
) -> None:
    """Write labels in both margins and draw their leader lines."""
    if not labelled:
        return
    (wide, high), margin = size, style.margin
    centres = np.array([style.place(*centre(one.geometry)) for _, one in labelled])
    heights = np.arange(style.row, max(high, 2 * style.row), style.row, dtype=float)
    sides = [np.column_stack([np.full_like(heights, x), heights]) for x in (margin, margin + wide)]
    ports = np.concatenate(sides)
    chosen = leaders.assign(centres, ports)
    for (number, one), start, port in zip(labelled, centres, ports[chosen], strict=True):
        end = (float(port[0]), float(port[1]))
        begin = _leaving(one, (float(start[0]), float(start[1])), end, style)
        pen.line([begin, end], _color(one), 1)
        left = port[0] <= margin
        gap = style.text // 2
        pen.text(
            (end[0] - gap if left else end[0] + gap, end[1]),
            _words(number, one),
            INK,
            font=font(style.text),
            anchor="rm" if left else "lm",
        )


def _leaving(one: Annotation, start: Point2, end: Point2, style: _Style) -> Point2:
    """Return the point where the line from an object's centre leaves its outline."""
    ring = style.ring(one)
    (x0, y0), (x1, y1) = start, end
    farthest = 0.0
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        across = (x1 - x0) * (by - ay) - (y1 - y0) * (bx - ax)
        if abs(across) < 1e-9:
            continue
        along = ((ax - x0) * (by - ay) - (ay - y0) * (bx - ax)) / across
        share = ((ax - x0) * (y1 - y0) - (ay - y0) * (x1 - x0)) / across
        if 0 <= share <= 1 and 0 <= along <= 1:
            farthest = max(farthest, along)
    return x0 + farthest * (x1 - x0), y0 + farthest * (y1 - y0)


def _strip(
    picture: AnnotatedPicture, wide: int, style: _Style, caption: str, labelled: int
) -> Image.Image:
    """Return the strip with scale bar, north and legend."""
    row, gap = style.row, style.text
    present = [s for s in _STATES if any(a.state == s for a in picture.annotations)]
    kinds = [k for k in COLORS if any(a.cls.partition(".")[0] == k for a in picture.annotations)]
    notes = [printable(caption, limit=200)] if caption else []
    if labelled < len(picture.annotations):
        notes.append(f"{labelled} of {len(picture.annotations)} objects have a label")
    lines = max(2, len(present), len(kinds)) + len(notes)
    strip = Image.new("RGB", (wide, gap + lines * row + gap // 2), PAPER)
    pen = ImageDraw.Draw(strip)
    third = wide // 3
    _scale_bar(pen, picture, (gap, gap), third - 2 * gap - 5 * row, style)
    _north(pen, picture.north_deg, (third - 4 * row, gap + row), style)
    for number, state in enumerate(present):
        at = (third + gap, gap + number * row + row // 2)
        _sample(pen, state, at, style)
        count = sum(a.state == state for a in picture.annotations)
        words = f"{_STATES[state]} ({count})"
        pen.text((at[0] + 3 * gap, at[1]), words, INK, font=font(style.text), anchor="lm")
    for number, kind in enumerate(kinds):
        x, y = 2 * third + gap, gap + number * row + row // 2
        pen.rectangle((x, y - gap // 2, x + 2 * gap, y + gap // 2), COLORS[kind], INK)
        count = sum(a.cls.partition(".")[0] == kind for a in picture.annotations)
        pen.text((x + 3 * gap, y), f"{kind} ({count})", INK, font=font(style.text), anchor="lm")
    for number, words in enumerate(notes, lines - len(notes)):
        at = (gap, gap + number * row + row // 2)
        pen.text(at, words, INK, font=font(style.text), anchor="lm")
    return strip


def _sample(pen: ImageDraw.ImageDraw, state: str, at: Point2, style: _Style) -> None:
    x, y = at
    ends = [(x, y), (x + 2 * style.text, y)]
    color = _FAINT if state == "rejected" else INK
    lines = _dashes(ends, 5.0 * style.line + 2) if state == "proposed" else [ends]
    for line in lines:
        pen.line(line, color, style.line + 1)


def _scale_bar(
    pen: ImageDraw.ImageDraw, picture: AnnotatedPicture, at: Point2, most: int, style: _Style
) -> None:
    """Draw a bar of a round length, with its error, or state that the scale is unknown."""
    (x, y), face = at, font(style.text)
    gsd = picture.gsd_m
    if gsd is None:
        pen.text((x, y), "scale unknown: no sizes in metres", INK, font=face)
        return
    metres = bar_length(gsd * most / style.zoom)
    pixels = metres / gsd * style.zoom
    middle, tick = y + style.row / 2, style.text // 3
    pen.line([(x, middle), (x + pixels, middle)], INK, style.line + 1)
    for end in (x, x + pixels):
        pen.line([(end, middle - tick), (end, middle + tick)], INK, style.line + 1)
    error = "error not known"
    if picture.gsd_sigma_m is not None:
        error = f"± {significant(1.96 * picture.gsd_sigma_m / gsd * metres, 2)} m (95 %)"
    pen.text((x, y + style.row), f"{metres:g} m {error}", INK, font=face)


def bar_length(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most ``most``.

    Examples
    --------
    >>> bar_length(7.3), bar_length(49), bar_length(0.21)
    (5.0, 20.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= most * (1 + 1e-9))


def _north(pen: ImageDraw.ImageDraw, north_deg: float | None, at: Point2, style: _Style) -> None:
    """Draw an arrow to north, or state that it is unknown."""
    (x, y), reach, face = at, style.row, font(style.text)
    if north_deg is None:
        pen.text((x, y), "north unknown", INK, font=face, anchor="mm")
        return
    turn = math.radians(north_deg)
    ax, ay = math.sin(turn), -math.cos(turn)
    tip = (x + 0.8 * reach * ax, y + 0.8 * reach * ay)
    tail = (x - 0.8 * reach * ax, y - 0.8 * reach * ay)
    neck = (x + 0.3 * reach * ax, y + 0.3 * reach * ay)
    side = (0.25 * reach * -ay, 0.25 * reach * ax)
    pen.line([tail, neck], INK, style.line + 1)
    wings = [(neck[0] + s * side[0], neck[1] + s * side[1]) for s in (1, -1)]
    pen.polygon([tip, *wings], INK)
    pen.text((x + reach, y), "N", INK, font=face, anchor="lm")
