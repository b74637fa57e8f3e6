"""Open a file that may be hostile: once, as a regular file, identified by its content."""

import errno
import hashlib
import mmap
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgcheck.errors import RefusedError, UnreadableError, WrongTypeError
from imgcheck.imaging.containers.bmp import HEADER_SIZES
from imgcheck.imaging.containers.tree import PICTURES, beginnings
from imgcheck.imaging.limits import WINDOWED_FORMATS
from imgcheck.imaging.text import printable

# Above this a raster is mapped, not read: a reference may be larger than memory.
READ_WHOLE_BYTES = 512 << 20
# The same for a raster that is read by windows, which is never decoded whole.
READ_WHOLE_WINDOWED_BYTES = 32 << 20
_CHUNK = 8 << 20
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}
#: What is said of a web address in place of a file.
IS_ADDRESS = "is a web address; download the file first, as nothing is fetched"
_ADDRESS = re.compile(r"(https?|ftp):/", re.IGNORECASE)  # a path has only one of its slashes
_REASONS = {
    errno.ENOENT: "does not exist",
    errno.EACCES: "may not be read: permission denied",
    errno.ELOOP: "is a symbolic link that leads back to itself",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.ENOTDIR: "lies below something that is not a directory",
}
PathInput = str | bytes | os.PathLike[str] | os.PathLike[bytes]
FilePath = str | os.PathLike[str]
#: States the dates of the pictures beside it.
SIDECAR = "items.json"


@dataclass(slots=True)
class Intake:
    """The bytes of one file and what they are.

    ``data`` is ``bytes``, or a read-only memory map for a large file;
    then ``descriptor`` is the open file, which the owner closes.
    """

    data: bytes
    format: str
    sha256: str
    descriptor: int | None = None


def take_in(path: PathInput, *, most_bytes: int, whole_bytes: int | None = None) -> Intake:
    """Read one regular file once, identify its format, and hash it.

    A symbolic link to a regular file is followed; the name may hold any bytes. Raises
    `UnreadableError` if there is no readable regular file, `RefusedError` if it is empty, not a
    picture, or over ``most_bytes``.
    """
    descriptor = open_regular(path)
    keep = False
    try:
        size = os.fstat(descriptor).st_size
        if size > most_bytes:
            raise _too_large(size, most_bytes)
        form = sniff(_read_up_to(descriptor, HEAD_BYTES))
        whole = READ_WHOLE_BYTES if whole_bytes is None else whole_bytes
        if size > whole and form in WINDOWED_FORMATS:
            intake = _map(descriptor, form)
            keep = True
            return intake
        os.lseek(descriptor, 0, os.SEEK_SET)
        data = _read_up_to(descriptor, most_bytes + 1)
        if len(data) > most_bytes:
            raise _too_large(len(data), most_bytes)
        return Intake(data, form, hashlib.sha256(data).hexdigest())
    except OSError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    finally:
        if not keep:
            os.close(descriptor)


def path_of(given: object, what: str) -> Path:
    """Return a path from what a caller passed for one; ``what`` names it in the error."""
    if isinstance(given, (str, bytes, os.PathLike)):
        return Path(os.fsdecode(given))
    raise WrongTypeError(f"{what} is given as a path (str or os.PathLike), not {given!r:.80}")


def walk(folder: Path) -> Iterator[Path]:
    """Return the regular files below a folder in a fixed order, but hidden ones and sidecars."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place) / name
            if not name.startswith(".") and name != SIDECAR and file.is_file():
                yield file


def path_text(path: Path | str) -> str:
    """Return a path as text that can be stored and shown, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_small(path: PathInput, *, most_bytes: int) -> bytes:
    """Read a regular file of few bytes whole, such as a key or a list."""
    shown = printable(os.fsdecode(path))
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            data = stream.read(most_bytes + 1)
    except OSError as error:
        reason = getattr(error, "message", None) or error.strerror or error
        raise UnreadableError(f"{shown}: {reason}", file=shown) from None
    if len(data) > most_bytes:
        raise UnreadableError(f"{shown}: has over {most_bytes:,} bytes", file=shown)
    return data


