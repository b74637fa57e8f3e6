"""Predict from an earlier copy what a picture would look like had nothing in it been changed.

Between a picture and its earlier copy are scaling, rotation, toning, local contrast, sharpening
and compression. All but the last are undone here: the earlier copy is registered to a fraction of
a pixel and given the picture's tones, sharpness and local contrast. What then still differs is
compression, or something that was altered.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms, warp

# Pictures are compared at no more than this many pixels a side: posts are seldom larger, and
# time grows with the area.
LARGEST_SIDE = 1600
_LUMA = (0.299, 0.587, 0.114)
# Half the side of the kernel that matches sharpness: a blur of two pixels fits into it.
_KERNEL_REACH = 3
_SAMPLES = 45_000
# Shares of the pixels between the points of a tone curve: finer at the ends, where few pixels
# (white roofs, black shadows) see the most of a curve.
_TONE_SHARES = (0.006, *np.linspace(0.02, 0.98, 40), 0.994)
_TONE_BLUR, _LEAST_OF_TONE = 1.5, 20
# Local tones are followed over this share of the shorter side, a third of a tile of the usual
# local equalisation (8 x 8 tiles), but never over so few pixels that a vehicle is taken for tone.
_LOCAL_SHARE, _LOCAL_LEAST = 1 / 24, 18.0
_LOCAL_ROUNDS = 3
# Units in which the three coefficients of a local curve are of like size, and how strongly
# each is held at "no change".
_TONE_UNIT = np.float32(48.0)
_LOCAL_PULL = (1e-4, 1e-3, 1e-2)
_RESISTANCE = 3.0
_SEED = 20170924
# Blocks that measure the remaining shift; smaller ones are noisy, larger ones see no bending.
_SHIFT_BLOCK, _SHIFT_LIMIT_PX, _SHIFT_ROUNDS = 48, 2.5, 3
_LEAST_SHIFTS = 12
# Blocks that are left unexplained by this many times the usual share take no part.
_MISFIT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """A picture and what its earlier copy predicts for it, on one grid."""

    picture: NDArray[np.float32]  # (m, n): luma in gray levels, 0 to 255
    predicted: NDArray[np.float32]  # the same
    known: NDArray[np.float32]  # (m, n): the earlier copy on this grid, its own tones
    # (m, n): variance of the earlier copy within each pixel of this grid: thin lines,
    # which come out otherwise from every way of resampling
    finer: NDArray[np.float32]
    usable: NDArray[np.bool_]  # (m, n): where both pictures are known
    matrix: NDArray[np.float64]  # (3, 3): picture pixels to earlier pixels, refined
    to_picture: NDArray[np.float64]  # (2,): picture pixels per grid pixel, (x, y)


def predict(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    *,
    picture_mask: NDArray[np.bool_],
    earlier_mask: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
) -> Prediction | None:
    """Register the earlier copy to the picture and match tones, sharpness and local contrast.

    ``matrix`` leads from picture to earlier pixels, right to about two pixels. What is ``drawn``
    takes no part in the matching, and is predicted all the same. Returns None if too little of
    the two overlaps.
    """
    scale = transforms.scale(matrix, picture.shape)
    side = max(picture.shape[:2])
    shrink = min(1.0, scale if scale < 0.95 else 1.0, LARGEST_SIDE / side)
    shape = (max(1, round(picture.shape[0] * shrink)), max(1, round(picture.shape[1] * shrink)))
    to_picture = np.array([picture.shape[1] / shape[1], picture.shape[0] / shape[0]])
    enlarge = np.diag([*to_picture, 1.0])
    seen = np.where(picture_mask, _gray(picture), np.float32(np.nan)).astype(np.float32)
    if shape != picture.shape[:2]:
        seen = warp.resize(seen, shape)
        drawn = warp.resize(drawn.astype(np.float32), shape) > 0.01
    known = np.asarray(earlier, np.float32).reshape(*earlier.shape[:2], -1)
    known = np.where(earlier_mask[..., None], known, np.float32(np.nan)).astype(np.float32)
    to_earlier = _refined(seen, _luma(known), matrix @ enlarge, drawn)
    warped = warp.warp(known, to_earlier, shape, inverse=True)
    usable = np.isfinite(seen) & np.isfinite(warped).all(axis=-1)
    counts = usable & ~drawn
    if np.count_nonzero(counts) < 64 * 64:
        return None
    warped = np.where(usable[..., None], warped, _middle(warped, usable)).astype(np.float32)
    seen = _filled(seen, usable)
    known_gray = _luma(warped)
    squares = warp.warp(_luma(known) ** 2, to_earlier, shape, inverse=True, linear=True)
    finer = _filled(np.maximum(squares - known_gray**2, 0), usable & np.isfinite(squares))
    if picture.ndim == 3 and warped.shape[2] == 3:
        # Each colour first: a white balance clips one before the others.
        colours = warp.resize(picture, shape) if shape != picture.shape[:2] else picture
        warped = np.stack(
            [_toned(_filled(colours[..., k], usable), warped[..., k], counts) for k in range(3)],
            axis=-1,
        )
        warped = np.clip(warped, 0, 255)
    predicted = _mixed(seen, warped, counts)
    predicted = _toned(seen, predicted, counts)
    predicted = _sharpened(seen, predicted, counts)
    predicted = _toned(seen, predicted, counts)
    predicted = _local(seen, predicted, usable, counts)
    return Prediction(
        picture=seen,
        predicted=np.clip(predicted, 0, 255),
        known=known_gray,
        finer=finer,
        usable=usable,
        matrix=to_earlier @ np.linalg.inv(enlarge),
        to_picture=to_picture,
    )


def _luma(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    if bands.shape[2] == 1:
        return bands[..., 0]
    return np.asarray(bands @ np.array(_LUMA, np.float32), np.float32)


def _gray(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    return np.asarray(pixels.astype(np.float32) @ np.array(_LUMA, np.float32))


def _filled(array: NDArray[np.generic], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(usable, array, 0).astype(np.float32)


def _middle(warped: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(np.median(warped[usable][:: max(1, usable.sum() // _SAMPLES)], axis=0))


def _blur(array: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)


def _sample(usable: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the flat places of some usable pixels, the same ones for the same mask."""
    places = np.flatnonzero(usable)
    if len(places) <= _SAMPLES:
        return places
    chosen = np.random.default_rng(_SEED).choice(len(places), _SAMPLES, replace=False)
    return np.sort(places[chosen])


