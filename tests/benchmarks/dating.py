"""Measure how pictures and events are dated, on real imagery of IMGCHECK_DATA and of `nrt`.

    python -m tests.benchmarks.dating events bracket farmland

Constants were set on the western halves of the two stacks; ``bracket`` reports on the eastern ones
and on the Sentinel-2 stack. ``--part tune`` shows the tuning part.

The Sentinel-2 stack (140 dates, 100 x 100 px, Romania) is a file of the package ``nrt==0.2.1``:
``pip install --no-deps nrt==0.2.1``. Without it what needs it is skipped.
"""

import argparse
import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from imgcheck import change
from imgcheck.change.bracketing import credible
from imgcheck.checks.change_date_bracket import decide, kind_of
from imgcheck.model import Outcome, Window
from tests.benchmarks import calibrate
from tests.benchmarks.change import posted, share, stack
from tests.change.ground import ground

LEVEL = 0.97
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


def events(_: str, count: int) -> None:
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


# Clear late summers of the Sentinel-2 stack, one or two a year: dates like those of an archive.
SUMMERS = (
    "2015-08-31", "2016-08-05", "2017-07-21", "2017-08-15", "2018-07-21", "2018-08-25",
    "2019-07-01", "2019-08-20", "2020-07-05", "2020-08-29",
)  # fmt: skip


def summers() -> list[tuple[np.ndarray, date]]:
    """Return the Sentinel-2 stack as colour pictures of clear summers; empty without nrt."""
    read = romania()
    if read is None:
        return []
    dates, bands = read
    colours = np.stack([bands[name] for name in ("B4", "B3", "B2")], axis=-1)
    shown = np.clip(colours.astype(np.float32) / 1500, 0, 1)
    return [(shown[dates.index(day)], day) for day in map(date.fromisoformat, SUMMERS)]


def grounds(name: str, part: str) -> Iterator[tuple[str, str, list[tuple[np.ndarray, date]]]]:
    """Yield parts of one half of a stack: the place, its quarter, the dated pictures."""
    dated = summers() if name == "nrt" else stack(name)
    if not dated or (name == "nrt" and part == "tune"):
        return
    rows, columns = dated[0][0].shape[:2]
    left, wide = (0 if part == "tune" else columns // 2), columns // 2
    cuts = {}
    for word, top in (("north", 0), ("south", rows // 2)):
        cuts[word] = (top, left, rows // 2, wide)
        down, right = top + (rows // 2 - 160) // 2, left + (wide - 160) // 2
        cuts[f"{word}, 160 px"] = (down, right, 160, 160)
    if name == "nrt":
        cuts = {"whole": (0, 0, rows, columns)}
        cuts |= {f"half {k}": (0, 50 * k, rows, 50) for k in range(2)}
        cuts |= {f"half {2 + k}": (50 * k, 0, 50, columns) for k in range(2)}
    for word, (top, first, height, width) in cuts.items():
        cut = np.s_[top : top + height, first : first + width]
        yield f"{name}, {word}", word.split(",")[0], [(array[cut], when) for array, when in dated]


def bracket(part: str, count: int) -> None:
    """Every date in turn as a posted picture: dated by all others, and by the four nearest."""
    rows = []
    for name in ("pucallpa", "naip", "nrt"):
        for place, quarter, dated in grounds(name, part):
            for seed in range(count):
                for k, (array, when) in enumerate(dated):
                    shown = posted(array, 1000 * seed + k)
                    for number in (len(dated) - 1, 4):
                        used = neighbours(len(dated), k, number)
                        rows.append(
                            _dated(name, place, quarter, shown, when, [dated[i] for i in used])
                        )
                        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    tables(rows)
    if part == "report":
        calibrated(rows)


def _dated(
    name: str,
    place: str,
    quarter: str,
    shown: np.ndarray,
    when: date,
    references: list[tuple[np.ndarray, date]],
) -> dict[str, Any]:
    found = change.bracket(shown, references, level=LEVEL)
    truth = sum(day < when for _, day in references)
    chosen = credible(np.array(found.probability), LEVEL)
    narrow = credible(np.array(found.probability), 0.9)
    windows = [Window.parse(day.isoformat()) for day in found.dates]
    claimed = Window.parse(when.isoformat())
    return {
        "stack": name,
        "place": place,
        "picture": f"{name} {quarter} {when}",
        "references": len(references),
        "answered": not found.abstained,
        "wrong": not found.abstained and truth not in chosen,
        "inside_90": truth in narrow,
        "width_90": len(narrow),
        "end": truth in (0, len(references)),
        "contradicted": decide(claimed, found, windows)[0] is Outcome.CONTRADICTS,
        "reason": found.reason,
    }


def neighbours(count: int, k: int, number: int) -> list[int]:
    """The ``number`` other dates nearest to date ``k`` in the order of time."""
    others = sorted((i for i in range(count) if i != k), key=lambda i: (abs(i - k), i))
    return sorted(others[:number])


def tables(rows: list[dict[str, Any]]) -> None:
    """Print the results by stack and number of references."""
    print("| stack | references | pictures | true interval in the 90 % set | of these at the ends "
          "| mean width | answered | wrong of answers | true dates contradicted |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name in ("pucallpa", "naip", "nrt"):
        for few in (False, True):
            part = [r for r in rows if r["stack"] == name and (r["references"] == 4) == few]
            if not part:
                continue
            ends = [row for row in part if row["end"]]
            answers = [row for row in part if row["answered"]]
            print(
                f"| {name} | {'4 nearest' if few else 'all others'} | {len(part)} "
                f"| {share(sum(r['inside_90'] for r in part), len(part))} "
                f"| {sum(r['inside_90'] for r in ends)} of {len(ends)} "
                f"| {np.mean([r['width_90'] for r in part]):.1f} "
                f"| {share(len(answers), len(part))} "
                f"| {share(sum(r['wrong'] for r in answers), len(answers))} "
                f"| {share(sum(r['contradicted'] for r in part), len(part))} |"
            )


def calibrated(rows: list[dict[str, Any]]) -> None:
    """Write the rate of wrong answers by distinct picture, a date of one quarter, and by GSD."""
    for gsd_m, names in ((10.0, ("naip", "nrt")), (90.0, ("pucallpa",))):
        mine = [row for row in rows if row["stack"] in names and row["answered"]]
        pictures = {row["picture"] for row in mine}
        wrong = {row["picture"] for row in mine if row["wrong"]}
        kind = kind_of(gsd_m, 4)
        print(
            f"\n{kind}: of distinct pictures answered, {share(len(wrong), len(pictures))} wrongly."
        )
        calibrate.write(
            "change.date-bracket",
            f"answered wrongly, {kind}",
            errors=len(wrong),
            trials=len(pictures),
            what="dated images received a wrong answer",
            calibration="docs/benchmarks/change.md, Dating a picture",
        )


def farmland(part: str, count: int) -> None:
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


def main() -> None:
    """Parse the options and print the tables."""
    every: dict[str, Any] = {f.__name__: f for f in (events, bracket, farmland)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="*", default=list(every), help=", ".join(every))
    parser.add_argument("--part", choices=("tune", "report"), default="report")
    parser.add_argument("--count", type=int, default=2, help="tiles of events; ways of posting")
    options = parser.parse_args()
    for name in options.table:
        print(f"\n{name} ({options.part}): {every[name].__doc__}\n")
        every[name](options.part, options.count)


if __name__ == "__main__":
    main()
