"""``imgcheck explain``: the page of a check, or the list of checks."""

import sys

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document


@click.command("explain")
@click.argument("check", required=False)
@options.json_option
def command(check: str | None, as_json: bool) -> int:
    """Show what a check looks at, what it can and cannot show, and when it misleads.

    \b
    Examples:
      imgcheck explain
      imgcheck explain geo.place
    """
    from imgcheck.checks.catalogue import catalogue, find, page

    chosen = catalogue() if check is None else (find(check),)
    if as_json:
        from imgcheck.model.documents import ExplainDocument, ExplainedCheck

        checks = tuple(
            ExplainedCheck(
                id=one.id,
                version=one.version,
                question=one.question,
                asks=one.asks,
                answers=one.answers,
                page=page(one.id) if check is not None else None,
            )
            for one in chosen
        )
        print_document(ExplainDocument(checks=checks))
    elif check is not None:
        _show(page(check))
    else:
        for one in chosen:
            click.echo(f"{one.id:24} {one.question}")
        click.echo("\nMore on one of them: imgcheck explain CHECK")
    return 0


def _show(text: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=None if sys.stdout.isatty() else 88, file=sys.stdout)
    console.print(Markdown(text))
