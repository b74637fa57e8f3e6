"""Filling an index from files: pictures, mosaics, videos, lists, other indexes."""

import io

import cv2
import numpy as np
import pytest
import rasterio
from PIL import Image as PillowImage
from rasterio.transform import from_origin

from imgcheck.errors import IndexFileError, RefusedError, UsageError
from imgcheck.hashing import HashIndex, pdq
from imgcheck.imaging import Image, frames, windows
from imgcheck.known import add_to_index, import_list, merge_indexes
from tests.hashing.pictures import ground

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


def mosaic(path, *, dtype="uint8", shape=(520, 5000), count=3):
    """Write a raster with one distinct scene every 500 columns, and nothing at the right end."""
    pixels = np.zeros((*shape, 3), np.uint8)
    for number, x in enumerate(range(0, 2500, 500)):
        pixels[:500, x : x + 500] = ground(number, shape=(500, 500))
    data = np.moveaxis(pixels[..., :count], -1, 0).astype(dtype)
    profile = {"driver": "GTiff", "width": shape[1], "height": shape[0], "count": count}
    place = {"crs": "EPSG:32637", "transform": from_origin(0, 0, 1, 1)}
    with rasterio.open(path, "w", **profile, **place, dtype=dtype, nodata=0) as out:
        out.write(data * (1 if dtype == "uint8" else 40))
    return pixels


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_mosaic_is_added_as_overlapping_tiles_and_a_part_of_it_is_found(tmp_path):
    pixels = mosaic(tmp_path / "m.tif")
    database = tmp_path / "known.db"
    first = add_to_index(database, [tmp_path / "m.tif"], date="2016")
    # 5000 columns make tiles at 0, 1536 and 2952; the last is without a usable pixel.
    assert (first.added, first.known, first.refused) == (2, 0, ())
    again = add_to_index(database, [tmp_path / "m.tif"])
    assert (again.added, again.known, again.rows) == (0, 2, 2)
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels[40:460, 2010:2440]).save(buffer, "JPEG", quality=85)
    with HashIndex.open(database) as index:
        labels = [p.path for p in index.pictures()]
        assert [label.rsplit("#")[1] for label in labels] == ["0,0,2048,520", "1536,0,2048,520"]
        (match,) = index.search(Image.from_bytes(buffer.getvalue())).matches
    assert (match.path, match.stage, match.known.date) == (labels[1], "part", "2016")
    at = np.array(match.transform) @ [0, 0, 1]
    assert np.abs(at[:2] / at[2] - [2010 - 1536, 40]).max() < 3


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_tiles_cover_every_pixel_and_stay_inside(tmp_path):
    path = tmp_path / "m.tif"
    mosaic(path, dtype="uint16", shape=(700, 4500), count=1)
    with Image.open(path) as image:
        assert windows.is_mosaic(image)
        seen = np.zeros((700, 4500), bool)
        for tile in windows.cut(image, side=512, overlap=100):
            assert tile.rgb.shape == (tile.height, tile.width, 3) and tile.rgb.dtype == np.uint8
            seen[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = True
            assert tile.valid.any()
        assert seen[:500, :2500].all()
        assert not seen[:, 3200:].any()


def film(path, scenes, *, seconds=2, rate=10):
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (160, 120))
    if not out.isOpened():
        pytest.skip("OpenCV writes no video here")
    for seed in scenes:
        picture = ground(seed, shape=(120, 160))
        # Scenes of different brightness, as cuts in films mostly are.
        picture = np.clip(picture.astype(int) + (seed % 3 - 1) * 40, 0, 255).astype(np.uint8)
        for _ in range(seconds * rate):
            out.write(np.ascontiguousarray(picture[..., ::-1]))
    out.release()


@pytest.mark.slow
def test_video_gives_a_frame_of_each_scene_and_is_idempotent(tmp_path):
    film(tmp_path / "clip.avi", [1, 2, 3])
    database = tmp_path / "known.db"
    added = add_to_index(database, [tmp_path / "clip.avi"])
    if added.refused:
        pytest.skip(added.refused[0].reason)
    assert add_to_index(database, [tmp_path / "clip.avi"]).known == added.added == 3
    with HashIndex.open(database) as index:
        labels = [p.path.rsplit("#")[1] for p in index.pictures()]
    assert labels == ["t=0.0s", "t=2.0s", "t=4.0s"]
    kept = list(frames.sample(tmp_path / "clip.avi"))
    assert all(frame.rgb.shape == (120, 160, 3) for frame in kept)
    assert pdq(kept[0].rgb).quality > 0


def test_long_scene_is_sampled_again(tmp_path):
    film(tmp_path / "clip.avi", [1], seconds=9)
    try:
        kept = [frame.seconds for frame in frames.sample(tmp_path / "clip.avi", every_s=3)]
    except OSError as error:
        pytest.skip(str(error))
    assert kept == [0.0, 3.0, 6.0]


def test_hostile_videos_are_refused_and_named(tmp_path):
    rng = np.random.default_rng(3)
    (tmp_path / "noise.mp4").write_bytes(b"\0\0\0\x18ftypisom" + rng.bytes(5000))
    (tmp_path / "noise.mkv").write_bytes(b"\x1aE\xdf\xa3" + rng.bytes(5000))
    (tmp_path / "short.avi").write_bytes(b"RIFF\xff\xff\xff\x7fAVI ")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1/x.ts\n")
    (tmp_path / "list.avi").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    result = add_to_index(tmp_path / "known.db", [tmp_path])
    assert result.added == 0
    assert len(result.refused) == 5
    assert not frames.is_video(tmp_path / "list.m3u8")
    assert not frames.is_video(tmp_path / "list.avi")
    assert not frames.is_video(tmp_path)


def test_list_is_imported_once_and_a_bad_one_not_at_all(tmp_path):
    database, file = tmp_path / "known.db", tmp_path / "shared.csv"
    lines = ["hash,quality,filename", *(f"{n:064x},90,{n}.jpg" for n in range(1, 31))]
    file.write_text("\n".join(lines))
    first = import_list(database, file, date="2017-09")
    assert (first.added, first.known, first.list, first.kind) == (30, 0, "shared.csv", "pdq")
    again = import_list(database, file)
    assert (again.added, again.known, again.listed) == (0, 30, 30)
    file.write_text("\n".join([*lines, f"{99:064x},90,new.jpg", "not a hash"]))
    with pytest.raises(RefusedError, match=r"shared\.csv:33"):
        import_list(database, file)
    with HashIndex.open(database) as index:
        assert index.stats().listed == 30
        assert index.stats().lists == ("shared.csv",)


def test_merging_makes_the_index_only_if_all_can_be_read(tmp_path):
    for name in "ab":
        with HashIndex.create(tmp_path / name) as index:
            index.add_hash(np.full(4, ord(name), np.uint64), label=name, list_name="l")
    (tmp_path / "bad").write_text("a letter")
    with pytest.raises(IndexFileError, match="bad"):
        merge_indexes(tmp_path / "all", [tmp_path / "a", tmp_path / "bad"])
    assert not (tmp_path / "all").exists()
    result = merge_indexes(tmp_path / "all", [tmp_path / "a", tmp_path / "b", tmp_path / "a"])
    assert (result.listed_added, result.listed_known) == (2, 1)
    with pytest.raises(UsageError, match="with itself"):
        merge_indexes(tmp_path / "all", [tmp_path / "all"])
