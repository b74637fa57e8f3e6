"""The two passes over a pair: measure what is usual on it, then score any part of it.

The first pass sees the whole pair, or a sample of blocks of a large one. The second is a function
of a part, its place and the numbers of the first alone, so that parts can be scored in any order
and on any machine.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.change import regions
from imgcheck.change.detectors import (
    Scored,
    SpectrumModel,
    StructureModel,
    by_spectrum,
    by_structure,
)
from imgcheck.change.grid import (
    Frame,
    Mask,
    Pixels,
    as_bands,
    filled,
    grey,
    in_grey,
    medians,
    robust_sigma,
    same_grid,
    usable,
)
from imgcheck.change.limit import smallest_injected
from imgcheck.change.radiometry import (
    BandMatch,
    fit_radiometry,
    fit_sharpness,
    match_radiometry,
    match_sharpness,
)
from imgcheck.change.score import Score, ToneModel, pixel_score, smallest_found
from imgcheck.change.shift import Registration, move_back, register

# Robust correlation of brightness from which both pictures have one light and season, so that tone
# shows the smallest objects. Beijing B, of two dates, has 0.91: AUC .94 by tone, .98 by structure.
_ALIKE = 0.93

# Smaller pixels show single buildings: structure is compared. Larger ones are compared by spectrum.
_FINE_GSD = 5.0

# Least correlation of edge directions of a pair that cannot be registered, but is given as aligned.
# Of 36 pairs of other ground 27 stay below; docs/benchmarks/change.md, registration.
_LEAST_STRUCTURE = 0.03

# Regions with a q-value above this are not significant.
HIGHEST_Q = 0.05

# Mean difference below which a region is left out: compression and other displays cause such
# differences everywhere. benchmarks: change, "no change", tuning part.
LEAST_CONTRAST = 0.04

# Contrast, as a share of full scale, for which the detection limit is stated.
STATED_CONTRAST = 0.15

# Distance over which the smoothing and pooling of each detector reach, pixels.
_REACH = {"tone": 34, "structure": 38, "spectrum": 6}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """What the first pass measured on a pair.

    Attributes
    ----------
    gsd : float
        Metres per pixel.
    grey : bool
        Whether both pictures are compared in grey.
    fill : tuple of ndarray
        Medians of the bands of ``before`` and ``after``, put where nothing is known.
    registration : Registration
    blur : float
        Blur applied to ``before`` (positive) or ``after`` (negative) to match the sharpness.
    radiometry : tuple of BandMatch
    detector : str
        ``tone``, ``structure`` or ``spectrum``; its ``model`` holds the null distribution.
    threshold : float
        Score of the nominal false alarm rate.
    null : ndarray
        Sorted weights of the clusters of noise.
    smallest_px : float or None
        Side of the smallest square of contrast `STATED_CONTRAST` that is found 9 times in 10.
    agreement, sigma : float
        Robust correlation of brightness, and robust deviation of its difference.
    """

    gsd: float
    grey: bool
    fill: tuple[Pixels, Pixels]
    registration: Registration
    blur: float
    radiometry: tuple[BandMatch, ...]
    detector: str
    model: ToneModel | StructureModel | SpectrumModel
    threshold: float
    null: NDArray[np.float64]
    smallest_px: float | None
    agreement: float
    sigma: float

    @property
    def border(self) -> float:
        """The score above which a pixel is flagged."""
        return self.threshold if isinstance(self.model, ToneModel) else self.model.threshold

    @property
    def halo(self) -> int:
        """Pixels around a part that its scores depend on; an even number."""
        shift = self.registration.shift
        moved = math.ceil(max(abs(shift.dx), abs(shift.dy))) + 3
        return 2 * math.ceil((moved + 4 * abs(self.blur) + _REACH[self.detector]) / 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A part of the pair on one grid, matched in sharpness and radiometry, and its score."""

    before: Pixels
    after: Pixels
    known: Mask
    scored: Score | Scored


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Incomparable:
    """Why a pair cannot be compared, and which pixels both pictures show."""

    reason: str
    known: Mask


def _bands(before: NDArray[Any], after: NDArray[Any]) -> tuple[Pixels, Pixels]:
    one, two = as_bands("before", before), as_bands("after", after)
    same_grid({"before": one, "after": two})
    return one, two


