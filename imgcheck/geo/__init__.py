"""Place a picture on reference imagery, and compare its footprint with a claimed place."""

from imgcheck.geo.bearing import Bearing, bearing
from imgcheck.geo.comparison import PlaceComparison, compare
from imgcheck.geo.locating import Prior, locate, locate_structurally
from imgcheck.geo.placement import Placement, ellipse, place

__all__ = [
    "Bearing",
    "PlaceComparison",
    "Placement",
    "Prior",
    "bearing",
    "compare",
    "ellipse",
    "locate",
    "locate_structurally",
    "place",
]
