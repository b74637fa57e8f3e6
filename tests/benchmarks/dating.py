"""Measure how pictures and events are dated, on real imagery of IMGCHECK_DATA and of `nrt`.

    python -m tests.benchmarks.dating events bracket farmland losses

Constants were set on the western halves of the stacks; ``bracket`` reports on the eastern ones.
``--part tune`` shows the tuning part.

The Sentinel-2 stack (140 dates, 100 x 100 px, Romania) is a file of the package ``nrt==0.2.1``:
``pip install --no-deps nrt==0.2.1``. Without it what needs it is skipped.
"""

import argparse
import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from imgcheck import change
from imgcheck.change.bracketing import credible
from imgcheck.checks.change_date_bracket import decide, kind_of
from imgcheck.model import Outcome, Window
from tests.benchmarks import calibrate
from tests.benchmarks.change import posted, share, stack
from tests.change.ground import ground

LEVEL = 0.97
STACKS = ("pucallpa", "naip", "nrt")
NRT_FILE = "data/sentinel2_cube_subset_romania_10m.nc"
# Scene classes of Sentinel-2 that are ground: vegetation, bare, (7) not classified.
CLEAR = (4, 5, 7)


def romania() -> tuple[list[date], dict[str, np.ndarray]] | None:
    """Read the stack of the package nrt: its dates, and its bands as (T, M, N); None without it."""
    found = importlib.util.find_spec("nrt")
    path = Path(found.origin).parent / NRT_FILE if found and found.origin else None
    if path is None or not path.is_file():
        print("skipped: install the stack with: pip install --no-deps nrt==0.2.1", file=sys.stderr)
        return None
    import rasterio

    bands = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("B2", "B3", "B4", "B8", "SCL"):
            with rasterio.open(f"netcdf:{path}:{name}") as opened:
                bands[name] = opened.read()
                days = opened.tags()["NETCDF_DIM_time_VALUES"]
    first = date(2015, 8, 1)
    return [first + timedelta(int(day)) for day in days.strip("{}").split(",")], bands


