"""Which shadow of a case is used: measured values, then marked points on the ground."""

import io
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from imgcheck.case import Case, Reference
from imgcheck.case import shadows as module
from imgcheck.case.shadows import MeasuredShadow, NoShadow
from imgcheck.checks.sun_claimed_time import claimed_time
from imgcheck.errors import UsageError
from imgcheck.imaging import Image
from imgcheck.model import Claim, Finding, Measurement, Outcome
from imgcheck.model.claim import Shadow
from imgcheck.model.claimfile import loads
from imgcheck.quantity import LonLat
from imgcheck.sun import position
from tests.imaging.ground import ground, view

SPOT = Shadow(base=(0.0, 0.0), tip=(9.0, 9.0))
REFERENCE = Reference(id="r", image=SimpleNamespace(georeference="a map"))  # type: ignore[arg-type]


def case(*shadows: Shadow, references: tuple[Reference, ...] = (), **values: Any) -> Case:
    measured = tuple(
        Measurement(quantity=name, value=value, sigma=sigma)
        for name, (value, sigma) in ((k, v if isinstance(v, tuple) else (v, None))
                                     for k, v in values.items())
    )  # fmt: skip
    claim = Claim(shadows=shadows, measurements=measured)
    return Case(image=SimpleNamespace(), claim=claim, references=references)  # type: ignore[arg-type]


AZIMUTH, RATIO = {"shadow_azimuth": (300.0, 3.0)}, {"shadow_ratio": (1.5, 0.1)}


@pytest.mark.parametrize(
    ("values", "azimuth", "ratio"),
    [
        (AZIMUTH, (300.0, 3.0), None),
        (RATIO, None, (1.5, 0.1)),
        (AZIMUTH | RATIO, (300.0, 3.0), (1.5, 0.1)),
        # Without an error a value cannot be weighed.
        (AZIMUTH | {"shadow_ratio": 1.5}, (300.0, 3.0), None),
    ],
)
@pytest.mark.parametrize("shadows", [(), (SPOT,)])
def test_stated_values_come_before_marked_points(shadows, values, azimuth, ratio) -> None:
    seen = module.measured(case(*shadows, **values))
    assert isinstance(seen, MeasuredShadow)
    assert (seen.azimuth, seen.ratio) == (azimuth, ratio)
    assert (seen.options["shadow_azimuth"], seen.options["ratio"]) == (azimuth, ratio)
    assert ("were not used" in seen.remark) == bool(shadows)


