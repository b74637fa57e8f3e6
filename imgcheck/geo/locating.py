"""Place a picture on reference images: local features on all, edge directions on the best.

Features match images of the same acquisition or nearly so; the directions of edges also match
images of other dates and sensors. A reference over `windows.WHOLE_PIXELS` is read by windows, and
its edges are searched through a temporary area index.
"""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.geo import area, earth, features, settling, structural
from imgcheck.geo import reference as ref
from imgcheck.geo.placement import NotPlaced, Placed, describe, in_larger, searched
from imgcheck.geo.reference import Prior, ReferenceImage
from imgcheck.imaging import Image, registration, windows
from imgcheck.imaging.features import Features
from imgcheck.imaging.pixels import Float32, Mask, as_gray, as_mask
from imgcheck.imaging.registration import NotRegistered, Registered
from imgcheck.quantity import binomial_interval, significant

Progress = Callable[[str, int, int], None]
Placement = Placed | NotPlaced

# Of each path: unrelated pairs that were accepted, and pairs tested (benchmarks: geo_place (1,500)
# and fast_path (2,200), negatives; structural, negatives).
UNRELATED = {
    "fast": (0, 3700),
    "structural": (structural.FALSE_PLACINGS, structural.UNRELATED_PAIRS),
}
# After a structural match below this probability no further reference is searched: a tenth of the
# limit of acceptance.
CONFIDENT_PROBABILITY = 1e-4
# After a feature match below this NFA, references that do not show the place are skipped. Unrelated
# pairs reached -8 at most (benchmarks: geo_place, false).
CONFIDENT_LOG10_NFA = -30.0
# Two placements of one picture disagree if their centres differ by more than this share of its
# side.
_SAME_GROUND = 0.1
# The structural path needs so many pixels a side, and more than one step of eight bits.
_LEAST_SIDE = 48
_LEAST_CONTRAST = 1.5 / 255
_OUTSIDE = "the reference does not show the area to which the search was limited"


def locate(
    picture_gray: Float32,
    references: Sequence[ReferenceImage],
    *,
    picture_mask: Mask | None = None,
    structural_mask: Mask | None = None,
    prior: Prior | None = None,
    progress: Progress | None = None,
) -> Placement:
    """Place a picture on the reference that matches it best.

    Parameters
    ----------
    picture_gray : (M, N)
        Floats in [0, 1], NaN where there is no data, or bytes (uint8).
    references : sequence of ReferenceImage
        From `reference.of_image` or `reference.of_arrays`, of any size and date.
    picture_mask, structural_mask : (M, N) bool, optional
        True = usable; for the features and, where it may be wider, for the edges.
    prior : Prior, optional
    progress : callable (step, position, total), optional
        Called before each search.

    Returns
    -------
    Placed or NotPlaced
        ``tried`` holds the result of each reference. ``false_match_probability`` of a `Placed` is
        the upper 95 % limit of the measured rate, for as many references as were searched. Any
        rotation; scales of 0.1 to 10 reference pixels a picture pixel by features, 0.25 to 4 by
        edges.

    Raises
    ------
    UsageError
        If there is no reference, or the picture has another type or range.
    GridMismatchError
        If the picture is not gray, or a mask has another shape.

    Notes
    -----
    Features are compared with every reference; after a confident match, only with those that show
    the same place. Without a match edges are compared, first on the reference whose features match
    best, until a match is confident. A reference that cannot be read is skipped with its reason.
    The ground is taken as flat. Measured rates are in docs/benchmarks.md.
    """
    if not references:
        raise UsageError("there is no reference to place the picture on; give at least one")
    prior = prior or Prior()
    gray = as_gray(picture_gray, name="picture")
    mask = as_mask(picture_mask, gray, name="picture")
    wide = mask if structural_mask is None else as_mask(structural_mask, gray, name="picture")
    query = registration.picture_features(gray, mask)
    steps = _Steps(progress, 2 * len(references))
    results: list[Placement] = [NotPlaced(reason="it was not searched")] * len(references)
    for i in _order(references, prior.first):
        place = _confident_place(results)
        if place is not None and not ref.covers(references[i], place):
            results[i] = NotPlaced(
                reason="it does not show the ground on which the picture was placed"
            )
            continue
        steps(f"comparing features with {references[i].name}")
        results[i] = _attempt(_by_features, references[i], prior, gray.shape, gray, wide, query)
    if not any(isinstance(found, Placed) for found in results):
        _by_edges_until_confident(gray, wide, references, prior, results, steps)
    return _best(results, references)


