"""Does the second reader survive what a process and a file can do to it?"""

import os
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imgcheck.errors import MissingDependencyError
from imgcheck.provenance import metadata
from imgcheck.provenance.fields.disagreement import disagreements, same_value
from imgcheck.provenance.fields.second_reader import ExifTool, SecondEntry, SecondReading
from imgcheck.provenance.fields.value import TagEntry
from tests.provenance import build

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
REAL = shutil.which("exiftool")
real = pytest.mark.skipif(REAL is None, reason="exiftool is not on this machine")

# A stand-in that speaks the protocol; BEHAVIOUR runs in place of reading a file.
_SCRIPT = """#!{python} -S
import os, sys, time
assert sys.argv[1:] == ["-config", "", "-stay_open", "True", "-@", "-"], sys.argv
arguments = []
for line in sys.stdin:
    line = line.rstrip("\\n")
    with open({log!r}, "a") as log:
        log.write(line + "\\n")
    if not line.startswith("-execute"):
        arguments.append(line)
        continue
    if arguments == ["-ver"]:
        print({version!r})
    else:
        path = arguments[-1]
        data = open(path, "rb").read()
{behaviour}
    print("{{ready" + line[8:] + "}}", flush=True)
    arguments = []
"""
GOOD = """        print('[{"SourceFile": "x", "IFD0:Make": {"id": "0x010f", "val": "Maker"}}]')"""


def stand_in(folder: Path, behaviour: str = GOOD, version: str = "12.57") -> Path:
    path = folder / "exiftool"
    text = _SCRIPT.format(
        python=sys.executable, log=str(folder / "log"), version=version, behaviour=behaviour
    )
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@posix
def test_one_process_reads_file_after_file(tmp_path: Path) -> None:
    with ExifTool(stand_in(tmp_path)) as reader:
        for _ in range(3):
            found = reader.read(b"bytes", format="jpeg")
            assert found.problem is None
            assert found.entries == (
                SecondEntry(group="IFD0", name="Make", value="Maker", tag=0x010F),
            )
    log = (tmp_path / "log").read_text()
    assert "-q" not in log.splitlines()
    assert log.count("-ver") == 1


@posix
def test_threads_wait_for_one_another(tmp_path: Path) -> None:
    echo = "        import json; print(json.dumps([{'A:b': {'val': data.decode()}}]))"
    with ExifTool(stand_in(tmp_path, echo)) as reader, ThreadPoolExecutor(8) as pool:
        texts = [str(number) for number in range(40)]
        found = list(pool.map(lambda text: reader.read(text.encode(), format="png"), texts))
    assert [one.entries[0].value for one in found] == texts


@posix
def test_only_generated_names_reach_it_and_no_copy_stays(tmp_path: Path) -> None:
    with ExifTool(stand_in(tmp_path)) as reader:
        reader.read(b"bytes", format="png")
        reader.read(b"bytes", format="-x\n-o")
    names = [Path(line) for line in (tmp_path / "log").read_text().splitlines() if "/" in line]
    assert [name.suffix for name in names] == [".png", ".bin"]
    assert all(name.name.isascii() and name.name.startswith("picture-") for name in names)
    assert not any(name.exists() or name.parent.exists() for name in names)


@posix
@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("        time.sleep(60) if data == b'bad' else print('[{}]')", "no answer within"),
        ("        os._exit(3) if data == b'bad' else print('[{}]')", "ended by itself"),
        ("        print('gar{bage' if data == b'bad' else '[{}]')", "no JSON"),
        ("        print('[' * 200000 if data == b'bad' else '[{}]')", "no JSON"),
        ("        print('[{}, {}]' if data == b'bad' else '[{}]')", "not about one file"),
        # a ready line of another command is output, not the end
        ("        print('[{}]' if data != b'bad' else '{ready1}')", "no JSON"),
    ],
)
def test_a_failure_costs_one_file_and_the_next_is_read(
    tmp_path: Path, behaviour: str, words: str
) -> None:
    with ExifTool(stand_in(tmp_path, behaviour), timeout_s=1.0) as reader:
        bad = reader.read(b"bad", format="jpeg")
        assert bad.problem is not None
        assert words in bad.problem
        assert bad.entries == ()
        assert reader.read(b"good", format="jpeg").problem is None


@posix
def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    flood = "        while True:\n            sys.stdout.write('x' * 65536)"
    with ExifTool(stand_in(tmp_path, flood), timeout_s=20) as reader:
        start = time.monotonic()
        found = reader.read(b"bytes", format="jpeg")
        assert found.problem is not None
        assert "longer than 16 MB" in found.problem
        assert time.monotonic() - start < 15


@posix
def test_three_failures_in_a_row_end_it(tmp_path: Path) -> None:
    with ExifTool(stand_in(tmp_path, "        os._exit(1)"), timeout_s=5) as reader:
        problems = [reader.read(b"x", format="jpeg").problem or "" for _ in range(4)]
    assert ["not asked" in problem for problem in problems] == [False, False, False, True]


@posix
def test_versions_with_the_command_hole_are_refused_and_old_ones_are_named(
    tmp_path: Path,
) -> None:
    with pytest.raises(MissingDependencyError, match="CVE-2022-23935"):
        ExifTool(stand_in(tmp_path, version="12.37"))
    with ExifTool(stand_in(tmp_path, version="12.40")) as reader:
        assert "older than 12.57" in reader.warnings[0]
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
    shown = "        import json; print(json.dumps([{'A:b': {'val': sorted(os.environ)}}]))"
    with ExifTool(stand_in(tmp_path, shown)) as reader:
        value = reader.read(b"x", format="jpeg").entries[0].value
    assert "PERL5OPT" not in value
    assert os.environ["PERL5OPT"] == "-Mevil"


@posix
def test_the_process_does_not_outlive_a_program_that_forgot_to_close_it(tmp_path: Path) -> None:
    waits = "        print('[{}]')"
    program = stand_in(tmp_path, waits)
    text = program.read_text().replace(
        "arguments = []\nfor", f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "arguments = []\nfor", 1,
    ).replace("for line in sys.stdin:", "for line in iter(lambda: sys.stdin.readline() or "
              "time.sleep(0.05) or '\\n', None):", 1)  # fmt: skip
    program.write_text(text)
    script = (
        "from imgcheck.provenance import ExifTool\n"
        f"reader = ExifTool({str(program)!r})\n"
        "print(reader.read(b'x', format='jpeg').problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.stdout == "None\n", done.stderr
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


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
    with ExifTool(REAL) as reader:
        second = reader.read(data, format="jpeg")
    assert second.problem is None
    assert len([e for e in second.entries if e.group in ("IFD0", "ExifIFD", "GPS")]) >= 5
    entries = metadata(data, format="jpeg").entries
    assert disagreements(data, entries, second, format="jpeg") == ()


def test_both_readings_are_kept_where_they_differ() -> None:
    data = build.jpeg_with_exif(build.tiff([build.ascii_(0x010F, "Maker")]))
    second = SecondReading(reader="exiftool", version="12.57", entries=(
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
