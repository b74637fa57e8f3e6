"""Dated pictures of one place in order of time, prepared for comparison."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import (
    Frame,
    Mask,
    Pixels,
    as_bands,
    filled,
    grey,
    in_grey,
    medians,
    opponent,
    same_grid,
    smooth,
    usable,
)
from imgcheck.change.radiometry import fit_radiometry, match_radiometry
from imgcheck.change.shift import move_back, residual_shift
from imgcheck.errors import UsageError

# Larger pictures are reduced to this number of pixels.
_WORKING_PIXELS = 250_000

# Band of detail that is kept: smoothing at the fine end, subtraction of the mean at the coarse end.
_FINE_PX, _COARSE_PX = 1.2, 12.0

# Radius over which edges are pooled, and edges that count half, in units of the median strength.
# benchmarks: dating, tuning halves; radii of 1.5 to 4 px and units of 0.2 to 1.5 were tried.
_EDGES_PX, _WEAK = 2.0, 0.5

Dated = tuple[NDArray[Any], date]


def moment(value: date) -> datetime:
    """Return a date or time for ordering; one without a zone counts as UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def in_order(references: Sequence[Dated]) -> list[Dated]:
    """Sort references by date; refuse fewer than two, and equal dates."""
    if len(references) < 2:
        raise UsageError(
            f"{len(references)} dated reference given; at least two are needed to date a picture"
        )
    for _, when in references:
        if not isinstance(when, date):
            raise UsageError(f"the date of a reference must be a date or datetime, not {when!r}")
    ordered = sorted(references, key=lambda item: moment(item[1]))
    for (_, one), (_, two) in pairwise(ordered):
        if moment(one) == moment(two):
            raise UsageError(f"two references are dated {one.isoformat()}; keep one of them")
    return ordered


def _smaller(bands: Pixels, known: Mask) -> tuple[Pixels, Mask, float]:
    """Reduce a picture to the working size; the factor converts back."""
    rows, columns = known.shape
    factor = math.sqrt(rows * columns / _WORKING_PIXELS)
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
    """Bring picture and references to one radiometry and place; return the edges of each.

    The picture comes last. All are matched to the reference in the middle of time.
    """
    names = [f"reference {k + 1}" for k in range(len(references))]
    named = {n: as_bands(n, array) for n, (array, _) in zip(names, references, strict=True)}
    named["picture"] = as_bands("picture", picture)
    same_grid(named)
    known = usable(named["picture"], valid)
    for bands in named.values():
        known = known & usable(bands, None)
    layers = [filled(bands, known, medians(bands, known)) for bands in named.values()]
    if in_grey(layers):
        layers = [grey(bands) for bands in layers]
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
        raise UsageError("picture and references have almost no area in common")
    inner = cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    states, at = [], Frame.whole(known.shape)
    for k, bands in enumerate(placed):
        fit = () if k == middle else fit_radiometry(placed[middle], bands, known, at)
        even = match_radiometry(bands, fit, at)
        even = opponent(even)
        detail = smooth(even, known, _FINE_PX) - smooth(even, known, _COARSE_PX)
        states.append(_edges(detail, inner))
    return states, inner, scale


def _edges(detail: Pixels, known: Mask) -> Pixels:
    """Return the directions of the edges around each pixel, (M, N, 4).

    Cosine and sine of twice and four times the direction, by the strength of the gradient: an edge
    and a corner. They do not depend on which side is brighter. A field keeps its borders whatever
    grows in it, and a pond its shape when it dries; what is built or cleared has new ones.

    References
    ----------
    .. [1] J. Bigun and G. H. Granlund, "Optimal orientation detection of linear symmetry",
       First International Conference on Computer Vision, 1987.
    """
    sums = np.zeros((*known.shape, 5), np.float32)
    for band in range(detail.shape[2]):
        right, down = (
            cv2.Sobel(detail[..., band], cv2.CV_32F, x, 1 - x, scale=0.125, ksize=3) for x in (1, 0)
        )
        power = right**2 + down**2
        cosine, sine = right**2 - down**2, 2 * right * down
        twice = cosine**2 - sine**2, 2 * cosine * sine
        steep = np.maximum(power, np.float32(1e-9))
        sums += np.dstack([power, cosine, sine, twice[0] / steep, twice[1] / steep])
    pooled = smooth(sums, known, _EDGES_PX)
    weak = _WEAK * np.median(pooled[known, 0])
    return np.asarray(pooled[..., 1:] / (pooled[..., :1] + max(weak, np.float32(1e-9))))
