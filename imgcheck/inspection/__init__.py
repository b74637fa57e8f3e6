"""What a file says about itself, read but not judged: intake and provenance together."""

from imgcheck.inspection.pictures import Compared, views
from imgcheck.inspection.reading import Inspection, inspect

__all__ = ["Compared", "Inspection", "inspect", "views"]
