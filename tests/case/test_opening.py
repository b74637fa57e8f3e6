import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from imgcheck import scene
from imgcheck.case import load_case
from imgcheck.errors import ClaimError, UnreadableError, UsageError

PIXELS = np.random.default_rng(20170924).integers(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A post, and three references: dated by sidecar, by tag, and not at all."""
    references = tmp_path / "reference"
    references.mkdir()
    for name, date in (("a", None), ("b", datetime(2017, 8, 1, 8)), ("c", None)):
        data = scene.geotiff(PIXELS, origin=(600000, 3918000), gsd=0.5, epsg=32637, datetime=date)
        (references / f"{name}.tif").write_bytes(data)
    items = [
        {"id": "a", "asset": "a.tif", "datetime": "2017-09-20T00:00:00Z",
         "datetime_precision": "day"},
    ]  # fmt: skip
    (references / "items.json").write_text(json.dumps(items))
    (tmp_path / "post.tif").write_bytes((references / "a.tif").read_bytes())
    return tmp_path


def test_dates_come_from_sidecar_tag_and_option_and_never_from_the_name(folder: Path) -> None:
    case = load_case(folder / "post.tif", references=[folder / "reference"])
    found = {r.id: (r.date_source, r.date.text if r.date else None) for r in case.references}
    assert found["a"] == ("sidecar", "2017-09-20")
    assert found["b"] == ("tag", "2017-08-01T08:00:00")
    assert found["c"] == (None, None)
    dated = load_case(folder / "post.tif", references=[f"{folder}/reference/c.tif@2017-05"])
    assert dated.references[0].date_source == "option"
    assert dated.references[0].date is not None


def test_references_stand_in_the_order_of_their_dates_undated_last(folder: Path) -> None:
    case = load_case(folder / "post.tif", references=[folder / "reference"])
    assert [r.id for r in case.references] == ["b", "a", "c"]


def test_two_references_of_one_name_get_ids_of_their_own(folder: Path) -> None:
    path = folder / "reference" / "c.tif"
    case = load_case(folder / "post.tif", references=[f"{path}@2017-05", f"{path}@2017-06"])
    assert sorted(r.id for r in case.references) == ["c", "c-2"]


def test_a_folder_takes_no_date_and_an_empty_one_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PATH@DATE"):
        load_case(folder / "post.tif", references=[f"{folder}/reference@2017-05"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableError, match="holds no reference image"):
        load_case(folder / "post.tif", references=[tmp_path / "empty"])


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", '[{"asset": "a.tif", "datetime": "x"}]'])
def test_a_bad_sidecar_is_named(folder: Path, text: str) -> None:
    (folder / "reference" / "items.json").write_text(text)
    with pytest.raises(UnreadableError, match=r"items\.json"):
        load_case(folder / "post.tif", references=[folder / "reference"])


def test_a_bad_date_on_the_command_line_says_what_is_accepted(folder: Path) -> None:
    with pytest.raises(UsageError, match="ISO 8601"):
        load_case(folder / "post.tif", references=[f"{folder}/reference/c.tif@May"])


def test_a_claim_that_is_none_names_its_file(folder: Path) -> None:
    with pytest.raises(ClaimError, match=r"claim\.yml"):
        load_case(folder / "post.tif", claim=folder / "claim.yml")


@pytest.mark.parametrize(
    ("bbox", "words"),
    [
        ([40.0, 35.3, 40.2, 35.5], None),
        ([40.0, 35.3, 0.0, 40.2, 35.5, 900.0], None),
        ([10, 10, 11, 11], "bbox 10, 10, 11, 11 does not cover a.tif, whose centre is at 40.1"),
        ([40.0, 35.3, 40.2], "four numbers"),
        ("everywhere", "four numbers"),
    ],
)
def test_a_footprint_that_does_not_cover_its_raster_is_refused(folder: Path, bbox, words) -> None:
    items = [{"id": "a", "asset": "a.tif", "datetime": "2017-09-20T00:00:00Z", "bbox": bbox}]
    (folder / "reference" / "items.json").write_text(json.dumps(items))
    if words is None:
        assert (
            len(load_case(folder / "post.tif", references=[folder / "reference"]).references) == 3
        )
        return
    with pytest.raises(UnreadableError, match=words):
        load_case(folder / "post.tif", references=[folder / "reference"])
