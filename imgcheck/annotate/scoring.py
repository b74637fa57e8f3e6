"""Compare found objects with the truth: precision, recall, average precision, counts, headings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from imgcheck.annotate.shapes import enclosing
from imgcheck.annotation import AnnotatedPicture, Annotation, Obb, bounds, centre
from imgcheck.errors import UsageError
from imgcheck.quantity import Interval, binomial_interval

Overlap = Literal["box", "rotated"]
#: A found object may be as far from a true one as this share of the true one's longer side, and a
#: pixel or two where objects are tiny.
_REACH_SHARE, _REACH_PX = 0.5, 2.0
_OVERLAP = 0.5
#: Edges of the bins of size, in metres or pixels.
_SIZES = (0.0, 3.0, 5.0, 7.0, 10.0, 15.0, 25.0, 40.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of a number of trials, with its exact 95 % interval."""

    hits: int
    trials: int

    @property
    def value(self) -> float | None:
        """The share, or None without trials."""
        return self.hits / self.trials if self.trials else None

    @property
    def interval(self) -> Interval:
        """Clopper-Pearson, 95 %."""
        return binomial_interval(self.hits, self.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBin:
    """Recall of true objects whose longer side is in [low, high)."""

    low: float
    high: float
    recall: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How the found objects of one kind compare with the truth, over all pictures.

    Attributes
    ----------
    kind : str
        Family of classes, such as ``vehicle``.
    precision, recall : Share
        With centres matched one to one.
    ap50_box, ap50_rotated : float or None
        Area under the curve of precision over recall, at an overlap of upright or turned boxes of
        half their union; None where found objects have no scores, or nothing is true.
    heading_median_deg, heading_p90_deg : float or None
        Error of the axis of matched turned rectangles, without regard to front and rear.
    by_size : tuple of SizeBin
        In metres (``unit`` "m") where every picture states its ground sample distance.
    """

    kind: str
    truth: int
    found: int
    precision: Share
    recall: Share
    ap50_box: float | None
    ap50_rotated: float | None
    heading_median_deg: float | None
    heading_p90_deg: float | None
    unit: str
    by_size: tuple[SizeBin, ...]

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        total = self.truth + self.found
        return 2 * self.recall.hits / total if total else None

    @property
    def count_error(self) -> int:
        """Number found less the true number."""
        return self.found - self.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The objects of one kind in one picture: pairs of indices, the missed and the false ones."""

    picture: str
    truth: tuple[Annotation, ...]
    found: tuple[Annotation, ...]
    pairs: tuple[tuple[int, int], ...]
    gsd_m: float | None

    @property
    def missed(self) -> tuple[Annotation, ...]:
        """True objects that were not found."""
        hit = {i for i, _ in self.pairs}
        return tuple(one for i, one in enumerate(self.truth) if i not in hit)

    @property
    def false(self) -> tuple[Annotation, ...]:
        """Found objects that are not true."""
        hit = {j for _, j in self.pairs}
        return tuple(one for j, one in enumerate(self.found) if j not in hit)


def score(
    truth: Sequence[AnnotatedPicture],
    found: Sequence[AnnotatedPicture],
    *,
    threshold: float | None = None,
    reach_px: float | None = None,
    gsd_m: float | None = None,
) -> tuple[tuple[Score, ...], tuple[Matched, ...]]:
    """Compare found objects with true ones, by kind.

    Parameters
    ----------
    truth, found : sequences of AnnotatedPicture
        Pictures belong together by name; single ones do so whatever their names. Rejected objects
        count on neither side, nor do true ones with ``difficult: 1`` and what matches them.
    threshold : float, optional
        Found objects below it (p where known, else the score) count for average precision only.
    reach_px : float, optional
        Largest distance between matched centres; by default half of the true object's longer side.
    gsd_m : float, optional
        Metres per pixel of all pictures; by default what the files state.

    Returns
    -------
    tuple of Score, tuple of Matched

    Raises
    ------
    UsageError
        If a picture of the truth was not searched, or the other way around, or if the scale is not
        above 0.
    """
    if gsd_m is not None and not (math.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError(f"the scale is metres per pixel above 0, not {gsd_m:g}")
    pairs = _paired(truth, found)
    if gsd_m is not None:
        pairs = [(replace(true, gsd_m=gsd_m), other) for true, other in pairs]
    families = [
        {_kind(one) for one in picture.annotations if one.state != "rejected"}
        for pair in pairs
        for picture in pair
    ]
    kinds = sorted(set().union(*families))
    scores, matches = [], []
    for kind in kinds:
        own = [_matched(t, f, kind, threshold, reach_px) for t, f in pairs]
        every = [_matched(t, f, kind, None, reach_px).found for t, f in pairs]
        scores.append(_score(kind, own, every))
        matches += own
    return tuple(scores), tuple(matches)


def _paired(
    truth: Sequence[AnnotatedPicture], found: Sequence[AnnotatedPicture]
) -> list[tuple[AnnotatedPicture, AnnotatedPicture]]:
    if len(truth) == len(found) == 1:
        return [(truth[0], found[0])]
    named = {one.name: one for one in found}
    unknown = [one.name for one in truth if one.name not in named]
    unknown += sorted(set(named) - {one.name for one in truth})
    if unknown:
        raise UsageError(
            f"{unknown[0]}: is a picture of one file only; both files must have the same pictures"
        )
    return [(one, named[one.name]) for one in truth]


def _kind(one: Annotation) -> str:
    return one.cls.partition(".")[0]


def _certainty(one: Annotation) -> float | None:
    return one.p if one.p is not None else one.score


def _of(picture: AnnotatedPicture, kind: str, threshold: float | None) -> tuple[Annotation, ...]:
    return tuple(
        one
        for one in picture.annotations
        if _kind(one) == kind and one.state != "rejected"
        if threshold is None or (_certainty(one) or 0.0) >= threshold
    )


def _matched(
    truth: AnnotatedPicture,
    found: AnnotatedPicture,
    kind: str,
    threshold: float | None,
    reach_px: float | None,
) -> Matched:
    true, proposed = _of(truth, kind, None), _of(found, kind, threshold)
    pairs = match(true, proposed, reach_px=reach_px)
    hard = {i for i, one in enumerate(true) if one.extra.get("difficult") == 1}
    if hard:
        taken = {j for i, j in pairs if i in hard}
        kept = [i for i in range(len(true)) if i not in hard]
        left = [j for j in range(len(proposed)) if j not in taken]
        places = {i: n for n, i in enumerate(kept)}, {j: n for n, j in enumerate(left)}
        pairs = tuple((places[0][i], places[1][j]) for i, j in pairs if i not in hard)
        true = tuple(true[i] for i in kept)
        proposed = tuple(proposed[j] for j in left)
    gsd = truth.gsd_m or found.gsd_m
    return Matched(picture=truth.name, truth=true, found=proposed, pairs=pairs, gsd_m=gsd)


def match(
    truth: Sequence[Annotation], found: Sequence[Annotation], *, reach_px: float | None = None
) -> tuple[tuple[int, int], ...]:
    """Match centres one to one: as many pairs within reach as there can be, the nearest of them."""
    if not truth or not found:
        return ()
    a = np.array([centre(one.geometry) for one in truth])
    b = np.array([centre(one.geometry) for one in found])
    apart = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    sizes = np.array([_longer_side(one) for one in truth])
    reach = np.full(len(truth), reach_px) if reach_px else np.maximum(
        _REACH_SHARE * sizes, _REACH_PX
    )  # fmt: skip
    within = apart <= reach[:, None]
    # A pair out of reach costs more than all pairs within reach together.
    cost = np.where(within, apart, (reach.max() + 1) * (len(truth) + len(found)))
    rows, columns = linear_sum_assignment(cost)
    return tuple((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if within[i, j])


def _longer_side(one: Annotation) -> float:
    box = enclosing(one.geometry)
    return max(box.length, box.width)


def overlap(one: Annotation, other: Annotation, *, kind: Overlap) -> float:
    """Return the intersection over union of two objects' upright or turned boxes."""
    if kind == "box":
        a, b = bounds(one.geometry), bounds(other.geometry)
        wide = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        high = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        shared = max(wide, 0.0) * max(high, 0.0)
        areas = a.width * a.height + b.width * b.height
    else:
        u, v = enclosing(one.geometry), enclosing(other.geometry)
        _, corners = cv2.rotatedRectangleIntersection(_rectangle(u, u), _rectangle(v, u))
        shared = 0.0 if corners is None else float(cv2.contourArea(cv2.convexHull(corners)))
        areas = u.length * u.width + v.length * v.width
    return shared / (areas - shared) if areas > shared else 0.0


def _rectangle(box: Obb, origin: Obb) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return a rectangle of OpenCV, near the origin since it computes in single precision."""
    return (box.cx - origin.cx, box.cy - origin.cy), (box.width, box.length), box.heading


def _score(kind: str, matches: Sequence[Matched], every: Sequence[tuple[Annotation, ...]]) -> Score:
    truth = sum(len(one.truth) for one in matches)
    found = sum(len(one.found) for one in matches)
    hits = sum(len(one.pairs) for one in matches)
    turns = np.array([t for one in matches for t in _turns(one)])
    unit = "m" if all(one.gsd_m for one in matches) else "px"
    return Score(
        kind=kind,
        truth=truth,
        found=found,
        precision=Share(hits=hits, trials=found),
        recall=Share(hits=hits, trials=truth),
        ap50_box=_average_precision(matches, every, "box"),
        ap50_rotated=_average_precision(matches, every, "rotated"),
        heading_median_deg=float(np.median(turns)) if turns.size else None,
        heading_p90_deg=float(np.percentile(turns, 90)) if turns.size else None,
        unit=unit,
        by_size=tuple(_by_size(matches, unit)),
    )


def _turns(one: Matched) -> list[float]:
    """Return the angles between the axes of matched turned rectangles, in degrees."""
    found = []
    for i, j in one.pairs:
        a, b = one.truth[i].geometry, one.found[j].geometry
        if isinstance(a, Obb) and isinstance(b, Obb):
            turn = (_axis(a) - _axis(b)) % 180.0
            found.append(min(turn, 180.0 - turn))
    return found


def _axis(box: Obb) -> float:
    """Return the heading of the longer side."""
    return box.heading if box.length >= box.width else box.heading + 90.0


def _by_size(matches: Sequence[Matched], unit: str) -> list[SizeBin]:
    sizes, hits = [], []
    for one in matches:
        hit = {i for i, _ in one.pairs}
        for i, true in enumerate(one.truth):
            sizes.append(_longer_side(true) * ((one.gsd_m or 1.0) if unit == "m" else 1.0))
            hits.append(i in hit)
    bins = np.digitize(sizes, _SIZES) - 1 if sizes else np.zeros(0, int)
    return [
        SizeBin(
            low=_SIZES[k],
            high=_SIZES[k + 1],
            recall=Share(
                hits=sum(h for h, b in zip(hits, bins, strict=True) if b == k),
                trials=int((bins == k).sum()),
            ),
        )
        for k in sorted(set(bins.tolist()))
    ]


def _average_precision(
    matches: Sequence[Matched], every: Sequence[tuple[Annotation, ...]], kind: Overlap
) -> float | None:
    """Return the area under the envelope of precision over recall, as PASCAL VOC 2010 does."""
    truth = sum(len(one.truth) for one in matches)
    ranked = [(_certainty(one), n, one) for n, own in enumerate(every) for one in own]
    if not truth or any(certainty is None for certainty, _, _ in ranked):
        return None
    ranked.sort(key=lambda entry: -(entry[0] or 0.0))
    true = [_Placed(one.truth) for one in matches]
    right = np.zeros(len(ranked), bool)
    for place, (_, n, one) in enumerate(ranked):
        best = max(
            ((overlap(other, one, kind=kind), i) for i, other in true[n].near(one)),
            default=(0.0, 0),
        )
        if best[0] >= _OVERLAP:
            right[place] = True
            true[n].take(best[1])
    return area_under(right, truth)


class _Placed:
    """True objects that are not yet matched, by place."""

    def __init__(self, truth: Sequence[Annotation]) -> None:
        self.truth = truth
        self.middles = np.array([centre(one.geometry) for one in truth]).reshape(-1, 2)
        self.reach = np.array([_longer_side(one) for one in truth], float)

    def near(self, one: Annotation) -> list[tuple[int, Annotation]]:
        """Return the objects that can overlap one: neither centre is farther than both sides."""
        apart = np.abs(self.middles - centre(one.geometry)).max(axis=1, initial=0.0)
        close = np.flatnonzero(apart < self.reach + _longer_side(one)).tolist()
        return [(i, self.truth[i]) for i in close]

    def take(self, i: int) -> None:
        self.reach[i] = -math.inf


def area_under(right: NDArray[np.bool_], truth: int) -> float:
    """Return the average precision of a ranked list of right and wrong objects."""
    if not right.size:
        return 0.0
    hits = np.cumsum(right)
    precision = hits / np.arange(1, right.size + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[right].sum() / truth)
