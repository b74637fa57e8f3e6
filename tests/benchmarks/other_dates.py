"""Measure placing between dates at sub-metre and 2 m: a destroyed suburb, rebuilt towns.

Run: ``IMGCHECK_DATA=... python -m tests.benchmarks.other_dates [--set S] [--count N] [--seed S]
[--log FILE]``; ``summary --log FILE`` prints the tables of everything in a log. Pictures are posted
like those of NAIP (``posting``) and placed by the structural path on the whole frame of the other
date, in both directions. The size of their pixels is stated within 10 % and searched within 20 %.

The frames of a pair are out of register. Their shift was measured once, by correlating the
directions of edges of the whole frames (the peak nearest to no shift that stands out, over the four
quarters where they agree): 0.3 px in Joplin, 0.5 in Beijing, 1 in DSIFN. The frames of EGY-BCD are
20 to 30 px apart, by eye and by correlation, not evenly so, to about 4 px. Its fourth pair shows no
peak and is left out; its first three are neighbours on the ground.

What the search is tuned on and what is reported are other places (``Pair.tune``).
"""

import argparse
import json
import math
import os
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from imgcheck.geo import structural
from imgcheck.geo.structural import coarse, engine
from imgcheck.imaging import registration, transforms, warp
from tests.benchmarks.geo_place import Scene, corner_error, rate, read, table
from tests.benchmarks.posting import Handling, gray, post
from tests.benchmarks.structural import ellipses, rms_error

_ROOT = Path(__file__).resolve().parents[2]
_NEAR_PX, _WRONG_PX = 5.0, 10.0
_OFF, _SEARCHED = 1.1, 1.2
# Ranks counted of the coarse search.
_FEW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two frames of one ground: a point of ``one`` lies at itself plus ``shift`` in ``other``."""

    name: str
    one: str
    other: str
    shift: tuple[float, float]
    extents: tuple[int, ...]
    tune: bool


def _pairs() -> tuple[Pair, ...]:
    joplin = (("1", (-0.4, -0.2), True), ("3", (-0.6, 0.6), False))
    beijing = (("A", (-1.8, -2.3), True), ("B", (-2.2, -2.6), False))
    dsifn = (
        ("0_2", (-0.2, 0.6), True),
        ("1_1", (-1.1, -0.3), True),
        ("2_4", (-1.1, -0.6), False),
        ("3_4", (-0.3, 0.2), False),
        ("4_4", (-0.3, -0.1), False),
    )
    egy = (("1", (-28.0, -3.0), True), ("2", (-26.0, 7.0), True), ("3", (-21.0, 5.0), False))
    return (
        *(
            _pair(f"joplin {k}", f"joplin/{k}_pre.tif", f"joplin/{k}_post.tif", s, t, 300)
            for k, s, t in joplin
        ),
        *(
            _pair(
                f"beijing {k}",
                f"beijing/beijing_{k}_1.jpg",
                f"beijing/beijing_{k}_2.jpg",
                s,
                t,
                300,
            )
            for k, s, t in beijing
        ),
        *(
            _pair(f"dsifn {k}", f"dsifn/{k}_A.png", f"dsifn/{k}_B.png", s, t, 165, 236)
            for k, s, t in dsifn
        ),
        *(_pair(f"egy {k}", f"egy/{k}_A.png", f"egy/{k}_B.png", s, t, 165, 236) for k, s, t in egy),
    )


def _pair(
    name: str, one: str, other: str, shift: tuple[float, float], tune: bool, *extents: int
) -> Pair:
    return Pair(name=name, one=one, other=other, shift=shift, extents=extents, tune=tune)


PAIRS = _pairs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one picture; errors in reference pixels, NaN where it has no place.

    ``rank`` is that of the true place among the distinct candidates of the coarse search, 0 where
    it is not among them; ``candidate_rms`` the error of a place reported as a candidate only;
    ``inside`` whether centre and corners lie in their ellipses.
    """

    pair: str
    extent: int
    tune: bool
    rank: int
    rms: float
    corner: float
    candidate_rms: float
    probability: float
    tail: float
    reason: str
    seconds: float
    inside: tuple[bool, ...] = ()


