"""Small pictures of ground for the sample report, drawn from a seed."""

import io

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1280, 853
#: Length, width and heading of the vehicles drawn, in pixels and degrees.
VEHICLES = tuple((420 + 46 * (i % 7), 470 + 38 * (i // 7) + 7 * (i % 3)) for i in range(14))
CRATERS = ((905, 260, 26), (1010, 330, 19), (860, 372, 15))


def posted() -> bytes:
    """Give the posted picture: ground, road, vehicles, and a burned-in box."""
    picture = _ground(1)
    draw = ImageDraw.Draw(picture)
    for x, y in VEHICLES:
        draw.rectangle((x + 5, y + 5, x + 27, y + 15), fill=(58, 52, 44))
        draw.rectangle((x, y, x + 22, y + 10), fill=(196, 184, 150), outline=(120, 108, 84))
    for x, y, radius in CRATERS:
        _crater(draw, x, y, radius)
    draw.rectangle((392, 446, 748, 566), outline=(210, 30, 30), width=3)
    return _jpeg(picture)


def before() -> bytes:
    """Give the same ground at an earlier date: nothing on it."""
    return _jpeg(_ground(1).crop((780, 160, 1140, 460)))


def after() -> bytes:
    """Give a crop of the same ground with the craters."""
    picture = _ground(1)
    draw = ImageDraw.Draw(picture)
    for x, y, radius in CRATERS:
        _crater(draw, x, y, radius)
    return _jpeg(picture.crop((780, 160, 1140, 460)))


def _ground(seed: int) -> Image.Image:
    generator = np.random.default_rng(seed)
    height = np.zeros((HEIGHT, WIDTH), np.float32)
    for cells, weight in ((5, 1.0), (14, 0.55), (40, 0.3), (120, 0.2), (426, 0.16)):
        noise = generator.normal(size=(cells * 2 // 3, cells)).astype(np.float32)
        grown = Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        height += weight * np.asarray(grown)
    slope = np.gradient(height, axis=1)
    light = 0.56 + 0.05 * height + 1.6 * slope
    colour = np.stack([light * 214, light * 190, light * 150], axis=-1)
    picture = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.line([(0, 650), (420, 610), (800, 640), (WIDTH, 560)], fill=(150, 138, 116), width=17)
    draw.line([(300, 0), (360, 300), (330, 620)], fill=(158, 145, 120), width=9)
    return picture


def _crater(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int) -> None:
    wide = radius * 1.5
    draw.ellipse((x - wide, y - wide, x + wide, y + wide), fill=(176, 160, 130))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(84, 74, 60))
    draw.ellipse((x - radius * 0.4, y - radius * 0.7, x + radius, y + radius * 0.8),
                 fill=(196, 180, 148))  # fmt: skip


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=82)
    return stream.getvalue()
