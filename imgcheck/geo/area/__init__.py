"""Find a picture in a large area: an index is built once and searched within a minute."""

from imgcheck.geo.area.building import Built, build
from imgcheck.geo.area.searching import AreaMatch, search

__all__ = ["AreaMatch", "Built", "build", "search"]
