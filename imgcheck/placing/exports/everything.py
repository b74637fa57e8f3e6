"""All exports of one placing, made in memory before any file is written."""

import io
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import annotations
from imgcheck.model import Window
from imgcheck.placing.exports import earth, features, raster, tables
from imgcheck.placing.located import Located
from imgcheck.placing.measures import Measures

ON_MAP, WITH_GCPS = "picture-on-map.tif", "picture-with-gcps.tif"
PLAIN = "picture.png"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Export:
    """One file.

    Attributes
    ----------
    name : str
    what : str
        What it is and for which program.
    data : bytes or str or None
        None where it could not be made.
    note : str or None
        What to know before using it, or why it could not be made.
    """

    name: str
    what: str
    data: bytes | str | None
    note: str | None = None


def exports(found: Located, *, time: Window | None = None) -> tuple[Export, ...]:
    """Make every export of a placed picture.

    Parameters
    ----------
    found : Located
        Placed.
    time : Window, optional
        When the picture was taken, as claimed; without it there is no STAC item.
    """
    if found.placement is None or found.reference is None:
        raise ValueError("nothing can be exported of a picture that was not placed")
    measures = Measures(placement=found.placement)
    rgb, valid = found.image.rgb(), found.image.valid()
    usable = valid & ~annotations.find(rgb)
    on_map = raster.on_map(measures, rgb, usable=usable)
    world, error = tables.world_file(measures)
    about = f"Placed on {found.reference.id} by imgcheck; see locate.html for the error."
    shapes = json.dumps(features.collection(found, measures), indent=1, allow_nan=False)
    return (
        Export(name=ON_MAP, data=on_map.data, note=_coarser(on_map),
               what="GeoTIFF in the CRS of the reference; transparent where the picture shows no "
               "ground (outside, nodata, drawn over)"),
        Export(name=WITH_GCPS, data=raster.with_gcps(measures, rgb, valid=valid),
               what="GeoTIFF of the picture as it is, with control points on the fitted transform"),
        Export(name=PLAIN, data=_png(rgb), what="The picture as shown, for the two files below"),
        Export(name=f"{PLAIN}.points", data=tables.qgis_points(measures),
               what="The tie points for the georeferencer of QGIS, with the CRS"),
        Export(name="picture.pgw", data=world, note=_world_note(measures, error),
               what=f"World file of {PLAIN}, in {measures.crs_name}"),
        Export(name="place.kmz", data=earth.kmz(measures, rgb, name=found.image.name, about=about),
               what="Ground overlay for Google Earth, whose history slider shows other dates"),
        Export(name="place.geojson", data=shapes + "\n",
               what="Footprint, centre, 95 % error ellipses and tie points, lon/lat"),
        _stac(found, measures, on_map, time),
    )  # fmt: skip


def _stac(found: Located, measures: Measures, on_map: raster.OnMap, time: Window | None) -> Export:
    name, what = "stac-item.json", "STAC item with the projection extension"
    if time is None:
        reason = "not written: a STAC item needs a time, and none was given (--time)"
        return Export(name=name, what=what, data=None, note=reason)
    assets = {"map": ON_MAP, "gcps": WITH_GCPS}
    item = features.stac_item(found, measures, on_map, time=time, assets=assets)
    return Export(name=name, what=what, data=json.dumps(item, indent=1, allow_nan=False) + "\n",
                  note="the time in it is as claimed")  # fmt: skip


def _coarser(on_map: raster.OnMap) -> str | None:
    if on_map.coarser == 1.0:
        return None
    return f"its pixels are {on_map.coarser:.2g} times as large as the picture's, for its size"


def _world_note(measures: Measures, error: float) -> str | None:
    gsd = measures.placement.gsd_m or 0.0
    if error <= 1e-3 * gsd:
        return None
    return (
        f"an affine map cannot hold the tilt of this picture: up to {error:.2g} m "
        f"({error / gsd:.2g} of its pixels) off"
    )


def _png(rgb: NDArray[np.uint8]) -> bytes:
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(rgb).save(stream, "PNG")
    return stream.getvalue()
