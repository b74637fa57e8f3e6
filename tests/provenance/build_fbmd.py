"""JPEGs laid out as Meta's services do, with a correct FBMD field, and what may happen to them.

Layouts seen in public files: APP13 before or behind the profile, one DQT segment or two, with or
without profile, n = 10 scans, and n = 11 with a gain map behind the picture.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

from imgcheck.imaging.containers import structure
from tests.provenance.build import dataset, resource, segment

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way to lay out a file."""

    quality: int = 80
    profile: bool = False
    field_first: bool = True
    merged: bool = True
    gain_map: bool = False
    gain_scan: bool = False  # the field counts the scan of the gain map, too
    subsampling: int = 2
    kind: str = "01"


def texture(width: int, height: int, seed: int) -> Image.Image:
    """Make a picture with detail at every scale, so that no two encodings of it are alike."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float64)
    for cells, weight in ((4, 60), (16, 40), (64, 25)):
        rough = Image.fromarray(rng.integers(0, 255, (cells, cells, 3), np.uint8))
        smooth = np.asarray(rough.resize((width, height), Image.Resampling.BICUBIC), np.float64)
        total += (smooth / 255 - 0.5) * weight * 2
    total += rng.normal(0, 6, total.shape)
    return Image.fromarray(np.clip(total + 118, 0, 255).astype(np.uint8))


def encode(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", **options)
    return buffer.getvalue()


def parts(data: bytes) -> tuple[list[bytes], bytes]:
    """Split a JPEG into its segments up to the first SOS, and the rest."""
    nodes = structure(data, format="jpeg").nodes
    first = next(node.offset for node in nodes if node.kind == "SOS")
    inside = [node for node in nodes if node.offset < first]
    return [data[node.offset : node.offset + node.length] for node in inside], data[first:]


def field_segment(digits: bytes) -> bytes:
    sets = (
        dataset(2, 0, b"\0\4") + dataset(2, 103, b"AbCdEfGhIjKlMnOpQrSt") + dataset(2, 40, digits)
    )
    return segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, sets))


def digits_of(offsets: list[int], size: int, kind: str) -> bytes:
    numbers = b"".join(struct.pack("<I", value) for value in (*offsets, size))
    return f"FBMD{kind}{len(offsets):04x}{numbers.hex()}".encode()


def directory_xmp(length: int) -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
        'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0">'
        "<Container:Directory><rdf:Seq>"
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" '
        'Item:Mime="image/jpeg"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" '
        f'Item:Mime="image/jpeg" Item:Length="{length}"/></rdf:li>'
        "</rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def gain_map_of(image: Image.Image) -> bytes:
    small = image.convert("L").resize((max(16, image.width // 4), max(16, image.height // 4)))
    return encode(small, quality=70)


def delivered(image: Image.Image, layout: Layout, **options: object) -> bytes:
    """Encode a picture with a field whose numbers are right for the file they stand in."""
    plain = encode(
        image, quality=layout.quality, progressive=True, subsampling=layout.subsampling, **options
    )
    return with_field(plain, layout, gain_map_of(image) if layout.gain_map else b"")


def with_field(plain: bytes, layout: Layout, gain_map: bytes) -> bytes:
    head, body = parts(plain)
    tables = [one for one in head if one[1] == 0xDB]
    others = [one for one in head[1:] if one[1] not in (0xE0, 0xDB)]
    if layout.merged:
        tables = [segment(0xDB, b"".join(one[4:] for one in tables))]
    profile = segment(0xE2, b"ICC_PROFILE\0\1\1" + PROFILE) if layout.profile else b""
    extra = directory_xmp(len(gain_map)) if gain_map else b""
    count = sum(node.kind == "SOS" for node in structure(plain, format="jpeg").nodes)
    count += layout.gain_scan and bool(gain_map)

    def whole(digits: bytes) -> bytes:
        field = field_segment(digits)
        order = [field, profile] if layout.field_first else [profile, field]
        return b"".join([head[0], head[1], *order, extra, *tables, *others, body, gain_map])

    # The numbers depend on the field's own length, but not on its digits.
    draft = whole(digits_of([0] * count, 0, layout.kind))
    end = len(draft) - len(gain_map)
    places = [n.offset for n in structure(draft[:end], format="jpeg").nodes if n.kind == "SOS"]
    if layout.gain_scan and gain_map:
        inner = structure(gain_map, format="jpeg").nodes
        places += [end + n.offset for n in inner if n.kind == "SOS"][:1]
    return whole(digits_of(places, len(draft), layout.kind))


# What may happen to such a file afterwards.


def field_of(data: bytes) -> tuple[int, int]:
    """Give place and length of the field's text."""
    start = data.index(b"FBMD")
    return start, int.from_bytes(data[start - 2 : start], "big")


def copied(data: bytes, encoded: bytes) -> bytes:
    """Give a new encoding the APP13 segment of the old file, as a careless tool does."""
    head, _ = parts(data)
    field = next(one for one in head if one[1] == 0xED)
    return encoded[:2] + field + encoded[2:]


def pixels(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def tag_added(data: bytes, rng: np.random.Generator) -> bytes:
    block = segment(0xE1, b"Exif\0\0" + rng.bytes(int(rng.integers(20, 400))))
    return data[:2] + block + data[2:]


def baseline_again(data: bytes, rng: np.random.Generator) -> bytes:
    return copied(data, encode(pixels(data), quality=int(rng.integers(60, 96))))


def progressive_again(data: bytes, rng: np.random.Generator) -> bytes:
    again = encode(pixels(data), quality=int(rng.integers(60, 96)), progressive=True)
    return copied(data, again)


def appended(data: bytes, rng: np.random.Generator) -> bytes:
    return data + rng.bytes(int(rng.integers(1, 64)))


def scan_bit_flipped(data: bytes, rng: np.random.Generator) -> bytes:
    scans = [n for n in structure(data, format="jpeg").nodes if n.kind == "scan"]
    scan = max(scans, key=lambda n: n.length) if rng.random() < 0.5 else scans[
        int(rng.integers(len(scans)))]  # fmt: skip
    place = scan.offset + int(rng.integers(scan.length))
    changed = bytearray(data)
    changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def zeroed(data: bytes, rng: np.random.Generator) -> bytes:
    start, length = field_of(data)
    keep = (0, 4, 10)[int(rng.integers(3))]
    blank = b"0" if rng.random() < 0.5 else b"\0"
    return data[: start + keep] + blank * (length - keep) + data[start + length :]


def gain_map_cut(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut behind the picture; one known file ends with a second EOI there."""
    end = next(n.offset + 2 for n in structure(data, format="jpeg").nodes if n.kind == "EOI")
    return data[:end] + (b"\xff\xd9" if rng.random() < 0.5 else b"")


def truncated(data: bytes, rng: np.random.Generator) -> bytes:
    first = next(n.offset for n in structure(data, format="jpeg").nodes if n.kind == "SOS")
    return data[: int(rng.integers(first + 20, len(data) - 2))]


EDITS: dict[str, tuple[Callable[[bytes, np.random.Generator], bytes], str]] = {
    "tag added": (tag_added, "changed"),
    "encoded again, baseline, field copied": (baseline_again, "re-encoded"),
    "encoded again, progressive, field copied": (progressive_again, "re-encoded"),
    "bytes appended": (appended, "changed"),
    "bit flipped in a scan": (scan_bit_flipped, "intact"),
    "field zeroed": (zeroed, "zeroed"),
    "gain map cut off": (gain_map_cut, "changed"),
    "truncated": (truncated, "changed"),
}
