"""The picture laid on its references: made once a case, used by several checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import grid, warp
from imgcheck.imaging.grid import Grid
from imgcheck.model import Case, Reference
from imgcheck.placing.search import best, clean, placement

__all__ = [
    "Ground", "best", "clean", "ground", "gsd", "layer", "name", "placement", "sun_in_picture",
]  # fmt: skip


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
