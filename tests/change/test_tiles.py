"""The result of a large pair does not depend on how it was cut."""

import cv2
import numpy as np
import pytest

from imgcheck import change
from imgcheck.change.grid import Frame
from imgcheck.change.objects import find
from imgcheck.change.passes import Incomparable, measure, score
from imgcheck.change.records import SEAM, Record, Tile, record
from tests.change.ground import ground, moved, seen


def cut(before, after, side, *, gsd):
    """Score a pair part by part, with the statistics of the whole."""
    measured = measure(before, after, None, gsd=gsd)
    assert not isinstance(measured, Incomparable)
    by = measured[0]
    height, width = before.shape[:2]
    records: list[Record] = []
    for y in range(0, height, side):
        for x in range(0, width, side):
            tile = Tile(top=y, left=x, bottom=min(y + side, height), right=min(x + side, width),
                        height=height, width=width)  # fmt: skip
            top, left, bottom, right = tile.around(SEAM + by.halo)
            at = Frame(x=np.arange(left + 0.5, right), y=np.arange(top + 0.5, bottom),
                       width=width, height=height)  # fmt: skip
            window = np.s_[top:bottom, left:right]
            part = score(before[window], after[window], None, at=at, by=by)
            records.append(record(part, tile, by, top=top, left=left))
    return find([lambda one=one: one for one in records], by, least_area=4 * gsd**2)


def changed(seed: int, size: int = 420) -> tuple[np.ndarray, np.ndarray]:
    """Ground with a long wall, a lake and many small squares that came."""
    rng = np.random.default_rng(seed)
    before = ground(seed, size)
    after = before.copy()
    cv2.line(after, (20, 30), (400, 380), (0.9, 0.9, 0.85), 5)
    cv2.circle(after, (300, 120), 60, (0.15, 0.2, 0.25), -1)
    for _ in range(30):
        y, x = rng.integers(5, size - 15, 2)
        after[y : y + 9, x : x + 9] = np.clip(after[y : y + 9, x : x + 9] + 0.25, 0, 1)
    after = moved(after, 1.6, -2.3)
    return seen(before, seed + 1), seen(after, seed + 2)


def other(picture: np.ndarray, seed: int) -> np.ndarray:
    return np.clip(0.9 - 0.7 * seen(picture, seed) ** 1.4, 0, 1).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("detector", "gsd"), [("tone", 1.0), ("structure", 0.5), ("spectrum", 10.0)]
)
def test_objects_are_the_same_however_the_pair_is_cut(detector: str, gsd: float) -> None:
    before, after = changed(31)
    if detector != "tone":
        after = other(after, 5)
    whole = change.detect(before, after, gsd=gsd)
    assert whole.detector == detector and len(whole.regions) > 3
    for side in (128, 176, 300):
        found = cut(before, after, side, gsd=gsd)
        assert len(found.regions) == len(whole.regions)
        for one, two in zip(found.regions, whole.regions, strict=True):
            # Single precision rounds a few scores in 10,000 to the next step of 1/64: a pixel of a
            # border, or a cluster of noise, may differ.
            assert one.kind == two.kind
            assert one.area_m2 == pytest.approx(two.area_m2, abs=2 * gsd**2)
            assert one.polygon.min(axis=0) == pytest.approx(two.polygon.min(axis=0), abs=1)
            assert one.before == pytest.approx(two.before, abs=1e-3)
            assert (one.p_value, one.q_value) == pytest.approx((two.p_value, two.q_value), rel=0.02)
