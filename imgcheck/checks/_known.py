"""The index of known pictures, searched once a case, and what dated copies in it mean."""

from collections.abc import Iterator, Sequence

from imgcheck import hashing
from imgcheck.case import Case
from imgcheck.checks._aligned import aligned
from imgcheck.checks._pictures import jpeg
from imgcheck.checks.calibration import error_rate
from imgcheck.checks.check import Check
from imgcheck.imaging.text import printable
from imgcheck.model import Acquired, Evidence, Finding, Measure, Outcome, Picture, Region, Window
from imgcheck.quantity import significant

BASIS = "index of known pictures"
COPIES = ("same", "derived")
MOST_SHOWN = 5
LIMITS = (
    "Only the pictures of this index were compared; the picture may have been seen elsewhere.",
    "The date of a known picture is what was written into the index when it was added.",
)

COPY_ERROR = error_rate("hashing.seen-before", "called a copy")
_FRAMES = "frames of a hovering camera, seconds apart, can look like copies"
_INNOCENT = ("the publisher may have posted the earlier copy too", _FRAMES)
# From this share of both pictures on, the one is the other as a whole: a thin frame, a caption or
# a trimmed edge does not make a cut.
_WHOLE = 0.85

_KINDS = {
    "same": "is the same picture as",
    "derived": "is a copy of",
    "same-capture": "looks like a frame of the same flight as",
    "same-place": "shows the same place, at another time, as",
    "undetermined": "resembles, but is not surely a copy of,",
}


def empty(check: Check, case: Case) -> tuple[Finding, ...]:
    """Say that nothing was compared, since the index holds no picture."""
    return check.without(
        case,
        Outcome.NOT_APPLICABLE,
        "the index of known pictures is empty",
        would_change=("an index that holds known pictures (--index DB)",),
    )


def whole(match: hashing.Match) -> bool:
    """Tell whether the picture matches as a whole, not a part of it or a cut of the known."""
    shares = (match.overlap_share, match.known_share)
    return all(share is None or share >= _WHOLE for share in shares)


def name(match: hashing.Match) -> str:
    """Give the file name of a known picture, safe to print."""
    return printable(match.path).rsplit("/", 1)[-1]


def likeness(match: hashing.Match) -> str:
    """Say in words what the picture is to a known picture."""
    handled = handling(match)
    turned = f" ({handled})" if handled else ""
    return f"{_KINDS[match.relation]}{turned} {name(match)}"


def nothing(result: hashing.SearchResult, otherwise: str) -> str:
    """Say that a check has no copy of its own sort, in agreement with what the others say.

    Parameters
    ----------
    result : SearchResult
    otherwise : str
        For an index in which nothing matches.
    """
    copies = [m for m in result.matches if m.relation in COPIES]
    if copies:
        return f"The picture {_copied(copies[0])}; no other known picture matches in another way"
    if result.matches:
        return (
            f"The picture {likeness(result.matches[0])}; no known picture is surely a copy of it "
            "or of a part of it"
        )
    return otherwise


def handling(match: hashing.Match) -> str:
    """Say whether the picture is mirrored or inverted; empty if neither."""
    flags = (("mirrored", match.mirrored), ("inverted", match.inverted))
    return " and ".join(word for word, on in flags if on)


def search_measures(result: hashing.SearchResult) -> Iterator[Measure]:
    """Give what was searched."""
    yield Measure(name="known pictures compared", value=result.rows)
    yield Measure(name="every one compared", value=result.exact)
    yield Measure(name="state of the index", value=result.snapshot)
    yield Measure(name="details searched for", value=result.features)


def match_measures(matches: list[hashing.Match]) -> Iterator[Measure]:
    """Give a line a match: relation, date, what found it, how much it covers, chance."""
    for match in matches:
        share = "" if match.overlap_share is None else f", {match.overlap_share:.0%} of the picture"
        when = match.known.date or "date not stated"
        yield Measure(
            name=name(match),
            value=f"{match.relation} ({when}; found by {match.stage}{share}; {_chance(match)})",
        )


