"""What every check must keep to. A new check is tested here without a line of new code.

Each check runs on an ordinary case and on odd pictures. Every case has all inputs: a claim with
every kind of statement, measurements, three dated references and an index. No check may be
"not applicable" before it looked at one of them.
"""

import io
import re
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import scene
from imgcheck.case import Case, Reference
from imgcheck.checks import QUESTIONS, Check
from imgcheck.checks.catalogue import HEADINGS, catalogue, page
from imgcheck.hashing import HashIndex
from imgcheck.imaging import Image
from imgcheck.model import KINDS, Finding, Outcome, Window
from imgcheck.model.claimfile import loads
from imgcheck.verification import plan, run
from tests.imaging.ground import ground

EVERYTHING = loads(
    """
source: {posted: 2017-09-24}
statements:
  - acquired: 2017-09-10T22:00Z/2017-09-10T23:00Z
  - place: {lat: 35.4, lon: 40.1, radius_km: 20}
  - count: {class: vehicle, min: 10}
  - absence: {class: crater}
  - unchanged: 2017-09-08/2017-09-12
  - original
  - unaltered
  - dimensions: {class: HMMWV, length_m: 4.6, width_m: 2.1}
measurements:
  - gsd_m: 2
  - size: {class: HMMWV, length_m: {value: 5, sigma: 1}, width_m: {value: 2, sigma: 1}}
  - shadow_azimuth: {value: 327, sigma: 3}
"""
)
ROWS, COLS = 300, 340
ORDINARY = "ordinary"
#: Members of a case that hold an input, or are computed from one.
LOOKED = {
    "acquisition", "clean", "dating", "file", "gsd", "ground", "known", "placed", "placing",
    "shadows", "spot",
}  # fmt: skip


class Watched(Case):
    """A case that records which of its members were used."""

    used: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in LOOKED:
            Watched.used.add(name)
        return super().__getattribute__(name)


def jpeg(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", **{"quality": 92, **options})
    return stream.getvalue()


def ground_of(seed: int) -> np.ndarray:
    gray = np.round(ground((ROWS, COLS), seed=seed, blocks=90) * 215).astype(np.uint8) + 20
    return np.stack([gray, gray, (gray * 0.8).astype(np.uint8)], axis=-1)


@cache
def pictures() -> dict[str, bytes]:
    noise = np.random.default_rng(20170924).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2017:09:10 08:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 24.0, 0.0), 3: "E", 4: (40.0, 6.0, 0.0)})
    exif[0x0131] = "Editor 1"
    return {
        ORDINARY: jpeg(ground_of(31)[60:240, 80:280], exif=exif),
        "one pixel": jpeg(np.zeros((1, 1, 3), np.uint8)),
        "one row": jpeg(np.zeros((1, 700), np.uint8)),
        "all white": jpeg(np.full((90, 90, 3), 255, np.uint8)),
        "noise": jpeg(noise, quality=70),
        "cut short": jpeg(noise, quality=70)[:2500],
        "two values": jpeg(((noise[..., 0] > 127) * 255).astype(np.uint8), quality=100),
    }


@cache
def references() -> tuple[Reference, ...]:
    """Make three references of one place; a part of the ground changes between each."""
    later = ground_of(31)
    first, last = later.copy(), later.copy()
    first[100:160, 120:190] = ground_of(77)[100:160, 120:190]
    last[150:230, 200:275] = ground_of(55)[150:230, 200:275]
    made = []
    for day, pixels in (("2017-08-01", first), ("2017-09-10", later), ("2017-10-01", last)):
        data = scene.geotiff(
            pixels, origin=(600_000, 3_918_000), gsd=2.0, epsg=32637,
            datetime=datetime.fromisoformat(day),
        )  # fmt: skip
        image = Image.from_bytes(data, name=f"{day}.tif")
        made.append(Reference(id=day, image=image, date=Window.parse(day), date_source="tag"))
    return tuple(made)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("index") / "known.db"
    whole = Image.from_bytes(jpeg(ground_of(31)[60:240, 80:280], quality=97), name="known.jpg")
    larger = Image.from_bytes(jpeg(ground_of(31)), name="larger.jpg")
    with HashIndex.create(path) as opened:
        opened.add_image(whole, path_text="known.jpg", date="2015-06")
        opened.add_image(larger, path_text="larger.jpg", date="2015-06")
    return path


@pytest.fixture(scope="module")
def desk(index: Any) -> Any:
    """Open each picture once for all checks: they share what the case computes."""

    @cache
    def opened(name: str, copy: int = 0) -> Watched:
        image = Image.from_bytes(pictures()[name], name=f"{name}.jpg")
        return Watched(image=image, claim=EVERYTHING, references=references(), index=index)

    return opened


@pytest.fixture(params=catalogue(), ids=lambda check: check.id)
def check(request: pytest.FixtureRequest) -> Check:
    one: Check = request.param
    return one


def test_it_asks_a_question_and_names_known_statements(check: Check) -> None:
    assert check.question.endswith("?")
    assert check.asks in QUESTIONS
    assert set(check.answers) <= set(KINDS)
    assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9-]+", check.id)


def test_it_has_a_page_with_every_heading_in_order(check: Check) -> None:
    text = page(check.id)
    found = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert found == list(HEADINGS)


def findings(check: Check, case: Case) -> tuple[Finding, ...]:
    """Run a check; fail where it is not applicable before it looked at the case."""
    planned = plan(case, checks=[check])
    assert [one.missing for one in planned] == [None]
    Watched.used.clear()
    found = run(planned, case)
    assert Watched.used, "the check ran without looking at the case"
    assert case.image.rgb().flags.writeable is False
    return found


@pytest.mark.parametrize("name", sorted(pictures()))
def test_it_looks_at_every_picture_and_breaks_on_none(check: Check, desk: Any, name: str) -> None:
    case = desk(name)
    before = case.image.rgb().copy()
    found = findings(check, case)
    assert np.array_equal(case.image.rgb(), before)
    assert {s.id for s in check.statements(EVERYTHING)} <= {f.statement for f in found}
    for finding in found:
        assert finding.outcome is not Outcome.FAILED, finding.summary


def test_it_observes_something_in_an_ordinary_case(check: Check, desk: Any) -> None:
    found = findings(check, desk(ORDINARY))
    if check.id == "provenance.credentials":  # signed files have tests of their own
        assert "no content credentials" in found[0].summary
        return
    assert any(f.outcome is not Outcome.NOT_APPLICABLE for f in found), found[0].summary


def test_it_gives_the_same_findings_for_the_same_inputs(check: Check, desk: Any) -> None:
    first, again = ([f.to_json() for f in findings(check, desk("noise", copy))] for copy in (0, 1))
    assert first == again
