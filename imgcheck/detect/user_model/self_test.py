"""Run a user's model on rendered vehicles with known headings, before its proposals are used.

A model with another convention of angles proposes boxes that look right where vehicles stand
along the picture's axes, and wrong ones everywhere else; a swap of colours costs objects silently.
"""

import itertools
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.detect.user_model.manifest import (
    Angle,
    Colours,
    Direction,
    Manifest,
    Unit,
    UserModel,
    Values,
    Zero,
)
from imgcheck.detect.user_model.outputs import angle_of
from imgcheck.detect.user_model.windows import Objects, Run, join, run_windows
from imgcheck.errors import RefusedError, UsageError

# On the picture's axes, just beside them, and between.
HEADINGS = (0, 90, 3, 87, 93, 177, 20, 35, 50, 65, 110, 125, 140, 155, 45, 135)
_BODIES = ("saloon", "pick-up", "van", "lorry 4x4")
_ACROSS, _APART_M = 4, 18.0
# Fewer headings decide nothing.
_LEAST_HEADINGS = 6
_WRONG_DEG, _RIGHT_DEG = 20.0, 10.0
# A model that finds fewer is also tried with other colours and values.
_ENOUGH = 12
_CLEARLY_MORE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    """Pairs of a rendered vehicle and the object found at its place."""

    truth: tuple[scene.PlacedObject, ...]
    which: tuple[int, ...]
    objects: Objects

    @property
    def merit(self) -> int:
        """Vehicles found less other objects proposed: what fires everywhere has none."""
        return len(self.which) - (len(self.objects.x) - len(set(self.which)))

    def heading_error(self) -> float | None:
        """Return the median error of the headings, degrees; None where too few are known."""
        if self.objects.heading is None or len(self.which) < _LEAST_HEADINGS:
            return None
        turns = self.objects.heading[list(self.which)] - [one.heading_deg for one in self.truth]
        return float(np.median(np.abs((turns + 90) % 180 - 90)))


# A batch tests the same model on many pictures.
@lru_cache(maxsize=2)
def picture(gsd_m: float) -> scene.Rendering:
    """Render sixteen vehicles on even ground, at the scale of a model."""
    rng = np.random.default_rng(20)
    size = _ACROSS * _APART_M
    vehicles = [
        scene.random_vehicle(
            rng,
            body=_BODIES[k % len(_BODIES)],
            x_m=(k % _ACROSS + 0.5) * _APART_M,
            y_m=(k // _ACROSS + 0.5) * _APART_M,
            heading_deg=float(heading),
        )
        for k, heading in enumerate(HEADINGS)
    ]
    plan = scene.Scene(
        width_m=size,
        height_m=size,
        terrain=scene.Terrain(seed=5, texture=0.4, shrubs_per_ha=0, relief_m=0.3, wadi_m=0),
        vehicles=tuple(vehicles),
    )
    return scene.render(plan, gsd=gsd_m, sun_elevation_deg=50, sun_azimuth_deg=160, seed=1)


def check(model: UserModel, run: Run) -> tuple[str, ...]:
    """Search the self-test picture, and return what a person should know of the model.

    Raises
    ------
    UsageError
        If the headings fit another convention than the manifest's; it is named.
    RefusedError
        If the output is not what the manifest states, or width and height are swapped.
    """
    manifest = model.manifest
    shown = picture(manifest.gsd_m)
    rgb = shown.rgb.astype(np.float32)
    rgb /= 255
    windows = list(run_windows(rgb, manifest, run))
    matched = _match(join(windows, manifest), shown)
    error = matched.heading_error()
    if error is not None and error > _WRONG_DEG and manifest.angle is not None:
        fits = {
            angle: _match(join(windows, replace(manifest, angle=angle)), shown).heading_error()
            for angle in _angles()
        }
        known = {angle: other for angle, other in fits.items() if other is not None}
        best = min(known, key=lambda angle: known[angle])
        if known[best] < _RIGHT_DEG:
            raise UsageError(
                f"{model.manifest_name}: the headings of {model.name} are off by "
                f"{error:.0f} degrees on the self-test picture (median of {len(matched.which)} "
                f"rendered vehicles); set `angle: {best}`, which is off by {known[best]:.0f}",
                file=model.manifest_name,
            )
    _refuse_swapped(matched, manifest)
    return tuple(_remarks(matched, error, rgb, shown, manifest, run))


def _remarks(
    matched: _Matched,
    error: float | None,
    rgb: NDArray[np.float32],
    shown: scene.Rendering,
    manifest: Manifest,
    run: Run,
) -> list[str]:
    found, total = len(matched.which), len(HEADINGS)
    said = f"The model finds {found} of {total} rendered vehicles of the self-test picture"
    if error is not None:
        said += f", with headings within {error:.0f} degrees (median)"
    if angle_of(manifest) is not None and error is None:
        said += ", too few to test its headings"
    remarks = [f"{said}."]
    if error is not None and error > _WRONG_DEG:
        remarks.append("No convention of angles explains its headings; do not rely on them.")
    if found >= _ENOUGH:
        return remarks
    tried: dict[tuple[str, str], _Matched] = {}
    for colours, values in itertools.product(get_args(Colours), get_args(Values)):
        other = replace(manifest, colours=colours, values=values)
        # Values of another scale can drive a network beyond its scores: that is no answer.
        with suppress(RefusedError):
            if other != manifest:
                objects = join(run_windows(rgb, other, run), other)
                tried[f"colours: {colours}", f"values: {values}"] = _match(objects, shown)
    best = max(tried, key=lambda words: tried[words].merit, default=None)
    if best is not None and tried[best].merit >= matched.merit + _CLEARLY_MORE:
        more = len(tried[best].which)
        remarks.append(f"With `{best[0]}` and `{best[1]}` it finds {more}: correct its manifest.")
    return remarks


def _angles() -> list[Angle]:
    parts = itertools.product(get_args(Unit), get_args(Direction), get_args(Zero))
    return [Angle(unit=unit, direction=direction, zero=zero) for unit, direction, zero in parts]


def _match(objects: Objects, shown: scene.Rendering) -> _Matched:
    """Pair each rendered vehicle with the nearest object within half of its length."""
    pairs = []
    for one in shown.truth.of("vehicle"):
        apart = np.hypot(objects.x - one.x_px, objects.y - one.y_px)
        if apart.size and apart.min() < one.length_m / shown.truth.gsd / 2:
            pairs.append((one, int(apart.argmin())))
    return _Matched(
        truth=tuple(one for one, _ in pairs), which=tuple(k for _, k in pairs), objects=objects
    )


def _refuse_swapped(matched: _Matched, manifest: Manifest) -> None:
    """Refuse upright boxes that lie across vehicles which stand along the picture's axes."""
    if angle_of(manifest) is not None:
        return
    lying, across = [], []
    for one, k in zip(matched.truth, matched.which, strict=True):
        turn = math.radians(one.heading_deg or 0.0)
        if abs(math.sin(2 * turn)) < 0.2:
            lying.append(abs(math.sin(turn)) > 0.5)
            across.append(bool(matched.objects.length[k] > matched.objects.width[k]))
    wrong = sum(a != b for a, b in zip(lying, across, strict=True))
    if len(lying) >= 4 and wrong > 0.75 * len(lying):
        raise RefusedError(
            f"gives boxes whose width and height are swapped ({wrong} of {len(lying)} rendered "
            "vehicles along the axes of the self-test picture); export it with the width first"
        )
