"""The page in a browser, where one is installed: its policy lets its own script run."""

from pathlib import Path

import pytest

from imgcheck.report.verify_page import html
from tests.report import browser, scenery
from tests.report.sample_report import sample


@pytest.mark.slow
@browser.needed
def test_the_script_runs_under_the_pages_own_policy(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(sample(), picture_view=scenery.posted()), encoding="utf-8")
    shown = browser.shown(path, tmp_path)
    assert '<html lang="en" class="js">' in shown
    assert 'class="pair sliding"' in shown
    assert "inset(0px 0px 0px 50%)" in shown