def evidence(case: Case, matches: list[hashing.Match]) -> Evidence:
    """Give the shared regions, the known pictures, and the best copy laid on the post."""
    assert case.index is not None
    pictures: list[Picture] = []
    with hashing.HashIndex.open(case.index) as index:
        for number, match in enumerate(matches):
            if match.known.listed is not None:
                continue
            preview = index.preview(match.id)
            pictures.append(
                Picture(
                    name=f"known-{match.id}.jpg",
                    label=f"known picture: {name(match)}",
                    role="known",
                    data=jpeg(preview),
                )
            )
            if number == 0 and match.transform is not None:
                pictures += aligned(case.image.rgb(), match, preview, label=name(match))
    return Evidence(
        regions=tuple(
            Region(
                image="picture",
                polygon=match.region,
                label=f"shared with {name(match)}",
                layer="seen before",
            )
            for match in matches
            if match.region
        ),
        pictures=tuple(pictures),
    )


def answers(
    check: Check,
    case: Case,
    result: hashing.SearchResult,
    copies: list[hashing.Match],
    *,
    none: str,
) -> Iterator[Finding]:
    """Say what copies mean for the statements `original` and `acquired`.

    Parameters
    ----------
    check : Check
        In whose name.
    case : Case
    result : SearchResult
    copies : list of Match
        Those of this check, surest first.
    none : str
        What to say where there is none.
    """
    for statement in case.claim.of_kind("original"):
        yield _original(check, case, statement.id, copies, none)
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        yield _acquired(check, statement, copies, none)


def _chance(match: hashing.Match) -> str:
    if match.stage in ("file", "pixels"):
        return f"the same {match.stage}"
    if match.log10_nfa < -9:
        return "fewer than one in a billion expected by chance"
    return f"{significant(match.nfa, 2)} expected by chance"


def missing_dates(posted: Window | None, known: Sequence[Window]) -> tuple[str, ...]:
    """Name the dates to give, so that a known picture can be called earlier than the post."""
    return (
        *(("the date of the post (source.posted in the claim)",) if posted is None else ()),
        *(() if known else ("the date of the known picture (index add --date)",)),
    )


def date(match: hashing.Match) -> Window | None:
    """Read the date of a known picture; None without one that can be read."""
    try:
        return None if match.known.date is None else Window.parse(match.known.date)
    except ValueError:
        return None


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
        words = f"The picture {_copied(match)}, which is dated {when.text}, before the post."
        wishes = ()
    elif copies:
        words = f"The picture {_copied(copies[0])}, but which of the two came first is not known: "
        wishes = missing_dates(posted, [when for _, when in dated])
        if posted is not None and dated:
            words += f"{dated[0][1].text} is not surely before the post of {posted.text}."
        else:
            words += f"give {' and '.join(wishes)}."
    else:
        words = f"{none}; that does not show that it is new."
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
    earlier = [
        (m, when) for m in copies if (when := date(m)) is not None and when.before(statement.window)
    ]
    if earlier:
        match, when = earlier[0]
        return check.finding(
            statement=statement.id,
            outcome=Outcome.CONTRADICTS,
            summary=f"The picture {_copied(match)}, which is dated {when.text}, before the "
            f"claimed {statement.window.text}.",
            basis=BASIS,
            error_rate=COPY_ERROR,
            innocent=("the date written into the index may be wrong", _FRAMES),
            limits=LIMITS,
        )
    words = (
        "No known picture that it is a copy of is dated before the claimed time" if copies else none
    )
    return check.finding(
        statement=statement.id,
        outcome=Outcome.INCONCLUSIVE,
        summary=f"{words}.",
        basis=BASIS,
        limits=LIMITS,
    )


def _copied(match: hashing.Match) -> str:
    if whole(match):
        return likeness(match)
    inside = match.overlap_share is not None and match.overlap_share < _WHOLE
    return f"{'holds a copy' if inside else 'is a cut'} of {name(match)}"
