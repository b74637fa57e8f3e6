"""Pictures as files, and an index of some of them."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.hashing import HashIndex
from imgcheck.imaging import Image
from tests.hashing.pictures import ground

SEEDS = (101, 102, 103, 104, 105)


def as_image(pixels: NDArray[np.uint8], *, quality: int | None = None) -> Image:
    """Give pixels as a PNG, or as a JPEG of some quality, through the only door."""
    buffer = io.BytesIO()
    picture = PillowImage.fromarray(np.ascontiguousarray(pixels))
    if quality is None:
        picture.save(buffer, "PNG")
    else:
        picture.save(buffer, "JPEG", quality=quality)
    return Image.from_bytes(buffer.getvalue(), name="query")


@pytest.fixture(scope="session")
def known_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of five pictures; tests only read it."""
    path = tmp_path_factory.mktemp("index") / "known.imgcheck"
    with HashIndex.create(path) as index:
        for seed in SEEDS:
            index.add_image(
                as_image(ground(seed), quality=90), path_text=f"{seed}.jpg", date="2016-05-01"
            )
    return path


@pytest.fixture
def known(known_file: Path):
    """The index of five pictures, open for reading."""
    with HashIndex.open(known_file) as index:
        yield index


@pytest.fixture
def small_index(tmp_path: Path) -> Callable[..., HashIndex]:
    """Make an index with some tiny pictures."""

    def make(count: int = 3, name: str = "small.imgcheck") -> Path:
        path = tmp_path / name
        with HashIndex.create(path) as index:
            for seed in range(count):
                index.add_image(as_image(ground(seed, shape=(64, 80))), path_text=f"{seed}.png")
        return path

    return make
