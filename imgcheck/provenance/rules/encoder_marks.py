"""Does the way the JPEG was saved fit a file that names a camera?"""

from imgcheck.provenance.rules.facts import Facts, part
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_NO_CAMERA = "no camera maker is named, or the file is no JPEG"


@rule(
    "encoding.progressive",
    proves="Probably saved again, or transcoded, by a program: cameras are not known to write "
    "progressive files.",
    does_not_prove="That the pixels were decoded: lossless tools make a baseline file progressive. "
    "That no camera writes them was not verified.",
    innocent=("an optimiser for the web that keeps metadata",),
)
def progressive(facts: Facts) -> Answer:
    """Ask: is a file that names a camera progressive?"""
    if facts.encoding is None or facts.camera is None:
        return absent(_NO_CAMERA)
    frame = [part(n, n.kind) for n in facts.structure.nodes if n.kind.startswith("SOF")][:1]
    if facts.encoding.progressive:
        return answer("anomalous", f"progressive, {facts.encoding.scans} scans, though a camera "
                      "is named", facts.field("IFD0:Make"), *frame)  # fmt: skip
    return answer("consistent", f"{facts.encoding.process}, as cameras write", *frame)


@rule(
    "encoding.jfif",
    proves="Nothing by itself: the file has a JFIF header beside EXIF.",
    does_not_prove="That a program wrote the file: many cameras and phones write both.",
    innocent=("phones and many cameras write JFIF",),
)
def jfif(facts: Facts) -> Answer:
    """Ask: does a file that names a camera have a JFIF header?"""
    if facts.encoding is None or facts.camera is None:
        return absent(_NO_CAMERA)
    header = facts.node("APP0", "JFIF")
    if header is None:
        return answer("consistent", "EXIF without a JFIF header, as Exif 3.0 asks for")
    return answer("explained", "a JFIF header stands beside EXIF", part(header, "APP0"))


@rule(
    "encoding.standard-tables",
    proves="Nothing by itself: the tables are those of the IJG library.",
    does_not_prove="That a program saved the file: many cameras write these tables.",
    innocent=("the camera itself writes standard tables",),
)
def standard_tables(facts: Facts) -> Answer:
    """Ask: are the quantisation tables those of the IJG library?"""
    save = facts.encoding
    if save is None or facts.camera is None or not save.tables:
        return absent(_NO_CAMERA)
    tables = [part(n, "DQT") for n in facts.structure.nodes if n.kind == "DQT"][:2]
    if save.ijg_quality is not None:
        return answer("explained", f"IJG tables of quality {save.ijg_quality}", *tables)
    return answer("consistent", "tables of the encoder's own", *tables)


@rule(
    "structure.trailer",
    proves="Bytes follow the end of the picture.",
    does_not_prove="That they were hidden: previews, gain maps, motion photos and padding do.",
    innocent=("a preview, a gain map, a clip, padding of a card or a phone",),
)
def trailer(facts: Facts) -> Answer:
    """Ask: does anything follow the end marker?"""
    if facts.encoding is None or facts.camera is None:
        return absent(_NO_CAMERA)
    seen = facts.observed("trailer")
    if not seen:
        return answer("consistent", "the file ends with its picture")
    read = [facts.spot(one) for one in seen[:3]]
    return answer("explained", seen[0].message, *read)


@rule(
    "exif.damage",
    proves="Offsets or lengths in the metadata point nowhere.",
    does_not_prove="That an editor shifted them: some cameras write broken fields.",
    innocent=("a broken writer, often the camera's own",),
)
def damage(facts: Facts) -> Answer:
    """Ask: do all metadata blocks hold what they say?"""
    if not facts.described:
        return absent("the file has no metadata")
    seen = [one for one in facts.metadata.observations
            if one.kind in ("outside", "loop", "invalid", "truncated")]  # fmt: skip
    if not seen:
        return answer("consistent", "every metadata block holds what it says")
    return answer("explained", seen[0].message, *(facts.spot(one) for one in seen[:5]))


RULES = (progressive, jfif, standard_tables, trailer, damage)
