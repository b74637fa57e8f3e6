"""Which of several pictures of one ground a picture was made from, or was taken together with.

References of several dates show much of the ground alike. Block by block, the picture is nearest
to one of them; the blocks that tell the references apart decide, and what all of them share does
not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imgcheck.imaging import agreement, blocks, covered, panes
from imgcheck.imaging.pixels import Float32, Float64, Mask

# Neighbouring blocks show one crop or one shadow: so many count as one.
_TOGETHER = 8
# The filter leaves little contrast of a reference that hardly agrees.
_TEXTURE = blocks.TEXTURE / 4
# References that differ by less than this in a correlation are alike there.
_TELLING = 0.02
# No ratio exceeds what some hundred pictures can show.
_MOST_LOG10 = 3.0

# benchmarks: made_from, set on the calibration places. In the part of a picture that was neither
# drawn on nor altered, the best 30 % of the blocks lose no more than this, and this share of all
# loses about as much ...
_PART_BLOCKS, _PART_LOSS, _PART_COVERED = 30, 0.0085, 0.6
_BEST, _AS_MUCH, _LEAST_LOSS = 0.3, 4.0, 0.005
# (another day comes near a copy in its best blocks where it does not in the others)
_PART_EVEN, _EVEN_FOR_LOSS = 0.45, 40.0
# ... and lies where it belongs, as far as the loss lets shifts be read, and neighbours do not move
# alike. On another day at the same hour roofs and shadows do.
_STILL_PX, _STILL_TIMES, _ALIKE = 0.03, 0.85, 0.2
# Blocks of which noise alone could take more of the correlation do not tell what is foreign.
_CLEAR = 0.5
# What was altered in one place is part of a picture; more in one piece is another pane of a
# collage, whose date the reference does not tell. The benchmark alters 2 to 12 %, its panes are 25
# to 60 %, and are measured a little small.
_PANE = 0.18


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """How the part of a picture that is neither covered nor altered agrees with a reference.

    Attributes
    ----------
    blocks : int
        Blocks that were compared; all but covered ones.
    loss : float
        Loss of correlation that the best 30 % of the blocks with more contrast do not exceed.
    even : float
        Share of these blocks whose loss is of that size.
    shift_px : float or None
        Median residual shift of these.
    alike : float
        Correlation of the shifts of neighbours among these, as relief moves them.
    covered : float
        Share of the common ground that is covered or drawn over.
    pane : float
        Share of the common ground of the largest connected piece that is not from the reference.
    """

    blocks: int
    loss: float
    even: float
    shift_px: float | None
    alike: float
    covered: float
    pane: float

    @property
    def is_pane(self) -> bool:
        """Whether the rest is too large in one piece to be an alteration of one picture."""
        return self.pane > _PANE

    @property
    def is_copy(self) -> bool:
        """Whether that part is a copy of the reference."""
        return (
            self.blocks >= _PART_BLOCKS
            and self.loss <= _PART_LOSS
            and self.even >= _PART_EVEN + _EVEN_FOR_LOSS * self.loss
            and self.covered <= _PART_COVERED
            and self.shift_px is not None
            and self.alike <= _ALIKE
            and self.shift_px <= _STILL_PX + _STILL_TIMES * math.sqrt(self.loss)
        )


def untouched(picture: Float32, known: Float32) -> Untouched | None:
    """Measure the part of a picture that agrees with a reference; None without texture in both.

    `imgcheck.imaging.relation` decides on the picture as a whole. Where a part of it was altered,
    some blocks disagree as they do at another date; the others are an exact copy, which they are
    not at another date.
    """
    over = covered.find(picture, known)
    common = np.isfinite(picture) & np.isfinite(known)
    shown = np.where(over, np.float32(np.nan), picture).astype(np.float32)
    found = blocks.compare(shown, known)
    if len(found) < agreement.LEAST_BLOCKS:
        return None
    loss = 1 - found.correlations
    strong = loss[found.contrasts >= np.median(found.contrasts)]
    usual = float(np.quantile(strong, _BEST))
    most = _AS_MUCH * usual + _LEAST_LOSS
    good = loss <= most
    agreeing = _chosen(found, good)
    settled = agreement.settle(agreeing)
    return Untouched(
        blocks=len(found),
        loss=usual,
        even=float((strong <= most).mean()),
        shift_px=settled.shift_px,
        alike=agreement.alike(agreeing, settled),
        covered=float((over & common).sum() / max(1, common.sum())),
        pane=panes.largest(picture, known, over, *_unlike(shown, known, found)),
    )


def _unlike(shown: Float32, known: Float32, found: blocks.Blocks) -> tuple[blocks.Blocks, Mask]:
    """Return the blocks that can tell, whatever the picture shows there, and which disagree.

    One noise for all blocks costs those of little contrast more of their correlation. Where the
    known picture has texture and the other has little, the two disagree.
    """
    strong = found.contrasts >= np.median(found.contrasts)
    noise = float(np.quantile(((1 - found.correlations) * found.contrasts**2)[strong], _BEST))
    every = blocks.compare(shown, known, texture=0.0)
    most = _AS_MUCH * noise / np.maximum(every.contrasts**2, 1e-12) + _LEAST_LOSS
    tells = most < _CLEAR
    return _chosen(every, tells), ((1 - every.correlations) > most)[tells]


def _chosen(found: blocks.Blocks, which: Mask) -> blocks.Blocks:
    return replace(
        found,
        centres=found.centres[which],
        correlations=found.correlations[which],
        shifts=found.shifts[which],
        contrasts=found.contrasts[which],
    )
