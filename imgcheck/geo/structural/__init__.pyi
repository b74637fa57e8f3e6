from .coarse import Pyramid as Pyramid
from .engine import Match as Match
from .engine import NoMatch as NoMatch
from .engine import find as find
from .engine import find_mirrored as find_mirrored
from .judging import FALSE_PLACINGS as FALSE_PLACINGS
from .judging import UNRELATED_PAIRS as UNRELATED_PAIRS
