"""Make text from a file or a file name safe to print on a terminal or in a spreadsheet.

Escaping for HTML or JSON belongs to whoever writes those.
"""

import unicodedata

# Cc: controls (ESC starts commands to the terminal), Cf: invisible format characters,
# among them those that reverse the direction of reading, Cs: lone surrogates, Co and Cn:
# private and unassigned, Zl and Zp: line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, *, limit: int | None = None) -> str:
    """Replace every character that could command or mislead a terminal by an escape.

    ``limit`` is the largest number of characters returned; what is cut is marked with an
    ellipsis. A byte that was no UTF-8 may stand in the text as a surrogate.
    """
    shown = "".join(_escape(c) if unicodedata.category(c) in _UNSAFE else c for c in text)
    if limit is not None and len(shown) > limit:
        return shown[: max(0, limit - 1)] + "…"
    return shown


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # os.fsdecode hides the byte 0xNN of a name that is no UTF-8 in U+DCNN.
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# What a spreadsheet takes for a formula, and the apostrophe by which it marks a text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def spreadsheet_text(text: str) -> str:
    """Return a text that a spreadsheet shows as it is and never computes."""
    return f"'{text}" if text.startswith(_FORMULA) else text
