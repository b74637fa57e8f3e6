"""The picture laid on its references: made once a case, used by several checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo
from imgcheck.checks.check import Check
from imgcheck.imaging import grid, warp
from imgcheck.imaging.grid import Grid
from imgcheck.imaging.relation import Relation
from imgcheck.model import Case, Citation, Evidence, Finding, Outcome, Place, Reference
from imgcheck.placing import search
from imgcheck.placing.search import Search, clean, file_and_date, name

__all__ = [
    "GSD_BELIEVED", "NEARER", "Ground", "agreement", "best", "choice", "clean", "file_and_date",
    "ground", "gsd", "layer", "name", "stated_gsd", "sun_in_picture", "tried", "tried_evidence",
    "unplaced",
]  # fmt: skip

# A stated size of pixels may be rounded, or of the picture before it was scaled a little.
GSD_BELIEVED = 1.5

_MOST_NAMED = 2

#: What to give where the picture could not be placed.
NEARER = "reference imagery of a nearer date, season or resolution (--reference PATH)"


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


def choice(case: Case) -> tuple[tuple[Reference, ...], geo.Choice]:
    """Place the picture on the references that can be searched, the claimed place first."""
    return search.choice(case, _search(case))


def _search(case: Case) -> Search:
    """Believe a stated size of pixels within a factor: a wrong one hides the right place."""
    known = stated_gsd(case)
    size = None if known is None else (known[0] / GSD_BELIEVED, known[0] * GSD_BELIEVED)
    return Search(gsd_m=size, mirrored=True, first=tuple(_near(case)))


def stated_gsd(case: Case) -> tuple[float, str] | None:
    """Give metres per pixel as the picture or the claim states them, and which of the two."""
    if case.image.gsd_m is not None and case.image.gsd_m > 0:
        return case.image.gsd_m, "the picture's own georeference"
    stated = case.claim.measured("gsd_m")
    return (stated.value, "the claim") if stated is not None and stated.value > 0 else None


def _near(case: Case) -> list[tuple[float, float]]:
    """Give a point (lon, lat) of every claimed place."""
    points = []
    for place in case.claim.of_kind("place"):
        assert isinstance(place, Place)
        if place.lon is not None and place.lat is not None:
            points.append((place.lon, place.lat))
        elif place.bbox is not None:
            west, south, east, north = place.bbox
            points.append((west + (east - west) % 360.0 / 2, (south + north) / 2))
        elif place.polygon:
            points.append(place.polygon[0])
    return points


def best(case: Case) -> tuple[Reference, geo.Placement] | None:
    """Give the reference on which the picture was placed most surely.

    ``None`` too where two references place it on different ground: one of them is wrong.
    """
    references, found = choice(case)
    if found.best is None or found.placement is None or found.disagreeing:
        return None
    return references[found.best], found.placement


def tried(case: Case) -> str:
    """Name the georeferenced references, on which a placing was tried."""
    names = [name(r) for r in case.references if r.image.georeference is not None]
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    return (", ".join if more else " and ".join)(names[:_MOST_NAMED]) + more


def tried_evidence(case: Case) -> Evidence:
    """Cite the references on which a placing was tried."""
    return Evidence(
        citations=tuple(
            Citation(input=r.id, label=name(r))
            for r in case.references
            if r.image.georeference is not None
        )
    )


def unplaced(check: Check, case: Case) -> tuple[Finding, ...]:
    """Say of a check that rests on the placing that there is none."""
    return check.without(
        case,
        Outcome.NOT_APPLICABLE,
        f"the picture could not be placed on {tried(case)}",
        evidence=tried_evidence(case),
        would_change=(NEARER,),
    )


def agreement(case: Case) -> Relation | None:
    """Say whether the picture and the reference it was placed on are one acquisition."""
    found = best(case)
    if found is None:
        return None
    return case.once("agreement", lambda: search.related(case, *found))


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
    known = stated_gsd(case)
    if known is None:
        return None
    return known[0], known[1] if known[1] != "the claim" else "stated in the claim file"


def sun_in_picture(case: Case) -> float | None:
    """Give the sun's azimuth clockwise from up, from a measured shadow and the placing's north."""
    shadow, found = case.claim.measured("shadow_azimuth"), best(case)
    if shadow is None:
        return None
    north = found[1].north_deg if found is not None else None
    if north is not None and found is not None and found[1].mirrored:
        return (north - shadow.value - 180.0) % 360.0
    stated = case.claim.measured("north_deg")
    if north is None and stated is not None:
        north = stated.value
    return None if north is None else (shadow.value + 180.0 + north) % 360.0
