"""YOLO and DOTA: text files of one line an object, one file a picture.

Neither has room for more than a class and coordinates. What they cannot hold is written to a file
beside them, ``NAME.imgcheck.json``; a line that was changed or added since is read without it.

https://docs.ultralytics.com/datasets/detect/, https://docs.ultralytics.com/datasets/obb/,
https://captain-whu.github.io/DOTA/dataset.html
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from imgcheck.annotate import shapes
from imgcheck.annotate.packing import (
    Carrier,
    class_of_label,
    dumps,
    loads,
    near,
    number,
    pack_picture,
    restore_picture,
    unpack,
)
from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Obb,
    Point2,
    Polygon,
    bounds,
    centre,
)
from imgcheck.imaging.text import printable

SIDECAR = ".imgcheck.json"
_SCHEMA = "imgcheck-sidecar/1"
# A line: its words.
Words = list[str]
#: The file, and the one beside it.
Written = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What lines refer to: the size of the picture, and the names of classes by number."""

    width: int | None = None
    height: int | None = None
    names: tuple[str, ...] = ()

    def size(self) -> tuple[float, float]:
        """Return the size in pixels, without which shares of it mean nothing."""
        if not self.width or not self.height:
            raise ValueError(
                "states coordinates as shares of a picture whose size is not known; give the "
                "picture (--image PATH), or put it beside the file"
            )
        return float(self.width), float(self.height)


