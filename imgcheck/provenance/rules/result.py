"""What one rule says about one file: what was read, what follows, and what does not."""

from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.fields.values import FieldRead
from imgcheck.quantity import Interval

#: ``explained``: the fields differ or a mark is there, and a common innocent cause accounts for
#: it. ``anomalous``: they differ and no common cause was recognised. ``contradictory``: physically
#: impossible, or an offset or digest fails. None of them says that the picture was altered.
State = Literal["consistent", "explained", "anomalous", "contradictory", "not applicable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRate:
    """How often a rule fired on one set of files.

    The sets are files that name a camera. Nobody has certified them untouched, so this is not a
    false-alarm rate: it only shows how little a rule that fires often can say.

    Attributes
    ----------
    data, what : str
        Name of the set, and what it holds: ``camera files``, ``drone frames``.
    fired, applicable : int
        Files on which the rule gave ``explained``, ``anomalous`` or ``contradictory``; files on
        which it could be asked.
    interval : Interval
        Exact 95 % interval of ``fired / applicable``.
    """

    data: str
    what: str
    fired: int
    applicable: int
    interval: Interval

    @property
    def words(self) -> str:
        """Say the rate in one sentence without a full stop."""
        low, high = self.interval.low, self.interval.high
        return (
            f"fires on {self.fired} of {self.applicable} {self.what} that it applies to "
            f"(set {self.data}; 95 %: {low:.1%} to {high:.1%})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule, asked of one file.

    Attributes
    ----------
    id : str
        ``topic.rule``.
    state : str
        See `State`. ``not applicable`` says in ``sentence`` what is missing.
    sentence : str
        What was read and how it compares; fields of the file are quoted and capped.
    read : tuple of FieldRead
        The values with their byte places.
    proves, does_not_prove : str
        What follows where the rule fires, and what does not.
    innocent : tuple of str
        Ordinary causes.
    rates : tuple of FireRate
        Measured fire rates; empty where the rule was never applicable in the data at hand.
    """

    id: str
    state: State
    sentence: str
    read: tuple[FieldRead, ...]
    proves: str
    does_not_prove: str
    innocent: tuple[str, ...]
    rates: tuple[FireRate, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether there is something to look at."""
        return self.state in ("explained", "anomalous", "contradictory")

    @property
    def largest_rate(self) -> FireRate | None:
        """The rate of the set with most files that the rule applies to."""
        return max(self.rates, key=lambda rate: rate.applicable, default=None)
