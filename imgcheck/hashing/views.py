"""The views of a query picture that are hashed: as it is, and without what was put over it.

A frame, a colour map or drawn arrows make the hash that of another picture. Each view undoes one
of them and is tried in all orientations and polarities, so each counts in the number of tests.

Drawn parts are detected in any colour, white, black and gray included. `imaging.annotations` marks
only what is certainly drawn, because its mask takes evidence away. Here a roof that is masked by
mistake costs nothing but one more view of the query, so that more is taken: every colour that is
concentrated in flat places and ends in a step.

Thermal and height pictures are posted in colour maps: jet, turbo, inferno and their like. Where
brightness along the map rises and falls (jet, turbo, hsv), the hash of the coloured picture is that
of another picture; so the colours are read back into the scalar that made them.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.perceptual import PdqHash, pdq_dihedral
from imgcheck.hashing.rectangles import Rectangle, content_rectangles
from imgcheck.imaging import annotations

# Strokes are filled from beside them in a picture of this side: finer than the hash sees.
_FILL_SIDE = 384
# Less drawn over than this moves only a few bits; more than half is no picture any more.
_LEAST_DRAWN, _MOST_DRAWN = 0.002, 0.5
# Strokes are a few pixels wide at the first; areas are still flat at the second.
_STROKE_SIDE, _AREA_SIDE = 512, 320
# JPEG leaves drawn areas nearly flat; beside letters and strokes its colour differs by more.
_FLAT, _SAME, _NEAR = 5, 20, 48
_LEAST_SHARE, _MOST_SHARE = 1.5e-3, 0.15
_COLOURS = 12
# Of the pixels near a drawn colour this part has it, and its surroundings are this far from it.
_PILED, _STEP = 0.7, 45
_BOX_FILL, _BOX_LEAST, _BOX_MOST_SHARE = 0.55, 10, 0.12
_RIM_STEP, _RIM_SHARE = 28, 0.7
_STROKE_MARGIN_PX, _AREA_MARGIN_PX = 3, 2
# Strokes are thinner than the window, and this far from what lies beside them.
_WINDOW, _STROKE_STEP = 11, 40
# Ground has thin bright things too, but not of one colour and of such length (share of a side).
_STROKE_SAME, _STROKE_CELL_BITS, _LENGTH_SHARE = 40, 5, 0.05
# Of all thin parts of a drawn colour 0.7 to 1 are long; of ground's colours at most 0.46.
_STROKE_COLOURS, _LONG_SHARE = 20, 0.6
# The tables that OpenCV 4.10 and 5.0 have in common, but for "pink", which is the colour of bare
# ground and only a change of tone, and "twilight_shifted", which has the colours of "twilight".
NAMES = (
    "autumn", "bone", "jet", "winter", "rainbow", "ocean", "summer", "spring", "cool", "hsv",
    "hot", "parula", "magma", "inferno", "plasma", "viridis", "cividis", "twilight",
    "turbo", "deepgreen",
)  # fmt: skip
# Pixels looked at along the longer side, and the flattest share of them that is used: at edges
# halved chroma and shrinking mix colours that lie far apart on the map.
_SAMPLES, _FLATTEST, _ASKED = 320, 0.1, 2000
_FIRST_LOOK = 128
# benchmarks: global_hashes, part "palettes". Distances in grey levels (root mean square of the
# three channels) of pictures saved as JPEG 70 with halved chroma from their own map; of ordinary
# pictures the nearest stays above.
_MIDDLE, _MOST = 6.0, 16.0
# Nearer to the map than to plain gray by this factor, or it is a gray or tinted picture; and by
# more if only a short part of the map is used, which may be a tint by chance.
_WIDE, _NARROW, _WIDE_RANGE, _LEAST_RANGE = 4.0, 10.0, 40, 8
_CELLS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One view of a picture with its hashes."""

    # ``"whole"``, ``"palette NAME"``, ``"without strokes"``, ``"without flat parts"``, or the
    # kind of a rectangle.
    name: str
    rectangle: Rectangle | None  # the part; None for the whole picture
    hashes: dict[str, PdqHash]  # from each of `ORIENTATIONS` to its `PdqHash`


