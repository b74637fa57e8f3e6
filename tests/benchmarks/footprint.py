"""Measure what the least footprint of the structural path keeps out.

Run: ``python -m tests.benchmarks.footprint``. Prints Markdown. Rendered ground, no data needed.
"""

from collections.abc import Sequence
from unittest import mock

import numpy as np

from imgcheck.geo import structural
from imgcheck.geo.structural import engine
from tests.benchmarks.geo_place import rate, table
from tests.imaging.ground import ground, view

_SIZE = 260


def unrelated(seeds: Sequence[int], sides: Sequence[int]) -> tuple[int, int]:
    """Place pictures of one ground on parts of another; gives how many were placed, of how many."""
    placed = 0
    for seed in seeds:
        picture, _ = view(
            ground((520, 600), seed=seed, blocks=220), size=_SIZE, angle=30 + seed * 11, scale=0.8
        )
        other = ground((520, 600), seed=seed + 1000, blocks=220)
        for side in sides:
            half = side // 2
            part = np.ascontiguousarray(other[260 - half : 260 + half, 300 - half : 300 + half])
            found = structural.find(picture, structural.Pyramid(part))
            placed += isinstance(found, structural.Match)
    return placed, len(seeds) * len(sides)


def main() -> None:
    """Print the table."""
    rows = []
    for least, seeds, sides in (
        (48.0, range(100, 110), (200, 300, 400, 520)),
        (100.0, range(200, 214), (160, 300, 520)),
    ):
        with mock.patch.object(engine, "LEAST_FOOTPRINT", least):
            placed = rate(*unrelated(seeds, sides))
        rows.append([f"{least:g} px", " ".join(map(str, sides)), placed])
    print("### Pictures (260 px) of other rendered ground that the structural path placed\n")
    table(["least footprint", "sides of the reference, px", "placed"], rows)


if __name__ == "__main__":
    main()
