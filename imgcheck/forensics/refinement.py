"""Refine the transform between a picture and its earlier copy to a fraction of a pixel."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms, warp

# Blocks that measure the remaining shift; smaller ones are noisy, larger ones see no bending.
_SHIFT_BLOCK, _SHIFT_LIMIT_PX, _SHIFT_ROUNDS = 48, 2.5, 3
_LEAST_SHIFTS = 12
# Blocks that are left unexplained by this many times the usual share take no part.
_MISFIT = 3.0


def _blur(array: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)


def refined(
    seen: NDArray[np.float32],
    gray: NDArray[np.float32],
    matrix: NDArray[np.float64],
    drawn: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Improve a transform by the shifts of blocks, each with its own gain and offset.

    Parameters
    ----------
    seen, gray : (m, n) float32
        The picture and its earlier copy, NaN where unknown.
    matrix : (3, 3)
        ``seen`` pixels to ``gray`` pixels, right to about two pixels.
    drawn : (m, n) bool
        Parts of ``seen`` that take no part.

    Returns
    -------
    (3, 3) float64
        The same, right to a few hundredths of a pixel where there is texture.
    """
    for _ in range(_SHIFT_ROUNDS):
        laid = warp.warp(gray, matrix, (seen.shape[0], seen.shape[1]), inverse=True)
        usable = np.isfinite(seen) & np.isfinite(laid) & ~drawn
        points, shifts, trust = _shifts(seen, laid, usable)
        if len(points) < _LEAST_SHIFTS:
            break
        model = "homography" if len(points) >= 3 * _LEAST_SHIFTS else "similarity"
        target = transforms.apply(matrix, points + shifts)
        start = matrix if model == "homography" else None
        found = transforms.fit(points, target, model=model, weights=trust, start=start)
        if found is None or np.abs(transforms.apply(found.matrix, points) - target).max() > 20:
            break
        moved = np.abs(
            transforms.apply(found.matrix, points) - transforms.apply(matrix, points)
        ).max()
        matrix = found.matrix
        if moved < 0.02:
            break
    return matrix


def _shifts(
    seen: NDArray[np.float32], laid: NDArray[np.float32], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Measure by least squares how far each block of the laid picture must still be moved."""
    a = _blur(np.where(usable, seen, np.float32(0)).astype(np.float32), 1.2)
    b = _blur(np.where(usable, laid, np.float32(0)).astype(np.float32), 1.2)
    slope_x = cv2.Sobel(b, cv2.CV_32F, 1, 0, ksize=3) / 8
    slope_y = cv2.Sobel(b, cv2.CV_32F, 0, 1, ksize=3) / 8
    inner = cv2.erode(usable.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    points, shifts, trust, unexplained = [], [], [], []
    step = _SHIFT_BLOCK
    for top in range(0, seen.shape[0] - step + 1, step):
        for left in range(0, seen.shape[1] - step + 1, step):
            block = np.s_[top : top + step, left : left + step]
            good = inner[block]
            if good.mean() < 0.8:
                continue
            design = np.stack(
                [slope_x[block][good], slope_y[block][good], b[block][good], np.ones(good.sum())],
                axis=-1,
            ).astype(np.float64)
            wanted = a[block][good].astype(np.float64)
            normal = design.T @ design + 1e-3 * np.eye(4)
            inverse = np.linalg.inv(normal)
            answer = inverse @ (design.T @ wanted)
            gain = answer[2]
            if abs(gain) < 0.1:
                continue
            shift = answer[:2] / gain
            gap = wanted - design @ answer
            spread = float(gap @ gap) / len(gap) * inverse[:2, :2].diagonal().max() / gain**2
            if np.abs(shift).max() > _SHIFT_LIMIT_PX or not np.isfinite(spread):
                continue
            points.append((left + step / 2, top + step / 2))
            shifts.append(shift)
            # Never surer than a hundredth of a pixel: neighbouring pixels share their error.
            trust.append(1.0 / (spread + 1e-4))
            unexplained.append(float(gap @ gap) / (float(wanted.var()) * len(gap) + len(gap)))
    # What was altered does not fit at any shift, and must not pull the rest along.
    keep = (
        np.array(unexplained) <= _MISFIT * np.median(unexplained) if points else np.zeros(0, bool)
    )
    return (
        np.array(points).reshape(-1, 2)[keep],
        np.array(shifts).reshape(-1, 2)[keep],
        np.array(trust)[keep],
    )
