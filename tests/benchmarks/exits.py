"""Exit codes of the command line where its surroundings or its inputs are hostile.

    python -m tests.benchmarks.exits [--only WORDS] [--write]

Every case is a process of its own, started by a shell in a folder that is made for it. It is wrong
if the exit code is another one, if a traceback is printed, if a failure is not one sentence (or one
JSON object), if it takes more than 60 s, or if a file of the folder has changed that must not
change. ``--write`` puts the table into docs/benchmarks/exits.md.
"""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from imgcheck.imaging.text import printable

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "exits.md"
SECONDS = 60
SUN = "sun --at 50.5418,30.2302 --time 2022-03-19T09:08:31Z"
CLAIM = """statements:
  - {id: when, acquired: 2022-04-01T11:57Z}
  - {id: where, place: {lat: 50.541771, lon: 30.230175}}
measurements:
  - shadow_azimuth: {value: 341, sigma: 1.5}
"""
WHO = "statements:\n  - {id: who, attribution: x}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run: what a shell is told (``IT`` is the program), and what must come of it."""

    name: str
    shell: str
    code: int | tuple[int, ...]
    kind: str
    says: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] | None = None
    interrupt_s: float | None = None
    silent: bool = False


def cases() -> Iterator[Case]:
    """Give all cases."""
    yield from _streams()
    yield from _interrupts()
    yield from _outputs()
    yield from _places()
    yield from _files()
    yield from _stores()


def _streams() -> Iterator[Case]:
    kind = "streams"
    for says, end in (
        ("the reader leaves at once", "| true"),
        ("the reader takes one line", "| head -1"),
        ("stdout closed", ">&-"),
        ("stderr closed", "2>&-"),
        ("stdin, stdout and stderr closed", "<&- >&- 2>&-"),
        ("stderr on a full disk", "2>/dev/full"),
    ):
        silent = "2>" in end
        yield Case(name=f"verify, {says}", kind=kind, code=0, silent=silent,
                   shell=f"IT verify a.jpg --claim who.yml {end}")  # fmt: skip
        yield Case(name=f"verify of a contradicted claim, {says}", kind=kind, code=1,
                   silent=silent, shell=f"IT verify a.jpg --claim claim.yml {end}")  # fmt: skip
    yield Case(name="verify --json, the reader leaves at once", kind=kind, code=0,
               shell="IT verify a.jpg --json | true")  # fmt: skip
    lost = "the output could not be written"
    for name, words in (
        ("verify", "verify a.jpg --claim who.yml"), ("verify --json", "verify a.jpg --json"),
        ("a contradicted claim", "verify a.jpg --claim claim.yml"), ("help", "--help"),
        ("version", "--version"), ("inspect", "inspect a.jpg"), ("explain", "explain"),
    ):  # fmt: skip
        yield Case(name=f"{name}, stdout on a full disk", kind=kind, code=3, says=lost,
                   shell=f"IT {words} >/dev/full")  # fmt: skip
    yield Case(name="a missing file, stdout and stderr closed", kind=kind, code=4, silent=True,
               shell="IT inspect absent.jpg >&- 2>&-")  # fmt: skip
    yield Case(name="a wrong option, stderr on a full disk", kind=kind, code=2, silent=True,
               shell="IT inspect --nonsense 2>/dev/full")  # fmt: skip
    for encoding in ("cp1252", "latin-1", "ascii", "cp866", "utf-16"):
        yield Case(name=f"a Cyrillic name, stdout in {encoding}", kind=kind, code=0,
                   shell="IT inspect снимок.jpg > out.txt",
                   environment={"PYTHONIOENCODING": encoding})  # fmt: skip
    yield Case(name="a Cyrillic name that is missing, stderr in cp1252", kind=kind, code=4,
               shell="IT inspect нет.jpg", says="cannot be opened|does not exist",
               environment={"PYTHONIOENCODING": "cp1252"})  # fmt: skip
    for variable in ("LANG", "LC_ALL"):
        yield Case(name=f"a Cyrillic name, {variable}=C", kind=kind, code=0,
                   shell="IT inspect снимок.jpg", environment={variable: "C"})  # fmt: skip
    yield Case(name="a name with commands for the terminal", kind=kind, code=0,
               shell="IT verify $'a\\e]0;owned\\a\\u202egpj.jpg'",
               prepare=_copied("a\x1b]0;owned\x07\u202egpj.jpg"))  # fmt: skip
    yield Case(name="a name that is not UTF-8", kind=kind, code=0,
               shell="IT inspect $'a\\xff.jpg'", prepare=_copied("a\udcff.jpg"))  # fmt: skip
    yield Case(name="Python without buffers", kind=kind, code=0, shell="IT inspect a.jpg | true",
               environment={"PYTHONUNBUFFERED": "1"})  # fmt: skip


