"""LabelMe JSON, and X-AnyLabeling JSON, which is the same with other shapes: one file a picture.

A turned rectangle is an ``oriented_rectangle`` of LabelMe (since 2026; four corners, the first edge
along the heading) and a ``rotation`` of X-AnyLabeling (four corners, the first edge along the
front; ``direction`` is the angle of that edge from the x axis, clockwise, in radians).

https://github.com/wkentaro/labelme/pull/1980,
https://github.com/CVHub520/X-AnyLabeling/blob/main/docs/en/user_guide.md
"""

import math
from collections.abc import Mapping
from typing import Any

from imgcheck.annotate import shapes
from imgcheck.annotate.packing import (
    KEY,
    AnnotationFile,
    Carrier,
    dumps,
    flat,
    from_flat,
    loads,
    pack_picture,
    restore_picture,
)
from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Geometry,
    Obb,
    Polygon,
)

Native = dict[str, Any]
_OWN = ("label", "points", "shape_type", "direction", "attributes", KEY)
# What either tool writes into every shape, and means nothing.
_EMPTY: dict[str, Any] = {
    "group_id": None, "description": "", "flags": {}, "mask": None, "difficult": False,
    "kie_linking": [], "score": None,
}  # fmt: skip
_PICTURE = ("version", "imagePath", "imageData", "imageHeight", "imageWidth", "shapes", KEY)
#: Shapes that have no outline.
_OTHERS = ("line", "linestrip", "points", "mask", "cuboid")


def _write_labelme(one: Annotation) -> Native:
    kind, points = _shape(one.geometry)
    if kind == "rotation":
        kind, points = "oriented_rectangle", (points[3], *points[:3])
    elif kind == "rectangle":
        points = (points[0], points[2])
    return _written(one, kind, points, {"group_id": None, "description": "", "flags": {}})


def _write_anylabeling(one: Annotation) -> Native:
    kind, points = _shape(one.geometry)
    rest: dict[str, Any] = {"group_id": None, "description": "", "difficult": False, "flags": {}}
    found = _written(one, kind, points, {**rest, "attributes": {}})
    if isinstance(one.geometry, Obb):
        found["direction"] = math.radians(one.geometry.heading) % (2 * math.pi)
    return found


def _shape(geometry: Geometry) -> tuple[str, tuple[tuple[float, float], ...]]:
    if isinstance(geometry, Ellipse) and geometry.length == geometry.width:
        edge = (geometry.cx + geometry.length / 2, geometry.cy)
        return "circle", ((geometry.cx, geometry.cy), edge)
    kinds: dict[type, str] = {Obb: "rotation", Box: "rectangle", Dot: "point"}
    return kinds.get(type(geometry), "polygon"), geometry.points


def _written(
    one: Annotation, kind: str, points: tuple[tuple[float, float], ...], rest: dict[str, Any]
) -> Native:
    shown = flat(one)
    score = {"score": shown.pop("score")} if "score" in shown else {}
    texts = {k: v for k, v in one.extra.items() if isinstance(v, str) and k != "labelme"}
    attributes = texts | {k: str(v) for k, v in shown.items()}
    own = one.extra.get("labelme")
    others = {k: v for k, v in own.items() if k not in _OWN} if isinstance(own, dict) else {}
    found = {"label": one.name, "points": [list(p) for p in points], "shape_type": kind}
    found |= {**rest, **others, **score}
    return {**found, "attributes": attributes} if attributes else found


def _read(shape: Native) -> Annotation:
    attributes = shape.get("attributes")
    given: dict[str, Any] = dict(attributes) if isinstance(attributes, Mapping) else {}
    others = {k: v for k, v in shape.items() if k not in _OWN and _EMPTY.get(k, ...) != v}
    score = others.pop("score", None)
    given = given if score is None else {**given, "score": score}
    fields = from_flat(given, str(shape.get("label", "")))
    if others:
        fields["extra"]["labelme"] = others
    return Annotation(geometry=_geometry(shape), **fields)


def _geometry(shape: Native) -> Geometry:
    kind = shape.get("shape_type", "polygon")
    points = shapes.points(shape.get("points"), "points")
    if kind == "point" and len(points) == 1:
        return Dot(x=points[0][0], y=points[0][1])
    if kind == "circle" and len(points) == 2:
        (cx, cy), edge = points
        across = 2 * math.dist((cx, cy), edge)
        return Ellipse(cx=cx, cy=cy, length=across, width=across)
    if kind == "rectangle" and len(points) in (2, 4):
        xs, ys = zip(*points, strict=True)
        left, top = min(xs), min(ys)
        return Box(x=left, y=top, width=max(xs) - left, height=max(ys) - top)
    if kind in ("oriented_rectangle", "rotation") and len(points) == 4:
        return shapes.from_corners(points, side_first=kind == "oriented_rectangle")
    if kind in ("polygon", "quadrilateral") and len(points) >= 3:
        return Polygon(points=points)
    raise ValueError(f'a shape "{kind!s:.30}" has {len(points)} points')


_LABELME, _ANYLABELING = Carrier(_write_labelme, _read), Carrier(_write_anylabeling, _read)


def read(data: bytes) -> AnnotationFile:
    """Read a file of either tool; lines and masks stay for the tool that made them."""
    value = loads(data)
    if not isinstance(value, Mapping) or not isinstance(value.get("shapes"), list):
        raise ValueError('has no list of "shapes"')
    marked, other = [], []
    for place, shape in enumerate(value["shapes"], 1):
        if not isinstance(shape, dict):
            raise ValueError(f"shape {place} is not an object")
        if shape.get("shape_type") in _OTHERS:
            other.append(shape)
            continue
        carrier = _ANYLABELING if shape.get("shape_type") == "rotation" else _LABELME
        try:
            marked.append(carrier.restore(_read(shape), shape.get(KEY)))
        except ValueError as error:
            raise ValueError(f"shape {place}: {error}") from None
    extra = {k: v for k, v in value.items() if k not in _PICTURE}
    if extra.get("flags") == {}:
        del extra["flags"]
    if other:
        extra["other_shapes"] = other
    picture = restore_picture(
        value.get(KEY),
        marked,
        name=value.get("imagePath"),
        width=value.get("imageWidth"),
        height=value.get("imageHeight"),
        extra=extra,
    )
    note = f"{len(other)} lines, cuboids or masks are kept in LabelMe files only"
    return AnnotationFile(pictures=(picture,), notes=(note,) if other else ())


def write_labelme(picture: AnnotatedPicture) -> bytes:
    """Write one picture for LabelMe."""
    return _file(picture, _LABELME, "5.5.0")


def write_anylabeling(picture: AnnotatedPicture) -> bytes:
    """Write one picture for X-AnyLabeling."""
    return _file(picture, _ANYLABELING, "3.0.0")


def _file(picture: AnnotatedPicture, carrier: Carrier[Native], version: str) -> bytes:
    packed = pack_picture(picture, extra=False)
    written = []
    for one in picture.annotations:
        native = carrier.write(one)
        beside = carrier.beside(one, native)
        written.append({**native, KEY: beside} if beside else native)
    extra = {k: v for k, v in picture.extra.items() if k != "other_shapes"}
    return dumps(
        {
            "version": version,
            "flags": {},
            **extra,
            "shapes": [*written, *picture.extra.get("other_shapes", [])],
            "imagePath": picture.name,
            "imageData": None,
            "imageHeight": picture.height,
            "imageWidth": picture.width,
            **({KEY: packed} if packed else {}),
        }
    )
