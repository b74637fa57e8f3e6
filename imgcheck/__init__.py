"""imgcheck tests what is claimed about posted satellite and aerial pictures.

>>> import imgcheck
>>> report = imgcheck.verify("post.jpg", claim="claim.yml")      # doctest: +SKIP
>>> report.answers()                                             # doctest: +SKIP
{'1-acquired': <Answer.INCONCLUSIVE: 'inconclusive'>}

A picture is given as a path, or as a case opened with `load_case`. The names below are loaded on
first use, so that ``import imgcheck`` stays light.
"""

__version__ = "0.1.0"

# Nothing is imported here, not even typing: the command line sets up its guard against Ctrl-C
# only after this file has run.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imgcheck import sun
    from imgcheck.case import (
        Case,
        Compared,
        Located,
        NotCompared,
        NotLocated,
        Reference,
        compare,
        inspect,
        load_case,
        locate,
    )
    from imgcheck.errors import ImgcheckError
    from imgcheck.hashing import HashIndex
    from imgcheck.imaging import Image
    from imgcheck.known import add_to_index, search
    from imgcheck.model import Answer, Claim, Finding, Outcome, Report, Verdict
    from imgcheck.publication import publish
    from imgcheck.regression import regress
    from imgcheck.report.sun_times import sun_times
    from imgcheck.verification import verify

__all__ = [
    "load_case", "verify", "inspect", "locate", "compare", "search",
    "add_to_index", "sun", "sun_times",
    "regress", "publish",
    "Case", "Reference", "Image", "HashIndex", "Located", "NotLocated",
    "Compared", "NotCompared",
    "Claim", "Finding", "Outcome", "Verdict", "Answer", "Report",
    "ImgcheckError",
]  # fmt: skip

_HOMES = {
    "imgcheck.case": (
        "load_case",
        "inspect",
        "locate",
        "compare",
        "Case",
        "Compared",
        "Located",
        "NotCompared",
        "NotLocated",
        "Reference",
    ),
    "imgcheck.verification": ("verify",),
    "imgcheck.known": ("search", "add_to_index"),
    "imgcheck.regression": ("regress",),
    "imgcheck.report.sun_times": ("sun_times",),
    "imgcheck.publication": ("publish",),
    "imgcheck.imaging": ("Image",),
    "imgcheck.hashing": ("HashIndex",),
    "imgcheck.errors": ("ImgcheckError",),
}


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module 'imgcheck' has no attribute {name!r}")
    import importlib

    if name == "sun":
        return importlib.import_module("imgcheck.sun")
    home = next((module for module, names in _HOMES.items() if name in names), "imgcheck.model")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
