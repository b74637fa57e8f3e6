"""What a check asks for before it runs."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from imgcheck.case import Case, Reference, dating
from imgcheck.checks import needs
from imgcheck.model import Window
from imgcheck.model.claimfile import loads


def reference(when: str | None = None, *, placed: bool = True) -> Reference:
    image: Any = SimpleNamespace(georeference="a map" if placed else None)
    return Reference(id="r", image=image, date=None if when is None else Window.parse(when))


def case(*references: Reference, claim: str = "{}", readable: bool = True, **more: Any) -> Case:
    image: Any = SimpleNamespace(pixels_readable=readable, unreadable_reason="cut short")
    return Case(image=image, claim=loads(claim), references=references, **more)


@pytest.mark.parametrize("readable", [True, False])
def test_pixels_are_needed_and_nothing_can_be_given_for_them(readable: bool) -> None:
    missing = needs.pixels(case(readable=readable))
    assert (missing is None) == readable
    if missing is not None:
        assert missing.give is None
        assert "cut short" in missing.reason


BARE = reference(placed=False)
DATED_BARE = reference("2022-03-01", placed=False)
UNDATED, FIRST = reference(), reference("2022-03-01")


@pytest.mark.parametrize(
    ("references", "placed", "dated", "two"),
    [
        ((), "no reference imagery", "no reference imagery", "no reference imagery"),
        ((BARE,), "none of the", "none of the", "none of the"),
        ((BARE, UNDATED), None, "no reference has", "no reference has"),
        ((UNDATED,), None, "no reference has", "no reference has"),
        ((FIRST,), None, None, "two different dates are needed"),
        ((UNDATED, FIRST), None, None, "two different dates are needed"),
        ((FIRST, reference("2022-03-01")), None, None, "two different dates are needed"),
        ((FIRST, DATED_BARE), None, None, "two different dates are needed"),
        (
            (FIRST, reference("2022-03-05", placed=False)),
            None,
            None,
            "two different dates are needed",
        ),
        # Days without a zone overlap by up to 26 hours, a month with its days.
        ((FIRST, reference("2022-03-02")), None, None, "two different dates are needed"),
        ((FIRST, reference("2022-03")), None, None, "two different dates are needed"),
        ((FIRST, reference("2022-03-05")), None, None, None),
        ((reference("2022-03-05"), UNDATED, FIRST), None, None, None),
        # Two times of one day are one date.
        (
            (reference("2022-03-01T08:00Z"), reference("2022-03-01T12:00Z")),
            None,
            None,
            "two different dates are needed",
        ),
        ((reference("2022-03-01T08:00Z"), reference("2022-03-02T08:00Z")), None, None, None),
    ],
)
def test_what_is_missing_of_the_references_is_said(
    references: tuple[Reference, ...], placed: str | None, dated: str | None, two: str | None
) -> None:
    given = case(*references)
    for need, expected in (
        (needs.reference, placed), (needs.dated_reference, dated),
        (needs.two_dated_references, two),
    ):  # fmt: skip
        missing = need(given)
        assert (missing is None) == (expected is None)
        if missing is not None:
            assert expected is not None and expected in missing.reason
            assert "--reference" in str(missing.give)


def test_of_references_that_overlap_one_is_kept_and_the_others_follow_in_order() -> None:
    days = ["2022-03-09", "2022-03-01", "2022-03-02", "2022-03", "2022-03-05"]
    kept = dating.in_sequence([reference(day) for day in days])
    assert [r.date.start.date() for r in kept if r.date] == [
        date(2022, 3, 1), date(2022, 3, 5), date(2022, 3, 9)
    ]  # fmt: skip


def test_an_index_is_needed(tmp_path: Any) -> None:
    assert needs.index(case(index=tmp_path / "known.db")) is None
    missing = needs.index(case())
    assert missing is not None and "--index" in str(missing.give)


@pytest.mark.parametrize(
    ("claim", "given"),
    [
        ("{}", False),
        ("measurements: [{gsd_m: 0.5}]", False),
        ("measurements: [{shadow_azimuth: {value: 300, sigma: 3}}]", True),
        ("measurements: [{shadow_ratio: {value: 1.5, sigma: 0.1}}]", True),
        ("shadows: [{base: [10, 10], tip: [20, 30]}]", True),
    ],
)
def test_a_shadow_is_needed_in_any_of_three_forms(claim: str, given: bool) -> None:
    assert (needs.shadow_measurement(case(claim=claim)) is None) == given
