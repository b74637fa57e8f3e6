"""Whether an embedded thumbnail shows the same picture as the main one, and where."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.provenance.pictures.alignment import (
    SIDE,
    Alignment,
    Gray,
    Matrix,
    align_whole,
    blocks_agreeing,
    local_difference,
    ncc,
    resized,
    searched,
    shrink,
    whole_frames,
    without_shade,
)

Part = Literal["", "main in thumbnail", "thumbnail in main", "overlap"]
Kind = Literal["same", "rotated", "letterboxed", "cropped", "different", "undecided"]

_WORKING = 400  # long side of the picture that is used: two and a half thumbnails
_FLAT = 0.008  # spread (of 0..1) below which any two pictures look alike
_TILT = 0.8  # degrees; the fit of an untilted thumbnail shows up to 0.6 (the moon in black sky)
# Set on the even half of the labelled files and on generated edits of one place, reported on the
# others: benchmarks: embedded.
_SAME_NCC, _SAME_BLOCKS = 0.80, 0.50
_LEAST_NCC, _MOST_BLOCKS = 0.40, 0.70  # blocks decide where a part was painted over
_CERTAIN, _CERTAIN_BLOCKS = (
    100,
    0.80,
)  # so many never agree by coincidence
_FEW, _MANY = 6, 20  # blocks: below the first they mean little, above the second they can decide
_SURE = 0.90  # correlation at which no better alignment is looked for
_OTHER_NCC, _OTHER_BLOCKS = 0.50, 0.45
# Parts with fewer blocks than _MANY: detail (correlation without shading) and blocks needed. Of
# brighton's real cut-outs, 26 x 19 pixels of their thumbnails, the right places have 0.78 and
# more, the best upright ones in other thumbnails 0.48.
_PART_UPRIGHT, _PART_TURNED, _PART_BLOCKS, _PART_LEAST = 0.70, 0.88, 0.85, 5
_HINT = 0.60
# A part of a sixth of the thumbnail's side is recognised by what is left of it at that size: of 24
# real cut-outs that were not found 22 have a spread below this, of 96 found 7. Such a picture may
# be a part of anything, and is not called different.
_PART_SIDE, _PART_SPREAD = 27, 0.035
# A part of many blocks; and how far the fit may go from laying one straight on the other.
_FOUND_NCC, _FOUND_DETAIL = 0.70, 0.50
_MOST_TILT, _MOST_STRETCH, _MOST_SHEAR = 6.0, 1.15, 0.06
_CHANCE = 6.0
_MARGIN = 0.025  # of a side: less is rounding of the thumbnail's maker
_MARGIN_PX = 1.5  # the same for small thumbnails
# Bars are black but for what JPEG smears into them; night at a picture's edge has structure. Where
# black is 16 of 255 they are lighter, but even.
_BAR_BLACK, _BAR_NOISE, _BAR_DARK, _BAR_SPREAD, _BAR_EVEN = 0.04, 0.03, 0.08, 0.012, 0.008


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The agreement of a thumbnail with the main picture.

    Attributes
    ----------
    kind : str
        ``same``; ``rotated`` (turned, mirrored, or turned by a few degrees); ``letterboxed``
        (bars beside the picture in the thumbnail); ``cropped`` (one shows a part of the other);
        ``different``; ``undecided`` (too flat, too small, or too little in common). Where several
        hold, the first of cropped, rotated, letterboxed is named.
    ncc : float or None
        Normalised correlation at the alignment found; None where nothing was compared.
    rotation_deg, mirrored : int, bool
        Clockwise turn that brings the main picture onto the thumbnail, after mirroring.
    bars : tuple of int
        Rows above, rows below, columns left, columns right of the thumbnail that are bars.
    angle_deg : float
        Remaining turn beside ``rotation_deg``, clockwise.
    part : str
        For ``cropped``: ``main in thumbnail``, ``thumbnail in main``, or ``overlap``.
    matrix : tuple of 9 float or None
        Maps thumbnail pixels to main pixels, row-major, (0, 0) the corner of the top left pixel.
    shown : float or None
        Share of the thumbnail's picture that the main one shows, or the reverse.
    agreeing : float or None
        Share of the blocks with texture that agree at the alignment.
    local_difference : tuple of float or None
        x, y, width, height in the main picture of the largest region in which the two differ
        although all around they agree: an object or a watermark added or removed.
    """

    kind: Kind
    ncc: float | None
    rotation_deg: int = 0
    mirrored: bool = False
    bars: tuple[int, int, int, int] = (0, 0, 0, 0)
    angle_deg: float = 0.0
    part: Part = ""
    matrix: tuple[float, ...] | None = None
    shown: float | None = None
    agreeing: float | None = None
    local_difference: tuple[float, float, float, float] | None = None


