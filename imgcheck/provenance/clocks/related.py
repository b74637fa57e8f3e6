"""What the times of one file show of each other: offsets from UTC, and clocks that are wrong."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from imgcheck.provenance.clocks.between import local, moment
from imgcheck.provenance.clocks.stated_time import Time, looks_unset
from imgcheck.provenance.fields.values import Reading

# Offsets from UTC in civil use since 1980 (IANA time zone database) that are no whole hours.
_HALVES_H = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 11.5, 12.75, 13.75)
_OFFSETS_S = tuple(3600.0 * hours for hours in (*range(-12, 15), *_HALVES_H))
# The phone and the autopilot note the shutter itself. A fix may be a minute old, and a camera
# clock drifts by seconds a week: the tolerance of the rule gps-time.zone.
_NEAR_S = {"phone": 2.0, "drone": 120.0, "GPS": 120.0}
_TO_THE_MINUTE_S = 60.0
# GPS counts weeks in ten bits, so that an old receiver falls back by 1024 of them
# (IS-GPS-200, 20.3.3.3.1.1).
_ROLLOVER = timedelta(weeks=1024)
_A_ZONE = timedelta(hours=26)  # between UTC-12 and UTC+14


def related(reading: Reading, times: Iterable[Time]) -> tuple[Time, ...]:
    """Add what the times show of each other, and observe a week counter that rolled over."""
    found = tuple(_rolled_over(reading, time, tuple(times)) for time in times)
    shots = [time for time in found if time.role == "capture" and _usable(time)]
    clocks = [time for time in shots if time.zone is None and time.source == "camera clock"]
    exact = [
        time for time in found
        if time.source in _NEAR_S and time.zone == "UTC" and _usable(time)
    ]  # fmt: skip
    exact.sort(key=lambda time: _NEAR_S[time.source])
    offset = next((seconds for clock in clocks[:1] for utc in exact
                   if (seconds := _offset_s(clock, utc)) is not None), None)  # fmt: skip
    if offset is None:
        return found
    members = {id(time) for time in (*clocks, *exact)}
    return tuple(
        replace(time, local_offset_s=offset) if id(time) in members else time for time in found
    )


def _usable(time: Time) -> bool:
    return time.uncertainty_s <= _TO_THE_MINUTE_S and not looks_unset(time)


def _offset_s(clock: Time, utc: Time) -> float | None:
    """Give the civil offset by which a camera's clock differs from UTC; None where none fits."""
    apart = (local(clock.value) - moment(utc.value)).total_seconds()
    near = min(_OFFSETS_S, key=lambda offset: abs(apart - offset))
    slack = max(_NEAR_S[utc.source], clock.uncertainty_s, utc.uncertainty_s)
    return near if abs(apart - near) <= slack else None


def _rolled_over(reading: Reading, time: Time, times: tuple[Time, ...]) -> Time:
    """Doubt a GPS date that lies 1024 or 2048 weeks before the dates of other clocks."""
    if time.role != "position":
        return time
    for other in times:
        if other.role not in ("capture", "digitised", "written") or other.uncertainty_s > 86_400:
            continue
        for count in (1, 2):
            apart = local(other.value) - moment(time.value) - count * _ROLLOVER
            if abs(apart) <= _A_ZONE:
                doubt = (
                    f"it lies {1024 * count} weeks before {other.tag}, as when a receiver's "
                    "week counter has rolled over"
                )
                reading.observe(
                    "clock", f"{time.tag} {time.value}: {doubt}", time.offset, time.length
                )
                return replace(time, doubt=doubt)
    return time
