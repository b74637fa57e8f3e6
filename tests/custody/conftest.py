"""A small case with evidence of two kinds, a report, a note and, where it can be, a signature."""

import random
from pathlib import Path

import pytest

from imgcheck import custody

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def bytes_of(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


def write_report(folder: Path) -> None:
    (folder / "report.json").write_bytes(b'{"schema": "imgcheck-report/1"}\n')
    (folder / "report.html").write_bytes(b"<!doctype html><title>report</title>" * 20)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "post.jpg"
    path.write_bytes(JPEG + bytes_of(1, 3000))
    return path


@pytest.fixture
def case(tmp_path: Path, picture: Path) -> Path:
    """Give a sound case of five lines: init, two of evidence, a report, a note."""
    other = tmp_path / "page.html"
    other.write_bytes(b"<p>saved page</p>" * 50)
    folder = tmp_path / "case"
    custody.create(folder, title="Euphrates", reference="2017-114", operator="A. Analyst")
    with custody.CustodyFolder(folder) as kept:
        sha = kept.add(picture, source_url="https://example.org/post/1").kept.sha256
        kept.add(other, acquired_at="2017-09-24T10:00:00Z", note="saved from the browser")
        kept.record(
            write_report,
            command="verify",
            inputs=[{"role": "picture", "name": "post.jpg", "sha256": sha}],
        )
        kept.note("Shown to the second reader.")
    return folder
