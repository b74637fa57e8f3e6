"""Verdicts, strengths and statements in words that are the same in every output format."""

from dataclasses import dataclass

from imgcheck.model import (
    Absence,
    Acquired,
    Answer,
    Attribution,
    Changed,
    Count,
    Dimensions,
    ErrorRate,
    Finding,
    Input,
    Place,
    Sensor,
    Source,
    Statement,
    Unchanged,
)
from imgcheck.quantity import LikelihoodRatio, distance, significant
from imgcheck.report.formatting import level, line, number, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word the report uses for an answer, and what it means."""

    word: str
    meaning: str


#: What restricted the process that decoded the files.
SANDBOX = {
    "landlock": "Landlock: the process could read only the inputs, write only the outputs, start "
    "no program and open no TCP connection",
    "partial": "partial: memory and time were limited, files and network were not",
}

VERDICTS: dict[Answer, Word] = {
    Answer.SUPPORTED: Word(
        word="supported",
        meaning="At least one test supports the statement and none contradicts it. Support is not "
        "proof: read the limits.",
    ),
    Answer.CONTRADICTED: Word(
        word="contradicted",
        meaning="A test with a measured false-alarm rate, or a count made by a person, contradicts "
        "the statement, and no independent finding supports it. The rate, or the person's name, is "
        "shown with the finding.",
    ),
    Answer.INCONCLUSIVE: Word(
        word="inconclusive",
        meaning="Tests ran, but their results fit the statement as well as its opposite, or they "
        "disagree. An inconclusive result favours neither answer.",
    ),
    Answer.NOT_TESTABLE: Word(
        word="not testable",
        meaning="A picture, its file and reference imagery cannot answer this kind of statement, "
        "for example who owned a vehicle or what somebody intended.",
    ),
    Answer.NOT_RUN: Word(
        word="not run",
        meaning="The statement can be tested, but no test could run on the inputs given. The "
        "missing input is named.",
    ),
}

#: What to do next about a statement for which no input is named.
NEXT_STEPS = {
    Answer.SUPPORTED: "look at the evidence yourself, and read what it does not prove.",
    Answer.CONTRADICTED: "rule out the innocent explanations before you publish.",
    Answer.INCONCLUSIVE: "other sources: no further input is known to decide this.",
    Answer.NOT_TESTABLE: "other sources: no picture answers this.",
    Answer.NOT_RUN: "other sources: no input is known that would test this.",
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
    "Each answer is about the statement as imgcheck read it. Words of the post that go beyond this "
    "reading were not tested."
)
UNCALIBRATED = "not calibrated, so no number can be given"


def count(many: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun in the right form."""
    return f"{number(many)} {singular if many == 1 else plural or singular + 's'}"


