"""Measure detection power: plant objects into the picture itself and search for them."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.detect import (
    crater_search,
    injection,
    inputs,
    planting,
    rendered_vehicles,
    vehicle_search,
    visible,
)
from imgcheck.detect.proposal import Kind
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval, poisson_upper

TRIALS = 36  # objects a size: recall is then known to about 0.15
_STEPS = 8
_VEHICLES_M = (3.5, 4.5, 6.0, 8.0, 10.0, 12.0)
_LARGEST_M, _LARGEST_PX = 40.0, 110.0
# A planted crater counts as found when a proposal lies within a quarter diameter of it and its
# size agrees within a factor of 1.6; a vehicle as in docs/benchmarks/detect.md.
_NEAR = 0.25
_FACTOR = 1.6
_NEAR_M = 2.0
# Passes until this many megapixels were searched, within limits.
_MEGAPIXELS, _FEWEST, _MOST = 24.0, 3, 24
# Where less than this share may be found, "at most" would be a large number that says nothing.
_LEAST_FOUND = 1 / 3
# A finer picture of vehicles is reduced to this first: the search works at 0.25 m.
_FINEST_M = 0.125


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Recall by size of one look, or on one kind of ground (``share`` of the picture)."""

    name: str
    share: float = 1.0
    recall: tuple[float | None, ...]
    trials: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted object, in pixels of the picture, and whether it was found."""

    x: float
    y: float
    size_m: float
    look: str
    ground: str
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Detection power: recall by size on one picture.

    Without a ground sample distance ``gsd`` is None, and every size is in pixels.
    """

    kind: Kind = "crater"
    gsd: float | None = None
    #: Sizes planted (diameter or length), share found, and its exact interval at `level`.
    sizes_m: tuple[float, ...] = ()
    recall: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    #: Objects planted per size.
    trials: tuple[int, ...] = ()
    #: Recall of every look, and on every kind of ground.
    looks: tuple[Part, ...] = ()
    grounds: tuple[Part, ...] = ()
    #: Smallest size from which on recall stays above 50 % or 90 %, on `share_of_picture`; None
    #: where it does not.
    d50_m: float | None = None
    d90_m: float | None = None
    #: Recall of the smallest planted size from `d90_m` on, and its exact interval.
    at_d90: tuple[float, float, float] | None = None
    #: Share of the picture that `d50_m` and `d90_m` hold for: all usable ground, or its smoother
    #: part where they are not reached on all of it.
    share_of_picture: float = 0.0
    #: The look found least often in all, and the `grounds` that `share_of_picture` consists of.
    worst: str | None = None
    within: tuple[str, ...] = ()
    #: Upper limit at `level` of the number of objects of d90 (else d50) and larger on that ground
    #: if none was proposed, even if all have the worst look; None where neither size is reached.
    missed_upper: float | None = None
    level: float
    #: Proposals in the picture itself.
    proposed: int = 0
    planted: tuple[Planted, ...] = field(default=(), repr=False)
    #: Coarse map of the picture: 0 not usable, then 1 + the number of the kind of ground.
    cells: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)
    reason: str = ""