def _by_edges_until_confident(
    gray: Float32,
    mask: Mask | None,
    references: Sequence[ReferenceImage],
    prior: Prior,
    results: list[Placement],
    steps: "_Steps",
) -> None:
    """Compare edges, best feature match first; replaces the results."""
    confident: ReferenceImage | None = None
    tried = [i for i, found in enumerate(results) if found.path is not None]
    for i in sorted(tried, key=lambda i: _nfa(results[i])):
        if confident is not None:
            results[i] = NotPlaced(reason=f"it was not needed: {confident.name} placed the picture")
            continue
        steps(f"comparing edges with {references[i].name}")
        found = _attempt(_by_edges, references[i], prior, gray.shape, gray, mask)
        results[i] = found
        if isinstance(found, Placed) and found.false_match_probability <= CONFIDENT_PROBABILITY:
            confident = references[i]


def _attempt(
    search: Callable[..., Placement],
    reference: ReferenceImage,
    prior: Prior,
    shape: tuple[int, ...],
    *picture: object,
) -> Placement:
    """Search the part of a reference that the prior leaves; an unreadable one is skipped."""
    try:
        window = ref.around(reference, prior, shape, largest_scale=structural.LARGEST_SCALE)
        if window is None:
            return NotPlaced(reason=_OUTSIDE)
        found = search(reference.cut(window), prior, *picture)
    except ImgcheckError as error:
        return NotPlaced(reason=str(error))
    placed = found.candidate if isinstance(found, NotPlaced) else found
    away = 0.0 if placed is None else prior.away_km(placed.centre_lonlat)
    if away > 0 and isinstance(found, NotPlaced):
        found = replace(found, candidate=None)
    elif away > 0:
        return NotPlaced(
            reason=f"the best location lies {significant(away, 2)} km outside of the area to which "
            "the search was limited: give a larger radius to accept it",
            path=found.path,
            log10_nfa=found.log10_nfa,
        )
    return in_larger(found, np.array([[1, 0, window[0]], [0, 1, window[1]], [0, 0, 1.0]]))


def _by_features(
    reference: ReferenceImage, prior: Prior, gray: Float32, mask: Mask | None, query: Features
) -> Placement:
    """Place a picture by local features, and measure it by patches where they leave it open."""
    found = features.register(query, gray.shape, reference, try_mirrored=prior.mirrored)
    if isinstance(found, Registered):
        found = settling.settle(found, gray, mask, reference)
    if isinstance(found, NotRegistered):
        return NotPlaced(reason=found.reason, path="fast", log10_nfa=found.log10_nfa)
    return describe(
        found,
        transform=reference.transform,
        crs=reference.crs,
        path="fast",
        false_match_probability=binomial_interval(*UNRELATED["fast"]).high,
    )


