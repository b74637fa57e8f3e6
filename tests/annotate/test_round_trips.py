"""Nothing is lost between formats: shapes to a hundredth of a pixel, every field exactly."""

from dataclasses import replace
from pathlib import Path

import pytest

from imgcheck.annotate import exchange
from imgcheck.annotate.exchange import FORMATS, AnnotationFile
from imgcheck.annotation import Annotation
from tests.annotate import shapes


def through(file: AnnotationFile, form: str, folder: Path) -> AnnotationFile:
    """Write a file, and read what was written."""
    folder.mkdir(parents=True)
    written = exchange.write(file, form, name=f"marks{FORMATS[form].suffix}")
    for name, data in written.files.items():
        (folder / name).write_bytes(data)
    if FORMATS[form].single:
        return exchange.read(folder, form=form)
    return exchange.read(folder / f"marks{FORMATS[form].suffix}")


def apart(one: Annotation, other: Annotation) -> float:
    """Return how far two geometries are from each other, in pixels."""
    assert one.geometry.type == other.geometry.type
    pairs = zip(one.geometry.points, other.geometry.points, strict=True)
    return max(max(abs(x - u), abs(y - v)) for (x, y), (u, v) in pairs)


def assert_equal(before: AnnotationFile, after: AnnotationFile) -> None:
    assert [p.name for p in after.pictures] == [p.name for p in before.pictures]
    for was, now in zip(before.pictures, after.pictures, strict=True):
        assert replace(now, annotations=()) == replace(was, annotations=())
        assert len(now.annotations) == len(was.annotations)
        for a, b in zip(was.annotations, now.annotations, strict=True):
            assert apart(a, b) <= 0.01
            assert replace(b, geometry=a.geometry) == a


@pytest.mark.parametrize("form", FORMATS)
def test_one_format_and_back(form: str, tmp_path: Path) -> None:
    before = shapes.file(11, 45)
    after = through(before, form, tmp_path / form)
    assert_equal(before, after)
    if not FORMATS[form].single:
        assert {k: after.extra.get(k) for k in before.extra} == before.extra


def test_a_chain_of_all_formats(tmp_path: Path) -> None:
    before = shapes.file(12, 15)
    now = before
    for form in ("yolo", "cvat", "coco", "geojson", "dota", "via", "labelme", "kml", "yolo-obb",
                 "csv", "xanylabeling", "imgcheck"):  # fmt: skip
        now = through(now, form, tmp_path / form)
    assert_equal(before, now)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_ten_thousand_random_shapes(form: str, tmp_path: Path) -> None:
    before = shapes.file(13, 10_000)
    assert_equal(before, through(before, form, tmp_path / form))
