"""Jobs of a batch: what is done with a picture, here or on Dask."""

import base64
import importlib
import multiprocessing
import os
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from pathlib import Path
from typing import Any

import imgcheck
from imgcheck.batch.jobs import Job, Settings, Source, Table, digest, lost
from imgcheck.batch.workers import ENDED, Memory, run_here
from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.imaging.text import printable

#: Called with how many pictures are done, of how many, and how many of them by an earlier run.
Progress = Callable[[int, int, int], None]

_THUMBNAIL_PX = 200
# On Dask a task is a chunk of pictures: one process each, and a message of 2 to 3 ms each (notes:
# intake). Smaller chunks leave no worker idle at the end.
_MOST_CHUNK, _CHUNKS_A_SLOT = 50, 4


def run(
    sources: Sequence[Source],
    settings: Settings,
    *,
    jobs: int = 1,
    dask: str | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Verify or inspect every picture that has no result yet; return all results.

    Parameters
    ----------
    sources : sequence of Source
    settings : Settings
    jobs : int, default 1
        Processes at a time.
    dask : str, optional
        Address of a Dask scheduler that does the work instead; its workers must see the files.
    progress : callable, optional

    Raises
    ------
    UsageError
        If another run works in the same folder, or Dask is wanted and missing.
    """
    with Table(Path(settings.output)) as table:
        table.set_up(sources, settings)
        waiting = table.waiting(sources)
        if dask is None:
            steps = run_here(table, waiting, settings, most=jobs, work=work)
        else:
            steps = _on_dask(table, waiting, settings, dask)
        earlier = len(sources) - len(waiting)
        for done, _ in enumerate(steps, earlier + 1):
            if progress is not None:
                progress(done, len(sources), earlier)
        return table.results()


def _on_dask(table: Table, jobs: Sequence[Job], settings: Settings, address: str) -> Iterator[str]:
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise UsageError("--dask needs the extra imgcheck[dask]") from error
    with Client(address) as client:
        slots = sum(client.ncores().values()) or 1
        size = max(1, min(_MOST_CHUNK, len(jobs) // (_CHUNKS_A_SLOT * slots)))
        yield from _submitted(table, jobs, settings, client.get_executor(retries=0), size)


def _submitted(
    table: Table, jobs: Sequence[Job], settings: Settings, executor: Executor, size: int
) -> Iterator[str]:
    """Submit the jobs in chunks; those whose Dask worker itself ended again, each alone."""
    asked: dict[Future[list[dict[str, Any]]], Sequence[Job]] = {}
    for first in range(0, len(jobs), size):
        chunk = jobs[first : first + size]
        for job in chunk:
            table.begin(job)
        asked[executor.submit(work_through, chunk, settings)] = chunk
    again: list[Job] = []
    for future in as_completed(asked):
        if future.exception() is not None:
            again += asked[future]
            continue
        yield from _finished(table, asked[future], future.result())
    for job in again:
        alone = executor.submit(work_through, [job], settings)
        if alone.exception() is not None:
            table.finish(job, lost(job, ENDED))
            yield job.name
        else:
            yield from _finished(table, [job], alone.result())


def _finished(table: Table, jobs: Sequence[Job], results: list[dict[str, Any]]) -> Iterator[str]:
    for job, result in zip(jobs, results, strict=True):
        table.finish(job, result)
        yield job.name


def work_through(jobs: Sequence[Job], settings: Settings) -> list[dict[str, Any]]:
    """Do jobs on a worker of Dask, in processes below it: a picture ends at most one of them."""
    # Dask's own processes are marked so that they may have none below them.
    multiprocessing.current_process()._config.pop("daemon", None)  # type: ignore[attr-defined]
    memory = Memory()
    for _ in run_here(memory, jobs, settings, most=1, work=work):
        pass
    return [memory.results[job.name] for job in jobs]


def load_everything() -> None:
    """Import every module, and compute what is computed once, for all pictures together.

    No picture is decoded: the threads of a library do not survive in a copy of its process.
    """
    for found in pkgutil.walk_packages(imgcheck.__path__, "imgcheck."):
        if not found.name.startswith(("imgcheck.cli", "imgcheck.batch.loaded")):
            importlib.import_module(found.name)
    from PIL import Image

    from imgcheck.provenance.rules.rule import fire_rates
    from imgcheck.report.page import environment

    Image.init()
    fire_rates()
    for name in environment().list_templates():
        environment().get_template(name)


def work(job: Job, settings: Settings) -> dict[str, Any]:
    """Verify or inspect one picture, write its folder, and return its row of the results."""
    row: dict[str, Any] = {"path": job.name, "sha256": digest(job.path) or None}
    try:
        return row | (_inspected if settings.inspect else _verified)(job, settings)
    except ImgcheckError as error:
        said = error.message.replace(job.path, job.name)
        for name in (job.name, Path(job.path).name):  # the row names the picture
            said = said.removeprefix(f"{printable(name)}: ")
        return row | {"state": "refused", "error": said}
    except MemoryError:
        return row | {"state": "refused", "error": "needs more memory than one picture may use"}


def _verified(job: Job, settings: Settings) -> dict[str, Any]:
    from imgcheck.case import load_case
    from imgcheck.imaging.output import Replacing
    from imgcheck.model import Claim
    from imgcheck.publication import publish
    from imgcheck.verification import verify

    claim = job.claim or settings.claim
    case = load_case(
        Path(job.path),
        claim=None if claim is None else Claim.load(Path(claim)),
        references=settings.references,
        index=None if settings.index is None else Path(settings.index),
    )
    report = verify(case)
    kept = Replacing(inputs=(Path(job.path),), force=True)  # the folder is the batch's own
    publish(report, case, _folder(job, settings), replacing=kept)
    return {
        "state": "done",
        "report": f"pictures/{job.folder}/report.json",
        "verdicts": {name: answer.value for name, answer in report.answers().items()},
        "failed_checks": sorted({finding.check for finding in report.failed}),
        "view": _view(case.image),
    }


def _inspected(job: Job, settings: Settings) -> dict[str, Any]:
    from imgcheck.case import inspect
    from imgcheck.imaging.output import write_atomically
    from imgcheck.publication import publish_inspections

    found = inspect(Path(job.path))
    folder = _folder(job, settings)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "inspect.html"
    page.unlink(missing_ok=True)
    publish_inspections([found], page)
    write_atomically(folder / "inspect.json", found.document().dumps())
    return {
        "state": "done",
        "report": f"pictures/{job.folder}/inspect.json",
        "verdicts": {},
        "failed_checks": [],
        "view": _view(found.image),
    }


def _folder(job: Job, settings: Settings) -> Path:
    return Path(settings.output) / "pictures" / job.folder


def _view(image: Any) -> str | None:
    from imgcheck.imaging.reduced import jpeg_view

    try:
        view = jpeg_view(image, longest_px=_THUMBNAIL_PX)
    except ImgcheckError:
        return None
    return None if view is None else base64.b64encode(view).decode("ascii")


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
