"""What the decoders share: their errors."""

import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from imgcheck.errors import ImgcheckError, RefusedError, UnreadableError
from imgcheck.imaging.text import printable

# GDAL names a file in memory by random digits; no report may hold them.
_MEMORY_NAME = re.compile(r"(?:/vsimem/)?\S*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}[^\s:,]*[:,]?\s*")
_Result = TypeVar("_Result")
# `warnings.catch_warnings` swaps a global of the process.
_WARNINGS_LOCK = threading.Lock()


@contextmanager
def recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of a short call instead of printing them."""
    with _WARNINGS_LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def guarded(form: str, act: Callable[[], _Result]) -> _Result:
    """Run what reads a file from outside; whatever it raises becomes an error of imgcheck."""
    try:
        return act()
    except ImgcheckError:
        raise
    except MemoryError:
        raise RefusedError(
            f"there is not enough memory to decode it as {form.upper()}; make it smaller, or cut "
            "out a part"
        ) from None
    except Exception as error:
        # The broad net: on broken files decoders raise what no list of types foresees
        # (DecompressionBombError and cv2.error derive from nothing but Exception), and one odd
        # file must be refused in a sentence, not end the run.
        raise decoder_error(form, error) from None


def decoder_error(form: str, error: BaseException) -> UnreadableError:
    """Return the error of a decoder that gave up, with the innermost reason."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = _MEMORY_NAME.sub("", " ".join(str(error).split()))
    reason = printable(text or type(error).__name__, limit=200)
    return UnreadableError(f"cannot be decoded as {form.upper()}: {reason}")
