"""``imgcheck date``: when a picture was taken, by dated imagery of its ground."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import columns, print_document
from imgcheck.cli.progress import Progress
from imgcheck.errors import UsageError

if TYPE_CHECKING:
    from imgcheck.model import Window


@click.command("date")
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--stack",
    "references",
    multiple=True,
    required=True,
    metavar="DIR | items.json | PATH@DATE",
    help="Dated, georeferenced images of the place: a folder with items.json, that file, or one "
    "image with its date; may be repeated.",
)
@click.option(
    "--claim-window",
    "window",
    metavar="A/B",
    help="Claimed time (ISO 8601 interval, or a date); gives its likelihood ratio.",
)
@options.budget_option
@options.json_option
def command(image: Path, references: tuple[str, ...], window: str | None, as_json: bool) -> int:
    """Date a picture by dated imagery of the same ground.

    The picture is placed on the imagery. Ground that changed for good (buildings, cleared forest,
    a river's course) then shows an earlier or a later state. At least three dates are needed, and
    four to test the method on the imagery itself. There is no answer where too little changed.

    \b
    Examples:
      imgcheck date post.jpg --stack archive/
      imgcheck date post.jpg --stack archive/items.json --claim-window 2017-09-08/2017-09-12
      imgcheck date post.jpg --stack a.tif@2015-06-01 --stack b.tif@2017-06-01 \\
        --stack c.tif@2019-06-01 --json
    """
    from imgcheck.case import load_case
    from imgcheck.report import dating

    claimed = _window(window)
    with Progress(f"Dating {image.name}"):
        case = load_case(image, references=[_folder(given) for given in references])
        said = dating.document(case, case.dating, window=claimed)
    if as_json:
        print_document(said)
    else:
        click.echo(dating.terminal(said.to_json(), width=columns()), nl=False)
    return 0


def _folder(given: str) -> str:
    """Return the folder of an ``items.json``; other paths stay as they are."""
    return str(Path(given).parent) if Path(given).name == "items.json" else given


def _window(text: str | None) -> "Window | None":
    from imgcheck.model import Window

    try:
        return None if text is None else Window.parse(text)
    except ValueError as error:
        raise UsageError(f"--claim-window: {error}") from error
