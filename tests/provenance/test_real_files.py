"""Are the standard tags of real camera files read as two other programs read them?"""

import re
from pathlib import Path

import pytest

from imgcheck.imaging.containers import structure
from imgcheck.provenance import c2pa_presence, metadata

pytestmark = pytest.mark.data
GROUPS = {"Exif IFD0": "IFD0", "Exif SubIFD": "ExifIFD", "GPS": "GPS", "Exif Thumbnail": "IFD1"}


@pytest.mark.parametrize("reader", ["java", "dotnet"])
def test_every_standard_tag_that_another_reader_found_is_found(data_dir: Path, reader: str) -> None:
    folder = data_dir / "metadata" / "metadata-extractor"
    for path in sorted(folder.glob("*.jpg"))[::4]:
        entries = metadata(path.read_bytes(), format="jpeg").entries
        mine = {(entry.group, entry.tag) for entry in entries}
        text = (folder / f"golden-{reader}" / f"{path.name}.txt").read_text("utf-8", "replace")
        for name, tag in re.findall(r"^\[(.+?) - 0x([0-9a-f]{4})\]", text, re.MULTILINE):
            assert name not in GROUPS or (GROUPS[name], int(tag, 16)) in mine, (path.name, tag)


def test_a_phone_picture_in_heif_has_its_time_zone_place_and_model(data_dir: Path) -> None:
    data = (data_dir / "metadata/exif-samples/heic/IMG_5195.HEIC").read_bytes()
    found = metadata(data, format="heif")
    assert found.model == "iPhone 11 Pro Max"
    assert found.times[0].value == "2021-04-11T15:47:53.054-05:00"
    assert found.gps is not None
    assert found.gps.lat == pytest.approx(39.0513444)
    assert found.gps.lon == pytest.approx(-94.2887722)
    assert found.icc == "Display P3"


def test_manifests_are_present_in_all_files_but_the_two_without(data_dir: Path) -> None:
    for path in sorted((data_dir / "c2pa").glob("*.jp*g")):
        found = c2pa_presence(structure(path.read_bytes(), format="jpeg"))
        assert found.present == (path.stem not in ("adobe-20220124-A", "adobe-20220124-I")), path
