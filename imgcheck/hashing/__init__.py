"""Has this picture, or a part of it, been seen before?

`pdq` and `pdq_dihedral` hash a picture and `nfa` rates a distance. `HashIndex` keeps known pictures
in one file and finds copies, cuts, and rotated, mirrored or inverted copies among them; `HashTable`
searches its exported hashes.
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
from imgcheck.hashing.perceptual import ORIENTATIONS, PdqHash, distance, pdq, pdq_dihedral
from imgcheck.hashing.probability import MATCH_LOG10_NFA, nfa, reach

if TYPE_CHECKING:
    from imgcheck.hashing.index import HashIndex
    from imgcheck.hashing.store.table import HashTable

__all__ = [
    "HashIndex",
    "HashTable",
    "IndexCheck",
    "IndexStats",
    "KnownPicture",
    "MATCH_LOG10_NFA",
    "Match",
    "Merged",
    "NearHash",
    "ORIENTATIONS",
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
    "HashTable": "store.table",
}


def __getattr__(name: str) -> object:
    # These bring OpenCV; hashes alone do without.
    if name in _LAZY:
        return getattr(import_module(f"imgcheck.hashing.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
