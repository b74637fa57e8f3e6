"""Standard streams whose failures give defined exit codes.

When a reader closes its end, the rest of the output is dropped. Any other failure of stdout, such
as a full disk, means that the result is lost; the exit code is then 3. Output to a stream that was
closed from the beginning is dropped.
"""

import errno
import io
import os
import signal
import sys
import warnings
from types import FrameType
from typing import Any

# A reader went away. Windows reports a broken pipe as an invalid argument.
_GONE = (errno.EPIPE, errno.ESHUTDOWN) + ((errno.EINVAL,) if os.name == "nt" else ())
_LOST = 3
_pressed: list[bool] = []


class Lasting(io.RawIOBase):
    """Bytes to a stream; the first failure is kept, and all that follows is dropped."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        while self.error is None:
            try:
                written = self._raw.write(data)
            except OSError as error:
                self.error = error
                break
            if written is not None:
                return int(written)
            _wait(self.fileno())
        return size

    @property
    def lost(self) -> OSError | None:
        """The failure that cost output somebody wanted to see, if there was one."""
        return None if self.error is None or self.error.errno in _GONE else self.error


def prepare() -> None:
    """Make the standard streams and the interrupt key safe; for the process of the command line."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as for a job in the background
        signal.signal(signal.SIGINT, _note)
    sys.unraisablehook = _swallowed
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # warnings of libraries are for programmers
    for descriptor in range(3):
        _open_if_closed(descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, _lasting(getattr(sys, name), descriptor))


def interrupted() -> bool:
    """Return whether Ctrl-C was pressed."""
    return bool(_pressed)


def finish(code: int) -> int:
    """Write out what is left and give the exit code, which is 3 where the output was lost."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout.flush()
    raw: object = getattr(sys.stdout.buffer, "raw", None)
    if isinstance(raw, Lasting) and (lost := raw.lost) is not None:
        words = lost.strerror or lost
        print(f"imgcheck: the output could not be written: {words}", file=sys.stderr)
        code = code if code > 1 else _LOST
    sys.stderr.flush()
    return code


def _note(number: int, frame: FrameType | None) -> None:
    _pressed.append(True)
    raise KeyboardInterrupt


def _swallowed(found: "sys.UnraisableHookArgs") -> None:
    """Raise an interrupt again that a callback of a C library swallowed; the rest is no news."""
    if found.exc_type is KeyboardInterrupt:
        import _thread

        _thread.interrupt_main()


def _open_if_closed(descriptor: int) -> None:
    """Fill a closed standard descriptor, which the next file opened would otherwise become.

    A warning that a C library prints would then be written into that file.
    """
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _lasting(stream: Any, descriptor: int) -> io.TextIOWrapper:
    """Wrap a standard stream; a character that its encoding lacks is written as an escape."""
    if stream is None:
        raw, encoding = io.FileIO(descriptor, "w", closefd=False), "utf-8"
    else:
        # Under python -u there is no buffer between the text and the file.
        raw, encoding = getattr(stream.buffer, "raw", stream.buffer), stream.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(Lasting(raw)),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),
    )


def _wait(descriptor: int) -> None:
    """Wait until a stream that somebody made non-blocking takes more."""
    import select

    select.select([], [descriptor], [])
