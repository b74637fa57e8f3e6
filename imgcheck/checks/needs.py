"""What a check needs before it can run: each function returns what is missing, or None."""

from imgcheck.case import Case
from imgcheck.case.dating import in_sequence
from imgcheck.checks.check import Missing


def pixels(case: Case) -> Missing | None:
    """Need pixels that can be decoded."""
    if case.image.pixels_readable:
        return None
    return Missing(reason=f"the picture's pixels cannot be read: {case.image.unreadable_reason}")


def reference(case: Case) -> Missing | None:
    """Need at least one reference with a georeference."""
    if not case.references:
        return Missing(
            reason="no reference imagery was given",
            give="reference imagery that shows the place (--reference PATH)",
        )
    if all(r.image.georeference is None for r in case.references):
        return Missing(
            reason="none of the references is georeferenced",
            give="a georeferenced reference, such as a GeoTIFF (--reference PATH)",
        )
    return None


def dated_reference(case: Case) -> Missing | None:
    """Need at least one georeferenced reference whose date is stated."""
    if (missing := reference(case)) is not None:
        return missing
    if all(r.date is None for r in case.references):
        return Missing(
            reason="no reference has a stated date",
            give="the date of a reference (--reference PATH@DATE, or items.json beside it)",
        )
    return None


def two_dated_references(case: Case) -> Missing | None:
    """Need two georeferenced references of which one is certainly older than the other."""
    if (missing := dated_reference(case)) is not None:
        return missing
    if len(in_sequence(case.references)) < 2:
        return Missing(
            reason="all dated references have the same or overlapping dates, and two different "
            "dates are needed",
            give="a reference of another date (--reference PATH@DATE)",
        )
    return None


def index(case: Case) -> Missing | None:
    """Need an index of known pictures."""
    if case.index is not None:
        return None
    return Missing(
        reason="no index of known pictures was given",
        give="an index of known pictures (--index DB)",
    )


#: What to give so that sizes can be compared.
SIZE = (
    "a measured size (size under measurements in the claim file), or accepted annotations with "
    "measures (--annotations FILE)"
)


def measured_size(case: Case) -> Missing | None:
    """Need the measured length and width of an object."""
    marked = () if case.annotations is None else case.annotations.annotations
    if case.claim.sizes or any("length" in one.measures for one in marked):
        return None
    return Missing(reason="no length and width were measured", give=SIZE)


def shadow_measurement(case: Case) -> Missing | None:
    """Need a shadow that a person measured."""
    claim = case.claim
    if claim.shadows or claim.measured("shadow_azimuth") or claim.measured("shadow_ratio"):
        return None
    return Missing(
        reason="no shadow was measured",
        give="a measured shadow in the claim file (shadow_azimuth or shadow_ratio under "
        "measurements, or shadows with base and tip in picture pixels)",
    )
