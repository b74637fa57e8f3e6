"""Where a picture lies: the choice among references, measures on the ground, exports."""

from imgcheck.placing.located import Attempt, Located, locate
from imgcheck.placing.search import Search

__all__ = ["Attempt", "Located", "Search", "locate"]
