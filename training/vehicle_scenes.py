"""Rendered pictures of vehicles on rendered and real ground: the main part of the training.

    python -m training.vehicle_scenes -o FOLDER --count 1200 --seed 1

writes FOLDER/scenes-SEED.npz: ``rgb`` (N, 256, 256, 3) uint8 at 0.25 m, and ``boxes`` (x, y,
length, width, heading) in pixels with ``first``, the index of the first box of each picture, and
``street``, whether its ground is a KIT street with its own vehicles. Other ground is rendered, or a
real picture without vehicles of a place in the public domain. Containers, sheds, pads, painted bays
and stains stand there unlabelled.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.scene.ground import earth_of
from training import pictures as data

Array = NDArray[np.float64]
Boxes = NDArray[np.float32]

GSD = 0.25
STREET = "kit_mos155_179"
SIDE = 256
_SIDE_M = SIDE * GSD

MILITARY = [name for name, body in scene.BODIES.items() if body.military]
LORRIES = ["lorry 4x4", "lorry 6x6", "flatbed 8x8", "tank lorry", "articulated lorry",
           "box lorry", "bus"]  # fmt: skip
CARS = ["saloon", "hatchback", "off-road", "pick-up", "van"]


class Grounds:
    """Real pictures to render on; each is read once."""

    def __init__(self) -> None:
        self.empty = [p for name in ("seneca", "niza") for p in data.empty_ground(name, part=0)]
        self.empty += data.place("naip", most=4)
        self.streets = list(data.vehicle_frames(STREET, gsd=0.125))

    def empty_picture(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return 96 x 96 m of ground without vehicles, at any scale and turn."""
        picture = self.empty[int(rng.integers(len(self.empty)))]
        size = int(96 / GSD)
        # Cut-outs of 640 x 480 pixels cover 10 m: they serve as texture at a scale of any size.
        scale = float(np.exp(rng.uniform(math.log(0.8), math.log(4.0))))
        return _turned(picture, rng, scale=scale, size=size)[0]

    def street(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Boxes]:
        """Return 96 x 96 m of a street with its vehicles, at any turn."""
        picture, boxes = self.streets[int(rng.integers(len(self.streets)))]
        # Beyond the border nothing is mirrored: those vehicles would have no box.
        out, matrix, turn = _turned(
            picture, rng, scale=0.5, size=int(96 / GSD), border=cv2.BORDER_CONSTANT
        )
        return out, turned_boxes(boxes, matrix, turn, scale=0.5)


def turned_boxes(boxes: Array, matrix: Array, turn_deg: float, *, scale: float) -> Boxes:
    """Turn upright boxes (class, x, y, width, height) with their picture.

    The heading of an elongated upright box is that of its long side; of another one, and its size,
    it is unknown (NaN).
    """
    out = np.full((len(boxes), 5), np.nan, np.float32)
    out[:, :2] = boxes[:, 1:3] @ matrix[:, :2].T + matrix[:, 2]
    wide, high = boxes[:, 3], boxes[:, 4]
    long = np.maximum(wide, high) > 1.75 * np.minimum(wide, high)
    out[long, 2] = np.maximum(wide, high)[long] * scale
    out[long, 3] = np.minimum(wide, high)[long] * scale
    out[long, 4] = (np.where(wide > high, 90.0, 0.0)[long] + turn_deg) % 180
    return out


def _turned(
    picture: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    scale: float,
    size: int,
    border: int = cv2.BORDER_REFLECT_101,
) -> tuple[NDArray[np.uint8], Array, float]:
    """Return a turned, scaled square and the map of corner coordinates to it."""
    turn = float(rng.uniform(0, 360))
    middle = [rng.uniform(0.1, 0.9) * picture.shape[1], rng.uniform(0.1, 0.9) * picture.shape[0]]
    matrix = turn_about(np.array(middle), turn, scale=scale, size=size)
    return warped(picture, matrix, scale=scale, size=size, border=border), matrix, turn


def turn_about(middle: Array, turn_deg: float, *, scale: float, size: int) -> Array:
    """Return the map that turns clockwise about a point and brings it to the middle of a square."""
    c, s = scale * math.cos(math.radians(turn_deg)), scale * math.sin(math.radians(turn_deg))
    turn = np.array([[c, -s], [s, c]])
    return np.c_[turn, np.array([size / 2, size / 2]) - turn @ middle]


