"""A picture is laid where it belongs, with an honest error, or not at all."""

import numpy as np
import pytest

from imgcheck.imaging import features, registration, transforms
from imgcheck.imaging.consensus import agreement, cells
from imgcheck.imaging.registration import NotRegistered, Registered
from tests.imaging.ground import ground, jpeg, view


@pytest.fixture(scope="module")
def reference():
    return ground((640, 760), seed=11, blocks=300)


@pytest.fixture(scope="module")
def known(reference):
    return features.detect(reference, limit=registration.reference_limit(reference.shape))


def lay(picture, known, reference, **options):
    return registration.align(
        features.detect(picture, limit=2500),
        known,
        query_shape=picture.shape,
        known_shape=reference.shape,
        **options,
    )


def corner_error(found, truth, shape):
    ring = transforms.corners(shape)
    gap = transforms.apply(found.matrix, ring) - transforms.apply(truth, ring)
    return float(np.hypot(*gap.T).max())


@pytest.mark.parametrize(
    ("angle", "scale"), [(0, 1.0), (37, 1.0), (180, 0.6), (255, 1.5), (91, 0.4)]
)
def test_a_turned_scaled_compressed_cut_is_laid_within_half_a_pixel(reference, angle, scale):
    picture, truth = view(reference, size=240, angle=angle, scale=scale)
    found = registration.register(jpeg(picture, quality=60), reference)
    assert isinstance(found, Registered), found
    assert found.model == "similarity"
    assert not found.mirrored
    assert corner_error(found, truth, picture.shape) < 0.5
    assert found.rms_px < 2


def test_a_tilted_view_asks_for_a_homography(reference, known):
    picture, truth = view(reference, size=300, angle=20, tilt=(0.25, 0.1))
    found = lay(picture, known, reference)
    assert found.model == "homography"
    assert corner_error(found, truth, picture.shape) < 1


def test_max_model_is_a_ceiling(reference, known):
    picture, _ = view(reference, size=300, tilt=(0.05, 0.0))
    found = lay(picture, known, reference, max_model="affine")
    assert found.model in ("similarity", "affine")


def test_a_mirrored_picture_is_found_only_when_asked_for(reference, known):
    picture, truth = view(reference, size=260, angle=70)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    assert isinstance(lay(mirrored, known, reference), NotRegistered)
    found = lay(mirrored, known, reference, try_mirrored=True)
    assert isinstance(found, Registered) and found.mirrored
    flip = np.array([[-1.0, 0, picture.shape[1]], [0, 1, 0], [0, 0, 1]])
    assert corner_error(found, truth @ flip, picture.shape) < 0.5
    sent = transforms.apply(found.matrix, found.picture_points)
    assert np.median(np.hypot(*(sent - found.reference_points).T)) < 1


def test_an_upright_picture_is_not_called_mirrored(reference, known):
    picture, _ = view(reference, size=260, angle=70)
    assert not lay(picture, known, reference, try_mirrored=True).mirrored


def test_other_ground_is_not_laid(reference, known):
    for seed in (21, 22, 23):
        found = lay(ground((300, 300), seed=seed), known, reference)
        assert isinstance(found, NotRegistered) and found.reason


def test_a_picture_without_structure_says_so(reference, known):
    found = lay(np.full((300, 300), 0.5, np.float32), known, reference)
    assert isinstance(found, NotRegistered)
    assert "match the reference" in found.reason


def test_annotations_over_a_third_of_the_picture_do_no_harm(reference, known):
    picture, truth = view(reference, size=300, angle=140)
    picture[:60] = 0
    picture[250:] = 1
    picture[100:160, 40:120] = 0.9
    found = lay(picture, known, reference)
    assert corner_error(found, truth, picture.shape) < 1


def test_masks_keep_features_out(reference):
    picture, truth = view(reference, size=300)
    mask = np.zeros(picture.shape, bool)
    mask[:, 150:] = True
    found = registration.register(picture, reference, picture_mask=mask)
    assert found.picture_points[:, 0].min() > 150
    assert corner_error(found, truth, picture.shape) < 2


@pytest.mark.slow
def test_stated_error_is_of_the_size_of_the_real_one(reference, known):
    rng = np.random.default_rng(5)
    ratios = []
    for _ in range(12):
        noisy, truth = view(reference, size=200, angle=float(rng.uniform(0, 360)))
        noisy = (noisy + rng.normal(0, 0.08, noisy.shape)).astype(np.float32)
        found = lay(noisy, known, reference)
        middle = np.array([[100.0, 100.0]])
        gap = transforms.apply(found.matrix, middle) - transforms.apply(truth, middle)
        variance = np.trace(registration.place_covariance(found, middle)[0])
        ratios.append(float((gap**2).sum() / variance))
    assert 0.1 < np.mean(ratios) < 4


@pytest.mark.slow
def test_the_same_call_gives_the_same_matrix(reference):
    picture, _ = view(reference, size=240, angle=33)
    first = registration.register(picture, reference)
    second = registration.register(picture, reference)
    assert np.array_equal(first.matrix, second.matrix)
    assert first.log10_nfa == second.log10_nfa


@pytest.mark.slow
def test_precomputed_features_give_the_same_as_register(reference, known):
    picture, _ = view(reference, size=240, angle=33)
    query = features.detect(picture, limit=2500)
    known = features.detect(reference, limit=registration.reference_limit(reference.shape))
    found = registration.align(query, known, query_shape=picture.shape, known_shape=reference.shape)
    assert np.array_equal(found.matrix, registration.register(picture, reference).matrix)


def test_random_pairs_have_a_number_of_false_alarms_above_one():
    rng = np.random.default_rng(6)
    worst = np.inf
    for _ in range(40):
        points = rng.uniform(0, 600, (200, 2))
        residuals = np.hypot(*(points - rng.uniform(0, 600, (200, 2))).T)
        seen = agreement(
            residuals,
            allowed=np.ones(200, bool),
            source_cells=cells(points, 12.0),
            target_cells=cells(points, 12.0),
            target_area=600.0**2,
            model="similarity",
            largest_bound=12.0,
        )
        worst = min(worst, seen.log10_nfa)
    assert worst > 0


def test_a_crowd_of_pairs_in_one_spot_counts_once():
    spot = np.full((100, 2), 50.0)
    seen = agreement(
        np.zeros(100),
        allowed=np.ones(100, bool),
        source_cells=cells(spot, 12.0),
        target_cells=cells(spot, 12.0),
        target_area=600.0**2,
        model="similarity",
        largest_bound=12.0,
    )
    assert seen.log10_nfa == np.inf and seen.distinct == 0


@pytest.mark.slow
@pytest.mark.data
def test_cuts_of_real_ground_are_laid_within_a_pixel(data_dir):
    import rasterio

    paths = sorted((data_dir / "stacks" / "naip").glob("*.tif"))
    for index in (0, 7):
        with rasterio.open(paths[index]) as dataset:
            gray = dataset.read([1, 2, 3]).mean(axis=0).astype(np.float32) / 255
        picture, truth = view(gray, size=300, angle=77.0 + index)
        found = registration.register(jpeg(picture, quality=60), gray)
        assert corner_error(found, truth, picture.shape) < 1


def test_a_patch_of_known_ground_does_not_place_the_whole_picture(reference, known):
    picture = ground((320, 320), seed=88)
    picture[130:180, 130:180] = view(reference, size=50)[0]
    found = lay(picture, known, reference)
    assert isinstance(found, NotRegistered) and found.reason
