"""``imgcheck locate``: place a picture on reference imagery."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import say
from imgcheck.cli.progress import Progress
from imgcheck.errors import UsageError

if TYPE_CHECKING:
    from imgcheck.imaging.output import Replacing
    from imgcheck.model import Window
    from imgcheck.placing import Located, Search
    from imgcheck.placing.exports import Export

# A single --gsd is known to this share each way.
_GSD_SPREAD = 0.2


@click.command("locate")
@click.argument("image", type=click.Path(path_type=Path), required=False)
@options.reference_option
@click.option(
    "--gsd",
    metavar="G | LO,HI",
    help="Ground size of the picture's pixels in metres, where known (one number: +-20 %).",
)
@click.option(
    "--near", metavar="LAT,LON,KM", help="Search only within so many kilometres of a place."
)
@click.option(
    "--build-index",
    type=options.Output(dir_okay=False),
    help="Index the references for searching a big area, or go on with it; no IMAGE is needed.",
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
    help="Whether to try the picture as a mirror image, too.",
)
@click.option(
    "--time",
    "when",
    metavar="T",
    help="When it was taken, as claimed (ISO 8601); needed for the STAC item.",
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

    What was drawn over it is left out. References are tried by local features, then by the
    directions of edges, which other dates share. A prior that is wrong hides the right place.
    "Could not be placed" says nothing against a claimed place.

    \b
    Examples:
      imgcheck locate post.jpg --reference before.tif
      imgcheck locate post.jpg --reference archive/ --gsd 0.5 -o placed/
      imgcheck locate post.jpg --reference scene.tif --near 35.40,40.15,5 --json
      imgcheck locate --reference mosaics/ --build-index province.index
      imgcheck locate post.jpg --index province.index --gsd 5
    """
    from imgcheck.placing.document import document
    from imgcheck.report import placing

    if build_index is not None:
        if image is not None or index is not None:
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
    ours = options.replacing(force=force)
    if output is not None:
        ours.check_folder(output, ("locate.html", "locate.json"), page="locate.html")
    search, time = _search(gsd, near, mirrored), _time(when)
    with Progress(f"Placing {image.name}") as progress:
        found = _found(image, references, index, search, progress)
        made = () if output is None else _write(found, output, time, ours)
    said = document(found)
    if as_json:
        click.echo(json.dumps(said, indent=2, allow_nan=False))
    else:
        click.echo(placing.terminal(said, width=_width()), nl=False)
        for one in made:
            if one.note:
                say(f"{one.name}: {one.note}.")
    if output is not None:
        page = output / ("locate.html" if found.placed else "locate.json")
        say(f"written: {page}", err=True)
    return 0


def _found(
    image: Path,
    references: tuple[str, ...],
    index: Path | None,
    search: "Search",
    progress: Progress,
) -> "Located":
    """Search by the index, by one made on the way where a reference is large, or whole."""
    from imgcheck import placing
    from imgcheck.case import load_case

    if index is not None:
        return placing.locate_in_area(load_case(image), index, search=search, progress=progress)
    paths = [_undated(given) for given in references]
    if any(placing.is_large(path) for path in paths):
        return placing.locate_without_index(
            load_case(image), paths, search=search, progress=progress
        )
    case = load_case(image, references=references)
    return placing.locate(case, search=search, progress=progress)


def _undated(given: str) -> Path:
    """Take the date off ``PATH@DATE``: an index keeps none."""
    path, _, _ = given.rpartition("@")
    return Path(given) if not path or Path(given).exists() else Path(path)


def _build(references: tuple[str, ...], index: Path) -> int:
    """Build an index and say what it holds."""
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


def _write(
    found: "Located", folder: Path, time: "Window | None", ours: "Replacing"
) -> "tuple[Export, ...]":
    from imgcheck.publication import publish_located

    return publish_located(found, folder, time=time, replacing=ours)


def _search(gsd: str | None, near: str | None, mirrored: bool) -> "Search":
    from imgcheck.placing import Search

    size = place = None
    if gsd is not None:
        values = options.numbers("--gsd", gsd, (1, 2))
        size = (
            (values[0], values[1])
            if len(values) == 2
            else (values[0] * (1 - _GSD_SPREAD), values[0] * (1 + _GSD_SPREAD))
        )
    if near is not None:
        lat, lon, radius = options.numbers("--near", near, (3,))
        place = (lon, lat, radius)
    return Search(gsd_m=size, near=place, mirrored=mirrored)


def _time(text: str | None) -> "Window | None":
    from imgcheck.model import Window

    if text is None:
        return None
    try:
        return Window.parse(text)
    except ValueError as error:
        raise UsageError(f"--time: {error}") from error


def _width() -> int:
    import shutil

    return max(60, min(100, shutil.get_terminal_size((100, 24)).columns))
