"""Files for other programs: GeoTIFFs, QGIS points, world file, KMZ, GeoJSON and STAC Item."""

import io
import json
import math
import zipfile
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile

from imgcheck.case import Located
from imgcheck.geo import earth
from imgcheck.geo.measures import Measures
from imgcheck.imaging import transforms, warp
from imgcheck.imaging.pixels import Float64, Mask, Uint8
from imgcheck.imaging.text import printable
from imgcheck.model import Window
from imgcheck.report import locate_geojson
from imgcheck.report.locate_geojson import OnMap

ON_MAP, WITH_GCPS = "picture-on-map.tif", "picture-with-gcps.tif"
PLAIN = "picture.png"
# More points than this make the list in QGIS unreadable; the best are kept.
_MOST_POINTS = 200
_LONGEST_PX = 4096
# The earliest date in a ZIP; the same result gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_OVERLAY = "files/picture.png"
# 36 Mpx take about 0.6 GB while they are drawn.
_MOST_PIXELS = 36_000_000
_BLOCK = 256
# Control points a side: enough for any model that a reader may fit.
_POINTS_A_SIDE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Export:
    """One file: what it is and for which program; ``data`` is None where it could not be made.

    ``note`` is what to know before using it, or why it could not be made.
    """

    name: str
    what: str
    data: bytes | str | None
    note: str | None = None


def exports(found: Located, *, time: Window | None = None) -> tuple[Export, ...]:
    """Return every export of a placed picture.

    Parameters
    ----------
    found : Located
    time : Window, optional
        When the picture was taken, as claimed; without it there is no STAC item.
    """
    image, measures = found.case.image, Measures(placement=found.placement)
    rgb = image.rgb()
    on_map = on_map_of(measures, rgb, usable=found.case.clean)
    world, error = world_file(measures)
    about = f"Placed on {found.reference.id} by imgcheck; see locate.html for the error."
    shapes = json.dumps(locate_geojson.collection(found, measures), indent=1, allow_nan=False)
    return (
        Export(name=ON_MAP, data=on_map.data, note=_coarser(on_map),
               what="GeoTIFF in the CRS of the reference; transparent where the picture shows no "
               "ground (outside, nodata, drawn over)"),
        Export(name=WITH_GCPS, data=with_gcps(measures, rgb, valid=image.valid()),
               what="GeoTIFF of the picture as it is, with control points on the fitted transform"),
        Export(name=PLAIN, data=_png(rgb), what=
            "The picture as displayed, for use with the "
            "next two files"),
        Export(name=f"{PLAIN}.points", data=qgis_points(measures),
               what="The tie points for the georeferencer of QGIS, with the CRS"),
        Export(name="picture.pgw", data=world, note=_world_note(measures, error),
               what=f"World file of {PLAIN}, in {measures.crs_name}"),
        Export(name="place.kmz", data=kmz(measures, rgb, name=image.name, about=about),
               what="Ground overlay for Google Earth, whose history slider shows other dates"),
        Export(name="place.geojson", data=shapes + "\n",
               what="Footprint, centre, 95 % error ellipses and tie points, lon/lat"),
        _stac(found, measures, on_map, time),
    )  # fmt: skip


def _stac(found: Located, measures: Measures, on_map: OnMap, time: Window | None) -> Export:
    name, what = "stac-item.json", "STAC item with the projection extension"
    if time is None:
        reason = "not written: a STAC item needs a time, and none was given (--time)"
        return Export(name=name, what=what, data=None, note=reason)
    assets = {"map": ON_MAP, "gcps": WITH_GCPS}
    item = locate_geojson.stac_item(found, measures, on_map, time=time, assets=assets)
    return Export(name=name, what=what, data=json.dumps(item, indent=1, allow_nan=False) + "\n",
                  note="the time in it is as claimed")  # fmt: skip


def _coarser(on_map: OnMap) -> str | None:
    if on_map.coarser == 1.0:
        return None
    return (
        f"its pixels are {on_map.coarser:.2g} times as large as those of the picture, to limit "
        "the file size"
    )


def _world_note(measures: Measures, error: float) -> str | None:
    gsd = measures.placement.gsd_m
    if error <= 1e-3 * gsd:
        return None
    return (
        f"an affine transform cannot represent the tilt of this picture: errors reach "
        f"{error:.2g} m ({error / gsd:.2g} pixels)"
    )


def _png(rgb: Uint8, *, longest: int | None = None) -> bytes:
    from PIL import Image as Pillow

    view = Pillow.fromarray(np.ascontiguousarray(rgb))
    if longest is not None:
        view.thumbnail((longest, longest))
    stream = io.BytesIO()
    view.save(stream, "PNG")
    return stream.getvalue()


