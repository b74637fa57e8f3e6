"""JSON and GeoJSON."""

import json
from typing import Any

import pytest

from imgcheck.model import Report
from imgcheck.report.machine import geojson
from tests.report.sample_report import bare, sample


def _feature(*ring: tuple[float, float]) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [[list(p) for p in (*ring, ring[0])]]}
    return {"type": "Feature", "geometry": geometry, "properties": {"finding": "geo.place"}}


def test_json_comes_back_as_the_same_report() -> None:
    text = sample().dumps()
    assert Report.from_json(json.loads(text)).dumps() == text
    assert text.isascii()


def test_footprints_become_a_feature_collection() -> None:
    feature = _feature((40.1, 35.3), (40.2, 35.3), (40.2, 35.4))
    text = geojson(sample(), footprints=[feature])
    assert text is not None
    found = json.loads(text)
    assert found["type"] == "FeatureCollection"
    assert found["features"] == [feature]
    assert found["imgcheck"]["sha256"] == sample().inputs[0].sha256


def test_nothing_on_the_map_makes_no_collection() -> None:
    assert geojson(bare()) is None


@pytest.mark.parametrize(
    "feature",
    [
        {"type": "Polygon", "coordinates": []},
        {"type": "Feature", "geometry": None},
        _feature((500_000.0, 3_900_000.0), (500_100.0, 3_900_000.0), (500_100.0, 3_900_100.0)),
        _feature((35.3, 140.1), (35.3, 140.2), (35.4, 140.2)),
        _feature((float("nan"), 1.0), (1.0, 1.0), (2.0, 2.0)),
    ],
)
def test_what_is_no_longitude_and_latitude_is_refused(feature: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="footprint 1"):
        geojson(sample(), footprints=[feature])