def is_address(path: PathInput) -> bool:
    """Return whether what should be a path is a web address."""
    return bool(_ADDRESS.match(os.fsdecode(path)))


def open_regular(path: PathInput) -> int:
    """Open a regular file and return its descriptor; the sentence of an error lacks the name."""
    try:
        return _open_regular(path)
    except ValueError as error:
        raise UnreadableError(f"is not a valid file name: {error}") from None
    except UnreadableError:
        raise
    except OSError as error:
        if is_address(path):
            raise UnreadableError(IS_ADDRESS) from None
        raise UnreadableError(
            _REASONS.get(error.errno or 0, f"cannot be opened: {error.strerror}")
        ) from None


def _open_regular(path: PathInput) -> int:
    """Open a file; anything but a regular file is refused.

    It is looked at before it is opened, because opening a device can do something, and after,
    because it may have been exchanged in between. ``O_NONBLOCK`` keeps a pipe from waiting.
    """
    _require_regular(os.stat(path).st_mode)  # noqa: PTH116 - the name may be bytes
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    try:
        _require_regular(os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise UnreadableError(f"is {kind}; a regular file is needed")


def _read_up_to(descriptor: int, most: int) -> bytes:
    parts, have = [], 0
    while have < most:
        part = os.read(descriptor, min(_CHUNK, most - have))
        if not part:
            break
        parts.append(part)
        have += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _map(descriptor: int, form: str) -> Intake:
    """Map a large file into memory; only its touched pages take any."""
    mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    digest = hashlib.sha256()
    # Read, not mapped: pages of the map that were touched count as memory of the process.
    os.lseek(descriptor, 0, os.SEEK_SET)
    while part := os.read(descriptor, _CHUNK):
        digest.update(part)
    return Intake(mapped, form, digest.hexdigest(), descriptor)  # type: ignore[arg-type]


def _too_large(size: int, most: int) -> RefusedError:
    return RefusedError(f"has {size:,} bytes; the limit is {most:,} (limit: file_bytes)")


#: Bytes from the start of a file that suffice to identify it.
HEAD_BYTES = 4096
ACCEPTED = "JPEG, PNG, TIFF/GeoTIFF, WebP, GIF, BMP, JPEG 2000, HEIF and AVIF"

HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
AVIF_BRANDS = frozenset({b"avif", b"avis"})

# Content that is recognised in order to be refused by name. First hit counts.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"), (b"%!PS", "PostScript or EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS with a preview"),
    (b"PK\x03\x04", "a ZIP archive (also KMZ, DOCX, XLSX)"),
    (b"PK\x05\x06", "an empty ZIP archive"), (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\0", "an SQLite database (also GeoPackage, MBTiles)"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 or netCDF-4"), (b"CDF\x01", "netCDF"), (b"CDF\x02", "netCDF"),
    (b"GRIB", "GRIB weather data"), (b"NITF", "NITF"), (b"NSIF", "NSIF"),
    (b"EHFA_HEADER_TAG", "an ERDAS Imagine raster"), (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"), (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "a Radiance HDR picture"), (b"SIMPLE  =", "FITS"),
    (b"DDS ", "a DirectDraw surface"), (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"), (b"\0\0\x01\0", "a Windows icon"),
    (b"\0\0\x02\0", "a Windows cursor"), (b"\x8aMNG", "MNG"), (b"\x8bJNG", "JNG"),
    (b"FORM", "an IFF file"), (b"AT&TFORM", "DjVu"), (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"FUJIFILM", "a Fujifilm camera raw"), (b"IIRO", "an Olympus camera raw"),
    (b"IIRS", "an Olympus camera raw"), (b"IIU\0", "a Panasonic camera raw"),
    (b"FOVb", "a Sigma camera raw"), (b"\x1aE\xdf\xa3", "video (Matroska or WebM)"),
    (b"OggS", "Ogg audio or video"), (b"FLV\x01", "Flash video"), (b"\0\0\x01\xba", "MPEG video"),
    (b"\0\0\x01\xb3", "MPEG video"), (b"ID3", "MP3 audio"), (b"fLaC", "FLAC audio"),
    (b"\x7fELF", "a program (ELF)"), (b"MZ", "a program (Windows)"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (b"{\\rtf", "RTF text"), (b"#!", "a script"), (b"ENVI", "an ENVI header (text)"),
)  # fmt: skip
_RIFF_KINDS = {b"AVI ": "video AVI", b"WAVE": "audio WAV", b"ACON": "an animated cursor"}
_TEXT_KINDS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"<vrtdataset|<vrt", re.I), "GDAL VRT text, which points at other files"),
    (re.compile(rb"<gdal_wms|<gdal_wmts|<wms_capabilities", re.I), "GDAL web service text"),
    (re.compile(rb"<svg", re.I), "an SVG drawing"),
    (re.compile(rb"<kml", re.I), "KML text"),
    (
        re.compile(rb"<!doctype html|<html", re.I),
        "an HTML page, perhaps saved in place of a picture",
    ),
    (re.compile(rb"\A\s*<\?xml|\A\s*<[a-z!]", re.I), "XML text"),
    (re.compile(rb"\A\s*[\[{]\s*[\"\]}{\[]"), "JSON text"),
    (re.compile(rb"\AP[1-7]\s"), "a portable anymap (PNM)"),
)


