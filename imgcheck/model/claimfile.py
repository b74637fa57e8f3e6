"""Reading a claim file: YAML or JSON, every scalar as text, every error with its line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgcheck import polygon
from imgcheck.errors import ClaimError
from imgcheck.model import position
from imgcheck.model.claim import (
    Claim,
    Measurement,
    ObjectCount,
    ObjectSize,
    Rival,
    Shadow,
    Source,
)
from imgcheck.model.lined import Item, Reader
from imgcheck.model.statement import (
    KINDS,
    Absence,
    Acquired,
    Attribution,
    Changed,
    Count,
    Dimensions,
    Intent,
    Original,
    Place,
    Sensor,
    Statement,
    Unaltered,
    Unchanged,
)

# A claim is a page of text; anything larger is something else.
MAX_BYTES = 1 << 20

# What can be measured, and between which values.
_QUANTITIES = {
    "shadow_azimuth": (0.0, 360.0),
    "shadow_ratio": (0.0, 1000.0),
    "gsd_m": (1e-3, 1e4),
    "north_deg": (-360.0, 360.0),
    "slope_deg": (0.0, 30.0),
    "slope_aspect_deg": (0.0, 360.0),
    "lean_deg": (0.0, 30.0),
    "view_deg": (0.0, 75.0),
}

# A post makes a handful of statements, and a person marks shadows one by one. More than this is
# another kind of file, and every statement costs time in every check.
_MOST_STATEMENTS = 200
_MOST_MEASUREMENTS = 200
_MOST_RIVALS = 20
_MOST_SHADOWS = 1000
_MOST_CORNERS = 2000
_LONGEST_ID = 80


def load(path: str | os.PathLike[str]) -> Claim:
    """Read a claim file.

    Raises
    ------
    ClaimError
        If the file is missing, too large, not UTF-8, not YAML, or has a value that no
        statement kind accepts; file and line are named.
    """
    name = Path(path).name
    try:
        if not Path(path).is_file():
            raise ClaimError(f"{name}: claim file not found", file=name)
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ClaimError(f"{name}: cannot be read: {error.strerror}", file=name) from error
    if len(data) > MAX_BYTES:
        raise ClaimError(f"{name}: is larger than 1 MiB, the limit for a claim file", file=name)
    return loads(data, name=name)


def loads(data: bytes | str, *, name: str = "claim") -> Claim:
    """Read a claim from the text of a claim file; ``name`` is used in error messages."""
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1  # type: ignore[arg-type]
        raise ClaimError(
            f"{name}:{line}: is not UTF-8 text; save it as UTF-8", file=name
        ) from error
    return _ClaimReader(name).claim(text)


class _ClaimReader(Reader):
    """Builds a claim from the lined values of one file."""

    def claim(self, text: str) -> Claim:
        root = self.compose(text)
        if root is None:
            self.refuse(1, "is empty; write at least one statement")
        known = {"source", "statements", "measurements", "shadows", "rivals"}
        fields = self.mapping(root, "the claim", known)
        listed = self.items(fields, "measurements", most=_MOST_MEASUREMENTS)
        measured = [one for item in listed for one in self._measurements(item)]
        rivals = self.items(fields, "rivals", most=_MOST_RIVALS)
        shadows = self.items(fields, "shadows", most=_MOST_SHADOWS)
        return Claim(
            source=self._source(fields["source"]) if "source" in fields else Source(),
            statements=self._statements(fields),
            measurements=tuple(m for m in measured if isinstance(m, Measurement)),
            counts=tuple(m for m in measured if isinstance(m, ObjectCount)),
            sizes=tuple(m for m in measured if isinstance(m, ObjectSize)),
            shadows=tuple(self._shadow(item) for item in shadows),
            rivals=tuple(self._rival(item) for item in rivals),
        )

    def _statements(self, fields: dict[str, Item]) -> tuple[Statement, ...]:
        found: dict[str, Statement] = {}
        for number, item in enumerate(self.items(fields, "statements", most=_MOST_STATEMENTS), 1):
            statement = self._statement(item, number)
            if statement.id in found:
                self.refuse(item.line, f'id "{statement.id}" is used twice; ids must be unique')
            found[statement.id] = statement
        return tuple(found.values())

    def _source(self, item: Item) -> Source:
        fields = self.mapping(item, "source", {"url", "publisher", "platform", "posted"})
        words = {
            key: self.text(fields[key], f"source.{key}") if key in fields else None
            for key in ("url", "publisher", "platform")
        }
        posted = self.window(fields["posted"], "source.posted") if "posted" in fields else None
        return Source(posted=posted, **words)

    def _rival(self, item: Item) -> Rival:
        fields = self.mapping(item, "a rival", {"text", "acquired"})
        window = self.window(fields["acquired"], "rival.acquired") if "acquired" in fields else None
        text = self.text(fields["text"], "rival.text") if "text" in fields else ""
        if not text and window is None:
            self.refuse(item.line, 'a rival needs a "text", an "acquired" window, or both')
        return Rival(text=text, window=window)

    def _measurements(self, item: Item) -> list[Measurement | ObjectCount | ObjectSize]:
        fields = self.mapping(item, "a measurement", {*_QUANTITIES, "count", "size", "note"})
        note = self.text(fields["note"], "note") if "note" in fields else ""
        found: list[Measurement | ObjectCount | ObjectSize] = []
        for key, child in fields.items():
            if key == "count":
                found.append(self._counted(child))
            elif key == "size":
                found.append(self._size(child))
            elif key != "note":
                found.append(self._measurement(key, child, note))
        if not found:
            self.refuse(
                item.line, f"a measurement must name one of {', '.join(_QUANTITIES)}, count, size"
            )
        return found

    def _size(self, item: Item) -> ObjectSize:
        fields = self.mapping(item, "size", {"class", "length_m", "width_m", "objects"})
        sides: dict[str, float] = {}
        for key, error in (("length_m", "length_sigma_m"), ("width_m", "width_sigma_m")):
            if key not in fields or isinstance(fields[key].value, str):
                line = fields[key].line if key in fields else item.line
                self.refuse(line, f"size needs {key}: {{value: METRES, sigma: STANDARD_ERROR}}")
            inner = self.mapping(fields[key], key, {"value", "sigma"})
            if set(inner) != {"value", "sigma"}:
                self.refuse(
                    fields[key].line, f"{key}: write {{value: METRES, sigma: STANDARD_ERROR}}"
                )
            sides[key] = self.number(inner["value"], f"{key}.value", 0.05, 1000.0)
            sides[error] = self.number(inner["sigma"], f"{key}.sigma", 1e-3, 100.0)
        objects = self.whole(fields["objects"], "size.objects") if "objects" in fields else 1
        if objects < 1:
            self.refuse(fields["objects"].line, "size.objects: at least one object is measured")
        name = self._object_class(fields, item.line, "size")
        return ObjectSize(
            object_class=name,
            length_m=sides["length_m"],
            length_sigma_m=sides["length_sigma_m"],
            width_m=sides["width_m"],
            width_sigma_m=sides["width_sigma_m"],
            objects=objects,
        )

    def _counted(self, item: Item) -> ObjectCount:
        fields = self.mapping(item, "count", {"class", "value", "by", "at"})
        for key, what in (("value", "number"), ("by", "name"), ("at", "date")):
            if key not in fields:
                self.refuse(item.line, f'count under measurements needs "{key}", a {what}')
        by = self.text(fields["by"], "count.by")
        if not by:
            self.refuse(fields["by"].line, "count.by: name the person who counted")
        return ObjectCount(
            object_class=self._object_class(fields, item.line, "count"),
            value=self.whole(fields["value"], "count.value"),
            by=by,
            at=self.window(fields["at"], "count.at"),
        )

    def _measurement(self, quantity: str, item: Item, note: str) -> Measurement:
        low, high = _QUANTITIES[quantity]
        if isinstance(item.value, str):
            value, sigma = self.number(item, quantity, low, high), None
        else:
            fields = self.mapping(item, quantity, {"value", "sigma"})
            if "value" not in fields:
                self.refuse(item.line, f'{quantity} needs a "value"')
            value = self.number(fields["value"], f"{quantity}.value", low, high)
            sigma = None
            if "sigma" in fields:
                sigma = self.number(fields["sigma"], f"{quantity}.sigma", 1e-6, 1e4)
        if sigma is None and quantity.startswith("shadow_"):
            self.refuse(
                item.line,
                f"{quantity}: give its error: {{value: {value:g}, sigma: STANDARD_ERROR}}",
            )
        return Measurement(quantity=quantity, value=value, sigma=sigma, note=note)

    def _shadow(self, item: Item) -> Shadow:
        fields = self.mapping(item, "a shadow", {"base", "tip", "height_m", "end_point_px", "note"})
        for key in ("base", "tip"):
            if key not in fields:
                self.refuse(item.line, f'a shadow needs a "{key}": [x, y] in picture pixels')
        height = height_sigma = end_point = None
        if "height_m" in fields:
            given = fields["height_m"]
            inner = {"value": given}
            if not isinstance(given.value, str):
                inner = self.mapping(given, "height_m", {"value", "sigma"})
            if set(inner) != {"value", "sigma"}:
                self.refuse(given.line, "height_m: write {value: METRES, sigma: STANDARD_ERROR}")
            height = self.number(inner["value"], "height_m.value", 0.1, 1000.0)
            height_sigma = self.number(inner["sigma"], "height_m.sigma", 0.0, 1000.0)
        if "end_point_px" in fields:
            end_point = self.number(fields["end_point_px"], "end_point_px", 0.05, 1000.0)
        return Shadow(
            base=self._pixel(fields["base"], "base"),
            tip=self._pixel(fields["tip"], "tip"),
            height_m=height,
            height_sigma_m=height_sigma,
            end_point_px=end_point,
            note=self.text(fields["note"], "note") if "note" in fields else "",
        )

    def _pixel(self, item: Item, what: str) -> tuple[float, float]:
        if not isinstance(item.value, list) or len(item.value) != 2:
            self.refuse(item.line, f"shadow {what} must be [x, y] in picture pixels")
        x, y = (self.number(part, f"shadow {what}", -1e6, 1e6) for part in item.value)
        return x, y

    def _statement(self, item: Item, number: int) -> Statement:
        kinds = ", ".join(KINDS)
        if isinstance(item.value, str):
            item = Item({item.value: Item("", item.line)}, item.line)  # "- original"
        if not isinstance(item.value, dict):
            self.refuse(item.line, f"a statement must be one of {kinds}")
        named = [key for key in item.value if key in KINDS]
        if len(named) != 1:
            what = f'"{next(iter(item.value), "")}"' if not named else " and ".join(named)
            self.refuse(item.line, f"{what}: a statement has exactly one kind of {kinds}")
        kind = named[0]
        fields = self.mapping(item, f"statement {kind}", {kind, "id", "text"})
        common = {
            "id": self._id(fields["id"]) if "id" in fields else f"{number}-{kind}",
            "text": self.text(fields["text"], "text") if "text" in fields else "",
        }
        build: Callable[..., Statement] = getattr(self, f"_{kind}")
        return build(fields[kind], **common)

    def _id(self, item: Item) -> str:
        found = self.text(item, "id")
        if not 1 <= len(found) <= _LONGEST_ID:
            self.refuse(
                item.line, f"an id must have 1 to {_LONGEST_ID} characters, not {len(found)}"
            )
        return found

    def _acquired(self, item: Item, **common: Any) -> Statement:
        return Acquired(window=self.window(item, "acquired"), **common)

    def _unchanged(self, item: Item, **common: Any) -> Statement:
        return Unchanged(window=self.window(item, "unchanged"), **common)

    def _changed(self, item: Item, **common: Any) -> Statement:
        return Changed(window=self.window(item, "changed"), **common)

    def _sensor(self, item: Item, **common: Any) -> Statement:
        return Sensor(sensor=self.text(item, "sensor"), **common)

    def _original(self, item: Item, **common: Any) -> Statement:
        self._bare(item, "original")
        return Original(**common)

    def _unaltered(self, item: Item, **common: Any) -> Statement:
        self._bare(item, "unaltered")
        return Unaltered(**common)

    def _attribution(self, item: Item, **common: Any) -> Statement:
        return Attribution(actor=self.text(item, "attribution"), **common)

    def _intent(self, item: Item, **common: Any) -> Statement:
        found = self.text(item, "intent")
        return Intent(id=common["id"], text=common["text"] or found)

    def _bare(self, item: Item, kind: str) -> None:
        if self.text(item, kind).lower() not in ("", "true", "yes"):
            self.refuse(item.line, f'{kind} takes no value; write "- {kind}: true"')

    def _place(self, item: Item, **common: Any) -> Statement:
        known = {"at", "lat", "lon", "radius_km", "bbox", "polygon", "relation"}
        at = isinstance(item.value, str)  # - place: 35°20'N 40°08'E
        fields = {"at": item} if at else self.mapping(item, "place", known)
        shapes = [key for key in ("at", "lat", "bbox", "polygon") if key in fields]
        if len(shapes) != 1:
            self.refuse(
                item.line, "place must be either at or lat + lon (+ radius_km), or bbox, or polygon"
            )
        relation = self.text(fields["relation"], "relation") if "relation" in fields else "overlaps"
        if relation not in ("inside", "overlaps", "near"):
            self.refuse(item.line, f'relation "{relation}" is not inside, overlaps or near')
        if "bbox" in fields:
            return Place(bbox=self._bbox(fields["bbox"]), relation=relation, **common)
        if "polygon" in fields:
            ring = self._ring(fields["polygon"])
            return Place(polygon=ring, relation=relation, **common)
        spot = self._at(fields["at"]) if "at" in fields else self._lat_lon(fields, item.line)
        radius = spot.radius_km
        if "radius_km" in fields:
            radius = self.number(fields["radius_km"], "place.radius_km", 0.001, 20_100.0)
        return Place(
            lat=spot.lat,
            lon=spot.lon,
            radius_km=radius,
            named=spot.named,
            relation=relation,
            **common,
        )

    def _at(self, item: Item) -> position.Position:
        try:
            return position.read(self.text(item, "place.at"))
        except ValueError as error:
            self.refuse(item.line, f"place.at: {error}")

    def _lat_lon(self, fields: dict[str, Item], line: int) -> position.Position:
        if "lon" not in fields:
            self.refuse(line, 'place: "lat" needs a "lon"')
        lon, lat = self._position(fields["lon"], fields["lat"], "place")
        return position.Position(lat=lat, lon=lon)

    def _position(self, east: Item, north: Item, what: str) -> tuple[float, float]:
        """Read a longitude and a latitude; the error names them if they seem exchanged."""
        lon = self.number(east, f"{what} lon", -180, 180)
        lat = self.number(north, f"{what} lat", -1e9, 1e9)
        if abs(lat) > 90:
            hint = (
                f"; longitude and latitude may be exchanged (lat {lon:g}, lon {lat:g})"
                if abs(lon) <= 90
                else ""
            )
            self.refuse(north.line, f"{what} lat: {lat:g} is outside -90 to 90{hint}")
        return lon, lat

    def _bbox(self, item: Item) -> tuple[float, float, float, float]:
        if not isinstance(item.value, list) or len(item.value) != 4:
            self.refuse(item.line, "place.bbox is [west, south, east, north] in degrees")
        corners = item.value
        west, south = self._position(corners[0], corners[1], "place.bbox")
        east, north = self._position(corners[2], corners[3], "place.bbox")
        if south > north:
            self.refuse(item.line, "place.bbox: south is above north; write [W, S, E, N]")
        if south == north or west == east:
            self.refuse(
                item.line, "place.bbox encloses nothing; write [W, S, E, N], or lat and lon"
            )
        return west, south, east, north

    def _ring(self, item: Item) -> tuple[tuple[float, float], ...]:
        if not isinstance(item.value, list) or len(item.value) < 3:
            self.refuse(item.line, "place.polygon is a list of 3 and more [lon, lat] pairs")
        if len(item.value) > _MOST_CORNERS:
            self.refuse(item.line, f"place.polygon has over {_MOST_CORNERS:,} corners; simplify it")
        ring = []
        for pair in item.value:
            if not isinstance(pair.value, list) or len(pair.value) != 2:
                self.refuse(pair.line, "place.polygon: each corner is [lon, lat]")
            ring.append(self._position(pair.value[0], pair.value[1], "place.polygon"))
        if (reason := polygon.fault(ring)) is not None:
            self.refuse(item.line, f"place.polygon {reason}")
        return tuple(ring)

    def _object_class(self, fields: dict[str, Item], line: int, what: str) -> str:
        if "class" not in fields:
            self.refuse(line, f'{what} needs a "class", such as vehicle or crater')
        return self.text(fields["class"], f"{what}.class")

    def _count(self, item: Item, **common: Any) -> Statement:
        fields = self.mapping(item, "count", {"class", "min", "max"})
        bounds = {
            name: self.whole(fields[key], f"count.{key}") if key in fields else None
            for name, key in (("minimum", "min"), ("maximum", "max"))
        }
        low, high = bounds["minimum"], bounds["maximum"]
        if low is None and high is None:
            self.refuse(item.line, 'count needs a "min", a "max", or both')
        if low is not None and high is not None and low > high:
            self.refuse(item.line, f"count: min {low} is above max {high}")
        object_class = self._object_class(fields, item.line, "count")
        return Count(object_class=object_class, minimum=low, maximum=high, **common)

    def _absence(self, item: Item, **common: Any) -> Statement:
        fields = self.mapping(item, "absence", {"class", "min_size_m"})
        size = None
        if "min_size_m" in fields:
            size = self.number(fields["min_size_m"], "absence.min_size_m", 0.01, 10_000)
        object_class = self._object_class(fields, item.line, "absence")
        return Absence(object_class=object_class, min_size_m=size, **common)

    def _dimensions(self, item: Item, **common: Any) -> Statement:
        fields = self.mapping(item, "dimensions", {"class", "length_m", "width_m", "tolerance_m"})
        if "length_m" not in fields:
            self.refuse(item.line, 'dimensions needs a "length_m"')
        sizes = {
            key: self.number(fields[key], f"dimensions.{key}", 0.01, 10_000)
            for key in ("length_m", "width_m", "tolerance_m")
            if key in fields
        }
        object_class = self._object_class(fields, item.line, "dimensions")
        return Dimensions(
            object_class=object_class,
            length_m=sizes["length_m"],
            width_m=sizes.get("width_m"),
            tolerance_m=sizes.get("tolerance_m"),
            **common,
        )
