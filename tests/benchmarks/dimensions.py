"""What a size says about the type of a vehicle, simulated.

    python -m tests.benchmarks.dimensions

Sedans of all usual sizes, measured with an edge error of 0.35 pixels a side and a common error of
the scale, against the claim that they are HMMWVs; the coverage of the 95 % region for every type of
the table; and what more like vehicles add.
"""

import math

import numpy as np

from imgcheck.checks.detect_dimensions import Measured, _claimed, words
from imgcheck.detect import dimensions
from imgcheck.detect.dimensions import MeasuredSize
from imgcheck.model import Dimensions
from imgcheck.quantity import binomial_interval

EDGE_PX = 0.35
CLAIM = Dimensions(id="type", object_class="HMMWV", length_m=4.57, width_m=2.16)
ROWS = [one for one in dimensions.vehicle_types() if "hmmwv" not in one.name.lower().split()]


def measure(
    rng: np.random.Generator,
    length: float,
    width: float,
    gsd: float,
    scale: float,
    objects: int = 1,
) -> MeasuredSize:
    """Return a simulated measurement of vehicles of one size."""
    edge = EDGE_PX * math.sqrt(2) * gsd / math.sqrt(objects)
    stretch = 1 + rng.normal(0, scale)
    return MeasuredSize(
        length_m=max(length * stretch + rng.normal(0, edge), 0.3),
        width_m=max(width * stretch + rng.normal(0, edge), 0.3),
        length_sigma_m=edge,
        width_sigma_m=edge,
        scale_sigma=scale,
        objects=objects,
    )


def _share(hits: int, trials: int) -> str:
    span = binomial_interval(hits, trials)
    return f"{hits} of {trials} [{100 * span.low:.1f}, {100 * span.high:.1f}] %"


def sedans(trials: int = 1000) -> None:
    """Count sedans that would pass for a HMMWV and nothing else."""
    print("| GSD, error of the scale | consistent with HMMWV only | HMMWV inside | rivals named |")
    print("|---|---|---|---|")
    for gsd, scale in ((0.1, 0.05), (0.3, 0.05), (0.5, 0.05), (0.7, 0.05), (1.0, 0.10)):
        rng = np.random.default_rng(20170924)
        only = inside = named = 0
        for _ in range(trials):
            size = measure(rng, rng.uniform(4.2, 4.9), rng.uniform(1.66, 1.86), gsd, scale)
            claimed = _claimed(CLAIM, size)
            ranked = dimensions.compare(size, [claimed, *ROWS])
            mine = next(one for one in ranked if one.type is claimed)
            others = [one for one in ranked if one.type is not claimed]
            fits = [one for one in others if one.inside]
            inside += mine.inside
            only += mine.inside and not fits
            said = words(CLAIM, Measured(size=size, source="1 object"), mine, others)
            named += all(one.type.name in said for one in (fits or others)[:3])
            assert " is a " not in said
        cells = (_share(k, trials) for k in (only, inside, named))
        print(f"| {gsd:g} m, {scale:.0%} | {' | '.join(cells)} |")


def coverage(trials: int = 40) -> None:
    """Count how often the true type lies in its own 95 % region, over all types of the table."""
    print("| GSD, error of the scale | true type inside the 95 % region |")
    print("|---|---|")
    for gsd, scale in ((0.3, 0.02), (0.5, 0.05)):
        rng = np.random.default_rng(7)
        hits = 0
        for one in dimensions.vehicle_types():
            for _ in range(trials):
                length = one.length_m + rng.normal(0, one.length_spread_m)
                width = one.width_m + rng.normal(0, one.width_spread_m)
                hits += dimensions.compare(measure(rng, length, width, gsd, scale), [one])[0].inside
        print(
            f"| {gsd:g} m, {scale:.0%} | {_share(hits, trials * len(dimensions.vehicle_types()))} |"
        )


def rows(trials: int = 400) -> None:
    """Print what the number of like vehicles adds: HMMWVs measured, a sedan as the rival."""
    print("| vehicles in the row | log10 LR of the HMMWV to a sedan of 4.55 x 1.75 m (median) |")
    print("|---|---|")
    hmmwv = next(one for one in dimensions.vehicle_types() if one.name == "HMMWV M998")
    sedan = next(one for one in dimensions.vehicle_types() if one.name.startswith("Toyota Corolla"))
    for objects in (1, 4, 16, 64):
        rng = np.random.default_rng(3)
        found = []
        for _ in range(trials):
            size = measure(rng, hmmwv.length_m, hmmwv.width_m, 0.5, 0.05, objects)
            ranked = {one.type: one.log10_ratio for one in dimensions.compare(size, [hmmwv, sedan])}
            found.append(ranked[sedan] - ranked[hmmwv])
        print(f"| {objects} | {np.median(found):.1f} |")


if __name__ == "__main__":
    sedans()
    coverage()
    rows()
