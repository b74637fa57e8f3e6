"""Writes the error rates that the checks print, from the counts of a benchmark."""

import json
from dataclasses import asdict
from pathlib import Path

from imgcheck.model import ErrorRate

FOLDER = Path(__file__).parents[2] / "imgcheck/checks/calibration"


def write(check: str, name: str, *, errors: int, trials: int, what: str, calibration: str) -> None:
    """Set one rate in the calibration file of a check and leave its others as they are.

    ``calibration`` names the page of the docs and its section, such as
    "docs/benchmarks/placing.md, strangers".
    """
    path = FOLDER / f"{check}.json"
    rates = json.loads(path.read_text("utf-8")) if path.exists() else {}
    rate = ErrorRate(errors=errors, trials=trials, what=what, calibration=calibration)
    rates[name] = asdict(rate)
    path.write_text(json.dumps(rates, indent=2, sort_keys=True) + "\n", "utf-8")
