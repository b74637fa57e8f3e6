"""How a picture was compressed, and where it differs from an earlier copy of it."""

from importlib import import_module
from typing import TYPE_CHECKING

from imgcheck.forensics.encoder import Component, Encoding, QuantTable, encoding

if TYPE_CHECKING:
    from imgcheck.forensics.comparison import NotCompared, Residual, residual
    from imgcheck.forensics.regions import Difference

__all__ = [
    "Component",
    "Difference",
    "Encoding",
    "NotCompared",
    "QuantTable",
    "Residual",
    "encoding",
    "residual",
]

_LAZY = {
    "Difference": "regions",
    "NotCompared": "comparison",
    "Residual": "comparison",
    "residual": "comparison",
}


def __getattr__(name: str) -> object:
    # These bring OpenCV; the tables of a JPEG do without.
    if name in _LAZY:
        return getattr(import_module(f"imgcheck.forensics.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