def power(
    picture: ArrayLike,
    *,
    gsd: float | None,
    kind: Kind = "crater",
    valid: ArrayLike | None = None,
    sun_azimuth_deg: float | None = None,
    jpeg_quality: int | None = None,
    sizes_m: tuple[float, ...] | None = None,
    seed: int = 0,
    trials: int = TRIALS,
    level: float = 0.95,
) -> Power:
    """Plant objects of several sizes and looks into a picture and count those found.

    Parameters
    ----------
    picture : ndarray of shape (M, N) or (M, N, 3), float in [0, 1] or uint8
        Gray for craters, colour for vehicles; the other is converted.
    gsd : float or None
        Metres per pixel. None: sizes are in pixels (craters only).
    kind : {"crater", "vehicle"}, default "crater"
    valid : ndarray of shape (M, N), bool, optional
    sun_azimuth_deg : float, optional
        As for ``craters``; without it every pass has a sun of its own.
    jpeg_quality : int, optional
        IJG quality with which the changed picture is saved again before the search; that of the
        file.
    sizes_m : tuple of float, optional
        Diameters or lengths, metres; by default eight from three quarters of the smallest visible
        crater to 40 m or 110 pixels, and vehicles of 3.5 to 12 m.
    seed : int, default 0
    trials : int, default 36
        Objects per size, where there is room for them.
    level : float, default 0.95

    Returns
    -------
    Power

    Notes
    -----
    Many objects are planted at once, apart from each other, on equal parts of smooth, medium and
    rough ground; the changed picture then takes the way of every picture through ``craters`` or
    ``vehicles``. Places where the picture itself has a proposal are left out. Craters are those of
    `injection.LOOKS`, vehicles those of `rendered_vehicles.LOOKS`. Objects that look otherwise are
    found less often or more often; the look found least often is stated.
    """
    if trials < 1 or not 0 < level < 1:
        raise UsageError(f"trials is {trials} and level {level}; give trials >= 1, 0 < level < 1")
    if sizes_m is not None and (not sizes_m or any(not 0 < v < math.inf for v in sizes_m)):
        raise UsageError(f"sizes_m is {sizes_m}; give sizes in metres above 0")
    bench: _Bench
    if kind == "crater":
        bench = _Craters(picture, gsd, valid, sun_azimuth_deg)
    elif kind == "vehicle":
        bench = _Vehicles(picture, gsd, valid, sun_azimuth_deg)
    else:
        raise UsageError(f'kind is {kind!r}; give "crater" or "vehicle"')
    sizes = bench.sizes(sizes_m)
    if not sizes:
        why = "the picture is too small, too coarse or has too little contrast"
        return Power(kind=kind, gsd=gsd, level=level, reason=why)
    where = planting.grounds(bench.gray, bench.usable)
    objects = planting.wanted([s / bench.gsd for s in sizes], looks=len(bench.looks), trials=trials)
    megapixels = bench.gray.size / 1e6
    most = int(np.clip(_MEGAPIXELS / megapixels, _FEWEST, _MOST))
    rng = np.random.default_rng(seed)
    known = bench.search(bench.changed([], rng, jpeg_quality))
    done: list[tuple[planting.Spot, bool]] = []
    for spots in planting.passes(where, objects, rng=rng, most=most):
        # A proposal of the picture itself would be taken for the planted one.
        new = [s for s in spots if not _hits(known, s, factor=math.inf, near=bench.near(s))]
        found = bench.search(bench.changed(new, rng, jpeg_quality))
        done += [(s, _hits(found, s, factor=bench.factor, near=bench.near(s))) for s in new]
    return _summary(bench, sizes, where, done, level=level, proposed=len(known))


class _Bench(Protocol):
    """A picture that objects of one kind are planted into and searched for."""

    kind: Kind
    gray: NDArray[np.float32]
    usable: NDArray[np.bool_]
    gsd: float
    stated: float | None
    looks: tuple[str, ...]
    factor: float
    scale: float

    def sizes(self, given: tuple[float, ...] | None) -> tuple[float, ...]: ...

    def near(self, spot: planting.Spot) -> float: ...

    def changed(
        self, spots: list[planting.Spot], rng: np.random.Generator, quality: int | None
    ) -> NDArray[np.uint8]: ...

    def search(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]: ...


