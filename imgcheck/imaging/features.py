"""Local features: where a picture has structure that can be found again, and what it looks like.

RootSIFT, because it still matches after turning, scaling, cropping, strong compression and
drawing in parts of the picture. A mirrored or inverted picture has the same features with
their parts in another order, so `flipped` and `inverted` cost no second detection.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from cv2.typing import MatLike

from imgcheck.errors import GridMismatchError
from imgcheck.imaging.pixels import Float32, Float64, Index, Mask, Uint8

# Low, so that hazy and low-contrast ground keeps features (4.10 and 5.0 default: 0.04).
# The strongest `limit` are kept in any case.
_CONTRAST = 0.01
_EDGE = 12.0
# A picture below this side has too few features at its own size: it is doubled first.
_SMALL_SIDE = 300
# Parts a side when the features are to be spread. In a trial 35 of 36 cuts of forest and shore to
# 15-33 % of the side were found with 1,500 spread features, 31 of 36 with the 1,500 strongest.
_PARTS = 8
# Larger images are halved until they fit.
MAX_PIXELS = 25_000_000
# SIFT takes about 240 bytes a pixel. Larger references are searched in parts of this side.
WHOLE_PIXELS = 4_000_000
# They begin at multiples of a power of 2, so that the octaves are sampled as in the whole image.
_PART_SIDE, _PART_MARGIN, _PART_STEP = 1000, 100, 64
# A part describes so many times its equal share of the features first.
_SPARE = 2.5
# Two keypoints of one spot (several scales or directions) are no rivals in the ratio test.
_SAME_SPOT_PX = 5.0
# Distances held at once in the search for the nearest: 16 MB; many more and many fewer are slower.
_AT_ONCE = 4_000_000
# RootSIFT entries are at most 1; 512 keeps them in a byte, and the scalar product of two
# descriptors below 2**24, where float32 is exact: results do not depend on summing order.
_SCALE = 512.0


ReadWindow = Callable[[tuple[int, int, int, int]], tuple[Float32, Mask | None]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Keypoints of one picture, N of them.

    ``points`` (N, 2) are x right, y down, in pixels from the corner of the top-left pixel,
    ``sizes`` (N,) diameters of the neighbourhoods in pixels, ``angles`` (N,) dominant directions
    of the gradient in degrees from x towards y, ``descriptors`` (N, 128) uint8 RootSIFT times
    512.
    """

    points: Float32
    sizes: Float32
    angles: Float32
    descriptors: Uint8

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """One-to-one pairs of keypoints that look alike, best first.

    ``query_index`` and ``known_index`` point into the two `Features`; ``distances`` are
    Euclidean between RootSIFT vectors (0 to about 1.41).
    """

    query_points: Float32
    known_points: Float32
    query_index: Index
    known_index: Index
    distances: Float32

    def __len__(self) -> int:
        return len(self.query_points)


def _empty() -> Features:
    none = np.zeros(0, np.float32)
    return Features(
        points=np.zeros((0, 2), np.float32),
        sizes=none,
        angles=none,
        descriptors=np.zeros((0, 128), np.uint8),
    )


