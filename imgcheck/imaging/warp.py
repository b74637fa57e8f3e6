"""Resample a picture into another grid."""

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging import transforms
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.transforms import apply

_ROWS_AT_ONCE = 1024
# cv2.remap takes no more.
_BANDS_AT_ONCE = 4
# cv2.remap addresses its source with 16-bit integers.
_LARGEST_SIDE = 32_000


def warp(
    array: NDArray[np.generic],
    matrix: ArrayLike,
    shape: tuple[int, int],
    *,
    inverse: bool = False,
    linear: bool = False,
) -> Float32:
    """Draw ``array`` into a grid of ``shape`` through ``matrix``.

    Parameters
    ----------
    array : (M, N) or (M, N, C)
        Any number type; NaN is nodata.
    matrix : (3, 3)
        Source pixels to target pixels, (0, 0) = the corner of the top-left pixel.
    shape : (rows, cols)
        Of the target.
    inverse : bool, default False
        True: ``matrix`` maps target to source.
    linear : bool, default False
        True: bilinear, else bicubic. Where the target's pixels are larger they are averaged
        first, so that fine detail does not turn into false coarse detail.

    Returns
    -------
    (rows, cols) or (rows, cols, C) float32
        NaN where the source has nothing.

    Raises
    ------
    GridMismatchError
        If ``array`` is neither (M, N) nor (M, N, C).
    UsageError
        If the matrix is singular.
    """
    if array.ndim not in (2, 3) or min(array.shape[:2]) < 1:
        raise GridMismatchError(
            f"a picture must have the shape (rows, cols[, bands]), not {array.shape}"
        )
    to_source = _to_source(matrix, inverse)
    data = np.asarray(array, np.float32).reshape(array.shape[0], array.shape[1], -1)
    finite = np.asarray(np.isfinite(data).all(axis=2))
    if not finite.all():
        data = np.where(finite[..., None], data, np.float32(0))
    method = cv2.INTER_LINEAR if linear else cv2.INTER_CUBIC
    parts = [
        _warp(data[..., k : k + _BANDS_AT_ONCE], finite, to_source, shape, method)
        for k in range(0, data.shape[2], _BANDS_AT_ONCE)
    ]
    return np.concatenate(parts, axis=2).reshape(tuple(shape) + array.shape[2:])


def _warp(
    data: Float32, finite: Mask, to_source: Float64, shape: tuple[int, int], method: int
) -> Float32:
    """Resample up to four bands that share one mask."""
    window, to_source = _window(data.shape[:2], to_source, shape)
    if window is None:
        return np.full((*shape, data.shape[2]), np.nan, np.float32)
    data, finite = data[window], finite[window]
    whole = bool(finite.all())
    data, weight, to_source = _shrink(data, finite.astype(np.float32), to_source, shape, whole)
    return _draw(data, weight, to_source, shape, method, whole)


def resize(array: NDArray[np.generic], shape: tuple[int, int]) -> Float32:
    """Resize a picture to (rows, cols), averaging where it shrinks; NaN is nodata."""
    scale = np.diag([shape[1] / array.shape[1], shape[0] / array.shape[0], 1.0])
    return warp(array, scale, shape)


def coverage(
    source_shape: tuple[int, ...],
    matrix: ArrayLike,
    shape: tuple[int, int],
    *,
    inverse: bool = False,
    mask: Mask | None = None,
) -> Mask:
    """Mark the target pixels whose centre lies on the source (on its usable part, with a mask)."""
    if mask is not None and mask.shape != tuple(source_shape[:2]):
        raise GridMismatchError(
            f"the mask has the shape {mask.shape} and the picture {source_shape[:2]}; they "
            "must be equal"
        )
    to_source = _to_source(matrix, inverse)
    covered = np.zeros(shape, bool)
    rows, cols = source_shape[:2]
    for start in range(0, shape[0], _ROWS_AT_ONCE):
        x, y = _source_of_rows(to_source, start, min(start + _ROWS_AT_ONCE, shape[0]), shape[1])
        inside = (x >= 0) & (y >= 0) & (x < cols) & (y < rows)
        if mask is not None:
            at = inside.nonzero()
            inside[at] = mask[y[at].astype(np.intp), x[at].astype(np.intp)]
        covered[start : start + _ROWS_AT_ONCE] = inside
    return covered


def _to_source(matrix: ArrayLike, inverse: bool) -> Float64:
    h = np.asarray(matrix, np.float64)
    if h.shape != (3, 3) or not np.isfinite(h).all():
        raise UsageError("a transform is a 3 x 3 matrix of finite numbers")
    if abs(h[2, 2]) > 0:
        h = h / h[2, 2]
    if inverse:
        return h
    if abs(np.linalg.det(h)) < 1e-15:
        raise UsageError("the transform is singular: it maps the picture onto a line or a point")
    turned = np.linalg.inv(h)
    return np.asarray(turned / turned[2, 2] if turned[2, 2] != 0 else turned)


