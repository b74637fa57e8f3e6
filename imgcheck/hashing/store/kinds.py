"""The kinds of hashes that an index keeps, and their words.

A hash is kept as words of 64 bits, the first hexadecimal digits in the first word. Only hashes of
one kind are ever compared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError

# Bits of each kind. The numbered ones are the DCT and the gradient hash of ImageHash, which
# others' lists hold; PDQ is what imgcheck makes of every picture itself.
BITS = {"pdq": 256, "phash64": 64, "dhash64": 64, "phash256": 256, "dhash256": 256}
WORDS = 4


def width(kind: str) -> int:
    """Give how many words a hash of a kind has, 1 or 4.

    Raises
    ------
    UsageError
        If there is no such kind.
    """
    if kind not in BITS:
        raise UsageError(f'"{kind}" is no kind of hash; write one of {", ".join(BITS)}')
    return BITS[kind] // 64


def words(digits: Sequence[str], *, kind: str = "pdq") -> NDArray[np.uint64]:
    """Read hashes written in hexadecimal digits.

    Parameters
    ----------
    digits : sequence of str
        Each of 64 digits (256 bits) or 16 digits (64 bits), as the kind says.
    kind : str, default "pdq"

    Returns
    -------
    (N, 4) uint64
        Words that the kind does not have are 0.

    Raises
    ------
    UsageError
        If a text is no such hash; the first is shown.
    """
    length = 16 * width(kind)
    for text in digits:
        if len(text) != length or not text.isalnum() or not text.isascii():
            raise _wrong(text, kind, length)
    try:
        packed = bytes.fromhex("".join(digits))
    except ValueError:
        wrong = next(text for text in digits if set(text.lower()) - set("0123456789abcdef"))
        raise _wrong(wrong, kind, length) from None
    found = np.zeros((len(digits), WORDS), np.uint64)
    found[:, : width(kind)] = np.frombuffer(packed, ">u8").reshape(-1, width(kind))
    return found


def digits(words: NDArray[np.uint64], *, kind: str = "pdq") -> list[str]:
    """Write hashes, (N, 4) uint64, in hexadecimal digits; the reverse of `words`."""
    used = width(kind)
    text = np.ascontiguousarray(words[:, :used]).astype(">u8").tobytes().hex()
    return [text[at : at + 16 * used] for at in range(0, len(text), 16 * used)]


def _wrong(text: str, kind: str, length: int) -> UsageError:
    return UsageError(f"a {kind} hash is {length} hexadecimal digits, not {text[:80]!r}")
