"""Dated pictures of one place, made ready to be compared with one more picture of it."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import (
    Mask,
    Pixels,
    as_bands,
    common_bands,
    filled,
    opponent,
    same_grid,
    smooth,
    usable,
)
from imgcheck.change.radiometry import match_radiometry
from imgcheck.change.shift import move_back, residual_shift
from imgcheck.errors import UsageError

# Pixels that the comparison works on; larger pictures are made smaller.
WORKING_PIXELS = 250_000

# Detail kept: smoothing at the fine end, and the mean over this radius taken off at the coarse end.
_FINE_PX, _COARSE_PX = 1.2, 12.0

Dated = tuple[NDArray[Any], date]


def moment(value: date) -> datetime:
    """Order dates and times together; a time without a zone counts as UTC only for the order."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def in_order(references: Sequence[Dated]) -> list[Dated]:
    if len(references) < 2:
        raise UsageError(
            f"{len(references)} dated reference given; at least two are needed to bracket a picture"
        )
    for _, when in references:
        if not isinstance(when, date):
            raise UsageError(f"a reference is dated by a date or datetime, not {when!r}")
    ordered = sorted(references, key=lambda item: moment(item[1]))
    for (_, one), (_, two) in pairwise(ordered):
        if moment(one) == moment(two):
            raise UsageError(f"two references are dated {one.isoformat()}; keep one of them")
    return ordered


def _smaller(bands: Pixels, known: Mask) -> tuple[Pixels, Mask, float]:
    """Reduce a picture to the working size; the factor takes it back."""
    rows, columns = known.shape
    factor = math.sqrt(rows * columns / WORKING_PIXELS)
    if factor <= 1:
        return bands, known, 1.0
    size = (max(round(columns / factor), 24), max(round(rows / factor), 24))
    layers = [
        cv2.resize(bands[..., k], size, interpolation=cv2.INTER_AREA) for k in range(bands.shape[2])
    ]
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.dstack(layers).astype(np.float32), share > 0.99, columns / size[0]


def prepared(
    picture: NDArray[Any], references: list[Dated], valid: Mask | None
) -> tuple[list[Pixels], Mask, float]:
    """Bring picture and references to one radiometry, sub-pixel place and band of detail.

    The picture comes last. All are matched to the reference in the middle of time.
    """
    named = {f"reference {k + 1}": as_bands(f"reference {k + 1}", array) for k, (array, _) in
             enumerate(references)}  # fmt: skip
    named["picture"] = as_bands("picture", picture)
    same_grid(named)
    known = usable(named["picture"], valid)
    for bands in named.values():
        known = known & usable(bands, None)
    layers = common_bands([filled(bands, known) for bands in named.values()])
    reduced = [_smaller(bands, known) for bands in layers]
    known, scale = reduced[0][1], reduced[0][2]
    layers = [bands for bands, _, _ in reduced]
    middle = (len(layers) - 1) // 2
    placed = []
    for k, bands in enumerate(layers):
        if k != middle and known.any():
            shift = residual_shift(layers[middle], bands, known)
            bands, still = move_back(bands, known, shift)
            known = known & still
        placed.append(bands)
    if known.sum() < 400:
        raise UsageError("picture and references have almost no ground in common")
    states = []
    for k, bands in enumerate(placed):
        even = bands if k == middle else match_radiometry(placed[middle], bands, known)
        even = opponent(even)
        states.append(smooth(even, known, _FINE_PX) - smooth(even, known, _COARSE_PX))
    return states, known, scale
