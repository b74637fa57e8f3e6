"""Detect and count vehicles and craters, and measure what would be missed (detection power).

from imgcheck import detect

found = detect.vehicles(rgb, gsd=0.3)
detect.count(found).high
detect.power(gray, gsd=0.3).d90_m
"""

from imgcheck.detect.counting import CountEstimate, count, probability_of
from imgcheck.detect.crater_search import craters
from imgcheck.detect.proposal import Detections, Kind, Proposal
from imgcheck.detect.recall import Part, Planted, Power, power
from imgcheck.detect.vehicle_search import vehicles
from imgcheck.detect.visible import SizeLimit, smallest_visible

__all__ = [
    "vehicles",
    "craters",
    "count",
    "probability_of",
    "power",
    "smallest_visible",
    "Detections",
    "Proposal",
    "CountEstimate",
    "Kind",
    "Part",
    "Planted",
    "Power",
    "SizeLimit",
]
