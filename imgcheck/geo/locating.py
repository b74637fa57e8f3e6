"""Place a picture on imagery of any date: by its details, else by the lie of its edges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform as project

from imgcheck.errors import UsageError
from imgcheck.geo import structural
from imgcheck.geo.placement import (
    Placement,
    affine_of,
    describe,
    ground_slope,
    place,
    system_of,
)
from imgcheck.geo.structural.engine import LARGEST_SCALE
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.pixels import as_gray, as_mask

# The structural path needs so many pixels a side, and more than one step of eight bits.
_LEAST_SIDE = 48
_LEAST_CONTRAST = 1.5 / 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is known before; a wrong prior hides the right place.

    Attributes
    ----------
    gsd_m : (least, most) or None
        Ground metres per picture pixel.
    near : (lon, lat, radius_km) or None
        The picture's middle is looked for within this distance of a point, WGS 84 degrees; by
        `locate` and `imgcheck.geo.area.search`.
    """

    gsd_m: tuple[float, float] | None = None
    near: tuple[float, float, float] | None = None


def locate(
    picture_gray: NDArray[np.float32],
    reference_gray: NDArray[np.float32],
    *,
    transform: Sequence[float],
    crs: object,
    picture_mask: NDArray[np.bool_] | None = None,
    reference_mask: NDArray[np.bool_] | None = None,
    prior: Prior | None = None,
    try_mirrored: bool = False,
    seed: int = 20170924,
) -> Placement:
    """Place a picture on a georeferenced reference of the same or another date.

    Parameters
    ----------
    picture_gray, reference_gray : (M, N)
        Floats in [0, 1], NaN where there is no data, or bytes (uint8).
    transform : (a, b, c, d, e, f)
        Affine of the reference, pixel corner to CRS.
    crs : rasterio CRS, EPSG code, or text
    picture_mask, reference_mask : bool, optional
        True = usable.
    prior : Prior, optional
    try_mirrored : bool, default False
        Also place the mirrored picture, in the structural path only where it stands out more than
        the picture itself.
    seed : int
        Accepted for callers that pass one; nothing here is random.

    Returns
    -------
    Placement
        ``path`` says which way it was found. Any turn; scales of 0.25 to 4 reference pixels a
        picture pixel, 0.1 to 10 in the fast path.

    Raises
    ------
    UsageError
        If the transform, the CRS or the prior cannot be understood, or a picture has another type
        or range.
    GridMismatchError
        If a picture is not gray, or a mask has another shape.

    Notes
    -----
    First by local features (`imgcheck.geo.place`); where they do not agree, by the directions of
    edges (`imgcheck.geo.structural`). Measured rates are in docs/benchmarks.md.
    """
    picture_gray = as_gray(picture_gray, name="picture")
    reference_gray = as_gray(reference_gray, name="reference")
    reference_mask = _near(
        prior,
        as_mask(reference_mask, reference_gray, name="reference"),
        picture_gray.shape,
        reference_gray.shape,
        affine_of(transform),
        system_of(crs),
    )
    fast = place(
        picture_gray,
        reference_gray,
        transform=transform,
        crs=crs,
        picture_mask=picture_mask,
        reference_mask=reference_mask,
        try_mirrored=try_mirrored,
        seed=seed,
    )
    if fast.placed:
        return fast
    return locate_structurally(
        picture_gray,
        structural.Pyramid(reference_gray, reference_mask),
        transform=transform,
        crs=crs,
        picture_mask=picture_mask,
        prior=prior,
        try_mirrored=try_mirrored,
    )


def locate_structurally(
    picture_gray: NDArray[np.float32],
    reference: structural.Pyramid,
    *,
    transform: Sequence[float],
    crs: object,
    picture_mask: NDArray[np.bool_] | None = None,
    prior: Prior | None = None,
    try_mirrored: bool = False,
) -> Placement:
    """Place a picture by the directions of its edges alone; see `locate`."""
    affine, system = affine_of(transform), system_of(crs)
    picture_gray = as_gray(picture_gray, name="picture")
    picture_mask = as_mask(picture_mask, picture_gray, name="picture")
    scale = _scales(prior, reference.shape, affine, system)
    hopeless = _hopeless(picture_gray, picture_mask, reference)
    if hopeless:
        nothing = registration.nothing(hopeless, picture_gray.shape)
        return describe(nothing, affine, system, path="structural", false_match_probability=None)
    found = structural.find(picture_gray, reference, picture_mask=picture_mask, scale=scale)
    if try_mirrored and _other_hand(found):
        turned = _mirrored(picture_gray, reference, picture_mask, scale)
        found = turned if turned.registration.found else found
    return describe(
        found.registration,
        affine,
        system,
        path="structural",
        false_match_probability=found.false_match_probability,
    )


