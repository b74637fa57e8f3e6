"""References and pictures that show nothing, or lie at the ends of the map: a clear answer."""

from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.geo import locating, settling
from imgcheck.imaging import transforms
from imgcheck.imaging.registration import NotRegistered
from tests.imaging.ground import ground, view

_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)


@pytest.fixture(scope="module")
def shown():
    return ground((300, 340), seed=31, blocks=120)


@pytest.fixture(scope="module")
def picture(shown):
    return view(shown, size=200, angle=40)[0]


def place(picture, gray, *, transform=_UTM, crs="EPSG:32637", prior=None, **masks):
    reference = geo.of_arrays(gray, masks.get("reference_mask"), transform=transform, crs=crs)
    return geo.locate(picture, [reference], picture_mask=masks.get("picture_mask"), prior=prior)


def locate(picture, gray, **more):
    return place(picture, gray, prior=geo.Prior(gsd_m=(1.5, 3)), **more)


@pytest.mark.parametrize(
    "reference",
    [
        np.zeros((300, 300), np.float32),
        np.full((300, 300), np.nan, np.float32),
        np.full((40, 40), 0.5, np.float32),
        np.full((1, 500), 0.5, np.float32),
        np.full((300, 300), np.inf, np.float32),
    ],
    ids=["constant", "NaN", "40 px", "one row", "infinite"],
)
def test_a_reference_that_shows_nothing_places_nothing(picture, reference):
    found = locate(picture, reference)
    assert isinstance(found, geo.NotPlaced) and found.reason


def test_a_small_piece_of_the_ground_places_nothing_or_rightly(picture, shown):
    found = locate(picture, shown[100:140, 100:140])
    assert isinstance(found, geo.NotPlaced) and found.reason


def test_a_reference_that_is_all_nodata_places_nothing(picture, shown):
    found = locate(picture, shown, reference_mask=np.zeros(shown.shape, bool))
    assert isinstance(found, geo.NotPlaced) and found.reason


def test_a_picture_that_is_all_masked_is_not_placed(picture, shown):
    found = locate(picture, shown, picture_mask=np.zeros(picture.shape, bool))
    assert isinstance(found, geo.NotPlaced) and "drawn over" in found.reason


@pytest.mark.parametrize("value", [0.3, np.nan], ids=["flat", "NaN"])
def test_a_picture_of_nothing_is_not_placed(shown, value):
    found = locate(np.full((200, 200), value, np.float32), shown)
    assert isinstance(found, geo.NotPlaced) and found.reason


@pytest.mark.parametrize(
    "crs",
    [
        'LOCAL_CS["site grid",UNIT["metre",1]]',
        'ENGCRS["site grid",EDATUM["a peg"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
        'LENGTHUNIT["metre",1]]',
        "EPSG:4978",
    ],
    ids=["local", "engineering", "geocentric"],
)
def test_a_crs_without_longitude_and_latitude_is_refused_in_words(picture, shown, crs):
    with pytest.raises(UsageError, match="CRS"):
        place(picture, shown, transform=_UTM, crs=crs)


@pytest.mark.slow
def test_a_footprint_over_the_date_line_keeps_its_size_and_place(picture, shown):
    # 2e-5 degrees a pixel; the date line runs through the middle of the reference.
    step = 2e-5
    across = (step, 0, 180.0 - step * shown.shape[1] / 2, 0, -step, -17.0)
    west = (step, 0, 100.0, 0, -step, -17.0)
    over = place(picture, shown, transform=across, crs="EPSG:4326")
    plain = place(picture, shown, transform=west, crs="EPSG:4326")
    assert over.gsd_m == pytest.approx(plain.gsd_m, rel=1e-6)
    assert over.north_deg == pytest.approx(plain.north_deg, abs=1e-6)
    assert over.ellipse_m[0] == pytest.approx(plain.ellipse_m[0], rel=1e-6)
    lon = np.array(over.footprint_lonlat)[:, 0]
    assert lon.min() < -179.9 and lon.max() > 179.9
    compared = geo.compare(over.footprint_lonlat, bbox=(179.9, -17.1, -179.9, -16.9))
    assert compared.inside


