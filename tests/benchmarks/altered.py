"""Measure the comparison with an earlier copy: false alarms, recall of plants, other dates.

    python -m tests.benchmarks.altered calibrate
    python -m tests.benchmarks.altered pristine --most 220
    python -m tests.benchmarks.altered plants before --most 120
    python -m tests.benchmarks.altered dates --most 30
    python -m tests.benchmarks.altered drawn --most 40

Prints markdown tables. Pictures come from the folder in IMGCHECK_DATA (default ../shared/data);
every random choice is seeded. Places are split once: `CALIBRATION` sets the constants of
`imgcheck.forensics.regions`, all others are reported.
"""

import argparse
import io
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck import scene
from imgcheck.forensics import Difference, NotCompared, Residual, residual
from imgcheck.imaging import Image
from imgcheck.quantity import binomial_interval

SEED = 20170924
CALIBRATION = (
    "kit_mos155_179",
    "dji_minsk_0005",
    "niza",
    "seneca",
    "naip",
    "shuguang",
    "nanjing",
)
# Nobody can see less: mean absolute change of luma inside a plant, gray levels.
VISIBLE = 2.0
SIZES = (16, 24, 32, 48)
KINDS = ("splice", "clone", "inpaint")
# What is pasted has detail of its own, gray levels; a patch of one tone is a covering.
DETAILED = 4.0
T = TypeVar("T")
Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A never-altered picture of a place."""

    place: str
    name: str
    path: Path

    def rgb(self) -> Pixels:
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


Result = Residual | NotCompared


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


def until_stopped(steps: Iterator[T]) -> Iterator[T]:
    """Go on until the end or until Ctrl-C: what was measured so far is printed."""
    try:
        yield from steps
    except KeyboardInterrupt:
        print("(stopped before the end)")


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


def _regions(found: Result) -> tuple[Difference, ...]:
    return found.regions if isinstance(found, Residual) else ()


def _reason(found: Result) -> str:
    return found.reason if isinstance(found, NotCompared) else ""


def pristine_pairs(split: str, most: int) -> Iterator[tuple[Source, str, Result, float]]:
    """Compare unaltered posts with their originals; handlings go round."""
    chosen = sources(split)
    for number in range(most):
        source = chosen[number % len(chosen)]
        turn = number // len(chosen)
        name = HANDLINGS[(number * 3 + turn) % len(HANDLINGS)]
        pixels = source.rgb()
        rng = np.random.default_rng([SEED, 3, number])
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
        top = float(np.nanmax(found.score_map)) if isinstance(found, Residual) else math.nan
        rows.append((source.place, name, top))
        kinds = [f"{r.kind} {r.size_px:.0f}px {r.score:.1f}" for r in _regions(found)]
        print(
            f"{source.place} {source.name} | {name} | {top:.2f} | {_reason(found)} | "
            f"{found.smallest_px if isinstance(found, Residual) else None} | {kinds} | {took:.1f}",
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
    pixels: Pixels,
    others: list[Pixels],
    size_px: float,
    rng: np.random.Generator,
    count: int = 6,
    kinds: tuple[str, ...] = KINDS,
) -> tuple[Pixels, list[tuple[str, float, float, NDArray[np.bool_], float]]]:
    """Splice, clone and inpaint spots of one size into a picture, far from each other.

    They are round with a soft edge, or square with a sharp one ("square splice"). Neither lies in
    what has no data.
    """
    rows, cols = pixels.shape[:2]
    out, done = pixels.copy(), []
    size = round(size_px)
    texture = cv2.blur(np.abs(cv2.Laplacian(luma(pixels), cv2.CV_32F)), (size, size))
    reach = size + 24
    for _ in range(60):
        kind = kinds[len(done) % len(kinds)]
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
        if kind.startswith("square"):
            spot = np.asarray(np.maximum(abs(xx - x), abs(yy - y)) <= size / 2)
        box = np.s_[y - size : y + size, x - size : x + size]
        if not pixels[box].any(axis=-1).all():
            continue
        if kind == "inpaint":
            new = cv2.inpaint(out[box], spot[box].astype(np.uint8), 3, cv2.INPAINT_TELEA)
        else:
            pool = out if kind.endswith("clone") else others[int(rng.integers(len(others)))]
            if min(pool.shape[:2]) <= 2 * size:
                continue
            v, u = (int(rng.integers(size, n - size)) for n in pool.shape[:2])
            if kind.endswith("clone") and max(abs(u - x), abs(v - y)) < 1.5 * size:
                continue
            new = pool[v - size : v + size, u - size : u + size]
            if not new.any(axis=-1).all() or luma(new)[spot[box]].std() < DETAILED:
                continue
        soft = spot[box].astype(np.float32)[..., None]
        if not kind.startswith("square"):
            soft = cv2.GaussianBlur(soft[..., 0], (0, 0), 1.0)[..., None]
        mixed = soft * new + (1 - soft) * out[box]
        if np.abs(luma(mixed) - luma(out[box]))[spot[box]].mean() < VISIBLE:
            continue
        out[box] = np.round(mixed).astype(np.uint8)
        done.append((kind, x, y, spot, float(texture[y, x])))
    return out, done


def luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def plant_trials(
    split: str, most: int, *, after: bool, quality: int = 80
) -> Iterator[tuple[Source, int, Result, list[tuple[Plant, bool]]]]:
    """Alter, post, compare: ``after`` means that sizes are those in the post."""
    chosen = sources(split)
    for number in range(most):
        rng = np.random.default_rng([SEED, 7, number])
        source = chosen[number % len(chosen)]
        # Half of the posts have the size that counts.
        size = 32 if number % 2 else SIZES[number // 2 % len(SIZES)]
        pixels = source.rgb()
        others = [chosen[int(k)].rgb() for k in rng.choice(len(chosen), 3, replace=False)]
        others = [o for o in others if not np.array_equal(o, pixels)]
        ratio = post_ratio(pixels)
        altered, done = planted(pixels, others, size / ratio if after else size, rng)
        small, back = resized(altered, ratio)
        clean = luma(resized(pixels, ratio)[0])
        change = np.abs(luma(small) - clean)
        found = residual(saved(small, quality), pixels, matrix=nearly(back, number, rng))
        tried = []
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
            hit = any(r.kind == "content" and _touches(r, plant, slack=4) for r in _regions(found))
            tried.append((plant, hit))
        yield source, size, found, tried


def plants(split: str, most: int, *, after: bool) -> None:
    """Recall of plants by kind and size, and by texture for those of 32 px."""
    rows: list[tuple[str, int, Plant, bool, bool]] = []
    stray = compared = posts = 0
    for source, size, found, tried in until_stopped(plant_trials(split, most, after=after)):
        rows += [
            (source.place, size, plant, hit, isinstance(found, Residual)) for plant, hit in tried
        ]
        posts += 1
        compared += isinstance(found, Residual)
        stray += any(r.kind == "content" and not _belongs(r, tried) for r in _regions(found))
        for plant, hit in tried:
            if not hit and plant.change >= VISIBLE:
                print(
                    f"- missed: {source.name}, {plant.kind} {size} px, mean change "
                    f"{plant.change:.1f}, texture {plant.texture:.1f}: "
                    f"{_reason(found) or _kinds_at(found, plant)}",
                    flush=True,
                )
    where = "in the post" if after else "in the original"
    print(f"\n### Plants ({split} places), sizes {where}, {len(rows)} in {posts} posts\n")
    print("| kind | px | not visible, left out | found | of these refused |")
    print("|---|---|---|---|---|")
    for kind in KINDS:
        for size in SIZES:
            some = [r for r in rows if r[1] == size and r[2].kind == kind]
            print(f"| {kind} | {size} | {_row(some)} |")
    print("\n| kind, 32 px | ground | not visible | found | refused |\n|---|---|---|---|---|")
    for kind in KINDS:
        for name, low, high in (("smooth", 0, 6), ("middling", 6, 15), ("rough", 15, 999)):
            some = [
                r for r in rows if r[1] == 32 and r[2].kind == kind and low <= r[2].texture < high
            ]
            print(f"| {kind} | {name} | {_row(some)} |")
    print(f"\nPosts with a content region away from every plant: {share(stray, compared)}")


def _row(rows: list[tuple[str, int, Plant, bool, bool]]) -> str:
    seen = [r for r in rows if r[2].change >= VISIBLE]
    refused = sum(not r[4] for r in seen)
    return f"{len(rows) - len(seen)} | {share(sum(r[3] for r in seen), len(seen))} | {refused}"


def _belongs(region: Difference, tried: list[tuple[Plant, bool]]) -> bool:
    return any(_touches(region, plant, slack=8) for plant, _ in tried)


def _touches(region: Difference, plant: Plant, *, slack: float) -> bool:
    reach = plant.size / 2 + slack
    left, top, right, bottom = region.box
    return (
        left < plant.x + reach
        and right > plant.x - reach
        and top < plant.y + reach
        and bottom > plant.y - reach
    )


def _kinds_at(found: Result, plant: Plant) -> str:
    kinds = [r.kind for r in _regions(found) if _touches(r, plant, slack=4)]
    near = np.s_[
        max(0, int(plant.y) - 8) : int(plant.y) + 8, max(0, int(plant.x) - 8) : int(plant.x) + 8
    ]
    return f"{kinds or 'no region'}, score {np.nanmax(found.score_map[near], initial=-9):.1f}"


def pristine(split: str, most: int) -> None:
    """False alarms on unaltered pairs, by handling."""
    rows = []
    for source, name, found, took in until_stopped(pristine_pairs(split, most)):
        content = [r for r in _regions(found) if r.kind == "content"]
        rows.append((source.place, name, found, bool(content), took))
        for r in content:
            print(
                f"- {source.name}, {name}: {r.size_px:.0f} px at {r.box[0]:.0f}, {r.box[1]:.0f}, "
                f"score {r.score:.1f}, mean change {r.contrast:.1f}",
                flush=True,
            )
    print(f"\n### Unaltered pairs ({split} places)\n")
    print(
        "| handling | pairs | refused | with a content region | with an overlay region | "
        "smallest exchange found 9 in 10, px: median (worst) |"
    )
    print("|---|---|---|---|---|---|")
    for name in (*HANDLINGS, "all"):
        some = [r for r in rows if name in ("all", r[1])]
        done = [r for r in some if isinstance(r[2], Residual)]
        powers = [math.inf if r[2].smallest_px is None else r[2].smallest_px for r in done]
        drawn = sum(any(q.kind == "overlay" for q in _regions(r[2])) for r in done)
        middle = f"{np.median(powers):.0f} ({max(powers):.0f})" if powers else "-"
        print(
            f"| {name} | {len(some)} | {len(some) - len(done)} | "
            f"{share(sum(r[3] for r in done), len(done))} | {drawn} | {middle} |"
        )
    for place in sorted({r[0] for r in rows}):
        done = [r for r in rows if r[0] == place and isinstance(r[2], Residual)]
        print(
            f"- {place}: {sum(r[3] for r in done)} of {len(done)} compared, "
            f"{sum(r[0] == place for r in rows) - len(done)} refused"
        )
    print(f"CPU a pair: median {np.median([r[4] for r in rows]):.1f} s")


def dates(most: int) -> None:
    """Other dates of one place must be refused."""
    folder = data_dir() / "stacks" / "naip"
    pictures = {p.name: Image.open(p) for p in sorted(folder.glob("*.tif"))}
    names, rng = list(pictures), np.random.default_rng(SEED)
    pairs = [(a, b) for a in names for b in names if a != b]
    chosen = [pairs[k] for k in sorted(rng.permutation(len(pairs))[:most])]
    results = list(until_stopped(_date_results(pictures, chosen)))
    alarms = sum(any(r.kind == "content" for r in _regions(found)) for found in results)
    counts: dict[str, int] = {}
    for found in results:
        word = "compared" if isinstance(found, Residual) else _reason(found)
        counts[word] = counts.get(word, 0) + 1
    print(f"\n### Other dates of one place (NAIP): {len(results)} ordered pairs\n")
    for word, count in sorted(counts.items()):
        print(f"- {word}: {count}")
    print(f"- called altered: {share(alarms, len(results))}")


def _date_results(pictures: dict[str, Image], pairs: list[tuple[str, str]]) -> Iterator[Result]:
    for later, before in pairs:
        a, b = pictures[later], pictures[before]
        to_map = []
        for image in (a, b):
            assert image.georeference is not None
            g = np.array(image.georeference.transform).reshape(-1)[:6]
            to_map.append(np.array([g[:3], g[3:6], [0, 0, 1]]))
        yield residual(
            saved(a.rgb(), 85),
            b.rgb(),
            matrix=np.linalg.inv(to_map[1]) @ to_map[0],
            picture_mask=a.valid(),
            earlier_mask=b.valid(),
        )


def drawn(split: str, most: int) -> None:
    """What is drawn over a post is called overlay, and raises no content region."""
    totals: dict[str, list[int]] = {}
    for name, found in until_stopped(_drawings(split, most)):
        entry = totals.setdefault(name, [0, 0, 0, 0])
        entry[0] += 1
        entry[1] += isinstance(found, Residual)
        entry[2] += any(r.kind == "overlay" for r in _regions(found))
        entry[3] += any(r.kind == "content" for r in _regions(found))
    print(f"\n### Drawings on unaltered posts ({split} places)\n")
    print(
        "| drawn | posts | compared | overlay reported | content reported |\n|---|---|---|---|---|"
    )
    for name, (count, done, overlay, content) in totals.items():
        print(f"| {name} | {count} | {done} | {share(overlay, done)} | {share(content, done)} |")


def _drawings(split: str, most: int) -> Iterator[tuple[str, Result]]:
    chosen = sources(split)
    for number in range(most):
        rng = np.random.default_rng([SEED, 9, number])
        pixels = chosen[number % len(chosen)].rgb()
        small, back = resized(pixels, post_ratio(pixels))
        rows, cols = small.shape[:2]
        x, y = float(rng.uniform(0.3, 0.7) * cols), float(rng.uniform(0.35, 0.65) * rows)
        name, item = (
            ("arrow", scene.Arrow(x=x, y=y, from_deg=float(rng.uniform(0, 360)), length_px=60)),
            ("frame", scene.Frame(x0=x - 40, y0=y - 30, x1=x + 40, y1=y + 30)),
            ("label", scene.Caption(text="HUMMER", place="free", x=x, y=y, bar_px=24)),
            ("caption bar", scene.Caption(text="10 SEPTEMBER 2017", bar_px=30)),
        )[number % 4]
        post = np.asarray(scene.annotate(small, [item], matrix=np.eye(3))[0], np.uint8)
        yield name, residual(saved(post, 80), pixels, matrix=nearly(back, 0, rng))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = ["calibrate", "pristine", "plants", "before", "dates", "drawn"]
    parser.add_argument("what", nargs="+", choices=names)
    parser.add_argument("--most", type=int, default=120, help="pairs or posts")
    parser.add_argument("--split", default="reported", choices=["reported", "calibration"])
    options = parser.parse_args()
    # In the background of a shell it would be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in options.what:
        if name == "calibrate":
            calibrate(options.most)
        elif name == "pristine":
            pristine(options.split, options.most)
        elif name == "dates":
            dates(options.most)
        elif name == "drawn":
            drawn(options.split, options.most)
        else:
            plants(options.split, options.most, after=name == "plants")


if __name__ == "__main__":
    main()
