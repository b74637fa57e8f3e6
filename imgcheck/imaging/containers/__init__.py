"""Any supported file as one tree of parts, and its header read from the same walk.

Nothing is decoded, and nothing in a file is trusted: time, memory, depth and counts are bounded,
and garbage gives observations or one of imgcheck's errors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from imgcheck.imaging.containers.header import Header, Walked
from imgcheck.imaging.containers.jpeg import stream_header, walk_stream
from imgcheck.imaging.containers.mpf import Mpf, mpf_words, read_mpf, with_pictures
from imgcheck.imaging.containers.trailer import trailer
from imgcheck.imaging.containers.tree import Node, Observation, Structure, Walk
from imgcheck.imaging.limits import Limits

__all__ = [
    "Container", "Mpf", "Node", "Observation", "Structure", "mpf_words", "read_container",
    "read_mpf", "structure",
]  # fmt: skip

# The module that walks each format, loaded when such a file is opened.
_MODULES = {
    "png": "png",
    "tiff": "tiff",
    "webp": "webp",
    "gif": "gif",
    "bmp": "bmp",
    "jp2": "jp2",
    "heif": "heif",
    "avif": "heif",
}


def walk_jpeg(walk: Walk) -> Walked:
    """Walk a JPEG, what its MPF index points to, and what follows its EOI."""
    jpeg = walk_stream(walk, 0, len(walk.data))
    end = None if jpeg.end is None else jpeg.end + 2
    behind = () if end is None else trailer(walk, end, "EOI")
    nodes = (*with_pictures(walk, tuple(jpeg.nodes), end), *behind)
    return nodes, lambda limits: stream_header(walk, jpeg, limits)


def _walker(form: str) -> Callable[[Walk], Walked]:
    """Return what walks a file without an exception; its result gives the header or refuses."""
    if form == "jpeg":
        return walk_jpeg
    name = _MODULES[form]
    module = import_module(f"{__name__}.{name}")
    return cast(Callable[[Walk], Walked], getattr(module, f"walk_{name}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One file, walked: its header and its parts."""

    header: Header
    structure: Structure


def read_container(data: bytes, form: str, limits: Limits) -> Container:
    """Walk a file whose format is known; its header may be unreadable or refused."""
    walk = Walk(data=data)
    nodes, header = _walker(form)(walk)
    return Container(header=header(limits), structure=_structure(walk, form, nodes))


def structure(data: bytes, *, format: str) -> Structure:
    """Walk the parts of a file without decoding a pixel.

    Parameters
    ----------
    data : bytes
        The whole file. Garbage gives observations, no exception.
    format : str
        jpeg, png, tiff, webp, gif, bmp, jp2, heif or avif; for another word the tree is empty.

    Notes
    -----
    Time is linear in the file's size: 1 to 3 ms for a JPEG of 3 MB (benchmarks: provenance).
    A trailer or a second picture is common in honest files (previews, motion photos, padding).
    """
    walk = Walk(data=data)
    if format != "jpeg" and format not in _MODULES:
        walk.observe(
            "invalid", f"the structure of a file cannot be read if its format is {format[:20]!r}"
        )
        return _structure(walk, format, ())
    return _structure(walk, format, _walker(format)(walk)[0])


def _structure(walk: Walk, form: str, nodes: tuple[Node, ...]) -> Structure:
    return Structure(format=form, nodes=nodes, observations=tuple(walk.observations))