@pytest.mark.parametrize("values", [{}, {"shadow_azimuth": 300.0}, {"gsd_m": 0.5}])
def test_without_a_value_and_its_error_no_shadow_was_measured(values) -> None:
    assert module.measured(case(**values)) == NoShadow(reason="no shadow was measured")


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ({}, {"slope_sigma_deg": 2.0, "lean_sigma_deg": 1.5, "view_deg": 0.0}, "an assumption"),
        (
            {"lean_deg": 4.0},
            {"slope_sigma_deg": 2.0, "lean_sigma_deg": 4.0},
            "lean of the object as stated",
        ),
        (
            {"slope_deg": 5.0},
            {"slope_sigma_deg": 5.0, "lean_sigma_deg": 1.5},
            "slope of the ground as stated",
        ),
        ({"slope_deg": 5.0, "lean_deg": 4.0}, {"slope_sigma_deg": 5.0}, "; as stated"),
        ({"slope_aspect_deg": 90.0}, {"slope_sigma_deg": 2.0}, "level within 2 degrees"),
        (
            {"slope_deg": 5.0, "slope_aspect_deg": 90.0},
            {"slope": (5.0, 90.0), "slope_sigma_deg": 2.0},
            "falls 5 ± 2 degrees towards 90",
        ),
        (
            {"slope_deg": (5.0, 1.0), "slope_aspect_deg": 90.0},
            {"slope": (5.0, 90.0), "slope_sigma_deg": 1.0},
            "falls 5 ± 1 degrees towards 90",
        ),
        ({"view_deg": 20.0}, {"view_deg": 20.0}, "an assumption"),
    ],
)
def test_ground_and_object_are_taken_as_stated_or_as_usual(values, options, words) -> None:
    seen = module.measured(case(**AZIMUTH, **values))
    assert isinstance(seen, MeasuredShadow)
    for name, value in options.items():
        assert seen.options[name] == value  # type: ignore[literal-required]
    assert ("slope" in seen.options) == ("slope" in options)
    assert words in seen.ground


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Freeze the placing and what each marked shadow measures."""

    def freeze(placed: bool, *measured: tuple[float, float | None] | None) -> None:
        on = (REFERENCE, SimpleNamespace()) if placed else None
        monkeypatch.setattr(Case, "placed", on)
        left = list(measured)

        def one(shared: tuple[float, float], pair: bool) -> Any:
            value = left.pop(0)
            if value is None:
                raise UsageError("it is too short")
            direction, ratio = value
            found = SimpleNamespace(
                shadow_azimuth=(direction, 2.0), ratio=None if ratio is None else (ratio, 0.1)
            )
            return (found, shared) if pair else found

        monkeypatch.setattr(module, "_on_ground", lambda on, shadow: one((0.3, 0.0), True))
        monkeypatch.setattr(module, "_in_picture", lambda case, shadow, north: one((0, 0), False))

    return freeze


NORTH = {"north_deg": (10.0, 1.0)}


@pytest.mark.parametrize(
    ("placed", "values", "words"),
    [
        (True, {}, "from the match with r"),
        (True, NORTH, "from the match with r"),
        (False, NORTH, "from the stated north"),
        (False, {}, None),
        (False, {"north_deg": 10.0}, None),  # without its error
    ],
)
def test_marked_shadows_need_a_placing_or_a_stated_north(frozen, placed, values, words) -> None:
    frozen(placed, (300.0, 1.5))
    seen = module.measured(case(SPOT, references=(REFERENCE,), **values))
    if words is None:
        assert isinstance(seen, NoShadow) and "north is not known" in seen.reason
    else:
        assert isinstance(seen, MeasuredShadow) and words in seen.name
        assert seen.azimuth is not None and seen.azimuth[0] == pytest.approx(300.0)
        assert seen.ratio is not None and seen.ratio[0] == pytest.approx(1.5)


def test_without_a_reference_the_picture_is_not_registered(monkeypatch) -> None:
    monkeypatch.setattr(Case, "placing", property(lambda case: pytest.fail("registered")))
    nowhere = Reference(id="r", image=SimpleNamespace(georeference=None))
    for references in ((), (nowhere,)):
        found = module.measured(case(SPOT, references=references))
        assert "north is not known" in str(found)


def test_what_all_marked_shadows_share_is_no_smaller_for_many(frozen) -> None:
    frozen(False, *[(300.0, None)] * 9)
    seen = module.measured(case(*[SPOT] * 9, **NORTH))
    assert isinstance(seen, MeasuredShadow) and seen.azimuth is not None
    assert seen.azimuth[1] > 1.0  # the error of the stated north
    assert seen.ratio is None


@pytest.mark.parametrize(
    ("measured", "plural", "words"),
    [
        ([(300.0, None)], False, "The shadow marked"),
        ([(300.0, None), (301.0, 1.5)], True, "The 2 shadows marked"),
        ([(300.0, None), None], True, "1 of 2 too short"),
        (
            [(300.0, None), (301.0, None), (302.0, None), (120.0, None)],
            True,
            "1 of 4 left out",
        ),
    ],
)
def test_marked_shadows_that_were_not_used_are_told(frozen, measured, plural, words) -> None:
    frozen(False, *measured)
    seen = module.measured(case(*[SPOT] * len(measured), **NORTH))
    assert isinstance(seen, MeasuredShadow)
    assert words in seen.name
    assert seen.plural == plural


def test_where_none_could_be_measured_the_reason_is_given(frozen) -> None:
    frozen(False, None)
    seen = module.measured(case(SPOT, **NORTH))
    assert seen == NoShadow(reason="none of the marked shadows could be measured: it is too short")


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Record what is measured from."""
    given: dict[str, Any] = {}

    def from_points(base: Any, tip: Any, **options: Any) -> Any:
        given.update(options, base=base, tip=tip)
        return SimpleNamespace(shadow_azimuth=(300.0, 2.0), ratio=None)

    monkeypatch.setattr(module.sun, "from_points", from_points)
    return given


SHADOWS = [
    (SPOT, module.sun.END_POINT_PX, None),
    (replace(SPOT, end_point_px=7.5, height_m=4.0), 7.5, (4.0, 0.0)),
    (replace(SPOT, height_m=4.0, height_sigma_m=0.5), module.sun.END_POINT_PX, (4.0, 0.5)),
]


