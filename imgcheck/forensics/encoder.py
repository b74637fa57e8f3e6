"""How a JPEG was last saved: quantisation tables, sampling, scans, Huffman tables."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging.containers.jpeg import PROCESSES
from imgcheck.imaging.containers.tree import Node, Structure

# The example tables of ITU-T T.81 Annex K, in natural order: row by row, 8 a row.
LUMINANCE = (  # table K.1
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMINANCE = (  # table K.2
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
)  # fmt: skip
BASES = {"luminance": LUMINANCE, "chrominance": CHROMINANCE}
# Natural index of each position of the zigzag scan (T.81 figure A.6).
ZIGZAG = tuple(
    8 * row + column
    for row, column in sorted(
        ((row, column) for row in range(8) for column in range(8)),
        key=lambda cell: (cell[0] + cell[1], cell[0] if sum(cell) % 2 else cell[1]),
    )
)
# Tables K.3 to K.6: number of codes of each length 1..16, then the symbols in order.
_DC_SYMBOLS = bytes(range(12))
_AC_LUMINANCE = bytes.fromhex(
    "010203000411051221314106135161072271143281"
    "91a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a"
    "434445464748494a535455565758595a636465666768696a737475767778797a83848586"
    "8788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6"
    "c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_AC_CHROMINANCE = bytes.fromhex(
    "0001020311040521310612415107617113223281"
    "08144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738"
    "393a434445464748494a535455565758595a636465666768696a737475767778797a8283"
    "8485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
    "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
STANDARD_HUFFMAN = frozenset(
    {
        (0, bytes.fromhex("00010501010101010100000000000000") + _DC_SYMBOLS),
        (0, bytes.fromhex("00030101010101010101010000000000") + _DC_SYMBOLS),
        (1, bytes.fromhex("0002010303020403050504040000017d") + _AC_LUMINANCE),
        (1, bytes.fromhex("00020102040403040705040400010277") + _AC_CHROMINANCE),
    }
)
_MAX_TABLES = 16
_SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0",
                (4, 1): "4:1:1", (4, 2): "4:1:0"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantTable:
    """One quantisation table, natural order (row by row), as first defined before the frame.

    ``base`` and ``quality`` name the Annex K table and the IJG quality that give it exactly;
    ``percent`` is the interval of scale factors of that base, also where no IJG quality fits.
    """

    id: int
    bits: int
    values: tuple[int, ...]
    offset: int
    base: str | None
    quality: int | None
    percent: tuple[float, float] | None

    @property
    def zigzag(self) -> tuple[int, ...]:
        """The values in the order in which the file stores them (T.81 figure A.6)."""
        return tuple(self.values[place] for place in ZIGZAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One colour component of the frame: its number, sampling factors and table."""

    id: int
    horizontal: int
    vertical: int
    table: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """The traces of the last save of a JPEG.

    It describes the last save only. It is no evidence of earlier ones, nor of whether the content
    was altered: cameras, platforms and editors alike write any of these.

    Attributes
    ----------
    ijg_quality : int or None
        1 to 100 where every table equals the Annex K table scaled by the IJG rule for one
        quality; None is "not a standard table".
    nearest_quality, distance : int, float
        The IJG quality whose tables are nearest, and the mean absolute difference of the table
        entries; 0.0 where exact. An orientation, not an estimate of how the file was made.
    variant : str or None
        What the tables are: ``IJG``, ``IJG, two qualities``, ``IJG luminance for all``,
        ``scaled Annex K`` (no IJG percentage) or None.
    subsampling : str or None
        ``4:2:0`` and so on; None for one component or unusual factors (see ``components``).
    huffman : str
        ``standard`` (every table is one of Annex K.3-K.6), ``custom`` (optimised or the
        encoder's own), ``absent`` (arithmetic coding, or tables left out).
    restart_interval : int or None
        MCUs between restart markers, None for none.
    """

    width: int
    height: int
    precision: int
    process: str
    progressive: bool
    components: tuple[Component, ...]
    subsampling: str | None
    scans: int
    restart_interval: int | None
    huffman: Literal["standard", "custom", "absent"]
    tables: tuple[QuantTable, ...]
    ijg_quality: int | None
    nearest_quality: int | None
    distance: float | None
    variant: str | None
    adobe_transform: int | None
    redefined: bool


