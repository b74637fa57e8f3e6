"""An inspection on a terminal, without colours."""

from collections.abc import Iterable, Iterator

from imgcheck.inspection import Inspection
from imgcheck.provenance import Node
from imgcheck.render.inspection.chapters import Chapter, Row, chapters
from imgcheck.render.plain import line

_LONGEST = 120  # characters of a text from the file; --all shows more
_LONGEST_OF_ALL = 300


def terminal(found: Inspection, *, everything: bool = False) -> str:
    """Give an inspection as terminal text, without colours.

    Parameters
    ----------
    everything : bool, default False
        Also every tag and the whole structure.
    """
    rows = [line(found.image.name, limit=200)]
    for chapter in chapters(found, everything=everything):
        rows += _chapter(chapter, everything)
    if everything:
        rows += ["", "Structure", "      offset     length  part"]
        rows += _structure(found.structure.nodes, 0)
    return "\n".join(rows) + "\n\n"


def _chapter(chapter: Chapter, everything: bool) -> Iterator[str]:
    yield ""
    yield chapter.title
    # A column as wide as the widest label, but not wider than half a terminal.
    width = min(38, max((len(line(row.label, limit=60)) for row in chapter.rows), default=0))
    for row in chapter.rows:
        yield from _row(row, width, everything)


def _row(row: Row, width: int, everything: bool) -> Iterator[str]:
    limit = _LONGEST_OF_ALL if everything else _LONGEST
    text = line(row.text, limit=max(limit, 400 if not row.label else 0))
    note = f"  ({line(row.note, limit=160)})" if row.note else ""
    where = f"  [byte {row.places[0][0]}]" if row.odd and row.places else ""
    yield (
        f"  {line(row.label, limit=60):{width}}  {text}{note}{where}"
        if width
        else (f"  {text}{note}{where}")
    )


def _structure(nodes: Iterable[Node], depth: int) -> Iterator[str]:
    for node in nodes:
        indent = "  " * depth
        note = line(node.note, limit=80)
        yield f"  {node.offset:10} {node.length:10}  {indent}{node.kind}  {note}".rstrip()
        yield from _structure(node.children, depth + 1)
