"""How a failure reaches the user: one sentence on stderr, or one JSON object on stdout."""

import json
import sys


def report_failure(
    message: str, *, code: str, exit_code: int, file: str | None = None, as_json: bool = False
) -> int:
    """Say what went wrong and give the exit code."""
    from imgcheck.imaging.text import printable

    if as_json:
        print(json.dumps({"error": {"code": code, "message": message, "file": file}}, indent=2))
    else:
        print(f"imgcheck: {printable(message)}", file=sys.stderr)
    return exit_code
