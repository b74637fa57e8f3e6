"""A picture cut from georeferenced ground is placed where it was cut."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.errors import UsageError
from imgcheck.geo import NotPlaced, Placed, features
from imgcheck.imaging import Image, annotations, registration, transforms
from tests.imaging.ground import ground, jpeg, view

# UTM 37N, 2 m pixels, near Deir ez-Zor.
_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)


def place(picture, gray, *, transform, crs, picture_mask=None, reference_mask=None, mirrored=False):
    reference = geo.of_arrays(gray, reference_mask, transform=transform, crs=crs)
    prior = geo.Prior(mirrored=mirrored)
    return geo.locate(picture, [reference], picture_mask=picture_mask, prior=prior)


def register(picture, gray):
    query = registration.picture_features(picture)
    reference = geo.of_arrays(gray, transform=_UTM, crs=32637)
    return features.register(query, picture.shape, reference)


@pytest.fixture(scope="module")
def reference():
    return ground((520, 600), seed=31, blocks=220)


@pytest.fixture(scope="module")
def placed(reference):
    picture, truth = view(reference, size=260, angle=30, scale=0.8)
    found = place(jpeg(picture, quality=70), reference, transform=_UTM, crs="EPSG:32637")
    assert isinstance(found, Placed), found
    return found, truth, picture.shape


def test_matrix_leads_to_crs_coordinates_within_a_metre(placed):
    found, truth, shape = placed
    affine = np.array([_UTM[:3], _UTM[3:], (0, 0, 1)])
    ring = transforms.corners(shape)
    gap = transforms.apply(found.matrix, ring) - transforms.apply(affine @ truth, ring)
    assert np.hypot(*gap.T).max() < 1.0


def test_ground_sample_distance_is_that_of_the_cut(placed):
    # UTM stretches by at most 4 in 10,000 near its central meridian.
    assert placed[0].gsd_m == pytest.approx(2.0 / 0.8, rel=2e-3)


def test_north_is_where_the_cut_was_turned_to(placed):
    # The cut was turned by 30 degrees clockwise against the grid, whose north is off true
    # north by the meridian convergence: (lon - 39) sin(lat).
    lon, lat = placed[0].centre_lonlat
    convergence = (lon - 39.0) * math.sin(math.radians(lat))
    north = (placed[0].north_deg + 180) % 360 - 180
    assert north == pytest.approx(-30.0 - convergence, abs=0.15)


def test_footprint_is_closed_counter_clockwise_and_of_the_right_area(placed):
    ring = np.array(placed[0].footprint_lonlat)
    assert np.array_equal(ring[0], ring[-1])
    km = earth_km(ring)
    area = 0.5 * float(km[:-1, 0] @ km[1:, 1] - km[1:, 0] @ km[:-1, 1])
    assert area == pytest.approx((260 * 2.5 / 1000) ** 2, rel=0.01)


def earth_km(ring):
    from imgcheck.geo import earth

    return earth.flat_map(ring, centre=tuple(ring[0]))


def test_error_ellipse_is_small_and_ordered(placed):
    major, minor, angle = placed[0].ellipse_m
    assert 0 < minor <= major < 2.0
    assert 0 <= angle < 180


def test_false_match_probability_is_a_measured_limit(placed):
    assert 0 < placed[0].false_match_probability < 0.01


def test_centre_agrees_with_comparison(placed):
    assert geo.compare(placed[0].footprint_lonlat, point=placed[0].centre_lonlat).inside


@pytest.mark.slow
def test_degrees_as_coordinates_still_give_metres(reference):
    step = 1e-4
    picture, _ = view(reference, size=300)
    found = place(picture, reference, transform=(step, 0, -74.0, 0, -step, -8.0), crs="EPSG:4326")
    # One ten-thousandth of a degree at 8 S: 11.02 m east, 11.06 m north.
    assert found.gsd_m == pytest.approx(11.04, abs=0.03)
    assert found.north_deg == pytest.approx(0, abs=0.3) or found.north_deg > 359.7


@pytest.mark.slow
def test_other_ground_is_not_placed_and_that_is_no_error(reference):
    found = place(ground((300, 300), seed=77), reference, transform=_UTM, crs="EPSG:32637")
    assert isinstance(found, NotPlaced) and found.reason


@pytest.mark.slow
def test_a_mirrored_picture_is_placed_only_when_asked_for(reference):
    picture, _ = view(reference, size=300, angle=60)
    picture = np.ascontiguousarray(picture[:, ::-1])
    plain = place(picture, reference, transform=_UTM, crs=32637)
    assert isinstance(plain, NotPlaced)
    found = place(picture, reference, transform=_UTM, crs=32637, mirrored=True)
    assert isinstance(found, Placed) and found.mirrored


def test_nodata_in_the_reference_is_left_out(reference):
    holed = reference.copy()
    holed[:, 300:] = np.nan
    picture, _ = view(reference, size=220, centre=(150.0, 250.0), angle=10)
    found = place(
        picture, holed, transform=_UTM, crs="EPSG:32637", reference_mask=np.isfinite(holed)
    )
    assert isinstance(found, Placed)
    assert found.registration.reference_points[:, 0].max() < 300


@pytest.mark.parametrize("scale", [1.0, 0.35])
def test_a_reference_beyond_the_feature_side_is_searched(reference, monkeypatch, scale):
    monkeypatch.setattr(features, "FEATURE_SIDE", 300)
    monkeypatch.setattr(features, "TILE_OVERLAP", 150)
    size = round(180 * scale) if scale == 1.0 else 180
    picture, truth = view(reference, size=size, centre=(420.0, 320.0), angle=50, scale=scale)
    found = register(picture, reference)
    assert isinstance(found, registration.Registered), found
    ring = transforms.corners(picture.shape)
    gap = transforms.apply(found.matrix, ring) - transforms.apply(truth, ring)
    assert np.hypot(*gap.T).max() < 1.5


def test_a_reference_too_large_to_tile_is_named(reference, monkeypatch):
    monkeypatch.setattr(features, "FEATURE_SIDE", 300)
    monkeypatch.setattr(features, "TILE_OVERLAP", 150)
    monkeypatch.setattr(features, "MOST_TILES", 1)
    found = register(ground((200, 200), seed=5), reference)
    assert isinstance(found, registration.NotRegistered) and "600 x 520" in found.reason


@pytest.mark.parametrize(
    ("transform", "crs"),
    [((1, 0, 0), 32637), ((0, 0, 0, 0, 0, 0), 32637), (_UTM, "no such thing"), (_UTM, None)],
)
def test_a_reference_without_a_place_is_refused(reference, transform, crs):
    with pytest.raises(UsageError):
        place(reference, reference, transform=transform, crs=crs)


def test_no_place_is_known_better_than_an_eighth_of_a_reference_pixel(placed):
    _, minor, _ = placed[0].ellipse_m
    assert minor > 2.0 / 8.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "reference"),
    [
        ("wrong-date", "2017-05-20.tif"),
        ("wrong-date", "2017-08-15.tif"),
        ("honest-post", "2017-08-30.tif"),
        ("honest-post", "2017-09-18.tif"),
        ("deir-ez-zor-2017", "2017-08-28.tif"),
    ],
)
def test_the_true_centre_of_a_sample_of_another_day_lies_in_its_ellipse(sample, reference):
    folder = Path(__file__).parents[2] / "samples" / sample
    truth = json.loads((folder / "truth.json").read_text())["post"]["transform_px_to_crs"]
    post, known = Image.open(folder / "post.jpg"), Image.open(folder / "reference" / reference)
    found = place(
        post.gray(),
        known.gray(),
        transform=known.georeference.transform,
        crs=known.georeference.crs,
        picture_mask=~annotations.find(post.rgb()),
    )
    assert isinstance(found, Placed) and found.path == "fast"
    middle = [[post.width / 2, post.height / 2]]
    east, north = (transforms.apply(found.matrix, middle) - transforms.apply(truth, middle))[0]
    major, minor, angle = found.ellipse_m
    turn = math.radians(angle)
    along = east * math.sin(turn) + north * math.cos(turn)
    across = east * math.cos(turn) - north * math.sin(turn)
    # The sun stood elsewhere: light on relief pulls all features by some hundredths of a metre.
    assert math.hypot(east, north) > 0.02
    assert (along / major) ** 2 + (across / minor) ** 2 < 1
