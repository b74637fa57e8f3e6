"""Marks that platforms and messengers leave. "Consistent with" is all that they can say."""

import re
from dataclasses import dataclass

from imgcheck.provenance.encoder import Encoding
from imgcheck.provenance.fbmd import decode_fbmd
from imgcheck.provenance.reading import Metadata
from imgcheck.provenance.text import decode
from imgcheck.provenance.tree import Structure

_NAMES = (
    (r"\d{5,20}_\d{5,20}_\d{5,20}_[no]\.jpe?g", "Facebook or Instagram"),
    (r"IMG-(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)-WA\d{4}\.\w+", "WhatsApp (Android)"),
    (r"WhatsApp Image (?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d) at .{4,14}\.\w+", "WhatsApp"),
    (r"photo_(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)_\d\d-\d\d-\d\d.{0,8}\.\w+", "Telegram"),
    (r"signal-(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)-.{2,20}\.\w+", "Signal"),
    (r"DJI_\d{4,14}.{0,20}\.\w+", "a DJI camera"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One mark and what it goes with.

    ``wording`` always says "consistent with": none of these rests on enough files to be called a
    signature, names are typed by people, and fields can be copied. ``date`` is a date that the
    mark states (ISO 8601), None where it states none.
    """

    platform: str
    mark: str
    wording: str
    date: str | None = None


def platform_traces(
    structure: Structure, encoding: Encoding | None, metadata: Metadata, name: str | None
) -> tuple[Trace, ...]:
    """List the marks of platforms in a file and in its name.

    Parameters
    ----------
    structure, encoding, metadata
        As the functions of those names give them; ``encoding`` is None for what is no JPEG.
    name : str or None
        The file's name, without folders; None where it is not known or not to be used.

    Returns
    -------
    tuple of Trace
        Empty is the usual answer and means "unknown", never "not from a platform".
    """
    found: list[Trace] = []
    if metadata.fbmd is not None:
        state = decode_fbmd(metadata.fbmd, structure=structure).state
        found.append(_trace("Facebook or Instagram", f"IPTC 2:40 with FBMD, {state}"))
    token = metadata.iptc.get("OriginalTransmissionReference")
    if isinstance(token, str) and re.fullmatch(r"[A-Za-z0-9_-]{20}", token):
        found.append(_trace("Facebook", "IPTC 2:103 with a token of 20 characters"))
    if encoding is not None and encoding.progressive and encoding.scans == 10 and not (
        metadata.make or metadata.model
    ):  # fmt: skip
        found.append(_trace("a web platform", "progressive in 10 scans, no camera named"))
    if name:
        found.extend(_name_traces(name))
    return tuple(found)


def _trace(platform: str, mark: str, date: str | None = None) -> Trace:
    return Trace(platform=platform, mark=mark, wording=f"consistent with {platform}: {mark}",
                 date=date)  # fmt: skip


def _name_traces(name: str) -> list[Trace]:
    name = decode(name[-255:].encode("utf-8", "replace"))
    for pattern, platform in _NAMES:
        match = re.fullmatch(pattern, name, re.IGNORECASE | re.ASCII)
        if match:
            parts = match.groupdict()
            stated = "-".join((parts["y"], parts["m"], parts["d"])) if parts.get("y") else None
            return [_trace(platform, "the file name, which anyone can type", stated)]
    return []
