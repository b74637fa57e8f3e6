"""What may be given to an index: hashes, labels and dates, checked before anything is written."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.hashing.store import dates, kinds

# The labels of a full segment must fit into one blob.
_LONGEST_LABEL = 1000


def by_date(
    date: str | Sequence[str | None] | None, count: int
) -> dict[str | None, slice | NDArray[np.intp]]:
    """Give for each date which of ``count`` hashes have it.

    Raises
    ------
    UsageError
        If one is no date, or there are not as many as hashes.
    """
    if count == 0:
        return {}
    if date is None or isinstance(date, str):
        return {dates.checked(date): slice(None)}
    if len(date) != count:
        raise UsageError(f"{count} hashes need one date or as many, not {len(date)}")
    found: dict[str | None, list[int]] = {}
    for at, text in enumerate(date):
        found.setdefault(text, []).append(at)
    return {dates.checked(text): np.array(at, np.intp) for text, at in found.items()}


def checked_words(words: NDArray[np.uint64], *, kind: str) -> NDArray[np.uint64]:
    """Give hashes (N, 4) as columns (W, N).

    Raises
    ------
    UsageError
        If they are not (N, 4) uint64, or have bits that the kind does not have.
    """
    wide = kinds.width(kind)
    table = np.asarray(words)
    if table.dtype != np.uint64 or table.ndim != 2 or table.shape[1] != kinds.WORDS:
        raise UsageError(f"hashes are (N, 4) uint64, not {table.shape} {table.dtype}")
    if np.any(table[:, wide:]):
        raise UsageError(f"a {kind} hash has {64 * wide} bits: its last words must be 0")
    return np.ascontiguousarray(table[:, :wide].T)


def checked_labels(labels: Sequence[str], count: int) -> list[str]:
    """Give labels that a segment can hold: what is not UTF-8 is escaped, NUL replaced.

    Raises
    ------
    UsageError
        If there are not as many as hashes, or one is too long.
    """
    found = list(labels)
    if len(found) != count:
        raise UsageError(f"{count} hashes need as many labels, not {len(found)}")
    together = "".join(found)
    if not together.isascii() or "\0" in together:
        found = [storable(label).replace("\0", "\N{REPLACEMENT CHARACTER}") for label in found]
    longest = max(map(len, found), default=0)
    if longest > _LONGEST_LABEL // (1 if together.isascii() else 4):
        raise UsageError(f"a label of {longest} characters is too long; shorten it to 250")
    return found


def storable(text: str) -> str:
    """Give text that a database can hold: names that are not UTF-8 are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
