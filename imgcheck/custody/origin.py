"""What is known of where a file came from: stated by people, or by the file system."""

import base64
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgcheck.custody.copying import Copied
from imgcheck.errors import UsageError
from imgcheck.imaging.text import printable

# A note is for words; documents are added as evidence.
LONGEST_TEXT = 1 << 20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")


def origin(source: "str | bytes | os.PathLike[str]", copied: Copied) -> dict[str, Any]:
    """Describe the file that was copied; its name is kept to the byte, and safe to print."""
    name = Path(os.fsdecode(source)).name
    raw = os.fsencode(name)
    found: dict[str, Any] = {
        "modified": _iso(copied.modified),
        "modified_source": "file system; can be set at will",
        "name": printable(name),
    }
    if found["name"].encode("utf-8", "replace") != raw:
        found["name_base64"] = base64.b64encode(raw).decode("ascii")
    return found


def stated(
    *, source_url: str | None = None, acquired_at: str | None = None, note: str | None = None
) -> dict[str, str]:
    """Check and gather what a person states about an acquisition.

    Raises
    ------
    UsageError
        If the address is none, the time is not ISO 8601, or a text is too long.
    """
    found = {}
    if source_url is not None:
        if len(source_url) > 8192 or not _URL.fullmatch(source_url):
            raise UsageError(
                "--source-url: is no address without blanks, such as https://example.org/post/1"
            )
        found["source_url"] = text(source_url, "--source-url")
    if acquired_at is not None:
        found["acquired_at"] = moment(acquired_at)
    if note is not None:
        found["note"] = text(note, "--note")
    return found


def moment(given: str) -> str:
    """Check a time in ISO 8601; one without a zone is kept and said to have none."""
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        raise UsageError(
            f'--acquired-at: "{printable(given, limit=60)}" is not a time of ISO 8601; write '
            "2017-11-14T09:30:00Z"
        ) from None
    return given if read.tzinfo is not None or len(given) <= 10 else f"{given} (zone unknown)"


def text(given: str, what: str) -> str:
    """Check a text that a person gave."""
    if len(given.encode("utf-8", "surrogatepass")) > LONGEST_TEXT:
        raise UsageError(f"{what}: has over 1 MiB; add it as a file instead")
    try:
        given.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"{what}: is not UTF-8") from None
    return given


def _iso(nanoseconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None
