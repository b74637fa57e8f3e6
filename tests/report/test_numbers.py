"""Numbers, shares, sizes and intervals as they are printed."""

import math

import pytest

from imgcheck.model import Measure
from imgcheck.quantity import Interval
from imgcheck.report.formatting import ends, measure, number, share, size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12, "12"),
        (2017, "2017"),
        (12_345, "12,345"),
        (0.31274, "0.3127"),
        (142.3719, "142.4"),
        (12_345.678, "12,346"),
        (0.0, "0"),
        (-3.5, "-3.5"),
        (3.1e-42, "3.1 × 10^-42"),
        (3.6e-05, "3.6 × 10^-5"),
        (1e-7, "1 × 10^-7"),
        (6.8e15, "6,800,000,000,000,000"),
        (2.0, "2"),
        (math.nan, "unknown"),
        (math.inf, "unlimited"),
    ],
)
def test_a_number_has_four_digits_and_no_more(value: float, shown: str) -> None:
    assert number(value) == shown


def test_an_uncertain_number_has_two_digits_of_its_uncertainty() -> None:
    assert number(12.3456, resolution=2.3) == "12.3"
    assert number(1163.4, resolution=183.0) == "1163"
    assert number(0.41274, resolution=0.0058) == "0.4127"


def test_a_small_value_with_a_wide_interval_does_not_become_nothing() -> None:
    assert number(0.004, resolution=5.0) == "0.004"


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [
        (0.07, "7 %"),
        (0.013, "1.3 %"),
        (0.95, "95 %"),
        (0.995, "99.5 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.374, "37 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(fraction: float, shown: str) -> None:
    assert share(fraction) == shown


def test_an_open_interval_says_at_least_or_at_most() -> None:
    assert ends(Interval(low=3, high=math.inf), unit="m") == "at least 3 m"
    assert ends(Interval(low=-math.inf, high=8)) == "at most 8"
    assert ends(Interval(low=-math.inf, high=math.inf)) == "any value"
    assert ends(Interval(low=71, high=71)) == "71"


def test_a_measure_carries_unit_and_interval() -> None:
    count = Measure(name="n", value=12, interval=Interval(low=8, high=17))
    assert measure(count) == "12 (95 %: 8 to 17)"
    area = Measure(name="a", value=640.0, unit="m2", interval=Interval(low=600.0, high=680.0))
    assert measure(area) == "640 m² (95 %: 600 to 680 m²)"
    assert measure(Measure(name="azimuth", value=142.0, unit="deg")) == "142°"
    assert measure(Measure(name="checked", value=False)) == "no"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (3.6e-05, "km", "0.036 m"),
        (679.4, "km", "679 km"),
        (12_680.0, "km", "12,700 km"),
        (0.9996, "km", "1 km"),
        (0.25, "km", "250 m"),
        (1234.5, "m", "1.23 km"),
        (0.3, "m", "0.3 m"),
        (3.6e-08, "km", "less than 1 mm"),
        (0.0, "km", "0 m"),
    ],
)
def test_a_length_is_in_the_unit_that_fits_it_and_has_no_exponent(
    value: float, unit: str, shown: str
) -> None:
    assert measure(Measure(name="distance", value=value, unit=unit)) == shown


def test_an_interval_keeps_the_unit_of_its_value() -> None:
    interval = Interval(low=0.0101, high=0.0143)
    found = Measure(name="error", value=0.0122, unit="km", interval=interval)
    assert measure(found) == "12.2 m (95 %: 10.1 to 14.3 m)"
    interval = Interval(low=0.5, high=1.5)
    found = Measure(name="error", value=0.9, unit="km", interval=interval)
    assert measure(found) == "0.9 km (95 %: 0.5 to 1.5 km)"


def test_an_unknown_measure_says_why() -> None:
    found = Measure(name="height", value=None, unit="m", reason="no elevation model was given")
    assert measure(found) == "unknown: no elevation model was given"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "file size unknown"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_900, "1 MB"),
        (2_412_345, "2.41 MB"),
        (3 * 10**15, "3,000 TB"),
    ],
)
def test_a_file_size_has_three_digits(count: int | None, shown: str) -> None:
    assert size(count) == shown