def _source_of_rows(
    to_source: Float64, first: int, last: int, cols: int
) -> tuple[Float64, Float64]:
    """Return the source place of the pixel centres of some target rows; NaN beyond the horizon."""
    x = np.arange(cols) + 0.5
    y = (np.arange(first, last) + 0.5)[:, None]
    h = to_source
    depth = np.asarray(h[2, 2])
    if h[2, 0] != 0 or h[2, 1] != 0:
        depth = np.asarray(h[2, 0] * x + h[2, 1] * y + h[2, 2])
        depth[depth <= 1e-12] = np.nan
    u = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / depth
    v = (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / depth
    return u, v


def _window(
    source_shape: tuple[int, ...], to_source: Float64, shape: tuple[int, int]
) -> tuple[tuple[slice, slice] | None, Float64]:
    """Cut the source to the part that the target needs."""
    rows, cols = source_shape[:2]
    edge = np.linspace(0, 1, 33)
    ring = np.concatenate(
        [np.stack([edge, edge * 0 + k], -1) for k in (0, 1)]
        + [np.stack([edge * 0 + k, edge], -1) for k in (0, 1)]
    ) * [shape[1], shape[0]]
    reach = apply(to_source, ring)
    box = [0, 0, cols, rows]
    if np.isfinite(reach).all():
        slack = 8 + 3 * _shrinkage(to_source, shape)
        low, high = reach.min(axis=0) - slack, reach.max(axis=0) + slack
        box = [
            int(np.clip(np.floor(low[0]), 0, cols)),
            int(np.clip(np.floor(low[1]), 0, rows)),
            int(np.clip(np.ceil(high[0]), 0, cols)),
            int(np.clip(np.ceil(high[1]), 0, rows)),
        ]
    if box[2] <= box[0] or box[3] <= box[1]:
        return None, to_source
    shift = np.array([[1, 0, -box[0]], [0, 1, -box[1]], [0, 0, 1.0]])
    return (slice(box[1], box[3]), slice(box[0], box[2])), shift @ to_source


def _shrinkage(to_source: Float64, shape: tuple[int, int]) -> float:
    """Return source pixels per target pixel, at the target's centre; at least 1."""
    slope = transforms.jacobian(to_source, [[shape[1] / 2, shape[0] / 2]])[0]
    area = abs(float(np.linalg.det(slope)))
    return max(1.0, math.sqrt(area)) if math.isfinite(area) else 1.0


def _shrink(
    data: Float32, weight: Float32, to_source: Float64, shape: tuple[int, int], whole: bool
) -> tuple[Float32, Float32, Float64]:
    """Average whole blocks, then blur what is left of the ratio."""
    ratio = _shrinkage(to_source, shape)
    block = int(ratio)
    if block > 1:
        pad = (-data.shape[0] % block, -data.shape[1] % block)
        weight = np.pad(weight, ((0, pad[0]), (0, pad[1])))
        data = np.pad(data, ((0, pad[0]), (0, pad[1]), (0, 0)))
        size = (data.shape[1] // block, data.shape[0] // block)
        soft = _bands(cv2.resize(weight, size, interpolation=cv2.INTER_AREA))
        total = _bands(cv2.resize(data * weight[..., None], size, interpolation=cv2.INTER_AREA))
        data, weight = _divided(total, soft), soft[..., 0]
        to_source = np.diag([1 / block, 1 / block, 1.0]) @ to_source
        ratio /= block
    # A Gaussian pixel of half a pixel's width, made as wide as the target's.
    sigma = 0.5 * math.sqrt(max(0.0, ratio**2 - 1))
    if sigma > 0.2 and whole and block == 1:
        data = _blur(data, sigma)
    elif sigma > 0.2:
        soft, total = _blur(weight, sigma), _blur(data * weight[..., None], sigma)
        data = _divided(total, soft)
        if not whole:
            weight = np.where(weight > 0, soft[..., 0], np.float32(0)).astype(np.float32)
    return data, weight, to_source


def _bands(array: object) -> Float32:
    """Return (M, N, C): cv2 drops a last axis of one."""
    plain = np.asarray(array, np.float32)
    return plain if plain.ndim == 3 else plain[..., None]


def _divided(top: Float32, bottom: Float32) -> Float32:
    return np.asarray(top / np.maximum(bottom, np.float32(1e-6)), np.float32)


def _blur(array: Float32, sigma: float) -> Float32:
    return _bands(cv2.GaussianBlur(array, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


def _pad_holes(data: Float32, weight: Float32) -> Float32:
    """Fill holes with the mean of their neighbours, for the cubic kernel beside them."""
    known = _bands((weight > 0).astype(np.float32))
    near = _bands(cv2.blur(known, (5, 5)))
    mean = _divided(_bands(cv2.blur(data * known, (5, 5))), near)
    return np.where(known > 0, data, mean)


def _draw(
    data: Float32,
    weight: Float32,
    to_source: Float64,
    shape: tuple[int, int],
    method: int,
    whole: bool,
) -> Float32:
    rows, cols = data.shape[:2]
    if max(rows, cols, shape[1]) > _LARGEST_SIDE:
        raise UsageError(
            f"{cols} x {rows} pixels cannot be drawn into {shape[1]} x {shape[0]} at once: up to "
            f"{_LARGEST_SIDE} a side; use a part or a reduced picture"
        )
    if not whole:
        data = _pad_holes(data, weight)
    out = np.empty((*shape, data.shape[2]), np.float32)
    for start in range(0, shape[0], _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, shape[0])
        x, y = _source_of_rows(to_source, start, stop, shape[1])
        # A hair's breadth of play, so that an identity covers its own last row.
        good = (x >= -1e-6) & (y >= -1e-6) & (x <= cols + 1e-6) & (y <= rows + 1e-6)
        map_x, map_y = ((v - 0.5).astype(np.float32) for v in (x, y))
        if not good.all():
            map_x[~good] = map_y[~good] = -9.0
        edge = cv2.BORDER_REPLICATE
        part = _bands(cv2.remap(data, map_x, map_y, method, borderMode=edge))
        if not whole:
            known = np.asarray(cv2.remap(weight, map_x, map_y, cv2.INTER_LINEAR, borderMode=edge))
            good &= known > 0.99
        out[start:stop] = part
        if not good.all():
            out[start:stop][~good] = np.nan
    return out