def warped(
    picture: NDArray[np.uint8], matrix: Array, *, scale: float, size: int, border: int
) -> NDArray[np.uint8]:
    """Resample a picture by a map of corner coordinates."""
    if scale < 0.6:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.45 / scale), np.uint8)
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    out = cv2.warpAffine(
        picture,
        centred,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
        borderValue=picture[::16, ::16].mean(axis=(0, 1)).tolist(),
    )
    return np.asarray(out, np.uint8)


def _terrain(rng: np.random.Generator) -> scene.Terrain:
    """Return ground of any colour: desert, earth, grass, gravel, concrete, snow."""
    tones = ((0.45, 0.36, 0.26), (0.30, 0.24, 0.17), (0.16, 0.19, 0.09), (0.30, 0.30, 0.30),
             (0.50, 0.48, 0.44), (0.22, 0.17, 0.12), (0.80, 0.80, 0.82))  # fmt: skip
    light = np.array(tones[int(rng.choice(len(tones), p=[0.3, 0.2, 0.15, 0.12, 0.1, 0.1, 0.03]))])
    light = np.clip(light * rng.lognormal(0, 0.2) * rng.lognormal(0, 0.05, 3), 0.02, 0.9)
    dark = light * rng.uniform(0.5, 0.85)
    return scene.Terrain(
        seed=int(rng.integers(1 << 30)),
        relief_m=0.5,
        microrelief_m=float(rng.uniform(0, 0.12)),
        texture=float(rng.uniform(0.1, 1.3)),
        wadi_m=0.0,
        shrubs_per_ha=float(rng.choice([0, 60, 250, 900])),
        light_soil=tuple(light),
        dark_soil=tuple(dark),
    )


def _around(
    rng: np.random.Generator, low: float = -4, high: float = _SIDE_M + 4
) -> tuple[float, float]:
    return float(rng.uniform(low, high)), float(rng.uniform(low, high))


def _pads(rng: np.random.Generator) -> tuple[scene.Road, ...]:
    """Return roads, hard standing, painted lines and stains."""
    roads = []
    for _ in range(int(rng.integers(0, 3))):
        grey = float(rng.choice([0.06, 0.10, 0.16, 0.28, 0.42]))
        tint = rng.normal(1, 0.05, 3) * grey
        width = float(rng.choice([4, 7, 12, 25]))
        ends = (_around(rng, -30, 94), _around(rng, -30, 94))
        roads.append(scene.Road(points=ends, width_m=width, albedo=tuple(np.clip(tint, 0.02, 0.9)),
                                opacity=float(rng.uniform(0.7, 1))))  # fmt: skip
    for _ in range(int(rng.integers(0, 12) * (rng.random() < 0.6))):
        x, y = _around(rng)
        turn, length = rng.uniform(0, 2 * math.pi), float(rng.choice([1.5, 3, 5, 9]))
        end = (x + length * math.cos(turn), y + length * math.sin(turn))
        tone = float(rng.choice([0.03, 0.1, 0.35, 0.8]))
        roads.append(scene.Road(points=((x, y), end), width_m=float(rng.choice([0.2, 0.5, 1.5, 2])),
                                albedo=(tone, tone, tone * float(rng.uniform(0.7, 1.05))),
                                opacity=float(rng.uniform(0.4, 1))))  # fmt: skip
    return tuple(roads)


