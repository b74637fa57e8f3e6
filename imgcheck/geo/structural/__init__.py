"""Place a picture on imagery of another date, by the directions of edges; no learned weights."""

from imgcheck.geo.structural.engine import Structural, find
from imgcheck.geo.structural.pyramid import Pyramid
from imgcheck.geo.structural.registering import FALSE_PLACINGS, UNRELATED_PAIRS

__all__ = ["FALSE_PLACINGS", "UNRELATED_PAIRS", "Pyramid", "Structural", "find"]
