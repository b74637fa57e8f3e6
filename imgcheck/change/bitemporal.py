"""Detect changes between two co-registered pictures of one place."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Frame, Mask, Pixels, as_bands, same_grid, usable
from imgcheck.change.limit import NOTHING, STATED, Power
from imgcheck.change.objects import Found, find
from imgcheck.change.passes import Incomparable, Part, Statistics, measure, score
from imgcheck.change.records import Tile, record
from imgcheck.change.regions import Region
from imgcheck.change.sampling import WHOLE, ArraySource, sample
from imgcheck.change.score import ToneModel
from imgcheck.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Differences that are not reported as regions, and why."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Differences between two pictures of one place."""

    #: Largest first; empty when nothing is significant or all was suppressed.
    regions: tuple[Region, ...]
    #: Detection limit (d90): side in metres of the smallest square of contrast 0.15 that is found
    #: with 90 % probability; `None` when no size is.
    smallest_m: float | None
    #: What would be found, by look, size and contrast, in pixels.
    power: Power
    suppressed: tuple[Suppressed, ...]
    #: Why the pair cannot be compared, and `regions` is empty; empty when it can.
    incomparable: str
    #: How the pair was compared: `"tone"`, `"structure"`, `"spectrum"`; empty where it was not.
    detector: str
    #: Whether differences by tone are so widespread that a change of a twentieth of the ground or
    #: more may count as usual, and be missed.
    widespread: bool
    #: Whether the pictures themselves confirm their alignment.
    registered: bool
    #: Measured displacement (dx, dy) of `after`, which was undone, pixels.
    shift_px: tuple[float, float]
    #: Standard error of that shift; `None` when it could not be measured.
    shift_sigma_px: float | None
    #: Deviation of single places from that shift.
    spread_px: float | None
    #: Blur applied to `before` (positive) or `after` (negative) to match the sharpness.
    blur_px: float
    #: Robust standard deviation of the difference of brightness on unchanged ground.
    sigma: float
    #: Robust correlation of the two pictures after normalisation.
    agreement: float
    #: Share of the pixels that both pictures show.
    valid_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult(Changes):
    """Differences between two pictures that are held in memory."""

    #: Pixels of `regions`.
    mask: Mask
    #: Standard normal score of each pixel against the unchanged ground of the pair; higher is more
    #: changed; 0 where a picture is missing.
    score: Pixels
    #: Standard error of the registration at each pixel, pixels; NaN where it is unknown.
    error_px: Pixels