def qgis_points(measures: Measures) -> str:
    """Return the tie points in the format of QGIS' georeferencer.

    Source coordinates are pixels from the top left corner, y upwards (negative); residuals are in
    pixels of the picture.

    References
    ----------
    .. [1] QGIS user manual, "Georeferencer" (form of QGIS 3.26 and later).
    """
    wkt = " ".join(measures.system.to_wkt().split())
    lines = [f"#CRS: {wkt}", "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"]
    # Not divided by its last entry: that may be negative, and depths must stay positive.
    back = np.linalg.inv(measures.matrix)
    for point in measures.tie_points[:_MOST_POINTS]:
        x, y = point.picture
        at_x, at_y = transforms.apply(back, [point.reference])[0]
        values = [*point.reference, x, -y]
        gaps = [at_x - x, -(at_y - y), math.hypot(at_x - x, at_y - y)]
        lines.append(",".join([*(f"{v:.10g}" if abs(v) < 1000 else f"{v:.6f}" for v in values),
                               "1", *(f"{v:.6f}" for v in gaps)]))  # fmt: skip
    return "\n".join(lines) + "\n"


def world_file(measures: Measures) -> tuple[str, float]:
    """Return a world file and its largest error in metres.

    A world file holds an affine map of pixel *centres*. A tilted picture has none; then it is the
    affine map with the least mean square error.
    """
    rows, cols = measures.shape
    x, y = np.meshgrid(np.linspace(0, cols, 9), np.linspace(0, rows, 9))
    spots = np.column_stack([x.ravel(), y.ravel()])
    affine = _affine(spots, transforms.apply(measures.matrix, spots))
    error = _largest_error(measures, affine, spots)
    (a, b, c), (d, e, f) = affine
    centre_x, centre_y = a * 0.5 + b * 0.5 + c, d * 0.5 + e * 0.5 + f
    return "".join(f"{v:.12f}\n" for v in (a, d, b, e, centre_x, centre_y)), error


def _affine(spots: Float64, places: Float64) -> Float64:
    middle = places.mean(axis=0)
    design = np.column_stack([spots, np.ones(len(spots))])
    solved = np.linalg.lstsq(design, places - middle, rcond=None)[0].T
    solved[:, 2] += middle
    return np.asarray(solved, np.float64)


def _largest_error(measures: Measures, affine: Float64, spots: Float64) -> float:
    whole = np.vstack([affine, [0, 0, 1.0]])
    gaps = transforms.apply(np.linalg.inv(measures.matrix) @ whole, spots) - spots
    moved = [measures.slope((float(x), float(y))) @ gap for (x, y), gap in
             zip(spots, gaps, strict=True)]  # fmt: skip
    return float(np.hypot(*np.array(moved).T).max())


def kmz(measures: Measures, rgb: Uint8, *, name: str, about: str) -> bytes:
    """Pack the picture and a KML document that places it by its four corners.

    Parameters
    ----------
    measures : Measures
    rgb : (M, N, 3) uint8
    name, about : str
        Shown in the list of places; escaped here.

    Notes
    -----
    ``gx:LatLonQuad`` takes the corners counter-clockwise from the lower left of the picture. A
    mirrored picture is turned over first, else its corners would run clockwise.

    References
    ----------
    .. [1] Google, "KML Reference", gx:LatLonQuad; OGC 07-147r2, "KML 2.2".
    """
    corners = measures.corners_lonlat[[3, 2, 1, 0]]
    if measures.placement.mirrored:
        rgb, corners = rgb[:, ::-1], corners[[1, 0, 3, 2]]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "doc.kml", _kml(measures, corners, name, about).encode("utf-8"))
        _put(archive, _OVERLAY, _png(rgb, longest=_LONGEST_PX))
    return stream.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _kml(measures: Measures, corners: Float64, name: str, about: str) -> str:
    rows, cols = measures.shape
    ring = np.asarray(measures.placement.footprint_lonlat)
    title, words = escape(printable(name, limit=200)), escape(printable(about, limit=2000))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">
