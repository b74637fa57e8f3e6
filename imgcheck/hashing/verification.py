"""Lay the query on a known picture that looks alike, and ask what kind of likeness it is.

Two dated photographs of one place pass every test of details (45 of 45 pairs in a trial) and
lie within PDQ's usual distance. Without this step every honest dated picture would be a copy.
"""

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import coincidence, overlap, records, region, witnessed
from imgcheck.hashing.answer import KnownPicture, Match
from imgcheck.hashing.chance import MATCH_LOG10_NFA
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.records import Record
from imgcheck.hashing.region import Box
from imgcheck.hashing.screening import HANDLINGS, Query
from imgcheck.imaging import registration, relation, transforms
from imgcheck.imaging.features import Features
from imgcheck.imaging.registration import Registration
from imgcheck.imaging.relation import Relation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """The query laid on a known picture; ``log10_nfa`` counts all rows."""

    matrix: NDArray[np.float64]
    inverted: bool
    log10_nfa: float
    inliers: int = 0
    rms_px: float | None = None
    support: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


def examine(
    record: Record,
    query: Query,
    known: KnownPicture,
    known_features: Features,
    preview: NDArray[np.uint8] | None,
    *,
    hit: HashHit | None,
    handlings: tuple[int, ...],
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
        What the hash says, if it matches.
    handlings : tuple of int
        Which of `HANDLINGS` to try; the best by number of false alarms is kept.
    rows : int
        How many pictures are known: how often chance had its chance.

    Returns
    -------
    Match or None
        None if neither hash nor geometry is beyond chance.
    """
    shape = (known.height, known.width)
    laid = _by_details(query, known_features, handlings, shape, rows)
    by_hash = laid is None
    # The hash knows the orientation of a whole-picture copy, also where details are few.
    if laid is None and hit is not None:
        laid = _by_hash(record, hit, shape)
    if laid is None:
        return None
    pair = None if preview is None else _Pair.of(record, preview, laid, shape)
    box = None if pair is None or by_hash else pair.agreeing(laid.support)
    kind, told = ("undetermined", None) if pair is None else pair.relation(box)
    if by_hash and hit is not None and kind not in ("same", "derived"):
        return _unlaid(known, hit, told, record.views[hit.view].name)
    shared, known_region, share = overlap.shared(laid.matrix, record.shape, shape, within=box)
    return Match(
        known=known,
        stage="part" if hit is None else "hash",
        relation=kind,
        relation_share=None if told is None else told.share,
        relation_reason="" if told is None else told.reason,
        log10_nfa=laid.log10_nfa if hit is None else min(hit.log10_nfa, laid.log10_nfa),
        mirrored=bool(np.linalg.det(laid.matrix[:2, :2]) < 0),
        inverted=laid.inverted,
        transform=overlap.as_tuple(laid.matrix),
        region=shared,
        known_region=known_region,
        overlap_share=share,
        distance=None if hit is None else hit.distance,
        view="" if hit is None else record.views[hit.view].name,
        witnesses=_witnesses(record, preview, hit),
        inliers=laid.inliers,
        rms_px=laid.rms_px,
    )


def _unlaid(known: KnownPicture, hit: HashHit, told: Relation | None, view: str) -> Match:
    return Match(
        known=known,
        stage="hash",
        relation="undetermined",
        relation_reason="the hashes agree, but no details fit"
        + (f" ({told.reason})" if told is not None else ""),
        log10_nfa=hit.log10_nfa,
        mirrored=hit.orientation.startswith("mirror"),
        inverted=hit.inverted,
        distance=hit.distance,
        view=view,
    )


def _by_details(
    query: Query,
    known: Features,
    handlings: tuple[int, ...],
    shape: tuple[int, int],
    rows: int,
) -> _Laid | None:
    best: tuple[Registration, int] | None = None
    for number in handlings:
        found = registration.align(
            query.handled[number], known, query_shape=query.shape, known_shape=shape
        )
        if found.found and (best is None or _nfa(found) < _nfa(best[0])):
            best = found, number
    if best is None:
        return None
    chance = coincidence.log10_chance(_nfa(best[0]), query.handled[0], known)
    return _believed(*best, query.shape, chance + math.log10(max(1, rows)))


def _nfa(found: Registration) -> float:
    return math.inf if found.log10_nfa is None else found.log10_nfa


def _believed(
    found: Registration, number: int, query_shape: tuple[int, int], chance: float
) -> _Laid | None:
    if found.matrix is None or chance > MATCH_LOG10_NFA:
        return None
    mirrored, inverted = HANDLINGS[number]
    flip = np.array([[-1.0, 0, query_shape[1]], [0, 1, 0], [0, 0, 1]])
    return _Laid(
        matrix=found.matrix @ flip if mirrored else found.matrix,
        inverted=inverted,
        log10_nfa=chance,
        inliers=found.inliers,
        rms_px=found.rms_px,
        support=transforms.apply(flip, found.picture_points) if mirrored else found.picture_points,
    )


def _witnesses(
    record: Record, preview: NDArray[np.uint8] | None, hit: HashHit | None
) -> tuple[tuple[str, int], ...]:
    """Hear the second witnesses where the whole picture matches a whole known one."""
    if hit is None or hit.view != 0 or hit.region or preview is None:
        return ()
    known = records.to_gray(preview)
    return witnessed.beside(record.gray, known, orientation=hit.orientation, inverted=hit.inverted)


def _by_hash(record: Record, hit: HashHit, shape: tuple[int, int]) -> _Laid:
    """Lay the part of the query that was hashed on the part of the known picture that was."""
    inside = record.views[hit.view].rectangle
    x0, y0, x1, y1 = (
        (0, 0, record.shape[1], record.shape[0])
        if inside is None
        else (inside.x0, inside.y0, inside.x1, inside.y1)
    )
    corners = np.array(hit.region or ((0, 0), (shape[1], shape[0])), np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = (round(high[1] - low[1]), round(high[0] - low[0]))
    matrix = overlap.nominal(hit.orientation, (y1 - y0, x1 - x0), size)
    to_part = np.array([[1.0, 0, -x0], [0, 1, -y0], [0, 0, 1]])
    to_known = np.array([[1.0, 0, low[0]], [0, 1, low[1]], [0, 0, 1]])
    return _Laid(matrix=to_known @ matrix @ to_part, inverted=hit.inverted, log10_nfa=hit.log10_nfa)


# A part of a picture is no copy if it is flat but for letters and lines: program windows and pages
# share such parts around other pictures. Flat: this many gray levels within 5 x 5 pixels of the
# nearly lossless preview. Ground is flat over at most a tenth, such windows over 0.4 and more.
_FLAT_LEVELS, _FLAT_SHARE = 3 / 255, 0.3
_PART_SHARE = 0.85
_FURNITURE = (
    "what the two share is flat but for letters and lines, as the window of a program is; the "
    "pictures in it differ or were not compared"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Both pictures in gray at the sizes in which they are at hand.

    ``matrix`` leads from ``picture`` to ``known``, ``scale`` from the query's own pixels to those
    of ``picture``; ``reduced`` tells that one of them is not at its own size or polarity.
    """

    picture: NDArray[np.float32]
    clean: NDArray[np.bool_]
    known: NDArray[np.float32]
    matrix: NDArray[np.float64]
    scale: NDArray[np.float64]
    reduced: bool

    @classmethod
    def of(
        cls, record: Record, preview: NDArray[np.uint8], laid: _Laid, shape: tuple[int, int]
    ) -> "_Pair":
        known = records.to_gray(preview)
        scale = np.array(record.gray.shape[::-1]) / record.shape[::-1]
        to_known = np.diag([known.shape[1] / shape[1], known.shape[0] / shape[0], 1.0])
        return cls(
            picture=1.0 - record.gray if laid.inverted else record.gray,
            clean=record.clean,
            known=known,
            matrix=to_known @ laid.matrix @ np.diag([*(1 / scale), 1.0]),
            scale=scale,
            reduced=laid.inverted or shape != record.shape,
        )

    def agreeing(self, support: NDArray[np.float64]) -> Box | None:
        """Find the part of the query that is the known picture, in the query's own pixels."""
        # Drawings are left in: a few strokes do not turn a line, and the edge of a bar is sharp.
        box = region.agreeing(self.picture, self.known, self.matrix, support=support * self.scale)
        if box is None:
            return None
        x, y = 1 / self.scale
        return Box(x0=box.x0 * x, y0=box.y0 * y, x1=box.x1 * x, y1=box.y1 * y)

    def relation(self, box: Box | None) -> tuple[str, Relation]:
        """Ask what the picture inside ``box`` is to the known one."""
        inside = self.clean
        if box is not None:
            x0, x1 = (round(v * self.scale[0]) for v in (box.x0, box.x1))
            y0, y1 = (round(v * self.scale[1]) for v in (box.y0, box.y1))
            inside = np.zeros_like(self.clean)
            inside[y0:y1, x0:x1] = self.clean[y0:y1, x0:x1]
        told = relation.classify(self.picture, self.known, self.matrix, picture_mask=inside)
        if box is not None and told.kind in ("same", "derived") and self._is_furniture(box):
            return "undetermined", replace(told, reason=_FURNITURE)
        # At the size of the preview a shrunk copy can look the same.
        return ("derived" if told.kind == "same" and self.reduced else told.kind), told

    def _is_furniture(self, box: Box) -> bool:
        """Tell whether only a part is shared, and that part is flat but for letters and lines."""
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
