"""Chromium without a window, for the tests that look at a page as a reader's browser does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_FOUND = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

needed = pytest.mark.skipif(
    _FOUND is None, reason="no Chromium on this machine: install chromium or google-chrome"
)


def shown(page: Path, folder: Path, *options: str) -> str:
    """Return the document of a page as text, after its scripts have run."""
    profile = f"--user-data-dir={folder / 'profile'}"
    return subprocess.run(
        [str(_FOUND), *_OPTIONS, profile, *options, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(folder)},
    ).stdout


def photographed(page: Path, folder: Path, *, size: tuple[int, int]) -> bytes:
    """Return a PNG of the first ``size`` pixels of a page, width before height."""
    profile, target = f"--user-data-dir={folder / 'profile'}", folder / "shown.png"
    window = f"--window-size={size[0]},{size[1]}"
    subprocess.run(
        [str(_FOUND), *_OPTIONS, profile, "--hide-scrollbars", window,
         f"--screenshot={target}", page.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    return target.read_bytes()
