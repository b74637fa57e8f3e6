"""Exit code 1 means a contradiction or a regression; every failure is one sentence."""

import json
import os
import pwd
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.cli import run

SUN = ["sun", "--at", "50.5,30.2", "--time", "2022-03-19T09:08Z"]
CLAIM = "statements:\n  - {id: who, attribution: x}\n"
SHORT = "from imgcheck.cli import main; main({!r})"


@pytest.fixture
def post(tmp_path: Path) -> Path:
    rng = np.random.default_rng(20170924)
    path = tmp_path / "post.jpg"
    Pillow.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def shell(arguments: list[str], redirection: str, **environment: str) -> tuple[int, str, str]:
    """Run a command in a process of its own, with a shell's redirections."""
    words = [sys.executable, "-c", SHORT.format(arguments)]
    quoted = " ".join(f"'{word}'" for word in [word.replace("'", "'\"'\"'") for word in words])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{quoted} {redirection}"],
        capture_output=True, env={**os.environ, **environment}, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.mark.parametrize(
    ("redirection", "code", "says"),
    [
        ("| true", 0, ""),
        ("| head -c 1", 0, ""),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        (">/dev/full", 3, "imgcheck: the output could not be written: No space left on device\n"),
    ],
)
def test_what_happens_to_the_output_is_no_contradiction(
    redirection: str, code: int, says: str
) -> None:
    found = shell(SUN, redirection)
    assert (found[0], found[2]) == (code, says)


def test_a_failure_keeps_its_code_when_the_output_is_lost() -> None:
    assert shell([*SUN[:-1], "noon"], ">&- 2>&-")[0] == 2
    assert shell([*SUN[:-1], "noon", "--json"], ">/dev/full")[0] == 2


@pytest.mark.slow
def test_a_regression_stays_one_when_the_reader_leaves(tmp_path: Path, post: Path) -> None:
    post.rename(tmp_path / "post.jpeg")
    (tmp_path / "claim.yml").write_text(CLAIM)
    (tmp_path / "expected.yml").write_text("verdicts: {who: supported}\n")
    assert shell(["regress", str(tmp_path)], "2>&- | true")[0] == 1


def test_a_closed_descriptor_is_filled_before_a_file_can_take_its_number() -> None:
    program = (
        "from imgcheck.cli import streams; streams.prepare();"
        "import os; found = os.open('/dev/null', os.O_RDONLY);"
        "print(found); raise SystemExit(streams.finish(0 if found > 2 else 9))"
    )
    done = subprocess.run(["bash", "-c", f'"{sys.executable}" -c "{program}" <&- >&- 2>&-'])
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii"])
def test_a_name_that_the_encoding_lacks_is_written_as_escapes(
    encoding: str, tmp_path: Path
) -> None:
    name = tmp_path / "снимок.db"
    code, out, err = shell(["index", "stats", str(name)], "", PYTHONIOENCODING=encoding)
    assert code == 4
    assert ("\\u0441" in err) is (encoding != "utf-8")
    name.write_bytes(b"")
    code, out, err = shell(["index", "search", str(name), str(name), "--json"], "",
                           PYTHONIOENCODING=encoding)  # fmt: skip
    assert code == 4 and json.loads(out)["error"]


