"""Measure chain of custody: what is found of tampering, what a kill loses, how fast it is.

    python -m tests.benchmarks.custody mutations edits kills speed

Everything is generated and seeded. ``--trials`` makes the parts smaller. Prints markdown tables.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from imgcheck import custody
from imgcheck.custody import CustodyFolder
from imgcheck.quantity import binomial_interval

SEED = 20170924


def share(good: int, total: int) -> str:
    """Write a share with its 95 % interval."""
    interval = binomial_interval(good, total)
    return f"{good}/{total} [{interval.low:.5f}, {interval.high:.5f}]"


def write_report(folder: Path, rng: random.Random) -> None:
    """Write files like those of a report."""
    (folder / "report.json").write_text(json.dumps({"n": rng.random()}, indent=2))
    (folder / "report.html").write_bytes(b"<!doctype html>" + rng.randbytes(rng.randrange(4000)))
    (folder / "place.jpg").write_bytes(b"\xff\xd8\xff\xe0" + rng.randbytes(2000))


def make_case(folder: Path, work: Path, rng: random.Random, key: bytes | None) -> None:
    """Build a case: one to five files, one report at least, notes, a torn line, a signature."""
    custody.create(folder, title="a case", reference=str(rng.randrange(10**6)), operator="A. An")
    with CustodyFolder(folder) as case:
        for number in range(rng.randrange(1, 6)):
            file = work / f"file {number}.jpg"
            file.write_bytes(b"\xff\xd8\xff\xe0" + rng.randbytes(int(10 ** rng.uniform(0, 4.5))))
            case.add(file, note="é\u2028" * rng.randrange(3))
            if rng.random() < 0.5:
                case.note("a note " * rng.randrange(1, 20))
        case.record(lambda place: write_report(place, rng), command="verify")
        if rng.random() < 0.3:
            case.add(file)
    if rng.random() < 0.5:
        with (folder / "case.log.jsonl").open("ab") as out:
            out.write(b'{"action":"add","cas')
    with CustodyFolder(folder) as case:
        if key is not None and rng.random() < 0.7:
            custody.sign(case, key)
        case.note("the end")


@contextlib.contextmanager
def cases(count: int, rng: random.Random) -> Iterator[list[Path]]:
    """Build several cases in a folder that goes away."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        key: bytes | None = None
        with contextlib.suppress(ImportError):
            custody.make_key(work / "key.pem")
            key = (work / "key.pem").read_bytes()
        found = []
        for number in range(count):
            folder = work / f"case{number}"
            make_case(folder, work, rng, key)
            assert custody.verify(folder).whole
            found.append(folder)
        yield found


def files_of(folder: Path) -> list[Path]:
    """Give every file of a case."""
    return sorted(p for p in folder.rglob("*") if p.is_file())


def kind_of(path: Path, folder: Path) -> str:
    """Name the kind of a file in a case."""
    place = path.relative_to(folder).parts[0]
    return {"case.log.jsonl": "log", "case.head.json": "head"}.get(place, place)


def mutations(trials: int) -> None:
    """Change, insert or delete one byte; each must be found, and the place named."""
    rng = random.Random(SEED)
    found, named, total = Counter[str](), Counter[str](), Counter[str]()
    kinds = ("evidence", "reports", "signatures", "log", "head")
    with cases(20, rng) as folders:
        by_kind: dict[str, list[tuple[Path, Path]]] = {kind: [] for kind in kinds}
        for folder in folders:
            for path in files_of(folder):
                by_kind[kind_of(path, folder)].append((folder, path))
        filled = [kind for kind in kinds if by_kind[kind]]
        for trial in range(trials):
            kind = filled[trial % len(filled)]
            folder, path = rng.choice(by_kind[kind])
            data, edit = path.read_bytes(), rng.choice(("changed", "inserted", "deleted"))
            place = rng.randrange(len(data))
            if edit == "changed":
                new = (
                    data[:place] + bytes([data[place] ^ rng.randrange(1, 256)]) + data[place + 1 :]
                )
            elif edit == "inserted":
                new = data[:place] + bytes([rng.randrange(256)]) + data[place:]
            else:
                new = data[:place] + data[place + 1 :]
            path.chmod(0o644)
            path.write_bytes(new)
            result = custody.verify(folder)
            path.write_bytes(data)
            path.chmod(0o444 if kind in ("evidence", "reports", "signatures") else 0o644)
            here = path.relative_to(folder).as_posix()
            paths = {problem.path for problem in result.problems}
            pair = {"case.head.json", "case.log.jsonl"}
            for name in (kind, edit, "all"):
                total[name] += 1
                found[name] += not result.whole
                named[name] += here in paths or (here in pair and bool(pair & paths))
        clean = sum(custody.verify(folder).whole for folder in folders)
    print("| one byte | found | file named |\n|---|---|---|")
    for name in (*filled, "changed", "inserted", "deleted", "all"):
        print(f"| {name} | {share(found[name], total[name])} | {named[name]} |")
    print(f"| untouched cases called whole afterwards | {clean}/{len(folders)} | |\n")


