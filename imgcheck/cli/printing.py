"""Printing: text without control characters, and JSON as one object."""

import json
import shutil
from typing import TYPE_CHECKING, Any

import click

from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from imgcheck.model.documents import Document


def say(text: str, *, err: bool = False) -> None:
    """Print one line that may contain names from files, without control characters."""
    click.echo(printable(text), err=err)


def columns(*, most: int = 100) -> int:
    """Return how wide text may be on this terminal: 60 columns at least."""
    return max(60, min(most, shutil.get_terminal_size((100, 24)).columns))


def print_document(document: "Document") -> None:
    """Print the document of a command as one JSON object on stdout."""
    click.echo(document.dumps(), nl=False)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))
