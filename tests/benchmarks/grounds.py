"""Places with pictures of several dates, and the true transform between any two of them.

Where a stack carries geotransforms, these are the truth. The pictures of a pair are aligned to a
few pixels only: around the shift that `other_dates` states, the similarity between the two is
measured once, from patches all over the pair; where few agree, the shift alone is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import orientation, transforms
from tests.benchmarks import other_dates
from tests.benchmarks.geo_place import Scene, read

# Patches of the pair, how far they are searched, and how far those that agree lie from the fit.
_PATCH, _REACH, _STEP = 72, 32, 24
_START_PX, _AGREE_PX = 3.0, 2.0
# With fewer agreeing patches only the shift is taken.
_LEAST_AGREEING = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Pictures of one place; ``affine`` of each leads to coordinates that all have in common."""

    name: str
    scenes: tuple[Scene, ...]

    def between(self, one: int, other: int) -> NDArray[np.float64]:
        """Give the matrix from pixels of one picture to those of another."""
        return np.asarray(np.linalg.inv(self.scenes[other].affine) @ self.scenes[one].affine)


def measured(
    name: str, before: Scene, after: Scene, shift: tuple[float, float] = (0.0, 0.0)
) -> Ground:
    """Measure the similarity between two pictures, near a shift."""
    maps = [orientation.maps(scene.gray) for scene in (before, after)]
    rows, cols = (min(a, b) for a, b in zip(maps[0].shape[1:], maps[1].shape[1:], strict=True))
    maps = [np.ascontiguousarray(m[:, :rows, :cols]) for m in maps]
    ties = orientation.match(*maps, side=_PATCH, reach=_REACH, step=_STEP)
    targets = ties.points + ties.shifts
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]])
    bound = _START_PX
    for _ in range(5):
        gap = np.hypot(*(transforms.apply(matrix, ties.points) - targets).T)
        near = (gap < bound) & (ties.scores > 0.1)
        if near.sum() < _LEAST_AGREEING:
            break
        fitted = transforms.fit(
            ties.points[near], targets[near], model="similarity", weights=ties.scores[near] ** 2
        )
        if fitted is None:
            break
        matrix, bound = fitted.matrix, _AGREE_PX
    affine = before.affine @ np.linalg.inv(matrix)
    moved = Scene(name=after.name, rgb=after.rgb, affine=affine, crs=before.crs)
    return Ground(name=name, scenes=(before, moved))


def _stack(folder: Path) -> list[Ground]:
    return [Ground(name=folder.name, scenes=tuple(read(p) for p in sorted(folder.glob("*.tif"))))]


def _pairs(data: Path, kind: str) -> list[Ground]:
    return [
        measured(pair.name, *other_dates.frames(data, pair), pair.shift)
        for pair in other_dates.PAIRS
        if pair.name.startswith(kind)
    ]


def _landsat(data: Path) -> list[Ground]:
    files = {
        "taizhou": ("2000TM", "2003TM"),
        "nanjing": ("LT51200382000124BJC00_Nanjing", "LT51200382002193BJC00_Nanjing"),
    }
    return [
        measured(name, *(read(data / "change" / name / file) for file in both))
        for name, both in files.items()
    ]


_KINDS: dict[str, Callable[[Path], list[Ground]]] = {
    "naip": lambda data: _stack(data / "stacks/naip"),
    "pucallpa": lambda data: _stack(data / "stacks/pucallpa"),
    "joplin": lambda data: _pairs(data, "joplin"),
    "beijing": lambda data: _pairs(data, "beijing"),
    "dsifn": lambda data: _pairs(data, "dsifn"),
    "egy": lambda data: _pairs(data, "egy"),
    "landsat": _landsat,
}
KINDS = tuple(_KINDS)


@cache
def grounds(data: Path, kind: str) -> list[Ground]:
    """Give all places of a kind; the places are what a split goes by."""
    return _KINDS[kind](data)