def _lookalikes(
    rng: np.random.Generator,
) -> tuple[tuple[scene.Building, ...], tuple[scene.Vehicle, ...]]:
    """Return sheds and houses, and plain boxes: containers, crates, pallets, huts."""
    sheds = []
    for _ in range(int(rng.integers(0, 4))):
        x, y = _around(rng)
        albedo = np.clip(np.array([0.4, 0.36, 0.32]) * rng.lognormal(0, 0.5) *
                         rng.lognormal(0, 0.15, 3), 0.03, 0.85)  # fmt: skip
        sheds.append(scene.Building(
            x_m=x, y_m=y, length_m=float(rng.uniform(3.5, 18)), width_m=float(rng.uniform(3, 10)),
            height_m=float(rng.uniform(2.2, 5)), heading_deg=float(rng.uniform(0, 360)),
            albedo=tuple(albedo)))  # fmt: skip
    crates = []
    if rng.random() < 0.55:
        at, turn = _around(rng), float(rng.uniform(0, 360))
        length, width = [(6.06, 2.44), (12.2, 2.44), (2.0, 1.2), (3.0, 2.2), (5.0, 5.0), (9, 1.2)][
            int(rng.integers(6))
        ]
        color = scene.random_vehicle(rng, body="box lorry", x_m=0, y_m=0, heading_deg=0).color
        for k in range(int(rng.integers(1, 8))):
            off = k * (width + float(rng.uniform(0.05, 2)))
            a = math.radians(turn)
            crates.append(scene.Vehicle(
                x_m=at[0] + off * math.cos(a), y_m=at[1] + off * math.sin(a), length_m=length,
                width_m=width, height_m=float(rng.uniform(0.8, 2.7)), heading_deg=turn,
                color=color if rng.random() < 0.5 else
                scene.random_vehicle(rng, body="box lorry", x_m=0, y_m=0, heading_deg=0).color,
                body=None))  # fmt: skip
    return tuple(sheds), tuple(crates)


def _roof(rng: np.random.Generator) -> tuple[scene.Building, list[scene.Vehicle]]:
    """Return a long house with a row of roof windows, dormers or vents of the size of cars."""
    tiles = ((0.38, 0.16, 0.10), (0.30, 0.30, 0.31), (0.16, 0.15, 0.15), (0.45, 0.40, 0.34))
    x, y = _around(rng, 5, 59)
    turn = float(rng.uniform(0, 360))
    house = scene.Building(
        x_m=x, y_m=y, length_m=float(rng.uniform(20, 60)), width_m=float(rng.uniform(8, 16)),
        height_m=float(rng.uniform(3, 6)), heading_deg=turn,
        albedo=tiles[int(rng.integers(len(tiles)))],
    )  # fmt: skip
    tone = float(rng.choice([0.03, 0.2, 0.5, 0.8]))
    long, wide = float(rng.uniform(1.5, 4.5)), float(rng.uniform(0.8, 2.4))
    gap, off = float(rng.uniform(0.3, 2.5)), float(rng.uniform(-0.3, 0.3)) * house.width_m
    angle, windows = math.radians(turn), []
    for k in range(int(rng.integers(2, 14))):
        along = -house.length_m / 2 + 3 + k * (wide + gap)
        if along > house.length_m / 2 - 3 or rng.random() < 0.1:
            continue
        windows.append(scene.Vehicle(
            x_m=x + along * math.sin(angle) + off * math.cos(angle),
            y_m=y - along * math.cos(angle) + off * math.sin(angle),
            length_m=long, width_m=wide, height_m=house.height_m + float(rng.uniform(0, 0.8)),
            heading_deg=turn + 90, color=(tone, tone, tone), body=None))  # fmt: skip
    return house, windows


def _yard(rng: np.random.Generator) -> tuple[list[scene.Vehicle], scene.Road]:
    """Return a motor pool or a car park: rows of vehicles side by side, and what they stand on."""
    pool = [MILITARY, LORRIES, CARS][int(rng.integers(3))]
    same = [pool[int(rng.integers(len(pool)))]]
    (x, y), heading = _around(rng, 0, 40), float(rng.uniform(0, 360))
    ahead = math.radians(heading)
    placed: list[scene.Vehicle] = []
    gap = float(rng.choice([0.25, 0.4, 0.7, 1.2]))
    for _ in range(int(rng.integers(1, 5))):
        row = scene.formation(
            rng, bodies=same if rng.random() < 0.7 else pool, at=(x, y), heading_deg=heading,
            count=int(rng.integers(5, 18)), side_by_side=True, gap_m=gap,
        )  # fmt: skip
        # A tenth of the bays are empty.
        placed += [one for one in row if rng.random() < 0.9]
        step = max(one.length_m for one in row) + float(rng.choice([0.6, 1.5, 5, 9]))
        x, y = x + step * math.sin(ahead), y - step * math.cos(ahead)
    middle = np.mean([(one.x_m, one.y_m) for one in placed] or [(32.0, 32.0)], axis=0)
    grey = float(rng.choice([0.05, 0.1, 0.2, 0.35]))
    off = (80 * math.sin(ahead), -80 * math.cos(ahead))
    pad = scene.Road(
        points=((float(middle[0] - off[0]), float(middle[1] - off[1])),
                (float(middle[0] + off[0]), float(middle[1] + off[1]))),
        width_m=float(rng.uniform(20, 60)), albedo=(grey, grey, grey),
        opacity=float(rng.uniform(0.1, 1)),
    )  # fmt: skip
    return placed, pad


