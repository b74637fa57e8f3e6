"""Fixtures that every test folder shares."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Give the folder of real imagery, or skip where it is not on this machine."""
    folder = Path(os.environ.get("IMGCHECK_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip("real imagery absent: set IMGCHECK_DATA to its folder")
    return folder