def _by_edges(
    reference: ReferenceImage, prior: Prior, gray: Float32, mask: Mask | None
) -> Placement:
    """Place a picture by the directions of its edges alone."""
    rows, cols = reference.shape
    if reference.image is not None and rows * cols > windows.WHOLE_PIXELS:
        return _by_temporary_index(reference, reference.image, prior, gray, mask)
    scale = prior.scales(reference)
    reason = _ill_sized(gray.shape, reference.shape, scale)
    if reason is not None:
        return NotPlaced(reason=reason, path="structural")
    pyramid = structural.Pyramid(*reference.whole())
    reason = _unsuitable(gray, mask, pyramid)
    if reason is not None:
        return NotPlaced(reason=reason, path="structural")
    found = structural.find(gray, pyramid, picture_mask=mask, scale=scale)
    if prior.mirrored and isinstance(found, structural.NoMatch) and found.mirrored_better:
        turned = structural.find_mirrored(gray, pyramid, picture_mask=mask, scale=scale)
        found = turned if isinstance(turned, structural.Match) else found
    if isinstance(found, structural.Match):
        return _described(found.registration, reference, found.false_match_probability)
    candidate: Placement | None = None
    if found.candidate is not None and found.false_match_probability is not None:
        candidate = _described(found.candidate, reference, found.false_match_probability)
    return NotPlaced(
        reason=found.registration.reason,
        path="structural",
        log10_nfa=found.registration.log10_nfa,
        false_match_probability=found.false_match_probability,
        candidate=candidate if isinstance(candidate, Placed) else None,
    )


def _described(found: Registered, reference: ReferenceImage, probability: float) -> Placement:
    return describe(
        found,
        transform=reference.transform,
        crs=reference.crs,
        path="structural",
        false_match_probability=probability,
    )


def _by_temporary_index(
    reference: ReferenceImage, image: Image, prior: Prior, gray: Float32, mask: Mask | None
) -> Placement:
    """Search a large reference through an area index that is not kept."""
    with tempfile.TemporaryDirectory(prefix="imgcheck-") as folder:
        index = Path(folder) / "area.index"
        area.build([image], index)
        found = area.search(gray, index, picture_mask=mask, prior=prior, images=[image])
    answer = found if isinstance(found, NotPlaced) else found.placed
    placed = answer.candidate if isinstance(answer, NotPlaced) else answer
    if placed is None:
        return answer
    # From pixels of the file to those of the part that is searched here.
    to_file = earth.affine_of(reference.transform)
    moved = np.linalg.inv(to_file) @ placed.matrix @ np.linalg.inv(placed.registration.matrix)
    return in_larger(answer, moved / moved[2, 2])


def _ill_sized(
    picture: tuple[int, ...], reference: tuple[int, ...], scale: tuple[float, float] | None
) -> str | None:
    """Return why a picture of the stated pixel size cannot be found, or None."""
    least, most = scale or (structural.SMALLEST_SCALE, structural.LARGEST_SCALE)
    side = math.sqrt(picture[0] * picture[1])
    if side * most < structural.LEAST_FOOTPRINT:
        return (
            f"the picture shows at most {side * most:.0f} x {side * most:.0f} pixels of the "
            f"reference, and {structural.LEAST_FOOTPRINT:.0f} a side are needed: use a finer "
            "reference, or check the stated size of the pixels"
        )
    if side * least > structural.LARGEST_FOOTPRINT * max(reference):
        return (
            "the picture shows more ground than the reference: use a larger reference, or check "
            "the stated size of the pixels"
        )
    return None


def _unsuitable(picture: Float32, mask: Mask | None, reference: "structural.Pyramid") -> str | None:
    """Return why a search by edges cannot succeed, or None."""
    rows, cols = reference.shape
    if min(rows, cols) < _LEAST_SIDE:
        return (
            f"the reference has only {cols} x {rows} pixels; "
            f"at least {_LEAST_SIDE} x {_LEAST_SIDE} are needed"
        )
    if np.count_nonzero(reference.mask) < _LEAST_SIDE**2:
        return "too little of the reference is ground: the rest is nodata"
    usable = np.isfinite(picture) if mask is None else np.isfinite(picture) & mask
    for name, gray, seen in (
        ("picture", picture, usable),
        ("reference", reference.gray, reference.mask),
    ):
        if seen.any() and float(np.ptp(gray[seen])) < _LEAST_CONTRAST:
            return f"the {name} has one uniform tone and shows no ground: use another {name}"
    return None


