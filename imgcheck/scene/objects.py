"""What stands on a rendered patch of ground: plain frozen data.

Plan coordinates are metres: x to the east, y to the south, from the north-west corner of the
scene; at a ground sample distance ``gsd`` the pixel is ``x_m / gsd``. Headings are degrees
clockwise from north (up). Colours are linear albedo (red, green, blue) in 0..1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[float, float, float]
PointM = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle that points along ``heading_deg``; without a ``body`` it is a plain box.

    ``body`` names an entry of `imgcheck.scene.bodies.BODIES`; ``load_color`` is the colour of what
    it carries or of its canvas, and ``turret_deg`` turns a turret against the hull.
    """

    x_m: float
    y_m: float
    length_m: float = 4.7
    width_m: float = 2.2
    height_m: float = 1.9
    heading_deg: float = 0.0
    color: Rgb = (0.33, 0.29, 0.20)
    load_color: Rgb = (0.20, 0.19, 0.14)
    body: str | None = "humvee-like"
    turret_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crater:
    """A bowl of ``radius_m`` (centre to rim crest) with a raised rim and thrown-out soil.

    ``ejecta`` is the relative change of albedo at the rim (+0.3: brighter by 30 %), falling
    off outwards in rays to nothing at ``ejecta_reach`` radii.
    """

    x_m: float
    y_m: float
    radius_m: float
    depth_m: float
    rim_m: float = 0.3
    ejecta: float = 0.4
    ejecta_reach: float = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Berm:
    """A bank of pushed-up earth along a line; ``width_m`` is the width of its foot."""

    points: tuple[PointM, ...]
    height_m: float = 1.8
    width_m: float = 5.0
    brightness: float = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A block with a flat roof and a parapet; ``length_m`` lies along ``heading_deg``."""

    x_m: float
    y_m: float
    length_m: float
    width_m: float
    height_m: float = 3.5
    heading_deg: float = 0.0
    albedo: Rgb = (0.46, 0.43, 0.37)


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A road along a line, or, with ``ruts``, only the two wheel marks of a track."""

    points: tuple[PointM, ...]
    width_m: float = 4.0
    albedo: Rgb = (0.47, 0.40, 0.31)
    opacity: float = 0.75
    ruts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class River:
    """Water along a line, with a bank of ``bank_m`` height and a strip of reeds."""

    points: tuple[PointM, ...]
    width_m: float
    bank_m: float = 1.5
    reeds_m: float = 7.0
    color: Rgb = (0.085, 0.105, 0.075)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A ploughed or sown polygon; ``crop`` is how much of the soil the plants hide (0..1)."""

    points: tuple[PointM, ...]
    crop: float = 0.5
    color: Rgb = (0.10, 0.15, 0.06)
    soil: Rgb = (0.24, 0.19, 0.135)
    row_spacing_m: float = 1.6
    row_heading_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """The bare ground: everything here follows from ``seed``, whatever the date and the camera.

    ``relief_m`` and ``microrelief_m`` are standard deviations of height at scales of hundreds of
    metres and of about a metre; ``texture`` scales all contrast of the soil (0: uniform albedo);
    ``wadi_m`` is the depth of dry stream beds (0: none).
    """

    seed: int
    relief_m: float = 1.5
    microrelief_m: float = 0.06
    texture: float = 1.0
    wadi_m: float = 0.8
    shrubs_per_ha: float = 90.0
    light_soil: Rgb = (0.43, 0.345, 0.25)
    dark_soil: Rgb = (0.275, 0.215, 0.155)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backdrop:
    """Level ground that looks like a real picture, ``rgb`` (M, N, 3) uint8 at ``gsd``.

    Light and shadows of the picture stay in it. Its north-west corner is that of the scene; beyond
    its border it continues mirrored. ``seed`` is that of objects drawn on it.
    """

    rgb: NDArray[np.uint8]
    gsd: float
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A rectangle of ground with all that stands on it.

    Another date of the same place is the same scene with other vehicles, berms or craters
    (``dataclasses.replace``): the terrain keeps its seed.
    """

    width_m: float
    height_m: float
    terrain: Terrain | Backdrop
    rivers: tuple[River, ...] = ()
    fields: tuple[Field, ...] = ()
    roads: tuple[Road, ...] = ()
    berms: tuple[Berm, ...] = ()
    craters: tuple[Crater, ...] = ()
    buildings: tuple[Building, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
