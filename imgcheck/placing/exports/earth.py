"""The picture as a ground overlay for Google Earth, whose history slider shows other dates."""

import io
import zipfile
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.imaging.text import printable
from imgcheck.placing.measures import Measures

_LONGEST_PX = 4096
# ZIP knows no earlier day; the same placing gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME = "files/picture.png"


def kmz(measures: Measures, rgb: NDArray[np.uint8], *, name: str, about: str) -> bytes:
    """Pack the picture and a KML document that lays it on its four corners.

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
        _put(archive, _NAME, _png(rgb))
    return stream.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _png(rgb: NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pillow

    view = Pillow.fromarray(np.ascontiguousarray(rgb))
    view.thumbnail((_LONGEST_PX, _LONGEST_PX))
    stream = io.BytesIO()
    view.save(stream, "PNG", optimize=False)
    return stream.getvalue()


def _kml(measures: Measures, corners: NDArray[np.float64], name: str, about: str) -> str:
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
<Icon><href>{_NAME}</href></Icon>
<gx:LatLonQuad><coordinates>{_coordinates(corners)}</coordinates></gx:LatLonQuad>
</GroundOverlay>
{_outline("Footprint", ring)}
{_outline("Error of the centre (95 %)", _closed(measures.ellipse_ring((cols / 2, rows / 2))))}
</Document>
</kml>
"""


def _outline(name: str, ring: NDArray[np.float64]) -> str:
    return (
        f"<Placemark><name>{escape(name)}</name><styleUrl>#outline</styleUrl><Polygon>"
        "<tessellate>1</tessellate><outerBoundaryIs><LinearRing><coordinates>"
        f"{_coordinates(ring)}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def _closed(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([ring, ring[:1]])


def _coordinates(points: ArrayLike) -> str:
    found = np.asarray(points, np.float64)
    lon = (found[:, 0] + 180) % 360 - 180
    return " ".join(f"{x:.9f},{y:.9f},0" for x, y in zip(lon, found[:, 1], strict=True))
