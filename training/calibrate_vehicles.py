"""Threshold, probabilities and recall of the vehicle network: writes vehicles.json.

    python -m training.calibrate_vehicles -o imgcheck/detect/models/vehicles.json \
        --street kit_munichstreet02 ONLY_MOS.onnx

The places are rendered ones of `training.second_look`, searched with the weights beside the output,
and KIT streets at four scales, each searched with weights of the same recipe that never saw
it. To report on a street, calibrate without it. Every place has the same weight. Places differ by a
normal shift of the log odds, whose spread is estimated from them.
"""

import argparse
import hashlib
import json
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import centres, shipped
from training import matching, second_look
from training import pictures as data
from training.jpeg import saved
from training.logistic import fit as logistic
from training.matching import Compared

Array = NDArray[np.float64]
LEAST_SPREAD = 0.5
NEAR_BEST = 0.02


def measured(
    net: cv2.dnn.Net, streets: list[tuple[str, cv2.dnn.Net]], *, pictures: int = 8
) -> list[Compared]:
    """Search every picture of the calibration: the streets with networks of their own."""
    rows = []
    for number in second_look.TUNED_ON:
        for rgb, boxes, gsd in second_look.place(number, pictures=pictures):
            truth, place = boxes.astype(float), f"look {number}"
            rows.append(matching.compare(rgb, truth, place=place, gsd=gsd, net=net))
    for name, mine in streets:
        for gsd in (0.25, 0.4, 0.6, 0.9):
            for rgb, boxes in data.vehicle_frames(name, gsd=gsd, every=4):
                truth, place = matching.upright(boxes), f"{name} {gsd}"
                posted = saved(rgb, 80)
                rows.append(matching.compare(posted, truth, place=place, gsd=gsd, net=mine))
    return rows


def places_of(rows: list[Compared]) -> list[list[Compared]]:
    """Return the rows of each place."""
    return [[r for r in rows if r.place == name] for name in sorted({r.place for r in rows})]


def _odds(share: float) -> float:
    return math.log(share / (1 - share))


def threshold_of(rows: list[Compared]) -> float:
    """Return the highest threshold at which the mean F1 over places is near its best.

    Around its best the mean changes little, the number of false proposals much.
    """
    places = places_of(rows)
    grid = np.arange(-2.5, 2.5, 0.05)
    means = np.array([np.mean([matching.f1(mine, t) for mine in places]) for t in grid])
    return round(float(grid[np.flatnonzero(means >= means.max() - NEAR_BEST)[-1]]), 2)


def calibrate(rows: list[Compared], threshold: float) -> dict[str, float]:
    """Return the numbers of `imgcheck.detect.shipped.VehicleModel` for one threshold."""
    places = places_of(rows)
    features, labels, weights = [], [], []
    for mine in places:
        for r in mine:
            use = (r.label >= 0) & (r.score >= threshold - 1)
            octaves = np.full(use.sum(), shipped.octaves(r.effective))
            features.append(np.c_[r.score[use], octaves])
            labels.append(r.label[use].astype(float))
        total = sum(len(x) for x in labels[-len(mine) :])
        weights += [np.full(len(x), 200 / max(total, 1)) for x in labels[-len(mine) :]]
    slope, coarser, offset = logistic(
        np.concatenate(features), np.concatenate(labels), penalty=1e-2,
        weight=np.concatenate(weights),
    )  # fmt: skip
    shifts, variances, found, excess = [], [], [], []
    for mine in places:
        odds = [slope * r.score + offset + coarser * shipped.octaves(r.effective) for r in mine]
        keep = [(r.label >= 0) & (r.score >= threshold) for r in mine]
        x = np.concatenate([o[k] for o, k in zip(odds, keep, strict=True)])
        y = np.concatenate([r.label[k] for r, k in zip(mine, keep, strict=True)])
        shift, variance = shift_of(x, y)
        shifts.append(shift)
        variances.append(variance)
        real, _, truth = matching.rates(mine, threshold)
        excess.append(np.concatenate([r.score[r.score >= threshold] for r in mine]) - threshold)
        found.append((excess[-1].mean(), _odds((real + 0.5) / (truth + 1)), truth))
    table = np.array(found)
    design = np.c_[np.ones(len(table)), table[:, 0]]
    fitted, *_ = np.linalg.lstsq(design, table[:, 1], rcond=None)
    left, share = table[:, 1] - design @ fitted, 1 / (1 + np.exp(-(design @ fitted)))
    return {
        "slope": round(float(slope), 4),
        "offset": round(float(offset), 4),
        "coarser": round(float(coarser), 4),
        "odds_spread": round(_spread(np.array(shifts), np.array(variances)), 3),
        "recall_odds": round(float(fitted[0]), 3),
        "recall_score": round(float(fitted[1]), 3),
        "recall_spread": round(_spread(left, 1 / (table[:, 2] * share * (1 - share))), 3),
        "mean_excess": round(float(table[:, 0].mean()), 3),
        "excess_spread": round(float(np.mean([one.std() for one in excess])), 3),
    }


def shift_of(odds: Array, label: NDArray[np.int64]) -> tuple[float, float]:
    """Return the shift of the log odds that fits the labels best, and its variance."""
    shift, information = 0.0, 1.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(odds + shift)))
        # A weak prior of one octave of odds keeps places without errors finite.
        information = float((p * (1 - p)).sum()) + 0.25
        shift += float(np.clip((float((label - p).sum()) - 0.25 * shift) / information, -1, 1))
    return shift, 1 / information


def _spread(values: Array, variances: Array) -> float:
    """Return the standard deviation between places beyond that of sampling."""
    between = max(float(np.var(values, ddof=1)) - float(np.mean(variances)), 0.0)
    return max(LEAST_SPREAD, math.sqrt(between))


def sizes(rows: list[Compared]) -> dict[str, tuple[float, float]]:
    """Return the factors on length and width that hold the truth in 90 %."""
    table = np.concatenate([r.sizes for r in rows])
    ratios = table[:, [1, 3]] / table[:, [0, 2]]
    low, high = np.nanquantile(ratios, [0.05, 0.95], axis=0)
    return {
        name: (round(float(low[k]), 3), round(float(high[k]), 3))
        for k, name in enumerate(("length_m", "width_m"))
    }


def main() -> None:
    """Calibrate and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--street", nargs=2, action="append", default=[],
                        metavar=("NAME", "ONNX"))  # fmt: skip
    options = parser.parse_args()
    cv2.setNumThreads(1)
    weights = options.output.with_suffix(".onnx").read_bytes()
    streets = [(name, centres.load(Path(path).read_bytes())) for name, path in options.street]
    rows = measured(centres.load(weights), streets)
    threshold = threshold_of(rows)
    numbers = {
        "calibration": "detect, vehicles",
        "threshold": threshold,
        "coarsest_m": 1.0,
        **calibrate(rows, threshold),
        **sizes(rows),
        "origin": {
            "command": "python -m training.calibrate_vehicles",
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
            "places": [r[0].place for r in places_of(rows)],
        },
    }
    options.output.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()
