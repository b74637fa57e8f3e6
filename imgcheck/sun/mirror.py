"""The other side of the solstice: the day on which the sun stands as high again."""

import numpy as np
from numpy.typing import NDArray

from imgcheck.sun.spa import declination
from imgcheck.sun.times import FIRST_YEAR, LAST_YEAR


def mirror_days(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give for each day the day of the same calendar year with the same declination.

    Parameters
    ----------
    days : (N,) int64
        Days since 1970.

    Returns
    -------
    (M,) int64
        Sorted, each once. Days on which the declination moves the other way (falls where it
        rose), so the day of a solstice gives its neighbour.
    """
    years = _years(days)
    found = [_opposite(days[years == year], int(year)) for year in np.unique(years)]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def earlier_mirror_days(days: NDArray[np.int64], *, until: int) -> NDArray[np.int64]:
    """Give the nearest run of days with the same declinations that ends by a given day.

    Parameters
    ----------
    days : (N,) int64
        Days since 1970, one after the other.
    until : int
        Last day that the run may hold, such as the day on which the picture was posted.

    Returns
    -------
    (M,) int64
        Sorted, each once; empty where it would lie before the first year with positions.
    """
    middle = int(days[days.size // 2])
    year = int(_years(days[days.size // 2 :])[0])
    latest = int(_years(np.array([until]))[0])
    runs = [
        np.unique(_opposite(days, tried))
        for tried in range(min(year - 1, latest - 1), min(year + 1, latest) + 1)
        if FIRST_YEAR < tried < LAST_YEAR
    ]
    before = [run for run in runs if run[-1] <= until]
    if not before:
        return np.zeros(0, np.int64)
    return min(before, key=lambda run: abs(int(run[run.size // 2]) - middle))


def _years(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def _noons(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    half_day = 43_200_000_000
    return (days * (2 * half_day) + half_day).astype("datetime64[us]")


def _opposite(days: NDArray[np.int64], year: int) -> NDArray[np.int64]:
    """Give for each day the one of ``year`` on which the sun moves back through its height."""
    first, last = (
        int((np.datetime64(f"{y}-01-01") - np.datetime64("1970-01-01")).astype(np.int64))
        for y in (year, year + 1)
    )
    whole = np.arange(first, last)
    height, rising = _declination(whole)
    mine, mine_rising = _declination(days)
    apart = np.abs(mine[:, None] - height[None, :])
    apart[mine_rising[:, None] == rising[None, :]] = np.inf
    found: NDArray[np.int64] = whole[np.argmin(apart, axis=1)]
    return found


def _declination(days: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give the declination at noon, and whether it rises from the day before to the day after."""
    before, height, after = (declination(_noons(days + step)) for step in (-1, 0, 1))
    return height, after > before
