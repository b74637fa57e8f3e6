"""What is said of a place: where, how sure, what kind of agreement, and against which claim."""

import io

import numpy as np
import pytest
import rasterio
from PIL import Image as Pillow

from imgcheck.case import Case, Reference
from imgcheck.checks.geo_place import geo_place
from imgcheck.geo import earth
from imgcheck.imaging import Image
from imgcheck.model import Claim, Outcome
from imgcheck.model.claimfile import loads
from tests.imaging.ground import ground, view

# UTM 37N, 2 m pixels, near Deir ez-Zor.
_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_SIDE = (420, 480)


def georeferenced(gray, tmp_path_factory, *, east=0.0):
    path = tmp_path_factory.mktemp("sheets") / "sheet.tif"
    transform = rasterio.Affine(*_UTM[:2], _UTM[2] + east, *_UTM[3:])
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=gray.shape[0],
        width=gray.shape[1],
        count=3,
        dtype="uint8",
        crs="EPSG:32637",
        transform=transform,
    ) as out:
        out.write(np.repeat((255 * gray).astype(np.uint8)[None], 3, axis=0))
    return Image.open(path)


@pytest.fixture(scope="module")
def shown():
    return ground(_SIDE, seed=31, blocks=200)


@pytest.fixture(scope="module")
def sheet(shown, tmp_path_factory):
    return Reference(id="before", image=georeferenced(shown, tmp_path_factory))


@pytest.fixture(scope="module")
def picture(shown):
    return view(shown, size=240, centre=(240.0, 210.0))[0]


def case(gray, *references, claim=""):
    stream = io.BytesIO()
    rgb = np.repeat((255 * gray).astype(np.uint8)[..., None], 3, axis=2)
    Pillow.fromarray(np.ascontiguousarray(rgb)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="post.png")
    return Case(image=image, claim=loads(claim) if claim else Claim(), references=references)


def lonlat(x, y):
    at = [_UTM[2] + 2 * x, _UTM[5] - 2 * y]
    lon, lat = earth.to_lonlat(earth.system_of("EPSG:32637"), [at])[0]
    return float(lon), float(lat)


def box_east_of(x):
    """A claimed box that begins at a column of the reference."""
    return box(lonlat(x, 0)[0])


def box(west):
    return f"statements:\n  - place: {{bbox: [{west:.9f}, 35.2, {west + 0.1:.9f}, 35.6]}}\n"


def test_place_error_path_kind_and_chance_are_said(picture, sheet):
    (finding,) = geo_place.run(case(picture, sheet))
    assert finding.outcome is Outcome.INCONCLUSIVE
    for words in ("by matching local features", "to within", "made from that image"):
        assert words in finding.summary
    assert "pictures of other places matched" in finding.summary
    measured = {m.name: m.value for m in finding.measures}
    assert measured["path"] == "fast"
    assert measured["kind of agreement"] in ("same", "derived")
    assert 0 < measured["probability of a false match"] < 0.01


def test_a_mirrored_picture_is_placed_and_called_mirrored(picture, sheet):
    (finding,) = geo_place.run(case(picture[:, ::-1], sheet))
    assert "a mirror image of the place" in finding.summary


# The picture ends at column 360 of the reference.
@pytest.mark.parametrize(
    ("column", "outcome"), [(300, Outcome.SUPPORTS), (400, Outcome.CONTRADICTS)]
)
def test_a_claimed_place_beside_the_picture_is_contradicted(picture, sheet, column, outcome):
    _, finding = geo_place.run(case(picture, sheet, claim=box_east_of(column)))
    assert finding.outcome is outcome, finding.summary
    assert finding.error_rate is not None


@pytest.mark.slow
@pytest.mark.parametrize("radius", ["", ", radius_km: 5"])
def test_a_place_with_latitude_and_longitude_exchanged_is_hinted_at(picture, sheet, radius):
    lon, lat = lonlat(240, 210)
    claim = f"statements:\n  - place: {{lat: {lon:.5f}, lon: {lat:.5f}{radius}}}\n"
    _, finding = geo_place.run(case(picture, sheet, claim=claim))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "with latitude and longitude exchanged" in finding.summary
    assert "right order" in finding.would_change[0]
    claim = f"statements:\n  - place: {{lat: {lat:.5f}, lon: {lon:.5f}{radius}}}\n"
    _, finding = geo_place.run(case(picture, sheet, claim=claim))
    assert finding.outcome is Outcome.SUPPORTS
    assert "exchanged" not in finding.summary


@pytest.mark.slow
def test_a_place_within_the_error_of_the_border_is_not_contradicted(picture, sheet):
    (where, _) = geo_place.run(case(picture, sheet, claim=box_east_of(300)))
    east = max(lon for lon, _ in where.evidence.footprints[0].ring)
    _, finding = geo_place.run(case(picture, sheet, claim=box(east + 1e-7)))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "less than the error of the match" in finding.summary


@pytest.mark.slow
def test_references_that_place_it_on_different_ground_decide_nothing(
    picture, shown, sheet, tmp_path_factory
):
    wrong = Reference(id="moved", image=georeferenced(shown, tmp_path_factory, east=300.0))
    seen = case(picture, sheet, wrong, claim=box_east_of(2000))
    (finding,) = geo_place.run(seen)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "at least one of them is wrong" in finding.summary
    assert seen.placed is None


@pytest.mark.slow
def test_a_picture_of_other_ground_is_no_evidence(sheet):
    claim = box_east_of(300) + "measurements:\n  - gsd_m: {value: 2}\n"
    (finding,) = geo_place.run(case(ground((200, 200), seed=77), sheet, claim=claim))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "could not be placed" in finding.summary
    assert any(
        "only for pixels of 1.3 m to 3 m, according to the claim" in limit
        for limit in finding.limits
    )


def test_a_map_shows_the_outline_of_the_picture_on_the_reference(picture, sheet):
    (finding,) = geo_place.run(case(picture, sheet))
    (shown,) = finding.evidence.pictures
    assert (shown.name, shown.role) == ("place-map.jpg", "map")
    assert shown.label.endswith("the map is 960 m wide")  # 480 pixels of 2 m
    drawn = np.asarray(Pillow.open(io.BytesIO(shown.data))).astype(int)
    assert drawn.shape == (455, 520, 3)
    rows, cols = np.nonzero((drawn[..., 0] - drawn[..., 2]) > 100)  # yellow on grey ground
    scale = 520 / 480  # pixels of the map in one of the reference
    expected = [scale * v for v in (240 - 120, 240 + 120, 210 - 120, 210 + 120)]
    found = [cols.min(), cols.max(), rows.min(), rows.max()]
    assert np.allclose(found, expected, atol=4)
