"""The comparison of found objects with the truth, as a document and as text."""

from collections.abc import Iterator, Sequence

from imgcheck.annotate.scoring import Score, Share
from imgcheck.model.documents import (
    AnnotateScoreDocument,
    AnnotationScore,
    CountedShare,
    SizeRecall,
)


def document(scores: Sequence[Score], *, pictures: int, sheet: str | None) -> AnnotateScoreDocument:
    """Return what `imgcheck annotate score --json` prints."""
    kinds = tuple(map(_document, scores))
    return AnnotateScoreDocument(pictures=pictures, kinds=kinds, sheet=sheet)


def _document(one: Score) -> AnnotationScore:
    return AnnotationScore(
        kind=one.kind,
        truth=one.truth,
        found=one.found,
        count_error=one.count_error,
        precision=_share(one.precision),
        recall=_share(one.recall),
        f1=one.f1,
        ap50_box=one.ap50_box,
        ap50_rotated=one.ap50_rotated,
        heading_median_deg=one.heading_median_deg,
        heading_p90_deg=one.heading_p90_deg,
        by_size=tuple(
            SizeRecall(
                low=b.low,
                high=b.high if b.high < float("inf") else None,
                unit=one.unit,
                recall=_share(b.recall),
            )
            for b in one.by_size
        ),
    )


def _share(one: Share) -> CountedShare:
    span = one.interval
    return CountedShare(
        hits=one.hits, trials=one.trials, value=one.value, low=span.low, high=span.high
    )


def lines(whole: AnnotateScoreDocument) -> Iterator[str]:
    """Yield the lines that are printed."""

    def number(value: float | None, digits: int = 2) -> str:
        return "not defined" if value is None else f"{value:.{digits}f}"

    def share(one: CountedShare) -> str:
        return f"{number(one.value)} [{one.low:.2f}, {one.high:.2f}] ({one.hits} of {one.trials})"

    for one in whole.kinds:
        error = f"error of the count {one.count_error:+d}"
        yield f"{one.kind}: {one.truth} true, {one.found} found ({error})"
        yield f"  precision  {share(one.precision)}"
        yield f"  recall     {share(one.recall)}"
        yield f"  F1         {number(one.f1)}"
        yield f"  AP50       {number(one.ap50_box)} upright, {number(one.ap50_rotated)} turned"
        if one.heading_median_deg is not None:
            median, most = number(one.heading_median_deg, 1), number(one.heading_p90_deg, 1)
            yield f"  heading    {median} degrees off (median), 9 in 10 below {most}"
        for b in one.by_size:
            span = f"{b.low:g} to {b.high:g}" if b.high is not None else f"{b.low:g} and more"
            yield f"  recall of {span} {b.unit}: {share(b.recall)}"
