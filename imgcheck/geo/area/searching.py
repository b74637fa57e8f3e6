"""Find a picture in an indexed area: a coarse search everywhere, then a close one of candidates."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imgcheck.geo.area import building, planning, sweep
from imgcheck.geo.area.store import Levels, Source, Store
from imgcheck.geo.area.sweep import Peak
from imgcheck.geo.placement import NotPlaced, Placed, describe
from imgcheck.geo.reference import Prior
from imgcheck.geo.structural import coarse, judging, refine
from imgcheck.geo.structural.coarse import Pyramid
from imgcheck.geo.structural.engine import BEYOND_DOUBT, TOO_LITTLE_GROUND
from imgcheck.geo.structural.judging import Evidence
from imgcheck.geo.structural.refine import Refined, Verification
from imgcheck.imaging import Image, registration
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.registration import NotRegistered, Registered
from imgcheck.imaging.windows import PartWindow as Window
from imgcheck.imaging.windows import read_gray

Progress = Callable[[str, int, int], None]
# The first search, and a second where no candidate of the first is accepted: how much more the
# reference is reduced than the size of the picture requires, and the step of turns in degrees. The
# first placed 5 of 6 cuts of the west in a fifth of the time of a search at full fineness.
_LOOKS = ((2.0, 12.0), (math.sqrt(2.0), 6.0))
# So many candidates are then compared closely, at sizes that differ by no more than this (natural
# log) from that of the search. Of 12 cuts of the west the first search had 11 among its first 42.
_LOOKED_AT, _SIZE_REACH = 120, 0.12
# Areas and ranges of sizes that cost more have no second search (pixels searched; 3e7 for 54 km at
# 5 m and a size known within 20 %).
_MOST_SECOND = 1.5e8
# Candidates that are refined once, and those of them that are finished.
_REFINED, _FINISHED = 16, 4
# The number of finished candidates when the tail of the patches' agreement was measured.
_FINISHED_MEASURED = 2
# The window around a candidate is so much larger than the picture there: its turn and a tilt.
_AROUND, _MARGIN_PX = 1.35, 48
# Larger windows are read reduced; patches are never matched finer than 400 pixels a side.
_LARGEST_WINDOW = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaMatch:
    """Where in an area a picture lies.

    Attributes
    ----------
    placed : Placed
        Its registration maps to pixels of the file ``path``.
    path : pathlib.Path
    window : (column, row, width, height)
        Part of the file that was compared at full size.
    surprise, rival : float
        Height of the correlation peak over the mean of the area, and that of the best peak
        elsewhere (0 without one), standard deviations of all places.
    """

    placed: Placed
    path: Path
    window: Window
    surprise: float
    rival: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Close:
    """A candidate compared with the reference itself; matrices map to pixels of the window."""

    peak: Peak
    window: Window
    to_reference: Float64
    pyramid: Pyramid
    refined: Refined


def search(
    picture_gray: Float32,
    index_path: Path | str,
    *,
    picture_mask: Mask | None = None,
    prior: Prior | None = None,
    images: Sequence[Image] = (),
    progress: Progress | None = None,
) -> AreaMatch | NotPlaced:
    """Find a picture in an area whose index was built.

    Parameters
    ----------
    picture_gray : (M, N) float32 in [0, 1]
    index_path : path
        Made by `build`. The references themselves must still be there, or be in ``images``.
    picture_mask : (M, N) bool, optional
        True = usable (not text, not nodata).
    prior : Prior, optional
        Every factor 2 of open pixel size takes as long again, the finer the longer. With
        ``mirrored`` a picture that is not found is searched as its mirror image, too.
    images : sequence of Image, optional
        References that are open; the others are opened when needed.
    progress : callable (step, position, total), optional

    Returns
    -------
    AreaMatch or NotPlaced

    Raises
    ------
    IndexFileError
        If the index is missing, foreign, damaged or unfinished, or a reference has changed.

    Notes
    -----
    By the directions of edges, any turn, for flat ground. The probability of a false match accounts
    for the best places elsewhere in the same area, so that it grows with the area. Two threads
    work. Measured rates and times are in docs/benchmarks.
    """
    prior = prior or Prior()
    usable = np.isfinite(picture_gray)
    if picture_mask is not None:
        usable &= picture_mask
    path = Path(index_path)
    with Store.open(path) as store:
        sources = store.sources()
        known = {image.sha256: image for image in images}
        for source in sources:
            if source.sha256 not in known:
                building.located(source, path)

        def opened(source: Source) -> Image:
            return known.get(source.sha256) or building.reopened(source, path)

        if min(picture_gray.shape) < 32 or usable.mean() < 0.15:
            return NotPlaced(reason=TOO_LITTLE_GROUND, path="structural")
        picture = np.where(usable, picture_gray, 0).astype(np.float32)
        plan = planning.plan(picture.shape, sources, prior)
        if not plan.steps:
            reason = plan.reason or "the picture is too small or too large"
            return NotPlaced(reason=reason, path="structural")
        found = _searched(store, opened, picture, usable, plan, progress)
        if isinstance(found, AreaMatch) or not prior.mirrored:
            return found
        flipped = [np.ascontiguousarray(part[:, ::-1]) for part in (picture, usable)]
        turned = _searched(store, opened, flipped[0], flipped[1], plan, progress)
        return _of_mirror_image(turned, store) if isinstance(turned, AreaMatch) else found


def _searched(
    store: Store,
    opened: Callable[[Source], Image],
    picture: Float32,
    usable: Mask,
    plan: planning.Plan,
    progress: Progress | None,
) -> AreaMatch | NotPlaced:
    levels = Levels(store)
    answer: AreaMatch | NotPlaced = NotPlaced(
        reason="no location in the area has edges in the same directions as the picture",
        path="structural",
    )
    for look in _LOOKS if plan.work < _MOST_SECOND else _LOOKS[:1]:
        peaks = _swept(levels, picture, usable, plan, look, progress)
        found = planning.distinct(peaks, picture.shape)
        started = _started(picture, usable, found[:_REFINED], opened, progress)
        best = _best(picture, usable, started)
        if best is not None:
            rivals = planning.rivals(best[0].peak, found, picture.shape)
            answer = _judged(picture, *best, started, rivals, plan)
            if isinstance(answer, AreaMatch):
                break
    return answer


def _of_mirror_image(found: AreaMatch, store: Store) -> AreaMatch | NotPlaced:
    """Convert the match of the mirror image to the picture itself; these were two trials."""
    source = next(s for s in store.sources() if s.path == found.path)
    turned = registration.of_mirror_image(found.placed.registration)
    placed = _described(turned, source, min(1.0, 2 * found.placed.false_match_probability))
    return replace(found, placed=placed) if isinstance(placed, Placed) else placed


def _described(found: Registered, source: Source, probability: float) -> Placed | NotPlaced:
    return describe(
        found,
        transform=source.transform,
        crs=source.crs,
        path="structural",
        false_match_probability=probability,
    )


def _swept(
    levels: Levels,
    picture: Float32,
    usable: Mask,
    plan: planning.Plan,
    look: tuple[float, float],
    progress: Progress | None,
) -> list[Peak]:
    """Search at all sizes: coarsely everywhere, then closely around the highest peaks."""
    farther, turn_step = look
    seen: list[Peak] = []
    steps = planning.joined(plan.steps)
    for number, step in enumerate(steps):
        shape = sweep.template(
            picture, usable, step.scale, factor=farther * step.factor, turn_step=turn_step
        )
        cuts = [c for s in step.sources for c in sweep.cuts(shape, s, plan.circles.get(s.id))]
        step_done = _Counted(progress, f"size {number + 1} of {len(steps)}, tile", len(cuts))
        seen += sweep.run(levels, shape, cuts, plan.circles, done=step_done)
    places = planning.distinct(seen, picture.shape, most=_LOOKED_AT)
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
    return peaks


class _Counted:
    """Count the steps for the progress."""

    def __init__(self, progress: Progress | None, step: str, total: int) -> None:
        self.progress, self.step, self.total, self.done = progress, step, total, 0

    def __call__(self) -> None:
        if self.progress:
            self.progress(self.step, self.done, self.total)
        self.done += 1


def _started(
    picture: Float32,
    usable: Mask,
    peaks: list[Peak],
    opened: Callable[[Source], Image],
    progress: Progress | None,
) -> list[Close]:
    """Refine candidates in the references themselves; the best come first."""
    started: list[Close] = []
    images: dict[int, Image] = {}
    # One reference after the other, so that one file is open at a time.
    for number, peak in enumerate(sorted(peaks, key=lambda p: p.source.id)):
        if progress:
            progress("looking closely", number, len(peaks))
        if peak.source.id not in images:
            images = {peak.source.id: opened(peak.source)}
        close = _closely(picture, usable, peak, images[peak.source.id])
        if close is not None:
            started.append(close)
    return sorted(started, key=lambda c: c.refined.agreement.log10_nfa)


def _best(
    picture: Float32, usable: Mask, started: list[Close]
) -> tuple[Close, Refined, Verification] | None:
    """Finish the best candidates."""
    finished = []
    for close in started[:_FINISHED]:
        found = refine.finish(picture, usable, close.pyramid, close.refined)
        if found is not None:
            finished.append((close, *found))
            if found[1].log10_tail < BEYOND_DOUBT:
                break
    return min(finished, key=lambda found: found[2].log10_tail, default=None)


def _closely(picture: Float32, usable: Mask, peak: Peak, image: Image) -> Close | None:
    """Refine one candidate on a window of its reference."""
    source = peak.source
    half = _AROUND * math.hypot(*picture.shape) * peak.scale / 2 + _MARGIN_PX
    left, top = max(0, math.floor(peak.x - half)), max(0, math.floor(peak.y - half))
    right = min(source.width, math.ceil(peak.x + half))
    bottom = min(source.height, math.ceil(peak.y + half))
    window = (left, top, right - left, bottom - top)
    shrink = max(1.0, max(window[2:]) / _LARGEST_WINDOW)
    shape = (max(1, round(window[3] / shrink)), max(1, round(window[2] / shrink)))
    gray, valid = read_gray(
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
    picture: Float32,
    best: Close,
    refined: Refined,
    verified: Verification,
    started: list[Close],
    rivals: list[Peak],
    plan: planning.Plan,
) -> AreaMatch | NotPlaced:
    """Accept or refuse the best candidate."""
    more = math.log10(_FINISHED / _FINISHED_MEASURED)
    wrong = planning.rivals(best.peak, [close.peak for close in started], picture.shape)
    heights = tuple(peak.surprise for peak in rivals)
    evidence = Evidence(
        surprise=best.peak.surprise,
        rivals=heights,
        trials=1.0,
        log10_nfa=best.refined.agreement.log10_nfa,
        others=tuple(c.refined.agreement.log10_nfa for c in started if c.peak in wrong),
        refined=len(started),
        log10_tail=min(0.0, verified.log10_tail + more),
    )
    probability = evidence.false_match_probability
    judged = judging.judge(refined, verified, picture.shape, probability=probability)
    found = judged.registration
    source = best.peak.source

    def described(match: Registered) -> Placed | NotPlaced:
        return _described(registration.in_larger(match, best.to_reference), source, probability)

    if isinstance(found, NotRegistered):
        candidate = None if judged.candidate is None else described(judged.candidate)
        return NotPlaced(
            reason=f"{found.reason}; {plan.reason}" if plan.reason else found.reason,
            path="structural",
            log10_nfa=found.log10_nfa,
            false_match_probability=probability,
            candidate=candidate if isinstance(candidate, Placed) else None,
        )
    placed = described(found)
    if isinstance(placed, NotPlaced):
        return placed
    return AreaMatch(
        placed=placed,
        path=source.path,
        window=best.window,
        surprise=best.peak.surprise,
        rival=max(heights, default=0.0),
    )
