"""What would have been found in one picture file: ``imgcheck power``, and the map of it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import detect, forensics
from imgcheck.case.objects import stated_or_own
from imgcheck.detect import Kind
from imgcheck.errors import UsageError
from imgcheck.imaging import Image, annotations
from imgcheck.imaging.intake import FilePath

# Found 9 times in 10, half the time, less: blue to orange, for readers who see no red.
_TONES = ((0.9, (0, 114, 178)), (0.5, (240, 228, 66)), (0.0, (213, 94, 0)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Powered:
    """A picture, what would be found in it, and what was assumed.

    ``gsd_m`` is None where sizes are in pixels; ``source`` states where it comes from.
    """

    image: Image
    gsd_m: float | None
    source: str | None
    sun_azimuth_deg: float | None
    jpeg_quality: int | None
    power: detect.Power


def measure_power(
    picture: FilePath,
    *,
    kind: Kind,
    gsd_m: float | None = None,
    sun_azimuth_deg: float | None = None,
) -> Powered:
    """Plant objects into a picture and search for them.

    Parameters
    ----------
    picture : path
    kind : {"crater", "vehicle"}
    gsd_m : float, optional
        Metres per pixel; by default that of the picture's own georeference. Without any, sizes
        of craters are in pixels.
    sun_azimuth_deg : float, optional
        Clockwise from up in the picture; without it every pass has a sun of its own.

    Raises
    ------
    UsageError
        If the scale of vehicles is not known, or the stated one contradicts the georeference.
    UnreadableError, RefusedError
        If the file cannot be read.
    """
    image = Image.open(picture)
    scale = stated_or_own(image, gsd_m)
    if scale is None and kind == "vehicle":
        raise UsageError(
            f"{image.name}: the metres per pixel are not known, and vehicles are searched for at "
            "a scale; give --gsd, or a georeferenced picture"
        )
    quality = jpeg_quality(image)
    gsd, source = scale or (None, None)
    measured = detect.power(
        image.gray() if kind == "crater" else image.rgb(),
        gsd=gsd,
        kind=kind,
        valid=image.valid() & ~annotations.find(image.rgb()),
        sun_azimuth_deg=sun_azimuth_deg,
        jpeg_quality=quality,
    )
    return Powered(
        image=image,
        gsd_m=gsd,
        source=source,
        sun_azimuth_deg=sun_azimuth_deg,
        jpeg_quality=quality,
        power=measured,
    )


def jpeg_quality(image: Image) -> int | None:
    """Return the IJG quality nearest to that of the file; None if it is no JPEG."""
    encoding = forensics.encoding(image.data, structure=image.structure)
    return None if encoding is None else encoding.nearest_quality


def map_of(gray: NDArray[np.float32], power: detect.Power, *, longest_px: int) -> NDArray[np.uint8]:
    """Return the picture (RGB) coloured by what would be found on its ground.

    Blue ground shows objects of the size of `size_of_interest` 9 times in 10, yellow half the time,
    orange less; rings are planted objects, with a dot where they were missed.
    """
    scale = min(1.0, longest_px / max(gray.shape))
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    shown = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    tone8 = np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8)
    out = np.repeat(tone8[..., None], 3, axis=2)
    if power.cells is not None and power.sizes_m:
        cells = cv2.resize(power.cells, size, interpolation=cv2.INTER_NEAREST)
        middle = size_of_interest(power)
        for k, one in enumerate(power.grounds, 1):
            share = one.recall[middle]
            tone = next(color for least, color in _TONES if (share or 0) >= least)
            here = cells == k
            out[here] = (0.65 * out[here] + 0.35 * np.array(tone)).astype(np.uint8)
    for spot in power.planted:
        radius = max(3, round(spot.size_m / (power.gsd or 1.0) / 2 * scale))
        at = (round(spot.x * scale), round(spot.y * scale))
        cv2.circle(out, at, radius, (255, 255, 255), 1, cv2.LINE_AA)
        if not spot.found:
            cv2.circle(out, at, 2, (255, 0, 0), -1, cv2.LINE_AA)
    return out


def size_of_interest(power: detect.Power) -> int:
    """Return the number of the planted size next to d90, else of the one found most often."""
    if power.d90_m is not None:
        return next(k for k, size in enumerate(power.sizes_m) if size >= power.d90_m)
    return max(range(len(power.recall)), key=lambda k: power.recall[k])
