"""Size, thumbnail, coding, offsets and digests against the bytes they were made for."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from imgcheck.imaging.containers.mpf import read_mpf
from imgcheck.provenance.fields.values import FieldRead, shown
from imgcheck.provenance.pictures.embedded import jpeg_size
from imgcheck.provenance.rules.rule import Answer, Facts, State, absent, answer, rule, seen
from imgcheck.quantity import binomial_interval

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

_NO_CAMERA = "no camera maker is named, or the file is not a JPEG"
# A thumbnail of 160 px cannot show an aspect better than one pixel in its short side of 90.
_ASPECT = 0.03
_HEAD = b"\xff\xd8\xff"
# Below this many files of one model nothing is stated about its tables.
LEAST_FILES = 20
# A model whose tables change from frame to frame (9 sets in 32 files of one, of which a first half
# covered 6 of 16) has no table that a file could miss. Set after seeing three models.
_MOST_UNSEEN = 0.25


def _frame_size(facts: Facts) -> tuple[int, int] | None:
    if facts.encoding is not None:
        return facts.encoding.width, facts.encoding.height
    width, height = facts.number("IFD0:ImageWidth"), facts.number("IFD0:ImageLength")
    if facts.structure.format == "tiff" and width and height:
        return int(width), int(height)
    return None


def _compare_size(facts: Facts, width_tag: str, height_tag: str) -> Answer:
    size = _frame_size(facts)
    width, height = facts.number(width_tag), facts.number(height_tag)
    if size is None or not width or not height:
        return absent("the picture size is missing in the metadata or in the coded data")
    read = [facts.field(width_tag), facts.field(height_tag), *facts.parts("SOF")]
    words = f"the field states {width:g} x {height:g}, the picture is {size[0]} x {size[1]}"
    if (width, height) == size:
        return answer("consistent", words, *read)
    if (height, width) == size:
        return answer("explained", f"{words}: the same, rotated", *read)
    for wide, high, turn in ((width, height, ""), (height, width, "rotated and ")):
        scale = size[0] / wide
        # Both sides are rounded to whole pixels.
        if abs(high * scale - size[1]) <= 1 + high / wide:
            return answer("explained", f"{words}: {turn}scaled by {scale:.3f} since", *read)
    return answer("anomalous", f"{words}: cropped or padded afterwards", *read)


@rule(
    "size.exif",
    proves="The pixels were resized, cropped or rotated after EXIF was written, or EXIF comes "
    "from another file.",
    does_not_prove="Intent to deceive: every web copy is resized, and some cameras write a "
    "nominal size.",
    innocent=("a smaller copy for the web", "a rotated picture", "a nominal size from the camera"),
)
def _exif_size(facts: Facts) -> Answer:
    return _compare_size(facts, "ExifIFD:PixelXDimension", "ExifIFD:PixelYDimension")


@rule(
    "size.xmp",
    proves="The pixels were resized, cropped or rotated after XMP was written.",
    does_not_prove="Intent to deceive: every web copy is resized.",
    innocent=("a smaller copy for the web", "a rotated picture"),
)
def _xmp_size(facts: Facts) -> Answer:
    if facts.number("XMP:exif:PixelXDimension") is not None:
        return _compare_size(facts, "XMP:exif:PixelXDimension", "XMP:exif:PixelYDimension")
    return _compare_size(facts, "XMP:tiff:ImageWidth", "XMP:tiff:ImageLength")


def _thumbnail(facts: Facts) -> tuple[FieldRead, ...]:
    small = facts.metadata.thumbnail
    return () if small is None else (
        FieldRead(name="thumbnail", value=small.source, offset=small.offset,
                  length=len(small.data)),
    )  # fmt: skip


@rule(
    "thumbnail.aspect",
    proves="The picture has another shape than its embedded thumbnail: it was cropped or "
    "rotated, or the thumbnail has bars.",
    does_not_prove="That anything was cut away: many cameras store a 3:2 picture as a thumbnail "
    "of 160 x 120 with bars.",
    innocent=("bars that the camera adds", "rotation by a viewer that leaves the thumbnail"),
)
def _thumbnail_aspect(facts: Facts) -> Answer:
    embedded = facts.metadata.thumbnail
    size, small = _frame_size(facts), None if embedded is None else jpeg_size(embedded.data)
    if size is None or small is None or not min(*size, *small):
        return absent("there is no thumbnail of known size")
    aspect, other = size[0] / size[1], small[0] / small[1]
    words = f"the thumbnail is {small[0]} x {small[1]}, the picture {size[0]} x {size[1]}"
    if abs(other / aspect - 1) <= _ASPECT:
        return answer("consistent", words, *_thumbnail(facts))
    if small[0] * 3 == small[1] * 4:
        words = f"{words}; thumbnails with a 4:3 ratio usually have black bars"
        return answer("explained", words, *_thumbnail(facts))
    if abs(other * aspect - 1) <= _ASPECT:
        return answer("explained", f"{words}: turned by a quarter", *_thumbnail(facts))
    return answer("anomalous", words, *_thumbnail(facts))


_SHOWN: dict[str, tuple[State, str]] = {
    "same": ("consistent", "the thumbnail shows the picture"),
    "rotated": ("explained", "the thumbnail shows the picture, rotated"),
    "letterboxed": ("explained", "the thumbnail shows the picture, with bars"),
    "cropped": ("anomalous", "the thumbnail and the picture show different parts of one scene"),
    "different": ("anomalous", "the thumbnail shows something else than the picture"),
}


@rule(
    "thumbnail.picture",
    proves="The embedded thumbnail shows something else than the picture: the picture was changed "
    "(cropped, covered, replaced) after the thumbnail was made.",
    does_not_prove="Who changed it or why: a crop leaves the old thumbnail behind.",
    innocent=("cropping or a watermark in a program that keeps the old thumbnail",),
)
def _thumbnail_picture(facts: Facts) -> Answer:
    if facts.thumbnail is None:
        return absent("there is no thumbnail that could be compared")
    if facts.thumbnail not in _SHOWN:
        return absent(f"result of the comparison with the thumbnail: {facts.thumbnail}")
    return answer(*_SHOWN[facts.thumbnail], *_thumbnail(facts))


@rule(
    "encoding.progressive",
    proves="Probably saved again, or transcoded, by a program: no camera is known to write "
    "progressive files.",
    does_not_prove="That the pixels were encoded again: lossless tools can make a baseline file "
    "progressive. It was not verified that no camera writes such files.",
    innocent=("an optimiser for the web that keeps metadata",),
)
def _progressive(facts: Facts) -> Answer:
    if facts.encoding is None or facts.camera is None:
        return absent(_NO_CAMERA)
    if facts.encoding.progressive:
        words = (
            f"the JPEG is progressive ({facts.encoding.scans} scans), although a camera is named"
        )
        return answer("anomalous", words, facts.field("IFD0:Make"), *facts.parts("SOF"))
    return answer("consistent", f"{facts.encoding.process}, as cameras write", *facts.parts("SOF"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTables:
    """The table sets seen in files of one camera model.

    ``sets`` maps the digest of a set (see `digest`) to the number of files that had it.
    ``held_out`` counts, in the second half of a flight, the files whose set did not occur in
    the first half, and the files of that half: how incompletely the sets cover the model.
    """

    make: str
    model: str
    files: int
    flights: int
    source: str
    sets: dict[str, int]
    held_out: tuple[int, int]

    @property
    def unseen(self) -> float:
        """Upper limit (95 %) of the share of the model's files with a set not seen yet."""
        return binomial_interval(*self.held_out).high


