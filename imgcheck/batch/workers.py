"""Processes that work on pictures: a fault in one picture ends at most its own process."""

import json
import multiprocessing
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from imgcheck.batch.jobs import MOST_ATTEMPTS, Job, Settings, lost
from imgcheck.case.trust import trust_folder
from imgcheck.sandbox import limit_memory, restrict

#: Why a picture has no result: the same words here and on Dask, so the bytes are the same.
ENDED = "its process ended without a result"
TOOK_TOO_LONG = "its process took too long and was ended"

#: What a process does with a picture.
Work = Callable[[Job, Settings], dict[str, Any]]

# The first picture of a process costs 25 ms more than the others (benchmarks: faces, 2026-11). What
# a library leaks or keeps ends with the process after this many.
_MOST_PICTURES = 50
_MOST_ANSWER = 64 << 20  # bytes; a row with its thumbnail takes some 20 kB
_SCRATCH = ".temporary-"


class Ledger(Protocol):
    """Remembers which pictures are done: the table of a batch, or `Memory`."""

    def begin(self, job: Job) -> None:
        """Mark a picture as being worked on."""

    def finish(self, job: Job, result: dict[str, Any]) -> None:
        """Store the one result of a picture."""

    def lose(self, job: Job, reason: str) -> Job | None:
        """Note that a process ended without a result; return the job if it is to be tried again."""


class Memory:
    """The results of one run, by the names of the pictures; a lost one has ``state`` ``failed``."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any]] = {}

    def begin(self, job: Job) -> None:
        pass

    def finish(self, job: Job, result: dict[str, Any]) -> None:
        self.results[job.name] = result

    def lose(self, job: Job, reason: str) -> Job | None:
        if job.attempts + 1 < MOST_ATTEMPTS:
            return replace(job, attempts=job.attempts + 1)
        self.finish(job, lost(job, reason))
        return None


@dataclass(slots=True)
class _Worker:
    """A process, the job it works on, and by when that has to be done."""

    process: Any
    pipe: Connection
    job: Job | None = None
    deadline: float = float("inf")
    pictures: int = 0

    def begin(self, job: Job, seconds: float) -> None:
        self.job, self.deadline = job, time.monotonic() + seconds
        self.pictures += 1
        self.pipe.send(job)

    def received(self) -> dict[str, Any] | None:
        """Return the result, or ``None`` where the process ended without one.

        It is read as JSON: a pickle of a process that a picture has taken over would run here.
        """
        try:
            found = json.loads(self.pipe.recv_bytes(_MOST_ANSWER)) if self.pipe.poll() else None
        except (EOFError, OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def run_here(
    table: Ledger,
    jobs: Sequence[Job],
    settings: Settings,
    *,
    most: int,
    work: Work,
    at_once: bool = False,
) -> Iterator[str]:
    """Run the jobs in processes, ``most`` at a time; yield the name of each that is done.

    A process whose picture ends it, or takes too long, is replaced; the picture is tried once more,
    in a process that has done nothing else: at the end, when what else ends processes may be over,
    or ``at_once``, where results are wanted in the order of the jobs.
    """
    queue, workers = deque(jobs), list[_Worker]()
    context, sandbox = _context(), _sandbox(jobs, settings)
    try:
        while queue or any(worker.job for worker in workers):
            for worker in [one for one in workers if one.job is None]:
                if not queue or worker.pictures >= _MOST_PICTURES or queue[0].attempts:
                    worker.end()
                    workers.remove(worker)
                else:
                    _hand_out(table, worker, queue.popleft(), settings)
            while queue and len(workers) < most:
                workers.append(_started(context, settings, work, sandbox))
                _hand_out(table, workers[-1], queue.popleft(), settings)
            for worker in _ready(workers):
                late = worker.deadline < time.monotonic()
                job, result = worker.job, worker.received()
                assert job is not None  # only those with a job are waited for
                worker.job = None
                if result is not None:
                    table.finish(job, result)
                    yield job.name
                    continue
                worker.end()
                workers.remove(worker)
                again = table.lose(job, TOOK_TOO_LONG if late else ENDED)
                if again is None:
                    yield job.name
                elif at_once:
                    queue.appendleft(again)
                else:
                    queue.append(again)
    finally:
        for worker in workers:
            worker.end()
        shutil.rmtree(sandbox.scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sandbox:
    """Folders that a process may read, and may write; ``scratch`` holds its temporary files."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    scratch: Path


def _sandbox(jobs: Sequence[Job], settings: Settings) -> _Sandbox:
    output = Path(settings.output)
    output.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=output))
    read = {Path(path).resolve().parent for job in jobs for path in (job.path, job.claim) if path}
    read |= {Path(settings.claim).parent} if settings.claim else set()
    for given in settings.references:
        path = Path(given) if Path(given).exists() else Path(given.rpartition("@")[0])
        read.add(path if path.is_dir() else path.parent)  # what lies beside it may place it
    trusted = trust_folder()
    write = {Path(settings.output)} | ({Path(settings.index).parent} if settings.index else set())
    return _Sandbox(
        readable=tuple(read | ({trusted} if trusted else set())),
        writable=tuple(write),
        scratch=scratch,
    )


def _hand_out(table: Ledger, worker: _Worker, job: Job, settings: Settings) -> None:
    table.begin(job)
    with suppress(
        OSError
    ):  # it ended while it waited, and is found so: as if it had ended at the picture
        worker.begin(job, settings.seconds)


def _ready(workers: Sequence[_Worker]) -> list[_Worker]:
    """Return the workers that have a result, have ended, or are late; wait until there is one."""
    first = min(worker.deadline for worker in workers)
    ready = wait([one.pipe for one in workers], timeout=max(0.0, first - time.monotonic()))
    return [one for one in workers if one.pipe in ready or one.deadline < time.monotonic()]


def _started(context: Any, settings: Settings, work: Work, sandbox: _Sandbox) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, settings, work, sandbox), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(pipe: Connection, settings: Settings, work: Work, sandbox: _Sandbox) -> None:
    """Work on pictures until there are no more, within limits where the system has them."""
    tempfile.tempdir = str(sandbox.scratch)
    restrict(readable=sandbox.readable, writable=sandbox.writable)
    limit_memory()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send_bytes(json.dumps(work(job, settings)).encode())


def _context() -> Any:
    """Return how processes begin: as copies of one in which everything is loaded, if possible."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["imgcheck.batch.loaded"])
    return context