def swap(folder: Path, rng: random.Random) -> None:
    """Exchange two lines of the log."""
    lines = lines_of(folder)
    one, other = rng.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    put_lines(folder, lines)


def cut(folder: Path, rng: random.Random) -> None:
    """Take away the last lines of the log."""
    put_lines(folder, lines_of(folder)[: -rng.randrange(1, 4)])


def drop(folder: Path, rng: random.Random) -> None:
    """Take away one line."""
    lines = lines_of(folder)
    del lines[rng.randrange(len(lines))]
    put_lines(folder, lines)


def repeat(folder: Path, rng: random.Random) -> None:
    """Repeat one line."""
    lines = lines_of(folder)
    place = rng.randrange(len(lines))
    lines.insert(place, lines[place])
    put_lines(folder, lines)


def replace(folder: Path, rng: random.Random) -> None:
    """Replace evidence and the hash in its line, without a new chain."""
    old = rng.choice(sorted((folder / "evidence").iterdir()))
    data = rng.randbytes(old.stat().st_size)
    digest = hashlib.sha256(data).hexdigest()
    old.unlink()
    (folder / "evidence" / f"{digest}{old.suffix}").write_bytes(data)
    log = folder / "case.log.jsonl"
    log.write_bytes(log.read_bytes().replace(old.stem.encode(), digest.encode()))


def rechain_to_line(folder: Path, rng: random.Random) -> None:
    """Change a line and make the chain behind it anew, but leave the head."""
    lines = lines_of(folder)
    start = rng.randrange(len(lines))
    previous = None
    for number in range(start, len(lines)):
        try:
            entry = json.loads(lines[number])
        except ValueError:
            previous = hashlib.sha256(lines[number]).hexdigest()
            continue
        if number == start:
            entry["operator"] = "Somebody Else"
        elif previous is not None:
            entry["previous"] = previous
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        lines[number] = text.encode()
        previous = hashlib.sha256(lines[number]).hexdigest()
    if previous == json.loads((folder / "case.head.json").read_bytes())["sha256"]:
        lines[-1] = lines[-1].replace(b"the end", b"the END")  # the draw hit a torn line
    put_lines(folder, lines)


def rename(folder: Path, rng: random.Random) -> None:
    """Exchange the names of two files, or give one a new name."""
    names = [p for p in files_of(folder) if kind_of(p, folder) in ("evidence", "reports")]
    one, other = rng.sample(names, 2)
    if rng.random() < 0.5:
        one.rename(one.with_name("renamed.jpg"))
        return
    one.rename(folder / "between")
    other.rename(one)
    (folder / "between").rename(other)


def remove(folder: Path, rng: random.Random) -> None:
    """Remove a file."""
    rng.choice(files_of(folder)).unlink()


def plant(folder: Path, rng: random.Random) -> None:
    """Put a file or a folder where none was."""
    place = rng.choice([p for p in [folder, *folder.rglob("*")] if p.is_dir()])
    name = place / rng.choice(("x", "copy.part", f"{rng.randbytes(32).hex()}.jpg", "0009.json"))
    name.mkdir() if rng.random() < 0.3 else name.write_bytes(rng.randbytes(10))


def link(folder: Path, rng: random.Random) -> None:
    """Move a file out and put a symbolic link to it in its place."""
    path = rng.choice(files_of(folder))
    away = folder.with_name("away")
    away.unlink(missing_ok=True)
    path.rename(away)
    path.symlink_to(away)


EDITS: tuple[Callable[[Path, random.Random], None], ...] = (
    swap, cut, drop, repeat, replace, rechain_to_line, rename, remove, plant, link,
)  # fmt: skip


def lines_of(folder: Path) -> list[bytes]:
    """Give the lines of a log."""
    return (folder / "case.log.jsonl").read_bytes().split(b"\n")[:-1]


