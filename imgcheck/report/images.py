"""Pictures inside the page: data addresses of raster images, and of nothing else."""

import base64
import hashlib
from collections.abc import Mapping

from imgcheck.model import Picture
from imgcheck.report.markup import Markup

#: What a picture begins with, and the type it is therefore served as. A stated media type is
#: not believed; SVG and HTML are no pictures here.
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def address(data: bytes) -> Markup | None:
    """Give the data address of a JPEG, PNG, GIF or WebP, or ``None`` for anything else."""
    found = next((kind for start, kind in _SIGNATURES if data.startswith(start)), None)
    if found is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "image/webp"
    if found is None:
        return None
    return Markup(f"data:{found};base64,{base64.b64encode(data).decode('ascii')}")


def of_evidence(picture: Picture, given: Mapping[str, bytes]) -> Markup | str:
    """Give the data address of an evidence picture, or the reason why it is not shown."""
    data = given.get(picture.name) or picture.data
    if not data:
        return "its file was not given"
    if picture.sha256 and hashlib.sha256(data).hexdigest() != picture.sha256:
        return "the file given is not the one of the report: its SHA-256 differs"
    return address(data) or "it is not a JPEG, PNG, GIF or WebP"
