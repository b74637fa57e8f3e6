"""Search all tiles: correlate one template at all turns with each tile's edge directions.

The correlation is that of `imgcheck.geo.structural.coarse`. Here the transforms of the turned
picture are computed once for all tiles, and the height of a peak is measured over all of them.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imgcheck.geo.area.store import Levels, Source, nearest
from imgcheck.geo.structural import coarse
from imgcheck.geo.structural.coarse import centred, reduced
from imgcheck.imaging import orientation
from imgcheck.imaging.pixels import Float32, Float64, Mask

# Side of a transform: fits into a core's own memory (0.7 ms a transform at 512, 4 ms at 1024,
# which holds 3.5 times as many places). Twice as large for templates that would waste it.
_SIDE = 512
_WORKERS = 2
# Of a close look at one place: holds any template at any turn with room to move.
_CLOSE_SIDE = 256
# A close look moves a place by so much of the picture's side, and turns it so far, degrees.
_CLOSE_REACH, _CLOSE_TURN = 0.1, 12.5
# Peaks kept of a tile and size.
_PEAKS = 24
# Mean and spread of all places are taken from every so many turns.
_COUNTED = 3
# Under a place that is partly unknown the picture counts as if this share of the usual strength
# were there (as in the search on one reference).
_FLOOR = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Where the picture's centre may lie: pixels of the reference."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peak:
    """A candidate: the picture's centre in pixels of its reference."""

    source: Source
    scale: float
    turn: float
    x: float
    y: float
    score: float
    surprise: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """A reduced picture at all turns, transformed.

    ``real`` and ``imaginary`` (T, 4, n, n // 2 + 1); ``disc`` is the usable share of the picture
    over all turns; ``level`` of the index, ``window`` its pixels to a tile, ``pixel`` the size of
    a pixel of the search in pixels of the reference.
    """

    scale: float
    real: Float32
    imaginary: Float32
    turns: tuple[float, ...]
    disc: Float32
    count: float
    margin: int
    apart: int
    side: int
    level: int
    window: int
    pixel: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A tile of the search: its top left in pixels of the level.

    ``about`` is the place that is looked at closely; None where all of the tile is searched.
    """

    source: Source
    x: int
    y: int
    about: Peak | None = None


def template(
    picture: Float32,
    mask: Mask,
    scale: float,
    *,
    factor: float,
    turn_step: float = coarse.TURN_STEP_DEG,
    close: bool = False,
) -> Template:
    """Reduce a picture for one size and transform it at all turns.

    ``scale`` is reference pixels per picture pixel, ``factor`` the reduction of the reference;
    ``turn_step`` in degrees divides 180; ``close`` is for close looks at single places.
    """
    level = nearest(factor)
    side, most = (_CLOSE_SIDE, 0.75) if close else (_SIDE, 0.45)
    while math.hypot(*picture.shape) * scale / factor > most * side:
        side *= 2
    window = round(side * factor / 2**level)
    pixel = 2**level * window / side
    small = tuple(max(8, round(n * scale / pixel)) for n in picture.shape)
    gray, known = reduced(picture, mask, (small[0], small[1]))
    maps = centred(orientation.maps(gray, mask=known), known)
    turns = tuple(float(t) for t in np.arange(0.0, 180.0, turn_step))
    real = np.empty((len(turns), 4, side, side // 2 + 1), np.float32)
    imaginary = np.empty_like(real)
    for number, turn in enumerate(turns):
        turned = orientation.turned(maps, turn)
        spectrum = _transformed(turned / (np.sqrt((turned * turned).sum()) + 1e-12), side)
        real[number], imaginary[number] = spectrum.real, spectrum.imag
    return Template(
        scale=scale,
        real=real,
        imaginary=imaginary,
        turns=turns,
        disc=coarse.turned_disc(known, small),
        count=float(known.sum()),
        margin=math.ceil(math.hypot(*small) / 2) + 1,
        apart=max(2, min(small) // 8),
        side=side,
        level=level,
        window=window,
        pixel=pixel,
    )


def cuts(shape: Template, source: Source, circle: Circle | None) -> list[Cut]:
    """Cover a reference with tiles whose inner parts touch."""
    ratio = shape.window / shape.side
    step = int((shape.side - 2 * shape.margin) * ratio)
    margin = round(shape.margin * ratio)
    size = 2**shape.level
    found = []
    for y in range(-margin, -(-source.height // size) - margin, step):
        for x in range(-margin, -(-source.width // size) - margin, step):
            if circle is not None:
                left, top = (x + margin) * size, (y + margin) * size
                away = math.hypot(
                    max(left - circle.x, 0.0, circle.x - left - step * size),
                    max(top - circle.y, 0.0, circle.y - top - step * size),
                )
                if away > circle.radius:
                    continue
            found.append(Cut(source=source, x=x, y=y))
    return found


def around(shape: Template, peak: Peak) -> Cut:
    """Return the tile with a place in its middle."""
    size = 2**shape.level
    return Cut(
        source=peak.source,
        x=round(peak.x / size - shape.window / 2),
        y=round(peak.y / size - shape.window / 2),
        about=peak,
    )


def run(
    levels: Levels,
    shape: Template,
    tiles: Sequence[Cut],
    circles: dict[int, Circle],
    *,
    done: Callable[[], None] | None = None,
) -> list[Peak]:
    """Try one size on all tiles; the height of each peak is measured over all of them."""

    def one(cut: Cut) -> tuple[Float64, list[Peak]]:
        return _tile(levels, shape, cut, circles.get(cut.source.id))

    sums = np.zeros(3)
    peaks: list[Peak] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        # In the order of the tiles, so that the result does not depend on timing.
        for part, found in pool.map(one, tiles):
            sums += part
            peaks += found
            if done:
                done()
    if not sums[0]:
        return []
    mean = sums[1] / sums[0]
    spread = math.sqrt(max(sums[2] / sums[0] - mean**2, 1e-12))
    return [
        Peak(
            source=p.source,
            scale=p.scale,
            turn=p.turn,
            x=p.x,
            y=p.y,
            score=p.score,
            surprise=(p.score - mean) / spread,
        )
        for p in peaks
    ]


def _tile(
    levels: Levels, shape: Template, cut: Cut, circle: Circle | None
) -> tuple[Float64, list[Peak]]:
    stored = levels.window(cut.source, shape.level, (cut.x, cut.y, shape.window, shape.window))
    if not stored.any():
        return np.zeros(3), []
    known = stored > 0
    side, margin = shape.side, shape.margin
    gray = (stored.astype(np.float32) - 1) / np.float32(254)
    gray, known = reduced(gray, known, (side, side))
    maps = centred(orientation.maps(gray, mask=known), known)
    inner = slice(margin, side - margin)
    allowed = _allowed(shape, cut, circle, known)[inner, inner]
    if not allowed.any():
        return np.zeros(3), []
    power = (maps * maps).sum(axis=0)
    under = cv2.filter2D(power, -1, shape.disc, borderType=cv2.BORDER_CONSTANT)[inner, inner]
    inverse = (1 / np.sqrt(np.maximum(under, _FLOOR * shape.count))).astype(np.float32)
    numbers = list(range(len(shape.turns)))
    if cut.about is not None:
        turn = cut.about.turn
        numbers = [n for n in numbers if abs((shape.turns[n] - turn + 90) % 180 - 90) < _CLOSE_TURN]
    best, which, sums = _correlated(shape, maps, inverse, allowed, numbers)
    best *= inverse
    if cut.about is not None:
        allowed &= _near(shape, cut, cut.about)[inner, inner]
    best[~allowed] = -np.inf
    return sums, _peaks(shape, cut, best, which, 1 if cut.about else _PEAKS)


def _near(shape: Template, cut: Cut, peak: Peak) -> Mask:
    """Return which pixels of a tile are near a place."""
    size = 2**shape.level
    x = cut.x * size + (np.arange(shape.side) + 0.5) * shape.pixel
    y = (cut.y * size + (np.arange(shape.side) + 0.5) * shape.pixel)[:, None]
    reach = max(2.5 * shape.pixel, _CLOSE_REACH * math.sqrt(shape.count) * shape.pixel)
    return np.asarray((x - peak.x) ** 2 + (y - peak.y) ** 2 <= reach**2)


def _allowed(shape: Template, cut: Cut, circle: Circle | None, known: Mask) -> Mask:
    """Return at which pixels of a tile the picture's centre may lie."""
    size = 2**shape.level
    x = cut.x * size + (np.arange(shape.side) + 0.5) * shape.pixel
    y = (cut.y * size + (np.arange(shape.side) + 0.5) * shape.pixel)[:, None]
    inside = (x >= 0) & (x < cut.source.width) & (y >= 0) & (y < cut.source.height)
    if circle is not None:
        inside &= (x - circle.x) ** 2 + (y - circle.y) ** 2 <= circle.radius**2
    # A centre far inside unknown pixels is no candidate.
    near = cv2.blur(known.astype(np.float32), (5, 5)) > 0
    return np.asarray(inside & near)


