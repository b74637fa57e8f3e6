import base64
import json
import stat
from pathlib import Path

import pytest

from imgcheck import custody
from imgcheck.custody import CustodyFolder, signing
from imgcheck.errors import MissingDependencyError, UnreadableError, UsageError


@pytest.fixture
def key(tmp_path: Path) -> Path:
    custody.make_key(tmp_path / "key.pem")
    return tmp_path / "key.pem"


def public(key: Path) -> bytes:
    return key.with_name(f"{key.stem}.pub.pem").read_bytes()


def sign(case: Path, key: Path) -> None:
    with CustodyFolder(case) as kept:
        custody.sign(kept, key.read_bytes())


def test_a_signed_case_is_whole_and_says_how_far_the_signature_goes(case: Path, key: Path) -> None:
    sign(case, key)
    with CustodyFolder(case) as kept:
        kept.note("later")
    result = custody.verify(case, public_key=public(key))
    assert result.whole
    assert [(s.line, s.valid) for s in result.signatures] == [(5, True)]
    assert "2 later" in " ".join(result.remarks)


def test_a_whole_new_chain_does_not_stand_against_a_signature(case: Path, key: Path) -> None:
    import hashlib

    sign(case, key)
    forged, previous = [], "0" * 64
    for line in (case / "case.log.jsonl").read_bytes().split(b"\n")[:-1]:
        entry = json.loads(line)
        entry["previous"], entry["operator"] = previous, "Somebody Else"
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        forged.append(text.encode())
        previous = hashlib.sha256(forged[-1]).hexdigest()
    (case / "case.log.jsonl").write_bytes(b"".join(f + b"\n" for f in forged))
    head = json.loads((case / "case.head.json").read_bytes())
    head |= {"sha256": previous, "log_bytes": sum(len(f) + 1 for f in forged)}
    text = json.dumps(head, sort_keys=True, separators=(",", ":")) + "\n"
    (case / "case.head.json").write_text(text)
    assert {p.kind for p in custody.verify(case).problems} == {"signature"}


def test_a_signature_by_another_key_does_not_serve(case: Path, key: Path, tmp_path: Path) -> None:
    sign(case, key)
    custody.make_key(tmp_path / "other.pem")
    problems = custody.verify(case, public_key=public(tmp_path / "other.pem")).problems
    assert [p.kind for p in problems] == ["signature"]


def test_every_character_of_a_signature_counts(case: Path, key: Path) -> None:
    sign(case, key)
    data = (case / "signatures" / "0001.json").read_bytes()
    for place in range(0, len(data), 7):
        for new in (b"A", b"0", b"x"):
            if data[place : place + 1] == new:
                continue
            changed = data[:place] + new + data[place + 1 :]
            try:
                assert not signing.is_valid(signing.read(changed)) or (
                    signing.read(changed).message == signing.read(data).message
                )
                assert not signing.is_valid(signing.read(changed)), place
            except ValueError:
                pass


def test_the_signed_statement_can_be_checked_by_others(case: Path, key: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    sign(case, key)
    value = json.loads((case / "signatures" / "0001.json").read_bytes())
    text = json.dumps(value["statement"], sort_keys=True, separators=(",", ":"))
    loaded = load_pem_public_key(public(key))
    loaded.verify(base64.b64decode(value["signature"]), text.encode())  # type: ignore[union-attr,call-arg]


def test_a_key_is_for_its_owner_and_is_never_replaced(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="not overwritten"):
        custody.make_key(key)


def test_keys_of_other_kinds_and_wrong_passphrases_are_refused(
    case: Path, key: Path, tmp_path: Path
) -> None:
    custody.make_key(tmp_path / "locked.pem", passphrase=b"open sesame")
    locked = (tmp_path / "locked.pem").read_bytes()
    with CustodyFolder(case) as kept:
        for pem, secret in (
            (locked, None), (locked, b"wrong"), (b"no key", None), (key.read_bytes(), b"x"),
            (public(key), None),
        ):  # fmt: skip
            with pytest.raises(UsageError):
                custody.sign(kept, pem, passphrase=secret)
        custody.sign(kept, locked, passphrase=b"open sesame")
    for pem in (b"no key", key.read_bytes()):
        with pytest.raises(UsageError):
            custody.verify(case, public_key=pem)
    with pytest.raises(UnreadableError):
        custody.read_small_file(tmp_path / "none.pem")


def test_without_the_library_signatures_are_said_to_be_untested(
    case: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(case, key)

    def missing() -> tuple[object, object]:
        raise MissingDependencyError("pip install 'imgcheck[sign]'")

    monkeypatch.setattr(signing, "_library", missing)
    result = custody.verify(case)
    assert result.whole
    assert result.signatures[0].valid is None
    assert "not tested" in " ".join(result.remarks)
    with pytest.raises(MissingDependencyError, match="sign"):
        custody.verify(case, public_key=b"x")


def test_a_report_is_checked_without_its_case(case: Path, key: Path, tmp_path: Path) -> None:
    with CustodyFolder(case) as kept:
        custody.sign(kept, key.read_bytes(), report=1)
        with pytest.raises(UsageError, match="no report 7"):
            custody.sign(kept, key.read_bytes(), report=7)
    report = (case / "reports" / "0001" / "report.json").read_bytes()
    signature = (case / "signatures" / "0001.json").read_bytes()
    custody.make_key(tmp_path / "other.pem")
    found = custody.check_report(report, signature, public_key=public(key))
    assert found.lines == 5
    for wrong in (
        (report + b" ", signature, public(key)),
        (report, signature.replace(b'"lines":5', b'"lines":6'), public(key)),
        (report, b"{}", public(key)),
        (report, signature, public(tmp_path / "other.pem")),
    ):
        with pytest.raises(custody.CaseDamagedError):
            custody.check_report(wrong[0], wrong[1], public_key=wrong[2])
    assert custody.verify(case, public_key=public(key)).whole
