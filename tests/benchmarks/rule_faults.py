"""Plant one-line faults in the decision rules and count how many make a test fail.

    python -m tests.benchmarks.rule_faults --seed 1 --count 120
    python -m tests.benchmarks.rule_faults --only provenance.file --count 1000 --list

The faults come from the syntax tree of the rules and from nothing else: a comparison changed, a
condition dropped, ``and`` and ``or`` or two branches exchanged, another outcome, another threshold.
They are drawn with a seed, one file after another, so that every check has its share. Each runs in
a forked process in which the import of one module gives the changed source; no file is written.
A fault is caught if a test of the rules fails (or does not end); tests of whole samples do not run.
``--list`` prints the faults that would be planted and runs nothing.
"""

import argparse
import ast
import copy
import importlib
import importlib.util
import os
import random
import re
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, TypeGuard

import cv2
import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Loaded once, before the processes fork; a fault in one of them is planted in a cold start.
ENGINES = ("imaging", "provenance", "hashing", "geo", "sun", "change", "detect", "scene")
CPU_SECONDS = 120  # of one fault; a rule that does not end is noticed

#: The tests of rules that several checks share. Of a check they are found by its name.
GUARDS = {
    "imgcheck/verification.py": ("tests/test_verification.py",),
    "imgcheck/model/window.py": ("tests/model/test_window.py", "tests/test_verification.py"),
    "imgcheck/model/finding.py": ("tests/model/test_report.py", "tests/checks/test_check.py"),
    "imgcheck/geo/comparison.py": (
        "tests/geo/test_comparison.py", "tests/checks/test_places.py",
    ),
    "imgcheck/imaging/registration.py": (
        "tests/imaging/test_acceptance.py", "tests/imaging/test_registration.py",
    ),
    "imgcheck/geo/structural/judging.py": ("tests/geo/test_structural_acceptance.py",),
    "imgcheck/checks/_places.py": ("tests/checks/test_places.py",),
    "imgcheck/case/ground.py": (
        "tests/case/test_ground.py", "tests/checks/test_geo_place.py",
    ),
    "imgcheck/geo/locating.py": (
        "tests/geo/test_choosing.py", "tests/geo/test_near.py", "tests/geo/test_bad_input.py",
    ),
    "imgcheck/geo/settling.py": ("tests/geo/test_settling.py",),
    "imgcheck/case/shadows.py": ("tests/case/test_shadows.py",),
    "imgcheck/checks/check.py": ("tests/checks/test_check.py", "tests/test_verification.py"),
    "imgcheck/checks/_known.py": (
        "tests/checks/test_hashing_seen_before.py", "tests/checks/test_hashing_altered_since.py",
    ),
    "imgcheck/checks/_objects.py": (
        "tests/checks/test_detect_vehicle_count.py", "tests/checks/test_detect_crater_absence.py",
    ),
    "imgcheck/checks/_reviewed.py": ("tests/checks/test_reviewed.py",),
    "imgcheck/detect/dimensions.py": (
        "tests/detect/test_dimensions.py", "tests/checks/test_detect_dimensions.py",
    ),
    "imgcheck/checks/detect_objects.py": (
        "tests/checks/test_detect_vehicle_count.py", "tests/checks/test_detect_crater_absence.py",
    ),
}  # fmt: skip
#: Of an engine only the functions that accept or refuse its result.
ACCEPTANCE = {
    "imgcheck/imaging/registration.py": ("refusal", "_sway", "odd_shape", "hull_share"),
    "imgcheck/geo/settling.py": ("of_one_acquisition", "decide"),
    "imgcheck/geo/structural/judging.py": (
        "judge",
        "_doubt",
        "_is_determined",
        "false_match_probability",
        "by_height",
        "by_shifts",
        "by_patches",
    ),
    "imgcheck/detect/dimensions.py": (
        "compare",
        "_weigh",
        "_aspect_variance",
        "_aspect_distance",
        "pool",
    ),
    "imgcheck/geo/locating.py": (
        "_attempt",
        "_ill_sized",
        "_by_edges_until_confident",
        "_confident_place",
        "_best",
        "_disagree",
    ),
}
#: Files among the checks that hold no rule.
NO_RULES = ("__init__", "catalogue")
#: Tests on rendered pictures, which take minutes; only the check itself runs its own.
_ON_PICTURES = ("test_geo_place", "test_hashing_part_of")

