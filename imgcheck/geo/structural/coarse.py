"""Look everywhere at once: the picture's directions against the reference's, by FFT.

Every turn and every size is tried on a reduced copy of the reference, as coarse as the picture's
footprint allows.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imgcheck.geo.structural.pyramid import Level, Pyramid, centred, reduced
from imgcheck.imaging import orientation

# Side of the reduced picture: what it shows is smeared by a step of the search no further than
# the maps are smoothed.
TEMPLATE_SIDE = 80
TURN_STEP_DEG = 6.0
SCALE_STEP = 1.12
# The same where the search can afford it: of seven drawn-over pictures of the tuning ground whose
# place the coarse search lost, six come first in this one. A side of 112 and steps of 4 degrees
# bring no more, for half as much again.
FINE_SIDE, FINE_TURN_STEP_DEG = 96, 5.0
# Peaks kept of one size of the picture.
_PEAKS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A similarity worth a closer look.

    ``matrix`` (3, 3) leads from the picture to the reference; ``score`` is the normalised
    correlation, ``surprise`` its distance from the mean of all places in their standard
    deviations.
    """

    matrix: NDArray[np.float64]
    scale: float
    turn: float
    score: float
    surprise: float


def search(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    pyramid: Pyramid,
    *,
    scales: list[float],
    side: int = TEMPLATE_SIDE,
    turn_step: float = TURN_STEP_DEG,
) -> list[Candidate]:
    """Try all turns and the sizes given; the most surprising places first.

    Parameters
    ----------
    picture : (M, N) float32
    mask : (M, N) bool
    pyramid : Pyramid
    scales : list of float
        Reference pixels per picture pixel.
    side : int
        Of the reduced picture, pixels.
    turn_step : float
        Degrees; 180 is a multiple of it.
    """
    found: list[Candidate] = []
    for scale in scales:
        found += _one_scale(picture, mask, pyramid, scale, side, turn_step)
    return sorted(found, key=lambda c: -c.surprise)


def work(
    shape: tuple[int, ...], pyramid: Pyramid, scale: float, *, side: int = TEMPLATE_SIDE
) -> float:
    """Give the pixels of the transforms that one size needs."""
    factor = pyramid.factor(_step(shape, pyramid, scale, side))
    reach = math.hypot(*shape) * scale / factor / 2
    return (pyramid.shape[0] / factor + reach) * (pyramid.shape[1] / factor + reach)


def _step(shape: tuple[int, ...], pyramid: Pyramid, scale: float, side: int) -> int:
    """Give the level on which the picture has about ``side`` pixels, or its own."""
    return pyramid.step(max(scale, scale * math.sqrt(shape[0] * shape[1]) / side))


def _one_scale(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    pyramid: Pyramid,
    scale: float,
    side: int,
    turn_step: float,
) -> list[Candidate]:
    step = _step(picture.shape, pyramid, scale, side)
    level = pyramid.level(step)
    shrink = math.sqrt(level.factor[0] * level.factor[1])
    small = tuple(max(8, round(n * scale / shrink)) for n in picture.shape)
    gray, known = reduced(picture, mask, (small[0], small[1]))
    maps = centred(orientation.maps(gray, mask=known), known)
    reach = math.hypot(*small)
    rows, cols = level.known.shape
    size = (
        scipy.fft.next_fast_len(int(rows + reach / 2 + 2)),
        scipy.fft.next_fast_len(int(cols + reach / 2 + 2)),
    )
    spectrum = pyramid.spectrum(step, size)
    inverse = 1 / _energy(level, known, small)
    best = np.full((rows, cols), -np.inf, np.float32)
    which = np.zeros((rows, cols), np.float32)
    sums = np.zeros(3)
    for turn in np.arange(0.0, 180.0, turn_step):
        turned = orientation.turned(maps, float(turn))
        norm = float(np.sqrt((turned * turned).sum())) + 1e-12
        ahead = _spectrum(turned, size)
        for half_turn in (0.0, 180.0):
            # The maps of a picture turned by another half are the same, mirrored at the
            # middle: their spectrum is the conjugate one.
            joint = np.einsum("cij,cij->ij", spectrum, ahead if half_turn else np.conj(ahead))
            score = scipy.fft.irfft2(joint, s=size)[:rows, :cols] * (inverse / norm)
            sums += (score.size, float(score.sum()), float(np.vdot(score, score)))
            better = score > best
            np.copyto(best, score, where=better)
            which[better] = turn + half_turn
    mean = sums[1] / sums[0]
    spread = math.sqrt(max(sums[2] / sums[0] - mean**2, 1e-12))
    return _peaks(best, which, mean, spread, level, scale, picture.shape, small)


