"""The name, class and date of an ICC profile (ICC.1:2022)."""

from imgcheck.provenance.fields.text import decode
from imgcheck.provenance.fields.value import Reading

# Four-letter signatures of the header and where they stand.
_SIGNATURES = (
    ("CMMType", 4), ("Class", 12), ("ColorSpace", 16), ("ConnectionSpace", 20),
    ("PrimaryPlatform", 40), ("DeviceManufacturer", 48), ("DeviceModel", 52), ("Creator", 80),
)  # fmt: skip


def read_icc(reading: Reading, profile: bytes, offset: int | None) -> str | None:
    """Add a profile's header fields to the reading; return its description."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        reading.observe("invalid", "what should be an ICC profile has no ICC header", offset)
        return None
    version = f"{profile[8]}.{profile[9] >> 4}.{profile[9] & 15}"
    reading.add("ICC", "Version", version, offset=offset, reader="icc")
    for name, start in _SIGNATURES:
        text = decode(profile[start : start + 4]).strip("\0 ")
        reading.add("ICC", name, text, offset=offset, reader="icc")
    year, month, day, hour, minute, second = (
        int.from_bytes(profile[i : i + 2], "big") for i in range(24, 36, 2)
    )
    # The date of the profile, not of the picture: it is a tag and never one of the times.
    date = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    reading.add("ICC", "ProfileDateTime", date, offset=offset, reader="icc")
    declared = int.from_bytes(profile[:4], "big")
    if declared != len(profile):
        reading.observe(
            "invalid", f"the ICC profile says {declared} bytes, {len(profile)} are there", offset
        )
    description = _text_of(profile, b"desc")
    rights = _text_of(profile, b"cprt")
    if rights:
        reading.add("ICC", "Copyright", rights, offset=offset, reader="icc")
    if description:
        reading.add("ICC", "ProfileDescription", description, offset=offset, reader="icc")
    return description


def _text_of(profile: bytes, signature: bytes) -> str | None:
    count = min(int.from_bytes(profile[128:132], "big"), 100)
    for index in range(count):
        entry = profile[132 + 12 * index : 144 + 12 * index]
        if entry[:4] == signature and len(entry) == 12:
            start, size = (int.from_bytes(entry[i : i + 4], "big") for i in (4, 8))
            return _text(profile[start : start + min(size, 4096)])
    return None


def _text(body: bytes) -> str | None:
    if body[:4] == b"desc":  # version 2: a count, then ASCII
        length = int.from_bytes(body[8:12], "big")
        return decode(body[12 : 12 + length].split(b"\0", 1)[0]) or None
    if body[:4] == b"text":
        return decode(body[8:].split(b"\0", 1)[0]) or None
    if body[:4] == b"mluc":  # version 4: the first of several languages, UTF-16
        size, start = (int.from_bytes(body[i : i + 4], "big") for i in (20, 24))
        text = body[start : start + min(size, 1024)].decode("utf-16-be", "replace")
        return text.split("\0", 1)[0] or None
    return None
