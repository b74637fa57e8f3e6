"""Does the second reader survive what a process and a file can do to it?"""

import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest

from imgcheck.errors import MissingDependencyError
from imgcheck.provenance import NoSecondReading, metadata
from imgcheck.provenance.fields.exiftool import (
    ExifTool,
    SecondEntry,
    SecondReading,
    disagreements,
    same_value,
)
from imgcheck.provenance.fields.values import TagEntry
from tests.provenance import build

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
REAL = shutil.which("exiftool")
real = pytest.mark.skipif(REAL is None, reason="exiftool is not on this machine")

# A stand-in; BEHAVIOUR runs in place of reading a file.
_SCRIPT = """#!{python} -S
import os, sys, time
assert sys.argv[1:3] == ["-config", ""], sys.argv
with open({log!r}, "a") as log:
    log.write("\\n".join(sys.argv[3:]) + "\\n")
if sys.argv[3:] == ["-ver"]:
    print({version!r})
else:
    data = open(sys.argv[-1], "rb").read()
{behaviour}
"""
GOOD = """    print('[{"SourceFile": "x", "IFD0:Make": {"id": "0x010f", "val": "Maker"}}]')"""


def stand_in(folder: Path, behaviour: str = GOOD, version: str = "12.57") -> Path:
    path = folder / "exiftool"
    text = _SCRIPT.format(
        python=sys.executable, log=str(folder / "log"), version=version, behaviour=behaviour
    )
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def reading(found: SecondReading | NoSecondReading) -> SecondReading:
    assert isinstance(found, SecondReading)
    return found


@posix
def test_values_are_read_with_group_name_and_number(tmp_path: Path) -> None:
    found = reading(ExifTool(stand_in(tmp_path)).read(b"bytes", format="jpeg"))
    assert found.entries == (SecondEntry(group="IFD0", name="Make", value="Maker", tag=0x010F),)
    assert found.version == "12.57"


@posix
def test_only_generated_names_reach_it_and_no_copy_stays(tmp_path: Path) -> None:
    reader = ExifTool(stand_in(tmp_path))
    reader.read(b"bytes", format="png")
    reader.read(b"bytes", format="-x\n-o")
    names = [Path(line) for line in (tmp_path / "log").read_text().splitlines() if "/" in line]
    assert [name.name for name in names] == ["picture.png", "picture.bin"]
    assert not any(name.exists() or name.parent.exists() for name in names)


@posix
@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("    time.sleep(60)", "no answer within"),
        ("    os._exit(3)", "not JSON"),
        ("    print('gar{bage')", "not JSON"),
        ("    print('[' * 200000)", "not JSON"),
        ("    print('[{}, {}]')", "not about one file"),
    ],
)
def test_a_failure_is_a_result_with_its_reason(tmp_path: Path, behaviour: str, words: str) -> None:
    found = ExifTool(stand_in(tmp_path, behaviour), timeout_s=1.0).read(b"bad", format="jpeg")
    assert isinstance(found, NoSecondReading)
    assert words in found.problem


@posix
def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    flood = "    while True:\n        sys.stdout.write('x' * 65536)"
    start = time.monotonic()
    found = ExifTool(stand_in(tmp_path, flood), timeout_s=20).read(b"bytes", format="jpeg")
    assert isinstance(found, NoSecondReading)
    assert "longer than 16 MB" in found.problem
    assert time.monotonic() - start < 15


@posix
def test_a_child_of_the_program_does_not_outlive_the_call(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    forks = (f"    child = os.fork()\n    if child == 0: time.sleep(60)\n"
             f"    open({str(pid)!r}, 'w').write(str(child))\n    print('[{{}}]')")  # fmt: skip
    reading(ExifTool(stand_in(tmp_path, forks)).read(b"x", format="jpeg"))
    end = time.monotonic() + 5
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(int(pid.read_text()), 0)
            state = Path(f"/proc/{pid.read_text()}/stat")
            if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                raise ProcessLookupError  # killed, and waiting for its parent to look
            time.sleep(0.05)


@posix
def test_versions_with_the_command_hole_are_refused_and_old_ones_are_named(
    tmp_path: Path,
) -> None:
    with pytest.raises(MissingDependencyError, match="CVE-2022-23935"):
        ExifTool(stand_in(tmp_path, version="12.37"))
    assert "older than 12.57" in ExifTool(stand_in(tmp_path, version="12.40")).warnings[0]
    with pytest.raises(MissingDependencyError, match="does not answer like exiftool"):
        ExifTool(stand_in(tmp_path, version="hello"))


def test_a_program_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="cannot be used"):
        ExifTool(tmp_path / "nothing")


