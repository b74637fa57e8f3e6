"""``imgcheck power``: which craters or vehicles would have been found in a picture."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import columns, print_document, say


@click.command("power")
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--class",
    "kind",
    type=click.Choice(("crater", "vehicle")),
    required=True,
    help="What would have to be found.",
)
@click.option(
    "--gsd",
    type=float,
    metavar="G",
    help="Metres per pixel (default: from the picture's georeference; craters can be measured in "
    "pixels).",
)
@click.option(
    "--sun",
    type=click.FloatRange(0, 360),
    metavar="DEG",
    help="Azimuth of the sun, clockwise from up in the picture (default: several are tried).",
)
@click.option(
    "-o",
    "--output",
    type=options.Output(file_okay=False),
    help="Folder for power.html, power.json, the curve (power.svg) and a map (map.png).",
)
@options.force_option
@options.budget_option
@options.json_option
def command(
    image: Path,
    kind: str,
    gsd: float | None,
    sun: float | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Measure which objects would have been found in this picture.

    Rendered objects of many sizes and several looks are planted into the picture, with its blur,
    noise and JPEG compression, and searched for. "Nothing was found" means something only for
    sizes and ground on which planted objects were found.

    \b
    Examples:
      imgcheck power post.jpg --class crater --gsd 0.3
      imgcheck power post.jpg --class crater --sun 140 -o power/
      imgcheck power ortho.tif --class vehicle --json
    """
    from imgcheck.case import measure_power
    from imgcheck.publication import publish_power
    from imgcheck.report import power

    ours = options.replacing(force=force)
    found = measure_power(
        image, kind="crater" if kind == "crater" else "vehicle", gsd_m=gsd, sun_azimuth_deg=sun
    )
    document = power.document(found)
    if output is not None:
        publish_power(found, output, replacing=ours)
    if as_json:
        print_document(document)
    else:
        click.echo(power.terminal(document, width=columns()), nl=False)
    if output is not None:
        say(f"written: {output}", err=True)
    return 0
