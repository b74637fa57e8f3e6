"""Options that several commands share."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgcheck.errors import UsageError
from imgcheck.imaging.output import Replacing

if TYPE_CHECKING:
    from imgcheck.quantity import LonLat


class Output(click.Path):
    """A path that is written; every other path of a command is read."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(path_type=Path, **rest)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")

exit_zero_option = click.option(
    "--exit-zero", is_flag=True, help="Exit with status 0 even if a statement is contradicted."
)

claim_option = click.option(
    "--claim",
    type=click.Path(path_type=Path),
    help="Claim file with the statements to test: YAML or JSON (docs/claim.md).",
)

reference_option = click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="PATH[@DATE]",
    help="Georeferenced image, or a folder of images with items.json; may be repeated.",
)


def _read_corners(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> "tuple[LonLat, ...]":
    """Read the four corners of a reference; the place of one is checked, their order later."""
    if value is None:
        return ()
    from imgcheck.quantity import LonLat

    try:
        pairs = [numbers("--corners", pair, (2,)) for pair in value.split()]
    except UsageError:
        pairs = []
    if len(pairs) != 4 or not all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in pairs):
        raise UsageError(
            f'--corners: "{value}" is not four pairs LAT,LON, clockwise from the top left corner: '
            '"35.41,40.14 35.41,40.16 35.39,40.16 35.39,40.14"'
        )
    return tuple(LonLat(lon=lon, lat=lat) for lat, lon in pairs)


corners_option = click.option(
    "--corners",
    metavar='"LAT,LON ... (4)"',
    callback=_read_corners,
    help="Corners of the one reference, if it is a picture without a place of its own, such as a "
    "screenshot: clockwise from top left.",
)

index_option = click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="Index of known pictures, created with 'imgcheck index add'.",
)

annotations_option = click.option(
    "--annotations",
    type=click.Path(path_type=Path),
    help="Objects marked in the picture (any format of 'imgcheck annotate convert'); those that a "
    "person accepted or rejected decide in place of a detector.",
)

case_option = click.option(
    "--case",
    "case_folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Case folder ('imgcheck case init'): store picture and report there and log both.",
)

output_option = click.option(
    "-o",
    "--output",
    type=Output(file_okay=False),
    help="Folder for report.html, report.json and evidence pictures.",
)


force_option = click.option(
    "--force", is_flag=True, help="Overwrite files that imgcheck did not write."
)


def replacing(*, force: bool) -> Replacing:
    """Return what the outputs of the running command may replace: none of its inputs."""
    context = click.get_current_context()
    found: list[Path] = []
    for parameter in context.command.params:
        if not isinstance(parameter.type, Output):
            found += _paths(context.params.get(parameter.name or ""))
    for given in context.params.get("references") or ():
        found += [Path(given), Path(given.rpartition("@")[0])]  # PATH, or PATH@DATE
    return Replacing(inputs=tuple(found), force=force)


def _paths(value: Any) -> Iterator[Path]:
    values = value if isinstance(value, tuple) else (value,)
    return (one for one in values if isinstance(one, Path))


def _set_budget(ctx: click.Context, param: click.Parameter, value: float | None) -> None:
    """Set the budget for everything that opens a picture, while the command runs."""
    if value is None:
        return
    from imgcheck.imaging.limits import BUDGET_VARIABLE

    before = os.environ.get(BUDGET_VARIABLE)
    os.environ[BUDGET_VARIABLE] = f"{value:g}"

    def restore() -> None:
        if before is None:
            os.environ.pop(BUDGET_VARIABLE, None)
        else:
            os.environ[BUDGET_VARIABLE] = before

    ctx.call_on_close(restore)


budget_option = click.option(
    "--max-megapixels",
    type=click.FloatRange(0, 100_000, min_open=True),
    expose_value=False,
    callback=_set_budget,
    help="Largest picture to decode, in megapixels (default: 100); the limits of memory and time "
    "scale with it. IMGCHECK_MAX_MEGAPIXELS sets it for all commands.",
)


def numbers(name: str, text: str, counts: tuple[int, ...]) -> tuple[float, ...]:
    """Parse finite numbers separated by commas; ``counts`` are the accepted numbers of them."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in counts or not all(math.isfinite(v) for v in values):
        wanted = " or ".join(str(count) for count in counts)
        raise UsageError(f'{name}: "{text}" is not {wanted} number(s) separated by commas')
    return values
