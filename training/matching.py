"""Compare proposals of vehicles with the truth of a picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import vehicle_search

Array = NDArray[np.float64]
# A proposal is right when its centre lies this near a vehicle's, or within half its width.
NEAR_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One picture: scores with 1 (real), 0 (false) or -1 (left out), and what was measured.

    ``sizes`` has one row a real proposal with known truth: proposed and true length and width in
    metres, and the difference of headings in degrees (NaN where not known).
    """

    place: str
    effective: float
    score: Array
    label: NDArray[np.int64]
    truth: int
    hectares: float
    sizes: Array


def compare(
    picture: NDArray[np.uint8],
    truth: Array,
    *,
    place: str,
    gsd: float,
    floor: float = -3.0,
    net: cv2.dnn.Net | None = None,
) -> Compared:
    """Search a picture and match it with truth: rows of x, y, length, width (px), heading.

    ``net`` is the network of the package by default. Sizes and headings may be NaN. A negative
    length marks an object that counts neither way.
    """
    rgb = picture.astype(np.float32) / 255
    found = vehicle_search.candidates(rgb, gsd=gsd, floor=floor, net=net)
    usable = np.ones(rgb.shape[:2], bool)
    label = np.zeros(len(found.score), np.int64)
    taken: set[int] = set()
    sizes = []
    for k in range(len(label)):
        if not len(truth):
            break
        gap = np.hypot(truth[:, 0] - found.x[k], truth[:, 1] - found.y[k]) * gsd
        reach = np.fmax(NEAR_M, np.nan_to_num(np.abs(truth[:, 3]) * gsd / 2))
        gap[gap > reach] = np.inf
        gap[list(taken)] = np.inf
        best = int(gap.argmin())
        if not np.isfinite(gap[best]):
            continue
        if truth[best, 2] < 0:
            label[k] = -1
            continue
        taken.add(best)
        label[k] = 1
        turn = abs(found.heading[k] - truth[best, 4]) % 180
        sizes.append((found.length_m[k], truth[best, 2] * gsd, found.width_m[k],
                      truth[best, 3] * gsd, min(turn, 180 - turn)))  # fmt: skip
    return Compared(
        place=place,
        effective=vehicle_search.effective_gsd(rgb, usable, gsd=gsd),
        score=found.score,
        label=label,
        truth=int((~(truth[:, 2] < 0)).sum()) if len(truth) else 0,
        hectares=picture.shape[0] * picture.shape[1] * gsd**2 / 1e4,
        sizes=np.array(sizes).reshape(-1, 5),
    )


def upright(boxes: Array) -> Array:
    """Turn upright boxes (class, x, y, width, height) into truth for `compare`.

    Heading and sides are known where the box is elongated; cyclists count neither way.
    """
    out = np.full((len(boxes), 5), np.nan)
    out[:, :2] = boxes[:, 1:3]
    wide, high = boxes[:, 3], boxes[:, 4]
    long = np.maximum(wide, high) > 1.75 * np.minimum(wide, high)
    out[long, 2], out[long, 3] = np.maximum(wide, high)[long], np.minimum(wide, high)[long]
    out[long, 4] = np.where(wide > high, 90.0, 0.0)[long]
    out[boxes[:, 0] == 4, 2] = -1
    return out


def rates(rows: list[Compared], threshold: float) -> tuple[int, int, int]:
    """Return the numbers of real proposals, false proposals and vehicles."""
    real = sum(int((r.label[r.score >= threshold] == 1).sum()) for r in rows)
    false = sum(int((r.label[r.score >= threshold] == 0).sum()) for r in rows)
    return real, false, sum(r.truth for r in rows)


def f1(rows: list[Compared], threshold: float) -> float:
    """Return the harmonic mean of precision and recall."""
    real, false, truth = rates(rows, threshold)
    return 2 * real / max(real + false + truth, 1)
