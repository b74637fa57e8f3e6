"""Decode TIFF, JPEG 2000 and deep PNG with GDAL, kept from everything but the bytes.

GDAL would otherwise take a VRT for a picture, read overviews and georeference from
files beside it, fetch from the network, and write ``.aux.xml`` next to the evidence.
"""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from imgcheck.errors import ImgcheckError, UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.guard import decoder_error, recorded_warnings
from imgcheck.imaging.pixels import Decoded, Mask, Uint8, as_bytes

DRIVERS = {"tiff": "GTiff", "jp2": "JP2OpenJPEG", "png": "PNG"}
_SAFE: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    # Other threads of GDAL print their errors instead of raising them.
    "GDAL_NUM_THREADS": "1",
    # By default a twentieth of the machine's memory, whatever the budget is.
    "GDAL_CACHEMAX": 64 << 20,
}
# Place from the file's own tags only; overviews never, because an overview may show
# another picture than the full resolution.
_OPTIONS = {
    "tiff": {"GEOREF_SOURCES": "INTERNAL", "OVERVIEW_LEVEL": "NONE"},
    "jp2": {"GEOREF_SOURCES": "INTERNAL"},
    "png": {},
}
#: What GDAL raises through rasterio where a statement of place or a block makes no sense.
GDAL_ERRORS = (
    RasterioError, CPLE_BaseError, OSError, ValueError, TypeError, LookupError, ArithmeticError,
    AttributeError, RuntimeError,
)  # fmt: skip
# Blocks of a damaged picture that are tried one by one; the others count as lost.
_MOST_BLOCKS = 100_000

# GDAL's warnings go to this logger, and without any handler to the terminal.
logging.getLogger("rasterio").addHandler(logging.NullHandler())


@contextmanager
def dataset(
    data: bytes, header: Header, *, descriptor: int | None, **more: str
) -> Iterator[DatasetReader]:
    """Open a raster by the one driver of its format, with ``more`` options of the driver."""
    form = header.format
    options: dict[str, Any] = {"driver": DRIVERS[form], "sharing": False, **_OPTIONS[form], **more}
    # GDAL reads the first directory of a TIFF, unless one is named.
    part = "" if header.directory is None else f"GTIFF_DIR:off:{header.directory}:"
    try:
        with rasterio.Env(**_SAFE):
            if descriptor is not None:
                place = part + _descriptor_path(descriptor)
                with _opened(lambda: rasterio.open(place, **options)) as source:
                    yield source
            else:
                with (
                    MemoryFile(data) as memory,
                    _opened(lambda: rasterio.open(part + memory.name, **options)) as source,
                ):
                    yield source
    except (ImgcheckError, MemoryError):
        raise
    except Exception as error:  # as in `guarded`, which takes no body of a with statement
        raise decoder_error(form, error) from None


class OpenRaster:
    """A raster that stays open between reads, as `dataset` opens it; it serves one thread."""

    def __init__(self, data: bytes, header: Header, *, descriptor: int | None) -> None:
        self.header = header
        part = "" if header.directory is None else f"GTIFF_DIR:off:{header.directory}:"
        options: dict[str, Any] = {
            "driver": DRIVERS[header.format], "sharing": False, **_OPTIONS[header.format],
        }  # fmt: skip
        self._memory = None if descriptor is not None else MemoryFile(data)
        place = _descriptor_path(descriptor) if descriptor is not None else self._memory.name  # type: ignore[union-attr]
        with rasterio.Env(**_SAFE):
            self._source = _opened(lambda: rasterio.open(part + place, **options))
            # Strips go across the whole raster: neighbouring tiles read the same ones.
            tall = self._source.block_shapes[0][0] >= 64
            self._environment = {**_SAFE, "GDAL_CACHEMAX": (16 if tall else 64) << 20}
        require_size(self._source, header)

    def read(self, window: tuple[int, int, int, int]) -> tuple[NDArray[Any], Mask]:
        """Read native samples of a window, and which the file declares usable."""
        with rasterio.Env(**self._environment):
            native = self._source.read(window=Window(*window))
            bands = _describe(self._source, self.header)
            valid = _valid(
                self._source, native, bands, self.header, window=Window(*window), known=None,
                declared=True,
            )  # fmt: skip
        return native, np.ones(native.shape[1:], bool) if valid is None else valid

    def close(self) -> None:
        """Close the file."""
        self._source.close()
        if self._memory is not None:
            self._memory.close()


