"""Changes between pictures of one place, and the dates between which a picture fits."""

from imgcheck.change.bitemporal import ChangeResult, Suppressed, detect
from imgcheck.change.bracketing import Between, Bracket, Vote, bracket
from imgcheck.change.events import Events, events
from imgcheck.change.regions import Region

__all__ = [
    "Between",
    "Bracket",
    "ChangeResult",
    "Events",
    "Region",
    "Suppressed",
    "Vote",
    "bracket",
    "detect",
    "events",
]
