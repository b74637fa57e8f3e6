"""``imgcheck locate``: place a picture on reference imagery."""

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.progress import Progress
from imgcheck.errors import UsageError

if TYPE_CHECKING:
    from imgcheck.model import Window
    from imgcheck.placing import Located, Search
    from imgcheck.placing.exports import Export

# A single --gsd is known to this share each way.
_GSD_SPREAD = 0.2


@click.command("locate")
@click.argument("image", type=click.Path(path_type=Path))
@options.reference_option
@click.option(
    "--gsd",
    metavar="G | LO,HI",
    help="Ground size of the picture's pixels in metres, where known (one number: +-20 %).",
)
@click.option(
    "--near", metavar="LAT,LON,KM", help="Search only within so many kilometres of a place."
)
@click.option("--mirrored", is_flag=True, help="Also try the picture as a mirror image.")
@click.option(
    "--time",
    "when",
    metavar="T",
    help="When it was taken, as claimed (ISO 8601); needed for the STAC item.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for locate.html, GeoTIFFs, QGIS points, world file, KMZ, GeoJSON, STAC item.",
)
@options.json_option
def command(
    image: Path,
    references: tuple[str, ...],
    gsd: str | None,
    near: str | None,
    mirrored: bool,
    when: str | None,
    output: Path | None,
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
    """
    from imgcheck.intake import load_case
    from imgcheck.placing import locate
    from imgcheck.placing.document import document
    from imgcheck.render import placing

    if not references:
        raise UsageError("give the imagery to place the picture on: --reference PATH")
    search, time = _search(gsd, near, mirrored), _time(when)
    name = Path(os.fsencode(image).decode("utf-8", "replace")).name
    with Progress(f"Placing {name}") as progress:
        case = load_case(image, references=references)
        found = locate(case, search=search, progress=progress)
        made = () if output is None else _write(found, output, time)
    said = document(found)
    if as_json:
        click.echo(json.dumps(said, indent=2, allow_nan=False))
    else:
        click.echo(placing.terminal(said, width=_width()), nl=False)
        for one in made:
            if one.note:
                click.echo(f"{one.name}: {one.note}.")
    if output is not None:
        from imgcheck.imaging.text import printable

        page = output / ("locate.html" if found.placed else "locate.json")
        click.echo(f"written: {printable(str(page))}", err=True)
    return 0


def _write(found: "Located", folder: Path, time: "Window | None") -> "tuple[Export, ...]":
    from imgcheck.publish import publish_located

    return publish_located(found, folder, time=time)


def _search(gsd: str | None, near: str | None, mirrored: bool) -> "Search":
    from imgcheck.placing import Search

    size = place = None
    if gsd is not None:
        values = _numbers("--gsd", gsd, (1, 2))
        size = (
            (values[0], values[1])
            if len(values) == 2
            else (values[0] * (1 - _GSD_SPREAD), values[0] * (1 + _GSD_SPREAD))
        )
    if near is not None:
        lat, lon, radius = _numbers("--near", near, (3,))
        place = (lon, lat, radius)
    return Search(gsd_m=size, near=place, mirrored=mirrored)


def _numbers(name: str, text: str, counts: tuple[int, ...]) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in counts or not all(math.isfinite(v) for v in values):
        wanted = " or ".join(str(count) for count in counts)
        raise UsageError(f'{name}: "{text}" is not {wanted} number(s) with commas between')
    return values


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
