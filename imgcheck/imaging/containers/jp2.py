"""JPEG 2000 (ITU-T T.800): its boxes, and the size segment of its codestream."""

from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.imaging.containers.boxes import child, payload, walk_boxes
from imgcheck.imaging.containers.header import (
    BrokenHeaderError,
    Header,
    Walked,
    number,
    take,
    unpack,
    zero_run,
)
from imgcheck.imaging.containers.tree import Node, Walk

CODESTREAM = b"\xff\x4f\xff\x51"
_MODES = {1: "gray", 2: "gray-alpha", 3: "rgb"}
# A.5.1: the number of a tile has 16 bits.
_MOST_TILES = 65_535
_COD, _COC, _SOT, _SOD, _EOC = 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
_MOST_SEGMENTS = 100_000
# OpenJPEG lists every precinct and code block of a tile before it decodes any; bytes and
# seconds of one, measured (docs/benchmarks/cost.md) and rounded up.
_PRECINCT_BYTES, _PRECINCT_SECONDS = 300, 1e-6
_BLOCK_BYTES, _BLOCK_SECONDS = 550, 1e-6


def walk_jp2(walk: Walk) -> Walked:
    """Walk the boxes of a JP2 file; a bare codestream is one node."""
    data = walk.data
    if data[:4] == CODESTREAM:
        nodes: tuple[Node, ...] = (
            walk.node(0, len(data), "codestream", "JPEG 2000 without boxes"),
        )
        place: tuple[int, int] | None = (0, len(data))
    else:
        nodes = walk_boxes(walk)
        stream = child(nodes, "jp2c")
        place = None if stream is None else payload(data, stream)
    if place is not None:
        start, end = place
        if data[end - 2 : end] != b"\xff\xd9":
            message = "the JPEG 2000 codestream has no end marker where the file ends"
            walk.damaged("truncated", message, end)
        zero_run(walk, start, end)
    return nodes, lambda _: _header(walk, nodes, place)


def _header(walk: Walk, nodes: tuple[Node, ...], place: tuple[int, int] | None) -> Header:
    data = walk.data
    if place is None:
        raise BrokenHeaderError("the JPEG 2000 file holds no codestream")
    start, end = place
    if take(data, start, 4) != CODESTREAM:
        raise BrokenHeaderError("the JPEG 2000 codestream does not begin with its size")
    width, height, bands, bits, signed, tile = _read_size(data, start + 4)
    memory, seconds = _decoder_cost(data, start, end, (width, height), tile, bands)
    palette = any(
        node.kind == "jp2h" and b"pclr" in data[node.offset : node.offset + node.length]
        for node in nodes
    )
    sample = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return Header(
        format="jp2",
        width=width,
        height=height,
        bands=bands,
        bits=bits,
        dtype=f"{'int' if signed else 'uint'}{sample}",
        mode="palette" if palette else _MODES.get(bands, "multiband"),
        block_bytes=min(tile[0], width) * min(tile[1], height) * bands * sample // 8,
        decoder_bytes=memory,
        decoder_seconds=seconds,
        geotagged=any(node.kind in ("uuid", "asoc", "xml ") for node in nodes),
        damage=tuple(walk.damage),
    )


