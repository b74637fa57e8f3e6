"""Are captions read in the character set they were written in, and compared across sets?"""

import pytest

from imgcheck.imaging.containers import structure
from imgcheck.provenance import Metadata, consistency, metadata
from imgcheck.provenance.fields.values import declared, decode, guess
from tests.provenance import build

RUSSIAN, QUOTED, FRENCH = "Снимок моста", "“Bridge” – destroyed… at Kherson’s edge", "Café détruit"


def caption(*sets: bytes, exif: bytes | None = None, xmp: bytes | None = None) -> bytes:
    data = build.jpeg()
    if exif is not None:
        data = build.jpeg_with_exif(build.tiff([(0x010E, 2, exif + b"\0")]), data)
    if xmp is not None:
        mark = b"http://ns.adobe.com/xap/1.0/\0"
        data = build.with_segments(data, build.segment(0xE1, mark + xmp))
    return build.jpeg_with_iptc(*sets, data=data) if sets else data


def described(text: str) -> bytes:
    return build.xmp(f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li>'
                     "</rdf:Alt></dc:description>")  # fmt: skip


def read(data: bytes) -> Metadata:
    return metadata(data, format="jpeg")


def state(data: bytes) -> str:
    tree = structure(data, format="jpeg")
    rules = consistency(data, structure=tree, encoding=None, metadata=read(data))
    return {one.id: one.state for one in rules}["twice.caption"]


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (QUOTED, "cp1252"), (QUOTED, "mac_roman"), ("It’s here", "cp1252"),
        (FRENCH, "cp1252"), (FRENCH, "mac_roman"), ("Brücke über den Fluß", "cp1252"),
        ("Brücke über den Fluß", "mac_roman"), ("¿Qué pasó mañana?", "mac_roman"),
        (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (RUSSIAN, "cp866"), ("Мост", "cp1251"),
        ("СНИМОК МОСТА", "cp1251"), ("Знімок мосту біля Херсона", "cp1251"),
        ("“Мост” – разрушен…", "cp1251"), ("Фото: Минобороны РФ", "mac_cyrillic"),
        ("صورة الجسر", "cp1256"), ("Γέφυρα στην Αθήνα", "cp1253"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["exif", "iptc", "comment", "xmp"])
def test_a_caption_in_an_old_set_is_read_and_not_called_hostile(text, charset, where) -> None:
    raw = text.encode(charset)
    data, tag = {
        "exif": lambda: (caption(exif=raw), "IFD0:ImageDescription"),
        "iptc": lambda: (caption(build.dataset(2, 120, raw)), "IPTC:Caption/Abstract"),
        "comment": lambda: (build.with_segments(build.jpeg(), build.segment(0xFE, raw)),
                            "COM:Comment"),
        "xmp": lambda: (caption(xmp=described("@").replace(b"@", raw)), "XMP:dc:description"),
    }[where]()  # fmt: skip
    found = read(data)
    assert found.tags[tag] == text
    assert found.hostile == ()
    assert found.observations == ()


@pytest.mark.parametrize(
    ("escape", "name"),
    [(b"\x1b%G", "utf-8"), (b"\x1b%/I", "utf-8"), (b"\x1b.A", "latin_1"), (b"\x1b-A", "latin_1"),
     (b"\x1b-L", "iso8859_5"), (b"\x1b.B", "iso8859_2"), (b"junk", None), (b"", None)],
)  # fmt: skip
def test_iptc_names_its_set_by_escape_sequences(escape: bytes, name: str | None) -> None:
    assert declared(escape) == name


def test_the_set_that_iptc_declares_goes_before_what_a_text_looks_like() -> None:
    text = "Мост"
    data = caption(build.dataset(1, 90, b"\x1b-L"), build.dataset(2, 120, text.encode("iso8859_5")))
    assert read(data).tags["IPTC:Caption/Abstract"] == text
    assert guess(text.encode("iso8859_5")) != "iso8859_5"  # a set that is never guessed


def test_a_false_declaration_of_utf_8_is_not_believed() -> None:
    data = caption(build.dataset(1, 90, b"\x1b%G"), build.dataset(2, 120, QUOTED.encode("cp1252")))
    assert read(data).tags["IPTC:Caption/Abstract"] == QUOTED


def test_short_texts_of_iptc_follow_the_long_ones_of_their_block() -> None:
    data = caption(build.dataset(2, 90, "я".encode("cp1251")),
                   build.dataset(2, 120, RUSSIAN.encode("cp1251")))  # fmt: skip
    assert read(data).tags["IPTC:City"] == "я"


def test_utf_8_cut_within_a_character_stays_utf_8() -> None:
    assert decode(RUSSIAN.encode()[:9]) == RUSSIAN[:4]
    assert decode("é".encode()[:1]) != ""  # one byte alone proves nothing


def test_a_stray_byte_does_not_spoil_a_text_in_utf_8() -> None:
    assert decode(RUSSIAN.encode() + b"\x96") == RUSSIAN + "\ufffd"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"UNICODE\0" + RUSSIAN.encode("utf-16-le"), RUSSIAN),
        (b"UNICODE\0" + RUSSIAN.encode("utf-16-be"), RUSSIAN),
        (b"UNICODE\0" + RUSSIAN.encode("utf-16"), RUSSIAN),
        (b"UNICODE\0" + "Мост".encode("utf-16-be"), "Мост"),
        (b"UNICODE\0" + "Мост".encode("utf-16-le"), "Мост"),
        (b"UNICODE\0" + "Bridge".encode("utf-16-be"), "Bridge"),
        (b"UNICODE\0" + RUSSIAN.encode(), RUSSIAN),
        (b"JIS\0\0\0\0\0" + "橋の写真".encode("iso2022_jp"), "橋の写真"),
        (b"JIS\0\0\0\0\0" + "橋の写真".encode("shift_jis"), "橋の写真"),
        (b"ASCII\0\0\0" + QUOTED.encode("cp1252"), QUOTED),
        (b"\0" * 8 + RUSSIAN.encode("cp1251"), RUSSIAN),
    ],
)
@pytest.mark.parametrize("mark", ["<", ">"])
def test_a_user_comment_is_read_by_the_set_it_names(raw: bytes, text: str, mark: str) -> None:
    block = build.tiff([], exif=[(0x9286, 7, raw)], mark=mark)
    assert read(build.jpeg_with_exif(block)).tags["ExifIFD:UserComment"] == text


