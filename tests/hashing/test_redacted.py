"""Through the index: a redacted copy stays a copy, and the window of a program makes none."""

import cv2
import numpy as np
import pytest

from imgcheck.hashing import HashIndex
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground

SHAPE = (480, 640)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("redacted") / "known.imgcheck"
    with HashIndex.create(path) as made:
        made.add_image(as_image(ground(401, shape=SHAPE), quality=92), path_text="picture")
        made.add_image(as_image(window(402, side=140)), path_text="window")
        yield made


def window(seed: int, *, side: int, top: int = 40) -> np.ndarray:
    """Show ground in the window of a program: a menu above, a list at the left."""
    page = np.full((*SHAPE, 3), (225, 228, 232), np.uint8)
    page[:top] = (32, 58, 110)
    page[top:, side:] = ground(seed, shape=SHAPE)[top:, side:]
    for number, word in enumerate(("File", "Edit", "View", "Tools", "Help")):
        cv2.putText(page, word, (8 + 90 * number, 26), 0, 0.5, (255,) * 3, 1, 16)
    rng = np.random.default_rng(7)
    for line in range(26):
        words = f"{('Borders', 'Roads', 'Places')[line % 3]} {int(rng.integers(99)):02d}"
        y = top + 18 + 16 * line
        cv2.putText(page, words, (6, y), 0, 0.4, (20,) * 3, 1, 16)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        cv2.rectangle(page, (side - 20, y - 9), (side - 10, y), colour, -1)
    return page


def redacted(kind: str) -> np.ndarray:
    out = ground(401, shape=SHAPE).copy()
    for part in (np.s_[90:190, 120:290], np.s_[300:350, 400:470]):
        size = (out[part].shape[1], out[part].shape[0])
        if kind == "pixelated":
            small = cv2.resize(
                out[part], (size[0] // 12, size[1] // 12), None, 0, 0, cv2.INTER_AREA
            )
            out[part] = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
        elif kind == "blurred":
            out[part] = cv2.GaussianBlur(out[part], (0, 0), 7)
        else:
            out[part] = {"black": 0, "white": 255, "gray": 128}[kind]
    return out


@pytest.mark.slow
@pytest.mark.parametrize("quality", [55, 85])
@pytest.mark.parametrize("kind", ["black", "white", "gray", "pixelated", "blurred"])
def test_a_redacted_copy_is_derived(index, kind, quality):
    found = index.search(as_image(redacted(kind), quality=quality))
    assert [(m.path, m.relation) for m in found.matches] == [("picture", "derived")]


@pytest.mark.slow
def test_a_redacted_cut_is_derived(index):
    found = index.search(as_image(redacted("gray")[40:440, 80:600], quality=70))
    assert [(m.path, m.relation) for m in found.matches] == [("picture", "derived")]


@pytest.mark.slow
@pytest.mark.parametrize("quality", [70, 90])
def test_other_ground_in_the_same_window_is_no_copy(index, quality):
    found = index.search(as_image(window(403, side=140), quality=quality))
    assert "window" in [m.path for m in found.matches]
    assert not [m for m in found.matches if m.relation in ("same", "derived")]


@pytest.mark.slow
def test_the_same_ground_in_the_same_window_is_a_copy(index):
    found = index.search(as_image(window(402, side=140), quality=80))
    assert [(m.path, m.relation) for m in found.matches] == [("window", "same")]
