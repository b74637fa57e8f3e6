"""Detect craters with a small centre-point network, at a stated rate of false proposals."""

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import crater_network, inputs, shipped, visible
from imgcheck.detect.proposal import Detections, Proposal
from imgcheck.errors import UsageError
from imgcheck.quantity import Estimate, Interval

# False proposals per megapixel at the threshold, on the places it was set on.
FALSE_PER_MEGAPIXEL = 1.0
# Side of the smallest picture that shows a crater and the ground around it, in diameters.
SUPPORT = 1.3


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
    """Propose craters by the look of their shading, rim and thrown soil.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float in [0, 1] or uint8
    gsd : float
        Metres per pixel.
    sun_azimuth_deg : float, optional
        Direction to the sun, degrees clockwise from up in the picture. Without it the threshold
        is higher for the same rate of false proposals.
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
    .. [1] X. Zhou, D. Wang and P. Kraehenbuehl, "Objects as Points", arXiv:1904.07850, 2019.
    """
    metres = inputs.scale(gsd)
    work = inputs.working_size(*inputs.gray_image(gray, valid=valid), gsd=metres)
    picture, usable = work.picture, work.usable
    azimuth = _azimuth(sun_azimuth_deg)
    if not (math.isfinite(false_per_megapixel) and false_per_megapixel > 0):
        raise UsageError(f"false_per_megapixel is {false_per_megapixel}; give a number above 0")
    limit = visible.smallest_visible(picture, gsd=work.gsd, valid=usable)
    smallest = max(min_diameter_m or 0.0, limit.diameter_m, visible.FEWEST_PX * work.gsd)
    # One that does not fit into the picture cannot be seen.
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
    found = crater_network.candidates(
        picture,
        smallest_px=smallest / work.gsd,
        largest_px=largest / work.gsd,
        azimuth_deg=azimuth,
    )
    score = calibrated(found, model)
    keep = (score >= threshold) & _on_usable(found, usable)
    chosen = best_discs(found, score, keep)
    light = _light(picture, found, chosen)
    megapixels = float(usable.sum()) / 1e6
    return Detections(
        kind="crater",
        proposals=tuple(
            _proposal(
                found,
                int(k),
                score=float(score[k]),
                light=float(light_k),
                gsd=metres,
                work=work,
                factors=model.diameter,
            )
            for k, light_k in zip(chosen, light, strict=True)
        ),
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
        "were available" + ("" if azimuth is not None else "; the azimuth of the sun is not known"),
        working_gsd=work.gsd if work.gsd > metres else None,
    )


def calibrated(found: crater_network.Candidates, model: shipped.CraterModel) -> NDArray[np.float64]:
    """Return minus the logarithm of the false proposals per megapixel that score as high."""
    starts = [row[0] for row in model.tails]
    band = np.clip(np.searchsorted(starts, found.diameter, side="right") - 1, 0, None)
    a, b = np.array([row[1:] for row in model.tails])[band].T
    return np.asarray(b * found.heat - a)


def _azimuth(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value):
        raise UsageError(f"sun_azimuth_deg is {value}; give degrees clockwise from up, or None")
    return float(value) % 360


def _on_usable(found: crater_network.Candidates, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
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


def _light(
    picture: NDArray[np.float32], found: crater_network.Candidates, chosen: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the direction of each crater's dark side, which is the sun's, clockwise from up."""
    turn = np.arange(24) * 2 * math.pi / 24
    away = found.diameter[chosen, None, None] / 2 * np.array([0.4, 0.6, 0.8])[:, None]
    flat = (len(chosen), 3 * len(turn))
    map_x = (found.x[chosen, None, None] + away * np.sin(turn) - 0.5).reshape(flat)
    map_y = (found.y[chosen, None, None] - away * np.cos(turn) - 0.5).reshape(flat)
    if not len(chosen):
        return np.zeros(0)
    tone = cv2.remap(picture, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    rim = np.asarray(tone, float).reshape(-1, 3, len(turn)).mean(axis=1)
    return np.degrees(np.arctan2(-rim @ np.sin(turn), -rim @ np.cos(turn))) % 360


def _proposal(
    found: crater_network.Candidates,
    k: int,
    *,
    score: float,
    light: float,
    gsd: float,
    work: inputs.Working,
    factors: tuple[float, float],
) -> Proposal:
    metres = float(found.diameter[k]) * work.gsd
    diameter = metres / gsd
    low, high = factors
    span = Interval(low=round(metres * low, 2), high=round(metres * high, 2))
    return Proposal(
        kind="crater",
        cx=float(found.x[k]) * work.factor[0],
        cy=float(found.y[k]) * work.factor[1],
        length=diameter,
        width=diameter,
        heading=0.0,
        score=score,
        measures={
            "diameter_m": Estimate(value=round(metres, 2), unit="m", interval=span),
            "sun_azimuth_deg": Estimate(value=round(light, 1), unit="degrees"),
        },
    )


def best_discs(
    found: crater_network.Candidates, score: NDArray[np.float64], keep: NDArray[np.bool_]
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
