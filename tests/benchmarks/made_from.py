"""Measure whether the reference that a picture was made from is named, and only then.

    python -m tests.benchmarks.made_from acquisitions --count 600 --write
    python -m tests.benchmarks.made_from collages --count 240
    python -m tests.benchmarks.made_from dates --count 360
    python -m tests.benchmarks.made_from copies --count 120

``acquisitions``: a picture of one date of a place, drawn on, altered in a part, scaled by 0.4 to
1.2, JPEG 40 to 92, any rotation, beside all dated references at once (`imgcheck.case.acquisition`);
every second one is of a day that is not among the references. ``collages``: the same, but a pane
of 25 to 60 % of the picture shows the place at another date or turned round; its own date is always
among the references, and must not be named. ``dates``: cuts of other dates of the
reference's ground, beside one reference; ``copies``: cuts of the reference itself.
Half of each are redacted or drawn on (`tests.benchmarks.copies`). Each is laid on the reference by
the georeference, or where there is none by the registration of the whole pictures, moved by up to
half a reference pixel, and then classified by `imgcheck.imaging.relation`, as the checks do.
The search for the place is left out: it is measured in docs/benchmarks/placing.md, and a wrong
place is no copy. ``--write`` sets the rate that `change.same-acquisition` prints (acquisitions).
"""

import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.case import Case, Reference
from imgcheck.case.acquisition import Shown, compare
from imgcheck.checks.change_same_acquisition import ALONE
from imgcheck.geo.earth import affine_of
from imgcheck.imaging import Image, annotations, registration, relation
from tests.benchmarks import calibrate, geo_place
from tests.benchmarks.change import share
from tests.benchmarks.copies import (
    COPIES,
    DATES,
    KINDS,
    Told,
    arrows,
    options,
    pair,
    pixels,
    redacted,
    table,
)
from tests.benchmarks.hashing import data_dir, jpeg, resized
from tests.benchmarks.posting import Handling, gray, post

Matrix = NDArray[np.float64]
Pixels = NDArray[np.uint8]
SEED = 20170911
MOST_DATES = 6
# Dated pictures of a place; None is a rendered yard at the same hour of two days. Bounds of
# `imgcheck.imaging.contest.Untouched` were set on ``tune``.
PLACES: dict[str, dict[str, tuple[Any, ...] | None]] = {
    "tune": {
        "naip, even years": DATES["tune"]["naip, even"],
        "beijing A": DATES["tune"]["beijing A"],
        "joplin 1": DATES["tune"]["joplin 1"],
        "yards": None,
    },
    "report": {
        "naip": ("stacks/naip/*.tif", slice(None)),
        "pucallpa": ("stacks/pucallpa/*.tif", slice(None)),
        "beijing B": DATES["report"]["beijing B"],
        "joplin 3": DATES["report"]["joplin 3"],
        "taizhou": DATES["report"]["taizhou"],
        "nanjing": DATES["report"]["nanjing"],
        "yards": None,
    },
}


def between(
    first: Path, second: Path, made: dict[tuple[Path, Path], Matrix | None]
) -> Matrix | None:
    """Give the transform from the pixels of one picture to those of the other."""
    if (first, second) in made:
        return made[first, second]
    one, other = Image.open(first), Image.open(second)
    matrix = None
    if one.georeference is not None and other.georeference is not None:
        to_map = [affine_of(cast(Any, i.georeference).transform) for i in (one, other)]
        matrix = np.linalg.inv(to_map[1]) @ to_map[0]
    else:
        found = registration.register(one.gray(), other.gray())
        matrix = found.matrix if isinstance(found, registration.Registered) else None
    made[first, second] = matrix
    return matrix


