"""Place a picture on reference imagery, and compare its footprint with a claimed place."""

from imgcheck.geo.bearing import Bearing, bearing
from imgcheck.geo.choosing import Choice, Sheet, choose
from imgcheck.geo.comparison import PlaceComparison, compare
from imgcheck.geo.locating import Prior, locate, locate_structurally
from imgcheck.geo.placement import Placement, border_error_m, ellipse, place

__all__ = [
    "Bearing",
    "Choice",
    "PlaceComparison",
    "Placement",
    "Prior",
    "Sheet",
    "bearing",
    "border_error_m",
    "choose",
    "compare",
    "ellipse",
    "locate",
    "locate_structurally",
    "place",
]
