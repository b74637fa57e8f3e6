"""Text that came from a file, made fit to be shown: one line, no controls, not endless."""

import re

from imgcheck.imaging.text import printable

#: Longest text shown of one field; a post has at most a few thousand characters.
LIMIT = 4000

# Persian, Indic scripts and joined emoji are spelt with these two invisible characters. They
# stay between two characters beyond ASCII, where they carry meaning and can command nothing.
_JOINERS = re.compile("(?<=[^\x00-\xa0])([\u200c\u200d])(?=[^\x00-\xa0])")

_WORD = re.compile(r"[a-z]+(['’]s)?[,;:]?( |$)")


def line(text: str, *, limit: int = LIMIT, tell: bool = True) -> str:
    """Give a text on one line, without control or direction characters, cut where it is endless.

    Parameters
    ----------
    text : str
    limit : int
        Most characters of the text that are shown.
    tell : bool, default True
        Say how many characters are cut; without, an ellipsis stands for them. That is for places
        that give the same text in full elsewhere.
    """
    shown = safe(" ".join(text[:limit].split()))
    left = len(text) - limit
    if left <= 0:
        return shown
    return f"{shown} … ({left:,} more characters, see report.json)" if tell else f"{shown} …"


def sentence(text: str, *, limit: int = LIMIT) -> str:
    """Give a line that begins with a capital, unless it begins with a name such as ``geo.place``.

    Checks write some of their sentences to follow a colon; in a list they stand alone.
    """
    shown = line(text, limit=limit)
    return shown[0].upper() + shown[1:] if _WORD.match(shown) else shown


def safe(text: str) -> str:
    """Replace every character that could command or mislead; meaningful joiners stay."""
    return "".join(
        part if part in ("\u200c", "\u200d") and place % 2 else printable(part)
        for place, part in enumerate(_JOINERS.split(text))
    )