def _spectrum(maps: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.complex64]:
    """Transform maps with their middle at the origin."""
    side = maps.shape[1]
    half = side // 2
    wide = np.zeros((len(maps), side, size[1]), np.float32)
    wide[:, :, : side - half] = maps[:, :, half:]
    wide[:, :, size[1] - half :] = maps[:, :, :half]
    # Rows that are all zero need no transform.
    rows = scipy.fft.rfft(wide, axis=2)
    tall = np.zeros((len(maps), size[0], rows.shape[2]), np.complex64)
    tall[:, : side - half] = rows[:, half:]
    tall[:, size[0] - half :] = rows[:, :half]
    return np.asarray(scipy.fft.fft(tall, axis=1, overwrite_x=True))


def _energy(
    level: Level,
    known: NDArray[np.bool_],
    small: tuple[int, ...],
) -> NDArray[np.float32]:
    """Give the strength of the reference under the picture at each place, any turn."""
    side = math.ceil(math.hypot(*small)) | 1
    disc = np.zeros((side, side), np.float32)
    top, left = (side - known.shape[0]) // 2, (side - known.shape[1]) // 2
    disc[top : top + known.shape[0], left : left + known.shape[1]] = known
    mean = np.zeros_like(disc)
    for turn in range(0, 180, 15):
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), turn, 1.0)
        mean += cv2.warpAffine(disc, matrix, (side, side))
    power = (level.maps * level.maps).sum(axis=0)
    rows, cols = level.known.shape
    under = cv2.filter2D(power.astype(np.float32), -1, mean / 12, borderType=cv2.BORDER_CONSTANT)[
        :rows, :cols
    ]
    floor = 0.3 * float(np.percentile(under, 90)) + 1e-9
    return np.sqrt(np.maximum(under, floor)).astype(np.float32)


def _peaks(
    best: NDArray[np.float32],
    which: NDArray[np.float32],
    mean: float,
    spread: float,
    level: Level,
    scale: float,
    shape: tuple[int, ...],
    small: tuple[int, ...],
) -> list[Candidate]:
    found = []
    field = best.copy()
    away = max(2, min(small) // 8)
    for _ in range(_PEAKS):
        row, col = np.unravel_index(int(np.argmax(field)), field.shape)
        score = float(field[row, col])
        if not math.isfinite(score):
            break
        turn = float(which[row, col])
        x, y = (col + 0.5) * level.factor[0], (row + 0.5) * level.factor[1]
        found.append(
            Candidate(
                matrix=similarity(scale, turn, (x, y), shape),
                scale=scale,
                turn=turn,
                score=score,
                surprise=(score - mean) / spread,
            )
        )
        field[max(0, row - away) : row + away + 1, max(0, col - away) : col + away + 1] = -np.inf
    return found


def similarity(
    scale: float, turn: float, centre: tuple[float, float], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Give the matrix that lays a picture's centre on a point, turned and scaled."""
    angle = math.radians(turn)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    x, y = shape[1] / 2, shape[0] / 2
    return np.array(
        [[c, -s, centre[0] - c * x + s * y], [s, c, centre[1] - s * x - c * y], [0, 0, 1.0]]
    )
