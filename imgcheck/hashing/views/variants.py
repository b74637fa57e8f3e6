"""The views of a query picture that are hashed: as it is, and without what was put on it.

A frame, a colour map or drawn arrows make the hash that of another picture. Each view undoes one
of them and is tried in all orientations and polarities, so each counts in the number of tests.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.perceptual import PdqHash, pdq_dihedral
from imgcheck.hashing.views import overlays
from imgcheck.hashing.views.palettes import recover
from imgcheck.hashing.views.rectangles import Rectangle, content_rectangles
from imgcheck.imaging import annotations

# Strokes are filled from beside them in a picture of this side: finer than the hash sees.
_FILL_SIDE = 384
# Less drawn over than this moves only a few bits; more than half is no picture any more.
_LEAST_DRAWN, _MOST_DRAWN = 0.002, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One view of a picture with its hashes.

    Attributes
    ----------
    name : str
        ``"whole"``, ``"palette NAME"``, ``"without strokes"``, ``"without flat parts"``, or the
        kind of a rectangle.
    rectangle : Rectangle or None
        What was cut out; None for the whole picture.
    hashes : dict
        From each of `ORIENTATIONS` to its `PdqHash`.
    """

    name: str
    rectangle: Rectangle | None
    hashes: dict[str, PdqHash]


def variants(
    rgb: NDArray[np.uint8], *, drawn: NDArray[np.bool_] | None = None
) -> tuple[Variant, ...]:
    """Give every view of a picture that is worth a search.

    Parameters
    ----------
    rgb : (M, N, 3) uint8
    drawn : (M, N) bool, optional
        True = drawn over, as `imaging.annotations.find` gives it; found here if absent.

    Returns
    -------
    tuple of Variant
        The whole picture first; at most twelve. Views that cannot be hashed are left out, but
        for the first.
    """
    views: list[tuple[str, Rectangle | None, NDArray[np.uint8]]] = [("whole", None, rgb)]
    coloured = recover(rgb)
    if coloured is not None:
        views.append((f"palette {coloured.name}", None, coloured.gray))
    surely = annotations.find(rgb) if drawn is None else drawn
    thin, flat = surely | overlays.strokes(rgb), surely | overlays.flat_parts(rgb)
    for name, mask in (("without strokes", thin), ("without flat parts", flat)):
        if _LEAST_DRAWN <= mask.mean() <= _MOST_DRAWN and not (mask is flat and _alike(thin, flat)):
            views.append((name, None, filled(rgb, mask)))
    views += [(found.kind, found, found.cut(rgb)) for found in content_rectangles(rgb)]
    made = [Variant(name=n, rectangle=r, hashes=pdq_dihedral(pixels)) for n, r, pixels in views]
    return (made[0], *(v for v in made[1:] if v.hashes["original"].hashable))


def _alike(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool(np.mean(one != other) < _LEAST_DRAWN)


def filled(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give a small copy of a picture with masked pixels filled smoothly from beside them.

    Parameters
    ----------
    rgb : (M, N, 3) uint8
    mask : (M, N) bool
        True = to be filled.

    Returns
    -------
    (m, n, 3) uint8
        At most 384 pixels a side.

    Notes
    -----
    Means over clean pixels, from coarse to fine (a pyramid): what the low frequencies of a hash
    need, at a hundredth of the time of filling in texture.
    """
    rows, cols = rgb.shape[:2]
    shrink = min(1.0, _FILL_SIDE / max(rows, cols))
    size = (max(1, round(cols * shrink)), max(1, round(rows * shrink)))
    clean = (~mask).astype(np.uint8)
    # Bytes are shrunk ten times as fast as floats; half a level is nothing here.
    weighted = cv2.resize(rgb * clean[..., None], size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(clean * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    levels = [(weighted.astype(np.float32), weight[..., None].astype(np.float32) / 255)]
    while min(levels[-1][1].shape[:2]) > 2:
        finer = levels[-1]
        half = ((finer[0].shape[1] + 1) // 2, (finer[0].shape[0] + 1) // 2)
        less, part = (cv2.resize(v, half, interpolation=cv2.INTER_AREA) for v in finer)
        levels.append((np.asarray(less, np.float32), np.asarray(part[..., None], np.float32)))
    values, share = levels[-1]
    out: NDArray[np.floating] = values / np.maximum(share, 1e-3)
    for values, share in reversed(levels[:-1]):
        coarse = cv2.resize(out, values.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        # Partly masked pixels take the rest of their weight from the coarser level.
        out = values + (1 - share) * coarse
    return np.clip(np.round(out), 0, 255).astype(np.uint8)
