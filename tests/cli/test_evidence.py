"""No option that writes replaces evidence, nor anything else that imgcheck did not write."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.cli import run

CLAIM = "statements:\n  - {id: who, attribution: x}\n"
SUN = ["sun", "--at", "50.5,30.2", "--time", "2022-03-19T09:08Z"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with two pictures, a claim, a case of a regression and a custody case."""
    rng = np.random.default_rng(20170924)
    for name in ("a.jpg", "b.jpg"):
        pixels = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        Pillow.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "claim.yml").write_text(CLAIM)
    (tmp_path / "notes.html").write_text("<html>what I know of imgcheck</html>")
    cases = tmp_path / "cases" / "one"
    cases.mkdir(parents=True)
    shutil.copy(tmp_path / "a.jpg", cases / "post.jpg")
    (cases / "claim.yml").write_text(CLAIM)
    (cases / "expected.yml").write_text("verdicts: {who: not_testable}\n")
    report = tmp_path / "D"
    report.mkdir()
    shutil.copy(tmp_path / "a.jpg", report / "report.html")
    shutil.copy(tmp_path / "a.jpg", report / "locate.html")
    os.link(tmp_path / "a.jpg", tmp_path / "linked.html")
    (tmp_path / "pointing.html").symlink_to("a.jpg")
    monkeypatch.chdir(tmp_path)
    assert run(["case", "init", "kept"]) == 0
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "--html", "a.jpg", "b.jpg"],  # what a shell makes of: inspect --html *.jpg
        ["inspect", "a.jpg", "--html", "a.jpg"],
        ["inspect", "a.jpg", "--html", "./D/../a.jpg"],
        ["inspect", "a.jpg", "--html", "linked.html"],
        ["inspect", "a.jpg", "--html", "pointing.html"],
        ["inspect", "a.jpg", "--html", "claim.yml"],
        ["inspect", "a.jpg", "--html", "notes.html"],
        ["verify", "-o", "D", "D/report.html"],
        ["verify", "a.jpg", "-o", "D"],
        ["verify", "a.jpg", "b.jpg", "-o", "."],  # ./a.jpg/report.html
        ["verify", "a.jpg", "-o", "b.jpg"],
        ["locate", "a.jpg", "--reference", "b.jpg", "-o", "D"],
        ["locate", "a.jpg", "--reference", "b.jpg", "-o", "a.jpg"],
        ["locate", "--reference", "a.jpg", "--build-index", "b.jpg"],
        [*SUN, "-o", "a.jpg"],
        [*SUN, "-o", "notes.html"],
        ["regress", "cases", "--junit", "cases/one/expected.yml"],
        ["regress", "cases", "--junit", "cases/one/post.jpg"],
        ["case", "export", "kept", "-o", "a.jpg"],
        ["case", "copy", "kept", "123456", "a.jpg"],
        ["case", "keygen", "a.jpg"],
        ["index", "add", "a.jpg", "b.jpg"],
        ["index", "add", "claim.yml", "b.jpg"],
        ["index", "import", "a.jpg", "claim.yml"],
        ["index", "merge", "a.jpg", "b.jpg"],
    ],
    ids=" ".join,
)
def test_an_output_never_replaces_what_imgcheck_did_not_write(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(folder)
    assert run(arguments) in (2, 4)
    assert content(folder) == before
    shown = capsys.readouterr()
    assert shown.out == ""  # refused before the work
    (line,) = shown.err.strip().splitlines()
    assert line.startswith("imgcheck: ")


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["inspect", "a.jpg", "--html", "{}"], "notes.html"),
        ([*SUN, "-o", "{}"], "notes.html"),
        (["regress", "cases", "--junit", "{}"], "notes.html"),
        (["case", "export", "kept", "-o", "{}"], "notes.html"),
        (["verify", "a.jpg", "-o", "D"], "D/report.html"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_force_replaces_it_and_own_outputs_need_no_force(
    arguments: list[str], written: str, folder: Path
) -> None:
    filled = [word.format(written) for word in arguments]
    before = (folder / written).read_bytes()
    assert run(filled) == 2
    assert run([*filled, "--force"]) == 0
    first = (folder / written).read_bytes()
    assert first != before
    assert run(filled) == 0
    assert (folder / written).stat().st_size == pytest.approx(len(first), rel=0.01)


def test_force_does_not_replace_an_input(folder: Path) -> None:
    before = content(folder)
    assert run(["inspect", "a.jpg", "--html", "a.jpg", "--force"]) == 2
    assert run(["verify", "D/report.html", "-o", "D", "--force"]) == 2
    assert run(["inspect", "a.jpg", "--html", "linked.html", "--force"]) == 2
    assert content(folder) == before


def test_an_output_is_refused_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import imgcheck.verification

    def work(*_: object, **__: object) -> None:
        raise AssertionError("too late")

    monkeypatch.setattr(imgcheck.verification, "verify", work)
    assert run(["verify", "a.jpg", "-o", "D"]) == 2
    assert run(["regress", "cases", "--junit", "notes.html"]) == 2


def test_a_file_whose_name_is_known_only_after_the_work_is_not_replaced_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    from imgcheck import publication

    made = {"report.html": "<html>", "report.json": "{}", "evidence.png": b"png"}
    monkeypatch.setattr(publication, "_files", lambda *_: made)
    (folder / "new").mkdir()
    (folder / "new" / "evidence.png").write_bytes(b"mine")
    assert run(["verify", "a.jpg", "-o", "new"]) == 2
    assert [path.name for path in (folder / "new").iterdir()] == ["evidence.png"]
    assert run(["verify", "a.jpg", "-o", "new", "--force"]) == 0
    assert (folder / "new" / "evidence.png").read_bytes() == b"png"
