"""The result of ``imgcheck locate`` in words, and as terminal text."""

import textwrap
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from imgcheck.model import Window
from imgcheck.quantity import distance, significant
from imgcheck.report.formatting import line

WAYS = {
    "fast": "by matching local features",
    "structural": "by matching edge directions",
}
RELATIONS = {
    "same": "It has the same pixels as the reference.",
    "derived": "It is a copy of the reference that was cropped, rotated, scaled or drawn on.",
    "same-capture": "It appears to be from the same pass as the reference, seconds apart.",
    "same-place": "It shows the same place as the reference at another time.",
    "undetermined": "Whether it is from the same acquisition as the reference or from another date "
    "could not be determined.",
}
COMPASS = (
    "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west",
)  # fmt: skip


def terminal(said: dict[str, Any], *, width: int = 100) -> str:
    """Return the document of `imgcheck.report.locate_document` as terminal text."""
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
        f"{line(said['input']['name'])} was registered to the reference {reference_name(said)} "
        f"{WAYS[said['path']]}."
    )
    yield f"Its centre is at {lat:.6f}, {lon:.6f} (latitude, longitude), {accuracy(said)}."
    north = said["north_deg"]
    turned = "" if north is None else f" North is {north:.1f} degrees clockwise from up."
    yield f"A pixel is {distance(said['gsd_m'])} on the ground.{turned}"
    yield f"The picture covers {area(said['area_m2'])}; its edges are {_edges(said)}."
    yield RELATIONS[said["relation"]]
    probability = said["false_match_probability"]
    if probability is not None:
        yield f"The probability of a false match is {likelihood(probability)}."
    for note in said["notes"]:
        yield f"Note: {note}."
    yield "The ground is assumed to be flat."
    yield "To look further (nothing was opened):"
    for name, address in links(said):
        yield f"  {name}: {address}"


def accuracy(said: dict[str, Any]) -> str:
    """Return the error of the centre, no finer than a pixel on the ground."""
    major, minor, angle = said["ellipse_m"]
    pixel = said["gsd_m"]
    if major < pixel:
        within = f"one pixel ({distance(pixel, 2)})"
    elif major > 1.2 * max(minor, pixel):
        within = f"{distance(major, 2)} {way(angle)} and {distance(minor, 2)} across"
    else:
        within = distance(major, 2)
    return (
        f"accurate to {within} at 95 % confidence relative to the reference, whose own error is "
        "not known"
    )


def reference_name(said: dict[str, Any]) -> str:
    """Return the file name of the reference and its date."""
    reference = said["reference"]
    path, date = reference["path"] or reference["id"], reference["date"]
    dated = "date not stated" if date is None else f"dated {Window.parse(date).words}"
    return f"{line(PurePath(path).name, limit=120)} ({dated})"


def _edges(said: dict[str, Any]) -> str:
    return ", ".join(f"{distance(length)} ({name})" for name, length in said["edges_m"].items())


def area(value: float) -> str:
    """Return an area with three digits."""
    return f"{significant(value / 1e6)} km²" if value >= 1e5 else f"{significant(value)} m²"


def likelihood(probability: float) -> str:
    """Return a probability in words; far below anything that was measured it is not spelt out."""
    if probability < 1e-6:
        return "less than one in a million (computed from a chance model, not measured)"
    return f"at most {significant(100 * probability, 1)} %"


def way(angle: float) -> str:
    """Return both ends of a direction: "north-east to south-west"."""
    index = round((angle % 180) / 45) % 4
    return f"{COMPASS[index]} to {COMPASS[(index + 4) % 8]}"


def links(said: dict[str, Any]) -> list[tuple[str, str]]:
    """Return addresses that show the place elsewhere; they are made of numbers alone."""
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    at = f"{lat:.6f},{lon:.6f}"
    return [
        ("OpenStreetMap", f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=16/"
         f"{lat:.6f}/{lon:.6f}"),
        ("Copernicus Browser", f"https://browser.dataspace.copernicus.eu/?zoom=15&lat={lat:.6f}"
         f"&lng={lon:.6f}"),
        ("SunCalc", f"https://www.suncalc.org/#/{at},16"),
    ]  # fmt: skip
