"""The posted file, inspected once a case."""

from imgcheck.inspection import Inspection, inspect
from imgcheck.model import Case

#: What every finding about tags must say.
WRITABLE = (
    "Anyone can write any date, place or camera name into a file; agreement proves little, and "
    "a wrong clock or a re-save explains most disagreement.",
)
MISSING = (
    "Platforms strip metadata from nearly every upload: its absence says nothing for or against.",
)


def inspected(case: Case) -> Inspection:
    """Give what the posted file says about itself."""
    return case.once("inspection", lambda: inspect(case.image))
