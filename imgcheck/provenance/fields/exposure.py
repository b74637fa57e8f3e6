"""How much light the recorded exposure was made for."""

import math

from imgcheck.provenance.fields.reading import Metadata
from imgcheck.provenance.fields.value import Value


def exposure_value(metadata: Metadata) -> float | None:
    """Give the exposure value at ISO 100 that aperture, time and sensitivity state.

    Returns
    -------
    float or None
        ``log2(N^2 / t) - log2(ISO / 100)``. None where one of the three is missing or not positive.

    Notes
    -----
    The classical rule of thumb is 15 for sunlit ground. Filters and deliberate exposure move it:
    120 drone frames of three flights by day have 9.6 to 14.3 (benchmarks: rules). Anyone can
    write the tags.

    References
    ----------
    .. [1] CIPA DC-008-2023, Annex C (APEX units).
    """
    names = ("FNumber", "ExposureTime", "PhotographicSensitivity")
    aperture, time, speed = (_positive(metadata.tags.get(f"ExifIFD:{name}")) for name in names)
    if aperture is None or time is None or speed is None:
        return None
    return math.log2(aperture**2 / time) - math.log2(speed / 100)


def _positive(value: Value | None) -> float | None:
    if isinstance(value, list) and value:
        value = value[0]
    # Far beyond any camera; keeps the logarithm finite.
    return float(value) if isinstance(value, int | float) and 1e-9 < value < 1e9 else None
