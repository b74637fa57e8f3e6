"""Structured text in which every value remembers its line.

YAML's own guesses would turn ``NO`` into false, ``12:30`` into 750 and ``0777`` into 511, so
only the structure is left to the library: every scalar is text. Aliases are refused, because
nested ones grow without bound.
"""

from typing import Any, NoReturn

import yaml

from imgcheck.errors import ClaimError
from imgcheck.model.window import Window

_MAX_DEPTH = 12


class Item:
    """A YAML value with the line it stands on."""

    __slots__ = ("line", "value")

    def __init__(self, value: Any, line: int) -> None:
        self.value = value
        self.line = line


class Reader:
    """Reads one file of lined values; its name and the line are in every error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, line: int, message: str) -> NoReturn:
        """Raise `ClaimError` for a line."""
        raise ClaimError(f"{self.name}:{line}: {message}", file=self.name)

    def compose(self, text: str) -> Item | None:
        try:
            self._refuse_traps(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = getattr(mark, "line", 0) + 1
            self.refuse(line, f"is not YAML or JSON: {error.problem}")
        except (yaml.YAMLError, RecursionError) as error:
            self.refuse(1, f"is not YAML or JSON: {str(error).splitlines()[0]}")
        return None if node is None else self._item(node)

    def _refuse_traps(self, text: str) -> None:
        """Refuse aliases and deep nesting before anything is built of them."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = getattr(event.start_mark, "line", 0) + 1
            if isinstance(event, yaml.AliasEvent):
                self.refuse(line, "aliases (*name) are not accepted")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                self.refuse(line, "is nested too deeply")

    def _item(self, node: yaml.Node) -> Item:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return Item(str(node.value), line)
        if isinstance(node, yaml.SequenceNode):
            return Item([self._item(child) for child in node.value], line)
        found: dict[str, Item] = {}
        for key, child in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key_line, "a key is a plain word")
            if key.value in found:
                self.refuse(key_line, f'"{key.value}" is given twice')
            found[str(key.value)] = self._item(child)
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

    def items(self, fields: dict[str, Item], key: str) -> list[Item]:
        if key not in fields:
            return []
        item = fields[key]
        if not isinstance(item.value, list):
            self.refuse(item.line, f'"{key}" is a list: one entry a line, each after "- "')
        return list(item.value)

    def text(self, item: Item, what: str) -> str:
        if not isinstance(item.value, str):
            self.refuse(item.line, f"{what}: expected a text or a number")
        return item.value

    def number(self, item: Item, what: str, low: float, high: float) -> float:
        found = self.text(item, what)
        try:
            value = float(found)
        except ValueError:
            self.refuse(item.line, f'{what}: "{found}" is not a number')
        if not low <= value <= high:
            self.refuse(item.line, f"{what}: {found} is outside {low:g} to {high:g}")
        return value

    def whole(self, item: Item, what: str) -> int:
        found = self.text(item, what)
        if not found.isascii() or not found.isdigit() or len(found) > 9:
            self.refuse(item.line, f'{what}: "{found}" is not a whole number of 0 or more')
        return int(found)

    def window(self, item: Item, what: str) -> Window:
        found = self.text(item, what)
        try:
            return Window.parse(found)
        except ValueError as error:
            self.refuse(item.line, f"{what}: {error}")
