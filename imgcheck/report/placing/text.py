"""The answer of ``imgcheck locate`` for a terminal: short sentences that can be read aloud."""

import textwrap
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from imgcheck.quantity import distance, significant
from imgcheck.report.plain import line

WAYS = {
    "fast": "by matching local features",
    "structural": "by matching the directions of edges",
}
RELATIONS = {
    "same": "It is the reference's own picture.",
    "derived": "It is a copy of the reference's own picture, cut, turned, scaled or drawn on.",
    "same-capture": "It looks like a picture of the same pass, seconds from the reference.",
    "same-place": "It shows the place of the reference at another time.",
    "undetermined": "Whether it is the reference's own acquisition or of another date is "
    "undetermined.",
}
COMPASS = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip


def terminal(said: dict[str, Any], *, width: int = 100) -> str:
    """Lay the document of `imgcheck.placing.document` out for a terminal."""
    sentences = list(_placed(said) if said["placed"] else _not_placed(said))
    lines = []
    for sentence in sentences:
        lines += textwrap.wrap(sentence, width) if not sentence.startswith("  ") else [sentence]
    return "\n".join(lines) + "\n"


def _not_placed(said: dict[str, Any]) -> Iterator[str]:
    yield f"{line(said['input']['name'])} could not be placed: {line(said['reason'])}."
    yield "No match is not evidence for or against a claimed place."
    if len(said["tried"]) > 1:
        yield "Tried:"
        for one in said["tried"][:20]:
            yield f"  {line(one['reference']['id'], limit=60)}: {line(one['reason'], limit=300)}"


def _placed(said: dict[str, Any]) -> Iterator[str]:
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    yield (
        f"{line(said['input']['name'])} was placed on the reference {reference_name(said)} "
        f"{WAYS[said['path']]}."
    )
    major, minor, angle = said["ellipse_m"]
    within = distance(major, 2)
    if major > 1.2 * minor:
        within += f" by {distance(minor, 2)} (the long way {way(angle)})"
    yield (
        f"Its centre is {lat:.6f}, {lon:.6f} (latitude, longitude), to within {within} with 95 % "
        "confidence relative to the reference, whose own error is not known."
    )
    north = said["north_deg"]
    turned = "" if north is None else f" North is {north:.1f} degrees clockwise from up."
    yield f"A pixel is {metres(said['gsd_m'])} on the ground.{turned}"
    yield f"The picture covers {area(said['area_m2'])}; its edges are {_edges(said)}."
    yield RELATIONS[said["relation"]]
    chance = said["false_match_probability"]
    if chance is not None:
        yield f"The probability of a false match is {likelihood(chance)}."
    for note in said["notes"]:
        yield f"Note: {note}."
    yield "The ground is taken as flat."
    yield "To look further (nothing was opened):"
    for name, address in links(said):
        yield f"  {name}: {address}"


def reference_name(said: dict[str, Any]) -> str:
    """Name the file of the reference and its date."""
    reference = said["reference"]
    path, date = reference["path"] or reference["id"], reference["date"]
    dated = "date not stated" if date is None else f"dated {line(date, limit=60)}"
    return f"{line(PurePath(path).name, limit=120)} ({dated})"


def _edges(said: dict[str, Any]) -> str:
    return ", ".join(f"{metres(length)} ({name})" for name, length in said["edges_m"].items())


def metres(value: float) -> str:
    """Give a length with three digits."""
    return distance(value)


def area(value: float) -> str:
    """Give an area with three digits."""
    if value >= 1e5:
        return f"{significant(value / 1e6)} square kilometres"
    return f"{significant(value)} square metres"


def likelihood(chance: float) -> str:
    """Say a probability; what lies far below anything that was measured is not spelt out."""
    if chance < 1e-6:
        return "less than one in a million, by the model of chance"
    return f"at most {significant(100 * chance, 1)} %"


def way(angle: float) -> str:
    """Name both ends of a direction: "north-east to south-west"."""
    index = round((angle % 180) / 45) % 4
    return f"{COMPASS[index]} to {COMPASS[(index + 4) % 8]}"


def links(said: dict[str, Any]) -> list[tuple[str, str]]:
    """Give addresses that show the place elsewhere; they are made of numbers alone."""
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    at = f"{lat:.6f},{lon:.6f}"
    return [
        ("OpenStreetMap", f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=16/"
         f"{lat:.6f}/{lon:.6f}"),
        ("Copernicus Browser", f"https://browser.dataspace.copernicus.eu/?zoom=15&lat={lat:.6f}"
         f"&lng={lon:.6f}"),
        ("SunCalc", f"https://www.suncalc.org/#/{at},16"),
    ]  # fmt: skip
