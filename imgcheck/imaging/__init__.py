"""The only door for files: `Image`, with safe decoding, limits and georeference.

Names are resolved on first use, so that opening a picture loads no decoder.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgcheck.imaging.containers.header import Header
    from imgcheck.imaging.containers.tree import Observation
    from imgcheck.imaging.georeference import Georeference
    from imgcheck.imaging.image import Image
    from imgcheck.imaging.limits import REFERENCE_LIMITS, Limits
    from imgcheck.imaging.output import write_atomically
    from imgcheck.imaging.text import printable

_HOMES = {
    "Observation": "containers.tree",
    "Georeference": "georeference",
    "Header": "containers.header",
    "Image": "image",
    "Limits": "limits",
    "REFERENCE_LIMITS": "limits",
    "printable": "text",
    "write_atomically": "output",
}
__all__ = [
    "REFERENCE_LIMITS",
    "Georeference",
    "Header",
    "Image",
    "Limits",
    "Observation",
    "printable",
    "write_atomically",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