#: Faults that change no answer, by file, function and change, each with the reason.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    **{
        ("imgcheck/detect/dimensions.py", function, fault): "no computed distance equals the bound"
        for function, fault in (
            ("compare", "distance <= _REGION[degrees] -> distance < _REGION[degrees]"),
            (
                "compare",
                "_aspect_distance(size, one) <= _REGION[1] -> "
                "_aspect_distance(size, one) < _REGION[1]",
            ),
            ("pool", "z > _Z_SPREAD -> z >= _Z_SPREAD"),
        )
    },
    (
        "imgcheck/geo/locating.py", "_best", "isinstance(found, NotPlaced) -> True",
    ): "where nothing was placed there are only refusals",
    (
        "imgcheck/geo/locating.py", "_disagree",
        "1000.0 * float(np.hypot(*east_north)) > _SAME_GROUND * side + errors -> "
        "1000.0 * float(np.hypot(*east_north)) >= _SAME_GROUND * side + errors",
    ): "no computed distance is exactly the limit",
    (
        "imgcheck/checks/sun_claimed_time.py", "_zones",
        "not window.zone_known or span[1] - span[0] > _ONE_HOUR -> span[1] - span[0] > _ONE_HOUR",
    ): "a window without a zone spans at least 26 hours",
    (
        "imgcheck/model/finding.py", "decides",
        "self.interval.high <= LARGEST_ERROR_RATE -> self.interval.high < LARGEST_ERROR_RATE",
    ): "no exact limit of a whole number of trials is 0.05 itself",
    (
        "imgcheck/checks/sun_night.py", "_looks", "light < _BRIGHT -> light <= _BRIGHT",
    ): "0.12 is no mean of three 8-bit values",
    (
        "imgcheck/checks/sun_night.py", "_looks", "color >= _COLORED -> color > _COLORED",
    ): "0.03 is no difference of two 8-bit values",
    (
        "imgcheck/geo/comparison.py", "compare",
        "share > _LEAST_SHARE -> share >= _LEAST_SHARE",
    ): "a tolerance for rounding; no share is equal to it",
    (
        "imgcheck/geo/comparison.py", "compare", "share >= 1 - 1e-06 -> share > 1 - 1e-06",
    ): "a tolerance for rounding; no share is equal to it",
    (
        "imgcheck/checks/_places.py", "_exchanged",
        "-90 <= west < east <= 90 -> -90 <= west <= east <= 90",
    ): "a box without width was refused before",
    (
        "imgcheck/checks/_places.py", "exchanged",
        "compare(other, footprint).distance_km <= _MUCH_NEARER * away -> "
        "compare(other, footprint).distance_km < _MUCH_NEARER * away",
    ): "no computed distance is exactly a twentieth of another",
    **{
        ("imgcheck/checks/provenance_file.py", "_distance_km", f"gps.{one} or 0.0 -> gps.{one}"):
        "the position is whole, and 0 is 0"
        for one in ("lon", "lat")
    },
    (
        "imgcheck/checks/change_since_reference.py", "_answer",
        "reference.date is not None -> True",
    ): "only dated references are compared",
    (
        "imgcheck/checks/change_date_bracket.py", "_answer", "r.date is not None -> True",
    ): "references in sequence are dated",
    (
        "imgcheck/checks/hashing_altered_since.py", "hashing_altered_since",
        "isinstance(reason, str) -> True",
    ): "where nothing was compared there are reasons only",
    **{
        ("imgcheck/imaging/registration.py", function, change): "a limit of measured numbers that "
        "are never exactly equal to it"
        for function, change in (
            (
                "refusal",
                "corner_sigma > LARGEST_CORNER_SIGMA * in_reference -> "
                "corner_sigma >= LARGEST_CORNER_SIGMA * in_reference",
            ),
            (
                "refusal",
                "narrow < SMALLEST_SPREAD * diagonal -> narrow <= SMALLEST_SPREAD * diagonal",
            ),
            (
                "odd_shape",
                "stretch[:, 0] > LARGEST_STRETCH * stretch[:, 1] -> "
                "stretch[:, 0] >= LARGEST_STRETCH * stretch[:, 1]",
            ),
            (
                "odd_shape",
                "SMALLEST_SCALE <= scale <= LARGEST_SCALE -> "
                "SMALLEST_SCALE < scale <= LARGEST_SCALE",
            ),
            (
                "odd_shape",
                "SMALLEST_SCALE <= scale <= LARGEST_SCALE -> "
                "SMALLEST_SCALE <= scale < LARGEST_SCALE",
            ),
            (
                "odd_shape",
                "areas.max() > LARGEST_FALL_OFF * areas.min() -> "
                "areas.max() >= LARGEST_FALL_OFF * areas.min()",
            ),
            (
                "_sway",
                "np.hypot(*(source - spot).T) > radius -> np.hypot(*(source - spot).T) >= radius",
            ),
        )
    },
}  # fmt: skip

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_OUTCOMES = {
    "SUPPORTS": "CONTRADICTS", "CONTRADICTS": "SUPPORTS", "INCONCLUSIVE": "NOT_APPLICABLE",
    "NOT_APPLICABLE": "INCONCLUSIVE", "FAILED": "INCONCLUSIVE", "SUPPORTED": "CONTRADICTED",
    "CONTRADICTED": "SUPPORTED", "NOT_RUN": "INCONCLUSIVE", "NOT_TESTABLE": "NOT_RUN",
}  # fmt: skip
# What is only shown: arguments of findings, and functions that return words, evidence or arrays.
_SHOWN = {"summary", "limits", "innocent", "measures", "evidence", "power", "label", "basis"}
_SHOWS = ("Measure", "Evidence", "Region", "ByteRange", "Picture", "Footprint", "Citation",
          "NDArray", "DetectionPower")  # fmt: skip