def views(
    rgb: NDArray[np.uint8],
    *,
    drawn: NDArray[np.bool_] | None = None,
    stored: bool = False,
    whole: NDArray[np.uint8] | None = None,
) -> tuple[View, ...]:
    """Return every view of a picture that is worth a search.

    ``stored``: only those whose hashes an index keeps, the whole picture and its rectangles.
    ``whole`` is the picture at its own size, if ``rgb`` is reduced: other programs hash that.
    """
    found: list[_Part] = [] if stored else _uncovered(rgb, drawn)
    found += [(part.kind, part, part.cut(rgb)) for part in content_rectangles(rgb)]
    made = [View(name=n, rectangle=r, hashes=pdq_dihedral(pixels)) for n, r, pixels in found]
    first = pdq_dihedral(rgb if whole is None else whole)
    return (
        View(name="whole", rectangle=None, hashes=first),
        *(view for view in made if view.hashes["original"].hashable),
    )


_Part = tuple[str, Rectangle | None, NDArray[np.uint8]]


def _uncovered(rgb: NDArray[np.uint8], drawn: NDArray[np.bool_] | None) -> list[_Part]:
    """Undo a colour map, and fill what was drawn."""
    found: list[_Part] = []
    coloured = recover(rgb)
    if coloured is not None:
        found.append((f"palette {coloured.name}", None, coloured.gray))
    certain = annotations.find(rgb) if drawn is None else drawn
    thin, flat = certain | strokes(rgb), certain | flat_parts(rgb)
    for name, mask in (("without strokes", thin), ("without flat parts", flat)):
        if _LEAST_DRAWN <= mask.mean() <= _MOST_DRAWN and not (mask is flat and _alike(thin, flat)):
            found.append((name, None, filled(rgb, mask)))
    return found


