"""The annotations of imgcheck itself: JSON of every field, and the documents of its commands."""

from collections.abc import Mapping
from typing import Any

from imgcheck.annotate.packing import AnnotationFile, dumps, loads, pack, unpack_picture

SCHEMA = "imgcheck-annotations/1"


def read(data: bytes) -> AnnotationFile:
    """Read ``pictures`` of a file, or the ``annotations`` that `imgcheck detect --json` printed."""
    value = loads(data)
    if not isinstance(value, Mapping):
        raise ValueError("is not a JSON object")
    if "pictures" not in value:
        return AnnotationFile(pictures=(_detected(value),))
    if not isinstance(value["pictures"], list):
        raise ValueError('"pictures" must be a list')
    extra = {k: v for k, v in value.items() if k not in ("schema", "pictures")}
    return AnnotationFile(pictures=tuple(map(unpack_picture, value["pictures"])), extra=extra)


def _detected(value: Mapping[str, Any]) -> Any:
    """Return the picture of a document with annotations; its other fields are results."""
    known = ("name", "width", "height", "sha256", "gsd_m", "gsd_sigma_m", "north_deg", "complete")
    fields: dict[str, Any] = {}
    for part in (value, value.get("picture"), value.get("scale")):
        if isinstance(part, Mapping):
            fields |= {key: part[key] for key in known if part.get(key) is not None}
    if value.get("north") is not None:
        fields.setdefault("north_deg", value["north"])
    return unpack_picture({**fields, "annotations": value.get("annotations")})


def write(file: AnnotationFile) -> bytes:
    """Write every field."""
    pictures = [
        {**pack(one), "annotations": [pack(a) for a in one.annotations]} for one in file.pictures
    ]
    return dumps({"schema": SCHEMA, **file.extra, "pictures": pictures})
