"""What a file says about itself, read but not judged: intake and provenance together."""

from imgcheck.inspection.pictures import views
from imgcheck.inspection.reading import Inspection, inspect

__all__ = ["Inspection", "inspect", "views"]
