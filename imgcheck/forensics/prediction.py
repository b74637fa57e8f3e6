"""Predict from an earlier copy what a picture would look like had nothing in it been changed.

Between a picture and its earlier copy lie scaling, turning, toning, local contrast, sharpening
and compression. All but the last are undone here: the earlier copy is laid on the picture to a
fraction of a pixel and given the picture's tones, sharpness and local contrast. What then still
differs is compression, or something that was altered.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.forensics.refinement import refined
from imgcheck.imaging import transforms, warp

#: Pictures are compared at no more than this many pixels a side: posts are seldom larger, and
#: time grows with the area.
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
_QUICK_SEED = 20170924


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """A picture and what its earlier copy predicts for it, on one grid.

    Attributes
    ----------
    picture, predicted : (m, n) float32
        Luma in gray levels, 0 to 255.
    known : (m, n) float32
        The earlier copy on this grid, its own tones.
    finer : (m, n) float32
        Variance of the earlier copy within each pixel of this grid: thin lines, which come out
        otherwise from every way of resampling.
    usable : (m, n) bool
        Where both pictures are known.
    matrix : (3, 3) float64
        Picture pixels to earlier pixels, refined.
    to_picture : (2,) float64
        Picture pixels per grid pixel, (x, y).
    """

    picture: NDArray[np.float32]
    predicted: NDArray[np.float32]
    known: NDArray[np.float32]
    finer: NDArray[np.float32]
    usable: NDArray[np.bool_]
    matrix: NDArray[np.float64]
    to_picture: NDArray[np.float64]


def predict(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    *,
    picture_mask: NDArray[np.bool_],
    earlier_mask: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
) -> Prediction | None:
    """Lay the earlier copy on the picture and match tones, sharpness and local contrast.

    Parameters
    ----------
    picture, earlier : (M, N) or (M, N, 3) uint8
    matrix : (3, 3)
        Picture pixels to earlier pixels, right to about two pixels.
    picture_mask, earlier_mask : bool
        True = usable.
    drawn : (M, N) bool
        Parts of the picture that must not steer the matching (annotations); they are
        predicted all the same.

    Returns
    -------
    Prediction or None
        None if too little of the two overlaps to match anything.
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
    to_earlier = refined(seen, _luma(known), matrix @ enlarge, drawn)
    laid = warp.warp(known, to_earlier, shape, inverse=True)
    usable = np.isfinite(seen) & np.isfinite(laid).all(axis=-1)
    steers = usable & ~drawn
    if np.count_nonzero(steers) < 64 * 64:
        return None
    laid = np.where(usable[..., None], laid, _middle(laid, usable)).astype(np.float32)
    seen = _filled(seen, usable)
    known_gray = _luma(laid)
    squares = warp.warp(_luma(known) ** 2, to_earlier, shape, inverse=True, linear=True)
    finer = _filled(np.maximum(squares - known_gray**2, 0), usable & np.isfinite(squares))
    if picture.ndim == 3 and laid.shape[2] == 3:
        # Each colour first: a white balance clips one before the others.
        colours = warp.resize(picture, shape) if shape != picture.shape[:2] else picture
        laid = np.stack(
            [_toned(_filled(colours[..., k], usable), laid[..., k], steers) for k in range(3)],
            axis=-1,
        )
        laid = np.clip(laid, 0, 255)
    predicted = _mixed(seen, laid, steers)
    predicted = _toned(seen, predicted, steers)
    predicted = _sharpened(seen, predicted, steers)
    predicted = _toned(seen, predicted, steers)
    predicted = _local(seen, predicted, usable, steers)
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


def _middle(laid: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(np.median(laid[usable][:: max(1, usable.sum() // _SAMPLES)], axis=0))


def _blur(array: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)


def _sample(usable: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Give the flat places of some usable pixels, the same ones for the same mask."""
    places = np.flatnonzero(usable)
    if len(places) <= _SAMPLES:
        return places
    chosen = np.random.default_rng(_QUICK_SEED).choice(len(places), _SAMPLES, replace=False)
    return np.sort(places[chosen])


def _resistant(
    design: NDArray[np.float64], wanted: NDArray[np.float64], pull: float, rest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit by least squares, drawn gently to ``rest``, against outliers."""
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
    seen: NDArray[np.float32], laid: NDArray[np.float32], steers: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Mix the colours of the earlier copy as the picture's gray does (white balance, tint)."""
    if laid.shape[2] != 3:
        return laid[..., 0]
    soft = _blur(laid, 1.5).reshape(-1, 3)
    at = _sample(steers)
    design = soft[at].astype(np.float64)
    wanted = _blur(seen, 1.5).ravel()[at].astype(np.float64)
    centre, level = design.mean(axis=0), wanted.mean()
    luma = np.array(_LUMA)
    gray = (design - centre) @ luma
    # A negative, or a strong contrast, is a multiple of the usual mix.
    gain = float(gray @ (wanted - level)) / max(float(gray @ gray), 1e-6)
    weights = _resistant(design - centre, wanted - level, 1e-3, gain * luma)
    return np.asarray((laid - centre) @ weights + level, np.float32)


def _toned(
    seen: NDArray[np.float32], predicted: NDArray[np.float32], steers: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Apply the curve of medians: what gray the picture has where the earlier copy has this one."""
    at = _sample(steers)
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
    seen: NDArray[np.float32], predicted: NDArray[np.float32], steers: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Filter with the small kernel that brings the earlier copy's sharpness to the picture's."""
    size = 2 * _KERNEL_REACH + 1
    inner = cv2.erode(steers.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=(0.0,))
    at = _sample(inner > 0)[::3]
    if len(at) < 20 * size**2:
        return predicted
    rows, cols = np.unravel_index(at, steers.shape)
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
    steers: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Follow slow changes of tone: at each place a curve of its own, leaving out what does not fit.

    A local equalisation gives every tile of a picture another curve; a parabola near each place
    is close to it.
    """
    sigma = max(_LOCAL_LEAST, min(seen.shape) * _LOCAL_SHARE)
    level = np.float32(np.median(predicted[usable]))
    x, y = (predicted - level) / _TONE_UNIT, (seen - predicted) / _TONE_UNIT
    weight = steers.astype(np.float32)
    answer = predicted
    powers = [np.ones_like(x), x, x**2]
    size = (seen.shape[1], seen.shape[0])
    for _ in range(_LOCAL_ROUNDS):
        moments = [_coarse(weight * x**k, sigma) for k in range(5)]
        sides = [_coarse(weight * y * p, sigma) for p in powers]
        normal = np.stack(
            [np.stack([moments[i + j] for j in range(3)], axis=-1) for i in range(3)], axis=-2
        ).astype(np.float64)
        # Flat ground says nothing of the curve: there the gain stays 1.
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
        weight = np.asarray(steers / (1 + (gap / (2 * near)) ** 4), np.float32)
    return np.asarray(answer, np.float32)


def _coarse(array: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Average around the points of a grid four times as coarse."""
    size = (max(1, array.shape[1] // 4), max(1, array.shape[0] // 4))
    small = cv2.resize(array, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / 4), np.float32)
