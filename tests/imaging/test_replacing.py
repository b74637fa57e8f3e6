"""Outputs replace only what imgcheck wrote, and a folder of results changes as one."""

import os
import stat
from pathlib import Path

import pytest

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import output
from imgcheck.imaging.output import Replacing, write_folder, write_output

PAGE = '<!doctype html><meta name="generator" content="imgcheck">{}'


def files(number: int, *more: str) -> dict[str, str | bytes]:
    names = ("page.html", "data.json", *more)
    return {name: PAGE.format(number) if name == "page.html" else f"{number}" for name in names}


def held(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_text().partition("<!-- imgcheck-files")[0]
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def write(folder: Path, number: int, *more: str, **rest: object) -> None:
    write_folder(folder, files(number, *more), page="page.html", replacing=Replacing(**rest))


@pytest.mark.parametrize(
    "text",
    [
        PAGE,
        '<svg xmlns="http://www.w3.org/2000/svg"><!-- Written by imgcheck --></svg>',
        '<testsuites><testsuite name="imgcheck regress"/></testsuites>',
        '{"@context": {"kb": "urn:imgcheck:case:"}}',
        '{\n  "schema": "imgcheck-locate/1"}',
    ],
)
def test_a_file_with_the_mark_is_replaced(tmp_path: Path, text: str) -> None:
    target = tmp_path / "out"
    target.write_text(text)
    assert write_output(target, PAGE).read_text() == PAGE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"<html>my notes about imgcheck</html>",
        b'{"tool": "imgcheck"}',
        # A picture may say anything in its metadata.
        b'\xff\xd8\xff\xfe<meta name="generator" content="imgcheck">',
        b"<html>" + b" " * 5000 + b'<meta name="generator" content="imgcheck">',
    ],
)
def test_a_file_without_the_mark_is_replaced_by_force_only(tmp_path: Path, data: bytes) -> None:
    target = tmp_path / "out"
    target.write_bytes(data)
    with pytest.raises(UsageError, match=r"not written by imgcheck; .* --force"):
        write_output(target, PAGE)
    assert target.read_bytes() == data
    write_output(target, PAGE, replacing=Replacing(force=True))
    assert target.read_text() == PAGE


