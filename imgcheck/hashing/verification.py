"""Lay the query on a known picture that looks alike, and ask what kind of likeness it is.

Two dated photographs of one place pass every test of details (45 of 45 pairs in a trial) and
lie within PDQ's usual distance. Without this step every honest dated picture would be a copy.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import overlap, records
from imgcheck.hashing.answer import KnownPicture, Match
from imgcheck.hashing.chance import MATCH_LOG10_NFA
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.records import Record
from imgcheck.hashing.screening import HANDLINGS, Query
from imgcheck.imaging import registration, relation
from imgcheck.imaging.features import Features
from imgcheck.imaging.registration import Registration
from imgcheck.imaging.relation import Relation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Laid:
    """The query laid on a known picture; ``log10_nfa`` counts all rows and handlings."""

    matrix: NDArray[np.float64]
    inverted: bool
    log10_nfa: float
    inliers: int = 0
    rms_px: float | None = None


def examine(
    record: Record,
    query: Query,
    known: KnownPicture,
    known_features: Features,
    preview: NDArray[np.uint8] | None,
    *,
    hit: HashHit | None,
    handlings: tuple[int, ...],
    tests: int,
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
    tests : int
        Rows times handlings: how often chance had its chance.

    Returns
    -------
    Match or None
        None if neither hash nor geometry is beyond chance.
    """
    shape = (known.height, known.width)
    laid = _by_details(query, known_features, handlings, shape, tests)
    # The hash knows the orientation of a whole-picture copy, also where details are few.
    if laid is None and hit is not None:
        laid = _by_hash(record, hit, shape)
        kind, told = _relation(record, preview, laid, shape)
        if kind not in ("same", "derived"):
            return _unlaid(known, hit, told)
    elif laid is None:
        return None
    else:
        kind, told = _relation(record, preview, laid, shape)
    region, known_region, share = overlap.shared(laid.matrix, record.shape, shape)
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
        region=region,
        known_region=known_region,
        overlap_share=share,
        distance=None if hit is None else hit.distance,
        inliers=laid.inliers,
        rms_px=laid.rms_px,
    )


def _unlaid(known: KnownPicture, hit: HashHit, told: Relation | None) -> Match:
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
    )


def _by_details(
    query: Query,
    known: Features,
    handlings: tuple[int, ...],
    shape: tuple[int, int],
    tests: int,
) -> _Laid | None:
    best: _Laid | None = None
    for number in handlings:
        found = registration.align(
            query.handled[number], known, query_shape=query.shape, known_shape=shape
        )
        laid = _believed(found, number, query.shape, tests)
        if laid is not None and (best is None or laid.log10_nfa < best.log10_nfa):
            best = laid
    return best


def _believed(
    found: Registration, number: int, query_shape: tuple[int, int], tests: int
) -> _Laid | None:
    if not found.found or found.matrix is None or found.log10_nfa is None:
        return None
    chance = found.log10_nfa + math.log10(max(1, tests))
    if chance > MATCH_LOG10_NFA:
        return None
    mirrored, inverted = HANDLINGS[number]
    flip = np.array([[-1.0, 0, query_shape[1]], [0, 1, 0], [0, 0, 1]])
    return _Laid(
        matrix=found.matrix @ flip if mirrored else found.matrix,
        inverted=inverted,
        log10_nfa=chance,
        inliers=found.inliers,
        rms_px=found.rms_px,
    )


def _by_hash(record: Record, hit: HashHit, shape: tuple[int, int]) -> _Laid:
    return _Laid(
        matrix=overlap.nominal(hit.orientation, record.shape, shape),
        inverted=hit.inverted,
        log10_nfa=hit.log10_nfa,
    )


def _relation(
    record: Record,
    preview: NDArray[np.uint8] | None,
    laid: _Laid,
    shape: tuple[int, int],
) -> tuple[str, Relation | None]:
    """Compare the pixels at the sizes in which both pictures are at hand."""
    if preview is None:
        return "undetermined", None
    known = records.to_gray(preview)
    picture = 1.0 - record.gray if laid.inverted else record.gray
    to_known = np.diag([known.shape[1] / shape[1], known.shape[0] / shape[0], 1.0])
    from_picture = np.diag(
        [record.shape[1] / picture.shape[1], record.shape[0] / picture.shape[0], 1.0]
    )
    told = relation.classify(
        picture, known, to_known @ laid.matrix @ from_picture, picture_mask=record.clean
    )
    # At the size of the preview a shrunk copy can look the same.
    if told.kind == "same" and (laid.inverted or shape != record.shape):
        return "derived", told
    return told.kind, told