def _resistant(
    design: NDArray[np.float64], wanted: NDArray[np.float64], pull: float, rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit by least squares, with a weak prior ``rest``, robust to outliers."""
    weight = np.ones(len(wanted))
    answer = rest
    for _ in range(3):
        heavy = design * weight[:, None]
        normal = heavy.T @ design
        ridge = (pull * np.trace(normal) / len(rest) + 1e-6) * np.eye(len(rest))
        answer = np.linalg.solve(normal + ridge, heavy.T @ wanted + ridge @ rest)
        gap = np.abs(wanted - design @ answer)
        bound = _RESISTANCE * 1.4826 * float(np.median(gap)) + 1e-3
        weight = np.minimum(1.0, (bound / np.maximum(gap, 1e-9)) ** 2)
    return answer


def _mixed(
    seen: NDArray[np.float32], warped: NDArray[np.float32], counts: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Mix the colours of the earlier copy to the gray of the picture (white balance, tint)."""
    if warped.shape[2] != 3:
        return warped[..., 0]
    soft = _blur(warped, 1.5).reshape(-1, 3)
    at = _sample(counts)
    design = soft[at].astype(np.float64)
    wanted = _blur(seen, 1.5).ravel()[at].astype(np.float64)
    centre, level = design.mean(axis=0), wanted.mean()
    luma = np.array(_LUMA)
    gray = (design - centre) @ luma
    # A negative, or a strong contrast, is a multiple of the usual mix.
    gain = float(gray @ (wanted - level)) / max(float(gray @ gray), 1e-6)
    weights = _resistant(design - centre, wanted - level, 1e-3, gain * luma)
    return np.asarray((warped - centre) @ weights + level, np.float32)


def _toned(
    seen: NDArray[np.float32], predicted: NDArray[np.float32], counts: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Apply the curve of medians: what gray the picture has where the earlier copy has this one."""
    at = _sample(counts)
    x, y = _blur(predicted, _TONE_BLUR).ravel()[at], _blur(seen, _TONE_BLUR).ravel()[at]
    order = np.argsort(x, kind="stable")
    edges = np.unique(np.round(np.array(_TONE_SHARES) * len(order)).astype(int))
    groups = [g for g in np.split(order, edges) if len(g) >= _LEAST_OF_TONE]
    from_gray = np.array([np.median(x[g]) for g in groups])
    to_gray = np.array([np.median(y[g]) for g in groups])
    keep = np.concatenate([[True], np.diff(from_gray) > 1e-3])
    from_gray, to_gray = from_gray[keep], to_gray[keep]
    if len(from_gray) < 8:
        return predicted
    # Beyond the ends the curve goes on as it came, so that extremes keep their contrast.
    for end, inner in ((0, 4), (-1, -5)):
        run = from_gray[end] - from_gray[inner]
        rise = (to_gray[end] - to_gray[inner]) / run
        at_end = 0 if end == 0 else len(from_gray)
        far = np.sign(run) * 255
        to_gray = np.insert(to_gray, at_end, to_gray[end] + rise * far)
        from_gray = np.insert(from_gray, at_end, from_gray[end] + far)
    return np.interp(predicted, from_gray, to_gray).astype(np.float32)


def _sharpened(
    seen: NDArray[np.float32], predicted: NDArray[np.float32], counts: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Filter with the small kernel that brings the earlier copy's sharpness to the picture's."""
    size = 2 * _KERNEL_REACH + 1
    inner = cv2.erode(counts.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=(0.0,))
    at = _sample(inner > 0)[::3]
    if len(at) < 20 * size**2:
        return predicted
    rows, cols = np.unravel_index(at, counts.shape)
    level = float(np.median(predicted[rows, cols]))
    reach = range(-_KERNEL_REACH, _KERNEL_REACH + 1)
    design = np.stack(
        [predicted[rows + dy, cols + dx] - level for dy in reach for dx in reach], axis=-1
    ).astype(np.float64)
    wanted = (seen[rows, cols] - level).astype(np.float64)
    rest = np.zeros(size**2)
    rest[size**2 // 2] = 1.0
    kernel = _resistant(design, wanted, 1e-5, rest).reshape(size, size)
    filled = predicted - np.float32(level)
    return np.asarray(cv2.filter2D(filled, cv2.CV_32F, kernel), np.float32) + np.float32(level)


def _local(
    seen: NDArray[np.float32],
    predicted: NDArray[np.float32],
    usable: NDArray[np.bool_],
    counts: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Follow slow changes of tone by a curve at each place, robust to what does not fit."""
    sigma = max(_LOCAL_LEAST, min(seen.shape) * _LOCAL_SHARE)
    level = np.float32(np.median(predicted[usable]))
    x, y = (predicted - level) / _TONE_UNIT, (seen - predicted) / _TONE_UNIT
    weight = counts.astype(np.float32)
    answer = predicted
    powers = [np.ones_like(x), x, x**2]
    size = (seen.shape[1], seen.shape[0])
    for _ in range(_LOCAL_ROUNDS):
        moments = [_coarse(weight * x**k, sigma) for k in range(5)]
        sides = [_coarse(weight * y * p, sigma) for p in powers]
        normal = np.stack(
            [np.stack([moments[i + j] for j in range(3)], axis=-1) for i in range(3)], axis=-2
        ).astype(np.float64)
        # Flat ground does not determine the curve: there the gain stays 1.
        normal += np.diag(_LOCAL_PULL)
        curve = np.linalg.solve(normal, np.stack(sides, axis=-1).astype(np.float64)[..., None])
        parts = [
            cv2.resize(
                np.asarray(curve[..., k, 0], np.float32), size, interpolation=cv2.INTER_LINEAR
            )
            for k in range(3)
        ]
        offset = parts[0] + parts[1] * powers[1] + parts[2] * powers[2]
        answer = predicted + np.asarray(offset, np.float32) * _TONE_UNIT
        gap = np.abs(seen - answer)
        around = _coarse(weight * gap, sigma) / (_coarse(weight, sigma) + np.float32(1e-3))
        near = 1.2533 * cv2.resize(
            np.asarray(around, np.float32), size, interpolation=cv2.INTER_LINEAR
        ) + np.float32(0.5)
        weight = np.asarray(counts / (1 + (gap / (2 * near)) ** 4), np.float32)
    return np.asarray(answer, np.float32)


def _coarse(array: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Average around the points of a grid four times as coarse."""
    size = (max(1, array.shape[1] // 4), max(1, array.shape[0] // 4))
    small = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / 4), np.float32)


def _refined(
    seen: NDArray[np.float32],
    gray: NDArray[np.float32],
    matrix: NDArray[np.float64],
    drawn: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Improve a transform by the shifts of blocks, each with its own gain and offset."""
    for _ in range(_SHIFT_ROUNDS):
        warped = warp.warp(gray, matrix, (seen.shape[0], seen.shape[1]), inverse=True)
        usable = np.isfinite(seen) & np.isfinite(warped) & ~drawn
        points, shifts, trust = _shifts(seen, warped, usable)
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
    seen: NDArray[np.float32], warped: NDArray[np.float32], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Measure by least squares how far each block of the warped picture must still be moved."""
    a = _blur(np.where(usable, seen, np.float32(0)).astype(np.float32), 1.2)
    b = _blur(np.where(usable, warped, np.float32(0)).astype(np.float32), 1.2)
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
            # Never more precise than a hundredth of a pixel: neighbouring pixels share their error.
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
