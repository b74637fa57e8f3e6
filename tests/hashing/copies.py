"""Copies of a picture with something put around or over it, and where the picture then lies."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def saved(pixels: Pixels, quality: int) -> Pixels:
    """Give pixels after JPEG with halved chroma."""
    buffer = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=quality)
    return np.asarray(PillowImage.open(buffer))


def letterbox(
    pixels: Pixels, rng: np.random.Generator, *, share: float = 0.15
) -> tuple[Pixels, Box]:
    rows, cols = pixels.shape[:2]
    bar = int(rows * share)
    out = np.full((rows + 2 * bar, cols, 3), rng.choice([0, 17, 255]), np.uint8)
    out[bar : bar + rows] = pixels
    return out, (0, bar, cols, bar + rows)


def pillarbox(pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, Box]:
    out, (top, left, bottom, right) = letterbox(pixels.swapaxes(0, 1), rng, share=0.2)
    return np.ascontiguousarray(out.swapaxes(0, 1)), (left, top, right, bottom)


def captioned(
    pixels: Pixels, rng: np.random.Generator, *, above: bool = False
) -> tuple[Pixels, Box]:
    """Add a bar of some colour with a line of text."""
    rows, cols = pixels.shape[:2]
    bar = int(rows * rng.uniform(0.08, 0.2))
    colour = [np.zeros(3), np.full(3, 255), rng.integers(0, 256, 3)][int(rng.integers(3))]
    out = np.empty((rows + bar, cols, 3), np.uint8)
    out[:] = colour
    top = bar if above else 0
    out[top : top + rows] = pixels
    _write(out, (0.05 * cols, (0 if above else rows) + 0.2 * bar), 0.4 * bar, colour, rng)
    return out, (0, top, cols, top + rows)


def _write(
    out: Pixels,
    at: tuple[float, float],
    size: float,
    colour: NDArray[np.floating] | NDArray[np.integer],
    rng: np.random.Generator,
) -> None:
    picture = PillowImage.fromarray(out)
    text = "Strike on the depot north of the river, 14 Nov"[: int(rng.integers(12, 46))]
    ink = "white" if np.mean(colour) < 128 else "black"
    font = ImageFont.load_default(size=max(10, int(size)))
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=font)
    out[:] = np.asarray(picture)


def over_blur(pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, Box]:
    """Lay a picture over an enlarged, blurred copy of itself."""
    rows, cols = pixels.shape[:2]
    high = int(1.3 * rows)
    large = cv2.resize(pixels, (int(cols * high / rows), high))
    out = cv2.GaussianBlur(large, (0, 0), 20)
    left, top = (out.shape[1] - cols) // 2, (high - rows) // 2
    canvas = np.array(out[:, left : left + cols], np.uint8)
    canvas[top : top + rows] = pixels
    return canvas, (0, int(top), cols, int(top) + rows)


def on_page(pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, Box]:
    """Show a picture on a page with a tool bar above and text below."""
    rows, cols = pixels.shape[:2]
    wide, high = int(cols * rng.uniform(1.2, 1.7)), int(rows * rng.uniform(1.3, 1.8))
    out = np.full((high, wide, 3), rng.choice([255, 245, 32]), np.uint8)
    out[: int(0.06 * high)], out[int(0.06 * high) : int(0.1 * high)] = 222, 200
    left = int(rng.uniform(0.02, 0.9) * (wide - cols))
    top = int(0.12 * high + rng.uniform(0, 0.8) * (0.86 * high - rows))
    out[top : top + rows, left : left + cols] = pixels
    picture = PillowImage.fromarray(out)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=14)
    pen.text((20, 0.02 * high), "https://example.org/post/123", fill="black", font=font)
    for y in range(top + rows + 10, high - 16, 20):
        pen.text((20, y), "lorem ipsum dolor sit amet consectetur " * 2, fill="gray", font=font)
    return np.asarray(picture), (left, top, left + cols, top + rows)


def collage(
    pixels: Pixels,
    others: list[Pixels],
    rng: np.random.Generator,
    *,
    across: int,
    down: int,
    gutter: int = 0,
) -> tuple[Pixels, Box]:
    """Lay a picture among others of the same size."""
    rows, cols = pixels.shape[:2]
    high, wide = down * (rows + gutter) - gutter, across * (cols + gutter) - gutter
    out = np.full((high, wide, 3), 255, np.uint8)
    own = int(rng.integers(across * down))
    box = (0, 0, cols, rows)
    for k in range(across * down):
        y, x = k // across * (rows + gutter), k % across * (cols + gutter)
        pane = pixels if k == own else cv2.resize(others[k % len(others)], (cols, rows))
        out[y : y + rows, x : x + cols] = pane
        if k == own:
            box = (x, y, x + cols, y + rows)
    return out, box


def annotated(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Draw three boxes and three arrows in one colour, white among them."""
    picture = PillowImage.fromarray(np.ascontiguousarray(pixels))
    pen = ImageDraw.Draw(picture)
    rows, cols = pixels.shape[:2]
    ink = [(255, 0, 0), (255, 255, 0), (0, 255, 255), (255, 255, 255)][int(rng.integers(4))]
    for _ in range(3):
        x, y = int(rng.integers(cols * 3 // 4)), int(rng.integers(rows * 3 // 4))
        box = [x, y, x + cols // 5, y + cols // 7]
        pen.rectangle(box, outline=ink, width=max(3, cols // 160))
    for _ in range(3):
        x, y, u, v = (int(n) for n in rng.integers(0, min(rows, cols), 4))
        pen.line([x, y, u, v], fill=ink, width=max(4, cols // 110))
        angle, length = np.arctan2(v - y, u - x), cols / 30
        tips = [
            (u - length * np.cos(angle + s), v - length * np.sin(angle + s)) for s in (-0.5, 0.5)
        ]
        pen.polygon([(u, v), *tips], fill=ink)
    return np.asarray(picture)


def with_logo(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Put a filled box of any colour with letters into a corner: a twentieth of the picture."""
    rows, cols = pixels.shape[:2]
    side = rows // 6
    x = 10 if rng.random() < 0.5 else cols - 2 * side - 10
    y = 10 if rng.random() < 0.5 else rows - side - 10
    picture = PillowImage.fromarray(np.ascontiguousarray(pixels))
    pen = ImageDraw.Draw(picture)
    pen.rectangle(
        [x, y, x + 2 * side, y + side], fill=tuple(int(v) for v in rng.integers(0, 256, 3))
    )
    font = ImageFont.load_default(size=max(10, side * 2 // 5))
    pen.text((x + 8, y + 0.2 * side), "NEWS 24", fill="white", font=font)
    return np.asarray(picture)
