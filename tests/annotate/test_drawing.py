"""What a drawing shows: labels without crossing lines, scale, north, and what is confirmed."""

import numpy as np
import pytest

from imgcheck import annotate
from imgcheck.annotate import drawing, leaders
from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Measured,
    Obb,
    Polygon,
)

GREEN = np.full((300, 1000, 3), (60, 120, 60), np.uint8)
VEHICLE, INK = (230, 159, 0), (20, 20, 20)


def one(state: str = "proposed", **rest) -> Annotation:
    shape = Box(x=400, y=100, width=200, height=100)
    return Annotation(cls="vehicle.light", geometry=shape, state=state, **rest)  # type: ignore[arg-type]


def picture(*annotations: Annotation, **rest) -> AnnotatedPicture:
    return AnnotatedPicture(width=1000, height=300, annotations=annotations, **rest)


def share_of(drawn: np.ndarray, rows: slice, color: tuple[int, int, int]) -> float:
    return float((drawn[rows] == color).all(axis=2).mean())


def crossings(points: np.ndarray, ends: np.ndarray) -> int:
    def side(a, b, p):
        return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])

    found = 0
    for i in range(len(points)):
        for j in range(i):
            a, b, c, d = points[i], ends[i], points[j], ends[j]
            found += side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
    return found


@pytest.mark.parametrize("seed", range(4))
def test_leader_lines_never_cross(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform((200, 0), (1200, 600), (45, 2))
    heights = np.arange(20, 600, 20.0)
    ports = np.concatenate([np.column_stack([np.full(29, x), heights]) for x in (200, 1200)])
    chosen = leaders.assign(points, ports)
    assert len(set(chosen)) == 45
    assert crossings(points, ports[chosen]) == 0
    # The order of the ports alone would cross: the test can fail.
    assert crossings(points, ports[: len(points)]) > 0


def test_the_picture_itself_is_not_changed_and_bytes_repeat() -> None:
    before = GREEN.copy()
    first = annotate.png(annotate.draw(GREEN, picture(one())))
    assert (before == GREEN).all()
    assert first == annotate.png(annotate.draw(GREEN, picture(one())))
    assert first.startswith(b"\x89PNG")


def test_an_accepted_object_is_solid_and_a_proposal_dashed() -> None:
    top = {}
    for state in ("accepted", "proposed", "rejected"):
        drawn = annotate.draw(GREEN, picture(one(state)))
        margin = (drawn.shape[1] - 1000) // 2
        line = drawn[100, margin + 402 : margin + 598]
        top[state] = float((line == VEHICLE).all(axis=1).mean())
    assert top["accepted"] == 1.0
    assert 0.35 < top["proposed"] < 0.65
    assert top["rejected"] == 0.0


@pytest.mark.parametrize(("gsd", "metres"), [(0.1, 20.0), (0.25, 50.0), (1.0, 200.0)])
def test_the_scale_bar_has_the_length_it_states(gsd: float, metres: float) -> None:
    drawn = annotate.draw(GREEN, picture(gsd_m=gsd))
    dark = (drawn[300:, :333] == INK).all(axis=2).sum(axis=1).max()
    assert drawing.bar_length(gsd * (333 - 2 * 14 - 5 * 20)) == metres
    assert abs(dark - metres / gsd) <= 3


def test_unknown_scale_and_north_are_stated() -> None:
    words = []

    class Pen:
        def text(self, at, text, *rest, **more) -> None:
            words.append(text)

        def line(self, *rest) -> None:
            words.append("line")

        def polygon(self, *rest) -> None:
            words.append("arrow")

    style = drawing._style(1000, 300)
    pen = Pen()
    drawing._scale_bar(pen, picture(), (0, 0), 200, style)  # type: ignore[arg-type]
    drawing._north(pen, None, (0, 0), style)  # type: ignore[arg-type]
    assert words == ["scale unknown: no sizes in metres", "north unknown"]
    words.clear()
    known = picture(gsd_m=0.25, gsd_sigma_m=0.01)
    drawing._scale_bar(pen, known, (0, 0), 250, style)  # type: ignore[arg-type]
    drawing._north(pen, 90.0, (0, 0), style)  # type: ignore[arg-type]
    assert "50 m ± 3.9 m (95 %)" in words
    assert words[-2:] == ["arrow", "N"]


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (one(), "3: vehicle.light"),
        (one(label="car\x1b[31m"), "3: car\\x1b[31m"),
        (one(p=0.834), "3: vehicle.light, p 0.83"),
        (
            one(measures={"length": Measured(value=4.61, sigma=0.2), "width": Measured(value=1.8)}),
            "3: vehicle.light, 4.6 x 1.8 ± 0.2 m",
        ),
        (one(measures={"diameter": Measured(value=7.0)}), "3: vehicle.light, 7.0 m"),
        (one(label="x" * 90), "3: " + "x" * 40 + "…"),
    ],
)
def test_the_words_of_a_label(annotation: Annotation, words: str) -> None:
    assert drawing._words(3, annotation) == words


def test_more_objects_than_rows_are_drawn_and_the_most_certain_have_a_label() -> None:
    many = [one(p=k / 100) for k in range(90)] + [one("accepted")]
    kept = drawing._labelled(tuple(many), 3)
    assert [number for number, _ in kept] == [89, 90, 91]
    assert annotate.draw(GREEN, picture(*many)).shape[2] == 3


@pytest.mark.parametrize(
    "geometry",
    [
        Obb(cx=500, cy=150, length=80, width=40, heading=30),
        Ellipse(cx=500, cy=150, length=80, width=40),
        Polygon(points=((400, 100), (500, 100), (450, 200))),
        Dot(x=500, y=150),
        Box(x=-500, y=-500, width=2000, height=1e15),
        Obb(cx=5000, cy=1500, length=0, width=0, heading=30),
    ],
)
def test_every_shape_is_drawn_even_outside_of_the_picture(geometry) -> None:
    drawn = annotate.draw(GREEN, picture(Annotation(cls="vehicle", geometry=geometry)))
    assert drawn.dtype == np.uint8


def test_a_small_picture_is_enlarged_by_whole_pixels() -> None:
    drawn = annotate.draw(GREEN[:100, :250], AnnotatedPicture())
    assert drawn.shape[1] == 750
    assert (drawn[:300, :] == GREEN[0, 0]).all()


def test_a_tiny_picture_has_room_for_the_scale() -> None:
    drawn = annotate.draw(GREEN[:8, :8], AnnotatedPicture(gsd_m=0.3))
    assert drawn.shape[1] >= 500
