"""A picture is found in an indexed area; the index is resumed, checked, and never trusted."""

import sqlite3

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from imgcheck import geo, scene
from imgcheck.errors import IndexFileError, UnreadableError, UsageError
from imgcheck.geo import area, earth
from imgcheck.geo.area import building, planning, searching, store, sweep
from imgcheck.geo.area.store import TILE, Levels, Store
from imgcheck.imaging import Image, transforms
from tests.imaging.ground import jpeg, view

pytestmark = pytest.mark.slow

_GSD = 1.5
_SIDE = (1500, 2500)
# The frame lies over the border of two tiles.
_AT = (1750, 520)
_SCALE = 0.85
_PRIOR = geo.Prior(gsd_m=(_GSD / _SCALE / 1.1, _GSD / _SCALE * 1.1))


def taken(plan, *, elevation, azimuth, greenness, seed):
    shot = scene.render(
        plan,
        gsd=_GSD,
        sun_elevation_deg=elevation,
        sun_azimuth_deg=azimuth,
        greenness=greenness,
        seed=seed,
        oversample=1,
        noise=0.02,
    )
    return (shot.rgb.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])).astype(np.uint8)


def write(path, gray, *, left=600_000.0, top=3_918_000.0, crs="EPSG:32637"):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=gray.shape[1],
        height=gray.shape[0],
        count=1,
        dtype=gray.dtype,
        crs=crs,
        transform=Affine(_GSD, 0, left, 0, -_GSD, top) if crs else None,
        tiled=True,
        nodata=0,
    ) as target:
        target.write(gray, 1)
    return path


@pytest.fixture(scope="module")
def plan():
    return scene.arid_plain(seed=5, width_m=840.0, height_m=690.0)


@pytest.fixture(scope="module")
def spring(plan):
    return taken(plan, elevation=58.0, azimuth=150.0, greenness=0.9, seed=1)


@pytest.fixture(scope="module")
def picture(plan):
    autumn = taken(plan, elevation=27.0, azimuth=235.0, greenness=0.05, seed=2)
    cut, truth = view(
        autumn.astype(np.float32) / 255, size=260, angle=205, scale=_SCALE, centre=(280.0, 230.0)
    )
    return jpeg(cut, quality=45), truth


@pytest.fixture(scope="module")
def mosaic(tmp_path_factory, spring):
    """Mirrored copies of the ground everywhere, and the ground itself once."""
    wide = np.tile(spring[:, ::-1], (4, 5))[: _SIDE[0], : _SIDE[1]].copy()
    wide[_AT[1] : _AT[1] + spring.shape[0], _AT[0] : _AT[0] + spring.shape[1]] = spring
    return write(tmp_path_factory.mktemp("area") / "mosaic.tif", wide)


@pytest.fixture(scope="module")
def index(mosaic):
    path = mosaic.parent / "area.index"
    area.build([mosaic], path)
    return path


@pytest.fixture(scope="module")
def found(picture, index):
    return area.search(picture[0], index, prior=_PRIOR)


def test_a_picture_of_another_season_is_placed_over_the_border_of_two_tiles(found, picture, mosaic):
    assert isinstance(found, area.AreaMatch), found
    assert found.path == mosaic
    truth = np.array([[1, 0, _AT[0]], [0, 1, _AT[1]], [0, 0, 1.0]]) @ picture[1]
    ring = transforms.corners(picture[0].shape)
    matrix = found.placed.registration.matrix
    gap = transforms.apply(matrix, ring) - transforms.apply(truth, ring)
    assert np.hypot(*gap.T).max() < 3.0
    ground = transforms.apply(found.placed.matrix, ring)
    there = transforms.apply(truth, ring) * [_GSD, -_GSD] + [600_000.0, 3_918_000.0]
    assert np.hypot(*(ground - there).T).max() < 3.0 * _GSD


def test_the_window_holds_the_place_and_the_place_outdoes_all_others(found, picture):
    x, y, width, height = found.window
    ring = transforms.apply(found.placed.registration.matrix, transforms.corners(picture[0].shape))
    assert (ring >= [x, y]).all() and (ring <= [x + width, y + height]).all()
    assert found.surprise > found.rival
    assert found.placed.false_match_probability < 1e-3


