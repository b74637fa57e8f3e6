"""What `hashing.altered-since` answers, asked as `imgcheck verify --index` asks it.

    python -m tests.benchmarks.altered_product unaltered --count 312 --write
    python -m tests.benchmarks.altered_product planted --count 120
    python -m tests.benchmarks.altered_product unaltered --split tune --count 60 --show

The original is added to an index; the post is searched, and the check is run on the case with a
post date after that of the index. Of every second picture the file is at hand; of the others only
the preview in the index is. Prints Markdown; ``--write`` sets the rate that the check prints.
"""

import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.case import Case
from imgcheck.checks.hashing_altered_since import hashing_altered_since
from imgcheck.hashing import HashIndex
from imgcheck.imaging import Image
from imgcheck.model import Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.quantity import binomial_interval
from tests.benchmarks import altered, calibrate, copies, parts
from tests.benchmarks.hashing import data_dir, jpeg, resized

Pixels = NDArray[np.uint8]
Maker = Callable[[Pixels, np.random.Generator], Pixels]
SEED = 20171114
CLAIM = loads("source: {posted: 2017-09-24}\nstatements:\n  - unaltered\n")
STATEMENT = CLAIM.statements[0].id
PLACES = {
    "tune": {
        "kit_mos155_179": "vehicles/kit_mos155_179/*.png",
        "naip": "stacks/naip/*.tif",
        "niza": "overhead/niza/*.jpg",
        "beijing A": "change/beijing/beijing_A_[12].jpg",
        "joplin 1": "change/joplin/1_pre.tif",
        "egy 1": "change/egy/1_[AB].png",
    },
    "report": {
        "kit_munichstreet02": "vehicles/kit_munichstreet02/*.png",
        "dji_minsk_0005": "vehicles/dji_minsk_0005/*.jpg",
        "brighton": "overhead/brighton/*.jpg",
        "seneca": "overhead/seneca/*.jpg",
        "neon": "overhead/neon/*.png",
        "copr": "overhead/copr/*.png",
        "beijing B": "change/beijing/beijing_B_[12].jpg",
        "joplin 3": "change/joplin/3_pre.tif",
        **{f"dsifn {n}": f"change/dsifn/{n}_*_[AB].png" for n in range(5)},
        **{f"egy {n}": f"change/egy/{n}_[AB].png" for n in (2, 3, 4)},
        "pucallpa": "stacks/pucallpa/*.tif",
        "taizhou": "change/taizhou/taizhou200[03].jpg",
    },
}


