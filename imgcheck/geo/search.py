"""Look for a picture on a reference of any size with bounded memory.

Up to `FEATURE_SIDE` pixels a side the reference is searched as it is. Beyond that it is first
searched reduced to that side, and what is found is refined on the full-size part; what is not
found is looked for in overlapping full-size tiles.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import features, registration, transforms, warp
from imgcheck.imaging.features import Features
from imgcheck.imaging.registration import Registration

# 16 Mpx of SIFT take about 15 s and 1.6 GB.
FEATURE_SIDE = 4000
# A picture up to this large lies whole in at least one tile.
TILE_OVERLAP = 1000
# More would take longer than ten minutes.
MOST_TILES = 36
_PICTURE_LIMIT = 2500

Lay = Callable[[NDArray[np.float32], NDArray[np.bool_] | None], Registration]


def find(
    picture: NDArray[np.float32],
    reference: NDArray[np.float32],
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    reference_mask: NDArray[np.bool_] | None = None,
    try_mirrored: bool = False,
    seed: int = 20170924,
    query: Features | None = None,
) -> Registration:
    """Lay a picture on a reference of any size; see `imgcheck.imaging.registration.register`.

    ``query`` are the picture's features where they are known, from `query_of`.

    Returns
    -------
    Registration
        In pixels of the reference as given. If the reference is too large to be searched at
        full size, ``reason`` says so.
    """
    if reference_mask is not None and reference_mask.shape != reference.shape:
        raise GridMismatchError(
            f"the reference's mask is {reference_mask.shape}, the reference {reference.shape}"
        )
    seen = query_of(picture, picture_mask) if query is None else query

    def lay(part: NDArray[np.float32], mask: NDArray[np.bool_] | None) -> Registration:
        known = features.detect(part, mask=mask, limit=registration.reference_limit(part.shape))
        return _align(seen, known, picture.shape, part.shape, try_mirrored, seed)

    factor = math.ceil(max(reference.shape) / FEATURE_SIDE)
    if factor <= 1:
        return lay(reference, reference_mask)
    small = (max(1, reference.shape[0] // factor), max(1, reference.shape[1] // factor))
    mask = None if reference_mask is None else _reduced(reference_mask, small)
    coarse = lay(warp.resize(reference, small), mask)
    scale = np.diag([reference.shape[1] / small[1], reference.shape[0] / small[0], 1.0])
    whole = registration.in_larger(coarse, scale)
    if whole.matrix is None:
        return _tiles(lay, reference, reference_mask) or _with_limit(whole, reference.shape)
    window = _window_of(whole.matrix, picture.shape, reference.shape)
    fine = None if window is None else _lay_window(lay, reference, reference_mask, window)
    if fine is not None and fine.found and _agree(fine, whole, factor):
        return fine
    return whole


def query_of(picture: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> Features:
    """Give the features of a picture, to be looked for on several references."""
    return features.detect(picture, mask=mask, limit=_PICTURE_LIMIT)


def _align(
    query: Features,
    known: Features,
    query_shape: tuple[int, ...],
    known_shape: tuple[int, ...],
    try_mirrored: bool,
    seed: int,
) -> Registration:
    return registration.align(
        query,
        known,
        query_shape=query_shape,
        known_shape=known_shape,
        try_mirrored=try_mirrored,
        seed=seed,
    )


def _reduced(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray(warp.resize(mask, shape) > 0.99)


def _lay_window(
    lay: Lay,
    reference: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
    window: tuple[slice, slice],
) -> Registration:
    part = None if mask is None else mask[window]
    shift = np.array([[1.0, 0, window[1].start], [0, 1, window[0].start], [0, 0, 1]])
    return registration.in_larger(lay(reference[window], part), shift)


def _window_of(
    matrix: NDArray[np.float64], picture_shape: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    """Give the part of the reference under the picture with a margin, None if it is too large."""
    ring = transforms.apply(matrix, transforms.corners(picture_shape))
    margin = 0.1 * (ring.max(axis=0) - ring.min(axis=0)).max() + 20
    low = np.clip(ring.min(axis=0) - margin, 0, [shape[1], shape[0]]).astype(int)
    high = np.clip(ring.max(axis=0) + margin, 0, [shape[1], shape[0]]).astype(int)
    if (high - low).max() > FEATURE_SIDE or (high - low).min() < 1:
        return None
    return slice(low[1], high[1]), slice(low[0], high[0])


def _agree(fine: Registration, coarse: Registration, factor: int) -> bool:
    """Say whether two registrations differ by no more than the coarser one's pixels allow."""
    if fine.matrix is None or coarse.matrix is None or fine.mirrored != coarse.mirrored:
        return False
    ring = transforms.corners(fine.picture_shape)
    gap = transforms.apply(fine.matrix, ring) - transforms.apply(coarse.matrix, ring)
    return float(np.hypot(*gap.T).max()) < 3.0 * factor + 3.0 * (coarse.corner_sigma_px or 0.0)


def _tile_windows(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    step = FEATURE_SIDE - TILE_OVERLAP
    for top in range(0, max(1, shape[0] - TILE_OVERLAP), step):
        for left in range(0, max(1, shape[1] - TILE_OVERLAP), step):
            yield (
                slice(top, min(top + FEATURE_SIDE, shape[0])),
                slice(left, min(left + FEATURE_SIDE, shape[1])),
            )


def _tiles(
    lay: Lay, reference: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> Registration | None:
    """Search at full size; the least chance-like of the tiles that fit."""
    windows = list(_tile_windows(reference.shape))
    if len(windows) > MOST_TILES:
        return None
    best: Registration | None = None
    for window in windows:
        found = _lay_window(lay, reference, mask, window)
        if found.found and (best is None or _nfa(found) < _nfa(best)):
            best = found
    return best


def _nfa(found: Registration) -> float:
    return math.inf if found.log10_nfa is None else found.log10_nfa


def _with_limit(found: Registration, shape: tuple[int, ...]) -> Registration:
    if len(list(_tile_windows(shape))) <= MOST_TILES:
        return found
    return replace(
        found,
        reason=f"{found.reason}; the reference of {shape[1]} x {shape[0]} pixels was only searched "
        "reduced: give a part of it for a search at full size",
    )
