"""``imgcheck locate``: place a picture on reference imagery."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import columns, print_document, say
from imgcheck.cli.progress import Progress
from imgcheck.errors import UsageError

if TYPE_CHECKING:
    from imgcheck.geo import Prior
    from imgcheck.model import Window
    from imgcheck.quantity import LonLat

# A single --gsd is searched within this share each way.
_GSD_SPREAD = 0.2


@click.command("locate")
@click.argument("image", type=click.Path(path_type=Path), required=False)
@options.reference_option
@options.corners_option
@click.option(
    "--gsd",
    metavar="G | LO,HI",
    help="Ground sample distance of the picture in metres, if known (one number: +-20 %).",
)
@click.option("--near", metavar="LAT,LON,KM", help="Search only within this distance of a place.")
@click.option(
    "--build-index",
    type=options.Output(dir_okay=False),
    help="Build or extend an index of the references, to search a large area; takes no IMAGE.",
)
@click.option(
    "--index",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Search the area of an index made with --build-index.",
)
@click.option(
    "--mirrored/--not-mirrored",
    default=True,
    show_default=True,
    help="Whether to search for the mirror image of the picture as well.",
)
@click.option(
    "--time",
    "when",
    metavar="T",
    help="Claimed time of acquisition (ISO 8601); needed for the STAC item.",
)
@click.option(
    "-o",
    "--output",
    type=options.Output(file_okay=False),
    help="Folder for locate.html, GeoTIFFs, QGIS points, world file, KMZ, GeoJSON, STAC item.",
)
@options.force_option
@options.budget_option
@options.json_option
def command(
    image: Path | None,
    references: tuple[str, ...],
    corners: "tuple[LonLat, ...]",
    build_index: Path | None,
    index: Path | None,
    gsd: str | None,
    near: str | None,
    mirrored: bool,
    when: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Place a picture on georeferenced imagery of the same or another date.

    Annotations drawn over the picture are ignored. Local features are compared with every
    reference, then the directions of edges, which also match imagery of other dates. A wrong --gsd
    or --near excludes the right place. No match is not evidence against a claimed place.

    \b
    Examples:
      imgcheck locate post.jpg --reference before.tif
      imgcheck locate post.jpg --reference archive/ --gsd 0.5 -o placed/
      imgcheck locate post.jpg --reference scene.tif --near 35.40,40.15,5 --json
      imgcheck locate --reference mosaics/ --build-index province.index
      imgcheck locate post.jpg --reference screenshot.png --corners \
          "35.41,40.14 35.41,40.16 35.39,40.16 35.39,40.14"
      imgcheck locate post.jpg --index province.index --gsd 5
    """
    if build_index is not None:
        if image is not None or index is not None or corners:
            raise UsageError(
                "--build-index only builds; search with: imgcheck locate IMAGE --index"
            )
        return _build(references, build_index)
    if image is None:
        raise UsageError("name the picture to place: imgcheck locate IMAGE --reference PATH")
    if bool(references) == (index is not None):
        raise UsageError(
            "give the imagery to place the picture on: --reference PATH or --index FILE"
        )
    from imgcheck.case import load_case, locate
    from imgcheck.publication import publish_located
    from imgcheck.report import location
    from imgcheck.report.location import document

    ours = options.replacing(force=force)
    if output is not None:
        ours.check_folder(output, ("locate.html", "locate.json"), page="locate.html")
    prior, time = _prior(gsd, near, mirrored), _time(when)
    with Progress(f"Placing {image.name}") as progress:
        case = load_case(image, references=references, corners=corners)
        found = locate(case, prior=prior, index=index, progress=progress)
        made = () if output is None else publish_located(found, output, time=time, replacing=ours)
    if as_json:
        print_document(document(found))
    else:
        click.echo(location.terminal(document(found).to_json(), width=columns()), nl=False)
        for one in made:
            if one.note:
                say(f"{one.name}: {one.note}.")
    if output is not None:
        said = document(found)
        shown = said.placed or (said.candidate is not None and said.candidate.reference is not None)
        page = output / ("locate.html" if shown else "locate.json")
        say(f"written: {page}", err=True)
    return 0


def _build(references: tuple[str, ...], index: Path) -> int:
    """Build an area index and print what it holds."""
    from imgcheck.geo import area

    if not references:
        raise UsageError("give the imagery to index: --reference PATH")
    with Progress(f"Indexing into {index.name}") as progress:
        built = area.build([_undated(g) for g in references], index, progress=progress)
    for path, reason in built.skipped:
        say(f"left out: {path.name}: {reason}", err=True)
    say(
        f"{index}: {built.sources} reference(s), {built.tiles} tiles "
        f"({built.made} made now), {built.size_bytes / 1e6:.0f} MB"
    )
    return 0


def _undated(given: str) -> Path:
    """Remove the date of ``PATH@DATE``: an index keeps none."""
    path, _, _ = given.rpartition("@")
    return Path(given) if not path or Path(given).exists() else Path(path)


def _prior(gsd: str | None, near: str | None, mirrored: bool) -> "Prior":
    from imgcheck.geo import Prior

    size = place = None
    if gsd is not None:
        values = options.numbers("--gsd", gsd, (1, 2))
        least, most = values if len(values) == 2 else (values[0], values[0])
        spread = _GSD_SPREAD if len(values) == 1 else 0.0
        size = (least * (1 - spread), most * (1 + spread))
    if near is not None:
        lat, lon, radius = options.numbers("--near", near, (3,))
        place = (lon, lat, radius)
    return Prior(gsd_m=size, near=place, mirrored=mirrored)


def _time(text: str | None) -> "Window | None":
    from imgcheck.model import Window

    try:
        return None if text is None else Window.parse(text)
    except ValueError as error:
        raise UsageError(f"--time: {error}") from error
