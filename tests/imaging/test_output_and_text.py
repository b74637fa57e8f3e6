"""Files appear whole or not at all; foreign text commands no terminal."""

import os
import stat
import unicodedata
from pathlib import Path

import pytest

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import output as output_module
from imgcheck.imaging import printable, write_atomically


def test_text_and_bytes_are_written(tmp_path: Path) -> None:
    assert write_atomically(tmp_path / "a.txt", "é\n").read_bytes() == b"\xc3\xa9\n"
    assert write_atomically(os.fsencode(tmp_path / "b"), b"\0\1").read_bytes() == b"\0\1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


def test_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o640)
    write_atomically(target, "new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_link_as_target_is_refused_and_what_it_points_at_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "report.json").symlink_to("precious")
    with pytest.raises(UsageError, match="symbolic link"):
        write_atomically(tmp_path / "report.json", "new")
    assert (tmp_path / "precious").read_text() == "keep"


@pytest.mark.parametrize("name", ["folder", "pipe"])
def test_target_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        write_atomically(tmp_path / name, "x")


def test_missing_directory_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="its directory does not exist; make it first"):
        write_atomically(tmp_path / "no" / "report.json", "x")


@pytest.mark.parametrize("step", ["fsync", "replace", "write"])
def test_failure_at_any_step_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    elif step == "fsync":
        monkeypatch.setattr(output_module.os, "fsync", fail)
    else:
        monkeypatch.setattr(output_module.os, "open", fail)
    with pytest.raises(UnreadableError, match="cannot be written: No space left"):
        write_atomically(target, "new")
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_terminal_commands_are_escaped() -> None:
    assert printable("a\x1b[2J\x07\r\nb") == r"a\x1b[2J\x07\x0d\x0ab"
    assert printable("\x9b31m") == r"\x9b31m"


def test_reversed_reading_is_escaped() -> None:
    assert printable("photo\u202egpj.exe") == r"photo\u202egpj.exe"
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200F, 0x2028, 0xFEFF):
        assert chr(code) not in printable(f"a{chr(code)}b")


def test_bytes_of_a_name_that_are_no_text_are_shown_in_hexadecimal() -> None:
    assert printable(os.fsdecode(b"a\xff.jpg")) == r"a\xff.jpg"
    printable("\ud800").encode()


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    for text in ("Deir ez-Zor 100 %", "دير الزور", "北京 🛰", "ĳ é"):
        assert printable(text) == text


def test_everything_printed_is_printable() -> None:
    every = "".join(chr(code) for code in range(0x3000))
    shown = printable(every)
    assert not {"Cc", "Cf", "Cs"} & {unicodedata.category(c) for c in shown}


def test_long_text_is_cut_and_marked() -> None:
    assert printable("a" * 50, limit=10) == "a" * 9 + "…"
