"""What can go wrong with a case folder."""

import contextlib
from collections.abc import Iterator

from imgcheck.errors import ImgcheckError, UnreadableError


class CaseDamagedError(ImgcheckError, ValueError):
    """A case whose files and log do not agree; nothing is added to it."""

    code = "case-damaged"
    exit_code = 1


class CaseLockedError(UnreadableError):
    """Another program is writing in the case."""

    code = "case-locked"


@contextlib.contextmanager
def said(shown: str) -> Iterator[None]:
    """Turn what the system refuses into one sentence with the way out."""
    try:
        yield
    except OSError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(
            f"{shown}: cannot be written: {error.strerror or error}; see to room and permissions, "
            "then give the command again",
            file=shown,
        ) from error
