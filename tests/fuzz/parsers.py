"""Coverage-guided fuzzing of the parsers with atheris; not part of the tests.

    pip install atheris
    python -m tests.fuzz.parsers CORPUS -max_total_time=3600 -max_len=65536 -timeout=2
        -rss_limit_mb=1500

CORPUS is a folder of small files of the formats (it grows). The first byte of an input chooses
whether the content decides on the format or one is forced. What it finds becomes a test.
"""

import sys

import atheris

with atheris.instrument_imports(include=["imgcheck.imaging.containers", "imgcheck.provenance"]):
    from imgcheck.provenance.pictures import embedded
    from tests.fuzz.everything import FORMATS, inspected, parse

# Pixels laid on pixels are no parser, and slow: the decoders are reached, the comparison is not.
embedded.thumbnail_agreement = lambda *_: None


def once(data: bytes) -> None:
    """Run one input."""
    if not data:
        return
    choice = data[0] % (2 * len(FORMATS))
    if choice < len(FORMATS):
        parse(data[1:], FORMATS[choice])
    else:
        inspected(data[1:], page=True)


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
