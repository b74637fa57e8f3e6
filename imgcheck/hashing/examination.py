"""Register the query to a known picture that looks alike, and classify how they are related.

Two dated photographs of one place pass every test of features (45 of 45 pairs in a trial) and
lie within PDQ's usual distance. Without this step every honest dated picture would be a copy.

The match is limited to the part of the query that agrees with the known picture. The overlap of the
outlines is too much: a caption under the picture, a page around it or the other panes of a collage
fall on the known picture as well, if that was cut before.
"""

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.hashing import records
from imgcheck.hashing.answer import KnownPicture, Match, Matrix, Polygon
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import ORIENTATIONS
from imgcheck.hashing.probability import MATCH_LOG10_NFA, log10_part_probability
from imgcheck.hashing.records import Record
from imgcheck.hashing.votes import VARIANTS, Query
from imgcheck.imaging import registration, relation, transforms, warp
from imgcheck.imaging.features import Features
from imgcheck.imaging.relation import Relation

# A part of a picture is no copy if it is flat but for letters and lines: program windows and pages
# share such parts around other pictures. Flat: this many gray levels within 5 x 5 pixels of the
# nearly lossless preview. Ground is flat over at most a tenth, such windows over 0.4 and more.
_FLAT_LEVELS, _FLAT_SHARE = 3 / 255, 0.3
_PART_SHARE = 0.85
_WINDOW_REASON = (
    "the shared part is flat except for letters and lines, like the window of a program; the "
    "pictures in it differ or were not compared"
)
# Large enough for an edge to be placed within half a percent of the side, small enough to be quick.
_SIDE = 400
# Lines are compared after taking away what is broader than this, so that tone and haze are not
# agreement.
_DETAIL_PX = 9
# Between lines of the same ground (0.6 to 1 after compression) and of other ground (0 +- 0.2).
_AGREES = 0.35
# Two gray levels: below that both lines are flat and carry no information.
_FLAT = (2 / 255) ** 2
_ROUNDS = 3
# An edge this near to the end of the overlap is the end: 3 of `_SIDE` pixels.
_PLAY = 0.0075


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An upright rectangle, in pixels of the query: x0 <= x < x1, y0 <= y < y1."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Registered:
    """The query registered to a known picture; ``log10_nfa`` counts all rows."""

    matrix: NDArray[np.float64]
    inverted: bool
    log10_nfa: float
    support: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


def identical(record: Record, known: KnownPicture, stage: str) -> Match:
    """Return the match of a picture with the same file or the same pixels."""
    shared, known_region, share = _overlap(np.eye(3), record.shape, record.shape)
    return Match(
        known=known,
        stage=stage,
        relation="same",
        relation_reason="the same bytes" if stage == "file" else "the same pixels in another file",
        log10_nfa=float("-inf"),
        transform=_as_tuple(np.eye(3)),
        region=shared,
        known_region=known_region,
        overlap_share=share,
        distance=0 if record.pdq.hashable else None,
    )


def examine(
    record: Record,
    query: Query,
    known: KnownPicture,
    known_features: Features,
    preview: NDArray[np.uint8] | None,
    *,
    hit: HashHit | None,
    variants: tuple[int, ...],
    rows: int,
) -> Match | None:
    """Test one known picture that hash or votes propose.

    Parameters
    ----------
    record, query : Record, Query
        The query picture.
    known, known_features, preview
        The row.
    hit : HashHit, optional
        The match by hash, if there is one.
    variants : tuple of int
        Which of `VARIANTS` to try; the one with the lowest number of false alarms is kept.
    rows : int
        How many pictures are known: the number of tests.

    Returns
    -------
    Match or None
        None if neither hash nor geometry is significant.
    """
    shape = (known.height, known.width)
    registered = _by_features(query, known_features, variants, shape, rows)
    by_hash = registered is None
    # The hash knows the orientation of a whole-picture copy, also where features are few.
    if registered is None and hit is not None:
        registered = _by_hash(record, hit, shape)
    if registered is None:
        return None
    pair = None if preview is None else _Pair.of(record, preview, registered, shape)
    box = None if pair is None or by_hash else pair.agreeing(registered.support)
    kind, found = ("undetermined", None) if pair is None else pair.relation(box)
    if by_hash and hit is not None and kind not in ("same", "derived"):
        return _unregistered(known, hit, found, record.views[hit.view].name)
    shared, known_region, share = _overlap(registered.matrix, record.shape, shape, within=box)
    return Match(
        known=known,
        stage="part" if hit is None else "hash",
        relation=kind,
        relation_reason="" if found is None else found.reason,
        log10_nfa=registered.log10_nfa if hit is None else min(hit.log10_nfa, registered.log10_nfa),
        mirrored=bool(np.linalg.det(registered.matrix[:2, :2]) < 0),
        inverted=registered.inverted,
        transform=_as_tuple(registered.matrix),
        region=shared,
        known_region=known_region,
        overlap_share=share,
        distance=None if hit is None else hit.distance,
        view="" if hit is None else record.views[hit.view].name,
    )