def listed(items: list[str]) -> str:
    """Join words as in a sentence: ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def statements(numbers: list[int]) -> str:
    """Return the numbers of statements as words: ``statements 1 and 9``."""
    return f"statement{'s' if len(numbers) > 1 else ''} {listed([str(n) for n in numbers])}"


def weight(ratio: LikelihoodRatio) -> str:
    """Return what a likelihood ratio means, with the calibration it comes from."""
    source = line(ratio.calibration)
    if ratio.value == 0:
        words = "never observed when the statement is true"
    elif 0.95 <= ratio.value <= 1.05:
        words = "equally probable whether the statement is true or not"
    elif ratio.value > 1:
        words = f"{number(ratio.value)} times more probable if the statement is true"
    else:
        words = f"{number(1 / ratio.value)} times more probable if the statement is not true"
    return f"{words} (likelihood ratio {number(ratio.value)}, measured in {source})"


def error_rate(rate: ErrorRate) -> str:
    """Return how often a test gives its answer wrongly, with the counts and their source."""
    upper = f"{level(rate.interval)} upper limit {share(rate.interval.high)}"
    if rate.errors:
        upper = f"{share(rate.rate)}, {upper}"
    counted = f"{rate.errors:,} of {rate.trials:,} {line(rate.what)}"
    return f"in testing, {counted} ({upper}; {line(rate.calibration)})"


def strength(finding: Finding) -> tuple[str, ...]:
    """Return the likelihood ratio and error rate of a finding, or that none is known."""
    said = []
    if finding.weight is not None:
        said.append(weight(finding.weight))
    if finding.error_rate is not None:
        said.append(error_rate(finding.error_rate))
    if finding.stated_by:
        said.append(_stated(finding))
    return tuple(said) or (UNCALIBRATED,)


def short_strength(finding: Finding) -> str:
    """Return the strength in few words, for a table cell."""
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


def posted(source: Source) -> list[str]:
    """Return who posted a picture, where and when."""
    parts = [line(part, limit=200) for part in (source.publisher, source.platform) if part]
    return parts if source.posted is None else [*parts, source.posted.words]


def form(item: Input) -> str:
    """Return the format of an input as people write it: ``JPEG``, ``WebP``."""
    if item.format is None:
        return "format unknown"
    return _FORMATS.get(item.format.lower(), line(item.format, limit=40))


def pixels(item: Input) -> str:
    """Return the dimensions of an input in pixels, or that they are unknown."""
    if item.width is None or item.height is None:
        return "dimensions unknown"
    return f"{number(item.width)} × {number(item.height)} pixels"


def digest(item: Input, *, first: int = 64) -> str:
    """Return the SHA-256 of an input, or its first digits, or that it is unknown."""
    found = line(item.sha256 or "unknown", limit=64, tell=False)
    return f"{found[:first]}…" if first < len(found) else found


_PLAIN = {
    "original": "not published before",
    "unaltered": "nothing added, removed or changed in the picture",
    "intent": "a statement about intention",
}


def reading(statement: Statement) -> str:
    """Return in a few words how a statement was understood."""
    if isinstance(statement, Acquired):
        return f"taken {statement.window.words}"
    if isinstance(statement, Unchanged):
        return f"nothing changed on the ground, {statement.window.words}"
    if isinstance(statement, Changed):
        return f"something changed on the ground, {statement.window.words}"
    if isinstance(statement, Place):
        return _place(statement)
    if isinstance(statement, Count):
        return _count(statement)
    if isinstance(statement, Absence):
        return _absence(statement)
    if isinstance(statement, Dimensions):
        return _dimensions(statement)
    if isinstance(statement, Sensor):
        return f"recorded by {line(statement.sensor, limit=80)}"
    if isinstance(statement, Attribution):
        actor = line(statement.actor, limit=80) or "somebody, who is not named"
        return f"owned, operated or done by {actor}"
    return _PLAIN.get(statement.kind, statement.kind)


def _place(statement: Place) -> str:
    shows = "shows only ground" if statement.relation == "inside" else "shows ground"
    if statement.lat is not None and statement.lon is not None:
        point = _degrees(statement.lat, statement.lon)
        if statement.named:
            point = f"{point}, {line(statement.named, limit=120)}"
        if statement.radius_km is None:
            return f"shows the point {point}"
        return f"{shows} within {distance(1000 * statement.radius_km)} of {point}"
    if statement.bbox is not None:
        west, south, east, north = statement.bbox
        return f"{shows} in the box from {_degrees(south, west)} to {_degrees(north, east)}"
    ring = statement.polygon or ((0.0, 0.0),)
    first = _degrees(ring[0][1], ring[0][0])
    return f"{shows} in the polygon of {len(ring)} corners that begins at {first}"


def _degrees(lat: float, lon: float) -> str:
    """Return a position with the digits given in the claim."""
    north = "N" if lat >= 0 else "S"
    east = "E" if lon >= 0 else "W"
    return f"{significant(abs(lat), 8)}° {north}, {significant(abs(lon), 8)}° {east}"


def _count(statement: Count) -> str:
    name = line(statement.object_class, limit=40)
    low, high = statement.minimum, statement.maximum
    if low is not None and high is not None:
        many = number(low) if low == high else f"{number(low)} to {number(high)}"
    elif low is not None:
        many = f"at least {number(low)}"
    else:
        many = f"at most {number(high or 0)}"
    return f"shows {many} {name}{'' if many == '1' else 's'}"


def _absence(statement: Absence) -> str:
    name = line(statement.object_class, limit=40)
    if statement.min_size_m is None:
        return f"shows no {name} of any size"
    return f"shows no {name} of {number(statement.min_size_m)} m or more"


def _dimensions(statement: Dimensions) -> str:
    name = line(statement.object_class, limit=40)
    size = f"{number(statement.length_m)} m long"
    if statement.width_m is not None:
        size += f" and {number(statement.width_m)} m wide"
    if statement.tolerance_m is not None:
        size += f", within {number(statement.tolerance_m)} m"
    return f"size of {name}: {size}"
