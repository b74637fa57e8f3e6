"""Read annotations of any tool, and write them for any other, without losing a field."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from imgcheck.annotate import ground
from imgcheck.annotate.formats import coco, cvat, imgcheck_json, labelme, lines, maps, table, via
from imgcheck.annotate.packing import AnnotationFile, loads
from imgcheck.annotation import AnnotatedPicture, Box, Dot, Ellipse, Obb, Polygon
from imgcheck.errors import ImgcheckError, UnreadableError, UsageError
from imgcheck.imaging import Image
from imgcheck.imaging.intake import FilePath, path_of, read_small
from imgcheck.imaging.text import printable

_MOST_BYTES = 256 << 20
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jp2", ".webp", ".bmp")
# Files of class names beside YOLO labels, one a line.
_NAMES = ("classes.txt", "obj.names", "names.txt")
#: Shapes that a format holds as what they are; the others go along as the nearest one, with the
#: exact shape packed beside it.
_TURNED: tuple[type, ...] = (Obb,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: how its files are called, and what they hold.

    ``shapes`` are the geometries it holds as what they are. ``single`` formats have one file a
    picture; ``beside`` ones keep what they cannot hold in a file of their own.
    """

    title: str
    suffix: str
    shapes: tuple[type, ...]
    single: bool = False
    beside: bool = False


FORMATS: dict[str, Format] = {
    "imgcheck": Format(
        title="imgcheck JSON", suffix=".json", shapes=(Obb, Ellipse, Box, Polygon, Dot)
    ),
    "geojson": Format(title="GeoJSON", suffix=".geojson", shapes=(Polygon, Dot)),
    "kml": Format(title="KML", suffix=".kml", shapes=(Polygon, Dot)),
    "coco": Format(title="COCO", suffix=".json", shapes=(Obb, Box, Polygon)),
    "cvat": Format(title="CVAT", suffix=".xml", shapes=(Obb, Ellipse, Box, Polygon, Dot)),
    "labelme": Format(
        title="LabelMe", suffix=".json", shapes=(Obb, Box, Polygon, Dot), single=True
    ),
    "xanylabeling": Format(
        title="X-AnyLabeling", suffix=".json", shapes=(Obb, Box, Polygon, Dot), single=True
    ),
    "dota": Format(title="DOTA", suffix=".txt", shapes=(Obb,), single=True, beside=True),
    "yolo": Format(title="YOLO", suffix=".txt", shapes=(Box, Polygon), single=True, beside=True),
    "yolo-obb": Format(title="YOLO OBB", suffix=".txt", shapes=(Obb,), single=True, beside=True),
    "via": Format(title="VIA", suffix=".json", shapes=(Ellipse, Box, Polygon, Dot)),
    "csv": Format(title="CSV", suffix=".csv", shapes=(Obb, Ellipse, Box, Polygon, Dot)),
}


def read(
    path: FilePath,
    *,
    form: str | None = None,
    picture: Image | None = None,
    names: tuple[str, ...] = (),
) -> AnnotationFile:
    """Read the annotations of a file, or of a folder with one file a picture.

    Parameters
    ----------
    path : path
    form : str, optional
        One of `FORMATS`; by default it is found by content.
    picture : Image, optional
        The picture that is annotated: its size for YOLO, its georeference for maps.
    names : tuple of str, optional
        Class names of YOLO by number; by default from a file of names beside the labels.

    Raises
    ------
    UnreadableError
        If a file cannot be read or is not of that format; the message names it.
    UsageError
        If there is no such format.
    """
    place = path_of(path, "the annotations")
    if form is not None and form not in FORMATS:
        raise UsageError(f'there is no format "{form}"; known: {", ".join(FORMATS)}')
    if not place.is_dir():
        return _one(place, form, picture, names)
    files = [one for one in sorted(place.iterdir()) if _is_labels(one, form)]
    if not files:
        raise UnreadableError(f"{printable(place.name)}: holds no file of annotations")
    forms = {one: form or _form_of(one) for one in files}
    if len(set(forms.values())) > 1:
        titles = ", ".join(sorted(FORMATS[one].title for one in set(forms.values())))
        raise UsageError(
            f"{printable(place.name)}: holds files of several formats ({titles}); name one of them "
            "with --from"
        )
    alone = picture if len(files) == 1 else None
    found = [_one(path, own, alone, names) for path, own in forms.items()]
    extra: dict[str, Any] = {}
    for one in found:
        extra |= one.extra
    return AnnotationFile(
        pictures=tuple(p for one in found for p in one.pictures),
        extra=extra,
        notes=tuple(dict.fromkeys(n for one in found for n in one.notes)),
    )


