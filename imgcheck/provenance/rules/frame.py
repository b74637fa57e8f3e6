"""Does the picture have the size and shape that its fields and its thumbnail state?"""

from imgcheck.provenance.rules.facts import Facts, part
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_TURNED = (5, 6, 7, 8)  # Exif 3.0: orientations whose rows are columns
# A thumbnail of 160 px cannot show an aspect better than one pixel in its short side of 90.
_ASPECT = 0.03


def frame_size(facts: Facts) -> tuple[int, int] | None:
    """Give the coded width and height: of the JPEG frame, else of the first directory."""
    if facts.encoding is not None:
        return facts.encoding.width, facts.encoding.height
    width, height = facts.number("IFD0:ImageWidth"), facts.number("IFD0:ImageLength")
    if facts.structure.format == "tiff" and width and height:
        return int(width), int(height)
    return facts.size


def _compare(facts: Facts, width_tag: str, height_tag: str) -> Answer:
    size = frame_size(facts)
    width, height = facts.number(width_tag), facts.number(height_tag)
    if size is None or not width or not height:
        return absent("the size is not both coded and stated")
    read = [facts.field(width_tag), facts.field(height_tag)]
    read += [part(node, node.kind) for node in facts.structure.nodes
             if node.kind.startswith("SOF")][:1]  # fmt: skip
    words = f"the field says {width:g} x {height:g}, the picture is {size[0]} x {size[1]}"
    if (width, height) == size:
        return answer("consistent", words, *read)
    if (height, width) == size:
        return answer("explained", f"{words}: the same, turned", *read)
    for wide, high, turn in ((width, height, ""), (height, width, "turned and ")):
        scale = size[0] / wide
        # Both sides are rounded to whole pixels.
        if abs(high * scale - size[1]) <= 1 + high / wide:
            return answer("explained", f"{words}: {turn}scaled by {scale:.3f} since", *read)
    return answer("anomalous", f"{words}: cropped or padded since", *read)


@rule(
    "size.exif",
    proves="The pixels were resized, cropped or turned after EXIF was written, or EXIF comes "
    "from another file.",
    does_not_prove="Intent; every web copy is resized, and some cameras write a nominal size.",
    innocent=("a smaller copy for the web", "a turned picture", "a nominal size from the camera"),
)
def exif(facts: Facts) -> Answer:
    """Ask: do PixelXDimension and PixelYDimension give the size of the coded picture?"""
    return _compare(facts, "ExifIFD:PixelXDimension", "ExifIFD:PixelYDimension")


@rule(
    "size.xmp",
    proves="The pixels were resized, cropped or turned after XMP was written.",
    does_not_prove="Intent; every web copy is resized.",
    innocent=("a smaller copy for the web", "a turned picture"),
)
def xmp(facts: Facts) -> Answer:
    """Ask: does XMP state the size of the coded picture?"""
    tags = ("XMP:exif:PixelXDimension", "XMP:exif:PixelYDimension")
    if facts.number(tags[0]) is None:
        tags = ("XMP:tiff:ImageWidth", "XMP:tiff:ImageLength")
    return _compare(facts, *tags)


@rule(
    "thumbnail.aspect",
    proves="The picture has another shape than its embedded thumbnail: cropped, turned, or the "
    "thumbnail has bars.",
    does_not_prove="That anything was cut away: many cameras put a 3:2 picture into 160 x 120 "
    "with bars.",
    innocent=("bars that the camera adds", "rotation by a viewer that leaves the thumbnail"),
)
def thumbnail_aspect(facts: Facts) -> Answer:
    """Ask: does the thumbnail have the picture's shape?"""
    size, small = frame_size(facts), facts.thumbnail_size
    if size is None or small is None or not min(*size, *small):
        return absent("there is no thumbnail of known size")
    aspect, other = size[0] / size[1], small[0] / small[1]
    words = f"the thumbnail is {small[0]} x {small[1]}, the picture {size[0]} x {size[1]}"
    if abs(other / aspect - 1) <= _ASPECT:
        return answer("consistent", words, *facts.embedded)
    if small[0] * 3 == small[1] * 4:
        return answer("explained", f"{words}; thumbnails of 4:3 usually have bars",
                      *facts.embedded)  # fmt: skip
    if abs(other * aspect - 1) <= _ASPECT:
        return answer("explained", f"{words}: turned by a quarter", *facts.embedded)
    return answer("anomalous", words, *facts.embedded)


@rule(
    "thumbnail.picture",
    proves="The embedded thumbnail shows something else than the picture: the picture was changed "
    "(cropped, covered, replaced) after the thumbnail was made.",
    does_not_prove="Who changed it or why: a crop leaves the old thumbnail behind.",
    innocent=("cropping or a watermark in a program that keeps the old thumbnail",),
)
def thumbnail_picture(facts: Facts) -> Answer:
    """Ask: does the thumbnail show the picture?"""
    kind = facts.thumbnail
    if kind is None:
        return absent("there is no thumbnail that could be compared")
    known = {"same": "consistent", "rotated": "explained", "letterboxed": "explained",
             "cropped": "anomalous", "different": "anomalous"}  # fmt: skip
    state = known.get(kind)
    if state is None:
        return absent(f"the comparison of the thumbnail is {kind}")
    words = {"same": "the thumbnail shows the picture",
             "rotated": "the thumbnail shows the picture, turned",
             "letterboxed": "the thumbnail shows the picture, with bars",
             "cropped": "the thumbnail and the picture show different parts of one scene",
             "different": "the thumbnail shows something else than the picture"}[kind]  # fmt: skip
    return Answer(state=state, sentence=words, read=facts.embedded)  # type: ignore[arg-type]


RULES = (exif, xmp, thumbnail_aspect, thumbnail_picture)
