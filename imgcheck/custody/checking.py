"""Compare every file and every line of a case with the log."""

import itertools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from imgcheck.custody import canonical, layout, recovery, signing
from imgcheck.custody.chain import History, examine
from imgcheck.custody.files import hash_file, open_locked, read_small
from imgcheck.custody.log import MOST_HEAD_BYTES, Entry, Head, Kept, read_head, read_lines
from imgcheck.errors import UsageError
from imgcheck.imaging.text import printable
from imgcheck.model.documents import CaseVerifyDocument, Problem

# 16 hexadecimal digits are 64 bits: enough against a slip, short enough for paper.
_FEWEST_DIGITS = 16

Progress = Callable[[str, int, int], None]


def verify(
    folder: Path,
    *,
    expect_head: str | None = None,
    public_key: bytes | None = None,
    progress: Progress | None = None,
) -> CaseVerifyDocument:
    """Find every difference between the files of a case and its log.

    Parameters
    ----------
    folder : Path
    expect_head : str, optional
        Hash of a head that was recorded elsewhere: 64 hexadecimal digits, or the first 16 or
        more. It must be that of a line of the log.
    public_key : bytes, optional
        Ed25519 public key in PEM: a signature by it is required.

    Returns
    -------
    CaseVerifyDocument

    Raises
    ------
    UnreadableError
        If there is no case, it cannot be read, or another program is writing in it.

    Notes
    -----
    Whoever can write in the folder can make a new log with a new chain and a new head. Only a head
    hash kept elsewhere, or a signature whose key is elsewhere, shows that.
    """
    layout.require_folder(folder)
    log = folder / layout.LOG
    if log.is_symlink() or not log.is_file():
        words = "the log is missing, or is not a regular file: the files cannot be checked"
        problem = Problem(kind="missing", path=layout.LOG, message=words)
        return CaseVerifyDocument(
            whole=False, case=None, head=None, lines=0, files=0, case_bytes=0,
            problems=(problem,), remarks=(), signatures=(),
        )  # fmt: skip
    descriptor = open_locked(log, writable=False)
    try:
        chain = examine(read_lines(descriptor), read_head(folder))
        return _verify(folder, chain, expect_head, public_key, progress)
    finally:
        os.close(descriptor)


def _verify(
    folder: Path,
    chain: History,
    expect_head: str | None,
    public_key: bytes | None,
    progress: Progress | None,
) -> CaseVerifyDocument:
    problems = [*_head(folder), *chain.problems]
    expected, doubled = _expected(chain.entries)
    problems += doubled
    walk = _Walk(folder, expected, chain.unfinished, progress)
    problems += walk.compare()
    states, found = signing.examine(folder, chain, public_key=public_key)
    problems += found
    remarks = [*walk.remarks, *_clock(chain.entries), *signing.remarks(states, chain)]
    if expect_head is not None:
        words = _noted(chain, expect_head)
        problems += [words] if isinstance(words, Problem) else []
        remarks += [words] if isinstance(words, str) else []
    last = chain.lines[-1] if chain.lines else None
    return CaseVerifyDocument(
        whole=not problems,
        case=chain.entries[0].case if chain.entries else None,
        head=chain.head or (None if last is None else last.sha256),
        lines=len(chain.lines),
        files=walk.files,
        case_bytes=walk.bytes,
        problems=tuple(problems),
        remarks=tuple(remarks),
        signatures=states,
    )


def _head(folder: Path) -> Iterator[Problem]:
    """Return what is wrong with the head itself."""
    path = folder / layout.HEAD
    if not os.path.lexists(path):
        words = "the head is missing; lines cut off the end of the log would not be noticed"
        yield Problem(kind="missing", path=layout.HEAD, message=words)
        return
    try:
        Head.read(read_small(path, MOST_HEAD_BYTES))
    except OSError:
        words = "the head is not a regular file that can be read"
        yield Problem(kind="head", path=layout.HEAD, message=words)
    except canonical.NotCanonical as error:
        words = f"the head {error}; it was changed"
        yield Problem(kind="head", path=layout.HEAD, message=words, byte=error.place)