@pytest.mark.slow
def test_a_footprint_over_the_date_line_is_counter_clockwise(picture, shown):
    step = 2e-5
    across = (step, 0, 180.0 - step * shown.shape[1] / 2, 0, -step, -17.0)
    ring = np.array(place(picture, shown, transform=across, crs="EPSG:4326").footprint_lonlat)
    x, y = ring[:, 0] % 360.0, ring[:, 1]
    assert x[:-1] @ y[1:] - x[1:] @ y[:-1] > 0


@pytest.mark.slow
def test_a_footprint_around_the_pole_is_compared_with_what_surrounds_it(picture, shown):
    # Polar stereographic, 20 m pixels, the pole in the middle of the reference.
    polar = (20.0, 0.0, -20.0 * shown.shape[1] / 2, 0.0, -20.0, 20.0 * shown.shape[0] / 2)
    found = place(picture, shown, transform=polar, crs="EPSG:3413")
    assert isinstance(found, geo.Placed)
    assert np.isfinite(found.footprint_lonlat).all()
    assert found.gsd_m == pytest.approx(20.0, rel=0.05)
    assert geo.compare(found.footprint_lonlat, bbox=(-180, 89, 180, 90)).inside
    away = geo.compare(found.footprint_lonlat, bbox=(-180, -10, 180, 10))
    assert away.distance_km > 8000


@pytest.mark.slow
def test_a_picture_whose_place_has_no_longitude_is_not_placed(picture, shown):
    # So far off that UTM has no inverse.
    nowhere = (2e6, 0.0, 1e12, 0.0, -2e6, 1e12)
    found = place(picture, shown, transform=nowhere, crs="EPSG:32637")
    assert isinstance(found, geo.NotPlaced) and "longitude" in found.reason


@pytest.mark.slow
@pytest.mark.parametrize("path", ["fast", "structural"])
def test_bytes_and_floats_of_one_picture_give_one_answer(picture, shown, path, monkeypatch):
    if path == "structural":
        monkeypatch.setattr(
            geo.locating.features, "register", lambda *a, **k: NotRegistered(reason="")
        )

    def found(one, other):
        return locate(one, other)

    seen, known = (np.round(255 * values).astype(np.uint8) for values in (picture, shown))
    as_floats = [np.asarray(values / np.float32(255), np.float32) for values in (seen, known)]
    answers = [
        found(seen, known),
        found(*as_floats),
        found(seen, as_floats[1]),
        found(as_floats[0].astype(np.float64), known),
    ]
    for answer in answers:
        assert isinstance(answer, geo.Placed), answer
        assert answer.path == path
        assert np.array_equal(answer.matrix, answers[0].matrix)
        assert answer.ellipse_m == answers[0].ellipse_m


@pytest.mark.slow
def test_nan_is_no_data_on_either_side(picture, shown):
    holes, broken = picture.copy(), shown.copy()
    holes[:, :60], broken[:, :80] = np.nan, np.nan
    masked = place(
        picture,
        shown,
        transform=_UTM,
        crs="EPSG:32637",
        picture_mask=np.isfinite(holes),
        reference_mask=np.isfinite(broken),
    )
    found = place(holes, broken, transform=_UTM, crs="EPSG:32637")
    assert isinstance(found, geo.Placed) and isinstance(masked, geo.Placed)
    assert found.ellipse_m[:2] == pytest.approx(masked.ellipse_m[:2], rel=0.2)
    assert found.centre_lonlat == pytest.approx(masked.centre_lonlat, abs=2e-6)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda p: (p * 255).astype(np.float32), "values from .* floats in"),
        (lambda p: (p * 60000).astype(np.uint16), "type uint16"),
        (lambda p: p > 0.5, "type bool"),
        (lambda p: -p, "values from -"),
        (lambda p: np.stack([p] * 3, -1), "gray"),
    ],
    ids=["0-255 floats", "uint16", "bool", "negative", "colour"],
)
@pytest.mark.parametrize("side", ["picture", "reference"])
def test_another_type_or_range_is_refused_in_words(picture, shown, wrong, words, side):
    given = {"picture": picture, "reference": shown}
    given[side] = wrong(given[side])
    with pytest.raises((UsageError, GridMismatchError), match=words) as caught:
        place(given["picture"], given["reference"])
    assert side in str(caught.value)


