"""One writer at a time: a lock of the operating system on the log itself.

It goes away with the process that holds it, so a killed run leaves no lock behind.
"""

import errno
import os
import sys
import time
from pathlib import Path

from imgcheck.custody.fault import CaseLockedError
from imgcheck.errors import UnreadableError
from imgcheck.imaging.text import printable

# Long enough for a neighbour's note, too short for a person to wonder.
WAIT_SECONDS = 2.0
_PAUSE = 0.05
# Windows locks a range of bytes; one far beyond the end hinders no reader.
_FAR = 2**62


def open_locked(log: Path, *, writable: bool, wait: float = WAIT_SECONDS) -> int:
    """Open the log and lock it; give the descriptor, whose closing frees it.

    Readers go on without a lock where the file system keeps none: a copy of a case on a medium or
    a share can be verified.

    Raises
    ------
    CaseLockedError
        If another program still holds it after ``wait`` seconds.
    UnreadableError
        If it cannot be opened or locked.
    """
    shown = printable(str(log.parent))
    flags = os.O_RDWR | os.O_APPEND if writable else os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(log, flags)
    except OSError as error:
        what = "written" if writable else "read"
        raise UnreadableError(
            f"{shown}: the log cannot be {what}: {error.strerror}", file=shown
        ) from None
    until = time.monotonic() + wait
    while True:
        try:
            _lock(descriptor, exclusive=writable)
            return descriptor
        except OSError as error:
            unlockable = error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
            if unlockable and not writable:
                return descriptor
            busy = error.errno in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK)
            if busy and time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            os.close(descriptor)
            if busy:
                raise CaseLockedError(
                    f"{shown}: another program is at work in this case; try again when it is done",
                    file=shown,
                ) from None
            raise UnreadableError(
                f"{shown}: this file system keeps no locks ({error.strerror}); keep the case on "
                "a local disk",
                file=shown,
            ) from None


if sys.platform == "win32":

    def _lock(descriptor: int, *, exclusive: bool) -> None:
        import msvcrt

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:

    def _lock(descriptor: int, *, exclusive: bool) -> None:
        import fcntl

        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