def test_a_stream_that_does_not_block_gets_everything() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    program = (
        "from imgcheck.cli import streams; streams.prepare();"
        "print('x' * 500_000); raise SystemExit(streams.finish(0))"
    )
    done = subprocess.Popen([sys.executable, "-c", program], stdout=writing)
    os.close(writing)
    time.sleep(0.5)  # the pipe is full by now
    with os.fdopen(reading, "rb") as stream:
        assert len(stream.read()) == 500_001
    assert done.wait(30) == 0


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("planted\nin two lines"),
        RecursionError("maximum recursion depth exceeded"),
        AssertionError(),
        KeyError("x"),
        SystemExit(1),
        GeneratorExit(),
        BaseException("a panic of a library"),
        UnicodeEncodeError("ascii", "ж", 0, 1, "ordinal not in range"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_unexpected_error_is_one_sentence_and_3(
    error: BaseException,
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from imgcheck.report import sun_times

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(sun_times, "position", broken)
    assert run([*SUN, "--json"] if as_json else SUN) == 3
    shown = capsys.readouterr()
    if as_json:
        told = json.loads(shown.out)["error"]
        assert told["code"] == "unexpected" and "imgcheck.report.sun_times:" in told["message"]
    else:
        (line,) = shown.err.splitlines()
        assert line.startswith("imgcheck: unexpected error, please report it: ")
        assert "Traceback" not in line and len(line) < 300


def test_memory_that_is_missing_is_3_and_not_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from imgcheck.report import sun_times

    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sun_times, "position", broken)
    assert run(SUN) == 3
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["imgcheck.cli.sun", "imgcheck.cli.group", "click"])
def test_an_interrupt_during_the_imports_is_130_without_a_traceback(where: str) -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # as in the foreground
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {where!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"from imgcheck.cli import main; main({SUN!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 130
    assert b"Traceback" not in done.stderr


def test_an_interrupt_that_a_library_turned_into_its_own_error_is_still_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from imgcheck.cli import streams
    from imgcheck.report import sun_times

    def broken(*_: object, **__: object) -> None:
        streams._pressed.append(True)
        raise ImportError("half imported")

    monkeypatch.setattr(sun_times, "position", broken)
    monkeypatch.setattr(streams, "_pressed", [])
    assert run(SUN) == 130
    assert capsys.readouterr().err == "imgcheck: stopped\n"


def test_names_of_files_cannot_steer_the_terminal_through_the_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from imgcheck.cli import progress

    monkeypatch.setattr(progress, "_QUIET_SECONDS", -1.0)
    with progress.Progress("Adding \x1b[2J") as shown:
        shown("a\x1b]0;owned\x07\u202egpj.jpg", 0, 2)
    said = capsys.readouterr().err + shown.title
    assert "(1 of 2)" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("make", [fifo, listening, Path.mkdir, lambda p: p.symlink_to(p.name)])
@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "{odd}"],
        ["verify", "{odd}"],
        ["verify", "{post}", "--claim", "{odd}"],
        ["verify", "{post}", "--index", "{odd}"],
        ["verify", "{post}", "--reference", "{odd}"],
        ["locate", "{post}", "--index", "{odd}"],
        ["locate", "--reference", "{odd}", "--build-index", "{new}"],
        ["locate", "--reference", "{post}", "--build-index", "{odd}"],
        ["index", "stats", "{odd}"],
        ["index", "add", "{odd}", "{post}"],
        ["index", "add", "{new}", "{odd}"],
        ["index", "import", "{new}", "{odd}"],
        ["index", "merge", "{new}", "{odd}"],
        ["case", "verify", "{odd}", "--public-key", "{odd}"],
        ["case", "check-report", "{odd}", "{post}", "--public-key", "{post}"],
        ["doctor", "--import-trust", "{odd}"],
    ],
    ids=" ".join,
)
def test_what_is_no_regular_file_is_refused_and_never_waited_for(
    arguments: list[str], make: Callable[[Path], None], post: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("IMGCHECK_TRUST", str(post.parent / "trust"))
    odd = post.with_name("odd.tif")
    make(odd)
    filled = [word.format(odd=odd, post=post, new=post.with_name("new.db")) for word in arguments]
    code = run(filled)
    told = capsys.readouterr().err.strip().splitlines()
    if arguments == ["index", "add", "{new}", "{odd}"] and odd.is_dir():
        assert code == 0  # an empty folder of pictures
        return
    if arguments[:2] == ["case", "verify"]:
        assert code in (1, 4)  # a folder that is no case does not agree with its log
        return
    assert code in (2, 3, 4)
    assert told and "unexpected" not in told[-1]


def trust_name() -> str:
    return f"signers_2024-01-01_{'0' * 64}.pem"


@pytest.mark.parametrize("make", [fifo, listening, Path.mkdir, lambda p: p.symlink_to(p.name)])
def test_an_odd_file_in_the_trust_folder_is_named_and_never_waited_for(
    make: Callable[[Path], None], post: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = post.with_name("trust")
    folder.mkdir()
    monkeypatch.setenv("IMGCHECK_TRUST", str(folder))
    make(folder / trust_name())
    assert run(["doctor", "--json"]) == 4
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "unreadable" and "the trust list" in error["message"]
    assert run(["verify", str(post), "--json"]) == 3
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert "provenance.credentials" in [f["check"] for f in findings if f["outcome"] == "failed"]


def test_a_user_without_a_home_has_no_trust_list(
    post: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown(_: object) -> None:
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_CONFIG_HOME", "IMGCHECK_TRUST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert run(["doctor"]) == 0
    assert run(["doctor", "--forget-trust"]) == 0
    assert run(["verify", str(post)]) == 0
    capsys.readouterr()
    assert run(["doctor", "--import-trust", str(post)]) == 4
    (post.parent / "list.pem").write_bytes(certificate())
    assert run(["doctor", "--import-trust", str(post.parent / "list.pem")]) == 4
    assert "IMGCHECK_TRUST" in capsys.readouterr().err


def certificate() -> bytes:
    from tests.provenance import signing

    return signing.authority().root_pem.encode()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "verdicts: " + "{a: " * 5000,
        "verdicts: {who: [supported]}",
        "verdicts: {who: {a: b}}",
        "a: &a [x, x]\nb: &b [*a, *a]\nverdicts: {who: *b}\n",
        "verdicts: {who: not_testable}\nfindings: {check: x}\n",
        "verdicts: {who: not_testable}\nspeaks: nobody\n",
        "- 1",
        "",
        "\0",
        "verdicts: {who: not_testable}\nwho: else\n",
        "verdicts:\n",
    ],
    ids=lambda text: text[:24],
)
def test_an_expectation_that_cannot_be_read_is_no_regression(
    text: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (post.parent / "claim.yml").write_text(CLAIM)
    (post.parent / "expected.yml").write_text(text)
    assert run(["regress", str(post.parent), "--json"]) == 3
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert (case["passed"], case["ran"]) == (False, False)
    (difference,) = case["differences"]
    assert difference.startswith("could not run: ") and "expected.yml:" in difference


def test_one_case_that_cannot_run_does_not_hide_a_regression(tmp_path: Path, post: Path) -> None:
    for name, expected in (("a", "[" * 1000), ("b", "verdicts: {who: supported}")):
        folder = tmp_path / "cases" / name
        folder.mkdir(parents=True)
        (folder / "post.jpg").write_bytes(post.read_bytes())
        (folder / "claim.yml").write_text(CLAIM)
        (folder / "expected.yml").write_text(expected)
    assert run(["regress", str(tmp_path / "cases")]) == 1
    (tmp_path / "cases" / "b" / "expected.yml").write_text("verdicts: {who: not_testable}")
    assert run(["regress", str(tmp_path / "cases")]) == 3


FORGED = [
    ("picture", "path", b"\xff\xfe\x00"),
    ("picture", "date", b"\xff"),
    ("picture", "width", "wide"),
    ("picture", "height", -5),
    ("picture", "height", 2**62),
    ("picture", "sha256", "text"),
    ("picture", "id", 2**62),
    ("features", "count", "many"),
    ("hash_tail", "label", b"\xff"),
    ("hash_tail", "kind", b"\xff"),
    ("list", "name", b"\xff"),
    ("part_tail", "codebook", b"\xff"),
    ("preview", "data", "text"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an index of a picture and of a list."""
    folder = tmp_path_factory.mktemp("index")
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Pillow.fromarray(small).resize((200, 150), Pillow.Resampling.BICUBIC).save(folder / "a.png")
    (folder / "list.csv").write_text(f"hash,quality,filename\n{'0123456789abcdef' * 4},90,x\n")
    assert run(["index", "add", str(folder / "k.db"), str(folder / "a.png")]) == 0
    assert run(["index", "import", str(folder / "k.db"), str(folder / "list.csv")]) == 0
    return folder / "k.db"


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "value"), FORGED)
def test_a_forged_row_of_an_index_is_an_error_of_the_index(
    table: str, column: str, value: object, index: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    forged = tmp_path / "k.db"
    forged.write_bytes(index.read_bytes())
    with sqlite3.connect(forged) as connection:
        connection.execute(
            f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT max(rowid) FROM {table})",
            (value,),
        )
    connection.close()
    capsys.readouterr()
    codes = []
    for words in (
        ["search", forged, index.with_name("a.png"), "--json"],
        ["verify", forged],
        ["merge", tmp_path / "m.db", forged],
        ["export", forged, tmp_path / "o.csv"],
    ):
        codes.append(run(["index", *map(str, words)]))
        shown = capsys.readouterr()
        assert "unexpected" not in shown.out + shown.err, words
        json.loads(shown.out) if "--json" in words else None
    assert set(codes) <= {0, 2, 4}
    assert 4 in codes


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("transform", "[" * 100_000, id="deep"),
        ("transform", "[NaN, 0, 0, 0, 1, 0]"),
        ("transform", "[1]"),
        ("width", "wide"),
        ("height", 2**62),
        ("gsd_m", -1.0),
        ("low", "dark"),
        ("crs", "nowhere"),
        pytest.param("crs", "[" * 100_000, id="deep crs"),
        ("path", b"\xff\x00"),
        ("size", 1e300),
    ],
)
def test_a_forged_row_of_an_area_index_is_an_error_of_the_index(
    column: str, value: object, area: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = tmp_path / "a.index"
    forged.write_bytes(area.read_bytes())
    with sqlite3.connect(forged) as connection:
        connection.execute(f"UPDATE source SET {column} = ?", (value,))
    connection.close()
    assert run(["locate", str(area.with_name("post.png")), "--index", str(forged)]) == 4
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "index" in line and "unexpected" not in line


@pytest.fixture(scope="module")
def area(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the index of a small area, and a picture."""
    import rasterio
    from rasterio.transform import from_origin

    folder = tmp_path_factory.mktemp("area")
    ground = np.random.default_rng(3).integers(0, 256, (1, 128, 128), dtype=np.uint8)
    with rasterio.open(
        folder / "r.tif", "w", driver="GTiff", width=128, height=128, count=1, dtype="uint8",
        crs="EPSG:32637", transform=from_origin(500_000, 3_900_000, 1, 1),
    ) as target:  # fmt: skip
        target.write(ground)
    Pillow.fromarray(ground[0, :64, :64]).save(folder / "post.png")
    assert run(["locate", "--reference", str(folder / "r.tif"),
                "--build-index", str(folder / "a.index")]) == 0  # fmt: skip
    return folder / "a.index"


def test_a_job_in_the_background_does_not_heed_the_interrupt_key() -> None:
    program = (
        "import os, signal; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        "from imgcheck.cli import streams; streams.prepare();"
        "os.kill(os.getpid(), signal.SIGINT); raise SystemExit(streams.finish(0))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
