"""Rasters that are compared tile by tile: shift, threads, killed runs, damaged tiles, dates."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from imgcheck import change
from imgcheck.case import Compared, HowToRun, Reference, compare, comparison
from imgcheck.case.pair import Pair, side_of
from imgcheck.change import sampling, tiling
from imgcheck.change.tiling import TiledChanges
from imgcheck.errors import UsageError
from imgcheck.imaging import REFERENCE_LIMITS, Image, grid, rasters
from tests.change.ground import ground, seen
from tests.cli.test_change import raster

SIDE = 360


class Killed(BaseException):
    """Stands for a kill: nothing of the run is cleaned up."""


@pytest.fixture(autouse=True, scope="module")
def small_tiles() -> Iterator[None]:
    """Cut pictures of 360 px into nine tiles, and measure them on nine blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiling, "_SIDE", 128)
        patch.setattr(tiling, "WHOLE", 300)
        patch.setattr(sampling, "WHOLE", 300)
        patch.setattr(sampling, "_BLOCKS", 3)
        patch.setattr(sampling, "_BLOCK", 96)
        patch.setattr(rasters, "_WHOLE_PIXELS", 0)
        yield


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a pair of which the later one holds a row of squares over the borders of tiles."""
    folder = tmp_path_factory.mktemp("large")
    before = ground(1, SIDE)
    later = before.copy()
    for k in range(10):
        later[20 + 30 * k : 32 + 30 * k, 20 + 30 * k : 32 + 30 * k] += 0.25
    after = seen(np.clip(later, 0, 1), 4)
    return raster(folder / "2016.tif", seen(before, 3)), raster(folder / "2019.tif", after)


@pytest.fixture(scope="module")
def alone(pair) -> TiledChanges:
    """Return the result of one thread without a break."""
    return compared(pair)


def fingerprint(result: TiledChanges) -> str:
    """Return a hash of all that a result holds."""
    digest = hashlib.sha256(repr([result.regions, result.suppressed]).encode())
    for _, scores in result.scores():
        digest.update(scores.tobytes())
    for view in result.views():
        digest.update(view.tobytes())
    return digest.hexdigest()


def compared(pair: tuple[Path, Path], **how) -> TiledChanges:
    found = compare(*pair, how=HowToRun(**how))
    assert isinstance(found, Compared)
    return found.result


def test_a_raster_of_many_tiles_shows_what_one_tile_shows(pair, alone) -> None:
    found = alone
    assert len(found.kept) == 9 and found.registered
    with rasterio.open(pair[0]) as one, rasterio.open(pair[1]) as two:
        arrays = [np.moveaxis(opened.read(), 0, -1) for opened in (one, two)]
    whole = change.detect(*arrays, gsd=0.5)
    assert len(found.regions) == len(whole.regions) == 10
    places = [
        sorted(tuple(one.polygon.mean(axis=0)) for one in each)
        for each in (found.regions, whole.regions)
    ]
    assert np.allclose(*places, atol=1.5)


@pytest.mark.slow
def test_threads_give_the_same_bytes(pair, alone) -> None:
    assert fingerprint(compared(pair, jobs=2)) == fingerprint(alone)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(pair, alone, tmp_path) -> None:
    seen_counts = []

    def killer(done: int, total: int, earlier: int) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        compared(pair, folder=tmp_path / "tiles", progress=killer)
    again = compared(
        pair, folder=tmp_path / "tiles", progress=lambda *counts: seen_counts.append(counts)
    )
    assert seen_counts == [(done, 9, 4) for done in range(5, 10)]
    assert fingerprint(again) == fingerprint(alone)


@pytest.mark.slow
def test_tiles_of_other_images_are_not_taken_over(pair, tmp_path) -> None:
    compared(pair, folder=tmp_path)
    counts = []
    compared(pair[::-1], folder=tmp_path, progress=lambda *one: counts.append(one))
    assert counts[0] == (1, 9, 0)


@pytest.mark.slow
def test_a_half_written_tile_is_scored_again(pair, alone, tmp_path) -> None:
    compared(pair, folder=tmp_path)
    (tmp_path / "tile-000003.npz").unlink()
    (tmp_path / ".0123456789abcdef.part").write_bytes(b"PK half of it")
    assert fingerprint(compared(pair, folder=tmp_path)) == fingerprint(alone)


@pytest.mark.slow
def test_a_large_shift_is_found_on_the_reduced_pair(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sampling, "_REDUCED", 256)
    whole = ground(5, 560)
    one = raster(tmp_path / "a.tif", seen(whole, 6)[60:460, 60:460])
    two = raster(tmp_path / "b.tif", seen(whole, 7)[100:500, 5:405])
    found = compared((one, two))
    assert found.registered
    assert found.shift_px == pytest.approx((55, -40), abs=0.2)


def damaged(pair: tuple[Path, Path], folder: Path) -> Path:
    """Write the later image in blocks, and overwrite one of them."""
    path = folder / "damaged.tif"
    with rasterio.open(pair[1]) as source:
        profile = source.profile | {
            "tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate",
        }  # fmt: skip
        with rasterio.open(path, "w", **profile) as target:
            target.write(source.read())
    with rasterio.open(path) as source:
        offset = int(source.tags(ns="TIFF", bidx=1).get("BLOCK_OFFSET_2_2", 0)) or None
        offset = offset or int(source.get_tag_item("BLOCK_OFFSET_2_2", "TIFF", bidx=1))
    data = bytearray(path.read_bytes())
    data[offset : offset + 2000] = bytes(2000)
    path.write_bytes(data)
    return path


@pytest.mark.slow
def test_an_unreadable_tile_stops_nothing_else_and_is_listed(pair, tmp_path, monkeypatch) -> None:
    found = compare(pair[0], damaged(pair, tmp_path))
    assert isinstance(found, Compared)
    result = found.result
    assert (256, 256) in {(one.tile.top, one.tile.left) for one in result.unreadable}
    assert "damaged.tif" in result.unreadable[0].reason
    assert 1 <= len(result.unreadable) <= 4 and len(result.regions) >= 3


def test_dates_come_from_the_option_or_the_sidecar(pair) -> None:
    def opened(before: str | None, after: str | None) -> tuple[Reference, Reference, list[str]]:
        one = comparison._opened(pair[0], before, "before")
        two = comparison._opened(pair[1], after, "after")
        return one, two, comparison._dates(one, two)

    one, two, notes = opened("2016-07-05", "2019-08-01")
    assert one.date.text == "2016-07-05" and two.date_source == "option" and notes == []
    sidecar = pair[0].parent / "items.json"
    item = {"id": "x", "asset": "2016.tif", "datetime": "2016-07-05T10:00:00Z"}
    sidecar.write_text(json.dumps([item]))
    one, two, notes = opened(None, None)
    assert one.date_source == "sidecar"
    assert notes == ["The date of after, 2019.tif, is not known."]
    assert opened(None, "2016-07-05T10:00:00Z")[2][0].startswith("Both images have one date")
    sidecar.unlink()


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("2019-08-01", "2016-07-05"), "2016.tif is dated 2019-08-01 .* must be the earlier one"),
        (("8-12 Sept", None), "--before-date: .*ISO 8601"),
    ],
)
def test_dates_that_cannot_be_are_named_with_what_is_accepted(pair, dates, words) -> None:
    with pytest.raises(UsageError, match=words):
        compare(*pair, before_date=dates[0], after_date=dates[1])


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bytes(pair, alone) -> None:
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        there = compared(pair, dask=cluster.scheduler_address)
    assert fingerprint(there) == fingerprint(alone)


def with_dtype(path: Path, picture: np.ndarray, crs: str = "EPSG:32637") -> Image:
    return Image.open(raster(path, picture, crs=crs), limits=REFERENCE_LIMITS)


def test_other_bands_and_depths_are_compared_and_stated(tmp_path) -> None:
    colour = (ground(7, 64) * 255).astype(np.uint8)
    one = with_dtype(tmp_path / "colour.tif", colour)
    grey = with_dtype(tmp_path / "grey.tif", colour[..., :1])
    deep = with_dtype(tmp_path / "deep.tif", colour.astype(np.uint16) * 11 + 300)
    assert comparison._depths(one, one) == []
    assert comparison._depths(one, grey) == [
        "colour.tif has 3 band(s) and grey.tif 1: the first three were compared, or brightness "
        "alone."
    ]
    assert "colour.tif has 8 bits and deep.tif 16" in comparison._depths(one, deep)[0]


def test_samples_of_any_depth_and_their_fill_become_numbers_of_one_scale(tmp_path) -> None:
    colour = (ground(8, 96) * 255).astype(np.uint8)
    deep = np.clip(colour.astype(np.uint16), 1, None) * 11
    deep[:30] = 0
    for every_band in (True, False):
        reader = rasters.RasterReader(with_dtype(tmp_path / "deep.tif", deep))
        look = rasters.look_at(reader, every_band=every_band)
        whole = reader.read((0, 0, 96, 96), look)
        assert np.isnan(whole[:30]).all() and np.isfinite(whole[30:]).all()
        assert 0 <= np.nanmin(whole) < 0.2 and 0.9 < np.nanmax(whole) <= 1
        # A part has the scale of the whole.
        part = reader.read((40, 50, 20, 10), look)
        assert np.array_equal(part, whole[50:60, 40:60])
        reader.close()


def test_an_image_in_another_crs_is_drawn_where_it_lies(tmp_path) -> None:
    from rasterio.warp import transform_bounds

    picture = ground(9, 200)
    one = with_dtype(tmp_path / "utm.tif", picture)
    with rasterio.open(tmp_path / "utm.tif") as source:
        west, south, east, north = transform_bounds(source.crs, "EPSG:4326", *source.bounds)
    place = rasterio.transform.from_bounds(west, south, east, north, 200, 200)
    with rasterio.open(
        tmp_path / "lonlat.tif", "w", driver="GTiff", width=200, height=200, count=3,
        dtype="uint8", crs="EPSG:4326", transform=place,
    ) as target:  # fmt: skip
        target.write((np.moveaxis(picture, -1, 0) * 255).round().astype(np.uint8))
    two = Image.open(tmp_path / "lonlat.tif", limits=REFERENCE_LIMITS)
    there = one.georeference
    corners = comparison._corners(two, two.georeference, there)
    on = grid.over(one, corners, gsd_m=one.gsd_m, largest_side=None)
    pair = Pair(
        before=side_of(one, every_band=False), after=side_of(two, every_band=False),
        grid=on, height=on.height, width=on.width,
    )  # fmt: skip
    source = pair.open((one, two))
    before, after = source.read((0, 0, on.height, on.width))
    known = np.isfinite(after).all(axis=2)
    assert known.mean() > 0.9
    # The axes of both differ by a degree or two; drawn as it is, fine texture would not agree.
    middle = np.s_[60:140, 60:140]
    assert np.abs(before - after)[middle].mean() < 0.03
    # A window is what the whole shows there.
    window = source.read((50, 60, 120, 150))[1]
    assert np.allclose(window, after[50:120, 60:150], atol=0.02, equal_nan=True)
    source.close()