def _opened(opener: Callable[[], DatasetReader]) -> DatasetReader:
    """Open without the warning that a picture has no georeference; most have none."""
    with recorded_warnings():
        return opener()


def _descriptor_path(descriptor: int) -> str:
    """Name an open file, so that it cannot have been exchanged and its name is plain."""
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        if folder.is_dir():
            return str(folder / str(descriptor))
    raise UnreadableError("is too large to be read into memory on this system")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bands:
    """Which bands are shown, which one is alpha, and which values mean no data."""

    shown: tuple[int, ...]
    alpha: int | None
    nodata: float | None
    internal_mask: bool


def _describe(source: DatasetReader, header: Header) -> _Bands:
    colours = list(source.colorinterp)
    alpha = colours.index(ColorInterp.alpha) if ColorInterp.alpha in colours else None
    if alpha is None and source.count == 2 and header.mode == "gray-alpha":
        alpha = 1
    wanted = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if all(colour in colours for colour in wanted):
        shown = tuple(colours.index(colour) for colour in wanted)
    else:
        usable = [index for index in range(source.count) if index != alpha] or [0]
        shown = tuple(usable[:3]) if len(usable) >= 3 else (usable[0],)
    flags = source.mask_flag_enums[0]
    return _Bands(
        shown=shown,
        alpha=alpha,
        nodata=source.nodata,
        internal_mask=MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags,
    )


def decode_with_gdal(data: bytes, header: Header, *, descriptor: int | None = None) -> Decoded:
    """Decode a whole raster; blocks that cannot be read are invalid and reported."""
    try:
        with dataset(data, header, descriptor=descriptor) as source:
            require_size(source, header)
            return _finish(source, header, source.read())
    except UnreadableError as refusal:
        return _decode_blocks(data, header, descriptor, refusal)


def _decode_blocks(
    data: bytes, header: Header, descriptor: int | None, refusal: UnreadableError
) -> Decoded:
    """Decode block by block after the whole has failed, in a fresh reader."""
    with dataset(data, header, descriptor=descriptor) as source:
        require_size(source, header)
        native, known, good, count = _read_blocks(source)
    if good:
        message = f"{good} of {count} strips or tiles could be decoded; the whole "
        damage = Observation(kind="truncated", message=message + refusal.message)
        # A third reader: GDAL would raise the last error of the second once more.
        with dataset(data, header, descriptor=descriptor) as source:
            return _finish(source, header, native, known=known, damage=damage)
    if header.format == "jp2" and count == 1:
        return _decode_coarse(data, header, descriptor)
    raise refusal


def _decode_coarse(data: bytes, header: Header, descriptor: int | None) -> Decoded:
    """Decode a cut JPEG 2000 of one tile: it holds all places first, then their detail."""
    with dataset(data, header, descriptor=descriptor, STRICT="NO") as source:
        require_size(source, header)
        message = "the JPEG 2000 is cut off: detail is missing, and the file does not state where"
        damage = Observation(kind="truncated", message=message, offset=len(data))
        return _finish(source, header, source.read(), damage=damage)


def _finish(
    source: DatasetReader,
    header: Header,
    native: NDArray[Any],
    *,
    known: Mask | None = None,
    damage: Observation | None = None,
) -> Decoded:
    bands = _describe(source, header)
    valid = _valid(source, native, bands, header, window=None, known=known)
    return Decoded(
        native=native,
        rgb=_view(source, native, bands, valid, header),
        valid=valid,
        damage=(damage,) if damage else (),
    )


def require_size(source: DatasetReader, header: Header) -> None:
    if (source.width, source.height) != (header.width, header.height):
        raise UnreadableError(
            f"two readers disagree about its size: {header.width} x {header.height} in its "
            f"header, {source.width} x {source.height} in the decoder"
        )
    if source.count > max(header.bands, 4):
        raise UnreadableError(
            f"two readers disagree about its bands: {header.bands} in its header, "
            f"{source.count} in the decoder"
        )