def _interrupts() -> Iterator[Case]:
    for delay in (0.08, 0.15, 0.25, 0.4, 0.6, 0.9):
        yield Case(name=f"Ctrl-C after {delay:g} s of CPU", kind="Ctrl-C", code=130, silent=True,
                   shell="IT verify a.jpg b.jpg a.jpg b.jpg", interrupt_s=delay)  # fmt: skip


def _outputs() -> Iterator[Case]:
    kind = "outputs"
    for name, words, code in (
        ("inspect --html *.jpg", "inspect --html *.jpg", 2),
        ("inspect --html onto the picture", "inspect a.jpg --html a.jpg", 2),
        ("inspect --html onto a hard link to it", "inspect a.jpg --html hard.html", 2),
        ("inspect --html onto a link to it", "inspect a.jpg --html soft.html", 2),
        ("inspect --html onto the picture, forced", "inspect a.jpg --html a.jpg --force", 2),
        ("verify -o over its input", "verify -o D D/report.html", 2),
        ("verify -o over a page of somebody else", "verify a.jpg -o D", 2),
        ("verify -o named as a picture", "verify a.jpg -o b.jpg", 2),
        ("locate -o over a page of somebody else", "locate a.jpg --reference r.tif -o D", 2),
        ("locate --build-index onto a picture",
         "locate --reference r.tif --build-index a.jpg", 4),
        ("sun -o onto a picture", f"{SUN} -o a.jpg", 2),
        ("regress --junit onto its own expectation",
         "regress cases --junit cases/one/expected.yml", 2),
        ("case export -o onto a picture", "case export kept -o a.jpg", 2),
        ("index add onto a picture", "index add a.jpg b.jpg", 4),
        ("index export onto a list", "index export k.db list.csv", 2),
        ("case keygen onto a picture", "case keygen a.jpg", 2),
        ("sun -o into a missing folder", f"{SUN} -o no/day.svg", 2),
        ("sun -o onto a folder", f"{SUN} -o D", 2),
        ("sun -o onto a device", f"{SUN} -o /dev/null", 2),
        ("sun -o onto a pipe", f"{SUN} -o pipe", 2),
    ):  # fmt: skip
        yield Case(name=name, kind=kind, code=code, shell=f"IT {words}")
    yield Case(name="verify -o into a folder that cannot be written", kind=kind, code=4,
               shell="IT verify a.jpg -o /proc/report")  # fmt: skip


def _places() -> Iterator[Case]:
    kind = "environment"
    for name, words, code in (
        ("no home and no entry in the list of users, verify", "verify a.jpg", 0),
        ("no home and no entry in the list of users, inspect", "inspect a.jpg", 0),
        ("no home and no entry in the list of users, doctor", "doctor", 0),
    ):
        yield Case(name=name, kind=kind, code=code, shell=f"unset HOME; NOBODY {words}")
    for odd in ("a pipe", "a socket", "a folder", "a device", "a link in a circle"):
        yield Case(name=f"{odd} among the trust lists", kind=kind, code=3,
                   shell="IMGCHECK_TRUST=trust IT verify a.jpg", silent=True,
                   prepare=_trusted(odd))  # fmt: skip
    yield Case(name="a trust folder that is a file", kind=kind, code=0,
               shell="IMGCHECK_TRUST=a.jpg IT verify a.jpg")  # fmt: skip
    yield Case(name="a current folder that is gone", kind=kind, code=0,
               shell="mkdir gone; cd gone; rmdir ../gone; IT inspect $OLDPWD/a.jpg")  # fmt: skip
    yield Case(name="no folder for temporary files", kind=kind, code=0,
               shell="TMPDIR=/absent IT inspect a.jpg")  # fmt: skip
    yield Case(name="little memory", kind=kind, code=(0, 3),
               shell="ulimit -v 600000; IT inspect a.jpg")  # fmt: skip
    yield Case(name="few open files", kind=kind, code=(0, 3, 4),
               shell="ulimit -n 8; IT inspect a.jpg")  # fmt: skip


