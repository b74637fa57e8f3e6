"""Write files whole or not at all, and never in place of something that is not ours to replace.

Two things are never replaced: a file that the same call reads, and a file that imgcheck did not
write. Single files are recognised by a mark near their beginning, the files of a folder by a list
of their SHA-256 at the end of the page that stands among them.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imgcheck.errors import ImgcheckError, UnreadableError, UsageError
from imgcheck.imaging.intake import HEAD_BYTES, open_regular, sniff
from imgcheck.imaging.text import printable

# No picture begins with these; so no picture passes for a page, whatever its metadata hold.
_TEXT = (b"<", b"{")
_MARKS = re.compile(
    rb'<meta name="generator" content="imgcheck[ "]|<!-- Written by imgcheck|'
    rb'<testsuite name="imgcheck regress"|"urn:imgcheck:|"schema": "imgcheck-'
)
_MARK_BYTES = 4096
_LIST = re.compile(rb"<!-- imgcheck-files (\{[^\n]*\}) -->\n\Z")
# renameat2(2): relative to the current folder; exchange both names in one step.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2

#: Bytes, text, or a file elsewhere that is copied, for what is larger than memory.
Content = bytes | str | Path
_CHUNK = 1 << 22
# Empty hidden folders that wait to be filled and to take the name of a result, by their parent.
_prepared: dict[Path, Path] = {}
# Those parents, open: a restricted process can still flush them.
_open_parents: dict[Path, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """What an output may take the place of.

    A file among ``inputs``, and a picture inside a folder among them, is never replaced. ``force``
    replaces also files that imgcheck did not write.
    """

    inputs: tuple[Path, ...] = ()
    force: bool = False

    def check(self, path: Path) -> None:
        """Refuse a single file that is an input, or was not written by imgcheck."""
        if os.path.lexists(path):
            self._refuse(path, ours=_is_marked(path))

    def check_folder(self, folder: Path, names: Iterable[str], *, page: str) -> None:
        """Refuse a folder in which a file of one of these names must stay.

        ``page`` is the name of the page that lists an older result.
        """
        if os.path.lexists(folder) and not folder.is_dir():
            raise UsageError(f"{printable(str(folder))}: is not a folder", file=str(folder))
        listed = _listed(folder / page)
        for name in names:
            path = folder / name
            if os.path.lexists(path):
                ours = _is_unchanged(path, listed.get(name)) if name in listed else _is_marked(path)
                self._refuse(path, ours=ours)

    def reads(self, path: Path) -> bool:
        """Return whether a file is an input, or a picture in a folder of inputs."""
        return any(_reads(one, path) for one in self.inputs)

    def _refuse(self, path: Path, *, ours: bool) -> None:
        name = printable(str(path))
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UsageError(
                f"{name}: is not a regular file and is not replaced; name another output", file=name
            )
        if self.reads(path):
            raise UsageError(
                f"{name}: is an input of this command and is never replaced; name another output",
                file=name,
            )
        if not ours and not self.force:
            raise UsageError(
                f"{name}: exists and was not written by imgcheck; name another output, or add "
                "--force to replace it",
                file=name,
            )


def write_output(path: Path, data: Content, *, replacing: Replacing = Replacing()) -> Path:
    """Write a single file of results; replace only an older one of imgcheck."""
    replacing.check(path)
    return write_atomically(path, data)


def prepare_folder(parent: Path) -> Path:
    """Make the hidden folder in which the next results below ``parent`` will be put together.

    For a process that may write only into folders that were there when it was restricted
    (`imgcheck.sandbox`).
    """
    staged = _new_stage(parent)
    _prepared[parent] = staged
    if parent not in _open_parents:
        _open_parents[parent] = os.open(parent, os.O_RDONLY)
    return staged


def write_folder(
    folder: Path, files: Mapping[str, Content], *, page: str, replacing: Replacing = Replacing()
) -> None:
    """Write the results of a command into a folder: all of them, or none.

    An older result is replaced as one, with the files that it had and the new one has not. Other
    files of the folder stay. Where the folder holds nothing else it is written beside its place
    and takes the name in one step, so that even a killed process leaves the old result or the new
    one. Elsewhere (a current directory, a mount point, a folder with other files) the old files
    are moved aside before the first new one appears, and back on any error.

    Parameters
    ----------
    files : mapping of str to bytes or str
        Content by name, without folders.
    page : str
        Name of the HTML page that carries the list of the files, where it is among them.
    """
    name = printable(str(folder))
    try:
        target = folder.resolve()
        replacing.check_folder(target, files, page=page)
        stale = {
            one
            for one, digest in _listed(target / page).items()
            if one not in files and _is_unchanged(target / one, digest)
            if not replacing.reads(target / one)
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        _place(target, _with_list(files, page), stale)
    except OSError as error:
        if isinstance(error, ImgcheckError):
            raise
        reason = error.strerror or error
        raise UnreadableError(
            f"{name}: cannot be written: {reason}; the folder is unchanged", file=name
        ) from error


def _place(target: Path, files: Mapping[str, Content], stale: set[str]) -> None:
    """Put files into a folder, by exchanging the whole folder where that is possible."""
    present = {one.name for one in target.iterdir()} if target.is_dir() else set()
    if present <= files.keys() | stale and not _is_current(target):
        try:
            _exchange_folder(target, files, present)
            return
        except OSError as error:
            # The parent may be read-only, or the folder a mount point; a full disk stays full.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY):
                raise
    target.mkdir(exist_ok=True)
    _fill_folder(target, files, present & (files.keys() | stale))


def _exchange_folder(target: Path, files: Mapping[str, Content], present: set[str]) -> None:
    staged = _stage(target.parent, files)
    try:
        if target.is_dir():
            staged.chmod(stat.S_IMODE(target.stat().st_mode))
            _swap(staged, target)
        else:
            staged.rename(target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _flush_directory(target.parent)
    for name in present:  # what stands under the staging name now is the old folder
        _remove(staged / name)
    with contextlib.suppress(OSError):
        staged.rmdir()


def _fill_folder(target: Path, files: Mapping[str, Content], old: set[str]) -> None:
    staged = _stage(target, files)
    moved: list[tuple[Path, Path]] = []
    try:
        aside = staged / "old"
        aside.mkdir()
        for source, goal in (
            *((target / name, aside / name) for name in sorted(old)),
            *((staged / name, target / name) for name in files),
        ):
            source.rename(goal)
            moved.append((source, goal))
    except BaseException:
        for source, goal in reversed(moved):
            goal.rename(source)
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _flush_directory(target)
    shutil.rmtree(staged, ignore_errors=True)


def _stage(parent: Path, files: Mapping[str, Content]) -> Path:
    """Write files into a new hidden folder and flush them."""
    staged = _prepared.pop(parent, None) or _new_stage(parent)
    try:
        for name, data in files.items():
            _write_new(staged / name, data, None)
        _flush_directory(staged)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return staged


def _new_stage(parent: Path) -> Path:
    staged = parent / f".{secrets.token_hex(8)}.part"
    staged.mkdir()
    return staged


def _swap(one: Path, other: Path) -> None:
    """Exchange the names of two folders; in one step where the system can."""
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        renameat2 = None
    if renameat2 is not None:
        places = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
        if renameat2(*places) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(code, os.strerror(code), str(other))
    aside = one.with_name(f".{secrets.token_hex(8)}.part")
    other.rename(aside)
    try:
        one.rename(other)
        aside.rename(one)
    except BaseException:
        if not one.exists():
            other.rename(one)
        aside.rename(other)
        raise


def _is_current(folder: Path) -> bool:
    """Return whether a shell may stand in the folder, which would lose it by an exchange."""
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:
        return False


def _with_list(files: Mapping[str, Content], page: str) -> dict[str, Content]:
    """Put the SHA-256 of all files at the end of the page, its own without that list."""
    if page not in files:
        return dict(files)
    digests = {name: _digest(data) for name, data in files.items()}
    text = json.dumps(digests, sort_keys=True).replace(">", "\\u003e").encode()
    return {
        **files,
        page: b"%s<!-- imgcheck-files %s -->\n" % (b"".join(_parts(files[page])), text),
    }


def _listed(page: Path) -> dict[str, str]:
    """Return the SHA-256 of what imgcheck wrote beside a page, by name."""
    try:
        found = _LIST.search(_read(page))
        listed = {} if found is None else json.loads(found[1])
        return {str(name): str(digest) for name, digest in listed.items()}
    except (OSError, ValueError, RecursionError):
        return {}


def _is_unchanged(path: Path, digest: str | None) -> bool:
    """Return whether a file is still what imgcheck wrote."""
    try:
        if path.suffix == ".html":
            return hashlib.sha256(_LIST.sub(b"", _read(path))).hexdigest() == digest
        return _digest(path) == digest
    except OSError:
        return False


def _is_marked(path: Path) -> bool:
    """Return whether a single file bears the mark of imgcheck near its beginning."""
    try:
        head = _read(path, _MARK_BYTES)
    except OSError:
        return False
    return head.startswith(_TEXT) and _MARKS.search(head) is not None


def _reads(given: Path, target: Path) -> bool:
    try:
        if given.samefile(target):
            return True
        if not given.is_dir() or not target.resolve().is_relative_to(given.resolve()):
            return False
        sniff(_read(target, HEAD_BYTES))
    except (OSError, ImgcheckError):
        return False
    return True


def _read(path: Path, most: int | None = None) -> bytes:
    """Read a regular file, or its beginning."""
    with os.fdopen(open_regular(path), "rb") as stream:
        return stream.read() if most is None else stream.read(most)


def _parts(data: Content) -> Iterator[bytes]:
    """Yield the bytes of a content; of a file in pieces."""
    if isinstance(data, Path):
        with os.fdopen(open_regular(data), "rb") as stream:
            while part := stream.read(_CHUNK):
                yield part
    else:
        yield data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data


def _digest(data: Content) -> str:
    digest = hashlib.sha256()
    for part in _parts(data):
        digest.update(part)
    return digest.hexdigest()


def write_atomically(path: str | bytes | os.PathLike[str], data: Content) -> Path:
    """Write a file so that readers see the old one or the new one, never a part.

    The data go into a new file of the same directory, are flushed to the disk, and take the name
    of the target in one step. The target may be an existing regular file, whose permissions are
    kept, but nothing else: `UsageError` for a symbolic link, a directory or a device,
    `UnreadableError` if the system refuses; nothing is left behind.
    """
    target = Path(os.fsdecode(path))
    try:
        mode = _check_target(target)
        temporary = target.with_name(f".{secrets.token_hex(8)}.part")
        _write_new(temporary, data, mode)
        try:
            temporary.replace(target)
        except BaseException:
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


def _write_new(path: Path, content: Content, mode: int | None) -> None:
    """Write a file that must not exist yet, and flush it; remove it if that fails."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o666 if mode is None else mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for part in _parts(content):
                stream.write(part)
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
        if folder in _open_parents:
            os.fsync(_open_parents[folder])
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
