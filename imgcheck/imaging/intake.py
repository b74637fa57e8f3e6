"""Open a file that may be hostile: once, as a regular file, without decoding anything."""

import errno
import hashlib
import mmap
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from imgcheck.errors import RefusedError, UnreadableError, WrongTypeError
from imgcheck.imaging.limits import WINDOWED_FORMATS
from imgcheck.imaging.sniff import HEAD_BYTES, sniff
from imgcheck.imaging.text import printable

# Above this a raster is mapped, not read: a reference may be larger than memory.
READ_WHOLE_BYTES = 512 << 20
_CHUNK = 8 << 20
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}
_REASONS = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be read: permission denied",
    errno.ELOOP: "is a symbolic link that leads in a circle",
    errno.ENAMETOOLONG: "has too long a name",
    errno.ENOTDIR: "lies below something that is not a directory",
}
PathInput = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@dataclass(slots=True)
class Intake:
    """The bytes of one file and what they are.

    ``data`` is ``bytes``, or a read-only memory map for a file over `READ_WHOLE_BYTES`;
    then ``descriptor`` is the open file, which the owner closes.
    """

    data: bytes
    format: str
    sha256: str
    descriptor: int | None = None


def take_in(path: PathInput, *, most_bytes: int) -> Intake:
    """Read one regular file once, tell its format, and hash it.

    A symbolic link to a regular file is followed. The name may hold any bytes: it is
    given to the operating system only.

    Raises
    ------
    UnreadableError
        If there is no regular file, or it cannot be read.
    RefusedError
        If it is empty, not a picture, or over ``most_bytes``.
    """
    descriptor = open_regular(path)
    keep = False
    try:
        size = os.fstat(descriptor).st_size
        if size > most_bytes:
            raise _too_large(size, most_bytes)
        form = sniff(_read_up_to(descriptor, HEAD_BYTES))
        if size > READ_WHOLE_BYTES and form in WINDOWED_FORMATS:
            intake = _map(descriptor, form)
            keep = True
            return intake
        os.lseek(descriptor, 0, os.SEEK_SET)
        data = _read_up_to(descriptor, most_bytes + 1)
        if len(data) > most_bytes:
            raise _too_large(len(data), most_bytes)
        return Intake(data, form, hashlib.sha256(data).hexdigest())
    except OSError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    finally:
        if not keep:
            os.close(descriptor)


def path_of(given: object, what: str) -> Path:
    """Give a path from what a caller passed for one; ``what`` it is stands in the error.

    Raises
    ------
    WrongTypeError
        If it is no path.
    """
    if isinstance(given, (str, bytes, os.PathLike)):
        return Path(os.fsdecode(given))
    raise WrongTypeError(f"{what} is given as a path (str or os.PathLike), not {given!r:.80}")


def read_small(path: PathInput, *, most_bytes: int) -> bytes:
    """Read a regular file of few bytes whole, such as a key or a list.

    Raises
    ------
    UnreadableError
        If there is no regular file, if it cannot be read, or if it is longer.
    """
    shown = printable(os.fsdecode(path))
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(most_bytes + 1)
    except OSError as error:
        reason = getattr(error, "message", None) or error.strerror or error
        raise UnreadableError(f"{shown}: {reason}", file=shown) from None
    if len(data) > most_bytes:
        raise UnreadableError(f"{shown}: has over {most_bytes:,} bytes", file=shown)
    return data


def open_regular(path: PathInput) -> int:
    """Open a file for reading; give its descriptor.

    Raises
    ------
    UnreadableError
        If there is no regular file, or it may not be read; the sentence lacks the name.
    """
    try:
        return _open_regular(path)
    except ValueError as error:
        raise UnreadableError(f"is no file name: {error}") from None
    except UnreadableError:
        raise
    except OSError as error:
        raise UnreadableError(
            _REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
        ) from None


def _open_regular(path: PathInput) -> int:
    """Open a file for reading; anything but a regular file is refused.

    It is looked at before it is opened, because opening a device can do something, and
    after, because it may have been exchanged in between. ``O_NONBLOCK`` keeps a pipe
    from waiting for a writer.
    """
    _require_regular(os.stat(path).st_mode)  # noqa: PTH116 - the name may be bytes
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    try:
        _require_regular(os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UnreadableError(f"is {kind}; a regular file is needed")


def _read_up_to(descriptor: int, most: int) -> bytes:
    parts, have = [], 0
    while have < most:
        part = os.read(descriptor, min(_CHUNK, most - have))
        if not part:
            break
        parts.append(part)
        have += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _map(descriptor: int, form: str) -> Intake:
    """Map a large file into memory; only its touched pages take any."""
    mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    digest = hashlib.sha256()
    # Read, not mapped: pages of the map that were touched count as memory of the process.
    os.lseek(descriptor, 0, os.SEEK_SET)
    while part := os.read(descriptor, _CHUNK):
        digest.update(part)
    return Intake(mapped, form, digest.hexdigest(), descriptor)  # type: ignore[arg-type]


def _too_large(size: int, most: int) -> RefusedError:
    return RefusedError(f"has {size:,} bytes; the limit is {most:,} (limit: file_bytes)")