def _expected(entries: tuple[Entry, ...]) -> tuple[dict[str, Kept], list[Problem]]:
    """Return the files that the log names, and problems for those named twice."""
    expected: dict[str, Kept] = {}
    doubled = []
    for entry in entries:
        for kept in entry.files:
            if kept.path in expected:
                words = f"line {entry.sequence} adds a file at a path where another line added one"
                doubled.append(
                    Problem(kind="line", path=kept.path, line=entry.sequence, message=words)
                )
            expected.setdefault(kept.path, kept)
    return expected, doubled


class _Walk:
    """One walk through the folder, following no link and entering no foreign folder."""

    def __init__(
        self,
        folder: Path,
        expected: dict[str, Kept],
        unfinished: Entry | None,
        progress: Progress | None,
    ) -> None:
        self.folder = folder
        self.expected = expected
        self.unfinished = unfinished
        self.progress = progress
        self.remarks: list[str] = []
        self.files = 0
        self.bytes = 0
        self._extra: list[tuple[str, int]] = []
        self._missing = dict(expected)
        self._folders = set(layout.FOLDERS) | {
            parent.as_posix() for path in expected for parent in Path(path).parents
        }

    def compare(self) -> list[Problem]:
        problems: list[Problem] = []
        self._missing_folders()
        for path, item in self._items(""):
            problems += self._item(path, item)
        problems += self._unmatched()
        return problems

    def _missing_folders(self) -> None:
        """Remark missing folders; files that should be in them are missing files."""
        for name in layout.FOLDERS:
            if not os.path.lexists(self.folder / name):
                self.remarks.append(
                    f"the folder {name} is missing; an archive may have dropped it as empty"
                )

    def _items(self, place: str) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
        """Return everything in the folder, deepest last, in a fixed order."""
        with os.scandir(self.folder / place) as listing:
            found = sorted(listing, key=lambda item: os.fsencode(item.name))
        for item in found:
            path = f"{place}/{item.name}" if place else item.name
            yield path, item
            if item.is_dir(follow_symlinks=False) and path in self._folders:
                yield from self._items(path)

    def _item(self, path: str, item: "os.DirEntry[str]") -> Iterator[Problem]:
        shown = printable(path)
        if item.is_symlink():
            words = "is a symbolic link; a case contains no links, and this one was not followed"
            self._missing.pop(path, None)
            yield Problem(kind="link", path=shown, message=words)
        elif item.is_dir(follow_symlinks=False):
            yield from self._directory(path, shown)
        elif path in (layout.LOG, layout.HEAD):
            self.files += 1
        elif path in self.expected:
            self._missing.pop(path, None)
            yield from self._kept(path, item)
        else:
            size = item.stat(follow_symlinks=False).st_size
            self._extra.append((path, size if item.is_file(follow_symlinks=False) else -1))

    def _directory(self, path: str, shown: str) -> Iterator[Problem]:
        if path in self._folders:
            return
        parent, _, name = path.rpartition("/")
        if parent == layout.INCOMING and recovery.is_leftover(name):
            yield self._left(shown)
            return
        words = "is a folder that no line of the log names; its content was not checked"
        yield Problem(kind="extra", path=shown, message=words)

    def _kept(self, path: str, item: "os.DirEntry[str]") -> Iterator[Problem]:
        kept = self.expected[path]
        if self.progress is not None:
            self.progress(path, self.files, len(self.expected))
        found = item.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            yield Problem(kind="changed", path=path, message="is not a regular file any more")
            return
        try:
            digest, size = hash_file(self.folder / path)
        except OSError as error:
            words = f"cannot be read: {error.strerror}"
            yield Problem(kind="changed", path=path, message=words)
            return
        self.files += 1
        self.bytes += size
        if (digest, size) != (kept.sha256, kept.size):
            yield self._difference(path, kept, size)
        elif stat.S_IMODE(found.st_mode) & 0o222:
            self.remarks.append(f"{path} is writable; it was kept read-only")

    def _difference(self, path: str, kept: Kept, size: int) -> Problem:
        if size > kept.size:
            beginning, _ = hash_file(self.folder / path, most=kept.size)
            if beginning == kept.sha256:
                words = (
                    f"{size - kept.size} byte(s) were added after its end; the bytes before are "
                    "unchanged"
                )
                return Problem(kind="changed", path=path, byte=kept.size, message=words)
        where = "" if size == kept.size else f", and it has {size} bytes instead of {kept.size}"
        words = (
            f"its SHA-256 differs from the one in the log{where}: it is not the file that "
            "was added; "
            "a hash does not show where it differs"
        )
        return Problem(kind="changed", path=path, message=words)

    def _left(self, shown: str) -> Problem:
        words = (
            "was left by an interrupted step; the next command that writes to the case logs and "
            "removes it"
        )
        return Problem(kind="interrupted", path=shown, message=words)

    def _unmatched(self) -> Iterator[Problem]:
        """Match missing and extra files that belong together."""
        waiting = {} if self.unfinished is None else {k.path for k in self.unfinished.files}
        staged = {f"{layout.INCOMING}/{p.replace('/', '+')}": p for p in waiting}
        for path, size in self._extra:
            shown = printable(path)
            kept = self._missing.get(staged.get(path, ""))
            parent, _, name = path.rpartition("/")
            if kept is not None and self._same(path, size, kept):
                del self._missing[kept.path]
                words = f"is not yet moved to {kept.path}: the step that adds it was interrupted"
                yield Problem(kind="interrupted", path=shown, message=words)
                continue
            if parent == layout.INCOMING and recovery.is_leftover(name):
                yield self._left(shown)
                continue
            old = next((k for k in self._missing.values() if self._same(path, size, k)), None)
            if old is not None:
                del self._missing[old.path]
                words = f"is the file that was added as {old.path}: it was renamed or moved"
                yield Problem(kind="renamed", path=shown, message=words)
                continue
            words = "exists, but no readable line of the log names it"
            yield Problem(kind="extra", path=shown, message=words)
        for kept in self._missing.values():
            words = "is missing; according to the log it was added"
            yield Problem(kind="missing", path=kept.path, message=words)

    def _same(self, path: str, size: int, kept: Kept) -> bool:
        if size != kept.size:
            return False
        try:
            return hash_file(self.folder / path) == (kept.sha256, kept.size)
        except OSError:
            return False


