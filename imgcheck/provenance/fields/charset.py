"""The character set of a text that does not state it.

EXIF and older IPTC records do not name theirs. UTF-8 is recognised by its form; of the others the
most plausible is taken: words of letters of one script, with capitals at the beginning or
throughout and no symbols inside. It is a guess, and short texts can mislead it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# Single-byte sets of Windows, Macintosh and Unix, with what a character beyond ASCII costs: the
# rarer a set is in files, the better its text has to look.
CHARSETS = {"cp1252": 0.0, "cp1251": 0.0, "mac_roman": 0.02, "koi8_r": 0.02, "cp866": 0.04,
            "mac_cyrillic": 0.02, "cp1253": 0.0, "cp1255": 0.0, "cp1256": 0.0, "cp1254": 0.08,
            "cp1250": 0.1}  # fmt: skip
_EAST_ASIAN = ("shift_jis", "gbk", "euc_kr", "big5", "euc_jp")  # only compared, never guessed
_SAMPLE = 1024  # bytes that are weighed, long stretches of ASCII left out
_ASCII = re.compile(rb"([\x00-\x7f]{20})[\x00-\x7f]{24,}([\x00-\x7f]{20})")
_WORD = re.compile(r"[^\W\d_]+")
# Letters that make up most of a Russian or Ukrainian text; those of Serbian and Macedonian, and
# a few of Latin script, stand where other sets have capitals or quotation marks.
_COMMON = frozenset("оеаинтсрвлкмдпуяі")
_RARE = frozenset("ЂЃѓЉЊЌЋЏђљњќћџƒˆˇªºµþÞðÐΩýÝţﬁﬂ")
_PUNCTUATION = frozenset("‘’‚“”„–—…«»‹›•©®°€№™·§£\xa0")
_IN_WORDS = frozenset("’·\xa0")
_OPENING, _CLOSING = frozenset("‘“„‚«‹£§"), frozenset("”›»€°")
# IIM 1:90 names a set by the escape sequences of ISO 2022: these are the registered ones of
# ISO 8859, whichever half they are switched to.
_ISO_2022 = {b"A": "latin_1", b"B": "iso8859_2", b"C": "iso8859_3", b"D": "iso8859_4",
             b"L": "iso8859_5", b"G": "iso8859_6", b"F": "iso8859_7", b"H": "iso8859_8",
             b"M": "iso8859_9", b"b": "iso8859_15"}  # fmt: skip


def declared(raw: bytes) -> str | None:
    """Return the set that the escape sequences of IIM 1:90 name; None where they are unknown."""
    if re.match(rb"\x1b%(?:G|/[GHI])", raw):
        return "utf-8"
    found = re.search(rb"\x1b[-.,/]([A-HLMb])", raw)
    return None if found is None else _ISO_2022.get(found[1])


def guess(raw: bytes) -> str:
    """Return the most plausible character set of a text that is not UTF-8."""
    sample = _ASCII.sub(rb"\1\n\2", raw[: 1 << 16])[:_SAMPLE]
    if _mostly_utf_8(sample):
        return "utf-8"
    costs = {name: cost for name in CHARSETS if (cost := _cost(sample, name)) is not None}
    return min(costs, key=lambda name: costs[name]) if costs else "latin-1"


def _mostly_utf_8(raw: bytes) -> bool:
    """Return whether more characters beyond ASCII are UTF-8 than are not."""
    text = raw.decode("utf-8", "replace")
    beyond = sum(one > "\x7f" for one in text)
    return 2 * text.count("\ufffd") < beyond


def _cost(raw: bytes, name: str) -> float | None:
    """Return how odd a text is in a character set; None where it is invalid in that set."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return None
    if any("\x7f" <= one <= "\x9f" for one in text):
        return None
    cost = CHARSETS[name] * sum(one > "\x7f" for one in text)
    cost += sum(_word_cost(match[0]) for match in _WORD.finditer(text))
    for place, one in enumerate(text):
        if one > "\x7f" and not one.isalpha():
            before, behind = text[max(0, place - 1) : place], text[place + 1 : place + 2]
            if one in "¿¡":
                cost += 0.0 if behind.isalpha() and not before.isalpha() else 1.0
            elif one not in _PUNCTUATION:
                cost += 1.0
            else:
                within = before.isalpha() and behind.isalpha() and one not in _IN_WORDS
                wrong_side = before if one in _OPENING else behind if one in _CLOSING else ""
                cost += 0.4 * (within + wrong_side.isalpha() + (behind in _PUNCTUATION))
    return cost


def _word_cost(word: str) -> float:
    beyond = sum(one > "\x7f" for one in word)
    if not beyond:
        return 0.0
    scripts = {_script(one) for one in word}
    has_case = word.lower() != word.upper()
    cased = word.islower() or word.isupper() or word.istitle()
    if len(scripts) > 1 or (has_case and not cased):
        return float(beyond)
    cost = 0.7 * sum(one in _RARE for one in word)
    if scripts == {"LATIN"}:
        # More than half of a word in accents is not a word of a language in Latin script.
        return cost + (beyond if 2 * beyond > len(word) > 1 else 0.0)
    if scripts == {"CYRILLIC"}:
        return cost + sum(0.05 if one in _COMMON else 0.25 for one in word.lower())
    return cost + 0.15 * beyond


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ", 1)[0]


def readings(text: str, raw: bytes | None) -> Iterator[str]:
    """Return what a text would be in other character sets.

    Of its bytes, where they are known and no UTF-8; and of the text itself where a program took
    bytes of one set for another and wrote the result as UTF-8.
    """
    yield text
    sources = [] if raw is None else [raw]
    for wrong in ("cp1252", "latin-1"):
        try:
            sources.append(text.encode(wrong))
        except UnicodeEncodeError:
            continue
    for source in sources:
        if source.isascii():
            continue
        for name in ("utf-8", *CHARSETS, *_EAST_ASIAN):
            try:
                yield source.decode(name)
            except UnicodeDecodeError:
                continue