def frames(data: Path, pair: Pair) -> tuple[Scene, Scene]:
    """Read both frames, cut to the rows and columns that both show."""
    scenes = [read(data / "change" / path) for path in (pair.one, pair.other)]
    shown = np.minimum(*(s.rgb.max(axis=-1) for s in scenes)) > 0
    rows, cols = (np.flatnonzero(shown.mean(axis=axis) > 0.2) for axis in (1, 0))
    window = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    one, other = (
        Scene(name=s.name, rgb=np.ascontiguousarray(s.rgb[window]), affine=np.eye(3))
        for s in scenes
    )
    return one, other


def place(
    scene: Scene,
    reference: structural.Pyramid,
    shift: tuple[float, float],
    rng: np.random.Generator,
    extent: int,
) -> dict[str, Any]:
    """Place a posted cut, and find the rank of its true place in the coarse search."""
    rgb, cut = post(scene, rng, Handling(extent=extent))
    truth = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]]) @ cut
    shape = rgb.shape[:2]
    # What lies outside the frame was not photographed.
    shown = scene.rgb.max(axis=-1) > 0
    mask = warp.coverage(shown.shape, np.linalg.inv(cut), shape, mask=shown)
    size = transforms.scale(truth, shape)
    stated = size * float(rng.uniform(1 / _OFF, _OFF))
    limits = (stated / _SEARCHED, stated * _SEARCHED)
    start = time.process_time()
    found = structural.find(gray(rgb), reference, picture_mask=mask, scale=limits)
    took = time.process_time() - start
    laid = found.registration
    placed = isinstance(laid, registration.Registered)
    candidate = found.candidate if isinstance(found, structural.NoMatch) else None
    return {
        "rank": rank(gray(rgb), mask, reference, truth, limits),
        "rms": rms_error(laid.matrix, truth, shape) if placed else math.nan,
        "corner": corner_error(laid.matrix, truth, shape) if placed else math.nan,
        "candidate_rms": (
            math.nan if candidate is None else rms_error(candidate.matrix, truth, shape)
        ),
        "probability": (
            1.0 if found.false_match_probability is None else found.false_match_probability
        ),
        "tail": laid.log10_nfa or 0.0,
        "reason": "" if placed else laid.reason,
        "seconds": took,
        "inside": ellipses(laid, truth, shape) if placed else (),
    }


def rank(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    reference: structural.Pyramid,
    truth: NDArray[np.float64],
    limits: tuple[float, float],
) -> int:
    """Return the rank of the true place among the distinct candidates; 0 if it is none of them."""
    plan = engine._plan(picture.shape, reference, limits)
    found = coarse.search(picture, mask, reference, scales=plan.sizes, grain=plan.grain)
    distinct: list[coarse.Candidate] = []
    for candidate in found:
        if any(coarse.nearly_equal(candidate, other, picture.shape) for other in distinct):
            continue
        distinct.append(candidate)
        if near(candidate, truth, picture.shape):
            return len(distinct)
    return 0


