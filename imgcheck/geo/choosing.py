"""Which of many references a picture lies on: the cheap way on all of them, the dear one on few."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError
from imgcheck.geo import earth, placement, structural
from imgcheck.geo.locating import Prior, locate_structurally
from imgcheck.geo.placement import Placement, affine_of, place, system_of, to_lonlat
from imgcheck.geo.search import query_of
from imgcheck.imaging import transforms
from imgcheck.imaging.pixels import as_gray, as_mask
from imgcheck.quantity import binomial_interval

# A structural placing is so sure that the next reference is not asked: a tenth of what is believed.
SURE_PROBABILITY = 1e-4
# Features so unlikely by chance settle the ground: references that do not show it are left out.
# Unrelated pairs reached -8 at most (benchmarks: geo_place, false).
SURE_LOG10_NFA = -30.0
# Of each path: unrelated pairs that were placed, and how many were tried.
UNRELATED = {
    "fast": (placement.FALSE_PLACINGS, placement.UNRELATED_PAIRS),
    "structural": (structural.FALSE_PLACINGS, structural.UNRELATED_PAIRS),
}
# Two placings of one picture whose centres differ by more than this share of its side disagree.
_SAME_GROUND = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A georeferenced reference whose pixels are opened when its turn comes.

    Attributes
    ----------
    name : str
        For words.
    shape : (rows, cols)
    transform : (a, b, c, d, e, f)
        Pixel corner to CRS.
    crs : rasterio CRS, EPSG code, or text
    gray : callable
        Gives (M, N) float32 in [0, 1].
    mask : callable
        Gives (M, N) bool, True = usable, or None.
    """

    name: str
    shape: tuple[int, int]
    transform: Sequence[float]
    crs: object
    gray: Callable[[], NDArray[np.float32]]
    mask: Callable[[], NDArray[np.bool_] | None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What came of each reference, and the one to believe.

    Attributes
    ----------
    best : int or None
        Number of the reference on which the picture was placed most surely.
    placements : tuple of Placement or None
        In the order given; None where nothing was tried.
    reasons : tuple of str or None
        Why a reference was not tried or the picture not placed on it.
    disagreeing : tuple of int
        References on which the picture was placed too, but on other ground: at least one of the
        placings is wrong.
    """

    best: int | None
    placements: tuple[Placement | None, ...]
    reasons: tuple[str | None, ...]
    disagreeing: tuple[int, ...] = ()

    @property
    def placement(self) -> Placement | None:
        """The best placing."""
        return None if self.best is None else self.placements[self.best]

    @property
    def searched(self) -> int:
        """Number of references on which the picture was looked for."""
        return sum(found is not None for found in self.placements)

    @property
    def false_match_probability(self) -> float | None:
        """Upper 95 % limit of the probability that a picture of another place is placed like this.

        From the pictures of other places that were tried on one reference each, in groups as large
        as the number of references searched: any of these may be the wrong one. None if not placed.
        """
        if self.placement is None:
            return None
        errors, trials = UNRELATED[self.placement.path]
        return binomial_interval(errors, trials // self.searched).high


def choose(
    picture_gray: NDArray[np.float32],
    sheets: Sequence[Sheet],
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    structural_mask: NDArray[np.bool_] | None = None,
    prior: Prior | None = None,
    near: Sequence[tuple[float, float]] = (),
    try_mirrored: bool = False,
    progress: Callable[[str], None] = lambda words: None,
) -> Choice:
    """Place a picture on the reference that shows it most surely.

    Parameters
    ----------
    picture_gray : (M, N) float32 in [0, 1]
    sheets : sequence of Sheet
    picture_mask, structural_mask : (M, N) bool, optional
        True = usable; for the fast path and, where it may be wider, for the structural one.
    prior : Prior, optional
        For the structural path.
    near : (lon, lat) points, optional
        Of the claimed place: references that cover one come first. None is left out for it.
    try_mirrored : bool, default False
    progress : callable, optional
        Is told before each reference in a few words.

    Returns
    -------
    Choice

    Notes
    -----
    First local features on every reference; once the ground is sure, only on those that show it.
    If none has the same details, the directions of edges: first on what the features found most
    alike, and no further than the first sure placing. A reference that cannot be read or has no
    place is passed over with its reason.
    """
    order = _order(sheets, near)
    results: list[Placement | None] = [None] * len(sheets)
    reasons: list[str | None] = [None] * len(sheets)
    picture_gray = as_gray(picture_gray, name="picture")
    query = query_of(picture_gray, as_mask(picture_mask, picture_gray, name="picture"))

    def fast(sheet: Sheet) -> Placement:
        return place(
            picture_gray,
            sheet.gray(),
            transform=sheet.transform,
            crs=sheet.crs,
            picture_mask=picture_mask,
            reference_mask=sheet.mask(),
            try_mirrored=try_mirrored,
            query=query,
        )

    def by_edges(sheet: Sheet) -> Placement:
        return locate_structurally(
            picture_gray,
            structural.Pyramid(sheet.gray(), sheet.mask()),
            transform=sheet.transform,
            crs=sheet.crs,
            picture_mask=picture_mask if structural_mask is None else structural_mask,
            prior=prior,
            try_mirrored=try_mirrored,
        )

    for i in order:
        sure = _sure_fast(results)
        if sure is not None and not _shows(sheets[i], sure):
            reasons[i] = "it does not show the ground on which the picture was placed"
            continue
        progress(f"comparing details with {sheets[i].name}")
        results[i], reasons[i] = _tried(fast, sheets[i])
    if not any(found is not None and found.placed for found in results):
        tried = [i for i in order if results[i] is not None]
        _until_sure(by_edges, sheets, tried, results, reasons, progress=progress)
    return _chosen(results, reasons)


def _until_sure(
    by_edges: Callable[[Sheet], Placement],
    sheets: Sequence[Sheet],
    tried: Sequence[int],
    results: list[Placement | None],
    reasons: list[str | None],
    *,
    progress: Callable[[str], None],
) -> None:
    """Compare edges, the most alike first, until one placing is sure; writes into the lists."""
    sure: Sheet | None = None
    for i in sorted(tried, key=[_unlike(found) for found in results].__getitem__):
        if sure is not None:
            results[i], reasons[i] = None, f"it was not needed: {sure.name} placed the picture"
            continue
        progress(f"comparing edges with {sheets[i].name}")
        found, reasons[i] = _tried(by_edges, sheets[i])
        results[i] = found
        chance = None if found is None else found.false_match_probability
        if found is not None and found.placed and chance is not None and chance <= SURE_PROBABILITY:
            sure = sheets[i]


def _tried(make: Callable[[Sheet], Placement], sheet: Sheet) -> tuple[Placement | None, str | None]:
    try:
        found = make(sheet)
    except ImgcheckError as error:
        return None, str(error)
    return found, found.reason


def _unlike(found: Placement | None) -> float:
    """Rank by what the features found: the chance of the best arrangement, placed or not."""
    return math.inf if found is None or found.log10_nfa is None else found.log10_nfa


def _sure_fast(results: Sequence[Placement | None]) -> Placement | None:
    placed = [found for found in results if found is not None and found.placed]
    best = min(placed, key=_unlike, default=None)
    return best if best is not None and _unlike(best) <= SURE_LOG10_NFA else None


def _order(sheets: Sequence[Sheet], near: Sequence[tuple[float, float]]) -> list[int]:
    """Put references that cover a claimed point first, then the nearer ones; else as given."""
    if not near:
        return list(range(len(sheets)))
    return sorted(range(len(sheets)), key=lambda i: _away(sheets[i], near))


def _away(sheet: Sheet, near: Sequence[tuple[float, float]]) -> tuple[bool, float]:
    try:
        ring = _ring(sheet)
    except ImgcheckError:
        return True, math.inf
    if not np.isfinite(ring).all():
        return True, math.inf
    covers, distance = False, math.inf
    for point in near:
        at = earth.flat_map(ring, centre=point)
        covers |= _around_origin(at)
        distance = min(distance, float(np.hypot(*at.mean(axis=0))))
    return not covers, 0.0 if covers else distance


def _shows(sheet: Sheet, found: Placement) -> bool:
    """Say whether a reference's frame holds the centre of a placing; in doubt, yes."""
    assert found.centre_lonlat is not None
    try:
        ring = _ring(sheet)
    except ImgcheckError:
        return True
    finite = bool(np.isfinite(ring).all())
    return not finite or _around_origin(earth.flat_map(ring, centre=found.centre_lonlat))


def _ring(sheet: Sheet) -> NDArray[np.float64]:
    corners = transforms.apply(affine_of(sheet.transform), transforms.corners(sheet.shape))
    return to_lonlat(system_of(sheet.crs), corners)


def _around_origin(ring: NDArray[np.float64]) -> bool:
    """Say whether a convex ring goes around the origin."""
    x, y = ring.T
    turns = x * np.roll(y, -1) - y * np.roll(x, -1)
    return bool((turns >= 0).all() or (turns <= 0).all())


def _chosen(results: Sequence[Placement | None], reasons: Sequence[str | None]) -> Choice:
    placed = [i for i, found in enumerate(results) if found is not None and found.placed]
    # Details that agree say more than edges; the two numbers do not compare.
    best = min(
        placed,
        key=lambda i: (getattr(results[i], "path", "") != "fast", _unlike(results[i])),
        default=None,
    )
    apart = () if best is None else tuple(i for i in placed if _apart(results[i], results[best]))
    return Choice(best=best, placements=tuple(results), reasons=tuple(reasons), disagreeing=apart)


def _apart(one: Placement | None, other: Placement | None) -> bool:
    """Say whether two placings show other ground, beyond what their errors allow."""
    assert one is not None and other is not None
    assert one.centre_lonlat is not None and other.centre_lonlat is not None
    away = 1000.0 * float(
        np.hypot(*earth.flat_map([one.centre_lonlat], centre=other.centre_lonlat)[0])
    )
    errors = sum(found.ellipse_m[0] for found in (one, other) if found.ellipse_m is not None)
    side = math.sqrt(math.prod(one.registration.picture_shape)) * (one.gsd_m or 0.0)
    return away > _SAME_GROUND * side + errors
