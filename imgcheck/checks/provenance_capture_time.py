"""Does the file's own metadata place the capture inside the claimed dates?"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from imgcheck import provenance, sun
from imgcheck.case import Case
from imgcheck.case.ground import Spot, claimed_spot
from imgcheck.checks.check import MISSING, WRITABLE, check
from imgcheck.model import Acquired, ByteRange, Evidence, Finding, Measure, Outcome, Place, Window
from imgcheck.quantity import LonLat
from imgcheck.sun.times import FIRST_YEAR, LAST_YEAR

_BASIS = "file metadata"
_MOST_TIMES = 16  # rows of a finding; some histories have hundreds

_LOCAL = {"inside": "inside", "earlier": "before", "later": "after", "overlaps": "undecidable",
          "unknown": "undecidable"}  # fmt: skip

# Centre of the sun below the horizon: civil twilight ends at -6, astronomical at -18 degrees
# (U.S. Naval Observatory, Astronomical Applications Department).
_DAYLIGHT_FRAMES, _DAYLIGHT_EV = 120, (9.6, 14.3)  # benchmarks: rules, three flights
_CIVIL_DEG, _NIGHT_DEG = -6.0, -18.0


@check(
    "provenance.capture-time",
    question="Does the file's own metadata place the capture inside the claimed dates?",
    asks="misdated",
    analysis="technical",
    stage="bytes",
    answers=("acquired",),
)
def capture_time(case: Case) -> Iterable[Finding]:
    """Compare every time in the file with the claimed dates, and with daylight."""
    times = case.file.times
    for statement in case.claim.of_type(Acquired):
        yield _answer(case, statement, times)


def _answer(case: Case, statement: Acquired, times: tuple[provenance.Time, ...]) -> Finding:
    compared = _compared(times, statement.window)
    sentences = [*_capture(case, compared), *_existed(compared), *_posted(case, times)]
    sentences += _daylight(case, times)
    observed = len(sentences) > 1  # the first alone: no time of capture is recorded
    return capture_time.finding(
        statement=statement.id,
        outcome=Outcome.INCONCLUSIVE if observed else Outcome.NOT_APPLICABLE,
        summary=" ".join(sentences),
        basis=_BASIS,
        measures=tuple(_measures(compared.fits)),
        evidence=Evidence(
            bytes=tuple(
                ByteRange(offset=t.offset, length=t.length or 0, label=f"{t.tag} {t.value}"[:80])
                for t in times[:_MOST_TIMES]
                if t.offset is not None
            )
        ),
        innocent=(
            "the camera's clock was never set, or ran in another zone",
            "the file was saved again by a program, which wrote its own time",
        ),
        limits=(*(WRITABLE if times else ()), *MISSING),
        would_change=("the camera original, with its signature if it has one",),
    )


def _compared(times: tuple[provenance.Time, ...], window: Window) -> provenance.TimeComparison:
    # The last second of the window belongs to it.
    end = window.end + timedelta(seconds=1)
    return provenance.compare_times(times, start=window.start, end=end)


def _capture(case: Case, compared: provenance.TimeComparison) -> Iterator[str]:
    if compared.capture is None:
        unread = provenance.unreadable(case.file.metadata, "time")
        if unread is not None:
            yield f"The file records a time that cannot be read: {unread}."
        else:
            yield (
                "The file records no time of capture, which is not evidence for or against "
                "the date."
            )
    else:
        fit = compared.capture
        yield fit.basis
        if provenance.looks_unset(fit.time):
            yield "A clock that was never set shows that time, so the day is probably wrong."
        if fit.time.doubt:
            yield f"That clock is probably wrong: {fit.time.doubt}."
        others = {
            one.relation if one.relation != "undecidable" else _LOCAL[one.local]
            for one in compared.fits
            if one.time.role == fit.time.role
        } - {_LOCAL["overlaps"], _LOCAL["unknown"]}
        if len(others) > 1:
            yield "Another capture time in the file lies on the other side of the window."
        yield "Anyone can set such a record, so it does not decide."


def _existed(compared: provenance.TimeComparison) -> Iterator[str]:
    """Report a time before the window at which the picture existed."""
    if compared.capture is not None and compared.capture.relation == "before":
        return
    early = [
        fit for fit in compared.fits
        if fit.relation == "before" and fit.time.role in ("signed", "written", "metadata", "sent")
        and not provenance.looks_unset(fit.time)
    ]  # fmt: skip
    if early:
        time = early[0].time
        yield (
            f"{time.tag} ({time.source}) is {time.value}: if that clock was right, the file "
            "existed before the claimed dates."
        )


def _posted(case: Case, times: tuple[provenance.Time, ...]) -> Iterator[str]:
    """Report a recorded time that is later than the post."""
    posted = case.claim.source.posted
    if posted is None:
        return
    compared = _compared(times, posted)
    for name, year in provenance.named_years(case.file.metadata):
        if year > posted.latest.year:
            yield (
                f"The file names {name}, which was released after the post: this file was saved "
                "again after the post, or the name was edited."
            )
            break
    late = [fit for fit in compared.fits if fit.relation == "after"]
    if late:
        time = late[0].time
        yield (
            f"{time.tag} is {time.value}, after the post: that clock or the stated date of the "
            "post is wrong, or the file was saved again after the post."
        )


def _daylight(case: Case, times: tuple[provenance.Time, ...]) -> Iterator[str]:
    """Report the height of the sun at a time with a zone, at the recorded or the claimed place."""
    moments = [
        time for time in times
        if time.zone is not None and time.role in ("capture", "position")
        and time.uncertainty_s <= 60 and not time.doubt
    ]  # fmt: skip
    moments.sort(key=lambda time: time.role != "position")  # GPS time before a camera's clock
    if not moments:
        return
    time = moments[0]
    when = datetime.fromisoformat(time.value)
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        return
    heights = [
        (float(sun.position(when, place).elevation_deg), where) for place, where in _places(case)
    ]
    for number, (height, where) in enumerate(heights):
        # The second place is mentioned only if the answer differs there.
        if number == 0 or (height > 0) != (heights[0][0] > 0):
            yield _height_words(time, height, where)
    light = provenance.exposure_value(case.file.metadata)
    if light is not None and heights and heights[0][0] < _CIVIL_DEG:
        yield (
            f"The recorded exposure corresponds to EV {light:.1f} at ISO 100; "
            f"{_DAYLIGHT_FRAMES} drone "
            f"frames by day have EV {_DAYLIGHT_EV[0]} to {_DAYLIGHT_EV[1]}."
        )


def _places(case: Case) -> Iterator[Spot]:
    """Yield the recorded place, and the first claimed one."""
    gps = case.file.metadata.gps
    # Programs write 0, 0 when they have no position.
    if gps is not None and gps.lat is not None and gps.lon is not None and (gps.lat or gps.lon):
        yield LonLat(lon=gps.lon, lat=gps.lat), "the recorded position"
    claimed = (spot for p in case.claim.of_type(Place) if (spot := claimed_spot(p)) is not None)
    yield from islice(claimed, 1)


def _height_words(time: provenance.Time, height: float, where: str) -> str:
    name = {"GPS": "GPS time", "signed": "signed time"}.get(time.source, time.source)
    head = f"At {time.value} ({name}) the sun stood {abs(height):.1f} degrees "
    if height > 0:
        return f"{head}above the horizon at {where}."
    depths = ((_NIGHT_DEG, "night"), (_CIVIL_DEG, "deep twilight"), (0.1, "twilight"))
    dark = next(word for limit, word in depths if height < limit)
    strong = time.source in ("GPS", "signed", "drone")
    tail = (
        "; if the picture is sunlit, this time or this place is not that of the picture"
        if strong
        else "; if the picture is sunlit, the clock, its zone or the place is wrong"
    )
    return f"{head}below the horizon at {where}: {dark}{tail}."


def _words(fit: provenance.TimeFit) -> str:
    """Return on which side of the claimed dates a time is."""
    if fit.relation != "undecidable" or fit.local in ("overlaps", "unknown"):
        return fit.relation
    return f"{_LOCAL[fit.local]} as local time"


def _measures(fits: tuple[provenance.TimeFit, ...]) -> Iterator[Measure]:
    for fit in fits[:_MOST_TIMES]:
        time = fit.time
        zone = "" if time.zone else " (no time zone)"
        yield Measure(
            name=f"{time.role}, {time.tag}",
            value=f"{time.value}{zone}: {_words(fit)}; clock: {time.clock}",
        )
