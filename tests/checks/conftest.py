"""Frozen results that several checks are tested on."""

import pytest

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.detect.counting import CountEstimate
from imgcheck.quantity import Estimate, Interval


def proposal(kind: str) -> detect.Proposal:
    return detect.Proposal(
        kind=kind, cx=5, cy=5, length=9, width=4, heading=30, score=0.8, p=0.83, calibration="x"
    )  # type: ignore[arg-type]


def found(kind: str, number: int, calibration: str | None = "one street") -> detect.Detections:
    return detect.Detections(
        kind=kind,  # type: ignore[arg-type]
        proposals=(proposal(kind),) * number,
        gsd=0.3,
        searched_m=(3.0, 12.0),
        limit_m=2.0,
        searched_area_m2=100.0,
        share_searched=0.9,
        threshold=0.5,
        expected_false=Estimate(value=2.0, interval=Interval(low=1.0, high=4.0)),
        calibration=calibration,
    )


@pytest.fixture
def frozen(monkeypatch):
    """Put frozen proposals in the place of the search."""

    def put(kind: str, number: int, span: tuple[float, float] | None, gsd: float | None = 0.3):
        estimate = CountEstimate(
            median=None if span is None else sum(span) / 2,
            low=number if span is None else span[0],
            high=None if span is None else span[1],
            level=0.9,
            calibration="one street",
        )
        power = detect.Power(
            kind="crater", sizes_m=(3.0,), recall=(0.95,), low=(0.8,), high=(1.0,), trials=(24,),
            d50_m=2.0, d90_m=3.0, share_of_picture=0.9, missed_upper=1.0, level=0.95,
            proposed=number, gsd=0.3,
        )  # fmt: skip
        monkeypatch.setattr(Case, "gsd", None if gsd is None else (gsd, "stated"))
        monkeypatch.setattr(Case, "clean", None)
        monkeypatch.setattr(Case, "sun_in_picture", None)
        monkeypatch.setattr(detect, "vehicles", lambda *a, **k: found(kind, number))
        monkeypatch.setattr(detect, "craters", lambda *a, **k: found(kind, number))
        monkeypatch.setattr(detect, "power", lambda *a, **k: power)
        monkeypatch.setattr(detect, "count", lambda detections: estimate)
        monkeypatch.setattr(detect, "probability_of", lambda detections, *, least: 0.5)

    return put
