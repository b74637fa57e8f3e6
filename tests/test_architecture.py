"""The walls of the house: what may import what, and what stays unloaded."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("cv2", "rasterio", "skimage", "scipy")


@pytest.mark.parametrize(
    "program",
    [
        "import imgcheck",
        "from imgcheck.cli import run; run(['--help'])",
        "from imgcheck.cli import run; run(['--version'])",
        "from imgcheck.cli import run; run(['verify', '--help'])",
    ],
)
def test_start_up_loads_no_heavy_library(program: str) -> None:
    words = f"import sys; {program}; print(sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_module_is_named_for_what_it_is_not_about() -> None:
    shapeless = {"utils", "helpers", "common", "manager", "misc"}
    found = [p for p in (ROOT / "imgcheck").rglob("*.py") if p.stem in shapeless]
    assert not found
