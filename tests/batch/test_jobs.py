"""The list of a batch and its table: nothing twice, nothing lost."""

from pathlib import Path

import pytest

from imgcheck.batch import Settings, Source, read_source
from imgcheck.batch.jobs import Table
from imgcheck.errors import UnreadableError, UsageError


def settings(folder: Path, **rest: object) -> Settings:
    given: dict[str, object] = {
        "inspect": True, "claim": None, "references": (), "index": None, "output": str(folder),
    }  # fmt: skip
    return Settings(**{**given, **rest})  # type: ignore[arg-type]


def pictures(folder: Path, many: int = 3) -> tuple[Source, ...]:
    folder.mkdir(exist_ok=True)
    for n in range(many):
        (folder / f"{n}.jpg").write_bytes(bytes([n]) * 10)
    return read_source(folder)


def test_a_folder_gives_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/z.jpg", ".hidden.jpg", "a/.x/y.jpg", "items.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [one.name for one in read_source(tmp_path)] == ["a/z.jpg", "b.jpg"]


def test_a_list_and_a_table_give_paths_beside_them_and_claims(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# posts\nb.jpg\n\na.jpg\n", encoding="utf-8")
    (tmp_path / "list.csv").write_text("path,claim\nb.jpg,b.yml\na.jpg,\n", encoding="utf-8")
    assert [one.name for one in read_source(tmp_path / "list.txt")] == ["a.jpg", "b.jpg"]
    first, second = read_source(tmp_path / "list.csv")
    assert (first.claim, second.claim) == (None, str(tmp_path / "b.yml"))
    assert second.path == str(tmp_path / "b.jpg")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("list.csv", "file\na.jpg\n", 'needs a column "path"'),
        ("list.txt", "a.jpg\na.jpg\n", "lists a.jpg twice"),
        ("list.txt", "\n", "holds no picture"),
        ("list.json", "[]", "give a folder, a list of paths"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_source(tmp_path / name)


def test_a_list_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no such file or folder"):
        read_source(tmp_path / "none")


def test_what_is_done_is_not_done_again_until_something_changes(tmp_path: Path) -> None:
    sources, out = pictures(tmp_path / "p"), tmp_path / "out"
    with Table(out) as table:
        table.set_up(sources, settings(out))
        first, *_ = table.waiting(sources)
        table.begin(first)
        table.finish(first, {"path": first.name, "state": "done"})
    with Table(out) as table:
        table.set_up(sources, settings(out))
        assert [one.name for one in table.waiting(sources)] == ["1.jpg", "2.jpg"]
    (tmp_path / "p" / "0.jpg").write_bytes(b"another")
    with Table(out) as table:
        table.set_up(sources, settings(out))
        assert len(table.waiting(sources)) == 3
        assert table.results() == []
        table.set_up(sources[:1], settings(out, index=str(tmp_path / "p" / "1.jpg")))
        assert [one.name for one in table.waiting(sources[:1])] == ["0.jpg"]


def test_a_picture_that_ran_when_a_run_was_ended_is_not_blamed(tmp_path: Path) -> None:
    sources, out = pictures(tmp_path / "p", 1), tmp_path / "out"
    for _ in range(4):
        with Table(out) as table:
            table.set_up(sources, settings(out))
            (job,) = table.waiting(sources)
            assert job.attempts == 0
            table.begin(job)


def test_a_process_that_ends_twice_names_its_picture(tmp_path: Path) -> None:
    sources, out = pictures(tmp_path / "p", 1), tmp_path / "out"
    with Table(out) as table:
        table.set_up(sources, settings(out))
        (job,) = table.waiting(sources)
        table.begin(job)
        again = table.lose(job, "its process ended without a result")
        assert again is not None and again.attempts == 1
        table.begin(again)
        assert table.lose(again, "its process ended without a result") is None
        (result,) = table.results()
    assert result["state"] == "failed"
    assert result["error"] == (
        "its process ended without a result, 2 times; look at this file apart"
    )


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with Table(tmp_path), pytest.raises(UsageError, match="another batch is working"):
        Table(tmp_path)
