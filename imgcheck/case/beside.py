"""The place of a reference as files beside it state it: world file, control points, KML overlay.

A picture under test is never placed by such files; a reference is, because the analyst chose it.
"""

import csv
import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgcheck.annotate import safe_xml
from imgcheck.errors import UnreadableError
from imgcheck.imaging.georeference import Georeference, crs_of, fit_affine
from imgcheck.imaging.intake import read_small
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.text import printable
from imgcheck.quantity import LonLat

#: Endings of pictures that a file beside them may place.
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
_WORLD = {".jpg": ".jgw", ".jpeg": ".jgw", ".png": ".pgw", ".tif": ".tfw", ".tiff": ".tfw"}
_MOST_BYTES = 16 << 20
_MOST_OVERLAY_BYTES = 512 << 20
# Control points may miss an affine map by this many pixels: what a careful hand reaches on a
# screen. A tilted view misses by more, and has no affine map.
_FIT_PX = 4.0
_LEAST_POINTS = 4
# Pixels of a picture on a screen are square; corners that begin at another one stretch them.
_MOST_STRETCH = 1.25


def stated_place(path: Path, size: tuple[int, int]) -> Georeference | None:
    """Return the place that files beside a picture of ``size`` (width, height) state, if any.

    Looked for in this order: ``NAME.kml`` with a ground overlay, ``NAME.points`` or
    ``NAME.ENDING.points`` of the QGIS georeferencer, a world file (``.jgw``, ``.pgw``, ``.tfw``,
    ``.wld``) whose CRS is in ``NAME.prj`` (WKT or ``EPSG:NUMBER``).

    Raises
    ------
    UnreadableError
        If such a file is there and cannot be used; it is named with the way out.
    """
    for found in files_beside(path):
        if found.suffix == ".kml":
            return _overlay(_read(found), found.name, size)[1]
        return _by_points(found) if found.suffix == ".points" else _by_world_file(found)
    return None


def files_beside(path: Path) -> tuple[Path, ...]:
    """Return the files beside a picture that may state its place, the first of which counts."""
    named = [path.with_suffix(".kml"), path.with_suffix(".points")]
    named += [path.with_name(f"{path.name}.points")]
    named += [path.with_suffix(e) for e in (_WORLD.get(path.suffix.lower()), ".wld") if e]
    return tuple(one for one in named if one.is_file())


def place_by_corners(corners: Sequence[LonLat], size: tuple[int, int], name: str) -> Georeference:
    """Return the place of a picture of ``size`` whose corners are given, clockwise from top left.

    Raises
    ------
    UnreadableError
        If no affine map has these corners, or one that mirrors or stretches the picture: they are
        in another order, or the view is tilted.
    """
    width, height = size
    pixels = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    places = np.array([(one.lon, one.lat) for one in corners], float)
    place = _fitted(pixels, places, "EPSG:4326", name)
    assert place.transform is not None  # of an affine map
    a, b, _, d, e, _ = place.transform
    shrunk = math.cos(math.radians(float(places[:, 1].mean())))
    stretch = math.hypot(a * shrunk, d) / math.hypot(b * shrunk, e)
    if a * e - b * d > 0 or not 1 / _MOST_STRETCH < stretch < _MOST_STRETCH:
        raise _problem(name, "its corners mirror or stretch it: give them clockwise, from top left")
    return place


def overlay_picture(path: Path) -> tuple[str, bytes]:
    """Return the name and the bytes of the picture of the ground overlay in a KMZ file."""
    name, document, files = _unpacked(path)
    href = _overlay(document, name, None)[0]
    if href not in files:
        raise _problem(path.name, f"its overlay {printable(href)} is not in the file")
    return href, files[href]


def overlay_place(path: Path, size: tuple[int, int]) -> Georeference:
    """Return the place of the ground overlay in a KMZ file, for a picture of ``size``."""
    name, document, _ = _unpacked(path)
    place = _overlay(document, name, size)[1]
    assert place is not None  # only without a size there is none
    return place


def _read(path: Path) -> bytes:
    return read_small(path, most_bytes=_MOST_BYTES)


def _problem(name: str, what: str) -> UnreadableError:
    return UnreadableError(f"{printable(name)}: {what}", file=printable(name))


def _unpacked(path: Path) -> tuple[str, bytes, dict[str, bytes]]:
    """Return name and content of the KML in a KMZ file, and its other files."""
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MOST_OVERLAY_BYTES:
                raise _problem(path.name, f"unpacks to more than {_MOST_OVERLAY_BYTES >> 20} MiB")
            files = {one.filename: packed.read(one) for one in packed.infolist()}
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise _problem(path.name, f"is not a KMZ file: {error}") from None
    named = [name for name in files if name.lower().endswith(".kml")]
    if not named:
        raise _problem(path.name, "is a KMZ file without a KML document")
    return path.name, files[named[0]], files


