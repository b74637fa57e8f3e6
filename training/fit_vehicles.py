"""Learn the vehicle template and its calibration: writes vehicles.json.

    python -m training.fit_vehicles -o vehicles.json

The template is learned on one scene (turned to several headings, at two scales) and on
rendered plains. Probabilities and recall are then calibrated on halves of that scene, scored by
templates that were learned on the other half, and on the two other scenes. What is printed
leaves each scene out of the calibration that it is judged by.
"""

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.detect import shipped, vehicle_template
from imgcheck.detect import vehicle_search as detector
from imgcheck.detect.vehicle_template import STRIDE, channels
from training import pictures as data
from training.calibrate_vehicles import (
    Frame,
    ModelMaker,
    average_precision,
    calibrate,
    frames,
    report,
)
from training.logistic import fit as logistic

Array = NDArray[np.float64]
Sample = tuple[NDArray[np.float32], Array, Array]  # channels, centres (cells), half sizes (cells)
SCALES = (0.3, 0.5)
TURNS = (0, 20, 50, 80)
PENALTY = 50.0
ROUNDS = 4


def _turned(picture: NDArray[np.float32], degrees: float) -> tuple[NDArray[np.float32], Array]:
    """Turn a picture clockwise on a larger canvas; also the matrix on corner coordinates."""
    rows, columns = picture.shape[:2]
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    corners = np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]]) @ turn.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix = np.c_[turn, -low]
    centred = matrix.copy()
    centred[:, 2] += turn @ [0.5, 0.5] - 0.5
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    out = cv2.warpAffine(picture, centred, size, borderMode=cv2.BORDER_REFLECT)
    return np.clip(out, 0, 1), matrix


def _features(maps: NDArray[np.float32], centres: Array, headings: Array) -> Array:
    reach = vehicle_template.REACH
    padded = np.pad(maps, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    out = np.zeros((len(centres), math.prod(vehicle_template.FOLDED)))
    for k, ((x, y), heading) in enumerate(zip(centres, headings, strict=True)):
        row = int(np.clip(y, 0, maps.shape[0] - 1))
        column = int(np.clip(x, 0, maps.shape[1] - 1))
        patch = padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1].reshape(-1)
        out[k] = patch @ vehicle_template.unfolding(float(heading)).reshape(patch.size, -1)
    return out


def _nearest_heading(degrees: float) -> float | None:
    for heading in detector.HEADINGS:
        gap = abs(heading - degrees) % 180
        if min(gap, 180 - gap) <= 6:
            return heading
    return None


