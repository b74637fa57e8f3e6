"""Tell what a file is by its content; its name counts for nothing."""

import re

from imgcheck.errors import RefusedError
from imgcheck.imaging.containers.bmp import HEADER_SIZES

#: Bytes from the start of a file that suffice to tell its kind.
HEAD_BYTES = 4096
ACCEPTED = "JPEG, PNG, TIFF/GeoTIFF, WebP, GIF, BMP, JPEG 2000, HEIF and AVIF"

_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})

# Content that is recognised in order to be refused by name. First hit counts.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "PostScript or EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS with a preview"),
    (b"PK\x03\x04", "a ZIP archive (also KMZ, DOCX, XLSX)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\0", "an SQLite database (also GeoPackage, MBTiles)"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 or netCDF-4"),
    (b"CDF\x01", "netCDF"),
    (b"CDF\x02", "netCDF"),
    (b"GRIB", "GRIB weather data"),
    (b"NITF", "NITF"),
    (b"NSIF", "NSIF"),
    (b"EHFA_HEADER_TAG", "an ERDAS Imagine raster"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"SIMPLE  =", "FITS"),
    (b"DDS ", "a DirectDraw surface"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\x01\0", "a Windows icon"),
    (b"\0\0\x02\0", "a Windows cursor"),
    (b"\x8aMNG", "MNG"),
    (b"\x8bJNG", "JNG"),
    (b"FORM", "an IFF file"),
    (b"AT&TFORM", "DjVu"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"FUJIFILM", "a Fujifilm camera raw"),
    (b"IIRO", "an Olympus camera raw"),
    (b"IIRS", "an Olympus camera raw"),
    (b"IIU\0", "a Panasonic camera raw"),
    (b"FOVb", "a Sigma camera raw"),
    (b"\x1aE\xdf\xa3", "video (Matroska or WebM)"),
    (b"OggS", "Ogg audio or video"),
    (b"FLV\x01", "Flash video"),
    (b"\0\0\x01\xba", "MPEG video"),
    (b"\0\0\x01\xb3", "MPEG video"),
    (b"ID3", "MP3 audio"),
    (b"fLaC", "FLAC audio"),
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ", "a program (Windows)"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
    (b"{\\rtf", "RTF text"),
    (b"#!", "a script"),
    (b"ENVI", "an ENVI header (text)"),
)
# Beginnings that no other data have by chance, to name a picture that does not begin the file.
_WITHIN: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xd8\xff[\xc0-\xc2\xc4\xdb\xdd\xe0-\xef\xfe]"), "a JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "a PNG"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "a WebP"),
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000"),
    (re.compile(rb"\0\0[\0-\xff]{2}ftyp(?:heic|heix|mif1|avif)"), "a HEIF or AVIF"),
    (re.compile(rb"II\*\0\x08\0\0\0|MM\0\*\0\0\0\x08"), "a TIFF"),
)
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
    """Name the format of a file from its first bytes.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it if it is shorter.

    Returns
    -------
    str
        ``jpeg``, ``png``, ``tiff``, ``webp``, ``gif``, ``bmp``, ``jp2``, ``heif`` or ``avif``.

    Raises
    ------
    RefusedError
        If it is anything else; the sentence names what it is.
    """
    form = _accepted(head)
    if form is None:
        raise RefusedError(f"is {_describe(head)}{_later(head)}; accepted are {ACCEPTED}")
    return form


def _later(head: bytes) -> str:
    """Say where a picture begins behind bytes that do not belong to it."""
    found = [(match.start(), name) for magic, name in _WITHIN if (match := magic.search(head))]
    if not found or _foreign(head) is not None:
        return ""
    start, name = min(found)
    return (
        f", but {name} begins at byte {start}; to test that picture, cut off what stands before it "
        "and keep the original as evidence"
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
    """Tell AVIF and HEIF from video by the brands of the file type box."""
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    brands = {bytes(head[8:12])} | {bytes(head[at : at + 4]) for at in range(16, end, 4)}
    if brands & _AVIF_BRANDS:
        return "avif"
    return "heif" if brands & _HEIF_BRANDS else None


def _foreign(head: bytes) -> str | None:
    return next((words for magic, words in _FOREIGN if head.startswith(magic)), None)


def _describe(head: bytes) -> str:
    """Say in words what a file is that is not accepted."""
    if not head:
        return "an empty file"
    foreign = _foreign(head)
    if foreign is not None:
        return foreign
    if head[:4] == b"RIFF":
        return _RIFF_KINDS.get(bytes(head[8:12]), "a RIFF file of unknown kind")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return "video (MP4 or MOV)"
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
