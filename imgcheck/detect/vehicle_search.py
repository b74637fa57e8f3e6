"""Detect vehicles with a small centre-point network at one scale."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import centres, inputs, shipped, visible
from imgcheck.detect.proposal import Detections, Proposal
from imgcheck.errors import UsageError
from imgcheck.quantity import Estimate, Interval

WORKING_GSD = 0.25
# A car is then 4 pixels long; on coarser pictures only its brightness remains.
COARSEST_GSD = 1.2
# Shortest and longest vehicle in the training.
LENGTHS_M = (3.3, 15.0)
_PART_PX = 336


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Possible vehicles before a threshold, best first; positions in pixels of the input."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heading: NDArray[np.float64]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]
    score: NDArray[np.float64]


def vehicles(
    rgb: ArrayLike,
    *,
    gsd: float,
    valid: ArrayLike | None = None,
    length_m: tuple[float, float] = LENGTHS_M,
) -> Detections:
    """Detect possible vehicles, each with the probability that it is one.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8 or float in [0, 1]
        Gray pictures (M, N) are accepted, with slightly lower recall.
    gsd : float
        Metres per pixel. The picture is resampled to 0.25 m.
    valid : ndarray of shape (M, N), bool, optional
        True where the ground can be seen. Without it, what was drawn over the picture (caption
        bars, boxes, arrows) is left out.
    length_m : (float, float), default (3.3, 15.0)
        Shortest and longest vehicle to propose.

    Returns
    -------
    Detections
        ``p`` is None outside the calibrated range of effective resolution, the ground sample
        distance times the blur of the picture.

    Raises
    ------
    WrongTypeError, UsageError, GridMismatchError
        For samples that are neither uint8 nor float; for a picture, scale or range of lengths that
        has no meaning; if ``valid`` has another shape.

    Notes
    -----
    Containers, sheds and skylights of the size of a vehicle look alike. Front and rear are not
    distinguished.

    References
    ----------
    .. [1] X. Zhou, D. Wang and P. Kraehenbuehl, "Objects as Points", arXiv:1904.07850, 2019.
    """
    metres = inputs.scale(gsd)
    picture, usable = inputs.colour_image(rgb, valid=valid)
    shortest, longest = _lengths(length_m)
    model = shipped.vehicle_model()
    if metres > COARSEST_GSD:
        return Detections(
            kind="vehicle",
            gsd=metres,
            limit_m=_limit(metres),
            threshold=model.threshold,
            reason=f"at {metres:g} m per pixel a vehicle cannot be distinguished from other spots; "
            f"{COARSEST_GSD:g} m or finer is needed",
        )
    effective = effective_gsd(picture, usable, gsd=metres)
    found = candidates(picture, gsd=metres, floor=model.threshold)
    keep = (
        _on_usable(found, usable)
        & (found.length_m >= shortest / model.length_m[1])
        & (found.length_m <= longest * model.length_m[1])
    )
    calibrated = effective <= model.coarsest_m
    chances = probability(found.score, effective=effective, model=model)
    proposals = tuple(
        _proposal(
            found, int(k), gsd=metres, model=model, p=float(chances[k]) if calibrated else None
        )
        for k in np.flatnonzero(keep)
    )
    return Detections(
        kind="vehicle",
        proposals=proposals,
        gsd=metres,
        effective_gsd=effective,
        searched_m=(shortest, longest),
        limit_m=_limit(metres),
        searched_area_m2=float(usable.sum()) * metres**2,
        share_searched=float(usable.mean()),
        threshold=model.threshold,
        calibration=model.calibration if calibrated else None,
        reason=""
        if calibrated
        else f"the picture shows details of about {effective:.1f} m; recall and probability were "
        f"measured down to {model.coarsest_m:g} m",
    )


def candidates(
    picture: NDArray[np.float32], *, gsd: float, floor: float, net: cv2.dnn.Net | None = None
) -> Candidates:
    """Return all objects with a score of at least ``floor``, best first.

    ``net`` is the network of the package by default.
    """
    working, factor = _resampled(picture, factor=gsd / WORKING_GSD)
    maps = centres.run(net or centres.read("vehicles.onnx"), working)
    found = centres.boxes(maps, floor=floor)
    kept = centres.best_boxes(found, gsd=WORKING_GSD)
    return Candidates(
        x=found.x[kept] / factor[0],
        y=found.y[kept] / factor[1],
        heading=found.heading[kept],
        length_m=found.length[kept],
        width_m=found.width[kept],
        score=found.heat[kept],
    )


def effective_gsd(picture: NDArray[np.float32], usable: NDArray[np.bool_], *, gsd: float) -> float:
    """Estimate the ground sample distance that the sharpness of a picture amounts to, metres.

    A camera's own picture has a point spread of about 0.6 pixels; an enlarged screenshot has more.
    Of a large picture nine parts are measured.
    """
    parts = [(r, c) for r in _parts(picture.shape[0]) for c in _parts(picture.shape[1])]
    gray, known = [], []
    for part in parts:
        gray.append(cv2.cvtColor(np.ascontiguousarray(picture[part]), cv2.COLOR_RGB2GRAY))
        # The seams between parts are no edges of the picture.
        inner = np.zeros_like(usable[part])
        inner[5:-5, 5:-5] = True
        known.append(usable[part] & inner)
    blur = visible.measure_sharpness(np.concatenate(gray), np.concatenate(known)).blur_px
    return gsd * max(1.0, blur / 0.6) if blur is not None else gsd


def _parts(size: int) -> list[slice]:
    """Return all of a side, or three parts of it."""
    if size <= 3 * _PART_PX:
        return [slice(0, size)]
    starts = np.linspace(0, size - _PART_PX, 3).astype(int)
    return [slice(int(start), int(start) + _PART_PX) for start in starts]


def probability(
    score: NDArray[np.float64], *, effective: float, model: shipped.VehicleModel
) -> NDArray[np.float64]:
    """Return the probability that proposals are real, averaged over the calibrated places.

    Places differ by a normal shift of the log odds; the mean of the logistic function over
    it is, to within 0.02, the logistic function of odds shrunk by the spread.
    """
    odds = model.odds(score, effective=effective)
    return np.asarray(1 / (1 + np.exp(-odds / math.sqrt(1 + math.pi * model.odds_spread**2 / 8))))


def _lengths(length_m: tuple[float, float]) -> tuple[float, float]:
    shortest, longest = (float(value) for value in length_m)
    if not (0 < shortest <= longest and shortest <= LENGTHS_M[1] and longest >= LENGTHS_M[0]):
        raise UsageError(
            f"length_m is {length_m}; vehicles of about {LENGTHS_M[0]:g} to {LENGTHS_M[1]:g} m "
            "can be detected, for example (3.5, 9.0)"
        )
    return shortest, longest


def _limit(gsd: float) -> float:
    """Return the length of the shortest vehicle of the training, or four pixels if longer."""
    return max(LENGTHS_M[0], 4 * gsd)


def _resampled(
    picture: NDArray[np.float32], *, factor: float
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Resample a picture; also return the true factors in x and y."""
    width = max(1, round(picture.shape[1] * factor))
    height = max(1, round(picture.shape[0] * factor))
    factors = (width / picture.shape[1], height / picture.shape[0])
    if factors == (1.0, 1.0):
        return picture, factors
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(picture, (width, height), interpolation=kind), np.float32)
    return np.clip(resized, 0, 1, out=resized), factors


def _on_usable(found: Candidates, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the centre and most of its surroundings are usable ground."""
    share = cv2.boxFilter(usable.astype(np.float32), -1, (9, 9), borderType=cv2.BORDER_REPLICATE)
    row = np.clip(found.y.astype(int), 0, usable.shape[0] - 1)
    column = np.clip(found.x.astype(int), 0, usable.shape[1] - 1)
    return share[row, column] > 0.8


def _proposal(
    found: Candidates, k: int, *, gsd: float, model: shipped.VehicleModel, p: float | None
) -> Proposal:
    length, width = float(found.length_m[k]), float(found.width_m[k])
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
        score=float(found.score[k]),
        p=p,
        calibration=model.calibration if p is not None else None,
        measures=measures,
    )
