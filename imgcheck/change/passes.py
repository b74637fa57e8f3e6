"""The two passes over a pair: measure what is usual on it, then score any part of it.

The first pass sees the whole pair, or a sample of blocks of a large one. The second is a function
of a part, its place and the numbers of the first alone, so that parts can be scored in any order
and on any machine.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change import limit, regions, twins
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
from imgcheck.change.radiometry import (
    BandMatch,
    fit_radiometry,
    fit_sharpness,
    match_radiometry,
    match_sharpness,
)
from imgcheck.change.score import Score, ToneModel, pixel_score
from imgcheck.change.shift import Registration, move_back, register

# Robust correlation of brightness from which both pictures have one light and season, so that tone
# shows the smallest objects. Beijing B, of two dates, has 0.91: AUC .94 by tone, .98 by structure.
_ALIKE = 0.93

# Smaller pixels show single buildings: structure is compared. Larger ones are compared by spectrum.
_FINE_GSD = 5.0

# Least correlation of edge directions of a pair that cannot be registered, but is given as aligned.
# Of 36 pairs of other ground 27 stay below; docs/benchmarks/change.md, registration.
_LEAST_STRUCTURE = 0.03

# Mean difference below which a region is left out: compression and other displays cause such
# differences everywhere. benchmarks: change, "no change", tuning part.
LEAST_CONTRAST = 0.04

# The same in deviations of the difference on unchanged ground: light and tone curves leave slow
# differences of that size, whose clusters are large.
_SIGMAS = 3.0

# Pixels from which a twin of the pair shows its tail.
_LEAST_TWIN = 10_000

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
    null : twins.Null
        Scores and clusters of unchanged ground.
    power : limit.Power
        What would be found.
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
    null: twins.Null
    power: limit.Power
    agreement: float
    sigma: float

    @property
    def border(self) -> float:
        """The score above which a pixel is flagged."""
        if not isinstance(self.model, StructureModel):
            return self.null.threshold
        return max(self.null.threshold, float(self.null.score(np.array(self.model.border))))

    @property
    def least_contrast(self) -> float:
        """Mean difference below which an object by tone is left out, share of full scale."""
        return max(LEAST_CONTRAST, _SIGMAS * self.sigma)

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fitted:
    """A pair brought to one grid, and one sharpness and radiometry, and its score before `Null`."""

    one: Pixels
    two: Pixels
    known: Mask
    registration: Registration
    blur: float
    radiometry: tuple[BandMatch, ...]
    sharp_one: Pixels
    matched: Pixels
    agreement: float
    sigma: float
    detector: str
    raw: Score | Scored


def measure(
    before: NDArray[Any],
    after: NDArray[Any],
    valid: Mask | None,
    *,
    gsd: float,
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
    pair = _fitted(one, two, known, at, fill, gsd=gsd)
    if isinstance(pair, Incomparable):
        return pair
    null = _null(pair, at, fill, gsd=gsd)
    scored = _calibrated(pair.raw, pair.known, null)
    statistics = Statistics(
        gsd=gsd,
        grey=is_grey,
        fill=fill,
        registration=pair.registration,
        blur=pair.blur,
        radiometry=pair.radiometry,
        detector=pair.detector,
        model=pair.raw.model,
        null=null,
        power=limit.NOTHING,
        agreement=pair.agreement,
        sigma=pair.sigma,
    )
    one, two, known, sharp_one, matched = (
        pair.one, pair.two, pair.known, pair.sharp_one, pair.matched
    )  # fmt: skip
    # The sample of a large pair is most of the memory of a run.
    del pair

    def rescore(changed: Pixels) -> Pixels:
        """Score the pair again, with objects put into ``after``."""
        return _scored(one, changed, sharp_one, known, at, statistics)[1].z

    chance = null.highest_q / _tested(scored.z, statistics.border, known, at, null)
    power = limit.measure(
        rescore,
        two,
        scored.z,
        known,
        statistics.border,
        least_weight=lambda contrast: null.weight(chance, contrast),
        nominal=null.threshold,
        least_contrast=statistics.least_contrast if statistics.detector == "tone" else 0.0,
    )
    part = Part(before=sharp_one, after=matched, known=known, scored=scored)
    return replace(statistics, power=power), part


def _fitted(
    one: Pixels,
    two: Pixels,
    known: Mask,
    at: Frame,
    fill: tuple[Pixels, Pixels],
    *,
    gsd: float,
    detector: str = "",
) -> _Fitted | Incomparable:
    """Register and match a pair, and score it by one detector, or by the one that fits it."""
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
    if detector:
        pass
    elif alike and (one.shape[2] <= 3 or gsd < _FINE_GSD):
        detector = "tone"
    elif not registration.verified and registration.structure < _LEAST_STRUCTURE:
        reason = "cannot register: the two pictures share no edges, whatever the shift"
        return Incomparable(reason=reason, known=known)
    else:
        detector = "structure" if gsd < _FINE_GSD else "spectrum"

    raw: Score | Scored
    if detector == "tone":
        reach = 2 if (registration.shift.spread or 0) > 0.7 else 1
        raw = pixel_score(sharp_one, matched, known, reach=reach)
    elif detector == "structure":
        raw = by_structure(one, two, known)
    else:
        raw = by_spectrum(one, two, known, error_px=registration.error.at(at))
    return _Fitted(
        one=one,
        two=two,
        known=known,
        registration=registration,
        blur=blur,
        radiometry=radiometry,
        sharp_one=sharp_one,
        matched=matched,
        agreement=agreement,
        sigma=sigma,
        detector=detector,
        raw=raw,
    )


def _null(pair: _Fitted, at: Frame, fill: tuple[Pixels, Pixels], *, gsd: float) -> twins.Null:
    """Return what unchanged ground shows: by the pair's own twins, or by those of other places."""
    # The smoothness of the scores before their tail is corrected.
    length = regions.correlation_length(pair.raw.z, pair.known)
    kind = "coarse tone" if pair.detector == "tone" and gsd >= _FINE_GSD else pair.detector
    if kind == "structure":
        return twins.Null.of(kind, length)
    # What is unknown must not be moved over what is known.
    known = cv2.erode(pair.known.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    if known.sum() < _LEAST_TWIN:
        return twins.Null.of(kind, length)
    raws = []
    for seed, picture in enumerate((pair.one, pair.two)):
        copy = twins.twin(picture, seed)
        twin = _fitted(picture, copy, known, at, fill, gsd=gsd, detector=pair.detector)
        if isinstance(twin, _Fitted):
            raws.append(twin.raw.z[twin.known])
    return twins.Null.of(kind, length, raws)


def _tested(z: Pixels, border: float, known: Mask, at: Frame, null: twins.Null) -> float:
    """Return how many clusters are tested on the whole pair, of which this may be a sample."""
    count, _ = cv2.connectedComponents(((z > border) & known).astype(np.uint8), connectivity=8)
    whole = at.width * at.height / known.size
    return max(1.0, null.tests((count - 1) * whole, known.sum() * whole))


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
    sharp_one = match_sharpness(one, two, known, by.blur)[0]
    matched, scored = _scored(one, two, sharp_one, known, at, by)
    return Part(before=sharp_one, after=matched, known=known, scored=scored)


def _scored(
    one: Pixels, two: Pixels, sharp_one: Pixels, known: Mask, at: Frame, by: Statistics
) -> tuple[Pixels, Score | Scored]:
    """Return ``two`` in the sharpness and radiometry of ``one``, and the score of the part."""
    sharp_two = match_sharpness(one, two, known, by.blur)[1] if by.blur < 0 else two
    matched = match_radiometry(sharp_two, by.radiometry, at)
    raw: Score | Scored
    if isinstance(by.model, ToneModel):
        raw = pixel_score(sharp_one, matched, known, model=by.model)
    elif isinstance(by.model, StructureModel):
        raw = by_structure(one, two, known, model=by.model)
    else:
        error = by.registration.error.at(at)
        raw = by_spectrum(one, two, known, error_px=error, model=by.model)
    return matched, _calibrated(raw, known, by.null)


def _calibrated(raw: Score | Scored, known: Mask, null: twins.Null) -> Score | Scored:
    """Return a score with the tail of unchanged ground."""
    z = np.where(known, null.score(raw.z), np.float32(0))
    if isinstance(raw, Score):
        return replace(raw, z=z, fine=null.score(raw.fine))
    return replace(raw, z=z)


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
