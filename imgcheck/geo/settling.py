"""Decide between the transform that features give and the one that patches of edges give.

Features of one acquisition agree all over the picture, and their transform is kept. Those of
another date agree in part of it, or in few places: there the picture is registered anew by patches,
and of the two transforms the one that explains more of the picture is kept.
"""

import math
from dataclasses import replace

import numpy as np

from imgcheck.geo import structural
from imgcheck.geo.features import footprint_window
from imgcheck.geo.reference import ReferenceImage
from imgcheck.geo.structural import Improved
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.pixels import Float32, Mask
from imgcheck.imaging.registration import (
    DATES_SHARE,
    NotRegistered,
    Registered,
    Registration,
)

# One acquisition: as large a share of the similar features agrees as of no two dates, in so many
# places that surround so much of the picture.
SAME_PLACES, SAME_HULL = 40, 0.5
# Patches measure a transform better than few features do; these are kept only where patches lose
# more than a tenth of the agreement.
LEAST_KEPT = 0.9
# log10 of the binomial tail of the patches; one in a hundred wrong places reaches -5.2.
LARGEST_LOG10_TAIL = -6.0
# Patches are compared on no more reference pixels than this.
_MOST_PIXELS = 4e6


def settle(
    found: Registered, picture: Float32, mask: Mask | None, reference: ReferenceImage
) -> Registration:
    """Keep a registration by features, or replace it by one of patches, or refuse it."""
    if of_one_acquisition(found):
        return found
    shown = transforms.scale(found.matrix, picture.shape) * math.sqrt(picture.size)
    if shown < structural.LEAST_FOOTPRINT:
        return _refused(
            found,
            f"on {shown:.0f} pixels a side of the reference, and "
            f"{structural.LEAST_FOOTPRINT:.0f} are needed: use a finer reference",
        )
    improved = _improved(found, picture, mask, reference)
    return decide(found, improved)


def of_one_acquisition(found: Registered) -> bool:
    """Return whether features agree as only those of one acquisition do."""
    return (
        found.inliers >= DATES_SHARE * found.matches
        and found.distinct >= SAME_PLACES
        and registration.hull_share(found.picture_points, found.picture_shape) >= SAME_HULL
    )


def decide(found: Registered, improved: Improved | None) -> Registration:
    """Choose between features and patches, or refuse both."""
    if improved is None or improved.log10_tail > LARGEST_LOG10_TAIL:
        return _refused(found, "and its edges do not confirm them")
    if improved.explained < LEAST_KEPT * improved.explained_before:
        return found
    if isinstance(improved.registration, NotRegistered):
        return _refused(found, f"and by its edges {improved.registration.reason}")
    # The features stay the evidence for the place.
    return replace(improved.registration, log10_nfa=found.log10_nfa)


def _refused(found: Registered, why: str) -> NotRegistered:
    return NotRegistered(
        reason=f"features match in a few places only, {why}",
        matches=found.matches,
        inliers=found.inliers,
        log10_nfa=found.log10_nfa,
    )


def _improved(
    found: Registered, picture: Float32, mask: Mask | None, reference: ReferenceImage
) -> Improved | None:
    """Register by patches on the part of the reference where features put the picture."""
    matrix = found.matrix
    if found.mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
        mask = None if mask is None else np.ascontiguousarray(mask[:, ::-1])
        matrix = registration.of_mirror_image(found).matrix
    x, y, width, height = footprint_window(matrix, picture.shape, reference.shape)
    if min(width, height) < 1:
        return None
    shrink = max(1.0, math.sqrt(width * height / _MOST_PIXELS))
    shape = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    gray, known = reference.read((x, y, width, height), None if shrink == 1.0 else shape)
    pyramid = structural.Pyramid(gray, known)
    to_whole = np.array([[width / shape[1], 0, x], [0, height / shape[0], y], [0, 0, 1.0]])
    improved = structural.improve(
        picture, pyramid, np.linalg.inv(to_whole) @ matrix, picture_mask=mask
    )
    if improved is None or isinstance(improved.registration, NotRegistered):
        return improved
    moved = registration.in_larger(improved.registration, to_whole)
    return replace(
        improved,
        registration=registration.of_mirror_image(moved) if found.mirrored else moved,
    )
