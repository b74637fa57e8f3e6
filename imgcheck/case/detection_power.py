"""What would have been found in one picture file: ``imgcheck power``."""

from dataclasses import dataclass

from imgcheck import detect, forensics
from imgcheck.case.objects import stated_or_own
from imgcheck.detect import Kind
from imgcheck.errors import UsageError
from imgcheck.imaging import Image, annotations
from imgcheck.imaging.intake import FilePath


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
