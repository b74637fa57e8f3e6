"""The places that the index of a multi-picture file (CIPA DC-007, MPF) states."""

from typing import Literal

from imgcheck.provenance.tree import Structure

_ENTRIES = 0xB002
_MOST = 64  # entries read; real files list two or three pictures


def listed_pictures(data: bytes, structure: Structure) -> tuple[tuple[int, int], ...] | None:
    """Give (offset, length) of every picture after the first; None where there is no index.

    Offsets count from the byte-order mark of the index (CIPA DC-007, 5.2.3.3). An index that
    cannot be read gives an empty tuple.
    """
    node = next((n for n in structure.nodes if n.kind == "APP2" and n.note == "MPF"), None)
    if node is None:
        return None
    base, end = node.offset + 8, min(node.offset + node.length, len(data))
    order: Literal["little", "big"] = "little" if data[base : base + 2] == b"II" else "big"

    def number(place: int, size: int) -> int:
        return int.from_bytes(data[place : place + size], order) if place + size <= end else 0

    directory = base + number(base + 4, 4)
    for index in range(min(number(directory, 2), _MOST)):
        field = directory + 2 + 12 * index
        if number(field, 2) != _ENTRIES:
            continue
        size, start = number(field + 4, 4), base + number(field + 8, 4)
        found = []
        for entry in range(1, min(size // 16, _MOST)):
            place = start + 16 * entry
            length, offset = number(place + 4, 4), number(place + 8, 4)
            if length:
                found.append((base + offset, length))
        return tuple(found)
    return ()
