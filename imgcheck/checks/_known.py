"""What matches in the index of known pictures mean, for the checks that search it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck import hashing
from imgcheck.case import Case
from imgcheck.checks.check import Check, error_rate
from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image, warp
from imgcheck.imaging.reduced import jpeg
from imgcheck.imaging.text import printable
from imgcheck.model import (
    Acquired,
    Evidence,
    Finding,
    Measure,
    Original,
    Outcome,
    Picture,
    Region,
    Window,
)
from imgcheck.quantity import significant

BASIS = "index of known pictures"
COPIES = ("same", "derived")
MOST_SHOWN = 5
LIMITS = (
    "Only the pictures of this index were compared; the picture may have appeared elsewhere.",
    "The date of a known picture is the one entered when it was added to the index.",
)

COPY_ERROR = error_rate("hashing.seen-before", "called a copy")
_FRAMES = "frames of a hovering camera, seconds apart, can look like copies"
_INNOCENT = ("the publisher may have posted the earlier copy too", _FRAMES)
# From this share of both pictures on, they match as a whole: a thin frame, a caption or a trimmed
# edge does not make a crop.
WHOLE = 0.85
_SHOWN_SIDE = 1024
# A difference of this many gray levels is shown at full strength.
_FULL = 64.0

_KINDS = {
    "same": "is the same picture as",
    "derived": "is a copy of",
    "same-capture": "looks like a frame of the same flight as",
    "same-place": "shows the same place, at another time, as",
    "undetermined": "resembles, but may not be a copy of,",
}


def empty(check: Check, case: Case) -> tuple[Finding, ...]:
    """Return findings that nothing was compared, since the index holds no picture."""
    return check.without(
        case,
        Outcome.NOT_APPLICABLE,
        "the index of known pictures is empty",
        would_change=("an index that holds known pictures (--index DB)",),
    )


def whole(match: hashing.Match) -> bool:
    """Tell whether both pictures match as a whole, rather than in a part."""
    shares = (match.overlap_share, match.known_share)
    return all(share is None or share >= WHOLE for share in shares)


def copies_first(matches: Sequence[hashing.Match]) -> tuple[list[hashing.Match], int]:
    """Sort copies to the front; also return how many there are."""
    copies = [m for m in matches if m.relation in COPIES]
    return [*copies, *(m for m in matches if m.relation not in COPIES)], len(copies)


def name(match: hashing.Match) -> str:
    """Return the file name of a known picture, safe to print."""
    return printable(match.path).rsplit("/", 1)[-1]


def likeness(match: hashing.Match) -> str:
    """Describe the relation of the picture to a known picture."""
    how = variant(match)
    return f"{_KINDS[match.relation]}{f' ({how})' if how else ''} {name(match)}"


def variant(match: hashing.Match) -> str:
    """Return "mirrored", "inverted" or both in words; empty if neither."""
    flags = (("mirrored", match.mirrored), ("inverted", match.inverted))
    return " and ".join(word for word, on in flags if on)


def nothing(result: hashing.SearchResult, otherwise: str) -> str:
    """Return the sentence of a check without a copy of its kind; ``otherwise`` if nothing matches.

    It must agree with what the other checks of the index report.
    """
    copies = [m for m in result.matches if m.relation in COPIES]
    if copies:
        return f"The picture {_copied(copies[0])}; no match of another kind was found"
    if result.matches:
        return (
            f"The picture {likeness(result.matches[0])}; neither the picture nor a part of it is "
            "confirmed as a copy of a known picture"
        )
    return otherwise


def search_measures(result: hashing.SearchResult) -> Iterator[Measure]:
    """Yield what was searched."""
    yield Measure(name="known pictures compared", value=result.rows)
    yield Measure(name="every one compared", value=result.exact)
    yield Measure(name="state of the index", value=result.snapshot)
    yield Measure(name="details searched for", value=result.features)
    if result.unexamined:
        yield Measure(name="look alike, not compared in detail", value=result.unexamined)


def match_measures(matches: Sequence[hashing.Match]) -> Iterator[Measure]:
    """Yield relation, date, stage, coverage and expected false matches of each match."""
    for match in matches:
        share = "" if match.overlap_share is None else f", {match.overlap_share:.0%} of the picture"
        when = match.known.date or "date not stated"
        yield Measure(
            name=name(match),
            value=f"{match.relation} ({when}; found by {match.stage}{share}; {_false(match)})",
        )


def _false(match: hashing.Match) -> str:
    if match.stage in ("file", "pixels"):
        return f"the same {match.stage}"
    if match.log10_nfa < -9:
        return "fewer than 1e-9 accidental matches expected"
    return f"{significant(match.nfa, 2)} accidental matches expected"


def evidence(case: Case, matches: Sequence[hashing.Match]) -> Evidence:
    """Return the shared regions, the known pictures, and the best copy aligned with the post."""
    pictures: list[Picture] = []
    with case.open_index() as index:
        for number, match in enumerate(matches):
            if match.known.listed is not None:
                continue
            preview, label = index.preview(match.id), name(match)
            shown = Picture(
                name=f"known-{match.id}.jpg",
                label=f"known picture: {label}",
                role="known",
                data=jpeg(preview),
            )
            pictures.append(shown)
            if number == 0 and match.transform is not None:
                matrix = np.array(match.transform, np.float64)
                pictures += _aligned(case.image.rgb(), match, matrix, preview)
    regions = tuple(
        Region(
            image="picture",
            polygon=match.region,
            label=f"shared with {name(match)}",
            layer="seen before",
        )
        for match in matches
        if match.region
    )
    return Evidence(regions=regions, pictures=tuple(pictures))


def from_file(case: Case, match: hashing.Match) -> NDArray[np.uint8] | None:
    """Return the pixels of a known picture's file, if it still holds the bytes that were added.

    Its path is looked up as it was given, and beside the index.
    """
    for folder in () if case.index is None else (Path(), case.index.parent):
        try:
            with Image.open(folder / match.path) as image:
                if image.sha256 == match.known.sha256:
                    return image.rgb()
        except (ImgcheckError, OSError, ValueError):
            continue
    return None


def to_preview(
    match: hashing.Match, matrix: NDArray[np.float64], preview: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return the matrix from the post to the preview of a known picture, or to its file."""
    rows, cols = preview.shape[:2]
    shrink = np.diag([cols / match.known.width, rows / match.known.height, 1.0])
    return np.asarray(shrink @ matrix)


