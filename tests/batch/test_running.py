"""Pictures in processes of their own: killed, hanging and refused ones harm no other."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcheck.batch import read_source, run, running, workers, write_results
from imgcheck.batch.jobs import Table
from tests.batch.test_jobs import settings
from tests.batch.workers import unsteady

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    for n in range(8):
        pixels = np.random.default_rng(n).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(made / f"{n}.jpg", quality=80)
    (made / "text.jpg").write_text("not a picture", encoding="utf-8")
    return made


def bytes_of(results: list[dict[str, object]], out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in write_results(results, out)}


def test_processes_give_what_one_process_gives_and_the_bytes_repeat(
    folder: Path, tmp_path: Path
) -> None:
    sources = read_source(folder)
    here = settings(tmp_path / "here")
    with Table(tmp_path / "here") as table:
        table.set_up(sources, here)
        alone = [running.work(job, here) for job in table.waiting(sources)]
    many = run(sources, settings(tmp_path / "many"), jobs=2)
    assert many == alone
    assert [one["state"] for one in many] == ["done"] * 8 + ["refused"]
    assert many[-1]["error"].startswith("is text; accepted are JPEG")
    assert bytes_of(many, tmp_path / "many") == bytes_of(alone, tmp_path / "here")


def test_killed_and_hanging_processes_are_tried_twice_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a.jpg", "b.jpg", "good.jpg", "good2.jpg", "poison.jpg", "slow.jpg"]
    (tmp_path / "p").mkdir()
    for name in names:
        (tmp_path / "p" / name).write_bytes(b"x")
    monkeypatch.setattr(running, "work", unsteady)
    results = run(read_source(tmp_path / "p"), settings(tmp_path / "out", seconds=3.0), jobs=2)
    assert [one["path"] for one in results] == names
    assert [one["state"] for one in results] == ["done"] * 4 + ["failed"] * 2
    assert "ended without a result, 2 times" in results[4]["error"]
    assert "took too long" in results[5]["error"]


def test_a_process_works_on_several_pictures_and_is_replaced_after_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    for n in range(7):
        (tmp_path / "p" / f"good{n}.jpg").write_bytes(b"x")
    monkeypatch.setattr(running, "work", unsteady)
    monkeypatch.setattr(workers, "_MOST_PICTURES", 3)
    results = run(read_source(tmp_path / "p"), settings(tmp_path / "out"), jobs=1)
    counts = Counter(one["process"] for one in results)
    assert sorted(counts.values()) == [1, 3, 3]


def test_a_picture_that_is_tried_again_has_a_process_that_did_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    for name in ("good1.jpg", "good2.jpg", "h.jpg", "z.jpg"):
        (tmp_path / "p" / name).write_bytes(b"x")
    monkeypatch.setattr(running, "work", unsteady)
    found = run(read_source(tmp_path / "p"), settings(tmp_path / "out"), jobs=2)
    assert [one["state"] for one in found] == ["done"] * 4
    assert found[2]["before"] == found[3]["before"] == 0


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_run_that_is_killed_goes_on_and_gives_the_same_bytes(
    folder: Path, tmp_path: Path
) -> None:
    script = "from imgcheck.cli import main\nif __name__ == '__main__': main()"
    rest = [str(folder), "-o", str(tmp_path / "out"), "--inspect", "--jobs", "1"]
    command = [sys.executable, "-c", script, "batch", *rest]
    began = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("pictures/*/inspect.json")):
        assert time.monotonic() < deadline and began.poll() is None
        time.sleep(0.02)
    began.send_signal(signal.SIGKILL)
    began.wait()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0 and "9 pictures: 8 done, 1 refused" in again.stdout
    whole = run(read_source(folder), settings(tmp_path / "whole"), jobs=2)
    made = bytes_of(whole, tmp_path / "whole")
    assert made == {name: (tmp_path / "out" / name).read_bytes() for name in made}


def test_dask_workers_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("dask.distributed")
    whole = run(read_source(folder), settings(tmp_path / "whole"), jobs=2)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        shared = run(
            read_source(folder), settings(tmp_path / "dask"), dask=cluster.scheduler_address
        )
    assert bytes_of(shared, tmp_path / "dask") == bytes_of(whole, tmp_path / "whole")


def test_a_deadly_file_on_dask_ends_a_process_below_the_worker(
    folder: Path, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("dask.distributed")
    (tmp_path / "p").mkdir()
    for name in ("good1.jpg", "good2.jpg", "good3.jpg", "poison.jpg", "z.jpg"):
        (tmp_path / "p" / name).write_bytes(b"x")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(deadly)
        before = set(client.scheduler_info()["workers"])
        found = run(
            read_source(tmp_path / "p"), settings(tmp_path / "dask"),
            dask=cluster.scheduler_address,
        )  # fmt: skip
        assert set(client.scheduler_info()["workers"]) == before
    assert [one["state"] for one in found] == ["done", "done", "done", "failed", "done"]
    assert "ended without a result, 2 times" in found[3]["error"]


def deadly() -> None:
    """Let the worker of Dask do the test's work."""
    running.work = unsteady
