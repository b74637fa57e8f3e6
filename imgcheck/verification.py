"""Plan, run and assess: from a case to a report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from imgcheck import sandbox
from imgcheck.case import Case, load_case
from imgcheck.checks import Check
from imgcheck.checks.catalogue import catalogue
from imgcheck.checks.check import Missing
from imgcheck.errors import ImgcheckError
from imgcheck.imaging.intake import FilePath
from imgcheck.model import Answer, Claim, Finding, Input, Outcome, Report, Statement, Tool, Verdict

#: Libraries whose version can change a finding.
LIBRARIES = ("numpy", "opencv-python", "Pillow", "rasterio", "scikit-image")

NOT_TESTABLE = {
    "attribution": "A picture shows which objects were where, not who owned or operated them: a "
    "vehicle's type does not prove its operator.",
    "intent": "A picture shows no intentions.",
}

#: Outcomes of a check that tested nothing.
SILENT = (Outcome.NOT_APPLICABLE, Outcome.FAILED)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One check of the plan; it does not run if something is ``missing``."""

    check: Check
    missing: Missing | None = None


def verify(
    picture: Case | FilePath,
    *,
    claim: Claim | FilePath | None = None,
    references: FilePath | Sequence[FilePath] = (),
    index: FilePath | None = None,
    annotations: FilePath | None = None,
    checks: Sequence[Check] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Test a claim about a picture with every check that its inputs allow.

    Parameters
    ----------
    picture : path or Case
    claim, references, index, annotations : optional
        As in `imgcheck.load_case`; only with a path.
    checks : sequence of Check, optional
        By default the whole catalogue.
    progress : callable, optional
        Called before each check with its question, its position and the number of checks.

    Returns
    -------
    Report
        The same inputs and versions give the same report, to the byte.

    Raises
    ------
    WrongTypeError
        If the picture is neither a case nor a path.
    UnreadableError, RefusedError, ClaimError
        If a file cannot be opened or parsed.
    """
    case = load_case(
        picture, claim=claim, references=references, index=index, annotations=annotations
    )
    # Some damage shows only when the picture is decoded, and no check may do that.
    case.image.examine()
    planned = plan(case, checks=checks)
    findings = run(planned, case, progress=progress)
    return Report(
        tool=_tool([p.check for p in planned]),
        inputs=tuple(_inputs(case)),
        claim=case.claim,
        parameters={"index": None if case.index is None else case.index.name},
        findings=findings,
        verdicts=assess(case.claim, findings),
        sandbox=sandbox.state(),
    )


def plan(case: Case, *, checks: Sequence[Check] | None = None) -> tuple[Planned, ...]:
    """Return which checks apply to a case, and what the others lack."""
    chosen = catalogue() if checks is None else checks
    return tuple(Planned(check=c, missing=_missing(c, case)) for c in chosen)


def _missing(check: Check, case: Case) -> Missing | None:
    try:
        return check.missing(case)
    except Exception:
        # A need that reads the file can break on it like the check itself. The check then runs,
        # and `_findings` reports what broke.
        return None


def run(
    planned: Sequence[Planned], case: Case, *, progress: Progress | None = None
) -> tuple[Finding, ...]:
    """Run every planned check, fast ones first; one that raises does not stop the others."""
    findings: list[Finding] = []
    for position, item in enumerate(planned):
        if progress is not None:
            progress(item.check.question, position, len(planned))
        if item.missing is not None:
            give = () if item.missing.give is None else (item.missing.give,)
            findings += item.check.without(
                case, Outcome.NOT_APPLICABLE, item.missing.reason, would_change=give
            )
        else:
            findings += _findings(item.check, case)
    return tuple(findings)


def _findings(check: Check, case: Case) -> tuple[Finding, ...]:
    try:
        return tuple(check.run(case))
    except ImgcheckError as error:
        return check.without(case, Outcome.FAILED, str(error))
    except Exception as error:
        # Broad on purpose: a fault in a check, or in a library below it, on one odd picture must
        # not cost the results of other checks. The report shows it as failed.
        words = (
            f"the check stopped with an error on this input ({type(error).__name__}: {error}); "
            "please report it"
        )
        return check.without(case, Outcome.FAILED, words)


def assess(claim: Claim, findings: Sequence[Finding]) -> tuple[Verdict, ...]:
    """Return a verdict on every statement of a claim from the findings that bear on it."""
    return tuple(_verdict(claim, statement, findings) for statement in claim.statements)


def _verdict(claim: Claim, statement: Statement, findings: Sequence[Finding]) -> Verdict:
    own = [(i, f) for i, f in enumerate(findings) if f.statement == statement.id]
    own.sort(key=lambda pair: rank(pair[1]))
    heard = [f for _, f in own if f.outcome not in SILENT]
    # Fast checks come first in a report. Of those that did not run, the slow one is named first: it
    # would have looked deepest.
    silent = sorted((f for _, f in reversed(own) if f.outcome in SILENT), key=rank)
    untested = tuple(f"{f.check}: {f.summary}" for f in silent)
    wishes = [wish for _, f in own for wish in f.would_change]
    because: tuple[str, ...]
    if not statement.testable:
        answer, because = Answer.NOT_TESTABLE, (NOT_TESTABLE[statement.kind],)
    elif not heard:
        words = f"no check tests a statement of the kind {statement.kind} yet"
        answer = Answer.NOT_RUN
        because = (_not_run(silent) if silent else f"Not tested: {words}.",)
        untested = untested or (words,)
    else:
        answer, note = _weigh(heard)
        because = (*note, *(f.summary for f in heard))
    if statement.testable and (late := _after_its_post(claim, statement)) is not None:
        # One of two dates that the claim gives is wrong, and nothing shows which.
        answer = answer if answer is Answer.CONTRADICTED else Answer.INCONCLUSIVE
        because = (late, *because)
        wishes.insert(0, "the right dates (source.posted and the statement's own)")

    def positions(outcome: Outcome) -> tuple[int, ...]:
        return tuple(i for i, f in own if f.outcome is outcome)

    return Verdict(
        statement=statement.id,
        kind=statement.kind,
        text=statement.text,
        verdict=answer,
        because=because,
        supporting=positions(Outcome.SUPPORTS),
        contradicting=positions(Outcome.CONTRADICTS),
        undecided=positions(Outcome.INCONCLUSIVE),
        untested=untested,
        limits=_unique(limit for f in heard for limit in f.limits),
        would_change=_unique(wishes),
    )


def rank(finding: Finding) -> int:
    """Return the position of a finding among the reasons of a verdict, the most informative first.

    Findings of one rank that observed something stay in the order in which the checks ran.
    """
    if finding.outcome is Outcome.CONTRADICTS:
        return 0
    if finding.outcome is Outcome.SUPPORTS:
        return 1
    if finding.outcome is Outcome.INCONCLUSIVE:
        if finding.error_rate is not None:
            return 2  # it would decide if its error rate were known better
        return 3 if finding.measures else 4  # it measured something, or only looked
    if finding.outcome is Outcome.FAILED:
        return 5
    if finding.evidence.citations:
        return 6  # registration to these references was tried without success
    return 7 if finding.would_change else 8  # an input would help, or none


def _not_run(silent: Sequence[Finding]) -> str:
    """Return the first reason, and each input with which a check of that rank would run."""
    first = silent[0]
    words = f"Not tested: {first.summary.rstrip('.')}."
    equal = [f for f in silent if rank(f) == rank(first)]
    wishes = _unique(f.would_change[0] for f in equal if f.would_change)
    return f"{words} To test it, give {' or '.join(wishes)}." if wishes else words


def _after_its_post(claim: Claim, statement: Statement) -> str | None:
    """Return a sentence if a statement is about a time after the picture was posted."""
    posted, window = claim.source.posted, getattr(statement, "window", None)
    if posted is None or window is None or not posted.before(window):
        return None
    return (
        f"The claim contradicts itself: {window.text} is after the post of {posted.text}, and a "
        "picture shows nothing later than its post. One of the two dates is wrong."
    )


def _weigh(findings: Sequence[Finding]) -> tuple[Answer, tuple[str, ...]]:
    """Take the strongest finding of each basis, then combine across bases.

    Findings of one basis rest on the same evidence: two of them are no stronger than one. Bases
    that disagree stay inconclusive; their likelihood ratios are not multiplied until every one of
    them is calibrated.
    """
    strongest: dict[str, Finding] = {}
    for finding in sorted(findings, key=rank):
        strongest.setdefault(finding.basis, finding)
    outcomes = {finding.outcome for finding in strongest.values()}
    if {Outcome.CONTRADICTS, Outcome.SUPPORTS} <= outcomes:
        words = "The findings disagree, and neither side outweighs the other."
        return Answer.INCONCLUSIVE, (words,)
    if Outcome.CONTRADICTS in outcomes:
        return Answer.CONTRADICTED, ()
    if Outcome.SUPPORTS in outcomes:
        return Answer.SUPPORTED, ()
    return Answer.INCONCLUSIVE, ()


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _tool(checks: Sequence[Check]) -> Tool:
    return Tool(
        name="imgcheck",
        version=version("imgcheck"),
        checks={check.id: check.version for check in checks},
        libraries={name: version(name) for name in LIBRARIES},
    )


def _inputs(case: Case) -> list[Input]:
    damage = tuple(f"{d.kind}: {d.message}" for d in case.image.damage)
    found = [_input(case.image, id="picture", role="picture", notes=damage)]
    for one in case.references:
        notes = one.notes if one.date_reason is None else (*one.notes, one.date_reason)
        dated = {"date": one.date, "date_source": one.date_source}
        found.append(_input(one.image, id=one.id, role="reference", notes=notes, **dated))
    if case.annotations_file is not None:
        name, digest = case.annotations_file
        found.append(Input(id="annotations", role="annotations", name=name, sha256=digest))
    return found


def _input(image: Any, *, id: str, role: str, **rest: Any) -> Input:
    return Input(
        id=id,
        role=role,
        name=image.name,
        sha256=image.sha256,
        size_bytes=image.size_bytes,
        format=image.format,
        width=image.width,
        height=image.height,
        gsd_m=None if image.gsd_m is None else round(image.gsd_m, 6),
        **rest,
    )
