"""Text out of a file: decoded, capped, and looked at with suspicion."""

import re

from imgcheck.provenance.fields.charset import guess

MAX_TEXT = 4096  # characters kept of one value; a caption of the IPTC standard has at most 2,000

# Control characters but tab and newline, a lone carriage return (it overwrites a terminal line),
# and the marks that turn the reading direction round (Unicode UAX #9).
_HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)
_SCRIPT = re.compile(
    rb"<VRTDataset|<script|<\?php|<html|<svg|<!ENTITY|<WMS_|<GDAL_WMS|javascript:|#!/|%PDF-"
    rb"|powershell|/vsicurl/|eval\(",
    re.IGNORECASE,
)
MAX_SCRIPT = 1 << 16  # bytes of one text that are searched for script-like words


def decode(raw: bytes, charset: str | None = None) -> str:
    """Decode bytes as UTF-8, or else as what they look like; at most MAX_TEXT characters.

    Parameters
    ----------
    raw : bytes
    charset : str, optional
        Name of the set where the file declares one, or where a longer text of the same block
        showed it.
    """
    raw = raw[: 4 * MAX_TEXT]
    try:
        return raw.decode("utf-8")[:MAX_TEXT]
    except UnicodeDecodeError as error:
        # A field that is too short cuts the last character in two: that alone makes it no
        # other set.
        if error.reason == "unexpected end of data" and not raw[: error.start].isascii():
            return raw[: error.start].decode("utf-8")[:MAX_TEXT]
    return raw.decode(charset or guess(raw), "replace")[:MAX_TEXT]


def is_utf_8(raw: bytes) -> bool:
    """Tell whether bytes are UTF-8, ASCII included."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_hostile(text: str) -> bool:
    """Tell whether a text holds characters that could steer a terminal or mislead a reader."""
    return _HOSTILE.search(text) is not None


def script_like(raw: bytes) -> str | None:
    """Name the first script-like or driver-like word in a text that should be plain prose."""
    found = _SCRIPT.search(raw[:MAX_SCRIPT])
    return found.group().decode("ascii") if found else None
