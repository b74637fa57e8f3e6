"""How the benchmarks match proposals of vehicles with the truth."""

import numpy as np
import pytest

from imgcheck.detect import vehicle_search
from training import calibrate_vehicles, matching

NAN = float("nan")


def found(*rows: tuple[float, float, float, float]) -> vehicle_search.Candidates:
    """Return candidates at (x, y) with a heading and a score, 5 x 2 m."""
    x, y, heading, score = np.array(rows, float).reshape(-1, 4).T
    return vehicle_search.Candidates(
        x=x, y=y, heading=heading, score=score, length_m=np.full(len(x), 5.0),
        width_m=np.full(len(x), 2.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("candidates", "truth", "labels"),
    [
        ([(50, 50, 0, 2.0)], [(50, 57.9, 20, 8, 0)], [1]),  # 1.98 m apart at 0.25 m
        ([(50, 50, 0, 2.0)], [(50, 58.1, 20, 8, 0)], [0]),
        ([(50, 50, 0, 2.0)], [(50, 58.1, 20, 20, 0)], [1]),  # within half of its width
        ([(50, 50, 0, 2.0), (51, 50, 0, 1.0)], [(50, 50, 20, 8, 0)], [1, 0]),
        ([(50, 50, 0, 2.0), (51, 50, 0, 1.0)], [(50, 50, 20, 8, 0), (52, 50, NAN, NAN, NAN)],
         [1, 1]),
        ([(50, 50, 0, 2.0)], [(50, 50, -1, NAN, NAN)], [-1]),
        ([(50, 50, 0, 2.0)], [], [0]),
    ],
)  # fmt: skip
def test_a_proposal_is_real_near_the_centre_of_a_vehicle_that_is_left(
    monkeypatch, candidates, truth, labels
) -> None:
    monkeypatch.setattr(vehicle_search, "candidates", lambda *a, **k: found(*candidates))
    rows = np.array(truth, float).reshape(-1, 5)
    got = matching.compare(np.zeros((90, 90, 3), np.uint8), rows, place="x", gsd=0.25)
    assert got.label.tolist() == labels
    assert got.truth == sum(not row[2] < 0 for row in truth)


def test_f1_and_rates_are_those_above_the_threshold(monkeypatch) -> None:
    four = found((10, 10, 170, 2.0), (50, 50, 0, 1.0), (80, 80, 0, 0.5), (80, 10, 0, -1.0))
    monkeypatch.setattr(vehicle_search, "candidates", lambda *a, **k: four)
    truth = np.array([(10, 10, 20, 8, 5.0), (50, 50, 20, 8, 0), (80, 11, 20, 8, 0)])
    row = matching.compare(np.zeros((90, 90, 3), np.uint8), truth, place="x", gsd=0.25)
    assert matching.rates([row], 0.0) == (2, 1, 3)
    assert matching.f1([row], 0.0) == pytest.approx(2 / 3)
    assert row.sizes[0].tolist() == [5.0, 5.0, 2.0, 2.0, 15.0]


def test_the_heading_of_an_upright_box_is_that_of_its_long_side() -> None:
    boxes = np.array([(0, 5, 6, 40, 20), (1, 5, 6, 20, 40), (0, 5, 6, 30, 20), (4, 5, 6, 9, 9.0)])
    truth = matching.upright(boxes)
    assert truth[:2, 4].tolist() == [90, 0] and truth[0, 2] == 40 and truth[0, 3] == 20
    assert np.isnan(truth[2, 2]) and truth[3, 2] == -1


def place(name: str, real: list[float], false: list[float], truth: int) -> matching.Compared:
    """Return one picture with real and false proposals of these scores."""
    return matching.Compared(
        place=name, effective=0.25, score=np.array(real + false), truth=truth, hectares=1.0,
        label=np.array([1] * len(real) + [0] * len(false)), sizes=np.zeros((0, 5)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "threshold"),
    [
        # F1 is 1 up to the lowest real score.
        ([place("a", [1.02] * 10, [-0.02] * 5, 10)], 1.0),
        # One of forty real ones above 0 costs 0.013, a second one 0.026.
        ([place("a", [0.02, 0.52, *[1.02] * 38], [], 40)], 0.5),
        # Places have the same weight, whatever their number of pictures.
        ([place("a", [1.02] * 9, [0.02], 9), *[place("b", [0.52] * 9, [], 9)] * 5], 0.5),
    ],
)
def test_the_threshold_is_the_highest_near_the_best_mean_over_places(rows, threshold) -> None:
    assert calibrate_vehicles.threshold_of(rows) == threshold
