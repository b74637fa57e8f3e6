"""``imgcheck change``: what changed between two dated images of one place."""

import shutil
from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import print_document, say


@click.command("change")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--gsd",
    type=float,
    metavar="G",
    help="Metres per pixel of two pictures without a georeference.",
)
@click.option(
    "--score-map",
    type=options.Output(dir_okay=False),
    metavar="F.tif",
    help="Write the score of every pixel (higher = more changed) as a GeoTIFF.",
)
@click.option(
    "-o",
    "--output",
    type=options.Output(file_okay=False),
    help="Folder for change.html, GeoJSON, GeoPackage, score map and views of each object.",
)
@options.force_option
@options.budget_option
@options.json_option
def command(
    before: Path,
    after: Path,
    gsd: float | None,
    score_map: Path | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Find what changed between two dated images of one place.

    Two georeferenced rasters may have different CRS, grids and depths. A picture without a
    georeference is located on the other image first; two of them must have one size. Objects are
    listed with a nominal false discovery rate of 5 %, which was not yet measured on other dates.

    \b
    Examples:
      imgcheck change 2016.tif 2019.tif
      imgcheck change 2016.tif post.jpg -o changed/
      imgcheck change a.png b.png --gsd 0.5 --json --score-map score.tif
    """
    from imgcheck.case import compare
    from imgcheck.publication import publish_changes, write_score_map
    from imgcheck.report import changes

    ours = options.replacing(force=force)
    if score_map is not None:
        ours.check(score_map)
    found = compare(before, after, gsd_m=gsd)
    if score_map is not None:
        write_score_map(found, score_map, replacing=ours)
    if output is not None:
        publish_changes(found, output, replacing=ours)
    document = changes.document(found)
    if as_json:
        print_document(document)
    else:
        width = max(60, min(100, shutil.get_terminal_size((100, 24)).columns))
        click.echo(changes.terminal(document.to_json(), width=width), nl=False)
    if output is not None:
        say(f"written: {output}", err=True)
    return 0
