"""The picture laid on its references: made once a case, used by several checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.geo.structural import Pyramid
from imgcheck.imaging import annotations, grid, warp
from imgcheck.imaging.grid import Grid
from imgcheck.model import Case, Reference


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The picture on the map grid of the reference it was placed on.

    Attributes
    ----------
    grid : Grid
    to_grid : (3, 3) float64
        Picture pixel to grid pixel.
    picture : (M, N, 3) float32 in [0, 1]
    valid : (M, N) bool
        Where the picture is usable and nothing was drawn over it.
    """

    grid: Grid
    to_grid: NDArray[np.float64]
    picture: NDArray[np.float32]
    valid: NDArray[np.bool_]

    def to_picture(self, polygon: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
        """Give a polygon on the grid as picture pixels, rounded to a tenth."""
        points = warp.apply(np.linalg.inv(self.to_grid), polygon)
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in points)


def clean(case: Case) -> NDArray[np.bool_]:
    """Give the pixels of the picture that are neither nodata nor drawn over."""
    mask: NDArray[np.bool_] = case.once(
        "clean", lambda: case.image.valid() & ~annotations.find(case.image.rgb()).mask
    )
    return mask


def placement(case: Case, reference: Reference) -> geo.Placement | None:
    """Place the picture on one reference; ``None`` where the reference has no affine place.

    By local features; where no reference has the same details, by the directions of edges, which
    other dates share.
    """
    fast = _fast(case, reference)
    if fast is None or any(f.placed for r in case.references if (f := _fast(case, r))):
        return fast
    return case.once(f"placement {reference.id}", lambda: _structural(case, reference))


def _fast(case: Case, reference: Reference) -> geo.Placement | None:
    georeference = reference.image.georeference
    if georeference is None or georeference.transform is None:
        return None
    transform = georeference.transform

    def make() -> geo.Placement:
        return geo.place(
            case.image.gray(),
            reference.image.gray(),
            transform=transform,
            crs=georeference.crs,
            picture_mask=clean(case),
            reference_mask=reference.image.valid(),
        )

    return case.once(f"fast placement {reference.id}", make)


def _structural(case: Case, reference: Reference) -> geo.Placement:
    georeference = reference.image.georeference
    assert georeference is not None and georeference.transform is not None
    return geo.locate_structurally(
        case.image.gray(),
        Pyramid(reference.image.gray(), reference.image.valid()),
        transform=georeference.transform,
        crs=georeference.crs,
        picture_mask=case.image.valid() & ~annotations.suspect(case.image.rgb()),
    )


def best(case: Case) -> tuple[Reference, geo.Placement] | None:
    """Give the reference on which the picture was placed most surely."""
    tried = ((reference, placement(case, reference)) for reference in case.references)
    placed = [(reference, found) for reference, found in tried if found and found.placed]
    return min(placed, key=lambda pair: pair[1].log10_nfa or 0.0, default=None)


def ground(case: Case) -> Ground | None:
    """Lay the picture on the grid of the reference it was placed on most surely."""
    return case.once("ground", lambda: _ground(case))


def _ground(case: Case) -> Ground | None:
    found = best(case)
    if found is None:
        return None
    reference, on = found
    picture = case.image
    corners = np.array(
        [[0, 0], [picture.width, 0], [picture.width, picture.height], [0, picture.height]],
        np.float64,
    )
    assert on.matrix is not None
    cut = grid.over(reference.image, warp.apply(on.matrix, corners), gsd_m=on.gsd_m or 0.0)
    if cut is None:
        return None
    to_grid = np.linalg.inv(cut.transform) @ on.matrix
    shown = warp.warp(picture.rgb().astype(np.float32) / 255.0, to_grid, cut.shape)
    mask = clean(case)
    covered = warp.coverage(mask.shape, to_grid, cut.shape, mask=mask)
    valid = covered & np.isfinite(shown).all(axis=-1)
    return Ground(grid=cut, to_grid=to_grid, picture=shown, valid=valid) if valid.any() else None


def layer(case: Case, reference: Reference) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    """Draw a reference into the grid of `ground`; ``None`` where they share nothing.

    Dated images of one place lie on each other by their georeference, so one good placing
    serves them all; what is left of misfit, change detection measures and moves back.
    """

    def make() -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
        on = ground(case)
        georeference = reference.image.georeference
        if on is None or georeference is None or georeference.transform is None:
            return None
        rgb, valid = grid.sample(reference.image, on.grid)
        return (rgb, valid) if valid.any() else None

    return case.once(f"layer {reference.id}", make)


def gsd(case: Case) -> tuple[float, str] | None:
    """Give metres per pixel of the picture and where that is known from, or ``None``."""
    found = best(case)
    if found is not None and found[1].gsd_m is not None:
        return found[1].gsd_m, f"placed on {found[0].id}"
    if case.image.gsd_m is not None:
        return case.image.gsd_m, "the picture's own georeference"
    stated = case.claim.measured("gsd_m")
    if stated is not None:
        return stated.value, "stated in the claim file"
    return None


def name(reference: Reference) -> str:
    """Name a reference by its id and, where that does not say it, its date."""
    if reference.date is None:
        return f"{reference.id} (date not stated)"
    date = reference.date
    day = date.start.date().isoformat()
    shown = day if date.end.date() == date.start.date() else date.text
    return reference.id if reference.id == shown else f"{reference.id} ({shown})"


def sun_in_picture(case: Case) -> float | None:
    """Give the sun's azimuth clockwise from up, from a measured shadow and the placing's north."""
    shadow, found = case.claim.measured("shadow_azimuth"), best(case)
    if shadow is None:
        return None
    north = found[1].north_deg if found is not None else None
    stated = case.claim.measured("north_deg")
    if north is None and stated is not None:
        north = stated.value
    return None if north is None else (shadow.value + 180.0 + north) % 360.0
