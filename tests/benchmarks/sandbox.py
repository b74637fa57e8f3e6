"""What the sandbox of a single command costs, and what the attacks on decoders reach inside it.

    python -m tests.benchmarks.sandbox [--runs 20]

The cost is the processor time of ``imgcheck inspect`` of one small picture in a process of its own,
restricted and not, by turns. The attacks are the tests on hostile files, run once in a process as
it is and once in one that may read the project, its libraries and the imagery, and write only the
tests' own folders.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "samples" / "older-image" / "post.jpg"
ATTACKS = ("tests/imaging/test_image_attacks.py", "tests/imaging/test_bombs.py",
           "tests/imaging/test_image_damage.py", "tests/provenance/test_hostile.py")  # fmt: skip
INSIDE = """
import os, sys
from pathlib import Path
from imgcheck import sandbox
given = [Path(one) for one in sys.argv[2:4] if one]
restricted = sys.argv[1] == "on" and sandbox.restrict(
    readable=[Path.cwd(), *given[:1]], writable=given[1:], programs=True)
assert restricted == (sys.argv[1] == "on")
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-m", "slow or not slow",
                      "--basetemp", str(given[1] / "t"), *sys.argv[4:]]))
"""


def cpu_ms(state: str) -> float:
    """Return the processor time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", "from imgcheck.cli import main; main()", "inspect", str(PICTURE)],
        stdout=subprocess.DEVNULL, check=True, cwd=ROOT,
        env={**os.environ, "IMGCHECK_SANDBOX": state},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def attacks(state: str) -> str:
    """Return the last line of the tests on hostile files."""
    data = os.environ.get("IMGCHECK_DATA", "")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", INSIDE, state, data or str(ROOT), folder, *ATTACKS],
            capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "TMPDIR": folder},
        )  # fmt: skip
    return "\n".join(done.stdout.splitlines()[-8:] + done.stderr.splitlines()[-8:])


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    found: dict[str, list[float]] = {"on": [], "off": []}
    for _ in range(options.runs):
        for state, times in found.items():
            times.append(cpu_ms(state))
    differences = sorted(on - off for on, off in zip(found["on"], found["off"], strict=True))
    on, off, middle = map(statistics.median, (found["on"], found["off"], differences))
    low, high = (differences[k * len(differences) // 4] for k in (1, 3))
    print(f"on {on:.1f} ms, off {off:.1f} ms; difference {middle:.1f} ({low:.1f} to {high:.1f})")
    for state in found:
        print(f"attacks, sandbox {state}: {attacks(state)}")


if __name__ == "__main__":
    main()
