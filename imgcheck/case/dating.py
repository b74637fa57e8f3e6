"""When the picture was taken: its ground beside that of dated references."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcheck import change

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case, Reference

# More dates would take minutes and memory; they are thinned evenly.
MOST_REFERENCES = 12

_LEAST_COMMON_PIXELS = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dated:
    """A picture compared with dated references.

    Attributes
    ----------
    references : tuple of Reference
        Those that were compared, in order of time; the dates of `bracket` are their first moments.
    bracket : change.Bracket
        The answer, which may be that there is none.
    """

    references: tuple["Reference", ...]
    bracket: change.Bracket


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDated:
    """Why a picture could not be compared; ``placed`` tells whether its ground is known."""

    reason: str
    placed: bool


def in_sequence(references: Iterable["Reference"]) -> list["Reference"]:
    """Return as many georeferenced references as possible whose dates do not overlap, in order.

    Of references whose dates overlap, such as two of one day, only one is kept: it is not known
    which is older.
    """
    dated = [(r.date, r) for r in references if r.date and r.image.georeference]
    kept: list[Reference] = []
    last = None
    for date, one in sorted(dated, key=lambda pair: (pair[0].latest, pair[0].earliest)):
        if last is None or (last.before(date) and last.start.date() != date.start.date()):
            kept.append(one)
            last = date
    return kept


def by_references(case: "Case") -> Dated | NotDated:
    """Date the picture of a case by its dated references."""
    ground = case.ground
    if ground is None:
        return NotDated(reason="the picture could not be placed on the references", placed=False)
    chosen = _evenly(in_sequence(case.references))
    layers = [(one, layer) for one in chosen if (layer := case.layer(one)) is not None]
    valid = ground.valid.copy()
    for _, (_, shown) in layers:
        valid &= shown
    reason = ""
    if len(layers) < 2:
        reason = "fewer than two dated references show the ground of the picture"
    elif np.count_nonzero(valid) < _LEAST_COMMON_PIXELS:
        reason = "picture and references have almost no ground in common"
    if reason:
        return NotDated(reason=reason, placed=True)
    dated = [(rgb, one.date.earliest) for one, (rgb, _) in layers if one.date is not None]
    return Dated(
        references=tuple(one for one, _ in layers),
        bracket=change.bracket(ground.picture, dated, valid=valid),
    )


def _evenly(references: list["Reference"]) -> list["Reference"]:
    """Thin references to `MOST_REFERENCES`; the first and the last are kept."""
    if len(references) <= MOST_REFERENCES:
        return references
    kept = np.linspace(0, len(references) - 1, MOST_REFERENCES).round().astype(int)
    return [references[i] for i in kept]