def _files() -> Iterator[Case]:
    kind = "files"
    for odd in ("pipe", "socket", "D", "/dev/zero", "circle"):
        for name, words in (
            ("as the picture", "inspect ODD"),
            ("as the claim", "verify a.jpg --claim ODD"),
            ("as the index", "verify a.jpg --index ODD"),
            ("as the reference", "verify a.jpg --reference ODD"),
        ):
            yield Case(name=f"{odd} {name}", kind=kind, code=(2, 4),
                       shell=f"IT {words.replace('ODD', odd)}")  # fmt: skip
    for name, text in (
        ("nested 100,000 deep", "[" * 100_000), ("with aliases", "a: &a [x]\nverdicts: {w: *a}\n"),
        ("of other types", "verdicts: {who: [supported]}\n"), ("in UTF-16", "\ufeffv\0e\0"),
    ):  # fmt: skip
        yield Case(
            name=f"an expected.yml {name}",
            kind=kind,
            code=3,
            silent=True,
            shell="IT regress cases",
            prepare=_written("cases/one/expected.yml", text),
        )
    yield Case(name="a claim nested 100,000 deep", kind=kind, code=2,
               shell="IT verify a.jpg --claim deep.yml",
               prepare=_written("deep.yml", "[" * 100_000))  # fmt: skip
    yield Case(name="an items.json nested 100,000 deep", kind=kind, code=4,
               shell="IT verify a.jpg --reference r.tif",
               prepare=_written("items.json", "[" * 100_000))  # fmt: skip
    yield Case(name="an items.json that is a pipe", kind=kind, code=(0, 3), silent=True,
               shell="mkfifo items.json; IT verify a.jpg --reference r.tif")  # fmt: skip
    yield Case(name="a list of hashes nested 100,000 deep", kind=kind, code=4,
               shell="IT index import new.db deep.json",
               prepare=_written("deep.json", "[" * 100_000))  # fmt: skip
    yield Case(name="a log of a case nested 100,000 deep", kind=kind, code=1, silent=True,
               shell="IT case verify kept",
               prepare=_written("kept/case.log.jsonl", '{"a":' * 100_000))  # fmt: skip
    yield Case(
        name="an empty picture", kind=kind, code=4, shell=": > empty.jpg; IT inspect empty.jpg"
    )
    yield Case(name="a PNG of 16 bits with a broken stream", kind=kind, code=(0, 3, 4), silent=True,
               shell="IT verify broken.png", prepare=_broken_png)  # fmt: skip


def _stores() -> Iterator[Case]:
    kind = "forged stores"
    for table, column, value in (
        ("picture", "path", b"\xff\xfe\x00"), ("picture", "width", "wide"),
        ("picture", "height", 2**62), ("picture", "date", b"\xff"), ("picture", "date", "soon"),
        ("picture", "note", b"\xff"), ("picture", "id", 2**62), ("features", "count", "many"),
        ("features", "data", b"\x00"), ("preview", "data", "text"), ("hash_tail", "words", "x"),
        ("hash_tail", "label", b"\xff"), ("meta", "value", b"\xff"),
    ):  # fmt: skip
        for words in ("index search k.db a.jpg", "verify a.jpg --index k.db"):
            yield Case(name=f"{words.split()[0]}: {table}.{column} = {str(value)[:12]}",
                       kind=kind, code=(0, 3, 4), silent=words.startswith("verify"),
                       shell=f"IT {words}",
                       prepare=_forged("k.db", table, column, value))  # fmt: skip
    for column, value in (
        ("transform", "[" * 100_000), ("transform", "[NaN,0,0,0,1,0]"), ("transform", b"\xff"),
        ("width", "wide"), ("gsd_m", -1.0), ("crs", "nowhere"), ("crs", "[" * 100_000),
        ("path", "/dev/zero"), ("sha256", b"\x00"), ("low", "dark"),
    ):  # fmt: skip
        yield Case(name=f"area index: source.{column} = {str(value)[:12]}", kind=kind, code=4,
                   shell="IT locate a.jpg --index a.index",
                   prepare=_forged("a.index", "source", column, value))  # fmt: skip
    yield Case(name="area index: tile.data = text", kind=kind, code=4,
               shell="IT locate a.jpg --index a.index --gsd 1",
               prepare=_forged("a.index", "tile", "data", "x"))  # fmt: skip
    for name, words in (
        ("a picture as the index", "index search a.jpg b.jpg"),
        ("an area index as the index", "index search a.index b.jpg"),
        ("an index as the area index", "locate a.jpg --index k.db"),
    ):
        yield Case(name=name, kind=kind, code=4, shell=f"IT {words}")


def _copied(name: str) -> Callable[[Path], None]:
    return lambda folder: shutil.copy(folder / "a.jpg", folder / name) and None


