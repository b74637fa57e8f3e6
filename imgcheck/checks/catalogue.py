"""The catalogue is the folder: every `Check` in a module of this package, and of plug-ins.

A plug-in names a module with a `Check` in the entry-point group ``imgcheck.checks``.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

import imgcheck.checks
from imgcheck.checks.check import QUESTIONS, STAGES, Check
from imgcheck.errors import UsageError

ENTRY_POINT_GROUP = "imgcheck.checks"


@cache
def catalogue() -> tuple[Check, ...]:
    """Give every check, cheap stages first, then by the five questions, then by name.

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
    """Give the check of that id.

    Raises
    ------
    UsageError
        If there is none; the known ids are listed.
    """
    for one in catalogue():
        if one.id == id:
            return one
    known = ", ".join(one.id for one in catalogue())
    raise UsageError(f'there is no check "{id}"; known: {known}')
