"""Every kind of page against the rules of WCAG 2.2 A and AA that axe-core can test."""

import json
import re
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest
from PIL import Image

from imgcheck.cli import run
from imgcheck.report.verify_page import html
from tests.report import browser, scenery
from tests.report.sample_report import sample

pytestmark = [pytest.mark.slow, browser.needed]

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
_AXE = find_spec("axe_playwright_python")  # only for the file of axe-core that it carries
_RUN = """<script>
for (const one of document.querySelectorAll("details")) {
  one.removeAttribute("name");  // one of a name is open at a time
  one.open = true;
}
axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(found => {
  const said = document.createElement("pre");
  said.id = "found";
  said.textContent = JSON.stringify({passes: found.passes.length, violations: found.violations.map(
    one => [one.impact, one.id, one.nodes.map(node => node.html.slice(0, 200))])});
  document.body.append(said);
});
</script>"""


def _verify(folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(html(sample(), picture_view=scenery.posted()), encoding="utf-8")
    return page


def _model(folder: Path) -> Path:
    sample = SAMPLES / "deir-ez-zor-2017"
    given = ["--claim", str(sample / "claim.yml"), "--reference", str(sample / "reference")]
    assert run(["verify", str(sample / "post.jpg"), *given, "-o", str(folder / "out")]) == 0
    return folder / "out" / "report.html"


def _locate(folder: Path) -> Path:
    picture, references = SAMPLES / "deir-ez-zor-2017/post.jpg", SAMPLES / "deir-ez-zor-2017"
    given = ["--reference", str(references / "reference"), "-o", str(folder / "out")]
    assert run(["locate", str(picture), *given]) == 0
    return folder / "out" / "locate.html"


def _inspect(folder: Path) -> Path:
    page = folder / "inspect.html"
    assert run(["inspect", str(SAMPLES / "signed-post/post.jpg"), "--html", str(page)]) == 0
    return page


def _sun(folder: Path) -> Path:
    page = folder / "sun.html"
    given = ["--at", "50.54,30.21", "--time", "2022-03-19T10:00Z", "--azimuth", "330,3"]
    assert run(["sun", *given, "-o", str(page)]) == 0
    return page


def _batch(folder: Path) -> Path:
    (folder / "posts").mkdir()
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "posts" / "a.jpg")
    (folder / "posts" / "b.jpg").write_text("no picture", encoding="utf-8")
    given = [str(folder / "posts"), "--inspect", "--jobs", "1", "-o", str(folder / "out")]
    assert run(["batch", *given]) == 0
    return folder / "out" / "index.html"


@pytest.mark.skipif(_AXE is None, reason="axe-core comes with axe-playwright-python (extra test)")
@pytest.mark.parametrize("make", [_verify, _model, _locate, _inspect, _sun, _batch])
def test_a_page_breaks_no_rule_in_light_and_in_dark(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert _AXE is not None and _AXE.origin is not None
    text = make(tmp_path).read_text(encoding="utf-8")
    text, many = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert many == 1
    copyfile(Path(_AXE.origin).with_name("axe.min.js"), tmp_path / "axe.min.js")
    page = tmp_path / "examined.html"
    page.write_text(
        text.replace("</html>", f'<script src="axe.min.js"></script>{_RUN}</html>'),
        encoding="utf-8",
    )
    for scheme in ("0", "1"):  # dark, light
        shown = browser.shown(
            page,
            tmp_path,
            f"--blink-settings=preferredColorScheme={scheme}",
            "--virtual-time-budget=60000",
        )
        said = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
        assert said is not None, "axe-core did not finish"
        found = json.loads(unescape(said[1]))
        assert found["passes"] > 8
        assert found["violations"] == []
