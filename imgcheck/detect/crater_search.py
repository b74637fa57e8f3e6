"""Detect craters: correlation with the shading of a bowl, then a score for every candidate."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import crater_template, inputs, polar, shipped, visible
from imgcheck.detect.proposal import Detections, Proposal
from imgcheck.errors import UsageError
from imgcheck.quantity import Estimate, Interval

# Correlation from which a candidate is scored. With all azimuths free, chance
# reaches higher (benchmarks: detect, craters: ten times as often at 0.5).
_FLOOR_KNOWN, _FLOOR_UNKNOWN = 0.40, 0.50
# False proposals per megapixel at the threshold, on the places it was set on.
FALSE_PER_MEGAPIXEL = 1.0
# The contrast between the walls must exceed that of the ground beyond them by this share: the edge
# of a shadow or field continues (share 0), while ejecta brighten or darken both sides alike.
_WALLS = 0.4
# Side of the smallest picture that holds a crater's template, in diameters.
SUPPORT = 1.3
# Tone noise below which flat ground must not be stretched, in [0, 1].
_NOISE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Candidates with the features of the rescoring; positions and diameters in pixels."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    diameter: NDArray[np.float64]
    azimuth: NDArray[np.float64]
    correlation: NDArray[np.float64]
    features: NDArray[np.float64]


def craters(
    gray: ArrayLike,
    *,
    gsd: float,
    sun_azimuth_deg: float | None = None,
    valid: ArrayLike | None = None,
    min_diameter_m: float | None = None,
    max_diameter_m: float = 40.0,
    false_per_megapixel: float = FALSE_PER_MEGAPIXEL,
) -> Detections:
    """Propose craters of a simple bowl shape by their shading.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float in [0, 1] or uint8
    gsd : float
        Metres per pixel.
    sun_azimuth_deg : float, optional
        Direction to the sun, degrees clockwise from up in the picture. Without it every
        azimuth is tried, and the threshold is higher for the same false alarm rate.
    valid : ndarray of shape (M, N), bool, optional
        Without it, what was drawn over the picture is left out.
    min_diameter_m, max_diameter_m : float, optional
        Rim diameters to search for. The lower one is never below what the picture can show.
    false_per_megapixel : float, default 1
        Accepted false proposals, as measured on pictures without craters.

    Returns
    -------
    Detections
        ``score`` is minus the decimal logarithm of the number of false proposals per megapixel
        that score as high: 2 is one in a hundred megapixels. ``p`` is None: no calibration with
        real craters is available. Mounds look like craters when the azimuth is not known.

    Notes
    -----
    A picture of more than 2 megapixels is reduced to that first; ``working_gsd`` is its pixel size
    then, and limits the smallest size that was searched for.

    References
    ----------
    .. [1] R. J. Pike, "Size-dependence in the shape of fresh impact craters on the moon",
       Impact and Explosion Cratering, 1977.
    """
    metres = inputs.scale(gsd)
    work = inputs.working_size(*inputs.gray_image(gray, valid=valid), gsd=metres)
    picture, usable = work.picture, work.usable
    azimuth = _azimuth(sun_azimuth_deg)
    if not (math.isfinite(false_per_megapixel) and false_per_megapixel > 0):
        raise UsageError(f"false_per_megapixel is {false_per_megapixel}; give a number above 0")
    limit = visible.smallest_visible(picture, gsd=work.gsd, valid=usable)
    smallest = max(min_diameter_m or 0.0, limit.diameter_m, visible.FEWEST_PX * work.gsd)
    # A template that does not fit into the picture cannot be tried.
    largest = min(max_diameter_m, min(picture.shape) / SUPPORT * work.gsd)
    model = shipped.crater_model(azimuth_known=azimuth is not None)
    threshold = -math.log10(false_per_megapixel / len(model.tails))
    if not smallest <= largest:
        why = (
            "the picture has no contrast to show a crater"
            if math.isinf(limit.diameter_m)
            else f"craters under {smallest:.1f} m are not visible or not searched for, "
            f"and those over {largest:.1f} m do not fit the picture or are not searched for"
        )
        return Detections(
            kind="crater",
            gsd=metres,
            limit_m=limit.diameter_m,
            threshold=threshold,
            sun_azimuth_deg=azimuth,
            reason=why,
        )
    found = candidates(
        picture,
        smallest_px=smallest / work.gsd,
        largest_px=largest / work.gsd,
        blur_px=limit.blur_px if limit.blur_px is not None else 0.7,
        azimuth_deg=azimuth,
    )
    score = rescore(found, model)
    keep = (score >= threshold) & _on_usable(found, usable)
    chosen = best_discs(found, score, keep)
    megapixels = float(usable.sum()) / 1e6
    return Detections(
        kind="crater",
        proposals=tuple(_proposal(found, score, k, gsd=metres, work=work) for k in chosen),
        gsd=metres,
        searched_m=(smallest, largest),
        limit_m=limit.diameter_m,
        searched_area_m2=float(usable.sum()) * work.gsd**2,
        share_searched=float(usable.mean()),
        threshold=threshold,
        expected_false=_expected_false(model, false_per_megapixel * megapixels),
        sun_azimuth_deg=azimuth,
        calibration=model.calibration,
        reason="probabilities are not given: no pictures of real craters with known positions "
        "were available" + ("" if azimuth is not None else "; every azimuth of the sun was tried"),
        working_gsd=work.gsd if work.gsd > metres else None,
    )


def candidates(
    picture: NDArray[np.float32],
    *,
    smallest_px: float,
    largest_px: float,
    blur_px: float,
    azimuth_deg: float | None,
) -> Candidates:
    """Return every local maximum of the correlation, over sizes, whose contrast ends at the rim."""
    steps = crater_template.layers(smallest_px, largest_px)
    levels = crater_template.pyramid(picture, max(step.level for step in steps))
    floor = _FLOOR_KNOWN if azimuth_deg is not None else _FLOOR_UNKNOWN
    parts = [
        _of_layer(levels[step.level], step, blur_px=blur_px, azimuth_deg=azimuth_deg, floor=floor)
        for step in steps
    ]
    names = ("x", "y", "diameter", "azimuth", "correlation", "features")
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Candidates(**dict(zip(names, columns, strict=True)))


def rescore(found: Candidates, model: shipped.CraterModel) -> NDArray[np.float64]:
    """Return minus the logarithm of the false proposals per megapixel that score as high."""
    raw = raw_score(found, model)
    score = np.empty_like(raw)
    starts = [row[0] for row in model.tails]
    band = np.clip(np.searchsorted(starts, found.diameter, side="right") - 1, 0, None)
    for k, (_, a, b) in enumerate(model.tails):
        mine = band == k
        score[mine] = b * raw[mine] - a
    return score


def raw_score(found: Candidates, model: shipped.CraterModel) -> NDArray[np.float64]:
    """Return the linear score, before it is calibrated to false alarms."""
    return (found.features - model.mean) / model.scale @ model.weights + model.bias


def _of_layer(
    level: NDArray[np.float32],
    step: crater_template.Layer,
    *,
    blur_px: float,
    azimuth_deg: float | None,
    floor: float,
) -> tuple[NDArray[np.float64], ...]:
    score, best_azimuth = crater_template.correlate(
        level,
        diameter_px=step.diameter_px,
        blur_px=max(blur_px / 2**step.level, 0.5),
        azimuth_deg=azimuth_deg,
        floor=_NOISE,
    )
    peak = (score >= cv2.dilate(score, np.ones((3, 3), np.uint8))) & (score > floor)
    row, column = np.nonzero(peak)
    azimuth = (
        np.full(len(row), float(azimuth_deg or 0.0))
        if best_azimuth is None
        else best_azimuth[row, column].astype(np.float64)
    )
    x, y = column.astype(np.float64) + 0.5, row.astype(np.float64) + 0.5
    radius = np.full(len(row), step.diameter_px / 2)
    values = polar.unroll(level, x, y, radius=radius, azimuth_deg=azimuth)
    lit, dark = polar.walls(values)
    both = lit + dark > _WALLS
    alike = score[row, column].astype(np.float64)[both]
    factor = 2**step.level
    return (
        x[both] * factor,
        y[both] * factor,
        np.full(int(both.sum()), step.full_px),
        azimuth[both],
        alike,
        polar.features(values[both], alike),
    )


def _azimuth(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value):
        raise UsageError(f"sun_azimuth_deg is {value}; give degrees clockwise from up, or None")
    return float(value) % 360


def _on_usable(found: Candidates, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the rim lies in the picture and mostly on usable ground."""
    total = cv2.integral(usable.astype(np.uint8)).astype(np.int64)
    rows, columns = usable.shape
    r = found.diameter / 2
    left, right = (np.clip(np.round(found.x + k * r), 0, columns).astype(int) for k in (-1, 1))
    top, bottom = (np.clip(np.round(found.y + k * r), 0, rows).astype(int) for k in (-1, 1))
    inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return inside > 0.85 * found.diameter**2


