"""The part of a reference around a placed picture, small enough to look at."""

import cv2
import numpy as np

from imgcheck.imaging import Image, transforms, warp
from imgcheck.imaging.pixels import Float64, Uint8
from imgcheck.imaging.windows import read_rgb

# Ground shown around the footprint on a map, as a share of the footprint's longer side.
_MAP_MARGIN, _MAP_PX = 0.6, 520
_CASING, _OUTLINE = (0, 0, 0), (255, 210, 63)


def around(
    known: Image, to_known: Float64, shape: tuple[int, int], *, margin: float, longest_px: int
) -> tuple[Uint8, Float64]:
    """Cut a reference around a picture of ``shape`` (rows, columns) that lies on it.

    ``to_known`` maps pixels of the picture to pixels of the reference; ``margin`` is the ground
    around its footprint, as a share of the longer side. Returns the cut-out at ``longest_px``, and
    the matrix from pixels of the picture to pixels of the cut-out.
    """
    ring = transforms.apply(to_known, transforms.corners(shape))
    room = margin * float((ring.max(axis=0) - ring.min(axis=0)).max())
    limit = [known.width, known.height]
    low = np.clip(np.floor(ring.min(axis=0) - room), 0, limit).astype(int)
    high = np.clip(np.ceil(ring.max(axis=0) + room), 0, limit).astype(int)
    high = np.maximum(high, low + 1)
    factor = longest_px / float((high - low).max())
    size = [max(1, round(float(n) * factor)) for n in high - low]
    to_view = np.diag([*(np.array(size) / (high - low)), 1.0]) @ np.array(
        [[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]
    )
    (x, y), (width, height) = low.tolist(), (high - low).tolist()
    part = warp.resize(read_rgb(known, (x, y, width, height)), (size[1], size[0]))
    return np.clip(np.nan_to_num(np.round(part)), 0, 255).astype(np.uint8), to_view @ to_known


def outlined(known: Image, to_known: Float64, shape: tuple[int, int]) -> tuple[Uint8, float]:
    """Return a small map: the reference with the outline of a picture that lies on it.

    Returns
    -------
    map : ndarray of shape (M, N, 3), uint8
    scale : float
        Pixels of the map for one of the picture, at its centre.
    """
    shown, matrix = around(known, to_known, shape, margin=_MAP_MARGIN, longest_px=_MAP_PX)
    drawn = np.ascontiguousarray(shown)
    ring = transforms.apply(matrix, transforms.corners(shape))
    points = [np.round(ring * 16).astype(np.int32)]  # in sixteenths of a pixel
    for colour, thick in ((_CASING, 5), (_OUTLINE, 2)):
        cv2.polylines(drawn, points, True, colour, thick, cv2.LINE_AA, shift=4)
    rows, cols = shape
    centre = transforms.apply(matrix, [[cols / 2, rows / 2], [cols / 2 + 1, rows / 2]])
    return drawn, float(np.hypot(*(centre[1] - centre[0])))
