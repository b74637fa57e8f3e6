"""A dated reference image of a case."""

from dataclasses import dataclass

from imgcheck.imaging import Image
from imgcheck.model import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image whose place is known, and its date if one is stated.

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
    image: Image
    date: Window | None = None
    date_source: str | None = None
    date_reason: str | None = None
