"""VGG Image Annotator 2 JSON: a project, or the annotations that it exports.

``theta`` of an ellipse turns ``rx`` clockwise from the x axis, in radians. A turned rectangle is a
polygon there.

https://www.robots.ox.ac.uk/~vgg/software/via/docs/
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from imgcheck.annotate.packing import (
    KEY,
    AnnotationFile,
    Carrier,
    dumps,
    flat,
    from_flat,
    loads,
    number,
    pack_picture,
    restore_picture,
)
from imgcheck.annotation import Annotation, Box, Dot, Ellipse, Geometry, Point2, Polygon

Native = dict[str, Any]
_LABELS = ("label", "class", "name", "type")
_SETTINGS: dict[str, Any] = {
    "_via_settings": {},
    "_via_attributes": {"region": {}, "file": {}},
}
_FILE = ("filename", "size", "regions", "file_attributes", KEY)


def _write(one: Annotation) -> Native:
    shown = {k: str(v) for k, v in flat(one).items()}
    extra = {k: v for k, v in one.extra.items() if k not in ("label", KEY)}
    attributes = {"label": one.name, **extra, **shown}
    return {"shape_attributes": _shape(one.geometry), "region_attributes": attributes}


def _shape(geometry: Geometry) -> dict[str, Any]:
    if isinstance(geometry, Box):
        size = {"width": geometry.width, "height": geometry.height}
        return {"name": "rect", "x": geometry.x, "y": geometry.y, **size}
    if isinstance(geometry, Dot):
        return {"name": "point", "cx": geometry.x, "cy": geometry.y}
    if isinstance(geometry, Ellipse):
        middle = {"cx": geometry.cx, "cy": geometry.cy}
        axes = {"rx": geometry.width / 2, "ry": geometry.length / 2}
        return {"name": "ellipse", **middle, **axes, "theta": math.radians(geometry.heading)}
    xs, ys = zip(*geometry.points, strict=True)
    return {"name": "polygon", "all_points_x": list(xs), "all_points_y": list(ys)}


def _read(region: Native) -> Annotation:
    given = region.get("region_attributes")
    attributes: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    attributes.pop(KEY, None)
    key = next((k for k in _LABELS if isinstance(attributes.get(k), str)), None)
    label = "" if key is None else attributes.pop(key)
    return Annotation(geometry=_geometry(region), **from_flat(attributes, label))


def _geometry(region: Native) -> Geometry:
    shape = region.get("shape_attributes")
    if not isinstance(shape, Mapping):
        raise ValueError("has no shape_attributes")

    def value(name: str) -> float:
        return number(shape.get(name), name)

    kind = shape.get("name")
    if kind == "rect":
        return Box(x=value("x"), y=value("y"), width=value("width"), height=value("height"))
    if kind == "point":
        return Dot(x=value("cx"), y=value("cy"))
    middle: Any = {} if kind == "polygon" else {"cx": value("cx"), "cy": value("cy")}
    if kind == "circle":
        return Ellipse(**middle, length=2 * value("r"), width=2 * value("r"))
    if kind == "ellipse":
        turn = math.degrees(value("theta")) if "theta" in shape else 0.0
        return Ellipse(**middle, length=2 * value("ry"), width=2 * value("rx"), heading=turn)
    return Polygon(points=_points(shape))


def _points(shape: Mapping[str, Any]) -> tuple[Point2, ...]:
    xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        raise ValueError("all_points_x and all_points_y are not two lists of one length")
    points = [(number(x, "x"), number(y, "y")) for x, y in zip(xs, ys, strict=True)]
    # Some versions repeat the first corner at the end.
    return tuple(points[:-1] if len(points) > 3 and points[0] == points[-1] else points)


_CARRIER = Carrier(_write, _read)


def read(data: bytes) -> AnnotationFile:
    """Read a project or an export of annotations; open lines stay for VIA."""
    value = loads(data)
    if not isinstance(value, Mapping):
        raise ValueError("is not a JSON object")
    project = value.get("_via_img_metadata")
    files = project if isinstance(project, Mapping) else value
    pictures, lines = [], 0
    for one in files.values():
        if not isinstance(one, Mapping):
            raise ValueError("a picture is not an object")
        regions = one.get("regions", [])
        listed = list(regions.values()) if isinstance(regions, Mapping) else regions
        if not isinstance(listed, list) or not all(isinstance(r, dict) for r in listed):
            raise ValueError('"regions" must be a list of objects')
        marked, other = [], []
        for region in listed:
            if _kind(region) == "polyline":
                other.append(region)
            else:
                marked.append(_restored(region, one))
        extra: dict[str, Any] = {k: v for k, v in one.items() if k not in _FILE}
        extra |= {"via_lines": other} if other else {}
        extra |= {"via_size": one["size"]} if one.get("size", -1) != -1 else {}
        given = one.get("file_attributes")
        attributes: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
        packed = attributes.pop(KEY, None)
        extra |= {"file_attributes": attributes} if attributes else {}
        size = {k: attributes.get(k) for k in ("width", "height") if k in attributes}
        kept = loads(packed) if isinstance(packed, str) else {}
        pictures.append(
            restore_picture(
                {k: v for k, v in kept.items() if k not in ("width", "height")},
                marked,
                name=one.get("filename"),
                extra=extra,
                **{"width": kept.get("width"), "height": kept.get("height"), **size},
            )
        )
        lines += len(other)
    others = {k: v for k, v in value.items() if k != "_via_img_metadata" and v != _SETTINGS.get(k)}
    others = others if files is project else {}
    note = f"{lines} open lines are kept in VIA files only"
    return AnnotationFile(pictures=tuple(pictures), extra=others, notes=(note,) if lines else ())


def _kind(region: Native) -> Any:
    shape = region.get("shape_attributes")
    return shape.get("name") if isinstance(shape, Mapping) else None


def _restored(region: Native, one: Mapping[str, Any]) -> Annotation:
    attributes = region.get("region_attributes")
    packed = attributes.get(KEY) if isinstance(attributes, Mapping) else None
    try:
        return _CARRIER.restore(_read(region), packed)
    except ValueError as error:
        raise ValueError(f"a region of {one.get('filename')!s:.80}: {error}") from None


def write(file: AnnotationFile) -> bytes:
    """Write a project that VIA 2 opens."""
    files: dict[str, Any] = {}
    for picture in file.pictures:
        regions = []
        for one in picture.annotations:
            region = _CARRIER.write(one)
            beside = _CARRIER.beside(one, region)
            if beside:
                region["region_attributes"][KEY] = json.dumps(beside, ensure_ascii=False)
            regions.append(region)
        held = ("via_lines", "via_size", "file_attributes")
        rest = {k: v for k, v in picture.extra.items() if k not in held}
        packed = pack_picture(picture, extra=False)
        packed |= {k: v for k in ("width", "height") if (v := getattr(picture, k)) is not None}
        attributes = dict(picture.extra.get("file_attributes", {}))
        if packed:
            attributes[KEY] = json.dumps(packed, ensure_ascii=False)
        size = picture.extra.get("via_size", -1)
        files[f"{picture.name}{size}"] = {
            **rest,
            "filename": picture.name,
            "size": size,
            "regions": [*regions, *picture.extra.get("via_lines", [])],
            "file_attributes": attributes,
        }
    return dumps({**_SETTINGS, **file.extra, "_via_img_metadata": files})