def _yolo(sheet: Sheet, *, turned: bool) -> Carrier[Words]:
    def write(one: Annotation) -> Words:
        wide, high = sheet.size()
        place = str(sheet.names.index(one.name))
        if not turned and not isinstance(one.geometry, Polygon):
            box = bounds(one.geometry)
            middle = (box.x + box.width / 2, box.y + box.height / 2)
            values = [*middle, box.width, box.height]
        else:
            values = shapes.flattened(_outline(one, turned=turned))
        scales = (wide, high) * (len(values) // 2)
        return [place, *(repr(float(v / s)) for v, s in zip(values, scales, strict=True))]

    def read(words: Words) -> Annotation:
        wide, high = sheet.size()
        place = int(number(words[0], "the class"))
        label = sheet.names[place] if 0 <= place < len(sheet.names) else str(place)
        values = [number(word, "a coordinate") for word in words[1:]]
        # A fifth value of a box, and an odd one of corners, is the confidence of a detector.
        score = values.pop() if len(values) % 2 else None
        scaled = [v * (high if k % 2 else wide) for k, v in enumerate(values)]
        fields = {**class_of_label(label), "score": score}
        if len(scaled) == 4:
            x, y, w, h = scaled
            return Annotation(geometry=Box(x=x - w / 2, y=y - h / 2, width=w, height=h), **fields)
        points = tuple(zip(scaled[::2], scaled[1::2], strict=True))
        if len(points) < 3:
            raise ValueError(f"has {len(words)} words; a box has 5, corners have 9")
        return Annotation(geometry=shapes.from_corners(points), **fields)

    return Carrier(write, read)


def _outline(one: Annotation, *, turned: bool) -> tuple[Point2, ...]:
    """Return the corners that a format of turned rectangles holds of any shape."""
    if isinstance(one.geometry, Polygon) and not turned:
        return one.geometry.points
    if isinstance(one.geometry, Box):
        return one.geometry.points
    if isinstance(one.geometry, Ellipse):
        return Obb(**{k: getattr(one.geometry, k) for k in _OBB}).points
    if isinstance(one.geometry, Dot):
        return one.geometry.points * 4
    return shapes.enclosing(one.geometry).points


_OBB = ("cx", "cy", "length", "width", "heading")


def _dota() -> Carrier[Words]:
    def write(one: Annotation) -> Words:
        values = shapes.flattened(_outline(one, turned=True))
        name = "-".join(printable(one.name).split()) or "other"
        difficult = one.extra.get("difficult")
        return [*map(repr, map(float, values)), name, str(int(difficult == 1))]

    def read(words: Words) -> Annotation:
        if len(words) not in (9, 10):
            raise ValueError(f"has {len(words)} words; x1 y1 ... x4 y4 class difficult are 10")
        corners = shapes.pairs(words[:8], "a corner")
        extra = {"difficult": 1} if words[9:] == ["1"] else {}
        fields = class_of_label(words[8])
        return Annotation(geometry=shapes.from_corners(corners), extra=extra, **fields)

    return Carrier(write, read)


def read_yolo(data: bytes, *, name: str, sheet: Sheet, sidecar: bytes | None) -> AnnotatedPicture:
    """Read boxes, corners, or outlines of one picture."""
    beside = _Beside(sidecar)
    sheet = beside.sheet(sheet)
    own = _yolo(replace(sheet, names=beside.names), turned=beside.turned)
    found = _read(_lines(data), _yolo(sheet, turned=beside.turned))
    picture = beside.restored(found, own, name)
    return replace(picture, width=sheet.width, height=sheet.height)


def read_dota(data: bytes, *, name: str, sheet: Sheet, sidecar: bytes | None) -> AnnotatedPicture:
    """Read turned rectangles and the header of one picture."""
    lines, header = [], {}
    for place, words in _lines(data):
        key, colon, value = " ".join(words).partition(":")
        if colon and len(words) < 9:
            if value.strip() not in ("null", "None", ""):
                header[key.strip()] = value.strip()
        else:
            lines.append((place, words))
    beside = _Beside(sidecar)
    sheet = beside.sheet(sheet)
    picture = beside.restored(_read(lines, _dota()), _dota(), name)
    gsd = header.pop("gsd", None)
    if gsd is not None and picture.gsd_m is None:
        picture = replace(picture, gsd_m=number(gsd, "gsd"))
    return replace(
        picture, width=sheet.width, height=sheet.height, extra={**picture.extra, **header}
    )


def _lines(data: bytes) -> list[tuple[int, Words]]:
    text = data.decode("utf-8-sig", "strict" if b"\0" not in data else "replace")
    return [(n, line.split()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]


class _Beside:
    """The sidecar of a file, or an empty one."""

    def __init__(self, data: bytes | None) -> None:
        value = {} if data is None else loads(data)
        if data is not None and (not isinstance(value, dict) or value.get("schema") != _SCHEMA):
            raise ValueError(f"the file beside it, {SIDECAR}, is not one that imgcheck wrote")
        self.picture = value.get("picture") or {}
        self.objects = value.get("objects") or []
        self.names = tuple(str(n) for n in value.get("names") or ())
        self.turned = bool(value.get("turned", True))

    def sheet(self, given: Sheet) -> Sheet:
        """Return what lines refer to; what the user gives comes first."""
        return Sheet(
            width=given.width or self.picture.get("width"),
            height=given.height or self.picture.get("height"),
            names=self.names if given.names in ((), names_file(self.names)) else given.names,
        )

    def restored(
        self, found: Sequence[Annotation], carrier: Carrier[Words], name: str
    ) -> AnnotatedPicture:
        """Return the picture of the lines, with what the sidecar holds of it and of each line."""
        marked = _matched(found, self.objects, carrier)
        packed = {k: v for k, v in self.picture.items() if k not in ("name", "width", "height")}
        return restore_picture(packed, marked, name=self.picture.get("name") or name)


def names_file(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of classes as a file of one a line can hold them."""
    return tuple(" ".join(printable(one).split()) or "-" for one in names)


def _read(lines: Iterable[tuple[int, Words]], carrier: Carrier[Words]) -> list[Annotation]:
    found = []
    for place, words in lines:
        try:
            found.append(carrier.read(words))
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    return found


def _matched(
    found: Sequence[Annotation], packed: Sequence[Any], carrier: Carrier[Words]
) -> list[Annotation]:
    """Return the annotations with what the sidecar holds of each.

    Lines are compared with the sidecar by place, so that deleted, added and exchanged lines do not
    give an object the fields of another.
    """
    cells: dict[tuple[int, int], list[tuple[Annotation, Any]]] = {}
    for one in packed:
        if one is not None:
            was = carrier.read(carrier.write(unpack(Annotation, one)))
            cells.setdefault(_cell(was, 0, 0), []).append((was, one))
    made = []
    for one in found:
        mine = next(
            (
                (cell, pair)
                for dx in (0, -1, 1)
                for dy in (0, -1, 1)
                for cell in [_cell(one, dx, dy)]
                for pair in cells.get(cell, ())
                if pair[0].name == one.name and near(pair[0].geometry, one.geometry)
            ),
            None,
        )
        if mine is not None:
            cells[mine[0]].remove(mine[1])
        made.append(one if mine is None else carrier.restore(one, mine[1][1]))
    return made


def _cell(one: Annotation, dx: int, dy: int) -> tuple[int, int]:
    x, y = centre(one.geometry)
    return math.floor(x) + dx, math.floor(y) + dy


def write_yolo(picture: AnnotatedPicture, *, names: tuple[str, ...], turned: bool) -> Written:
    """Write one picture; boxes upright, or as corners with ``turned``."""
    sheet = Sheet(width=picture.width, height=picture.height, names=names)
    carrier = _yolo(sheet, turned=turned)
    return _write(picture, carrier, (), {"names": list(names), "turned": turned})


def write_dota(picture: AnnotatedPicture) -> Written:
    """Write one picture with its ground sample distance as header."""
    gsd = "null" if picture.gsd_m is None else repr(picture.gsd_m)
    source = picture.extra.get("imagesource", "null")
    header = (f"imagesource:{source}", f"gsd:{gsd}")
    return _write(picture, _dota(), header, {})


def _write(
    picture: AnnotatedPicture,
    carrier: Carrier[Words],
    header: Iterable[str],
    rest: dict[str, Any],
) -> Written:
    """Return the lines, and the sidecar if there is anything the lines cannot hold."""
    lines, objects = list(header), []
    for one in picture.annotations:
        words = carrier.write(one)
        lines.append(" ".join(words))
        objects.append(carrier.beside(one, words))
    packed = pack_picture(picture, extra=True)
    size = {k: getattr(picture, k) for k in ("name", "width", "height")}
    value = {"schema": _SCHEMA, **rest, "picture": {**packed, **size}, "objects": objects}
    text = "".join(f"{line}\n" for line in lines)
    return text.encode("utf-8", "backslashreplace"), dumps(value)
