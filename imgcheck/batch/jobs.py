"""The list of pictures, and the table that remembers which of them are done."""

import csv
import hashlib
import io
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import imgcheck
from imgcheck.errors import IndexFileError, UnreadableError, UsageError
from imgcheck.imaging.intake import path_text, read_small, walk
from imgcheck.imaging.text import printable

#: A picture whose process ends twice without a result is named and left.
MOST_ATTEMPTS = 2
_MOST_LIST_BYTES = 64 << 20
_SCHEMA = """CREATE TABLE IF NOT EXISTS jobs(
    path TEXT PRIMARY KEY, claim TEXT, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL, result TEXT)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture of the list: its path, how the results name it, and its own claim, if any."""

    path: str
    name: str
    claim: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is done with every picture; relative paths have been made absolute.

    Attributes
    ----------
    inspect : bool
        Inspect the files instead of verifying them.
    claim, index : str or None
    references : tuple of str
        As given on the command line, with ``@DATE`` behind the path or not.
    output : str
        Folder of the batch; each picture has a folder below ``pictures``.
    seconds : float
        Time for one picture; its process is ended after that.
    """

    inspect: bool
    claim: str | None
    references: tuple[str, ...]
    index: str | None
    output: str
    seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A picture that is still to be done."""

    path: str
    name: str
    claim: str | None
    attempts: int

    @property
    def folder(self) -> str:
        """Return the name of the picture's folder: its own name, made unique by its path."""
        stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in self.name)
        return f"{stem[-60:]}-{hashlib.sha256(self.name.encode()).hexdigest()[:10]}"


