"""Was the picture altered since an earlier copy of it that is at hand?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import forensics, hashing
from imgcheck.case import Case
from imgcheck.checks import needs
from imgcheck.checks._known import COPIES, date, missing_dates
from imgcheck.checks._pictures import jpeg
from imgcheck.checks.calibration import error_rate
from imgcheck.checks.check import check
from imgcheck.imaging import warp
from imgcheck.imaging.text import printable
from imgcheck.model import (
    Citation,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Picture,
    Region,
    Window,
)

_BASIS = "comparison with a known picture"

# A copy that was altered over much of its area may look undetermined to the index. It is compared
# too, and what differs is shown; but it decides nothing: frames of one flight look so as well.
_ASKED = (*COPIES, "undetermined")
# Stages of the search that found the same bytes or the same pixels.
_EXACT = ("file", "pixels")
_MOST_COMPARED = 3
_MOST_REGIONS = 12
_SHOWN_SIDE = 1024

_LIMITS = (
    "Which of the two pictures was altered is not shown: the known picture may be the altered one.",
    "Changes of colour at equal brightness, slow changes of light over some 60 pixels, and what "
    "lies under or beside drawings are not seen.",
    "The known picture is kept at 1024 pixels a side at most; finer changes are lost.",
)
_INNOCENT = (
    "the known picture may be the altered one",
    "a logo, dust or a number plate may have been retouched in the open",
    "the two may be neighbouring frames of one camera in which something moved",
)
_WISHES = ("the earliest copy at full size",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Compared:
    """A known picture and what came of comparing the post with it."""

    match: hashing.Match
    earlier: NDArray[np.uint8]
    found: forensics.Residual

    @property
    def name(self) -> str:
        return printable(self.match.path).rsplit("/", 1)[-1]

    def of(self, kind: str) -> tuple[forensics.Difference, ...]:
        return tuple(r for r in self.found.regions if r.kind == kind)


@check(
    "hashing.altered-since",
    question="Does it differ from a known copy of it?",
    asks="manipulated",
    analysis="technical",
    answers=("unaltered",),
    needs=(needs.pixels, needs.index),
)
def hashing_altered_since(case: Case) -> Iterable[Finding]:
    """Compare the picture with the known pictures that it is a copy of."""
    copies = [m for m in case.known.matches if m.relation in _ASKED and m.known.listed is None]
    first = _earliest(case, copies)
    exact = [m for m in copies if m.stage in _EXACT]
    if exact and (first is None or first in exact):
        yield from _said(case, exact[0], None)
        return
    # The earliest copy decides: later ones may be altered themselves.
    order = [m for m in copies if m not in exact and m is not first]
    order = [first, *order] if first is not None else order
    tried = list(_comparisons(case, order[:_MOST_COMPARED])) if order else []
    compared = [c for c in tried if c.found.compared]
    if compared:
        chosen = max(
            compared,
            key=lambda c: (c.match is first, len(c.of("content")), len(c.found.regions)),
        )
        yield from _said(case, chosen.match, chosen)
    else:
        yield from hashing_altered_since.without(
            case, Outcome.NOT_APPLICABLE, _nothing(case, copies, tried)
        )


def _earliest(case: Case, copies: list[hashing.Match]) -> hashing.Match | None:
    """Give the earliest of the sure copies that are dated before the post.

    Of copies of one date, one with the same pixels comes first.
    """
    dated = [
        (known.earliest, match.stage not in _EXACT, number)
        for number, match in enumerate(copies)
        if match.relation in COPIES and (known := _earlier(case, match)) is not None
    ]
    return copies[min(dated)[2]] if dated else None


def _comparisons(case: Case, copies: list[hashing.Match]) -> Iterator[_Compared]:
    assert case.index is not None
    picture = case.image.rgb()
    with hashing.HashIndex.open(case.index) as index:
        for match in copies:
            earlier = index.preview(match.id)
            if match.inverted:
                earlier = 255 - earlier
            found = forensics.residual(
                picture,
                earlier,
                matrix=_to_preview(match, earlier),
                picture_mask=_shared(case, match),
            )
            yield _Compared(match=match, earlier=earlier, found=found)


def _shared(case: Case, match: hashing.Match) -> NDArray[np.bool_]:
    """Give the part of the post that is the known picture: not its frame, nor other panes."""
    usable = case.image.valid()
    if not match.region:
        return usable
    x, y = np.array(match.region).T
    inside = np.zeros_like(usable)
    rows = slice(max(0, round(y.min())), max(0, round(y.max())))
    inside[rows, max(0, round(x.min())) : max(0, round(x.max()))] = True
    return usable & inside


def _to_preview(match: hashing.Match, preview: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    if match.transform is None:
        return None
    rows, cols = preview.shape[:2]
    shrink = np.diag([cols / match.known.width, rows / match.known.height, 1.0])
    return np.asarray(shrink @ np.array(match.transform, np.float64))


def _nothing(case: Case, copies: list[hashing.Match], tried: list[_Compared]) -> str:
    if not copies:
        return "no copy of the picture is among the known pictures"
    reasons = "; ".join(f"{c.name}: {c.found.reason}" for c in tried)
    return f"the picture could not be compared with the known picture it resembles ({reasons})"


def _said(case: Case, match: hashing.Match, compared: _Compared | None) -> Iterator[Finding]:
    name = printable(match.path).rsplit("/", 1)[-1]
    if compared is None:
        words = f"The picture is, to the pixel, the known picture {name}: nothing differs."
        power = DetectionPower(sentence="every pixel was compared: no difference would be missed")
    else:
        words, power = _words(compared), _power(compared)
    yield hashing_altered_since.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        measures=() if compared is None else tuple(_measures(compared)),
        evidence=Evidence() if compared is None else _evidence(case, compared),
        limits=_LIMITS,
        power=power,
    )
    for statement in case.claim.of_kind("unaltered"):
        yield _judged(case, statement.id, match, compared, words, power)


def _judged(
    case: Case,
    statement: str,
    match: hashing.Match,
    compared: _Compared | None,
    words: str,
    power: DetectionPower,
) -> Finding:
    content = () if compared is None else compared.of("content")
    outcome = Outcome.INCONCLUSIVE
    wishes: tuple[str, ...] = _WISHES
    if match.relation not in COPIES:
        words += " Whether the two are copies of one picture at all is not sure."
    elif content and _earlier(case, match) is not None:
        outcome, wishes = Outcome.CONTRADICTS, ()
    elif content:
        words += " Which of the two came first is not known."
        when = date(match)
        wishes = missing_dates(case.claim.source.posted, () if when is None else (when,))
    elif compared is not None and compared.of("overlay"):
        words += " A drawing over a picture is an annotation, not a change of what it shows."
    else:
        words += " That does not show what was done before the known picture was made."
    return hashing_altered_since.finding(
        statement=statement,
        outcome=outcome,
        summary=words,
        basis=_BASIS,
        error_rate=error_rate("hashing.altered-since", "called altered"),
        innocent=_INNOCENT if content else (),
        limits=_LIMITS,
        power=power,
        would_change=wishes,
    )


def _earlier(case: Case, match: hashing.Match) -> Window | None:
    """Give the date of a known picture if it surely lies before the post."""
    posted, known = case.claim.source.posted, date(match)
    if posted is None or known is None or not known.before(posted):
        return None
    return known


def _words(compared: _Compared) -> str:
    content, overlay = compared.of("content"), compared.of("overlay")
    parts = []
    if content:
        sizes = ", ".join(f"{r.size_px:.0f}" for r in content[:5])
        places = "one place" if len(content) == 1 else f"{len(content)} places"
        parts.append(f"the ground differs in {places} ({sizes} px across)")
    if overlay:
        places = "one place" if len(overlay) == 1 else f"{len(overlay)} places"
        parts.append(f"something is drawn over it in {places}")
    told = " and ".join(parts) if parts else "nothing differs beyond compression and toning"
    return (
        f"Compared with the known picture {compared.name} over "
        f"{compared.found.compared_share:.0%} of the picture, {told}."
    )


def _power(compared: _Compared) -> DetectionPower:
    found = compared.found
    if found.smallest_px is None:
        return DetectionPower(sentence=f"what was missed is not known: {found.smallest_reason}")
    return DetectionPower(
        sentence=f"ground exchanged over less than {found.smallest_px:.0f} x "
        f"{found.smallest_px:.0f} px could have been missed: from that size on, nine in ten "
        "patches moved within this picture as a test were found"
    )


def _measures(compared: _Compared) -> Iterator[Measure]:
    found = compared.found
    yield Measure(name="known picture", value=compared.name)
    yield Measure(name="share of the picture compared", value=round(found.compared_share, 3))
    yield Measure(
        name="smallest exchange found 9 times in 10",
        value=None if found.smallest_px is None else round(found.smallest_px, 1),
        unit="px",
        reason=found.smallest_reason,
    )
    yield Measure(name="threshold of the score", value=round(found.threshold, 2))
    for number, region in enumerate(found.regions[:_MOST_REGIONS], start=1):
        yield Measure(
            name=f"difference {number}",
            value=f"{region.kind}, {region.size_px:.0f} px across, mean change "
            f"{region.contrast:.0f} gray levels, score {region.score:.1f}",
        )
    if len(found.regions) > _MOST_REGIONS:
        yield Measure(name="differences in all", value=len(found.regions))


def _evidence(case: Case, compared: _Compared) -> Evidence:
    return Evidence(
        regions=tuple(
            Region(
                image="picture",
                polygon=r.polygon,
                label="drawn over" if r.kind == "overlay" else "differs from the known picture",
                layer="altered since",
            )
            for r in compared.found.regions
        ),
        citations=(Citation(input=compared.name, label="known picture compared with"),),
        pictures=tuple(_pictures(case.image.rgb(), compared)),
    )


def _pictures(picture: NDArray[np.uint8], compared: _Compared) -> Iterator[Picture]:
    """Give the earlier copy laid on the post, the post, and where they differ."""
    assert compared.found.matrix is not None
    shrink = min(1.0, _SHOWN_SIDE / max(picture.shape[:2]))
    shape = (round(picture.shape[0] * shrink), round(picture.shape[1] * shrink))
    grow = np.diag([picture.shape[1] / shape[1], picture.shape[0] / shape[0], 1.0])
    earlier = warp.warp(compared.earlier, compared.found.matrix @ grow, shape, inverse=True)
    post = warp.resize(picture, shape)
    score = warp.resize(compared.found.score_map, shape)
    hot = np.clip(np.nan_to_num(score) / (2 * compared.found.threshold), 0, 1)
    gray = np.repeat(post.mean(axis=2, keepdims=True), 3, axis=2) * 0.6
    glow = hot[..., None] * np.array([255.0, 64.0, 0.0]) + (1 - hot[..., None]) * gray
    stem = f"known-{compared.match.id}-altered"
    for name, label, role, pixels in (
        (f"{stem}-before.jpg", f"{compared.name}, laid on the post", "before", earlier),
        (f"{stem}-after.jpg", "the post", "after", post),
        (f"{stem}-difference.jpg", "where they differ (orange)", "overlay", glow),
    ):
        shown = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8)
        yield Picture(name=name, label=label, role=role, data=jpeg(shown))
