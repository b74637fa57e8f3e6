"""Write a rendering as a posted picture (JPEG) or as reference imagery (GeoTIFF)."""

import datetime as dt
import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgcheck.errors import UsageError
from imgcheck.scene.annotations import Annotation, annotate

# Pillow's numbers for the sampling of colour.
_SUBSAMPLING = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One JPEG save: IJG quality, and how far the next picture is cut at its top left.

    ``cut_px`` (x, y) is cut *before* this save, so that the 8 x 8 grid of the save before it
    lies shifted by that much (modulo 8) against the grid of this one.
    """

    quality: int = 85
    subsampling: str = "4:2:0"
    cut_px: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A posted file with its truth.

    ``data`` is the JPEG file; ``matrix`` (3, 3) maps source pixels to posted pixels (corner of
    the first pixel = (0, 0)); ``annotation_mask`` (M, N) bool is true where something was drawn.
    """

    data: bytes
    matrix: NDArray[np.float64]
    annotation_mask: NDArray[np.bool_]


def _check(rgb: NDArray[np.uint8]) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise UsageError(f"a picture is (M, N, 3) uint8, not {rgb.shape} {rgb.dtype}")


def _encode(rgb: NDArray[np.uint8], save: Save, *, exif: bytes = b"") -> bytes:
    if save.subsampling not in _SUBSAMPLING:
        raise UsageError(
            f"subsampling {save.subsampling!r} is not known; use one of {sorted(_SUBSAMPLING)}"
        )
    if not 1 <= save.quality <= 100:
        raise UsageError(f"the JPEG quality must be 1 to 100, not {save.quality}")
    out = io.BytesIO()
    sampling = _SUBSAMPLING[save.subsampling]
    Image.fromarray(rgb).save(out, "JPEG", quality=save.quality, subsampling=sampling, exif=exif)
    return out.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """Return the pixels (M, N, 3) of a file that `post` made."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return np.asarray(image.convert("RGB"))


def frame(
    shape: tuple[int, ...],
    *,
    crop: tuple[float, float, float, float] | None = None,
    rotate_deg: float = 0.0,
    scale: float = 1.0,
    mirror: bool = False,
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the map from source to posted pixels, and the posted size (width, height).

    ``crop`` (x, y, width, height) is the frame in source pixels; it is turned about its own
    centre, so the picture content turns by ``rotate_deg`` clockwise and no corner is empty as
    long as the turned frame lies in the source. ``mirror`` flips left and right at the end.
    """
    x, y, width, height = crop or (0.0, 0.0, float(shape[1]), float(shape[0]))
    out = (round(width * scale), round(height * scale))
    if min(out) < 1:
        raise UsageError(f"nothing is left of a picture {width} x {height} at scale {scale}")
    angle = math.radians(rotate_deg)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    cx, cy = x + width / 2, y + height / 2
    matrix = np.array(
        [
            [c, -s, out[0] / 2 - c * cx + s * cy],
            [s, c, out[1] / 2 - s * cx - c * cy],
            [0.0, 0.0, 1.0],
        ]
    )
    if mirror:
        matrix = np.array([[-1.0, 0, out[0]], [0, 1, 0], [0, 0, 1]]) @ matrix
    return matrix, out


def _warp(
    rgb: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], *, scale: float
) -> NDArray[np.uint8]:
    """Resample once; a reduction is blurred first, or it would alias."""
    half = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    centred = np.linalg.inv(half) @ matrix @ half
    if np.allclose(centred, np.round(centred), atol=1e-12) and abs(scale - 1) < 1e-12:
        interpolation = cv2.INTER_NEAREST
    else:
        interpolation = cv2.INTER_CUBIC
    source: NDArray[np.float32] = rgb.astype(np.float32)
    if scale < 1:
        # The blur that a pixel of the smaller picture, 1/scale wide, is missing.
        blur = 0.5 * math.sqrt(1 / scale**2 - 1) + 1e-3
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), blur), np.float32)
    warped = cv2.warpAffine(
        source, centred[:2], size, flags=interpolation, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(np.clip(np.round(warped), 0, 255), np.uint8)


def post(
    rgb: NDArray[np.uint8],
    *,
    crop: tuple[float, float, float, float] | None = None,
    rotate_deg: float = 0.0,
    scale: float = 1.0,
    mirror: bool = False,
    gamma: float = 1.0,
    annotations: tuple[Annotation, ...] = (),
    history: tuple[Save, ...] = (Save(),),
    exif: bytes = b"",
) -> Posted:
    """Post a picture: crop and resample it, adjust its tone, draw on it and save it.

    Parameters
    ----------
    rgb : ndarray of shape (M, N, 3), uint8
        The source picture.
    crop, rotate_deg, scale, mirror
        See `frame`.
    gamma : float, default 1
        Exponent applied to the coded values in 0..1.
    annotations : tuple, default ()
        Arrows, frames and captions, placed by points of the *source* picture and drawn before the
        last save.
    history : tuple of Save, default one save at quality 85
        The JPEG saves, oldest first. Each but the last is really encoded and decoded.
    exif : bytes, default none
        EXIF block for the last save (``PIL.Image.Exif().tobytes()``).

    Raises
    ------
    UsageError
        For a history without saves, or options out of range.
    """
    if not history:
        raise UsageError("a posted file has at least one save: give history=(Save(),)")
    _check(rgb)
    matrix, size = frame(rgb.shape, crop=crop, rotate_deg=rotate_deg, scale=scale, mirror=mirror)
    picture = _warp(rgb, matrix, size, scale=scale)
    if gamma != 1:
        levels = np.clip((np.arange(256) / 255) ** gamma, 0, 1)
        picture = np.asarray(np.round(levels * 255), np.uint8)[picture]
    for number, save in enumerate(history):
        cut_x, cut_y = save.cut_px
        picture = np.ascontiguousarray(picture[cut_y:, cut_x:])
        matrix = np.array([[1.0, 0, -cut_x], [0, 1, -cut_y], [0, 0, 1]]) @ matrix
        if number < len(history) - 1:
            picture = decode(_encode(picture, save))
    picture, mask = annotate(picture, annotations, matrix=matrix)
    data = _encode(picture, history[-1], exif=exif)
    return Posted(data=data, matrix=matrix, annotation_mask=mask)


def geotiff(
    rgb: NDArray[np.uint8],
    *,
    origin: tuple[float, float],
    gsd: float,
    epsg: int,
    datetime: dt.datetime | None = None,
    jpeg_quality: int | None = None,
) -> bytes:
    """Return the bytes of a north-up GeoTIFF of a (M, N, 3) uint8 picture.

    ``origin`` (easting, northing) is the outer corner of the top left pixel, in the units of the
    reference system ``epsg``, as is ``gsd``. ``datetime`` is written as TIFFTAG_DATETIME, which
    has no time zone: pass UTC. With ``jpeg_quality`` the pixels are compressed as JPEG.
    """
    # Imported here: rendering alone should not pay for GDAL.
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    _check(rgb)
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
