"""Fit the scorer of `imgcheck.sun.shadow_direction` on rendered pictures of the tuning half.

    python -m training.fit_direction render FOLDER --share 1.0
    python -m training.fit_direction fit FOLDER

The scorer is one hidden layer that all directions share: features of a direction in, a score out.
The scores of 120 directions and of "none" become probabilities (softmax), and the cross entropy
against the true direction (none for overcast pictures) is minimised. Mirror images have the same
features, and rotated pictures the same features shifted, so neither is needed as an example.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from imgcheck.sun.direction import BINS, features
from tests.benchmarks import lit_pictures as lit

_HIDDEN = 12
_PENALTY = 1e-3
_NAMES = ("mean", "scale", "first", "bias", "second", "none")


def _enlarged(sample: tuple[np.ndarray, float], seed: int) -> tuple[np.ndarray, float]:
    return lit.enlarged(sample[0], seed), sample[1]


KINDS = {
    "relief": (160, lambda seed: lit.relief("tune", seed)),
    "relief, no sun": (60, lambda seed: lit.relief("tune", seed, lit=False)),
    "town": (140, lambda seed: lit.town("tune", seed, grid=False)),
    "town, grid": (140, lambda seed: lit.town("tune", seed, grid=True)),
    "town, no sun": (70, lambda seed: lit.town("tune", seed, grid=seed % 2 == 0, lit=False)),
    "wood": (90, lambda seed: lit.wood("tune", seed)),
    "wood, no sun": (40, lambda seed: lit.wood("tune", seed, lit=False)),
    "plain": (50, lambda seed: lit.plain("tune", seed, houses=4 + seed % 20)),
}


def render(folder: Path, share: float) -> None:
    """Store traits, true directions (NaN: none) and kinds; every third picture is posted."""
    traits, truths, kinds = [], [], []
    for name, (count, make) in KINDS.items():
        for seed in range(max(1, round(count * share))):
            gray, truth = make(seed)
            if seed % 3 == 2:
                gray = lit.posted(gray, seed)
            traits.append(features(gray, np.ones(gray.shape, bool)).astype(np.float32))
            truths.append(np.nan if "no sun" in name else truth)
            kinds.append(name)
        print(name, flush=True)
    # A real quarter under a dull sky, the second of two days; the first is kept for the report.
    for gray in lit.dull("103media"):
        traits.append(features(gray, np.ones(gray.shape, bool)).astype(np.float32))
        truths.append(np.nan)
        kinds.append("real, no sun")
    np.savez(folder / "direction_traits.npz", traits=traits, truths=truths, kinds=kinds)


def _first_part(kinds: np.ndarray) -> np.ndarray:
    """Choose three quarters of each kind; the rest sets the confidence that is asked for."""
    use = np.ones(len(kinds), bool)
    for name in set(kinds) - {"real, no sun"}:
        where = np.nonzero(kinds == name)[0]
        use[where[int(len(where) * 0.75) :]] = False
    return use


def targets(truths: np.ndarray) -> np.ndarray:
    """Return (N, 121) probabilities: two degrees around the truth, or none."""
    turn = np.arange(BINS) * (360 / BINS)
    away = (turn - truths[:, None] + 180) % 360 - 180
    wanted = np.exp(-0.5 * (away / 2.0) ** 2)
    wanted = np.nan_to_num(wanted / wanted.sum(axis=1, keepdims=True))
    return np.hstack([wanted, np.isnan(truths)[:, None]])


def fit(traits: np.ndarray, wanted: np.ndarray, rounds: int, seed: int) -> dict[str, np.ndarray]:
    """Minimise the penalised cross entropy."""
    count, _, wide = traits.shape
    mean, scale = traits.mean(axis=(0, 1)), traits.std(axis=(0, 1)) + 1e-6
    rows = np.clip((traits - mean) / scale, -5, 5).reshape(-1, wide).astype(np.float32)
    shapes = ((wide, _HIDDEN), (_HIDDEN,), (_HIDDEN,), (1,))
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parts = np.split(flat, cuts)
        first, bias, second, none = (p.reshape(s) for p, s in zip(parts, shapes, strict=True))
        hidden = np.tanh(rows @ first.astype(np.float32) + bias.astype(np.float32))
        score = (hidden @ second).reshape(count, BINS)
        score = np.hstack([score, np.broadcast_to(none, (count, 1))])
        score -= score.max(axis=1, keepdims=True)
        chance = np.exp(score)
        chance /= chance.sum(axis=1, keepdims=True)
        value = -float(np.sum(wanted * np.log(chance + 1e-12))) / count
        off = (chance - wanted) / count
        inner = off[:, :BINS].reshape(-1, 1).astype(np.float32)
        back = inner * second.astype(np.float32) * (1 - hidden**2)
        slopes = [
            rows.T @ back,
            back.sum(axis=0),
            (hidden * inner).sum(axis=0),
            off[:, BINS:].sum(),
        ]
        gradient = np.concatenate([np.ravel(s) for s in slopes]) + 2 * _PENALTY * flat
        return value + _PENALTY * float(flat @ flat), gradient

    rng = np.random.default_rng(seed)
    start = np.concatenate([rng.normal(0, 0.05, wide * _HIDDEN), np.zeros(_HIDDEN),
                            rng.normal(0, 0.5, _HIDDEN), np.zeros(1)])  # fmt: skip
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    parts = [p.reshape(s) for p, s in zip(np.split(best.x, cuts), shapes, strict=True)]
    return dict(zip(_NAMES, [mean, scale, *parts], strict=True))


def main() -> None:
    """Render or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("render", "fit"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=70)
    options = parser.parse_args()
    if options.what == "render":
        render(options.folder, options.share)
        return
    stored = np.load(options.folder / "direction_traits.npz")
    use = _first_part(stored["kinds"])
    model = fit(stored["traits"][use], targets(stored["truths"][use]), options.rounds, 0)
    np.savez_compressed(
        "imgcheck/sun/direction.npz", **{k: v.astype(np.float32) for k, v in model.items()}
    )


if __name__ == "__main__":
    main()
