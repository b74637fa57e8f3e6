"""A reference of 81 megapixels: one answer from all entry points, with bounded memory."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from imgcheck.imaging import transforms
from tests.imaging.ground import ground

_SIDE, _TILE = 9000, 1500
_UTM = (0.5, 0.0, 600_000.0, 0.0, -0.5, 3_918_000.0)
# Top left of the cut, over the corner of four tiles of the ground.
_X, _Y, _CUT = 5800, 2850, 400
_MOST_BYTES = 1.0e9

# Runs an entry point in its own process; prints its JSON and the peak memory.
_MEASURED = """
import json, re, resource, sys
from pathlib import Path
{act}
# On Linux ru_maxrss also counts the process that started this one.
status = Path("/proc/self/status")
if status.exists():
    peak = 1024 * int(re.search(r"VmHWM:\\s+([0-9]+)", status.read_text())[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([found, peak]), file=sys.__stdout__)
"""
_COMMAND = """
import contextlib, io
from imgcheck.cli import run
text = io.StringIO()
with contextlib.redirect_stdout(text):
    code = run({words!r})
assert code == 0, code
found = json.loads(text.getvalue())
"""
_PYTHON = """
import imgcheck
from imgcheck.report.location import document
found = document(imgcheck.locate({post!r}, references={reference!r})).to_json()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    tile = ground((_TILE, _TILE), seed=7, blocks=900)
    with rasterio.open(
        folder / "reference.tif", "w", driver="GTiff", width=_SIDE, height=_SIDE, count=3,
        dtype="uint8", crs="EPSG:32637", transform=Affine(*_UTM), tiled=True, photometric="RGB",
    ) as target:  # fmt: skip
        for number in range((_SIDE // _TILE) ** 2):
            row, col = divmod(number, _SIDE // _TILE)
            # Another piece of ground everywhere: turned, mirrored, and mixed with other noise.
            mixed = 0.6 * np.rot90(tile, number % 4) + 0.4 * ground(
                (_TILE, _TILE), seed=100 + number, blocks=300
            )
            if number % 8 > 3:
                mixed = mixed[:, ::-1]
            part = np.round(255 * np.clip(mixed, 0, 1)).astype(np.uint8)
            target.write(
                np.repeat(part[None], 3, axis=0),
                window=Window(col * _TILE, row * _TILE, _TILE, _TILE),
            )
    with rasterio.open(folder / "reference.tif") as source:
        cut = source.read(1, window=Window(_X, _Y, _CUT, _CUT))
    cv2.imwrite(str(folder / "post.png"), np.repeat(cut[..., None], 3, axis=2))
    other = np.round(255 * ground((_CUT, _CUT), seed=9001, blocks=60)).astype(np.uint8)
    cv2.imwrite(str(folder / "other.png"), np.repeat(other[..., None], 3, axis=2))
    (folder / "claim.yml").write_text("statements:\n  - acquired: 2017-09-10\n  - original\n")
    return folder


def measured(act: str, **values: object) -> dict:
    script = _MEASURED.format(act=act.format(**values))
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=900
    )
    assert ran.returncode == 0, ran.stderr
    found, peak = json.loads(ran.stdout.splitlines()[-1])
    assert peak <= _MOST_BYTES, f"peak {peak / 1e9:.2f} GB"
    return found


@pytest.mark.slow
def test_verify_locate_and_python_agree_within_one_gigabyte(folder: Path) -> None:
    post, reference = str(folder / "post.png"), f"{folder / 'reference.tif'}@2017-09-01"
    located = measured(_COMMAND, words=["locate", post, "--reference", reference, "--json"])
    assert located["placed"] and located["path"] == "fast"
    assert located["relation"] == "derived"
    matrix = np.array(located["transform"])
    truth = np.array([_UTM[:3], _UTM[3:], (0, 0, 1)]) @ [[1, 0, _X], [0, 1, _Y], [0, 0, 1]]
    ring = transforms.corners((_CUT, _CUT))
    gap = transforms.apply(matrix, ring) - transforms.apply(truth, ring)
    assert np.hypot(*gap.T).max() < 0.1

    script = measured(_PYTHON, post=post, reference=reference)
    assert script == located

    words = ["verify", post, "--reference", reference, "--claim", str(folder / "claim.yml")]
    report = measured(_COMMAND, words=[*words, "--json", "--exit-zero"])
    where = next(f for f in report["findings"] if f["check"] == "geo.place")
    values = {measure["name"]: measure["value"] for measure in where["measures"]}
    assert values["path"] == located["path"]
    assert values["kind of agreement"] == located["relation"]
    assert values["log10 of the number of false alarms (NFA)"] == located["log10_nfa"]
    ring = where["evidence"]["footprints"][0]["ring"]
    assert np.array(ring)[0] == pytest.approx(located["footprint"]["coordinates"][0][0], abs=1e-8)
    dated = next(v for v in report["verdicts"] if v["statement"].endswith("acquired"))
    assert dated["verdict"] == "contradicted"


@pytest.mark.slow
def test_a_picture_that_matches_nothing_is_answered_within_one_gigabyte(folder: Path) -> None:
    post, reference = str(folder / "other.png"), f"{folder / 'reference.tif'}@2017-09-01"
    located = measured(_COMMAND, words=["locate", post, "--reference", reference, "--json"])
    assert not located["placed"]
    assert located["reason"] and located["candidate"] is None

    words = ["verify", post, "--reference", reference, "--claim", str(folder / "claim.yml")]
    report = measured(_COMMAND, words=[*words, "--json", "--exit-zero"])
    where = next(f for f in report["findings"] if f["check"] == "geo.place")
    assert where["outcome"] == "inconclusive"
