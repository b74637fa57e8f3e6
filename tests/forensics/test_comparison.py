"""A picture against an earlier copy: what was planted is found, and nothing else."""

import io
from dataclasses import FrozenInstanceError

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.forensics import NotCompared, Residual, comparison, regions, residual
from imgcheck.imaging import transforms
from tests.hashing.pictures import ground

SCALE = 0.8


def earlier():
    return ground(311, shape=(480, 640))


def saved(pixels, quality=80):
    buffer = io.BytesIO()
    PillowImage.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=quality)
    return np.asarray(PillowImage.open(buffer).convert("RGB"))


def posted(pixels, quality=80, scale=SCALE):
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = PillowImage.fromarray(pixels).resize(size, PillowImage.Resampling.LANCZOS)
    return saved(np.asarray(small), quality)


def to_earlier(scale=SCALE, shift=(0.0, 0.0)):
    return np.array([[1 / scale, 0, shift[0]], [0, 1 / scale, shift[1]], [0, 0, 1]])


def cloned(pixels, x, y, size, dx=150, dy=90):
    out = pixels.copy()
    out[y : y + size, x : x + size] = pixels[y + dy : y + dy + size, x + dx : x + dx + size]
    return out


@pytest.mark.slow
def test_faithful_copy_differs_nowhere_and_says_what_it_would_have_missed():
    found = residual(posted(earlier()), earlier(), matrix=to_earlier())
    assert isinstance(found, Residual)
    assert found.regions == ()
    assert found.compared_share > 0.95
    assert found.smallest_px is not None
    assert found.smallest_px <= 32
    assert np.nanmax(found.score_map) < found.threshold


@pytest.mark.slow
def test_clone_of_32_px_is_outlined_where_it_lies():
    altered = cloned(earlier(), 300, 200, 40)
    found = residual(posted(altered), earlier(), matrix=to_earlier())
    (region,) = found.regions
    assert region.kind == "content"
    assert region.log10_nfa < -3
    truth = np.array([300, 200, 340, 240]) * SCALE
    assert np.abs(np.array(region.box) - truth).max() <= 8
    assert region.size_px == pytest.approx(32, abs=8)


@pytest.mark.slow
def test_two_places_are_two_regions_and_the_rest_is_quiet():
    altered = cloned(cloned(earlier(), 120, 100, 40), 430, 250, 60, dx=-160, dy=100)
    found = residual(posted(altered), earlier(), matrix=to_earlier())
    assert [r.kind for r in found.regions] == ["content", "content"]
    quiet = found.score_map.copy()
    for left, top, right, bottom in (r.box for r in found.regions):
        reach = np.s_[
            max(0, int(top) - 70) : int(bottom) + 70, max(0, int(left) - 70) : int(right) + 70
        ]
        quiet[reach] = np.nan
    assert np.nanmax(quiet) < found.threshold


@pytest.mark.slow
def test_a_start_two_pixels_off_is_refined():
    found = residual(posted(earlier()), earlier(), matrix=to_earlier(shift=(1.6, -1.2)))
    ring = transforms.corners((384, 512))
    gap = transforms.apply(found.matrix, ring) - transforms.apply(to_earlier(), ring)
    assert np.hypot(*gap.T).max() < 0.2
    assert found.regions == ()


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["equalised", "gamma", "warm", "vignette", "negative", "gray"])
def test_a_variant_of_tones_is_no_alteration(variant):
    post = posted(earlier(), 92).astype(np.float32)
    if variant == "equalised":
        lab = cv2.cvtColor(post.astype(np.uint8), cv2.COLOR_RGB2LAB)
        lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
        post = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB).astype(np.float32)
    elif variant == "gamma":
        post = 255 * (post / 255) ** 0.85
    elif variant == "warm":
        post = post * np.array([1.1, 1.0, 0.85])
    elif variant == "vignette":
        y, x = np.mgrid[-1:1:384j, -1:1:512j]
        post = post * (1 - 0.35 * (x**2 + y**2) / 2)[..., None]
    elif variant == "negative":
        post = 255 - post
    elif variant == "gray":
        post = np.repeat(post.mean(axis=2, keepdims=True), 3, axis=2)
    found = residual(saved(np.clip(post, 0, 255).astype(np.uint8)), earlier(), matrix=to_earlier())
    if variant == "equalised":  # local tones differ as the light of another day does
        assert isinstance(found, NotCompared)
        return
    assert isinstance(found, Residual)
    assert found.regions == ()


