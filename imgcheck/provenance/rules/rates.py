"""The measured fire rates that come with the package (written by the benchmark, never by hand)."""

import json
from functools import cache
from importlib import resources
from typing import Any

from imgcheck.provenance.rules.result import FireRate
from imgcheck.quantity import binomial_interval

FORMAT = 1


@cache
def fire_rates() -> dict[str, tuple[FireRate, ...]]:
    """Give, for each rule, how often it fired on each set of files.

    Raises
    ------
    ValueError
        If the file of rates has another format, or counts that cannot be.
    """
    text = resources.files("imgcheck.provenance.rules").joinpath("rates.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    if found.get("format") != FORMAT:
        raise ValueError(f"rates.json has the format {found.get('format')}, not {FORMAT}")
    return {
        id: tuple(_rate(name, found["sets"][name]["what"], row) for name, row in rows.items())
        for id, rows in found["rules"].items()
    }


def _rate(data: str, what: str, counts: dict[str, int]) -> FireRate:
    fired, applicable = counts["fired"], counts["applicable"]
    return FireRate(data=data, what=what, fired=fired, applicable=applicable,
                    interval=binomial_interval(fired, applicable))  # fmt: skip
