"""The measured shadow of a case: values in the claim, or points in the picture on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcheck import geo, sun
from imgcheck.errors import UsageError
from imgcheck.model import Measurement
from imgcheck.model.claim import Shadow

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case, Reference

Pair = tuple[float, float]

# North of a registration is not known better: relief that leans otherwise in the picture than in
# the reference turns a part of it. One metre over two hundred; a convention, not measured.
_NORTH_FLOOR_DEG = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredShadow:
    """A shadow, or many combined, with the assumptions on ground and object.

    Attributes
    ----------
    azimuth : (value, sigma) or None
        Direction in which the shadow points, degrees from north.
    ratio : (value, sigma) or None
        Its length over the height of the object.
    name : str
        Start of a sentence ("The measured shadow").
    plural : bool
    remark : str
        A sentence on shadows that were not used, or empty.
    options : sun.Shadow
        The same for the functions of `imgcheck.sun`.
    ground : str
        The assumptions in words.
    """

    azimuth: Pair | None
    ratio: Pair | None
    name: str = "The measured shadow"
    plural: bool = False
    remark: str = ""
    options: sun.Shadow
    ground: str

    @property
    def measured(self) -> str:
        """Name the measured quantities."""
        if self.azimuth is not None and self.ratio is not None:
            return "azimuth and length"
        return "azimuth alone" if self.azimuth is not None else "length alone"

    @property
    def words(self) -> str:
        """State the measured values."""
        parts = []
        if self.azimuth is not None:
            verb = "point" if self.plural else "points"
            parts.append(f"{verb} to {self.azimuth[0]:.4g} ± {self.azimuth[1]:.2g} degrees")
        if self.ratio is not None:
            verb, owner = ("are", "their objects are") if self.plural else ("is", "its object is")
            parts.append(
                f"{verb} {self.ratio[0]:.3g} ± {self.ratio[1]:.2g} times as long as {owner} high"
            )
        return f"{self.name} {' and '.join(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShadow:
    """No shadow can be used, and why."""

    reason: str


def measured(case: Case) -> MeasuredShadow | NoShadow:
    """Return the shadow to use.

    Values in the claim are used before points in the picture: both may come from the same shadows,
    which must not count twice.
    """
    azimuth = _pair(case.claim.measured("shadow_azimuth"))
    ratio = _pair(case.claim.measured("shadow_ratio"))
    if azimuth is None and ratio is None:
        return _marked(case)
    options, ground = _assumptions(case)
    return MeasuredShadow(
        azimuth=azimuth,
        ratio=ratio,
        options=sun.Shadow(**options, shadow_azimuth=azimuth, ratio=ratio),
        ground=ground,
        remark=(
            " The shadows marked in the picture were not used: the measured values in the claim "
            "may come from them."
            if case.claim.shadows
            else ""
        ),
    )


def _pair(measurement: Measurement | None) -> Pair | None:
    if measurement is None or measurement.sigma is None:
        return None
    return measurement.value, measurement.sigma


def _assumptions(case: Case) -> tuple[sun.Shadow, str]:
    """Return slope, lean and view as stated, else the usual ones, and the same in words."""
    slope, aspect, lean, view = (
        case.claim.measured(f"{name}_deg") for name in ("slope", "slope_aspect", "lean", "view")
    )
    options = sun.Shadow(
        slope_sigma_deg=sun.USUAL_SLOPE_DEG,
        lean_sigma_deg=sun.USUAL_LEAN_DEG if lean is None else lean.value,
        view_deg=0.0 if view is None else view.value,
    )
    if slope is not None and aspect is not None:
        options["slope"] = (slope.value, aspect.value)
        if slope.sigma is not None:
            options["slope_sigma_deg"] = min(slope.sigma, 30.0)
        ground = (
            f"ground that falls {slope.value:g} ± {options['slope_sigma_deg']:g} degrees towards "
            f"{aspect.value:g}"
        )
    else:
        if slope is not None:
            options["slope_sigma_deg"] = slope.value
        ground = f"ground level within {options['slope_sigma_deg']:g} degrees"
    upright = f"objects upright within {options['lean_sigma_deg']:g} degrees"
    said = "as stated" if slope is not None and lean is not None else "an assumption"
    if (slope is None) != (lean is None):
        name = "slope of the ground" if slope is not None else "lean of the object"
        said = f"the {name} as stated"
    return options, f"{ground}, {upright} (one standard deviation; {said})"


def _marked(case: Case) -> MeasuredShadow | NoShadow:
    """Combine the shadows that were marked in picture pixels."""
    marked, north = case.claim.shadows, _pair(case.claim.measured("north_deg"))
    placed = case.placed if marked else None
    if not marked:
        return NoShadow(reason="no shadow was measured")
    if placed is None and north is None:
        return NoShadow(
            reason="the shadows are marked in picture pixels, but the picture was not registered "
            "to a reference, so the direction of north is not known: give a reference that shows "
            "the same ground, or north_deg with its sigma"
        )
    found: list[tuple[sun.ShadowMeasurement, Pair]] = []
    refused = ""
    for shadow in marked:
        try:
            found.append(_measure(case, shadow, placed, north or (0.0, 0.0)))
        except UsageError as error:
            refused = str(error)
    if not found:
        return NoShadow(reason=f"none of the marked shadows could be measured: {refused}")
    azimuth = sun.pool([one.shadow_azimuth for one, _ in found], shared=max(c[0] for _, c in found))
    ratios, ratio = [one.ratio for one, _ in found if one.ratio is not None], None
    if ratios:
        both = sun.pool(ratios, circular=False)
        # The scale of the picture is the same for all.
        scale = both.value * max(common[1] for _, common in found)
        ratio = (both.value, math.hypot(both.sigma, scale))
    direction = (azimuth.value, azimuth.sigma)
    options, ground = _assumptions(case)
    return MeasuredShadow(
        azimuth=direction,
        ratio=ratio,
        name=_named(case, azimuth.used, placed),
        plural=len(marked) > 1,
        options=sun.Shadow(**options, shadow_azimuth=direction, ratio=ratio),
        ground=ground,
    )


def _named(case: Case, used: tuple[bool, ...], placed: tuple[Reference, geo.Placed] | None) -> str:
    total, apart = len(case.claim.shadows), used.count(False)
    short = total - len(used)
    left = [f"{apart} of {total} left out as outliers"] if apart else []
    left += [f"{short} of {total} too short to measure"] if short else []
    more = f"; {' and '.join(left)}" if left else ""
    count = f"{total} shadows" if total > 1 else "shadow"
    north = "the stated north" if placed is None else f"the match with {placed[0].id}"
    return f"The {count} marked in the picture (directions from {north}{more})"


def _measure(
    case: Case, shadow: Shadow, placed: tuple[Reference, geo.Placed] | None, north: Pair
) -> tuple[sun.ShadowMeasurement, Pair]:
    """Measure a marked shadow; also return the errors that all shadows of the picture share."""
    if placed is not None:
        return _on_ground(placed[1], shadow)
    return _in_picture(case, shadow, north), (north[1], 0.0)


def _on_ground(placed: geo.Placed, shadow: Shadow) -> tuple[sun.ShadowMeasurement, Pair]:
    """Measure on a plane with north up and the ground sample distance of the picture."""
    line = geo.bearing(placed, shadow.base, shadow.tip)
    length, turn = line.length_m / line.gsd_m, math.radians(line.azimuth_deg)
    found = sun.from_points(
        (0.0, 0.0),
        (length * math.sin(turn), -length * math.cos(turn)),
        north=(0.0, 0.0),
        gsd_m=line.gsd_m,
        height_m=_height(shadow),
        end_point_px=shadow.end_point_px or sun.END_POINT_PX,
    )
    north = math.hypot(line.azimuth_sigma_deg, _NORTH_FLOOR_DEG)
    return found, (north, line.length_sigma_m / line.length_m)


def _in_picture(case: Case, shadow: Shadow, north: Pair) -> sun.ShadowMeasurement:
    gsd = case.gsd
    return sun.from_points(
        shadow.base,
        shadow.tip,
        north=(north[0], 0.0),
        gsd_m=None if gsd is None else gsd[0],
        height_m=None if gsd is None else _height(shadow),
        end_point_px=shadow.end_point_px or sun.END_POINT_PX,
    )


def _height(shadow: Shadow) -> Pair | None:
    if shadow.height_m is None:
        return None
    return shadow.height_m, shadow.height_sigma_m or 0.0
