"""The pictures of the README and the tutorial, made from the model sample.

python -m tests.docs.screenshots     writes docs/*.png
"""

import io
import re
import tempfile
from pathlib import Path

from PIL import Image

from imgcheck.cli import run
from tests.report.browser import photographed

DOCS = Path(__file__).resolve().parents[2] / "docs"
SAMPLE = DOCS.parent / "samples" / "deir-ez-zor-2017"
#: Which statement is open in the picture of a card: the one on craters.
CARD = 6
_COLOURS = 256  # of the palette: the pictures of a page are drawn in few


def made(folder: Path) -> dict[str, bytes]:
    """Return the pictures by name; ``folder`` is for what is made on the way."""
    picture, references = str(SAMPLE / "post.jpg"), str(SAMPLE / "reference")
    claim = str(SAMPLE / "claim.yml")
    given = ["--reference", references]
    run(["verify", picture, "--claim", claim, *given, "-o", str(folder / "report"), "-q"])
    run(["locate", picture, *given, "-o", str(folder / "placed"), "--json"])
    page = folder / "report" / "report.html"
    opened = page.with_name("card.html")
    words = re.sub(rf'(<details [^>]*id="s{CARD}")', r"\1 open", page.read_text("utf-8"))
    opened.write_text(words, "utf-8")
    return {
        "report.png": _small(photographed(page, folder, size=(1280, 900))),
        "tutorial-card.png": _small(
            photographed(opened, folder, size=(1280, 2250)), box=(540, 825, 1240, 2250)
        ),
        "tutorial-place.png": _small(
            photographed(folder / "placed" / "locate.html", folder, size=(1280, 900))
        ),
    }


def _small(png: bytes, *, box: tuple[int, int, int, int] | None = None) -> bytes:
    with Image.open(io.BytesIO(png)) as shown:
        part = shown.convert("RGB").crop(box or (0, 0, *shown.size))
    stream = io.BytesIO()
    part.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        stream, "PNG", optimize=True
    )
    return stream.getvalue()


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in made(Path(folder)).items():
            (DOCS / name).write_bytes(data)


if __name__ == "__main__":
    main()
