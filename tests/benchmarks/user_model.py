"""Benchmarks of a user's own model: windows, and the self-test of angle conventions.

python -m tests.benchmarks.user_model windows
python -m tests.benchmarks.user_model angles
"""

import argparse
import dataclasses
import math
from importlib import resources

import numpy as np
from scipy.optimize import linear_sum_assignment

from imgcheck import detect
from imgcheck.annotation import centre
from imgcheck.detect import shipped, user_model
from imgcheck.detect.user_model import Angle, Manifest, UserModel, self_test
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval
from tests.detect.test_user_model import ANGLES, OBB, USUAL, answer, rendered
from training import pictures as data

GSD = 0.25
_DRAWS = 200


def windows() -> None:
    """Run the shipped network as if it were a user's, and compare with the shipped search."""
    content = (resources.files("imgcheck.detect") / "models" / "vehicles.onnx").read_bytes()
    manifest = Manifest(
        output="centre", classes=(("vehicle", "vehicle"),), gsd_m=0.25, side=256,
        threshold=1 / (1 + math.exp(-shipped.vehicle_model().threshold)),
    )  # fmt: skip
    model = UserModel(
        name="vehicles.onnx", content=content, manifest=manifest, manifest_name="vehicles.yml"
    )
    totals = np.zeros(3, int)
    for rgb, _ in data.vehicle_frames("kit_munichstreet02", gsd=GSD):
        known = [(one.cx, one.cy) for one in detect.vehicles(rgb, gsd=GSD).proposals]
        found = [
            centre(one.geometry) for one in user_model.find(rgb, gsd=GSD, model=model).annotations
        ]
        apart = np.array([[math.dist(a, b) * GSD for b in found] for a in known])
        pairs = linear_sum_assignment(np.minimum(apart, 5))
        totals += len(known), len(found), int((apart[pairs] < 1).sum())
    print("| whole picture | windows of 256 px | the same within 1 m |\n|---|---|---|")
    print("| " + " | ".join(map(str, totals)) + " |")


def angles() -> None:
    """State wrong and right conventions for models with errors in their headings."""
    rng = np.random.default_rng(1)
    print("| error of headings, sd | found | right: refused | wrong: right named | none named |")
    print("|---|---|---|---|---|")
    for sigma in (2, 5, 10, 15, 20):
        for share in (1.0, 0.5):
            refused = sum(
                _named(USUAL, USUAL, sigma, share, rng) is not None for _ in range(_DRAWS)
            )
            others = [one for one in ANGLES if one != USUAL]
            told = [
                _named(USUAL, others[k % len(others)], sigma, share, rng) for k in range(_DRAWS)
            ]
            cells = (
                refused,
                sum(one == str(USUAL) for one in told),
                sum(one is None for one in told),
            )
            print(f"| {sigma} | {share:.0%} | " + " | ".join(map(_share, cells)) + " |")


def _named(
    true: Angle, claimed: Angle, sigma: float, share: float, rng: np.random.Generator
) -> str | None:
    """Return the convention that the self-test asks for, or None where it is content."""
    rows = rendered(true)
    error = rng.normal(0, sigma, len(rows))
    rows[:, 5] += np.radians(error) if true.unit == "radians" else error
    rows = rows[rng.random(len(rows)) < share]
    manifest = dataclasses.replace(OBB, angle=claimed)
    model = UserModel(name="m.onnx", content=b"", manifest=manifest, manifest_name="m.yml")
    try:
        self_test.check(model, lambda _: answer(manifest, rows))
    except UsageError as refusal:
        return str(refusal).split("`angle: ")[1].split("`")[0]
    return None


def _share(hits: int) -> str:
    span = binomial_interval(hits, _DRAWS)
    return f"{hits / _DRAWS:.2f} [{span.low:.2f}, {span.high:.2f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("windows", "angles"))
    {"windows": windows, "angles": angles}[parser.parse_args().what]()
