"""All that a check may look at: the picture, the claim, dated references, the index."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from imgcheck.model.claim import Claim
from imgcheck.model.window import Window

if TYPE_CHECKING:
    from imgcheck.imaging import Image

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture whose place is known, and its date where somebody has stated it.

    Attributes
    ----------
    id : str
        Name within the case, used in findings.
    date_source : str or None
        Where the date was read: ``sidecar``, ``tag`` or ``option``; never a guess.
    date_reason : str or None
        Why there is no date.
    """

    id: str
    image: "Image"
    date: Window | None = None
    date_source: str | None = None
    date_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One posted picture and everything given to test it with."""

    image: "Image"
    claim: Claim = field(default_factory=Claim)
    references: tuple[Reference, ...] = ()
    index: Path | None = None
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Make a value that several checks need, the first time one asks for it.

        An error is remembered too: the second asker gets the same one at no cost.
        """
        if name not in self._made:
            try:
                self._made[name] = (make(), None)
            except Exception as error:
                self._made[name] = (None, error)
        value, trouble = self._made[name]
        if trouble is not None:
            raise trouble
        result: T = value
        return result
