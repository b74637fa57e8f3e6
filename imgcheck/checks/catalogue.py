"""The catalogue is the folder: every `Check` in a module of this package, and of plug-ins.

A plug-in names a module with a `Check` in the entry-point group ``imgcheck.checks``. Each check has
a page, in ``docs/checks`` of the repository, installed under ``share/imgcheck``.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points, files
from pathlib import Path

import imgcheck.checks
from imgcheck.checks.check import QUESTIONS, STAGES, Check
from imgcheck.errors import UsageError

ENTRY_POINT_GROUP = "imgcheck.checks"

#: The headings of every page, in this order.
HEADINGS = (
    "What it looks at",
    "What it can show",
    "What it cannot show",
    "When it misleads",
    "Example",
    "References",
)


@cache
def catalogue() -> tuple[Check, ...]:
    """Return every check: fast stages first, then by the five questions, then by name.

    Raises
    ------
    UsageError
        If two checks share one id.
    """
    found: dict[str, Check] = {}
    for module in _modules():
        for value in vars(module).values():
            if not isinstance(value, Check):
                continue
            if value.id in found and found[value.id] is not value:
                raise UsageError(f"two checks are called {value.id}; rename one of them")
            found[value.id] = value
    return tuple(sorted(found.values(), key=_order))


def _order(one: Check) -> tuple[int, int, str]:
    return STAGES.index(one.stage), QUESTIONS.index(one.asks), one.id


def _modules() -> list[object]:
    own = [
        importlib.import_module(f"{imgcheck.checks.__name__}.{module.name}")
        for module in pkgutil.iter_modules(imgcheck.checks.__path__)
    ]
    return [*own, *(entry.load() for entry in entry_points(group=ENTRY_POINT_GROUP))]


def find(id: str) -> Check:
    """Return the check of that id; a `UsageError` lists the known ids."""
    for one in catalogue():
        if one.id == id:
            return one
    known = ", ".join(one.id for one in catalogue())
    raise UsageError(f'there is no check "{id}"; known: {known}')


def page(id: str) -> str:
    """Return the Markdown text of a check's page."""
    name = f"{id}.md"
    beside = Path(__file__).parents[2] / "docs" / "checks" / name
    path = beside if beside.is_file() else _installed(name)
    if path is None:
        raise UsageError(f"the check {id} has no page; write docs/checks/{name}")
    return path.read_text(encoding="utf-8")


def _installed(name: str) -> Path | None:
    """Return the path of a page among the installed files."""
    for file in files("imgcheck") or ():
        if file.name == name and "checks" in file.parts:
            return Path(str(file.locate()))
    return None