@pytest.mark.parametrize(("shadow", "end_point", "height"), SHADOWS)
@pytest.mark.parametrize("gsd", [None, (0.5, "stated")])
def test_a_shadow_in_the_picture_is_measured_from_the_stated_north(
    monkeypatch, points, shadow: Shadow, end_point: float, height: Any, gsd: Any
) -> None:
    monkeypatch.setattr(Case, "placed", None)
    monkeypatch.setattr(Case, "gsd", gsd)
    seen = module.measured(case(shadow, **NORTH))
    assert isinstance(seen, MeasuredShadow) and seen.azimuth is not None
    assert seen.azimuth[1] > 2.0  # with the error of north, one degree
    assert points["north"] == (10.0, 0.0) and points["end_point_px"] == end_point
    assert (points["base"], points["tip"]) == (shadow.base, shadow.tip)
    assert points["gsd_m"] == (None if gsd is None else 0.5)
    assert points["height_m"] == (None if gsd is None else height)


@pytest.mark.parametrize(("shadow", "end_point", "height"), SHADOWS)
def test_a_shadow_on_the_ground_is_measured_from_the_placing(
    monkeypatch, points, shadow: Shadow, end_point: float, height: Any
) -> None:
    line = SimpleNamespace(
        length_m=8.0, gsd_m=2.0, azimuth_deg=90.0, azimuth_sigma_deg=0.4, length_sigma_m=0.4
    )
    monkeypatch.setattr(module.geo, "bearing", lambda placed, base, tip: line)
    _, shared = module._measure(case(shadow), shadow, (REFERENCE, "placed"), (0.0, 9.0))  # type: ignore[arg-type]
    assert points["tip"] == pytest.approx((4.0, 0.0)) and points["gsd_m"] == 2.0
    assert points["end_point_px"] == end_point and points["height_m"] == height
    # 0.3 degrees are added to the error of the direction.
    assert shared == pytest.approx((0.5, 0.05))


# UTM 37N, 2 m pixels, near Deir ez-Zor; the sun of one morning there.
_UTM = Affine(2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_PLACE = (35.4, 40.1)
_WHEN = np.datetime64("2017-09-10T07:30")


def png(gray: np.ndarray) -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(np.round(np.clip(gray, 0, 1) * 255).astype(np.uint8)).save(stream, "PNG")
    return Image.from_bytes(stream.getvalue(), name="post.png")


@pytest.fixture(scope="module")
def scene():
    """Give picture, reference and the matrix from picture to reference pixels."""
    gray = ground((520, 600), seed=31, blocks=220)
    picture, truth = view(gray, size=260, angle=30, scale=0.8)
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=600, height=520, count=1, dtype="uint8",
                         crs="EPSG:32637", transform=_UTM) as out:  # fmt: skip
            out.write(np.round(gray * 255).astype(np.uint8), 1)
        data = bytes(memory.getbuffer())
    reference = Reference(id="map", image=Image.from_bytes(data, name="map.tif"))
    return png(picture), reference, truth


def marks(truth: np.ndarray, count: int, *, height_m: float = 60.0, noise: float = 0.7) -> str:
    """Mark marks of towers as they fall at the time of the scene."""
    here = position(_WHEN, LonLat(lon=_PLACE[1], lat=_PLACE[0]))
    convergence = (_PLACE[1] - 39.0) * math.sin(math.radians(_PLACE[0]))
    away = math.radians(float(here.azimuth_deg) + 180 - convergence)
    length = height_m / math.tan(math.radians(float(here.apparent_elevation_deg))) / 2.0
    rng = np.random.default_rng(5)
    rows = []
    inverse = np.linalg.inv(truth)
    for _ in range(count):
        base = np.array([*rng.uniform(200, 350, 2), 1.0])
        tip = base + np.array([math.sin(away), -math.cos(away), 0]) * length
        pixels = []
        for point in (base, tip):
            spot = inverse @ point
            pixels.append(spot[:2] / spot[2] + rng.normal(0, noise, 2))
        (bx, by), (tx, ty) = pixels
        rows.append(
            f"  - {{base: [{bx:.2f}, {by:.2f}], tip: [{tx:.2f}, {ty:.2f}], "
            f"height_m: {{value: {height_m:g}, sigma: 2}}}}"
        )
    return "shadows:\n" + "\n".join(rows) + "\n"


def claim_of(when: str, more: str) -> Claim:
    place = "{lat: 35.4, lon: 40.1}"
    return loads(f"statements:\n  - acquired: {when}\n  - place: {place}\n{more}")


