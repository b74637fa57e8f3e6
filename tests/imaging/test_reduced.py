"""Is the reduced picture the picture, on its stored grid?"""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.imaging import Image
from imgcheck.imaging.reduced import stored_gray
from tests.provenance.build_fbmd import texture


def saved(form: str, orientation: int = 1, **options: object) -> bytes:
    buffer = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    texture(1600, 1200, 3).save(buffer, form, exif=exif, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_comes_reduced_and_unturned(orientation: int) -> None:
    data = saved("JPEG", orientation, quality=92, progressive=orientation % 2 == 0)
    small = stored_gray(Image.from_bytes(data), side=400)
    assert small.shape == (300, 400)
    full = np.asarray(Pillow.open(io.BytesIO(data)).convert("L"), np.float32) / 255
    mean = full.reshape(300, 4, 400, 4).mean(axis=(1, 3))
    assert float(np.abs(small - mean).mean()) < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_is_decoded_already_is_turned_back(orientation: int) -> None:
    image = Image.from_bytes(saved("JPEG", orientation, quality=92))
    image.gray()
    shown = stored_gray(image)
    full = np.asarray(Pillow.open(io.BytesIO(image.data)).convert("L"), np.float32) / 255
    assert shown.shape == full.shape
    assert float(np.abs(shown - full).mean()) < 0.01


@pytest.mark.slow
def test_other_formats_and_damaged_files_come_in_full() -> None:
    assert stored_gray(Image.from_bytes(saved("PNG"))).shape == (1200, 1600)
    cut = saved("JPEG", quality=92)[:-20_000]
    assert stored_gray(Image.from_bytes(cut)).shape == (1200, 1600)
