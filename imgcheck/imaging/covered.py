"""What was put over a copy: boxes, pixelated and blurred patches, strokes and letters.

Found by comparing the picture with the known picture on one grid. A redaction differs from the
known picture and is either of one tone, or a coarse version of what the known picture shows there;
a stroke is thin and of one or two tones. Ground that changed, a vehicle that moved or was erased,
and a patch of other ground pasted over are none of these: they do not have the means of what the
known picture shows.
"""

import cv2
import numpy as np

from imgcheck.imaging.pixels import Float32, Float64, Mask

# All in gray levels of 255. JPEG leaves a box this flat over 7 x 7 pixels ...
_FLAT, _FLAT_WINDOW = 6.0, 7
# ... and its whole core this even; asphalt and water are not so even over such an area.
_EVEN, _LEAST_FLAT_SHARE, _LEAST_FLAT_PX = 8.0, 1e-3, 100
# A box is most of what differs there; water in a patch of other ground is a part of it.
_FLAT_PART, _FLAT_RIM = 0.75, 5
# ... unless it is a rectangle without any detail; it may have the tone of textured ground around.
_BOX_EVEN, _BOX_FILLED, _BOX_AROUND = 3.0, 0.75, 0.6
# Where something was erased, the patch has the tone of the ground around it.
_SURROUNDED, _AS_AROUND, _EDGE_REACH = 10.0, 0.5, 5
# A difference counts from this many times what is usual for such texture, and this many levels.
_TIMES, _LEAST, _TEXTURE_BINS = 4.0, 5.0, 24
# Detail of a pixelated or blurred patch against that of the known picture; their means agree.
_DETAIL_LEFT, _EDGE, _DETAIL_WINDOW = 0.4, 5, 15
_COARSE_SHARE, _COARSE_AGREES, _LARGEST_CELL = 0.02, 0.6, 0.03
# Of a blurred patch less than this is left when the known picture is blurred alike, as a share of
# what the blur takes; within the cells of a pixelated one less than this share of the slopes. Both
# keep the mean of what they cover. Of patches inpainted, cloned or pasted 9 in 10 leave more than
# .52 and .56, and 9 in 10 change the mean by more.
_BLURS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
_BLUR_LEFT, _CELL_LEFT, _MEAN_KEPT, _LEAST_COARSE_PX = 0.5, 0.5, 0.12, 64
# ... and what is broad there, over this blur: a smooth patch of that mean reaches .4, pixels and
# blurs .67 to 1.
_TRACED = (4.0, 0.55)
# However it was made coarse: over the wider of two blurs nothing is lost but this share, over the
# other both agree. Patches of other ground: one of 60 is below .2, and its correlation is .78.
_WIDER, _WIDE_LOST, _FOLLOWED = (8.0, 4.0), 0.2, 0.9
# ... nor is it filled in from its surroundings: by less of the gap to any blur of what was there.
_FILLED_IN = 0.7
# Such cells are flat, gray levels a pixel.
_CELL_SLOPE = 0.7
# Less detail than this, in levels, compression may take.
_LEAST_DETAIL = 1.0
# Writing, and strokes of a pixel or two: fine detail makes this much of the difference, more than
# the known picture has there. Of pasted, cloned and inpainted patches it makes .39 at most.
_ROW, _THIN_SIGMA, _THIN, _THINNER = 3.0, 1.5, 0.55, 1.4
# Strokes and letters: of one or two tones, long for their width.
_TONE, _OF_TONES, _LONG, _VERY_LONG = 16.0, 0.6, 4.0, 8.0
# ... or short, but so many times as long as wide without its halo, and plain
_SHORT, _PLAIN = 2.7, 0.7
# ... and no patch, which fills this much of its outline
_FILLED = 0.7
# ... that the known picture does not have this near, by this much, over this share.
_NEAR, _FOREIGN, _FOREIGN_SHARE = 7, 10.0, 0.5
# ... or of one tone over so much more of it than the known picture is.
_MORE_EVEN = 0.25
# ... or, if very long, darker or brighter all along, by far more than its tone varies.
_ONE_SIDE, _STEADY = 0.95, 0.6
# A difference is explained if this share of it is.
_EXPLAINED = 0.75
# Blurs are made at a size at which this is their sigma, in pixels.
_BROAD = 5.0
#: JPEG rings through the blocks of 8 pixels that an edge touches.
RIM_PX = 9
_TONE_BINS = 64


