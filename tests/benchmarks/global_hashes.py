"""Measure the whole-picture hashes: copies found, chance stated and realised, views, vectors.

    python -m tests.benchmarks.global_hashes copies --classes "JPEG 20;gray"
    python -m tests.benchmarks.global_hashes chance strangers
    python -m tests.benchmarks.global_hashes rectangles palettes slivers witnesses speed

Prints markdown tables. Pictures come from the folder in IMGCHECK_DATA (default ../shared/data);
every random choice is seeded.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import distance, nfa, pdq, pdq_dihedral
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.probability import MATCH_LOG10_NFA, _log10_of, reach
from imgcheck.hashing.rectangles import content_rectangles
from imgcheck.hashing.views import NAMES, View, recover, table, views
from imgcheck.imaging import annotations
from imgcheck.quantity import poisson_interval
from tests.benchmarks.hashing import cut, data_dir, load, resized, share
from tests.hashing import copies as made
from tests.hashing.pictures import ground

SEED = 20171114
Pixels = NDArray[np.uint8]
Act = Callable[[Pixels, np.random.Generator], Pixels]
ROWS = 1_000_000


def _tone(act: Callable[[NDArray[np.float32]], NDArray[np.floating]]) -> Act:
    return lambda a, r: np.clip(act(a.astype(np.float32)), 0, 255).astype(np.uint8)


def _mapped(name: str) -> Act:
    return lambda a, r: table(name)[cv2.cvtColor(np.ascontiguousarray(a), cv2.COLOR_RGB2GRAY)]


def _clahe(a: Pixels, rng: np.random.Generator) -> Pixels:
    lab = cv2.cvtColor(np.ascontiguousarray(a), cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))


def _gray(a: Pixels, rng: np.random.Generator) -> Pixels:
    gray = cv2.cvtColor(np.ascontiguousarray(a), cv2.COLOR_RGB2GRAY)
    return np.repeat(np.asarray(gray)[..., None], 3, axis=2)


def _same(a: Pixels, rng: np.random.Generator) -> Pixels:
    return a


def _others() -> list[Pixels]:
    # Ground that is in no set, so that another pane is never a right answer.
    return [ground(900 + k, shape=(480, 640)) for k in range(6)]


def _collage(across: int, down: int, gutter: int = 0) -> Act:
    return lambda a, r: made.collage(a, _others(), r, across=across, down=down, gutter=gutter)[0]


# Name -> what is done, and the JPEG quality that follows.
CLASSES: dict[str, tuple[Act, int]] = {
    "JPEG 20": (_same, 20),
    "JPEG 50": (_same, 50),
    "x0.5, JPEG 70": (lambda a, r: resized(a, 0.5), 70),
    "x0.25, JPEG 50": (lambda a, r: resized(a, 0.25), 50),
    "CLAHE": (_clahe, 70),
    "gamma 1.8": (_tone(lambda a: 255 * (a / 255) ** 1.8), 70),
    "gamma 0.55": (_tone(lambda a: 255 * (a / 255) ** 0.55), 70),
    "contrast 1.4": (_tone(lambda a: (a - 128) * 1.4 + 128), 70),
    "brightness + 40": (_tone(lambda a: a + 40), 70),
    "gray": (_gray, 70),
    "white balance": (_tone(lambda a: a * np.array([1.2, 1, 0.75], np.float32)), 70),
    "blur, sigma 2": (lambda a, r: np.asarray(cv2.GaussianBlur(a, (0, 0), 2)), 70),
    "noise, sigma 15": (
        lambda a, r: np.clip(a + r.normal(0, 15, a.shape), 0, 255).astype(np.uint8),
        70,
    ),
    "inverted": (lambda a, r: 255 - a, 70),
    "mirrored": (lambda a, r: a[:, ::-1], 70),
    "quarter turn": (lambda a, r: np.rot90(a, -1), 70),
    "half turn": (lambda a, r: np.rot90(a, 2), 70),
    "three quarter turns": (lambda a, r: np.rot90(a, 1), 70),
    "inferno": (_mapped("inferno"), 70),
    "viridis": (_mapped("viridis"), 70),
    "jet": (_mapped("jet"), 70),
    "letterbox 15 %": (lambda a, r: made.letterbox(a, r)[0], 70),
    "pillarbox 20 %": (lambda a, r: made.pillarbox(a, r)[0], 70),
    "caption below": (lambda a, r: made.captioned(a, r)[0], 70),
    "caption above": (lambda a, r: made.captioned(a, r, above=True)[0], 70),
    "arrows and boxes": (made.annotated, 70),
    "logo": (made.with_logo, 70),
    "over its blurred self": (lambda a, r: made.over_blur(a, r)[0], 70),
    "screenshot of a page": (lambda a, r: made.on_page(a, r)[0], 70),
    "collage 2 x 2": (_collage(2, 2), 70),
    "collage 2 x 2, gutters": (_collage(2, 2, 6), 70),
    "collage 3 x 1": (_collage(3, 1), 70),
}


DRAWN = ("arrows and boxes", "logo", "caption below", "caption above", "screenshot of a page")


def posted(pixels: Pixels, name: str, rng: np.random.Generator) -> Pixels:
    """Give a copy as it is posted: changed, saved, and shrunk to 960 px where it is larger."""
    act, quality = CLASSES[name]
    copy = np.ascontiguousarray(act(pixels, rng))
    scale = 960 / max(copy.shape[:2])
    return made.saved(resized(copy, scale) if scale < 1 else copy, quality)


def queries() -> list[tuple[str, bool, Pixels]]:
    """Overhead pictures and 640 x 480 tiles of the other sets: name, low texture, pixels."""
    root, rng = data_dir(), np.random.default_rng(SEED)
    found = []
    for path in sorted([*root.glob("overhead/*/*.jpg"), *root.glob("overhead/*/*.png")]):
        found.append((path.name, path.parent.name == "seneca", load(path)))
    tiles = [(p, True) for p in sorted(root.glob("stacks/*/*.tif"))]
    tiles += [(p, False) for p in sorted(root.glob("vehicles/kit*/*.png"))[::4]]
    for path, low in tiles:
        pixels = load(path)
        rows, cols = min(480, pixels.shape[0]), min(640, pixels.shape[1])
        y = int(rng.integers(0, pixels.shape[0] - rows + 1))
        x = int(rng.integers(0, pixels.shape[1] - cols + 1))
        found.append((path.name, low, np.ascontiguousarray(pixels[y : y + rows, x : x + cols])))
    return found


def best(known: PdqHash, tried_views: tuple[View, ...]) -> tuple[float, int, str]:
    """Give the least NFA over all views and variants of a query, its bits and its view."""
    tried = 16 * len(tried_views)
    found = (99.0, 128, "none")
    for view in tried_views:
        for hashed in view.hashes.values():
            bits = distance(known, hashed)
            bits = min(bits, 256 - bits)
            if bits <= 92:
                patterns = (known.pattern, hashed.pattern)
                value = nfa(bits, rows=ROWS, variants=tried, patterns=patterns)
                found = min(found, (value, bits, view.name))
    return found


def copies(options: argparse.Namespace) -> None:
    """Share of copies whose hash alone is a match in an index of a million."""
    chosen = [c for c in CLASSES if not options.classes or c in options.classes.split(";")]
    pictures = queries()[:: options.every]
    print(f"\n### Copies found by hashes alone, NFA <= 0.01 for {ROWS:,} rows x all views\n")
    print(
        "| class | textured | low texture | whole <= 31 | bits: median (worst) | views | missed |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in chosen:
        rng = np.random.default_rng(SEED)
        hit: dict[bool, list[bool]] = {True: [], False: []}
        bits, counts, missed, fixed = [], [], [], 0
        for label, low, pixels in pictures:
            copy = posted(pixels, name, rng)
            known = pdq(pixels)
            # Half of the time, and only copies that are drawn on have such a mask.
            drawn = annotations.find(copy) if name in DRAWN else np.zeros(copy.shape[:2], bool)
            tried = views(copy, drawn=drawn)
            value, off, view = best(known, tried)
            hit[low].append(value <= MATCH_LOG10_NFA)
            bits.append(off)
            counts.append(len(tried))
            fixed += distance(known, tried[0].hashes["original"]) <= 31
            if value > MATCH_LOG10_NFA:
                missed.append(f"{label} ({off} bits, {view}, 1e{value:.1f})")
        print(
            f"| {name} | {share(sum(hit[False]), len(hit[False]))} | "
            f"{share(sum(hit[True]), len(hit[True]))} | {fixed}/{len(pictures)} | "
            f"{np.median(bits):.0f} ({max(bits)}) | {np.mean(counts):.1f} | "
            f"{'; '.join(missed[:3])} |",
            flush=True,
        )


# Half A: the constants of `chance` were fitted on these places. Half B, the others, reports.
HALF_A = {"beijing", "taizhou", "brighton", "niza", "dji_minsk_0005", "naip"}


def table_of_cuts(
    places: Callable[[str], bool], *, seed: int, dense: float = 1.0
) -> tuple[NDArray[np.uint64], NDArray[np.str_], list[PdqHash]]:
    """Hash pictures and cuts of them: words (N, 8, 4), places (N,), upright hashes."""
    root, rng = data_dir(), np.random.default_rng(seed)
    words, place, upright = [], [], []
    groups = (("overhead/*/*", 24), ("vehicles/*/*.*", 24), ("change/*/*", 60), ("stacks/*/*", 150))
    for pattern, cuts in groups:
        for path in sorted(root.glob(pattern)):
            label = path.name.lower() + path.parent.name
            if not places(path.parent.name) or path.suffix.lower() not in _PICTURES:
                continue
            if any(word in label for word in ("_gt", "mask", "change.bmp", "unchanged")):
                continue
            pixels = load(path)
            for k in range(1 + int(cuts * dense)):
                part = pixels if k == 0 else _some_cut(pixels, rng)
                hashes = pdq_dihedral(part)
                if hashes["original"].hashable:
                    words.append(np.stack([h.bits for h in hashes.values()]))
                    place.append(path.parent.name)
                    upright.append(hashes["original"])
    return np.array(words), np.array(place), upright


_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".bmp")


def _some_cut(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    side = min(pixels.shape[:2])
    size = np.exp(rng.uniform(np.log(max(48, side // 6)), np.log(side * 0.75)))
    return np.ascontiguousarray(cut(pixels, min(0.9, size / side), rng)[0])


def chance(options: argparse.Namespace) -> None:
    """Stated against realised chance, places that were not fitted on, by shared structure."""
    words, place, upright = table_of_cuts(lambda p: p not in HALF_A, seed=SEED + 1)
    _, number = np.unique(place, return_inverse=True)
    order = np.argsort(number, kind="stable")
    words, number = words[order], number[order]
    patterns = [upright[i].pattern for i in order]
    excess = np.sqrt(np.maximum([p.concentration - 0.108 for p in patterns], 0))
    fine = np.linspace(0, 0.9, 361)
    counts = np.zeros((len(fine), 257), np.int64)
    columns = [np.ascontiguousarray(words[:, 0, w]) for w in range(4)]
    for i in range(len(words)):
        start = int(np.searchsorted(number, number[i], side="right"))
        if start == len(words):
            continue
        at = np.digitize(excess[start:] * excess[i], fine) - 1
        for k in range(8):
            bits = np.zeros(len(at), np.int64)
            for column, word in zip(columns, words[i, k], strict=True):
                bits += np.bitwise_count(column[start:] ^ word)
            bits = np.minimum(bits, 256 - bits)
            counts += np.bincount(at * 257 + bits, minlength=counts.size).reshape(counts.shape)
    print(
        f"\n### Chance: {len(words)} pictures and cuts of {number.max() + 1} places that the "
        f"constants were not fitted on, {2 * counts.sum():,} comparisons\n"
    )
    print("| shared structure | comparisons | bits | pairs | realised [95 %] | stated | ratio |")
    print("|---|---|---|---|---|---|---|")
    middles = fine + (fine[1] - fine[0]) / 2
    for low, high in ((0, 0.015), (0.015, 0.03), (0.03, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 1)):
        chosen = (fine >= low - 1e-9) & (fine < high - 1e-9)
        tests = 2 * int(counts[chosen].sum())
        for d in (104, 96, 92, 88, 84, 80, 76, 72, 64):
            near = int(counts[chosen, : d + 1].sum())
            if near == 0:
                break
            each = np.array([10 ** _log10_of(d, float(m)) for m in middles[chosen]])
            stated = float(each @ counts[chosen].sum(axis=1)) * 2 / tests
            inside = poisson_interval(near)
            print(
                f"| {low} to {high} | {tests:,} | {d} | {near} | {near / tests:.1e} "
                f"[{inside.low / tests:.1e}, {inside.high / tests:.1e}] | {stated:.1e} | "
                f"{near / tests / stated:.2f} |"
            )


def strangers(options: argparse.Namespace) -> None:
    """False matches of whole searches with all views, against the stated 0.01 a search."""
    words, place, upright = table_of_cuts(lambda p: True, seed=SEED + 2, dense=0.5)
    classes = ["JPEG 50", "letterbox 15 %", "arrows and boxes", "screenshot of a page", "jet"]
    root, rng = data_dir(), np.random.default_rng(SEED)
    paths = sorted([*root.glob("overhead/*/*.jpg"), *root.glob("vehicles/kit*/*.png")])
    asked = tests = wrong = 0
    for n, path in enumerate(paths[:: options.every]):
        copy = posted(_some_cut(load(path), rng), classes[n % len(classes)], rng)
        found = views(copy)
        others = np.flatnonzero(place != path.parent.name)
        tried = 16 * len(found)
        asked, tests = asked + 1, tests + tried * len(others)
        limit = reach(rows=len(others), variants=tried)
        for view in found:
            for hashed in view.hashes.values():
                bits = np.bitwise_count(words[others, 0] ^ hashed.bits).sum(axis=1).astype(int)
                bits = np.minimum(bits, 256 - bits)
                for at in np.flatnonzero(bits <= limit):
                    patterns = (hashed.pattern, upright[others[at]].pattern)
                    value = nfa(int(bits[at]), rows=len(others), variants=tried, patterns=patterns)
                    if value <= MATCH_LOG10_NFA:
                        wrong += 1
                        print(f"- {path.name}, {view.name}: {place[others[at]]} {bits[at]} bits")
    inside = poisson_interval(wrong)
    print(
        f"\n### Strangers: {asked} searches with all views of {len(words)} hashes, {tests:,} "
        f"comparisons: {wrong} false matches, 95 % interval a search "
        f"[{inside.low / asked:.4f}, {inside.high / asked:.4f}] (stated at most 0.01)"
    )


def rectangles(options: argparse.Namespace) -> None:
    """How near the sides of content rectangles are to the truth, and what they cost."""
    pictures = queries()[:: max(1, options.every)]
    acts: dict[str, Callable[[Pixels, np.random.Generator], tuple[Pixels, made.Box]]] = {
        "letterbox": made.letterbox,
        "pillarbox": made.pillarbox,
        "caption below": made.captioned,
        "caption above": lambda a, r: made.captioned(a, r, above=True),
        "over its blurred self": made.over_blur,
        "screenshot of a page": made.on_page,
        "2 x 1": lambda a, r: made.collage(a, _others(), r, across=2, down=1),
        "1 x 2, gutter": lambda a, r: made.collage(a, _others(), r, across=1, down=2, gutter=8),
        "2 x 2": lambda a, r: made.collage(a, _others(), r, across=2, down=2),
        "2 x 2, gutters": lambda a, r: made.collage(a, _others(), r, across=2, down=2, gutter=6),
        "3 x 1": lambda a, r: made.collage(a, _others(), r, across=3, down=1),
    }
    print("\n### Content rectangles, copies shrunk to 960 px, JPEG 70\n")
    print("| class | all sides within 1 % | worst side px: median | rectangles | CPU ms |")
    print("|---|---|---|---|---|")
    plain, took = [], []
    for _, _, pixels in pictures:
        start = time.process_time()
        plain.append(len(content_rectangles(pixels)))
        took.append(time.process_time() - start)
    print(f"| no frame | - | - | {np.mean(plain):.1f} | {np.median(took) * 1e3:.0f} |")
    for name, act in acts.items():
        rng = np.random.default_rng(SEED)
        worst, near, count, took = [], 0, [], []
        for _, _, pixels in pictures:
            copy, box = act(pixels, rng)
            scale = min(1.0, 960 / max(copy.shape[:2]))
            copy = made.saved(resized(copy, scale) if scale < 1 else copy, 70)
            start = time.process_time()
            found = content_rectangles(copy)
            took.append(time.process_time() - start)
            truth = np.array(box) * scale
            errors = [float(np.abs(truth - (r.x0, r.y0, r.x1, r.y1)).max()) for r in found]
            least = min(errors, default=float("inf"))
            near += least <= 0.01 * max(truth[2] - truth[0], truth[3] - truth[1])
            worst.append(least)
            count.append(len(found))
        print(
            f"| {name} | {share(near, len(pictures))} | {np.median(worst):.1f} | "
            f"{np.mean(count):.1f} | {np.median(took) * 1e3:.0f} |",
            flush=True,
        )


def palettes(options: argparse.Namespace) -> None:
    """Scalars recovered from JPEG 70, and ordinary pictures taken for palettes."""
    pictures = queries()[:: max(1, options.every)]
    print("\n### Palettes, JPEG 70 with halved chroma\n")
    print("| map | recognised | bits to the scalar's hash: recovered | left coloured |")
    print("|---|---|---|---|")
    for name in NAMES:
        good, bits, left = 0, [], []
        for _, _, pixels in pictures:
            gray = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
            copy = made.saved(table(name)[gray], 70)
            found, truth = recover(copy), pdq(np.asarray(gray, np.uint8))
            left.append(distance(truth, pdq(copy)))
            if found is not None:
                good += found.name == name
                off = distance(truth, pdq(found.gray))
                bits.append(min(off, 256 - off))
        shown = f"{np.median(bits):.0f} ({max(bits)})" if bits else "-"
        print(
            f"| {name} | {share(good, len(pictures))} | {shown} | "
            f"{np.median(left):.0f} ({max(left)}) |",
            flush=True,
        )
    asked, wrong = 0, []
    for path in sorted(data_dir().rglob("*")):
        if path.suffix.lower() in _PICTURES and "hostile" not in path.parts:
            decoded = _loaded(path)
            if decoded is not None:
                asked += 1
                scale = min(1.0, 1000 / max(decoded.shape[:2]))
                found = recover(resized(decoded, scale) if scale < 1 else decoded)
                wrong += [f"{path.name} ({found.name})"] if found else []
    print(f"\nOrdinary pictures taken for palettes: {share(len(wrong), asked)} {wrong}")


def _loaded(path: Path) -> Pixels | None:
    try:
        return load(path)
    except Exception:  # Odd files are in the folder on purpose; they are not what is measured.
        return None


def slivers(options: argparse.Namespace) -> None:
    """What a side misplaced by some pixels costs, in bits."""
    pictures = queries()[:: max(4, options.every)]
    print("\n### Bits that a sliver costs\n\n| cut off two sides | median | 90 % | worst |")
    print("|---|---|---|---|")
    for part in (0.0025, 0.005, 0.01, 0.02, 0.03, 0.05):
        bits = []
        for _, _, pixels in pictures:
            y, x = (max(1, round(n * part)) for n in pixels.shape[:2])
            bits.append(distance(pdq(pixels), pdq(np.ascontiguousarray(pixels[y:, x:]))))
        print(
            f"| {part:.2%} of the side | {np.median(bits):.0f} | {np.percentile(bits, 90):.0f} | "
            f"{max(bits)} |"
        )


def witnesses(options: argparse.Namespace) -> None:
    """pHash and dHash against the package ImageHash on local pictures."""
    import imagehash
    from PIL import Image as PillowImage

    from imgcheck.hashing.phash import dhash, phash

    same = total = 0
    for _, _, pixels in queries():
        picture = PillowImage.fromarray(pixels)
        for side in (8, 16):
            for ours, theirs in ((phash, imagehash.phash), (dhash, imagehash.dhash)):
                total += 1
                same += ours(pixels, bits=side**2) == str(theirs(picture, hash_size=side))
    print(f"\n### pHash and dHash equal to ImageHash: {share(same, total)}")


def speed(options: argparse.Namespace) -> None:
    """CPU time of the views of a 960 px picture, beside one hash."""
    pixels = resized(load(next(iter(sorted(data_dir().glob("overhead/*/*.jpg"))))), 1.5)
    drawn = annotations.find(pixels)
    print("\n### CPU ms at 960 px (best of 7)\n\n| what | ms |\n|---|---|")
    for name, act in (
        ("pdq_dihedral", lambda: pdq_dihedral(pixels)),
        ("content_rectangles", lambda: content_rectangles(pixels)),
        ("recover", lambda: recover(pixels)),
        ("views, annotations given", lambda: views(pixels, drawn=drawn)),
        ("views", lambda: views(pixels)),
    ):
        took = []
        for _ in range(7):
            start = time.process_time()
            act()
            took.append(time.process_time() - start)
        print(f"| {name} | {min(took) * 1e3:.1f} |")


PARTS = {
    f.__name__: f
    for f in (copies, chance, strangers, rectangles, palettes, slivers, witnesses, speed)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=sorted(PARTS))
    parser.add_argument("--classes", default="", help="some of the classes of copies, by semicolon")
    parser.add_argument("--every", type=int, default=1, help="take every n-th picture")
    options = parser.parse_args()
    for name in options.what:
        PARTS[name](options)


if __name__ == "__main__":
    main()
