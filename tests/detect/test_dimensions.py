"""Sizes against types: frozen measurements, the table, and rows of like vehicles."""

import math
from dataclasses import replace

import pytest

from imgcheck.detect import dimensions
from imgcheck.detect.dimensions import MeasuredSize, VehicleType
from imgcheck.errors import UsageError


def size(
    length: float, width: float, edge: float = 0.2, scale: float | None = 0.02, objects: int = 1
) -> MeasuredSize:
    return MeasuredSize(
        length_m=length, width_m=width, length_sigma_m=edge, width_sigma_m=edge,
        scale_sigma=scale, objects=objects,
    )  # fmt: skip


def kind(name: str, length: float, width: float, spread: float = 0.03) -> VehicleType:
    return VehicleType(
        name=name, family="", length_m=length, width_m=width, height_m=None,
        length_spread_m=spread, width_spread_m=spread, source="test",
    )  # fmt: skip


WIDE, SEDAN, LORRY = kind("wide", 4.57, 2.16), kind("sedan", 4.55, 1.76), kind("lorry", 7.5, 2.5)


def ranked(measured: MeasuredSize) -> dict[str, dimensions.Candidate]:
    return {one.type.name: one for one in dimensions.compare(measured, [WIDE, SEDAN, LORRY])}


def test_the_table_has_sources_and_sizes_that_can_be() -> None:
    table = dimensions.vehicle_types()
    assert len(table) >= 60
    assert len({one.name for one in table}) == len(table)
    for one in table:
        assert one.source and one.family
        assert 3 < one.length_m < 20 and 1.4 < one.width_m < 4 and 1.3 < one.height_m < 4.3
        assert 1.5 < one.length_m / one.width_m < 7.6
        assert 0 < one.length_spread_m < 0.06 * one.length_m
        assert 0 < one.width_spread_m < 0.06 * one.width_m
    names = " ".join(one.name for one in table)
    military = ("HMMWV", "Cougar 4x4", "Cougar 6x6", "M-ATV", "BTR-80", "T-72", "Ural-4320")
    civil = ("Hilux", "Land Cruiser 79", "KamAZ-4310", "GAZ-66", "Kia", "Hyundai", "semi-trailer")
    assert not [name for name in (*military, *civil) if name not in names]


@pytest.mark.parametrize(
    ("measured", "inside"),
    [
        # 2.447 standard deviations of one side are the edge of the region.
        (size(4.57, 2.16 - 2.40 * math.hypot(0.1, 0.03), edge=0.1, scale=0.0), True),
        (size(4.57, 2.16 - 2.50 * math.hypot(0.1, 0.03), edge=0.1, scale=0.0), False),
        # An error of the scale moves both sides together: along the diagonal it is free,
        (size(4.57 * 1.08, 2.16 * 1.08, edge=0.05, scale=0.05), True),
        (size(4.57 * 1.08, 2.16 * 1.08, edge=0.05, scale=0.01), False),
        # across it does not help.
        (size(4.57 * 1.05, 2.16 * 0.95, edge=0.05, scale=0.05), False),
        # Without a scale only the ratio counts.
        (size(45.7, 21.6, edge=2.0, scale=None), True),
        (size(45.7, 17.6, edge=0.5, scale=None), False),
    ],
)
def test_what_lies_in_the_region_of_a_measurement(measured: MeasuredSize, inside: bool) -> None:
    assert ranked(measured)["wide"].inside is inside


@pytest.mark.parametrize(("deviations", "inside"), [(1.93, True), (1.99, False), (-1.99, False)])
def test_the_ratio_alone_has_the_region_of_one_degree_of_freedom(deviations, inside) -> None:
    measured = size(50, 20, edge=2, scale=None)
    spread = math.sqrt((2 / 50) ** 2 + (2 / 20) ** 2 + 2 * 0.001**2)
    width = 4.57 / (2.5 * math.exp(deviations * spread))
    exact = kind("exact", 4.57, width, spread=0.0)
    exact = replace(exact, length_spread_m=0.001 * 4.57, width_spread_m=0.001 * width)
    (found,) = dimensions.compare(measured, [exact])
    assert (found.inside, found.aspect_inside) == (inside, inside)
    assert found.distance == pytest.approx(deviations**2)


