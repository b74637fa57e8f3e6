"""Measure the comparison with an earlier copy: false alarms, recall of plants, other dates.

    python -m tests.benchmarks.altered calibrate
    python -m tests.benchmarks.altered pristine plants dates drawn

Prints markdown tables. Pictures come from the folder in IMGCHECK_DATA (default ../shared/data);
every random choice is seeded. Places are split once: `CALIBRATION` sets the constants of
`imgcheck.hashing.differences`, all others are reported.
"""

import argparse
import io
import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck import scene
from imgcheck.hashing import Residual, residual
from imgcheck.imaging import Image
from imgcheck.quantity import binomial_interval

SEED = 20170924
CALIBRATION = ("kit_mos155_179", "kit_munichstreet02", "niza", "seneca", "shuguang", "nanjing")
# Nobody can see less: mean absolute change of luma inside a plant, gray levels.
VISIBLE = 2.0
SIZES = (16, 24, 32, 48)
KINDS = ("splice", "clone", "inpaint")
Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A never-altered picture of a place."""

    place: str
    name: str
    path: Path

    def rgb(self) -> Pixels:
        if self.place == "pucallpa":
            return Image.open(self.path).rgb()
        return Image.open(self.path).rgb()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """An alteration, in pixels of the post."""

    kind: str
    size: float
    x: float
    y: float
    change: float
    texture: float


def data_dir() -> Path:
    folder = Path(os.environ.get("IMGCHECK_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        sys.exit("real imagery absent: set IMGCHECK_DATA to its folder")
    return folder


def sources(split: str) -> list[Source]:
    """Pictures of one split, places mixed evenly."""
    root = data_dir()
    patterns = (
        "vehicles/*/*.png",
        "vehicles/*/*.jpg",
        "overhead/*/*",
        "stacks/naip/*.tif",
        "change/beijing/beijing_?_[12].jpg",
        "change/shuguang/shuguang_2.bmp",
        "change/nanjing/nanjing?.jpg",
    )
    places: dict[str, list[Source]] = {}
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            place = path.parent.name
            if (place in CALIBRATION) == (split == "calibration"):
                places.setdefault(place, []).append(Source(place=place, name=path.name, path=path))
    return [
        group[k]
        for k in range(max(len(g) for g in places.values()))
        for group in places.values()
        if k < len(group)
    ]


def saved(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=quality)
    return np.asarray(PillowImage.open(buffer).convert("RGB"))


def resized(pixels: Pixels, ratio: float) -> tuple[Pixels, Matrix]:
    """Resize; give the matrix from new to old pixels too."""
    size = (round(pixels.shape[1] * ratio), round(pixels.shape[0] * ratio))
    small = PillowImage.fromarray(np.ascontiguousarray(pixels)).resize(
        size, PillowImage.Resampling.LANCZOS
    )
    back = np.diag([pixels.shape[1] / size[0], pixels.shape[0] / size[1], 1.0])
    return np.asarray(small), back


def post_ratio(pixels: Pixels) -> float:
    """960 px wide where the original is larger by a quarter at least, else 0.7 of its width."""
    return 960 / pixels.shape[1] if pixels.shape[1] >= 1200 else 0.7


def rotated(pixels: Pixels, angle: float) -> tuple[Pixels, Matrix]:
    """Turn slightly and cut off the corners."""
    rows, cols = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((cols / 2, rows / 2), angle, 1.0)
    turned = cv2.warpAffine(pixels, turn, (cols, rows), flags=cv2.INTER_CUBIC)
    lost = math.ceil(math.tan(math.radians(abs(angle))) * max(rows, cols) / 2) + 4
    forward = np.vstack([turn, [0, 0, 1]])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    shift = np.array([[1.0, 0, lost], [0, 1, lost], [0, 0, 1]])
    back = half @ np.linalg.inv(forward) @ np.linalg.inv(half) @ shift
    return turned[lost:-lost, lost:-lost], back


def equalised(pixels: Pixels) -> Pixels:
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(
        np.ascontiguousarray(lab[..., 0])
    )
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def gamma(pixels: Pixels, power: float) -> Pixels:
    table = np.round(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return table[pixels]


def captioned(pixels: Pixels) -> Pixels:
    drawn, _ = scene.annotate(
        pixels, [scene.Caption(text="10 SEPTEMBER 2017", bar_px=30)], matrix=np.eye(3)
    )
    return np.asarray(drawn, np.uint8)


HANDLINGS = (
    "960 px + q80",
    "960 px + q50",
    "x0.5 + q80",
    "crop 70 % + q80",
    "turned 2 deg + q80",
    "CLAHE + q80",
    "gamma 0.8 + warmer + q80",
    "caption bar + q80",
    "second pass q80, q60",
    "post against preview",
)


def handled(pixels: Pixels, name: str, rng: np.random.Generator) -> tuple[Pixels, Matrix]:
    """Give the posted copy and the matrix from its pixels to the original's."""
    if name == "x0.5 + q80":
        small, back = resized(pixels, 0.5 * (1 if pixels.shape[1] < 1200 else post_ratio(pixels)))
        return saved(small, 80), back
    if name == "crop 70 % + q80":
        rows, cols = (round(0.7 * s) for s in pixels.shape[:2])
        y, x = (
            int(rng.integers(0, s - c + 1))
            for s, c in zip(pixels.shape[:2], (rows, cols), strict=True)
        )
        small, back = resized(pixels[y : y + rows, x : x + cols], 0.85)
        return saved(small, 80), np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]]) @ back
    if name == "turned 2 deg + q80":
        turned, first = rotated(pixels, float(rng.choice([-2, 2])))
        small, back = resized(turned, post_ratio(pixels))
        return saved(small, 80), first @ back
    small, back = resized(pixels, post_ratio(pixels))
    if name == "960 px + q50":
        return saved(small, 50), back
    if name == "CLAHE + q80":
        return saved(equalised(small), 80), back
    if name.startswith("gamma"):
        warm = np.clip(gamma(small, 0.8) * np.array([1.08, 1.0, 0.92]), 0, 255)
        return saved(warm.astype(np.uint8), 80), back
    if name.startswith("caption"):
        return saved(captioned(small), 80), back
    if name.startswith("second"):
        again, more = resized(saved(small, 80), 0.9)
        return saved(again, 60), back @ more
    return saved(small, 80), back


