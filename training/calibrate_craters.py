"""Measure how often the crater network proposes what is none, and write craters.json.

    python -m training.calibrate_craters -o imgcheck/detect/models/craters.json

The pictures are of places without craters (`CALIBRATED`) that the network was not trained on and
that no benchmark reports. Errors of the diameter come from craters of the looks of
`imgcheck.detect.injection`, planted into the same pictures.
"""

import argparse
import hashlib
import json
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import centres, crater_network, crater_search, injection, planting
from training import pictures as data
from training.jpeg import saved

CALIBRATED = ("brighton", "neon", "copr", "joplin")
# Without a known sun, crowns of trees look more like craters: one crossroads with many.
CROWNS = {"dji_minsk_0005": 4}
BANDS = (0.0, 10.0, 18.0)  # first diameter in pixels
LARGEST_PX = 110.0
SHRINKS = (1.0, 1.6)
_QUALITY = 85
_SIZES_PX = (8.0, 12.0, 18.0, 28.0, 45.0)


def grounds(name: str, *, most: int) -> list[NDArray[np.uint8]]:
    """Return pictures of a place at two scales, saved as JPEG."""
    out = []
    for picture in data.crater_free(name, most=most):
        for shrink in SHRINKS:
            total = max(shrink, math.sqrt(picture.shape[0] * picture.shape[1] / 1.2e6))
            size = (round(picture.shape[1] / total), round(picture.shape[0] / total))
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            out.append(saved(np.asarray(small, np.uint8), _QUALITY))
    return out


def search(
    net: cv2.dnn.Net, gray: NDArray[np.float32], azimuth: float | None
) -> NDArray[np.float64]:
    """Return x, y, diameter and heat of all candidates, none within a better one."""
    largest = min(LARGEST_PX, min(gray.shape) / crater_search.SUPPORT)
    found = crater_network.candidates(
        gray, smallest_px=crater_network.SMALLEST_PX, largest_px=largest, azimuth_deg=azimuth,
        net=net,
    )  # fmt: skip
    kept = crater_search.best_discs(found, found.heat, np.ones(len(found.heat), bool))
    return np.column_stack([found.x, found.y, found.diameter, found.heat])[kept]


def tail(heat: NDArray[np.float64], megapixels: float) -> tuple[float, float]:
    """Fit log10(false proposals per megapixel) = a - b heat, from the 2nd to 2 a megapixel."""
    top = np.sort(heat)[::-1]
    last = min(len(top) - 1, max(12, int(2 * megapixels)))
    rank = np.arange(1, last)
    slope, a = np.polyfit(top[1:last], np.log10((rank + 0.5) / megapixels), 1)
    return float(a), float(-slope)


def ratios(net: cv2.dnn.Net, picture: NDArray[np.uint8], *, seed: int) -> list[float]:
    """Return true over proposed diameters of craters planted into a picture."""
    rng = np.random.default_rng([23, seed])
    gray = data.gray(picture)
    where = planting.grounds(gray, np.ones(gray.shape, bool))
    objects = planting.wanted(list(_SIZES_PX), looks=len(injection.LOOKS), trials=8)
    spots = next(planting.passes(where, objects, rng=rng, most=1), [])
    azimuth = float(rng.uniform(0, 360))
    for spot in spots:
        look = injection.random_look(
            rng, injection.LOOKS[spot.what.look], diameter_px=spot.what.size_px,
            sun_azimuth_deg=azimuth,
        )  # fmt: skip
        change = injection.render(look, rng=rng, blur_px=0.7)
        injection.plant(gray, change, spot.x, spot.y)
    found = search(net, gray, azimuth)
    found = found[found[:, 3] > 0]
    out = []
    for spot in spots:
        gap = np.hypot(found[:, 0] - spot.x - 0.5, found[:, 1] - spot.y - 0.5)
        near = np.flatnonzero(gap < 0.25 * spot.what.size_px)
        out += [spot.what.size_px / float(found[near[0], 2])] if len(near) else []
    return out


def model(net: cv2.dnn.Net, *, known: bool, most: int) -> dict[str, object]:
    """Return tails, and the rates at the threshold, by place."""
    rng = np.random.default_rng(21)
    found, area = [], []
    places = dict.fromkeys(CALIBRATED, most) | ({} if known else CROWNS)
    for name, number in places.items():
        pictures = [data.gray(picture) for picture in grounds(name, most=number)]
        rows = [search(net, p, float(rng.uniform(0, 360)) if known else None) for p in pictures]
        found.append(np.concatenate(rows))
        area.append(sum(p.size for p in pictures) / 1e6)
    every, megapixels = np.concatenate(found), sum(area)

    def band(rows: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.searchsorted(BANDS, rows[:, 2], side="right") - 1

    tails = [tail(every[band(every) == k, 3], megapixels) for k in range(len(BANDS))]
    a, b = np.array(tails).T
    wanted = math.log10(crater_search.FALSE_PER_MEGAPIXEL / len(BANDS))
    rates = []
    for rows, mine in zip(found, area, strict=True):
        k = band(rows)
        rates.append(float((a[k] - b[k] * rows[:, 3] <= wanted).sum() / mine))
    print("sun known" if known else "sun unknown", [f"{x:.3f}, {y:.3f}" for x, y in tails],
          dict(zip(places, np.round(rates, 2).tolist(), strict=True)))  # fmt: skip
    return {
        "calibration": "detect.craters/2026-11b: false alarms on pictures of Duluth, Joplin, two "
        f"forests and a beach{'' if known else ', and of Minsk'}; craters rendered, not real",
        "tails": [
            [low, round(x, 3), round(y, 4)] for low, (x, y) in zip(BANDS, tails, strict=True)
        ],
        "false_per_megapixel": [1.0, round(min(rates) / 2, 2), round(2 * max(rates), 2)],
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="instead of those of the package")
    parser.add_argument("--most", type=int, default=8, help="pictures a place")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    given = options.weights
    weights = given.read_bytes() if given else centres.content("craters.onnx")
    content: dict[str, object] = {
        "origin": {
            "command": "python -m training.calibrate_craters",
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
        }
    }
    net = centres.load(weights)
    pictures = [p for name in CALIBRATED for p in grounds(name, most=2)]
    factors = [r for k, picture in enumerate(pictures) for r in ratios(net, picture, seed=k)]
    span = [round(float(v), 3) for v in np.quantile(factors, [0.025, 0.975])]
    print(len(factors), "diameters", span)
    for known in (True, False):
        row = model(net, known=known, most=options.most)
        content["known" if known else "unknown"] = row | {"diameter": span}
    options.output.write_text(json.dumps(content, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