def _aligned(
    picture: NDArray[np.uint8],
    match: hashing.Match,
    matrix: NDArray[np.float64],
    preview: NDArray[np.uint8],
) -> Iterator[Picture]:
    """Yield the known picture in the pixels of the post, the post, and their difference."""
    shape, grow = shown_shape(picture)
    earlier = warp.warp(preview, to_preview(match, matrix, preview) @ grow, shape, inverse=True)
    if match.inverted:
        earlier = 255 - earlier
    post = warp.resize(picture, shape)
    yield from compared_pictures(
        f"known-{match.id}-aligned",
        f"{name(match)}, registered to the posted picture",
        earlier,
        post,
        _difference(earlier, post),
        "difference (bright = differs)",
    )


def shown_shape(picture: NDArray[np.uint8]) -> tuple[tuple[int, int], NDArray[np.float64]]:
    """Return the size at which a picture is shown, and the matrix from there to its pixels."""
    rows, cols = picture.shape[:2]
    shrink = min(1.0, _SHOWN_SIDE / max(rows, cols))
    shape = (max(1, round(rows * shrink)), max(1, round(cols * shrink)))
    return shape, np.diag([cols / shape[1], rows / shape[0], 1.0])


def compared_pictures(
    stem: str,
    label: str,
    earlier: NDArray[np.float32],
    post: NDArray[np.float32],
    difference: NDArray[np.floating],
    difference_label: str,
) -> Iterator[Picture]:
    """Yield an earlier picture, the post and their difference, for a slider."""
    for role, words, pixels in (
        ("before", label, earlier),
        ("after", "the post", post),
        ("overlay", difference_label, difference),
    ):
        shown = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8)
        file = f"{stem}-{'difference' if role == 'overlay' else role}.jpg"
        yield Picture(name=file, label=words, role=role, data=jpeg(shown))