def test_a_picture_is_not_placed_where_only_its_mirror_image_is(picture, index, monkeypatch):
    monkeypatch.setattr(searching, "_LOOKS", searching._LOOKS[:1])
    # All but one frame are mirrored: the picture as it is lies on none of them.
    far = geo.Prior(gsd_m=_PRIOR.gsd_m, near=(*_lonlat(300, 300), 0.15))
    answer = area.search(picture[0], index, prior=far)
    assert isinstance(answer, geo.NotPlaced) and answer.reason


def _lonlat(x, y):
    at = [[600_000.0 + x * _GSD, 3_918_000.0 - y * _GSD]]
    return tuple(float(v) for v in earth.to_lonlat(earth.system_of(32637), at)[0])


def test_the_picture_is_found_around_a_claimed_place(picture, index, found):
    truth = transforms.apply(picture[1], [[130.0, 130.0]])[0] + _AT
    near = geo.Prior(gsd_m=_PRIOR.gsd_m, near=(*_lonlat(*(truth + 40)), 0.1))
    answer = area.search(picture[0], index, prior=near)
    assert isinstance(answer, area.AreaMatch), answer
    assert answer.path == found.path


def test_a_claimed_place_outside_of_the_area_is_said(picture, index):
    answer = area.search(picture[0], index, prior=geo.Prior(near=(0.0, 10.0, 5.0)))
    assert answer.reason == "the claimed place lies outside of the indexed area"


def test_a_search_on_one_reference_keeps_to_a_claimed_place(spring, picture):
    gray = spring.astype(np.float32) / 255
    reference = geo.of_arrays(
        gray, transform=(_GSD, 0, 600_000.0, 0, -_GSD, 3_918_000.0), crs=32637
    )
    at = transforms.apply(picture[1], [[130.0, 130.0]])[0]
    right = geo.Prior(gsd_m=_PRIOR.gsd_m, near=(*_lonlat(*at), 0.2))
    wrong = geo.Prior(gsd_m=_PRIOR.gsd_m, near=(10.0, 50.0, 5.0))
    cut = gray[100:400, 100:400]
    found = geo.locate(cut, [reference], prior=right)
    assert isinstance(found, geo.Placed), found
    matrix = found.registration.matrix / found.registration.matrix[2, 2]
    assert matrix == pytest.approx(np.array([[1, 0, 100], [0, 1, 100], [0, 0, 1]]), abs=0.1)
    nothing = geo.locate(cut, [reference], prior=wrong)
    assert (
        isinstance(nothing, geo.NotPlaced)
        and "the area to which the search was limited" in nothing.reason
    )


def test_the_mirror_image_of_a_picture_is_found_when_asked_for(picture, index, found, monkeypatch):
    monkeypatch.setattr(searching, "_LOOKS", searching._LOOKS[:1])
    mirrored = np.ascontiguousarray(picture[0][:, ::-1])
    centre = found.placed.centre_lonlat
    prior = geo.Prior(gsd_m=_PRIOR.gsd_m, near=(*centre, 0.1), mirrored=True)
    answer = area.search(mirrored, index, prior=prior)
    assert isinstance(answer, area.AreaMatch) and answer.placed.mirrored
    assert answer.placed.centre_lonlat == pytest.approx(centre, abs=1e-5)


class _Killed(Exception):
    pass


def test_a_killed_build_goes_on_where_it_stopped(mosaic, tmp_path, index):
    seen = []

    def kill(step, position, total):
        seen.append((position, total))
        if len(seen) == 2:
            raise _Killed

    path = tmp_path / "killed.index"
    with pytest.raises(_Killed):
        area.build([mosaic], path, progress=kill)
    with pytest.raises(IndexFileError, match="unfinished: 1 tiles are missing"):
        area.search(np.zeros((100, 100), np.float32), path)
    built = area.build([mosaic], path)
    assert (built.made, built.tiles) == (1, 2)
    assert area.build([mosaic], path).made == 0
    with Store.open(path) as one, Store.open(index) as other:
        for a, b in zip(one.sources(), other.sources(), strict=True):
            assert np.array_equal(one.tile(a, 0, 1, 2), other.tile(b, 0, 1, 2))


