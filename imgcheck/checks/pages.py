"""The documentation page of a check, wherever imgcheck is installed.

Pages live in ``docs/checks`` of the repository and are installed under ``share/imgcheck``.
"""

from importlib.metadata import files
from pathlib import Path

from imgcheck.errors import UsageError

#: The headings of every page, in this order.
HEADINGS = (
    "What it looks at",
    "What it can show",
    "What it cannot show",
    "When it misleads",
    "Example",
    "References",
)


def page(id: str) -> str:
    """Give the Markdown text of a check's page.

    Raises
    ------
    UsageError
        If the check has no page.
    """
    name = f"{id}.md"
    beside = Path(__file__).parents[2] / "docs" / "checks" / name
    path = beside if beside.is_file() else _installed(name)
    if path is None:
        raise UsageError(f"the check {id} has no page; write docs/checks/{name}")
    return path.read_text(encoding="utf-8")


def _installed(name: str) -> Path | None:
    """Find a page among the files that the installer laid down."""
    for file in files("imgcheck") or ():
        if file.name == name and "checks" in file.parts:
            return Path(str(file.locate()))
    return None
