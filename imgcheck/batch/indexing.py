"""Adding pictures to an index in several processes: they describe, this one stores.

The index is the table of what is done: what is in it is skipped, so that a run that was ended goes
on. Pictures are stored in the order of one process, one transaction each, so that the bytes of the
index do not depend on the number of processes.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from imgcheck import known
from imgcheck.batch.jobs import Job, Settings, digest
from imgcheck.batch.workers import Memory, run_here
from imgcheck.errors import ImgcheckError, IndexFileError
from imgcheck.hashing import HashIndex, records
from imgcheck.imaging.intake import FilePath, path_of, path_text
from imgcheck.model.documents import IndexAddDocument, Refused
from imgcheck.verification import Progress

# Of one described picture: features and a preview take 300 kB.
_MOST_LINE = 16 << 20


def add_in_processes(
    database: FilePath,
    paths: FilePath | Sequence[FilePath],
    *,
    processes: int,
    date: str | None = None,
    note: str | None = None,
    seconds: float = 3600.0,
    progress: Progress | None = None,
) -> IndexAddDocument:
    """Add pictures to an index as `imgcheck.add_to_index` does, in several processes.

    A file that ends its process twice, or takes over ``seconds``, is listed under ``refused``.
    """
    database = path_of(database, "the index")
    files = known.files_to_add(database, paths)
    count, refused = {"added": 0, "known": 0}, list[Refused]()
    with known.opened(database) as index, tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            inspect=False, claim=None, references=(), index=None, output=folder, seconds=seconds
        )
        filled = index.stats().rows > 0
        jobs = {
            k: Job(path=str(file.absolute()), name=str(k), claim=None, attempts=0)
            for k, (file, _) in enumerate(files)
            if not filled or not index.has(digest(str(file)))
        }
        memory = Memory()
        steps = run_here(
            memory, list(jobs.values()), settings, most=processes, work=describe, at_once=True
        )
        for k, (file, stated) in enumerate(files):
            if progress is not None:
                progress(path_text(file.name), k, len(files))
            if k not in jobs:
                count["known"] += 1
                continue
            while jobs[k].name not in memory.results:
                next(steps)
            error = memory.results.pop(jobs[k].name).get("error")
            try:
                for outcome in _stored(index, jobs[k], file, settings, date or stated, note):
                    count[outcome] += 1
            except IndexFileError:
                raise  # the index itself is damaged: going on would lose more
            except (ImgcheckError, ValueError) as problem:
                error = str(problem)
            if error is not None:
                said = error.replace(path_text(jobs[k].path), path_text(file))
                refused.append(Refused(path=path_text(file), reason=said))
        rows = index.stats().rows
    return IndexAddDocument(**count, refused=tuple(refused), rows=rows)


def describe(job: Job, settings: Settings) -> dict[str, Any]:
    """Describe every piece of a file, a line each in a file of its own."""
    try:
        with _place(job, settings).open("w", encoding="ascii") as stream:
            for piece in known.pieces(Path(job.path)):
                rgb, valid = piece.pixels()
                record = records.describe(rgb, sha256=piece.sha256, valid=valid, searched=False)
                said = records.to_json(record, records.pack_preview(rgb))
                part = piece.label.removeprefix(path_text(job.path))
                stream.write(json.dumps({"part": part, **said}) + "\n")
    except ImgcheckError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"{job.path}: needs more memory than one file may use"}
    return {}


def _place(job: Job, settings: Settings) -> Path:
    return Path(settings.output) / f"{job.name}.jsonl"


def _stored(
    index: HashIndex,
    job: Job,
    file: Path,
    settings: Settings,
    date: str | None,
    note: str | None,
) -> Iterator[str]:
    """Add what a process described, and remove its file; yield what became of each piece."""
    place = _place(job, settings)
    if not place.is_file():
        return
    with place.open("rb") as stream:
        while row := stream.readline(_MOST_LINE):
            said = json.loads(row)
            record, preview = records.from_json(said)
            label = path_text(file) + str(said["part"])
            yield index.add_record(record, preview, path_text=label, date=date, note=note)
    place.unlink()