def find(picture: Float32, known: Float32) -> Mask:
    """Find what was put over a copy: boxes, pixelated or blurred patches, strokes, letters.

    Parameters
    ----------
    picture, known : (M, N) float32 in [0, 1]
        On one grid, to a fraction of a pixel. NaN is nodata or what is masked already; the tones
        may differ, and one may be the negative of the other.

    Returns
    -------
    (M, N) bool
        With a rim for what compression carries beyond it.

    Notes
    -----
    The picture must be a copy for the most part. Translucent marks are not found.
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    if np.count_nonzero(usable) < 32 * 32:
        return np.zeros(picture.shape, bool)
    a, b, differs = differing(picture, known)
    foreign = _foreign(a, b, _NEAR)
    flat = _flat(a, b, differs, usable)
    coarse = _coarse(a, b, usable)
    evidence = flat | coarse | _near(~usable)
    found = flat | coarse
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(
        differs.astype(np.uint8), connectivity=8
    )
    shares = np.bincount(labels[evidence], minlength=count) / np.maximum(boxes[:, 4], 1)
    for label in range(1, count):
        left, top, wide, high, _ = boxes[label]
        part = np.s_[top : top + high, left : left + wide]
        members = labels[part] == label
        if (
            shares[label] >= _EXPLAINED
            or _is_stroke(a[part], b[part], foreign[part], members)
            or (boxes[label, 4] >= _LEAST_COARSE_PX and _keeps_what_is_broad(a, b, labels == label))
        ):
            found[part] |= members
    if not found.any():
        return found
    return _dilated(found, RIM_PX)


def differing(picture: Float32, known: Float32) -> tuple[Float32, Float32, Mask]:
    """Find what differs by far more than compression leaves in such texture.

    Also returns both pictures in gray levels of 255, the known one in the tones of the other.
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    a = np.where(usable, 255 * picture, 0).astype(np.float32)
    b = _toned(a, np.where(usable, 255 * known, 0).astype(np.float32), usable)
    gap = np.where(usable, np.abs(_blur(a, 1.0) - _blur(b, 1.0)), np.float32(0))
    return a, b, _differs(gap, b, usable)


