"""What may be put into an index: hashes of some kinds, labels and dates.

A hash is kept as words of 64 bits, the first hexadecimal digits in the first word. Only hashes of
one kind are ever compared.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError

# Bits of each kind. The numbered ones are the DCT and the gradient hash of ImageHash, which
# published lists hold; PDQ is what imgcheck computes for every picture.
BITS = {"pdq": 256, "phash64": 64, "dhash64": 64, "phash256": 256, "dhash256": 256}
WORDS = 4
# The labels of a full segment must fit into one blob.
_LONGEST_LABEL = 1000
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2})?)?)?)?")
# What completes a shorter date to its last moment.
_REST = {4: "-12-31T24", 7: "-31T24", 10: "T24"}


def width(kind: str) -> int:
    """Return how many words a hash of a kind has, 1 or 4; raise UsageError for another kind."""
    if kind not in BITS:
        raise UsageError(f'"{kind}" is not a kind of hash; write one of {", ".join(BITS)}')
    return BITS[kind] // 64


def words(digits: Sequence[str], *, kind: str = "pdq") -> NDArray[np.uint64]:
    """Read hashes in hexadecimal digits as (N, 4) uint64; words that a kind lacks are 0."""
    length = 16 * width(kind)
    for text in digits:
        if len(text) != length or not text.isalnum() or not text.isascii():
            raise _not_a_hash(text, kind, length)
    try:
        packed = bytes.fromhex("".join(digits))
    except ValueError:
        wrong = next(text for text in digits if set(text.lower()) - set("0123456789abcdef"))
        raise _not_a_hash(wrong, kind, length) from None
    found = np.zeros((len(digits), WORDS), np.uint64)
    found[:, : width(kind)] = np.frombuffer(packed, ">u8").reshape(-1, width(kind))
    return found


def digits(words: NDArray[np.uint64], *, kind: str = "pdq") -> list[str]:
    """Write hashes, (N, 4) uint64, in hexadecimal digits; the reverse of `words`."""
    used = width(kind)
    text = np.ascontiguousarray(words[:, :used]).astype(">u8").tobytes().hex()
    return [text[at : at + 16 * used] for at in range(0, len(text), 16 * used)]


def _not_a_hash(text: str, kind: str, length: int) -> UsageError:
    return UsageError(f"a {kind} hash must have {length} hexadecimal digits, not {text[:80]!r}")


def checked_words(words: NDArray[np.uint64], *, kind: str) -> NDArray[np.uint64]:
    """Return hashes (N, 4) as columns (W, N); raise UsageError if they are none of this kind."""
    wide = width(kind)
    table = np.asarray(words)
    if table.dtype != np.uint64 or table.ndim != 2 or table.shape[1] != WORDS:
        raise UsageError(f"hashes are (N, 4) uint64, not {table.shape} {table.dtype}")
    if np.any(table[:, wide:]):
        raise UsageError(f"a {kind} hash has {64 * wide} bits: its last words must be 0")
    return np.ascontiguousarray(table[:, :wide].T)


def checked_labels(labels: Sequence[str], count: int) -> list[str]:
    """Return labels that a segment can hold; raise UsageError for a wrong number or length."""
    found = list(labels)
    if len(found) != count:
        raise UsageError(f"{count} hashes need the same number of labels, not {len(found)}")
    together = "".join(found)
    if not together.isascii() or "\0" in together:
        found = [storable(label).replace("\0", "\N{REPLACEMENT CHARACTER}") for label in found]
    longest = max(map(len, found), default=0)
    if longest > _LONGEST_LABEL // (1 if together.isascii() else 4):
        raise UsageError(f"a label of {longest} characters is too long; shorten it to 250")
    return found


def storable(text: str) -> str:
    """Escape what is not UTF-8 (names of files may hold it)."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def checked_date(text: str | None) -> str | None:
    """Return a date as it is; raise UsageError unless it is ISO 8601 or ``from/to``."""
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) > 2 or not all(_DATE.fullmatch(part) for part in parts):
        raise UsageError(
            f'"{text}" is not an ISO 8601 date; write "2017-09-24", "2017-09-24T12:30:00Z" '
            'or "2017-09-08/2017-09-12"'
        )
    return text


def by_date(
    date: str | Sequence[str | None] | None, count: int
) -> dict[str | None, slice | NDArray[np.intp]]:
    """Return for each date which of ``count`` hashes have it; one date may stand for all."""
    if count == 0:
        return {}
    if date is None or isinstance(date, str):
        return {checked_date(date): slice(None)}
    if len(date) != count:
        raise UsageError(
            f"{count} hashes need one date or the same number of dates, not {len(date)}"
        )
    found: dict[str | None, list[int]] = {}
    for at, text in enumerate(date):
        found.setdefault(text, []).append(at)
    return {checked_date(text): np.array(at, np.intp) for text, at in found.items()}


def date_order(text: str | None) -> tuple[bool, str, str]:
    """Return a sort key: the date that proves the earliest existence comes first."""
    if text is None:
        return True, "", ""
    end = text.split("/")[-1]
    return False, _utc(end) if "T" in end else end + _REST.get(len(end), ""), text


def _utc(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return moment.replace(tzinfo=None).isoformat()