def encoding(data: bytes, *, structure: Structure) -> Encoding | None:
    """Read how a JPEG was last saved.

    Parameters
    ----------
    data : bytes
        The whole file.
    structure : Structure
        Its parts.

    Returns
    -------
    Encoding or None
        None where the file is no JPEG or has no frame header.

    Notes
    -----
    The IJG quality is exact for tables made by the IJG library and its descendants (measured:
    all of 1..100, benchmarks: provenance). Many cameras write IJG tables too (56 of 113 files of
    cameras and phones there), so such a table is no sign of editing.

    References
    ----------
    .. [1] ITU-T T.81 (1992), Annexes B, K.
    """
    if structure.format != "jpeg":
        return None
    nodes = structure.nodes
    frame = next((node for node in nodes if node.kind.startswith("SOF")), None)
    if frame is None:
        return None
    payload = _payload(data, frame)
    components = _components(payload)
    if not components:
        return None
    tables, redefined = _tables(data, nodes)
    used = _used(tables, components)
    nearest, distance = _nearest(used)
    quality, variant = _recognise(used)
    marker = data[frame.offset + 1]
    return Encoding(
        width=int.from_bytes(payload[3:5], "big"), height=int.from_bytes(payload[1:3], "big"),
        precision=payload[0], process=PROCESSES.get(marker, "unknown"),
        progressive=marker in (0xC2, 0xC6, 0xCA, 0xCE), components=components,
        subsampling=_subsampling(components), scans=sum(node.kind == "SOS" for node in nodes),
        restart_interval=_restart(data, nodes), huffman=_huffman(data, nodes), tables=tables,
        ijg_quality=quality, nearest_quality=nearest, distance=distance,
        variant=variant, adobe_transform=_adobe(data, nodes), redefined=redefined,
    )  # fmt: skip


def _payload(data: bytes, node: Node) -> bytes:
    return data[node.offset + 4 : node.offset + node.length]


def _components(payload: bytes) -> tuple[Component, ...]:
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5]:
        return ()
    parts = (payload[6 + 3 * i : 9 + 3 * i] for i in range(payload[5]))
    return tuple(
        Component(id=p[0], horizontal=p[1] >> 4, vertical=p[1] & 15, table=p[2]) for p in parts
    )


def _subsampling(components: tuple[Component, ...]) -> str | None:
    if len(components) < 3:
        return None
    first, second, third = components[:3]
    if (second.horizontal, second.vertical) != (third.horizontal, third.vertical):
        return None
    if not second.horizontal or not second.vertical:
        return None
    across, odd = divmod(first.horizontal, second.horizontal)
    down, odd_down = divmod(first.vertical, second.vertical)
    return None if odd or odd_down else _SUBSAMPLING.get((across, down))


def _tables(data: bytes, nodes: tuple[Node, ...]) -> tuple[tuple[QuantTable, ...], bool]:
    """Read the tables; the first definition of each number counts, a later other one is noted."""
    found: dict[int, QuantTable] = {}
    redefined = False
    for node in nodes:
        if node.kind != "DQT":
            continue
        payload, position = _payload(data, node), 0
        while position < len(payload):
            bits, number = (16 if payload[position] >> 4 else 8), payload[position] & 15
            size = 8 * bits
            raw = payload[position + 1 : position + 1 + size]
            if len(raw) < size or len(found) > _MAX_TABLES:
                break
            table = _table(number, bits, raw, node.offset + 4 + position)
            redefined |= number in found and found[number].values != table.values
            found.setdefault(number, table)
            position += 1 + size
    return tuple(found[number] for number in sorted(found)), redefined


def _table(number: int, bits: int, raw: bytes, offset: int) -> QuantTable:
    step = bits // 8
    values = [0] * 64
    for index, place in enumerate(ZIGZAG):
        values[place] = int.from_bytes(raw[index * step : (index + 1) * step], "big")
    table = tuple(values)
    base, quality = _known(table)
    interval = None
    for name, unit in BASES.items():
        if base in (None, name) and interval is None:
            interval = scale_interval(table, unit)
            if interval is not None:
                base = name
    return QuantTable(id=number, bits=bits, values=table, offset=offset, base=base,
                      quality=quality, percent=interval)  # fmt: skip