def digest(save: "Encoding") -> str:
    """Return 16 hexadecimal digits that identify the tables and the sampling of a save."""
    text = ";".join(f"{t.id}:{','.join(map(str, t.values))}" for t in save.tables)
    return hashlib.sha256(f"{text}|{save.subsampling}".encode()).hexdigest()[:16]


@cache
def model_tables() -> dict[tuple[str, str], ModelTables]:
    """Load the measured tables; those of fewer than `LEAST_FILES` files are refused."""
    text = resources.files("imgcheck.provenance.rules").joinpath("models.json").read_text("utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["models"]
    loaded = [ModelTables(**{**row, "held_out": tuple(row["held_out"])}) for row in rows]
    for row in loaded:
        if row.files < LEAST_FILES or sum(row.sets.values()) != row.files:
            raise ValueError(f"models.json: {row.model} rests on too few files, or miscounts them")
    return {(row.make, row.model): row for row in loaded}


@rule(
    "encoding.model-tables",
    proves="The file was not saved by this camera model in any of the measured modes.",
    does_not_prove="Alteration. For each model, one flight of one camera was measured: another "
    "quality setting, another firmware and any program that saves the file write other tables.",
    innocent=("another quality setting or firmware", "saved again for the web"),
)
def _model_tables(facts: Facts) -> Answer:
    save, make, model = facts.encoding, facts.metadata.make, facts.metadata.model
    if save is None or not save.tables or make is None or model is None:
        return absent("no camera model is named, or the file is not a JPEG")
    known = model_tables().get((make, model))
    if known is None:
        return absent(f"no table was measured for the model {shown(model)}")
    read = [facts.field("IFD0:Model"), *facts.parts("DQT", 2)]
    count = known.sets.get(digest(save), 0)
    if count:
        return answer("consistent", f"{count} of {known.files} measured files of {shown(model)} "
                      "have these tables and this sampling", *read)  # fmt: skip
    return answer("anomalous" if known.unseen <= _MOST_UNSEEN else "explained",
                  f"none of {known.files} measured files of {shown(model)} has these tables and "
                  f"this sampling; up to {known.unseen:.0%} of such files may have another set "
                  "of tables", *read)  # fmt: skip


@rule(
    "structure.trailer",
    proves="Bytes follow the end of the picture.",
    does_not_prove="That they were hidden on purpose: previews, gain maps, motion photos and "
    "padding also follow it.",
    innocent=("a preview, a gain map, a clip, padding of a card or a phone",),
)
def _trailer(facts: Facts) -> Answer:
    if facts.encoding is None or facts.camera is None:
        return absent(_NO_CAMERA)
    found = facts.observed("trailer")
    if not found:
        return answer("consistent", "the file ends with its picture")
    return seen("explained", found)


@rule(
    "exif.damage",
    proves="Offsets or lengths in the metadata are invalid.",
    does_not_prove="That an editor caused this: some cameras write broken fields.",
    innocent=("faulty software, often that of the camera",),
)
def _damage(facts: Facts) -> Answer:
    if not facts.described:
        return absent("the file has no metadata")
    found = [one for one in facts.metadata.observations
             if one.kind in ("outside", "loop", "invalid", "truncated")]  # fmt: skip
    if not found:
        return answer("consistent", "every metadata block is complete and valid")
    return seen("explained", found)


@rule(
    "offset.mpf",
    proves="The header or the tail of the file changed after the index of its pictures was made.",
    does_not_prove="That the picture was altered: adding one tag shifts every offset.",
    innocent=("a program added or removed metadata", "a platform cut off the second picture",
              "a lossless crop"),
)  # fmt: skip
def _mpf(facts: Facts) -> Answer:
    index = read_mpf(facts.data, structure=facts.structure)
    if index is None:
        return absent("the file has no index of several pictures (MPF)")
    listed = [(one.offset, one.length) for one in index.entries if one.number > 1 and one.length]
    if not listed:
        return absent("the index lists no second picture")
    broken = [(offset, length) for offset, length in listed
              if offset + length > len(facts.data)
              or facts.data[offset : offset + 3] != _HEAD]  # fmt: skip
    read = [FieldRead(name="MPF entry", value=f"{length} bytes at {offset}", offset=offset,
                      length=length) for offset, length in listed[:8]]  # fmt: skip
    if not broken:
        return answer("consistent", f"{len(read)} pictures begin where the index states", *read)
    gone = all(offset >= len(facts.data) for offset, _ in broken)
    words = "beyond the end of the file" if gone else "where no picture begins"
    return answer("contradictory", f"{len(broken)} of {len(listed)} pictures of the index "
                  f"lie {words}", *read)  # fmt: skip


@rule(
    "offset.fbmd",
    proves="The file is not, byte for byte, the one that Meta's service delivered.",
    does_not_prove="That the picture was altered. If the field matches, pixels inside a scan may "
    "still have changed.",
    innocent=("a tag was added or removed after the download", "the file was saved again by a "
              "program that carries IPTC along"),
)  # fmt: skip
def _fbmd(facts: Facts) -> Answer:
    if facts.fbmd is None:
        return absent("the file has no FBMD field")
    field, state = facts.field("IPTC:SpecialInstructions"), facts.fbmd.state
    if state in ("zeroed", "unreadable"):
        return answer("explained", f"the FBMD field is {state}", field)
    if state == "intact":
        return answer("consistent", "every scan begins where FBMD states", field)
    return answer("contradictory", f"the FBMD field does not match the file: {state}", field)


@rule(
    "digest.iptc",
    proves="IPTC was changed after Photoshop, or a similar program, last saved the file.",
    does_not_prove="That the picture was altered.",
    innocent=("an agency or a library added keywords with another program",),
)
def _iptc(facts: Facts) -> Answer:
    if facts.value("Photoshop:IPTCDigest") is None:
        return absent("no digest of the IPTC block is stored")
    field = facts.field("Photoshop:IPTCDigest")
    found = [one for one in facts.observed("digest") if "IPTC" in one.message]
    if found:
        return seen("anomalous", found[:1], field)
    return answer("consistent", "the IPTC block matches its stored digest", field)


@rule(
    "offset.maker-note",
    proves="The maker note was moved inside the file after the camera wrote it.",
    does_not_prove="That the picture was altered: writing any tag may move the maker note.",
    innocent=("a tag editor or a photo manager rewrote EXIF",),
)
def _maker_note(facts: Facts) -> Answer:
    if facts.value("ExifIFD:MakerNote") is None:
        return absent("there is no maker note")
    found, note = facts.observed("maker-note"), facts.field("ExifIFD:MakerNote")
    if found:
        return seen("anomalous", found, note)
    if not any(one.group == "MakerNote" for one in facts.metadata.entries):
        return absent("the offsets inside the maker note were not read")
    return answer("consistent", "the offsets in the maker note point to its values", note)


RULES = (_exif_size, _xmp_size, _thumbnail_aspect, _thumbnail_picture, _progressive, _model_tables,
         _trailer, _damage, _mpf, _fbmd, _iptc, _maker_note)  # fmt: skip