<Document>
<name>{title}</name>
<description>{words}</description>
<Style id="outline">
<LineStyle><color>ff3fd2ff</color><width>2</width></LineStyle>
<PolyStyle><fill>0</fill></PolyStyle>
</Style>
<GroundOverlay>
<name>{title}</name>
<color>d0ffffff</color>
<Icon><href>{_OVERLAY}</href></Icon>
<gx:LatLonQuad><coordinates>{_coordinates(corners)}</coordinates></gx:LatLonQuad>
</GroundOverlay>
{_outline("Footprint", ring)}
{_outline("Error of the centre (95 %)", _closed(measures.ellipse_ring((cols / 2, rows / 2))))}
</Document>
</kml>
"""


def _outline(name: str, ring: Float64) -> str:
    return (
        f"<Placemark><name>{escape(name)}</name><styleUrl>#outline</styleUrl><Polygon>"
        "<tessellate>1</tessellate><outerBoundaryIs><LinearRing><coordinates>"
        f"{_coordinates(ring)}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def _closed(ring: Float64) -> Float64:
    return np.concatenate([ring, ring[:1]])


def _coordinates(points: ArrayLike) -> str:
    found = np.asarray(points, np.float64)
    lon = (found[:, 0] + 180) % 360 - 180
    return " ".join(f"{x:.9f},{y:.9f},0" for x, y in zip(lon, found[:, 1], strict=True))


def on_map_of(measures: Measures, rgb: Uint8, *, usable: Mask) -> OnMap:
    """Warp the picture into the reference's CRS at its pixel size; unusable pixels transparent."""
    step_x, step_y = _step(measures)
    ring = transforms.apply(measures.matrix, transforms.corners(rgb.shape))
    low, high = ring.min(axis=0), ring.max(axis=0)
    cells = float(np.prod((high - low) / [step_x, step_y]))
    coarser = max(1.0, math.sqrt(cells / _MOST_PIXELS))
    step_x, step_y = step_x * coarser, step_y * coarser
    # Whole steps from the origin of the CRS, so that exports of one GSD share a grid.
    left, top = math.floor(low[0] / step_x) * step_x, math.ceil(high[1] / step_y) * step_y
    cols = max(1, math.ceil((high[0] - left) / step_x))
    rows = max(1, math.ceil((top - low[1]) / step_y))
    to_crs = np.array([[step_x, 0, left], [0, -step_y, top], [0, 0, 1.0]])
    to_grid = np.linalg.inv(to_crs) @ measures.matrix
    drawn = warp.warp(rgb, to_grid, (rows, cols))
    alpha = warp.coverage(rgb.shape, to_grid, (rows, cols), mask=usable)
    alpha &= np.isfinite(drawn).all(axis=-1)
    shown = np.clip(np.nan_to_num(np.round(drawn)), 0, 255).astype(np.uint8)
    bands = np.concatenate([shown, np.where(alpha, 255, 0).astype(np.uint8)[..., None]], axis=-1)
    transform = (step_x, 0.0, left, 0.0, -step_y, top)
    data = _tiff(bands, crs=measures.system, transform=Affine(*transform))
    return OnMap(data=data, transform=transform, shape=(rows, cols), coarser=coarser)


def with_gcps(measures: Measures, rgb: Uint8, *, valid: Mask) -> bytes:
    """Write the picture as it is, with control points that lie on the fitted transform."""
    rows, cols = rgb.shape[:2]
    x, y = np.meshgrid(np.linspace(0, cols, _POINTS_A_SIDE), np.linspace(0, rows, _POINTS_A_SIDE))
    spots = np.column_stack([x.ravel(), y.ravel()])
    places = transforms.apply(measures.matrix, spots)
    points = [
        GroundControlPoint(row=float(row), col=float(col), x=float(east), y=float(north))
        for (col, row), (east, north) in zip(spots, places, strict=True)
    ]
    bands = rgb
    if not valid.all():
        bands = np.concatenate([rgb, np.where(valid, 255, 0).astype(np.uint8)[..., None]], axis=-1)
    return _tiff(bands, crs=measures.system, gcps=points)


def _step(measures: Measures) -> tuple[float, float]:
    """Return CRS units per grid pixel, so that a pixel is as large as one of the picture."""
    rows, cols = measures.shape
    centre, gsd = measures.placement.centre_lonlat, measures.placement.gsd_m
    if measures.system.is_geographic:
        east, north = earth.metres_per_degree(centre[1])
        return gsd / max(east, 1e-3 * north), gsd / north
    slope = transforms.jacobian(measures.matrix, [[cols / 2, rows / 2]])[0]
    side = math.sqrt(abs(float(np.linalg.det(slope))))
    return side, side


def _tiff(bands: Uint8, **place: Any) -> bytes:
    rows, cols, count = bands.shape
    colours = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=cols, height=rows, count=count, dtype="uint8",
            photometric="RGB", compress="deflate", predictor=2, tiled=True,
            blockxsize=_BLOCK, blockysize=_BLOCK, **place,
        ) as target:  # fmt: skip
            target.colorinterp = colours[:count]
            target.write(np.moveaxis(bands, -1, 0))
        return bytes(memory.read())