def near(candidate: coarse.Candidate, truth: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Return whether a candidate is as near to the truth as refinement needs: a tenth of a side."""
    span = math.sqrt(shape[0] * shape[1]) * transforms.scale(truth, shape)
    return rms_error(candidate.matrix, truth, shape) < 0.1 * span


def run(data: Path, names: list[str], count: int, seed: int, log: Path | None) -> list[Result]:
    """Place ``count`` pictures for each pair and extent, half of them in each direction."""
    results = []
    for pair in PAIRS:
        if not any(pair.name.startswith(name) for name in names):
            continue
        scenes = frames(data, pair)
        references = [structural.Pyramid(s.gray, s.rgb.max(axis=-1) > 0) for s in scenes]
        for extent in pair.extents:
            for number in range(count):
                # One generator a picture: a part of a run repeats the same pictures.
                rng = np.random.default_rng([seed, PAIRS.index(pair), extent, number])
                way = number % 2
                shift = (-pair.shift[0], -pair.shift[1]) if way else pair.shift
                found = place(scenes[way], references[1 - way], shift, rng, extent)
                result = Result(pair=pair.name, extent=extent, tune=pair.tune, **found)
                results.append(result)
                if log is not None:
                    with log.open("a", encoding="utf-8") as file:
                        line = {"seed": seed, "number": number, **asdict(result)}
                        file.write(json.dumps(line) + "\n")
    return results


def logged(path: Path) -> list[Result]:
    """Read a log; a picture that was run twice counts once, as run last."""
    seen: dict[tuple[object, ...], Result] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        key = tuple(line[name] for name in ("pair", "extent", "seed", "number"))
        seen[key] = Result(**{name: line[name] for name in Result.__slots__ if name in line})
    return list(seen.values())


_HEAD = [
    "pictures",
    "true place first in the coarse search",
    f"among the first {_FEW}",
    "placed within 5 px (rms)",
    "placed, or right candidate",
    "placed",
    "placed, a corner wrong by > 10 px",
    "wrong candidates",
    "centre in its 95 % ellipse",
    "corners in theirs",
    "median CPU s",
]


def row(label: str, results: list[Result]) -> list[str]:
    """Sum up."""
    count = len(results)
    placed = [r for r in results if not math.isnan(r.rms)]
    proposed = [r for r in results if math.isnan(r.rms) and not math.isnan(r.candidate_rms)]
    close = sum(r.rms < _NEAR_PX for r in placed)
    right = sum(r.candidate_rms < 2 * _NEAR_PX for r in proposed)
    return [
        label,
        rate(sum(r.rank == 1 for r in results), count),
        rate(sum(1 <= r.rank <= _FEW for r in results), count),
        rate(close, count),
        rate(close + right, count),
        rate(len(placed), count),
        f"{sum(not r.corner <= _WRONG_PX for r in placed)}/{len(placed)}",
        f"{len(proposed) - right}/{len(proposed)}",
        f"{sum(r.inside[0] for r in placed if r.inside)}/{sum(bool(r.inside) for r in placed)}",
        f"{sum(sum(r.inside[1:]) for r in placed)}/{sum(len(r.inside[1:]) for r in placed)}",
        f"{np.median([r.seconds for r in results]):.1f}",
    ]


def report(results: list[Result]) -> None:
    """Print a table for the places that the search was tuned on, and one for the others."""
    for tune, title in ((True, "Places of tuning"), (False, "Other places")):
        print(f"### {title}\n")
        groups: dict[str, list[Result]] = {}
        for result in results:
            if result.tune == tune:
                name = result.pair.split()[0]
                groups.setdefault(f"{name}, {result.extent} px", []).append(result)
        table(_HEAD, [row(label, found) for label, found in groups.items()])


def main() -> None:
    """Run the sets asked for, or sum up a log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "summary"), default="run")
    parser.add_argument("--set", action="append", help="begin of the names of pairs")
    parser.add_argument("--count", type=int, default=10, help="pictures for each pair and extent")
    parser.add_argument("--seed", type=int, default=20171301)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    data = Path(os.environ.get("IMGCHECK_DATA", _ROOT / ".." / "shared" / "data"))
    if chosen.command == "summary":
        if chosen.log is None:
            parser.error("summary needs --log FILE")
        report(logged(chosen.log))
    else:
        names = chosen.set or ["joplin", "beijing", "dsifn", "egy"]
        report(run(data, names, chosen.count, chosen.seed, chosen.log))


if __name__ == "__main__":
    main()
