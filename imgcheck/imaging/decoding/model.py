"""What the decoders share: their errors."""

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from imgcheck.errors import UnreadableError
from imgcheck.imaging.text import printable

# GDAL names a file in memory by random digits; no report may hold them.
_MEMORY_NAME = re.compile(r"(?:/vsimem/)?\S*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}[^\s:,]*[:,]?\s*")
# What decoders were seen to raise on broken files. A list and not ``Exception``: a fault
# of this package should still be seen as one.
DECODER_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    EOFError,
    MemoryError,
    BufferError,
    struct.error,
    zlib.error,
)


# `warnings.catch_warnings` swaps a global of the process.
_WARNINGS_LOCK = threading.Lock()


@contextmanager
def recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of a short call instead of printing them."""
    with _WARNINGS_LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def decoder_error(form: str, error: BaseException) -> UnreadableError:
    """Say in one sentence that a decoder gave up, with the innermost reason it gave."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = _MEMORY_NAME.sub("", " ".join(str(error).split()))
    reason = printable(text or type(error).__name__, limit=200)
    return UnreadableError(f"cannot be decoded as {form.upper()}: {reason}")
