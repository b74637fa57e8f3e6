"""The functions of ``import imgcheck`` that take a path where the library takes a case."""

import os
from collections.abc import Sequence

from imgcheck import placing, verification
from imgcheck.case import Case, load_case
from imgcheck.checks.check import Check
from imgcheck.errors import UsageError
from imgcheck.model import Claim, Report
from imgcheck.placing import Located, Search
from imgcheck.verification import Progress

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def verify(
    picture: Case | str | os.PathLike[str],
    *,
    claim: Claim | str | os.PathLike[str] | None = None,
    references: Paths = (),
    index: str | os.PathLike[str] | None = None,
    checks: Sequence[Check] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Test a claim about a picture with every check that its inputs allow.

    Parameters
    ----------
    picture : Case or path
        A path is opened with `imgcheck.load_case`.
    claim, references, index : optional
        What `imgcheck.load_case` takes; only beside a path.
    checks, progress : optional
        See `imgcheck.verification.verify`.

    Raises
    ------
    WrongTypeError
        If the picture is neither a case nor a path.
    UnreadableError, RefusedError, ClaimError
        If a file cannot be opened or understood.
    """
    case = _case(picture, claim=claim, references=references, index=index)
    return verification.verify(case, checks=checks, progress=progress)


def locate(
    picture: Case | str | os.PathLike[str],
    *,
    references: Paths = (),
    search: Search | None = None,
    progress: Progress | None = None,
) -> Located:
    """Place a picture on georeferenced imagery.

    Parameters
    ----------
    picture : Case or path
        A path is opened with `imgcheck.load_case`.
    references : path or sequence of path
        Georeferenced images, or folders of them; only beside a path.
    search, progress : optional
        See `imgcheck.placing.locate`.

    Raises
    ------
    WrongTypeError
        If the picture is neither a case nor a path.
    UsageError
        If there is no reference.
    UnreadableError, RefusedError
        If a file cannot be opened.
    """
    return placing.locate(_case(picture, references=references), search=search, progress=progress)


def _case(
    picture: Case | str | os.PathLike[str],
    *,
    claim: Claim | str | os.PathLike[str] | None = None,
    references: Paths = (),
    index: str | os.PathLike[str] | None = None,
) -> Case:
    if not isinstance(picture, Case):
        return load_case(picture, claim=claim, references=references, index=index)
    if claim is not None or references or index is not None:
        raise UsageError("a case holds its claim, references and index: give them to load_case")
    return picture
