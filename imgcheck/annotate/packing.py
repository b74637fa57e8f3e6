"""Carry a whole annotation inside a format that holds a part of it.

A format writes what it can hold in its own fields. What it cannot hold goes beside them as one
packed object. When the file comes back, a field that another tool changed wins over the packed one.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

from imgcheck.annotation import (
    CLASSES,
    STATES,
    AnnotatedPicture,
    Annotation,
    Geometry,
    MapGeometry,
    class_of,
)
from imgcheck.model.codec import decode, decode_fields, encode, name_of

Native = TypeVar("Native")
#: Name of the packed object in every format.
KEY = "imgcheck"
#: Tools that round do so to at least two decimals of a pixel.
_NEAR_PX = 0.02
_EXACT_PX = 1e-6
# Degrees: about a centimetre.
_NEAR_DEG = 1e-7
# No coordinate, size or score is as large; sums and squares of smaller ones stay finite.
_LARGEST = 1e12
#: Fields that formats with attributes show beside their own, so that people can read and edit them.
_FLAT = ("class", "score", "p", "state", "reviewed_by", "reviewed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationFile:
    """All that one file, or a folder of them, holds.

    ``extra`` are fields of the file that belong to no picture; ``notes`` state in one sentence each
    what could not be carried over.
    """

    pictures: tuple[AnnotatedPicture, ...]
    extra: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def pack(value: Annotation | AnnotatedPicture) -> dict[str, Any]:
    """Return the fields that differ from their defaults, ready for JSON."""
    packed = {}
    for one in fields(value):
        own = getattr(value, one.name)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        if default is MISSING or own != default:
            packed[name_of(one)] = encode(own)
    return packed


def unpack(kind: type[Any], value: Any) -> Any:
    """Rebuild what `pack` made; fields of unknown names go to ``extra``.

    Raises
    ------
    ValueError
        If a known field is missing or of a wrong type.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    names = {name_of(one) for one in fields(kind)}
    known = {key: item for key, item in value.items() if key in names}
    unknown = {key: item for key, item in value.items() if key not in names}
    if unknown:
        extra = known.get("extra")
        known["extra"] = {**(extra if isinstance(extra, Mapping) else {}), **unknown}
    _require_usable({key: item for key, item in known.items() if key != "extra"})
    return decode_fields(kind, known)


def unpack_picture(value: Any) -> AnnotatedPicture:
    """Rebuild a picture whose annotations may have unknown fields, too."""
    if not isinstance(value, Mapping):
        raise ValueError("a picture must be an object")
    listed = value.get("annotations", [])
    if not isinstance(listed, list):
        raise ValueError('"annotations" must be a list')
    found = []
    for number, one in enumerate(listed, 1):
        try:
            found.append(unpack(Annotation, one))
        except ValueError as error:
            raise ValueError(f"annotation {number}: {error}") from None
    bare = {key: item for key, item in value.items() if key != "annotations"}
    picture: AnnotatedPicture = unpack(AnnotatedPicture, bare)
    return replace(picture, annotations=tuple(found))


def pack_picture(picture: AnnotatedPicture, *, extra: bool) -> dict[str, Any]:
    """Return what formats cannot hold of a picture, with its ``extra`` where they have no place."""
    held = ("annotations", "name", "width", "height", *(() if extra else ("extra",)))
    return {key: item for key, item in pack(picture).items() if key not in held}