def cut(path: Path, rng: np.random.Generator) -> tuple[Image, Matrix]:
    """Cut a part, scale it to 0.5 to 1, redact half of them, save at quality 50 to 92."""
    rgb = pixels(path)
    rows, cols = (max(200, round(n * float(rng.uniform(0.3, 0.8)))) for n in rgb.shape[:2])
    rows, cols = min(rows, rgb.shape[0]), min(cols, rgb.shape[1])
    top, left = (
        int(rng.integers(0, n - m + 1)) for n, m in zip(rgb.shape[:2], (rows, cols), strict=True)
    )
    piece = rgb[top : top + rows, left : left + cols]
    scale = 1.0 if rng.random() < 0.5 else float(rng.uniform(max(0.5, 180 / min(rows, cols)), 1))
    small = resized(piece, min(1.0, scale))
    back = np.diag([cols / small.shape[1], rows / small.shape[0], 1.0])
    back = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]]) @ back
    if rng.random() < 0.5:
        small = redacted(small, str(rng.choice(KINDS)), rng)
    return jpeg(small, int(rng.integers(50, 93))), back


def asked(part: str, split: str, count: int) -> Iterator[Told]:
    """Lay cuts on a reference and ask what they are to it."""
    made: dict[tuple[Path, Path], Matrix | None] = {}
    places = list(DATES[split].items())
    done = number = 0
    while done < count:
        rng = np.random.default_rng([SEED, number, len(part)])
        place, where = places[number % len(places)]
        number += 1
        first, second = pair(where, rng)
        if part == "copies":
            second = first
        laid = np.eye(3) if first == second else between(first, second, made)
        if laid is None:
            continue
        image, back = cut(first, rng)
        moved = np.eye(3)
        moved[:2, 2] = rng.uniform(-0.5, 0.5, 2)
        reference = Image.open(second)
        matrix = moved @ laid @ back
        told = relation.classify(
            image.gray(),
            reference.gray(),
            matrix / matrix[2, 2],
            picture_mask=Case(image=image).clean,
            known_mask=reference.valid(),
        )
        done += 1
        yield Told(
            place=place,
            kind=part,
            relation=told.kind,
            reason=told.reason,
            name=f"{first.name} on {second.name}",
            seconds=0.0,
        )


def stack_of(place: str, where: tuple[Any, ...] | None, seed: int) -> list[tuple[str, Any]]:
    """Give the dated pictures of a place: at most six of a stack; two days of a rendered yard."""
    if where is None:
        from tests.benchmarks.relation import yard  # which imports this module

        first, other, _ = yard(seed)
        return [("first day", first), ("other day", other)]
    found = [p for pattern in where[:-1] for p in sorted(data_dir().glob(pattern))][where[-1]]
    order = np.random.default_rng([SEED, seed]).permutation(len(found))
    return [(p.name, p) for p in (found[k] for k in np.sort(order[:MOST_DATES]))]