def _read_size(data: bytes, at: int) -> tuple[int, int, int, int, bool, tuple[int, int]]:
    """Read the SIZ segment (A.5.1)."""
    right, bottom, left, top = unpack(data, at + 4, ">IIII")
    wide, high, tile_left, tile_top = unpack(data, at + 20, ">IIII")
    bands = number(data, at + 36, ">H")
    depth = number(data, at + 38, "B") if bands else 0
    width, height = right - left, bottom - top
    if width < 1 or height < 1:
        raise BrokenHeaderError(f"its header states a size of {width} x {height} pixels")
    if not wide or not high or not bands:
        raise BrokenHeaderError("the JPEG 2000 size segment has tiles or components of size 0")
    across = -(-(right - tile_left) // wide)
    down = -(-(bottom - tile_top) // high)
    if across * down > _MOST_TILES:
        raise BrokenHeaderError(
            f"the JPEG 2000 size segment states {across * down:,} tiles; {_MOST_TILES:,} can exist"
        )
    return width, height, bands, (depth & 0x7F) + 1, bool(depth & 0x80), (wide, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coding:
    """A coding style (A.6.1): what decides how many precincts and code blocks there are."""

    layers: int
    #: Logarithms of the sides of a code block.
    block: tuple[int, int]
    #: Logarithms of the sides of a precinct, from the coarsest resolution to the finest.
    precincts: tuple[tuple[int, int], ...]


def _decoder_cost(
    data: bytes, start: int, end: int, size: tuple[int, int], tile: tuple[int, int], bands: int
) -> tuple[int, float]:
    """Estimate bytes and seconds for the lists that a decoder makes of a tile, at the worst.

    Tiles and components may each have a coding style; the costliest is taken for all.
    """
    tile = min(tile[0], size[0]), min(tile[1], size[1])
    tiles = -(-size[0] // tile[0]) * -(-size[1] // tile[1])
    memory, seconds = 0, 0.0
    for coding in _coding_styles(data, start, end, bands):
        precincts, blocks, most = 0, 0, 0
        finest = len(coding.precincts) - 1
        for resolution, precinct in enumerate(coding.precincts):
            wide, high = (-(-side >> (finest - resolution)) for side in tile)
            wide, high = max(1, wide), max(1, high)
            count = _parts(wide, precinct[0]) * _parts(high, precinct[1])
            most = max(most, count)
            precincts += count
            # B.7: three bands of half the size, save at the coarsest; a block fits a precinct.
            half = 1 if resolution else 0
            across = min(coding.block[0], max(0, precinct[0] - half))
            down = min(coding.block[1], max(0, precinct[1] - half))
            of_band = _parts(-(-wide >> half), across) * _parts(-(-high >> half), down)
            blocks += of_band * (3 if half else 1)
        packets = coding.layers * most * len(coding.precincts)
        memory = max(
            memory, bands * (precincts * _PRECINCT_BYTES + blocks * _BLOCK_BYTES + 2 * packets)
        )
        seconds = max(
            seconds, tiles * bands * (precincts * _PRECINCT_SECONDS + blocks * _BLOCK_SECONDS)
        )
    return memory, seconds


def _parts(length: int, exponent: int) -> int:
    return -(-length >> exponent)


def _coding_styles(data: bytes, start: int, end: int, bands: int) -> Iterator[_Coding]:
    """Read every coding style of the main header and of the headers of tile parts."""
    position, part = start + 2, (0, 0)
    layers = 1
    for _ in range(_MOST_SEGMENTS):
        if position + 4 > min(end, len(data)):
            return
        marker, length = unpack(data, position, ">HH")
        body = position + 4
        if marker == _SOT:
            part = position, number(data, position + 6, ">I")
        elif marker == _SOD:
            # A length of 0 means that the part is the last one (A.4.2).
            if not part[1]:
                return
            position = max(part[0] + part[1], body)
            continue
        elif marker == _COD:
            layers = max(layers, number(data, body + 2, ">H"))
            yield _coding_style(data, body + 5, number(data, body, "B") & 1, layers)
        elif marker == _COC:
            at = body + (1 if bands < 257 else 2)
            yield _coding_style(data, at + 1, number(data, at, "B") & 1, layers)
        elif marker == _EOC:
            return
        position += 2 + max(2, length)


def _coding_style(data: bytes, at: int, has_precincts: int, layers: int) -> _Coding:
    levels, wide, high = unpack(data, at, "BBB")
    count = min(levels, 32) + 1
    sizes = take(data, at + 5, count) if has_precincts else b"\xff" * count
    return _Coding(
        layers=layers,
        block=((wide & 15) + 2, (high & 15) + 2),
        precincts=tuple((value & 15, value >> 4) for value in sizes),
    )