def answer(scene, when: str, more: str, *, placed: bool = True) -> Finding:
    picture, reference, _ = scene
    case = Case(
        image=picture, claim=claim_of(when, more), references=(reference,) if placed else ()
    )
    (finding,) = claimed_time.run(case)
    return finding


@pytest.mark.slow
def test_ten_marked_shadows_fit_the_true_hour_through_the_placing(scene) -> None:
    finding = answer(scene, "2017-09-10T07:30Z", marks(scene[2], 10))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "The 10 shadows marked in the picture (directions from the match with map)" in (
        finding.summary
    )
    truth = float(position(_WHEN, LonLat(lon=_PLACE[1], lat=_PLACE[0])).azimuth_deg)
    deviation = next(m for m in finding.measures if m.name == "smallest deviation")
    azimuth = next(m for m in finding.measures if m.name == "sun azimuth then")
    assert float(deviation.value) < 3
    assert float(azimuth.value) == pytest.approx(truth, abs=0.5)


@pytest.mark.slow
def test_ten_marked_shadows_contradict_a_time_two_hours_later(scene) -> None:
    finding = answer(scene, "2017-09-10T09:30Z", marks(scene[2], 10))
    assert finding.outcome is Outcome.CONTRADICTS
    assert finding.error_rate is not None


@pytest.mark.slow
def test_one_shadow_marked_the_wrong_way_is_left_out_and_said(scene) -> None:
    wrong = marks(scene[2], 9) + "  - {base: [120, 120], tip: [150, 120]}\n"
    finding = answer(scene, "2017-09-10T07:30Z", wrong)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "1 of 10 left out as outliers" in finding.summary


def test_without_a_placing_one_sentence_says_why_nothing_is_said(scene) -> None:
    finding = answer(scene, "2017-09-10T07:30Z", marks(scene[2], 3), placed=False)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "so the direction of north is not known" in finding.summary


def test_a_stated_north_serves_where_nothing_was_placed(scene) -> None:
    # The picture was turned by 30 degrees; the meridian convergence is 0.64 degrees there.
    north = "measurements:\n  - north_deg: {value: -30.64, sigma: 0.5}\n"
    finding = answer(scene, "2017-09-10T07:30Z", north + marks(scene[2], 10), placed=False)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "from the stated north" in finding.summary


@pytest.mark.slow
def test_stated_values_come_before_marked_shadows(scene) -> None:
    stated = "measurements:\n  - shadow_azimuth: {value: 315.1, sigma: 1}\n"
    finding = answer(scene, "2017-09-10T07:30Z", stated + marks(scene[2], 3))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "The shadows marked in the picture were not used" in finding.summary


@pytest.mark.slow
def test_slope_and_lean_are_printed_as_assumed_or_as_stated(scene) -> None:
    azimuth = "measurements:\n  - shadow_azimuth: {value: 315.1, sigma: 1}\n"
    assumed = answer(scene, "2017-09-10T07:30Z", azimuth, placed=False)
    assert any("level within 2 degrees, objects upright within 1.5" in x for x in assumed.limits)
    assert any("an assumption" in x for x in assumed.limits)
    more = "  - slope_deg: {value: 6, sigma: 1}\n  - slope_aspect_deg: 200\n  - lean_deg: 0.5\n"
    stated = answer(scene, "2017-09-10T07:30Z", azimuth + more, placed=False)
    assert any("falls 6 ± 1 degrees towards 200" in x for x in stated.limits)
    assert any("as stated" in x for x in stated.limits)


def test_marked_shadows_survive_the_round_through_json() -> None:
    given = claim_of("2017-09-10", "shadows:\n  - {base: [1, 2], tip: [30, 4.5], note: mast}\n")
    assert Claim.from_json(given.to_json()) == given
    assert given.shadows[0].tip == (30.0, 4.5)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{base: [1, 2]}", 'needs a "tip"'),
        ("{base: [1, 2], tip: [1]}", r"tip must be \[x, y\]"),
        ("{base: [1, 2], tip: [1, nan]}", "is not a number"),
        ("{base: [1, 2], tip: [9, 9], height_m: 5}", "STANDARD_ERROR"),
        ("{base: [1, 2], tip: [9, 9], colour: red}", 'has no "colour"'),
    ],
)
def test_a_marked_shadow_without_meaning_is_refused_with_its_line(line: str, word: str) -> None:
    from imgcheck.errors import ClaimError

    with pytest.raises(ClaimError, match=word) as refused:
        claim_of("2017-09-10", f"shadows:\n  - {line}\n")
    assert ":5:" in str(refused.value)
