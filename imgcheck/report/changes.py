"""The result of ``imgcheck change`` as a document and as terminal text."""

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from imgcheck.case import Compared, NotCompared, Reference
from imgcheck.change import Region
from imgcheck.change.tiling import Unreadable
from imgcheck.imaging import transforms
from imgcheck.imaging.georeference import Georeference
from imgcheck.model.documents import (
    ChangeDocument,
    ChangeFeature,
    ChangeInput,
    ChangePower,
    ChangeProperties,
    ChangeRegistration,
    ChangeSuppressed,
    ChangeUnread,
    DetectionLimit,
)
from imgcheck.quantity import distance, significant
from imgcheck.report.formatting import line
from imgcheck.report.locate_geojson import polygon
from imgcheck.report.location import area

# Contrast for which the engine states its limit, share of white.
CONTRAST = 0.15
DETECTORS = {
    "tone": "by tone, as two images of one light and season",
    "structure": "by their edges and bright objects, since their tone differs nearly everywhere",
    "spectrum": "by their spectrum (IR-MAD), since their tone differs nearly everywhere",
}
LIMITS = (
    "Shadows at another hour, seasons, ploughing and water also cause differences; a person must "
    "judge what each object is.",
    "A difference does not show who or what caused it.",
    "q is the share of false objects to be expected from noise, registration and light. Seasons, "
    "shadows, cars and water are real differences, which q does not count as false.",
    "What is smaller or fainter than the detection limit may have changed unseen.",
)
WIDESPREAD = (
    "Differences are so widespread that a change of a twentieth of the ground or more may have "
    "been taken as usual, and be missed."
)
_MOST_LISTED = 20


def document(found: Compared | NotCompared) -> ChangeDocument:
    """Return the document of ``imgcheck change``; unknown fields are ``None``."""
    if isinstance(found, NotCompared):
        return ChangeDocument(
            compared=False,
            reason=found.reason,
            before=_input(found.before),
            after=_input(found.after),
            gsd_m=None,
            detector=None,
            registration=None,
            score_map=None,
            agreement=None,
            compared_share=None,
            features=(),
            suppressed=(),
            unread=(),
            detection_limit=None,
            power=(),
            notes=found.notes,
            limits=LIMITS,
        )
    result = found.result
    side = result.smallest_m
    known = found.gsd_m is not None
    # Without a pixel size the engine counts in pixels.
    pixel = found.gsd_m or 1.0
    return ChangeDocument(
        compared=not result.incomparable,
        reason=result.incomparable or None,
        before=_input(found.before),
        after=_input(found.after),
        gsd_m=found.gsd_m,
        detector=result.detector or None,
        registration=_registration(found),
        score_map=_map(found),
        agreement=round(result.agreement, 4),
        compared_share=round(result.valid_share, 4),
        features=tuple(
            _feature(found, region, number) for number, region in enumerate(result.regions, start=1)
        ),
        suppressed=tuple(
            ChangeSuppressed(reason=one.reason, count=one.count, share=round(one.share, 6))
            for one in result.suppressed
        ),
        unread=tuple(_unread(one) for one in result.unreadable),
        detection_limit=None
        if side is None
        else DetectionLimit(
            contrast=CONTRAST,
            side_m=round(side, 2) if known else None,
            area_m2=round(side**2, 2) if known else None,
            side_px=round(side / pixel, 1),
        ),
        power=tuple(
            ChangePower(
                look=one.look,
                side_m=round(one.side_px * pixel, 2) if known else None,
                side_px=one.side_px,
                contrast=one.contrast,
                tried=one.tried,
                found=one.found,
                expected=round(one.expected, 3),
            )
            for one in result.power.tried
        ),
        notes=found.notes,
        limits=(*LIMITS, WIDESPREAD) if result.widespread else LIMITS,
    )


def _input(one: Reference) -> ChangeInput:
    image = one.image
    return ChangeInput(
        name=image.name,
        sha256=image.sha256,
        width=image.width,
        height=image.height,
        date=None if one.date is None else one.date.text,
        date_source=one.date_source,
    )


def _unread(one: Unreadable) -> ChangeUnread:
    tile = one.tile
    return ChangeUnread(pixels=(tile.left, tile.top, tile.right, tile.bottom), reason=one.reason)


def _registration(found: Compared) -> ChangeRegistration:
    result = found.result
    sure, gsd = result.registered, found.gsd_m
    least, middle, most = result.error_px if sure and result.error_px else (None, None, None)
    dx, dy = result.shift_px
    return ChangeRegistration(
        method=found.placed,
        verified=sure,
        shift_px=(round(dx, 3), round(dy, 3)) if sure else None,
        shift_m=(round(dx * gsd, 3), round(dy * gsd, 3)) if sure and gsd else None,
        sigma_px=None if middle is None else round(middle, 3),
        sigma_m=None if middle is None or not gsd else round(middle * gsd, 3),
        sigma_px_range=None if least is None or most is None else (round(least, 3), round(most, 3)),
    )


def _map(found: Compared) -> dict[str, Any]:
    on = found.grid
    transform = None if on is None else [float(value) for value in on.transform[:2].ravel()]
    crs = None if on is None else on.crs
    return {
        "crs": crs,
        "transform": transform,
        "width": found.result.width,
        "height": found.result.height,
    }


