"""Which shadow is used, with which errors: measured values and marked points, frozen."""

from types import SimpleNamespace
from typing import Any

import pytest

from imgcheck.case import Case, Reference
from imgcheck.case import shadows as module
from imgcheck.errors import UsageError
from imgcheck.model import Claim, Measurement
from imgcheck.model.claim import Shadow

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
    seen = module.seen(case(*shadows, **values))
    assert not isinstance(seen, str)
    assert (seen.azimuth, seen.ratio) == (azimuth, ratio)
    assert (seen.options["shadow_azimuth"], seen.options["ratio"]) == (azimuth, ratio)
    assert ("were left aside" in seen.remark) == bool(shadows)


@pytest.mark.parametrize("values", [{}, {"shadow_azimuth": 300.0}, {"gsd_m": 0.5}])
def test_without_a_value_and_its_error_no_shadow_was_measured(values) -> None:
    assert module.seen(case(**values)) == "no shadow was measured"


@pytest.mark.parametrize(
    ("values", "options", "words"),
    [
        ({}, {"slope_sigma_deg": 2.0, "lean_sigma_deg": 1.5, "view_deg": 0.0}, "an assumption"),
        ({"lean_deg": 4.0}, {"slope_sigma_deg": 2.0, "lean_sigma_deg": 4.0}, "lean as stated"),
        ({"slope_deg": 5.0}, {"slope_sigma_deg": 5.0, "lean_sigma_deg": 1.5}, "slope as stated"),
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
    seen = module.seen(case(**AZIMUTH, **values))
    assert not isinstance(seen, str)
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
        (True, {}, "by its place on r"),
        (True, NORTH, "by its place on r"),
        (False, NORTH, "by the stated north"),
        (False, {}, None),
        (False, {"north_deg": 10.0}, None),  # without its error
    ],
)
def test_marked_shadows_need_a_placing_or_a_stated_north(frozen, placed, values, words) -> None:
    frozen(placed, (300.0, 1.5))
    seen = module.seen(case(SPOT, references=(REFERENCE,), **values))
    if words is None:
        assert isinstance(seen, str) and "north is not known" in seen
    else:
        assert not isinstance(seen, str) and words in seen.name
        assert seen.azimuth is not None and seen.azimuth[0] == pytest.approx(300.0)
        assert seen.ratio is not None and seen.ratio[0] == pytest.approx(1.5)


def test_without_a_reference_the_picture_is_not_registered(monkeypatch) -> None:
    monkeypatch.setattr(Case, "placing", property(lambda case: pytest.fail("registered")))
    nowhere = Reference(id="r", image=SimpleNamespace(georeference=None))
    for references in ((), (nowhere,)):
        found = module.seen(case(SPOT, references=references))
        assert "north is not known" in str(found)


def test_what_all_marked_shadows_share_is_no_smaller_for_many(frozen) -> None:
    frozen(False, *[(300.0, None)] * 9)
    seen = module.seen(case(*[SPOT] * 9, **NORTH))
    assert not isinstance(seen, str) and seen.azimuth is not None
    assert seen.azimuth[1] > 1.0  # the error of the stated north
    assert seen.ratio is None


@pytest.mark.parametrize(
    ("measured", "plural", "words"),
    [
        ([(300.0, None)], False, "The shadow marked"),
        ([(300.0, None), (301.0, 1.5)], True, "The 2 shadows marked"),
        ([(300.0, None), None], True, "1 of 2 were too short"),
        ([(300.0, None), (301.0, None), (302.0, None), (120.0, None)], True, "1 of 4 stood apart"),
    ],
)
def test_marked_shadows_that_were_not_used_are_told(frozen, measured, plural, words) -> None:
    frozen(False, *measured)
    seen = module.seen(case(*[SPOT] * len(measured), **NORTH))
    assert not isinstance(seen, str)
    assert words in seen.name
    assert seen.plural == plural


def test_where_none_could_be_measured_the_reason_is_given(frozen) -> None:
    frozen(False, None)
    seen = module.seen(case(SPOT, **NORTH))
    assert seen == "none of the marked shadows could be measured: it is too short"