def of_picture(file: AnnotationFile, image: Image, *, name: str) -> AnnotatedPicture:
    """Return what is marked in one picture: that of its hash or name, or the only one.

    Raises
    ------
    UsageError
        If ``file``, read from ``name``, has several pictures and none is this one, or if it states
        another size or hash.
    """
    named = [one for one in file.pictures if one.sha256 == image.sha256] or [
        one for one in file.pictures if one.name and Path(one.name).name == image.name
    ]
    pictures = named or list(file.pictures)
    shown = printable(name)
    if len(pictures) != 1:
        many = "no picture" if not pictures else f"{len(pictures)} pictures, none of that name"
        raise UsageError(f"{shown}: has {many}; it must have {printable(image.name)}", file=shown)
    (found,) = pictures
    if found.sha256 and found.sha256 != image.sha256:
        raise UsageError(
            f"{shown}: was made on another file than {printable(image.name)} (its SHA-256 differs)",
            file=shown,
        )
    for side, size in (("width", image.width), ("height", image.height)):
        stated = getattr(found, side)
        if stated is not None and stated != size:
            raise UsageError(
                f"{shown}: marks a picture whose {side} is {stated}, and that of "
                f"{printable(image.name)} is {size}",
                file=shown,
            )
    return found


def _is_labels(path: Path, form: str | None) -> bool:
    suffixes = {one.suffix for one in FORMATS.values()} if form is None else {FORMATS[form].suffix}
    return (
        path.is_file()
        and path.suffix.lower() in suffixes
        and path.name not in _NAMES
        and not path.name.endswith(lines.SIDECAR)
    )


def _form_of(path: Path) -> str:
    try:
        return detected(read_small(path, most_bytes=_MOST_BYTES))
    except ValueError as error:
        name = printable(path.name)
        raise UnreadableError(f"{name}: {printable(str(error), limit=300)}", file=name) from None


def _one(
    path: Path, form: str | None, picture: Image | None, names: tuple[str, ...]
) -> AnnotationFile:
    name = printable(path.name)
    data = read_small(path, most_bytes=_MOST_BYTES)
    try:
        chosen = form or detected(data)
        if FORMATS[chosen].beside:
            return _read_lines(path, chosen, data, picture, names)
        place = None if picture is None else picture.georeference
        return _READERS[chosen](data, place)
    except RecursionError:
        raise UnreadableError(f"{name}: is nested too deeply", file=name) from None
    except (ValueError, OverflowError, UnicodeError) as error:
        if isinstance(error, ImgcheckError):
            raise
        words = printable(str(error), limit=300)
        if isinstance(error, UnicodeError):
            words = "is not text in UTF-8"
        raise UnreadableError(f"{name}: {words}", file=name) from None


_READERS: dict[str, Callable[[bytes, Any], AnnotationFile]] = {
    "imgcheck": lambda data, place: imgcheck_json.read(data),
    "geojson": lambda data, place: maps.read_geojson(data, place=place),
    "kml": lambda data, place: maps.read_kml(data, place=place),
    "coco": lambda data, place: coco.read(data),
    "cvat": lambda data, place: cvat.read(data),
    "labelme": lambda data, place: labelme.read(data),
    "xanylabeling": lambda data, place: labelme.read(data),
    "via": lambda data, place: via.read(data),
    "csv": lambda data, place: table.read(data),
}


