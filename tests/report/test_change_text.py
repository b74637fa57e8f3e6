"""Sentences of ``imgcheck change`` about objects and about what would be found."""

import pytest

from imgcheck.report import changes


def said(*q: float) -> dict:
    rows = [
        {"properties": {"number": n, "kind": "brighter", "area_m2": None, "q_value": each}}
        for n, each in enumerate(q, start=1)
    ]
    return {"features": rows}


@pytest.mark.parametrize(
    ("q", "sentence"),
    [
        ((), "No changed object was found."),
        ((0.01,), "1 changed object: 1 brighter."),
        ((0.01, 0.05), "2 changed objects: 2 brighter."),
        (
            (0.05, 0.62),
            "2 changed objects, 1 with q <= 0.05, the others up to 0.62: 2 brighter.",
        ),
        ((0.06,), "1 changed object, none with q <= 0.05, up to 0.06: 1 brighter."),
    ],
)
def test_the_first_sentence_counts_the_sure_objects(q, sentence) -> None:
    assert next(iter(changes.objects(said(*q)))) == sentence


def test_the_table_of_power_has_one_contrast_and_both_looks() -> None:
    def row(look: str, side: float, contrast: float, expected: float) -> dict:
        return {"look": look, "side_m": side, "side_px": side / 0.5, "contrast": contrast,
                "tried": 9, "found": 5, "expected": expected}  # fmt: skip

    rows = [
        row("block", 2.0, 0.15, 0.4),
        row("block", 2.0, 0.3, 0.9),
        row("block", 4.0, 0.15, 0.8),
        row("pit", 2.0, 0.15, 0.1),
        row("pit", 4.0, 0.15, 0.3),
    ]
    assert changes.power({"power": rows}) == [("2 m", [0.4, 0.1]), ("4 m", [0.8, 0.3])]
    assert changes.power({"power": []}) == []