def _feature(found: Compared, region: Region, number: int) -> ChangeFeature:
    geometry, factor = None, None if found.gsd_m is None else 1.0
    on = found.grid
    if on is not None:
        points = transforms.apply(on.transform, region.polygon)
        a, b, c, d, e, f = (float(value) for value in on.transform[:2].ravel())
        place = Georeference(crs=on.crs, transform=(a, b, c, d, e, f))
        lon, lat = place.to_lonlat(region.polygon[:, 0], region.polygon[:, 1])
        if len(points) >= 3:
            geometry = polygon(np.column_stack([lon, lat]))
        middle = region.polygon.mean(axis=0)
        # The area of a pixel on the ellipsoid at this place.
        factor = (place.pixel_size_m(float(middle[0]), float(middle[1])) / on.gsd_m) ** 2
    return ChangeFeature(
        geometry=geometry,
        properties=ChangeProperties(
            number=number,
            kind=region.kind,
            area_m2=None if factor is None else round(region.area_m2 * factor, 2),
            area_error_m2=None if factor is None else round(region.area_error_m2 * factor, 2),
            p_value=region.p_value,
            q_value=region.q_value,
            before=round(region.before, 4),
            after=round(region.after, 4),
            peak_z=round(region.peak_z, 2),
            pixels=tuple((round(float(x), 1), round(float(y), 1)) for x, y in region.polygon),
        ),
    )


def terminal(said: dict[str, Any], *, width: int = 100) -> str:
    """Return the document as terminal text."""
    lines = []
    for sentence in _sentences(said):
        lines += textwrap.wrap(sentence, width) if not sentence.startswith("  ") else [sentence]
    return "\n".join(lines) + "\n"


def _sentences(said: dict[str, Any]) -> Iterator[str]:
    names = " and ".join(named(said[role]) for role in ("before", "after"))
    if not said["compared"]:
        yield f"{names} could not be compared: {line(said['reason'], limit=400)}."
        yield "This is no evidence that anything changed, or that nothing did."
        yield from map(line, said["notes"])
        return
    yield f"{names} were compared {DETECTORS[said['detector']]}."
    yield alignment(said)
    yield from objects(said)
    for one in said["suppressed"]:
        yield f"Left out: {one['count']} {line(one['reason'])}."
    yield from unread(said)
    yield limit(said)
    yield from map(line, said["notes"])
    yield said["limits"][0]
    yield said["limits"][2]


def named(one: dict[str, Any]) -> str:
    """Return the name of an image and its date."""
    date = "" if one["date"] is None else f" ({one['date']})"
    return f"{line(one['name'], limit=80)}{date}"


def unread(said: dict[str, Any]) -> Iterator[str]:
    """Yield what could not be read, if anything."""
    parts = said["unread"]
    if parts:
        yield (
            f"{len(parts)} part(s) could not be read, and nothing is known about changes there: "
            f"{line(parts[0]['reason'], limit=200)}."
        )


def alignment(said: dict[str, Any]) -> str:
    """Return how the images were registered, in one sentence."""
    found = said["registration"]
    if not found["verified"]:
        return (
            "Their alignment could not be verified on the images; objects may be differences of "
            "position."
        )
    shift = float(np.hypot(*found["shift_px"]))
    size = (
        f"{shift:.1f} px"
        if not found["shift_m"]
        else distance(float(np.hypot(*found["shift_m"])), 2)
    )
    error = f"{found['sigma_px']:.1f} px" if not found["sigma_m"] else distance(found["sigma_m"], 2)
    return f"A shift of {size} was found and undone; the error of a single place is {error}."


def objects(said: dict[str, Any]) -> Iterator[str]:
    """Yield a summary of the changed objects, then one indented line for each of the largest."""
    features = [one["properties"] for one in said["features"]]
    if not features:
        yield "No changed object was found."
        return
    kinds = ", ".join(
        f"{sum(one['kind'] == kind for one in features)} {kind}"
        for kind in dict.fromkeys(one["kind"] for one in features)
    )
    plural = "object" if len(features) == 1 else "objects"
    sure = sum(one["q_value"] <= 0.05 for one in features)
    highest = max(one["q_value"] for one in features)
    most = ""
    if sure < len(features):
        others = "the others " if sure else ""
        most = f", {sure or 'none'} with q <= 0.05, {others}up to {highest:.2f}"
    yield f"{len(features)} changed {plural}{most}: {kinds}."
    for one in features[:_MOST_LISTED]:
        size = (
            ""
            if one["area_m2"] is None
            else f", {area(one['area_m2'])} ± {area(one['area_error_m2'])}"
        )
        yield f"  {one['number']:3d}  {one['kind']}{size}, q = {max(one['q_value'], 1e-4):.2g}"
    if len(features) > _MOST_LISTED:
        yield f"  and {len(features) - _MOST_LISTED} more"


def power(said: dict[str, Any]) -> list[tuple[str, list[float]]]:
    """Return the table of what would be found: sizes, and the shares of blocks and of pits.

    The contrast is the one for which the limit is stated.
    """
    rows: dict[str, list[float]] = {}
    for one in said["power"]:
        if one["contrast"] == CONTRAST:
            size = (
                f"{significant(one['side_px'], 2)} px"
                if one["side_m"] is None
                else distance(one["side_m"], 2)
            )
            rows.setdefault(size, []).append(one["expected"])
    return list(rows.items())


def limit(said: dict[str, Any]) -> str:
    """Return the detection limit in one sentence."""
    found = said["detection_limit"]
    if found is None:
        return (
            "No size of object would be found 9 times in 10 on this pair, or it has no room to "
            "test one."
        )
    side = (
        f"{significant(found['side_px'], 2)} px"
        if found["side_m"] is None
        else distance(found["side_m"], 2)
    )
    return (
        f"A square of {side} with a contrast of {found['contrast']:g} would be found 9 times in 10."
    )
