"""Read the header of HEIF and AVIF (ISO/IEC 23008-12): size and turn of the primary item."""

from imgcheck.imaging.header.boxes import Box, boxes
from imgcheck.imaging.header.fields import number, take, unpack
from imgcheck.imaging.header.gaps import zero_run
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

# Quarter turns counter-clockwise (irot) -> EXIF orientation; with a mirror (imir) after the
# turn: axis 0 swaps top and bottom, axis 1 left and right.
_TURNS = {0: 1, 1: 8, 2: 3, 3: 6}
_MIRRORED_TURNS = {0: {0: 4, 1: 5, 2: 2, 3: 7}, 1: {0: 2, 1: 7, 2: 4, 3: 5}}
# A phone's picture has some hundred items (tiles, thumbnails, depth).
_MOST_ITEMS = 100_000


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a HEIF or AVIF file.

    The turn comes from the item's own properties; an EXIF orientation beside them is
    information only, says the standard.
    """
    top = list(boxes(data, 0, len(data)))
    meta = next((box for box in top if box.name == b"meta"), None)
    if meta is None:
        raise BrokenHeaderError("the HEIF or AVIF file holds no description of its pictures")
    inner = list(boxes(data, meta.start + 4, meta.end))
    properties = _primary_properties(data, inner)
    size = next((unpack(data, p.start + 4, ">II") for p in properties if p.name == b"ispe"), None)
    if size is None:
        raise BrokenHeaderError("the HEIF or AVIF file does not give the size of its main picture")
    damage = [
        Damage(
            kind="truncated",
            detail=f"box {box.name.decode('ascii', 'backslashreplace')} is cut by the end of file",
            offset=len(data),
        )
        for box in top
        if not box.complete
    ]
    for box in top:
        run = zero_run(data, box.start, box.end) if box.name == b"mdat" else None
        damage += [run] if run else []
    avif = is_avif(data)
    return Header(
        format="avif" if avif else "heif",
        width=size[0],
        height=size[1],
        bits=_depth(data, properties),
        orientation=_orientation(data, properties),
        unreadable_reason=None if avif else "no decoder for HEIF pixels is installed",
        damage=tuple(damage),
    )


def is_avif(data: bytes) -> bool:
    """Tell whether the brands of the file type box name AVIF."""
    first = next(boxes(data, 0, len(data)), None)
    if first is None:
        return False
    brands = bytes(data[first.start : min(first.end, first.start + 256)])
    return b"avif" in brands or b"avis" in brands


def _primary_properties(data: bytes, inner: list[Box]) -> list[Box]:
    """Give the properties that belong to the primary item, in their order."""
    named = {box.name: box for box in inner}
    if b"iprp" not in named or b"pitm" not in named:
        return []
    version = number(data, named[b"pitm"].start, "B")
    primary = number(data, named[b"pitm"].start + 4, ">I" if version else ">H")
    found = {box.name: box for box in boxes(data, named[b"iprp"].start, named[b"iprp"].end)}
    if b"ipco" not in found or b"ipma" not in found:
        return []
    every = list(boxes(data, found[b"ipco"].start, found[b"ipco"].end))
    wanted = _associations(data, found[b"ipma"], primary)
    return [every[index - 1] for index in wanted if 0 < index <= len(every)]


def _associations(data: bytes, box: Box, primary: int) -> list[int]:
    """Read the item property association box for one item."""
    version, flags = number(data, box.start, "B"), number(data, box.start + 3, "B")
    count, at = number(data, box.start + 4, ">I"), box.start + 8
    for _ in range(min(count, _MOST_ITEMS)):
        item = number(data, at, ">I" if version else ">H")
        at += 4 if version else 2
        many = number(data, at, "B")
        at += 1
        if flags & 1:
            indices = [unpack(data, at + 2 * i, ">H")[0] & 0x7FFF for i in range(many)]
            at += 2 * many
        else:
            indices = [value & 0x7F for value in take(data, at, many)]
            at += many
        if item == primary:
            return indices
    return []


def _depth(data: bytes, properties: list[Box]) -> int:
    pixi = next((p for p in properties if p.name == b"pixi"), None)
    if pixi is None or pixi.end - pixi.start < 6:
        return 8
    return max(1, number(data, pixi.start + 5, "B"))


def _orientation(data: bytes, properties: list[Box]) -> int:
    turn = next((number(data, p.start, "B") & 3 for p in properties if p.name == b"irot"), 0)
    axis = next((number(data, p.start, "B") & 1 for p in properties if p.name == b"imir"), None)
    return _TURNS[turn] if axis is None else _MIRRORED_TURNS[axis][turn]
