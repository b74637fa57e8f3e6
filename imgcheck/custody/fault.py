"""What can go wrong with a case folder."""

from imgcheck.errors import ImgcheckError, UnreadableError


class CaseDamagedError(ImgcheckError, ValueError):
    """A case whose files and log do not agree; nothing is added to it."""

    code = "case-damaged"
    exit_code = 1


class CaseLockedError(UnreadableError):
    """Another program is writing in the case."""

    code = "case-locked"
