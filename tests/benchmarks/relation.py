"""Copy, frame of the same capture, or the same place at another time? By the detail alone.

    python -m tests.benchmarks.relation copies dates frames --count 120
    python -m tests.benchmarks.relation yards --count 100
    python -m tests.benchmarks.relation copies yards --split tune --show

A picture is cut, scaled, toned and saved; or drawn on, redacted, filmed, photographed from a screen
or taken as a screenshot; registered by its true place, moved by up to 0.4 px, and classified.
``yards``: rendered motor pools on two days at the same hour, seen from two points: other vehicles
on the same ground, in every look; each is also compared with a frame of its own flight. Prints
Markdown.
Places are split once (`tests.benchmarks.copies`), yards by their seeds; thresholds of
`imgcheck.imaging.relation` were set on ``tune``.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.imaging import annotations, relation
from tests.benchmarks import copies, screens
from tests.benchmarks.geo_place import jpeg
from tests.benchmarks.made_from import between
from tests.benchmarks.posting import gray
from tests.benchmarks.screens import Made, Pixels

SEED = 20171130
_LARGEST = 1024


def _over(draw: Callable[[Pixels, np.random.Generator], Pixels]) -> Callable[..., Made]:
    def make(rgb: Pixels, rng: np.random.Generator) -> Made:
        picture, matrix = screens.plain(rgb, rng)
        drawn = draw(np.ascontiguousarray(picture).copy(), rng)
        return jpeg(drawn, int(rng.integers(50, 90))), matrix

    return make


HOW: dict[str, Callable[[Pixels, np.random.Generator], Made]] = {
    "plain": screens.plain,
    "arrows": _over(copies.arrows),
    "redacted": _over(
        lambda rgb, rng: copies.redacted(rgb, str(rng.choice(copies.KINDS[:6])), rng)
    ),
    **screens.LOOKS,
}


def ask(
    source: Pixels, known: Pixels, lay: NDArray[np.float64], how: str, rng: np.random.Generator
) -> relation.Relation:
    """Make a picture of ``source`` and compare it with ``known``, both at 1024 px at most."""
    picture, matrix = HOW[how](source, rng)
    shown, own = _kept(picture)
    kept, back = _kept(known)
    kept = jpeg(np.ascontiguousarray(kept), 92) if rng.random() < 0.5 else kept
    moved = np.eye(3)
    moved[:2, 2] = rng.uniform(-0.4, 0.4, 2)
    laid = moved @ np.linalg.inv(back) @ lay @ matrix @ own
    return relation.classify(
        gray(shown), gray(kept), laid / laid[2, 2], picture_mask=~annotations.find(shown)
    )


def _kept(rgb: Pixels) -> Made:
    share = min(1.0, _LARGEST / max(rgb.shape[:2]))
    return screens._scaled((rgb, np.eye(3)), share) if share < 1 else (rgb, np.eye(3))


def told(part: str, place: str, how: str, found: relation.Relation) -> copies.Told:
    """Name what was found for the table."""
    measured = "" if found.agreement is None else f" {found.agreement}"
    return copies.Told(
        place=place, kind=f"{part}, {how}", relation=found.kind, name=place,
        reason=found.reason + measured, seconds=0.0,
    )  # fmt: skip


def pictures(part: str, split: str, count: int) -> Iterator[copies.Told]:
    """Compare copies, other dates or frames of the real places, places and looks in turns."""
    groups = {"copies": copies.KNOWN, "dates": copies.DATES, "frames": copies.FRAMES}[part][split]
    made: dict = {}
    done = number = 0
    while done < count and number < 5 * count:
        rng = np.random.default_rng([SEED, 1, number, len(part)])
        place, where = list(groups.items())[number % len(groups)]
        how = list(HOW)[(number // len(groups)) % len(HOW)]
        number += 1
        if part == "copies":
            group = copies.paths(*where)
            first = second = group[int(rng.integers(len(group)))]
            lay = np.eye(3)
        else:
            first, second = copies.pair(where, rng)
            lay = between(first, second, made)
            if lay is None:
                continue
        done += 1
        yield told(
            part, place, how, ask(copies.pixels(first), copies.pixels(second), lay, how, rng)
        )


def yards(split: str, count: int) -> Iterator[copies.Told]:
    """Compare rendered yards with the same yard on another day, posted in every way.

    In turns also with itself and with a frame of its own flight.
    """
    for number in range(count):
        seed = number + (1000 if split == "tune" else 5000)
        rng = np.random.default_rng([SEED, 2, seed])
        first, other, frame = yard(seed)
        for how in HOW:
            yield told("another day", "yard", how, ask(first, other, np.eye(3), how, rng))
        how = list(HOW)[number % len(HOW)]
        yield told("same flight", "yard", how, ask(frame, first, np.eye(3), how, rng))
        yield told("copy", "yard", how, ask(first, first, np.eye(3), how, rng))


def yard(seed: int) -> tuple[Pixels, Pixels, Pixels]:
    """Render a motor pool, the same at that hour of another day, and seconds after the first.

    The other day has other vehicles in the slots, the sun within some degrees, slightly greener or
    drier plants, and another view within 25 degrees of the vertical.
    """
    rng = np.random.default_rng([SEED, 3, seed])
    wide, high = float(rng.uniform(130, 190)), float(rng.uniform(110, 150))
    gsd, heading = float(rng.uniform(0.3, 0.5)), float(rng.uniform(0, 180))
    ground = scene.arid_plain(seed=seed, width_m=wide, height_m=high)
    halls = tuple(
        scene.Building(
            x_m=float(rng.uniform(5, wide - 5)), y_m=float(rng.uniform(5, high - 5)),
            length_m=float(rng.uniform(8, 35)), width_m=float(rng.uniform(6, 14)),
            height_m=float(rng.uniform(3, 9)), heading_deg=heading + 90 * int(rng.integers(2)),
            albedo=(float(rng.uniform(0.3, 0.6)),) * 3,
        )
        for _ in range(int(rng.integers(4, 12)))
    )  # fmt: skip
    across = math.radians(heading + 90)
    slots = []
    for _ in range(int(rng.integers(4, 9))):
        x, y = rng.uniform(10, wide - 40), rng.uniform(8, high - 8)
        slots += [
            (x + 3.6 * k * abs(math.sin(across)), y + 3.6 * k * math.cos(across))
            for k in range(int(rng.integers(6, 16)))
        ]
    slots = [(x, y) for x, y in slots if 3 < x < wide - 3 and 3 < y < high - 3]
    sun = float(rng.uniform(30, 62)), float(rng.uniform(100, 200))
    views = [rng.uniform(0, 0.47) * np.array([math.cos(a), math.sin(a)])
             for a in rng.uniform(0, 2 * math.pi, 2)]  # fmt: skip
    later = sun[0] + float(rng.normal(0, 1.5)), sun[1] + float(rng.normal(0, 3))

    def day(number: int) -> scene.Scene:
        own = np.random.default_rng([SEED, 4, seed, number])
        share = own.uniform(0.3, 0.8)
        spots = [(x + own.normal(0, 0.3), y + own.normal(0, 0.3))
                 for x, y in slots if own.random() < share]  # fmt: skip
        spots += [(float(own.uniform(3, wide - 3)), float(own.uniform(3, high - 3)))
                  for _ in range(int(own.integers(2, 12)))]  # fmt: skip
        cars = scene.parked(spots, seed=seed * 10 + number, heading_deg=heading)
        return dataclasses.replace(
            ground, rivers=(), fields=ground.fields[:2], buildings=halls, vehicles=cars
        )

    def shot(number: int, sun: tuple[float, float], lean: NDArray, green: float) -> Pixels:
        own = np.random.default_rng([SEED, 5, seed, number])
        made = scene.render(
            day(min(number, 2)), gsd=gsd, sun_elevation_deg=sun[0], sun_azimuth_deg=sun[1],
            seed=number, noise=float(own.uniform(0.006, 0.015)),
            blur_px=float(own.uniform(0.6, 0.9)), greenness=green, oversample=1,
        )  # fmt: skip
        return _leaning(made, lean / gsd)

    first = shot(1, sun, views[0], 0.3)
    other = shot(2, later, views[1], 0.3 + float(np.clip(rng.normal(0, 0.03), -0.2, 0.2)))
    # Seconds later the same vehicles stand there.
    frame = _leaning(
        scene.render(
            day(1), gsd=gsd, sun_elevation_deg=sun[0], sun_azimuth_deg=sun[1], seed=3, oversample=1
        ),
        (views[0] + [float(rng.uniform(0.05, 0.2)), 0]) / gsd,
    )
    return first, other, frame


def _leaning(made: scene.Rendering, lean: NDArray[np.float64]) -> Pixels:
    """Show a rendering from aside: what is high is displaced; ``lean`` in pixels a metre."""
    height = made.height - np.median(made.height)
    height = np.asarray(cv2.GaussianBlur(height, (0, 0), 0.8), np.float32)
    y, x = np.mgrid[: height.shape[0], : height.shape[1]].astype(np.float32)
    seen = height
    for _ in range(6):
        at = (x - np.float32(lean[0]) * seen, y - np.float32(lean[1]) * seen)
        seen = cv2.remap(height, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    at = (x - np.float32(lean[0]) * seen, y - np.float32(lean[1]) * seen)
    out = cv2.remap(made.rgb, *at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.uint8)


def main() -> None:
    """Run the parts asked for."""
    chosen = copies.options(__doc__, ["copies", "dates", "frames", "yards"], count=120).parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    for part in chosen.part:
        steps = (
            yards(chosen.split, chosen.count)
            if part == "yards"
            else pictures(part, chosen.split, chosen.count)
        )
        rows = []
        for one in steps:
            rows.append(one)
            wanted = one.kind.startswith(("copies", "copy"))
            if chosen.show and (one.relation in copies.COPIES) != wanted:
                print(f"- {one.place}, {one.kind}: {one.relation} ({one.reason})", flush=True)
        copies.table(rows, f"{part} ({chosen.split})", by="kind")
        copies.table(rows, f"{part} ({chosen.split})", by="place")


if __name__ == "__main__":
    main()
