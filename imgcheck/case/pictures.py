"""The picture of a file and those inside it, small and saved anew, for people to look at."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imgcheck import provenance
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.imaging.view import jpeg_view

if TYPE_CHECKING:
    from imgcheck.case.reading import Inspection

_PICTURE_PX, _EMBEDDED_PX = 900, 320
_MOST = 8  # a burst of thirty frames tells no more than its first ones
_MAX_PIXELS = 4_000_000  # larger previews are listed, not shown


def views(found: "Inspection") -> list[tuple[str, bytes]]:
    """Give the picture and those embedded in its file as small JPEGs, each with a caption.

    All are decoded and saved anew: none of the file's own bytes are in them.
    """
    shown = [("The picture", jpeg_view(found.image, longest_px=_PICTURE_PX)), *_embedded(found)]
    return [(caption, data) for caption, data in shown if data is not None]


def _embedded(found: "Inspection") -> Iterator[tuple[str, bytes | None]]:
    image = found.image
    pictures = provenance.embedded_pictures(
        image.data, format=image.format, structure=found.structure
    )
    for picture, compared in list(zip(pictures, found.embedded, strict=True))[:_MOST]:
        if (picture.width or 0) * (picture.height or 0) > _MAX_PIXELS:
            continue
        if picture.encoding not in ("jpeg", "png"):
            continue
        kind = "" if compared.agreement is None else f": {compared.agreement.kind}"
        try:
            opened = Image.from_bytes(picture.content, name="embedded picture")
        except ImgcheckError:
            continue  # the comparison says that it cannot be decoded
        view = jpeg_view(opened, longest_px=_EMBEDDED_PX)
        yield f"{picture.source}, {picture.role}{kind}", view
