"""Files of a comparison: score map, GeoPackage, numbered views before and after, and the page."""

import json
import sqlite3
import struct
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from imgcheck.case import Compared
from imgcheck.imaging import warp
from imgcheck.imaging.pixels import Float32, Uint8
from imgcheck.imaging.reduced import jpeg
from imgcheck.report import changes, page
from imgcheck.report.formatting import line

SCORE_MAP, PACKAGE, COLLECTION, PAGE = (
    "change-score.tif",
    "change.gpkg",
    "change.geojson",
    "change.html",
)
_VIEW_PX = 1400
_MOST_CHIPS = 24
_CHIP_PX = 240
_MARGIN = 0.6


def score_map(found: Compared) -> bytes:
    """Return the score of every pixel as a Cloud-Optimised GeoTIFF, NaN where nothing is known.

    It is a standard normal score against the unchanged ground of the pair; higher is more changed.
    """
    score = found.result.score
    known = np.isfinite(found.layers[0]).all(axis=2) & np.isfinite(found.layers[1]).all(axis=2)
    values = np.where(known, score, np.float32("nan")).astype(np.float32)
    place: dict[str, Any] = {}
    if found.grid is not None:
        place = {
            "crs": CRS.from_user_input(found.grid.crs),
            "transform": Affine(*found.grid.transform[:2].ravel()),
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile() as memory:
            with memory.open(
                driver="COG", width=values.shape[1], height=values.shape[0], count=1,
                dtype="float32", nodata=np.nan, compress="deflate", **place,
            ) as target:  # fmt: skip
                target.write(values, 1)
            return bytes(memory.read())


def collection(said: dict[str, Any]) -> str:
    """Return the document as GeoJSON text."""
    return json.dumps(said, indent=2, allow_nan=False) + "\n"


def package(said: dict[str, Any]) -> bytes:
    """Return the objects as a GeoPackage: one layer of polygons in longitude and latitude.

    OGC 12-128r19, "GeoPackage Encoding Standard", written with SQLite alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PACKAGE
        with sqlite3.connect(path) as base:
            base.executescript(_TABLES)
            base.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", _WGS84)
            for code, name in ((-1, "undefined cartesian"), (0, "undefined geographic")):
                base.execute(
                    "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'NONE', ?, 'undefined', NULL)",
                    (name, code, code),
                )
            rows = [one for one in said["features"] if one["geometry"] is not None]
            boxes = [_box(one["geometry"]) for one in rows]
            whole = (
                (min(b[0] for b in boxes), min(b[1] for b in boxes),
                 max(b[2] for b in boxes), max(b[3] for b in boxes))
                if boxes else (None,) * 4
            )  # fmt: skip
            base.execute(
                "INSERT INTO gpkg_contents VALUES ('changes', 'features', 'changes', "
                "'Changed objects', '1970-01-01T00:00:00.000Z', ?, ?, ?, ?, 4326)",
                whole,
            )
            base.execute(
                "INSERT INTO gpkg_geometry_columns "
                "VALUES ('changes', 'geom', 'GEOMETRY', 4326, 0, 0)"
            )
            for one in rows:
                values = one["properties"]
                base.execute(
                    "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (values["number"], _geometry(one["geometry"]), values["kind"],
                     values["area_m2"], values["area_error_m2"], values["p_value"],
                     values["q_value"], values["before"], values["after"]),
                )  # fmt: skip
        base.close()
        return path.read_bytes()


_WGS84 = (
    "WGS 84", 4326, "EPSG", 4326,
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]',
    "longitude, latitude",
)  # fmt: skip
_TABLES = """
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
  organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL,
  identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL,
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL,
  m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
CREATE TABLE changes (fid INTEGER PRIMARY KEY, geom BLOB, kind TEXT, area_m2 REAL,
  area_error_m2 REAL, p_value REAL, q_value REAL, before REAL, after REAL);
"""


def _rings(geometry: dict[str, Any]) -> list[list[list[list[float]]]]:
    whole: list[list[list[list[float]]]] = geometry["coordinates"]
    return [whole] if geometry["type"] == "Polygon" else whole  # type: ignore[list-item]


def _box(geometry: dict[str, Any]) -> tuple[float, float, float, float]:
    points = np.array([point for part in _rings(geometry) for ring in part for point in ring])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _geometry(geometry: dict[str, Any]) -> bytes:
    """Return a polygon as GeoPackage binary: a header with its box, then well-known binary."""
    west, south, east, north = _box(geometry)
    header = struct.pack("<2sBBi4d", b"GP", 0, 0b0000_0011, 4326, west, east, south, north)
    parts = []
    for part in _rings(geometry):
        body = struct.pack("<BII", 1, 3, len(part))
        for ring in part:
            flat = [value for point in ring for value in point[:2]]
            body += struct.pack(f"<I{len(flat)}d", len(ring), *flat)
        parts.append(body)
    if geometry["type"] == "Polygon":
        return header + parts[0]
    return header + struct.pack("<BII", 1, 6, len(parts)) + b"".join(parts)


def files(found: Compared, said: dict[str, Any]) -> dict[str, bytes | str]:
    """Return every file of a comparison by its name."""
    shown = [_shown(layer) for layer in found.layers]
    made: dict[str, bytes | str] = {
        COLLECTION: collection(said),
        SCORE_MAP: score_map(found),
    }
    if found.grid is not None:
        made[PACKAGE] = package(said)
    chips = []
    for one in said["features"][:_MOST_CHIPS]:
        values = one["properties"]
        window = _window(np.array(values["pixels"]), found.result.score.shape)
        names = []
        for role, layer in zip(("before", "after"), shown, strict=True):
            name = f"object-{values['number']:03d}-{role}.jpg"
            made[name] = _chip(layer[window])
            names.append(name)
        chips.append((values, *(made[name] for name in names)))
    made[PAGE] = _page(said, shown, chips)
    return made


def _shown(layer: Float32) -> Uint8:
    """Return a layer as a picture; other than 8-bit colour is stretched between percentiles."""
    bands = layer[..., :3] if layer.shape[2] >= 3 else layer[..., :1].repeat(3, axis=2)
    known = bands[np.isfinite(bands).all(axis=2)]
    low, high = np.percentile(known, (0.5, 99.5)) if known.size else (0.0, 1.0)
    scaled = (np.nan_to_num(bands) - low) / max(high - low, 1e-6)
    return (np.clip(scaled, 0, 1) * 255).astype(np.uint8)


def _window(ring: np.ndarray[Any, Any], shape: tuple[int, ...]) -> tuple[slice, slice]:
    low, high = ring.min(axis=0), ring.max(axis=0)
    half = max(float((high - low).max()) * (0.5 + _MARGIN), 24.0)
    x, y = (low + high) / 2
    return (
        slice(max(0, int(y - half)), min(shape[0], int(y + half) + 1)),
        slice(max(0, int(x - half)), min(shape[1], int(x + half) + 1)),
    )


def _chip(part: Uint8) -> bytes:
    factor = _CHIP_PX / max(part.shape[:2])
    size = (max(1, round(part.shape[0] * factor)), max(1, round(part.shape[1] * factor)))
    return jpeg(warp.resize(part.astype(np.float32) / 255, size))


def _page(said: dict[str, Any], shown: list[Uint8], chips: list[tuple[Any, ...]]) -> str:
    rows, columns = shown[0].shape[:2]
    factor = min(1.0, _VIEW_PX / max(rows, columns))
    size = (max(1, round(rows * factor)), max(1, round(columns * factor)))
    pair = [jpeg(warp.resize(one.astype(np.float32) / 255, size)) for one in shown]
    outlines = [
        (
            one["properties"]["number"],
            " ".join(f"{x * factor:.1f},{y * factor:.1f}" for x, y in one["properties"]["pixels"]),
        )
        for one in said["features"]
    ]
    return page.render(
        "change.html",
        title=f"{line(said['before']['name'])} and {line(said['after']['name'])}: change",
        generator=f"imgcheck {version('imgcheck')}",
        said=said,
        changes=changes,
        sentences=list(changes.objects(said))[:1],
        pair=pair,
        size=(size[1], size[0]),
        outlines=outlines,
        chips=chips,
    )