def thumbnail_agreement(thumb_gray: Gray, main_gray: Gray) -> Agreement:
    """Compare a thumbnail with the main picture and align the two.

    Parameters
    ----------
    thumb_gray, main_gray : ndarray of shape (M, N), float32 in [0, 1]
        Of any two sizes, both on their stored grids: a thumbnail is stored as the picture is,
        before the orientation tag turns either. Some 500 pixels of the main picture are enough.

    Returns
    -------
    Agreement
        Every kind but ``different`` is common in honest files: cameras write bars, programs turn
        and crop pictures and leave the old thumbnail.

    Notes
    -----
    The whole frame is tried first, in 8 orientations, with and without bars; where it does not
    agree, one is searched in the other at all scales down to an eighth. Shares of right kinds are
    in docs/benchmarks.md.
    """
    if min(*thumb_gray.shape[:2], *main_gray.shape[:2]) < 8:
        return Agreement(kind="undecided", ncc=None)
    thumb, main = shrink(thumb_gray, SIDE), shrink(main_gray, _WORKING)
    if max(main.shape) < max(thumb.shape):
        thumb = shrink(thumb, max(main.shape))
    if min(thumb.std(), main.std()) < _FLAT:
        return Agreement(kind="undecided", ncc=None)
    return _described(_candidates(thumb, main), thumb, main, thumb_gray, main_gray)


def agreement_words(found: Agreement, source: str = "thumbnail") -> list[str]:
    """Return the result in plain sentences."""
    turned = f", turned by {found.rotation_deg} degrees" if found.rotation_deg else ""
    turned += ", mirrored" if found.mirrored else ""
    turned += f", tilted by {found.angle_deg:.1f} degrees" if abs(found.angle_deg) > _TILT else ""
    first = {
        "same": f"The {source} shows the main picture.",
        "rotated": f"The {source} shows the main picture{turned}.",
        "letterboxed": f"The {source} shows the main picture between bars{turned}.",
        "different": f"The {source} shows something else than the main picture.",
        "undecided": f"The {source} is too flat, too small or too unlike the main picture to "
        "decide whether it shows the same.",
        "cropped": {
            "main in thumbnail": f"The main picture is a part of what the {source} shows{turned}: "
            f"{_percent(found.shown)} of it.",
            "thumbnail in main": f"The {source} shows a part of the main picture{turned}: "
            f"{_percent(found.shown)} of it.",
        }.get(found.part, f"The {source} and the main picture show overlapping parts{turned}."),
    }[found.kind]
    words = [first]
    if found.local_difference is not None:
        x, y, width, height = (round(value) for value in found.local_difference)
        words.append(f"Inside {width} x {height} px at ({x}, {y}) the two differ, although they "
                     "agree around it.")  # fmt: skip
    if found.kind in ("cropped", "rotated", "different"):
        words.append("Programs that crop, turn or replace a picture often leave the old "
                     "thumbnail; some cameras crop the thumbnail.")  # fmt: skip
    return words


def _percent(share: float | None) -> str:
    return "a part" if share is None else f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class _Scored:
    aligned: Alignment
    ncc: float
    detail: float
    agreeing: float
    blocks: int
    strength: float

    @property
    def upright(self) -> bool:
        return not (self.aligned.orientation.turns or self.aligned.orientation.mirrored)


def _score(aligned: Alignment) -> _Scored:
    value = ncc(aligned.first, aligned.second, aligned.inside)
    detail = ncc(without_shade(aligned.first), without_shade(aligned.second), aligned.inside)
    agreeing, blocks = blocks_agreeing(aligned.first, aligned.second, aligned.inside)
    count = float(aligned.inside.sum())
    strength = max(detail, 0.0) * 0.5 + 0.5 * agreeing * min(1.0, blocks / _FEW)
    # A few pixels correlate by coincidence more easily than many.
    strength -= _CHANCE / np.sqrt(max(count, 1.0))
    return _Scored(aligned, value, detail, agreeing, blocks, strength)


