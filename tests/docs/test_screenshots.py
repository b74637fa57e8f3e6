"""The pictures of the README and the tutorial show what the pages look like now."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.docs.screenshots import DOCS, made
from tests.report import browser

# Grey levels: fonts and anti-aliasing of another machine change a few; another page changes many.
_MOST = 12.0


def test_every_picture_that_is_named_is_there_and_no_other() -> None:
    pages = (DOCS.parent / "README.md", *DOCS.glob("*.md"))
    named = {
        Path(name).name
        for page in pages
        for name in re.findall(r"\]\(([^)]+\.png)\)", page.read_text("utf-8"))
    }
    assert named == {path.name for path in DOCS.glob("*.png")}


@pytest.mark.slow
@browser.needed
def test_the_pictures_are_of_the_pages_as_they_are(tmp_path: Path) -> None:
    for name, data in made(tmp_path).items():
        with Image.open(io.BytesIO(data)) as now, Image.open(DOCS / name) as kept:
            assert now.size == kept.size, f"{name}: run python -m tests.docs.screenshots"
            levels = [np.asarray(one.convert("L"), float) for one in (now, kept)]
        away = float(np.abs(levels[0] - levels[1]).mean())
        assert away < _MOST, f"{name}: {away:.1f}; run python -m tests.docs.screenshots"
