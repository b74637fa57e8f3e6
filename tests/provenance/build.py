"""Files with a known inside, made byte by byte or with Pillow."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
Field = tuple[int, int, bytes]  # tag, type, value bytes


def short(tag: int, *values: int, mark: str = "<") -> Field:
    return tag, 3, struct.pack(f"{mark}{len(values)}H", *values)


def long(tag: int, *values: int, mark: str = "<") -> Field:
    return tag, 4, struct.pack(f"{mark}{len(values)}I", *values)


def ascii_(tag: int, text: str) -> Field:
    return tag, 2, text.encode() + b"\0"


def rational(tag: int, *pairs: tuple[int, int], mark: str = "<") -> Field:
    flat = [number for pair in pairs for number in pair]
    return tag, 5, struct.pack(f"{mark}{len(flat)}I", *flat)


def tiff(
    ifd0: list[Field], *, exif: list[Field] = (), gps: list[Field] = (), ifd1: list[Field] = (),
    thumbnail: bytes = b"", mark: str = "<",
) -> bytes:  # fmt: skip
    """Make a TIFF block: directories first, values behind each, the thumbnail last."""
    body = bytearray(struct.pack(f"{mark}2sHI", b"II" if mark == "<" else b"MM", 42, 8))

    def directory(fields: list[Field]) -> tuple[int, int]:
        start = len(body)
        body.extend(struct.pack(f"{mark}H", len(fields)) + bytes(12 * len(fields) + 4))
        for index, (tag, kind, raw) in enumerate(sorted(fields)):
            if len(raw) > 4:
                value = struct.pack(f"{mark}I", len(body))
                body.extend(raw + bytes(len(raw) % 2))
            else:
                value = raw.ljust(4, b"\0")
            entry = struct.pack(f"{mark}HHI", tag, kind, len(raw) // SIZES[kind]) + value
            body[start + 2 + 12 * index : start + 14 + 12 * index] = entry
        return start, start + 2 + 12 * len(fields)

    def patch(start: int, tag: int, value: int) -> None:
        for index in range(struct.unpack_from(f"{mark}H", body, start)[0]):
            place = start + 2 + 12 * index
            if struct.unpack_from(f"{mark}H", body, place)[0] == tag:
                struct.pack_into(f"{mark}I", body, place + 8, value)

    fields = list(ifd0)
    fields += [long(0x8769, 0, mark=mark)] if exif else []
    fields += [long(0x8825, 0, mark=mark)] if gps else []
    first, link = directory(fields)
    if exif:
        patch(first, 0x8769, directory(list(exif))[0])
    if gps:
        patch(first, 0x8825, directory(list(gps))[0])
    if ifd1 or thumbnail:
        extra = [long(0x0201, 0, mark=mark), long(0x0202, len(thumbnail), mark=mark)]
        second, _ = directory([*ifd1, *(extra if thumbnail else [])])
        struct.pack_into(f"{mark}I", body, link, second)
        patch(second, 0x0201, len(body))
    return bytes(body + thumbnail)


def picture(width: int = 48, height: int = 32, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Make a soft random picture."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def segment(code: int, payload: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(payload) + 2) + payload


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """Put segments right after SOI."""
    return data[:2] + b"".join(segments) + data[2:]


def jpeg_with_exif(block: bytes, data: bytes | None = None) -> bytes:
    return with_segments(data or jpeg(), segment(0xE1, b"Exif\0\0" + block))


def chunk(kind: bytes, payload: bytes) -> bytes:
    body = kind + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def png(*chunks: bytes) -> bytes:
    """Make a PNG with chunks put after IHDR."""
    buffer = io.BytesIO()
    picture().save(buffer, "PNG")
    data = buffer.getvalue()
    return data[:33] + b"".join(chunks) + data[33:]


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def heif(block: bytes, xmp: bytes = b"") -> bytes:
    """Make the skeleton of a HEIF file with an Exif item and an XMP item in ``mdat``."""
    exif_item = struct.pack(">I", 6) + b"Exif\0\0" + block
    names = (
        box(b"infe", struct.pack(">IHH4s", 0x02000000, 1, 0, b"Exif") + b"\0"),
        box(b"infe", struct.pack(">IHH4s", 0x02000000, 2, 0, b"mime") + b"\0application/rdf+xml\0"),
    )

    def whole(start: int) -> bytes:
        places = [(1, start, len(exif_item)), (2, start + len(exif_item), len(xmp))]
        rows = b"".join(struct.pack(">HHHII", n, 0, 1, o, size) for n, o, size in places)
        meta = box(b"meta", b"\0\0\0\0" + box(b"iinf", struct.pack(">IH", 0, 2) + b"".join(names))
                   + box(b"iloc", struct.pack(">IHH", 0, 0x4400, 2) + rows))  # fmt: skip
        return box(b"ftyp", b"heic\0\0\0\0mif1") + meta

    head = whole(0)
    return whole(len(head) + 8) + box(b"mdat", exif_item + xmp)


def xmp(inner: str, attributes: str = "") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
        'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" '
        f'xmlns:dd="http://www.dji.com/drone-dji/1.0/" {attributes}>{inner}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def resource(number: int, payload: bytes) -> bytes:
    return (
        b"8BIM" + struct.pack(">HHI", number, 0, len(payload)) + payload + bytes(len(payload) % 2)
    )


def dataset(record: int, number: int, payload: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(payload)) + payload


def jpeg_with_iptc(*sets: bytes, data: bytes | None = None, digest: bytes | None = None) -> bytes:
    blocks = resource(0x0404, b"".join(sets))
    if digest is not None:
        blocks += resource(0x0425, digest)
    return with_segments(data or jpeg(), segment(0xED, b"Photoshop 3.0\0" + blocks))


def with_fbmd(data: bytes) -> bytes:
    """Give a JPEG an FBMD field whose offsets and size are right."""
    from imgcheck.imaging.containers import structure

    count = sum(node.kind == "SOS" for node in structure(data, format="jpeg").nodes)
    empty = jpeg_with_iptc(dataset(2, 40, b"FBMD01" + b"0" * (4 + 8 * (count + 1))), data=data)
    places = [n.offset for n in structure(empty, format="jpeg").nodes if n.kind == "SOS"]
    numbers = b"".join(struct.pack("<I", value) for value in (*places, len(empty)))
    text = f"FBMD01{count:04x}{numbers.hex()}".encode()
    return jpeg_with_iptc(dataset(2, 40, text), data=data)