def _overlay(
    document: bytes, name: str, size: tuple[int, int] | None
) -> tuple[str, Georeference | None]:
    """Return the picture of the first ground overlay, and its place where its size is known."""
    try:
        root = safe_xml.parse(document)
    except ValueError as error:
        raise _problem(name, str(error)) from None
    found = next((one for one in root.iter() if _tag(one.tag) == "GroundOverlay"), None)
    if found is None:
        raise _problem(name, "holds no GroundOverlay, only that places a picture")
    texts = {_tag(one.tag): (one.text or "").strip() for one in found.iter()}
    href = texts.get("href", "")
    if size is None:
        return href, None
    try:
        if "LatLonQuad" in texts:
            corners = [
                tuple(float(v) for v in pair.split(",")[:2])
                for pair in texts.get("coordinates", "").split()
            ]
            width, height = size
            pixels = [(0, height), (width, height), (width, 0), (0, 0)]
            return href, _fitted(np.array(pixels, float), np.array(corners), "EPSG:4326", name)
        north, south, east, west = (float(texts[k]) for k in ("north", "south", "east", "west"))
        if abs(float(texts.get("rotation") or 0)) > 1e-9:
            raise _problem(
                name, "its overlay is turned; export it with a LatLonQuad, or set the rotation to 0"
            )
    except (KeyError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise _problem(name, f"its GroundOverlay states no usable box ({error})") from None
    if not (-90 <= south < north <= 90 and west < east):
        raise _problem(name, "the box of its GroundOverlay encloses nothing")
    across, down = (east - west) / size[0], (south - north) / size[1]
    return href, Georeference(crs="EPSG:4326", transform=(across, 0.0, west, 0.0, down, north))


def _tag(name: str) -> str:
    return name.rpartition("}")[2]


def _by_world_file(path: Path) -> Georeference:
    """Read the six numbers of a world file: the map of pixel centres (ESRI)."""
    try:
        values = [float(row) for row in _read(path).decode("ascii").split()]
        a, d, b, e, x, y = values
    except ValueError:
        raise _problem(path.name, "is no world file: six numbers are needed") from None
    prj = path.with_suffix(".prj")
    if not prj.is_file():
        raise _problem(
            path.name, f"states no CRS; write it into {printable(prj.name)}, such as EPSG:32637"
        )
    crs = _crs(_read(prj).decode("utf-8", "replace"), prj.name)
    corner = (x - (a + b) / 2, y - (d + e) / 2)
    return Georeference(crs=crs, transform=(a, b, corner[0], d, e, corner[1]))


def _by_points(path: Path) -> Georeference:
    """Read control points as the QGIS georeferencer writes them."""
    text = _read(path).decode("utf-8-sig", "replace")
    first, _, rest = text.partition("\n")
    if not first.startswith("#CRS:"):
        raise _problem(path.name, 'states no CRS; its first line must be "#CRS: WKT" (QGIS 3.26)')
    crs = _crs(first.removeprefix("#CRS:"), path.name)
    try:
        rows = [row for row in csv.DictReader(io.StringIO(rest)) if row.get("enable", "1") != "0"]
        x, y = ("sourceX", "sourceY") if rows and "sourceX" in rows[0] else ("pixelX", "pixelY")
        pixels = np.array([(float(row[x]), -float(row[y])) for row in rows])
        places = np.array([(float(row["mapX"]), float(row["mapY"])) for row in rows])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise _problem(path.name, f"is no list of control points of QGIS ({error})") from None
    if len(pixels) < _LEAST_POINTS:
        raise _problem(path.name, f"has {len(pixels)} control points; {_LEAST_POINTS} are needed")
    return _fitted(pixels, places, crs, path.name)


def _fitted(pixels: Float64, places: Float64, crs: str, name: str) -> Georeference:
    """Return the affine map of control points; refuse points that none fits within `_FIT_PX`."""
    if places.shape != pixels.shape:
        raise _problem(name, "its control points are incomplete")
    fitted = fit_affine(np.hstack([pixels, places]))
    if fitted is None:
        raise _problem(name, "its control points lie on one line, or are no numbers")
    transform, worst = fitted
    if worst > _FIT_PX:
        raise _problem(
            name,
            f"its control points miss an affine map by up to {worst:.0f} px, {_FIT_PX:.0f} are "
            "accepted: check them, or rectify the picture first",
        )
    return Georeference(crs=crs, transform=transform)


def _crs(text: str, name: str) -> str:
    found, problem = crs_of(text.strip())
    if found is None:
        raise _problem(name, problem or "states no coordinate reference system")
    return found
