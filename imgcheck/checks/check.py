"""What a check is: a question, what it needs, and the function that answers it."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from imgcheck.case import Case
from imgcheck.model import Claim, ErrorRate, Finding, Outcome, Statement
from imgcheck.model.finding import DECISIVE, LARGEST_ERROR_RATE

#: The five questions, always in this order.
QUESTIONS = ("recycled", "manipulated", "mislocated", "misdated", "misrepresented")

#: Fast checks run first.
STAGES = ("bytes", "structure", "pixels", "models")

#: Limits of every finding about tags.
WRITABLE = (
    "Anyone can write any date, place or camera name into a file; agreement proves little, and "
    "a wrong clock or a re-save explains most disagreement.",
)
MISSING = (
    "Platforms strip metadata from nearly every upload: missing metadata is not evidence for or "
    "against the claim.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a check does not apply to a case.

    Attributes
    ----------
    reason : str
        What is missing, as a phrase.
    give : str or None
        The input with which the check would run, as a phrase with its option; None if no input
        would help.
    """

    reason: str
    give: str | None = None


Run = Callable[[Case], Iterable[Finding]]
Need = Callable[[Case], Missing | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question an analyst asks, and how imgcheck answers it."""

    #: ``engine.question``, the name of its file, its page and its findings.
    id: str
    #: One sentence that ends in a question mark.
    question: str
    #: Which of the five `QUESTIONS` it belongs to.
    asks: str
    #: Yields findings for a case.
    run: Run
    #: ``source``, ``technical`` or ``content`` analysis (terms of the Berkeley Protocol).
    analysis: str = "technical"
    #: One of `STAGES`.
    stage: str = "pixels"
    #: Raised when the same input may give another finding.
    version: str = "1"
    #: Kinds of statement it bears on; empty for a check that only observes.
    answers: tuple[str, ...] = ()
    #: Whether it bears on a statement of these kinds.
    concerns: Callable[[Statement], bool] = lambda statement: True
    #: Each returns what a case lacks for the check to apply, or None.
    needs: tuple[Need, ...] = ()

    def __post_init__(self) -> None:
        if self.asks not in QUESTIONS:
            raise ValueError(f"{self.id}: asks is one of {', '.join(QUESTIONS)}, not {self.asks!r}")
        if self.stage not in STAGES:
            raise ValueError(f"{self.id}: stage is one of {', '.join(STAGES)}, not {self.stage!r}")

    def statements(self, claim: Claim) -> tuple[Statement, ...]:
        """Return the statements of a claim that this check bears on."""
        return tuple(s for s in claim.of_kind(*self.answers) if self.concerns(s))

    def finding(
        self, *, statement: str | None, outcome: Outcome, summary: str, basis: str, **rest: Any
    ) -> Finding:
        """Make a finding of this check.

        A finding that would support or contradict becomes inconclusive, with that as a limit, if
        the upper end of its error rate exceeds `LARGEST_ERROR_RATE`.
        """
        rate: ErrorRate | None = rest.get("error_rate")
        if outcome not in DECISIVE:
            rest["error_rate"] = None
        elif rate is not None and not rate.decides:
            outcome = Outcome.INCONCLUSIVE
            rest["limits"] = (*rest.get("limits", ()), _undecided(rate))
        return Finding(
            check=self.id,
            check_version=self.version,
            statement=statement,
            outcome=outcome,
            summary=summary,
            basis=basis,
            **rest,
        )

    def without(
        self, case: Case, outcome: Outcome, reason: str, **rest: Any
    ) -> tuple[Finding, ...]:
        """Return a finding with the reason for every statement that this check did not answer.

        ``rest`` are fields of the findings: ``would_change`` names an input to give, ``evidence``
        what was tried.
        """
        named = [s.id for s in self.statements(case.claim)]
        concerned: Sequence[str | None] = named or [None]
        return tuple(
            self.finding(
                statement=statement, outcome=outcome, summary=reason, basis=self.id, **rest
            )
            for statement in concerned
        )

    def missing(self, case: Case) -> Missing | None:
        """Return the first thing that a case lacks for this check to apply, or None."""
        return next((lack for need in self.needs if (lack := need(case)) is not None), None)


def _undecided(rate: ErrorRate) -> str:
    wanted = f"a verdict needs a rate of at most {LARGEST_ERROR_RATE:.0%} at 95 % confidence"
    if not rate.trials:
        return (
            f"This test does not decide by itself: its error rate was not measured, and {wanted}."
        )
    # Rounded up, so that a limit just above the largest rate does not look like it.
    most = math.ceil(1000 * rate.interval.high) / 10
    return (
        f"This test does not decide by itself: its error rate may be as high as {most:g} % "
        f"({rate.errors} of {rate.trials} {rate.what}), and {wanted}."
    )


def check(id: str, **fields: Any) -> Callable[[Run], Check]:
    """Return a decorator that makes a `Check` of a function from a case to findings.

    Examples
    --------
    >>> @check("provenance.size", question="How large is the file?", asks="manipulated")
    ... def size(case):
    ...     words = f"the file has {case.image.size_bytes} bytes"
    ...     yield size.finding(
    ...         statement=None, outcome=Outcome.INCONCLUSIVE, summary=words, basis="file"
    ...     )
    """
    return lambda run: Check(id=id, run=run, **fields)


def error_rate(check: str, name: str) -> ErrorRate:
    """Return one measured error rate of a check.

    It is read from ``calibration/ID.json`` beside this module, which a benchmark writes
    (`tests.benchmarks.calibrate.write`), never a person.
    """
    return ErrorRate(**_rates(check)[name])


@cache
def _rates(check: str) -> dict[str, dict[str, Any]]:
    text = (files(__package__) / "calibration" / f"{check}.json").read_text("utf-8")
    rates: dict[str, dict[str, Any]] = json.loads(text)
    return rates
