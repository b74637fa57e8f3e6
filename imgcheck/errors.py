"""Errors, with messages for the person who has to correct the cause.

Every message names the thing, what was found, what is accepted and what to do. Each class has the
``code`` of ``--json`` output and the exit code of the process.
"""


class ImgcheckError(Exception):
    """Base of the errors that imgcheck raises deliberately.

    Parameters
    ----------
    message : str
        One clear sentence that says how to correct it.
    file : str, optional
        Name of the file concerned.
    """

    code = "error"
    exit_code = 3

    def __init__(self, message: str, *, file: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file

    def __str__(self) -> str:
        return self.message


class UsageError(ImgcheckError, ValueError):
    """An option or a combination of options that has no meaning."""

    code = "usage"
    exit_code = 2


class WrongTypeError(ImgcheckError, TypeError):
    """An argument of a type, or an array of values, that a function does not accept."""

    code = "type"
    exit_code = 2


class ClaimError(UsageError):
    """A claim file with an error; the message names file, line and the accepted forms."""

    code = "claim"


class UnreadableError(ImgcheckError, OSError):
    """A file that is missing, not a regular file, or not what its name says."""

    code = "unreadable"
    exit_code = 4

    # OSError builds its own text from (errno, strerror); ours is one sentence.
    __str__ = ImgcheckError.__str__


class RefusedError(ImgcheckError, ValueError):
    """A file that is not read because it is of the wrong kind or over a limit."""

    code = "refused"
    exit_code = 4


class IndexFileError(UnreadableError):
    """An index of known pictures that is damaged, locked, of another version, or no index."""

    code = "index"


class GridMismatchError(ImgcheckError, ValueError):
    """Two arrays that must have the same shape and do not; both shapes are named."""

    code = "grid"


class MissingDependencyError(ImgcheckError, ImportError):
    """An optional dependency that is not installed; names the extra that installs it."""

    code = "missing-dependency"
