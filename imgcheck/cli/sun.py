"""``imgcheck sun``: the sun at a place and time, and the times that a shadow allows."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgcheck.cli import options
from imgcheck.cli.printing import say

if TYPE_CHECKING:
    from imgcheck.sun import Shadow

Pair = tuple[float, float]


def _pair(name: str, text: str | None) -> Pair | None:
    if text is None:
        return None
    first, second = options.numbers(name, text, (2,))
    return first, second


@click.command("sun")
@click.option("--at", "place", required=True, metavar="LAT,LON", help="Place, decimal degrees.")
@click.option("--time", "when", metavar="T", help="Claimed time with its zone (ISO 8601).")
@click.option(
    "--azimuth", metavar="V,SIGMA", help="Measured direction towards the sun, degrees from north."
)
@click.option(
    "--shadow-azimuth", metavar="V,SIGMA", help="Measured direction in which the shadow points."
)
@click.option(
    "--ratio",
    metavar="V,SIGMA",
    help="Horizontal length of the shadow divided by the height of the object.",
)
@click.option(
    "--slope",
    metavar="SIGMA | GRADIENT,ASPECT[,SIGMA]",
    help="Standard error of level ground in degrees (default 2); or the slope in degrees, the "
    "direction of descent, and the error.",
)
@click.option(
    "--lean",
    type=float,
    help="Standard deviation of the object from the vertical, degrees (default 1.5).",
)
@click.option("--view", type=float, default=0.0, help="Off-nadir angle of the view, degrees.")
@click.option(
    "--window", metavar="A/B", help="Dates searched, UTC; default: the year of the claimed time."
)
@click.option("--rival", metavar="T", help="Alternative time to compare --time with.")
@click.option(
    "-o",
    "--output",
    type=options.Output(dir_okay=False),
    help="Write the sun diagram of the day to this .svg or .html file.",
)
@options.force_option
@options.json_option
def command(
    place: str,
    when: str | None,
    azimuth: str | None,
    shadow_azimuth: str | None,
    ratio: str | None,
    slope: str | None,
    lean: float | None,
    view: float,
    window: str | None,
    rival: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Compute the sun's position at a time, or the dates and times that a measured shadow allows.

    Ground is assumed to be level within 2 degrees and objects to be upright within 1.5 degrees
    (standard deviations) unless --slope and --lean are given.

    Dates of a window without a time zone are in UTC. Mirror dates are listed, too: the sun takes
    the same path on the other side of the solstice.

    \b
    Examples:
      imgcheck sun --at 50.5418,30.2302 --time 2022-03-19T09:08:31Z
      imgcheck sun --at 50.5418,30.2302 --time 2022-03-19T09:08:31Z --azimuth 161,1.5 \\
          --window 2022-03-01/2022-04-15 --rival 2022-04-01T11:57Z -o day.html
    """
    from imgcheck.quantity import LonLat
    from imgcheck.report import sun_times

    lat, lon = options.numbers("--at", place, (2,))
    at = LonLat(lon=lon, lat=lat)
    pairs = {
        "azimuth": _pair("--azimuth", azimuth),
        "shadow_azimuth": _pair("--shadow-azimuth", shadow_azimuth),
        "ratio": _pair("--ratio", ratio),
    }
    document, found = sun_times.compute(
        at, time=when, window=window, rival=rival, **pairs, **_errors(slope, lean, view)
    )
    if output is not None:
        from imgcheck.imaging.output import write_output
        from imgcheck.report.sun_diagram import draw

        as_page = output.suffix.lower() in (".html", ".htm")
        claimed, other = sun_times.moment("time", when), sun_times.moment("rival", rival)
        picture = draw(at, claimed=claimed, rival=other, found=found, as_page=as_page, **pairs)
        write_output(output, picture, replacing=options.replacing(force=force))
        say(f"diagram: {output}", err=True)
    click.echo(document.dumps() if as_json else sun_times.terminal(document), nl=False)
    return 0


def _errors(slope: str | None, lean: float | None, view: float) -> "Shadow":
    """Return the errors of ground, object and view as far as they are stated."""
    found: Shadow = {"view_deg": view}
    if lean is not None:
        found["lean_sigma_deg"] = lean
    if slope is not None:
        values = options.numbers("--slope", slope, (1, 2, 3))
        if len(values) != 2:
            found["slope_sigma_deg"] = values[-1]
        if len(values) > 1:
            found["slope"] = (values[0], values[1])
    return found
