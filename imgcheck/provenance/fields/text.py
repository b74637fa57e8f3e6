"""Text out of a file: decoded, capped, and looked at with suspicion."""

import re

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


def decode(raw: bytes) -> str:
    """Decode bytes as UTF-8, or else as Latin-1, which never fails; at most MAX_TEXT characters."""
    raw = raw[: 4 * MAX_TEXT]
    try:
        return raw.decode("utf-8")[:MAX_TEXT]
    except UnicodeDecodeError as error:
        # The cut above may have split the last character: that alone does not make it Latin-1.
        if len(raw) == 4 * MAX_TEXT and error.start >= len(raw) - 3:
            return raw[: error.start].decode("utf-8")[:MAX_TEXT]
        return raw.decode("latin-1")[:MAX_TEXT]


def is_hostile(text: str) -> bool:
    """Tell whether a text holds characters that could steer a terminal or mislead a reader."""
    return _HOSTILE.search(text) is not None


def script_like(raw: bytes) -> str | None:
    """Name the first script-like or driver-like word in a text that should be plain prose."""
    found = _SCRIPT.search(raw[:MAX_SCRIPT])
    return found.group().decode("ascii") if found else None