def read_source(given: Path) -> tuple[Source, ...]:
    """Return the pictures of a folder, of a list (.txt, a path a line) or of a table (.csv).

    A table has the column ``path`` and may have ``claim``; paths are relative to the list.

    Raises
    ------
    UsageError
        If there is no picture, or a list is not one.
    UnreadableError
        If it cannot be read.
    """
    if given.is_dir():
        found = [
            Source(path=str(file), name=path_text(file.relative_to(given))) for file in walk(given)
        ]
    else:
        if not given.exists():
            raise UnreadableError(f"{printable(given.name)}: no such file or folder")
        found = [
            Source(
                path=str(given.parent / path),
                name=path,
                claim=None if not claim else str(given.parent / claim),
            )
            for path, claim in _listed(given)
        ]
    if not found:
        raise UsageError(f"{printable(given.name)}: holds no picture")
    names = [one.name for one in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{printable(given.name)}: lists {printable(twice)} twice")
    return tuple(sorted(found, key=lambda one: one.name))


def _listed(given: Path) -> Iterator[tuple[str, str]]:
    text = read_small(given, most_bytes=_MOST_LIST_BYTES).decode("utf-8-sig", "surrogateescape")
    if given.suffix.lower() == ".txt":
        for row in text.splitlines():
            if row.strip() and not row.startswith("#"):
                yield row.strip(), ""
        return
    if given.suffix.lower() != ".csv":
        raise UsageError(
            f"{printable(given.name)}: give a folder, a list of paths (.txt) or a table (.csv)"
        )
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if "path" not in (rows.fieldnames or ()):
        raise UsageError(f'{printable(given.name)}: the table needs a column "path"')
    for named in rows:
        if named["path"]:
            yield named["path"].strip(), (named.get("claim") or "").strip()


class Table:
    """The job table of one folder; one run at a time works on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = sqlite3.connect(folder / "jobs.sqlite", isolation_level=None, timeout=1.0)
        try:
            self._rows.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._rows.execute("PRAGMA journal_mode=WAL")
            self._rows.execute("BEGIN EXCLUSIVE")
            self._rows.execute(_SCHEMA)
            # What ran when an earlier run ended was not at fault.
            self._rows.execute(
                "UPDATE jobs SET state='waiting', attempts=max(0, attempts-1) WHERE state='running'"
            )
            self._rows.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise UsageError(
                f"{printable(folder.name)}: another batch is working in this folder ({error})"
            ) from error
        except sqlite3.DatabaseError as error:
            raise IndexFileError(
                f"{printable(folder.name)}: jobs.sqlite is damaged; name another folder"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def set_up(self, sources: Sequence[Source], settings: Settings) -> None:
        """Enter the pictures; one that changed, or is done otherwise now, is done again."""
        shared = _fingerprint_of(settings)
        self._rows.execute("BEGIN")
        kept = [one.name for one in sources]
        for (name,) in self._rows.execute("SELECT path FROM jobs").fetchall():
            if name not in set(kept):
                self._rows.execute("DELETE FROM jobs WHERE path=?", (name,))
        for one in sources:
            mark = hashlib.sha256(f"{shared} {digest(one.path)} {one.claim} ".encode())
            mark.update(digest(one.claim or settings.claim or "").encode())
            self._rows.execute(
                "INSERT INTO jobs VALUES(?1, ?2, ?3, 'waiting', 0, NULL) ON CONFLICT(path) DO "
                "UPDATE SET claim=?2, fingerprint=?3, state='waiting', attempts=0, result=NULL "
                "WHERE fingerprint<>?3",
                (one.name, one.claim, mark.hexdigest()),
            )
        self._rows.execute("COMMIT")

    def waiting(self, sources: Sequence[Source]) -> list[Job]:
        """Return the pictures to be done; those that were tried before come last."""
        paths = {one.name: one.path for one in sources}
        rows = self._rows.execute(
            "SELECT path, claim, attempts FROM jobs WHERE state='waiting' ORDER BY attempts, path"
        )
        return [Job(path=paths[p], name=p, claim=c, attempts=a) for p, c, a in rows]

    def begin(self, job: Job) -> None:
        """Mark a picture as being worked on."""
        self._rows.execute(
            "UPDATE jobs SET state='running', attempts=attempts+1 WHERE path=?", (job.name,)
        )

    def finish(self, job: Job, result: dict[str, Any]) -> None:
        """Store the one result of a picture."""
        self._rows.execute(
            "UPDATE jobs SET state=?, result=? WHERE path=?",
            (result["state"], json.dumps(result, sort_keys=True), job.name),
        )

    def lose(self, job: Job, reason: str) -> Job | None:
        """Note that a process ended without a result; return the job if it is to be tried again."""
        if job.attempts + 1 < MOST_ATTEMPTS:
            self._rows.execute("UPDATE jobs SET state='waiting' WHERE path=?", (job.name,))
            return Job(path=job.path, name=job.name, claim=job.claim, attempts=job.attempts + 1)
        self.finish(job, lost(job, reason))
        return None

    def results(self) -> list[dict[str, Any]]:
        """Return the results, in the order of the pictures' names."""
        rows = self._rows.execute("SELECT result FROM jobs WHERE result NOT NULL ORDER BY path")
        return [json.loads(text) for (text,) in rows]


def lost(job: Job, reason: str) -> dict[str, Any]:
    """Return the result of a picture whose process ended every time."""
    return {
        "path": job.name,
        "sha256": digest(job.path) or None,
        "state": "failed",
        "error": f"{reason}, {MOST_ATTEMPTS} times; look at this file apart",
    }


def _fingerprint_of(settings: Settings) -> str:
    """Return what all results depend on, apart from the picture and its claim."""
    said = asdict(settings)
    del said["output"], said["seconds"]
    said["version"] = imgcheck.__version__
    said["files"] = [
        [path, stat.st_size, stat.st_mtime_ns]
        for given in (*settings.references, settings.index or "")
        for path, stat in _stats(given)
    ]
    return json.dumps(said, sort_keys=True)


def _stats(given: str) -> Iterator[tuple[str, os.stat_result]]:
    for name in (given, given.rpartition("@")[0]):
        path = Path(name)
        if name and path.exists():
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            yield from ((str(file), file.stat()) for file in files if file.is_file())
            return


def digest(path: str) -> str:
    """Return the SHA-256 of a file, empty where it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""