def _written(name: str, text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / name
        path.chmod(0o644) if path.exists() else None
        path.write_text(text, encoding="utf-8", errors="surrogatepass")

    return write


def _trusted(odd: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "trust").mkdir()
        path = folder / "trust" / f"signers_2024-01-01_{'0' * 64}.pem"
        if odd == "a pipe":
            os.mkfifo(path)
        elif odd == "a folder":
            path.mkdir()
        else:
            target = {"a socket": folder / "socket", "a device": "/dev/zero"}.get(odd, path.name)
            path.symlink_to(target)

    return make


def _forged(name: str, table: str, column: str, value: object) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        with sqlite3.connect(folder / name) as connection:
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        connection.close()

    return forge


def _broken_png(folder: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        )

    head = (64).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    stream = zlib.compress(bytes(64 * (64 * 6 + 1)))[:-30]
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", stream)
    (folder / "broken.png").write_bytes(data)


def base(folder: Path) -> None:
    """Make the folder that every case starts from."""
    import rasterio
    from rasterio.transform import from_origin

    rng = np.random.default_rng(20170924)
    ground = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for name in ("a.jpg", "b.jpg"):
        picture = Pillow.fromarray(ground).resize((240, 160), Pillow.Resampling.BICUBIC)
        picture.save(folder / name, quality=85)
        ground = ground[::-1]
    shutil.copy(folder / "a.jpg", folder / "снимок.jpg")
    with rasterio.open(
        folder / "r.tif", "w", driver="GTiff", width=128, height=128, count=1, dtype="uint8",
        crs="EPSG:32637", transform=from_origin(500_000, 3_900_000, 1, 1),
    ) as target:  # fmt: skip
        target.write(rng.integers(0, 256, (1, 128, 128), dtype=np.uint8))
    (folder / "claim.yml").write_text(CLAIM)
    (folder / "who.yml").write_text(WHO)
    (folder / "list.csv").write_text(f"hash,quality,filename\n{'0123456789abcdef' * 4},90,x\n")
    (folder / "cases" / "one").mkdir(parents=True)
    shutil.copy(folder / "a.jpg", folder / "cases" / "one" / "post.jpg")
    (folder / "cases" / "one" / "claim.yml").write_text(WHO)
    (folder / "cases" / "one" / "expected.yml").write_text("verdicts: {who: not_testable}\n")
    (folder / "D").mkdir()
    for name in ("report.html", "locate.html"):
        shutil.copy(folder / "a.jpg", folder / "D" / name)
    for words in (
        "index add k.db a.jpg --date 2015 --note x", "index import k.db list.csv",
        "locate --reference r.tif --build-index a.index", "case init kept",
    ):  # fmt: skip
        subprocess.run(
            [*PROGRAM, *words.split()], cwd=folder, check=True, capture_output=True, timeout=SECONDS
        )


PROGRAM = [sys.executable, "-c", "from imgcheck.cli import main; main()"]
# A user whom the list of users does not know.
_NOBODY = (
    "import os, pwd\n"
    "def unknown(_): raise KeyError('uid not found')\n"
    "pwd.getpwuid = unknown\n"
    "from imgcheck.cli import main; main()"
)


def _fill(source: Path, folder: Path) -> None:
    """Copy the base folder, and add what no copy keeps: links, a pipe, a socket."""
    import socket

    shutil.copytree(source, folder)
    os.link(folder / "a.jpg", folder / "hard.html")
    (folder / "soft.html").symlink_to("a.jpg")
    (folder / "circle").symlink_to("circle")
    os.mkfifo(folder / "pipe")
    here = Path.cwd()
    os.chdir(folder)  # the address of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind("socket")
    finally:
        os.chdir(here)


def _content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.endswith(("-wal", "-shm"))
    }


def _heed() -> None:
    """Let a new process heed Ctrl-C, which one started in the background does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait until a process has used some seconds of CPU, however busy the machine is."""
    stat = Path(f"/proc/{process.pid}/stat")
    while process.poll() is None:
        used = stat.read_text().rpartition(")")[2].split()[11:13]
        if sum(map(int, used)) / os.sysconf("SC_CLK_TCK") >= seconds:
            return
        time.sleep(0.002)


