"""Detect changes between two pictures of any size, part by part.

The first pass measures a sample of blocks, the second scores tile after tile. A tile is a function
of its pixels and the numbers of the first pass, so tiles can be scored in any order, in several
processes, and be kept on disk: the result is the same.
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from imgcheck.change.bitemporal import Changes, checked_area, summary, unlike
from imgcheck.change.grid import Frame, Pixels
from imgcheck.change.ledger import Ledger, Stored, TileResult, fingerprint
from imgcheck.change.objects import find
from imgcheck.change.passes import Incomparable, Statistics, measure, score
from imgcheck.change.records import SEAM, STEPS, UNKNOWN, Tile, record
from imgcheck.change.sampling import (
    WHOLE,
    Source,
    coarse_shift,
    reduced,
    reduced_pair,
    reduction,
    sample,
)
from imgcheck.errors import ImgcheckError, UnreadableError

# Side of a tile, pixels. Larger ones repeat less of their halo and take more memory.
_SIDE = 640


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What is the same for all tiles: the numbers of the first pass and the whole-pixel shift."""

    by: Statistics
    shift: tuple[int, int]
    reduction: int

    def __call__(self, source: Source, tile: Tile) -> "TileResult | Unreadable":
        """Read and score one tile."""
        window = top, left, bottom, right = tile.around(SEAM + self.by.halo)
        try:
            before, after = source.read(window, self.shift)
        except ImgcheckError as error:
            return Unreadable(tile=tile, reason=str(error))
        at = Frame(
            x=np.arange(left + 0.5, right),
            y=np.arange(top + 0.5, bottom),
            width=tile.width,
            height=tile.height,
        )
        part = score(before, after, None, at=at, by=self.by)
        core = np.s_[tile.top - top : tile.bottom - top, tile.left - left : tile.right - left]
        return TileResult.of(
            record(part, tile, self.by, top=top, left=left),
            reduced(before[core], self.reduction),
            reduced(after[core], self.reduction),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A tile that could not be read, and why; nothing is known about changes there."""

    tile: Tile
    reason: str


#: Scores tiles in any order; yields the index of each and its result.
Runner = Callable[[Job, Sequence[Tile]], Iterator[tuple[int, TileResult | Unreadable]]]
#: Called with the number of tiles that are done, of how many, and how many of these were done
#: by an earlier run.
Progress = Callable[[int, int, int], None]


def run_here(
    source: Source, job: Job, tiles: Sequence[Tile]
) -> Iterator[tuple[int, TileResult | Unreadable]]:
    """Score tiles one by one."""
    for index, tile in enumerate(tiles):
        yield index, job(source, tile)


def tiles_of(height: int, width: int) -> list[Tile]:
    """Cut a picture in tiles, row by row; one that is measured whole is one tile."""
    side = _SIDE if max(height, width) > WHOLE else max(height, width)
    return [
        Tile(
            top=top,
            left=left,
            bottom=min(top + side, height),
            right=min(left + side, width),
            height=height,
            width=width,
        )
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False)
class TiledChanges(Changes):
    """Differences between two pictures of any size; the scores stay in their tiles.

    Attributes
    ----------
    height, width : int
    error_px : tuple of float or None
        Least, median and largest standard error of the registration of a place.
    unreadable : tuple of Unreadable
    """

    height: int
    width: int
    error_px: tuple[float, float, float] | None
    unreadable: tuple[Unreadable, ...]
    reduction: int
    kept: tuple[Callable[[], Any], ...]
    shown: tuple[Pixels, Pixels] | None = None

    def scores(self) -> Iterator[tuple[Tile, Pixels]]:
        """Yield the scores of each tile, NaN where nothing is known."""
        for load in self.kept:
            one = load()
            z = one.z
            yield one.tile, np.where(z == UNKNOWN, np.float32("nan"), z / np.float32(STEPS))

    def views(self) -> tuple[Pixels, Pixels]:
        """Return both pictures reduced to at most 1,536 pixels a side, NaN where unknown."""
        if self.shown is not None:
            return self.shown
        step = self.reduction
        shape = (-(-self.height // step), -(-self.width // step))
        whole: list[Pixels] = []
        for one in (load() for load in self.kept):
            for k, part in enumerate((one.before, one.after)):
                if len(whole) <= k:
                    whole.append(np.full((*shape, part.shape[2]), np.nan, np.float32))
                top, left = one.tile.top // step, one.tile.left // step
                whole[k][top : top + part.shape[0], left : left + part.shape[1]] = part
        return whole[0], whole[1]


def detect_tiles(
    source: Source,
    *,
    gsd: float,
    run: Runner | None = None,
    folder: Path | None = None,
    identity: str = "",
    progress: Progress | None = None,
    min_area_m2: float | None = None,
) -> TiledChanges:
    """Detect changes between two pictures of any size; see `detect` for what is compared and how.

    Parameters
    ----------
    source : Source
        Both pictures on one grid.
    gsd : float
        Metres per pixel.
    run : Runner, optional
        How tiles are scored; one by one by default. The result does not depend on it.
    folder : path, optional
        Where scored tiles are kept. A later run on the same ``identity`` and options goes on there.
        By default they stay in memory.
    identity : str
        Names the pictures, for example by their hashes.
    progress : Progress, optional
        Called after each tile.

    Notes
    -----
    Pictures above 1,024 pixels a side are measured on 36 blocks spread evenly, their shift
    first on a reduced picture; memory does not depend on their size.
    """
    least_area = checked_area(gsd, min_area_m2)
    height, width = source.height, source.width
    tiles = tiles_of(height, width)
    single = len(tiles) == 1
    shift = (0, 0) if single else coarse_shift(source)
    _give_back()
    before, after, at = sample(source, shift)
    measured = measure(before, after, None, gsd=gsd, at=at)
    step = reduction(height, width)
    size: dict[str, Any] = {"height": height, "width": width, "reduction": step}
    if isinstance(measured, Incomparable):
        shown = reduced_pair(source, step)
        return TiledChanges(
            **unlike(measured), **size, error_px=None, unreadable=(), kept=(), shown=shown
        )
    by, part = measured
    if single:
        alone = TileResult.of(record(part, tiles[0], by, top=0, left=0), before, after)
        return _changes(by, [partial(_held, alone)], [], least_area, shift, size)
    del measured, part, before, after
    _give_back()
    job = Job(by=by, shift=shift, reduction=step)
    ledger = (
        None
        if folder is None
        else Ledger(folder, fingerprint((identity, version("imgcheck"), tiles[0], job)))
    )
    kept: dict[int, Callable[[], Any]] = {}
    lost: dict[int, Unreadable] = {}
    if ledger is not None:
        for index in range(len(tiles)):
            if ledger.path(index).is_file():
                kept[index] = partial(Stored, ledger.path(index))
    earlier = len(kept)
    left = [index for index in range(len(tiles)) if index not in kept]
    for position, result in (run or partial(run_here, source))(job, [tiles[n] for n in left]):
        index = left[position]
        if isinstance(result, Unreadable):
            lost[index] = result
        elif ledger is None:
            kept[index] = partial(_held, result)
        else:
            ledger.keep(index, result)
            kept[index] = partial(Stored, ledger.path(index))
        if progress is not None:
            progress(len(kept) + len(lost), len(tiles), earlier)
    if not kept:
        raise UnreadableError(f"no part of both pictures could be read: {lost[0].reason}")
    loads = [kept[index] for index in sorted(kept)]
    return _changes(by, loads, [lost[n] for n in sorted(lost)], least_area, shift, size)


def _changes(
    by: Statistics,
    loads: Sequence[Callable[[], Any]],
    lost: Sequence[Unreadable],
    least_area: float,
    shift: tuple[int, int],
    size: dict[str, Any],
) -> TiledChanges:
    found = find(loads, by, least_area=least_area)
    known = sum(int((load().z != UNKNOWN).sum()) for load in loads)
    total = size["height"] * size["width"]
    error = by.registration.error.nodes
    return TiledChanges(
        **summary(by, found, known=known, total=total, moved=shift),
        **size,
        error_px=None
        if np.isnan(error).any()
        else (float(error.min()), float(np.median(error)), float(error.max())),
        unreadable=tuple(lost),
        kept=tuple(loads),
    )


def _give_back() -> None:
    """Return freed memory to the system: glibc keeps what lies between blocks still in use."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _held(result: TileResult) -> Any:
    return result
