"""Structured text in which every value remembers its line.

YAML's own guesses would turn ``NO`` into false, ``12:30`` into 750 and ``0777`` into 511, so
only the structure is left to the library: every scalar is text. Aliases are refused, because
nested ones grow without bound.
"""

import re
from typing import Any, NoReturn

import yaml

from imgcheck.errors import ClaimError
from imgcheck.model.window import ACCEPTED_FORMS, Window

_MAX_DEPTH = 12
# Values, keys and lists of one file. A claim has some hundreds; parsing this many takes a second.
_MOST_PARTS = 30_000
# Characters of an error message.
_LONGEST = 500


# What float() takes beyond this ("1_000", "nan", "٣") is a slip of the pen in a claim.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class Item:
    """A YAML value with its line."""

    __slots__ = ("line", "value")

    def __init__(self, value: Any, line: int) -> None:
        self.value = value
        self.line = line


class Reader:
    """Reads one file of lined values; its name and the line are in every error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, line: int, message: str) -> NoReturn:
        """Raise `ClaimError` for a line; a value that would fill the screen is cut."""
        shown = message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
        raise ClaimError(f"{self.name}:{line}: {shown}", file=self.name)

    def compose(self, text: str) -> Item | None:
        try:
            self._refuse_traps(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = getattr(mark, "line", 0) + 1
            self.refuse(line, f"is not YAML or JSON: {error.problem}")
        except ClaimError:
            raise
        except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
            # PyYAML raises ValueError for characters and numbers of directives beyond all bounds.
            self.refuse(1, f"is not YAML or JSON: {str(error).splitlines()[0]}")
        return None if node is None else self._item(node)

    def _refuse_traps(self, text: str) -> None:
        """Refuse aliases, deep nesting and endless lists before anything is built of them."""
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            line = getattr(event.start_mark, "line", 0) + 1
            if isinstance(event, yaml.AliasEvent):
                self.refuse(line, "aliases (*name) are not accepted")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                self.refuse(line, f"is nested over {_MAX_DEPTH} levels deep")
            if count > _MOST_PARTS:
                self.refuse(line, f"has over {_MOST_PARTS:,} values, too many for a claim")

    def _item(self, node: yaml.Node) -> Item:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return Item(_characters(node.value), line)
        if isinstance(node, yaml.SequenceNode):
            return Item([self._item(child) for child in node.value], line)
        found: dict[str, Item] = {}
        for key, child in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key_line, "a key must be a plain word")
            name = _characters(key.value)
            if name in found:
                self.refuse(key_line, f'"{name}" is given twice')
            found[name] = self._item(child)
        return Item(found, line)

    def mapping(self, item: Item, what: str, known: set[str]) -> dict[str, Item]:
        if not isinstance(item.value, dict):
            self.refuse(item.line, f"{what} is a mapping with {', '.join(sorted(known))}")
        for key, child in item.value.items():
            if key not in known:
                accepted = ", ".join(sorted(known))
                self.refuse(child.line, f'{what} has no "{key}"; accepted: {accepted}')
        fields: dict[str, Item] = item.value
        return fields

    def items(self, fields: dict[str, Item], key: str, *, most: int) -> list[Item]:
        if key not in fields:
            return []
        item = fields[key]
        if not isinstance(item.value, list):
            self.refuse(
                item.line, f'"{key}" must be a list with one entry per line, each after "- "'
            )
        if len(item.value) > most:
            line = item.value[most].line
            self.refuse(line, f'"{key}" has {len(item.value):,} entries; at most {most:,} are read')
        return list(item.value)

    def text(self, item: Item, what: str) -> str:
        if not isinstance(item.value, str):
            self.refuse(item.line, f"{what}: expected a text or a number")
        return item.value

    def number(self, item: Item, what: str, low: float, high: float) -> float:
        found = self.text(item, what)
        if not _NUMBER.fullmatch(found):
            self.refuse(item.line, f'{what}: "{_short(found)}" is not a number')
        value = float(found)
        if not low <= value <= high:
            self.refuse(item.line, f"{what}: {_short(found)} is outside {low:g} to {high:g}")
        return value

    def whole(self, item: Item, what: str) -> int:
        found = self.text(item, what)
        if not found.isascii() or not found.isdigit() or len(found) > 9:
            self.refuse(item.line, f'{what}: "{_short(found)}" is not a whole number of 0 or more')
        return int(found)

    def window(self, item: Item, what: str) -> Window:
        found = self.text(item, what)
        if len(found) > 100:
            self.refuse(item.line, f'{what}: "{_short(found)}" is not {ACCEPTED_FORMS}')
        try:
            return Window.parse(found)
        except ValueError as error:
            self.refuse(item.line, f"{what}: {error}")


def plain(text: str, *, name: str) -> Any:
    """Read structured text into dicts, lists and strings; ``None`` of an empty file.

    Raises
    ------
    ClaimError
        For what is not YAML or JSON, or is too large or too deep; file and line are named.
    """
    item = Reader(name).compose(text)
    return None if item is None else _plain(item)


def _plain(item: Item) -> Any:
    if isinstance(item.value, dict):
        return {key: _plain(child) for key, child in item.value.items()}
    if isinstance(item.value, list):
        return [_plain(child) for child in item.value]
    return item.value


def _characters(text: str) -> str:
    """Join the two halves in which JSON writes a character such as an emoji."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _short(text: str) -> str:
    """Cut a value that would fill the screen."""
    return text if len(text) <= 60 else f"{text[:60]}…"
