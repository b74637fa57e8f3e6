"""What is masked as drawn over: in hard pictures without a drawing, and in drawn-over ones.

    python -m tests.benchmarks.masks hard --count 288
    python -m tests.benchmarks.masks drawn --count 120
    python -m tests.benchmarks.masks hard drawn --split tune

Real pictures of the places of `altered_product` are made dark, noisy, over-exposed, foggy, snowy or
flooded, or drawn over with known strokes, labels, writing and redactions. Prints Markdown.
"""

import argparse
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import annotations
from imgcheck.imaging.pixels import Float32, Mask
from imgcheck.quantity import binomial_interval
from tests.benchmarks import altered_product, copies, posting
from tests.benchmarks.hashing import jpeg

Pixels = NDArray[np.uint8]
Maker = Callable[[Float32, np.random.Generator], Float32]
SEED = 20180302
_HALF, _TENTH = 0.5, 0.1
# A pixel that a drawing changed by fewer gray levels need not be masked.
_CHANGED = 30


def _soft(p: Float32, rng: np.random.Generator, low: float, high: float) -> Float32:
    """Return a smooth random field in [0, 1] that is 0 over most of the picture."""
    field = cv2.GaussianBlur(
        rng.normal(0, 1, p.shape[:2]).astype(np.float32), (0, 0), float(rng.uniform(low, high))
    )
    cut = np.quantile(field, float(rng.uniform(0.4, 0.7)))
    return np.asarray(np.clip((field - cut) / (np.std(field) / 8), 0, 1)[..., None], np.float32)


def _night(p: Float32, rng: np.random.Generator) -> Float32:
    """Dark and noisy, with lamps."""
    dark = 255 * (p / 255) ** rng.uniform(1.3, 2.5) * rng.uniform(0.1, 0.5)
    lamps = np.zeros(p.shape[:2], np.float32)
    spots = rng.integers(0, p.shape[:2], (int(rng.integers(10, 150)), 2))
    lamps[spots[:, 0], spots[:, 1]] = 1
    size = float(rng.uniform(1, 4))
    glow = cv2.GaussianBlur(lamps, (0, 0), size) * 2 * np.pi * size**2 * 255
    noise = rng.normal(0, rng.uniform(1, 8), p.shape)
    return np.asarray(dark + np.minimum(glow, 255)[..., None] + noise, np.float32)


def _dark(p: Float32, rng: np.random.Generator) -> Float32:
    return np.asarray(p * rng.uniform(0.05, 0.25), np.float32)


def _over(p: Float32, rng: np.random.Generator) -> Float32:
    return np.asarray(p * rng.uniform(1.5, 4) + rng.uniform(0, 80), np.float32)


def _fog(p: Float32, rng: np.random.Generator) -> Float32:
    left = rng.uniform(0.05, 0.25)
    return np.asarray(p * left + 255 * (1 - left) * rng.uniform(0.7, 1.1), np.float32)


def _snow(p: Float32, rng: np.random.Generator) -> Float32:
    gray = p.mean(axis=-1, keepdims=True)
    white = np.clip((gray - np.quantile(gray, rng.uniform(0.1, 0.5))) / 30 + 0.5, 0, 1)
    return np.asarray(white * rng.uniform(225, 255) + (1 - white) * p * 0.7, np.float32)


def _water(p: Float32, rng: np.random.Generator) -> Float32:
    wet = _soft(p, rng, 20, 60)
    tone = rng.uniform(2, 60) * np.array([0.6, 0.9, 1.0], np.float32)
    ripple = rng.normal(0, rng.uniform(0.5, 4), p.shape[:2])[..., None]
    return np.asarray(wet * (tone + ripple) + (1 - wet) * p, np.float32)


HARD: dict[str, Maker] = {
    "night": _night, "dark": _dark, "over-exposed": _over, "fog": _fog, "snow": _snow,
    "water": _water,
}  # fmt: skip


