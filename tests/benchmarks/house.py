"""Size of the package, modules that one verification loads, and CPU of the first moment.

python -m tests.benchmarks.house
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "deir-ez-zor-2017"
REPEATS = 40

_VERIFY = """
import sys
from imgcheck.cli import run
run(sys.argv[1:])
own = [name for name in sys.modules if name.split(".")[0] == "imgcheck"]
print("modules", len(own))
"""
_STARTS = {
    "import click": "import click",
    "--version": "from imgcheck.cli import run; run(['--version'])",
    "--help": "from imgcheck.cli import run; run(['--help'])",
}


def size() -> tuple[int, int]:
    """Return the lines and the files of Python in the package."""
    files = sorted((ROOT / "imgcheck").rglob("*.py"))
    return sum(len(p.read_text(encoding="utf-8").splitlines()) for p in files), len(files)


def modules() -> int:
    """Return how many modules of the package the verification of a sample loads."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["verify", f"{SAMPLE}/post.jpg", "--claim", f"{SAMPLE}/claim.yml"]
        words += ["--reference", f"{SAMPLE}/reference", "-o", folder]
        done = subprocess.run(
            [sys.executable, "-c", _VERIFY, *words],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
    return int(done.stdout.split()[-1])


def seconds(program: str) -> float:
    """Return the CPU seconds of a process that runs a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True, cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table of docs/benchmarks/redesign.md."""
    lines, files = size()
    print(f"| lines, files | {lines:,}, {files} |")
    print(f"| modules loaded by one `verify` of a sample | {modules()} |")
    # Taken in turn, so that other work on the machine meets all alike.
    found: dict[str, list[float]] = {name: [] for name in _STARTS}
    for _ in range(REPEATS):
        for name, program in _STARTS.items():
            found[name].append(seconds(program))
    middle = {name: sorted(times)[REPEATS // 2] for name, times in found.items()}
    for name in ("--version", "--help"):
        ratio = middle[name] / middle["import click"]
        print(f"| CPU of `{name}` against `import click` | {ratio:.2f} |")


if __name__ == "__main__":
    main()
