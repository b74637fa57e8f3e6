"""What vehicles of different kinds look like from above: the parts they are drawn from.

Sizes are ranges over the makes of a kind, from makers' data sheets; no entry is a model of one
type. All shares are of the length, of half the width, and of the height.
"""

from dataclasses import dataclass
from typing import Literal

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A block from ``rear`` to ``front`` (shares of the length, 0 at the middle).

    ``half`` is its half width and ``side`` its middle, both as shares of half the vehicle's width;
    ``top`` its height. With ``turret`` it turns about the middle with the vehicle's turret.
    """

    rear: float
    front: float
    top: float
    half: float = 1.0
    side: float = 0.0
    paint: Literal["body", "glass", "tarp", "dark"] = "body"
    tone: float = 1.0
    corner: float = 0.1
    turret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Parts from the ground up, and the sizes in metres that occur."""

    parts: tuple[Part, ...]
    length_m: Span
    width_m: Span
    height_m: Span
    military: bool = False


def _car(bonnet: float, glass: float, roof_end: float, rear_glass: float) -> tuple[Part, ...]:
    """Bonnet, windscreen, roof, rear window and boot; shares of the length from the front."""
    a, b, c, d = (0.5 - share for share in (bonnet, bonnet + glass, roof_end, rear_glass))
    side = [
        Part(rear=c, front=b, half=0.12, side=s, top=0.9, paint="glass", corner=0.0)
        for s in (-0.86, 0.86)
    ]
    return (
        Part(rear=-0.5, front=0.5, top=0.6, corner=0.3),
        Part(rear=b, front=a, top=0.75, half=0.86, paint="glass"),
        Part(rear=c, front=b, top=1.0, half=0.8, tone=1.12),
        *side,
        Part(rear=d, front=c, top=0.8, half=0.8, paint="glass"),
    )


def _cab(front: float, rear: float) -> tuple[Part, ...]:
    """Return the cab of a lorry: windscreen at its front, roof, dark gap behind."""
    return (
        Part(rear=rear, front=front, top=0.9, half=0.96),
        Part(rear=front - 0.035, front=front - 0.005, top=0.8, half=0.85, paint="glass"),
        Part(rear=rear - 0.035, front=rear, top=0.4, half=0.7, paint="dark"),
    )


def _wheels(*places: float) -> tuple[Part, ...]:
    return tuple(
        Part(rear=u - 0.05, front=u + 0.05, top=0.35, half=0.14, side=s, paint="dark")
        for u in places
        for s in (-0.93, 0.93)
    )


_CHASSIS = Part(rear=-0.5, front=0.5, top=0.35, half=0.8, paint="dark", tone=1.6)
_TRACKS = tuple(
    Part(rear=-0.48, front=0.48, top=0.45, half=0.17, side=s, paint="dark", tone=1.5)
    for s in (-0.84, 0.84)
)
_TURRET_RING = Part(rear=-0.12, front=0.06, top=1.15, half=0.42, tone=0.75, corner=0.4)

