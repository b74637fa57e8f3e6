"""Was the sun up at the claimed time and place?"""

import math
from collections.abc import Iterable

import numpy as np

from imgcheck import sun
from imgcheck.case import Case
from imgcheck.checks import needs
from imgcheck.checks.check import check
from imgcheck.checks.sun_claimed_time import where
from imgcheck.model import Acquired, Finding, Measure, Outcome, Window

_BASIS = "sun and shadow"

# Below this the ground gets no light that could pass for day: the end of civil twilight.
_DARK_DEG = -6.0

# A picture looks lit by day when it is coloured and not dark. Looks, not evidence: no night
# pictures were at hand to measure how often a night scene passes, so nothing is contradicted.
_COLORED, _BRIGHT = 0.03, 0.12

_MOST_STEPS = 20_000


@check(
    "sun.night",
    question="Was the sun up at the claimed time and place?",
    asks="misdated",
    stage="pixels",
    version="2",
    answers=("acquired",),
    needs=(needs.pixels,),
)
def night(case: Case) -> Iterable[Finding]:
    """Compare the sun's height over the claimed window with the light of the picture."""
    if not case.claim.of_kind("acquired"):
        return
    place = where(case)
    if place is None:
        reason = "the place is not known: state it in the claim, or give a reference to place on"
        yield from night.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        yield _answer(case, statement.id, statement.window, place)


def _answer(case: Case, statement: str, window: Window, place: tuple[float, float, str]) -> Finding:
    lat, lon, source = place
    first = np.datetime64(window.earliest.replace(tzinfo=None), "us")
    last = np.datetime64(window.latest.replace(tzinfo=None), "us")
    minutes = int((last - first) / np.timedelta64(60, "s"))
    steps = min(max(minutes, 1), _MOST_STEPS)
    share = np.arange(steps + 1) / steps * float((last - first).astype(np.int64))
    height = sun.position(first + share.astype("timedelta64[us]"), lat, lon).elevation_deg
    highest, lowest = float(height.max()), float(height.min())
    looks, light, color = _looks(case)
    unmeasured = needs.shadow_measurement(case) is not None
    if highest < _DARK_DEG:
        words = (
            f"At {source} the sun stood at least {math.floor(-highest)} degrees below the horizon "
            f"all through the claimed time ({window.text})"
        )
        outcome, then = Outcome.INCONCLUSIVE, _NIGHT[looks]
        if looks == "day":
            then += (
                ": measure a shadow, or ask for the zone" if unmeasured else ": ask for the zone"
            )
    elif lowest > 0:
        words = f"At {source} the sun was up all through the claimed time ({window.text})"
        outcome = Outcome.INCONCLUSIVE if looks == "dark" else Outcome.NOT_APPLICABLE
        then = _DAY[looks]
    elif highest <= 0 or lowest >= _DARK_DEG:
        words = f"At {source} the claimed time ({window.text}) lies in twilight, or next to it"
        outcome, then = Outcome.NOT_APPLICABLE, "so the light of the picture decides nothing"
    else:
        words = f"The claimed time ({window.text}) holds day and night at {source}"
        outcome, then = Outcome.NOT_APPLICABLE, "so the light of the picture decides nothing"
    return night.finding(
        statement=statement,
        outcome=outcome,
        summary=f"{words}; {then}.",
        basis=_BASIS,
        measures=(
            Measure(name="highest sun of the window", value=round(highest, 2), unit="deg"),
            Measure(name="lowest sun of the window", value=round(lowest, 2), unit="deg"),
            Measure(name="median brightness", value=round(light, 3)),
            Measure(name="median colourfulness", value=round(color, 3)),
        ),
        innocent=(
            "the time was given in another time zone than the reader assumes",
            "a thermal or light-amplifying camera sees by night, and colours can be added",
        ),
        limits=(
            "Brightness and colour are set by whoever processed the picture; they do not prove "
            "daylight or night.",
        ),
        would_change=("a shadow of the sun, measured in the picture",) if unmeasured else (),
    )


_NIGHT = {
    "day": "the picture is bright and coloured, as by day",
    "dark": "the picture is dark, which agrees and supports nothing by itself",
    "grey": "the picture has no colour: a thermal or night camera could have taken it",
}
_DAY = {
    "day": "nothing in the light of the picture speaks against it",
    "dark": "the picture is dark; exposure and processing explain that as well as night",
    "grey": "a picture without colour tells neither day nor night",
}


def _looks(case: Case) -> tuple[str, float, float]:
    """Give a word for the light of the picture, its median brightness and colourfulness."""
    rgb = case.image.rgb()[::4, ::4].astype(np.float32) / 255
    # Black borders of a turned or cut scene are no night.
    rgb = rgb[case.image.valid()[::4, ::4]]
    if not rgb.size:
        return "grey", 0.0, 0.0
    light = float(np.median(rgb.mean(axis=-1)))
    color = float(np.median(rgb.max(axis=-1) - rgb.min(axis=-1)))
    if light < _BRIGHT:
        return "dark", light, color
    return ("day" if color >= _COLORED else "grey"), light, color