def test_a_likelihood_ratio_worked_out_by_hand() -> None:
    found = ranked(size(4.57, 2.16, edge=0.1, scale=0.0))
    # Both have the same covariance: the ratio follows from the distances alone.
    variance = 0.1**2 + 0.03**2
    expected = (0.02**2 + 0.40**2) / variance / 2 / math.log(10)
    assert found["wide"].log10_ratio == 0
    assert found["sedan"].log10_ratio == pytest.approx(expected)
    assert found["sedan"].distance == pytest.approx((0.02**2 + 0.40**2) / variance)


def test_at_half_a_metre_a_wide_car_is_not_distinguishable_from_a_sedan() -> None:
    edge = 0.35 * math.sqrt(2) * 0.5
    found = ranked(size(4.57, 2.16, edge=edge, scale=0.05))
    assert found["sedan"].inside
    assert found["sedan"].log10_ratio < dimensions.NOT_DISTINGUISHABLE
    assert not found["lorry"].inside
    sharp = ranked(size(4.57, 2.16, edge=edge / 5, scale=0.05))
    assert not sharp["sedan"].inside
    assert sharp["sedan"].log10_ratio > dimensions.NOT_DISTINGUISHABLE


def test_the_ratio_and_its_interval_are_free_of_the_scale() -> None:
    one, other = size(5, 2, scale=0.0), size(5, 2, scale=0.3)
    assert one.aspect == 2.5
    assert one.aspect_interval == other.aspect_interval
    reach = 1.96 * math.hypot(0.2 / 5, 0.2 / 2)
    assert one.aspect_interval.high == pytest.approx(2.5 * math.exp(reach))
    assert 2.5 in one.aspect_interval


def test_in_a_row_the_edges_average_out_and_the_scale_does_not() -> None:
    pooled = dimensions.pool([size(4.6, 2.1, edge=0.2, scale=0.05) for _ in range(16)])
    assert pooled is not None
    assert pooled.objects == 16
    assert pooled.length_sigma_m == pytest.approx(0.05)
    assert pooled.scale_sigma == 0.05
    weighted = dimensions.pool([size(4.0, 2.0, edge=0.1), size(4.3, 2.0, edge=0.2)])
    assert weighted is not None
    assert weighted.length_m == pytest.approx((4.0 * 4 + 4.3) / 5)


@pytest.mark.parametrize(
    ("lengths", "alike"),
    [
        ([4.5, 4.7, 4.6, 4.4], True),
        ([4.6], True),
        # Two differ too much at 2.58 standard errors of their difference, 0.2 * sqrt(2).
        ([4.6, 4.6 + 2.50 * 0.2 * math.sqrt(2)], True),
        ([4.6, 4.6 + 2.66 * 0.2 * math.sqrt(2)], False),
        ([4.5, 7.0, 4.6], False),
    ],
)
def test_vehicles_that_differ_are_not_averaged(lengths: list[float], alike: bool) -> None:
    assert (dimensions.pool([size(one, 2.1) for one in lengths]) is not None) is alike


def test_no_object_has_no_mean() -> None:
    with pytest.raises(UsageError, match="no measured object"):
        dimensions.pool([])


def test_one_object_without_a_scale_takes_it_from_all() -> None:
    pooled = dimensions.pool([size(4.6, 2.1), size(4.6, 2.1, scale=None)])
    assert pooled is not None and pooled.scale_sigma is None


@pytest.mark.parametrize(
    "values", [(0, 2, 0.1, 0.1), (5, -2, 0.1, 0.1), (5, 2, 0, 0.1), (math.nan, 2, 0.1, 0.1)]
)
def test_a_size_without_errors_is_refused(values) -> None:
    with pytest.raises(UsageError, match="above 0"):
        MeasuredSize(
            length_m=values[0], width_m=values[1], length_sigma_m=values[2],
            width_sigma_m=values[3], scale_sigma=None,
        )  # fmt: skip