@pytest.mark.slow
def test_red_arrow_is_an_overlay_and_no_content():
    post = posted(earlier(), 95).copy()
    cv2.arrowedLine(post, (150, 380), (240, 300), (255, 0, 0), 5)
    found = residual(saved(post), earlier(), matrix=to_earlier())
    assert {r.kind for r in found.regions} == {"overlay"}


@pytest.mark.slow
def test_a_cut_is_registered_without_help():
    part = earlier()[40:440, 60:600]
    found = residual(saved(cloned(part, 200, 150, 40)), earlier())
    assert isinstance(found, Residual)
    assert len(found.regions) == 1
    assert np.allclose(found.matrix, [[1, 0, 60], [0, 1, 40], [0, 0, 1]], atol=0.1)


@pytest.mark.slow
def test_another_picture_is_refused_with_a_reason():
    found = residual(ground(312, shape=(480, 640)), earlier())
    assert isinstance(found, NotCompared)
    assert "could not be registered" in found.reason


@pytest.mark.slow
def test_another_take_of_the_place_is_refused():
    rng = np.random.default_rng(5)
    other = ground(313, shape=(480, 640)).astype(np.float32)
    # The same large forms, other details all over.
    large = cv2.GaussianBlur(earlier().astype(np.float32), (0, 0), 6)
    mixed = large + other - cv2.GaussianBlur(other, (0, 0), 6) + rng.normal(0, 2, other.shape)
    found = residual(
        posted(np.clip(mixed, 0, 255).astype(np.uint8)), earlier(), matrix=to_earlier()
    )
    assert isinstance(found, NotCompared)
    assert "copy" in found.reason


def test_too_little_overlap_is_refused():
    far = to_earlier(shift=(620.0, 450.0))
    found = residual(posted(earlier()), earlier(), matrix=far)
    assert isinstance(found, NotCompared)
    assert "share" in found.reason


@pytest.mark.slow
def test_masked_parts_are_not_compared():
    altered = posted(cloned(earlier(), 300, 200, 40))
    mask = np.ones(altered.shape[:2], bool)
    mask[140:210, 220:300] = False
    found = residual(altered, earlier(), matrix=to_earlier(), picture_mask=mask)
    assert found.regions == ()
    assert np.isnan(found.score_map[150:200, 230:290]).all()


@pytest.mark.slow
def test_the_same_pair_gives_the_same_answer_and_keeps_its_inputs():
    post, before = posted(cloned(earlier(), 300, 200, 40)), earlier()
    copies = post.copy(), before.copy()
    one, two = (residual(post, before, matrix=to_earlier()) for _ in range(2))
    assert one.regions == two.regions
    assert np.array_equal(one.score_map, two.score_map, equal_nan=True)
    assert np.array_equal(post, copies[0])
    assert np.array_equal(before, copies[1])
    with pytest.raises(FrozenInstanceError):
        one.relation = "same"  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.parametrize(
    "pixels",
    [np.zeros((300, 300, 3), np.uint8), np.full((200, 300), 255, np.uint8)],
    ids=["black", "white gray"],
)
def test_empty_pictures_are_refused_not_crashed(pixels):
    for matrix in (None, np.eye(3)):
        found = residual(pixels, pixels, matrix=matrix)
        assert isinstance(found, NotCompared)
        assert found.reason


def test_wrong_input_is_named():
    good = earlier()
    with pytest.raises(GridMismatchError, match="earlier"):
        residual(good, good.astype(np.float32))
    with pytest.raises(GridMismatchError, match="mask of the picture"):
        residual(good, good, picture_mask=np.ones((3, 3), bool))
    with pytest.raises(UsageError, match="between 0 and 1"):
        residual(good, good, false_alarm_rate=0.0)
    with pytest.raises(UsageError, match="finite"):
        residual(good, good, matrix=np.full((3, 3), np.nan))


