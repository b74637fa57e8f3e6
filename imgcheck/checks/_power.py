"""What detection power means, in words: for the check on craters and for ``imgcheck power``."""

from collections.abc import Iterator

from imgcheck import detect
from imgcheck.quantity import significant

ASSUMED = "objects that look otherwise may be found more often or less often than the rendered ones"


def size(power: detect.Power, value: float) -> str:
    """Return a size in metres, or in pixels where no scale is known."""
    return f"{significant(value, 2)} {'px' if power.gsd is None else 'm'}"


def sentence(power: detect.Power) -> str:
    """Return what would have been found, in one to three sentences."""
    noun, proposed = power.kind, power.proposed
    if not power.sizes_m:
        return f"What would have been found was not measured: {power.reason}."
    seen = f"No {noun} is proposed"
    if proposed:
        seen = f"{proposed} {noun}{' is' if proposed == 1 else 's are'} proposed, to be checked"
        seen += " (how many are real is not known)"
    if power.d50_m is None:
        best = max(range(len(power.recall)), key=lambda k: power.recall[k])
        if power.recall[best] == 0:
            planted = f"no {noun} planted into the picture was found"
        else:
            planted = (
                f"of the {noun}s planted into the picture at most {power.recall[best]:.0%} were "
                f"found (those of {size(power, power.sizes_m[best])})"
            )
        return f"{seen}; {planted}. {noun.capitalize()}s of any size may have been missed."
    symbol = "D" if noun == "crater" else "length"
    largest = size(power, power.sizes_m[-1])
    where = f"on {power.share_of_picture:.0%} of the picture"
    if power.d90_m is None:
        found = (
            f"one of {symbol} >= {size(power, power.d50_m)} (to {largest}) would have been found "
            f"more often than not {where}, and no size 9 times in 10"
        )
    else:
        span = ""
        if power.at_d90 is not None:
            share, low, high = power.at_d90
            span = f" (measured {share:.0%}, {100 * low:.0f}-{100 * high:.0f})"
        found = (
            f"one of {symbol} >= {size(power, power.d90_m)} (to {largest}) would have been found "
            f"with at least 90 % probability{span} {where}"
        )
    said = f"{seen}; {found}, if it looks like the rendered ones."
    return " ".join((said, *_worst(power), *_missed(power)))


def _worst(power: detect.Power) -> Iterator[str]:
    part = next((one for one in power.looks if one.name == power.worst), None)
    if part is not None:
        known = [(r, n) for r, n in zip(part.recall, part.trials, strict=True) if r is not None]
        share = sum(r * n for r, n in known) / max(sum(n for _, n in known), 1)
        whole = zip(power.recall, power.trials, strict=True)
        mean = sum(r * n for r, n in whole) / sum(power.trials)
        least = f'Of the look found least often ("{part.name}") {share:.0%} were found'
        yield f"{least}, of all {mean:.0%}."


def _missed(power: detect.Power) -> Iterator[str]:
    if power.missed_upper is None:
        yield "How many may have been missed there is not bounded."
    elif not power.proposed:
        most = f"{power.missed_upper:.0f}"
        yield f"At most {most} of these sizes were missed there ({power.level:.0%})."