@posix
def test_surroundings_of_the_caller_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERL5OPT", "-Mevil")
    shown = "    import json; print(json.dumps([{'A:b': {'val': sorted(os.environ)}}]))"
    value = reading(ExifTool(stand_in(tmp_path, shown)).read(b"x", format="jpeg")).entries[0].value
    assert "PERL5OPT" not in value
    assert os.environ["PERL5OPT"] == "-Mevil"


@real
def test_the_real_one_agrees_on_a_made_file() -> None:
    block = build.tiff(
        [build.ascii_(0x010F, "Maker"), build.rational(0x011A, (1, 3))],
        exif=[build.ascii_(0x9003, "2017:09:08 10:03:11"), (0x9286, 7, b"ASCII\0\0\0hello")],
        gps=[build.ascii_(1, "N"), build.rational(2, (35, 1), (20, 1), (6, 1))],
        thumbnail=build.jpeg(build.picture(16, 12)),
    )
    data = build.jpeg_with_exif(block)
    assert REAL is not None
    second = reading(ExifTool(REAL).read(data, format="jpeg"))
    assert len([e for e in second.entries if e.group in ("IFD0", "ExifIFD", "GPS")]) >= 5
    entries = metadata(data, format="jpeg").entries
    assert disagreements(data, entries, second, format="jpeg") == ()


def test_both_readings_are_kept_where_they_differ() -> None:
    data = build.jpeg_with_exif(build.tiff([build.ascii_(0x010F, "Maker")]))
    second = SecondReading(version="12.57", entries=(
        SecondEntry(group="IFD0", name="Make", value="Faker", tag=0x010F),
        SecondEntry(group="IFD0", name="Model", value="M1", tag=0x0110),
        SecondEntry(group="Nikon", name="Serial", value="7", tag=0x001D),
    ))  # fmt: skip
    entries = metadata(data, format="jpeg").entries
    make, model = disagreements(data, entries, second, format="jpeg")
    assert (make.tag, make.ours, make.theirs) == ("IFD0:Make", "Maker", "Faker")
    assert make.their_reader == "exiftool 12.57"
    assert make.offset is not None
    assert data[make.offset : make.offset + 5] == b"Maker"
    assert (model.tag, model.ours, model.theirs) == ("IFD0:Model", None, "M1")


@pytest.mark.parametrize(
    ("group", "tag", "value", "written", "same"),
    [
        ("ExifIFD", 0x829A, 1 / 3, "0.3333333333", True),
        ("ExifIFD", 0x829A, 1 / 3, "0.33333", False),
        ("ExifIFD", 0x829A, "0/0", "undef", True),
        ("ExifIFD", 0x829A, "1/0", "undef", False),
        ("ExifIFD", 0x9201, 3, "0.125", True),
        ("IFD1", 0x0201, 100, "112", True),
        ("IFD1", 0x0201, 100, "113", False),
        ("GPS", 2, [35, 20, 6], "35.335", True),
        ("GPS", 2, [35, 20, 7], "35.335", False),
        ("GPS", 7, [7, 30, 14.5], "07:30:14.5", True),
        ("IFD0", 0x010F, "Wörd", "W?rd", True),
        ("IFD0", 0x010F, "Ward", "W?rd", False),
        ("IFD0", 0x0110, "007", "7", False),
    ],
)
def test_values_are_equal_only_up_to_what_the_other_reader_rounds(
    group: str, tag: int, value: object, written: str, same: bool
) -> None:
    entry = TagEntry(group=group, name="x", value=value, tag=tag, reader="exif")  # type: ignore[arg-type]
    assert same_value(entry, written, start=12) is same
