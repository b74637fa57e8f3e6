"""What the documents show is run, and what they name exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from imgcheck.checks.catalogue import catalogue
from imgcheck.cli import COMMANDS, run
from imgcheck.model import KINDS
from imgcheck.model.claimfile import loads

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


def test_the_python_of_the_readme_runs() -> None:
    (program,) = blocks(ROOT / "README.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "supported | place" in done.stdout


def test_the_main_job_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main_job = blocks(ROOT / "README.md", "sh")[0].strip()
    words = main_job.split(".venv/bin/imgcheck ")[1].split()
    monkeypatch.chdir(ROOT)
    words[words.index("-o") + 1] = str(tmp_path / "out")
    assert run(words) == 0
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_shown_exist_and_their_files_too(path: Path) -> None:
    for block in blocks(path, "console"):
        for line in block.splitlines():
            if not line.startswith("$ imgcheck "):
                continue
            words = line.split()[2:]
            assert words[0] in COMMANDS
            for word in words:
                if word.startswith("samples/"):
                    assert (ROOT / word).exists(), word


def test_the_claim_of_the_documents_can_be_read() -> None:
    (whole, *_) = blocks(ROOT / "docs" / "claim.md", "yaml")
    assert len(loads(whole).statements) == 7


def test_the_claim_page_names_every_kind_and_who_answers_it() -> None:
    text = (ROOT / "docs" / "claim.md").read_text(encoding="utf-8")
    rows = {
        kind.strip(" `"): cells[-1]
        for row in text.splitlines()
        if row.startswith("| `")
        for kinds, *cells in [row.strip("|").split(" | ")]
        for kind in kinds.split(",")
    }
    for kind in KINDS:
        assert kind in rows, kind
        answering = {check.id for check in catalogue() if kind in check.answers}
        named = set(re.findall(r"[a-z]+\.[a-z-]+", rows[kind]))
        assert named == answering, kind


def test_expected_files_name_checks_that_exist() -> None:
    known = {check.id for check in catalogue()}
    for path in ROOT.glob("samples/*/expected.yml"):
        expected = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = set(expected.get("speaks", [])) | set(expected.get("silent", []))
        assert named <= known, path


def test_the_project_names_no_place_of_the_machine_it_was_made_on() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.split()
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home)/|(?<![\w.])/tmp/[a-z]")
    for name in listed:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".cfg", ".toml", ".txt", ".yml", ".json"):
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{name}: {found}"


@pytest.mark.slow
def test_the_lines_of_the_page_for_python_run(tmp_path: Path) -> None:
    lines = "".join(blocks(ROOT / "docs" / "python.md", "python"))
    head = f"from pathlib import Path\nfolder = Path({str(tmp_path)!r})\n"
    subprocess.run([sys.executable, "-c", head + lines], cwd=ROOT, check=True)
