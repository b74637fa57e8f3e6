"""Small hostile files are refused in a sentence, or cost no more than the budget."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from tests.imaging.bombs import BOMBS, flat, rle_bmp, shared_strips

# Those that decode a while; the whole list runs in benchmarks: cost.
_REFUSED = [
    "JPEG 2000, 12 million precincts", "JPEG 2000, precincts in a tile header",
    "JPEG 2000, 3 million code blocks", "JPEG 2000, 65,535 layers", "JPEG 2000, tiles of 40 pixels",
    "TIFF, shared strips, 16 bits, 4 bands, 99 MP", "TIFF, shared strips, 396 MP",
    "TIFF, 500 bands in planes", "TIFF, 65,535 bands", "BMP, RLE, rows ended 361 MP",
    "BMP, RLE, rows ended 99 MP", "PNG, 361 MP", "GIF, broken codes", "GIF, 40,000 frames of 98 MP",
    "JPEG, 49 scans of 99 MP",
]  # fmt: skip
_OPEN = """
import resource, sys
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (15, 16))
try:
    Image.open(sys.argv[1]).examine()
except ImgcheckError:
    pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", _REFUSED)
def test_bomb_is_refused_from_its_header_in_one_sentence(name: str) -> None:
    with pytest.raises(ImgcheckError, match="limit") as caught:
        Image.from_bytes(BOMBS[name]())
    assert caught.value.exit_code == 4
    assert "\n" not in caught.value.message


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        shared_strips(side=5000, strips=50),
        shared_strips(side=5000, strips=50, compression=5),
        rle_bmp(4000, kind="ends"),
        flat("JPEG", 7000),
        BOMBS["JPEG, 30 scans of 49 MP, cut"](),
        BOMBS["PNG, 30 MP of 16 bits cut short"](),
    ],
    ids=["strips", "lzw strips", "rle", "jpeg", "scans", "png"],
)
def test_what_is_not_refused_stays_within_the_budget(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", _OPEN, str(path)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 15
    assert after.ru_maxrss < 1_500_000
