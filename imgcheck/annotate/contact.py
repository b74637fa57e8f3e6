"""A contact sheet of what was missed and what was found wrongly."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from imgcheck.annotate.drawing import COLORS, INK, PAPER, Rgb, font
from imgcheck.annotate.scoring import Matched
from imgcheck.annotate.shapes import enclosing
from imgcheck.annotation import Annotation, centre
from imgcheck.imaging.text import printable

_TILE, _ACROSS, _MOST = 160, 8, 48
_TEXT = 12


def sheet(matches: Sequence[Matched], pictures: Mapping[str, Rgb]) -> Rgb:
    """Return a picture of the missed objects, largest first, then of the false ones, surest first.

    Parameters
    ----------
    matches : sequence of Matched
        From `imgcheck.annotate.scoring.score`.
    pictures : mapping of str to (M, N, 3) uint8
        By the name of ``Matched.picture``; objects of other pictures are left out.

    Returns
    -------
    (M, N, 3) uint8
        At most 48 tiles of each kind, every one four times as wide as its object.
    """
    missed = [(one.picture, item) for one in matches for item in one.missed]
    false = [(one.picture, item) for one in matches for item in one.false]
    missed.sort(key=lambda pair: -_size(pair[1]))
    false.sort(key=lambda pair: -(pair[1].p or pair[1].score or 0.0))
    parts = [
        _part(f"{len(missed)} missed", missed, pictures),
        _part(f"{len(false)} found and not true", false, pictures),
    ]
    return np.concatenate(parts)


def _size(one: Annotation) -> float:
    box = enclosing(one.geometry)
    return max(box.length, box.width)


def _part(title: str, items: list[tuple[str, Annotation]], pictures: Mapping[str, Rgb]) -> Rgb:
    shown = [(name, one) for name, one in items if name in pictures][:_MOST]
    rows = -(-len(shown) // _ACROSS)
    head, step = 2 * _TEXT, _TILE + 2 * _TEXT
    canvas = Image.new("RGB", (_ACROSS * _TILE, head + rows * step), PAPER)
    pen = ImageDraw.Draw(canvas)
    more = "" if len(shown) == len(items) else f" ({len(shown)} of them shown)"
    pen.text((4, head / 2), title + more, INK, font=font(_TEXT + 2), anchor="lm")
    for place, (name, one) in enumerate(shown):
        x, y = place % _ACROSS * _TILE, head + place // _ACROSS * step
        canvas.paste(_tile(pictures[name], one), (x, y))
        certainty = one.p if one.p is not None else one.score
        words = one.name if certainty is None else f"{one.name} {certainty:.2f}"
        pen.text(
            (x + 2, y + _TILE + _TEXT), printable(words, limit=24), INK, font=font(_TEXT),
            anchor="lm",
        )  # fmt: skip
    return np.asarray(canvas, np.uint8)


def _tile(rgb: Rgb, one: Annotation) -> Image.Image:
    """Cut a square around an object, gray outside of the picture, and outline the object."""
    side = max(24.0, 4 * _size(one))
    (x, y), zoom = centre(one.geometry), _TILE / side
    # The affine map of Pillow goes from the tile to the picture, corner to corner.
    cut = (1 / zoom, 0.0, x - side / 2, 0.0, 1 / zoom, y - side / 2)
    tile = Image.fromarray(rgb).transform(
        (_TILE, _TILE), Image.Transform.AFFINE, cut, Image.Resampling.BILINEAR,
        fillcolor=(128, 128, 128),
    )  # fmt: skip
    points = [
        ((u - x + side / 2) * zoom, (v - y + side / 2) * zoom) for u, v in one.geometry.points
    ]
    if len(points) > 1:
        ImageDraw.Draw(tile).line([*points, points[0]], COLORS[one.cls.partition(".")[0]], 1)
    return tile
