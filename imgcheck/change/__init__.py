"""What changed between pictures of one place, and between which dates a picture fits."""

from imgcheck.change.bitemporal import ChangeResult, Suppressed, detect
from imgcheck.change.regions import Region

__all__ = ["ChangeResult", "Region", "Suppressed", "detect"]
