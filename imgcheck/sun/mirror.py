"""The other side of the solstice: the day on which the sun stands as high again."""

import numpy as np
from numpy.typing import NDArray

from imgcheck.sun.spa import declination


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
    found: list[NDArray[np.int64]] = []
    years = days.astype("datetime64[D]").astype("datetime64[Y]")
    for year in np.unique(years):
        first = year.astype("datetime64[D]").astype(np.int64)
        last = (year + 1).astype("datetime64[D]").astype(np.int64)
        whole = np.arange(first - 1, last + 1)
        half_day = 43_200_000_000
        noons = (whole * (2 * half_day) + half_day).astype("datetime64[us]")
        height = declination(noons)
        rising = height[2:] > height[:-2]
        whole, height = whole[1:-1], height[1:-1]
        mine = days[years == year] - first
        apart = np.abs(height[mine][:, None] - height[None, :])
        apart[rising[mine][:, None] == rising[None, :]] = np.inf
        found.append(whole[np.argmin(apart, axis=1)])
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
