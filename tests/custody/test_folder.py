"""What goes into a case, and what stands there afterwards."""

import hashlib
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from imgcheck import custody
from imgcheck.custody import CaseDamagedError, CaseLockedError, CustodyFolder
from imgcheck.custody.files import open_locked
from imgcheck.errors import UnreadableError, UsageError

from .conftest import write_report


def entries(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "case.log.jsonl").read_bytes().splitlines()]


def test_a_copy_is_untouched_read_only_and_named_by_its_hash(case: Path, picture: Path) -> None:
    data = picture.read_bytes()
    copy = case / "evidence" / f"{hashlib.sha256(data).hexdigest()}.jpg"
    assert copy.read_bytes() == data
    assert stat.S_IMODE(copy.stat().st_mode) == 0o444
    line = entries(case)[1]
    assert line["detail"]["look_up"] == {
        "md5": hashlib.md5(data).hexdigest(),
        "sha1": hashlib.sha1(data).hexdigest(),
    }
    assert line["detail"]["origin"]["name"] == "post.jpg"
    assert line["detail"]["stated"] == {"source_url": "https://example.org/post/1"}
    assert line["time_source"] == "this machine's clock"
    assert line["time"].endswith("Z")


def test_each_line_holds_the_hash_of_the_line_before(case: Path) -> None:
    lines = (case / "case.log.jsonl").read_bytes().split(b"\n")[:-1]
    found = [json.loads(line) for line in lines]
    assert [f["action"] for f in found] == ["init", "add", "add", "report", "note"]
    assert [f["sequence"] for f in found] == [1, 2, 3, 4, 5]
    assert found[0]["previous"] == "0" * 64
    for before, after in zip(lines, found[1:], strict=False):
        assert after["previous"] == hashlib.sha256(before).hexdigest()
    head = json.loads((case / "case.head.json").read_bytes())
    assert head["sha256"] == hashlib.sha256(lines[-1]).hexdigest()
    assert head["lines"] == 5


def test_a_case_that_was_left_alone_is_whole(case: Path) -> None:
    result = custody.verify(case)
    assert result.whole
    assert (result.lines, result.files) == (5, 6)
    assert result.remarks == ()


def test_the_same_bytes_are_kept_once_and_both_origins_are_logged(
    case: Path, picture: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.jpg"
    again.write_bytes(picture.read_bytes())
    with CustodyFolder(case) as kept:
        assert kept.add(again).known
    last = entries(case)[-1]
    assert last["detail"]["known"]
    assert last["detail"]["origin"]["name"] == "again.jpg"
    assert last["files"] == []
    assert custody.verify(case).whole


HOSTILE = [
    b"new\nline.jpg", b"-rf", b"--json", b"\x1b[2J.jpg", "\u202egpj.exe".encode(), b"\xff\xfe.jpg",
    b"a" * 255, b"=cmd|'calc'!A0", b"..\\..\\x", b"con.jpg", b".hidden", b"a\tb\rc",
]  # fmt: skip


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="such names cannot be made here")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_kept_as_data_and_make_no_path(
    case: Path, tmp_path: Path, name: bytes
) -> None:
    source = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 - the name is bytes
    with open(source, "wb") as out:  # noqa: PTH123
        out.write(b"bytes of " + name)
    with CustodyFolder(case) as kept:
        added = kept.add(source)
    assert set(added.kept.path) <= set("evidence/.bin0123456789abcdef")
    origin = entries(case)[-1]["detail"]["origin"]
    assert origin["name"].isprintable()
    if "name_base64" in origin:
        import base64

        assert base64.b64decode(origin["name_base64"]) == name
    else:
        assert origin["name"].encode() == name
    assert custody.verify(case).whole


