"""Where objects are planted into a picture: by kind of ground, apart from each other."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: Thirds of the usable ground, from the smoothest to the roughest.
GROUNDS = ("smooth", "medium", "rough")
# Texture is the standard deviation of tone within this many pixels.
_WINDOW_PX = 33
_CELLS = 400_000
# Objects of one size take up at most this share of the ground in one pass.
_CROWD = 0.08
# Centres of two objects are this many times the sum of their radii apart, or more.
_APART = 2.5
_TRIES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One object to plant: its size in pixels, its look, and the ground it belongs on."""

    size: int
    size_px: float
    look: int
    ground: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The pixel around which an object is planted."""

    x: int
    y: int
    what: Wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grounds:
    """Thirds of the usable ground on a coarse map: 0 not usable, 1 smooth, 2 medium, 3 rough.

    ``factor`` is the side of a cell in pixels, across and down; ``total`` the integral of the
    usable pixels; ``share`` the usable share of the picture.
    """

    cells: NDArray[np.uint8]
    factor: tuple[float, float]
    total: NDArray[np.int64]
    share: float

    def free(self, x: int, y: int, reach: int) -> bool:
        """Return whether a square around a pixel lies in the picture, mostly on usable ground."""
        rows, columns = self.total.shape[0] - 1, self.total.shape[1] - 1
        if not (reach <= x < columns - reach and reach <= y < rows - reach):
            return False
        top, left, bottom, right = y - reach, x - reach, y + reach + 1, x + reach + 1
        t = self.total
        inside = t[bottom, right] - t[top, right] - t[bottom, left] + t[top, left]
        return bool(inside > 0.95 * (2 * reach + 1) ** 2)


def grounds(gray: NDArray[np.float32], usable: NDArray[np.bool_]) -> Grounds:
    """Divide the usable ground into thirds of equal area by its local texture."""
    size = (_WINDOW_PX, _WINDOW_PX)
    mean = cv2.boxFilter(gray, -1, size)
    texture = np.maximum(cv2.boxFilter(gray * gray, -1, size) - mean * mean, 0)
    shrink = max(1.0, math.sqrt(gray.size / _CELLS))
    small = (max(1, round(gray.shape[1] / shrink)), max(1, round(gray.shape[0] / shrink)))
    rough = np.asarray(cv2.resize(texture, small, interpolation=cv2.INTER_AREA))
    share = cv2.resize(usable.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    there = np.asarray(share > 0.95)
    cells = np.zeros(there.shape, np.uint8)
    if there.any():
        # By rank, so that ground of one tone is divided as well.
        order = np.argsort(rough[there], kind="stable")
        third = np.empty(len(order), np.uint8)
        third[order] = 1 + 3 * np.arange(len(order)) // len(order)
        cells[there] = third
    return Grounds(
        cells=cells,
        factor=(gray.shape[1] / small[0], gray.shape[0] / small[1]),
        total=cv2.integral(usable.astype(np.uint8)).astype(np.int64),
        share=float(usable.mean()),
    )


def wanted(sizes_px: list[float], *, looks: int, trials: int) -> list[Wanted]:
    """Return every object to plant, largest first; looks and grounds take turns."""
    return [
        Wanted(size=k, size_px=sizes_px[k], look=n % looks, ground=n // looks % len(GROUNDS))
        for k in range(len(sizes_px) - 1, -1, -1)
        for n in range(trials)
    ]


def passes(
    where: Grounds, objects: list[Wanted], *, rng: np.random.Generator, most: int
) -> Iterator[list[Spot]]:
    """Yield the objects of one pass after the other, until all are planted or ``most`` is reached.

    What finds no room in ``most`` passes is left out.
    """
    lists = [np.flatnonzero(where.cells == k + 1) for k in range(len(GROUNDS))]
    area = float(where.total[-1, -1])
    left = objects
    for _ in range(most):
        spots: list[Spot] = []
        later: list[Wanted] = []
        placed: Counter[int] = Counter()
        failed: Counter[int] = Counter()
        for one in left:
            room = max(1, int(_CROWD * area / one.size_px**2))
            spot = None
            # After three failures a size has no more room in this pass.
            if placed[one.size] < room and failed[one.size] < 3:
                spot = _place(where, one, lists[one.ground], spots, rng)
                failed[one.size] += spot is None
            if spot is None:
                later.append(one)
            else:
                spots.append(spot)
                placed[one.size] += 1
        if spots:
            yield spots
        left = later
        if not left:
            return


def _place(
    where: Grounds,
    one: Wanted,
    cells: NDArray[np.intp],
    spots: list[Spot],
    rng: np.random.Generator,
) -> Spot | None:
    if not len(cells):
        return None
    taken = np.array([(s.x, s.y, s.what.size_px / 2) for s in spots], float).reshape(-1, 3)
    reach = math.ceil(one.size_px / 2) + 1
    for cell in rng.choice(cells, _TRIES):
        row, column = divmod(int(cell), where.cells.shape[1])
        x = int((column + rng.random()) * where.factor[0])
        y = int((row + rng.random()) * where.factor[1])
        gap = np.hypot(taken[:, 0] - x, taken[:, 1] - y)
        apart = bool((gap > _APART * (taken[:, 2] + one.size_px / 2)).all())
        if apart and where.free(x, y, reach):
            return Spot(x=x, y=y, what=one)
    return None