def _vehicles(rng: np.random.Generator) -> list[scene.Vehicle]:
    pool = [MILITARY, LORRIES, CARS, CARS, list(scene.BODIES)][int(rng.integers(5))]
    placed: list[scene.Vehicle] = []
    for _ in range(int(rng.integers(1, 4))):
        bodies = pool if rng.random() < 0.5 else [pool[int(rng.integers(len(pool)))]]
        heading = float(rng.uniform(0, 360))
        if rng.random() < 0.75:
            placed += scene.formation(
                rng, bodies=bodies, at=_around(rng, -5, 60), count=int(rng.integers(2, 12)),
                heading_deg=heading, side_by_side=bool(rng.random() < 0.6),
                gap_m=float(rng.choice([0.25, 0.5, 1.0, 3.0])),
            )  # fmt: skip
        else:
            for _ in range(int(rng.integers(2, 8))):
                x, y = _around(rng)
                body = bodies[int(rng.integers(len(bodies)))]
                placed.append(
                    scene.random_vehicle(
                        rng, body=body, x_m=x, y_m=y, heading_deg=float(rng.uniform(0, 360))
                    )
                )
    return placed


def _of_the_ground(
    vehicle: scene.Vehicle, rng: np.random.Generator, ground: scene.Terrain | scene.Backdrop
) -> scene.Vehicle:
    """Paint a vehicle in the colour of the ground, as camouflage and dust do."""
    red, green, blue = np.array(earth_of(ground)) * rng.lognormal(0.1, 0.2)
    color = (min(red, 0.9), min(green, 0.9), min(blue, 0.9))
    return replace(vehicle, color=color, load_color=color)


def _apart(
    placed: list[scene.Vehicle], others: list[tuple[float, float, float, float, float]]
) -> list[scene.Vehicle]:
    """Leave out what would stand on another thing (x, y, length, width, heading in metres)."""
    taken = [((x, y), (length, width), heading - 90) for x, y, length, width, heading in others]
    kept = []
    for one in placed:
        if not (-3 < one.x_m < _SIDE_M + 3 and -3 < one.y_m < _SIDE_M + 3):
            continue
        box = ((one.x_m, one.y_m), (one.length_m, one.width_m), one.heading_deg - 90)
        if any(cv2.rotatedRectangleIntersection(box, other)[0] for other in taken):
            continue
        taken.append(box)
        kept.append(one)
    return kept