def _candidates(thumb: Gray, main: Gray) -> list[_Scored]:
    scored: list[_Scored] = []
    ranked = whole_frames(thumb, main, _bars(thumb, main.shape))
    for coarse, orientation, edges in ranked[:3]:
        if coarse <= 0.2:
            continue
        scored.append(_score(align_whole(thumb, main, orientation, edges)))
        if scored[-1].ncc >= _SURE and scored[-1].agreeing >= _MOST_BLOCKS:
            return scored[-1:]
    if not any(_agrees(one) for one in scored):
        scored += [_score(aligned) for aligned in searched(thumb, main)]
    return scored


def _agrees(one: _Scored) -> bool:
    if not _plausible(one.aligned):
        return False
    if one.blocks >= _CERTAIN and one.agreeing >= _CERTAIN_BLOCKS:
        return True
    if one.aligned.searched and one.blocks < _MANY:
        least = _PART_UPRIGHT if one.upright else _PART_TURNED
        return one.detail >= least and one.agreeing >= _PART_BLOCKS and one.blocks >= _PART_LEAST
    if one.aligned.searched:
        return (
            one.ncc >= _FOUND_NCC and one.detail >= _FOUND_DETAIL and one.agreeing >= _MOST_BLOCKS
        )
    if one.blocks < _FEW:
        return one.ncc >= _SURE and one.agreeing >= _SAME_BLOCKS
    return (one.ncc >= _SAME_NCC and one.agreeing >= _SAME_BLOCKS) or (
        one.blocks >= _MANY and one.ncc >= _LEAST_NCC and one.agreeing >= _MOST_BLOCKS
    )


def _featureless(main: Gray) -> bool:
    """Return whether the picture, as a small part of a thumbnail, would have no detail."""
    scale = _PART_SIDE / max(main.shape)
    small = resized(main, round(main.shape[1] * scale), round(main.shape[0] * scale))
    return float(without_shade(small).std()) < _PART_SPREAD


def _plausible(aligned: Alignment) -> bool:
    """Return whether cropping, turning and resizing can produce an alignment."""
    linear = (
        np.linalg.inv(aligned.orientation.to_picture(1.0, 1.0)[:2, :2]) @ aligned.matrix[:2, :2]
    )
    across, down = linear[0, 0], linear[1, 1]
    if across <= 0 or down <= 0 or abs(_angle(aligned)) > _MOST_TILT:
        return False
    shear = abs(linear[1, 0] / down + linear[0, 1] / across)
    # A whole frame may be squeezed into another shape, a part is not.
    limit = _MOST_STRETCH if aligned.searched else 2.0
    return shear < _MOST_SHEAR and 1 / limit < across / down < limit


def _hints(one: _Scored) -> bool:
    """Return whether an alignment that is not accepted still rules out "different"."""
    if one.aligned.searched and not one.upright:
        return False
    if one.aligned.searched and one.blocks < _MANY:
        return one.detail >= _HINT and one.blocks >= 3
    return one.ncc >= _OTHER_NCC and one.agreeing >= _OTHER_BLOCKS