class Learner:
    """Collects vehicles and background, then learns, then adds what it takes for vehicles."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.vehicles: list[Array] = []
        self.background: list[Array] = []
        self.samples: list[Sample] = []

    def add(self, picture: NDArray[np.uint8], boxes: Array, headings: Array, gsd: float) -> None:
        """Take one picture; ``headings`` NaN: not known, the box only keeps background away."""
        working, (factor, _) = detector._resampled(
            picture.astype(np.float32) / 255, gsd=gsd, target=detector.WORKING_GSD
        )
        for degrees in TURNS:
            turned, matrix = _turned(working, degrees)
            maps = channels(turned)
            centres = (boxes[:, 1:3] * factor) @ matrix[:, :2].T + matrix[:, 2]
            centres /= STRIDE
            half = boxes[:, 3:5].max(axis=1) * factor / STRIDE / 2
            self.samples.append((maps, centres, half))
            known = [
                (k, _nearest_heading((headings[k] + degrees) % 180))
                for k in range(len(boxes))
                if math.isfinite(headings[k])
            ]
            known = [(k, heading) for k, heading in known if heading is not None]
            if known:
                rows = [k for k, _ in known]
                self.vehicles.append(
                    _features(maps, centres[rows], np.array([heading for _, heading in known]))
                )
            places = self.rng.random((300, 2)) * [maps.shape[1], maps.shape[0]]
            places = places[self._far(places, centres, np.full(len(boxes), 4.0))]
            self.background.append(
                _features(maps, places, self.rng.choice(detector.HEADINGS, len(places)))
            )

    @staticmethod
    def _far(places: Array, centres: Array, reach: Array) -> NDArray[np.bool_]:
        gaps = np.hypot(*(places[:, None] - centres[None]).transpose(2, 0, 1)) - reach
        return (gaps > 0).all(axis=1)

    def learn(self) -> Array:
        """Weights of the stored quadrant, then the bias."""
        real = np.concatenate(self.vehicles)
        weights = None
        for _ in range(ROUNDS):
            false = np.concatenate(self.background)
            weights = logistic(
                np.concatenate([real, false]),
                np.r_[np.ones(len(real)), np.zeros(len(false))],
                penalty=PENALTY,
                start=weights,
            )
            model = as_model(weights)
            for maps, centres, half in self.samples:
                self.background.append(self._taken_in(maps, centres, half, model))
        return weights

    def _taken_in(
        self, maps: NDArray[np.float32], centres: Array, half: Array, model: shipped.VehicleModel
    ) -> Array:
        best = detector.peaks(maps, model=model, floor=-2.0)
        best = best[np.argsort(-best[:, 3])][:200]
        places = best[:, :2] / STRIDE
        far = self._far(places, centres, np.maximum(half * 0.8, 3.0))
        return _features(maps, places[far], best[far, 2])


def as_model(weights: Array, **numbers: object) -> shipped.VehicleModel:
    """Wrap raw weights so that the detector can run with them."""
    values = {
        "calibration": "",
        "threshold": -3.0,
        "gsd_range": (0.0, 0.55),
        "slope": 1.0,
        "offset": 0.0,
        "odds_spread": 0.0,
        "recall_odds": 0.0,
        "recall_spread": 0.0,
        "length_m": (1.0, 1.0),
        "width_m": (1.0, 1.0),
    }
    return shipped.VehicleModel(
        template=weights[:-1].reshape(vehicle_template.FOLDED).astype(np.float32),
        bias=float(weights[-1]),
        **(values | numbers),  # type: ignore[arg-type]
    )


def _half(picture: NDArray[np.uint8], boxes: Array, side: int) -> tuple[NDArray[np.uint8], Array]:
    middle = picture.shape[1] // 2
    inside = (boxes[:, 1] < middle) == (side == 0)
    boxes = boxes[inside].copy()
    if side:
        boxes[:, 1] -= middle
        return picture[:, middle:], boxes
    return picture[:, :middle], boxes


def _axis_headings(boxes: Array) -> Array:
    """Headings of vehicles whose upright box is long: they stand along an image axis."""
    ratio = boxes[:, 3] / boxes[:, 4]
    known = np.where(ratio > 1.8, 90.0, np.where(ratio < 1 / 1.8, 0.0, np.nan))
    known[~np.isin(boxes[:, 0], (0, 3))] = np.nan
    return known


def _add_scene(learner: Learner, *, side: int | None, every: int) -> None:
    for gsd in SCALES:
        for name in data.TUNED_ON:
            for picture, boxes in data.vehicle_frames(name, gsd=gsd, every=every):
                if side is not None:
                    picture, boxes = _half(picture, boxes, side)
                learner.add(picture, boxes, _axis_headings(boxes), gsd)


def _add_plains(learner: Learner, *, count: int) -> None:
    """Rendered dry plains: half with vehicles parked on them, half empty."""
    rng = np.random.default_rng(5)
    for k in range(count):
        plain = scene.arid_plain(seed=100 + k, width_m=150, height_m=120)
        placed = []
        if k % 2 == 0:
            for _ in range(14):
                shade = float(rng.uniform(0.04, 0.7))
                placed.append(
                    scene.Vehicle(
                        x_m=float(rng.uniform(8, 142)),
                        y_m=float(rng.uniform(8, 112)),
                        length_m=float(rng.uniform(4, 5.2)),
                        width_m=float(rng.uniform(1.75, 2.25)),
                        height_m=float(rng.uniform(1.4, 2)),
                        heading_deg=float(rng.uniform(0, 360)),
                        color=(shade, shade * float(rng.uniform(0.8, 1)), shade * 0.85),
                    )
                )
        from dataclasses import replace

        gsd = SCALES[k % 4 // 2]
        picture = scene.render(
            replace(plain, vehicles=tuple(placed)),
            gsd=gsd,
            sun_elevation_deg=float(rng.uniform(30, 65)),
            sun_azimuth_deg=float(rng.uniform(90, 270)),
            seed=k,
            blur_px=float(rng.uniform(0.4, 0.9)),
        )
        items = picture.truth.of("vehicle")
        boxes = np.array(
            [[0, o.x_px, o.y_px, o.length_m / gsd, o.length_m / gsd] for o in items]
        ).reshape(-1, 5)
        headings = np.array([o.heading_deg or 0.0 for o in items]) % 180
        learner.add(picture.rgb, boxes, headings, gsd)


def _learned(*, side: int | None, every: int, plains: int) -> Array:
    learner = Learner(seed=9 if side is None else side)
    _add_scene(learner, side=side, every=every)
    _add_plains(learner, count=plains)
    return learner.learn()


def scored(every: int, plains: int, weights: Array) -> list[Frame]:
    """Halves of the scene by templates of the other half; other scenes by the whole template."""
    rows = []
    for side in (0, 1):
        model = as_model(_learned(side=side, every=every, plains=plains))
        for gsd in SCALES:
            for name in data.TUNED_ON:
                for whole, all_boxes in data.vehicle_frames(name, gsd=gsd, every=every):
                    picture, boxes = _half(whole, all_boxes, 1 - side)
                    scene_name = f"{name}/half {1 - side}"
                    rows.append(frames(picture, boxes, scene=scene_name, gsd=gsd, model=model))
    model = as_model(weights)
    for name in data.REPORTED_ON:
        for gsd in SCALES:
            for picture, boxes in data.vehicle_frames(name, gsd=gsd, every=every):
                rows.append(frames(picture, boxes, scene=name, gsd=gsd, model=model))
    return rows


def main() -> None:
    """Learn, calibrate, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--every", type=int, default=4, help="take every n-th frame (default 4)")
    parser.add_argument("--plains", type=int, default=8, help="rendered plains (default 8)")
    parser.add_argument("--weights", type=Path, help="keep the template of this vehicles.json")
    options = parser.parse_args()
    if options.weights:
        old = json.loads(options.weights.read_text("utf-8"))
        weights = np.array([*old["template"], old["bias"]])
    else:
        weights = _learned(side=None, every=max(1, options.every // 2), plains=options.plains)
    rows = scored(options.every, options.plains, weights)
    for name in sorted({r.scene for r in rows}):
        for gsd in SCALES:
            mine = [r for r in rows if (r.scene, r.gsd) == (name, gsd)]
            print(f"{name}, {gsd} m: average precision {average_precision(mine):.3f}")
    numbers = calibrate(rows)
    report(rows, ModelMaker(weights))
    print("\nshipped, from all scenes:", numbers)
    content = {
        "origin": "training/fit_vehicles.py",
        "calibration": "detect.vehicles/2026-11: streets of three scenes (two in Munich, one in "
        "Minsk), 0.3 and 0.5 m a pixel",
        "shape": list(vehicle_template.FOLDED),
        "template": [round(float(w), 4) for w in weights[:-1]],
        "bias": round(float(weights[-1]), 4),
        "gsd_range": [0.0, 0.55],
        # True over proposed sides of matched vehicles, 2.5 to 97.5 %, on the reported scenes.
        "length_m": [0.8, 1.3],
        "width_m": [0.84, 1.32],
        **numbers,
    }
    options.output.write_text(json.dumps(content, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