def _alike(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool(np.mean(one != other) < _LEAST_DRAWN)


def filled(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a small copy of a picture with masked pixels filled smoothly from beside them."""
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


def strokes(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find long thin parts of one colour that differ from what lies on both sides."""
    small = _working(rgb, _STROKE_SIDE)
    kernel = np.ones((_WINDOW, _WINDOW), np.uint8)
    above = cv2.subtract(small, cv2.morphologyEx(small, cv2.MORPH_OPEN, kernel)).max(axis=2)
    below = cv2.subtract(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), small).max(axis=2)
    strong = np.maximum(above, below) >= _STROKE_STEP
    mask = np.zeros(strong.shape, np.uint8)
    cells = (small[strong] >> _STROKE_CELL_BITS).astype(np.int32)
    codes = (cells[:, 0] << 6) | (cells[:, 1] << 3) | cells[:, 2]
    counts = np.bincount(codes, minlength=512)
    for code in np.argsort(-counts, kind="stable")[:_STROKE_COLOURS]:
        if counts[code] < _LEAST_SHARE * mask.size / 2:
            break
        colour = np.median(small[strong][codes == code], axis=0)
        low, high = np.clip(colour - _STROKE_SAME, 0, 255), np.clip(colour + _STROKE_SAME, 0, 255)
        members = np.asarray(cv2.inRange(small, low, high)) & (strong * np.uint8(255))
        found = _long(members)
        if np.count_nonzero(found) >= _LONG_SHARE * np.count_nonzero(members):
            mask |= found
    return _spread_out(mask, rgb.shape[:2], margin=_STROKE_MARGIN_PX)


def _long(members: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the connected parts that reach far for their area."""
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(members, connectivity=8)
    wide, high, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    reach = np.maximum(wide, high)
    keep = (reach >= _LENGTH_SHARE * max(members.shape)) & (area <= _WINDOW * (wide + high))
    keep[0] = False
    return keep.astype(np.uint8)[labels]


def _working(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    rows, cols = rgb.shape[:2]
    shrink = min(1.0, side / max(rows, cols))
    if shrink == 1.0:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(cols * shrink)), max(1, round(rows * shrink)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def _spread_out(
    mask: NDArray[np.uint8], shape: tuple[int, int], *, margin: int
) -> NDArray[np.bool_]:
    """Widen a mask over the soft rim of what was drawn, and give it the full size."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1,) * 2)
    wide = cv2.dilate(mask, kernel)
    return np.asarray(cv2.resize(wide, shape[::-1], interpolation=cv2.INTER_NEAREST)) > 0


def flat_parts(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find flat parts of one colour that end in a step."""
    small = _working(rgb, _AREA_SIDE)
    mask = np.zeros(small.shape[:2], np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    spread = cv2.subtract(cv2.dilate(small, cross), cv2.erode(small, cross)).max(axis=2)
    flat = spread <= _FLAT
    cells = (small[flat] >> 4).astype(np.int32)
    codes = (cells[:, 0] << 8) | (cells[:, 1] << 4) | cells[:, 2]
    counts = np.bincount(codes, minlength=4096)
    least = max(24, int(_LEAST_SHARE * mask.size))
    for code in np.argsort(-counts, kind="stable")[:_COLOURS]:
        if counts[code] < least / 3:
            break
        colour = np.median(small[flat][codes == code], axis=0)
        mask |= _members(small, colour, least=least)
    return _spread_out(mask, rgb.shape[:2], margin=_AREA_MARGIN_PX)


def _members(
    small: NDArray[np.uint8], colour: NDArray[np.float64], *, least: int
) -> NDArray[np.uint8]:
    """Return the pixels of a colour if it looks drawn, else those of its filled boxes."""
    low, high = np.clip(colour - _SAME, 0, 255), np.clip(colour + _SAME, 0, 255)
    members = (np.asarray(cv2.inRange(small, low, high)) > 0).astype(np.uint8)
    count = int(members.sum())
    if not least <= count <= _MOST_SHARE * members.size:
        return np.zeros_like(members)
    drawn = _filled_boxes(small, colour, members, least=least)
    low, high = np.clip(colour - _NEAR, 0, 255), np.clip(colour + _NEAR, 0, 255)
    if count < _PILED * np.count_nonzero(cv2.inRange(small, low, high)):
        return drawn
    box = np.ones((3, 3), np.uint8)
    inner = cv2.dilate(members, box, iterations=2)
    ring = (cv2.dilate(inner, box) > 0) & (inner == 0)
    if not ring.any():
        return drawn
    step = np.abs(small[ring].astype(np.float32) - colour.astype(np.float32)).max(axis=1)
    return drawn | members if np.median(step) >= _STEP else drawn


def _filled_boxes(
    small: NDArray[np.uint8],
    colour: NDArray[np.float64],
    members: NDArray[np.uint8],
    *,
    least: int,
) -> NDArray[np.uint8]:
    """Return the boxes that are mostly of one colour, whole: the letters on a logo too."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats(members, connectivity=4)
    found = np.zeros_like(members)
    for left, top, wide, high, area in boxes[1:count]:
        if wide * high > _BOX_MOST_SHARE * members.size or min(wide, high) < _BOX_LEAST:
            continue
        if area < max(least, _BOX_FILL * wide * high):
            continue
        rim = _rim(small, left - 2, top - 2, left + wide + 1, top + high + 1)
        if np.mean(np.abs(rim - colour).max(axis=1) >= _RIM_STEP) >= _RIM_SHARE:
            found[top : top + high, left : left + wide] = 1
    return found


def _rim(
    small: NDArray[np.uint8], left: int, top: int, right: int, bottom: int
) -> NDArray[np.float64]:
    """Return the pixels along a rectangle, (K, 3), as far as they are in the picture."""
    rows, cols = small.shape[:2]
    x0, x1, y0, y1 = max(0, left), min(cols, right + 1), max(0, top), min(rows, bottom + 1)
    parts = [small[at, x0:x1] for at in (top, bottom) if 0 <= at < rows]
    parts += [small[y0:y1, at] for at in (left, right) if 0 <= at < cols]
    return np.concatenate([*parts, np.zeros((0, 3), np.uint8)]).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Palette:
    """The scalar behind a pseudo-coloured picture."""

    name: str  # one of `NAMES`
    # (M, N): position of each pixel's colour along the map. Whether the map was upright or
    # reversed is not known: a search tries both polarities anyway.
    gray: NDArray[np.uint8]
    residual: float  # median distance of the colours from the map, grey levels


def recover(rgb: NDArray[np.uint8]) -> Palette | None:
    """Read a pseudo-coloured picture back into its scalar."""
    if rgb.size == 0:
        return None
    flat, mixed = _colours(rgb)
    if not len(flat):  # a picture one pixel high has no flat places
        return None
    off_gray = float(np.median(flat.std(axis=1)))
    if off_gray < _MIDDLE:
        return None
    few = flat[:: max(1, len(flat) // _FIRST_LOOK)]
    near = [n for n in NAMES if np.median(_nearest(few, n)[0]) <= min(2 * _MIDDLE, off_gray / 3)]
    # Maps share parts (jet, hot and autumn go from red to yellow): all colours decide.
    fits = {n: float(np.minimum(_nearest(mixed, n)[0], 4 * _MIDDLE).mean()) for n in near}
    if not fits:
        return None
    name = min(fits, key=lambda n: fits[n])
    distances, at = _nearest(flat, name)
    middle, most = np.percentile(distances, [50, 90])
    low, high = np.percentile(at, [5, 95])
    wanted = off_gray / (_WIDE if high - low >= _WIDE_RANGE else _NARROW)
    if middle > min(_MIDDLE, wanted) or most > _MOST or high - low < _LEAST_RANGE:
        return None
    cell = rgb.astype(np.uint16) // (256 // _CELLS)
    gray = _lookup(name)[(cell[..., 0] * _CELLS + cell[..., 1]) * _CELLS + cell[..., 2]]
    return Palette(name=name, gray=gray, residual=float(middle))


def _colours(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours, (K, 3), where a picture changes least from pixel to pixel, and all over."""
    step = max(1, max(rgb.shape[:2]) // _SAMPLES)
    kernel = np.ones((3, 3), np.uint8)
    pixels = np.ascontiguousarray(rgb)
    spread = cv2.subtract(cv2.dilate(pixels, kernel), cv2.erode(pixels, kernel))
    look = np.s_[step // 2 :: step, step // 2 :: step]
    # The mean of few neighbours averages the noise of JPEG.
    colours = cv2.blur(pixels, (3, 3))[look].reshape(-1, 3)
    order = np.argsort(spread[look].max(axis=2).ravel(), kind="stable")
    flattest = order[: max(16, int(_FLATTEST * len(order)))]
    flat = colours[flattest[:: max(1, len(flattest) // _ASKED)]].astype(np.float32)
    return flat, colours[:: max(1, len(colours) // _ASKED)].astype(np.float32)


@functools.cache
def table(name: str) -> NDArray[np.uint8]:
    """Return a colour map as (256, 3) RGB."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    number = getattr(cv2, f"COLORMAP_{name.upper()}")
    return np.ascontiguousarray(cv2.applyColorMap(ramp, number)[:, 0, ::-1])


def _nearest(
    colours: NDArray[np.float32], name: str
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return distance (root mean square of three channels) and position of the nearest entry."""
    entries = table(name).astype(np.float32)
    squares = (
        (colours**2).sum(axis=1)[:, None] + (entries**2).sum(axis=1) - 2 * (colours @ entries.T)
    )
    at = squares.argmin(axis=1)
    near = np.maximum(squares[np.arange(len(at)), at], 0)
    return np.sqrt(near / 3), at


@functools.lru_cache(maxsize=4)
def _lookup(name: str) -> NDArray[np.uint8]:
    """Return for each cell of colour, 32 a channel, its position along a map."""
    width = 256 // _CELLS
    middles = np.arange(_CELLS, dtype=np.float32) * width + (width - 1) / 2
    grid = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).reshape(-1, 3)
    return _nearest(grid, name)[1].astype(np.uint8)
