"""Geometry in pixels: corners, bounds and centres."""

import pytest

from imgcheck.annotation import (
    CLASSES,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Obb,
    Polygon,
    bounds,
    centre,
    class_of,
)


def rounded(points) -> list[tuple[float, float]]:
    return [(round(x, 6) + 0.0, round(y, 6) + 0.0) for x, y in points]


def test_a_heading_turns_clockwise_from_up() -> None:
    up = Obb(cx=10, cy=20, length=8, width=2, heading=0)
    assert rounded(up.points) == [(9, 16), (11, 16), (11, 24), (9, 24)]
    right = Obb(cx=10, cy=20, length=8, width=2, heading=90)
    assert rounded(right.points) == [(14, 19), (14, 21), (6, 21), (6, 19)]


@pytest.mark.parametrize(
    ("geometry", "box", "middle"),
    [
        (Obb(cx=10, cy=20, length=8, width=2, heading=90), (6, 19, 8, 2), (10, 20)),
        (Ellipse(cx=10, cy=20, length=8, width=2, heading=90), (6, 19, 8, 2), (10, 20)),
        (Box(x=1, y=2, width=4, height=6), (1, 2, 4, 6), (3, 5)),
        (Polygon(points=((0, 0), (4, 0), (0, 2))), (0, 0, 4, 2), (2, 1)),
        (Dot(x=3, y=4), (3, 4, 0, 0), (3, 4)),
    ],
)
def test_bounds_and_centre(geometry, box, middle) -> None:
    found = bounds(geometry)
    assert rounded([(found.x, found.y), (found.width, found.height)]) == [box[:2], box[2:]]
    assert centre(geometry) == middle


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("car", "vehicle.light"),
        (" Small_Vehicle ", "vehicle.light"),
        ("bus", "vehicle.heavy"),
        ("tank", "vehicle.tracked-like"),
        ("vehicle.heavy", "vehicle.heavy"),
        ("swimming-pool", "other"),
        ("", "other"),
    ],
)
def test_names_of_other_tools_belong_to_a_class(name: str, cls: str) -> None:
    assert class_of(name) == cls
    assert cls in CLASSES


def test_what_is_not_in_the_closed_lists_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a class"):
        Annotation(cls="car", geometry=Dot(x=0, y=0))
    with pytest.raises(ValueError, match="is not a state"):
        Annotation(cls="crater", geometry=Dot(x=0, y=0), state="maybe")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="3 corners"):
        Polygon(points=((0, 0), (1, 1)))
