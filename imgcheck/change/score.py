"""Score of the difference of two pictures of one light at each pixel.

The difference is computed at several sizes of detail, divided by its usual size on ground of the
same texture, and converted to a standard normal score by the shape of its bulk, which is assumed to
be unchanged ground.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels, opponent, smooth
from imgcheck.change.null import EXPONENTS, QUANTILES, Tail, fit_tail, normal_score, thinned

# Standard deviations of the smoothing, pixels: single vehicles, roofs, fields.
SCALES = (0.8, 2.0, 5.0)

# Bins of texture in which the usual difference is measured.
_BINS = 10

# Residual error of the radiometric match, share of full scale: two steps of 255.
_RADIOMETRY_FLOOR = 0.008

# Part of the ordered differences of two pictures of one light that represents unchanged ground, and
# the least scale of its law, in units of the usual difference. With (0.30, 0.75) and 0.8 the share
# of twins above a score varied three times as much from place to place.
# docs/benchmarks/change.md, no-change twins.
_BULK = (0.50, 0.95)
_LEAST_SCALE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneLevel:
    """One size of detail: what is usual there, and the null distribution.

    ``usual`` holds for each band the textures and the spread of the difference at each of them.
    """

    sigma_px: float
    usual: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    tail: Tail


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToneModel:
    """What `pixel_score` measures on a pair, and needs to score another part of it.

    ``reach`` is the misplacement, in pixels, that the score tolerates; ``effective`` is the number
    of independent levels.
    """

    reach: int
    levels: tuple[ToneLevel, ...]
    effective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Score of every pixel (0 where nothing is known), and what it rests on.

    ``fine`` is the score of the finest level alone; ``difference`` (M, N, C) is before minus after
    in opponent colours at the finest scale.
    """

    z: Pixels
    fine: Pixels
    difference: Pixels
    model: ToneModel

    @property
    def reach(self) -> int:
        """The misplacement, in pixels, that the score tolerates."""
        return self.model.reach


def _joint_z(highest: NDArray[np.floating], effective: float) -> Pixels:
    """Return the score of the largest of several levels, of which ``effective`` are independent."""
    tail = np.exp(-np.interp(highest, QUANTILES, EXPONENTS))
    # 1 - (1 - p)^n, exact for tiny p.
    joint = -np.expm1(effective * np.log1p(-np.minimum(tail, 1 - 1e-12)))
    return normal_score(-np.log(np.maximum(joint, 1e-300)))


def _effective_levels(highest: NDArray[np.floating]) -> float:
    """Return the number of independent standard normal scores with such a median maximum."""
    tail = float(np.exp(-np.interp(float(np.median(highest)), QUANTILES, EXPONENTS)))
    return float(np.clip(math.log(0.5) / math.log1p(-min(tail, 0.999)), 1.0, len(SCALES)))


def _least_difference(before: Pixels, after: Pixels, valid: Mask, reach: int) -> Pixels:
    """Return the difference to the most similar pixel within ``reach``: tolerates misplacement."""
    best = before - after
    least = (best**2).sum(axis=2)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx == dy == 0:
                continue
            moved = np.roll(after, (dy, dx), axis=(0, 1))
            known = np.roll(valid, (dy, dx), axis=(0, 1))
            # Pixels rolled in from the opposite border are not neighbours.
            known[: max(dy, 0)], known[known.shape[0] + min(dy, 0) :] = False, False
            known[:, : max(dx, 0)], known[:, known.shape[1] + min(dx, 0) :] = False, False
            trial = before - moved
            size = (trial**2).sum(axis=2)
            better = known & (size < least)
            least = np.where(better, size, least)
            best = np.where(better[..., None], trial, best)
    return best


def _texture(before: Pixels, after: Pixels, valid: Mask, sigma: float) -> Pixels:
    """Return the strength of edges common to both pictures: misplacement causes differences there.

    An edge in one picture only is a change.
    """
    strengths = []
    for picture in (before, after):
        layer = smooth(picture[..., :1], valid, max(sigma, 1.0))[..., 0]
        gx, gy = cv2.Sobel(layer, cv2.CV_32F, 1, 0), cv2.Sobel(layer, cv2.CV_32F, 0, 1)
        size = 2 * int(np.ceil(sigma)) + 3
        strengths.append(cv2.dilate(cv2.magnitude(gx, gy), np.ones((size, size), np.uint8)))
    return np.minimum(*strengths)


def _by_bins(
    size: Pixels, guide: Pixels, valid: Mask
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the robust spread of a difference as a function of another quantity: its nodes.

    Bins have equal numbers of pixels, so that a small object is a small part of its bin.
    """
    known, values = thinned(guide[valid]), thinned(size[valid])
    edges = np.quantile(known, np.linspace(0, 1, _BINS + 1))
    bins = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, _BINS - 1)
    filled = [k for k in range(_BINS) if (bins == k).any()]
    centres = [float(np.median(known[bins == k])) for k in filled]
    spread = [1.4826 * float(np.median(values[bins == k])) for k in filled]
    # Rough ground has no smaller usual difference than smooth ground; otherwise the smooth ground
    # itself has changed (fields). Ranking of Beijing A: AUC 0.89 with this, 0.80 without.
    return np.array(centres), np.maximum.accumulate(spread)


def pixel_score(
    before: Pixels, after: Pixels, valid: Mask, *, reach: int = 1, model: ToneModel | None = None
) -> Score:
    """Score every pixel by how unusual its difference is for this pair.

    The pictures have one sharpness and radiometry and are misplaced by at most ``reach`` pixels.
    What is usual is measured on them, unless ``model`` states it.
    """
    reach = reach if model is None else model.reach
    one, two = opponent(before), opponent(after)
    base_one, base_two = smooth(one, valid, SCALES[0]), smooth(two, valid, SCALES[0])
    difference = _least_difference(base_one, base_two, valid, reach)
    levels = []
    fine = np.zeros(valid.shape, np.float32)
    highest = np.full(valid.shape, -np.inf, np.float32)
    for k, sigma in enumerate(SCALES):
        extra = float(np.sqrt(max(sigma**2 - SCALES[0] ** 2, 0)))
        soft = smooth(difference, valid, extra)
        texture = _texture(one, two, valid, sigma)
        bands = range(soft.shape[2])
        nodes = (
            tuple(_by_bins(np.abs(soft[..., band]), texture, valid) for band in bands)
            if model is None
            else model.levels[k].usual
        )
        total = np.zeros(valid.shape, np.float32)
        for band in bands:
            spread = np.interp(texture, *nodes[band]).astype(np.float32)
            usual = np.hypot(spread, np.float32(_RADIOMETRY_FLOOR))
            total += (soft[..., band] / usual) ** 2
        unusual = np.sqrt(total / len(bands))
        tail = (
            fit_tail(unusual[valid], bulk=_BULK, least_scale=_LEAST_SCALE)
            if model is None
            else model.levels[k].tail
        )
        levels.append(ToneLevel(sigma_px=sigma, usual=nodes, tail=tail))
        level_z = tail.z(unusual)
        fine = level_z if k == 0 else fine
        np.maximum(highest, level_z, out=highest)
    effective = _effective_levels(highest[valid]) if model is None else model.effective
    z = np.where(valid, _joint_z(highest, effective), np.float32(0)).astype(np.float32)
    return Score(
        z=z,
        fine=np.where(valid, fine, np.float32(0)),
        difference=base_one - base_two,
        model=model or ToneModel(reach=reach, levels=tuple(levels), effective=effective),
    )