def _described(
    scored: list[_Scored], thumb: Gray, main: Gray, thumb_full: Gray, main_full: Gray
) -> Agreement:
    fitting = [one for one in scored if _agrees(one)]
    if not fitting:
        hint = max((one for one in scored if _hints(one)), key=lambda one: one.strength,
                   default=None)  # fmt: skip
        if hint is not None:
            return Agreement(kind="undecided", ncc=round(hint.ncc, 4),
                             agreeing=round(hint.agreeing, 3))  # fmt: skip
        highest = max((round(one.ncc, 4) for one in scored), default=0.0)
        kind: Kind = "undecided" if _featureless(main) else "different"
        return Agreement(kind=kind, ncc=highest)
    best = max(fitting, key=lambda one: one.strength)
    aligned = best.aligned
    margins = _margins(aligned, main.shape, thumb.shape)
    bars = _bar_rows(thumb, margins)
    # A tilt of a round or nearly empty thing is no more than a guess.
    tilted = best.blocks >= _MANY and abs(_angle(aligned)) > _TILT
    kind, part, shown = _kind(aligned, tilted, main.shape, thumb.shape, margins, bars)
    matrix = _scaled(aligned.matrix, thumb, main, thumb_full, main_full)
    region = local_difference(aligned.first, aligned.second, _inner(aligned.inside))
    down, across = thumb_full.shape[0] / thumb.shape[0], thumb_full.shape[1] / thumb.shape[1]
    return Agreement(
        kind=kind, ncc=round(best.ncc, 4), rotation_deg=90 * aligned.orientation.turns,
        mirrored=aligned.orientation.mirrored,
        bars=(round(bars[0] * down), round(bars[1] * down), round(bars[2] * across),
              round(bars[3] * across)),
        angle_deg=round(_angle(aligned), 2), part=part, shown=shown,
        matrix=tuple(round(float(v), 6) for v in matrix.ravel()),
        agreeing=round(best.agreeing, 3),
        local_difference=None if region is None else _in_main(region, aligned, main, main_full),
    )  # fmt: skip


