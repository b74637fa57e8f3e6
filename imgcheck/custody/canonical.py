"""One text for one value: JSON of which every byte is fixed.

The form is that of RFC 8785 (JSON Canonicalization Scheme) on a subset on which it is plain:

- values are objects, arrays, strings, integers of at most 2^53 - 1 in size, true, false, null;
  there are no fractions, because their text is where writers differ;
- names of an object are ASCII and in the order of their bytes, each once;
- no white space between tokens;
- in strings only ``"``, ``\\`` and U+0000 to U+001F are escaped, in the short form where there is
  one (``\\b \\t \\n \\f \\r``), else as ``\\u00xx`` in lower case; all else is UTF-8;
- no lone surrogates.

Because the form is unique, "read and written again gives the same bytes" is a test for any change
of a byte that leaves the value as it was.
"""

import json
from typing import Any

from imgcheck.errors import UsageError

# The largest integer that every reader of JSON keeps exact (RFC 7493).
MOST = 2**53 - 1
# Nesting beyond this is refused: what is written here is at most five deep.
DEEPEST = 16


class NotCanonical(ValueError):
    """Bytes that are not the canonical text of a value; ``place`` is a byte, where known."""

    def __init__(self, message: str, place: int | None = None) -> None:
        super().__init__(message)
        self.place = place


def dumps(value: Any) -> bytes:
    """Return the canonical text of a value, without a line end."""
    try:
        _check(value, 0)
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode("utf-8")
    except (TypeError, UnicodeEncodeError, ValueError) as error:
        raise UsageError(f"this value cannot be stored in the log: {error}") from None


def loads(data: bytes) -> Any:
    """Read a canonical text."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
        again = dumps(value)
    except UnicodeDecodeError as error:
        raise NotCanonical("is not UTF-8", error.start) from None
    except json.JSONDecodeError as error:
        place = len(data.decode("utf-8")[: error.pos].encode())
        raise NotCanonical(f"is not JSON: {error.msg}", place) from None
    except RecursionError:
        raise NotCanonical("is nested too deeply") from None
    except ValueError as error:
        raise NotCanonical(f"is not in the canonical form: {str(error)[:200]}") from None
    if again != data:
        differing = (k for k, (a, b) in enumerate(zip(again, data, strict=False)) if a != b)
        place = next(differing, min(len(again), len(data)))
        raise NotCanonical("is not in the canonical form", place)
    return value


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MOST:
            raise ValueError("an integer over 2^53 - 1")
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise ValueError("an object key that is not ASCII")
            _check(item, depth + 1)
    else:
        raise ValueError(f"a {type(value).__name__}")


def _no_float(text: str) -> Any:
    raise ValueError(f"the number {text[:30]} is not an integer")
