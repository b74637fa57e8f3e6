"""The pictures inside a file, decoded and compared with the picture the file shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imgcheck import provenance
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.imaging.view import jpeg_view

if TYPE_CHECKING:
    from imgcheck.inspection.reading import Inspection

_PICTURE_PX, _EMBEDDED_PX = 900, 320
_MOST_COMPARED = 8  # a burst of thirty frames tells no more than its first ones
_MAX_EMBEDDED_PIXELS = 4_000_000  # larger previews are listed, not decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An embedded picture, and how it agrees with the main one.

    ``agreement`` is None where one of them cannot be decoded, where the embedded one is no
    picture of the scene (a gain map), or where comparing was not asked for.
    """

    picture: provenance.EmbeddedPicture
    agreement: provenance.Agreement | None


def compare(image: Image, pictures: Iterable[provenance.EmbeddedPicture]) -> tuple[Compared, ...]:
    """Decode the embedded pictures and compare each with the main one."""
    found, left = [], _MOST_COMPARED
    for picture in pictures:
        agreement = None
        if left and picture.role != "gain map" and image.pixels_readable:
            left -= 1
            agreement = _agreement(image, picture)
        found.append(Compared(picture=picture, agreement=agreement))
    return tuple(found)


def _agreement(image: Image, picture: provenance.EmbeddedPicture) -> provenance.Agreement | None:
    small = _gray(picture)
    if small is None:
        return None
    try:
        return provenance.thumbnail_agreement(small, image.gray())
    except ImgcheckError:
        return None


def _decoded(picture: provenance.EmbeddedPicture) -> Image | None:
    width, height = picture.width or 0, picture.height or 0
    if picture.encoding not in ("jpeg", "png") or width * height > _MAX_EMBEDDED_PIXELS:
        return None
    try:
        return Image.from_bytes(picture.content, name="embedded picture")
    except ImgcheckError:
        return None


def _gray(picture: provenance.EmbeddedPicture) -> NDArray[np.float32] | None:
    if picture.encoding in ("rgb", "bgr", "gray"):
        return _uncompressed(picture)
    image = _decoded(picture)
    try:
        return None if image is None else image.gray()
    except ImgcheckError:
        return None


def _uncompressed(picture: provenance.EmbeddedPicture) -> NDArray[np.float32] | None:
    samples = np.frombuffer(picture.content, np.uint8)
    depth = 1 if picture.encoding == "gray" else 3
    if not picture.width or samples.size != depth * picture.width * (picture.height or 0):
        return None
    cells = samples.reshape(picture.height or 0, picture.width, depth).astype(np.float32) / 255
    return cells.mean(axis=2, dtype=np.float32)


def views(found: "Inspection") -> list[tuple[str, bytes]]:
    """Give the picture and those embedded in its file as small JPEGs, each with a caption.

    All are decoded and saved anew: none of the file's own bytes are in them.
    """
    shown = [("The picture", jpeg_view(found.image, longest_px=_PICTURE_PX))]
    shown += list(_embedded_views(found))
    return [(caption, data) for caption, data in shown if data is not None]


def _embedded_views(found: "Inspection") -> Iterator[tuple[str, bytes | None]]:
    for one in found.embedded[:_MOST_COMPARED]:
        image = _decoded(one.picture)
        if image is not None:
            kind = "" if one.agreement is None else f": {one.agreement.kind}"
            caption = f"{one.picture.source}, {one.picture.role}{kind}"
            yield caption, jpeg_view(image, longest_px=_EMBEDDED_PX)
