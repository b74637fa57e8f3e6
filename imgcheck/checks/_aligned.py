"""A known picture laid on the post, to be looked at: side by side, in turns, and the difference."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgcheck import hashing
from imgcheck.checks._pictures import jpeg
from imgcheck.imaging import warp
from imgcheck.model import Picture

_SIDE = 1024
# A difference of this many gray levels is shown at full strength.
_FULL = 64.0


def aligned(
    picture: NDArray[np.uint8],
    match: hashing.Match,
    preview: NDArray[np.uint8],
    *,
    label: str,
) -> Iterator[Picture]:
    """Give the known picture in the post's own pixels, the post, and their difference.

    Parameters
    ----------
    picture : (M, N, 3) uint8
    match : Match
        With a transform.
    preview : (m, n, 3) uint8
        Of the known picture.
    label : str
        Name of the known picture.
    """
    assert match.transform is not None
    shrink = min(1.0, _SIDE / max(picture.shape[:2]))
    shape = (max(1, round(picture.shape[0] * shrink)), max(1, round(picture.shape[1] * shrink)))
    to_preview = np.diag(
        [preview.shape[1] / match.known.width, preview.shape[0] / match.known.height, 1.0]
    )
    to_picture = np.diag([picture.shape[1] / shape[1], picture.shape[0] / shape[0], 1.0])
    matrix = to_preview @ np.array(match.transform) @ to_picture
    earlier = warp.warp(preview, matrix, shape, inverse=True)
    if match.inverted:
        earlier = 255 - earlier
    post = warp.resize(picture, shape)
    stem = f"known-{match.id}-aligned"
    for name, role, words, pixels in (
        (f"{stem}-before.jpg", "before", f"{label}, laid on the post", earlier),
        (f"{stem}-after.jpg", "after", "the post", post),
        (f"{stem}-difference.jpg", "overlay", "difference (bright = differs)", _gap(earlier, post)),
    ):
        shown = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8)
        yield Picture(name=name, label=words, role=role, data=jpeg(shown))


def _gap(earlier: NDArray[np.float32], post: NDArray[np.float32]) -> NDArray[np.float32]:
    """Show how far the two differ after the tone of one is brought to the other's."""
    one, other = earlier.mean(axis=2), post.mean(axis=2)
    seen = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(seen) > 16 and float(np.std(one[seen])) > 1:
        slope, offset = np.polyfit(one[seen], other[seen], 1)
        one = slope * one + offset
    gap = np.clip(np.abs(one - other) * (255.0 / _FULL), 0, 255)
    return np.repeat(np.where(seen, gap, 0)[..., None], 3, axis=2).astype(np.float32)
