"""Adding to an index in several processes gives what one process gives, byte for byte."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcheck.batch import add_in_processes, indexing
from imgcheck.batch.jobs import Job, Settings
from imgcheck.hashing import HashIndex, records
from imgcheck.known import add_to_index
from tests.hashing.pictures import ground
from tests.test_known import mosaic

pytestmark = pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::rasterio.errors.NotGeoreferencedWarning"
)


def archive(folder: Path, many: int = 5) -> Path:
    folder.mkdir()
    for n in range(many):
        Image.fromarray(ground(n, shape=(300, 400))).save(folder / f"{n}.jpg", quality=85)
    (folder / "again.jpg").write_bytes((folder / "1.jpg").read_bytes())
    (folder / "text.jpg").write_text("not a picture", encoding="utf-8")
    (folder / "items.json").write_text(
        '[{"asset": "2.jpg", "datetime": "2015-06-01T09:00:00Z"}]', encoding="utf-8"
    )
    return folder


def rows_of(database: Path) -> bytes:
    """Return the bytes of the file after everything in its journal was written into it."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.read_bytes()


def content(database: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def killer(job: Job, settings: Settings) -> dict[str, object]:
    """End the process at the picture named 3, as a decoder with a fault would."""
    if "3.jpg" in job.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return indexing.describe(job, settings)


@pytest.mark.slow
def test_two_processes_give_the_index_of_one(tmp_path: Path) -> None:
    pictures = archive(tmp_path / "p")
    mosaic(pictures / "m.tif")
    one = add_to_index(tmp_path / "one.db", pictures, note="n")
    two = add_in_processes(tmp_path / "two.db", pictures, note="n", processes=2)
    assert one == two
    assert (one.added, one.known, len(one.refused)) == (7, 1, 1)
    assert rows_of(tmp_path / "one.db") == rows_of(tmp_path / "two.db")
    again = add_in_processes(tmp_path / "two.db", pictures, processes=2)
    assert (again.added, again.known, again.rows) == (0, 8, 7)


@pytest.mark.slow
def test_a_deadly_file_is_refused_and_the_others_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = archive(tmp_path / "p")
    monkeypatch.setattr(indexing, "describe", killer)
    found = add_in_processes(tmp_path / "known.db", pictures, processes=2)
    assert (found.added, found.known) == (4, 1)
    assert [Path(one.path).name for one in found.refused] == ["3.jpg", "text.jpg"]
    assert "ended without a result, 2 times" in found.refused[0].reason
    (pictures / "3.jpg").unlink()
    add_to_index(tmp_path / "one.db", pictures)
    assert rows_of(tmp_path / "one.db") == rows_of(tmp_path / "known.db")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path / "p", many=40)
    program = "from imgcheck.cli import main\nif __name__ == '__main__': main()"
    command = [sys.executable, "-c", program, "index", "add", "known.db", "p", "--jobs", "2"]
    here = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    quiet = subprocess.DEVNULL
    began = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=tmp_path, env=here)
    deadline = time.monotonic() + 120
    while not _some(tmp_path / "known.db"):
        assert time.monotonic() < deadline and began.poll() is None
        time.sleep(0.02)
    began.send_signal(signal.SIGKILL)
    began.wait()
    done = subprocess.run(
        [*command, "--json"], capture_output=True, text=True, cwd=tmp_path, env=here
    )
    said = json.loads(done.stdout)
    assert said["added"] > 0 and said["known"] > 1 and said["rows"] == 40
    monkeypatch.chdir(tmp_path)  # the paths are part of an index
    add_to_index("one.db", "p")
    # SQLite counts how often its journal was written into the file.
    assert content(tmp_path / "one.db") == content(tmp_path / "known.db")


def _some(database: Path) -> bool:
    try:
        with HashIndex.open(database) as index:
            return index.stats().rows > 2
    except Exception:
        return False


def test_a_described_picture_survives_the_way_between_processes() -> None:
    rgb = ground(3, shape=(300, 400))
    record = records.describe(rgb, sha256="ab" * 32, searched=False)
    preview = records.pack_preview(rgb)
    text = json.dumps(records.to_json(record, preview))
    back, shown = records.from_json(json.loads(text))
    assert (back.sha256, back.pixels, back.shape, back.pdq) == (
        record.sha256, record.pixels, record.shape, record.pdq,
    )  # fmt: skip
    assert shown == preview
    assert records.pack_features(back.features) == records.pack_features(record.features)


@pytest.mark.parametrize(
    ("name", "value"),
    [("shape", [1]), ("shape", None), ("features", "AAAA"), ("points", -1), ("preview", "AAAA"),
     ("pdq", {"hex": "xyz", "quality": 1, "hashable": True}), ("sha256", "xy"), ("pixels", 3)],
)  # fmt: skip
def test_a_changed_description_is_refused(name: str, value: object) -> None:
    rgb = np.zeros((40, 40, 3), np.uint8)
    record = records.describe(rgb, sha256="ab" * 32, searched=False)
    said = records.to_json(record, records.pack_preview(rgb))
    with pytest.raises(ValueError, match="not a described picture"):
        records.from_json({**said, name: value})
