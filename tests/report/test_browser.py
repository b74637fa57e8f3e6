"""The page in a browser, where one is installed: its policy lets its own script run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imgcheck.report.verify_page import html
from tests.report import scenery
from tests.report.sample_report import sample

_BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(_BROWSER is None, reason="no chromium on this machine")
def test_the_script_runs_under_the_pages_own_policy(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(sample(), picture_view=scenery.posted()), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    shown = subprocess.run(
        [str(_BROWSER), *_OPTIONS, profile, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout
    assert '<html lang="en" class="js">' in shown
    assert 'class="pair sliding"' in shown
    assert "inset(0px 0px 0px 50%)" in shown