class _Craters:
    kind: Kind = "crater"
    looks: tuple[str, ...] = injection.LOOKS
    factor = _FACTOR
    scale = 1.0

    def __init__(
        self, picture: ArrayLike, gsd: float | None, valid: ArrayLike | None, sun: float | None
    ) -> None:
        array = np.asarray(picture)
        if array.ndim == 3:
            array, usable = inputs.colour_image(array, valid=valid)
            array, valid = cv2.cvtColor(array, cv2.COLOR_RGB2GRAY), usable
        self.gray, self.usable = inputs.gray_image(array, valid=valid)
        self.stated: float | None = gsd
        self.gsd = 1.0 if gsd is None else inputs.scale(gsd)
        self.sun = sun
        sharp = visible.measure_sharpness(*_middle(self.gray, self.usable))
        self.blur_px = sharp.blur_px if sharp.blur_px is not None else 0.7

    def sizes(self, given: tuple[float, ...] | None) -> tuple[float, ...]:
        largest = min(self.gray.shape) / 2 * self.gsd
        if given is not None:
            return tuple(sorted(float(v) for v in given if v <= largest))
        work = inputs.working_size(self.gray, self.usable, gsd=self.gsd)
        limit = visible.smallest_visible(work.picture, gsd=work.gsd, valid=work.usable)
        if not math.isfinite(limit.diameter_m):
            return ()
        first, last = 0.75 * limit.diameter_m, min(largest, _LARGEST_PX * work.gsd)
        if self.stated is not None:
            last = min(last, _LARGEST_M)
        if last <= first:
            return ()
        return tuple(float(f"{v:.3g}") for v in np.geomspace(first, last, _STEPS))

    def near(self, spot: planting.Spot) -> float:
        return _NEAR * spot.what.size_px

    def changed(
        self, spots: list[planting.Spot], rng: np.random.Generator, quality: int | None
    ) -> NDArray[np.uint8]:
        sun = float(rng.uniform(0, 360)) if self.sun is None else self.sun
        picture = self.gray.copy()
        for spot in spots:
            look = injection.random_look(
                rng,
                self.looks[spot.what.look],
                diameter_px=spot.what.size_px,
                sun_azimuth_deg=sun,
            )
            change = injection.render(look, rng=rng, blur_px=self.blur_px)
            injection.plant(picture, change, spot.x, spot.y)
        return _saved(np.rint(picture * 255).astype(np.uint8), quality)

    def search(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        found = crater_search.craters(
            picture,
            gsd=self.gsd,
            sun_azimuth_deg=self.sun,
            valid=self.usable,
            max_diameter_m=1.3 * _LARGEST_M if self.stated is not None else math.inf,
        )
        return np.array([(p.cx, p.cy, p.length) for p in found.proposals], float).reshape(-1, 3)


class _Vehicles:
    kind: Kind = "vehicle"
    looks: tuple[str, ...] = rendered_vehicles.LOOKS
    factor = math.inf

    def __init__(
        self, picture: ArrayLike, gsd: float | None, valid: ArrayLike | None, sun: float | None
    ) -> None:
        if gsd is None:
            raise UsageError("vehicles are searched for at a scale; give metres per pixel (gsd)")
        self.stated: float | None = inputs.scale(gsd)
        samples, usable = inputs.colour_image(picture, valid=valid)
        rgb = np.rint(samples * 255).astype(np.uint8)
        shrink = max(1.0, _FINEST_M / gsd)
        if shrink > 1:
            size = (max(1, round(rgb.shape[1] / shrink)), max(1, round(rgb.shape[0] / shrink)))
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
            whole = cv2.resize(usable.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            usable = np.asarray(whole > 0.999)
        self.rgb, self.usable = rgb, usable
        self.gsd, self.scale = gsd * shrink, shrink
        gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
        self.gray = gray / np.float32(255)
        self.sun = sun
        sharp = visible.measure_sharpness(*_middle(self.gray, usable))
        self.blur_px = sharp.blur_px if sharp.blur_px is not None else 0.6

    def sizes(self, given: tuple[float, ...] | None) -> tuple[float, ...]:
        if self.gsd > vehicle_search.COARSEST_GSD:
            return ()
        largest = min(self.gray.shape) / 2 * self.gsd
        return tuple(sorted(float(v) for v in given or _VEHICLES_M if v <= largest))

    def near(self, spot: planting.Spot) -> float:
        return _NEAR_M / self.gsd

    def changed(
        self, spots: list[planting.Spot], rng: np.random.Generator, quality: int | None
    ) -> NDArray[np.uint8]:
        sun = float(rng.uniform(0, 360)) if self.sun is None else self.sun
        picture = self.rgb.copy()
        for spot in spots:
            rendered_vehicles.draw(
                picture,
                x=spot.x,
                y=spot.y,
                length_m=spot.what.size_px * self.gsd,
                look=self.looks[spot.what.look],
                gsd=self.gsd,
                sun_azimuth_deg=sun,
                blur_px=self.blur_px,
                rng=rng,
            )
        return _saved(picture, quality)

    def search(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        found = vehicle_search.vehicles(picture, gsd=self.gsd, valid=self.usable)
        return np.array([(p.cx, p.cy, p.length) for p in found.proposals], float).reshape(-1, 3)


def _middle(
    gray: NDArray[np.float32], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the middle of a picture, at most 1.4 megapixels."""
    part = tuple(slice(max(0, n // 2 - 600), n // 2 + 600) for n in gray.shape)
    return gray[part], usable[part]


def _saved(picture: NDArray[np.uint8], quality: int | None) -> NDArray[np.uint8]:
    """Return the picture after one JPEG save."""
    if quality is None:
        return picture
    bgr = picture[..., ::-1] if picture.ndim == 3 else picture
    coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    shown = np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), np.uint8)
    return np.ascontiguousarray(shown[..., ::-1] if picture.ndim == 3 else shown)


def _hits(found: NDArray[np.float64], spot: planting.Spot, *, factor: float, near: float) -> bool:
    gap = np.hypot(found[:, 0] - spot.x - 0.5, found[:, 1] - spot.y - 0.5)
    size = np.abs(np.log(np.maximum(found[:, 2], 1e-6) / spot.what.size_px))
    return bool(((gap < near) & (size < math.log(factor))).any())


def _summary(
    bench: _Bench,
    sizes: tuple[float, ...],
    where: planting.Grounds,
    done: list[tuple[planting.Spot, bool]],
    *,
    level: float,
    proposed: int,
) -> Power:
    hits = np.zeros((len(sizes), len(bench.looks), len(planting.GROUNDS)), int)
    tried = np.zeros_like(hits)
    for spot, found in done:
        at = (spot.what.size, spot.what.look, spot.what.ground)
        tried[at] += 1
        hits[at] += found
    used = tried.sum(axis=(1, 2)) > 0
    if not used.any():
        why = "no usable area is wide enough to plant an object"
        return Power(kind=bench.kind, gsd=bench.stated, level=level, reason=why)
    kept, hits, tried = tuple(np.array(sizes)[used].tolist()), hits[used], tried[used]
    all_hits, all_tried = hits.sum(axis=(1, 2)), tried.sum(axis=(1, 2))
    spans = [
        binomial_interval(int(h), int(n), level=level)
        for h, n in zip(all_hits, all_tried, strict=True)
    ]
    share = [float((where.cells == k + 1).mean()) for k in range(len(planting.GROUNDS))]
    grounds = tuple(
        _part(name, hits[:, :, k].sum(axis=1), tried[:, :, k].sum(axis=1), share=share[k])
        for k, name in enumerate(planting.GROUNDS)
    )
    looks = tuple(
        _part(name, hits[:, k].sum(axis=1), tried[:, k].sum(axis=1))
        for k, name in enumerate(bench.looks)
    )
    rate = hits.sum(axis=(0, 2)) / np.maximum(tried.sum(axis=(0, 2)), 1)
    worst = int(np.argmin(np.where(tried.sum(axis=(0, 2)) > 0, rate, np.inf)))
    # Of the roughest grounds as few are left out as it takes to reach 90 %, else 50 %.
    number = _grounds_reaching(kept, hits, tried)
    mine = np.s_[:, :, :number]
    curve = hits[mine].sum(axis=(1, 2)) / np.maximum(tried[mine].sum(axis=(1, 2)), 1)
    d50, d90 = (reach(kept, curve.tolist(), wanted) for wanted in (0.5, 0.9))
    limit = d90 if d90 is not None else d50
    at_d90 = None
    if d90 is not None:
        first = next(k for k, size in enumerate(kept) if size >= d90)
        h, n = int(hits[mine].sum(axis=(1, 2))[first]), int(tried[mine].sum(axis=(1, 2))[first])
        span = binomial_interval(h, n, level=level)
        at_d90 = (h / n, span.low, span.high)
    large = [k for k, size in enumerate(kept) if limit is not None and size >= limit]
    return Power(
        kind=bench.kind,
        gsd=bench.stated,
        sizes_m=kept,
        recall=tuple((all_hits / all_tried).tolist()),
        low=tuple(span.low for span in spans),
        high=tuple(span.high for span in spans),
        trials=tuple(all_tried.tolist()),
        looks=looks,
        grounds=grounds,
        d50_m=d50,
        d90_m=d90,
        at_d90=at_d90,
        share_of_picture=sum(share[:number]),
        worst=bench.looks[worst],
        within=planting.GROUNDS[:number],
        missed_upper=missed(
            int(hits[large, worst, :number].sum()),
            int(tried[large, worst, :number].sum()),
            level=level,
        ),
        level=level,
        proposed=proposed,
        cells=where.cells,
        planted=tuple(
            Planted(
                x=(spot.x + 0.5) * bench.scale,
                y=(spot.y + 0.5) * bench.scale,
                size_m=sizes[spot.what.size],
                look=bench.looks[spot.what.look],
                ground=planting.GROUNDS[spot.what.ground],
                found=found,
            )
            for spot, found in done
        ),
    )


def _part(
    name: str, hits: NDArray[np.int_], tried: NDArray[np.int_], *, share: float = 1.0
) -> Part:
    return Part(
        name=name,
        share=share,
        recall=tuple(
            h / n if n else None for h, n in zip(hits.tolist(), tried.tolist(), strict=True)
        ),
        trials=tuple(tried.tolist()),
    )


def _grounds_reaching(
    sizes: tuple[float, ...], hits: NDArray[np.int_], tried: NDArray[np.int_]
) -> int:
    """Return on how many of the grounds, from the smoothest on, a size is found 9 times in 10.

    Where none is on any, the same with half of them; else all.
    """
    for wanted in (0.9, 0.5):
        for number in range(hits.shape[2], 0, -1):
            h, n = hits[:, :, :number].sum(axis=(1, 2)), tried[:, :, :number].sum(axis=(1, 2))
            if n.all() and reach(sizes, (h / n).tolist(), wanted) is not None:
                return number
    return hits.shape[2]


def reach(sizes: tuple[float, ...], recall: list[float], wanted: float) -> float | None:
    """Return the size from which on recall never falls below ``wanted``; None if it does.

    Between a size below and the next one the crossing is interpolated by the logarithm of size.
    """
    first = len(recall)
    while first and recall[first - 1] >= wanted:
        first -= 1
    if first == len(recall):
        return None
    if first == 0:
        return sizes[0]
    part = (wanted - recall[first - 1]) / (recall[first] - recall[first - 1])
    return float(sizes[first - 1] * (sizes[first] / sizes[first - 1]) ** part)


def missed(hits: int, trials: int, *, level: float) -> float | None:
    """Return the upper limit of the number of objects if none was proposed; None if not bounded.

    It is not bounded where recall may be below a third.

    Half of the allowed error is for the recall, half for the number.
    """
    half = (1 + level) / 2
    least = binomial_interval(hits, trials, level=2 * half - 1).low if trials else 0.0
    return poisson_upper(0, level=half) / least if least >= _LEAST_FOUND else None
