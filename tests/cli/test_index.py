"""Lists in, other indexes in, hashes out."""

import json
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from imgcheck.cli import run
from tests.hashing.pictures import ground


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    """Run a command, and return its document without the name of its schema."""
    assert run(["index", *words, "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    document.pop("schema", None)
    return document


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "shared.txt"
    path.write_text("".join(f"{n:064x},{n},\x1b[31m{n}.jpg\n" for n in range(1, 4)))
    return path


def test_a_list_goes_in_and_comes_out(
    tmp_path: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, out = str(tmp_path / "known.db"), str(tmp_path / "out.csv")
    found = answer(capsys, "import", database, str(listed), "--list", "room", "--date", "2017-09")
    assert found == {"added": 3, "known": 0, "kind": "pdq", "list": "room", "listed": 3}
    stats = answer(capsys, "stats", database)
    assert (stats["rows"], stats["listed"], stats["lists"]) == (0, 3, ["room"])
    assert answer(capsys, "export", database, out)["rows"] == 3
    again = answer(capsys, "import", str(tmp_path / "second.db"), out, "--list", "room")
    assert again["added"] == 3
    merged = answer(capsys, "merge", str(tmp_path / "second.db"), database)
    assert (merged["listed_known"], merged["dated"]) == (3, 3)
    assert run(["index", "import", database, str(listed), "--list", "room"]) == 0
    assert "0 added, 3 already known" in capsys.readouterr().out
    left = answer(capsys, "remove", database, "--list", "room")
    assert left == {"removed": 3, "rows": 0, "listed": 0}
    assert run(["index", "remove", database, "--list", "room"]) == 2
    assert run(["index", "remove", database]) == 2


def test_what_cannot_be_used_is_named_and_has_its_exit_code(
    tmp_path: Path, listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = str(tmp_path / "known.db")
    with listed.open("a") as out:
        out.write("no hash\n")
    error = answer(capsys, "import", database, str(listed), code=4)["error"]
    assert "shared.txt:4" in error["message"]
    assert not Path(database).exists()
    assert run(["index", "import", database, str(listed), "--format", "md5"]) == 2
    assert run(["index", "merge", database, str(tmp_path / "none")]) == 4
    assert not Path(database).exists()
    assert run(["index", "export", str(tmp_path / "none"), "out.csv"]) == 4


@pytest.mark.slow
def test_an_exported_index_is_searched_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("duckdb")
    post, database, table = (str(tmp_path / n) for n in ("post.png", "known.db", "known.parquet"))
    PillowImage.fromarray(ground(5)).save(post)
    answer(capsys, "add", database, post, "--date", "2016-05")
    answer(capsys, "export", database, table)
    found = answer(capsys, "search", table, post)
    (match,) = found["matches"]
    assert (match["id"], match["date"], match["stage"], match["distance"]) == (
        1,
        "2016-05",
        "hash",
        0,
    )
    assert (match["relation"], match["transform"], found["parts"]) == ("undetermined", None, "none")
    assert answer(capsys, "search", table, post, "--parts", "every", code=2)["error"]
    (tmp_path / "letter.parquet").write_text("a letter")
    answer(capsys, "search", str(tmp_path / "letter.parquet"), post, code=4)
