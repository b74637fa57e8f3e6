"""CSV: one row an object, for spreadsheets.

A cell that a spreadsheet would take for a formula begins with an apostrophe, as spreadsheets write
it themselves; numbers are left as they are.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from imgcheck.annotate.packing import (
    KEY,
    AnnotationFile,
    Carrier,
    flat,
    from_flat,
    geometry_of,
    loads,
    number,
    pack_picture,
    restore_picture,
)
from imgcheck.annotation import AnnotatedPicture, Annotation, Box, Geometry
from imgcheck.imaging.text import spreadsheet_text
from imgcheck.model.codec import encode

Row = dict[str, Any]
_GEOMETRY = ("type", "cx", "cy", "x", "y", "length", "width", "height", "heading", "points")
_FLAT = ("class", "label", "score", "p", "state", "reviewed_by", "reviewed_at")
_FIRST = ("picture", "picture_width", "picture_height", "id", *_FLAT, *_GEOMETRY)
_PICTURE = ("picture", "picture_width", "picture_height", "picture_imgcheck")
_LONGEST_CELL = 1 << 20
# Names of columns that every spreadsheet takes; others go with the packed fields.
_COLUMN = re.compile(r"[A-Za-z_][\w .:]{0,60}")
# Names of the same columns in tables of other tools.
_ALIASES = {"filename": "picture", "image": "picture", "image_path": "picture", "name": "label"}


def _write(one: Annotation) -> Row:
    shape = encode(one.geometry)
    if "points" in shape:
        shape["points"] = ";".join(f"{x!r},{y!r}" for x, y in shape["points"])
    texts = {k: v for k, v in one.extra.items() if isinstance(v, str) and _is_free(k)}
    row = {"id": one.id, "class": one.cls, "label": one.label, "state": one.state}
    return {k: _cell(v) for k, v in {**row, **flat(one), **shape, **texts}.items()}


def _cell(value: Any) -> Any:
    """Return text as it comes back from a file: without lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _is_free(key: str) -> bool:
    taken = (*_FIRST, KEY, "picture_imgcheck", *_ALIASES)
    return key not in taken and _COLUMN.fullmatch(key) is not None


def _read(row: Row) -> Annotation:
    given = {k: v for k, v in row.items() if k not in _OWN and v != ""}
    label = str(row.get("label") or "") or str(row.get("class") or "")
    fields = from_flat(given, label)
    if row.get("class") and not row.get("label"):
        fields["label"] = "" if fields["cls"] == row["class"] else label
        fields["extra"].pop("class", None)
    return Annotation(id=str(row.get("id") or ""), geometry=_geometry(row), **fields)


_OWN = ("id", "label", *_GEOMETRY, *_PICTURE, KEY)


def _geometry(row: Row) -> Geometry:
    corners = ("xmin", "ymin", "xmax", "ymax")
    if not row.get("type") and all(row.get(k) not in (None, "") for k in corners):
        left, top, right, bottom = (number(row[k], k) for k in corners)
        return Box(x=left, y=top, width=right - left, height=bottom - top)
    if not row.get("type"):
        raise ValueError("has no type of shape (column type), and no xmin, ymin, xmax, ymax")
    shape: dict[str, Any] = {"type": row["type"]}
    for key in _GEOMETRY[1:-1]:
        if row.get(key) not in (None, ""):
            shape[key] = number(row[key], key)
    if row.get("points"):
        shape["points"] = [
            [number(v, "points") for v in one.split(",")] for one in str(row["points"]).split(";")
        ]
    return geometry_of(shape)


_CARRIER = Carrier(_write, _read)


def read(data: bytes) -> AnnotationFile:
    """Read a table with a row of names first."""
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig", "backslashreplace"), newline=""))
    try:
        rows = [{str(k): _unguarded(v) for k, v in row.items() if v is not None} for row in reader]
    except csv.Error as error:
        raise ValueError(f"is not a CSV table: {error}") from None
    marked: dict[str, list[Annotation]] = {}
    details: dict[str, Row] = {}
    for place, given in enumerate(rows, 2):
        row = {
            _ALIASES.get(k, k) if _ALIASES.get(k) not in given else k: v for k, v in given.items()
        }
        name = str(row.get("picture") or "")
        details.setdefault(name, row)
        listed = marked.setdefault(name, [])
        if not any(row.get(k) for k in (*_GEOMETRY, "xmin")):
            continue  # a picture in which nothing is marked
        try:
            listed.append(_CARRIER.restore(_read(row), row.get(KEY) or None))
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    pictures: list[AnnotatedPicture] = []
    extra: dict[str, Any] = {}
    for name, listed in marked.items():
        row = details[name]
        packed = loads(row["picture_imgcheck"]) if row.get("picture_imgcheck") else {}
        if not isinstance(packed, Mapping):
            raise ValueError("a cell picture_imgcheck is not an object")
        extra |= packed.get("file", {})
        size: Any = {k: row.get(f"picture_{k}") or None for k in ("width", "height")}
        rest = {k: v for k, v in packed.items() if k != "file"}
        pictures.append(restore_picture(rest, listed, name=name, **size))
    return AnnotationFile(pictures=tuple(pictures), extra=extra)


def _unguarded(cell: Any) -> str:
    text = str(cell)
    return text[1:] if text.startswith("'") else text


def _guarded(value: Any) -> str:
    if isinstance(value, int | float):
        return repr(value)
    return spreadsheet_text("" if value is None else str(value))


def write(file: AnnotationFile) -> bytes:
    """Write all pictures into one table."""
    rows: list[Row] = []
    for place, picture in enumerate(file.pictures):
        packed = pack_picture(picture, extra=True)
        if place == 0 and file.extra:
            packed["file"] = file.extra
        own: Row = {"picture": picture.name}
        own |= {f"picture_{k}": getattr(picture, k) for k in ("width", "height")}
        first = {"picture_imgcheck": json.dumps(packed, ensure_ascii=False)} if packed else {}
        for one in picture.annotations:
            row = _CARRIER.write(one)
            beside = _CARRIER.beside(one, row)
            if beside:
                row[KEY] = json.dumps(beside, ensure_ascii=False)
            rows.append({**own, **row, **first})
            first = {}
        if not picture.annotations:
            rows.append({**own, **first})
    more = sorted({key for row in rows for key in row} - {*_FIRST, KEY, "picture_imgcheck"})
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream,
        [*_FIRST, *more, "picture_imgcheck", KEY],
        lineterminator="\r\n",  # RFC 4180
    )
    writer.writeheader()
    writer.writerows({k: _guarded(v) for k, v in row.items()} for row in rows)
    return stream.getvalue().encode("utf-8", "backslashreplace")
