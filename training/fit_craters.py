"""Learn the rescoring of crater candidates and its null: writes craters.json.

    python -m training.fit_craters -o craters.json

Real pictures of some places, which hold no crater, are the background; craters of many
shapes, planted into the same pictures, are what is looked for. The rates of false proposals are
measured on pictures of these places that took no part in the learning.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import crater_search as detector
from imgcheck.detect import injection, shipped, visible
from training import pictures as data
from training.logistic import fit as logistic

BANDS = (0.0, 12.0, 20.0, 45.0)  # first diameter in pixels
LARGEST_PX = 130.0
PENALTY = 10.0
REPEATS = 6  # times craters are planted into each picture


def plant_many(
    picture: NDArray[np.float32], rng: np.random.Generator, *, count: int, azimuth: float
) -> list[tuple[float, float, float]]:
    """Plant craters into a picture, in place; centres (corner convention) and diameters."""
    placed: list[tuple[float, float, float]] = []
    for _ in range(8 * count):
        if len(placed) == count:
            break
        diameter = math.exp(rng.uniform(math.log(8), math.log(90)))
        edge = int(0.8 * diameter) + 1
        if 2 * edge >= min(picture.shape):
            continue
        x = int(rng.integers(edge, picture.shape[1] - edge))
        y = int(rng.integers(edge, picture.shape[0] - edge))
        if any(math.hypot(x - a, y - b) < 1.2 * (diameter + d) for a, b, d in placed):
            continue
        kind = injection.LOOKS[int(rng.integers(len(injection.LOOKS)))]
        look = injection.random_look(rng, kind, diameter_px=diameter, sun_azimuth_deg=azimuth)
        change = injection.render(look, rng=rng, blur_px=float(rng.uniform(0.5, 1.2)))
        injection.plant(picture, change, x, y)
        placed.append((x + 0.5, y + 0.5, diameter))
    return placed


def search(picture: NDArray[np.float32], azimuth: float | None) -> detector.Candidates:
    """Candidates of the sizes the calibration covers."""
    return detector.candidates(
        picture,
        smallest_px=visible.FEWEST_PX,
        largest_px=min(LARGEST_PX, min(picture.shape) / detector.SUPPORT),
        blur_px=0.7,
        azimuth_deg=azimuth,
    )


def learn(known: bool, *, most: int) -> tuple[NDArray[np.float64], ...]:
    """Mean, scale and weights (bias last) of the rescoring."""
    rng = np.random.default_rng(11 + known)
    features, labels = [], []
    for name in data.NULL_TUNED:
        for picture in data.place(name, most=2 * most)[::2]:
            for turn in range(REPEATS):
                azimuth = float(rng.uniform(0, 360))
                if turn < 2:
                    empty = search(data.gray(picture), azimuth if known else None)
                    pick = rng.random(len(empty.x)) < 3000 / max(len(empty.x), 1)
                    features.append(empty.features[pick])
                    labels.append(np.zeros(int(pick.sum())))
                hit = data.gray(picture)
                placed = np.array(plant_many(hit, rng, count=25, azimuth=azimuth)).reshape(-1, 3)
                found = search(hit, azimuth if known else None)
                gap = np.hypot(found.x[:, None] - placed[:, 0], found.y[:, None] - placed[:, 1])
                size = np.abs(np.log2(found.diameter[:, None] / placed[:, 2]))
                real = ((gap < 0.12 * placed[:, 2]) & (size < 0.3)).any(axis=1)
                features.append(found.features[real])
                labels.append(np.ones(int(real.sum())))
    x, y = np.concatenate(features), np.concatenate(labels)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    return mean, scale, logistic((x - mean) / scale, y, penalty=PENALTY)


def tails(
    model: shipped.CraterModel, known: bool, *, most: int
) -> list[tuple[float, float, float]]:
    """Fit, for every size band, how the rate of false proposals falls with the raw score."""
    rng = np.random.default_rng(21)
    megapixels, scores, sizes = 0.0, [], []
    for name in data.NULL_TUNED:
        for picture in data.place(name, most=2 * most)[1::2]:
            gray = data.gray(picture)
            azimuth = float(rng.uniform(0, 360)) if known else None
            found = search(gray, azimuth)
            raw = detector.raw_score(found, model)
            best = raw > -4
            kept = detector.best_discs(found, raw, best)
            scores.append(raw[kept])
            sizes.append(found.diameter[kept])
            megapixels += gray.size / 1e6
    score, size = np.concatenate(scores), np.concatenate(sizes)
    rows = []
    for low, high in zip(BANDS, (*BANDS[1:], math.inf), strict=True):
        top = np.sort(score[(size >= low) & (size < high)])[::-1]
        # From the 3rd best to 10 a megapixel: the part the threshold lies in.
        last = min(len(top) - 1, max(20, int(10 * megapixels)))
        rank = np.arange(3, last)
        b, a = np.polyfit(top[3:last], np.log10((rank + 0.5) / megapixels), 1)
        rows.append((low, round(float(a), 3), round(float(-b), 4)))
        print(f"  {low:g} px and more: log10(false/Mpx) = {a:.2f} - {-b:.3f} score, {len(top)}")
    return rows


def main() -> None:
    """Learn both models, fit their tails, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--most", type=int, default=6, help="pictures a place for each purpose")
    options = parser.parse_args()
    content: dict[str, object] = {"origin": "training/fit_craters.py"}
    for known in (True, False):
        print("azimuth known" if known else "azimuth unknown")
        mean, scale, weights = learn(known, most=options.most)
        model = shipped.CraterModel(
            calibration="",
            mean=mean,
            scale=scale,
            weights=weights[:-1],
            bias=float(weights[-1]),
            tails=(),
            false_per_megapixel=(1, 1, 1),
        )
        content["known" if known else "unknown"] = {
            "calibration": "detect.craters/2026-11: false alarms on pictures of Bogota, North "
            "Dakota and Munich; craters planted, not real",
            "mean": [round(float(v), 5) for v in mean],
            "scale": [round(float(v), 5) for v in scale],
            "weights": [round(float(v), 5) for v in weights[:-1]],
            "bias": round(float(weights[-1]), 5),
            "tails": tails(model, known, most=options.most),
            # Five places that took no part: 0.0 to 2.6 a megapixel (benchmarks: detect, craters).
            "false_per_megapixel": [1.3, 0.3, 5.0],
        }
    options.output.write_text(json.dumps(content, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
