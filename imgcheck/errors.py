"""What can go wrong, in sentences for the person who must mend it.

Every error names the thing, what was found, what is accepted and what to do. Each class
carries the ``code`` that stands in ``--json`` output and the process exit code it causes.
"""


class ImgcheckError(Exception):
    """Base of every error that imgcheck raises on purpose.

    Parameters
    ----------
    message : str
        One clear sentence with the way out.
    file : str, optional
        Name of the file the sentence is about.
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
    """An argument of a type, or an array of values, that a function does not take."""

    code = "type"
    exit_code = 2


class ClaimError(UsageError):
    """A claim file that cannot be understood; names file, line and the accepted forms."""

    code = "claim"


class UnreadableError(ImgcheckError, OSError):
    """A file that is missing, not a regular file, or not what its name says."""

    code = "unreadable"
    exit_code = 4

    # OSError builds its own text from (errno, strerror); ours is one sentence.
    __str__ = ImgcheckError.__str__


class RefusedError(ImgcheckError, ValueError):
    """A file that could be read but is not: wrong kind, or over a limit."""

    code = "refused"
    exit_code = 4


class IndexFileError(UnreadableError):
    """An index of known pictures that is damaged, foreign, locked or of another version."""

    code = "index"


class GridMismatchError(ImgcheckError, ValueError):
    """Two arrays that must share one grid and do not; both shapes are named."""

    code = "grid"


class MissingDependencyError(ImgcheckError, ImportError):
    """An optional part that is not installed; names the extra that brings it."""

    code = "missing-dependency"
