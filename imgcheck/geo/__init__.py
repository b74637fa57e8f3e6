"""Place a picture on reference imagery, and compare its footprint with a claimed place."""

from imgcheck.geo.choosing import Choice, Sheet, choose
from imgcheck.geo.comparison import PlaceComparison, compare
from imgcheck.geo.locating import Prior, locate, locate_structurally
from imgcheck.geo.placement import Placement, border_error_m, ellipse, place

__all__ = [
    "Choice",
    "PlaceComparison",
    "Placement",
    "Prior",
    "Sheet",
    "border_error_m",
    "choose",
    "compare",
    "ellipse",
    "locate",
    "locate_structurally",
    "place",
]
