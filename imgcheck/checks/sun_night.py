"""Was the sun up at the claimed time and place?"""

import math
from collections.abc import Iterable

import numpy as np

from imgcheck import sun
from imgcheck.case import Case
from imgcheck.case.ground import Spot
from imgcheck.checks import needs
from imgcheck.checks.check import check
from imgcheck.checks.sun_claimed_time import UNKNOWN_PLACE
from imgcheck.model import Acquired, Finding, Measure, Outcome, Window

_BASIS = "sun and shadow"

# Below this the ground gets no light that could pass for day: the end of civil twilight.
_DARK_DEG = -6.0

# A coloured and bright picture looks like daylight. No night pictures were at hand to measure how
# often a night scene looks so too, so nothing is contradicted.
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
    """Compare the elevation of the sun over the claimed window with the light of the picture."""
    claimed = case.claim.of_type(Acquired)
    if not claimed:
        return
    place = case.spot
    if place is None:
        yield from night.without(case, Outcome.NOT_APPLICABLE, UNKNOWN_PLACE)
        return
    for statement in claimed:
        yield _answer(case, statement.id, statement.window, place)


def _answer(case: Case, statement: str, window: Window, place: Spot) -> Finding:
    spot, source = place
    first = np.datetime64(window.earliest.replace(tzinfo=None), "us")
    last = np.datetime64(window.latest.replace(tzinfo=None), "us")
    minutes = int((last - first) / np.timedelta64(60, "s"))
    steps = min(max(minutes, 1), _MOST_STEPS)
    share = np.arange(steps + 1) / steps * float((last - first).astype(np.int64))
    height = sun.position(first + share.astype("timedelta64[us]"), spot).elevation_deg
    highest, lowest = float(height.max()), float(height.min())
    looks, light, color = _looks(case)
    unmeasured = needs.shadow_measurement(case) is not None
    if highest < _DARK_DEG:
        words = (
            f"At {source} the sun stood at least {math.floor(-highest)} degrees below the horizon "
            f"all through the claimed time ({window.words})"
        )
        outcome, then = Outcome.INCONCLUSIVE, _NIGHT[looks]
        if looks == "day":
            then += f": {_TRY_SHADOW if unmeasured else _TRY_ZONE}"
    elif lowest > 0:
        words = f"At {source} the sun was up all through the claimed time ({window.words})"
        outcome = Outcome.INCONCLUSIVE if looks == "dark" else Outcome.NOT_APPLICABLE
        then = _DAY[looks]
    elif highest <= 0 or lowest >= _DARK_DEG:
        words = f"At {source} the claimed time ({window.words}) is in or near twilight"
        outcome, then = Outcome.NOT_APPLICABLE, _TWILIGHT
    else:
        words = f"The claimed time ({window.words}) includes day and night at {source}"
        outcome, then = Outcome.NOT_APPLICABLE, _TWILIGHT
    return night.finding(
        statement=statement,
        outcome=outcome,
        summary=f"{words}; {then}.",
        basis=_BASIS,
        measures=(
            Measure(
                name="highest solar elevation in the window", value=round(highest, 2), unit="deg"
            ),
            Measure(
                name="lowest solar elevation in the window", value=round(lowest, 2), unit="deg"
            ),
            Measure(name="median brightness", value=round(light, 3)),
            Measure(name="median colourfulness", value=round(color, 3)),
        ),
        innocent=(
            "the time was given in another time zone than assumed",
            "a thermal or light-amplifying camera works by night, and colours can be added",
        ),
        limits=("Brightness and colour depend on processing; they do not prove day or night.",),
        would_change=("a shadow of the sun, measured in the picture",) if unmeasured else (),
    )


_TRY_SHADOW = "measure a shadow or find the time zone of the claimed time"
_TRY_ZONE = "find the time zone of the claimed time"
_TWILIGHT = "so the brightness of the picture does not test the claimed time"
_NIGHT = {
    "day": "the picture is bright and coloured, as by day",
    "dark": "the picture is dark, which agrees but is not evidence by itself",
    "grey": "the picture has no colour: a thermal or night camera could have taken it",
}
_DAY = {
    "day": "the brightness of the picture agrees",
    "dark": "the picture is dark; exposure and processing explain that as well as night does",
    "grey": "a picture without colour may be of day or night",
}


def _looks(case: Case) -> tuple[str, float, float]:
    """Classify the light of the picture; return its median brightness and colourfulness too."""
    rgb = case.image.rgb()[::4, ::4].astype(np.float32) / 255
    # The black borders of a rotated or cropped scene are not night.
    rgb = rgb[case.image.valid()[::4, ::4]]
    if not rgb.size:
        return "grey", 0.0, 0.0
    light = float(np.median(rgb.mean(axis=-1)))
    color = float(np.median(rgb.max(axis=-1) - rgb.min(axis=-1)))
    if light < _BRIGHT:
        return "dark", light, color
    return ("day" if color >= _COLORED else "grey"), light, color