def preview(pixels: Pixels) -> Pixels:
    """What an index keeps: at most 1024 px, nearly lossless."""
    small = resized(pixels, min(1.0, 1024 / max(pixels.shape[:2])))[0]
    return saved(small, 92)


def share(hits: int, total: int) -> str:
    if not total:
        return "-"
    inside = binomial_interval(hits, total)
    return f"{hits}/{total} = {hits / total:.3f} [{inside.low:.3f}, {inside.high:.3f}]"


def nearly(back: Matrix, number: int, rng: np.random.Generator) -> Matrix | None:
    """Give the true transform moved by up to a pixel; every fourth pair must be registered.

    Registration takes most of the time and is measured elsewhere.
    """
    if number % 4 == 3:
        return None
    shift = np.eye(3)
    shift[:2, 2] = rng.uniform(-1, 1, 2)
    return shift @ back


def pristine_pairs(split: str, most: int) -> Iterator[tuple[Source, str, Residual, float]]:
    """Compare unaltered posts with their originals; handlings go round."""
    chosen = sources(split)
    for number in range(most):
        source = chosen[number % len(chosen)]
        turn = number // len(chosen)
        name = HANDLINGS[(number * 3 + turn) % len(HANDLINGS)]
        pixels = source.rgb()
        rng = np.random.default_rng([SEED, number])
        post, back = handled(pixels, name, rng)
        earlier = preview(pixels) if name == "post against preview" else pixels
        to_earlier = earlier.shape[1] / pixels.shape[1]
        matrix = nearly(np.diag([to_earlier, to_earlier, 1.0]) @ back, number, rng)
        began = time.process_time()
        yield source, name, residual(post, earlier, matrix=matrix), time.process_time() - began


def calibrate(most: int) -> None:
    """The greatest scores of unaltered pairs of the calibration places."""
    rows = []
    for source, name, found, took in pristine_pairs("calibration", most):
        top = float(np.nanmax(found.score_map)) if found.compared else math.nan
        rows.append((source.place, name, top))
        kinds = [f"{r.kind} {r.size_px:.0f}px {r.score:.1f}" for r in found.regions]
        print(
            f"{source.place} {source.name} | {name} | {top:.2f} | {found.reason} | "
            f"{found.smallest_px} | {kinds} | {took:.1f}",
            flush=True,
        )
    # A caption bar is a change: it is found, and says nothing of chance.
    tops = np.array([t for _, name, t in rows if np.isfinite(t) and "caption" not in name])
    print(
        f"\n{len(tops)} pairs: median {np.median(tops):.2f}, 75 % {np.percentile(tops, 75):.2f}, "
        f"95 % {np.percentile(tops, 95):.2f}, most {np.sort(tops)[-5:].round(2)}"
    )
    # Gumbel by the method of moments.
    scale = float(tops.std(ddof=1)) * math.sqrt(6) / math.pi
    print(f"Gumbel: place {tops.mean() - 0.5772 * scale:.2f}, scale {scale:.2f}")


