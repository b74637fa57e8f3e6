"""What the checks that rest on a registration say of references, and where there is none."""

from imgcheck.case import Case
from imgcheck.case.placing import GSD_TOLERANCE, file_and_date, name
from imgcheck.checks.check import Check
from imgcheck.model import Citation, Evidence, Finding, Outcome

__all__ = [
    "GSD_TOLERANCE", "NEARER", "file_and_date", "name", "tried", "tried_evidence", "unplaced",
]  # fmt: skip

_MOST_NAMED = 2

#: What to give where the picture could not be placed.
NEARER = "reference imagery of a nearer date, season or resolution (--reference PATH)"


def tried(case: Case) -> str:
    """Name the georeferenced references, on which a placing was tried."""
    names = [name(r) for r in case.references if r.image.georeference is not None]
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    return (", ".join if more else " and ".join)(names[:_MOST_NAMED]) + more


def tried_evidence(case: Case) -> Evidence:
    """Cite the references on which a placing was tried."""
    return Evidence(
        citations=tuple(
            Citation(input=r.id, label=name(r))
            for r in case.references
            if r.image.georeference is not None
        )
    )


def unplaced(check: Check, case: Case) -> tuple[Finding, ...]:
    """Say of a check that rests on the placing that there is none."""
    return check.without(
        case,
        Outcome.NOT_APPLICABLE,
        f"the picture could not be placed on {tried(case)}",
        evidence=tried_evidence(case),
        would_change=(NEARER,),
    )
