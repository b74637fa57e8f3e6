"""A ring is an outline if its edges neither cross nor touch."""

import pytest

from imgcheck import polygon

SQUARE = [(30.0, 50.0), (31.0, 50.0), (31.0, 51.0), (30.0, 51.0)]
BAY = [(0, 0), (6, 0), (6, 6), (4, 6), (4, 1), (2, 1), (2, 6), (0, 6)]


@pytest.mark.parametrize(
    "ring",
    [
        SQUARE,
        SQUARE[::-1],
        [*SQUARE, SQUARE[0]],
        [SQUARE[0], *SQUARE],
        SQUARE[:3],
        BAY,
        BAY[3:] + BAY[:3],
        [(179.0, -18.0), (-179.0, -18.0), (-179.0, -16.0), (179.0, -16.0)],
        [(-179.0, -16.0), (179.0, -16.0), (179.0, -18.0), (-179.0, -18.0)],
        [(170.0, 60.0), (-170.0, 60.0), (-175.0, 70.0), (175.0, 70.0)],
    ],
    ids=["square", "clockwise", "closed", "corner twice", "triangle", "bay", "bay from its middle",
         "date line", "date line clockwise", "wide at the date line"],
)  # fmt: skip
def test_a_simple_ring_has_no_fault(ring: list[tuple[float, float]]) -> None:
    assert polygon.fault(ring) is None


@pytest.mark.parametrize(
    ("ring", "says"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "corner 1 to 2 and the edge from corner 3 to 4"),
        ([(0, 0), (1, 0), (0, 1), (1, 1)], "corner 2 to 3 and the edge from corner 4 to 1"),
        ([(0, 0), (0, 0), (1, 1), (1, 0), (0, 1)], "corner 1 to 3 and the edge from corner 4 to 5"),
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], "crosses or touches"),
        ([(0, 0), (4, 0), (1, 0), (1, 1)], "crosses or touches"),
        ([(179, 0), (-179, 1), (-179, 0), (179, 1)], "corner 1 to 2 and the edge from corner 3"),
        ([(0, 0), (1, 0), (0, 0)], "three different corners"),
        ([(0, 0), (1, 1), (2, 2)], "on one line"),
        ([(-180, 80), (-90, 70), (0, 80), (90, 70)], "encloses a pole"),
        ([(0, 0), (2, 2), (1, 1), (3, 3)], "on one line"),
        ([(0, 0), (9, 0), (9, 3), (5, 3), (5, -2), (3, -2), (3, 3), (0, 3)], "crosses"),
    ],
)
def test_a_ring_that_encloses_no_one_area_is_named(
    ring: list[tuple[float, float]], says: str
) -> None:
    assert says in str(polygon.fault(ring))


TOUCHING = [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("start", range(5))
def test_a_corner_on_another_edge_is_seen_from_every_side(
    turn: int, backwards: bool, start: int
) -> None:
    ring = TOUCHING[start:] + TOUCHING[:start]
    for _ in range(turn):
        ring = [(-y, x) for x, y in ring]
    touched = polygon.fault(ring[::-1] if backwards else ring)
    assert touched is not None and "touches" in touched


def test_a_corner_close_to_an_edge_does_not_touch_it() -> None:
    assert (
        polygon.fault([(x, y + 1e-6) if (x, y) == (2, 0) else (x, y) for x, y in TOUCHING]) is None
    )


def test_corners_of_a_coast_of_thousands_of_points_are_checked() -> None:
    coast = [(i / 1000, (i % 7) / 10_000) for i in range(1500)]
    ring = [*coast, (1.499, -1.0), (0.0, -1.0)]
    assert polygon.fault(ring) is None
    ring[700], ring[703] = ring[703], ring[700]
    assert polygon.fault(ring) is not None