BODIES: dict[str, Body] = {
    "saloon": Body(
        parts=_car(0.25, 0.12, 0.70, 0.82),
        length_m=(4.2, 5.0), width_m=(1.7, 1.95), height_m=(1.4, 1.55),
    ),
    "hatchback": Body(
        parts=_car(0.22, 0.14, 0.88, 0.97),
        length_m=(3.5, 4.4), width_m=(1.6, 1.85), height_m=(1.45, 1.6),
    ),
    "off-road": Body(
        parts=_car(0.27, 0.10, 0.92, 0.98),
        length_m=(4.0, 5.2), width_m=(1.75, 2.05), height_m=(1.7, 2.0),
    ),
    "pick-up": Body(
        parts=(
            *_car(0.24, 0.10, 0.56, 0.59),
            Part(rear=-0.48, front=-0.10, top=0.35, half=0.84, paint="dark", tone=3.0),
        ),
        length_m=(4.9, 5.9), width_m=(1.75, 2.05), height_m=(1.7, 1.95),
    ),
    "van": Body(
        parts=(
            Part(rear=-0.5, front=0.5, top=0.55, corner=0.3),
            Part(rear=0.30, front=0.40, top=0.75, half=0.88, paint="glass"),
            Part(rear=-0.49, front=0.30, top=1.0, half=0.94, tone=1.08, corner=0.2),
        ),
        length_m=(4.7, 7.0), width_m=(1.9, 2.2), height_m=(2.0, 2.8),
    ),
    "bus": Body(
        parts=(
            Part(rear=-0.5, front=0.5, top=0.95, tone=1.05, corner=0.25),
            Part(rear=0.485, front=0.5, top=0.8, half=0.85, paint="glass"),
            Part(rear=0.1, front=0.25, top=1.0, half=0.4, tone=0.8),
            Part(rear=-0.4, front=-0.25, top=1.0, half=0.5, tone=0.85),
        ),
        length_m=(7.0, 13.5), width_m=(2.3, 2.55), height_m=(2.8, 3.3),
    ),
    "humvee-like": Body(
        parts=(
            Part(rear=-0.5, front=0.5, top=0.55, half=0.96, corner=0.15),
            *_wheels(0.34, -0.34),
            Part(rear=0.10, front=0.16, top=0.75, half=0.86, paint="glass"),
            Part(rear=-0.22, front=0.10, top=1.0, half=0.9, tone=1.05),
            Part(rear=-0.5, front=-0.22, top=0.75, half=0.92, tone=0.95),
            _TURRET_RING,
        ),
        length_m=(4.5, 5.1), width_m=(2.1, 2.35), height_m=(1.8, 2.1), military=True,
    ),
    "mine-resistant": Body(
        parts=(
            Part(rear=-0.5, front=0.5, top=0.6, half=0.94, corner=0.15),
            *_wheels(0.32, -0.30),
            Part(rear=0.15, front=0.20, top=0.8, half=0.86, paint="glass"),
            Part(rear=-0.5, front=0.15, top=1.0, half=0.95, tone=1.05),
            _TURRET_RING,
            Part(rear=-0.42, front=-0.30, top=1.05, half=0.3, side=0.4, paint="dark", tone=2.5),
        ),
        length_m=(5.7, 7.5), width_m=(2.4, 2.8), height_m=(2.6, 3.1), military=True,
    ),
    "lorry 4x4": Body(
        parts=(_CHASSIS, *_wheels(0.33, -0.28), *_cab(0.5, 0.24),
               Part(rear=-0.5, front=0.2, top=1.0, paint="tarp")),
        length_m=(6.0, 8.2), width_m=(2.3, 2.5), height_m=(2.6, 3.2), military=True,
    ),
    "lorry 6x6": Body(
        parts=(_CHASSIS, *_wheels(0.36, -0.18, -0.34), *_cab(0.5, 0.29),
               Part(rear=-0.5, front=0.25, top=1.0, paint="tarp")),
        length_m=(7.5, 10.2), width_m=(2.4, 2.55), height_m=(2.8, 3.4), military=True,
    ),
    "flatbed 8x8": Body(
        parts=(_CHASSIS, *_wheels(0.36, 0.22, -0.2, -0.36), *_cab(0.5, 0.32),
               Part(rear=-0.5, front=0.28, top=0.5, paint="tarp", tone=0.8),
               Part(rear=-0.35, front=0.15, top=0.8, half=0.6, tone=0.8, corner=0.3)),
        length_m=(9.5, 12.5), width_m=(2.45, 2.75), height_m=(2.9, 3.5), military=True,
    ),
    "tank lorry": Body(
        parts=(_CHASSIS, *_cab(0.5, 0.28),
               Part(rear=-0.5, front=0.24, top=0.95, half=0.9, tone=1.1, corner=0.9),
               Part(rear=-0.45, front=0.2, top=1.0, half=0.12, tone=0.7)),
        length_m=(7.5, 11.0), width_m=(2.3, 2.55), height_m=(2.8, 3.3),
    ),
    "articulated lorry": Body(
        parts=(_CHASSIS, *_cab(0.5, 0.37),
               Part(rear=-0.5, front=0.33, top=1.0, paint="tarp", tone=1.3)),
        length_m=(11.0, 14.5), width_m=(2.45, 2.6), height_m=(3.2, 4.0),
    ),
    "box lorry": Body(
        parts=(_CHASSIS, *_cab(0.5, 0.3),
               Part(rear=-0.5, front=0.27, top=1.0, tone=1.15)),
        length_m=(6.0, 9.5), width_m=(2.2, 2.55), height_m=(2.8, 3.6),
    ),
    "tracked carrier": Body(
        parts=(*_TRACKS, Part(rear=-0.5, front=0.5, top=0.8, half=0.8, corner=0.2),
               Part(rear=0.3, front=0.48, top=0.7, half=0.76, tone=0.85),
               Part(rear=-0.05, front=0.1, top=1.0, half=0.3, side=-0.2, tone=0.8, corner=0.4),
               Part(rear=-0.4, front=-0.15, top=0.88, half=0.5, tone=0.9)),
        length_m=(4.8, 6.7), width_m=(2.6, 3.2), height_m=(1.9, 2.4), military=True,
    ),
    "tracked with turret": Body(
        parts=(*_TRACKS, Part(rear=-0.5, front=0.5, top=0.6, half=0.8, corner=0.2),
               Part(rear=-0.48, front=-0.28, top=0.62, half=0.7, paint="dark", tone=3.0),
               Part(rear=-0.22, front=0.18, top=1.0, half=0.62, corner=0.6, turret=True),
               Part(rear=-0.08, front=0.02, top=1.08, half=0.18, side=0.25, tone=0.7, corner=0.3,
                    turret=True),
               Part(rear=0.15, front=0.62, top=0.85, half=0.05, tone=0.8, corner=0.0,
                    turret=True)),
        length_m=(6.3, 7.3), width_m=(3.2, 3.7), height_m=(2.2, 2.6), military=True,
    ),
    "trailer": Body(
        parts=(_CHASSIS, Part(rear=-0.5, front=0.38, top=1.0, paint="tarp"),
               Part(rear=0.38, front=0.5, top=0.25, half=0.1, paint="dark")),
        length_m=(4.0, 7.0), width_m=(1.9, 2.5), height_m=(1.2, 2.4),
    ),
}  # fmt: skip
