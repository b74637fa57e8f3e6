"""Has this picture, or a part of it, been seen before?

`pdq` and `pdq_dihedral` hash a picture, `nfa` says how surprising a distance is, and
`HashIndex` keeps known pictures in one file and finds copies, cuts, and turned, mirrored or
inverted copies among them; `ParquetStore` searches its exported hashes in a larger engine.
"""

from importlib import import_module
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
    from imgcheck.hashing.index import HashIndex
    from imgcheck.hashing.store.columnar import ParquetStore

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


_LAZY = {
    "HashIndex": "index",
    "ParquetStore": "store.columnar",
}


def __getattr__(name: str) -> object:
    # These bring OpenCV; hashes alone do without.
    if name in _LAZY:
        return getattr(import_module(f"imgcheck.hashing.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
