"""imgcheck tests what is claimed about posted satellite and aerial pictures.

>>> import imgcheck
>>> report = imgcheck.verify("post.jpg", claim="claim.yml")      # doctest: +SKIP
>>> report.answers()                                             # doctest: +SKIP
{'1-acquired': <Answer.INCONCLUSIVE: 'inconclusive'>}

The names below are looked up when first used, so that ``import imgcheck`` stays light.
"""

# Nothing is imported here, not even typing: the command line sets up its guard against Ctrl-C
# only after this file has run.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from imgcheck.case import Case, inspect, load_case
    from imgcheck.errors import ImgcheckError
    from imgcheck.hashing import HashIndex
    from imgcheck.imaging import Image
    from imgcheck.model import Answer, Claim, Finding, Outcome, Report, Verdict
    from imgcheck.regression import regress
    from imgcheck.scripting import locate, verify

__all__ = [
    "load_case", "verify", "inspect", "locate", "regress",
    "Image", "HashIndex",
    "Case", "Claim", "Finding", "Outcome", "Verdict", "Answer", "Report",
    "ImgcheckError",
]  # fmt: skip

_HOMES = {
    "load_case": "imgcheck.case",
    "verify": "imgcheck.scripting",
    "inspect": "imgcheck.case",
    "locate": "imgcheck.scripting",
    "regress": "imgcheck.regression",
    "Case": "imgcheck.case",
    "Image": "imgcheck.imaging",
    "HashIndex": "imgcheck.hashing",
    "ImgcheckError": "imgcheck.errors",
}


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module 'imgcheck' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(_HOMES.get(name, "imgcheck.model"))
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
