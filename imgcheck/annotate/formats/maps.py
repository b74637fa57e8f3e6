"""GeoJSON and KML: objects on the ground, in longitude and latitude (WGS 84).

An object without a place on the ground has no geometry there, which both formats allow. Its shape
in the picture stands in the property ``pixel`` in either case.

https://www.rfc-editor.org/rfc/rfc7946, https://docs.ogc.org/is/12-007r2/12-007r2.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace

from imgcheck.annotate import ground, safe_xml
from imgcheck.annotate.packing import (
    KEY,
    AnnotationFile,
    Carrier,
    dumps,
    flat,
    from_flat,
    geometry_of,
    loads,
    number,
    pack_picture,
    restore_picture,
    same_place,
    unpack,
)
from imgcheck.annotation import AnnotatedPicture, Annotation, MapGeometry
from imgcheck.imaging.georeference import Georeference
from imgcheck.model.codec import encode

_OWN = ("label", "picture", "pixel", KEY)
_KML = "http://www.opengis.net/kml/2.2"
Feature = dict[str, Any]


class _Features:
    """Reads and writes features; ``text`` where properties can only be text, as in KML."""

    def __init__(self, place: Georeference | None, *, text: bool) -> None:
        self.place, self.text = place, text
        self.carrier = Carrier(self.write, self.read)

    def write(self, one: Annotation) -> Feature:
        extra = {k: v for k, v in one.extra.items() if k not in _OWN}
        shown = {"label": one.name, **extra, **flat(one)}
        pixel, id = encode(one.geometry), one.id
        if self.text:
            shown = {
                safe_xml.writable(k): safe_xml.writable(str(v)) if k != "kml" else v
                for k, v in shown.items()
                if isinstance(v, str | float) or k == "kml"
            }
            pixel, id = json.dumps(pixel), safe_xml.writable(id)
        feature: Feature = {
            "type": "Feature",
            "geometry": ground.lonlat(one.ground),
            "properties": {**shown, "pixel": pixel},
        }
        return {**feature, "id": id} if id else feature

    def read(self, feature: Feature) -> Annotation:
        properties = feature.get("properties") or {}
        if not isinstance(properties, Mapping):
            raise ValueError("properties are not an object")
        shown = {k: v for k, v in properties.items() if k not in _OWN}
        fields = from_flat(shown, str(properties.get("label") or ""))
        id = feature.get("id")
        if isinstance(id, str):
            fields["id"] = id
        on_map = feature.get("geometry")
        if isinstance(on_map, Mapping):
            fields["ground"] = MapGeometry(
                crs=ground.LONLAT, type=str(on_map.get("type")),
                coordinates=on_map.get("coordinates"),
            )  # fmt: skip
        pixel = properties.get("pixel")
        if pixel is not None:
            geometry = geometry_of(loads(pixel) if isinstance(pixel, str) else pixel)
        elif isinstance(on_map, Mapping) and self.place is not None:
            geometry = ground.in_pixels(on_map, self.place)
        else:
            raise ValueError(
                "has a place on the map and none in a picture; give the georeferenced picture "
                "(--image PATH)"
            )
        return Annotation(geometry=geometry, **fields)

    def restored(self, feature: Feature) -> Annotation:
        properties = feature.get("properties")
        packed = properties.get(KEY) if isinstance(properties, Mapping) else None
        if isinstance(packed, str):
            packed = loads(packed)
        found = self.read(feature)
        whole = self.carrier.restore(found, packed)
        if self.place is None or packed is None or found.ground is None:
            return whole
        was = ground.lonlat(unpack(Annotation, packed).ground)
        if was is None or same_place(found.ground, MapGeometry(crs=ground.LONLAT, **was)):
            return whole
        # It was moved on the map.
        geometry = ground.in_pixels(encode(found.ground), self.place)
        return replace(whole, geometry=geometry, measures={})

    def of(self, picture: AnnotatedPicture) -> Iterator[Feature]:
        for one in picture.annotations:
            feature = self.write(one)
            beside = self.carrier.beside(one, feature)
            properties = {"picture": picture.name, **feature["properties"]}
            if beside is not None:
                properties[KEY] = json.dumps(beside) if self.text else beside
            yield {**feature, "properties": properties}


def read_geojson(data: bytes, *, place: Georeference | None) -> AnnotationFile:
    """Read features; those of one property ``picture`` belong together."""
    value = loads(data)
    if not isinstance(value, Mapping) or not isinstance(value.get("features"), list):
        raise ValueError("is not a GeoJSON FeatureCollection")
    extra = {k: v for k, v in value.items() if k not in ("type", "features", KEY)}
    return _collected(value["features"], value.get(KEY), extra, _Features(place, text=False))


def _collected(
    features: list[Any], packed: Any, extra: dict[str, Any], reader: _Features
) -> AnnotationFile:
    known = packed.get("pictures", []) if isinstance(packed, Mapping) else []
    if not isinstance(known, list) or not all(isinstance(one, dict) for one in known):
        raise ValueError(f'"{KEY}" has no list of pictures')
    marked: dict[str, list[Annotation]] = {str(one.get("name", "")): [] for one in known}
    for place, feature in enumerate(features, 1):
        if not isinstance(feature, Mapping):
            raise ValueError(f"feature {place} is not an object")
        properties = feature.get("properties")
        shown = properties if isinstance(properties, Mapping) else {}
        try:
            marked.setdefault(str(shown.get("picture") or ""), []).append(
                reader.restored(dict(feature))
            )
        except ValueError as error:
            raise ValueError(f"feature {place}: {error}") from None
    details = {str(one.get("name", "")): one for one in known}
    pictures = []
    for name, annotations in marked.items():
        rest = {k: v for k, v in details.get(name, {}).items() if k not in _SIZE}
        size = {k: details.get(name, {}).get(k) for k in ("width", "height")}
        pictures.append(restore_picture(rest, annotations, name=name, **size))
    file_extra = packed.get("file", {}) if isinstance(packed, Mapping) else {}
    return AnnotationFile(pictures=tuple(pictures), extra={**file_extra, **extra})


_SIZE = ("name", "width", "height")


def _details(file: AnnotationFile) -> dict[str, Any]:
    """Return what features do not hold: pictures, and fields of the file."""
    pictures = []
    for one in file.pictures:
        size = {k: v for k in _SIZE if (v := getattr(one, k)) is not None}
        pictures.append({**size, **pack_picture(one, extra=True)})
    return {"pictures": pictures}


def write_geojson(file: AnnotationFile) -> bytes:
    """Write a FeatureCollection; objects without a place have the geometry null."""
    writer = _Features(None, text=False)
    features = [feature for picture in file.pictures for feature in writer.of(picture)]
    extra = {k: v for k, v in file.extra.items() if k not in ("type", "features", KEY)}
    whole = {"type": "FeatureCollection", **extra, KEY: _details(file), "features": features}
    return dumps(whole)


def read_kml(data: bytes, *, place: Georeference | None) -> AnnotationFile:
    """Read placemarks with their ExtendedData, in whatever folders they stand."""
    root = safe_xml.parse(data)
    if root.tag.rpartition("}")[2] != "kml":
        raise ValueError(f'has the root element "{root.tag[:40]}", not "kml"')
    features, packed = [], None
    for one in root.iter():
        tag = one.tag.rpartition("}")[2]
        if tag == "Placemark":
            features.append(_feature(one))
        elif tag == "Document":
            packed = _data(one).get(KEY)
    found = _collected(features, loads(packed) if packed else None, {}, _Features(place, text=True))
    document = root.find(_tag("Document"))
    others = [] if document is None else [
        safe_xml.source(one) for one in document
        if one.tag.rpartition("}")[2] not in ("Placemark", "Folder", "ExtendedData")
    ]  # fmt: skip
    return replace(found, extra={**found.extra, **({"kml_document": others} if others else {})})


def _tag(name: str) -> str:
    return f"{{{_KML}}}{name}"


def _data(element: Element) -> dict[str, str]:
    within = next((one for one in element if one.tag.rpartition("}")[2] == "ExtendedData"), None)
    if within is None:
        return {}
    found = {}
    for one in within.iter():
        if one.tag.rpartition("}")[2] == "Data":
            value = next((v for v in one if v.tag.rpartition("}")[2] == "value"), None)
            found[one.get("name", "")] = "" if value is None else value.text or ""
        elif one.tag.rpartition("}")[2] == "SimpleData":
            found[one.get("name", "")] = one.text or ""
    return found


def _feature(placemark: Element) -> Feature:
    properties: dict[str, Any] = dict(_data(placemark))
    feature: Feature = {"properties": properties, "geometry": None}
    others = []
    for one in placemark:
        tag = one.tag.rpartition("}")[2]
        if tag == "name":
            properties.setdefault("label", one.text or "")
        elif tag in ("Polygon", "Point"):
            feature["geometry"] = {"type": tag, "coordinates": _coordinates(one, tag)}
        elif tag != "ExtendedData":
            others.append(safe_xml.source(one))
    if placemark.get("id"):
        feature["id"] = placemark.get("id")
    if others:
        properties["kml"] = others
    return feature


def _coordinates(element: Element, tag: str) -> Any:
    rings = [
        one.text or "" for one in element.iter() if one.tag.rpartition("}")[2] == "coordinates"
    ]
    found = [
        [[number(v, "a coordinate") for v in words.split(",")][:2] for words in ring.split()]
        for ring in rings
    ]
    if not found or not found[0]:
        raise ValueError(f"a {tag} has no coordinates")
    return found[0][0] if tag == "Point" else found


def write_kml(file: AnnotationFile) -> bytes:
    """Write a document; objects without a place on the ground have no geometry."""
    register_namespace("", _KML)
    root = Element(_tag("kml"))
    document = SubElement(root, _tag("Document"))
    for words in file.extra.get("kml_document", ()):
        document.append(safe_xml.parse(str(words).encode()))
    extra = {k: v for k, v in file.extra.items() if k != "kml_document"}
    details = {**_details(file), "file": extra}
    _extended(document, {KEY: json.dumps(details)})
    writer = _Features(None, text=True)
    for picture in file.pictures:
        for feature in writer.of(picture):
            _placemark(document, feature)
    return safe_xml.text(root)


def _placemark(document: Element, feature: Feature) -> None:
    mark = SubElement(document, _tag("Placemark"))
    if "id" in feature:
        mark.set("id", safe_xml.writable(feature["id"]))
    properties = feature["properties"]
    SubElement(mark, _tag("name")).text = safe_xml.writable(properties["label"])
    others = properties.get("kml", ())
    for words in others if isinstance(others, list) else ():
        mark.append(safe_xml.parse(str(words).encode()))
    _extended(mark, {k: v for k, v in properties.items() if k != "kml" and isinstance(v, str)})
    on_map = feature["geometry"]
    if on_map is None:
        return
    if on_map["type"] == "Point":
        shape = SubElement(mark, _tag("Point"))
        SubElement(shape, _tag("coordinates")).text = _text([on_map["coordinates"]])
    elif on_map["type"] == "Polygon":
        shape = SubElement(mark, _tag("Polygon"))
        for place, ring in enumerate(on_map["coordinates"]):
            side = SubElement(shape, _tag("innerBoundaryIs" if place else "outerBoundaryIs"))
            linear = SubElement(side, _tag("LinearRing"))
            SubElement(linear, _tag("coordinates")).text = _text(ring)


def _text(ring: list[Any]) -> str:
    return " ".join(",".join(repr(float(v)) for v in position) for position in ring)


def _extended(element: Element, values: Mapping[str, str]) -> None:
    within = SubElement(element, _tag("ExtendedData"))
    for name, value in values.items():
        data = SubElement(within, _tag("Data"), name=safe_xml.writable(name))
        SubElement(data, _tag("value")).text = safe_xml.writable(value)