@pytest.mark.parametrize("way", ["path", "dots", "hard link", "link to it", "given by link"])
def test_an_input_is_never_replaced_by_whatever_name(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = target = tmp_path / "a.html"
    given.write_text(PAGE)
    other = tmp_path / "b.html"
    if way == "dots":
        (tmp_path / "sub").mkdir()
        target = tmp_path / "sub" / ".." / "a.html"
    elif way == "hard link":
        os.link(given, other)
        target = other
    elif way == "link to it":
        other.symlink_to(given)
        target = other
    elif way == "given by link":
        other.symlink_to(given)
        given = other
    with pytest.raises(UsageError, match=r"input|not a regular file"):
        write_output(target, "new", replacing=Replacing(inputs=(given,), force=True))
    assert (tmp_path / "a.html").read_text() == PAGE


def test_a_folder_of_results_is_replaced_with_what_it_had_more(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    write(folder, 1, "old.png")
    folder.chmod(0o750)
    write(folder, 2, "new.png")
    expected = {"data.json": "2", "new.png": "2", "page.html": PAGE.format(2)}
    assert held(folder) == expected
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    write(tmp_path, 1, "old.png")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sub").mkdir()
    write(tmp_path, 2)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "data.json", "notes.txt", "page.html", "sub",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["page.html", "data.json"])
def test_a_file_of_the_folder_that_was_edited_is_replaced_by_force_only(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, 1)
    with (tmp_path / name).open("r+") as stream:
        stream.write("edited")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=name):
        write(tmp_path, 2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write(tmp_path, 2, force=True)
    assert held(tmp_path)["data.json"] == "2"


def test_an_edited_file_that_is_no_longer_needed_stays(tmp_path: Path) -> None:
    write(tmp_path, 1, "old.png")
    (tmp_path / "old.png").write_text("annotated")
    write(tmp_path, 2)
    assert (tmp_path / "old.png").read_text() == "annotated"


def test_an_input_in_the_folder_is_never_replaced_nor_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    write(folder, 1, "picture.png")
    given = folder / "picture.png"
    with pytest.raises(UsageError, match="input"):
        write(folder, 2, "picture.png", inputs=(given,), force=True)
    assert held(folder)["data.json"] == "1"
    write(folder, 2, inputs=(given,))
    assert held(folder) == {"data.json": "2", "page.html": PAGE.format(2), "picture.png": "1"}


def test_a_picture_in_a_folder_of_inputs_is_never_replaced(tmp_path: Path) -> None:
    placed = {"page.html": PAGE, "map.png": b"\x89PNG\r\n\x1a\n" + bytes(40)}
    write_folder(tmp_path, placed, page="page.html")
    with pytest.raises(UsageError, match="input"):
        write_folder(tmp_path, placed, page="page.html", replacing=Replacing(inputs=(tmp_path,)))
    write_folder(tmp_path, placed, page="page.html")


def test_a_list_that_names_files_elsewhere_takes_nothing_away(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "precious").write_text("keep")
    folder = tmp_path / "report"
    write(folder, 1)
    digest = hashlib.sha256(b"keep").hexdigest()
    page = (folder / "page.html").read_text()
    forged = page.replace("imgcheck-files {", f'imgcheck-files {{"../precious": "{digest}", ')
    assert forged != page
    (folder / "page.html").write_text(forged)
    write(folder, 2)
    assert (tmp_path / "precious").read_text() == "keep"


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe"):
        with pytest.raises(UsageError, match="is not a folder"):
            write(tmp_path / name, 1)


WAYS = ["exchanged", "renamed", "shared", "current"]


def prepared(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is replaced in a certain way."""
    folder = tmp_path / "report"
    write(folder, 1, "old.png")
    if way == "shared":
        (folder / "notes.txt").write_text("mine")
    elif way == "current":
        monkeypatch.chdir(folder)
    elif way == "renamed":  # a system that cannot exchange two names
        import ctypes

        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_replacing_gives_the_new_files(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(tmp_path, way, monkeypatch)
    before = folder.stat().st_ino
    write(folder, 2)
    expected = {"data.json": "2", "page.html": PAGE.format(2)}
    assert {k: v for k, v in held(folder).items() if k != "notes.txt"} == expected
    # A shell that stands in the folder must not lose it.
    assert (folder.stat().st_ino == before) is (way in ("shared", "current"))
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_at_any_step_leaves_the_old_files(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(tmp_path, way, monkeypatch)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    steps, fail_at = [0], [0]

    def failing(real):  # type: ignore[no-untyped-def]
        def call(*given, **named):  # type: ignore[no-untyped-def]
            steps[0] += 1
            if steps[0] == fail_at[0]:
                raise OSError(28, "No space left on device")
            return real(*given, **named)

        return call

    with monkeypatch.context() as patch:
        for module, name in (
            (output.os, "open"), (output.os, "fsync"), (Path, "rename"), (Path, "mkdir"),
            (output, "_swap"),
        ):  # fmt: skip
            patch.setattr(module, name, failing(getattr(module, name)))
        reached = 0
        while True:
            steps[0], fail_at[0] = 0, fail_at[0] + 1
            try:
                write(folder, 2)
            except (UnreadableError, UsageError) as error:
                # What cannot be read is not known to be ours.
                assert "No space left" in error.message or "--force" in error.message
                reached += 1
                after = {path.name: path.read_bytes() for path in folder.iterdir()}
                assert after == before, fail_at
                assert [path.name for path in tmp_path.iterdir()] == ["report"]
            else:
                if steps[0] < fail_at[0]:
                    break
                # Only flushing what was done already may fail without a word.
                write(folder, 1, "old.png", force=True)
        assert reached >= 5


@pytest.mark.parametrize("way", ["exchanged", "shared"])
def test_a_killed_process_leaves_the_old_files_or_the_new_ones(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every system call may be the last one; no new page ever stands beside an old data file."""
    folder = prepared(tmp_path, way, monkeypatch)
    seen = set()

    def watched(real):  # type: ignore[no-untyped-def]
        def call(*given, **named):  # type: ignore[no-untyped-def]
            found = held(folder) if folder.is_dir() else {}
            numbers = {v[-1] for k, v in found.items() if k in ("page.html", "data.json")}
            seen.add((len(numbers), len(found) - ("notes.txt" in found)))
            assert len(numbers) <= 1
            return real(*given, **named)

        return call

    for name in ("rename", "unlink", "rmdir"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    write(folder, 2)
    if way == "exchanged":
        assert seen <= {(1, 3), (1, 2)}  # never missing, never mixed


def test_a_read_only_parent_does_not_keep_the_folder_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(tmp_path, "exchanged", monkeypatch)
    stage = output._stage

    def refusing(parent: Path, files: object) -> Path:
        if parent == tmp_path:
            raise PermissionError(13, "Permission denied")
        return stage(parent, files)  # type: ignore[arg-type]

    monkeypatch.setattr(output, "_stage", refusing)
    write(folder, 2)
    assert held(folder) == {"data.json": "2", "page.html": PAGE.format(2)}
