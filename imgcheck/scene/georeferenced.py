"""Write a rendering as reference imagery: a GeoTIFF with place, scale and, if wanted, date."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError


def geotiff(
    rgb: NDArray[np.uint8],
    *,
    origin: tuple[float, float],
    gsd: float,
    epsg: int,
    datetime: dt.datetime | None = None,
    jpeg_quality: int | None = None,
) -> bytes:
    """Give the bytes of a north-up GeoTIFF.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8
        The picture.
    origin : (easting, northing)
        Of the outer corner of the top left pixel, in the units of the reference system.
    gsd : float
        Pixel size in those units, > 0.
    epsg : int
        Code of the coordinate reference system.
    datetime : datetime.datetime, optional
        Written as TIFFTAG_DATETIME, which has no time zone: pass UTC.
    jpeg_quality : int, optional
        JPEG (YCbCr) compression inside the TIFF; lossless deflate by default.

    Raises
    ------
    UsageError
        If the picture is not (M, N, 3) uint8, or the gsd not > 0.
    """
    # Imported here: rendering alone should not pay for GDAL.
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise UsageError(f"a picture is (M, N, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not gsd > 0:
        raise UsageError(f"gsd is > 0, not {gsd}")
    options: dict[str, object] = {"compress": "deflate", "predictor": 2, "zlevel": 9}
    if jpeg_quality is not None:
        options = {"compress": "jpeg", "photometric": "ycbcr", "jpeg_quality": jpeg_quality}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=rgb.shape[1],
            height=rgb.shape[0],
            count=3,
            dtype="uint8",
            crs=f"EPSG:{epsg}",
            transform=Affine(gsd, 0, origin[0], 0, -gsd, origin[1]),
            tiled=True,
            blockxsize=256,
            blockysize=256,
            interleave="pixel",
            **options,
        ) as target:
            target.write(np.moveaxis(rgb, 2, 0))
            if datetime is not None:
                target.update_tags(TIFFTAG_DATETIME=datetime.strftime("%Y:%m:%d %H:%M:%S"))
        return bytes(memory.read())
