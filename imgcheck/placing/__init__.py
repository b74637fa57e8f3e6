"""Where a picture lies: the choice among references, measures on the ground, exports."""

from imgcheck.placing.area import is_large, locate_in_area, locate_without_index
from imgcheck.placing.located import Attempt, Located, locate
from imgcheck.placing.search import Search

__all__ = [
    "Attempt",
    "Located",
    "Search",
    "is_large",
    "locate",
    "locate_in_area",
    "locate_without_index",
]
