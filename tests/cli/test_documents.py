"""What a command prints with ``--json`` is the document whose schema is published."""

import json
from pathlib import Path

import jsonschema
import pytest

import imgcheck.model
from imgcheck.cli import run
from imgcheck.model import documents
from imgcheck.model.documents import DOCUMENTS

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
POST = str(SAMPLES / "honest-post" / "post.jpg")
SCHEMAS = Path(imgcheck.model.__file__).parent / "schemas"
LIST = "0123456789abcdef" * 4 + ",100,a.jpg\n"

# In order: later commands use the index and the case that the first ones make.
COMMANDS = {
    "index-add": ["index", "add", "{db}", str(SAMPLES / "recycled-crop" / "known" / "older.jpg")],
    "index-search": ["index", "search", "{db}", str(SAMPLES / "recycled-crop" / "post.jpg")],
    "index-import": ["index", "import", "{db}", "{list}"],
    "index-merge": ["index", "merge", "{db}2", "{db}"],
    "index-stats": ["index", "stats", "{db}"],
    "index-verify": ["index", "verify", "{db}"],
    "index-export": ["index", "export", "{db}", "{csv}"],
    "index-remove": ["index", "remove", "{db}", "1"],
    "case-init": ["case", "init", "{case}"],
    "case-add": ["case", "add", "{case}", POST],
    "case-step": ["case", "note", "{case}", "seen"],
    "case-keygen": ["case", "keygen", "{key}"],
    "case-verify": ["case", "verify", "{case}"],
    "case-log": ["case", "log", "{case}"],
    "case-export": ["case", "export", "{case}", "-o", "{log}"],
    "inspect": ["inspect", POST],
    "date": ["date", str(SAMPLES / "wrong-date" / "post.jpg"), "--stack",
             str(SAMPLES / "wrong-date" / "reference" / "items.json"),
             "--claim-window", "2017-08-01/2017-09-01"],
    "explain": ["explain", "geo.place"],
    "doctor": ["doctor"],
    "power": ["power", POST, "--class", "crater", "--gsd", "0.5"],
    "sun": ["sun", "--at", "50.54,30.23", "--time", "2022-03-19T09:08Z", "--azimuth", "161,1.5",
            "--window", "2022-03-15/2022-04-02", "--rival", "2022-04-01T11:57Z"],
}  # fmt: skip
SLOW = ("date", "power")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("documents")
    (made / "list.txt").write_text(LIST)
    return made


def document(capsys: pytest.CaptureFixture[str], words: list[str], name: str) -> dict:
    """Run a command, and check its document by the published schema."""
    assert run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    kind = next(kind for kind in DOCUMENTS if found["schema"] == kind.SCHEMA)
    assert kind.from_json(found).to_json() == found
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in COMMANDS]
)
def test_a_document_follows_its_schema_and_comes_back(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"db": "known.db", "list": "list.txt", "csv": "out.csv", "case": "case"}
    names |= {"key": "key.pem", "log": "log.jsonld"}
    places = {name: folder / path for name, path in names.items()}
    document(capsys, [word.format(**places) for word in COMMANDS[name]], name)


@pytest.mark.parametrize("command", ["verify", "inspect"])
def test_several_files_give_one_document_with_the_error_of_the_bad_one(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = folder / "bad.jpg"
    bad.write_bytes(b"no picture")
    assert run([command, str(bad), POST, "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    name = {"verify": "reports", "inspect": "inspections"}[command]
    jsonschema.validate(found, json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))
    kind = next(kind for kind in DOCUMENTS if found["schema"] == kind.SCHEMA)
    assert kind.from_json(found).to_json() == found
    first, second = found["reports" if command == "verify" else "files"]
    assert first["error"]["file"] == str(bad)
    del second["schema"]
    with pytest.raises(ValueError, match="schema"):
        kind.from_json(found)


def test_a_document_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="imgcheck-doctor/1"):
        next(k for k in DOCUMENTS if "doctor" in k.SCHEMA).from_json({"schema": "imgcheck-sun/1"})


def test_every_document_has_a_published_schema() -> None:
    kinds = [kind for kind in vars(documents).values() if isinstance(kind, type)]
    kinds = [kind for kind in kinds if issubclass(kind, documents.Document)]
    assert set(kinds) - {documents.Document} == set(DOCUMENTS)
