"""Has this picture, or a part of it, been seen before?

`pdq` and `pdq_dihedral` hash a picture, `nfa` says how surprising a distance is, and
`HashIndex` keeps known pictures in one file and finds copies, cuts, and turned, mirrored or
inverted copies among them; `ParquetStore` searches its exported hashes in a larger engine.
"""

from typing import TYPE_CHECKING

from imgcheck.hashing.answer import (
    IndexCheck,
    IndexStats,
    KnownPicture,
    Match,
    Merged,
    NearHash,
    SearchResult,
)
from imgcheck.hashing.chance import MATCH_LOG10_NFA, nfa, reach
from imgcheck.hashing.perceptual import ORIENTATIONS, PdqHash, distance, pdq, pdq_dihedral

if TYPE_CHECKING:
    from imgcheck.hashing.columnar import ParquetStore
    from imgcheck.hashing.index import HashIndex

__all__ = [
    "HashIndex",
    "IndexCheck",
    "IndexStats",
    "KnownPicture",
    "MATCH_LOG10_NFA",
    "Match",
    "Merged",
    "NearHash",
    "ORIENTATIONS",
    "ParquetStore",
    "PdqHash",
    "SearchResult",
    "distance",
    "nfa",
    "pdq",
    "pdq_dihedral",
    "reach",
]


def __getattr__(name: str) -> object:
    # The index brings OpenCV; hashes alone do without.
    if name == "HashIndex":
        from imgcheck.hashing.index import HashIndex

        return HashIndex
    if name == "ParquetStore":
        from imgcheck.hashing.columnar import ParquetStore

        return ParquetStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
