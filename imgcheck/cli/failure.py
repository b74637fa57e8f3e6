"""Report failures: one sentence on stderr, or one JSON object on stdout."""

import json
import sys
import traceback

from imgcheck.errors import ImgcheckError
from imgcheck.imaging.text import printable

# Text of a library's error may quote a whole file.
_LONGEST = 200


def report_failure(
    message: str, *, code: str, exit_code: int, file: str | None = None, as_json: bool = False
) -> int:
    """Print what went wrong and return the exit status."""
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message, "file": file}}, indent=2))
    else:
        print(f"imgcheck: {printable(message)}", file=sys.stderr)
    return exit_code


def explain(error: BaseException, *, as_json: bool) -> int:
    """Print in one sentence what ended a command, and return the exit status."""
    message, code, exit_code, file = _described(error)
    return report_failure(message, code=code, exit_code=exit_code, file=file, as_json=as_json)


def _described(error: BaseException) -> tuple[str, str, int, str | None]:
    """Return sentence, code, exit status and file of an error."""
    from imgcheck.cli import INTERRUPTED, streams

    if streams.interrupted() or isinstance(error, KeyboardInterrupt):
        # A library may turn the interrupt of an import into an error of its own.
        return "stopped", "stopped", INTERRUPTED, None
    if isinstance(error, ImgcheckError):
        return error.message, error.code, error.exit_code, error.file
    if isinstance(error, MemoryError):
        words = "not enough memory for this input; free memory or crop the picture"
        return words, "memory", 3, None
    if isinstance(error, OSError):
        name = error.filename if isinstance(error.filename, str) else None
        return f"{name or 'the system'}: {error.strerror or error}", "system", 4, name
    words = f"{type(error).__name__} in {_place(error)}: {error}".replace("\n", " ")
    shown = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    return f"unexpected error, please report it: {shown}", "unexpected", 3, None


def _place(error: BaseException) -> str:
    """Return the line of imgcheck that an error came from."""
    found = "the command line"
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
        if name.startswith("imgcheck"):
            found = f"{name}:{line}"
    return found
