"""The answer to one case: inputs, findings, and a verdict for each statement."""

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from imgcheck.model.claim import Claim
from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.model.finding import Finding, Outcome, Picture
from imgcheck.model.window import Window

SCHEMA = "imgcheck-report/1"


class Answer(enum.StrEnum):
    """The five verdicts. There is no "fake", "authentic" or "real"."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not_testable"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one statement, from all findings.

    Attributes
    ----------
    statement, kind, text : str
        Which statement, and its words.
    verdict : Answer
    because : tuple of str
        One sentence a finding that bears on it, strongest first.
    supporting, contradicting, undecided : tuple of int
        Positions in ``Report.findings``.
    untested : tuple of str
        What was not tested, and why.
    limits : tuple of str
        What the findings do not prove.
    would_change : tuple of str
        Which further input would change the answer.
    """

    statement: str
    kind: str
    text: str
    verdict: Answer
    because: tuple[str, ...] = ()
    supporting: tuple[int, ...] = ()
    contradicting: tuple[int, ...] = ()
    undecided: tuple[int, ...] = ()
    untested: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file that the report rests on."""

    id: str
    role: str
    name: str
    sha256: str | None
    size_bytes: int | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    date: Window | None = None
    date_source: str | None = None
    gsd_m: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What made the report: versions of the tool, of its checks and of the libraries."""

    name: str
    version: str
    checks: dict[str, str]
    libraries: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found about one case. Same input and versions give the same bytes.

    ``sandbox`` states what restricted the process that decoded the files: ``landlock`` (files,
    programs, TCP and memory) or ``partial`` (memory and time alone).
    """

    schema: str = SCHEMA
    tool: Tool
    inputs: tuple[Input, ...]
    claim: Claim
    parameters: dict[str, Any]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    sandbox: Literal["landlock", "partial"] = "partial"

    def pictures(self) -> Iterator[Picture]:
        """Return every picture made as evidence, in the order of the findings."""
        for finding in self.findings:
            yield from finding.evidence.pictures

    def answers(self) -> dict[str, Answer]:
        """Return the verdict of each statement by its id."""
        return {verdict.statement: verdict.verdict for verdict in self.verdicts}

    @property
    def contradicted(self) -> bool:
        """Return whether any statement is contradicted."""
        return Answer.CONTRADICTED in self.answers().values()

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Return the findings of checks that could not do their work."""
        return tuple(f for f in self.findings if f.outcome is Outcome.FAILED)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return encode_fields(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Report":
        """Rebuild a report from `to_json`.

        Raises
        ------
        ValueError
            If the schema is another one, or a field is missing, unknown or mistyped.
        """
        found = value.get("schema") if isinstance(value, dict) else None
        if found != SCHEMA:
            raise ValueError(f"this reads reports of schema {SCHEMA}, not {found}")
        report: Report = decode_fields(cls, value)
        return report

    def _repr_html_(self) -> str:
        """Return the page of the report in a frame, as notebooks show it."""
        # By name: the model knows no output, but a notebook asks the value itself.
        return str(import_module("imgcheck.report.notebook").frame(self))

    def dumps(self) -> str:
        """Return the canonical text: sorted keys, two spaces, ASCII, a newline at the end."""
        return json.dumps(self.to_json(), indent=2, sort_keys=True, allow_nan=False) + "\n"
