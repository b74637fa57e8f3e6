"""Measure the search for parts: cuts, compound posts, screenshots, collages, negatives.

    python -m tests.benchmarks.parts recall --split report
    python -m tests.benchmarks.parts strangers --features 1500 --pairs 6000
    python -m tests.benchmarks.parts strangers --features 500 --pairs 100000

Prints markdown tables. Pictures come from the folder in IMGCHECK_DATA (default ../shared/data);
every random choice is seeded.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import HashIndex, Match, pdq_dihedral, probability, records
from imgcheck.hashing import votes as voting
from imgcheck.hashing.views import View
from imgcheck.imaging import Image, annotations, features, registration, transforms
from imgcheck.quantity import poisson_interval
from tests.benchmarks.hashing import SEED, Pixels, cut, data_dir, jpeg, load, resized, share

Matrix = NDArray[np.float64]
Maker = Callable[[Pixels, list[Pixels], np.random.Generator], "Post"]
# The number of rows for which a match must still be beyond chance.
ROWS = 4000


def split(name: str) -> dict[str, list[Path]]:
    """Give the pictures that queries are made of, by place; no place is in both splits.

    Only the ploughed fields stand in both: there is one such place, and its frames are halved.
    """
    root = data_dir()
    fields = sorted(root.glob("overhead/seneca/*.jpg"))
    if name == "develop":
        return {
            "seneca": fields[:22],
            "brighton": sorted(root.glob("overhead/brighton/*.jpg"))[::2],
            "kit_mos155_179": sorted(root.glob("vehicles/kit_mos155_179/*.png"))[::3],
        }
    return {
        "seneca": fields[22:],
        "niza": sorted(root.glob("overhead/niza/*.jpg"))[::2],
        "neon": sorted(root.glob("overhead/neon/*.png")),
        "kit_munichstreet02": sorted(root.glob("vehicles/kit_munichstreet02/*.png"))[::4],
        "dji_minsk_0005": sorted(root.glob("vehicles/dji_minsk_0005/*.jpg"))[::4],
        "naip": sorted(root.glob("stacks/naip/*.tif"))[::3],
    }


def ground(place: str) -> str:
    """Say whether a place is low in texture."""
    return "fields" if place == "seneca" else "textured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A posted picture made of known ones.

    ``truth`` maps pixels of the post to pixels of each known picture in it; ``region`` is where
    that picture lies in the post, (x0, y0, x1, y1).
    """

    image: Image
    truth: tuple[Matrix, ...]
    region: tuple[tuple[float, float, float, float], ...]
    mirrored: bool = False
    inverted: bool = False


def _move(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _scaled(pixels: Pixels, factor: float) -> tuple[Pixels, Matrix]:
    """Resize; the matrix leads back from the new pixels."""
    small = resized(pixels, factor)
    back = [pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0], 1.0]
    return small, np.diag(back)


def _whole(pixels: Pixels) -> tuple[float, float, float, float]:
    return (0.0, 0.0, float(pixels.shape[1]), float(pixels.shape[0]))


def _arrows(pixels: Pixels, rng: np.random.Generator, count: int = 3) -> Pixels:
    drawn = np.ascontiguousarray(pixels).copy()
    rows, cols = drawn.shape[:2]
    width = max(2, round(min(rows, cols) / 150))
    for _ in range(count):
        tip = rng.uniform(0.2, 0.8, 2) * [cols, rows]
        tail = tip + rng.uniform(-0.2, 0.2, 2) * [cols, rows]
        colour = [(255, 0, 0), (255, 255, 0), (0, 255, 255)][int(rng.integers(3))]
        cv2.arrowedLine(
            drawn, tuple(map(int, tail)), tuple(map(int, tip)), colour, width, cv2.LINE_AA
        )
        low = (tip - min(rows, cols) * 0.05).astype(int)
        high = (tip + min(rows, cols) * 0.05).astype(int)
        cv2.rectangle(drawn, tuple(map(int, low)), tuple(map(int, high)), colour, width)
    return drawn


