"""Do stored offsets and digests still fit the bytes they were made for?"""

from imgcheck.provenance.fields.values import FieldRead
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_HEAD = b"\xff\xd8\xff"


@rule(
    "offset.mpf",
    proves="The header or the tail of the file changed after the index of its pictures was made.",
    does_not_prove="That the picture was altered: adding one tag shifts every offset.",
    innocent=("a program added or removed metadata", "a platform cut off the second picture",
              "a lossless crop"),
)  # fmt: skip
def mpf(facts: Facts) -> Answer:
    """Ask: does a picture begin wherever the MPF index says?"""
    if facts.pictures is None:
        return absent("the file has no index of several pictures (MPF)")
    if not facts.pictures:
        return absent("the index lists no second picture")
    broken = []
    for offset, length in facts.pictures:
        whole = offset + length <= len(facts.data)
        if not whole or facts.data[offset : offset + 3] != _HEAD:
            broken.append((offset, length))
    read = [FieldRead(name="MPF entry", value=f"{length} bytes at {offset}", offset=offset,
                      length=length) for offset, length in facts.pictures[:8]]  # fmt: skip
    if not broken:
        return answer("consistent", f"{len(read)} pictures begin where the index says", *read)
    gone = all(offset >= len(facts.data) for offset, _ in broken)
    words = "beyond the end of the file" if gone else "where no picture begins"
    return answer("contradictory", f"{len(broken)} of {len(facts.pictures)} pictures of the index "
                  f"lie {words}", *read)  # fmt: skip


@rule(
    "offset.fbmd",
    proves="The file is not, byte for byte, the one that Meta's service delivered.",
    does_not_prove="That the picture was altered; and where it fits, pixels inside a scan are not "
    "covered.",
    innocent=("a tag was added or removed after the download", "the file was saved again by a "
              "program that carries IPTC along"),
)  # fmt: skip
def fbmd(facts: Facts) -> Answer:
    """Ask: do the offsets and the size of the FBMD field fit?"""
    found = facts.fbmd
    if found is None:
        return absent("the file has no FBMD field")
    field = facts.field("IPTC:SpecialInstructions")
    if found.state in ("zeroed", "unreadable"):
        return answer("explained", f"the FBMD field is {found.state}", field)
    if found.state == "intact":
        return answer("consistent", "every scan begins where FBMD says", field)
    return answer("contradictory", f"FBMD does not fit the file: {found.state}", field)


@rule(
    "digest.iptc",
    proves="IPTC was changed after Photoshop, or a program of its kind, last saved the file.",
    does_not_prove="That the picture was altered.",
    innocent=("an agency or a library added keywords with another program",),
)
def iptc(facts: Facts) -> Answer:
    """Ask: does the IPTC block have the digest that was stored for it?"""
    if facts.value("Photoshop:IPTCDigest") is None:
        return absent("no digest of the IPTC block is stored")
    field = facts.field("Photoshop:IPTCDigest")
    seen = [one for one in facts.observed("digest") if "IPTC" in one.message]
    if seen:
        return answer("anomalous", seen[0].message, field, facts.spot(seen[0]))
    return answer("consistent", "the IPTC block has its stored digest", field)


@rule(
    "offset.maker-note",
    proves="The maker note was moved inside the file after the camera wrote it.",
    does_not_prove="That the picture was altered: writing any tag may move it.",
    innocent=("a tag editor or a photo manager rewrote EXIF",),
)
def maker_note(facts: Facts) -> Answer:
    """Ask: do the maker note's own offsets fit where it stands?"""
    if facts.value("ExifIFD:MakerNote") is None:
        return absent("there is no maker note")
    seen = facts.observed("maker-note")
    note = facts.field("ExifIFD:MakerNote")
    if seen:
        read = [facts.spot(one) for one in seen[:3]]
        return answer("anomalous", seen[0].message, note, *read)
    if not any(one.group == "MakerNote" for one in facts.metadata.entries):
        return absent("the offsets inside the maker note were not read")
    return answer("consistent", "the values of the maker note lie where its offsets point", note)


RULES = (mpf, fbmd, iptc, maker_note)