_WORDS = ("str", "list[str]", "tuple[str, ...]")
_SMALL = 16  # integers up to here grow by one, other numbers double or halve


@dataclass(frozen=True, slots=True)
class Fault:
    """One changed expression."""

    path: str
    line: int
    function: str
    old: str
    new: str
    start: int  # in bytes, as the syntax tree counts
    end: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.path, self.function, f"{self.old} -> {self.new}"

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")

    def source(self) -> bytes:
        data = (ROOT / self.path).read_bytes()
        return data[: self.start] + f"({self.new})".encode() + data[self.end :]


def files(only: Sequence[str] = ()) -> list[str]:
    """Give the files with rules, or those of checks or stems."""
    checks = sorted((ROOT / "imgcheck/checks").glob("*.py"))
    found = [p.relative_to(ROOT).as_posix() for p in checks if p.stem not in NO_RULES]
    found += [path for path in GUARDS if path not in found]
    stems = {name.replace(".", "_").replace("-", "_") for name in only}
    return [path for path in found if not only or Path(path).stem in stems]


def faults(path: str) -> list[Fault]:
    """Give every fault that can be planted in the rules of a file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(text)
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []

    def add(function: str, node: Any, new: ast.expr | str) -> None:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        words = new if isinstance(new, str) else ast.unparse(new)
        found.append(Fault(path, node.lineno, function, ast.unparse(node), words, start, end))

    rules = _rules(tree)
    if path in ACCEPTANCE:
        every = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        rules = [node for node in every if node.name in ACCEPTANCE[path]]
    for rule in rules:
        for node in _decisive(rule):
            for new in _changed(node):
                add(rule.name, *new)
    named = {n.id for rule in rules for n in _decisive(rule) if isinstance(n, ast.Name)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and named & {
            n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)
        }:
            for number in _numbers(node.value):
                for words in _other_numbers(number):
                    add(ast.unparse(node.targets[0]), number, words)
    return sorted(set(found), key=lambda fault: (fault.start, fault.end, fault.new))


def _rules(tree: ast.Module) -> list[ast.FunctionDef]:
    """Give the public functions, those that name an outcome, and those that they use."""
    compared = {
        n.func.id for test in ast.walk(tree) if isinstance(test, ast.Compare)
        for n in ast.walk(test) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }  # fmt: skip
    every = {
        node.name: node for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and not _only_shows(node, compared)
    }  # fmt: skip
    names = {
        name for name, node in every.items()
        if not name.startswith("_") or name.startswith("__")
        or any(_is_outcome(n) for n in ast.walk(node))
    }  # fmt: skip
    while True:
        used = {
            n.id for name in names for n in ast.walk(every[name])
            if isinstance(n, ast.Name) and n.id in every
        }  # fmt: skip
        if used <= names:
            return [node for name, node in every.items() if name in names]
        names |= used


def _only_shows(node: ast.FunctionDef, compared: set[str]) -> bool:
    """Tell whether a function gives evidence, or words that no rule compares with anything."""
    returned = "" if node.returns is None else ast.unparse(node.returns)
    words = returned in _WORDS and node.name not in compared
    return words or any(re.search(rf"\b{name}\b", returned) for name in _SHOWS)


def _is_outcome(node: ast.AST) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("Outcome", "Answer")


def _decisive(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a function without its wording, its annotations and what is only shown."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "args") and isinstance(
            node, ast.FunctionDef | ast.AnnAssign
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.JoinedStr | ast.Raise | ast.Assert | ast.FunctionDef):
                continue
            if isinstance(child, ast.keyword) and child.arg in _SHOWN:
                continue
            if isinstance(child, ast.Call) and ast.unparse(child.func) in _SHOWS:
                continue
            yield child
            yield from _decisive(child)


def _changed(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | str]]:
    """Give the expressions at a node that can be changed, with the change."""
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            new = copy.deepcopy(node)
            new.ops[at] = _COMPARED[type(op)]()
            yield node, new
        for number in (n for part in (node.left, *node.comparators) for n in _numbers(part)):
            yield from ((number, words) for words in _other_numbers(number))
    elif isinstance(node, ast.BoolOp):
        new = copy.deepcopy(node)
        new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, new
        for at in range(len(node.values)):
            if not _binds(node.values[at]):
                rest = copy.deepcopy(node)
                del rest.values[at]
                yield node, rest if len(rest.values) > 1 else rest.values[0]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, node.operand
    elif isinstance(node, ast.If | ast.While) and not _binds(node.test):
        yield node.test, "False"
        if isinstance(node, ast.If):
            yield node.test, "True"
    elif isinstance(node, ast.IfExp):
        yield node, ast.IfExp(test=node.test, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.comprehension):
        yield from ((test, "True") for test in node.ifs if not _binds(test))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
        if isinstance(node.value.value, bool):
            yield node.value, str(not node.value.value)
    elif _is_outcome(node) and node.attr in _OUTCOMES:
        yield node, f"{ast.unparse(node.value)}.{_OUTCOMES[node.attr]}"


def _binds(node: ast.AST) -> bool:
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(node))


def _numbers(node: ast.expr) -> Iterator[ast.Constant]:
    for n in ast.walk(node):
        if isinstance(n, ast.Constant) and type(n.value) in (int, float):
            yield n


def _other_numbers(node: ast.Constant) -> Iterator[str]:
    value = node.value
    assert isinstance(value, int | float)
    if isinstance(value, int) and abs(value) <= _SMALL:
        yield str(value + 1)
    elif value:
        yield repr(value * 2)
        yield repr(value / 2)


def drawn(paths: Sequence[str], *, count: int, seed: int) -> list[Fault]:
    """Draw faults file by file in turn, and among those of one line only once."""
    random_ = random.Random(seed)
    pools: list[list[Fault]] = []
    for path in paths:
        pool = [fault for fault in faults(path) if fault.key not in EQUIVALENT]
        random_.shuffle(pool)
        pools.append(pool)
    found: list[Fault] = []
    while any(pools) and len(found) < count:
        found += [pool.pop() for pool in pools if pool]
    return found[:count]


def tests_of(path: str) -> tuple[str, ...]:
    """Give the tests of the rules in a file, the nearest first."""
    if path in GUARDS:
        return GUARDS[path]
    stem = Path(path).stem
    stems = {stem} | {Path(p).stem for p in files() if f"{stem} " in _imports(p)}
    every = [
        p for p in sorted((ROOT / "tests/checks").glob("test_*.py"))
        if p.stem not in _ON_PICTURES or p.stem == f"test_{stem}"
    ]  # fmt: skip
    near = [p for p in every if p.stem.startswith(f"test_{stem}")]
    named = re.compile("|".join(rf"\b{s}\b" for s in stems))
    far = [p for p in every if p not in near and named.search(p.read_text("utf-8"))]
    ordered = sorted((*near, *far), key=lambda p: p.stem in _ON_PICTURES)
    return tuple(p.relative_to(ROOT).as_posix() for p in ordered)


def _imports(path: str) -> str:
    """Give the words of a file's import statements, each followed by a space."""
    words = []
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            words += [(node.module or "").split(".")[-1], *(n.name for n in node.names)]
    return "".join(f"{word} " for word in words)


