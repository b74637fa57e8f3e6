"""The desk: a posted picture, its claim, dated references and an index, opened for the checks.

`load_case` opens the inputs. A `Case` computes what several checks and commands share (the
reading of the file, the registration to a reference, the search in the index) once, on first use.
"""

from imgcheck.case.comparison import Compared, HowToRun, NotCompared, compare
from imgcheck.case.detection_power import Powered, measure_power
from imgcheck.case.objects import Searched, search
from imgcheck.case.opening import inspect, load_case
from imgcheck.case.placing import Located, NotLocated, locate
from imgcheck.case.reading import Inspection, views
from imgcheck.case.workbench import Case, Reference

__all__ = [
    "Case", "Compared", "HowToRun", "Inspection", "NotCompared", "Located", "NotLocated",
    "Powered", "Reference", "Searched",
    "compare",
    "inspect", "load_case", "locate", "measure_power", "search", "views",
]  # fmt: skip
