"""What a case says about shadows: measured values, or points in the picture put on the ground."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcheck import geo, sun
from imgcheck.errors import UsageError
from imgcheck.model import Measurement
from imgcheck.model.claim import Shadow

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case

Pair = tuple[float, float]

# What a placing does not know of its own north: relief that leans otherwise in the picture than in
# the reference turns a part of it. One metre over two hundred; a convention, not measured.
_NORTH_FLOOR_DEG = 0.3

_UNPLACED = (
    "the shadows are marked in picture pixels, but the picture was not placed on a reference, so "
    "north is not known: give a reference that shows the same ground, or north_deg with its sigma"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A shadow, or many put together, with what is known of ground and object.

    ``azimuth`` is the way the shadow points, ``ratio`` its length over the height; (value, sigma).
    ``name`` starts a sentence ("The measured shadow"), ``plural`` says how it goes on. ``remark``
    is a sentence on shadows that were not used, or empty.
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
        """Say which quantities were measured."""
        if self.azimuth is not None and self.ratio is not None:
            return "azimuth and length"
        return "azimuth alone" if self.azimuth is not None else "length alone"

    @property
    def words(self) -> str:
        """Say what was measured."""
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


def seen(case: "Case") -> Seen | str:
    """Give the shadow to work with, or the reason why there is none.

    Values that a person stated come before points in the picture: they may rest on the same
    shadows, which must not count twice.
    """
    azimuth = _pair(case.claim.measured("shadow_azimuth"))
    ratio = _pair(case.claim.measured("shadow_ratio"))
    options, ground = _ground(case)
    if azimuth is not None or ratio is not None:
        remark = ""
        if case.claim.shadows:
            remark = (
                " The shadows marked in pixels were left aside: the claim states measured values, "
                "which may rest on them."
            )
        stated = sun.Shadow(**options, shadow_azimuth=azimuth, ratio=ratio)
        return Seen(azimuth=azimuth, ratio=ratio, options=stated, ground=ground, remark=remark)
    marked = _marked(case)
    if isinstance(marked, str):
        return marked
    direction, lengths, name = marked
    return Seen(
        azimuth=direction,
        ratio=lengths,
        name=name,
        plural=len(case.claim.shadows) > 1,
        options=sun.Shadow(**options, shadow_azimuth=direction, ratio=lengths),
        ground=ground,
    )


def _pair(measurement: Measurement | None) -> Pair | None:
    if measurement is None or measurement.sigma is None:
        return None
    return measurement.value, measurement.sigma


def _ground(case: "Case") -> tuple[sun.Shadow, str]:
    """Give slope, lean and view as stated, else the usual ones, and say which."""
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
        said = "the slope as stated" if slope is not None else "the lean as stated"
    return options, f"{ground}, {upright} (one standard deviation; {said})"


def _marked(case: "Case") -> tuple[Pair, Pair | None, str] | str:
    """Pool the shadows that were marked in picture pixels."""
    if not case.claim.shadows:
        return "no shadow was measured"
    found = case.placed
    stated = _pair(case.claim.measured("north_deg"))
    if found is None and stated is None:
        return _UNPLACED
    directions: list[Pair] = []
    ratios: list[Pair] = []
    shared: list[Pair] = []
    refused = ""
    for shadow in case.claim.shadows:
        try:
            if found is not None:
                measured, common = _on_ground(found[1], shadow)
            else:
                assert stated is not None
                measured, common = _in_picture(case, shadow, stated), (stated[1], 0.0)
        except UsageError as error:
            refused = str(error)
            continue
        directions.append(measured.shadow_azimuth)
        shared.append(common)
        if measured.ratio is not None:
            ratios.append(measured.ratio)
    if not directions:
        return f"none of the marked shadows could be measured: {refused}"
    pooled = sun.pool(directions, shared=max(one[0] for one in shared))
    lengths: Pair | None = None
    if ratios:
        both = sun.pool(ratios, circular=False)
        # The scale of the picture is the same for all.
        lengths = (both.value, math.hypot(both.sigma, both.value * max(one[1] for one in shared)))
    by = f"by its place on {found[0].id}" if found is not None else "by the stated north"
    return (pooled.value, pooled.sigma), lengths, _named(case, pooled.used, by)


def _named(case: "Case", used: tuple[bool, ...], by: str) -> str:
    total, apart = len(case.claim.shadows), used.count(False)
    short = total - len(used)
    left = [f"{apart} of {total} stood apart and were left out"] if apart else []
    left += [f"{short} of {total} were too short to measure"] if short else []
    more = f"; {' and '.join(left)}" if left else ""
    count = f"{total} shadows" if total > 1 else "shadow"
    return f"The {count} marked in the picture (put on the ground {by}{more})"


def _on_ground(placed: geo.Placement, shadow: Shadow) -> tuple[sun.ShadowMeasurement, Pair]:
    """Measure a marked shadow by the placing; give what all shadows of the picture share.

    The points are turned to a plane with north up and pixels as large as the picture's.
    """
    line = geo.bearing(placed, shadow.base, shadow.tip)
    length, turn = line.length_m / line.gsd_m, math.radians(line.azimuth_deg)
    measured = sun.from_points(
        (0.0, 0.0),
        (length * math.sin(turn), -length * math.cos(turn)),
        north=(0.0, 0.0),
        gsd_m=line.gsd_m,
        height_m=_height(shadow),
        end_point_px=shadow.end_point_px or sun.END_POINT_PX,
    )
    north = math.hypot(line.azimuth_sigma_deg, _NORTH_FLOOR_DEG)
    return measured, (north, line.length_sigma_m / line.length_m)


def _in_picture(case: "Case", shadow: Shadow, north: Pair) -> sun.ShadowMeasurement:
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
