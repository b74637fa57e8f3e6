"""Register a picture to imagery of another date by the directions of edges; no learned weights."""

from imgcheck.geo.structural.coarse import Pyramid
from imgcheck.geo.structural.engine import Match, NoMatch, find, find_mirrored
from imgcheck.geo.structural.judging import FALSE_PLACINGS, UNRELATED_PAIRS

__all__ = [
    "FALSE_PLACINGS", "UNRELATED_PAIRS", "Match", "NoMatch", "Pyramid", "find", "find_mirrored",
]  # fmt: skip
