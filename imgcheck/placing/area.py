"""Place a picture in an indexed area, or on references too large to be held whole."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from imgcheck import geo
from imgcheck.case import Case, Reference
from imgcheck.errors import ImgcheckError
from imgcheck.geo import area
from imgcheck.imaging import REFERENCE_LIMITS, Image, annotations, registration
from imgcheck.imaging.text import printable
from imgcheck.placing.located import Located, Progress
from imgcheck.placing.search import Search, related

# Larger references are searched through an index: their whole pyramid would not be held.
LARGEST_PIXELS = 30_000_000
# Smaller files do not hold so many pixels worth searching.
_LEAST_BYTES = 1 << 20
# The part of a reference that the answer is shown on has no more pixels a side.
_LARGEST_PART = 2400


def is_large(path: Path) -> bool:
    """Tell whether a reference should be searched through an index."""
    if not path.is_file() or path.stat().st_size < _LEAST_BYTES:
        return False
    try:
        image = Image.open(path, limits=REFERENCE_LIMITS)
    except ImgcheckError:
        return False
    return image.width * image.height > LARGEST_PIXELS


def locate_without_index(
    case: Case,
    references: Sequence[Path],
    *,
    search: Search | None = None,
    progress: Progress | None = None,
) -> Located:
    """Place the picture of a case on large references, through an index that is not kept."""
    with tempfile.TemporaryDirectory(prefix="imgcheck-") as folder:
        index = Path(folder) / "area.index"
        area.build(references, index, progress=progress)
        return locate_in_area(case, index, search=search, progress=progress)


def locate_in_area(
    case: Case, index: Path, *, search: Search | None = None, progress: Progress | None = None
) -> Located:
    """Place the picture of a case in an area whose index was built by `imgcheck.geo.area.build`.

    Parameters
    ----------
    case : Case
        Its references are not used.
    index : Path
    search : Search, optional
        ``mirrored`` has no effect here.
    progress : callable, optional
        Told (step, position, total).

    Returns
    -------
    Located
        Its reference is the part of the mosaic around the picture.

    Raises
    ------
    IndexFileError
        If the index or a reference of it cannot be used.
    """
    search = search or Search()
    found = area.search(
        case.image.gray(),
        index,
        picture_mask=case.image.valid() & ~annotations.suspect(case.image.rgb()),
        prior=geo.Prior(gsd_m=search.gsd_m, near=search.near),
        progress=progress,
    )
    placed = found.placement
    if not placed.placed or found.reference is None or found.window is None:
        return Located(image=case.image, reason=placed.reason, tried=(), search=search)
    reference, to_part = _part(found.reference, found.window)
    placed = replace(placed, registration=registration.in_larger(placed.registration, to_part))
    return Located(
        image=case.image,
        reason=None,
        reference=reference,
        placement=placed,
        relation=related(case, reference, placed),
        false_match_probability=placed.false_match_probability,
        tried=(),
        search=search,
    )


def _part(path: Path, window: tuple[int, int, int, int]) -> tuple[Reference, NDArray[np.float64]]:
    """Cut a reference to a window; also gives the matrix from its pixels to those of the part."""
    image = Image.open(path, limits=REFERENCE_LIMITS)
    place = image.georeference
    assert place is not None and place.transform is not None
    x, y, width, height = window
    shrink = max(1.0, max(width, height) / _LARGEST_PART)
    shape = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    if image.mode == "palette":
        shape = (height, width)
        bands = np.moveaxis(image.rgb()[y : y + height, x : x + width], -1, 0)
    else:
        chosen = [1, 2, 3] if image.header.bands >= 3 else [1]
        bands = image.read(window, out_shape=shape, bands=chosen)
    valid = image.read_valid(window)
    if shape != valid.shape:
        at = [(np.arange(n) * m // n) for n, m in zip(shape, valid.shape, strict=True)]
        valid = valid[np.ix_(*at)]
    grow = (width / shape[1], height / shape[0])
    a, b, c, d, e, f = place.transform
    left, top = a * x + b * y + c, d * x + e * y + f
    affine = Affine(a * grow[0], b * grow[1], left, d * grow[0], e * grow[1], top)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=shape[1],
            height=shape[0],
            count=len(bands),
            dtype=bands.dtype,
            crs=place.crs,
            transform=affine,
        ) as target:
            target.write(bands)
            target.write_mask(valid)
        data = bytes(memory.read())
    name = f"{printable(path.name)}, columns {x} to {x + width}, rows {y} to {y + height}"
    part = Image.from_bytes(data, name=name)
    reference = Reference(
        id=path.stem, image=part, date_reason="it was found by an index, which keeps no dates"
    )
    to_part = np.diag([1 / grow[0], 1 / grow[1], 1.0]) @ np.array(
        [[1, 0, -x], [0, 1, -y], [0, 0, 1.0]]
    )
    return reference, to_part