def altered(rgb: Pixels, extent: int, rng: np.random.Generator) -> Pixels:
    """Paste or erase a patch of 2 to 12 % of a cut, everywhere that a cut may lie."""
    out, (rows, cols) = np.ascontiguousarray(rgb).copy(), rgb.shape[:2]
    for top in range(0, rows, extent):
        for left in range(0, cols, extent):
            high, wide = (min(int(rng.uniform(0.15, 0.35) * extent), n - 1) for n in (rows, cols))
            y, x = min(top + extent // 3, rows - high), min(left + extent // 3, cols - wide)
            part = np.s_[y : y + high, x : x + wide]
            if rng.random() < 0.5:
                down, right = int(rng.integers(rows - high)), int(rng.integers(cols - wide))
                out[part] = rgb[down : down + high, right : right + wide]
            else:
                hole = np.zeros((high, wide), np.uint8)
                hole[3:-3, 3:-3] = 255
                out[part] = cv2.inpaint(np.ascontiguousarray(out[part]), hole, 3, cv2.INPAINT_TELEA)
    return out


def drawn_on(
    rgb: Pixels, extent: int, scale: float, drawn: bool, rng: np.random.Generator
) -> tuple[Pixels, Matrix]:
    """Post a cut; with arrows, boxes, rings and a caption bar where it is drawn on."""
    how = Handling(extent=extent, scale=(scale, scale), quality=(96, 96))
    picture, matrix = post(cast(Any, SimpleNamespace(rgb=rgb)), rng, how)
    if drawn:
        picture = arrows(np.ascontiguousarray(picture), rng)
        side = picture.shape[0]
        cv2.rectangle(picture, (0, side - side // 10), (side, side), (0, 0, 0), -1)
        at = (side // 30, side - side // 30)
        cv2.putText(picture, "SECTOR 4", at, cv2.FONT_HERSHEY_SIMPLEX, side / 420, (255,) * 3, 1)
    return geo_place.jpeg(picture, int(rng.integers(40, 93))), matrix


def with_pane(
    picture: Pixels, ground: Pixels, other: Pixels, laid: Matrix, rng: np.random.Generator
) -> Pixels | None:
    """Show another picture in a pane of a post; None where either picture hardly reaches there.

    ``ground`` is what the post was cut from, ``laid`` takes the post's pixels to ``other``.
    """
    side = picture.shape[0]
    cut = round(side * (1 - float(rng.uniform(0.25, 0.6))))
    pane = np.s_[:, cut:] if rng.random() < 0.5 else np.s_[cut:]
    if rng.random() < 0.5:
        other = np.ascontiguousarray(other[::-1, ::-1])
    shown = cv2.warpPerspective(other, np.linalg.inv(laid), (side, side))
    if min(np.mean(one[pane] >= 8) for one in (shown, ground)) < 0.8:
        return None
    out = np.ascontiguousarray(picture).copy()
    out[pane] = shown[pane]
    return geo_place.jpeg(out, int(rng.integers(50, 93)))


def acquisitions(
    split: str, numbers: range, only: str, show: bool, collages: bool = False
) -> list[dict[str, Any]]:
    """Hold pictures against all references of their place at once."""
    rows: list[dict[str, Any]] = []
    made: dict[tuple[Path, Path], Matrix | None] = {}
    places = {k: v for k, v in PLACES[split].items() if only in k}
    for number in numbers:
        place, where = list(places.items())[number % len(places)]
        turn = number // len(places)
        rng = np.random.default_rng([SEED, 8 + collages, turn, len(place), ord(place[-1])])
        dated = stack_of(place, where, turn // 2 + (1000 if split == "tune" else 5000))
        own = int(rng.integers(len(dated)))
        name, source = dated[own]
        rgb = source if where is None else pixels(source)
        scale, drawn, changed = float(rng.uniform(0.4, 1.2)), rng.random() < 0.6, rng.random() < 0.4
        extent = int(max(220, 160 / scale) * rng.uniform(1, 1.8))
        extent = min(extent, int(0.95 * min(rgb.shape[:2])))
        shown = altered(rgb, extent, rng) if changed else rgb
        picture, matrix = drawn_on(shown, extent, scale, drawn, rng)
        if np.mean(picture < 8) > 0.4:  # most of it is nodata
            continue
        if collages:
            label, other = dated[int(rng.choice([k for k in range(len(dated)) if k != own]))]
            lay = np.eye(3) if where is None else between(source, other, made)
            if lay is None:
                continue
            ground = cv2.warpPerspective(rgb, np.linalg.inv(matrix), picture.shape[1::-1])
            shown = other if where is None else pixels(other)
            mixed = with_pane(picture, ground, shown, lay @ matrix, rng)
            if mixed is None:
                continue
            picture = mixed
        near = []
        for k, (label, one) in enumerate(dated):
            lay = np.eye(3) if where is None or k == own else between(source, one, made)
            if lay is None or (k == own and turn % 2 and not collages):
                continue
            moved = np.eye(3)
            moved[:2, 2] = rng.uniform(-0.5, 0.5, 2)
            image = None if where is None else Image.open(one)
            near.append(
                Shown(
                    reference=Reference(id=label, image=cast(Any, image)),
                    gray=gray(one) if image is None else image.gray(),
                    valid=None if image is None else image.valid(),
                    matrix=moved @ lay @ matrix,
                    share=1.0,
                )
            )
        if not near:
            continue
        began = time.process_time()
        clean = ~annotations.find(picture)
        found = compare(gray(picture), clean, near, first=near[0].reference, lon=0.0)
        chance = {one.id: p for one, p in found.likelihoods}[found.reference.id]
        called = found.origin in ("copy", "altered copy") and chance >= ALONE
        row = {
            "place": place,
            "own": not turn % 2 and not collages,
            "how": f"{'drawn on' if drawn else 'plain'}{', altered' if changed else ''}",
            "named": called and found.reference.id == name,
            "called": called,
            "seconds": time.process_time() - began,
        }
        rows.append(row)
        if show and (row["named"] if row["own"] else not called) is False:
            print(
                f"- {place} {turn} {row['how']} x{scale:.2f} {picture.shape[0]} px: {found.origin} "
                f"of {found.reference.id} ({chance:.3f}), truth {name}; {found.relation.reason}",
                flush=True,
            )
    return rows


def told_of(rows: list[dict[str, Any]]) -> None:
    """Print how often the right reference was named, and another day called a copy."""
    print("\n| place | pictures of a reference | named | of another day | called made from one |")
    print("|---|---|---|---|---|")
    for place in (*sorted({row["place"] for row in rows}), "all"):
        mine = [row for row in rows if place in (row["place"], "all")]
        own, others = [r for r in mine if r["own"]], [r for r in mine if not r["own"]]
        print(
            f"| {place} | {len(own)} | {share(sum(r['named'] for r in own), len(own))} "
            f"| {len(others)} | {share(sum(r['called'] for r in others), len(others))} |"
        )
    for how in sorted({row["how"] for row in rows}):
        own = [r for r in rows if r["own"] and r["how"] == how]
        print(f"- {how}: {share(sum(r['named'] for r in own), len(own))}")
    print(f"\nCPU s a picture, median: {np.median([r['seconds'] for r in rows]):.1f}", flush=True)


def rates(rows: list[dict[str, Any]]) -> None:
    """Write the rate that the check prints."""
    others = [row for row in rows if not row["own"]]
    calibrate.write(
        "change.same-acquisition",
        "called a copy",
        errors=sum(row["called"] for row in others),
        trials=len(others),
        what="images of another date were called made from one of the references",
        calibration="docs/benchmarks/change.md, Which reference a picture was made from",
    )


def main() -> None:
    """Run the part asked for."""
    parts = ["acquisitions", "collages", "dates", "copies"]
    parser = options(__doc__, parts, count=360, several=False)
    parser.add_argument("--only", default="", help="places whose name contains this")
    parser.add_argument("--first", type=int, default=0, help="number of the first picture")
    parser.add_argument("--rows", type=Path, help="collect the results of several runs here")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    if chosen.part in ("acquisitions", "collages"):
        numbers = range(chosen.first, chosen.first + chosen.count)
        collages = chosen.part == "collages"
        rows = acquisitions(chosen.split, numbers, chosen.only, chosen.show, collages)
        if chosen.rows:
            rows = (json.loads(chosen.rows.read_text()) if chosen.rows.exists() else []) + rows
            chosen.rows.write_text(json.dumps(rows))
        told_of(rows)
        if chosen.write and not collages:
            rates(rows)
        return
    told = []
    for one in asked(chosen.part, chosen.split, chosen.count):
        told.append(one)
        if chosen.show and (one.relation in COPIES) != (chosen.part == "copies"):
            print(f"- {one.name}: {one.relation} ({one.reason})", flush=True)
    table(told, f"Registered to a reference: {chosen.part} ({chosen.split})", by="place")


if __name__ == "__main__":
    main()