def _dilated(mask: Mask, reach: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _near(unusable: Mask) -> Mask:
    """Return the rim of what is masked already: a stroke's colour goes further than its mask."""
    return _dilated(unusable, RIM_PX)


def _blur(array: Float32, sigma: float) -> Float32:
    shrink = int(sigma / _BROAD)
    if shrink < 2 or min(array.shape) < 8 * shrink:
        return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma), np.float32)
    # A broad blur leaves nothing that a smaller picture would lack.
    small = (-(-array.shape[1] // shrink), -(-array.shape[0] // shrink))
    coarse = cv2.resize(array, small, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), sigma / shrink)
    return np.asarray(cv2.resize(coarse, array.shape[::-1]), np.float32)


def _box(array: Float32, side: int) -> Float32:
    return np.asarray(cv2.blur(array, (side, side)), np.float32)


def _binned(at: Float32, of: Float32, bins: int) -> tuple[Float64, Float64]:
    """Return the medians of ``of`` over equally filled bins of ``at``, and their places."""
    order = np.argsort(at, kind="stable")
    groups = [g for g in np.array_split(order, bins) if len(g)]
    places = np.array([np.median(at[g]) for g in groups])
    keep = np.concatenate([[True], np.diff(places) > 1e-3])
    return places[keep], np.array([np.median(of[g]) for g in groups])[keep]


def _toned(a: Float32, b: Float32, usable: Mask) -> Float32:
    """Match the tones of the known picture to the other by the curve of medians."""
    some = np.flatnonzero(usable)
    some = some[:: max(1, len(some) // 60_000)]
    soft_a, soft_b = _blur(a, 1.5).ravel()[some], _blur(b, 1.5).ravel()[some]
    places, tones = _binned(soft_b, soft_a, _TONE_BINS)
    if len(places) < 8:
        return b
    # Beyond the ends the curve goes on as it came.
    far = np.array([-255.0, 255.0])
    rise = [(tones[k] - tones[k + 4]) / (places[k] - places[k + 4]) for k in (0, -5)]
    ends = np.array([tones[0], tones[-1]]) + far * rise
    places = np.concatenate([[places[0] + far[0]], places, [places[-1] + far[1]]])
    tones = np.concatenate([ends[:1], tones, ends[1:]])
    return np.clip(np.interp(b, places, tones), 0, 255).astype(np.float32)


def _slope(gray: Float32) -> Float32:
    soft = _blur(gray, 0.8)
    x, y = (cv2.Sobel(soft, cv2.CV_32F, i, 1 - i, ksize=3) / 8 for i in (1, 0))
    return np.asarray(np.hypot(x, y), np.float32)


def _differs(gap: Float32, b: Float32, usable: Mask) -> Mask:
    """Find what differs by far more than compression leaves in such texture."""
    gap = _box(gap, 5)
    texture = _box(_slope(b), 9)
    some = np.flatnonzero(usable)
    some = some[:: max(1, len(some) // 60_000)]
    places, usual = _binned(texture.ravel()[some], gap.ravel()[some], _TEXTURE_BINS)
    expected = np.interp(texture, places, np.maximum.accumulate(usual))
    large = usable & (gap > np.maximum(_TIMES * expected, _LEAST))
    joined = cv2.morphologyEx(large.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return np.asarray((joined > 0) & usable)


def _foreign(a: Float32, b: Float32, side: int) -> Mask:
    """Find tones that the known picture has nowhere within a window."""
    near = np.ones((side, side), np.uint8)
    return np.asarray((a > cv2.dilate(b, near) + _FOREIGN) | (a < cv2.erode(b, near) - _FOREIGN))


def _flat(a: Float32, b: Float32, differs: Mask, usable: Mask) -> Mask:
    """Find even patches that lie, for a good part, where the two differ."""
    window = np.ones((_FLAT_WINDOW, _FLAT_WINDOW), np.uint8)
    spread = cv2.dilate(a, window) - cv2.erode(a, window)
    core = (spread <= _FLAT) & usable
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(core.astype(np.uint8), connectivity=4)
    least = max(_LEAST_FLAT_PX, _LEAST_FLAT_SHARE * a.size)
    # Over ground of its own tone a box takes the detail alone.
    lost = np.asarray(cv2.dilate(b, window) - cv2.erode(b, window)) > 3 * _FLAT
    found = np.zeros(a.shape, bool)
    for label in np.flatnonzero(boxes[:, 4] >= least):
        left, top, wide, high, _ = boxes[label]
        grow = RIM_PX + _FLAT_WINDOW // 2
        part = np.s_[
            max(0, top - grow) : top + high + grow, max(0, left - grow) : left + wide + grow
        ]
        members = labels[part] == label
        if label == 0 or not (differs | lost)[part][members].mean() > 0.3:
            continue
        low, middle, high_ = np.percentile(a[part][members], [5, 50, 95])
        if high_ - low > _EVEN:
            continue
        is_box = high_ - low <= _BOX_EVEN and _fills_a_rectangle(members)
        if not is_box and _share_of_places(members, differs[part]) < _FLAT_PART:
            continue
        ring = _dilated(members, grow) & ~_dilated(members, _EDGE_REACH) & usable[part]
        alike = np.mean(np.abs(a[part][ring] - middle) <= _SURROUNDED)
        if alike > (_BOX_AROUND if is_box else _AS_AROUND):
            continue
        # Its rim has the same tone, as far as compression leaves it.
        near = _dilated(members, grow) & (np.abs(a[part] - middle) <= 3 * _EVEN)
        found[part] |= members | (near & (differs[part] | ~usable[part]))
    return found


def _fills_a_rectangle(members: Mask) -> bool:
    points = np.argwhere(members)[:, ::-1].astype(np.float32)
    sides = cv2.minAreaRect(points)[1]
    return len(points) >= _BOX_FILLED * (sides[0] + 1) * (sides[1] + 1)


def _share_of_places(members: Mask, differs: Mask) -> float:
    """Return the share of a patch in the places that differ and that it is a part of."""
    _, places = cv2.connectedComponents(differs.astype(np.uint8), connectivity=8)
    touched = np.unique(places[members & differs])
    inside = np.isin(places, touched[touched > 0])
    if not inside.any():
        return 1.0  # it took detail alone
    # Compression blurs the rim of a box over a few pixels.
    return float(_dilated(members, _FLAT_RIM)[inside].mean())


def _fine(gray: Float32) -> Float32:
    """Return the detail that a blur takes away."""
    return np.asarray(np.abs(gray - _blur(gray, 2.0)), np.float32)


def _within_cells(gray: Float32) -> Float32:
    """Return the detail that pixelation takes away: the thin edges between cells are left out."""
    return np.asarray(cv2.erode(_slope(gray), np.ones((_EDGE, _EDGE), np.uint8)), np.float32)


def _coarse(a: Float32, b: Float32, usable: Mask) -> Mask:
    """Find where the picture shows the known one without its detail: pixelated or blurred."""
    gone = np.zeros(a.shape, bool)
    for measure in (_fine, _within_cells):
        left, full = (_box(measure(gray), _DETAIL_WINDOW) for gray in (a, b))
        ratio = left / np.maximum(full, np.float32(0.2))
        rich = usable & (full > _LEAST_DETAIL)
        if rich.any():
            gone |= rich & (ratio < _DETAIL_LEFT * float(np.median(ratio[rich])))
    sigma = _COARSE_SHARE * max(a.shape)
    mean_a, mean_b = _blur(a, sigma), _blur(b, sigma)
    spread = np.sqrt(np.maximum(_blur(b * b, sigma) - mean_b**2, 0))
    alike = np.abs(mean_a - mean_b) <= _COARSE_AGREES * spread + 3
    core = (gone & alike).astype(np.uint8)
    # Half a window is lost at its rim. No mean lies beyond all that it is the mean of.
    cell = 2 * round(_LARGEST_CELL * max(a.shape)) + 1
    near = _dilated(core > 0, _DETAIL_WINDOW // 2) & usable
    found = np.zeros(a.shape, bool)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=8)
    for label in np.flatnonzero(boxes[:, 4] >= _LEAST_COARSE_PX):
        left, top, wide, high, _ = boxes[label]
        rim = round(2 * _BLURS[-1])
        part = np.s_[max(0, top - rim) : top + high + rim, max(0, left - rim) : left + wide + rim]
        members = labels[part] == label
        if label and is_coarse_version(a[part], b[part], members):
            found[part] |= members
    return _dilated(found, 3) & ~_foreign(a, b, cell)


def is_coarse_version(a: Float32, b: Float32, members: Mask) -> bool:
    """Return whether a patch shows what the known picture does, blurred or pixelated."""
    lost = (b - a)[members]
    if abs(float(lost.mean())) > _MEAN_KEPT * float(np.sqrt(np.mean(lost**2))) + 0.5:
        return False
    if _likeness(a, b, members, _TRACED[0]) < _TRACED[1]:
        return False
    cells = [float(_within_cells(gray)[members].mean()) for gray in (a, b)]
    if cells[0] <= min(_CELL_SLOPE, _CELL_LEFT * cells[1]):
        return True
    for sigma in _BLURS:
        blurred = _blur(b, sigma)
        left, taken = (np.mean((gray - blurred)[members] ** 2) for gray in (a, b))
        if left <= _BLUR_LEFT**2 * max(float(taken), 1.0):
            return True
    return False


def _likeness(a: Float32, b: Float32, members: Mask, sigma: float) -> float:
    """Return the correlation of what is broad in a patch, without what is beside it."""
    share = np.maximum(_blur(members.astype(np.float32), sigma), np.float32(1e-3))[members]
    seen, was = (
        _blur(np.where(members, gray, np.float32(0)).astype(np.float32), sigma)[members] / share
        for gray in (a, b)
    )
    spread = float(np.sqrt((seen.var() + 1) * (was.var() + 1)))
    return float(np.mean((seen - seen.mean()) * (was - was.mean()))) / spread


def _keeps_what_is_broad(a: Float32, b: Float32, members: Mask) -> bool:
    """Return whether a patch differs in detail alone: small cells, a slight blur."""
    rows, cols = np.nonzero(members)
    rim = round(3 * _WIDER[0])
    part = np.s_[
        max(0, rows.min() - rim) : rows.max() + rim, max(0, cols.min() - rim) : cols.max() + rim
    ]
    a, b, members = a[part], b[part], members[part]
    lost = np.where(members, b - a, 0).astype(np.float32)
    share = np.maximum(_blur(members.astype(np.float32), _WIDER[0]), np.float32(1e-3))
    broad = (_blur(lost, _WIDER[0]) / share)[members]
    if np.mean(broad**2) > _WIDE_LOST**2 * np.mean(lost[members] ** 2):
        return False
    seen, was = (_blur(gray, _WIDER[1])[members] for gray in (a, b))
    follows = np.corrcoef(seen, was)[0, 1] >= _FOLLOWED
    return bool(follows and not _is_filled_in(a, b, members))


def _is_filled_in(a: Float32, b: Float32, members: Mask) -> bool:
    """Return whether a patch is what its surroundings predict, rather than a blur of what was.

    So is a place where something was erased.
    """
    hole = _dilated(members, 1)
    levels = np.clip(np.round(a), 0, 255).astype(np.uint8)
    filled = cv2.inpaint(levels, hole.astype(np.uint8), 3, cv2.INPAINT_NS)
    gap = float(np.mean((a - filled)[members] ** 2))
    blurs = (float(np.mean((a - _blur(b, sigma))[members] ** 2)) for sigma in _BLURS)
    return gap < _FILLED_IN * min(blurs)


def _is_stroke(a: Float32, b: Float32, foreign: Mask, members: Mask) -> bool:
    """Return whether a difference is thin, and of one or two tones that are new there."""
    padded = np.pad(members.astype(np.uint8), 1)
    # Of a stroke as wide as w the mean distance to its edge is w / 4; an arrow's head adds little.
    width = 4.0 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 3)[padded > 0].mean())
    length = max(float(np.hypot(*members.shape)), np.count_nonzero(members) / width)
    gap = np.abs(a - b)
    if length >= _ROW * width and _is_thin(a, b, gap, members):
        return True
    core = members & (gap >= np.percentile(gap[members], 95) / 2)
    # A shifted edge has the tones that the known picture has beside it, and so has that one here.
    is_new = foreign[core].mean() >= _FOREIGN_SHARE
    if length < _LONG * width or _is_compact(members):
        is_thin = _times_as_long(np.argwhere(core).astype(np.float32)) >= _SHORT
        return bool(is_new and is_thin and tones(a[core])[0] >= _PLAIN)
    if is_new and length >= _VERY_LONG * width:
        return True  # strokes of several colours that cross each other
    change = (a - b)[core]
    if (
        length >= _VERY_LONG * width
        and max(np.mean(change > 0), np.mean(change < 0)) >= _ONE_SIDE
        and np.ptp(np.percentile(a[core], [10, 90])) <= _STEADY * abs(np.median(change))
    ):
        return True
    first, second = tones(a[core])
    is_even = first >= tones(b[core])[0] + _MORE_EVEN
    return first + second >= _OF_TONES and bool(is_new or is_even)


def _is_compact(members: Mask) -> bool:
    """Return whether a difference fills its outline, and is not long for its width.

    A patch with holes is as long for its width as a ring, but no ring.
    """
    points = np.argwhere(members)[:, ::-1].astype(np.float32)
    filled = len(points) >= _FILLED * cv2.contourArea(cv2.convexHull(points))
    return filled and _times_as_long(points) < _LONG


def _times_as_long(points: Float32) -> float:
    low, high = sorted(side + 1 for side in cv2.minAreaRect(points)[1])
    return float(high / low)


def _is_thin(a: Float32, b: Float32, gap: Float32, members: Mask) -> bool:
    """Return whether fine detail, which the known picture lacks, makes most of a difference."""
    fine, was = (float(np.abs(g - _blur(g, _THIN_SIGMA))[members].mean()) for g in (a, b))
    return fine >= max(_THIN * float(gap[members].mean()), _THINNER * was)


def tones(values: Float32) -> tuple[float, float]:
    """Return the shares of the most and the second most frequent tone."""
    counts, _ = np.histogram(values, bins=np.arange(0, 261, 4))
    wide, shares = int(2 * _TONE / 4), []
    for _ in range(2):
        sums = np.convolve(counts, np.ones(wide, int), "valid")
        top = int(np.argmax(sums))
        shares.append(float(sums[top]) / len(values))
        counts[top : top + wide] = 0
    return shares[0], shares[1]
