"""Copy a file into the case: read once, flushed to the disk, read again, compared."""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from imgcheck.custody.layout import READ_ONLY
from imgcheck.errors import RefusedError, UnreadableError
from imgcheck.imaging.intake import HEAD_BYTES, open_regular, sniff
from imgcheck.imaging.text import printable

_CHUNK = 1 << 20
_ENDINGS = {
    "jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp", "gif": "gif", "bmp": "bmp",
    "jp2": "jp2", "heif": "heic", "avif": "avif",
}  # fmt: skip


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
    """Copy a file to a path that must not exist, and make sure of the copy.

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
            f"{shown}: the copy reads differently from what was written; the disk of the case "
            "cannot be relied on",
            file=shown,
        )
    return copied


def _copy(descriptor: int, target: Path, shown: str) -> Copied:
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    head, size = b"", 0
    out = os.open(target, writing_flags(), 0o600)
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
    form = _format(head)
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


def _format(head: bytes) -> str | None:
    """Tell a picture's format by content; a case may also keep what is no picture."""
    try:
        return sniff(head)
    except RefusedError:
        return None


def hash_file(path: Path, *, fresh: bool = False, most: int | None = None) -> tuple[str, int]:
    """Give SHA-256 and length of a regular file, following no link.

    Parameters
    ----------
    fresh : bool
        Ask the system to read from the disk, not from its cache.
    most : int, optional
        Read no further than this many bytes.
    """
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
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


def writing_flags() -> int:
    """Give the flags to make a new file and never to write through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    return flags


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, however many calls that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet, and flush it to the disk."""
    descriptor = os.open(path, writing_flags(), 0o600)
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
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    try:
        data = b""
        while len(data) <= most and (chunk := os.read(descriptor, most + 1 - len(data))):
            data += chunk
        return data
    finally:
        os.close(descriptor)
