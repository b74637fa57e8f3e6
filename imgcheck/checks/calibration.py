"""Measured error rates of the checks, read from the files that their benchmarks write."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from imgcheck.model import ErrorRate


def error_rate(check: str, name: str) -> ErrorRate:
    """Read one error rate of a check.

    Parameters
    ----------
    check : str
        Id of the check: the file is ``calibration/ID.json`` beside this module. It is written by
        a benchmark (`tests.benchmarks.calibrate.write`), never by hand.
    name : str
        Key of the rate in that file.

    Raises
    ------
    KeyError
        If the file has no such rate.
    """
    return ErrorRate(**_rates(check)[name])


@cache
def _rates(check: str) -> dict[str, dict[str, Any]]:
    text = (files(__package__) / "calibration" / f"{check}.json").read_text("utf-8")
    rates: dict[str, dict[str, Any]] = json.loads(text)
    return rates
