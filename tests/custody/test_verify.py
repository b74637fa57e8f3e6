"""Every way to tamper with a case that was thought of, and that it is found and named."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from imgcheck import custody
from imgcheck.custody.log import Entry
from imgcheck.errors import UnreadableError, UsageError


def kinds(folder: Path) -> set[str]:
    return {problem.kind for problem in custody.verify(folder).problems}


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def lines(folder: Path) -> list[bytes]:
    return (folder / "case.log.jsonl").read_bytes().split(b"\n")[:-1]


def write_lines(folder: Path, found: list[bytes]) -> None:
    (folder / "case.log.jsonl").write_bytes(b"".join(line + b"\n" for line in found))


def change(data: bytes, place: int, rng: random.Random) -> bytes:
    return data[:place] + bytes([data[place] ^ rng.randrange(1, 256)]) + data[place + 1 :]


@pytest.mark.slow
def test_every_change_of_one_byte_is_found(case: Path) -> None:
    rng = random.Random(20170924)
    for path in files(case):
        data = path.read_bytes()
        path.chmod(0o644)
        for _ in range(40):
            place = rng.randrange(len(data))
            for new in (
                change(data, place, rng),
                data[:place] + data[place + 1 :],
                data[:place] + bytes([rng.randrange(256)]) + data[place:],
            ):
                path.write_bytes(new)
                found = custody.verify(case)
                assert not found.whole, (path, place)
                # Of head and last line, which vouch for each other, either may be named.
                named = {p.path.replace("case.head.json", "case.log.jsonl") for p in found.problems}
                here = path.relative_to(case).as_posix().replace("head.json", "log.jsonl")
                assert here in named, (path, found.problems)
        path.write_bytes(data)
    assert custody.verify(case).whole


def test_a_changed_line_is_named_and_the_others_are_not(case: Path) -> None:
    found = lines(case)
    found[2] = found[2].replace(b"saved from", b"taken from")
    write_lines(case, found)
    (problem,) = custody.verify(case).problems
    assert (problem.kind, problem.line) == ("line", 3)
    assert problem.byte == len(found[0]) + len(found[1]) + 2


def swap(found: list[bytes]) -> None:
    found[1], found[2] = found[2], found[1]


def rechain_last(found: list[bytes]) -> None:
    entry = json.loads(found[-1])
    entry["detail"]["text"] = "Never shown to anybody."
    found[-1] = json.dumps(
        entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (swap, "order"),
        (lambda f: f.pop(), "order"),
        (lambda f: f.pop(0), "order"),
        (lambda f: f.pop(2), "order"),
        (lambda f: f.insert(2, f[2]), "order"),
        (lambda f: f.append(f[-1]), "order"),
        (lambda f: f.insert(2, b""), "line"),
        (lambda f: f.insert(0, b"{}"), "line"),
        (lambda f: f.clear(), "missing"),
        (lambda f: f.insert(3, b"x" * (10 << 20)), "line"),
        (lambda f: f.insert(3, b"x" * (17 << 20)), "line"),
        (lambda f: f.insert(3, b"[" * 1_000_000), "line"),
        (lambda f: f.insert(3, b'{"a":' + b"9" * 100_000 + b"}"), "line"),
        (rechain_last, "line"),
    ],
)
def test_every_tampering_with_lines_is_found(
    case: Path, tamper: Callable[[list[bytes]], object], kind: str
) -> None:
    found = lines(case)
    tamper(found)
    write_lines(case, found)
    assert kind in kinds(case)


def test_windows_line_ends_are_found(case: Path) -> None:
    log = case / "case.log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"\n", b"\r\n"))
    assert "line" in kinds(case)


def test_a_cut_log_is_found_even_where_what_is_left_is_a_sound_chain(case: Path) -> None:
    write_lines(case, lines(case)[:3])
    found = custody.verify(case).problems
    assert any("cut off" in problem.message for problem in found)
    assert sum(problem.kind == "extra" for problem in found) == 1  # the report's folder


def test_replaced_evidence_with_an_edited_line_is_found(case: Path) -> None:
    old = next((case / "evidence").glob("*.jpg"))
    new = b"another picture"
    digest = hashlib.sha256(new).hexdigest()
    old.chmod(0o644)
    old.unlink()
    (case / "evidence" / f"{digest}.jpg").write_bytes(new)
    found = lines(case)
    found[1] = found[1].replace(old.stem.encode(), digest.encode())
    write_lines(case, found)
    assert {p.line for p in custody.verify(case).problems if p.kind == "line"} == {2}


def test_a_whole_new_chain_is_found_by_the_noted_head_only(case: Path) -> None:
    noted = custody.verify(case).head
    assert noted is not None
    forged, previous = [], "0" * 64
    for line in lines(case):
        entry = json.loads(line)
        entry["previous"] = previous
        entry["operator"] = "Somebody Else"
        data = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        forged.append(data.encode())
        previous = hashlib.sha256(forged[-1]).hexdigest()
    write_lines(case, forged)
    head = json.loads((case / "case.head.json").read_bytes())
    head |= {"sha256": previous, "log_bytes": sum(len(f) + 1 for f in forged)}
    text = json.dumps(head, sort_keys=True, separators=(",", ":")) + "\n"
    (case / "case.head.json").write_text(text)
    assert custody.verify(case).whole  # the limit that the documents speak of
    assert "expected-head" in {p.kind for p in custody.verify(case, expect_head=noted).problems}


def test_a_noted_head_stays_good_when_the_case_grows(case: Path) -> None:
    noted = custody.verify(case).head
    assert noted is not None
    with custody.CustodyFolder(case) as kept:
        kept.note("later")
    result = custody.verify(case, expect_head=noted[:16])
    assert result.whole
    assert "1 line(s) were added later" in " ".join(result.remarks)
    for wrong in (noted[:15], "x" * 64, noted + "0"):
        with pytest.raises(UsageError):
            custody.verify(case, expect_head=wrong)


def test_missing_extra_and_renamed_files_are_told_apart(case: Path) -> None:
    copies = sorted((case / "evidence").iterdir())
    copies[0].unlink()
    copies[1].rename(case / "reports" / "0001" / "other.jpg")
    (case / "evidence" / "notes.txt").write_text("x")
    (case / "reports" / "0002").mkdir()
    found = {p.kind: p.path for p in custody.verify(case).problems if p.kind != "extra"}
    assert found == {
        "missing": f"evidence/{copies[0].name}",
        "renamed": "reports/0001/other.jpg",
    }
    extra = {p.path for p in custody.verify(case).problems if p.kind == "extra"}
    assert extra == {"evidence/notes.txt", "reports/0002"}


def test_bytes_after_the_end_of_a_file_are_reported_with_their_place(case: Path) -> None:
    copy = next((case / "evidence").glob("*.jpg"))
    copy.chmod(0o644)
    size = copy.stat().st_size
    with copy.open("ab") as out:
        out.write(b"more")
    (problem,) = custody.verify(case).problems
    assert problem.byte == size
    assert "4 byte(s) were added after its end" in problem.message


@pytest.mark.parametrize("name", ["case.head.json", "case.log.jsonl"])
def test_a_missing_part_is_named(case: Path, tmp_path: Path, name: str) -> None:
    (case / name).rename(tmp_path / "away")
    assert ("missing", name) in {(p.kind, p.path) for p in custody.verify(case).problems}


def test_an_empty_folder_that_an_archive_dropped_is_a_remark(case: Path, tmp_path: Path) -> None:
    (case / "incoming").rmdir()
    (case / "signatures").rmdir()
    result = custody.verify(case)
    assert result.whole
    assert len(result.remarks) == 2
    with custody.CustodyFolder(case) as kept:
        kept.note("gone on")
    assert custody.verify(case).remarks == ()
    (case / "evidence").rename(tmp_path / "away")
    assert {p.kind for p in custody.verify(case).problems} == {"missing"}
    with pytest.raises(custody.CaseDamagedError):
        custody.CustodyFolder(case)


@pytest.mark.slow
def test_a_log_made_to_fill_the_memory_is_refused(case: Path) -> None:
    with (case / "case.log.jsonl").open("ab") as out:
        for _ in range(2):
            out.write(b"[" + b"[]," * 1_300_000 + b"\n")
    with pytest.raises(UnreadableError, match="not a case log"):
        custody.verify(case)


def test_links_are_found_and_not_followed(case: Path, tmp_path: Path) -> None:
    copy = next((case / "evidence").glob("*.jpg"))
    copy.rename(tmp_path / "elsewhere.jpg")
    copy.symlink_to(tmp_path / "elsewhere.jpg")
    (case / "root").symlink_to("/")
    found = custody.verify(case).problems
    assert {(p.kind, p.path) for p in found} == {
        ("link", f"evidence/{copy.name}"),
        ("link", "root"),
    }


def test_permissions_are_a_remark(case: Path) -> None:
    copy = next((case / "evidence").glob("*.jpg"))
    copy.chmod(0o644)
    result = custody.verify(case)
    assert result.whole
    assert any("is writable" in remark for remark in result.remarks)


def test_a_clock_that_went_back_is_a_remark(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgcheck.custody.folder.now", lambda: "2001-01-01T00:00:00.000Z")
    with custody.CustodyFolder(case) as kept:
        kept.note("from the past")
    result = custody.verify(case)
    assert result.whole
    assert any("clock" in remark for remark in result.remarks)


def test_a_head_of_another_case_is_found(case: Path, tmp_path: Path) -> None:
    custody.create(tmp_path / "other")
    (case / "case.head.json").write_bytes((tmp_path / "other" / "case.head.json").read_bytes())
    assert not custody.verify(case).whole


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "evidence/../x", "reports/0001/../../x", "evidence/x",
     "case.log.jsonl", "reports/0001", "reports/0001/a\nb"],
)  # fmt: skip
def test_a_line_that_names_a_place_outside_the_layout_is_not_followed(
    case: Path, path: str
) -> None:
    value = json.loads(lines(case)[1])
    value["files"][0]["path"] = path
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(ValueError, match="outside the layout"):
        Entry.read(data)
    assert Entry.read(lines(case)[1]).line() == lines(case)[1]


@pytest.mark.parametrize("seed", range(30))
def test_garbage_in_place_of_log_and_head_raises_nothing(case: Path, seed: int) -> None:
    rng = random.Random(seed)
    for name in ("case.log.jsonl", "case.head.json"):
        data = bytearray((case / name).read_bytes())
        for _ in range(rng.randrange(1, 30)):
            start = rng.randrange(len(data))
            data[start : start + rng.randrange(50)] = rng.randbytes(rng.randrange(50))
        (case / name).write_bytes(data)
    assert not custody.verify(case).whole
    with pytest.raises(custody.CaseDamagedError):
        custody.CustodyFolder(case)


def test_no_case_is_said_to_be_none(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnreadableError):
            custody.verify(place)
        with pytest.raises(UnreadableError):
            custody.CustodyFolder(place)
