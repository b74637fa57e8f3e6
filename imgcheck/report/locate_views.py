"""Views of a placed picture: the part of the reference, the picture, and both on one grid."""

import io
import math
from dataclasses import dataclass

import numpy as np

from imgcheck.case import Located, overview
from imgcheck.case.placing import Candidate
from imgcheck.geo import earth
from imgcheck.geo.measures import Measures
from imgcheck.imaging import Image, transforms, warp
from imgcheck.imaging.pixels import Float32, Float64, Uint8

_LONGEST_PX = 1200
# Ground shown around the footprint, as a share of its longer side: on the map, and on the pair.
_MAP_MARGIN, _PAIR_MARGIN = 0.3, 0.04
_QUALITY = 86


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One image on the page.

    ``matrix`` maps pixels of the posted picture to pixels of the view; ``north_deg`` is clockwise
    from up; ``metres`` per pixel of the view at the picture's centre.
    """

    jpeg: bytes
    size: tuple[int, int]
    matrix: Float64
    north_deg: float | None
    metres: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """The reference around the footprint, the picture, and the pair for a slider."""

    reference: View
    picture: View
    pair: tuple[View, View]


def views(found: Located | Candidate, known: Image) -> Views:
    """Draw the views of a place on a reference; they contain no bytes of the files."""
    measures = Measures(placement=found.placement)
    rgb = found.case.image.rgb()
    return Views(
        reference=_on_reference(known, measures, _MAP_MARGIN),
        picture=_whole(rgb, measures),
        pair=(
            _on_reference(known, measures, _PAIR_MARGIN),
            _on_reference(known, measures, _PAIR_MARGIN, over=rgb),
        ),
    )


def _whole(rgb: Uint8, measures: Measures) -> View:
    rows, cols = rgb.shape[:2]
    factor = min(1.0, _LONGEST_PX / max(rows, cols))
    size = max(1, round(cols * factor)), max(1, round(rows * factor))
    shown = rgb if factor == 1.0 else _bytes(warp.resize(rgb, (size[1], size[0])))
    matrix = np.diag([size[0] / cols, size[1] / rows, 1.0])
    return _view(shown, matrix, measures)


def _on_reference(
    known: Image, measures: Measures, margin: float, *, over: Uint8 | None = None
) -> View:
    """Cut the reference around the footprint, and put the picture over it."""
    shown, matrix = overview.around(
        known,
        measures.placement.registration.matrix,
        measures.shape,
        margin=margin,
        longest_px=_LONGEST_PX,
    )
    if over is not None:
        laid = warp.warp(over, matrix, shown.shape[:2])
        inside = np.isfinite(laid).all(axis=-1)
        shown[inside] = _bytes(laid)[inside]
    return _view(shown, matrix, measures)


def _view(shown: Uint8, matrix: Float64, measures: Measures) -> View:
    matrix = matrix / matrix[2, 2]
    rows, cols = measures.shape
    centre = transforms.apply(matrix, [[cols / 2, rows / 2]])
    slope = earth.ground_slope(measures.matrix @ np.linalg.inv(matrix), centre, measures.system)
    up = np.linalg.solve(slope, [0.0, 1.0])
    north = math.degrees(math.atan2(up[0], -up[1])) % 360
    return View(
        jpeg=_jpeg(shown),
        size=(shown.shape[1], shown.shape[0]),
        matrix=matrix,
        north_deg=None if measures.north_deg is None else north,
        metres=math.sqrt(abs(float(np.linalg.det(slope)))),
    )


def _bytes(values: Float32) -> Uint8:
    return np.clip(np.nan_to_num(np.round(values)), 0, 255).astype(np.uint8)


def _jpeg(rgb: Uint8) -> bytes:
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(rgb)).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
