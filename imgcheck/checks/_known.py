"""The search of the index, made once for all checks that lean on it."""

from imgcheck import hashing
from imgcheck.model import Case


def searched(case: Case) -> hashing.SearchResult:
    """Search the case's index for its picture and for parts of known pictures in it."""

    def search() -> hashing.SearchResult:
        assert case.index is not None
        with hashing.HashIndex.open(case.index) as index:
            return index.search(case.image)

    return case.once("search of the index", search)