def _clock(entries: tuple[Entry, ...]) -> Iterator[str]:
    """Remark where the clock of the machine went back between two lines."""
    for before, after in itertools.pairwise(entries):
        if after.time < before.time:
            yield (
                f"line {after.sequence} is dated before line {before.sequence}: the clock of the "
                "machine was set back, or the lines come from two machines"
            )


def _noted(chain: History, expected: str) -> str | Problem:
    """Look for a head hash that was recorded elsewhere among the lines of the log."""
    wanted = expected.strip().lower()
    if not _FEWEST_DIGITS <= len(wanted) <= 64 or not set(wanted) <= set("0123456789abcdef"):
        raise UsageError(
            f"--expect-head: {printable(expected, limit=70)} is not a hash; give the 64 "
            "hexadecimal "
            f"digits that were recorded, or the first {_FEWEST_DIGITS} or more"
        )
    for line in chain.lines:
        if line.entry is not None and line.sha256.startswith(wanted):
            behind = len(chain.lines) - line.number
            return (
                f"the recorded hash is that of line {line.number}: the log up to that line is "
                f"unchanged; {behind} line(s) were added later"
            )
    return Problem(
        kind="expected-head",
        path=layout.LOG,
        message="no line has the recorded hash: this is another log, or lines were changed",
    )
