"""Cases with known answers: run them and compare with the expected answers.

A case is a folder with ``post.jpg``, ``claim.yml`` and ``expected.yml``, and optionally
``reference/`` with dated imagery, ``known/`` with the pictures of an index and ``annotations.json``
with objects that a person reviewed.

``expected.yml`` contains ``verdicts`` (statement: verdict, all of them), and optionally
``findings`` (check, statement, outcome: one such must exist), ``speaks`` (checks that must observe
something), ``silent`` (checks that must neither support nor contradict) and ``must_not_say`` (words
that must not occur in any finding or verdict).
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from imgcheck.errors import ImgcheckError, UnreadableError, UsageError
from imgcheck.imaging.intake import path_of, read_small
from imgcheck.model import Outcome, Report
from imgcheck.model.documents import RegressedCase
from imgcheck.model.lined import plain
from imgcheck.verification import Progress, verify

_EXPECTED_KEYS = ("verdicts", "findings", "speaks", "silent", "must_not_say")
_FINDING_KEYS = ("check", "statement", "outcome")
_MOST_BYTES = 1 << 20


def regress(
    folder: str | os.PathLike[str], *, progress: Progress | None = None
) -> tuple[RegressedCase, ...]:
    """Run every case below a folder, in the order of their names.

    Raises
    ------
    UnreadableError
        If the folder is missing or holds no case.
    """
    folder = path_of(folder, "a folder of cases")
    cases = sorted(p.parent for p in folder.glob("*/expected.yml"))
    if (folder / "expected.yml").is_file():
        cases = [folder]
    if not cases:
        raise UnreadableError(
            f"{folder.name}: holds no case; a case is a folder with post.jpg, claim.yml and "
            "expected.yml",
            file=folder.name,
        )
    results = []
    for position, case in enumerate(cases):
        if progress is not None:
            progress(case.name, position, len(cases))
        results.append(_run(case))
    return tuple(results)


def _run(folder: Path) -> RegressedCase:
    began, ran = time.monotonic(), True
    try:
        expected = _expected(folder / "expected.yml")
        differences = tuple(_differences(case_report(folder), expected))
    except ImgcheckError as error:
        differences, ran = (f"could not run: {error}",), False
    seconds = time.monotonic() - began
    return RegressedCase(
        case=folder.name,
        passed=not differences,
        ran=ran,
        differences=differences,
        seconds=seconds,
    )


def case_report(folder: Path) -> Report:
    """Verify the case in a folder, with an index of its ``known`` pictures if it has them."""
    posts = sorted(folder.glob("post.*"))
    if len(posts) != 1:
        raise UnreadableError(f"{folder.name}: needs one post.jpg, has {len(posts)}")
    references = [folder / "reference"] if (folder / "reference").is_dir() else []
    with tempfile.TemporaryDirectory(prefix="imgcheck-") as scratch:
        index = None
        if (folder / "known").is_dir():
            index = _index(folder / "known", Path(scratch) / "known.db")
        claim = folder / "claim.yml"
        marked = folder / "annotations.json"
        return verify(
            posts[0],
            claim=claim,
            references=references,
            index=index,
            annotations=marked if marked.is_file() else None,
        )


def _index(known: Path, database: Path) -> Path:
    from imgcheck.known import add_to_index

    added = add_to_index(database, [known])
    if added.refused:
        first = added.refused[0]
        raise UnreadableError(f"{first.path}: {first.reason}", file=first.path)
    return database


def _expected(path: Path) -> Mapping[str, Any]:
    name = f"{path.parent.name}/{path.name}"
    try:
        text = read_small(path, most_bytes=_MOST_BYTES).decode("utf-8-sig")
        found = plain(text, name=name)
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: is not UTF-8 text; save it as UTF-8") from error
    if not isinstance(found, dict) or not isinstance(found.get("verdicts"), dict):
        raise UsageError(f'{name}: needs "verdicts", a mapping from statement to verdict')
    if not all(isinstance(answer, str) for answer in found["verdicts"].values()):
        raise UsageError(f'{name}: "verdicts" gives one word to each statement')
    unknown = sorted(set(found) - set(_EXPECTED_KEYS))
    if unknown:
        raise UsageError(
            f"{name}: unknown key {', '.join(unknown)}; accepted: {', '.join(_EXPECTED_KEYS)}"
        )
    for key in _EXPECTED_KEYS[1:]:
        kind = dict if key == "findings" else str
        entries = found.get(key) or []
        if not isinstance(entries, list) or not all(isinstance(one, kind) for one in entries):
            words = "mappings" if kind is dict else "words"
            raise UsageError(f'{name}: "{key}" is a list of {words}, each after "- "')
    return found


def _differences(report: Report, expected: Mapping[str, Any]) -> Iterator[str]:
    answers = {name: answer.value for name, answer in report.answers().items()}
    wanted = expected["verdicts"]
    for name in sorted(answers.keys() | wanted.keys()):
        got, want = answers.get(name, "no such statement"), wanted.get(name, "nothing expected")
        if got != want:
            yield f"{name}: {got}, expected {want}"
    for item in expected.get("findings") or ():
        yield from _missing_finding(report, item)
    yield from _voices(report, expected)
    for finding in report.failed:
        yield f"{finding.check} failed: {finding.summary}"
    yield from _forbidden(report, expected.get("must_not_say") or ())


def _voices(report: Report, expected: Mapping[str, Any]) -> Iterator[str]:
    """Compare which checks observed something, and which supported or contradicted."""
    quiet = (Outcome.NOT_APPLICABLE, Outcome.FAILED)
    spoke = {f.check for f in report.findings if f.outcome not in quiet}
    sided = (Outcome.SUPPORTS, Outcome.CONTRADICTS)
    took_side = {f.check for f in report.findings if f.outcome in sided}
    for check in expected.get("speaks") or ():
        if check not in spoke:
            yield f"{check} observed nothing"
    for check in expected.get("silent") or ():
        if check in took_side:
            yield f"{check} supported or contradicted"


def _missing_finding(report: Report, wanted: Mapping[str, Any]) -> Iterator[str]:
    unknown = sorted(set(wanted) - set(_FINDING_KEYS))
    if unknown:
        raise UsageError(f"expected.yml: a finding has {', '.join(_FINDING_KEYS)}, not {unknown}")
    for finding in report.findings:
        shown = finding.to_json()
        # A finding on no statement is written "null", as YAML and JSON do.
        if all(("null" if shown[key] is None else shown[key]) == v for key, v in wanted.items()):
            return
    yield f"no finding with {', '.join(f'{k} {v}' for k, v in wanted.items())}"


def _forbidden(report: Report, forbidden: Sequence[str]) -> Iterator[str]:
    """Find words that a report on this case must not contain, apart from the claim's own text."""
    spoken = {
        "findings": [f.to_json() for f in report.findings],
        "because": [[*v.because, *v.limits, *v.would_change] for v in report.verdicts],
    }
    text = json.dumps(spoken, ensure_ascii=False).casefold()
    for words in forbidden:
        if str(words).casefold() in text:
            yield f'contains "{words}"'
