"""Register a picture to a reference of any size by local features, with bounded memory.

Up to `FEATURE_SIDE` pixels a side the reference is searched at full size. A larger one is first
searched reduced to that side, and a match is refined on the full-size part; without a match,
overlapping full-size tiles are searched.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imgcheck.geo.reference import Pixels, ReferenceImage, Window
from imgcheck.imaging import features, registration, transforms
from imgcheck.imaging.features import Features
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.registration import NotRegistered, Registered, Registration

# 16 Mpx of SIFT take about 15 s.
FEATURE_SIDE = 4000
# A picture up to this large lies whole in at least one tile.
TILE_OVERLAP = 1000
# More would take longer than ten minutes.
MOST_TILES = 36


def register(
    query: Features,
    picture_shape: tuple[int, ...],
    reference: ReferenceImage,
    *,
    try_mirrored: bool = False,
) -> Registration:
    """Register a picture to a reference; see `imgcheck.imaging.registration.register`.

    ``query`` are the picture's features, from `registration.picture_features`. The result is in
    pixels of the reference. If the reference is too large for a search at full size, the reason of
    a `NotRegistered` states so.
    """

    def on(window: Window, factor: int = 1) -> Registration:
        known = _detect(reference, window, factor)
        return _aligned(query, picture_shape, known, window, factor, try_mirrored)

    rows, cols = reference.shape
    factor = math.ceil(max(rows, cols) / FEATURE_SIDE)
    if factor <= 1:
        return on((0, 0, cols, rows))
    coarse = on((0, 0, cols // factor * factor, rows // factor * factor), factor)
    if isinstance(coarse, NotRegistered):
        return _best_tile(reference, query, picture_shape, try_mirrored) or _with_limit(
            coarse, reference.shape
        )
    window = footprint_window(coarse.matrix, picture_shape, reference.shape)
    if max(window[2:]) > FEATURE_SIDE or min(window[2:]) < 1:
        return coarse
    fine = on(window)
    return fine if isinstance(fine, Registered) and _agree(fine, coarse, factor) else coarse


def _aligned(
    query: Features,
    picture_shape: tuple[int, ...],
    known: Features,
    window: Window,
    factor: int,
    try_mirrored: bool,
) -> Registration:
    """Register the picture to the features of a window of the reference, reduced by a factor."""
    found = registration.align(
        query,
        known,
        query_shape=picture_shape,
        known_shape=_shape(window, factor),
        try_mirrored=try_mirrored,
    )
    if isinstance(found, NotRegistered):
        return found
    shift = np.array([[factor, 0, window[0]], [0, factor, window[1]], [0, 0, 1.0]])
    return registration.in_larger(found, shift)


def _shape(window: Window, factor: int) -> tuple[int, int]:
    return max(1, window[3] // factor), max(1, window[2] // factor)


def _detect(reference: ReferenceImage, window: Window, factor: int) -> Features:
    shape = _shape(window, factor)

    def read(part: Window) -> Pixels:
        x, y, width, height = (n * factor for n in part)
        size = None if factor == 1 else (part[3], part[2])
        return reference.read((window[0] + x, window[1] + y, width, height), size)

    return features.detect_by_parts(read, shape, limit=registration.reference_limit(shape))


def footprint_window(
    matrix: Float64, picture_shape: tuple[int, ...], shape: tuple[int, ...]
) -> Window:
    """Return the window of a reference under the picture, with a margin."""
    ring = transforms.apply(matrix, transforms.corners(picture_shape))
    margin = 0.1 * (ring.max(axis=0) - ring.min(axis=0)).max() + 20
    x, y = (int(v) for v in np.clip(ring.min(axis=0) - margin, 0, [shape[1], shape[0]]))
    right, bottom = (int(v) for v in np.clip(ring.max(axis=0) + margin, 0, [shape[1], shape[0]]))
    return x, y, right - x, bottom - y


def _agree(fine: Registered, coarse: Registered, factor: int) -> bool:
    """Return whether two registrations differ by no more than the coarser one's pixels allow."""
    if fine.mirrored != coarse.mirrored:
        return False
    ring = transforms.corners(fine.picture_shape)
    gap = transforms.apply(fine.matrix, ring) - transforms.apply(coarse.matrix, ring)
    return float(np.hypot(*gap.T).max()) < 3.0 * factor + 3.0 * coarse.corner_sigma_px


def _tiles(shape: tuple[int, ...]) -> Iterator[Window]:
    step = FEATURE_SIDE - TILE_OVERLAP
    for top in range(0, max(1, shape[0] - TILE_OVERLAP), step):
        for left in range(0, max(1, shape[1] - TILE_OVERLAP), step):
            right, bottom = min(left + FEATURE_SIDE, shape[1]), min(top + FEATURE_SIDE, shape[0])
            yield left, top, right - left, bottom - top


def _best_tile(
    reference: ReferenceImage, query: Features, picture_shape: tuple[int, ...], try_mirrored: bool
) -> Registered | None:
    """Search all tiles at full size; return the match with the smallest number of false alarms."""
    windows = list(_tiles(reference.shape))
    if len(windows) > MOST_TILES:
        return None
    best: Registered | None = None
    parts = features.Parts(lambda part: reference.read(part, None), reference.shape)
    for window in windows:
        limit = registration.reference_limit(_shape(window, 1))
        known = parts.strongest(window, limit=limit)
        known = replace(known, points=known.points - np.array(window[:2], np.float32))
        found = _aligned(query, picture_shape, known, window, 1, try_mirrored)
        if isinstance(found, Registered) and (best is None or found.log10_nfa < best.log10_nfa):
            best = found
    return best


def _with_limit(found: NotRegistered, shape: tuple[int, ...]) -> NotRegistered:
    if len(list(_tiles(shape))) <= MOST_TILES:
        return found
    return replace(
        found,
        reason=f"{found.reason}; the reference of {shape[1]} x {shape[0]} pixels was only "
        "searched at reduced resolution: give a part of it to search at full resolution",
    )
