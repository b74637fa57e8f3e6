"""The FBMD field that Meta's services write: where the scans began and how long the file was.

IPTC 2:40 holds ``FBMD``, two hexadecimal digits of type, four of a count n, then n + 1 unsigned
32-bit little-endian integers as hexadecimal. The first n are the byte offsets of the SOS
markers, the last is the file's size. That the values mean this was seen on 14 files; no
publication of Meta says so.
"""

import re
from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.tree import Structure

_FORM = re.compile(r"FBMD([0-9A-Fa-f]{2})([0-9A-Fa-f]{4})((?:[0-9A-Fa-f]{8})+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fbmd:
    """What the field says against what the file is.

    ``state``: ``intact`` (all offsets and the size fit), ``changed`` (the offsets are shifted by
    one amount, or only the size differs: header or tail edited), ``re-encoded`` (the scans do
    not fit), ``zeroed``, ``unreadable``. Pixels inside a scan are not covered, and files of
    Instagram carry the field too.
    """

    state: Literal["intact", "changed", "re-encoded", "zeroed", "unreadable"]
    kind: str | None
    offsets: tuple[int, ...]
    size: int | None


def decode_fbmd(text: str, *, structure: Structure) -> Fbmd:
    """Decode the raw text of IPTC 2:40 and compare it with the walked file."""
    match = _FORM.match(text)
    if match is None:
        return Fbmd(state="unreadable", kind=None, offsets=(), size=None)
    count = int(match[2], 16)
    raw = bytes.fromhex(match[3])
    values = [int.from_bytes(raw[i : i + 4], "little") for i in range(0, len(raw), 4)]
    if len(values) < count + 1 or count == 0:
        zeroed = not any(values) and count == 0
        return Fbmd(
            state="zeroed" if zeroed else "unreadable", kind=match[1], offsets=(), size=None
        )
    offsets, size = tuple(values[:count]), values[count]
    return Fbmd(state=_state(offsets, size, structure), kind=match[1], offsets=offsets, size=size)


def _state(
    offsets: tuple[int, ...], size: int, structure: Structure
) -> Literal["intact", "changed", "re-encoded", "zeroed"]:
    if not any(offsets) and not size:
        return "zeroed"
    found = tuple(node.offset for node in structure.nodes if node.kind == "SOS")
    length = max((node.offset + node.length for node in structure.nodes), default=0)
    if len(found) != len(offsets):
        return "re-encoded"
    shifts = {real - said for real, said in zip(found, offsets, strict=True)}
    if shifts == {0}:
        return "intact" if length == size else "changed"
    # Bytes added to or taken from the header move every scan by the same amount.
    return "changed" if len(shifts) == 1 else "re-encoded"