def _inner(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the rim, where bars and the frame's edge are blurred."""
    rim = np.zeros_like(inside)
    rim[2:-2, 2:-2] = True
    away = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray((away > 0) & rim)


def _margins(aligned: Alignment, main: tuple[int, ...], thumb: tuple[int, ...]) -> list[float]:
    """Return how far the thumbnail reaches beyond the main picture's frame.

    Rows above and below, columns left and right, in thumbnail pixels; negative where the main
    picture reaches farther. The middles of the frame's sides are used: a small tilt, which moves
    the corners, does not move them much.
    """
    rows, columns = main
    middles = np.array([
        [0, columns, columns / 2, columns / 2], [rows / 2, rows / 2, 0, rows], [1, 1, 1, 1],
    ])  # fmt: skip
    x, y, _ = np.linalg.inv(aligned.matrix) @ middles
    return [float(y.min()), thumb[0] - float(y.max()), float(x.min()), thumb[1] - float(x.max())]


def _bar_rows(thumb: Gray, margins: list[float]) -> tuple[int, int, int, int]:
    """Return the margins that are bars: even, and dark or alike on both sides."""
    rows, columns = thumb.shape
    strips = [
        thumb[: max(0, int(margins[0]))], thumb[rows - max(0, int(margins[1])) :],
        thumb[:, : max(0, int(margins[2]))], thumb[:, columns - max(0, int(margins[3])) :],
    ]  # fmt: skip
    bars = [0, 0, 0, 0]
    for index, strip in enumerate(strips):
        if strip.size == 0:
            continue
        dark = float(strip.mean()) < _BAR_DARK and float(strip.std()) < _BAR_SPREAD
        dark = dark or (float(strip.mean()) < _BAR_BLACK and float(strip.std()) < _BAR_NOISE)
        other = strips[index ^ 1]
        even = max(float(strip.std()), float(other.std()) if other.size else 1.0) < _BAR_EVEN
        if dark or (even and abs(float(strip.mean()) - float(other.mean())) < _BAR_EVEN):
            bars[index] = max(1, round(margins[index]))
    return bars[0], bars[1], bars[2], bars[3]


def _kind(
    aligned: Alignment, tilted: bool, main: tuple[int, ...], thumb: tuple[int, ...],
    margins: list[float], bars: tuple[int, int, int, int],
) -> tuple[Kind, Part, float | None]:  # fmt: skip
    sides = (thumb[0], thumb[1])
    beyond = [0.0, 0.0]  # share of the thumbnail's height and width that the main picture lacks
    short = [0.0, 0.0]  # share that the thumbnail lacks
    for index, margin in enumerate(margins):
        axis = index // 2
        if margin > 0 and not bars[index]:
            beyond[axis] += margin / sides[axis]
        elif margin < 0:
            short[axis] -= margin / sides[axis]
    least = [max(_MARGIN, _MARGIN_PX / side) for side in sides]
    lacks = beyond[0] > least[0] or beyond[1] > least[1]
    lacking = short[0] > least[0] or short[1] > least[1]
    if lacks and lacking:
        return "cropped", "overlap", None
    if lacks:
        inner = [side - sum(bars[2 * axis : 2 * axis + 2]) for axis, side in enumerate(sides)]
        share = [1 - lost * side / max(1, part)
                 for lost, side, part in zip(beyond, sides, inner, strict=True)]  # fmt: skip
        return "cropped", "main in thumbnail", round(max(0.0, share[0] * share[1]), 3)
    if lacking:
        return "cropped", "thumbnail in main", round(1 / ((1 + short[0]) * (1 + short[1])), 3)
    if aligned.orientation.turns or aligned.orientation.mirrored or tilted:
        return "rotated", "", None
    if max(bars[0] + bars[1], bars[2] + bars[3]) >= 2:
        return "letterboxed", "", None
    return "same", "", None


def _linear(aligned: Alignment) -> Matrix:
    upright = aligned.orientation.to_picture(1.0, 1.0)[:2, :2]
    return np.asarray(np.linalg.inv(upright) @ aligned.matrix[:2, :2])


def _angle(aligned: Alignment) -> float:
    """Return the clockwise turn in degrees, beside whole quarters, from main to thumbnail."""
    linear = (
        np.linalg.inv(aligned.orientation.to_picture(1.0, 1.0)[:2, :2]) @ aligned.matrix[:2, :2]
    )
    across, down = abs(linear[0, 0]) or 1.0, abs(linear[1, 1]) or 1.0
    first = np.arctan2(linear[1, 0] / down, linear[0, 0] / across)
    second = np.arctan2(-linear[0, 1] / across, linear[1, 1] / down)
    return float(-np.degrees((first + second) / 2))


def _scaled(matrix: Matrix, thumb: Gray, main: Gray, thumb_full: Gray, main_full: Gray) -> Matrix:
    into = np.diag([thumb.shape[1] / thumb_full.shape[1], thumb.shape[0] / thumb_full.shape[0], 1])
    out = np.diag([main_full.shape[1] / main.shape[1], main_full.shape[0] / main.shape[0], 1])
    return np.asarray(out @ matrix @ into)


def _in_main(
    region: tuple[int, int, int, int], aligned: Alignment, main: Gray, main_full: Gray
) -> tuple[float, float, float, float]:
    x, y, width, height = region
    corners = np.array([[x, x + width], [y, y + height], [1, 1]], np.float64)
    across, down, _ = aligned.grid @ corners
    across = np.clip(across, 0, main.shape[1]) * main_full.shape[1] / main.shape[1]
    down = np.clip(down, 0, main.shape[0]) * main_full.shape[0] / main.shape[0]
    return (round(float(across.min()), 1), round(float(down.min()), 1),
            round(float(np.ptp(across)), 1), round(float(np.ptp(down)), 1))  # fmt: skip


def _bars(thumb: Gray, shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Return the borders to try: none, those that the other aspect explains, dark ones."""
    rows, columns = thumb.shape[:2]
    choices = [(0, 0, 0, 0)]
    for high, wide in (shape[:2], shape[1::-1]):  # as the picture is, and turned by a quarter
        height, width = round(columns * high / wide), round(rows * wide / high)
        if 2 <= rows - height <= rows // 2:
            choices.append(((rows - height) // 2, (rows - height + 1) // 2, 0, 0))
        if 2 <= columns - width <= columns // 2:
            choices.append((0, 0, (columns - width) // 2, (columns - width + 1) // 2))
    dark = _dark_border(thumb)
    if any(dark):
        choices.append(dark)
    return choices


def _dark_border(thumb: Gray) -> tuple[int, int, int, int]:
    """Count the border rows and columns that are nearly black and even."""
    rows = np.asarray((thumb.mean(axis=1) < 0.06) & (thumb.std(axis=1) < 0.05))
    columns = np.asarray((thumb.mean(axis=0) < 0.06) & (thumb.std(axis=0) < 0.05))

    def run(flags: NDArray[np.bool_]) -> int:
        return 0 if flags.all() else int(np.argmin(flags))

    top, bottom, left, right = run(rows), run(rows[::-1]), run(columns), run(columns[::-1])
    if top + bottom > len(rows) // 2 or left + right > len(columns) // 2:
        return (0, 0, 0, 0)
    return top, bottom, left, right