class _Planted(SourceFileLoader):
    """Loads a module from changed source, as if it stood in its file."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self.source, self.path, "exec")
        return code


class _Finder:
    def __init__(self, fault: Fault) -> None:
        self.name = fault.module
        self.loader = _Planted(self.name, str(ROOT / fault.path), fault.source())

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.loader.path, loader=self.loader)


class _FirstFailure:
    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.say(report.nodeid)


def run(fault: Fault | None, tests: Sequence[str]) -> str | None:
    """Run tests with a fault in place; give the test that failed, or None if all passed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.close(reading)
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            if fault is not None:
                if fault.module in sys.modules:
                    for name in [n for n in sys.modules if n.split(".")[0] == "imgcheck"]:
                        del sys.modules[name]
                sys.meta_path.insert(0, _Finder(fault))  # type: ignore[arg-type]
            plugin = _FirstFailure(lambda words: os.write(writing, f"{words}\n".encode()))
            options = ["-x", "-q", "-p", "no:cacheprovider"]
            # One file after another: most faults are caught by the nearest.
            for test in tests:
                code = pytest.main([*options, test], plugins=[plugin])
                if code != pytest.ExitCode.OK:
                    break
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.WEXITSTATUS(status)
    if code == pytest.ExitCode.OK:
        return None
    if said:
        return said[0]
    if code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.TESTS_FAILED):
        return "the module cannot be imported"
    raise RuntimeError(f"pytest ended with {code} on {tests}")


