"""The result of ``imgcheck power``: as a document, as terminal text, as a curve."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imgcheck.case import Powered
from imgcheck.checks import _power
from imgcheck.detect import Part
from imgcheck.model.documents import PictureInput, PowerDocument, PowerPart
from imgcheck.quantity import distance, significant
from imgcheck.report import page
from imgcheck.report.formatting import line

LIMITS = (
    f"Measured with rendered objects: {_power.ASSUMED}.",
    "Craters filled in, overgrown or under snow, and objects under trees, nets and roofs have no "
    "look that could be planted.",
)
_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 60, 60


def document(found: Powered) -> PowerDocument:
    """Return the document of ``imgcheck power``."""
    image, power, gsd = found.image, found.power, found.gsd_m
    scale = 1.0 if gsd is None else gsd

    def pixels(value: float | None) -> float | None:
        return None if value is None else round(value / scale, 2)

    def metres(value: float | None) -> float | None:
        return None if value is None or gsd is None else round(value, 3)

    return PowerDocument(
        picture=PictureInput(
            name=image.name, sha256=image.sha256, width=image.width, height=image.height
        ),
        object_class=power.kind,
        gsd_m=gsd,
        source=found.source,
        sun_azimuth_deg=found.sun_azimuth_deg,
        jpeg_quality=found.jpeg_quality,
        level=power.level,
        sizes_px=tuple(round(v / scale, 2) for v in power.sizes_m),
        sizes_m=None if gsd is None else tuple(round(v, 3) for v in power.sizes_m),
        recall=_rounded(power.recall),
        low=_rounded(power.low),
        high=_rounded(power.high),
        trials=power.trials,
        d50_px=pixels(power.d50_m),
        d90_px=pixels(power.d90_m),
        d50_m=metres(power.d50_m),
        d90_m=metres(power.d90_m),
        at_d90=None if power.at_d90 is None else tuple(round(v, 4) for v in power.at_d90),  # type: ignore[arg-type]
        share_of_picture=round(power.share_of_picture, 4),
        within=power.within,
        missed_upper=None if power.missed_upper is None else round(power.missed_upper, 1),
        worst=power.worst,
        looks=tuple(_part(one) for one in power.looks),
        grounds=tuple(_part(one) for one in power.grounds),
        proposed=power.proposed,
        reason=power.reason,
        says=_power.sentence(power),
        limits=LIMITS,
    )


def _rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(v, 4) for v in values)


def _part(one: Part) -> PowerPart:
    recall = tuple(None if v is None else round(v, 4) for v in one.recall)
    return PowerPart(name=one.name, share=round(one.share, 4), recall=recall, trials=one.trials)


def terminal(said: PowerDocument, *, width: int = 100) -> str:
    """Return the document as terminal text."""
    lines = []
    for sentence in _sentences(said):
        lines += textwrap.wrap(sentence, width) if not sentence.startswith("  ") else [sentence]
    return "\n".join(lines) + "\n"


def _sentences(said: PowerDocument) -> Iterator[str]:
    scale = "no scale known, sizes in pixels"
    if said.gsd_m is not None:
        scale = f"{distance(said.gsd_m)} per pixel ({said.source})"
    sun = "several suns"
    if said.sun_azimuth_deg is not None:
        sun = f"sun at {said.sun_azimuth_deg:.0f} degrees from up"
    again = "" if said.jpeg_quality is None else f", saved again as JPEG {said.jpeg_quality}"
    yield f"{line(said.picture.name)}: {scale}; {sun}{again}."
    yield said.says
    if said.sizes_px:
        yield from _table(said)
    yield from said.limits


def _table(said: PowerDocument) -> Iterator[str]:
    unit = "px" if said.sizes_m is None else "m"
    yield f"  {'size':>9}  found  {'95 %':>9}  " + "  ".join(
        f"{name:>7}" for name in (*(one.name for one in said.grounds), "worst look")
    )
    for k, size in enumerate(said.sizes_m or said.sizes_px):
        by_look = [found for one in said.looks if (found := one.recall[k]) is not None]
        cells = [*(one.recall[k] for one in said.grounds), min(by_look, default=None)]
        yield (
            f"  {significant(size, 2):>6} {unit:<2}  {said.recall[k]:>5.0%}  "
            f"{100 * said.low[k]:>5.0f}-{100 * said.high[k]:<3.0f}  "
            + "  ".join(f"{'-' if cell is None else f'{cell:.0%}':>7}" for cell in cells)
        )


def page_of(said: PowerDocument, map_png: bytes | None) -> str:
    """Return the document as a page, with the curve and the map where anything was planted."""
    values = {"title": "Power", "name": line(said.picture.name)}
    if map_png is not None:
        values |= _values(said)
    template = page.environment().get_template("power.html")
    return template.render(words=terminal(said), data=map_png, **values) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """The axes of the curve: size by its logarithm, recall from 0 to 1."""

    first: float
    last: float

    def x(self, size: float) -> float:
        span = np.log(self.last / self.first) or 1.0
        return float(
            _LEFT + (_WIDTH - _LEFT - _RIGHT) * (0.03 + 0.94 * np.log(size / self.first) / span)
        )

    def y(self, share: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)


def curve(said: PowerDocument) -> str:
    """Return recall by size as SVG: all objects with intervals, and the worst look."""
    return page.environment().get_template("power.svg").render(**_values(said))


def _values(said: PowerDocument) -> dict[str, Any]:
    sizes = said.sizes_m or said.sizes_px
    frame = _Frame(first=sizes[0], last=sizes[-1])
    worst = next((one for one in said.looks if one.name == said.worst), None)

    def path(values: tuple[float | None, ...]) -> str:
        return " ".join(
            f"{frame.x(s):.1f},{frame.y(v):.1f}"
            for s, v in zip(sizes, values, strict=True)
            if v is not None
        )

    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": f"Share of planted {said.object_class}s that was found",
        "name": line(said.picture.name),
        "left": _LEFT,
        "right": _WIDTH - _RIGHT,
        "bottom": _HEIGHT - _BOTTOM,
        "shares": [(f"{k / 4:.0%}", frame.y(k / 4)) for k in range(5)],
        "sizes": [(significant(s, 2), frame.x(s)) for s in sizes],
        "unit": "pixels" if said.sizes_m is None else "metres",
        "bars": [
            (frame.x(s), frame.y(a), frame.y(b), frame.y(r))
            for s, a, b, r in zip(sizes, said.low, said.high, said.recall, strict=True)
        ],
        "path": path(said.recall),
        "worst": "" if worst is None else path(worst.recall),
        "worst_name": said.worst,
        "level": f"{said.level:.0%}",
    }
