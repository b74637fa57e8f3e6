"""Random annotated pictures with every field, for round trips."""

from typing import Any

import numpy as np

from imgcheck.annotate.packing import AnnotationFile
from imgcheck.annotation import (
    CLASSES,
    STATES,
    AnnotatedPicture,
    Annotation,
    Box,
    Dot,
    Ellipse,
    Geometry,
    MapGeometry,
    Measured,
    Obb,
    Polygon,
    Provenance,
)
from imgcheck.quantity import Interval

WORDS = (
    "", "car", "truck", "=1+1", "-2", "'quoted'", "a,b;c", "<b>&amp;", "line\nbreak", "car\rriage",
    "Газ-66", "中文", "\x1b[31m", '"', "tab\there", " spaces ", "\ud800", "imgcheck", "null", "0",
)  # fmt: skip


def geometry(rng: np.random.Generator, wide: float, high: float) -> Geometry:
    """Return one of the five shapes, some of them partly outside."""
    x, y = float(rng.uniform(-20, wide + 20)), float(rng.uniform(-20, high + 20))
    a, b = float(rng.uniform(0.5, 300)), float(rng.uniform(0.5, 300))
    turn = float(rng.choice([0.0, 90.0, 45.0, rng.uniform(0, 360)]))
    match rng.integers(6):
        case 0 | 1:
            return Obb(cx=x, cy=y, length=a, width=b, heading=turn)
        case 2:
            return Ellipse(cx=x, cy=y, length=a, width=float(rng.choice([a, b])), heading=turn)
        case 3:
            return Box(x=x, y=y, width=a, height=b)
        case 4:
            corners = rng.uniform((0, 0), (wide, high), (int(rng.integers(3, 9)), 2))
            return Polygon(points=tuple((float(u), float(v)) for u, v in corners))
        case _:
            return Dot(x=x, y=y)


def annotation(rng: np.random.Generator, number: int, wide: float, high: float) -> Annotation:
    """Return an annotation in which every field is set about half of the time."""

    def maybe(value: Any, otherwise: Any = None) -> Any:
        return value if rng.random() < 0.5 else otherwise

    def word() -> str:
        return str(rng.choice(WORDS))

    state = STATES[rng.integers(3)]
    sigma = float(rng.uniform(0.1, 1))
    size = Measured(
        value=float(rng.uniform(1, 20)),
        sigma=maybe(sigma),
        causes=maybe({"edge": sigma, "gsd": 0.1}, {}),
        interval=maybe(Interval(low=1.0, high=30.0, level=0.9)),
    )
    lon, lat = float(rng.uniform(-180, 180)), float(rng.uniform(-80, 80))
    ring = [[lon, lat], [lon + 1e-4, lat], [lon, lat + 1e-4], [lon, lat]]
    grounds = (
        MapGeometry(crs="EPSG:4326", type="Point", coordinates=[lon, lat], accuracy_m=3.5),
        MapGeometry(crs="EPSG:4326", type="Polygon", coordinates=[ring]),
        MapGeometry(crs="EPSG:32637", type="Point", coordinates=[600_000.5, 3_900_000.25]),
    )
    extra = {
        "difficult": 1,
        "occluded": "1",
        "group_id": 7,
        "nested": {"a": [1, 2.5, None, True], "b": word()},
        word() or "x": word(),
        "=cmd": "+x",
        "score ": "high",
    }
    names = [name for name in extra if rng.random() < 0.4]
    provenance = Provenance(
        source="detector", name="centre", version="1", details={"sha256": "ab" * 32}
    )
    return Annotation(
        cls=str(rng.choice(CLASSES)),
        geometry=geometry(rng, wide, high),
        id=maybe(f"{number}", ""),
        label=maybe(word(), ""),
        score=maybe(float(rng.uniform(-5, 5))),
        p=maybe(float(rng.random())),
        calibration=maybe("detect/2026", ""),
        measures=maybe({"length": size, "width": size}, {}),
        state=state,
        reviewed_by=maybe(word(), "") if state != "proposed" else "",
        reviewed_at=maybe("2026-11-30T10:00:00Z", ""),
        provenance=maybe(provenance),
        ground=maybe(grounds[rng.integers(3)]),
        extra={name: extra[name] for name in names},
    )


def file(seed: int, count: int, *, pictures: int = 3) -> AnnotationFile:
    """Return pictures with ``count`` annotations in all."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(pictures):
        wide, high = int(rng.integers(200, 9000)), int(rng.integers(200, 9000))
        share = count // pictures + (place < count % pictures)
        marked = tuple(annotation(rng, n, wide, high) for n in range(share))
        made.append(
            AnnotatedPicture(
                name=f"post {place}.png",
                width=wide,
                height=high,
                sha256="0f" * 32,
                gsd_m=float(rng.uniform(0.1, 1)) if place else None,
                gsd_sigma_m=0.01 if place else None,
                north_deg=float(rng.uniform(0, 360)) if place == 1 else None,
                complete=place == 2,
                annotations=marked,
                extra={"camera": "x", "tags": [1, {"a": None}]} if place else {},
            )
        )
    return AnnotationFile(pictures=tuple(made), extra={"info": {"year": 2017}, "licence": "CC"})