MOJIBAKE = RUSSIAN.encode("cp1251").decode("cp1252")


@pytest.mark.parametrize(
    ("exif", "xmp", "expected"),
    [
        (RUSSIAN.encode("cp1251"), RUSSIAN, "consistent"),
        (RUSSIAN.encode("cp866"), RUSSIAN, "consistent"),
        (RUSSIAN.encode("iso8859_5"), RUSSIAN, "anomalous"),  # a set that is not tried
        (MOJIBAKE.encode(), RUSSIAN, "consistent"),
        (RUSSIAN.encode(), MOJIBAKE, "consistent"),
        ("Café".encode(), "Cafe\u0301", "consistent"),
        ("Café".encode("cp1252"), "Cafe\u0301", "consistent"),
        ("Café".encode().decode("latin-1").encode(), "Café", "consistent"),
        ("橋の写真".encode("shift_jis"), "橋の写真", "consistent"),
        (QUOTED.encode("mac_roman"), QUOTED, "consistent"),
        (b"?????? ?????", RUSSIAN, "explained"),
        (b"Caf? d?truit", FRENCH, "explained"),
        (RUSSIAN.encode("cp1251")[:8], RUSSIAN, "explained"),
        ("Снимок дома".encode("cp1251"), RUSSIAN, "anomalous"),
        ("Другой мост".encode("cp1251"), RUSSIAN, "anomalous"),
        (b"Cafe", "Café", "anomalous"),
        (b"A bridge", "A tower", "anomalous"),
        (b"?????? ????", RUSSIAN, "anomalous"),
    ],
)
def test_captions_are_compared_as_texts_and_not_as_bytes(exif, xmp, expected) -> None:
    assert state(caption(exif=exif, xmp=described(xmp))) == expected


def test_one_language_of_several_suffices() -> None:
    packet = build.xmp("<dc:description><rdf:Alt>"
                       '<rdf:li xml:lang="x-default">A bridge</rdf:li>'
                       '<rdf:li xml:lang="fr">Un pont</rdf:li>'
                       "</rdf:Alt></dc:description>")  # fmt: skip
    assert state(caption(exif=b"Un pont", xmp=packet)) == "consistent"
    assert state(caption(exif=b"Une tour", xmp=packet)) == "anomalous"


def test_three_captions_have_to_agree_in_pairs() -> None:
    three = caption(build.dataset(2, 120, b"A bridge"), exif=b"A bridge", xmp=described("A tower"))
    assert state(three) == "anomalous"
    same = caption(build.dataset(2, 120, FRENCH.encode("mac_roman")), exif=FRENCH.encode("cp1252"),
                   xmp=described(FRENCH))  # fmt: skip
    assert state(same) == "consistent"


def test_real_control_characters_are_still_called_hostile() -> None:
    for raw in ("Bridge\x9b31m".encode(), b"Bridge\x1b[31m", "a\u202eb".encode()):
        assert "hostile-text" in {one.kind for one in read(caption(exif=raw)).observations}


def test_the_number_of_guesses_is_bounded_and_utf_8_needs_none() -> None:
    texts = [RUSSIAN.encode("cp1251")] * 150
    chunks = [build.chunk(b"tEXt", b"k%d\0" % n + text) for n, text in enumerate(texts)]
    tags = metadata(build.png(*chunks), format="png").tags
    assert tags["PNG:k99"] == RUSSIAN
    assert tags["PNG:k100"] == RUSSIAN.encode("cp1251").decode("cp1252")
    chunks = [build.chunk(b"tEXt", b"k%d\0" % n + RUSSIAN.encode()) for n in range(150)]
    assert metadata(build.png(*chunks), format="png").tags["PNG:k149"] == RUSSIAN
