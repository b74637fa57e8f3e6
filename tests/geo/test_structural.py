"""A picture of another date is placed by the directions of edges, and nothing else is."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck import geo, scene
from imgcheck.errors import UsageError
from imgcheck.geo import locating, structural
from imgcheck.geo.structural import engine, judging
from imgcheck.imaging import orientation, transforms
from imgcheck.imaging.registration import NotRegistered, place_covariance
from tests.imaging.ground import ground, jpeg, view

_UTM = (1.5, 0.0, 600_000.0, 0.0, -1.5, 3_918_000.0)
_SCALE = 0.85


def taken(plan, *, elevation, azimuth, greenness, seed):
    shot = scene.render(
        plan,
        gsd=1.5,
        sun_elevation_deg=elevation,
        sun_azimuth_deg=azimuth,
        greenness=greenness,
        seed=seed,
        oversample=1,
        noise=0.02,
    )
    return (shot.rgb.astype(np.float32) @ np.float32([0.299, 0.587, 0.114]) / 255).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def plan():
    return scene.arid_plain(seed=5, width_m=840.0, height_m=690.0)


@pytest.fixture(scope="module")
def spring(plan):
    return taken(plan, elevation=58.0, azimuth=150.0, greenness=0.9, seed=1)


@pytest.fixture(scope="module")
def pyramid(spring):
    return structural.Pyramid(spring)


@pytest.fixture(scope="module")
def autumn(plan):
    return taken(plan, elevation=27.0, azimuth=235.0, greenness=0.05, seed=2)


@pytest.fixture(scope="module")
def picture(autumn):
    cut, truth = view(
        autumn, size=260, angle=205, scale=_SCALE, centre=(300.0, 250.0), tilt=(0.04, -0.05)
    )
    return jpeg(cut, quality=45), truth


@pytest.fixture(scope="module")
def found(picture, pyramid):
    return structural.find(picture[0], pyramid, scale=(1.0, 1.4))


def worst(matrix, truth, shape):
    ring = transforms.corners(shape)
    return np.hypot(*(transforms.apply(matrix, ring) - transforms.apply(truth, ring)).T).max()


def test_a_picture_of_another_season_and_sun_is_placed_within_three_pixels(found, picture):
    assert isinstance(found, structural.Match), found
    assert worst(found.registration.matrix, picture[1], picture[0].shape) < 3.0


def test_chance_of_a_wrong_place_is_stated_and_small(found):
    assert 0 <= found.false_match_probability < 1e-3
    assert found.evidence.surprise > 5


def test_truth_lies_within_four_sigmas_at_centre_and_corners(found, picture):
    at = np.concatenate([transforms.corners(picture[0].shape), [[130.0, 130.0]]])
    gap = transforms.apply(found.registration.matrix, at) - transforms.apply(picture[1], at)
    spread = place_covariance(found.registration, at)
    far = [math.sqrt(g @ np.linalg.solve(c, g)) for g, c in zip(gap, spread, strict=True)]
    assert max(far) < 4.0


@pytest.mark.slow
def test_same_input_gives_the_same_matrix(found, picture, spring):
    again = structural.find(picture[0], structural.Pyramid(spring), scale=(1.0, 1.4))
    assert np.array_equal(again.registration.matrix, found.registration.matrix)


@pytest.mark.slow
def test_mirrored_picture_is_not_placed(picture, pyramid):
    mirrored = np.ascontiguousarray(picture[0][:, ::-1])
    found = structural.find(mirrored, pyramid, scale=(1.0, 1.4))
    assert isinstance(found, structural.NoMatch) and found.mirrored_better


def test_other_ground_is_not_placed_and_the_reason_is_coincidence(pyramid):
    other = ground((240, 240), seed=77)
    found = structural.find(other, pyramid, scale=(1.0, 1.4))
    assert isinstance(found, structural.NoMatch)
    reason = found.registration.reason
    assert "coincidence" in reason or "no location" in reason


def test_flat_picture_is_not_placed(pyramid):
    flat = np.full((200, 200), 0.5, np.float32)
    assert isinstance(structural.find(flat, pyramid, scale=(1.0, 1.2)), structural.NoMatch)


def test_picture_that_is_all_annotation_is_refused_at_once(pyramid, picture):
    drawn = np.zeros(picture[0].shape, bool)
    laid = structural.find(picture[0], pyramid, picture_mask=drawn).registration
    assert "drawn over" in laid.reason


def test_nan_and_masks_are_left_out(picture, pyramid):
    holed = picture[0].copy()
    holed[:60] = np.nan
    usable = np.ones(holed.shape, bool)
    usable[:, 200:] = False
    found = structural.find(holed, pyramid, picture_mask=usable, scale=(1.0, 1.4))
    assert isinstance(found, structural.Match)
    assert worst(found.registration.matrix, picture[1], holed.shape) < 6.0
    assert found.registration.picture_points[:, 1].min() > 60


@pytest.fixture(scope="module")
def placed(picture, spring):
    """The picture on another date, where no features match."""
    with pytest.MonkeyPatch.context() as patch:
        none = NotRegistered(reason="no features match")
        patch.setattr(locating.features, "register", lambda *_, **__: none)
        return locate(picture[0], spring)


def locate(picture, gray):
    reference = geo.of_arrays(gray, transform=_UTM, crs=32637)
    return geo.locate(picture, [reference], prior=geo.Prior(gsd_m=(1.5, 2.1)))


def test_edges_place_a_picture_where_no_features_match(picture, placed, autumn):
    near = locate(picture[0], autumn)
    assert isinstance(near, geo.Placed) and near.path == "fast"
    assert isinstance(placed, geo.Placed) and placed.path == "structural"
    assert placed.gsd_m == pytest.approx(1.5 / _SCALE, rel=0.02)


def test_a_structural_match_has_footprint_north_and_ellipses(placed):
    assert geo.compare(placed.footprint_lonlat, point=placed.centre_lonlat).inside
    lon, lat = placed.centre_lonlat
    convergence = (lon - 39.0) * math.sin(math.radians(lat))
    assert (placed.north_deg + 205 + convergence + 180) % 360 - 180 == pytest.approx(0, abs=1.0)
    centre, corner = geo.ellipse(placed, (130.0, 130.0)), geo.ellipse(placed, (0.0, 0.0))
    assert 0 < centre[1] <= centre[0] < corner[0]


@pytest.mark.parametrize(
    "wrong",
    [{"gsd_m": g} for g in ((0.0, 1.0), (2.0, 1.0), (1.0, math.inf))]
    + [{"near": (0.0, 0.0, math.nan)}, {"near": (0.0, 95.0, 1.0)}],
)
def test_a_prior_out_of_range_is_refused(wrong):
    with pytest.raises(UsageError):
        geo.Prior(**wrong)


def test_turned_maps_are_the_maps_of_the_turned_picture():
    source = ground((161, 161), seed=3)
    angle = math.radians(40)
    c, s = math.cos(angle), math.sin(angle)
    import cv2

    matrix = np.array([[c, -s, 80 - 80 * c + 80 * s], [s, c, 80 - 80 * s - 80 * c]])
    turned = cv2.warpAffine(source, matrix, (161, 161), flags=cv2.INTER_CUBIC)
    inner = np.s_[:, 45:116, 45:116]
    expected = orientation.maps(turned)[inner]
    side = orientation.turned(orientation.maps(source), 40.0)
    low = side.shape[1] // 2 - 35
    got = side[:, low : low + 71, low : low + 71]
    likeness = (expected * got).sum() / math.sqrt((expected**2).sum() * (got**2).sum())
    assert likeness > 0.97


def test_inverted_contrast_gives_the_same_maps():
    source = ground((90, 120), seed=4)
    assert np.allclose(orientation.maps(source), orientation.maps(1 - source), atol=1e-3)


def test_patches_find_a_shift_to_a_tenth_of_a_pixel():
    source = ground((200, 220), seed=6)
    first = orientation.maps(source[20:180, 20:200])
    second = orientation.maps(source[17:177, 24:204])
    ties = orientation.match(first, second, side=48, reach=8, step=24)
    assert len(ties) > 20
    # What lies at x in the first lies at x - 4 in the second, and 3 lower.
    assert np.median(ties.shifts, axis=0) == pytest.approx([-4.0, 3.0], abs=0.1)


@pytest.mark.parametrize(
    ("tail", "shifts", "searched"),
    [(-30.1, -121.0, False), (-29.9, -121.0, True), (-30.1, -119.0, True)],
)
def test_the_mirrored_picture_is_searched_unless_the_place_is_beyond_doubt(
    tail, shifts, searched, picture, pyramid, monkeypatch
):
    start = engine._Start(
        candidate=SimpleNamespace(scale=1.2, surprise=9.0, x=300.0, y=250.0),
        refined=SimpleNamespace(agreement=SimpleNamespace(log10_nfa=shifts)),
    )
    seen = []
    verified = SimpleNamespace(log10_tail=tail)
    none = NotRegistered(reason="not judged")
    monkeypatch.setattr(engine.coarse, "search", lambda *_, **__: [])
    monkeypatch.setattr(engine, "_started", lambda *_: [start])
    monkeypatch.setattr(engine, "_best", lambda *_: (start, SimpleNamespace(matrix=None), verified))
    monkeypatch.setattr(engine, "_rivals", lambda *_: seen.append(1) or [])
    monkeypatch.setattr(engine, "contrast", lambda *_: None)
    monkeypatch.setattr(engine.judging, "judge", lambda *_, **__: judging.Judged(registration=none))
    structural.find(picture[0], pyramid, scale=(1.0, 1.4))
    assert bool(seen) == searched