def test_a_damaged_tile_is_one_sentence(index, tmp_path, picture):
    path = tmp_path / "damaged.index"
    path.write_bytes(index.read_bytes())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tile SET data = x'789c00' WHERE level = 2 AND col = 0")
        connection.execute("UPDATE tile SET data = x'789c00' WHERE level = 1 AND col = 0")
        connection.execute("UPDATE tile SET data = x'789c00' WHERE level = 3 AND col = 0")
    connection.close()
    with pytest.raises(IndexFileError, match="wrong check sum; delete it and build it again"):
        area.search(picture[0], path, prior=_PRIOR)


@pytest.mark.parametrize("cut", [10, 100, 5000, 20_000])
def test_a_cut_index_never_passes_for_a_whole_one(index, tmp_path, cut):
    path = tmp_path / "cut.index"
    path.write_bytes(index.read_bytes()[:cut])
    with pytest.raises(IndexFileError):
        area.search(np.zeros((100, 100), np.float32), path)


def test_other_files_are_no_index(tmp_path, mosaic):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE source (id INTEGER)")
    connection.close()
    with pytest.raises(IndexFileError, match="is not an area index"):
        area.build([mosaic], path)
    with pytest.raises(IndexFileError, match="is not an area index"):
        area.build([mosaic], mosaic)
    with pytest.raises(IndexFileError, match="there is no index"):
        area.search(np.zeros((100, 100), np.float32), tmp_path / "none")


def test_a_changed_reference_is_noticed_and_indexed_again(tmp_path, spring, picture):
    reference = write(tmp_path / "one.tif", spring)
    index = tmp_path / "one.index"
    area.build([reference], index)
    write(reference, spring[::-1].copy())
    with pytest.raises(IndexFileError, match="has changed since the index was built"):
        area.search(picture[0], index, prior=_PRIOR)
    assert area.build([reference], index).made == 1
    reference.unlink()
    with pytest.raises(IndexFileError, match="is gone"):
        area.search(picture[0], index, prior=_PRIOR)


def test_an_open_reference_is_not_opened_again(tmp_path, spring, picture):
    path = write(tmp_path / "one.tif", spring)
    image, index = Image.open(path), tmp_path / "one.index"
    area.build([image], index)
    path.unlink()
    answer = area.search(picture[0], index, prior=_PRIOR, images=[image])
    assert isinstance(answer, area.AreaMatch)
    with pytest.raises(IndexFileError, match="is gone"):
        area.search(picture[0], index, prior=_PRIOR)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_folder_of_references_names_the_right_one(tmp_path, spring, picture):
    folder = tmp_path / "many"
    folder.mkdir()
    write(folder / "a.tif", spring[:, ::-1].copy(), left=700_000.0)
    write(folder / "b.tif", spring)
    write(folder / "c.tif", spring, crs=None)
    built = area.build([folder], tmp_path / "many.index")
    assert built.sources == 2
    assert [path.name for path, _ in built.skipped] == ["c.tif"]
    answer = area.search(picture[0], tmp_path / "many.index", prior=_PRIOR)
    assert isinstance(answer, area.AreaMatch), answer
    assert answer.path == folder / "b.tif"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_named_reference_without_a_place_is_refused(tmp_path, spring):
    path = write(tmp_path / "bare.tif", spring, crs=None)
    with pytest.raises(UnreadableError, match="no georeference"):
        area.build([path], tmp_path / "bare.index")
    with pytest.raises(UsageError, match="no reference given"):
        area.build([], tmp_path / "bare.index")


def test_no_more_than_a_tile_of_a_reference_is_read_at_once(mosaic, tmp_path, monkeypatch):
    read = Image.read
    sizes = []

    def counted(self, window=None, out_shape=None, bands=None):
        sizes.append(window[2] * window[3])
        return read(self, window, out_shape=out_shape, bands=bands)

    monkeypatch.setattr(Image, "read", counted)
    monkeypatch.setattr(Image, "rgb", lambda self: pytest.fail("decoded whole"))
    area.build([mosaic], tmp_path / "again.index")
    assert max(sizes) <= TILE**2


def test_unpacked_tiles_are_kept_within_bounds(index, monkeypatch):
    monkeypatch.setattr(store, "_MOST_KEPT", 1 << 20)
    with Store.open(index) as opened:
        kept = Levels(opened)
        for level in (1, 2, 3):
            kept.window(opened.sources()[0], level, (0, 0, 1000, 700))
            assert sum(tile.nbytes for tile in kept._kept.values()) <= 1 << 20


