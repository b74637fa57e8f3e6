"""Tables and page of a batch: the same bytes, and nothing that a spreadsheet computes."""

import csv
import json
from pathlib import Path

from imgcheck.batch import write_results

RESULTS = [
    {
        "path": "=cmd()|a.jpg", "sha256": "0" * 64, "state": "done", "failed_checks": [],
        "report": "pictures/a/report.json", "verdicts": {"x": "contradicted", "y": "not_run"},
        "view": None,
    },
    {"path": "<b>.jpg", "sha256": None, "state": "refused", "error": "is text"},
]  # fmt: skip


def test_the_tables_hold_every_picture_and_their_bytes_repeat(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    write_results(RESULTS, tmp_path / "one")
    made = write_results(RESULTS, tmp_path / "two")
    for path in made:
        assert (tmp_path / "one" / path.name).read_bytes() == path.read_bytes()
    with (tmp_path / "two" / "results.csv").open(encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert first["path"] == "'=cmd()|a.jpg" and first["contradicted"] == first["not_run"] == "1"
    assert (second["state"], second["error"], second["contradicted"]) == ("refused", "is text", "0")
    lines = (tmp_path / "two" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["=cmd()|a.jpg", "<b>.jpg"]
    assert all("view" not in json.loads(line) for line in lines)


def test_the_page_filters_by_verdict_without_a_script(tmp_path: Path) -> None:
    write_results(RESULTS, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<b>.jpg" not in page and "&lt;b&gt;.jpg" in page
    for kind in ("contradicted", "not_run", "refused"):
        assert f'id="k-{kind}"' in page
        assert f"main:has(#k-{kind}:checked) .tile:not(.{kind}){{display:none}}" in page
    assert 'href="./pictures/a/report.html"' in page
