"""Files of a comparison: score map, GeoPackage, numbered views before and after, and the page."""

import contextlib
import json
import sqlite3
import struct
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.shutil import copy
from rasterio.windows import Window

from imgcheck.case import Compared
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import warp
from imgcheck.imaging.output import Content
from imgcheck.imaging.pixels import Float32, Uint8
from imgcheck.imaging.reduced import jpeg
from imgcheck.quantity import significant
from imgcheck.report import changes, page
from imgcheck.report.formatting import line

SCORE_MAP, PACKAGE, COLLECTION, TABLE, PAGE = (
    "change-score.tif",
    "change.gpkg",
    "change.geojson",
    "change.md",
    "change.html",
)
NAMES = (SCORE_MAP, PACKAGE, COLLECTION, TABLE, PAGE)
_VIEW_PX = 1400
_MOST_CHIPS = 24
# Objects in the table and the drawing of the page.
_MOST_SHOWN = 500
_CHIP_PX = 240
_MARGIN = 0.6
# Larger objects are shown from the reduced views, pixels.
_LARGEST_PART = 2048


def score_map(found: Compared, path: Path) -> None:
    """Write the score of every pixel as a Cloud-Optimised GeoTIFF, NaN where nothing is known.

    It is a standard normal score against the unchanged ground of the pair, in steps of 1/64; higher
    is more changed.
    """
    result = found.result
    place: dict[str, Any] = {}
    if found.grid is not None:
        place = {
            "crs": CRS.from_user_input(found.grid.crs),
            "transform": Affine(*found.grid.transform[:2].ravel()),
        }
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(dir=path.parent) as folder,
        rasterio.Env(GDAL_CACHEMAX=64 << 20, GDAL_NUM_THREADS="1"),
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        plain = Path(folder) / "score.tif"
        with rasterio.open(
            plain, "w", driver="GTiff", width=result.width, height=result.height, count=1,
            dtype="float32", nodata=np.nan, tiled=True, bigtiff="IF_SAFER",
            sparse_ok=True, **place,
        ) as target:  # fmt: skip
            for tile, scores in result.scores():
                window = Window.from_slices((tile.top, tile.bottom), (tile.left, tile.right))
                target.write(scores, 1, window=window)
        copy(
            plain, path, driver="COG", compress="deflate", predictor="yes",
            overview_resampling="average", bigtiff="if_safer",
        )  # fmt: skip


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
                    "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (values["number"], _geometry(one["geometry"]), values["kind"],
                     values["area_m2"], values["area_error_m2"], values["p_value"],
                     values["q_value"], values["before"], values["after"],
                     said["before"]["date"], said["after"]["date"]),
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
  area_error_m2 REAL, p_value REAL, q_value REAL, before REAL, after REAL,
  before_date TEXT, after_date TEXT);
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


def files(found: Compared, said: dict[str, Any], folder: Path) -> dict[str, Content]:
    """Return every file of a comparison by its name; what is large is made in a folder."""
    made: dict[str, Content] = {COLLECTION: collection(said), TABLE: table(said)}
    views = found.result.views()
    stretch = [_stretch(view) for view in views]
    if found.result.kept:
        score_map(found, folder / SCORE_MAP)
        made[SCORE_MAP] = folder / SCORE_MAP
    if found.grid is not None:
        made[PACKAGE] = package(said)
    chips: list[tuple[Any, ...]] = []
    for one in said["features"][:_MOST_CHIPS]:
        values = one["properties"]
        window = _window(np.array(values["pixels"]), (found.result.height, found.result.width))
        shots = []
        for role, layer, levels in zip(
            ("before", "after"), _part(found, views, window), stretch, strict=True
        ):
            name = f"object-{values['number']:03d}-{role}.jpg"
            made[name] = _chip(_shown(layer, levels))
            shots.append(made[name])
        chips.append((values, *shots))
    shown = [_shown(view, levels) for view, levels in zip(views, stretch, strict=True)]
    made[PAGE] = _page(said, shown, chips, found.result.reduction)
    return made


def _part(
    found: Compared, views: tuple[Float32, Float32], window: tuple[slice, slice]
) -> tuple[Float32, Float32]:
    """Return a window of both images; a large one, or an unreadable one, from the reduced views."""
    rows, columns = window
    step = found.result.reduction
    if max(rows.stop - rows.start, columns.stop - columns.start) <= _LARGEST_PART:
        with contextlib.suppress(ImgcheckError):
            return found.read((rows.start, columns.start, rows.stop, columns.stop))
    reduced = tuple(slice(one.start // step, -(-one.stop // step)) for one in window)
    return views[0][reduced], views[1][reduced]


def table(said: dict[str, Any]) -> str:
    """Return the objects as a Markdown table."""
    lines = [
        f"<!-- Written by imgcheck {version('imgcheck')} -->",
        f"Changed objects between {_cell(changes.named(said['before']))} and "
        f"{_cell(changes.named(said['after']))}",
        "",
        "| no. | kind | area, m² | ± m² | p | q | longitude | latitude |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in said["features"]:
        values = one["properties"]
        place = ("", "")
        if one["geometry"] is not None:
            west, south, east, north = _box(one["geometry"])
            place = (f"{(west + east) / 2:.6f}", f"{(south + north) / 2:.6f}")
        sizes = [
            "" if size is None else f"{significant(size, 3)}"
            for size in (values["area_m2"], values["area_error_m2"])
        ]
        chances = [f"{values[name]:.2g}" for name in ("p_value", "q_value")]
        lines.append(
            f"| {' | '.join([str(values['number']), values['kind'], *sizes, *chances, *place])} |"
        )
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _stretch(view: Float32) -> tuple[float, float]:
    """Return the percentiles of a picture that become black and white."""
    bands = view[..., :3]
    known = bands[np.isfinite(bands).all(axis=2)]
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, (0.5, 99.5))
    return float(low), float(high)


def _shown(layer: Float32, levels: tuple[float, float]) -> Uint8:
    """Return a layer as a picture, black where nothing is known."""
    bands = layer[..., :3] if layer.shape[2] >= 3 else layer[..., :1].repeat(3, axis=2)
    low, high = levels
    scaled = (np.nan_to_num(bands, nan=low) - low) / max(high - low, 1e-6)
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


def _page(
    said: dict[str, Any], shown: list[Uint8], chips: list[tuple[Any, ...]], reduction: int
) -> str:
    rows, columns = shown[0].shape[:2]
    factor = min(1.0, _VIEW_PX / max(rows, columns))
    size = (max(1, round(rows * factor)), max(1, round(columns * factor)))
    pair = [jpeg(warp.resize(one.astype(np.float32) / 255, size)) for one in shown]
    scale = factor / reduction
    outlines = [
        (
            one["properties"]["number"],
            " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in one["properties"]["pixels"]),
        )
        for one in said["features"][:_MOST_SHOWN]
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
        most=_MOST_SHOWN,
        chips=chips,
    )
