"""From scores of scenes to probabilities, recall and their spread from place to place."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import counting, shipped
from imgcheck.detect import vehicle_search as detector
from training import pictures as data
from training.logistic import fit as logistic

Array = NDArray[np.float64]
# A proposal is shown from this probability on, as an average over places.
SHOWN_FROM = 0.2
# Two or three scenes say little about how scenes differ: the spread of log odds that was measured
# is widened to the upper end of its 80 % interval, and is never below that of a factor of two.
LEAST_SPREAD = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture scored by a template that was not learned on it."""

    scene: str
    gsd: float
    score: Array
    label: NDArray[np.int64]
    truth: int


def frames(
    picture: NDArray[np.uint8],
    boxes: Array,
    *,
    scene: str,
    gsd: float,
    model: shipped.VehicleModel,
) -> Frame:
    """Score and match one picture."""
    found = detector.candidates(picture.astype(np.float32) / 255, gsd=gsd, model=model)
    width = found.length_m * (detector.NOMINAL_M[1] / detector.NOMINAL_M[0])
    sized = zip(found.x, found.y, found.length_m / gsd, width / gsd, found.heading, strict=True)
    labels, _ = data.match(list(sized), boxes)
    return Frame(
        scene=scene,
        gsd=gsd,
        score=found.score,
        label=np.array(labels, np.int64),
        truth=int(np.isin(boxes[:, 0], data.COUNTED).sum()),
    )


def average_precision(rows: list[Frame]) -> float:
    """Area under precision over recall (precision made monotone)."""
    score = np.concatenate([r.score for r in rows])
    label = np.concatenate([r.label for r in rows])
    order = np.argsort(-score[label >= 0])
    real = label[label >= 0][order]
    precision = np.cumsum(real) / np.arange(1, len(real) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * real).sum() / sum(r.truth for r in rows))


def _pooled(rows: list[Frame], low: float = -math.inf) -> tuple[Array, Array, int]:
    score = np.concatenate([r.score for r in rows])
    label = np.concatenate([r.label for r in rows]).astype(float)
    use = (label >= 0) & (score >= low)
    return score[use], label[use], sum(r.truth for r in rows)


def _odds(share: float) -> float:
    return math.log(share / (1 - share))


def _spread(values: list[float]) -> float:
    """Standard deviation between scenes, at the upper end of its 80 % interval."""
    # Lower 10 % points of chi-square with 1 .. 5 degrees of freedom, per degree.
    widening = {1: 0.0158, 2: 0.105, 3: 0.195, 4: 0.266, 5: 0.322}
    degrees = len(values) - 1
    spread = float(np.std(values, ddof=1)) / math.sqrt(widening[max(degrees, 2)])
    return max(LEAST_SPREAD, min(spread, 1.5))


def calibrate(rows: list[Frame]) -> dict[str, float]:
    """Odds of a score, threshold, recall, and how both vary between scenes.

    Every scene has the same weight, however many frames it has.
    """
    names = sorted({r.scene for r in rows})
    by_scene = [[r for r in rows if r.scene == name] for name in names]
    scores, labels, weights = [], [], []
    for mine in by_scene:
        score, label, _ = _pooled(mine)
        scores.append(score)
        labels.append(label)
        weights.append(np.full(len(score), 500 / len(score)))
    slope, offset = logistic(
        np.concatenate(scores)[:, None],
        np.concatenate(labels),
        penalty=1e-3,
        weight=np.concatenate(weights),
    )
    shifts = []
    for score, label in zip(scores, labels, strict=True):
        shifts.append(_shift(score, label, slope, offset))
    spread = _spread(shifts)
    # The probability averaged over places is that of odds shrunk by the spread.
    shrink = math.sqrt(1 + math.pi * spread**2 / 8)
    threshold = (_odds(SHOWN_FROM) * shrink - offset) / slope
    recalls = []
    for mine in by_scene:
        _, label, truth = _pooled(mine, threshold)
        recalls.append(_odds((label.sum() + 0.5) / (truth + 1)))
    return {
        "slope": round(float(slope), 4),
        "offset": round(float(offset), 4),
        "threshold": round(float(threshold), 3),
        "odds_spread": round(spread, 3),
        "recall_odds": round(float(np.mean(recalls)), 3),
        "recall_spread": round(_spread(recalls), 3),
    }


def _shift(score: Array, label: Array, slope: float, offset: float) -> float:
    """What must be added to the log odds of one scene so that they fit its share of real ones."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = 1 / (1 + np.exp(-(slope * score + offset + middle)))
        low, high = (middle, high) if expected.sum() < label.sum() else (low, middle)
    return (low + high) / 2


def report(rows: list[Frame], model_with: "ModelMaker") -> None:
    """Every scene by a calibration from the other scenes: reliability of p, cover of counts."""
    places = sorted({_place(r.scene) for r in rows})
    pairs: list[tuple[float, int]] = []
    print(
        "| scene left out | gsd m | precision | recall | truth in 95 % interval | width / truth |"
    )
    print("|---|---|---|---|---|---|")
    for place in places:
        numbers = calibrate([r for r in rows if _place(r.scene) != place])
        model = model_with(numbers)
        for gsd in sorted({r.gsd for r in rows}):
            mine = [r for r in rows if _place(r.scene) == place and r.gsd == gsd]
            real = false = truth = covered = 0
            widths = []
            for row in mine:
                keep = (row.score >= model.threshold) & (row.label >= 0)
                real += int(row.label[keep].sum())
                false += int((row.label[keep] == 0).sum())
                truth += row.truth
                p = detector.probability(row.score[keep], model)
                pairs += list(zip(p.tolist(), row.label[keep].tolist(), strict=True))
                number = counting.interval(row.score[keep], model, level=0.95)
                covered += number[0] <= row.truth <= number[2]
                widths.append((number[2] - number[0]) / max(row.truth, 1))
            print(
                f"| {place} | {gsd} | {real / max(real + false, 1):.2f} ({real}/{real + false}) "
                f"| {real / truth:.2f} ({real}/{truth}) | {covered}/{len(mine)} "
                f"| {np.median(widths):.1f} |"
            )
    print("\n| p | mean p | share real, scene left out |\n|---|---|---|")
    values = np.array(pairs)
    for low, high in ((0.2, 0.35), (0.35, 0.5), (0.5, 0.65), (0.65, 0.8), (0.8, 1.0)):
        bin_ = values[(values[:, 0] >= low) & (values[:, 0] < high)]
        if len(bin_):
            print(
                f"| {low}-{high} | {bin_[:, 0].mean():.2f} "
                f"| {bin_[:, 1].mean():.2f} ({int(bin_[:, 1].sum())}/{len(bin_)}) |"
            )


def _place(scene: str) -> str:
    return scene.split("/")[0]


class ModelMaker:
    """Makes a model of fixed weights with other calibration numbers."""

    def __init__(self, weights: Array) -> None:
        self.weights = weights

    def __call__(self, numbers: dict[str, float]) -> shipped.VehicleModel:
        from training.fit_vehicles import as_model

        return as_model(self.weights, **numbers)
