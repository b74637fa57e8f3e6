"""Is the last save of a JPEG read exactly?"""

import numpy as np
import pytest

from imgcheck.forensics import Encoding
from imgcheck.forensics import encoding as last_save
from imgcheck.forensics.encoder import (
    CHROMINANCE,
    LUMINANCE,
    STANDARD_HUFFMAN,
    ZIGZAG,
    ijg,
    scaled,
)
from imgcheck.imaging.containers import structure
from tests.provenance import build


def encoding(data: bytes, *, format: str = "jpeg") -> Encoding | None:
    return last_save(data, structure=structure(data, format=format))


def read(**options: object):
    found = encoding(build.jpeg(**options))
    assert found is not None
    return found


@pytest.mark.parametrize("quality", range(1, 101))
def test_the_ijg_quality_is_recovered_exactly(quality: int) -> None:
    found = read(quality=quality)
    assert found.ijg_quality == found.nearest_quality == quality
    assert found.distance == 0.0
    assert found.variant == "IJG"


@pytest.mark.parametrize("quality", [1, 30, 50, 75, 99, 100])
def test_a_gray_picture_has_one_table_and_still_a_quality(quality: int) -> None:
    found = read(image=build.picture(mode="L"), quality=quality)
    assert found.ijg_quality == quality
    assert found.subsampling is None
    assert len(found.tables) == 1


def test_tables_are_in_natural_order() -> None:
    assert read(quality=50).tables[0].values == LUMINANCE
    assert read(quality=50).tables[1].values == CHROMINANCE
    assert ZIGZAG[:6] == (0, 1, 8, 16, 9, 2)
    assert sorted(ZIGZAG) == list(range(64))


def test_a_table_of_another_maker_is_not_standard() -> None:
    # The shape of a photo editor's table: flat at low frequencies, unlike Annex K.
    rows = np.add.outer(np.arange(8), np.arange(8)).ravel()
    table = [int(2 + value**2 // 5) for value in rows]
    found = read(qtables=[table, table])
    assert found.ijg_quality is None
    assert found.variant is None
    assert found.nearest_quality is not None
    assert found.distance > 0.5


def test_one_changed_entry_makes_a_table_not_standard() -> None:
    luma, chroma = list(ijg(LUMINANCE, 80)), list(ijg(CHROMINANCE, 80))
    luma[20] += 1
    found = read(qtables=[luma, chroma])
    assert found.ijg_quality is None
    assert found.nearest_quality == 80
    assert found.distance == pytest.approx(1 / 128)


def test_two_qualities_and_a_scale_that_is_no_quality_are_told_apart() -> None:
    two = read(qtables=[list(ijg(LUMINANCE, 80)), list(ijg(CHROMINANCE, 60))])
    assert two.variant == "IJG, two qualities"
    assert two.ijg_quality is None
    odd = read(qtables=[list(scaled(LUMINANCE, 45)), list(scaled(CHROMINANCE, 45))])
    assert odd.variant == "scaled Annex K"
    low, high = odd.tables[0].percent
    assert low <= 45 <= high < low + 2


def test_one_luminance_table_for_all_components_is_named() -> None:
    luma = list(ijg(LUMINANCE, 85))
    found = read(qtables=[luma, luma])
    assert found.variant == "IJG luminance for all"
    assert found.ijg_quality == 85


@pytest.mark.parametrize(("option", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_subsampling_is_named(option: int, name: str) -> None:
    assert read(subsampling=option).subsampling == name


def test_scans_process_and_huffman_tables_are_read() -> None:
    plain = read(quality=80)
    assert (plain.process, plain.progressive, plain.scans) == ("baseline", False, 1)
    assert plain.huffman == "standard"
    assert read(quality=80, optimize=True).huffman == "custom"
    many = read(quality=80, progressive=True)
    assert (many.process, many.progressive, many.scans) == ("progressive", True, 10)
    assert (plain.width, plain.height, plain.precision) == (48, 32, 8)


def test_the_standard_huffman_tables_have_as_many_symbols_as_codes() -> None:
    for _, table in STANDARD_HUFFMAN:
        assert len(table) - 16 == sum(table[:16]) in (12, 162)
        assert len(set(table[16:])) == len(table) - 16


def test_restart_interval_and_adobe_transform_are_read() -> None:
    assert read(restart_marker_blocks=4).restart_interval == 4
    assert read().restart_interval is None
    assert read(image=build.picture(mode="CMYK")).adobe_transform is not None
    assert read().adobe_transform is None


def test_other_formats_and_headers_without_a_frame_have_no_encoding() -> None:
    assert encoding(build.png(), format="png") is None
    assert encoding(b"\xff\xd8\xff\xd9") is None


def test_the_qualities_of_the_ijg_rule_are_all_different() -> None:
    pairs = {(ijg(LUMINANCE, q), ijg(CHROMINANCE, q)) for q in range(1, 101)}
    assert len(pairs) == 100
