"""How much an unaltered copy differs from its prediction at each place, estimated from the pair.

Compression removes more from textured ground than from flat ground, a small misregistration shows
at edges, a small error of tone shows where there is contrast. So the energy that the difference
should have is combined, band by band of detail, from what the prediction shows at each place (what
simulated compression removes, its slopes, its bends, its contrast); the shares are fitted to the
pair. What has far more energy was altered.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

# Side of a cell in grid pixels; energies are kept by cells.
CELL = 4
# Details between these blurs (pixels) make a band. Coarser ones are local toning.
_BLURS = (0.0, 1.0, 2.0, 4.0, 8.0)
BANDS = len(_BLURS) - 1
# Windows in which energy is compared, in cells: 12, 20, 36 and 68 pixels.
WINDOWS = (3, 5, 9, 17)
# The smallest window of each band: a window holds some details of its band.
_LEAST_WINDOW = (3, 3, 3, 5)
_QUALITIES = (35, 75)
# Rounding to whole gray levels alone differs by 1/12 level squared; twice, for two pictures.
_FLOOR = (0.05, 0.05, 0.05, 0.05)
_FIT_WINDOW = 5
_TRIM = 4.0
_ROUNDS = 6
# The spread is read above the median: from the upper quartile while much may be altered, from
# the last tenth once that is set aside.
_UPPER = {True: (75.0, 0.6745), False: (90.0, 1.2816)}
# Unaltered pairs spread by 0.15 to 0.6; more in the first pass is what was altered.
_MOST_SPREAD = 1.0
# Energies of neighbouring windows cannot be more alike than this (log units): a pair without
# any noise would else make every rounding a discovery.
_LEAST_SPREAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation:
    """What the energy of the difference should be."""

    # (m/4, n/4) for each band: expected mean square in gray levels
    energy: tuple[NDArray[np.float32], ...]
    weight: NDArray[np.float32]  # (m/4, n/4): usable share of each cell
    # (bands, windows): median and robust sigma of log(observed / expected energy)
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]


def bands(array: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Split an array (m, n) into bands of detail, finest first."""
    soft = [array] + [
        np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32) for sigma in _BLURS[1:]
    ]
    return [a - b for a, b in itertools.pairwise(soft)]


def by_pixels(
    cells: NDArray[np.generic], shape: tuple[int, int], outside: np.generic
) -> NDArray[Any]:
    """Repeat the values of cells for the pixels of (m, n); ``outside`` where there is no cell."""
    fine = np.full(shape, outside)
    large = np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)
    fine[: large.shape[0], : large.shape[1]] = large
    return fine


