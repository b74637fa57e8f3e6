"""The georeference that GeoTIFF fields state (OGC 19-008r4, GeoTIFF 1.1).

The keys are numbers of a table in one field; long values stand in two other fields. They are
what the writer of the file stated: a wrong position is written as easily as a right one.
"""

from dataclasses import dataclass

from imgcheck.imaging.containers.tiff import Directory, Entry, Order, integers
from imgcheck.provenance.fields.exif import numbers
from imgcheck.provenance.fields.values import Number, Reading, Value

_MAX_KEYS = 200  # the standard has about 60
_MAX_POINTS = 64
_SCALE, _POINTS, _MATRIX = 0x830E, 0x8482, 0x85D8
_KEYS, _DOUBLES, _TEXTS = 0x87AF, 0x87B0, 0x87B1
_USER_DEFINED = 32767
_NAMES = {start + number: name for start, names in (
    (1024, ("GTModelType", "GTRasterType", "GTCitation")),
    (2048, ("GeodeticCRS", "GeodeticCitation", "GeodeticDatum", "PrimeMeridian", "GeogLinearUnits",
            "GeogLinearUnitSize", "GeogAngularUnits", "GeogAngularUnitSize", "Ellipsoid",
            "EllipsoidSemiMajorAxis", "EllipsoidSemiMinorAxis", "EllipsoidInvFlattening",
            "GeogAzimuthUnits", "PrimeMeridianLongitude", "GeogTOWGS84")),
    (3072, ("ProjectedCRS", "ProjectedCitation", "Projection", "ProjMethod", "ProjLinearUnits",
            "ProjLinearUnitSize", "ProjStdParallel1", "ProjStdParallel2", "ProjNatOriginLong",
            "ProjNatOriginLat", "ProjFalseEasting", "ProjFalseNorthing", "ProjFalseOriginLong",
            "ProjFalseOriginLat", "ProjFalseOriginEasting", "ProjFalseOriginNorthing",
            "ProjCenterLong", "ProjCenterLat", "ProjCenterEasting", "ProjCenterNorthing",
            "ProjScaleAtNatOrigin", "ProjScaleAtCenter", "ProjAzimuthAngle",
            "ProjStraightVertPoleLong")),
    (4096, ("Vertical", "VerticalCitation", "VerticalDatum", "VerticalUnits")),
) for number, name in enumerate(names)}  # fmt: skip
_MODELS = {1: "projected", 2: "geographic", 3: "geocentric"}
_RASTERS = {1: "area", 2: "point"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoReference:
    """The GeoTIFF fields of one directory; unknown is None.

    ``crs`` is ``EPSG:code`` of the projected or else the geodetic system, None where it is
    user-defined. ``raster`` is ``area`` or ``point``: half a pixel lies between the two.
    ``tie_points`` are (i, j, k, x, y, z) of raster and model; ``transform`` is the 4 x 4 matrix
    from raster to model, row by row.
    """

    crs: str | None
    model: str | None
    raster: str | None
    citation: str | None
    vertical: int | None
    pixel_scale: tuple[float, float, float] | None
    tie_points: tuple[tuple[float, ...], ...]
    transform: tuple[float, ...] | None
    keys: dict[str, Value]


def read_geotiff(reading: Reading, directory: Directory, order: Order) -> GeoReference | None:
    fields = {entry.tag: entry for entry in directory.entries if entry.inside}
    if not fields.keys() & {_SCALE, _POINTS, _MATRIX, _KEYS}:
        return None
    keys = _keys(reading, fields, order)
    scale = _doubles(reading, fields.get(_SCALE), order, 3)
    points = _doubles(reading, fields.get(_POINTS), order, 6 * _MAX_POINTS)
    matrix = _doubles(reading, fields.get(_MATRIX), order, 16)
    model, raster, vertical = (keys.get(n) for n in ("GTModelType", "GTRasterType", "Vertical"))
    citation = next((keys[name] for name in ("GTCitation", "ProjectedCitation", "GeodeticCitation")
                     if name in keys), None)  # fmt: skip
    return GeoReference(
        crs=_crs(keys),
        model=_MODELS.get(model) if isinstance(model, int) else None,
        raster=_RASTERS.get(raster) if isinstance(raster, int) else None,
        citation=citation if isinstance(citation, str) else None,
        vertical=vertical if isinstance(vertical, int) else None,
        pixel_scale=(scale[0], scale[1], scale[2]) if len(scale) == 3 else None,
        tie_points=tuple(tuple(points[i : i + 6]) for i in range(0, len(points) - 5, 6)),
        transform=tuple(matrix) if len(matrix) == 16 else None, keys=keys,
    )  # fmt: skip


def _crs(keys: dict[str, Value]) -> str | None:
    for name in ("ProjectedCRS", "GeodeticCRS"):
        code = keys.get(name)
        if isinstance(code, int) and 1000 < code < _USER_DEFINED:
            return f"EPSG:{code}"
        if code == _USER_DEFINED:
            return None  # described by other keys, not by a code
    return None


def _keys(reading: Reading, fields: dict[int, Entry], order: Order) -> dict[str, Value]:
    entry = fields.get(_KEYS)
    if entry is None:
        return {}
    table = integers(reading.data, entry, order, 4 * (_MAX_KEYS + 1))
    count = table[3] if len(table) >= 4 else 0
    present = max(0, len(table) - 4) // 4
    if count > present:
        reading.observe("geotiff", f"{count} GeoTIFF keys are stated, {present} are present",
                        entry.offset, 8)  # fmt: skip
    doubles = _doubles(reading, fields.get(_DOUBLES), order, 1_000)
    texts = b""
    if _TEXTS in fields:
        texts = reading.take(fields[_TEXTS].offset, min(fields[_TEXTS].length, 1 << 14))
    keys: dict[str, Value] = {}
    for start in range(4, 4 + 4 * min(count, present), 4):
        key, place, size, value = table[start : start + 4]
        name = _NAMES.get(key, f"Key{key}")
        read: Value | None = None
        if place == 0:
            read = value
        elif place == _DOUBLES and value + size <= len(doubles):
            found: list[Number | str] = list(doubles[value : value + size])
            read = found[0] if size == 1 else found
        elif place == _TEXTS and value + size <= len(texts):
            read = reading.decode(texts[value : value + size]).rstrip("|\0 ")
        if read is None or name in keys:
            reading.observe("geotiff", f"the GeoTIFF key {name} has no readable value",
                            entry.offset + 2 * start, 8)  # fmt: skip
            continue
        keys[name] = read
        reading.add("GeoTIFF", name, read, tag=key, offset=entry.offset + 2 * start, length=8,
                    reader="geotiff")  # fmt: skip
    return keys


def _doubles(reading: Reading, entry: Entry | None, order: Order, most: int) -> list[float]:
    if entry is None or entry.type != 12:
        return []
    raw = reading.take(entry.offset, 8 * min(entry.count, most))
    values = numbers(raw[: len(raw) // 8 * 8], 12, order)
    found = [one for one in values if isinstance(one, float)]
    if len(found) < len(values):
        reading.observe("geotiff", "a GeoTIFF field holds values that are not numbers",
                        entry.offset)  # fmt: skip
        return []
    return found
