"""The user's trust lists: kept byte for byte, named by hash, refused when changed."""

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from imgcheck.case.trust import forget_trust, import_trust, imported_trust, trust_folder
from imgcheck.cli import run
from imgcheck.errors import UnreadableError
from tests.provenance.signing import authority

DAY = dt.date(2026, 11, 22)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMGCHECK_TRUST", str(tmp_path / "trust"))
    return tmp_path / "trust"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "roots.pem"
    path.write_text("# words between certificates\n" + authority().root_pem, encoding="utf-8")
    return path


def test_without_an_import_nobody_is_trusted(folder: Path) -> None:
    assert imported_trust().bundles == ()
    assert imported_trust().named("signers") == "no trust list"


def test_an_imported_list_is_named_by_the_hash_of_its_file_and_its_day(bundle: Path) -> None:
    import_trust(bundle, today=DAY)
    (kept,) = imported_trust().bundles
    assert kept.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert (kept.purpose, kept.date, kept.certificates) == ("signers", "2026-11-22", 1)


def test_the_same_list_twice_is_kept_once_and_lists_add_up(bundle: Path, folder: Path) -> None:
    import_trust(bundle, today=DAY)
    import_trust(bundle, today=DAY + dt.timedelta(days=1))
    assert len(list(folder.iterdir())) == 1
    import_trust(bundle, purpose="time-stamps", today=DAY)
    assert {b.purpose for b in imported_trust().bundles} == {"signers", "time-stamps"}
    assert forget_trust() == 2
    assert imported_trust().bundles == ()


def test_a_list_changed_on_disk_is_refused(bundle: Path, folder: Path) -> None:
    import_trust(bundle, today=DAY)
    (kept,) = folder.iterdir()
    kept.write_text(kept.read_text(encoding="utf-8") + "#", encoding="utf-8")
    with pytest.raises(UnreadableError, match="has changed since"):
        imported_trust()


def test_the_folder_follows_the_configuration_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("IMGCHECK_TRUST")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert trust_folder() == tmp_path / "imgcheck" / "trust"


def test_doctor_imports_shows_and_forgets(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--import-trust", str(bundle), "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)["trust"]
    assert shown["certificates"] == 1
    assert shown["sha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert run(["doctor", "--forget-trust"]) == 0
    assert "no trust list" in capsys.readouterr().out
    (tmp_path / "no.pem").write_bytes(b"hello")
    assert run(["doctor", "--import-trust", str(tmp_path / "no.pem")]) == 4
    assert "holds no certificate" in capsys.readouterr().err
