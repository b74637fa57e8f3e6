"""The files of a case: copied in and read again, locked, flushed, and described.

A file is copied once, flushed to the disk, read again and compared. One program writes at a time:
the lock of the operating system on the log goes away with the process that holds it, so a killed
run leaves no lock behind.
"""

import base64
import contextlib
import errno
import hashlib
import os
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgcheck.custody.layout import READ_ONLY, CaseLockedError
from imgcheck.errors import RefusedError, UnreadableError, UsageError
from imgcheck.imaging.intake import HEAD_BYTES, open_regular, sniff
from imgcheck.imaging.text import printable

_CHUNK = 1 << 20
_ENDINGS = {
    "jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp", "gif": "gif", "bmp": "bmp",
    "jp2": "jp2", "heif": "heic", "avif": "avif",
}  # fmt: skip
# Long enough for the note of another program, too short for a person to wonder.
_WAIT_SECONDS = 2.0
_PAUSE = 0.05
# Windows locks a range of bytes; one far beyond the end hinders no reader.
_FAR = 2**62
# A note is for words; documents are added as evidence.
_LONGEST_TEXT = 1 << 20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Hashes and length of a file that was copied. SHA-256 is its identity.

    MD5 and SHA-1 can be forged; they are kept because other collections are searched by them.
    ``modified`` is the time that the file system gave, in nanoseconds since 1970.
    """

    sha256: str
    sha1: str
    md5: str
    size: int
    ending: str
    format: str | None
    modified: int


def copy_in(source: "str | bytes | os.PathLike[str]", target: Path) -> Copied:
    """Copy a file to a path that must not exist, and verify the copy.

    The source is opened once and read once; what is hashed is what is written. The copy is
    flushed to the disk and read again, past the cache where the system allows that.

    Raises
    ------
    UnreadableError
        If the source is no regular file or cannot be read, if the copy cannot be written, or if
        it reads differently from what was written.
    """
    shown = printable(Path(os.fsdecode(source)).name or str(source))
    try:
        descriptor = open_regular(source)
    except UnreadableError as error:
        raise UnreadableError(f"{shown}: {error.message}", file=shown) from None
    try:
        copied = _copy(descriptor, target, shown)
    finally:
        os.close(descriptor)
    again = hash_file(target, fresh=True)
    if again != (copied.sha256, copied.size):
        raise UnreadableError(
            f"{shown}: the copy differs from what was written; the disk of the case is not "
            "reliable",
            file=shown,
        )
    return copied


def _copy(descriptor: int, target: Path, shown: str) -> Copied:
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    head, size = b"", 0
    out = _new(target)
    try:
        while chunk := _read(descriptor, shown):
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
            for digest in (sha256, sha1, md5):
                digest.update(chunk)
            write_all(out, chunk)
            size += len(chunk)
        os.fchmod(out, READ_ONLY) if hasattr(os, "fchmod") else target.chmod(READ_ONLY)
        os.fsync(out)
    finally:
        os.close(out)
    form = None
    with contextlib.suppress(RefusedError):  # a case may also keep what is no picture
        form = sniff(head)
    return Copied(
        sha256=sha256.hexdigest(),
        sha1=sha1.hexdigest(),
        md5=md5.hexdigest(),
        size=size,
        ending=_ENDINGS.get(form or "", "bin"),
        format=form,
        modified=os.fstat(descriptor).st_mtime_ns,
    )


def _read(descriptor: int, shown: str) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError as error:
        raise UnreadableError(f"{shown}: cannot be read: {error.strerror}", file=shown) from None


def hash_file(path: Path, *, fresh: bool = False, most: int | None = None) -> tuple[str, int]:
    """Return SHA-256 and length of a regular file, following no link."""
    descriptor = os.open(path, _flags(os.O_RDONLY, "O_NONBLOCK"))
    try:
        if fresh and hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest, size = hashlib.sha256(), 0
        while chunk := os.read(descriptor, _CHUNK if most is None else min(_CHUNK, most - size)):
            digest.update(chunk)
            size += len(chunk)
    finally:
        os.close(descriptor)
    return digest.hexdigest(), size


def _flags(base: int, *more: str) -> int:
    """Return flags with which no link is followed, where the system has them."""
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", *more):
        base |= getattr(os, name, 0)
    return base


def _new(path: Path) -> int:
    """Open a file that must not exist yet for writing."""
    return os.open(path, _flags(os.O_WRONLY | os.O_CREAT | os.O_EXCL), 0o600)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, however many calls that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, and flush it to the disk."""
    descriptor = _new(path)
    try:
        write_all(descriptor, data)
        os.fchmod(descriptor, mode) if hasattr(os, "fchmod") else path.chmod(mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Make new names in a folder survive a loss of power, where the system allows it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_small(path: Path, most: int) -> bytes:
    """Read a regular file of few bytes, following no link; at most ``most`` + 1 bytes of it."""
    descriptor = os.open(path, _flags(os.O_RDONLY, "O_NONBLOCK"))
    try:
        data = b""
        while len(data) <= most and (chunk := os.read(descriptor, most + 1 - len(data))):
            data += chunk
        return data
    finally:
        os.close(descriptor)


def open_locked(log: Path, *, writable: bool, wait: float = _WAIT_SECONDS) -> int:
    """Open the log and lock it; return the descriptor, whose closing frees it.

    Readers go on without a lock where the file system has none: a copy of a case on a medium or a
    share can be verified.
    """
    shown = printable(str(log.parent))
    base = os.O_RDWR | os.O_APPEND if writable else os.O_RDONLY
    try:
        descriptor = os.open(log, _flags(base, "O_NONBLOCK"))
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
                    f"{shown}: another program is writing in this case; try again when it is done",
                    file=shown,
                ) from None
            raise UnreadableError(
                f"{shown}: this file system has no locks ({error.strerror}); keep the case on "
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


def origin(source: "str | bytes | os.PathLike[str]", copied: Copied) -> dict[str, Any]:
    """Describe the file that was copied; its name is kept to the byte, and safe to print."""
    name = Path(os.fsdecode(source)).name
    raw = os.fsencode(name)
    found: dict[str, Any] = {
        "modified": _iso(copied.modified),
        "modified_source": "file system; anyone can change this time",
        "name": printable(name),
    }
    if found["name"].encode("utf-8", "replace") != raw:
        found["name_base64"] = base64.b64encode(raw).decode("ascii")
    return found


def stated(
    *, source_url: str | None = None, acquired_at: str | None = None, note: str | None = None
) -> dict[str, str]:
    """Check the operator's statements about an acquisition; raises `UsageError`."""
    found = {}
    if source_url is not None:
        if len(source_url) > 8192 or not _URL.fullmatch(source_url):
            raise UsageError(
                "--source-url: is not an address without blanks, such as https://example.org/post/1"
            )
        found["source_url"] = text(source_url, "--source-url")
    if acquired_at is not None:
        found["acquired_at"] = _moment(acquired_at)
    if note is not None:
        found["note"] = text(note, "--note")
    return found


def _moment(given: str) -> str:
    """Check a time in ISO 8601; one without a zone is marked as such."""
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise UsageError(
            f'--acquired-at: "{printable(given, limit=60)}" is not an ISO 8601 time; write '
            "2017-11-14T09:30:00Z"
        ) from None
    return given if read.tzinfo is not None or len(given) <= 10 else f"{given} (zone unknown)"


def text(given: str, what: str) -> str:
    """Check a text of the operator; raises `UsageError` if it is too long or not UTF-8."""
    try:
        size = len(given.encode("utf-8"))
    except UnicodeEncodeError:
        raise UsageError(f"{what}: is not UTF-8") from None
    if size > _LONGEST_TEXT:
        raise UsageError(f"{what}: is larger than 1 MiB; add it as a file instead")
    return given


def _iso(nanoseconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