def sniff(head: bytes) -> str:
    """Name the format of a file from its first `HEAD_BYTES`; refuse others by name."""
    form = _accepted(head)
    if form is None:
        raise RefusedError(f"is {_describe(head)}{_later(head)}; accepted are {ACCEPTED}")
    return form


def _later(head: bytes) -> str:
    """Describe where a picture begins behind bytes that do not belong to it."""
    found = [one for one in beginnings(head, 0, len(head)) if one[1] in PICTURES and one[0] >= 0]
    if not found or _foreign(head) is not None:
        return ""
    start, name = found[0]
    return (
        f", but a {name} begins at byte {start}; to test that picture, remove what stands before "
        "it and keep the original as evidence"
    )


def _accepted(head: bytes) -> str | None:
    if head[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and head[8:10] != b"CR":
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in HEADER_SIZES:
        return "bmp"
    if head[:12] == b"\0\0\0\x0cjP  \r\n\x87\n" or head[:4] == b"\xff\x4f\xff\x51":
        return "jp2"
    if head[4:8] == b"ftyp":
        return _brand_format(head)
    return None


def _brand_format(head: bytes) -> str | None:
    """Distinguish AVIF and HEIF from video by the brands of the file type box."""
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    brands = {bytes(head[8:12])} | {bytes(head[at : at + 4]) for at in range(16, end, 4)}
    if brands & AVIF_BRANDS:
        return "avif"
    return "heif" if brands & HEIF_BRANDS else None


def _foreign(head: bytes) -> str | None:
    return next((words for magic, words in _FOREIGN if head.startswith(magic)), None)


def _describe(head: bytes) -> str:
    """Describe a file that is not accepted."""
    if not head:
        return "an empty file"
    foreign = _foreign(head)
    if foreign is not None:
        return foreign
    if head[:4] == b"RIFF":
        return _RIFF_KINDS.get(bytes(head[8:12]), "a RIFF file of unknown kind")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return "video (MP4 or MOV), from which imgcheck frames takes pictures"
    if head[8:10] == b"CR" and head[:4] == b"II*\0":
        return "a Canon camera raw"
    if head[:4] in (b"\x89PNG", b"PNG\r") or head[:2] in (b"\xff\xd8", b"BM") or head[:3] == b"GIF":
        return "the beginning of a picture with a damaged signature"
    return _describe_text(head)


def _describe_text(head: bytes) -> str:
    plain = head.removeprefix(b"\xef\xbb\xbf")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        plain = head.replace(b"\0", b"")[2:]
    for pattern, words in _TEXT_KINDS:
        if pattern.search(plain[:1024]):
            return words
    if not head.strip(b"\0"):
        return "nothing but zero bytes"
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in plain)
    return "text" if control == 0 else "of no known kind"
