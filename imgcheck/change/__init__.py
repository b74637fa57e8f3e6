"""What changed between pictures of one place, and between which dates a picture fits."""

from imgcheck.change.agreement import Vote
from imgcheck.change.bitemporal import ChangeResult, Suppressed, detect
from imgcheck.change.bracketing import Bracket, bracket
from imgcheck.change.regions import Region

__all__ = ["Bracket", "ChangeResult", "Region", "Suppressed", "Vote", "bracket", "detect"]
