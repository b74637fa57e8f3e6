"""Places with pictures of several dates, and the true transform between any two of them.

Where the pictures carry a geotransform, that is the truth; the others are aligned to a few pixels
only, so the similarity between the two is measured once from patches all over the pair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import orientation, transforms
from tests.benchmarks.geo_place import Scene, read

# Patches of the pair, and how far apart its pictures may be, in pixels.
_PATCH, _REACH, _STEP = 72, 8, 24
_AGREE_PX = 2.0
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


def _measured(before: Scene, after: Scene) -> Ground:
    """Measure the similarity between two pictures that are nearly aligned."""
    maps = [orientation.maps(scene.gray) for scene in (before, after)]
    rows, cols = (min(a, b) for a, b in zip(maps[0].shape[1:], maps[1].shape[1:], strict=True))
    maps = [np.ascontiguousarray(m[:, :rows, :cols]) for m in maps]
    ties = orientation.match(*maps, side=_PATCH, reach=_REACH, step=_STEP)
    targets = ties.points + ties.shifts
    # The shift on which most patches agree, then a fit to these.
    apart = np.hypot(*(ties.shifts[:, None] - ties.shifts[None]).transpose(2, 0, 1))
    votes = np.maximum(0, 1 - (apart / _AGREE_PX) ** 2) @ np.maximum(ties.scores, 0)
    matrix = np.eye(3)
    matrix[:2, 2] = ties.shifts[np.argmax(votes)]
    for _ in range(5):
        gap = np.hypot(*(transforms.apply(matrix, ties.points) - targets).T)
        near = (gap < _AGREE_PX) & (ties.scores > 0.1)
        fitted = transforms.fit(
            ties.points[near], targets[near], model="similarity", weights=ties.scores[near] ** 2
        )
        if fitted is None or near.sum() < _LEAST_AGREEING:
            break
        matrix = fitted.matrix
    affine = before.affine @ np.linalg.inv(matrix)
    moved = Scene(name=after.name, rgb=after.rgb, affine=affine, crs=before.crs)
    return Ground(name=before.name, scenes=(before, moved))


def _stack(folder: Path) -> list[Ground]:
    return [Ground(name=folder.name, scenes=tuple(read(p) for p in sorted(folder.glob("*.tif"))))]


def _pairs(paths: list[tuple[Path, Path]], *, geotransforms: bool = False) -> list[Ground]:
    read_both = [(read(before), read(after)) for before, after in paths]
    if geotransforms:
        return [Ground(name=before.name, scenes=(before, after)) for before, after in read_both]
    return [_measured(before, after) for before, after in read_both]


def _beside(folder: Path, before: str, after: str) -> list[tuple[Path, Path]]:
    return [
        (p, p.with_name(p.name.replace(before, after))) for p in sorted(folder.glob(f"*{before}*"))
    ]


_KINDS: dict[str, Callable[[Path], list[Ground]]] = {
    "naip": lambda data: _stack(data / "stacks/naip"),
    "pucallpa": lambda data: _stack(data / "stacks/pucallpa"),
    "joplin": lambda data: _pairs(
        _beside(data / "change/joplin", "_pre", "_post"), geotransforms=True
    ),
    "beijing": lambda data: _pairs(
        [
            (data / f"change/beijing/beijing_{k}_1.jpg", data / f"change/beijing/beijing_{k}_2.jpg")
            for k in "AB"
        ]
    ),
    "dsifn": lambda data: _pairs(_beside(data / "change/dsifn", "_A", "_B")),
    "egy": lambda data: _pairs(_beside(data / "change/egy", "_A", "_B")),
    "landsat": lambda data: _pairs(
        [
            (data / f"change/{k}/{first}", data / f"change/{k}/{last}")
            for k, first, last in (
                ("taizhou", "2000TM", "2003TM"),
                ("nanjing", "LT51200382000124BJC00_Nanjing", "LT51200382002193BJC00_Nanjing"),
            )
        ]
    ),
}
KINDS = tuple(_KINDS)


@cache
def grounds(data: Path, kind: str) -> list[Ground]:
    """Give all places of a kind; the places are what a split goes by."""
    return _KINDS[kind](data)
