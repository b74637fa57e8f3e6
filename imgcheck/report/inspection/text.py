"""An inspection on a terminal, without colours."""

import textwrap
from collections.abc import Iterable, Iterator

from imgcheck.case import Inspection
from imgcheck.provenance import Node
from imgcheck.report.inspection.chapters import Chapter, Row, chapters
from imgcheck.report.plain import line

_LONGEST = 240  # characters of a text from the file; --all shows more
_LONGEST_OF_ALL = 1_000
_WIDEST_LABEL = 38


def terminal(found: Inspection, *, everything: bool = False, width: int = 100) -> str:
    """Give an inspection as terminal text, without colours.

    Parameters
    ----------
    everything : bool, default False
        Also every tag, what every rule means, and the whole structure.
    width : int, default 100
        Columns; longer lines are broken and indented.
    """
    rows = [line(found.image.name, limit=200)]
    for chapter in chapters(found, everything=everything):
        rows += _chapter(chapter, everything, max(40, width))
    if everything:
        rows += ["", "Structure", "      offset     length  part"]
        rows += _structure(found.structure.nodes, 0)
    return "\n".join(rows) + "\n\n"


def _chapter(chapter: Chapter, everything: bool, width: int) -> Iterator[str]:
    yield ""
    yield chapter.title
    longest = max((len(line(row.label, limit=60)) for row in chapter.rows), default=0)
    column = min(_WIDEST_LABEL, longest)
    for row in chapter.rows:
        yield from _row(row, column, everything, width)


def _row(row: Row, column: int, everything: bool, width: int) -> Iterator[str]:
    limit = _LONGEST_OF_ALL if everything else _LONGEST
    note = f" ({line(row.note, limit=160, tell=False)})" if row.note else ""
    where = f" [byte {row.places[0][0]}]" if row.odd and row.places else ""
    text = f"{line(row.text, limit=limit, tell=False)}{note}{where}"
    label = f"{line(row.label, limit=60):{column}}  " if column else ""
    indent = " " * (2 + (column + 2 if column else 0))
    yield from _wrapped(text, f"  {label}", indent, width)
    if everything and row.detail:
        yield from _wrapped(line(row.detail, limit=_LONGEST_OF_ALL), indent, indent, width)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    broken = textwrap.wrap(
        text,
        max(width, len(rest) + 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return broken or [first.rstrip()]


def _structure(nodes: Iterable[Node], depth: int) -> Iterator[str]:
    for node in nodes:
        indent = "  " * depth
        note = line(node.note, limit=80)
        yield f"  {node.offset:10} {node.length:10}  {indent}{node.kind}  {note}".rstrip()
        yield from _structure(node.children, depth + 1)
