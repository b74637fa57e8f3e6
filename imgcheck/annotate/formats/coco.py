"""COCO object detection JSON; a rotation stands in ``attributes.rotation``, as CVAT writes it.

``bbox`` is x, y, width, height of the upright bounds. Of a turned rectangle the four corners are
the ``segmentation``. CVAT itself writes no segmentation for one, and as ``bbox`` the rectangle
before it is turned about its middle; that is read, too.

https://cocodataset.org/#format-data, https://docs.cvat.ai/docs/dataset_management/formats/
"""

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
    number,
    pack_picture,
    restore_picture,
)
from imgcheck.annotation import (
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Geometry,
    Obb,
    Polygon,
    bounds,
)

_OWN = ("id", "image_id", "category_id", "bbox", "area", "segmentation", "attributes", KEY)
_PICTURE = ("id", "file_name", "width", "height", KEY)

# An annotation and the name of its category.
Native = tuple[dict[str, Any], str]


def _write(one: Annotation) -> Native:
    box = bounds(one.geometry)
    corners = () if isinstance(one.geometry, Box | Dot) else one.geometry.points
    attributes = {k: v for k, v in one.extra.items() if k not in ("coco", "rotation")} | flat(one)
    own = one.extra.get("coco")
    if isinstance(one.geometry, Obb):
        attributes["rotation"] = one.geometry.heading
    written: dict[str, Any] = {
        "iscrowd": 0,
        **({k: v for k, v in own.items() if k not in _OWN} if isinstance(own, dict) else {}),
        "bbox": [box.x, box.y, box.width, box.height],
        "area": _area(one.geometry),
        "segmentation": [shapes.flattened(corners)] if corners else [],
    }
    if one.score is not None:
        written["score"] = attributes.pop("score")  # as in the file of results
    if attributes:
        written["attributes"] = attributes
    return written, one.name


def _area(geometry: Geometry) -> float:
    points = geometry.points
    turned = zip(points, (*points[1:], points[0]), strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in turned)) / 2


def _read(native: Native) -> Annotation:
    written, label = native
    attributes = written.get("attributes")
    given: dict[str, Any] = dict(attributes) if isinstance(attributes, Mapping) else {}
    rotation = given.pop("rotation", None)
    rotation = None if rotation is None else number(rotation, "rotation") % 360
    others = {k: v for k, v in written.items() if k not in _OWN}
    if others.get("iscrowd") == 0:
        del others["iscrowd"]
    score = others.pop("score", None)
    fields = from_flat(given if score is None else {**given, "score": score}, label)
    if others:
        fields["extra"]["coco"] = others
    return Annotation(geometry=_geometry(written, rotation), **fields)


def _geometry(written: dict[str, Any], rotation: float | None) -> Geometry:
    outline = written.get("segmentation")
    if isinstance(outline, list) and len(outline) == 1 and len(outline[0]) >= 6:
        corners = shapes.pairs(outline[0], "segmentation")
        return Polygon(points=corners) if rotation is None else shapes.from_corners(corners)
    given = written.get("bbox")
    if not isinstance(given, list) or len(given) != 4:
        raise ValueError("bbox is not [x, y, width, height]")
    x, y, width, height = (number(v, "bbox") for v in given)
    if width == height == 0:
        return Dot(x=x, y=y)
    if not rotation:
        return Box(x=x, y=y, width=width, height=height)
    return Obb(cx=x + width / 2, cy=y + height / 2, length=height, width=width, heading=rotation)


_CARRIER = Carrier(_write, _read)


def read(data: bytes) -> AnnotationFile:
    """Read pictures, categories and annotations; objects of several outlines are kept as given."""
    value = loads(data)
    if not isinstance(value, Mapping):
        raise ValueError("is not a JSON object")
    lists = {key: _objects(value, key) for key in ("images", "annotations", "categories")}
    names = {one.get("id"): str(one.get("name", "")) for one in lists["categories"]}
    marked: dict[Any, list[Annotation]] = {one.get("id"): [] for one in lists["images"]}
    odd: list[dict[str, Any]] = []
    for place, one in enumerate(lists["annotations"], 1):
        if one.get("image_id") not in marked:
            raise ValueError(f"annotation {place} is of a picture that is not listed")
        if _is_mask(one):
            odd.append(one)
            continue
        try:
            found = _CARRIER.restore(
                _read((one, names.get(one.get("category_id"), ""))), one.get(KEY)
            )
        except ValueError as error:
            raise ValueError(f"annotation {place}: {error}") from None
        marked[one["image_id"]].append(found)
    pictures = tuple(_picture(one, marked[one.get("id")]) for one in lists["images"])
    extra: dict[str, Any] = {k: v for k, v in value.items() if k not in lists}
    extra["categories"] = lists["categories"]
    if odd:
        extra["coco_masks"] = odd
    note = f"{len(odd)} masks are kept in COCO only; they have no single outline"
    return AnnotationFile(pictures=pictures, extra=extra, notes=(note,) if odd else ())


def _objects(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    listed = value.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError(f'"{key}" must be a list of objects')
    return listed


def _is_mask(one: dict[str, Any]) -> bool:
    """Return whether an object is a run-length mask, or has several outlines."""
    outline = one.get("segmentation")
    return isinstance(outline, dict) or (isinstance(outline, list) and len(outline) > 1)


def _picture(one: dict[str, Any], marked: list[Annotation]) -> AnnotatedPicture:
    return restore_picture(
        one.get(KEY),
        marked,
        name=one.get("file_name"),
        width=one.get("width"),
        height=one.get("height"),
        extra={k: v for k, v in one.items() if k not in _PICTURE},
    )


def write(file: AnnotationFile) -> bytes:
    """Write all pictures; categories keep the ids of a COCO file that was read."""
    categories = [dict(one) for one in file.extra.get("categories", [])]
    ids = {str(one.get("name", "")): one.get("id") for one in categories}
    pictures, annotations = [], list(file.extra.get("coco_masks", []))
    for place, picture in enumerate(file.pictures, 1):
        packed = pack_picture(picture, extra=False)
        written = {**picture.extra, "id": place, "file_name": picture.name}
        written |= {k: v for k in ("width", "height") if (v := getattr(picture, k)) is not None}
        pictures.append({**written, KEY: packed} if packed else written)
        for one in picture.annotations:
            native = _CARRIER.write(one)
            if native[1] not in ids:
                ids[native[1]] = max((i for i in ids.values() if isinstance(i, int)), default=0) + 1
                categories.append({"id": ids[native[1]], "name": native[1]})
            beside = _CARRIER.beside(one, native)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": place,
                    "category_id": ids[native[1]],
                    **native[0],
                    **({KEY: beside} if beside else {}),
                }
            )
    extra = {k: v for k, v in file.extra.items() if k not in ("categories", "coco_masks")}
    return dumps(
        {**extra, "images": pictures, "annotations": annotations, "categories": categories}
    )