def test_a_mask_of_another_shape_is_refused(picture, shown):
    with pytest.raises(GridMismatchError, match="mask of the picture"):
        locate(picture, shown, picture_mask=np.ones((3, 3), bool))
    with pytest.raises(GridMismatchError, match="mask of the reference"):
        locate(picture, shown, reference_mask=np.ones((3, 3), bool))


@pytest.mark.parametrize(
    ("gsd_m", "words"),
    [
        # 200 pixels a side, on reference pixels of 2 m.
        ((0.5, 0.99), "99 x 99 pixels of the reference, and 100 a side are needed: use a finer"),
        ((5.0, 6.0), "more ground than the reference: use a larger reference"),
    ],
)
def test_a_stated_size_that_leaves_nothing_to_search_is_said_with_a_way_out(shown, gsd_m, words):
    other = ground(shown.shape, seed=77, blocks=120)
    found = place(view(other, size=200)[0], shown, prior=geo.Prior(gsd_m=gsd_m))
    assert isinstance(found, geo.NotPlaced) and words in found.reason


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        # 200 pixels a side on 300 x 340: at least 100 reference pixels, at most 1.3 times 340.
        ((0.1, 0.5), None), ((0.1, 0.495), "finer reference"),
        ((2.21, 2.5), None), ((2.22, 2.5), "larger reference"), (None, None),
    ],
)  # fmt: skip
def test_only_sizes_within_two_limits_are_searched(scale, words):
    reason = locating._ill_sized((160, 250), (300, 340), scale)
    assert (reason is None) == (words is None)
    assert words is None or words in reason


@pytest.mark.parametrize("side", ["picture", "reference"])
def test_what_has_no_texture_is_named_with_a_way_out(picture, shown, side):
    given = {"picture": picture, "reference": shown}
    rng = np.random.default_rng(5)
    faint = 0.5 + 0.002 * rng.random(given[side].shape)
    given[side] = faint.astype(np.float32)
    found = locate(given["picture"], given["reference"])
    assert isinstance(found, geo.NotPlaced)
    assert f"the {side} has one uniform tone and shows no ground: use another {side}" in (
        found.reason
    )


@pytest.mark.slow
@pytest.mark.parametrize("look", ["inverted", "folded"])
def test_a_picture_of_another_band_is_placed_rightly_or_not_at_all(shown, look):
    picture, truth = view(shown, size=220, angle=40)
    picture = 1 - picture if look == "inverted" else np.abs(2 * picture - 1)
    found = locate(picture.astype(np.float32), shown)
    if look == "inverted":
        assert isinstance(found, geo.Placed) and found.path == "structural"
    if isinstance(found, geo.Placed):
        matrix = found.registration.matrix
        middle = [[110.0, 110.0]]
        gap = transforms.apply(matrix, middle) - transforms.apply(truth, middle)
        assert np.hypot(*gap[0]) < 3


def test_few_features_on_few_pixels_of_the_reference_are_refused_with_a_way_out(shown):
    found = SimpleNamespace(
        inliers=12, matches=40, distinct=10, picture_points=np.zeros((12, 2)), log10_nfa=-20.0,
        picture_shape=(300, 300), matrix=np.diag([0.3, 0.3, 1.0]),
    )  # fmt: skip
    refused = settling.settle(found, np.zeros((300, 300), np.float32), None, None)
    assert isinstance(refused, NotRegistered)
    assert "on 90 pixels a side of the reference, and 100 are needed: use a finer" in refused.reason
