"""A case folder that is open for writing: create, add, note, copy, record.

Every step writes one line of the log, in an order in which it can be interrupted anywhere:

1. what is new is written into ``incoming/`` and flushed to the disk;
2. the line is appended to the log and flushed;
3. the new files take their names in the case;
4. the head is exchanged for one that names the line.

Whatever is in ``incoming/`` or after the head is therefore a step that was not completed; see
`imgcheck.custody.recovery`.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imgcheck.custody import layout, recovery
from imgcheck.custody.chain import examine
from imgcheck.custody.files import (
    copy_in,
    flush_folder,
    hash_file,
    open_locked,
    origin,
    stated,
    text,
    write_all,
    write_new,
)
from imgcheck.custody.layout import CaseDamagedError, explained
from imgcheck.custody.log import NO_LINE, Entry, Head, Kept, now, read_head, read_lines, this_tool
from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Result of an addition; ``known``: the same bytes were in the case before."""

    kept: Kept
    name: str
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A report that was added to the case."""

    number: int
    folder: Path
    files: tuple[Kept, ...]


class CustodyFolder:
    """A case folder, locked for writing until it is closed.

    Attributes
    ----------
    folder : Path
    head : Head
        After the last line that was written.
    recovered : str
        What was found of an interrupted step and logged; empty as a rule.
    """

    def __init__(self, folder: Path, *, operator: str | None = None) -> None:
        layout.require_case(folder)
        self.folder = folder
        self.recovered = ""
        self._writing = False
        self._shown = printable(str(folder))
        self._log = open_locked(folder / layout.LOG, writable=True)
        try:
            with explained(self._shown):
                self._take_up(operator)
        except BaseException:
            self.close()
            raise

    def _take_up(self, operator: str | None) -> None:
        head = read_head(self.folder)
        chain = examine(read_lines(self._log), head)
        if chain.broken or head is None:
            first = chain.broken[0].message if chain.broken else f"{layout.HEAD} cannot be read"
            raise CaseDamagedError(
                f"{self._shown}: the log is damaged ({first}); nothing is added to it. See: "
                f"imgcheck case verify {self._shown}",
                file=self._shown,
            )
        self.head = head
        self.entries = list(chain.entries)
        self.operator = operator or self.entries[0].operator
        self._make_folders()
        self.recovered = recovery.recover(self, chain)

    def _make_folders(self) -> None:
        """Make empty folders again that an archive dropped; one with files cannot be made again."""
        used = {kept.path.partition("/")[0] for entry in self.entries for kept in entry.files}
        for name in layout.FOLDERS:
            if os.path.lexists(self.folder / name):
                continue
            if name in used and self.head.lines == self.entries[-1].sequence:
                raise CaseDamagedError(
                    f"{self._shown}: the folder {name} is missing with all its files; see: "
                    f"imgcheck case verify {self._shown}",
                    file=self._shown,
                )
            (self.folder / name).mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the case for other writers."""
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        """Clear away what a step that failed before its line was written has left behind."""
        try:
            with explained(self._shown):
                yield
        except BaseException:
            if self._writing:
                self.close()
            else:
                recovery.clear(self.folder)
            raise

    @property
    def evidence(self) -> dict[str, Kept]:
        """Return the evidence by its SHA-256, in the order it came in."""
        kept = (k for e in self.entries for k in e.files)
        return {k.sha256: k for k in kept if k.path.startswith(layout.EVIDENCE + "/")}

    def add(
        self,
        source: "str | bytes | os.PathLike[str]",
        *,
        source_url: str | None = None,
        acquired_at: str | None = None,
        note: str | None = None,
    ) -> Added:
        """Add an untouched copy of a file to the case.

        Parameters
        ----------
        source : path-like
            Any regular file; it is only read. A file that is in the case already is not copied
            again, but its origin is logged.
        source_url, acquired_at, note : str, optional
            Statements of the operator about the acquisition; kept as stated.

        Raises
        ------
        UnreadableError
            If the file cannot be read or the copy cannot be written.
        UsageError
            If an option has no meaning.
        CaseDamagedError
            If the case holds other bytes under this identity.
        """
        statement = stated(source_url=source_url, acquired_at=acquired_at, note=note)
        part = self.folder / layout.INCOMING / "copy.part"
        with self._step():
            copied = copy_in(source, part)
            kept = self.evidence.get(copied.sha256)
            known = kept is not None
            if kept is None:
                path = f"{layout.EVIDENCE}/{copied.sha256}.{copied.ending}"
                kept = Kept(path=path, sha256=copied.sha256, size=copied.size)
                part.rename(self.staged(path))
            else:
                self.require_unchanged(kept)
                part.unlink()
            came = origin(source, copied)
            self.commit(
                "add",
                {
                    "format": copied.format,
                    "known": known,
                    "look_up": {"md5": copied.md5, "sha1": copied.sha1},
                    "origin": came,
                    "read_again": "the copy was read again and has the same SHA-256",
                    "sha256": copied.sha256,
                    "size": copied.size,
                    "stated": statement,
                },
                () if known else (kept,),
            )
        return Added(kept=kept, name=came["name"], known=known)

    def note(self, words: str) -> None:
        """Write a note into the log."""
        if not words.strip():
            raise UsageError("a note needs words")
        with self._step():
            self.commit("note", {"text": text(words, "the note")})

    def copy(self, item: str, target: Path) -> Kept:
        """Make a working copy outside the case, and log it.

        Parameters
        ----------
        item : str
            SHA-256 of the evidence, or its first six digits or more.
        target : Path
            A file that must not exist yet.
        """
        kept = self.find(item)
        self.require_unchanged(kept)
        if target.resolve().is_relative_to(self.folder.resolve()):
            raise UsageError("a working copy belongs outside the case folder")
        if os.path.lexists(target):
            raise UsageError(
                f"{printable(target.name)}: exists already; a working copy does not overwrite files"
            )
        with explained(printable(str(target))):
            copied = copy_in(self.folder / kept.path, target)
            target.chmod(0o644)
        if copied.sha256 != kept.sha256:
            raise CaseDamagedError(f"{self._shown}: {kept.path} changed while it was copied")
        with self._step():
            self.commit("copy", {"name": printable(target.name), "sha256": kept.sha256})
        return kept

    def find(self, item: str) -> Kept:
        """Find evidence by its SHA-256 or the beginning of it."""
        wanted = item.lower()
        found = [k for sha, k in self.evidence.items() if sha.startswith(wanted)]
        if len(wanted) < 6 or len(found) != 1:
            many = f"{len(found)} pieces of evidence match" if found else "no evidence fits"
            raise UsageError(
                f"{printable(item, limit=64)}: {many}; give six or more digits of a SHA-256"
            )
        return found[0]

    def hold(self, source: "str | bytes | os.PathLike[str]", *, sha256: str) -> None:
        """Take a file in unless its bytes are there; they must be those of the given digest."""
        if sha256 in self.evidence or self.add(source).kept.sha256 == sha256:
            return
        name = printable(Path(os.fsdecode(source)).name)
        raise UnreadableError(f"{name}: changed while it was read; try again", file=name)

    def record(
        self,
        write: Callable[[Path], object],
        *,
        command: str,
        inputs: Sequence[Mapping[str, Any]] = (),
        options: Mapping[str, Any] | None = None,
        outcome: Sequence[Mapping[str, Any]] = (),
        libraries: Mapping[str, str] | None = None,
    ) -> Recorded:
        """Add a report to the case and log how it was made.

        Parameters
        ----------
        write : callable
            Receives an empty folder and writes the files of the report into it.
        command : str
            The command that made it, such as ``verify``.
        inputs : sequence of mapping
            ``role``, ``name``, ``sha256`` of every input file. Evidence of the case among them is
            hashed again: it must be unchanged.
        options : mapping, optional
        outcome : sequence of mapping
            The results, an item a statement. Both hold values of canonical JSON: no fractions.
        libraries : mapping, optional
            Versions of the libraries used.
        """
        for given in inputs:
            kept = self.evidence.get(str(given.get("sha256")))
            if kept is not None:
                self.require_unchanged(kept)
        number = 1 + max((_report_number(k) for e in self.entries for k in e.files), default=0)
        place = f"{layout.REPORTS}/{layout.numbered(number)}"
        with self._step():
            draft = self.folder / layout.INCOMING / "report.part"
            draft.mkdir()
            write(draft)
            files = tuple(self._stage(draft, place))
            shutil.rmtree(draft)
            self.commit(
                "report",
                {
                    "command": command,
                    "evidence_unchanged": True,
                    "inputs": [dict(given) for given in inputs],
                    "options": dict(options or {}),
                    "outcome": [dict(statement) for statement in outcome],
                    "report": number,
                },
                files,
                libraries=libraries,
            )
        return Recorded(number=number, folder=self.folder / place, files=files)

    def _stage(self, draft: Path, place: str) -> Iterator[Kept]:
        """Return every file of a draft its name in ``incoming/``, read-only and flushed."""
        for file in sorted(draft.rglob("*")):
            if file.is_dir() and not file.is_symlink():
                continue
            path = f"{place}/{file.relative_to(draft).as_posix()}"
            if not layout.is_place(path) or not stat.S_ISREG(file.lstat().st_mode):
                raise UsageError(f"{printable(file.name)}: is not a file that a report contains")
            data = file.read_bytes()
            write_new(self.staged(path), data, mode=layout.READ_ONLY)
            digest, size = hash_file(self.staged(path), fresh=True)
            yield Kept(path=path, sha256=digest, size=size)

    def keep(self, path: str, data: bytes, action: str, detail: Mapping[str, Any]) -> Kept:
        """Add one file of known content to the case, with a line of its own."""
        with self._step():
            write_new(self.staged(path), data, mode=layout.READ_ONLY)
            digest, size = hash_file(self.staged(path), fresh=True)
            kept = Kept(path=path, sha256=digest, size=size)
            self.commit(action, detail, (kept,))
        return kept

    def staged(self, path: str) -> Path:
        """Return the place in ``incoming/`` of a file on its way into the case."""
        return self.folder / layout.INCOMING / path.replace("/", "+")

    def require_unchanged(self, kept: Kept) -> None:
        """Hash a kept file again; raises `CaseDamagedError` if it has changed."""
        try:
            found = hash_file(self.folder / kept.path)
        except OSError as error:
            found = (str(error.strerror), -1)
        if found != (kept.sha256, kept.size):
            raise CaseDamagedError(
                f"{self._shown}: {kept.path} has changed since it was added; see: "
                f"imgcheck case verify {self._shown}",
                file=self._shown,
            )

    def commit(
        self,
        action: str,
        detail: Mapping[str, Any],
        files: Sequence[Kept] = (),
        *,
        libraries: Mapping[str, str] | None = None,
        torn: bytes = b"",
        skipped: int = 0,
        previous: str | None = None,
        before_head: Callable[[], None] | None = None,
    ) -> Entry:
        """Write the line of a step whose files wait in ``incoming/``, and end the step.

        ``torn``, ``skipped`` and ``previous`` are for `recovery`: the line end that a torn piece
        lacks, the number of torn pieces, and the hash of the last of them.
        """
        entry = Entry(
            sequence=self.head.lines + 1 + skipped,
            previous=self.head.sha256 if previous is None else previous,
            case=self.head.case,
            action=action,
            time=now(),
            operator=self.operator,
            detail=detail,
            files=tuple(files),
            tool=this_tool(libraries),
        )
        line = entry.line()
        if self._log < 0:
            raise CaseDamagedError(f"{self._shown}: this case was closed after a failed step")
        self._require_alone(skipped)
        flush_folder(self.folder / layout.INCOMING)
        self._writing = True
        write_all(self._log, torn + line + b"\n")
        os.fsync(self._log)
        self.place(files)
        if before_head is not None:
            before_head()
        self.entries.append(entry)
        self.write_head(entry, line)
        self._writing = False
        return entry

    def _require_alone(self, skipped: int) -> None:
        """Refuse to write after bytes that were added without the lock."""
        if not skipped and os.fstat(self._log).st_size != self.head.log_bytes:
            raise CaseDamagedError(
                f"{self._shown}: another program wrote to the log during this step",
                file=self._shown,
            )

    def place(self, files: Sequence[Kept]) -> None:
        """Return files that wait in ``incoming/`` their names in the case."""
        folders = set()
        for kept in files:
            target = self.folder / kept.path
            for parent in reversed(target.relative_to(self.folder).parents[:-1]):
                folder = self.folder / parent
                if not os.path.lexists(folder):
                    folder.mkdir()
                    folders.add(folder.parent)
                if not stat.S_ISDIR(folder.lstat().st_mode):
                    raise CaseDamagedError(f"{self._shown}: {parent.as_posix()} is not a folder")
            if os.path.lexists(target):
                raise CaseDamagedError(
                    f"{self._shown}: {kept.path} exists, but no line of the log names it; "
                    f"see: imgcheck case verify {self._shown}",
                    file=self._shown,
                )
            self.staged(kept.path).rename(target)
            folders.add(target.parent)
        for folder in folders:
            flush_folder(folder)

    def write_head(self, entry: Entry, line: bytes) -> None:
        """Exchange the head for one that names a line."""
        self.head = Head(
            case=entry.case,
            lines=entry.sequence,
            sha256=hashlib.sha256(line).hexdigest(),
            log_bytes=os.fstat(self._log).st_size,
        )
        part = self.folder / layout.INCOMING / "head.part"
        write_new(part, self.head.text())
        part.replace(self.folder / layout.HEAD)
        flush_folder(self.folder)