def _difference(earlier: NDArray[np.float32], post: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the difference after the tone of one picture is fitted to the other's."""
    one, other = earlier.mean(axis=2), post.mean(axis=2)
    seen = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(seen) > 16 and float(np.std(one[seen])) > 1:
        slope, offset = np.polyfit(one[seen], other[seen], 1)
        one = slope * one + offset
    gap = np.clip(np.abs(one - other) * (255.0 / _FULL), 0, 255)
    return np.repeat(np.where(seen, gap, 0)[..., None], 3, axis=2).astype(np.float32)


def date(match: hashing.Match) -> Window | None:
    """Parse the date of a known picture; None if there is none that can be parsed."""
    try:
        return None if match.known.date is None else Window.parse(match.known.date)
    except ValueError:
        return None


def missing_dates(posted: Window | None, known: Sequence[Window]) -> tuple[str, ...]:
    """Name the dates to give, so that a known picture can be called earlier than the post."""
    return (
        *(("the date of the post (source.posted in the claim)",) if posted is None else ()),
        *(() if known else ("the date of the known picture (index add --date)",)),
    )


def answers(check: Check, case: Case, copies: list[hashing.Match], none: str) -> Iterator[Finding]:
    """Yield what the copies of a check mean for `original` and `acquired`; ``none`` if none."""
    for original in case.claim.of_type(Original):
        yield _original(check, case, original.id, copies, none)
    for acquired in case.claim.of_type(Acquired):
        yield _acquired(check, acquired, copies, none)


def _original(
    check: Check, case: Case, statement: str, copies: list[hashing.Match], none: str
) -> Finding:
    posted = case.claim.source.posted
    dated = [(m, when) for m in copies if (when := date(m)) is not None]
    earlier = [(m, when) for m, when in dated if posted is not None and when.before(posted)]
    wishes: tuple[str, ...] = ("a larger index of known pictures",)
    outcome = Outcome.INCONCLUSIVE
    if earlier:
        match, when = earlier[0]
        outcome = Outcome.CONTRADICTS
        words = f"The picture {_copied(match)}, which is dated {when.words}, before the post."
        wishes = ()
    elif copies:
        words = f"The picture {_copied(copies[0])}, but which of the two came first is not known: "
        wishes = missing_dates(posted, [when for _, when in dated])
        if posted is not None and dated:
            words += (
                f"{dated[0][1].words} is not clearly before the date of the post, {posted.words}."
            )
        else:
            words += f"give {' and '.join(wishes)}."
    else:
        words = f"{none}; this does not show that the picture is new."
    return check.finding(
        statement=statement,
        outcome=outcome,
        summary=words,
        basis=BASIS,
        error_rate=COPY_ERROR,
        innocent=_INNOCENT if copies else (),
        limits=LIMITS,
        would_change=wishes,
    )


def _acquired(check: Check, statement: Acquired, copies: list[hashing.Match], none: str) -> Finding:
    claimed = statement.window
    dated = [(m, when) for m in copies if (when := date(m)) is not None and when.before(claimed)]
    outcome, words = Outcome.INCONCLUSIVE, f"{none}."
    innocent: tuple[str, ...] = ()
    if dated:
        match, when = dated[0]
        outcome = Outcome.CONTRADICTS
        words = (
            f"The picture {_copied(match)}, which is dated {when.words}, before the claimed "
            f"{claimed.words}."
        )
        innocent = ("the date entered into the index may be wrong", _FRAMES)
    elif copies:
        words = "No known original of this picture is dated before the claimed time."
    return check.finding(
        statement=statement.id,
        outcome=outcome,
        summary=words,
        basis=BASIS,
        error_rate=COPY_ERROR,
        innocent=innocent,
        limits=LIMITS,
    )


def _copied(match: hashing.Match) -> str:
    if whole(match):
        return likeness(match)
    inside = match.overlap_share is not None and match.overlap_share < WHOLE
    return f"{'contains a copy' if inside else 'is a crop'} of {name(match)}"
