"""Hash lists of others: read whole or not at all, and every bad line named."""

import csv
import json

import numpy as np
import pytest

from imgcheck.errors import RefusedError, UnreadableError, UsageError
from imgcheck.hashing.store import lists

A, B = "f" * 63 + "0", "0" * 63 + "1"
P = "00f0e1d2c3b4a596"


def written(tmp_path, text, name="list.txt"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"{A},80,a.jpg\n{B},100,b.jpg\n",
        f"hash,quality,filename\n{A},80,a.jpg\n{B},100,b.jpg\n",
        f"# a list\n\n{A.upper()} 80 a.jpg\r\n{B}\t100\tb.jpg\r\n",
        f"name,pdq,quality\na.jpg,{A},80\nb.jpg,{B},100\n",
        f'\ufeff"hash","filename","quality"\n"{A}","a.jpg","80"\n"{B}","b.jpg",""\n',
    ],
)
def test_lists_of_the_pdq_tools_are_read_in_all_their_forms(tmp_path, text):
    found = lists.read(written(tmp_path, text), date="2016")
    assert (found.kind, found.digits, found.quality) == ("pdq", (A, B), (80, 100))
    assert (found.labels, found.dates) == (("a.jpg", "b.jpg"), ("2016", "2016"))


def test_bare_hashes_are_labelled_with_file_and_line(tmp_path):
    found = lists.read(written(tmp_path, f"{A}\n\n{B}\n"))
    assert found.labels == ("list.txt:1", "list.txt:3")
    assert found.quality == (100, 100)


@pytest.mark.data
def test_published_haystack_is_read_whole(data_dir):
    path = data_dir / "pdq" / "reg-test-input" / "haystack.txt"
    assert lists.read(path).digits == tuple(path.read_text().split())


def test_strings_of_imagehash_need_their_kind(tmp_path):
    path = written(tmp_path, f"{P},a.jpg\n")
    with pytest.raises(RefusedError, match=r"list\.txt:1: .*state the kind.*phash64 or dhash64"):
        lists.read(path)
    found = lists.read(path, format="dhash64")
    assert (found.kind, found.digits, found.labels) == ("dhash64", (P,), ("a.jpg",))
    found = lists.read(written(tmp_path, f"{A}\n"), format="phash256")
    assert (found.kind, found.digits) == ("phash256", (A,))


def test_bad_lines_are_named_and_nothing_is_read(tmp_path):
    bad = f"{A},80,a.jpg\nhello\n{B[:-1]},1,b\n{B},101,c\n{B},-5,minus five is a name\n"
    with pytest.raises(RefusedError) as raised:
        lists.read(written(tmp_path, bad))
    for line in ("list.txt:2", "list.txt:3", "list.txt:4"):
        assert line in str(raised.value)
    assert "list.txt:5" not in str(raised.value)
    many = "\n".join(["x"] * 1000)
    with pytest.raises(RefusedError, match=r"list\.txt:10: .*; and more"):
        lists.read(written(tmp_path, many))


def test_hostile_files_are_refused_in_one_sentence(tmp_path):
    for content in (b"", b"\0\0\0\0" * 100, b"\xff" * 1000, b'"' + b"x" * 1000, b",,,\n" * 10):
        (tmp_path / "l").write_bytes(content)
        with pytest.raises((RefusedError, UnreadableError)):
            lists.read(tmp_path / "l")
    for content in ("[" * 100_000, "{", '{"media": 5}', '[{"properties": {"pdq_hash": "x"}}]', ""):
        with pytest.raises(RefusedError):
            lists.read(written(tmp_path, content, "l.json"))
    for cell in ("(" * 5000, "__import__('os')", "[" * 500):
        with pytest.raises(RefusedError, match=r"l\.csv:2"):
            lists.read(written(tmp_path, f"status,metadata,media\nok,{{}},{cell}\n", "l.csv"))
    with pytest.raises(UnreadableError, match="none"):
        lists.read(tmp_path / "none")
    with pytest.raises(UnreadableError, match="not a regular file"):
        lists.read(tmp_path)
    with pytest.raises(UsageError, match="not a format"):
        lists.read(tmp_path / "l", format="md5")


def archived():
    """Give a record as auto-archiver's Metadata and Media turn into dictionaries."""
    inner = {"filename": "tmp/2.jpg", "urls": [], "properties": {"pdq_hash": B}}
    media = [
        {
            "filename": "tmp/1.jpg",
            "key": "1.jpg",
            "urls": ["https://archive.example/1.jpg"],
            "properties": {"hash": "SHA-256:ab", "pdq_hash": A, "thumbnails": [inner]},
        },
        {"filename": "tmp/1.mp4", "urls": [], "properties": {"hash": "x"}},
    ]
    stated = {"url": "https://example.org/post", "timestamp": "2017-09-24T10:00:00+00:00"}
    return {"status": "success", "metadata": stated, "media": media}


EXPECTED = ((A, B), ("https://archive.example/1.jpg", "tmp/2.jpg"))


def test_metadata_of_auto_archiver_is_read_from_json(tmp_path):
    for name, text in (
        ("m.json", json.dumps(archived())),
        ("many.json", json.dumps([archived()])),
        ("m.jsonl", json.dumps(archived()) + "\n\n"),
    ):
        found = lists.read(written(tmp_path, text, name), date="2020")
        assert (found.digits, found.labels) == EXPECTED
        assert found.dates == ("2017-09-24T10:00:00+00:00",) * 2


def test_csv_database_of_auto_archiver_is_read(tmp_path):
    path = tmp_path / "db.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["status", "metadata", "media"])
        writer.writeheader()
        writer.writerow(archived())
        writer.writerow({"status": "nothing", "metadata": {}, "media": []})
    found = lists.read(path)
    assert (found.digits, found.labels) == EXPECTED
    assert found.dates == ("2017-09-24T10:00:00+00:00",) * 2


@pytest.mark.parametrize("name", ["perceptual hashes", "pdq_hash"])
def test_sheet_of_auto_archiver_is_read_and_its_empty_cells_are_left_out(tmp_path, name):
    text = (
        f"Link,Archive status,upload timestamp,hash,{name}\n"
        f'https://x.org/1,ok,2017-09-24 10:00:00+00:00,SHA-256:ab,"{A},{B}"\n'
        "https://x.org/2,ok,,SHA-256:cd,\n"
    )
    found = lists.read(written(tmp_path, text, "sheet.csv"), format="auto-archiver")
    assert (found.digits, found.labels) == ((A, B), ("https://x.org/1",) * 2)
    assert found.dates == ("2017-09-24T10:00:00+00:00",) * 2


def test_random_bytes_never_raise_anything_else(tmp_path):
    rng = np.random.default_rng(5)
    alphabet = np.frombuffer(b'0123abcf,"\n\r\t {}[]:pdq_hash\\\xff', np.uint8)
    for number in range(300):
        name = ("l.txt", "l.json", "l.csv")[number % 3]
        (tmp_path / name).write_bytes(rng.choice(alphabet, rng.integers(0, 300)).tobytes())
        with pytest.raises(RefusedError):
            lists.read(tmp_path / name)
