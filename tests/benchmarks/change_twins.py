"""Twins without change: a real picture, and a copy with another registration, light and noise.

    python -m tests.benchmarks.change_twins [--part tune]
    python -m tests.benchmarks.change_twins scores --part tune --each 3 --seeds 4

Prints markdown tables; ``scores`` also the table of pixel scores of `imgcheck.change.twins` that
its twins call for. ``--part tune`` takes the places that the tables of `imgcheck.change.twins`
come from; all others are for reporting.
"""

import argparse
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from scipy.special import ndtri

from imgcheck import change
from imgcheck.change import limit, passes
from imgcheck.change import twins as tables_of
from imgcheck.checks.change_since_reference import decide
from imgcheck.model import Unchanged, Window
from tests.benchmarks import calibrate
from tests.benchmarks.change import ROOT, bands, picture, share

# Side of the parts that are compared, pixels.
SIDE = 224

# Score of p = 0.01; a twin of which more is flagged is left out of the table.
STRICT, MOST_FLAGGED = 2.326, 0.1

# The tables of `imgcheck.change.twins` come from these places; the others are for reporting.
TUNE = ("brighton", "seneca", "kit_mos155_179", "egy", "joplin", "naip", "taizhou", "pucallpa")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """A real picture, its place, and its class of pixel size."""

    place: str
    size: str
    gsd: float
    picture: np.ndarray

    @property
    def tune(self) -> bool:
        return self.place in TUNE


def reduced(array: np.ndarray, factor: float) -> np.ndarray:
    """Average pixels together."""
    size = (int(array.shape[1] / factor), int(array.shape[0] / factor))
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)


def _cuts(array: np.ndarray, count: int) -> Iterator[np.ndarray]:
    rows, columns = array.shape[:2]
    side = min(SIDE, rows, columns)
    for k in range(count):
        top = (rows - side) * k // max(count - 1, 1)
        left = (columns - side) * k // max(count - 1, 1)
        yield np.ascontiguousarray(array[top : top + side, left : left + side])


def _files(folder: str, pattern: str = "*") -> list[Path]:
    return sorted(p for p in (ROOT / folder).glob(pattern) if p.suffix in (".jpg", ".png", ".tif"))


