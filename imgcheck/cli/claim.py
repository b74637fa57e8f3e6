"""``imgcheck claim``: write a claim file, and read one back in words."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say


@click.group("claim")
def command() -> None:
    """Write a claim file, or read one back in words.

    \b
    Examples:
      imgcheck claim new claim.yml --from-text post.txt
      imgcheck claim check claim.yml
    """


@command.command("new")
@click.argument("output", required=False, type=options.Output(dir_okay=False))
@click.option(
    "--from-text",
    "post",
    type=click.Path(path_type=Path),
    help="Text of the post: dates, positions and counts in it are filled in.",
)
@options.force_option
def new(output: Path | None, post: Path | None, force: bool) -> int:
    """Write a commented claim file, to OUTPUT or to the terminal.

    What is taken from a text is marked "check this": compare it with the post.
    """
    from imgcheck.imaging.intake import read_small
    from imgcheck.imaging.output import write_output
    from imgcheck.report import claims

    ours = options.replacing(force=force)
    if output is not None:
        ours.check(output)
    said = "" if post is None else read_small(post, most_bytes=1 << 20).decode("utf-8", "replace")
    text = claims.template(said)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text, replacing=ours)
        say(f"Claim file: {output}; check it with: imgcheck claim check {output}")
    return 0


@command.command("check")
@click.argument("claim", type=click.Path(path_type=Path))
@options.json_option
def check(claim: Path, as_json: bool) -> int:
    """Read a claim file and print each statement as it was understood."""
    from imgcheck.model import Claim
    from imgcheck.report import claims

    document = claims.document(Claim.load(claim))
    if as_json:
        print_document(document)
    else:
        click.echo(claims.terminal(document), nl=False)
    return 0
