"""CVAT for images 1.1: XML with ``rotation`` of boxes and ellipses, in degrees clockwise.

A box is given before it is turned about its middle, so ``rotation`` is the heading of the side that
pointed up.

https://docs.cvat.ai/docs/other/xml_format/
"""

import json
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from imgcheck.annotate import safe_xml
from imgcheck.annotate.packing import (
    KEY,
    AnnotationFile,
    Carrier,
    flat,
    from_flat,
    loads,
    number,
    pack_picture,
    restore_picture,
)
from imgcheck.annotation import Annotation, Box, Dot, Ellipse, Geometry, Obb, Point2, Polygon

_ROTATED = ("box", "ellipse")
_SHAPES = (*_ROTATED, "polygon", "points")
#: Shapes that have no outline, or more than one dimension more.
_OTHERS = ("polyline", "cuboid", "mask", "tag", "skeleton")
_GEOMETRY = ("xtl", "ytl", "xbr", "ybr", "cx", "cy", "rx", "ry", "rotation", "points", "label")
# What CVAT writes into every shape, and means nothing.
_USUAL = {"occluded": "0", "z_order": "0", "source": "manual"}


def _write(one: Annotation) -> Element:
    shape = _shape(one.geometry)
    rest = one.extra.get("cvat")
    shape.attrib = {
        "label": safe_xml.writable(one.name),
        **_USUAL,
        **_plain(rest),
        **shape.attrib,
    }
    shown = {k: v for k, v in one.extra.items() if isinstance(v, str) and k != KEY}
    for name, value in {**shown, **flat(one)}.items():
        _attribute(shape, name, value if isinstance(value, str) else repr(value))
    return shape


def _plain(rest: Any) -> dict[str, str]:
    """Return attributes of the shape itself, where they can be written as they are."""
    if not isinstance(rest, dict) or not all(str(k).isidentifier() for k in rest):
        return {}
    return {k: safe_xml.writable(str(v)) for k, v in rest.items()}


def _attribute(shape: Element, name: str, value: str) -> None:
    SubElement(shape, "attribute", name=safe_xml.writable(name)).text = safe_xml.writable(value)


def _shape(geometry: Geometry) -> Element:
    if isinstance(geometry, Box):
        right, bottom = geometry.x + geometry.width, geometry.y + geometry.height
        return _element("box", xtl=geometry.x, ytl=geometry.y, xbr=right, ybr=bottom)
    if isinstance(geometry, Obb):
        x, y = geometry.cx - geometry.width / 2, geometry.cy - geometry.length / 2
        corners = {"xtl": x, "ytl": y, "xbr": x + geometry.width, "ybr": y + geometry.length}
        return _element("box", **corners, rotation=geometry.heading % 360)
    if isinstance(geometry, Ellipse):
        radii = {"rx": geometry.width / 2, "ry": geometry.length / 2}
        turn = geometry.heading % 360
        return _element("ellipse", cx=geometry.cx, cy=geometry.cy, **radii, rotation=turn)
    kind = "points" if isinstance(geometry, Dot) else "polygon"
    points = ";".join(f"{x!r},{y!r}" for x, y in geometry.points)
    return Element(kind, points=points)


def _element(kind: str, **numbers: float) -> Element:
    return Element(kind, {key: repr(float(value)) for key, value in numbers.items()})


def _read(shape: Element) -> Annotation:
    given = {
        str(one.get("name", "")): one.text or ""
        for one in shape.iterfind("attribute")
        if one.get("name") != KEY
    }
    rest = {k: v for k, v in shape.attrib.items() if k not in _GEOMETRY and _USUAL.get(k) != v}
    fields = from_flat(given, shape.get("label", ""))
    if rest:
        fields["extra"]["cvat"] = rest
    return Annotation(geometry=_geometry(shape), **fields)


def _geometry(shape: Element) -> Geometry:
    def value(name: str) -> float:
        return number(shape.get(name), name)

    turn = number(shape.get("rotation", "0"), "rotation") % 360
    if shape.tag == "box":
        left, top, right, bottom = map(value, ("xtl", "ytl", "xbr", "ybr"))
        if "rotation" not in shape.attrib:
            return Box(x=left, y=top, width=right - left, height=bottom - top)
        middle: Any = {"cx": (left + right) / 2, "cy": (top + bottom) / 2}
        return Obb(**middle, length=bottom - top, width=right - left, heading=turn)
    if shape.tag == "ellipse":
        axes: Any = {"length": 2 * value("ry"), "width": 2 * value("rx")}
        return Ellipse(cx=value("cx"), cy=value("cy"), **axes, heading=turn)
    points = tuple(_point(one) for one in shape.get("points", "").split(";"))
    if shape.tag == "polygon":
        return Polygon(points=points)
    if len(points) != 1:
        raise ValueError(f"a group of {len(points)} points is not one object")
    return Dot(x=points[0][0], y=points[0][1])


