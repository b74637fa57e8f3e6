"""Alignment of a thumbnail with its picture, and the blocks in which the two agree.

An alignment is proposed (the whole frame, or the best place of one in the other at some scale)
and then refined by enhanced correlation (Evangelidis and Psarakis, IEEE TPAMI 30, 2008), which
is independent of brightness and contrast.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 160  # pixels of the thumbnail that are used; the Exif thumbnail has 160 x 120
_COARSE = 64  # whole frames are compared at this size first
# The steps of scale of the search: a template 4 % too large still correlates at its own blur.
_STEP = 1.08
_SMALLEST = 0.13  # of the thumbnail's side: 20 of 160 pixels; less shows nothing
_BEST = 3  # places of one band of scales that are refined
_BANDS = (0.6, 0.3)  # shares of the image's side that divide large, middle and small parts
_TURNED = 0.9  # weight of a turned place: most crops are not turned as well
_ECC_AREA = 1_200  # pixels that six free parameters need
_FLAT = 0.008  # spread (of 0..1) below which a picture has nothing to align

Region = tuple[int, int, int, int]

_BLOCK = 11  # pixels of the thumbnail; smaller blocks of a JPEG of that size are mostly its noise
_STRIDE = 6
_AGREE = 0.5  # correlation of a block; unrelated blocks reach it in one of ten
_TEXTURE = 0.012  # spread (of 0..1) of a block that noise of compression alone does not have
_BLUR = 0.8  # makes up for thumbnails that take every n-th pixel instead of an average
_SMALL = 0.004  # share of the pixels; a mark of 8 x 10 pixels in 160 x 120
_LARGE = 0.45  # more is no local difference
_STRONG = 6.0  # times the usual residual at pixels of that steepness
_EDGE = 0.10  # of the range of gray; less is what sharpening and compression do


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight orientations: mirrored left to right, then turned clockwise."""

    mirrored: bool
    turns: int

    def view(self, picture: Gray) -> Gray:
        flipped = np.fliplr(picture) if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(flipped, -self.turns))

    def to_picture(self, width: float, height: float) -> Matrix:
        """Map pixels of the view to those of the picture of that size (corner convention)."""
        sides: dict[int, list[list[float]]] = {
            0: [[1, 0, 0], [0, 1, 0]],
            1: [[0, 1, 0], [-1, 0, height]],
            2: [[-1, 0, width], [0, -1, height]],
            3: [[0, -1, width], [1, 0, 0]],
        }
        turned = np.array(sides[self.turns] + [[0, 0, 1]], np.float64)
        flip = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], np.float64)
        return flip @ turned if self.mirrored else turned


_Place = tuple[float, bool, Orientation, tuple[int, int], tuple[int, int]]
ORIENTATIONS = tuple(Orientation(m, t) for m in (False, True) for t in range(4))


@dataclass(frozen=True, slots=True)
class Alignment:
    """An aligned thumbnail: ``matrix`` maps its pixels to those of the picture.

    ``first`` and ``second`` are the two on one grid, ``inside`` where both have pixels, and
    ``grid`` maps pixels of that grid to those of the picture.
    """

    orientation: Orientation
    matrix: Matrix
    first: Gray
    second: Gray
    inside: NDArray[np.bool_]
    grid: Matrix
    searched: bool