def _hopeless(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
    reference: structural.Pyramid,
) -> str | None:
    """Say why a search would be in vain, before it is paid for."""
    rows, cols = reference.shape
    if min(rows, cols) < _LEAST_SIDE:
        return f"the reference has only {cols} x {rows} pixels; {_LEAST_SIDE} a side are needed"
    if np.count_nonzero(reference.mask) < _LEAST_SIDE**2:
        return "too little of the reference is ground: the rest is nodata"
    usable = np.isfinite(picture) if mask is None else np.isfinite(picture) & mask
    for name, gray, seen in (
        ("picture", picture, usable),
        ("reference", reference.gray, reference.mask),
    ):
        if seen.any() and float(np.ptp(gray[seen])) < _LEAST_CONTRAST:
            return f"the {name} is one even tone"
    return None


def _other_hand(found: structural.Structural) -> bool:
    """Say whether the mirrored picture, weighed as a rival, stands out more than the picture."""
    if found.registration.found or found.rival is None or found.surprise is None:
        return False
    return found.rival > found.surprise


def _mirrored(
    picture_gray: NDArray[np.float32],
    reference: structural.Pyramid,
    picture_mask: NDArray[np.bool_] | None,
    scale: tuple[float, float] | None,
) -> structural.Structural:
    """Place the mirror image, and say where the picture itself lies."""
    mask = None if picture_mask is None else np.ascontiguousarray(picture_mask[:, ::-1])
    found = structural.find(
        np.ascontiguousarray(picture_gray[:, ::-1]), reference, picture_mask=mask, scale=scale
    )
    if not found.registration.found or found.false_match_probability is None:
        return found
    # Two trials: the picture, and its mirror image.
    return replace(
        found,
        registration=registration.of_mirror_image(found.registration),
        false_match_probability=min(1.0, 2 * found.false_match_probability),
    )


def _scales(
    prior: Prior | None, shape: tuple[int, ...], affine: NDArray[np.float64], system: object
) -> tuple[float, float] | None:
    """Turn a prior in metres into reference pixels per picture pixel."""
    if prior is None or prior.gsd_m is None:
        return None
    least, most = prior.gsd_m
    if not 0 < least <= most < float("inf"):
        raise UsageError(f"a prior of {least} to {most} m a pixel is none; give 0 < least <= most")
    middle = np.array([[shape[1] / 2, shape[0] / 2]])
    slope = ground_slope(affine, middle, system_of(system))
    reference = float(np.sqrt(abs(np.linalg.det(slope))))
    if not reference > 0:
        raise UsageError("the reference's pixels have no size on the ground")
    return least / reference, most / reference


def circle(
    near: tuple[float, float, float], affine: NDArray[np.float64], crs: CRS
) -> tuple[float, float, float] | None:
    """Put a claimed place on a reference: x, y, radius in its pixels; None where it has no place.

    Raises
    ------
    UsageError
        If it is no place.
    """
    lon, lat, radius_km = near
    if not (math.isfinite(lon) and abs(lat) <= 90 and 0 < radius_km < math.inf):
        raise UsageError(
            f"longitude {lon:g}, latitude {lat:g} within {radius_km:g} km is no place; give "
            "degrees and a radius in km"
        )
    x, y = project(CRS.from_epsg(4326), crs, [lon], [lat])[:2]
    at = transforms.apply(np.linalg.inv(affine), [[x[0], y[0]]])
    if not np.isfinite(at).all():
        return None
    size = math.sqrt(abs(float(np.linalg.det(ground_slope(affine, at, crs)))))
    if not 0 < size < math.inf:
        return None
    return float(at[0, 0]), float(at[0, 1]), radius_km * 1000.0 / size


def _near(
    prior: Prior | None,
    mask: NDArray[np.bool_] | None,
    picture: tuple[int, ...],
    shape: tuple[int, ...],
    affine: NDArray[np.float64],
    crs: CRS,
) -> NDArray[np.bool_] | None:
    """Leave of a reference what a picture around the claimed place could show."""
    if prior is None or prior.near is None:
        return mask
    found = circle(prior.near, affine, crs)
    inside = np.zeros(shape, bool)
    if found is not None:
        scales = _scales(prior, shape, affine, crs) or (0.0, LARGEST_SCALE)
        x, y, radius = found
        reach = radius + scales[1] * math.hypot(*picture[:2]) / 2
        low = np.clip([x - reach, y - reach], 0, [shape[1], shape[0]]).astype(int)
        high = np.clip([x + reach + 1, y + reach + 1], 0, [shape[1], shape[0]]).astype(int)
        inside[low[1] : high[1], low[0] : high[0]] = True
    return inside if mask is None else inside & mask