def test_deep_samples_are_stretched_alike_in_all_tiles(tmp_path):
    ramp = np.linspace(1000, 9000, 2500).astype(np.uint16)
    path = write(tmp_path / "deep.tif", np.tile(ramp, (300, 1)))
    area.build([path], tmp_path / "deep.index")
    with Store.open(tmp_path / "deep.index") as opened:
        row = Levels(opened).window(opened.sources()[0], 1, (0, 50, 1250, 1))[0]
    assert np.abs(np.diff(row.astype(int))).max() <= 2
    assert row.max() > 250 and row.min() < 5


def test_unknown_pixels_stay_unknown_in_reduced_tiles():
    gray = np.full((64, 64), 0.5, np.float32)
    valid = np.ones((64, 64), bool)
    valid[:, :33] = False
    half = building.reduced(gray, valid)[0]
    assert (half[:, :16] == 0).all()
    assert (half[:, 17:] == 128).all()


def test_tiles_of_the_search_leave_no_place_out():
    flat = np.random.default_rng(1).random((200, 260), np.float32)
    shape = sweep.template(flat, np.ones(flat.shape, bool), 1.0, factor=4.0)
    with_size = area_source(width=5000, height=3100)
    covered = np.zeros((775, 1250), bool)
    inner = round(shape.margin * shape.window / shape.side)
    step = int((shape.side - 2 * shape.margin) * shape.window / shape.side)
    for cut in sweep.cuts(shape, with_size, None):
        y, x = cut.y + inner, cut.x + inner
        covered[max(0, y) : y + step, max(0, x) : x + step] = True
    assert covered.all()


def test_a_claimed_place_saves_tiles():
    flat = np.random.default_rng(1).random((200, 260), np.float32)
    shape = sweep.template(flat, np.ones(flat.shape, bool), 1.0, factor=4.0)
    source = area_source(width=20_000, height=20_000)
    near = sweep.cuts(shape, source, sweep.Circle(x=9000.0, y=3000.0, radius=1000.0))
    assert 1 <= len(near) <= 9 < len(sweep.cuts(shape, source, None))


def area_source(**changed):
    from pathlib import Path

    from imgcheck.geo.area.store import Source

    given = {
        "id": 1,
        "path": Path("a.tif"),
        "size": 1,
        "sha256": "",
        "width": 1000,
        "height": 1000,
        "crs": "EPSG:32637",
        "transform": (1.5, 0.0, 600_000.0, 0.0, -1.5, 3_918_000.0),
        "gsd_m": 1.5,
        "stretch": None,
    } | changed
    return Source(**given)


def test_references_of_other_pixel_sizes_are_searched_at_their_own_scales():
    sources = [area_source(id=1, gsd_m=1.5), area_source(id=2, gsd_m=6.0, width=4000, height=4000)]
    plan = planning.plan((800, 800), sources, geo.Prior(gsd_m=(1.4, 1.6)))
    by_source = {step.sources[0].id: step.scale for step in plan.steps}
    assert by_source[1] == pytest.approx(1.0, rel=0.1)
    assert by_source[2] == pytest.approx(0.25, rel=0.1)


def test_sizes_beyond_what_the_search_affords_are_left_out_and_said(monkeypatch):
    monkeypatch.setattr(planning, "_MOST_WORK", 1e6)
    plan = planning.plan((300, 300), [area_source(width=9000, height=9000)], None)
    assert plan.reason == "the finest pixel sizes were not searched, to limit the computing time"
    assert max(step.scale for step in plan.steps) > 3


def test_a_picture_that_is_all_drawn_over_is_not_placed(index, picture):
    nothing = np.zeros(picture[0].shape, bool)
    answer = area.search(picture[0], index, picture_mask=nothing)
    assert answer.reason == "too little of the picture is ground that was not drawn over"


def test_transforms_of_long_strips_stay_small():
    source = area_source(width=20_000, height=20_000)
    plan = planning.plan((100, 4000), [source], geo.Prior(gsd_m=(1.4, 1.6)))
    strip = np.random.default_rng(2).random((100, 4000), np.float32)
    for step in plan.steps:
        shape = sweep.template(strip, np.ones(strip.shape, bool), step.scale, factor=step.factor)
        assert shape.side == 512
