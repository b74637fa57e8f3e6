"""Which of several pictures of one ground a picture was made from, or was taken together with.

References of several dates show much of the ground alike. Block by block, the picture is nearest
to one of them; the blocks that tell the references apart decide, and what all of them share does
not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imgcheck.imaging import blocks
from imgcheck.imaging.pixels import Float32, Float64

# Neighbouring blocks show one crop or one shadow: so many count as one.
_TOGETHER = 8
# The filter leaves little contrast of a reference that hardly agrees.
_TEXTURE = blocks.TEXTURE / 4
# References that differ by less than this in a correlation are alike there.
_TELLING = 0.02
# No ratio exceeds what some hundred pictures can show.
_MOST_LOG10 = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """How a picture agrees with each of several references, on the same blocks.

    Attributes
    ----------
    blocks : int
        Blocks in which the references differ.
    shares : tuple of float
        Share of these in which a reference agrees best.
    likelihoods : tuple of float
        Probability of each reference if all were as likely before; they add up to 1. Equal where
        the references do not differ.
    """

    blocks: int
    shares: tuple[float, ...]
    likelihoods: tuple[float, ...]


def compare(picture: Float32, references: Sequence[Float32]) -> Contest:
    """Compare the agreement of a picture with several references.

    Parameters
    ----------
    picture : (M, N) float32 in [0, 1]
        NaN is nodata.
    references : sequence of (M, N) float32 in [0, 1]
        On the picture's grid, to a fraction of a pixel.

    Notes
    -----
    The likelihood of a reference against the best one follows from the blocks in which either
    agrees better (a sign test over groups of blocks), so that no single object decides.
    """
    usable = np.all([np.isfinite(one) for one in references], axis=0)
    common = np.where(usable, picture, np.float32(np.nan)).astype(np.float32)
    table = _correlations([blocks.compare(common, one, texture=_TEXTURE) for one in references])
    telling = table[np.ptp(table, axis=1) >= _TELLING]
    count = len(references)
    if not len(telling):
        return Contest(blocks=0, shares=(0.0,) * count, likelihoods=(1 / count,) * count)
    shares = np.bincount(telling.argmax(axis=1), minlength=count) / len(telling)
    best = int(shares.argmax())
    against = np.array([_log10_ratio(telling[:, best] - telling[:, k]) for k in range(count)])
    weights = 10.0 ** -np.clip(against, -_MOST_LOG10, _MOST_LOG10)
    return Contest(
        blocks=len(telling),
        shares=tuple(float(v) for v in shares),
        likelihoods=tuple(float(v) for v in weights / weights.sum()),
    )


def _correlations(found: list[blocks.Blocks]) -> Float64:
    """Return the correlations of the blocks that all comparisons have, (N, references)."""
    tables = [
        {tuple(centre): value for centre, value in zip(one.centres, one.correlations, strict=True)}
        for one in found
    ]
    centres = set.intersection(*(set(table) for table in tables))
    rows = [[table[centre] for table in tables] for centre in sorted(centres)]
    return np.array(rows, np.float64).reshape(-1, len(found))


def _log10_ratio(gain: Float64) -> float:
    """Return the log10 likelihood ratio for one side from the signs of telling differences."""
    won, lost = int((gain >= _TELLING).sum()), int((gain <= -_TELLING).sum())
    count = (won + lost) / _TOGETHER
    if not count:
        return 0.0
    share = (won + 0.5) / (won + lost + 1)
    # Of a share p of the signs against 1 - p.
    return float(count * abs(2 * share - 1) * np.log10(share / (1 - share)))