def energies(
    difference: NDArray[np.float32], usable: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """Return the mean square of each band by cells; unusable pixels take no part."""
    return [_cells(band**2 * usable) for band in bands(difference)]


def _cells(array: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, cols = (s // CELL * CELL for s in array.shape)
    size = (cols // CELL, rows // CELL)
    return np.asarray(
        cv2.resize(array[:rows, :cols], size, interpolation=cv2.INTER_AREA), np.float32
    )


def _box(array: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    return np.asarray(
        cv2.boxFilter(array, cv2.CV_32F, (window, window), borderType=cv2.BORDER_CONSTANT),
        np.float32,
    )


def expectation(
    difference: NDArray[np.float32],
    predicted: NDArray[np.float32],
    known: NDArray[np.float32],
    finer: NDArray[np.float32],
    usable: NDArray[np.bool_],
    *,
    drawn: NDArray[np.bool_],
    first: bool = False,
) -> Expectation:
    """Fit the expected energy of a difference to the pair."""
    mask = usable.astype(np.float32)
    weight = _cells(mask)
    ground = weight * (_cells(drawn.astype(np.float32)) == 0)
    components = _components(predicted, known, finer, mask)
    observed = energies(difference, mask)
    expected = []
    for band in range(BANDS):
        parts = [component[band] for component in components]
        expected.append(_fitted(observed[band], parts, weight, ground, _FLOOR[band]))
    middle = np.zeros((BANDS, len(WINDOWS)))
    spread = np.ones((BANDS, len(WINDOWS)))
    percentile, sigmas = _UPPER[first]
    for band, number, ratio in _ratios(observed, expected, weight):
        window = WINDOWS[number]
        whole = _box(ground, window) >= 0.9 * _box(weight, window)
        known = ratio[np.isfinite(ratio) & whole]
        if known.size:
            middle[band, number], high = np.percentile(known, (50, percentile))
            wide = max((high - middle[band, number]) / sigmas, _LEAST_SPREAD)
            spread[band, number] = min(wide, _MOST_SPREAD) if first else wide
    return Expectation(energy=tuple(expected), weight=weight, middle=middle, spread=spread)


def scores(observed: list[NDArray[np.float32]], null: Expectation) -> NDArray[np.float32]:
    """Compute how far the energy around each cell lies above what is expected, in robust sigmas."""
    best = np.full(null.weight.shape, np.nan, np.float32)
    for band, number, ratio in _ratios(observed, list(null.energy), null.weight):
        score = (ratio - null.middle[band, number]) / null.spread[band, number]
        best = np.fmax(best, score.astype(np.float32))
    return best


def level(null: Expectation, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the expected mean square of the difference for every pixel of (m, n)."""
    total = _box(np.sum(null.energy, axis=0, dtype=np.float32), _FIT_WINDOW)
    share = _box(np.ones_like(total), _FIT_WINDOW)
    fine = cv2.resize(total / share, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine, np.float32)


def _ratios(
    observed: list[NDArray[np.float32]],
    expected: list[NDArray[np.float32]],
    weight: NDArray[np.float32],
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Return the log of observed over expected energy by band and window; NaN where unusable."""
    for number, window in enumerate(WINDOWS):
        known = _box(weight, window) >= 0.5
        for band in range(BANDS):
            if window < _LEAST_WINDOW[band]:
                continue
            top, bottom = _box(observed[band], window), _box(expected[band] * weight, window)
            ratio = np.log(np.maximum(top, 1e-6) / np.maximum(bottom, 1e-6))
            yield band, number, np.where(known, ratio, np.float32(np.nan))


def _components(
    predicted: NDArray[np.float32],
    known: NDArray[np.float32],
    finer: NDArray[np.float32],
    mask: NDArray[np.float32],
) -> list[list[NDArray[np.float32]]]:
    """Return the energies by band of all that may make a faithful copy differ."""
    lost = [_compressed(predicted, quality) - predicted for quality in _QUALITIES]
    # What compression took before the tones were changed, a steep curve has made larger.
    lost.append((_compressed(known, _QUALITIES[1]) - known) * _gain(predicted, known))
    slopes = (
        cv2.Sobel(predicted, cv2.CV_32F, 1, 0, ksize=3) / 8,
        cv2.Sobel(predicted, cv2.CV_32F, 0, 1, ksize=3) / 8,
    )
    bend = cv2.Laplacian(predicted, cv2.CV_32F, ksize=1)
    components = [energies(np.asarray(part, np.float32), mask) for part in lost]
    across, down = (energies(np.asarray(part, np.float32), mask) for part in slopes)
    components.append([a + b for a, b in zip(across, down, strict=True)])
    components.append(energies(np.asarray(bend, np.float32), mask))
    components.append(energies(predicted, mask))
    components.append([_cells(finer * _gain(predicted, known) ** 2 * mask)] * BANDS)
    return components


def _gain(predicted: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much steeper the tones of the prediction are, place by place."""
    steep = []
    for array in (predicted, known):
        fine = array - cv2.GaussianBlur(array, (0, 0), 2.0)
        steep.append(cv2.GaussianBlur(fine**2, (0, 0), 3.0) + 1.0)
    return np.asarray(np.sqrt(steep[0] / steep[1]), np.float32)


def _compressed(predicted: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    pixels = np.round(np.clip(predicted, 0, 255)).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)


def _fitted(
    observed: NDArray[np.float32],
    parts: list[NDArray[np.float32]],
    weight: NDArray[np.float32],
    ground: NDArray[np.float32],
    floor: float,
) -> NDArray[np.float32]:
    """Express the observed energy by parts, none negative, robust to outliers."""
    share = np.maximum(_box(weight, _FIT_WINDOW), np.float32(1e-3))
    good = _box(ground, _FIT_WINDOW) >= 0.8
    target = (_box(observed, _FIT_WINDOW) / share)[good].astype(np.float64)
    columns = [(_box(part, _FIT_WINDOW) / share)[good].astype(np.float64) for part in parts]
    design = np.stack([*columns, np.ones(len(target))], axis=-1)
    if len(target) < 100:
        return np.full(observed.shape, max(floor, float(np.median(observed))), np.float32)
    sizes = np.maximum(design.mean(axis=0), 1e-9)
    design /= sizes
    expected = np.full(len(target), max(float(np.median(target)), floor))
    keep = np.ones(len(target), bool)
    shares = np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        # The scatter of an energy grows with the energy.
        trust = keep / expected**2
        shares = _not_negative((design * trust[:, None]).T @ design, design.T @ (trust * target))
        expected = np.maximum(design @ shares, floor)
        ratio = target / expected
        keep = ratio < _TRIM * max(float(np.median(ratio)), 1e-3)
    answer = np.full(observed.shape, shares[-1] / sizes[-1], np.float32)
    for part, one, size in zip(parts, shares[:-1], sizes[:-1], strict=True):
        # A cell's own value is as noisy as its energy: its neighbours count too.
        answer += np.float32(one / size) * part / np.maximum(weight, np.float32(0.25))
    return np.maximum(answer, np.float32(floor))


def _not_negative(normal: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve least squares without negative parts, from the normal equations."""
    values, axes = np.linalg.eigh(normal)
    kept = values > 1e-10 * values[-1]
    roots, axes = np.sqrt(values[kept]), axes[:, kept]
    return np.asarray(nnls(roots[:, None] * axes.T, (axes.T @ side) / roots)[0])