def run(case: Case, source: Path) -> tuple[str, str]:
    """Run one case; give the exit code seen and what is wrong, if anything."""
    with tempfile.TemporaryDirectory(prefix="exits-") as scratch:
        folder = Path(scratch) / "w"
        _fill(source, folder)
        if case.prepare is not None:
            case.prepare(folder)
        before = _content(folder)
        script = (
            f'IT() {{ "{PROGRAM[0]}" -c "{PROGRAM[2]}" "$@"; }}\n'
            f'NOBODY() {{ "{PROGRAM[0]}" -c "$NOBODY_PROGRAM" "$@"; }}\n{case.shell}'
        )
        if case.interrupt_s is not None:
            script = f'exec "{PROGRAM[0]}" -c "{PROGRAM[2]}" {case.shell.removeprefix("IT ")}'
        environment = {
            **os.environ, "NOBODY_PROGRAM": _NOBODY, "IMGCHECK_TRUST": str(folder / "no-trust"),
            **case.environment,
        }  # fmt: skip
        if "NOBODY" in case.shell:
            for name in ("IMGCHECK_TRUST", "XDG_CONFIG_HOME"):
                environment.pop(name, None)
        process = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", script], cwd=folder, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, preexec_fn=_heed,
        )  # fmt: skip
        if case.interrupt_s is not None:
            _wait(process, case.interrupt_s)
            process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "none", f"takes more than {SECONDS} s"
        return str(process.returncode), _wrong(
            case, process.returncode, out, err, before, _content(folder)
        )


def _wrong(
    case: Case, code: int, out: bytes, err: bytes, before: dict[str, bytes],
    after: dict[str, bytes],
) -> str:  # fmt: skip
    accepted = case.code if isinstance(case.code, tuple) else (case.code,)
    told = [
        line
        for line in err.decode("utf-8", "replace").splitlines()
        if line.startswith(("imgcheck: ", "Traceback", "Exception", "Fatal"))
    ]
    if code not in accepted:
        return f"exit code {code}; {(told or ['']).pop()[:120]}"
    if any(not line.startswith("imgcheck: ") for line in told):
        return "prints a traceback"
    if any("unexpected error" in line for line in told):
        return f"an unexpected error: {told[-1][:160]}"
    if b"\x1b" in out + err or "\u202e".encode() in out + err:
        return "prints commands to the terminal"
    if code > 1 and not case.silent and len(told) != 1:
        return f"{len(told)} sentences for one failure"
    if case.says and not any(word in line for word in case.says.split("|") for line in told):
        return f'does not say "{case.says}"'
    changed = sorted(name for name in before if after.get(name) != before[name])
    return f"changes {', '.join(changed)}" if changed else ""


def table(found: list[tuple[Case, str, str]]) -> str:
    """Give the page."""
    wrong = [row for row in found if row[2]]
    kinds = list(dict.fromkeys(case.kind for case, *_ in found))
    lines = [
        "# Exit codes where the surroundings or the inputs are hostile",
        "",
        "`python -m tests.benchmarks.exits --write`: every case is a process of its own, started "
        "by a shell in a new folder. All files are made by the benchmark. A case is wrong if its "
        "exit code is another one, if it prints a traceback or commands to the terminal, if a "
        "failure is not one sentence, if it takes more than 60 s, or if a file that was there has "
        "changed.",
        "",
        "| kind | cases | wrong |",
        "|---|---|---|",
        *(
            f"| {kind} | {sum(c.kind == kind for c, *_ in found)} "
            f"| {sum(c.kind == kind for c, *_ in wrong)} |"
            for kind in kinds
        ),
        f"| **all** | **{len(found)}** | **{len(wrong)}** |",
        "",
        "Exit codes: 0 ran, nothing contradicted; 1 contradicted, or a regression; 2 usage; 3 a "
        "check failed, or the output was lost; 4 an input was refused; 130 Ctrl-C. Where several "
        "are accepted, either the forged value is not read by that command or the limit of the "
        "system is not reached.",
        "",
        "| kind | case | accepted | seen | wrong |",
        "|---|---|---|---|---|",
        *(
            f"| {case.kind} | {_cell(case.name)} | {_codes(case)} | {code} | {_cell(words)} |"
            for case, code, words in found
        ),
    ]
    return "\n".join(lines) + "\n"


def _codes(case: Case) -> str:
    return ", ".join(map(str, case.code)) if isinstance(case.code, tuple) else str(case.code)


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")


def main() -> None:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name or kind holds these words")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    asked = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="exits-base-") as scratch:
        source = Path(scratch) / "base"
        source.mkdir()
        base(source)
        for case in cases():
            if asked.only and asked.only not in f"{case.kind} {case.name}":
                continue
            code, wrong = run(case, source)
            found.append((case, code, wrong))
            mark = "WRONG" if wrong else "ok   "
            print(
                json.dumps([mark, case.kind, case.name, code, wrong], ensure_ascii=True), flush=True
            )
    wrong_count = sum(bool(words) for *_, words in found)
    print(f"{wrong_count} of {len(found)} wrong")
    if asked.write:
        PAGE.write_text(table(found), encoding="utf-8")
    raise SystemExit(1 if wrong_count else 0)


if __name__ == "__main__":
    main()
