"""Place a picture on reference imagery, and compare its footprint with a claimed place."""

from imgcheck.geo.comparison import PlaceComparison, compare
from imgcheck.geo.placement import Placement, place

__all__ = ["PlaceComparison", "Placement", "compare", "place"]
