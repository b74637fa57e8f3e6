"""Complete what a file of annotations states: review, scale, north, pictures."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from imgcheck.annotate.packing import AnnotationFile
from imgcheck.annotation import AnnotatedPicture
from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import Image
from imgcheck.imaging.text import printable

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jp2", ".webp", ".bmp")


def reviewed(
    file: AnnotationFile, *, accepted_by: str | None, complete: bool = False
) -> AnnotationFile:
    """Return annotations with the decision of a person on all that are open.

    ``complete`` states that no object was left out.
    """
    pictures = []
    for one in file.pictures:
        marked = one.annotations
        if accepted_by:
            marked = tuple(
                a if a.state != "proposed" else a.reviewed("accepted", by=accepted_by)
                for a in marked
            )
        pictures.append(replace(one, annotations=marked, complete=complete or one.complete))
    return replace(file, pictures=tuple(pictures))


def oriented(
    marked: AnnotatedPicture,
    image: Image,
    *,
    gsd_m: float | None = None,
    gsd_sigma_m: float | None = None,
    north_deg: float | None = None,
) -> AnnotatedPicture:
    """Return a picture with scale and north: as given, else its own, else by its georeference.

    Raises
    ------
    UsageError
        If a scale is not a positive number, or an error is given without one.
    """
    for value in (gsd_m, gsd_sigma_m):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"the scale and its error are metres per pixel above 0, not {value:g}")
    if gsd_sigma_m is not None and gsd_m is None:
        raise UsageError("an error of the scale needs the scale (--gsd)")
    if gsd_m is not None:
        marked = replace(marked, gsd_m=gsd_m, gsd_sigma_m=gsd_sigma_m)
    elif marked.gsd_m is None and image.gsd_m:
        marked = replace(marked, gsd_m=image.gsd_m)
    if north_deg is not None:
        return replace(marked, north_deg=north_deg % 360)
    return marked if marked.north_deg is not None else replace(marked, north_deg=_north(image))


def _north(image: Image) -> float | None:
    """Return the direction of north at the middle of a raster with an affine map."""
    place = image.georeference
    if place is None or place.transform is None:
        return None
    x, y = image.width / 2, image.height / 2
    lon, lat = (float(v) for v in place.to_lonlat(x, y))
    u, v = (float(v) for v in place.from_lonlat(lon, lat + 1e-4))
    return math.degrees(math.atan2(u - x, y - v)) % 360


def pictures_of(path: Path) -> Iterator[Image]:
    """Yield a picture, or those of a folder in the order of their names."""
    if not path.is_dir():
        yield Image.open(path)
        return
    found = [one for one in sorted(path.iterdir()) if one.suffix.lower() in _PICTURES]
    if not found:
        raise UnreadableError(f"{printable(path.name)}: holds no picture")
    yield from map(Image.open, found)