def detected(data: bytes) -> str:
    """Return the format of a file by its content.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        return "kml" if b"<kml" in head or b":kml" in head else "cvat"
    if head.startswith((b"{", b"[")):
        return _detected_json(loads(data))
    line = next((x for x in head.decode("utf-8", "replace").splitlines() if x.strip()), "")
    if "," in line and not re.match(r"[-+\d]", line):
        return "csv"
    words = line.split()
    if line.startswith(("imagesource", "gsd:")) or (len(words) in (9, 10) and _is_word(words[8])):
        return "dota"
    if not words or (len(words) >= 5 and all(map(_is_number, words))):
        return "yolo"
    raise ValueError(f"is of no known format; name it with --from ({', '.join(FORMATS)})")


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _is_word(word: str) -> bool:
    return not _is_number(word)


def _detected_json(value: Any) -> str:
    if isinstance(value, dict):
        if str(value.get("schema", "")).startswith("imgcheck-"):
            return "imgcheck"
        if value.get("type") == "FeatureCollection":
            return "geojson"
        if isinstance(value.get("shapes"), list):
            return "labelme"
        if "images" in value and "annotations" in value:
            return "coco"
        if "_via_img_metadata" in value or any(
            isinstance(one, dict) and "regions" in one for one in value.values()
        ):
            return "via"
        if isinstance(value.get("annotations", value.get("pictures")), list):
            return "imgcheck"
    raise ValueError("is JSON of no known format; name the format with --from")


def _read_lines(
    path: Path, form: str, data: bytes, picture: Image | None, names: tuple[str, ...]
) -> AnnotationFile:
    beside = path.with_name(path.stem + lines.SIDECAR)
    sidecar = read_small(beside, most_bytes=_MOST_BYTES) if beside.is_file() else None
    shown = picture or _picture_of(path)
    sheet = lines.Sheet(
        width=None if shown is None else shown.width,
        height=None if shown is None else shown.height,
        names=names or (names_of(path.parent) if form != "dota" else ()),
    )
    name = path.stem if shown is None else shown.name
    reader = lines.read_dota if form == "dota" else lines.read_yolo
    found = reader(data, name=name, sheet=sheet, sidecar=sidecar)
    return AnnotationFile(pictures=(found,))


def _picture_of(path: Path) -> Image | None:
    """Return the picture of a file of labels: beside it, or in a folder "images" beside its own."""
    for folder in (path.parent, path.parent.parent / "images"):
        for suffix in _PICTURES:
            for one in (folder / f"{path.stem}{suffix}", folder / f"{path.stem}{suffix.upper()}"):
                if one.is_file():
                    return Image.open(one)
    return None


def names_of(folder: Path) -> tuple[str, ...]:
    """Return the class names of a folder of labels, from a file in it or in the one above."""
    folders = (folder, folder.resolve().parent)
    for path in (
        path
        for one in folders
        for path in (*(one / n for n in _NAMES), *sorted(one.glob("*.names")))
    ):
        if path.is_file():
            text = read_small(path, most_bytes=1 << 20).decode("utf-8", "replace")
            return tuple(line.strip() for line in text.splitlines() if line.strip())
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Files by name, and what a reader should know of them, one sentence each."""

    files: dict[str, bytes]
    notes: tuple[str, ...]


def write(file: AnnotationFile, form: str, *, name: str, picture: Image | None = None) -> Written:
    """Return the files of a format.

    Parameters
    ----------
    file : AnnotationFile
    form : str
        One of `FORMATS`.
    name : str
        Of the file; of formats with one file a picture only where there is one picture.
    picture : Image, optional
        A georeferenced picture gives every object its place on the map.

    Raises
    ------
    UsageError
        If the format does not exist, or lacks something, such as the size of a picture.
    """
    if form not in FORMATS:
        raise UsageError(f'there is no format "{form}"; known: {", ".join(FORMATS)}')
    if form in ("geojson", "kml") and picture is not None and picture.georeference is not None:
        place = picture.georeference
        file = replace(file, pictures=tuple(ground.located(p, place) for p in file.pictures))
    try:
        files = dict(_files(file, form, name))
    except (ValueError, OverflowError) as error:
        if isinstance(error, ImgcheckError):
            raise
        words = printable(str(error), limit=300)
        raise UsageError(f"cannot be written as {FORMATS[form].title}: {words}") from None
    return Written(files=files, notes=tuple(_notes(file, form)))


