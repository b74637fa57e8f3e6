from .building import Built as Built
from .building import build as build
from .searching import AreaMatch as AreaMatch
from .searching import search as search
