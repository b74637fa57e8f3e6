"""``imgcheck detect``: vehicles and craters proposed in a picture, measured and counted."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import columns, print_document, say


@click.command("detect")
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--gsd",
    type=float,
    metavar="G",
    help="Metres per pixel (default: from the picture's georeference).",
)
@click.option(
    "--class",
    "kinds",
    type=click.Choice(("vehicle", "crater")),
    multiple=True,
    help="Search for this class only; may be repeated.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="MODEL.onnx",
    help="Search for vehicles with this detector, as MODEL.yml beside it states.",
)
@click.option(
    "-o",
    "--output",
    type=options.Output(file_okay=False),
    help="Folder for detect.html, detect.json, GeoJSON and an annotated picture.",
)
@options.force_option
@options.budget_option
@options.json_option
def command(
    image: Path,
    gsd: float | None,
    kinds: tuple[str, ...],
    model: Path | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Propose vehicles and craters in a picture, with sizes and numbers.

    Every object is a proposal for a person to check. Vehicles have a probability and their number
    an interval where pictures of this resolution were measured; where the number is not bounded,
    the reason is printed.

    \b
    Examples:
      imgcheck detect post.jpg --gsd 0.3
      imgcheck detect ortho.tif --class vehicle -o objects/
      imgcheck detect post.jpg --gsd 0.3 --model mine.onnx
      imgcheck detect post.jpg --gsd 0.3 --json
    """
    from imgcheck.case.objects import KINDS, search
    from imgcheck.publication import publish_objects
    from imgcheck.report import objects

    ours = options.replacing(force=force)
    found = search(image, gsd_m=gsd, kinds=tuple(dict.fromkeys(kinds)) or KINDS, model=model)
    document = objects.document(found)
    if output is not None:
        publish_objects(found, output, replacing=ours)
    if as_json:
        print_document(document)
    else:
        click.echo(objects.terminal(document, width=columns()), nl=False)
    if output is not None:
        say(f"written: {output}", err=True)
    return 0
