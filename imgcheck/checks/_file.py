"""The posted file, inspected once a case."""

from imgcheck.inspection import Inspection, inspect
from imgcheck.model import Case


def inspected(case: Case) -> Inspection:
    """Give what the posted file says about itself."""
    return case.once("inspection", lambda: inspect(case.image))
