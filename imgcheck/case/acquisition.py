"""Which dated reference the picture was made from: the picture beside all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from imgcheck.case.placing import NotLocated, under, unusable
from imgcheck.geo.earth import affine_of, from_lonlat, system_of, to_lonlat
from imgcheck.imaging import contest, relation, transforms, warp
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.relation import Relation

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case, Reference

#: The picture was made from the reference; the same with a part altered; one pane of it was; it was
#: taken on the same flight or pass; none of these.
Origin = Literal["copy", "altered copy", "pane", "same capture", "none"]

_COPIES = ("same", "derived")
# References that show much less of the picture than another one would leave little to compare.
_LEAST_SHOWN = 0.75
# A picture enlarged beyond the references holds no more detail than they do.
_ENLARGED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Acquisition:
    """What a picture is to the references that show its ground.

    Attributes
    ----------
    origin : {"copy", "altered copy", "pane", "same capture", "none"}
    reference : Reference
        The one that the picture agrees with best.
    overlap : float
        Share of the picture, without annotations, that lies on this reference.
    likelihoods : tuple of (Reference, float)
        Probability of each reference that was compared, if the picture is of one of them.
    relation : Relation
        To this reference, as a whole.
    drawn : (M, N) float32
        This reference on the grid of the picture, gray in [0, 1].
    lon : float
        Longitude of the picture's centre.
    """

    origin: Origin
    reference: "Reference"
    overlap: float
    likelihoods: tuple[tuple["Reference", float], ...]
    relation: Relation
    drawn: Float32
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A reference under the picture: gray values, mask, matrix from picture to them, share."""

    reference: "Reference"
    gray: Float32
    valid: Mask | None
    matrix: Float64
    share: float


def by_references(case: "Case") -> Acquisition | NotLocated:
    """Compare the picture with all references that show its ground."""
    found = case.placing
    if isinstance(found, NotLocated):
        return found
    near = [
        shown
        for one in case.references or (found.reference,)
        if (shown := _under(case, one, found.reference, found.placement.registration.matrix))
    ]
    most = max(one.share for one in near)
    near = [one for one in near if one.share >= _LEAST_SHOWN * most]
    lon = found.placement.centre_lonlat[0]
    return compare(case.image.gray(), case.clean, near, first=found.reference, lon=lon)


def compare(
    gray: Float32, clean: Mask, near: Sequence[Shown], *, first: "Reference", lon: float
) -> Acquisition:
    """Compare a picture with references that lie under it; ``first`` wins where they are alike."""
    small, usable, back = _reduced(gray, clean, near)
    drawn = [
        relation.on_picture(
            small, one.gray, one.matrix @ back, picture_mask=usable, known_mask=one.valid
        )
        for one in near
    ]
    picture = np.where(usable, small, np.float32(np.nan)).astype(np.float32)
    chances = contest.compare(picture, drawn).likelihoods
    best = int(np.argmax(chances))
    if chances[best] < 1.01 / len(near):
        best = next((k for k, one in enumerate(near) if one.reference is first), best)
    own = near[best]
    kind = relation.classify(gray, own.gray, own.matrix, picture_mask=clean, known_mask=own.valid)
    part = None
    if kind.kind != "same-capture":
        part = contest.untouched(picture, drawn[best])
    return Acquisition(
        origin=origin(kind, part),
        reference=own.reference,
        overlap=own.share,
        likelihoods=tuple(
            (one.reference, chance) for one, chance in zip(near, chances, strict=True)
        ),
        relation=kind,
        drawn=drawn[best],
        lon=lon,
    )


def origin(kind: Relation, part: contest.Untouched | None) -> Origin:
    """Decide by the relation of the whole picture and by the part of it that agrees."""
    if kind.kind == "same-capture":
        return "same capture"
    found: Origin = "none"
    if kind.kind in _COPIES:
        found = "copy"
    elif part is not None and part.is_copy:
        found = "altered copy"
    return "pane" if found != "none" and part is not None and part.is_pane else found


def _under(
    case: "Case", reference: "Reference", placed: "Reference", matrix: Float64
) -> Shown | None:
    """Read a reference under the picture, which was placed on one of them; None if it is beside."""
    if unusable(reference) is not None:
        return None
    image, shape = reference.image, (case.image.height, case.image.width)
    if reference is not placed:
        matrix = _between(placed, reference, transforms.apply(matrix, transforms.corners(shape)))
        matrix = matrix @ _unit(shape)
    ring = transforms.apply(matrix, transforms.corners(shape))
    if (ring.max(axis=0) <= 1).any() or (
        ring.min(axis=0) >= [image.width - 1, image.height - 1]
    ).any():
        return None
    gray, valid, to_part = under(case, reference, matrix)
    on = warp.coverage(gray.shape, to_part, shape, inverse=True, mask=valid)
    share = float((on & case.clean).sum() / max(1, case.clean.sum()))
    return Shown(reference=reference, gray=gray, valid=valid, matrix=to_part, share=share)


def _unit(shape: tuple[int, int]) -> Float64:
    """Return the matrix from a picture to the unit square."""
    return np.diag([1 / shape[1], 1 / shape[0], 1.0])


def _between(placed: "Reference", other: "Reference", corners: Float64) -> Float64:
    """Return the matrix from the unit square to another reference, by both georeferences."""
    import cv2

    maps = []
    for one in (placed, other):
        georeference = one.image.georeference
        assert georeference is not None and georeference.transform is not None
        maps.append((affine_of(georeference.transform), system_of(georeference.crs)))
    points = transforms.apply(maps[0][0], corners)
    if maps[0][1] != maps[1][1]:
        points = from_lonlat(maps[1][1], to_lonlat(maps[0][1], points))
    points = transforms.apply(np.linalg.inv(maps[1][0]), points)
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    # In float32 a pixel of a large raster would be rounded: keep it small.
    middle = points.mean(axis=0)
    local = cv2.getPerspectiveTransform(square, (points - middle).astype(np.float32))
    return np.array([[1, 0, middle[0]], [0, 1, middle[1]], [0, 0, 1.0]]) @ local


def _reduced(gray: Float32, clean: Mask, near: Sequence[Shown]) -> tuple[Float32, Mask, Float64]:
    """Reduce an enlarged picture to the scale of the finest reference; also the matrix back."""
    scale = max(transforms.scale(one.matrix, gray.shape) for one in near)
    if scale >= _ENLARGED:
        return gray, clean, np.eye(3)
    rows, cols = (max(1, round(side * scale)) for side in gray.shape)
    back = np.diag([gray.shape[1] / cols, gray.shape[0] / rows, 1.0])
    small = warp.resize(np.where(clean, gray, np.float32(np.nan)), (rows, cols))
    return small, np.isfinite(small), back