def put_lines(folder: Path, lines: list[bytes]) -> None:
    """Write the lines of a log."""
    (folder / "case.log.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def edits(trials: int) -> None:
    """Tamper with several things at once."""
    rng = random.Random(SEED + 1)
    found, total = Counter[str](), Counter[str]()
    with cases(20, rng) as folders:
        for trial in range(trials):
            edit = EDITS[trial % len(EDITS)]
            folder = rng.choice(folders).rename(folders[0].with_name("now"))
            copy = folder.with_name("copy")
            shutil.copytree(folder, copy)
            edit(copy, rng)
            for name in (edit.__name__, "all"):
                total[name] += 1
                found[name] += not custody.verify(copy).whole
            shutil.rmtree(copy)
            folder.rename(next(f for f in folders if not f.exists()))
    print("| tampering | found |\n|---|---|")
    for edit in EDITS:
        words = (edit.__doc__ or "").rstrip(".")
        print(f"| {words} | {share(found[edit.__name__], total[edit.__name__])} |")
    print(f"| all | {share(found['all'], total['all'])} |\n")


def kills(trials: int) -> None:
    """Kill a program that adds files and reports, at a random moment, again and again."""
    rng = random.Random(SEED + 2)
    taken_up, lost, damaged, torn = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as place:
        work, folder = Path(place), Path(place) / "case"
        custody.create(folder)
        for trial in range(trials):
            before = (folder / "case.log.jsonl").read_bytes()
            child = os.fork()
            if not child:
                _busy(folder, work, trial)
            time.sleep(rng.uniform(0.005, 0.08))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            problems = custody.verify(folder).problems
            damaged += any(problem.kind != "interrupted" for problem in problems)
            with CustodyFolder(folder) as case:
                taken_up += bool(case.recovered)
                torn += "torn" in case.recovered
                damaged += bool(case.recovered) != bool(problems)
            lost += not (folder / "case.log.jsonl").read_bytes().startswith(before)
            damaged += not custody.verify(folder).whole
            if trial % 20 == 19:  # a fresh case keeps the trial from growing
                shutil.rmtree(folder)
                custody.create(folder)
    print("| kill -9 | result |\n|---|---|")
    print(f"| trials | {trials} |\n| a step was cut off, said and taken up | {taken_up} |")
    print(f"| of these with a torn line | {torn} |")
    print(f"| lines or files lost | {share(lost, trials)} |")
    print(f"| damaged, or taken up unsaid | {share(damaged, trials)} |\n")


def _busy(folder: Path, work: Path, trial: int) -> None:
    rng = random.Random(trial)
    try:
        with CustodyFolder(folder) as case:
            while True:
                file = work / "source.bin"
                file.write_bytes(rng.randbytes(rng.choice((10, 10_000, 1_000_000))))
                case.add(file)
                case.record(lambda place: write_report(place, rng), command="verify")
                case.note("words " * 20_000)
    finally:
        os._exit(1)


def speed(trials: int) -> None:
    """Compare adding and verifying with what sha256sum takes for the same bytes."""
    rounds = max(3, min(7, trials))
    print("| files | add, MB/s | add / sha256sum | verify / sha256sum |\n|---|---|---|---|")
    for count, size in ((1, 100_000_000), (20, 5_000_000), (200, 20_000)):
        rates, adds, checks = [], [], []
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as place:
                work = Path(place)
                rng = random.Random(number)
                names = [work / f"{n}.bin" for n in range(count)]
                for name in names:
                    name.write_bytes(rng.randbytes(size))
                os.sync()
                start = time.perf_counter()
                subprocess.run(["sha256sum", *names], stdout=subprocess.DEVNULL, check=True)
                plain = time.perf_counter() - start
                custody.create(work / "case")
                start = time.perf_counter()
                with CustodyFolder(work / "case") as case:
                    for name in names:
                        case.add(name)
                took = time.perf_counter() - start
                start = time.perf_counter()
                assert custody.verify(work / "case").whole
                checked = time.perf_counter() - start
            rates.append(count * size / 1e6 / took)
            adds.append(took / plain)
            checks.append(checked / plain)
        words = [f"{statistics.median(values):.3g}" for values in (rates, adds, checks)]
        print(f"| {count} of {size / 1e6:g} MB | {' | '.join(words)} |")
    print()


PARTS = {
    "mutations": (mutations, 10_000),
    "edits": (edits, 1_000),
    "kills": (kills, 200),
    "speed": (speed, 5),
}


def main() -> None:
    """Run the parts that were named, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--trials", type=int)
    given = parser.parse_args()
    for name in given.parts or PARTS:
        part, trials = PARTS[name]
        part(given.trials or trials)


if __name__ == "__main__":
    main()
