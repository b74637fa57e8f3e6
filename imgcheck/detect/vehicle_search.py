"""Detect vehicles with a linear template of edges at every heading and a few sizes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import inputs, shipped
from imgcheck.detect.proposal import Detections, Proposal
from imgcheck.detect.vehicle_template import STRIDE, channels, responses
from imgcheck.errors import UsageError
from imgcheck.quantity import Estimate, Interval

HEADINGS = tuple(15.0 * k for k in range(12))
# The template was learned on cars of this size (benchmarks: detect, vehicles).
NOMINAL_M = (4.4, 2.0)
WORKING_GSD = 0.3
# Sizes that are searched for, as factors on the nominal length: cars, vans, short trucks.
SIZES = (1.0, 1.35, 1.8)
# Log odds subtracted from larger sizes: vans and trucks are rarer than cars, and at their scale
# the template also responds to pairs of cars and to roofs.
HANDICAP = (0.0, 0.5, 0.8)
# A car is then 5 pixels long; on coarser pictures only its brightness remains.
COARSEST_GSD = 0.8
# Large pictures are searched in overlapping windows of this side, so that memory stays small.
WINDOW_PX = 1536
_OVERLAP = 48  # working pixels: 14 m, longer than any vehicle that is searched for


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Local maxima of the template's response; positions in pixels of the input."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heading: NDArray[np.float64]
    length_m: NDArray[np.float64]
    score: NDArray[np.float64]


def vehicles(
    rgb: ArrayLike,
    *,
    gsd: float,
    valid: ArrayLike | None = None,
    length_m: tuple[float, float] = (3.5, 9.0),
) -> Detections:
    """Detect possible vehicles, each with the probability that it is one.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8 or float in [0, 1]
        Gray pictures (M, N) are accepted, with lower recall.
    gsd : float
        Metres per pixel. Finer pictures are reduced to 0.3 m.
    valid : ndarray of shape (M, N), bool, optional
        True where the ground can be seen. Without it, what was drawn over the picture (caption
        bars, boxes, arrows) is left out.
    length_m : (float, float), default (3.5, 9.0)
        Shortest and longest vehicle to search for.

    Returns
    -------
    Detections
        ``p`` is valid for streets like those of the calibration: where vehicles are rare it is
        too high. ``p`` is None outside the calibrated range of scales.

    Raises
    ------
    WrongTypeError, UsageError, GridMismatchError
        For samples that are neither uint8 nor float; for a picture, scale or range of lengths that
        has no meaning; if ``valid`` has another shape.

    Notes
    -----
    Containers, sheds and skylights of the size of a vehicle look alike. Front and rear are not
    distinguished.
    """
    metres = inputs.scale(gsd)
    picture, usable = inputs.colour_image(rgb, valid=valid)
    shortest, longest = _lengths(length_m)
    model = shipped.vehicle_model()
    area = float(usable.sum()) * metres**2
    if metres > COARSEST_GSD:
        return Detections(
            kind="vehicle",
            gsd=metres,
            limit_m=_limit(metres),
            threshold=model.threshold,
            reason=f"at {metres:g} m per pixel a vehicle cannot be distinguished from other spots; "
            f"{COARSEST_GSD:g} m or finer is needed",
        )
    found = candidates(picture, gsd=metres, model=model, lengths=(shortest, longest))
    calibrated = model.gsd_range[0] <= metres <= model.gsd_range[1]
    keep = _on_usable(found, usable) & (found.score >= model.threshold)
    proposals = tuple(
        _proposal(found, int(k), gsd=metres, model=model, calibrated=calibrated)
        for k in np.flatnonzero(keep)
    )
    return Detections(
        kind="vehicle",
        proposals=proposals,
        gsd=metres,
        searched_m=(shortest, longest),
        limit_m=_limit(metres),
        searched_area_m2=area,
        share_searched=float(usable.mean()),
        threshold=model.threshold,
        calibration=model.calibration if calibrated else None,
        reason=""
        if calibrated
        else f"recall and probability were measured only up to {model.gsd_range[1]:g} m per pixel",
    )


def candidates(
    picture: NDArray[np.float32],
    *,
    gsd: float,
    model: shipped.VehicleModel,
    lengths: tuple[float, float] = (3.5, 9.0),
    floor: float | None = None,
) -> Candidates:
    """Return the maxima of the response over place, heading and size; best first."""
    floor = model.threshold if floor is None else floor
    rows: list[NDArray[np.float64]] = [np.zeros((0, 5))]
    for size, handicap in _sizes(lengths):
        working, factor = _resampled(picture, gsd=gsd, target=WORKING_GSD * size)
        for part in _windows(*working.shape[:2]):
            local = peaks(channels(working[part]), model=model, floor=floor + handicap)
            local[:, 3] -= handicap
            local[:, 0] = (local[:, 0] + part[1].start) / factor[0]
            local[:, 1] = (local[:, 1] + part[0].start) / factor[1]
            rows.append(np.insert(local, 3, NOMINAL_M[0] * size, axis=1))
    x, y, heading, length, score = np.concatenate(rows).T
    width = length * (NOMINAL_M[1] / NOMINAL_M[0])
    kept = best_boxes(x, y, heading, length / gsd, width / gsd, score)
    return Candidates(
        x=x[kept], y=y[kept], heading=heading[kept], length_m=length[kept], score=score[kept]
    )


def probability(score: NDArray[np.float64], model: shipped.VehicleModel) -> NDArray[np.float64]:
    """Return the probability that proposals are real, averaged over the calibrated places.

    Places differ by a normal shift of the log odds; the mean of the logistic function over
    it is, to within 0.02, the logistic function of odds shrunk by the spread.
    """
    odds = model.slope * score + model.offset
    return np.asarray(1 / (1 + np.exp(-odds / math.sqrt(1 + math.pi * model.odds_spread**2 / 8))))


def _lengths(length_m: tuple[float, float]) -> tuple[float, float]:
    shortest, longest = (float(value) for value in length_m)
    if not (0 < shortest <= longest and _sizes((shortest, longest))):
        raise UsageError(
            f"length_m is {length_m}; vehicles of about {NOMINAL_M[0]:g} to "
            f"{NOMINAL_M[0] * SIZES[-1]:.1f} m can be detected, for example (3.5, 9.0)"
        )
    return shortest, longest


def _sizes(lengths: tuple[float, float]) -> list[tuple[float, float]]:
    """Return factors and handicaps whose template responds to these lengths (within a sixth)."""
    return [
        (size, handicap)
        for size, handicap in zip(SIZES, HANDICAP, strict=True)
        if NOMINAL_M[0] * size * 1.17 >= lengths[0] and NOMINAL_M[0] * size / 1.17 <= lengths[1]
    ]


def _limit(gsd: float) -> float:
    """Return the length of the shortest vehicle of the training, or five pixels if longer."""
    return max(3.5, 5 * gsd)


def _resampled(
    picture: NDArray[np.float32], *, gsd: float, target: float
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Resample a picture to the working scale; also return the true factors in x and y."""
    factor = gsd / target
    width = max(1, round(picture.shape[1] * factor))
    height = max(1, round(picture.shape[0] * factor))
    factors = (width / picture.shape[1], height / picture.shape[0])
    if factors == (1.0, 1.0):
        return picture, factors
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, (width, height), interpolation=kind), np.float32)
    return np.clip(resized, 0, 1, out=resized), factors