def _report_number(kept: Kept) -> int:
    parts = kept.path.split("/")
    return int(parts[1]) if parts[0] == layout.REPORTS else 0


def create(
    folder: Path,
    *,
    title: str | None = None,
    reference: str | None = None,
    operator: str | None = None,
) -> Head:
    """Make a case folder; return its first head.

    It is made beside its place and takes its name in one step, so there is never half a case.

    Parameters
    ----------
    folder : Path
        Must not exist, or be empty.
    title, reference, operator : str, optional
        What the case is about, its number elsewhere, and who is at work.

    Raises
    ------
    UsageError
        If something is there already.
    UnreadableError
        If the folder cannot be made.
    """
    shown = printable(str(folder))
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        already = os.path.lexists(folder / layout.LOG)
        words = "is a case already" if already else "exists and is not an empty folder"
        raise UsageError(f"{shown}: {words}; choose another name", file=shown)
    detail = {
        key: text(value, f"--{key}")
        for key, value in (("reference", reference), ("title", title))
        if value is not None
    }
    entry = Entry(
        sequence=1,
        previous=NO_LINE,
        case=str(uuid.uuid4()),
        action="init",
        time=now(),
        operator=None if operator is None else text(operator, "--operator"),
        detail=detail,
        tool=this_tool(),
    )
    with explained(shown):
        folder.parent.mkdir(parents=True, exist_ok=True)
        return _made(folder, entry)


def _made(folder: Path, entry: Entry) -> Head:
    line = entry.line()
    digest = hashlib.sha256(line).hexdigest()
    head = Head(case=entry.case, lines=1, sha256=digest, log_bytes=len(line) + 1)
    draft = folder.absolute().with_name(f".{uuid.uuid4().hex}.part")
    draft.mkdir()
    try:
        for name in layout.FOLDERS:
            (draft / name).mkdir()
        write_new(draft / layout.LOG, line + b"\n")
        write_new(draft / layout.HEAD, head.text())
        flush_folder(draft)
        if os.path.lexists(folder) and os.name == "nt":
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    flush_folder(folder.absolute().parent)
    return head