def _correlated(
    shape: Template, maps: Float32, inverse: Float32, allowed: Mask, numbers: list[int]
) -> tuple[Float32, NDArray[np.int16], Float64]:
    """Return the best correlation of each place over all turns, its turn, and the sums of all."""
    side, margin = shape.side, shape.margin
    inner = slice(margin, side - margin)
    spectrum = scipy.fft.rfft2(maps)
    p, q = np.ascontiguousarray(spectrum.real), np.ascontiguousarray(spectrum.imag)
    best = np.full(inverse.shape, -np.inf, np.float32)
    which = np.zeros(inverse.shape, np.int16)
    even = np.empty((side, side // 2 + 1), np.complex64)
    odd = np.empty_like(even)
    sums = np.zeros(3)
    weight = inverse * allowed
    for number in numbers:
        a, b = shape.real[number], shape.imaginary[number]
        even.real, even.imag = np.einsum("cij,cij->ij", p, a), np.einsum("cij,cij->ij", q, a)
        odd.real, odd.imag = -np.einsum("cij,cij->ij", q, b), np.einsum("cij,cij->ij", p, b)
        # The maps of a picture turned by another half are the same, mirrored at the middle: the
        # spectrum is the conjugate one, so that both correlations are one sum and one difference.
        u = scipy.fft.irfft2(even, s=(side, side), overwrite_x=True)[inner, inner]
        w = scipy.fft.irfft2(odd, s=(side, side), overwrite_x=True)[inner, inner]
        score = u + np.abs(w)
        better = score > best
        np.copyto(best, score, where=better)
        np.copyto(
            which,
            np.where(w > 0, number + len(shape.turns), number),
            where=better,
            casting="unsafe",
        )
        if number % _COUNTED == 0:
            x, y = u * weight, w * weight
            sums += (
                2.0 * float(np.count_nonzero(allowed)),
                2 * float(x.sum()),
                2 * float(np.vdot(x, x) + np.vdot(y, y)),
            )
    return best, which, sums


def _peaks(
    shape: Template, cut: Cut, field: Float32, which: NDArray[np.int16], most: int
) -> list[Peak]:
    found = []
    size = 2**shape.level
    for _ in range(most):
        row, col = (int(v) for v in np.unravel_index(int(np.argmax(field)), field.shape))
        score = float(field[row, col])
        if not math.isfinite(score):
            break
        number = int(which[row, col])
        half_turn = 180.0 if number >= len(shape.turns) else 0.0
        found.append(
            Peak(
                source=cut.source,
                scale=shape.scale,
                turn=shape.turns[number % len(shape.turns)] + half_turn,
                x=cut.x * size + (col + shape.margin + 0.5) * shape.pixel,
                y=cut.y * size + (row + shape.margin + 0.5) * shape.pixel,
                score=score,
            )
        )
        away = shape.apart
        field[max(0, row - away) : row + away + 1, max(0, col - away) : col + away + 1] = -np.inf
    return found


def _transformed(maps: Float32, side: int) -> NDArray[np.complex64]:
    """Return the Fourier transform of maps with their middle at the origin."""
    held = maps.shape[1]
    half = held // 2
    wide = np.zeros((len(maps), side, side), np.float32)
    wide[:, :held, :held] = maps
    return np.asarray(scipy.fft.rfft2(np.roll(wide, (-half, -half), axis=(1, 2))))
