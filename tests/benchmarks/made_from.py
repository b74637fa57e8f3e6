"""Measure how often a picture is taken for a copy of the reference it lies on.

    python -m tests.benchmarks.made_from dates --count 360 --write
    python -m tests.benchmarks.made_from copies --count 120

``dates``: cuts of other dates of the reference's ground; ``copies``: cuts of the reference itself.
Half of each are redacted or drawn on (`tests.benchmarks.copies`). Each is laid on the reference by
the georeference, or where there is none by the registration of the whole pictures, moved by up to
half a reference pixel, and then classified by `imgcheck.imaging.relation`, as the checks do.
The search for the place is left out: it is measured in docs/benchmarks/placing.md, and a wrong
place is no copy. ``--write`` sets the rate that `geo.made-from` prints.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.case import Case
from imgcheck.geo.earth import affine_of
from imgcheck.imaging import Image, registration, relation
from tests.benchmarks import calibrate
from tests.benchmarks.copies import (
    COPIES,
    DATES,
    KINDS,
    Told,
    options,
    pair,
    pixels,
    redacted,
    table,
)
from tests.benchmarks.hashing import jpeg, resized

Matrix = NDArray[np.float64]
SEED = 20170911


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


def main() -> None:
    """Run the part asked for."""
    chosen = options(__doc__, ["dates", "copies"], count=360, several=False).parse_args()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    told = []
    for one in asked(chosen.part, chosen.split, chosen.count):
        told.append(one)
        if chosen.show and (one.relation in COPIES) != (chosen.part == "copies"):
            print(f"- {one.name}: {one.relation} ({one.reason})", flush=True)
    table(told, f"Registered to a reference: {chosen.part} ({chosen.split})", by="place")
    if chosen.write and chosen.part == "dates":
        calibrate.write(
            "geo.made-from",
            "called a copy",
            errors=sum(t.relation in COPIES for t in told),
            trials=len(told),
            what="images of another date were classified as copies of the reference",
            calibration="docs/benchmarks/relation.md",
        )


if __name__ == "__main__":
    main()