def hard(split: str, count: int) -> Iterator[tuple[str, str, float, float]]:
    """Give (kind, place, share found, share suspected) of pictures without a drawing."""
    for number in range(count):
        rng = np.random.default_rng([SEED, 1, number])
        place, path = altered_product.sources(split, number, rng)
        pixels = altered_product.held(path, 1000).astype(np.float32)
        kind = list(HARD)[(number + number // len(altered_product.PLACES[split])) % len(HARD)]
        made = np.clip(np.round(HARD[kind](pixels, rng)), 0, 255).astype(np.uint8)
        shown = jpeg(made, int(rng.integers(40, 93))).rgb()
        # Before a mask over half the picture is dropped.
        unmasked = annotations.dropped(shown)
        taken = unmasked or float(annotations.suspect(shown).mean())
        yield kind, place, float(annotations.find(shown).mean()), taken


def _posting(p: Pixels, rng: np.random.Generator) -> Pixels:
    posting.draw(p, rng)
    return p


def _lines(p: Pixels, rng: np.random.Generator) -> Pixels:
    """Write two to four lines of white or black letters on the ground."""
    ink = (255,) * 3 if rng.random() < 0.7 else (0,) * 3
    for text in ("TWO VEHICLES", "10 SEPTEMBER 2017", "bridge destroyed", "35.336 N 40.141 E")[
        : int(rng.integers(2, 5))
    ]:
        size, font = float(rng.uniform(0.6, 1.6)), int(rng.choice([0, 2, 3, 4]))
        y, x = int(rng.uniform(0.1, 0.9) * p.shape[0]), int(rng.uniform(0.02, 0.4) * p.shape[1])
        cv2.putText(p, text, (x, y), font, size, ink, max(1, round(2 * size)), cv2.LINE_AA)
    return p


DRAWN: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "arrows, boxes": copies.arrows,
    "bars, labels, boxes": _posting,
    "white or black writing": _lines,
    "flat patches": lambda p, r: copies.redacted(p, str(r.choice(copies.KINDS[:3])), r),
    "pixelated patches": lambda p, r: copies.redacted(p, "pixelated", r),
    "blurred patches": lambda p, r: copies.redacted(p, "blurred", r),
}


def drawn(split: str, count: int) -> Iterator[tuple[str, str, float, float, float, float]]:
    """Give (kind, place, drawn and found, other found, drawn and suspected, other suspected)."""
    for number in range(count):
        rng = np.random.default_rng([SEED, 2, number])
        place, path = altered_product.sources(split, number, rng)
        pixels = altered_product.held(path, 1000)
        kind = list(DRAWN)[(number + number // len(altered_product.PLACES[split])) % len(DRAWN)]
        made = DRAWN[kind](np.ascontiguousarray(pixels).copy(), rng)
        gap = np.abs(made.astype(int) - pixels).max(axis=-1)
        touched = cv2.dilate((gap > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        over = np.asarray(gap > _CHANGED)
        if kind.endswith("patches"):
            over = np.asarray(cv2.morphologyEx(over.astype(np.uint8), 3, np.ones((9, 9))) > 0)
        shown = jpeg(made, int(rng.integers(40, 93))).rgb()
        masks: tuple[Mask, ...] = annotations.find(shown), annotations.suspect(shown)
        found, other, suspected, more = (
            float(m[w].mean()) for m in masks for w in (over, ~touched)
        )
        yield kind, place, found, other, suspected, more


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="+", choices=["hard", "drawn"])
    parser.add_argument("--split", default="report", choices=["report", "tune"])
    parser.add_argument("--count", type=int, default=288)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    if "hard" in chosen.part:
        rows = list(hard(chosen.split, chosen.count))
        print("| kind | pictures | find > half | suspect > half | 95 % | > tenth: find, suspect |")
        print("|---|---|---|---|---|---|")
        for name in (*HARD, "all"):
            mine = np.array([r[2:] for r in rows if name in (r[0], "all")])
            half, tenth = ((mine > bound).sum(axis=0) for bound in (_HALF, _TENTH))
            span = binomial_interval(int((mine > _HALF).any(axis=1).sum()), len(mine))
            print(
                f"| {name} | {len(mine)} | {half[0]} | {half[1]} | "
                f"[{span.low:.3f}, {span.high:.3f}] | {tenth[0]}, {tenth[1]} |"
            )
    if "drawn" in chosen.part:
        shares = list(drawn(chosen.split, chosen.count))
        print("| drawn | pictures | of it found | other ground | of it suspected | other ground |")
        print("|---|---|---|---|---|---|")
        for name in (*DRAWN, "all"):
            some = np.array([r[2:] for r in shares if name in (r[0], "all")])
            cells = " | ".join(f"{v:.3f}" for v in np.nanmean(some, axis=0))
            print(f"| {name} | {len(some)} | {cells} |")


if __name__ == "__main__":
    main()