def grounds(each: int = 2) -> Iterator[Ground]:
    """Yield up to ``each`` pictures of every place and class."""

    def some(place: str, size: str, gsd: float, found: list[np.ndarray]) -> Iterator[Ground]:
        step = max(1, len(found) // each)
        for array in found[::step][:each]:
            (cut,) = _cuts(array, 1)
            yield Ground(place=place, size=size, gsd=gsd, picture=cut)

    for place in ("brighton", "niza", "seneca", "neon"):
        whole = [picture(p)[:440, :600] for p in _files(f"overhead/{place}")[::9]]
        yield from some(place, "0.3-1 m", 0.5, whole)
        yield from some(place, "1-5 m", 2.0, [reduced(one, 1.5) for one in whole[1:]])
    for place, factor in (("kit_mos155_179", 2.5), ("kit_munichstreet02", 2.5),
                          ("dji_minsk_0005", 6.0)):  # fmt: skip
        whole = [reduced(picture(p), factor) for p in _files(f"vehicles/{place}")[::6]]
        yield from some(place, "0.3-1 m", 0.4, [cut for one in whole for cut in _cuts(one, 1)])
    beijing = [picture(p) for p in _files("change/beijing", "*_[12].jpg")]
    yield from some("beijing", "0.3-1 m", 0.6, [cut for one in beijing for cut in _cuts(one, 1)])
    yield from some("beijing", "1-5 m", 1.8, [reduced(one, 3) for one in beijing])
    yield from some("egy", "0.3-1 m", 0.5, [picture(p) for p in _files("change/egy", "*_[AB].png")])
    joplin = [bands(p, [1, 2, 3]) for p in _files("change/joplin")]
    yield from some("joplin", "0.3-1 m", 0.5, [cut for one in joplin for cut in _cuts(one, 1)])
    yield from some("joplin", "1-5 m", 2.0, [reduced(one, 4) for one in joplin])
    dsifn = [picture(p) for p in _files("change/dsifn", "*_[AB].png")]
    yield from some("dsifn", "1-5 m", 2.0, dsifn)
    naip = [bands(p, [1, 2, 3])[60:-60, 60:-60] for p in _files("stacks/naip")[::3]]
    yield from some("naip", "5-30 m", 5.0, [cut for one in naip for cut in _cuts(one, 1)])
    town = [bands(p, [1, 2, 3]) for p in _files("stacks/pucallpa")[::3]]
    yield from some("pucallpa", "5-30 m", 30.0, [cut for one in town for cut in _cuts(one, 1)])
    for place, names in (
        ("taizhou", ("2000TM", "2003TM")),
        ("nanjing", ("LT51200382000124BJC00_Nanjing", "LT51200382002193BJC00_Nanjing")),
    ):
        found = []
        for name in names:
            whole = bands(ROOT / "change" / place / name, [1, 2, 3, 4, 5, 6]).astype(np.float32)
            found += list(_cuts(np.clip(whole / np.percentile(whole, 99.9), 0, 1), 1))
        yield from some(place, "5-30 m", 30.0, found)
        colours = [np.ascontiguousarray(one[..., [3, 2, 1]]) for one in found]
        yield from some(place, "5-30 m", 30.0, colours)


def twin(array: np.ndarray, seed: int, *, tones: float = 0.03) -> np.ndarray:
    """Return a copy without any change of the ground.

    Each kind of cover gets a tone of its own (deviation ``tones`` of its brightness); light falls
    off over the picture; then a tone curve, a residual shift of deviation 0.4 px, blur, noise, and
    for three bands JPEG of quality 50 to 91.
    """
    rng = np.random.default_rng(seed)
    x = array.astype(np.float32) / (255 if array.dtype == np.uint8 else 1)
    count = x.shape[2]
    soft = cv2.GaussianBlur(x, (0, 0), 2).reshape(-1, count)
    cv2.setRNGSeed(int(rng.integers(1_000_000)))
    some = np.ascontiguousarray(soft[:: max(1, len(soft) // 8_000)])
    limit = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    _, _, middles = cv2.kmeans(some, 6, None, limit, 1, cv2.KMEANS_PP_CENTERS)
    away = np.stack([((soft - one) ** 2).sum(axis=1) for one in middles], axis=1)
    least = away.min(axis=1, keepdims=True)
    share = np.exp(-(away - least) / (8 * np.median(least) + 1e-4))
    share /= share.sum(axis=1, keepdims=True)
    gain = np.exp(rng.normal(0, tones, (6, 1)) + rng.normal(0, tones / 3, (6, count)))
    x = x * (share @ gain).reshape(x.shape)
    down, right = np.mgrid[-1 : 1 : x.shape[0] * 1j, -1 : 1 : x.shape[1] * 1j]
    x *= (1 + rng.normal(0, 0.05) * right + rng.normal(0, 0.05) * down)[..., None]
    x = np.clip(x, 0, 1.5) ** rng.uniform(0.75, 1.33)
    x = moved(x, *rng.normal(0, 0.4, 2))
    blur = rng.uniform(0.3, 0.9)
    x = np.dstack([cv2.GaussianBlur(x[..., k].copy(), (0, 0), blur) for k in range(count)])
    x = np.clip(x + rng.normal(0, rng.uniform(0, 3) / 255, x.shape), 0, 1)
    if count != 3:
        return (x * 255).round().astype(np.float32) / 255
    saved = io.BytesIO()
    image = Image.fromarray((x * 255).round().astype(np.uint8))
    image.save(saved, "JPEG", quality=int(rng.integers(50, 92)))
    return np.asarray(Image.open(saved).convert("RGB"))


def moved(array: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Shift a picture of any number of bands."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]])
    size = array.shape[1::-1]
    return np.dstack(
        [
            cv2.warpAffine(
                np.ascontiguousarray(array[..., k]).astype(np.float32), matrix, size,
                flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT,
            )
            for k in range(array.shape[2])
        ]
    )  # fmt: skip


@contextmanager
def _without_power() -> Iterator[None]:
    """Leave out the objects that `detect` puts in to measure its power: two thirds of its time."""
    own = limit.measure
    limit.measure = lambda *a, **k: limit.NOTHING  # type: ignore[assignment]
    try:
        yield
    finally:
        limit.measure = own


@contextmanager
def _other_light() -> Iterator[None]:
    """Compare pairs as if they were of another light: by structure or spectrum."""
    own = passes._ALIKE
    passes._ALIKE = 2.0
    try:
        yield
    finally:
        passes._ALIKE = own


def scores(part: str, each: int, seeds: int) -> None:
    """Scores of the pixels of twins: the share of p < 0.01, and the table that makes it 1 %."""
    rows = []
    for k, ground in enumerate(grounds(each)):
        if ground.tune != (part == "tune"):
            continue
        for other_light in (False, True):
            for seed in range(seeds):
                tones = (0.12, 0.2)[seed % 2] if other_light and ground.gsd < 5 else 0.03
                copy = twin(ground.picture, 10_000 * seed + k, tones=tones)
                with _without_power(), _other_light() if other_light else nullcontext():
                    found = passes.measure(ground.picture, copy, None, gsd=ground.gsd)
                if isinstance(found, passes.Incomparable):
                    continue
                null, z = found[0].null, found[1].scored.z[found[1].known]
                if (z > STRICT).mean() > MOST_FLAGGED:
                    print(f"left out: {null.kind} on {ground.place}, {(z > STRICT).mean():.0%}")
                    continue
                raw = np.interp(z, tables_of._SCORES[null.kind], tables_of._NODES)
                above = [float((raw > node).mean()) for node in tables_of._NODES]
                rows.append((null.kind, ground.size, ground.place, (z > STRICT).mean(), above))
    print("| detector | pixels of | places | twins | share of p < 0.01 |\n|---|---|---|---|---|")
    for kind, size in sorted({row[:2] for row in rows}):
        group = [row for row in rows if row[:2] == (kind, size)]
        shares = _by_place(group, 3)
        print(f"| {kind} | {size} | {len(shares)} | {len(group)} | {np.mean(shares):.2%} |")
    for kind in sorted({row[0] for row in rows}):
        shares = np.mean(_by_place([row for row in rows if row[0] == kind], 4), axis=0)
        # Below one pixel of a twin nothing is known.
        wanted = -ndtri(np.clip(shares, 1 / SIDE**2, 1 - 1 / SIDE**2))
        print(f'"{kind}": {tuple(float(round(one, 2)) for one in wanted)}')


def _by_place(rows: list[tuple[Any, ...]], column: int) -> list[Any]:
    """Return the mean of a column for each place: places weigh the same."""
    return [
        np.mean([row[column] for row in rows if row[2] == place], axis=0)
        for place in sorted({row[2] for row in rows})
    ]


def twins(part: str, each: int, seeds: int) -> None:
    """Twins without change, and with one object put in: scores, objects and verdicts."""
    statement = Unchanged(id="s", window=Window.parse("2012/2016"))
    rng = np.random.default_rng(5)
    rows = []
    for k, ground in enumerate(grounds(each)):
        if ground.tune != (part == "tune"):
            continue
        smallest = None
        for seed in range(seeds):
            copy = twin(ground.picture, 10_000 * seed + k)
            # The power of six twins is measured; the others have that of the last of these.
            with nullcontext() if seed < 6 else _without_power():
                found = change.detect(ground.picture, copy, gsd=ground.gsd)
            smallest = found.smallest_m if seed < 6 else smallest
            found = replace(found, smallest_m=smallest, incomparable="")
            score = found.score[found.score != 0]
            row = {
                "place": ground.place,
                "size": ground.size,
                "detector": found.detector,
                "share": float((score > 2.326).mean()) if found.detector else None,
                "q": [round(one.q_value, 4) for one in found.regions],
                "limit": smallest,
                "twin": decide(statement, found, ground.gsd)[0].value,
            }
            side = int(np.ceil(rng.uniform(1.5, 3.0) * (smallest or 0) / ground.gsd))
            # Six twins of a picture get an object; the others count for false alarms alone.
            if found.detector == "tone" and 0 < side < 80 and copy.dtype == np.uint8 and seed < 6:
                changed = _with_object(copy, side, float(rng.uniform(0.15, 0.3)), rng)
                with _without_power():
                    again = change.detect(ground.picture, changed, gsd=ground.gsd)
                row["planted"] = decide(
                    statement, replace(again, smallest_m=smallest, incomparable=""), ground.gsd
                )[0].value
                row["side"] = side
            rows.append(row)
            print(json.dumps(row), flush=True)
    _tables(rows)
    if part == "report":
        _rates(rows)


# Borders of the sizes of objects, pixels.
_SIZES = (3.0, 5.0, 8.0, 12.0, 18.0, 28.0, 41.0)


def _look(kind: str, side: int, contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Return what an object adds to the brightness of square ground: a look the engine lacks."""
    y, x = (np.indices((side, side)) + 0.5) / side * 2 - 1
    turn = rng.uniform(0, 2 * np.pi)
    along, across = (
        x * np.cos(turn) + y * np.sin(turn),
        y * np.cos(turn) - x * np.sin(turn),
    )
    if kind == "vehicle":
        body, shadow = (np.abs(across) < 0.3), (across >= 0.3) & (across < 0.55)
        return contrast * (np.abs(along) < 0.8) * (rng.choice([-1, 1]) * body - 0.8 * shadow)
    if kind == "roof":
        halves = np.where(across > 0, 1.0, 0.75)
        return contrast * rng.choice([-1, 1]) * halves * (np.maximum(abs(along), abs(across)) < 0.8)
    if kind == "berm":
        ridge = np.exp(-((across / 0.18) ** 2)) * (np.abs(along) < 0.95)
        return np.asarray(contrast * 2.3 * ridge * across / 0.18)
    radius = np.hypot(x, y)
    slope = np.where(radius < 0.7, -radius / 0.7, 2 * np.exp(-((radius - 0.85) ** 2) / 0.01))
    return np.asarray(contrast * slope * along / np.maximum(radius, 0.1) * (radius < 1))


def _predicted(measured: limit.Power, kind: str, side: int, contrast: float) -> float:
    """Return what the table of a pair states for the look that comes nearest."""
    look = "block" if kind in ("roof", "vehicle") else "pit"
    by_contrast = []
    for one in limit.CONTRASTS:
        shares = [t.expected for t in measured.tried if (t.look, t.contrast) == (look, one)]
        by_contrast.append(np.interp(np.log(side), np.log(limit.SIDES), shares))
    return float(np.interp(np.log(contrast), np.log(limit.CONTRASTS), by_contrast))


def power(part: str, each: int, seeds: int) -> None:
    """Objects of looks that the engine does not plant: what it predicts, and what is found."""
    kinds = ("roof", "vehicle", "crater", "berm")
    rows = []
    for k, ground in enumerate(grounds(each)):
        if ground.tune != (part == "tune"):
            continue
        for seed in range(seeds):
            rng = np.random.default_rng(1_000 * seed + k)
            copy = twin(ground.picture, 10_000 * seed + k)
            if copy.dtype != np.uint8:
                continue
            found = change.detect(ground.picture, copy, gsd=ground.gsd)
            if found.detector != "tone" or found.incomparable:
                continue
            changed, placed = copy.astype(np.float32), []
            for top, left in ((a, b) for a in (12, 84, 156) for b in (12, 84, 156)):
                side = int(np.exp(rng.uniform(np.log(3), np.log(41))))
                kind, contrast = str(rng.choice(kinds)), float(rng.uniform(0.08, 0.3))
                inside = np.s_[top : top + side, left : left + side]
                if changed[inside].shape[:2] != (side, side) or found.mask[inside].any():
                    continue
                changed[inside] += 255 * _look(kind, side, contrast, rng)[..., None]
                predicted = _predicted(found.power, kind, side, contrast)
                placed.append((kind, side, predicted, inside))
            changed = np.clip(changed, 0, 255).astype(np.uint8)
            with _without_power():
                again = change.detect(ground.picture, changed, gsd=ground.gsd)
            for kind, side, predicted, inside in placed:
                rows.append((kind, side, predicted, bool(again.mask[inside].mean() >= 0.15)))
    print("| looks | side, pixels | predicted | found |\n|---|---|---|---|")
    for name in ("all", *kinds):
        for low, high in pairwise(_SIZES):
            group = [r for r in rows if low <= r[1] < high and name in ("all", r[0])]
            hits = sum(r[3] for r in group)
            mean = np.mean([r[2] for r in group]) if group else np.nan
            print(f"| {name} | {low:.0f}-{high - 1:.0f} | {mean:.2f} | {share(hits, len(group))} |")


def _tables(rows: list[dict[str, Any]]) -> None:
    print("| pixels of | detector | places | twins | p < 0.01 | with an object of q <= .05 |")
    print("|---|---|---|---|---|---|")
    for size, detector in sorted({(r["size"], r["detector"]) for r in rows if r["detector"]}):
        group = [r for r in rows if (r["size"], r["detector"]) == (size, detector)]
        places = sorted({r["place"] for r in group})
        means = [np.mean([r["share"] for r in group if r["place"] == p]) for p in places]
        wrong = sum(min(r["q"], default=1) <= 0.05 for r in group)
        print(
            f"| {size} | {detector} | {len(places)} | {len(group)} | {np.mean(means):.2%} "
            f"| {share(wrong, len(group))} |"
        )
    for key in ("twin", "planted"):
        said = [r[key] for r in rows if key in r and r["size"] != "5-30 m"]
        print(key, {one: share(said.count(one), len(said)) for one in sorted(set(said))})


def _rates(rows: list[dict[str, Any]]) -> None:
    where = "docs/benchmarks/change.md, verdicts"
    fine = [r for r in rows if r["detector"] == "tone" and r["size"] != "5-30 m"]
    compared, planted = fine, [r for r in fine if "planted" in r]
    calibrate.write(
        "change.since-reference",
        "changed",
        errors=sum(r["twin"] == "contradicts" for r in compared),
        trials=len(compared),
        calibration=where,
        what="pairs of one light without change were called changed",
    )
    calibrate.write(
        "change.since-reference",
        "unchanged",
        errors=sum(r["planted"] == "supports" for r in planted),
        trials=len(planted),
        calibration=where,
        what="pairs with a change of the named size or more were called unchanged",
    )


def _with_object(
    copy: np.ndarray, side: int, contrast: float, rng: np.random.Generator
) -> np.ndarray:
    """Put a square with a little of the texture of its ground into a picture of bytes."""
    result = copy.astype(np.float32)
    top = int(rng.integers(10, copy.shape[0] - side - 10))
    left = int(rng.integers(10, copy.shape[1] - side - 10))
    part = result[top : top + side, left : left + side]
    level = np.median(part, axis=(0, 1))
    step = contrast * 255 * rng.choice([-1, 1])
    if not 10 < level.mean() + step < 245:
        step = -step
    part[:] = level + step + 0.3 * (part - level)
    return np.clip(result, 0, 255).astype(np.uint8)


def main() -> None:
    """Parse the options and print the tables."""
    tables = {f.__name__: f for f in (twins, scores, power)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="*", default=["twins"], help=", ".join(tables))
    parser.add_argument("--part", choices=("tune", "report"), default="report")
    parser.add_argument("--each", type=int, default=3, help="pictures of each place")
    parser.add_argument("--seeds", type=int, default=8, help="twins of each picture")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for name in options.table:
        start = time.process_time()
        print(f"\n{name} ({options.part}): {tables[name].__doc__}\n")
        tables[name](options.part, options.each, options.seeds)
        print(f"\n{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