def restore_picture(
    packed: Any,
    annotations: Iterable[Annotation],
    *,
    name: Any,
    width: Any = None,
    height: Any = None,
    extra: Mapping[str, Any] | None = None,
) -> AnnotatedPicture:
    """Return a picture from what a format holds and what `pack_picture` made."""
    if isinstance(packed, str):
        packed = loads(packed)
    own = {"name": str(name or ""), "width": _whole(width), "height": _whole(height)}
    picture: AnnotatedPicture = unpack(AnnotatedPicture, {**(packed or {}), **own})
    return replace(
        picture, annotations=tuple(annotations), extra={**picture.extra, **(extra or {})}
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(number(value, "a size of the picture"))


def _require_usable(value: Any) -> None:
    if isinstance(value, float | int) and not abs(value) < _LARGEST:
        raise ValueError(f"{value:.3g} is not a number that can be used")
    if isinstance(value, Mapping):
        for item in value.values():
            _require_usable(item)
    elif isinstance(value, list):
        for item in value:
            _require_usable(item)


def near(one: Geometry, other: Geometry, *, reach: float = _NEAR_PX) -> bool:
    """Return whether two geometries are of one kind and their points agree within ``reach`` px."""
    if one.type != other.type or len(one.points) != len(other.points):
        return False
    return all(
        abs(x - u) <= reach and abs(y - v) <= reach
        for (x, y), (u, v) in zip(one.points, other.points, strict=True)
    )


def geometry_of(value: Any) -> Geometry:
    """Return the geometry that JSON of imgcheck states."""
    _require_usable(value)
    found: Geometry = decode(Geometry, value)
    return found


def same_place(one: MapGeometry | None, other: MapGeometry | None) -> bool:
    """Return whether two geometries on the ground agree but for what tools round."""
    if one is None or other is None or (one.crs, one.type) != (other.crs, other.type):
        return one is other
    return _close(one.coordinates, other.coordinates)


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers and abs(one - other) <= _NEAR_DEG


class Carrier(Generic[Native]):
    """Writes and reads single objects of a format without loss.

    ``write`` makes the object of a format from an annotation, ``read`` an annotation from it.
    Either knows nothing of the packed object.
    """

    def __init__(
        self, write: Callable[[Annotation], Native], read: Callable[[Native], Annotation]
    ) -> None:
        self.write, self.read = write, read

    def beside(self, one: Annotation, written: Native) -> dict[str, Any] | None:
        """Return what must be carried beside the written object; None if it holds everything."""
        plain = self.read(written)
        # Floats agree to the last digits only where a format states coordinates in another form.
        if near(plain.geometry, one.geometry, reach=_EXACT_PX):
            plain = replace(plain, geometry=one.geometry)
        return None if plain == one else pack(one)

    def restore(self, found: Annotation, packed: Any) -> Annotation:
        """Combine what a format holds with what was packed; what was changed since wins.

        A changed shape loses its measures and its place on the ground, which were those of the old
        shape.
        """
        if isinstance(packed, str):
            packed = loads(packed)
        if packed is None:
            return found
        kept: Annotation = unpack(Annotation, packed)
        was = self.read(self.write(kept))
        changed: dict[str, Any] = {
            one.name: getattr(found, one.name)
            for one in fields(Annotation)
            if getattr(found, one.name) != getattr(was, one.name)
        }
        if same_place(found.ground, was.ground):
            changed.pop("ground", None)
        if near(found.geometry, was.geometry):
            changed.pop("geometry", None)
        elif "ground" not in changed:
            changed.update(measures={}, ground=None)
        if "extra" in changed:
            gone = {key for key in was.extra if key not in found.extra}
            old = {key: item for key, item in kept.extra.items() if key not in gone}
            changed["extra"] = {**old, **_differences(found.extra, was.extra)}
        if "label" in changed and "cls" not in changed:
            changed["cls"] = class_of(found.label)
        return replace(kept, **changed)


def _differences(found: dict[str, Any], was: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in found.items() if k not in was or was[k] != v}


def flat(one: Annotation) -> dict[str, Any]:
    """Return the fields that people read and edit as attributes, where they are set."""
    packed = pack(one)
    if one.label and one.cls == class_of(one.label):
        packed.pop("class")
    return {key: packed[key] for key in _FLAT if key in packed}


def from_flat(attributes: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return fields of an annotation from attributes: a label, `flat` ones, and all others.

    An attribute that has the name of a field and cannot be one, such as a state "broken", stays
    among the others.
    """
    rest = dict(attributes)
    own = class_of_label(label)
    if rest.get("class") in CLASSES:
        own["cls"] = rest.pop("class")
    if rest.get("state") in STATES:
        own["state"] = rest.pop("state")
    for key in ("score", "p"):
        number = _number(rest.get(key))
        if number is not None:
            own[key] = number
            del rest[key]
    for key in ("reviewed_by", "reviewed_at"):
        if isinstance(rest.get(key), str):
            own[key] = rest.pop(key)
    return {**own, "extra": rest}


def class_of_label(label: str) -> dict[str, Any]:
    """Return class and label of an object that a file calls ``label``."""
    return {"cls": class_of(label), "label": "" if label in CLASSES else label}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None


def number(value: Any, what: str) -> float:
    """Return a number of a file, or raise a `ValueError` that names it."""
    found = _number(value)
    if found is None:
        raise ValueError(f"{what} is {value!r:.40} and not a number")
    return found


def loads(text: str | bytes) -> Any:
    """Parse JSON; `ValueError` for what is none, NaN and infinity among it."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Return JSON text of a file."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")