def unexamined(record: Record, known: KnownPicture, hit: HashHit) -> Match:
    """Return the match of a hash whose picture is not compared in detail."""
    match = _unregistered(known, hit, None, record.views[hit.view].name)
    reason = "not compared in detail: other known pictures match that part better"
    return replace(match, relation_reason=reason)


def _unregistered(known: KnownPicture, hit: HashHit, found: Relation | None, view: str) -> Match:
    return Match(
        known=known,
        stage="hash",
        relation="undetermined",
        relation_reason="the hashes agree, but no local features match"
        + (f" ({found.reason})" if found is not None else ""),
        log10_nfa=hit.log10_nfa,
        mirrored=hit.orientation.startswith("mirror"),
        inverted=hit.inverted,
        distance=hit.distance,
        view=view,
    )


def _by_features(
    query: Query,
    known: Features,
    variants: tuple[int, ...],
    shape: tuple[int, int],
    rows: int,
) -> _Registered | None:
    """Register by local features; None if unrelated pictures agree as well."""
    best: _Registered | None = None
    for number in variants:
        found = registration.align(
            query.variants[number], known, query_shape=query.shape, known_shape=shape
        )
        if isinstance(found, registration.NotRegistered):
            continue
        if best is not None and found.log10_nfa >= best.log10_nfa:
            continue
        mirrored, inverted = VARIANTS[number]
        flip = np.array([[-1.0, 0, query.shape[1]], [0, 1, 0], [0, 0, 1]])
        points = found.picture_points
        best = _Registered(
            matrix=found.matrix @ flip if mirrored else found.matrix,
            inverted=inverted,
            log10_nfa=found.log10_nfa,
            support=transforms.apply(flip, points) if mirrored else points,
        )
    if best is None:
        return None
    probability = log10_part_probability(best.log10_nfa, query.variants[0], known)
    log10_nfa = probability + math.log10(max(1, rows))
    return replace(best, log10_nfa=log10_nfa) if log10_nfa <= MATCH_LOG10_NFA else None