def planted(
    pixels: Pixels, others: list[Pixels], size_px: float, rng: np.random.Generator, count: int = 6
) -> tuple[Pixels, list[tuple[str, float, float, NDArray[np.bool_], float]]]:
    """Splice, clone and inpaint round spots of one size into a picture, far from each other."""
    rows, cols = pixels.shape[:2]
    out, done = pixels.copy(), []
    size = round(size_px)
    texture = cv2.blur(np.abs(cv2.Laplacian(luma(pixels), cv2.CV_32F)), (size, size))
    reach = size + 24
    for _ in range(60):
        kind = KINDS[len(done) % 3]
        y, x = (int(rng.integers(reach, n - reach)) for n in (rows, cols))
        if len(done) >= count or min(rows, cols) <= 2 * reach + 1:
            break
        if any(max(abs(x - d[1]), abs(y - d[2])) < 2.5 * size + 40 for d in done):
            continue
        # Something must stand there that is worth erasing.
        if kind == "inpaint" and texture[y, x] < np.median(texture):
            continue
        yy, xx = np.mgrid[:rows, :cols]
        spot = np.asarray((xx - x) ** 2 + (yy - y) ** 2 <= (size / 2) ** 2)
        box = np.s_[y - size : y + size, x - size : x + size]
        if kind == "inpaint":
            new = cv2.inpaint(out[box], spot[box].astype(np.uint8), 3, cv2.INPAINT_TELEA)
        else:
            pool = out if kind == "clone" else others[int(rng.integers(len(others)))]
            if min(pool.shape[:2]) <= 2 * size:
                continue
            v, u = (int(rng.integers(size, n - size)) for n in pool.shape[:2])
            if kind == "clone" and max(abs(u - x), abs(v - y)) < 1.5 * size:
                continue
            new = pool[v - size : v + size, u - size : u + size]
        soft = cv2.GaussianBlur(spot[box].astype(np.float32), (0, 0), 1.0)[..., None]
        mixed = soft * new + (1 - soft) * out[box]
        out[box] = np.round(mixed).astype(np.uint8)
        done.append((kind, x, y, spot, float(texture[y, x])))
    return out, done


def luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def plant_trials(
    split: str, most: int, *, after: bool, quality: int = 80
) -> Iterator[tuple[Source, int, Residual, list[tuple[Plant, bool]]]]:
    """Alter, post, compare: ``after`` means that sizes are those in the post."""
    chosen = sources(split)
    for number in range(most):
        rng = np.random.default_rng([SEED, 7, number])
        source = chosen[number % len(chosen)]
        size = SIZES[(number + number // len(chosen)) % len(SIZES)]
        pixels = source.rgb()
        others = [chosen[int(k)].rgb() for k in rng.choice(len(chosen), 3, replace=False)]
        others = [o for o in others if not np.array_equal(o, pixels)]
        ratio = post_ratio(pixels)
        altered, done = planted(pixels, others, size / ratio if after else size, rng)
        small, back = resized(altered, ratio)
        clean = luma(resized(pixels, ratio)[0])
        change = np.abs(luma(small) - clean)
        found = residual(saved(small, quality), pixels, matrix=nearly(back, number, rng))
        plants = []
        for kind, x, y, spot, texture in done:
            inside = (
                cv2.resize(
                    spot.astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST
                )
                > 0
            )
            at = np.array([x + 0.5, y + 0.5]) / np.diag(back)[:2]
            plant = Plant(
                kind=kind,
                size=size * (1 if after else ratio),
                x=at[0],
                y=at[1],
                change=float(change[inside].mean()),
                texture=texture,
            )
            reach = plant.size / 2
            hit = any(
                r.kind == "content"
                and r.box[0] - 4 < at[0] + reach
                and r.box[2] + 4 > at[0] - reach
                and r.box[1] - 4 < at[1] + reach
                and r.box[3] + 4 > at[1] - reach
                for r in found.regions
            )
            plants.append((plant, hit))
        yield source, size, found, plants


def plants(split: str, most: int, after: bool) -> None:
    rows = []
    for source, size, found, tried in plant_trials(split, most, after=after):
        for plant, hit in tried:
            rows.append((source.place, size, plant, hit, found.compared))
            if not hit and plant.change >= VISIBLE:
                s = found.score_map
                near = s[
                    max(0, int(plant.y - 8)) : int(plant.y + 8),
                    max(0, int(plant.x - 8)) : int(plant.x + 8),
                ]
                print(
                    f"- missed {source.place} {source.name} {plant.kind} {size} "
                    f"change {plant.change:.1f}: {found.reason} "
                    f"{np.nanmax(near) if np.isfinite(near).any() else -1:.1f} "
                    f"thr {found.threshold:.1f}"
                )
    for kind in KINDS:
        for size in SIZES:
            some = [r for r in rows if r[1] == size and r[2].kind == kind]
            seen = [r for r in some if r[2].change >= VISIBLE]
            print(
                f"| {kind} | {size} | {len(some) - len(seen)} | "
                f"{share(sum(r[3] for r in seen), len(seen))} | "
                f"{sum(not r[4] for r in seen)} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=["calibrate", "plants"])
    parser.add_argument("--split", default="reported")
    parser.add_argument("--before", action="store_true")
    parser.add_argument("--most", type=int, default=240)
    options = parser.parse_args()
    for name in options.what:
        if name == "calibrate":
            calibrate(options.most)
        else:
            plants(options.split, options.most, not options.before)


if __name__ == "__main__":
    main()