def scaled(base: tuple[int, ...], percent: int, *, limit: int = 255) -> tuple[int, ...]:
    """Scale a table as the IJG library does: rounded, at least 1, at most ``limit``."""
    return tuple(min(max((value * percent + 50) // 100, 1), limit) for value in base)


def ijg(base: tuple[int, ...], quality: int, *, limit: int = 255) -> tuple[int, ...]:
    """Return the table for an IJG quality of 1 to 100."""
    return scaled(base, 5000 // quality if quality < 50 else 200 - 2 * quality, limit=limit)


def scale_interval(table: tuple[int, ...], base: tuple[int, ...]) -> tuple[float, float] | None:
    """Find the percentages that turn ``base`` into ``table`` by rounding; None where none does."""
    low, high = 0.0, float("inf")
    for value, unit in zip(table, base, strict=True):
        if value > 1:
            low = max(low, (100 * value - 50) / unit)
        if value < 255:
            high = min(high, (100 * value + 50) / unit)
    return (low, high) if low < high and high != float("inf") else None


@cache
def _catalogue() -> dict[tuple[int, ...], tuple[str, int]]:
    """Map every table the IJG rule can make to its base and quality, 8 bit and 16 bit."""
    known: dict[tuple[int, ...], tuple[str, int]] = {}
    for name, base in BASES.items():
        for quality in range(1, 101):
            for limit in (255, 32_767):
                known.setdefault(ijg(base, quality, limit=limit), (name, quality))
    return known


def _known(table: tuple[int, ...]) -> tuple[str | None, int | None]:
    return _catalogue().get(table, (None, None))


def _used(tables: tuple[QuantTable, ...], components: tuple[Component, ...]) -> list[QuantTable]:
    """Return the table of each component, luminance first; none where one is missing."""
    by_number = {table.id: table for table in tables}
    used = [by_number[part.table] for part in components if part.table in by_number]
    return used if len(used) == len(components) else []


def _pair(quality: int, wide: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the luminance and the chrominance table of an IJG quality."""
    limit = 32_767 if wide else 255
    return ijg(LUMINANCE, quality, limit=limit), ijg(CHROMINANCE, quality, limit=limit)


def _recognise(used: list[QuantTable]) -> tuple[int | None, str | None]:
    """Return the one IJG quality of all tables, if there is one, and what the tables are."""
    if not used:
        return None, None
    first, others = used[0], [table.values for table in used[1:]]
    if first.base == "luminance" and first.quality is not None:
        luminance, chrominance = _pair(first.quality, first.bits == 16)
        # A fourth component (the K of CMYK, alpha) shares the luminance table.
        if all(values == chrominance for values in others[:2]) and all(
            values in (luminance, chrominance) for values in others[2:]
        ):
            return first.quality, "IJG"
        if all(values == luminance for values in others):
            return first.quality, "IJG luminance for all"
    if all(table.quality is not None for table in used):
        return None, "IJG, two qualities"
    return None, "scaled Annex K" if all(table.percent is not None for table in used) else None


@cache
def _family(wide: bool) -> NDArray[np.int32]:
    """Return the luminance and chrominance tables of the qualities 1..100, (100, 2, 64)."""
    return np.array([_pair(quality, wide) for quality in range(1, 101)], np.int32)


def _nearest(used: list[QuantTable]) -> tuple[int | None, float | None]:
    if not used:
        return None, None
    shown = np.array([table.values for table in used[:2]], np.int32)
    family = _family(used[0].bits == 16)[:, : len(shown)]
    distances = np.abs(family - shown).mean(axis=(1, 2))
    best = int(np.argmin(distances))
    return best + 1, float(distances[best])


def _restart(data: bytes, nodes: tuple[Node, ...]) -> int | None:
    for node in nodes:
        if node.kind == "DRI" and node.length >= 6:
            return int.from_bytes(_payload(data, node)[:2], "big") or None
    return None


def _huffman(data: bytes, nodes: tuple[Node, ...]) -> Literal["standard", "custom", "absent"]:
    seen = False
    for node in nodes:
        if node.kind != "DHT":
            continue
        payload, position = _payload(data, node), 0
        while position + 17 <= len(payload):
            size = 17 + sum(payload[position + 1 : position + 17])
            table = payload[position + 1 : position + size]
            seen = True
            if (payload[position] >> 4, table) not in STANDARD_HUFFMAN:
                return "custom"
            position += size
    return "standard" if seen else "absent"


def _adobe(data: bytes, nodes: tuple[Node, ...]) -> int | None:
    for node in nodes:
        if node.kind == "APP14" and node.note == "Adobe" and node.length >= 16:
            return data[node.offset + 15]
    return None