def picture(
    rng: np.random.Generator,
    grounds: Grounds,
    *,
    kinds: tuple[float, float, float] = (0.4, 0.4, 0.2),
    roofs: float = 0.0,
    yards: float = 0.0,
    dusty: float = 0.25,
) -> tuple[NDArray[np.uint8], Boxes, bool]:
    """Render one picture of SIDE pixels; return it, its boxes, and whether its ground is a street.

    ``kinds`` are the shares of rendered ground, of empty real ground and of the KIT street,
    ``roofs`` that of pictures with a house with roof windows, ``yards`` that with rows of many
    vehicles, and ``dusty`` that in which vehicles have the colour of the ground.
    """
    kind = str(rng.choice(["rendered", "empty", "street"], p=kinds))
    real = np.zeros((0, 5), np.float32)
    ground: scene.Terrain | scene.Backdrop
    if kind == "rendered":
        ground = _terrain(rng)
    elif kind == "empty":
        ground = scene.Backdrop(rgb=grounds.empty_picture(rng), gsd=GSD)
    else:
        rgb, real = grounds.street(rng)
        ground = scene.Backdrop(rgb=rgb, gsd=GSD)
    roads: tuple[scene.Road, ...] = ()
    sheds: tuple[scene.Building, ...] = ()
    crates: tuple[scene.Vehicle, ...] = ()
    if kind != "street":
        roads = _pads(rng)
        sheds, crates = _lookalikes(rng)
    taken = [
        (float(b[0] * GSD), float(b[1] * GSD), *(
            (float(b[2] * GSD), float(b[3] * GSD), float(b[4])) if b[2] == b[2] else (5.0, 5.0, 0.0)
        ))
        for b in real
    ]  # fmt: skip
    taken += [(s.x_m, s.y_m, s.length_m, s.width_m, s.heading_deg) for s in sheds]
    crates = tuple(_apart(list(crates), taken))
    taken += [(s.x_m, s.y_m, s.length_m, s.width_m, s.heading_deg) for s in crates]
    if kind != "street" and rng.random() < roofs:
        house, windows = _roof(rng)
        sheds, crates = (*sheds, house), (*crates, *windows)
        taken.append((house.x_m, house.y_m, house.length_m, house.width_m, house.heading_deg))
    if yards and rng.random() < yards and kind != "street":
        rows_of, pad = _yard(rng)
        vehicles, roads = _apart(rows_of, taken), (pad, *roads)
    else:
        vehicles = _apart(_vehicles(rng), taken) if rng.random() < 0.8 else []
    if rng.random() < dusty:
        vehicles = [_of_the_ground(one, rng, ground) for one in vehicles]
    plan = scene.Scene(width_m=_SIDE_M, height_m=_SIDE_M, terrain=ground, roads=roads,
                       buildings=sheds, vehicles=(*vehicles, *crates))  # fmt: skip
    if isinstance(ground, scene.Backdrop):
        plan = replace(plan, terrain=replace(ground, seed=int(rng.integers(1 << 30))))
    result = scene.render(
        plan,
        gsd=GSD,
        oversample=2,
        sun_elevation_deg=float(rng.uniform(22, 75)),
        sun_azimuth_deg=float(rng.uniform(0, 360)),
        seed=int(rng.integers(1 << 30)),
        blur_px=float(rng.uniform(0.3, 0.9)),
        noise=float(rng.uniform(0.002, 0.015)),
        haze=float(rng.uniform(0, 0.2)),
        greenness=float(rng.uniform(0, 1)),
        sky_share=float(rng.choice([0.15, 0.25, 0.4, 0.9], p=[0.3, 0.35, 0.25, 0.1])),
    )
    rows = [
        (v.x_m / GSD, v.y_m / GSD, v.length_m / GSD, v.width_m / GSD, v.heading_deg % 180)
        for v in vehicles
    ]
    boxes = np.concatenate([real, np.array(rows, np.float32).reshape(-1, 5)])
    inside = (boxes[:, :2] > -8).all(axis=1) & (boxes[:, :2] < SIDE + 8).all(axis=1)
    return result.rgb, boxes[inside].astype(np.float32), kind == "street"


def main() -> None:
    """Render pictures and write them to one file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--roofs", type=float, default=0.3, help="share with a house")
    parser.add_argument("--yards", type=float, default=0.35, help="share with rows of vehicles")
    parser.add_argument("--dusty", type=float, default=0.25, help="share in the ground's colour")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    grounds = Grounds()
    pictures, boxes, streets, first = [], [], [], [0]
    for k in range(options.count):
        rng = np.random.default_rng([options.seed, k])
        shares = {name: getattr(options, name) for name in ("roofs", "yards", "dusty")}
        rgb, mine, street = picture(rng, grounds, **shares)
        pictures.append(rgb)
        streets.append(street)
        boxes.append(mine)
        first.append(first[-1] + len(mine))
    options.output.mkdir(parents=True, exist_ok=True)
    np.savez(
        options.output / f"scenes-{options.seed}.npz",
        rgb=np.stack(pictures),
        boxes=np.concatenate(boxes),
        first=np.array(first),
        street=np.array(streets),
    )


if __name__ == "__main__":
    main()