def shrink(gray: Gray, side: int) -> Gray:
    """Average a picture down to a long side; one that is smaller stays as it is."""
    rows, columns = gray.shape[:2]
    scale = side / max(rows, columns)
    if scale >= 1:
        return np.ascontiguousarray(gray, dtype=np.float32)
    # Of a large picture every k-th row is enough: two rows a pixel are averaged still.
    step = max(1, int(0.5 / scale))
    size = (max(4, round(columns * scale)), max(4, round(rows * scale)))
    part = np.ascontiguousarray(gray[step // 2 :: step], dtype=np.float32)
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def resized(gray: Gray, width: int, height: int) -> Gray:
    larger = width > gray.shape[1] or height > gray.shape[0]
    how = cv2.INTER_LINEAR if larger else cv2.INTER_AREA
    return cv2.resize(gray, (max(4, width), max(4, height)), interpolation=how)  # type: ignore[return-value]


def ncc(first: Gray, second: Gray, inside: NDArray[np.bool_] | None = None) -> float:
    """Compute the normalised correlation of two equal-sized pictures; 0 where one is flat."""
    a, b = (first, second) if inside is None else (first[inside], second[inside])
    if a.size < 16:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > _FLAT**2 * a.size else 0.0


def whole_frames(
    thumb: Gray, main: Gray, bars: list[tuple[int, int, int, int]]
) -> list[tuple[float, Orientation, tuple[int, int, int, int]]]:
    """Rank the 8 orientations, each without and with bars, by their coarse correlation."""
    ranked = []
    small = shrink(main, 2 * _COARSE)
    # What can be seen at 64 pixels: the thumbnail, without each choice of bars.
    inner = []
    for edges in bars:
        part = cut(thumb, edges)
        if min(part.shape) >= 8:
            inner.append((edges, shrink(part, _COARSE)))
    for orientation in ORIENTATIONS:
        view = orientation.view(small)
        for edges, part in inner:
            other = resized(view, part.shape[1], part.shape[0])
            ranked.append((ncc(part, other), orientation, edges))
    return sorted(ranked, key=lambda one: -one[0])


def cut(gray: Gray, edges: tuple[int, int, int, int]) -> Gray:
    top, bottom, left, right = edges
    return gray[top : gray.shape[0] - bottom, left : gray.shape[1] - right]


def align_whole(
    thumb: Gray, main: Gray, orientation: Orientation, edges: tuple[int, int, int, int]
) -> Alignment:
    """Align the thumbnail, without its bars, with the whole picture."""
    part = np.ascontiguousarray(cut(thumb, edges))
    view = resized(orientation.view(main), part.shape[1], part.shape[0])
    warp = refine(part, view, np.array([[1, 0, 0], [0, 1, 0]], np.float32))
    shift = _move(-edges[2], -edges[0])
    stretch = _stretch(view, orientation, main)
    return _aligned(part, view, warp, orientation, stretch, shift, searched=False)


def searched(thumb: Gray, main: Gray) -> Iterator[Alignment]:
    """Propose alignments in which one of the two shows a part of the other, best first."""
    found: dict[int, list[_Place]] = {}
    for main_is_part in (True, False):
        image = thumb if main_is_part else shrink(main, SIDE)
        for orientation in ORIENTATIONS:
            # The second search turns the thumbnail back instead of the picture.
            part = orientation.view(main) if main_is_part else _inverse(orientation).view(thumb)
            for band, score, size, place in _places(image, part):
                score *= 1.0 if orientation == ORIENTATIONS[0] else _TURNED
                candidate = (score, main_is_part, orientation, size, place)
                found.setdefault(band, []).append(candidate)
    for places in found.values():
        places.sort(key=lambda one: -one[0])
        for _, main_is_part, orientation, size, place in places[:_BEST]:
            align = _align_in_thumb if main_is_part else _align_in_main
            yield align(thumb, main, orientation, size, place)


def refine(template: Gray, image: Gray, warp: NDArray[np.float32]) -> NDArray[np.float32]:
    """Refine a warp from template to image pixels; unchanged where that does not converge."""
    if template.size < _ECC_AREA or template.std() < _FLAT:
        return warp
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)
    everywhere = np.ones(image.shape, np.uint8)
    before = _warped_score(template, image, warp)
    try:
        _, found = cv2.findTransformECC(
            template, image, warp.copy(), cv2.MOTION_AFFINE, criteria, everywhere, 5
        )
    except cv2.error:  # it does not converge on pictures that have nothing in common
        return warp
    better = np.asarray(found, np.float32)
    return better if _warped_score(template, image, better) > before else warp


def _warped_score(template: Gray, image: Gray, warp: NDArray[np.float32]) -> float:
    moved, inside = _warped(image, warp, template.shape)
    return ncc(template, moved, inside) if inside.mean() > 0.4 else -1.0


def _warped(
    image: Gray, warp: NDArray[np.float32], shape: tuple[int, ...]
) -> tuple[Gray, NDArray[np.bool_]]:
    size = (shape[1], shape[0])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(image, warp, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    ones = np.ones(image.shape, np.uint8)
    inside = cv2.warpAffine(ones, warp, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    return moved, inside > 0  # type: ignore[return-value]


def _places(image: Gray, part: Gray) -> list[tuple[int, float, tuple[int, int], tuple[int, int]]]:
    """Find a part in an image at every scale: the best few (band, significance, size, place).

    Large parts correlate weakly by their shading alone, small ones strongly by coincidence: each
    band of scales competes with itself.
    """
    rows, columns = image.shape
    flat = without_shade(image)
    fit = min(columns / part.shape[1], rows / part.shape[0])
    found = []
    scale = fit
    while max(part.shape) * scale >= _SMALLEST * max(rows, columns):
        size = round(part.shape[1] * scale), round(part.shape[0] * scale)
        scale /= _STEP
        if min(size) < 12:
            break
        template = without_shade(resized(part, *size))
        if template.std() < _FLAT:
            continue
        scores = cv2.matchTemplate(flat, template, cv2.TM_CCOEFF_NORMED)
        _, best, _, place = cv2.minMaxLoc(np.nan_to_num(scores))
        # Fisher's z: a correlation counts for more where more pixels take part.
        strength = float(np.arctanh(min(best, 0.999)) * np.sqrt(size[0] * size[1]))
        share = max(size[0] / columns, size[1] / rows)
        band = sum(share < limit for limit in _BANDS)
        found.append((band, strength, size, (int(place[0]), int(place[1]))))
    found.sort(key=lambda one: -one[1])
    return [one for band in range(3) for one in [f for f in found if f[0] == band][:_BEST]]


def without_shade(gray: Gray) -> Gray:
    return gray - cv2.GaussianBlur(gray, (0, 0), 8.0)


def _align_in_thumb(
    thumb: Gray, main: Gray, orientation: Orientation, size: tuple[int, int],
    place: tuple[int, int],
) -> Alignment:  # fmt: skip
    view = resized(orientation.view(main), *size)
    warp = np.array([[1, 0, place[0]], [0, 1, place[1]]], np.float32)
    warp = refine(view, thumb, warp)
    moved, inside = _warped(thumb, warp, view.shape)
    back = np.linalg.inv(_corner(warp))
    grid = _stretch(view, orientation, main)
    return Alignment(orientation, grid @ back, moved, view, inside, grid, True)


def _align_in_main(
    thumb: Gray, main: Gray, orientation: Orientation, size: tuple[int, int],
    place: tuple[int, int],
) -> Alignment:  # fmt: skip
    """Align the thumbnail with a part of the picture, found in the shrunk picture."""
    small = shrink(main, SIDE)
    # Bring the picture to the thumbnail's own scale, so that neither is enlarged.
    turned = size if orientation.turns % 2 == 0 else size[::-1]
    factor = thumb.shape[1] / turned[0]
    view_small = orientation.view(small)
    wide, high = view_small.shape[1], view_small.shape[0]
    view = resized(orientation.view(main), round(wide * factor), round(high * factor))
    corner = orientation.to_picture(small.shape[1], small.shape[0])
    box = np.array([[place[0], place[0] + size[0]], [place[1], place[1] + size[1]], [1, 1]])
    corners = np.linalg.inv(corner) @ box
    left, top = float(corners[0].min()), float(corners[1].min())
    warp = np.array([[1, 0, left * factor], [0, 1, top * factor]], np.float32)
    warp = refine(thumb, view, warp)
    return _aligned(thumb, view, warp, orientation, _stretch(view, orientation, main),
                 np.eye(3), searched=True)  # fmt: skip


def _aligned(
    part: Gray, view: Gray, warp: NDArray[np.float32], orientation: Orientation,
    stretch: Matrix, shift: Matrix, *, searched: bool,
) -> Alignment:  # fmt: skip
    moved, inside = _warped(view, warp, part.shape)
    grid = stretch @ _corner(warp)
    return Alignment(orientation, grid @ shift, part, moved, inside, grid, searched)


def _inverse(orientation: Orientation) -> Orientation:
    if orientation.mirrored:
        return orientation
    return Orientation(False, -orientation.turns % 4)


def _stretch(view: Gray, orientation: Orientation, main: Gray) -> Matrix:
    rows, columns = main.shape
    turned = orientation.turns % 2 == 1
    wide, high = (rows, columns) if turned else (columns, rows)
    scale = np.diag([wide / view.shape[1], high / view.shape[0], 1.0])
    return orientation.to_picture(columns, rows) @ scale


def _corner(warp: NDArray[np.float32]) -> Matrix:
    """Bring a warp between pixel numbers into coordinates whose origin is a corner."""
    full = np.vstack([np.asarray(warp, np.float64), [0, 0, 1]])
    return _move(0.5, 0.5) @ full @ _move(-0.5, -0.5)


def _move(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def blocks_agreeing(first: Gray, second: Gray, inside: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the share of the blocks with texture that correlate, and how many have texture."""
    correlation, spread, whole = _blocks(first, second, inside)
    if not whole.any():
        return 0.0, 0
    limit = max(_TEXTURE, 0.5 * float(np.median(spread[whole])))
    textured = whole & (spread > limit)
    count = int(textured.sum())
    return (float((correlation[textured] > _AGREE).mean()) if count else 0.0), count


def _blocks(
    first: Gray, second: Gray, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Correlate block by block; the spread is the larger one of the two, at one contrast."""
    size = min(_BLOCK, *(side // 2 * 2 - 1 for side in first.shape))
    a = cv2.GaussianBlur(first, (0, 0), _BLUR)
    b = cv2.GaussianBlur(second, (0, 0), _BLUR)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(values, (size, size))[_picked(first.shape, size)]  # type: ignore[return-value]

    mean_a, mean_b = mean(a), mean(b)  # type: ignore[arg-type]
    var_a = np.maximum(mean(a * a) - mean_a**2, 0)
    var_b = np.maximum(mean(b * b) - mean_b**2, 0)
    covariance = mean(a * b) - mean_a * mean_b
    correlation = covariance / np.sqrt(np.maximum(var_a * var_b, 1e-10))
    whole = mean(inside.astype(np.float32)) > 0.99
    return correlation, np.sqrt(np.maximum(var_a, var_b)), whole


def _picked(shape: tuple[int, ...], size: int) -> tuple[slice, slice]:
    half = size // 2
    return slice(half, shape[0] - half, _STRIDE), slice(half, shape[1] - half, _STRIDE)


def local_difference(first: Gray, second: Gray, inside: NDArray[np.bool_]) -> Region | None:
    """Return x, y, width, height of the largest region where two aligned pictures differ.

    The brightness of one is first brought to that of the other by a line fitted to what agrees.
    A residual counts against what is usual where the picture is as steep, so that edges, which a
    thumbnail's sharpening moves, do not count as objects.
    """
    a, b = (cv2.GaussianBlur(one, (0, 0), 1.2) for one in (first, second))
    residual = _residual(a, b, inside)  # type: ignore[arg-type]
    steep = _steepness(b)  # type: ignore[arg-type]
    usual = float(np.median(residual[inside])) + 1e-3
    slope = float(np.median(residual[inside] / (steep[inside] + 0.02)))
    bound = np.maximum(_STRONG * (usual + slope * steep), _EDGE)
    marked = ((residual > bound) & inside).astype(np.uint8)
    marked = cv2.morphologyEx(marked, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(marked)
    if count < 2 or marked.sum() > _LARGE * inside.sum():
        return None
    rank = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, width, height, area = (int(value) for value in stats[rank])
    return (x, y, width, height) if area >= _SMALL * inside.sum() else None


def _residual(a: Gray, b: Gray, inside: NDArray[np.bool_]) -> Gray:
    keep = inside.copy()
    gain, offset = 1.0, 0.0
    for _ in range(3):
        if keep.sum() < 32:
            break
        x, y = b[keep], a[keep]
        spread = float(x.var())
        gain = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 1e-6 else 1.0
        offset = float(y.mean() - gain * x.mean())
        far = np.abs(a - gain * b - offset)
        keep = inside & (far <= 2.5 * float(np.median(far[inside])) + 1e-3)
    return np.abs(a - gain * b - offset).astype(np.float32)


def _steepness(gray: Gray) -> Gray:
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(gray, kernel) - cv2.erode(gray, kernel)