def _read_blocks(source: DatasetReader) -> tuple[NDArray[Any], Mask, int, int]:
    """Read what blocks can be read: samples, where they are, how many, of how many."""
    native = np.zeros((source.count, source.height, source.width), source.dtypes[0])
    known = np.zeros(native.shape[1:], bool)
    windows = list(itertools.islice(source.block_windows(1), _MOST_BLOCKS))
    good = 0
    for _, window in windows:
        rows, columns = window.toslices()
        try:
            native[:, rows, columns] = source.read(window=window)
        except GDAL_ERRORS:
            native[:, rows, columns] = 0
            continue
        known[rows, columns] = True
        good += 1
    return native, known, good, len(windows)


def _valid(
    source: DatasetReader,
    native: NDArray[Any],
    bands: _Bands,
    header: Header,
    *,
    window: Window | None,
    known: Mask | None,
    declared: bool = False,
) -> Mask | None:
    """Mark the usable pixels; None where all are.

    With ``declared`` a fill value counts only where the file declares it.

    A pixel of whole numbers is without data when *all* its bands have the nodata value: a
    dark pixel may be 0 in one band. For floats, NaN or nodata in one shown band suffices.
    A raster with a place on the ground may leave its nodata value undeclared.
    """
    valid = np.ones(native.shape[1:], bool) if known is None else known
    colour = [index for index in range(len(native)) if index != bands.alpha]
    if native.dtype.kind in "fc":
        for index in bands.shown:
            valid &= np.isfinite(native[index])
            if bands.nodata is not None and not np.isnan(bands.nodata):
                valid &= native[index] != np.asarray(bands.nodata, native.dtype)
    elif bands.nodata is not None:
        empty = np.ones(valid.shape, bool)
        for index in colour:
            empty &= native[index] == bands.nodata
        valid &= ~empty
    if may_be_filled(header) and not declared:
        valid &= ~undeclared(native[colour], pixels=header.width * header.height)
    if bands.alpha is not None:
        valid &= native[bands.alpha] > 0
    if bands.internal_mask and known is None:
        shape = native.shape[1:]
        valid &= source.read_masks(1, window=window, out_shape=shape) > 0
    return None if valid.all() else valid


def _view(
    source: DatasetReader, native: NDArray[Any], bands: _Bands, valid: Mask | None, header: Header
) -> Uint8:
    if source.colorinterp[0] == ColorInterp.palette and native.dtype.kind == "u":
        return _apply_palette(native[0], source.colormap(1))
    shown = native if bands.shown == tuple(range(len(native))) else native[list(bands.shown)]
    view = as_bytes(shown, valid=valid, bits=header.bits)
    if source.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES":
        view = 255 - view
    return view


def _apply_palette(indices: NDArray[Any], colours: dict[int, tuple[int, ...]]) -> Uint8:
    table = np.zeros((int(np.iinfo(indices.dtype).max) + 1, 3), np.uint8)
    for index, colour in colours.items():
        if 0 <= index < len(table):
            table[index] = colour[:3]
    return np.moveaxis(table[indices], -1, 0)


def read_window(
    data: bytes,
    header: Header,
    *,
    descriptor: int | None,
    window: tuple[int, int, int, int],
    out_shape: tuple[int, int],
    bands: Sequence[int],
) -> NDArray[Any]:
    """Read native samples of a window, averaged or interpolated to ``out_shape``."""
    with dataset(data, header, descriptor=descriptor) as source:
        require_size(source, header)
        return source.read(
            list(bands),
            window=Window(*window),
            out_shape=(len(bands), *out_shape),
            resampling=_resampling(header, window, out_shape),
        )


def _resampling(
    header: Header, window: tuple[int, int, int, int], out_shape: tuple[int, int]
) -> Resampling:
    """Average when shrinking, so that nothing aliases; indices of a palette have no mean."""
    if header.mode == "palette" or out_shape == (window[3], window[2]):
        return Resampling.nearest
    smaller = out_shape[0] <= window[3] and out_shape[1] <= window[2]
    return Resampling.average if smaller else Resampling.bilinear


