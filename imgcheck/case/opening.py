"""Open what a case needs: the picture, the claim, dated references and the index.

The date of a reference is read from the option (``PATH@DATE``), a STAC-like ``items.json``
beside it, or its TIFF date tag; it is never guessed from a file name.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from imgcheck import provenance
from imgcheck.annotation import AnnotatedPicture
from imgcheck.case import beside
from imgcheck.case.reading import Inspection, read
from imgcheck.case.workbench import Case, Reference
from imgcheck.errors import ImgcheckError, UnreadableError, UsageError
from imgcheck.imaging import Image, Limits
from imgcheck.imaging.intake import IS_ADDRESS, SIDECAR, FilePath, is_address, path_of, read_small
from imgcheck.imaging.limits import default_limits, reference_limits
from imgcheck.imaging.text import printable
from imgcheck.model import Claim, Window
from imgcheck.quantity import LonLat

_SIDECAR_BYTES = 4 << 20
_RASTERS = (".tif", ".tiff", ".jp2", ".kmz")


def load_case(
    picture: Case | FilePath,
    *,
    claim: Claim | FilePath | None = None,
    references: FilePath | Sequence[FilePath] = (),
    corners: Sequence[LonLat] = (),
    index: FilePath | None = None,
    annotations: FilePath | None = None,
    limits: Limits | None = None,
) -> Case:
    """Open everything a case needs.

    Parameters
    ----------
    picture : path or Case
        The posted picture. A case is returned as it is; nothing can be added to it.
    claim : Claim or path, optional
    references : path or sequence of path
        Georeferenced images, or folders of them. ``PATH@2017-09-01`` states a date.
    corners : sequence of LonLat, optional
        The four corners of the one reference, a picture without a place of its own, clockwise from
        top left.
    index : path, optional
        Index of known pictures.
    annotations : path, optional
        Objects marked in the picture, in a format of `imgcheck.annotate.FORMATS`. Those that a
        person accepted or rejected decide in place of a detector.
    limits : Limits, optional
        What the picture may cost; by default 100 megapixels. References have limits of their own.

    Raises
    ------
    WrongTypeError
        If an argument is not a path.
    UnreadableError, RefusedError
        If a file cannot be opened; the message names it.
    ClaimError
        If the claim cannot be parsed.
    UsageError
        If something is to be added to a case.
    """
    if isinstance(picture, Case):
        if (
            claim is not None
            or references
            or corners
            or any(v is not None for v in (index, annotations, limits))
        ):
            raise UsageError(
                "a Case already has its claim, references, index and annotations: pass them to "
                "load_case instead"
            )
        return picture
    picture = path_of(picture, "the picture")
    if isinstance(references, (str, bytes, os.PathLike)):
        references = (references,)
    if claim is not None and not isinstance(claim, Claim):
        claim = Claim.load(path_of(claim, "the claim"))
    if index is not None and not path_of(index, "the index").is_file():
        name = Path(index).name
        raise UnreadableError(
            f"{name}: no such index; make one with: imgcheck index add {name} FOLDER", file=name
        )
    given = [path_of(one, "a reference") for one in references]
    if corners:
        found = [_with_corners(given, corners)]
    else:
        found = [one for path in given for one in _references(path)]
    image = Image.open(picture, limits=limits or default_limits())
    marked, source = (None, None) if annotations is None else _marked(annotations, image)
    return Case(
        image=image,
        claim=claim or Claim(),
        references=_with_unique_ids(found),
        index=None if index is None else Path(index),
        annotations=marked,
        annotations_file=source,
    )


def _marked(given: FilePath, image: Image) -> tuple[AnnotatedPicture, tuple[str, str] | None]:
    """Read what is marked in a picture, and the name and hash of the file."""
    from imgcheck import annotate

    path = path_of(given, "the annotations")
    marked = annotate.of_picture(annotate.read(path, picture=image), image, name=path.name)
    if path.is_dir():
        return marked, None
    return marked, (path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def inspect(
    picture: Case | Image | FilePath,
    *,
    limits: Limits | None = None,
    trust: provenance.TrustList | None = None,
    second_reader: "provenance.ExifTool | None" = None,
) -> Inspection:
    """Read structure, last save, metadata, times, credentials and platform traces of a file.

    Parameters
    ----------
    picture : path, Image or Case
    limits : Limits, optional
        What a file that is opened may cost; fields are read even if its pixels are over the budget.
    trust : TrustList, optional
        Whose content credentials count as trusted; by default the lists that the user imported.
    second_reader : ExifTool, optional
        Its readings are kept beside ours where the two differ on a standard tag. Checks never use
        one: their results must not depend on what else is installed.

    Raises
    ------
    WrongTypeError
        If the picture is not a path.
    UnreadableError, RefusedError
        If the file cannot be opened; the message names it.

    Notes
    -----
    A tag contains what a person or a program wrote; nothing is judged here. Pixels are decoded only
    to compare the picture with those embedded in its file.
    """
    if isinstance(picture, Case) and trust is None and second_reader is None:
        return picture.file
    if isinstance(picture, Case):
        image = picture.image
    elif isinstance(picture, Image):
        image = picture
    else:
        path = path_of(picture, "the picture")
        image = Image.open(path, limits=limits or replace(default_limits(), undecoded=True))
    return read(image, trust=trust, second_reader=second_reader)


def _with_unique_ids(references: list[Reference]) -> tuple[Reference, ...]:
    seen: dict[str, int] = {}
    unique = []
    for one in references:
        seen[one.id] = seen.get(one.id, 0) + 1
        name = one.id if seen[one.id] == 1 else f"{one.id}-{seen[one.id]}"
        unique.append(replace(one, id=name))
    return tuple(sorted(unique, key=_by_date))


def _by_date(reference: Reference) -> tuple[bool, str, str]:
    when = "" if reference.date is None else reference.date.earliest.isoformat()
    return reference.date is None, when, reference.id


def _references(given: Path) -> Iterator[Reference]:
    path, stated = _split_date(given)
    if not path.exists():
        what = IS_ADDRESS if is_address(given) else "no such reference"
        raise UnreadableError(f"{path.name}: {what}", file=path.name)
    if not path.is_dir():
        yield open_dated(path, stated, sidecar(path.parent))
        return
    if stated is not None:
        raise UsageError(f"{path.name} is a folder: give a date to each file, PATH@DATE")
    items = sidecar(path)
    rasters = sorted(p for p in path.iterdir() if p.is_file() and _is_reference(p))
    if not rasters:
        raise UnreadableError(
            f"{path.name}: holds no reference image ({', '.join(_RASTERS)}, or a picture with a "
            "world file, control points or a KML overlay beside it)",
            file=path.name,
        )
    for raster in rasters:
        yield open_dated(raster, None, items)


def _is_reference(path: Path) -> bool:
    """Return whether a file of a folder of references is one: others lie there, too."""
    ending = path.suffix.lower()
    return ending in _RASTERS or (ending in beside.PICTURES and beside.files_beside(path) != ())


def _with_corners(given: Sequence[Path], corners: Sequence[LonLat]) -> Reference:
    """Open the one reference that its user places by its four corners."""
    path, stated = _split_date(given[0]) if len(given) == 1 else (Path(), None)
    if not path.is_file():
        raise UsageError("corners belong to one reference that is a picture: give that alone")
    image = Image.open(path, limits=reference_limits())
    if image.header.geotagged:
        raise UsageError(f"{printable(path.name)}: states its own place; give no corners")
    size = (image.header.width, image.header.height)
    image.state_place(beside.place_by_corners(corners, size, path.name))
    found = _dated(path, image, stated, sidecar(path.parent))
    return replace(found, notes=("placed by the four corners that its user gave",))


def _split_date(given: Path) -> tuple[Path, Window | None]:
    """Split ``PATH@DATE``; an @ in the name of an existing file belongs to the name."""
    path, at, date = str(given).rpartition("@")
    if not at or given.exists():
        return given, None
    try:
        return Path(path), Window.parse(date)
    except ValueError as error:
        raise UsageError(f"--reference {given.name}: {error}") from error


def sidecar(folder: Path) -> dict[str, dict[str, Any]]:
    """Read ``items.json``: a list of STAC-like items, each with its ``asset``."""
    path = folder / SIDECAR
    if not path.is_file():
        return {}
    data = read_small(path, most_bytes=_SIDECAR_BYTES)
    try:
        items = json.loads(data)
        return {str(item["asset"]): item for item in items}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableError(
            f'{SIDECAR}: is not a list of items with "asset" and "datetime": {error}',
            file=SIDECAR,
        ) from error


def open_dated(path: Path, stated: Window | None, items: dict[str, dict[str, Any]]) -> Reference:
    """Open an image with its date: as stated, from the sidecar, or from its TIFF date tag."""
    return _dated(path, _opened(path), stated, items)


def _dated(
    path: Path, image: Image, stated: Window | None, items: dict[str, dict[str, Any]]
) -> Reference:
    date, source, reason = stated, "option", None
    if path.name in items:
        _check_footprint(items[path.name], image)
    if date is None and path.name in items:
        date, source, reason = date_of_item(items[path.name])
    if date is None:
        tagged = _tagged_date(image)
        if tagged is not None:
            date, source, reason = tagged, "tag", None
    if date is None:
        reason = reason or "no date in items.json, in the file's tags or in the option"
        return Reference(id=path.stem, image=image, date_reason=reason)
    return Reference(id=path.stem, image=image, date=date, date_source=source)


def _opened(path: Path) -> Image:
    """Open a reference, placed by its own tags or by files beside it."""
    if path.suffix.lower() == ".kmz":
        name, data = beside.overlay_picture(path)
        image = Image.from_bytes(data, name=f"{path.name}/{name}", limits=reference_limits())
        image.state_place(beside.overlay_place(path, (image.header.width, image.header.height)))
        return image
    image = Image.open(path, limits=reference_limits())
    if not image.header.geotagged:
        place = beside.stated_place(path, (image.header.width, image.header.height))
        if place is not None:
            image.state_place(place)
    return image


def _check_footprint(item: dict[str, Any], image: Image) -> None:
    """Refuse an item whose ``bbox`` (west, south, east, north) does not cover its raster."""
    box, georeference = item.get("bbox"), image.georeference
    if box is None or georeference is None:
        return
    name = str(item.get("id", item.get("asset")))
    try:
        numbers = [float(value) for value in box]
        west, south, east, north = numbers if len(numbers) == 4 else (*numbers[:2], *numbers[3:5])
    except (TypeError, ValueError) as error:
        raise UnreadableError(
            f"{SIDECAR}: {name}: bbox must be four numbers (west, south, east, north), not {box!r}",
            file=SIDECAR,
        ) from error
    x, y = (np.linspace(0.1, 0.9, 9) * side for side in (image.width, image.height))
    lon, lat = georeference.to_lonlat(x[:, None], y[None, :])
    inside = (lat >= south) & (lat <= north) & ((lon - west) % 360 <= (east - west) % 360)
    if inside.mean() < 0.5:
        raise UnreadableError(
            f"{SIDECAR}: {name}: bbox {west:g}, {south:g}, {east:g}, {north:g} does not cover "
            f"{image.name}, whose centre is at {float(lon[4, 4]):.4f}, {float(lat[4, 4]):.4f} "
            "(longitude, latitude); correct the bbox or the raster's georeference",
            file=SIDECAR,
        )


def date_of_item(item: dict[str, Any]) -> tuple[Window | None, str, str | None]:
    """Return the window of a STAC item, its source, and the reason if there is none.

    With ``datetime_precision`` "day" midnight stands for the whole day.
    """
    name = str(item.get("id", item.get("asset")))
    try:
        if item.get("datetime"):
            moment = str(item["datetime"])
            if item.get("datetime_precision") == "day":
                moment = moment[:10]
            return Window.parse(moment), "sidecar", None
        if item.get("start_datetime") and item.get("end_datetime"):
            span = f"{item['start_datetime']}/{item['end_datetime']}"
            return Window.parse(span), "sidecar", None
    except ValueError as error:
        raise UnreadableError(f"{SIDECAR}: {name}: {error}", file=SIDECAR) from error
    return None, "sidecar", f"{SIDECAR} states no date for {name}"


def _tagged_date(image: Image) -> Window | None:
    """Read TIFF DateTime ("2017:09:10 08:00:00"), which carries no zone."""
    try:
        tags = provenance.metadata(image.data, format=image.format).tags
        moment = datetime.strptime(str(tags["IFD0:DateTime"]), "%Y:%m:%d %H:%M:%S")
        return Window(start=moment, end=moment)
    except (KeyError, ValueError, ImgcheckError):
        return None
