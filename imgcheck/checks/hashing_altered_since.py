"""Was the picture altered since an earlier copy of it that is at hand?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck import forensics, hashing
from imgcheck.case import Case
from imgcheck.checks import _known, needs
from imgcheck.checks.check import check, error_rate
from imgcheck.imaging import warp
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
# too, and the differences are shown; but they do not decide: frames of one flight look so as well.
_COMPARED = (*_known.COPIES, "undetermined")
# Stages of the search that found the same bytes or the same pixels.
_EXACT = ("file", "pixels")
_MOST_COMPARED = 3
_MOST_REGIONS = 12

_LIMITS = (
    "The comparison does not show which of the two pictures was altered: it may be the known one.",
    "Not detected: changes of colour at equal brightness, gradual changes of light over some 60 "
    "pixels, and changes under or next to drawings.",
)
_OF_PREVIEW = (
    "The file of the known picture is not where the index says, or has changed since: the preview "
    "in the index was compared, which has 1024 pixels a side at most. Finer changes are lost."
)
_INNOCENT = (
    "the known picture may be the altered one",
    "removing a logo, dust or a number plate is common and need not be deceptive",
    "the two may be neighbouring frames of one camera in which something moved",
)
_WISHES = ("the earliest copy at full size",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Compared:
    """A known picture and its comparison with the post."""

    match: hashing.Match
    earlier: NDArray[np.uint8]
    of_file: bool
    found: "forensics.Residual"

    def of(self, kind: str) -> "tuple[forensics.Difference, ...]":
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
    """Compare the picture with the known pictures of which it is a copy."""
    matches = case.known.matches
    copies = [m for m in matches if m.relation in _COMPARED and m.known.listed is None]
    first = _earliest(case, copies)
    exact = [m for m in copies if m.stage in _EXACT]
    if exact and (first is None or first in exact):
        yield from _findings(case, exact[0], None)
        return
    # The earliest copy decides: later ones may be altered themselves.
    order = sorted((m for m in copies if m not in exact), key=lambda m: m is not first)
    tried = list(_comparisons(case, order[:_MOST_COMPARED])) if order else []
    compared = [c for c in tried if isinstance(c, _Compared)]
    if compared:
        chosen = max(
            compared,
            key=lambda c: (c.match is first, len(c.of("content")), len(c.found.regions)),
        )
        yield from _findings(case, chosen.match, chosen)
        return
    words = "no copy of the picture is among the known pictures"
    if copies:
        reasons = "; ".join(reason for reason in tried if isinstance(reason, str))
        words = f"the picture could not be compared with the known picture it resembles ({reasons})"
    yield from hashing_altered_since.without(case, Outcome.NOT_APPLICABLE, words)


def _earliest(case: Case, copies: list[hashing.Match]) -> hashing.Match | None:
    """Return the earliest copy that is dated before the post; of one date, that of equal pixels."""
    dated = [
        (known.earliest, match.stage not in _EXACT, number)
        for number, match in enumerate(copies)
        if match.relation in _known.COPIES and (known := _earlier(case, match)) is not None
    ]
    return copies[min(dated)[2]] if dated else None


def _comparisons(case: Case, copies: list[hashing.Match]) -> Iterator[_Compared | str]:
    """Return each comparison, or the reason why a copy could not be compared."""
    picture = case.image.rgb()
    with case.open_index() as index:
        for match in copies:
            original, matrix = _known.from_file(case, match), None
            earlier = index.preview(match.id) if original is None else original
            if match.inverted:
                earlier = 255 - earlier
            if match.transform is not None:
                transform = np.array(match.transform, np.float64)
                matrix = _known.to_preview(match, transform, earlier)
            found = forensics.residual(
                picture, earlier, matrix=matrix, picture_mask=_shared(case, match)
            )
            if isinstance(found, forensics.NotCompared):
                yield f"{_known.name(match)}: {found.reason}"
            else:
                yield _Compared(
                    match=match, earlier=earlier, of_file=original is not None, found=found
                )


def _shared(case: Case, match: hashing.Match) -> NDArray[np.bool_]:
    """Return the part of the post that matches the known picture, without frame or other panes."""
    usable = case.image.valid()
    if not match.region:
        return usable
    x, y = np.array(match.region).T
    inside = np.zeros_like(usable)
    rows = slice(max(0, round(y.min())), max(0, round(y.max())))
    inside[rows, max(0, round(x.min())) : max(0, round(x.max()))] = True
    return usable & inside


def _findings(case: Case, match: hashing.Match, compared: _Compared | None) -> Iterator[Finding]:
    if compared is None:
        words = (
            f"The picture is identical to the known picture {_known.name(match)} in every pixel: "
            "nothing differs."
        )
        power = DetectionPower(sentence="Every pixel was compared: no difference would be missed.")
    else:
        words, power = _words(compared), _power(compared.found)
    limits = _LIMITS if compared is None or compared.of_file else (*_LIMITS, _OF_PREVIEW)
    yield hashing_altered_since.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        measures=() if compared is None else tuple(_measures(compared)),
        evidence=Evidence() if compared is None else _evidence(case, compared),
        limits=limits,
        power=power,
    )
    for statement in case.claim.of_kind("unaltered"):
        yield _judged(case, statement.id, match, compared, words, limits, power)


def _judged(
    case: Case,
    statement: str,
    match: hashing.Match,
    compared: _Compared | None,
    words: str,
    limits: tuple[str, ...],
    power: DetectionPower,
) -> Finding:
    content = () if compared is None else compared.of("content")
    outcome = Outcome.INCONCLUSIVE
    wishes: tuple[str, ...] = _WISHES
    certain = compared is not None and bool(content) and compared.found.certain
    if compared is not None and content and compared.found.moved:
        words += (
            " A thing in one of these places lies elsewhere among them in the known picture: the "
            "two may be frames of one camera between which it moved."
        )
    elif match.relation not in _known.COPIES and not certain:
        words += " It is not confirmed that the two are copies of one picture."
    elif content and _earlier(case, match) is not None:
        outcome, wishes = Outcome.CONTRADICTS, ()
    elif content:
        words += " Which of the two came first is not known."
        when = _known.date(match)
        wishes = _known.missing_dates(case.claim.source.posted, () if when is None else (when,))
    elif compared is not None and compared.of("overlay"):
        words += " A drawing over a picture is an annotation, not an alteration of what it shows."
    else:
        words += " That does not show what was done before the known picture was made."
    return hashing_altered_since.finding(
        statement=statement,
        outcome=outcome,
        summary=words,
        basis=_BASIS,
        error_rate=error_rate("hashing.altered-since", "called altered"),
        innocent=_INNOCENT if content else (),
        limits=limits,
        power=power,
        would_change=wishes,
    )


def _earlier(case: Case, match: hashing.Match) -> Window | None:
    """Return the date of a known picture if it is certainly before the post."""
    posted, known = case.claim.source.posted, _known.date(match)
    if posted is None or known is None or not known.before(posted):
        return None
    return known


def _words(compared: _Compared) -> str:
    content, overlay = compared.of("content"), compared.of("overlay")
    parts = []
    if content:
        sizes = ", ".join(f"{r.size_px:.0f}" for r in content[:5])
        parts.append(f"the ground differs in {_places(len(content))} ({sizes} px across)")
    if overlay:
        parts.append(f"something is drawn over it in {_places(len(overlay))}")
    result = " and ".join(parts) if parts else "nothing differs beyond compression and toning"
    return (
        f"Compared with the known picture {_known.name(compared.match)} over "
        f"{compared.found.compared_share:.0%} of the picture, {result}."
    )


def _places(number: int) -> str:
    return "one place" if number == 1 else f"{number} places"


def _power(found: "forensics.Residual") -> DetectionPower:
    if found.smallest_px is None:
        sentence = f"It is not known how small a change would be missed: {found.smallest_reason}."
    else:
        size = f"{found.smallest_px:.0f} x {found.smallest_px:.0f} px"
        sentence = (
            f"Replaced ground smaller than {size} may have been missed: of test patches of that "
            "size moved within this picture, 9 in 10 were found."
        )
    return DetectionPower(sentence=sentence)


def _measures(compared: _Compared) -> Iterator[Measure]:
    found = compared.found
    yield Measure(name="known picture", value=_known.name(compared.match))
    yield Measure(name="compared with", value="its file" if compared.of_file else "its preview")
    yield Measure(name="share of the picture compared", value=round(found.compared_share, 3))
    yield Measure(
        name="smallest replaced patch found 9 times in 10",
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
        citations=(
            Citation(input=_known.name(compared.match), label="known picture compared with"),
        ),
        pictures=tuple(_pictures(case, compared)),
    )


def _pictures(case: Case, compared: _Compared) -> Iterator[Picture]:
    """Yield the earlier copy aligned with the post, the post, and where they differ."""
    found, picture = compared.found, case.image.rgb()
    shape, grow = _known.shown_shape(picture)
    earlier = warp.warp(compared.earlier, found.matrix @ grow, shape, inverse=True)
    post = warp.resize(picture, shape)
    score = warp.resize(found.score_map, shape)
    hot = np.clip(np.nan_to_num(score) / (2 * found.threshold), 0, 1)[..., None]
    gray = np.repeat(post.mean(axis=2, keepdims=True), 3, axis=2) * 0.6
    yield from _known.compared_pictures(
        f"known-{compared.match.id}-altered",
        f"{_known.name(compared.match)}, registered to the posted picture",
        earlier,
        post,
        hot * np.array([255.0, 64.0, 0.0]) + (1 - hot) * gray,
        "where they differ (orange)",
    )
