"""Read a large raster part by part with its file kept open, in one scale for all parts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError
from imgcheck.imaging.decoding.guard import guarded
from imgcheck.imaging.limits import WINDOWED_FORMATS
from imgcheck.imaging.pixels import STRETCH_PERCENTILES, Float32, Mask, as_bytes, turn
from imgcheck.imaging.windows import PartWindow, part_of, stored_window

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

_Result = TypeVar("_Result")
# Scale and fill values are estimated from so many windows a side, of so many pixels a side.
_SAMPLES, _SAMPLE_SIDE = 8, 192
# Side of the reduced picture in which areas of a fill value are found, pixels.
_REDUCED_SIDE = 1024
# Smaller images are decoded whole, which also saves what is left of a damaged one.
_WHOLE_PIXELS = 4_000_000
# Samples of more than 8 bits are divided by this percentile.
_WHITE_PERCENTILE = 99.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """How the samples of one image become numbers in [0, 1], the same for all its parts.

    Attributes
    ----------
    bands : tuple of int
        Indices of the bands that are taken.
    black, white : float
        Samples that become 0 and 1; those beyond are clipped.
    fills : tuple of float
        Values that mean no data wherever all bands have them, though the file does not declare it.
    areas : ndarray or None
        Reduced mask of the areas that are filled with the lowest or highest value of the type.
    """

    bands: tuple[int, ...]
    black: float
    white: float
    fills: tuple[float, ...]
    areas: Mask | None


class RasterReader:
    """Windows of one image; a large TIFF or JPEG 2000 is kept open, others are decoded whole.

    One reader serves one thread.
    """

    def __init__(self, image: "Image") -> None:
        from imgcheck.imaging.decoding import raster

        self.image = image
        self._source: raster.OpenRaster | None = None
        windowed = image.format in WINDOWED_FORMATS and image.mode != "palette"
        large = image.width * image.height > _WHOLE_PIXELS
        if windowed and large and not image.has_decoded and image.pixels_readable:
            self._source = self._named(
                lambda: raster.OpenRaster(image.data, image.header, descriptor=image.descriptor)
            )

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _named(self, act: Callable[[], _Result]) -> _Result:
        """Put the name of the image before the sentence of an error."""
        try:
            return guarded(self.image.format, act)
        except ImgcheckError as error:
            raise type(error)(f"{self.image.name}: {error.message}", file=self.image.name) from None

    def native(self, window: PartWindow) -> tuple[NDArray[Any], Mask]:
        """Read the samples (bands, rows, columns) of a window, and which are declared usable.

        Raises
        ------
        UnreadableError
            If this part of the file is damaged.
        """
        image = self.image
        if self._source is None:
            rows, columns = part_of(window)
            if image.mode == "palette" or image.format not in WINDOWED_FORMATS:
                shown = np.moveaxis(image.rgb()[rows, columns], -1, 0)
            else:
                shown = image.bands_array()[:, rows, columns]
            return shown, image.valid()[rows, columns]
        source, inside = self._source, stored_window(image, window)
        samples, valid = self._named(lambda: source.read(inside))
        samples = np.abs(samples) if np.iscomplexobj(samples) else samples
        number = image.applied_orientation
        return turn(samples, number), turn(valid, number)

    def read(self, window: PartWindow, look: Look) -> Float32:
        """Read a window as (rows, columns, bands) in [0, 1], NaN where it shows nothing."""
        samples, valid = self.native(window)
        valid = valid & ~self._filled(samples, window, look)
        chosen = samples[list(look.bands)]
        if chosen.dtype == np.uint8 and self.image.header.bits < 8:
            chosen = as_bytes(chosen, valid=None, bits=self.image.header.bits)
        result = chosen.astype(np.float32)
        result -= np.float32(look.black)
        result *= np.float32(1 / max(look.white - look.black, 1e-30))
        np.clip(result, 0, 1, out=result)
        if not valid.all():
            result[:, ~valid] = np.nan
        return np.moveaxis(result, 0, -1)

    def _filled(self, samples: NDArray[Any], window: PartWindow, look: Look) -> Mask:
        colour = samples[0]
        found = np.zeros(colour.shape, bool)
        for value in look.fills:
            same = colour == value
            if same.any():
                found |= np.asarray((samples == value).all(axis=0))
        if look.areas is not None:
            ends = (0, np.iinfo(samples.dtype).max) if samples.dtype.kind == "u" else (0,)
            same = np.zeros(colour.shape, bool)
            for value in ends:
                same |= np.asarray((samples == value).all(axis=0))
            if same.any():
                x, y, width, height = window
                step = _step(self.image)
                rows, columns = np.arange(y, y + height) // step, np.arange(x, x + width) // step
                found |= same & look.areas[np.ix_(rows, columns)]
        return found


def look_at(reader: RasterReader, *, every_band: bool) -> Look:
    """Estimate the scale of an image and its fill values, from samples all over it.

    With ``every_band`` all bands are taken: 8 bits by 255, others by their 99.9th percentile. Else
    the view: the first three bands, or one; deep samples between their 2nd and 98th percentile.
    """
    image = reader.image
    parts, masks = zip(*_samples(reader), strict=True)
    samples, valid = np.concatenate(parts, axis=1), np.concatenate(masks)
    fills, areas = _fills(reader, samples, valid)
    for value in fills:
        valid &= ~(samples == value).all(axis=0)
    alpha = image.mode in ("rgba", "gray-alpha") and len(samples) == image.header.bands
    colours = len(samples) - alpha
    bands = range(colours if every_band else 3 if colours >= 3 else 1)
    black, white = 0.0, 255.0
    deep = samples.dtype != np.uint8
    if deep:
        known = samples[list(bands)][:, valid].astype(np.float64)
        known = known[np.isfinite(known)]
        if every_band and known.size:
            black = min(float(known.min()), 0.0)
            white = float(np.percentile(known, _WHITE_PERCENTILE))
        elif known.size:
            black, white = (float(v) for v in np.percentile(known, STRETCH_PERCENTILES))
    return Look(
        bands=tuple(bands),
        black=black,
        white=white if white > black else black + 1.0,
        fills=fills,
        areas=areas,
    )


def _samples(reader: RasterReader) -> Iterator[tuple[NDArray[Any], Mask]]:
    """Yield samples (bands, N) of windows all over an image; damaged ones are left out."""
    image = reader.image
    wide, high = min(_SAMPLE_SIDE, image.width), min(_SAMPLE_SIDE, image.height)
    error: ImgcheckError | None = None
    some = False
    for y in sorted({round(s * (image.height - high)) for s in np.linspace(0, 1, _SAMPLES)}):
        for x in sorted({round(s * (image.width - wide)) for s in np.linspace(0, 1, _SAMPLES)}):
            try:
                samples, valid = reader.native((x, y, wide, high))
            except ImgcheckError as found:
                error = found
                continue
            some = True
            yield samples[:, ::2, ::2].reshape(len(samples), -1), valid[::2, ::2].ravel()
    if not some and error is not None:
        raise error


def _fills(
    reader: RasterReader, samples: NDArray[Any], valid: Mask
) -> tuple[tuple[float, ...], Mask | None]:
    """Return fill values that the file does not declare, and areas of the ends of the range."""
    from imgcheck.imaging.decoding import raster

    if not raster.may_be_filled(reader.image.header):
        return (), None
    usable = samples[:, valid][:, :, None]
    found = raster.undeclared(usable, pixels=usable.shape[1])[:, 0]
    values = np.unique(usable[0, found, 0])
    ends = {0.0, float(np.iinfo(samples.dtype).max) if samples.dtype.kind == "u" else 0.0}
    fills = tuple(float(value) for value in values if float(value) not in ends)[:4]
    if all(float(value) not in ends for value in values):
        return fills, None
    reduced = _reduced(reader)
    areas = raster.undeclared(reduced, pixels=reduced[0].size)
    # The border of an area may lie within the next sample.
    wider = cv2.dilate(areas.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return fills, wider if areas.any() else None


def _step(image: "Image") -> int:
    return max(1, -(-max(image.width, image.height) // _REDUCED_SIDE))


def _reduced(reader: RasterReader) -> NDArray[Any]:
    """Return every k-th sample of an image; damaged parts are 1."""
    image = reader.image
    step = _step(image)
    high = 64 * step
    strips = []
    for y in range(0, image.height, high):
        rows = min(high, image.height - y)
        try:
            strip = reader.native((0, y, image.width, rows))[0][:, ::step, ::step]
        except ImgcheckError:
            shape = (image.header.bands, -(-rows // step), -(-image.width // step))
            strip = np.ones(shape, image.header.dtype)
        strips.append(np.ascontiguousarray(strip))
    return np.concatenate(strips, axis=1)
