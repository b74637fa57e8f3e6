"""Lay a picture on an earlier one, and say whether the two are copies at all."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import UsageError
from imgcheck.forensics.differences import Difference
from imgcheck.forensics.prediction import LARGEST_SIDE
from imgcheck.imaging import registration, relation, transforms, warp

# A copy with a large alteration is asked again without the parts that differ, if they are few:
# at another time most of the ground differs.
_MOST_DIFFERING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A picture and an earlier one: (M, N) or (M, N, 3) uint8, and which pixels count.

    Attributes
    ----------
    picture, earlier : uint8
    usable, known : bool
        True = usable, of the picture and of the earlier one.
    drawn : bool
        Of the picture: drawn over.
    """

    picture: NDArray[np.uint8]
    earlier: NDArray[np.uint8]
    usable: NDArray[np.bool_]
    known: NDArray[np.bool_]
    drawn: NDArray[np.bool_]


def rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give gray pixels three equal bands."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _gray(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    return np.asarray(rgb(pixels).astype(np.float32) @ weights, np.float32)


def checked_matrix(matrix: ArrayLike) -> NDArray[np.float64]:
    """Give a transform as (3, 3) float64, or say that it is none."""
    given = np.asarray(matrix, np.float64)
    if given.shape != (3, 3) or not np.isfinite(given).all():
        raise UsageError("a transform is a 3 x 3 matrix of finite numbers")
    return given


def laid(pair: Pair, matrix: ArrayLike | None) -> NDArray[np.float64] | str:
    """Give the transform from picture to earlier pixels, or why there is none."""
    if matrix is not None:
        given = checked_matrix(matrix)
        if abs(np.linalg.det(given[:2, :2])) < 1e-9:
            return "the given transform maps the picture onto a line or a point"
        return given
    small, small_mask, from_picture = _working(_gray(pair.picture), pair.usable & ~pair.drawn)
    large, large_mask, from_earlier = _working(_gray(pair.earlier), pair.known)
    found = registration.register(
        small, large, picture_mask=small_mask, reference_mask=large_mask, try_mirrored=True
    )
    if not found.found or found.matrix is None:
        return f"it could not be laid on the earlier copy: {found.reason}"
    return np.asarray(np.linalg.inv(from_earlier) @ found.matrix @ from_picture)


def _working(
    gray: NDArray[np.float32], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """Reduce a large picture; give the transform to the reduced one too."""
    shrink = LARGEST_SIDE / max(gray.shape)
    if shrink >= 1:
        return gray, mask, np.eye(3)
    shape = (max(1, round(gray.shape[0] * shrink)), max(1, round(gray.shape[1] * shrink)))
    scale = np.diag([shape[1] / gray.shape[1], shape[0] / gray.shape[0], 1.0])
    fine = warp.resize(mask.astype(np.float32), shape) > 0.99
    return warp.resize(gray, shape), fine, scale


def relation_of(
    pair: Pair, to_earlier: NDArray[np.float64], regions: tuple[Difference, ...]
) -> str:
    """Ask whether it is a copy at all; if unclear, again without the parts that differ."""
    gray, mask, from_picture = _working(_gray(pair.picture), pair.usable & ~pair.drawn)
    before, before_mask, from_earlier = _working(_gray(pair.earlier), pair.known)
    matrix = from_earlier @ to_earlier @ np.linalg.inv(from_picture)
    told = relation.classify(gray, before, matrix, picture_mask=mask, known_mask=before_mask)
    # Some alterations in one picture look like what moved between two frames.
    if told.kind not in ("undetermined", "same-capture") or not regions:
        return told.kind
    without = np.zeros(gray.shape, np.uint8)
    for region in regions:
        outline = transforms.apply(from_picture, region.polygon)
        cv2.fillPoly(without, [np.round(outline).astype(np.int32)], 1)
    differs = np.asarray(cv2.dilate(without, np.ones((17, 17), np.uint8)) > 0)
    if differs.mean() > _MOST_DIFFERING:
        return told.kind
    again = relation.classify(
        gray, before, matrix, picture_mask=mask & ~differs, known_mask=before_mask
    )
    return "derived" if again.kind == "same" else again.kind