def _by_hash(record: Record, hit: HashHit, shape: tuple[int, int]) -> _Registered:
    """Map the part of the query that was hashed to the part of the known picture that was."""
    inside = record.views[hit.view].rectangle
    x0, y0, x1, y1 = (
        (0, 0, record.shape[1], record.shape[0])
        if inside is None
        else (inside.x0, inside.y0, inside.x1, inside.y1)
    )
    corners = np.array(hit.region or ((0, 0), (shape[1], shape[0])), np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = (round(high[1] - low[1]), round(high[0] - low[0]))
    matrix = _nominal(hit.orientation, (y1 - y0, x1 - x0), size)
    to_part = np.array([[1.0, 0, -x0], [0, 1, -y0], [0, 0, 1]])
    to_known = np.array([[1.0, 0, low[0]], [0, 1, low[1]], [0, 0, 1]])
    return _Registered(
        matrix=to_known @ matrix @ to_part, inverted=hit.inverted, log10_nfa=hit.log10_nfa
    )


def _nominal(
    orientation: str, query_shape: tuple[int, int], known_shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the transform of a whole-picture copy that was rotated, mirrored and scaled."""
    rows, cols = query_shape
    matrix = np.eye(3)
    number = ORIENTATIONS.index(orientation)
    if number >= 4:
        matrix = np.array([[-1.0, 0, cols], [0, 1, 0], [0, 0, 1]])
    for _ in range(number % 4):
        # Clockwise: the left edge becomes the top.
        matrix = np.array([[0.0, -1, rows], [1, 0, 0], [0, 0, 1]]) @ matrix
        rows, cols = cols, rows
    return np.diag([known_shape[1] / cols, known_shape[0] / rows, 1.0]) @ matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Both pictures in gray at the sizes in which they are at hand.

    ``matrix`` leads from ``picture`` to ``known``, ``scale`` from the query's own pixels to those
    of ``picture``; ``reduced``: one of them is not at its own size or polarity.
    """

    picture: NDArray[np.float32]
    clean: NDArray[np.bool_]
    known: NDArray[np.float32]
    matrix: NDArray[np.float64]
    scale: NDArray[np.float64]
    reduced: bool

    @classmethod
    def of(
        cls,
        record: Record,
        preview: NDArray[np.uint8],
        registered: _Registered,
        shape: tuple[int, int],
    ) -> "_Pair":
        known = records.to_gray(preview)
        scale = np.array(record.gray.shape[::-1]) / record.shape[::-1]
        to_known = np.diag([known.shape[1] / shape[1], known.shape[0] / shape[0], 1.0])
        return cls(
            picture=1.0 - record.gray if registered.inverted else record.gray,
            clean=record.clean,
            known=known,
            matrix=to_known @ registered.matrix @ np.diag([*(1 / scale), 1.0]),
            scale=scale,
            reduced=registered.inverted or shape != record.shape,
        )

    def agreeing(self, support: NDArray[np.float64]) -> Box | None:
        """Find the part of the query that is the known picture, in the query's own pixels."""
        # Drawings are left in: a few strokes do not change a line, and the edge of a bar is sharp.
        box = _agreeing(self.picture, self.known, self.matrix, support=support * self.scale)
        if box is None:
            return None
        x, y = 1 / self.scale
        return Box(x0=box.x0 * x, y0=box.y0 * y, x1=box.x1 * x, y1=box.y1 * y)

    def relation(self, box: Box | None) -> tuple[str, Relation]:
        """Classify how the picture inside ``box`` is related to the known one."""
        inside = self.clean
        if box is not None:
            x0, x1 = (round(v * self.scale[0]) for v in (box.x0, box.x1))
            y0, y1 = (round(v * self.scale[1]) for v in (box.y0, box.y1))
            inside = np.zeros_like(self.clean)
            inside[y0:y1, x0:x1] = self.clean[y0:y1, x0:x1]
        found = relation.classify(self.picture, self.known, self.matrix, picture_mask=inside)
        if box is not None and found.kind in ("same", "derived") and self._is_window(box):
            return "undetermined", replace(found, reason=_WINDOW_REASON)
        # At the size of the preview a shrunk copy can look the same.
        return ("derived" if found.kind == "same" and self.reduced else found.kind), found

    def _is_window(self, box: Box) -> bool:
        """Return whether only a part is shared that is flat but for letters and lines."""
        scale = np.array([self.scale[0], self.scale[1]] * 2)
        x0, y0, x1, y1 = np.array([box.x0, box.y0, box.x1, box.y1]) * scale
        if (x1 - x0) * (y1 - y0) >= _PART_SHARE * self.picture.size:
            return False
        ring = transforms.apply(self.matrix, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        limit = np.array(self.known.shape[::-1])
        low, high = (np.clip(np.round(v), 0, limit).astype(int) for v in (ring.min(0), ring.max(0)))
        part = np.ascontiguousarray(self.known[low[1] : high[1], low[0] : high[0]])
        if min(part.shape) < 8:
            return False
        window = np.ones((5, 5), np.uint8)
        spread = np.asarray(cv2.dilate(part, window) - cv2.erode(part, window))
        # Black is as often a part without data as a part of a window.
        shown = part > _FLAT_LEVELS
        return bool(shown.any() and np.mean(spread[shown] <= _FLAT_LEVELS) > _FLAT_SHARE)


def _overlap(
    matrix: NDArray[np.float64],
    query_shape: tuple[int, int],
    known_shape: tuple[int, int],
    *,
    within: Box | None = None,
) -> tuple[Polygon, Polygon, float]:
    """Return the overlap in the query and in the known picture, and its share of the query."""
    outline = transforms.apply(np.linalg.inv(matrix), transforms.corners(known_shape))
    if not np.isfinite(outline).all():
        return (), (), 0.0
    box = within or Box(x0=0.0, y0=0.0, x1=query_shape[1], y1=query_shape[0])
    shared = _clip(outline, box)
    if len(shared) < 3:
        return (), (), 0.0
    known_region = transforms.apply(matrix, shared)
    x, y = shared.T
    area = float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
    share = area / (query_shape[0] * query_shape[1])
    return _polygon(shared), _polygon(known_region), min(1.0, share)


def _as_tuple(matrix: NDArray[np.float64]) -> Matrix:
    first, second, third = ((float(a), float(b), float(c)) for a, b, c in matrix)
    return first, second, third


def _polygon(points: NDArray[np.float64]) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)


def _clip(points: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """Clip a convex polygon to an upright rectangle, edge by edge."""
    for axis, bound, sign in ((0, box.x0, 1), (0, box.x1, -1), (1, box.y0, 1), (1, box.y1, -1)):
        inside = sign * (points[:, axis] - bound)
        kept = []
        for i in range(len(points)):
            j = (i + 1) % len(points)
            if inside[i] >= 0:
                kept.append(points[i])
            if (inside[i] >= 0) != (inside[j] >= 0):
                part = inside[i] / (inside[i] - inside[j])
                kept.append(points[i] + part * (points[j] - points[i]))
        points = np.array(kept).reshape(-1, 2)
        if len(points) < 3:
            break
    return points


def _agreeing(
    query: NDArray[np.float32],
    known: NDArray[np.float32],
    matrix: ArrayLike,
    *,
    support: NDArray[np.float64],
) -> Box | None:
    """Find the upright rectangle of the query whose lines agree with the known picture.

    Parameters
    ----------
    query, known : (M, N) float32 in [0, 1]
        Gray; a negative is given as the positive. NaN is nodata.
    matrix : (3, 3)
        Query pixels to known pixels.
    support : (K, 2) float64
        Places (x, y) in the query where features agree; the rectangle grows from them.

    Returns
    -------
    Box or None
        None where too little can be compared.

    Notes
    -----
    Panes, captions and pages have upright edges, however the picture in them was rotated.
    Each line's correlation with the known picture counts for or against it; the stretch with
    the largest sum is kept (J. Bentley, "Programming pearls: algorithm design techniques",
    Communications of the ACM 27, 1984), in rows and columns in turn.
    """
    shrink = min(1.0, _SIDE / max(query.shape))
    shape = (max(8, round(query.shape[0] * shrink)), max(8, round(query.shape[1] * shrink)))
    step = np.array([query.shape[1] / shape[1], query.shape[0] / shape[0]])
    small = warp.resize(query, shape)
    to_small = np.asarray(matrix, np.float64) @ np.diag([*step, 1.0])
    registered = warp.warp(known, to_small, shape, inverse=True)
    both = np.isfinite(small) & np.isfinite(registered)
    if np.count_nonzero(both) < 64 or len(support) < 3:
        return None
    a, b = _detail(small, both), _detail(registered, both)
    rows, cols = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    ends = [int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1]
    low, high = np.percentile(support / step, [5, 95], axis=0)
    box = [int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1]
    box = [int(np.clip(v, ends[k % 2], ends[k % 2 + 2])) for k, v in enumerate(box)]
    for _ in range(_ROUNDS):
        before = list(box)
        across = _agreement(a, b, both, slice(box[0], max(box[2], box[0] + 1)), axis=1)
        box[1], box[3] = _grown(across, box[1], box[3], ends[1], ends[3])
        along = _agreement(a, b, both, slice(box[1], max(box[3], box[1] + 1)), axis=0)
        box[0], box[2] = _grown(along, box[0], box[2], ends[0], ends[2])
        if box == before:
            break
    play = _PLAY * max(shape)
    snapped = [float(e) if abs(v - e) <= play else float(v) for v, e in zip(box, ends, strict=True)]
    if snapped[2] - snapped[0] < 4 or snapped[3] - snapped[1] < 4:
        return None
    x0, y0, x1, y1 = np.array(snapped) * np.tile(step, 2)
    return Box(x0=float(x0), y0=float(y0), x1=float(x1), y1=float(y1))


def _detail(gray: NDArray[np.float32], both: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Take away the mean of the neighbourhood, of the pixels that both have."""
    weight = both.astype(np.float32)
    filled = np.where(both, gray, np.float32(0)).astype(np.float32)
    near, share = (
        cv2.blur(v, (_DETAIL_PX, _DETAIL_PX), borderType=cv2.BORDER_REPLICATE)
        for v in (filled, weight)
    )
    near = near / np.maximum(share, np.float32(1e-6))
    return np.where(both, filled - near, np.float32(0)).astype(np.float32)


def _agreement(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    both: NDArray[np.bool_],
    across: slice,
    *,
    axis: int,
) -> NDArray[np.float64]:
    """Score each line: above 0 where it agrees, below where not, 0 where both are flat."""
    part = (slice(None), across) if axis == 1 else (across, slice(None))
    x, y, n = a[part], b[part], both[part].sum(axis=axis)
    count = np.maximum(n, 1)
    xy, xx, yy = ((p * q).sum(axis=axis) / count for p, q in ((x, y), (x, x), (y, y)))
    likeness = xy / np.sqrt((xx + _FLAT / 4) * (yy + _FLAT / 4))
    score = likeness - _AGREES
    score[(xx < _FLAT) & (yy < _FLAT)] = 0.0
    score[n < 4] = -_AGREES
    return np.asarray(score, np.float64)


def _grown(
    score: NDArray[np.float64], low: int, high: int, first: int, last: int
) -> tuple[int, int]:
    """Move both ends of a stretch to where the sum of the scores is largest."""
    middle = int(np.clip((low + high) // 2, first, last - 1))
    ahead = np.concatenate([[0.0], np.cumsum(score[middle:last])])
    behind = np.concatenate([[0.0], np.cumsum(score[first:middle][::-1])])
    # Of equal sums the longest: flat lines at the end belong to the picture.
    top = len(ahead) - 1 - int(np.argmax(ahead[::-1]))
    back = len(behind) - 1 - int(np.argmax(behind[::-1]))
    return middle - back, middle + top
