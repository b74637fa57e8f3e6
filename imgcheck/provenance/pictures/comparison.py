"""Embedded pictures decoded and compared with the main one, all on their stored grids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.imaging.containers.tree import Structure
from imgcheck.imaging.reduced import stored_gray
from imgcheck.provenance.pictures.agreement import Agreement, agreement_words, thumbnail_agreement
from imgcheck.provenance.pictures.embedded import EmbeddedPicture, embedded_pictures

# What is no small copy of the picture by design.
_NO_COPIES = ("gain map", "depth", "hdrgainmap", "panorama", "disparity", "multi-angle", "original")
_MOST = 8  # pictures of one file that are decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedComparison:
    """One embedded picture and how it agrees with the main one.

    ``picture`` is `EmbeddedPicture.described`; ``agreement`` is None where nothing was compared
    and ``reason`` says why.
    """

    picture: dict[str, Any]
    agreement: Agreement | None
    reason: str = ""


def embedded_gray(picture: EmbeddedPicture) -> NDArray[np.float32] | None:
    """Decode an embedded picture to (M, N) float32 in [0, 1]; None where there is no decoder."""
    if picture.encoding in ("jpeg", "png"):
        try:
            return stored_gray(Image.from_bytes(picture.content, name=picture.source))
        except ImgcheckError:
            return None
    width, height = picture.width or 0, picture.height or 0
    raw = np.frombuffer(picture.content, np.uint8)
    if picture.encoding == "palette" and raw.size == 768 + width * height:
        raw = raw[:768].reshape(256, 3)[raw[768:]].ravel()
    if picture.encoding == "gray" and raw.size == width * height:
        return raw.reshape(height, width).astype(np.float32) / np.float32(255)
    if picture.encoding not in ("rgb", "bgr", "palette") or raw.size != 3 * width * height:
        return None
    # BT.601, as the main picture's gray.
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    colours = raw.reshape(height, width, 3).astype(np.float32) / np.float32(255)
    return np.asarray(colours @ (weights[::-1] if picture.encoding == "bgr" else weights))


def compare_embedded(image: Image, *, structure: Structure) -> tuple[EmbeddedComparison, ...]:
    """Compare every embedded picture of a file with the picture itself.

    Parameters
    ----------
    image : Image
        The opened file; a JPEG is decoded at a reduced scale only.
    structure : Structure
        Its walk.

    Returns
    -------
    tuple of EmbeddedComparison
        In the order of `embedded_pictures`. Gain maps and frames of other views are listed and
        not compared.
    """
    found = embedded_pictures(image.data, format=image.format, structure=structure)
    return tuple(_compared(image, one, index) for index, one in enumerate(found))


def comparison_words(found: tuple[EmbeddedComparison, ...]) -> list[str]:
    """Say all comparisons in plain sentences."""
    words = []
    for one in found:
        name = f"{one.picture['role']} ({one.picture['source']})"
        if one.agreement is None:
            words.append(f"The {name} was not compared: {one.reason}.")
        else:
            words += agreement_words(one.agreement, name)
    return list(dict.fromkeys(words))


def _compared(image: Image, picture: EmbeddedPicture, index: int) -> EmbeddedComparison:
    reason = ""
    agreement = None
    if any(word in picture.role for word in _NO_COPIES):
        reason = "it is no copy of the picture by design"
    elif index >= _MOST:
        reason = f"only the first {_MOST} are compared"
    else:
        small = embedded_gray(picture)
        reason = "it cannot be decoded" if small is None else ""
        try:
            agreement = None if small is None else thumbnail_agreement(small, stored_gray(image))
        except ImgcheckError:
            reason = "the picture itself cannot be decoded"
    return EmbeddedComparison(picture=picture.described(), agreement=agreement, reason=reason)
