"""Whether a file carries a C2PA manifest. Nothing here validates one."""

from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.imaging.containers.tree import Node, Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class C2paPresence:
    """Where a manifest store lies. ``validated`` is always False: presence proves nothing."""

    present: bool
    validated: bool
    places: tuple[tuple[int, int], ...]


def c2pa_presence(structure: Structure) -> C2paPresence:
    """Look for a C2PA manifest store in a walked file.

    JPEG: APP11 segments with a JUMBF box labelled c2pa; PNG: ``caBX``; HEIF, AVIF: a ``uuid``
    box of C2PA; JPEG 2000: a ``jumb`` box labelled c2pa; WebP: a ``C2PA`` chunk; TIFF: tag 52545;
    GIF: an application extension ``C2PA_GIF``.

    Notes
    -----
    Absence proves nothing: any re-save removes a manifest. A manifest can also lie elsewhere and
    be linked from XMP (``dcterms:provenance``). Validation needs another part of imgcheck.

    References
    ----------
    .. [1] C2PA Technical Specification 2.1, section 11 and appendix A.3.
    """
    places = tuple((node.offset, node.length) for node in _nodes(structure.nodes) if _is_c2pa(node))
    return C2paPresence(present=bool(places), validated=False, places=places)


def _nodes(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.children)


def _is_c2pa(node: Node) -> bool:
    return (
        (node.kind == "APP11" and node.note == "JUMBF c2pa")
        or (node.kind in ("uuid", "C2PA") and node.note.startswith("C2PA"))
        or node.kind in ("caBX", "C2PA", "0xcd41")
        or (node.kind == "jumd" and node.note.startswith("c2pa"))
        or (node.kind == "application" and node.note.startswith("C2PA_GIF"))
    )
