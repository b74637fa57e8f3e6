"""Which of two states of a patch of ground a picture shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Pixels
from imgcheck.change.lasting import Patch

# A picture that lies nearer to the middle of the two states than this shows neither.
# benchmarks: change, "bracket", tuning half.
LEAST_LEANING = 0.35

# One that lies farther beyond a state than this shows something else.
MOST_LEANING = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a picture shows at one patch of lasting change.

    Attributes
    ----------
    split : int
        The change came between reference ``split`` and ``split + 1`` (from 0, in order of time).
    state : str
        ``"earlier"``, ``"later"`` or ``"neither"``.
    leaning : float
        -1 exactly as the earlier references, +1 exactly as the later ones.
    chance : float
        Expected share of chance among patches that weigh as much.
    centre : tuple of float
        Middle of the patch in pixels, x and y, of the grid of the pictures.
    area_px : float
    box : tuple of float
        Bounding box of the patch in pixels: left, top, right, bottom.
    """

    split: int
    state: str
    leaning: float
    chance: float
    centre: tuple[float, float]
    area_px: float
    box: tuple[float, float, float, float]


def leaning(picture: Pixels, states: list[Pixels], patch: Patch) -> float:
    """Place of a picture on the line from the earlier (-1) to the later state (+1) of a patch."""
    place = (patch.rows, patch.columns, patch.band)
    values = np.stack([state[place] for state in states])
    earlier = values[: patch.split + 1].mean(axis=0)
    later = values[patch.split + 1 :].mean(axis=0)
    away: NDArray[np.float32] = (2 * picture[place] - earlier - later) * patch.sign
    return float(away.sum() / max(float(np.abs(later - earlier).sum()), 1e-9))


def vote(picture: Pixels, states: list[Pixels], patch: Patch, *, scale: float) -> Vote:
    """Say which state a picture shows at a patch; ``scale`` takes it back to the full grid."""
    lean = leaning(picture, states, patch)
    state = "later" if lean > 0 else "earlier"
    if not LEAST_LEANING <= abs(lean) <= MOST_LEANING:
        state = "neither"
    rows, columns = patch.rows, patch.columns
    return Vote(
        split=patch.split,
        state=state,
        leaning=lean,
        chance=patch.chance,
        centre=(float(columns.mean() + 0.5) * scale, float(rows.mean() + 0.5) * scale),
        area_px=float(rows.size) * scale**2,
        box=(
            float(columns.min()) * scale,
            float(rows.min()) * scale,
            float(columns.max() + 1) * scale,
            float(rows.max() + 1) * scale,
        ),
    )
