"""The posted file, inspected once a case."""

from imgcheck import provenance
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.inspection import Inspection, inspect
from imgcheck.model import Case

#: What every finding about tags must say.
WRITABLE = (
    "Anyone can write any date, place or camera name into a file; agreement proves little, and "
    "a wrong clock or a re-save explains most disagreement.",
)
MISSING = (
    "Platforms strip metadata from nearly every upload: its absence says nothing for or against.",
)


def inspected(case: Case) -> Inspection:
    """Give what the posted file says about itself."""
    return case.once("inspection", lambda: inspect(case.image))


def thumbnail(case: Case) -> provenance.Agreement | None:
    """Compare the embedded thumbnail with the picture, where there is one."""
    return case.once("thumbnail", lambda: _thumbnail(case))


def _thumbnail(case: Case) -> provenance.Agreement | None:
    small = inspected(case).metadata.thumbnail
    if small is None or not case.image.pixels_readable:
        return None
    try:
        thumb = Image.from_bytes(small.data, name="thumbnail").gray()
        return provenance.thumbnail_agreement(thumb, case.image.gray())
    except ImgcheckError:
        return None
