"""Where the patches of one picture lie in another that is almost in register with it."""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft

from imgcheck.imaging.pixels import Float32, Float64

# A patch that is known in less than this share of its pixels is left out.
_LEAST_KNOWN = 0.5
# Windows transformed at once: memory.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """Matched patches, K of them.

    ``points`` (K, 2) are their middles (x, y, corner convention), ``shifts`` (K, 2) to where the
    other picture shows the same, ``scores`` the normalised correlations of the direction maps
    there; shifts were searched up to ``reach`` pixels each way.
    """

    points: Float64
    shifts: Float64
    scores: Float64
    reach: int

    def __len__(self) -> int:
        return len(self.points)


def match(first: Float32, second: Float32, *, side: int, reach: int, step: int) -> Ties:
    """Find patches of one stack of direction maps (4, M, N) in another on the same grid.

    ``side`` of a patch, ``reach`` of the search each way and ``step`` between the middles of
    patches are in pixels. A patch is left out where too little of it is known.
    """
    rows, cols = first.shape[1:]
    power = [(m * m).sum(axis=0) for m in (first, second)]
    known = (power[0] > 0).astype(np.float32)
    tops = _places(rows, side, step)
    lefts = _places(cols, side, step)
    share = cv2.boxFilter(known, -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    spots = [(t, x) for t in tops for x in lefts if share[t, x] >= _LEAST_KNOWN]
    padded = np.pad(second, ((0, 0), (reach, reach), (reach, reach)))
    under = cv2.boxFilter(
        np.pad(power[1], reach),
        -1,
        (side, side),
        normalize=False,
        anchor=(0, 0),
        borderType=cv2.BORDER_CONSTANT,
    )
    size = scipy.fft.next_fast_len(side + 2 * reach)
    found = []
    for start in range(0, len(spots), _AT_ONCE):
        part = spots[start : start + _AT_ONCE]
        small = np.stack([first[:, t : t + side, x : x + side] for t, x in part])
        wide = side + 2 * reach
        large = np.stack([padded[:, t : t + wide, x : x + wide] for t, x in part])
        ahead = scipy.fft.rfft2(small, s=(size, size))
        joint = (np.conj(ahead) * scipy.fft.rfft2(large, s=(size, size))).sum(axis=1)
        score = scipy.fft.irfft2(joint, s=(size, size))[:, : 2 * reach + 1, : 2 * reach + 1]
        own = (small * small).sum(axis=(1, 2, 3))
        there = np.stack([under[t : t + 2 * reach + 1, x : x + 2 * reach + 1] for t, x in part])
        floor = 0.2 * np.median(there) + 1e-9
        score /= np.sqrt(own[:, None, None] * np.maximum(there, floor)) + 1e-9
        found += [_peak(s, t, x, side, reach) for s, (t, x) in zip(score, part, strict=True)]
    table = np.array(found, np.float64).reshape(-1, 5)
    return Ties(points=table[:, :2], shifts=table[:, 2:4], scores=table[:, 4], reach=reach)


def _places(length: int, side: int, step: int) -> list[int]:
    if length < side:
        return []
    count = max(1, round((length - side) / step) + 1)
    return sorted({round(v) for v in np.linspace(0, length - side, count)})


def _peak(
    score: Float32, top: int, left: int, side: int, reach: int
) -> tuple[float, float, float, float, float]:
    row, col = np.unravel_index(int(np.argmax(score)), score.shape)
    dy, dx = _between(score, int(row), int(col))
    return (
        left + side / 2,
        top + side / 2,
        col + dx - reach,
        row + dy - reach,
        float(score[row, col]),
    )


def _between(score: Float32, row: int, col: int) -> tuple[float, float]:
    """Return the offset of the top of a parabola through a peak and its neighbours."""
    if not (0 < row < score.shape[0] - 1 and 0 < col < score.shape[1] - 1):
        return 0.0, 0.0
    offsets = []
    for low, high in (
        (score[row - 1, col], score[row + 1, col]),
        (score[row, col - 1], score[row, col + 1]),
    ):
        bend = float(low - 2 * score[row, col] + high)
        offsets.append(0.0 if bend >= 0 else float(np.clip((low - high) / (2 * bend), -0.5, 0.5)))
    return offsets[0], offsets[1]
