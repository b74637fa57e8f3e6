"""Measure the change engine on real imagery of IMGCHECK_DATA.

    python -m tests.benchmarks.change labelled nochange planted season shifts cost

Prints markdown tables. Constants were set on Beijing A and B and on NAIP of 2012; everything else
is for reporting. ``--part tune`` shows the tuning part.
"""

import argparse
import io
import json
import os
import time
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from imgcheck import change
from imgcheck.change import passes
from imgcheck.quantity import binomial_interval

ROOT = Path(os.environ.get("IMGCHECK_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
CROP = 400


def share(count: int, total: int) -> str:
    """Write a share with its exact interval."""
    if not total:
        return "-"
    inside = binomial_interval(count, total)
    return f"{count} of {total} ({inside.low:.3f}-{inside.high:.3f})"


def picture(path: Path) -> np.ndarray:
    """Read a small picture."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def bands(path: Path, indexes: list[int]) -> np.ndarray:
    """Read bands of a raster as (M, N, C)."""
    import rasterio

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as opened:
            return np.ascontiguousarray(opened.read(indexes).transpose(1, 2, 0))


def stack(name: str) -> list[tuple[np.ndarray, date]]:
    """Read a dated stack on one grid, a few pixels smaller than its pictures."""
    items = json.loads((ROOT / "stacks" / name / "items.json").read_text())
    first = items[0]["transform"]
    margin = 4
    rows = min(item["height"] for item in items) - 2 * margin
    columns = min(item["width"] for item in items) - 2 * margin
    result = []
    for item in items:
        raster = bands(ROOT / "stacks" / name / item["asset"], [1, 2, 3]).astype(np.float32) / 255
        a, _, c, _, e, f = item["transform"]
        dx = (first[2] + margin * first[0] - c) / a
        dy = (first[5] + margin * first[4] - f) / e
        matrix = np.array([[1, 0, -dx], [0, 1, -dy]])
        layers = [
            cv2.warpAffine(raster[..., k], matrix, (columns, rows), flags=cv2.INTER_LINEAR)
            for k in range(3)
        ]
        when = date.fromisoformat((item["datetime"] or item["start_datetime"])[:10])
        result.append((np.dstack(layers), when))
    return result


def posted(array: np.ndarray, seed: int) -> np.ndarray:
    """Do to a picture what posting does: gamma, sub-pixel shift, blur, noise, JPEG 50-90."""
    rng = np.random.default_rng(seed)
    x = (array.astype(np.float32) / (255 if array.dtype == np.uint8 else 1)) ** rng.uniform(
        0.7, 1.4
    )
    shift = np.array([[1, 0, rng.uniform(-1.5, 1.5)], [0, 1, rng.uniform(-1.5, 1.5)]])
    size = x.shape[1::-1]
    x = cv2.warpAffine(
        x.astype(np.float32), shift, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 1.0))
    x = x * 255 + rng.normal(0, rng.uniform(0, 3), x.shape)
    saved = io.BytesIO()
    image = Image.fromarray(np.clip(x, 0, 255).astype(np.uint8))
    image.save(saved, "JPEG", quality=int(rng.integers(50, 90)))
    return np.asarray(Image.open(saved).convert("RGB"))


def grounds(part: str, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Crops of real pictures: NAIP of 2012 for tuning, other pictures for reporting."""
    if part == "tune":
        whole = bands(ROOT / "stacks/naip/m_4709963_se_14_1_20120731.tif", [1, 2, 3])
        for k in range(count):
            yield "naip", whole[50 : 50 + CROP, 40 + 20 * k : 40 + 20 * k + CROP]
        return
    folders = ("overhead/brighton", "overhead/niza", "overhead/seneca", "overhead/neon")
    for k in range(count):
        names = sorted((ROOT / folders[k % 4]).glob("*.[jp][pn]g"))
        whole = picture(names[(7 * (k // 4)) % len(names)])
        yield folders[k % 4], whole[:CROP, :CROP]


def auc(score: np.ndarray, changed: np.ndarray) -> float:
    """Probability that a changed pixel scores above an unchanged one."""
    from scipy.stats import rankdata

    ranks = rankdata(score)
    n = int(changed.sum())
    return float((ranks[changed].sum() - n * (n + 1) / 2) / n / (changed.size - n))


def pairs() -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]]:
    """Every labelled pair: name, before, after, changed, labelled, metres per pixel."""
    for name in ("A", "B"):
        folder = ROOT / "change/beijing"
        one, two, truth = (picture(folder / f"beijing_{name}_{k}.jpg") for k in ("1", "2", "gt"))
        clear = (truth[..., 0] < 10) | (truth[..., 0] > 245)
        yield f"beijing {name}", one, two, truth[..., 0] > 245, clear, 0.6
    for name, files in (
        ("taizhou", ("2000TM", "2003TM")),
        ("nanjing", ("LT51200382000124BJC00_Nanjing", "LT51200382002193BJC00_Nanjing")),
    ):
        folder = ROOT / "change" / name
        arrays = [bands(folder / file, [1, 2, 3, 4, 5, 6]).astype(np.float32) for file in files]
        top = max(float(np.nanpercentile(array, 99.9)) for array in arrays)
        changed, same = (
            picture(folder / f"{k}.bmp")[..., 0] == 255 for k in ("change", "unchanged")
        )
        yield name, arrays[0] / top, arrays[1] / top, changed, changed | same, 30.0
    for name, gsd in (("dsifn", 2.0), ("egy", 0.5)):
        for path in sorted((ROOT / "change" / name).glob("*_A.png")):
            stem = path.name.removesuffix("_A.png")
            one, two, truth = (
                picture(path.with_name(f"{stem}_{k}.png")) for k in ("A", "B", "label")
            )
            changed = truth[..., 0] > 127
            yield f"{name} {stem}", one, two, changed, np.ones_like(changed), gsd


def best_f1(score: np.ndarray, changed: np.ndarray) -> float:
    """Largest F1 of any threshold."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(changed[order])
    return float((2 * hits / (np.arange(1, score.size + 1) + changed.sum())).max())


def labelled(_: str, __: int) -> None:
    """Pairs with people's masks."""
    print("| pair | detector | AUC | F1 of the regions | best F1 | recall | precision | regions |")
    print("|---|---|---|---|---|---|---|---|")
    for name, one, two, changed, clear, gsd in pairs():
        start = time.process_time()
        result = change.detect(one, two, gsd=gsd)
        seconds = time.process_time() - start
        flagged, truth = result.mask[clear], changed[clear]
        hits = int((flagged & truth).sum())
        score = result.score[clear]
        print(
            f"| {name} | {result.detector or result.incomparable} | {auc(score, truth):.3f} "
            f"| {2 * hits / max(int(flagged.sum() + truth.sum()), 1):.2f} "
            f"| {best_f1(score, truth):.2f} | {hits / truth.sum():.2f} "
            f"| {hits / max(int(flagged.sum()), 1):.2f} | {len(result.regions)} "
            f"| {result.shift_px[0]:.1f} {result.shift_px[1]:.1f} {result.registered} "
            f"| agreement {result.agreement:.2f} | {result.smallest_m} | {seconds:.1f} s |",
            flush=True,
        )


def nochange(part: str, count: int) -> None:
    """The same acquisition, posted: every region is a false alarm."""
    false: dict[str, list[tuple[int, float]]] = {}
    for seed, (name, ground) in enumerate(grounds(part, count)):
        result = change.detect(ground, posted(ground, seed), gsd=1.0)
        false.setdefault(name, []).append((len(result.regions), float(result.mask.mean())))
    print("| ground | pairs with any false region | false regions a pair | share of pixels |")
    print("|---|---|---|---|")
    for name, rows in false.items():
        regions = np.array([number for number, _ in rows])
        print(
            f"| {name} | {share(int((regions > 0).sum()), len(rows))} | {regions.mean():.2f} "
            f"| {np.mean([pixels for _, pixels in rows]):.5f} |"
        )


def plant(
    ground: np.ndarray, rng: np.random.Generator, side: int, contrast: float
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Put nine flat squares into a picture, brighter or darker than their ground."""
    result = ground.astype(np.float32)
    rows, columns = ground.shape[:2]
    corners = []
    for k in range(3):
        for j in range(3):
            top, left = (
                int((k + 0.5) * rows / 3 - side / 2),
                int((j + 0.5) * columns / 3 - side / 2),
            )
            part = result[top : top + side, left : left + side]
            level = float(np.median(part))
            sign = rng.choice([-1, 1])
            if not 5 < level + sign * contrast * 255 < 250:
                sign = -sign
            part[:] = np.clip(0.3 * part + 0.7 * level + sign * contrast * 255, 0, 255)
            corners.append((top, left))
    return result.astype(np.uint8), corners


def planted(part: str, count: int) -> None:
    """Squares of contrast 0.15 in posted copies: found share, area, stated smallest size."""
    print("| side, px | found | area found / true, 10-50-90 % | found where stated size <= side |")
    print("|---|---|---|---|")
    for side in (3, 4, 5, 6, 8, 12, 20, 40):
        hits = total = stated_hits = stated = 0
        ratios: list[float] = []
        for seed, (_, ground) in enumerate(grounds(part, count)):
            rng = np.random.default_rng(1000 + seed)
            changed, corners = plant(ground, rng, side, 0.15)
            result = change.detect(ground, posted(changed, 2000 + seed), gsd=1.0)
            _, parts = cv2.connectedComponents(result.mask.astype(np.uint8), connectivity=8)
            promised = result.smallest_m is not None and result.smallest_m <= side
            for top, left in corners:
                inside = parts[top : top + side, left : left + side]
                hit = bool((inside > 0).mean() >= 0.3)
                hits, total = hits + hit, total + 1
                stated_hits, stated = stated_hits + (hit and promised), stated + promised
                if hit:
                    ids = [label for label in np.unique(inside) if label]
                    ratios.append(float(np.isin(parts, ids).sum()) / side**2)
        spread = (
            "-".join(f"{v:.2f}" for v in np.percentile(ratios, [10, 50, 90])) if ratios else "-"
        )
        print(f"| {side} | {share(hits, total)} | {spread} | {share(stated_hits, stated)} |")


def season(_: str, __: int) -> None:
    """All pairs of dates of the farmland stack: is the season suppressed as a whole?"""
    dated = stack("naip")
    crops = [array[100 : 100 + CROP, 480 : 480 + CROP] for array, _ in dated]
    suppressed, regions, pairs = 0, [], 0
    for k, one in enumerate(crops):
        for two in crops[k + 1 :: 2]:
            result = change.detect(one, two, gsd=5.0)
            pairs += 1
            whole = bool(result.suppressed) and result.suppressed[0].reason.startswith("most")
            suppressed += whole
            if not whole:
                regions.append(len(result.regions))
    print("| pairs suppressed as a whole | regions in the others, median, most |\n|---|---|")
    rest = f"{np.median(regions):.0f}, {max(regions)}" if regions else "-"
    print(f"| {share(suppressed, pairs)} | {rest} |")


def _average_precision(score: np.ndarray, truth: np.ndarray) -> float:
    """Mean precision over the pixels that changed, in the order of the score."""
    right = truth[np.argsort(-score, kind="stable")]
    precision = np.cumsum(right) / np.arange(1, right.size + 1)
    return float(precision[right].mean())


def shifts(_: str, __: int) -> None:
    """Twenty-five rectangles put into pairs of other dates, with a shift that is not told."""
    print("| pairs | 0 px | 1 px | 2 px | loss by 1 px | by 2 px |\n|---|---|---|---|---|---|")
    rows: dict[str, list[list[float]]] = {}
    for number, (name, one, two, changed, clear, gsd) in enumerate(pairs()):
        if gsd >= 5:
            continue
        rng = np.random.default_rng(number)
        later, truth = two.copy(), np.zeros(changed.shape, bool)
        rows_, columns = changed.shape
        for _try in range(400):
            high, wide = rng.integers(10, 25, 2)
            top, left = rng.integers(8, rows_ - high - 8), rng.integers(8, columns - wide - 8)
            near = np.s_[top - 6 : top + high + 6, left - 6 : left + wide + 6]
            if truth[near].any() or changed[near].any():
                continue
            part = np.s_[top : top + high, left : left + wide]
            level = np.median(later[part], axis=(0, 1))
            step = 255 * rng.uniform(0.12, 0.30) * (1 if level.mean() < 128 else -1)
            later[part] = np.clip(level + step + 0.3 * (later[part] - level), 0, 255)
            truth[part] = True
            if cv2.connectedComponents(truth.astype(np.uint8))[0] > 25:
                break
        counted = clear & ~changed
        counted[:8], counted[-8:], counted[:, :8], counted[:, -8:] = False, False, False, False
        found = []
        for shift in (0, 1, 2):
            turn = rng.uniform(0, 2 * np.pi)
            matrix = np.array([[1, 0, shift * np.cos(turn)], [0, 1, shift * np.sin(turn)]])
            moved = cv2.warpAffine(
                later, matrix, later.shape[1::-1],
                flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT,
            )  # fmt: skip
            score = change.detect(one, moved, gsd=gsd).score
            found.append(_average_precision(score[counted], truth[counted]))
        rows.setdefault(name.split()[0], []).append(found)
    for name, values in rows.items():
        a, b, c = np.mean(values, axis=0)
        print(f"| {len(values)} {name} | {a:.2f} | {b:.2f} | {c:.2f} | {a - b:.3f} | {a - c:.3f} |")
    a, b, c = np.mean([one for values in rows.values() for one in values], axis=0)
    print(f"| all | {a:.2f} | {b:.2f} | {c:.2f} | {a - b:.3f} | {a - c:.3f} |")


def _plain(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Change vector analysis: the length of the standardised difference, averaged over 5 x 5."""
    difference = before.astype(np.float32) - after
    middle = np.median(difference, axis=(0, 1))
    spread = 1.4826 * np.median(np.abs(difference - middle), axis=(0, 1))
    length = np.sqrt(((difference / spread) ** 2).sum(axis=2))
    return np.asarray(cv2.blur(length, (5, 5)))


def cost(_: str, __: int, side: int = 2048) -> None:
    """Processor time a megapixel of three bands, and its ratio to a plain difference."""
    cv2.setNumThreads(1)
    ground = (255 * stack("naip")[0][0]).round().astype(np.uint8)
    ground = np.concatenate([ground, ground[::-1]])
    before = np.tile(np.concatenate([ground, ground[:, ::-1]], axis=1), (2, 2, 1))[:side, :side]
    noise = np.random.default_rng(0).normal(0, 8, before.shape)
    after = np.clip(before + noise, 0, 255).astype(np.uint8)

    def took(compare: Any) -> float:
        """Return the shortest of three runs."""
        times = []
        for _ in range(3):
            start = time.process_time()
            compare()
            times.append(time.process_time() - start)
        return min(times) / (side * side / 1e6)

    plain = took(lambda: _plain(before, after))
    print("| detector | s a Mpx | ratio |\n|---|---|---|")
    print(f"| plain difference | {plain:.3f} | 1 |")
    own_rules = passes._ALIKE, passes.LEAST_CONTRAST
    for gsd, rules in ((0.5, own_rules), (0.5, (2.0, 0.0)), (10.0, (2.0, 0.0))):
        passes._ALIKE, passes.LEAST_CONTRAST = rules
        name = change.detect(before, after, gsd=gsd).detector
        own = took(lambda gsd=gsd: change.detect(before, after, gsd=gsd))  # type: ignore[misc]
        print(f"| {name} | {own:.2f} | {own / plain:.1f} |")
    passes._ALIKE, passes.LEAST_CONTRAST = own_rules


def main() -> None:
    """Parse the options and print the tables."""
    tables: dict[str, Any] = {
        f.__name__: f for f in (labelled, nochange, planted, season, shifts, cost)
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="*", default=list(tables), help=", ".join(tables))
    parser.add_argument("--part", choices=("tune", "report"), default="report")
    parser.add_argument("--count", type=int, default=24, help="pictures for nochange and planted")
    options = parser.parse_args()
    for name in options.table:
        print(f"\n{name} ({options.part}): {tables[name].__doc__}\n")
        tables[name](options.part, options.count)


if __name__ == "__main__":
    main()
