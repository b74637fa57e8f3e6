"""``imgcheck change``: what changed between two dated images of one place."""

from pathlib import Path

import click

from imgcheck.cli import options
from imgcheck.cli.printing import columns, print_document, say


@click.command("change")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--before-date",
    metavar="DATE",
    help="Date of BEFORE (ISO 8601 date, time or interval); else from items.json beside it, or its "
    "TIFF date tag.",
)
@click.option("--after-date", metavar="DATE", help="Date of AFTER, likewise.")
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
    help="Folder for change.html, GeoJSON, GeoPackage, Markdown table, score map and views of each "
    "object. A run on large rasters that was stopped goes on where it was.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Threads that score large rasters; the result is the same.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Scheduler of a Dask cluster whose workers score large rasters and see the files at the "
    "same paths; the result is the same.",
)
@options.force_option
@options.budget_option
@options.json_option
def command(
    before: Path,
    after: Path,
    before_date: str | None,
    after_date: str | None,
    gsd: float | None,
    score_map: Path | None,
    output: Path | None,
    jobs: int,
    dask: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Find what changed between two dated images of one place.

    Two georeferenced rasters may have different CRS, grids and depths. A picture without a
    georeference is located on the other image first; two of them must have one size. Each object
    has a false discovery rate q, up to 5 % between images of one light, up to 50 % between others.

    \b
    Examples:
      imgcheck change 2016.tif 2019.tif
      imgcheck change 2016.tif post.jpg -o changed/
      imgcheck change a.png b.png --gsd 0.5 --json --score-map score.tif
    """
    from imgcheck.case import HowToRun, compare
    from imgcheck.cli.progress import CountedProgress
    from imgcheck.publication import publish_changes, tiles_beside, write_score_map
    from imgcheck.report import changes

    ours = options.replacing(force=force)
    if score_map is not None:
        ours.check(score_map)
    folder = None if output is None else tiles_beside(output, replacing=ours)
    with CountedProgress("Comparing", "tiles") as progress:
        how = HowToRun(jobs=jobs, dask=dask, folder=folder, progress=progress)
        found = compare(
            before,
            after,
            gsd_m=gsd,
            before_date=before_date,
            after_date=after_date,
            how=how,
        )
    if score_map is not None:
        write_score_map(found, score_map, replacing=ours)
    if output is not None:
        publish_changes(found, output, replacing=ours)
    document = changes.document(found)
    if as_json:
        print_document(document)
    else:
        click.echo(changes.terminal(document.to_json(), width=columns()), nl=False)
    if output is not None:
        say(f"written: {output}", err=True)
    return 0
