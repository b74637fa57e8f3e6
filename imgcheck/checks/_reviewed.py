"""Objects that a person accepted or rejected: what they mean for a claimed count or absence."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imgcheck.annotation import AnnotatedPicture, Annotation
from imgcheck.checks.check import Check
from imgcheck.model import Absence, Count, Evidence, Finding, Measure, Outcome, Region

BASIS = "objects reviewed by a person"
_MOST_SHOWN = 400
_LIMITS = (
    "The result depends on a person's review. The error rate of people who review such pictures "
    "has not been measured.",
)
_COMPLETE = (
    "a file of annotations that is stated to be complete (imgcheck annotate convert --complete)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """How many objects of a class a person accepted and rejected, and how many are open.

    ``complete`` if the person states that every object is marked. Of the ``accepted``,
    ``large_enough`` have a measured size that is certainly at least the claimed one.
    """

    accepted: int
    rejected: int
    open: int
    complete: bool = False
    large_enough: int = 0

    @property
    def most(self) -> float:
        """Largest number of objects that the review allows."""
        return self.accepted + self.open if self.complete else math.inf


def decide(statement: Count | Absence, found: Reviewed) -> tuple[Outcome, str]:
    """Compare the reviewed objects with a claimed number or absence.

    Accepted objects are the least number, whatever was missed. Only a file that is stated to be
    complete bounds the number from above.
    """
    if isinstance(statement, Absence):
        return _absence(statement, found)
    least = 0 if statement.minimum is None else statement.minimum
    most = math.inf if statement.maximum is None else statement.maximum
    if found.accepted >= least and found.most <= most:
        return Outcome.SUPPORTS, "that is within the claimed number"
    if found.accepted > most or found.most < least:
        return Outcome.CONTRADICTS, "that is outside the claimed number"
    if not found.complete:
        words = "what nobody marked is not counted, since the file is not stated to be complete"
        return Outcome.INCONCLUSIVE, words
    return Outcome.INCONCLUSIVE, "the objects that are not reviewed decide whether it is enough"


def _absence(statement: Absence, found: Reviewed) -> tuple[Outcome, str]:
    if found.accepted and statement.min_size_m is None:
        return Outcome.CONTRADICTS, "the claim states that there is none"
    if found.large_enough:
        words = f"{found.large_enough} of them measure at least {statement.min_size_m:g} m"
        return Outcome.CONTRADICTS, words
    if found.accepted:
        words = f"none of them is measured to be at least {statement.min_size_m:g} m"
        return Outcome.INCONCLUSIVE, words
    return Outcome.INCONCLUSIVE, "a review without accepted objects does not show that none exists"


def finding(
    check: Check, statement: Count | Absence, picture: AnnotatedPicture | None
) -> Finding | None:
    """Compare a statement with the objects of its class that a person reviewed; None if none."""
    mine = () if picture is None else tuple(_concerned(picture.annotations, statement))
    judged = [one for one in mine if one.state != "proposed"]
    if picture is None or not (judged or (mine and picture.complete)):
        return None
    accepted = [one for one in mine if one.state == "accepted"]
    found = Reviewed(
        accepted=len(accepted),
        rejected=len(judged) - len(accepted),
        open=len(mine) - len(judged),
        complete=picture.complete,
        large_enough=sum(_at_least(one, statement) for one in accepted),
    )
    outcome, meaning = decide(statement, found)
    who = " and ".join(sorted({one.reviewed_by for one in judged if one.reviewed_by}))
    who = who or "a person whose name is not given"
    count = f"{found.accepted} accepted, {found.rejected} rejected, {found.open} not reviewed"
    return check.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"Objects marked as {statement.object_class}: {count}; {meaning}.",
        basis=BASIS,
        measures=(
            Measure(name="accepted by a person", value=found.accepted),
            Measure(name="rejected by a person", value=found.rejected),
            Measure(name="not reviewed", value=found.open),
        ),
        stated_by=f"reviewed by {who}",
        evidence=Evidence(regions=tuple(_regions(mine))),
        limits=_LIMITS,
        would_change=(_COMPLETE,) if outcome is Outcome.INCONCLUSIVE else (),
    )


def _concerned(
    annotations: Iterable[Annotation], statement: Count | Absence
) -> Iterator[Annotation]:
    """Yield the objects whose label, class, or family of classes the statement names."""
    wanted = singular(statement.object_class)
    for one in annotations:
        if wanted in map(singular, (one.label, one.cls, one.cls.partition(".")[0])):
            yield one


def singular(name: str) -> str:
    """Return a name of a class in lower case, without the s of a plural."""
    name = name.strip().lower()
    return name[:-1] if len(name) > 1 and name.endswith("s") and not name.endswith("ss") else name


def _at_least(one: Annotation, statement: Count | Absence) -> bool:
    """Return whether an object is certainly as large as claimed (95 %, one side)."""
    wanted = getattr(statement, "min_size_m", None)
    size = one.measures.get("diameter") or one.measures.get("length")
    if wanted is None or size is None or size.sigma is None or size.unit != "m":
        return False
    return size.value - 1.645 * size.sigma >= wanted


def _regions(mine: Iterable[Annotation]) -> Iterator[Region]:
    words = {"accepted": "accepted", "rejected": "rejected", "proposed": "not reviewed"}
    for number, one in enumerate(mine, 1):
        if number > _MOST_SHOWN:
            return
        points = one.geometry.points
        if len(points) < 3:
            ((x, y),) = points
            points = ((x - 2, y - 2), (x + 2, y - 2), (x + 2, y + 2), (x - 2, y + 2))
        yield Region(
            image="picture",
            polygon=tuple((round(x, 1), round(y, 1)) for x, y in points),
            label=f"{one.name} ({number}): {words[one.state]}",
            layer=f"objects {words[one.state]}",
        )