@pytest.mark.parametrize("kind", ["folder", "pipe", "nothing", "circle"])
def test_what_is_no_file_is_refused_in_one_sentence_and_leaves_no_trace(
    case: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "circle":
        path.symlink_to(path)
    with CustodyFolder(case) as kept, pytest.raises(UnreadableError) as caught:
        kept.add(path)
    assert "\n" not in str(caught.value)
    assert custody.verify(case).whole
    assert len(entries(case)) == 5


def test_a_failed_addition_leaves_the_case_ready_for_the_next(
    case: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = tmp_path / "fresh.bin"
    fresh.write_bytes(b"fresh")
    with CustodyFolder(case) as kept:
        with monkeypatch.context() as patch:
            # A disk that gives back something else than what was written.
            patch.setattr("imgcheck.custody.files.hash_file", lambda *a, **k: ("0" * 64, 5))
            with pytest.raises(UnreadableError, match="the copy differs"):
                kept.add(fresh)
        assert not kept.add(fresh).known
    assert custody.verify(case).whole
    assert len(entries(case)) == 6


def test_a_second_writer_is_locked_out_with_a_sentence(
    case: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_locked, "__kwdefaults__", {"wait": 0.0})
    with CustodyFolder(case):
        with pytest.raises(CaseLockedError, match="another program is writing"):
            CustodyFolder(case)
        with pytest.raises(CaseLockedError):
            custody.verify(case)
    assert custody.verify(case).whole


def test_a_damaged_case_takes_nothing_in(case: Path, picture: Path) -> None:
    log = case / "case.log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"second reader", b"third reader."))
    with pytest.raises(CaseDamagedError, match="line 5"):
        CustodyFolder(case)


def test_evidence_that_changed_is_not_said_to_be_known(case: Path, picture: Path) -> None:
    copy = next((case / "evidence").glob("*.jpg"))
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes()[:-1] + b"!")
    with CustodyFolder(case) as kept, pytest.raises(CaseDamagedError):
        kept.add(picture)
    with CustodyFolder(case) as kept, pytest.raises(CaseDamagedError):
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        kept.record(write_report, command="verify", inputs=[{"sha256": digest}])


def test_a_working_copy_is_made_outside_and_logged(
    case: Path, picture: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    with CustodyFolder(case) as kept:
        kept.copy(digest[:8], tmp_path / "work.jpg")
        for wrong in ("zz", digest[:5], "0" * 64):
            with pytest.raises(UsageError):
                kept.copy(wrong, tmp_path / "other.jpg")
        with pytest.raises(UsageError, match="outside"):
            kept.copy(digest, case / "evidence" / "x")
        with pytest.raises(UsageError, match="exists"):
            kept.copy(digest, tmp_path / "work.jpg")
    assert (tmp_path / "work.jpg").read_bytes() == picture.read_bytes()
    assert os.access(tmp_path / "work.jpg", os.W_OK)
    assert entries(case)[-1]["detail"] == {"name": "work.jpg", "sha256": digest}
    assert custody.verify(case).whole


def test_a_case_is_made_only_where_nothing_is(case: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a case already"):
        custody.create(case)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(UsageError, match="not an empty folder"):
        custody.create(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    custody.create(tmp_path / "empty")
    assert custody.verify(tmp_path / "empty").whole
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]


def test_a_folder_that_cannot_be_written_gives_one_sentence(
    case: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with CustodyFolder(case) as kept:
        monkeypatch.setattr("imgcheck.custody.files.write_all", refuse)
        with pytest.raises(UnreadableError, match="cannot be written: Permission denied"):
            kept.add(picture)
    monkeypatch.setattr("imgcheck.custody.folder.write_new", refuse)
    with pytest.raises(UnreadableError, match="cannot be written"):
        custody.create(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("part", ["evidence", "incoming", "reports", "case.head.json"])
def test_a_link_in_place_of_a_part_is_refused(case: Path, tmp_path: Path, part: str) -> None:
    (case / part).rename(tmp_path / "moved")
    (case / part).symlink_to(tmp_path / "moved")
    with pytest.raises(CaseDamagedError, match="links are not followed"):
        CustodyFolder(case)
    assert any(p.kind == "link" and p.path == part for p in custody.verify(case).problems)


@pytest.mark.parametrize(
    "stated",
    [{"source_url": "not an address"}, {"acquired_at": "8-12 Sept"}, {"note": "x" * (2 << 20)},
     {"note": "\ud800"}],
)  # fmt: skip
def test_statements_without_meaning_are_refused(
    case: Path, picture: Path, stated: dict[str, str]
) -> None:
    with CustodyFolder(case) as kept, pytest.raises(UsageError):
        kept.add(picture, **stated)
    assert len(entries(case)) == 5


def test_a_time_without_zone_is_said_to_have_none(case: Path, picture: Path) -> None:
    with CustodyFolder(case) as kept:
        kept.add(picture, acquired_at="2017-09-24T10:00:00")
    assert entries(case)[-1]["detail"]["stated"]["acquired_at"].endswith("(zone unknown)")


def test_a_report_may_hold_nothing_but_plain_files(case: Path, tmp_path: Path) -> None:
    def link(folder: Path) -> None:
        (folder / "report.html").symlink_to("/etc/hostname")

    def odd(folder: Path) -> None:
        (folder / "a b\n.html").touch()

    with CustodyFolder(case) as kept:
        for write in (link, odd):
            with pytest.raises(UsageError):
                kept.record(write, command="verify")
        assert kept.record(write_report, command="verify").number == 2
    assert custody.verify(case).whole