def _text(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Write one or two lines in white or black, with or without an outline, on the ground."""
    out = np.ascontiguousarray(pixels).copy()
    rows, cols = out.shape[:2]
    ink = 255 * int(rng.integers(2))
    for line in ("10 SEPTEMBER 2017", "left bank of the river")[: int(rng.integers(1, 3))]:
        size = float(rng.uniform(0.4, 0.9)) * cols / 640
        at = (int(rng.uniform(0.02, 0.3) * cols), int(rng.uniform(0.1, 0.95) * rows))
        if rng.random() < 0.5:
            cv2.putText(out, line, at, cv2.FONT_HERSHEY_SIMPLEX, size, (255 - ink,) * 3, 3, 16)
        cv2.putText(out, line, at, cv2.FONT_HERSHEY_SIMPLEX, size, (ink,) * 3, 1, 16)
    return out


def _credit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Write a credit in strokes of one pixel into a corner, and a thin rule over it."""
    out = np.ascontiguousarray(pixels).copy()
    rows, cols = out.shape[:2]
    ink = int(rng.choice([0, 200, 255]))
    top = bool(rng.random() < 0.5)
    y = 14 if top else rows - 6
    cv2.putText(
        out, "Image (c) 2017 Provider / Agency", (int(rng.integers(4, cols // 3)), y),
        cv2.FONT_HERSHEY_SIMPLEX, 0.35, (ink,) * 3, 1, 16,
    )  # fmt: skip
    cv2.line(out, (0, y + (5 if top else -13)), (cols, y + (5 if top else -13)), (ink,) * 3, 1)
    return out


def _logo(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Put a round or square badge with letters into a corner."""
    out = np.ascontiguousarray(pixels).copy()
    rows, cols = out.shape[:2]
    half = int(0.06 * min(rows, cols)) + 6
    x = int(rng.choice([half + 6, cols - half - 6]))
    y = int(rng.choice([half + 6, rows - half - 6]))
    fill = [(200, 30, 30), (255, 255, 255), (20, 40, 120), (0, 0, 0)][int(rng.integers(4))]
    ink = (255,) * 3 if sum(fill) < 400 else (0,) * 3
    if rng.random() < 0.5:
        cv2.circle(out, (x, y), half, fill, -1, cv2.LINE_AA)
    else:
        cv2.rectangle(out, (x - half, y - half), (x + half, y + half), fill, -1)
    cv2.putText(out, "TV1", (x - half + 3, y + 5), cv2.FONT_HERSHEY_SIMPLEX, half / 30, ink, 1, 16)
    return out


def _screenshot(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return parts._screenshot(pixels, [], rng).image.rgb()


def _crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    rows, cols = (round(0.7 * n) for n in pixels.shape[:2])
    y, x = (int(rng.integers(0, n - m)) for n, m in zip(pixels.shape, (rows, cols), strict=False))
    return pixels[y : y + rows, x : x + cols]


def _gray(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _brighter(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """More contrast and light: roofs are clipped."""
    gain, lift = float(rng.uniform(1.1, 1.5)), float(rng.uniform(0, 40))
    return np.clip(pixels * gain + lift, 0, 255).astype(np.uint8)


def _twice(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return resized(jpeg(pixels, 60).rgb(), 0.9)


def _as_is(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return pixels


HANDLINGS: dict[str, tuple[Maker, int]] = {
    "JPEG 50": (_as_is, 50),
    "x0.6, JPEG 80": (lambda p, r: resized(p, 0.6), 80),
    "saved twice, x0.9": (_twice, 70),
    "gray, JPEG 75": (_gray, 75),
    "crop 70 %": (_crop, 80),
    "brighter, clipped": (_brighter, 80),
    "caption bar": (lambda p, r: altered.captioned(p), 80),
    "white or black text": (_text, 75),
    "credit line of 1 px": (_credit, 75),
    "arrows and boxes": (lambda p, r: copies.arrows(np.ascontiguousarray(p).copy(), r), 70),
    "logo": (_logo, 80),
    "screenshot": (_screenshot, 75),
    "redacted": (lambda p, r: copies.redacted(p, str(r.choice(copies.KINDS[:6])), r), 75),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the check said of one post."""

    place: str
    handling: str
    outcome: str
    content: int
    compared: bool
    seconds: float


def asked(
    folder: Path, original: Path, post: Image, *, at_hand: bool
) -> tuple[list[Finding], float]:
    """Run the check on a post whose original alone is in the index; ``at_hand``: with its file."""
    store = folder / f"{original.parent.name}{original.stem}{at_hand}.db"
    if not store.exists():
        label = str(original) if at_hand else original.name
        with HashIndex.create(store) as index:
            index.add_image(Image.open(original), path_text=label, date="2015-06-14")
    began = time.process_time()
    found = list(hashing_altered_since.run(Case(image=post, claim=CLAIM, index=store)))
    return found, time.process_time() - began


def answer(place: str, handling: str, findings: list[Finding], seconds: float) -> Answer:
    """Count what the findings report."""
    told = findings[0]
    content = [m for m in told.measures if str(m.value).startswith("content")]
    judged = next((f for f in findings if f.statement == STATEMENT), told)
    # A rate that is too uncertain makes it inconclusive; the region was reported all the same.
    return Answer(
        place=place,
        handling=handling,
        outcome=str(judged.outcome),
        content=len(content),
        compared=told.outcome is Outcome.INCONCLUSIVE,
        seconds=seconds,
    )


def sources(split: str, number: int, rng: np.random.Generator) -> tuple[str, Path]:
    """Give the place and the picture of a trial."""
    places = list(PLACES[split].items())
    place, pattern = places[number % len(places)]
    group = sorted(data_dir().glob(pattern))
    return place, group[int(rng.integers(len(group)))]


def unaltered(folder: Path, split: str, count: int, show: bool) -> Iterator[Answer]:
    """Posts that nobody altered; places and handlings in turns."""
    names = list(HANDLINGS)
    for number in range(count):
        rng = np.random.default_rng([SEED, 1, number])
        place, path = sources(split, number, rng)
        name = names[(number + number // len(PLACES[split])) % len(names)]
        make, quality = HANDLINGS[name]
        pixels = held(path)
        post = jpeg(make(pixels, rng), quality)
        found, seconds = asked(folder, path, post, at_hand=number // len(PLACES[split]) % 2 == 0)
        one = answer(place, name, found, seconds)
        if show and (one.content or not one.compared):
            print(f"- {number} {path.name}, {name}: {found[0].summary}", flush=True)
        yield one


def held(path: Path, most: int = 1600) -> Pixels:
    """Read a picture, reduced where it is larger than posts are."""
    pixels = Image.open(path).rgb()
    return resized(pixels, min(1.0, most / max(pixels.shape[:2])))


PLANTS = ("splice", "square splice", "clone", "square clone", "inpaint", "erased vehicle")


def without_vehicle(
    path: Path, pixels: Pixels, rng: np.random.Generator
) -> tuple[Pixels, int] | None:
    """Erase a marked vehicle, by inpainting or by ground from beside it; give its longer side."""
    marks = path.parent / "coco.json"
    if not marks.exists():
        return None
    held_marks = json.loads(marks.read_text(encoding="utf-8"))
    image = next((i for i in held_marks["images"] if i["file_name"] == path.name), None)
    if image is None:
        return None
    boxes = [m["bbox"] for m in held_marks["annotations"] if m["image_id"] == image["id"]]
    scale, margin = pixels.shape[1] / image["width"], 3
    for k in rng.permutation(len(boxes)):
        x, y, wide, high = (round(v * scale) for v in boxes[k])
        y0, y1, x0, x1 = y - margin, y + high + margin, x - margin, x + wide + margin
        away = x1 - x0 if x1 + (x1 - x0) < pixels.shape[1] else x0 - x1
        inside = min(y0, x0, x0 + away) >= 0 and y1 <= pixels.shape[0] and x1 <= pixels.shape[1]
        if not inside or max(wide, high) < 24:
            continue
        out = pixels.copy()
        if rng.random() < 0.5:
            out[y0:y1, x0:x1] = pixels[y0:y1, x0 + away : x1 + away]
        else:
            gone = np.zeros(pixels.shape[:2], np.uint8)
            gone[y0:y1, x0:x1] = 1
            out = np.asarray(cv2.inpaint(pixels, gone, 3, cv2.INPAINT_TELEA), np.uint8)
        return out, max(wide, high)
    return None


def is_loud(pixels: Pixels) -> bool:
    """Return whether much of the ground is vivid, as in false colour."""
    high, low = pixels.max(axis=-1).astype(int), pixels.min(axis=-1).astype(int)
    return bool(np.mean((high - low > 0.6 * high) & (high > 100)) > 0.1)


def planted(
    folder: Path, split: str, count: int, show: bool
) -> Iterator[tuple[str, str, bool, bool]]:
    """Give (kind, place, reported, contradicted) for posts with one plant of 24 px or more each."""
    for number in range(count):
        rng = np.random.default_rng([SEED, 3, number])
        place, path = sources(split, number, rng)
        pixels = held(path)
        size = int(rng.choice([24, 32, 48, 64]))
        places = len(PLACES[split])
        kind = PLANTS[(number + number // places) % len(PLANTS)]
        erased = without_vehicle(path, pixels, rng) if kind == "erased vehicle" else None
        if erased is not None:
            out, size = erased
        else:
            kind = PLANTS[number // places % 5] if kind == "erased vehicle" else kind
            others = [held(sources(split, number + k, rng)[1]) for k in (1, 2)]
            # A patch of false colour in true colours looks like a drawn box, and is called one.
            others = [o for o in others if is_loud(o) == is_loud(pixels)] or [pixels]
            out, done = altered.planted(pixels, others, size, rng, count=1, kinds=(kind,))
            if not done:
                continue
        found, seconds = asked(folder, path, jpeg(out, 80), at_hand=number // places % 2 == 0)
        one = answer(place, kind, found, seconds)
        if show and not one.content:
            print(f"- missed {number} {path.name}, {kind} {size}: {found[0].summary}", flush=True)
        yield kind, place, bool(one.content), one.outcome == "contradicts"


def table(answers: list[Answer]) -> None:
    """Print the alarms by handling and by place."""
    for by in ("handling", "place"):
        print(f"\n| {by} | pairs | not compared | ground differs | 95 % |\n|---|---|---|---|---|")
        for name in (*dict.fromkeys(getattr(a, by) for a in answers), "all"):
            mine = [a for a in answers if name in (getattr(a, by), "all")]
            alarms = sum(a.content > 0 for a in mine)
            span = binomial_interval(alarms, len(mine))
            refused = sum(not a.compared for a in mine)
            print(
                f"| {name} | {len(mine)} | {refused} | {alarms} | "
                f"[{span.low:.3f}, {span.high:.3f}] |"
            )
    print(f"\nCPU s: median {np.median([a.seconds for a in answers]):.1f}")


def main() -> None:
    """Run the parts asked for."""
    parser = copies.options(__doc__, ["unaltered", "planted"], count=312, several=False)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    # In the background of a shell it would be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if chosen.part == "planted":
            found = planted(folder, chosen.split, chosen.count, chosen.show)
            rows = list(altered.until_stopped(found))
            for by, names in enumerate((PLANTS, PLACES[chosen.split])):
                print("\n| plant | count | reported | contradicted |\n|---|---|---|---|")
                for name in (*names, "all"):
                    mine = [r for r in rows if name in (r[by], "all")]
                    hits = sum(r[2] for r in mine)
                    span = binomial_interval(hits, max(1, len(mine)))
                    print(
                        f"| {name} | {len(mine)} | {hits} [{span.low:.3f}, {span.high:.3f}] | "
                        f"{sum(r[3] for r in mine)} |"
                    )
            return
        given = unaltered(folder, chosen.split, chosen.count, chosen.show)
        answers = list(altered.until_stopped(given))
    table(answers)
    compared = [a for a in answers if a.compared]
    if chosen.write:
        calibrate.write(
            "hashing.altered-since",
            "called altered",
            errors=sum(a.content > 0 for a in compared),
            trials=len(compared),
            what="unaltered copies were reported as altered",
            calibration="docs/benchmarks/relation.md",
        )


if __name__ == "__main__":
    main()
