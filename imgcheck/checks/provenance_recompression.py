"""How was the file last saved, and what does that show?"""

from collections.abc import Iterable, Iterator

from imgcheck.case import Case
from imgcheck.checks.check import Missing, check
from imgcheck.forensics import Encoding
from imgcheck.model import ByteRange, Evidence, Finding, Measure, Outcome

_BASIS = "compression history"

_WISH = ("an index that holds an earlier copy of the picture (--index DB)",)

_LIMITS = (
    "Quantisation tables are those of the last save only; they do not show what was done before.",
    "Many cameras, programs and platforms write the same tables.",
)


def _is_jpeg(case: Case) -> Missing | None:
    if case.image.format == "jpeg":
        return None
    form = case.image.format.upper()
    return Missing(reason=f"the file is {form}; only a JPEG shows how it was last saved")


@check(
    "provenance.recompression",
    question="How was the file last saved, and what does that show?",
    asks="manipulated",
    stage="structure",
    answers=("unaltered",),
    needs=(_is_jpeg,),
)
def provenance_recompression(case: Case) -> Iterable[Finding]:
    """Read the tables and settings of the encoder that saved the file last."""
    encoding = case.file.encoding
    if encoding is None:
        reason = "the file's JPEG tables cannot be read"
        yield from provenance_recompression.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    words = _words(encoding)
    yield _observation(words, encoding)
    if case.claim.of_kind("unaltered"):
        reason = "how a file was last saved is not evidence for or against alteration"
        yield from provenance_recompression.without(
            case, Outcome.NOT_APPLICABLE, reason, would_change=_WISH
        )


def _observation(words: str, encoding: Encoding) -> Finding:
    return provenance_recompression.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        measures=tuple(_measures(encoding)),
        evidence=Evidence(
            bytes=tuple(
                ByteRange(
                    offset=t.offset,
                    length=len(t.values) * t.bits // 8,
                    label=f"quantisation table {t.id}",
                )
                for t in encoding.tables
            )
        ),
        innocent=("every social platform re-encodes uploads",),
        limits=_LIMITS,
        would_change=_WISH,
    )


def _words(encoding: Encoding) -> str:
    scans = f"in {encoding.scans} scans" if encoding.scans != 1 else "in one scan"
    how = f"progressive, {scans}" if encoding.progressive else f"{encoding.process}, {scans}"
    colour = f", chroma {encoding.subsampling}" if encoding.subsampling else ""
    if encoding.ijg_quality is not None:
        table = f"with the standard tables of quality {encoding.ijg_quality}"
    elif encoding.nearest_quality is not None:
        table = (
            "with tables that are not the standard ones (nearest standard quality "
            f"{encoding.nearest_quality})"
        )
    else:
        table = "with tables that are not the standard ones"
    return f"The file was last saved as JPEG {table}, {how}{colour}."


def _measures(encoding: Encoding) -> Iterator[Measure]:
    yield Measure(
        name="standard (IJG) quality",
        value=encoding.ijg_quality,
        reason="the tables are not those of any standard quality",
    )
    yield Measure(
        name="chroma subsampling", value=encoding.subsampling, reason="the picture has no chroma"
    )
    yield Measure(name="progressive", value=encoding.progressive)
    yield Measure(name="scans", value=encoding.scans)
    yield Measure(name="Huffman tables", value=encoding.huffman)