def peaks(
    maps: NDArray[np.float32], *, model: shipped.VehicleModel, floor: float
) -> NDArray[np.float64]:
    """Return local maxima: rows of x, y (working pixels), heading, score."""
    best = np.empty(maps.shape[:2], np.float32)
    which = np.empty(maps.shape[:2], np.intp)
    for block, scores in responses(maps, model.template, HEADINGS):
        which[block] = scores.argmax(axis=0)
        best[block] = scores.max(axis=0)
    best += model.bias
    peak = (best >= cv2.dilate(best, np.ones((3, 3), np.uint8))) & (best >= floor)
    row, column = np.nonzero(peak)
    headings = np.array(HEADINGS)[which[row, column]]
    x, y = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
    return np.stack([x, y, headings, best[row, column]], axis=1).astype(np.float64)


def _on_usable(found: Candidates, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the centre and most of its surroundings are usable ground."""
    share = cv2.boxFilter(usable.astype(np.float32), -1, (9, 9), borderType=cv2.BORDER_REPLICATE)
    row = np.clip(found.y.astype(int), 0, usable.shape[0] - 1)
    column = np.clip(found.x.astype(int), 0, usable.shape[1] - 1)
    return share[row, column] > 0.8


def _proposal(
    found: Candidates, k: int, *, gsd: float, model: shipped.VehicleModel, calibrated: bool
) -> Proposal:
    length = float(found.length_m[k])
    width = length * NOMINAL_M[1] / NOMINAL_M[0]
    score = float(found.score[k])
    measures = {
        name: Estimate(
            value=round(value, 2),
            unit="m",
            interval=Interval(low=round(value * low, 2), high=round(value * high, 2)),
        )
        for name, value, (low, high) in (
            ("length_m", length, model.length_m),
            ("width_m", width, model.width_m),
        )
    }
    return Proposal(
        kind="vehicle",
        cx=float(found.x[k]),
        cy=float(found.y[k]),
        length=length / gsd,
        width=width / gsd,
        heading=float(found.heading[k]),
        score=score,
        p=float(probability(np.array([score]), model)[0]) if calibrated else None,
        calibration=model.calibration if calibrated else None,
        measures=measures,
    )


def best_boxes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    heading_deg: NDArray[np.float64],
    length: NDArray[np.float64],
    width: NDArray[np.float64],
    score: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Return the indices of the boxes to keep, best first.

    A box is dropped when its centre lies in the middle of a better one: within 0.65 of its length
    and 0.8 of its width, so that vehicles parked side by side or in a row are kept.
    """
    left = np.argsort(-score, kind="stable")
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(best)
        turn = np.radians(heading_deg[best])
        dx, dy = x[rest] - x[best], y[rest] - y[best]
        along = np.abs(dx * np.sin(turn) - dy * np.cos(turn))
        across = np.abs(dx * np.cos(turn) + dy * np.sin(turn))
        long = np.maximum(length[rest], length[best])
        wide = np.maximum(width[rest], width[best])
        left = rest[(along > 0.65 * long) | (across > 0.8 * wide)]
    return np.array(kept, np.intp)


def _windows(rows: int, columns: int) -> Iterator[tuple[slice, slice]]:
    """Yield windows (rows, columns) that cover a picture; neighbours share ``_OVERLAP`` pixels."""
    step = WINDOW_PX - _OVERLAP
    for top in range(0, max(1, rows - _OVERLAP), step):
        for left in range(0, max(1, columns - _OVERLAP), step):
            yield (
                slice(top, min(rows, top + WINDOW_PX)),
                slice(left, min(columns, left + WINDOW_PX)),
            )