def measure(
    before: NDArray[Any],
    after: NDArray[Any],
    valid: Mask | None,
    *,
    gsd: float,
    threshold: float,
    least_area: float,
    at: Frame | None = None,
) -> tuple[Statistics, Part] | Incomparable:
    """Measure a pair, or the sample of it that ``at`` describes; also return its score."""
    one, two = _bands(before, after)
    at = at or Frame.whole(one.shape)
    known = usable(one, valid) & usable(two, None)
    if known.sum() < 400:
        return Incomparable(reason="the two pictures have almost no area in common", known=known)
    fill = (medians(one, known), medians(two, known))
    one, two = filled(one, known, fill[0]), filled(two, known, fill[1])
    is_grey = in_grey([one, two])
    if is_grey:
        one, two = grey(one), grey(two)
    registration = register(one, two, known, at)
    one, two, known = _aligned(one, two, known, registration, fill)
    blur = fit_sharpness(one, two, known)
    sharp_one, sharp_two = match_sharpness(one, two, known, blur)
    radiometry = fit_radiometry(sharp_one, sharp_two, known, at)
    matched = match_radiometry(sharp_two, radiometry, at)
    agreement = _agreement(sharp_one, matched, known)
    sigma = robust_sigma((sharp_one - matched).mean(axis=2)[known])
    # On ground without any texture nothing but noise could agree.
    alike = agreement >= _ALIKE or sigma <= LEAST_CONTRAST / 2
    shift = registration.shift
    reach = 2 if (shift.spread or 0) > 0.7 else 1
    if alike and (one.shape[2] <= 3 or gsd < _FINE_GSD):
        detector = "tone"
    elif not registration.verified and registration.structure < _LEAST_STRUCTURE:
        reason = "cannot register: the two pictures share no edges, whatever the shift"
        return Incomparable(reason=reason, known=known)
    else:
        detector = "structure" if gsd < _FINE_GSD else "spectrum"

    def rescore(changed: Pixels) -> Scored:
        if detector == "structure":
            return by_structure(one, changed, known, threshold=threshold)
        error = registration.error.at(at)
        return by_spectrum(one, changed, known, error_px=error, threshold=threshold)

    scored: Score | Scored = (
        pixel_score(sharp_one, matched, known, reach=reach) if detector == "tone" else rescore(two)
    )
    # Few clusters of noise pass a raised threshold; the excess over the nominal one is compared.
    null = regions.null_weights(regions.correlation_length(scored.z, known), threshold)
    # Among several regions, a p-value of a tenth of the limit is significant.
    least_weight = float(np.quantile(null, 1 - HIGHEST_Q / 10))
    if isinstance(scored, Score):
        side = smallest_found(
            scored,
            known,
            threshold,
            contrast=STATED_CONTRAST,
            least_weight=least_weight,
            blur_px=abs(blur),
            least_px=least_area / gsd**2,
        )
    else:
        side = smallest_injected(
            lambda changed: rescore(changed).z,
            two,
            scored.z,
            known,
            scored.threshold,
            contrast=STATED_CONTRAST,
            least_weight=least_weight,
        )
    statistics = Statistics(
        gsd=gsd,
        grey=is_grey,
        fill=fill,
        registration=registration,
        blur=blur,
        radiometry=radiometry,
        detector=detector,
        model=scored.model,
        threshold=threshold,
        null=null,
        smallest_px=side,
        agreement=agreement,
        sigma=sigma,
    )
    return statistics, Part(before=sharp_one, after=matched, known=known, scored=scored)


def score(
    before: NDArray[Any], after: NDArray[Any], valid: Mask | None, *, at: Frame, by: Statistics
) -> Part:
    """Score a part of the pair; right at `Statistics.halo` pixels and more from its cut borders."""
    one, two = _bands(before, after)
    known = usable(one, valid) & usable(two, None)
    one, two = filled(one, known, by.fill[0]), filled(two, known, by.fill[1])
    if by.grey:
        one, two = grey(one), grey(two)
    one, two, known = _aligned(one, two, known, by.registration, by.fill)
    sharp_one, sharp_two = match_sharpness(one, two, known, by.blur)
    matched = match_radiometry(sharp_two, by.radiometry, at)
    scored: Score | Scored
    if isinstance(by.model, ToneModel):
        scored = pixel_score(sharp_one, matched, known, model=by.model)
    elif isinstance(by.model, StructureModel):
        scored = by_structure(one, two, known, threshold=by.threshold, model=by.model)
    else:
        error = by.registration.error.at(at)
        scored = by_spectrum(
            one, two, known, error_px=error, threshold=by.threshold, model=by.model
        )
    return Part(before=sharp_one, after=matched, known=known, scored=scored)


def _aligned(
    one: Pixels,
    two: Pixels,
    known: Mask,
    registration: Registration,
    fill: tuple[Pixels, Pixels],
) -> tuple[Pixels, Pixels, Mask]:
    """Undo the shift of ``two``, and fill again what is then unknown."""
    two, still = move_back(two, known, registration.shift)
    known = known & still
    values = [value if len(value) == one.shape[2] else value.mean(keepdims=True) for value in fill]
    return filled(one, known, values[0]), filled(two, known, values[1]), known


def _agreement(before: Pixels, after: Pixels, valid: Mask) -> float:
    """Return the robust correlation of brightness: 1 - var(d) / (2 var)."""
    one, two = before.mean(axis=2)[valid], after.mean(axis=2)[valid]
    both = max(robust_sigma(one) ** 2 + robust_sigma(two) ** 2, 1e-9)
    return float(1 - robust_sigma(one - two) ** 2 / both)
