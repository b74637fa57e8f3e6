"""Place a picture on imagery of another date, by the directions of edges; no learned weights."""

from imgcheck.geo.structural.engine import Structural, find
from imgcheck.geo.structural.pyramid import Pyramid

__all__ = ["Pyramid", "Structural", "find"]
