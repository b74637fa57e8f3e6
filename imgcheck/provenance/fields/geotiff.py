"""Where on the ground a GeoTIFF says it lies (OGC 19-008r4, GeoTIFF 1.1).

The keys are numbers of a table in one field; long values stand in two other fields. They are
what the writer of the file stated: a wrong position is written as easily as a right one.
"""

import math
import struct
from dataclasses import dataclass

from imgcheck.provenance.containers.tiff_ifd import Directory, Entry, Order, integers
from imgcheck.provenance.fields.value import Reading, Value

_MAX_KEYS = 200  # the standard knows about 60
_MAX_POINTS = 64
_SCALE, _POINTS, _MATRIX = 0x830E, 0x8482, 0x85D8
_KEYS, _DOUBLES, _TEXTS = 0x87AF, 0x87B0, 0x87B1
_USER_DEFINED = 32767
_NAMES = {
    1024: "GTModelType", 1025: "GTRasterType", 1026: "GTCitation", 2048: "GeodeticCRS",
    2049: "GeodeticCitation", 2050: "GeodeticDatum", 2051: "PrimeMeridian",
    2052: "GeogLinearUnits", 2053: "GeogLinearUnitSize", 2054: "GeogAngularUnits",
    2055: "GeogAngularUnitSize", 2056: "Ellipsoid", 2057: "EllipsoidSemiMajorAxis",
    2058: "EllipsoidSemiMinorAxis", 2059: "EllipsoidInvFlattening", 2060: "GeogAzimuthUnits",
    2061: "PrimeMeridianLongitude", 2062: "GeogTOWGS84", 3072: "ProjectedCRS",
    3073: "ProjectedCitation", 3074: "Projection", 3075: "ProjMethod", 3076: "ProjLinearUnits",
    3077: "ProjLinearUnitSize", 3078: "ProjStdParallel1", 3079: "ProjStdParallel2",
    3080: "ProjNatOriginLong", 3081: "ProjNatOriginLat", 3082: "ProjFalseEasting",
    3083: "ProjFalseNorthing", 3084: "ProjFalseOriginLong", 3085: "ProjFalseOriginLat",
    3086: "ProjFalseOriginEasting", 3087: "ProjFalseOriginNorthing", 3088: "ProjCenterLong",
    3089: "ProjCenterLat", 3090: "ProjCenterEasting", 3091: "ProjCenterNorthing",
    3092: "ProjScaleAtNatOrigin", 3093: "ProjScaleAtCenter", 3094: "ProjAzimuthAngle",
    3095: "ProjStraightVertPoleLong", 4096: "Vertical", 4097: "VerticalCitation",
    4098: "VerticalDatum", 4099: "VerticalUnits",
}  # fmt: skip
_MODELS = {1: "projected", 2: "geographic", 3: "geocentric"}
_RASTERS = {1: "area", 2: "point"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoReference:
    """What the GeoTIFF fields of one directory state; unknown is None.

    Attributes
    ----------
    crs : str or None
        ``EPSG:code`` of the projected or else the geodetic system; None where it is user-defined.
    model : str or None
        ``projected``, ``geographic`` or ``geocentric``.
    raster : str or None
        Whether a pixel is an ``area`` or a ``point``: half a pixel lies between the two.
    citation : str or None
        The system in words, as written.
    vertical : int or None
        Code of the vertical system.
    pixel_scale : (float, float, float) or None
        Units of the system a pixel, along x, y, z.
    tie_points : tuple of (i, j, k, x, y, z)
        Raster places and the model places they are tied to, at most 64.
    transform : tuple of 16 float, or None
        The matrix from raster to model, row by row.
    keys : dict of str to value
        Every key by its name in the standard.
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
    """Read the GeoTIFF fields of a directory; None where it has none."""
    fields = {entry.tag: entry for entry in directory.entries if entry.inside}
    if not fields.keys() & {_SCALE, _POINTS, _MATRIX, _KEYS}:
        return None
    keys = _keys(reading, fields, order)
    scale = _doubles(reading, fields.get(_SCALE), order, 3)
    points = _doubles(reading, fields.get(_POINTS), order, 6 * _MAX_POINTS)
    matrix = _doubles(reading, fields.get(_MATRIX), order, 16)
    model, raster = keys.get("GTModelType"), keys.get("GTRasterType")
    citation = next((keys[name] for name in ("GTCitation", "ProjectedCitation", "GeodeticCitation")
                     if name in keys), None)  # fmt: skip
    vertical = keys.get("Vertical")
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
    numbers = integers(reading.data, entry, order, 4 * (_MAX_KEYS + 1))
    count = numbers[3] if len(numbers) >= 4 else 0
    if count > (len(numbers) - 4) // 4:
        reading.observe("geotiff", f"{count} GeoTIFF keys are said, "
                        f"{max(0, len(numbers) - 4) // 4} are there", entry.offset, 8)  # fmt: skip
    doubles = _doubles(reading, fields.get(_DOUBLES), order, 1_000)
    texts = b""
    if _TEXTS in fields:
        texts = reading.take(fields[_TEXTS].offset, min(fields[_TEXTS].length, 1 << 14))
    keys: dict[str, Value] = {}
    for start in range(4, 4 + 4 * min(count, (len(numbers) - 4) // 4), 4):
        key, place, size, value = numbers[start : start + 4]
        name = _NAMES.get(key, f"Key{key}")
        read: Value | None = None
        if place == 0:
            read = value
        elif place == _DOUBLES and value + size <= len(doubles):
            found: list[int | float | str] = list(doubles[value : value + size])
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
    count = min(entry.count, most)
    raw = reading.take(entry.offset, 8 * count)
    mark = "<" if order == "little" else ">"
    numbers = list(struct.unpack(f"{mark}{len(raw) // 8}d", raw[: len(raw) // 8 * 8]))
    if not all(map(math.isfinite, numbers)):
        reading.observe("geotiff", "a GeoTIFF field holds numbers that are none", entry.offset)
        return []
    return numbers