def may_be_filled(header: Header) -> bool:
    """Return whether a raster may be filled with a value that it does not declare."""
    return header.geotagged and header.mode != "palette"


def read_valid_window(
    data: bytes, header: Header, *, descriptor: int | None, window: tuple[int, int, int, int]
) -> Mask:
    """Return the usable pixels of a window at full resolution."""
    with dataset(data, header, descriptor=descriptor) as source:
        require_size(source, header)
        native = source.read(window=Window(*window))
        bands = _describe(source, header)
        valid = _valid(source, native, bands, header, window=Window(*window), known=None)
        return np.ones(native.shape[1:], bool) if valid is None else valid


# What GDAL, ESRI and SRTM tools write; no measured sample of any band has these values.
_CONVENTIONAL = (-9999, -99999, -32767, -32768)
# Lowest values of float32 and float64, which some programs round.
_LOWEST = (float(np.finfo(np.float32).min), float(np.finfo(np.float64).min))
_ROUNDED = 0.002
# A smaller area of one value may be ground: a roof, a shadow, a pond.
_LEAST_SHARE, _LEAST_PIXELS = 0.005, 100


def undeclared(samples: NDArray[Any], *, pixels: int) -> Mask:
    """Mark the pixels that hold a fill value in all bands of a georeferenced raster without alpha.

    That is a conventional value (-9999 and the like); a value at one end of deep samples, farther
    from all others than these are from each other; 0 or the largest value of the type, in an even
    area that reaches the border and is large against the ``pixels`` of the whole raster. Dark water
    or clipped snow that reaches the border in exactly 0 or 255 is taken for fill, too.
    """
    found = np.zeros(samples.shape[1:], bool)
    if samples.dtype.kind not in "iuf" or not samples.size:
        return found
    if samples.dtype.kind in "if":
        for value in _CONVENTIONAL:
            found |= _all(samples, value)
        if samples.dtype.kind == "f":
            for lowest in _LOWEST:
                with np.errstate(all="ignore"):  # other extreme values overflow: they are not near
                    near = np.abs(samples / lowest - 1) < _ROUNDED
                found |= np.asarray(near.all(axis=0))
    if samples.dtype.itemsize > 1:
        for largest in (False, True):
            found |= _far_from_the_rest(samples, found, largest=largest)
    ends = [0, int(np.iinfo(samples.dtype).max)] if samples.dtype.kind == "u" else [0]
    for value in ends:
        found |= _from_the_border(
            _all(samples, value), least=max(_LEAST_PIXELS, _LEAST_SHARE * pixels)
        )
    return found


def _all(samples: NDArray[Any], value: float) -> Mask:
    if samples.dtype.kind != "f":
        limits = np.iinfo(samples.dtype)
        if not limits.min <= value <= limits.max:
            return np.zeros(samples.shape[1:], bool)
    return np.asarray((samples == samples.dtype.type(value)).all(axis=0))


def _far_from_the_rest(samples: NDArray[Any], known: Mask, *, largest: bool) -> Mask:
    """Find an extreme value of all bands with a gap wider than the span of what remains."""
    nothing = np.zeros(known.shape, bool)
    first = samples[0]
    usable = ~known & np.isfinite(first)
    if not usable.any():
        return nothing
    value = float(first[usable].max() if largest else first[usable].min())
    filled = usable & _all(samples, value)
    rest = first[usable & ~filled].astype(np.float64)
    if filled.sum() < max(_LEAST_PIXELS, _LEAST_SHARE * filled.size) or not rest.size:
        return nothing
    # Halves, so that the difference of extreme floats does not overflow.
    gap = float(np.abs(rest / 2 - value / 2).min())
    return filled if gap > float(np.ptp(rest / 2)) else nothing


def _from_the_border(same: Mask, *, least: float) -> Mask:
    """Keep the areas that reach the border and are large."""
    if same.sum() < least:
        return np.zeros(same.shape, bool)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(same.astype(np.uint8), connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    large = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= least)
    kept = np.intersect1d(np.unique(rim[rim > 0]), large)
    return np.asarray(np.isin(labels, kept))
