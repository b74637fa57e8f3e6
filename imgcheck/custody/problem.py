"""What a verification of a case finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One disagreement between the files of a case and its log.

    Attributes
    ----------
    kind : str
        ``changed``, ``missing``, ``extra``, ``renamed``, ``link``, ``line`` (a line of the log was
        changed), ``order`` (lines missing, repeated or exchanged), ``head``, ``interrupted`` (a
        step was begun and not ended: the next command that writes takes it up), ``signature``,
        ``expected-head``.
    path : str
        Inside the case, safe to print.
    message : str
        One sentence: what was found and what it means.
    line : int, optional
        Line of the log, from 1.
    byte : int, optional
        First byte of ``path`` that is known to be concerned, from 0.
    """

    kind: str
    path: str
    message: str
    line: int | None = None
    byte: int | None = None