def _point(words: str) -> Point2:
    parts = words.split(",")
    if len(parts) != 2:
        raise ValueError(f'"{words[:40]}" is not x,y')
    return number(parts[0], "x"), number(parts[1], "y")


_CARRIER = Carrier(_write, _read)


def read(data: bytes) -> AnnotationFile:
    """Read a task; tracks of a video have no place here."""
    root = safe_xml.parse(data)
    if root.tag != "annotations":
        raise ValueError(f'has the root element "{root.tag[:40]}", not "annotations"')
    if root.find("track") is not None:
        raise ValueError("holds tracks of a video; export it from CVAT as CVAT for images 1.1")
    pictures, others = [], 0
    for image in root.iterfind("image"):
        marked, other = [], []
        for shape in image:
            if shape.tag in _SHAPES:
                marked.append(_restored(shape, image))
            elif shape.tag in _OTHERS:
                other.append(safe_xml.source(shape))
        extra: dict[str, Any] = {"cvat_shapes": other} if other else {}
        rest = {k: v for k, v in image.attrib.items() if k not in _IMAGE}
        extra |= {"cvat_image": rest} if rest else {}
        others += len(other)
        packed = image.find(KEY)
        size = {k: image.get(k) for k in ("width", "height")}
        name = image.get("name", "")
        pictures.append(
            restore_picture(
                None if packed is None else packed.text, marked, name=name, **size, extra=extra
            )
        )
    meta, kept = root.find("meta"), root.find(KEY)
    file_extra = {} if kept is None else dict(loads(kept.text or "{}"))
    if meta is not None and len(meta):
        file_extra["cvat_meta"] = safe_xml.source(meta)
    note = f"{others} lines, cuboids, tags or masks are kept in CVAT files only"
    return AnnotationFile(
        pictures=tuple(pictures), extra=file_extra, notes=(note,) if others else ()
    )


_IMAGE = ("id", "name", "width", "height")


def _restored(shape: Element, image: Element) -> Annotation:
    packed = shape.find(f"attribute[@name='{KEY}']")
    try:
        return _CARRIER.restore(_read(shape), None if packed is None else packed.text)
    except ValueError as error:
        raise ValueError(f"a {shape.tag} of {image.get('name', '')[:80]}: {error}") from None


def write(file: AnnotationFile) -> bytes:
    """Write a task that CVAT imports: its labels declare the attributes that shapes have."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    meta = file.extra.get("cvat_meta")
    root.append(safe_xml.parse(meta.encode()) if isinstance(meta, str) else Element("meta"))
    shown: dict[str, set[str]] = {}
    for place, picture in enumerate(file.pictures):
        rest = picture.extra.get("cvat_image")
        image = SubElement(root, "image", id=str(place), name=safe_xml.writable(picture.name))
        for key in ("width", "height"):
            if (size := getattr(picture, key)) is not None:
                image.set(key, str(size))
        if isinstance(rest, dict):
            image.attrib |= {str(k): safe_xml.writable(str(v)) for k, v in rest.items()}
        for one in picture.annotations:
            shape = _CARRIER.write(one)
            beside = _CARRIER.beside(one, shape)
            if beside:
                _attribute(shape, KEY, _packed(beside))
            image.append(shape)
            names = {str(a.get("name")) for a in shape.iterfind("attribute")}
            shown.setdefault(shape.get("label", ""), set()).update(names)
        for words in picture.extra.get("cvat_shapes", ()):
            image.append(safe_xml.parse(str(words).encode()))
        bare = {k: v for k, v in picture.extra.items() if k not in ("cvat_shapes", "cvat_image")}
        packed = pack_picture(replace(picture, extra=bare), extra=True)
        if packed:
            SubElement(image, KEY).text = _packed(packed)
    if not isinstance(meta, str):
        _labels(root[1], shown)
    others = {k: v for k, v in file.extra.items() if k != "cvat_meta"}
    if others:
        SubElement(root, KEY).text = _packed(others)
    return safe_xml.text(root)


def _packed(value: dict[str, Any]) -> str:
    # ASCII, so that every character survives, also those that XML cannot hold.
    return json.dumps(value, allow_nan=False)


def _labels(meta: Element, shown: dict[str, set[str]]) -> None:
    labels = SubElement(SubElement(meta, "task"), "labels")
    for name in sorted(shown):
        label = SubElement(labels, "label")
        SubElement(label, "name").text = name
        attributes = sorted(shown[name])
        within = SubElement(label, "attributes")
        for one in attributes:
            declared = SubElement(within, "attribute")
            SubElement(declared, "name").text = one
            SubElement(declared, "mutable").text = "False"
            SubElement(declared, "input_type").text = "text"