def _to_bytes(gray: Float32) -> Uint8:
    finite = np.nan_to_num(np.asarray(gray, np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    return np.round(np.clip(finite, 0.0, 1.0) * 255.0).astype(np.uint8)


def _root(descriptors: Float32) -> Uint8:
    """Turn SIFT into RootSIFT: L1 norm, square root; Euclid then compares histograms."""
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    root = np.sqrt(np.maximum(descriptors, 0.0) / total) * _SCALE
    return np.minimum(np.round(root), 255).astype(np.uint8)


def detect(
    gray: Float32, *, mask: Mask | None = None, limit: int = 2000, spread: bool = False
) -> Features:
    """Find keypoints and describe them.

    Parameters
    ----------
    gray : (M, N) float32 in [0, 1]
        NaN counts as black; give a mask to leave such parts out.
    mask : (M, N) bool, optional
        True = usable. Keypoints near the border of unusable parts are left out too.
    limit : int, default 2000
        The strongest are kept.
    spread : bool, default False
        Keep the strongest of each of 8 x 8 parts of the picture instead, so that a cut of a
        dull part (forest, water) beside a lively one can be found too.

    Returns
    -------
    Features
        Sorted strongest first (``spread``: the strongest of every part, then the second of every
        part, and so on); the same input gives the same features.

    Raises
    ------
    GridMismatchError
        If ``gray`` is not two-dimensional, or the mask has another shape.

    Notes
    -----
    Pictures with a shorter side under 300 px are doubled first: small crops of blurred ground
    have too few features at their own size. Pictures over 25 Mpx are halved until they fit;
    points and sizes are always those of the picture as given.

    References
    ----------
    .. [1] D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60, 2004.
    .. [2] R. Arandjelovic and A. Zisserman, "Three things everyone should know to improve
       object retrieval", CVPR 2012.
    """
    return _detected(gray, mask, limit, spread)[0]


def detect_by_parts(read: ReadWindow, shape: tuple[int, int], *, limit: int) -> Features:
    """Detect the strongest features of a large image that is read by windows.

    Images up to `WHOLE_PIXELS` are one part, and the result is that of `detect`. See `Parts`.
    """
    whole = (0, 0, shape[1], shape[0])
    if shape[0] * shape[1] <= WHOLE_PIXELS:
        gray, mask = read(whole)
        return detect(gray, mask=mask, limit=limit)
    return Parts(read, shape).strongest(whole, limit=limit)


class Parts:
    """The features of a large image that is read by windows, with bounded memory.

    Parts overlap by a margin; the features of a part are those whose points lie in it. To describe
    features takes twice as long as to detect them, so that each part describes only its strongest,
    and more of them where they are among the strongest of the whole window.

    Parameters
    ----------
    read : callable
        Returns the gray values and the mask of a window (column, row, width, height).
    shape : (rows, cols)
    """

    def __init__(self, read: ReadWindow, shape: tuple[int, int]) -> None:
        self._read = read
        self._shape = shape
        self._kept: dict[_Frame, _Part] = {}

    def strongest(self, window: tuple[int, int, int, int], *, limit: int) -> Features:
        """Return the strongest features of a window, in pixels of the image.

        Overlapping windows share parts if they are given from top to bottom: parts above the window
        are dropped.
        """
        x, y, right, bottom = window[0], window[1], window[0] + window[2], window[1] + window[3]
        self._kept = {frame: part for frame, part in self._kept.items() if frame[3] > y}
        frames = [
            (left, top, end, low)
            for top, low in _spans(self._shape[0])
            for left, end in _spans(self._shape[1])
            if left < right and end > x and top < bottom and low > y
        ]
        count = min(limit, math.ceil(_SPARE * limit / len(frames)))
        for frame in frames:
            if frame not in self._kept:
                self._kept[frame] = self._part(frame, count)
        while True:
            parts = [self._kept[frame] for frame in frames]
            found = _joined([part.features for part in parts])
            inside = np.all((found.points >= (x, y)) & (found.points < (right, bottom)), axis=1)
            which = np.flatnonzero(inside)
            strengths = np.concatenate([part.strengths for part in parts])[which]
            order = np.argsort(-strengths, kind="stable")[:limit]
            weakest = float(strengths[order[-1]]) if len(order) == limit else 0.0
            short = [
                frame
                for frame, part in zip(frames, parts, strict=True)
                if part.count < limit and part.left_out > weakest
            ]
            if not short:
                return _selected(found, which[order])
            for frame in short:
                self._kept[frame] = self._part(frame, min(limit, 4 * self._kept[frame].count))

    def _part(self, frame: "_Frame", count: int) -> "_Part":
        x, y, right, bottom = frame
        rows, cols = self._shape
        low = _part_start(x), _part_start(y)
        high = min(cols, right + _PART_MARGIN), min(rows, bottom + _PART_MARGIN)
        gray, mask = self._read((*low, high[0] - low[0], high[1] - low[1]))
        found, strengths = _detected(gray, mask, count, spread=False)
        points = found.points + np.array(low, np.float32)
        inside = np.flatnonzero(np.all((points >= (x, y)) & (points < (right, bottom)), axis=1))
        return _Part(
            features=_selected(replace(found, points=points), inside),
            strengths=strengths[inside],
            count=count,
            left_out=float(strengths[-1]) if len(found) >= count else 0.0,
        )


# Left, top, right and bottom of a part.
_Frame = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """The ``count`` strongest features of a part and its margin; others are below ``left_out``."""

    features: Features
    strengths: Float32
    count: int
    left_out: float


def _joined(found: Sequence[Features]) -> Features:
    return Features(
        points=np.concatenate([f.points for f in found]),
        sizes=np.concatenate([f.sizes for f in found]),
        angles=np.concatenate([f.angles for f in found]),
        descriptors=np.concatenate([f.descriptors for f in found]),
    )


def _spans(length: int) -> list[tuple[int, int]]:
    """Return the ends of equal parts no longer than `_PART_SIDE`."""
    count = -(-length // _PART_SIDE)
    ends = [round(length * k / count) for k in range(count + 1)]
    return list(itertools.pairwise(ends))


def _part_start(position: int) -> int:
    return max(0, position - _PART_MARGIN) // _PART_STEP * _PART_STEP


def _selected(features: Features, which: Index) -> Features:
    return Features(
        points=features.points[which],
        sizes=features.sizes[which],
        angles=features.angles[which],
        descriptors=features.descriptors[which],
    )


def _detected(
    gray: Float32, mask: Mask | None, limit: int, spread: bool
) -> tuple[Features, Float32]:
    """Return the features and the strength of each."""
    if gray.ndim != 2:
        raise GridMismatchError(f"features need a gray picture (rows, cols), not {gray.shape}")
    if mask is not None and mask.shape != gray.shape:
        raise GridMismatchError(
            f"the mask has the shape {mask.shape} and the picture {gray.shape}; they must be equal"
        )
    rows, cols = gray.shape
    none = np.zeros(0, np.float32)
    if min(rows, cols) < 8:
        return _empty(), none
    pixels = _to_bytes(gray)
    factor = 2.0 if min(rows, cols) < _SMALL_SIDE and rows * cols * 4 <= MAX_PIXELS else 1.0
    while rows * cols * factor * factor > MAX_PIXELS:
        factor /= 2.0
    if factor != 1.0:
        size = (max(8, round(cols * factor)), max(8, round(rows * factor)))
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    scale = np.array([pixels.shape[1] / cols, pixels.shape[0] / rows], np.float32)
    usable = None if mask is None else _usable(mask, pixels.shape)
    # precise upscale: without it every keypoint of the doubled octave is off by a quarter pixel.
    sift = cv2.SIFT.create(
        nfeatures=0 if spread else limit,
        contrastThreshold=_CONTRAST,
        edgeThreshold=_EDGE,
        enable_precise_upscale=True,
    )
    if spread:
        kept, descriptors = _of_each_part(sift, pixels, usable, limit)
    else:
        # In one call: the blurred copies of the picture are made once. Only the strongest are
        # described.
        kept, descriptors = sift.detectAndCompute(pixels, usable)
    if descriptors is None or not kept:
        return _empty(), none
    points, angles = _points(kept), np.array([k.angle for k in kept], np.float32)
    order = np.arange(len(kept)) if spread else _by_strength(kept)[:limit]
    strengths = np.array([k.response for k in kept], np.float32)[order]
    found = Features(
        points=((points + np.float32(0.5)) / scale)[order],
        sizes=np.array([k.size for k in kept], np.float32)[order] / scale.mean(),
        angles=angles[order],
        descriptors=_root(np.asarray(descriptors, np.float32)[order]),
    )
    return found, strengths


def _points(keypoints: Sequence[cv2.KeyPoint]) -> Float32:
    return np.array([k.pt for k in keypoints], np.float32).reshape(-1, 2)


def _by_strength(keypoints: Sequence[cv2.KeyPoint]) -> Index:
    """Return the order from the strongest on, the same whatever order they come in."""
    points = _points(keypoints)
    angles = np.array([k.angle for k in keypoints], np.float32)
    response = np.array([k.response for k in keypoints], np.float32)
    return np.lexsort((angles, points[:, 0], points[:, 1], -response))


def _of_each_part(
    sift: cv2.SIFT, pixels: Uint8, usable: Uint8 | None, limit: int
) -> tuple[Sequence[cv2.KeyPoint], MatLike]:
    """Describe the strongest of every part; only those that are kept."""
    keypoints = sift.detect(pixels, usable)
    order = _by_strength(keypoints)
    order = order[_in_turns(_points(keypoints)[order], pixels.shape)]
    return sift.compute(pixels, [keypoints[i] for i in order[:limit]])


def _in_turns(points: Float32, shape: tuple[int, ...]) -> Index:
    """Order points that are sorted by strength so that each part of the picture has its turn."""
    x, y = (points / np.array([shape[1], shape[0]]) * _PARTS).astype(np.intp).T
    part = np.clip(y, 0, _PARTS - 1) * _PARTS + np.clip(x, 0, _PARTS - 1)
    by_part = np.argsort(part, kind="stable")
    _, first, count = np.unique(part[by_part], return_index=True, return_counts=True)
    rank = np.empty(len(points), np.intp)
    rank[by_part] = np.arange(len(points)) - np.repeat(first, count)
    return np.argsort(rank, kind="stable")


def _usable(mask: Mask, shape: tuple[int, ...]) -> Uint8:
    scaled = cv2.resize(
        mask.astype(np.uint8), (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST
    )
    # The edge of a masked part is an edge that the ground does not have.
    inner = cv2.erode(scaled, np.ones((9, 9), np.uint8), borderValue=(1.0,))
    return np.asarray(inner, np.uint8) * np.uint8(255)


def flipped(features: Features, *, width: int) -> Features:
    """Return the features of the left-right mirrored picture of ``width`` columns.

    The descriptor is 4 x 4 cells of 8 directions in the keypoint's own frame; mirroring turns
    the cells across the keypoint's direction and negates the directions.
    """
    cells = features.descriptors.reshape(-1, 4, 4, 8)
    turned = cells[:, ::-1, :, :][..., (-np.arange(8)) % 8]
    points = features.points.copy()
    points[:, 0] = width - points[:, 0]
    return Features(
        points=points,
        sizes=features.sizes,
        angles=np.mod(180.0 - features.angles, 360.0).astype(np.float32),
        descriptors=np.ascontiguousarray(turned).reshape(-1, 128),
    )


def inverted(features: Features) -> Features:
    """Return the features of the negative (bright and dark exchanged)."""
    cells = features.descriptors.reshape(-1, 4, 4, 8)
    return Features(
        points=features.points,
        sizes=features.sizes,
        angles=np.mod(features.angles + 180.0, 360.0).astype(np.float32),
        descriptors=np.ascontiguousarray(cells[:, ::-1, ::-1, :]).reshape(-1, 128),
    )


def match(query: Features, known: Features, *, ratio: float = 0.9) -> Matches:
    """Pair keypoints that look alike, one to one, sorted by distance.

    A pair is kept if its distance is below ``ratio`` times that of the next best keypoint at
    another spot. The ratio is high, because the geometry is tested afterwards.
    """
    order, best, first = np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
    if len(query) and len(known) > 1:
        best, first, second = _nearest(query, known)
        keep = np.flatnonzero(first < ratio * second)
        # One query keypoint for each known keypoint: the nearest.
        order = keep[np.lexsort((keep, first[keep]))]
        _, at = np.unique(best[order], return_index=True)
        order = order[np.sort(at)]
    return Matches(
        query_points=query.points[order],
        known_points=known.points[best[order]],
        query_index=order,
        known_index=best[order],
        distances=first[order].astype(np.float32),
    )


def _nearest(query: Features, known: Features) -> tuple[Index, Float64, Float64]:
    """Find for each query keypoint the nearest known one, its distance and the next spot's."""
    table = known.descriptors.astype(np.float32)
    norms = np.einsum("ij,ij->i", table, table)
    take = min(4, len(known))
    best = np.empty(len(query), np.intp)
    first = np.empty(len(query))
    second = np.empty(len(query))
    step = max(1, _AT_ONCE // len(known))
    table *= np.float32(-2.0)
    for start in range(0, len(query), step):
        part = query.descriptors[start : start + step].astype(np.float32)
        squares = part @ table.T
        squares += norms
        near, values = _smallest(squares, take)
        own = np.einsum("ij,ij->i", part, part)[:, None]
        distances = np.sqrt(np.maximum(values + own, 0.0))
        places = known.points[near]
        apart = np.hypot(*np.moveaxis(places - places[:, :1], -1, 0)) > _SAME_SPOT_PX
        apart[:, -1] = True
        rival = np.argmax(apart, axis=1)
        rows = np.arange(len(part))
        best[start : start + step] = near[:, 0]
        first[start : start + step] = distances[:, 0]
        second[start : start + step] = distances[rows, rival]
    return best, first / _SCALE, second / _SCALE


def _smallest(table: Float32, count: int) -> tuple[Index, Float32]:
    """Return the columns of the smallest entries of each row, in order; ``table`` is used up.

    A few passes of argmin take a quarter of the time of a partition.
    """
    rows = np.arange(len(table))
    near = np.empty((len(table), count), np.intp)
    values = np.empty((len(table), count), np.float32)
    for rank in range(count):
        near[:, rank] = table.argmin(axis=1)
        values[:, rank] = table[rows, near[:, rank]]
        table[rows, near[:, rank]] = np.inf
    return near, values
