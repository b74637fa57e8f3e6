"""Find a picture in an indexed area: everywhere coarsely, then closely where it stands out."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.area import ranking, reading, sizes, sweep
from imgcheck.geo.area.levels import Levels
from imgcheck.geo.area.store import Source, Store
from imgcheck.geo.area.sweep import Peak
from imgcheck.geo.locating import Prior
from imgcheck.geo.placement import Placement, affine_of, describe, system_of
from imgcheck.geo.structural import chance, coarse, refine, registering, verify
from imgcheck.geo.structural.pyramid import Pyramid
from imgcheck.geo.structural.refine import Refined
from imgcheck.geo.structural.verify import Verification
from imgcheck.imaging import Image, registration
from imgcheck.imaging.registration import Registration

Progress = Callable[[str, int, int], None]
# The first look, and a second where the first finds nothing to believe: how much farther the
# reference is reduced than the size of the picture asks for, and the step of turns in degrees. The
# first placed 5 of 6 cuts of the west in a fifth of the time of a search at full fineness.
_LOOKS = ((2.0, 12.0), (math.sqrt(2.0), 6.0))
# So many places are then looked at closely, at sizes that differ by no more than this (natural log)
# from that of the look. Of 12 cuts of the west the first look had 11 among its first 42.
_LOOKED_AT, _SIZE_REACH = 120, 0.12
# Areas and ranges of sizes that cost more have no second look (pixels searched; 3e7 for 54 km at
# 5 m and a size known within 20 %).
_MOST_SECOND = 1.5e8
# Places that are refined once, and those of them that are finished.
_REFINED, _FINISHED = 16, 4
# The number that the chance of the patches' agreement was measured with.
_FINISHED_MEASURED = 2
# No wrong place comes near this (benchmarks: structural, negatives); no other is finished.
_BEYOND_DOUBT = -30.0
# A window around a place is so much larger than the picture laid there: its turn and a tilt.
_AROUND, _MARGIN_PX = 1.35, 48
# Larger windows are read reduced; patches are never matched finer than 400 pixels a side.
_LARGEST_WINDOW = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaAnswer:
    """Where in an area a picture is.

    Attributes
    ----------
    placement : Placement
        As of `imgcheck.geo.locate`; its registration leads to pixels of ``reference``.
    reference : pathlib.Path or None
        The file of the best place, also where it is not believed; None without one.
    window : (column, row, width, height) or None
        Of the reference, looked at closely around that place.
    surprise, rival : float or None
        Height of the place's correlation over the mean of the area, and that of the best place
        elsewhere in it, standard deviations of all places.
    references, tiles : int
        Searched.
    """

    placement: Placement
    reference: Path | None = None
    window: reading.Window | None = None
    surprise: float | None = None
    rival: float | None = None
    references: int = 0
    tiles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Close:
    """A place looked at in the reference itself; matrices lead to pixels of the window."""

    peak: Peak
    window: reading.Window
    to_reference: NDArray[np.float64]
    pyramid: Pyramid
    refined: Refined
    verified: Verification | None = None


def search(
    picture_gray: NDArray[np.float32],
    index_path: Path | str,
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    prior: Prior | None = None,
    progress: Progress | None = None,
) -> AreaAnswer:
    """Find a picture in an area whose index was built.

    Parameters
    ----------
    picture_gray : (M, N) float32 in [0, 1]
    index_path : path
        Made by `build`. The references themselves must still be there.
    picture_mask : (M, N) bool, optional
        True = usable (not text, not nodata).
    prior : Prior, optional
        ``gsd_m``: every factor 2 that it leaves open takes as long again, the finer the longer.
        ``near``: only tiles around the claimed place are searched.
    progress : callable (step, position, total), optional

    Returns
    -------
    AreaAnswer
        ``placement.placed`` False is a result, no error.

    Raises
    ------
    IndexFileError
        If the index is missing, foreign, damaged or unfinished, or a reference has changed.
    UsageError
        If the prior cannot be understood.

    Notes
    -----
    By the directions of edges, any turn; the ground is taken as flat. The chance of a wrong place
    is weighed against the best places elsewhere in the same area, so that it grows with the area.
    Two threads work. Measured rates and times are in docs/benchmarks.
    """
    usable = np.isfinite(picture_gray)
    if picture_mask is not None:
        usable &= picture_mask
    path = Path(index_path)
    with Store.open(path) as store:
        sources = store.sources()
        for source in sources:
            reading.located(source, path)
        empty = AreaAnswer(
            placement=_nothing("", picture_gray, sources[0]), references=len(sources)
        )
        if min(picture_gray.shape) < 32 or usable.mean() < 0.15:
            return _refused(empty, "too little of the picture is ground that was not drawn over")
        picture = np.where(usable, picture_gray, 0).astype(np.float32)
        plan = sizes.plan(picture.shape, sources, prior)
        if not plan.steps:
            return _refused(empty, plan.reason or "the picture is too small or too large")
        levels = Levels(store)
        answer = empty
        for look in _LOOKS if plan.work < _MOST_SECOND else _LOOKS[:1]:
            peaks, tiles = _swept(levels, picture, usable, plan, look, progress)
            found = ranking.apart(peaks, picture.shape)
            best = _best(picture, usable, found[:_REFINED], path, progress)
            empty = replace(empty, tiles=empty.tiles + tiles)
            if best is None:
                reason = "no place of the area has edges that run like the picture's"
                answer = _refused(empty, reason)
                continue
            rivals = ranking.rivals(best.peak, found, picture.shape)
            answer = _judged(picture, best, rivals, empty, plan)
            if answer.placement.placed:
                break
        return answer


def _swept(
    levels: Levels,
    picture: NDArray[np.float32],
    usable: NDArray[np.bool_],
    plan: sizes.Plan,
    look: tuple[float, float],
    progress: Progress | None,
) -> tuple[list[Peak], int]:
    """Search at all sizes: coarsely everywhere, then closely where something was seen."""
    farther, turn_step = look
    seen: list[Peak] = []
    tiles = 0
    steps = sizes.joined(plan.steps)
    for number, step in enumerate(steps):
        shape = sweep.template(
            picture, usable, step.scale, factor=farther * step.factor, turn_step=turn_step
        )
        cuts = [c for s in step.sources for c in sweep.cuts(shape, s, plan.circles.get(s.id))]
        told = _Told(progress, f"size {number + 1} of {len(steps)}, tile", len(cuts))
        seen += sweep.run(levels, shape, cuts, plan.circles, done=told)
        tiles += len(cuts)
    places = ranking.apart(seen, picture.shape, most=_LOOKED_AT)
    peaks: list[Peak] = []
    for number, step in enumerate(plan.steps):
        if progress:
            progress("looking again, size", number, len(plan.steps))
        known = {s.id for s in step.sources}
        near = [
            p
            for p in places
            if p.source.id in known and abs(math.log(p.scale / step.scale)) < _SIZE_REACH
        ]
        if near:
            shape = sweep.template(picture, usable, step.scale, factor=step.factor, close=True)
            cuts = [sweep.around(shape, p) for p in near]
            peaks += sweep.run(levels, shape, cuts, plan.circles)
    return peaks, tiles


class _Told:
    """Counts steps for the progress."""

    def __init__(self, progress: Progress | None, step: str, total: int) -> None:
        self.progress, self.step, self.total, self.done = progress, step, total, 0

    def __call__(self) -> None:
        if self.progress:
            self.progress(self.step, self.done, self.total)
        self.done += 1


def _best(
    picture: NDArray[np.float32],
    usable: NDArray[np.bool_],
    peaks: list[Peak],
    index: Path,
    progress: Progress | None,
) -> Close | None:
    """Refine the best places in the references themselves, finish the best of these."""
    started: list[Close] = []
    opened: dict[int, Image] = {}
    # One reference after the other, so that one file is open at a time.
    for number, peak in enumerate(sorted(peaks, key=lambda p: p.source.id)):
        if progress:
            progress("looking closely", number, len(peaks))
        if peak.source.id not in opened:
            opened = {peak.source.id: reading.reopened(peak.source, index)}
        close = _closely(picture, usable, peak, opened[peak.source.id])
        if close is not None:
            started.append(close)
    started.sort(key=lambda c: c.refined.agreement.log10_nfa)
    finished = []
    for close in started[:_FINISHED]:
        refined = refine.finish(picture, usable, close.pyramid, close.refined)
        verified = verify.verify(picture, usable, close.pyramid, refined.matrix)
        if verified is not None:
            finished.append(replace(close, refined=refined, verified=verified))
            if verified.log10_chance < _BEYOND_DOUBT:
                break
    return min(finished, key=_tail, default=None)


def _tail(close: Close) -> float:
    return close.verified.log10_chance if close.verified else 0.0


def _closely(
    picture: NDArray[np.float32], usable: NDArray[np.bool_], peak: Peak, image: Image
) -> Close | None:
    """Refine one place on a window of its reference."""
    source = peak.source
    half = _AROUND * math.hypot(*picture.shape) * peak.scale / 2 + _MARGIN_PX
    left, top = max(0, math.floor(peak.x - half)), max(0, math.floor(peak.y - half))
    right = min(source.width, math.ceil(peak.x + half))
    bottom = min(source.height, math.ceil(peak.y + half))
    window = (left, top, right - left, bottom - top)
    shrink = max(1.0, max(window[2:]) / _LARGEST_WINDOW)
    shape = (max(1, round(window[3] / shrink)), max(1, round(window[2] / shrink)))
    gray, valid = reading.gray(
        image, window, stretch=source.stretch, out_shape=shape if shrink > 1 else None
    )
    grow = np.diag([window[2] / gray.shape[1], window[3] / gray.shape[0], 1.0])
    to_reference = np.array([[1, 0, left], [0, 1, top], [0, 0, 1.0]]) @ grow
    pyramid = Pyramid(gray, valid)
    matrix = coarse.similarity(peak.scale, peak.turn, (peak.x, peak.y), picture.shape)
    start = np.linalg.inv(to_reference) @ matrix
    refined = refine.once(picture, usable, pyramid, start, refine.FIRST)
    if refined is None:
        return None
    return Close(
        peak=peak, window=window, to_reference=to_reference, pyramid=pyramid, refined=refined
    )


def _judged(
    picture: NDArray[np.float32],
    best: Close,
    rivals: list[float],
    empty: AreaAnswer,
    plan: sizes.Plan,
) -> AreaAnswer:
    """Say how sure the best place is, and what it means on the ground."""
    assert best.verified is not None
    more = math.log10(_FINISHED / _FINISHED_MEASURED)
    probability = chance.probability(
        surprise=best.peak.surprise,
        rivals=rivals,
        trials=1.0,
        log10_tail=min(0.0, best.verified.log10_chance + more),
        span=best.verified.span,
    )
    judged = registering.judge(best.refined, best.verified, picture.shape, probability=probability)
    if not judged.found and plan.reason:
        judged = registering.with_reason(judged, f"; {plan.reason}")
    source = best.peak.source
    placement = describe(
        registration.in_larger(judged, best.to_reference),
        affine_of(source.transform),
        system_of(source.crs),
        path="structural",
        false_match_probability=probability,
    )
    return replace(
        empty,
        placement=placement,
        reference=source.path,
        window=best.window,
        surprise=best.peak.surprise,
        rival=max(rivals, default=None),
    )


def _refused(empty: AreaAnswer, reason: str) -> AreaAnswer:
    return replace(
        empty,
        placement=replace(
            empty.placement,
            reason=reason,
            registration=replace(empty.placement.registration, reason=reason),
        ),
    )


def _nothing(reason: str, picture: NDArray[np.float32], source: Source) -> Placement:
    none = np.zeros((0, 2))
    return Placement(
        placed=False,
        reason=reason,
        path="structural",
        crs=source.crs,
        registration=Registration(
            found=False,
            reason=reason,
            picture_points=none,
            reference_points=none,
            picture_shape=(picture.shape[0], picture.shape[1]),
        ),
    )
