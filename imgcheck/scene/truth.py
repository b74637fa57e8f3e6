"""What is known about a rendering: every object in pixels and metres."""

import itertools
import math
from dataclasses import dataclass

from imgcheck.scene.objects import Building, PointM, Scene, Vehicle

PointPx = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedObject:
    """One object of the scene in the pixels of the rendering (corner of first pixel = (0, 0)).

    ``corners`` are those of the oriented box, clockwise from the front left; for a crater those
    of the square round its rim crest, for a bank its line. ``heading_deg`` is None where the
    object has none. ``in_view`` is true when its centre lies in the picture.
    """

    label: str
    x_px: float
    y_px: float
    length_m: float
    width_m: float
    height_m: float
    heading_deg: float | None
    corners: tuple[PointPx, ...]
    in_view: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The conditions of a rendering and all objects in it."""

    gsd: float
    width_px: int
    height_px: int
    left_m: float
    top_m: float
    sun_elevation_deg: float
    sun_azimuth_deg: float
    objects: tuple[PlacedObject, ...]

    def of(self, label: str) -> tuple[PlacedObject, ...]:
        """Give the objects of one label whose centre is in the picture."""
        return tuple(item for item in self.objects if item.label == label and item.in_view)


def box_corners(item: Vehicle | Building) -> tuple[PointM, ...]:
    """Give the corners of an oriented box, metres, clockwise from the front left."""
    angle = math.radians(item.heading_deg)
    forward, right = (math.sin(angle), -math.cos(angle)), (math.cos(angle), math.sin(angle))
    signs = ((1, -1), (1, 1), (-1, 1), (-1, -1))
    u, v = item.length_m / 2, item.width_m / 2
    return tuple(
        (
            item.x_m + a * u * forward[0] + b * v * right[0],
            item.y_m + a * u * forward[1] + b * v * right[1],
        )
        for a, b in signs
    )


def locate(
    scene: Scene,
    *,
    gsd: float,
    left_m: float,
    top_m: float,
    width_px: int,
    height_px: int,
    sun_elevation_deg: float,
    sun_azimuth_deg: float,
) -> Truth:
    """List every object of a scene in the pixels of one rendering."""

    def placed(
        label: str,
        x_m: float,
        y_m: float,
        size: tuple[float, float, float],
        heading: float | None,
        corners: tuple[PointM, ...],
    ) -> PlacedObject:
        x, y = (x_m - left_m) / gsd, (y_m - top_m) / gsd
        return PlacedObject(
            label=label,
            x_px=x,
            y_px=y,
            length_m=size[0],
            width_m=size[1],
            height_m=size[2],
            heading_deg=heading,
            corners=tuple(((cx - left_m) / gsd, (cy - top_m) / gsd) for cx, cy in corners),
            in_view=0 <= x < width_px and 0 <= y < height_px,
        )

    objects = []
    blocks: tuple[Vehicle | Building, ...] = (*scene.vehicles, *scene.buildings)
    for item in blocks:
        label = "vehicle" if isinstance(item, Vehicle) else "building"
        size = (item.length_m, item.width_m, item.height_m)
        objects.append(
            placed(label, item.x_m, item.y_m, size, item.heading_deg % 360, box_corners(item))
        )
    for crater in scene.craters:
        x, y, r = crater.x_m, crater.y_m, crater.radius_m
        square = ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r))
        objects.append(placed("crater", x, y, (2 * r, 2 * r, -crater.depth_m), None, square))
    for berm in scene.berms:
        x = math.fsum(p[0] for p in berm.points) / len(berm.points)
        y = math.fsum(p[1] for p in berm.points) / len(berm.points)
        length = math.fsum(math.dist(a, b) for a, b in itertools.pairwise(berm.points))
        size = (length, berm.width_m, berm.height_m)
        objects.append(placed("berm", x, y, size, None, berm.points))
    return Truth(
        gsd=gsd,
        width_px=width_px,
        height_px=height_px,
        left_m=left_m,
        top_m=top_m,
        sun_elevation_deg=sun_elevation_deg,
        sun_azimuth_deg=sun_azimuth_deg,
        objects=tuple(objects),
    )