def test_a_smaller_rate_needs_a_higher_score():
    assert regions.threshold(1e-4) > regions.threshold(0.05)
    assert regions.log10_nfa(regions.threshold(0.01)) == pytest.approx(-2, abs=0.01)


@pytest.mark.slow
def test_a_far_larger_picture_is_reduced_and_reported_in_its_own_pixels(monkeypatch):
    monkeypatch.setattr(comparison, "_FAR_LARGER", 0.3)
    altered = posted(cloned(earlier(), 300, 200, 60))
    found = residual(altered, earlier(), matrix=to_earlier())
    assert found.score_map.shape == altered.shape[:2]
    assert np.allclose(found.matrix, to_earlier(), atol=0.3)
    (region,) = found.regions
    truth = np.array([300, 200, 360, 260]) * SCALE
    assert np.abs(np.array(region.box) - truth).max() <= 10
    assert region.size_px == pytest.approx(48, abs=10)


def _credit(pixels):
    cv2.putText(pixels, "Image (c) 2017 Agency", (20, 466), 0, 0.4, (255, 255, 255), 1, 16)
    cv2.line(pixels, (0, 450), (640, 450), (255, 255, 255), 1)


def _thin_strokes(pixels):
    cv2.arrowedLine(pixels, (100, 100), (300, 170), (255, 255, 255), 2, 16)
    cv2.circle(pixels, (450, 300), 50, (0, 0, 0), 2, 16)


def _text(pixels):
    cv2.putText(pixels, "10 SEPTEMBER 2017", (60, 80), 0, 1.0, (0, 0, 0), 2, 16)


def _redaction(pixels):
    part = pixels[200:300, 150:330]
    small = cv2.resize(part, (12, 7), interpolation=cv2.INTER_AREA)
    pixels[200:300, 150:330] = cv2.resize(small, (180, 100), interpolation=cv2.INTER_NEAREST)
    pixels[60:130, 400:520] = cv2.GaussianBlur(pixels[60:130, 400:520], (0, 0), 7)
    pixels[360:430, 420:560] = 128


@pytest.mark.slow
@pytest.mark.parametrize("draw", [_credit, _thin_strokes, _text, _redaction])
def test_writing_and_redactions_are_overlay_and_no_content(draw):
    altered = earlier().copy()
    draw(altered)
    found = residual(posted(altered, scale=1.0), earlier(), matrix=np.eye(3))
    assert isinstance(found, Residual)
    assert {region.kind for region in found.regions} == {"overlay"}


@pytest.mark.slow
def test_a_copy_with_a_large_empty_part_raises_no_alarm():
    """Nodata or a broad frame is no ground without noise."""
    half = earlier().copy()
    half[200:] = 0
    found = residual(posted(half, quality=50, scale=1.0), half, matrix=np.eye(3))
    assert isinstance(found, Residual)
    assert found.regions == ()
    assert found.compared_share < 0.5


@pytest.mark.slow
def test_ground_exchanged_beside_a_large_empty_part_is_found():
    half = earlier().copy()
    half[240:] = 0
    altered = cloned(half, 300, 60, 40, dx=150, dy=60)
    found = residual(posted(altered, scale=1.0), half, matrix=np.eye(3))
    assert [region.kind for region in found.regions] == ["content"]


def false_colour(pixels):
    gray = pixels.mean(axis=-1, keepdims=True)
    return np.clip(gray * [0.5, 1.35, 0.15] + [0, 60, 0], 0, 255).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(("shown", "kind"), [(false_colour, "content"), (np.copy, "overlay")])
def test_a_vivid_patch_is_drawn_where_the_ground_is_not_vivid(shown, kind):
    known = shown(earlier())
    altered = known.copy()
    patch = np.random.default_rng(3).normal((60, 190, 20), 5, (40, 40, 3))
    altered[200:240, 300:340] = np.clip(patch, 0, 255).astype(np.uint8)
    found = residual(saved(altered, 92), saved(known, 95), matrix=np.eye(3))
    assert isinstance(found, Residual)
    assert [region.kind for region in found.regions] == [kind]