def _caption(pixels: Pixels, text: str = "8-12 September, left bank") -> Pixels:
    """Put a bar with text under the picture."""
    height = max(16, pixels.shape[0] // 9)
    bar = np.full((height, pixels.shape[1], 3), 20, np.uint8)
    size = height / 45
    cv2.putText(
        bar, text, (6, int(height * 0.7)), cv2.FONT_HERSHEY_SIMPLEX, size, (240,) * 3, 1, 16
    )
    return np.concatenate([pixels, bar])


def _turned(pixels: Pixels, degrees: float) -> tuple[Pixels, Matrix]:
    """Turn about the centre and keep the largest upright rectangle of the same shape inside."""
    rows, cols = pixels.shape[:2]
    c, s = math.cos(math.radians(degrees)), abs(math.sin(math.radians(degrees)))
    keep = min(cols / (cols * c + rows * s), rows / (cols * s + rows * c))
    out = (int(rows * keep), int(cols * keep))
    turn = cv2.getRotationMatrix2D((0, 0), degrees, 1.0)
    linear = np.eye(3)
    linear[:2, :2] = turn[:, :2]
    forward = _move(out[1] / 2, out[0] / 2) @ linear @ _move(-cols / 2, -rows / 2)
    # OpenCV counts from the centre of the first pixel.
    shifted = _move(-0.5, -0.5) @ forward @ _move(0.5, 0.5)
    drawn = cv2.warpAffine(
        pixels, shifted[:2], (out[1], out[0]), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(drawn, np.uint8), np.linalg.inv(forward)


def _crop(share_: float) -> Maker:
    def make(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
        piece, x, y = cut(pixels, share_, rng)
        return Post(image=jpeg(piece, 80), truth=(_move(x, y),), region=(_whole(piece),))

    return make


def _post(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    piece, x, y = cut(pixels, 0.9, rng)
    small, back = _scaled(piece, 0.6)
    region = _whole(small)
    drawn = _caption(_arrows(small, rng))
    return Post(image=jpeg(drawn, 60), truth=(_move(x, y) @ back,), region=(region,))


def _hard(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    piece, x, y = cut(pixels, 0.6, rng)
    turned, back = _turned(piece, 12)
    gray = cv2.cvtColor(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    drawn = _arrows(np.asarray(gray, np.uint8), rng)
    return Post(image=jpeg(drawn, 40), truth=(_move(x, y) @ back,), region=(_whole(drawn),))


def _mirrored(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    piece, x, y = cut(pixels, 0.5, rng)
    curve = (255 * (np.arange(256) / 255) ** 1.5).astype(np.uint8)
    small, back = _scaled(curve[piece[:, ::-1]], 0.6)
    flip = np.array([[-1.0, 0, piece.shape[1]], [0, 1, 0], [0, 0, 1]])
    truth = _move(x, y) @ flip @ back
    return Post(image=jpeg(small, 50), truth=(truth,), region=(_whole(small),), mirrored=True)


def _screenshot(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    """Show the picture in a page: a bar above, a column of text beside, the picture in between."""
    small, back = _scaled(pixels, float(rng.uniform(0.5, 0.8)))
    rows, cols = small.shape[:2]
    top, left, side, bottom = 70, 40, 180, 90
    page = np.full((rows + top + bottom, cols + left + side, 3), 245, np.uint8)
    page[:50] = (50, 60, 90)
    cv2.putText(page, "example  |  posts", (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255,) * 3, 2)
    for line in range(12):
        y = top + 20 + line * 22
        length = int(rng.integers(60, side - 30))
        cv2.putText(
            page,
            "lorem ipsum dolor sit"[: length // 8],
            (cols + left + 12, y),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.45,
            (40, 40, 40),
            1,
            16,
        )
    page[top : top + rows, left : left + cols] = small
    cv2.putText(
        page, "1,204 likes", (left, rows + top + 40), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (90,) * 3, 1
    )
    region = (left, top, left + cols, top + rows)
    return Post(image=jpeg(page, 75), truth=(back @ _move(-left, -top),), region=(region,))


def _collage(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    """Four panes of 320 x 240; the other three are known pictures too."""
    pane = (240, 320)
    page = np.full((2 * pane[0] + 4, 2 * pane[1] + 4, 3), 255, np.uint8)
    truth, region = [], []
    for number, known in enumerate([pixels, *others[:3]]):
        rows, cols = known.shape[:2]
        # The middle of the picture in the shape of the pane.
        scale = max(pane[0] / rows, pane[1] / cols)
        small, back = _scaled(known, scale)
        y0, x0 = (small.shape[0] - pane[0]) // 2, (small.shape[1] - pane[1]) // 2
        top, left = (number // 2) * (pane[0] + 4), (number % 2) * (pane[1] + 4)
        part = small[y0 : y0 + pane[0], x0 : x0 + pane[1]]
        page[top : top + part.shape[0], left : left + part.shape[1]] = part
        truth.append(back @ _move(x0 - left, y0 - top))
        region.append((left, top, left + part.shape[1], top + part.shape[0]))
    return Post(image=jpeg(page, 75), truth=tuple(truth), region=tuple(region))


def _inverted(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    return Post(
        image=jpeg(255 - pixels, 75), truth=(np.eye(3),), region=(_whole(pixels),), inverted=True
    )


def _inverted_crop(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    piece, x, y = cut(pixels, 0.5, rng)
    return Post(
        image=jpeg(255 - piece, 60),
        truth=(_move(x, y),),
        region=(_whole(piece),),
        inverted=True,
    )


def _perspective(pixels: Pixels, others: list[Pixels], rng: np.random.Generator) -> Post:
    rows, cols = pixels.shape[:2]
    corners = np.array([[0, 0], [cols, 0], [cols, rows], [0, rows]], np.float64)
    moved = corners + rng.uniform(0, 0.12, (4, 2)) * [cols, rows] * [
        [1, 1],
        [-1, 1],
        [-1, -1],
        [1, -1],
    ]
    back = np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)), float
    )
    shifted = _move(-0.5, -0.5) @ back @ _move(0.5, 0.5)
    drawn = cv2.warpPerspective(
        pixels, shifted, (cols, rows), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    return Post(
        image=jpeg(np.asarray(drawn, np.uint8), 70), truth=(back,), region=(_whole(pixels),)
    )


CLASSES: dict[str, Maker] = {
    "crop to 50 % of the side": _crop(0.5),
    "crop to 33 %": _crop(0.33),
    "crop to 25 %": _crop(0.25),
    "crop to 15 %": _crop(0.15),
    "crop 90 % + arrows + caption + x0.6, JPEG 60": _post,
    "crop 60 % + 12 degrees + gray + arrows, JPEG 40": _hard,
    "mirror + crop 50 % + gamma + x0.6, JPEG 50": _mirrored,
    "screenshot": _screenshot,
    "collage pane": _collage,
    "inverted": _inverted,
    "inverted + crop 50 %, JPEG 60": _inverted_crop,
    "perspective, JPEG 70": _perspective,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    found: bool
    flags: bool = False
    relation: str = ""
    corner_px: float = math.nan
    box_iou: float = math.nan


def judge(post: Post, number: int, match: Match | None) -> Outcome:
    """Compare a match with the truth: flags, corners of the region, overlap of the boxes."""
    if match is None:
        return Outcome(found=False)
    flags = match.mirrored == post.mirrored and match.inverted == post.inverted
    error, overlap = math.nan, math.nan
    if match.transform is not None:
        x0, y0, x1, y1 = post.region[number]
        ring = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        told = transforms.apply(np.array(match.transform), ring)
        true = transforms.apply(post.truth[number], ring)
        error = float(np.hypot(*(told - true).T).max())
        overlap = iou(np.array(match.region), ring)
    return Outcome(
        found=True, flags=flags, relation=match.relation, corner_px=error, box_iou=overlap
    )


def iou(polygon: NDArray[np.float64], ring: NDArray[np.float64]) -> float:
    """Give the share of the union that a convex polygon and a rectangle have in common."""
    if len(polygon) < 3:
        return 0.0
    a, b = polygon.astype(np.float32), ring.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(a, b)
    union = cv2.contourArea(a) + cv2.contourArea(b) - shared
    return float(shared / union)


def posts(
    places: dict[str, list[Path]], names: list[str], limit: int
) -> Iterator[tuple[str, str, list[str], Post]]:
    """Make the posts of each class: class, place, labels of the known pictures, post."""
    for place, paths in places.items():
        known = [load(path) for path in paths]
        labels = [f"{path.parent.name}/{path.name}" for path in paths]
        for at in range(min(limit, len(paths))):
            turn = [(at + k) % len(paths) for k in range(4)]
            for name in names:
                rng = np.random.default_rng([SEED, at, list(CLASSES).index(name)])
                post = CLASSES[name](known[at], [known[i] for i in turn[1:]], rng)
                inside = turn[: len(post.truth)]
                yield name, place, [labels[i] for i in inside], post


def is_picture(path: Path) -> bool:
    """Tell pictures from labels and other files."""
    name = path.name.lower()
    label = any(word in name for word in ("gt", "mask", "change"))
    return not label and path.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".bmp")


def tiles(places: set[str], count: int) -> Iterator[tuple[str, Pixels]]:
    """Give tiles of 320 x 240, every 80 x 60, of pictures of other places, and the same turned.

    Tiles of the places of the posts would show the same ground hundreds of times and fill the
    list of likely pictures.
    """
    root = data_dir()
    paths: list[Path] = []
    for pattern in ("overhead/*/*", "vehicles/*/*.*", "stacks/*/*.tif", "change/*/*"):
        paths += [p for p in sorted(root.glob(pattern)) if p.parent.name not in places]
    images = [p for p in paths if is_picture(p)]
    given = 0
    for turned in range(4):
        for number in np.random.default_rng(SEED).permutation(len(images)):
            path = images[number]
            picture = load(path)
            for y in range(0, picture.shape[0] - 240, 60):
                for x in range(0, picture.shape[1] - 320, 80):
                    if given < count:
                        given += 1
                        label = f"{path.parent.name}/{path.name}#{x},{y},{90 * turned}"
                        yield label, np.rot90(picture[y : y + 240, x : x + 320], turned)


def tile_record(pixels: Pixels) -> records.Record:
    """Describe a tile as far as the search of parts needs it: its features, its plain hash."""
    gray = records.to_gray(pixels)
    digest = records.pixel_digest(pixels)
    return records.Record(
        sha256=digest,
        pixels=digest,
        shape=gray.shape,
        views=(View(name="whole", rectangle=None, hashes=pdq_dihedral(pixels)),),
        gray=gray,
        clean=np.ones(gray.shape, bool),
        features=features.detect(gray, limit=records.FEATURES, spread=True),
    )


def build(file: Path, places: dict[str, list[Path]], extra: int) -> None:
    """Make an index of the known pictures and of tiles of others."""
    with HashIndex.create(file) as index:
        for path in [p for paths in places.values() for p in paths]:
            index.add_image(Image.open(path), path_text=f"{path.parent.name}/{path.name}")
        for label, pixels in tiles(set(places), extra):
            preview = records.pack_preview(pixels)
            index.add_record(tile_record(pixels), preview, path_text=label)


def recall(which: str, limit: int, names: list[str], extra: int, kept: Path | None) -> None:
    """Recall, flags and geometry by class and ground."""
    places = split(which)
    rows: dict[tuple[str, str], list[Outcome]] = {}
    times, missed, wrong = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        file = kept or Path(folder) / "known.imgcheck"
        if not file.exists():
            build(file, places, extra)
        with HashIndex.open(file) as index:
            size = index.stats().rows
            # With few rows: as sure as it must be among `ROWS`.
            allowed = -2.0 - math.log10(max(1.0, ROWS / size))
            for name, place, labels, post in posts(places, names, limit):
                start = time.process_time()
                result = index.search(post.image)
                times.append(time.process_time() - start)
                good = [m for m in result.matches if m.log10_nfa <= allowed]
                wrong += sum(m.path.split("/")[0] != place for m in good)
                for number, label in enumerate(labels):
                    match = next((m for m in good if m.path == label), None)
                    told = judge(post, number, match)
                    if not told.found or told.corner_px > 3 or not told.flags:
                        missed.append((name, label, number, told))
                    rows.setdefault((name, ground(place)), []).append(told)
    print(f"\n### Parts, {which} places, {size} rows, NFA <= 0.01 for {max(size, ROWS)} rows\n")
    print("| class | ground | found | flags right | derived | corner px median / p95 | box IoU |")
    print("|---|---|---|---|---|---|---|")
    for (name, kind), entries in sorted(rows.items(), key=lambda r: list(CLASSES).index(r[0][0])):
        found = [e for e in entries if e.found]
        corner = np.array([e.corner_px for e in found])
        boxes = np.array([e.box_iou for e in found])
        corner, boxes = corner[np.isfinite(corner)], boxes[np.isfinite(boxes)]
        px = f"{np.median(corner):.2f} / {np.percentile(corner, 95):.2f}" if len(corner) else "-"
        box = f"{np.median(boxes):.3f} / {np.percentile(boxes, 5):.3f}" if len(boxes) else "-"
        print(
            f"| {name} | {kind} | {share(len(found), len(entries))} | "
            f"{sum(e.flags for e in found)}/{len(found)} | "
            f"{sum(e.relation in ('same', 'derived') for e in found)}/{len(found)} | {px} | {box} |"
        )
    print(f"\nMatches with pictures of another place: {wrong}")
    print(f"CPU a search of {size} rows: median {np.median(times):.2f} s")
    for entry in missed:
        print("-", *entry[:3], entry[3])


def cuts() -> list[tuple[str, Pixels]]:
    """Give seeded cuts of 200 to 480 by 240 to 640 px of all overhead pictures, with the place."""
    root, rng = data_dir(), np.random.default_rng(SEED)
    found = []
    for pattern, count in (
        ("overhead/*/*", 1),
        ("vehicles/*/*.*", 3),
        ("stacks/*/*.tif", 6),
        ("change/*/*", 2),
    ):
        for path in sorted(root.glob(pattern)):
            if not is_picture(path):
                continue
            picture = load(path)
            for _ in range(count):
                rows = min(int(rng.integers(200, 480)), picture.shape[0])
                cols = min(int(rng.integers(240, 640)), picture.shape[1])
                y = int(rng.integers(0, picture.shape[0] - rows + 1))
                x = int(rng.integers(0, picture.shape[1] - cols + 1))
                found.append((path.parent.name, picture[y : y + rows, x : x + cols]))
    return found


# Two streets seen by one aircraft minutes apart: the hardest pair of places.
_STREETS = {"kit_mos155_179", "kit_munichstreet02"}


def strangers(count: int, limit: int, seed: int) -> None:
    """Stated against realised agreement of pictures of different places."""
    described = []
    for place, pixels in cuts():
        gray = records.to_gray(pixels)
        clean = ~annotations.find(pixels)
        found = features.detect(gray, mask=clean, limit=limit, spread=True)
        described.append((place, gray.shape, found))
    every = [
        (i, j)
        for i, one in enumerate(described)
        for j, other in enumerate(described)
        if one[0] != other[0]
    ]
    order = np.random.default_rng(seed).permutation(len(every))[:count]
    groups: dict[str, list[float]] = {}
    matched, query, last = 0, None, -1
    for i, j in sorted(every[k] for k in order):
        place, shape, own = described[i]
        other_place, known_shape, known = described[j]
        if i != last:
            query, last = voting.Query.of(own, shape=shape), i
        assert query is not None
        best, found = _best(query, known, known_shape)
        matched += found
        level = math.sqrt(probability.distinct_share(own) * probability.distinct_share(known))
        name = "made things" if level >= 0.03 else "plain"
        if {place, other_place} == _STREETS:
            name += ", the two streets"
        groups.setdefault(name, []).append(probability.log10_part_probability(best, own, known))
    print(f"\n### Strangers: {count} pairs of different places, {limit} details, seed {seed}\n")
    print("| ground | pairs | stated chance | expected | seen |\n|---|---|---|---|---|")
    for name, chances in sorted(groups.items()):
        values = np.array(chances)
        for power in (-1.5, -2.0, -2.5, -3.0, -3.5, -4.0):
            expected = len(values) * 10**power
            if expected >= 0.3:
                seen = int((values <= power).sum())
                print(f"| {name} | {len(values)} | 10^{power} | {expected:.1f} | {seen} |")
    inside = poisson_interval(matched)
    print(
        f"\nAccepted as a match: {matched} of {count}, at most {inside.high / count:.1e} a pair "
        "(95 %)"
    )


def _best(
    query: voting.Query, known: features.Features, known_shape: tuple[int, ...]
) -> tuple[float, bool]:
    """Give the best log10 NFA of the four variants that the votes let through."""
    shape = (known_shape[0], known_shape[1])
    votes = voting.count(query, known, known_shape=shape)
    most = max(vote.count for vote in votes)
    best, found = math.inf, False
    for variant, vote in zip(query.variants, votes, strict=True):
        if vote.excess < 0 or vote.count < 0.4 * most:
            continue
        laid = registration.align(variant, known, query_shape=query.shape, known_shape=shape)
        if laid.log10_nfa is not None:
            best = min(best, laid.log10_nfa)
            found = found or isinstance(laid, registration.Registered)
    return best, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=["recall", "strangers"])
    parser.add_argument("--split", default="develop", choices=["develop", "report"])
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--classes", default="", help="only those whose name contains this")
    parser.add_argument("--tiles", type=int, default=0, help="distractors in the index")
    parser.add_argument("--index", type=Path, help="keep the index here, or use it again")
    parser.add_argument("--pairs", type=int, default=6000)
    parser.add_argument("--features", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=SEED + 1)
    args = parser.parse_args()
    names = [name for name in CLASSES if args.classes in name]
    if "recall" in args.parts:
        recall(args.split, args.limit, names, args.tiles, args.index)
    if "strangers" in args.parts:
        strangers(args.pairs, args.features, args.seed)


if __name__ == "__main__":
    main()