def _expected_false(model: shipped.CraterModel, times: float) -> Estimate:
    median, low, high = model.false_per_megapixel
    return Estimate(
        value=median * times,
        unit="proposals",
        interval=Interval(low=low * times, high=high * times),
    )


def _proposal(
    found: Candidates, score: NDArray[np.float64], k: int, *, gsd: float, work: inputs.Working
) -> Proposal:
    metres = float(found.diameter[k]) * work.gsd
    diameter = metres / gsd
    # Sizes are tried a quarter octave apart, and rims are soft: half an octave in all.
    span = Interval(low=round(metres / 1.3, 2), high=round(metres * 1.3, 2))
    return Proposal(
        kind="crater",
        cx=float(found.x[k]) * work.factor[0],
        cy=float(found.y[k]) * work.factor[1],
        length=diameter,
        width=diameter,
        heading=0.0,
        score=float(score[k]),
        measures={
            "diameter_m": Estimate(value=round(metres, 2), unit="m", interval=span),
            "correlation": Estimate(value=round(float(found.correlation[k]), 3)),
            "sun_azimuth_deg": Estimate(value=round(float(found.azimuth[k]), 1), unit="degrees"),
        },
    )


def best_discs(
    found: Candidates, score: NDArray[np.float64], keep: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the candidates to keep, best first: none within 0.8 radii of a better one."""
    left = np.flatnonzero(keep)
    left = left[np.argsort(-score[left], kind="stable")]
    radius = found.diameter / 2
    kept = []
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(best)
        gap = np.hypot(found.x[rest] - found.x[best], found.y[rest] - found.y[best])
        left = rest[gap > 0.8 * np.maximum(radius[rest], radius[best])]
    return np.array(kept, np.intp)