def checked_area(gsd: float, min_area_m2: float | None) -> float:
    """Check the options of a comparison; return the least area of a region, square metres."""
    if not (math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd must be metres per pixel, above 0, not {gsd}")
    if min_area_m2 is None:
        return 4 * gsd**2
    if not (math.isfinite(min_area_m2) and min_area_m2 >= 0):
        raise UsageError(f"min_area_m2 must be 0 or more, not {min_area_m2}")
    return min_area_m2


def detect(
    before: NDArray[Any],
    after: NDArray[Any],
    *,
    gsd: float,
    valid: Mask | None = None,
    min_area_m2: float | None = None,
) -> ChangeResult:
    """Detect changes between two co-registered pictures of one place.

    Parameters
    ----------
    before, after : ndarray of shape (M, N) or (M, N, C)
        On one grid; uint8, or float in [0, 1]. NaN is missing. Where one has no colour, both are
        compared in grey.
    gsd : float
        Ground sample distance, metres per pixel, > 0.
    valid : ndarray of shape (M, N), bool, optional
        True where both pictures show ground.
    min_area_m2 : float, optional
        Smaller regions are left out; four pixels by default.

    Raises
    ------
    GridMismatchError
        If the sizes differ; both are named.
    UsageError
        If an argument has no meaning.

    Notes
    -----
    Pictures of one light are compared by tone; others by structure where pixels are below 5 m, and
    by their spectrum (IR-MAD) elsewhere. The null distribution is measured on the pair: for tone
    and spectrum two thirds of the ground must be unchanged. Season, ploughing, shadows of another
    hour and water levels are changes of the picture too and are reported. Scores and p-values are
    those of twins without change, docs/benchmarks/change.md.
    """
    least_area = checked_area(gsd, min_area_m2)
    one, two = as_bands("before", before), as_bands("after", after)
    same_grid({"before": one, "after": two})
    known = usable(one, valid) & usable(two, None)
    measured = _measured(one, two, known, gsd)
    if isinstance(measured, Incomparable):
        shape = known.shape
        return ChangeResult(
            **unlike(measured),
            mask=np.zeros(shape, dtype=bool),
            score=np.zeros(shape, dtype=np.float32),
            error_px=np.full(shape, np.nan, dtype=np.float32),
        )
    by, part = measured
    rows, columns = part.known.shape
    tile = Tile(top=0, left=0, bottom=rows, right=columns, height=rows, width=columns)
    kept = record(part, tile, by, top=0, left=0)
    found = find([lambda: kept], by, least_area=least_area, masks=True)
    return ChangeResult(
        **summary(by, found, known=int(part.known.sum()), total=part.known.size),
        mask=found.masks[0],
        score=part.scored.z,
        error_px=by.registration.error.at(Frame.whole(part.known.shape)),
    )


def _measured(
    one: Pixels, two: Pixels, known: Mask, gsd: float
) -> tuple[Statistics, Part] | Incomparable:
    """Measure and score a pair; a large one is measured on blocks all over it."""
    if max(known.shape) <= WHOLE:
        return measure(one, two, known, gsd=gsd)
    unknown = np.float32("nan")
    source = ArraySource(before=np.where(known[..., None], one, unknown), after=two)
    before, after, at = sample(source, (0, 0))
    measured = measure(before, after, None, gsd=gsd, at=at)
    if isinstance(measured, Incomparable):
        return measured
    by, whole = measured[0], Frame.whole(known.shape)
    return by, score(one, two, known, at=whole, by=by)


def summary(
    by: Statistics,
    found: Found,
    *,
    known: int,
    total: int,
    moved: tuple[int, int] = (0, 0),
) -> dict[str, Any]:
    """Return the fields of `Changes`.

    ``known`` of ``total`` pixels were compared; ``moved`` is the shift that was undone before the
    pair was measured.
    """
    incomparable = ""
    if not found.regions and by.power.side_px is None:
        incomparable = (
            f"the two pictures differ so much that no change of {STATED:.0%} of "
            "full scale, of any size, would be significant"
        )
    shift = by.registration.shift
    return {
        "regions": found.regions,
        "smallest_m": None if by.power.side_px is None else by.power.side_px * by.gsd,
        "power": by.power,
        "suppressed": tuple(
            Suppressed(reason=reason, count=count, share=inside / max(known, 1))
            for reason, (count, inside) in found.left.items()
        ),
        "incomparable": incomparable,
        "detector": by.detector,
        "widespread": isinstance(by.model, ToneModel)
        and any(level.widespread for level in by.model.levels),
        "registered": by.registration.verified,
        "shift_px": (shift.dx + moved[0], shift.dy + moved[1]),
        "shift_sigma_px": shift.sigma,
        "spread_px": shift.spread,
        "blur_px": by.blur,
        "sigma": by.sigma,
        "agreement": by.agreement,
        "valid_share": known / max(total, 1),
    }


def unlike(measured: Incomparable) -> dict[str, Any]:
    """Return the fields of `Changes` for a pair that cannot be compared."""
    return {
        "regions": (),
        "smallest_m": None,
        "power": NOTHING,
        "suppressed": (Suppressed(reason=measured.reason, count=0, share=1.0),),
        "incomparable": measured.reason,
        "detector": "",
        "widespread": False,
        "registered": False,
        "shift_px": (0.0, 0.0),
        "shift_sigma_px": None,
        "spread_px": None,
        "blur_px": 0.0,
        "sigma": 0.0,
        "agreement": 0.0,
        "valid_share": float(measured.known.mean()),
    }
