"""Place a picture on reference imagery, and compare its footprint with a claimed place."""

from imgcheck.geo.comparison import PlaceComparison, compare
from imgcheck.geo.locating import locate
from imgcheck.geo.measures import Bearing, Measures, bearing
from imgcheck.geo.placement import NotPlaced, Placed, border_error_m, ellipse
from imgcheck.geo.reference import Prior, ReferenceImage, of_arrays, of_image

__all__ = [
    "Bearing", "Measures", "NotPlaced", "PlaceComparison", "Placed", "Prior", "ReferenceImage",
    "bearing", "border_error_m", "compare", "ellipse", "locate", "of_arrays", "of_image",
]  # fmt: skip
