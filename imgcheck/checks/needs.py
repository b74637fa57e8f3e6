"""What a check needs before it can say anything: each gives a reason, or ``None``."""

from imgcheck.model import Case


def pixels(case: Case) -> str | None:
    """Need pixels that can be decoded."""
    if case.image.pixels_readable:
        return None
    return f"the picture's pixels cannot be read: {case.image.unreadable_reason}"


def reference(case: Case) -> str | None:
    """Need at least one reference with a georeference."""
    if not case.references:
        return "no reference imagery was given (--reference PATH)"
    if all(r.image.georeference is None for r in case.references):
        return "none of the references is georeferenced"
    return None


def dated_reference(case: Case) -> str | None:
    """Need at least one georeferenced reference whose date is stated."""
    if (reason := reference(case)) is not None:
        return reason
    if all(r.date is None for r in case.references):
        return "no reference has a stated date (items.json, a TIFF date, or PATH@DATE)"
    return None


def two_dated_references(case: Case) -> str | None:
    """Need two georeferenced references of different stated dates."""
    if (reason := dated_reference(case)) is not None:
        return reason
    dates = {r.date.text for r in case.references if r.date is not None}
    if len(dates) < 2:
        return "only one dated reference was given; two of different dates are needed"
    return None


def index(case: Case) -> str | None:
    """Need an index of known pictures."""
    if case.index is not None:
        return None
    return "no index of known pictures was given (--index DB)"


def shadow_measurement(case: Case) -> str | None:
    """Need a shadow that a person measured."""
    claim = case.claim
    if claim.shadows or claim.measured("shadow_azimuth") or claim.measured("shadow_ratio"):
        return None
    return (
        "no shadow was measured (in the claim: shadow_azimuth or shadow_ratio under measurements, "
        "or shadows with base and tip in picture pixels)"
    )
