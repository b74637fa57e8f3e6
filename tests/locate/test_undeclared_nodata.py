"""A picture is placed on a reference with undeclared nodata as on one that declares it."""

import json

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine

from imgcheck.cli import run
from tests.imaging.ground import ground, view
from tests.locate import build


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "fill", "low", "high"),
    [
        ("int16", -9999, 5, 255),
        ("float32", -9999, 0.01, 1),
        ("uint16", 65535, 300, 2300),
        ("uint16", 0, 3000, 4000),
        ("uint8", 0, 5, 250),
        ("uint8", 255, 5, 250),
    ],
)
def test_undeclared_nodata_places_like_declared_nodata(
    tmp_path, capsys, dtype, fill, low, high
) -> None:
    gray = ground((360, 420), seed=53, blocks=200)
    picture, _ = view(gray, size=220, angle=20.0, scale=0.9, centre=(210.0, 150.0))
    cv2.imwrite(str(tmp_path / "post.png"), np.round(picture * 255).astype(np.uint8))
    samples = (low + gray * (high - low)).astype(dtype)
    samples[np.tri(*gray.shape, k=-150, dtype=bool)] = fill
    said = {}
    for name, nodata in (("declared", fill), ("undeclared", None)):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", width=420, height=360, count=1,
            dtype=dtype, nodata=nodata, crs="EPSG:32637", transform=Affine(*build.UTM),
        ) as target:  # fmt: skip
            target.write(samples[None])
        words = ["locate", str(tmp_path / "post.png"), "--reference", str(tmp_path / f"{name}.tif")]
        assert run([*words, "--json"]) == 0
        said[name] = json.loads(capsys.readouterr().out)
    for field in ("placed", "path", "ellipse_m", "transform", "inliers"):
        assert said["undeclared"][field] == said["declared"][field]
    assert said["undeclared"]["path"] == "fast"