def _order(references: Sequence[ReferenceImage], first: Sequence[tuple[float, float]]) -> list[int]:
    """Order references that contain a claimed point first, then by distance; else as given."""
    if not first:
        return list(range(len(references)))
    return sorted(range(len(references)), key=lambda i: ref.away_from(references[i], first))


def _confident_place(results: Sequence[Placement]) -> tuple[float, float] | None:
    """Return the centre of the best feature match if it is confident."""
    placed = [found for found in results if isinstance(found, Placed)]
    best = min(placed, key=_nfa, default=None)
    if best is None or best.log10_nfa > CONFIDENT_LOG10_NFA:
        return None
    return best.centre_lonlat


def _nfa(found: Placement) -> float:
    return math.inf if found.log10_nfa is None else found.log10_nfa


def _best(results: Sequence[Placement], references: Sequence[ReferenceImage]) -> Placement:
    placed = [(i, found) for i, found in enumerate(results) if isinstance(found, Placed)]
    tried = tuple(results)
    if not placed:
        return NotPlaced(
            reason=combined([found.reason for found in results if isinstance(found, NotPlaced)]),
            candidate=_candidate(tried),
            tried=tried,
        )
    # A match of features is stronger evidence than one of edges; their numbers do not compare.
    number, best = min(placed, key=lambda pair: (pair[1].path != "fast", _nfa(pair[1])))
    other = next((i for i, found in placed if _disagree(found, best)), None)
    if other is not None:
        return NotPlaced(
            reason=f"{references[number].name} and {references[other].name} place it on different "
            "ground: at least one of them is wrong",
            tried=tried,
        )
    return replace(
        best,
        reference=number,
        tried=tried,
        false_match_probability=rate_limit(best.path, searched(tried)),
    )


def _candidate(tried: tuple[Placement, ...]) -> Placed | None:
    """Return the candidate of the least chance, which counts all references searched."""
    found = [
        replace(
            one.candidate,
            reference=number,
            false_match_probability=one.candidate.false_match_probability * searched(tried),
        )
        for number, one in enumerate(tried)
        if isinstance(one, NotPlaced) and one.candidate is not None
    ]
    best = min(found, key=lambda one: one.false_match_probability, default=None)
    limit = structural.CANDIDATE_PROBABILITY
    return best if best is not None and best.false_match_probability <= limit else None


def rate_limit(path: str, count: int) -> float:
    """Return the upper 95 % limit of the false match probability for ``count`` references.

    From the unrelated pictures that were tested on one reference each, in groups as large as the
    number of references searched: any of these may be the wrong one.
    """
    errors, trials = UNRELATED[path]
    return binomial_interval(errors, trials // count).high


def combined(reasons: Sequence[str]) -> str:
    """Return why no reference matched, each reason once."""
    if len(reasons) == 1:
        return reasons[0]
    different = list(dict.fromkeys(reasons))
    more = f"; and {len(different) - 3} other reasons" if len(different) > 3 else ""
    return f"on none of {len(reasons)} references: {'; '.join(different[:3])}{more}"


def _disagree(one: Placed, other: Placed) -> bool:
    """Return whether two placements show different ground, beyond their errors."""
    east_north = earth.flat_map([one.centre_lonlat], centre=other.centre_lonlat)[0]
    side = math.sqrt(math.prod(one.registration.picture_shape)) * one.gsd_m
    errors = one.ellipse_m[0] + other.ellipse_m[0]
    return 1000.0 * float(np.hypot(*east_north)) > _SAME_GROUND * side + errors


class _Steps:
    """Count the searches for the progress: at most two a reference."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self, step: str) -> None:
        if self.progress is not None:
            self.progress(step, self.done, self.total)
        self.done += 1
