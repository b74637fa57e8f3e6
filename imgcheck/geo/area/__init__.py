"""Find a picture in a big area: an index built once from references, searched within a minute."""

from imgcheck.geo.area.building import Built, build
from imgcheck.geo.area.searching import AreaAnswer, search

__all__ = ["AreaAnswer", "Built", "build", "search"]
