"""The objects proposed in one picture, with their scale and number: ``imgcheck detect``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgcheck import detect
from imgcheck.case.user_model import read_user_model
from imgcheck.detect import user_model
from imgcheck.detect.counting import CountEstimate
from imgcheck.errors import UsageError
from imgcheck.imaging import Image
from imgcheck.imaging.intake import FilePath

KINDS = ("vehicle", "crater")
# A stated scale and that of the picture's own georeference agree within this factor.
_AGREE = 1.25


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """A picture that was searched, and what was proposed of each kind.

    ``source`` states where the ground sample distance comes from; ``own`` is what a user's model
    proposed in place of the shipped detector of vehicles.
    """

    image: Image
    gsd_m: float
    source: str
    found: tuple[detect.Detections, ...]
    counts: tuple[CountEstimate, ...]
    own: user_model.Found | None = None


def search(
    picture: FilePath,
    *,
    gsd_m: float | None = None,
    kinds: tuple[str, ...] = KINDS,
    model: Path | None = None,
) -> Searched:
    """Propose vehicles and craters in a picture.

    Parameters
    ----------
    picture : path
    gsd_m : float, optional
        Metres per pixel; by default that of the picture's own georeference.
    kinds : tuple of str
        Of `KINDS`.
    model : path, optional
        ONNX file of a detector that searches for vehicles in place of the shipped one, with its
        manifest beside it.

    Raises
    ------
    UsageError
        If no ground sample distance is known, or the stated one contradicts the georeference; for
        an error in a manifest.
    UnreadableError, RefusedError
        If a file cannot be read, or a model does not run within its limits.
    """
    if model is not None and "vehicle" not in kinds:
        raise UsageError("a model of your own searches for vehicles; leave --class crater out")
    ours = None if model is None else read_user_model(model)
    image = Image.open(picture)
    scale = stated_or_own(image, gsd_m)
    if scale is None:
        raise UsageError(
            f"{image.name}: the metres per pixel are not known, so sizes mean nothing; give --gsd, "
            "or a georeferenced picture"
        )
    gsd, source = scale
    own = None if ours is None else user_model.find(image.rgb(), gsd=gsd, model=ours)
    found = tuple(_one(image, kind, gsd) for kind in kinds if kind != "vehicle" or own is None)
    return Searched(
        image=image,
        gsd_m=gsd,
        source=source,
        found=found,
        counts=tuple(detect.count(one) for one in found),
        own=own,
    )


def stated_or_own(image: Image, gsd_m: float | None) -> tuple[float, str] | None:
    """Return metres per pixel and their source, stated or of the georeference; None if neither.

    A `UsageError` where the stated value means nothing, or contradicts the georeference.
    """
    own = image.gsd_m
    if gsd_m is None:
        return None if own is None else (float(own), "georeference")
    if not (np.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError(f"the ground sample distance must be metres above 0, not {gsd_m}")
    if own is not None and not 1 / _AGREE < gsd_m / own < _AGREE:
        raise UsageError(
            f"{image.name}: {gsd_m:g} m per pixel is stated, and the georeference of the picture "
            f"gives {own:.3g} m; leave --gsd out, or correct the picture"
        )
    return gsd_m, "stated"


def _one(image: Image, kind: str, gsd: float) -> detect.Detections:
    if kind == "vehicle":
        return detect.vehicles(image.rgb(), gsd=gsd)
    return detect.craters(image.gray(), gsd=gsd)