@cache
def _check_that_it_passes(test: str, tests: tuple[str, ...]) -> None:
    """Run a test that caught something without any fault: it must pass."""
    if (broken := run(None, [test] if test in tests else tests)) is not None:
        raise RuntimeError(f"{broken} fails without a fault")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument(
        "--only", metavar="CHECK", action="append", default=[],
        help="id of a check, or the stem of a file; may be repeated",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--list", action="store_true", help="print the faults and run nothing")
    given = parser.parse_args(argv)
    os.chdir(ROOT)
    paths = files(given.only)
    chosen = drawn(paths, count=given.count, seed=given.seed)
    if given.list:
        for fault in chosen:
            print(f"{fault.path}:{fault.line} {fault.function}: {fault.old} -> {fault.new}")
        return 0
    cv2.setNumThreads(1)
    for name in ENGINES:
        importlib.import_module(f"imgcheck.{name}")
    rules = ("imgcheck.checks", "imgcheck.model", "imgcheck.verification")
    assert not any(name.startswith(rules) for name in sys.modules), "rules load in the fork"
    results: dict[str, list[tuple[Fault, str | None]]] = defaultdict(list)
    for fault in chosen:
        tests = tests_of(fault.path)
        by = run(fault, tests) if tests else None
        if by is not None:
            _check_that_it_passes(by.split("::")[0], tests)
        results[fault.path].append((fault, by))
        words = "SURVIVED" if by is None else f"caught by {by}"
        print(f"{fault.path}:{fault.line} {fault.function}: {fault.old} -> {fault.new}: {words}",
              flush=True)  # fmt: skip
    print(f"\n| rules in | caught, seed {given.seed} |\n|---|---|")
    for path, tried in sorted(results.items()):
        print(f"| {path} | {sum(by is not None for _, by in tried)}/{len(tried)} |")
    every = [by for tried in results.values() for _, by in tried]
    caught = sum(by is not None for by in every)
    print(f"| together | {caught}/{len(every)} ({caught / max(len(every), 1):.0%}) |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