def events(_: str, count: int, *__: Any) -> None:
    """Steps and pulses pasted in one pixel of ten of the Sentinel-2 stack (NDVI)."""
    read = romania()
    if read is None:
        return
    dates, bands = read
    clear = np.isin(bands["SCL"], CLEAR) & (bands["B4"] > 0)
    red, near = bands["B4"].astype(np.float32), bands["B8"].astype(np.float32)
    index = (near - red) / (near + red)
    print(
        "| event | height | pixels | found at p < 0.01 | begin inside | end inside "
        "| width, clear gaps, 50 / 90 % |"
    )
    print("|---|---|---|---|---|---|---|")
    rows: dict[tuple[str, float], list[tuple[bool, bool, int]]] = {}
    tried: dict[tuple[str, float], int] = {}
    for tile in range(count):
        top, left = 20 * (tile // 5), 20 * (tile % 5)
        cut = np.s_[:, top : top + 20, left : left + 20]
        quiet = change.events(index[cut], dates, valid=clear[cut]).p_value > 0.05
        for n, (kind, height) in enumerate(
            (kind, height) for kind in ("step", "pulse") for height in (-0.3, -0.2, -0.1)
        ):
            rng = np.random.default_rng(100 * tile + n)
            shown, truth = index[cut].copy(), {}
            for place in rng.permutation(400)[:40]:
                row, column = divmod(int(place), 20)
                seen = np.flatnonzero(clear[cut][:, row, column])
                if kind == "step":
                    at = int(rng.integers(6, seen.size - 6))
                    begin, end = int(rng.integers(seen[at - 1], seen[at])) + 1, len(dates)
                else:
                    at = int(rng.integers(6, seen.size - 26))
                    until = at + int(rng.integers(6, 20))
                    begin, end = (int(rng.integers(seen[k - 1], seen[k])) + 1 for k in (at, until))
                shown[begin:end, row, column] += height
                truth[row, column] = begin, end
            found = change.events(shown, dates, valid=clear[cut])
            for (row, column), (begin, end) in truth.items():
                if not quiet[row, column]:
                    continue
                tried[kind, height] = tried.get((kind, height), 0) + 1
                if found.p_value[row, column] >= 0.01:
                    continue
                after, before = found.began_after[row, column], found.began_before[row, column]
                ended, gone = found.ended_after[row, column], found.ended_before[row, column]
                rows.setdefault((kind, height), []).append(
                    (
                        after < begin <= before,
                        gone < 0 or (ended < end <= gone),
                        int(clear[cut][after + 1 : before + 1, row, column].sum()),
                    )
                )
    for (kind, height), results in rows.items():
        begins, ends, widths = zip(*results, strict=True)
        total = len(results)
        middle, wide = np.percentile(widths, [50, 90])
        print(
            f"| {kind} | {height} | {tried[kind, height]} | {share(total, tried[kind, height])} "
            f"| {share(sum(begins), total)} | {share(sum(ends), total)} "
            f"| {middle:.0f} / {wide:.0f} |"
        )


# Clear dates of the Sentinel-2 stack: late summers, one or two a year as in an archive; mixed
# seasons; summers and autumns.
DATES = {
    "summers": (
        "2015-08-31", "2016-08-05", "2017-07-21", "2017-08-15", "2018-07-21", "2018-08-25",
        "2019-07-01", "2019-08-20", "2020-07-05", "2020-08-29",
    ),
    "mixed": (
        "2016-04-27", "2016-08-05", "2017-06-21", "2017-10-04", "2018-05-02", "2018-08-25",
        "2019-07-01", "2019-10-09", "2020-05-11", "2020-08-29",
    ),
    "autumns": (
        "2015-08-31", "2016-06-16", "2016-08-15", "2017-06-21", "2017-09-14", "2018-07-01",
        "2018-08-15", "2019-06-16", "2019-09-19", "2020-06-30", "2020-09-13",
    ),
}  # fmt: skip

Dated = list[tuple[np.ndarray, date]]


def forest() -> dict[str, Dated]:
    """Return the Sentinel-2 stack as colour pictures of some dates; empty without nrt."""
    read = romania()
    if read is None:
        return {}
    dates, bands = read
    colours = np.stack([bands[name] for name in ("B4", "B3", "B2")], axis=-1)
    shown = np.clip(colours.astype(np.float32) / 1500, 0, 1)
    return {
        word: [(shown[dates.index(day)], day) for day in map(date.fromisoformat, days)]
        for word, days in DATES.items()
    }


def grounds(name: str, part: str) -> Iterator[tuple[str, str, Dated]]:
    """Yield parts of the western (tuning) or eastern half of a stack: place, dates, pictures.

    Two quarters of the stack, and four parts of each that do not overlap; of the Sentinel-2 stack
    the half and its two quarters, at three sets of dates.
    """
    stacks = forest() if name == "nrt" else {"": stack(name)}
    for word, dated in stacks.items():
        rows, columns = dated[0][0].shape[0] // 2, dated[0][0].shape[1] // 2
        left = 0 if part == "tune" else columns
        cuts = {"north": (0, left, rows, columns), "south": (rows, left, rows, columns)}
        if name == "nrt":
            cuts["half"] = (0, left, 2 * rows, columns)
        else:
            for k in range(8):
                high, wide = rows // 2, columns // 2
                cuts[f"part {k + 1}"] = (k // 2 * high, left + k % 2 * wide, high, wide)
        for place, (top, first, height, width) in cuts.items():
            cut = np.s_[top : top + height, first : first + width]
            yield place, word, [(array[cut], when) for array, when in dated]


def bracket(part: str, count: int, only: Sequence[str], kept: Path | None) -> None:
    """Every date in turn as a posted picture: dated by all others, and by the four nearest."""
    rows = [] if kept is None or not kept.exists() else json.loads(kept.read_text())
    done = {(r["stack"], r["place"], r["set"], r["seed"]) for r in rows}
    for name in only:
        for place, word, dated in grounds(name, part):
            for seed in range(count):
                if (name, place, word, seed) in done:
                    continue
                for k, (array, when) in enumerate(dated):
                    shown = posted(array, 1000 * seed + k)
                    for number in (len(dated) - 1, 4):
                        used = [dated[i] for i in neighbours(len(dated), k, number)]
                        row = {"stack": name, "place": place, "set": word, "seed": seed}
                        rows.append(row | _dated(shown, when, used))
                if kept is not None:
                    kept.write_text(json.dumps(rows))
    tables(rows)
    if part == "report" and set(only) == set(STACKS):
        calibrated(rows)


def _dated(shown: np.ndarray, when: date, references: Dated) -> dict[str, Any]:
    found = change.bracket(shown, references, level=LEVEL)
    truth = sum(day < when for _, day in references)
    chosen = credible(np.array(found.probability), LEVEL)
    narrow = credible(np.array(found.probability), 0.9)
    windows = [Window.parse(day.isoformat()) for day in found.dates]
    claimed = Window.parse(when.isoformat())
    return {
        "date": when.isoformat(),
        "references": len(references),
        "answered": not found.abstained,
        "wrong": not found.abstained and truth not in chosen,
        "inside_90": truth in narrow,
        "width_90": len(narrow),
        "width": len(chosen),
        "end": truth in (0, len(references)),
        "contradicted": decide(claimed, found, windows)[0] is Outcome.CONTRADICTS,
        "reason": found.reason,
    }


def neighbours(count: int, k: int, number: int) -> list[int]:
    """The ``number`` other dates nearest to date ``k`` in the order of time."""
    others = sorted((i for i in range(count) if i != k), key=lambda i: (abs(i - k), i))
    return sorted(others[:number])


def tables(rows: list[dict[str, Any]]) -> None:
    """Print the results by stack, ground and number of references."""
    print("| stack | ground | references | pictures | true interval in the 90 % set | at the ends "
          "| width | answered | wrong of answers | true dates contradicted |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    for key in dict.fromkeys((row["stack"], _ground(row), row["references"] == 4) for row in rows):
        part = [r for r in rows if (r["stack"], _ground(r), r["references"] == 4) == key]
        _line(*key[:2], "4 nearest" if key[2] else "all others", part)
    _line("naip and nrt", "all", "both", [row for row in rows if row["stack"] != "pucallpa"])


def _ground(row: dict[str, Any]) -> str:
    return row["set"] or ("parts" if row["place"].startswith("part") else "quarters")


def _line(name: str, ground: str, used: str, rows: list[dict[str, Any]]) -> None:
    ends = [row for row in rows if row["end"]]
    answers = [row for row in rows if row["answered"]]
    width = np.mean([row["width_90"] for row in rows]) if rows else 0.0
    print(
        f"| {name} | {ground} | {used} | {len(rows)} "
        f"| {share(sum(r['inside_90'] for r in rows), len(rows))} "
        f"| {sum(r['inside_90'] for r in ends)} of {len(ends)} | {width:.1f} "
        f"| {share(len(answers), len(rows))} "
        f"| {share(sum(r['wrong'] for r in answers), len(answers))} "
        f"| {share(sum(r['contradicted'] for r in rows), len(rows))} |"
    )


def calibrated(rows: list[dict[str, Any]]) -> None:
    """Write the rate of wrong answers by GSD, over pictures of different ground or date.

    Quarters that are also measured in parts, and the half of the Sentinel-2 stack, are left out.
    """
    for gsd_m, names in ((10.0, ("naip", "nrt")), (90.0, ("pucallpa",))):
        mine = [
            row
            for row in rows
            if row["stack"] in names
            and row["answered"]
            and row["place"] != "half"
            and (row["stack"] == "nrt" or row["place"].startswith("part"))
        ]
        named = [(row["stack"], row["place"], row["date"]) for row in mine]
        wrong = {name for name, row in zip(named, mine, strict=True) if row["wrong"]}
        kind = kind_of(gsd_m, 4)
        print(f"\n{kind}: {share(len(wrong), len(set(named)))} distinct pictures answered wrongly")
        calibrate.write(
            "change.date-bracket",
            f"answered wrongly, {kind}",
            errors=len(wrong),
            trials=len(set(named)),
            what="dated images received a wrong answer",
            calibration="docs/benchmarks/change.md, Dating a picture",
        )


def farmland(part: str, count: int, *_: Any) -> None:
    """Invented fields sown anew at every date: no answer is due, a wrong one is an alarm."""
    counts = {"right": 0, "abstained": 0, "wrong": 0}
    for case in range(24 * count):
        seed = case + (0 if part == "tune" else 100_000)
        rng = np.random.default_rng(seed)
        dated = []
        for year in range(2000, 2000 + int(rng.integers(4, 11))):
            shown = ground(seed, 160)
            for row in range(0, 160, 27):
                for column in range(0, 160, 27):
                    shown[row : row + 27, column : column + 27] += rng.normal(0, 0.08, 3)
            dated.append((np.clip(shown, 0, 1).astype(np.float32), date(year, 1, 1)))
        shown, when = dated.pop(int(rng.integers(len(dated))))
        found = change.bracket(shown, dated, level=LEVEL)
        inside = any(
            (one.after is None or one.after < when) and (one.before is None or when < one.before)
            for one in found.sets
        )
        counts["abstained" if found.abstained else "right" if inside else "wrong"] += 1
    print("| stacks | abstained | right | wrong |\n|---|---|---|---|")
    total = sum(counts.values())
    print(
        f"| {total} | {counts['abstained']} | {counts['right']} | {share(counts['wrong'], total)} |"
    )


def losses(_: str, __: int, *___: Any) -> None:
    """Vegetation lost between two Sentinel-2 images, average precision by pixel."""
    read = romania()
    if read is None:
        return
    dates, bands = read
    clear = np.isin(bands["SCL"], CLEAR) & (bands["B4"] > 0)
    colours = np.stack([bands[name] for name in ("B2", "B3", "B4", "B8")], -1) / np.float32(5000)
    index = (colours[..., 3] - colours[..., 2]) / (colours[..., 3] + colours[..., 2] + 1e-9)
    print(
        "| season | pairs | spectrum | drop of NDVI | less its local mean |\n|---|---|---|---|---|"
    )
    for word, early, late in (("same", (8, 9), (8, 9)), ("cross", (7, 8), (10,))):
        found = []
        for one, two in combinations(range(2016, 2021), 2):
            pair = [
                [k for k, day in enumerate(dates)
                 if day.year == year and day.month in months and clear[k].mean() > 0.9]
                for year, months in ((one, early), (two, late))
            ]  # fmt: skip
            before, after = (several[len(several) // 2] for several in pair)
            usual = []
            for year in (one, two):
                used = [
                    k
                    for k, day in enumerate(dates)
                    if day.year == year and day.month in (8, 9) and clear[k].mean() > 0.6
                ]
                used = [k for k in used if k not in (before, after)]
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    usual.append(np.nanmedian(np.where(clear[used], index[used], np.nan), axis=0))
            fell = usual[0] - usual[1]
            lost = fell - np.nanmedian(fell) > 0.15
            known = clear[before] & clear[after] & np.isfinite(fell) & (usual[0] > 0.75)
            if lost[known].sum() < 30:
                continue
            drop = cv2.GaussianBlur(index[before] - index[after], (0, 0), 0.7)
            score = change.detect(colours[before], colours[after], gsd=10.0).score
            scores = (score, drop, drop - cv2.GaussianBlur(drop, (0, 0), 8))
            found.append([_precision(score[known], lost[known]) for score in scores])
        means = " | ".join(f"{value:.2f}" for value in np.mean(found, axis=0))
        print(f"| {word} | {len(found)} | {means} |")


def _precision(score: np.ndarray, truth: np.ndarray) -> float:
    """Return the average precision of a score."""
    ordered = truth[np.argsort(-score, kind="stable")]
    return float((np.cumsum(ordered) / np.arange(1, ordered.size + 1))[ordered].mean())


def main() -> None:
    """Parse the options and print the tables."""
    every: dict[str, Any] = {f.__name__: f for f in (events, bracket, farmland, losses)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="*", default=list(every), help=", ".join(every))
    parser.add_argument("--part", choices=("tune", "report"), default="report")
    parser.add_argument("--count", type=int, default=2, help="tiles of events; ways of posting")
    parser.add_argument("--only", nargs="+", choices=STACKS, default=STACKS, help="of bracket")
    parser.add_argument("--rows", type=Path, help="file that keeps the results of bracket")
    options = parser.parse_args()
    for name in options.table:
        print(f"\n{name} ({options.part}): {every[name].__doc__}\n")
        every[name](options.part, options.count, options.only, options.rows)


if __name__ == "__main__":
    main()