def _files(file: AnnotationFile, form: str, name: str) -> Iterator[tuple[str, bytes]]:
    if not FORMATS[form].single:
        yield name, _WRITERS[form](file)
        return
    suffix = FORMATS[form].suffix
    names = _yolo_names(file)
    stems = [Path(name).stem] if len(file.pictures) == 1 else [
        _stem(one.name) or f"picture-{place}" for place, one in enumerate(file.pictures, 1)
    ]  # fmt: skip
    doubles = sorted({one for one in stems if stems.count(one) > 1})
    if doubles:
        raise UsageError(f'two pictures are called "{doubles[0]}"; their files would be one')
    for picture, stem in zip(file.pictures, stems, strict=True):
        if form in ("labelme", "xanylabeling"):
            write = labelme.write_labelme if form == "labelme" else labelme.write_anylabeling
            yield f"{stem}{suffix}", write(picture)
            continue
        if form == "dota":
            text, beside = lines.write_dota(picture)
        else:
            text, beside = lines.write_yolo(picture, names=names, turned=form == "yolo-obb")
        yield f"{stem}{suffix}", text
        yield f"{stem}{lines.SIDECAR}", beside
    if form in ("yolo", "yolo-obb"):
        shown = "".join(f"{one}\n" for one in lines.names_file(names))
        yield "classes.txt", shown.encode()


def _stem(name: str) -> str:
    """Return the name of a picture without folders and ending, as a name of a file."""
    return printable(Path(name.replace("\\", "/")).stem).replace("\\", "_")


_WRITERS: dict[str, Callable[[AnnotationFile], bytes]] = {
    "imgcheck": imgcheck_json.write,
    "geojson": maps.write_geojson,
    "kml": maps.write_kml,
    "coco": coco.write,
    "cvat": cvat.write,
    "via": via.write,
    "csv": table.write,
}


def _yolo_names(file: AnnotationFile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a.name for p in file.pictures for a in p.annotations))


def _notes(file: AnnotationFile, form: str) -> Iterator[str]:
    """Yield what other programs will not see, in one sentence each."""
    chosen = FORMATS[form]
    every = [one for picture in file.pictures for one in picture.annotations]
    where = "the file .imgcheck.json beside it" if chosen.beside else "the field imgcheck"
    foreign = [one for one in every if not isinstance(one.geometry, chosen.shapes)]
    if foreign and form not in ("geojson", "kml"):
        kinds = ", ".join(sorted({one.geometry.type for one in foreign}))
        yield (
            f"{chosen.title} has no {kinds}: {len(foreign)} shapes are written as the nearest one, "
            f"and exactly in {where}"
        )
    elif form in ("geojson", "kml"):
        lost = sum(one.ground is None for one in every)
        if lost:
            yield (
                f"{lost} objects have no place on the map (their shape in the picture is kept); "
                "give a georeferenced picture (--image PATH)"
            )
    if chosen.beside and any(map(_has_more, every)):
        yield (
            f"{chosen.title} has no room for scores, states and other fields: keep the file "
            "NAME.imgcheck.json beside it"
        )


def _has_more(one: Any) -> bool:
    return bool(
        one.extra
        or one.measures
        or one.reviewed_by
        or one.state != "proposed"
        or (one.score is not None or one.p is not None or one.provenance or one.ground or one.id)
    )


def count(pictures: Iterable[AnnotatedPicture]) -> int:
    """Return the number of annotations of several pictures."""
    return sum(len(one.annotations) for one in pictures)
