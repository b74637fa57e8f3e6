"""Measure how events are dated, on the Sentinel-2 stack of the package `nrt`.

    python -m tests.benchmarks.dating events

The Sentinel-2 stack (140 dates, 100 x 100 px, Romania) is a file of the package ``nrt==0.2.1``:
``pip install --no-deps nrt==0.2.1``. Without it what needs it is skipped.
"""

import argparse
import importlib.util
import sys
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from imgcheck import change
from tests.benchmarks.change import share

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


def events(count: int) -> None:
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


def main() -> None:
    """Parse the options and print the tables."""
    every: dict[str, Any] = {"events": events}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="*", default=list(every), help=", ".join(every))
    parser.add_argument("--count", type=int, default=2, help="tiles of 20 x 20 pixels")
    options = parser.parse_args()
    for name in options.table:
        print(f"\n{name}: {every[name].__doc__}\n")
        every[name](options.count)


if __name__ == "__main__":
    main()
