"""Redacted copies, other dates and frames of one flight, as the index itself answers.

    python -m tests.benchmarks.copies redacted --count 320
    python -m tests.benchmarks.copies screens --count 90
    python -m tests.benchmarks.copies dates --count 400
    python -m tests.benchmarks.copies frames --count 60
    python -m tests.benchmarks.copies redacted dates --split tune

Each query is made, saved as JPEG, opened with `Image` and searched with `HashIndex.search` in an
index to which the known picture was added with `add_image`. Prints Markdown. Places are split once:
thresholds of `imgcheck.imaging.covered` and `imgcheck.imaging.relation` were set on ``tune``;
``report`` is printed in the docs. ``--write`` sets the rate that the checks print.
"""

import argparse
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.hashing import HashIndex, SearchResult
from imgcheck.imaging import Image
from imgcheck.quantity import binomial_interval
from tests.benchmarks import calibrate, screens
from tests.benchmarks.hashing import data_dir, jpeg, resized

Pixels = NDArray[np.uint8]
SEED = 20170924
COPIES = ("same", "derived")
RELATIONS = (*COPIES, "same-capture", "same-place", "undetermined", "no match")
# Of a place: pattern of its pictures, and which of them.
KNOWN = {
    "tune": {
        "kit_mos155_179": ("vehicles/kit_mos155_179/*.png", slice(None)),
        "naip": ("stacks/naip/*.tif", slice(0, None, 2)),
        "brighton": ("overhead/brighton/*.jpg", slice(None)),
        "seneca, even": ("overhead/seneca/*.jpg", slice(0, None, 2)),
        "beijing A": ("change/beijing/beijing_A_[12].jpg", slice(None)),
        "neon OSBS": ("overhead/neon/OSBS*.png", slice(None)),
        "copr, even": ("overhead/copr/*.png", slice(0, None, 2)),
        "joplin 1": ("change/joplin/1_*.tif", slice(None)),
    },
    "report": {
        "kit_munichstreet02": ("vehicles/kit_munichstreet02/*.png", slice(None)),
        "dji_minsk_0005": ("vehicles/dji_minsk_0005/*.jpg", slice(None)),
        "niza": ("overhead/niza/*.jpg", slice(None)),
        "seneca, odd": ("overhead/seneca/*.jpg", slice(1, None, 2)),
        "neon SOAP": ("overhead/neon/SOAP*.png", slice(None)),
        "copr, odd": ("overhead/copr/*.png", slice(1, None, 2)),
        "beijing B": ("change/beijing/beijing_B_[12].jpg", slice(None)),
        "pucallpa": ("stacks/pucallpa/*.tif", slice(None)),
        "joplin 3": ("change/joplin/3_*.tif", slice(None)),
    },
}
# Groups of pictures that show one place at different dates; of several patterns, pairs A and B.
DATES: dict[str, dict[str, tuple[str | slice, ...]]] = {
    "tune": {
        "naip, even": ("stacks/naip/*.tif", slice(0, None, 2)),
        "beijing A": ("change/beijing/beijing_A_[12].jpg", slice(None)),
        "joplin 1": ("change/joplin/1_*.tif", slice(None)),
        "rebuilt towns": (
            "change/dsifn/[01]_?_[AB].png",
            "change/egy/[12]_[AB].png",
            slice(None),
        ),
    },
    "report": {
        "naip, odd": ("stacks/naip/*.tif", slice(1, None, 2)),
        "pucallpa": ("stacks/pucallpa/*.tif", slice(None)),
        "beijing B": ("change/beijing/beijing_B_[12].jpg", slice(None)),
        "joplin 3": ("change/joplin/3_*.tif", slice(None)),
        "nanjing": ("change/nanjing/nanjing[12].jpg", slice(None)),
        "taizhou": ("change/taizhou/taizhou200[03].jpg", slice(None)),
        "rebuilt towns": (
            "change/dsifn/[234]_4_[AB].png",
            "change/egy/[34]_[AB].png",
            slice(None),
        ),
    },
}
FRAMES: dict[str, dict[str, tuple[str | slice, ...]]] = {
    "tune": {"kit_mos155_179": ("vehicles/kit_mos155_179/*.png", slice(None))},
    "report": {
        "kit_munichstreet02": ("vehicles/kit_munichstreet02/*.png", slice(None)),
        "dji_minsk_0005": ("vehicles/dji_minsk_0005/*.jpg", slice(None)),
    },
}
COLOURS = {"black": (0, 0, 0), "white": (255, 255, 255), "gray": (128, 128, 128)}
KINDS = (*COLOURS, "pixelated", "blurred", "mixed", "arrows, JPEG 55")
TITLES = {
    "redacted": "Redacted copies", "screens": "Films, photographs of screens, screenshots",
    "dates": "Other dates", "frames": "Frames",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the index said of one query."""

    place: str
    kind: str
    relation: str
    name: str
    reason: str
    seconds: float


def paths(pattern: str, part: str | slice) -> list[Path]:
    """Give the pictures of a place."""
    assert isinstance(part, slice)
    return sorted(data_dir().glob(pattern))[part]


@cache
def pixels(path: Path) -> Pixels:
    """Read a picture once, as the product reads it."""
    return Image.open(path).rgb()


class Known:
    """One index a known picture, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[Path, Path] = {}

    def search(self, query: Image, path: Path) -> SearchResult:
        """Search the index that holds this one picture."""
        if path not in self.made:
            self.made[path] = self.folder / f"{len(self.made)}.db"
            with HashIndex.create(self.made[path]) as index:
                index.add_image(Image.open(path), path_text=path.name, date="2015-06-14")
        with HashIndex.open(self.made[path]) as index:
            return index.search(query)


def patches(shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[tuple[slice, slice]]:
    """Give one to three rectangles that together cover 3 to 15 % of a picture."""
    rows, cols = shape[:2]
    count = int(rng.integers(1, 4))
    total = float(rng.uniform(0.03, 0.15))
    for share in total * rng.dirichlet(np.full(count, 4.0)):
        aspect = float(np.exp(rng.uniform(-0.7, 0.7)))
        high = int(np.clip(np.sqrt(share * aspect) * rows, 12, 0.8 * rows))
        wide = int(np.clip(share * rows * cols / high, 12, 0.8 * cols))
        top, left = (int(rng.integers(0, n - m)) for n, m in ((rows, high), (cols, wide)))
        yield slice(top, top + high), slice(left, left + wide)


def redacted(rgb: Pixels, kind: str, rng: np.random.Generator) -> Pixels:
    """Cover patches of a picture, or draw arrows and strokes on it."""
    out = np.ascontiguousarray(rgb).copy()
    if kind.startswith("arrows"):
        return arrows(out, rng)
    for part in patches(out.shape, rng):
        how = str(rng.choice(KINDS[:5])) if kind == "mixed" else kind
        size = (out[part].shape[1], out[part].shape[0])
        if how in COLOURS:
            out[part] = COLOURS[how]
        elif how == "pixelated":
            cell = float(rng.uniform(0.012, 0.03)) * max(out.shape[:2])
            few = (max(1, round(size[0] / cell)), max(1, round(size[1] / cell)))
            small = cv2.resize(out[part], few, interpolation=cv2.INTER_AREA)
            out[part] = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
        else:
            sigma = float(rng.uniform(0.008, 0.02)) * max(out.shape[:2])
            out[part] = cv2.GaussianBlur(out[part], (0, 0), sigma)
    return out


def arrows(out: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw three to five arrows, boxes and rings in vivid colours, white or black."""
    rows, cols = out.shape[:2]
    side = min(rows, cols)
    for _ in range(int(rng.integers(3, 6))):
        colour = [(255, 0, 0), (255, 255, 0), (0, 255, 255), (255, 255, 255), (0, 0, 0)][
            int(rng.integers(5))
        ]
        width = max(1, round(side / float(rng.uniform(80, 250))))
        tip = rng.uniform(0.15, 0.85, 2) * [cols, rows]
        tail = np.clip(tip + rng.uniform(-0.25, 0.25, 2) * [cols, rows], 0, [cols, rows])
        a, b = (tuple(int(v) for v in p) for p in (tail, tip))
        shape = int(rng.integers(3))
        if shape == 0:
            cv2.arrowedLine(out, a, b, colour, width, cv2.LINE_AA)
        elif shape == 1:
            cv2.rectangle(out, a, b, colour, width)
        else:
            cv2.circle(out, b, int(rng.uniform(0.04, 0.12) * side), colour, width, cv2.LINE_AA)
    return out


def posted(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """Cut 70 to 100 % of both sides and bring it to 0.5 to 1 of its size, 300 px at least."""
    rows, cols = (max(200, round(n * float(rng.uniform(0.7, 1)))) for n in rgb.shape[:2])
    rows, cols = min(rows, rgb.shape[0]), min(cols, rgb.shape[1])
    top, left = (
        int(rng.integers(0, n - m + 1)) for n, m in zip(rgb.shape[:2], (rows, cols), strict=True)
    )
    piece = rgb[top : top + rows, left : left + cols]
    least = min(1.0, 300 / max(rows, cols))
    scale = 1.0 if rng.random() < 0.4 else float(rng.uniform(max(0.5, least), 1.0))
    return resized(piece, min(scale, 1600 / max(rows, cols)))


def ask(known: Known, query: Image, path: Path, *, place: str, kind: str, name: str) -> Told:
    """Search, and give what the surest match is called."""
    began = time.process_time()
    matches = known.search(query, path).matches
    seconds = time.process_time() - began
    first = matches[0] if matches else None
    return Told(
        place=place,
        kind=kind,
        relation="no match" if first is None else first.relation,
        reason="" if first is None else first.relation_reason,
        name=name,
        seconds=seconds,
    )


def copies(known: Known, split: str, count: int, part: str) -> Iterator[Told]:
    """Redacted or filmed copies, places and kinds in turns."""
    kinds = KINDS if part == "redacted" else tuple(screens.LOOKS)
    places = list(KNOWN[split].items())
    for number in range(count):
        rng = np.random.default_rng([SEED, 1, number])
        place, where = places[number % len(places)]
        group = paths(*where)
        path = group[int(rng.integers(len(group)))]
        kind = kinds[(number // len(places) + number) % len(kinds)]
        if part == "redacted":
            picture = redacted(posted(pixels(path), rng), kind, rng)
        else:
            picture, _ = screens.LOOKS[kind](pixels(path), rng)
        quality = 55 if "55" in kind else int(rng.integers(50, 93))
        query = jpeg(picture, quality)
        yield ask(known, query, path, place=place, kind=kind, name=f"{number} {path.name}")


def pair(where: tuple[str | slice, ...], rng: np.random.Generator) -> tuple[Path, Path]:
    """Give two pictures of one ground; names of pairs differ in their last letter."""
    *patterns, part = where
    group = [p for pattern in patterns for p in paths(str(pattern), part)]
    first = group[int(rng.integers(len(group)))]
    same = [
        p for p in group if p != first and (len(patterns) == 1 or p.stem[:-1] == first.stem[:-1])
    ]
    return first, same[int(rng.integers(len(same)))]


def others(
    known: Known, groups: dict[str, tuple[str | slice, ...]], count: int, kind: str
) -> Iterator[Told]:
    """Cuts of one picture of a group, searched among the others of the group."""
    places = list(groups.items())
    for number in range(count):
        rng = np.random.default_rng([SEED, 2, number, len(kind)])
        place, where = places[number % len(places)]
        first, second = pair(where, rng)
        picture = posted(pixels(first), rng)
        if rng.random() < 0.5:
            picture = redacted(picture, str(rng.choice(KINDS)), rng)
        elif rng.random() < 0.5:
            picture, _ = screens.LOOKS[str(rng.choice(list(screens.LOOKS)))](pixels(first), rng)
        query = jpeg(picture, int(rng.integers(50, 93)))
        name = f"{number} {first.name} in {second.name}"
        yield ask(known, query, second, place=place, kind=kind, name=name)


def table(told: list[Told], title: str, *, by: str) -> None:
    """Print what was called what."""
    print(f"\n### {title}\n\n| {by} | queries | {' | '.join(RELATIONS)} | copy, 95 % |")
    print(f"|---|---|{'---|' * len(RELATIONS)}---|")
    for name in (*sorted({getattr(t, by) for t in told}), "all"):
        mine = [t.relation for t in told if name in (getattr(t, by), "all")]
        counts = Counter(mine)
        copy = sum(counts[k] for k in COPIES)
        span = binomial_interval(copy, len(mine))
        cells = " | ".join(str(counts[k]) for k in RELATIONS)
        print(
            f"| {name} | {len(mine)} | {cells} | "
            f"{copy / len(mine):.3f} [{span.low:.3f}, {span.high:.3f}] |"
        )
    seconds = [t.seconds for t in told]
    print(
        f"\nCPU s a search: median {np.median(seconds):.1f}, largest {max(seconds):.1f}", flush=True
    )


def options(
    doc: str | None, parts: list[str], *, count: int, several: bool = True
) -> argparse.ArgumentParser:
    """Return the parser of a benchmark of copies: parts, split, count, what to show and write."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("part", nargs="+" if several else None, choices=parts)
    parser.add_argument("--split", default="report", choices=["report", "tune"])
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--show", action="store_true", help="name what went wrong")
    parser.add_argument("--write", action="store_true", help="write the rate of the check")
    return parser


def main() -> None:
    """Run the parts asked for."""
    chosen = options(__doc__, list(TITLES), count=320).parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    for part in chosen.part:
        with tempfile.TemporaryDirectory() as folder:
            known = Known(Path(folder))
            copied = part in ("redacted", "screens")
            if copied:
                steps = copies(known, chosen.split, chosen.count, part)
            else:
                groups = (DATES if part == "dates" else FRAMES)[chosen.split]
                steps = others(known, groups, chosen.count, part)
            told = []
            for one in steps:
                told.append(one)
                if chosen.show and (one.relation in COPIES) != copied:
                    print(f"- {one.kind}, {one.name}: {one.relation} ({one.reason})", flush=True)
        title = TITLES[part]
        if copied:
            table(told, f"{title} ({chosen.split})", by="kind")
        table(told, f"{title} ({chosen.split})", by="place")
        # Where details did not even match, nothing was asked that could have been answered wrongly.
        asked = [t for t in told if t.relation != "no match"]
        if part == "dates" and chosen.write:
            calibrate.write(
                "hashing.seen-before",
                "called a copy",
                errors=sum(t.relation in COPIES for t in asked),
                trials=len(asked),
                what="images of the same place on other dates were classified as copies",
                calibration="docs/benchmarks/relation.md",
            )


if __name__ == "__main__":
    main()
