"""Make the codebook of the part search.

    python -m training.fit_codebook -o imgcheck/hashing/codebook.npz

Learned on `overhead/niza`, every third frame of `vehicles/kit_mos155_179`, the even dates of
`stacks/naip`, two dates of `stacks/pucallpa`, `change/beijing` and `change/italy`, and rendered
plains; none of them is reported in tests/benchmarks/part_index.py. Seeded.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck import scene
from imgcheck.hashing import records
from imgcheck.hashing.codebook import BITS, HALVES, RANKS, Codebook
from imgcheck.imaging import Image, features
from imgcheck.imaging.features import Features
from training.pictures import folder

SEED = 20170924
CENTRES = 512
FEATURES = 1500
_PATTERNS = (
    ("overhead/niza/*", 1),
    ("vehicles/kit_mos155_179/*.png", 3),
    ("stacks/naip/*.tif", 2),
    ("stacks/pucallpa/*.tif", 4),
    ("change/beijing/*", 1),
    ("change/italy/*", 1),
)
_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".bmp")
_RENDERED = 16
_ROUNDS = 25
# Right pairs lie within this many pixels, and agree in direction.
_SPOT_PX, _SAME_DEG = 2.0, 15.0

Gray = NDArray[np.float32]


def pictures() -> Iterator[Gray]:
    """Training pictures, gray."""
    for pattern, step in _PATTERNS:
        found = [p for p in sorted(folder().glob(pattern)) if p.suffix.lower() in _PICTURES]
        if not found:
            raise SystemExit(f"{pattern}: no pictures; set IMGCHECK_DATA to the real imagery")
        for path in found[::step]:
            yield records.to_gray(Image.open(path).rgb())
    rng = np.random.default_rng(SEED)
    for seed in range(_RENDERED):
        rendering = scene.render(
            scene.arid_plain(seed=seed, width_m=320, height_m=240),
            gsd=0.5,
            sun_elevation_deg=float(rng.uniform(25, 65)),
            sun_azimuth_deg=float(rng.uniform(90, 270)),
            seed=seed,
            greenness=float(rng.uniform(0, 1)),
        )
        yield records.to_gray(rendering.rgb)


def altered(gray: Gray, rng: np.random.Generator) -> tuple[Gray, NDArray[np.float64]]:
    """A posted copy: turned, shrunk or enlarged, another contrast, JPEG; and where it lies."""
    angle, factor = float(rng.uniform(-180, 180)), float(np.exp2(rng.uniform(-1.2, 0.6)))
    rows, cols = gray.shape
    matrix = cv2.getRotationMatrix2D((cols / 2, rows / 2), angle, factor)
    size = (max(64, round(cols * factor)), max(64, round(rows * factor)))
    matrix[:, 2] += [(size[0] - cols) / 2, (size[1] - rows) / 2]
    sent = cv2.warpAffine(
        gray, matrix, size, flags=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    if factor < 0.8:  # warpAffine does not average
        soft = cv2.GaussianBlur(gray, (0, 0), 0.45 / factor)
        sent = cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR)
    toned = np.clip(sent, 0, 1) ** float(rng.uniform(0.7, 1.4))
    pixels = np.round(toned * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 90))])
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
    return np.asarray(back.astype(np.float32) / 255, np.float32), np.asarray(matrix, np.float64)


def right_pairs(
    a: Features, b: Features, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keypoints of one spot, size and direction."""
    # OpenCV puts 0 at the centre of a pixel.
    sent = (a.points - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    factor = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    turn = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    apart = np.hypot(
        sent[:, None, 0] - b.points[None, :, 0], sent[:, None, 1] - b.points[None, :, 1]
    )
    size = np.abs(np.log2(a.sizes[:, None] * factor / b.sizes[None, :]))
    angle = (a.angles[:, None] + turn - b.angles[None, :] + 180) % 360 - 180
    apart[(size > 0.4) | (np.abs(angle) > _SAME_DEG)] = np.inf
    nearest = apart.argmin(axis=1)
    at = np.flatnonzero(apart[np.arange(len(a)), nearest] < _SPOT_PX * max(1.0, factor))
    return at, nearest[at]


def centres_of(part: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Lloyd's k-means; empty cells restart at random features."""
    centres = part[rng.choice(len(part), CENTRES, replace=False)].copy()
    for _ in range(_ROUNDS):
        near = nearest_centre(part, centres)
        counts = np.bincount(near, minlength=CENTRES)
        for d in range(part.shape[1]):
            sums = np.bincount(near, weights=part[:, d], minlength=CENTRES)
            centres[:, d] = sums / np.maximum(counts, 1)
        empty = np.flatnonzero(counts == 0)
        centres[empty] = part[rng.choice(len(part), len(empty), replace=False)]
    return centres


def nearest_centre(part: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    norms = np.einsum("ij,ij->i", centres, centres)
    near = [
        (norms - 2 * (part[s : s + 16384] @ centres.T)).argmin(axis=1)
        for s in range(0, len(part), 16384)
    ]
    return np.concatenate(near)


def directions(table: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """64 main directions, dealt to two halves of like spread, each turned at random.

    Turned, because a bit for the strongest direction would say more than one for the weakest.
    """
    _, axes = np.linalg.eigh(np.cov(table.T, dtype=np.float64))
    main = axes[:, ::-1][:, :BITS]
    # 0 3 4 7 ... and 1 2 5 6 ...: like sums of logarithms.
    order = np.arange(BITS).reshape(-1, 4)
    halves = (order[:, [0, 3]].ravel(), order[:, [1, 2]].ravel())
    turned = []
    for half in halves:
        q, r = np.linalg.qr(rng.normal(size=(len(half), len(half))))
        turned.append(main[:, half] @ (q * np.sign(np.diag(r))))
    return np.concatenate(turned, axis=1).astype(np.float32)


def handled(found: Features) -> Iterator[Features]:
    """The four handlings that are searched."""
    for one in (found, features.flipped(found, width=0)):
        yield one
        yield features.inverted(one)


def judged(
    book: Codebook, a: NDArray[np.uint8], b: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how right pairs fare: by differing bits (evidence), and by rank of the cell.

    Evidence is the log10 ratio of how often right pairs and strangers of one cell differ in so
    many bits.
    """
    cells, signatures = book.words(b)
    near, own = book.near_words(a, count=RANKS)
    here = near == cells[:, None]
    met = here.any(axis=1)
    bits = np.bitwise_count(own[np.arange(len(a)), here.argmax(axis=1)] ^ signatures)[met]
    right = np.bincount(bits, minlength=BITS + 1).astype(float)
    order = np.argsort(cells, kind="stable")
    low = np.searchsorted(cells[order], near[:, 0], "left")
    high = np.searchsorted(cells[order], near[:, 0], "right")
    alone = np.zeros(BITS + 1)
    for _ in range(20):
        some = np.flatnonzero(high > low)
        partner = order[rng.integers(low[some], high[some])]
        # Pairs are in the order of the pictures: these are of two places.
        strange = np.abs(partner - some) > 5000
        pairs = own[some[strange], 0] ^ signatures[partner[strange]]
        alone += np.bincount(np.bitwise_count(pairs), minlength=BITS + 1)
    shares = here.mean(axis=0)
    print(f"{len(met)} right pairs; in the cells of rank 1 to {RANKS}: {np.round(shares, 4)}")
    print("bits of right pairs, 5 to 95 %:", np.percentile(bits, [5, 25, 50, 75, 95]))
    ratio = np.log10((right + 1) / right.sum()) - np.log10((alone + 1) / alone.sum())
    # A falling line, as it must be, through the ratios where there are enough pairs.
    x = np.arange(BITS + 1)
    slope, level = np.polyfit(x, ratio, 1, w=np.sqrt(right * alone / (right + alone + 1)))
    print("evidence at 0, 8, 16, 24, 32 bits:", level + slope * np.array([0, 8, 16, 24, 32]))
    return np.maximum(level + slope * x, 0).astype(np.float32), shares.astype(np.float32)


def fit(grays: list[Gray]) -> dict[str, NDArray[np.float32]]:
    """Learn all parts of the codebook."""
    rng = np.random.default_rng(SEED)
    described = [features.detect(gray, limit=FEATURES) for gray in grays]
    table = np.concatenate([h.descriptors for f in described for h in handled(f)])
    flat = table.astype(np.float32)
    mean = flat.mean(axis=0)
    basis = directions(flat, rng)
    flat = (flat - mean) @ basis
    width = BITS // HALVES
    centres, medians = [], []
    for half in range(HALVES):
        part = np.ascontiguousarray(flat[:, half * width : (half + 1) * width])
        centres.append(centres_of(part, rng))
        near = nearest_centre(part, centres[-1])
        middle = np.tile(np.median(part, axis=0), (CENTRES, 1))
        for k in range(CENTRES):
            if np.count_nonzero(near == k) >= 20:
                middle[k] = np.median(part[near == k], axis=0)
        medians.append(middle.astype(np.float32))
    parts = {"mean": mean, "basis": basis, "centres": np.stack(centres)}
    parts["medians"] = np.stack(medians)
    blank = {"evidence": np.zeros(BITS + 1, np.float32), "shares": np.ones(RANKS, np.float32)}
    book = Codebook(**parts, **blank, name="draft")
    ours, theirs = [], []
    for gray, found in zip(grays, described, strict=True):
        copy, matrix = altered(gray, rng)
        there = features.detect(copy, limit=FEATURES)
        if len(found) and len(there):
            i, j = right_pairs(there, found, _inverse(matrix))
            ours.append(there.descriptors[i])
            theirs.append(found.descriptors[j])
    parts["evidence"], parts["shares"] = judged(
        book, np.concatenate(ours), np.concatenate(theirs), rng
    )
    return parts


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    parts = fit(list(pictures()))
    arrays: dict[str, Any] = dict(parts)
    np.savez_compressed(options.output, **arrays)
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
