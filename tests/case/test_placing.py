"""Every way to place a picture searches with the same prior."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

import imgcheck
from imgcheck import geo
from imgcheck.cli import run


def raster(path: Path, size: int) -> str:
    pixels = np.random.default_rng(7).integers(0, 255, (1, size, size), dtype=np.uint8)
    grid = Affine(2.0, 0, 500_000, 0, -2.0, 4_000_000)
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=1, dtype="uint8",
        crs="EPSG:32637", transform=grid,
    ) as target:  # fmt: skip
        target.write(pixels)
    return str(path)


def test_verify_locate_and_python_search_for_the_size_that_the_picture_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, reference = raster(tmp_path / "post.tif", 96), raster(tmp_path / "reference.tif", 160)
    priors = []

    def search(*_: object, prior: geo.Prior, **__: object) -> geo.NotPlaced:
        priors.append(prior)
        return geo.NotPlaced(reason="nothing", tried=(geo.NotPlaced(reason="nothing"),))

    monkeypatch.setattr("imgcheck.case.placing.geo.locate", search)
    imgcheck.locate(post, references=reference)
    imgcheck.verify(post, references=reference)
    run(["locate", post, "--reference", reference, "--json"])
    run(["verify", post, "--reference", reference, "--json"])
    assert len(priors) == 4 and len(set(priors)) == 1
    least, most = priors[0].gsd_m
    assert least < 2.0 < most
    run(["locate", post, "--reference", reference, "--gsd", "0.5,0.6", "--json"])
    assert priors[-1].gsd_m == (0.5, 0.6)
