"""Every sample, verified once."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgcheck.model import Report
from imgcheck.regression import case_report

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FOLDERS = tuple(sorted(p.parent for p in SAMPLES.glob("*/expected.yml")))


@cache
def report_of(folder: Path) -> Report:
    return case_report(folder)


@cache
def expected_of(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "expected.yml").read_text(encoding="utf-8"))


# The quick set verifies two of the samples; the slow set the others.
_QUICK = {"honest-post", "recycled-crop"}


@pytest.fixture(
    params=[
        pytest.param(f, id=f.name, marks=() if f.name in _QUICK else pytest.mark.slow)
        for f in FOLDERS
    ]
)
def sample(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder
