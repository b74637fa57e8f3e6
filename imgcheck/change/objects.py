"""Changed objects of a pair from the records of its parts: joined over borders, tested, outlined.

The result does not depend on how the pair was cut.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from imgcheck.change import causes, regions
from imgcheck.change.detectors import StructureModel
from imgcheck.change.grid import Mask
from imgcheck.change.passes import Statistics
from imgcheck.change.records import SEAM, STEPS, UNKNOWN, Record, Tile, weights
from imgcheck.change.regions import Region
from imgcheck.change.score import ToneModel

# Pixels of chosen clusters of which quantiles are taken at most.
_MOST_PIXELS = 4_000_000

# Least pixels of an object by structure: half of what its histograms pool. Of smaller ones on the
# labelled pairs one in four was right.
_LEAST_STRUCTURE = 100

# Side of the picture on which an outline is traced, pixels; larger objects are reduced to it.
_LARGEST_OUTLINE = 1024

#: Each returns the record of one part. They are called several times, so that none has to stay in
#: memory.
Records = Sequence[Callable[[], Record]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The significant regions, and how many others were left out.

    ``left`` has the number of objects and of their pixels for each reason; ``masks`` are the pixels
    of the regions in the core of each part, where they were asked for.
    """

    regions: tuple[Region, ...]
    left: dict[str, tuple[int, int]]
    masks: tuple[Mask, ...]


def find(records: Records, by: Statistics, *, least_area: float, masks: bool = False) -> Found:
    """Find the significant regions among the clusters of all parts.

    Parameters
    ----------
    records : sequence of callables
    by : Statistics
    least_area : float
        Smaller regions are left out, square metres.
    masks : bool
        Also return the pixels of the regions.
    """
    clusters = _joined(records, by)
    heights = _heights(records, clusters) if isinstance(by.model, ToneModel) else None
    pieces = [
        _pieces(one(), k, clusters, heights, by, labels=masks) for k, one in enumerate(records)
    ]
    return _regions(pieces, clusters, by, least_area)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Clusters:
    """Clusters of the whole pair.

    Label l of part k belongs to cluster ``number[first[k] + l - 1]``.
    """

    first: NDArray[np.int64]
    number: NDArray[np.int64]
    pixels: NDArray[np.int64]
    weights: NDArray[np.float64]
    p: NDArray[np.float64]
    tested: float
    highest_q: float

    def of(self, part: int, labels: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the clusters of the labels of one part; -1 where there is none."""
        own = self.number[self.first[part] : self.first[part + 1]]
        return np.concatenate([np.array([-1]), own])[labels]

    @property
    def chosen(self) -> Mask:
        """Those that may be significant, and False for cluster -1."""
        return np.append(self.p <= self.highest_q, False)


def _joined(records: Records, by: Statistics) -> _Clusters:
    """Join the clusters of all parts, and test them."""
    first, sums, counts, places, nodes, shown = [0], [], [], [], [], 0
    for one in records:
        part = one()
        shown += int((part.z != UNKNOWN).sum())
        places.append(part.seam_places)
        nodes.append(part.seam_labels.astype(np.int64) - 1 + first[-1])
        sums.append(part.sums)
        counts.append(part.counts)
        first.append(first[-1] + len(part.sums))
    number = _union(np.concatenate(places), np.concatenate(nodes), first[-1])
    total = int(number.max(initial=-1)) + 1
    count = np.bincount(number, weights=np.concatenate(counts), minlength=total).astype(np.int64)
    sum_ = np.bincount(number, weights=np.concatenate(sums), minlength=total)
    tested = count > 0
    p = np.ones(total)
    heavy = weights(sum_, count, by.null.threshold)
    p[tested] = by.null.p_values(heavy[tested])
    return _Clusters(
        first=np.array(first),
        number=number,
        pixels=count,
        weights=heavy,
        p=p,
        tested=by.null.tests(int(tested.sum()), shown),
        highest_q=by.null.highest_q,
    )


def _union(places: NDArray[np.int64], nodes: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the component of each of ``size`` nodes; nodes at one place are the same."""
    order = np.argsort(places, kind="stable")
    place, node = places[order], nodes[order]
    same = place[1:] == place[:-1]
    pairs = (node[:-1][same], node[1:][same])
    graph = coo_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _heights(records: Records, clusters: _Clusters) -> NDArray[np.float64]:
    """Return the full height of the change of each chosen cluster.

    That of the significant pixels of the finest level, if any; else of all its pixels. Of very many
    pixels a part is taken, chosen by place.
    """
    chosen = clusters.chosen
    step = math.ceil(max(int(clusters.pixels[chosen[:-1]].sum()), 1) / _MOST_PIXELS)
    numbers, sizes, fines = [], [], []
    for k, one in enumerate(records):
        part = one()
        number = clusters.of(k, part.labels)
        rows, columns = np.divmod(part.places, part.tile.width)
        taken = chosen[number] & _in_core(part, rows, columns)
        taken &= (part.places * 2_654_435_761 >> 8) % step == 0
        numbers.append(number[taken])
        sizes.append(part.values[taken, -1])
        fines.append(part.fine[taken])
    number, size, fine = np.concatenate(numbers), np.concatenate(sizes), np.concatenate(fines)
    heights = np.zeros(len(clusters.p))
    order = np.argsort(number, kind="stable")
    borders = np.flatnonzero(np.diff(number[order])) + 1
    for group in np.split(order, borders) if len(order) else ():
        inner = group[fine[group]]
        known = len(inner) >= 3
        values = size[inner if known else group].astype(np.float32)
        heights[number[group[0]]] = np.quantile(values, 0.5 if known else 0.8)
    return heights


def _in_core(part: Record, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Mask:
    tile = part.tile
    inside = (rows >= tile.top) & (rows < tile.bottom)
    return np.asarray(inside & (columns >= tile.left) & (columns < tile.right))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crop:
    """The pixels of an object in one part: place of its first pixel, and its bits."""

    top: int
    left: int
    shape: tuple[int, int]
    bits: NDArray[np.uint8]

    @classmethod
    def of(cls, mask: Mask, top: int, left: int) -> "_Crop":
        return cls(top=top, left=left, shape=mask.shape, bits=np.packbits(mask))

    def mask(self) -> Mask:
        size = self.shape[0] * self.shape[1]
        return np.unpackbits(self.bits, count=size).reshape(self.shape).astype(bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pieces:
    """Objects, or pieces of them, in one part; arrays have one entry for each.

    ``parents`` has rows of piece, cluster and the pixels that they share.
    """

    pixels: NDArray[np.int64]
    sums: NDArray[np.float64]
    peaks: NDArray[np.float64]
    parents: NDArray[np.int64]
    crops: tuple[_Crop, ...]
    seam_places: NDArray[np.int64]
    seam_labels: NDArray[np.int64]
    labels: NDArray[np.int32] | None


def _pieces(
    part: Record,
    index: int,
    clusters: _Clusters,
    heights: NDArray[np.float64] | None,
    by: Statistics,
    *,
    labels: bool,
) -> _Pieces:
    """Outline the chosen clusters of one part, and sum over its core what objects are made of."""
    tile = part.tile
    top, left, bottom, right = tile.around(SEAM)
    rows, columns = np.divmod(part.places, tile.width)
    at = (rows - top, columns - left)
    number = clusters.of(index, part.labels)
    here = np.unique(number[clusters.chosen[number]])
    # Where two clusters are near, a pixel between them belongs to the less probable by chance.
    here = here[np.argsort(-clusters.p[here], kind="stable")]
    order = np.full(len(clusters.p) + 1, len(here) + 1)
    order[here], order[-1] = np.arange(1, len(here) + 1), 0
    canvas = np.zeros((bottom - top, right - left), np.int32)
    # Clusters that are not significant keep a label of their own: no object extends over them.
    canvas[at] = np.where(part.labels > 0, order[number], 0)
    chosen = np.where(canvas <= len(here), canvas, 0)
    parents = chosen
    if heights is None:
        mask = chosen > 0
    else:
        assert isinstance(by.model, ToneModel)
        size, fine = np.zeros(canvas.shape, np.float32), np.zeros(canvas.shape, bool)
        size[at], fine[at] = part.values[:, -1], part.fine
        reach = by.model.reach
        mask = regions.tightened(canvas, heights[here], size, reach)
        brush = np.ones((2 * reach + 3, 2 * reach + 3), np.uint8)
        parents = cv2.dilate(chosen.astype(np.float32), brush).astype(np.int32)
    listed = np.zeros(canvas.shape, bool)
    listed[at] = True
    # One pixel beyond the core shows which objects go on there.
    wide = tile.around(1)
    outer = np.zeros_like(listed)
    outer[wide[0] - top : wide[2] - top, wide[1] - left : wide[3] - left] = True
    count, joined = cv2.connectedComponents(
        (mask & listed & outer).astype(np.uint8), connectivity=8
    )
    objects = np.asarray(joined, dtype=np.int32)
    core = np.zeros_like(listed)
    core[tile.top - top : tile.bottom - top, tile.left - left : tile.right - left] = True
    own = objects[at]
    own[~_in_core(part, rows, columns)] = 0
    inside = own > 0
    label, values = own[inside] - 1, part.values[inside].astype(np.float64)
    steps = part.z[rows[inside] - tile.top, columns[inside] - tile.left]
    peaks = np.full(count - 1, -np.inf)
    np.maximum.at(peaks, label, steps / STEPS)
    pairs, shared = np.unique(
        np.stack([label, parents[at][inside] - 1]), axis=1, return_counts=True
    )
    border = _border(tile, top, left, objects.shape) & (objects > 0)
    by_border = np.nonzero(border)
    return _Pieces(
        pixels=np.bincount(label, minlength=count - 1).astype(np.int64),
        sums=np.stack(
            [
                np.bincount(label, weights=values[:, k], minlength=count - 1)
                for k in range(values.shape[1])
            ],
            axis=1,
        ),
        peaks=peaks,
        parents=np.stack([pairs[0], here[pairs[1]], shared], axis=1),
        crops=tuple(_crops(np.where(core, objects, 0), count - 1, top, left)),
        seam_places=(by_border[0] + top) * tile.width + by_border[1] + left,
        seam_labels=objects[by_border].astype(np.int64) - 1,
        labels=np.asarray(objects[core] - 1).reshape(part.z.shape) if labels else None,
    )


def _border(tile: Tile, top: int, left: int, shape: tuple[int, ...]) -> Mask:
    """Mark the pixels within one of a border of the core that is not one of the picture."""
    marks = []
    for begin, end, length, first, size in (
        (tile.top, tile.bottom, tile.height, top, shape[0]),
        (tile.left, tile.right, tile.width, left, shape[1]),
    ):
        line = np.zeros(size, bool)
        for border in (begin, end):
            if 0 < border < length:
                line[border - 1 - first : border + 1 - first] = True
        marks.append(line)
    return np.asarray(marks[0][:, None] | marks[1][None, :])


def _crops(objects: NDArray[np.int32], count: int, top: int, left: int) -> Iterator[_Crop]:
    """Yield the pixels of each object, of which some may have none."""
    boxes = find_objects(objects, max_label=count)
    for label, box in enumerate(boxes, start=1):
        if box is None:
            yield _Crop.of(np.zeros((0, 0), bool), top, left)
        else:
            yield _Crop.of(objects[box] == label, top + box[0].start, left + box[1].start)


def _regions(
    pieces: Sequence[_Pieces], clusters: _Clusters, by: Statistics, least_area: float
) -> Found:
    """Join the pieces of objects, leave out the small and the faint, and measure the others."""
    first = np.cumsum([0, *(len(one.pixels) for one in pieces)])
    owner = _union(
        np.concatenate([one.seam_places for one in pieces]),
        np.concatenate([one.seam_labels + n for one, n in zip(pieces, first, strict=False)]),
        int(first[-1]),
    )
    total = int(owner.max(initial=-1)) + 1
    pixels = np.zeros(total, np.int64)
    np.add.at(pixels, owner, np.concatenate([one.pixels for one in pieces]))
    width = pieces[0].sums.shape[1]
    sums, peaks = np.zeros((total, width)), np.full(total, -np.inf)
    np.add.at(sums, owner, np.concatenate([one.sums for one in pieces]))
    np.maximum.at(peaks, owner, np.concatenate([one.peaks for one in pieces]))
    parent = _parents(pieces, first, owner, clusters, total)
    crops: list[list[_Crop]] = [[] for _ in range(total)]
    for one, n in zip(pieces, first, strict=False):
        for k, crop in enumerate(one.crops):
            if crop.bits.size:
                crops[owner[n + k]].append(crop)
    mean = sums / np.maximum(pixels, 1)[:, None]
    bands = (width - causes.SIGNS - 2) // 3
    changes = mean[:, 2 * bands : 3 * bands]
    by_tone = isinstance(by.model, ToneModel)
    areas = pixels * by.gsd**2
    if isinstance(by.model, StructureModel):
        least_area = max(least_area, _LEAST_STRUCTURE * by.gsd**2)
    why = causes.reasons(
        mean[:, :bands],
        mean[:, bands : 2 * bands],
        mean[:, 3 * bands : 3 * bands + causes.SIGNS],
        areas,
        by_tone=by_tone,
    )
    for k in range(total):
        if areas[k] < least_area:
            why[k] = causes.small(least_area)
        elif by_tone and regions.strength(changes[k]) < by.least_contrast:
            why[k] = causes.faint(by.least_contrast)
    rest = [k for k in range(total) if pixels[k] > 0 and not why[k]]
    strengths = np.array([regions.strength(one) for one in changes])
    chance = by.null.p_values(clusters.weights[parent], strengths)
    q = np.ones(total)
    q[rest] = regions.q_values(chance[rest], clusters.tested)
    for k in rest:
        if q[k] > by.null.highest_q:
            why[k] = causes.CHANCE
    left: dict[str, tuple[int, int]] = {}
    for k in map(int, np.flatnonzero(pixels > 0)):
        if why[k]:
            count, inside = left.get(why[k], (0, 0))
            left[why[k]] = (count + 1, inside + int(pixels[k]))
    spread = by.registration.shift.spread
    found = []
    for k in (k for k in rest if not why[k]):
        polygon, length = _outline(crops[k])
        region = regions.measure(
            polygon,
            length,
            pixels=int(pixels[k]),
            before=mean[k, :bands],
            after=mean[k, bands : 2 * bands],
            change=changes[k],
            gain=float(mean[k, -2]),
            peak_z=float(peaks[k]),
            gsd=by.gsd,
            edge_px=math.hypot(0.5, 1.0 if spread is None else spread),
            p=float(chance[k]),
            q=float(q[k]),
        )
        found.append((-region.area_m2, *region.polygon.min(axis=0)[::-1], k, region))
    found.sort(key=lambda one: one[:4])
    kept = np.zeros(total + 1, bool)
    kept[[one[3] for one in found]] = True
    return Found(
        regions=tuple(one[4] for one in found),
        left=dict(sorted(left.items())),
        masks=tuple(
            kept[np.append(owner[n : n + len(one.pixels)], total)[one.labels]]
            for one, n in zip(pieces, first, strict=False)
            if one.labels is not None
        ),
    )


def _parents(
    pieces: Sequence[_Pieces],
    first: NDArray[np.int64],
    owner: NDArray[np.int64],
    clusters: _Clusters,
    total: int,
) -> NDArray[np.int64]:
    """Return the cluster that shares the most pixels with each object."""
    rows = np.concatenate(
        [one.parents + np.array([n, 0, 0]) for one, n in zip(pieces, first, strict=False)]
    )
    size = len(clusters.p)
    key, place = np.unique(owner[rows[:, 0]] * size + rows[:, 1], return_inverse=True)
    shared = np.bincount(place, weights=rows[:, 2], minlength=len(key))
    whose, cluster = np.divmod(key, max(size, 1))
    # Last wins: the most pixels, of equals the less probable by chance.
    order = np.lexsort((-clusters.p[cluster], shared))
    parent = np.zeros(total, np.int64)
    parent[whose[order]] = cluster[order]
    return parent


def _outline(crops: Sequence[_Crop]) -> tuple[NDArray[np.float64], float]:
    """Return the outline of an object in the picture and its length; of a large one, reduced."""
    top, left = min(one.top for one in crops), min(one.left for one in crops)
    bottom = max(one.top + one.shape[0] for one in crops)
    right = max(one.left + one.shape[1] for one in crops)
    step = math.ceil(max(bottom - top, right - left) / _LARGEST_OUTLINE)
    shape = (math.ceil((bottom - top) / step), math.ceil((right - left) / step))
    counts = np.zeros(shape[0] * shape[1], np.int64)
    for one in crops:
        rows, columns = np.nonzero(one.mask())
        rows, columns = (rows + one.top - top) // step, (columns + one.left - left) // step
        counts += np.bincount(rows * shape[1] + columns, minlength=counts.size)
    full = counts * 2 >= step**2
    canvas = (full if full.any() else counts > 0).reshape(shape)
    polygon, length = regions.outline(canvas.astype(np.uint8), 0, 0)
    return polygon * step + np.array([left, top]), length * step
