"""Verdicts, outcomes and strengths in words that read the same on every face."""

from dataclasses import dataclass

from imgcheck.model import Answer, ErrorRate, Finding, Input, Outcome
from imgcheck.quantity import LikelihoodRatio
from imgcheck.report.dates import window
from imgcheck.report.numbers import level, measure, number, share, size
from imgcheck.report.plain import line

#: The one place to import words from: what the modules for numbers and dates give is here too.
__all__ = [
    "NO_SCORE", "OUTCOMES", "READ_AS", "UNCALIBRATED", "VERDICTS", "Word", "count", "digest",
    "error_rate", "form", "listed", "measure", "number", "pixels", "share", "short_strength",
    "size", "strength", "weight", "window",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word the report uses for an answer, and what it means."""

    word: str
    meaning: str


VERDICTS: dict[Answer, Word] = {
    Answer.SUPPORTED: Word(
        word="supported",
        meaning="What was measured speaks for the statement and nothing measured speaks against "
        "it. That is support, not proof: read the limits.",
    ),
    Answer.CONTRADICTED: Word(
        word="contradicted",
        meaning="A test whose false-alarm rate has been measured, or a person's count, speaks "
        "against the statement, and no independent finding speaks for it. The rate, or the person, "
        "stands beside the finding.",
    ),
    Answer.INCONCLUSIVE: Word(
        word="inconclusive",
        meaning="Tests ran, but what they saw fits the statement as well as its opposite, or they "
        "disagree. This is an answer about the evidence, not a hint.",
    ),
    Answer.NOT_TESTABLE: Word(
        word="not testable",
        meaning="Nothing in a picture, its file or reference imagery can answer a statement of "
        "this kind, such as who owned a vehicle or what somebody meant.",
    ),
    Answer.NOT_RUN: Word(
        word="not run",
        meaning="The statement could be tested, but no test of it ran on what was given. The "
        "missing input is named.",
    ),
}

OUTCOMES: dict[Outcome, Word] = {
    Outcome.SUPPORTS: Word(word="supports", meaning="speaks for the statement"),
    Outcome.CONTRADICTS: Word(word="contradicts", meaning="speaks against the statement"),
    Outcome.INCONCLUSIVE: Word(word="inconclusive", meaning="fits both ways"),
    Outcome.NOT_APPLICABLE: Word(word="not applicable", meaning="could not be asked here"),
    Outcome.FAILED: Word(word="failed", meaning="the check could not do its work"),
}

NO_SCORE = (
    "Each statement is answered on its own. There is no overall score, and no verdict on the "
    "picture as a whole."
)
_FORMATS = {
    "jpeg": "JPEG", "png": "PNG", "tiff": "TIFF", "geotiff": "GeoTIFF", "webp": "WebP",
    "gif": "GIF", "bmp": "BMP", "jp2": "JPEG 2000", "jpeg2000": "JPEG 2000", "heif": "HEIF",
    "heic": "HEIF", "avif": "AVIF",
}  # fmt: skip
READ_AS = (
    "Each answer is about the statement as it was read. Words of the post that go beyond the "
    "reading were not tested."
)
UNCALIBRATED = "not calibrated, so no number is given"


def count(many: int, singular: str, plural: str | None = None) -> str:
    """Say how many, with the noun in its right form."""
    return f"{number(many)} {singular if many == 1 else plural or singular + 's'}"


def listed(items: list[str]) -> str:
    """Join words as a sentence does: ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def weight(ratio: LikelihoodRatio) -> str:
    """Say what a likelihood ratio means, with the calibration it comes from."""
    source = line(ratio.calibration)
    if ratio.value == 0:
        words = "never seen where the statement is true"
    elif 0.95 <= ratio.value <= 1.05:
        words = "as probable if the statement is true as if it is not"
    elif ratio.value > 1:
        words = f"{number(ratio.value)} times as probable if the statement is true as if it is not"
    else:
        words = (
            f"{number(1 / ratio.value)} times as probable if the statement is not true as if it is"
        )
    return f"{words} (likelihood ratio {number(ratio.value)}, measured in {source})"


def error_rate(rate: ErrorRate) -> str:
    """Say how often a test gives its answer wrongly, with what was counted and where."""
    source = f"{rate.errors} of {rate.trials} {line(rate.what)}; {line(rate.calibration)}"
    upper = f"at most {share(rate.interval.high)} ({level(rate.interval)})"
    if rate.errors == 0:
        return f"error rate {upper}: {source}"
    return f"error rate {share(rate.rate)}, {upper}: {source}"


def strength(finding: Finding) -> tuple[str, ...]:
    """Say how strong a finding is: its likelihood ratio and error rate, or that none is known."""
    said = []
    if finding.weight is not None:
        said.append(weight(finding.weight))
    if finding.error_rate is not None:
        said.append(error_rate(finding.error_rate))
    if finding.stated_by:
        said.append(_stated(finding))
    return tuple(said) or (UNCALIBRATED,)


def short_strength(finding: Finding) -> str:
    """Say the strength in as few words as a table cell holds."""
    said = []
    if finding.weight is not None:
        said.append(f"likelihood ratio {number(finding.weight.value)}")
    if finding.error_rate is not None:
        said.append(f"error rate at most {share(finding.error_rate.interval.high)}")
    if finding.stated_by:
        said.append(_stated(finding))
    return ", ".join(said) or "strength not calibrated"


def _stated(finding: Finding) -> str:
    return f"{line(finding.stated_by)}; no error rate"


def form(item: Input) -> str:
    """Say the format of an input as people write it: ``JPEG``, ``WebP``."""
    if item.format is None:
        return "format unknown"
    return _FORMATS.get(item.format.lower(), line(item.format, limit=40))


def pixels(item: Input) -> str:
    """Say the size of an input in pixels, or that it is unknown."""
    if item.width is None or item.height is None:
        return "dimensions unknown"
    return f"{number(item.width)} × {number(item.height)} pixels"


def digest(item: Input, *, first: int = 64) -> str:
    """Give the SHA-256 of an input, or the first digits of it, or say that it is unknown."""
    found = line(item.sha256 or "unknown", limit=64, tell=False)
    return f"{found[:first]}…" if first < len(found) else found
