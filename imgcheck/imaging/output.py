"""Write a file whole or not at all."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging.text import printable


def write_atomically(path: str | bytes | os.PathLike[str], data: bytes | str) -> Path:
    """Write a file so that readers see the old one or the new one, never a part.

    The data go into a new file of the same directory, are flushed to the disk, and take
    the name of the target in one step. A failed run leaves an existing target as it was.

    Parameters
    ----------
    path : path-like
        The target. Its directory must exist; it may be an existing regular file, which
        is replaced and keeps its permissions, but nothing else: no symbolic link.
    data : bytes or str
        Text is written as UTF-8.

    Returns
    -------
    pathlib.Path
        The target.

    Raises
    ------
    UsageError
        If the target is a symbolic link, a directory, a device or a pipe, or its
        directory does not exist.
    UnreadableError
        If the operating system refuses, with its reason; nothing is left behind.
    """
    target = Path(os.fsdecode(path))
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    try:
        mode = _check_target(target)
        temporary = target.with_name(f".{secrets.token_hex(8)}.part")
        _write_new(temporary, content, mode)
        try:
            temporary.replace(target)
        except OSError:
            _remove(temporary)
            raise
        _flush_directory(target.parent)
    except (OSError, ValueError) as error:
        if isinstance(error, (UsageError, UnreadableError)):
            raise
        name = printable(str(target))
        reason = getattr(error, "strerror", None) or error
        raise UnreadableError(f"{name}: cannot be written: {reason}", file=name) from None
    return target


def _check_target(target: Path) -> int | None:
    """Refuse what is not a plain file name; give the permissions of a file to replace."""
    name = printable(str(target))
    if not target.parent.is_dir():
        raise UsageError(f"{name}: its directory does not exist; make it first", file=name)
    try:
        found = target.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found):
        raise UsageError(
            f"{name}: is a symbolic link, and output is not written through links; name the "
            "file itself",
            file=name,
        )
    if not stat.S_ISREG(found):
        raise UsageError(f"{name}: is not a regular file and cannot be replaced", file=name)
    return stat.S_IMODE(found)


def _write_new(path: Path, content: bytes, mode: int | None) -> None:
    """Write a file that must not exist yet, and flush it; remove it if that fails."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _flush_directory(folder: Path) -> None:
    """Make the new name itself survive a loss of power, where the system allows it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
